//! Reads a header and the extensions that the forwarding needs.

use super::FIXED;

/// The profile of extensions with one byte of header, and those with two (the low four bits are anybody's).
const ONE_BYTE: u16 = 0xbede;
const TWO_BYTE: u16 = 0x1000;

/// Numbers of the header extensions that were negotiated; the same in all sections of a bundle (RFC 9143).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// `urn:ietf:params:rtp-hdrext:sdes:mid`.
    pub mid: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id`.
    pub rid: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id`.
    pub repaired: Option<u8>,
    /// `http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01`.
    pub transport_seq: Option<u8>,
    /// `https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension`.
    pub dependency: Option<u8>,
}

/// A header, as far as it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The last byte of the payload says how much of it is padding.
    pub has_padding: bool,
    /// The last packet of a frame, or the first of a talk spurt.
    pub marker: bool,
    /// 0 to 127.
    pub payload_type: u8,
    /// The sequence number.
    pub seq: u16,
    /// Sampling instant, in ticks of the payload type's clock.
    pub timestamp: u32,
    /// The stream.
    pub ssrc: u32,
    /// The section to which the stream belongs.
    pub mid: Option<&'a [u8]>,
    /// Which of the section's layers the stream is.
    pub rid: Option<&'a [u8]>,
    /// The rid of the stream that this one repairs.
    pub repaired: Option<&'a [u8]>,
    /// Its number among all packets that its sender sends.
    pub transport_seq: Option<u16>,
    /// The Dependency Descriptor.
    pub dependency: Option<&'a [u8]>,
    /// Bytes before the payload.
    pub bytes: usize,
}

impl<'a> Header<'a> {
    /// Reads the header of a packet, whose payload may be sealed. Returns `None` for what is no RTP of version 2,
    /// or shorter than it says.
    pub fn parse(packet: &'a [u8], ids: &Ids) -> Option<Self> {
        let fixed: &[u8; FIXED] = packet.first_chunk()?;
        if fixed[0] >> 6 != 2 {
            return None;
        }
        let sources = usize::from(fixed[0] & 0x0f);
        let mut bytes = FIXED + 4 * sources;
        let mut header = Self {
            has_padding: fixed[0] & 0x20 != 0,
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7f,
            seq: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            mid: None,
            rid: None,
            repaired: None,
            transport_seq: None,
            dependency: None,
            bytes,
        };
        if fixed[0] & 0x10 != 0 {
            let head: &[u8; 4] = packet.get(bytes..)?.first_chunk()?;
            let profile = u16::from_be_bytes([head[0], head[1]]);
            let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let body = packet.get(bytes + 4..bytes + 4 + 4 * words)?;
            bytes += 4 + body.len();
            if profile == ONE_BYTE || profile & 0xfff0 == TWO_BYTE {
                header.read_extensions(body, profile == ONE_BYTE, ids);
            }
        }
        header.bytes = bytes;
        (packet.len() >= bytes).then_some(header)
    }

    /// Reads extensions until they end or make no sense; what was read until then counts. However many there are, they are
    /// at most as many as the datagram has bytes.
    fn read_extensions(&mut self, mut rest: &'a [u8], one_byte: bool, ids: &Ids) {
        while let Some((&first, tail)) = rest.split_first() {
            if first == 0 {
                // Padding between elements.
                rest = tail;
                continue;
            }
            let (id, length, tail) = if one_byte {
                // 15 is reserved, and 0 with a length is none: everything after either is to be ignored (RFC 8285, section 4.2).
                if matches!(first >> 4, 0 | 15) {
                    return;
                }
                (first >> 4, usize::from(first & 0x0f) + 1, tail)
            } else {
                let Some((&length, tail)) = tail.split_first() else { return };
                (first, usize::from(length), tail)
            };
            let Some((value, tail)) = tail.split_at_checked(length) else { return };
            rest = tail;
            let id = Some(id);
            if id == ids.transport_seq {
                self.transport_seq = value.first_chunk().map(|seq| u16::from_be_bytes(*seq));
            } else if id == ids.mid {
                self.mid = Some(value);
            } else if id == ids.rid {
                self.rid = Some(value);
            } else if id == ids.repaired {
                self.repaired = Some(value);
            } else if id == ids.dependency {
                self.dependency = Some(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const IDS: Ids =
        Ids { mid: Some(4), rid: Some(10), repaired: Some(11), transport_seq: Some(3), dependency: Some(13) };

    fn packet(first: u8, extensions: &[u8], profile: u16) -> Vec<u8> {
        let mut packet = vec![first, 0x80 | 96, 1, 2, 0, 0, 0, 5, 0, 0, 0, 9];
        packet.extend(std::iter::repeat_n(7, 4 * usize::from(first & 0x0f)));
        packet.extend(profile.to_be_bytes());
        packet.extend((extensions.len() as u16 / 4).to_be_bytes());
        packet.extend(extensions);
        packet.extend(b"payload");
        packet
    }

    #[test]
    fn extensions_of_both_forms_are_found_behind_padding_and_sources() {
        let one = [0x31, 0xab, 0xcd, 0, 0x40, b'a', 0xa1, b'h', b'x', 0x00, 0xb0, b'l'];
        let two = [3, 2, 0xab, 0xcd, 0, 4, 1, b'a', 10, 2, b'h', b'x', 11, 1, b'l', 0];
        for packet in [packet(0x92, &one, ONE_BYTE), packet(0x92, &two, TWO_BYTE | 5)] {
            let header = Header::parse(&packet, &IDS).unwrap();
            assert_eq!(header.transport_seq, Some(0xabcd));
            assert_eq!((header.mid, header.rid), (Some(&b"a"[..]), Some(&b"hx"[..])));
            assert_eq!(header.repaired, Some(&b"l"[..]));
            assert_eq!(&packet[header.bytes..], b"payload");
            assert!(header.marker && !header.has_padding);
            assert_eq!((header.payload_type, header.seq), (96, 0x0102));
            assert_eq!((header.timestamp, header.ssrc), (5, 9));
        }
    }

    #[test]
    fn dependency_descriptor_is_found() {
        let packet = packet(0x90, &[0xd2, 0xc1, 0, 9, 0x31, 0, 1, 0], ONE_BYTE);
        assert_eq!(Header::parse(&packet, &IDS).unwrap().dependency, Some(&[0xc1, 0, 9][..]));
    }

    #[test]
    fn nothing_is_read_behind_the_reserved_number_nor_behind_padding_that_has_a_length() {
        for first in [0xf0, 0x01] {
            let packet = packet(0x90, &[first, 0, 0x40, b'a'], ONE_BYTE);
            assert_eq!(Header::parse(&packet, &IDS).unwrap().mid, None);
        }
    }

    #[test]
    fn an_extension_is_found_behind_any_padding() {
        let mut extensions = vec![0; 38];
        extensions.extend([0x40, b'a']);
        let packet = packet(0x90, &extensions, ONE_BYTE);
        assert_eq!(Header::parse(&packet, &IDS).unwrap().mid, Some(&b"a"[..]));
    }

    #[test]
    fn another_version_is_no_rtp() {
        let mut packet = packet(0x90, &[], ONE_BYTE);
        packet[0] = 0x50;
        assert_eq!(Header::parse(&packet, &IDS), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            if let Some(header) = Header::parse(&bytes, &IDS) {
                prop_assert!(header.bytes <= bytes.len());
            }
        }
    }
}
