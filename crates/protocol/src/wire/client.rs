//! Client to server over the WebSocket: one JSON object a text message.
//!
//! The life of a connection: `enter` (knock with the link, come back with a grant, or resume), then, once the
//! device is in the group, `join` with the media offer; after that anything else in any order. `join` may follow
//! `enter` without waiting. The actor is always the connection, never a field.
//!
//! Who may enter, who is removed and who is host is decided by MLS handshakes that host devices sign
//! (`commit`); the server orders and checks them, and could not make one.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    DownSlot, GroupEpoch, MediaState, MeetingId, ParticipantId, RequestId, Sdp, Source, TileHeight, UpSlot,
    key::{DeviceKey, Signature},
    limits::{AUDIO_SLOTS_ANNOUNCED_MAX, VIDEO_SLOTS_MAX},
    opaque::{
        DoorPayload, GrantBytes, GroupInfo, HandshakeMessage, HeartbeatBytes, KnockPayload, RatchetTree,
        RelayPayload, WelcomeMessage,
    },
    secret::ResumeToken,
    wire::at_most,
};

/// One message with the number by which its answer will name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ClientFrame {
    /// Repeated in the `re` of the answer. The client counts up; the server does not check.
    pub id: RequestId,
    /// The message.
    pub body: ClientMessage,
}

/// Everything a client can ask for. Answered by `done`, by a message of its own, or by `refused`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    /// After a restart of the server: brings the group's state back. Taken if its epoch is higher than what the
    /// server has and a host's heartbeat certifies it. Answered by `done`.
    Adopt {
        /// The group, signed by a member.
        group_info: GroupInfo,
        /// Its tree.
        tree: RatchetTree,
        /// A host's word for that epoch.
        heartbeat: HeartbeatBytes,
    },
    /// Moves the group to its next epoch: adds, removes, changes the policy, or joins from outside. The first
    /// valid one for an epoch wins; then everybody gets it as `handshake`. Answered by `done`.
    Commit {
        /// The epoch it starts from.
        epoch: GroupEpoch,
        /// The commit.
        commit: HandshakeMessage,
        /// For those whom it adds.
        #[ts(optional = nullable)]
        welcome: Option<WelcomeMessage>,
        /// The group as it will be.
        group_info: GroupInfo,
    },
    /// Host: sends a guest away. Answered by `done`.
    Deny {
        /// Who waits in the lobby.
        guest: ParticipantId,
    },
    /// From the lobby to every host, or from a host to one who waits. Answered by `done`.
    Door {
        /// The guest; absent when a guest speaks.
        #[ts(optional = nullable)]
        to: Option<ParticipantId>,
        /// What is said.
        payload: DoorPayload,
    },
    /// Host: ends the meeting for everyone, for good.
    End {},
    /// Says which device comes and by what right. Answered by `admitted` or `waiting`.
    Enter {
        /// The meeting of the link.
        meeting: MeetingId,
        /// The device's key.
        device: DeviceKey,
        /// By the device's key over the connection's challenge.
        proof: Signature,
        /// The right to come this far.
        credential: Credential,
        /// The number of the client, which goes up from release to release; 0 for one that does not say.
        #[serde(default)]
        client: u16,
    },
    /// Asks for the group as it is now, to join it from outside. Answered by `group_state`.
    GroupState {},
    /// Takes the place one was admitted to. Answered by `joined`.
    Join {
        /// The peer connection's offer.
        offer: MediaOffer,
        /// What the client wants to have on. After a resume this can only switch off, never on.
        media: MediaState,
    },
    /// Gives the place up. A last host who is not alone is refused with `ROOM.HOST.LAST`.
    Leave {},
    /// Host: switches a source of somebody off. Nobody can switch another's source on. Answered by `done`.
    Mute {
        /// Whose source.
        participant: ParticipantId,
        /// Which one.
        source: Source,
    },
    /// Replaces the peer connection by a fresh one, after the network path changed or broke.
    /// Answered by `media_answer`.
    Offer {
        /// The new peer connection's offer.
        offer: MediaOffer,
    },
    /// Asks for the handshakes since an epoch, after a connection was lost. They come as `handshake`, without
    /// `seq`, then `done`.
    Missed {
        /// The epoch the client is in.
        epoch: GroupEpoch,
    },
    /// Asks for a `pong`; sent every two seconds, so that either side notices a dead path. A client in whose room nobody
    /// publishes, and that has nothing to say, may rest: the next one then comes within ten seconds.
    Ping {
        /// Whether the client rests from now on.
        #[serde(default)]
        #[ts(optional, as = "Option<bool>")]
        resting: bool,
    },
    /// Proposes to leave (RFC 9420 section 12.1.2 and the SelfRemove extension); somebody commits it. Passed on as
    /// `handshake`. Answered by `done`.
    Propose {
        /// The epoch it is for.
        epoch: GroupEpoch,
        /// The proposal.
        proposal: HandshakeMessage,
    },
    /// Sends opaque bytes to members, in the room's total order. Answered by `done`.
    Relay {
        /// One member, or all others if absent.
        to: Option<ParticipantId>,
        /// The bytes.
        payload: RelayPayload,
    },
    /// Says which of the own sources are on. Answered by `done`.
    SetMedia {
        /// The whole state.
        media: MediaState,
    },
    /// Says which pictures are on screen and how large; replaces what was said before. Not answered.
    Subscribe {
        /// At most as many as the client offered video down-slots. Others are not sent.
        #[serde(deserialize_with = "at_most::<_, _, VIDEO_SLOTS_MAX>")]
        tiles: Vec<Tile>,
    },
}

/// By what right somebody enters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Credential {
    /// A device that is in the group, or was admitted to it and lost its leaf.
    Device {
        /// The grant it holds; absent if it is in the group.
        #[ts(optional = nullable)]
        grant: Option<GrantBytes>,
    },
    /// The link: may knock.
    Link {
        /// By the key that belongs to the link, over meeting, device and challenge.
        tag: Signature,
        /// For the hosts.
        knock: KnockPayload,
    },
    /// A mail that the server has sent: may knock, and shows nothing until the passcode is proven.
    Mail {
        /// By the key in the mail's link, over meeting, device and challenge.
        tag: Signature,
    },
    /// A place held before: comes back to it.
    Resume {
        /// The newest token this place was given.
        token: ResumeToken,
    },
}

/// A peer connection's offer with the meaning of its media sections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MediaOffer {
    /// The offer itself.
    pub sdp: Sdp,
    /// Sections on which the client sends, each source at most once.
    #[serde(deserialize_with = "at_most::<_, _, 4>")]
    pub up: Vec<UpSlot>,
    /// Sections on which the client receives.
    #[serde(deserialize_with = "at_most::<_, _, { VIDEO_SLOTS_MAX + AUDIO_SLOTS_ANNOUNCED_MAX }>")]
    pub down: Vec<DownSlot>,
}

/// A picture that is on a subscriber's screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Tile {
    /// Whose picture.
    pub participant: ParticipantId,
    /// Camera or screen; sound is not subscribed to.
    pub source: Source,
    /// Shown height.
    pub height: TileHeight,
}
