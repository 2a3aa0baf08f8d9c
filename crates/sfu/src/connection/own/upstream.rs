//! What a client sends: its streams, which layer of which source each carries, and what it is owed for them.

use std::time::{Duration, Instant};

use sabha_protocol::{Layer, MediaKind, Source};

use crate::{
    codec::Codec,
    connection::{Gone, Packet, SSRC_CHANGES_MAX, kept::Kept},
    dependency_descriptor::{DescriptorReader, FrameDependencies},
    descriptor::Descriptor,
    inbound::{Extender, Gaps, Reception},
    rewrite::Numbers,
    rtp::Header,
    sdp::Section,
    timeline::Timeline,
};

/// A section on which the client sends.
#[derive(Debug)]
pub(super) struct UpSection {
    pub(super) source: Source,
    /// Lowest first.
    pub(super) layers: Vec<Layer>,
    pub(super) offered: Section,
}

/// One layer of a source.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) source: Source,
    pub(super) layer: Layer,
    pub(super) ssrc: u32,
    extender: Extender,
    /// Of a sender of Dependency Descriptors, what its last key frame said, and the newest packet read.
    dependencies: Option<Box<(DescriptorReader, u64)>>,
    pub(super) gaps: Option<Gaps>,
    pub(super) reception: Reception,
    /// By its sender's last report.
    pub(super) timeline: Option<Timeline>,
    pub(super) kept: Kept,
    /// A key frame is to be asked for.
    pub(super) wants_keyframe: bool,
}

/// What an SSRC was found to be.
#[derive(Clone, Copy, Debug)]
struct Bound {
    ssrc: u32,
    /// Place among the streams.
    stream: usize,
    /// It repairs that stream (RFC 4588).
    is_repair: bool,
}

/// All that a client sends.
#[derive(Debug)]
pub(super) struct Upstreams {
    sections: Vec<UpSection>,
    pub(super) streams: Vec<Upstream>,
    bound: Vec<Bound>,
    ssrc_changes: u32,
}

/// What a packet was.
pub(super) enum Taken {
    /// A packet to forward.
    Packet(Packet),
    /// One of a known stream with nothing to forward: padding, or what has come already.
    Nothing,
    /// One of no stream that was negotiated.
    Unknown,
}

impl Upstreams {
    pub(super) fn new(sections: Vec<UpSection>) -> Self {
        Self { sections, streams: Vec::new(), bound: Vec::new(), ssrc_changes: 0 }
    }

    /// Takes an authentic packet; `payload` is what follows its header, padding included.
    pub(super) fn take(&mut self, now: Instant, header: &Header<'_>, payload: &[u8]) -> Result<Taken, Gone> {
        let Some(Bound { stream, is_repair, .. }) = self.find(header)? else { return Ok(Taken::Unknown) };
        let Some(stream) = self.streams.get_mut(stream) else { return Ok(Taken::Unknown) };
        let Some(section) = self.sections.iter().find(|section| section.source == stream.source) else {
            return Ok(Taken::Unknown);
        };
        let Some(codec) = codec_of(&section.offered, header.payload_type, is_repair) else {
            return Ok(Taken::Unknown);
        };
        if !is_repair {
            stream.reception.received(now, header.seq, header.timestamp);
        }
        let Some(payload) = without_padding(header, payload) else { return Ok(Taken::Nothing) };
        let (seq, payload) = if is_repair {
            let Some((original, payload)) = payload.split_first_chunk() else { return Ok(Taken::Nothing) };
            (u16::from_be_bytes(*original), payload)
        } else {
            (header.seq, payload)
        };
        let seq = stream.extender.extend(seq);
        if let Some(gaps) = &mut stream.gaps {
            gaps.arrived(now, seq);
        }
        if payload.is_empty() || stream.kept.get(seq).is_some() {
            return Ok(Taken::Nothing);
        }
        let descriptor = Descriptor::parse(codec, payload);
        let mut starts_keyframe = descriptor.is_some_and(|descriptor| descriptor.starts_keyframe());
        let mut temporal = descriptor.and_then(|descriptor| descriptor.temporal());
        // It speaks where the payload's own descriptor is silent.
        if let Some(frame) = header.dependency.and_then(|dependency| stream.depends(seq, dependency)) {
            starts_keyframe |= descriptor.is_none() && frame.starts_keyframe();
            temporal = temporal.or(Some(frame.temporal()));
        }
        if let Some(gaps) = stream.gaps.as_mut().filter(|_| starts_keyframe) {
            gaps.keyframe(seq);
        }
        let packet = Packet {
            source: stream.source,
            layer: stream.layer,
            codec,
            numbers: Numbers {
                seq,
                timestamp: header.timestamp,
                picture: descriptor.and_then(|descriptor| descriptor.picture_id()),
                tl0: descriptor.and_then(|descriptor| descriptor.tl0_pic_idx()),
            },
            temporal: temporal.unwrap_or_default(),
            timeline: stream.timeline,
            marker: header.marker,
            starts_keyframe,
            payload: stream.kept.copy(seq, payload),
            descriptor,
        };
        stream.kept.keep(now, packet.clone());
        Ok(Taken::Packet(packet))
    }

    /// Returns the stream of a layer.
    pub(super) fn stream(&self, source: Source, layer: Layer) -> Option<&Upstream> {
        self.streams.iter().find(|stream| stream.source == source && stream.layer == layer)
    }

