//! The API of the bulletin: `/api/v1/bulletin/...`, and below `public` what is `TLP:CLEAR`, for everybody. `pages/` has the same
//! for people who have only a browser. Beside it `/.well-known/csaf/` and `/.well-known/csaf-aggregator/`, where readers of CSAF look.
//!
//! As the accounts', every route stands once in a list with the right it takes. What somebody may do with a document is then
//! a question of their membership: the database answers with what they may know, `sabha_advisory` decides what they may do,
//! and what they may not know of is answered as if there were none.
//!
//! | rule | kept by |
//! |---|---|
//! | `BULLETIN.KNOWN` | `storage/bulletin/clearance.rs`, in every query |
//! | `BULLETIN.ROLE`, `BULLETIN.STAGE`, `BULLETIN.FOUR_EYES` | `sabha_advisory::life`, in the transaction of the change |
//! | `BULLETIN.SEEN` | `storage/bulletin/writing.rs` |
//! | `BULLETIN.CSAF` | `storage/bulletin/publishing.rs`, by `sabha_advisory::csaf::judge` |
//! | `BULLETIN.MARKING`, `BULLETIN.CONTENT` | `documents.rs`, by `bulletin.rs` and `sabha_advisory::clearance` |
//! | `BULLETIN.ATTACHMENT` | `files.rs` |
//! | `BULLETIN.KEY` | `notices.rs`, by `notices/openpgp.rs` |
//! | `BULLETIN.WEBHOOK` | `webhooks.rs` and each delivery, by `notices/target.rs` |
//! | `FLOOR.PROFILE` | `profiles.rs`, for what a revision carries |

pub(super) mod aggregator;
pub(super) mod check;
pub(super) mod discussion;
pub(super) mod documents;
pub(super) mod exchange;
pub(super) mod feeds;
pub(super) mod files;
pub(super) mod incidents;
pub(super) mod notices;
pub(super) mod organisations;
pub(super) mod pages;
pub(super) mod profiles;
pub(super) mod provider;
pub(super) mod public;
pub(super) mod webhooks;

use axum::{
    extract::{FromRequestParts, Path, Query, rejection::QueryRejection},
    http::{Method, StatusCode, request::Parts},
};
use sabha_advisory::{
    clearance::{Contradiction, Reader},
    csaf::Unfit,
    life::NotTaken,
};
use sabha_protocol::{
    Rule,
    account::Scope,
    limits::{
        ATTACHMENT_BYTES_MAX, DOCUMENT_BYTES_MAX, HTTP_BODY_BYTES_MAX, OPENPGP_KEY_BYTES_MAX,
        PROFILE_BYTES_MAX,
    },
    wire::bulletin_documents::DocumentQuery,
};

use super::{
    AppState, Shared,
    accounts::{Body, Caller, Right, Routes},
    error::Refusal,
};
use crate::{
    bulletin::{InvalidContent, check as checked},
    storage::{Acting, BulletinError, DocumentFilter},
};

