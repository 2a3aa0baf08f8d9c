//! The door to signalling: who may open a WebSocket, and how many.

use std::time::Instant;

use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use sabha_protocol::{Rule, SUBPROTOCOL};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{AppState, accounts, client_address::client_address, error::Refusal, origin};
use crate::{
    metrics,
    signalling::{self, Intake, Socket},
};

/// A client's half of the opening handshake (RFC 6455 section 4.2.1), which is HTTP/1.1.
struct Asked {
    accept: HeaderValue,
    upgrade: OnUpgrade,
}

/// Upgrades a request to a WebSocket, or says why not. The checks come cheapest first, and all of them
/// before anything is allocated for the connection.
pub(super) async fn upgrade(
    State(state): State<AppState>,
    // Put there by the acceptor, like the address.
    Extension(intake): Extension<Intake>,
    mut request: Request,
) -> Result<Response, Response> {
    let Asked { accept, upgrade } = asked(&mut request).map_err(|(status, message)| {
        Refusal::with_status(status, Rule::WellFormed, message).into_response()
    })?;
    if !list(request.headers(), header::SEC_WEBSOCKET_PROTOCOL).any(|offered| offered == SUBPROTOCOL) {
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
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            signalling.serve(Socket::new(TokioIo::new(upgraded)), intake, origin, permit).await;
        }
    });
    let answer = [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
        (header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL)),
    ];
    Ok((StatusCode::SWITCHING_PROTOCOLS, answer).into_response())
}

/// Returns what the client asks, or says why it is no opening handshake.
fn asked(request: &mut Request) -> Result<Asked, (StatusCode, &'static str)> {
    let headers = request.headers();
    let names = |header, word: &str| list(headers, header).any(|named| named.eq_ignore_ascii_case(word));
    if !names(header::CONNECTION, "upgrade") || !names(header::UPGRADE, "websocket") {
        return Err((StatusCode::BAD_REQUEST, "this path speaks WebSocket"));
    }
    if !list(headers, header::SEC_WEBSOCKET_VERSION).eq(["13"]) {
        return Err((StatusCode::BAD_REQUEST, "this path speaks version 13 of WebSocket"));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let accept = key.and_then(|key| HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok());
    let accept = accept.ok_or((StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing"))?;
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let upgrade =
        upgrade.ok_or((StatusCode::UPGRADE_REQUIRED, "this connection cannot become a WebSocket"))?;
    Ok(Asked { accept, upgrade })
}

/// Returns the elements of a header that is a list (RFC 9110 section 5.6.1).
fn list(headers: &HeaderMap, header: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}
