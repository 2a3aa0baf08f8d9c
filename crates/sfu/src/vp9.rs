//! The start of a VP9 RTP payload: read to find key frames, rewritten to number pictures on.
//!
//! ```text
//!  0 1 2 3 4 5 6 7     I  picture id present          B  frame starts here
//! +-+-+-+-+-+-+-+-+    P  predicted from others       E  frame ends here
//! |I|P|L|F|B|E|V|Z|    L  layer indices present       V  scalability structure present
//! +-+-+-+-+-+-+-+-+    F  flexible mode               Z  no reference for higher spatial layers
//! |M| picture id  |    if I
//! | more of it    |    if I and M
//! |  T  |U|  S  |D|    if L: temporal and spatial layer; U  higher temporal layers may begin after it
//! |   TL0PICIDX   |    if L and not F
//! ```
//!
//! What follows (reference indices, scalability structure) is relative to the picture or constant, so that it
//! is for the receiver alone. The frame itself is encrypted, and no byte of it is looked at.
//!
//! Source: RFC 9628 section 4.2.

use std::sync::Arc;

use crate::{
    picture::{PictureId, Tl0},
    temporal::Temporal,
};

const PICTURE_ID_PRESENT: u8 = 0x80;
const PREDICTED: u8 = 0x40;
const LAYERS_PRESENT: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const FRAME_STARTS: u8 = 0x08;
const SWITCHING_UP: u8 = 0x10;

/// What of a VP9 payload descriptor the forwarding needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vp9Descriptor {
    flags: u8,
    picture: Option<PictureId>,
    /// T, U, S and D.
    layers: Option<u8>,
    tl0: Option<Tl0>,
}

impl Vp9Descriptor {
    /// Reads the start of a payload, at most five bytes of it. Returns `None` if it ends before that.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let flags = *payload.first()?;
        let mut offset = 1;
        let mut next = || {
            let byte = payload.get(offset).copied();
            offset += 1;
            byte.map(|byte| (byte, offset - 1))
        };

