//! The policy profile of a revision: one signed file, bound to the revision as its content is.
//!
//! Not an attachment: it is checked before it is stored, and its hash is in what four eyes approve (ADV-01). Another revision
//! begins without one, since what was demanded then need not be demanded now.

use sabha_advisory::{clearance::Reader, life::Step};
use sabha_protocol::{
    bulletin::{AttachmentType, DocumentId},
    key::ProfileKey,
    wire::{accounts::AuditAction, advisory_policy::RevisionProfile, profile::ProfileFile},
};
use sha2::{Digest as _, Sha256};
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    Acting, BulletinError, StoredFile,
    clearance::{Reading, as_reader, may_read},
    marked,
    reading::{hash, strange},
    writing::{known, wrote},
};
use crate::storage::{
    Author, Store, StoreError,
    accounts::stored,
    audit::{self, Event},
};

/// Tells these hashes from every other SHA-256.
const LABEL: &[u8] = b"sabha revision as seen v1";

/// A profile to be carried. Its signature holds.
#[derive(Clone, Debug)]
pub struct NewProfile {
    /// What the bytes say.
    pub file: ProfileFile,
    /// Under which key its signature holds.
    pub key: ProfileKey,
    /// The file, byte for byte.
    pub bytes: Vec<u8>,
}

/// Returns what a step names as seen: the hash of the content, and where there is more to be seen, of all of it. `attached` has
/// a line for each attachment: hash, type and name, which has no line break in it.
pub(super) fn seen(content: [u8; 32], profile: Option<[u8; 32]>, attached: Option<&str>) -> [u8; 32] {
    if profile.is_none() && attached.is_none() {
        return content;
    }
    let mut all = Sha256::new().chain_update(LABEL).chain_update(content);
    all.update([u8::from(profile.is_some())]);
    all.update(profile.unwrap_or_default());
    all.update(attached.unwrap_or_default());
    all.finalize().into()
}

/// The columns of `revisions AS r` from which [`seen`] is made.
macro_rules! seen_columns {
    () => {
        "r.hash,
         (SELECT p.hash FROM revision_profiles AS p
          WHERE p.document = r.document AND p.number = r.number) AS profile_hash,
         (SELECT group_concat(lower(hex(a.hash)) || ' ' || a.media_type || ' ' || a.name, char(10) ORDER BY a.id)
          FROM attachments AS a WHERE a.document = r.document AND a.number = r.number) AS attached"
    };
}
pub(super) use seen_columns;

