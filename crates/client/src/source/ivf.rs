//! VP8 from an IVF file, played in a loop.
//!
//! IVF is a header of 32 bytes and then frames, each after 12 bytes of size and time stamp, little-endian
//! (<https://wiki.multimedia.cx/index.php/Duck_IVF>). The whole file is in memory.

use std::{fs, io::Read as _, ops::Range, path::Path, sync::Arc};

use super::{VIDEO_TICKS, VideoSource, VideoStep};
use crate::error::ClientError;

/// Longest file, in bytes: five minutes at 1.7 Mbit/s. A clip for a test is a few seconds.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

const FILE_HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 12;

/// A clip. Cloning shares the bytes.
#[derive(Clone, Debug)]
pub struct IvfVideo {
    bytes: Arc<[u8]>,
    frames: Arc<[Range<usize>]>,
    ticks: u32,
    next: usize,
}

impl IvfVideo {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ClientError::MediaFile`] when it cannot be read, is not IVF with VP8, or starts without a key frame.
    pub fn open(path: &Path) -> Result<Self, ClientError> {
        let failed = |reason: String| ClientError::MediaFile { path: path.to_owned(), reason };
        let mut bytes = Vec::new();
        let file = fs::File::open(path).map_err(|error| failed(error.to_string()))?;
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(failed(format!("it is longer than {FILE_BYTES_MAX} bytes")));
        }
        Self::parse(bytes.into()).map_err(|reason| failed(reason.to_owned()))
    }

    fn parse(bytes: Arc<[u8]>) -> Result<Self, &'static str> {
        let header = bytes.get(..FILE_HEADER_BYTES).ok_or("it is shorter than an IVF header")?;
        if &header[..4] != b"DKIF" || &header[8..12] != b"VP80" {
            return Err("it is not IVF with VP8");
        }
        let rate = u32::from_le_bytes([header[16], header[17], header[18], header[19]]);
        let scale = u32::from_le_bytes([header[20], header[21], header[22], header[23]]);
        let ticks = u64::from(VIDEO_TICKS) * u64::from(scale) / u64::from(rate.max(1));
        // One frame a minute to 240 a second.
        let ticks = u32::try_from(ticks)
            .ok()
            .filter(|ticks| (VIDEO_TICKS / 240..=VIDEO_TICKS * 60).contains(ticks))
            .ok_or("its frame rate is out of bounds")?;
        let mut frames = Vec::new();
        let mut at = FILE_HEADER_BYTES;
        while let Some(header) = bytes.get(at..at + FRAME_HEADER_BYTES) {
            let size = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
            let start = at + FRAME_HEADER_BYTES;
            // A clip that was cut off ends with its last whole frame.
            let Some(end) = start.checked_add(size).filter(|end| *end <= bytes.len()) else { break };
            if size > 0 {
                frames.push(start..end);
            }
            at = end;
        }
        let first = frames.first().ok_or("it has no frame")?;
        if bytes[first.start] & 1 != 0 {
            return Err("its first frame is no key frame");
        }
        Ok(Self { frames: frames.into(), bytes, ticks, next: 0 })
    }

    fn is_key(&self, index: usize) -> bool {
        self.bytes[self.frames[index].start] & 1 == 0
    }
}

impl VideoSource for IvfVideo {
    fn next_frame(&mut self, key_wanted: bool, frame: &mut Vec<u8>) -> VideoStep {
        if key_wanted {
            // The next key frame of the clip, around its end if need be; the first frame is one.
            let count = self.frames.len();
            let ahead = (0..count).find(|ahead| self.is_key((self.next + ahead) % count));
            self.next = (self.next + ahead.unwrap_or(0)) % count;
        }
        let index = self.next;
        frame.extend_from_slice(&self.bytes[self.frames[index].clone()]);
        self.next = (index + 1) % self.frames.len();
        VideoStep { ticks: self.ticks, key: self.is_key(index), temporal_layer: 0 }
    }
}

/// Writes a clip, for tests.
#[cfg(test)]
pub(super) fn write(width: u16, height: u16, frames_per_second: u32, frames: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"DKIF\0\0\x20\0VP80".to_vec();
    out.extend_from_slice(&width.to_le_bytes());
    out.extend_from_slice(&height.to_le_bytes());
    out.extend_from_slice(&frames_per_second.to_le_bytes());
    out.extend_from_slice(&1_u32.to_le_bytes());
    out.extend_from_slice(&(frames.len() as u32).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    for (index, frame) in frames.iter().enumerate() {
        out.extend_from_slice(&(frame.len() as u32).to_le_bytes());
        out.extend_from_slice(&(index as u64).to_le_bytes());
        out.extend_from_slice(frame);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clip(first_bytes: &[u8]) -> IvfVideo {
        let frames: Vec<Vec<u8>> = first_bytes.iter().map(|first| vec![*first; 9]).collect();
        IvfVideo::parse(write(16, 16, 25, &frames).into()).unwrap()
    }

    fn play(clip: &mut IvfVideo, key_wanted: bool) -> (u8, bool) {
        let mut frame = Vec::new();
        let step = clip.next_frame(key_wanted, &mut frame);
        (frame[0], step.key)
    }

    #[test]
    fn clip_plays_in_a_loop_at_its_rate() {
        let mut clip = clip(&[0, 3, 5]);
        let mut frame = Vec::new();
        assert_eq!(clip.next_frame(false, &mut frame).ticks, 3_600);
        assert_eq!([play(&mut clip, false), play(&mut clip, false)], [(3, false), (5, false)]);
        assert_eq!(play(&mut clip, false), (0, true));
    }

    #[test]
    fn wanted_key_frame_is_the_next_one_of_the_clip() {
        let mut clip = clip(&[0, 3, 5, 8, 11]);
        play(&mut clip, false);
        assert_eq!(play(&mut clip, true), (8, true));
        assert_eq!(play(&mut clip, true), (0, true), "around the end");
    }

    proptest! {
        #[test]
        fn damaged_clip_is_refused_or_played_without_panic(cut in 0_usize..200, flip in 0_usize..150, by: u8) {
            let frames = vec![vec![0; 40], vec![1; 40]];
            let mut bytes = write(16, 16, 25, &frames);
            bytes.truncate(cut);
            if let Some(byte) = bytes.get_mut(flip) {
                *byte ^= by;
            }
            if let Ok(mut clip) = IvfVideo::parse(bytes.into()) {
                for _ in 0..4 {
                    clip.next_frame(true, &mut Vec::new());
                }
            }
        }
    }
}
