//! One shard: its rooms, and which packet belongs to which of their peers.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use sabha_protocol::{DownSlot, MediaGeneration, MediaState, Sdp, UpSlot, limits::ROOMS_MAX};

use crate::{
    connection::{Connection, Endpoint, Identity, LibraryEndpoint, PathEndpoint},
    io::{Command, Event, Input, Output, PacketPath, PeerKey, RoomKey, ShardIndex, Transport},
    keyed::KeyMap,
    offer::Refusal,
    outbox::Outbox,
    profile::{GcmOnly, Profiles},
    relay::{CatchUp, Copies, Notice, PartNumber, Relay, Relayed, Report, Said},
    room::{Context, Fate, Part, Room},
    stats::{DropReason, ShardStats},
    steer::{says_nothing, ufrag},
    timers::Timers,
};

/// What `Output::Timeout` says when nothing is going on.
const IDLE: Duration = Duration::from_secs(3600);

/// By which the first number of a shard's parts is taken apart from others: 2^64 divided by the golden ratio.
const PART_SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// What a shard is made from.
#[derive(Clone)]
pub struct ShardConfig {
    /// Which shard this is; written into each of its ufrags.
    pub shard: ShardIndex,
    /// Addresses for datagrams, written into each answer as host candidates. `Input::Receive` names the one
    /// at which a packet arrived, `Output::Transmit` the one from which to send. Behind a NAT these are the
    /// outer addresses, which the caller maps to its sockets.
    pub udp: Vec<SocketAddr>,
    /// Addresses for passive ICE-TCP (RFC 6544), offered after all of `udp`.
    pub tcp: Vec<SocketAddr>,
    /// Which way packets take.
    pub path: PacketPath,
    /// Voices of a room that are forwarded at once, usually `limits::SPEAKERS_FORWARDED`.
    pub voices: usize,
    /// Randomness of 256 bits, from which the secrets of connections are made; of this shard alone.
    pub seed: [u8; 32],
}

impl std::fmt::Debug for ShardConfig {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { shard, udp, tcp, path, voices, seed: _ } = self;
        let mut config = formatter.debug_struct("ShardConfig");
        config
            .field("shard", shard)
            .field("udp", udp)
            .field("tcp", tcp)
            .field("path", path)
            .field("voices", voices)
            .finish_non_exhaustive()
    }
}

/// Whom a deadline wakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Timer {
    Peer(PeerKey),
    Room(RoomKey),
}

/// Forwards the media of some rooms, or of the peers of theirs that live here.
///
/// Call [`handle_input`](Self::handle_input), then [`poll_output`](Self::poll_output) until it returns
/// [`Output::Timeout`], then wait for the next packet, command or that time, whichever comes first.
/// Time never runs backwards. Nothing panics because of what arrives: a bug that a packet brings to light
/// costs the room of the peer that sent it, which `Event::RoomFailed` tells, and no other.
///
/// A packet is looked up by its source address, which a connection must have proven by a STUN request with
/// its credentials, and a STUN request by its ufrag. Everything else is dropped before any work is done for it.
///
/// ```
/// use std::time::{Duration, Instant};
/// use sabha_sfu::{DropReason, Input, Output, PacketPath, Shard, ShardConfig, ShardIndex, Transport};
///
/// let now = Instant::now();
/// let address = "192.0.2.1:3478".parse().unwrap();
/// let mut shard = Shard::new(ShardConfig { shard: ShardIndex(0), udp: vec![address], tcp: vec![], path: PacketPath::Own, voices: 3, seed: [7; 32] }, now);
///
/// let source = "198.51.100.7:4000".parse().unwrap();
/// let (transport, destination) = (Transport::Udp, address);
/// shard.handle_input(now, Input::Receive { transport, source, destination, contents: b"\x80junk" });
/// let wake_at = loop {
///     match shard.poll_output() {
///         Output::Transmit { .. } => unreachable!("junk gets no reply"),
///         Output::Relay { .. } => unreachable!("there is no other shard"),
///         Output::Event(event) => println!("{event:?}"),
///         Output::Timeout(at) => break at,
///     }
/// };
/// assert!(wake_at > now + Duration::from_secs(1));
/// assert_eq!(shard.stats().dropped(DropReason::UnknownSource), 1);
/// ```
#[derive(Debug)]
pub struct Shard {
    endpoint: Endpoint,
    now: Instant,
    rooms: KeyMap<RoomKey, Room>,
    /// The room of each peer.
    places: KeyMap<PeerKey, RoomKey>,
    ufrags: HashMap<String, PeerKey>,
    sources: HashMap<(Transport, SocketAddr), PeerKey>,
    timers: Timers<Timer>,
    outputs: VecDeque<Output>,
    /// Packets that are sealed and not yet handed out, so that those of one receiver can go together.
    outbox: Outbox,
    /// Memory for packets that go to other shards.
    copies: Copies,
    /// The number of the next part of a room that comes here.
    next_part: u64,
    stats: ShardStats,
    profiles: Arc<Profiles>,
}

