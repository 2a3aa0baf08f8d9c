//! A room with a virtual clock, and a storage, a media plane and a delivery service that do as they are told.

use std::time::{Duration, Instant};

use sabha_conference::{
    Admission, Command, ConnectionKey, Event, Handshake, Input, MediaCommand, MediaEvent, Output, Record,
    Refusal, Removal, Right, Room, RoomConfig, Ticket, Visitor,
};
use sabha_policy::Controls;
use sabha_protocol::{
    BootEpoch, DeviceKey, MediaGeneration, MediaState, MeetingId, ParticipantId, RequestId, RoomEpoch,
    RoomSeq, Rule, Sdp,
    limits::RESUME_WINDOW,
    opaque::{DoorPayload, KnockPayload, SealedTitle},
    secret::ResumeToken,
    wire::{
        client::MediaOffer,
        server::{CloseReason, Role},
    },
};

use crate::delivery::{Delivery, Edit, HOSTS, device};

pub(crate) const ALL_ON: MediaState =
    MediaState { microphone: true, camera: true, screen: true, screen_audio: true };
pub(crate) const ALL_OFF: MediaState =
    MediaState { microphone: false, camera: false, screen: false, screen_audio: false };

pub(crate) fn config() -> RoomConfig {
    RoomConfig {
        floor: Controls::default(),
        meeting: MeetingId::from_bytes([1; 20]),
        title: Some(title()),
        group: Delivery::new().view(),
        boot_epoch: BootEpoch(1),
        room_epoch: RoomEpoch(1),
        resume_key: [7; 32],
        removed: Vec::new(),
        banned_accounts: Vec::new(),
        next_participant: ParticipantId(1),
        claim_window: RESUME_WINDOW,
        kept_for: Duration::ZERO,
    }
}

pub(crate) fn offer() -> MediaOffer {
    MediaOffer { sdp: sdp(), up: Vec::new(), down: Vec::new() }
}

pub(crate) fn sdp() -> Sdp {
    "v=0".parse().expect("a short text")
}

pub(crate) fn title() -> SealedTitle {
    vec![9; 40].try_into().expect("a short title")
}

pub(crate) fn link() -> Right {
    Right::Link { knock: Some(knock()) }
}

pub(crate) fn knock() -> KnockPayload {
    vec![8; 30].try_into().expect("a short knock")
}

pub(crate) fn words() -> DoorPayload {
    vec![7; 20].try_into().expect("a few words")
}

/// A message as one connection gets it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) re: Option<RequestId>,
    pub(crate) seq: Option<RoomSeq>,
    pub(crate) event: Event,
}

/// What became of a request.
#[derive(Clone, Debug)]
pub(crate) struct Answer(pub(crate) Option<Message>);

impl Answer {
    #[track_caller]
    pub(crate) fn event(self) -> Event {
        self.0.expect("the request is answered").event
    }

    #[track_caller]
    pub(crate) fn done(self) {
        assert_eq!(self.event(), Event::Done);
    }

    #[track_caller]
    pub(crate) fn rule(self) -> Rule {
        match self.event() {
            Event::Refused(Refusal { rule, .. }) => rule,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn admission(self) -> Admission {
        match self.event() {
            Event::Admitted(admission) => admission,
            other => panic!("expected to be admitted, got {other:?}"),
        }
    }
}

/// Somebody as the tests speak of them.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) connection: ConnectionKey,
    pub(crate) device: DeviceKey,
    pub(crate) id: ParticipantId,
    pub(crate) token: Option<ResumeToken>,
}

pub(crate) struct Scene {
    pub(crate) room: Room,
    pub(crate) now: Instant,
    /// Whether records become durable at once.
    pub(crate) storage_works: bool,
    /// Whether offers are answered at once.
    pub(crate) media_answers: bool,
    /// What came out since the last input of the test.
    pub(crate) outputs: Vec<Output>,
    /// Records not yet answered, oldest first.
    pub(crate) outstanding: Vec<(Ticket, Record)>,
    /// Every record that became durable.
    pub(crate) stored: Vec<Record>,
    pub(crate) delivery: Delivery,
    /// Of the devices that are no hosts from the beginning, those that have come so far.
    devices: u32,
    hosts: u32,
    connections: u64,
    requests: u32,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(config())
    }

    pub(crate) fn with(config: RoomConfig) -> Self {
        let now = Instant::now();
        Self {
            room: Room::new(config, now),
            now,
            storage_works: true,
            media_answers: true,
            outputs: Vec::new(),
            outstanding: Vec::new(),
            stored: Vec::new(),
            delivery: Delivery::new(),
            devices: 0,
            hosts: 0,
            connections: 0,
            requests: 0,
        }
    }

    /// Restarts the server: all connections are gone, the storage keeps what was durable, and the delivery service
    /// is back at the first group.
    pub(crate) fn restart(&mut self) {
        self.reopen(BootEpoch(2), RoomEpoch(2));
    }

