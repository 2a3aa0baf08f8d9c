//! What a line says besides prose: ids of agencies, numbers of CVE, labels of TLP, dates, and facts such as `Severity Rating: HIGH`.

use sabha_protocol::bulletin::DocumentKind;

use super::lines::CELL;
use crate::{Tlp, csaf::instant::Instant, draft::is_cve};

/// Most numbers of CVE of a document.
pub(super) const CVES_MAX: usize = 1000;

/// Most characters of a fact; what is longer is prose.
const FACT_CHARS_MAX: usize = 64;

/// A fact that stands on a line of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Date,
    Severity,
}

/// What agencies write before a fact.
const FACTS: [(Fact, &[&str]); 2] = [
    (
        Fact::Date,
        &[
            "date",
            "date of issue",
            "issue date",
            "issued",
            "last revised",
            "last updated",
            "original issue date",
            "original release date",
            "published",
            "publication date",
            "release date",
            "अंतिम अद्यतन",
            "मूल जारी तिथि",
        ],
    ),
    (
        Fact::Severity,
        &["criticality", "risk level", "severity", "severity level", "severity rating", "गंभीरता", "شدت"],
    ),
];

/// Returns the fact that a line states, with its words; they are empty if they stand on the next line.
pub(super) fn fact(line: &str) -> Option<(Fact, &str)> {
    let (name, said) = line.split_once([':', CELL]).unwrap_or((line, ""));
    let name = bare(name).to_lowercase();
    let (fact, _) = FACTS.iter().find(|(_, names)| names.contains(&name.as_str()))?;
    let said = bare(said);
    (said.chars().count() <= FACT_CHARS_MAX).then_some((*fact, said))
}

/// Returns a line without what marks a heading or emphasis in plain text.
pub(super) fn bare(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '#' | '*' | '_' | '=' | ':'))
}

/// Returns the first id of CERT-In's two series, with what it stands for.
pub(super) fn id(line: &str) -> Option<(&str, DocumentKind)> {
    let series = [("CIAD-", DocumentKind::Advisory), ("CIVN-", DocumentKind::VulnerabilityNote)];
    series.into_iter().find_map(|(start, kind)| {
        let id = line.get(line.find(start)?..)?;
        let end = id.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(id.len());
        let id = &id[..end];
        let (year, number) = id[start.len()..].split_once('-')?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (year.len() == 4 && number.len() <= 6 && is_number(year) && is_number(number)).then_some((id, kind))
    })
}

/// Returns the numbers of CVE in a text, as it writes them in capitals.
pub(super) fn cves(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.map(str::to_ascii_uppercase).filter(|word| is_cve(word))
}

/// Returns the narrowest label of TLP that a text names, `WHITE` being what CLEAR was called.
pub(super) fn label(text: &str) -> Option<Tlp> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':' && c != '+');
    let named = words.filter_map(|word| {
        let name = word.to_ascii_uppercase();
        let name = name.strip_prefix("TLP:")?.trim_end_matches(':');
        if name == "WHITE" { Some(Tlp::Clear) } else { name.parse().ok() }
    });
    named.reduce(Tlp::narrower)
}

/// Returns the day of a date in milliseconds since 1970: `1 July 2026`, `July 01, 2026` or `2026-07-01`. What can be read as two
/// dates, such as `01/07/2026`, is none.
pub(super) fn date_ms(text: &str) -> Option<u64> {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let [one, two, three, ..] = words[..] else { return None };
    let (year, month, day) = if let Some(month) = month(one) {
        (three.parse().ok()?, month, day(two)?)
    } else if let Some(month) = month(two) {
        (three.parse().ok()?, month, day(one)?)
    } else if one.len() == 4 {
        // The day may be followed by a time: `2026-07-01T10:00:00Z`.
        (one.parse().ok()?, two.parse().ok()?, three.split(['T', 't']).next()?.parse().ok()?)
    } else {
        return None;
    };
    let (year, month, day): (u16, u8, u8) = (year, month, day);
    let moment = format!("{year:04}-{month:02}-{day:02}T00:00:00Z");
    Instant::parse(&moment).map(Instant::unix_ms)
}

fn day(word: &str) -> Option<u8> {
    let word = word.to_ascii_lowercase();
    let digits = ["st", "nd", "rd", "th"].into_iter().find_map(|end| word.strip_suffix(end));
    digits.unwrap_or(&word).parse().ok()
}

/// Returns the number of a month by its English name, or three letters of it at least.
fn month(word: &str) -> Option<u8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| word.len() >= 3 && month.starts_with(&word))?;
    u8::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::timestamp;

    #[test]
    fn dates_that_can_be_read_in_one_way_are_days() {
        for text in [
            "July 01, 2026",
            "1 July 2026",
            "1st Jul 2026",
            "2026-07-01",
            "2026-07-01T10:00:00Z",
            "JULY 1 2026 (IST)",
        ] {
            assert_eq!(date_ms(text).map(timestamp).as_deref(), Some("2026-07-01T00:00:00.000Z"), "{text}");
        }
        for text in
            ["", "soon", "01/07/2026", "31 June 2026", "2026-13-01", "July 2026", "1 July 99999", "J 1 2026"]
        {
            assert_eq!(date_ms(text), None, "{text}");
        }
    }

    #[test]
    fn ids_numbers_and_labels_are_found_where_they_stand() {
        assert_eq!(id("CERT-In Advisory (CIAD-2026-0010)").map(|(id, _)| id), Some("CIAD-2026-0010"));
        assert_eq!(id("CIVN-2026-0123.").map(|(_, kind)| kind), Some(DocumentKind::VulnerabilityNote));
        assert_eq!(id("CIAD-20-1 CIAD-2026-").map(|(id, _)| id), None);
        assert_eq!(id("étéCIAD-"), None);
        let found: Vec<String> = cves("cve-2026-12345, (CVE-2026-0001); CVE-26-1, XCVE-2026-0002").collect();
        assert_eq!(found, ["CVE-2026-12345", "CVE-2026-0001"]);
        assert_eq!(label("TLP:GREEN, not tlp:amber+strict."), Some(Tlp::AmberStrict));
        assert_eq!(label("TLP:WHITE"), Some(Tlp::Clear));
        assert_eq!(label("TLP, TLP:PINK, GREEN"), None);
    }

    #[test]
    fn a_fact_is_short_and_its_words_may_be_on_the_next_line() {
        assert_eq!(fact("**Severity Rating: HIGH**"), Some((Fact::Severity, "HIGH")));
        assert_eq!(fact("Original Issue Date\tJuly 01, 2026"), Some((Fact::Date, "July 01, 2026")));
        assert_eq!(fact("Severity:"), Some((Fact::Severity, "")));
        assert_eq!(fact(&format!("Date: {}", "x".repeat(65))), None);
        assert_eq!(fact("The date: tomorrow"), None);
    }
}
