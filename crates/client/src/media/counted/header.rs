//! What RTP says in the clear (RFC 3550 section 5.1), of a packet whose payload is sealed.

/// The fields of a header that tell what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) marker: bool,
    pub(super) sequence: u16,
    pub(super) time: u32,
    pub(super) ssrc: u32,
    /// Bytes of the header, contributing sources and extensions included.
    pub(super) bytes: usize,
    /// The number that transport-wide feedback is on.
    pub(super) transport_sequence: Option<u16>,
}

/// Bytes before contributing sources.
const FIXED_BYTES: usize = 12;

impl Header {
    /// Reads a header; `transport_id` is the extension with the transport-wide number, if one was negotiated. Nothing if
    /// it is no RTP, or longer than the packet.
    pub(super) fn read(packet: &[u8], transport_id: Option<u8>) -> Option<Self> {
        let (fixed, _) = packet.split_first_chunk::<FIXED_BYTES>()?;
        let &[first, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3] = fixed;
        if first >> 6 != 2 {
            return None;
        }
        let mut bytes = FIXED_BYTES + 4 * usize::from(first & 0x0f);
        let mut transport_sequence = None;
        if first & 0x10 != 0 {
            let (&[p0, p1, n0, n1], rest) = packet.get(bytes..)?.split_first_chunk::<4>()?;
            let extensions = rest.get(..4 * usize::from(u16::from_be_bytes([n0, n1])))?;
            bytes += 4 + extensions.len();
            transport_sequence = transport_id
                .and_then(|id| extension(u16::from_be_bytes([p0, p1]), extensions, id))
                .and_then(|value| Some(u16::from_be_bytes(*value.first_chunk()?)));
        }
        (bytes <= packet.len()).then_some(Self {
            marker: second & 0x80 != 0,
            sequence: u16::from_be_bytes([s0, s1]),
            time: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([r0, r1, r2, r3]),
            bytes,
            transport_sequence,
        })
    }
}

/// Finds an extension in either of the two forms (RFC 8285 sections 4.2 and 4.3).
fn extension(profile: u16, mut rest: &[u8], wanted: u8) -> Option<&[u8]> {
    let is_short = profile == 0xbede;
    if !is_short && profile >> 4 != 0x100 {
        return None;
    }
    loop {
        let (&first, after) = rest.split_first()?;
        if first == 0 {
            rest = after;
            continue;
        }
        let (id, length, after) = if is_short {
            (first >> 4, usize::from(first & 0x0f) + 1, after)
        } else {
            let (&length, after) = after.split_first()?;
            (first, usize::from(length), after)
        };
        // RFC 8285 section 4.2: 15 ends the short form.
        if is_short && id == 15 {
            return None;
        }
        let (value, after) = after.split_at_checked(length)?;
        if id == wanted {
            return Some(value);
        }
        rest = after;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A packet with a transport-wide number in extension 3, after another extension and padding between them.
    pub(in crate::media::counted) fn packet(
        ssrc: u32,
        sequence: u16,
        time: u32,
        marker: bool,
        transport: u16,
    ) -> Vec<u8> {
        let mut packet = vec![0x90, 96 | u8::from(marker) << 7];
        packet.extend_from_slice(&sequence.to_be_bytes());
        packet.extend_from_slice(&time.to_be_bytes());
        packet.extend_from_slice(&ssrc.to_be_bytes());
        packet.extend_from_slice(&[0xbe, 0xde, 0, 2, 0x10, 0xff, 0, 0x31]);
        packet.extend_from_slice(&transport.to_be_bytes());
        packet.extend_from_slice(&[0, 0]);
        packet
    }

    #[test]
    fn fields_and_the_transport_wide_number_are_read_in_both_forms() {
        let mut short = packet(7, 65_535, 90_000, true, 0x1234);
        short.extend_from_slice(b"sealed");
        let header = Header::read(&short, Some(3)).unwrap();
        assert_eq!(
            header,
            Header {
                marker: true,
                sequence: 65_535,
                time: 90_000,
                ssrc: 7,
                bytes: 24,
                transport_sequence: Some(0x1234),
            }
        );
        assert_eq!(Header::read(&short, None).unwrap().transport_sequence, None);
        assert_eq!(Header::read(&short, Some(4)).unwrap().transport_sequence, None);

        let mut long = vec![0xb1, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 9];
        long.extend_from_slice(&[0x10, 0x00, 0, 2, 0, 3, 2, 0xab, 0xcd, 5, 1, 0]);
        let header = Header::read(&long, Some(3)).unwrap();
        assert_eq!((header.bytes, header.transport_sequence), (28, Some(0xabcd)));
    }

    #[test]
    fn header_that_is_longer_than_its_packet_is_none() {
        let whole = packet(7, 1, 1, false, 1);
        for length in 0..whole.len() {
            assert_eq!(Header::read(&whole[..length], Some(3)), None, "{length} bytes");
        }
        assert!(Header::read(&whole, Some(3)).is_some());
        let other_version = [&[0x50], &whole[1..]].concat();
        assert_eq!(Header::read(&other_version, Some(3)), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(packet in prop::collection::vec(any::<u8>(), 0..80), id: u8) {
            if let Some(header) = Header::read(&packet, Some(id)) {
                prop_assert!(header.bytes <= packet.len());
            }
        }
    }
}
