//! Rows of planned meetings: whose they are and when. The meetings themselves are rows like any other's.
//!
//! A plan is stored with all its meetings, or not at all. Who planned owns it; nobody else sees or cancels it.

use std::{collections::BTreeMap, time::Duration};

use sabha_protocol::{
    MeetingId,
    account::{PlanId, UserId},
    limits::PLANNED_MAX,
    wire::{
        accounts::AuditAction,
        plans::{Plan, PlannedMeeting, PlannedState, Schedule, Times},
    },
};
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    AccountError, Author, Store, StoreError, StoredMeeting,
    accounts::{decode, millis, sixteen, stored, time},
    audit::{self, Event},
    erasure, farewells, mails, meetings,
};

/// For how long one that has ended is still listed.
const LISTED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// After its end nothing that was signed for a meeting is good any longer than this.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(32 * 24 * 60 * 60);

/// When whoever has a planned meeting's link is let into its lobby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// From then on, in unix milliseconds.
    pub opens_ms: u64,
    /// Not any more from then on.
    pub ends_ms: u64,
}

impl Window {
    /// Returns whether it is open.
    pub const fn holds(&self, now_ms: u64) -> bool {
        self.opens_ms <= now_ms && now_ms < self.ends_ms
    }
}

/// A plan to be stored.
#[derive(Clone, Debug)]
pub struct NewPlan {
    /// Its id.
    pub id: PlanId,
    /// Who plans.
    pub owner: UserId,
    /// As it was asked for.
    pub schedule: Schedule,
    /// Its meetings, at least one, with when each is.
    pub meetings: Vec<(MeetingId, StoredMeeting, Times)>,
}

impl Store {
    /// Stores a plan with all its meetings.
    ///
    /// # Errors
    /// [`AccountError::Full`] if its owner has planned as much as one may; [`AccountError::Taken`] if a meeting is there
    /// already. Nothing was changed.
    pub async fn create_plan(&self, author: Author, plan: &NewPlan, now_ms: u64) -> Result<(), AccountError> {
        let mut transaction = self.change().await?;
        forget_old(&mut transaction, now_ms).await?;
        let ahead: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM planned JOIN plans ON plans.id = planned.plan
             WHERE owner = $1 AND ends_ms > $2 AND cancelled_ms IS NULL",
        )
        .bind(&plan.owner.as_bytes()[..])
        .bind(stored(now_ms))
        .fetch_one(&mut *transaction)
        .await?;
        if ahead.unsigned_abs() + plan.meetings.len() as u64 > PLANNED_MAX as u64 {
            return Err(AccountError::Full);
        }
        let schedule = serde_json::to_string(&plan.schedule).map_err(decode)?;
        sqlx::query("INSERT INTO plans (id, owner, schedule, created_ms) VALUES ($1, $2, $3, $4)")
            .bind(&plan.id.as_bytes()[..])
            .bind(&plan.owner.as_bytes()[..])
            .bind(schedule)
            .bind(stored(now_ms))
            .execute(&mut *transaction)
            .await?;
        for (id, meeting, times) in &plan.meetings {
            if !meetings::insert(&mut transaction, id, meeting).await? {
                return Err(AccountError::Taken);
            }
            sqlx::query(
                "INSERT INTO planned (meeting, plan, opens_ms, starts_ms, ends_ms) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(&id.as_bytes()[..])
            .bind(&plan.id.as_bytes()[..])
            .bind(stored(times.opens_ms))
            .bind(stored(times.starts_ms))
            .bind(stored(times.ends_ms))
            .execute(&mut *transaction)
            .await?;
        }
        let event = Event::new(author, AuditAction::MeetingsPlanned, plan.id);
        audit::append(&mut transaction, now_ms, event.detail(plan.meetings.len().to_string())).await?;
        Ok(transaction.commit().await?)
    }

