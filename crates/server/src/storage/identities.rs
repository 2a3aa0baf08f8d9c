//! Rows of who at the identity provider is whom here. Bound by the provider's own name for somebody, never by an address.

use sabha_protocol::{
    account::{AccountRole, IdentityId, Roles, UserId},
    limits::IDENTITIES_MAX,
    wire::accounts::{AuditAction, Identity, User},
};
use sqlx::{Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    AccountError, Author, NewSession, NewUser, Store, StoreError,
    accounts::{administrators, role_bits, sixteen, stored, time, user, words},
    audit::{self, Event},
    credentials::count,
};

/// Somebody at an identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIdentity {
    /// Our name of the binding, if it is made.
    pub id: IdentityId,
    /// The provider's URL.
    pub issuer: String,
    /// Its name for them: never given to another, 1 to 255 bytes (OpenID Connect Core 1.0 section 2).
    pub subject: String,
}

/// What the provider says of somebody's roles. Roles that it does not manage stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleGrants {
    /// Roles that the provider gives and takes.
    pub managed: Roles,
    /// Those of them that it gives now.
    pub granted: Roles,
}

impl RoleGrants {
    /// Returns the roles of who had `before`.
    pub fn over(&self, before: &Roles) -> Roles {
        let kept = before.iter().filter(|role| !self.managed.contains(role));
        kept.chain(self.granted.intersection(&self.managed)).copied().collect()
    }
}

impl NewIdentity {
    pub(super) async fn insert(
        &self,
        transaction: &mut Transaction<'_, Sqlite>,
        user: UserId,
        now_ms: u64,
    ) -> Result<(), AccountError> {
        if count(transaction, "SELECT count(*) FROM identities WHERE user = $1", user).await?
            >= IDENTITIES_MAX as u64
        {
            return Err(AccountError::Full);
        }
        sqlx::query(
            "INSERT INTO identities (id, user, issuer, subject, created_ms) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&self.id.as_bytes()[..])
        .bind(&user.as_bytes()[..])
        .bind(&self.issuer)
        .bind(&self.subject)
        .bind(stored(now_ms))
        .execute(&mut **transaction)
        .await?;
        let event = Event::new(Author::user(user), AuditAction::IdentityAdded, self.id);
        Ok(audit::append(transaction, now_ms, event).await?)
    }
}

impl Store {
    /// Begins a session for whom the identity provider has named, with the roles that it gives now. Who is the last
    /// administrator stays one, whatever it says.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] if nobody here is bound to them.
    pub async fn sign_in_by_identity(
        &self,
        identity: &NewIdentity,
        grants: &RoleGrants,
        session: &NewSession,
        now_ms: u64,
    ) -> Result<User, AccountError> {
        let mut transaction = self.change().await?;
        let row = sqlx::query(
            "UPDATE identities SET used_ms = $3 WHERE issuer = $1 AND subject = $2 RETURNING user",
        )
        .bind(&identity.issuer)
        .bind(&identity.subject)
        .bind(stored(now_ms))
        .fetch_optional(&mut *transaction)
        .await?;
        let id: Vec<u8> = row.ok_or(AccountError::Unknown)?.try_get("user")?;
        let row =
            sqlx::query("SELECT * FROM users WHERE id = $1").bind(&id).fetch_one(&mut *transaction).await?;
        let mut user = user(&row)?;
        let roles = grants.over(&user.roles);
        if roles != user.roles && set_roles(&mut transaction, user.id, &user.roles, &roles).await? {
            let event =
                Event::new(Author::user(user.id), AuditAction::UserChanged, user.id).detail(words(&roles));
            audit::append(&mut transaction, now_ms, event).await?;
            user.roles = roles;
        }
        session.insert(&mut transaction, user.id, now_ms).await?;
        transaction.commit().await?;
        Ok(user)
    }

    /// Makes a user of whom the identity provider has named, where the administrator lets it say who is one.
    ///
    /// # Errors
    /// [`AccountError::Taken`] if another has the address: nobody becomes another by an address. [`AccountError::Full`].
    pub async fn join_by_provider(
        &self,
        new: &NewUser,
        roles: Roles,
        now_ms: u64,
    ) -> Result<User, AccountError> {
        let mut transaction = self.change().await?;
        let user = new.insert(&mut transaction, roles, now_ms).await?;
        transaction.commit().await?;
        Ok(user)
    }

    /// Binds somebody at the identity provider to an account.
    ///
    /// # Errors
    /// [`AccountError::Taken`] if they are bound already, [`AccountError::Full`].
    pub async fn add_identity(
        &self,
        user: UserId,
        identity: &NewIdentity,
        now_ms: u64,
    ) -> Result<(), AccountError> {
        let mut transaction = self.change().await?;
        identity.insert(&mut transaction, user, now_ms).await?;
        Ok(transaction.commit().await?)
    }

    /// Returns who at the identity provider signs in as `user`, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn identities(&self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        let rows = sqlx::query("SELECT * FROM identities WHERE user = $1 ORDER BY created_ms, id")
            .bind(&user.as_bytes()[..])
            .fetch_all(&self.reader)
            .await?;
        let identity = |row: &SqliteRow| {
            Ok(Identity {
                id: IdentityId::from_bytes(sixteen(row.try_get("id")?)?),
                issuer: row.try_get("issuer")?,
                created_ms: time(row, "created_ms")?,
                used_ms: row.try_get::<Option<i64>, _>("used_ms")?.map(i64::unsigned_abs),
            })
        };
        Ok(rows.iter().map(identity).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Removes a binding of `user`, unless it is their last way in.
    ///
    /// # Errors
    /// [`AccountError::Unknown`], [`AccountError::Last`].
    pub async fn remove_identity(
        &self,
        user: UserId,
        id: IdentityId,
        now_ms: u64,
    ) -> Result<(), AccountError> {
        let delete = sqlx::query("DELETE FROM identities WHERE id = $1 AND user = $2")
            .bind(&id.as_bytes()[..])
            .bind(&user.as_bytes()[..]);
        let event = Event::new(Author::user(user), AuditAction::IdentityRemoved, id);
        self.remove_way_in(user, delete, event, now_ms).await
    }
}

/// Gives a user other roles, unless no administrator would be left; returns whether it did.
async fn set_roles(
    transaction: &mut Transaction<'_, Sqlite>,
    id: UserId,
    before: &Roles,
    after: &Roles,
) -> Result<bool, sqlx::Error> {
    let administrator = &AccountRole::Administrator;
    let steps_down = before.contains(administrator) && !after.contains(administrator);
    if steps_down && administrators(transaction).await? <= 1 {
        return Ok(false);
    }
    sqlx::query("UPDATE users SET roles = $2 WHERE id = $1")
        .bind(&id.as_bytes()[..])
        .bind(role_bits(after))
        .execute(&mut **transaction)
        .await?;
    Ok(true)
}
