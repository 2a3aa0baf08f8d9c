//! What became of advisories' profiles on this server: applied, taken back, demanding what is in force.
//!
//! A floor's origin for everybody who reads floors names the advisory by its mark, as the audit log does: who may know of it
//! finds the rest here. What has come of floors that were taken back does not stand under today's: `line!` walks from the
//! newest floor back, and where one brings an earlier one back, goes on from that.

use sabha_advisory::clearance::Reader;
use sabha_policy::{Controls, profile::ProfileError};
use sabha_protocol::{
    ControlSettings, ControlWord,
    bulletin::{Acknowledgement, DocumentId, OrganisationId},
    wire::{
        accounts::AuditAction,
        advisory_policy::{
            AdvisoryFate, AdvisoryPolicies, AdvisoryPolicy, NamedAdvisory, NotFollowed, PolicyDemand,
            RevisionProfile,
        },
        profile::ProfileFile,
    },
};
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    Acting, BulletinError,
    clearance::{Reading, as_reader, may_read, may_read_as},
    discussion, marked, profiles,
    reading::{hash, label, strange},
};
use crate::{
    advised::{self, Advised, Applied},
    storage::{
        Author, Store, StoreError,
        accounts::{decode, sixteen, stored, time},
        audit::{self, Event},
        floors,
    },
};

/// Advisories that are listed at once.
const LISTED_MAX: usize = 200;

/// The numbers of the floors on which the newest stands, as the table `line`.
macro_rules! line {
    () => {
        "line(number) AS (
             SELECT MAX(number) FROM floors
             UNION
             SELECT CASE WHEN f.earlier IS NULL THEN f.number - 1 ELSE f.earlier END
             FROM line JOIN floors AS f ON f.number = line.number
         )"
    };
}

