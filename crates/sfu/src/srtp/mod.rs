//! SRTP and SRTCP with AES-GCM: sealed and opened where the packet lies.
//!
//! ```text
//! RTP   header, extensions (authenticated) | payload (encrypted) | tag, 16 bytes
//! RTCP  header, SSRC       (authenticated) | reports (encrypted) | tag, 16 bytes | E and index (authenticated)
//! ```
//!
//! Nothing is allocated for a packet and nothing is copied. A direction has one key for RTP and one for RTCP, which
//! DTLS-SRTP hands over (RFC 5764); a nonce is made of SSRC and index, so that the owner of a [`Sealer`] must
//! never seal two packets under the same.
//!
//! Source: RFC 3711 (key derivation, rollover counter, replay), RFC 7714 (AES-GCM).

mod keys;
mod open;
mod replay;
mod seal;

pub(crate) use keys::{Keys, Profile};
pub(crate) use open::Opener;
pub(crate) use replay::Replay;
pub(crate) use seal::Sealer;

/// Bytes that sealing adds to a packet of RTP.
pub(crate) const RTP_OVERHEAD: usize = 16;
/// Bytes that sealing adds to a packet of RTCP.
pub(crate) const RTCP_OVERHEAD: usize = 20;

/// The bit that says that a packet of RTCP is encrypted, before its index of 31 bits.
const ENCRYPTED: u32 = 1 << 31;
/// Bytes of an RTCP packet that stay in the clear: its header and its sender's SSRC.
const RTCP_HEADER: usize = 8;

