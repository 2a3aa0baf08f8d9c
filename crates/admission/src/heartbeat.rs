//! Heartbeats: a host says at short intervals, signed and chained, which state of the group is the current one, so
//! that a server that withholds a removal, splits the group or shows an old one to a joiner is found out.

use ed25519_dalek::SigningKey;
use sabha_protocol::{DeviceKey, MeetingId};

use crate::{
    Roster, Signed, Statement, Violation,
    codec::{self, Malformed, Reader},
    signature::{Unsignable, body::Body},
};

/// Nonces of joiners that one heartbeat answers. More than a room's worth wait for the next one.
pub const NONCES_MAX: usize = 128;

/// What stands in place of the hash of the heartbeat before the first one.
pub const NO_PREVIOUS: [u8; 32] = [0; 32];

/// A heartbeat with a signature that may or may not hold.
pub type SignedHeartbeat = Signed<Heartbeat>;

/// One host's word on the state of the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// The meeting.
    pub meeting: MeetingId,
    /// Counts the heartbeats of the meeting, whoever signs them; from 0, without gaps.
    pub seq: u64,
    /// The group's epoch (RFC 9420 section 8).
    pub epoch: u64,
    /// `confirmed_transcript_hash` of that epoch (RFC 9420 section 8.2).
    pub transcript_hash: [u8; 32],
    /// `tree_hash` of that epoch (RFC 9420 section 7.8).
    pub tree_hash: [u8; 32],
    /// Version of the policy in that epoch.
    pub policy_version: u64,
    /// Entries in the meeting's log.
    pub log_size: u64,
    /// Root of the Merkle tree over them (RFC 6962 section 2.1).
    pub log_head: [u8; 32],
    /// [`Signed::hash`] of the heartbeat before; [`NO_PREVIOUS`] in the first.
    pub previous: [u8; 32],
    /// When it was signed, by the host's clock, in unix milliseconds.
    pub time_ms: u64,
    /// Nonces of devices that asked whether this is the present, at most [`NONCES_MAX`].
    pub nonces: Vec<[u8; 16]>,
    /// Who signs: a host in the group.
    pub signer: DeviceKey,
}

/// What a device knows of its group by its own account.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// The epoch it is in.
    pub epoch: u64,
    /// `confirmed_transcript_hash` of that epoch.
    pub transcript_hash: [u8; 32],
    /// `tree_hash` of that epoch.
    pub tree_hash: [u8; 32],
    /// The last heartbeat it has accepted, where it has.
    pub previous: Option<&'a SignedHeartbeat>,
}

impl Heartbeat {
    /// Signs the heartbeat with the host's key.
    ///
    /// # Errors
    /// As [`Signed::sign`]: also if there are too many nonces.
    pub fn sign(self, host: &SigningKey) -> Result<SignedHeartbeat, Unsignable> {
        Signed::sign(self, host)
    }

    /// Returns whether it was signed after the nonce became known: it is no older than the question.
    pub fn answers(&self, nonce: &[u8; 16]) -> bool {
        self.nonces.contains(nonce)
    }
}

impl SignedHeartbeat {
    /// Decides whether a host of the group confirms what this device expects. How old it is by the clock, and
    /// whether it answers a nonce, is for the caller to ask.
    ///
    /// # Errors
    /// The first [`Violation`] found, ADM-47 to ADM-50. [`Violation::HeartbeatState`] is also what a device sees
    /// that is a commit behind or ahead of the host: it is an alarm if it lasts.
    pub fn check(&self, roster: &Roster, expected: &Expectation<'_>) -> Result<(), Violation> {
        // ADM-47
        self.verify().map_err(|_| Violation::HeartbeatSignature)?;
        // ADM-48
        if !roster.is_host(&self.signer) {
            return Err(Violation::HeartbeatSigner);
        }
        // ADM-49
        let same = self.meeting == roster.policy.meeting
            && self.epoch == expected.epoch
            && self.transcript_hash == expected.transcript_hash
            && self.tree_hash == expected.tree_hash
            && self.policy_version == roster.policy.version;
        if !same {
            return Err(Violation::HeartbeatState);
        }
        // ADM-50
        let first = self.seq == 0;
        let follows = expected.previous.is_none_or(|previous| {
            previous.seq.checked_add(1) == Some(self.seq)
                && previous.hash() == self.previous
                && previous.log_size <= self.log_size
        });
        if first != (self.previous == NO_PREVIOUS) || !follows {
            return Err(Violation::HeartbeatChain);
        }
        Ok(())
    }
}

impl Statement for Heartbeat {
    fn signer(&self) -> DeviceKey {
        self.signer
    }
}

