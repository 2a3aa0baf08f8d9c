//! Those who are in no meeting, and the papers with which they try.

use ed25519_dalek::SigningKey;
use sabha_admission::{Capabilities, Grant, Method, SignedGrant, Suite, meeting_id};
use sabha_crypto::group::DeviceSigner;
use sabha_protocol::{DeviceKey, MeetingId};

use super::{Hall, Insider, Loot};

/// An hour, in milliseconds.
const HOUR_MS: u64 = 3_600_000;

/// What somebody shows instead of a grant of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// Bytes that are no grant.
    Nothing,
    /// A grant signed by itself.
    SelfMade,
    /// A grant signed by itself that says that the root key did.
    AsCreator,
    /// A good grant of another meeting.
    OtherMeeting,
    /// A host signed it, long ago.
    Expired,
    /// A member's grant.
    NotItsOwn,
    /// A grant signed by a member who is no host.
    ByGuest,
    /// A grant with a host's signature that does not hold.
    Tampered,
}

impl Paper {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Nothing,
        Self::SelfMade,
        Self::AsCreator,
        Self::OtherMeeting,
        Self::Expired,
        Self::NotItsOwn,
        Self::ByGuest,
        Self::Tampered,
    ];

    /// Returns the rule that an external commit with it breaks first.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Nothing => "ADM-18",
            Self::SelfMade | Self::ByGuest => "ADM-22",
            Self::AsCreator | Self::Tampered => "ADM-21",
            Self::OtherMeeting => "ADM-20",
            Self::Expired => "ADM-30",
            Self::NotItsOwn => "ADM-19",
        }
    }
}

/// Somebody who was let in by nobody.
pub struct Ghost {
    meeting: MeetingId,
    signer: DeviceSigner,
    loot: Loot,
}

impl Ghost {
    /// Returns the ghost of this number. It knows the link: `loot` is of any device, of which it takes nothing else.
    pub fn new(number: u8, loot: &Loot) -> Self {
        Self { meeting: loot.meeting, signer: DeviceSigner::from_seed(&[number; 32]), loot: loot.clone() }
    }

    /// Returns its device.
    pub fn device(&self) -> DeviceKey {
        self.signer.device()
    }

    /// Returns what it speaks MLS with.
    pub fn insider(&self, credential: Vec<u8>) -> Insider {
        Insider::new(self.meeting, &self.loot.link, self.signer.clone(), credential)
    }

    /// Makes a paper. `member` is somebody in the group, not a host, whose key the ghost has.
    ///
    /// # Panics
    /// If the member has no grant.
    pub fn paper(&self, paper: Paper, hall: &Hall, member: &Loot) -> Vec<u8> {
        let host = hall.loot(0).signer;
        let now_ms = hall.now_ms;
        let by = |issuer: &DeviceSigner, change: &dyn Fn(&mut Grant)| {
            forge(self.meeting, self.device(), issuer, now_ms, |grant| change(grant))
        };
        match paper {
            Paper::Nothing => vec![7; 90],
            Paper::SelfMade => by(&self.signer, &|_| {}),
            Paper::AsCreator => {
                let root = hall.people[0].device.group().map(|group| group.roster().policy.root);
                let mut bytes = by(&self.signer, &|grant| {
                    grant.method = Method::Creator;
                    grant.capabilities = Capabilities::HOST | Capabilities::PARTICIPANT;
                });
                // The issuer's key is the root key then; the signature still is the ghost's.
                let (from, to) = (*self.device().as_bytes(), *root.expect("the creator is in").as_bytes());
                replace_last(&mut bytes, &from, &to);
                bytes
            }
            Paper::OtherMeeting => {
                let root = SigningKey::from_bytes(&[99; 32]);
                let other = meeting_id(Suite::Classical, &sabha_admission::device_key(&root));
                forge(other, self.device(), &host, now_ms, |_| {})
            }
            Paper::Expired => by(&host, &|grant| {
                grant.not_before_ms = now_ms.saturating_sub(2 * HOUR_MS);
                grant.not_after_ms = now_ms.saturating_sub(HOUR_MS);
            }),
            Paper::NotItsOwn => member.grant.as_ref().expect("a member has a grant").to_bytes(),
            Paper::ByGuest => by(&member.signer, &|_| {}),
            Paper::Tampered => {
                let mut bytes = by(&host, &|_| {});
                // In the number of the grant.
                let at = bytes.len() - 64 - 1 - 1 - 16 - 8 - 8 - 1;
                bytes[at] ^= 1;
                bytes
            }
        }
    }
}

/// Signs a grant with any key.
///
/// # Panics
/// If it has no form.
pub fn forge(
    meeting: MeetingId,
    subject: DeviceKey,
    issuer: &DeviceSigner,
    now_ms: u64,
    change: impl FnOnce(&mut Grant),
) -> Vec<u8> {
    let mut grant = Grant {
        meeting,
        suite: Suite::Classical,
        subject,
        capabilities: Capabilities::PARTICIPANT,
        issuer: issuer.device(),
        seq: now_ms + 77,
        not_before_ms: now_ms,
        not_after_ms: now_ms + HOUR_MS,
        nonce: [5; 16],
        method: Method::Manual,
        invite: None,
    };
    change(&mut grant);
    let signed: SignedGrant = grant.sign(issuer.key()).expect("a grant has a form");
    signed.to_bytes()
}

/// Replaces the last place where `from` stands.
fn replace_last(bytes: &mut [u8], from: &[u8; 32], to: &[u8; 32]) {
    let at = bytes.windows(32).rposition(|window| window == from).expect("the key stands in the grant");
    bytes[at..at + 32].copy_from_slice(to);
}
