//! What can be read of a picture's packet: its payload descriptor. The frame behind it is encrypted.
//!
//! Of VP8 one more byte is in the clear, the first of the frame, which says whether it is a key frame; VP9 says
//! so in the descriptor.

use std::sync::Arc;

use str0m::rtp::RtpWrite;

use crate::{codec::Codec, rewrite::Numbers, temporal::Temporal, vp8::Vp8Descriptor, vp9::Vp9Descriptor};

/// The descriptor of a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Descriptor {
    /// RFC 7741 section 4.2.
    Vp8(Vp8Descriptor),
    /// RFC 9628 section 4.2.
    Vp9(Vp9Descriptor),
}

impl Descriptor {
    /// Reads a payload. Returns `None` for sound, and for what is too short or malformed.
    pub(crate) fn parse(codec: Codec, payload: &[u8]) -> Option<Self> {
        match codec {
            Codec::Opus => None,
            Codec::Vp8 => Vp8Descriptor::parse(payload).map(Self::Vp8),
            Codec::Vp9 => Vp9Descriptor::parse(payload).map(Self::Vp9),
        }
    }

    /// Returns the picture id, of 7 or 15 bits.
    pub(crate) fn picture_id(&self) -> Option<u16> {
        match self {
            Self::Vp8(vp8) => vp8.picture_id(),
            Self::Vp9(vp9) => vp9.picture_id(),
        }
    }

    /// Returns the TL0PICIDX.
    pub(crate) fn tl0_pic_idx(&self) -> Option<u8> {
        match self {
            Self::Vp8(vp8) => vp8.tl0_pic_idx(),
            Self::Vp9(vp9) => vp9.tl0_pic_idx(),
        }
    }

    /// Returns the temporal layer of the picture.
    pub(crate) fn temporal(&self) -> Option<Temporal> {
        match self {
            Self::Vp8(vp8) => vp8.temporal(),
            Self::Vp9(vp9) => vp9.temporal(),
        }
    }

    /// Returns whether a key frame starts in the payload.
    pub(crate) fn starts_keyframe(&self) -> bool {
        match self {
            Self::Vp8(vp8) => vp8.starts_keyframe(),
            Self::Vp9(vp9) => vp9.starts_keyframe(),
        }
    }

    /// Writes `numbers` into the payload, from which this was read.
    pub(crate) fn renumber(&self, payload: &mut [u8], numbers: Numbers) {
        match self {
            Self::Vp8(vp8) => vp8.renumber(payload, numbers.picture, numbers.tl0),
            Self::Vp9(vp9) => vp9.renumber(payload, numbers.picture, numbers.tl0),
        }
    }

    /// Returns the payload that is to be written under `numbers`: shared, but for VP9 whose numbers change.
    /// str0m patches VP8 only, and only while it serialises.
    pub(crate) fn payload(&self, payload: &Arc<[u8]>, numbers: Numbers) -> Arc<[u8]> {
        match self {
            Self::Vp8(_) => Arc::clone(payload),
            Self::Vp9(vp9) => vp9.renumbered(payload, numbers.picture, numbers.tl0),
        }
    }

    /// Lets `write` carry `numbers` where its payload does not yet.
    pub(crate) fn patch(&self, write: RtpWrite, payload: &[u8], numbers: Numbers) -> RtpWrite {
        match self {
            Self::Vp8(_) => match vp8_patch(payload, numbers) {
                Some(patch) => write.vp8_patch(patch),
                None => write,
            },
            Self::Vp9(_) => write,
        }
    }
}

/// Writes the rewritten PictureID and TL0PICIDX over the arriving ones, in the width that they have.
fn vp8_patch(payload: &[u8], numbers: Numbers) -> Option<str0m::rtp::Vp8Patch> {
    let vp8 = str0m::rtp::Vp8Descriptor::parse(payload).ok()?;
    let with = |picture: Option<u16>| {
        let mut patch = vp8.patch();
        if let Some(picture) = picture {
            patch = patch.picture_id(picture);
        }
        if let Some(tl0) = numbers.tl0 {
            patch = patch.tl0_pic_idx(tl0);
        }
        patch.build().ok()
    };
    with(numbers.picture).or_else(|| with(numbers.picture.map(|picture| picture & 0x7f)))
}
