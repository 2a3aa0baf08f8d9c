//! Everything that goes into a room and everything that comes out of it.

use std::{collections::BTreeSet, time::Duration};

use sabha_policy::Controls;
use sabha_protocol::{
    BootEpoch, DeviceKey, GroupEpoch, Layer, MediaGeneration, MediaState, MeetingId, ParticipantId, Quality,
    RequestId, RoomEpoch, RoomSeq, Rule, Sdp, Source, VideoCodec,
    account::UserId,
    opaque::{
        DoorPayload, HandshakeMessage, KnockPayload, RatchetTree, RelayPayload, SealedTitle, WelcomeMessage,
    },
    secret::ResumeToken,
    wire::{
        client::{MediaOffer, Tile},
        server::{CloseReason, LeaveReason, LobbyOutcome, Presence, Role, SlotAssignment},
    },
};

/// A client's connection. Chosen by the caller, never used twice while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionKey(pub u64);

/// Ties the result of a [`Output::Persist`] to what waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What a room is opened with. Holds key material, so it has no `Debug`.
#[derive(Clone)]
pub struct RoomConfig {
    /// The meeting.
    pub meeting: MeetingId,
    /// Its title, as the creator sealed it.
    pub title: Option<SealedTitle>,
    /// The group as the delivery service has it when the room opens.
    pub group: GroupView,
    /// What the organisation demands.
    pub floor: Controls,
    /// Life of the server.
    pub boot_epoch: BootEpoch,
    /// How many times this room was opened, this time included.
    pub room_epoch: RoomEpoch,
    /// Key of the server for resume tokens.
    pub resume_key: [u8; 32],
    /// Places whose holders were removed in earlier epochs of this room.
    pub removed: Vec<ParticipantId>,
    /// Accounts that are kept out, each by the banned device that it was signed in with.
    pub banned_accounts: Vec<(DeviceKey, UserId)>,
    /// First id to give: greater than any id of an earlier epoch.
    pub next_participant: ParticipantId,
    /// For how long from now places of earlier epochs can be claimed: what is left of the resume window
    /// since the server started or the room was lost, else a token would open any room that opens later.
    pub claim_window: Duration,
    /// For how long from now the room stays open though nobody is connected: until the end of a meeting that was planned
    /// for then; nothing for any other.
    pub kept_for: Duration,
}

/// What the group says of one of its devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// The device: the signature key of its leaf.
    pub device: DeviceKey,
    /// Host if the group's policy names it as one.
    pub role: Role,
    /// The sources its grant allows it to send.
    pub allowed: MediaState,
}

/// The meeting's MLS group, as far as a room has to know it: who is in it, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// The epoch.
    pub epoch: GroupEpoch,
    /// Every device that has a leaf, each once.
    pub members: Vec<GroupMember>,
    /// The controls that a host has signed.
    pub controls: Controls,
    /// The organisation's floor that a host has signed with them.
    pub floor: Controls,
    /// Whether a host has suspended all that participants do.
    pub suspended: bool,
    /// Devices that hosts have banned; none of them is a member.
    pub banned: BTreeSet<DeviceKey>,
}

/// How a device lost its leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// A host removed it and banned its device.
    ByHost,
    /// It proposed so itself.
    Left,
    /// The same device has a new leaf in the same epoch, by an external commit: nothing changes for its place.
    Replaced,
    /// A host made its grant void: it may knock, and be let in anew.
    SentBack,
}

/// What a handshake or an adoption did to the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupChange {
    /// The group from now on.
    pub view: GroupView,
    /// Devices that got a leaf.
    pub added: Vec<DeviceKey>,
    /// Devices that lost theirs, and how.
    pub removed: Vec<(DeviceKey, Removal)>,
}

/// A handshake that the delivery service accepted: the next in the group's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The epoch it starts from.
    pub epoch: GroupEpoch,
    /// The commit or proposal.
    pub message: HandshakeMessage,
    /// What a commit did; nothing for a proposal.
    pub change: Option<GroupChange>,
    /// For those whom it adds.
    pub welcome: Option<(WelcomeMessage, RatchetTree)>,
}

