//! Language tags (BCP 47, RFC 5646): whether they are well-formed, and whether what they name exists.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

/// The parts of a well-formed tag, as they were written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    /// Empty for a tag that is private as a whole, or one of the two grandfathered tags that the schema allows.
    language: &'a str,
    extended: Vec<&'a str>,
    script: Option<&'a str>,
    region: Option<&'a str>,
    variants: Vec<&'a str>,
    singletons: Vec<&'a str>,
    /// Whether subtags for private use (`x-...`) follow.
    private: bool,
}

/// Reads a tag, if it is well-formed as the schema's pattern says.
pub(crate) fn parse(text: &str) -> Option<Tag<'_>> {
    if text.eq_ignore_ascii_case("i-default") || text.eq_ignore_ascii_case("i-mingo") {
        return Some(Tag::default());
    }
    let mut parts = text.split('-').peekable();
    let mut tag = Tag::default();
    if parts.peek().is_some_and(|first| !first.eq_ignore_ascii_case("x")) {
        tag.language = parts.next().filter(|part| is_letters(part, 2, 8))?;
        while tag.language.len() <= 3 && tag.extended.len() < 3 {
            let Some(part) = parts.next_if(|part| is_letters(part, 3, 3)) else { break };
            tag.extended.push(part);
        }
        tag.script = parts.next_if(|part| is_letters(part, 4, 4));
        tag.region = parts.next_if(|part| is_letters(part, 2, 2) || part.len() == 3 && is_digits(part));
        while let Some(part) = parts.next_if(|part| is_variant(part)) {
            tag.variants.push(part);
        }
        while let Some(singleton) =
            parts.next_if(|part| is_word(part, 1, 1) && !part.eq_ignore_ascii_case("x"))
        {
            tag.singletons.push(singleton);
            parts.next_if(|part| is_word(part, 2, 8))?;
            while parts.next_if(|part| is_word(part, 2, 8)).is_some() {}
        }
    }
    if parts.next_if(|part| part.eq_ignore_ascii_case("x")).is_some() {
        tag.private = true;
        parts.next_if(|part| is_word(part, 1, 8))?;
        while parts.next_if(|part| is_word(part, 1, 8)).is_some() {}
    }
    parts.next().is_none().then_some(tag)
}

impl Tag<'_> {
    /// Returns a part of the tag that does not exist or stands twice: then the tag is not valid (RFC 5646, section 2.2.9).
    pub(crate) fn unknown(&self) -> Option<&str> {
        let registry = &*REGISTRY;
        let language = self.language.to_ascii_lowercase();
        if !language.is_empty() && !registry.languages.contains(&*language) && !is_private_language(&language)
        {
            return Some(self.language);
        }
        let extends = |part: &str| registry.extended.get(&*part.to_ascii_lowercase()) == Some(&&*language);
        if let [first, more @ ..] = &*self.extended {
            // More than one is reserved, and none is registered (section 2.2.2).
            if !extends(first) {
                return Some(first);
            }
            if let Some(second) = more.first() {
                return Some(second);
            }
        }
        let script = self.script.filter(|part| {
            let part = part.to_ascii_lowercase();
            !registry.scripts.contains(&*part) && !is_private_script(&part)
        });
        let region = self.region.filter(|part| {
            let part = part.to_ascii_lowercase();
            !registry.regions.contains(&*part) && !is_private_region(&part)
        });
        let variant = || {
            self.variants
                .iter()
                .find(|part| !registry.variants.contains(&*part.to_ascii_lowercase()))
                .copied()
        };
        // Of the extensions, `t` (RFC 6497) and `u` (RFC 6067) are registered.
        let singleton =
            || self.singletons.iter().find(|part| !matches!(**part, "t" | "T" | "u" | "U")).copied();
        script
            .or(region)
            .or_else(variant)
            .or_else(|| twice(&self.variants))
            .or_else(singleton)
            .or_else(|| twice(&self.singletons))
    }

    /// Returns whether a part of the tag is for private use.
    pub(crate) fn is_private(&self) -> bool {
        self.private
            || is_private_language(&self.language.to_ascii_lowercase())
            || self.script.is_some_and(|part| is_private_script(&part.to_ascii_lowercase()))
            || self.region.is_some_and(|part| is_private_region(&part.to_ascii_lowercase()))
    }
}

