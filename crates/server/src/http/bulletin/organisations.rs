//! Who takes part: member organisations, memberships and sharing groups.
//!
//! Administrators of the server say which organisations and groups there are and whom an organisation takes in; an
//! administrator of an organisation, what its people may do. Neither reads a document by that: who says so makes themselves
//! a member, and the audit log has it.

use axum::{Json, extract::State, http::StatusCode};
use sabha_advisory::clearance::{Place, Reader};
use sabha_protocol::{
    Rule,
    account::{AccountRole, UserId},
    bulletin::{BulletinRole, OrganisationId, SharingGroupId},
    wire::{
        bulletin::{
            AddOrganisation, BulletinReader, MemberOrganisation, MemberOrganisations, Memberships,
            SetMembership, SetSharingGroup, SharingGroup, SharingGroups,
        },
        http::ApiError,
    },
};

use super::{AppState, Body, Caller, Named, Refusal, Shared};
use crate::{accounts::random, clock, storage::Keeper};

/// Says as whom the caller reads.
#[utoipa::path(get, path = "/api/v1/bulletin/me", tag = "bulletin",
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "As whom", body = BulletinReader),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn me(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<BulletinReader>, Refusal> {
    let standing = state.store.bulletin_standing(caller.user.id).await?;
    let (organisation, roles) = match (standing.reader, standing.organisation) {
        (Reader::Person { membership: Some(Place { organisation: id, roles, .. }), .. }, Some(name)) => {
            (Some(MemberOrganisation { id, name }), roles)
        }
        _ => Default::default(),
    };
    Ok(Json(BulletinReader { user: caller.user.id, organisation, roles }))
}

/// Lists the organisations that take part: to their people, and to administrators of the server.
#[utoipa::path(get, path = "/api/v1/bulletin/organisations", tag = "bulletin",
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "The organisations, by name", body = MemberOrganisations),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Of no organisation, or no such scope", body = ApiError)))]
pub(in crate::http) async fn organisations(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<MemberOrganisations>, Refusal> {
    seen_by(&state, &caller).await?;
    Ok(Json(MemberOrganisations { organisations: state.store.member_organisations().await? }))
}

/// Lets an organisation take part.
#[utoipa::path(post, path = "/api/v1/bulletin/organisations", tag = "bulletin", request_body = AddOrganisation,
    security(("session" = [])),
    responses(
        (status = 201, description = "It takes part", body = MemberOrganisation),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator", body = ApiError),
        (status = 409, description = "Another has or had this name, or there are too many", body = ApiError)))]
pub(in crate::http) async fn add(
    State(state): State<AppState>,
    caller: Caller,
    Body(AddOrganisation { name }): Body<AddOrganisation>,
) -> Result<(StatusCode, Json<MemberOrganisation>), Refusal> {
    let id = OrganisationId::from_bytes(random()?);
    state.store.add_organisation(caller.author(), id, &name, clock::unix_ms()).await?;
    Ok((StatusCode::CREATED, Json(MemberOrganisation { id, name })))
}

/// Has an organisation leave: its people read what everybody reads, and its documents stay.
#[utoipa::path(delete, path = "/api/v1/bulletin/organisations/{id}", tag = "bulletin",
    params(("id" = OrganisationId, Path, description = "The organisation")), security(("session" = [])),
    responses(
        (status = 204, description = "It has left"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator", body = ApiError),
        (status = 404, description = "No such organisation", body = ApiError)))]
