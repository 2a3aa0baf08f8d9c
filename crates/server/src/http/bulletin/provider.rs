//! The CSAF trusted provider: `/.well-known/csaf/` and `/.well-known/security.txt`.
//!
//! What leads to documents is for everybody and says nothing of them; the folder of `TLP:CLEAR` is for everybody, whatever
//! credential is shown. The other folders are for who is signed in or shows an API key, also as the password of HTTP Basic (RFC 7617),
//! which is what downloaders of CSAF can do. Each reader's lists have what they may read, and no more: two readers of one
//! label may be shown two lists. Nothing is redirected.

use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use sabha_advisory::{
    Tlp,
    clearance::Reader,
    csaf::provider::{changes, folder, index, label_of, listing},
};
use sabha_protocol::wire::http::ApiError;

use super::{AppState, Caller, Refusal, Shared, reader, unknown};
use crate::{bulletin::Provider, clock};

pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const JSON: &str = "application/json";
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// Returns what the provider is and where its documents are (CSAF 2.0 section 7.1.7).
#[utoipa::path(get, path = "/.well-known/csaf/provider-metadata.json", tag = "csaf",
    responses(
        (status = 200, description = "`provider-metadata.json`", content_type = "application/json", body = String),
        (status = 404, description = "There is no provider here", body = ApiError)))]
pub(in crate::http) async fn metadata(State(state): State<AppState>) -> Result<Response, Refusal> {
    let provider = provider(&state)?;
    let last = state.store.last_published_ms(&provider.issuer().organisation).await?;
    Ok(answer(JSON, provider.metadata(last)))
}

/// Returns the ROLIE service document.
#[utoipa::path(get, path = "/.well-known/csaf/service.json", tag = "csaf",
    responses(
        (status = 200, description = "Which feeds there are", content_type = "application/json", body = String),
        (status = 404, description = "There is no provider here", body = ApiError)))]
pub(in crate::http) async fn service(State(state): State<AppState>) -> Result<Response, Refusal> {
    Ok(answer(JSON, provider(&state)?.service()))
}

/// Returns the ROLIE category document.
#[utoipa::path(get, path = "/.well-known/csaf/category.json", tag = "csaf",
    responses(
        (status = 200, description = "Which categories there are", content_type = "application/json", body = String),
        (status = 404, description = "There is no provider here", body = ApiError)))]
pub(in crate::http) async fn category(State(state): State<AppState>) -> Result<Response, Refusal> {
    provider(&state)?;
    Ok(answer(JSON, Provider::category()))
}

/// Returns the public key by which documents are signed.
#[utoipa::path(get, path = "/.well-known/csaf/openpgp/{file}", tag = "csaf",
    params(("file" = String, Path, description = "Its fingerprint and `.asc`")),
    responses(
        (status = 200, description = "The key, armoured", content_type = "application/pgp-keys", body = String),
        (status = 404, description = "No such key", body = ApiError)))]
pub(in crate::http) async fn key(
    State(state): State<AppState>,
    Path(file): Path<String>,
) -> Result<Response, Refusal> {
    let provider = provider(&state)?;
    if file != format!("{}.asc", provider.fingerprint()) {
        return Err(unknown());
    }
    Ok(answer("application/pgp-keys", provider.public_key().into_bytes()))
}

/// Returns `security.txt` (RFC 9116), which leads to the provider.
#[utoipa::path(get, path = "/.well-known/security.txt", tag = "csaf",
    responses(
        (status = 200, description = "The file", content_type = "text/plain", body = String),
        (status = 404, description = "Nobody is named whom to tell", body = ApiError)))]
pub(in crate::http) async fn security_txt(State(state): State<AppState>) -> Result<Response, Refusal> {
    let text = provider(&state)?.security_txt(clock::unix_ms()).ok_or_else(unknown)?;
    Ok(answer(TEXT, text.into_bytes()))
}

