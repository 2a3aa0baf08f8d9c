//! What accounts chose to be told, and the OpenPGP keys that they gave.

use sabha_protocol::{
    account::{EmailAddress, UserId},
    bulletin::OrganisationId,
    wire::bulletin_notices::{NoticeMode, NoticeTrouble, SetNotices},
};
use sqlx::Row as _;

use super::{sending::trouble, severity, severity_number};
use crate::storage::{
    BulletinError, Store, StoreError,
    accounts::{decode, sixteen},
};

/// At what hour a digest goes if nobody said so, in UTC: the beginning of the working day between Europe and India.
const HOUR: u8 = 5;

/// An OpenPGP public key, byte for byte as it was given.
pub type NoticeKey = Vec<u8>;

/// What an account chose.
#[derive(Clone, Debug)]
pub struct ChosenNotices {
    /// Where it is reached.
    pub address: Option<EmailAddress>,
    /// What it chose.
    pub chosen: SetNotices,
    /// Its key.
    pub key: Option<NoticeKey>,
    /// Why it was not told of the last thing that was finished, if it was not.
    pub trouble: Option<NoticeTrouble>,
}

impl Store {
    /// Returns what an account chose to be told.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn chosen_notices(&self, user: UserId) -> Result<ChosenNotices, StoreError> {
        let id = &user.as_bytes()[..];
        let row = sqlx::query(
            "SELECT u.email, s.mode, s.hour, s.severity, s.key,
                    (SELECT CASE state WHEN 'failed' THEN why END FROM notices
                     WHERE user = $1 AND state IN ('sent', 'failed') ORDER BY noted_ms DESC LIMIT 1) AS trouble
             FROM users AS u LEFT JOIN notice_settings AS s ON s.user = u.id WHERE u.id = $1",
        )
        .bind(id)
        .fetch_one(&self.reader)
        .await?;
        let publishers: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT publisher FROM notice_publishers WHERE user = $1 ORDER BY publisher")
                .bind(id)
                .fetch_all(&self.reader)
                .await?;
        let publishers = publishers
            .into_iter()
            .map(|id| Ok(OrganisationId::from_bytes(sixteen(id)?)))
            .collect::<Result<_, sqlx::Error>>()?;
        let address: Option<String> = row.try_get("email")?;
        let mode = match row.try_get::<Option<&str>, _>("mode")? {
            Some("digest") => NoticeMode::Digest,
            Some("immediate") => NoticeMode::Immediate,
            _ => NoticeMode::None,
        };
        let hour = row.try_get::<Option<u8>, _>("hour")?.unwrap_or(HOUR);
        Ok(ChosenNotices {
            address: address.map(EmailAddress::try_from).transpose().map_err(decode)?,
            chosen: SetNotices { mode, hour, severity: severity(&row)?, publishers },
            key: row.try_get("key")?,
            trouble: row.try_get::<Option<&str>, _>("trouble")?.map(trouble),
        })
    }

    /// Has an account told of this from now on. Its key stays.
    ///
    /// # Errors
    /// [`BulletinError::Nobody`] if a publisher is none.
    pub async fn choose_notices(&self, user: UserId, set: &SetNotices) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let id = &user.as_bytes()[..];
        sqlx::query(
            "INSERT INTO notice_settings (user, mode, hour, severity) VALUES ($1, $2, $3, $4)
             ON CONFLICT (user) DO UPDATE SET mode = $2, hour = $3, severity = $4",
        )
        .bind(id)
        .bind(match set.mode {
            NoticeMode::Digest => "digest",
            NoticeMode::Immediate => "immediate",
            NoticeMode::None => "none",
        })
        .bind(set.hour)
        .bind(set.severity.map(severity_number))
        .execute(&mut *transaction)
        .await?;
        sqlx::query("DELETE FROM notice_publishers WHERE user = $1")
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        for publisher in &set.publishers {
            let done = sqlx::query(
                "INSERT INTO notice_publishers (user, publisher) SELECT $1, id FROM member_organisations WHERE id = $2
                 ON CONFLICT DO NOTHING",
            )
            .bind(id)
            .bind(&publisher.as_bytes()[..])
            .execute(&mut *transaction)
            .await?;
            let twice = set.publishers.iter().filter(|other| *other == publisher).count() > 1;
            if done.rows_affected() == 0 && !twice {
                return Err(BulletinError::Nobody);
            }
        }
        Ok(transaction.commit().await?)
    }

    /// Keeps the OpenPGP key of an account, or none from now on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_notice_key(&self, user: UserId, key: Option<&[u8]>) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO notice_settings (user, mode, hour, key) VALUES ($1, 'none', $2, $3)
             ON CONFLICT (user) DO UPDATE SET key = $3",
        )
        .bind(&user.as_bytes()[..])
        .bind(HOUR)
        .bind(key)
        .execute(&self.writer)
        .await?;
        if key.is_none() {
            self.fold().await?;
        }
        Ok(())
    }
}