/// By what right a connection enters. That the device is the connection's own was checked by the caller, and so was
/// everything that is said here of grants and of the link.
#[derive(Clone, Debug)]
pub enum Right {
    /// A grant that is valid and not revoked: the device was admitted once and lost its leaf.
    Granted,
    /// The link, whole or from a mail: may knock.
    Link {
        /// For the hosts; absent for one who came by mail and has nothing to seal it with.
        knock: Option<KnockPayload>,
    },
    /// The device is in the group.
    Member,
    /// A token this room checks itself.
    Resume(ResumeToken),
}

/// What the caller knows of whoever enters, besides its device. No device of a meeting can check any of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visitor {
    /// The number of its client, as it says itself; 0 if it says none.
    pub client: u16,
    /// The account of this organisation that its connection is signed in with.
    pub account: Option<UserId>,
}

/// What a room is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// The group's state was brought back by a member, after a restart of the server.
    Adopted {
        /// Whose connection brought it.
        connection: ConnectionKey,
        /// Its request.
        request: RequestId,
        /// From what the room was told before to what was brought.
        change: GroupChange,
    },
    /// Who planned the meeting does not want it any more.
    Cancelled,
    /// The connection is gone, without a word.
    Disconnected {
        /// Which.
        connection: ConnectionKey,
    },
    /// Somebody wants in.
    Enter {
        /// The connection.
        connection: ConnectionKey,
        /// Its request.
        request: RequestId,
        /// The key of its device, which it has shown to have.
        device: DeviceKey,
        /// Its right.
        right: Right,
        /// What else is known of it.
        visitor: Visitor,
    },
    /// The delivery service accepted a commit or a proposal.
    Handshake {
        /// Whose connection sent it.
        connection: ConnectionKey,
        /// Its request.
        request: RequestId,
        /// The handshake.
        handshake: Handshake,
    },
    /// The organisation demands this of every meeting from now on.
    Floor(Controls),
    /// The media plane says something.
    Media(MediaEvent),
    /// A connection asks for something.
    Request {
        /// The connection.
        connection: ConnectionKey,
        /// Its request.
        request: RequestId,
        /// What.
        command: Command,
    },
    /// A record is durable, or could not be written.
    Stored {
        /// Which.
        ticket: Ticket,
        /// Whether it is.
        durable: bool,
    },
    /// The time that `poll_timeout` named has come.
    Timeout,
}

/// What an entered connection can ask for.
#[derive(Clone, Debug)]
#[expect(
    missing_docs,
    reason = "each is documented on the message of the same name in sabha_protocol::wire::client"
)]
pub enum Command {
    Deny { guest: ParticipantId },
    Door { to: Option<ParticipantId>, payload: DoorPayload },
    End,
    Join { offer: MediaOffer, media: MediaState },
    Leave,
    Mute { participant: ParticipantId, source: Source },
    Offer { offer: MediaOffer },
    Relay { to: Option<ParticipantId>, payload: RelayPayload },
    SetMedia { media: MediaState },
    Subscribe { tiles: Vec<Tile> },
}

/// What the media plane says, in the room's own names.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented on the event of the same name in sabha_sfu")]
pub enum MediaEvent {
    Answered { participant: ParticipantId, generation: MediaGeneration, answer: Sdp },
    CodecWanted { participant: ParticipantId, source: Source, codec: VideoCodec },
    LayersWanted { participant: ParticipantId, source: Source, layers: Vec<Layer> },
    Lost { participant: ParticipantId, generation: MediaGeneration },
    OfferRefused { participant: ParticipantId, generation: MediaGeneration, reason: String },
    QualityChanged { participant: ParticipantId, quality: Quality },
    SlotsChanged { participant: ParticipantId, generation: MediaGeneration, slots: Vec<SlotAssignment> },
    SpeakersChanged { speaking: Vec<ParticipantId> },
}

/// What a room wants done. Drained after every input.
#[derive(Clone, Debug)]
pub enum Output {
    /// Close a connection, after this last word.
    Close {
        /// Which.
        connection: ConnectionKey,
        /// Why.
        reason: CloseReason,
        /// Who decided.
        by: Option<ParticipantId>,
    },
    /// The room is over: nothing comes out of it any more.
    Ended,
    /// Tell the media plane.
    Media(MediaCommand),
    /// Make a record durable, then say so with `Input::Stored`.
    Persist {
        /// Names the record.
        ticket: Ticket,
        /// The record.
        record: Record,
    },
    /// Tell clients.
    Send {
        /// Whom; never empty.
        to: Vec<ConnectionKey>,
        /// The request this answers.
        re: Option<RequestId>,
        /// Position in the room's order.
        seq: Option<RoomSeq>,
        /// What.
        event: Event,
    },
}

