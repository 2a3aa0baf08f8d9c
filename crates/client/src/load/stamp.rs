//! What a generated frame says, so that whoever opens it can tell whether it is the frame that was sealed.
//!
//! ```text
//!   first byte (the codec's) | stream, 4 bytes | number, 4 bytes | bytes that follow from stream and number
//! ```
//! SFrame refuses what was changed; this finds what was put together wrongly before sealing or after opening.

use crate::source::Random;

/// Bytes before those that can be worked out.
const HEAD_BYTES: usize = 9;

/// Numbers the frames of one stream, and writes them.
#[derive(Clone, Debug)]
pub(crate) struct Stamper {
    stream: u32,
    number: u32,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Byte for byte what the sender wrote.
    Right,
    /// Too short to say anything, as a packet of discontinuous transmission.
    Silent,
    /// Something else.
    Wrong,
}

impl Stamper {
    pub(crate) const fn new(stream: u32) -> Self {
        Self { stream, number: 0 }
    }

    /// Appends the next frame, of `bytes` bytes, that begins with `first`.
    pub(crate) fn write(&mut self, first: u8, bytes: usize, frame: &mut Vec<u8>) {
        frame.push(first);
        let Some(rest) = bytes.checked_sub(HEAD_BYTES) else {
            frame.resize(frame.len() + bytes.saturating_sub(1), 0);
            return;
        };
        frame.extend_from_slice(&self.stream.to_le_bytes());
        frame.extend_from_slice(&self.number.to_le_bytes());
        contents(self.stream, self.number).fill(frame, rest);
        self.number = self.number.wrapping_add(1);
    }
}

/// Says whether an opened frame is one that a [`Stamper`] wrote. `scratch` is overwritten.
pub(crate) fn check(frame: &[u8], scratch: &mut Vec<u8>) -> Check {
    let Some((head, rest)) = frame.split_at_checked(HEAD_BYTES) else { return Check::Silent };
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    scratch.clear();
    contents(word(1), word(5)).fill(scratch, rest.len());
    if scratch == rest { Check::Right } else { Check::Wrong }
}

const fn contents(stream: u32, number: u32) -> Random {
    Random::new((stream as u64) << 32 | number as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_right_and_anything_else_is_wrong(
            stream: u32,
            bytes in 10_usize..3_000,
            at in any::<prop::sample::Index>(),
            flip in 1_u8..,
        ) {
            let mut stamper = Stamper::new(stream);
            let (mut frame, mut scratch) = (Vec::new(), Vec::new());
            stamper.write(0x10, bytes, &mut Vec::new());
            stamper.write(0x10, bytes, &mut frame);
            prop_assert_eq!(frame.len(), bytes);
            prop_assert_eq!(check(&frame, &mut scratch), Check::Right);
            // The last byte depends on everything before it; the first is the codec's.
            let at = HEAD_BYTES + at.index(bytes - HEAD_BYTES);
            frame[at] ^= flip;
            prop_assert_eq!(check(&frame, &mut scratch), Check::Wrong);
        }
    }

    #[test]
    fn parts_of_two_frames_are_wrong_and_silence_says_nothing() {
        let (mut one, mut two, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
        let mut stamper = Stamper::new(7);
        stamper.write(1, 100, &mut one);
        stamper.write(1, 100, &mut two);
        one.truncate(50);
        one.extend_from_slice(&two[50..]);
        assert_eq!(check(&one, &mut scratch), Check::Wrong);

        let mut silence = Vec::new();
        stamper.write(0x78, 1, &mut silence);
        assert_eq!((silence.as_slice(), check(&silence, &mut scratch)), (&[0x78][..], Check::Silent));
    }
}
