//! Rows of the organisation's floor.

use sabha_policy::{Controls, Tier};
use sabha_protocol::{ControlSettings, wire::accounts::AuditAction};
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    Store, StoreError,
    audit::{self, Author, Event},
    now_ms,
};

/// Floors that are listed at once, the newest first.
const LISTED_MAX: i64 = 100;

/// What was demanded from some moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedFloor {
    /// Counts from 1.
    pub number: i64,
    /// When, in unix milliseconds.
    pub applied_ms: i64,
    /// Who applied it.
    pub applied_by: String,
    /// What it was made from, such as the id of a profile.
    pub origin: String,
    /// The floor.
    pub floor: Controls,
}

impl Store {
    /// Returns the floor in force: the newest one, or the tier that holds where nobody has chosen.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: also if what is stored is no floor, since a looser one must not take its place.
    pub async fn floor(&self) -> Result<Controls, StoreError> {
        let newest = self.floors_from("SELECT * FROM floors ORDER BY number DESC LIMIT 1").await?;
        Ok(newest.into_iter().next().map_or_else(|| Controls::of(Tier::default()), |row| row.floor))
    }

    /// Returns the number of the newest floor; 0 where nobody has chosen.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn newest_floor(&self) -> Result<i64, StoreError> {
        let newest = sqlx::query_scalar("SELECT COALESCE(MAX(number), 0) FROM floors");
        Ok(newest.fetch_one(&self.reader).await?)
    }

    /// Returns the last floors, the newest first, at most 100.
    ///
    /// # Errors
    /// As [`Store::floor`].
    pub async fn floors(&self) -> Result<Vec<AppliedFloor>, StoreError> {
        self.floors_from("SELECT * FROM floors ORDER BY number DESC LIMIT 100").await
    }

    /// Returns the floor of that number, or `None` if there was none.
    ///
    /// # Errors
    /// As [`Store::floor`].
    pub async fn floor_numbered(&self, number: i64) -> Result<Option<AppliedFloor>, StoreError> {
        let row = sqlx::query("SELECT * FROM floors WHERE number = $1").bind(number);
        row.fetch_optional(&self.reader).await?.as_ref().map(applied).transpose()
    }

    /// Demands `floor` from now on, if `seen` is still the number of the newest floor, 0 where there is none: what was
    /// made from an older one could undo what somebody has demanded meanwhile. Returns the new floor's number, or
    /// `None` if somebody has. `earlier` is the floor that it brings back, if it does; `author` is who the audit log names.
    /// It is on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn apply_floor_after(
        &self,
        seen: i64,
        floor: &Controls,
        applied_by: &str,
        origin: &str,
        earlier: Option<i64>,
        author: Author,
    ) -> Result<Option<i64>, StoreError> {
        let mut transaction = self.change().await?;
        if newest(&mut transaction).await?.0 != seen {
            return Ok(None);
        }
        let number = insert(&mut transaction, floor, applied_by, origin, earlier).await?;
        record(&mut transaction, number, author, None).await?;
        transaction.commit().await?;
        Ok(Some(number))
    }

    /// Demands `floor` from now on. It is on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn apply_floor(
        &self,
        floor: &Controls,
        applied_by: &str,
        origin: &str,
    ) -> Result<i64, StoreError> {
        let mut transaction = self.change().await?;
        let number = insert(&mut transaction, floor, applied_by, origin, None).await?;
        record(&mut transaction, number, Author::default(), None).await?;
        transaction.commit().await?;
        Ok(number)
    }

    async fn floors_from(&self, query: &'static str) -> Result<Vec<AppliedFloor>, StoreError> {
        let rows = sqlx::query(query).fetch_all(&self.reader).await?;
        debug_assert!(rows.len() <= LISTED_MAX as usize);
        rows.iter().map(applied).collect()
    }
}

/// Returns the newest floor with its number, which is 0 where nobody has chosen.
pub(super) async fn newest(transaction: &mut Transaction<'_, Sqlite>) -> Result<(i64, Controls), StoreError> {
    let row = sqlx::query("SELECT * FROM floors ORDER BY number DESC LIMIT 1");
    let newest = row.fetch_optional(&mut **transaction).await?.as_ref().map(applied).transpose()?;
    Ok(newest.map_or_else(|| (0, Controls::of(Tier::default())), |row| (row.number, row.floor)))
}

/// Returns the floor of that number; by 0, and by one that there was not, what holds where nobody has chosen.
pub(super) async fn numbered(
    transaction: &mut Transaction<'_, Sqlite>,
    number: i64,
) -> Result<Controls, StoreError> {
    let row = sqlx::query("SELECT * FROM floors WHERE number = $1").bind(number);
    let floor = row.fetch_optional(&mut **transaction).await?.as_ref().map(applied).transpose()?;
    Ok(floor.map_or_else(|| Controls::of(Tier::default()), |row| row.floor))
}

/// Adds a floor after the newest, and returns its number.
pub(super) async fn insert(
    transaction: &mut Transaction<'_, Sqlite>,
    floor: &Controls,
    applied_by: &str,
    origin: &str,
    earlier: Option<i64>,
) -> Result<i64, StoreError> {
    let settings = serde_json::to_string(&floor.to_settings()).map_err(damaged)?;
    let number = sqlx::query_scalar(
        "INSERT INTO floors (number, applied_ms, applied_by, origin, settings, earlier)
         SELECT COALESCE(MAX(number), 0) + 1, $1, $2, $3, $4, $5 FROM floors RETURNING number",
    )
    .bind(now_ms())
    .bind(short(applied_by))
    .bind(short(origin))
    .bind(settings)
    .bind(earlier)
    .fetch_one(&mut **transaction)
    .await?;
    Ok(number)
}

