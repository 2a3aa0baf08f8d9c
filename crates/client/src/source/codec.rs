//! The codecs that this client packetizes, and what each leaves readable.

use sabha_protocol::{MediaKind, Source, VideoCodec};

/// How a frame was encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// RFC 7587.
    Opus,
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9,
}

impl Codec {
    /// Returns what a packet of this codec is of.
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Opus => MediaKind::Audio,
            Self::Vp8 | Self::Vp9 => MediaKind::Video,
        }
    }

    /// Returns how many bytes at the start of a frame stay readable: a server that forwards VP8 must see which frames are
    /// key frames; VP9 says so in its payload descriptor.
    pub(crate) const fn clear_bytes(self) -> usize {
        match self {
            Self::Opus | Self::Vp9 => 0,
            Self::Vp8 => 1,
        }
    }

    /// Returns in what a source is sent if its pictures are of this codec.
    pub(crate) const fn of(source: Source, video: VideoCodec) -> Self {
        match (source.kind(), video) {
            (MediaKind::Audio, _) => Self::Opus,
            (MediaKind::Video, VideoCodec::Vp8) => Self::Vp8,
            (MediaKind::Video, VideoCodec::Vp9) => Self::Vp9,
        }
    }
}