/// What must outlive the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// This account is kept out as long as this device is banned.
    AccountBanned {
        /// The device, of which hosts know.
        device: DeviceKey,
        /// The account, of which they do not.
        account: UserId,
    },
    /// A host has lifted the ban of this device, and with it that of the account.
    AccountLifted {
        /// The device.
        device: DeviceKey,
    },
    /// The meeting is over for good.
    Ended,
    /// Ids up to this one may have been given.
    IdsReserved {
        /// The next epoch starts after it.
        upto: ParticipantId,
    },
    /// This place's holder stays out.
    Removed {
        /// The place.
        participant: ParticipantId,
    },
}

/// What the media plane is asked to do, in the room's own names.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented on the command of the same name in sabha_sfu")]
pub enum MediaCommand {
    Connect {
        participant: ParticipantId,
        generation: MediaGeneration,
        offer: MediaOffer,
        publishing: MediaState,
    },
    Disconnect {
        participant: ParticipantId,
    },
    SetPublishing {
        participant: ParticipantId,
        media: MediaState,
    },
    Subscribe {
        participant: ParticipantId,
        tiles: Vec<Tile>,
    },
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is documented on the message of the same name in sabha_protocol::wire::server"
)]
pub enum Event {
    Admitted(Admission),
    CodecWanted {
        source: Source,
        codec: VideoCodec,
    },
    Done,
    Door {
        from: ParticipantId,
        payload: DoorPayload,
    },
    Floor {
        floor: Controls,
    },
    Handshake {
        from: ParticipantId,
        epoch: GroupEpoch,
        message: HandshakeMessage,
    },
    Joined {
        answer: Sdp,
        generation: MediaGeneration,
        media: MediaState,
        participants: Vec<ParticipantView>,
        lobby: Vec<GuestView>,
        seq: RoomSeq,
    },
    Knocked {
        guest: GuestView,
    },
    LayersWanted {
        source: Source,
        layers: Vec<Layer>,
    },
    LobbyLeft {
        guest: ParticipantId,
        outcome: LobbyOutcome,
    },
    MediaAnswer {
        answer: Sdp,
        generation: MediaGeneration,
    },
    MediaLost,
    Muted {
        source: Source,
        by: ParticipantId,
    },
    ParticipantChanged {
        participant: ParticipantView,
    },
    ParticipantJoined {
        participant: ParticipantView,
    },
    ParticipantLeft {
        participant: ParticipantId,
        reason: LeaveReason,
    },
    QualityChanged {
        participant: ParticipantId,
        quality: Quality,
    },
    Refused(Refusal),
    Relayed {
        from: ParticipantId,
        payload: RelayPayload,
    },
    ResumeRenewed {
        resume: ResumeToken,
    },
    Slots {
        generation: MediaGeneration,
        slots: Vec<SlotAssignment>,
    },
    Speakers {
        speaking: Vec<ParticipantId>,
    },
    Waiting {
        you: ParticipantId,
        host_present: bool,
        title: Option<SealedTitle>,
    },
    Welcomed {
        welcome: WelcomeMessage,
        tree: RatchetTree,
    },
}

/// What an admitted connection learns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "documented on sabha_protocol::wire::server::ServerMessage::Admitted")]
pub struct Admission {
    pub you: ParticipantId,
    pub role: Role,
    pub epoch: GroupEpoch,
    pub in_group: bool,
    pub resume: ResumeToken,
    pub title: Option<SealedTitle>,
    pub room_epoch: RoomEpoch,
    pub media_allowed: MediaState,
}

/// Somebody in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "documented on sabha_protocol::wire::server::Participant")]
pub struct ParticipantView {
    pub id: ParticipantId,
    pub device: DeviceKey,
    pub role: Role,
    pub media: MediaState,
    pub presence: Presence,
    pub of_organisation: bool,
}

/// Somebody in the lobby.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "documented on sabha_protocol::wire::server::Guest")]
pub struct GuestView {
    pub id: ParticipantId,
    pub device: DeviceKey,
    pub knock: Option<KnockPayload>,
    pub waited: Duration,
    pub of_organisation: bool,
}

/// Why a request was refused. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({rule})")]
pub struct Refusal {
    /// The rule that decided.
    pub rule: Rule,
    /// The same in a sentence.
    pub message: String,
}
