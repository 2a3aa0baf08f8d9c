//! A peer's place in a room: what it publishes, what it wants, and its connection, which comes and goes.

use std::{collections::VecDeque, ops::RangeInclusive, time::Instant};

use sabha_protocol::{Bitrate, Layer, MediaGeneration, MediaKind, MediaState, Source};

use crate::{
    alloc::Share,
    codec::Codec,
    connection::{Connection, Packet, Sending, initial_bitrate},
    io::{PeerKey, ShardIndex, Want},
    publication::Publication,
    quality::QualityMeter,
    relay::Standing,
    remote::Remote,
    rewrite::{Numbers, Piece, Rewriter},
    temporal::{TemporalGate, Verdict},
};

/// A publication, as a slot sees it.
pub(crate) type Occupant = (PeerKey, Source);

/// Pieces of a slot's stream that are remembered for those who miss a packet of it: two seconds, if every other of 30
/// pictures a second is left out.
const PIECES_MAX: usize = 32;

/// A piece of a slot's stream, and what it was made of.
#[derive(Clone, Copy, Debug)]
struct Past {
    piece: Piece,
    /// It goes on with the stream of the one before it, of which something was left out.
    goes_on: bool,
    occupant: Occupant,
    layer: Layer,
}

/// A down-slot of the current connection.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) sending: Sending,
    pub(crate) occupant: Option<Occupant>,
    pub(crate) rewriter: Rewriter,
    /// What the bandwidth allows.
    pub(crate) allocated: Option<Share>,
    /// What is to be forwarded from its next key frame on: `allocated`, or its stand-in.
    pub(crate) target: Option<Layer>,
    /// What is being forwarded.
    pub(crate) current: Option<Layer>,
    /// The codec of what is being forwarded, or was before.
    codec: Option<Codec>,
    gate: TemporalGate,
    /// Oldest first.
    past: VecDeque<Past>,
}

impl Slot {
    pub(crate) fn new(sending: Sending) -> Self {
        let clock_rate = match sending.kind {
            MediaKind::Audio => 48_000,
            MediaKind::Video => 90_000,
        };
        let rewriter = Rewriter::new(clock_rate, sending.seed());
        Self {
            sending,
            occupant: None,
            rewriter,
            allocated: None,
            target: None,
            current: None,
            codec: None,
            gate: TemporalGate::default(),
            past: VecDeque::new(),
        }
    }

    /// Gives the slot to another publication, or to nobody.
    pub(crate) fn occupy(&mut self, occupant: Option<Occupant>) {
        self.occupant = occupant;
        self.allocated = None;
        self.interrupt();
        self.target = None;
    }

    /// Stops what is being forwarded until the next key frame or talk spurt.
    pub(crate) fn interrupt(&mut self) {
        self.current = None;
        self.rewriter.end();
    }

    /// Returns whether its receiver can decode `codec`, or may be able to as long as that is not known.
    pub(crate) fn decodes(&self, codec: Option<Codec>) -> bool {
        codec.is_none_or(|codec| self.sending.accepts(codec))
    }

    /// Returns whether packets of `layer` in `codec` go on with what is being forwarded.
    pub(crate) fn carries(&self, layer: Layer, codec: Codec) -> bool {
        self.current == Some(layer) && self.codec == Some(codec)
    }

    /// Forwards a packet's layer from it on, which starts a key frame, if that is what is to be forwarded and the receiver
    /// can decode it. Returns whether it is.
    pub(crate) fn begin(&mut self, now: Instant, packet: &Packet) -> bool {
        let (layer, codec, numbers) = (packet.layer, packet.codec, packet.numbers);
        if self.target != Some(layer) || !self.sending.accepts(codec) {
            return false;
        }
        if self.codec.replace(codec) != Some(codec) {
            self.rewriter.change_codec();
        }
        self.current = Some(layer);
        self.rewriter.begin(now, numbers);
        self.gate.begin(numbers.seq, numbers.timestamp);
        if let (Some(piece), Some(occupant)) = (self.rewriter.piece(), self.occupant) {
            self.remember(Past { piece, goes_on: false, occupant, layer });
        }
        true
    }

    /// Returns the numbers under which a picture's packet is sent that belongs to what is being forwarded, or `None` if it
    /// is left out.
    pub(crate) fn number(&mut self, now: Instant, packet: &Packet) -> Option<Numbers> {
        let numbers = packet.numbers;
        match self.gate.judge(numbers.seq, numbers.timestamp, packet.temporal) {
            Verdict::Pass => self.rewriter.rewrite(now, numbers),
            Verdict::LeaveOut { is_first } => {
                // Pictures of VP9 name those that they need by the distance of their ids, so that theirs must stay.
                self.leave_out(numbers.seq, is_first && packet.codec == Codec::Vp8);
                None
            }
            Verdict::Late => self.late(numbers),
        }
    }

    fn leave_out(&mut self, seq: u64, closes_picture: bool) {
        let is_bare = self.rewriter.piece().is_some_and(|piece| piece.is_bare(seq));
        let Some(piece) = self.rewriter.leave_out(seq, closes_picture) else { return };
        match self.past.back_mut() {
            Some(last) if is_bare && last.goes_on => last.piece = piece,
            Some(&mut Past { occupant, layer, .. }) => {
                self.remember(Past { piece, goes_on: true, occupant, layer });
            }
            None => {}
        }
    }

