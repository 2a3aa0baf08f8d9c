//! What was published, in the order in which it was: for those who keep up with it by programs.
//!
//! A revision is told when it is published, and once more, as withdrawn, when its document is. The order is the same for every
//! reader; what one may not know of is not in theirs, and leaves no gap.

use sabha_advisory::clearance::Reader;
use sabha_protocol::{
    account::Label,
    bulletin::{DocumentId, DocumentKind, OrganisationId, SharingGroupId, TlpLabel},
};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{
    clearance::{Reading, as_reader, may_read},
    reading::{kind, label},
};
use crate::storage::{
    Store, StoreError,
    accounts::{decode, sixteen, stored, time},
};

/// A place in the order: that of a revision that was published, or of its document's withdrawal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Of which document.
    pub document: [u8; 16],
    /// Which revision.
    pub number: u32,
    /// Whether the document was withdrawn then.
    pub withdrawn: bool,
}

/// A revision as its reader is told of it.
#[derive(Clone, Debug)]
pub struct PublishedRevision {
    /// Where it is in the order.
    pub told: Told,
    /// What its document is.
    pub kind: DocumentKind,
    /// Who answers for it.
    pub owner: OrganisationId,
    /// Their name.
    pub owner_name: Label,
    /// How far it may travel.
    pub tlp: TlpLabel,
    /// Whether it is the first of its document, as far as the reader may know.
    pub is_first: bool,
    /// Whether it is the last of its document, as far as the reader may know.
    pub is_last: bool,
    /// Whether it is the first of its owner.
    pub leads_owner: bool,
    /// Whether it is the first of its label.
    pub leads_label: bool,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// What of it is asked for; by default everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Within {
    /// Only of documents that have an object of this UUID, as far as they are indexed.
    pub object: Option<[u8; 16]>,
    /// Only revisions that are shared with this group. What comes first or last does so among them.
    pub group: Option<SharingGroupId>,
}

impl PublishedRevision {
    /// Returns the document.
    pub const fn document(&self) -> DocumentId {
        DocumentId::from_bytes(self.told.document)
    }
}

impl Store {
    /// Returns what was published from `from` on, as far as `reader` may know it, `limit` at most.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn told(
        &self,
        reader: &Reader,
        from: Told,
        within: Within,
        limit: usize,
    ) -> Result<Vec<PublishedRevision>, StoreError> {
        let query = sqlx::query(concat!(
            "WITH known AS (
                 SELECT d.id, d.kind, d.owner, d.withdrawn_ms, r.row, r.number, r.tlp, r.published_ms,
                        ROW_NUMBER() OVER (PARTITION BY d.id ORDER BY r.number DESC) AS nth
                 FROM documents AS d JOIN revisions AS r ON r.document = d.id WHERE r.stage >= 3 AND ",
            may_read!(),
            " AND ($10 IS NULL OR EXISTS (SELECT 1 FROM revision_groups AS named
                  WHERE named.document = r.document AND named.number = r.number AND named.sharing_group = $10))
             ), happened AS (
                 SELECT id, kind, owner, row, number, tlp, published_ms AS at_ms, 0 AS withdrawn FROM known
                 UNION ALL
                 SELECT id, kind, owner, row, number, tlp, withdrawn_ms, 1 FROM known
                 WHERE withdrawn_ms IS NOT NULL AND nth = 1
             ), told AS (
                 SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY number, withdrawn) = 1 AS is_first,
                        ROW_NUMBER() OVER (PARTITION BY id ORDER BY number DESC, withdrawn DESC) = 1 AS is_last,
                        ROW_NUMBER() OVER (PARTITION BY owner ORDER BY at_ms, id, number, withdrawn) = 1 AS leads_owner,
                        ROW_NUMBER() OVER (PARTITION BY tlp ORDER BY at_ms, id, number, withdrawn) = 1 AS leads_label
                 FROM happened
             )
             SELECT told.*, m.name, r.content FROM told JOIN revisions AS r ON r.row = told.row
             JOIN member_organisations AS m ON m.id = told.owner
             WHERE (told.at_ms, told.id, told.number, told.withdrawn) >= ($4, $5, $6, $7)
             AND ($9 IS NULL OR told.id IN (SELECT document FROM stix_objects WHERE object = $9))
             ORDER BY told.at_ms, told.id, told.number, told.withdrawn LIMIT $8"
        ));
        let rows = as_reader!(query, Reading::of(reader))
            .bind(stored(from.at_ms))
            .bind(&from.document[..])
            .bind(from.number)
            .bind(from.withdrawn)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(within.object.map(Vec::from))
            .bind(within.group.map(|group| group.as_bytes().to_vec()))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(revision).collect()
    }
}

fn revision(row: &SqliteRow) -> Result<PublishedRevision, StoreError> {
    Ok(PublishedRevision {
        told: Told {
            at_ms: time(row, "at_ms")?,
            document: sixteen(row.try_get("id")?)?,
            number: row.try_get("number")?,
            withdrawn: row.try_get("withdrawn")?,
        },
        kind: kind(row)?,
        owner: OrganisationId::from_bytes(sixteen(row.try_get("owner")?)?),
        owner_name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
        tlp: label(row)?,
        is_first: row.try_get("is_first")?,
        is_last: row.try_get("is_last")?,
        leads_owner: row.try_get("leads_owner")?,
        leads_label: row.try_get("leads_label")?,
        content: row.try_get("content")?,
    })
}
