//! Publishers whose profiles are applied as they are published.
//!
//! What they publish is applied in the very transaction that publishes it: there is no moment in between that a crash could
//! find, and nothing to be taken up again (ADV-07). A profile that this server cannot apply never keeps its publisher from
//! publishing: that it was not applied is noted, for administrators to look at. Both are announced to who keeps the floor.

use sabha_advisory::clearance::Reader;
use sabha_protocol::{
    ControlSettings,
    bulletin::{DocumentId, OrganisationId},
    key::ProfileKey,
    wire::{
        accounts::AuditAction,
        advisory_policy::{NotFollowed, Subscription},
    },
};
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    BulletinError,
    applying::{self, CarriedProfile, Fate},
    clearance::Reading,
    marked, notices, profiles,
};
use crate::{
    advised::Advised,
    storage::{
        Author, Store, StoreError,
        accounts::{decode, sixteen, stored, time},
        audit::{self, Event},
        floors,
    },
};

/// Who stands as the one who applied a floor that came by a subscription.
const SUBSCRIPTION: &str = "a subscription";

impl Store {
    /// Returns whom the server follows, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        let rows = sqlx::query(
            "SELECT s.publisher, m.name, s.key, s.since_ms, reader.name AS reads_as FROM subscriptions AS s
             JOIN member_organisations AS m ON m.id = s.publisher
             LEFT JOIN member_organisations AS reader ON reader.id = s.reads_as AND reader.left_ms IS NULL
             ORDER BY m.name",
        )
        .fetch_all(&self.reader)
        .await?;
        let subscription = |row: &SqliteRow| {
            let reads_as: Option<String> = row.try_get("reads_as")?;
            Ok(Subscription {
                publisher: OrganisationId::from_bytes(sixteen(row.try_get("publisher")?)?),
                name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
                key: profiles::key(row)?,
                since_ms: time(row, "since_ms")?,
                reads_as: reads_as.map(|name| name.try_into().map_err(decode)).transpose()?,
            })
        };
        rows.iter().map(subscription).collect()
    }

    /// Follows a publisher from now on, by this key. The server reads as the organisation of `reader`, or as nobody.
    ///
    /// # Errors
    /// [`BulletinError::Nobody`] if the publisher takes no part.
    pub async fn subscribe(
        &self,
        author: Author,
        reader: &Reader,
        publisher: OrganisationId,
        key: &ProfileKey,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let done = sqlx::query(
            "INSERT INTO subscriptions (publisher, key, reads_as, since_ms)
             SELECT id, $2, $3, $4 FROM member_organisations WHERE id = $1 AND left_ms IS NULL
             ON CONFLICT (publisher) DO UPDATE SET key = $2, reads_as = $3, since_ms = $4",
        )
        .bind(&publisher.as_bytes()[..])
        .bind(&key.as_bytes()[..])
        .bind(Reading::of(reader).organisation())
        .bind(stored(now_ms))
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Err(BulletinError::Nobody);
        }
        let event = Event::new(author, AuditAction::FloorSubscribed, publisher);
        audit::append(&mut transaction, now_ms, event.detail(String::from(*key))).await?;
        Ok(transaction.commit().await?)
    }

    /// Follows a publisher no more. What was applied stays.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`] if the server does not follow them.
    pub async fn unsubscribe(
        &self,
        author: Author,
        publisher: OrganisationId,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let gone = sqlx::query("DELETE FROM subscriptions WHERE publisher = $1")
            .bind(&publisher.as_bytes()[..])
            .execute(&mut *transaction)
            .await?;
        if gone.rows_affected() == 0 {
            return Err(BulletinError::Unknown);
        }
        let event = Event::new(author, AuditAction::FloorUnsubscribed, publisher);
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }
}

/// Applies what a revision carries that is being published, if the server follows its publisher and may know of it.
pub(super) async fn follow(
    transaction: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    number: u32,
    now_ms: u64,
) -> Result<(), BulletinError> {
    let row = sqlx::query(
        "SELECT s.key, reader.id AS reads_as FROM documents AS d JOIN subscriptions AS s ON s.publisher = d.owner
         LEFT JOIN member_organisations AS reader ON reader.id = s.reads_as AND reader.left_ms IS NULL
         WHERE d.id = $1",
    )
    .bind(&document.as_bytes()[..])
    .fetch_optional(&mut **transaction)
    .await?;
    let Some(row) = row else { return Ok(()) };
    let pinned = profiles::key(&row)?;
    let reading = match row.try_get::<Option<Vec<u8>>, _>("reads_as")? {
        Some(organisation) => Reading::outsider(OrganisationId::from_bytes(sixteen(organisation)?), None),
        None => Reading::default(),
    };
    let Some(found) = applying::carried(transaction, reading, document, number).await? else { return Ok(()) };
    if found.summary.key != pinned {
        return Ok(refuse(transaction, &found, NotFollowed::Key, now_ms).await?);
    }
    let Ok(advised) = Advised::of(&found.file) else {
        return Ok(refuse(transaction, &found, NotFollowed::Control, now_ms).await?);
    };
    let (_, today) = floors::newest(transaction).await?;
    let floor = applying::demand(transaction, &found, &advised, &today, SUBSCRIPTION, true, now_ms).await?;
    notices::announce_followed(transaction, document, number, true, now_ms).await?;
    let mark = format!("followed advisory {}", marked(document));
    Ok(floors::record(transaction, floor, Author::default(), Some(mark)).await?)
}

async fn refuse(
    transaction: &mut Transaction<'_, Sqlite>,
    found: &CarriedProfile,
    why: NotFollowed,
    now_ms: u64,
) -> Result<(), StoreError> {
    let (demanded, left_out) = (ControlSettings::default(), Vec::new());
    let fate = Fate { floor: Err(why), followed: true, demanded, left_out };
    applying::note(transaction, found, &fate, now_ms).await?;
    notices::announce_followed(transaction, found.document, found.number, false, now_ms).await?;
    Ok(applying::record_not_followed(transaction, found.document, why, now_ms).await?)
}
