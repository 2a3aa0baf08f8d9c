//! The cipher suite of a meeting, and the id that binds a meeting to it and to its root key.

use sabha_protocol::{DeviceKey, MeetingId};
use sha2::{Digest as _, Sha256};

use crate::codec::Malformed;

/// Version of the preimage of a meeting's id.
const MEETING_VERSION: u8 = 1;

/// An MLS cipher suite that a meeting can have, by its number in the registry. Fixed when the meeting is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Suite {
    /// X25519, AES-128-GCM, SHA-256, Ed25519 (RFC 9420 section 17.1).
    Classical = 0x0001,
    /// X-Wing (ML-KEM-768 with X25519), AES-128-GCM, SHA-256, Ed25519: safe against a later quantum computer.
    XWing = 0x004F,
}

impl Suite {
    /// Returns the number in the registry.
    pub const fn code(self) -> u16 {
        self as u16
    }
}

impl TryFrom<u16> for Suite {
    type Error = Malformed;

    fn try_from(code: u16) -> Result<Self, Malformed> {
        match code {
            0x0001 => Ok(Self::Classical),
            0x004F => Ok(Self::XWing),
            _ => Err(Malformed::Unknown("suite")),
        }
    }
}

/// Returns the id of the meeting that has this suite and root key, so that neither can be exchanged under a link:
/// the first 20 bytes of SHA-256 of `"sabha meeting v1"`, a version byte, the suite and the key.
pub fn meeting_id(suite: Suite, root: &DeviceKey) -> MeetingId {
    let hash = Sha256::new()
        .chain_update(b"sabha meeting v1")
        .chain_update([MEETING_VERSION])
        .chain_update(suite.code().to_be_bytes())
        .chain_update(root.as_bytes())
        .finalize();
    let mut id = [0; 20];
    id.copy_from_slice(&hash[..20]);
    MeetingId::from_bytes(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by another program, from the text in the doc of [`meeting_id`].
    #[test]
    fn a_meetings_id_is_the_hash_of_suite_and_root_key() {
        let root = DeviceKey::from_bytes([7; 32]);
        let id = |suite| meeting_id(suite, &root).to_string();
        assert_eq!(id(Suite::XWing), "xa7wtkgbkjrmuosdaiszxlxes3plsyge");
        assert_eq!(id(Suite::Classical), "el6e6l46veatn52zxhu65pu2ycobmnri");
    }

    #[test]
    fn only_the_two_suites_are_known() {
        let known: Vec<u16> = (0..=u16::MAX).filter(|code| Suite::try_from(*code).is_ok()).collect();
        assert_eq!(known, [0x0001, 0x004F]);
        assert_eq!(Suite::try_from(0x004F).map(Suite::code), Ok(0x004F));
        assert_eq!(Suite::try_from(0x0001).map(Suite::code), Ok(0x0001));
    }
}
