//! Files that belong to a draft. Once it is published they stay.

use sabha_advisory::life::Step;
use sabha_protocol::{
    bulletin::{AttachmentId, AttachmentName, AttachmentType, DocumentId},
    limits::ATTACHMENTS_MAX,
    wire::accounts::AuditAction,
};
use sha2::{Digest as _, Sha256};

use super::{
    Acting, BulletinError, marked,
    writing::{known, wrote},
};
use crate::storage::{
    Author, Store,
    accounts::sixteen,
    audit::{self, Event},
};

/// A file to be attached. Its bytes fit its type.
#[derive(Clone, Debug)]
pub struct NewAttachment {
    /// Its id.
    pub id: AttachmentId,
    /// What it is called.
    pub name: AttachmentName,
    /// What it is.
    pub media_type: AttachmentType,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Store {
    /// Attaches a file to the draft of a document. Who does has written in it. Returns its hash.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`], [`BulletinError::NotTaken`] if there is no draft to write in, or not for them;
    /// [`BulletinError::Full`].
    pub async fn attach(
        &self,
        author: Author,
        acting: &Acting,
        document: DocumentId,
        new: &NewAttachment,
        now_ms: u64,
    ) -> Result<[u8; 32], BulletinError> {
        let hash: [u8; 32] = Sha256::digest(&new.bytes).into();
        let mut transaction = self.change().await?;
        let known = known(&mut transaction, acting, document).await?.ok_or(BulletinError::Unknown)?;
        let after = known.life.take(Step::Change, acting.actor())?;
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM attachments WHERE document = $1 AND number = $2")
                .bind(&document.as_bytes()[..])
                .bind(after.newest)
                .fetch_one(&mut *transaction)
                .await?;
        if count.unsigned_abs() >= ATTACHMENTS_MAX as u64 {
            return Err(BulletinError::Full);
        }
        sqlx::query(
            "INSERT INTO attachments (id, document, number, name, media_type, hash, content)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&new.id.as_bytes()[..])
        .bind(&document.as_bytes()[..])
        .bind(after.newest)
        .bind(new.name.as_str())
        .bind(new.media_type.media_type())
        .bind(&hash[..])
        .bind(new.bytes.as_slice())
        .execute(&mut *transaction)
        .await?;
        wrote(&mut transaction, acting.user, document, after.newest).await?;
        let event =
            Event::new(author, AuditAction::BulletinAttachment, marked(document)).detail("added".to_owned());
        audit::append(&mut transaction, now_ms, event).await?;
        transaction.commit().await?;
        Ok(hash)
    }

    /// Takes a file away from a draft.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`] if there is none, or none that `acting` may know of; [`BulletinError::NotTaken`] if its
    /// revision is no draft.
    pub async fn detach(
        &self,
        author: Author,
        acting: &Acting,
        id: AttachmentId,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let reader = acting.reader();
        if self.attachment(&reader, id).await?.is_none() {
            return Err(BulletinError::Unknown);
        }
        let mut transaction = self.change().await?;
        let row: Option<(Vec<u8>, u32)> =
            sqlx::query_as("SELECT document, number FROM attachments WHERE id = $1")
                .bind(&id.as_bytes()[..])
                .fetch_optional(&mut *transaction)
                .await?;
        let (document, number) = row.ok_or(BulletinError::Unknown)?;
        let document = DocumentId::from_bytes(sixteen(document)?);
        let known = known(&mut transaction, acting, document).await?.ok_or(BulletinError::Unknown)?;
        let after = known.life.take(Step::Change, acting.actor())?;
        if number != after.newest {
            return Err(sabha_advisory::life::NotTaken::Stage.into());
        }
        sqlx::query("DELETE FROM attachments WHERE id = $1")
            .bind(&id.as_bytes()[..])
            .execute(&mut *transaction)
            .await?;
        wrote(&mut transaction, acting.user, document, number).await?;
        let event = Event::new(author, AuditAction::BulletinAttachment, marked(document))
            .detail("removed".to_owned());
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }
}
