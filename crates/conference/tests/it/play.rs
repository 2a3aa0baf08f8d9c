//! A room moved by random steps, with a storage and a media plane that may fail, and a server that restarts.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use sabha_conference::{
    Command, ConnectionKey, Input, MediaCommand, MediaEvent, Output, Record, Right, Room, RoomConfig, Ticket,
};
use sabha_protocol::{
    BootEpoch, MediaGeneration, MediaState, ParticipantId, RequestId, RoomEpoch, Source,
    secret::{RelayPayload, ResumeToken},
    wire::client::Tile,
};

use crate::{
    model::{Invariant, Model},
    scene::{config, name, offer, sdp},
};

/// One thing that happens. Numbers choose among what there is at that moment.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Connect,
    Drop {
        who: u8,
    },
    Enter {
        who: u8,
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
    Restart,
    Store {
        which: u8,
        durable: bool,
    },
}

#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Host,
    Link,
    Resume { token: u8 },
}

#[derive(Clone, Debug)]
pub(crate) enum Wish {
    Admit,
    Deny,
    End,
    Join { media: u8 },
    Leave,
    MakeHost,
    Mute { source: u8 },
    Offer,
    RelayToAll,
    RelayToOne,
    Remove,
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
        8 => Just(Wish::Admit),
        1 => Just(Wish::Deny),
        8 => any::<u8>().prop_map(|media| Wish::Join { media }),
        2 => Just(Wish::Leave),
        2 => Just(Wish::MakeHost),
        3 => any::<u8>().prop_map(|source| Wish::Mute { source }),
        4 => Just(Wish::Offer),
        3 => Just(Wish::RelayToAll),
        1 => Just(Wish::RelayToOne),
        3 => Just(Wish::Remove),
        4 => any::<u8>().prop_map(|media| Wish::SetMedia { media }),
        1 => Just(Wish::Subscribe),
    ]
}

fn one_step() -> impl Strategy<Value = Step> {
    let entry = prop_oneof![
        2 => Just(Entry::Host),
        4 => Just(Entry::Link),
        4 => any::<u8>().prop_map(|token| Entry::Resume { token }),
    ];
    let verdict = prop_oneof![
        10 => Just(Verdict::Answered),
        1 => Just(Verdict::Lost),
        1 => Just(Verdict::Refused),
        1 => Just(Verdict::Stale),
    ];
    prop_oneof![
        30 => (any::<u8>(), any::<bool>(), wishes(), any::<u8>())
            .prop_map(|(who, of_hosts, wish, target)| Step::Ask { who, of_hosts, wish, target }),
        4 => (any::<u8>(), any::<bool>()).prop_map(|(who, request)| Step::Late { who, request }),
        8 => Just(Step::Connect),
        14 => (any::<u8>(), entry).prop_map(|(who, right)| Step::Enter { who, right }),
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
        Step::Enter { who: 0, right: Entry::Host },
        ask(0, Wish::Join { media: 15 }),
        answered.clone(),
        Step::Connect,
        Step::Enter { who: 1, right: Entry::Link },
        ask(0, Wish::Admit),
        ask(1, Wish::Join { media: 15 }),
        answered,
        Step::Connect,
        Step::Enter { who: 2, right: Entry::Link },
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
        model: Model::opened(now),
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
            Step::Connect => {
                self.connections += 1;
                self.model.connect(ConnectionKey(self.connections));
            }
            Step::Drop { who } => {
                if let Some(connection) = pick(&self.model.open_connections(), who) {
                    self.input(Input::Disconnected { connection });
                }
            }
            Step::Enter { who, ref right } => self.enter(who, right),
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

    fn enter(&mut self, who: u8, right: &Entry) {
        let Some(connection) = pick(&self.model.open_connections(), who) else { return };
        let right = match right {
            Entry::Host => Right::Host,
            Entry::Link => Right::Link,
            Entry::Resume { token } => {
                let Some(text) = pick(&self.model.known_tokens(), *token) else { return };
                Right::Resume(ResumeToken::try_from(text).expect("issued by the room"))
            }
        };
        self.requests += 1;
        let request = RequestId(self.requests);
        self.input(Input::Enter { connection, request, name: name("Asha"), right });
    }

    fn ask(&mut self, connection: ConnectionKey, wish: &Wish, target: u8) {
        // Mostly somebody who is there, sometimes nobody.
        let target = pick(&self.model.known_ids(), target).unwrap_or(ParticipantId(u32::from(target)));
        let command = match *wish {
            Wish::Admit => Command::Admit { guest: target },
            Wish::Deny => Command::Deny { guest: target },
            Wish::End => Command::End,
            Wish::Join { media } => Command::Join { offer: offer(), media: media_of(media) },
            Wish::Leave => Command::Leave,
            Wish::MakeHost => Command::MakeHost { participant: target },
            Wish::Mute { source } => {
                Command::Mute { participant: target, source: Source::ALL[usize::from(source) % 4] }
            }
            Wish::Offer => Command::Offer { offer: offer() },
            Wish::RelayToAll => Command::Relay { to: None, payload: payload() },
            Wish::RelayToOne => Command::Relay { to: Some(target), payload: payload() },
            Wish::Remove => Command::Remove { participant: target },
            Wish::SetMedia { media } => Command::SetMedia { media: media_of(media) },
            Wish::Subscribe => {
                let height = 180.try_into().expect("a height");
                Command::Subscribe {
                    tiles: vec![Tile { participant: target, source: Source::Camera, height }],
                }
            }
        };
        self.requests += 1;
        self.input(Input::Request { connection, request: RequestId(self.requests), command });
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
        self.model.restarted(self.now);
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
                Record::Ended => {}
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
