//! VP9 on RTP (RFC 9628): writes and reads the payload descriptor, and cuts frames into packets.
//!
//! As browsers write it: not in flexible mode, one spatial layer, the structure with each key frame, and layer indices only
//! where there is more than one temporal layer.

/// Longest payload of one packet, in bytes, as of VP8.
const PAYLOAD_BYTES_MAX: usize = 1_100;

/// Flags of the first byte (RFC 9628 section 4.2).
const PICTURE_ID: u8 = 0x80;
const PREDICTED: u8 = 0x40;
const LAYERS: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const STARTS: u8 = 0x08;
const ENDS: u8 = 0x04;
const STRUCTURE: u8 = 0x02;

/// What the start of a VP9 RTP payload says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vp9Payload {
    /// Whether a frame starts here.
    pub starts_frame: bool,
    /// Whether it ends here.
    pub ends_frame: bool,
    /// Whether a frame starts here that needs no other.
    pub starts_key_frame: bool,
    /// Counts pictures; 15 bits, or 7 in the short form.
    pub picture_id: Option<u16>,
    /// Counts pictures of the lowest temporal layer.
    pub tl0_pic_idx: Option<u8>,
    /// Temporal layer.
    pub temporal_layer: Option<u8>,
    /// Bytes of the descriptor.
    pub descriptor_bytes: usize,
}

impl Vp9Payload {
    /// Reads the descriptor, or returns `None` if the payload ends before it does.
    ///
    /// Source: RFC 9628 sections 4.2 and 4.2.1.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let mut rest = payload.iter().copied();
        let flags = rest.next()?;
        let has = |flag| flags & flag != 0;
        let (mut picture_id, mut temporal_layer, mut tl0_pic_idx, mut spatial) = (None, None, None, 0);
        if has(PICTURE_ID) {
            let first = rest.next()?;
            picture_id = Some(if first & 0x80 == 0 {
                u16::from(first)
            } else {
                u16::from_be_bytes([first & 0x7f, rest.next()?])
            });
        }
        if has(LAYERS) {
            let layers = rest.next()?;
            (temporal_layer, spatial) = (Some(layers >> 5), layers >> 1 & 0x07);
            if !has(FLEXIBLE) {
                tl0_pic_idx = Some(rest.next()?);
            }
        }
        if has(FLEXIBLE) && has(PREDICTED) {
            // At most three references; the last has a zero.
            for _ in 0..3 {
                if rest.next()? & 1 == 0 {
                    break;
                }
            }
        }
        if has(STRUCTURE) {
            skip_structure(&mut rest)?;
        }
        let descriptor_bytes = payload.len() - rest.len();
        rest.next()?;
        Some(Self {
            starts_frame: has(STARTS),
            ends_frame: has(ENDS),
            starts_key_frame: has(STARTS) && !has(PREDICTED) && spatial == 0,
            picture_id,
            tl0_pic_idx,
            temporal_layer,
            descriptor_bytes,
        })
    }
}

fn skip_structure(rest: &mut impl Iterator<Item = u8>) -> Option<()> {
    let head = rest.next()?;
    if head & 0x10 != 0 {
        // A width and a height for each spatial layer.
        for _ in 0..4 * (usize::from(head >> 5) + 1) {
            rest.next()?;
        }
    }
    if head & 0x08 != 0 {
        for _ in 0..rest.next()? {
            for _ in 0..rest.next()? >> 2 & 0x03 {
                rest.next()?;
            }
        }
    }
    Some(())
}

/// Cuts the frames of one encoded stream into packets and numbers them.
#[derive(Clone, Debug)]
pub struct Vp9Packetizer {
    picture_id: u16,
    tl0_pic_idx: u8,
    size: (u16, u16),
    has_layers: bool,
}

impl Vp9Packetizer {
    /// Returns a packetizer of pictures of this width and height, that starts at this picture id, of which the lower 15 bits
    /// count. With `has_layers` there are two temporal layers, one picture in turn of each.
    pub const fn new(first_picture_id: u16, size: (u16, u16), has_layers: bool) -> Self {
        Self { picture_id: first_picture_id & 0x7fff, tl0_pic_idx: 0, size, has_layers }
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
        if temporal_layer == 0 {
            self.tl0_pic_idx = self.tl0_pic_idx.wrapping_add(1);
        }
        scratch.clear();
        self.describe(0, temporal_layer, scratch);
        let descriptor_bytes = scratch.len();
        self.structure(key, scratch);
        // The structure makes the first packet's part of the frame smaller, so that all are of equal length.
        let structure_bytes = scratch.len() - descriptor_bytes;
        let total = frame.len() + structure_bytes;
        let packets = total.div_ceil(PAYLOAD_BYTES_MAX - descriptor_bytes).max(1);
        let (bytes, longer) = (total / packets, total % packets);
        let mut rest = frame;
        for index in 0..packets {
            let (is_first, is_last) = (index == 0, index + 1 == packets);
            let flags = if key { 0 } else { PREDICTED }
                | if is_first { STARTS } else { 0 }
                | if is_last { ENDS } else { 0 }
                | if is_first && key { STRUCTURE } else { 0 };
            let taken = if is_first { structure_bytes } else { 0 };
            let part = bytes + usize::from(index < longer) - taken;
            let (part, tail) = rest.split_at(part.min(rest.len()));
            rest = tail;
            scratch.clear();
            self.describe(flags, temporal_layer, scratch);
            self.structure(is_first && key, scratch);
            scratch.extend_from_slice(part);
            emit(scratch, is_last);
        }
        self.picture_id = (self.picture_id + 1) & 0x7fff;
    }

