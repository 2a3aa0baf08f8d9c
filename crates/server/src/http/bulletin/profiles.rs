//! Policy profiles that revisions carry, and who has seen and applied what was published.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Query, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::StatusCode,
    response::Response,
};
use sabha_advisory::clearance::Reader;
use sabha_policy::profile::ProfileError;
use sabha_protocol::{
    Rule,
    bulletin::DocumentId,
    wire::{
        advisory_policy::{Coverage, CoverageQuery},
        bulletin_documents::BulletinDocument,
        http::ApiError,
    },
};

use super::{
    AppState, Caller, Named, Numbered, Refusal, acting, documents::view, files::as_file, reader, unknown,
};
use crate::{advised::Advised, clock, profiles, storage::NewProfile};

/// What people call a file that came in a body.
const FILE: &str = "the file";

/// Has the draft of a document carry a policy profile, which is the body: what the advisory asks of meetings, as a signed
/// file. It takes the place of the one that the draft carried.
#[utoipa::path(put, path = "/api/v1/bulletin/documents/{id}/profile", tag = "bulletin",
    params(("id" = DocumentId, Path, description = "The document")),
    request_body(content = String, content_type = "application/json", description = "The file, at most 256 KiB"),
    security(("session" = []), ("api_key" = ["bulletin:write"])),
    responses(
        (status = 200, description = "The draft carries it; its hash is another one now", body = BulletinDocument),
        (status = 400, description = "No profile, not signed, or its signature does not hold", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an author of its owner, or no such scope", body = ApiError),
        (status = 404, description = "No such document, or not for the caller", body = ApiError),
        (status = 409, description = "There is no draft", body = ApiError),
        (status = 413, description = "The file is too long", body = ApiError)))]
pub(in crate::http) async fn carry(
    State(state): State<AppState>,
    caller: Caller,
    Named(document): Named<DocumentId>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<BulletinDocument>, Refusal> {
    let bytes =
        body.map_err(|error| Refusal::with_status(error.status(), Rule::Profile, error.body_text()))?;
    let acting = acting(&state, &caller).await?;
    // Whether the document is there for them is answered before what is wrong with the file.
    view(&state, &caller, document).await?;
    let text = std::str::from_utf8(&bytes).map_err(|error| Refusal::new(Rule::Profile, error.to_string()))?;
    let file =
        profiles::from_text(FILE, text).map_err(|error| Refusal::new(Rule::Profile, error.to_string()))?;
    let key = Advised::of(&file)?.key;
    let new = NewProfile { file, key, bytes: bytes.into() };
    state.store.carry_profile(caller.author(), &acting, document, &new, clock::unix_ms()).await?;
    view(&state, &caller, document).await.map(Json)
}

/// Takes the policy profile away from the draft of a document.
#[utoipa::path(delete, path = "/api/v1/bulletin/documents/{id}/profile", tag = "bulletin",
    params(("id" = DocumentId, Path, description = "The document")),
    security(("session" = []), ("api_key" = ["bulletin:write"])),
    responses(
        (status = 204, description = "The draft carries none"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an author of its owner, or no such scope", body = ApiError),
        (status = 404, description = "No such document, not for the caller, or without a profile", body = ApiError),
        (status = 409, description = "There is no draft", body = ApiError)))]
pub(in crate::http) async fn drop_profile(
    State(state): State<AppState>,
    caller: Caller,
    Named(document): Named<DocumentId>,
) -> Result<StatusCode, Refusal> {
    let acting = acting(&state, &caller).await?;
    state.store.drop_profile(caller.author(), &acting, document, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the policy profile that a revision carries, byte for byte: controls with their ids and words, and the signature.
#[utoipa::path(get, path = "/api/v1/bulletin/documents/{id}/revisions/{number}/profile", tag = "bulletin",
    params(
        ("id" = DocumentId, Path, description = "The document"),
        ("number" = u32, Path, description = "The revision")),
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "Its bytes; `Repr-Digest` has their hash", content_type = "application/json", body = String),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such revision, not for the caller, or without a profile", body = ApiError)))]
pub(in crate::http) async fn profile(
    State(state): State<AppState>,
    caller: Caller,
    Numbered(id, number): Numbered<DocumentId>,
) -> Result<Response, Refusal> {
    let file = state.store.revision_profile(&reader(&state, &caller).await?, id, number).await?;
    Ok(as_file(file.ok_or_else(unknown)?, format!("{id}-policy")))
}

/// Returns the policy profile of a revision that is published as `TLP:CLEAR`, byte for byte.
#[utoipa::path(get, path = "/api/v1/bulletin/public/{id}/revisions/{number}/profile", tag = "bulletin",
    params(
        ("id" = DocumentId, Path, description = "The document"),
        ("number" = u32, Path, description = "The revision")),
    responses(
        (status = 200, description = "Its bytes; `Repr-Digest` has their hash", content_type = "application/json", body = String),
        (status = 404, description = "No such revision, not for everybody, or without a profile", body = ApiError)))]
pub(in crate::http) async fn public_profile(
    State(state): State<AppState>,
    Numbered(id, number): Numbered<DocumentId>,
) -> Result<Response, Refusal> {
    let file = state.store.revision_profile(&Reader::Anonymous, id, number).await?;
    Ok(as_file(file.ok_or_else(unknown)?, format!("{id}-policy")))
}

/// Returns what the caller's organisation has published, with who has seen and applied it and who has said nothing yet.
#[utoipa::path(get, path = "/api/v1/bulletin/coverage", tag = "bulletin", params(CoverageQuery),
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "Revisions with what was said of them", body = Coverage),
        (status = 400, description = "The query is none", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "The caller is of no member organisation", body = ApiError)))]
pub(in crate::http) async fn coverage(
    State(state): State<AppState>,
    caller: Caller,
    query: Result<Query<CoverageQuery>, QueryRejection>,
) -> Result<Json<Coverage>, Refusal> {
    let Query(CoverageQuery { after }) =
        query.map_err(|error| Refusal::with_status(error.status(), Rule::WellFormed, error.body_text()))?;
    let found = state.store.coverage(&reader(&state, &caller).await?, after).await?;
    found.map(Json).ok_or_else(unknown)
}

impl From<ProfileError> for Refusal {
    fn from(error: ProfileError) -> Self {
        Self::with_status(StatusCode::BAD_REQUEST, Rule::Profile, error.to_string())
    }
}
