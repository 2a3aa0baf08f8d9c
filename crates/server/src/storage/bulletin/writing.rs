//! Drafts, and the steps by which one of them is published.
//!
//! What may follow on what is decided by `sabha_advisory::life`, inside the transaction that does it.

use std::collections::BTreeSet;

use sabha_advisory::{
    clearance::{Place, Reader},
    life::{Actor, Life, Step},
};
use sabha_protocol::{
    account::UserId,
    bulletin::{BulletinRole, DocumentId, DocumentKind, OrganisationId, Severity},
    limits::{DOCUMENTS_PER_ORGANISATION_MAX, REVISIONS_MAX},
    wire::{accounts::AuditAction, bulletin_documents::Marking},
};
use sha2::{Digest as _, Sha256};
use sqlx::{Row as _, Sqlite, Transaction};

use super::{
    Acting, BulletinError,
    clearance::{Reading, as_reader, may_read},
    following, label_number, marked, notices,
    profiles::seen_columns,
    publishing::{Issuer, judge},
    reading::{seen_hash, stage},
};
use crate::storage::{
    Author, Store,
    accounts::{sixteen, stored},
    audit::{self, Event},
};

/// A revision to be stored. What its content says was read from it before.
#[derive(Clone, Debug)]
pub struct NewRevision {
    /// For whom; the audience fits the label.
    pub marking: Marking,
    /// Its bytes.
    pub content: Vec<u8>,
    /// Its title.
    pub title: String,
    /// Its tracking id, if it has one.
    pub tracking: Option<String>,
    /// How severe it says that it is.
    pub severity: Option<Severity>,
    /// Every text in it, for the index of words.
    pub words: String,
}

/// A document's life as one who acts may know it, with the hash of its newest revision.
pub(super) struct Known {
    pub(super) life: Life,
    pub(super) hash: [u8; 32],
}

impl Acting {
    /// Returns them as a reader. Which groups their organisation is in the database knows itself.
    pub(super) fn reader(&self) -> Reader {
        let place =
            Place { organisation: self.organisation, roles: self.roles.clone(), groups: BTreeSet::new() };
        Reader::Person { user: self.user, membership: Some(place) }
    }

    /// Returns them as one who takes a step.
    pub(crate) const fn actor(&self) -> Actor<'_> {
        Actor { user: self.user, roles: &self.roles }
    }
}

