//! The audit log: who did what to which user, key, session, link or meeting. Ids and words, no content.
//!
//! Each entry carries `SHA-256(label || hash before || entry)`, so that an entry that is changed, taken out, put in or
//! moved breaks the chain from there on. What a chain alone cannot show is that its end was cut off: whoever notes the
//! newest hash somewhere else, which `sabha audit verify` prints, can have it looked for later. An entry is written in
//! the transaction of what it records, before that is acknowledged.

use std::path::Path;

use sabha_protocol::{
    account::{ApiKeyId, UserId},
    wire::accounts::{AuditAction, AuditEntry},
};
use sha2::{Digest as _, Sha256};
use sqlx::{
    ConnectOptions as _, Row as _, Sqlite, SqliteConnection, Transaction,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use super::{FILE_NAME, MIGRATIONS, Store, StoreError, examine};

/// Tells these hashes from every other SHA-256; its number changes with the form of an entry.
const LABEL: &[u8] = b"sabha audit entry v1";

/// Entries read at once where all of them are.
const EXPORT_CHUNK: u32 = 500;

/// Who acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// The user; `None` for whoever holds the creation key.
    pub user: Option<UserId>,
    /// The user's API key, if they act by one.
    pub key: Option<ApiKeyId>,
}

impl Author {
    /// Returns a user who acts in person.
    pub const fn user(user: UserId) -> Self {
        Self { user: Some(user), key: None }
    }
}

/// Which entries are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditFilter {
    /// Only entries before this one.
    pub before: Option<u64>,
    /// Only this action.
    pub action: Option<AuditAction>,
    /// Only what this user did.
    pub user: Option<UserId>,
    /// Only what happened then or later, in unix milliseconds.
    pub since_ms: Option<u64>,
    /// Only what happened earlier, in unix milliseconds.
    pub until_ms: Option<u64>,
}

/// What a look at the whole log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every entry follows from the one before.
    Sound {
        /// How many there are.
        entries: u64,
        /// Hash of the newest, in hexadecimal; `None` if there is none.
        head: Option<String>,
        /// Whether the hash that was asked for is in the chain; `None` if none was.
        contains: Option<bool>,
    },
    /// The first entry that does not follow from the one before.
    Broken {
        /// Its number, or the one that is missing.
        seq: u64,
    },
}

/// What is new in an entry.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) author: Author,
    pub(super) action: AuditAction,
    pub(super) subject: Option<String>,
    pub(super) detail: Option<String>,
}

impl Event {
    pub(super) fn new(author: Author, action: AuditAction, subject: impl ToString) -> Self {
        Self { author, action, subject: Some(subject.to_string()), detail: None }
    }

    pub(super) fn detail(mut self, detail: String) -> Self {
        self.detail = Some(detail);
        self
    }
}

