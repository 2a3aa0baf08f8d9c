//! What a peer publishes from one source: its layers, who receives it, and which layers are worth sending.

use std::time::{Duration, Instant};

use sabha_protocol::{Bitrate, Layer, Source, VideoCodec};

use crate::{
    alloc::{Pictures, Rates, Share},
    codec::Codec,
    connection::Packet,
    io::PeerKey,
    keyframe::KeyframeGate,
    rate::RateMeter,
    remote::Elsewhere,
    speech::{SpeechMeter, Voice},
    temporal::TemporalMeter,
};

/// A layer without packets for this long is not live. Slow cameras send five pictures a second.
const LIVE_FOR: Duration = Duration::from_secs(1);
/// Time that a publisher gets to start the layer that suits best before a better one stands in for it.
const LAYER_START: Duration = Duration::from_millis(1500);
/// A layer must be unwatched for this long before its publisher is told to stop it.
const SHRINK_AFTER: Duration = Duration::from_millis(1500);
/// Numbers between two packets of one stream. What lies further apart is another stream, or has lost more than can be
/// sent again. A receiver of SRTP that misses 2^15 numbers together opens nothing ever after (RFC 3711 section 3.3.1), so
/// that no gap as large as its sender likes may be handed on.
pub(crate) const JUMP_MAX: u64 = 1024;

/// A set of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct LayerSet(u8);

impl LayerSet {
    pub(crate) fn insert(&mut self, layer: Layer) {
        self.0 |= 1 << layer as u8;
    }

    pub(crate) fn remove(&mut self, layer: Layer) {
        self.0 &= !(1 << layer as u8);
    }

    pub(crate) fn has(self, layer: Layer) -> bool {
        self.0 & 1 << layer as u8 != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the layers, lowest first.
    pub(crate) fn iter(self) -> impl DoubleEndedIterator<Item = Layer> {
        Layer::ALL.into_iter().filter(move |layer| self.has(*layer))
    }
}

/// A down-slot that carries a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) peer: PeerKey,
    pub(crate) slot: usize,
}

/// One incoming layer.
#[derive(Debug, Default)]
pub(crate) struct LayerIn {
    pub(crate) rate: RateMeter,
    pub(crate) keyframe: KeyframeGate,
    temporal: TemporalMeter,
    last_packet: Option<Instant>,
    newest_seq: Option<u64>,
    codec: Option<Codec>,
}

/// What a packet is to its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// None that was sent later has come before it.
    pub(crate) is_newest: bool,
    /// The layer has just come to life.
    pub(crate) woke: bool,
    /// The layer goes on in another codec from here.
    pub(crate) changed_codec: bool,
    /// Its number has nothing to do with those before.
    pub(crate) has_jumped: bool,
}

impl LayerIn {
    /// Notes an extended sequence number. Returns whether it is the newest, and whether the stream begins anew with it.
    fn number(&mut self, seq: u64) -> (bool, bool) {
        let has_jumped = self.newest_seq.is_some_and(|newest| newest.abs_diff(seq) > JUMP_MAX);
        let is_newest = has_jumped || self.newest_seq.is_none_or(|newest| seq > newest);
        if is_newest {
            self.newest_seq = Some(seq);
        }
        (is_newest, has_jumped)
    }
}

/// A publication.
#[derive(Debug)]
pub(crate) struct Publication {
    /// Layers that the current connection can send.
    pub(crate) offered: LayerSet,
    pub(crate) layers: [LayerIn; 3],
    pub(crate) audience: Vec<Seat>,
    /// Those on other shards, each at most once.
    pub(crate) elsewhere: Vec<Elsewhere>,
    pub(crate) demand: LayerDemand,
    /// The best codec for all who watch, as the publisher was told last. It keeps to that while it is off.
    told_codec: VideoCodec,
    pub(crate) speech: SpeechMeter,
    /// Packets were left out since the last one forwarded.
    pub(crate) has_gap: bool,
    /// Packets of sound that were left out because nobody would have heard anything.
    silent_packets: u64,
    started: Option<Instant>,
}

