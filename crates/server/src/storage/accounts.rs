//! Rows of the organisation, its users, and the one-time links by which users come.
//!
//! Every change is one transaction with its entry in the audit log. Two requests that race are settled here: a link is
//! used once, an address belongs to one user, and the last administrator stays one.

use std::collections::BTreeSet;

use sabha_protocol::{
    DisplayName, MeetingId,
    account::{AccountRole, EmailAddress, InvitationId, Label, Roles, UserId},
    limits::{INVITATION_LIFE, INVITATIONS_MAX, SETUP_LIFE, USERS_MAX},
    wire::accounts::{AuditAction, ChangeUser, Invitation, Invite, LinkKind, User},
};
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    Author, Store, StoreError,
    audit::{self, Event},
    bulletin,
    credentials::{NewPasskey, NewSession},
    identities::NewIdentity,
    plans,
};

/// Stands where the name of a user stood who was removed.
const FORMER_USER: &str = "former user";

/// Bit of the administrators in `users.roles`.
const ADMINISTRATOR: i64 = 1;

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// There are as many as there may be.
    #[error("there are too many of these already")]
    Full,
    /// There is none of this id.
    #[error("there is none of this id")]
    Unknown,
    /// The one-time link is not good, or not any more.
    #[error("the link is not good, or not any more")]
    Link,
    /// It is the last administrator, or the last passkey of its user.
    #[error("the last one has to stay")]
    Last,
    /// Another user has this address, or the authenticator's credential is known already.
    #[error("another has this already")]
    Taken,
    /// The database failed; nothing was changed.
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for AccountError {
    fn from(error: sqlx::Error) -> Self {
        if error.as_database_error().is_some_and(|error| error.is_unique_violation()) {
            return Self::Taken;
        }
        Self::Store(StoreError::Unavailable(error))
    }
}

/// A one-time link that is good now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is for.
    pub kind: LinkKind,
    /// Name that the inviting administrator gave.
    pub name: Option<DisplayName>,
    /// Address that the inviting administrator gave.
    pub email: Option<EmailAddress>,
    /// Roles of who follows it.
    pub roles: Roles,
    /// Whom a recovery lets in.
    pub user: Option<UserId>,
}

/// Somebody who follows a one-time link.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Their id, also their handle with authenticators.
    pub id: UserId,
    /// How they are called.
    pub name: DisplayName,
    /// Their address.
    pub email: Option<EmailAddress>,
    /// A new name of the organisation, from the first administrator only.
    pub organisation: Option<Label>,
    /// By what they come in.
    pub way: NewWay,
    /// The session in which they are at once.
    pub session: NewSession,
}

/// By what a new user comes in.
#[derive(Clone, Debug)]
pub enum NewWay {
    /// Somebody at the identity provider.
    Identity(NewIdentity),
    /// Their first passkey.
    Passkey(NewPasskey),
}

