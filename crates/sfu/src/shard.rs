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
    room::{Context, Room},
    stats::{DropReason, ShardStats},
    steer::ufrag,
    timers::Timers,
};

/// What `Output::Timeout` says when nothing is going on.
const IDLE: Duration = Duration::from_secs(3600);

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

/// Forwards the media of some rooms.
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
        Self {
            endpoint: Endpoint { config, path },
            now,
            rooms: KeyMap::default(),
            places: KeyMap::default(),
            ufrags: HashMap::new(),
            sources: HashMap::new(),
            timers: Timers::new(now),
            outputs: VecDeque::new(),
            outbox: Outbox::new(),
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

    /// Returns which shard this is.
    pub fn index(&self) -> ShardIndex {
        self.endpoint.config.shard
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Connect { room, peer, generation, offer, up, down, publishing } => {
                self.connect(Joining { room, peer, generation, publishing }, &offer, up, &down);
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
        let Joining { room, peer, generation, publishing } = joining;
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

        self.rooms.entry(room).or_insert_with(|| Room::new(room, self.endpoint.config.voices));
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
        if self.rooms.get(&room).is_some_and(Room::is_empty) {
            self.rooms.remove(&room);
            self.timers.remove(Timer::Room(room));
        }
    }

    fn receive(
        &mut self,
        transport: Transport,
        source: SocketAddr,
        destination: SocketAddr,
        contents: &[u8],
    ) {
        self.stats.packets_in += 1;
        self.stats.bytes_in += contents.len() as u64;
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
            self.fail(key);
        }
    }

    /// Drops a room in which a bug showed. Its state may be inconsistent, so nothing of it is asked for more
    /// than the names of its peers.
    fn fail(&mut self, key: RoomKey) {
        let Some(room) = self.rooms.remove(&key) else { return };
        self.stats.panics += 1;
        tracing::error!(room = key.0, peers = room.peers().count(), "a room failed and was dropped");
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
        self.outputs.push_back(Output::Event(Event::RoomFailed { room: key }));
    }
}

/// Who joins what.
struct Joining {
    room: RoomKey,
    peer: PeerKey,
    generation: MediaGeneration,
    publishing: MediaState,
}

#[cfg(test)]
mod tests {
    use sabha_protocol::Source;

    use super::*;
    use crate::{client::Profile, world::World};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn panic_in_one_room_costs_that_room_and_no_other() {
        let mut world = World::new();
        let clients = [1, 1, 2, 2].map(|room| world.join(room, Profile::default()));
        for pair in clients.chunks(2) {
            world.subscribe(pair[0], &[(pair[1], Source::Camera, 180)]);
        }
        world.connect_all();
        world.run(SECOND);

        let before = world.events.len();
        world.shard.rooms.get_mut(&RoomKey(1)).unwrap().is_poisoned = true;
        let moment = world.now;
        world.run(2 * SECOND);

        let told: Vec<&Event> = world.events[before..].iter().map(|(_, event)| event).collect();
        for peer in [PeerKey(0), PeerKey(1)] {
            assert!(told.contains(&&Event::Lost { peer, generation: MediaGeneration(1) }));
        }
        assert!(told.contains(&&Event::RoomFailed { room: RoomKey(1) }));
        assert!(!told.iter().any(|event| matches!(event, Event::Lost { peer: PeerKey(2 | 3), .. })));
        assert!(world.clients[2].got(3, Source::Camera, moment).len() > 50, "the other room goes on");

        let stats = world.shard.stats();
        assert_eq!((stats.rooms, stats.peers, stats.panics), (1, 2, 1));
        assert!(world.shard.ufrags.values().all(|peer| peer.0 >= 2));
        assert!(world.shard.sources.values().all(|peer| peer.0 >= 2));

        world.reconnect(1, 0);
        world.run_until("the room opens anew", |world| world.clients[0].is_connected);
    }

    #[test]
    fn addresses_and_ufrags_of_a_connection_go_with_it() {
        let mut world = World::new();
        let a = world.join(1, Profile::default());
        world.connect_all();
        for _ in 0..5 {
            world.reconnect(1, a);
            world.connect_all();
            world.run(SECOND);
        }
        assert_eq!((world.shard.ufrags.len(), world.shard.sources.len()), (1, 1));

        world.command(Command::Disconnect { peer: PeerKey(0) });
        assert!(world.shard.ufrags.is_empty() && world.shard.sources.is_empty());
        assert!(world.shard.places.is_empty() && world.shard.rooms.is_empty());
        world.run(20 * SECOND);
        assert_eq!(world.shard.timers.next(), None);
    }
}
