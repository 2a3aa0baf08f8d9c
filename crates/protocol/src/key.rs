//! Public keys, signatures and challenges of fixed length; base64url without padding on the wire.
//!
//! None of them is secret. Whether a signature holds is checked by `sabha-admission`, not here.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// The text is not base64url, or not of the right length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value is not base64url without padding, or not of the right length")]
pub struct InvalidKey;

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident($bytes:literal, $pattern:literal),)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[ts(type = "string")]
        #[schema(value_type = String, pattern = $pattern)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// Returns the value with these bytes.
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// Returns the bytes.
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            /// Prints the first four bytes: enough to follow one in a log.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let [a, b, c, d, ..] = self.0;
                write!(f, concat!(stringify!($name), "({:02x}{:02x}{:02x}{:02x}…)"), a, b, c, d)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidKey;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                if text.len() > ($bytes as usize).div_ceil(3) * 4 {
                    return Err(InvalidKey);
                }
                let bytes = Base64UrlUnpadded::decode_vec(&text).map_err(|_| InvalidKey)?;
                bytes.try_into().map(Self).map_err(|_| InvalidKey)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                Base64UrlUnpadded::encode_string(&value.0)
            }
        }
    )*};
}

fixed! {
    /// Drawn by the server for each connection, signed by who enters on it, so that no proof is good twice.
    Challenge(32, "^[A-Za-z0-9_-]{43}$"),
    /// A SHA-256 (FIPS 180-4).
    Digest(32, "^[A-Za-z0-9_-]{43}$"),
    /// The Ed25519 public key of a device in one meeting (RFC 8032): its MLS leaf signature key.
    DeviceKey(32, "^[A-Za-z0-9_-]{43}$"),
    /// The Ed25519 public key that belongs to a meeting's link: who can sign with it has the link.
    GateKey(32, "^[A-Za-z0-9_-]{43}$"),
    /// The Ed25519 public key of whoever signs policy profiles.
    ProfileKey(32, "^[A-Za-z0-9_-]{43}$"),
    /// An Ed25519 signature (RFC 8032).
    Signature(64, "^[A-Za-z0-9_-]{86}$"),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn key_survives_its_text_form(bytes: [u8; 32]) {
            let text = String::from(DeviceKey::from_bytes(bytes));
            prop_assert_eq!(DeviceKey::try_from(text), Ok(DeviceKey::from_bytes(bytes)));
        }

        #[test]
        fn a_key_has_one_text_form(text in "[A-Za-z0-9_-]{43}") {
            if let Ok(key) = DeviceKey::try_from(text.clone()) {
                prop_assert_eq!(String::from(key), text);
            }
        }
    }

    #[test]
    fn wrong_length_or_alphabet_is_refused() {
        for text in ["", "AA", &"A".repeat(44), &"=".repeat(43), &"+".repeat(43)] {
            assert_eq!(DeviceKey::try_from(text.to_owned()), Err(InvalidKey), "{text}");
        }
    }
}
