//! Three questions of an operator: does it live, does it take new rooms, what does it count.

use axum::{
    Json,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use sabha_protocol::{Rule, wire::http::Health};

use super::{AppState, client_address::is_local, error::Refusal};
use crate::metrics as counted;

/// Says that the process answers. Depends on nothing else: a supervisor restarts whoever fails this, and
/// restarting ends every call.
#[utoipa::path(get, path = "/healthz", tag = "operation",
    responses((status = 200, description = "The process answers", body = Health)))]
pub(super) async fn healthz() -> Json<Health> {
    status("ok")
}

/// Says whether new rooms can be opened: storage answers and the server is not stopping.
#[utoipa::path(get, path = "/readyz", tag = "operation", responses(
    (status = 200, description = "New rooms can be opened", body = Health),
    (status = 503, description = "They cannot; running meetings go on", body = Health)))]
pub(super) async fn readyz(State(state): State<AppState>) -> Response {
    let trouble = if !state.drain.is_serving() {
        Some("draining")
    } else if !state.store.is_reachable().await {
        Some("storage unavailable")
    } else {
        None
    };
    match trouble {
        Some(trouble) => (StatusCode::SERVICE_UNAVAILABLE, status(trouble)).into_response(),
        None => status("ok").into_response(),
    }
}

/// Counters for Prometheus, to programs on this machine only: a request from elsewhere, or through a proxy,
/// is answered as if there were nothing here.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses(
    (status = 200, description = "Prometheus text format", body = String, content_type = "text/plain"),
    (status = 404, description = "Not asked from this machine")))]
pub(super) async fn metrics(State(state): State<AppState>, request: Request) -> Response {
    if !is_local(request.extensions(), request.headers()) {
        return Refusal::with_status(StatusCode::NOT_FOUND, Rule::WellFormed, "there is nothing here")
            .into_response();
    }
    let text = counted::render(state.websockets.open(), state.signalling.load(), &state.media);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

fn status(text: &str) -> Json<Health> {
    Json(Health { status: text.to_owned() })
}