impl Store {
    /// Returns the organisation's name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn organisation(&self) -> Result<Label, StoreError> {
        let name: String =
            sqlx::query_scalar("SELECT name FROM organisation WHERE id = 1").fetch_one(&self.reader).await?;
        Ok(name.try_into().map_err(decode)?)
    }

    /// Gives the organisation another name.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn rename_organisation(
        &self,
        author: Author,
        name: &Label,
        now_ms: u64,
    ) -> Result<(), AccountError> {
        let mut transaction = self.change().await?;
        set_organisation(&mut transaction, name).await?;
        let event = Event { author, action: AuditAction::OrganisationRenamed, subject: None, detail: None };
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Makes a link for the first administrator, in the place of the one before. Returns whether it is good: with an
    /// administrator there is none, and needs to be none.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn prepare_setup(&self, token_hash: &[u8; 32], now_ms: u64) -> Result<bool, AccountError> {
        let mut transaction = self.change().await?;
        sqlx::query("DELETE FROM links WHERE kind = 'setup'").execute(&mut *transaction).await?;
        let needed = administrators(&mut transaction).await? == 0;
        if needed {
            let (created, expires) = (stored(now_ms), stored(now_ms) + millis(SETUP_LIFE));
            sqlx::query(
                "INSERT INTO links (id, token_hash, kind, roles, created_ms, expires_ms)
                 VALUES ($1, $2, 'setup', $3, $4, $5)",
            )
            // There is one at most, and nobody names it.
            .bind(&[0_u8; 16][..])
            .bind(&token_hash[..])
            .bind(ADMINISTRATOR)
            .bind(created)
            .bind(expires)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(needed)
    }

    /// Returns what a link is for, without using it up.
    ///
    /// # Errors
    /// [`AccountError::Link`] if it is not good now.
    pub async fn link(&self, token_hash: &[u8; 32], now_ms: u64) -> Result<Link, AccountError> {
        let row = sqlx::query(GOOD_LINK)
            .bind(&token_hash[..])
            .bind(stored(now_ms))
            .fetch_optional(&self.reader)
            .await?;
        Ok(read_link(&row.ok_or(AccountError::Link)?)?)
    }

    /// Uses a link up: there is a user now, with a passkey and a session.
    ///
    /// # Errors
    /// [`AccountError::Link`] if the link is not good now, [`AccountError::Taken`] if the address or the credential is
    /// another's, [`AccountError::Full`]; nothing was changed, and the link stays.
    pub async fn join(
        &self,
        token_hash: &[u8; 32],
        new: &NewUser,
        now_ms: u64,
    ) -> Result<User, AccountError> {
        let mut transaction = self.change().await?;
        let row = sqlx::query(GOOD_LINK)
            .bind(&token_hash[..])
            .bind(stored(now_ms))
            .fetch_optional(&mut *transaction)
            .await?;
        let link = read_link(&row.ok_or(AccountError::Link)?)?;
        if link.kind == LinkKind::Recovery {
            return Err(AccountError::Link);
        }
        sqlx::query("DELETE FROM links WHERE token_hash = $1")
            .bind(&token_hash[..])
            .execute(&mut *transaction)
            .await?;
        if let (LinkKind::Setup, Some(name)) = (link.kind, &new.organisation) {
            set_organisation(&mut transaction, name).await?;
        }
        let user = new.insert(&mut transaction, link.roles, now_ms).await?;
        transaction.commit().await?;
        Ok(user)
    }

    /// Makes a link by which an administrator who lost every way in adds a passkey to their account, in the place of any
    /// such link before. `who` is their address or id; without it there has to be one administrator.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] if that is no administrator, or it is not said which of several.
    pub async fn prepare_recovery(
        &self,
        who: Option<&str>,
        id: InvitationId,
        token_hash: &[u8; 32],
        now_ms: u64,
    ) -> Result<User, AccountError> {
        let mut transaction = self.change().await?;
        let rows = sqlx::query("SELECT * FROM users WHERE roles & 1").fetch_all(&mut *transaction).await?;
        let mut users = rows.iter().map(user).collect::<Result<Vec<_>, _>>()?;
        users.retain(|user| {
            let is = |who: &str| {
                user.id.to_string() == who
                    || user.email.as_ref().is_some_and(|email| email.as_str().eq_ignore_ascii_case(who))
            };
            who.is_none_or(is)
        });
        let (Some(user), true) = (users.pop(), users.is_empty()) else { return Err(AccountError::Unknown) };
        sqlx::query("DELETE FROM links WHERE user = $1")
            .bind(&user.id.as_bytes()[..])
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO links (id, token_hash, kind, name, email, roles, user, created_ms, expires_ms)
             VALUES ($1, $2, 'recovery', $3, $4, $5, $6, $7, $8)",
        )
        .bind(&id.as_bytes()[..])
        .bind(&token_hash[..])
        .bind(user.name.as_str())
        .bind(user.email.as_ref().map(EmailAddress::as_str))
        .bind(role_bits(&user.roles))
        .bind(&user.id.as_bytes()[..])
        .bind(stored(now_ms))
        .bind(stored(now_ms) + millis(SETUP_LIFE))
        .execute(&mut *transaction)
        .await?;
        let event = Event::new(Author::default(), AuditAction::RecoveryCreated, user.id);
        audit::append(&mut transaction, now_ms, event).await?;
        transaction.commit().await?;
        Ok(user)
    }

    /// Uses a recovery up: its user has another passkey and one session, and no other.
    ///
    /// # Errors
    /// [`AccountError::Link`] if the link is not good now, [`AccountError::Taken`] if the credential is another's,
    /// [`AccountError::Full`].
    pub async fn recover(
        &self,
        token_hash: &[u8; 32],
        passkey: &NewPasskey,
        session: &NewSession,
        now_ms: u64,
    ) -> Result<User, AccountError> {
        let mut transaction = self.change().await?;
        let row = sqlx::query(
            "SELECT users.* FROM links JOIN users ON users.id = links.user
             WHERE token_hash = $1 AND expires_ms > $2 AND kind = 'recovery'",
        )
        .bind(&token_hash[..])
        .bind(stored(now_ms))
        .fetch_optional(&mut *transaction)
        .await?;
        let user = user(&row.ok_or(AccountError::Link)?)?;
        for query in ["DELETE FROM links WHERE user = $1", "DELETE FROM sessions WHERE user = $1"] {
            sqlx::query(query).bind(&user.id.as_bytes()[..]).execute(&mut *transaction).await?;
        }
        let event = Event::new(Author::user(user.id), AuditAction::UserRecovered, user.id);
        audit::append(&mut transaction, now_ms, event).await?;
        passkey.insert(&mut transaction, user.id, now_ms).await?;
        session.insert(&mut transaction, user.id, now_ms).await?;
        transaction.commit().await?;
        Ok(user)
    }

    /// Invites somebody.
    ///
    /// # Errors
    /// [`AccountError::Taken`] if a user has the address, [`AccountError::Full`].
    pub async fn invite(
        &self,
        author: Author,
        id: InvitationId,
        token_hash: &[u8; 32],
        invite: Invite,
        now_ms: u64,
    ) -> Result<Invitation, AccountError> {
        let mut transaction = self.change().await?;
        sqlx::query("DELETE FROM links WHERE expires_ms <= $1")
            .bind(stored(now_ms))
            .execute(&mut *transaction)
            .await?;
        let open: i64 = sqlx::query_scalar("SELECT count(*) FROM links").fetch_one(&mut *transaction).await?;
        if open.unsigned_abs() >= INVITATIONS_MAX as u64 {
            return Err(AccountError::Full);
        }
        let email = invite.email.as_ref().map(EmailAddress::as_str);
        let taken: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM users WHERE email = $1)")
            .bind(email)
            .fetch_one(&mut *transaction)
            .await?;
        if taken {
            return Err(AccountError::Taken);
        }
        let expires_ms = now_ms + u64::try_from(INVITATION_LIFE.as_millis()).unwrap_or(u64::MAX);
        sqlx::query(
            "INSERT INTO links (id, token_hash, kind, name, email, roles, invited_by, created_ms, expires_ms)
             VALUES ($1, $2, 'invitation', $3, $4, $5, $6, $7, $8)",
        )
        .bind(&id.as_bytes()[..])
        .bind(&token_hash[..])
        .bind(invite.name.as_str())
        .bind(email)
        .bind(role_bits(&invite.roles))
        .bind(author.user.map(|user| user.as_bytes().to_vec()))
        .bind(stored(now_ms))
        .bind(stored(expires_ms))
        .execute(&mut *transaction)
        .await?;
        let event = Event::new(author, AuditAction::InvitationCreated, id).detail(words(&invite.roles));
        audit::append(&mut transaction, now_ms, event).await?;
        transaction.commit().await?;
        let Invite { name, email, roles } = invite;
        Ok(Invitation { id, name, email, roles, created_ms: now_ms, expires_ms })
    }

    /// Returns the invitations that are open, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn invitations(&self, now_ms: u64) -> Result<Vec<Invitation>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM links WHERE kind = 'invitation' AND expires_ms > $1 ORDER BY created_ms, id",
        )
        .bind(stored(now_ms))
        .fetch_all(&self.reader)
        .await?;
        let invitation = |row: &SqliteRow| {
            Ok(Invitation {
                id: InvitationId::from_bytes(sixteen(row.try_get("id")?)?),
                name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
                email: email(row)?,
                roles: roles(row)?,
                created_ms: time(row, "created_ms")?,
                expires_ms: time(row, "expires_ms")?,
            })
        };
        Ok(rows.iter().map(invitation).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Withdraws an invitation.
    ///
    /// # Errors
    /// [`AccountError::Unknown`].
    pub async fn revoke_invitation(
        &self,
        author: Author,
        id: InvitationId,
        now_ms: u64,
    ) -> Result<(), AccountError> {
        let mut transaction = self.change().await?;
        let done = sqlx::query("DELETE FROM links WHERE id = $1 AND kind = 'invitation'")
            .bind(&id.as_bytes()[..])
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Err(AccountError::Unknown);
        }
        audit::append(&mut transaction, now_ms, Event::new(author, AuditAction::InvitationRevoked, id))
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Returns every user, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let rows = sqlx::query("SELECT * FROM users ORDER BY created_ms, id").fetch_all(&self.reader).await?;
        Ok(rows.iter().map(user).collect::<Result<_, _>>()?)
    }

    /// Changes a user's name or roles. Holds from their next request on.
    ///
    /// # Errors
    /// [`AccountError::Unknown`]; [`AccountError::Last`] if no administrator would be left.
    pub async fn change_user(
        &self,
        author: Author,
        id: UserId,
        change: &ChangeUser,
        now_ms: u64,
    ) -> Result<User, AccountError> {
        let mut transaction = self.change().await?;
        let row = sqlx::query("SELECT * FROM users WHERE id = $1")
            .bind(&id.as_bytes()[..])
            .fetch_optional(&mut *transaction)
            .await?;
        let before = user(&row.ok_or(AccountError::Unknown)?)?;
        let after = User {
            name: change.name.clone().unwrap_or_else(|| before.name.clone()),
            roles: change.roles.clone().unwrap_or_else(|| before.roles.clone()),
            ..before.clone()
        };
        if after == before {
            return Ok(before);
        }
        sqlx::query("UPDATE users SET name = $2, roles = $3 WHERE id = $1")
            .bind(&id.as_bytes()[..])
            .bind(after.name.as_str())
            .bind(role_bits(&after.roles))
            .execute(&mut *transaction)
            .await?;
        if administrators(&mut transaction).await? == 0 {
            return Err(AccountError::Last);
        }
        let mut event = Event::new(author, AuditAction::UserChanged, id);
        if after.roles != before.roles {
            event = event.detail(words(&after.roles));
        }
        audit::append(&mut transaction, now_ms, event).await?;
        transaction.commit().await?;
        Ok(after)
    }

    /// Removes a user with their passkeys, sessions, API keys, and the invitations they made. Returns the meetings they
    /// had planned, which are cancelled.
    ///
    /// # Errors
    /// [`AccountError::Unknown`]; [`AccountError::Last`] if no administrator would be left.
    pub async fn remove_user(
        &self,
        author: Author,
        id: UserId,
        now_ms: u64,
    ) -> Result<Vec<MeetingId>, AccountError> {
        let mut transaction = self.change().await?;
        // Their devices hold the keys of what they planned, which nobody else could end.
        let cancelled = plans::cancel_all_of(&mut transaction, author, id, now_ms).await?;
        // Who applied a floor is told by name there, and by id in the audit log.
        sqlx::query(
            "UPDATE floors SET applied_by = $2 WHERE applied_by = (SELECT name FROM users WHERE id = $1)",
        )
        .bind(&id.as_bytes()[..])
        .bind(FORMER_USER)
        .execute(&mut *transaction)
        .await?;
        bulletin::anonymise(&mut transaction, id).await?;
        let done = sqlx::query("DELETE FROM users WHERE id = $1")
            .bind(&id.as_bytes()[..])
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Err(AccountError::Unknown);
        }
        if administrators(&mut transaction).await? == 0 {
            return Err(AccountError::Last);
        }
        audit::append(&mut transaction, now_ms, Event::new(author, AuditAction::UserRemoved, id)).await?;
        transaction.commit().await?;
        // Else older pages stay in the log for as long as little is written. If somebody reads just now, the next time
        // that something is forgotten does it.
        self.fold().await?;
        Ok(cancelled)
    }

    /// Begins a transaction that writes. What is not committed when it is dropped never was.
    pub(super) async fn change(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }
}

