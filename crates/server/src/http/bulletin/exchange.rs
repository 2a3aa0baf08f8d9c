//! Documents in other formats, as drafts that are not stored.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Query, State,
        rejection::{BytesRejection, QueryRejection},
    },
};
use sabha_advisory::{Imported, Sent, import_as, life::Life};
use sabha_protocol::{
    Rule,
    wire::{
        bulletin_exchange::{ImportQuery, ImportedDraft, LeftOutOfDraft, Prose},
        http::ApiError,
    },
};

use super::{AppState, Caller, Refusal, acting};
use crate::storage::BulletinError;

/// Most bytes of what is imported.
pub(super) const IMPORT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Makes a draft's content of the body: a document of CSAF 2.0, a bundle of STIX 2.1, an event of MISP, a page of HTML or plain
/// text. Nothing is stored.
#[utoipa::path(post, path = "/api/v1/bulletin/import", tag = "bulletin", params(ImportQuery),
    request_body(content = String, content_type = "application/octet-stream", description = "What is shared, as it is, at most 4 MiB"),
    security(("session" = []), ("api_key" = ["bulletin:write"])),
    responses(
        (status = 200, description = "The content, and what is not in it", body = ImportedDraft),
        (status = 400, description = "None of these, packed, or no text in UTF-8", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an author, or no such scope", body = ApiError),
        (status = 413, description = "The body, what is in it, or the draft is too long", body = ApiError),
        (status = 422, description = "There is nothing in it of which a document could be made", body = ApiError)))]
pub(in crate::http) async fn import_draft(
    State(state): State<AppState>,
    caller: Caller,
    query: Result<Query<ImportQuery>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ImportedDraft>, Refusal> {
    let acting = acting(&state, &caller).await?;
    Life::new(acting.actor()).map_err(BulletinError::from)?;
    let Query(ImportQuery { from }) =
        query.map_err(|error| Refusal::with_status(error.status(), Rule::WellFormed, error.body_text()))?;
    let sent = match from {
        Some(Prose::Html) => Sent::Html,
        Some(Prose::Text) => Sent::Text,
        None => Sent::Anything,
    };
    let body =
        body.map_err(|error| Refusal::with_status(error.status(), Rule::WellFormed, error.body_text()))?;
    // Some 50 ms for the longest: away from the threads that wait for requests.
    let failed = || Refusal::new(Rule::Capacity, "the server failed; this is its fault");
    let imported =
        tokio::task::spawn_blocking(move || import_as(&body, sent)).await.map_err(|_| failed())??;
    let Imported { kind, tlp, content, left_out, left_out_more } = imported;
    let left_out =
        left_out.into_iter().map(|left| LeftOutOfDraft { what: left.what, why: left.why.to_owned() });
    Ok(Json(ImportedDraft {
        kind,
        tlp: tlp.map(Into::into),
        content: String::from_utf8(content).map_err(|_| failed())?,
        left_out: left_out.collect(),
        left_out_more: left_out_more as u64,
    }))
}
