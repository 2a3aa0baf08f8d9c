//! What was made of objects that somebody sent by TAXII: a status, told to who sent them and to nobody else, for a day.

use std::time::Duration;

use sabha_protocol::account::UserId;

use crate::storage::{Store, StoreError, accounts::stored};

/// How long a status is kept: what TAXII 2.1 wants at least (section 4.3).
const KEPT: Duration = Duration::from_hours(24);

/// Statuses of one user; the oldest goes first. Each is some 30 kB at most.
const OF_USER_MAX: i64 = 100;

impl Store {
    /// Keeps a status.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn keep_receipt(
        &self,
        user: UserId,
        id: [u8; 16],
        body: &str,
        now_ms: u64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.change().await?;
        let since_ms = now_ms.saturating_sub(u64::try_from(KEPT.as_millis()).unwrap_or(0));
        sqlx::query("DELETE FROM taxii_receipts WHERE at_ms < $1")
            .bind(stored(since_ms))
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO taxii_receipts (id, user, at_ms, body) VALUES ($1, $2, $3, $4)")
            .bind(&id[..])
            .bind(&user.as_bytes()[..])
            .bind(stored(now_ms))
            .bind(body)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "DELETE FROM taxii_receipts WHERE user = $1 AND id NOT IN
             (SELECT id FROM taxii_receipts WHERE user = $1 ORDER BY at_ms DESC, id LIMIT $2)",
        )
        .bind(&user.as_bytes()[..])
        .bind(OF_USER_MAX)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    /// Returns a status, if `user` is who sent the objects.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn receipt(&self, user: UserId, id: [u8; 16]) -> Result<Option<String>, StoreError> {
        let body = sqlx::query_scalar("SELECT body FROM taxii_receipts WHERE id = $1 AND user = $2")
            .bind(&id[..])
            .bind(&user.as_bytes()[..])
            .fetch_optional(&self.reader)
            .await?;
        Ok(body)
    }
}
