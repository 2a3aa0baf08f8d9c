//! A room moved by random steps, with a storage and a media plane that may fail, a server that restarts, and a group
//! whose members bring it back afterwards, or move on without having noticed.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use sabha_conference::{
    Command, ConnectionKey, Input, MediaCommand, MediaEvent, Output, Record, Removal, Right, Room,
    RoomConfig, Ticket, Visitor,
};
use sabha_protocol::{
    BootEpoch, DeviceKey, MediaGeneration, MediaState, ParticipantId, RequestId, RoomEpoch, Source,
    opaque::RelayPayload,
    secret::ResumeToken,
    wire::{client::Tile, server::Role},
};

use crate::{
    delivery::{Delivery, Edit, device},
    model::{Invariant, Model},
    scene::{config, link, offer, sdp, words},
};

/// Devices in the game: few, so that they meet themselves.
const DEVICES: u32 = 9;

/// One thing that happens. Numbers choose among what there is at that moment.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Adopt {
        who: u8,
    },
    /// Somebody sends a handshake that the delivery service accepts from them.
    Commit {
        who: u8,
        what: Vec<(Change, u8)>,
    },
    Connect,
    Drop {
        who: u8,
    },
    Enter {
        who: u8,
        device: u32,
        right: Entry,
    },
    /// Anybody asks, or a host if there is one.
    Ask {
        who: u8,
        of_hosts: bool,
        wish: Wish,
        target: u8,
    },
    /// Something from a connection that the room has closed arrives late, or its end does.
    Late {
        who: u8,
        request: bool,
    },
    MediaSays {
        which: u8,
        verdict: Verdict,
    },
    Pass {
        seconds: u16,
    },
    PassUntilDeadline,
    Propose {
        who: u8,
    },
    Restart,
    Store {
        which: u8,
        durable: bool,
    },
}

#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Granted,
    Link,
    Member,
    Resume { token: u8, is_own: bool },
}

/// What a commit does to a device of this number; what its sender may not do is left out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    AddGuest,
    Allow { media: u8 },
    Come,
    Make { host: bool },
    Remove,
    RemoveLeaver,
}

#[derive(Clone, Debug)]
pub(crate) enum Wish {
    Deny,
    DoorToHosts,
    DoorToOne,
    End,
    Join { media: u8 },
    Leave,
    Mute { source: u8 },
    Offer,
    RelayToAll,
    RelayToOne,
    SetMedia { media: u8 },
    Subscribe,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Verdict {
    Answered,
    Lost,
    Refused,
    Stale,
}

fn wishes() -> impl Strategy<Value = Wish> {
    prop_oneof![
        1 => Just(Wish::Deny),
        3 => Just(Wish::DoorToHosts),
        3 => Just(Wish::DoorToOne),
        10 => any::<u8>().prop_map(|media| Wish::Join { media }),
        2 => Just(Wish::Leave),
        3 => any::<u8>().prop_map(|source| Wish::Mute { source }),
        4 => Just(Wish::Offer),
        3 => Just(Wish::RelayToAll),
        1 => Just(Wish::RelayToOne),
        4 => any::<u8>().prop_map(|media| Wish::SetMedia { media }),
        1 => Just(Wish::Subscribe),
    ]
}

fn one_step() -> impl Strategy<Value = Step> {
    let entry = prop_oneof![
        3 => Just(Entry::Granted),
        4 => Just(Entry::Link),
        3 => Just(Entry::Member),
        5 => (any::<u8>(), prop::bool::weighted(0.8))
            .prop_map(|(token, is_own)| Entry::Resume { token, is_own }),
    ];
    let change = prop_oneof![
        8 => Just(Change::AddGuest),
        2 => (0u8..16).prop_map(|media| Change::Allow { media }),
        3 => Just(Change::Come),
        2 => any::<bool>().prop_map(|host| Change::Make { host }),
        2 => Just(Change::Remove),
        1 => Just(Change::RemoveLeaver),
    ];
    let verdict = prop_oneof![
        10 => Just(Verdict::Answered),
        1 => Just(Verdict::Lost),
        1 => Just(Verdict::Refused),
        1 => Just(Verdict::Stale),
    ];
    prop_oneof![
        3 => any::<u8>().prop_map(|who| Step::Adopt { who }),
        16 => (any::<u8>(), prop::collection::vec((change, any::<u8>()), 0..3))
            .prop_map(|(who, what)| Step::Commit { who, what }),
        1 => any::<u8>().prop_map(|who| Step::Propose { who }),
        30 => (any::<u8>(), any::<bool>(), wishes(), any::<u8>())
            .prop_map(|(who, of_hosts, wish, target)| Step::Ask { who, of_hosts, wish, target }),
        4 => (any::<u8>(), any::<bool>()).prop_map(|(who, request)| Step::Late { who, request }),
        8 => Just(Step::Connect),
        14 => (any::<u8>(), 0..DEVICES, entry)
            .prop_map(|(who, device, right)| Step::Enter { who, device, right }),
        5 => any::<u8>().prop_map(|who| Step::Drop { who }),
        12 => (any::<u8>(), verdict).prop_map(|(which, verdict)| Step::MediaSays { which, verdict }),
        7 => (any::<u8>(), prop::bool::weighted(0.6)).prop_map(|(which, durable)| Step::Store { which, durable }),
        2 => (0u16..70).prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::PassUntilDeadline),
        2 => Just(Step::Restart),
    ]
}

