//! Advisories that demand something of meetings, for those who keep the floor: what there is, what applying one would do,
//! applying it, taking it back, and following a publisher.
//!
//! Keeping the floor gives no clearance: everybody sees and applies here what they may know of as a person of their member
//! organisation. A program by its key sees what is for everybody.

use axum::{Json, extract::State, http::StatusCode};
use sabha_advisory::clearance::Reader;
use sabha_delivery::Delivery;
use sabha_policy::Controls;
use sabha_protocol::{
    ControlWord, Rule,
    bulletin::{BulletinRole, OrganisationId},
    wire::{
        advisory_policy::{
            AdvisedControl, AdvisoryPolicies, AdvisoryPreview, ApplyAdvisory, PreviewAdvisory,
            RollBackAdvisory, Subscribe, Subscriptions, TouchedPlan, TouchedRoom,
        },
        floor::FloorApplied,
        http::ApiError,
    },
};

use super::{
    AppState, Body, Caller, Id, Identity, Refusal,
    floor::{change, changed, number, word},
};
use crate::{
    advised::Advised,
    clock,
    http::{Shared, bulletin},
    storage::{Acting, AdvisoryError, BulletinError, CarriedProfile},
    wanted,
};

/// Rooms, and planned meetings, in one answer: more than anybody reads.
const TOUCHED_MAX: usize = 200;

/// Lists the published revisions that demand something of meetings, as far as the caller may know of them, with what became
/// of each here.
#[utoipa::path(get, path = "/api/v1/floor/advisories", tag = "policy",
    security(("session" = []), ("api_key" = ["policy:read"])),
    responses(
        (status = 200, description = "The advisories", body = AdvisoryPolicies),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError)))]
pub(in crate::http) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<AdvisoryPolicies>, Refusal> {
    let mut list = state.store.advisory_policies(&reader(&state, &caller).await?).await?;
    if acting(&state, &caller).await?.is_some() {
        list.tells_as = state.store.bulletin_standing(caller.user.id).await?.organisation;
    }
    Ok(Json(list))
}

/// Returns what applying an advisory would change, and which meetings would have to follow. Changes nothing.
#[utoipa::path(post, path = "/api/v1/floor/advisories/preview", tag = "policy", request_body = PreviewAdvisory,
    security(("session" = []), ("api_key" = ["policy:read"])),
    responses(
        (status = 200, description = "What would change", body = AdvisoryPreview),
        (status = 400, description = "It demands what this server cannot hold", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError),
        (status = 404, description = "No such revision with a profile, or not for the caller", body = ApiError)))]
pub(in crate::http) async fn preview(
    State(state): State<AppState>,
    caller: Caller,
    Body(PreviewAdvisory { document, revision }): Body<PreviewAdvisory>,
) -> Result<Json<AdvisoryPreview>, Refusal> {
    let reader = reader(&state, &caller).await?;
    let found = state.store.carried_profile(&reader, document, revision).await?;
    let CarriedProfile { file, summary, .. } = found.ok_or(BulletinError::Unknown)?;
    let advised = Advised::of(&file)?;
    let (seen, today) = wanted::today(&state.store).await?;
    let floor = advised.over(&today);
    let (planned, more_planned) = planned(&state, &floor).await?;
    Ok(Json(AdvisoryPreview {
        seen: number(seen),
        profile: summary,
        controls: file
            .profile
            .controls
            .into_iter()
            .map(|entry| AdvisedControl {
                control: entry.control,
                value: entry.value,
                source: entry.source.as_str().to_owned(),
                url: entry.url.map(String::from),
                note: entry.note.map(|note| note.as_str().to_owned()),
            })
            .collect(),
        changes: advised.changes(&today).into_iter().map(change).collect::<Result<_, Refusal>>()?,
        rooms: rooms(&state, &floor)?,
        planned,
        more_planned,
    }))
}

