//! The ways in and out: one-time links, passkeys, signing out.

use std::time::Instant;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
};
use sabha_protocol::{
    DisplayName, Rule,
    account::{CeremonyId, PasskeyId, SessionId, UserId},
    secret::AccessToken,
    wire::{
        accounts::{
            Account, AskLink, AuditAction, BeginRegistration, LinkKind, LinkView, MadePasskey, Organisation,
            PasskeyCreation, PasskeyRequest, ShownPasskey, User,
        },
        http::ApiError,
    },
};

use super::{AppState, Body, Caller, Refusal, guard};
use crate::{
    accounts::{Ceremony, Challenge, Draft, NotAPasskey, RelyingParty, hash, random},
    clock,
    config::PublicUrl,
    http::Shared,
    storage::{AccountError, NewPasskey, NewSession, NewUser, NewWay},
};

/// An answer that gives the browser a cookie, or takes it away.
pub(super) type WithCookie<T> = ([(HeaderName, String); 1], T);

/// Says whose server this is.
#[utoipa::path(get, path = "/api/v1/organisation", tag = "accounts",
    responses((status = 200, description = "The organisation", body = Organisation)))]
pub(in crate::http) async fn organisation(
    State(state): State<AppState>,
) -> Result<Json<Organisation>, Refusal> {
    Ok(Json(Organisation { name: state.store.organisation().await? }))
}

/// Says what a one-time link is for. Does not use it up.
#[utoipa::path(post, path = "/api/v1/account/link", tag = "accounts", request_body = AskLink,
    responses(
        (status = 200, description = "What it is for", body = LinkView),
        (status = 403, description = "It is not good, or not any more", body = ApiError),
        (status = 429, description = "Too many tries", body = ApiError)))]
pub(in crate::http) async fn link(
    State(state): State<AppState>,
    Body(AskLink { token }): Body<AskLink>,
) -> Result<Json<LinkView>, Refusal> {
    let link = state.store.link(&hash(token.expose()), clock::unix_ms()).await?;
    let organisation = state.store.organisation().await?;
    Ok(Json(LinkView {
        kind: link.kind,
        organisation,
        name: link.name,
        email: link.email,
        roles: link.roles,
    }))
}

/// Begins to make an account with its first passkey, by a one-time link.
#[utoipa::path(post, path = "/api/v1/account/registrations", tag = "accounts", request_body = BeginRegistration,
    responses(
        (status = 200, description = "What the browser needs to make a passkey", body = PasskeyCreation),
        (status = 403, description = "The link is not good, or the page is not one for passkeys", body = ApiError),
        (status = 429, description = "Too many tries", body = ApiError)))]
pub(in crate::http) async fn begin_registration(
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(begin): Body<BeginRegistration>,
) -> Result<Json<PasskeyCreation>, Refusal> {
    let party = relying_party(&state, &headers)?;
    let link_hash = hash(begin.token.expose());
    let link = state.store.link(&link_hash, clock::unix_ms()).await?;
    if let (LinkKind::Recovery, Some(user)) = (link.kind, link.user) {
        return begin_recovery(&state, &party, user, link_hash, link.name.as_ref()).await;
    }
    if link.kind == LinkKind::Invitation && begin.organisation.is_some() {
        let message = "only the first administrator names the organisation with the link";
        return Err(Refusal::new(Rule::WellFormed, message));
    }
    let user = UserId::from_bytes(random()?);
    let name = user_name(begin.email.as_ref().map_or(begin.name.as_str(), |email| email.as_str()));
    let organisation = match &begin.organisation {
        Some(organisation) => organisation.clone(),
        None => state.store.organisation().await?,
    };
    let draft =
        Draft { user, name: begin.name, email: begin.email, organisation: begin.organisation, link_hash };
    let challenge = Challenge::draw()?;
    let ceremony = CeremonyId::from_bytes(random()?);
    begun(&state, ceremony, Ceremony::Join(Box::new(draft), challenge));
    Ok(Json(party.creation(ceremony, &challenge, user, (&organisation, name), &[])))
}

/// Makes the account: the link is used up, and the browser is signed in.
#[utoipa::path(post, path = "/api/v1/account/registrations/finish", tag = "accounts", request_body = MadePasskey,
    responses(
        (status = 201, description = "The account exists, and a cookie is set", body = Account),
        (status = 403, description = "The link or the passkey is not good, or too late", body = ApiError),
        (status = 409, description = "Another has the address or the passkey", body = ApiError),
        (status = 429, description = "Too many tries", body = ApiError)))]
