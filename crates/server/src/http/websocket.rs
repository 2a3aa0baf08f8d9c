//! The door to signalling: who may open a WebSocket, and how many.

use std::time::Instant;

use axum::{
    Extension,
    extract::{Request, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sabha_protocol::{Rule, SUBPROTOCOL, limits::MESSAGE_BYTES_MAX};

use super::{AppState, accounts, client_address::client_address, error::Refusal, origin};
use crate::{
    metrics,
    signalling::{self, Intake},
};

/// Bytes written but not yet taken by the client's kernel before the writer has to wait. The largest message of
/// ours, a Welcome with its tree in base64, is 0.9 MB.
const WRITE_BUFFER_BYTES_MAX: usize = 1024 * 1024;

/// Bytes read at once, taken from memory for each connection as long as it lives.
const READ_BUFFER_BYTES: usize = 8 * 1024;

/// Upgrades a request to a WebSocket, or says why not. The checks come cheapest first, and all of them
/// before anything is allocated for the connection.
pub(super) async fn upgrade(
    State(state): State<AppState>,
    // Put there by the acceptor, like the address.
    Extension(intake): Extension<Intake>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Result<Response, Response> {
    let upgrade = upgrade.map_err(|error| {
        Refusal::with_status(error.status(), Rule::WellFormed, error.body_text()).into_response()
    })?;
    if !upgrade.requested_protocols().any(|offered| offered == SUBPROTOCOL) {
        let message = format!("this path speaks the WebSocket subprotocol {SUBPROTOCOL}");
        return Err(Refusal::new(Rule::WellFormed, message).into_response());
    }
    if !origin::is_allowed(request.headers(), state.public_url.as_ref()) {
        let message = "this page is not from here; if it is, the server's public_url is wrong";
        return Err(Refusal::with_status(StatusCode::FORBIDDEN, Rule::WellFormed, message).into_response());
    }
    let address = client_address(&state.trusted_proxies, request.extensions(), request.headers());
    let permit = state.websockets.admit(address, Instant::now()).map_err(|refused| {
        let (limit, rule, message) = match refused {
            signalling::Refused::Full => ("server", Rule::Capacity, "the server is full"),
            signalling::Refused::Address => {
                ("address", Rule::NetworkRate, "too many connections from your address or its network")
            }
        };
        metrics::connection_refused(limit);
        Refusal::new(rule, message).into_response()
    })?;

    let account = accounts::signed_in(&state, request.headers(), address).await;
    let origin = signalling::Origin { address: signalling::network(address), account };
    let signalling = state.signalling.clone();
    Ok(upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .on_upgrade(move |socket| signalling.serve(socket, intake, origin, permit)))
}
