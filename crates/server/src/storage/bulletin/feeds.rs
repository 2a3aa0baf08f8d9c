//! What feeds name, as one reader may know it, and the tokens by which somebody's are read.

use sabha_advisory::clearance::Reader;
use sabha_protocol::{
    account::{Label, UserId},
    bulletin::{DocumentId, DocumentKind, TlpLabel},
    limits::DOCUMENTS_PAGE_MAX,
    wire::accounts::AuditAction,
};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{
    BulletinError,
    clearance::{Reading, as_reader, may_read},
    reading::{kind, label},
};
use crate::storage::{
    Author, Store, StoreError,
    accounts::{decode, sixteen, stored},
    audit::{self, Event},
};

/// A document as a feed names it: its newest published revision that the reader may know.
#[derive(Clone, Debug)]
pub struct FeedLine {
    /// The document.
    pub id: DocumentId,
    /// What it is.
    pub kind: DocumentKind,
    /// Who answers for it.
    pub owner_name: Label,
    /// Which revision.
    pub number: u32,
    /// Its label.
    pub tlp: TlpLabel,
    /// Its title.
    pub title: String,
    /// The first summary among its notes.
    pub summary: Option<String>,
    /// When it was published, or the document withdrawn, in milliseconds since 1970.
    pub changed_ms: u64,
    /// Whether the document was withdrawn.
    pub withdrawn: bool,
}

impl Store {
    /// Returns a page of what `reader` may know of what is published, the last changed first, and whether there is more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn feed(
        &self,
        reader: &Reader,
        after: Option<DocumentId>,
    ) -> Result<(Vec<FeedLine>, bool), StoreError> {
        let query = sqlx::query(concat!(
            "WITH known AS (
                 SELECT d.id, d.kind, d.owner, d.withdrawn_ms, r.number, r.tlp, r.title,
                        max(r.published_ms, coalesce(d.withdrawn_ms, 0)) AS moved_ms,
                        ROW_NUMBER() OVER (PARTITION BY d.id ORDER BY r.number DESC) AS nth
                 FROM documents AS d JOIN revisions AS r ON r.document = d.id WHERE r.stage >= 3 AND ",
            may_read!(),
            "), newest AS (SELECT * FROM known WHERE nth = 1)
             SELECT newest.*, m.name, l.summary FROM newest JOIN member_organisations AS m ON m.id = newest.owner
             LEFT JOIN listings AS l ON l.document = newest.id AND l.number = newest.number
             WHERE $4 IS NULL OR (moved_ms, newest.id) < (SELECT moved_ms, id FROM newest WHERE id = $4)
             ORDER BY moved_ms DESC, newest.id DESC LIMIT $5"
        ));
        let rows = as_reader!(query, Reading::of(reader))
            .bind(after.map(|after| after.as_bytes().to_vec()))
            // One more than is answered shows whether there are more.
            .bind(i64::try_from(DOCUMENTS_PAGE_MAX + 1).unwrap_or(i64::MAX))
            .fetch_all(&self.reader)
            .await?;
        let mut lines = rows.iter().map(line).collect::<Result<Vec<_>, _>>()?;
        let more = lines.len() > DOCUMENTS_PAGE_MAX;
        lines.truncate(DOCUMENTS_PAGE_MAX);
        Ok((lines, more))
    }

    /// Gives `user` a token for feeds in the place of the one they had.
    ///
    /// # Errors
    /// [`BulletinError::Store`].
    pub async fn set_feed_token(
        &self,
        user: UserId,
        hash: &[u8; 32],
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        sqlx::query(
            "INSERT INTO feed_tokens (user, hash, created_ms) VALUES ($1, $2, $3)
             ON CONFLICT (user) DO UPDATE SET hash = excluded.hash, created_ms = excluded.created_ms",
        )
        .bind(&user.as_bytes()[..])
        .bind(&hash[..])
        .bind(stored(now_ms))
        .execute(&mut *transaction)
        .await?;
        let event = Event::new(Author::user(user), AuditAction::KeyCreated, user).detail("feeds".to_owned());
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Takes the token of `user` back, if they have one.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`] if they have none.
    pub async fn remove_feed_token(&self, user: UserId, now_ms: u64) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let done = sqlx::query("DELETE FROM feed_tokens WHERE user = $1")
            .bind(&user.as_bytes()[..])
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Err(BulletinError::Unknown);
        }
        let event = Event::new(Author::user(user), AuditAction::KeyRevoked, user).detail("feeds".to_owned());
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Returns since when `user` has a token for feeds, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn feed_token_created_ms(&self, user: UserId) -> Result<Option<u64>, StoreError> {
        let created: Option<i64> = sqlx::query_scalar("SELECT created_ms FROM feed_tokens WHERE user = $1")
            .bind(&user.as_bytes()[..])
            .fetch_optional(&self.reader)
            .await?;
        Ok(created.map(i64::unsigned_abs))
    }

    /// Returns whose feeds a token reads.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn feed_reader(&self, hash: &[u8; 32]) -> Result<Option<UserId>, StoreError> {
        let user: Option<Vec<u8>> = sqlx::query_scalar("SELECT user FROM feed_tokens WHERE hash = $1")
            .bind(&hash[..])
            .fetch_optional(&self.reader)
            .await?;
        Ok(user.map(sixteen).transpose()?.map(UserId::from_bytes))
    }
}

fn line(row: &SqliteRow) -> Result<FeedLine, StoreError> {
    Ok(FeedLine {
        id: DocumentId::from_bytes(sixteen(row.try_get("id")?)?),
        kind: kind(row)?,
        owner_name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
        number: row.try_get("number")?,
        tlp: label(row)?,
        title: row.try_get("title")?,
        summary: row.try_get("summary")?,
        changed_ms: row.try_get::<i64, _>("moved_ms")?.unsigned_abs(),
        withdrawn: row.try_get::<Option<i64>, _>("withdrawn_ms")?.is_some(),
    })
}
