//! Counts what one participant sends, and notes when, while its gauge says so.

use std::sync::Arc;

use sabha_protocol::{Layer, Source, VideoCodec};
use serde::Serialize;

use super::gauge::Gauge;
use crate::{
    clock,
    source::{Codec, Outgoing},
};

/// Counts what one sender sends.
#[derive(Debug)]
pub(crate) struct SendMeter {
    gauge: Arc<Gauge>,
    streams: Vec<SentStream>,
}

/// What was sent of one encoded stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SentStream {
    /// Of what.
    pub source: Source,
    /// In which layer; nothing for what has only one.
    pub layer: Option<Layer>,
    /// How it was encoded last; nothing for sound.
    pub codec: Option<VideoCodec>,
    /// Packets.
    pub packets: u64,
    /// Their payload, in bytes.
    pub bytes: u64,
}

impl SendMeter {
    pub(crate) const fn new(gauge: Arc<Gauge>) -> Self {
        Self { gauge, streams: Vec::new() }
    }

    /// Takes a packet that is sent now.
    pub(crate) fn packet(&mut self, packet: Outgoing<'_>) {
        let now_ns = clock::unix_ns();
        self.gauge.times.sent(packet.payload, now_ns);
        if !self.gauge.covers(now_ns) {
            return;
        }
        let (source, layer) = (packet.source, packet.layer);
        let known = self.streams.iter().position(|stream| (stream.source, stream.layer) == (source, layer));
        let at = known.unwrap_or_else(|| {
            self.streams.push(SentStream { source, layer, codec: None, packets: 0, bytes: 0 });
            self.streams.len() - 1
        });
        let stream = &mut self.streams[at];
        stream.codec = match packet.codec {
            Codec::Opus => None,
            Codec::Vp8 => Some(VideoCodec::Vp8),
            Codec::Vp9 => Some(VideoCodec::Vp9),
        };
        stream.packets += 1;
        stream.bytes += packet.payload.len() as u64;
    }

    /// Returns what was sent of each stream.
    pub(crate) fn streams(&self) -> &[SentStream] {
        &self.streams
    }
}
