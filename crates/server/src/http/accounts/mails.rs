//! Invitations to the own planned meetings, by mail.

use std::collections::BTreeSet;

use axum::{Json, extract::State, http::StatusCode};
use sabha_policy::Link;
use sabha_protocol::{
    Rule,
    account::PlanId,
    wire::{
        http::ApiError,
        plans::{Mails, SendMails},
    },
};

use super::{AppState, Body, Caller, Id, Refusal};
use crate::{
    clock,
    storage::{AccountError, NewMails},
    wanted,
};

/// Invites people by mail to what is to come of an own plan. A mail carries each link without its secret: who comes by it
/// proves the passcode to the host's device, if that takes them.
#[utoipa::path(post, path = "/api/v1/plans/{id}/mails", tag = "plans", request_body = SendMails,
    params(("id" = PlanId, Path, description = "The plan")),
    security(("session" = []), ("api_key" = ["meetings:create"])),
    responses(
        (status = 202, description = "They are sent, and tried again for hours where that fails", body = Mails),
        (status = 400, description = "Nobody, or an address that is none", body = ApiError),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a host, no such scope, or by policy no mail lets anybody in", body = ApiError),
        (status = 404, description = "No such own plan, nothing of it is to come, or this server sends no mail", body = ApiError),
        (status = 429, description = "Too many mails in a day", body = ApiError)))]
pub(in crate::http) async fn send(
    State(state): State<AppState>,
    caller: Caller,
    Id(plan): Id<PlanId>,
    Body(SendMails { to, title }): Body<SendMails>,
) -> Result<(StatusCode, Json<Mails>), Refusal> {
    let Some(wake) = &state.mail else {
        return Err(Refusal::with_status(
            StatusCode::NOT_FOUND,
            Rule::AccountKnown,
            "this server sends no mail",
        ));
    };
    // ORG.LINK.PRIVATE: whoever came by it would be sent away at the door.
    let (_, floor) = wanted::today(&state.store).await?;
    if floor.link() == Link::Personal {
        let message = "by policy only personal links let in, and a mail has none";
        return Err(Refusal::new(Rule::LinkPrivate, message));
    }
    // Twice the same is once.
    let mut seen = BTreeSet::new();
    let to: Vec<_> = to.into_iter().filter(|one| seen.insert(one.as_str().to_owned())).collect();
    if let Some(wrong) = to.iter().find(|one| one.as_str().parse::<lettre::Address>().is_err()) {
        let message = format!("`{}` is no address that mail goes to", wrong.as_str());
        return Err(Refusal::new(Rule::WellFormed, message));
    }
    if to.is_empty() {
        return Err(Refusal::new(Rule::WellFormed, "there is nobody to send a mail to"));
    }
    let mails = NewMails { plan, owner: caller.user.id, to, title, per_day: state.mails_per_day };
    let queued = state.store.queue_mails(caller.author(), &mails, clock::unix_ms()).await;
    let mails = queued.map_err(|error| match error {
        AccountError::Full => {
            let message =
                format!("one account has {} mails sent in a day; try again tomorrow", state.mails_per_day);
            Refusal::new(Rule::MailRate, message)
        }
        error => error.into(),
    })?;
    wake.wake();
    Ok((StatusCode::ACCEPTED, Json(Mails { mails })))
}

/// Lists the mails about an own plan, and what became of each.
#[utoipa::path(get, path = "/api/v1/plans/{id}/mails", tag = "plans",
    params(("id" = PlanId, Path, description = "The plan")),
    security(("session" = []), ("api_key" = ["meetings:create"])),
    responses(
        (status = 200, description = "The mails", body = Mails),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "Not a host, or no such scope", body = ApiError),
        (status = 404, description = "No such own plan", body = ApiError)))]
pub(in crate::http) async fn mails(
    State(state): State<AppState>,
    caller: Caller,
    Id(plan): Id<PlanId>,
) -> Result<Json<Mails>, Refusal> {
    Ok(Json(Mails { mails: state.store.mails(caller.user.id, plan).await? }))
}

/// Has the queue look, if there is one.
pub(super) fn wake(state: &AppState) {
    if let Some(wake) = &state.mail {
        wake.wake();
    }
}