impl Publication {
    pub(crate) fn new() -> Self {
        Self {
            offered: LayerSet::default(),
            layers: Default::default(),
            audience: Vec::new(),
            elsewhere: Vec::new(),
            demand: LayerDemand::default(),
            told_codec: VideoCodec::Vp9,
            speech: SpeechMeter::new(),
            has_gap: false,
            silent_packets: 0,
            started: None,
        }
    }

    /// Begins with a new connection, on which nothing was offered, sent or told yet; the audience stays.
    pub(crate) fn reconnect(&mut self) {
        self.restart();
        self.offered = LayerSet::default();
        self.told_codec = VideoCodec::Vp9;
    }

    /// Forgets the streams of the time before it was switched off; the audience stays.
    pub(crate) fn restart(&mut self) {
        self.layers = Default::default();
        self.demand = LayerDemand::default();
        self.speech = SpeechMeter::new();
        self.has_gap = false;
        self.started = None;
    }

    /// Takes note that it is on elsewhere, where its layers may have begun long before one of them is wanted here.
    pub(crate) fn begins(&mut self, now: Instant) {
        self.started.get_or_insert(now);
    }

    /// Notes a packet of a picture.
    pub(crate) fn arrived(&mut self, now: Instant, packet: &Packet) -> Arrival {
        self.started.get_or_insert(now);
        let woke = !self.is_live(now, packet.layer);
        let layer = &mut self.layers[packet.layer as usize];
        let (numbers, bytes) = (packet.numbers, packet.payload.len());
        layer.rate.count(now, bytes);
        layer.last_packet = Some(now);
        let (is_newest, has_jumped) = layer.number(numbers.seq);
        let mut changed_codec = false;
        if is_newest {
            layer.temporal.count(now, numbers.timestamp, packet.temporal, bytes);
            changed_codec = layer.codec.replace(packet.codec).is_some_and(|before| before != packet.codec);
        }
        Arrival { is_newest, woke, changed_codec, has_jumped }
    }

    /// Notes a packet of a picture that came a moment ago elsewhere. How fast they come shows by those that follow.
    pub(crate) fn came_before(&mut self, now: Instant, packet: &Packet) {
        self.started.get_or_insert(now);
        let layer = &mut self.layers[packet.layer as usize];
        layer.last_packet = Some(now);
        if layer.number(packet.numbers.seq).0 {
            layer.codec = Some(packet.codec);
        }
    }

    /// Notes a packet of sound. One that begins a stream anew leaves a gap.
    pub(crate) fn heard(&mut self, layer: Layer, seq: u64) {
        let (_, has_jumped) = self.layers[layer as usize].number(seq);
        self.has_gap |= has_jumped;
    }

    /// Listens to a packet of sound with `bytes` of payload. Returns what is heard in it, or `None` if it is left out.
    pub(crate) fn listen(&mut self, now: Instant, bytes: usize) -> Option<Voice> {
        let voiced = self.speech.packet(now, bytes);
        if !self.speech.is_audible(now) {
            self.has_gap = true;
            self.silent_packets += 1;
            return None;
        }
        Some(Voice {
            voiced,
            strength: self.speech.strength(),
            is_speaking: self.speech.has_spoken(),
            silent_packets: self.silent_packets,
        })
    }

    /// Takes what was heard in a packet of sound where it arrived.
    pub(crate) fn hear(&mut self, now: Instant, voice: Voice) {
        self.speech.hear(now, voice);
        self.has_gap |= self.silent_packets != voice.silent_packets;
        self.silent_packets = voice.silent_packets;
    }

    /// Returns the codec in which a layer comes, or came last; `None` before its first packet.
    pub(crate) fn codec(&self, layer: Layer) -> Option<Codec> {
        self.layers[layer as usize].codec
    }

    /// Returns whether packets of the layer come in.
    pub(crate) fn is_live(&self, now: Instant, layer: Layer) -> bool {
        let last = self.layers[layer as usize].last_packet;
        last.is_some_and(|at| now.saturating_duration_since(at) <= LIVE_FOR)
    }

