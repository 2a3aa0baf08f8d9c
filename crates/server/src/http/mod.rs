//! HTTP: the web client, the API, health, and the door to signalling; all on one port.
//!
//! | path | what |
//! |---|---|
//! | `/`, `/new`, `/m/{meeting}`, files | the embedded web client (`assets.rs`) |
//! | `/admin` | the page for those who administer the server (`assets.rs`) |
//! | `/bulletin`, `/bulletin/{id}` | public pages of the bulletin, without JavaScript (`bulletin/pages/`) |
//! | `/bulletin/desk` | the page for members of the bulletin (`assets.rs`) |
//! | `/api/v1/account`, `users`, `audit`, ... | accounts, each with the right it takes (`accounts/`) |
//! | `/api/v1/bulletin/...` | the bulletin, as far as each reader may know it (`bulletin/`) |
//! | `/.well-known/csaf/...`, `/.well-known/security.txt` | the trusted provider of CSAF (`bulletin/provider.rs`) |
//! | `/.well-known/csaf-aggregator/...` | the lister or aggregator of CSAF (`bulletin/aggregator.rs`) |
//! | `/api/v1/...` | the API (`api.rs`) and the WebSocket (`websocket.rs`) |
//! | `/taxii2/...` | TAXII 2.1, for programs that keep up with the bulletin (`taxii/`) |
//! | `/healthz`, `/readyz`, `/metrics` | for the operator (`health.rs`) |
//!
//! `accept.rs` takes connections from the port and tells HTTP from media that fell back to TCP. Every
//! answer carries the headers of `headers.rs`; every error is an [`ApiError`](sabha_protocol::wire::http::ApiError).

mod accept;
mod accounts;
mod api;
mod assets;
mod bulletin;
mod client_address;
mod error;
mod headers;
mod health;
mod openapi;
mod origin;
mod probe;
mod taxii;
mod websocket;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use sabha_protocol::{
    BootEpoch, MEETINGS_PATH, POLICY_ADVISORIES_PATH, POLICY_PATH, Rule, SIGNALLING_PATH,
    limits::HTTP_BODY_BYTES_MAX, secret::CreationKey,
};
use tower_http::{catch_panic::CatchPanicLayer, timeout::RequestBodyTimeoutLayer};

pub(crate) use self::accept::{Acceptor, serve};
pub use self::accounts::{Right, Route};
pub use self::openapi::openapi;
use crate::{
    accounts::Accounts,
    config::PublicUrl,
    drain::Drain,
    mail::Wake,
    media::MediaPlane,
    notices::Telling,
    policy::Floor,
    probe::ProbeKey,
    signalling::{Addresses, Signalling, TokenBucket},
    storage::Store,
    throttle::NetworkThrottle,
};

/// Silence within a request body after which it is given up.
const BODY_SILENCE_MAX: Duration = Duration::from_secs(10);

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) accounts: Accounts,
    /// The CSAF lister or aggregator; `None` when there is none.
    pub(crate) aggregator: Option<Arc<crate::bulletin::Aggregator>>,
    pub(crate) boot_epoch: BootEpoch,
    pub(crate) creation_key: CreationKey,
    pub(crate) creations: Mutex<TokenBucket>,
    /// Where the database is.
    pub(crate) data_dir: PathBuf,
    pub(crate) drain: Drain,
    pub(crate) floor: Floor,
    /// Has the queue of mails look; `None` when the server sends none.
    pub(crate) mail: Option<Wake>,
    /// Mails that one account can have sent in a day.
    pub(crate) mails_per_day: u32,
    pub(crate) media: MediaPlane,
    /// Where people reach the server, for addresses in what leaves it.
    pub(crate) origin: String,
    pub(crate) probe_key: ProbeKey,
    /// The CSAF trusted provider; `None` when there is none.
    pub(crate) provider: Option<crate::bulletin::Provider>,
    /// As configured; `None` when the server was told no URL.
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) rooms_max: usize,
    pub(crate) signalling: Signalling,
    pub(crate) store: Store,
    /// How people and programs are told of what is published.
    pub(crate) telling: Telling,
    /// Counts who asks the API.
    pub(crate) requests: NetworkThrottle,
    /// Open TCP connections; the acceptor counts them.
    pub(crate) tcp: Addresses,
    pub(crate) trusted_proxies: Vec<ipnet::IpNet>,
    pub(crate) websockets: Addresses,
}

type AppState = Arc<Shared>;

/// Returns the whole service, and the routes of accounts and of TAXII with the right that each takes.
pub(crate) fn router(state: AppState) -> (Router, Vec<Route>) {
    let headers = headers::Headers::new(state.public_url.as_ref());
    let (accounts, mut routes) = accounts::routes(&state);
    let (taxii, of_taxii) = taxii::routes(&state);
    routes.extend(of_taxii);
    let router = Router::new()
        .route(MEETINGS_PATH, post(api::create_meeting))
        .route(POLICY_PATH, get(api::policy))
        .route(POLICY_ADVISORIES_PATH, get(api::policy_advisories))
        .route("/api/v1/version", get(api::version))
        .route("/api/v1/probe/{expires_s}/{challenge}", get(probe::confirm))
        .route("/api/v1/openapi.json", get(openapi::document))
        .route(SIGNALLING_PATH, get(websocket::upgrade))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/", get(assets::page))
        .route("/new", get(assets::page))
        .route("/m/{meeting}", get(assets::page))
        .route("/admin", get(assets::admin_page))
        .route("/bulletin", get(bulletin::pages::list))
        .route("/bulletin/desk", get(assets::bulletin_page))
        .route("/bulletin/style.css", get(bulletin::pages::style))
        .route("/bulletin/mirrored", get(bulletin::pages::mirrored::list))
        .route("/bulletin/mirrored/{provider}/{year}/{file}", get(bulletin::pages::mirrored::document))
        .route("/bulletin/{id}", get(bulletin::pages::document))
        .merge(accounts)
        .merge(taxii)
        .fallback(assets::file)
        .method_not_allowed_fallback(error::method_not_allowed)
        .with_state(state.clone())
        .layer(middleware::from_fn_with_state(state, limit_rate))
        .layer(DefaultBodyLimit::max(HTTP_BODY_BYTES_MAX))
        .layer(RequestBodyTimeoutLayer::new(BODY_SILENCE_MAX))
        .layer(middleware::from_fn(error::limit_time))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(middleware::from_fn_with_state(headers, headers::add));
    (router, routes)
}

/// Turns away who asks too much, before anything is read or looked up. Files of the page are in memory, and the limits
/// on connections are enough for them.
async fn limit_rate(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let costly = ["/api/", "/.well-known/", "/bulletin", "/taxii2"];
    if !(costly.iter().any(|start| path.starts_with(start)) || path == "/readyz") {
        return next.run(request).await;
    }
    let address =
        client_address::client_address(&state.trusted_proxies, request.extensions(), request.headers());
    if state.requests.take((), address, Instant::now()) {
        return next.run(request).await;
    }
    let message = "too many requests from your address or its network; wait a moment";
    error::Refusal::new(Rule::NetworkRate, message).into_response()
}

#[cfg(test)]
mod tests;
