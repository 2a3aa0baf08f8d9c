//! VP8 on RTP (RFC 7741): writes and reads the payload descriptor, and cuts frames into packets.

/// Longest payload of one packet, in bytes, so that RTP, SRTP, UDP and IPv6 fit into 1280 bytes.
const PAYLOAD_BYTES_MAX: usize = 1_100;

/// Descriptor with picture id (15 bits), TL0PICIDX, TID and KEYIDX: always six bytes, so that the packets of
/// a frame are of equal length (segmentation offload wants that).
const DESCRIPTOR_BYTES: usize = 6;

/// What the start of a VP8 RTP payload says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vp8Payload {
    /// Whether the packet starts a partition, and that is the first: the frame starts here.
    pub starts_frame: bool,
    /// Whether a frame starts here that needs no other.
    pub starts_key_frame: bool,
    /// Counts frames; 15 bits, or 7 in the short form.
    pub picture_id: Option<u16>,
    /// Counts frames of the lowest temporal layer.
    pub tl0_pic_idx: Option<u8>,
    /// Temporal layer.
    pub temporal_layer: Option<u8>,
    /// Bytes of the descriptor.
    pub descriptor_bytes: usize,
}

impl Vp8Payload {
    /// Reads the descriptor and the first byte of the frame, or returns `None` if the payload is too short.
    ///
    /// Source: RFC 7741 sections 4.2 and 4.3.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let mut rest = payload.iter().copied();
        let required = rest.next()?;
        let (mut picture_id, mut tl0_pic_idx, mut temporal_layer) = (None, None, None);
        if required & 0x80 != 0 {
            let extended = rest.next()?;
            if extended & 0x80 != 0 {
                let first = rest.next()?;
                picture_id = Some(if first & 0x80 == 0 {
                    u16::from(first)
                } else {
                    u16::from_be_bytes([first & 0x7f, rest.next()?])
                });
            }
            if extended & 0x40 != 0 {
                tl0_pic_idx = Some(rest.next()?);
            }
            if extended & 0x30 != 0 {
                let layers = rest.next()?;
                temporal_layer = (extended & 0x20 != 0).then_some(layers >> 6);
            }
        }
        let descriptor_bytes = payload.len() - rest.len();
        let starts_frame = required & 0x10 != 0 && required & 0x07 == 0;
        // The lowest bit of a frame's first byte is 0 in key frames (RFC 6386 section 9.1).
        let starts_key_frame = starts_frame && rest.next()? & 0x01 == 0;
        Some(Self {
            starts_frame,
            starts_key_frame,
            picture_id,
            tl0_pic_idx,
            temporal_layer,
            descriptor_bytes,
        })
    }
}

/// Cuts the frames of one encoded stream into packets and numbers them.
#[derive(Clone, Debug)]
pub struct Packetizer {
    picture_id: u16,
    tl0_pic_idx: u8,
    key_idx: u8,
}

impl Packetizer {
    /// Returns a packetizer that starts at this picture id, of which the lower 15 bits count.
    pub const fn new(first_picture_id: u16) -> Self {
        Self { picture_id: first_picture_id & 0x7fff, tl0_pic_idx: 0, key_idx: 0 }
    }

    /// Hands each packet's payload of `frame` to `emit`, with whether it is the frame's last. `scratch` is
    /// overwritten; passing the same one again saves allocations.
    pub fn packetize(
        &mut self,
        frame: &[u8],
        key: bool,
        temporal_layer: u8,
        scratch: &mut Vec<u8>,
        mut emit: impl FnMut(&[u8], bool),
    ) {
        if key {
            self.key_idx = (self.key_idx + 1) & 0x1f;
        }
        if temporal_layer == 0 {
            self.tl0_pic_idx = self.tl0_pic_idx.wrapping_add(1);
        }
        let packets = frame.len().div_ceil(PAYLOAD_BYTES_MAX - DESCRIPTOR_BYTES).max(1);
        let (bytes, longer) = (frame.len() / packets, frame.len() % packets);
        let mut rest = frame;
        for index in 0..packets {
            // Equal parts, the few longer ones first.
            let (part, tail) = rest.split_at(bytes + usize::from(index < longer));
            rest = tail;
            scratch.clear();
            scratch.extend_from_slice(&self.descriptor(index == 0, temporal_layer));
            scratch.extend_from_slice(part);
            emit(scratch, index + 1 == packets);
        }
        self.picture_id = (self.picture_id + 1) & 0x7fff;
    }

