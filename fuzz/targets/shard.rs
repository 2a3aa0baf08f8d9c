//! Two shards as a whole, over which rooms are spread: commands, time and packets in any order, from peers that hold the
//! keys of their connections and from nobodies, and what one shard says to the other late, or packets of it not at all. They never
//! panic, send only to who has proven an address, nothing that its receiver cannot open, and not without end; and when
//! all have left, nothing is left of them.
#![no_main]

#[path = "shard/peer.rs"]
mod peer;

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    net::SocketAddr,
    sync::LazyLock,
    time::{Duration, Instant},
};

use libfuzzer_sys::{
    arbitrary::{Result, Unstructured},
    fuzz_target,
};
use sabha_protocol::{DownSlot, Layer, MediaGeneration, MediaState, Sdp, Source, UpSlot};
use sabha_sfu::{
    Command, DropReason, Event, Input, Output, PacketPath, PeerKey, Relay, RoomKey, Shard, ShardConfig,
    ShardIndex, ShardStats, Steer, Transport, Want, steer,
};

use peer::Peer;

const SECOND: Duration = Duration::from_secs(1);
/// Peers and rooms that there may be.
const PEERS: u64 = 4;
const ROOMS: u64 = 2;
/// Steps of one run, and connections in it: handshakes are what costs time.
const STEPS_MAX: usize = 64;
const CONNECTIONS_MAX: u16 = 5;
/// Packets that may be on their way to the other shard.
const LANE_MAX: usize = 48;
/// What may come of one input.
const PACKETS_MAX: usize = 4096;
const EVENTS_MAX: usize = 64;
/// How often a second of time may wake the shard.
const WAKES_MAX: usize = 10_000;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);
static SERVER: LazyLock<SocketAddr> = LazyLock::new(|| SocketAddr::from(([10, 0, 0, 1], 3478)));

fuzz_target!(|input: &[u8]| {
    let mut world = World::new();
    world.join(0, 0);
    world.join(1, 0);
    world.watch(0, 1);
    world.watch(1, 0);
    world.pass(SECOND);
    assert!(world.peers.values().all(|peer| peer.is_connected));

    let mut choices = Unstructured::new(input);
    for _ in 0..STEPS_MAX {
        if choices.is_empty() || world.step(&mut choices).is_err() {
            break;
        }
    }
    world.end();
});

/// What one shard has said and the other has not heard yet: packets and the rest, each in its order.
#[derive(Default)]
struct Lanes {
    packets: VecDeque<Relay>,
    others: VecDeque<Relay>,
}

struct World {
    now: Instant,
    /// Rooms are at home on the first.
    shards: [Shard; 2],
    /// What each has said.
    lanes: [Lanes; 2],
    /// They hear each other only now and then.
    is_slow: bool,
    peers: BTreeMap<u64, Peer>,
    generations: u32,
    connections: u16,
    wakes: [Instant; 2],
    /// Addresses from which packets came that were STUN of a peer's, or might pass for it.
    proven: HashSet<SocketAddr>,
    /// What the shard sends is lost.
    is_cut: bool,
    /// Some datagrams that peers sent.
    sent: Vec<Vec<u8>>,
}

impl World {
    fn new() -> Self {
        let shard = |index| {
            let config = ShardConfig {
                shard: ShardIndex(index),
                udp: vec![*SERVER],
                tcp: vec![],
                path: PacketPath::Own,
                voices: 3,
                seed: [7 + index; 32],
            };
            Shard::new(config, *START)
        };
        Self {
            now: *START,
            shards: [shard(0), shard(1)],
            lanes: Default::default(),
            is_slow: false,
            peers: BTreeMap::new(),
            generations: 0,
            connections: 0,
            wakes: [*START; 2],
            proven: HashSet::new(),
            is_cut: false,
            sent: Vec::new(),
        }
    }

