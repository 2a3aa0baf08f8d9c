//! What everybody reads, signed in or not: published revisions that are `TLP:CLEAR`. Whatever credential comes with the
//! request, the answer is the same.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use sabha_advisory::clearance::Reader;
use sabha_protocol::{
    bulletin::{AttachmentId, DocumentId},
    wire::{
        bulletin_documents::{BulletinDocument, DocumentQuery, Documents},
        bulletin_facets::Facets,
        http::ApiError,
    },
};

use super::{AppState, Named, Numbered, Refusal, files::as_file, filter, unknown};

/// Lists what is published as `TLP:CLEAR`, the last changed first.
#[utoipa::path(get, path = "/api/v1/bulletin/public", tag = "bulletin", params(DocumentQuery),
    responses(
        (status = 200, description = "A page of documents", body = Documents),
        (status = 400, description = "The filter is none", body = ApiError)))]
pub(in crate::http) async fn documents(
    State(state): State<AppState>,
    query: Result<Query<DocumentQuery>, QueryRejection>,
) -> Result<Json<Documents>, Refusal> {
    Ok(Json(state.store.documents(&Reader::Anonymous, &filter(query)?).await?))
}

/// Counts what is published as `TLP:CLEAR`, by what it is. Of the filter, `after` counts for nothing.
#[utoipa::path(get, path = "/api/v1/bulletin/public/facets", tag = "bulletin", params(DocumentQuery),
    responses(
        (status = 200, description = "How many there are of what", body = Facets),
        (status = 400, description = "The filter is none", body = ApiError)))]
pub(in crate::http) async fn facets(
    State(state): State<AppState>,
    query: Result<Query<DocumentQuery>, QueryRejection>,
) -> Result<Json<Facets>, Refusal> {
    Ok(Json(state.store.facets(&Reader::Anonymous, &filter(query)?).await?))
}

/// Returns a document with its revisions that are published as `TLP:CLEAR`.
#[utoipa::path(get, path = "/api/v1/bulletin/public/{id}", tag = "bulletin",
    params(("id" = DocumentId, Path, description = "The document")),
    responses(
        (status = 200, description = "The document", body = BulletinDocument),
        (status = 404, description = "No such document, or not for everybody", body = ApiError)))]
pub(in crate::http) async fn document(
    State(state): State<AppState>,
    Named(id): Named<DocumentId>,
) -> Result<Json<BulletinDocument>, Refusal> {
    state.store.document(&Reader::Anonymous, id).await?.map(Json).ok_or_else(unknown)
}

/// Returns the content of a revision that is published as `TLP:CLEAR`, byte for byte.
#[utoipa::path(get, path = "/api/v1/bulletin/public/{id}/revisions/{number}/content", tag = "bulletin",
    params(
        ("id" = DocumentId, Path, description = "The document"),
        ("number" = u32, Path, description = "The revision")),
    responses(
        (status = 200, description = "Its bytes; `Repr-Digest` has their hash", content_type = "application/json", body = String),
        (status = 404, description = "No such revision, or not for everybody", body = ApiError)))]
pub(in crate::http) async fn content(
    State(state): State<AppState>,
    Numbered(id, number): Numbered<DocumentId>,
) -> Result<Response, Refusal> {
    let file = state.store.revision_content(&Reader::Anonymous, id, number).await?;
    Ok(as_file(file.ok_or_else(unknown)?, id.to_string()))
}

/// Returns an attachment of a revision that is published as `TLP:CLEAR`.
#[utoipa::path(get, path = "/api/v1/bulletin/public/attachments/{id}", tag = "bulletin",
    params(("id" = AttachmentId, Path, description = "The attachment")),
    responses(
        (status = 200, description = "Its bytes, to be kept and not to be shown", content_type = "application/octet-stream", body = String),
        (status = 404, description = "No such attachment, or not for everybody", body = ApiError)))]
pub(in crate::http) async fn attachment(
    State(state): State<AppState>,
    Named(id): Named<AttachmentId>,
) -> Result<Response, Refusal> {
    let file = state.store.attachment(&Reader::Anonymous, id).await?;
    Ok(as_file(file.ok_or_else(unknown)?, id.to_string()))
}