pub(in crate::http) async fn finish_registration(
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(made): Body<MadePasskey>,
) -> Result<(StatusCode, WithCookie<Json<Account>>), Refusal> {
    let party = relying_party(&state, &headers)?;
    let (draft, challenge) = match taken(&state, made.ceremony) {
        Some(Ceremony::Join(draft, challenge)) => (draft, challenge),
        Some(Ceremony::Recover(link_hash, challenge)) => {
            let passkey = new_passkey(&party, &challenge, made)?;
            let (session, token) = new_session(true)?;
            let user = state.store.recover(&link_hash, &passkey, &session, clock::unix_ms()).await?;
            tracing::info!(user = %user.id, "an administrator came back by a link");
            return Ok((StatusCode::CREATED, signed_in(&state, user, session.id, &token).await?));
        }
        _ => return Err(no_passkey()),
    };
    let passkey = new_passkey(&party, &challenge, made)?;
    let (session, token) = new_session(true)?;
    let id = session.id;
    let Draft { user, name, email, organisation, link_hash } = *draft;
    let way = NewWay::Passkey(passkey);
    let new = NewUser { id: user, name, email, organisation, way, session };
    let user = state.store.join(&link_hash, &new, clock::unix_ms()).await?;
    tracing::info!(user = %user.id, "a user came by a one-time link");
    Ok((StatusCode::CREATED, signed_in(&state, user, id, &token).await?))
}

/// Begins to sign in.
#[utoipa::path(post, path = "/api/v1/account/sign-in", tag = "accounts",
    responses(
        (status = 200, description = "What the browser needs to show a passkey", body = PasskeyRequest),
        (status = 403, description = "The page is not one for passkeys", body = ApiError),
        (status = 429, description = "Too many tries", body = ApiError)))]
pub(in crate::http) async fn begin_sign_in(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Json<PasskeyRequest>, Refusal> {
    let party = relying_party(&state, &headers)?;
    let challenge = Challenge::draw()?;
    let ceremony = CeremonyId::from_bytes(random()?);
    begun(&state, ceremony, Ceremony::SignIn(challenge));
    Ok(Json(PasskeyRequest { ceremony, challenge: challenge.on_wire(), rp_id: party.rp_id().to_owned() }))
}

/// Signs in who shows a passkey of this server. One answer for every passkey that opens nothing.
#[utoipa::path(post, path = "/api/v1/account/sign-in/finish", tag = "accounts", request_body = ShownPasskey,
    responses(
        (status = 200, description = "Signed in, and a cookie is set", body = Account),
        (status = 403, description = "The passkey opens nothing here, or is too late", body = ApiError),
        (status = 429, description = "Too many tries", body = ApiError)))]
pub(in crate::http) async fn finish_sign_in(
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(shown): Body<ShownPasskey>,
) -> Result<WithCookie<Json<Account>>, Refusal> {
    let party = relying_party(&state, &headers)?;
    let Some(Ceremony::SignIn(challenge)) = taken(&state, shown.ceremony) else { return Err(no_passkey()) };
    let passkey = state.store.passkey_by_credential(shown.credential.as_bytes()).await?;
    let passkey = passkey.ok_or_else(no_passkey)?;
    if shown.user_handle.as_bytes() != passkey.user.as_bytes() {
        return Err(no_passkey());
    }
    let counter =
        party.check_shown(&challenge, &shown, &passkey.public_key, passkey.counter).map_err(not_a_passkey)?;
    let (session, token) = new_session(true)?;
    let user = match state.store.sign_in(&passkey, counter, &session, clock::unix_ms()).await {
        Err(AccountError::Unknown) => return Err(no_passkey()),
        other => other?,
    };
    signed_in(&state, user, session.id, &token).await
}

/// Ends the session that asks.
#[utoipa::path(post, path = "/api/v1/account/sign-out", tag = "accounts", security(("session" = [])),
    responses(
        (status = 204, description = "Signed out, and the cookie is gone"),
        (status = 401, description = "Not signed in", body = ApiError)))]
