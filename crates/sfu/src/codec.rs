//! The codecs that are forwarded.
//!
//! A publication is in whichever of them its packets carry: the publisher chooses, and may change its mind. VP8
//! is what every receiver must offer; VP9 goes only to those who offered it.

use sabha_protocol::{MediaKind, VideoCodec};

/// A codec that is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Opus,
    Vp8,
    /// Profile 0: eight bits a sample, 4:2:0 (RFC 9628 section 6). Browsers differ in what else they decode.
    Vp9,
}

impl Codec {
    /// Every codec, in the order of the enum.
    pub(crate) const ALL: [Self; 3] = [Self::Opus, Self::Vp8, Self::Vp9];

    /// Returns the one that every client has to receive.
    pub(crate) const fn required(kind: MediaKind) -> Self {
        match kind {
            MediaKind::Audio => Self::Opus,
            MediaKind::Video => Self::Vp8,
        }
    }

    pub(crate) const fn kind(self) -> MediaKind {
        match self {
            Self::Opus => MediaKind::Audio,
            Self::Vp8 | Self::Vp9 => MediaKind::Video,
        }
    }

    /// Returns what signalling calls `codec`.
    pub(crate) const fn from_video(codec: VideoCodec) -> Self {
        match codec {
            VideoCodec::Vp8 => Self::Vp8,
            VideoCodec::Vp9 => Self::Vp9,
        }
    }

    /// Returns the name under which SDP knows it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Opus => "Opus",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
        }
    }
}
