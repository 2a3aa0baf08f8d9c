//! Frames of the sizes that an encoder makes, one after the other, from a seed.
//!
//! What matters to whoever forwards is how many packets come when, and that follows from the sizes: a key frame is
//! several times as large as others, and is paid back by smaller ones after it, as the encoder's rate control does; the
//! lower of two temporal layers is larger; movement comes and goes slowly, and now and then there is a jolt. A screen is
//! still most of the time, scrolls for a while, and sometimes shows something else altogether. Nobody decodes these
//! frames: what is in them is a [`Stamper`]'s.
//!
//! Rates are those of the web client (`web/src/media/offer.ts`): 150, 500 and 1700 kbit/s for a camera's layers, two
//! temporal layers; at most 2500 kbit/s for a screen.

use sabha_protocol::Layer;

use super::stamp::Stamper;
use crate::source::{AudioSource, AudioStep, GeneratedAudio, Random, VIDEO_TICKS, VideoSource, VideoStep};

/// First byte of a VP8 frame (RFC 6386 section 9.1): shown, version 0, and the lowest bit says that it is no key frame.
const VP8_KEY: u8 = 0x10;
const VP8_DELTA: u8 = 0x11;

/// Smallest frame: its header, when nothing moves.
const FRAME_BYTES_MIN: i64 = 60;

/// A key frame, in mean frames.
const KEY_FACTOR: i64 = 6;

/// A frame of the lower and of the higher temporal layer, in hundredths of a mean frame.
const TEMPORAL_PERCENT: [i64; 2] = [120, 80];

/// A camera's picture.
#[derive(Clone, Debug)]
pub(crate) struct TracedCamera {
    stamper: Stamper,
    random: Random,
    frames_per_second: u32,
    /// Bytes of a mean frame.
    mean: i64,
    /// Movement, in hundredths.
    activity: i64,
    /// Bytes sent beyond the rate so far.
    debt: i64,
    frames: u64,
}

impl TracedCamera {
    pub(crate) const fn new(layer: Layer, seed: u64) -> Self {
        let (frames_per_second, bits_per_second) = match layer {
            Layer::Low => (15, 150_000),
            Layer::Medium => (30, 500_000),
            Layer::High => (30, 1_700_000),
        };
        Self {
            stamper: Stamper::new(seed as u32),
            random: Random::new(seed),
            frames_per_second,
            mean: bits_per_second / 8 / frames_per_second as i64,
            activity: 100,
            debt: 0,
            frames: 0,
        }
    }

    fn frame_bytes(&mut self, key: bool, layer: usize) -> i64 {
        let mut between = |low: u32, high: u32| i64::from(self.random.between(low, high));
        // Towards the mean, by small steps.
        self.activity = (self.activity + between(0, 13) - 6 + (100 - self.activity) / 16).clamp(70, 140);
        let noise = between(35, 66) + between(35, 66);
        let jolt = if between(0, 100) == 0 { 200 } else { 100 };
        let wanted =
            self.mean * TEMPORAL_PERCENT[layer] / 100 * self.activity / 100 * noise / 100 * jolt / 100;
        let bytes = if key {
            self.mean * KEY_FACTOR * noise / 100
        } else {
            wanted - (self.debt / 8).clamp(-self.mean / 4, self.mean * 2 / 5)
        };
        let bytes = bytes.max(FRAME_BYTES_MIN);
        // An encoder's buffer is bounded: who asks for key frame after key frame gets more than the rate.
        let second = self.mean * i64::from(self.frames_per_second);
        self.debt = (self.debt + bytes - self.mean).clamp(-second, second);
        bytes
    }
}

impl VideoSource for TracedCamera {
    fn next_frame(&mut self, key_wanted: bool, frame: &mut Vec<u8>) -> VideoStep {
        let key = key_wanted || self.frames == 0;
        let layer = if key { 0 } else { (self.frames % 2) as usize };
        self.frames += 1;
        let bytes = self.frame_bytes(key, layer);
        self.stamper.write(first_byte(key), bytes as usize, frame);
        VideoStep { ticks: VIDEO_TICKS / self.frames_per_second, key, temporal_layer: layer as u8 }
    }
}

/// A shared screen: ten frames a second.
#[derive(Clone, Debug)]
pub(crate) struct TracedScreen {
    stamper: Stamper,
    random: Random,
    /// Frames for which it goes on scrolling.
    scrolling: u32,
    frames: u64,
}

const SCREEN_FRAMES_PER_SECOND: u32 = 10;

/// A screen that shows something else, and a key frame, in bytes.
const SCREEN_WHOLE_BYTES: (u32, u32) = (60_000, 150_000);

/// A frame of scrolling: 1.2 to 2.4 Mbit/s.
const SCREEN_SCROLL_BYTES: (u32, u32) = (15_000, 30_000);

/// A frame in which somebody types, or the pointer moves.
const SCREEN_STILL_BYTES: (u32, u32) = (60, 1_500);

impl TracedScreen {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { stamper: Stamper::new(seed as u32), random: Random::new(seed), scrolling: 0, frames: 0 }
    }
}

