//! Who asks, and whether they may: before any handler of accounts runs.
//!
//! A person has a session, whose token is in a cookie that no script reads and no other site sends; a program has an API
//! key in `Authorization`. One answer stands for every credential that opens nothing, so that trying tells nothing.

use std::{convert::Infallible, net::IpAddr, time::Instant};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use base64ct::{Base64, Encoding as _};
use sabha_protocol::{
    Rule,
    account::{ApiKeyId, Scope, SessionId, UserId},
    limits::{CEREMONY_LIFE, HTTP_BODY_BYTES_MAX, SESSION_LIFE},
    secret::AccessToken,
    wire::accounts::User,
};

use super::{super::origin, AppState, Refusal, Right};
use crate::{
    accounts::{API_KEY_PREFIX, api_key_of, hash},
    clock,
    config::PublicUrl,
    http::{Shared, client_address::client_address},
    signalling,
    storage::{Author, LiveSession},
};

/// Of a server that is reached by HTTPS. The prefix has browsers insist on Secure, this very host, and no Domain
/// (RFC 6265bis section 4.1.3.2).
const SECURE_COOKIE: &str = "__Host-sabha";

/// Of a server on this machine without HTTPS.
const LOCAL_COOKIE: &str = "sabha";

/// As those, for who was sent to the identity provider.
const SECURE_FLOW_COOKIE: &str = "__Host-sabha-flow";
const LOCAL_FLOW_COOKIE: &str = "sabha-flow";

/// By what somebody is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Identity {
    /// A person, by the session of a cookie.
    Session(SessionId),
    /// A program, by its API key.
    Key(ApiKeyId),
}

/// Who asks. Handlers get it only behind a right that needs somebody.
#[derive(Clone, Debug)]
pub(in crate::http) struct Caller {
    pub(in crate::http) user: User,
    pub(in crate::http) identity: Identity,
    /// In person, and more than one factor was seen: a passkey, or what the identity provider calls so.
    pub(in crate::http) strong: bool,
}

impl Caller {
    /// Returns the caller as the audit log names them.
    pub(in crate::http) const fn author(&self) -> Author {
        let key = match self.identity {
            Identity::Session(_) => None,
            Identity::Key(key) => Some(key),
        };
        Author { user: Some(self.user.id), key }
    }

    /// Returns the session, which every caller has whose right takes a person.
    ///
    /// # Errors
    /// The refusal of a program.
    pub(in crate::http) fn session(&self) -> Result<SessionId, Refusal> {
        match self.identity {
            Identity::Session(session) => Ok(session),
            Identity::Key(_) => Err(no_scope()),
        }
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Refusal> {
        parts.extensions.get().cloned().ok_or_else(not_signed_in)
    }
}

/// Who asks where nobody has to say who they are, if they show what lets them read the bulletin.
#[derive(Clone, Debug)]
pub(in crate::http) struct Known(pub(in crate::http) Option<Caller>);

impl FromRequestParts<AppState> for Known {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let is_ours = own_page(&parts.method, &parts.headers, state.public_url.as_ref()).is_ok();
        if !is_ours || !is_known(&parts.headers, state.public_url.as_ref()) {
            return Ok(Self(None));
        }
        let address = client_address(&state.trusted_proxies, &parts.extensions, &parts.headers);
        let read = Right::Scope(Scope::BulletinRead);
        Ok(Self(allowed(state, &parts.headers, address, read).await.ok()))
    }
}

/// Lets a request through to its handler, or says by which rule not.
pub(super) async fn guard(
    State((state, right)): State<(AppState, Right)>,
    mut request: Request,
    next: Next,
) -> Response {
    // What everybody reads, whoever they are, is linked from anywhere.
    let is_open = right == Right::Anyone && matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_open && let Err(refusal) = own_page(request.method(), request.headers(), state.public_url.as_ref())
    {
        return refusal.into_response();
    }
    let address = client_address(&state.trusted_proxies, request.extensions(), request.headers());
    let _permit = if right == Right::Entry {
        // Read first: who sends its body slowly holds no place among those who come in.
        request = match with_body(request).await {
            Ok(request) => request,
            Err(refusal) => return refusal.into_response(),
        };
        match state.accounts.entries.admit(address, Instant::now()) {
            Ok(permit) => Some(permit),
            Err(signalling::Refused::Full) => {
                return Refusal::new(Rule::Capacity, "too many people are signing in").into_response();
            }
            Err(signalling::Refused::Address) => {
                let message = "too many tries from your address or its network; wait a moment";
                return Refusal::new(Rule::NetworkRate, message).into_response();
            }
        }
    } else {
        None
    };
    if !matches!(right, Right::Anyone | Right::Entry) {
        match allowed(&state, request.headers(), address, right).await {
            Ok(caller) => request.extensions_mut().insert(caller),
            Err(refusal) => return refused(refusal, request.uri().path()),
        };
    }
    next.run(request).await
}

