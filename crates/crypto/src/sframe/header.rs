//! The SFrame header: key id and counter in a config byte and what does not fit into it (RFC 9605 section 4.3).
//!
//! ```text
//!  0 1 2 3 4 5 6 7
//! ┌─┬─────┬─┬─────┬─────────┬─────────┐
//! │X│  K  │Y│  C  │  KID... │  CTR... │      X = 0: K is the KID    X = 1: K + 1 bytes of KID follow
//! └─┴─────┴─┴─────┴─────────┴─────────┘      Y, C: the same of the counter
//! ```
//!
//! A value has one encoding, the shortest; others are refused.

/// Longest header, in bytes.
pub const HEADER_BYTES_MAX: usize = 17;

/// Key id and counter of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Which key.
    pub kid: u64,
    /// Which frame under this key.
    pub ctr: u64,
}

impl Header {
    /// Writes the header at the beginning of `buffer` and returns what was written.
    pub fn encode<'a>(&self, buffer: &'a mut [u8; HEADER_BYTES_MAX]) -> &'a [u8] {
        let mut length = 1;
        buffer[0] = 0;
        for (value, shift) in [(self.kid, 4), (self.ctr, 0)] {
            if value <= INLINE_MAX {
                buffer[0] |= (value as u8) << shift;
                continue;
            }
            let bytes = value.to_be_bytes();
            let significant = &bytes[value.leading_zeros() as usize / 8..];
            buffer[0] |= (EXTENDED | (significant.len() as u8 - 1)) << shift;
            buffer[length..length + significant.len()].copy_from_slice(significant);
            length += significant.len();
        }
        &buffer[..length]
    }

    /// Reads a header from the front of `bytes`; returns it and its length.
    ///
    /// # Errors
    /// [`InvalidHeader`]: the sender's mistake, or somebody's who changed the frame.
    pub fn parse(bytes: &[u8]) -> Result<(Self, usize), InvalidHeader> {
        let (&config, mut rest) = bytes.split_first().ok_or(InvalidHeader::Truncated)?;
        let mut field = |bits: u8| -> Result<u64, InvalidHeader> {
            let low = bits & INLINE_MAX as u8;
            if bits & EXTENDED == 0 {
                return Ok(u64::from(low));
            }
            let (significant, after) =
                rest.split_at_checked(usize::from(low) + 1).ok_or(InvalidHeader::Truncated)?;
            rest = after;
            let value = significant.iter().fold(0, |value, &byte| value << 8 | u64::from(byte));
            // One byte is too long for what fits into the config byte; more are if the first of them is zero.
            if value <= INLINE_MAX || significant[0] == 0 {
                return Err(InvalidHeader::NotMinimal);
            }
            Ok(value)
        };
        let header = Self { kid: field(config >> 4)?, ctr: field(config & 0x0f)? };
        Ok((header, bytes.len() - rest.len()))
    }
}

/// Why bytes are no SFrame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidHeader {
    /// A value is encoded in more bytes than it needs.
    #[error("the header is not in its shortest form")]
    NotMinimal,
    /// The bytes end within the header.
    #[error("the header is truncated")]
    Truncated,
}

/// Greatest value that the config byte holds itself.
const INLINE_MAX: u64 = 7;

/// X or Y: the config byte holds the length instead.
const EXTENDED: u8 = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    #[test]
    fn published_headers_are_written_and_read() {
        let Some(file) = vectors::load("sframe/test-vectors.json") else { return };
        let cases = file["header"].as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let header = Header { kid: case["kid"].as_u64().unwrap(), ctr: case["ctr"].as_u64().unwrap() };
            let encoded = vectors::hex(case, "encoded");
            assert_eq!(header.encode(&mut [0; HEADER_BYTES_MAX]), encoded);
            assert_eq!(Header::parse(&encoded), Ok((header, encoded.len())));
        }
    }

    #[test]
    fn longer_forms_of_a_value_are_refused() {
        let cases: [&[u8]; 5] = [
            &[0x80, 0x07],       // KID 7 in a byte of its own.
            &[0x08, 0x00],       // CTR 0 in a byte of its own.
            &[0x90, 0x00, 0x08], // KID 8 in two bytes.
            &[0x09, 0x00, 0xff], // CTR 255 in two bytes.
            &[0x0f, 0, 1, 1, 1, 1, 1, 1, 1],
        ];
        for bytes in cases {
            assert_eq!(Header::parse(bytes), Err(InvalidHeader::NotMinimal), "{bytes:02x?}");
        }
    }

    #[test]
    fn every_proper_beginning_is_truncated() {
        let mut buffer = [0; HEADER_BYTES_MAX];
        let encoded = Header { kid: u64::MAX, ctr: u64::MAX }.encode(&mut buffer);
        assert_eq!(encoded.len(), HEADER_BYTES_MAX);
        for length in 0..encoded.len() {
            assert_eq!(Header::parse(&encoded[..length]), Err(InvalidHeader::Truncated), "{length}");
        }
    }

    proptest! {
        #[test]
        fn header_survives_its_bytes(kid: u64, ctr: u64, bits in (0..64u32, 0..64u32), rest in prop::collection::vec(any::<u8>(), 0..4)) {
            let header = Header { kid: kid >> bits.0, ctr: ctr >> bits.1 };
            let mut buffer = [0; HEADER_BYTES_MAX];
            let length = header.encode(&mut buffer).len();
            let bytes = [&buffer[..length], &rest].concat();
            prop_assert_eq!(Header::parse(&bytes), Ok((header, length)));
        }

        #[test]
        fn what_is_read_is_written_the_same(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            if let Ok((header, length)) = Header::parse(&bytes) {
                let mut buffer = [0; HEADER_BYTES_MAX];
                prop_assert_eq!(header.encode(&mut buffer), &bytes[..length]);
            }
        }
    }
}
