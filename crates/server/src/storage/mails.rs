//! Mails about planned meetings: a queue that survives a crash, and what became of each.
//!
//! A row stands before its request is answered, and is marked when the mail server has taken the message. A crash in between
//! sends it again under the same message id.

use std::time::Duration;

use sabha_protocol::{
    DisplayName, MeetingId, MeetingTitle,
    account::{EmailAddress, PlanId, UserId},
    limits::PLAN_OCCURRENCES_MAX,
    wire::{
        accounts::AuditAction,
        plans::{Mail, MailKind, MailState, MailTrouble, Times},
    },
};
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    AccountError, Author, Store, StoreError,
    accounts::{decode, millis, stored, time},
    audit::{self, Event},
    farewells,
};

/// A day, for which what one account has sent is counted, and for which mails are kept after the last meeting.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Mails to be queued.
#[derive(Clone, Debug)]
pub struct NewMails {
    /// About which plan.
    pub plan: PlanId,
    /// Whose it is.
    pub owner: UserId,
    /// To whom.
    pub to: Vec<EmailAddress>,
    /// What the meetings are called, if that is to be said.
    pub title: Option<MeetingTitle>,
    /// Most that one account has sent in a day.
    pub per_day: u32,
}

/// A mail that is due.
#[derive(Clone, Debug)]
pub struct DueMail {
    /// Its id.
    pub id: [u8; 16],
    /// To whom.
    pub to: EmailAddress,
    /// What it says.
    pub kind: MailKind,
    /// What the meetings are called, if that is to be said.
    pub title: Option<MeetingTitle>,
    /// The meetings with their times, the first first; without those that it is not about any more.
    pub meetings: Vec<(MeetingId, Times)>,
    /// How the plan was asked for, in JSON: for its zone.
    pub schedule: String,
    /// Who planned; absent if they were removed.
    pub by: Option<DisplayName>,
    /// Their address, if they have one.
    pub reply_to: Option<EmailAddress>,
    /// How often it was tried before.
    pub tries: u32,
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// The mail server has taken it, or there was nothing to say any more.
    Sent,
    /// It never will.
    Failed {
        /// Why, if the mail server said so.
        trouble: Option<MailTrouble>,
    },
    /// It is tried again.
    Again {
        /// When, in unix milliseconds.
        at_ms: u64,
        /// Why it has to be.
        trouble: MailTrouble,
    },
}

