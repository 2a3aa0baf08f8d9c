//! Lists, documents, contents and attachments, as one reader may know them.
//!
//! A list is in the order of its last change and not of how well words fit: how rare a word is would be counted over what
//! the reader may not know.

use sabha_advisory::clearance::Reader;
use sabha_protocol::{
    account::UserId,
    bulletin::{
        AttachmentId, AttachmentType, DocumentId, DocumentKind, OrganisationId, RevisionStage,
        SharingGroupId, TlpLabel,
    },
    limits::DOCUMENTS_PAGE_MAX,
    wire::bulletin_documents::{Attachment, BulletinDocument, DocumentLine, Documents, Marking, Revision},
};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{
    DocumentFilter, LABELS,
    chosen::{choosing, chosen},
    clearance::{Reading, as_reader, may_read},
    profiles::{self, seen_columns},
};
use crate::storage::{
    Store, StoreError,
    accounts::{decode, sixteen, time},
};

/// A file as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// What it is called; a revision's content has no name of its own.
    pub name: Option<String>,
    /// What it is said to be.
    pub media_type: AttachmentType,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Store {
    /// Returns documents, the last changed first: of each the newest revision that `reader` may know.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn documents(&self, reader: &Reader, filter: &DocumentFilter) -> Result<Documents, StoreError> {
        let query = sqlx::query(concat!(
            chosen!(),
            "SELECT chosen.*, title, tracking, name, (SELECT count(*) FROM chosen) AS count
             FROM chosen JOIN revisions USING (row) JOIN member_organisations AS m ON m.id = chosen.owner
             WHERE $12 IS NULL OR (chosen.changed_ms, chosen.id) < (SELECT changed_ms, id FROM chosen WHERE id = $12)
             ORDER BY chosen.changed_ms DESC, chosen.id DESC LIMIT $13"
        ));
        let rows = choosing!(query, Reading::of(reader), filter)
            .bind(filter.after.map(|after| after.as_bytes().to_vec()))
            // One more than is answered shows whether there are more.
            .bind(i64::try_from(DOCUMENTS_PAGE_MAX + 1).unwrap_or(i64::MAX))
            .fetch_all(&self.reader)
            .await?;
        if rows.is_empty() && filter.after.is_some() {
            // Nothing comes after, and so no row says how many there are.
            let all = DocumentFilter { after: None, ..filter.clone() };
            let count = Box::pin(self.documents(reader, &all)).await?.count;
            return Ok(Documents { documents: Vec::new(), count, more: false });
        }
        let count = rows.first().map(|row| row.try_get::<i64, _>("count")).transpose()?.unwrap_or(0);
        let mut documents = rows.iter().map(line).collect::<Result<Vec<_>, _>>()?;
        let more = documents.len() > DOCUMENTS_PAGE_MAX;
        documents.truncate(DOCUMENTS_PAGE_MAX);
        Ok(Documents { documents, count: count.unsigned_abs(), more })
    }

    /// Returns a document with the revisions that `reader` may know, or `None` where there are none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn document(
        &self,
        reader: &Reader,
        id: DocumentId,
    ) -> Result<Option<BulletinDocument>, StoreError> {
        let reading = Reading::of(reader);
        let query = sqlx::query(concat!(
            "SELECT d.*, m.name, r.number, r.stage, r.tlp, r.title, r.tracking, r.changed_ms, r.published_ms,
                    length(r.content) AS bytes, ",
            seen_columns!(),
            " FROM documents AS d JOIN revisions AS r ON r.document = d.id
             JOIN member_organisations AS m ON m.id = d.owner
             WHERE d.id = $4 AND ",
            may_read!(),
            " ORDER BY r.number DESC"
        ));
        let rows = as_reader!(query, reading).bind(&id.as_bytes()[..]).fetch_all(&self.reader).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let owner = OrganisationId::from_bytes(sixteen(first.try_get("owner")?)?);
        let is_own = reading.organisation().is_some_and(|own| own == owner.as_bytes());
        let mut revisions = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut revision = revision(row)?;
            revision.attachments = self.attachments_of(id, revision.number).await?;
            revision.profile = self.profile_of(id, revision.number).await?;
            if is_own {
                revision.marking = Some(self.marking(id, revision.number, revision.tlp).await?);
            }
            revisions.push(revision);
        }
        Ok(Some(BulletinDocument {
            id,
            kind: kind(first)?,
            owner,
            owner_name: first.try_get::<String, _>("name")?.try_into().map_err(decode)?,
            withdrawn: first.try_get::<Option<i64>, _>("withdrawn_ms")?.is_some(),
            revisions,
        }))
    }

    /// Returns the content of a revision, byte for byte, or `None` where `reader` may know of none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn revision_content(
        &self,
        reader: &Reader,
        id: DocumentId,
        number: u32,
    ) -> Result<Option<StoredFile>, StoreError> {
        let query = sqlx::query(concat!(
            "SELECT r.hash, r.content FROM documents AS d JOIN revisions AS r ON r.document = d.id
             WHERE d.id = $4 AND r.number = $5 AND ",
            may_read!()
        ));
        let row = as_reader!(query, Reading::of(reader))
            .bind(&id.as_bytes()[..])
            .bind(number)
            .fetch_optional(&self.reader)
            .await?;
        let file = |row: SqliteRow| {
            Ok(StoredFile {
                name: None,
                media_type: AttachmentType::Json,
                hash: hash(&row)?,
                bytes: row.try_get("content")?,
            })
        };
        row.map(file).transpose()
    }

    /// Returns an attachment, or `None` where `reader` may know of none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn attachment(
        &self,
        reader: &Reader,
        id: AttachmentId,
    ) -> Result<Option<StoredFile>, StoreError> {
        let query = sqlx::query(concat!(
            "SELECT a.name, a.media_type, a.hash, a.content FROM attachments AS a
             JOIN revisions AS r ON r.document = a.document AND r.number = a.number
             JOIN documents AS d ON d.id = r.document WHERE a.id = $4 AND ",
            may_read!()
        ));
        let row = as_reader!(query, Reading::of(reader))
            .bind(&id.as_bytes()[..])
            .fetch_optional(&self.reader)
            .await?;
        let file = |row: SqliteRow| {
            Ok(StoredFile {
                name: row.try_get("name")?,
                media_type: media_type(&row)?,
                hash: hash(&row)?,
                bytes: row.try_get("content")?,
            })
        };
        row.map(file).transpose()
    }

    async fn attachments_of(&self, id: DocumentId, number: u32) -> Result<Vec<Attachment>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, name, media_type, hash, length(content) AS bytes FROM attachments
             WHERE document = $1 AND number = $2 ORDER BY name, id",
        )
        .bind(&id.as_bytes()[..])
        .bind(number)
        .fetch_all(&self.reader)
        .await?;
        let attachment = |row: &SqliteRow| {
            Ok(Attachment {
                id: AttachmentId::from_bytes(sixteen(row.try_get("id")?)?),
                name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
                media_type: media_type(row)?,
                hash: data_encoding::HEXLOWER.encode(&hash(row)?),
                bytes: row.try_get::<i64, _>("bytes")?.unsigned_abs(),
            })
        };
        rows.iter().map(attachment).collect()
    }

    async fn marking(&self, id: DocumentId, number: u32, tlp: TlpLabel) -> Result<Marking, StoreError> {
        let named = async |query: &'static str| -> Result<Vec<[u8; 16]>, StoreError> {
            let ids: Vec<Vec<u8>> = sqlx::query_scalar(query)
                .bind(&id.as_bytes()[..])
                .bind(number)
                .fetch_all(&self.reader)
                .await?;
            Ok(ids.into_iter().map(sixteen).collect::<Result<_, _>>()?)
        };
        let groups =
            named("SELECT sharing_group FROM revision_groups WHERE document = $1 AND number = $2").await?;
        let organisations =
            named("SELECT organisation FROM revision_organisations WHERE document = $1 AND number = $2")
                .await?;
        let persons = named("SELECT user FROM revision_persons WHERE document = $1 AND number = $2").await?;
        Ok(Marking {
            tlp,
            groups: groups.into_iter().map(SharingGroupId::from_bytes).collect(),
            organisations: organisations.into_iter().map(OrganisationId::from_bytes).collect(),
            persons: persons.into_iter().map(UserId::from_bytes).collect(),
        })
    }
}

