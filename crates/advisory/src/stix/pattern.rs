//! STIX patterns of one kind: a single observation that something has a value (section 9 of STIX 2.1).
//!
//! This is what an indicator of ours says, and what most that are shared say. What says more, of several observations, in some
//! order or within some time, is not read: half of it would be another indicator.

use crate::indicators::IndicatorKind;

/// Most values of one pattern that is read.
const VALUES_MAX: usize = 100;

/// Longest pattern that is read, in bytes.
const PATTERN_BYTES_MAX: usize = 64 * 1024;

/// Returns the property that a kind of indicator is about.
const fn property(kind: IndicatorKind) -> &'static str {
    match kind {
        IndicatorKind::Domain => "domain-name:value",
        IndicatorKind::Email => "email-addr:value",
        IndicatorKind::File => "file:name",
        IndicatorKind::Ipv4 => "ipv4-addr:value",
        IndicatorKind::Ipv6 => "ipv6-addr:value",
        IndicatorKind::Md5 => "file:hashes.MD5",
        IndicatorKind::Sha1 => "file:hashes.'SHA-1'",
        IndicatorKind::Sha256 => "file:hashes.'SHA-256'",
        IndicatorKind::Sha512 => "file:hashes.'SHA-512'",
        IndicatorKind::Url => "url:value",
    }
}

/// Writes the pattern of a value.
pub(super) fn write(kind: IndicatorKind, value: &str) -> String {
    format!("[{} = '{}']", property(kind), value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Reads a pattern: its values, any of which is enough. `None` if it says anything else.
pub(super) fn read(pattern: &str) -> Option<Vec<(IndicatorKind, String)>> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return None;
    }
    let mut rest = Rest(pattern);
    let mut values = Vec::new();
    loop {
        rest.take("[")?;
        loop {
            if values.len() == VALUES_MAX {
                return None;
            }
            values.push(rest.comparison()?);
            if rest.take("]").is_some() {
                break;
            }
            rest.take("OR")?;
        }
        if rest.0.trim_start().is_empty() {
            return Some(values);
        }
        rest.take("OR")?;
    }
}

/// What of a pattern is not read yet.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    /// Reads exactly this, after any white space.
    fn take(&mut self, token: &str) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(token)?;
        Some(())
    }

    /// Reads `property = 'value'`.
    fn comparison(&mut self) -> Option<(IndicatorKind, String)> {
        let (path, after) = self.0.split_once('=')?;
        let bare = |path: &str| path.trim().replace('\'', "");
        let kind = IndicatorKind::ALL.into_iter().find(|kind| bare(property(*kind)) == bare(path))?;
        self.0 = after;
        self.take("'")?;
        let mut value = String::new();
        let mut chars = self.0.char_indices();
        loop {
            match chars.next()? {
                (at, '\'') => {
                    self.0 = &self.0[at + 1..];
                    return Some((kind, value));
                }
                // Nothing but these two is escaped (section 9.6.1).
                (_, '\\') => value.push(chars.next().map(|(_, c)| c).filter(|c| matches!(c, '\'' | '\\'))?),
                (_, c) => value.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_of_several_values_is_read() {
        let read = |pattern: &str| {
            super::read(pattern)
                .map(|all| all.into_iter().map(|(kind, value)| (kind.word(), value)).collect::<Vec<_>>())
        };
        let one = |word, value: &str| Some(vec![(word, value.to_owned())]);
        assert_eq!(read("[ipv4-addr:value = '198.51.100.7']"), one("ipv4", "198.51.100.7"));
        assert_eq!(read(" [ file:hashes.'SHA-256'='ab' ] "), one("sha256", "ab"));
        assert_eq!(read("[file:hashes.MD5 = 'ab']"), one("md5", "ab"));
        assert_eq!(read(r"[file:name = 'it\'s \\ mine']"), one("file", r"it's \ mine"));
        let three =
            read("[domain-name:value = 'a.example' OR url:value = 'http://b'] OR [ipv6-addr:value = '::1']");
        assert_eq!(three.map(|all| all.len()), Some(3));
    }

    #[test]
    fn what_says_more_is_not_read() {
        for pattern in [
            "",
            "[",
            "[]",
            "[ipv4-addr:value = '198.51.100.7'",
            "[ipv4-addr:value = '198.51.100.7' AND domain-name:value = 'a.example']",
            "[ipv4-addr:value != '198.51.100.7']",
            "[ipv4-addr:value IN ('198.51.100.7')]",
            "[ipv4-addr:value LIKE '198.%']",
            "[NOT ipv4-addr:value = '198.51.100.7']",
            "[ipv4-addr:value = '198.51.100.7'] FOLLOWEDBY [url:value = 'http://b']",
            "[ipv4-addr:value = '198.51.100.7'] REPEATS 5 TIMES",
            "([ipv4-addr:value = '198.51.100.7'])",
            "[process:name = 'evil']",
            r"[file:name = 'a\n']",
            "[ipv4-addr:value = 198]",
        ] {
            assert_eq!(read(pattern), None, "{pattern}");
        }
        assert_eq!(read(&"[".repeat(1_000_000)), None);
        let many = vec!["[file:name = 'a']"; VALUES_MAX + 1].join(" OR ");
        assert_eq!(read(&many), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            kind in proptest::sample::select(IndicatorKind::ALL.to_vec()),
            value in "[ -~é'\\\\\\[\\]=]{0,30}",
        ) {
            prop_assert_eq!(read(&write(kind, &value)), Some(vec![(kind, value)]));
        }
    }
}
