//! Rows of what lets a user in: passkeys, sessions, API keys. Of tokens and keys only hashes come here.

use std::collections::BTreeSet;

use sabha_protocol::{
    account::{ApiKeyId, Label, PasskeyId, Scope, SessionId, UserId},
    limits::{API_KEYS_MAX, PASSKEYS_MAX, SESSION_IDLE, SESSION_LIFE, SESSIONS_MAX},
    wire::accounts::{ApiKey, AuditAction, Passkey, Session, User},
};
use sqlx::{
    Row as _, Sqlite, Transaction,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{
    AccountError, Author, Store, StoreError,
    accounts::{decode, millis, sixteen, stored, time, user},
    audit::{self, Event},
};

/// A session or key is marked as used no more often than this: one write a minute, not one a request.
const MARK_INTERVAL_MS: i64 = 60_000;

/// A passkey that was made and checked.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    /// Our name of it.
    pub id: PasskeyId,
    /// What its user calls it.
    pub label: Label,
    /// The authenticator's name of it.
    pub credential_id: Vec<u8>,
    /// Its COSE key.
    pub public_key: Vec<u8>,
    /// How often it was shown, if its authenticator counts; otherwise 0.
    pub counter: u32,
}

/// A session that begins.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its name in lists.
    pub id: SessionId,
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// Whether more than one factor was seen.
    pub strong: bool,
}

/// A session whose time is not over.
#[derive(Clone, Debug)]
pub struct LiveSession {
    /// Its name in lists.
    pub id: SessionId,
    /// Whose it is.
    pub user: User,
    /// Whether more than one factor was seen when it began.
    pub strong: bool,
}

/// A passkey as the verifier needs it.
#[derive(Clone, Debug)]
pub struct StoredPasskey {
    /// Our name of it.
    pub id: PasskeyId,
    /// Whose it is.
    pub user: UserId,
    /// The authenticator's name of it.
    pub credential_id: Vec<u8>,
    /// Its COSE key.
    pub public_key: Vec<u8>,
    /// How often it was shown, if its authenticator counts; otherwise 0.
    pub counter: u32,
}

/// Whom an API key speaks for.
#[derive(Clone, Debug)]
pub struct KeyHolder {
    /// The key.
    pub key: ApiKeyId,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// Whose it is.
    pub user: User,
}