fn is_private_language(part: &str) -> bool {
    part.len() == 3 && ("qaa"..="qtz").contains(&part)
}

fn is_private_script(part: &str) -> bool {
    ("qaaa"..="qabx").contains(&part)
}

fn is_private_region(part: &str) -> bool {
    matches!(part, "aa" | "zz") || ("qm"..="qz").contains(&part) || ("xa"..="xz").contains(&part)
}

/// Returns a part that stands twice.
fn twice<'a>(parts: &[&'a str]) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    parts.iter().find(|part| !seen.insert(part.to_ascii_lowercase())).copied()
}

fn is_letters(part: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_digits(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_word(part: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_variant(part: &str) -> bool {
    is_word(part, 5, 8) || is_word(part, 4, 4) && part.as_bytes()[0].is_ascii_digit()
}

/// What IANA has registered, in small letters.
#[derive(Default)]
struct Registry {
    languages: BTreeSet<&'static str>,
    /// Each with the language that it extends.
    extended: BTreeMap<&'static str, &'static str>,
    scripts: BTreeSet<&'static str>,
    regions: BTreeSet<&'static str>,
    variants: BTreeSet<&'static str>,
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let mut registry = Registry::default();
    let mut kind = "";
    for line in include_str!("data/subtags.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some(next) = line.strip_prefix("= ") {
            kind = next;
            continue;
        }
        let words = line.split(' ');
        match kind {
            "extlang" => registry.extended.extend(words.filter_map(|word| word.split_once('='))),
            "language" => registry.languages.extend(words),
            "region" => registry.regions.extend(words),
            "script" => registry.scripts.extend(words),
            _ => registry.variants.extend(words),
        }
    }
    registry
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_tags_are_told_from_others() {
        for text in [
            "en",
            "en-IN",
            "zh-cmn-Hans-CN",
            "sl-rozaj-biske-1994",
            "de-1996",
            "x-a-b",
            "en-u-ca-gregory-x-1",
            "i-default",
            "I-MINGO",
            "es-419",
            "qtx",
            "abcd",
            "abcdefgh",
            "en-a-bb-cc-b-dd",
        ] {
            assert!(parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "e",
            "en-",
            "-en",
            "en--IN",
            "en_IN",
            "i-klingon",
            "x",
            "en-x",
            "en-u",
            "abcdefghi",
            "en-IN-IN",
            "abcd-abc",
            "1en",
            "en-u-a",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_no_registry_knows_is_named() {
        let unknown = |text| parse(text).unwrap().unknown().map(str::to_owned);
        for text in [
            "en",
            "EN-in",
            "hi",
            "ur-Arab-PK",
            "zh-yue",
            "sl-rozaj-biske",
            "x-a",
            "i-default",
            "qtx",
            "en-QM",
            "en-u-ca",
        ] {
            assert_eq!(unknown(text), None, "{text}");
        }
        for (text, part) in [
            ("EZ", "EZ"),
            ("xq", "xq"),
            ("en-UK", "UK"),
            ("en-Abcd", "Abcd"),
            ("en-yue", "yue"),
            ("de-foobar", "foobar"),
            ("sl-rozaj-rozaj", "rozaj"),
            ("en-a-bb", "a"),
            ("en-u-ca-u-ca", "u"),
            ("zh-yue-cmn", "cmn"),
            ("abcd", "abcd"),
        ] {
            assert_eq!(unknown(text).as_deref(), Some(part), "{text}");
        }
    }

    #[test]
    fn private_use_is_seen_in_every_part() {
        for text in ["qtx", "x-a", "en-x-a", "en-Qaaa", "en-QM", "en-ZZ"] {
            assert!(parse(text).unwrap().is_private(), "{text}");
        }
        for text in ["en", "de-DE", "que", "en-Latn"] {
            assert!(!parse(text).unwrap().is_private(), "{text}");
        }
    }
}
