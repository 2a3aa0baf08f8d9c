//! The server: rooms with their groups and a shard, joined as the real one joins them, with a storage that takes its
//! time.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use sabha_conference::{
    ConnectionKey, Event, Input, MediaCommand, MediaEvent, Output, Record, Refusal, Right, Room, RoomConfig,
    Ticket, Visitor,
};
use sabha_impairer::Random;
use sabha_protocol::{
    BootEpoch, DeviceKey, MeetingId, ParticipantId, RequestId, RoomEpoch, Rule,
    limits::{RESUME_WINDOW, SPEAKERS_FORWARDED},
    wire::server::{Occupant, SlotAssignment},
};
use sabha_sfu::{Command, PeerKey, RoomKey, Shard, ShardConfig, ShardIndex, Transport, Want};

use crate::{
    group::Delivery,
    signalling::{Credential, Heard, Said},
    witness::Witness,
};

/// Where the shard listens.
pub(crate) const ADDRESS: ([u8; 4], u16) = ([10, 0, 0, 1], 3478);
/// Longest that storage takes, and longest that the way between room and shard takes.
const STORAGE: Duration = Duration::from_millis(300);
const HAND_OVER: Duration = Duration::from_millis(5);
/// Outputs taken in one go before something is taken for an endless loop.
const DRAIN_MAX: usize = 100_000;

/// What leaves the server.
#[derive(Debug)]
pub(crate) enum Effect {
    Datagram { destination: SocketAddr, contents: Vec<u8> },
    Say { connection: ConnectionKey, heard: Heard },
}

/// What happens within the server a little later.
#[derive(Debug)]
enum Later {
    FromShard(usize, MediaEvent),
    Stored(usize, Ticket, Record, bool),
    ToShard(Command),
}

/// What storage keeps of a meeting, and its room while it is open.
struct Meeting {
    id: MeetingId,
    room: Option<Room>,
    room_epoch: RoomEpoch,
    delivery: Delivery,
    removed: Vec<ParticipantId>,
    next_participant: ParticipantId,
    is_ended: bool,
    witness: Witness,
}

pub(crate) struct Home {
    boot: u64,
    booted: Instant,
    shard: Shard,
    shard_wake: Instant,
    meetings: Vec<Meeting>,
    later: BTreeMap<(Instant, u64), Later>,
    order: u64,
    random: Random,
    /// Records are refused.
    pub(crate) storage_fails: bool,
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) breaches: Vec<String>,
}

impl Home {
    pub(crate) fn new(now: Instant, random: Random) -> Self {
        Self {
            boot: 1,
            booted: now,
            shard: new_shard(now),
            shard_wake: now,
            meetings: Vec::new(),
            later: BTreeMap::new(),
            order: 0,
            random,
            storage_fails: false,
            effects: VecDeque::new(),
            breaches: Vec::new(),
        }
    }

    pub(crate) fn add_meeting(&mut self) -> usize {
        let number = self.meetings.len();
        self.meetings.push(Meeting {
            id: MeetingId::from_bytes([number as u8; 20]),
            room: None,
            room_epoch: RoomEpoch(0),
            delivery: Delivery::default(),
            removed: Vec::new(),
            next_participant: ParticipantId(1),
            is_ended: false,
            witness: Witness::default(),
        });
        number
    }

    /// Makes a device host of a meeting from its beginning.
    pub(crate) fn add_host(&mut self, meeting: usize, device: DeviceKey) {
        self.meetings[meeting].delivery.add_host(device);
    }

    pub(crate) fn delivery(&self, meeting: usize) -> &Delivery {
        &self.meetings[meeting].delivery
    }

    pub(crate) fn room(&self, meeting: usize) -> Option<&Room> {
        self.meetings[meeting].room.as_ref()
    }

    pub(crate) fn witness(&self, meeting: usize) -> &Witness {
        &self.meetings[meeting].witness
    }