impl Shard {
    /// Returns a shard without rooms, with a DTLS certificate of its own.
    ///
    /// # Panics
    ///
    /// If the compiled-in cryptography cannot make a certificate, which only a broken build cannot.
    pub fn new(config: ShardConfig, now: Instant) -> Self {
        let (crypto, profiles) = GcmOnly::provider();
        let path = match config.path {
            PacketPath::Own => {
                Identity::new(&config.seed).map(|identity| PathEndpoint::Own(Box::new(identity)))
            }
            PacketPath::Library => crypto.dtls_provider.generate_certificate().map(|certificate| {
                PathEndpoint::Library(LibraryEndpoint { crypto: Arc::new(crypto), certificate })
            }),
        };
        let path = path.expect("the compiled-in cryptography makes certificates");
        // Parts of a shard that begins afresh, with another seed, are none of those before.
        let [first, ..] = *config.seed.as_chunks::<8>().0 else { unreachable!("a seed has 32 bytes") };
        Self {
            next_part: u64::from_le_bytes(first).wrapping_mul(PART_SPREAD),
            endpoint: Endpoint { config, path },
            now,
            rooms: KeyMap::default(),
            places: KeyMap::default(),
            ufrags: HashMap::new(),
            sources: HashMap::new(),
            timers: Timers::new(now),
            outputs: VecDeque::new(),
            outbox: Outbox::new(),
            copies: Copies::default(),
            stats: ShardStats::default(),
            profiles,
        }
    }

