//! What the provider of CSAF lists and serves, as one reader may know it.
//!
//! Of each document of the issuer the newest published revision that the reader may know, in the folder of its own label: one that
//! replaces another is in one place, and who may not know the newer one is shown the older. A withdrawn document is in no list, and
//! its files stay where they were.

use sabha_advisory::{Tlp, clearance::Reader, csaf::provider::Published};
use sabha_protocol::account::Label;
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{
    clearance::{Reading, as_reader, may_read},
    label_number, notices,
    reading::label,
};
use crate::storage::{Store, StoreError};

/// A document as it was written, with what lists say of it.
#[derive(Clone, Debug)]
pub struct PublishedFile {
    /// What lists say of it.
    pub listed: Published,
    /// Its bytes.
    pub content: Vec<u8>,
    /// When it was published, in milliseconds since 1970.
    pub published_ms: u64,
}

/// The newest published revision of each document of the organisation named `$4` that the reader of `$1` to `$3` may know.
macro_rules! newest {
    () => {
        concat!(
            "WITH known AS (
                 SELECT r.document, r.row, r.number, r.tlp, r.title, r.tracking, r.published_ms, d.withdrawn_ms,
                        ROW_NUMBER() OVER (PARTITION BY d.id ORDER BY r.number DESC) AS nth
                 FROM documents AS d JOIN revisions AS r ON r.document = d.id
                 WHERE d.owner = (SELECT id FROM member_organisations WHERE name = $4) AND r.stage >= 3 AND ",
            may_read!(),
            ")
             SELECT known.*, l.file, l.released, l.updated, l.summary, severity
             FROM known JOIN listings AS l USING (document, number)
             LEFT JOIN revision_severities ON revision = row WHERE nth = 1 AND tlp = $5"
        )
    };
}

impl Store {
    /// Lists what `organisation` has published with a label, as far as `reader` may know it. In no order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn published(
        &self,
        reader: &Reader,
        organisation: &Label,
        tlp: Tlp,
    ) -> Result<Vec<Published>, StoreError> {
        let query = sqlx::query(concat!(newest!(), " AND withdrawn_ms IS NULL"));
        let rows = as_reader!(query, Reading::of(reader))
            .bind(organisation.as_str())
            .bind(label_number(tlp.into()))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(listed).collect()
    }

    /// Returns the document in this file of a label's folder, or `None` where `reader` may know of none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn published_file(
        &self,
        reader: &Reader,
        organisation: &Label,
        tlp: Tlp,
        file: &str,
    ) -> Result<Option<PublishedFile>, StoreError> {
        let query = sqlx::query(concat!(
            "SELECT found.*, (SELECT content FROM revisions AS r
                              WHERE r.document = found.document AND r.number = found.number) AS content
             FROM (",
            newest!(),
            " AND document IN (SELECT document FROM listings WHERE file = $6) AND l.file = $6) AS found"
        ));
        let row = as_reader!(query, Reading::of(reader))
            .bind(organisation.as_str())
            .bind(label_number(tlp.into()))
            .bind(file)
            .fetch_optional(&self.reader)
            .await?;
        let file = |row: SqliteRow| {
            Ok(PublishedFile {
                listed: listed(&row)?,
                content: row.try_get("content")?,
                published_ms: row.try_get::<i64, _>("published_ms")?.unsigned_abs(),
            })
        };
        row.map(file).transpose()
    }

    /// Returns when `organisation` published something last that everybody may read, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn last_published_ms(&self, organisation: &Label) -> Result<Option<u64>, StoreError> {
        let query = sqlx::query_scalar(concat!(
            "SELECT max(r.published_ms) FROM documents AS d JOIN revisions AS r ON r.document = d.id
             WHERE d.owner = (SELECT id FROM member_organisations WHERE name = $4) AND r.stage >= 3 AND ",
            may_read!()
        ));
        let last: Option<i64> = as_reader!(query, Reading::of(&Reader::Anonymous))
            .bind(organisation.as_str())
            .fetch_one(&self.reader)
            .await?;
        Ok(last.map(i64::unsigned_abs))
    }
}

fn listed(row: &SqliteRow) -> Result<Published, StoreError> {
    Ok(Published {
        label: label(row)?.into(),
        file: row.try_get("file")?,
        id: row.try_get::<Option<String>, _>("tracking")?.unwrap_or_default(),
        title: row.try_get("title")?,
        summary: row.try_get("summary")?,
        published: row.try_get("released")?,
        updated: row.try_get("updated")?,
        severity: notices::severity(row)?,
    })
}
