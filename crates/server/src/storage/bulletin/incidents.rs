//! Incidents: their clocks, and in whose hands they are.

use sabha_advisory::{
    clearance::Reader,
    incident::{self, Clock},
    life::NotTaken,
};
use sabha_protocol::{
    account::UserId,
    bulletin::{BulletinRole, DocumentId, IncidentStatus, OrganisationId},
    wire::{
        accounts::AuditAction,
        bulletin_documents::{ChangeIncident, HandOver, Incident, IncidentClock},
    },
};
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    Acting, BulletinError,
    clearance::{Reading, as_reader, may_read},
    marked,
    reading::strange,
    role_bit,
};
use crate::storage::{
    Author, Store, StoreError,
    accounts::{sixteen, stored, time},
    audit::{self, Event},
};

/// Those who do something about an incident.
const HANDS: [BulletinRole; 4] =
    [BulletinRole::Administrator, BulletinRole::Author, BulletinRole::Publisher, BulletinRole::Reviewer];

/// Incidents that are answered at once, the soonest due first.
const LISTED_MAX: u32 = 200;

impl Store {
    /// Returns the incidents that the reader's organisation reported or handles, and of which they may know, the soonest
    /// due first and those that are closed last.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn incidents(&self, reader: &Reader, now_ms: u64) -> Result<Vec<Incident>, StoreError> {
        let query = sqlx::query(concat!(
            "SELECT i.*, d.owner FROM incidents AS i JOIN documents AS d ON d.id = i.document
             WHERE $2 IN (d.owner, i.handled_by)
             AND EXISTS (SELECT 1 FROM revisions AS r WHERE r.document = d.id AND ",
            may_read!(),
            ") ORDER BY i.status = 'closed', i.reported_ms IS NOT NULL, i.noticed_ms, d.id LIMIT $4"
        ));
        let rows = as_reader!(query, Reading::of(reader)).bind(LISTED_MAX).fetch_all(&self.reader).await?;
        rows.iter().map(|row| incident(row, now_ms)).collect()
    }

    /// Changes the status of an incident, or gives it into other hands.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`] if `acting` may not know of it; [`BulletinError::NotTaken`] if it is not in their
    /// organisation's hands, or not for their role; [`BulletinError::Nobody`] if who is to have it may not read the
    /// report.
    pub async fn change_incident(
        &self,
        author: Author,
        acting: &Acting,
        document: DocumentId,
        change: &ChangeIncident,
        now_ms: u64,
    ) -> Result<Incident, BulletinError> {
        let mut transaction = self.change().await?;
        let row = one(&mut transaction, &Reading::of(&acting.reader()), document)
            .await?
            .ok_or(BulletinError::Unknown)?;
        let before = incident(&row, now_ms)?;
        let in_hands = before.handled_by == acting.organisation;
        if !in_hands || !HANDS.iter().any(|role| acting.roles.contains(role)) {
            return Err(NotTaken::Role.into());
        }
        let mut words = Vec::new();
        let (mut handled_by, mut handler) = (before.handled_by, before.handler);
        if let Some(HandOver { organisation, person }) = change.hand_over {
            may_take(&mut transaction, document, organisation, person).await?;
            (handled_by, handler) = (organisation, person);
            words.push(format!("handed_over {organisation}"));
        }
        let status = change.status.unwrap_or(before.status);
        if status != before.status {
            words.push(status.word().to_owned());
        }
        if words.is_empty() {
            return Ok(before);
        }
        sqlx::query(
            "UPDATE incidents SET status = $2, handled_by = $3, handler = $4, changed_ms = $5 WHERE document = $1",
        )
        .bind(&document.as_bytes()[..])
        .bind(status.word())
        .bind(&handled_by.as_bytes()[..])
        .bind(handler.map(|handler| handler.as_bytes().to_vec()))
        .bind(stored(now_ms))
        .execute(&mut *transaction)
        .await?;
        let event =
            Event::new(author, AuditAction::BulletinIncident, marked(document)).detail(words.join(" "));
        audit::append(&mut transaction, now_ms, event).await?;
        transaction.commit().await?;
        Ok(Incident { status, handled_by, handler, changed_ms: now_ms, ..before })
    }
}