    /// Takes the best codec that all who watch can decode. Returns what the publisher is to be told, if anything:
    /// who never sent VP9 needs not be told to do without.
    pub(crate) fn decodable(&mut self, best: VideoCodec) -> Option<VideoCodec> {
        let matters = best == VideoCodec::Vp9
            || Layer::ALL.into_iter().any(|layer| self.codec(layer) == Some(Codec::Vp9));
        (matters && best != self.told_codec).then(|| {
            self.told_codec = best;
            best
        })
    }

    /// Returns the layer that stands in for `allocated` while its publisher does not send it: a lower one, or
    /// after a while a better one, since browsers leave out layers that their camera is too small for.
    pub(crate) fn nearest_live(&self, now: Instant, allocated: Layer) -> Layer {
        let live = |layer: &Layer| self.is_live(now, *layer);
        if live(&allocated) {
            return allocated;
        }
        let mut layers = self.offered.iter();
        if let Some(lower) = layers.by_ref().take_while(|layer| *layer < allocated).filter(live).last() {
            return lower;
        }
        let waited = self.started.is_some_and(|at| now.saturating_duration_since(at) > LAYER_START);
        let higher = self.offered.iter().filter(|layer| *layer > allocated).find(live);
        higher.filter(|_| waited).unwrap_or(allocated)
    }

    /// Returns the highest temporal layer of `layer` that belongs to a share.
    pub(crate) fn temporal_limit(&self, layer: Layer, share: Share) -> u8 {
        match share.pictures {
            Pictures::All => u8::MAX,
            Pictures::Fewer => {
                self.layers[layer as usize].temporal.reduced().map_or(u8::MAX, |reduced| reduced.limit)
            }
        }
    }

    /// Returns what each layer costs: as measured, else what such a layer costs usually.
    pub(crate) fn rates(&self, source: Source) -> [Option<Rates>; 3] {
        let single = self.offered.iter().count() == 1;
        Layer::ALL.map(|layer| {
            self.offered.has(layer).then(|| {
                let usual = match (source, layer) {
                    (Source::Screen, _) => Bitrate::kbps(300),
                    (_, _) if single => Bitrate::kbps(500),
                    (_, Layer::Low) => Bitrate::kbps(150),
                    (_, Layer::Medium) => Bitrate::kbps(500),
                    (_, Layer::High) => Bitrate::kbps(1_500),
                };
                let LayerIn { rate, temporal, .. } = &self.layers[layer as usize];
                let all = rate.rate().unwrap_or(usual);
                let reduced = temporal.reduced();
                let part = |percent: u8| Bitrate::bps(all.as_bps().saturating_mul(percent.into()) / 100);
                Rates {
                    all,
                    fewer: reduced.map(|reduced| part(reduced.percent)),
                    fewer_suffice: reduced.is_some_and(|reduced| reduced.is_enough),
                }
            })
        })
    }
}

/// Which layers the publisher was told to send. Grows at once and shrinks slowly, so that a tile that is
/// scrolled out and back in does not stop an encoder.
#[derive(Debug, Default)]
pub(crate) struct LayerDemand {
    told: Option<LayerSet>,
    smaller_since: Option<Instant>,
}