    /// Does one thing.
    fn step(&mut self, choices: &mut Unstructured<'_>) -> Result<()> {
        let key = choices.int_in_range(0..=PEERS - 1)?;
        match choices.int_in_range(0..=14)? {
            0 => self.pass(Duration::from_millis(choices.int_in_range(0..=5000)?)),
            1 if self.connections < CONNECTIONS_MAX => {
                let room = choices.int_in_range(0..=ROOMS - 1)?;
                self.join(key, room);
                self.pass(Duration::from_millis(500));
            }
            2 => {
                let room = choices.int_in_range(0..=ROOMS - 1)?;
                self.connect_oddly(key, room, choices)?;
            }
            3 => {
                self.peers.remove(&key);
                self.command(Command::Disconnect { peer: PeerKey(key) });
            }
            4 => {
                let media = media(choices)?;
                self.command(Command::SetPublishing { peer: PeerKey(key), media });
            }
            5 => {
                let wants = wants(choices)?;
                self.command(Command::Subscribe { peer: PeerKey(key), wants });
            }
            6 => {
                let source = self.address(choices)?;
                let length = choices.arbitrary_len::<u8>()?.min(1500);
                let packet = choices.bytes(length)?.to_vec();
                if matches!(packet.first(), Some(0..=3)) {
                    self.proven.insert(source);
                }
                self.receive(source, &packet);
            }
            7 => self.send_again(choices)?,
            8 => self.send_report(key, choices)?,
            9 => self.is_cut = choices.arbitrary()?,
            10 => self.is_slow = choices.arbitrary()?,
            11 => {
                let from = choices.choose_index(2)?;
                let (packets, others) = (choices.int_in_range(0..=40)?, choices.int_in_range(0..=8)?);
                self.hand_over(from, packets, others);
            }
            _ => self.send_media(key, choices)?,
        }
        Ok(())
    }

    /// Connects a peer with an offer that is in order.
    fn join(&mut self, key: u64, room: u64) {
        self.connections += 1;
        self.generations += 1;
        let peer = Peer::new(self.connections, self.now);
        let offer = Sdp::try_from(peer.offer.clone()).expect("an offer");
        self.peers.insert(key, peer);
        let (up, down) = Peer::slots();
        self.connect(
            key,
            room,
            offer,
            up,
            down,
            MediaState { microphone: true, camera: true, screen: true, screen_audio: true },
        );
    }

    fn connect(
        &mut self,
        key: u64,
        room: u64,
        offer: Sdp,
        up: Vec<UpSlot>,
        down: Vec<DownSlot>,
        publishing: MediaState,
    ) {
        let generation = MediaGeneration(self.generations);
        let (room, peer) = (RoomKey(room), PeerKey(key));
        let home = ShardIndex(0);
        self.command(Command::Connect { room, home, peer, generation, offer, up, down, publishing });
    }

    /// Connects a peer with an offer in which something is odd.
    fn connect_oddly(&mut self, key: u64, room: u64, choices: &mut Unstructured<'_>) -> Result<()> {
        let Some(peer) = self.peers.get(&key) else { return Ok(()) };
        let mut lines: Vec<String> = peer.offer.lines().map(str::to_owned).collect();
        for _ in 0..choices.int_in_range(1..=4)? {
            let at = choices.choose_index(lines.len().max(1))?;
            let other = choices.choose_index(lines.len().max(1))?;
            match choices.int_in_range(0..=4)? {
                0 if !lines.is_empty() => drop(lines.remove(at)),
                1 if !lines.is_empty() => lines.insert(at, lines[other].clone()),
                2 if !lines.is_empty() => lines.swap(at, other),
                3 if !lines.is_empty() => {
                    let cut = choices.choose_index(lines[at].len() + 1)?;
                    let more: String = choices.arbitrary()?;
                    lines[at].truncate(cut);
                    lines[at].extend(more.chars().take(40));
                }
                _ => lines.insert(at.min(lines.len()), choices.arbitrary::<String>()?),
            }
        }
        let Ok(offer) = Sdp::try_from(lines.join("\r\n")) else { return Ok(()) };
        let (mut up, mut down) = Peer::slots();
        if choices.ratio(1, 8)? {
            up.pop();
            down.rotate_left(1);
        }
        // Whoever it was has no connection now; what still comes from there is somebody else's.
        self.generations += 1;
        self.peers.remove(&key);
        let publishing = media(choices)?;
        self.connect(key, room, offer, up, down, publishing);
        Ok(())
    }