/// Applies an advisory: demands of all meetings what it demands, tightened with today's floor. It is recorded, and the
/// publisher told if that is wished, before it is answered.
#[utoipa::path(post, path = "/api/v1/floor/advisories/apply", tag = "policy", request_body = ApplyAdvisory,
    security(("session" = []), ("api_key" = ["policy:write"])),
    responses(
        (status = 200, description = "It is in force within a second", body = FloorApplied),
        (status = 400, description = "It demands what this server cannot hold", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, no such scope, or nobody to tell the publisher for", body = ApiError),
        (status = 404, description = "No such revision with a profile, or not for the caller", body = ApiError),
        (status = 409, description = "Another profile, or another floor, than was seen, or it is withdrawn", body = ApiError)))]
pub(in crate::http) async fn apply(
    State(state): State<AppState>,
    caller: Caller,
    Body(ApplyAdvisory { document, revision, hash, seen, tell }): Body<ApplyAdvisory>,
) -> Result<Json<FloorApplied>, Refusal> {
    let reader = reader(&state, &caller).await?;
    let found = state.store.carried_profile(&reader, document, revision).await?;
    found.ok_or(BulletinError::Unknown)?;
    let hash = bulletin::seen(&hash)?;
    // ADV-06
    let tells =
        if tell { Some(acting(&state, &caller).await?.ok_or_else(nobody_to_tell_for)?) } else { None };
    let by = caller.user.name.as_str();
    let applied = state
        .store
        .apply_advisory(
            caller.author(),
            by,
            &reader,
            (document, revision),
            &hash,
            seen.into(),
            tells.as_ref(),
            clock::unix_ms(),
        )
        .await?;
    Ok(Json(FloorApplied { number: number(applied) }))
}

/// Demands again what was demanded before an advisory was applied, if no other floor has come after it. A publisher who was
/// told is not told otherwise.
#[utoipa::path(post, path = "/api/v1/floor/advisories/rollback", tag = "policy", request_body = RollBackAdvisory,
    security(("session" = []), ("api_key" = ["policy:write"])),
    responses(
        (status = 200, description = "It is in force within a second", body = FloorApplied),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError),
        (status = 404, description = "No advisory made that floor, or none that the caller may know of", body = ApiError),
        (status = 409, description = "Other floors came after it", body = ApiError)))]
pub(in crate::http) async fn take_back(
    State(state): State<AppState>,
    caller: Caller,
    Body(RollBackAdvisory { floor }): Body<RollBackAdvisory>,
) -> Result<Json<FloorApplied>, Refusal> {
    let reader = reader(&state, &caller).await?;
    let by = caller.user.name.as_str();
    let applied = state.store.take_advisory_back(caller.author(), by, &reader, floor.into()).await?;
    Ok(Json(FloorApplied { number: number(applied) }))
}

/// Lists the publishers whom the server follows.
#[utoipa::path(get, path = "/api/v1/floor/subscriptions", tag = "policy",
    security(("session" = []), ("api_key" = ["policy:read"])),
    responses(
        (status = 200, description = "The subscriptions", body = Subscriptions),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError)))]
pub(in crate::http) async fn subscriptions(
    State(state): State<AppState>,
) -> Result<Json<Subscriptions>, Refusal> {
    Ok(Json(Subscriptions { subscriptions: state.store.subscriptions().await? }))
}

/// Follows a publisher: what they publish from now on, signed with this key, is applied at once where it tightens. The
/// server reads as the caller's member organisation does.
#[utoipa::path(put, path = "/api/v1/floor/subscriptions", tag = "policy", request_body = Subscribe,
    security(("session" = []), ("api_key" = ["policy:write"])),
    responses(
        (status = 204, description = "The server follows them"),
        (status = 400, description = "The publisher takes no part", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError)))]
pub(in crate::http) async fn subscribe(
    State(state): State<AppState>,
    caller: Caller,
    Body(Subscribe { publisher, key }): Body<Subscribe>,
) -> Result<StatusCode, Refusal> {
    let reader = reader(&state, &caller).await?;
    state.store.subscribe(caller.author(), &reader, publisher, &key, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Follows a publisher no more. What was applied stays in force.
#[utoipa::path(delete, path = "/api/v1/floor/subscriptions/{id}", tag = "policy",
    params(("id" = OrganisationId, Path, description = "The publisher")),
    security(("session" = []), ("api_key" = ["policy:write"])),
    responses(
        (status = 204, description = "The server follows them no more"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError),
        (status = 404, description = "It did not", body = ApiError)))]
