//! Providers of CSAF that are listed or mirrored, how it stands with each, and copies of their documents.
//!
//! A document is on disk when it is kept, with everything that a later run has to know of it. So a run that is cut off, by whatever,
//! loses nothing that it has kept, and the next fetches nothing of that again.

use sabha_advisory::{
    Tlp,
    csaf::{
        mirror::{Known, Mirrored},
        provider::Published,
    },
};
use sqlx::{Row as _, sqlite::SqliteRow};

use crate::storage::{
    Store, StoreError,
    accounts::{decode, stored},
};

/// How it stands with a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorState {
    /// As the configuration calls it.
    pub name: String,
    /// Its `provider-metadata.json`, if it was ever taken.
    pub metadata: Option<Vec<u8>>,
    /// When it is asked next, in milliseconds since 1970.
    pub due_ms: u64,
    /// When it was asked last.
    pub tried_ms: Option<u64>,
    /// When it was asked last without failing.
    pub succeeded_ms: Option<u64>,
    /// How often it has failed since.
    pub failures: u32,
    /// What was wrong the last time.
    pub trouble: Option<String>,
    /// How many documents of it there are.
    pub documents: u64,
}

/// What a provider says of itself, and how it went with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorMetadata {
    /// As the configuration calls it.
    pub name: String,
    /// Its `provider-metadata.json`, if it was ever taken.
    pub metadata: Option<Vec<u8>>,
    /// Whether a run over it has ever ended well.
    pub reached: bool,
    /// How often it has failed since.
    pub failures: u32,
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorRun {
    /// When it ended, in milliseconds since 1970.
    pub now_ms: u64,
    /// Whether it failed.
    pub failed: bool,
    /// What was wrong, if anything was.
    pub trouble: Option<String>,
    /// When the next one is.
    pub due_ms: u64,
}

/// A copy of a document as a list of all of them has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirroredLine {
    /// What its provider is called in the configuration.
    pub provider: String,
    /// What lists say of it.
    pub listed: Published,
    /// Where it is in the list: after which the next page begins.
    pub place: (u64, i64),
}

/// A copy of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirroredFile {
    /// What lists say of it.
    pub listed: Published,
    /// Its bytes.
    pub content: Vec<u8>,
    /// Its signature, as its provider made it.
    pub signature: Vec<u8>,
    /// When it was kept, in milliseconds since 1970.
    pub mirrored_ms: u64,
    /// Where it came from.
    pub address: String,
}

impl Store {
    /// Makes the configured providers, each a name and where it is looked for, those that there are: others are forgotten with their
    /// documents, and new ones are due.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_mirrors(&self, providers: &[(String, String)], now_ms: u64) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        let there: Vec<(String, String)> = sqlx::query_as("SELECT name, source FROM mirrored_providers")
            .fetch_all(&mut *transaction)
            .await?;
        for provider in there.iter().filter(|provider| !providers.contains(provider)) {
            sqlx::query("DELETE FROM mirrored_providers WHERE name = $1")
                .bind(&provider.0)
                .execute(&mut *transaction)
                .await?;
        }
        for (name, source) in providers.iter().filter(|provider| !there.contains(provider)) {
            sqlx::query("INSERT INTO mirrored_providers (name, source, due_ms) VALUES ($1, $2, $3)")
                .bind(name)
                .bind(source)
                .bind(stored(now_ms))
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Returns the names of the providers that are due.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn due_mirrors(&self, now_ms: u64) -> Result<Vec<String>, StoreError> {
        let due =
            sqlx::query_scalar("SELECT name FROM mirrored_providers WHERE due_ms <= $1 ORDER BY due_ms");
        Ok(due.bind(stored(now_ms)).fetch_all(&self.reader).await?)
    }

    /// Has one provider, or all, be due now, and returns how many that are.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn hurry_mirrors(&self, name: Option<&str>, now_ms: u64) -> Result<u64, StoreError> {
        let hurried = sqlx::query(
            "UPDATE mirrored_providers SET due_ms = min(due_ms, $1) WHERE $2 IS NULL OR name = $2",
        )
        .bind(stored(now_ms))
        .bind(name)
        .execute(&self.writer)
        .await?;
        Ok(hurried.rows_affected())
    }

