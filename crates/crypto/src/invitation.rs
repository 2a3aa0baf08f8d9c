//! The invite for one person: what a link carries, besides the meeting's secret, to let its holder in by itself.
//!
//! ```text
//! https://host/m/<meeting_id>#v1.<secret>.<invitation>
//!
//! invitation = base64url( seed[16] || suite[2] || InviteCert, signed by a host's device )
//! seed ── HKDF-SHA256, salt: meeting id, "sabha invite v1" ──► Ed25519 key that the certificate names
//! ```
//!
//! A host has certified the key, for so long and so many devices. Whoever has the link signs its own device's grant
//! with it, and every member checks both signatures (ADM-23 to ADM-30): the server is asked for nothing. Where policy
//! has a person decide on each, the holder shows the invite in its knock and signs that with the same key (ADM-61). A host
//! revokes an invite by its number, with everybody who came by it.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::SigningKey;
use hkdf::Hkdf;
use sabha_admission::{
    Capabilities, DeviceKey, Grant, GrantId, InviteCert, Method, SIGNATURE_BYTES, SignedGrant,
    SignedInviteCert, Suite, Unsignable, device_key, invite_proof,
};
use sabha_protocol::MeetingId;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::link::{InvalidLink, LinkSecret};

/// Longest text, in characters; one has 275.
pub const INVITATION_CHARS_MAX: usize = 320;
/// Bytes of the seed: as strong as the link's own secret.
const SEED_BYTES: usize = 16;
/// How long a grant is good that an invite's holder signs, in milliseconds; a later one is signed when it is over.
const GRANT_MS: u64 = 24 * 3600 * 1000;

/// An invite with its secret.
#[derive(Clone)]
pub struct Invitation {
    seed: Zeroizing<[u8; SEED_BYTES]>,
    suite: Suite,
    cert: SignedInviteCert,
}

impl PartialEq for Invitation {
    fn eq(&self, other: &Self) -> bool {
        bool::from(self.seed[..].ct_eq(&other.seed[..]))
            && self.suite == other.suite
            && self.cert == other.cert
    }
}

impl Eq for Invitation {}

/// What a host allows the holder of an invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InviteTerms {
    /// The meeting.
    pub meeting: MeetingId,
    /// The meeting's suite.
    pub suite: Suite,
    /// The issuer's number for it.
    pub seq: u64,
    /// From when it lets in, in unix milliseconds.
    pub not_before_ms: u64,
    /// Until when it lets in, in unix milliseconds.
    pub not_after_ms: u64,
    /// Devices that may be in the meeting by it at one time.
    pub devices_max: u16,
}

impl Invitation {
    /// Certifies an invite, whose secret comes from `seed`, with the key of a host's device.
    ///
    /// # Errors
    /// [`Unsignable`]: the terms contradict themselves.
    pub fn issue(host: &SigningKey, terms: InviteTerms, seed: [u8; SEED_BYTES]) -> Result<Self, Unsignable> {
        let seed = Zeroizing::new(seed);
        let cert = InviteCert {
            meeting: terms.meeting,
            invite: device_key(&key_of(&seed, &terms.meeting)),
            capabilities: Capabilities::PARTICIPANT,
            issuer: device_key(host),
            seq: terms.seq,
            not_before_ms: terms.not_before_ms,
            not_after_ms: terms.not_after_ms,
            devices_max: terms.devices_max,
        };
        Ok(Self { seed, suite: terms.suite, cert: cert.sign(host)? })
    }

    /// Reads what stands in a link to `meeting` after the secret.
    ///
    /// # Errors
    /// [`InvalidLink::Invitation`]: it is damaged, of another meeting, or its secret is not the one that was certified.
    pub fn from_text(meeting: &MeetingId, text: &str) -> Result<Self, InvalidLink> {
        if text.len() > INVITATION_CHARS_MAX {
            return Err(InvalidLink::Invitation);
        }
        let bytes = Zeroizing::new(Base64UrlUnpadded::decode_vec(text).map_err(|_| InvalidLink::Invitation)?);
        Self::from_bytes(meeting, &bytes).ok_or(InvalidLink::Invitation)
    }