impl Store {
    /// Queues an invitation to each address, and returns all mails of the plan.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] if `owner` has no such plan, or nothing of it is to come; [`AccountError::Full`] if they have had as
    /// many sent as they may. Nothing was changed.
    pub async fn queue_mails(
        &self,
        author: Author,
        mails: &NewMails,
        now_ms: u64,
    ) -> Result<Vec<Mail>, AccountError> {
        let mut transaction = self.change().await?;
        let meetings: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT meeting FROM planned JOIN plans ON plans.id = planned.plan
             WHERE plans.id = $1 AND owner = $2 AND ends_ms > $3 AND cancelled_ms IS NULL ORDER BY starts_ms",
        )
        .bind(&mails.plan.as_bytes()[..])
        .bind(&mails.owner.as_bytes()[..])
        .bind(stored(now_ms))
        .fetch_all(&mut *transaction)
        .await?;
        if meetings.is_empty() {
            return Err(AccountError::Unknown);
        }
        let before: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM mails JOIN plans ON plans.id = mails.plan
             WHERE owner = $1 AND mails.created_ms > $2",
        )
        .bind(&mails.owner.as_bytes()[..])
        .bind(stored(now_ms) - millis(DAY))
        .fetch_one(&mut *transaction)
        .await?;
        if before.unsigned_abs() + mails.to.len() as u64 > u64::from(mails.per_day) {
            return Err(AccountError::Full);
        }
        let title = mails.title.as_ref().map(MeetingTitle::as_str);
        for to in &mails.to {
            let row = (mails.plan, to.as_str(), MailKind::Invitation, title);
            insert(&mut transaction, row, &meetings.concat(), now_ms).await?;
        }
        let event = Event::new(author, AuditAction::MeetingsMailed, mails.plan);
        audit::append(&mut transaction, now_ms, event.detail(mails.to.len().to_string())).await?;
        let all = of_plan(&mut transaction, mails.plan).await?;
        transaction.commit().await?;
        Ok(all)
    }

    /// Returns the mails about a plan of `owner`, oldest first.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] if they have no such plan.
    pub async fn mails(&self, owner: UserId, plan: PlanId) -> Result<Vec<Mail>, AccountError> {
        let mut transaction = self.reader.begin().await?;
        let theirs: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM plans WHERE id = $1 AND owner = $2)")
                .bind(&plan.as_bytes()[..])
                .bind(&owner.as_bytes()[..])
                .fetch_one(&mut *transaction)
                .await?;
        if !theirs {
            return Err(AccountError::Unknown);
        }
        Ok(of_plan(&mut transaction, plan).await?)
    }

    /// Returns a mail that is due, the oldest first, and when the next one is if none is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn due_mail(&self, now_ms: u64) -> Result<Result<DueMail, Option<u64>>, StoreError> {
        let row = sqlx::query(
            "SELECT mails.*, schedule, users.name, users.email FROM mails
             JOIN plans ON plans.id = mails.plan JOIN users ON users.id = plans.owner
             WHERE due_ms IS NOT NULL ORDER BY due_ms LIMIT 1",
        )
        .fetch_optional(&self.reader)
        .await?;
        let next_ms = row.as_ref().map(|row| time(row, "due_ms")).transpose()?;
        let Some(row) = row.filter(|_| next_ms.is_some_and(|due_ms| due_ms <= now_ms)) else {
            return farewells::due(&self.reader, now_ms, next_ms).await;
        };
        let kind = kind(&row)?;
        let mut meetings = Vec::new();
        let ids: &[u8] = row.try_get("meetings")?;
        for id in ids.as_chunks::<20>().0 {
            let planned = sqlx::query(
                "SELECT opens_ms, starts_ms, ends_ms FROM planned
                 WHERE meeting = $1 AND (cancelled_ms IS NOT NULL) = $2 AND ends_ms > $3",
            )
            .bind(&id[..])
            .bind(kind == MailKind::Cancellation)
            .bind(stored(now_ms))
            .fetch_optional(&self.reader)
            .await?;
            if let Some(planned) = planned {
                let times = Times {
                    opens_ms: time(&planned, "opens_ms")?,
                    starts_ms: time(&planned, "starts_ms")?,
                    ends_ms: time(&planned, "ends_ms")?,
                };
                meetings.push((MeetingId::from_bytes(*id), times));
            }
        }
        let text = |column| row.try_get::<Option<String>, _>(column);
        Ok(Ok(DueMail {
            id: super::accounts::sixteen(row.try_get("id")?)?,
            to: address(&row)?,
            kind,
            title: text("title")?.map(MeetingTitle::try_from).transpose().map_err(decode)?,
            meetings,
            schedule: row.try_get("schedule")?,
            by: Some(row.try_get::<String, _>("name")?.try_into().map_err(decode)?),
            reply_to: text("email")?.map(EmailAddress::try_from).transpose().map_err(decode)?,
            tries: row.try_get("tries")?,
        }))
    }

    /// Notes what became of a try.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_mail(&self, id: [u8; 16], tried: Tried) -> Result<(), StoreError> {
        let (state, due_ms, trouble) = match tried {
            Tried::Sent => ("sent", None, None),
            Tried::Failed { trouble } => ("failed", None, trouble),
            Tried::Again { at_ms, trouble } => ("waiting", Some(stored(at_ms)), Some(trouble)),
        };
        let noted = sqlx::query(
            "UPDATE mails SET state = $2, due_ms = $3, trouble = $4, tries = tries + 1 WHERE id = $1",
        )
        .bind(&id[..])
        .bind(state)
        .bind(due_ms)
        .bind(trouble.map(trouble_text))
        .execute(&self.writer)
        .await?;
        if noted.rows_affected() == 0 && farewells::note(&self.writer, id, due_ms).await? {
            self.fold().await?;
        }
        Ok(())
    }
}