impl Store {
    /// Stores a document with its first revision, a draft of `acting`.
    ///
    /// # Errors
    /// [`BulletinError::NotTaken`] for who is no author; [`BulletinError::Nobody`] if the marking names somebody who is
    /// not there, or a group in which the own organisation is not; [`BulletinError::Full`].
    #[expect(
        clippy::too_many_arguments,
        reason = "each is another kind of thing, and all of them are needed"
    )]
    pub async fn create_document(
        &self,
        author: Author,
        acting: &Acting,
        id: DocumentId,
        kind: DocumentKind,
        noticed_ms: Option<u64>,
        new: &NewRevision,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        Life::new(acting.actor())?;
        let mut transaction = self.change().await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM documents WHERE owner = $1")
            .bind(&acting.organisation.as_bytes()[..])
            .fetch_one(&mut *transaction)
            .await?;
        if count.unsigned_abs() >= DOCUMENTS_PER_ORGANISATION_MAX as u64 {
            return Err(BulletinError::Full);
        }
        sqlx::query("INSERT INTO documents (id, kind, owner, created_ms) VALUES ($1, $2, $3, $4)")
            .bind(&id.as_bytes()[..])
            .bind(kind.word())
            .bind(&acting.organisation.as_bytes()[..])
            .bind(stored(now_ms))
            .execute(&mut *transaction)
            .await?;
        if let Some(noticed_ms) = noticed_ms {
            sqlx::query(
                "INSERT INTO incidents (document, noticed_ms, status, handled_by, changed_ms)
                 VALUES ($1, $2, 'open', $3, $4)",
            )
            .bind(&id.as_bytes()[..])
            .bind(stored(noticed_ms))
            .bind(&acting.organisation.as_bytes()[..])
            .bind(stored(now_ms))
            .execute(&mut *transaction)
            .await?;
        }
        insert(&mut transaction, acting, id, 1, new, now_ms).await?;
        record(&mut transaction, author, id, "created", now_ms).await?;
        Ok(transaction.commit().await?)
    }

    /// Begins another revision after a published one, and returns its number.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`] if `acting` may not know of the document; else as [`Store::create_document`].
    pub async fn begin_revision(
        &self,
        author: Author,
        acting: &Acting,
        id: DocumentId,
        new: &NewRevision,
        now_ms: u64,
    ) -> Result<u32, BulletinError> {
        let mut transaction = self.change().await?;
        let known = known(&mut transaction, acting, id).await?.ok_or(BulletinError::Unknown)?;
        let after = known.life.take(Step::Begin, acting.actor())?;
        if after.newest as usize > REVISIONS_MAX {
            return Err(BulletinError::Full);
        }
        insert(&mut transaction, acting, id, after.newest, new, now_ms).await?;
        record(&mut transaction, author, id, Step::Begin.word(), now_ms).await?;
        transaction.commit().await?;
        Ok(after.newest)
    }

    /// Puts another text in the place of the draft's, if `seen` is still its hash.
    ///
    /// # Errors
    /// [`BulletinError::Seen`] if somebody has changed it meanwhile; else as [`Store::begin_revision`].
    pub async fn change_draft(
        &self,
        author: Author,
        acting: &Acting,
        id: DocumentId,
        seen: &[u8; 32],
        new: &NewRevision,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let known = known(&mut transaction, acting, id).await?.ok_or(BulletinError::Unknown)?;
        let after = known.life.take(Step::Change, acting.actor())?;
        // BUL-13
        if known.hash != *seen {
            return Err(BulletinError::Seen);
        }
        sqlx::query(
            "UPDATE revisions SET tlp = $3, title = $4, tracking = $5, content = $6, hash = $7, changed_ms = $8
             WHERE document = $1 AND number = $2",
        )
        .bind(&id.as_bytes()[..])
        .bind(after.newest)
        .bind(label_number(new.marking.tlp))
        .bind(new.title.as_str())
        .bind(new.tracking.as_deref())
        .bind(new.content.as_slice())
        .bind(&Sha256::digest(&new.content)[..])
        .bind(stored(now_ms))
        .execute(&mut *transaction)
        .await?;
        for query in [
            "DELETE FROM revision_groups WHERE document = $1 AND number = $2",
            "DELETE FROM revision_organisations WHERE document = $1 AND number = $2",
            "DELETE FROM revision_persons WHERE document = $1 AND number = $2",
            "DELETE FROM revision_severities
             WHERE revision = (SELECT row FROM revisions WHERE document = $1 AND number = $2)",
            "DELETE FROM revision_words
             WHERE rowid = (SELECT row FROM revisions WHERE document = $1 AND number = $2)",
        ] {
            sqlx::query(query).bind(&id.as_bytes()[..]).bind(after.newest).execute(&mut *transaction).await?;
        }
        fill(&mut transaction, acting, id, after.newest, new).await?;
        record(&mut transaction, author, id, Step::Change.word(), now_ms).await?;
        Ok(transaction.commit().await?)
    }

    /// Takes a step with the newest revision, if `seen` is its hash. What is submitted or published has to be fit for it; of
    /// `issuer`'s documents it has to name them as its publisher.
    ///
    /// # Errors
    /// [`BulletinError::Unknown`], [`BulletinError::Seen`], [`BulletinError::NotTaken`]; [`BulletinError::Unfit`] and
    /// [`BulletinError::FileTaken`] if it is not fit to be published.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is another kind of thing, and all of them are needed"
    )]
    pub async fn take_step(
        &self,
        author: Author,
        acting: &Acting,
        id: DocumentId,
        step: Step,
        seen: &[u8; 32],
        issuer: Option<&Issuer>,
        now_ms: u64,
    ) -> Result<(), BulletinError> {
        let mut transaction = self.change().await?;
        let known = known(&mut transaction, acting, id).await?.ok_or(BulletinError::Unknown)?;
        let after = known.life.take(step, acting.actor())?;
        // BUL-13
        if known.hash != *seen {
            return Err(BulletinError::Seen);
        }
        judge(&mut transaction, acting, id, after.newest, step, issuer, now_ms).await?;
        if after.withdrawn {
            sqlx::query("UPDATE documents SET withdrawn_ms = $2 WHERE id = $1")
                .bind(&id.as_bytes()[..])
                .bind(stored(now_ms))
                .execute(&mut *transaction)
                .await?;
        } else {
            let published = after.stage.is_published();
            sqlx::query(
                "UPDATE revisions SET stage = $3, changed_ms = $4, published_ms = $5
                 WHERE document = $1 AND number = $2",
            )
            .bind(&id.as_bytes()[..])
            .bind(after.newest)
            .bind(after.stage as i64)
            .bind(stored(now_ms))
            .bind(published.then(|| stored(now_ms)))
            .execute(&mut *transaction)
            .await?;
            if published {
                // BUL-15: the report is made when others can read it.
                let reported =
                    "UPDATE incidents SET reported_ms = $2 WHERE document = $1 AND reported_ms IS NULL";
                sqlx::query(reported)
                    .bind(&id.as_bytes()[..])
                    .bind(stored(now_ms))
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        record(&mut transaction, author, id, step.word(), now_ms).await?;
        if after.stage.is_published() && !after.withdrawn {
            following::follow(&mut transaction, id, after.newest, now_ms).await?;
        }
        notices::announce(&mut transaction, id, after.newest, step, now_ms).await?;
        Ok(transaction.commit().await?)
    }
}

/// Returns a document's life, if who acts may know of its newest revision. Another organisation's people take no step: for
/// them it has roles, but not of the owner.
pub(super) async fn known(
    transaction: &mut Transaction<'_, Sqlite>,
    acting: &Acting,
    id: DocumentId,
) -> Result<Option<Known>, BulletinError> {
    let query = sqlx::query(concat!(
        "SELECT d.owner, d.withdrawn_ms, r.number, r.stage, ",
        seen_columns!(),
        ", EXISTS (SELECT 1 FROM revisions AS before
                        WHERE before.document = d.id AND before.stage >= 3) AS published,
                (SELECT max(number) FROM revisions WHERE document = d.id) AS newest
         FROM documents AS d JOIN revisions AS r ON r.document = d.id WHERE d.id = $4 AND ",
        may_read!(),
        " ORDER BY r.number DESC LIMIT 1"
    ));
    let row = as_reader!(query, Reading::of(&acting.reader()))
        .bind(&id.as_bytes()[..])
        .fetch_optional(&mut **transaction)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let owner = OrganisationId::from_bytes(sixteen(row.try_get("owner")?)?);
    if owner != acting.organisation {
        // They may know of it, and so are told why not.
        return Err(sabha_advisory::life::NotTaken::Role.into());
    }
    let (number, newest): (u32, u32) = (row.try_get("number")?, row.try_get("newest")?);
    if number != newest {
        // A revision in work is not for them: to them the document stands still.
        return Err(sabha_advisory::life::NotTaken::Stage.into());
    }
    let authors: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT user FROM revision_authors WHERE document = $1 AND number = $2")
            .bind(&id.as_bytes()[..])
            .bind(number)
            .fetch_all(&mut **transaction)
            .await?;
    let authors = authors
        .into_iter()
        .map(|user| Ok(UserId::from_bytes(sixteen(user)?)))
        .collect::<Result<_, sqlx::Error>>()?;
    let life = Life {
        newest: number,
        stage: stage(&row)?,
        authors,
        published: row.try_get("published")?,
        withdrawn: row.try_get::<Option<i64>, _>("withdrawn_ms")?.is_some(),
    };
    Ok(Some(Known { life, hash: seen_hash(&row)? }))
}