/// Says that a password will do, to programs that show none until they are asked. Not under `/api/`: a browser would ask people.
fn refused(refusal: Refusal, path: &str) -> Response {
    let mut response = refusal.into_response();
    if response.status() == StatusCode::UNAUTHORIZED && !path.starts_with("/api/") {
        let basic = HeaderValue::from_static("Basic realm=\"an API key as the password\", charset=\"UTF-8\"");
        response.headers_mut().append(header::WWW_AUTHENTICATE, basic);
    }
    response
}

/// Refuses what a page of another site sends (W3C Fetch Metadata; RFC 6454). A browser sends an `Origin` with everything
/// that changes something; a request with a cookie and without one is none of ours.
fn own_page(method: &Method, headers: &HeaderMap, public_url: Option<&PublicUrl>) -> Result<(), Refusal> {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let own_site = site.is_none_or(|site| matches!(site, b"same-origin" | b"none"));
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let by_cookie = !headers.contains_key(header::AUTHORIZATION) && headers.contains_key(header::COOKIE);
    let unsaid = by_cookie && !reads && !headers.contains_key(header::ORIGIN);
    if own_site && !unsaid && origin::is_allowed(headers, public_url) {
        return Ok(());
    }
    let message = "this page is not from here; if it is, the server's public_url is wrong";
    Err(Refusal::new(Rule::AccountOrigin, message))
}

/// Returns the request with its whole body read.
async fn with_body(request: Request) -> Result<Request, Refusal> {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, HTTP_BODY_BYTES_MAX).await.map_err(|_| {
        let message = "the body is too long, or did not come whole";
        Refusal::with_status(StatusCode::PAYLOAD_TOO_LARGE, Rule::WellFormed, message)
    })?;
    Ok(Request::from_parts(parts, bytes.into()))
}

/// Returns the account with which whoever opens a connection to meetings is signed in: by a person's session, or by an API
/// key for meetings. Nothing for everybody else, and for a credential that opens nothing: they come as guests.
pub(in crate::http) async fn signed_in(
    state: &Shared,
    headers: &HeaderMap,
    address: IpAddr,
) -> Option<UserId> {
    if !is_known(headers, state.public_url.as_ref()) {
        return None;
    }
    let (caller, scopes) = identified(state, headers, address).await.ok()?;
    scopes.is_none_or(|scopes| scopes.contains(&Scope::MeetingsCreate)).then_some(caller.user.id)
}

/// Returns who asks, if they may.
async fn allowed(
    state: &Shared,
    headers: &HeaderMap,
    address: IpAddr,
    right: Right,
) -> Result<Caller, Refusal> {
    let (caller, scopes) = identified(state, headers, address).await?;
    if let Some(scopes) = scopes
        && !matches!(right, Right::Scope(scope) if scopes.contains(&scope))
    {
        return Err(no_scope());
    }
    let roles = right.roles();
    if roles.is_empty() || roles.iter().any(|role| caller.user.roles.contains(role)) {
        return Ok(caller);
    }
    Err(Refusal::new(Rule::AccountRole, "you do not have the role that this needs; ask an administrator"))
}

