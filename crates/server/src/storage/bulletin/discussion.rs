//! What is said about published revisions, and who of a recipient's clients may read them, too.

use sabha_advisory::{clearance::Reader, life::NotTaken};
use sabha_protocol::{
    account::UserId,
    bulletin::{Acknowledgement, BulletinRole, CommentId, CommentText, DocumentId, OrganisationId},
    limits::COMMENTS_MAX,
    wire::{
        accounts::AuditAction,
        bulletin_documents::{Acknowledged, DocumentComment},
    },
};
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    Acting, BulletinError,
    clearance::{Reading, as_reader, may_read},
    marked,
    reading::strange,
    writing::acts,
};
use crate::storage::{
    Author, Store, StoreError,
    accounts::{decode, sixteen, stored, time},
    audit::{self, Event},
};

/// Forgets who of their organisation it was that commented, acknowledged, or has an incident in hand: what was said stays the
/// organisation's. An id of zeros is nobody's. Who wrote a revision, and for whom one is, stays with it: it says by whose eyes it
/// was published.
pub(in crate::storage) async fn anonymise(
    transaction: &mut Transaction<'_, Sqlite>,
    user: UserId,
) -> Result<(), sqlx::Error> {
    for query in [
        "UPDATE comments SET user = zeroblob(16) WHERE user = $1",
        "UPDATE acknowledgements SET user = zeroblob(16) WHERE user = $1",
        "UPDATE incidents SET handler = NULL WHERE handler = $1",
    ] {
        sqlx::query(query).bind(&user.as_bytes()[..]).execute(&mut **transaction).await?;
    }
    Ok(())
}

impl Store {
    /// Has an organisation say something of a published revision. What it has said before stays, with its time.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`] if `acting` may not know of it; [`BulletinError::NotTaken`] for auditors, and for what
    /// is not published.
    pub async fn acknowledge(
        &self,
        author: Author,
        acting: &Acting,
        (document, number): (DocumentId, u32),
        said: Acknowledgement,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        say(&mut transaction, author, acting, (document, number), said, now_ms).await?;
        Ok(transaction.commit().await?)
    }