pub(in crate::http) async fn sign_out(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<WithCookie<StatusCode>, Refusal> {
    let session = caller.session()?;
    match state.store.end_session(caller.user.id, session, AuditAction::SessionEnded, clock::unix_ms()).await
    {
        // Another request ended it meanwhile: out is out.
        Ok(()) | Err(AccountError::Unknown) => Ok(without_cookie(&state, StatusCode::NO_CONTENT)),
        Err(error) => Err(error.into()),
    }
}

/// Begins to make a passkey for an administrator who lost every other.
async fn begin_recovery(
    state: &Shared,
    party: &RelyingParty,
    user: UserId,
    link_hash: [u8; 32],
    name: Option<&DisplayName>,
) -> Result<Json<PasskeyCreation>, Refusal> {
    let exclude = state.store.credential_ids(user).await?;
    let organisation = state.store.organisation().await?;
    let name = user_name(name.map_or("", DisplayName::as_str));
    let (ceremony, challenge) = (CeremonyId::from_bytes(random()?), Challenge::draw()?);
    begun(state, ceremony, Ceremony::Recover(link_hash, challenge));
    Ok(Json(party.creation(ceremony, &challenge, user, (&organisation, name), &exclude)))
}

/// Returns an answer that takes the browser's cookie away.
pub(super) fn without_cookie<T>(state: &Shared, answer: T) -> WithCookie<T> {
    ([(header::SET_COOKIE, guard::no_cookie(state.public_url.as_ref()))], answer)
}

/// Returns the server as the passkeys of the page that asks know it.
///
/// # Errors
/// The refusal of a page that can have no passkeys.
pub(super) fn relying_party(state: &Shared, headers: &HeaderMap) -> Result<RelyingParty, Refusal> {
    let message = "passkeys need https, or this very machine under the name localhost: \
        put a reverse proxy with a certificate in front, and say its address with --public-url";
    let none = || Refusal::new(Rule::AccountOrigin, message);
    if state.public_url.as_ref().is_some_and(|url| !url.is_trustworthy()) {
        return Err(none());
    }
    let origin = origin(state, headers).ok_or_else(none)?;
    RelyingParty::new(&origin).ok_or_else(none)
}

/// Returns the origin of the page that asks, to which the identity provider sends a browser back.
///
/// # Errors
/// The refusal of a page at an address that the asker chose.
pub(super) fn page_origin(state: &Shared, headers: &HeaderMap) -> Result<String, Refusal> {
    let message = "the server does not know its own address: say it with --public-url";
    origin(state, headers).ok_or_else(|| Refusal::new(Rule::AccountOrigin, message))
}

fn origin(state: &Shared, headers: &HeaderMap) -> Option<String> {
    match &state.public_url {
        Some(url) => Some(url.origin().to_owned()),
        None => local_origin(headers),
    }
}

/// Returns the origin of a server that was told no URL: whoever asks has to be on the machine itself. Any other name in
/// `Host` would be one that the asker chose.
fn local_origin(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let url = PublicUrl::try_from(format!("http://{host}")).ok()?;
    let name = url.origin().strip_prefix("http://")?;
    (name == "localhost" || name.starts_with("localhost:")).then(|| url.origin().to_owned())
}

/// Returns what an authenticator shows as the account's name: what it takes of it at least, 64 bytes (W3C WebAuthn level
/// 3 section 6.4.1).
pub(super) fn user_name(text: &str) -> String {
    let mut end = text.len().min(64);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// Remembers a ceremony under an id that was drawn for it.
pub(super) fn begun(state: &Shared, id: CeremonyId, ceremony: Ceremony) {
    state.accounts.ceremonies.begin(id, ceremony, Instant::now());
}

/// Takes a ceremony that was remembered.
pub(super) fn taken(state: &Shared, id: CeremonyId) -> Option<Ceremony> {
    state.accounts.ceremonies.take(id, Instant::now())
}

/// Checks a passkey that was made.
pub(super) fn new_passkey(
    party: &RelyingParty,
    challenge: &Challenge,
    made: MadePasskey,
) -> Result<NewPasskey, Refusal> {
    let checked = party.check_made(challenge, &made).map_err(not_a_passkey)?;
    Ok(NewPasskey {
        id: PasskeyId::from_bytes(random()?),
        label: made.label,
        credential_id: checked.credential_id,
        public_key: checked.public_key,
        counter: checked.counter,
    })
}

/// The one answer for what is not a passkey that opens something here.
fn not_a_passkey(error: NotAPasskey) -> Refusal {
    tracing::debug!(%error, "a passkey was refused");
    no_passkey()
}

/// As [`not_a_passkey`], where there was nothing to check.
pub(super) fn no_passkey() -> Refusal {
    Refusal::new(Rule::AccountPasskey, "this passkey opens no account here, or it came too late; begin again")
}

/// Draws a session. `strong` says whether more than one factor was seen.
pub(super) fn new_session(strong: bool) -> Result<(NewSession, AccessToken), Refusal> {
    let token = AccessToken::from_bytes(random()?);
    let id = SessionId::from_bytes(random()?);
    Ok((NewSession { id, token_hash: hash(token.expose()), strong }, token))
}

/// Answers who is signed in now, and gives their browser its session.
pub(super) async fn signed_in(
    state: &Shared,
    user: User,
    session: SessionId,
    token: &AccessToken,
) -> Result<WithCookie<Json<Account>>, Refusal> {
    let organisation = state.store.organisation().await?;
    let cookie = guard::session_cookie(token, state.public_url.as_ref());
    Ok(([(header::SET_COOKIE, cookie)], Json(Account { user, session, organisation })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_url_only_this_machine_has_passkeys() {
        let origin = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            local_origin(&headers)
        };
        assert_eq!(origin("localhost:8080").as_deref(), Some("http://localhost:8080"));
        assert_eq!(origin("LOCALHOST").as_deref(), Some("http://localhost"));
        for host in ["127.0.0.1:8080", "localhost.example.org", "evil.example", "a@localhost", "localhost/x"]
        {
            assert_eq!(origin(host), None, "{host}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        assert_eq!(user_name("Asha"), "Asha");
        assert_eq!(user_name(&"आ".repeat(40)).chars().count(), 21);
    }
}