fn line(row: &SqliteRow) -> Result<DocumentLine, StoreError> {
    Ok(DocumentLine {
        id: DocumentId::from_bytes(sixteen(row.try_get("id")?)?),
        kind: kind(row)?,
        owner: OrganisationId::from_bytes(sixteen(row.try_get("owner")?)?),
        owner_name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
        withdrawn: row.try_get::<Option<i64>, _>("withdrawn_ms")?.is_some(),
        number: row.try_get("number")?,
        stage: stage(row)?,
        tlp: label(row)?,
        title: row.try_get("title")?,
        tracking: row.try_get("tracking")?,
        changed_ms: time(row, "changed_ms")?,
    })
}

fn revision(row: &SqliteRow) -> Result<Revision, StoreError> {
    let published_ms: Option<i64> = row.try_get("published_ms")?;
    Ok(Revision {
        number: row.try_get("number")?,
        stage: stage(row)?,
        tlp: label(row)?,
        title: row.try_get("title")?,
        tracking: row.try_get("tracking")?,
        hash: data_encoding::HEXLOWER.encode(&seen_hash(row)?),
        content_hash: data_encoding::HEXLOWER.encode(&hash(row)?),
        bytes: row.try_get::<i64, _>("bytes")?.unsigned_abs(),
        changed_ms: time(row, "changed_ms")?,
        published_ms: published_ms.map(i64::unsigned_abs),
        marking: None,
        attachments: Vec::new(),
        profile: None,
    })
}