    /// The process dies and starts again: rooms and shard are gone, storage keeps what it was given in time.
    pub(crate) fn restart(&mut self, now: Instant) {
        for (_, later) in std::mem::take(&mut self.later) {
            if let Later::Stored(meeting, _, record, true) = later {
                self.meetings[meeting].keep(record);
            }
        }
        self.effects.clear();
        self.boot += 1;
        self.booted = now;
        self.shard = new_shard(now);
        self.shard_wake = now;
        for meeting in &mut self.meetings {
            meeting.room = None;
            meeting.delivery.restart();
            meeting.witness = Witness::default();
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        let rooms = self.meetings.iter().filter_map(|meeting| meeting.room.as_ref()?.poll_timeout());
        let later = self.later.keys().next().map(|(at, _)| *at);
        rooms.chain(later).chain([self.shard_wake]).min()
    }

    /// Does what is due.
    pub(crate) fn run(&mut self, now: Instant) {
        for meeting in 0..self.meetings.len() {
            let due = |room: &Room| room.poll_timeout().is_some_and(|at| at <= now);
            if self.meetings[meeting].room.as_ref().is_some_and(due) {
                self.input(now, meeting, Input::Timeout);
            }
        }
        let after = self.later.split_off(&(now, u64::MAX));
        for (_, later) in std::mem::replace(&mut self.later, after) {
            match later {
                Later::FromShard(meeting, event) => self.input(now, meeting, Input::Media(event)),
                Later::Stored(meeting, ticket, record, durable) => {
                    if durable {
                        self.meetings[meeting].keep(record);
                    }
                    self.input(now, meeting, Input::Stored { ticket, durable });
                }
                Later::ToShard(command) => self.shard_input(now, sabha_sfu::Input::Command(command)),
            }
        }
        if self.shard_wake <= now {
            self.shard_input(now, sabha_sfu::Input::Timeout);
        }
    }

    pub(crate) fn datagram(&mut self, now: Instant, source: SocketAddr, contents: &[u8]) {
        let transport = Transport::Udp;
        let destination = ADDRESS.into();
        self.shard_input(now, sabha_sfu::Input::Receive { transport, source, destination, contents });
    }

    /// Does with what a client says what the real server does: what concerns the group is settled first, and the room
    /// is told how.
    pub(crate) fn hear(
        &mut self,
        now: Instant,
        number: usize,
        (connection, request): (ConnectionKey, RequestId),
        said: Said,
    ) {
        let meeting = &mut self.meetings[number];
        let actor = meeting.room.as_ref().and_then(|room| room.actor(connection)).ok_or(Rule::Order);
        let delivery = &mut meeting.delivery;
        let input = match said {
            Said::Certify { epoch } => return delivery.certify(epoch),
            Said::Adopt => actor.and_then(|_| delivery.adopt()).map(|change| Input::Adopted {
                connection,
                request,
                change,
            }),
            Said::Command(command) => Ok(Input::Request { connection, request, command }),
            Said::Commit { epoch, edits } => actor
                .and_then(|sender| delivery.commit(sender, epoch, &edits))
                .map(|handshake| Input::Handshake { connection, request, handshake }),
            Said::Enter { device, credential } => {
                let right = match credential {
                    Credential::Device if delivery.contains(&device) => Ok(Right::Member),
                    Credential::Device if delivery.is_granted(&device) => Ok(Right::Granted),
                    Credential::Device => Err(Rule::RemovedStaysOut),
                    Credential::Link(knock) => Ok(Right::Link { knock: Some(knock) }),
                    Credential::Resume(token) => Ok(Right::Resume(token)),
                };
                let visitor = Visitor::default();
                right.map(|right| Input::Enter { connection, request, device, right, visitor })
            }
            Said::GroupState => match actor {
                Ok(_) => {
                    let heard = Heard::GroupState { re: request, epoch: delivery.epoch() };
                    return self.effects.push_back(Effect::Say { connection, heard });
                }
                Err(rule) => Err(rule),
            },
            Said::Missed { epoch } => match actor.and_then(|_| delivery.missed(epoch)) {
                Ok(events) => {
                    for event in events {
                        self.tell(connection, None, event);
                    }
                    return self.tell(connection, Some(request), Event::Done);
                }
                Err(rule) => Err(rule),
            },
        };
        match input {
            Ok(input) => self.input(now, number, input),
            Err(rule) => {
                let refusal = Refusal { rule, message: "by the delivery service".to_owned() };
                self.tell(connection, Some(request), Event::Refused(refusal));
            }
        }
    }

    fn tell(&mut self, connection: ConnectionKey, re: Option<RequestId>, event: Event) {
        let heard = Heard::Event { re, seq: None, event };
        self.effects.push_back(Effect::Say { connection, heard });
    }

    /// Gives a room an input; the first one opens it.
    pub(crate) fn input(&mut self, now: Instant, number: usize, input: Input) {
        let boot_epoch = BootEpoch(self.boot);
        let claim_window = RESUME_WINDOW.saturating_sub(now.saturating_duration_since(self.booted));
        let meeting = &mut self.meetings[number];
        if meeting.is_ended || (meeting.room.is_none() && !matches!(input, Input::Enter { .. })) {
            return;
        }
        let mut room = meeting.room.take().unwrap_or_else(|| meeting.open(now, boot_epoch, claim_window));
        room.handle_input(now, input);
        let mut outputs = Vec::new();
        while let Some(output) = room.poll_output() {
            outputs.push(output);
        }
        let breaches = meeting.witness.look(now, &room);
        self.breaches.extend(breaches);
        meeting.room = Some(room);
        for output in outputs {
            self.carry_out(now, number, output);
        }
    }

    fn carry_out(&mut self, now: Instant, meeting: usize, output: Output) {
        match output {
            Output::Close { connection, reason, .. } => {
                self.effects.push_back(Effect::Say { connection, heard: Heard::Closed(reason) });
            }
            Output::Ended => self.meetings[meeting].room = None,
            Output::Media(command) => {
                let command = to_shard(meeting, command);
                self.schedule(now, HAND_OVER, Later::ToShard(command));
            }
            Output::Persist { ticket, record } => {
                // A reservation of ids that fails is the one promise without a guarantee, so it does not.
                let durable = !self.storage_fails || matches!(record, Record::IdsReserved { .. });
                let late = self.random.time(Duration::ZERO, STORAGE);
                self.schedule(now, late, Later::Stored(meeting, ticket, record, durable));
            }
            Output::Send { to, re, seq, event } => {
                for connection in to {
                    let heard = Heard::Event { re, seq, event: event.clone() };
                    self.effects.push_back(Effect::Say { connection, heard });
                }
            }
        }
    }

    fn shard_input(&mut self, now: Instant, input: sabha_sfu::Input<'_>) {
        self.shard.handle_input(now, input);
        for _ in 0..DRAIN_MAX {
            match self.shard.poll_output() {
                sabha_sfu::Output::Event(event) => match from_shard(event) {
                    Ok((meeting, event)) => self.schedule(now, HAND_OVER, Later::FromShard(meeting, event)),
                    Err(Some(breach)) => self.breaches.push(breach),
                    Err(None) => {}
                },
                sabha_sfu::Output::Transmit { destination, contents, segment, .. } => {
                    for datagram in contents.chunks(segment.max(1)) {
                        let contents = datagram.to_vec();
                        self.effects.push_back(Effect::Datagram { destination, contents });
                    }
                }
                sabha_sfu::Output::Relay { to, .. } => {
                    self.breaches.push(format!("the only shard tells {to:?} something"));
                }
                sabha_sfu::Output::Timeout(at) => {
                    self.shard_wake = at.max(now + Duration::from_micros(100));
                    return;
                }
            }
        }
        self.breaches.push("the shard does not stop talking".to_owned());
    }

    fn schedule(&mut self, now: Instant, delay: Duration, later: Later) {
        self.order += 1;
        self.later.insert((now + delay, self.order), later);
    }
}

impl Meeting {
    fn open(&mut self, now: Instant, boot_epoch: BootEpoch, claim_window: Duration) -> Room {
        self.room_epoch = self.room_epoch.next();
        let config = RoomConfig {
            floor: sabha_policy::Controls::default(),
            meeting: self.id,
            title: None,
            group: self.delivery.view(),
            boot_epoch,
            room_epoch: self.room_epoch,
            resume_key: [3; 32],
            removed: self.removed.clone(),
            banned_accounts: Vec::new(),
            next_participant: self.next_participant,
            claim_window,
            kept_for: Duration::ZERO,
        };
        Room::new(config, now)
    }