/// Returns who asks, and for an API key what it was made for. The database is asked only while not too many wrong
/// credentials came from `address`.
async fn identified(
    state: &Shared,
    headers: &HeaderMap,
    address: IpAddr,
) -> Result<(Caller, Option<Vec<Scope>>), Refusal> {
    let credentials = &state.accounts.credentials;
    let check = |hash: &[u8; 32]| {
        if credentials.may_look_up(hash, address, Instant::now()) {
            return Ok(());
        }
        let message = "too many wrong credentials from your address or its network; wait a moment";
        Err(Refusal::new(Rule::CredentialRate, message))
    };
    let found = |hash: &[u8; 32], is_good| credentials.found(hash, is_good, address, Instant::now());
    if let Some(authorization) = headers.get(header::AUTHORIZATION) {
        let key = key_in(authorization).and_then(|key| api_key_of(&key)).ok_or_else(not_signed_in)?;
        let hash = hash(key.expose());
        check(&hash)?;
        let holder = state.store.key_holder(&hash, clock::unix_ms()).await?;
        found(&hash, holder.is_some());
        let holder = holder.ok_or_else(not_signed_in)?;
        let caller = Caller { user: holder.user, identity: Identity::Key(holder.key), strong: false };
        Ok((caller, Some(holder.scopes.into_iter().collect())))
    } else {
        let token = token(headers, state.public_url.as_ref()).ok_or_else(not_signed_in)?;
        let hash = hash(token.expose());
        check(&hash)?;
        let session = state.store.session(&hash, clock::unix_ms()).await?;
        found(&hash, session.is_some());
        let LiveSession { id, user, strong } = session.ok_or_else(not_signed_in)?;
        Ok((Caller { user, identity: Identity::Session(id), strong }, None))
    }
}

/// Returns whether a request carries a session or an API key, good or not.
pub(in crate::http) fn is_known(headers: &HeaderMap, public_url: Option<&PublicUrl>) -> bool {
    match headers.get(header::AUTHORIZATION) {
        Some(value) => key_in(value).is_some_and(|key| key.starts_with(API_KEY_PREFIX)),
        None => token(headers, public_url).is_some(),
    }
}

/// Returns who creates a meeting by a session or an API key.
///
/// # Errors
/// The refusal of who may not.
pub(in crate::http) async fn meeting_author(
    state: &Shared,
    headers: &HeaderMap,
    address: IpAddr,
) -> Result<Caller, Refusal> {
    own_page(&Method::POST, headers, state.public_url.as_ref())?;
    allowed(state, headers, address, Right::Scope(Scope::MeetingsCreate)).await
}

/// Returns the header that gives a browser its session.
pub(super) fn session_cookie(token: &AccessToken, public_url: Option<&PublicUrl>) -> String {
    cookie(public_url, cookie_name(public_url), &String::from(token.clone()), SESSION_LIFE.as_secs())
}

/// Returns the header that takes a browser's session away.
pub(super) fn no_cookie(public_url: Option<&PublicUrl>) -> String {
    cookie(public_url, cookie_name(public_url), "", 0)
}

/// Returns the header that binds a flow to the browser that began it. The page brings the answer, so that this cookie
/// is no more for other sites than the session's.
pub(super) fn flow_cookie(token: &AccessToken, public_url: Option<&PublicUrl>) -> String {
    let name = flow_cookie_name(public_url);
    cookie(public_url, name, &String::from(token.clone()), CEREMONY_LIFE.as_secs())
}

/// Returns the header that ends it.
pub(super) fn no_flow_cookie(public_url: Option<&PublicUrl>) -> String {
    cookie(public_url, flow_cookie_name(public_url), "", 0)
}

/// Returns what binds the browser to the flow that it began.
pub(super) fn flow_token(headers: &HeaderMap, public_url: Option<&PublicUrl>) -> Option<AccessToken> {
    token_in(headers, flow_cookie_name(public_url))
}

fn cookie(public_url: Option<&PublicUrl>, name: &str, value: &str, seconds: u64) -> String {
    let secure = if public_url.is_some_and(PublicUrl::is_secure) { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

fn cookie_name(public_url: Option<&PublicUrl>) -> &'static str {
    if public_url.is_some_and(PublicUrl::is_secure) { SECURE_COOKIE } else { LOCAL_COOKIE }
}

fn flow_cookie_name(public_url: Option<&PublicUrl>) -> &'static str {
    if public_url.is_some_and(PublicUrl::is_secure) { SECURE_FLOW_COOKIE } else { LOCAL_FLOW_COOKIE }
}

/// Returns the session's token.
fn token(headers: &HeaderMap, public_url: Option<&PublicUrl>) -> Option<AccessToken> {
    token_in(headers, cookie_name(public_url))
}

