//! What is judged before it is submitted or published, and how lists name it from then on.
//!
//! Judged inside the transaction of the step: what is judged is what is published, with the label that it has then and after the
//! revision that was published before. What was published before there were listings is judged once more, as the server runs: what
//! would not be fit today is in no list.

use sabha_advisory::{
    Tlp,
    csaf::{self, Csaf, Occasion, Release, model::Publisher, provider::Published},
    life::Step,
};
use sabha_protocol::{
    account::Label,
    bulletin::{DocumentId, OrganisationId},
};
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{Acting, BulletinError, reading::label};
use crate::storage::{Store, StoreError, accounts::sixteen};

/// Revisions of before that are listed in one transaction: some 10 MB at most, and a second of a processor at worst.
const EARLIER_AT_ONCE: i64 = 20;

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
    now_ms: u64,
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
        publisher: publisher_of(issuer, &name),
        // What was published before anything was judged has no word in what comes after it.
        before: before.and_then(|before| Csaf::read(&before).ok()),
        now_ms,
    };
    let published = judged(row.try_get("content")?, occasion).await??;
    name_file(transaction, acting.organisation, id, &published, release.is_some()).await?;
    if release.is_some() {
        list(transaction, id, number, &published).await?;
    }
    Ok(())
}

impl Store {
    /// Lists the next revisions that were published before there were listings, and returns whether there may be more. What would not
    /// be fit to be published today, or has the name of another's file, is in no list.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the same ones are the next again.
    pub async fn list_earlier(&self, issuer: Option<&Issuer>) -> Result<bool, StoreError> {
        let rows = sqlx::query(
            "SELECT r.row, r.document, r.number, r.stage, r.tlp, r.content, d.owner, m.name
             FROM unlisted_revisions JOIN revisions AS r ON r.row = revision
             JOIN documents AS d ON d.id = r.document JOIN member_organisations AS m ON m.id = d.owner
             ORDER BY revision LIMIT $1",
        )
        .bind(EARLIER_AT_ONCE)
        .fetch_all(&self.reader)
        .await?;
        if rows.is_empty() {
            return Ok(false);
        }
        let mut found = Vec::new();
        for row in &rows {
            let release =
                if row.try_get::<i64, _>("stage")? == 3 { Release::Interim } else { Release::Final };
            let name: String = row.try_get("name")?;
            let occasion = Occasion {
                label: Tlp::from(label(row)?),
                release: Some(release),
                publisher: publisher_of(issuer, &name),
                before: None,
                // Nobody asked for its date when it was published.
                now_ms: u64::MAX,
            };
            let content: Vec<u8> = row.try_get("content")?;
            found.push(judged(content, occasion).await?.ok());
        }
        let mut transaction = self.change().await?;
        for (row, published) in rows.iter().zip(&found) {
            if let Some(published) = published {
                list_once(&mut transaction, row, published).await?;
            }
            sqlx::query("DELETE FROM unlisted_revisions WHERE revision = $1")
                .bind(row.try_get::<i64, _>("row")?)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}

async fn list_once(
    transaction: &mut Transaction<'_, Sqlite>,
    row: &SqliteRow,
    published: &Published,
) -> Result<(), StoreError> {
    let owner = OrganisationId::from_bytes(sixteen(row.try_get("owner")?)?);
    let id = DocumentId::from_bytes(sixteen(row.try_get("document")?)?);
    match name_file(transaction, owner, id, published, true).await {
        Ok(()) => Ok(list(transaction, id, row.try_get("number")?, published).await?),
        Err(BulletinError::Store(error)) => Err(error),
        // Another document lies there.
        Err(_) => Ok(()),
    }
}

/// Judges a content. Tens of milliseconds for the longest: not on a thread that others wait for.
async fn judged(content: Vec<u8>, occasion: Occasion) -> Result<Result<Published, csaf::Unfit>, StoreError> {
    let judged = tokio::task::spawn_blocking(move || csaf::judge(&content, &occasion)).await;
    judged.map_err(|error| StoreError::from(sqlx::Error::Protocol(error.to_string())))
}

/// Returns as whom the organisation of this name has to publish, if that is settled.
fn publisher_of(issuer: Option<&Issuer>, name: &str) -> Option<Publisher> {
    issuer.filter(|issuer| issuer.organisation.as_str() == name).map(|issuer| issuer.publisher.clone())
}

/// Refuses a document whose file would lie where another of its owner does; `takes` it from then on.
async fn name_file(
    transaction: &mut Transaction<'_, Sqlite>,
    owner: OrganisationId,
    id: DocumentId,
    published: &Published,
    takes: bool,
) -> Result<(), BulletinError> {
    let name = published.file_name();
    let holder: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT document FROM file_names WHERE owner = $1 AND name = $2")
            .bind(&owner.as_bytes()[..])
            .bind(name)
            .fetch_optional(&mut **transaction)
            .await?;
    match holder {
        Some(holder) if holder == id.as_bytes() => Ok(()),
        Some(_) => Err(BulletinError::FileTaken),
        None if !takes => Ok(()),
        None => {
            sqlx::query("INSERT INTO file_names (owner, name, document) VALUES ($1, $2, $3)")
                .bind(&owner.as_bytes()[..])
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
        "INSERT INTO listings (document, number, file, released, updated, summary)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&id.as_bytes()[..])
    .bind(number)
    .bind(published.file.as_str())
    .bind(published.published.as_str())
    .bind(published.updated.as_str())
    .bind(published.summary.as_deref())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sabha_advisory::{
        clearance::Reader,
        csaf::model::{Distribution, PublisherCategory},
    };
    use sabha_protocol::{account::UserId, bulletin::Severity};
    use serde_json::{Value, json};
    use sqlx::{SqlitePool, migrate::Migrator, sqlite::SqliteConnectOptions};

    use super::*;
    use crate::storage::{DocumentFilter, migrations::MIGRATIONS};

    /// Documents of which each is fit: more than are listed at once.
    const FIT: u8 = 25;

    fn document(number: u8, id: &str) -> Value {
        let date = "2025-03-01T10:00:00Z";
        json!({ "document": {
            "aggregate_severity": { "text": if number == 1 { "Critical" } else { "Low" } },
            "category": "csaf_base",
            "csaf_version": "2.0",
            "distribution": Distribution::labelled(Tlp::Green, None),
            "lang": "en",
            "notes": [{ "category": "summary", "text": format!("Summary {number}") }],
            "publisher": { "category": "coordinator", "name": "CERT", "namespace": "https://cert.example.org" },
            "title": format!("Title {number}"),
            "tracking": {
                "current_release_date": date, "id": id, "initial_release_date": date,
                "revision_history": [{ "date": date, "number": "1", "summary": "Said" }],
                "status": "final", "version": "1",
            },
        }})
    }

    /// Makes a database as it was before there were listings: what was published was any JSON with a title.
    async fn earlier(directory: &Path) {
        let options = SqliteConnectOptions::new()
            .filename(directory.join(crate::storage::FILE_NAME))
            .create_if_missing(true)
            .foreign_keys(true);
        let pool = SqlitePool::connect_with(options).await.unwrap();
        let before = MIGRATIONS.iter().filter(|one| one.version < 12).cloned().collect();
        Migrator::with_migrations(before).run(&pool).await.unwrap();
        let members = "INSERT INTO member_organisations VALUES (zeroblob(16), 'CERT', 0, NULL), (randomblob(16), 'Bank', 0, NULL);
            INSERT INTO users (id, name, roles, created_ms) VALUES (zeroblob(16), 'Asha', 0, 0);
            INSERT INTO memberships SELECT zeroblob(16), id, 8, 0 FROM member_organisations WHERE name = 'Bank'";
        sqlx::raw_sql(members).execute(&pool).await.unwrap();
        let mut unlike = document(26, "TEST-26");
        unlike["document"]["publisher"]["name"] = "Somebody else".into();
        let mut contents: Vec<Value> =
            (1..=FIT).map(|number| document(number, &format!("TEST-{number}"))).collect();
        contents.extend([unlike, document(27, "TEST-1"), json!({ "document": { "title": "A sketch" } })]);
        for (number, content) in (1_u8..).zip(contents) {
            sqlx::query("INSERT INTO documents VALUES ($1, 'advisory', zeroblob(16), 0, NULL)")
                .bind(&[number; 16][..])
                .execute(&pool)
                .await
                .unwrap();
            // Each has another revision, a draft.
            for (revision, stage) in [(1, 4), (2, 0)] {
                sqlx::query(
                    "INSERT INTO revisions (document, number, stage, tlp, title, tracking, hash, changed_ms, published_ms, content)
                     VALUES ($1, $2, $3, 1, $4, $5, zeroblob(32), 0, iif($3 = 4, 0, NULL), $6)",
                )
                .bind(&[number; 16][..])
                .bind(revision)
                .bind(stage)
                .bind(content["document"]["title"].as_str())
                .bind(content["document"]["tracking"]["id"].as_str())
                .bind(content.to_string().as_bytes())
                .execute(&pool)
                .await
                .unwrap();
            }
        }
        pool.close().await;
    }

    async fn count(store: &Store, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&store.reader).await.unwrap()
    }

    #[tokio::test]
    async fn what_was_published_before_there_were_lists_is_listed_once_and_some_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        earlier(directory.path()).await;
        let issuer = Issuer {
            organisation: "CERT".parse().unwrap(),
            publisher: Publisher {
                category: PublisherCategory::Coordinator,
                contact_details: None,
                issuing_authority: None,
                name: "CERT".to_owned(),
                namespace: "https://cert.example.org".to_owned(),
            },
        };
        let (listings, waiting) =
            ("SELECT count(*) FROM listings", "SELECT count(*) FROM unlisted_revisions");
        let store = Store::open(directory.path()).await.unwrap();
        assert_eq!(
            (count(&store, listings).await, count(&store, waiting).await),
            (0, 28),
            "drafts do not wait"
        );
        // Severities are read from the content, whether or not it is listed.
        let reader = store.bulletin_standing(UserId::from_bytes([0; 16])).await.unwrap().reader;
        let facets = store.facets(&reader, &DocumentFilter::default()).await.unwrap();
        let severities: Vec<_> = facets.severities.iter().map(|one| (one.severity, one.count)).collect();
        assert_eq!(severities, [(Severity::Critical, 1), (Severity::Low, 26)]);
        let alerts = store.bulletin_alerts(&reader).await.unwrap();
        assert_eq!((alerts.alerts.len(), alerts.alerts[0].title.as_str()), (1, "Title 1"));

        assert!(store.list_earlier(Some(&issuer)).await.unwrap());
        assert_eq!((count(&store, listings).await, count(&store, waiting).await), (20, 8));
        store.close().await;
        let store = Store::open(directory.path()).await.unwrap();
        while store.list_earlier(Some(&issuer)).await.unwrap() {}
        assert_eq!((count(&store, listings).await, count(&store, waiting).await), (i64::from(FIT), 0));
        let organisation = "CERT".parse().unwrap();
        let listed = store.published(&reader, &organisation, Tlp::Green).await.unwrap();
        assert_eq!(listed.len(), usize::from(FIT));
        let first = listed.iter().find(|one| one.id == "TEST-1").unwrap();
        assert_eq!(
            (first.file.as_str(), first.summary.as_deref(), first.severity),
            ("2025/test-1.json", Some("Summary 1"), Some(Severity::Critical))
        );
        assert!(store.published(&Reader::Anonymous, &organisation, Tlp::Green).await.unwrap().is_empty());
        assert!(!store.list_earlier(Some(&issuer)).await.unwrap(), "and never again");
    }
}
