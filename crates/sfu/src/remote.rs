//! What a shard knows of a peer that lives on another.

use std::{ops::RangeInclusive, time::Instant};

use sabha_protocol::{Layer, Source, VideoCodec};

use crate::{
    connection::{Kept, Packet},
    io::ShardIndex,
    publication::{JUMP_MAX, LayerSet},
    relay::{Demand, PartNumber},
};

/// The life elsewhere of a peer, of which the rest is a [`Peer`](crate::peer::Peer) like any other, without a connection
/// or slots.
#[derive(Debug)]
pub(crate) struct Remote {
    /// Where it lives.
    pub(crate) shard: ShardIndex,
    /// What its shard was told is wanted, in the order of [`Source::ALL`].
    told: [Option<Demand>; 4],
    /// What came of it.
    kept: Vec<(Source, Layer, Kept)>,
}

impl Remote {
    pub(crate) fn new(shard: ShardIndex) -> Self {
        Self { shard, told: [None; 4], kept: Vec::new() }
    }

    /// Takes what is wanted of a source. Returns whether its shard has to be told. What is not wanted is not kept either.
    pub(crate) fn wants(&mut self, source: Source, demand: Demand) -> bool {
        if !demand.is_wanted {
            self.kept.retain(|(of, ..)| *of != source);
        }
        self.told[source as usize].replace(demand) != Some(demand)
    }

    /// Returns whether its shard was told anything of a source.
    pub(crate) fn has_told(&self, source: Source) -> bool {
        self.told[source as usize].is_some()
    }

    /// Returns whether its shard was told that a source is wanted.
    pub(crate) fn has_wanted(&self, source: Source) -> bool {
        self.told[source as usize].is_some_and(|demand| demand.is_wanted)
    }

    /// Forgets what came over a connection that is no more.
    pub(crate) fn forget_packets(&mut self) {
        self.kept.clear();
    }

    /// Keeps a packet that came from its shard. Returns it as it is kept.
    pub(crate) fn keep(&mut self, now: Instant, packet: &Packet) -> Packet {
        let (source, layer) = (packet.source, packet.layer);
        let is_of = |(of, its, _): &(Source, Layer, Kept)| (*of, *its) == (source, layer);
        let place = self.kept.iter().position(is_of).unwrap_or_else(|| {
            self.kept.push((source, layer, Kept::of(source.kind())));
            self.kept.len() - 1
        });
        let kept = &mut self.kept[place].2;
        let seq = packet.numbers.seq;
        if kept.newest().abs_diff(seq) > JUMP_MAX {
            kept.begin_anew();
        }
        let packet = packet.with_payload(kept.copy(seq, &packet.payload));
        kept.keep(now, packet.clone());
        packet
    }

    /// Returns a packet that is still kept.
    pub(crate) fn kept(&self, source: Source, layer: Layer, seq: u64) -> Option<&Packet> {
        self.stream(source, layer)?.get(seq)
    }

    /// Returns the numbers of what came from the last key frame on, as a connection does.
    pub(crate) fn since_keyframe(
        &self,
        source: Source,
        layer: Layer,
        packets_max: u64,
    ) -> Option<(Instant, RangeInclusive<u64>)> {
        self.stream(source, layer)?.since_keyframe(packets_max)
    }

    fn stream(&self, source: Source, layer: Layer) -> Option<&Kept> {
        self.kept.iter().find(|(of, its, _)| (*of, *its) == (source, layer)).map(|(.., kept)| kept)
    }
}

/// Those on another shard who receive a publication of this one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elsewhere {
    pub(crate) shard: ShardIndex,
    /// The number of the room's home, as they know it.
    pub(crate) home: PartNumber,
    pub(crate) layers: LayerSet,
    pub(crate) codec: VideoCodec,
    /// Layers of which a packet was lost on the way there. What follows is of no use until a key frame.
    pub(crate) broken: LayerSet,
}

impl Elsewhere {
    /// Returns whether a packet of a picture is to go there.
    pub(crate) fn takes(&mut self, layer: Layer, starts_keyframe: bool) -> bool {
        if starts_keyframe {
            self.broken.remove(layer);
        }
        !self.broken.has(layer)
    }
}
