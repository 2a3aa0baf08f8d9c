//! Indicators of compromise, as a document states them: one a line, in a note that people read as it stands.
//!
//! CSAF has no place for indicators, and a place of our own would be one that no other program shows. So they are the text of a
//! note with the title [`TITLE`]:
//!
//! ```text
//! ipv4 198.51.100.7 # command and control
//! domain evil.example
//! sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 # the loader
//! ```
//!
//! A line is a kind, a value that is one of its kind, and after ` # ` a comment if there is one. A line that is none is left in
//! the note and is no indicator: it travels as text, and nobody blocks anything by it. `set.rs` has the other lines of such a note:
//! malware that the lines after it indicate, and where what the line before it states was sighted.

mod malware;
mod set;
mod sighting;

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

pub(crate) use self::set::{Full, Gathering};
pub use self::{
    malware::Malware,
    set::{Group, Seen, read, write},
    sighting::Sighting,
};

/// The title of a note whose lines are indicators.
pub const TITLE: &str = "Indicators of compromise";

/// Most lines of one document that state something. Each becomes an object of some 700 bytes.
pub const INDICATORS_MAX: usize = 5000;

/// Longest value, in bytes: what a URL is cut to by most who read one.
const VALUE_BYTES_MAX: usize = 2048;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndicatorKind {
    /// A domain name.
    Domain,
    /// An address of e-mail.
    Email,
    /// A file's name, without its folders.
    File,
    /// An address of IP version 4, or a range of them (RFC 4632).
    Ipv4,
    /// An address of IP version 6, or a range of them (RFC 4291).
    Ipv6,
    /// MD5 of a file.
    Md5,
    /// SHA-1 of a file.
    Sha1,
    /// SHA-256 of a file.
    Sha256,
    /// SHA-512 of a file.
    Sha512,
    /// A URL (RFC 3986), with its scheme.
    Url,
}

impl IndicatorKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Domain,
        Self::Email,
        Self::File,
        Self::Ipv4,
        Self::Ipv6,
        Self::Md5,
        Self::Sha1,
        Self::Sha256,
        Self::Sha512,
        Self::Url,
    ];

    /// Returns the word with which a line begins.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::Email => "email",
            Self::File => "file",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
            Self::Url => "url",
        }
    }

    /// Returns whether `value` is one of this kind.
    fn fits(self, value: &str) -> bool {
        let is_hash = |digits: usize| value.len() == digits && value.bytes().all(|c| c.is_ascii_hexdigit());
        match self {
            Self::Domain => is_domain(value),
            Self::Email => value.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && !local.contains(char::is_whitespace) && is_domain(domain)
            }),
            Self::File => !value.contains(['/', '\\']) && !matches!(value, "." | ".."),
            Self::Ipv4 => in_range(value, 32, |address| address.parse::<Ipv4Addr>().is_ok()),
            Self::Ipv6 => in_range(value, 128, |address| address.parse::<Ipv6Addr>().is_ok()),
            Self::Md5 => is_hash(32),
            Self::Sha1 => is_hash(40),
            Self::Sha256 => is_hash(64),
            Self::Sha512 => is_hash(128),
            Self::Url => value.split_once("://").is_some_and(|(scheme, rest)| {
                scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                    && scheme.bytes().all(|c| c.is_ascii_alphanumeric() || b"+-.".contains(&c))
                    && !rest.is_empty()
                    && !rest.contains(char::is_whitespace)
            }),
        }
    }
}

/// One indicator. [`Indicator::new`] makes sure that its value is one of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    kind: IndicatorKind,
    value: String,
    comment: Option<String>,
}

impl Indicator {
    /// Returns an indicator, or `None` if `value` is none of `kind`. Hashes are taken in small letters. A comment is taken as
    /// one line.
    pub fn new(kind: IndicatorKind, value: &str, comment: Option<&str>) -> Option<Self> {
        let value = value.trim();
        if !is_whole(value) || !kind.fits(value) {
            return None;
        }
        let is_hash = matches!(
            kind,
            IndicatorKind::Md5 | IndicatorKind::Sha1 | IndicatorKind::Sha256 | IndicatorKind::Sha512
        );
        let comment = comment_of(comment);
        let value = if is_hash { value.to_ascii_lowercase() } else { value.to_owned() };
        Some(Self { kind, value, comment })
    }

