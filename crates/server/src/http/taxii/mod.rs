//! TAXII 2.1 (OASIS Standard, June 2021): what is published, as objects of STIX, for programs that keep up with it.
//!
//! | path | what |
//! |---|---|
//! | `/taxii2/` | which API roots there are, as far as the caller may know of them |
//! | `/taxii2/public/` | the root of what is `TLP:CLEAR`, read as nobody, whatever credential comes |
//! | `/taxii2/members/` | the root of what the caller may know, by an API key or a session |
//! | `/taxii2/groups/{group}/` | the root of what of it is shared with a group that the caller's organisation is in |
//!
//! A root of members is the same path for everybody, and another world for each: every answer is made of what `storage/bulletin`
//! gives to this reader, and so are counts, times and whether there is more. Beside what is read it has a collection that takes
//! objects, and makes a draft of each envelope; what is published is changed by nobody, so nothing is ever deleted.
//!
//! Whoever asks in TAXII is answered in it: `media.rs` turns refusals into its error resource. `Authorization: Basic` has an API
//! key as its password, with any user name, since that is what programs for TAXII can send.

mod collections;
mod described;
mod drafts;
mod filter;
mod index;
mod media;
mod objects;
mod page;

use axum::{
    Router,
    extract::{FromRequestParts, Path, Request},
    http::{Method, StatusCode, request::Parts},
    middleware::{self, Next},
    response::Response,
};
use sabha_advisory::clearance::Reader;
use sabha_protocol::{Rule, account::Scope, bulletin::SharingGroupId, wire::bulletin::SharingGroup};
use serde::Deserialize;

use self::collections::Collection;
pub(super) use self::described::describe;
use super::{
    AppState, Shared,
    accounts::{Caller, Right, Route, Routes},
    error::Refusal,
};
use crate::storage::StoreError;

/// Most bytes of an envelope that is taken.
const ENVELOPE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Adds what can be read in an API root at `$root` by who has `$right`. Every root is served by the same handlers: [`Asking`] finds
/// out in which of them, and as whom.
macro_rules! add_reading {
    ($all:ident, $root:literal, $right:expr) => {
        $all.add(Method::GET, $root, $right, collections::root);
        $all.add(Method::GET, concat!($root, "collections/"), $right, collections::collections);
        $all.add(Method::GET, concat!($root, "collections/{collection}/"), $right, collections::collection);
        $all.add(
            Method::GET,
            concat!($root, "collections/{collection}/manifest/"),
            $right,
            objects::manifest,
        );
        $all.add(Method::GET, concat!($root, "collections/{collection}/objects/"), $right, objects::objects);
        let object = concat!($root, "collections/{collection}/objects/{object}/");
        $all.add(Method::GET, object, $right, objects::object);
        let versions = concat!($root, "collections/{collection}/objects/{object}/versions/");
        $all.add(Method::GET, versions, $right, objects::versions);
    };
}

/// Adds what members do beside in a root of theirs.
macro_rules! add_writing {
    ($all:ident, $root:literal) => {
        let (read, write) = (Right::Scope(Scope::BulletinRead), Right::Scope(Scope::BulletinWrite));
        $all.add(Method::GET, concat!($root, "status/{status}/"), read, drafts::status);
        let objects = concat!($root, "collections/{collection}/objects/");
        $all.add_sized(ENVELOPE_BYTES_MAX, Method::POST, objects, write, drafts::add);
        let object = concat!($root, "collections/{collection}/objects/{object}/");
        $all.add(Method::DELETE, object, write, objects::delete);
    };
}

/// Returns the router, with what turns answers into those of TAXII, and the list of what is in it.
pub(super) fn routes(state: &AppState) -> (Router<AppState>, Vec<Route>) {
    let mut all = Routes::new(state);
    let read = Right::Scope(Scope::BulletinRead);
    all.add(Method::GET, "/taxii2/", Right::Anyone, collections::discovery);

    add_reading!(all, "/taxii2/public/", Right::Anyone);
    let objects = "/taxii2/public/collections/{collection}/objects/";
    all.add(Method::POST, objects, Right::Anyone, drafts::refuse);
    let object = "/taxii2/public/collections/{collection}/objects/{object}/";
    all.add(Method::DELETE, object, Right::Anyone, objects::delete);

    add_reading!(all, "/taxii2/members/", read);
    add_writing!(all, "/taxii2/members/");
    add_reading!(all, "/taxii2/groups/{group}/", read);
    add_writing!(all, "/taxii2/groups/{group}/");

    let (router, list) = all.into_parts();
    let router = router
        .route("/taxii2", axum::routing::any(nothing))
        .route("/taxii2/{*rest}", axum::routing::any(nothing))
        .layer(middleware::from_fn(speak));
    (router, list)
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

/// An API root: where somebody asks.
enum Root {
    /// What everybody may know.
    Public,
    /// What the caller may know.
    Members,
    /// What of it is shared with a group that the caller's organisation is in.
    Group(SharingGroup),
}

/// Who asks, in which root, and as whom they read.
pub(super) struct Asking {
    reader: Reader,
    /// Absent in the public root.
    caller: Option<Caller>,
    root: Root,
}

/// The group in the path of a root.
#[derive(Deserialize)]
struct InRoot {
    group: Option<SharingGroupId>,
}

impl FromRequestParts<AppState> for Asking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let caller = parts.extensions.get::<Caller>().cloned();
        let Path(InRoot { group }) = Path::from_request_parts(parts, state).await.map_err(|_| unknown())?;
        let reader = match &caller {
            Some(caller) => state.store.bulletin_standing(caller.user.id).await?.reader,
            None => Reader::Anonymous,
        };
        let root = match (&caller, group) {
            (None, None) => Root::Public,
            (Some(_), None) => Root::Members,
            // A group that is not the caller's is answered like one that is not there.
            (_, Some(group)) => groups_of(state, &reader)
                .await?
                .into_iter()
                .find(|one| one.id == group)
                .map(Root::Group)
                .ok_or_else(unknown)?,
        };
        Ok(Self { reader, caller, root })
    }
}

impl Asking {
    /// Returns a collection of this root.
    fn collection(&self, id: &str) -> Result<Collection, Refusal> {
        Collection::of(&self.root).into_iter().find(|collection| collection.id() == id).ok_or_else(unknown)
    }
}

/// The collection in a path.
#[derive(Deserialize)]
struct InCollection {
    collection: String,
}

/// The object in a path.
#[derive(Deserialize)]
struct OfObject {
    collection: String,
    object: String,
}

/// Returns the sharing groups whose roots are a reader's: those that their organisation is in.
async fn groups_of(state: &Shared, reader: &Reader) -> Result<Vec<SharingGroup>, StoreError> {
    match reader {
        Reader::Person { membership: Some(place), .. } => {
            state.store.sharing_groups(Some(place.organisation)).await
        }
        _ => Ok(Vec::new()),
    }
}

impl Shared {
    /// Returns a path of this server as a URL, if it was told its own.
    fn url_of(&self, path: &str) -> String {
        self.public_url.as_ref().map_or_else(|| path.to_owned(), |url| format!("{}{path}", url.origin()))
    }
}
