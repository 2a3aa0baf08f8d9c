//! The start of a VP8 RTP payload: read to find key frames, rewritten to number pictures on.
//!
//! ```text
//!  0 1 2 3 4 5 6 7
//! +-+-+-+-+-+-+-+-+    X  more of it follows         N  no other picture needs this one
//! |X|R|N|S|R| PID |    S  a partition starts here    PID  which partition
//! |I|L|T|K|  RSV  |    if X
//! |M| picture id  |    if I
//! | more of it    |    if I and M
//! |   TL0PICIDX   |    if L
//! |TID|Y| KEYIDX  |    if T or K: temporal layer; Y  it needs nothing of its own layer
//! ```
//!
//! Of the frame behind it one bit is looked at, the lowest of its first byte, which browsers leave in the clear: it
//! is 0 in a key frame.
//!
//! Source: RFC 7741 sections 4.2 and 4.3.

use crate::{
    picture::{PictureId, Tl0},
    temporal::Temporal,
};

const EXTENDED: u8 = 0x80;
const PARTITION_STARTS: u8 = 0x10;
const PARTITION: u8 = 0x07;
const PICTURE_ID_PRESENT: u8 = 0x80;
const TL0_PRESENT: u8 = 0x40;
const LAYER_PRESENT: u8 = 0x20;
const KEY_INDEX_PRESENT: u8 = 0x10;
const LAYER_SYNC: u8 = 0x20;

/// What of a VP8 payload descriptor the forwarding needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vp8Descriptor {
    picture: Option<PictureId>,
    tl0: Option<Tl0>,
    temporal: Option<Temporal>,
    starts_keyframe: bool,
}