    /// Returns the numbers of a packet that comes after some that were sent later. The receiver has a gap where it belongs,
    /// also if its picture would have been left out: it would ask for it again and again.
    fn late(&self, numbers: Numbers) -> Option<Numbers> {
        for past in self.past.iter().rev() {
            let sent = past.piece.apply(numbers);
            if sent.is_some() || !past.goes_on {
                return sent;
            }
        }
        None
    }

    fn remember(&mut self, past: Past) {
        if self.past.len() == PIECES_MAX {
            self.past.pop_front();
        }
        self.past.push_back(past);
    }

    /// Returns of what a picture's packet was that was sent as `seq`: whose, of which layer, under which number it
    /// had arrived, and how it was renumbered.
    pub(crate) fn sent_as(&self, seq: u64) -> Option<(Occupant, Layer, u64, Piece)> {
        let past = self.past.iter().rev().find(|past| past.piece.first() <= seq)?;
        Some((past.occupant, past.layer, past.piece.arrived(seq), past.piece))
    }

    /// Returns whether the packet with number `seq` of `layer` may have been sent here.
    pub(crate) fn may_have_carried(&self, occupant: Occupant, layer: Layer, seq: u64) -> bool {
        let mut past = self.past.iter();
        past.any(|past| past.occupant == occupant && past.layer == layer && past.piece.starts_by(seq))
    }

    /// Says what is to be forwarded, up to which temporal layer. Returns whether a key frame is needed for it.
    pub(crate) fn aim(&mut self, target: Option<Layer>, temporal_limit: u8) -> bool {
        self.target = target;
        self.gate.set_limit(temporal_limit);
        if target.is_none() {
            self.interrupt();
        }
        target.is_some() && target != self.current
    }
}

/// A peer.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) generation: MediaGeneration,
    pub(crate) publishing: MediaState,
    /// One for each source, in the order of [`Source::ALL`].
    pub(crate) publications: [Publication; 4],
    pub(crate) wants: Vec<Want>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) connection: Option<Connection>,
    /// Of a peer that lives on another shard, what is known of that.
    pub(crate) remote: Option<Box<Remote>>,
    pub(crate) is_connected: bool,
    /// When media began to flow over the connection.
    pub(crate) connected_at: Option<Instant>,
    pub(crate) quality: QualityMeter,
    pub(crate) estimate: Bitrate,
    /// The bandwidth that the estimator was told to look for.
    pub(crate) desired: Bitrate,
}

impl Peer {
    pub(crate) fn new() -> Self {
        Self {
            generation: MediaGeneration::default(),
            publishing: MediaState::default(),
            publications: std::array::from_fn(|_| Publication::new()),
            wants: Vec::new(),
            slots: Vec::new(),
            connection: None,
            remote: None,
            is_connected: false,
            connected_at: None,
            quality: QualityMeter::new(),
            estimate: initial_bitrate(),
            desired: Bitrate::ZERO,
        }
    }

    /// Returns a peer that lives on another shard.
    pub(crate) fn elsewhere(shard: ShardIndex) -> Self {
        Self { remote: Some(Box::new(Remote::new(shard))), ..Self::new() }
    }

    /// Returns what others have to know of it.
    pub(crate) fn standing(&self) -> Standing {
        Standing {
            generation: self.generation,
            publishing: self.publishing,
            offered: self.publications.each_ref().map(|publication| publication.offered),
        }
    }

    /// Returns a packet that it sent, as long as it is kept for those who miss it.
    pub(crate) fn kept(&self, source: Source, layer: Layer, seq: u64) -> Option<&Packet> {
        match &self.remote {
            Some(remote) => remote.kept(source, layer, seq),
            None => self.connection.as_ref()?.kept(source, layer, seq),
        }
    }

    /// Returns the numbers of what it sent from its last key frame on, and when that came, if all of it is kept and no
    /// more than `packets_max`.
    pub(crate) fn since_keyframe(
        &self,
        source: Source,
        layer: Layer,
        packets_max: u64,
    ) -> Option<(Instant, RangeInclusive<u64>)> {
        match &self.remote {
            Some(remote) => remote.since_keyframe(source, layer, packets_max),
            None => self.connection.as_ref()?.since_keyframe(source, layer, packets_max),
        }
    }

    pub(crate) fn publication(&mut self, source: Source) -> &mut Publication {
        &mut self.publications[source as usize]
    }

    /// Returns whether others can receive `source` from it.
    pub(crate) fn publishes(&self, source: Source) -> bool {
        self.publishing.has(source) && !self.publications[source as usize].offered.is_empty()
    }

    /// Takes over a new connection; the place, its audience and its wants stay.
    pub(crate) fn attach(&mut self, connection: Connection, sending: Vec<Sending>) {
        for source in Source::ALL {
            self.publication(source).reconnect();
        }
        for (slot, layers) in &connection.up {
            let publication = &mut self.publications[slot.source as usize];
            layers.iter().for_each(|layer| publication.offered.insert(*layer));
        }
        self.generation = connection.generation;
        self.slots = sending.into_iter().map(Slot::new).collect();
        self.connection = Some(connection);
        self.is_connected = false;
        self.connected_at = None;
        self.quality = QualityMeter::new();
        self.estimate = initial_bitrate();
        self.desired = Bitrate::ZERO;
    }

    /// Returns the connection if media flows over it.
    pub(crate) fn live_connection(&mut self) -> Option<&mut Connection> {
        self.connection.as_mut().filter(|_| self.is_connected)
    }

    /// Returns whether its connection has died without a word.
    pub(crate) fn is_silent(&self, now: Instant) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.is_silent(now))
    }
}
