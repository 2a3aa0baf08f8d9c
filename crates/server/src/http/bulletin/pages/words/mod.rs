//! The words of the public pages. A language is a [`Words`], so that none can lack one: what a document itself says stays in
//! the language that it was written in.

mod en;
mod hi;
mod ur;

use axum::http::{HeaderMap, header};
use sabha_advisory::layout::{Part, Term};
use sabha_protocol::bulletin::{DocumentKind, RevisionStage};

/// The languages, as they are offered.
pub(super) const LANGUAGES: [&Words; 3] = [&en::WORDS, &hi::WORDS, &ur::WORDS];

/// What the pages say in one language.
#[derive(Debug)]
pub(super) struct Words {
    /// The language's tag (BCP 47).
    pub(super) tag: &'static str,
    /// Which way it is written: `ltr` or `rtl`.
    pub(super) direction: &'static str,
    /// What its speakers call it.
    pub(super) name: &'static str,

    pub(super) bulletin: &'static str,
    pub(super) lead: &'static str,
    pub(super) skip: &'static str,
    pub(super) languages: &'static str,
    pub(super) sign_in: &'static str,
    pub(super) all: &'static str,
    pub(super) search: &'static str,
    pub(super) search_words: &'static str,
    pub(super) every_kind: &'static str,
    pub(super) narrow: &'static str,
    pub(super) everything: &'static str,
    pub(super) year: &'static str,
    pub(super) found: &'static str,
    pub(super) older: &'static str,
    pub(super) nothing: &'static str,
    pub(super) nothing_found: &'static str,
    pub(super) clear_note: &'static str,
    pub(super) feed: &'static str,

    pub(super) id: &'static str,
    pub(super) kind: &'static str,
    pub(super) original: &'static str,
    pub(super) updated: &'static str,
    pub(super) severity: &'static str,
    pub(super) version: &'static str,
    pub(super) status: &'static str,
    pub(super) by: &'static str,
    pub(super) withdrawn: &'static str,
    pub(super) withdrawn_note: &'static str,
    pub(super) older_revision: &'static str,
    pub(super) newest: &'static str,
    pub(super) contents: &'static str,
    pub(super) files: &'static str,
    pub(super) files_json: &'static str,
    pub(super) files_profile: &'static str,
    pub(super) answer: &'static str,
    pub(super) earlier: &'static str,
    pub(super) revision: &'static str,

    pub(super) mirrored: &'static str,
    pub(super) mirrored_lead: &'static str,
    pub(super) mirrored_note: &'static str,
    pub(super) mirrored_ms: &'static str,

    pub(super) missing: &'static str,
    pub(super) missing_note: &'static str,
    pub(super) wrong_search: &'static str,
    pub(super) wrong_search_note: &'static str,
    pub(super) failed: &'static str,
    pub(super) failed_note: &'static str,

    /// From January on.
    pub(super) months: [&'static str; 12],
    pub(super) part: fn(Part) -> &'static str,
    pub(super) term: fn(Term) -> &'static str,
    pub(super) kinds: fn(DocumentKind) -> &'static str,
    pub(super) stage: fn(RevisionStage) -> &'static str,
    /// For the words of CVSS, in small letters; what is no such word is said as it stands.
    pub(super) severities: fn(&str) -> Option<&'static str>,
}

impl Words {
    /// Returns the words of a language by its tag.
    pub(super) fn of(tag: &str) -> Option<&'static Self> {
        LANGUAGES.into_iter().find(|words| words.tag == tag)
    }

    /// Returns the words that a browser likes best: the first of its languages that there is (RFC 9110 section 12.5.4; browsers
    /// name them in order), else English.
    pub(super) fn liked(headers: &HeaderMap) -> &'static Self {
        let liked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let tags = liked.split(',').filter_map(|entry| entry.split([';', '-']).next());
        tags.map(str::trim).find_map(Self::of).unwrap_or(&en::WORDS)
    }

    /// Returns a moment as people read it, in UTC, which holds for readers in every zone: `12 April 2026, 10:00 UTC`. What
    /// is no moment (RFC 3339) is returned as it stands.
    pub(super) fn moment(&self, text: &str) -> String {
        text.parse::<jiff::Timestamp>().map_or_else(|_| text.to_owned(), |moment| self.said(moment))
    }

    /// As [`moment`](Self::moment), for milliseconds since 1970.
    pub(super) fn moment_ms(&self, ms: u64) -> String {
        let moment = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        moment.map(|moment| self.said(moment)).unwrap_or_default()
    }

    fn said(&self, moment: jiff::Timestamp) -> String {
        let at = moment.to_zoned_datetime(jiff::tz::TimeZone::UTC);
        // A month counts from 1, and there are twelve.
        let month = usize::try_from(at.month() - 1).ok().and_then(|month| self.months.get(month));
        let month = month.copied().unwrap_or_default();
        format!("{} {month} {}, {:02}:{:02} UTC", at.day(), at.year(), at.hour(), at.minute())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn liking(languages: &'static str) -> &'static str {
        Words::liked(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, languages.parse().unwrap())])).tag
    }

    #[test]
    fn the_first_language_of_the_browser_that_there_is_is_spoken() {
        assert_eq!(liking("hi-IN,hi;q=0.9,en;q=0.8"), "hi");
        assert_eq!(liking("fr-FR, fr;q=0.9, ur;q=0.8, en;q=0.7"), "ur");
        assert_eq!(liking("fr"), "en");
        assert_eq!(liking(""), "en");
        assert_eq!(Words::liked(&HeaderMap::new()).tag, "en");
    }

    #[test]
    fn a_moment_is_said_in_utc_and_what_is_none_as_it_stands() {
        let english = Words::of("en").unwrap();
        assert_eq!(english.moment("2026-04-12T15:30:00+05:30"), "12 April 2026, 10:00 UTC");
        assert_eq!(english.moment_ms(1_776_000_600_000), "12 April 2026, 13:30 UTC");
        assert_eq!(english.moment("soon"), "soon");
        assert_eq!(english.moment_ms(u64::MAX), "");
        assert_eq!(Words::of("hi").unwrap().moment("2026-12-01T00:05:00Z"), "1 दिसंबर 2026, 00:05 UTC");
    }

    #[test]
    fn every_language_says_something_of_its_own_for_what_is_read_most() {
        for words in LANGUAGES {
            assert_eq!(LANGUAGES.iter().filter(|other| other.bulletin == words.bulletin).count(), 1);
            assert!(["ltr", "rtl"].contains(&words.direction));
            assert!((words.severities)("critical").is_some() && (words.severities)("Grave").is_none());
        }
    }
}
