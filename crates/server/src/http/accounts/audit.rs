//! The audit log, for security officers, administrators and API keys of theirs: read, never written here.

use axum::{
    Json,
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderName, header},
};
use futures_util::stream;
use sabha_protocol::{
    Rule,
    limits::AUDIT_PAGE_MAX,
    wire::{
        accounts::{AuditPage, AuditQuery},
        http::ApiError,
    },
};

use super::{AppState, Caller, Refusal};
use crate::{
    clock,
    storage::{AuditFilter, Store},
};

/// Returns entries, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "accounts", params(AuditQuery),
    security(("session" = []), ("api_key" = ["audit:read"])),
    responses(
        (status = 200, description = "A page of entries", body = AuditPage),
        (status = 400, description = "The filter is none", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError)))]
pub(in crate::http) async fn page(
    State(state): State<AppState>,
    query: Result<Query<AuditQuery>, QueryRejection>,
) -> Result<Json<AuditPage>, Refusal> {
    let Query(AuditQuery { before, action, user, since_ms, until_ms }) =
        query.map_err(|error| Refusal::with_status(error.status(), Rule::WellFormed, error.body_text()))?;
    let count = u32::try_from(AUDIT_PAGE_MAX).unwrap_or(u32::MAX);
    // One more than is answered shows whether there are older ones.
    let mut entries =
        state.store.audit(AuditFilter { before, action, user, since_ms, until_ms }, count + 1).await?;
    let more = entries.len() > AUDIT_PAGE_MAX;
    entries.truncate(AUDIT_PAGE_MAX);
    let older = entries.last().filter(|_| more).map(|entry| entry.seq);
    Ok(Json(AuditPage { entries, older }))
}

/// Returns every entry, oldest first, one JSON object a line. That it was exported is recorded first.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "accounts",
    security(("session" = []), ("api_key" = ["audit:read"])),
    responses(
        (status = 200, description = "The whole log", content_type = "application/x-ndjson", body = String),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError)))]
pub(in crate::http) async fn export(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<([(HeaderName, &'static str); 2], Body), Refusal> {
    state.store.record_export(caller.author(), clock::unix_ms()).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"sabha-audit.jsonl\""),
    ];
    Ok((headers, Body::from_stream(stream::try_unfold((state.store.clone(), 0), lines))))
}

/// Returns the next lines after an entry, and how far they go. A failure cuts the answer off where the client sees it.
async fn lines((store, after): (Store, u64)) -> Result<Option<(String, (Store, u64))>, std::io::Error> {
    let entries = store.audit_after(after).await.map_err(std::io::Error::other)?;
    let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(None) };
    let mut text = String::new();
    for entry in &entries {
        text.push_str(&serde_json::to_string(entry)?);
        text.push('\n');
    }
    Ok(Some((text, (store, last))))
}