/// Why an advisory was not applied, or not taken back. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdvisoryError {
    /// There is none, or none that may be known; or it is not what was seen.
    #[error(transparent)]
    Bulletin(#[from] BulletinError),
    /// Another floor is in force than the one that was seen.
    #[error("another floor is in force than the one that was seen")]
    FloorSeen,
    /// Floors came after the one that it made.
    #[error("floor {newest} came after it")]
    Later {
        /// The newest.
        newest: i64,
    },
    /// Its publisher has withdrawn it.
    #[error("its publisher has withdrawn it: do not act on it")]
    Withdrawn,
    /// What it demands cannot be held here.
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

impl From<sqlx::Error> for AdvisoryError {
    fn from(error: sqlx::Error) -> Self {
        Self::Bulletin(error.into())
    }
}

impl From<StoreError> for AdvisoryError {
    fn from(error: StoreError) -> Self {
        Self::Bulletin(error.into())
    }
}

/// The profile of a published revision.
#[derive(Clone, Debug)]
pub struct CarriedProfile {
    /// The document.
    pub document: DocumentId,
    /// Its revision.
    pub number: u32,
    /// Whose it is.
    pub publisher: OrganisationId,
    /// Their name.
    pub publisher_name: String,
    /// What the file says.
    pub file: ProfileFile,
    /// The same for lists, with key and hash.
    pub summary: RevisionProfile,
    /// SHA-256 of the file.
    pub hash: [u8; 32],
    /// Whether its document is withdrawn.
    pub withdrawn: bool,
}

impl Store {
    /// Returns the published revisions with a profile that `reader` may know, the last published first, with what became of
    /// them here.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn advisory_policies(&self, reader: &Reader) -> Result<AdvisoryPolicies, StoreError> {
        let query = sqlx::query(concat!(
            "WITH RECURSIVE ",
            line!(),
            " SELECT r.document, r.number, d.owner, m.name, r.tracking, r.title AS advisory_title, r.tlp,
                     d.withdrawn_ms, r.published_ms, p.id, p.revision, p.title, p.issuer, p.key, p.hash,
                     length(p.content) AS bytes,
                     f.at_ms, f.floor, f.not_followed, f.followed, f.left_out,
                     f.floor IN (SELECT number FROM line) AS in_force,
                     (SELECT MAX(number) FROM floors) - f.floor AS later
              FROM revision_profiles AS p
              JOIN revisions AS r ON r.document = p.document AND r.number = p.number
              JOIN documents AS d ON d.id = r.document
              JOIN member_organisations AS m ON m.id = d.owner
              LEFT JOIN advisory_fates AS f ON f.row = (
                  SELECT MAX(row) FROM advisory_fates WHERE document = r.document AND number = r.number)
              WHERE r.stage >= 3 AND ",
            may_read!(),
            " ORDER BY r.published_ms DESC, r.document DESC, r.number DESC LIMIT $4"
        ));
        let rows = as_reader!(query, Reading::of(reader))
            // One more than is answered shows whether there are more.
            .bind(i64::try_from(LISTED_MAX + 1).unwrap_or(i64::MAX))
            .fetch_all(&self.reader)
            .await?;
        let mut advisories: Vec<AdvisoryPolicy> = Vec::new();
        for row in rows.iter().take(LISTED_MAX) {
            let mut line = line_of(row)?;
            // Told of what the reader may know: a later revision that is not for them supersedes nothing.
            let later =
                |other: &AdvisoryPolicy| other.document == line.document && other.revision > line.revision;
            line.superseded = advisories.iter().any(later);
            advisories.push(line);
        }
        Ok(AdvisoryPolicies { advisories, more: rows.len() > LISTED_MAX, tells_as: None })
    }

    /// Returns the profile of a published revision, or `None` where `reader` may know of none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn carried_profile(
        &self,
        reader: &Reader,
        document: DocumentId,
        number: u32,
    ) -> Result<Option<CarriedProfile>, StoreError> {
        let mut connection = self.reader.acquire().await?;
        carried(&mut connection, Reading::of(reader), document, number).await
    }

    /// Applies the profile of a published revision, tightened with today's floor, if `seen_profile` is its hash and
    /// `seen_floor` the number of the newest floor (ADV-03, ADV-04). With `tells`, the publisher is told so in the name of
    /// that organisation (ADV-06). Returns the new floor's number. All of it is on disk when this returns, or none.
    ///
    /// # Errors
    /// [`AdvisoryError`].
    #[expect(
        clippy::too_many_arguments,
        reason = "each is another kind of thing, and all of them are needed"
    )]
    pub async fn apply_advisory(
        &self,
        author: Author,
        by: &str,
        reader: &Reader,
        (document, number): (DocumentId, u32),
        seen_profile: &[u8; 32],
        seen_floor: i64,
        tells: Option<&Acting>,
        now_ms: u64,
    ) -> Result<i64, AdvisoryError> {
        let mut transaction = self.change().await?;
        let found = carried(&mut transaction, Reading::of(reader), document, number).await?;
        let found = found.ok_or(BulletinError::Unknown)?;
        // What stays readable is not there to be acted on any more.
        if found.withdrawn {
            return Err(AdvisoryError::Withdrawn);
        }
        if found.hash != *seen_profile {
            return Err(BulletinError::Seen.into());
        }
        let (newest, today) = floors::newest(&mut transaction).await?;
        if newest != seen_floor {
            return Err(AdvisoryError::FloorSeen);
        }
        let advised = Advised::of(&found.file)?;
        let floor = demand(&mut transaction, &found, &advised, &today, by, false, now_ms).await?;
        let mark = format!("advisory {}", marked(document));
        floors::record(&mut transaction, floor, author, Some(mark)).await?;
        if let Some(acting) = tells {
            let revision = (document, number);
            discussion::say(&mut transaction, author, acting, revision, Acknowledgement::Applied, now_ms)
                .await?;
        }
        transaction.commit().await?;
        Ok(floor)
    }

    /// Demands again what was demanded before an advisory was applied, if the floor that it made is still the newest
    /// (ADV-05). Returns the new floor's number.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`] if no advisory made that floor, or none that `reader` may know of;
    /// [`AdvisoryError::Later`].
    pub async fn take_advisory_back(
        &self,
        author: Author,
        by: &str,
        reader: &Reader,
        floor: i64,
    ) -> Result<i64, AdvisoryError> {
        let mut transaction = self.change().await?;
        let query = sqlx::query_scalar::<_, i64>(concat!(
            "SELECT f.floor FROM advisory_fates AS f
             JOIN revisions AS r ON r.document = f.document AND r.number = f.number
             JOIN documents AS d ON d.id = r.document WHERE f.floor = $4 AND ",
            may_read!()
        ));
        let found =
            as_reader!(query, Reading::of(reader)).bind(floor).fetch_optional(&mut *transaction).await?;
        if found.is_none() {
            return Err(BulletinError::Unknown.into());
        }
        let (newest, _) = floors::newest(&mut transaction).await?;
        if newest != floor {
            return Err(AdvisoryError::Later { newest });
        }
        let before = floor - 1;
        let earlier = floors::numbered(&mut transaction, before).await?;
        let origin = format!("floor {before}, before the advisory of floor {floor}");
        let number = floors::insert(&mut transaction, &earlier, by, &origin, Some(before)).await?;
        floors::record(&mut transaction, number, author, Some(format!("takes back {floor}"))).await?;
        transaction.commit().await?;
        Ok(number)
    }

    /// Returns the number of the newest floor, and by which advisories what it demands is demanded, as everybody may know
    /// them (ADV-08).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn policy_demands(&self) -> Result<(i64, Vec<PolicyDemand>), StoreError> {
        let (number, floor) = crate::wanted::today(self).await?;
        let rows = sqlx::query(concat!(
            "WITH RECURSIVE ",
            line!(),
            " SELECT f.demanded, r.document, r.number, r.title, r.tracking, m.name, ",
            // As nobody reads it.
            may_read_as!("NULL", "NULL", "0"),
            " AS is_public
              FROM advisory_fates AS f
              JOIN revisions AS r ON r.document = f.document AND r.number = f.number
              JOIN documents AS d ON d.id = r.document JOIN member_organisations AS m ON m.id = d.owner
              WHERE f.floor IN (SELECT number FROM line) ORDER BY f.floor DESC"
        ))
        .fetch_all(&self.reader)
        .await?;
        let applied = |row: &SqliteRow| {
            let demanded: &str = row.try_get("demanded")?;
            let named = || -> Result<NamedAdvisory, StoreError> {
                Ok(NamedAdvisory {
                    document: DocumentId::from_bytes(sixteen(row.try_get("document")?)?),
                    revision: row.try_get("number")?,
                    publisher: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
                    tracking: row.try_get("tracking")?,
                    title: row.try_get("title")?,
                })
            };
            let is_public: bool = row.try_get("is_public")?;
            Ok(Applied {
                demanded: serde_json::from_str(demanded).map_err(decode)?,
                advisory: is_public.then(named).transpose()?,
            })
        };
        let applied = rows.iter().map(applied).collect::<Result<Vec<_>, StoreError>>()?;
        Ok((number, advised::demands(&floor, &applied)))
    }
}

