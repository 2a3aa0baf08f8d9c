//! Digits that people compare by voice, to see that they are in the same group under the same root.
//!
//! Thirty digits come from the group's epoch authenticator (RFC 9420 section 8.7): equal for members that agree on
//! everything that ever happened in the group, in this epoch, and for nobody else. Ten come from the root key, and
//! stay the same over the whole meeting. The digits are those of DAVE's displayable code (Discord's protocol, "Displayable
//! codes"): each group of five bytes, as one big-endian number, modulo 10^5.
//!
//! Who joined by the link has checked the root already, since the meeting's id is its hash; the ten digits are for
//! those who did not.

use std::fmt;

use sabha_protocol::DeviceKey;
use sha2::{Digest as _, Sha256};

/// Digits of a group.
const GROUP_DIGITS: usize = 5;

/// 10^5.
const GROUP_MODULUS: u64 = 100_000;

/// Groups of the code of an epoch.
const EPOCH_GROUPS: usize = 6;

/// Groups of the fingerprint of a root key.
const ROOT_GROUPS: usize = 2;

/// Shortest epoch authenticator that gives a code, in bytes. Those of suites with SHA-256 have 32.
pub const AUTHENTICATOR_BYTES_MIN: usize = EPOCH_GROUPS * GROUP_DIGITS;

/// What people compare. Not secret: it shows nothing about any key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VerificationCode {
    epoch: [u32; EPOCH_GROUPS],
    root: [u32; ROOT_GROUPS],
}

impl VerificationCode {
    /// Returns the code of an epoch under a root key.
    ///
    /// # Errors
    /// [`AuthenticatorTooShort`]: the caller's mistake.
    pub fn new(epoch_authenticator: &[u8], root: &DeviceKey) -> Result<Self, AuthenticatorTooShort> {
        let epoch = groups(epoch_authenticator).ok_or(AuthenticatorTooShort)?;
        let root = groups(&Sha256::digest(root.as_bytes())).expect("SHA-256 is longer than ten bytes");
        Ok(Self { epoch, root })
    }

    /// Returns the thirty digits of the epoch, in six groups with a space between.
    pub fn epoch(&self) -> String {
        digits(&self.epoch)
    }

    /// Returns the ten digits of the root key, in two groups with a space between.
    pub fn root(&self) -> String {
        digits(&self.root)
    }
}

impl fmt::Display for VerificationCode {
    /// Prints the digits of the epoch.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.epoch())
    }
}

/// The epoch authenticator has less than [`AUTHENTICATOR_BYTES_MIN`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the epoch authenticator is too short")]
pub struct AuthenticatorTooShort;

/// Returns the first `N` groups of `bytes`, if they are there.
fn groups<const N: usize>(bytes: &[u8]) -> Option<[u32; N]> {
    let (chunks, _) = bytes.as_chunks::<GROUP_DIGITS>();
    let chunks = chunks.first_chunk::<N>()?;
    Some(chunks.map(|chunk| {
        let value = chunk.iter().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
        (value % GROUP_MODULUS) as u32
    }))
}

fn digits(groups: &[u32]) -> String {
    let texts: Vec<_> = groups.iter().map(|group| format!("{group:0GROUP_DIGITS$}")).collect();
    texts.join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOT: DeviceKey = DeviceKey::from_bytes([7; 32]);

    #[test]
    fn digits_are_those_of_dave() {
        // The published example of libdave's test of displayable codes.
        let bytes = data_encoding::HEXLOWER
            .decode(b"aabbccddeebbccddeeffccddeeffaaddeeffaabbeeffaabbccffaabbccdd")
            .unwrap();
        let code = VerificationCode::new(&bytes, &ROOT).unwrap();
        assert_eq!(code.to_string(), "05870 81055 56138 05211 95724 94877");
    }

    #[test]
    fn root_has_a_fingerprint_of_its_own() {
        let root = |root| VerificationCode::new(&[1; 32], &root).unwrap().root();
        assert_eq!(root(ROOT), "48142 21889");
        assert_ne!(root(ROOT), root(DeviceKey::from_bytes([8; 32])));
    }

    #[test]
    fn short_authenticator_gives_no_code() {
        assert_eq!(VerificationCode::new(&[1; 29], &ROOT), Err(AuthenticatorTooShort));
        assert!(VerificationCode::new(&[1; 30], &ROOT).is_ok());
    }

    proptest! {
        #[test]
        fn code_is_always_thirty_and_ten_digits(authenticator: [u8; 32], root: [u8; 32]) {
            let code = VerificationCode::new(&authenticator, &DeviceKey::from_bytes(root)).unwrap();
            prop_assert_eq!((code.epoch().len(), code.root().len()), (35, 11));
            prop_assert!(code.epoch().bytes().all(|byte| byte == b' ' || byte.is_ascii_digit()));
        }
    }
}