/// Lists the folder of what is `TLP:CLEAR`.
#[utoipa::path(get, path = "/.well-known/csaf/clear/", tag = "csaf",
    responses(
        (status = 200, description = "A page of links", content_type = "text/html", body = String),
        (status = 404, description = "There is no provider here", body = ApiError)))]
pub(in crate::http) async fn clear(State(state): State<AppState>) -> Result<Response, Refusal> {
    list(&state, Tlp::Clear, &Reader::Anonymous, "").await
}

/// Returns a list of what is `TLP:CLEAR`.
#[utoipa::path(get, path = "/.well-known/csaf/clear/{list}", tag = "csaf",
    params(("list" = String, Path, description = "`index.txt`, `changes.csv` or `feed.json`")),
    responses(
        (status = 200, description = "The list", body = String),
        (status = 404, description = "No such list", body = ApiError)))]
pub(in crate::http) async fn clear_list(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    list(&state, Tlp::Clear, &Reader::Anonymous, named(&name)?).await
}

/// Lists the folder of a year of what is `TLP:CLEAR`.
#[utoipa::path(get, path = "/.well-known/csaf/clear/{year}/", tag = "csaf",
    params(("year" = String, Path, description = "The year of the first release")),
    responses(
        (status = 200, description = "A page of links", content_type = "text/html", body = String),
        (status = 404, description = "No such year", body = ApiError)))]
pub(in crate::http) async fn clear_year(
    State(state): State<AppState>,
    Path(year): Path<String>,
) -> Result<Response, Refusal> {
    year_list(&state, Tlp::Clear, &Reader::Anonymous, &year).await
}

/// Returns a document that is `TLP:CLEAR`, a hash of it, or its signature.
#[utoipa::path(get, path = "/.well-known/csaf/clear/{year}/{file}", tag = "csaf",
    params(
        ("year" = String, Path, description = "The year of the first release"),
        ("file" = String, Path, description = "`ID.json`, with `.sha256`, `.sha512` or `.asc` after it or nothing")),
    responses(
        (status = 200, description = "The file, byte for byte", body = String),
        (status = 404, description = "No such file", body = ApiError)))]
