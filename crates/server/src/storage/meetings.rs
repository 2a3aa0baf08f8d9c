//! Rows of meetings and removed places.

use sabha_conference::Record;
use sabha_protocol::{
    DeviceKey, MeetingId, ParticipantId, RoomEpoch,
    account::UserId,
    key::GateKey,
    opaque::{GroupInfo, RatchetTree, SealedTitle},
    wire::accounts::AuditAction,
};
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    Author, Store, StoreError, Window,
    accounts::time,
    audit::{self, Event},
    erasure, now_ms,
};

/// A meeting that is not over, as its creator described it. Nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMeeting {
    /// Its title, which the server cannot read.
    pub title: Option<SealedTitle>,
    /// Who can sign with it has the link.
    pub gate_key: GateKey,
    /// Its group at epoch 0, signed by the creator's device.
    pub group_info: GroupInfo,
    /// The group's tree at epoch 0.
    pub tree: RatchetTree,
}

/// What somebody at a meeting's door is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// Who can sign with it has the link.
    pub gate_key: GateKey,
    /// When the link opens a planned meeting's lobby; `None` for a meeting that was not planned.
    pub window: Option<Window>,
}

/// What a room starts from, besides the meeting itself.
#[derive(Clone, Debug)]
pub struct RoomStart {
    /// How many times the room was opened, this time included.
    pub room_epoch: RoomEpoch,
    /// Greater than any id that was given before.
    pub next_participant: ParticipantId,
    /// Places that stay closed.
    pub removed: Vec<ParticipantId>,
    /// Accounts that are kept out, each by the banned device that it was signed in with.
    pub banned_accounts: Vec<(DeviceKey, UserId)>,
}

impl Store {
    /// Stores a meeting. Returns `false`, and changes nothing, if the id is taken.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn create_meeting(&self, id: &MeetingId, meeting: &StoredMeeting) -> Result<bool, StoreError> {
        self.create_meeting_by(Author::default(), id, meeting).await
    }

    /// As [`Store::create_meeting`], with who did it for the audit log.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn create_meeting_by(
        &self,
        author: Author,
        id: &MeetingId,
        meeting: &StoredMeeting,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.change().await?;
        if !insert(&mut transaction, id, meeting).await? {
            return Ok(false);
        }
        let event = Event::new(author, AuditAction::MeetingCreated, erasure::marked(id));
        audit::append(&mut transaction, now_ms().unsigned_abs(), event).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Returns what is at a meeting's door, unless it never was or is over. One look-up and a short row: this is what
    /// somebody can have looked up who has shown nothing yet.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn door(&self, id: &MeetingId) -> Result<Option<Door>, StoreError> {
        let row = sqlx::query(
            "SELECT gate_key, opens_ms, ends_ms FROM meetings LEFT JOIN planned ON planned.meeting = meetings.id
             WHERE meetings.id = $1 AND ended_ms IS NULL",
        )
        .bind(&id.as_bytes()[..])
        .fetch_optional(&self.reader)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let is_planned = row.try_get::<Option<i64>, _>("opens_ms")?.is_some();
        let window = || {
            Ok::<_, StoreError>(Window { opens_ms: time(&row, "opens_ms")?, ends_ms: time(&row, "ends_ms")? })
        };
        Ok(Some(Door { gate_key: gate_key(&row)?, window: is_planned.then(window).transpose()? }))
    }

    /// Returns a meeting, unless it never was or is over.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn meeting(&self, id: &MeetingId) -> Result<Option<StoredMeeting>, StoreError> {
        let row = sqlx::query(
            "SELECT title, gate_key, group_info, tree FROM meetings WHERE id = $1 AND ended_ms IS NULL",
        )
        .bind(&id.as_bytes()[..])
        .fetch_optional(&self.reader)
        .await?;
        row.as_ref().map(described).transpose()
    }

    /// Opens the meeting's room once more: counts its epoch up and returns what it starts from. `None` if
    /// the meeting never was or is over.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the epoch may have been counted up all the same, which is harmless.
    pub async fn open_room(&self, id: &MeetingId) -> Result<Option<RoomStart>, StoreError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let row = sqlx::query(
            "UPDATE meetings SET room_epoch = room_epoch + 1 WHERE id = $1 AND ended_ms IS NULL
             RETURNING room_epoch, next_participant",
        )
        .bind(&id.as_bytes()[..])
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let removed =
            sqlx::query_scalar::<_, i64>("SELECT participant FROM removed_places WHERE meeting = $1")
                .bind(&id.as_bytes()[..])
                .fetch_all(&mut *transaction)
                .await?;
        let banned: Vec<(Vec<u8>, Vec<u8>)> =
            sqlx::query_as("SELECT device, user FROM banned_accounts WHERE meeting = $1")
                .bind(&id.as_bytes()[..])
                .fetch_all(&mut *transaction)
                .await?;
        transaction.commit().await?;
        Ok(Some(RoomStart {
            banned_accounts: banned.iter().map(banned_account).collect::<Result<_, _>>()?,
            room_epoch: RoomEpoch(row.try_get::<i64, _>("room_epoch")?.unsigned_abs()),
            next_participant: participant(row.try_get("next_participant")?)?,
            removed: removed.into_iter().map(participant).collect::<Result<_, _>>()?,
        }))
    }

    /// Writes what a room wants to outlive the process. On disk once this returns.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; nothing was changed.
    pub async fn write(&self, meeting: &MeetingId, record: Record) -> Result<(), StoreError> {
        let id = &meeting.as_bytes()[..];
        match record {
            Record::AccountBanned { device, account } => {
                // A user who was removed meanwhile needs no ban.
                sqlx::query(
                    "INSERT INTO banned_accounts (meeting, device, user)
                     SELECT $1, $2, id FROM users WHERE id = $3 ON CONFLICT DO NOTHING",
                )
                .bind(id)
                .bind(&device.as_bytes()[..])
                .bind(&account.as_bytes()[..])
                .execute(&self.writer)
                .await?
            }
            Record::AccountLifted { device } => {
                sqlx::query("DELETE FROM banned_accounts WHERE meeting = $1 AND device = $2")
                    .bind(id)
                    .bind(&device.as_bytes()[..])
                    .execute(&self.writer)
                    .await?
            }
            Record::Ended => sqlx::query(END).bind(id).bind(now_ms()).execute(&self.writer).await?,
            Record::IdsReserved { upto } => {
                sqlx::query("UPDATE meetings SET next_participant = max(next_participant, $2) WHERE id = $1")
                    .bind(id)
                    .bind(i64::from(upto.next().0))
                    .execute(&self.writer)
                    .await?
            }
            Record::Removed { participant } => {
                sqlx::query(
                    "INSERT INTO removed_places (meeting, participant, removed_ms) VALUES ($1, $2, $3)
                     ON CONFLICT DO NOTHING",
                )
                .bind(id)
                .bind(i64::from(participant.0))
                .bind(now_ms())
                .execute(&self.writer)
                .await?
            }
        };
        Ok(())
    }
}

