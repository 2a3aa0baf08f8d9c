//! Bodies of the HTTP API between an advisory and the policy: profiles that revisions carry, what applying one would do and
//! has done, whom the server follows, and who has applied what.
//!
//! An advisory is named here only to whoever may know of it; [`NamedAdvisory`] alone is for everybody.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::{accounts::body, floor::FloorChange};
use crate::{
    ControlWord,
    account::Label,
    bulletin::{DocumentId, OrganisationId, TlpLabel},
    key::ProfileKey,
};

body! {
    /// The policy profile that a revision carries. The signed file itself is read at
    /// `GET /api/v1/bulletin/documents/{id}/revisions/{number}/profile`.
    RevisionProfile {
        /// Its id, the same in each of its revisions.
        id: String,
        /// Counts from 1; its own, not the document's.
        revision: u32,
        /// For people.
        title: String,
        /// Who issued it, for people. Proves nothing; the key does.
        issuer: String,
        /// Under which key its signature holds.
        key: ProfileKey,
        /// SHA-256 of the file, in hexadecimal.
        hash: String,
        /// How long the file is, in bytes.
        bytes: u32,
    }
}

body! {
    /// A control that a profile names.
    AdvisedControl {
        /// Which.
        control: ControlWord,
        /// The name of a level, a number, `none`, or `always`.
        value: ControlWord,
        /// Where it is demanded, such as a point of the advisory.
        source: String,
        /// Where that can be read.
        #[serde(default)]
        #[ts(optional = nullable)]
        url: Option<String>,
        /// What else there is to say.
        #[serde(default)]
        #[ts(optional = nullable)]
        note: Option<String>,
    }
}

body! {
    /// An advisory as everybody may know it: it is published as `TLP:CLEAR`.
    NamedAdvisory {
        /// The document.
        document: DocumentId,
        /// Its revision.
        revision: u32,
        /// Who published it.
        publisher: Label,
        /// Its tracking id, if it has one.
        #[serde(default)]
        #[ts(optional = nullable)]
        tracking: Option<String>,
        /// Its title.
        title: String,
    }
}

body! {
    /// An advisory that demands a control which is in force here.
    PolicyDemand {
        /// Which.
        control: ControlWord,
        /// What it is at.
        value: ControlWord,
        /// By which advisory; absent if that is not for everybody.
        #[serde(default)]
        #[ts(optional = nullable)]
        advisory: Option<NamedAdvisory>,
    }
}

body! {
    /// Answer to `GET /api/v1/policy/advisories`.
    PolicyAdvisories {
        /// In the catalogue's order of controls, of each the advisory that was applied last first.
        demands: Vec<PolicyDemand>,
    }
}

/// Returns what a sentence about the control of this id ends with: which advisory demands it. Empty where none does. One
/// that can be named goes before one that cannot.
pub fn cited(demands: &[PolicyDemand], control: &str) -> String {
    let of_control: Vec<_> = demands.iter().filter(|demand| demand.control.as_str() == control).collect();
    match of_control.iter().find_map(|demand| demand.advisory.as_ref()) {
        Some(NamedAdvisory { publisher, tracking, title, .. }) => {
            format!("; {} of {} demands it", tracking.as_ref().unwrap_or(title), publisher.as_str())
        }
        None if of_control.is_empty() => String::new(),
        None => "; an advisory that is not public demands it".to_owned(),
    }
}

/// Why a revision that a server would have followed was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotFollowed {
    /// It demands what this server cannot hold.
    Control,
    /// It is signed with another key than was pinned.
    Key,
}

body! {
    /// What became of a revision's profile on this server.
    AdvisoryFate {
        /// When, in milliseconds since 1970.
        #[ts(type = "number")]
        at_ms: u64,
        /// Which floor it made; absent if it was not applied.
        #[serde(default)]
        #[ts(optional = nullable)]
        floor: Option<u32>,
        /// Why it was not.
        #[serde(default)]
        #[ts(optional = nullable)]
        not_followed: Option<NotFollowed>,
        /// Whether it came by a subscription, without anybody's hand.
        followed: bool,
        /// Whether what is demanded today stands on it: nobody has gone back to a floor from before.
        in_force: bool,
        /// Controls for which it asks for less than was demanded: they were left as they were.
        left_out: Vec<ControlWord>,
        /// Floors that came after it. It is taken back in one step only while there is none.
        later: u32,
    }
}

body! {
    /// A published revision with a profile.
    AdvisoryPolicy {
        /// The document.
        document: DocumentId,
        /// Its revision.
        revision: u32,
        /// Whose it is.
        publisher: OrganisationId,
        /// Their name.
        publisher_name: Label,
        /// Its tracking id, if it has one.
        #[serde(default)]
        #[ts(optional = nullable)]
        tracking: Option<String>,
        /// Its title.
        title: String,
        /// How far it may travel.
        tlp: TlpLabel,
        /// Whether it was withdrawn.
        withdrawn: bool,
        /// Whether a later published revision of the document carries a profile, too.
        superseded: bool,
        /// When it was published, in milliseconds since 1970.
        #[ts(type = "number")]
        published_ms: u64,
        /// What it carries.
        profile: RevisionProfile,
        /// What became of it here; absent where nobody has applied it.
        #[serde(default)]
        #[ts(optional = nullable)]
        fate: Option<AdvisoryFate>,
    }
}

