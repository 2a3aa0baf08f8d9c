//! The API of accounts: `/api/v1/account`, `/users`, `/invitations`, `/organisation`, `/plans`, `/floor`, `/templates`,
//! `/audit`;
//! and of those who watch over the server: `/live`, `/health`, `/refusals`.
//!
//! Every route is written down once, in [`routes`], with the right it takes; `guard.rs` checks it before the handler
//! runs, and a test asks every one of them with every kind of wrong credential.
//!
//! | rule | kept by |
//! |---|---|
//! | `ACCOUNT.ORIGIN`, `ACCOUNT.SIGNED_IN`, `ACCOUNT.ROLE`, `ACCOUNT.SCOPE` | `guard.rs` |
//! | `FLOOR.SEEN`, `FLOOR.PROFILE`, `FLOOR.LATER` | `floor.rs`, `templates.rs`, `advisories.rs` |
//! | `ACCOUNT.LINK`, `ACCOUNT.PASSKEY` | `entering.rs` |
//! | `ACCOUNT.IDENTITY`, `ACCOUNT.PROVIDER`, `ACCOUNT.STRANGER` | `provider.rs` |
//! | `ACCOUNT.PASSWORD`, `ACCOUNT.PASSWORDS_OFF` | `passwords.rs` |
//! | `ACCOUNT.LAST`, `ACCOUNT.KNOWN` | `storage`, in the transaction of the change |

pub(super) mod advisories;
pub(super) mod audit;
pub(super) mod entering;
pub(super) mod floor;
mod guard;
pub(super) mod mails;
pub(super) mod operation;
pub(super) mod own;
pub(super) mod passwords;
pub(super) mod plans;
pub(super) mod provider;
pub(super) mod templates;
pub(super) mod users;

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Json, Path, Request},
    handler::Handler,
    http::{Method, StatusCode, request::Parts},
    middleware,
    routing::{MethodFilter, on},
};
use sabha_protocol::{
    Rule,
    account::{AccountRole, Scope},
    limits::{HTTP_BODY_BYTES_MAX, PLAN_BODY_BYTES_MAX, PROFILE_BYTES_MAX},
};
use serde::de::DeserializeOwned;

pub(super) use self::guard::{Caller, Identity, Known, is_known, meeting_author, signed_in};
use super::{AppState, error::Refusal};
use crate::storage::{AccountError, StoreError};

/// What a caller needs for a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Nothing.
    Anyone,
    /// Nothing, but tries from one address are counted: the way in.
    Entry,
    /// To be signed in, in person: about the own account.
    SignedIn,
    /// A role, or an API key with this scope of somebody who has the role.
    Scope(Scope),
    /// To be an administrator, in person.
    Administrator,
}

impl Right {
    /// Returns the roles of which one is needed; none means that any user will do.
    pub const fn roles(self) -> &'static [AccountRole] {
        match self {
            Self::Anyone | Self::Entry | Self::SignedIn => &[],
            Self::Administrator => &[AccountRole::Administrator],
            Self::Scope(scope) => scope.roles(),
        }
    }
}

/// A route with the right it takes.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, with `{id}` where an id stands.
    pub path: &'static str,
    /// What its caller needs.
    pub right: Right,
}

/// Routes as they are written down: in the router, and in the list.
pub(in crate::http) struct Routes {
    state: AppState,
    router: Router<AppState>,
    list: Vec<Route>,
}

impl Routes {
    /// Returns no routes yet.
    pub(in crate::http) fn new(state: &AppState) -> Self {
        Self { state: state.clone(), router: Router::new(), list: Vec::new() }
    }

    /// Returns the router, and the list of what is in it.
    pub(in crate::http) fn into_parts(self) -> (Router<AppState>, Vec<Route>) {
        (self.router, self.list)
    }

    pub(in crate::http) fn add<H, T>(&mut self, method: Method, path: &'static str, right: Right, handler: H)
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self.add_sized(HTTP_BODY_BYTES_MAX, method, path, right, handler);
    }

    /// As [`Self::add`], for a body of at most so many bytes.
    pub(in crate::http) fn add_sized<H, T>(
        &mut self,
        bytes_max: usize,
        method: Method,
        path: &'static str,
        right: Right,
        handler: H,
    ) where
        H: Handler<T, AppState>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("the methods below are all of HTTP's own");
        let guard = middleware::from_fn_with_state((self.state.clone(), right), guard::guard);
        let router = std::mem::take(&mut self.router);
        self.router = router
            .route(path, on(filter, handler).layer(DefaultBodyLimit::max(bytes_max)).route_layer(guard));
        self.list.push(Route { method, path, right });
    }
}

