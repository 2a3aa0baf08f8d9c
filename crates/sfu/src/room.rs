//! One room: takes what happened to one peer and works out what follows for the others.
//!
//! Consequences go through a queue of [`Work`], never through calls from peer to peer, so that a packet, the
//! key frame request it provokes and the feedback to that are each handled with the room in a settled state.
//! A forwarded packet touches its publication's audience and nobody else.

mod catching_up;
mod fanout;
mod forward;
mod seating;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use sabha_protocol::{Layer, MediaState, Source, limits::ROOM_PARTICIPANTS_MAX};

use crate::{
    connection::{Connection, Packet, Sending, Signal},
    io::{Event, Output, PeerKey, RoomKey, ShardIndex, Transport, Want},
    keyed::KeyMap,
    outbox::Outbox,
    peer::Peer,
    relay::{Copies, Relay, Said},
    shard::Timer,
    speakers::Speakers,
    stats::{DropReason, ShardStats},
    timers::Timers,
};

pub(crate) use self::fanout::{Fate, Part};

/// How often speakers, allocation and demand are looked at.
const TICK: Duration = Duration::from_millis(100);
/// How often a room is looked at in which nobody publishes anything: only for who is gone without a word.
const TICK_UNUSED: Duration = Duration::from_secs(4);
/// Wants kept per peer: camera and screen of everybody.
const WANTS_MAX: usize = 2 * ROOM_PARTICIPANTS_MAX;

/// What of a shard a room may touch.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) now: Instant,
    pub(crate) outputs: &'a mut VecDeque<Output>,
    pub(crate) outbox: &'a mut Outbox,
    pub(crate) copies: &'a mut Copies,
    pub(crate) stats: &'a mut ShardStats,
    pub(crate) timers: &'a mut Timers<Timer>,
    pub(crate) ufrags: &'a mut HashMap<String, PeerKey>,
    pub(crate) sources: &'a mut HashMap<(Transport, SocketAddr), PeerKey>,
}

impl Context<'_> {
    pub(crate) fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Says something to the part of `room` on another shard.
    pub(crate) fn say(&mut self, to: ShardIndex, room: RoomKey, said: Said) {
        self.outputs.push_back(Output::Relay { to, relay: Relay { room, said } });
    }
}

/// Something that follows from something else.
#[derive(Debug)]
enum Work {
    /// A connection was mutated and must be drained.
    Drive(PeerKey),
    /// A packet arrived from a peer.
    Forward(PeerKey, Packet),
    /// Somebody needs a key frame.
    Keyframe(PeerKey, Source, Layer),
    /// The connection of a peer died.
    Lose(PeerKey),
}

/// A room, or as much of it as there is on one shard: the peers that live here, and what is known of the others.
#[derive(Debug)]
pub(crate) struct Room {
    key: RoomKey,
    part: Part,
    peers: KeyMap<PeerKey, Peer>,
    speakers: Speakers,
    work: VecDeque<Work>,
    signals: Vec<Signal>,
    demand_changed: bool,
    #[cfg(test)]
    pub(crate) is_poisoned: bool,
}

impl Room {
    pub(crate) fn new(key: RoomKey, part: Part, voices: usize) -> Self {
        Self {
            key,
            part,
            peers: KeyMap::default(),
            speakers: Speakers::new(voices),
            work: VecDeque::new(),
            signals: Vec::new(),
            demand_changed: false,
            #[cfg(test)]
            is_poisoned: false,
        }
    }

    /// Returns everybody in the room who lives on this shard.
    pub(crate) fn peers(&self) -> impl Iterator<Item = (PeerKey, &Peer)> {
        self.peers.iter().filter(|(_, peer)| peer.remote.is_none()).map(|(key, peer)| (*key, peer))
    }

    /// Returns everybody in the room, on whatever shard.
    #[cfg(test)]
    pub(crate) fn everybody(&self) -> Vec<PeerKey> {
        let mut keys: Vec<PeerKey> = self.peers.keys().copied().collect();
        keys.sort_unstable();
        keys
    }

    pub(crate) fn has_place_for(&self, peer: PeerKey) -> bool {
        self.peers.contains_key(&peer) || self.peers.len() < ROOM_PARTICIPANTS_MAX
    }

    /// Returns the generation of a peer's connection to this shard.
    pub(crate) fn generation(&self, peer: PeerKey) -> Option<sabha_protocol::MediaGeneration> {
        self.peers.get(&peer).filter(|peer| peer.remote.is_none()).map(|peer| peer.generation)
    }

    /// Makes sure that a peer has a place, and that any older connection of it is gone.
    pub(crate) fn vacate(&mut self, context: &mut Context<'_>, key: PeerKey) {
        if self.peers.get(&key).is_some_and(|peer| peer.remote.is_some()) {
            self.remove(context, key);
        }
        self.drop_connection(context, key);
        self.peers.entry(key).or_insert_with(Peer::new);
    }