pub(super) fn kind(row: &SqliteRow) -> Result<DocumentKind, StoreError> {
    let word: &str = row.try_get("kind")?;
    DocumentKind::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(|| strange("kind"))
}

fn media_type(row: &SqliteRow) -> Result<AttachmentType, StoreError> {
    let word: &str = row.try_get("media_type")?;
    AttachmentType::ALL
        .into_iter()
        .find(|kind| kind.media_type() == word)
        .ok_or_else(|| strange("media type"))
}

pub(super) fn stage(row: &SqliteRow) -> Result<RevisionStage, StoreError> {
    let number: i64 = row.try_get("stage")?;
    let at = usize::try_from(number).unwrap_or(usize::MAX);
    RevisionStage::ALL.get(at).copied().ok_or_else(|| strange("stage"))
}

pub(super) fn label(row: &SqliteRow) -> Result<TlpLabel, StoreError> {
    let number: i64 = row.try_get("tlp")?;
    let at = usize::try_from(number).unwrap_or(usize::MAX);
    LABELS.get(at).copied().ok_or_else(|| strange("label"))
}

pub(super) fn hash(row: &SqliteRow) -> Result<[u8; 32], StoreError> {
    let hash: Vec<u8> = row.try_get("hash")?;
    hash.try_into().map_err(|_| strange("hash"))
}

/// Returns what a step names as seen, from [`seen_columns`].
pub(super) fn seen_hash(row: &SqliteRow) -> Result<[u8; 32], StoreError> {
    let profile: Option<Vec<u8>> = row.try_get("profile_hash")?;
    let profile = profile.map(|hash| hash.try_into().map_err(|_| strange("hash"))).transpose()?;
    Ok(profiles::seen(hash(row)?, profile, row.try_get("attached")?))
}

pub(super) fn strange(what: &str) -> StoreError {
    StoreError::Unavailable(sqlx::Error::Decode(format!("the database has a {what} that is none").into()))
}
