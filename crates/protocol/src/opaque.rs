//! Bytes that the server carries without being able to read them, each with its bound; base64url without
//! padding on the wire. What is in them is said by `docs/e2ee.md` and made and read by the clients alone.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::limits::{
    ACCOUNT_BYTES_MAX, DOOR_BYTES_MAX, GROUP_INFO_BYTES_MAX, HANDSHAKE_BYTES_MAX, KNOCK_BYTES_MAX,
    RELAY_BYTES_MAX, SEALED_TITLE_BYTES_MAX, TREE_BYTES_MAX, WELCOME_BYTES_MAX,
};

/// The text is not base64url, or holds no or too many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value is not base64url without padding, is empty, or is longer than {max} bytes")]
pub struct InvalidOpaque {
    /// The bound that holds for the value.
    pub max: usize,
}

macro_rules! opaque {
    ($($(#[$doc:meta])* $name:ident($max:expr),)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[ts(type = "string")]
        #[schema(value_type = String, pattern = "^[A-Za-z0-9_-]+$")]
        pub struct $name(Vec<u8>);

        impl $name {
            /// Most bytes one can hold.
            pub const BYTES_MAX: usize = $max;

            /// Returns the bytes.
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }

            /// Returns the bytes.
            pub fn into_bytes(self) -> Vec<u8> {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} bytes)"), self.0.len())
            }
        }

        impl TryFrom<Vec<u8>> for $name {
            type Error = InvalidOpaque;

            fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> {
                if bytes.is_empty() || bytes.len() > Self::BYTES_MAX {
                    return Err(InvalidOpaque { max: Self::BYTES_MAX });
                }
                Ok(Self(bytes))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidOpaque;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let invalid = InvalidOpaque { max: Self::BYTES_MAX };
                // Measured before it is decoded.
                if text.len() > Self::BYTES_MAX.div_ceil(3) * 4 {
                    return Err(invalid);
                }
                Base64UrlUnpadded::decode_vec(&text).map_err(|_| invalid)?.try_into()
            }
        }

        impl From<$name> for String {
            fn from(opaque: $name) -> Self {
                Base64UrlUnpadded::encode_string(&opaque.0)
            }
        }
    )*};
}

opaque! {
    /// One value of a passkey as its authenticator or browser made it (W3C WebAuthn level 3).
    AccountBytes(ACCOUNT_BYTES_MAX),
    /// What somebody in the lobby and the hosts say to each other: proof of the passcode, grant, KeyPackage.
    DoorPayload(DOOR_BYTES_MAX),
    /// A grant: a host's signature over a device key, as it stands in the MLS credential.
    GrantBytes(KNOCK_BYTES_MAX),
    /// A signed MLS GroupInfo without the tree (RFC 9420 section 12.4.3), as an MLS message.
    GroupInfo(GROUP_INFO_BYTES_MAX),
    /// An MLS PublicMessage with a commit or a proposal (RFC 9420 section 6.2), as an MLS message.
    HandshakeMessage(HANDSHAKE_BYTES_MAX),
    /// A host's signed word on which epoch the group is in.
    HeartbeatBytes(KNOCK_BYTES_MAX),
    /// What a knock says to the hosts: name and more, sealed under the lobby key.
    KnockPayload(KNOCK_BYTES_MAX),
    /// A policy with its signature, as it stands in the group's context.
    PolicyBytes(RELAY_BYTES_MAX),
    /// An MLS ratchet tree (RFC 9420 section 12.4.3.3).
    RatchetTree(TREE_BYTES_MAX),
    /// A message between members, 1 byte to 64 KiB.
    RelayPayload(RELAY_BYTES_MAX),
    /// A meeting's title, sealed under the lobby key.
    SealedTitle(SEALED_TITLE_BYTES_MAX),
    /// An MLS Welcome (RFC 9420 section 12.4.3.1), as an MLS message.
    WelcomeMessage(WELCOME_BYTES_MAX),
}

/// What a word at the door is, by its first byte, as far as the server has to know: it counts how often a passcode is
/// tried from one address. `docs/e2ee.md` has the others.
pub mod door {
    /// A guest begins to prove the passcode.
    pub const PROOF_BEGINS: u8 = 2;
    /// A host's device says that the proof was right.
    pub const PROOF_HOLDS: u8 = 5;
}

impl DoorPayload {
    /// Returns whether a guest begins to prove the passcode by it.
    pub fn begins_proof(&self) -> bool {
        self.0.first() == Some(&door::PROOF_BEGINS)
    }

    /// Returns whether a host's device says by it that a proof was right.
    pub fn says_proof_holds(&self) -> bool {
        self.0.first() == Some(&door::PROOF_HOLDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_their_text_form() {
        let payload = RelayPayload::try_from(vec![0, 255, 7]).unwrap();
        assert_eq!(RelayPayload::try_from(String::from(payload.clone())), Ok(payload));
    }

    #[test]
    fn bytes_have_one_text_form() {
        assert!(RelayPayload::try_from("AQ".to_owned()).is_ok());
        for text in ["AR", "AQ==", "AQ=", "A", "AQ\n", " AQ"] {
            assert!(RelayPayload::try_from(text.to_owned()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn nothing_and_too_much_are_refused_before_they_are_decoded() {
        assert!(RelayPayload::try_from(vec![]).is_err());
        assert!(RelayPayload::try_from(vec![0; RELAY_BYTES_MAX]).is_ok());
        assert!(RelayPayload::try_from(vec![0; RELAY_BYTES_MAX + 1]).is_err());
        assert!(KnockPayload::try_from("!".repeat(KNOCK_BYTES_MAX * 2)).is_err());
        assert!(KnockPayload::try_from("A+".to_owned()).is_err());
    }
}