impl VideoSource for TracedScreen {
    fn next_frame(&mut self, key_wanted: bool, frame: &mut Vec<u8>) -> VideoStep {
        let key = key_wanted || self.frames == 0;
        self.frames += 1;
        // Every twelve seconds on average something else is shown, and every six it scrolls for one to three.
        let whole = key || self.random.between(0, 120) == 0;
        if self.random.between(0, 60) == 0 {
            self.scrolling = self.random.between(10, 31);
        }
        let (low, high) = match (whole, self.scrolling) {
            (true, _) => SCREEN_WHOLE_BYTES,
            (false, 1..) => SCREEN_SCROLL_BYTES,
            (false, 0) => SCREEN_STILL_BYTES,
        };
        self.scrolling = self.scrolling.saturating_sub(1);
        let bytes = self.random.between(low, high) as usize;
        self.stamper.write(first_byte(key), bytes, frame);
        VideoStep { ticks: VIDEO_TICKS / SCREEN_FRAMES_PER_SECOND, key, temporal_layer: 0 }
    }
}

/// Sound with the rhythm of [`GeneratedAudio`], spurts and discontinuous transmission included, that can be checked.
#[derive(Clone, Debug)]
pub(crate) struct TracedAudio {
    stamper: Stamper,
    rhythm: GeneratedAudio,
}

impl TracedAudio {
    pub(crate) const fn new(rhythm: GeneratedAudio, seed: u64) -> Self {
        Self { stamper: Stamper::new(seed as u32), rhythm }
    }
}

impl AudioSource for TracedAudio {
    fn next_packet(&mut self, payload: &mut Vec<u8>) -> AudioStep {
        let step = self.rhythm.next_packet(payload);
        let (first, bytes) = (payload.first().copied().unwrap_or_default(), payload.len());
        payload.clear();
        self.stamper.write(first, bytes, payload);
        step
    }
}

const fn first_byte(key: bool) -> u8 {
    if key { VP8_KEY } else { VP8_DELTA }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::stamp::{Check, check};

    fn sizes(source: &mut impl VideoSource, frames: usize) -> Vec<usize> {
        let mut scratch = Vec::new();
        (0..frames)
            .map(|index| {
                let mut frame = Vec::new();
                let step = source.next_frame(false, &mut frame);
                assert_eq!(step.key, index == 0);
                assert_eq!(frame[0] & 1, u8::from(!step.key));
                assert_eq!(check(&frame, &mut scratch), Check::Right);
                frame.len()
            })
            .collect()
    }

    #[test]
    fn camera_keeps_its_rate_pays_for_its_key_frame_and_varies() {
        for (layer, fps, kbps) in [(Layer::Low, 15, 150), (Layer::Medium, 30, 500), (Layer::High, 30, 1_700)]
        {
            let sizes = sizes(&mut TracedCamera::new(layer, 5), fps * 20);
            let rate = sizes.iter().sum::<usize>() * 8 / 20_000;
            assert!((kbps * 95 / 100..kbps * 105 / 100).contains(&rate), "{layer:?}: {rate} kbit/s");
            let mean = kbps * 1_000 / 8 / fps;
            assert!(sizes[0] > 4 * mean, "{layer:?}: the key frame has {} bytes", sizes[0]);
            let after: usize = sizes[1..fps / 2].iter().sum();
            assert!(after < (fps / 2 - 1) * mean, "{layer:?}: the frames after it are smaller");
            let (least, most) = (sizes[fps..].iter().min().unwrap(), sizes[fps..].iter().max().unwrap());
            assert!(most > &(3 * least), "{layer:?}: from {least} to {most}");
        }
    }

    #[test]
    fn camera_is_back_at_its_rate_soon_after_many_key_frames() {
        let mut camera = TracedCamera::new(Layer::High, 5);
        for _ in 0..100 {
            assert!(camera.next_frame(true, &mut Vec::new()).key);
        }
        let mut bytes = |frames| {
            let frame = |_| {
                let mut frame = Vec::new();
                camera.next_frame(false, &mut frame);
                frame.len()
            };
            (0..frames).map(frame).sum::<usize>()
        };
        bytes(30 * 8);
        let rate = bytes(30 * 10) * 8 / 10_000;
        assert!((1_600..1_800).contains(&rate), "{rate} kbit/s");
    }

    #[test]
    fn screen_is_still_most_of_the_time_and_within_its_rate() {
        let sizes = sizes(&mut TracedScreen::new(3), 6_000);
        let still = sizes.iter().filter(|bytes| **bytes < 1_500).count();
        assert!((3_000..5_700).contains(&still), "{still} of 6000");
        let rate = sizes.iter().sum::<usize>() * 8 / 600_000;
        assert!((200..2_500).contains(&rate), "{rate} kbit/s");
    }

    #[test]
    fn sound_keeps_its_rhythm() {
        let mut traced = TracedAudio::new(GeneratedAudio::speech(4), 4);
        let mut plain = GeneratedAudio::speech(4);
        let (mut payload, mut other) = (Vec::new(), Vec::new());
        for _ in 0..500 {
            payload.clear();
            other.clear();
            assert_eq!(traced.next_packet(&mut payload), plain.next_packet(&mut other));
            assert_eq!((payload.len(), payload[0]), (other.len(), other[0]));
        }
    }
}
