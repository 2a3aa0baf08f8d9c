//! Where something was sighted, as a line of the note says it of the line before: `seen FIRST LAST COUNT # where`.
//!
//! ```text
//! seen                                                      somewhere, at some time
//! seen 2026-11-01T08:00:00Z                                 from then on
//! seen - 2026-11-05T00:00:00Z                               until then
//! seen 2026-11-01T08:00:00Z 2026-11-05T00:00:00Z 12 # in two banks
//! ```

use std::fmt;

use super::{comment_after, comment_of};
use crate::stix::{timestamp, unix_ms};

/// Most times that something was seen (STIX 2.1, section 5.2).
const COUNT_MAX: u32 = 999_999_999;

/// That something was sighted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sighting {
    first_ms: Option<u64>,
    last_ms: Option<u64>,
    count: Option<u32>,
    comment: Option<String>,
}

impl Sighting {
    /// Returns a sighting, with times in milliseconds since 1970. `None` if it ended before it began, or has more times than STIX
    /// counts (999,999,999). A comment is taken as one line.
    pub fn new(
        first_ms: Option<u64>,
        last_ms: Option<u64>,
        count: Option<u32>,
        comment: Option<&str>,
    ) -> Option<Self> {
        let goes_on = first_ms.zip(last_ms).is_none_or(|(first_ms, last_ms)| first_ms <= last_ms);
        let is_counted = count.is_none_or(|count| count <= COUNT_MAX);
        (goes_on && is_counted).then(|| Self { first_ms, last_ms, count, comment: comment_of(comment) })
    }

    /// Reads a line.
    pub(super) fn of_line(line: &str) -> Option<Self> {
        let (said, comment) = line.split_once(" # ").map_or((line, None), |(said, text)| (said, Some(text)));
        let mut words = said.split_whitespace().peekable();
        if words.next() != Some("seen") {
            return None;
        }
        let mut time = || match words.peek().map(|word| (*word, unix_ms(word))) {
            Some(("-", _)) => {
                words.next();
                None
            }
            Some((_, Some(ms))) => {
                words.next();
                Some(ms)
            }
            _ => None,
        };
        let (first_ms, last_ms) = (time(), time());
        let count = words.next().map(str::parse).transpose().ok()?;
        words.next().is_none().then(|| Self::new(first_ms, last_ms, count, comment)).flatten()
    }

    /// Returns when it was seen first, in milliseconds since 1970.
    pub const fn first_ms(&self) -> Option<u64> {
        self.first_ms
    }

    /// Returns when it was seen last, in milliseconds since 1970.
    pub const fn last_ms(&self) -> Option<u64> {
        self.last_ms
    }

    /// Returns how often it was seen.
    pub const fn count(&self) -> Option<u32> {
        self.count
    }

    /// Returns what is said of it, on one line.
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }
}

impl fmt::Display for Sighting {
    /// Writes its line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seen")?;
        match (self.first_ms, self.last_ms) {
            (None, None) => {}
            (Some(first_ms), None) => write!(f, " {}", timestamp(first_ms))?,
            (first_ms, Some(last_ms)) => {
                let first = first_ms.map_or_else(|| "-".to_owned(), timestamp);
                write!(f, " {first} {}", timestamp(last_ms))?;
            }
        }
        if let Some(count) = self.count {
            write!(f, " {count}")?;
        }
        comment_after(self.comment(), f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sighting_has_times_a_number_and_a_place_or_none_of_them() {
        let line = |line: &str| Sighting::of_line(line).unwrap();
        assert_eq!(line("seen"), Sighting::new(None, None, None, None).unwrap());
        let first_ms = 1_795_773_600_000;
        let found = line("seen 2026-11-27T10:00:00Z 12 # in two banks");
        assert_eq!(found, Sighting::new(Some(first_ms), None, Some(12), Some("in two banks")).unwrap());
        let found = line("seen - 2026-11-27T10:00:00Z");
        assert_eq!(found, Sighting::new(None, Some(first_ms), None, None).unwrap());
        for none in [
            "seen often",
            "seen 2026-11-27T10:00:00Z 2026-11-26T10:00:00Z",
            "seen 1000000000",
            "seen -1",
            "seen 1 2",
            "Seen 1",
            "seen2",
            "seen 2026-11-27T10:00:00Z 2026-11-27T10:00:00Z 2026-11-27T10:00:00Z",
        ] {
            assert_eq!(Sighting::of_line(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            times in proptest::option::of(0..=4_102_444_800_000_u64),
            last in proptest::option::of(0..=4_102_444_800_000_u64),
            count in proptest::option::of(any::<u32>()),
            comment in proptest::option::of("\\PC{0,20}|[a #\\n]{0,9}"),
        ) {
            if let Some(found) = Sighting::new(times, last, count, comment.as_deref()) {
                prop_assert_eq!(Sighting::of_line(&found.to_string()), Some(found));
            }
        }
    }
}