body! {
    /// Answer to `GET /api/v1/floor/advisories`.
    AdvisoryPolicies {
        /// What the caller may know of, the newest first, at most 200.
        advisories: Vec<AdvisoryPolicy>,
        /// Whether there are more.
        more: bool,
        /// In whose name the caller can tell publishers that an advisory was applied; absent for who is of no member
        /// organisation, or only looks on there.
        #[serde(default)]
        #[ts(optional = nullable)]
        tells_as: Option<Label>,
    }
}

body! {
    /// Body of `POST /api/v1/floor/advisories/preview`.
    PreviewAdvisory {
        /// The document.
        document: DocumentId,
        /// Its revision.
        revision: u32,
    }
}

body! {
    /// What applying an advisory would do.
    AdvisoryPreview {
        /// The number of the floor that this was compared with.
        seen: u32,
        /// What the revision carries.
        profile: RevisionProfile,
        /// What it names, in its order.
        controls: Vec<AdvisedControl>,
        /// Controls that it names and that are at something else today, in the catalogue's order. What it would loosen is
        /// never applied.
        changes: Vec<FloorChange>,
        /// Rooms that are open now and below what would be demanded, at most 200.
        rooms: Vec<TouchedRoom>,
        /// Planned meetings that are below it, the soonest first, at most 200.
        planned: Vec<TouchedPlan>,
        /// Whether more meetings are planned than were looked at.
        more_planned: bool,
    }
}

body! {
    /// An open room that would have to follow. Says nothing of which meeting it is.
    TouchedRoom {
        /// Its number, as in `GET /api/v1/live`.
        number: u32,
        /// People in it.
        participants: u32,
        /// Controls that would get tighter.
        controls: Vec<ControlWord>,
    }
}

body! {
    /// A planned meeting that would have to follow. Says nothing of which meeting it is.
    TouchedPlan {
        /// When it starts, in milliseconds since 1970.
        #[ts(type = "number")]
        starts_ms: u64,
        /// Controls that would get tighter.
        controls: Vec<ControlWord>,
    }
}

body! {
    /// Body of `POST /api/v1/floor/advisories/apply`.
    ApplyAdvisory {
        /// The document.
        document: DocumentId,
        /// Its revision.
        revision: u32,
        /// Hash of the profile's file that was looked at.
        hash: String,
        /// The number of the floor that the decision was made over: another one in force refuses it.
        seen: u32,
        /// Whether the publisher is told that the caller's organisation has applied it.
        tell: bool,
    }
}

body! {
    /// Body of `POST /api/v1/floor/advisories/rollback`: demands again what was demanded before an advisory was applied.
    RollBackAdvisory {
        /// The floor that the advisory made. A later one in force refuses it.
        floor: u32,
    }
}

body! {
    /// A publisher whose profiles are applied as they are published.
    Subscription {
        /// The publisher.
        publisher: OrganisationId,
        /// Their name.
        name: Label,
        /// The key with which their profiles are signed.
        key: ProfileKey,
        /// Since when, in milliseconds since 1970.
        #[ts(type = "number")]
        since_ms: u64,
        /// As which member organisation the server reads; absent where it reads only what is for everybody.
        #[serde(default)]
        #[ts(optional = nullable)]
        reads_as: Option<Label>,
    }
}

body! {
    /// Answer to `GET /api/v1/floor/subscriptions`.
    Subscriptions {
        /// By name of the publisher.
        subscriptions: Vec<Subscription>,
    }
}

body! {
    /// Body of `PUT /api/v1/floor/subscriptions`. One of this publisher takes the place of the one before.
    Subscribe {
        /// The publisher, a member organisation.
        publisher: OrganisationId,
        /// The key with which their profiles are signed, learned from them.
        key: ProfileKey,
    }
}

body! {
    /// What an organisation said of a revision, and when, in milliseconds since 1970.
    OrganisationCoverage {
        /// The organisation.
        organisation: OrganisationId,
        /// Its name.
        name: Label,
        /// It has seen it.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        seen_ms: Option<u64>,
        /// It has applied it.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        applied_ms: Option<u64>,
        /// It is not affected.
        #[serde(default)]
        #[ts(optional = nullable, type = "number")]
        not_affected_ms: Option<u64>,
    }
}

body! {
    /// A published revision of the caller's organisation, with what was said of it.
    CoveredRevision {
        /// The document.
        document: DocumentId,
        /// Its revision, the newest that is published.
        revision: u32,
        /// Its tracking id, if it has one.
        #[serde(default)]
        #[ts(optional = nullable)]
        tracking: Option<String>,
        /// Its title.
        title: String,
        /// How far it may travel.
        tlp: TlpLabel,
        /// When it was published, in milliseconds since 1970.
        #[ts(type = "number")]
        published_ms: u64,
        /// Whether it carries a profile.
        has_profile: bool,
        /// Organisations that may read it, by name, those included that have said nothing. With `RED` those only that have
        /// said something: it is for persons.
        organisations: Vec<OrganisationCoverage>,
    }
}

body! {
    /// Answer to `GET /api/v1/bulletin/coverage`.
    Coverage {
        /// The last published first, at most 10.
        revisions: Vec<CoveredRevision>,
        /// Whether there are more: ask on with `after` set to the document of the last.
        more: bool,
    }
}

/// Query of `GET /api/v1/bulletin/coverage`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CoverageQuery {
    /// Only what comes after this document in the list.
    #[serde(default)]
    pub after: Option<DocumentId>,
}