/// Adds the floor that a profile makes of today's, and notes what it came from. Returns its number.
pub(super) async fn demand(
    transaction: &mut Transaction<'_, Sqlite>,
    found: &CarriedProfile,
    advised: &Advised,
    today: &Controls,
    by: &str,
    followed: bool,
    now_ms: u64,
) -> Result<i64, StoreError> {
    let origin = format!("advisory {} revision {}", marked(found.document), found.number);
    let floor = floors::insert(transaction, &advised.over(today), by, &origin, None).await?;
    let word = |control: sabha_policy::Control| ControlWord::try_from(control.id().to_owned()).ok();
    let left_out: Vec<ControlWord> = advised.left_out(today).into_iter().filter_map(word).collect();
    let fate = Fate { floor: Ok(floor), followed, demanded: advised.demanded(), left_out };
    note(transaction, found, &fate, now_ms).await?;
    Ok(floor)
}

/// What becomes of a profile.
pub(super) struct Fate {
    /// The floor that it made, or why it made none.
    pub(super) floor: Result<i64, NotFollowed>,
    pub(super) followed: bool,
    pub(super) demanded: ControlSettings,
    pub(super) left_out: Vec<ControlWord>,
}

/// Notes what became of a profile.
pub(super) async fn note(
    transaction: &mut Transaction<'_, Sqlite>,
    found: &CarriedProfile,
    fate: &Fate,
    now_ms: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO advisory_fates
             (document, number, at_ms, floor, not_followed, followed, publisher, key, hash, demanded, left_out)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(&found.document.as_bytes()[..])
    .bind(found.number)
    .bind(stored(now_ms))
    .bind(fate.floor.ok())
    .bind(fate.floor.err().map(word_of))
    .bind(fate.followed)
    .bind(&found.publisher.as_bytes()[..])
    .bind(&found.summary.key.as_bytes()[..])
    .bind(&found.hash[..])
    .bind(serde_json::to_string(&fate.demanded).map_err(decode)?)
    .bind(serde_json::to_string(&fate.left_out).map_err(decode)?)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Returns the profile of a published revision, if `reading` may know of it.
pub(super) async fn carried(
    connection: &mut sqlx::SqliteConnection,
    reading: Reading,
    document: DocumentId,
    number: u32,
) -> Result<Option<CarriedProfile>, StoreError> {
    let query = sqlx::query(concat!(
        "SELECT d.owner, d.withdrawn_ms, m.name, p.id, p.revision, p.title, p.issuer, p.key, p.hash, p.content,
                length(p.content) AS bytes
         FROM revision_profiles AS p
         JOIN revisions AS r ON r.document = p.document AND r.number = p.number
         JOIN documents AS d ON d.id = r.document JOIN member_organisations AS m ON m.id = d.owner
         WHERE r.document = $4 AND r.number = $5 AND r.stage >= 3 AND ",
        may_read!()
    ));
    let row = as_reader!(query, reading)
        .bind(&document.as_bytes()[..])
        .bind(number)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let content: &[u8] = row.try_get("content")?;
    Ok(Some(CarriedProfile {
        document,
        number,
        publisher: OrganisationId::from_bytes(sixteen(row.try_get("owner")?)?),
        publisher_name: row.try_get("name")?,
        file: advised::read(content).map_err(decode)?,
        summary: profiles::summary(&row)?,
        hash: hash(&row)?,
        withdrawn: row.try_get::<Option<i64>, _>("withdrawn_ms")?.is_some(),
    }))
}

const fn word_of(why: NotFollowed) -> &'static str {
    match why {
        NotFollowed::Control => "control",
        NotFollowed::Key => "key",
    }
}

