//! Sign-in by the organisation's identity provider, and which of its people are bound to the own account.
//!
//! The provider sends the browser back to the page, not to a route: the page brings the answer here as it brings
//! everything else, so that a link from elsewhere changes nothing. Nobody becomes somebody by an address. A person is
//! bound to a user while that user is signed in, by an invitation, or, if the administrator has it so, as a new user.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::AppendHeaders,
};
use sabha_protocol::{
    Rule,
    account::{CeremonyId, IdentityId, UserId},
    secret::AccessToken,
    wire::{
        accounts::{Account, AskProvider, Identities, LinkKind, ProviderAnswer, ProviderRequest, WaysIn},
        http::ApiError,
    },
};

use super::{
    AppState, Body, Caller, Id, Refusal,
    entering::{WithCookie, begun, new_session, page_origin, signed_in, taken},
    guard,
};
use crate::{
    accounts::{Ceremony, Errand, Person, Provider, ProviderError, Sent, hash, random},
    clock,
    http::Shared,
    storage::{AccountError, NewIdentity, NewUser, NewWay},
};

/// An answer with two cookies: the session's, and that of the flow, which is over.
type WithCookies<T> = (AppendHeaders<[(HeaderName, String); 2]>, T);

/// Says how one signs in here.
#[utoipa::path(get, path = "/api/v1/account/ways", tag = "accounts",
    responses((status = 200, description = "The ways in beside passkeys", body = WaysIn)))]
pub(in crate::http) async fn ways(State(state): State<AppState>) -> Result<Json<WaysIn>, Refusal> {
    let provider = state.accounts.provider.as_ref().map(|provider| provider.name().clone());
    Ok(Json(WaysIn { provider, passwords: state.store.passwords_allowed().await? }))
}

/// Begins to sign in by the identity provider, or to follow an invitation with it.
#[utoipa::path(post, path = "/api/v1/account/provider", tag = "accounts", request_body = AskProvider,
    responses(
        (status = 200, description = "Where the browser goes, and a cookie is set", body = ProviderRequest),
        (status = 403, description = "The link is not good, or the page is not at the server's address", body = ApiError),
        (status = 429, description = "Too many tries", body = ApiError),
        (status = 503, description = "The provider cannot be reached, or there is none", body = ApiError)))]
pub(in crate::http) async fn begin(
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(ask): Body<AskProvider>,
) -> Result<WithCookie<Json<ProviderRequest>>, Refusal> {
    let errand = match ask.token {
        None => Errand::SignIn,
        Some(token) => {
            let hash = hash(token.expose());
            if state.store.link(&hash, clock::unix_ms()).await?.kind != LinkKind::Invitation {
                return Err(AccountError::Link.into());
            }
            Errand::Join(hash)
        }
    };
    send(&state, &headers, errand).await
}

/// Signs in whom the identity provider has named. One answer for everything that was not asked for.
#[utoipa::path(post, path = "/api/v1/account/provider/finish", tag = "accounts", request_body = ProviderAnswer,
    responses(
        (status = 200, description = "Signed in, and a cookie is set", body = Account),
        (status = 403, description = "The answer opens nothing, or nobody here is bound to the person", body = ApiError),
        (status = 409, description = "Another has the address", body = ApiError),
        (status = 429, description = "Too many tries", body = ApiError),
        (status = 503, description = "The provider cannot be reached", body = ApiError)))]
