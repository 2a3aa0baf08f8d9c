//! Whom to tell of what is published, by which way, and what became of it: one queue on disk, for mails and webhooks alike.
//!
//! ```text
//!  publication ──► announcement ──► notices, some readers at a time ──► message ──► sent, closed or failed
//!  one transaction                  with how far it went, in one each   settled before it is handed over
//! ```
//!
//! A publication writes one row, whoever many readers there are: to make a notice for each of ten thousand inside it would
//! hold the only writer for as long, and fail the publication with it. From the announcement notices are made some at a time,
//! each time in one transaction with how far that went, so that a crash finds both or neither. Need to know is asked there,
//! and again when a message is made: of a reader who lost their clearance in between, nothing is sent.
//!
//! A notice's id is made from whom it is for and what it is about, and a message is known by the id of its first notice, which
//! is on disk before anything is handed over. So what is sent again, since nobody noted that it was, has the id that it had.
//!
//! | file | what |
//! |---|---|
//! | `making.rs` | from announcements to notices |
//! | `sending.rs` | messages that are due, and what became of them |
//! | `settings.rs` | what accounts chose |
//! | `webhooks.rs` | addresses of organisations |
//! | `alerts.rs` | what is urgent and open |

mod alerts;
mod making;
mod sending;
mod settings;
mod webhooks;

use std::time::Duration;

use sabha_protocol::bulletin::Severity;
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

pub(super) use self::making::{announce, announce_followed};
pub use self::{
    sending::{DueMessage, NoticeOutcome, NoticeTo, NoticedDocument, What},
    settings::{ChosenNotices, NoticeKey},
    webhooks::WebhookRow,
};
use crate::storage::accounts::{decode, millis, stored};

/// How long it is kept what became of a notice, and how old one may be that nobody could be told.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// Whether a row of `users` is of who keeps the floor: bit 1 is an administrator, bit 4 a security officer (`accounts.rs`).
macro_rules! keeps_floor {
    ($users:literal) => {
        concat!("(", $users, ".roles & 5) <> 0")
    };
}
use keeps_floor;

pub(super) const fn severity_number(severity: Severity) -> i64 {
    severity as i64
}

/// Reads a column of this name.
pub(super) fn severity(row: &SqliteRow) -> Result<Option<Severity>, sqlx::Error> {
    let number: Option<i64> = row.try_get("severity")?;
    let severity = |number: i64| {
        let known = usize::try_from(number).ok().and_then(|number| Severity::ALL.get(number)).copied();
        known.ok_or_else(|| decode(std::io::Error::other("there is no such severity")))
    };
    number.map(severity).transpose()
}

/// Forgets what became of notices long ago, and announcements of which no notice is left.
pub(in crate::storage) async fn forget(
    transaction: &mut Transaction<'_, Sqlite>,
    now_ms: u64,
) -> Result<u64, sqlx::Error> {
    let gone = sqlx::query(
        "DELETE FROM announcements WHERE row IN
         (SELECT row FROM announcements WHERE at_ms <= $1 AND phase = 2 ORDER BY row LIMIT 100)",
    )
    .bind(stored(now_ms) - millis(KEPT))
    .execute(&mut **transaction)
    .await?;
    Ok(gone.rows_affected())
}
