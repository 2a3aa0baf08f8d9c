//! Messages that are due, and what became of them.

use sabha_protocol::{
    account::{EmailAddress, Label, UserId},
    bulletin::{DocumentId, DocumentKind, Severity, TlpLabel, WebhookId},
    wire::{advisory_policy::NotFollowed, bulletin_notices::NoticeTrouble},
};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{keeps_floor, severity};
use crate::storage::{
    Store, StoreError,
    accounts::{decode, sixteen, stored, time},
    bulletin::{
        applying::not_followed,
        clearance::may_read_as,
        reading::{kind, label},
    },
};

/// Notices in one digest; what is over it goes in the next, at once after it.
const DIGEST_MAX: i64 = 100;

/// What happened to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It was published first.
    Published,
    /// Another revision of it was.
    Revised,
    /// It was withdrawn.
    Withdrawn,
    /// Its profile came by a subscription: it was applied to meetings, or why it was not.
    Followed(Result<(), NotFollowed>),
}

/// What a notice is about.
#[derive(Clone, Debug)]
pub struct NoticedDocument {
    /// The notice's id.
    pub notice: [u8; 16],
    /// What happened.
    pub what: What,
    /// To which document.
    pub document: DocumentId,
    /// Of which revision.
    pub number: u32,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// What it is.
    pub kind: DocumentKind,
    /// Who published it.
    pub owner_name: Label,
    /// How far it may travel.
    pub tlp: TlpLabel,
    /// Its title.
    pub title: String,
    /// The first of its summary.
    pub summary: Option<String>,
    /// How bad it says something is.
    pub severity: Option<Severity>,
}

/// To whom a message goes.
#[derive(Clone, Debug)]
pub enum NoticeTo {
    /// An account.
    Account {
        /// Whose.
        user: UserId,
        /// Where it is reached; absent if it is not.
        address: Option<EmailAddress>,
        /// Its OpenPGP key as it was given.
        key: Option<Vec<u8>>,
        /// Whether it is told several things at once.
        is_digest: bool,
        /// Whether it still wants to be told.
        wants: bool,
    },
    /// A webhook.
    Webhook {
        /// Which.
        webhook: WebhookId,
        /// Its address.
        url: String,
        /// Tries that failed since the last that did not.
        failures: u32,
    },
}

/// A message that is due.
#[derive(Clone, Debug)]
pub struct DueMessage {
    /// Its id, the same at every try.
    pub id: [u8; 16],
    /// To whom.
    pub to: NoticeTo,
    /// What it is about, in the order in which it happened; what its reader may know now.
    pub documents: Vec<NoticedDocument>,
    /// Notices of which its reader may know no more.
    pub closed: Vec<[u8; 16]>,
    /// How often it was tried before.
    pub tries: u32,
}