/// Random steps after a beginning that brings a host and two guests to the door.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ask = |who, wish| Step::Ask { who, of_hosts: false, wish, target: 0 };
    let answered = Step::MediaSays { which: 0, verdict: Verdict::Answered };
    let beginning = vec![
        Step::Connect,
        Step::Enter { who: 0, device: 0, right: Entry::Member },
        ask(0, Wish::Join { media: 15 }),
        answered.clone(),
        Step::Connect,
        Step::Enter { who: 1, device: 5, right: Entry::Link },
        Step::Commit { who: 0, what: vec![(Change::AddGuest, 0)] },
        ask(1, Wish::Join { media: 15 }),
        answered,
        Step::Connect,
        Step::Enter { who: 2, device: 6, right: Entry::Link },
    ];
    // The end of the meeting stops the play, so it comes at the end or not at all.
    let end = prop::option::of(Just(ask(0, Wish::End)));
    (prop::collection::vec(one_step(), 0..120), end)
        .prop_map(move |(middle, end)| beginning.iter().cloned().chain(middle).chain(end).collect())
}

pub(crate) struct Play {
    room: Room,
    now: Instant,
    model: Model,
    delivery: Delivery,
    /// Closed by the room and not yet reported as gone.
    closed: Vec<ConnectionKey>,
    offers: Vec<(ParticipantId, MediaGeneration)>,
    outstanding: Vec<(Ticket, Record)>,
    disk: Vec<Record>,
    epoch: u64,
    connections: u64,
    requests: u32,
}

/// Plays the steps and returns every breach of an invariant.
pub(crate) fn breaches(steps: &[Step]) -> Vec<(Invariant, String)> {
    let now = Instant::now();
    let mut play = Play {
        room: Room::new(config(), now),
        now,
        model: Model::opened(now, &config().group),
        delivery: Delivery::new(),
        closed: Vec::new(),
        offers: Vec::new(),
        outstanding: Vec::new(),
        disk: Vec::new(),
        epoch: 1,
        connections: 0,
        requests: 0,
    };
    for step in steps {
        play.step(step);
    }
    play.settle_everything();
    play.model.breaches
}

fn pick<T: Clone>(from: &[T], number: u8) -> Option<T> {
    if from.is_empty() { None } else { from.get(usize::from(number) % from.len()).cloned() }
}

fn media_of(bits: u8) -> MediaState {
    MediaState {
        microphone: bits & 1 != 0,
        camera: bits & 2 != 0,
        screen: bits & 4 != 0,
        screen_audio: bits & 8 != 0,
    }
}

