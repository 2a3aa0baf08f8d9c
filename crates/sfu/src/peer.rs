//! A peer's place in a room: what it publishes, what it wants, and its connection, which comes and goes.

use std::{collections::VecDeque, time::Instant};

use sabha_protocol::{Bitrate, Layer, MediaGeneration, MediaKind, MediaState, Source};

use crate::{
    codec::Codec,
    connection::{Connection, Sending, initial_bitrate},
    io::{PeerKey, Want},
    publication::Publication,
    quality::QualityMeter,
    rewrite::{Numbers, Piece, Rewriter},
};

/// A publication, as a slot sees it.
pub(crate) type Occupant = (PeerKey, Source);

/// Pieces of a slot's stream that are remembered for those who miss a packet of it: longer than packets are kept.
const PIECES_MAX: usize = 8;

/// A piece of a slot's stream, and what it was made of.
#[derive(Clone, Copy, Debug)]
struct Past {
    piece: Piece,
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
    pub(crate) allocated: Option<Layer>,
    /// What is to be forwarded from its next key frame on: `allocated`, or its stand-in.
    pub(crate) target: Option<Layer>,
    /// What is being forwarded.
    pub(crate) current: Option<Layer>,
    /// The codec of what is being forwarded, or was before.
    codec: Option<Codec>,
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

    /// Forwards `layer` from a key frame in `codec` on, if that is what is to be forwarded and its receiver can
    /// decode it. Returns whether it is.
    pub(crate) fn begin(&mut self, now: Instant, layer: Layer, codec: Codec, numbers: Numbers) -> bool {
        if self.target != Some(layer) || !self.sending.accepts(codec) {
            return false;
        }
        if self.codec.replace(codec) != Some(codec) {
            self.rewriter.change_codec();
        }
        self.current = Some(layer);
        self.rewriter.begin(now, numbers);
        if let (Some(piece), Some(occupant)) = (self.rewriter.piece(), self.occupant) {
            if self.past.len() == PIECES_MAX {
                self.past.pop_front();
            }
            self.past.push_back(Past { piece, occupant, layer });
        }
        true
    }

    /// Returns of what a picture's packet was that was sent as `seq`: whose, of which layer, under which number it
    /// had arrived, and how it was renumbered.
    pub(crate) fn sent_as(&self, seq: u64) -> Option<(Occupant, Layer, u64, Piece)> {
        let past = self.past.iter().rev().find(|past| past.piece.first() <= seq)?;
        Some((past.occupant, past.layer, past.piece.arrived(seq), past.piece))
    }

    /// Says what is to be forwarded. Returns whether a key frame is needed for it.
    pub(crate) fn aim(&mut self, target: Option<Layer>) -> bool {
        self.target = target;
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
    pub(crate) is_connected: bool,
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
            is_connected: false,
            quality: QualityMeter::new(),
            estimate: initial_bitrate(),
            desired: Bitrate::ZERO,
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