/// What became of notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeOutcome {
    /// They were handed over.
    Sent,
    /// They are not told: their reader may not know of it any more, or wants to be told no more.
    Closed(&'static str),
    /// They never will be.
    Failed(NoticeTrouble),
    /// They are tried again.
    Again {
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
}

impl Store {
    /// Returns the mail that is due, the oldest first, and when the next one is if none is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn due_notice_mail(&self, now_ms: u64) -> Result<Result<DueMessage, Option<u64>>, StoreError> {
        let row = sqlx::query(
            "SELECT id, user, message, due_ms FROM notices WHERE due_ms IS NOT NULL AND user IS NOT NULL
             ORDER BY due_ms, announcement LIMIT 1",
        )
        .fetch_optional(&self.reader)
        .await?;
        let Some(row) = row else { return Ok(Err(None)) };
        let due_ms = time(&row, "due_ms")?;
        if due_ms > now_ms {
            return Ok(Err(Some(due_ms)));
        }
        let id = match row.try_get::<Option<Vec<u8>>, _>("message")? {
            Some(id) => id,
            None => {
                let id: Vec<u8> = row.try_get("id")?;
                self.settle_digest(&id, row.try_get("user")?, now_ms).await?;
                id
            }
        };
        match self.message(sixteen(id)?).await {
            // Its reader was removed a moment ago: there is another one, or none.
            Err(StoreError::Unavailable(sqlx::Error::RowNotFound)) => Ok(Err(Some(now_ms))),
            found => found.map(Ok),
        }
    }

    /// Says for good which notices are in a digest: what comes after is for the next.
    async fn settle_digest(&self, id: &[u8], user: &[u8], now_ms: u64) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE notices SET message = $1 WHERE id IN
             (SELECT id FROM notices WHERE user = $2 AND channel = 'digest' AND message IS NULL AND due_ms <= $3
              ORDER BY id <> $1, announcement LIMIT $4)",
        )
        .bind(id)
        .bind(user)
        .bind(stored(now_ms))
        .bind(DIGEST_MAX)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Returns the next delivery to each webhook that has one due, and when the next one is if none has.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn due_deliveries(&self, now_ms: u64) -> Result<(Vec<[u8; 16]>, Option<u64>), StoreError> {
        // What is next of each, as SQLite takes the other columns of min() from the row that it is of.
        let rows = sqlx::query(
            "SELECT message, min(due_ms) AS due_ms FROM notices
             WHERE due_ms IS NOT NULL AND webhook IS NOT NULL GROUP BY webhook ORDER BY 2",
        )
        .fetch_all(&self.reader)
        .await?;
        let (mut due, mut next_ms) = (Vec::new(), None);
        for row in &rows {
            let at_ms = time(row, "due_ms")?;
            if at_ms > now_ms {
                next_ms = Some(at_ms);
                break;
            }
            due.push(sixteen(row.try_get("message")?)?);
        }
        Ok((due, next_ms))
    }

    /// Returns a message with what its reader may know of it now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; with `RowNotFound` inside, nothing of it waits any more.
    pub async fn message(&self, id: [u8; 16]) -> Result<DueMessage, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT n.id AS notice, n.user, n.webhook, n.channel, n.tries, a.kind AS what, a.at_ms, a.number, d.id, d.kind,
                    a.kind IN ('followed', 'not_followed') AS is_of_floor,
                    (SELECT not_followed FROM advisory_fates AS fate
                     WHERE fate.document = a.document AND fate.number = a.number AND fate.followed = 1) AS not_followed,
                    r.tlp, r.title, l.summary, said.severity, o.name, u.email, s.mode, s.key, w.url, w.failures,
                    CASE WHEN a.kind IN ('followed', 'not_followed') THEN ",
            keeps_floor!("u"),
            " ELSE ",
            may_read_as!("n.user", "coalesce(m.organisation, w.organisation)", "0"),
            " END AS may
             FROM notices AS n JOIN announcements AS a ON a.row = n.announcement
             JOIN documents AS d ON d.id = a.document
             JOIN revisions AS r ON r.document = a.document AND r.number = a.number
             LEFT JOIN listings AS l ON l.document = a.document AND l.number = a.number
             LEFT JOIN revision_severities AS said ON said.revision = r.row
             JOIN member_organisations AS o ON o.id = d.owner
             LEFT JOIN users AS u ON u.id = n.user
             LEFT JOIN notice_settings AS s ON s.user = n.user
             LEFT JOIN memberships AS m ON m.user = n.user
             LEFT JOIN webhooks AS w ON w.id = n.webhook
             WHERE n.message = $1 AND n.due_ms IS NOT NULL ORDER BY a.row"
        ))
        .bind(&id[..])
        .fetch_all(&self.reader)
        .await?;
        let first = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let (mut documents, mut closed) = (Vec::new(), Vec::new());
        for row in &rows {
            let may: Option<bool> = row.try_get("may")?;
            if may.unwrap_or(false) {
                documents.push(document(row)?);
            } else {
                closed.push(sixteen(row.try_get("notice")?)?);
            }
        }
        Ok(DueMessage { id, to: to(first)?, documents, closed, tries: first.try_get("tries")? })
    }

    /// Notes what became of notices that were waiting.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_notices(
        &self,
        notices: &[[u8; 16]],
        outcome: &NoticeOutcome,
        now_ms: u64,
    ) -> Result<(), StoreError> {
        let (state, why, due_ms) = match outcome {
            NoticeOutcome::Sent => ("sent", None, None),
            NoticeOutcome::Closed(why) => ("closed", Some(*why), None),
            NoticeOutcome::Failed(trouble) => ("failed", Some(trouble_word(*trouble)), None),
            NoticeOutcome::Again { at_ms } => ("waiting", None, Some(stored(*at_ms))),
        };
        let mut transaction = self.change().await?;
        for id in notices {
            sqlx::query(
                "UPDATE notices SET state = $2, why = $3, due_ms = $4, tries = tries + 1, noted_ms = $5
                 WHERE id = $1 AND state = 'waiting'",
            )
            .bind(&id[..])
            .bind(state)
            .bind(why)
            .bind(due_ms)
            .bind(stored(now_ms))
            .execute(&mut *transaction)
            .await?;
        }
        Ok(transaction.commit().await?)
    }
}

const fn trouble_word(trouble: NoticeTrouble) -> &'static str {
    match trouble {
        NoticeTrouble::Address => "address",
        NoticeTrouble::Key => "key",
        NoticeTrouble::Mail => "mail",
    }
}

pub(super) fn trouble(word: &str) -> NoticeTrouble {
    match word {
        "address" => NoticeTrouble::Address,
        "key" => NoticeTrouble::Key,
        _ => NoticeTrouble::Mail,
    }
}

fn to(row: &SqliteRow) -> Result<NoticeTo, sqlx::Error> {
    if let Some(webhook) = row.try_get::<Option<Vec<u8>>, _>("webhook")? {
        return Ok(NoticeTo::Webhook {
            webhook: WebhookId::from_bytes(sixteen(webhook)?),
            url: row.try_get("url")?,
            failures: row.try_get("failures")?,
        });
    }
    let address: Option<String> = row.try_get("email")?;
    Ok(NoticeTo::Account {
        user: UserId::from_bytes(sixteen(row.try_get("user")?)?),
        address: address.map(EmailAddress::try_from).transpose().map_err(decode)?,
        key: row.try_get("key")?,
        is_digest: row.try_get::<&str, _>("channel")? == "digest",
        // Who keeps the floor chose it by following.
        wants: row.try_get("is_of_floor")?
            || row.try_get::<Option<&str>, _>("mode")?.is_some_and(|mode| mode != "none"),
    })
}

fn document(row: &SqliteRow) -> Result<NoticedDocument, StoreError> {
    Ok(NoticedDocument {
        notice: sixteen(row.try_get("notice")?)?,
        what: match row.try_get::<&str, _>("what")? {
            "published" => What::Published,
            "revised" => What::Revised,
            "withdrawn" => What::Withdrawn,
            _ => What::Followed(not_followed(row)?.map_or(Ok(()), Err)),
        },
        document: DocumentId::from_bytes(sixteen(row.try_get("id")?)?),
        number: row.try_get("number")?,
        at_ms: time(row, "at_ms")?,
        kind: kind(row)?,
        owner_name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
        tlp: label(row)?,
        title: row.try_get("title")?,
        summary: row.try_get("summary")?,
        severity: severity(row)?,
    })
}
