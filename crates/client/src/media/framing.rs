//! Packets on a TCP connection: a 16-bit length, then the packet (RFC 4571 section 2).

/// Bytes of the length before each packet.
const LENGTH_BYTES: usize = 2;

/// Appends `packet` to `out` in its frame. Returns `false`, and appends nothing, if it is longer than 65535 bytes.
pub fn frame(packet: &[u8], out: &mut Vec<u8>) -> bool {
    let Ok(length) = u16::try_from(packet.len()) else { return false };
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(packet);
    true
}

/// Cuts a byte stream into packets.
///
/// Holds at most one unfinished frame and what was pushed since, so at most 64 KiB and one read, provided
/// that every packet is taken before the next push.
#[derive(Debug, Default)]
pub struct Deframer {
    buffer: Vec<u8>,
    taken: usize,
}

impl Deframer {
    /// Takes what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next whole packet. Empty ones are legal and skipped.
    pub fn next_packet(&mut self) -> Option<&[u8]> {
        loop {
            let rest = &self.buffer[self.taken..];
            let (length, rest) = rest.split_first_chunk::<LENGTH_BYTES>()?;
            let length = usize::from(u16::from_be_bytes(*length));
            if rest.len() < length {
                return None;
            }
            let start = self.taken + LENGTH_BYTES;
            self.taken = start + length;
            if length > 0 {
                return Some(&self.buffer[start..start + length]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packets_survive_any_cut_of_the_stream(
            packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..20),
            cut in 1_usize..97,
        ) {
            let mut stream = Vec::new();
            for packet in &packets {
                prop_assert!(frame(packet, &mut stream));
            }

            let mut deframer = Deframer::default();
            let mut out = Vec::new();
            for piece in stream.chunks(cut) {
                deframer.push(piece);
                while let Some(packet) = deframer.next_packet() {
                    out.push(packet.to_vec());
                }
            }

            prop_assert_eq!(out, packets);
        }
    }

    #[test]
    fn packet_beyond_the_length_field_is_not_framed() {
        let mut out = Vec::new();
        assert!(!frame(&vec![0; 65_536], &mut out));
        assert!(out.is_empty());
    }

    #[test]
    fn empty_frame_is_skipped() {
        let mut deframer = Deframer::default();
        deframer.push(&[0, 0, 0, 1, 9]);
        assert_eq!(deframer.next_packet(), Some(&[9][..]));
        assert_eq!(deframer.next_packet(), None);
    }
}
