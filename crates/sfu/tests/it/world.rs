//! Shards, their clients, and the links between them, in one thread and virtual time.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use sabha_impairer::{Conditions, Link, PathConditions};
use sabha_protocol::{
    Layer, MediaGeneration, MediaState, Mid, Quality, Source, VideoCodec, limits::SPEAKERS_FORWARDED,
};
use sabha_sfu::{
    Command, Event, Input, Output, PacketPath, PeerKey, Relay, RoomKey, Shard, ShardConfig, ShardIndex,
    ShardStats, Transport, Want,
};

use str0m::format::Codec;

use crate::client::{Client, Profile};

/// What a client's link does when nothing is wrong with it. Should it get a bottleneck, the queue is a quarter of a second.
const HEALTHY: &str = "delay=10ms,queue=250ms";
pub(crate) const SHARD: ShardIndex = ShardIndex(7);

/// A packet on a client's link, and whence it came or where it goes at the other end.
type Flight = (SocketAddr, Vec<u8>);

/// A client's links, and what they do to packets.
struct Path {
    conditions: PathConditions,
    up: Link<Flight>,
    down: Link<Flight>,
}

impl Path {
    fn new(now: Instant, seed: u64) -> Self {
        let healthy: Conditions = HEALTHY.parse().unwrap();
        Self {
            conditions: PathConditions { up: healthy, down: healthy },
            up: Link::new(now, healthy, seed),
            down: Link::new(now, healthy, !seed),
        }
    }

    fn next(&self) -> Option<Instant> {
        self.up.next().into_iter().chain(self.down.next()).min()
    }
}

/// What is on its way from one shard to another. Packets and the rest may overtake each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Lane {
    from: usize,
    to: usize,
    is_of_packets: bool,
}

pub(crate) struct World {
    pub(crate) now: Instant,
    /// The first shard, on which rooms are at home.
    pub(crate) shard: Shard,
    /// The others.
    pub(crate) shards: Vec<Shard>,
    lanes: BTreeMap<Lane, VecDeque<(Instant, Relay)>>,
    /// What shards say to each other takes up to so long.
    pub(crate) hop: Duration,
    /// Packets take this long instead, so that what is said after them comes before them.
    pub(crate) packet_hop: Option<Duration>,
    /// Packets that may be on their way from one shard to another.
    pub(crate) lane_packets_max: usize,
    /// The shard of each client.
    places: Vec<usize>,
    pub(crate) clients: Vec<Client>,
    paths: Vec<Path>,
    pub(crate) events: Vec<(Instant, Event)>,
    /// Datagrams that clients sent and that were sent to them, as client and bytes; kept only while `records`.
    pub(crate) sent: Vec<(usize, Vec<u8>)>,
    delivered: Vec<(usize, Vec<u8>)>,
    pub(crate) records: bool,
    /// Datagrams to where no client is, as destination, source and bytes: whoever is there is driven by the test.
    pub(crate) elsewhere: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
    /// Clients are given the answers to their offers.
    pub(crate) answers: bool,
    /// Clients send only the layers that they are told to.
    pub(crate) stops_layers: bool,
    /// Clients change their codec when they are told to.
    pub(crate) obeys: bool,
    pub(crate) start: Instant,
    /// From which the links of clients that join draw.
    pub(crate) seed: u64,
    /// Gives the shard what arrives; a test may want to look over its shoulder.
    pub(crate) feed: fn(&mut Shard, Instant, Input<'_>),
    generations: Vec<u32>,
    shard_wakes: Vec<Instant>,
    random: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::over(crate::PATH)
    }

    pub(crate) fn over(path: PacketPath) -> Self {
        Self::of_shards(path, 1)
    }

    pub(crate) fn of_shards(path: PacketPath, count: usize) -> Self {
        let now = Instant::now();
        let shard = |number: usize| {
            let config = ShardConfig {
                shard: ShardIndex(SHARD.0 + number as u8),
                udp: vec![server(Transport::Udp)],
                tcp: vec![server(Transport::Tcp)],
                path,
                voices: SPEAKERS_FORWARDED,
                seed: [7 + number as u8; 32],
            };
            Shard::new(config, now)
        };
        Self {
            now,
            shard: shard(0),
            shards: (1..count).map(shard).collect(),
            lanes: BTreeMap::new(),
            hop: Duration::ZERO,
            packet_hop: None,
            lane_packets_max: usize::MAX,
            places: Vec::new(),
            clients: Vec::new(),
            paths: Vec::new(),
            events: Vec::new(),
            sent: Vec::new(),
            delivered: Vec::new(),
            records: false,
            elsewhere: Vec::new(),
            answers: true,
            stops_layers: true,
            obeys: true,
            start: now,
            seed: 0x5eed,
            feed: Shard::handle_input,
            generations: Vec::new(),
            shard_wakes: vec![now; count],
            random: 0,
        }
    }