impl Store {
    /// Has the draft of a document carry a profile, in the place of the one that it carried. Who does has written in it.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`], [`BulletinError::NotTaken`] if there is no draft to write in, or not for them.
    pub async fn carry_profile(
        &self,
        author: Author,
        acting: &Acting,
        document: DocumentId,
        new: &NewProfile,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let number = draft(&mut transaction, acting, document).await?;
        take_away(&mut transaction, document, number).await?;
        let profile = &new.file.profile;
        sqlx::query(
            "INSERT INTO revision_profiles (document, number, id, revision, title, issuer, key, hash, content)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(&document.as_bytes()[..])
        .bind(number)
        .bind(profile.id.as_str())
        .bind(profile.revision.get())
        .bind(profile.title.as_str())
        .bind(profile.issuer.as_str())
        .bind(&new.key.as_bytes()[..])
        .bind(&Sha256::digest(&new.bytes)[..])
        .bind(new.bytes.as_slice())
        .execute(&mut *transaction)
        .await?;
        changed(transaction, author, acting, (document, number), "added", now_ms).await
    }

    /// Takes the profile away from the draft of a document.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`] also if it carries none; else as [`Store::carry_profile`].
    pub async fn drop_profile(
        &self,
        author: Author,
        acting: &Acting,
        document: DocumentId,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let number = draft(&mut transaction, acting, document).await?;
        if !take_away(&mut transaction, document, number).await? {
            return Err(BulletinError::Unknown);
        }
        changed(transaction, author, acting, (document, number), "removed", now_ms).await
    }

    /// Returns the profile's file of a revision, byte for byte, or `None` where `reader` may know of none (ADV-02).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn revision_profile(
        &self,
        reader: &Reader,
        id: DocumentId,
        number: u32,
    ) -> Result<Option<StoredFile>, StoreError> {
        let query = sqlx::query(concat!(
            "SELECT p.hash, p.content FROM revision_profiles AS p
             JOIN revisions AS r ON r.document = p.document AND r.number = p.number
             JOIN documents AS d ON d.id = r.document WHERE d.id = $4 AND r.number = $5 AND ",
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

    /// Returns what a revision carries. That the reader may know of the revision was decided before.
    pub(super) async fn profile_of(
        &self,
        id: DocumentId,
        number: u32,
    ) -> Result<Option<RevisionProfile>, StoreError> {
        let row = sqlx::query(
            "SELECT id, revision, title, issuer, key, hash, length(content) AS bytes FROM revision_profiles
             WHERE document = $1 AND number = $2",
        )
        .bind(&id.as_bytes()[..])
        .bind(number)
        .fetch_optional(&self.reader)
        .await?;
        row.as_ref().map(summary).transpose()
    }
}

/// Reads the columns `id`, `revision`, `title`, `issuer`, `key`, `hash` and `bytes` of a profile.
pub(super) fn summary(row: &SqliteRow) -> Result<RevisionProfile, StoreError> {
    Ok(RevisionProfile {
        id: row.try_get("id")?,
        revision: row.try_get("revision")?,
        title: row.try_get("title")?,
        issuer: row.try_get("issuer")?,
        key: key(row)?,
        hash: data_encoding::HEXLOWER.encode(&hash(row)?),
        bytes: row.try_get("bytes")?,
    })
}

pub(super) fn key(row: &SqliteRow) -> Result<ProfileKey, StoreError> {
    let key: Vec<u8> = row.try_get("key")?;
    key.try_into().map(ProfileKey::from_bytes).map_err(|_| strange("key"))
}

/// Returns the number of the draft, if there is one in which `acting` may write.
async fn draft(
    transaction: &mut Transaction<'_, Sqlite>,
    acting: &Acting,
    document: DocumentId,
) -> Result<u32, BulletinError> {
    let known = known(transaction, acting, document).await?.ok_or(BulletinError::Unknown)?;
    Ok(known.life.take(Step::Change, acting.actor())?.newest)
}

async fn take_away(
    transaction: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    number: u32,
) -> Result<bool, BulletinError> {
    let gone = sqlx::query("DELETE FROM revision_profiles WHERE document = $1 AND number = $2")
        .bind(&document.as_bytes()[..])
        .bind(number)
        .execute(&mut **transaction)
        .await?;
    Ok(gone.rows_affected() > 0)
}

async fn changed(
    mut transaction: Transaction<'_, Sqlite>,
    author: Author,
    acting: &Acting,
    (document, number): (DocumentId, u32),
    word: &str,
    now_ms: u64,
) -> Result<(), BulletinError> {
    wrote(&mut transaction, acting.user, document, number).await?;
    sqlx::query("UPDATE revisions SET changed_ms = $3 WHERE document = $1 AND number = $2")
        .bind(&document.as_bytes()[..])
        .bind(number)
        .bind(stored(now_ms))
        .execute(&mut *transaction)
        .await?;
    let event = Event::new(author, AuditAction::BulletinProfile, marked(document)).detail(word.to_owned());
    audit::append(&mut transaction, now_ms, event).await?;
    Ok(transaction.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ADV-01
    #[test]
    fn what_is_approved_is_the_content_with_the_profile_and_the_attachments() {
        let (one, two) = ([1; 32], [2; 32]);
        assert_eq!(seen(one, None, None), one);
        let all = [
            seen(one, None, None),
            seen(one, Some(two), None),
            seen(one, Some(one), None),
            seen(two, Some(one), None),
            seen(one, None, Some("a text/plain a.txt")),
            seen(one, None, Some("a text/plain b.txt")),
            seen(one, Some(one), Some("a text/plain a.txt")),
        ];
        for (at, hash) in all.iter().enumerate() {
            assert!(!all[..at].contains(hash), "{at}");
        }
    }
}
