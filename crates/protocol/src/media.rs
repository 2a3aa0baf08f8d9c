//! Nouns of the media plane that signalling speaks of: sources, layers, slots.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::limits::MID_BYTES_MAX;

/// Whether a slot carries sound or pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// Opus.
    Audio,
    /// VP8, or VP9 between those who know it.
    Video,
}

/// What a participant can publish; each at most once at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The participant's voice.
    Microphone,
    /// The participant's picture, simulcast in up to three layers.
    Camera,
    /// A shared screen, window or tab; one layer.
    Screen,
    /// The sound of what is shared.
    ScreenAudio,
}

impl Source {
    /// Every source, in the order of the enum.
    pub const ALL: [Self; 4] = [Self::Microphone, Self::Camera, Self::Screen, Self::ScreenAudio];

    /// Returns whether the source is sound or picture.
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Microphone | Self::ScreenAudio => MediaKind::Audio,
            Self::Camera | Self::Screen => MediaKind::Video,
        }
    }
}

/// A codec of pictures. Every client receives VP8; VP9 those whose offer has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum VideoCodec {
    /// RFC 7741.
    Vp8,
    /// RFC 9628, profile 0. Sharper than VP8 for the same bits, of text above all.
    Vp9,
}

/// A simulcast layer of a camera; its RTP stream id (RFC 8852) is [`Layer::rid`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// A quarter of the captured height, 180 lines of 720.
    Low,
    /// Half of it, 360 lines of 720.
    Medium,
    /// The captured height.
    High,
}

impl Layer {
    /// Every layer, lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// Returns the `rid` under which browsers send this layer: `l`, `m` or `h`.
    pub const fn rid(self) -> &'static str {
        match self {
            Self::Low => "l",
            Self::Medium => "m",
            Self::High => "h",
        }
    }

    /// Returns the layer that is sent under `rid`.
    pub fn from_rid(rid: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.rid() == rid)
    }
}

/// Which of its sources a participant has switched on. All off unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MediaState {
    /// The microphone is open: `false` is what the interface calls muted.
    pub microphone: bool,
    /// The camera is on.
    pub camera: bool,
    /// A screen is being shared.
    pub screen: bool,
    /// The shared screen has sound.
    pub screen_audio: bool,
}

impl MediaState {
    /// Returns whether `source` is on.
    pub const fn has(self, source: Source) -> bool {
        match source {
            Source::Microphone => self.microphone,
            Source::Camera => self.camera,
            Source::Screen => self.screen,
            Source::ScreenAudio => self.screen_audio,
        }
    }

    /// Switches `source` on or off.
    pub const fn set(&mut self, source: Source, on: bool) {
        match source {
            Source::Microphone => self.microphone = on,
            Source::Camera => self.camera = on,
            Source::Screen => self.screen = on,
            Source::ScreenAudio => self.screen_audio = on,
        }
    }

    /// Returns what is on in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            microphone: self.microphone && other.microphone,
            camera: self.camera && other.camera,
            screen: self.screen && other.screen,
            screen_audio: self.screen_audio && other.screen_audio,
        }
    }
}

/// How well a participant's connection carries its media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Loss above 8 % or a round trip above 500 ms.
    Poor,
    /// Loss above 2 % or a round trip above 250 ms.
    Fair,
    /// Better than that.
    Good,
}

/// An SDP media identification tag (RFC 5888): 1 to 16 letters, digits, `-` or `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
pub struct Mid(String);

/// The text cannot be a media identification tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mid is 1 to {MID_BYTES_MAX} letters, digits, '-' or '_'")]
pub struct InvalidMid;

impl Mid {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Mid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mid({})", self.0)
    }
}

impl TryFrom<String> for Mid {
    type Error = InvalidMid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if text.is_empty() || text.len() > MID_BYTES_MAX || !text.bytes().all(alphabet) {
            return Err(InvalidMid);
        }
        Ok(Self(text))
    }
}

impl From<Mid> for String {
    fn from(mid: Mid) -> Self {
        mid.0
    }
}

/// A media section of the offer on which the client sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UpSlot {
    /// The section's tag in the offer.
    pub mid: Mid,
    /// What the client will send on it.
    pub source: Source,
}

/// A media section of the offer on which the client receives whatever the server puts there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DownSlot {
    /// The section's tag in the offer.
    pub mid: Mid,
    /// Sound or picture.
    pub kind: MediaKind,
}
