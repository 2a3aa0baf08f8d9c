//! Bodies of the bulletin's HTTP API: what is made of documents in other formats.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

use super::accounts::body;
use crate::bulletin::{DocumentKind, TlpLabel};

/// Query of `POST /api/v1/bulletin/import`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// What the body is, where it is prose. If absent, how it begins says it.
    #[serde(default)]
    #[param(inline)]
    pub from: Option<Prose>,
}

/// What people write for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Prose {
    /// A page of the web.
    Html,
    /// Plain text.
    Text,
}

body! {
    /// Answer to `POST /api/v1/bulletin/import`: a draft's content, which is not stored.
    ImportedDraft {
        /// What it seems to be.
        kind: DocumentKind,
        /// The narrowest label that it names. Absent if it names none, which is for its author to decide.
        #[serde(default)]
        #[ts(optional = nullable)]
        tlp: Option<TlpLabel>,
        /// A JSON object of CSAF as text.
        content: String,
        /// What is not in it, at most 100.
        left_out: Vec<LeftOutOfDraft>,
        /// How many more are not in it.
        #[ts(type = "number")]
        left_out_more: u64,
    }
}

body! {
    /// Something that is not in a draft.
    LeftOutOfDraft {
        /// What it is: its id, or what else names it.
        what: String,
        /// Why it is not there.
        why: String,
    }
}