impl LayerDemand {
    /// Takes what is watched now. Returns what the publisher is to be told, if anything.
    pub(crate) fn update(&mut self, now: Instant, watched: LayerSet) -> Option<LayerSet> {
        if self.told == Some(watched) {
            self.smaller_since = None;
            return None;
        }
        let told = self.told.unwrap_or_default();
        let union = LayerSet(told.0 | watched.0);
        let grown = union != told;
        let since = *self.smaller_since.get_or_insert(now);
        let shrink = now.saturating_duration_since(since) >= SHRINK_AFTER;
        let tell = match (grown, shrink) {
            (_, true) => watched,
            (true, false) => union,
            (false, false) => return None,
        };
        self.told = Some(tell);
        self.smaller_since = (tell != watched).then_some(now);
        Some(tell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(layers: &[Layer]) -> LayerSet {
        let mut set = LayerSet::default();
        layers.iter().for_each(|layer| set.insert(*layer));
        set
    }

    #[test]
    fn demand_grows_at_once_and_shrinks_slowly() {
        let start = Instant::now();
        let mut demand = LayerDemand::default();
        assert_eq!(demand.update(start, set(&[Layer::Low])), Some(set(&[Layer::Low])));
        let both = set(&[Layer::Low, Layer::High]);
        assert_eq!(demand.update(start, set(&[Layer::High])), Some(both));
        assert_eq!(demand.update(start + SHRINK_AFTER / 2, set(&[Layer::High])), None);
        assert_eq!(demand.update(start + SHRINK_AFTER, set(&[Layer::High])), Some(set(&[Layer::High])));
    }

    #[test]
    fn layer_watched_again_in_time_is_not_stopped() {
        let start = Instant::now();
        let mut demand = LayerDemand::default();
        let low = set(&[Layer::Low]);
        demand.update(start, low);
        assert_eq!(demand.update(start + SHRINK_AFTER / 2, set(&[])), None);
        assert_eq!(demand.update(start + SHRINK_AFTER, low), None);
        assert_eq!(demand.update(start + SHRINK_AFTER * 2, set(&[])), None);
        assert_eq!(demand.update(start + SHRINK_AFTER * 3, set(&[])), Some(set(&[])));
    }

    #[test]
    fn publisher_that_nobody_watches_is_told_to_send_nothing() {
        let start = Instant::now();
        let mut demand = LayerDemand::default();
        assert_eq!(demand.update(start, set(&[])), None);
        assert_eq!(demand.update(start + SHRINK_AFTER, set(&[])), Some(set(&[])));
    }

    fn packet(layer: Layer, codec: Codec, seq: u64) -> Packet {
        Packet::of_picture(layer, codec, seq, &[0; 100])
    }

    #[test]
    fn lower_layer_stands_in_at_once_and_a_better_one_later() {
        let start = Instant::now();
        let mut publication = Publication::new();
        publication.offered = set(&Layer::ALL);
        publication.arrived(start, &packet(Layer::Low, Codec::Vp8, 1));
        assert_eq!(publication.nearest_live(start, Layer::High), Layer::Low);

        let mut publication = Publication::new();
        publication.offered = set(&Layer::ALL);
        publication.arrived(start, &packet(Layer::High, Codec::Vp8, 1));
        assert_eq!(publication.nearest_live(start, Layer::Low), Layer::Low);
        let later = start + LAYER_START + Duration::from_millis(1);
        publication.arrived(later, &packet(Layer::High, Codec::Vp8, 2));
        assert_eq!(publication.nearest_live(later, Layer::Low), Layer::High);
    }

    #[test]
    fn publisher_of_vp9_is_told_once_to_do_without_and_once_that_it_may_again() {
        let now = Instant::now();
        let mut publication = Publication::new();
        publication.arrived(now, &packet(Layer::High, Codec::Vp8, 1));
        assert_eq!(publication.decodable(VideoCodec::Vp8), None, "it sends VP8 already");
        publication.arrived(now, &packet(Layer::High, Codec::Vp9, 2));
        assert_eq!(publication.decodable(VideoCodec::Vp9), None);

        assert_eq!(publication.decodable(VideoCodec::Vp8), Some(VideoCodec::Vp8));
        publication.arrived(now, &packet(Layer::High, Codec::Vp8, 3));
        assert_eq!(publication.decodable(VideoCodec::Vp8), None);
        publication.restart();
        assert_eq!(publication.decodable(VideoCodec::Vp9), Some(VideoCodec::Vp9));
        assert_eq!(publication.decodable(VideoCodec::Vp9), None);
    }

    #[test]
    fn codec_is_that_of_the_newest_packet() {
        let now = Instant::now();
        let mut publication = Publication::new();
        let mut arrived = |codec, seq| {
            let arrival = publication.arrived(now, &packet(Layer::High, codec, seq));
            (arrival.changed_codec, publication.codec(Layer::High))
        };

        assert_eq!(arrived(Codec::Vp9, 1), (false, Some(Codec::Vp9)));
        assert_eq!(arrived(Codec::Vp8, 3), (true, Some(Codec::Vp8)));
        assert_eq!(arrived(Codec::Vp9, 2), (false, Some(Codec::Vp8)), "late packet of before");
        assert_eq!(arrived(Codec::Vp8, 4), (false, Some(Codec::Vp8)));
    }
}