/// Has everybody told who was invited by mail that these meetings are cancelled, all of one plan. Whose mail
/// has not gone out yet hears only of what is left.
pub(super) async fn cancel(
    transaction: &mut Transaction<'_, Sqlite>,
    meetings: &[Vec<u8>],
    now_ms: u64,
) -> Result<(), sqlx::Error> {
    let told = sqlx::query(
        "SELECT DISTINCT mails.plan, mails.address, mails.title FROM mails JOIN planned ON planned.plan = mails.plan
         WHERE planned.meeting = $1 AND kind = 'invitation' AND state = 'sent'",
    )
    .bind(meetings.first())
    .fetch_all(&mut **transaction)
    .await?;
    for row in told {
        let plan = PlanId::from_bytes(super::accounts::sixteen(row.try_get("plan")?)?);
        let (to, title): (&str, Option<&str>) = (row.try_get("address")?, row.try_get("title")?);
        let cancelled = &meetings[..meetings.len().min(PLAN_OCCURRENCES_MAX)].concat();
        let row = (plan, to, MailKind::Cancellation, title);
        insert(transaction, row, cancelled, now_ms).await?;
    }
    Ok(())
}

/// Forgets mails about meetings that are long over.
pub(super) async fn forget(
    transaction: &mut Transaction<'_, Sqlite>,
    now_ms: u64,
) -> Result<u64, sqlx::Error> {
    let gone = sqlx::query(
        "DELETE FROM mails WHERE NOT EXISTS
         (SELECT 1 FROM planned WHERE planned.plan = mails.plan AND ends_ms > $1)",
    )
    .bind(stored(now_ms) - millis(DAY))
    .execute(&mut **transaction)
    .await?;
    Ok(gone.rows_affected() + farewells::forget(transaction, now_ms).await?)
}

type NewRow<'a> = (PlanId, &'a str, MailKind, Option<&'a str>);

async fn insert(
    transaction: &mut Transaction<'_, Sqlite>,
    (plan, to, kind, title): NewRow<'_>,
    meetings: &[u8],
    now_ms: u64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO mails (id, plan, address, kind, title, meetings, created_ms, state, due_ms)
         VALUES (randomblob(16), $1, $2, $3, $4, $5, $6, 'waiting', $6)",
    )
    .bind(&plan.as_bytes()[..])
    .bind(to)
    .bind(match kind {
        MailKind::Cancellation => "cancellation",
        MailKind::Invitation => "invitation",
    })
    .bind(title)
    .bind(meetings)
    .bind(stored(now_ms))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn of_plan(transaction: &mut Transaction<'_, Sqlite>, plan: PlanId) -> Result<Vec<Mail>, sqlx::Error> {
    let rows = sqlx::query("SELECT * FROM mails WHERE plan = $1 ORDER BY created_ms, address")
        .bind(&plan.as_bytes()[..])
        .fetch_all(&mut **transaction)
        .await?;
    rows.iter()
        .map(|row| {
            let state = match row.try_get("state")? {
                "waiting" => MailState::Waiting,
                "sent" => MailState::Sent,
                _ => MailState::Failed,
            };
            let trouble = match row.try_get::<Option<&str>, _>("trouble")? {
                None => None,
                Some("certificate") => Some(MailTrouble::Certificate),
                Some("later") => Some(MailTrouble::Later),
                Some("no_tls") => Some(MailTrouble::NoTls),
                Some("refused") => Some(MailTrouble::Refused),
                Some(_) => Some(MailTrouble::Unreachable),
            };
            let created_ms = time(row, "created_ms")?;
            Ok(Mail { to: address(row)?, kind: kind(row)?, state, trouble, created_ms })
        })
        .collect()
}

fn kind(row: &SqliteRow) -> Result<MailKind, sqlx::Error> {
    let is_invitation = row.try_get::<&str, _>("kind")? == "invitation";
    Ok(if is_invitation { MailKind::Invitation } else { MailKind::Cancellation })
}

const fn trouble_text(trouble: MailTrouble) -> &'static str {
    match trouble {
        MailTrouble::Certificate => "certificate",
        MailTrouble::Later => "later",
        MailTrouble::NoTls => "no_tls",
        MailTrouble::Refused => "refused",
        MailTrouble::Unreachable => "unreachable",
    }
}

pub(super) fn address(row: &SqliteRow) -> Result<EmailAddress, sqlx::Error> {
    row.try_get::<String, _>("address")?.try_into().map_err(decode)
}
