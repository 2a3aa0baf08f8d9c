//! Frames that a VP8 decoder accepts, of the size that a real encoder would make.
//!
//! VP8's arithmetic decoder reads zero bits from zero bytes whatever the probabilities, and a header of
//! zeros is a valid one: no segments, no filter, lowest quantiser, no updates. Every macroblock is then
//! predicted from its neighbours, and the coefficients are whatever the second partition says. Random bytes
//! there are valid coefficients too, so the start of it is random, which shows as a moving pattern at the
//! top of a grey picture, and the rest zero. Frames refer to no other, so any of them may be lost; but only
//! those marked as key frames can start a stream.
//!
//! Source: RFC 6386 sections 7 (decoder), 9 (header), 19.2 (order of fields).

use sabha_protocol::Layer;

use super::{VIDEO_TICKS, VideoSource, VideoStep, random::Random};

/// Bytes of the first partition: a fixed part and five for every four macroblocks, enough zeros for the
/// header's 1100 or so flags and each block's modes, so that no decoder runs out of data. An intra macroblock
/// of an inter frame costs ten bits (eight for the choice, at the probability of zero that the header's
/// zeros mean; two for the modes, RFC 6386 section 16.1).
const HEADER_BYTES: usize = 64;

const fn mode_bytes(macroblocks: usize) -> usize {
    HEADER_BYTES + macroblocks * 5 / 4
}

/// Bytes of zeros in the second partition: 25 blocks that end at once cost under six bits, and the fixed
/// part covers what the random start leaves behind.
const fn token_bytes(macroblocks: usize) -> usize {
    HEADER_BYTES + macroblocks * 3 / 4
}

/// Random bytes per frame at least, so that every frame differs.
const PATTERN_BYTES_MIN: usize = 100;

/// Random bytes per frame at most, so that decoding stays as cheap as for a real picture.
const PATTERN_BYTES_MAX: usize = 1_500;

/// Generated pictures at a fixed rate.
#[derive(Clone, Debug)]
pub struct GeneratedVideo {
    shape: Shape,
    random: Random,
    frames: u64,
}

/// What the encoder would be configured with.
#[derive(Clone, Copy, Debug)]
struct Shape {
    width: u16,
    height: u16,
    frames_per_second: u32,
    /// Bytes of a key frame and of others, each plus or minus a quarter.
    key_bytes: u32,
    delta_bytes: u32,
    temporal_layers: u8,
}

impl GeneratedVideo {
    /// Returns a camera's picture in this layer: 320 × 180 at 15, 640 × 360 at 30 or 1280 × 720 at 30
    /// frames per second, 150, 600 or 1700 kbit/s, two temporal layers.
    pub const fn camera(layer: Layer, seed: u64) -> Self {
        let shape = match layer {
            Layer::Low => Shape::camera(320, 180, 15, 6_000, 1_250),
            Layer::Medium => Shape::camera(640, 360, 30, 16_000, 2_400),
            Layer::High => Shape::camera(1280, 720, 30, 45_000, 7_000),
        };
        Self { shape, random: Random::new(seed), frames: 0 }
    }

    /// Returns a shared screen's picture: 1920 × 1080 at 5 frames per second, about 800 kbit/s.
    pub const fn screen(seed: u64) -> Self {
        let shape = Shape {
            width: 1920,
            height: 1080,
            frames_per_second: 5,
            key_bytes: 90_000,
            delta_bytes: 20_000,
            temporal_layers: 1,
        };
        Self { shape, random: Random::new(seed), frames: 0 }
    }
}

impl Shape {
    const fn camera(
        width: u16,
        height: u16,
        frames_per_second: u32,
        key_bytes: u32,
        delta_bytes: u32,
    ) -> Self {
        Self { width, height, frames_per_second, key_bytes, delta_bytes, temporal_layers: 2 }
    }

    fn macroblocks(self) -> usize {
        usize::from(self.width.div_ceil(16)) * usize::from(self.height.div_ceil(16))
    }
}

impl VideoSource for GeneratedVideo {
    fn next_frame(&mut self, key_wanted: bool, frame: &mut Vec<u8>) -> VideoStep {
        let key = key_wanted || self.frames == 0;
        let mean = if key { self.shape.key_bytes } else { self.shape.delta_bytes };
        let bytes = self.random.between(mean * 3 / 4, mean * 5 / 4) as usize;
        write_frame(self.shape, key, bytes, &mut self.random, frame);
        let base = key || self.frames.is_multiple_of(u64::from(self.shape.temporal_layers));
        self.frames += 1;
        VideoStep { ticks: VIDEO_TICKS / self.shape.frames_per_second, key, temporal_layer: u8::from(!base) }
    }
}