/// Adds the bulletin's routes.
pub(super) fn add(all: &mut Routes) {
    use Method as M;
    let read = Right::Scope(Scope::BulletinRead);
    let write = Right::Scope(Scope::BulletinWrite);

    all.add(M::GET, "/api/v1/bulletin/public", Right::Anyone, public::documents);
    all.add(M::GET, "/api/v1/bulletin/public/facets", Right::Anyone, public::facets);
    all.add(M::GET, "/api/v1/bulletin/public/{id}", Right::Anyone, public::document);
    let content = "/api/v1/bulletin/public/{id}/revisions/{number}/content";
    all.add(M::GET, content, Right::Anyone, public::content);
    all.add(M::GET, "/api/v1/bulletin/public/attachments/{id}", Right::Anyone, public::attachment);

    all.add(M::GET, "/api/v1/bulletin/facets", read, documents::facets);
    all.add(M::GET, "/api/v1/bulletin/me", read, organisations::me);
    all.add(M::GET, "/api/v1/bulletin/organisations", read, organisations::organisations);
    all.add(M::POST, "/api/v1/bulletin/organisations", Right::Administrator, organisations::add);
    all.add(M::DELETE, "/api/v1/bulletin/organisations/{id}", Right::Administrator, organisations::remove);
    all.add(M::GET, "/api/v1/bulletin/memberships", read, organisations::memberships);
    // Who may do what is said by people, not by programs.
    all.add(M::PUT, "/api/v1/bulletin/memberships", Right::SignedIn, organisations::set_membership);
    all.add(
        M::DELETE,
        "/api/v1/bulletin/memberships/{id}",
        Right::SignedIn,
        organisations::remove_membership,
    );
    all.add(M::GET, "/api/v1/bulletin/groups", read, organisations::groups);
    // A group can have every organisation there is, each some 30 bytes.
    let groups = 2 * HTTP_BODY_BYTES_MAX;
    all.add_sized(groups, M::POST, "/api/v1/bulletin/groups", Right::Administrator, organisations::add_group);
    let change = organisations::change_group;
    all.add_sized(groups, M::PUT, "/api/v1/bulletin/groups/{id}", Right::Administrator, change);

    // JSON in JSON is longer than it is.
    let large = 2 * DOCUMENT_BYTES_MAX + HTTP_BODY_BYTES_MAX;
    all.add(M::GET, "/api/v1/bulletin/documents", read, documents::documents);
    all.add_sized(large, M::POST, "/api/v1/bulletin/documents", write, documents::create);
    all.add(M::GET, "/api/v1/bulletin/documents/{id}", read, documents::document);
    all.add_sized(large, M::PUT, "/api/v1/bulletin/documents/{id}/draft", write, documents::change);
    all.add_sized(large, M::POST, "/api/v1/bulletin/check", read, check::check);
    let revisions = "/api/v1/bulletin/documents/{id}/revisions";
    all.add_sized(large, M::POST, revisions, write, documents::begin);
    all.add(M::POST, "/api/v1/bulletin/documents/{id}/steps", write, documents::step);
    let content = "/api/v1/bulletin/documents/{id}/revisions/{number}/content";
    all.add(M::GET, content, read, files::content);
    let attachments = "/api/v1/bulletin/documents/{id}/attachments";
    all.add_sized(ATTACHMENT_BYTES_MAX, M::POST, attachments, write, files::attach);
    all.add(M::GET, "/api/v1/bulletin/attachments/{id}", read, files::attachment);
    all.add(M::DELETE, "/api/v1/bulletin/attachments/{id}", write, files::detach);

    add_provider(all, read);
    add_notices(all, read);

    all.add(M::GET, "/api/v1/bulletin/public/feed.atom", Right::Anyone, feeds::public_atom);
    all.add(M::GET, "/api/v1/bulletin/public/feed.rss", Right::Anyone, feeds::public_rss);
    all.add(M::GET, "/api/v1/bulletin/feeds/{token}/{file}", Right::Anyone, feeds::own);
    all.add(M::GET, "/api/v1/bulletin/feed-token", Right::SignedIn, feeds::token_state);
    all.add(M::POST, "/api/v1/bulletin/feed-token", Right::SignedIn, feeds::make_token);
    all.add(M::DELETE, "/api/v1/bulletin/feed-token", Right::SignedIn, feeds::remove_token);

    let acknowledgements = "/api/v1/bulletin/documents/{id}/acknowledgements";
    all.add(M::GET, acknowledgements, read, discussion::acknowledgements);
    all.add(M::POST, acknowledgements, write, discussion::acknowledge);
    let comments = "/api/v1/bulletin/documents/{id}/comments";
    all.add(M::GET, comments, read, discussion::comments);
    all.add(M::POST, comments, write, discussion::comment);
    all.add(M::POST, "/api/v1/bulletin/documents/{id}/clients", write, discussion::grant);

    let profile = "/api/v1/bulletin/public/{id}/revisions/{number}/profile";
    all.add(M::GET, profile, Right::Anyone, profiles::public_profile);
    let profile = "/api/v1/bulletin/documents/{id}/profile";
    all.add_sized(PROFILE_BYTES_MAX, M::PUT, profile, write, profiles::carry);
    all.add(M::DELETE, profile, write, profiles::drop_profile);
    let profile = "/api/v1/bulletin/documents/{id}/revisions/{number}/profile";
    all.add(M::GET, profile, read, profiles::profile);
    all.add(M::GET, "/api/v1/bulletin/coverage", read, profiles::coverage);
    let import = exchange::import_draft;
    all.add_sized(exchange::IMPORT_BYTES_MAX, M::POST, "/api/v1/bulletin/import", write, import);

    all.add(M::GET, "/api/v1/bulletin/incidents", read, incidents::incidents);
    all.add(M::PATCH, "/api/v1/bulletin/documents/{id}/incident", write, incidents::change);
}

