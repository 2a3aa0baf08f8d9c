//! Cancellations of meetings whose planner was removed. They stand by themselves, since the plan is gone with who made it, name
//! nobody but whom they go to, and are erased as soon as they are sent.

use sabha_protocol::{
    MeetingId, MeetingTitle,
    account::UserId,
    wire::plans::{MailKind, Times},
};
use sqlx::{Row as _, Sqlite, SqlitePool, Transaction, sqlite::SqliteRow};

use super::{
    StoreError,
    accounts::{decode, sixteen, stored, time},
    mails::{DueMail, address},
};

/// Bytes of a meeting's id, and of that with its times.
const ID_BYTES: usize = 20;
const ENTRY_BYTES: usize = ID_BYTES + 3 * 8;

/// Keeps the cancellations that wait of everything that `user` has planned: they are about to be removed, and their plans and
/// mails with them.
pub(super) async fn keep(
    transaction: &mut Transaction<'_, Sqlite>,
    user: UserId,
    now_ms: u64,
) -> Result<(), sqlx::Error> {
    let waiting = sqlx::query(
        "SELECT mails.id, address, title, meetings, schedule, tries, due_ms FROM mails
         JOIN plans ON plans.id = mails.plan WHERE owner = $1 AND kind = 'cancellation' AND state = 'waiting'",
    )
    .bind(&user.as_bytes()[..])
    .fetch_all(&mut **transaction)
    .await?;
    for row in waiting {
        let (entries, ends_ms) = entries(transaction, row.try_get("meetings")?, now_ms).await?;
        if entries.is_empty() {
            continue;
        }
        sqlx::query(
            "INSERT INTO farewells (id, address, title, meetings, schedule, ends_ms, tries, due_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(row.try_get::<&[u8], _>("id")?)
        .bind(row.try_get::<&str, _>("address")?)
        .bind(row.try_get::<Option<&str>, _>("title")?)
        .bind(entries)
        .bind(row.try_get::<&str, _>("schedule")?)
        .bind(ends_ms)
        .bind(row.try_get::<i64, _>("tries")?)
        .bind(row.try_get::<i64, _>("due_ms")?)
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// Returns the cancelled meetings of `ids` that would be to come, with their times, and when the last of them would end.
async fn entries(
    transaction: &mut Transaction<'_, Sqlite>,
    ids: &[u8],
    now_ms: u64,
) -> Result<(Vec<u8>, i64), sqlx::Error> {
    let (mut entries, mut last_ms) = (Vec::new(), 0);
    for id in ids.as_chunks::<ID_BYTES>().0 {
        let planned: Option<(i64, i64, i64)> = sqlx::query_as(
            "SELECT opens_ms, starts_ms, ends_ms FROM planned
             WHERE meeting = $1 AND cancelled_ms IS NOT NULL AND ends_ms > $2",
        )
        .bind(&id[..])
        .bind(stored(now_ms))
        .fetch_optional(&mut **transaction)
        .await?;
        let Some((opens_ms, starts_ms, ends_ms)) = planned else { continue };
        entries.extend_from_slice(id);
        for at_ms in [opens_ms, starts_ms, ends_ms] {
            entries.extend_from_slice(&at_ms.to_be_bytes());
        }
        last_ms = last_ms.max(ends_ms);
    }
    Ok((entries, last_ms))
}

/// Returns one that is due, the oldest first; else when the next mail is, of these and of those with a plan, which is at
/// `other_ms`.
pub(super) async fn due(
    reader: &SqlitePool,
    now_ms: u64,
    other_ms: Option<u64>,
) -> Result<Result<DueMail, Option<u64>>, StoreError> {
    let row = sqlx::query("SELECT * FROM farewells ORDER BY due_ms LIMIT 1").fetch_optional(reader).await?;
    let Some(row) = row else { return Ok(Err(other_ms)) };
    let due_ms = time(&row, "due_ms")?;
    if due_ms > now_ms {
        return Ok(Err(Some(other_ms.map_or(due_ms, |other_ms| other_ms.min(due_ms)))));
    }
    let title: Option<String> = row.try_get("title")?;
    Ok(Ok(DueMail {
        id: sixteen(row.try_get("id")?)?,
        to: address(&row)?,
        kind: MailKind::Cancellation,
        title: title.map(MeetingTitle::try_from).transpose().map_err(decode)?,
        meetings: meetings(&row, now_ms)?,
        schedule: row.try_get("schedule")?,
        by: None,
        reply_to: None,
        tries: row.try_get("tries")?,
    }))
}

/// Returns the meetings that would be to come still.
fn meetings(row: &SqliteRow, now_ms: u64) -> Result<Vec<(MeetingId, Times)>, sqlx::Error> {
    let entries: &[u8] = row.try_get("meetings")?;
    let read = |entry: &[u8; ENTRY_BYTES]| {
        let (id, times) = entry.split_first_chunk::<ID_BYTES>()?;
        let [opens, starts, ends] = times.as_chunks::<8>().0 else { return None };
        let [opens_ms, starts_ms, ends_ms] = [opens, starts, ends].map(|at| u64::from_be_bytes(*at));
        Some((MeetingId::from_bytes(*id), Times { opens_ms, starts_ms, ends_ms }))
    };
    let all = entries.as_chunks::<ENTRY_BYTES>().0.iter().filter_map(read);
    Ok(all.filter(|(_, times)| times.ends_ms > now_ms).collect())
}

/// Notes that one was tried: it is due again, or done with and erased. Returns whether it is erased.
pub(super) async fn note(
    writer: &SqlitePool,
    id: [u8; 16],
    due_ms: Option<i64>,
) -> Result<bool, sqlx::Error> {
    let Some(due_ms) = due_ms else {
        sqlx::query("DELETE FROM farewells WHERE id = $1").bind(&id[..]).execute(writer).await?;
        return Ok(true);
    };
    sqlx::query("UPDATE farewells SET due_ms = $2, tries = tries + 1 WHERE id = $1")
        .bind(&id[..])
        .bind(due_ms)
        .execute(writer)
        .await?;
    Ok(false)
}

/// Forgets those about meetings that would be over.
pub(super) async fn forget(
    transaction: &mut Transaction<'_, Sqlite>,
    now_ms: u64,
) -> Result<u64, sqlx::Error> {
    let gone = sqlx::query("DELETE FROM farewells WHERE ends_ms <= $1").bind(stored(now_ms));
    Ok(gone.execute(&mut **transaction).await?.rows_affected())
}
