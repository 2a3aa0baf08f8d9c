//! Passwords, where an administrator has allowed them: set, proven, removed. What is sent is a protocol's, never a password.
//!
//! They need an address, by which one signs in. A password is one factor: where the policy says `ORG.MFA strong`, who came
//! by it makes no meetings. It is never the only way in.

use std::time::Instant;

use axum::{Json, extract::State, http::StatusCode};
use sabha_protocol::{
    Rule,
    account::CeremonyId,
    opaque::AccountBytes,
    wire::{
        accounts::{
            Account, AllowPasswords, AnswerPassword, AskPassword, BeginPassword, KeepPassword, OwnPassword,
            PasswordAnswer, ProvePassword,
        },
        http::ApiError,
    },
};

use super::{
    AppState, Body, Caller, Refusal,
    entering::{WithCookie, begun, new_session, signed_in, taken},
};
use crate::{
    accounts::{Ceremony, NotAPassword, PasswordTry, Passwords, random},
    clock,
    http::Shared,
    storage::AccountError,
};

/// Allows passwords here, or forbids them.
#[utoipa::path(put, path = "/api/v1/passwords", tag = "accounts", request_body = AllowPasswords,
    security(("session" = [])),
    responses(
        (status = 200, description = "How it is from now on", body = AllowPasswords),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator, in person", body = ApiError)))]
pub(in crate::http) async fn allow(
    State(state): State<AppState>,
    caller: Caller,
    Body(allow): Body<AllowPasswords>,
) -> Result<Json<AllowPasswords>, Refusal> {
    state.store.allow_passwords(caller.author(), allow.allowed, clock::unix_ms()).await?;
    Ok(Json(allow))
}

/// Says whether the own account has a password.
#[utoipa::path(get, path = "/api/v1/account/password", tag = "accounts", security(("session" = [])),
    responses(
        (status = 200, description = "Whether there is one", body = OwnPassword),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn own(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<OwnPassword>, Refusal> {
    Ok(Json(OwnPassword { set: state.store.has_password(caller.user.id).await? }))
}

/// Begins to set a password of the own account.
#[utoipa::path(post, path = "/api/v1/account/password", tag = "accounts", request_body = AskPassword,
    security(("session" = [])),
    responses(
        (status = 200, description = "What the browser needs to make the record", body = AnswerPassword),
        (status = 400, description = "No request of OPAQUE", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Passwords are not allowed, or the account has no address", body = ApiError)))]
pub(in crate::http) async fn begin_setting(
    State(state): State<AppState>,
    caller: Caller,
    Body(ask): Body<AskPassword>,
) -> Result<Json<AnswerPassword>, Refusal> {
    allowed(&state).await?;
    let email = caller.user.email.ok_or_else(no_address)?;
    let answer = state.accounts.passwords.answer_setting(&email, ask.request.as_bytes());
    Ok(Json(AnswerPassword { answer: bytes(answer.map_err(no_message)?), email }))
}

/// Keeps the record of a password of the own account, in the place of the one before.
#[utoipa::path(put, path = "/api/v1/account/password", tag = "accounts", request_body = KeepPassword,
    security(("session" = [])),
    responses(
        (status = 204, description = "Set"),
        (status = 400, description = "No record of OPAQUE", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Passwords are not allowed, or the account has no address", body = ApiError)))]
pub(in crate::http) async fn set(
    State(state): State<AppState>,
    caller: Caller,
    Body(keep): Body<KeepPassword>,
) -> Result<StatusCode, Refusal> {
    allowed(&state).await?;
    caller.user.email.as_ref().ok_or_else(no_address)?;
    let record = Passwords::record(keep.record.as_bytes()).map_err(no_message)?;
    state.store.set_password(caller.user.id, &record, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the password of the own account.
#[utoipa::path(delete, path = "/api/v1/account/password", tag = "accounts", security(("session" = [])),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "There is none", body = ApiError),
        (status = 409, description = "It is the last way in", body = ApiError)))]
pub(in crate::http) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<StatusCode, Refusal> {
    state.store.remove_password(caller.user.id, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins to sign in with a password. The answer has the same form whether somebody here has the address or nobody.
#[utoipa::path(post, path = "/api/v1/account/password/sign-in", tag = "accounts", request_body = BeginPassword,
    responses(
        (status = 200, description = "What the browser needs to prove the password", body = PasswordAnswer),
        (status = 400, description = "No request of OPAQUE", body = ApiError),
        (status = 403, description = "Passwords are not allowed here", body = ApiError),
        (status = 429, description = "Too many tries, from one address or against one", body = ApiError)))]
pub(in crate::http) async fn begin(
    State(state): State<AppState>,
    Body(begin): Body<BeginPassword>,
) -> Result<Json<PasswordAnswer>, Refusal> {
    allowed(&state).await?;
    let passwords = &state.accounts.passwords;
    if !passwords.count(&begin.email, Instant::now()) {
        return Err(Refusal::new(Rule::Rate, "too many tries with this address; a passkey works at once"));
    }
    let found = state.store.password_record(&begin.email).await?;
    let record = found.as_ref().map(|(_, record)| record.as_slice());
    let answer = passwords.answer_proving(&begin.email, record, begin.request.as_bytes());
    let (answer, proving) = answer.map_err(no_message)?;
    let ceremony = CeremonyId::from_bytes(random()?);
    let attempt = PasswordTry { email: begin.email, found, proving };
    begun(&state, ceremony, Ceremony::Password(Box::new(attempt)));
    Ok(Json(PasswordAnswer { ceremony, answer: bytes(answer) }))
}

/// Signs in who proves a password. One answer for everything that proves none.
#[utoipa::path(post, path = "/api/v1/account/password/sign-in/finish", tag = "accounts", request_body = ProvePassword,
    responses(
        (status = 200, description = "Signed in, and a cookie is set", body = Account),
        (status = 403, description = "The password opens nothing here, or too late", body = ApiError),
        (status = 429, description = "Too many tries", body = ApiError)))]
pub(in crate::http) async fn finish(
    State(state): State<AppState>,
    Body(prove): Body<ProvePassword>,
) -> Result<WithCookie<Json<Account>>, Refusal> {
    let Some(Ceremony::Password(attempt)) = taken(&state, prove.ceremony) else { return Err(no_password()) };
    let PasswordTry { email, found, proving } = *attempt;
    let proven = proving.finish(&email, prove.proof.as_bytes());
    let (Some((user, record)), Ok(())) = (found, proven) else { return Err(no_password()) };
    let (session, token) = new_session(false)?;
    let user = match state.store.sign_in_by_password(user, &record, &session, clock::unix_ms()).await {
        Err(AccountError::Unknown) => return Err(no_password()),
        other => other?,
    };
    signed_in(&state, user, session.id, &token).await
}

async fn allowed(state: &Shared) -> Result<(), Refusal> {
    if state.store.passwords_allowed().await? {
        return Ok(());
    }
    Err(Refusal::new(
        Rule::AccountPasswordsOff,
        "there are no passwords here: an administrator has not allowed them",
    ))
}

fn bytes(bytes: Vec<u8>) -> AccountBytes {
    bytes.try_into().expect("messages of OPAQUE are 32 to 320 bytes long")
}

fn no_message(_: NotAPassword) -> Refusal {
    Refusal::new(Rule::WellFormed, "this is no message of OPAQUE (RFC 9807) over ristretto255")
}

fn no_address() -> Refusal {
    Refusal::new(
        Rule::AccountPassword,
        "a password needs an e-mail address to sign in by; this account has none",
    )
}

fn no_password() -> Refusal {
    Refusal::new(
        Rule::AccountPassword,
        "this password opens no account here, or it came too late; begin again",
    )
}
