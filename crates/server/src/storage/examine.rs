//! Looks at an existing database file before anything opens it for writing.
//!
//! The examination itself only reads, so that a file it refuses is left byte for byte as it was found.

use std::path::Path;

use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::StoreError;

/// `PRAGMA application_id` of our files: "SABH" in ASCII.
const APPLICATION_ID: i64 = 0x5341_4248;

/// Refuses the file at `path` unless it is ours, sound, and of a schema up to `known`. Returns its schema, which is 0
/// where nothing is stored yet.
///
/// # Errors
/// [`StoreError::Damaged`], [`StoreError::NotOurs`] or [`StoreError::Newer`]; [`StoreError::Unavailable`]
/// when the file could not be read at all.
pub(super) async fn examine(path: &Path, known: i64) -> Result<i64, StoreError> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).create_if_missing(false);
    let mut connection = options.connect().await.map_err(|error| blame(path, error))?;
    let verdict = judge(&mut connection, path, known).await;
    // A read-only connection has nothing to write on closing; how closing goes changes no verdict.
    let _ = connection.close().await;
    verdict
}

async fn judge(connection: &mut SqliteConnection, path: &Path, known: i64) -> Result<i64, StoreError> {
    let number = |pragma: &'static str| sqlx::query_scalar::<_, i64>(pragma);
    let damaged = |error| blame(path, error);

    let application = number("PRAGMA application_id").fetch_one(&mut *connection).await.map_err(damaged)?;
    let tables =
        number("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *connection).await.map_err(damaged)?;
    if tables == 0 && application == 0 {
        // The process died between creating the file and the first migration: nothing is stored yet.
        return Ok(0);
    }
    if application != APPLICATION_ID {
        return Err(StoreError::NotOurs { path: path.to_owned() });
    }
    let found = number("PRAGMA user_version").fetch_one(&mut *connection).await.map_err(damaged)?;
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    let finding = sqlx::query_scalar::<_, String>("PRAGMA integrity_check(1)")
        .fetch_one(&mut *connection)
        .await
        .map_err(damaged)?;
    if finding == "ok" {
        Ok(found)
    } else {
        Err(StoreError::Damaged { path: path.to_owned(), detail: finding })
    }
}

/// Tells damage from a file that merely could not be reached.
fn blame(path: &Path, error: sqlx::Error) -> StoreError {
    // Primary result codes of SQLite: 11 SQLITE_CORRUPT, 26 SQLITE_NOTADB. The low byte is the primary code.
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    match code.map(|code| code & 0xFF) {
        Some(11 | 26) => StoreError::Damaged { path: path.to_owned(), detail: error.to_string() },
        _ => StoreError::Unavailable(error),
    }
}
