//! How somebody is told of documents, the OpenPGP key to which their mails are encrypted, and what is urgent and open.

use std::time::SystemTime;

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::StatusCode,
};
use sabha_protocol::{
    Rule,
    wire::{
        bulletin_notices::{
            BulletinAlerts, DismissAlert, NoticeMode, NoticeSettings, OpenPgpKey, SetNotices,
        },
        http::ApiError,
    },
};

use super::{AppState, Body, Caller, Refusal, Shared, reader};
use crate::notices::{KeyError, RecipientKey};

/// Returns what the caller is told.
#[utoipa::path(get, path = "/api/v1/bulletin/notices", tag = "bulletin",
    security(("session" = [])),
    responses(
        (status = 200, description = "What they chose", body = NoticeSettings),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn chosen(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<NoticeSettings>, Refusal> {
    settings(&state, &caller).await.map(Json)
}

/// Chooses what the caller is told from now on. What waits for a digest goes as it was chosen then, unless nothing is wanted.
#[utoipa::path(put, path = "/api/v1/bulletin/notices", tag = "bulletin", request_body = SetNotices,
    security(("session" = [])),
    responses(
        (status = 200, description = "Chosen", body = NoticeSettings),
        (status = 400, description = "No such hour, a publisher takes no part, or the body is none", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn choose(
    State(state): State<AppState>,
    caller: Caller,
    Body(set): Body<SetNotices>,
) -> Result<Json<NoticeSettings>, Refusal> {
    if set.hour > 23 {
        return Err(Refusal::with_status(StatusCode::BAD_REQUEST, Rule::WellFormed, "hour: from 0 to 23"));
    }
    let here = settings(&state, &caller).await?;
    if set.mode != NoticeMode::None && (!here.sends_mail || here.address.is_none()) {
        let message = if here.sends_mail {
            "your account has no address for mail; ask an administrator for one"
        } else {
            "this server sends no mail"
        };
        return Err(Refusal::with_status(StatusCode::BAD_REQUEST, Rule::WellFormed, message));
    }
    state.store.choose_notices(caller.user.id, &set).await?;
    settings(&state, &caller).await.map(Json)
}

/// Has the caller's mails encrypted to this OpenPGP public key from now on, which is the body in ASCII armour.
#[utoipa::path(put, path = "/api/v1/bulletin/notices/key", tag = "bulletin",
    request_body(content = String, content_type = "application/pgp-keys", description = "The key, at most 64 KiB"),
    security(("session" = [])),
    responses(
        (status = 200, description = "Kept", body = NoticeSettings),
        (status = 400, description = "No key, several, a secret one, expired, revoked, too weak, or nothing in it encrypts", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 413, description = "The key is too long", body = ApiError)))]
pub(in crate::http) async fn set_key(
    State(state): State<AppState>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<NoticeSettings>, Refusal> {
    let bytes =
        body.map_err(|error| Refusal::with_status(error.status(), Rule::BulletinKey, error.body_text()))?;
    read_key(bytes.clone()).await?;
    state.store.set_notice_key(caller.user.id, Some(&bytes)).await?;
    settings(&state, &caller).await.map(Json)
}

/// Has the caller's mails encrypted no more. Those of narrow labels say less from then on.
#[utoipa::path(delete, path = "/api/v1/bulletin/notices/key", tag = "bulletin",
    security(("session" = [])),
    responses(
        (status = 204, description = "The key is forgotten"),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn remove_key(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<StatusCode, Refusal> {
    state.store.set_notice_key(caller.user.id, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns documents that are high or critical, and of which the caller's organisation has said nothing yet.
#[utoipa::path(get, path = "/api/v1/bulletin/alerts", tag = "bulletin",
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "The worst first", body = BulletinAlerts),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn alerts(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<BulletinAlerts>, Refusal> {
    Ok(Json(state.store.bulletin_alerts(&reader(&state, &caller).await?).await?))
}

/// Shows the caller no banner of a revision any more. Their organisation has said nothing by that.
#[utoipa::path(post, path = "/api/v1/bulletin/alerts", tag = "bulletin", request_body = DismissAlert,
    security(("session" = [])),
    responses(
        (status = 204, description = "Dismissed"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such revision, or not for the caller", body = ApiError)))]
pub(in crate::http) async fn dismiss(
    State(state): State<AppState>,
    caller: Caller,
    Body(DismissAlert { document, revision }): Body<DismissAlert>,
) -> Result<StatusCode, Refusal> {
    let reader = reader(&state, &caller).await?;
    state.store.dismiss_alert(&reader, caller.user.id, document, revision).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn settings(state: &Shared, caller: &Caller) -> Result<NoticeSettings, Refusal> {
    let found = state.store.chosen_notices(caller.user.id).await?;
    let SetNotices { mode, hour, severity, publishers } = found.chosen;
    let key = match found.key {
        None => None,
        Some(bytes) => match read_key(bytes.into()).await {
            Ok(key) => Some(key),
            // It held when it was given. What it was is not worth more than that it does no more.
            Err(_) => Some(OpenPgpKey { fingerprint: String::new(), expires_ms: None, holds: false }),
        },
    };
    Ok(NoticeSettings {
        sends_mail: state.mail.is_some(),
        address: found.address,
        mode,
        hour,
        severity,
        publishers,
        key,
        trouble: found.trouble,
    })
}

/// Reads a key apart from what others wait for: hundreds of signatures take a hundred milliseconds.
async fn read_key(bytes: Bytes) -> Result<OpenPgpKey, Refusal> {
    let read = move || {
        let key = RecipientKey::read(&bytes, SystemTime::now())?;
        Ok(OpenPgpKey { fingerprint: key.fingerprint(), expires_ms: key.expires_ms(), holds: true })
    };
    let done: Result<Result<_, KeyError>, _> = tokio::task::spawn_blocking(read).await;
    let failed = |_| Refusal::new(Rule::Capacity, "the key could not be read; try again");
    done.map_err(failed)?
        .map_err(|error| Refusal::with_status(StatusCode::BAD_REQUEST, Rule::BulletinKey, error.to_string()))
}