    fn watch(&mut self, key: u64, publisher: u64) {
        let height = 360.try_into().expect("a height");
        let wants = vec![Want { publisher: PeerKey(publisher), source: Source::Camera, height }];
        self.command(Command::Subscribe { peer: PeerKey(key), wants });
    }

    /// Returns an address: a peer's, or nobody's.
    fn address(&self, choices: &mut Unstructured<'_>) -> Result<SocketAddr> {
        let key = choices.int_in_range(0..=PEERS)?;
        let nobody = SocketAddr::from(([172, 16, 0, 1], choices.arbitrary()?));
        Ok(self.peers.get(&key).map_or(nobody, |peer| peer.address))
    }

    /// Sends again what a peer sent, damaged or from elsewhere.
    fn send_again(&mut self, choices: &mut Unstructured<'_>) -> Result<()> {
        if self.sent.is_empty() {
            return Ok(());
        }
        let mut packet = self.sent[choices.choose_index(self.sent.len())?].clone();
        let source = self.address(choices)?;
        let is_request = matches!(packet.first(), Some(0..=3));
        let mut is_forged = false;
        for _ in 0..choices.int_in_range(0..=3)? {
            let at = choices.choose_index(packet.len().max(1))?;
            let Some(byte) = packet.get_mut(at) else { break };
            let before = std::mem::replace(byte, choices.arbitrary()?);
            // FINGERPRINT protects nothing (RFC 8489 section 14.7).
            is_forged |= before != packet[at] && at + 8 < packet.len();
        }
        if choices.ratio(1, 8)? {
            let length = choices.choose_index(packet.len() + 1)?;
            is_forged |= length + 8 < packet.len();
            packet.truncate(length);
        }
        if is_request && !is_forged {
            self.proven.insert(source);
        }
        self.receive(source, &packet);
        Ok(())
    }

    /// Sends media of a peer's, properly sealed and otherwise as it comes.
    fn send_media(&mut self, key: u64, choices: &mut Unstructured<'_>) -> Result<()> {
        let Some(peer) = self.peers.get(&key).filter(|peer| peer.is_connected) else { return Ok(()) };
        let address = peer.address;
        let source = choices.int_in_range(0..=3)?;
        let layer = Layer::ALL[choices.choose_index(3)?];
        let payload_type = match source {
            0 => peer::OPUS,
            _ => *choices.choose(&[
                peer::VP8,
                peer::VP8,
                peer::VP9,
                peer::VP8 + 1,
                peer::VP9 + 1,
                peer::OPUS,
            ])?,
        };
        let ssrc = match source {
            0 => peer::SOUND,
            1 => 2000 + layer as u32 + if payload_type & 1 == 1 { 10 } else { 0 },
            2 => 3000 + u32::from(payload_type & 1 == 1),
            _ => choices.int_in_range(0..=4000)?,
        };
        let (mut seq, mut timestamp): (u16, u32) = (choices.arbitrary()?, choices.arbitrary()?);
        let (step, packets, gap) =
            (choices.int_in_range(0..=3)?, choices.int_in_range(1..=40)?, choices.int_in_range(0..=20)?);
        let flags: u8 = choices.arbitrary()?;
        let length = choices.int_in_range(0..=1400)?;
        let start_length = choices.int_in_range(0..=24)?.min(choices.len());
        let start = choices.bytes(start_length)?;
        let mut payload = start.to_vec();
        payload.resize(length.max(start.len()), 0);
        let (mid, rid) = ([b'0' + source.min(6) as u8], layer.rid().as_bytes()[0]);
        for count in 0..packets {
            let mut extensions = vec![peer::MID << 4, mid[0]];
            if source == 1 {
                let id = if payload_type & 1 == 1 { peer::REPAIRED } else { peer::RID };
                extensions.extend([id << 4, rid]);
            }
            extensions.extend([peer::TRANSPORT_SEQ << 4 | 1, (seq >> 8) as u8, seq as u8]);
            extensions.resize(extensions.len().next_multiple_of(4), 0);
            let mut packet = vec![0x90 | flags & 0x20, payload_type | flags & 0x80];
            packet.extend(seq.to_be_bytes());
            packet.extend(timestamp.to_be_bytes());
            packet.extend(ssrc.to_be_bytes());
            packet.extend([0xbe, 0xde, 0, extensions.len() as u8 / 4]);
            packet.extend(extensions);
            let header = packet.len();
            packet.extend(&payload);
            let Some(sealed) = self.peers.get_mut(&key).and_then(|peer| peer.seal(packet, header)) else {
                return Ok(());
            };
            self.receive(address, &sealed);
            if count == 0 {
                self.keep(sealed);
            }
            seq = seq.wrapping_add(step);
            timestamp = timestamp.wrapping_add(u32::from(flags & 0x0f) * 960);
            self.pass(Duration::from_millis(gap));
        }
        Ok(())
    }

