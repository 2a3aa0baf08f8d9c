//! Media to publish: generated, or read from files.
//!
//! A source says what its next packet or frame is and how long it lasts; the [`Publisher`] says when.
//! Nothing here reads a clock. Generated media is random but repeatable: the same seed gives the same bytes.

mod audio;
mod codec;
mod ivf;
mod ogg;
mod picture;
mod publisher;
mod random;
mod vp8;
mod vp9;

use std::path::PathBuf;

use sabha_protocol::{Layer, Source, VideoCodec};

pub use audio::GeneratedAudio;
pub use codec::Codec;
pub use ivf::IvfVideo;
pub use ogg::OggAudio;
pub use picture::GeneratedVideo;
pub(crate) use publisher::Outgoing;
pub use publisher::Publisher;
pub(crate) use random::Random;
pub use vp8::{Packetizer, Vp8Payload};
pub use vp9::{Vp9Packetizer, Vp9Payload};

use crate::{
    error::ClientError,
    load::{TracedAudio, TracedCamera, TracedScreen},
};

/// Ticks of an audio RTP clock per second (RFC 7587 section 4.1: always 48 kHz).
pub(crate) const AUDIO_TICKS: u32 = 48_000;

/// Ticks of a video RTP clock per second (RFC 7741 section 4.1).
pub(crate) const VIDEO_TICKS: u32 = 90_000;

/// Opus packets, one after the other.
pub trait AudioSource: Send {
    /// Writes the next packet into `payload`, which is empty, and returns when it is followed by another.
    fn next_packet(&mut self, payload: &mut Vec<u8>) -> AudioStep;
}

/// What an audio packet is to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioStep {
    /// Ticks of 1/48000 s until the next packet: 960 while there is sound, more in discontinuous transmission.
    pub ticks: u32,
    /// Whether the packet starts a talk spurt.
    pub starts_spurt: bool,
}

/// Frames of a picture, one after the other.
pub trait VideoSource: Send {
    /// Writes the next frame into `frame`, which is empty. With `key_wanted` it is a key frame.
    fn next_frame(&mut self, key_wanted: bool, frame: &mut Vec<u8>) -> VideoStep;
}

/// What a frame is to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoStep {
    /// Ticks of 1/90000 s until the next frame.
    pub ticks: u32,
    /// Whether the frame can be decoded without any other.
    pub key: bool,
    /// Temporal layer: a frame is only referred to by frames of its own or a higher layer.
    pub temporal_layer: u8,
}

/// Files to publish from; whatever is not given is generated.
#[derive(Clone, Debug, Default)]
pub struct MediaFiles {
    /// Ogg Opus for the microphone.
    pub audio: Option<PathBuf>,
    /// IVF with VP8 for the camera: one a layer, lowest first, or one for all layers.
    pub video: Vec<PathBuf>,
    /// IVF with VP8 for the screen.
    pub screen: Option<PathBuf>,
    /// What is generated has the sizes that encoders make and can be checked by who opens it, but no decoder shows it.
    pub traced: bool,
}

impl MediaFiles {
    /// Opens what `source` sends as sound.
    pub(crate) fn audio(&self, source: Source, seed: u64) -> Result<Box<dyn AudioSource>, ClientError> {
        let generated = match source {
            Source::ScreenAudio => GeneratedAudio::continuous(seed),
            _ => GeneratedAudio::speech(seed),
        };
        Ok(match (&self.audio, source) {
            (Some(path), Source::Microphone) => Box::new(OggAudio::open(path)?),
            _ if self.traced => Box::new(TracedAudio::new(generated, seed)),
            _ => Box::new(generated),
        })
    }

    /// Returns the best codec in which `source` is sent. Whoever can send VP9 can send VP8; files are VP8, as what is generated to
    /// be looked at.
    pub(crate) const fn best_codec(&self, source: Source) -> VideoCodec {
        // As browsers do (`web/src/media/offer.ts`).
        match source {
            Source::Screen if self.traced && self.screen.is_none() => VideoCodec::Vp9,
            _ => VideoCodec::Vp8,
        }
    }

    /// Opens what `source` sends as picture in `layer`.
    pub(crate) fn video(
        &self,
        source: Source,
        layer: Layer,
        seed: u64,
    ) -> Result<Box<dyn VideoSource>, ClientError> {
        let path = match source {
            Source::Screen => self.screen.as_ref(),
            _ => self.video.get(layer as usize).or(self.video.last()),
        };
        Ok(match (path, source) {
            (Some(path), _) => Box::new(IvfVideo::open(path)?),
            (None, Source::Screen) if self.traced => Box::new(TracedScreen::new(seed)),
            (None, _) if self.traced => Box::new(TracedCamera::new(layer, seed)),
            (None, Source::Screen) => Box::new(GeneratedVideo::screen(seed)),
            (None, _) => Box::new(GeneratedVideo::camera(layer, seed)),
        })
    }
}
