//! Tokens by which programs that read news follow the bulletin.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use super::accounts::body;
use crate::bulletin::DocumentId;

body! {
    /// Answer to `GET /api/v1/bulletin/feed-token`.
    FeedTokenState {
        /// Since when there is one, in milliseconds since 1970; absent if there is none.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        created_ms: Option<u64>,
    }
}

body! {
    /// Answer to `POST /api/v1/bulletin/feed-token`: the one token of an account, which reads its feeds and nothing else.
    FeedToken {
        /// Where the feed is in Atom 1.0. Shown once: the server keeps a hash of the token only.
        atom: String,
        /// Where it is in RSS 2.0.
        rss: String,
    }
}

/// Query of the feeds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// Only what comes after this document in the feed.
    #[serde(default)]
    pub after: Option<DocumentId>,
}