    /// Sends reports of a peer's, properly sealed and otherwise as they come.
    fn send_report(&mut self, key: u64, choices: &mut Unstructured<'_>) -> Result<()> {
        let Some(peer) = self.peers.get(&key).filter(|peer| peer.is_connected) else { return Ok(()) };
        let address = peer.address;
        let mut packet = Vec::new();
        for _ in 0..choices.int_in_range(1..=3)? {
            let own: u32 = choices.arbitrary()?;
            let of = if peer.sent_to.is_empty() { own } else { *choices.choose(&peer.sent_to)? };
            let newest = peer.heard.last().copied().unwrap_or_default();
            let (kind, mut body) = match choices.int_in_range(0..=5)? {
                0 => (
                    0x81c8_u16,
                    [
                        own.to_be_bytes().to_vec(),
                        choices.bytes(20)?.to_vec(),
                        of.to_be_bytes().to_vec(),
                        choices.bytes(20)?.to_vec(),
                    ]
                    .concat(),
                ),
                1 => (
                    0x81c9,
                    [own.to_be_bytes().to_vec(), of.to_be_bytes().to_vec(), choices.bytes(20)?.to_vec()]
                        .concat(),
                ),
                2 => (
                    0x81cd,
                    [own.to_be_bytes().to_vec(), of.to_be_bytes().to_vec(), choices.bytes(8)?.to_vec()]
                        .concat(),
                ),
                3 => {
                    // What came, as a run of small deltas, or anything.
                    let behind: u16 = choices.int_in_range(0..=80)?;
                    let base = newest.wrapping_sub(behind).to_be_bytes();
                    let count = choices.int_in_range(1..=64)?;
                    let more = choices.bytes(4)?;
                    let mut body = [
                        own.to_be_bytes(),
                        of.to_be_bytes(),
                        [base[0], base[1], 0, count],
                        *more.first_chunk().expect("four"),
                    ]
                    .concat();
                    body.extend([0x20, count]);
                    let length = usize::from(count).min(choices.len());
                    body.extend(choices.bytes(length)?);
                    (0x8fcd, body)
                }
                4 => (0x81ce, [own.to_be_bytes(), of.to_be_bytes()].concat()),
                _ => {
                    let length = choices.int_in_range(0..=60)?.min(choices.len());
                    (choices.arbitrary::<u16>()? & 0x1f0f | 0x80c0, choices.bytes(length)?.to_vec())
                }
            };
            body.resize(body.len().next_multiple_of(4).max(4), 0);
            packet.extend(kind.to_be_bytes());
            packet.extend((body.len() as u16 / 4).to_be_bytes());
            packet.extend(body);
        }
        if let Some(sealed) = self.peers.get_mut(&key).and_then(|peer| peer.seal_report(packet)) {
            self.receive(address, &sealed);
            self.keep(sealed);
        }
        Ok(())
    }

