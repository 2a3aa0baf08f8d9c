//! Templates: named controls between the organisation's floor and a meeting. Who keeps the policy keeps them; who makes
//! meetings chooses one.

use axum::{Json, extract::State, http::StatusCode};
use sabha_policy::Controls;
use sabha_protocol::{
    Rule,
    account::TemplateId,
    wire::{
        floor::{PutTemplate, Template, Templates},
        http::ApiError,
    },
};

use super::{AppState, Body, Caller, Id, Refusal};
use crate::{accounts::random, clock, storage::StoredTemplate, wanted};

/// Returns the templates that a meeting can begin with.
#[utoipa::path(get, path = "/api/v1/templates", tag = "policy",
    security(("session" = []), ("api_key" = ["meetings:create"])),
    responses(
        (status = 200, description = "The templates, by name", body = Templates),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a host, or no such scope", body = ApiError)))]
pub(in crate::http) async fn templates(State(state): State<AppState>) -> Result<Json<Templates>, Refusal> {
    let templates = state.store.templates().await?.into_iter().map(view).collect();
    Ok(Json(Templates { templates }))
}

/// Keeps a template: a new one, or another in the place of the one of this id.
#[utoipa::path(post, path = "/api/v1/templates", tag = "policy", request_body = PutTemplate,
    security(("session" = []), ("api_key" = ["policy:write"])),
    responses(
        (status = 200, description = "It can be chosen now", body = Template),
        (status = 400, description = "A control or a setting that there is not", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError),
        (status = 409, description = "Another has this name, or there are as many as there may be", body = ApiError)))]
pub(in crate::http) async fn put(
    State(state): State<AppState>,
    caller: Caller,
    Body(PutTemplate { id, name, controls }): Body<PutTemplate>,
) -> Result<Json<Template>, Refusal> {
    let refused = |error: sabha_policy::Invalid| Refusal::new(Rule::Profile, error.to_string());
    let controls = Controls::from_settings(&controls).map_err(refused)?;
    wanted::check_client(&controls).map_err(refused)?;
    let id = match id {
        Some(id) => id,
        None => TemplateId::from_bytes(random()?),
    };
    let template = StoredTemplate { id, name, controls, changed_ms: clock::unix_ms() };
    state.store.put_template(caller.author(), &template).await?;
    Ok(Json(view(template)))
}

/// Removes a template. Meetings that were made with it stay as they are.
#[utoipa::path(delete, path = "/api/v1/templates/{id}", tag = "policy",
    params(("id" = TemplateId, Path, description = "The template")),
    security(("session" = []), ("api_key" = ["policy:write"])),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError),
        (status = 404, description = "No such template", body = ApiError)))]
pub(in crate::http) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id<TemplateId>,
) -> Result<StatusCode, Refusal> {
    state.store.remove_template(caller.author(), id, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns a template as it is shown.
pub(super) fn view(template: StoredTemplate) -> Template {
    let StoredTemplate { id, name, controls, changed_ms } = template;
    Template { id, name, controls: controls.to_settings(), changed_ms }
}
