//! Everything that goes into a room and everything that comes out of it.

use std::time::Duration;

use sabha_protocol::{
    BootEpoch, DisplayName, Layer, MediaGeneration, MediaState, MeetingId, MeetingTitle, ParticipantId,
    Quality, RequestId, RoomEpoch, RoomSeq, Rule, Sdp, Source,
    secret::{RelayPayload, ResumeToken},
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
    /// Its title.
    pub title: Option<MeetingTitle>,
    /// Life of the server.
    pub boot_epoch: BootEpoch,
    /// How many times this room was opened, this time included.
    pub room_epoch: RoomEpoch,
    /// Key of the server for resume tokens.
    pub resume_key: [u8; 32],
    /// Places whose holders were removed in earlier epochs of this room.
    pub removed: Vec<ParticipantId>,
    /// First id to give: greater than any id of an earlier epoch.
    pub next_participant: ParticipantId,
    /// For how long from now places of earlier epochs can be claimed: what is left of the resume window
    /// since the server started or the room was lost, else a token would open any room that opens later.
    pub claim_window: Duration,
}

/// By what right a connection enters. Host token and gate key were checked by the caller.
#[derive(Clone, Debug)]
pub enum Right {
    /// The creator's token.
    Host,
    /// The link.
    Link,
    /// A token this room checks itself.
    Resume(ResumeToken),
}

/// What a room is told.
#[derive(Clone, Debug)]
pub enum Input {
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
        /// The name it gives itself.
        name: DisplayName,
        /// Its right.
        right: Right,
    },
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
    Admit { guest: ParticipantId },
    Deny { guest: ParticipantId },
    End,
    Join { offer: MediaOffer, media: MediaState },
    Leave,
    MakeHost { participant: ParticipantId },
    Mute { participant: ParticipantId, source: Source },
    Offer { offer: MediaOffer },
    Relay { to: Option<ParticipantId>, payload: RelayPayload },
    Remove { participant: ParticipantId },
    SetMedia { media: MediaState },
    Subscribe { tiles: Vec<Tile> },
}

/// What the media plane says, in the room's own names.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented on the event of the same name in sabha_sfu")]
pub enum MediaEvent {
    Answered { participant: ParticipantId, generation: MediaGeneration, answer: Sdp },
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
        by: Option<DisplayName>,
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
    Done,
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
        by: DisplayName,
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
    },
}

/// What an admitted connection learns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "documented on sabha_protocol::wire::server::ServerMessage::Admitted")]
pub struct Admission {
    pub you: ParticipantId,
    pub role: Role,
    pub resume: ResumeToken,
    pub title: Option<MeetingTitle>,
    pub room_epoch: RoomEpoch,
    pub media_allowed: MediaState,
}

/// Somebody in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "documented on sabha_protocol::wire::server::Participant")]
pub struct ParticipantView {
    pub id: ParticipantId,
    pub name: DisplayName,
    pub role: Role,
    pub media: MediaState,
    pub presence: Presence,
}

/// Somebody in the lobby.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "documented on sabha_protocol::wire::server::Guest")]
pub struct GuestView {
    pub id: ParticipantId,
    pub name: DisplayName,
    pub waited: Duration,
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