    /// Returns the plans of `owner`, oldest first, without meetings that ended more than a day ago.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn plans(&self, owner: UserId, now_ms: u64) -> Result<Vec<Plan>, StoreError> {
        let rows = sqlx::query(
            "SELECT plans.id AS plan_id, schedule, plans.created_ms, planned.*, meetings.ended_ms FROM plans
             JOIN planned ON planned.plan = plans.id JOIN meetings ON meetings.id = planned.meeting
             WHERE owner = $1 AND ends_ms > $2 ORDER BY plans.created_ms, plans.id, starts_ms",
        )
        .bind(&owner.as_bytes()[..])
        .bind(stored(now_ms) - millis(LISTED_FOR))
        .fetch_all(&self.reader)
        .await?;
        let mut plans: Vec<Plan> = Vec::new();
        for row in &rows {
            let id = PlanId::from_bytes(sixteen(row.try_get("plan_id")?)?);
            if plans.last().is_none_or(|last| last.id != id) {
                let schedule: String = row.try_get("schedule")?;
                let schedule = serde_json::from_str(&schedule).map_err(decode)?;
                plans.push(Plan { id, schedule, created_ms: time(row, "created_ms")?, meetings: Vec::new() });
            }
            let plan = plans.last_mut().expect("one was put in above, or was there");
            plan.meetings.push(planned(row)?);
        }
        Ok(plans)
    }

    /// Returns at most so many planned meetings of everybody that are not over, with when each starts, the soonest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn planned_ahead(
        &self,
        now_ms: u64,
        count: usize,
    ) -> Result<Vec<(MeetingId, StoredMeeting, u64)>, StoreError> {
        let rows = sqlx::query(
            "SELECT meetings.*, starts_ms FROM planned JOIN meetings ON meetings.id = planned.meeting
             WHERE ends_ms > $1 AND cancelled_ms IS NULL AND ended_ms IS NULL ORDER BY starts_ms, id LIMIT $2",
        )
        .bind(stored(now_ms))
        .bind(i64::try_from(count).unwrap_or(i64::MAX))
        .fetch_all(&self.reader)
        .await?;
        let planned = |row: &SqliteRow| {
            let id: Vec<u8> = row.try_get("id")?;
            let id = id.try_into().map(MeetingId::from_bytes);
            let id = id.map_err(|_| sqlx::Error::Decode("an id is not 20 bytes long".into()))?;
            Ok((id, meetings::described(row)?, time(row, "starts_ms")?))
        };
        rows.iter().map(planned).collect()
    }

    /// Cancels every meeting of a plan of `owner` that has not ended, and returns which. Each is over.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] if they have no such plan, or nothing of it is left to cancel.
    pub async fn cancel_plan(
        &self,
        author: Author,
        owner: UserId,
        id: PlanId,
        now_ms: u64,
    ) -> Result<Vec<MeetingId>, AccountError> {
        let mut transaction = self.change().await?;
        let meetings: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT meeting FROM planned JOIN plans ON plans.id = planned.plan
             WHERE plans.id = $1 AND owner = $2 AND ends_ms > $3 AND cancelled_ms IS NULL",
        )
        .bind(&id.as_bytes()[..])
        .bind(&owner.as_bytes()[..])
        .bind(stored(now_ms))
        .fetch_all(&mut *transaction)
        .await?;
        let cancelled = cancel(&mut transaction, author, meetings, now_ms).await?;
        transaction.commit().await?;
        Ok(cancelled)
    }

    /// Cancels one planned meeting of `owner` that has not ended, and returns it. It is over.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] if they have planned no such meeting, or it is not there to cancel any more.
    pub async fn cancel_meeting(
        &self,
        author: Author,
        owner: UserId,
        id: &MeetingId,
        now_ms: u64,
    ) -> Result<Vec<MeetingId>, AccountError> {
        let mut transaction = self.change().await?;
        let meetings: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT meeting FROM planned JOIN plans ON plans.id = planned.plan
             WHERE meeting = $1 AND owner = $2 AND ends_ms > $3 AND cancelled_ms IS NULL",
        )
        .bind(&id.as_bytes()[..])
        .bind(&owner.as_bytes()[..])
        .bind(stored(now_ms))
        .fetch_all(&mut *transaction)
        .await?;
        let cancelled = cancel(&mut transaction, author, meetings, now_ms).await?;
        transaction.commit().await?;
        Ok(cancelled)
    }
}

