//! From the base key of an epoch to the key and salt of a sender, and the AEAD under them (RFC 9605 section 4.4).

use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit as _, aead::AeadInOut as _};
use hkdf::Hkdf;
use sha2::{Sha256, Sha512};
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use super::TAG_BYTES;

/// Length of a salt and of a nonce, in bytes: Nn of both suites.
const SALT_BYTES: usize = 12;

/// An SFrame cipher suite, by its number in the registry (RFC 9605 section 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CipherSuite {
    /// AES_128_GCM_SHA256_128: what meetings use.
    Aes128GcmSha256 = 4,
    /// AES_256_GCM_SHA512_128.
    Aes256GcmSha512 = 5,
}

impl CipherSuite {
    /// Returns the number in the registry.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// Returns Nk: the length of a key, in bytes.
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128GcmSha256 => 16,
            Self::Aes256GcmSha512 => 32,
        }
    }
}

/// The secret that an epoch of the group exports. Wiped when dropped.
#[derive(Clone)]
pub struct BaseKey(Zeroizing<Vec<u8>>);

impl BaseKey {
    /// Copies a base key of 16 to 64 bytes.
    ///
    /// # Errors
    /// [`InvalidBaseKey`]: another length. The caller's mistake.
    pub fn new(bytes: &[u8]) -> Result<Self, InvalidBaseKey> {
        if (16..=64).contains(&bytes.len()) {
            Ok(Self(Zeroizing::new(bytes.to_vec())))
        } else {
            Err(InvalidBaseKey)
        }
    }
}

/// A base key has less than 16 or more than 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the base key has the wrong length")]
pub struct InvalidBaseKey;

/// `sframe_secret`: what all keys of an epoch come from. Wiped when dropped.
#[derive(Clone)]
pub struct EpochSecret {
    suite: CipherSuite,
    secret: Zeroizing<Vec<u8>>,
}

impl EpochSecret {
    /// Extracts the secret of an epoch.
    pub fn new(suite: CipherSuite, base_key: &BaseKey) -> Self {
        let secret = match suite {
            CipherSuite::Aes128GcmSha256 => extract(Hkdf::<Sha256>::extract(None, &base_key.0).0),
            CipherSuite::Aes256GcmSha512 => extract(Hkdf::<Sha512>::extract(None, &base_key.0).0),
        };
        Self { suite, secret }
    }

    /// Derives key and salt of a key id.
    pub fn derive(&self, kid: u64) -> KeyMaterial {
        let mut material = KeyMaterial { suite: self.suite, key: [0; 32], salt: [0; SALT_BYTES] };
        self.expand(b"SFrame 1.0 Secret key ", kid, &mut material.key[..self.suite.key_bytes()]);
        self.expand(b"SFrame 1.0 Secret salt ", kid, &mut material.salt);
        material
    }

    fn expand(&self, label: &[u8], kid: u64, out: &mut [u8]) {
        let (kid, suite) = (kid.to_be_bytes(), self.suite.code().to_be_bytes());
        let info = [label, &kid, &suite];
        let expanded = match self.suite {
            CipherSuite::Aes128GcmSha256 => Hkdf::<Sha256>::from_prk(&self.secret)
                .expect("the secret is as long as the hash")
                .expand_multi_info(&info, out),
            CipherSuite::Aes256GcmSha512 => Hkdf::<Sha512>::from_prk(&self.secret)
                .expect("the secret is as long as the hash")
                .expand_multi_info(&info, out),
        };
        expanded.expect("keys are far shorter than HKDF's limit of 255 blocks");
    }
}

fn extract(mut secret: impl AsMut<[u8]>) -> Zeroizing<Vec<u8>> {
    let copy = Zeroizing::new(secret.as_mut().to_vec());
    secret.as_mut().zeroize();
    copy
}

/// `sframe_key` and `sframe_salt` of one key id. Wiped when dropped.
#[derive(zeroize::Zeroize, ZeroizeOnDrop)]
pub struct KeyMaterial {
    #[zeroize(skip)]
    suite: CipherSuite,
    key: [u8; 32],
    salt: [u8; SALT_BYTES],
}

impl KeyMaterial {
    /// Returns the key, for an implementation of the AEAD elsewhere.
    pub fn expose_key(&self) -> &[u8] {
        &self.key[..self.suite.key_bytes()]
    }

    /// Returns the salt. The nonce of a frame is the salt XOR its counter, big-endian.
    pub const fn expose_salt(&self) -> &[u8; 12] {
        &self.salt
    }
}

/// The AEAD under one key id. Its round keys are wiped when it is dropped.
pub(super) struct Cipher {
    aead: Aead,
    salt: Zeroizing<[u8; SALT_BYTES]>,
}

enum Aead {
    Aes128(Box<Aes128Gcm>),
    Aes256(Box<Aes256Gcm>),
}

