//! Secrets and opaque bytes as they travel: base64url without padding, never printed, compared in constant time.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use ts_rs::TS;
use utoipa::ToSchema;

/// The text is not base64url, or not of the right length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value is not base64url without padding, or not of the right length")]
pub struct InvalidSecret;

macro_rules! secret32 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Serialize, Deserialize, TS, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[ts(type = "string")]
        #[schema(value_type = String, pattern = "^[A-Za-z0-9_-]{43}$")]
        pub struct $name([u8; 32]);

        impl $name {
            /// Returns the secret with these bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Returns the bytes. The caller keeps them out of logs and off disk.
            pub const fn expose(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&other.0).into()
            }
        }

        impl Eq for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidSecret;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                // 32 bytes are 43 characters; anything else is refused before it is decoded.
                if text.len() != 43 {
                    return Err(InvalidSecret);
                }
                let bytes = Base64UrlUnpadded::decode_vec(&text).map_err(|_| InvalidSecret)?;
                bytes.try_into().map(Self).map_err(|_| InvalidSecret)
            }
        }

        impl From<$name> for String {
            fn from(secret: $name) -> Self {
                Base64UrlUnpadded::encode_string(&secret.0)
            }
        }
    };
}

secret32! {
    /// Lets its bearer create meetings on this server.
    CreationKey
}

secret32! {
    /// The token in a one-time link for the first administrator or somebody invited.
    LinkToken
}

secret32! {
    /// The secret of a token by which a server is recognised before it is probed.
    ProbeSecret
}

secret32! {
    /// What a server that knows a [`ProbeSecret`] answers to a challenge.
    ProbeAnswer
}

secret32! {
    /// The token in a session's cookie, or in an API key after its prefix.
    AccessToken
}

/// A sealed, server-signed claim to a place in a room. Opaque to the client; at most 512 characters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
pub struct ResumeToken(String);

impl ResumeToken {
    /// Longest text accepted, in characters.
    pub const CHARS_MAX: usize = 512;

    /// Returns the text as the server issued it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ResumeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResumeToken(redacted)")
    }
}

impl TryFrom<String> for ResumeToken {
    type Error = InvalidSecret;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if text.is_empty() || text.len() > Self::CHARS_MAX || !text.bytes().all(alphabet) {
            return Err(InvalidSecret);
        }
        Ok(Self(text))
    }
}

impl From<ResumeToken> for String {
    fn from(token: ResumeToken) -> Self {
        token.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn secret_survives_its_text_form(bytes: [u8; 32]) {
            let text = String::from(CreationKey::from_bytes(bytes));
            prop_assert_eq!(CreationKey::try_from(text), Ok(CreationKey::from_bytes(bytes)));
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        assert_eq!(format!("{:?}", CreationKey::from_bytes([1; 32])), "CreationKey(redacted)");
        let token = ResumeToken::try_from("abc.def".to_owned()).unwrap();
        assert_eq!(format!("{token:?}"), "ResumeToken(redacted)");
    }

    #[test]
    fn wrong_length_or_alphabet_is_refused() {
        for text in ["", "AA", &"A".repeat(44), &"=".repeat(43), &"+".repeat(43)] {
            assert_eq!(CreationKey::try_from(text.to_owned()), Err(InvalidSecret), "{text}");
        }
        assert!(ResumeToken::try_from("a".repeat(513)).is_err());
    }
}