/// Writes an entry in the transaction of what it records.
pub(super) async fn append(
    transaction: &mut Transaction<'_, Sqlite>,
    now_ms: u64,
    event: Event,
) -> Result<(), sqlx::Error> {
    let last = sqlx::query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
        .fetch_optional(&mut **transaction)
        .await?;
    let (seq, previous) = match last {
        Some(row) => (row.try_get::<i64, _>("seq")? + 1, row.try_get::<Vec<u8>, _>("hash")?),
        None => (1, Vec::new()),
    };
    let at_ms = i64::try_from(now_ms).unwrap_or(i64::MAX);
    let Event { author, action, subject, detail } = event;
    let (user, key) = (author.user.map(|id| *id.as_bytes()), author.key.map(|id| *id.as_bytes()));
    let hash = hash(
        &previous,
        &Raw {
            seq,
            at_ms,
            user: user.as_ref().map(<[u8; 16]>::as_slice),
            key: key.as_ref().map(<[u8; 16]>::as_slice),
            action: action.word(),
            subject: subject.as_deref(),
            detail: detail.as_deref(),
        },
    );
    sqlx::query(
        "INSERT INTO audit (seq, at_ms, user, api_key, action, subject, detail, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(seq)
    .bind(at_ms)
    .bind(user.as_ref().map(<[u8; 16]>::as_slice))
    .bind(key.as_ref().map(<[u8; 16]>::as_slice))
    .bind(action.word())
    .bind(subject)
    .bind(detail)
    .bind(&hash[..])
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

impl Store {
    /// Returns at most `count` entries, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn audit(&self, filter: AuditFilter, count: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let before = filter.before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
        let rows = sqlx::query(
            "SELECT * FROM audit WHERE seq < $1 AND ($2 IS NULL OR action = $2) AND ($3 IS NULL OR user = $3)
             AND ($4 IS NULL OR at_ms >= $4) AND ($5 IS NULL OR at_ms < $5) ORDER BY seq DESC LIMIT $6",
        )
        .bind(before)
        .bind(filter.action.map(AuditAction::word))
        .bind(filter.user.map(|user| user.as_bytes().to_vec()))
        .bind(filter.since_ms.map(super::accounts::stored))
        .bind(filter.until_ms.map(super::accounts::stored))
        .bind(i64::from(count))
        .fetch_all(&self.reader)
        .await?;
        Ok(rows.iter().map(entry).collect::<Result<_, _>>()?)
    }

    /// Returns the next entries after `seq`, oldest first; none at the end.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn audit_after(&self, seq: u64) -> Result<Vec<AuditEntry>, StoreError> {
        let mut connection = self.reader.acquire().await?;
        Ok(after(&mut connection, seq).await?.iter().map(entry).collect::<Result<_, _>>()?)
    }

    /// Records that the log leaves the server.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; then nothing may leave.
    pub async fn record_export(&self, author: Author, now_ms: u64) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let event = Event { author, action: AuditAction::AuditExported, subject: None, detail: None };
        append(&mut transaction, now_ms, event).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// The audit log of a data directory, for the command line: only read, also while a server runs.
#[derive(Debug)]
pub struct AuditFile(SqliteConnection);

impl AuditFile {
    /// Opens the log in `directory`.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is changed.
    pub async fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(FILE_NAME);
        let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
        examine::examine(&path, known).await?;
        let options = SqliteConnectOptions::new().filename(&path).read_only(true).create_if_missing(false);
        Ok(Self(options.connect().await?))
    }

    /// Returns the next entries after `seq`, oldest first; none at the end.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn after(&mut self, seq: u64) -> Result<Vec<AuditEntry>, StoreError> {
        Ok(after(&mut self.0, seq).await?.iter().map(entry).collect::<Result<_, _>>()?)
    }

    /// Computes every hash anew, and looks for `head`, in hexadecimal, if there is one to look for.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn verify(&mut self, head: Option<&str>) -> Result<Verdict, StoreError> {
        let (mut seq, mut previous) = (0_i64, Vec::new());
        let mut contains = head.map(|_| false);
        loop {
            let rows = after(&mut self.0, seq.unsigned_abs()).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let broken = Verdict::Broken { seq: (seq + 1).unsigned_abs() };
                let Ok(raw) = Raw::of(row) else { return Ok(broken) };
                let stored: Vec<u8> = row.try_get("hash")?;
                if raw.seq != seq + 1 || hash(&previous, &raw)[..] != stored {
                    return Ok(broken);
                }
                seq = raw.seq;
                previous = stored;
                if head.is_some_and(|head| head.eq_ignore_ascii_case(&hex(&previous))) {
                    contains = Some(true);
                }
            }
        }
        let head = (!previous.is_empty()).then(|| hex(&previous));
        Ok(Verdict::Sound { entries: seq.unsigned_abs(), head, contains })
    }
}

/// An entry as it is stored and hashed.
struct Raw<'a> {
    seq: i64,
    at_ms: i64,
    user: Option<&'a [u8]>,
    key: Option<&'a [u8]>,
    action: &'a str,
    subject: Option<&'a str>,
    detail: Option<&'a str>,
}

impl<'a> Raw<'a> {
    fn of(row: &'a SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: row.try_get("seq")?,
            at_ms: row.try_get("at_ms")?,
            user: row.try_get("user")?,
            key: row.try_get("api_key")?,
            action: row.try_get("action")?,
            subject: row.try_get("subject")?,
            detail: row.try_get("detail")?,
        })
    }
}

/// Numbers are 8 bytes, big-endian. What can vary in length is led by its length, what can be absent by 0 or 1: no two
/// entries have the same bytes.
fn hash(previous: &[u8], entry: &Raw<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut part = |bytes: Option<&[u8]>| {
        hash.update([u8::from(bytes.is_some())]);
        let bytes = bytes.unwrap_or_default();
        hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(bytes);
    };
    part(Some(LABEL));
    part(Some(previous));
    part(Some(&entry.seq.to_be_bytes()));
    part(Some(&entry.at_ms.to_be_bytes()));
    part(entry.user);
    part(entry.key);
    part(Some(entry.action.as_bytes()));
    part(entry.subject.map(str::as_bytes));
    part(entry.detail.map(str::as_bytes));
    hash.finalize().into()
}

async fn after(connection: &mut SqliteConnection, seq: u64) -> Result<Vec<SqliteRow>, sqlx::Error> {
    sqlx::query("SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2")
        .bind(i64::try_from(seq).unwrap_or(i64::MAX))
        .bind(i64::from(EXPORT_CHUNK))
        .fetch_all(connection)
        .await
}

fn entry(row: &SqliteRow) -> Result<AuditEntry, sqlx::Error> {
    let id = |column| row.try_get::<Option<Vec<u8>>, _>(column)?.map(super::accounts::sixteen).transpose();
    Ok(AuditEntry {
        seq: row.try_get::<i64, _>("seq")?.unsigned_abs(),
        at_ms: row.try_get::<i64, _>("at_ms")?.unsigned_abs(),
        user: id("user")?.map(UserId::from_bytes),
        key: id("api_key")?.map(ApiKeyId::from_bytes),
        action: row.try_get::<String, _>("action")?.parse().map_err(super::accounts::decode)?,
        subject: row.try_get("subject")?,
        detail: row.try_get("detail")?,
        hash: hex(&row.try_get::<Vec<u8>, _>("hash")?),
    })
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
