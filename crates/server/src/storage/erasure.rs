//! What is forgotten, and that nothing of it stays in the files.
//!
//! SQLite overwrites what is deleted (`secure_delete`), but the write-ahead log has older pages until it is folded into
//! the file. So who erases folds it, and cuts it off. What stays of a user is their id in the audit log; of a meeting, a
//! hash of its id there and among the forgotten, by which who knows the id can find it, and nobody else.

use sabha_protocol::{
    MeetingId,
    limits::{SESSION_IDLE, SESSION_LIFE},
};
use sha2::{Digest as _, Sha256};

use super::{
    AccountError, Store, StoreError,
    accounts::{millis, stored},
    bulletin, mails,
};

/// Tells these hashes from every other SHA-256.
const LABEL: &[u8] = b"sabha meeting mark v1";

/// Meetings that are forgotten in one transaction, so that nobody waits for long.
const FORGOTTEN_AT_ONCE: i64 = 500;

/// Returns what stays of a meeting's id.
pub(super) fn mark(meeting: &[u8; 20]) -> [u8; 32] {
    Sha256::new().chain_update(LABEL).chain_update(meeting).finalize().into()
}

/// Returns how the audit log names a meeting: the mark in hexadecimal.
pub(super) fn marked(meeting: &MeetingId) -> String {
    data_encoding::HEXLOWER.encode(&mark(meeting.as_bytes()))
}

impl Store {
    /// Forgets meetings that were over at `over_ms`, and whatever lets in and whose time is over. Returns how many rows
    /// went. A planned meeting is kept while the agenda shows it.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn forget(&self, over_ms: u64, now_ms: u64) -> Result<u64, AccountError> {
        let (now, mut gone) = (stored(now_ms), 0);
        let mut transaction = self.change().await?;
        for query in
            ["DELETE FROM links WHERE expires_ms <= $1", "DELETE FROM api_keys WHERE expires_ms <= $1"]
        {
            gone += sqlx::query(query).bind(now).execute(&mut *transaction).await?.rows_affected();
        }
        gone += sqlx::query("DELETE FROM sessions WHERE seen_ms <= $1 OR created_ms <= $2")
            .bind(now - millis(SESSION_IDLE))
            .bind(now - millis(SESSION_LIFE))
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        gone += mails::forget(&mut transaction, now_ms).await?;
        gone += bulletin::forget_notices(&mut transaction, now_ms).await?;
        let over: Vec<Vec<u8>> = sqlx::query_scalar(
            "DELETE FROM meetings WHERE id IN (SELECT id FROM meetings WHERE ended_ms <= $1
             AND NOT EXISTS (SELECT 1 FROM planned WHERE meeting = meetings.id) LIMIT $2) RETURNING id",
        )
        .bind(stored(over_ms))
        .bind(FORGOTTEN_AT_ONCE)
        .fetch_all(&mut *transaction)
        .await?;
        for id in over {
            let id: [u8; 20] =
                id.try_into().map_err(|_| sqlx::Error::Decode("an id is not 20 bytes long".into()))?;
            gone += sqlx::query("INSERT OR IGNORE INTO forgotten_meetings (mark) VALUES ($1)")
                .bind(&mark(&id)[..])
                .execute(&mut *transaction)
                .await?
                .rows_affected();
        }
        transaction.commit().await?;
        Ok(gone)
    }

    /// Folds the write-ahead log into the file and cuts it off, so that nothing older is in either. Returns whether it
    /// could: somebody who reads at that moment is in the way.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn fold(&self) -> Result<bool, StoreError> {
        let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&self.writer).await?;
        Ok(busy == 0)
    }
}
