//! TAXII 2.1 (OASIS Standard, June 2021): what is published, as objects of STIX, for programs that keep up with it.
//!
//! | path | what |
//! |---|---|
//! | `/taxii2/` | which API roots there are |
//! | `/taxii2/public/` | the root of what is `TLP:CLEAR`, read as nobody, whatever credential comes |
//! | `/taxii2/members/` | the root of what the caller may know, by an API key or a session |
//!
//! A root of members is the same path for everybody, and another world for each: every answer is made of what `storage/bulletin`
//! gives to this reader, and so are counts, times and whether there is more. Its second collection takes objects, and makes a
//! draft of each envelope; what is published is changed by nobody, so nothing is ever deleted.
//!
//! Whoever asks in TAXII is answered in it: `media.rs` turns refusals into its error resource. `Authorization: Basic` has an API
//! key as its password, with any user name, since that is what programs for TAXII can send.

mod collections;
mod drafts;
mod filter;
mod index;
mod media;
mod objects;
mod page;

use axum::{
    Router,
    extract::{FromRequestParts, Request},
    http::{Method, StatusCode, request::Parts},
    middleware::{self, Next},
    response::Response,
};
use sabha_advisory::clearance::Reader;
use sabha_protocol::{Rule, account::Scope, wire::bulletin::SharingGroup};

use self::collections::Collection;
use super::{
    AppState, Shared,
    accounts::{Caller, Right, Routes},
    error::Refusal,
};

/// Most bytes of an envelope that is taken.
const ENVELOPE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Returns the routes, with what turns their answers into those of TAXII.
pub(super) fn router(state: &AppState) -> Router<AppState> {
    use Method as M;
    let mut all = Routes::new(state);
    let read = Right::Scope(Scope::BulletinRead);
    let write = Right::Scope(Scope::BulletinWrite);
    all.add(M::GET, "/taxii2/", Right::Anyone, collections::discovery);
    all.add(M::GET, "/taxii2/public/", Right::Anyone, collections::root);
    all.add(M::GET, "/taxii2/public/collections/", Right::Anyone, collections::collections);
    all.add(M::GET, "/taxii2/public/collections/{collection}/", Right::Anyone, collections::collection);
    all.add(M::GET, "/taxii2/public/collections/{collection}/manifest/", Right::Anyone, objects::manifest);
    all.add(M::GET, "/taxii2/public/collections/{collection}/objects/", Right::Anyone, objects::objects);
    all.add(M::POST, "/taxii2/public/collections/{collection}/objects/", Right::Anyone, drafts::refuse);
    let object = "/taxii2/public/collections/{collection}/objects/{object}/";
    all.add(M::GET, object, Right::Anyone, objects::object);
    all.add(M::DELETE, object, Right::Anyone, objects::delete);
    let versions = "/taxii2/public/collections/{collection}/objects/{object}/versions/";
    all.add(M::GET, versions, Right::Anyone, objects::versions);

    all.add(M::GET, "/taxii2/members/", read, collections::root);
    all.add(M::GET, "/taxii2/members/status/{status}/", read, drafts::status);
    all.add(M::GET, "/taxii2/members/collections/", read, collections::collections);
    all.add(M::GET, "/taxii2/members/collections/{collection}/", read, collections::collection);
    all.add(M::GET, "/taxii2/members/collections/{collection}/manifest/", read, objects::manifest);
    let objects = "/taxii2/members/collections/{collection}/objects/";
    all.add(M::GET, objects, read, objects::objects);
    all.add_sized(ENVELOPE_BYTES_MAX, M::POST, objects, write, drafts::add);
    let object = "/taxii2/members/collections/{collection}/objects/{object}/";
    all.add(M::GET, object, read, objects::object);
    all.add(M::DELETE, object, write, objects::delete);
    let versions = "/taxii2/members/collections/{collection}/objects/{object}/versions/";
    all.add(M::GET, versions, read, objects::versions);

    all.into_router()
        .route("/taxii2", axum::routing::any(nothing))
        .route("/taxii2/{*rest}", axum::routing::any(nothing))
        .layer(middleware::from_fn(speak))
}

/// Answers a path that is none: those of TAXII end with a slash (section 1.6.2).
async fn nothing() -> Refusal {
    unknown()
}

fn unknown() -> Refusal {
    Refusal::with_status(StatusCode::NOT_FOUND, Rule::BulletinKnown, "there is none, or none for you")
}

/// Hears and answers in TAXII.
async fn speak(mut request: Request, next: Next) -> Response {
    if let Err(refusal) = media::accepts(request.headers()) {
        return media::answer(axum::response::IntoResponse::into_response(refusal)).await;
    }
    media::take_basic(request.headers_mut());
    media::answer(next.run(request).await).await
}

/// Who asks, and as whom they read.
pub(super) struct Asking {
    reader: Reader,
    /// Absent in the public root.
    caller: Option<Caller>,
    /// The groups that the caller's organisation is in.
    groups: Vec<SharingGroup>,
}

impl FromRequestParts<AppState> for Asking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let caller = parts.extensions.get::<Caller>().cloned();
        let reader = match &caller {
            Some(caller) => state.store.bulletin_standing(caller.user.id).await?.reader,
            None => Reader::Anonymous,
        };
        let groups = match &reader {
            Reader::Person { membership: Some(place), .. } => {
                state.store.sharing_groups(Some(place.organisation)).await?
            }
            _ => Vec::new(),
        };
        Ok(Self { reader, caller, groups })
    }
}

impl Asking {
    /// Returns a collection of this root.
    fn collection(&self, id: &str) -> Result<Collection, Refusal> {
        Collection::of(self).into_iter().find(|collection| collection.id() == id).ok_or_else(unknown)
    }
}

impl Shared {
    /// Returns a path of this server as a URL, if it was told its own.
    fn url_of(&self, path: &str) -> String {
        self.public_url.as_ref().map_or_else(|| path.to_owned(), |url| format!("{}{path}", url.origin()))
    }
}
