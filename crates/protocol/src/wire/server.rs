//! Server to client over the WebSocket: one JSON object a text message.
//!
//! Messages that change the room's shared state carry `seq`, the room's total order. A member that sees a
//! gap reconnects and gets the whole state again with `joined`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    BootEpoch, ControlSettings, GroupEpoch, Layer, MediaGeneration, MediaState, Mid, ParticipantId, Quality,
    RequestId, RoomEpoch, RoomSeq, Rule, Sdp, Source, VideoCodec,
    key::{Challenge, DeviceKey},
    opaque::{
        DoorPayload, GroupInfo, HandshakeMessage, KnockPayload, RatchetTree, RelayPayload, SealedTitle,
        WelcomeMessage,
    },
    secret::ResumeToken,
};

/// One message, with what it answers and where it stands in the room's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ServerFrame {
    /// The request this answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub re: Option<RequestId>,
    /// Position in the room's order, for messages that everybody in the room gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seq: Option<RoomSeq>,
    /// The message.
    pub body: ServerMessage,
}

/// Everything a server says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ServerMessage {
    /// You are admitted: send `join` once your device is in the group. Answers `enter`, or follows `waiting` once
    /// a host's commit has added you.
    Admitted {
        /// Your id in this room.
        you: ParticipantId,
        /// Your role.
        role: Role,
        /// The epoch the server's view of the group is in.
        epoch: GroupEpoch,
        /// Whether your device is in that group; if not, join it by an external commit.
        in_group: bool,
        /// Brings you back to this place within 60 s after the connection dropped. Replaces any older one.
        resume: ResumeToken,
        /// The meeting's title, sealed under the lobby key.
        #[ts(optional = nullable)]
        title: Option<SealedTitle>,
        /// The room's epoch.
        room_epoch: RoomEpoch,
        /// What of your media survived a resume; all on for a first entry.
        media_allowed: MediaState,
    },
    /// You are out, and why. The last message of a connection.
    Closed {
        /// Why.
        reason: CloseReason,
        /// Who decided it, where somebody did.
        by: Option<ParticipantId>,
    },
    /// The best codec that everybody who watches one of your pictures can decode. Until the first one on a media
    /// connection any codec that was negotiated will do.
    CodecWanted {
        /// Camera or screen.
        source: Source,
        /// The codec.
        codec: VideoCodec,
    },
    /// Said at the door: to a guest by a host, to hosts by a guest.
    Door {
        /// Who says it.
        from: ParticipantId,
        /// What.
        payload: DoorPayload,
    },
    /// What you asked for is done.
    Done {},
    /// The server stops soon: finish, or expect to reconnect.
    Draining {
        /// Time left, in milliseconds.
        remaining_ms: u32,
    },
    /// To hosts: the organisation demands more than the meeting's policy says. Raise its floor, or the meeting ends.
    Floor {
        /// What it demands.
        floor: ControlSettings,
    },
    /// The group as it is now. Answers `group_state`.
    GroupState {
        /// Its epoch.
        epoch: GroupEpoch,
        /// Signed by the member who made the last commit.
        group_info: GroupInfo,
        /// Its tree.
        tree: RatchetTree,
    },
    /// A commit or proposal that the server has accepted, in the room's order.
    Handshake {
        /// Who sent it: the connection it came on.
        from: ParticipantId,
        /// The epoch it starts from.
        epoch: GroupEpoch,
        /// The message.
        message: HandshakeMessage,
    },
    /// Your place in the room, with everything in it. Answers `join`.
    Joined {
        /// Answer to your offer.
        answer: MediaAnswer,
        /// What you may send now.
        media: MediaState,
        /// Everybody in the room, you included.
        participants: Vec<Participant>,
        /// Who waits in the lobby; empty unless you are host.
        lobby: Vec<Guest>,
        /// The room's order up to which this is complete.
        seq: RoomSeq,
    },
    /// Somebody asks to come in. To hosts only.
    Knocked {
        /// Who.
        guest: Guest,
    },
    /// Which layers of your pictures anybody watches. Stop encoding the others.
    LayersWanted {
        /// Camera or screen.
        source: Source,
        /// The wanted layers, lowest first; none means that nobody watches. A screen has only `high`.
        layers: Vec<Layer>,
    },
    /// Somebody no longer waits in the lobby, whatever the reason. To hosts only.
    LobbyLeft {
        /// Who.
        guest: ParticipantId,
        /// How it ended.
        outcome: LobbyOutcome,
    },
    /// Answer to a later `offer`.
    MediaAnswer {
        /// The answer.
        answer: MediaAnswer,
    },
    /// Your media path is lost at the server's side: send a fresh `offer`.
    MediaLost {},
    /// A host switched a source of yours off.
    Muted {
        /// Which.
        source: Source,
        /// Who did it.
        by: ParticipantId,
    },
    /// A participant's role, media or presence changed.
    ParticipantChanged {
        /// The participant as it is now.
        participant: Participant,
    },
    /// Somebody joined.
    ParticipantJoined {
        /// Who.
        participant: Participant,
    },
    /// Somebody is gone for good.
    ParticipantLeft {
        /// Who.
        participant: ParticipantId,
        /// Why.
        reason: LeaveReason,
    },
    /// Answer to `ping`.
    Pong {},
    /// How well a participant's connection holds. Sent when it changes.
    QualityChanged {
        /// Whose.
        participant: ParticipantId,
        /// How well.
        quality: Quality,
    },
    /// What you asked for is refused; nothing changed.
    Refused {
        /// By which rule.
        rule: Rule,
        /// The same in a sentence, for people and logs.
        message: String,
    },
    /// Opaque bytes from a member.
    Relayed {
        /// Who sent them: the connection they came on, not a claim in them.
        from: ParticipantId,
        /// The bytes.
        payload: RelayPayload,
    },
    /// Your place is as before, but its token says more now: keep this one instead. Sent when what you have
    /// switched on, or your role, changed, so that a restarted server knows how you left.
    ResumeRenewed {
        /// Replaces the one you have.
        resume: ResumeToken,
    },
    /// Which publication each down-slot carries from now on; slots that are not named stay as they are.
    Slots {
        /// The peer connection this is about.
        generation: MediaGeneration,
        /// Slots that changed.
        slots: Vec<SlotAssignment>,
    },
    /// Who speaks now, most recent first.
    Speakers {
        /// At most the number that is forwarded at once.
        speaking: Vec<ParticipantId>,
    },
    /// You knocked: the host sees your name and decides.
    Waiting {
        /// Your id in the lobby.
        you: ParticipantId,
        /// Whether a host is there to hear the knock.
        host_present: bool,
        /// The meeting's title, sealed under the lobby key.
        #[ts(optional = nullable)]
        title: Option<SealedTitle>,
    },
    /// A host's commit has added your device: this opens the group for it. Comes right after `admitted`.
    Welcomed {
        /// The Welcome.
        welcome: WelcomeMessage,
        /// The tree, whose hash is in the Welcome's GroupInfo.
        tree: RatchetTree,
    },
    /// First message of every connection.
    Welcome {
        /// Version of the server, for display.
        version: String,
        /// Which life of the server this is.
        boot_epoch: BootEpoch,
        /// To be signed by who enters on this connection.
        challenge: Challenge,
    },
}