    fn describe(&self, flags: u8, temporal_layer: u8, out: &mut Vec<u8>) {
        let [high, low] = self.picture_id.to_be_bytes();
        out.extend_from_slice(&[
            PICTURE_ID | flags | if self.has_layers { LAYERS } else { 0 },
            0x80 | high,
            low,
        ]);
        if self.has_layers {
            // After any picture the upper layer may begin: each of its pictures needs only the lower one.
            out.extend_from_slice(&[temporal_layer << 5 | 0x10, self.tl0_pic_idx]);
        }
    }

    /// Writes the structure (RFC 9628 section 4.2.1): one spatial layer, its size, and what a group of pictures builds on.
    fn structure(&self, key: bool, out: &mut Vec<u8>) {
        if !key {
            return;
        }
        let ((width, height), group) =
            (self.size, if self.has_layers { &GROUP_OF_TWO[..] } else { &GROUP_OF_ONE });
        out.push(0x18);
        out.extend_from_slice(&width.to_be_bytes());
        out.extend_from_slice(&height.to_be_bytes());
        out.extend_from_slice(group);
    }
}

/// Each picture builds on the one before it.
const GROUP_OF_ONE: [u8; 3] = [1, 0x14, 1];

/// A picture of the lower layer builds on the one two before it, one of the upper layer on the one before it.
const GROUP_OF_TWO: [u8; 5] = [2, 0x14, 2, 0x34, 1];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIZE: (u16, u16) = (1920, 1080);

    fn packets(packetizer: &mut Vp9Packetizer, frame: &[u8], key: bool, layer: u8) -> Vec<(Vec<u8>, bool)> {
        let mut out = Vec::new();
        packetizer.packetize(frame, key, layer, &mut Vec::new(), |payload, last| {
            out.push((payload.to_vec(), last));
        });
        out
    }

    proptest! {
        #[test]
        fn frame_survives_its_packets(
            frame in prop::collection::vec(any::<u8>(), 1..8_000),
            key: bool,
            has_layers: bool,
            layer in 0_u8..2,
        ) {
            let packets = packets(&mut Vp9Packetizer::new(0x7fff, SIZE, has_layers), &frame, key, layer);

            let mut joined = Vec::new();
            for (index, (payload, last)) in packets.iter().enumerate() {
                prop_assert!(payload.len() <= PAYLOAD_BYTES_MAX);
                prop_assert_eq!(*last, index + 1 == packets.len());
                let parsed = Vp9Payload::parse(payload).unwrap();
                prop_assert_eq!((parsed.starts_frame, parsed.ends_frame), (index == 0, *last));
                prop_assert_eq!(parsed.starts_key_frame, index == 0 && key);
                prop_assert_eq!(parsed.picture_id, Some(0x7fff));
                prop_assert_eq!(parsed.temporal_layer, has_layers.then_some(layer));
                joined.extend_from_slice(&payload[parsed.descriptor_bytes..]);
            }
            prop_assert_eq!(joined, frame);
            let sizes = packets.iter().map(|(payload, _)| payload.len());
            prop_assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= 1, "of equal length");
        }

        #[test]
        fn any_bytes_are_parsed_without_panic(payload in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(parsed) = Vp9Payload::parse(&payload) {
                prop_assert!(parsed.descriptor_bytes < payload.len());
            }
        }
    }

    #[test]
    fn picture_id_wraps_and_base_layer_index_counts_base_pictures_only() {
        let mut packetizer = Vp9Packetizer::new(0x7fff, SIZE, true);
        let mut describe = |layer| {
            let packets = packets(&mut packetizer, &[1], false, layer);
            let parsed = Vp9Payload::parse(&packets[0].0).unwrap();
            (parsed.picture_id.unwrap(), parsed.tl0_pic_idx.unwrap())
        };
        assert_eq!([describe(0), describe(1), describe(0)], [(0x7fff, 1), (0, 1), (1, 2)]);
    }

    #[test]
    fn descriptors_are_those_of_the_standard() {
        let mut one = Vp9Packetizer::new(0x102, SIZE, false);
        let mut two = Vp9Packetizer::new(0x102, SIZE, true);
        // I, B, E and V; then the structure: one layer of 1920 by 1080, one picture that builds on the one before it.
        let key = [0x8e, 0x81, 2, 0x18, 7, 0x80, 4, 0x38, 1, 0x14, 1, 9];
        assert_eq!(packets(&mut one, &[9], true, 0), [(key.to_vec(), true)]);
        // I, P, B and E.
        assert_eq!(packets(&mut one, &[9], false, 0), [(vec![0xcc, 0x81, 3, 9], true)]);
        assert_eq!(packets(&mut two, &[9], true, 0)[0].0[..5], [0xae, 0x81, 2, 0x10, 1]);
        // L beside them: the upper layer, and the second picture of the lower one.
        assert_eq!(packets(&mut two, &[9], false, 1), [(vec![0xec, 0x81, 3, 0x30, 1, 9], true)]);
    }

    #[test]
    fn what_browsers_do_not_write_is_read_too() {
        // Flexible mode with two references, and a short picture id.
        let flexible = [0xf8, 0x05, 0x22, 0x03, 0x04, 9];
        let parsed = Vp9Payload::parse(&flexible).unwrap();
        assert_eq!((parsed.picture_id, parsed.temporal_layer, parsed.tl0_pic_idx), (Some(5), Some(1), None));
        assert_eq!((parsed.descriptor_bytes, parsed.starts_key_frame), (5, false));
        // The second of two spatial layers of a key picture is no beginning.
        assert!(!Vp9Payload::parse(&[0xa8, 0x05, 0x02, 0x01, 9]).unwrap().starts_key_frame);
        // Three references, each saying that another follows.
        assert_eq!(Vp9Payload::parse(&[0x50, 1, 1, 1, 9]).unwrap().descriptor_bytes, 4);
    }
}