impl NewUser {
    /// Writes the user with their way in and their session.
    pub(super) async fn insert(
        &self,
        transaction: &mut Transaction<'_, Sqlite>,
        roles: Roles,
        now_ms: u64,
    ) -> Result<User, AccountError> {
        let users: i64 =
            sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut **transaction).await?;
        if users.unsigned_abs() >= USERS_MAX as u64 {
            return Err(AccountError::Full);
        }
        sqlx::query("INSERT INTO users (id, name, email, roles, created_ms) VALUES ($1, $2, $3, $4, $5)")
            .bind(&self.id.as_bytes()[..])
            .bind(self.name.as_str())
            .bind(self.email.as_ref().map(EmailAddress::as_str))
            .bind(role_bits(&roles))
            .bind(stored(now_ms))
            .execute(&mut **transaction)
            .await?;
        let event = Event::new(Author::user(self.id), AuditAction::UserJoined, self.id).detail(words(&roles));
        audit::append(transaction, now_ms, event).await?;
        match &self.way {
            NewWay::Identity(identity) => identity.insert(transaction, self.id, now_ms).await?,
            NewWay::Passkey(passkey) => passkey.insert(transaction, self.id, now_ms).await?,
        }
        self.session.insert(transaction, self.id, now_ms).await?;
        Ok(User {
            id: self.id,
            name: self.name.clone(),
            email: self.email.clone(),
            roles,
            created_ms: now_ms,
        })
    }
}