/// What somebody may do in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A host of the group's policy: admits, denies, removes, mutes, makes hosts, ends.
    Host,
    /// Sends and receives.
    Participant,
}

/// Whether a participant's connection is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It is.
    Connected,
    /// It dropped; the place is kept for 60 seconds.
    Reconnecting,
}

/// Somebody in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    /// Its id in this room.
    pub id: ParticipantId,
    /// Its device's key. Its name is known to members only, by a message in the group.
    pub device: DeviceKey,
    /// Its role.
    pub role: Role,
    /// What it has switched on.
    pub media: MediaState,
    /// Whether it is reachable.
    pub presence: Presence,
    /// Whether its connection is signed in with an account of this server's organisation. The server's word: no device can
    /// check it.
    pub of_organisation: bool,
}

/// Somebody in the lobby, as hosts see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Guest {
    /// Its id; kept when it is admitted.
    pub id: ParticipantId,
    /// Its device's key.
    pub device: DeviceKey,
    /// What it says, sealed under the lobby key; absent for one who came by mail and does not have that key yet.
    #[ts(optional = nullable)]
    pub knock: Option<KnockPayload>,
    /// How long it has waited when this was sent, in milliseconds.
    #[ts(type = "number")]
    pub waiting_ms: u64,
    /// Whether it is signed in with an account of this server's organisation. The server's word.
    pub of_organisation: bool,
}

/// How a wait in the lobby ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LobbyOutcome {
    /// A host let the guest in.
    Admitted,
    /// A host sent the guest away.
    Denied,
    /// The guest went.
    Withdrew,
}

/// Why a participant is no longer in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// It left.
    Left,
    /// Its connection dropped and did not come back in time.
    Lost,
    /// A host removed it.
    Removed,
    /// A host sent it back to the lobby.
    SentBack,
}

/// Why the server closed a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// Nobody was in the room for a quarter of an hour, so it ended.
    Abandoned,
    /// A host did not let you in.
    Denied,
    /// A host ended the meeting for everyone.
    Ended,
    /// You left.
    Left,
    /// You broke the protocol, or sent too much.
    Misbehaved,
    /// The organisation's policy was tightened, and no host's device brought the meeting into line.
    Policy,
    /// A host removed you.
    Removed,
    /// This place was taken over by a newer connection of yours.
    Replaced,
    /// A host sent you back to the lobby: you may knock again.
    SentBack,
    /// The server is stopping; come back soon.
    ServerStopping,
    /// Your side read too slowly for the messages that were due.
    TooSlow,
}

/// What a down-slot carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SlotAssignment {
    /// The slot.
    pub mid: Mid,
    /// Whose publication it carries; nobody's if absent.
    pub occupant: Option<Occupant>,
}

/// A publication: what somebody sends from one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Occupant {
    /// Who.
    pub participant: ParticipantId,
    /// What.
    pub source: Source,
}

/// Answer to a [`MediaOffer`](super::client::MediaOffer).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MediaAnswer {
    /// The answer.
    pub sdp: Sdp,
    /// Counts the participant's peer connections.
    pub generation: MediaGeneration,
}
