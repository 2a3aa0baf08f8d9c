//! Shows to its owner's prober that this is the server that made the token.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use sabha_protocol::{Rule, key::Challenge, wire::http::ProbeConfirmed};

use super::{AppState, error::Refusal};
use crate::clock;

/// Answers the challenge of who holds a token of `sabha probe-token`. The answer is of use to nobody else: to whom does not
/// know the token's secret it is random.
#[utoipa::path(get, path = "/api/v1/probe/{expires_s}/{challenge}", tag = "operation",
    params(("expires_s" = u64, Path, description = "Until when the token is good, in seconds since 1970"),
        ("challenge" = String, Path, description = "32 random bytes of the prober, in base64url")),
    responses((status = 200, description = "What only the server that made the token can say", body = ProbeConfirmed),
        (status = 404, description = "Not a time in which such a token is good, or no challenge",
            body = sabha_protocol::wire::http::ApiError)))]
pub(super) async fn confirm(
    State(state): State<AppState>,
    path: Result<Path<(u64, Challenge)>, PathRejection>,
) -> Result<Json<ProbeConfirmed>, Refusal> {
    let confirmed = path.ok().and_then(|Path((expires_s, challenge))| {
        state.probe_key.answer(expires_s, &challenge, clock::unix_ms() / 1_000)
    });
    let answer = confirmed.ok_or_else(|| {
        let message = "no token of this server is good at that time; sabha probe-token makes one";
        Refusal::with_status(StatusCode::NOT_FOUND, Rule::WellFormed, message)
    })?;
    Ok(Json(ProbeConfirmed { answer }))
}
