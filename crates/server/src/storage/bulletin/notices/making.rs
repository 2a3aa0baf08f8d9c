//! From announcements to notices.

use sabha_advisory::life::Step;
use sabha_protocol::bulletin::DocumentId;
use sha2::{Digest as _, Sha256};
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::keeps_floor;
use crate::storage::{
    Store, StoreError,
    accounts::{sixteen, stored, time},
    bulletin::clearance::may_read_as,
};

/// Recipients that are looked at in one transaction: some milliseconds, in which nobody else writes.
const AT_ONCE: i64 = 200;

/// Tells these hashes from every other SHA-256.
const LABEL: &[u8] = b"sabha notice v1";

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// Notes that there is something to be told, if the step is one of which people are told.
pub(in crate::storage::bulletin) async fn announce(
    transaction: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    number: u32,
    step: Step,
    now_ms: u64,
) -> Result<(), sqlx::Error> {
    let kind = match step {
        Step::PublishInterim | Step::PublishFinal if number == 1 => "published",
        Step::PublishInterim | Step::PublishFinal => "revised",
        Step::Withdraw => "withdrawn",
        Step::Begin | Step::Change | Step::Submit | Step::Return | Step::Approve => return Ok(()),
    };
    // A withdrawal is of all revisions, since each reader hears of it as the withdrawal of the newest that they may know.
    sqlx::query(
        "INSERT INTO announcements (document, number, kind, at_ms)
         SELECT document, number, $3, $4 FROM revisions
         WHERE document = $1 AND stage >= 3 AND ($3 = 'withdrawn' OR number = $2) ORDER BY number",
    )
    .bind(&document.as_bytes()[..])
    .bind(number)
    .bind(kind)
    .bind(stored(now_ms))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Notes that who keeps the floor is to be told what became of a profile that a subscription brought.
pub(in crate::storage::bulletin) async fn announce_followed(
    transaction: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    number: u32,
    is_applied: bool,
    now_ms: u64,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO announcements (document, number, kind, at_ms) VALUES ($1, $2, $3, $4)")
        .bind(&document.as_bytes()[..])
        .bind(number)
        .bind(if is_applied { "followed" } else { "not_followed" })
        .bind(stored(now_ms))
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

impl Store {
    /// Makes notices for the next recipients of the oldest announcement of which not all were told. Returns whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; nothing was made.
    pub async fn make_notices(&self, now_ms: u64) -> Result<bool, StoreError> {
        let due = "SELECT EXISTS (SELECT 1 FROM announcements WHERE phase < 2)";
        if !sqlx::query_scalar(due).fetch_one(&self.reader).await? {
            return Ok(false);
        }
        let mut transaction = self.change().await?;
        let row = sqlx::query("SELECT * FROM announcements WHERE phase < 2 ORDER BY row LIMIT 1")
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Ok(false) };
        let announcement: i64 = row.try_get("row")?;
        let phase: i64 = row.try_get("phase")?;
        let recipients = recipients(&mut transaction, phase, &row).await?;
        for recipient in &recipients {
            if recipient.try_get::<Option<bool>, _>("tells")?.unwrap_or(false) {
                insert(&mut transaction, &row, recipient, now_ms).await?;
            }
        }
        let last = recipients.last().map(|last| last.try_get::<Vec<u8>, _>("id")).transpose()?;
        sqlx::query("UPDATE announcements SET phase = $2, after = $3 WHERE row = $1")
            .bind(announcement)
            .bind(if last.is_some() { phase } else { phase + 1 })
            .bind(last.unwrap_or_default())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// Returns the next accounts or webhooks, in the order of their ids, and whether each is told of it.
async fn recipients(
    transaction: &mut Transaction<'_, Sqlite>,
    phase: i64,
    announcement: &SqliteRow,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    // Of what was applied to meetings, accounts that keep the floor, whatever they chose to be told of documents; and no webhook.
    let keepers = concat!(
        "SELECT u.id, 'immediate' AS channel, NULL AS hour, 1 AS tells
         FROM users AS u WHERE u.id > $3 AND u.email IS NOT NULL AND ",
        keeps_floor!("u"),
        " ORDER BY u.id LIMIT $4"
    );
    let accounts = concat!(
        "SELECT s.user AS id, s.mode AS channel, s.hour,
                (s.severity IS NULL OR said.severity >= s.severity)
                AND (NOT EXISTS (SELECT 1 FROM notice_publishers AS any WHERE any.user = s.user)
                     OR EXISTS (SELECT 1 FROM notice_publishers AS chosen
                                WHERE chosen.user = s.user AND chosen.publisher = d.owner))
                AND ",
        may_read_as!("s.user", "m.organisation", "0"),
        " AND ($5 <> 'withdrawn' OR NOT EXISTS (SELECT 1 FROM revisions AS r
              WHERE r.document = d.id AND r.number > $2 AND r.stage >= 3 AND ",
        may_read_as!("s.user", "m.organisation", "0"),
        ")) AS tells
         FROM (SELECT * FROM notice_settings WHERE user > $3 AND mode <> 'none' ORDER BY user LIMIT $4) AS s
         LEFT JOIN memberships AS m ON m.user = s.user
         JOIN documents AS d ON d.id = $1 JOIN revisions AS r ON r.document = d.id AND r.number = $2
         LEFT JOIN revision_severities AS said ON said.revision = r.row
         ORDER BY s.user"
    );
    let webhooks = concat!(
        "SELECT w.id, 'webhook' AS channel, NULL AS hour, (w.severity IS NULL OR said.severity >= w.severity) AND ",
        may_read_as!("NULL", "w.organisation", "0"),
        " AND ($5 <> 'withdrawn' OR NOT EXISTS (SELECT 1 FROM revisions AS r
              WHERE r.document = d.id AND r.number > $2 AND r.stage >= 3 AND ",
        may_read_as!("NULL", "w.organisation", "0"),
        ")) AS tells
         FROM (SELECT * FROM webhooks WHERE id > $3 ORDER BY id LIMIT $4) AS w
         JOIN documents AS d ON d.id = $1 JOIN revisions AS r ON r.document = d.id AND r.number = $2
         LEFT JOIN revision_severities AS said ON said.revision = r.row
         ORDER BY w.id"
    );
    let kind: &str = announcement.try_get("kind")?;
    let query = match (phase, kind) {
        (0, "followed" | "not_followed") => keepers,
        (_, "followed" | "not_followed") => return Ok(Vec::new()),
        (0, _) => accounts,
        _ => webhooks,
    };
    sqlx::query(query)
        .bind(announcement.try_get::<Vec<u8>, _>("document")?)
        .bind(announcement.try_get::<i64, _>("number")?)
        .bind(announcement.try_get::<Vec<u8>, _>("after")?)
        .bind(AT_ONCE)
        .bind(kind)
        .fetch_all(&mut **transaction)
        .await
}

async fn insert(
    transaction: &mut Transaction<'_, Sqlite>,
    announcement: &SqliteRow,
    recipient: &SqliteRow,
    now_ms: u64,
) -> Result<(), sqlx::Error> {
    let to = sixteen(recipient.try_get("id")?)?;
    let channel = match recipient.try_get::<&str, _>("channel")? {
        "immediate" => "mail",
        other => other,
    };
    let id = name(announcement, &to)?;
    let due_ms = match channel {
        "digest" => next_hour_ms(now_ms, recipient.try_get::<i64, _>("hour")?.unsigned_abs()),
        _ => time(announcement, "at_ms")?,
    };
    let is_webhook = channel == "webhook";
    sqlx::query(
        "INSERT INTO notices (id, announcement, user, webhook, channel, message, state, due_ms, noted_ms)
         VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $8)",
    )
    .bind(&id[..])
    .bind(announcement.try_get::<i64, _>("row")?)
    .bind((!is_webhook).then_some(&to[..]))
    .bind(is_webhook.then_some(&to[..]))
    .bind(channel)
    // A digest is settled when it is due.
    .bind((channel != "digest").then_some(&id[..]))
    .bind(stored(due_ms))
    .bind(stored(now_ms))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Returns the id of a notice. It says nothing to who does not know all that it is made from.
fn name(announcement: &SqliteRow, to: &[u8; 16]) -> Result<[u8; 16], sqlx::Error> {
    let hash = Sha256::new()
        .chain_update(LABEL)
        .chain_update(announcement.try_get::<Vec<u8>, _>("document")?)
        .chain_update(announcement.try_get::<u32, _>("number")?.to_be_bytes())
        .chain_update(to)
        .chain_update(announcement.try_get::<&str, _>("kind")?)
        .finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    Ok(id)
}

/// Returns when it is this full hour in UTC next.
fn next_hour_ms(now_ms: u64, hour: u64) -> u64 {
    let today_ms = now_ms - now_ms % DAY_MS + hour * HOUR_MS;
    if today_ms > now_ms { today_ms } else { today_ms + DAY_MS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_goes_at_the_next_full_hour_that_was_chosen_and_never_at_once() {
        let midnight = 20_000 * DAY_MS;
        assert_eq!(next_hour_ms(midnight + 1, 6), midnight + 6 * HOUR_MS);
        assert_eq!(next_hour_ms(midnight + 6 * HOUR_MS, 6), midnight + DAY_MS + 6 * HOUR_MS);
        assert_eq!(next_hour_ms(midnight + 23 * HOUR_MS, 0), midnight + DAY_MS);
    }
}
