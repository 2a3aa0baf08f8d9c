//! How this server shows who it is to its owner's prober: `sabha_protocol::probe` has the exchange.
//!
//! Nothing is stored. A token is derived from the server's key and its own end, so the server knows every token of its
//! own, and none that another server has made. To answer costs two hashes.

use hkdf::Hkdf;
use sabha_protocol::{
    key::Challenge,
    probe::{PROBE_LIFE_MAX, ProbeToken, probe_info},
    secret::{ProbeAnswer, ProbeSecret},
};
use sha2::Sha256;

/// Makes and recognises tokens by which the server is known to who probes it.
#[derive(Clone)]
pub struct ProbeKey([u8; 32]);

impl std::fmt::Debug for ProbeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProbeKey(redacted)")
    }
}

impl ProbeKey {
    /// Returns the key with these bytes, which are derived from the server's key for this.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the token that is good until `expires_s`, in seconds since 1970.
    pub fn token(&self, expires_s: u64) -> ProbeToken {
        let secret = expand(&self.0, &expires_s.to_be_bytes());
        ProbeToken { expires_s, secret: ProbeSecret::from_bytes(secret) }
    }

    /// Returns what shows to the bearer of that token who this server is; nothing if the token is not good now.
    pub fn answer(&self, expires_s: u64, challenge: &Challenge, now_s: u64) -> Option<ProbeAnswer> {
        let life = expires_s.checked_sub(now_s)?;
        if life == 0 || life > PROBE_LIFE_MAX.as_secs() {
            return None;
        }
        let info = probe_info(challenge.as_bytes());
        Some(ProbeAnswer::from_bytes(expand(self.token(expires_s).secret.expose(), &info)))
    }
}

/// HKDF-SHA256-Expand (RFC 5869 section 2.3) to 32 bytes.
fn expand(key: &[u8; 32], info: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    Hkdf::<Sha256>::from_prk(key)
        .expect("32 bytes are as long as the hash")
        .expand(info, &mut out)
        .expect("32 bytes are far below HKDF's limit of 255 blocks");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    #[test]
    fn only_the_server_that_made_a_token_answers_and_in_its_time() {
        let (one, two) = (ProbeKey::from_bytes([1; 32]), ProbeKey::from_bytes([2; 32]));
        let token = one.token(NOW + 60);
        let challenge = Challenge::from_bytes([9; 32]);
        let expected = ProbeAnswer::from_bytes(expand(token.secret.expose(), &probe_info(&[9; 32])));

        assert_eq!(one.answer(token.expires_s, &challenge, NOW), Some(expected.clone()));
        assert_ne!(two.answer(token.expires_s, &challenge, NOW), Some(expected.clone()));
        assert_ne!(one.answer(token.expires_s + 1, &challenge, NOW), Some(expected.clone()));
        assert_ne!(one.answer(token.expires_s, &Challenge::from_bytes([8; 32]), NOW), Some(expected));
        assert_eq!(one.answer(token.expires_s, &challenge, NOW + 60), None, "it is over");
        let far = NOW + PROBE_LIFE_MAX.as_secs() + 1;
        assert_eq!(one.answer(far, &challenge, NOW), None, "nobody made such a token");
    }
}