    /// Replaces the room by one of this epoch.
    pub(crate) fn reopen(&mut self, boot_epoch: BootEpoch, room_epoch: RoomEpoch) {
        assert!(!self.stored.contains(&Record::Ended), "an ended meeting is not opened again");
        let mut config = config();
        config.boot_epoch = boot_epoch;
        config.room_epoch = room_epoch;
        for record in &self.stored {
            match record {
                Record::IdsReserved { upto } => config.next_participant = upto.next(),
                Record::Removed { participant } => config.removed.push(*participant),
                Record::AccountBanned { device, account } => config.banned_accounts.push((*device, *account)),
                Record::AccountLifted { device } => config.banned_accounts.retain(|(of, _)| of != device),
                Record::Ended => {}
            }
        }
        self.outstanding.clear();
        self.delivery.restart();
        self.room = Room::new(config, self.now);
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.outputs.clear();
        self.feed(input);
    }

    fn feed(&mut self, input: Input) {
        self.room.handle_input(self.now, input);
        let mut replies = Vec::new();
        while let Some(output) = self.room.poll_output() {
            match &output {
                Output::Persist { ticket, record } => {
                    self.outstanding.push((*ticket, *record));
                    if self.storage_works {
                        replies.push(Input::Stored { ticket: *ticket, durable: true });
                    }
                }
                Output::Media(MediaCommand::Connect { participant, generation, .. })
                    if self.media_answers =>
                {
                    replies.push(Input::Media(MediaEvent::Answered {
                        participant: *participant,
                        generation: *generation,
                        answer: sdp(),
                    }));
                }
                _ => {}
            }
            self.outputs.push(output);
        }
        for reply in replies {
            if let Input::Stored { ticket, durable } = reply {
                self.settle(ticket, durable);
            }
            self.feed(reply);
        }
    }

    fn settle(&mut self, ticket: Ticket, durable: bool) {
        if let Some(at) = self.outstanding.iter().position(|(other, _)| *other == ticket) {
            let (_, record) = self.outstanding.remove(at);
            if durable {
                self.stored.push(record);
            }
        }
    }

    /// Answers the oldest outstanding record.
    pub(crate) fn store(&mut self, durable: bool) {
        let (ticket, _) = self.outstanding[0];
        self.settle(ticket, durable);
        self.input(Input::Stored { ticket, durable });
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.input(Input::Timeout);
    }

    pub(crate) fn connection(&mut self) -> ConnectionKey {
        self.connections += 1;
        ConnectionKey(self.connections)
    }

    /// Returns a device that was never here.
    pub(crate) fn new_device(&mut self) -> DeviceKey {
        self.devices += 1;
        device(HOSTS + self.devices)
    }

    pub(crate) fn enter(&mut self, connection: ConnectionKey, device: DeviceKey, right: Right) -> Answer {
        self.come(connection, device, right, Visitor::default())
    }

    /// As `enter`, by somebody of whom more is known.
    pub(crate) fn come(
        &mut self,
        connection: ConnectionKey,
        device: DeviceKey,
        right: Right,
        visitor: Visitor,
    ) -> Answer {
        self.requests += 1;
        let request = RequestId(self.requests);
        self.input(Input::Enter { connection, request, device, right, visitor });
        self.answer(connection, request)
    }

    /// Has somebody send a commit that the delivery service accepts.
    pub(crate) fn commit(&mut self, connection: ConnectionKey, edits: &[Edit]) -> Answer {
        let handshake = self.delivery.commit(edits);
        self.handshake(connection, handshake)
    }

    pub(crate) fn handshake(&mut self, connection: ConnectionKey, handshake: Handshake) -> Answer {
        self.requests += 1;
        let request = RequestId(self.requests);
        self.input(Input::Handshake { connection, request, handshake });
        self.answer(connection, request)
    }

    /// Has somebody bring the group's state back.
    pub(crate) fn adopt(&mut self, connection: ConnectionKey) -> Answer {
        self.requests += 1;
        let request = RequestId(self.requests);
        let change = self.delivery.adopt();
        self.input(Input::Adopted { connection, request, change });
        self.answer(connection, request)
    }

    /// Has a host remove somebody.
    #[track_caller]
    pub(crate) fn remove(&mut self, host: &Person, person: &Person) {
        self.commit(host.connection, &[Edit::Remove(person.device, Removal::ByHost)]).done();
    }

    /// Has a host make somebody host as well.
    #[track_caller]
    pub(crate) fn make_host(&mut self, host: &Person, person: &Person) {
        self.commit(host.connection, &[Edit::Make(person.device, Role::Host)]).done();
    }

    /// Has a host set a control.
    #[track_caller]
    pub(crate) fn set(&mut self, host: &Person, control: &str, value: &str) {
        self.delivery.set(control, value);
        self.commit(host.connection, &[]).done();
    }

    pub(crate) fn ask(&mut self, connection: ConnectionKey, command: Command) -> Answer {
        self.requests += 1;
        let request = RequestId(self.requests);
        self.input(Input::Request { connection, request, command });
        self.answer(connection, request)
    }

    pub(crate) fn request(&self) -> RequestId {
        RequestId(self.requests)
    }

