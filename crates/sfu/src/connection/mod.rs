//! One peer connection: what the rooms see of it, whichever packet path it takes.
//!
//! [`own`] is Sabha's path, made for the fan-out; [`library`] is str0m's, with which it is compared. A shard takes one
//! of them for all its connections.

mod kept;
mod library;
mod own;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    ops::{Deref, RangeInclusive},
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_protocol::{Bitrate, DownSlot, Layer, MediaGeneration, MediaKind, Mid, Sdp, Source, UpSlot};

pub(crate) use self::{
    kept::Kept,
    library::{Endpoint as LibraryEndpoint, Library},
    own::{Identity, Own},
};
use crate::{
    codec::Codec,
    descriptor::Descriptor,
    io::{self, Transport},
    offer::Refusal,
    outbox::Outbox,
    rewrite::Numbers,
    shard::ShardConfig,
    temporal::Temporal,
    timeline::Timeline,
};

/// Bandwidth assumed until the estimator knows better: carries audio and a few small tiles.
const BITRATE_INITIAL: Bitrate = Bitrate::kbps(1_000);
/// Addresses a connection may have proven at once: some interfaces of a laptop, over UDP and TCP. The oldest goes.
const SOURCES_MAX: usize = 8;
/// Times the streams of a connection may change their SSRC. A browser does it never or once per restart; each
/// costs memory until the connection ends.
const SSRC_CHANGES_MAX: u32 = 64;
const STATS_INTERVAL: Duration = Duration::from_secs(1);

/// Silence after which a connection to which video flows is lost: its feedback comes several times a second.
const SILENCE_WITH_VIDEO: Duration = Duration::from_secs(5);
/// Silence after which any connection is lost. Consent checks (RFC 7675) come every 5 s, and one may be lost.
const SILENCE_MAX: Duration = Duration::from_secs(14);

/// What all connections of a shard share.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) config: ShardConfig,
    pub(crate) path: PathEndpoint,
}

/// What they share of the path that they take.
#[derive(Debug)]
pub(crate) enum PathEndpoint {
    Own(Box<Identity>),
    Library(LibraryEndpoint),
}

/// A negotiated down-slot.
#[derive(Clone, Debug)]
pub(crate) struct Sending {
    pub(crate) mid: Mid,
    pub(crate) kind: MediaKind,
    /// Its place among the connection's down-slots.
    index: usize,
    ssrc: u32,
    /// Payload type of each codec that the client offered to receive here, in the order of [`Codec::ALL`].
    pts: [Option<u8>; Codec::ALL.len()],
}

impl Sending {
    /// Returns whether the client offered to receive `codec` here.
    pub(crate) fn accepts(&self, codec: Codec) -> bool {
        self.pts[codec as usize].is_some()
    }

    /// Returns a number that differs from slot to slot and from connection to connection.
    pub(crate) fn seed(&self) -> u32 {
        self.ssrc
    }
}

/// Room for one payload. Clients send up to about 1,200 bytes; a larger one gets memory of its own.
const PAYLOAD_BYTES: usize = 1536;

/// The payload of a packet, shared by all of a shard who receive it.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    bytes: Arc<[u8]>,
    /// How much of it is used.
    length: usize,
}

impl Payload {
    /// Returns a copy of `bytes`, in the memory of `old` if it is large enough and nobody else has it.
    pub(crate) fn copied(bytes: &[u8], old: Option<Self>) -> Self {
        let mut room = old
            .map(|old| old.bytes)
            .filter(|room| room.len() >= bytes.len() && Arc::strong_count(room) == 1)
            .unwrap_or_else(|| Arc::from(vec![0; bytes.len().max(PAYLOAD_BYTES)]));
        if let Some(room) = Arc::get_mut(&mut room).and_then(|room| room.get_mut(..bytes.len())) {
            room.copy_from_slice(bytes);
        }
        Self { bytes: room, length: bytes.len() }
    }

    /// Returns it without a copy where all of it is used.
    fn to_shared(&self) -> Arc<[u8]> {
        if self.length == self.bytes.len() { Arc::clone(&self.bytes) } else { Arc::from(&**self) }
    }
}

impl From<Arc<[u8]>> for Payload {
    fn from(bytes: Arc<[u8]>) -> Self {
        Self { length: bytes.len(), bytes }
    }
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// An RTP packet of a negotiated up-slot.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) source: Source,
    pub(crate) layer: Layer,
    pub(crate) codec: Codec,
    pub(crate) numbers: Numbers,
    pub(crate) temporal: Temporal,
    /// Where its stream's timestamps stand on our clock, once its sender said so.
    timeline: Option<Timeline>,
    pub(crate) marker: bool,
    pub(crate) starts_keyframe: bool,
    pub(crate) payload: Payload,
    descriptor: Option<Descriptor>,
}