/// Returns the router of accounts and of what is done by them, and the list of what is in it.
pub(super) fn routes(state: &AppState) -> (Router<AppState>, Vec<Route>) {
    use Method as M;
    let users_read = Right::Scope(Scope::UsersRead);
    let users_write = Right::Scope(Scope::UsersWrite);
    let meet = Right::Scope(Scope::MeetingsCreate);
    let audit_read = Right::Scope(Scope::AuditRead);
    let health_read = Right::Scope(Scope::HealthRead);
    let mut all = Routes::new(state);

    all.add(M::GET, "/api/v1/organisation", Right::Anyone, entering::organisation);
    all.add(M::PUT, "/api/v1/organisation", Right::Administrator, users::rename_organisation);

    all.add(M::POST, "/api/v1/account/link", Right::Entry, entering::link);
    all.add(M::POST, "/api/v1/account/registrations", Right::Entry, entering::begin_registration);
    all.add(M::POST, "/api/v1/account/registrations/finish", Right::Entry, entering::finish_registration);
    all.add(M::POST, "/api/v1/account/sign-in", Right::Entry, entering::begin_sign_in);
    all.add(M::POST, "/api/v1/account/sign-in/finish", Right::Entry, entering::finish_sign_in);
    all.add(M::POST, "/api/v1/account/sign-out", Right::SignedIn, entering::sign_out);

    all.add(M::GET, "/api/v1/account/ways", Right::Anyone, provider::ways);
    all.add(M::POST, "/api/v1/account/provider", Right::Entry, provider::begin);
    all.add(M::POST, "/api/v1/account/provider/finish", Right::Entry, provider::finish);

    all.add(M::POST, "/api/v1/account/password/sign-in", Right::Entry, passwords::begin);
    all.add(M::POST, "/api/v1/account/password/sign-in/finish", Right::Entry, passwords::finish);
    all.add(M::PUT, "/api/v1/passwords", Right::Administrator, passwords::allow);

    all.add(M::GET, "/api/v1/account/password", Right::SignedIn, passwords::own);
    all.add(M::POST, "/api/v1/account/password", Right::SignedIn, passwords::begin_setting);
    all.add(M::PUT, "/api/v1/account/password", Right::SignedIn, passwords::set);
    all.add(M::DELETE, "/api/v1/account/password", Right::SignedIn, passwords::remove);

    all.add(M::GET, "/api/v1/account", Right::SignedIn, own::account);
    all.add(M::GET, "/api/v1/account/identities", Right::SignedIn, provider::identities);
    all.add(M::POST, "/api/v1/account/identities", Right::SignedIn, provider::begin_identity);
    all.add(M::POST, "/api/v1/account/identities/finish", Right::SignedIn, provider::finish_identity);
    all.add(M::DELETE, "/api/v1/account/identities/{id}", Right::SignedIn, provider::remove_identity);
    all.add(M::GET, "/api/v1/account/passkeys", Right::SignedIn, own::passkeys);
    all.add(M::POST, "/api/v1/account/passkeys", Right::SignedIn, own::begin_passkey);
    all.add(M::POST, "/api/v1/account/passkeys/finish", Right::SignedIn, own::finish_passkey);
    all.add(M::PATCH, "/api/v1/account/passkeys/{id}", Right::SignedIn, own::rename_passkey);
    all.add(M::DELETE, "/api/v1/account/passkeys/{id}", Right::SignedIn, own::remove_passkey);
    all.add(M::GET, "/api/v1/account/sessions", Right::SignedIn, own::sessions);
    all.add(M::DELETE, "/api/v1/account/sessions", Right::SignedIn, own::end_sessions);
    all.add(M::DELETE, "/api/v1/account/sessions/{id}", Right::SignedIn, own::end_session);
    all.add(M::GET, "/api/v1/account/keys", Right::SignedIn, own::keys);
    all.add(M::POST, "/api/v1/account/keys", Right::SignedIn, own::create_key);
    all.add(M::DELETE, "/api/v1/account/keys/{id}", Right::SignedIn, own::revoke_key);

    all.add(M::GET, "/api/v1/users", users_read, users::users);
    all.add(M::PATCH, "/api/v1/users/{id}", users_write, users::change_user);
    all.add(M::DELETE, "/api/v1/users/{id}", users_write, users::remove_user);
    all.add(M::GET, "/api/v1/invitations", users_read, users::invitations);
    all.add(M::POST, "/api/v1/invitations", users_write, users::invite);
    all.add(M::DELETE, "/api/v1/invitations/{id}", users_write, users::revoke_invitation);

    let policy_read = Right::Scope(Scope::PolicyRead);
    let policy_write = Right::Scope(Scope::PolicyWrite);
    // A profile's file is larger than other bodies, and JSON in JSON is longer than it is.
    let large = 2 * PROFILE_BYTES_MAX + HTTP_BODY_BYTES_MAX;
    all.add(M::GET, "/api/v1/floor", policy_read, floor::view);
    all.add_sized(large, M::POST, "/api/v1/floor", policy_write, floor::apply);
    all.add_sized(large, M::POST, "/api/v1/floor/preview", policy_read, floor::preview);

    all.add(M::GET, "/api/v1/floor/advisories", policy_read, advisories::list);
    all.add(M::POST, "/api/v1/floor/advisories/preview", policy_read, advisories::preview);
    all.add(M::POST, "/api/v1/floor/advisories/apply", policy_write, advisories::apply);
    all.add(M::POST, "/api/v1/floor/advisories/rollback", policy_write, advisories::take_back);
    all.add(M::GET, "/api/v1/floor/subscriptions", policy_read, advisories::subscriptions);
    all.add(M::PUT, "/api/v1/floor/subscriptions", policy_write, advisories::subscribe);
    all.add(M::DELETE, "/api/v1/floor/subscriptions/{id}", policy_write, advisories::unsubscribe);

    all.add(M::GET, "/api/v1/templates", meet, templates::templates);
    all.add(M::POST, "/api/v1/templates", policy_write, templates::put);
    all.add(M::DELETE, "/api/v1/templates/{id}", policy_write, templates::remove);

    all.add(M::GET, "/api/v1/plans", meet, plans::plans);
    all.add_sized(PLAN_BODY_BYTES_MAX, M::POST, "/api/v1/plans", meet, plans::create);
    all.add(M::POST, "/api/v1/plans/times", meet, plans::times);
    all.add(M::DELETE, "/api/v1/plans/{id}", meet, plans::cancel);
    all.add(M::GET, "/api/v1/plans/{id}/mails", meet, mails::mails);
    all.add(M::POST, "/api/v1/plans/{id}/mails", meet, mails::send);
    all.add(M::DELETE, "/api/v1/plans/meetings/{id}", meet, plans::cancel_meeting);

    all.add(M::GET, "/api/v1/audit", audit_read, audit::page);
    all.add(M::GET, "/api/v1/audit/export", audit_read, audit::export);

    all.add(M::GET, "/api/v1/live", health_read, operation::live);
    all.add(M::GET, "/api/v1/health", health_read, operation::health);
    all.add(M::GET, "/api/v1/refusals", health_read, operation::refused);
    super::bulletin::add(&mut all);
    all.into_parts()
}

