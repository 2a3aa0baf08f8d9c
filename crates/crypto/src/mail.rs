//! What a link carries that came by mail, `https://host/m/<meeting_id>#v1.mail.<key>`: a way to the door, and nothing else.
//!
//! The server makes the key and sends it, so it is no secret from the server, and nothing of the meeting comes from it: it
//! signs the knock, so that a crowd without it bothers nobody. Whoever knocks by it shows no name, and cannot: the key
//! that would seal it comes from the meeting's own secret. That a host's device gives away once the passcode is proven,
//! sealed under the key of that proof (`device/mail.rs`).

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use crate::link::InvalidLink;

/// Text before the key, where another link has its secret.
pub const MAIL_PREFIX: &str = "mail.";

/// Bytes of the key: the seed of an Ed25519 key.
const KEY_BYTES: usize = 32;

/// The key in a mail's link.
#[derive(Clone, PartialEq, Eq)]
pub struct MailKey(Zeroizing<[u8; KEY_BYTES]>);

impl MailKey {
    /// Returns the key with these bytes.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads what stands in a link after its version; `None` if it is none that came by mail.
    ///
    /// # Errors
    /// [`InvalidLink::Secret`]: what follows `mail.` is not the one base64url form of 32 bytes.
    pub fn from_text(text: &str) -> Option<Result<Self, InvalidLink>> {
        let text = text.strip_prefix(MAIL_PREFIX)?;
        let mut key = Self(Zeroizing::new([0; KEY_BYTES]));
        Some(match Base64UrlUnpadded::decode(text, &mut key.0[..]) {
            Ok(bytes) if bytes.len() == KEY_BYTES => Ok(key),
            _ => Err(InvalidLink::Secret),
        })
    }

    /// Returns what stands in the link after its version.
    pub fn text(&self) -> Zeroizing<String> {
        let key = Zeroizing::new(Base64UrlUnpadded::encode_string(&self.0[..]));
        Zeroizing::new(format!("{MAIL_PREFIX}{}", *key))
    }

    pub(crate) fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Returns the key, for [`sabha_admission::gate_tag`].
    pub fn signer(&self) -> SigningKey {
        SigningKey::from_bytes(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_text_form_and_other_links_have_none() {
        let key = MailKey::from_bytes([7; 32]);
        let text = key.text();
        assert!(MailKey::from_text(&text).unwrap().unwrap() == key);
        assert!(MailKey::from_text("AQEBAQEBAQEBAQEBAQEBAQ").is_none());
        for damaged in [format!("{}A", *text), text[..text.len() - 1].to_owned(), "mail.".to_owned()] {
            assert_eq!(MailKey::from_text(&damaged).unwrap().err(), Some(InvalidLink::Secret), "{damaged}");
        }
    }
}