    /// Adds a client and connects it to a room; the client's number is its index and its peer's key.
    pub(crate) fn join(&mut self, room: u64, profile: Profile) -> usize {
        self.join_at(0, room, profile)
    }

    /// Adds a client whose connection is on that shard.
    pub(crate) fn join_at(&mut self, shard: usize, room: u64, profile: Profile) -> usize {
        let index = self.clients.len();
        self.places.push(shard);
        self.clients.push(Client::new(index as u8, address(index, 0), profile, self.now));
        self.paths.push(Path::new(self.now, self.seed.wrapping_add(index as u64)));
        self.generations.push(1);
        self.connect(room, index);
        index
    }

    /// Opens another connection for a client, from another address.
    pub(crate) fn reconnect(&mut self, room: u64, index: usize) {
        self.generations[index] += 1;
        let profile = self.clients[index].profile.clone();
        let address = address(index, self.generations[index] as u16);
        let received = std::mem::take(&mut self.clients[index].received);
        self.clients[index] = Client::new(index as u8, address, profile, self.now);
        self.clients[index].received = received;
        self.connect(room, index);
    }

    fn connect(&mut self, room: u64, index: usize) {
        let client = &self.clients[index];
        let mut publishing = MediaState::default();
        client.profile.sources.iter().for_each(|source| publishing.set(*source, true));
        self.command(Command::Connect {
            room: RoomKey(room),
            home: SHARD,
            peer: PeerKey(index as u64),
            generation: MediaGeneration(self.generations[index]),
            offer: client.offer.clone(),
            up: client.up.clone(),
            down: client.down.clone(),
            publishing,
        });
    }

    /// Changes what a client's links do to packets: `down rate=250kbit`.
    pub(crate) fn impair(&mut self, index: usize, change: &str) {
        let path = &mut self.paths[index];
        path.conditions.apply(&change.parse().unwrap()).unwrap();
        path.up.change(self.now, path.conditions.up);
        path.down.change(self.now, path.conditions.down);
    }

    pub(crate) fn subscribe(&mut self, index: usize, wants: &[(usize, Source, u16)]) {
        let wants = wants
            .iter()
            .map(|&(publisher, source, height)| Want {
                publisher: PeerKey(publisher as u64),
                source,
                height: height.try_into().unwrap(),
            })
            .collect();
        self.command(Command::Subscribe { peer: PeerKey(index as u64), wants });
    }

    pub(crate) fn publish(&mut self, index: usize, sources: &[Source]) {
        let mut media = MediaState::default();
        sources.iter().for_each(|source| media.set(*source, true));
        self.command(Command::SetPublishing { peer: PeerKey(index as u64), media });
    }

    /// Gives a command to the shard of the peer that it is about.
    pub(crate) fn command(&mut self, command: Command) {
        // A peer without a client is driven by the test, on the first shard.
        let place = self.places.get(command.peer().0 as usize).copied().unwrap_or_default();
        self.input(place, Input::Command(command));
    }

    /// Hands the first shard a datagram from anywhere.
    pub(crate) fn inject(&mut self, source: SocketAddr, contents: &[u8]) {
        let destination = server(Transport::Udp);
        let input = Input::Receive { transport: Transport::Udp, source, destination, contents };
        self.input(0, input);
    }

    /// Gives a shard an input and carries out all that follows from it at once.
    pub(crate) fn input(&mut self, place: usize, input: Input<'_>) {
        let now = self.now;
        self.shard_at(place).handle_input(now, input);
        self.drain_shard(place);
        self.hand_over();
    }

    pub(crate) fn shard_at(&mut self, place: usize) -> &mut Shard {
        match place {
            0 => &mut self.shard,
            other => &mut self.shards[other - 1],
        }
    }

