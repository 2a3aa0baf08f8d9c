//! What is judged before it is submitted or published, and how lists name it from then on.
//!
//! Judged inside the transaction of the step: what is judged is what is published, with the label that it has then and after the
//! revision that was published before.

use sabha_advisory::{
    Tlp,
    csaf::{self, Csaf, Occasion, Release, model::Publisher, provider::Published},
    life::Step,
};
use sabha_protocol::{account::Label, bulletin::DocumentId};
use sqlx::{Row as _, Sqlite, Transaction};

use super::{Acting, BulletinError, notices, reading::label};
use crate::storage::StoreError;

/// As whom a member organisation publishes.
#[derive(Clone, Debug, PartialEq)]
pub struct Issuer {
    /// The organisation's name.
    pub organisation: Label,
    /// What its documents have to say.
    pub publisher: Publisher,
}

/// BUL-16: refuses what is not fit for a step that makes it public, and notes of what is published how lists name it.
pub(super) async fn judge(
    transaction: &mut Transaction<'_, Sqlite>,
    acting: &Acting,
    id: DocumentId,
    number: u32,
    step: Step,
    issuer: Option<&Issuer>,
) -> Result<(), BulletinError> {
    let release = match step {
        Step::Submit => None,
        Step::PublishInterim => Some(Release::Interim),
        Step::PublishFinal => Some(Release::Final),
        Step::Begin | Step::Change | Step::Return | Step::Approve | Step::Withdraw => return Ok(()),
    };
    let row = sqlx::query(
        "SELECT r.tlp, r.content, m.name,
                (SELECT content FROM revisions AS before WHERE before.document = $1 AND before.stage >= 3
                 ORDER BY number DESC LIMIT 1) AS before
         FROM revisions AS r JOIN member_organisations AS m ON m.id = $3
         WHERE r.document = $1 AND r.number = $2",
    )
    .bind(&id.as_bytes()[..])
    .bind(number)
    .bind(&acting.organisation.as_bytes()[..])
    .fetch_one(&mut **transaction)
    .await?;
    let name: String = row.try_get("name")?;
    let before: Option<Vec<u8>> = row.try_get("before")?;
    let occasion = Occasion {
        label: Tlp::from(label(&row)?),
        release,
        publisher: issuer
            .filter(|issuer| issuer.organisation.as_str() == name)
            .map(|issuer| issuer.publisher.clone()),
        // What was published before anything was judged has no word in what comes after it.
        before: before.and_then(|before| Csaf::read(&before).ok()),
    };
    let content: Vec<u8> = row.try_get("content")?;
    // Tens of milliseconds for the longest: not on a thread that others wait for.
    let judged = tokio::task::spawn_blocking(move || csaf::judge(&content, &occasion)).await;
    let published = judged.map_err(|error| StoreError::from(sqlx::Error::Protocol(error.to_string())))??;
    name_file(transaction, acting, id, &published, release.is_some()).await?;
    if release.is_some() {
        list(transaction, id, number, &published).await?;
    }
    Ok(())
}

/// Refuses a document whose file would lie where another of its owner does; `takes` it from then on.
async fn name_file(
    transaction: &mut Transaction<'_, Sqlite>,
    acting: &Acting,
    id: DocumentId,
    published: &Published,
    takes: bool,
) -> Result<(), BulletinError> {
    let name = published.file_name();
    let holder: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT document FROM file_names WHERE owner = $1 AND name = $2")
            .bind(&acting.organisation.as_bytes()[..])
            .bind(name)
            .fetch_optional(&mut **transaction)
            .await?;
    match holder {
        Some(holder) if holder == id.as_bytes() => Ok(()),
        Some(_) => Err(BulletinError::FileTaken),
        None if !takes => Ok(()),
        None => {
            sqlx::query("INSERT INTO file_names (owner, name, document) VALUES ($1, $2, $3)")
                .bind(&acting.organisation.as_bytes()[..])
                .bind(name)
                .bind(&id.as_bytes()[..])
                .execute(&mut **transaction)
                .await?;
            Ok(())
        }
    }
}

async fn list(
    transaction: &mut Transaction<'_, Sqlite>,
    id: DocumentId,
    number: u32,
    published: &Published,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO listings (document, number, file, released, updated, summary, severity)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&id.as_bytes()[..])
    .bind(number)
    .bind(published.file.as_str())
    .bind(published.published.as_str())
    .bind(published.updated.as_str())
    .bind(published.summary.as_deref())
    .bind(published.severity.map(notices::severity_number))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
