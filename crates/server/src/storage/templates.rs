//! Rows of templates: named controls that somebody who makes a meeting can begin with.

use sabha_policy::Controls;
use sabha_protocol::{
    ControlSettings,
    account::{Label, TemplateId},
    limits::TEMPLATES_MAX,
    wire::accounts::AuditAction,
};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{
    AccountError, Store, StoreError,
    accounts::stored,
    audit::{self, Author, Event},
};

/// A template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTemplate {
    /// Names it for programs.
    pub id: TemplateId,
    /// Names it for people.
    pub name: Label,
    /// What it asks for.
    pub controls: Controls,
    /// When it was changed last, in unix milliseconds.
    pub changed_ms: u64,
}

impl Store {
    /// Returns every template, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: also if what is stored is none, since a looser one must not take its place.
    pub async fn templates(&self) -> Result<Vec<StoredTemplate>, StoreError> {
        let rows = sqlx::query("SELECT * FROM templates ORDER BY name").fetch_all(&self.reader).await?;
        rows.iter().map(template).collect()
    }

    /// Keeps a template, in the place of the one of its id if there is one.
    ///
    /// # Errors
    /// [`AccountError::Full`]; [`AccountError::Taken`] if another has its name.
    pub async fn put_template(&self, author: Author, template: &StoredTemplate) -> Result<(), AccountError> {
        let settings = serde_json::to_string(&template.controls.to_settings()).map_err(damaged)?;
        let mut transaction = self.change().await?;
        sqlx::query(
            "INSERT INTO templates (id, name, settings, changed_ms) VALUES ($1, $2, $3, $4)
             ON CONFLICT (id) DO UPDATE SET name = $2, settings = $3, changed_ms = $4",
        )
        .bind(&template.id.as_bytes()[..])
        .bind(template.name.as_str())
        .bind(settings)
        .bind(stored(template.changed_ms))
        .execute(&mut *transaction)
        .await?;
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM templates").fetch_one(&mut *transaction).await?;
        if usize::try_from(count).unwrap_or(usize::MAX) > TEMPLATES_MAX {
            return Err(AccountError::Full);
        }
        let event = Event::new(author, AuditAction::TemplateChanged, template.id);
        audit::append(&mut transaction, template.changed_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Removes a template. Meetings that were made with it keep what they have.
    ///
    /// # Errors
    /// [`AccountError::Unknown`].
    pub async fn remove_template(
        &self,
        author: Author,
        id: TemplateId,
        now_ms: u64,
    ) -> Result<(), AccountError> {
        let mut transaction = self.change().await?;
        let done = sqlx::query("DELETE FROM templates WHERE id = $1")
            .bind(&id.as_bytes()[..])
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Err(AccountError::Unknown);
        }
        audit::append(&mut transaction, now_ms, Event::new(author, AuditAction::TemplateRemoved, id)).await?;
        Ok(transaction.commit().await?)
    }
}

fn template(row: &SqliteRow) -> Result<StoredTemplate, StoreError> {
    let (id, name): (Vec<u8>, String) = (row.try_get("id")?, row.try_get("name")?);
    let (settings, changed_ms): (String, i64) = (row.try_get("settings")?, row.try_get("changed_ms")?);
    let settings: ControlSettings = serde_json::from_str(&settings).map_err(damaged)?;
    Ok(StoredTemplate {
        id: TemplateId::from_bytes(id.as_slice().try_into().map_err(damaged)?),
        name: name.try_into().map_err(damaged)?,
        controls: Controls::from_settings(&settings).map_err(damaged)?,
        changed_ms: u64::try_from(changed_ms).unwrap_or_default(),
    })
}

fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(sqlx::Error::Decode(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use sabha_policy::Tier;

    use super::*;
    use crate::storage::AuditFilter;

    fn board(number: u8, name: &str) -> StoredTemplate {
        StoredTemplate {
            id: TemplateId::from_bytes([number; 16]),
            name: name.parse().unwrap(),
            controls: Controls::of(Tier::High),
            changed_ms: 1_700_000_000_000,
        }
    }

    #[tokio::test]
    async fn a_template_is_kept_changed_and_removed_and_each_stands_in_the_log() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        let author = Author::default();
        let mut first = board(1, "Board");
        store.put_template(author, &first).await.unwrap();
        store.put_template(author, &board(2, "Audit")).await.unwrap();
        let taken = store.put_template(author, &board(3, "Board")).await;
        assert!(matches!(taken, Err(AccountError::Taken)), "{taken:?}");
        first.controls = Controls::of(Tier::Low);
        store.put_template(author, &first).await.unwrap();
        assert_eq!(store.templates().await.unwrap(), [board(2, "Audit"), first.clone()]);

        store.remove_template(author, first.id, 1).await.unwrap();
        let gone = store.remove_template(author, first.id, 1).await;
        assert!(matches!(gone, Err(AccountError::Unknown)), "{gone:?}");
        let log = store.audit(AuditFilter::default(), 10).await.unwrap();
        let actions: Vec<_> = log.iter().map(|entry| entry.action).collect();
        use AuditAction::{TemplateChanged, TemplateRemoved};
        assert_eq!(actions, [TemplateRemoved, TemplateChanged, TemplateChanged, TemplateChanged]);
    }

    #[tokio::test]
    async fn templates_are_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        for number in 0..u8::try_from(TEMPLATES_MAX).unwrap() {
            store.put_template(Author::default(), &board(number, &format!("T{number}"))).await.unwrap();
        }
        let over = store.put_template(Author::default(), &board(250, "more")).await;
        assert!(matches!(over, Err(AccountError::Full)), "{over:?}");
        assert_eq!(store.templates().await.unwrap().len(), TEMPLATES_MAX);
    }
}
