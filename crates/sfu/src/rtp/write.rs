//! Writes the header of what is sent to one receiver.
//!
//! It has one extension, the transport-wide sequence number, and so the same length in every packet: packets of a
//! frame stay equally long, which lets them leave in one system call. The receiver knows the stream by its SSRC, which
//! the answer names.

use super::FIXED;

/// Bytes of every header written here.
pub(crate) const HEADER_BYTES: usize = FIXED + 8;

/// The header of a packet that is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing {
    pub(crate) marker: bool,
    /// The payload ends with padding, whose last byte says how much.
    pub(crate) has_padding: bool,
    pub(crate) payload_type: u8,
    pub(crate) seq: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    /// Number of the extension, and its value.
    pub(crate) transport_seq: Option<(u8, u16)>,
}

impl Outgoing {
    /// Appends the header to `buffer`. Without the extension it has the same length: an empty block of one word.
    pub(crate) fn write(&self, buffer: &mut Vec<u8>) {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0] = 0x90 | u8::from(self.has_padding) << 5;
        bytes[1] = u8::from(self.marker) << 7 | self.payload_type & 0x7f;
        bytes[2..4].copy_from_slice(&self.seq.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        bytes[12..16].copy_from_slice(&[0xbe, 0xde, 0, 1]);
        if let Some((id, value)) = self.transport_seq {
            bytes[16] = id << 4 | 1;
            bytes[17..19].copy_from_slice(&value.to_be_bytes());
        }
        buffer.extend_from_slice(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtp::{Header, Ids};

    proptest! {
        #[test]
        fn what_is_written_is_read(
            marker: bool,
            has_padding: bool,
            payload_type in 0u8..128,
            seq: u16,
            timestamp: u32,
            ssrc: u32,
            transport_seq in prop::option::of((1u8..15, any::<u16>())),
        ) {
            let mut buffer = vec![1, 2, 3];
            Outgoing { marker, has_padding, payload_type, seq, timestamp, ssrc, transport_seq }.write(&mut buffer);
            let ids = Ids { transport_seq: transport_seq.map(|(id, _)| id), ..Ids::default() };
            let header = Header::parse(&buffer[3..], &ids).unwrap();
            prop_assert_eq!(header.bytes, HEADER_BYTES);
            prop_assert_eq!((header.marker, header.has_padding), (marker, has_padding));
            prop_assert_eq!((header.payload_type, header.seq), (payload_type, seq));
            prop_assert_eq!((header.timestamp, header.ssrc), (timestamp, ssrc));
            prop_assert_eq!(header.transport_seq, transport_seq.map(|(_, value)| value));
        }
    }
}
