//! The API under `/api/v1`.

use std::{sync::PoisonError, time::Instant};

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
};
use sabha_protocol::{
    PROTOCOL_VERSION, Rule, gate,
    secret::{CreationKey, HostToken},
    wire::http::{ApiError, CreateMeeting, MeetingCreated, VersionInfo},
};

use super::{AppState, error::Refusal};
use crate::{metrics, storage::NewMeeting};

/// Creates a meeting. The caller drew its id and keeps the link secret; the server learns the gate key,
/// keeps its hash, and answers with the token that enters as host.
#[utoipa::path(post, path = "/api/v1/meetings", tag = "meetings", request_body = CreateMeeting,
    security(("creation_key" = [])),
    responses(
        (status = 201, description = "The meeting exists now", body = MeetingCreated),
        (status = 400, description = "The body is not a meeting", body = ApiError),
        (status = 401, description = "The creation key is missing or wrong", body = ApiError),
        (status = 409, description = "The id is taken", body = ApiError),
        (status = 413, description = "The body is too long", body = ApiError),
        (status = 429, description = "Too many meetings in a minute", body = ApiError),
        (status = 503, description = "Storage failed, or the server is stopping", body = ApiError)))]
pub(super) async fn create_meeting(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Result<Json<CreateMeeting>, JsonRejection>,
) -> Result<(StatusCode, Json<MeetingCreated>), Refusal> {
    if bearer(&headers).as_ref() != Some(&state.creation_key) {
        return Err(Refusal::new(Rule::CreationKey, "the creation key is missing or wrong"));
    }
    if !state.drain.is_serving() {
        return Err(Refusal::new(Rule::Capacity, "the server is stopping; try again soon"));
    }
    let Json(CreateMeeting { meeting, gate_key, title }) =
        body.map_err(|error| Refusal::with_status(error.status(), Rule::WellFormed, error.body_text()))?;
    let allowed = state.creations.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
    if !allowed {
        return Err(Refusal::new(Rule::Rate, "too many meetings were created in the last minute"));
    }

    let mut token = [0; 32];
    getrandom::fill(&mut token).map_err(|error| {
        tracing::error!(%error, "the operating system gives no random numbers");
        Refusal::new(Rule::Capacity, "the server cannot make a token now")
    })?;
    let stored = NewMeeting {
        id: meeting,
        title,
        gate_hash: gate::digest(gate_key.expose()),
        host_hash: gate::digest(&token),
    };
    match state.store.create_meeting(&stored).await {
        Ok(true) => {}
        Ok(false) => {
            let taken = "this meeting id is taken; draw another";
            return Err(Refusal::with_status(StatusCode::CONFLICT, Rule::WellFormed, taken));
        }
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "a meeting could not be stored");
            return Err(Refusal::new(Rule::Storage, "the server's storage failed; nothing was created"));
        }
    }
    metrics::meeting_created();
    tracing::info!(?meeting, "meeting created");
    let host_token = HostToken::from_bytes(token);
    Ok((StatusCode::CREATED, Json(MeetingCreated { meeting, host_token })))
}

/// Says which server this is.
#[utoipa::path(get, path = "/api/v1/version", tag = "operation",
    responses((status = 200, description = "The version", body = VersionInfo)))]
pub(super) async fn version(State(state): State<AppState>) -> Json<VersionInfo> {
    Json(VersionInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL_VERSION,
        boot_epoch: state.boot_epoch,
    })
}

/// Returns the key in `Authorization: Bearer` (RFC 6750 section 2.1). Keys are compared in constant time.
fn bearer(headers: &HeaderMap) -> Option<CreationKey> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    CreationKey::try_from(key.trim().to_owned()).ok()
}
