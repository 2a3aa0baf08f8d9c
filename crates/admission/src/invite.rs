//! Invites: a host certifies a key in advance, whose holders then let themselves in, each with a grant signed by it.

use ed25519_dalek::SigningKey;
use sabha_protocol::{DeviceKey, MeetingId};

use crate::{
    Capabilities, GrantId, Signed, Statement,
    codec::{Malformed, Reader},
    signature::{Unsignable, body::Body},
};

/// An invite with a signature that may or may not hold.
pub type SignedInviteCert = Signed<InviteCert>;

/// Lets whoever has the secret of a key into one meeting, on a bounded number of devices at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteCert {
    /// The meeting.
    pub meeting: MeetingId,
    /// The key of the invite.
    pub invite: DeviceKey,
    /// The most that its holders may do.
    pub capabilities: Capabilities,
    /// Who signs: the meeting's root key or a host's device.
    pub issuer: DeviceKey,
    /// The issuer's number for it, in one sequence with its grants. Revoking it voids all grants made by it.
    pub seq: u64,
    /// Lets nobody in earlier than this, in unix milliseconds.
    pub not_before_ms: u64,
    /// Lets nobody in later than this, in unix milliseconds.
    pub not_after_ms: u64,
    /// Devices that may be in the meeting by it at one time.
    pub devices_max: u16,
}

impl InviteCert {
    /// Signs the invite with the issuer's key.
    ///
    /// # Errors
    /// As [`Signed::sign`].
    pub fn sign(self, issuer: &SigningKey) -> Result<SignedInviteCert, Unsignable> {
        Signed::sign(self, issuer)
    }

    /// Returns the name by which it is revoked, with everybody who came by it.
    pub const fn id(&self) -> GrantId {
        GrantId { issuer: self.issuer, seq: self.seq }
    }
}

impl Statement for InviteCert {
    fn signer(&self) -> DeviceKey {
        self.issuer
    }
}

impl Body for InviteCert {
    const KIND: u8 = 5;

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            meeting: MeetingId::from_bytes(reader.array()?),
            invite: DeviceKey::from_bytes(reader.array()?),
            capabilities: reader.u16()?.try_into()?,
            issuer: DeviceKey::from_bytes(reader.array()?),
            seq: reader.u64()?,
            not_before_ms: reader.u64()?,
            not_after_ms: reader.u64()?,
            devices_max: reader.u16()?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.meeting.as_bytes());
        out.extend(self.invite.as_bytes());
        out.extend(self.capabilities.bits().to_be_bytes());
        out.extend(self.issuer.as_bytes());
        out.extend(self.seq.to_be_bytes());
        out.extend(self.not_before_ms.to_be_bytes());
        out.extend(self.not_after_ms.to_be_bytes());
        out.extend(self.devices_max.to_be_bytes());
    }
}