    fn keep(&mut self, record: Record) {
        match record {
            // Nobody has an account here.
            Record::AccountBanned { .. } | Record::AccountLifted { .. } => {}
            Record::Ended => self.is_ended = true,
            Record::IdsReserved { upto } => self.next_participant = self.next_participant.max(upto.next()),
            Record::Removed { participant } => self.removed.push(participant),
        }
    }
}

fn new_shard(now: Instant) -> Shard {
    let config = ShardConfig {
        shard: ShardIndex(0),
        udp: vec![ADDRESS.into()],
        tcp: Vec::new(),
        path: sabha_sfu::PacketPath::Own,
        voices: SPEAKERS_FORWARDED,
        seed: [7; 32],
    };
    Shard::new(config, now)
}

fn peer(meeting: usize, participant: ParticipantId) -> PeerKey {
    PeerKey((meeting as u64) << 32 | u64::from(participant.0))
}

fn of_peer(peer: PeerKey) -> (usize, ParticipantId) {
    ((peer.0 >> 32) as usize, ParticipantId(peer.0 as u32))
}

fn to_shard(meeting: usize, command: MediaCommand) -> Command {
    match command {
        MediaCommand::Connect { participant, generation, offer, publishing } => Command::Connect {
            room: RoomKey(meeting as u64),
            home: ShardIndex(0),
            peer: peer(meeting, participant),
            generation,
            offer: offer.sdp,
            up: offer.up,
            down: offer.down,
            publishing,
        },
        MediaCommand::Disconnect { participant } => Command::Disconnect { peer: peer(meeting, participant) },
        MediaCommand::SetPublishing { participant, media } => {
            Command::SetPublishing { peer: peer(meeting, participant), media }
        }
        MediaCommand::Subscribe { participant, tiles } => {
            let want = |tile: &sabha_protocol::wire::client::Tile| Want {
                publisher: peer(meeting, tile.participant),
                source: tile.source,
                height: tile.height,
            };
            Command::Subscribe { peer: peer(meeting, participant), wants: tiles.iter().map(want).collect() }
        }
    }
}

/// Returns the room's number and the event in its names; what is wrong, or nothing, where the room has no use for it.
fn from_shard(event: sabha_sfu::Event) -> Result<(usize, MediaEvent), Option<String>> {
    use sabha_sfu::Event;
    let named = |key: PeerKey, event: &dyn Fn(ParticipantId) -> MediaEvent| {
        let (meeting, participant) = of_peer(key);
        Ok((meeting, event(participant)))
    };
    match event {
        Event::Answered { peer, generation, answer } => named(peer, &|participant| MediaEvent::Answered {
            participant,
            generation,
            answer: answer.clone(),
        }),
        Event::CodecWanted { peer, source, codec } => {
            named(peer, &|participant| MediaEvent::CodecWanted { participant, source, codec })
        }
        Event::Connected { .. } => Err(None),
        Event::LayersWanted { peer, source, layers } => named(peer, &|participant| {
            MediaEvent::LayersWanted { participant, source, layers: layers.clone() }
        }),
        Event::Lost { peer, generation } => {
            named(peer, &|participant| MediaEvent::Lost { participant, generation })
        }
        Event::OfferRefused { peer, reason, .. } => {
            Err(Some(format!("{peer:?}'s offer is refused: {reason}")))
        }
        Event::QualityChanged { peer, quality } => {
            named(peer, &|participant| MediaEvent::QualityChanged { participant, quality })
        }
        Event::RoomFailed { room } => Err(Some(format!("{room:?} failed"))),
        Event::SlotsChanged { peer, generation, changes } => {
            let (meeting, participant) = of_peer(peer);
            if changes.iter().any(|change| change.occupant.is_some_and(|(of, _)| of_peer(of).0 != meeting)) {
                return Err(Some(format!("a slot of {peer:?} carries another room: {changes:?}")));
            }
            let slots = changes
                .into_iter()
                .map(|change| SlotAssignment {
                    mid: change.mid,
                    occupant: change
                        .occupant
                        .map(|(of, source)| Occupant { participant: of_peer(of).1, source }),
                })
                .collect();
            Ok((meeting, MediaEvent::SlotsChanged { participant, generation, slots }))
        }
        Event::SpeakersChanged { room, speaking } => {
            let speaking = speaking.into_iter().map(|peer| of_peer(peer).1).collect();
            Ok((room.0 as usize, MediaEvent::SpeakersChanged { speaking }))
        }
    }
}
