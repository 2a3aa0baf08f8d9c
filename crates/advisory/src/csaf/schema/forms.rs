//! What a text of a document has to look like: the patterns and formats of the schema, as functions.
//!
//! By hand and not by regular expressions: each is one pass over the text, and there is no engine to compile for a document
//! that is checked at every keystroke. Tests hold them against the patterns of the standard's file.

use crate::csaf::{cvss, instant::Instant, languages, uri, versions::Version};

pub(in crate::csaf) use cvss::Cvss;

/// A form that a text has to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::csaf) enum Form {
    /// Any text that is not empty.
    Any,
    Category,
    Cpe,
    Cve,
    CweId,
    DateTime,
    Hash,
    Language,
    Purl,
    TrackingId,
    Uri,
    /// A vector of CVSS.
    Vector(Cvss),
    Version,
}

impl Form {
    /// Returns whether `text` has the form.
    pub(in crate::csaf) fn matches(self, text: &str) -> bool {
        match self {
            Self::Any => !text.is_empty(),
            Self::Category => is_line_without(text, |c| is_space(c) || matches!(c, '-' | '_' | '.')),
            Self::Cpe => is_cpe(text),
            Self::Cve => is_cve(text),
            Self::CweId => is_cwe_id(text),
            Self::DateTime => Instant::parse(text).is_some(),
            Self::Hash => text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            Self::Language => languages::parse(text).is_some(),
            Self::Purl => is_purl(text),
            Self::TrackingId => is_line_without(text, is_space),
            Self::Uri => uri::is_uri(text),
            Self::Vector(version) => version.is_vector(text),
            Self::Version => Version::parse(text).is_some(),
        }
    }

    /// Returns what a text of this form is called, with an example.
    pub(in crate::csaf) const fn description(self) -> &'static str {
        match self {
            Self::Any => "a text",
            Self::Category => {
                "a category: one line that neither begins nor ends with a space, `-`, `_` or `.`"
            }
            Self::Cpe => "a CPE name, such as cpe:2.3:a:example:product:1.0:*:*:*:*:*:*:*",
            Self::Cve => "a CVE number, such as CVE-2026-12345",
            Self::CweId => "a CWE number, such as CWE-79",
            Self::DateTime => "a time with its offset (RFC 3339), such as 2026-11-27T10:00:00Z",
            Self::Hash => "a hash of at least 32 hexadecimal digits",
            Self::Language => "a language tag (BCP 47), such as hi or en-IN",
            Self::Purl => "a package URL, such as pkg:npm/example@1.0.0",
            Self::TrackingId => "an id: one line that neither begins nor ends with a space",
            Self::Uri => "an absolute URI, such as https://example.org/path",
            Self::Vector(Cvss::V2) => "a vector of CVSS 2.0, such as AV:N/AC:L/Au:N/C:P/I:P/A:P",
            Self::Vector(Cvss::V30) => {
                "a vector of CVSS 3.0, such as CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
            }
            Self::Vector(Cvss::V31) => {
                "a vector of CVSS 3.1, such as CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
            }
            Self::Version => {
                "a version: a whole number, such as 3, or one of semantic versioning, such as 1.2.0"
            }
        }
    }
}

/// Whether `\s` of ECMA-262, in which the schema's patterns are written, is this character.
fn is_space(c: char) -> bool {
    c == '\u{feff}' || c.is_whitespace() && c != '\u{85}'
}

/// Whether a text is one line (`.` of ECMA-262), and neither its first nor its last character is one of `edge`.
fn is_line_without(text: &str, edge: impl Fn(char) -> bool) -> bool {
    let (Some(first), Some(last)) = (text.chars().next(), text.chars().next_back()) else { return false };
    let within = &text[first.len_utf8()..];
    !edge(first) && !edge(last) && !within.contains(['\n', '\r', '\u{2028}', '\u{2029}'])
}

pub(in crate::csaf) fn is_cve(text: &str) -> bool {
    let Some((year, number)) = text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    year.len() == 4 && number.len() >= 4 && is_digits(year) && is_digits(number)
}