    /// Returns how it stands with every provider, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn mirrors(&self) -> Result<Vec<MirrorState>, StoreError> {
        let rows = sqlx::query(
            "SELECT *, (SELECT count(*) FROM mirrored_documents AS d WHERE d.provider = p.name) AS documents
             FROM mirrored_providers AS p ORDER BY name",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(state).collect()
    }

    /// Returns what one provider says of itself, or all, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn mirror_metadata(&self, name: Option<&str>) -> Result<Vec<MirrorMetadata>, StoreError> {
        let rows = sqlx::query(
            "SELECT name, metadata, succeeded_ms IS NOT NULL AS reached, failures FROM mirrored_providers
             WHERE $1 IS NULL OR name = $1 ORDER BY name",
        )
        .bind(name)
        .fetch_all(&self.reader)
        .await?;
        let metadata = |row: &SqliteRow| {
            Ok(MirrorMetadata {
                name: row.try_get("name")?,
                metadata: row.try_get("metadata")?,
                reached: row.try_get("reached")?,
                failures: row.try_get("failures")?,
            })
        };
        rows.iter().map(metadata).collect()
    }

    /// Returns what is known of the documents of a provider.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn known_of_mirror(&self, name: &str) -> Result<Vec<Known>, StoreError> {
        let rows = sqlx::query(
            "SELECT address, listed, tracking, file, updated, hash FROM mirrored_documents WHERE provider = $1",
        )
        .bind(name)
        .fetch_all(&self.reader)
        .await?;
        let known = |row: &SqliteRow| {
            Ok(Known {
                address: row.try_get("address")?,
                listed: row.try_get("listed")?,
                id: row.try_get("tracking")?,
                file: row.try_get("file")?,
                updated: row.try_get("updated")?,
                hash: row.try_get::<&[u8], _>("hash")?.try_into().map_err(decode)?,
            })
        };
        rows.iter().map(known).collect()
    }

    /// Keeps the metadata of a provider.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn keep_mirror_metadata(&self, name: &str, metadata: &[u8]) -> Result<(), StoreError> {
        sqlx::query("UPDATE mirrored_providers SET metadata = $2 WHERE name = $1")
            .bind(name)
            .bind(metadata)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Keeps a document of a provider, in place of the release of it that was there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also if another document of the provider has its id or file: a run does not keep such.
    pub async fn keep_mirrored(
        &self,
        name: &str,
        document: &Mirrored,
        now_ms: u64,
    ) -> Result<(), StoreError> {
        let published = &document.published;
        sqlx::query(
            "INSERT INTO mirrored_documents
             (provider, address, listed, file, tracking, title, summary, released, updated, hash, content, signature,
              mirrored_ms, updated_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
             ON CONFLICT (provider, address) DO UPDATE SET
             listed = $3, file = $4, tracking = $5, title = $6, summary = $7, released = $8, updated = $9, hash = $10,
             content = $11, signature = $12, mirrored_ms = $13, updated_ms = $14",
        )
        .bind(name)
        .bind(&document.address)
        .bind(&document.listed)
        .bind(&published.file)
        .bind(&published.id)
        .bind(&published.title)
        .bind(&published.summary)
        .bind(&published.published)
        .bind(&published.updated)
        .bind(&document.hash[..])
        .bind(&document.content)
        .bind(&document.signature)
        .bind(stored(now_ms))
        .bind(published.updated.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_millisecond))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Notes what became of a run.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_mirror_run(&self, name: &str, run: &MirrorRun) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE mirrored_providers SET tried_ms = $2, due_ms = $3, trouble = $4,
             succeeded_ms = CASE WHEN $5 THEN succeeded_ms ELSE $2 END,
             failures = CASE WHEN $5 THEN failures + 1 ELSE 0 END WHERE name = $1",
        )
        .bind(name)
        .bind(stored(run.now_ms))
        .bind(stored(run.due_ms))
        .bind(&run.trouble)
        .bind(run.failed)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Lists the documents of a provider. In no order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn mirrored(&self, name: &str) -> Result<Vec<Published>, StoreError> {
        let rows = sqlx::query(
            "SELECT file, tracking, title, summary, released, updated FROM mirrored_documents WHERE provider = $1",
        )
        .bind(name)
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(listed).collect()
    }

    /// Lists the documents of these providers, those that changed last first, from `after` on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn mirrored_lines(
        &self,
        providers: &[String],
        after: Option<(u64, i64)>,
        limit: u32,
    ) -> Result<Vec<MirroredLine>, StoreError> {
        let (before_ms, before) = after.map_or((i64::MAX, i64::MAX), |(ms, row)| (stored(ms), row));
        let rows = sqlx::query(
            "SELECT rowid, provider, file, tracking, title, summary, released, updated, updated_ms
             FROM mirrored_documents
             WHERE provider IN (SELECT value FROM json_each($1)) AND (updated_ms, rowid) < ($2, $3)
             ORDER BY updated_ms DESC, rowid DESC LIMIT $4",
        )
        .bind(serde_json::to_string(providers).map_err(decode)?)
        .bind(before_ms)
        .bind(before)
        .bind(limit)
        .fetch_all(&self.reader)
        .await?;
        let line = |row: &SqliteRow| {
            Ok(MirroredLine {
                provider: row.try_get("provider")?,
                listed: listed(row)?,
                place: (row.try_get::<i64, _>("updated_ms")?.unsigned_abs(), row.try_get("rowid")?),
            })
        };
        rows.iter().map(line).collect()
    }

    /// Returns when something of a provider was kept last, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn last_mirrored_ms(&self, name: &str) -> Result<Option<u64>, StoreError> {
        let last: Option<i64> =
            sqlx::query_scalar("SELECT max(mirrored_ms) FROM mirrored_documents WHERE provider = $1")
                .bind(name)
                .fetch_one(&self.reader)
                .await?;
        Ok(last.map(i64::unsigned_abs))
    }

    /// Returns the document of a provider in this file.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn mirrored_file(&self, name: &str, file: &str) -> Result<Option<MirroredFile>, StoreError> {
        let row = sqlx::query("SELECT * FROM mirrored_documents WHERE provider = $1 AND file = $2")
            .bind(name)
            .bind(file)
            .fetch_optional(&self.reader)
            .await?;
        let file = |row: SqliteRow| {
            Ok(MirroredFile {
                listed: listed(&row)?,
                content: row.try_get("content")?,
                signature: row.try_get("signature")?,
                mirrored_ms: row.try_get::<i64, _>("mirrored_ms")?.unsigned_abs(),
                address: row.try_get("address")?,
            })
        };
        row.map(file).transpose()
    }
}

fn state(row: &SqliteRow) -> Result<MirrorState, StoreError> {
    let time = |column| Ok::<_, StoreError>(row.try_get::<Option<i64>, _>(column)?.map(i64::unsigned_abs));
    Ok(MirrorState {
        name: row.try_get("name")?,
        metadata: row.try_get("metadata")?,
        due_ms: time("due_ms")?.unwrap_or_default(),
        tried_ms: time("tried_ms")?,
        succeeded_ms: time("succeeded_ms")?,
        failures: row.try_get("failures")?,
        trouble: row.try_get("trouble")?,
        documents: row.try_get::<i64, _>("documents")?.unsigned_abs(),
    })
}

/// A copy is of what everybody may read: a run keeps nothing else.
fn listed(row: &SqliteRow) -> Result<Published, StoreError> {
    Ok(Published {
        label: Tlp::Clear,
        file: row.try_get("file")?,
        id: row.try_get("tracking")?,
        title: row.try_get("title")?,
        summary: row.try_get("summary")?,
        published: row.try_get("released")?,
        updated: row.try_get("updated")?,
        // Lists do not say it.
        severity: None,
    })
}