/// A body of JSON, bounded by the router and checked by its type.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Refusal> {
        let Json(body) = Json::from_request(request, state)
            .await
            .map_err(|error| Refusal::with_status(error.status(), Rule::WellFormed, error.body_text()))?;
        Ok(Self(body))
    }
}

/// The `{id}` of a path. A text that is no id names nothing.
pub(super) struct Id<T>(pub(super) T);

impl<T: std::str::FromStr> FromRequestParts<AppState> for Id<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let id = Path::<String>::from_request_parts(parts, state).await.ok();
        id.and_then(|Path(id)| id.parse().ok()).map(Self).ok_or_else(|| AccountError::Unknown.into())
    }
}

impl From<AccountError> for Refusal {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Full => Self::with_status(
                StatusCode::CONFLICT,
                Rule::Capacity,
                "there are as many of these as there may be; remove one first",
            ),
            AccountError::Unknown => {
                Self::with_status(StatusCode::NOT_FOUND, Rule::AccountKnown, "there is none of this id")
            }
            AccountError::Link => Self::new(
                Rule::AccountLink,
                "the link is not good, or not any more; ask whoever gave it to you for another",
            ),
            AccountError::Last => Self::with_status(
                StatusCode::CONFLICT,
                Rule::AccountLast,
                "the last administrator and the last way in have to stay; add another first",
            ),
            AccountError::Taken => {
                Self::with_status(StatusCode::CONFLICT, Rule::AccountKnown, "somebody has this already")
            }
            AccountError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "accounts could not be read or written");
        Self::new(Rule::Storage, "the server's storage failed; nothing was changed")
    }
}

impl From<crate::accounts::NoRandomness> for Refusal {
    fn from(_: crate::accounts::NoRandomness) -> Self {
        Self::new(Rule::Capacity, "the server is not ready yet; try again soon")
    }
}
