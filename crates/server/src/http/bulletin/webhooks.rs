//! Addresses at which an organisation has itself told of documents: made and removed by its administrators.

use axum::{Json, extract::State, http::StatusCode};
use sabha_advisory::life::NotTaken;
use sabha_protocol::{
    Rule,
    bulletin::{BulletinRole, OrganisationId, WebhookId},
    wire::{
        bulletin_notices::{AddWebhook, NewWebhook, Webhooks},
        http::ApiError,
    },
};

use super::{AppState, Body, Caller, Named, Refusal, Shared, acting};
use crate::{accounts::random, clock, storage::BulletinError};

/// Lists the webhooks of the caller's organisation, with what became of deliveries that it may read.
#[utoipa::path(get, path = "/api/v1/bulletin/webhooks", tag = "bulletin",
    security(("session" = [])),
    responses(
        (status = 200, description = "The webhooks, the oldest first", body = Webhooks),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator of a member organisation", body = ApiError)))]
pub(in crate::http) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Webhooks>, Refusal> {
    let organisation = administered(&state, &caller).await?;
    Ok(Json(Webhooks { webhooks: state.store.webhooks(organisation).await? }))
}

/// Adds a webhook to the caller's organisation. It is told of what is published from now on.
#[utoipa::path(post, path = "/api/v1/bulletin/webhooks", tag = "bulletin", request_body = AddWebhook,
    security(("session" = [])),
    responses(
        (status = 201, description = "Added; its secret is shown this once", body = NewWebhook),
        (status = 400, description = "No address, not https, or behind this server", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator of a member organisation", body = ApiError),
        (status = 409, description = "There are as many as there may be", body = ApiError)))]
pub(in crate::http) async fn add(
    State(state): State<AppState>,
    caller: Caller,
    Body(AddWebhook { url, severity }): Body<AddWebhook>,
) -> Result<(StatusCode, Json<NewWebhook>), Refusal> {
    let organisation = administered(&state, &caller).await?;
    state.telling.targets.check(&url).map_err(|error| {
        Refusal::with_status(StatusCode::BAD_REQUEST, Rule::BulletinWebhook, error.to_string())
    })?;
    let id = WebhookId::from_bytes(random()?);
    state.store.add_webhook(caller.author(), organisation, id, (&url, severity), clock::unix_ms()).await?;
    let made = state.store.webhooks(organisation).await?.into_iter().find(|webhook| webhook.id == id);
    let webhook = made.ok_or(BulletinError::Unknown)?;
    Ok((StatusCode::CREATED, Json(NewWebhook { webhook, secret: state.telling.secrets.text(id) })))
}

/// Removes a webhook of the caller's organisation, with what was to be delivered there.
#[utoipa::path(delete, path = "/api/v1/bulletin/webhooks/{id}", tag = "bulletin",
    params(("id" = WebhookId, Path, description = "The webhook")), security(("session" = [])),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator of a member organisation", body = ApiError),
        (status = 404, description = "No such webhook of theirs", body = ApiError)))]
pub(in crate::http) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<WebhookId>,
) -> Result<StatusCode, Refusal> {
    let organisation = administered(&state, &caller).await?;
    state.store.remove_webhook(caller.author(), organisation, id, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has all deliveries tried now that wait for a webhook, or were given up in the last thirty days.
#[utoipa::path(post, path = "/api/v1/bulletin/webhooks/{id}/retry", tag = "bulletin",
    params(("id" = WebhookId, Path, description = "The webhook")), security(("session" = [])),
    responses(
        (status = 204, description = "They are tried"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator of a member organisation", body = ApiError),
        (status = 404, description = "No such webhook of theirs", body = ApiError)))]
pub(in crate::http) async fn retry(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<WebhookId>,
) -> Result<StatusCode, Refusal> {
    let organisation = administered(&state, &caller).await?;
    state.store.retry_webhook(organisation, id, clock::unix_ms()).await?;
    state.telling.bell.ring();
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the organisation of which the caller is an administrator.
async fn administered(state: &Shared, caller: &Caller) -> Result<OrganisationId, Refusal> {
    let acting = acting(state, caller).await?;
    if acting.roles.contains(&BulletinRole::Administrator) {
        return Ok(acting.organisation);
    }
    Err(BulletinError::from(NotTaken::Role).into())
}