impl Packet {
    /// Returns the same packet with its payload elsewhere.
    pub(crate) fn with_payload(&self, payload: Payload) -> Self {
        let Self {
            source,
            layer,
            codec,
            numbers,
            temporal,
            timeline,
            marker,
            starts_keyframe,
            descriptor,
            ..
        } = *self;
        Self {
            source,
            layer,
            codec,
            numbers,
            temporal,
            timeline,
            marker,
            starts_keyframe,
            payload,
            descriptor,
        }
    }
}

#[cfg(test)]
impl Packet {
    /// Returns a packet of a camera's picture.
    pub(crate) fn of_picture(layer: Layer, codec: Codec, seq: u64, payload: &[u8]) -> Self {
        Self {
            source: Source::Camera,
            layer,
            codec,
            numbers: Numbers { seq, timestamp: 0, picture: None, tl0: None },
            temporal: Temporal::default(),
            timeline: None,
            marker: false,
            starts_keyframe: false,
            payload: Arc::<[u8]>::from(payload).into(),
            descriptor: None,
        }
    }
}

/// What a connection has to say.
#[derive(Debug)]
pub(crate) enum Signal {
    Connected,
    Estimate(Bitrate),
    /// The receiver of the down-slot with this place wants a key frame.
    KeyframeWanted(usize),
    Packet(Packet),
    /// The receiver of the down-slot with this place misses the packet that was sent under this number.
    ResendWanted(usize, u64),
    /// A packet of a stream that belongs to no up-slot.
    UnknownStream,
    /// A second's share of lost packets and round trip.
    Health(Option<f32>, Option<Duration>),
    /// The handshake ended without a profile of AES-GCM; the connection is gone.
    WeakProfile,
}

/// The connection is gone or misbehaved.
#[derive(Debug)]
pub(crate) struct Gone;

/// A peer's connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) generation: MediaGeneration,
    pub(crate) ufrag: String,
    pub(crate) sources: VecDeque<(Transport, SocketAddr)>,
    /// Up-slots with their layers.
    pub(crate) up: Vec<(UpSlot, Vec<Layer>)>,
    path: Path,
    heard_at: Instant,
    video_sent_since: Option<Instant>,
}

#[derive(Debug)]
enum Path {
    Own(Box<Own>),
    Library(Box<Library>),
}

/// What an offer is answered with.
struct Answered<P> {
    path: P,
    ufrag: String,
    up: Vec<(UpSlot, Vec<Layer>)>,
    answer: Sdp,
    sending: Vec<Sending>,
}

impl Connection {
    /// Answers an offer.
    pub(crate) fn answer(
        endpoint: &Endpoint,
        now: Instant,
        generation: MediaGeneration,
        offer: &Sdp,
        up: Vec<UpSlot>,
        down: &[DownSlot],
    ) -> Result<(Self, Sdp, Vec<Sending>), Refusal> {
        crate::offer::check_text(offer.as_str(), &up, down, endpoint.config.voices)?;
        let Answered { path, ufrag, up, answer, sending } = match &endpoint.path {
            PathEndpoint::Own(identity) => {
                Own::answer(&endpoint.config, identity, now, offer, up, down)?.boxed(Path::Own)
            }
            PathEndpoint::Library(shared) => {
                Library::answer(&endpoint.config, shared, now, offer, up, down)?.boxed(Path::Library)
            }
        };
        let connection = Self {
            generation,
            ufrag,
            sources: VecDeque::new(),
            up,
            path,
            heard_at: now,
            video_sent_since: None,
        };
        Ok((connection, answer, sending))
    }

