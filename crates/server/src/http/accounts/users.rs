//! Users and invitations, for administrators and for API keys of theirs.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use sabha_protocol::{
    Rule,
    account::{AccountRole, InvitationId, Roles, UserId},
    secret::LinkToken,
    wire::{
        accounts::{ChangeUser, Invitations, Invite, Invited, Organisation, User, Users},
        http::ApiError,
    },
};

use super::{AppState, Body, Caller, Id, Identity, Refusal, mails};
use crate::{
    accounts::{hash, random},
    clock,
    http::Shared,
};

/// Gives the organisation another name.
#[utoipa::path(put, path = "/api/v1/organisation", tag = "accounts", request_body = Organisation,
    security(("session" = [])),
    responses(
        (status = 200, description = "Renamed", body = Organisation),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator", body = ApiError)))]
pub(in crate::http) async fn rename_organisation(
    State(state): State<AppState>,
    caller: Caller,
    Body(Organisation { name }): Body<Organisation>,
) -> Result<Json<Organisation>, Refusal> {
    state.store.rename_organisation(caller.author(), &name, clock::unix_ms()).await?;
    Ok(Json(Organisation { name }))
}

/// Lists the users.
#[utoipa::path(get, path = "/api/v1/users", tag = "accounts", security(("session" = []), ("api_key" = ["users:read"])),
    responses(
        (status = 200, description = "The users", body = Users),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator, or no such scope", body = ApiError)))]
pub(in crate::http) async fn users(State(state): State<AppState>) -> Result<Json<Users>, Refusal> {
    Ok(Json(Users { users: state.store.users().await? }))
}

/// Changes a user's name or roles. Holds from their next request on.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "accounts", request_body = ChangeUser,
    params(("id" = UserId, Path, description = "The user")),
    security(("session" = []), ("api_key" = ["users:write"])),
    responses(
        (status = 200, description = "Changed", body = User),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator, or no such scope", body = ApiError),
        (status = 404, description = "No such user", body = ApiError),
        (status = 409, description = "They are the last administrator", body = ApiError)))]
pub(in crate::http) async fn change_user(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id<UserId>,
    Body(change): Body<ChangeUser>,
) -> Result<Json<User>, Refusal> {
    if let Some(roles) = &change.roles {
        by_a_person(&caller, roles)?;
    }
    Ok(Json(state.store.change_user(caller.author(), id, &change, clock::unix_ms()).await?))
}

/// Removes a user with everything that lets them in.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "accounts",
    params(("id" = UserId, Path, description = "The user")),
    security(("session" = []), ("api_key" = ["users:write"])),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator, or no such scope", body = ApiError),
        (status = 404, description = "No such user", body = ApiError),
        (status = 409, description = "They are the last administrator", body = ApiError)))]
pub(in crate::http) async fn remove_user(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id<UserId>,
) -> Result<StatusCode, Refusal> {
    let cancelled = state.store.remove_user(caller.author(), id, clock::unix_ms()).await?;
    state.signalling.cancelled(&cancelled).await;
    mails::wake(&state);
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the invitations nobody has followed yet.
#[utoipa::path(get, path = "/api/v1/invitations", tag = "accounts",
    security(("session" = []), ("api_key" = ["users:read"])),
    responses(
        (status = 200, description = "The invitations", body = Invitations),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator, or no such scope", body = ApiError)))]
pub(in crate::http) async fn invitations(
    State(state): State<AppState>,
) -> Result<Json<Invitations>, Refusal> {
    Ok(Json(Invitations { invitations: state.store.invitations(clock::unix_ms()).await? }))
}

/// Invites somebody. The link is for whoever invites to pass on; it is good for seven days and once.
#[utoipa::path(post, path = "/api/v1/invitations", tag = "accounts", request_body = Invite,
    security(("session" = []), ("api_key" = ["users:write"])),
    responses(
        (status = 201, description = "Invited; the link is shown this once", body = Invited),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator, or no such scope", body = ApiError),
        (status = 409, description = "A user has the address, or too many are invited", body = ApiError)))]
pub(in crate::http) async fn invite(
    State(state): State<AppState>,
    headers: HeaderMap,
    caller: Caller,
    Body(invite): Body<Invite>,
) -> Result<(StatusCode, Json<Invited>), Refusal> {
    by_a_person(&caller, &invite.roles)?;
    let token = LinkToken::from_bytes(random()?);
    let id = InvitationId::from_bytes(random()?);
    let hash = hash(token.expose());
    let invitation = state.store.invite(caller.author(), id, &hash, invite, clock::unix_ms()).await?;
    let link = format!("{}/admin#invite.{}", address(&state, &headers), String::from(token));
    Ok((StatusCode::CREATED, Json(Invited { invitation, link })))
}

/// Withdraws an invitation.
#[utoipa::path(delete, path = "/api/v1/invitations/{id}", tag = "accounts",
    params(("id" = InvitationId, Path, description = "The invitation")),
    security(("session" = []), ("api_key" = ["users:write"])),
    responses(
        (status = 204, description = "Withdrawn"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator, or no such scope", body = ApiError),
        (status = 404, description = "No such invitation", body = ApiError)))]
pub(in crate::http) async fn revoke_invitation(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id<InvitationId>,
) -> Result<StatusCode, Refusal> {
    state.store.revoke_invitation(caller.author(), id, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses a program that makes an administrator: a leaked key could otherwise make itself at home.
fn by_a_person(caller: &Caller, roles: &Roles) -> Result<(), Refusal> {
    if matches!(caller.identity, Identity::Key(_)) && roles.contains(&AccountRole::Administrator) {
        return Err(Refusal::new(
            Rule::AccountScope,
            "an administrator is made by a person, not by an API key",
        ));
    }
    Ok(())
}

/// Returns the address of the links: as configured, or the one at which the caller, who is trusted, came.
fn address(state: &Shared, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    state.public_url.as_ref().map_or_else(|| format!("http://{host}"), |url| url.origin().to_owned())
}
