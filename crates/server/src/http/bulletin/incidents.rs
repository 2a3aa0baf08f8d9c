//! Incidents: the clock of each, and in whose hands it is.

use axum::{Json, extract::State};
use sabha_protocol::{
    bulletin::DocumentId,
    wire::{
        bulletin_documents::{ChangeIncident, Incident, Incidents},
        http::ApiError,
    },
};

use super::{AppState, Body, Caller, Named, Refusal, acting, reader};
use crate::clock;

/// Lists the incidents that the caller's organisation reported or handles, the soonest due first.
#[utoipa::path(get, path = "/api/v1/bulletin/incidents", tag = "bulletin",
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "The incidents, at most 200", body = Incidents),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn incidents(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Incidents>, Refusal> {
    let incidents = state.store.incidents(&reader(&state, &caller).await?, clock::unix_ms()).await?;
    Ok(Json(Incidents { incidents }))
}

/// Changes the status of an incident, or gives it into other hands; by the organisation that has it.
#[utoipa::path(patch, path = "/api/v1/bulletin/documents/{id}/incident", tag = "bulletin",
    request_body = ChangeIncident, params(("id" = DocumentId, Path, description = "The incident report")),
    security(("session" = []), ("api_key" = ["bulletin:write"])),
    responses(
        (status = 200, description = "Changed", body = Incident),
        (status = 400, description = "Who is to have it does not take part, or may not read the report", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not in the caller's hands, or no such scope", body = ApiError),
        (status = 404, description = "No such incident, or not for the caller", body = ApiError)))]
pub(in crate::http) async fn change(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<DocumentId>,
    Body(change): Body<ChangeIncident>,
) -> Result<Json<Incident>, Refusal> {
    let acting = acting(&state, &caller).await?;
    let now_ms = clock::unix_ms();
    Ok(Json(state.store.change_incident(caller.author(), &acting, id, &change, now_ms).await?))
}