/// Returns the token in a cookie. Two cookies of its name are none: one of them is somebody's attempt.
fn token_in(headers: &HeaderMap, name: &str) -> Option<AccessToken> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value);
    let (value, None) = (found.next()?, found.next()) else { return None };
    AccessToken::try_from(value.to_owned()).ok()
}

/// Returns the key in an `Authorization`: after `Bearer`, or as the password of `Basic` (RFC 7617), whatever the user is called.
fn key_in(value: &HeaderValue) -> Option<String> {
    if let Some(key) = bearer(value) {
        return Some(key.to_owned());
    }
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    let decoded = Base64::decode_vec(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(password.to_owned())
}

/// Returns what follows `Bearer` (RFC 6750 section 2.1).
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn not_signed_in() -> Refusal {
    Refusal::new(Rule::AccountSignedIn, "sign in first, or use an API key that is good")
}

fn no_scope() -> Refusal {
    Refusal::with_status(StatusCode::FORBIDDEN, Rule::AccountScope, "the API key was not made for this")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn url(text: &str) -> PublicUrl {
        PublicUrl::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_page_of_another_site_changes_and_reads_nothing() {
        let host = ("host", "localhost:8080");
        let own = ("origin", "http://localhost:8080");
        let cookie = ("cookie", "sabha=x");
        let check =
            |method: Method, pairs: &[(&'static str, &str)]| own_page(&method, &headers(pairs), None).is_ok();
        assert!(check(Method::POST, &[host, own, cookie, ("sec-fetch-site", "same-origin")]));
        assert!(check(Method::POST, &[host]), "a program without a cookie");
        assert!(check(Method::GET, &[host, cookie]));
        assert!(!check(Method::POST, &[host, cookie]), "a cookie, and no word of where from");
        assert!(!check(Method::POST, &[host, cookie, ("origin", "https://evil.example")]));
        for site in ["cross-site", "same-site", "junk"] {
            assert!(!check(Method::POST, &[host, own, ("sec-fetch-site", site)]), "{site}");
            assert!(!check(Method::GET, &[host, cookie, ("sec-fetch-site", site)]), "{site}");
        }
    }

    #[test]
    fn a_key_is_the_password_of_basic_whatever_the_user_is_called() {
        let key = |value: &str| key_in(&value.parse().unwrap());
        assert_eq!(key("Bearer sabha_x").as_deref(), Some("sabha_x"));
        for (pair, found) in
            [("a:sabha_x", "sabha_x"), (":sabha_x", "sabha_x"), ("a:b:c", "b:c"), ("पाठक:sabha_x", "sabha_x")]
        {
            let encoded = Base64::encode_string(pair.as_bytes());
            assert_eq!(key(&format!("basic {encoded}")).as_deref(), Some(found));
            assert_eq!(key(&format!("Digest {encoded}")), None);
        }
        for wrong in ["Basic", "Basic ", "Basic c2FiaGE=", "Basic !", "Basic gICAgA=="] {
            assert_eq!(key(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_cookie_is_for_this_site_and_no_script() {
        let token = AccessToken::from_bytes([7; 32]);
        let secure = session_cookie(&token, Some(&url("https://meet.example.org")));
        assert!(secure.starts_with("__Host-sabha=BwcH"), "{secure}");
        for part in ["; Path=/", "; HttpOnly", "; SameSite=Strict", "; Secure"] {
            assert!(secure.contains(part), "{part}");
        }
        let local = session_cookie(&token, None);
        assert!(local.starts_with("sabha=") && !local.contains("Secure"), "{local}");
        assert!(no_cookie(None).contains("Max-Age=0"));
    }

    #[test]
    fn one_cookie_of_the_right_name_and_form_is_a_token() {
        let text = String::from(AccessToken::from_bytes([7; 32]));
        let https = url("https://meet.example.org");
        let ours = format!("a=b; sabha={text}; c");
        assert!(token(&headers(&[("cookie", &ours)]), None).is_some());
        assert!(token(&headers(&[("cookie", &ours)]), Some(&https)).is_none(), "of a name anybody could set");
        assert!(token(&headers(&[("cookie", &ours), ("cookie", &ours)]), None).is_none());
        assert!(token(&headers(&[("cookie", "sabha=short")]), None).is_none());
        assert!(token(&headers(&[]), None).is_none());
    }
}