async fn insert(
    transaction: &mut Transaction<'_, Sqlite>,
    acting: &Acting,
    id: DocumentId,
    number: u32,
    new: &NewRevision,
    now_ms: u64,
) -> Result<(), BulletinError> {
    sqlx::query(
        "INSERT INTO revisions (document, number, stage, tlp, title, tracking, hash, changed_ms, content)
         VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&id.as_bytes()[..])
    .bind(number)
    .bind(label_number(new.marking.tlp))
    .bind(new.title.as_str())
    .bind(new.tracking.as_deref())
    .bind(&Sha256::digest(&new.content)[..])
    .bind(stored(now_ms))
    .bind(new.content.as_slice())
    .execute(&mut **transaction)
    .await?;
    fill(transaction, acting, id, number, new).await
}

/// Writes who has written in a revision, for whom it is, and its words.
async fn fill(
    transaction: &mut Transaction<'_, Sqlite>,
    acting: &Acting,
    id: DocumentId,
    number: u32,
    new: &NewRevision,
) -> Result<(), BulletinError> {
    wrote(transaction, acting.user, id, number).await?;
    sqlx::query(
        "INSERT INTO revision_words (rowid, text) SELECT row, $3 FROM revisions WHERE document = $1 AND number = $2",
    )
    .bind(&id.as_bytes()[..])
    .bind(number)
    .bind(new.words.as_str())
    .execute(&mut **transaction)
    .await?;
    sqlx::query(
        "INSERT INTO revision_severities (revision, severity)
         SELECT row, $3 FROM revisions WHERE document = $1 AND number = $2 AND $3 IS NOT NULL",
    )
    .bind(&id.as_bytes()[..])
    .bind(number)
    .bind(new.severity.map(|severity| severity as i64))
    .execute(&mut **transaction)
    .await?;
    let mut name = async |query: &'static str, named: &[u8; 16]| -> Result<(), BulletinError> {
        let done = sqlx::query(query)
            .bind(&id.as_bytes()[..])
            .bind(number)
            .bind(&named[..])
            .bind(&acting.organisation.as_bytes()[..])
            .execute(&mut **transaction)
            .await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(BulletinError::Nobody) }
    };
    for group in new.marking.groups.iter().collect::<BTreeSet<_>>() {
        // Of a group that one is not in one knows nothing, not even that it is there.
        name(
            "INSERT INTO revision_groups (document, number, sharing_group)
             SELECT $1, $2, sharing_group FROM group_organisations WHERE sharing_group = $3 AND organisation = $4",
            group.as_bytes(),
        )
        .await?;
    }
    for organisation in new.marking.organisations.iter().collect::<BTreeSet<_>>() {
        name(
            "INSERT INTO revision_organisations (document, number, organisation)
             SELECT $1, $2, id FROM member_organisations WHERE id = $3 AND left_ms IS NULL AND $4 IS NOT NULL",
            organisation.as_bytes(),
        )
        .await?;
    }
    for person in new.marking.persons.iter().collect::<BTreeSet<_>>() {
        // An id lets nobody in, and tells nothing: one that is nobody's is taken like any other.
        name(
            "INSERT INTO revision_persons (document, number, user) SELECT $1, $2, $3 WHERE $4 IS NOT NULL",
            person.as_bytes(),
        )
        .await?;
    }
    Ok(())
}

/// Notes that somebody has written in a revision: they neither approve nor publish it (BUL-10).
pub(super) async fn wrote(
    transaction: &mut Transaction<'_, Sqlite>,
    user: UserId,
    id: DocumentId,
    number: u32,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT OR IGNORE INTO revision_authors (document, number, user) VALUES ($1, $2, $3)")
        .bind(&id.as_bytes()[..])
        .bind(number)
        .bind(&user.as_bytes()[..])
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn record(
    transaction: &mut Transaction<'_, Sqlite>,
    author: Author,
    id: DocumentId,
    word: &str,
    now_ms: u64,
) -> Result<(), sqlx::Error> {
    let event = Event::new(author, AuditAction::BulletinDocument, marked(id)).detail(word.to_owned());
    audit::append(transaction, now_ms, event).await
}

/// Returns whether somebody acts, and does not only look on.
pub(super) fn acts(acting: &Acting) -> bool {
    acting.roles.iter().any(|role| *role != BulletinRole::Auditor)
}
