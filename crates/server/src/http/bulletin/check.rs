//! Whether a document is valid CSAF, before anything is done with it.

use axum::{Json, extract::State, http::StatusCode};
use sabha_advisory::csaf;
use sabha_protocol::{
    Rule,
    limits::DOCUMENT_BYTES_MAX,
    wire::{
        bulletin_check::{CheckContent, CheckReport},
        http::ApiError,
    },
};

use super::{AppState, Body, Caller, Refusal, acting};
use crate::bulletin;

/// Checks a document against CSAF 2.0. Nothing of it is stored.
#[utoipa::path(post, path = "/api/v1/bulletin/check", tag = "bulletin", request_body = CheckContent,
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "What was found, valid or not", body = CheckReport),
        (status = 400, description = "Not JSON, or out of bounds", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Of no member organisation, or no such scope", body = ApiError),
        (status = 413, description = "The body is too long", body = ApiError)))]
pub(in crate::http) async fn check(
    State(state): State<AppState>,
    caller: Caller,
    Body(CheckContent { content }): Body<CheckContent>,
) -> Result<Json<CheckReport>, Refusal> {
    // A role in an organisation, whichever: checking costs time, and is for those who share.
    acting(&state, &caller).await?;
    if content.len() > DOCUMENT_BYTES_MAX {
        return Err(bulletin::InvalidContent::TooLong.into());
    }
    // Tens of milliseconds for the longest: not on a thread that others wait for.
    let found = tokio::task::spawn_blocking(move || csaf::validate(content.as_bytes())).await;
    let found = found.map_err(|_| unreadable("it cannot be checked"))?;
    found.map(|found| Json(bulletin::check::report(&found))).map_err(|error| unreadable(&error.to_string()))
}

fn unreadable(why: &str) -> Refusal {
    let message = format!("the document cannot be read: {why}");
    Refusal::with_status(StatusCode::BAD_REQUEST, Rule::BulletinContent, message)
}