    /// Takes one input. Drain [`poll_output`](Self::poll_output) before the next one.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.now = self.now.max(now);
        let is_timeout = matches!(input, Input::Timeout);
        match input {
            Input::Command(command) => self.command(command),
            Input::Receive { transport, source, destination, contents } => {
                self.receive(transport, source, destination, contents);
            }
            Input::Relay { from, relay } => self.hear(from, relay),
            Input::ShardLost { shard } => self.fail_with(shard),
            Input::Timeout => {}
        }
        while let Some(timer) = self.timers.pop_due(self.now) {
            match timer {
                Timer::Peer(peer) => {
                    let Some(room) = self.places.get(&peer).copied() else { continue };
                    self.in_room(room, |room, context| room.wake(context, peer));
                }
                Timer::Room(room) => self.in_room(room, |room, context| room.tick(context)),
            }
        }
        let is_due = is_timeout && self.outbox.due().is_some_and(|due| due <= self.now);
        if is_due || self.outbox.is_full() {
            self.flush();
        }
    }

    /// Takes a packet with which nothing is to be done ([`Steer::Nothing`](crate::Steer::Nothing)), and counts it.
    pub fn pass_over(&mut self, contents: &[u8]) {
        self.stats.packets_in += 1;
        self.stats.bytes_in += contents.len() as u64;
    }

    /// Returns what the shard has to say; `Output::Timeout` when that is all.
    ///
    /// Packets that go to one receiver are held back to go together: those of a frame until it is complete or a
    /// millisecond has passed, all others until the next `Input::Timeout`, for which the time that is returned has come
    /// already. So a caller that first takes all that has arrived, and looks at the time then, sends as few times as can be.
    pub fn poll_output(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        let next = self.outbox.due().into_iter().chain(self.timers.next()).min();
        Output::Timeout(next.unwrap_or(self.now + IDLE))
    }

    /// Takes back the memory of packets that were sent.
    pub fn recycle(&mut self, contents: Vec<u8>) {
        self.outbox.recycle(contents);
    }

    /// Takes back what was handed to another shard.
    pub fn recycle_relay(&mut self, relay: Relay) {
        self.copies.recycle(relay);
    }

    /// Takes back a packet that could not be handed to another shard. May be called before all output is drained.
    pub fn refuse_relay(&mut self, to: ShardIndex, relay: Relay) {
        self.stats.relays_refused += 1;
        let of = match &relay.said {
            Said::Packet(Relayed { publisher, packet, .. }) => {
                Some((*publisher, packet.source, packet.layer))
            }
            Said::CatchUp(CatchUp { publisher, source, layer, .. }) => Some((*publisher, *source, *layer)),
            Said::Report(..) | Said::Notice(..) | Said::Ask(..) => None,
        };
        if let Some((publisher, source, layer)) = of {
            self.in_room(relay.room, |room, _| room.break_off(to, publisher, source, layer));
        }
        self.copies.recycle(relay);
    }

    fn flush(&mut self) {
        let outputs = &mut self.outputs;
        let (packets, bytes) = self.outbox.flush(|output| outputs.push_back(output));
        self.stats.packets_out += packets;
        self.stats.bytes_out += bytes;
    }

    /// Returns the counters.
    pub fn stats(&self) -> ShardStats {
        let peers = |room: &Room| room.peers().filter(|(_, peer)| peer.connection.is_some()).count();
        let mut stats = self.stats;
        stats.rooms = self.rooms.len();
        stats.peers = self.rooms.values().map(peers).sum();
        stats.connections += self.profiles.strong.load(Ordering::Relaxed);
        stats.weak_profiles += self.profiles.weak.load(Ordering::Relaxed);
        stats
    }

    /// Returns how many packets were not used for this reason.
    pub const fn dropped(&self, reason: DropReason) -> u64 {
        self.stats.dropped(reason)
    }

    /// Returns which shard this is.
    pub fn index(&self) -> ShardIndex {
        self.endpoint.config.shard
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Connect { room, home, peer, generation, offer, up, down, publishing } => {
                self.connect(Joining { room, home, peer, generation, publishing }, &offer, up, &down);
            }
            Command::Disconnect { peer } => self.forget(peer),
            Command::SetPublishing { peer, media } => {
                if let Some(room) = self.places.get(&peer).copied() {
                    self.in_room(room, |room, context| room.set_publishing(context, peer, media));
                }
            }
            Command::Subscribe { peer, wants } => {
                if let Some(room) = self.places.get(&peer).copied() {
                    self.in_room(room, |room, context| room.subscribe(context, peer, wants));
                }
            }
        }
    }

    fn connect(&mut self, joining: Joining, offer: &Sdp, up: Vec<UpSlot>, down: &[DownSlot]) {
        let Joining { room, home, peer, generation, publishing } = joining;
        if self.places.get(&peer).is_some_and(|place| *place != room) {
            self.forget(peer);
        }
        let known = self.rooms.get(&room).and_then(|room| room.generation(peer));
        if known.is_some_and(|known| known > generation) {
            return;
        }
        let full = match self.rooms.get(&room) {
            Some(room) => !room.has_place_for(peer),
            None => self.rooms.len() >= ROOMS_MAX,
        };
        if full {
            return self.refuse(peer, generation, &Refusal::Full);
        }

        self.open(room, home);
        self.places.insert(peer, room);
        self.in_room(room, |room, context| room.vacate(context, peer));

        // The offer comes from outside: should it make the parser panic, nobody but its sender is to notice.
        let (endpoint, now) = (&self.endpoint, self.now);
        let answered =
            catch_unwind(AssertUnwindSafe(|| Connection::answer(endpoint, now, generation, offer, up, down)));
        let (connection, answer, sending) = match answered {
            Ok(Ok(answered)) => answered,
            Ok(Err(refusal)) => return self.refuse(peer, generation, &refusal),
            Err(_) => {
                self.stats.panics += 1;
                return self.refuse(peer, generation, &Refusal::Unreadable("the offer is malformed".into()));
            }
        };
        self.outputs.push_back(Output::Event(Event::Answered { peer, generation, answer }));
        self.in_room(room, |room, context| room.connect(context, peer, connection, sending, publishing));
    }

    fn refuse(&mut self, peer: PeerKey, generation: MediaGeneration, refusal: &Refusal) {
        self.stats.offers_refused += 1;
        let reason = refusal.to_string();
        self.outputs.push_back(Output::Event(Event::OfferRefused { peer, generation, reason }));
    }

    fn forget(&mut self, peer: PeerKey) {
        let Some(room) = self.places.get(&peer).copied() else { return };
        self.in_room(room, |room, context| room.disconnect(context, peer));
        self.places.remove(&peer);
        self.close_if_over(room);
    }

    /// Makes sure that there is a part of a room here.
    fn open(&mut self, room: RoomKey, home: ShardIndex) {
        let config = &self.endpoint.config;
        self.rooms.entry(room).or_insert_with(|| {
            let part = Part::new(PartNumber(self.next_part), config.shard, home);
            self.next_part = self.next_part.wrapping_add(1);
            Room::new(room, part, config.voices)
        });
    }

    fn close_if_over(&mut self, room: RoomKey) {
        if self.rooms.get(&room).is_some_and(Room::is_over) {
            self.rooms.remove(&room);
            self.timers.remove(Timer::Room(room));
        }
    }

    /// Takes what another shard said.
    fn hear(&mut self, from: ShardIndex, relay: &Relay) {
        let Relay { room, said } = relay;
        let here = self.rooms.get(room);
        let answer = match said {
            Said::Packet(_) | Said::CatchUp(_) => {
                let packets = if let Said::CatchUp(given) = said { given.packets.len() } else { 1 };
                self.stats.relayed_in += packets as u64;
                if here.is_none() {
                    (0..packets).for_each(|_| self.stats.drop_packet(DropReason::Outdated));
                }
                None
            }
            Said::Report(part, Report::Present(..)) if here.is_none() => {
                if self.rooms.len() < ROOMS_MAX {
                    self.open(*room, self.index());
                    None
                } else {
                    Some(Said::Notice(*part, Notice::Failed))
                }
            }
            Said::Notice(part, Notice::Welcome(_)) if !here.is_some_and(|here| here.is_part(*part)) => {
                Some(Said::Report(*part, Report::Nobody))
            }
            Said::Report(..) | Said::Notice(..) | Said::Ask(..) => None,
        };
        if let Some(said) = answer {
            return self.outputs.push_back(Output::Relay { to: from, relay: Relay { room: *room, said } });
        }
        let mut fate = Fate::GoesOn;
        self.in_room(*room, |room, context| fate = room.hear(context, from, said));
        match fate {
            Fate::GoesOn if relay.is_packet() => {}
            Fate::GoesOn => self.close_if_over(*room),
            Fate::Fails => {
                tracing::error!(room = room.0, shard = from.0, "a room failed on another shard");
                self.fail(*room, Some(from));
            }
        }
    }

    /// Fails the rooms that cannot go on without what was on another shard.
    fn fail_with(&mut self, shard: ShardIndex) {
        let rooms = self.rooms.iter().filter(|(_, room)| room.depends_on(shard));
        let rooms: Vec<RoomKey> = rooms.map(|(key, _)| *key).collect();
        for room in rooms {
            tracing::error!(room = room.0, shard = shard.0, "a room failed with another shard");
            self.fail(room, Some(shard));
        }
    }

    fn receive(
        &mut self,
        transport: Transport,
        source: SocketAddr,
        destination: SocketAddr,
        contents: &[u8],
    ) {
        self.pass_over(contents);
        if says_nothing(contents) {
            return;
        }
        let is_stun = matches!(contents.first(), Some(0..=3));
        let (peer, unknown, refused) = if is_stun {
            let peer = ufrag(contents).and_then(|ufrag| self.ufrags.get(ufrag));
            (peer, DropReason::UnknownUfrag, DropReason::UnknownUfrag)
        } else {
            (self.sources.get(&(transport, source)), DropReason::UnknownSource, DropReason::Malformed)
        };
        let Some((peer, room)) = peer.and_then(|peer| Some((*peer, *self.places.get(peer)?))) else {
            return self.stats.drop_packet(unknown);
        };
        self.in_room(room, |room, context| {
            room.receive(context, peer, (transport, source), destination, contents, refused);
        });
    }

    /// Does something in a room and settles it. A panic costs the room.
    fn in_room(&mut self, key: RoomKey, work: impl FnOnce(&mut Room, &mut Context<'_>)) {
        let Some(room) = self.rooms.get_mut(&key) else { return };
        let mut context = Context {
            now: self.now,
            outputs: &mut self.outputs,
            outbox: &mut self.outbox,
            copies: &mut self.copies,
            stats: &mut self.stats,
            timers: &mut self.timers,
            ufrags: &mut self.ufrags,
            sources: &mut self.sources,
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            work(room, &mut context);
            room.settle(&mut context);
        }));
        if outcome.is_err() {
            self.stats.panics += 1;
            tracing::error!(room = key.0, "a room failed and was dropped");
            self.fail(key, None);
        }
    }

    /// Drops a room that failed here, or on the shard that said so. Its state may be inconsistent, so nothing of it is asked
    /// for more than the names of its peers, and of the shards of its other parts.
    fn fail(&mut self, key: RoomKey, said_by: Option<ShardIndex>) {
        let Some(room) = self.rooms.remove(&key) else { return };
        for (to, said) in room.last_words(said_by) {
            self.outputs.push_back(Output::Relay { to, relay: Relay { room: key, said } });
        }
        for (peer, state) in room.peers() {
            let lost = Event::Lost { peer, generation: state.generation };
            self.outputs.push_back(Output::Event(lost));
            self.places.remove(&peer);
            self.timers.remove(Timer::Peer(peer));
        }
        let places = &self.places;
        self.ufrags.retain(|_, peer| places.contains_key(peer));
        self.sources.retain(|_, peer| places.contains_key(peer));
        self.timers.remove(Timer::Room(key));
        if room.is_home() {
            self.outputs.push_back(Output::Event(Event::RoomFailed { room: key }));
        }
    }
}

/// Who joins what.
struct Joining {
    room: RoomKey,
    home: ShardIndex,
    peer: PeerKey,
    generation: MediaGeneration,
    publishing: MediaState,
}

#[cfg(test)]
mod tests;