    /// Asks for a key frame of a layer. Returns whether its stream is known yet.
    pub(super) fn want_keyframe(&mut self, source: Source, layer: Layer) -> bool {
        let stream = self.streams.iter_mut().find(|stream| stream.source == source && stream.layer == layer);
        stream.map(|stream| stream.wants_keyframe = true).is_some()
    }

    /// Returns the stream with an SSRC of its own.
    pub(super) fn by_ssrc(&mut self, ssrc: u32) -> Option<&mut Upstream> {
        self.streams.iter_mut().find(|stream| stream.ssrc == ssrc)
    }

    /// Takes the round trip to the client.
    pub(super) fn set_rtt(&mut self, rtt: Duration) {
        self.streams.iter_mut().filter_map(|stream| stream.gaps.as_mut()).for_each(|gaps| gaps.set_rtt(rtt));
    }

    /// Finds what an SSRC carries: what it was found to be before, or what the offer or the packet says of it.
    fn find(&mut self, header: &Header<'_>) -> Result<Option<Bound>, Gone> {
        let known = self.bound.iter().find(|bound| bound.ssrc == header.ssrc);
        if let Some(bound) = known {
            return Ok(Some(*bound));
        }
        let Some((source, layer, is_repair)) = self.identify(header) else { return Ok(None) };
        let place = self.streams.iter().position(|stream| stream.source == source && stream.layer == layer);
        let stream = match (place, is_repair) {
            // What repairs a stream that nobody has seen is of no use.
            (None, true) => return Ok(None),
            (Some(place), true) => place,
            (Some(place), false) => {
                self.change_ssrc()?;
                self.bound.retain(|bound| bound.stream != place);
                self.streams[place] = Upstream::new(source, layer, header.ssrc);
                place
            }
            (None, false) => {
                self.streams.push(Upstream::new(source, layer, header.ssrc));
                self.streams.len() - 1
            }
        };
        if is_repair && self.bound.iter().any(|bound| bound.stream == stream && bound.is_repair) {
            self.change_ssrc()?;
            self.bound.retain(|bound| bound.stream != stream || !bound.is_repair);
        }
        let bound = Bound { ssrc: header.ssrc, stream, is_repair };
        self.bound.push(bound);
        Ok(Some(bound))
    }

    fn change_ssrc(&mut self) -> Result<(), Gone> {
        self.ssrc_changes += 1;
        if self.ssrc_changes > SSRC_CHANGES_MAX { Err(Gone) } else { Ok(()) }
    }

    /// Finds out from the offer, or else from the header extensions (RFC 8843 section 9.2, RFC 8852), which layer an
    /// SSRC carries or repairs.
    fn identify(&self, header: &Header<'_>) -> Option<(Source, Layer, bool)> {
        for section in &self.sections {
            for (ssrc, repair) in &section.offered.ssrcs {
                // Who announces several names layers by rid.
                if let [layer] = section.layers[..]
                    && (*ssrc == header.ssrc || *repair == Some(header.ssrc))
                {
                    return Some((section.source, layer, *ssrc != header.ssrc));
                }
            }
        }
        let mid = header.mid?;
        let section = self.sections.iter().find(|section| section.offered.mid.as_bytes() == mid)?;
        let layer_of = |rid: &[u8]| Layer::from_rid(std::str::from_utf8(rid).ok()?);
        let (layer, is_repair) = match (header.repaired, header.rid) {
            (Some(rid), _) => (layer_of(rid)?, true),
            (None, Some(rid)) => (layer_of(rid)?, false),
            (None, None) => {
                let [layer] = section.layers[..] else { return None };
                (layer, codec_of(&section.offered, header.payload_type, true).is_some())
            }
        };
        section.layers.contains(&layer).then_some((section.source, layer, is_repair))
    }
}

impl Upstream {
    fn new(source: Source, layer: Layer, ssrc: u32) -> Self {
        let is_picture = source.kind() == MediaKind::Video;
        Self {
            source,
            layer,
            ssrc,
            extender: Extender::default(),
            dependencies: None,
            gaps: is_picture.then(Gaps::new),
            reception: Reception::new(ssrc, super::clock_rate(source.kind())),
            timeline: None,
            kept: Kept::of(source.kind()),
            wants_keyframe: false,
        }
    }

    /// Reads the Dependency Descriptor of a packet. One that makes no sense says nothing.
    fn depends(&mut self, seq: u64, descriptor: &[u8]) -> Option<FrameDependencies> {
        let (reader, newest) = &mut **self.dependencies.get_or_insert_default();
        let is_newest = seq > *newest;
        let frame = reader.read(descriptor, is_newest).ok()?;
        *newest = seq.max(*newest);
        Some(frame)
    }
}

/// Returns the codec under whose payload type, or under that of whose retransmissions, a packet comes.
fn codec_of(section: &Section, payload_type: u8, is_repair: bool) -> Option<Codec> {
    let kind = section.kind?;
    Codec::ALL.into_iter().find(|codec| {
        let format = section.formats[*codec as usize];
        let listed = format.and_then(|format| if is_repair { format.rtx } else { Some(format.payload_type) });
        codec.kind() == kind && listed == Some(payload_type)
    })
}

/// Takes the padding off (RFC 3550 section 5.1). Returns `None` if it is more than there is.
fn without_padding<'a>(header: &Header<'_>, payload: &'a [u8]) -> Option<&'a [u8]> {
    if !header.has_padding {
        return Some(payload);
    }
    let padding = usize::from(*payload.last()?);
    payload.get(..payload.len().checked_sub(padding.max(1))?)
}
