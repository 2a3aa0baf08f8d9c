//! RFC 4571 framing: how STUN, DTLS and SRTP packets travel over an ICE-TCP connection.
//!
//! Each packet is preceded by its length, 16 bits, big-endian. Pure: bytes in, packets out; no socket.

/// Longest packet accepted, in bytes. What we exchange fits an Ethernet frame; DTLS flights are fragmented
/// to it as well. A longer one is not ours, and accepting it would let a stranger make us hold 64 KiB.
pub const PACKET_BYTES_MAX: usize = 2048;

/// First bytes of a connection that always suffice to tell media from HTTP: the prefix, and of STUN the
/// message type, its length and the magic cookie.
pub const ICE_TCP_HEAD_BYTES: usize = 10;

/// Length of the prefix, in bytes.
const PREFIX_BYTES: usize = 2;

/// The peer announced a packet that is empty or longer than [`PACKET_BYTES_MAX`]; the stream cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a packet of {bytes} bytes over TCP, where 1 to {PACKET_BYTES_MAX} are allowed")]
pub struct InvalidLength {
    /// What was announced.
    pub bytes: usize,
}

/// Cuts a byte stream into packets. Holds at most one packet and one read.
#[derive(Debug, Default)]
pub struct Deframer {
    buffer: Vec<u8>,
    start: usize,
}

impl Deframer {
    /// Appends what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next whole packet, if there is one.
    ///
    /// # Errors
    /// [`InvalidLength`] when the peer announced a length that is not allowed: close the connection.
    pub fn next_packet(&mut self) -> Result<Option<&[u8]>, InvalidLength> {
        let rest = &self.buffer[self.start..];
        let Some((prefix, body)) = rest.split_at_checked(PREFIX_BYTES) else { return Ok(None) };
        let bytes = usize::from(u16::from_be_bytes([prefix[0], prefix[1]]));
        if bytes == 0 || bytes > PACKET_BYTES_MAX {
            return Err(InvalidLength { bytes });
        }
        if body.len() < bytes {
            return Ok(None);
        }
        let packet = self.start + PREFIX_BYTES..self.start + PREFIX_BYTES + bytes;
        self.start = packet.end;
        Ok(Some(&self.buffer[packet]))
    }
}

/// Appends `packet` to `out` with its prefix. Returns whether it fitted; nothing is appended otherwise.
pub fn frame(packet: &[u8], out: &mut Vec<u8>) -> bool {
    let Ok(length) = u16::try_from(packet.len()) else { return false };
    if packet.is_empty() || packet.len() > PACKET_BYTES_MAX {
        return false;
    }
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(packet);
    true
}

/// Returns whether a TCP connection that begins with `head` speaks ICE-TCP rather than HTTP: a framed STUN
/// message (RFC 8489 section 5) starts with a length below 2048 and a message type whose top bits are zero.
/// `None` means that `head` is too short to tell, which [`ICE_TCP_HEAD_BYTES`] never are.
pub fn looks_like_ice_tcp(head: &[u8]) -> Option<bool> {
    const MAGIC_COOKIE: [u8; 4] = 0x2112_A442_u32.to_be_bytes();
    // No HTTP request or TLS record starts with a byte below 8, and every frame we accept does.
    match head.first() {
        None => None,
        Some(first) if usize::from(*first) > PACKET_BYTES_MAX >> 8 => Some(false),
        Some(_) if head.len() < ICE_TCP_HEAD_BYTES => None,
        Some(_) => Some(head[2] & 0xC0 == 0 && head[6..10] == MAGIC_COOKIE),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packets_survive_framing_however_the_stream_is_cut(
            packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..200), 0..20),
            cut in 1_usize..50,
        ) {
            let mut stream = Vec::new();
            for packet in &packets {
                prop_assert!(frame(packet, &mut stream));
            }
            let mut deframer = Deframer::default();
            let mut received = Vec::new();
            for read in stream.chunks(cut) {
                deframer.push(read);
                while let Some(packet) = deframer.next_packet().unwrap() {
                    received.push(packet.to_vec());
                }
            }
            prop_assert_eq!(received, packets);
        }

        #[test]
        fn any_bytes_are_cut_or_refused_without_panic(stream: Vec<u8>) {
            let mut deframer = Deframer::default();
            deframer.push(&stream);
            while let Ok(Some(packet)) = deframer.next_packet() {
                prop_assert!(!packet.is_empty());
            }
            let _ = looks_like_ice_tcp(&stream);
        }
    }

    #[test]
    fn announced_length_beyond_the_limit_is_refused_before_it_is_awaited() {
        let mut deframer = Deframer::default();
        deframer.push(&[0xFF, 0xFF]);
        assert_eq!(deframer.next_packet(), Err(InvalidLength { bytes: 0xFFFF }));
    }

    #[test]
    fn http_and_tls_are_told_from_ice_tcp_by_their_first_bytes() {
        assert_eq!(looks_like_ice_tcp(b"GET / HTTP/1.1"), Some(false));
        assert_eq!(looks_like_ice_tcp(b"P"), Some(false));
        assert_eq!(looks_like_ice_tcp(&[0x16, 3, 1]), Some(false));
        assert_eq!(looks_like_ice_tcp(&[0, 100, 0, 1]), None);
        assert_eq!(looks_like_ice_tcp(&[0, 100, 0, 1, 0, 80, 0x21, 0x12, 0xA4, 0x42]), Some(true));
        assert_eq!(looks_like_ice_tcp(&[0, 100, 0, 1, 0, 80, 0, 0, 0, 0]), Some(false));
    }
}