pub(in crate::http) async fn finish(
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(answer): Body<ProviderAnswer>,
) -> Result<WithCookies<Json<Account>>, Refusal> {
    let (provider, sent) = came_back(&state, &headers, answer.state)?;
    let link = match &sent.errand {
        Errand::Join(link) => Some(*link),
        Errand::SignIn => None,
        Errand::Link(_) => return Err(no_identity()),
    };
    let person = named(provider, &sent, &answer).await?;
    let now_ms = clock::unix_ms();
    let (session, token) = new_session(person.strong)?;
    let id = session.id;
    let identity = new_identity(&person)?;
    let user = match link {
        Some(link) => {
            let invited = state.store.link(&link, now_ms).await?;
            let new = NewUser {
                id: UserId::from_bytes(random()?),
                name: person.name.or(invited.name).ok_or_else(no_name)?,
                email: person.email.or(invited.email),
                organisation: None,
                way: NewWay::Identity(identity),
                session,
            };
            state.store.join(&link, &new, now_ms).await?
        }
        None => match state.store.sign_in_by_identity(&identity, &person.grants, &session, now_ms).await {
            Err(AccountError::Unknown) if provider.makes_users() => {
                let new = NewUser {
                    id: UserId::from_bytes(random()?),
                    name: person.name.ok_or_else(no_name)?,
                    email: person.email,
                    organisation: None,
                    way: NewWay::Identity(identity),
                    session,
                };
                state.store.join_by_provider(&new, person.grants.granted, now_ms).await?
            }
            Err(AccountError::Unknown) => return Err(stranger()),
            other => other?,
        },
    };
    let ([cookie], account) = signed_in(&state, user, id, &token).await?;
    Ok((AppendHeaders([cookie, no_flow(&state)]), account))
}

/// Lists who at the identity provider signs in as the own user.
#[utoipa::path(get, path = "/api/v1/account/identities", tag = "accounts", security(("session" = [])),
    responses(
        (status = 200, description = "The bindings", body = Identities),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn identities(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Identities>, Refusal> {
    Ok(Json(Identities { identities: state.store.identities(caller.user.id).await? }))
}

/// Begins to bind somebody at the identity provider to the own account.
#[utoipa::path(post, path = "/api/v1/account/identities", tag = "accounts", security(("session" = [])),
    responses(
        (status = 200, description = "Where the browser goes, and a cookie is set", body = ProviderRequest),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 503, description = "The provider cannot be reached, or there is none", body = ApiError)))]
pub(in crate::http) async fn begin_identity(
    State(state): State<AppState>,
    headers: HeaderMap,
    caller: Caller,
) -> Result<WithCookie<Json<ProviderRequest>>, Refusal> {
    send(&state, &headers, Errand::Link(caller.user.id)).await
}

/// Binds whom the identity provider has named to the own account.
#[utoipa::path(post, path = "/api/v1/account/identities/finish", tag = "accounts", request_body = ProviderAnswer,
    security(("session" = [])),
    responses(
        (status = 201, description = "Bound", body = Identities),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 403, description = "The answer opens nothing", body = ApiError),
        (status = 409, description = "They are bound already, or there are too many", body = ApiError),
        (status = 503, description = "The provider cannot be reached", body = ApiError)))]
pub(in crate::http) async fn finish_identity(
    State(state): State<AppState>,
    headers: HeaderMap,
    caller: Caller,
    Body(answer): Body<ProviderAnswer>,
) -> Result<(StatusCode, WithCookie<Json<Identities>>), Refusal> {
    let (provider, sent) = came_back(&state, &headers, answer.state)?;
    // Who signed in as another in between binds nobody.
    if !matches!(sent.errand, Errand::Link(user) if user == caller.user.id) {
        return Err(no_identity());
    }
    let identity = new_identity(&named(provider, &sent, &answer).await?)?;
    state.store.add_identity(caller.user.id, &identity, clock::unix_ms()).await?;
    let identities = Identities { identities: state.store.identities(caller.user.id).await? };
    Ok((StatusCode::CREATED, ([no_flow(&state)], Json(identities))))
}

/// Removes a binding of the own account, unless it is the last way in.
#[utoipa::path(delete, path = "/api/v1/account/identities/{id}", tag = "accounts", security(("session" = [])),
    params(("id" = IdentityId, Path, description = "The binding")),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "Not signed in", body = ApiError),
        (status = 404, description = "No such binding of this user", body = ApiError),
        (status = 409, description = "It is the last way in", body = ApiError)))]