pub(in crate::http) async fn clear_file(
    State(state): State<AppState>,
    Path((year, file)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    document(&state, Tlp::Clear, &Reader::Anonymous, &year, &file).await
}

/// Lists the folder of a label, as far as the caller may know it.
#[utoipa::path(get, path = "/.well-known/csaf/{label}/", tag = "csaf",
    params(("label" = String, Path, description = "`green`, `amber`, `amber-strict` or `red`")),
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "A page of links", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such label", body = ApiError)))]
pub(in crate::http) async fn label(
    State(state): State<AppState>,
    caller: Caller,
    Path(label): Path<String>,
) -> Result<Response, Refusal> {
    list(&state, labelled(&label)?, &reader(&state, &caller).await?, "").await
}

/// Returns a list of what has a label, as far as the caller may know it.
#[utoipa::path(get, path = "/.well-known/csaf/{label}/{list}", tag = "csaf",
    params(
        ("label" = String, Path, description = "`green`, `amber`, `amber-strict` or `red`"),
        ("list" = String, Path, description = "`index.txt`, `changes.csv` or `feed.json`")),
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "The list", body = String),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such list", body = ApiError)))]
pub(in crate::http) async fn label_list(
    State(state): State<AppState>,
    caller: Caller,
    Path((label, name)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    list(&state, labelled(&label)?, &reader(&state, &caller).await?, named(&name)?).await
}

/// Lists the folder of a year of a label, as far as the caller may know it.
#[utoipa::path(get, path = "/.well-known/csaf/{label}/{year}/", tag = "csaf",
    params(
        ("label" = String, Path, description = "`green`, `amber`, `amber-strict` or `red`"),
        ("year" = String, Path, description = "The year of the first release")),
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "A page of links", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such year, or nothing in it for the caller", body = ApiError)))]
pub(in crate::http) async fn label_year(
    State(state): State<AppState>,
    caller: Caller,
    Path((label, year)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    year_list(&state, labelled(&label)?, &reader(&state, &caller).await?, &year).await
}

/// Returns a document with a label, a hash of it, or its signature, if the caller may know it.
#[utoipa::path(get, path = "/.well-known/csaf/{label}/{year}/{file}", tag = "csaf",
    params(
        ("label" = String, Path, description = "`green`, `amber`, `amber-strict` or `red`"),
        ("year" = String, Path, description = "The year of the first release"),
        ("file" = String, Path, description = "`ID.json`, with `.sha256`, `.sha512` or `.asc` after it or nothing")),
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "The file, byte for byte", body = String),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such file, or not for the caller", body = ApiError)))]
pub(in crate::http) async fn label_file(
    State(state): State<AppState>,
    caller: Caller,
    Path((label, year, file)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    document(&state, labelled(&label)?, &reader(&state, &caller).await?, &year, &file).await
}

fn provider(state: &Shared) -> Result<&Provider, Refusal> {
    state.provider.as_ref().ok_or_else(unknown)
}

fn labelled(folder: &str) -> Result<Tlp, Refusal> {
    label_of(folder).ok_or_else(unknown)
}

/// Refuses the name of no list. The empty one is the folder itself, and never comes here.
fn named(name: &str) -> Result<&str, Refusal> {
    if name.is_empty() { Err(unknown()) } else { Ok(name) }
}

/// Returns a list of a label's folder, or for no name its listing.
async fn list(state: &Shared, tlp: Tlp, reader: &Reader, name: &str) -> Result<Response, Refusal> {
    let provider = provider(state)?;
    if !matches!(name, "" | "index.txt" | "changes.csv" | "feed.json") {
        return Err(unknown());
    }
    let _turn = provider.turn().await;
    let documents = state.store.published(reader, &provider.issuer().organisation, tlp).await?;
    Ok(match name {
        "index.txt" => answer(TEXT, index(&documents, tlp).into_bytes()),
        "changes.csv" => answer("text/csv; charset=utf-8", changes(&documents, tlp).into_bytes()),
        "feed.json" => answer(JSON, provider.feed(&documents, tlp)),
        _ => answer(HTML, listing(&documents, tlp, None).ok_or_else(unknown)?.into_bytes()),
    })
}

async fn year_list(state: &Shared, tlp: Tlp, reader: &Reader, year: &str) -> Result<Response, Refusal> {
    let provider = provider(state)?;
    let _turn = provider.turn().await;
    let documents = state.store.published(reader, &provider.issuer().organisation, tlp).await?;
    Ok(answer(HTML, listing(&documents, tlp, Some(year)).ok_or_else(unknown)?.into_bytes()))
}

/// Returns one of the files of a document.
async fn document(
    state: &Shared,
    tlp: Tlp,
    reader: &Reader,
    year: &str,
    name: &str,
) -> Result<Response, Refusal> {
    let provider = provider(state)?;
    let (document, media_type) = match name.rsplit_once('.') {
        Some((document, "sha256" | "sha512")) => (document, TEXT),
        Some((document, "asc")) => (document, "application/pgp-signature"),
        _ => (name, JSON),
    };
    let file = format!("{year}/{document}");
    let organisation = &provider.issuer().organisation;
    let found = state.store.published_file(reader, organisation, tlp, &file).await?.ok_or_else(unknown)?;
    let path = format!("{}/{year}/{name}", folder(tlp));
    let content = provider.file(&found.listed, found.content, found.published_ms, &path);
    Ok(answer(media_type, content.ok_or_else(unknown)?))
}

pub(super) fn answer(media_type: &'static str, content: Vec<u8>) -> Response {
    let mut response = content.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    // Asked for again each time, and nobody between keeps what is for one reader.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}