    /// Returns what was said of the revisions that `reader` may know: to the document's owner all of it, to others what
    /// their own organisation said. `None` where there is nothing that they may know.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn acknowledgements(
        &self,
        reader: &Reader,
        document: DocumentId,
    ) -> Result<Option<Vec<Acknowledged>>, StoreError> {
        if self.document(reader, document).await?.is_none() {
            return Ok(None);
        }
        let query = sqlx::query(concat!(
            "SELECT said.*, m.name FROM acknowledgements AS said
             JOIN revisions AS r ON r.document = said.document AND r.number = said.number
             JOIN documents AS d ON d.id = r.document JOIN member_organisations AS m ON m.id = said.organisation
             WHERE d.id = $4 AND (d.owner = $2 OR said.organisation = $2) AND ",
            may_read!(),
            " ORDER BY said.at_ms, m.name, said.said"
        ));
        let rows = as_reader!(query, Reading::of(reader))
            .bind(&document.as_bytes()[..])
            .fetch_all(&self.reader)
            .await?;
        let acknowledged = |row: &SqliteRow| {
            let word: &str = row.try_get("said")?;
            let said = Acknowledgement::ALL.into_iter().find(|said| said.word() == word);
            Ok(Acknowledged {
                revision: row.try_get("number")?,
                organisation: OrganisationId::from_bytes(sixteen(row.try_get("organisation")?)?),
                name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
                acknowledgement: said.ok_or_else(|| strange("acknowledgement"))?,
                at_ms: time(row, "at_ms")?,
            })
        };
        rows.iter().map(acknowledged).collect::<Result<_, StoreError>>().map(Some)
    }

    /// Adds a comment on a published revision.
    ///
    /// # Errors
    /// As [`Store::acknowledge`]; [`BulletinError::Full`].
    pub async fn comment(
        &self,
        author: Author,
        acting: &Acting,
        (document, number): (DocumentId, u32),
        id: CommentId,
        text: &CommentText,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        published(&mut transaction, acting, document, number).await?;
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM comments WHERE document = $1 AND number = $2")
                .bind(&document.as_bytes()[..])
                .bind(number)
                .fetch_one(&mut *transaction)
                .await?;
        // Counted by revision: who may not read one is not told that it is much talked about.
        if count.unsigned_abs() >= COMMENTS_MAX as u64 {
            return Err(BulletinError::Full);
        }
        sqlx::query(
            "INSERT INTO comments (id, document, number, organisation, user, text, at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&id.as_bytes()[..])
        .bind(&document.as_bytes()[..])
        .bind(number)
        .bind(&acting.organisation.as_bytes()[..])
        .bind(&acting.user.as_bytes()[..])
        .bind(text.as_str())
        .bind(stored(now_ms))
        .execute(&mut *transaction)
        .await?;
        let event = Event::new(author, AuditAction::BulletinComment, marked(document));
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Returns the comments on the revisions that `reader` may know, oldest first. `None` where there is nothing that they
    /// may know.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn comments(
        &self,
        reader: &Reader,
        document: DocumentId,
    ) -> Result<Option<Vec<DocumentComment>>, StoreError> {
        if self.document(reader, document).await?.is_none() {
            return Ok(None);
        }
        // Members talk among each other, also about what everybody reads.
        let query = sqlx::query(concat!(
            "SELECT c.*, m.name AS organisation_name, u.name AS user_name FROM comments AS c
             JOIN revisions AS r ON r.document = c.document AND r.number = c.number
             JOIN documents AS d ON d.id = r.document JOIN member_organisations AS m ON m.id = c.organisation
             LEFT JOIN users AS u ON u.id = c.user
             WHERE d.id = $4 AND $2 IS NOT NULL AND ",
            may_read!(),
            " ORDER BY c.at_ms, c.id"
        ));
        let rows = as_reader!(query, Reading::of(reader))
            .bind(&document.as_bytes()[..])
            .fetch_all(&self.reader)
            .await?;
        let comment = |row: &SqliteRow| {
            let name: Option<String> = row.try_get("user_name")?;
            Ok(DocumentComment {
                id: CommentId::from_bytes(sixteen(row.try_get("id")?)?),
                revision: row.try_get("number")?,
                organisation: OrganisationId::from_bytes(sixteen(row.try_get("organisation")?)?),
                organisation_name: row
                    .try_get::<String, _>("organisation_name")?
                    .try_into()
                    .map_err(decode)?,
                name: name.map(|name| name.try_into().map_err(decode)).transpose()?,
                text: row.try_get::<String, _>("text")?.try_into().map_err(decode)?,
                at_ms: time(row, "at_ms")?,
            })
        };
        rows.iter().map(comment).collect::<Result<_, StoreError>>().map(Some)
    }

    /// Lets a client of a recipient read what is published as `TLP:AMBER`. Only a recipient of it, or its owner, grants;
    /// a client does not grant further.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`] if `acting` may not know of it; [`BulletinError::NotTaken`] if they are no publisher or
    /// administrator of a recipient, or it is of another label; [`BulletinError::Nobody`] if the client does not take
    /// part.
    pub async fn grant_client(
        &self,
        author: Author,
        acting: &Acting,
        (document, number): (DocumentId, u32),
        client: OrganisationId,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let tlp = published(&mut transaction, acting, document, number).await?;
        let grants = [BulletinRole::Publisher, BulletinRole::Administrator];
        // A client of somebody's has it by a grant, and by nothing else.
        let granted: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM client_grants WHERE document = $1 AND number = $2 AND organisation = $3)",
        )
        .bind(&document.as_bytes()[..])
        .bind(number)
        .bind(&acting.organisation.as_bytes()[..])
        .fetch_one(&mut *transaction)
        .await?;
        if granted || !grants.iter().any(|role| acting.roles.contains(role)) {
            return Err(NotTaken::Role.into());
        }
        // BUL-03, BUL-04
        if tlp != super::label_number(sabha_protocol::bulletin::TlpLabel::Amber) {
            return Err(NotTaken::Stage.into());
        }
        let done = sqlx::query(
            "INSERT INTO client_grants (document, number, organisation, granted_by, at_ms)
             SELECT $1, $2, id, $4, $5 FROM member_organisations WHERE id = $3 AND left_ms IS NULL
             ON CONFLICT DO UPDATE SET at_ms = at_ms",
        )
        .bind(&document.as_bytes()[..])
        .bind(number)
        .bind(&client.as_bytes()[..])
        .bind(&acting.organisation.as_bytes()[..])
        .bind(stored(now_ms))
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Err(BulletinError::Nobody);
        }
        let event =
            Event::new(author, AuditAction::BulletinClient, marked(document)).detail(client.to_string());
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }
}

/// Has an organisation say something of a published revision, in the transaction of what it is said for.
pub(super) async fn say(
    transaction: &mut Transaction<'_, Sqlite>,
    author: Author,
    acting: &Acting,
    (document, number): (DocumentId, u32),
    said: Acknowledgement,
    now_ms: u64,
) -> Result<(), BulletinError> {
    published(transaction, acting, document, number).await?;
    let done = sqlx::query(
        "INSERT OR IGNORE INTO acknowledgements (document, number, organisation, said, user, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&document.as_bytes()[..])
    .bind(number)
    .bind(&acting.organisation.as_bytes()[..])
    .bind(said.word())
    .bind(&acting.user.as_bytes()[..])
    .bind(stored(now_ms))
    .execute(&mut **transaction)
    .await?;
    if done.rows_affected() == 1 {
        let event = Event::new(author, AuditAction::BulletinAcknowledged, marked(document))
            .detail(said.word().to_owned());
        audit::append(transaction, now_ms, event).await?;
    }
    Ok(())
}

/// Checks that somebody who does more than look on may know of a revision and that it is published; returns its label.
async fn published(
    transaction: &mut Transaction<'_, Sqlite>,
    acting: &Acting,
    document: DocumentId,
    number: u32,
) -> Result<i64, BulletinError> {
    let query = sqlx::query_as::<_, (i64, i64)>(concat!(
        "SELECT r.stage, r.tlp FROM documents AS d JOIN revisions AS r ON r.document = d.id
         WHERE d.id = $4 AND r.number = $5 AND ",
        may_read!()
    ));
    let row = as_reader!(query, Reading::of(&acting.reader()))
        .bind(&document.as_bytes()[..])
        .bind(number)
        .fetch_optional(&mut **transaction)
        .await?;
    let (stage, tlp) = row.ok_or(BulletinError::Unknown)?;
    if !acts(acting) {
        return Err(NotTaken::Role.into());
    }
    if stage < 3 {
        return Err(NotTaken::Stage.into());
    }
    Ok(tlp)
}
