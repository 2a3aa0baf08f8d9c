//! The end of streams.
//!
//! Source: RFC 3550 section 6.6.

use super::compound::Malformed;

/// BYE. The reason that may be given is not read.
#[derive(Clone, Copy, Debug)]
pub struct Goodbye<'a> {
    ssrcs: &'a [[u8; 4]],
}

impl<'a> Goodbye<'a> {
    pub(super) fn read(count: u8, body: &'a [u8]) -> Result<Self, Malformed> {
        let (words, _) = body.as_chunks::<4>();
        words.get(..usize::from(count)).map(|ssrcs| Self { ssrcs }).ok_or(Malformed::Count)
    }

    /// Returns the streams that ended, at most 31.
    pub fn ssrcs(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.ssrcs.iter().map(|bytes| u32::from_be_bytes(*bytes))
    }
}