fn banned_account((device, user): &(Vec<u8>, Vec<u8>)) -> Result<(DeviceKey, UserId), sqlx::Error> {
    let damaged = |error| sqlx::Error::Decode(Box::new(error));
    Ok((
        DeviceKey::from_bytes(device.as_slice().try_into().map_err(damaged)?),
        UserId::from_bytes(user.as_slice().try_into().map_err(damaged)?),
    ))
}

/// Ends a meeting. What was stored goes with it: nothing is left that a link could be tested on.
pub(super) const END: &str =
    "UPDATE meetings SET ended_ms = $2, title = NULL, gate_key = NULL, group_info = NULL,
    tree = NULL WHERE id = $1 AND ended_ms IS NULL";

/// Stores a meeting. Returns `false`, and changes nothing, if the id is taken.
pub(super) async fn insert(
    transaction: &mut Transaction<'_, Sqlite>,
    id: &MeetingId,
    meeting: &StoredMeeting,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "INSERT INTO meetings (id, title, gate_key, group_info, tree, created_ms)
         SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT 1 FROM forgotten_meetings WHERE mark = $7)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(&id.as_bytes()[..])
    .bind(meeting.title.as_ref().map(SealedTitle::as_bytes))
    .bind(&meeting.gate_key.as_bytes()[..])
    .bind(meeting.group_info.as_bytes())
    .bind(meeting.tree.as_bytes())
    .bind(now_ms())
    .bind(&erasure::mark(id.as_bytes())[..])
    .execute(&mut **transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

fn participant(stored: i64) -> Result<ParticipantId, StoreError> {
    u32::try_from(stored).map(ParticipantId).map_err(|error| decode(error).into())
}

/// Returns a column of bytes that was bounded before it was stored.
fn opaque<T>(row: &SqliteRow, column: &str) -> Result<T, StoreError>
where
    T: TryFrom<Vec<u8>, Error: std::error::Error + Send + Sync + 'static>,
{
    Ok(row.try_get::<Vec<u8>, _>(column)?.try_into().map_err(decode)?)
}

/// Reads a meeting as its creator described it.
pub(super) fn described(row: &SqliteRow) -> Result<StoredMeeting, StoreError> {
    let title: Option<Vec<u8>> = row.try_get("title")?;
    Ok(StoredMeeting {
        title: title.map(|title| title.try_into().map_err(decode)).transpose()?,
        gate_key: gate_key(row)?,
        group_info: opaque(row, "group_info")?,
        tree: opaque(row, "tree")?,
    })
}

fn gate_key(row: &SqliteRow) -> Result<GateKey, StoreError> {
    let bytes: Vec<u8> = row.try_get("gate_key")?;
    Ok(GateKey::from_bytes(bytes.try_into().map_err(|_| wrong_length())?))
}

fn decode(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

fn wrong_length() -> sqlx::Error {
    sqlx::Error::Decode("a gate key is not 32 bytes long".into())
}
