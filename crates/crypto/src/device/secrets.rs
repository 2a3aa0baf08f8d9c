//! What a device keeps over a reload: its keys and what it was told, never the group itself.

use sabha_admission::{SignedGrant, Suite};
use sabha_protocol::{DisplayName, MeetingId, MeetingTitle};
use zeroize::Zeroizing;

use super::invites::{INVITES_MAX, Issued};
use crate::codec::{Malformed, Reader, Writer};
use crate::invitation::Invitation;
use crate::link::LinkSecret;
use crate::mail::MailKey;

/// Longest form, in bytes: a grant with its invite, text, and what was issued.
pub(super) const BYTES_MAX: usize = 24 * 1024;

const VERSION: u8 = 5;

/// The passcode of a meeting as its host keeps it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct HostPasscode {
    /// As it is told.
    pub(crate) text: Zeroizing<String>,
    /// Whether who proves it is let in without a click.
    pub(crate) admits: bool,
    /// Whether who comes by mail may prove it.
    pub(crate) by_mail: bool,
}

pub(crate) struct Secrets {
    pub(crate) meeting: MeetingId,
    /// Known from the start to the creator, and to others once they hold a grant.
    pub(crate) suite: Suite,
    pub(crate) device_seed: Zeroizing<[u8; 32]>,
    /// The creator's: makes hosts when no host is left.
    pub(crate) root_seed: Option<Zeroizing<[u8; 32]>>,
    /// Absent while this device came by mail and has not been told it.
    pub(crate) link: Option<LinkSecret>,
    /// By which this device came by mail.
    pub(crate) mail: Option<MailKey>,
    pub(crate) name: DisplayName,
    pub(crate) title: Option<MeetingTitle>,
    pub(crate) grant: Option<SignedGrant>,
    pub(crate) passcode: Option<HostPasscode>,
    /// Version of the newest policy that was seen, so that nobody leads back to before it.
    pub(crate) policy_floor: u64,
    /// By which this device lets itself in.
    pub(crate) invitation: Option<Invitation>,
    /// Invites that this device has made, at most [`INVITES_MAX`].
    pub(crate) issued: Vec<Issued>,
}

impl Secrets {
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let optional = |writer: Writer, bytes: Option<&[u8]>| match bytes {
            Some(bytes) => writer.u8(1).vector(bytes),
            None => writer.u8(0),
        };
        let writer = Writer::kind(VERSION)
            .array(self.meeting.as_bytes())
            .array(&self.suite.code().to_be_bytes())
            .array(&self.device_seed[..]);
        let writer = optional(writer, self.root_seed.as_ref().map(|seed| &seed[..]));
        let writer = optional(writer, self.link.as_ref().map(|link| &link.expose()[..]));
        let writer = optional(writer, self.mail.as_ref().map(|mail| &mail.expose()[..]));
        let writer = writer.vector(self.name.as_str().as_bytes());
        let writer = optional(writer, self.title.as_ref().map(|title| title.as_str().as_bytes()));
        let writer = optional(writer, self.grant.as_ref().map(SignedGrant::to_bytes).as_deref());
        let writer = optional(writer, self.passcode.as_ref().map(|passcode| passcode.text.as_bytes()));
        let admits = self.passcode.as_ref().is_some_and(|passcode| passcode.admits);
        let by_mail = self.passcode.as_ref().is_some_and(|passcode| passcode.by_mail);
        let writer = writer.u8(u8::from(admits)).u8(u8::from(by_mail)).u64(self.policy_floor);
        let invitation = self.invitation.as_ref().map(Invitation::to_bytes);
        let writer = optional(writer, invitation.as_ref().map(|bytes| &bytes[..]));
        let writer = self.issued.iter().fold(writer.u8(self.issued.len() as u8), |writer, issued| {
            writer.vector(issued.name.as_str().as_bytes()).vector(&issued.invitation.to_bytes())
        });
        Zeroizing::new(writer.done())
    }

    /// Reads secrets, and returns what comes after them.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.u8()? != VERSION {
            return Err(Malformed);
        }
        let meeting = MeetingId::from_bytes(reader.array()?);
        let suite = match u16::from_be_bytes(reader.array()?) {
            0x0001 => Suite::Classical,
            0x004F => Suite::XWing,
            _ => return Err(Malformed),
        };
        let device_seed = Zeroizing::new(reader.array()?);
        let root_seed = optional(&mut reader)?
            .map(|seed| seed.try_into().map(Zeroizing::new).map_err(|_| Malformed))
            .transpose()?;
        let link = optional(&mut reader)?
            .map(|link| link.try_into().map(LinkSecret::from_bytes).map_err(|_| Malformed))
            .transpose()?;
        let mail = optional(&mut reader)?
            .map(|mail| mail.try_into().map(MailKey::from_bytes).map_err(|_| Malformed))
            .transpose()?;
        if link.is_none() && mail.is_none() {
            return Err(Malformed);
        }
        let name = DisplayName::try_from(reader.text()?).map_err(|_| Malformed)?;
        let title = optional(&mut reader)?.map(text).transpose()?;
        let title = title.map(MeetingTitle::try_from).transpose().map_err(|_| Malformed)?;
        let grant = optional(&mut reader)?.map(SignedGrant::from_bytes).transpose().map_err(|_| Malformed)?;
        let passcode = optional(&mut reader)?.map(text).transpose()?;
        let (admits, by_mail) = (flag(&mut reader)?, flag(&mut reader)?);
        let policy_floor = reader.u64()?;
        let passcode = passcode.map(|text| HostPasscode { text: Zeroizing::new(text), admits, by_mail });
        let read = |bytes: &[u8]| Invitation::from_bytes(&meeting, bytes).ok_or(Malformed);
        let invitation = optional(&mut reader)?.map(read).transpose()?;
        let count = usize::from(reader.u8()?);
        if count > INVITES_MAX {
            return Err(Malformed);
        }
        let mut issued = Vec::with_capacity(count);
        for _ in 0..count {
            let name = DisplayName::try_from(reader.text()?).map_err(|_| Malformed)?;
            issued.push(Issued { name, invitation: read(reader.vector()?)? });
        }
        let secrets = Self {
            meeting,
            suite,
            device_seed,
            root_seed,
            link,
            mail,
            name,
            title,
            grant,
            passcode,
            policy_floor,
            invitation,
            issued,
        };
        Ok((secrets, reader.rest()))
    }
}

fn optional<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, Malformed> {
    match reader.u8()? {
        0 => Ok(None),
        1 => reader.vector().map(Some),
        _ => Err(Malformed),
    }
}

fn flag(reader: &mut Reader<'_>) -> Result<bool, Malformed> {
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Malformed),
    }
}

fn text(bytes: &[u8]) -> Result<String, Malformed> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Malformed)
}