/// Writes into the audit log that a floor was applied, in the transaction that applies it.
pub(super) async fn record(
    transaction: &mut Transaction<'_, Sqlite>,
    number: i64,
    author: Author,
    detail: Option<String>,
) -> Result<(), sqlx::Error> {
    let event = Event { detail, ..Event::new(author, AuditAction::FloorApplied, number) };
    audit::append(transaction, crate::clock::unix_ms(), event).await
}

fn applied(row: &SqliteRow) -> Result<AppliedFloor, StoreError> {
    let settings: String = row.try_get("settings")?;
    let settings: ControlSettings = serde_json::from_str(&settings).map_err(damaged)?;
    Ok(AppliedFloor {
        number: row.try_get("number")?,
        applied_ms: row.try_get("applied_ms")?,
        applied_by: row.try_get("applied_by")?,
        origin: row.try_get("origin")?,
        floor: Controls::from_settings(&settings).map_err(damaged)?,
    })
}

fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(sqlx::Error::Decode(Box::new(error)))
}

/// Names are for people: one that is too long is cut, an empty one replaced.
fn short(name: &str) -> String {
    let short: String = name.chars().filter(|letter| !letter.is_control()).take(120).collect();
    if short.trim().is_empty() { "unknown".to_owned() } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::AuditFilter;

    #[tokio::test]
    async fn newest_floor_holds_and_the_default_where_there_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        assert_eq!(store.floor().await.unwrap(), Controls::of(Tier::Medium));
        let mut floor = Controls::of(Tier::High);
        assert_eq!(store.apply_floor(&floor, "asha", "tier high").await.unwrap(), 1);
        floor.set_named("MEET.LOCK.AUTO", "30").unwrap();
        assert_eq!(store.apply_floor(&floor, "", &"x".repeat(500)).await.unwrap(), 2);
        store.close().await;

        let store = Store::open(directory.path()).await.unwrap();
        assert_eq!(store.floor().await.unwrap(), floor);
        let floors = store.floors().await.unwrap();
        assert_eq!(floors.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 1]);
        assert_eq!((floors[0].applied_by.as_str(), floors[0].origin.len()), ("unknown", 120));
        assert_eq!(floors[1].floor, Controls::of(Tier::High));
        // Each is in the audit log, too, from the same transaction.
        let filter = AuditFilter { action: Some(AuditAction::FloorApplied), ..AuditFilter::default() };
        let audited = store.audit(filter, 10).await.unwrap();
        assert_eq!(
            audited.iter().map(|entry| entry.subject.as_deref()).collect::<Vec<_>>(),
            [Some("2"), Some("1")]
        );
    }

    #[tokio::test]
    async fn what_was_made_from_an_older_floor_is_not_applied() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        let (medium, high) = (Controls::of(Tier::Medium), Controls::of(Tier::High));
        assert_eq!(
            store.apply_floor_after(0, &medium, "asha", "one", None, Author::default()).await.unwrap(),
            Some(1)
        );
        assert_eq!(
            store.apply_floor_after(0, &high, "ben", "two", None, Author::default()).await.unwrap(),
            None
        );
        assert_eq!(
            store.apply_floor_after(2, &high, "ben", "two", None, Author::default()).await.unwrap(),
            None
        );
        assert_eq!(store.floor().await.unwrap(), medium);
        assert_eq!(
            store.apply_floor_after(1, &high, "ben", "two", None, Author::default()).await.unwrap(),
            Some(2)
        );
        assert_eq!(store.floor_numbered(1).await.unwrap().unwrap().floor, medium);
        assert_eq!(store.floor_numbered(3).await.unwrap(), None);
    }

    #[tokio::test]
    async fn two_stores_beside_each_other_see_what_either_demands() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(Store::open_beside(directory.path()).await, Err(StoreError::Missing { .. })));
        let server = Store::open(directory.path()).await.unwrap();
        let command = Store::open_beside(directory.path()).await.unwrap();
        let high = Controls::of(Tier::High);
        command.apply_floor_after(0, &high, "asha", "tier high", None, Author::default()).await.unwrap();
        command.close().await;
        assert_eq!(server.floor().await.unwrap(), high);
        server.apply_floor(&Controls::of(Tier::Low), "ben", "tier low").await.unwrap();
        let command = Store::open_beside(directory.path()).await.unwrap();
        assert_eq!(command.floor().await.unwrap(), Controls::of(Tier::Low));
    }

    #[tokio::test]
    async fn an_older_database_is_not_brought_up_to_date_beside_a_server() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        sqlx::query("PRAGMA user_version = 1").execute(&store.writer).await.unwrap();
        store.close().await;
        let refused = Store::open_beside(directory.path()).await;
        assert!(matches!(refused, Err(StoreError::Older { found: 1, .. })), "{refused:?}");
    }

    #[tokio::test]
    async fn damaged_floor_is_an_error_and_not_the_default() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        store.apply_floor(&Controls::of(Tier::High), "asha", "tier high").await.unwrap();
        sqlx::query("UPDATE floors SET settings = '[{\"control\":\"MEET.NOTHING\",\"value\":\"x\"}]'")
            .execute(&store.writer)
            .await
            .unwrap();
        assert!(store.floor().await.is_err());
    }
}
