//! Tokens and keys: drawn, written, hashed.
//!
//! Each is 256 random bits. At rest there is only its SHA-256: a slow hash guards what can be guessed, and this cannot.

use sabha_protocol::secret::AccessToken;
use sha2::{Digest as _, Sha256};

/// What an API key begins with, so that people and scanners of sources know one when they see it.
pub(crate) const API_KEY_PREFIX: &str = "sabha_";

/// The operating system gives no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random numbers")]
pub(crate) struct NoRandomness;

/// Returns `N` random bytes.
///
/// # Errors
/// [`NoRandomness`].
pub(crate) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// Returns what is stored of a token or key.
pub(crate) fn hash(secret: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Returns the key in `sabha_…`, if it is one by its form.
pub(crate) fn api_key_of(text: &str) -> Option<AccessToken> {
    AccessToken::try_from(text.strip_prefix(API_KEY_PREFIX)?.to_owned()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_key_is_known_by_its_prefix_and_length() {
        let key = AccessToken::from_bytes([7; 32]);
        let text = format!("{API_KEY_PREFIX}{}", String::from(key.clone()));
        assert_eq!(api_key_of(&text), Some(key));
        for wrong in ["", "sabha_", &text[1..], &text[..text.len() - 1], &format!("{text}A")] {
            assert_eq!(api_key_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_stored_is_not_the_secret() {
        assert_ne!(hash(&[7; 32]), [7; 32]);
        assert_ne!(random::<16>().unwrap(), random::<16>().unwrap());
    }
}
