//! How many documents there are of what: of those that a filter chooses for a reader, and of no others.

use sabha_advisory::clearance::Reader;
use sabha_protocol::{
    bulletin::{DocumentKind, OrganisationId, Severity},
    wire::bulletin_facets::{Facets, KindCount, LabelCount, PublisherCount, SeverityCount, YearCount},
};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{
    DocumentFilter, LABELS,
    chosen::{choosing, chosen},
    clearance::Reading,
    reading::strange,
};
use crate::storage::{
    Store, StoreError,
    accounts::{decode, sixteen},
};

/// Most publishers that are named; there may be a thousand.
const PUBLISHERS_MAX: usize = 50;

impl Store {
    /// Returns how many documents `filter` chooses for `reader`, by what they are.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn facets(&self, reader: &Reader, filter: &DocumentFilter) -> Result<Facets, StoreError> {
        let query = sqlx::query(concat!(
            chosen!(),
            "SELECT 'label' AS facet, tlp AS number, NULL AS word, NULL AS owner, count(*) AS count FROM chosen GROUP BY tlp
             UNION ALL SELECT 'kind', NULL, kind, NULL, count(*) FROM chosen GROUP BY kind
             UNION ALL SELECT 'severity', severity, NULL, NULL, count(*) FROM chosen WHERE severity IS NOT NULL GROUP BY severity
             UNION ALL SELECT 'publisher', NULL, name, owner, count(*) FROM chosen
                       JOIN member_organisations AS m ON m.id = owner GROUP BY owner
             UNION ALL SELECT 'year', CAST(strftime('%Y', changed_ms / 1000, 'unixepoch') AS INTEGER) AS year, NULL, NULL, count(*)
                       FROM chosen GROUP BY year"
        ));
        let rows = choosing!(query, Reading::of(reader), filter).fetch_all(&self.reader).await?;
        let mut facets = Facets {
            labels: Vec::new(),
            kinds: Vec::new(),
            severities: Vec::new(),
            publishers: Vec::new(),
            years: Vec::new(),
        };
        for row in &rows {
            count(row, &mut facets)?;
        }
        facets.labels.sort_by_key(|one| one.tlp);
        facets.kinds.sort_by_key(|one| one.kind);
        facets.severities.sort_by_key(|one| std::cmp::Reverse(one.severity));
        facets.publishers.sort_by(|one, other| {
            other.count.cmp(&one.count).then_with(|| one.name.as_str().cmp(other.name.as_str()))
        });
        facets.publishers.truncate(PUBLISHERS_MAX);
        facets.years.sort_by_key(|one| std::cmp::Reverse(one.year));
        Ok(facets)
    }
}

/// Adds what one row says.
fn count(row: &SqliteRow, facets: &mut Facets) -> Result<(), StoreError> {
    let count = row.try_get::<i64, _>("count")?.unsigned_abs();
    let number = || -> Result<usize, StoreError> {
        usize::try_from(row.try_get::<i64, _>("number")?).map_err(|_| strange("number"))
    };
    match row.try_get::<&str, _>("facet")? {
        "label" => {
            let tlp = *LABELS.get(number()?).ok_or_else(|| strange("label"))?;
            facets.labels.push(LabelCount { tlp, count });
        }
        "kind" => {
            let word: &str = row.try_get("word")?;
            let kind = DocumentKind::ALL.into_iter().find(|kind| kind.word() == word);
            facets.kinds.push(KindCount { kind: kind.ok_or_else(|| strange("kind"))?, count });
        }
        "severity" => {
            let severity = *Severity::ALL.get(number()?).ok_or_else(|| strange("severity"))?;
            facets.severities.push(SeverityCount { severity, count });
        }
        "publisher" => {
            let owner = OrganisationId::from_bytes(sixteen(row.try_get("owner")?)?);
            let name = row.try_get::<String, _>("word")?.try_into().map_err(decode)?;
            facets.publishers.push(PublisherCount { owner, name, count });
        }
        _ => {
            let year = u16::try_from(number()?).map_err(|_| strange("year"))?;
            facets.years.push(YearCount { year, count });
        }
    }
    Ok(())
}
