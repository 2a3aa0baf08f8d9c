//! Documents: lists, drafts, and the steps to publication.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use sabha_advisory::{clearance::check_audience, life::Step};
use sabha_protocol::{
    Rule,
    bulletin::{DocumentId, DocumentKind},
    wire::{
        bulletin_check::NotFit,
        bulletin_documents::{
            BeginRevision, BulletinDocument, ChangeDraft, CreateDocument, DocumentQuery, DocumentStep,
            Documents, Marking, TakeStep,
        },
        bulletin_facets::Facets,
        http::ApiError,
    },
};

use super::{AppState, Body, Caller, Named, Refusal, Shared, acting, filter, reader, seen, unknown};
use crate::{
    accounts::random,
    bulletin::{self, Provider},
    clock,
    storage::NewRevision,
};

/// How far a clock of somebody who reports an incident may be ahead of ours, in milliseconds.
const AHEAD_MS: u64 = 5 * 60 * 1000;

/// Lists what the caller may know of, the last changed first.
#[utoipa::path(get, path = "/api/v1/bulletin/documents", tag = "bulletin", params(DocumentQuery),
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "A page of documents", body = Documents),
        (status = 400, description = "The filter is none", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn documents(
    State(state): State<AppState>,
    caller: Caller,
    query: Result<Query<DocumentQuery>, QueryRejection>,
) -> Result<Json<Documents>, Refusal> {
    let filter = filter(query)?;
    Ok(Json(state.store.documents(&reader(&state, &caller).await?, &filter).await?))
}

/// Counts what the caller may know of, by what it is. Of the filter, `after` counts for nothing.
#[utoipa::path(get, path = "/api/v1/bulletin/facets", tag = "bulletin", params(DocumentQuery),
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "How many there are of what", body = Facets),
        (status = 400, description = "The filter is none", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn facets(
    State(state): State<AppState>,
    caller: Caller,
    query: Result<Query<DocumentQuery>, QueryRejection>,
) -> Result<Json<Facets>, Refusal> {
    let filter = filter(query)?;
    Ok(Json(state.store.facets(&reader(&state, &caller).await?, &filter).await?))
}

/// Returns a document with the revisions that the caller may know of.
#[utoipa::path(get, path = "/api/v1/bulletin/documents/{id}", tag = "bulletin",
    params(("id" = DocumentId, Path, description = "The document")),
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "The document", body = BulletinDocument),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such document, or not for the caller", body = ApiError)))]
pub(in crate::http) async fn document(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<DocumentId>,
) -> Result<Json<BulletinDocument>, Refusal> {
    view(&state, &caller, id).await.map(Json)
}

/// Begins a document: its first revision is a draft.
#[utoipa::path(post, path = "/api/v1/bulletin/documents", tag = "bulletin", request_body = CreateDocument,
    security(("session" = []), ("api_key" = ["bulletin:write"])),
    responses(
        (status = 201, description = "It is a draft", body = BulletinDocument),
        (status = 400, description = "No content, or a marking that cannot be", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an author, or no such scope", body = ApiError),
        (status = 409, description = "There are too many", body = ApiError),
        (status = 413, description = "The body is too long", body = ApiError)))]
pub(in crate::http) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(CreateDocument { kind, marking, content, noticed_ms }): Body<CreateDocument>,
) -> Result<(StatusCode, Json<BulletinDocument>), Refusal> {
    let now_ms = clock::unix_ms();
    // BUL-15: an incident report has a clock, and nothing else has one.
    let has_clock = noticed_ms.is_some_and(|noticed_ms| noticed_ms <= now_ms + AHEAD_MS);
    if has_clock != (kind == DocumentKind::IncidentReport) || noticed_ms.is_some() != has_clock {
        let message = "an incident report says when the incident was noticed, and nothing else does";
        return Err(Refusal::new(Rule::WellFormed, message));
    }
    let acting = acting(&state, &caller).await?;
    let new = revision(marking, content)?;
    let id = DocumentId::from_bytes(random()?);
    state.store.create_document(caller.author(), &acting, id, kind, noticed_ms, &new, now_ms).await?;
    Ok((StatusCode::CREATED, Json(view(&state, &caller, id).await?)))
}

/// Begins another revision after a published one.
#[utoipa::path(post, path = "/api/v1/bulletin/documents/{id}/revisions", tag = "bulletin",
    request_body = BeginRevision, params(("id" = DocumentId, Path, description = "The document")),
    security(("session" = []), ("api_key" = ["bulletin:write"])),
    responses(
        (status = 201, description = "There is a draft now", body = BulletinDocument),
        (status = 400, description = "No content, or a marking that cannot be", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an author of its owner, or no such scope", body = ApiError),
        (status = 404, description = "No such document, or not for the caller", body = ApiError),
        (status = 409, description = "One is in work already, or it is withdrawn", body = ApiError)))]
