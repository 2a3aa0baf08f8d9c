//! Who has seen and applied what an organisation has published, and who has said nothing yet.

use sabha_advisory::clearance::Reader;
use sabha_protocol::{
    bulletin::{Acknowledgement, DocumentId, OrganisationId},
    wire::advisory_policy::{Coverage, CoveredRevision, OrganisationCoverage},
};
use sqlx::Row as _;

use super::{
    clearance::{Reading, as_reader, may_read, may_read_as},
    reading::{label, strange},
};
use crate::storage::{
    Store, StoreError,
    accounts::{decode, sixteen, time},
};

/// Revisions in one answer: each can have a thousand organisations.
const PAGE_MAX: usize = 10;

impl Store {
    /// Returns of each document of the reader's organisation the newest published revision that they may know, the last
    /// published first, with what organisations said of it. `None` for who is of no organisation.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn coverage(
        &self,
        reader: &Reader,
        after: Option<DocumentId>,
    ) -> Result<Option<Coverage>, StoreError> {
        let reading = Reading::of(reader);
        if reading.organisation().is_none() {
            return Ok(None);
        }
        let query = sqlx::query(concat!(
            "WITH known AS (
                 SELECT d.id, r.number, r.tlp, r.title, r.tracking, r.published_ms,
                        EXISTS (SELECT 1 FROM revision_profiles AS p
                                WHERE p.document = r.document AND p.number = r.number) AS has_profile,
                        ROW_NUMBER() OVER (PARTITION BY d.id ORDER BY r.number DESC) AS nth
                 FROM documents AS d JOIN revisions AS r ON r.document = d.id
                 WHERE d.owner = $2 AND r.stage >= 3 AND ",
            may_read!(),
            ")
             SELECT * FROM known WHERE nth = 1
             AND ($4 IS NULL OR (published_ms, id) < (SELECT published_ms, id FROM known WHERE nth = 1 AND id = $4))
             ORDER BY published_ms DESC, id DESC LIMIT $5"
        ));
        let rows = as_reader!(query, reading)
            .bind(after.map(|after| after.as_bytes().to_vec()))
            // One more than is answered shows whether there are more.
            .bind(i64::try_from(PAGE_MAX + 1).unwrap_or(i64::MAX))
            .fetch_all(&self.reader)
            .await?;
        let mut revisions = Vec::new();
        for row in rows.iter().take(PAGE_MAX) {
            let document = DocumentId::from_bytes(sixteen(row.try_get("id")?)?);
            let revision = row.try_get("number")?;
            revisions.push(CoveredRevision {
                document,
                revision,
                tracking: row.try_get("tracking")?,
                title: row.try_get("title")?,
                tlp: label(row)?,
                published_ms: time(row, "published_ms")?,
                has_profile: row.try_get("has_profile")?,
                organisations: self.covered_by(document, revision).await?,
            });
        }
        Ok(Some(Coverage { revisions, more: rows.len() > PAGE_MAX }))
    }

    /// Returns the organisations that may read a revision, its owner apart, and those that have said something of it.
    async fn covered_by(
        &self,
        document: DocumentId,
        number: u32,
    ) -> Result<Vec<OrganisationCoverage>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT m.id, m.name, said.said, said.at_ms FROM member_organisations AS m
             JOIN documents AS d ON d.id = $1 JOIN revisions AS r ON r.document = d.id AND r.number = $2
             LEFT JOIN acknowledgements AS said
                 ON said.document = r.document AND said.number = r.number AND said.organisation = m.id
             WHERE said.said IS NOT NULL OR m.left_ms IS NULL AND m.id <> d.owner AND r.tlp <> 4 AND ",
            may_read_as!("NULL", "m.id", "0"),
            " ORDER BY m.name, m.id"
        ))
        .bind(&document.as_bytes()[..])
        .bind(number)
        .fetch_all(&self.reader)
        .await?;
        let mut organisations: Vec<OrganisationCoverage> = Vec::new();
        for row in &rows {
            let organisation = OrganisationId::from_bytes(sixteen(row.try_get("id")?)?);
            if organisations.last().is_none_or(|last| last.organisation != organisation) {
                organisations.push(OrganisationCoverage {
                    organisation,
                    name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
                    seen_ms: None,
                    applied_ms: None,
                    not_affected_ms: None,
                });
            }
            let entry = organisations.last_mut().expect("one was put in above, or was there");
            let Some(word) = row.try_get::<Option<&str>, _>("said")? else { continue };
            let at_ms = Some(time(row, "at_ms")?);
            match Acknowledgement::ALL.into_iter().find(|said| said.word() == word) {
                Some(Acknowledgement::Seen) => entry.seen_ms = at_ms,
                Some(Acknowledgement::Applied) => entry.applied_ms = at_ms,
                Some(Acknowledgement::NotAffected) => entry.not_affected_ms = at_ms,
                None => return Err(strange("acknowledgement")),
            }
        }
        Ok(organisations)
    }
}
