//! What is said about published revisions: acknowledgements, comments, and grants to clients.

use axum::{Json, extract::State, http::StatusCode};
use sabha_protocol::{
    bulletin::{CommentId, DocumentId},
    wire::{
        bulletin_documents::{Acknowledge, Acknowledgements, AddComment, DocumentComments, GrantClient},
        http::ApiError,
    },
};

use super::{AppState, Body, Caller, Named, Refusal, acting, reader, unknown};
use crate::{accounts::random, clock};

/// Returns who has seen or applied a document: to its owner, of all; to others, what their organisation said.
#[utoipa::path(get, path = "/api/v1/bulletin/documents/{id}/acknowledgements", tag = "bulletin",
    params(("id" = DocumentId, Path, description = "The document")),
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "What was said", body = Acknowledgements),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such document, or not for the caller", body = ApiError)))]
pub(in crate::http) async fn acknowledgements(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<DocumentId>,
) -> Result<Json<Acknowledgements>, Refusal> {
    let found = state.store.acknowledgements(&reader(&state, &caller).await?, id).await?;
    Ok(Json(Acknowledgements { acknowledgements: found.ok_or_else(unknown)? }))
}

/// Says in the name of the caller's organisation that a published revision was seen or applied, or is not about it.
#[utoipa::path(post, path = "/api/v1/bulletin/documents/{id}/acknowledgements", tag = "bulletin",
    request_body = Acknowledge, params(("id" = DocumentId, Path, description = "The document")),
    security(("session" = []), ("api_key" = ["bulletin:write"])),
    responses(
        (status = 204, description = "Said; the first time counts"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Of no organisation, an auditor, or no such scope", body = ApiError),
        (status = 404, description = "No such revision, or not for the caller", body = ApiError),
        (status = 409, description = "It is not published", body = ApiError)))]
pub(in crate::http) async fn acknowledge(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<DocumentId>,
    Body(Acknowledge { revision, acknowledgement }): Body<Acknowledge>,
) -> Result<StatusCode, Refusal> {
    let acting = acting(&state, &caller).await?;
    let now_ms = clock::unix_ms();
    state.store.acknowledge(caller.author(), &acting, (id, revision), acknowledgement, now_ms).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the comments on the revisions that the caller may know of.
#[utoipa::path(get, path = "/api/v1/bulletin/documents/{id}/comments", tag = "bulletin",
    params(("id" = DocumentId, Path, description = "The document")),
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "The comments, oldest first", body = DocumentComments),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such document, or not for the caller", body = ApiError)))]
pub(in crate::http) async fn comments(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<DocumentId>,
) -> Result<Json<DocumentComments>, Refusal> {
    let found = state.store.comments(&reader(&state, &caller).await?, id).await?;
    Ok(Json(DocumentComments { comments: found.ok_or_else(unknown)? }))
}

/// Comments on a published revision.
#[utoipa::path(post, path = "/api/v1/bulletin/documents/{id}/comments", tag = "bulletin",
    request_body = AddComment, params(("id" = DocumentId, Path, description = "The document")),
    security(("session" = []), ("api_key" = ["bulletin:write"])),
    responses(
        (status = 204, description = "Said"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Of no organisation, an auditor, or no such scope", body = ApiError),
        (status = 404, description = "No such revision, or not for the caller", body = ApiError),
        (status = 409, description = "It is not published, or there are too many", body = ApiError)))]
pub(in crate::http) async fn comment(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<DocumentId>,
    Body(AddComment { revision, text }): Body<AddComment>,
) -> Result<StatusCode, Refusal> {
    let acting = acting(&state, &caller).await?;
    let comment = CommentId::from_bytes(random()?);
    let now_ms = clock::unix_ms();
    state.store.comment(caller.author(), &acting, (id, revision), comment, &text, now_ms).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a client of the caller's organisation read what is published as `TLP:AMBER`, too.
#[utoipa::path(post, path = "/api/v1/bulletin/documents/{id}/clients", tag = "bulletin",
    request_body = GrantClient, params(("id" = DocumentId, Path, description = "The document")),
    security(("session" = []), ("api_key" = ["bulletin:write"])),
    responses(
        (status = 204, description = "They may"),
        (status = 400, description = "The client does not take part", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a publisher or administrator of a recipient, or no such scope", body = ApiError),
        (status = 404, description = "No such revision, or not for the caller", body = ApiError),
        (status = 409, description = "It is not published as TLP:AMBER", body = ApiError)))]
pub(in crate::http) async fn grant(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<DocumentId>,
    Body(GrantClient { revision, organisation }): Body<GrantClient>,
) -> Result<StatusCode, Refusal> {
    let acting = acting(&state, &caller).await?;
    let now_ms = clock::unix_ms();
    state.store.grant_client(caller.author(), &acting, (id, revision), organisation, now_ms).await?;
    Ok(StatusCode::NO_CONTENT)
}