pub(in crate::http) async fn begin(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<DocumentId>,
    Body(BeginRevision { marking, content }): Body<BeginRevision>,
) -> Result<(StatusCode, Json<BulletinDocument>), Refusal> {
    let acting = acting(&state, &caller).await?;
    let new = revision(marking, content)?;
    state.store.begin_revision(caller.author(), &acting, id, &new, clock::unix_ms()).await?;
    Ok((StatusCode::CREATED, Json(view(&state, &caller, id).await?)))
}

/// Puts another text and marking in the place of the draft's.
#[utoipa::path(put, path = "/api/v1/bulletin/documents/{id}/draft", tag = "bulletin",
    request_body = ChangeDraft, params(("id" = DocumentId, Path, description = "The document")),
    security(("session" = []), ("api_key" = ["bulletin:write"])),
    responses(
        (status = 200, description = "Changed", body = BulletinDocument),
        (status = 400, description = "No content, or a marking that cannot be", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an author of its owner, or no such scope", body = ApiError),
        (status = 404, description = "No such document, or not for the caller", body = ApiError),
        (status = 409, description = "There is no draft, or somebody has changed it", body = ApiError)))]
pub(in crate::http) async fn change(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<DocumentId>,
    Body(ChangeDraft { seen: hash, marking, content }): Body<ChangeDraft>,
) -> Result<Json<BulletinDocument>, Refusal> {
    let acting = acting(&state, &caller).await?;
    let new = revision(marking, content)?;
    let seen = known_and_seen(&state, &caller, id, &hash).await?;
    state.store.change_draft(caller.author(), &acting, id, &seen, &new, clock::unix_ms()).await?;
    view(&state, &caller, id).await.map(Json)
}

/// Takes a step with the newest revision, or withdraws the document.
#[utoipa::path(post, path = "/api/v1/bulletin/documents/{id}/steps", tag = "bulletin",
    request_body = TakeStep, params(("id" = DocumentId, Path, description = "The document")),
    security(("session" = []), ("api_key" = ["bulletin:write"])),
    responses(
        (status = 200, description = "Taken", body = BulletinDocument),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not the caller's role, or the caller has written in it", body = ApiError),
        (status = 404, description = "No such document, or not for the caller", body = ApiError),
        (status = 409, description = "The step does not follow, or somebody has changed it", body = ApiError),
        (status = 422, description = "Not fit to be submitted or published", body = NotFit)))]
pub(in crate::http) async fn step(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<DocumentId>,
    Body(TakeStep { step, seen: hash }): Body<TakeStep>,
) -> Result<Json<BulletinDocument>, Refusal> {
    let acting = acting(&state, &caller).await?;
    let step = match step {
        DocumentStep::Submit => Step::Submit,
        DocumentStep::Return => Step::Return,
        DocumentStep::Approve => Step::Approve,
        DocumentStep::PublishInterim => Step::PublishInterim,
        DocumentStep::PublishFinal => Step::PublishFinal,
        DocumentStep::Withdraw => Step::Withdraw,
    };
    let seen = known_and_seen(&state, &caller, id, &hash).await?;
    let issuer = state.provider.as_ref().map(Provider::issuer);
    state.store.take_step(caller.author(), &acting, id, step, &seen, issuer, clock::unix_ms()).await?;
    state.telling.bell.ring();
    view(&state, &caller, id).await.map(Json)
}

/// Returns a document as the caller may know it.
pub(super) async fn view(
    state: &Shared,
    caller: &Caller,
    id: DocumentId,
) -> Result<BulletinDocument, Refusal> {
    state.store.document(&reader(state, caller).await?, id).await?.ok_or_else(unknown)
}

/// Returns the hash that a caller names. Whether the document is there for them is answered before what is wrong with it.
async fn known_and_seen(
    state: &Shared,
    caller: &Caller,
    id: DocumentId,
    hash: &str,
) -> Result<[u8; 32], Refusal> {
    view(state, caller, id).await?;
    seen(hash)
}

/// Returns a revision to be stored, if its marking and its content can be.
pub(in crate::http) fn revision(marking: Marking, content: String) -> Result<NewRevision, Refusal> {
    let tlp = marking.tlp.into();
    let counts = (marking.groups.len(), marking.organisations.len(), marking.persons.len());
    check_audience(tlp, counts.0, counts.1, counts.2)?;
    let headline = bulletin::read(content.as_bytes(), tlp)?;
    let bulletin::Headline { title, tracking, severity, words } = headline;
    Ok(NewRevision { marking, content: content.into_bytes(), title, tracking, severity, words })
}