    /// Returns the answer to a request, if it is among the outputs of the last input.
    pub(crate) fn answer(&self, connection: ConnectionKey, request: RequestId) -> Answer {
        Answer(self.heard(connection).into_iter().find(|message| message.re == Some(request)))
    }

    /// Returns what a connection was sent since the last input.
    pub(crate) fn heard(&self, connection: ConnectionKey) -> Vec<Message> {
        self.outputs
            .iter()
            .filter_map(|output| match output {
                Output::Send { to, re, seq, event } if to.contains(&connection) => {
                    Some(Message { re: *re, seq: *seq, event: event.clone() })
                }
                _ => None,
            })
            .collect()
    }

    pub(crate) fn events(&self, connection: ConnectionKey) -> Vec<Event> {
        self.heard(connection).into_iter().map(|message| message.event).collect()
    }

    pub(crate) fn media_commands(&self) -> Vec<&MediaCommand> {
        self.outputs
            .iter()
            .filter_map(|output| if let Output::Media(command) = output { Some(command) } else { None })
            .collect()
    }

    pub(crate) fn close_of(&self, connection: ConnectionKey) -> Option<(CloseReason, Option<ParticipantId>)> {
        self.outputs.iter().find_map(|output| match output {
            Output::Close { connection: closed, reason, by } if *closed == connection => Some((*reason, *by)),
            _ => None,
        })
    }

    pub(crate) fn drop_connection(&mut self, connection: ConnectionKey) {
        self.input(Input::Disconnected { connection });
    }

    #[track_caller]
    pub(crate) fn join(&mut self, connection: ConnectionKey) -> Event {
        self.ask(connection, Command::Join { offer: offer(), media: ALL_ON }).event()
    }

    /// Brings another of the first group's hosts to the room, who does not join yet.
    #[track_caller]
    pub(crate) fn host_at_the_door(&mut self) -> Person {
        let (connection, device) = (self.connection(), device(self.hosts));
        self.hosts += 1;
        let admission = self.enter(connection, device, Right::Member).admission();
        assert_eq!((admission.role, admission.in_group), (Role::Host, true));
        Person { connection, device, id: admission.you, token: Some(admission.resume) }
    }

    /// Brings another of the first group's hosts into the room.
    #[track_caller]
    pub(crate) fn host(&mut self) -> Person {
        let host = self.host_at_the_door();
        self.join(host.connection);
        host
    }

    /// Brings a guest into the lobby.
    #[track_caller]
    pub(crate) fn guest(&mut self) -> Person {
        let (connection, device) = (self.connection(), self.new_device());
        match self.enter(connection, device, link()).event() {
            Event::Waiting { you, .. } => Person { connection, device, id: you, token: None },
            other => panic!("expected to wait, got {other:?}"),
        }
    }

    /// Lets a guest in, who does not join yet.
    #[track_caller]
    pub(crate) fn admit(&mut self, host: &Person, guest: &mut Person) {
        self.commit(host.connection, &[Edit::Add(guest.device)]).done();
        guest.token = self.events(guest.connection).into_iter().find_map(|event| match event {
            Event::Admitted(admission) => Some(admission.resume),
            _ => None,
        });
        assert!(guest.token.is_some(), "the guest is told");
    }

    /// Brings a participant into the room.
    #[track_caller]
    pub(crate) fn participant(&mut self, host: &Person) -> Person {
        let mut guest = self.guest();
        self.admit(host, &mut guest);
        self.join(guest.connection);
        guest
    }

    /// Has somebody keep the token that came last, as every client does.
    #[track_caller]
    pub(crate) fn take_renewed_token(&mut self, person: &mut Person) {
        let renewed = self.events(person.connection).into_iter().rev().find_map(|event| match event {
            Event::ResumeRenewed { resume } => Some(resume),
            _ => None,
        });
        person.token = Some(renewed.expect("the token is renewed"));
    }

    /// Brings somebody back on a new connection, up to `Admitted`.
    #[track_caller]
    pub(crate) fn resume(&mut self, person: &mut Person) -> Admission {
        let token = person.token.clone().expect("a token");
        person.connection = self.connection();
        let admission = self.enter(person.connection, person.device, Right::Resume(token)).admission();
        person.token = Some(admission.resume.clone());
        admission
    }

    /// Returns the rule by which a person's token opens nothing on a new connection.
    #[track_caller]
    pub(crate) fn refused_resume(&mut self, person: &Person) -> Rule {
        let token = person.token.clone().expect("a token");
        self.refused_token(person.device, token)
    }

    #[track_caller]
    pub(crate) fn refused_token(&mut self, device: DeviceKey, token: ResumeToken) -> Rule {
        let connection = self.connection();
        self.enter(connection, device, Right::Resume(token)).rule()
    }

    pub(crate) fn answer_media(&mut self, participant: ParticipantId, generation: u32) {
        let generation = MediaGeneration(generation);
        self.input(Input::Media(MediaEvent::Answered { participant, generation, answer: sdp() }));
    }

    pub(crate) fn ids(&self) -> Vec<ParticipantId> {
        self.room.participants().map(|participant| participant.id).collect()
    }
}
