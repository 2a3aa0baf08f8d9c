//! Identifiers and counters. Each is its own type, so that one cannot stand where another belongs.

use std::{fmt, str::FromStr};

use base32ct::{Base32Unpadded, Encoding as _};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Names a meeting: 20 bytes written as 32 lower-case base32 characters (RFC 4648, no padding).
///
/// 160 bits, so that it can be neither guessed nor enumerated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
#[schema(value_type = String, example = "mfrggzdfmztwq2lknnwg23tpobyxe43u", pattern = "^[a-z2-7]{32}$")]
pub struct MeetingId([u8; 20]);

impl MeetingId {
    /// Returns the id with these bytes, which the caller drew from a secure source or derived by a hash.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Returns the 20 bytes behind the text form.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl fmt::Display for MeetingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Base32Unpadded::encode_string(&self.0))
    }
}

impl fmt::Debug for MeetingId {
    /// Prints the first eight characters only: enough to follow a meeting in a log, too few to knock with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", &Base32Unpadded::encode_string(&self.0[..5]))
    }
}

/// The text is not 32 base32 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a meeting id is 32 characters of a-z and 2-7")]
pub struct InvalidMeetingId;

impl FromStr for MeetingId {
    type Err = InvalidMeetingId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 32 {
            return Err(InvalidMeetingId);
        }
        let bytes = Base32Unpadded::decode_vec(text).map_err(|_| InvalidMeetingId)?;
        bytes.try_into().map(Self).map_err(|_| InvalidMeetingId)
    }
}

impl TryFrom<String> for MeetingId {
    type Error = InvalidMeetingId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<MeetingId> for String {
    fn from(id: MeetingId) -> Self {
        id.to_string()
    }
}

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS, ToSchema,
        )]
        #[serde(transparent)]
        #[ts(type = "number")]
        pub struct $name(pub $inner);

        impl $name {
            /// Returns the value that follows this one. Saturates: none of these wraps within a server's life.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter! {
    /// Names somebody in one room, lobby included. Counts up from 1 and is never used twice in a room.
    ParticipantId(u32)
}
counter! {
    /// Chosen by the client to tell which of its messages a reply or an error answers.
    RequestId(u32)
}
counter! {
    /// Position of an event in the total order of its room. Starts at 1 in each room epoch, without gaps
    /// for any one recipient class: a member that sees a gap has lost an event and asks for the whole state.
    RoomSeq(u64)
}
counter! {
    /// Start of the server process, in milliseconds since 1970. Greater after each restart.
    BootEpoch(u64)
}
counter! {
    /// How many times this room was opened, over all restarts. State of a lower epoch is void.
    RoomEpoch(u64)
}
counter! {
    /// An epoch of a meeting's MLS group (RFC 9420 section 8): counts its commits.
    GroupEpoch(u64)
}
counter! {
    /// Counts a participant's peer connections; an answer or slot of an older generation is void.
    MediaGeneration(u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn meeting_id_survives_its_text_form(bytes: [u8; 20]) {
            let id = MeetingId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse::<MeetingId>(), Ok(id));
        }

        #[test]
        fn any_other_text_is_no_meeting_id(text in "\\PC{0,40}|[a-zA-Z2-7]{32}|[a-z2-7]{32}") {
            if let Ok(id) = text.parse::<MeetingId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn debug_form_does_not_reveal_the_meeting() {
        let id = MeetingId::from_bytes([7; 20]);
        assert!(!format!("{id:?}").contains(&id.to_string()));
        assert_eq!(format!("{id:?}").chars().count(), 9);
    }
}