    /// Gives a peer a connection. Called after [`vacate`](Self::vacate).
    pub(crate) fn connect(
        &mut self,
        context: &mut Context<'_>,
        key: PeerKey,
        connection: Connection,
        sending: Vec<Sending>,
        publishing: MediaState,
    ) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        context.ufrags.insert(connection.ufrag.clone(), key);
        peer.attach(connection, sending);
        peer.publishing = publishing;
        Source::ALL.into_iter().for_each(|source| self.interrupt_audience(key, source, None));
        self.work.push_back(Work::Drive(key));
        self.announce(context, key);
        self.seat_everybody(context);
        context.timers.set(context.now, Timer::Room(self.key), context.now + TICK);
    }

    /// Forgets a peer.
    pub(crate) fn disconnect(&mut self, context: &mut Context<'_>, key: PeerKey) {
        if let Some(connection) = self.peers.get_mut(&key).and_then(|peer| peer.connection.as_mut()) {
            connection.close();
            self.drive(context, key);
        }
        self.drop_connection(context, key);
        self.remove(context, key);
        self.seat_everybody(context);
    }

    /// Takes a peer out of the room, wherever it lives.
    fn remove(&mut self, context: &mut Context<'_>, key: PeerKey) {
        self.announce_end(context, key);
        self.peers.remove(&key);
        self.silence(context, key);
    }

    pub(crate) fn set_publishing(&mut self, context: &mut Context<'_>, key: PeerKey, media: MediaState) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        for source in Source::ALL {
            if peer.publishing.has(source) != media.has(source) {
                peer.publication(source).restart();
            }
        }
        peer.publishing = media;
        if peer.connection.is_some() {
            context.timers.set(context.now, Timer::Room(self.key), context.now + TICK);
        }
        if !media.microphone {
            self.silence(context, key);
        }
        self.announce(context, key);
        self.seat_everybody(context);
    }

    pub(crate) fn subscribe(&mut self, context: &mut Context<'_>, key: PeerKey, mut wants: Vec<Want>) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        wants.truncate(WANTS_MAX);
        let mut seen = HashSet::new();
        wants.retain(|want| seen.insert((want.publisher, want.source)));
        peer.wants = wants;
        self.seat(context, key);
    }

    /// Takes a packet for a peer's connection.
    pub(crate) fn receive(
        &mut self,
        context: &mut Context<'_>,
        key: PeerKey,
        (transport, source): (Transport, SocketAddr),
        destination: SocketAddr,
        contents: &[u8],
        refused: DropReason,
    ) {
        #[cfg(test)]
        assert!(!self.is_poisoned, "the room was poisoned by a test");
        let Some(connection) = self.peers.get_mut(&key).and_then(|peer| peer.connection.as_mut()) else {
            return context.stats.drop_packet(refused);
        };
        match connection.receive(context.now, transport, source, destination, contents) {
            Ok(true) => {
                if context.sources.get(&(transport, source)) != Some(&key) {
                    let forgotten = connection.learn(transport, source);
                    context.sources.insert((transport, source), key);
                    if let Some(forgotten) = forgotten {
                        context.sources.remove(&forgotten);
                    }
                }
                self.work.push_back(Work::Drive(key));
            }
            Ok(false) => context.stats.drop_packet(refused),
            Err(_) => self.work.push_back(Work::Lose(key)),
        }
    }

    /// The time that a peer's connection waited for has come.
    pub(crate) fn wake(&mut self, context: &mut Context<'_>, key: PeerKey) {
        let Some(connection) = self.peers.get_mut(&key).and_then(|peer| peer.connection.as_mut()) else {
            return;
        };
        let work = match connection.tick(context.now, context.outbox) {
            Ok(()) => Work::Drive(key),
            Err(_) => Work::Lose(key),
        };
        self.work.push_back(work);
    }

    /// Looks at everything that depends on time rather than on packets.
    pub(crate) fn tick(&mut self, context: &mut Context<'_>) {
        let keys: Vec<PeerKey> = self.peers.keys().copied().collect();
        let mut speakers_changed = false;
        let mut any_connection = false;
        let mut is_used = false;
        for key in keys {
            let Some(peer) = self.peers.get_mut(&key) else { continue };
            if peer.is_silent(context.now) {
                self.work.push_back(Work::Lose(key));
                continue;
            }
            // Home looks after those on other shards, too.
            any_connection |= peer.connection.is_some() || (peer.remote.is_some() && self.part.is_home());
            is_used |= Source::ALL.into_iter().any(|source| peer.publishing.has(source));
            let speaking = peer.publishing.microphone
                && peer.publication(Source::Microphone).speech.is_speaking(context.now);
            speakers_changed |= self.part.is_home() && self.speakers.set_speaking(key, speaking);
            // Who is sent nothing has nothing to divide: in a room where nobody publishes that is everybody.
            if peer.slots.iter().any(|slot| slot.occupant.is_some()) {
                self.allocate(context, key);
            }
            self.repeat_keyframe_requests(context, key);
        }
        if speakers_changed {
            self.tell_speakers(context);
        }
        self.demand_changed = true;
        if any_connection {
            let pause = if is_used { TICK } else { TICK_UNUSED };
            context.timers.set(context.now, Timer::Room(self.key), context.now + pause);
        }
    }

    /// Does all work that is due, and all that follows from it.
    pub(crate) fn settle(&mut self, context: &mut Context<'_>) {
        while let Some(work) = self.work.pop_front() {
            match work {
                Work::Drive(key) => self.drive(context, key),
                Work::Forward(key, packet) => self.forward(context, key, &packet),
                Work::Keyframe(key, source, layer) => self.request_keyframe(context, key, source, layer),
                Work::Lose(key) => self.lose(context, key),
            }
        }
        if std::mem::take(&mut self.demand_changed) {
            self.tell_demand(context);
        }
    }

    fn drive(&mut self, context: &mut Context<'_>, key: PeerKey) {
        let Some(connection) = self.peers.get_mut(&key).and_then(|peer| peer.connection.as_mut()) else {
            return;
        };
        let mut signals = std::mem::take(&mut self.signals);
        let (outputs, stats) = (&mut *context.outputs, &mut *context.stats);
        let driven = connection.drive(context.now, &mut signals, |output| {
            if let Output::Transmit { contents, .. } = &output {
                stats.packets_out += 1;
                stats.bytes_out += contents.len() as u64;
            }
            outputs.push_back(output);
        });
        match driven {
            Ok(next) => context.timers.set(context.now, Timer::Peer(key), next),
            Err(_) => self.work.push_back(Work::Lose(key)),
        }
        for signal in signals.drain(..) {
            self.take_signal(context, key, signal);
        }
        self.signals = signals;
    }

    fn take_signal(&mut self, context: &mut Context<'_>, key: PeerKey, signal: Signal) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        match signal {
            Signal::Connected => {
                peer.is_connected = true;
                peer.connected_at = Some(context.now);
                context.stats.connections +=
                    u64::from(peer.connection.as_ref().is_some_and(Connection::counts));
                let generation = peer.generation;
                context.tell(Event::Connected { peer: key, generation });
                self.allocate(context, key);
            }
            Signal::Estimate(estimate) => {
                peer.estimate = estimate;
                self.allocate(context, key);
            }
            Signal::KeyframeWanted(place) => {
                let Some(slot) = peer.slots.get(place) else { return };
                let Some((publisher, source)) = slot.occupant else { return };
                if let Some(layer) = slot.current.or(slot.target) {
                    self.work.push_back(Work::Keyframe(publisher, source, layer));
                }
            }
            Signal::ResendWanted(place, seq) => self.resend(context, key, place, seq),
            Signal::WeakProfile => context.stats.weak_profiles += 1,
            Signal::Packet(packet) => self.work.push_back(Work::Forward(key, packet)),
            Signal::UnknownStream => context.stats.drop_packet(DropReason::UnknownStream),
            Signal::Health(loss, rtt) => {
                if let Some(quality) = peer.quality.second(loss, rtt) {
                    context.tell(Event::QualityChanged { peer: key, quality });
                }
            }
        }
    }

    fn lose(&mut self, context: &mut Context<'_>, key: PeerKey) {
        let Some(peer) = self.peers.get(&key).filter(|peer| peer.connection.is_some()) else { return };
        let generation = peer.generation;
        self.drop_connection(context, key);
        context.tell(Event::Lost { peer: key, generation });
    }

    /// Takes a peer's connection away; its place, its audience and its wants stay.
    fn drop_connection(&mut self, context: &mut Context<'_>, key: PeerKey) {
        let Some(connection) = self.peers.get_mut(&key).and_then(|peer| peer.connection.take()) else {
            return;
        };
        context.ufrags.remove(&connection.ufrag);
        for source in connection.sources {
            if context.sources.get(&source) == Some(&key) {
                context.sources.remove(&source);
            }
        }
        context.timers.remove(Timer::Peer(key));
        self.clear_slots(key);
    }

    /// Takes away the place of a peer that left or switched its microphone off.
    fn silence(&mut self, context: &mut Context<'_>, key: PeerKey) {
        let was_heard = self.speakers.is_forwarded(key);
        if self.speakers.remove(key) {
            self.tell_speakers(context);
        }
        if was_heard {
            self.tell_voices(context);
        }
    }

    fn tell_speakers(&mut self, context: &mut Context<'_>) {
        let speaking = self.speakers.speaking().to_vec();
        context.tell(Event::SpeakersChanged { room: self.key, speaking });
    }
}
