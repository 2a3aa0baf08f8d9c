//! Rows of passwords: whether there are any, and the record of each, which tells nothing by itself.

use sabha_protocol::{
    account::{EmailAddress, UserId},
    wire::accounts::{AuditAction, User},
};
use sqlx::Row as _;

use super::{
    AccountError, Author, NewSession, Store, StoreError,
    accounts::{sixteen, stored, user},
    audit::{self, Event},
};

impl Store {
    /// Returns whether passwords are allowed here.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn passwords_allowed(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar("SELECT passwords FROM organisation WHERE id = 1")
            .fetch_one(&self.reader)
            .await?)
    }

    /// Allows passwords, or forbids them. Forbidden, those that were set open nothing.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn allow_passwords(
        &self,
        author: Author,
        allowed: bool,
        now_ms: u64,
    ) -> Result<(), AccountError> {
        let mut transaction = self.change().await?;
        sqlx::query("UPDATE organisation SET passwords = $1 WHERE id = 1")
            .bind(allowed)
            .execute(&mut *transaction)
            .await?;
        let action = if allowed { AuditAction::PasswordsAllowed } else { AuditAction::PasswordsForbidden };
        let event = Event { author, action, subject: None, detail: None };
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Keeps a record of a password of `user`, in the place of the one before.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn set_password(&self, user: UserId, record: &[u8], now_ms: u64) -> Result<(), AccountError> {
        let mut transaction = self.change().await?;
        sqlx::query("INSERT OR REPLACE INTO passwords (user, record, created_ms) VALUES ($1, $2, $3)")
            .bind(&user.as_bytes()[..])
            .bind(record)
            .bind(stored(now_ms))
            .execute(&mut *transaction)
            .await?;
        let event = Event::new(Author::user(user), AuditAction::PasswordSet, user);
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Returns whether `user` has a password.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn has_password(&self, user: UserId) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM passwords WHERE user = $1)")
            .bind(&user.as_bytes()[..])
            .fetch_one(&self.reader)
            .await?)
    }

    /// Removes the password of `user`, unless it is their last way in.
    ///
    /// # Errors
    /// [`AccountError::Unknown`], [`AccountError::Last`].
    pub async fn remove_password(&self, user: UserId, now_ms: u64) -> Result<(), AccountError> {
        let delete = sqlx::query("DELETE FROM passwords WHERE user = $1").bind(&user.as_bytes()[..]);
        let event = Event::new(Author::user(user), AuditAction::PasswordRemoved, user);
        self.remove_way_in(user, delete, event, now_ms).await
    }

    /// Returns the record of the user with this address.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn password_record(
        &self,
        email: &EmailAddress,
    ) -> Result<Option<(UserId, Vec<u8>)>, StoreError> {
        let row = sqlx::query(
            "SELECT user, record FROM passwords JOIN users ON users.id = passwords.user WHERE email = $1",
        )
        .bind(email.as_str())
        .fetch_optional(&self.reader)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some((UserId::from_bytes(sixteen(row.try_get("user")?)?), row.try_get("record")?)))
    }

    /// Begins a session for who has proven the password of this record.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] if it was removed or changed, or passwords were forbidden, meanwhile.
    pub async fn sign_in_by_password(
        &self,
        id: UserId,
        record: &[u8],
        session: &NewSession,
        now_ms: u64,
    ) -> Result<User, AccountError> {
        let mut transaction = self.change().await?;
        let done = sqlx::query(
            "UPDATE passwords SET used_ms = $3 WHERE user = $1 AND record = $2
             AND (SELECT passwords FROM organisation WHERE id = 1)",
        )
        .bind(&id.as_bytes()[..])
        .bind(record)
        .bind(stored(now_ms))
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Err(AccountError::Unknown);
        }
        let row = sqlx::query("SELECT * FROM users WHERE id = $1")
            .bind(&id.as_bytes()[..])
            .fetch_one(&mut *transaction)
            .await?;
        let user = user(&row)?;
        session.insert(&mut transaction, user.id, now_ms).await?;
        transaction.commit().await?;
        Ok(user)
    }
}