    /// Reads a line.
    fn of_line(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ')?;
        let kind = IndicatorKind::ALL.into_iter().find(|kind| kind.word() == word)?;
        match rest.split_once(" # ") {
            Some((value, comment)) => Self::new(kind, value, Some(comment)),
            None => Self::new(kind, rest, None),
        }
    }

    /// Returns what the value is.
    pub const fn kind(&self) -> IndicatorKind {
        self.kind
    }

    /// Returns the value.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Returns what is said of it, on one line.
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }
}

impl fmt::Display for Indicator {
    /// Writes its line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.value)?;
        comment_after(self.comment(), f)
    }
}

/// Returns whether a value can stand in a line. It may have spaces, but nothing that would begin a comment or another line.
fn is_whole(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= VALUE_BYTES_MAX
        && !value.contains(" # ")
        && !value.ends_with(" #")
        && !value.contains(char::is_control)
}

/// Returns a comment as it stands in a line.
fn comment_of(comment: Option<&str>) -> Option<String> {
    let line = comment.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    line.filter(|text| !text.is_empty())
}

fn comment_after(comment: Option<&str>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    comment.map_or(Ok(()), |comment| write!(f, " # {comment}"))
}

/// Returns whether a text is a name of labels (RFC 1034 section 3.5, and those of other scripts), two at least.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

/// Returns whether a text is an address, with the number of bits that a range has in common or without.
fn in_range(text: &str, bits_max: u8, is_address: impl Fn(&str) -> bool) -> bool {
    match text.split_once('/') {
        Some((address, bits)) => {
            is_address(address)
                && bits.parse::<u8>().is_ok_and(|count| count <= bits_max && bits == count.to_string())
        }
        None => is_address(text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_a_kind_a_value_of_it_and_a_comment() {
        let hash = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
        let text = format!(
            "ipv4 198.51.100.7 # command and control\n\n ipv6 2001:db8::/32\ndomain evil.example\r\n\
             url https://evil.example/a#b\nemail a@evil.example\nfile the invoice.exe\nsha256 {hash} # a # b"
        );
        let (found, all) = read(&text);
        assert_eq!(read(&write(&found)), (found.clone(), true));
        let [Group { malware: None, indicators }] = &found[..] else { panic!("{found:?}") };
        let found: Vec<&Indicator> = indicators.iter().map(|one| &one.what).collect();
        assert!(all && found.len() == 7);
        assert_eq!(found[0].comment(), Some("command and control"));
        assert_eq!((found[3].value(), found[3].comment()), ("https://evil.example/a#b", None));
        assert_eq!(found[5].value(), "the invoice.exe");
        assert_eq!((found[6].value(), found[6].comment()), (&*hash.to_ascii_lowercase(), Some("a # b")));
    }

    #[test]
    fn what_is_not_of_its_kind_is_text_and_no_indicator() {
        for line in [
            "ipv4 198.51.100.256",
            "ipv4 198.51.100.7/33",
            "ipv4 198.51.100.7/08",
            "ipv6 198.51.100.7",
            "domain evil",
            "domain -evil.example",
            "domain evil..example",
            "domain evil.example' OR",
            "url evil.example",
            "url https://",
            "url java script://x",
            "email @evil.example",
            "file ../passwd",
            "md5 00",
            "sha1 zz39a3ee5e6b4b0d3255bfef95601890afd80709",
            "SHA256 x",
            "ipv4",
            "block everything",
        ] {
            assert_eq!(read(line), (Vec::new(), false), "{line}");
        }
        let long = format!("url https://e.example/{}", "x".repeat(VALUE_BYTES_MAX));
        assert_eq!(read(&long), (Vec::new(), false));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            kind in proptest::sample::select(IndicatorKind::ALL.to_vec()),
            value in "[ -~é\\n]{0,40}|[a-z]{1,9}\\.[a-z]{2,5}|[0-9a-f]{32}|[0-9]{1,3}(\\.[0-9]{1,3}){3}",
            comment in proptest::option::of("\\PC{0,20}|[a #\\n]{0,9}"),
        ) {
            if let Some(indicator) = Indicator::new(kind, &value, comment.as_deref()) {
                let one = Seen { what: indicator, sightings: Vec::new() };
                let one = vec![Group { malware: None, indicators: vec![one] }];
                prop_assert_eq!(read(&write(&one)), (one, true));
            }
        }
    }
}
