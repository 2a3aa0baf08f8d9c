//! Says, from its bytes alone, to whom a datagram belongs.
//!
//! Datagrams of STUN, DTLS and SRTP share one socket and are told apart by their first byte (RFC 7983).
//! A STUN Binding request names in its USERNAME (RFC 8445 section 7.2.2) the ufrag that we chose for the
//! connection, and we write the shard's index into it; everything else can only be recognised by its
//! source address, once a Binding request has proven it. Nothing here is authenticated: a forged request
//! reaches the shard it names and is refused there.

use crate::io::ShardIndex;

/// What every ufrag of this version of Sabha starts with; the shard's index follows in two hexadecimal digits.
const UFRAG_PREFIX: &[u8] = b"s1";
/// Longest ufrag of ours. RFC 8445 allows 256 characters; ours are much shorter.
const UFRAG_BYTES_MAX: usize = 64;

const STUN_HEADER_BYTES: usize = 20;
const STUN_BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const STUN_MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const STUN_USERNAME: u16 = 0x0006;
/// Attributes looked at before giving up. Browsers send USERNAME first or second, of about eight.
const STUN_ATTRIBUTES_MAX: usize = 16;

/// A receiver report without a block (RFC 3550 section 6.4.2): its header, and how long it is once SRTCP with AES-GCM has
/// put its tag and index behind it and the SSRC, which stays clear (RFC 7714 section 9.3).
const EMPTY_REPORT: [u8; 4] = [0x80, 201, 0, 1];
const EMPTY_REPORT_BYTES: usize = 8 + 16 + 4;

/// To whom a datagram belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    /// A STUN Binding request for a connection of this shard.
    Binding(ShardIndex),
    /// DTLS, SRTP or SRTCP: belongs to whichever shard knows its source address.
    Established,
    /// A report in which there is nothing: to whom it belongs makes no difference.
    Nothing,
    /// What no client of ours sends.
    Junk,
}

/// Returns to whom `packet` belongs. Reads at most the first 16 STUN attributes and never panics.
///
/// Source: RFC 7983 section 7 for the first byte, RFC 8489 sections 5 and 14 for STUN.
pub fn steer(packet: &[u8]) -> Steer {
    match packet.first() {
        Some(0..=3) => ufrag(packet).and_then(shard_of).map_or(Steer::Junk, Steer::Binding),
        Some(20..=63) if packet.len() >= 13 => Steer::Established,
        Some(128..=191) if says_nothing(packet) => Steer::Nothing,
        Some(128..=191) if packet.len() >= 12 => Steer::Established,
        _ => Steer::Junk,
    }
}

/// Returns whether `packet` is a report in which there is nothing, as far as can be told without a key: it has no room for
/// more. Chromium sends one a second for each slot to which nothing comes. Whether it is authentic does not matter either:
/// that a client is there is shown by its checks of consent.
pub(crate) fn says_nothing(packet: &[u8]) -> bool {
    packet.len() == EMPTY_REPORT_BYTES && packet.starts_with(&EMPTY_REPORT)
}

/// Returns the local ufrag that a STUN Binding request names, or `None` if `packet` is not one.
pub(crate) fn ufrag(packet: &[u8]) -> Option<&str> {
    let header = packet.get(..STUN_HEADER_BYTES)?;
    let body = &packet[STUN_HEADER_BYTES..];
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if header[..2] != STUN_BINDING_REQUEST || header[4..8] != STUN_MAGIC_COOKIE || length != body.len() {
        return None;
    }

    let mut rest = body;
    for _ in 0..STUN_ATTRIBUTES_MAX {
        let (head, tail) = rest.split_at_checked(4)?;
        let kind = u16::from_be_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let value = tail.get(..length)?;
        if kind == STUN_USERNAME {
            let end = value.iter().position(|byte| *byte == b':')?;
            return std::str::from_utf8(value.get(..end.min(UFRAG_BYTES_MAX))?).ok();
        }
        rest = tail.get(length.next_multiple_of(4)..)?;
    }
    None
}

/// Returns the ufrag of a connection of `shard`, made unguessable by `random`.
pub(crate) fn ufrag_for(shard: ShardIndex, random: &str) -> String {
    let prefix = std::str::from_utf8(UFRAG_PREFIX).unwrap_or_default();
    format!("{prefix}{:02x}{random}", shard.0)
}

/// Returns the shard that is written in a ufrag of ours.
fn shard_of(ufrag: &str) -> Option<ShardIndex> {
    let digits = ufrag.as_bytes().strip_prefix(UFRAG_PREFIX)?.get(..2)?;
    if !digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok().map(ShardIndex)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn binding_request(username: &str) -> Vec<u8> {
        let padded = username.len().next_multiple_of(4);
        let mut packet = STUN_BINDING_REQUEST.to_vec();
        packet.extend((4 + padded as u16).to_be_bytes());
        packet.extend(STUN_MAGIC_COOKIE);
        packet.extend([7; 12]);
        packet.extend(STUN_USERNAME.to_be_bytes());
        packet.extend((username.len() as u16).to_be_bytes());
        packet.extend(username.as_bytes());
        packet.resize(STUN_HEADER_BYTES + 4 + padded, 0);
        packet
    }

    proptest! {
        #[test]
        fn binding_request_reaches_the_shard_that_chose_its_ufrag(shard: u8, random in "[a-zA-Z0-9]{4,24}") {
            let ufrag = ufrag_for(ShardIndex(shard), &random);
            let packet = binding_request(&format!("{ufrag}:theirs"));

            prop_assert_eq!(steer(&packet), Steer::Binding(ShardIndex(shard)));
            prop_assert_eq!(super::ufrag(&packet), Some(ufrag.as_str()));
        }

        #[test]
        fn any_bytes_are_classified(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = steer(&bytes);
        }

        #[test]
        fn damaged_binding_request_is_classified(at in 0usize..48, byte: u8, cut in 0usize..64) {
            let mut packet = binding_request("s1070123456789abcdef:theirs");
            let at = at.min(packet.len() - 1);
            packet[at] = byte;
            packet.truncate(cut);
            let _ = steer(&packet);
        }
    }

    #[test]
    fn request_for_another_servers_ufrag_is_junk() {
        assert_eq!(steer(&binding_request("abcd:theirs")), Steer::Junk);
        assert_eq!(steer(&binding_request("s1zz1234:theirs")), Steer::Junk);
        assert_eq!(steer(&binding_request("s1071234")), Steer::Junk);
    }

    #[test]
    fn first_byte_tells_dtls_and_srtp() {
        assert_eq!(steer(&[22; 13]), Steer::Established);
        assert_eq!(steer(&[128; 12]), Steer::Established);
        assert_eq!(steer(&[128; 11]), Steer::Junk);
        assert_eq!(steer(&[100; 40]), Steer::Junk);
        assert_eq!(steer(&[]), Steer::Junk);
    }

    #[test]
    fn report_is_empty_if_there_is_no_room_for_more_than_that() {
        let mut report = [EMPTY_REPORT.to_vec(), vec![7; 24]].concat();
        assert_eq!(steer(&report), Steer::Nothing);
        for (at, byte) in [(0, 0x81), (0, 0xa0), (1, 200), (3, 2)] {
            let mut other = report.clone();
            other[at] = byte;
            assert_eq!(steer(&other), Steer::Established, "{byte:#x} at {at}");
        }
        report.push(7);
        assert_eq!(steer(&report), Steer::Established, "something may follow it");
        assert_eq!(steer(&report[..27]), Steer::Established);
    }
}