    fn keep(&mut self, packet: Vec<u8>) {
        if self.sent.len() < 64 {
            self.sent.push(packet);
        }
    }

    /// Lets time pass.
    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        let mut wakes = 0;
        loop {
            let peers = self.peers.values().map(Peer::next);
            let next = peers.chain(self.wakes).min().unwrap_or(end).max(self.now);
            if next > end {
                break;
            }
            self.now = next;
            for place in 0..2 {
                if self.wakes[place] <= self.now {
                    wakes += 1;
                    self.handle(place, Input::Timeout);
                }
            }
            self.run_peers();
        }
        assert!(wakes <= WAKES_MAX * (1 + duration.as_secs() as usize), "{wakes} wakes in {duration:?}");
        self.now = end;
    }

    fn run_peers(&mut self) {
        let due: Vec<u64> =
            self.peers.iter().filter(|(_, peer)| peer.next() <= self.now).map(|(key, _)| *key).collect();
        for key in due {
            let Some(peer) = self.peers.get_mut(&key) else { continue };
            let (address, datagrams) = (peer.address, peer.run(self.now));
            for datagram in datagrams {
                if matches!(datagram.first(), Some(0..=3)) {
                    self.proven.insert(address);
                }
                self.receive(address, &datagram);
                self.keep(datagram);
            }
        }
    }

    fn command(&mut self, command: Command) {
        self.handle(place_of(command.peer().0), Input::Command(command));
    }

    /// Hands a packet to the shard to which it is steered, or on which the peer lives that has its address.
    fn receive(&mut self, source: SocketAddr, contents: &[u8]) {
        let place = match steer(contents) {
            Steer::Binding(ShardIndex(index)) => usize::from(index).min(1),
            Steer::Established | Steer::Nothing | Steer::Junk => {
                let sender = self.peers.iter().find(|(_, peer)| peer.address == source);
                sender.map_or(0, |(key, _)| place_of(*key))
            }
        };
        self.receive_at(place, source, contents);
    }

    fn receive_at(&mut self, place: usize, source: SocketAddr, contents: &[u8]) {
        let input = Input::Receive { transport: Transport::Udp, source, destination: *SERVER, contents };
        self.handle(place, input);
    }

    fn count(&self, of: impl Fn(&ShardStats) -> u64) -> u64 {
        self.shards.iter().map(|shard| of(&shard.stats())).sum()
    }

    /// Gives a shard an input and takes all that comes of it.
    fn handle(&mut self, place: usize, input: Input<'_>) {
        self.take(place, input);
        while !self.is_slow
            && self.lanes.iter().any(|lanes| !lanes.packets.is_empty() || !lanes.others.is_empty())
        {
            self.hand_over(0, LANE_MAX, LANE_MAX);
            self.hand_over(1, LANE_MAX, LANE_MAX);
        }
    }

    /// Lets the other shard hear some of what one has said.
    fn hand_over(&mut self, from: usize, packets: usize, others: usize) {
        for (is_of_packets, count) in [(true, packets), (false, others)] {
            for _ in 0..count {
                let Lanes { packets, others } = &mut self.lanes[from];
                let lane = if is_of_packets { packets } else { others };
                let Some(relay) = lane.pop_front() else { break };
                self.take(1 - from, Input::Relay { from: ShardIndex(from as u8), relay: &relay });
                self.shards[from].recycle_relay(relay);
            }
        }
    }

    fn take(&mut self, place: usize, input: Input<'_>) {
        self.shards[place].handle_input(self.now, input);
        let (mut packets, mut events) = (0, 0);
        self.wakes[place] = loop {
            match self.shards[place].poll_output() {
                Output::Timeout(at) => break at,
                Output::Event(event) => {
                    events += 1;
                    self.event(event);
                }
                Output::Relay { to, relay } => {
                    packets += 1;
                    assert_eq!(usize::from(to.0), 1 - place, "a shard tells itself something");
                    if !relay.is_packet() {
                        self.lanes[place].others.push_back(relay);
                    } else if self.lanes[place].packets.len() < LANE_MAX {
                        self.lanes[place].packets.push_back(relay);
                    } else {
                        self.shards[place].refuse_relay(to, relay);
                    }
                }
                Output::Transmit { transport, source, destination, contents, segment } => {
                    assert_eq!((transport, source), (Transport::Udp, *SERVER));
                    assert!(self.proven.contains(&destination), "{destination} has proven nothing");
                    assert!((1..=1500).contains(&segment) && !contents.is_empty());
                    for packet in contents.chunks(segment) {
                        packets += 1;
                        let peer = self.peers.values_mut().find(|peer| peer.address == destination);
                        if let Some(peer) = peer
                            && !self.is_cut
                        {
                            peer.receive(self.now, *SERVER, packet);
                        }
                    }
                    self.shards[place].recycle(contents);
                }
            }
        };
        assert!(packets <= PACKETS_MAX && events <= EVENTS_MAX, "{packets} packets, {events} events");
        // What is due now is done when the shard is called again, and then it is not due any more.
        self.wakes[place] = self.wakes[place].max(self.now);
        assert_eq!(self.shards[place].stats().panics, 0);
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Answered { peer: PeerKey(key), answer, .. } => {
                if let Some(peer) = self.peers.get_mut(&key) {
                    peer.accept(*SERVER, answer.as_str());
                }
            }
            Event::RoomFailed { room } => panic!("{room:?} failed"),
            _ => {}
        }
    }

    /// All leave, and nothing is left of them.
    fn end(mut self) {
        self.pass(SECOND);
        let addresses: Vec<SocketAddr> = self.proven.iter().copied().collect();
        for key in 0..PEERS {
            self.command(Command::Disconnect { peer: PeerKey(key) });
        }
        self.peers.clear();
        self.is_slow = false;
        self.pass(SECOND);
        assert_eq!(self.count(|stats| (stats.rooms + stats.peers) as u64), 0);
        self.pass(60 * SECOND);
        assert!(
            self.wakes.iter().all(|wake| *wake > self.now + 60 * SECOND),
            "something is still waited for"
        );

        let unknown = |stats: &ShardStats| stats.dropped(DropReason::UnknownSource);
        let before = self.count(unknown);
        for address in &addresses {
            self.receive_at(0, *address, &[0x80; 40]);
            self.receive_at(1, *address, &[0x80; 40]);
        }
        assert_eq!(self.count(unknown) - before, 2 * addresses.len() as u64, "an address is still known");
        let unknown = |stats: &ShardStats| stats.dropped(DropReason::UnknownUfrag);
        let before = self.count(unknown);
        let requests: Vec<_> = self.sent.iter().filter(|packet| packet[0] < 4).cloned().collect();
        for request in &requests {
            self.receive(addresses[0], request);
        }
        assert_eq!(self.count(unknown) - before, requests.len() as u64, "a connection is still known");
    }
}

/// Returns the shard on which a peer lives.
fn place_of(key: u64) -> usize {
    (key % 2) as usize
}

fn media(choices: &mut Unstructured<'_>) -> Result<MediaState> {
    let [microphone, camera, screen, screen_audio] = choices.arbitrary()?;
    Ok(MediaState { microphone, camera, screen, screen_audio })
}

fn wants(choices: &mut Unstructured<'_>) -> Result<Vec<Want>> {
    let mut wants = Vec::new();
    for _ in 0..choices.int_in_range(0..=6)? {
        let publisher = PeerKey(choices.int_in_range(0..=PEERS)?);
        let source = *choices.choose(&Source::ALL)?;
        let height: u16 = choices.int_in_range(1..=2000)?;
        let Ok(height) = height.try_into() else { continue };
        wants.push(Want { publisher, source, height });
    }
    Ok(wants)
}