pub(in crate::http) async fn remove_identity(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id<IdentityId>,
) -> Result<StatusCode, Refusal> {
    state.store.remove_identity(caller.user.id, id, clock::unix_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a browser to the provider.
async fn send(
    state: &Shared,
    headers: &HeaderMap,
    errand: Errand,
) -> Result<WithCookie<Json<ProviderRequest>>, Refusal> {
    let provider = provider(state)?;
    let redirect = format!("{}/admin", page_origin(state, headers)?);
    let binding = AccessToken::from_bytes(random()?);
    let sent = Sent::new(errand, binding.expose(), redirect)?;
    let id = CeremonyId::from_bytes(random()?);
    let url = provider.url(id, &sent).await?;
    begun(state, id, Ceremony::Ask(Box::new(sent)));
    let cookie = guard::flow_cookie(&binding, state.public_url.as_ref());
    Ok(([(header::SET_COOKIE, cookie)], Json(ProviderRequest { url })))
}

/// Takes the flow that a browser has come back from. It is over, whatever comes of it.
fn came_back<'a>(
    state: &'a Shared,
    headers: &HeaderMap,
    id: CeremonyId,
) -> Result<(&'a Provider, Box<Sent>), Refusal> {
    let provider = provider(state)?;
    let Some(Ceremony::Ask(sent)) = taken(state, id) else { return Err(no_identity()) };
    let binding = guard::flow_token(headers, state.public_url.as_ref()).ok_or_else(no_identity)?;
    if sent.is_of(binding.expose()) { Ok((provider, sent)) } else { Err(no_identity()) }
}

async fn named(provider: &Provider, sent: &Sent, answer: &ProviderAnswer) -> Result<Person, Refusal> {
    Ok(provider.person(sent, &answer.code, answer.iss.as_deref()).await?)
}

fn new_identity(person: &Person) -> Result<NewIdentity, Refusal> {
    let id = IdentityId::from_bytes(random()?);
    Ok(NewIdentity { id, issuer: person.issuer.clone(), subject: person.subject.clone() })
}

fn provider(state: &Shared) -> Result<&Provider, Refusal> {
    let none = || Refusal::new(Rule::AccountProvider, "this server has no identity provider");
    state.accounts.provider.as_ref().ok_or_else(none)
}

fn no_flow(state: &Shared) -> (HeaderName, String) {
    (header::SET_COOKIE, guard::no_flow_cookie(state.public_url.as_ref()))
}

fn no_identity() -> Refusal {
    Refusal::new(
        Rule::AccountIdentity,
        "this answer of the identity provider opens nothing here: it was not asked for by this browser, came too late, \
        or was used; begin again",
    )
}

fn stranger() -> Refusal {
    Refusal::new(
        Rule::AccountStranger,
        "the identity provider knows you, but nobody here is bound to you: ask an administrator for an invitation, or \
        sign in with your passkey and bind your account",
    )
}

fn no_name() -> Refusal {
    Refusal::new(Rule::AccountProvider, "the identity provider says no name that could be shown")
}

impl From<ProviderError> for Refusal {
    fn from(error: ProviderError) -> Self {
        if let ProviderError::NoRandomness(error) = error {
            return error.into();
        }
        let cause: &dyn std::error::Error = &error;
        match error {
            ProviderError::Answer(_) => {
                tracing::debug!(error = cause, "an answer of the identity provider was refused");
                no_identity()
            }
            ProviderError::Unreachable(_) => {
                tracing::warn!(error = cause, "the identity provider cannot be reached");
                let message = "the identity provider cannot be reached; passkeys work without it";
                Self::new(Rule::AccountProvider, message)
            }
            _ => {
                tracing::warn!(error = cause, "the identity provider cannot be used");
                let message = "the identity provider does not answer as it must; an administrator finds why in the \
                    server's log, and passkeys work without it";
                Self::new(Rule::AccountProvider, message)
            }
        }
    }
}
