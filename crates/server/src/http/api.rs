//! The API under `/api/v1`.

use std::{sync::PoisonError, time::Instant};

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{Extensions, HeaderMap, StatusCode, header},
};
use sabha_delivery::Delivery;
use sabha_policy::HostSignIn;
use sabha_protocol::{
    CLIENT, GroupEpoch, MeetingId, PROTOCOL_VERSION, Rule,
    secret::CreationKey,
    wire::{
        advisory_policy::{PolicyAdvisories, cited},
        http::{ApiError, CreateMeeting, MeetingCreated, PolicyInfo, VersionInfo},
    },
};

use super::{AppState, Shared, accounts, client_address::client_address, error::Refusal};
use crate::{
    clock, metrics,
    policy::Floor,
    storage::{Author, StoredMeeting},
};

/// Creates a meeting. The caller made its keys and its group and keeps every secret; what it sends is public, and
/// signed by the root key to which the meeting's id commits.
#[utoipa::path(post, path = "/api/v1/meetings", tag = "meetings", request_body = CreateMeeting,
    security(("creation_key" = []), ("session" = []), ("api_key" = ["meetings:create"])),
    responses(
        (status = 201, description = "The meeting exists now", body = MeetingCreated),
        (status = 400, description = "The body is not a meeting, or its group is not one that the id's root key signed", body = ApiError),
        (status = 401, description = "The creation key is missing or wrong, or not signed in", body = ApiError),
        (status = 403, description = "Not a host, no such scope, a page of another site, or a policy that is looser than the floor", body = ApiError),
        (status = 409, description = "The id is taken", body = ApiError),
        (status = 413, description = "The body is too long", body = ApiError),
        (status = 429, description = "Too many meetings in a minute", body = ApiError),
        (status = 503, description = "Storage failed, or the server is stopping", body = ApiError)))]
pub(super) async fn create_meeting(
    State(state): State<AppState>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Result<Json<CreateMeeting>, JsonRejection>,
) -> Result<(StatusCode, Json<MeetingCreated>), Refusal> {
    let (author, strong) = if accounts::is_known(&headers, state.public_url.as_ref()) {
        let address = client_address(&state.trusted_proxies, &extensions, &headers);
        let caller = accounts::meeting_author(&state, &headers, address).await?;
        (caller.author(), caller.strong)
    } else if bearer(&headers).as_ref() == Some(&state.creation_key) {
        (Author::default(), false)
    } else {
        return Err(Refusal::new(Rule::CreationKey, "the creation key is missing or wrong"));
    };
    if state.floor.now().host_sign_in() == HostSignIn::Strong && !strong {
        return Err(not_strong());
    }
    if !state.drain.is_serving() {
        return Err(Refusal::new(Rule::Capacity, "the server is stopping; try again soon"));
    }
    let Json(CreateMeeting { meeting, gate_key, title, group_info, tree }) =
        body.map_err(|error| Refusal::with_status(error.status(), Rule::WellFormed, error.body_text()))?;
    count_creation(&state, author)?;

    let stored = StoredMeeting { title, gate_key, group_info, tree };
    check_group(&meeting, &stored, &state.floor, strong)?;
    match state.store.create_meeting_by(author, &meeting, &stored).await {
        Ok(true) => {}
        Ok(false) => {
            let taken = "this meeting id is taken; make another";
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
    Ok((StatusCode::CREATED, Json(MeetingCreated { meeting })))
}

/// Counts a meeting, or a series, that is made: for its account first, so that one of them does not use up what all
/// have together.
pub(super) fn count_creation(state: &Shared, author: Author) -> Result<(), Refusal> {
    let now = Instant::now();
    if author.user.is_some_and(|user| !state.accounts.creations.take(user, now)) {
        let message = "you have made as many meetings in the last minute as one account may";
        return Err(Refusal::new(Rule::AccountRate, message));
    }
    if !state.creations.lock().unwrap_or_else(PoisonError::into_inner).take(now) {
        return Err(Refusal::new(Rule::Rate, "too many meetings were created in the last minute"));
    }
    Ok(())
}

/// Refuses what is not the beginning of this meeting's group. A millisecond's work, so it is done in place.
pub(super) fn check_group(
    meeting: &MeetingId,
    offered: &StoredMeeting,
    floor: &Floor,
    strong: bool,
) -> Result<(), Refusal> {
    let StoredMeeting { group_info, tree, .. } = offered;
    let delivery = Delivery::open(*meeting, group_info, tree, clock::unix_ms())
        .map_err(|reject| Refusal::new(reject.rule(), reject.to_string()))?;
    if delivery.epoch() != GroupEpoch(0) {
        return Err(Refusal::new(Rule::CurrentEpoch, "a meeting begins with its group at epoch 0"));
    }
    if let Some(control) = delivery.conduct().floor.below(&floor.now()) {
        let (control, cited) = (control.id(), cited(&floor.demands(), control.id()));
        let message =
            format!("the meeting's policy is looser than the organisation's floor: {control}{cited}");
        return Err(Refusal::new(Rule::Floor, message));
    }
    // What a template asks for beyond the floor.
    if delivery.conduct().controls.host_sign_in() == HostSignIn::Strong && !strong {
        return Err(not_strong());
    }
    Ok(())
}

fn not_strong() -> Refusal {
    let message = "by policy who makes a meeting has signed in with a passkey or a second factor";
    Refusal::new(Rule::Mfa, message)
}

/// Says what the organisation demands of every meeting, so that whoever makes one can sign it.
#[utoipa::path(get, path = "/api/v1/policy", tag = "policy",
    responses((status = 200, description = "The floor in force", body = PolicyInfo)))]
pub(super) async fn policy(State(state): State<AppState>) -> Json<PolicyInfo> {
    Json(PolicyInfo { floor: state.floor.now().to_settings() })
}

/// Says which advisories demand what is in force, as far as everybody may know them.
#[utoipa::path(get, path = "/api/v1/policy/advisories", tag = "policy",
    responses((status = 200, description = "What advisories demand", body = PolicyAdvisories)))]
pub(super) async fn policy_advisories(State(state): State<AppState>) -> Json<PolicyAdvisories> {
    Json(PolicyAdvisories { demands: state.floor.demands().to_vec() })
}

/// Says which server this is.
#[utoipa::path(get, path = "/api/v1/version", tag = "operation",
    responses((status = 200, description = "The version", body = VersionInfo)))]
pub(super) async fn version(State(state): State<AppState>) -> Json<VersionInfo> {
    Json(VersionInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL_VERSION,
        client: CLIENT,
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