    /// Returns the text that stands in the link after the secret and a dot.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(Base64UrlUnpadded::encode_string(&self.to_bytes()))
    }

    /// Reads a link's fragment, with or without its `#`: the secret, and the invitation if there is one.
    ///
    /// # Errors
    /// [`InvalidLink`], by the part that is wrong.
    pub fn split(meeting: &MeetingId, fragment: &str) -> Result<(LinkSecret, Option<Self>), InvalidLink> {
        // The version ends with a dot, too.
        let Some((at, _)) = fragment.match_indices('.').nth(1) else {
            return Ok((LinkSecret::from_fragment(fragment)?, None));
        };
        let secret = LinkSecret::from_fragment(&fragment[..at])?;
        Ok((secret, Some(Self::from_text(meeting, &fragment[at + 1..])?)))
    }

    pub(crate) fn from_bytes(meeting: &MeetingId, bytes: &[u8]) -> Option<Self> {
        let (seed, rest) = bytes.split_first_chunk::<SEED_BYTES>()?;
        let (suite, cert) = rest.split_first_chunk::<2>()?;
        let seed = Zeroizing::new(*seed);
        let suite = [Suite::Classical, Suite::XWing]
            .into_iter()
            .find(|known| known.code() == u16::from_be_bytes(*suite))?;
        let cert = SignedInviteCert::from_bytes(cert).ok()?;
        // Whether the issuer is a host is for the members to say.
        let holds = cert.meeting == *meeting
            && cert.invite == device_key(&key_of(&seed, meeting))
            && cert.verify().is_ok();
        holds.then_some(Self { seed, suite, cert })
    }

    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let cert = self.cert.to_bytes();
        Zeroizing::new([&self.seed[..], &self.suite.code().to_be_bytes(), &cert].concat())
    }

    /// Returns what the host has signed.
    pub const fn cert(&self) -> &SignedInviteCert {
        &self.cert
    }

    /// Returns the meeting's suite, as whoever made the link says; the meeting's id commits to the right one.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// Returns the name by which it is revoked.
    pub fn id(&self) -> GrantId {
        self.cert.id()
    }

    /// Grants entry to `subject`, a device of the invite's holder.
    ///
    /// # Errors
    /// [`Unsignable`]: the invite is over.
    pub fn grant(&self, subject: DeviceKey, now_ms: u64, nonce: [u8; 16]) -> Result<SignedGrant, Unsignable> {
        let key = key_of(&self.seed, &self.cert.meeting);
        Grant {
            meeting: self.cert.meeting,
            suite: self.suite,
            subject,
            capabilities: self.cert.capabilities,
            issuer: self.cert.invite,
            seq: now_ms,
            not_before_ms: now_ms.max(self.cert.not_before_ms),
            not_after_ms: now_ms.saturating_add(GRANT_MS).min(self.cert.not_after_ms),
            nonce,
            method: Method::Invite,
            invite: Some(self.cert.clone()),
        }
        .sign(&key)
    }

    /// Returns the signature that shows in the knock of `subject`, whose nonce is `nonce`, that it holds the invite.
    pub fn proof(&self, subject: &DeviceKey, nonce: &[u8; 16]) -> [u8; SIGNATURE_BYTES] {
        let key = key_of(&self.seed, &self.cert.meeting);
        invite_proof(&key, &self.cert.meeting, subject, nonce)
    }
}

fn key_of(seed: &[u8; SEED_BYTES], meeting: &MeetingId) -> SigningKey {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(meeting.as_bytes()), seed)
        .expand(b"sabha invite v1", &mut *key)
        .expect("32 bytes are far below HKDF's limit of 255 blocks");
    SigningKey::from_bytes(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEETING: MeetingId = MeetingId::from_bytes([3; 20]);

    fn invitation() -> Invitation {
        let terms = InviteTerms {
            meeting: MEETING,
            suite: Suite::XWing,
            seq: 7,
            not_before_ms: 1000,
            not_after_ms: 9_000_000,
            devices_max: 1,
        };
        Invitation::issue(&SigningKey::from_bytes(&[1; 32]), terms, [9; 16]).unwrap()
    }

    #[test]
    fn an_invitation_survives_its_text_form() {
        let text = invitation().text();
        let read = Invitation::from_text(&MEETING, &text).unwrap();
        assert_eq!(read.cert(), invitation().cert());
        assert_eq!(read.text(), text);
        assert!(text.len() <= INVITATION_CHARS_MAX, "{}", text.len());
    }

    #[test]
    fn every_changed_character_and_another_meeting_are_refused() {
        let text = invitation().text();
        assert_eq!(
            Invitation::from_text(&MeetingId::from_bytes([4; 20]), &text).err(),
            Some(InvalidLink::Invitation)
        );
        // All but the two that say the suite: the members refuse a wrong one, since the meeting's id commits to it.
        for at in (0..text.len()).filter(|at| !(21..24).contains(at)) {
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(Invitation::from_text(&MEETING, &changed).is_err(), "{at}");
        }
        for end in 0..text.len() {
            assert!(Invitation::from_text(&MEETING, &text[..end]).is_err(), "{end}");
        }
        assert!(Invitation::from_text(&MEETING, &"A".repeat(INVITATION_CHARS_MAX + 1)).is_err());
    }

    #[test]
    fn a_grant_is_signed_by_the_invites_key_and_lasts_no_longer_than_the_invite() {
        let subject = device_key(&SigningKey::from_bytes(&[5; 32]));
        let grant = invitation().grant(subject, 5000, [2; 16]).unwrap();
        assert!(grant.verify().is_ok());
        assert_eq!(grant.issuer, invitation().cert().invite);
        assert_eq!((grant.not_before_ms, grant.not_after_ms), (5000, 9_000_000));
        assert_eq!(grant.invite.as_ref(), Some(invitation().cert()));
    }
}
