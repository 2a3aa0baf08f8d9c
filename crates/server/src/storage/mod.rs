//! What outlives the process: meetings as their creators described them, the places in them that stay closed, users
//! with what lets them in, the bulletin, and the audit log.
//!
//! One embedded SQLite database in the data directory, in WAL mode, with one writing connection and a few
//! reading ones. Every write is on disk (`synchronous = FULL`) when its call returns. Knows no rules of
//! the room; it stores what it is told. A file that is damaged, foreign or written by a newer version is
//! refused before anything in it is touched (`examine.rs`).

mod accounts;
mod audit;
mod bulletin;
mod credentials;
mod erasure;
mod examine;
mod farewells;
mod floors;
mod identities;
mod mails;
mod meetings;
mod migrations;
mod passwords;
mod plans;
mod templates;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use self::migrations::MIGRATIONS;
pub use self::{
    accounts::{AccountError, Link, NewUser, NewWay},
    audit::{AuditFile, AuditFilter, Author, Verdict},
    bulletin::{
        Acting, AdvisoryError, BulletinError, CarriedProfile, ChosenNotices, DocumentFilter, DueMessage,
        FeedLine, Issuer, Keeper, MirrorMetadata, MirrorRun, MirrorState, MirroredFile, MirroredLine,
        NewAttachment, NewProfile, NewRevision, NoticeKey, NoticeOutcome, NoticeTo, NoticedDocument,
        PublishedFile, PublishedRevision, Standing, StoredFile, Told, Unindexed, WebhookRow, What, Within,
    },
    credentials::{KeyHolder, LiveSession, NewPasskey, NewSession, StoredPasskey},
    floors::AppliedFloor,
    identities::{NewIdentity, RoleGrants},
    mails::{DueMail, NewMails, Tried},
    meetings::{Door, RoomStart, StoredMeeting},
    plans::{NewPlan, Window},
    templates::StoredTemplate,
};

/// Reading connections. Reads are single look-ups by primary key, so a few go a long way.
const READERS_MAX: u32 = 4;

/// How long a statement waits for a lock held by another process, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a caller waits for a free connection before it is told that storage failed.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Name of the database file in the data directory.
pub const FILE_NAME: &str = "sabha.db";

/// Why the database could not be opened or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file is not a database, or its inside contradicts itself. It was left as it is.
    #[error("the database {} is damaged: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found first.
        detail: String,
    },
    /// There is no database where one was looked for.
    #[error("there is no database {}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// An older version of the program wrote the file, and it was asked for as it is.
    #[error("the database {} has schema {found}, this program wants schema {known}", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Schema of the file.
        found: i64,
        /// Newest schema this program knows.
        known: i64,
    },
    /// A newer version of the program wrote the file. It was left as it is.
    #[error("the database {} has schema {found}, this program knows schemas up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Schema of the file.
        found: i64,
        /// Newest schema this program knows.
        known: i64,
    },
    /// The file is a database, but not Sabha's. It was left as it is.
    #[error("{} is a database of another program", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// A migration failed and was rolled back.
    #[error("the database could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A statement failed: the disk is full or gone, or the file is locked.
    #[error("the database cannot be used")]
    Unavailable(#[from] sqlx::Error),
}

/// The database. Cloned freely: clones share the connections.
#[derive(Clone, Debug)]
pub struct Store {
    reader: SqlitePool,
    writer: SqlitePool,
}

impl Store {
    /// Opens the database in `directory`, creating or upgrading it as needed.
    ///
    /// # Errors
    /// [`StoreError`]; whatever the error, nothing that was stored before is lost.
    pub async fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(FILE_NAME);
        if path.exists() {
            examine::examine(&path, newest_schema()).await?;
        }
        Self::connect(&path, true).await
    }

    /// Opens the database in `directory` as it is, also while a server uses it: SQLite lets several processes read and
    /// one at a time write, and a writer waits for its turn.
    ///
    /// # Errors
    /// [`StoreError::Missing`], and [`StoreError::Older`] if the schema would have to be brought up to date, which only
    /// who holds the data directory's lock may do; else as [`Store::open`].
    pub async fn open_beside(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(FILE_NAME);
        if !path.exists() {
            return Err(StoreError::Missing { path });
        }
        let known = newest_schema();
        let found = examine::examine(&path, known).await?;
        if found < known {
            return Err(StoreError::Older { path, found, known });
        }
        Self::connect(&path, false).await
    }

    /// Connects to the file at `path`; an owner creates it and brings its schema up to date.
    async fn connect(path: &Path, is_owner: bool) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(is_owner)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // What an ended meeting leaves is overwritten, not just unlinked.
            .pragma("secure_delete", "ON")
            .busy_timeout(BUSY_TIMEOUT);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.clone())
            .await?;
        if is_owner {
            MIGRATIONS.run(&writer).await?;
        }
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.create_if_missing(false).read_only(true))
            .await?;
        Ok(Self { reader, writer })
    }

    /// Returns whether the database answers.
    pub async fn is_reachable(&self) -> bool {
        sqlx::query_scalar::<_, i64>("SELECT 1").fetch_one(&self.reader).await.is_ok()
    }

    /// Returns how large the database is, in bytes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: it does not answer.
    pub async fn bytes(&self) -> Result<u64, StoreError> {
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&self.reader).await?;
        let each: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&self.reader).await?;
        Ok(pages.unsigned_abs().saturating_mul(each.unsigned_abs()))
    }

    /// Closes every connection; the write-ahead log is folded into the file.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// Returns the newest schema that this program knows.
pub(crate) fn newest_schema() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Returns the wall clock as the database stores it.
fn now_ms() -> i64 {
    i64::try_from(crate::clock::unix_ms()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod accounts_tests;
#[cfg(test)]
mod tests;
