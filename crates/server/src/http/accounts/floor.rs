//! The organisation's floor, for security officers, administrators and API keys of theirs: read, tried out, applied.

use axum::{Json, extract::State, http::StatusCode};
use sabha_policy::{Control, Controls, Scale, Tier};
use sabha_protocol::{
    ControlWord, Rule,
    wire::{
        floor::{
            ApplyFloor, FloorApplied, FloorChange, FloorControl, FloorEntry, FloorPreview, FloorView,
            FloorWish, PreviewFloor, ProfileSummary,
        },
        http::ApiError,
    },
};

use super::{AppState, Body, Caller, Refusal, templates};
use crate::{
    profiles,
    storage::{AccountError, AppliedFloor, Store},
    wanted::{self, Wanted},
};

/// What people call a file that came in a body.
const FILE: &str = "the file";

/// Returns what is demanded of every meeting, what was, and what could be.
#[utoipa::path(get, path = "/api/v1/floor", tag = "policy",
    security(("session" = []), ("api_key" = ["policy:read"])),
    responses(
        (status = 200, description = "The floor", body = FloorView),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError)))]
pub(in crate::http) async fn view(State(state): State<AppState>) -> Result<Json<FloorView>, Refusal> {
    let history = state.store.floors().await?;
    let newest = history.first();
    let floor = newest.map_or_else(|| Controls::of(Tier::default()), |row| row.floor.clone());
    let control = |control: &Control| {
        Ok(FloorControl {
            control: word(control.id())?,
            value: word(&Controls::named(*control, floor.get(*control)))?,
            always: control.scale() == Scale::Always,
            sources: control.sources().iter().map(ToString::to_string).collect(),
        })
    };
    Ok(Json(FloorView {
        number: newest.map_or(0, |row| number(row.number)),
        controls: Control::ALL.iter().map(control).collect::<Result<_, Refusal>>()?,
        history: history.iter().map(entry).collect(),
        profiles: profiles::shipped().map_err(broken)?.iter().map(summary).collect(),
        templates: state.store.templates().await?.into_iter().map(templates::view).collect(),
        tiers: Tier::ALL.iter().map(|tier| word(tier.name())).collect::<Result<_, _>>()?,
    }))
}

/// Returns what applying something would change. Changes nothing.
#[utoipa::path(post, path = "/api/v1/floor/preview", tag = "policy", request_body = PreviewFloor,
    security(("session" = []), ("api_key" = ["policy:read"])),
    responses(
        (status = 200, description = "What would change", body = FloorPreview),
        (status = 400, description = "The profile is not one, or its signature does not hold", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError),
        (status = 404, description = "There is no such floor, profile or tier", body = ApiError)))]
pub(in crate::http) async fn preview(
    State(state): State<AppState>,
    Body(PreviewFloor { wish }): Body<PreviewFloor>,
) -> Result<Json<FloorPreview>, Refusal> {
    let wanted = find(&state.store, wish).await?;
    let (seen, today) = wanted::today(&state.store).await?;
    Ok(Json(FloorPreview {
        seen: number(seen),
        changes: today
            .difference(&wanted.controls)
            .into_iter()
            .map(change)
            .collect::<Result<_, Refusal>>()?,
        signed_by: wanted.signed_by,
        origin: wanted.origin,
    }))
}

/// Demands something else of all meetings, those that run included. It is recorded before it is answered.
#[utoipa::path(post, path = "/api/v1/floor", tag = "policy", request_body = ApplyFloor,
    security(("session" = []), ("api_key" = ["policy:write"])),
    responses(
        (status = 200, description = "It is in force within a second", body = FloorApplied),
        (status = 400, description = "The profile is not one, or its signature does not hold", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a security officer, or no such scope", body = ApiError),
        (status = 404, description = "There is no such floor, profile or tier", body = ApiError),
        (status = 409, description = "Somebody has applied another floor meanwhile", body = ApiError)))]
pub(in crate::http) async fn apply(
    State(state): State<AppState>,
    caller: Caller,
    Body(ApplyFloor { wish, seen, loosen }): Body<ApplyFloor>,
) -> Result<Json<FloorApplied>, Refusal> {
    let wanted = find(&state.store, wish).await?;
    let (newest, today) = wanted::today(&state.store).await?;
    if newest != i64::from(seen) {
        return Err(changed());
    }
    let floor = wanted.over(&today, loosen);
    let by = caller.user.name.as_str();
    let applied = state
        .store
        .apply_floor_after(newest, &floor, by, &wanted.origin, wanted.earlier, caller.author())
        .await?;
    Ok(Json(FloorApplied { number: number(applied.ok_or_else(changed)?) }))
}

async fn find(store: &Store, wish: FloorWish) -> Result<Wanted, Refusal> {
    let unknown = || Refusal::from(AccountError::Unknown);
    let file = match wish {
        FloorWish::Earlier { number } => {
            return Wanted::earlier(store, number.into()).await?.ok_or_else(unknown);
        }
        FloorWish::Tier { tier } => {
            return Tier::named(tier.as_str()).map(Wanted::tier).ok_or_else(unknown);
        }
        FloorWish::Profile { id } => profiles::shipped_as(&id).ok_or_else(unknown)?.map_err(broken)?,
        FloorWish::File { text } => profiles::from_text(FILE, &text)
            .map_err(|error| Refusal::new(Rule::Profile, error.to_string()))?,
    };
    Wanted::profile(&file, None).map_err(|error| Refusal::new(Rule::Profile, error.to_string()))
}

pub(super) fn change(difference: sabha_policy::Difference) -> Result<FloorChange, Refusal> {
    Ok(FloorChange {
        control: word(difference.control.id())?,
        before: word(&Controls::named(difference.control, difference.before))?,
        after: word(&Controls::named(difference.control, difference.after))?,
        tightens: difference.tightens,
    })
}

pub(super) fn changed() -> Refusal {
    Refusal::with_status(
        StatusCode::CONFLICT,
        Rule::FloorSeen,
        "somebody has applied another floor meanwhile; look again, then decide",
    )
}

/// What this program ships or names itself is not in its own form: a fault of ours.
fn broken(error: impl std::error::Error + 'static) -> Refusal {
    let error: &dyn std::error::Error = &error;
    tracing::error!(error, "something that is shipped is not in its form");
    Refusal::new(Rule::Storage, "the server is damaged; nothing was changed")
}

pub(super) fn word(text: &str) -> Result<ControlWord, Refusal> {
    ControlWord::try_from(text.to_owned()).map_err(broken)
}

/// Floors are counted one by one, by people.
pub(super) fn number(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn entry(row: &AppliedFloor) -> FloorEntry {
    FloorEntry {
        number: number(row.number),
        applied_ms: u64::try_from(row.applied_ms).unwrap_or_default(),
        applied_by: row.applied_by.clone(),
        origin: row.origin.clone(),
        controls: row.floor.to_settings(),
    }
}

fn summary(file: &sabha_protocol::wire::profile::ProfileFile) -> ProfileSummary {
    let profile = &file.profile;
    ProfileSummary {
        id: profile.id.to_string(),
        title: profile.title.as_str().to_owned(),
        issuer: profile.issuer.as_str().to_owned(),
        issued: profile.issued.to_string(),
        controls: u32::try_from(profile.controls.len()).unwrap_or(u32::MAX),
    }
}