/// A packet that cannot be sealed or opened: too short, not authentic, or seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pair(profile: Profile) -> (Sealer, Opener) {
        let material: Vec<u8> = (0..profile.material_bytes()).map(|byte| byte as u8).collect();
        let (client, _) = Keys::from_dtls(profile, &material).unwrap();
        (Sealer::new(&client).unwrap(), Opener::new(&client).unwrap())
    }

    fn packet(seq: u16, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x80, 96];
        packet.extend(seq.to_be_bytes());
        packet.extend([0, 0, 0, 1, 0, 0, 0, 9]);
        packet.extend(payload);
        packet
    }

    const PROFILES: [Profile; 2] = [Profile::Aes128Gcm, Profile::Aes256Gcm];

    /// RFC 7714 section 16.1.1, whose session key and salt are given as such.
    #[test]
    fn packet_of_the_specification_is_sealed_as_printed_there() {
        let key: [u8; 16] = std::array::from_fn(|index| index as u8);
        let salt = *b"Quid pro quo";
        let mut packet = unhex(
            "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573",
        );
        let expected = unhex(
            "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce",
        );
        let keys = Keys::of_session(Profile::Aes128Gcm, &key, salt).unwrap();
        Sealer::new(&keys).unwrap().seal_rtp(&mut packet, 0, 12, 0xf17b).unwrap();
        assert_eq!(packet, expected);
        let opened = Opener::new(&keys).unwrap().open_rtp(&mut packet, 12).unwrap();
        assert_eq!(&packet[12..opened], b"Gallia est omnis divisa in partes tres");
    }

    /// RFC 7714 section 16.2.1, whose session key and salt are given as such.
    #[test]
    fn packet_of_the_specification_under_the_longer_key_is_sealed_as_printed_there() {
        let key: [u8; 32] = std::array::from_fn(|index| index as u8);
        let mut packet = unhex(
            "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573",
        );
        let expected = unhex(
            "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13",
        );
        let keys = Keys::of_session(Profile::Aes256Gcm, &key, *b"Quid pro quo").unwrap();
        Sealer::new(&keys).unwrap().seal_rtp(&mut packet, 0, 12, 0xf17b).unwrap();
        assert_eq!(packet, expected);
    }

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_once(payload in prop::collection::vec(any::<u8>(), 0..1200), seq: u16) {
            for profile in PROFILES {
                let (mut sealer, mut opener) = pair(profile);
                let mut sealed = packet(seq, &payload);
                sealer.seal_rtp(&mut sealed, 0, 12, u64::from(seq)).unwrap();
                prop_assert_eq!(sealed.len(), 12 + payload.len() + RTP_OVERHEAD);
                let mut again = sealed.clone();
                let end = opener.open_rtp(&mut sealed, 12).unwrap();
                prop_assert_eq!(&sealed[12..end], &payload[..]);
                prop_assert_eq!(opener.open_rtp(&mut again, 12), Err(Refused));
            }
        }

        #[test]
        fn a_packet_with_a_flipped_bit_is_refused(at in 0usize..60, bit in 0u8..8) {
            let (mut sealer, mut opener) = pair(Profile::Aes256Gcm);
            let mut sealed = packet(7, &[5; 32]);
            sealer.seal_rtp(&mut sealed, 0, 12, 7).unwrap();
            sealed[at] ^= 1 << bit;
            prop_assert_eq!(opener.open_rtp(&mut sealed, 12), Err(Refused));
        }

        #[test]
        fn reports_come_back_and_only_once(body in prop::collection::vec(any::<u8>(), 0..300), at: usize) {
            let (mut sealer, mut opener) = pair(Profile::Aes128Gcm);
            let mut report = vec![0x80, 201, 0, 1, 0, 0, 0, 9];
            report.extend(&body);
            let plain = report.clone();
            sealer.seal_rtcp(&mut report, 0).unwrap();
            prop_assert_eq!(report.len(), plain.len() + RTCP_OVERHEAD);
            let (mut again, mut damaged) = (report.clone(), report.clone());
            let at = at % damaged.len();
            damaged[at] ^= 1;
            prop_assert_eq!(opener.open_rtcp(&mut damaged), Err(Refused));
            let end = opener.open_rtcp(&mut report).unwrap();
            prop_assert_eq!(&report[..end], &plain[..]);
            prop_assert_eq!(opener.open_rtcp(&mut again), Err(Refused));
        }

        #[test]
        fn any_bytes_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..200), header in 0usize..200) {
            let (_, mut opener) = pair(Profile::Aes128Gcm);
            prop_assert_eq!(opener.open_rtp(&mut bytes, header), Err(Refused));
            prop_assert_eq!(opener.open_rtcp(&mut bytes), Err(Refused));
        }
    }

    #[test]
    fn numbers_run_over_without_a_break() {
        let (mut sealer, mut opener) = pair(Profile::Aes128Gcm);
        for index in 65_000_u64..200_000 {
            if index % 3 == 0 {
                continue;
            }
            let mut sealed = packet(index as u16, b"sound");
            // A receiver begins in the first round.
            sealer.seal_rtp(&mut sealed, 0, 12, index).unwrap();
            assert!(opener.open_rtp(&mut sealed, 12).is_ok(), "{index}");
        }
    }

    #[test]
    fn packets_that_overtake_each_other_open_within_the_window_only() {
        let (mut sealer, mut opener) = pair(Profile::Aes128Gcm);
        let mut sealed = |index: u64| {
            let mut sealed = packet(index as u16, b"x");
            sealer.seal_rtp(&mut sealed, 0, 12, index).unwrap();
            sealed
        };
        for index in [3000, 2900, 3001, 2700] {
            assert!(opener.open_rtp(&mut sealed(index), 12).is_ok(), "{index}");
        }
        assert_eq!(opener.open_rtp(&mut sealed(3001 - replay::WINDOW), 12), Err(Refused));
    }

    #[test]
    fn reports_under_two_ssrcs_are_numbered_apart() {
        // As browsers do: each of their senders and receivers counts for itself.
        let (mut one, mut opener) = pair(Profile::Aes128Gcm);
        let (mut other, _) = pair(Profile::Aes128Gcm);
        for (sealer, ssrc) in [(&mut one, 9), (&mut other, 10)] {
            let mut report = vec![0x80, 201, 0, 1, 0, 0, 0, ssrc];
            sealer.seal_rtcp(&mut report, 0).unwrap();
            let mut again = report.clone();
            assert!(opener.open_rtcp(&mut report).is_ok(), "of {ssrc}");
            assert_eq!(opener.open_rtcp(&mut again), Err(Refused));
        }
    }

    #[test]
    fn streams_beyond_the_bound_are_refused_and_the_known_go_on() {
        let (mut sealer, mut opener) = pair(Profile::Aes128Gcm);
        let mut of_stream = |ssrc: u32, index: u64| {
            let mut sealed = packet(index as u16, b"x");
            sealed[8..12].copy_from_slice(&ssrc.to_be_bytes());
            sealer.seal_rtp(&mut sealed, 0, 12, index).unwrap();
            opener.open_rtp(&mut sealed, 12)
        };
        for ssrc in 0..open::STREAMS_MAX as u32 {
            assert!(of_stream(ssrc, 1).is_ok());
        }
        assert_eq!(of_stream(1_000_000, 1), Err(Refused));
        assert!(of_stream(3, 2).is_ok());
    }
}
