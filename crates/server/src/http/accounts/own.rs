//! The own account: its passkeys, sessions and API keys. In person only.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use sabha_protocol::{
    Rule,
    account::{ApiKeyId, CeremonyId, PasskeyId, SessionId},
    limits::API_KEY_DAYS_MAX,
    secret::AccessToken,
    wire::{
        accounts::{
            Account, ApiKey, ApiKeyCreated, ApiKeys, AuditAction, CreateApiKey, MadePasskey, PasskeyCreation,
            Passkeys, RenamePasskey, Sessions,
        },
        http::ApiError,
    },
};

use super::{AppState, Body, Caller, Id, Refusal, entering};
use crate::{
    accounts::{API_KEY_PREFIX, Ceremony, Challenge, hash, random},
    clock,
};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Says who is signed in.
#[utoipa::path(get, path = "/api/v1/account", tag = "accounts", security(("session" = [])),
    responses(
        (status = 200, description = "Who is signed in", body = Account),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn account(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Account>, Refusal> {
    let (session, organisation) = (caller.session()?, state.store.organisation().await?);
    Ok(Json(Account { user: caller.user, session, organisation }))
}

/// Lists the own passkeys.
#[utoipa::path(get, path = "/api/v1/account/passkeys", tag = "accounts", security(("session" = [])),
    responses(
        (status = 200, description = "The passkeys", body = Passkeys),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn passkeys(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Passkeys>, Refusal> {
    Ok(Json(Passkeys { passkeys: state.store.passkeys(caller.user.id).await? }))
}

/// Begins to add a passkey.
#[utoipa::path(post, path = "/api/v1/account/passkeys", tag = "accounts", security(("session" = [])),
    responses(
        (status = 200, description = "What the browser needs to make a passkey", body = PasskeyCreation),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn begin_passkey(
    State(state): State<AppState>,
    headers: HeaderMap,
    caller: Caller,
) -> Result<Json<PasskeyCreation>, Refusal> {
    let party = entering::relying_party(&state, &headers)?;
    let user = &caller.user;
    let exclude = state.store.credential_ids(user.id).await?;
    let name = entering::user_name(user.email.as_ref().map_or(user.name.as_str(), |email| email.as_str()));
    let organisation = state.store.organisation().await?;
    let challenge = Challenge::draw()?;
    let ceremony = CeremonyId::from_bytes(random()?);
    entering::begun(&state, ceremony, Ceremony::Add(user.id, challenge));
    Ok(Json(party.creation(ceremony, &challenge, user.id, (&organisation, name), &exclude)))
}

/// Adds a passkey.
#[utoipa::path(post, path = "/api/v1/account/passkeys/finish", tag = "accounts", request_body = MadePasskey,
    security(("session" = [])),
    responses(
        (status = 201, description = "Added; all passkeys", body = Passkeys),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "The passkey is not good, or too late", body = ApiError),
        (status = 409, description = "It is there already, or there are too many", body = ApiError)))]
pub(in crate::http) async fn finish_passkey(
    State(state): State<AppState>,
    headers: HeaderMap,
    caller: Caller,
    Body(made): Body<MadePasskey>,
) -> Result<(StatusCode, Json<Passkeys>), Refusal> {
    let party = entering::relying_party(&state, &headers)?;
    let user = caller.user.id;
    let challenge = match entering::taken(&state, made.ceremony) {
        Some(Ceremony::Add(owner, challenge)) if owner == user => challenge,
        _ => return Err(entering::no_passkey()),
    };
    let passkey = entering::new_passkey(&party, &challenge, made)?;
    state.store.add_passkey(user, &passkey, clock::unix_ms()).await?;
    Ok((StatusCode::CREATED, Json(Passkeys { passkeys: state.store.passkeys(user).await? })))
}

/// Gives a passkey another name.
#[utoipa::path(patch, path = "/api/v1/account/passkeys/{id}", tag = "accounts", request_body = RenamePasskey,
    params(("id" = PasskeyId, Path, description = "The passkey")), security(("session" = [])),
    responses(
        (status = 204, description = "Renamed"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such passkey", body = ApiError)))]
pub(in crate::http) async fn rename_passkey(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id<PasskeyId>,
    Body(RenamePasskey { label }): Body<RenamePasskey>,
) -> Result<StatusCode, Refusal> {
    state.store.rename_passkey(caller.user.id, id, &label, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a passkey, unless it is the last one.
#[utoipa::path(delete, path = "/api/v1/account/passkeys/{id}", tag = "accounts",
    params(("id" = PasskeyId, Path, description = "The passkey")), security(("session" = [])),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such passkey", body = ApiError),
        (status = 409, description = "It is the last one", body = ApiError)))]
pub(in crate::http) async fn remove_passkey(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id<PasskeyId>,
) -> Result<StatusCode, Refusal> {
    state.store.remove_passkey(caller.user.id, id, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the own sessions.
#[utoipa::path(get, path = "/api/v1/account/sessions", tag = "accounts", security(("session" = [])),
    responses(
        (status = 200, description = "The sessions", body = Sessions),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn sessions(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Sessions>, Refusal> {
    let current = caller.session()?;
    Ok(Json(Sessions { sessions: state.store.sessions(caller.user.id, current, clock::unix_ms()).await? }))
}

/// Ends every session of the own account, this one included.
#[utoipa::path(delete, path = "/api/v1/account/sessions", tag = "accounts", security(("session" = [])),
    responses(
        (status = 204, description = "All ended, and the cookie is gone"),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn end_sessions(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<impl axum::response::IntoResponse, Refusal> {
    state.store.end_sessions(caller.user.id, clock::unix_ms()).await?;
    Ok(entering::without_cookie(&state, StatusCode::NO_CONTENT))
}

/// Ends a session of the own account.
#[utoipa::path(delete, path = "/api/v1/account/sessions/{id}", tag = "accounts",
    params(("id" = SessionId, Path, description = "The session")), security(("session" = [])),
    responses(
        (status = 204, description = "Ended"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such session", body = ApiError)))]
pub(in crate::http) async fn end_session(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Result<StatusCode, Refusal> {
    let revoked = AuditAction::SessionRevoked;
    state.store.end_session(caller.user.id, id, revoked, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the own API keys.
#[utoipa::path(get, path = "/api/v1/account/keys", tag = "accounts", security(("session" = [])),
    responses(
        (status = 200, description = "The keys", body = ApiKeys),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn keys(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<ApiKeys>, Refusal> {
    Ok(Json(ApiKeys { keys: state.store.api_keys(caller.user.id, clock::unix_ms()).await? }))
}

/// Makes an API key, which may do no more than its user.
#[utoipa::path(post, path = "/api/v1/account/keys", tag = "accounts", request_body = CreateApiKey,
    security(("session" = [])),
    responses(
        (status = 201, description = "Made; the key is shown this once", body = ApiKeyCreated),
        (status = 400, description = "No scope, or days out of bounds", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "A scope for which a role is missing", body = ApiError),
        (status = 409, description = "There are too many", body = ApiError)))]
pub(in crate::http) async fn create_key(
    State(state): State<AppState>,
    caller: Caller,
    Body(CreateApiKey { label, scopes, days }): Body<CreateApiKey>,
) -> Result<(StatusCode, Json<ApiKeyCreated>), Refusal> {
    if scopes.is_empty() || !(1..=API_KEY_DAYS_MAX).contains(&days) {
        let message = format!("a key has a scope, and is good for 1 to {API_KEY_DAYS_MAX} days");
        return Err(Refusal::new(Rule::WellFormed, message));
    }
    let user = caller.user;
    let may = |scope: &sabha_protocol::account::Scope| {
        scope.roles().is_empty() || scope.roles().iter().any(|role| user.roles.contains(role))
    };
    if !scopes.iter().all(may) {
        return Err(Refusal::new(Rule::AccountRole, "a key may do no more than you; a role is missing"));
    }
    let now_ms = clock::unix_ms();
    let secret = AccessToken::from_bytes(random()?);
    let key = ApiKey {
        id: ApiKeyId::from_bytes(random()?),
        label,
        scopes,
        created_ms: now_ms,
        used_ms: None,
        expires_ms: now_ms + u64::from(days) * DAY_MS,
    };
    state.store.create_api_key(user.id, &key, &hash(secret.expose()), now_ms).await?;
    let secret = format!("{API_KEY_PREFIX}{}", String::from(secret));
    Ok((StatusCode::CREATED, Json(ApiKeyCreated { key, secret })))
}

/// Withdraws an API key.
#[utoipa::path(delete, path = "/api/v1/account/keys/{id}", tag = "accounts",
    params(("id" = ApiKeyId, Path, description = "The key")), security(("session" = [])),
    responses(
        (status = 204, description = "Withdrawn"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such key", body = ApiError)))]
pub(in crate::http) async fn revoke_key(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id<ApiKeyId>,
) -> Result<StatusCode, Refusal> {
    state.store.revoke_api_key(caller.user.id, id, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}