/// Checks that an organisation, and a person of it, may read the report: handing it over widens nothing. Before it is published those
/// may who work for its owner, and nobody of another organisation.
async fn may_take(
    transaction: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    organisation: OrganisationId,
    person: Option<UserId>,
) -> Result<(), BulletinError> {
    let mut reading = Reading::outsider(organisation, person).working();
    if let Some(person) = person {
        let roles: Option<i64> =
            sqlx::query_scalar("SELECT roles FROM memberships WHERE user = $1 AND organisation = $2")
                .bind(&person.as_bytes()[..])
                .bind(&organisation.as_bytes()[..])
                .fetch_optional(&mut **transaction)
                .await?;
        match roles {
            None => return Err(BulletinError::Nobody),
            Some(roles) if roles == role_bit(BulletinRole::Member) => {
                reading = Reading::outsider(organisation, Some(person));
            }
            Some(_) => {}
        }
    }
    let takes_part: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM member_organisations WHERE id = $1 AND left_ms IS NULL)",
    )
    .bind(&organisation.as_bytes()[..])
    .fetch_one(&mut **transaction)
    .await?;
    let query = sqlx::query(concat!(
        "SELECT 1 FROM documents AS d JOIN revisions AS r ON r.document = d.id WHERE d.id = $4 AND ",
        may_read!()
    ));
    let reads =
        as_reader!(query, reading).bind(&document.as_bytes()[..]).fetch_optional(&mut **transaction).await?;
    if takes_part && reads.is_some() { Ok(()) } else { Err(BulletinError::Nobody) }
}

async fn one(
    transaction: &mut Transaction<'_, Sqlite>,
    reading: &Reading,
    document: DocumentId,
) -> Result<Option<SqliteRow>, sqlx::Error> {
    let query = sqlx::query(concat!(
        "SELECT i.*, d.owner FROM incidents AS i JOIN documents AS d ON d.id = i.document
         WHERE d.id = $4 AND $2 IN (d.owner, i.handled_by)
         AND EXISTS (SELECT 1 FROM revisions AS r WHERE r.document = d.id AND ",
        may_read!(),
        ")"
    ));
    as_reader!(query, reading).bind(&document.as_bytes()[..]).fetch_optional(&mut **transaction).await
}

fn incident(row: &SqliteRow, now_ms: u64) -> Result<Incident, StoreError> {
    let word: &str = row.try_get("status")?;
    let status = IncidentStatus::ALL.into_iter().find(|status| status.word() == word);
    let handler: Option<Vec<u8>> = row.try_get("handler")?;
    let reported_ms: Option<i64> = row.try_get("reported_ms")?;
    let (noticed_ms, reported_ms) = (time(row, "noticed_ms")?, reported_ms.map(i64::unsigned_abs));
    Ok(Incident {
        document: DocumentId::from_bytes(sixteen(row.try_get("document")?)?),
        owner: OrganisationId::from_bytes(sixteen(row.try_get("owner")?)?),
        noticed_ms,
        due_ms: incident::due_ms(noticed_ms),
        reported_ms,
        clock: match incident::clock(noticed_ms, reported_ms, now_ms) {
            Clock::Running => IncidentClock::Running,
            Clock::Overdue => IncidentClock::Overdue,
            Clock::InTime => IncidentClock::InTime,
            Clock::Late => IncidentClock::Late,
        },
        status: status.ok_or_else(|| strange("status"))?,
        handled_by: OrganisationId::from_bytes(sixteen(row.try_get("handled_by")?)?),
        handler: handler.map(sixteen).transpose()?.map(UserId::from_bytes),
        changed_ms: time(row, "changed_ms")?,
    })
}