/// Writes a frame of `bytes` bytes, or of as many as a decoder needs if that is more.
fn write_frame(shape: Shape, key: bool, bytes: usize, random: &mut Random, frame: &mut Vec<u8>) {
    let macroblocks = shape.macroblocks();
    let first_partition = mode_bytes(macroblocks);
    // RFC 6386 section 9.1: 0 for a key frame, version 0, shown, then 19 bits of the first partition's size.
    let tag = u32::from(!key) | 1 << 4 | (first_partition as u32) << 5;
    frame.extend_from_slice(&tag.to_le_bytes()[..3]);
    if key {
        frame.extend_from_slice(&[0x9d, 0x01, 0x2a]);
        frame.extend_from_slice(&shape.width.to_le_bytes());
        frame.extend_from_slice(&shape.height.to_le_bytes());
    }
    frame.resize(frame.len() + first_partition, 0);
    let zeros = token_bytes(macroblocks);
    let spare = bytes.saturating_sub(frame.len() + zeros);
    let pattern = spare.clamp(PATTERN_BYTES_MIN, PATTERN_BYTES_MAX);
    random.fill(frame, pattern);
    frame.resize(bytes.max(frame.len() + zeros), 0);
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, process};

    use super::*;

    #[test]
    fn rate_and_layers_are_those_of_a_simulcast_encoder() {
        for (layer, fps, kbps) in [(Layer::Low, 15, 150), (Layer::Medium, 30, 580), (Layer::High, 30, 1_680)]
        {
            let mut source = GeneratedVideo::camera(layer, 3);
            let mut bytes = 0;
            for index in 0..fps * 10 {
                let mut frame = Vec::new();
                let step = source.next_frame(false, &mut frame);
                assert_eq!((step.key, step.ticks), (index == 0, 90_000 / fps));
                assert_eq!(u32::from(step.temporal_layer), index % 2);
                assert_eq!(frame[0] & 1, u8::from(!step.key));
                bytes += frame.len();
            }
            let measured = bytes * 8 / 10_000;
            assert!((kbps * 3 / 4..kbps * 5 / 3).contains(&measured), "{layer:?}: {measured} kbit/s");
        }
    }

    #[test]
    fn key_frame_comes_when_wanted() {
        let mut source = GeneratedVideo::screen(1);
        source.next_frame(false, &mut Vec::new());

        let mut frame = Vec::new();
        let step = source.next_frame(true, &mut frame);

        assert!(step.key);
        assert_eq!(&frame[3..10], &[0x9d, 0x01, 0x2a, 0x80, 0x07, 0x38, 0x04], "start code, 1920, 1080");
    }

    #[test]
    fn a_real_decoder_shows_every_frame_without_complaint() {
        for layer in Layer::ALL {
            let mut source = GeneratedVideo::camera(layer, 9);
            let frames: Vec<Vec<u8>> = (0..20)
                .map(|index| {
                    let mut frame = Vec::new();
                    source.next_frame(index == 10, &mut frame);
                    frame
                })
                .collect();
            let Some(hashes) = decode(source.shape, &frames) else { return };

            assert_eq!(hashes.len(), frames.len(), "{layer:?}");
            for pair in hashes.windows(2) {
                assert_ne!(pair[0], pair[1], "{layer:?}: the picture moves");
            }
        }
    }

    /// Returns a hash of each decoded frame, or `None`, said aloud, where there is no ffmpeg.
    fn decode(shape: Shape, frames: &[Vec<u8>]) -> Option<Vec<String>> {
        let mut file = tempfile::NamedTempFile::with_suffix(".ivf").unwrap();
        file.write_all(&super::super::ivf::write(shape.width, shape.height, 30, frames)).unwrap();
        let output = process::Command::new("ffmpeg")
            .args(["-v", "warning", "-xerror", "-c:v", "libvpx", "-i"])
            .arg(file.path())
            .args(["-f", "framemd5", "-"])
            .output();
        let Ok(output) = output else {
            println!("skipped: there is no ffmpeg on this machine");
            return None;
        };
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && complaints.is_empty(), "{complaints}");
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Some(lines.map(|line| line.rsplit(',').next().unwrap_or_default().to_owned()).collect())
    }
}