impl NewPasskey {
    pub(super) async fn insert(
        &self,
        transaction: &mut Transaction<'_, Sqlite>,
        user: UserId,
        now_ms: u64,
    ) -> Result<(), AccountError> {
        if count(transaction, "SELECT count(*) FROM passkeys WHERE user = $1", user).await?
            >= PASSKEYS_MAX as u64
        {
            return Err(AccountError::Full);
        }
        sqlx::query(
            "INSERT INTO passkeys (id, user, credential_id, public_key, counter, label, created_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&self.id.as_bytes()[..])
        .bind(&user.as_bytes()[..])
        .bind(&self.credential_id)
        .bind(&self.public_key)
        .bind(i64::from(self.counter))
        .bind(self.label.as_str())
        .bind(stored(now_ms))
        .execute(&mut **transaction)
        .await?;
        let event = Event::new(Author::user(user), AuditAction::PasskeyAdded, self.id);
        Ok(audit::append(transaction, now_ms, event).await?)
    }
}

impl NewSession {
    pub(super) async fn insert(
        &self,
        transaction: &mut Transaction<'_, Sqlite>,
        user: UserId,
        now_ms: u64,
    ) -> Result<(), AccountError> {
        // Whose time is over makes room, then whichever was unused for longest.
        sqlx::query("DELETE FROM sessions WHERE seen_ms <= $1 OR created_ms <= $2")
            .bind(stored(now_ms) - millis(SESSION_IDLE))
            .bind(stored(now_ms) - millis(SESSION_LIFE))
            .execute(&mut **transaction)
            .await?;
        sqlx::query(
            "DELETE FROM sessions WHERE user = $1 AND id NOT IN
             (SELECT id FROM sessions WHERE user = $1 ORDER BY seen_ms DESC, id LIMIT $2)",
        )
        .bind(&user.as_bytes()[..])
        .bind(i64::try_from(SESSIONS_MAX - 1).unwrap_or(0))
        .execute(&mut **transaction)
        .await?;
        sqlx::query(
            "INSERT INTO sessions (id, token_hash, user, created_ms, seen_ms, strong) VALUES ($1, $2, $3, $4, $4, $5)",
        )
        .bind(&self.id.as_bytes()[..])
        .bind(&self.token_hash[..])
        .bind(&user.as_bytes()[..])
        .bind(stored(now_ms))
        .bind(self.strong)
        .execute(&mut **transaction)
        .await?;
        let event = Event::new(Author::user(user), AuditAction::SessionBegun, self.id);
        Ok(audit::append(transaction, now_ms, event).await?)
    }
}

impl Store {
    /// Returns the passkeys of `user` as they are shown, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        let rows = sqlx::query("SELECT * FROM passkeys WHERE user = $1 ORDER BY created_ms, id")
            .bind(&user.as_bytes()[..])
            .fetch_all(&self.reader)
            .await?;
        let passkey = |row: &SqliteRow| {
            Ok(Passkey {
                id: PasskeyId::from_bytes(sixteen(row.try_get("id")?)?),
                label: row.try_get::<String, _>("label")?.try_into().map_err(decode)?,
                created_ms: time(row, "created_ms")?,
                used_ms: row.try_get::<Option<i64>, _>("used_ms")?.map(i64::unsigned_abs),
            })
        };
        Ok(rows.iter().map(passkey).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Returns what authenticators call the passkeys of `user`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn credential_ids(&self, user: UserId) -> Result<Vec<Vec<u8>>, StoreError> {
        let ids = sqlx::query_scalar("SELECT credential_id FROM passkeys WHERE user = $1")
            .bind(&user.as_bytes()[..])
            .fetch_all(&self.reader)
            .await?;
        Ok(ids)
    }

    /// Returns the passkey that an authenticator calls so.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn passkey_by_credential(
        &self,
        credential_id: &[u8],
    ) -> Result<Option<StoredPasskey>, StoreError> {
        let row = sqlx::query("SELECT * FROM passkeys WHERE credential_id = $1")
            .bind(credential_id)
            .fetch_optional(&self.reader)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(StoredPasskey {
            id: PasskeyId::from_bytes(sixteen(row.try_get("id")?)?),
            user: UserId::from_bytes(sixteen(row.try_get("user")?)?),
            credential_id: row.try_get("credential_id")?,
            public_key: row.try_get("public_key")?,
            counter: u32::try_from(row.try_get::<i64, _>("counter")?).map_err(decode)?,
        }))
    }

    /// Adds a passkey to an account that has one already.
    ///
    /// # Errors
    /// [`AccountError::Taken`] if it is there already, [`AccountError::Full`].
    pub async fn add_passkey(
        &self,
        user: UserId,
        passkey: &NewPasskey,
        now_ms: u64,
    ) -> Result<(), AccountError> {
        let mut transaction = self.change().await?;
        passkey.insert(&mut transaction, user, now_ms).await?;
        Ok(transaction.commit().await?)
    }

    /// Gives a passkey of `user` another name.
    ///
    /// # Errors
    /// [`AccountError::Unknown`].
    pub async fn rename_passkey(
        &self,
        user: UserId,
        id: PasskeyId,
        label: &Label,
        now_ms: u64,
    ) -> Result<(), AccountError> {
        let mut transaction = self.change().await?;
        let done = sqlx::query("UPDATE passkeys SET label = $3 WHERE id = $1 AND user = $2")
            .bind(&id.as_bytes()[..])
            .bind(&user.as_bytes()[..])
            .bind(label.as_str())
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Err(AccountError::Unknown);
        }
        let event = Event::new(Author::user(user), AuditAction::PasskeyRenamed, id);
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Removes a passkey of `user`, unless it is their last way in.
    ///
    /// # Errors
    /// [`AccountError::Unknown`], [`AccountError::Last`].
    pub async fn remove_passkey(&self, user: UserId, id: PasskeyId, now_ms: u64) -> Result<(), AccountError> {
        let delete = sqlx::query("DELETE FROM passkeys WHERE id = $1 AND user = $2")
            .bind(&id.as_bytes()[..])
            .bind(&user.as_bytes()[..]);
        let event = Event::new(Author::user(user), AuditAction::PasskeyRemoved, id);
        self.remove_way_in(user, delete, event, now_ms).await
    }

