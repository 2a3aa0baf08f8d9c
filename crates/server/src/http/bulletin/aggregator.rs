//! The lister or aggregator of CSAF: `/.well-known/csaf-aggregator/`. Everything here is for everybody, whatever credential is shown,
//! since nothing else is mirrored.
//!
//! ```text
//!  aggregator.json                                             requirement 21
//!  NAME/provider-metadata.json, NAME/FINGERPRINT.asc           23, and the key of this server
//!  NAME/clear/feed.json, index.txt, changes.csv                15, 12, 13
//!  NAME/clear/YEAR/DOCUMENT.json                               as its provider published it
//!  NAME/clear/YEAR/DOCUMENT.json.asc                           and as its provider signed it
//!  NAME/clear/YEAR/DOCUMENT.json.aggregator.asc                as this server signed it
//!  NAME/clear/YEAR/DOCUMENT.json.sha256, .sha512
//! ```

use axum::{
    extract::{Path, State},
    http::Method,
    response::Response,
};
use sabha_advisory::{
    Tlp,
    csaf::{
        mirror::ProviderMetadata,
        provider::{changes, index, mirror_listing},
    },
};
use sabha_protocol::wire::http::ApiError;

use super::{
    super::accounts::{Right, Routes},
    AppState, Refusal, Shared,
    provider::{HTML, JSON, TEXT, answer},
    unknown,
};
use crate::bulletin::{AGGREGATOR_PATH, Aggregator};

/// Adds the routes.
pub(super) fn add(all: &mut Routes) {
    let get = Method::GET;
    all.add(get.clone(), "/.well-known/csaf-aggregator/aggregator.json", Right::Anyone, document);
    all.add(get.clone(), "/.well-known/csaf-aggregator/{provider}/{file}", Right::Anyone, file);
    all.add(get.clone(), "/.well-known/csaf-aggregator/{provider}/clear/", Right::Anyone, folder);
    all.add(get.clone(), "/.well-known/csaf-aggregator/{provider}/clear/{list}", Right::Anyone, list);
    all.add(get.clone(), "/.well-known/csaf-aggregator/{provider}/clear/{year}/", Right::Anyone, year);
    all.add(get, "/.well-known/csaf-aggregator/{provider}/clear/{year}/{file}", Right::Anyone, copy);
}

/// Returns which providers are listed, and which of them are mirrored (CSAF 2.0 section 7.1.21).
#[utoipa::path(get, path = "/.well-known/csaf-aggregator/aggregator.json", tag = "csaf",
    responses(
        (status = 200, description = "`aggregator.json`", content_type = "application/json", body = String),
        (status = 404, description = "There is no aggregator here, or it knows fewer than two publishers yet", body = ApiError)))]
pub(in crate::http) async fn document(State(state): State<AppState>) -> Result<Response, Refusal> {
    let aggregator = aggregator(&state)?;
    let _turn = aggregator.turn().await;
    let known = state.store.mirror_metadata(None).await?;
    Ok(answer(JSON, aggregator.document(&known).ok_or_else(unknown)?))
}

/// Returns what a mirror is, or the key of this server by which its copies are signed.
#[utoipa::path(get, path = "/.well-known/csaf-aggregator/{provider}/{file}", tag = "csaf",
    params(
        ("provider" = String, Path, description = "What the provider is called here"),
        ("file" = String, Path, description = "`provider-metadata.json`, or the fingerprint and `.asc`")),
    responses(
        (status = 200, description = "The file", body = String),
        (status = 404, description = "No such file, or nothing is mirrored of this provider", body = ApiError)))]
pub(in crate::http) async fn file(
    State(state): State<AppState>,
    Path((name, file)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let (aggregator, metadata) = mirror(&state, &name).await?;
    if file == "provider-metadata.json" {
        let last = state.store.last_mirrored_ms(&name).await?;
        return Ok(answer(JSON, aggregator.metadata(&name, &metadata, last)));
    }
    Ok(answer("application/pgp-keys", aggregator.key_file(&file).ok_or_else(unknown)?))
}

/// Lists the folder of copies.
#[utoipa::path(get, path = "/.well-known/csaf-aggregator/{provider}/clear/", tag = "csaf",
    params(("provider" = String, Path, description = "What the provider is called here")),
    responses(
        (status = 200, description = "A page of links", content_type = "text/html", body = String),
        (status = 404, description = "Nothing is mirrored of this provider", body = ApiError)))]
pub(in crate::http) async fn folder(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    listed(&state, &name, "").await
}