pub(in crate::http) async fn unsubscribe(
    State(state): State<AppState>,
    caller: Caller,
    Id(publisher): Id<OrganisationId>,
) -> Result<StatusCode, Refusal> {
    state.store.unsubscribe(caller.author(), publisher, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns as whom a caller reads. A key says nothing of the bulletin by being good for the policy.
async fn reader(state: &Shared, caller: &Caller) -> Result<Reader, Refusal> {
    match caller.identity {
        Identity::Session(_) => bulletin::reader(state, caller).await,
        Identity::Key(_) => Ok(Reader::Anonymous),
    }
}

/// Returns for whom a caller speaks to publishers, if they do more than look on in a member organisation.
async fn acting(state: &Shared, caller: &Caller) -> Result<Option<Acting>, Refusal> {
    Ok(match reader(state, caller).await? {
        Reader::Person { user, membership: Some(place) }
            if place.roles.iter().any(|role| *role != BulletinRole::Auditor) =>
        {
            Some(Acting { user, organisation: place.organisation, roles: place.roles })
        }
        _ => None,
    })
}

fn nobody_to_tell_for() -> Refusal {
    Refusal::with_status(
        StatusCode::FORBIDDEN,
        Rule::BulletinRole,
        "you speak for no member organisation of the bulletin; apply it without telling its publisher",
    )
}

/// Returns the controls that are looser than in `floor`.
fn looser(controls: &Controls, floor: &Controls) -> Result<Vec<ControlWord>, Refusal> {
    let tightened = controls.tighten(floor);
    controls.difference(&tightened).into_iter().map(|difference| word(difference.control.id())).collect()
}

fn rooms(state: &Shared, floor: &Controls) -> Result<Vec<TouchedRoom>, Refusal> {
    let mut touched = Vec::new();
    for room in state.signalling.live() {
        // What the server shows of a room it made from controls itself.
        let Ok(controls) = Controls::from_settings(&room.controls) else { continue };
        let controls = looser(&controls, floor)?;
        if !controls.is_empty() {
            let participants = room.participants;
            touched.push(TouchedRoom { number: room.number, participants, controls });
        }
    }
    touched.sort_by_key(|room| (std::cmp::Reverse(room.participants), room.number));
    touched.truncate(TOUCHED_MAX);
    Ok(touched)
}

async fn planned(state: &Shared, floor: &Controls) -> Result<(Vec<TouchedPlan>, bool), Refusal> {
    let now_ms = clock::unix_ms();
    let planned = state.store.planned_ahead(now_ms, TOUCHED_MAX + 1).await?;
    let (more, floor) = (planned.len() > TOUCHED_MAX, floor.clone());
    // A signature and a tree each: not on a thread that others wait for.
    let touched = tokio::task::spawn_blocking(move || {
        let mut touched = Vec::new();
        for (id, meeting, starts_ms) in planned.into_iter().take(TOUCHED_MAX) {
            // It was checked when it was planned; one that has run out since is refused when it opens.
            let Ok(delivery) = Delivery::open(id, &meeting.group_info, &meeting.tree, now_ms) else {
                continue;
            };
            let controls = looser(&delivery.conduct().controls, &floor)?;
            if !controls.is_empty() {
                touched.push(TouchedPlan { starts_ms, controls });
            }
        }
        Ok::<_, Refusal>(touched)
    });
    let touched = touched.await.map_err(|_| Refusal::new(Rule::Storage, "the plans cannot be read"))??;
    Ok((touched, more))
}

impl From<AdvisoryError> for Refusal {
    fn from(error: AdvisoryError) -> Self {
        match error {
            AdvisoryError::Bulletin(error) => error.into(),
            AdvisoryError::FloorSeen => changed(),
            AdvisoryError::Later { newest } => Self::with_status(
                StatusCode::CONFLICT,
                Rule::FloorLater,
                format!(
                    "floors came after it, the last of them {newest}: what was demanded before the advisory would undo \
                     them, too; go back to an earlier floor in the history if that is wanted"
                ),
            ),
            AdvisoryError::Profile(error) => error.into(),
            AdvisoryError::Withdrawn => {
                Self::with_status(StatusCode::CONFLICT, Rule::BulletinStage, error.to_string())
            }
        }
    }
}
