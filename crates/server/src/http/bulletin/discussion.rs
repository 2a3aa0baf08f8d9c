//! What is said about published revisions: acknowledgements, comments, and grants to clients.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use sabha_advisory::{Owner, Tlp, stix};
use sabha_protocol::{
    bulletin::{CommentId, DocumentId},
    wire::{
        bulletin_documents::{
            Acknowledge, Acknowledged, Acknowledgements, AddComment, BulletinDocument, DocumentComments,
            GrantClient,
        },
        http::ApiError,
    },
};

use super::{AppState, Body, Caller, Named, Refusal, acting, reader, unknown};
use crate::{accounts::random, clock};

/// The media type of STIX 2.1.
const STIX: &str = "application/stix+json;version=2.1";

/// Returns who has seen or applied a document: to its owner, of all; to others, what their organisation said. Who accepts
/// `application/stix+json` is given a bundle of STIX 2.1.
#[utoipa::path(get, path = "/api/v1/bulletin/documents/{id}/acknowledgements", tag = "bulletin",
    params(("id" = DocumentId, Path, description = "The document")),
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "What was said; or as opinions and notes of STIX", body = Acknowledgements),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such document, or not for the caller", body = ApiError)))]
pub(in crate::http) async fn acknowledgements(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<DocumentId>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let reader = reader(&state, &caller).await?;
    let found = state.store.acknowledgements(&reader, id).await?.ok_or_else(unknown)?;
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    if !accepts.flat_map(|value| value.split(',')).any(is_stix) {
        return Ok(Json(Acknowledgements { acknowledgements: found }).into_response());
    }
    let document = state.store.document(&reader, id).await?.ok_or_else(unknown)?;
    Ok(([(header::CONTENT_TYPE, STIX)], in_stix(&document, &found)).into_response())
}

fn is_stix(range: &str) -> bool {
    range.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/stix+json"))
}

/// Returns a bundle of what was said of the revisions that a reader may know.
fn in_stix(document: &BulletinDocument, said: &[Acknowledged]) -> Vec<u8> {
    let keys: Vec<String> = said.iter().map(|one| one.organisation.to_string()).collect();
    let label = |number| document.revisions.iter().find(|revision| revision.number == number);
    let all = said.iter().zip(&keys).filter_map(|(one, key)| {
        Some(stix::Acknowledged {
            organisation: Owner { key, name: one.name.as_str() },
            revision: one.revision,
            tlp: Tlp::from(label(one.revision)?.tlp),
            said: one.acknowledgement,
            at_ms: one.at_ms,
        })
    });
    stix::acknowledgements(&document.id.to_string(), document.kind, &all.collect::<Vec<_>>()).write()
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