/// Returns a list of copies.
#[utoipa::path(get, path = "/.well-known/csaf-aggregator/{provider}/clear/{list}", tag = "csaf",
    params(
        ("provider" = String, Path, description = "What the provider is called here"),
        ("list" = String, Path, description = "`index.txt`, `changes.csv` or `feed.json`")),
    responses(
        (status = 200, description = "The list", body = String),
        (status = 404, description = "No such list, or nothing is mirrored of this provider", body = ApiError)))]
pub(in crate::http) async fn list(
    State(state): State<AppState>,
    Path((name, list)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    listed(&state, &name, &list).await
}

/// Lists the folder of a year of copies.
#[utoipa::path(get, path = "/.well-known/csaf-aggregator/{provider}/clear/{year}/", tag = "csaf",
    params(
        ("provider" = String, Path, description = "What the provider is called here"),
        ("year" = String, Path, description = "The year of the first release")),
    responses(
        (status = 200, description = "A page of links", content_type = "text/html", body = String),
        (status = 404, description = "No such year, or nothing is mirrored of this provider", body = ApiError)))]
pub(in crate::http) async fn year(
    State(state): State<AppState>,
    Path((name, year)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let (aggregator, _) = mirror(&state, &name).await?;
    let _turn = aggregator.turn().await;
    let documents = state.store.mirrored(&name).await?;
    let page = mirror_listing(&path(&name), &documents, Some(&year));
    Ok(answer(HTML, page.ok_or_else(unknown)?.into_bytes()))
}

/// Returns a copy, a hash of it, its provider's signature, or that of this server.
#[utoipa::path(get, path = "/.well-known/csaf-aggregator/{provider}/clear/{year}/{file}", tag = "csaf",
    params(
        ("provider" = String, Path, description = "What the provider is called here"),
        ("year" = String, Path, description = "The year of the first release"),
        ("file" = String, Path, description = "`ID.json`, with `.sha256`, `.sha512`, `.asc` or `.aggregator.asc` after it or nothing")),
    responses(
        (status = 200, description = "The file, byte for byte", body = String),
        (status = 404, description = "No such file, or nothing is mirrored of this provider", body = ApiError)))]
pub(in crate::http) async fn copy(
    State(state): State<AppState>,
    Path((name, year, file)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let (aggregator, _) = mirror(&state, &name).await?;
    let end = file.find(".json").map(|at| at + ".json".len()).ok_or_else(unknown)?;
    let (document, ending) = file.split_at(end);
    let media_type = match ending {
        "" => JSON,
        ".sha256" | ".sha512" => TEXT,
        _ => "application/pgp-signature",
    };
    let found = state.store.mirrored_file(&name, &format!("{year}/{document}")).await?.ok_or_else(unknown)?;
    Ok(answer(media_type, aggregator.file(found, ending).ok_or_else(unknown)?))
}

fn aggregator(state: &Shared) -> Result<&Aggregator, Refusal> {
    state.aggregator.as_deref().ok_or_else(unknown)
}

/// Returns the aggregator with what a provider says of itself whose copies are shown.
async fn mirror<'a>(state: &'a Shared, name: &str) -> Result<(&'a Aggregator, ProviderMetadata), Refusal> {
    let aggregator = aggregator(state)?;
    let known = state.store.mirror_metadata(Some(name)).await?;
    let mirror = known.iter().find_map(|known| aggregator.mirror_of(known));
    Ok((aggregator, mirror.ok_or_else(unknown)?))
}

/// Returns a list of copies, or for no name the folder's listing.
async fn listed(state: &Shared, name: &str, list: &str) -> Result<Response, Refusal> {
    let (aggregator, _) = mirror(state, name).await?;
    if !matches!(list, "" | "index.txt" | "changes.csv" | "feed.json") {
        return Err(unknown());
    }
    let _turn = aggregator.turn().await;
    let documents = state.store.mirrored(name).await?;
    Ok(match list {
        "index.txt" => answer(TEXT, index(&documents, Tlp::Clear).into_bytes()),
        "changes.csv" => answer("text/csv; charset=utf-8", changes(&documents, Tlp::Clear).into_bytes()),
        "feed.json" => answer(JSON, aggregator.feed(name, &documents)),
        _ => answer(HTML, mirror_listing(&path(name), &documents, None).ok_or_else(unknown)?.into_bytes()),
    })
}

fn path(name: &str) -> String {
    format!("{AGGREGATOR_PATH}/{name}/clear")
}