impl Vp8Descriptor {
    /// Reads the start of a payload, at most seven bytes of it. Returns `None` if it ends before that.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let flags = *payload.first()?;
        let mut offset = 1;
        let mut next = || {
            let byte = payload.get(offset).copied();
            offset += 1;
            byte.map(|byte| (byte, offset - 1))
        };
        let (mut picture, mut tl0, mut temporal) = (None, None, None);
        if flags & EXTENDED != 0 {
            let (extension, _) = next()?;
            if extension & PICTURE_ID_PRESENT != 0 {
                let (first, offset) = next()?;
                picture = Some(PictureId::read(first, offset, || next().map(|(byte, _)| byte))?);
            }
            if extension & TL0_PRESENT != 0 {
                let (value, offset) = next()?;
                tl0 = Some(Tl0 { value, offset });
            }
            if extension & (LAYER_PRESENT | KEY_INDEX_PRESENT) != 0 {
                let (layer, _) = next()?;
                let told = Temporal { id: layer >> 6, syncs: layer & LAYER_SYNC != 0, opens: false };
                temporal = (extension & LAYER_PRESENT != 0).then_some(told);
            }
        }
        // A payload without a byte of a frame is none.
        let (frame, _) = next()?;
        let starts_frame = flags & PARTITION_STARTS != 0 && flags & PARTITION == 0;
        let starts_keyframe = starts_frame && frame & 1 == 0;
        let temporal = temporal.map(|temporal| Temporal { opens: starts_keyframe, ..temporal });
        Some(Self { picture, tl0, temporal, starts_keyframe })
    }

    /// Returns the picture id, of 7 or 15 bits.
    pub fn picture_id(&self) -> Option<u16> {
        self.picture.map(|picture| picture.value)
    }

    /// Returns the TL0PICIDX.
    pub fn tl0_pic_idx(&self) -> Option<u8> {
        self.tl0.map(|tl0| tl0.value)
    }

    /// Returns the temporal layer.
    pub(crate) fn temporal(&self) -> Option<Temporal> {
        self.temporal
    }

    /// Returns whether a picture starts here that needs no other.
    pub fn starts_keyframe(&self) -> bool {
        self.starts_keyframe
    }

    /// Writes other numbers into `payload`, from which this was read, in the width that they have.
    pub fn renumber(&self, payload: &mut [u8], picture: Option<u16>, tl0: Option<u8>) {
        if let Some((field, value)) = self.picture.zip(picture) {
            field.write(value, payload);
        }
        if let Some((field, value)) = self.tl0.zip(tl0) {
            field.write(value, payload);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn longest_descriptor_is_read_and_renumbered() {
        // X, S; I, L, T, K; picture 0x1234; TL0 9; layer byte; first byte of a key frame.
        let mut payload = [0x90, 0xf0, 0x92, 0x34, 9, 0x61, 0x10, 7, 7];
        let descriptor = Vp8Descriptor::parse(&payload).unwrap();
        assert_eq!((descriptor.picture_id(), descriptor.tl0_pic_idx()), (Some(0x1234), Some(9)));
        assert!(descriptor.starts_keyframe());
        assert_eq!(descriptor.temporal(), Some(Temporal { id: 1, syncs: true, opens: true }));
        descriptor.renumber(&mut payload, Some(0x7abc), Some(200));
        assert_eq!(payload, [0x90, 0xf0, 0xfa, 0xbc, 200, 0x61, 0x10, 7, 7]);
    }

    #[test]
    fn only_the_start_of_the_first_partition_of_a_key_frame_starts_one() {
        let starts = |payload: &[u8]| Vp8Descriptor::parse(payload).unwrap().starts_keyframe();
        assert!(starts(&[0x10, 0x00]));
        assert!(!starts(&[0x10, 0x01]), "a picture that needs another");
        assert!(!starts(&[0x11, 0x00]), "the second partition");
        assert!(!starts(&[0x00, 0x00]), "the middle of a partition");
    }

    #[test]
    fn temporal_layer_is_none_where_only_a_key_index_is_told() {
        let temporal =
            |extension, layer| Vp8Descriptor::parse(&[0x90, extension, layer, 1]).unwrap().temporal();
        assert_eq!(temporal(0x10, 0xe0), None);
        assert_eq!(temporal(0x20, 0x80), Some(Temporal { id: 2, syncs: false, opens: false }));
    }

    proptest! {
        #[test]
        fn what_both_read_is_read_as_the_library_reads_it(payload in prop::collection::vec(any::<u8>(), 0..12)) {
            let theirs = str0m::rtp::Vp8Descriptor::parse(&payload).ok();
            // Theirs refuses more, and also reads a payload that ends with the descriptor.
            if let (Some(theirs), Some(ours)) = (theirs, Vp8Descriptor::parse(&payload)) {
                prop_assert_eq!(theirs.picture_id(), ours.picture_id());
                prop_assert_eq!(theirs.tl0_pic_idx(), ours.tl0_pic_idx());
                prop_assert_eq!(theirs.starts_keyframe(&payload), ours.starts_keyframe());
            }
        }

        #[test]
        fn renumbering_changes_the_numbers_and_nothing_else(
            payload in prop::collection::vec(any::<u8>(), 0..40),
            picture: u16,
            tl0: u8,
        ) {
            let Some(descriptor) = Vp8Descriptor::parse(&payload) else { return Ok(()) };
            let mut other = payload.clone();
            descriptor.renumber(&mut other, Some(picture), Some(tl0));
            let again = Vp8Descriptor::parse(&other).unwrap();
            let is_long = descriptor.picture.is_some_and(|picture| picture.is_long);
            let fitting = picture & if is_long { 0x7fff } else { 0x7f };
            prop_assert_eq!(again.picture_id(), descriptor.picture_id().map(|_| fitting));
            prop_assert_eq!(again.tl0_pic_idx(), descriptor.tl0_pic_idx().map(|_| tl0));
            again.renumber(&mut other, descriptor.picture_id(), descriptor.tl0_pic_idx());
            prop_assert_eq!(other, payload);
        }
    }
}