    /// Begins a session for who showed `passkey`, whose counter is `counter` from now on.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] if the passkey was removed, or its counter went past this one, meanwhile.
    pub async fn sign_in(
        &self,
        passkey: &StoredPasskey,
        counter: u32,
        session: &NewSession,
        now_ms: u64,
    ) -> Result<User, AccountError> {
        let mut transaction = self.change().await?;
        let done = sqlx::query(
            "UPDATE passkeys SET counter = $2, used_ms = $3 WHERE id = $1 AND (counter < $2 OR counter + $2 = 0)",
        )
        .bind(&passkey.id.as_bytes()[..])
        .bind(i64::from(counter))
        .bind(stored(now_ms))
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Err(AccountError::Unknown);
        }
        let row = sqlx::query(
            "SELECT users.* FROM users JOIN passkeys ON passkeys.user = users.id WHERE passkeys.id = $1",
        )
        .bind(&passkey.id.as_bytes()[..])
        .fetch_optional(&mut *transaction)
        .await?;
        let user = user(&row.ok_or(AccountError::Unknown)?)?;
        session.insert(&mut transaction, user.id, now_ms).await?;
        transaction.commit().await?;
        Ok(user)
    }

    /// Returns the session of a token and whose it is, if its time is not over, and marks it as used.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn session(
        &self,
        token_hash: &[u8; 32],
        now_ms: u64,
    ) -> Result<Option<LiveSession>, StoreError> {
        let now = stored(now_ms);
        let row = sqlx::query(
            "SELECT users.*, sessions.id AS session, sessions.seen_ms, sessions.strong FROM sessions
             JOIN users ON users.id = sessions.user
             WHERE token_hash = $1 AND sessions.seen_ms > $2 AND sessions.created_ms > $3",
        )
        .bind(&token_hash[..])
        .bind(now - millis(SESSION_IDLE))
        .bind(now - millis(SESSION_LIFE))
        .fetch_optional(&self.reader)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let id = SessionId::from_bytes(sixteen(row.try_get("session")?)?);
        if row.try_get::<i64, _>("seen_ms")? <= now - MARK_INTERVAL_MS {
            sqlx::query("UPDATE sessions SET seen_ms = max(seen_ms, $2) WHERE id = $1")
                .bind(&id.as_bytes()[..])
                .bind(now)
                .execute(&self.writer)
                .await?;
        }
        Ok(Some(LiveSession { id, user: user(&row)?, strong: row.try_get("strong")? }))
    }

    /// Returns the sessions of `user` whose time is not over, oldest first. `current` is the one that asks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sessions(
        &self,
        user: UserId,
        current: SessionId,
        now_ms: u64,
    ) -> Result<Vec<Session>, StoreError> {
        let now = stored(now_ms);
        let rows = sqlx::query(
            "SELECT * FROM sessions WHERE user = $1 AND seen_ms > $2 AND created_ms > $3 ORDER BY created_ms, id",
        )
        .bind(&user.as_bytes()[..])
        .bind(now - millis(SESSION_IDLE))
        .bind(now - millis(SESSION_LIFE))
        .fetch_all(&self.reader)
        .await?;
        let session = |row: &SqliteRow| {
            let id = SessionId::from_bytes(sixteen(row.try_get("id")?)?);
            let (created_ms, seen_ms) = (time(row, "created_ms")?, time(row, "seen_ms")?);
            let life = |life: std::time::Duration| millis(life).unsigned_abs();
            let expires_ms = (seen_ms + life(SESSION_IDLE)).min(created_ms + life(SESSION_LIFE));
            Ok(Session { id, current: id == current, created_ms, seen_ms, expires_ms })
        };
        Ok(rows.iter().map(session).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Ends a session of `user`. `action` says whether they signed out of it or ended it from another.
    ///
    /// # Errors
    /// [`AccountError::Unknown`].
    pub async fn end_session(
        &self,
        user: UserId,
        id: SessionId,
        action: AuditAction,
        now_ms: u64,
    ) -> Result<(), AccountError> {
        let mut transaction = self.change().await?;
        let done = sqlx::query("DELETE FROM sessions WHERE id = $1 AND user = $2")
            .bind(&id.as_bytes()[..])
            .bind(&user.as_bytes()[..])
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Err(AccountError::Unknown);
        }
        audit::append(&mut transaction, now_ms, Event::new(Author::user(user), action, id)).await?;
        Ok(transaction.commit().await?)
    }

    /// Ends every session of `user`, the one that asks included.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub async fn end_sessions(&self, user: UserId, now_ms: u64) -> Result<(), AccountError> {
        let mut transaction = self.change().await?;
        let ended: Vec<Vec<u8>> = sqlx::query_scalar("DELETE FROM sessions WHERE user = $1 RETURNING id")
            .bind(&user.as_bytes()[..])
            .fetch_all(&mut *transaction)
            .await?;
        for id in ended {
            let id = SessionId::from_bytes(sixteen(id)?);
            let event = Event::new(Author::user(user), AuditAction::SessionRevoked, id);
            audit::append(&mut transaction, now_ms, event).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Makes an API key.
    ///
    /// # Errors
    /// [`AccountError::Full`].
    pub async fn create_api_key(
        &self,
        user: UserId,
        key: &ApiKey,
        key_hash: &[u8; 32],
        now_ms: u64,
    ) -> Result<(), AccountError> {
        let mut transaction = self.change().await?;
        sqlx::query("DELETE FROM api_keys WHERE user = $1 AND expires_ms <= $2")
            .bind(&user.as_bytes()[..])
            .bind(stored(now_ms))
            .execute(&mut *transaction)
            .await?;
        if count(&mut transaction, "SELECT count(*) FROM api_keys WHERE user = $1", user).await?
            >= API_KEYS_MAX as u64
        {
            return Err(AccountError::Full);
        }
        sqlx::query(
            "INSERT INTO api_keys (id, key_hash, user, label, scopes, created_ms, expires_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&key.id.as_bytes()[..])
        .bind(&key_hash[..])
        .bind(&user.as_bytes()[..])
        .bind(key.label.as_str())
        .bind(key.scopes.iter().map(|scope| bit(*scope)).sum::<i64>())
        .bind(stored(key.created_ms))
        .bind(stored(key.expires_ms))
        .execute(&mut *transaction)
        .await?;
        let scopes = key.scopes.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(" ");
        let event = Event::new(Author::user(user), AuditAction::KeyCreated, key.id).detail(scopes);
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }

    /// Returns the API keys of `user` that are good, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn api_keys(&self, user: UserId, now_ms: u64) -> Result<Vec<ApiKey>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM api_keys WHERE user = $1 AND expires_ms > $2 ORDER BY created_ms, id")
                .bind(&user.as_bytes()[..])
                .bind(stored(now_ms))
                .fetch_all(&self.reader)
                .await?;
        let key = |row: &SqliteRow| {
            Ok(ApiKey {
                id: ApiKeyId::from_bytes(sixteen(row.try_get("id")?)?),
                label: row.try_get::<String, _>("label")?.try_into().map_err(decode)?,
                scopes: scopes(row)?,
                created_ms: time(row, "created_ms")?,
                used_ms: row.try_get::<Option<i64>, _>("used_ms")?.map(i64::unsigned_abs),
                expires_ms: time(row, "expires_ms")?,
            })
        };
        Ok(rows.iter().map(key).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Returns whom an API key speaks for, if it is good, and marks it as used.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn key_holder(
        &self,
        key_hash: &[u8; 32],
        now_ms: u64,
    ) -> Result<Option<KeyHolder>, StoreError> {
        let now = stored(now_ms);
        let row = sqlx::query(
            "SELECT users.*, api_keys.id AS api_key, api_keys.scopes, api_keys.used_ms FROM api_keys
             JOIN users ON users.id = api_keys.user WHERE key_hash = $1 AND expires_ms > $2",
        )
        .bind(&key_hash[..])
        .bind(now)
        .fetch_optional(&self.reader)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let key = ApiKeyId::from_bytes(sixteen(row.try_get("api_key")?)?);
        if row.try_get::<Option<i64>, _>("used_ms")?.is_none_or(|used| used <= now - MARK_INTERVAL_MS) {
            sqlx::query("UPDATE api_keys SET used_ms = $2 WHERE id = $1")
                .bind(&key.as_bytes()[..])
                .bind(now)
                .execute(&self.writer)
                .await?;
        }
        Ok(Some(KeyHolder { key, scopes: scopes(&row)?, user: user(&row)? }))
    }

    /// Withdraws an API key of `user`.
    ///
    /// # Errors
    /// [`AccountError::Unknown`].
    pub async fn revoke_api_key(&self, user: UserId, id: ApiKeyId, now_ms: u64) -> Result<(), AccountError> {
        let mut transaction = self.change().await?;
        let done = sqlx::query("DELETE FROM api_keys WHERE id = $1 AND user = $2")
            .bind(&id.as_bytes()[..])
            .bind(&user.as_bytes()[..])
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Err(AccountError::Unknown);
        }
        let event = Event::new(Author::user(user), AuditAction::KeyRevoked, id);
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }
}

impl Store {
    /// Removes a way in of `user` by a statement that deletes it, unless it is their last.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] if it is not there, [`AccountError::Last`].
    pub(super) async fn remove_way_in(
        &self,
        user: UserId,
        delete: Query<'_, Sqlite, SqliteArguments>,
        event: Event,
        now_ms: u64,
    ) -> Result<(), AccountError> {
        let mut transaction = self.change().await?;
        if delete.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Err(AccountError::Unknown);
        }
        keep_a_way_in(&mut transaction, user).await?;
        audit::append(&mut transaction, now_ms, event).await?;
        Ok(transaction.commit().await?)
    }
}

/// Refuses what would leave `user` without a way in.
async fn keep_a_way_in(transaction: &mut Transaction<'_, Sqlite>, user: UserId) -> Result<(), AccountError> {
    const WAYS: &str = "SELECT (SELECT count(*) FROM passkeys WHERE user = $1)
        + (SELECT count(*) FROM identities WHERE user = $1)";
    if count(transaction, WAYS, user).await? == 0 { Err(AccountError::Last) } else { Ok(()) }
}

pub(super) async fn count(
    transaction: &mut Transaction<'_, Sqlite>,
    query: &'static str,
    user: UserId,
) -> Result<u64, sqlx::Error> {
    let count: i64 =
        sqlx::query_scalar(query).bind(&user.as_bytes()[..]).fetch_one(&mut **transaction).await?;
    Ok(count.unsigned_abs())
}

fn scopes(row: &SqliteRow) -> Result<BTreeSet<Scope>, sqlx::Error> {
    let bits: i64 = row.try_get("scopes")?;
    Ok(Scope::ALL.into_iter().filter(|scope| bits & bit(*scope) != 0).collect())
}

const fn bit(scope: Scope) -> i64 {
    match scope {
        Scope::AuditRead => 1,
        Scope::MeetingsCreate => 2,
        Scope::UsersRead => 4,
        Scope::UsersWrite => 8,
        Scope::PolicyRead => 16,
        Scope::PolicyWrite => 32,
        Scope::HealthRead => 64,
        Scope::BulletinRead => 128,
        Scope::BulletinWrite => 256,
    }
}
