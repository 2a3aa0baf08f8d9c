//! Bodies of the HTTP API under `/api/v1`. The document of the paths is `docs/openapi.json`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{
    BootEpoch, ControlSettings, MeetingId, Rule,
    key::GateKey,
    opaque::{GroupInfo, RatchetTree, SealedTitle},
    secret::ProbeAnswer,
};

/// Body of `POST /api/v1/meetings`, sent with `Authorization: Bearer <creation key>`. Public data only: the
/// server checks that the group's policy is signed by the root key to which the meeting's id commits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateMeeting {
    /// The meeting's id: a hash of its root key and its cipher suite.
    pub meeting: MeetingId,
    /// Derived from the link secret, which stays with the creator.
    pub gate_key: GateKey,
    /// Shown to those who have the link.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub title: Option<SealedTitle>,
    /// The group at epoch 0, signed by the creator's device.
    pub group_info: GroupInfo,
    /// Its tree: the creator's leaf.
    pub tree: RatchetTree,
}

/// Answer to [`CreateMeeting`], status 201.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeetingCreated {
    /// The meeting.
    pub meeting: MeetingId,
}

/// Answer to `GET /api/v1/policy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyInfo {
    /// What the organisation demands of every meeting. Controls that are not named are at their loosest.
    pub floor: ControlSettings,
}

/// Answer to `GET /api/v1/version`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionInfo {
    /// Version of the program.
    pub version: String,
    /// Version of the wire protocol.
    pub protocol: u16,
    /// Number of the client that this server delivers, and so the most that it can ask for by `ORG.CLIENT.FLOOR`.
    pub client: u16,
    /// Start of this process, in milliseconds since 1970.
    #[schema(value_type = u64)]
    pub boot_epoch: BootEpoch,
}

/// Answer to `GET /api/v1/probe/{expires}/{challenge}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeConfirmed {
    /// What only the server that made the token can say, and only to this challenge.
    pub answer: ProbeAnswer,
}

/// Answer to `GET /healthz` and `GET /readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// `ok`, or what is wrong in a word or two.
    pub status: String,
}

/// Body of every HTTP answer with a status from 400 on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiError {
    /// The rule that decided, for machines.
    pub rule: Rule,
    /// The same in a sentence, for people. Never says anything about the server's inside.
    pub message: String,
}
