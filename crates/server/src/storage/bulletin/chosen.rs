//! Which documents a filter chooses for a reader, in SQL: of each the newest revision that the reader may know. Lists, counts and
//! facets all begin with it, so that none of them can choose otherwise.

use sabha_protocol::{
    account::Label,
    bulletin::{DocumentId, DocumentKind, OrganisationId, RevisionStage, Severity, TlpLabel},
};

/// Words of one search that are looked for; more are left out.
const WORDS_MAX: usize = 8;

/// Which documents are asked for.
#[derive(Clone, Debug, Default)]
pub struct DocumentFilter {
    /// Only this kind.
    pub kind: Option<DocumentKind>,
    /// Only this label.
    pub tlp: Option<TlpLabel>,
    /// Only with the newest revision here in its life.
    pub stage: Option<RevisionStage>,
    /// Only of this organisation.
    pub owner: Option<OrganisationId>,
    /// Only as severe as this.
    pub severity: Option<Severity>,
    /// Only what was changed last in this year, in UTC.
    pub year: Option<u16>,
    /// Only with these words.
    pub words: Option<Label>,
    /// Only what comes after this one.
    pub after: Option<DocumentId>,
}

/// The table `chosen`, materialised, so that it is made once however often a query counts it: `id`, `kind`, `owner`, `withdrawn_ms`, `row`, `number`, `stage`, `tlp`, `severity`,
/// `changed_ms`. Bind by [`choosing!`] first, which takes `$1` to `$11`.
macro_rules! chosen {
    () => {
        concat!(
            "WITH known AS (
                 -- With one max(), SQLite takes the other columns from its row (sqlite.org/lang_select.html#bareagg).
                 SELECT d.id, d.kind, d.owner, d.withdrawn_ms, r.row, max(r.number) AS number, r.stage, r.tlp, r.changed_ms
                 FROM documents AS d JOIN revisions AS r ON r.document = d.id WHERE ",
            crate::storage::bulletin::clearance::may_read!(),
            " GROUP BY d.id), chosen AS MATERIALIZED (
                 SELECT id, kind, owner, withdrawn_ms, row, number, stage, tlp, severity, changed_ms
                 FROM known LEFT JOIN revision_severities ON revision = row
                 WHERE ($4 IS NULL OR kind = $4) AND ($5 IS NULL OR tlp = $5) AND ($6 IS NULL OR owner = $6)
                 AND ($7 IS NULL OR stage = $7) AND ($8 IS NULL OR severity = $8)
                 AND ($9 IS NULL OR changed_ms BETWEEN $9 AND $10)
                 AND ($11 IS NULL OR row IN (SELECT rowid FROM revision_words WHERE revision_words MATCH $11))
             ) "
        )
    };
}
pub(super) use chosen;

/// Binds `$1` to `$11`.
macro_rules! choosing {
    ($query:expr, $reading:expr, $filter:expr) => {{
        let years = $filter.year.map(crate::storage::bulletin::chosen::year_ms);
        crate::storage::bulletin::clearance::as_reader!($query, $reading)
            .bind($filter.kind.map(sabha_protocol::bulletin::DocumentKind::word))
            .bind($filter.tlp.map(crate::storage::bulletin::label_number))
            .bind($filter.owner.map(|owner| owner.as_bytes().to_vec()))
            .bind($filter.stage.map(|stage| stage as i64))
            .bind($filter.severity.map(|severity| severity as i64))
            .bind(years.map(|(first, _)| first))
            .bind(years.map(|(_, last)| last))
            .bind(
                $filter.words.as_ref().map(|words| crate::storage::bulletin::chosen::phrase(words.as_str())),
            )
    }};
}
pub(super) use choosing;

/// Returns the first and the last millisecond of a year in UTC. One of which there are none has no document in it.
pub(super) fn year_ms(year: u16) -> (i64, i64) {
    let begin = |year: i16| {
        let day = jiff::civil::Date::new(year, 1, 1).ok()?;
        jiff::tz::TimeZone::UTC
            .to_timestamp(day.to_datetime(jiff::civil::Time::midnight()))
            .ok()
            .map(jiff::Timestamp::as_millisecond)
    };
    let year = i16::try_from(year).ok();
    let range = year.and_then(|year| Some((begin(year)?, begin(year.checked_add(1)?)? - 1)));
    range.unwrap_or((i64::MAX, i64::MIN))
}

/// Returns what the full-text index is asked for: every word, each as it stands.
pub(super) fn phrase(words: &str) -> String {
    let quoted = |word: &str| format!("\"{}\"", word.replace('"', "\"\""));
    words.split_whitespace().take(WORDS_MAX).map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_begins_and_ends_in_utc() {
        assert_eq!(year_ms(1970), (0, 31_535_999_999));
        assert_eq!(year_ms(2024), (1_704_067_200_000, 1_735_689_599_999));
        for year in [9999, 40_000] {
            let (first, last) = year_ms(year);
            assert!(first > last, "{year}");
        }
    }

    #[test]
    fn words_are_looked_for_as_they_stand_and_at_most_eight() {
        assert_eq!(phrase(" a \"b OR c* "), "\"a\" \"\"\"b\" \"OR\" \"c*\"");
        assert_eq!(phrase(&"x ".repeat(20)).split(' ').count(), WORDS_MAX);
    }
}
