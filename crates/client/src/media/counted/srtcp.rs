//! Seals what a receiver that only counts reports, and opens what it is told: SRTCP (RFC 3711, RFC 7714), apart from the
//! media stack, which has no way to send the reports of others.

use std::fmt;

use str0m::crypto::{
    AeadAes128Gcm, AeadAes256Gcm, Aes128CmSha1_80, CryptoProvider, dtls::SrtpProfile, from_feature_flags,
};

use crate::media::keys::Keys;

/// Labels of the keys for RTCP (RFC 3711 section 4.3.1).
const LABEL_KEY: u8 = 3;
const LABEL_AUTHENTICATION: u8 = 4;
const LABEL_SALT: u8 = 5;

/// Bytes of a report that stay readable: the first header, with who sent it.
const HEADER_BYTES: usize = 8;

/// Set in the last word of an encrypted report (RFC 3711 section 3.4).
const ENCRYPTED: u32 = 1 << 31;

/// Both directions of one connection.
pub(super) struct Srtcp {
    crypto: CryptoProvider,
    profile: SrtpProfile,
    ours: Direction,
    theirs: Direction,
    /// The number of the next report: each is sealed under its own.
    next: u32,
    buffer: Vec<u8>,
}

/// The keys of one direction.
struct Direction {
    key: Vec<u8>,
    /// Of HMAC-SHA1, where the cipher does not authenticate.
    authentication: [u8; 20],
    salt: [u8; 14],
}

impl fmt::Debug for Srtcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Srtcp")
            .field("profile", &self.profile)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl Srtcp {
    /// Derives the keys; nothing if the material has not the length of its profile.
    pub(super) fn new(keys: &Keys) -> Option<Self> {
        let crypto = from_feature_flags();
        let (key_bytes, salt_bytes) = lengths(keys.profile)?;
        if keys.material.len() != 2 * (key_bytes + salt_bytes) {
            return None;
        }
        // RFC 5764 section 4.2: the client's key, the server's, the client's salt, the server's.
        let (masters, salts) = keys.material.split_at(2 * key_bytes);
        let side = |is_client: bool| {
            let at = usize::from(!is_client);
            let master = &masters[at * key_bytes..][..key_bytes];
            Direction::derive(&crypto, master, &salts[at * salt_bytes..][..salt_bytes])
        };
        let (ours, theirs) = (side(keys.is_client), side(!keys.is_client));
        Some(Self { profile: keys.profile, ours, theirs, next: 1, buffer: Vec::new(), crypto })
    }

    /// Returns how many bytes SRTP adds to a packet of media.
    pub(super) const fn media_tag_bytes(&self) -> usize {
        match self.profile {
            SrtpProfile::AES128_CM_SHA1_80 => Aes128CmSha1_80::HMAC_TAG_LEN,
            _ => AeadAes128Gcm::TAG_LEN,
        }
    }

    /// Seals a report in place. Nothing is left of it if that fails.
    pub(super) fn seal(&mut self, report: &mut Vec<u8>) {
        let word = ENCRYPTED | self.next;
        self.next += 1;
        if self.seal_as(report, word).is_none() {
            report.clear();
        }
    }

    fn seal_as(&mut self, report: &mut Vec<u8>, word: u32) -> Option<()> {
        let Self { crypto, profile, ours, buffer, .. } = self;
        let (header, body) = report.split_first_chunk::<HEADER_BYTES>()?;
        let ssrc = sender(header);
        let provider = crypto.srtp_provider;
        buffer.clear();
        buffer.resize(body.len() + AeadAes128Gcm::TAG_LEN, 0);
        let aad = associated(header, word);
        match profile {
            SrtpProfile::AEAD_AES_128_GCM => {
                let mut cipher = provider.aead_aes_128_gcm().create_cipher(*ours.key.first_chunk()?, true);
                let iv = AeadAes128Gcm::rtcp_iv(ours.short_salt(), ssrc, word & !ENCRYPTED);
                cipher.encrypt(&iv, &aad, body, buffer).ok()?;
            }
            SrtpProfile::AEAD_AES_256_GCM => {
                let mut cipher = provider.aead_aes_256_gcm().create_cipher(*ours.key.first_chunk()?, true);
                let iv = AeadAes256Gcm::rtcp_iv(ours.short_salt(), ssrc, word & !ENCRYPTED);
                cipher.encrypt(&iv, &aad, body, buffer).ok()?;
            }
            SrtpProfile::AES128_CM_SHA1_80 => {
                let mut cipher = provider.aes_128_cm_sha1_80().create_cipher(*ours.key.first_chunk()?, true);
                let iv = Aes128CmSha1_80::rtp_iv(ours.salt, ssrc, u64::from(word & !ENCRYPTED));
                buffer.truncate(body.len());
                cipher.encrypt(&iv, body, buffer).ok()?;
            }
            _ => return None,
        }
        report.truncate(HEADER_BYTES);
        report.extend_from_slice(buffer);
        report.extend_from_slice(&word.to_be_bytes());
        if *profile == SrtpProfile::AES128_CM_SHA1_80 {
            let tag = crypto.sha1_hmac_provider.sha1_hmac(&ours.authentication, &[report]);
            report.extend_from_slice(&tag[..Aes128CmSha1_80::HMAC_TAG_LEN]);
        }
        Some(())
    }

    /// Opens a report, or returns nothing if it is not authentic. Whether it came before is not looked at: what is read of
    /// it is when the other side sent it, and the newest is what counts.
    pub(super) fn open(&mut self, sealed: &[u8]) -> Option<&[u8]> {
        let Self { crypto, profile, theirs, buffer, .. } = self;
        let provider = crypto.srtp_provider;
        let mut sealed = sealed;
        if *profile == SrtpProfile::AES128_CM_SHA1_80 {
            let (signed, tag) = sealed.split_last_chunk::<{ Aes128CmSha1_80::HMAC_TAG_LEN }>()?;
            let hmac = |key: &[u8], parts: &[&[u8]]| crypto.sha1_hmac_provider.sha1_hmac(key, parts);
            if !Aes128CmSha1_80::rtcp_verify(hmac, &theirs.authentication, signed, tag) {
                return None;
            }
            sealed = signed;
        }
        let (packet, trailer) = sealed.split_last_chunk::<4>()?;
        let (header, body) = packet.split_first_chunk::<HEADER_BYTES>()?;
        let (word, ssrc) = (u32::from_be_bytes(*trailer), sender(header));
        if word & ENCRYPTED == 0 {
            return None;
        }
        buffer.clear();
        buffer.extend_from_slice(header);
        buffer.resize(HEADER_BYTES + body.len(), 0);
        let (aad, out) = (associated(header, word), &mut buffer[HEADER_BYTES..]);
        let length = match profile {
            SrtpProfile::AES128_CM_SHA1_80 => {
                let mut cipher =
                    provider.aes_128_cm_sha1_80().create_cipher(*theirs.key.first_chunk()?, false);
                let iv = Aes128CmSha1_80::rtp_iv(theirs.salt, ssrc, u64::from(word & !ENCRYPTED));
                cipher.decrypt(&iv, body, out).ok()?;
                body.len()
            }
            _ if body.len() < AeadAes128Gcm::TAG_LEN => return None,
            SrtpProfile::AEAD_AES_128_GCM => {
                let mut cipher = provider.aead_aes_128_gcm().create_cipher(*theirs.key.first_chunk()?, false);
                let iv = AeadAes128Gcm::rtcp_iv(theirs.short_salt(), ssrc, word & !ENCRYPTED);
                cipher.decrypt(&iv, &[&aad], body, out).ok()?
            }
            SrtpProfile::AEAD_AES_256_GCM => {
                let mut cipher = provider.aead_aes_256_gcm().create_cipher(*theirs.key.first_chunk()?, false);
                let iv = AeadAes256Gcm::rtcp_iv(theirs.short_salt(), ssrc, word & !ENCRYPTED);
                cipher.decrypt(&iv, &[&aad], body, out).ok()?
            }
            _ => return None,
        };
        buffer.get(..HEADER_BYTES + length)
    }
}