fn add_notices(all: &mut Routes, read: Right) {
    use Method as M;
    all.add(M::GET, "/api/v1/bulletin/notices", Right::SignedIn, notices::chosen);
    all.add(M::PUT, "/api/v1/bulletin/notices", Right::SignedIn, notices::choose);
    let key = "/api/v1/bulletin/notices/key";
    all.add_sized(OPENPGP_KEY_BYTES_MAX, M::PUT, key, Right::SignedIn, notices::set_key);
    all.add(M::DELETE, key, Right::SignedIn, notices::remove_key);
    all.add(M::GET, "/api/v1/bulletin/alerts", read, notices::alerts);
    all.add(M::POST, "/api/v1/bulletin/alerts", Right::SignedIn, notices::dismiss);
    // Where an organisation is told is said by people, not by programs.
    all.add(M::GET, "/api/v1/bulletin/webhooks", Right::SignedIn, webhooks::list);
    all.add(M::POST, "/api/v1/bulletin/webhooks", Right::SignedIn, webhooks::add);
    all.add(M::DELETE, "/api/v1/bulletin/webhooks/{id}", Right::SignedIn, webhooks::remove);
    all.add(M::POST, "/api/v1/bulletin/webhooks/{id}/retry", Right::SignedIn, webhooks::retry);
}

fn add_provider(all: &mut Routes, read: Right) {
    let get = Method::GET;
    all.add(get.clone(), "/.well-known/security.txt", Right::Anyone, provider::security_txt);
    all.add(get.clone(), "/.well-known/csaf/provider-metadata.json", Right::Anyone, provider::metadata);
    all.add(get.clone(), "/.well-known/csaf/service.json", Right::Anyone, provider::service);
    all.add(get.clone(), "/.well-known/csaf/category.json", Right::Anyone, provider::category);
    all.add(get.clone(), "/.well-known/csaf/openpgp/{file}", Right::Anyone, provider::key);
    all.add(get.clone(), "/.well-known/csaf/clear/", Right::Anyone, provider::clear);
    all.add(get.clone(), "/.well-known/csaf/clear/{list}", Right::Anyone, provider::clear_list);
    all.add(get.clone(), "/.well-known/csaf/clear/{year}/", Right::Anyone, provider::clear_year);
    all.add(get.clone(), "/.well-known/csaf/clear/{year}/{file}", Right::Anyone, provider::clear_file);
    all.add(get.clone(), "/.well-known/csaf/{label}/", read, provider::label);
    all.add(get.clone(), "/.well-known/csaf/{label}/{list}", read, provider::label_list);
    all.add(get.clone(), "/.well-known/csaf/{label}/{year}/", read, provider::label_year);
    all.add(get, "/.well-known/csaf/{label}/{year}/{file}", read, provider::label_file);
    aggregator::add(all);
}

/// The `{id}` of a path. A text that is no id names nothing, and is answered like an id of nothing.
pub(super) struct Named<T>(pub(super) T);

impl<T: std::str::FromStr> FromRequestParts<AppState> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let id = Path::<String>::from_request_parts(parts, state).await.ok();
        id.and_then(|Path(id)| id.parse().ok()).map(Self).ok_or_else(unknown)
    }
}

/// The `{id}` and `{number}` of a path.
pub(super) struct Numbered<T>(pub(super) T, pub(super) u32);

impl<T: std::str::FromStr> FromRequestParts<AppState> for Numbered<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await.ok();
        path.and_then(|Path((id, number))| Some(Self(id.parse().ok()?, number.parse().ok()?)))
            .ok_or_else(unknown)
    }
}