    /// Takes a packet. Returns whether it was one of this connection's: a STUN request must pass its
    /// integrity check, everything else comes from an address that did.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        transport: Transport,
        source: SocketAddr,
        destination: SocketAddr,
        contents: &[u8],
    ) -> Result<bool, Gone> {
        let is_stun = matches!(contents.first(), Some(0..=3));
        let is_proven = !is_stun && self.sources.contains(&(transport, source));
        let taken = match &mut self.path {
            Path::Own(own) => own.receive(now, (transport, source), destination, contents, is_proven)?,
            Path::Library(library) => {
                library.receive(now, (transport, source), destination, contents, is_proven)?
            }
        };
        if taken {
            self.heard_at = now;
            self.video_sent_since = None;
        }
        Ok(taken)
    }

    /// Remembers that an address was proven. Returns the one that has to be forgotten for it.
    pub(crate) fn learn(
        &mut self,
        transport: Transport,
        source: SocketAddr,
    ) -> Option<(Transport, SocketAddr)> {
        self.sources.push_back((transport, source));
        if self.sources.len() > SOURCES_MAX { self.sources.pop_front() } else { None }
    }

    /// Lets time pass.
    pub(crate) fn tick(&mut self, now: Instant, outbox: &mut Outbox) -> Result<(), Gone> {
        match &mut self.path {
            Path::Own(own) => own.tick(now, outbox),
            Path::Library(library) => library.tick(now),
        }
    }

    /// Sends a packet on a down-slot, or queues it. One in a codec that was not negotiated for it goes nowhere.
    /// Returns whether the connection must be driven for it.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        slot: &Sending,
        numbers: Numbers,
        packet: &Packet,
        outbox: &mut Outbox,
    ) -> bool {
        if slot.kind == MediaKind::Video {
            self.video_sent_since.get_or_insert(now);
        }
        match &mut self.path {
            Path::Own(own) => own.send(now, slot, numbers, packet, outbox),
            Path::Library(library) => {
                library.send(now, slot, numbers, packet);
                true
            }
        }
    }

    /// Sends a packet again that a receiver misses, under the numbers that it was sent with.
    pub(crate) fn resend(
        &mut self,
        now: Instant,
        slot: &Sending,
        numbers: Numbers,
        packet: &Packet,
        outbox: &mut Outbox,
    ) {
        match &mut self.path {
            Path::Own(own) => own.resend(now, slot, numbers, packet, outbox),
            // It keeps what it sent by itself.
            Path::Library(_) => {}
        }
    }

    /// Returns a packet that came on an up-slot, as long as it is kept for those who miss it.
    pub(crate) fn kept(&self, source: Source, layer: Layer, seq: u64) -> Option<&Packet> {
        match &self.path {
            Path::Own(own) => own.kept(source, layer, seq),
            Path::Library(_) => None,
        }
    }

    /// Returns the numbers of what came on an up-slot from its last key frame on, and when that came, if all of it is kept
    /// and no more than `packets_max`.
    pub(crate) fn since_keyframe(
        &self,
        source: Source,
        layer: Layer,
        packets_max: u64,
    ) -> Option<(Instant, RangeInclusive<u64>)> {
        match &self.path {
            Path::Own(own) => own.since_keyframe(source, layer, packets_max),
            Path::Library(_) => None,
        }
    }

    /// Queues a key frame request to the client. Returns whether the layer's stream is known yet.
    pub(crate) fn request_keyframe(&mut self, source: Source, layer: Layer) -> bool {
        match &mut self.path {
            Path::Own(own) => own.request_keyframe(source, layer),
            Path::Library(library) => library.request_keyframe(source, layer),
        }
    }

    /// Tells the estimator how much bandwidth is worth looking for.
    pub(crate) fn want_bitrate(&mut self, desired: Bitrate) {
        match &mut self.path {
            Path::Own(own) => own.want_bitrate(desired),
            Path::Library(library) => library.want_bitrate(desired),
        }
    }

    /// Begins to close: the client sees DTLS end.
    pub(crate) fn close(&mut self) {
        match &mut self.path {
            Path::Own(own) => own.close(),
            Path::Library(library) => library.close(),
        }
    }

    /// Returns whether nothing came from the client for so long that it must be gone.
    pub(crate) fn is_silent(&self, now: Instant) -> bool {
        let since = |at: Instant| now.saturating_duration_since(at);
        since(self.heard_at) > SILENCE_MAX
            || self.video_sent_since.is_some_and(|at| since(at) > SILENCE_WITH_VIDEO)
    }

    /// Returns whether nobody else counts that it was set up.
    pub(crate) fn counts(&self) -> bool {
        matches!(self.path, Path::Own(_))
    }

    /// Drains everything that is to be sent or said. Returns when to call [`tick`](Self::tick) next.
    pub(crate) fn drive(
        &mut self,
        now: Instant,
        signals: &mut Vec<Signal>,
        transmit: impl FnMut(io::Output),
    ) -> Result<Instant, Gone> {
        match &mut self.path {
            Path::Own(own) => own.drive(now, signals, transmit),
            Path::Library(library) => library.drive(now, signals, transmit),
        }
    }
}

impl<P> Answered<P> {
    fn boxed(self, wrap: impl FnOnce(Box<P>) -> Path) -> Answered<Path> {
        let Self { path, ufrag, up, answer, sending } = self;
        Answered { path: wrap(Box::new(path)), ufrag, up, answer, sending }
    }
}

/// Returns the bandwidth that a new connection is assumed to have.
pub(crate) const fn initial_bitrate() -> Bitrate {
    BITRATE_INITIAL
}