impl Direction {
    fn derive(crypto: &CryptoProvider, master: &[u8], master_salt: &[u8]) -> Self {
        let derive = |label: u8, out: &mut [u8]| {
            // AES in counter mode over the salt, the label in it (RFC 3711 sections 4.3.1 and 4.3.3).
            let mut input = [0; 16];
            input[..master_salt.len()].copy_from_slice(master_salt);
            input[7] ^= label;
            for (round, part) in out.chunks_mut(16).enumerate() {
                input[14..].copy_from_slice(&(round as u16).to_be_bytes());
                let mut block = [0; 32];
                match master.len() {
                    16 => crypto.srtp_provider.srtp_aes_128_ecb_round(master, &input, &mut block),
                    _ => crypto.srtp_provider.srtp_aes_256_ecb_round(master, &input, &mut block),
                }
                part.copy_from_slice(&block[..part.len()]);
            }
        };
        let mut made = Self { key: vec![0; master.len()], authentication: [0; 20], salt: [0; 14] };
        derive(LABEL_KEY, &mut made.key);
        derive(LABEL_AUTHENTICATION, &mut made.authentication);
        derive(LABEL_SALT, &mut made.salt[..master_salt.len()]);
        made
    }

    /// Returns the salt of the AEAD profiles.
    fn short_salt(&self) -> [u8; 12] {
        std::array::from_fn(|at| self.salt[at])
    }
}

