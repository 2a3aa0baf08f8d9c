//! Host certificates: the root key, or a host who may delegate, makes a device a host.

use ed25519_dalek::SigningKey;
use sabha_protocol::{DeviceKey, MeetingId};

use crate::{
    Capabilities, Signed, Statement,
    codec::{Malformed, Reader},
    signature::{Unsignable, body::Body},
};

/// A host certificate with a signature that may or may not hold.
pub type SignedHostCert = Signed<HostCert>;

/// Makes a device a host, once a [`Policy`](crate::Policy) lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCert {
    /// The meeting.
    pub meeting: MeetingId,
    /// The host's device: the signature key of its MLS leaf.
    pub subject: DeviceKey,
    /// What it may do as host: a part of [`Capabilities::HOST`].
    pub capabilities: Capabilities,
    /// Who signs: the meeting's root key, or a host with [`Capabilities::DELEGATE`].
    pub issuer: DeviceKey,
    /// The issuer's number for it.
    pub seq: u64,
    /// Is not listed anew later than this, in unix milliseconds. What is listed stays listed; to a device that sees
    /// its first policy all of it is new, so a certificate should last as long as its meeting can.
    pub not_after_ms: u64,
}

impl HostCert {
    /// Signs the certificate with the issuer's key.
    ///
    /// # Errors
    /// As [`Signed::sign`].
    pub fn sign(self, issuer: &SigningKey) -> Result<SignedHostCert, Unsignable> {
        Signed::sign(self, issuer)
    }
}

impl Statement for HostCert {
    fn signer(&self) -> DeviceKey {
        self.issuer
    }
}

impl Body for HostCert {
    const KIND: u8 = 2;

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            meeting: MeetingId::from_bytes(reader.array()?),
            subject: DeviceKey::from_bytes(reader.array()?),
            capabilities: reader.u16()?.try_into()?,
            issuer: DeviceKey::from_bytes(reader.array()?),
            seq: reader.u64()?,
            not_after_ms: reader.u64()?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.meeting.as_bytes());
        out.extend(self.subject.as_bytes());
        out.extend(self.capabilities.bits().to_be_bytes());
        out.extend(self.issuer.as_bytes());
        out.extend(self.seq.to_be_bytes());
        out.extend(self.not_after_ms.to_be_bytes());
    }
}
