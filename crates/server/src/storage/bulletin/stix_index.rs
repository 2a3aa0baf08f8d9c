//! In which documents an object of STIX is: an id does not say it, and to make the objects of every document would take minutes.
//!
//! No reader is asked for here, and none is told anything: what is found is a document, of which `published.rs` then gives what
//! its reader may know.

use sabha_protocol::bulletin::OrganisationId;
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{
    published::{PublishedRevision, Told},
    reading::{kind, label},
};
use crate::storage::{
    Store, StoreError,
    accounts::{decode, sixteen, time},
};

/// Raised when the same revision becomes other objects: they are indexed anew.
const FORM: i64 = 1;

/// A revision that is not indexed yet, by its row.
#[derive(Debug)]
pub struct Unindexed {
    /// Its row.
    pub row: i64,
    /// What it is; nothing is said of what it leads.
    pub revision: PublishedRevision,
}

impl Store {
    /// Returns published revisions that are not indexed yet, `limit` at most.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn unindexed(&self, limit: usize) -> Result<Vec<Unindexed>, StoreError> {
        let rows = sqlx::query(
            "SELECT r.row, d.id, d.kind, d.owner, m.name, r.number, r.tlp, r.published_ms, r.content
             FROM revisions AS r JOIN documents AS d ON d.id = r.document
             JOIN member_organisations AS m ON m.id = d.owner
             WHERE r.stage >= 3
             AND NOT EXISTS (SELECT 1 FROM stix_indexed AS i WHERE i.revision = r.row AND i.form = $1)
             ORDER BY r.row LIMIT $2",
        )
        .bind(FORM)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(unindexed).collect()
    }

    /// Notes which objects revisions are made of.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn index_objects(&self, of: &[(Unindexed, Vec<[u8; 16]>)]) -> Result<(), StoreError> {
        let mut transaction = self.change().await?;
        for (unindexed, objects) in of {
            for object in objects {
                sqlx::query("INSERT OR IGNORE INTO stix_objects (object, document) VALUES ($1, $2)")
                    .bind(&object[..])
                    .bind(&unindexed.revision.told.document[..])
                    .execute(&mut *transaction)
                    .await?;
            }
            sqlx::query("INSERT OR REPLACE INTO stix_indexed (revision, form) VALUES ($1, $2)")
                .bind(unindexed.row)
                .bind(FORM)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }
}

fn unindexed(row: &SqliteRow) -> Result<Unindexed, StoreError> {
    let told = Told {
        at_ms: time(row, "published_ms")?,
        document: sixteen(row.try_get("id")?)?,
        number: row.try_get("number")?,
        withdrawn: false,
    };
    let revision = PublishedRevision {
        told,
        kind: kind(row)?,
        owner: OrganisationId::from_bytes(sixteen(row.try_get("owner")?)?),
        owner_name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
        tlp: label(row)?,
        is_first: false,
        is_last: false,
        leads_owner: false,
        leads_label: false,
        content: row.try_get("content")?,
    };
    Ok(Unindexed { row: row.try_get("row")?, revision })
}