    /// Returns what all shards have counted.
    pub(crate) fn count(&self, of: impl Fn(&ShardStats) -> u64) -> u64 {
        [&self.shard].into_iter().chain(&self.shards).map(|shard| of(&shard.stats())).sum()
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let clients = self.clients.iter().map(Client::next);
            let flights = self.paths.iter().filter_map(Path::next);
            let lanes = self.lanes.values().filter_map(|lane| lane.front()).map(|(due, _)| *due);
            let wakes = self.shard_wakes.iter().copied();
            let next = clients.chain(flights).chain(lanes).chain(wakes).min().unwrap();
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            self.step();
        }
        self.now = end;
    }

    /// Lets time pass until `done`, for ten seconds at most.
    pub(crate) fn run_until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        for _ in 0..1000 {
            if done(self) {
                return;
            }
            self.run(Duration::from_millis(10));
        }
        panic!("did not happen within 10 s: {what}");
    }

    pub(crate) fn connect_all(&mut self) {
        self.run_until("all clients connect", |world| world.clients.iter().all(|client| client.is_connected));
    }

    /// Returns the answer to a client's last offer.
    pub(crate) fn answer(&self, client: usize) -> String {
        let answer = |event: &Event| match event {
            Event::Answered { peer, answer, .. } if peer.0 == client as u64 => {
                Some(answer.as_str().to_owned())
            }
            _ => None,
        };
        self.last(answer).expect("the offer was answered")
    }

    /// Returns the datagrams that were sent to a client while `records`.
    pub(crate) fn received_by(&self, client: usize) -> Vec<&[u8]> {
        self.delivered.iter().filter(|(to, _)| *to == client).map(|(_, packet)| packet.as_slice()).collect()
    }

    /// Returns what a client was told its slots carry.
    pub(crate) fn occupants(&self, client: usize) -> Vec<(Mid, (PeerKey, Source))> {
        let mut occupants = BTreeMap::new();
        for (_, event) in &self.events {
            if let Event::SlotsChanged { peer, changes, generation } = event
                && peer.0 == client as u64
                && generation.0 == self.generations[client]
            {
                for change in changes {
                    occupants.insert(change.mid.clone(), change.occupant);
                }
            }
        }
        occupants.into_iter().filter_map(|(mid, occupant)| Some((mid, occupant?))).collect()
    }

    pub(crate) fn last_layers_wanted(&self, client: usize, of: Source) -> Option<Vec<Layer>> {
        self.last(|event| match event {
            Event::LayersWanted { peer, source, layers } if peer.0 == client as u64 && *source == of => {
                Some(layers.clone())
            }
            _ => None,
        })
    }

    /// Returns what a client was told to send its pictures in, in order.
    pub(crate) fn codecs_wanted(&self, client: usize, of: Source) -> Vec<VideoCodec> {
        let wanted = |event: &Event| match event {
            Event::CodecWanted { peer, source, codec } if peer.0 == client as u64 && *source == of => {
                Some(*codec)
            }
            _ => None,
        };
        self.events.iter().filter_map(|(_, event)| wanted(event)).collect()
    }

    pub(crate) fn last_speakers(&self) -> Vec<PeerKey> {
        let speakers = |event: &Event| match event {
            Event::SpeakersChanged { speaking, .. } => Some(speaking.clone()),
            _ => None,
        };
        self.last(speakers).unwrap_or_default()
    }

    pub(crate) fn last_quality(&self, client: usize) -> Option<Quality> {
        self.last(|event| match event {
            Event::QualityChanged { peer, quality } if peer.0 == client as u64 => Some(*quality),
            _ => None,
        })
    }

    pub(crate) fn has_lost(&self, client: usize) -> bool {
        let lost = |event: &Event| matches!(event, Event::Lost { peer, .. } if peer.0 == client as u64);
        self.events.iter().any(|(_, event)| lost(event))
    }

    fn last<T>(&self, pick: impl Fn(&Event) -> Option<T>) -> Option<T> {
        self.events.iter().rev().find_map(|(_, event)| pick(event))
    }

    fn step(&mut self) {
        for index in 0..self.paths.len() {
            while let Some(arrival) = self.paths[index].down.arrive(self.now) {
                let (source, contents) = arrival.packet;
                self.clients[index].packet(self.now, source, &contents);
                // str0m forgets a packet that is not taken before the next one.
                self.run_client(index);
            }
            while let Some(arrival) = self.paths[index].up.arrive(self.now) {
                // What is due anyway is not caused by the packet.
                let (now, place, feed) = (self.now, self.places[index], self.feed);
                self.input(place, Input::Timeout);
                let (source, contents) = arrival.packet;
                let transport = self.clients[index].profile.transport;
                let destination = server(transport);
                let input = Input::Receive { transport, source, destination, contents: &contents };
                feed(self.shard_at(place), now, input);
                self.drain_shard(place);
                self.hand_over();
            }
        }
        self.hand_over();
        for place in 0..self.shard_wakes.len() {
            if self.shard_wakes[place] <= self.now {
                self.input(place, Input::Timeout);
            }
        }
        for index in 0..self.clients.len() {
            if self.clients[index].next() <= self.now {
                self.run_client(index);
            }
        }
    }

    fn run_client(&mut self, index: usize) {
        let mut transmit = Vec::new();
        self.clients[index].run(self.now, &mut transmit);
        let from = self.clients[index].outer_address;
        for (_, contents) in transmit {
            if self.records {
                self.sent.push((index, contents.clone()));
            }
            self.paths[index].up.send(self.now, contents.len(), (from, contents));
        }
    }

    fn drain_shard(&mut self, place: usize) {
        loop {
            match self.shard_at(place).poll_output() {
                Output::Event(event) => self.event(event),
                Output::Transmit { source, destination, contents, segment, .. } => {
                    let to = self.clients.iter().position(|client| client.outer_address == destination);
                    for packet in contents.chunks(segment) {
                        if let Some(index) = to {
                            if self.records {
                                self.delivered.push((index, packet.to_vec()));
                            }
                            let flight = (source, packet.to_vec());
                            self.paths[index].down.send(self.now, packet.len(), flight);
                        } else {
                            self.elsewhere.push((destination, source, packet.to_vec()));
                        }
                    }
                    self.shard_at(place).recycle(contents);
                }
                Output::Relay { to, relay } => self.send_relay(place, to, relay),
                Output::Timeout(at) => {
                    self.shard_wakes[place] = at.max(self.now + Duration::from_micros(1));
                    break;
                }
            }
        }
    }

    fn send_relay(&mut self, from: usize, index: ShardIndex, relay: Relay) {
        let to = usize::from(index.0 - SHARD.0);
        let is_of_packets = relay.is_packet();
        // Knuth's MMIX generator: the same from run to run.
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let takes = self.hop * ((self.random >> 33) as u32 % 100) / 100;
        let takes = self.packet_hop.filter(|_| is_of_packets).unwrap_or(takes);
        let lane = self.lanes.entry(Lane { from, to, is_of_packets }).or_default();
        if is_of_packets && lane.len() >= self.lane_packets_max {
            return self.shard_at(from).refuse_relay(index, relay);
        }
        let due = lane.back().map_or(self.now, |(due, _)| *due).max(self.now + takes);
        lane.push_back((due, relay));
    }

    /// Takes what has come from shard to shard, and what follows from it.
    fn hand_over(&mut self) {
        loop {
            let is_due =
                |lane: &VecDeque<(Instant, Relay)>| lane.front().is_some_and(|(due, _)| *due <= self.now);
            let Some((&Lane { from, to, .. }, lane)) = self.lanes.iter_mut().find(|(_, lane)| is_due(lane))
            else {
                return;
            };
            let Some((_, relay)) = lane.pop_front() else { return };
            let (now, feed) = (self.now, self.feed);
            let index = ShardIndex(SHARD.0 + from as u8);
            // Nor is what is due anyway caused by this.
            self.shard_at(to).handle_input(now, Input::Timeout);
            self.drain_shard(to);
            feed(self.shard_at(to), now, Input::Relay { from: index, relay: &relay });
            self.drain_shard(to);
            self.shard_at(from).recycle_relay(relay);
        }
    }

    /// Returns a peer's client, unless somebody else drives it.
    fn client(&mut self, peer: &PeerKey) -> Option<&mut Client> {
        self.clients.get_mut(peer.0 as usize)
    }

    fn event(&mut self, event: Event) {
        let now = self.now;
        match &event {
            Event::Answered { peer, answer, .. } if self.answers => {
                if let Some(client) = self.client(peer) {
                    client.accept(answer, now);
                }
            }
            Event::CodecWanted { peer, source, codec } if self.obeys => {
                let codec = match codec {
                    VideoCodec::Vp8 => Codec::Vp8,
                    VideoCodec::Vp9 => Codec::Vp9,
                };
                if let Some(client) = self.client(peer) {
                    client.set_codec(*source, codec);
                }
            }
            Event::LayersWanted { peer, source, layers } if self.stops_layers => {
                if let Some(client) = self.client(peer) {
                    client.set_layers(*source, layers);
                }
            }
            _ => {}
        }
        self.events.push((self.now, event));
    }
}

pub(crate) fn server(transport: Transport) -> SocketAddr {
    match transport {
        Transport::Udp => ([10, 0, 0, 1], 3478).into(),
        Transport::Tcp => ([10, 0, 0, 1], 443).into(),
    }
}

fn address(index: usize, generation: u16) -> SocketAddr {
    ([10, 0, 1, index as u8], 5000 + generation).into()
}
