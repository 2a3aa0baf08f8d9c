//! Addresses at which organisations have themselves told of documents.

use sabha_protocol::{
    bulletin::{OrganisationId, Severity, WebhookId},
    limits::WEBHOOKS_MAX,
    wire::{accounts::AuditAction, bulletin_notices::Webhook},
};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{severity, severity_number};
use crate::storage::{
    Author, BulletinError, Store, StoreError,
    accounts::{sixteen, stored, time},
    audit::{self, Event},
    bulletin::clearance::may_read_as,
};

/// A webhook as it is shown.
pub type WebhookRow = Webhook;

/// Tries before a delivery is given up.
const TRIES_MAX: i64 = 12;

/// Deliveries to who takes none are given up when they are so old, in milliseconds: two days.
const AGE_MS_MAX: u64 = 48 * 60 * 60 * 1000;

/// Longest reason that is kept, in characters.
const TROUBLE_CHARS_MAX: usize = 300;

impl Store {
    /// Returns the webhooks of an organisation, the oldest first. What is waiting and given up counts what it may read now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn webhooks(&self, organisation: OrganisationId) -> Result<Vec<Webhook>, StoreError> {
        let rows = sqlx::query(concat!(
            "WITH known AS (
                 SELECT n.webhook, n.state FROM webhooks AS w JOIN notices AS n ON n.webhook = w.id
                 JOIN announcements AS a ON a.row = n.announcement
                 JOIN documents AS d ON d.id = a.document
                 JOIN revisions AS r ON r.document = a.document AND r.number = a.number
                 WHERE w.organisation = $1 AND n.state IN ('waiting', 'failed') AND ",
            may_read_as!("NULL", "w.organisation", "0"),
            ")
             SELECT w.*, (SELECT count(*) FROM known WHERE webhook = w.id AND state = 'waiting') AS waiting,
                    (SELECT count(*) FROM known WHERE webhook = w.id AND state = 'failed') AS given_up
             FROM webhooks AS w WHERE organisation = $1 ORDER BY created_ms, id"
        ))
        .bind(&organisation.as_bytes()[..])
        .fetch_all(&self.reader)
        .await?;
        Ok(rows.iter().map(webhook).collect::<Result<_, _>>()?)
    }

    /// Adds a webhook.
    ///
    /// # Errors
    /// [`BulletinError::Full`]; [`BulletinError::Unknown`] if the organisation takes no part.
    pub async fn add_webhook(
        &self,
        author: Author,
        organisation: OrganisationId,
        id: WebhookId,
        (url, severity): (&str, Option<Severity>),
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM webhooks WHERE organisation = $1")
            .bind(&organisation.as_bytes()[..])
            .fetch_one(&mut *transaction)
            .await?;
        if count.unsigned_abs() >= WEBHOOKS_MAX as u64 {
            return Err(BulletinError::Full);
        }
        let done = sqlx::query(
            "INSERT INTO webhooks (id, organisation, url, severity, created_ms)
             SELECT $1, id, $3, $4, $5 FROM member_organisations WHERE id = $2 AND left_ms IS NULL",
        )
        .bind(&id.as_bytes()[..])
        .bind(&organisation.as_bytes()[..])
        .bind(url)
        .bind(severity.map(severity_number))
        .bind(stored(now_ms))
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Err(BulletinError::Unknown);
        }
        let event =
            Event::new(author, AuditAction::BulletinWebhook, id).detail(format!("{organisation} added"));
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Removes a webhook of an organisation, with what was to be delivered there.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`].
    pub async fn remove_webhook(
        &self,
        author: Author,
        organisation: OrganisationId,
        id: WebhookId,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let done = sqlx::query("DELETE FROM webhooks WHERE id = $1 AND organisation = $2")
            .bind(&id.as_bytes()[..])
            .bind(&organisation.as_bytes()[..])
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Err(BulletinError::Unknown);
        }
        let event =
            Event::new(author, AuditAction::BulletinWebhook, id).detail(format!("{organisation} removed"));
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Has everything that waits for a webhook of an organisation, or was given up, tried now.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`].
    pub async fn retry_webhook(
        &self,
        organisation: OrganisationId,
        id: WebhookId,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let done = sqlx::query("UPDATE webhooks SET failures = 0 WHERE id = $1 AND organisation = $2")
            .bind(&id.as_bytes()[..])
            .bind(&organisation.as_bytes()[..])
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Err(BulletinError::Unknown);
        }
        sqlx::query(
            "UPDATE notices SET state = 'waiting', why = NULL, due_ms = $2,
                    tries = CASE state WHEN 'failed' THEN 0 ELSE tries END
             WHERE webhook = $1 AND state IN ('waiting', 'failed')",
        )
        .bind(&id.as_bytes()[..])
        .bind(stored(now_ms))
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    /// Notes that a delivery was taken.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_delivered(
        &self,
        webhook: WebhookId,
        notice: [u8; 16],
        now_ms: u64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.change().await?;
        sqlx::query(
            "UPDATE notices SET state = 'sent', due_ms = NULL, tries = tries + 1, noted_ms = $2
             WHERE id = $1 AND state = 'waiting'",
        )
        .bind(&notice[..])
        .bind(stored(now_ms))
        .execute(&mut *transaction)
        .await?;
        sqlx::query("UPDATE webhooks SET delivered_ms = $2, failures = 0, trouble = NULL WHERE id = $1")
            .bind(&webhook.as_bytes()[..])
            .bind(stored(now_ms))
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Notes that a delivery was not taken: all to that webhook wait until `at_ms`, and what was tried too often or is too old is
    /// given up.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_undelivered(
        &self,
        webhook: WebhookId,
        notice: [u8; 16],
        (why, at_ms): (&str, u64),
        now_ms: u64,
    ) -> Result<(), StoreError> {
        let why: String = why.chars().take(TROUBLE_CHARS_MAX).collect();
        let mut transaction = self.change().await?;
        sqlx::query("UPDATE notices SET tries = tries + 1 WHERE id = $1 AND state = 'waiting'")
            .bind(&notice[..])
            .execute(&mut *transaction)
            .await?;
        sqlx::query("UPDATE notices SET due_ms = max(due_ms, $2) WHERE webhook = $1 AND state = 'waiting'")
            .bind(&webhook.as_bytes()[..])
            .bind(stored(at_ms))
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "UPDATE notices SET state = 'failed', due_ms = NULL, why = 'webhook', noted_ms = $4
             WHERE webhook = $1 AND state = 'waiting' AND (tries >= $2
                 OR EXISTS (SELECT 1 FROM announcements WHERE row = notices.announcement AND at_ms < $3))",
        )
        .bind(&webhook.as_bytes()[..])
        .bind(TRIES_MAX)
        .bind(stored(now_ms.saturating_sub(AGE_MS_MAX)))
        .bind(stored(now_ms))
        .execute(&mut *transaction)
        .await?;
        sqlx::query("UPDATE webhooks SET failures = failures + 1, trouble = $2 WHERE id = $1")
            .bind(&webhook.as_bytes()[..])
            .bind(why)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }
}

fn webhook(row: &SqliteRow) -> Result<Webhook, sqlx::Error> {
    let delivered_ms: Option<i64> = row.try_get("delivered_ms")?;
    Ok(Webhook {
        id: WebhookId::from_bytes(sixteen(row.try_get("id")?)?),
        url: row.try_get("url")?,
        severity: severity(row)?,
        created_ms: time(row, "created_ms")?,
        delivered_ms: delivered_ms.map(i64::unsigned_abs),
        waiting: row.try_get("waiting")?,
        given_up: row.try_get("given_up")?,
        trouble: row.try_get("trouble")?,
    })
}