fn is_cwe_id(text: &str) -> bool {
    let Some(number) = text.strip_prefix("CWE-") else { return false };
    (1..=6).contains(&number.len()) && !number.starts_with('0') && is_digits(number)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `^pkg:[A-Za-z\.\-\+][A-Za-z0-9\.\-\+]*/.+`, and a URI.
fn is_purl(text: &str) -> bool {
    let Some((kind, rest)) = text.strip_prefix("pkg:").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let ok = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
    kind.bytes().all(ok)
        && kind.bytes().next().is_some_and(|first| !first.is_ascii_digit())
        && !rest.is_empty()
        && uri::is_uri(text)
}

/// The schema's pattern, which holds a CPE 2.3 name to its beginning and a CPE 2.2 name to its end only.
pub(crate) fn is_cpe(text: &str) -> bool {
    is_cpe_23(text).unwrap_or(false) || is_cpe_22(text).unwrap_or(false)
}

fn is_cpe_23(text: &str) -> Option<bool> {
    let rest = text.strip_prefix("cpe:2.3:")?;
    let mut rest = rest.strip_prefix(['a', 'h', 'o', '*', '-'])?;
    for _ in 0..5 {
        rest = after_component(rest.strip_prefix(':')?)?;
    }
    rest = after_language(rest.strip_prefix(':')?)?;
    for _ in 0..3 {
        rest = after_component(rest.strip_prefix(':')?)?;
    }
    // What follows the last component's first character is no part of the pattern any more.
    let last = rest.strip_prefix(':')?;
    Some(last.starts_with(['*', '-']) || after_character(last.trim_start_matches('?')).is_some())
}

/// Returns what follows a component of a CPE 2.3 name, which is up to the next colon.
fn after_component(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix(['*', '-']).filter(|rest| rest.starts_with(':')) {
        return Some(rest);
    }
    let mut rest = text.strip_prefix('*').unwrap_or_else(|| text.trim_start_matches('?'));
    rest = after_character(rest)?;
    while let Some(after) = after_character(rest) {
        rest = after;
    }
    rest = rest.strip_prefix('*').unwrap_or_else(|| rest.trim_start_matches('?'));
    rest.starts_with(':').then_some(rest)
}

/// Returns what follows a plain character, or one after a backslash.
fn after_character(text: &str) -> Option<&str> {
    if let Some(escaped) = text.strip_prefix('\\') {
        return escaped.strip_prefix(|c: char| c.is_ascii_punctuation() && !matches!(c, '-' | '.' | '_'));
    }
    text.strip_prefix(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
}

fn after_language(text: &str) -> Option<&str> {
    let end = text.find(':')?;
    let (language, rest) = text.split_at(end);
    let (primary, region) =
        language.split_once('-').map_or((language, None), |(first, region)| (first, Some(region)));
    let is_letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let ok = matches!(language, "*" | "-")
        || (2..=3).contains(&primary.len())
            && is_letters(primary)
            && region.is_none_or(|region| {
                region.len() == 2 && is_letters(region) || region.len() == 3 && is_digits(region)
            });
    ok.then_some(rest)
}

fn is_cpe_22(text: &str) -> Option<bool> {
    let (before, name) = text.rsplit_once('/')?;
    let scheme = before.get(before.len().checked_sub(4)?..)?;
    if !scheme.starts_with('c') || !scheme.eq_ignore_ascii_case("cpe:") {
        return Some(false);
    }
    let name = name.strip_prefix(['A', 'H', 'O', 'a', 'h', 'o']).unwrap_or(name);
    let ok =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'~' | b'%' | b':');
    Some((name.is_empty() || name.starts_with(':')) && name.bytes().all(ok) && name.matches(':').count() <= 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: Form, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(form.matches(text), "{form:?} {text:?}");
        }
        for text in bad {
            assert!(!form.matches(text), "{form:?} {text:?}");
        }
    }

    #[test]
    fn texts_match_as_the_patterns_of_the_schema_say() {
        check(Form::Any, &[" ", "x"], &[""]);
        check(
            Form::Category,
            &["x", "csaf_vex", "a b-c.d", "é"],
            &["", " x", "x ", "-", "_x", "x.", "a\nb", "\u{feff}x"],
        );
        check(
            Form::TrackingId,
            &["x", "-a_", "a b", "\u{85}a"],
            &["", " x", "x\t", "a\nb", "a\u{2028}b", "x\u{a0}"],
        );
        check(
            Form::Cve,
            &["CVE-2026-1234", "CVE-0000-12345678"],
            &["CVE-2026-123", "cve-2026-1234", "CVE-20260-1234", "CVE-2026-1234 ", "CVE-2026-12٣4", ""],
        );
        check(Form::CweId, &["CWE-1", "CWE-123456"], &["CWE-0", "CWE-01", "CWE-1234567", "CWE-", "cwe-1"]);
        let hash = "0123456789abcdefABCDEF0123456789";
        check(Form::Hash, &[hash, &hash.repeat(4)], &[&hash[1..], "", &hash.replace('0', "g")]);
    }

    #[test]
    fn package_urls_match_as_the_pattern_of_the_schema_says() {
        check(
            Form::Purl,
            &["pkg:npm/a", "pkg:Maven/org.a/b@1?x=y#z", "pkg:.x/a"],
            &[
                "pkg:/a",
                "pkg:npm/",
                "pkg:1npm/a",
                "npm/a",
                "pkg:npm",
                "pkg:npm/a b",
                "PKG:npm/a",
                "pkg:np_m/a",
            ],
        );
    }

    #[test]
    fn cpe_names_match_as_the_pattern_of_the_schema_says() {
        check(
            Form::Cpe,
            &[
                "cpe:2.3:a:example:product:1.0:*:*:*:*:*:*:*",
                "cpe:2.3:*:-:?a?:*a*:a\\:b:-:en-US:a:a:a:a",
                "cpe:2.3:o:a:b:c:d:e:en-001:*:*:*:x!",
                "cpe:/a:vendor:product:1.0",
                "cPE:/",
                "x cpe:/o",
            ],
            &[
                "cpe:2.3:a:example:product:1.0:*:*:*:*:*:*",
                "cpe:2.3:x:a:a:a:a:a:en:a:a:a:a",
                "cpe:2.3:a:a*b:a:a:a:a:en:a:a:a:a",
                "cpe:2.3:a::a:a:a:a:en:a:a:a:a",
                "cpe:2.3:a:a:a:a:a:a:engl:a:a:a:a",
                "cpe:2.3:a:a:a:a:a:a:en:a:a:a:",
                "cpe:2.3:a:a:a:a:a:a:en:a:a:a:??",
                "cpe:2.3:a:**a:a:a:a:a:en:a:a:a:a",
                "Cpe:/a",
                "cpe:/x",
                "cpe:/a:1:2:3:4:5:6:7",
                "cpe:/a b",
                "",
            ],
        );
    }
}