        let mut picture = None;
        if flags & PICTURE_ID_PRESENT != 0 {
            let (first, offset) = next()?;
            picture = Some(PictureId::read(first, offset, || next().map(|(byte, _)| byte))?);
        }
        let (mut layers, mut tl0) = (None, None);
        if flags & LAYERS_PRESENT != 0 {
            layers = Some(next()?.0);
            if flags & FLEXIBLE == 0 {
                let (value, offset) = next()?;
                tl0 = Some(Tl0 { value, offset });
            }
        }
        // A payload without a byte of a frame is none.
        next()?;
        Some(Self { flags, picture, layers, tl0 })
    }

    /// Returns the picture id, of 7 or 15 bits.
    pub fn picture_id(&self) -> Option<u16> {
        self.picture.map(|picture| picture.value)
    }

    /// Returns the TL0PICIDX, which only the non-flexible mode has.
    pub fn tl0_pic_idx(&self) -> Option<u8> {
        self.tl0.map(|tl0| tl0.value)
    }

    /// Returns the temporal layer.
    pub(crate) fn temporal(&self) -> Option<Temporal> {
        self.layers.map(|layers| {
            let opens = layers & SWITCHING_UP != 0 || self.starts_keyframe();
            Temporal { id: layers >> 5, syncs: false, opens }
        })
    }

    fn spatial_layer(&self) -> u8 {
        self.layers.map_or(0, |layers| layers >> 1 & 0x07)
    }

    /// Returns whether a picture starts here that needs no other.
    pub fn starts_keyframe(&self) -> bool {
        self.flags & FRAME_STARTS != 0 && self.flags & PREDICTED == 0 && self.spatial_layer() == 0
    }

    /// Returns `payload`, from which this was read, with other numbers, in the width that they have. It is
    /// shared where they are the same, and copied where not: one allocation.
    pub fn renumbered(&self, payload: &Arc<[u8]>, picture: Option<u16>, tl0: Option<u8>) -> Arc<[u8]> {
        let picture = self.picture.zip(picture).map(|(field, value)| (field, field.fit(value)));
        let tl0 = self.tl0.zip(tl0);
        let is_same = picture.is_none_or(|(field, value)| field.value == value)
            && tl0.is_none_or(|(field, value)| field.value == value);
        if is_same {
            return Arc::clone(payload);
        }
        let mut copy: Arc<[u8]> = Arc::from(&payload[..]);
        if let Some(bytes) = Arc::get_mut(&mut copy) {
            self.renumber(bytes, picture.map(|(_, value)| value), tl0.map(|(_, value)| value));
        }
        copy
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

    fn parse(payload: &[u8]) -> Vp9Descriptor {
        Vp9Descriptor::parse(payload).unwrap()
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_and_renumbered_without_panic(
            payload in prop::collection::vec(any::<u8>(), 0..12),
            picture in prop::option::of(0u16..0x8000),
            tl0: Option<u8>,
        ) {
            let payload: Arc<[u8]> = payload.into();
            if let Some(descriptor) = Vp9Descriptor::parse(&payload) {
                let sent = descriptor.renumbered(&payload, picture, tl0);

                // The length, the flags, the width of the fields and the rest of the payload stay.
                prop_assert_eq!(sent.len(), payload.len());
                let again = parse(&sent);
                prop_assert_eq!(again.flags, descriptor.flags);
                prop_assert_eq!(again.starts_keyframe(), descriptor.starts_keyframe());
                if let (Some(field), Some(picture)) = (descriptor.picture, picture) {
                    prop_assert_eq!(again.picture_id(), Some(field.fit(picture)));
                    prop_assert_eq!(again.picture.unwrap().is_long, field.is_long);
                } else {
                    prop_assert_eq!(again.picture, descriptor.picture);
                }
                prop_assert_eq!(again.tl0_pic_idx(), descriptor.tl0_pic_idx().map(|old| tl0.unwrap_or(old)));
                prop_assert_eq!(&sent[5.min(sent.len())..], &payload[5.min(payload.len())..]);
            }
        }

        #[test]
        fn no_byte_after_the_fifth_matters(
            start in prop::collection::vec(any::<u8>(), 6),
            rest in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let longer = [&start[..], &rest].concat();
            prop_assert_eq!(Vp9Descriptor::parse(&start), Vp9Descriptor::parse(&longer));
        }
    }

    #[test]
    fn fields_are_read_in_both_modes_and_widths() {
        // Non-flexible with a long picture id: T=1, U, S=2, D.
        let long = parse(&[0xe8, 0x92, 0x34, 0x35, 0x77, 0xff]);
        assert_eq!((long.picture_id(), long.tl0_pic_idx()), (Some(0x1234), Some(0x77)));
        assert_eq!(long.spatial_layer(), 2);
        assert_eq!(long.temporal(), Some(Temporal { id: 1, syncs: false, opens: true }));

        // Flexible with a short one: no TL0PICIDX; a reference index follows.
        let short = parse(&[0xf8, 0x12, 0x20, 0x02, 0xff]);
        assert_eq!((short.picture_id(), short.tl0_pic_idx()), (Some(0x12), None));

        let bare = parse(&[0x08, 0xff]);
        assert_eq!((bare.picture_id(), bare.tl0_pic_idx(), bare.temporal()), (None, None, None));
    }

    #[test]
    fn payload_that_ends_inside_its_descriptor_is_refused() {
        let whole = [0xe8, 0x92, 0x34, 0x35, 0x77, 0xff];
        for length in 0..whole.len() {
            assert_eq!(Vp9Descriptor::parse(&whole[..length]), None, "{length} bytes");
        }
        assert!(Vp9Descriptor::parse(&whole).is_some());
    }

    #[test]
    fn key_frame_starts_where_nothing_is_predicted_in_the_lowest_layer() {
        for (flags, layers, is_key) in [
            (0xa8, 0x00, true),
            // Predicted; not the start of a frame; a spatial layer above the lowest one.
            (0xe8, 0x00, false),
            (0xa4, 0x00, false),
            (0xa8, 0x02, false),
        ] {
            assert_eq!(parse(&[flags, 0x80, 1, layers, 0, 0xff]).starts_keyframe(), is_key, "{flags:#x}");
        }
    }

    #[test]
    fn payload_whose_numbers_stay_is_shared() {
        let payload: Arc<[u8]> = [0xa8, 0x92, 0x34, 0x00, 0x77, 0xff].into();
        let descriptor = parse(&payload);

        assert!(Arc::ptr_eq(&descriptor.renumbered(&payload, Some(0x1234), Some(0x77)), &payload));
        assert!(Arc::ptr_eq(&descriptor.renumbered(&payload, None, None), &payload));
        let sent = descriptor.renumbered(&payload, Some(0x7fff), Some(0x78));
        assert_eq!(sent[..], [0xa8, 0xff, 0xff, 0x00, 0x78, 0xff]);
    }
}
