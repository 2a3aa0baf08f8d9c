//! From what DTLS exports to the keys of one direction.

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, LessSafeKey, NONCE_LEN, UnboundKey},
    cipher::{self, EncryptingKey, UnboundCipherKey},
};

use super::Refused;

/// Bytes of a salt of AES-GCM (RFC 7714 section 12).
const SALT: usize = 12;
/// Bytes of a block of AES.
const BLOCK: usize = 16;

/// The protection profiles that are spoken. The one with SHA-1 costs several times as much and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// AEAD_AES_128_GCM.
    Aes128Gcm,
    /// AEAD_AES_256_GCM.
    Aes256Gcm,
}

impl Profile {
    const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm => 32,
        }
    }

    /// Bytes that DTLS has to export: two keys and two salts.
    pub(crate) const fn material_bytes(self) -> usize {
        2 * (self.key_bytes() + SALT)
    }
}

/// The session keys of one direction.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(super) profile: Profile,
    pub(super) rtp: Session,
    pub(super) rtcp: Session,
}

/// A session key as bytes, with its salt.
#[derive(Clone)]
pub(super) struct Session {
    key: [u8; 32],
    pub(super) salt: [u8; SALT],
}

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Session")
    }
}

/// What a key is derived for: the labels of RFC 3711 section 4.3.2.
#[derive(Clone, Copy)]
enum Label {
    RtpKey = 0,
    RtpSalt = 2,
    RtcpKey = 3,
    RtcpSalt = 5,
}

impl Keys {
    /// Returns the client's keys and the server's, from the material that DTLS exports (RFC 5764 section 4.2: both
    /// keys, then both salts, the client's first).
    pub(crate) fn from_dtls(profile: Profile, material: &[u8]) -> Result<(Self, Self), Refused> {
        if material.len() != profile.material_bytes() {
            return Err(Refused);
        }
        let (keys, salts) = material.split_at(2 * profile.key_bytes());
        let (client_key, server_key) = keys.split_at(profile.key_bytes());
        let (client_salt, server_salt) = salts.split_at(SALT);
        Ok((Self::derive(profile, client_key, client_salt)?, Self::derive(profile, server_key, server_salt)?))
    }

    /// Derives the session keys of one direction. The key derivation rate is zero: they last for the session.
    fn derive(profile: Profile, master: &[u8], salt: &[u8]) -> Result<Self, Refused> {
        let algorithm = match profile {
            Profile::Aes128Gcm => &cipher::AES_128,
            Profile::Aes256Gcm => &cipher::AES_256,
        };
        let unbound = UnboundCipherKey::new(algorithm, master).map_err(|_| Refused)?;
        let aes = EncryptingKey::ecb(unbound).map_err(|_| Refused)?;
        let session = |key: Label, salt_label: Label| -> Result<Session, Refused> {
            let mut session = Session { key: [0; 32], salt: [0; SALT] };
            key_stream(&aes, salt, key, &mut session.key[..profile.key_bytes()])?;
            key_stream(&aes, salt, salt_label, &mut session.salt)?;
            Ok(session)
        };
        Ok(Self {
            profile,
            rtp: session(Label::RtpKey, Label::RtpSalt)?,
            rtcp: session(Label::RtcpKey, Label::RtcpSalt)?,
        })
    }

    /// Returns the AEAD of a session key.
    pub(super) fn aead(&self, session: &Session) -> Result<LessSafeKey, Refused> {
        let algorithm = match self.profile {
            Profile::Aes128Gcm => &AES_128_GCM,
            Profile::Aes256Gcm => &AES_256_GCM,
        };
        let unbound = UnboundKey::new(algorithm, &session.key[..self.profile.key_bytes()]);
        unbound.map(LessSafeKey::new).map_err(|_| Refused)
    }

