//! What a guest shows to be let as far as the lobby: that it has the meeting's link.
//!
//! The link is `https://host/m/<meeting_id>#v1.<secret>`; the fragment never leaves the browser. From the
//! secret (16 bytes, base64url without padding) both sides of the link derive
//! `gate_key = HKDF-SHA256(ikm = secret, salt = meeting_id bytes, info = "sabha gate v1")` (RFC 5869).
//! The server keeps `SHA-256(gate_key)` and can drop knocks of those who do not have the link before it
//! stores anything of theirs, without learning the secret. The gate admits nobody: a host does.

use hkdf::Hkdf;
use sha2::{Digest, Sha256};

use crate::{MeetingId, secret::GateKey};

/// Length of the link secret, in bytes.
pub const LINK_SECRET_BYTES: usize = 16;

/// Text before the secret in the link's fragment: the version of the derivation.
pub const FRAGMENT_PREFIX: &str = "v1.";

/// Derives the gate key of `meeting` from the secret in its link.
pub fn gate_key(secret: &[u8; LINK_SECRET_BYTES], meeting: &MeetingId) -> GateKey {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(meeting.as_bytes()), secret)
        .expand(b"sabha gate v1", &mut key)
        .expect("32 bytes are far below HKDF's limit of 255 blocks");
    GateKey::from_bytes(key)
}

/// Returns what the server stores of a secret it must recognise: SHA-256. The secrets are uniform and
/// 32 bytes long, so a slow hash would protect nothing.
pub fn digest(secret: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gate_key_matches_the_vector_that_the_web_client_checks_too() {
        let key = gate_key(&[1; 16], &MeetingId::from_bytes([2; 20]));
        assert_eq!(String::from(key), include_str!("../vectors/gate_key.txt").trim());
    }

    #[test]
    fn another_meeting_or_secret_gives_another_key() {
        let meeting = MeetingId::from_bytes([2; 20]);
        assert_ne!(gate_key(&[1; 16], &meeting), gate_key(&[3; 16], &meeting));
        assert_ne!(gate_key(&[1; 16], &meeting), gate_key(&[1; 16], &MeetingId::from_bytes([4; 20])));
    }
}