/// Reads a column of this name.
pub(super) fn not_followed(row: &SqliteRow) -> Result<Option<NotFollowed>, StoreError> {
    match row.try_get::<Option<&str>, _>("not_followed")? {
        None => Ok(None),
        Some("control") => Ok(Some(NotFollowed::Control)),
        Some("key") => Ok(Some(NotFollowed::Key)),
        Some(_) => Err(strange("reason")),
    }
}

fn line_of(row: &SqliteRow) -> Result<AdvisoryPolicy, StoreError> {
    let at_ms: Option<i64> = row.try_get("at_ms")?;
    Ok(AdvisoryPolicy {
        document: DocumentId::from_bytes(sixteen(row.try_get("document")?)?),
        revision: row.try_get("number")?,
        publisher: OrganisationId::from_bytes(sixteen(row.try_get("owner")?)?),
        publisher_name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
        tracking: row.try_get("tracking")?,
        title: row.try_get("advisory_title")?,
        tlp: label(row)?,
        withdrawn: row.try_get::<Option<i64>, _>("withdrawn_ms")?.is_some(),
        superseded: false,
        published_ms: time(row, "published_ms")?,
        profile: profiles::summary(row)?,
        fate: at_ms.map(|at_ms| fate_of(row, at_ms)).transpose()?,
    })
}

fn fate_of(row: &SqliteRow, at_ms: i64) -> Result<AdvisoryFate, StoreError> {
    let floor: Option<i64> = row.try_get("floor")?;
    let later: Option<i64> = row.try_get("later")?;
    let left_out: &str = row.try_get("left_out")?;
    Ok(AdvisoryFate {
        at_ms: at_ms.unsigned_abs(),
        // Floors are counted one by one, by people.
        floor: floor.map(|floor| u32::try_from(floor).unwrap_or(u32::MAX)),
        not_followed: not_followed(row)?,
        followed: row.try_get("followed")?,
        in_force: row.try_get::<Option<bool>, _>("in_force")?.unwrap_or(false),
        left_out: serde_json::from_str(left_out).map_err(decode)?,
        later: later.map_or(0, |later| u32::try_from(later).unwrap_or(u32::MAX)),
    })
}

/// Notes in the audit log that a profile of a publisher whom the server follows was not applied.
pub(super) async fn record_not_followed(
    transaction: &mut Transaction<'_, Sqlite>,
    document: DocumentId,
    why: NotFollowed,
    now_ms: u64,
) -> Result<(), sqlx::Error> {
    let event = Event::new(Author::default(), AuditAction::FloorNotFollowed, marked(document));
    audit::append(transaction, now_ms, event.detail(word_of(why).to_owned())).await
}