impl Cipher {
    pub(super) fn new(material: &KeyMaterial) -> Self {
        let (key, why) = (material.expose_key(), "the key is as long as the suite's keys are");
        let aead = match material.suite {
            CipherSuite::Aes128GcmSha256 => {
                Aead::Aes128(Box::new(Aes128Gcm::new_from_slice(key).expect(why)))
            }
            CipherSuite::Aes256GcmSha512 => {
                Aead::Aes256(Box::new(Aes256Gcm::new_from_slice(key).expect(why)))
            }
        };
        Self { aead, salt: Zeroizing::new(material.salt) }
    }

    /// Encrypts in place and returns the tag; `None` if the frame is longer than AES-GCM allows.
    pub(super) fn encrypt(&self, ctr: u64, aad: &[u8], frame: &mut [u8]) -> Option<[u8; TAG_BYTES]> {
        let nonce = self.nonce(ctr).into();
        match &self.aead {
            Aead::Aes128(aead) => aead.encrypt_inout_detached(&nonce, aad, frame.into()),
            Aead::Aes256(aead) => aead.encrypt_inout_detached(&nonce, aad, frame.into()),
        }
        .ok()
        .map(Into::into)
    }

    /// Decrypts in place if the tag holds; else leaves `frame` as it is and returns `None`.
    pub(super) fn decrypt(
        &self,
        ctr: u64,
        aad: &[u8],
        frame: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Option<()> {
        let nonce = self.nonce(ctr).into();
        match &self.aead {
            Aead::Aes128(aead) => aead.decrypt_inout_detached(&nonce, aad, frame.into(), tag.into()),
            Aead::Aes256(aead) => aead.decrypt_inout_detached(&nonce, aad, frame.into(), tag.into()),
        }
        .ok()
    }

    /// `xor(sframe_salt, encode_big_endian(CTR, AEAD.Nn))` (section 4.4.3).
    fn nonce(&self, ctr: u64) -> [u8; SALT_BYTES] {
        let mut nonce = *self.salt;
        for (byte, counter) in nonce[SALT_BYTES - 8..].iter_mut().zip(ctr.to_be_bytes()) {
            *byte ^= counter;
        }
        nonce
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{sframe::Header, vectors};

    #[test]
    fn published_frames_are_reproduced_and_opened() {
        let Some(file) = vectors::load("sframe/test-vectors.json") else { return };
        let mut tried = Vec::new();
        for case in file["sframe"].as_array().unwrap() {
            let number = case["cipher_suite"].as_u64().unwrap();
            let suite = match number {
                4 => CipherSuite::Aes128GcmSha256,
                5 => CipherSuite::Aes256GcmSha512,
                _ => {
                    println!("not implemented: suite {number}, AES-CTR with HMAC");
                    continue;
                }
            };
            tried.push(number);
            let field = |name| vectors::hex(case, name);
            let (kid, ctr) = (case["kid"].as_u64().unwrap(), case["ctr"].as_u64().unwrap());

            let secret = EpochSecret::new(suite, &BaseKey::new(&field("base_key")).unwrap());
            assert_eq!(*secret.secret, field("sframe_secret"));
            let material = secret.derive(kid);
            assert_eq!(material.expose_key(), field("sframe_key"));
            assert_eq!(material.expose_salt().to_vec(), field("sframe_salt"));

            let cipher = Cipher::new(&material);
            assert_eq!(cipher.nonce(ctr).to_vec(), field("nonce"));

            let mut buffer = [0; 17];
            let header = Header { kid, ctr }.encode(&mut buffer);
            let aad = [header, &field("metadata")].concat();
            assert_eq!(aad, field("aad"));

            let mut frame = field("pt");
            let tag = cipher.encrypt(ctr, &aad, &mut frame).unwrap();
            assert_eq!([header, &frame, &tag].concat(), field("ct"));
            cipher.decrypt(ctr, &aad, &mut frame, &tag).unwrap();
            assert_eq!(frame, field("pt"));
        }
        assert_eq!(tried, [4, 5]);
    }

    #[test]
    fn base_keys_have_a_sensible_length() {
        for (length, good) in [(0, false), (15, false), (16, true), (64, true), (65, false)] {
            assert_eq!(BaseKey::new(&vec![1; length]).is_ok(), good, "{length}");
        }
    }

    #[test]
    fn each_key_id_and_suite_has_its_own_key() {
        let base_key = BaseKey::new(&[1; 16]).unwrap();
        let key = |suite, kid| EpochSecret::new(suite, &base_key).derive(kid).expose_key()[..16].to_vec();
        let keys = [
            key(CipherSuite::Aes128GcmSha256, 0),
            key(CipherSuite::Aes128GcmSha256, 1),
            key(CipherSuite::Aes256GcmSha512, 0),
        ];
        assert!(keys[0] != keys[1] && keys[0] != keys[2] && keys[1] != keys[2]);
    }
}