    /// Returns keys of a session that is given, for vectors that begin there.
    #[cfg(test)]
    pub(super) fn of_session(profile: Profile, key: &[u8], salt: [u8; SALT]) -> Result<Self, Refused> {
        let mut session = Session { key: [0; 32], salt };
        session.key.get_mut(..key.len()).ok_or(Refused)?.copy_from_slice(key);
        Ok(Self { profile, rtp: session.clone(), rtcp: session })
    }
}

/// Writes the start of a key stream of AES in counter mode (RFC 3711 section 4.3.3; the salt of 96 bits counts as
/// padded to 112 on the right, RFC 7714 section 11).
fn key_stream(aes: &EncryptingKey, salt: &[u8], label: Label, out: &mut [u8]) -> Result<(), Refused> {
    let mut counter = [0; BLOCK];
    counter.get_mut(..salt.len()).ok_or(Refused)?.copy_from_slice(salt);
    // The label lies above an index of 48 bits, right-aligned in the 112 bits of the salt.
    counter[7] ^= label as u8;
    for (number, chunk) in out.chunks_mut(BLOCK).enumerate() {
        let mut block = counter;
        let number = u16::try_from(number).map_err(|_| Refused)?;
        block[14..].copy_from_slice(&number.to_be_bytes());
        aes.encrypt(&mut block).map_err(|_| Refused)?;
        chunk.copy_from_slice(&block[..chunk.len()]);
    }
    Ok(())
}

/// Returns the nonce of an RTP packet (RFC 7714 section 8.1): two zero bytes, SSRC, rollover counter, sequence
/// number, all exclusive-or the salt. `index` is the sequence number extended to 48 bits.
pub(super) fn rtp_nonce(salt: [u8; SALT], ssrc: u32, index: u64) -> [u8; NONCE_LEN] {
    let [_, _, index @ ..] = index.to_be_bytes();
    nonce(salt, ssrc, index)
}

/// Returns the nonce of an RTCP packet (RFC 7714 section 9.1).
pub(super) fn rtcp_nonce(salt: [u8; SALT], ssrc: u32, index: u32) -> [u8; NONCE_LEN] {
    let [a, b, c, d] = index.to_be_bytes();
    nonce(salt, ssrc, [0, 0, a, b, c, d])
}

fn nonce(salt: [u8; SALT], ssrc: u32, index: [u8; 6]) -> [u8; NONCE_LEN] {
    let mut nonce = salt;
    for (byte, with) in nonce[2..].iter_mut().zip(ssrc.to_be_bytes().into_iter().chain(index)) {
        *byte ^= with;
    }
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3711 appendix B.3, whose master salt has 112 bits.
    #[test]
    fn keys_are_derived_as_the_specification_prints_them() {
        let master =
            [0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41, 0x39];
        let salt = [0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6];
        let aes = EncryptingKey::ecb(UnboundCipherKey::new(&cipher::AES_128, &master).unwrap()).unwrap();
        let mut key = [0; 16];
        key_stream(&aes, &salt, Label::RtpKey, &mut key).unwrap();
        assert_eq!(
            key,
            [0xc6, 0x1e, 0x7a, 0x93, 0x74, 0x4f, 0x39, 0xee, 0x10, 0x73, 0x4a, 0xfe, 0x3f, 0xf7, 0xa0, 0x87]
        );
        let mut session_salt = [0; 14];
        key_stream(&aes, &salt, Label::RtpSalt, &mut session_salt).unwrap();
        assert_eq!(
            session_salt,
            [0x30, 0xcb, 0xbc, 0x08, 0x86, 0x3d, 0x8c, 0x85, 0xd4, 0x9d, 0xb3, 0x4a, 0x9a, 0xe1]
        );
    }

    #[test]
    fn material_of_another_length_is_refused() {
        for profile in [Profile::Aes128Gcm, Profile::Aes256Gcm] {
            for bytes in [0, profile.material_bytes() - 1, profile.material_bytes() + 1] {
                assert!(Keys::from_dtls(profile, &vec![0; bytes]).is_err());
            }
        }
    }
}