/// Cancels everything that `user` has planned, since they are about to be removed, and returns what was to come. Whoever was
/// invited to it by mail is told, though the plans are gone by then.
pub(super) async fn cancel_all_of(
    transaction: &mut Transaction<'_, Sqlite>,
    author: Author,
    user: UserId,
    now_ms: u64,
) -> Result<Vec<MeetingId>, AccountError> {
    let to_come: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT plan, meeting FROM planned JOIN plans ON plans.id = planned.plan
         WHERE owner = $1 AND ends_ms > $2 AND cancelled_ms IS NULL ORDER BY starts_ms",
    )
    .bind(&user.as_bytes()[..])
    .bind(stored(now_ms))
    .fetch_all(&mut **transaction)
    .await?;
    let mut by_plan: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
    for (plan, meeting) in to_come {
        by_plan.entry(plan).or_default().push(meeting);
    }
    let mut cancelled = Vec::new();
    for meetings in by_plan.into_values() {
        cancelled.extend(cancel(transaction, author, meetings, now_ms).await?);
    }
    farewells::keep(transaction, user, now_ms).await?;
    // What is over by the calendar may go on still.
    let all: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT meeting FROM planned JOIN plans ON plans.id = planned.plan WHERE owner = $1",
    )
    .bind(&user.as_bytes()[..])
    .fetch_all(&mut **transaction)
    .await?;
    for meeting in all {
        sqlx::query(meetings::END).bind(meeting).bind(stored(now_ms)).execute(&mut **transaction).await?;
    }
    Ok(cancelled)
}

async fn cancel(
    transaction: &mut Transaction<'_, Sqlite>,
    author: Author,
    meetings: Vec<Vec<u8>>,
    now_ms: u64,
) -> Result<Vec<MeetingId>, AccountError> {
    if meetings.is_empty() {
        return Err(AccountError::Unknown);
    }
    mails::cancel(transaction, &meetings, now_ms).await?;
    let mut cancelled = Vec::with_capacity(meetings.len());
    for meeting in meetings {
        let id = MeetingId::from_bytes(twenty(&meeting)?);
        cancelled.push(id);
        sqlx::query("UPDATE planned SET cancelled_ms = $2 WHERE meeting = $1")
            .bind(&meeting)
            .bind(stored(now_ms))
            .execute(&mut **transaction)
            .await?;
        sqlx::query(meetings::END).bind(&meeting).bind(stored(now_ms)).execute(&mut **transaction).await?;
        audit::append(
            transaction,
            now_ms,
            Event::new(author, AuditAction::MeetingCancelled, erasure::marked(&id)),
        )
        .await?;
    }
    Ok(cancelled)
}

/// Forgets when meetings were that are long over. Who has one of their links finds none.
async fn forget_old(transaction: &mut Transaction<'_, Sqlite>, now_ms: u64) -> Result<(), sqlx::Error> {
    let before = stored(now_ms) - millis(FORGOTTEN_AFTER);
    let old: Vec<Vec<u8>> = sqlx::query_scalar("DELETE FROM planned WHERE ends_ms < $1 RETURNING meeting")
        .bind(before)
        .fetch_all(&mut **transaction)
        .await?;
    for meeting in old {
        sqlx::query(meetings::END).bind(meeting).bind(stored(now_ms)).execute(&mut **transaction).await?;
    }
    sqlx::query("DELETE FROM plans WHERE NOT EXISTS (SELECT 1 FROM planned WHERE plan = plans.id)")
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

fn planned(row: &SqliteRow) -> Result<PlannedMeeting, sqlx::Error> {
    let state = if row.try_get::<Option<i64>, _>("cancelled_ms")?.is_some() {
        PlannedState::Cancelled
    } else if row.try_get::<Option<i64>, _>("ended_ms")?.is_some() {
        PlannedState::Over
    } else {
        PlannedState::Planned
    };
    let times = Times {
        opens_ms: time(row, "opens_ms")?,
        starts_ms: time(row, "starts_ms")?,
        ends_ms: time(row, "ends_ms")?,
    };
    Ok(PlannedMeeting { meeting: MeetingId::from_bytes(twenty(row.try_get("meeting")?)?), times, state })
}

fn twenty(bytes: &[u8]) -> Result<[u8; 20], sqlx::Error> {
    bytes.try_into().map_err(|_| sqlx::Error::Decode("a meeting's id is not 20 bytes long".into()))
}