/// Returns as whom a caller reads.
pub(in crate::http) async fn reader(state: &Shared, caller: &Caller) -> Result<Reader, Refusal> {
    Ok(state.store.bulletin_standing(caller.user.id).await?.reader)
}

/// Returns for whom a caller acts.
pub(super) async fn acting(state: &Shared, caller: &Caller) -> Result<Acting, Refusal> {
    match reader(state, caller).await? {
        Reader::Person { user, membership: Some(place) } => {
            Ok(Acting { user, organisation: place.organisation, roles: place.roles })
        }
        _ => Err(Refusal::with_status(
            StatusCode::FORBIDDEN,
            Rule::BulletinRole,
            "you are of no member organisation of the bulletin; ask an administrator",
        )),
    }
}

/// Returns the filter of a list.
fn filter(query: Result<Query<DocumentQuery>, QueryRejection>) -> Result<DocumentFilter, Refusal> {
    let Query(DocumentQuery { kind, tlp, stage, owner, severity, year, words, after }) =
        query.map_err(|error| Refusal::with_status(error.status(), Rule::WellFormed, error.body_text()))?;
    Ok(DocumentFilter { kind, tlp, stage, owner, severity, year, words, after })
}

/// Returns a hash that a caller names as what they have seen. One that is none is nobody's (BUL-13).
pub(in crate::http) fn seen(text: &str) -> Result<[u8; 32], Refusal> {
    let hash = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
    hash.and_then(|hash| hash.try_into().ok()).ok_or_else(|| BulletinError::Seen.into())
}

/// BUL-07: what is not there and what one may not know of has one answer.
fn unknown() -> Refusal {
    Refusal::with_status(StatusCode::NOT_FOUND, Rule::BulletinKnown, "there is none, or none for you")
}

impl From<BulletinError> for Refusal {
    fn from(error: BulletinError) -> Self {
        match error {
            BulletinError::Full => Self::with_status(
                StatusCode::CONFLICT,
                Rule::Capacity,
                "there are as many of these as there may be; remove one first",
            ),
            BulletinError::FileTaken => Self::with_status(
                StatusCode::CONFLICT,
                Rule::BulletinCsaf,
                "another document of your organisation has this tracking id, or one whose file is called the same; choose another",
            ),
            BulletinError::Nobody => Self::with_status(
                StatusCode::BAD_REQUEST,
                Rule::BulletinMarking,
                "somebody is named who does not take part, of a group that is not yours, or who may not read this",
            ),
            BulletinError::NotTaken(why) => {
                let (status, rule) = match why {
                    NotTaken::Role => (StatusCode::FORBIDDEN, Rule::BulletinRole),
                    NotTaken::Stage => (StatusCode::CONFLICT, Rule::BulletinStage),
                    NotTaken::FourEyes => (StatusCode::FORBIDDEN, Rule::BulletinFourEyes),
                };
                Self::with_status(status, rule, why.to_string())
            }
            BulletinError::Seen => Self::with_status(
                StatusCode::CONFLICT,
                Rule::BulletinSeen,
                "it is not what you have seen: somebody has changed it; look at it again",
            ),
            BulletinError::Taken => {
                Self::with_status(StatusCode::CONFLICT, Rule::AccountKnown, "another has this name already")
            }
            BulletinError::Unfit(Unfit::Found(found)) => {
                Self::not_fit("the document is not fit to be published as it stands", checked::report(&found))
            }
            BulletinError::Unfit(unfit) => {
                Self::with_status(StatusCode::UNPROCESSABLE_ENTITY, Rule::BulletinCsaf, unfit.to_string())
            }
            BulletinError::Unknown => unknown(),
            BulletinError::Store(error) => error.into(),
        }
    }
}

impl From<InvalidContent> for Refusal {
    fn from(error: InvalidContent) -> Self {
        let rule = match error {
            InvalidContent::Label { .. } => Rule::BulletinMarking,
            _ => Rule::BulletinContent,
        };
        Self::with_status(StatusCode::BAD_REQUEST, rule, error.to_string())
    }
}

impl From<Contradiction> for Refusal {
    fn from(error: Contradiction) -> Self {
        Self::with_status(StatusCode::BAD_REQUEST, Rule::BulletinMarking, error.to_string())
    }
}
