//! Grants: a host's signature over the key of the device it lets in. A grant is the MLS credential of its leaf.

use ed25519_dalek::SigningKey;
use sabha_protocol::{DeviceKey, MeetingId};

use crate::{
    Capabilities, Signed, Statement, Suite,
    codec::{Malformed, Reader},
    invite::SignedInviteCert,
    signature::{Unsignable, body::Body},
};

/// The MLS credential type whose content is a [`SignedGrant`] (private use, RFC 9420 section 17.5).
pub const GRANT_CREDENTIAL_TYPE: u16 = 0xF0A1;

/// A grant with a signature that may or may not hold.
pub type SignedGrant = Signed<Grant>;

/// Lets one device into one meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The meeting.
    pub meeting: MeetingId,
    /// The meeting's suite.
    pub suite: Suite,
    /// The device that is let in: the signature key of its MLS leaf.
    pub subject: DeviceKey,
    /// What it may do.
    pub capabilities: Capabilities,
    /// Who signs: the meeting's root key, a host's device, or the key of an invite.
    pub issuer: DeviceKey,
    /// The issuer's number for it, so that it can be revoked. An issuer that gives a number twice revokes both.
    pub seq: u64,
    /// Enters no group earlier than this, in unix milliseconds. A meeting that was locked before voids it.
    pub not_before_ms: u64,
    /// Enters no group later than this, in unix milliseconds. Who is in stays in.
    pub not_after_ms: u64,
    /// Repeats the nonce of the knock that it answers.
    pub nonce: [u8; 16],
    /// How the issuer came to let it in.
    pub method: Method,
    /// Certifies the issuer where that is the key of an invite; is what its subject has shown where a host let it in for
    /// that; and is absent otherwise.
    pub invite: Option<SignedInviteCert>,
}

impl Grant {
    /// Signs the grant with the issuer's key.
    ///
    /// # Errors
    /// As [`Signed::sign`].
    pub fn sign(self, issuer: &SigningKey) -> Result<SignedGrant, Unsignable> {
        Signed::sign(self, issuer)
    }

    /// Returns the name by which it is revoked.
    pub const fn id(&self) -> GrantId {
        GrantId { issuer: self.issuer, seq: self.seq }
    }
}

impl Statement for Grant {
    fn signer(&self) -> DeviceKey {
        self.issuer
    }
}

impl Body for Grant {
    const KIND: u8 = 1;

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            meeting: MeetingId::from_bytes(reader.array()?),
            suite: reader.u16()?.try_into()?,
            subject: DeviceKey::from_bytes(reader.array()?),
            capabilities: reader.u16()?.try_into()?,
            issuer: DeviceKey::from_bytes(reader.array()?),
            seq: reader.u64()?,
            not_before_ms: reader.u64()?,
            not_after_ms: reader.u64()?,
            nonce: reader.array()?,
            method: reader.u8()?.try_into()?,
            invite: if reader.present("invite")? { Some(Signed::read(reader)?) } else { None },
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.meeting.as_bytes());
        out.extend(self.suite.code().to_be_bytes());
        out.extend(self.subject.as_bytes());
        out.extend(self.capabilities.bits().to_be_bytes());
        out.extend(self.issuer.as_bytes());
        out.extend(self.seq.to_be_bytes());
        out.extend(self.not_before_ms.to_be_bytes());
        out.extend(self.not_after_ms.to_be_bytes());
        out.extend(self.nonce);
        out.push(self.method as u8);
        out.push(u8::from(self.invite.is_some()));
        if let Some(invite) = &self.invite {
            invite.write(out);
        }
    }
}

/// How somebody was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Method {
    /// Made the meeting, or brought its root key.
    Creator = 0,
    /// A host said yes.
    Manual = 1,
    /// Knew the passcode, for which a rule of the host's lets in.
    Passcode = 2,
    /// Had an invite that a host had signed before.
    Invite = 3,
    /// A rule of the host's, applied by the host's device.
    Rule = 4,
    /// Knew the passcode, and a host said yes.
    PasscodeManual = 5,
    /// Showed an invite, and a host said yes.
    InviteManual = 6,
}

impl Method {
    /// Returns whether a grant made so carries an invite.
    pub const fn is_by_invite(self) -> bool {
        matches!(self, Self::Invite | Self::InviteManual)
    }
}

impl TryFrom<u8> for Method {
    type Error = Malformed;

    fn try_from(code: u8) -> Result<Self, Malformed> {
        match code {
            0 => Ok(Self::Creator),
            1 => Ok(Self::Manual),
            2 => Ok(Self::Passcode),
            3 => Ok(Self::Invite),
            4 => Ok(Self::Rule),
            5 => Ok(Self::PasscodeManual),
            6 => Ok(Self::InviteManual),
            _ => Err(Malformed::Unknown("method")),
        }
    }
}

/// Names a grant or an invite, so that it can be revoked: both are numbered by their issuer in one sequence.
///
/// Who was let in by an invite is numbered by the key of the invite, which its holder has: banning that person
/// takes the id of the invite itself, [`InviteCert::id`](crate::InviteCert::id).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantId {
    /// Who signed it.
    pub issuer: DeviceKey,
    /// The issuer's number for it.
    pub seq: u64,
}

impl GrantId {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self { issuer: DeviceKey::from_bytes(reader.array()?), seq: reader.u64()? })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.issuer.as_bytes());
        out.extend(self.seq.to_be_bytes());
    }
}
