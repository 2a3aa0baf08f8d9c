//! The words two Sabha programs say to each other: ids, units, limits and every message of the
//! WebSocket and HTTP API.
//!
//! Pure: no clock, socket, file or randomness. Everything that arrives from outside is bounded and
//! checked while it is parsed, so a value of one of these types is already within its limits.
//! Nothing here decides anything; decisions live in `sabha-conference`.
//!
//! Only this crate derives wire formats. The TypeScript in `web/src/protocol/` and the OpenAPI
//! document in `docs/openapi.json` are generated from it by `cargo xtask codegen`.

pub mod account;
pub mod bulletin;
pub mod control;
pub mod device;
pub mod framing;
pub mod gate;
pub mod id;
pub mod key;
pub mod limits;
pub mod media;
pub mod opaque;
pub mod probe;
pub mod restricted;
pub mod rule;
pub mod secret;
pub mod text;
pub mod units;
pub mod wire;

pub use control::{ControlSetting, ControlSettings, ControlWord};
pub use id::{
    BootEpoch, GroupEpoch, MediaGeneration, MeetingId, ParticipantId, RequestId, RoomEpoch, RoomSeq,
};
pub use key::DeviceKey;
pub use media::{DownSlot, Layer, MediaKind, MediaState, Mid, Quality, Source, UpSlot, VideoCodec};
pub use rule::Rule;
pub use text::{DisplayName, InvalidText, MeetingTitle, Sdp};
pub use units::{Bitrate, TileHeight};

/// Version of the wire protocol: the WebSocket subprotocol is `sabha.v1`, HTTP paths start with `/api/v1`.
pub const PROTOCOL_VERSION: u16 = 1;

/// Number of the client of this release. It goes up by one with each release in which the client changes, so that an
/// organisation can insist on one in which a fault is gone (`ORG.CLIENT.FLOOR`).
pub const CLIENT: u16 = 1;

/// WebSocket subprotocol a client must offer; the server refuses the upgrade without it.
pub const SUBPROTOCOL: &str = "sabha.v1";

/// Path of the WebSocket on the server's HTTP port.
pub const SIGNALLING_PATH: &str = "/api/v1/signalling";

/// Path at which the organisation's floor can be read.
pub const POLICY_PATH: &str = "/api/v1/policy";
/// Path at which it can be read which advisories demand what of that.
pub const POLICY_ADVISORIES_PATH: &str = "/api/v1/policy/advisories";

/// Path under which a server shows that it is the one that made a token: `/{expires}/{challenge}`.
pub const PROBE_PATH: &str = "/api/v1/probe";

/// Path at which meetings are created.
pub const MEETINGS_PATH: &str = "/api/v1/meetings";
