//! Planned meetings: their times, and the own plans. For whoever may create meetings, and each for their own only.

use axum::{Json, extract::State, http::StatusCode};
use sabha_policy::HostSignIn;
use sabha_protocol::{
    MeetingId, Rule,
    account::PlanId,
    wire::{
        http::{ApiError, CreateMeeting},
        plans::{CreatePlan, Plan, PlannedMeeting, PlannedState, Plans, Schedule, ScheduleTimes, Times},
    },
};

use super::{AppState, Body, Caller, Id, Refusal, mails};
use crate::{
    accounts::random,
    clock,
    http::api::{check_group, count_creation},
    planning::{self, Unplannable},
    policy::Floor,
    storage::{NewPlan, StoredMeeting},
};

/// Says when the meetings of a schedule would be. Stores nothing. Whoever plans signs each meeting for its own time.
#[utoipa::path(post, path = "/api/v1/plans/times", tag = "plans", request_body = Schedule,
    security(("session" = []), ("api_key" = ["meetings:create"])),
    responses(
        (status = 200, description = "When each is", body = ScheduleTimes),
        (status = 400, description = "It cannot be planned so", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a host, or no such scope", body = ApiError)))]
pub(in crate::http) async fn times(Body(schedule): Body<Schedule>) -> Result<Json<ScheduleTimes>, Refusal> {
    Ok(Json(ScheduleTimes { times: planning::times(&schedule, clock::unix_ms())? }))
}

/// Plans a meeting, or a series. Each of its meetings has keys of its own, which stay with whoever plans.
#[utoipa::path(post, path = "/api/v1/plans", tag = "plans", request_body = CreatePlan,
    security(("session" = []), ("api_key" = ["meetings:create"])),
    responses(
        (status = 201, description = "Planned", body = Plan),
        (status = 400, description = "It cannot be planned so, or a meeting is not one that its id's root key signed", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a host, no such scope, or a policy that is looser than the floor", body = ApiError),
        (status = 409, description = "Too many are planned, or an id is taken", body = ApiError),
        (status = 413, description = "The body is too long", body = ApiError),
        (status = 429, description = "Too many meetings in a minute", body = ApiError)))]
pub(in crate::http) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(CreatePlan { schedule, meetings }): Body<CreatePlan>,
) -> Result<(StatusCode, Json<Plan>), Refusal> {
    let (floor, strong) = (state.floor.clone(), caller.strong);
    if floor.now().host_sign_in() == HostSignIn::Strong && !strong {
        return Err(Refusal::new(Rule::Mfa, "by policy who makes a meeting has signed in with a passkey"));
    }
    let now_ms = clock::unix_ms();
    let times = planning::times(&schedule, now_ms)?;
    if times.len() != meetings.len() {
        let message =
            format!("this schedule has {} meetings, and {} were given", times.len(), meetings.len());
        return Err(Refusal::new(Rule::WellFormed, message));
    }
    count_creation(&state, caller.author())?;
    // Some sixty signatures and trees: not on a thread that others wait for.
    let checked = tokio::task::spawn_blocking(move || checked(meetings, times, &floor, strong)).await;
    let meetings = checked.map_err(|_| Refusal::new(Rule::WellFormed, "the meetings cannot be read"))??;
    let plan = NewPlan { id: PlanId::from_bytes(random()?), owner: caller.user.id, schedule, meetings };
    state.store.create_plan(caller.author(), &plan, now_ms).await?;
    let planned = |(meeting, _, times)| PlannedMeeting { meeting, times, state: PlannedState::Planned };
    let NewPlan { id, schedule, meetings, .. } = plan;
    let meetings = meetings.into_iter().map(planned).collect();
    Ok((StatusCode::CREATED, Json(Plan { id, schedule, created_ms: now_ms, meetings })))
}

fn checked(
    meetings: Vec<CreateMeeting>,
    times: Vec<Times>,
    floor: &Floor,
    strong: bool,
) -> Result<Vec<(MeetingId, StoredMeeting, Times)>, Refusal> {
    let check = |(made, times): (CreateMeeting, Times)| {
        let CreateMeeting { meeting, gate_key, title, group_info, tree } = made;
        let stored = StoredMeeting { title, gate_key, group_info, tree };
        check_group(&meeting, &stored, floor, strong)?;
        Ok((meeting, stored, times))
    };
    meetings.into_iter().zip(times).map(check).collect()
}

/// Lists the own plans.
#[utoipa::path(get, path = "/api/v1/plans", tag = "plans",
    security(("session" = []), ("api_key" = ["meetings:create"])),
    responses(
        (status = 200, description = "The plans", body = Plans),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a host, or no such scope", body = ApiError)))]
pub(in crate::http) async fn plans(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Plans>, Refusal> {
    let plans = state.store.plans(caller.user.id, clock::unix_ms()).await?;
    Ok(Json(Plans { plans, sends_mail: state.mail.is_some() }))
}

/// Cancels what is left of an own plan. Its links open nothing any more.
#[utoipa::path(delete, path = "/api/v1/plans/{id}", tag = "plans",
    params(("id" = PlanId, Path, description = "The plan")),
    security(("session" = []), ("api_key" = ["meetings:create"])),
    responses(
        (status = 204, description = "Cancelled"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a host, or no such scope", body = ApiError),
        (status = 404, description = "No such own plan, or nothing of it is left", body = ApiError)))]
pub(in crate::http) async fn cancel(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id<PlanId>,
) -> Result<StatusCode, Refusal> {
    let cancelled = state.store.cancel_plan(caller.author(), caller.user.id, id, clock::unix_ms()).await?;
    state.signalling.cancelled(&cancelled).await;
    mails::wake(&state);
    Ok(StatusCode::NO_CONTENT)
}

/// Cancels one planned meeting of the own ones. Its link opens nothing any more.
#[utoipa::path(delete, path = "/api/v1/plans/meetings/{id}", tag = "plans",
    params(("id" = MeetingId, Path, description = "The meeting")),
    security(("session" = []), ("api_key" = ["meetings:create"])),
    responses(
        (status = 204, description = "Cancelled"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a host, or no such scope", body = ApiError),
        (status = 404, description = "No such own meeting, or it has ended", body = ApiError)))]
pub(in crate::http) async fn cancel_meeting(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id<MeetingId>,
) -> Result<StatusCode, Refusal> {
    let cancelled =
        state.store.cancel_meeting(caller.author(), caller.user.id, &id, clock::unix_ms()).await?;
    state.signalling.cancelled(&cancelled).await;
    mails::wake(&state);
    Ok(StatusCode::NO_CONTENT)
}

impl From<Unplannable> for Refusal {
    fn from(why: Unplannable) -> Self {
        Self::new(Rule::WellFormed, why.to_string())
    }
}