impl Body for Heartbeat {
    const KIND: u8 = 4;

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            meeting: MeetingId::from_bytes(reader.array()?),
            seq: reader.u64()?,
            epoch: reader.u64()?,
            transcript_hash: reader.array()?,
            tree_hash: reader.array()?,
            policy_version: reader.u64()?,
            log_size: reader.u64()?,
            log_head: reader.array()?,
            previous: reader.array()?,
            time_ms: reader.u64()?,
            nonces: {
                let count = reader.count(NONCES_MAX, "nonces")?;
                (0..count).map(|_| reader.array()).collect::<Result<_, _>>()?
            },
            signer: DeviceKey::from_bytes(reader.array()?),
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.meeting.as_bytes());
        out.extend(self.seq.to_be_bytes());
        out.extend(self.epoch.to_be_bytes());
        out.extend(self.transcript_hash);
        out.extend(self.tree_hash);
        out.extend(self.policy_version.to_be_bytes());
        out.extend(self.log_size.to_be_bytes());
        out.extend(self.log_head);
        out.extend(self.previous);
        out.extend(self.time_ms.to_be_bytes());
        codec::put_count(out, self.nonces.len());
        for nonce in &self.nonces {
            out.extend(nonce);
        }
        out.extend(self.signer.as_bytes());
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        device_key,
        testing::{another_meeting, creator, forge, group, guest, helper, meeting, stranger},
    };

    pub(crate) fn heartbeat() -> Heartbeat {
        Heartbeat {
            meeting: meeting(),
            seq: 3,
            epoch: 12,
            transcript_hash: [1; 32],
            tree_hash: [2; 32],
            policy_version: 7,
            log_size: 40,
            log_head: [3; 32],
            previous: before().hash(),
            time_ms: 5,
            nonces: vec![[4; 16], [5; 16]],
            signer: device_key(&creator()),
        }
    }

    fn before() -> SignedHeartbeat {
        Heartbeat {
            meeting: meeting(),
            seq: 2,
            epoch: 11,
            transcript_hash: [0; 32],
            tree_hash: [0; 32],
            policy_version: 6,
            log_size: 39,
            log_head: [0; 32],
            previous: [9; 32],
            time_ms: 4,
            nonces: Vec::new(),
            signer: device_key(&helper()),
        }
        .sign(&helper())
        .unwrap()
    }

    fn fault(change: impl FnOnce(&mut Heartbeat), previous: Option<&SignedHeartbeat>) -> Option<Violation> {
        let mut heartbeat = heartbeat();
        change(&mut heartbeat);
        judge(&heartbeat.sign(&creator()).unwrap(), previous)
    }

    fn judge(heartbeat: &SignedHeartbeat, previous: Option<&SignedHeartbeat>) -> Option<Violation> {
        let expected = Expectation { epoch: 12, transcript_hash: [1; 32], tree_hash: [2; 32], previous };
        heartbeat.check(&group().check().unwrap(), &expected).err()
    }

    #[test]
    fn the_word_of_a_host_on_what_is_expected_holds() {
        assert_eq!(fault(|_| {}, Some(&before())), None);
        assert_eq!(fault(|_| {}, None), None);
        // A host that may do less than others may certify too.
        let by_helper = Heartbeat { signer: device_key(&helper()), ..heartbeat() }.sign(&helper()).unwrap();
        assert_eq!(judge(&by_helper, Some(&before())), None);
    }

    /// ADM-47
    #[test]
    fn a_heartbeat_is_signed_by_who_it_says() {
        assert_eq!(judge(&forge(heartbeat(), &helper()), None), Some(Violation::HeartbeatSignature));
    }

    /// ADM-48
    #[test]
    fn neither_a_guest_nor_somebody_outside_certifies() {
        for key in [guest(), stranger()] {
            let heartbeat = Heartbeat { signer: device_key(&key), ..heartbeat() }.sign(&key).unwrap();
            assert_eq!(judge(&heartbeat, None), Some(Violation::HeartbeatSigner));
        }
    }

    /// ADM-48
    #[test]
    fn a_host_who_has_left_certifies_no_more() {
        let roster = group().without(&[crate::testing::CREATOR]).check().unwrap();
        let expected =
            Expectation { epoch: 12, transcript_hash: [1; 32], tree_hash: [2; 32], previous: None };
        let heartbeat = heartbeat().sign(&creator()).unwrap();
        assert_eq!(heartbeat.check(&roster, &expected), Err(Violation::HeartbeatSigner));
    }

    /// ADM-49
    #[test]
    fn another_state_of_the_group_is_an_alarm() {
        let changes: [fn(&mut Heartbeat); 5] = [
            |heartbeat| heartbeat.meeting = another_meeting(),
            |heartbeat| heartbeat.epoch = 11,
            |heartbeat| heartbeat.transcript_hash = [0; 32],
            |heartbeat| heartbeat.tree_hash = [0; 32],
            |heartbeat| heartbeat.policy_version = 8,
        ];
        for change in changes {
            assert_eq!(fault(change, None), Some(Violation::HeartbeatState));
        }
    }

    /// ADM-50
    #[test]
    fn heartbeats_follow_one_another() {
        let broken = Some(Violation::HeartbeatChain);
        let last = before();
        assert_eq!(fault(|heartbeat| heartbeat.seq = 4, Some(&last)), broken);
        assert_eq!(fault(|heartbeat| heartbeat.seq = 2, Some(&last)), broken);
        assert_eq!(fault(|heartbeat| heartbeat.previous = [7; 32], Some(&last)), broken);
        assert_eq!(fault(|heartbeat| heartbeat.log_size = 38, Some(&last)), broken);
        assert_eq!(fault(|heartbeat| heartbeat.log_size = 39, Some(&last)), None);
        // Without one before, the number and the hash are all there is to compare.
        assert_eq!(fault(|heartbeat| heartbeat.seq = 0, None), broken);
        assert_eq!(fault(|heartbeat| heartbeat.previous = NO_PREVIOUS, None), broken);
        let first = |heartbeat: &mut Heartbeat| (heartbeat.seq, heartbeat.previous) = (0, NO_PREVIOUS);
        assert_eq!(fault(first, None), None);
        assert_eq!(fault(first, Some(&last)), broken);
    }

    #[test]
    fn a_nonce_is_answered_when_it_is_listed() {
        assert!(heartbeat().answers(&[5; 16]));
        assert!(!heartbeat().answers(&[6; 16]));
    }

    #[test]
    fn nonces_are_bounded() {
        let with = |count| Heartbeat { nonces: vec![[0; 16]; count], ..heartbeat() }.sign(&creator());
        assert!(with(NONCES_MAX).is_ok());
        assert_eq!(with(NONCES_MAX + 1), Err(Unsignable::Form(Malformed::Bound("nonces"))));
    }
}