/// Returns the bytes of a master key and of a master salt.
const fn lengths(profile: SrtpProfile) -> Option<(usize, usize)> {
    match profile {
        SrtpProfile::AEAD_AES_128_GCM => Some((16, 12)),
        SrtpProfile::AEAD_AES_256_GCM => Some((32, 12)),
        SrtpProfile::AES128_CM_SHA1_80 => Some((16, 14)),
        _ => None,
    }
}

fn sender(header: &[u8; HEADER_BYTES]) -> u32 {
    u32::from_be_bytes([header[4], header[5], header[6], header[7]])
}

/// What is authenticated beside the sealed body (RFC 7714 section 9.2).
fn associated(header: &[u8; HEADER_BYTES], word: u32) -> [u8; HEADER_BYTES + 4] {
    let mut aad = [0; HEADER_BYTES + 4];
    aad[..HEADER_BYTES].copy_from_slice(header);
    aad[HEADER_BYTES..].copy_from_slice(&word.to_be_bytes());
    aad
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const PROFILES: [SrtpProfile; 3] =
        [SrtpProfile::AEAD_AES_128_GCM, SrtpProfile::AEAD_AES_256_GCM, SrtpProfile::AES128_CM_SHA1_80];

    /// Both ends of a connection.
    pub(in crate::media::counted) fn ends(profile: SrtpProfile) -> [Srtcp; 2] {
        let (key, salt) = lengths(profile).unwrap();
        let material: Vec<u8> = (0..2 * (key + salt)).map(|byte| byte as u8).collect();
        [true, false]
            .map(|is_client| Srtcp::new(&Keys { profile, material: material.clone(), is_client }).unwrap())
    }

    #[test]
    fn what_one_end_seals_the_other_opens_and_nobody_else() {
        for profile in PROFILES {
            let [mut client, mut server] = ends(profile);
            let report: Vec<u8> = (0..32).collect();
            let (mut first, mut second) = (report.clone(), report.clone());
            client.seal(&mut first);
            client.seal(&mut second);

            assert_eq!(server.open(&first), Some(&report[..]), "{profile:?}");
            assert_eq!(server.open(&second), Some(&report[..]), "{profile:?}");
            assert_ne!(first, second, "{profile:?}: each has a number of its own");
            assert_eq!(client.open(&first), None, "{profile:?}: each direction has keys of its own");
            for at in 0..first.len() {
                let mut changed = first.clone();
                changed[at] ^= 1;
                assert_eq!(server.open(&changed), None, "{profile:?}: byte {at}");
                assert_eq!(server.open(&first[..at]), None, "{profile:?}: {at} bytes");
            }
        }
    }

    /// RFC 3711 appendix B.3, whose labels are those of RTP: label 0 gives the key, 1 the key of the hash, 2 the salt. Those of
    /// RTCP are three further on, so with the label taken back by the salt, the vectors hold.
    #[test]
    fn keys_are_derived_as_the_standard_has_it() {
        let hex = |text: &str| data_encoding::HEXUPPER.decode(text.as_bytes()).unwrap();
        let master = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
        let mut salt = hex("0EC675AD498AFEEBB6960B3AABE6");
        let with = |label: u8, for_rtp: u8, salt: &mut Vec<u8>| {
            salt[7] ^= label ^ for_rtp;
            let made = Direction::derive(&from_feature_flags(), &master, salt);
            salt[7] ^= label ^ for_rtp;
            made
        };
        assert_eq!(with(LABEL_KEY, 0, &mut salt).key, hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(with(LABEL_SALT, 2, &mut salt).salt.to_vec(), hex("30CBBC08863D8C85D49DB34A9AE1"));
        let authentication = hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4");
        assert_eq!(with(LABEL_AUTHENTICATION, 1, &mut salt).authentication.to_vec(), authentication);
    }

    /// RFC 7714 section 17.1: SRTCP with AEAD_AES_128_GCM, encrypted and tagged.
    #[test]
    fn report_is_sealed_as_the_standard_has_it() {
        let hex = |text: &str| data_encoding::HEXUPPER.decode(text.as_bytes()).unwrap();
        let [mut end, _] = ends(SrtpProfile::AEAD_AES_128_GCM);
        end.ours.key = (0..16).collect();
        end.ours.salt[..12].copy_from_slice(b"Quid pro quo");
        let mut report = hex(concat!(
            "81C8000D4D6172734E5450314E545032525450200000042A0000E9304C756E61DEADBEEF",
            "DEADBEEFDEADBEEFDEADBEEFDEADBEEF",
        ));
        let sealed = hex(concat!(
            "81C8000D4D61727363E94885DCDAB67CA727D7662F6B7E997FF5C0F76C06F32DC676A5F1",
            "730D6FDA4CE09B4686303DED0BB9275BC84AA45896CF4D2FC5ABF87245D9EADE800005D4",
        ));

        end.seal_as(&mut report, ENCRYPTED | 0x5d4).unwrap();

        assert_eq!(report, sealed);
    }
}