/// A link that is good: not used, not too old, and for the first administrator only while there is none.
const GOOD_LINK: &str = "SELECT * FROM links WHERE token_hash = $1 AND expires_ms > $2
    AND (kind <> 'setup' OR NOT EXISTS (SELECT 1 FROM users WHERE roles & 1))";

fn read_link(row: &SqliteRow) -> Result<Link, sqlx::Error> {
    let name: Option<String> = row.try_get("name")?;
    Ok(Link {
        kind: match row.try_get::<&str, _>("kind")? {
            "setup" => LinkKind::Setup,
            "recovery" => LinkKind::Recovery,
            _ => LinkKind::Invitation,
        },
        user: match row.try_get::<Option<Vec<u8>>, _>("user")? {
            Some(id) => Some(UserId::from_bytes(sixteen(id)?)),
            None => None,
        },
        name: name.map(|name| name.try_into().map_err(decode)).transpose()?,
        email: email(row)?,
        roles: roles(row)?,
    })
}

async fn set_organisation(
    transaction: &mut Transaction<'_, Sqlite>,
    name: &Label,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE organisation SET name = $1 WHERE id = 1")
        .bind(name.as_str())
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

pub(super) async fn administrators(transaction: &mut Transaction<'_, Sqlite>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM users WHERE roles & 1").fetch_one(&mut **transaction).await
}

/// Reads a user from a row of `users`.
pub(super) fn user(row: &SqliteRow) -> Result<User, sqlx::Error> {
    Ok(User {
        id: UserId::from_bytes(sixteen(row.try_get("id")?)?),
        name: row.try_get::<String, _>("name")?.try_into().map_err(decode)?,
        email: email(row)?,
        roles: roles(row)?,
        created_ms: time(row, "created_ms")?,
    })
}

fn email(row: &SqliteRow) -> Result<Option<EmailAddress>, sqlx::Error> {
    let email: Option<String> = row.try_get("email")?;
    email.map(|email| email.try_into().map_err(decode)).transpose()
}

fn roles(row: &SqliteRow) -> Result<Roles, sqlx::Error> {
    let bits: i64 = row.try_get("roles")?;
    Ok(AccountRole::ALL.into_iter().filter(|role| bits & bit(*role) != 0).collect())
}

const fn bit(role: AccountRole) -> i64 {
    match role {
        AccountRole::Administrator => ADMINISTRATOR,
        AccountRole::Host => 2,
        AccountRole::SecurityOfficer => 4,
    }
}

pub(super) fn role_bits(roles: &Roles) -> i64 {
    roles.iter().map(|role| bit(*role)).sum()
}

/// Returns roles as the audit log writes them.
pub(super) fn words(roles: &BTreeSet<AccountRole>) -> String {
    roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(" ")
}

pub(super) fn time(row: &SqliteRow, column: &str) -> Result<u64, sqlx::Error> {
    Ok(row.try_get::<i64, _>(column)?.unsigned_abs())
}

/// Returns a time as the database stores it.
pub(super) fn stored(now_ms: u64) -> i64 {
    i64::try_from(now_ms).unwrap_or(i64::MAX)
}

pub(super) fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn sixteen(bytes: Vec<u8>) -> Result<[u8; 16], sqlx::Error> {
    bytes.try_into().map_err(|_| sqlx::Error::Decode("an id is not 16 bytes long".into()))
}

pub(super) fn decode(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}