    fn descriptor(&self, starts_frame: bool, temporal_layer: u8) -> [u8; DESCRIPTOR_BYTES] {
        let [high, low] = self.picture_id.to_be_bytes();
        // The bit Y ("depends only on the base layer") is true of every layer above it here.
        let layer_sync = u8::from(temporal_layer > 0) << 5;
        [
            0x80 | u8::from(starts_frame) << 4,
            0xf0,
            0x80 | high,
            low,
            self.tl0_pic_idx,
            temporal_layer << 6 | layer_sync | self.key_idx,
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use str0m::rtp::Vp8Descriptor;

    use super::*;

    fn packets(packetizer: &mut Packetizer, frame: &[u8], key: bool, layer: u8) -> Vec<(Vec<u8>, bool)> {
        let mut out = Vec::new();
        packetizer.packetize(frame, key, layer, &mut Vec::new(), |payload, last| {
            out.push((payload.to_vec(), last));
        });
        out
    }

    proptest! {
        #[test]
        fn frame_survives_its_packets(frame in prop::collection::vec(any::<u8>(), 1..8_000), layer in 0_u8..2) {
            let packets = packets(&mut Packetizer::new(0x7fff), &frame, false, layer);

            let mut joined = Vec::new();
            for (index, (payload, last)) in packets.iter().enumerate() {
                prop_assert!(payload.len() <= PAYLOAD_BYTES_MAX);
                prop_assert_eq!(*last, index + 1 == packets.len());
                let parsed = Vp8Payload::parse(payload).unwrap();
                prop_assert_eq!(parsed.starts_frame, index == 0);
                prop_assert_eq!(parsed.picture_id, Some(0x7fff));
                prop_assert_eq!(parsed.temporal_layer, Some(layer));
                joined.extend_from_slice(&payload[parsed.descriptor_bytes..]);
            }
            prop_assert_eq!(joined, frame);
        }

        #[test]
        fn any_bytes_are_parsed_without_panic(payload in prop::collection::vec(any::<u8>(), 0..12)) {
            Vp8Payload::parse(&payload);
        }
    }

    #[test]
    fn picture_id_wraps_and_base_layer_index_counts_base_frames_only() {
        let mut packetizer = Packetizer::new(0x7fff);
        let mut describe = |layer| {
            let packets = packets(&mut packetizer, &[1], false, layer);
            let parsed = Vp8Payload::parse(&packets[0].0).unwrap();
            (parsed.picture_id.unwrap(), parsed.tl0_pic_idx.unwrap())
        };

        assert_eq!([describe(0), describe(1), describe(0)], [(0x7fff, 1), (0, 1), (1, 2)]);
    }

    #[test]
    fn another_implementation_reads_the_descriptor_the_same_way() {
        let mut packetizer = Packetizer::new(5);
        let key = packets(&mut packetizer, &[0x10, 0, 0, 0x9d], true, 0);
        let delta = packets(&mut packetizer, &[0x11, 0, 0], false, 1);

        for (payload, is_key) in [(&key[0].0, true), (&delta[0].0, false)] {
            assert_eq!(Vp8Descriptor::parse(payload).unwrap().starts_keyframe(payload), is_key);
            assert_eq!(Vp8Payload::parse(payload).unwrap().starts_key_frame, is_key);
        }
    }
}