impl Play {
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Adopt { who } => self.adopt(who),
            Step::Commit { who, ref what } => self.commit(who, what),
            Step::Connect => {
                self.connections += 1;
                self.model.connect(ConnectionKey(self.connections));
            }
            Step::Drop { who } => {
                if let Some(connection) = pick(&self.model.open_connections(), who) {
                    self.input(Input::Disconnected { connection });
                }
            }
            Step::Enter { who, device: number, ref right } => self.enter(who, device(number), right),
            Step::Ask { who, of_hosts, ref wish, target } => {
                let hosts = if of_hosts { self.model.hosts() } else { Vec::new() };
                let from = if hosts.is_empty() { self.model.open_connections() } else { hosts };
                if let Some(connection) = pick(&from, who) {
                    self.ask(connection, wish, target);
                }
            }
            Step::Late { who, request } => self.late(who, request),
            Step::MediaSays { which, verdict } => self.media_says(which, verdict),
            Step::Pass { seconds } => self.pass(Duration::from_secs(seconds.into())),
            Step::PassUntilDeadline => {
                if let Some(time) = self.model.next_deadline(self.now) {
                    self.pass(time);
                }
            }
            Step::Propose { who } => {
                if let Some((connection, _)) = self.actor(who) {
                    let handshake = self.delivery.proposal();
                    let request = self.request();
                    self.input(Input::Handshake { connection, request, handshake });
                }
            }
            Step::Restart => self.restart(),
            Step::Store { which, durable } => {
                if let Some((ticket, record)) = pick(&self.outstanding, which) {
                    // Ids given before a reservation failed may come again: the one promise without a guarantee.
                    let durable = durable || matches!(record, Record::IdsReserved { .. });
                    self.store(ticket, durable);
                }
            }
        }
    }

    fn enter(&mut self, who: u8, device: DeviceKey, right: &Entry) {
        let Some(connection) = pick(&self.model.open_connections(), who) else { return };
        let (device, right) = match *right {
            // The server checks a grant, the room whether a device is in the group.
            Entry::Granted if self.delivery.is_granted(&device) => (device, Right::Granted),
            Entry::Granted | Entry::Link => (device, link()),
            Entry::Member => (device, Right::Member),
            Entry::Resume { token, is_own } => {
                let Some((text, owner)) = pick(&self.model.known_tokens(), token) else { return };
                let token = ResumeToken::try_from(text).expect("issued by the room");
                (if is_own { owner } else { device }, Right::Resume(token))
            }
        };
        let request = self.request();
        let visitor = Visitor::default();
        self.input(Input::Enter { connection, request, device, right, visitor });
    }

    fn request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(self.requests)
    }

    /// Returns a connection from which the server gives handshakes to the delivery service.
    fn actor(&self, who: u8) -> Option<(ConnectionKey, DeviceKey)> {
        let actors: Vec<_> = self
            .model
            .open_connections()
            .into_iter()
            .filter_map(|connection| Some((connection, self.room.actor(connection)?.1)))
            .collect();
        pick(&actors, who)
    }

    fn commit(&mut self, who: u8, what: &[(Change, u8)]) {
        let Some((connection, sender)) = self.actor(who) else { return };
        let mut edits: Vec<Edit> = Vec::new();
        for (change, number) in what {
            // Mostly who waits is added.
            let waiting = matches!(change, Change::AddGuest).then(|| self.model.waiting_devices());
            let target =
                pick(&waiting.unwrap_or_default(), *number).unwrap_or(device(u32::from(*number) % DEVICES));
            edits.extend(self.edit(*change, sender, target));
        }
        // Who comes from outside does nothing else with it; nobody but a member commits anything else.
        if let Some(come) = edits.iter().find(|edit| matches!(edit, Edit::Come(_))).copied() {
            edits = vec![come];
        } else if !self.delivery.contains(&sender) {
            return;
        }
        let handshake = self.delivery.commit(&edits);
        let request = self.request();
        self.input(Input::Handshake { connection, request, handshake });
    }

    /// Returns what the delivery service lets `sender` do to `target`.
    fn edit(&self, change: Change, sender: DeviceKey, target: DeviceKey) -> Option<Edit> {
        let by_host = self.delivery.is_host(&sender) && target != sender;
        match change {
            Change::AddGuest => (by_host && !self.delivery.contains(&target)).then_some(Edit::Add(target)),
            Change::Allow { media } => by_host.then(|| Edit::Allow(target, media_of(media))),
            Change::Come => self.delivery.is_granted(&sender).then_some(Edit::Come(sender)),
            Change::Make { host } => {
                by_host.then_some(Edit::Make(target, if host { Role::Host } else { Role::Participant }))
            }
            Change::Remove => by_host.then_some(Edit::Remove(target, Removal::ByHost)),
            Change::RemoveLeaver => (target != sender).then_some(Edit::Remove(target, Removal::Left)),
        }
    }

    fn adopt(&mut self, who: u8) {
        let Some((connection, _)) = self.actor(who).filter(|_| self.delivery.is_behind()) else { return };
        let change = self.delivery.adopt();
        let request = self.request();
        self.input(Input::Adopted { connection, request, change });
    }

    fn ask(&mut self, connection: ConnectionKey, wish: &Wish, target: u8) {
        // Mostly somebody who is there, sometimes nobody.
        let target = pick(&self.model.known_ids(), target).unwrap_or(ParticipantId(u32::from(target)));
        let command = match *wish {
            Wish::DoorToHosts => Command::Door { to: None, payload: words() },
            Wish::DoorToOne => Command::Door { to: Some(target), payload: words() },
            Wish::Deny => Command::Deny { guest: target },
            Wish::End => Command::End,
            Wish::Join { media } => Command::Join { offer: offer(), media: media_of(media) },
            Wish::Leave => Command::Leave,
            Wish::Mute { source } => {
                Command::Mute { participant: target, source: Source::ALL[usize::from(source) % 4] }
            }
            Wish::Offer => Command::Offer { offer: offer() },
            Wish::RelayToAll => Command::Relay { to: None, payload: payload() },
            Wish::RelayToOne => Command::Relay { to: Some(target), payload: payload() },
            Wish::SetMedia { media } => Command::SetMedia { media: media_of(media) },
            Wish::Subscribe => {
                let height = 180.try_into().expect("a height");
                Command::Subscribe {
                    tiles: vec![Tile { participant: target, source: Source::Camera, height }],
                }
            }
        };
        let request = self.request();
        self.input(Input::Request { connection, request, command });
    }

    fn late(&mut self, who: u8, request: bool) {
        let Some(connection) = pick(&self.closed, who) else { return };
        if request {
            self.ask(connection, &Wish::Leave, who);
        } else {
            self.closed.retain(|other| *other != connection);
            self.input(Input::Disconnected { connection });
        }
    }

    fn media_says(&mut self, which: u8, verdict: Verdict) {
        let Some((participant, generation)) = pick(&self.offers, which) else { return };
        let event = match verdict {
            Verdict::Answered => MediaEvent::Answered { participant, generation, answer: sdp() },
            Verdict::Lost => MediaEvent::Lost { participant, generation },
            Verdict::Refused => MediaEvent::OfferRefused { participant, generation, reason: "no".to_owned() },
            Verdict::Stale => {
                let generation = MediaGeneration(generation.0.saturating_sub(1));
                MediaEvent::Answered { participant, generation, answer: sdp() }
            }
        };
        if !matches!(verdict, Verdict::Stale) {
            self.offers.retain(|offer| *offer != (participant, generation));
        }
        self.input(Input::Media(event));
    }

    fn store(&mut self, ticket: Ticket, durable: bool) {
        let Some(at) = self.outstanding.iter().position(|(other, _)| *other == ticket) else { return };
        let (_, record) = self.outstanding.remove(at);
        if durable {
            self.disk.push(record);
            self.model.stored(record);
        }
        self.input(Input::Stored { ticket, durable });
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.input(Input::Timeout);
    }

    fn restart(&mut self) {
        // What was on its way reached the disk or not; only the answer is lost.
        for (at, (_, record)) in std::mem::take(&mut self.outstanding).into_iter().enumerate() {
            if at % 2 == 0 || matches!(record, Record::IdsReserved { .. }) {
                self.disk.push(record);
                self.model.stored(record);
            }
        }
        if self.disk.contains(&Record::Ended) {
            return;
        }
        self.epoch += 1;
        self.closed.clear();
        self.offers.clear();
        self.delivery.restart();
        self.model.restarted(self.now, &config().group);
        self.room = Room::new(self.next_config(), self.now);
    }

    fn next_config(&self) -> RoomConfig {
        let mut config = config();
        config.boot_epoch = BootEpoch(self.epoch);
        config.room_epoch = RoomEpoch(self.epoch);
        for record in &self.disk {
            match record {
                Record::IdsReserved { upto } => {
                    config.next_participant = config.next_participant.max(upto.next());
                }
                Record::Removed { participant } => config.removed.push(*participant),
                Record::AccountBanned { .. } | Record::AccountLifted { .. } | Record::Ended => {}
            }
        }
        config
    }

    fn settle_everything(&mut self) {
        while let Some((participant, generation)) = self.offers.pop() {
            self.input(Input::Media(MediaEvent::Answered { participant, generation, answer: sdp() }));
        }
        while let Some((ticket, _)) = self.outstanding.first().copied() {
            self.store(ticket, true);
        }
        self.model.at_the_end();
    }

    fn input(&mut self, input: Input) {
        if self.room.is_over() {
            return;
        }
        self.model.input(self.now, &input);
        self.room.handle_input(self.now, input);
        while let Some(output) = self.room.poll_output() {
            match &output {
                Output::Media(MediaCommand::Connect { participant, generation, .. }) => {
                    self.offers.push((*participant, *generation));
                }
                Output::Close { connection, .. } => self.closed.push(*connection),
                Output::Persist { ticket, record } => self.outstanding.push((*ticket, *record)),
                _ => {}
            }
            self.model.output(self.now, &output);
        }
        if !self.room.is_over() {
            self.model.after_step(&self.room);
        }
    }
}

fn payload() -> RelayPayload {
    RelayPayload::try_from(vec![1]).expect("one byte")
}