pub(in crate::http) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<OrganisationId>,
) -> Result<StatusCode, Refusal> {
    state.store.remove_organisation(caller.author(), id, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists people with their roles: of the caller's organisation, or to administrators of the server of all.
#[utoipa::path(get, path = "/api/v1/bulletin/memberships", tag = "bulletin",
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "The people, by name", body = Memberships),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Of no organisation, or no such scope", body = ApiError)))]
pub(in crate::http) async fn memberships(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Memberships>, Refusal> {
    let of = seen_by(&state, &caller).await?;
    Ok(Json(Memberships { memberships: state.store.memberships(of).await? }))
}

/// Makes somebody one of an organisation, or gives them other roles there.
#[utoipa::path(put, path = "/api/v1/bulletin/memberships", tag = "bulletin", request_body = SetMembership,
    security(("session" = [])),
    responses(
        (status = 204, description = "From their next request on"),
        (status = 400, description = "No role", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Neither an administrator nor the organisation's", body = ApiError),
        (status = 404, description = "No such user or organisation, or not the caller's", body = ApiError)))]
pub(in crate::http) async fn set_membership(
    State(state): State<AppState>,
    caller: Caller,
    Body(set): Body<SetMembership>,
) -> Result<StatusCode, Refusal> {
    let keeper = keeper(&state, &caller).await?;
    if set.roles.is_empty() {
        return Err(Refusal::new(Rule::WellFormed, "somebody of an organisation has a role there"));
    }
    state.store.set_membership(caller.author(), keeper, &set, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has somebody leave their organisation.
#[utoipa::path(delete, path = "/api/v1/bulletin/memberships/{id}", tag = "bulletin",
    params(("id" = UserId, Path, description = "The user")), security(("session" = [])),
    responses(
        (status = 204, description = "They are of none"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Neither an administrator nor the organisation's", body = ApiError),
        (status = 404, description = "Nobody of the caller's organisation", body = ApiError)))]
pub(in crate::http) async fn remove_membership(
    State(state): State<AppState>,
    caller: Caller,
    Named(user): Named<UserId>,
) -> Result<StatusCode, Refusal> {
    let keeper = keeper(&state, &caller).await?;
    state.store.remove_membership(caller.author(), keeper, user, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists sharing groups: those in which the caller's organisation is, or to administrators of the server all.
#[utoipa::path(get, path = "/api/v1/bulletin/groups", tag = "bulletin",
    security(("session" = []), ("api_key" = ["bulletin:read"])),
    responses(
        (status = 200, description = "The groups, by name", body = SharingGroups),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Of no organisation, or no such scope", body = ApiError)))]
pub(in crate::http) async fn groups(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<SharingGroups>, Refusal> {
    let of = seen_by(&state, &caller).await?;
    Ok(Json(SharingGroups { groups: state.store.sharing_groups(of).await? }))
}

/// Makes a sharing group.
#[utoipa::path(post, path = "/api/v1/bulletin/groups", tag = "bulletin", request_body = SetSharingGroup,
    security(("session" = [])),
    responses(
        (status = 201, description = "It is there", body = SharingGroup),
        (status = 400, description = "An organisation that does not take part", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator", body = ApiError),
        (status = 409, description = "Another has this name, or there are too many", body = ApiError)))]
pub(in crate::http) async fn add_group(
    State(state): State<AppState>,
    caller: Caller,
    Body(set): Body<SetSharingGroup>,
) -> Result<(StatusCode, Json<SharingGroup>), Refusal> {
    let id = SharingGroupId::from_bytes(random()?);
    state.store.add_group(caller.author(), id, &set, clock::unix_ms()).await?;
    Ok((StatusCode::CREATED, Json(group(id, set))))
}

/// Gives a sharing group another name and other organisations.
#[utoipa::path(put, path = "/api/v1/bulletin/groups/{id}", tag = "bulletin", request_body = SetSharingGroup,
    params(("id" = SharingGroupId, Path, description = "The group")), security(("session" = [])),
    responses(
        (status = 200, description = "What is for the group is for them from now on", body = SharingGroup),
        (status = 400, description = "An organisation that does not take part", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not an administrator", body = ApiError),
        (status = 404, description = "No such group", body = ApiError),
        (status = 409, description = "Another has this name", body = ApiError)))]
pub(in crate::http) async fn change_group(
    State(state): State<AppState>,
    caller: Caller,
    Named(id): Named<SharingGroupId>,
    Body(set): Body<SetSharingGroup>,
) -> Result<Json<SharingGroup>, Refusal> {
    state.store.change_group(caller.author(), id, &set, clock::unix_ms()).await?;
    Ok(Json(group(id, set)))
}

fn group(id: SharingGroupId, set: SetSharingGroup) -> SharingGroup {
    SharingGroup { id, name: set.name, organisations: set.organisations }
}

/// Returns whose organisations, people and groups the caller may see: of their own organisation, or of all.
async fn seen_by(state: &Shared, caller: &Caller) -> Result<Option<OrganisationId>, Refusal> {
    if caller.user.roles.contains(&AccountRole::Administrator) {
        return Ok(None);
    }
    Ok(Some(super::acting(state, caller).await?.organisation))
}

/// Returns of whom the caller says who is of which organisation.
async fn keeper(state: &Shared, caller: &Caller) -> Result<Keeper, Refusal> {
    if caller.user.roles.contains(&AccountRole::Administrator) {
        return Ok(Keeper::Server);
    }
    let acting = super::acting(state, caller).await?;
    if acting.roles.contains(&BulletinRole::Administrator) {
        return Ok(Keeper::Organisation(acting.organisation));
    }
    Err(Refusal::with_status(
        StatusCode::FORBIDDEN,
        Rule::BulletinRole,
        "your organisation's administrators say who may do what in it",
    ))
}
