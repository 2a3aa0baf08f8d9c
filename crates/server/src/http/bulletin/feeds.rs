//! Feeds for readers of news: of what is `TLP:CLEAR` for everybody, and by a token in the address of what its owner may read.
//!
//! Such programs sign in nowhere, and keep addresses in the open. So the token is for feeds only, one an account, made and taken back
//! by its owner; a feed has titles and summaries, and what it leads to wants a session.

use std::time::Instant;

use axum::{
    Json,
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use sabha_advisory::{
    clearance::Reader,
    feed::{Entry, Moment, Page, atom, rss},
};
use sabha_protocol::{
    Rule,
    bulletin::TlpLabel,
    secret::AccessToken,
    wire::{
        bulletin_feeds::{FeedQuery, FeedToken, FeedTokenState},
        http::ApiError,
    },
};

use super::{AppState, Caller, Refusal, Shared, unknown};
use crate::{
    accounts::{hash, random},
    bulletin::{rfc_822, rfc_3339},
    clock,
    http::client_address::client_address,
    storage::FeedLine,
};

const ATOM: &str = "feed.atom";
const RSS: &str = "feed.rss";

/// Returns whether the caller has a token for feeds.
#[utoipa::path(get, path = "/api/v1/bulletin/feed-token", tag = "bulletin",
    security(("session" = [])),
    responses(
        (status = 200, description = "Since when", body = FeedTokenState),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn token_state(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<FeedTokenState>, Refusal> {
    Ok(Json(FeedTokenState { created_ms: state.store.feed_token_created_ms(caller.user.id).await? }))
}

/// Makes a token for the caller's feeds. The one before is good no more.
#[utoipa::path(post, path = "/api/v1/bulletin/feed-token", tag = "bulletin",
    security(("session" = [])),
    responses(
        (status = 201, description = "Made; the addresses are shown this once", body = FeedToken),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn make_token(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<(StatusCode, Json<FeedToken>), Refusal> {
    let token = AccessToken::from_bytes(random()?);
    state.store.set_feed_token(caller.user.id, &hash(token.expose()), clock::unix_ms()).await?;
    let base = format!("{}/api/v1/bulletin/feeds/{}", state.origin, String::from(token));
    let made = FeedToken { atom: format!("{base}/{ATOM}"), rss: format!("{base}/{RSS}") };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Takes the caller's token for feeds back.
#[utoipa::path(delete, path = "/api/v1/bulletin/feed-token", tag = "bulletin",
    security(("session" = [])),
    responses(
        (status = 204, description = "Taken back"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "There is none", body = ApiError)))]
pub(in crate::http) async fn remove_token(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<StatusCode, Refusal> {
    state.store.remove_feed_token(caller.user.id, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the feed of what is `TLP:CLEAR` in Atom 1.0.
#[utoipa::path(get, path = "/api/v1/bulletin/public/feed.atom", tag = "bulletin", params(FeedQuery),
    responses(
        (status = 200, description = "A page of the feed", content_type = "application/atom+xml", body = String),
        (status = 400, description = "The query is none", body = ApiError)))]
pub(in crate::http) async fn public_atom(
    State(state): State<AppState>,
    query: Result<Query<FeedQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    page(&state, &Reader::Anonymous, "public", ATOM, query).await
}

/// Returns the feed of what is `TLP:CLEAR` in RSS 2.0.
#[utoipa::path(get, path = "/api/v1/bulletin/public/feed.rss", tag = "bulletin", params(FeedQuery),
    responses(
        (status = 200, description = "A page of the feed", content_type = "application/rss+xml", body = String),
        (status = 400, description = "The query is none", body = ApiError)))]
pub(in crate::http) async fn public_rss(
    State(state): State<AppState>,
    query: Result<Query<FeedQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    page(&state, &Reader::Anonymous, "public", RSS, query).await
}

/// Returns the feed of what the owner of a token may read.
#[utoipa::path(get, path = "/api/v1/bulletin/feeds/{token}/{file}", tag = "bulletin",
    params(
        ("token" = String, Path, description = "The token"),
        ("file" = String, Path, description = "`feed.atom` or `feed.rss`"),
        FeedQuery),
    responses(
        (status = 200, description = "A page of the feed", body = String),
        (status = 400, description = "The query is none", body = ApiError),
        (status = 404, description = "No such token, or not any more", body = ApiError),
        (status = 429, description = "Too many wrong tokens from the address", body = ApiError)))]
pub(in crate::http) async fn own(
    State(state): State<AppState>,
    Path((token, file)): Path<(String, String)>,
    query: Result<Query<FeedQuery>, QueryRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let format = [ATOM, RSS].into_iter().find(|format| *format == file).ok_or_else(unknown)?;
    let secret = AccessToken::try_from(token.clone()).map_err(|_| unknown())?;
    let address = client_address(&state.trusted_proxies, request.extensions(), request.headers());
    let (hash, credentials) = (hash(secret.expose()), &state.accounts.credentials);
    if !credentials.may_look_up(&hash, address, Instant::now()) {
        let message = "too many wrong credentials from your address or its network; wait a moment";
        return Err(Refusal::new(Rule::CredentialRate, message));
    }
    let user = state.store.feed_reader(&hash).await?;
    credentials.found(&hash, user.is_some(), address, Instant::now());
    // As whom they read is asked each time: who left an organisation reads nothing of it from then on.
    let reader = state.store.bulletin_standing(user.ok_or_else(unknown)?).await?.reader;
    page(&state, &reader, &format!("feeds/{token}"), format, query).await
}

async fn page(
    state: &Shared,
    reader: &Reader,
    folder: &str,
    format: &str,
    query: Result<Query<FeedQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(FeedQuery { after }) =
        query.map_err(|error| Refusal::with_status(error.status(), Rule::WellFormed, error.body_text()))?;
    let (lines, more) = state.store.feed(reader, after).await?;
    let origin = &state.origin;
    let first = format!("{origin}/api/v1/bulletin/{folder}/{format}");
    let at = |after| format!("{first}?after={after}");
    let is_public = *reader == Reader::Anonymous;
    let page = Page {
        title: if is_public { "Bulletin, TLP:CLEAR" } else { "Bulletin" }.to_owned(),
        // Without the token, which ids outlive.
        id: tag(origin, if is_public { "public" } else { "own" }),
        here: after.map_or_else(|| first.clone(), at),
        next: lines.last().filter(|_| more).map(|last| at(last.id)),
        site: format!("{origin}/"),
        updated: moment(lines.first().map_or(0, |newest| newest.changed_ms)),
        entries: lines.iter().map(|line| entry(origin, is_public, line)).collect(),
        first,
    };
    let (media_type, text) = match format {
        ATOM => ("application/atom+xml; charset=utf-8", atom(&page)),
        _ => ("application/rss+xml; charset=utf-8", rss(&page)),
    };
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    Ok(response)
}

fn entry(origin: &str, is_public: bool, line: &FeedLine) -> Entry {
    let folder = if is_public { "public" } else { "documents" };
    // What is not for everybody is read at the desk, where one signs in.
    let page = if is_public || line.tlp == TlpLabel::Clear { "bulletin/" } else { "bulletin/desk#document/" };
    Entry {
        id: tag(origin, &line.id.to_string()),
        title: line.title.clone(),
        summary: line.summary.clone(),
        url: format!("{origin}/{page}{}", line.id),
        json: format!("{origin}/api/v1/bulletin/{folder}/{}/revisions/{}/content", line.id, line.number),
        author: line.owner_name.as_str().to_owned(),
        label: line.tlp.into(),
        kind: line.kind.word().to_owned(),
        updated: moment(line.changed_ms),
        withdrawn: line.withdrawn,
    }
}

/// Returns an IRI that stands for something of this server for ever: a tag (RFC 4151) in its name.
fn tag(origin: &str, what: &str) -> String {
    let authority = origin.split("://").nth(1).unwrap_or(origin);
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    format!("tag:{host},2026:bulletin/{what}")
}

fn moment(ms: u64) -> Moment {
    Moment { rfc_3339: rfc_3339(ms), rfc_822: rfc_822(ms) }
}
