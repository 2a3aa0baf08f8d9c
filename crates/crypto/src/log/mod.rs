//! The meeting's log: a tamper-evident list of what was decided, without contents and without names.
//!
//! Hosts' devices write it; its head goes into every heartbeat, so that all members hold the hosts to one log. It is a
//! Merkle tree (RFC 9162): that it only grew, and that something is in it, can be shown without showing the rest. After
//! the meeting it is exported as text that anybody can check ([`verify_export`]).
//!
//! What it shows is what a host's device wrote down. It cannot show that the device wrote down everything; the members,
//! who see every commit, can.
//!
//! The rules of its course, kept while writing and checked while reading: the first entry, and no other, is `Created`;
//! nothing follows `Ended`; time never goes back; epochs and versions of the policy only rise.

mod checkpoint;
mod entry;
mod export;
mod merkle;

use sabha_admission::{Suite, meeting_id};
use sabha_protocol::{DeviceKey, MeetingId};

pub use self::{
    checkpoint::{Checkpoint, InvalidCheckpoint, SIGNATURES_MAX},
    entry::{ENTRY_BYTES_MAX, Entry, Event, InvalidEntry, grant_hash},
    export::{EXPORT_BYTES_MAX, ExportError, LogSummary, verify_export},
    merkle::{Hash, MerkleTree, head_by_inclusion, is_consistent, leaf_hash},
};

/// Entries in one log. A meeting of a day with a commit every second would not fill it. The last place is kept for
/// [`Event::Ended`].
pub const ENTRIES_MAX: usize = 100_000;

/// The log of one meeting.
#[derive(Clone, Debug)]
pub struct MeetingLog {
    meeting: MeetingId,
    entries: Vec<Entry>,
    tree: MerkleTree,
    course: Course,
}

impl MeetingLog {
    /// Begins the log of the meeting that has this suite and root key. `now_ms` is unix time in milliseconds.
    pub fn create(suite: Suite, root: DeviceKey, now_ms: u64) -> Self {
        let created = Entry { time_ms: now_ms, event: Event::Created { suite, root } };
        let mut log = Self {
            meeting: meeting_id(suite, &root),
            entries: Vec::new(),
            tree: MerkleTree::new(),
            course: Course { last_ms: now_ms, epoch: None, policy: None, ended: false },
        };
        log.push(created);
        log
    }

    /// Takes over a log from its entries, in their order: another host's, or one's own after a restart. The caller
    /// compares [`MeetingLog::head`] with that in the last heartbeat.
    ///
    /// # Errors
    /// [`InvalidLog`]: which entry is wrong, and how.
    pub fn restore<B: AsRef<[u8]>>(entries: impl IntoIterator<Item = B>) -> Result<Self, InvalidLog> {
        let mut log: Option<Self> = None;
        for (index, bytes) in entries.into_iter().enumerate() {
            let invalid = |cause| InvalidLog { index, cause };
            let entry = Entry::from_bytes(bytes.as_ref()).map_err(|_| invalid(Misplaced::Malformed))?;
            match (&mut log, entry.event) {
                (Some(log), _) => {
                    log.course.follow(&entry, log.entries.len()).map_err(invalid)?;
                    log.push(entry);
                }
                (None, Event::Created { suite, root }) => {
                    log = Some(Self::create(suite, root, entry.time_ms));
                }
                (None, _) => return Err(invalid(Misplaced::Created)),
            }
        }
        log.ok_or(InvalidLog { index: 0, cause: Misplaced::Created })
    }

    /// Writes down an event and returns its index. Should the clock have gone back, the entry has the time of the one
    /// before.
    ///
    /// # Errors
    /// [`Misplaced`]: the event cannot come here. The caller's mistake, or [`Misplaced::Full`].
    pub fn append(&mut self, event: Event, now_ms: u64) -> Result<u64, Misplaced> {
        let entry = Entry { time_ms: now_ms.max(self.course.last_ms), event };
        self.course.follow(&entry, self.entries.len())?;
        self.push(entry);
        Ok(self.size() - 1)
    }

    /// Returns the meeting.
    pub const fn meeting(&self) -> MeetingId {
        self.meeting
    }

    /// Returns the entries. Their bytes are [`Entry::to_bytes`].
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the number of entries.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Returns the head over all entries.
    pub fn head(&self) -> Hash {
        self.tree.head()
    }

    /// Returns the tree, for proofs and earlier heads.
    pub const fn tree(&self) -> &MerkleTree {
        &self.tree
    }

    /// Returns size and head.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { meeting: self.meeting, size: self.size(), head: self.head() }
    }

    fn push(&mut self, entry: Entry) {
        self.tree.push(&entry.to_bytes());
        self.entries.push(entry);
    }
}

/// Why a list of bytes is no log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {index} of the log is wrong")]
pub struct InvalidLog {
    /// The entry, counted from zero.
    pub index: usize,
    /// What is wrong.
    #[source]
    pub cause: Misplaced,
}

/// Why an entry cannot stand where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misplaced {
    /// `Created` is missing at the beginning, or comes later.
    #[error("a log begins with the meeting's creation, once")]
    Created,
    /// The meeting has ended.
    #[error("the meeting has ended")]
    Ended,
    /// The epoch is not higher than that of the commit before.
    #[error("the epoch does not rise")]
    Epoch,
    /// There are [`ENTRIES_MAX`] entries; the last place is for the end.
    #[error("the log is full")]
    Full,
    /// The bytes are no entry.
    #[error("the bytes are no entry")]
    Malformed,
    /// The version is not higher than that of the policy before.
    #[error("the version of the policy does not rise")]
    Policy,
    /// The time is earlier than that of the entry before.
    #[error("the time goes back")]
    Time,
}

/// Where a log stands, as far as it decides what may follow.
#[derive(Clone, Copy, Debug)]
struct Course {
    last_ms: u64,
    epoch: Option<u64>,
    /// Version and hash.
    policy: Option<(u64, Hash)>,
    ended: bool,
}

impl Course {
    /// Goes on by one entry, which comes after `size` others. Nothing changes on an error.
    fn follow(&mut self, entry: &Entry, size: usize) -> Result<(), Misplaced> {
        let room = if entry.event == Event::Ended { ENTRIES_MAX } else { ENTRIES_MAX - 1 };
        if self.ended {
            return Err(Misplaced::Ended);
        }
        if size >= room {
            return Err(Misplaced::Full);
        }
        if entry.time_ms < self.last_ms {
            return Err(Misplaced::Time);
        }
        match entry.event {
            Event::Created { .. } => return Err(Misplaced::Created),
            Event::Commit { epoch, .. } => {
                if self.epoch.is_some_and(|before| epoch <= before) {
                    return Err(Misplaced::Epoch);
                }
                self.epoch = Some(epoch);
            }
            Event::Policy { version, hash } => {
                if self.policy.is_some_and(|(before, _)| version <= before) {
                    return Err(Misplaced::Policy);
                }
                self.policy = Some((version, hash));
            }
            Event::Ended => self.ended = true,
            Event::Granted { .. } | Event::Revoked { .. } => {}
        }
        self.last_ms = entry.time_ms;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOT: DeviceKey = DeviceKey::from_bytes([1; 32]);

    fn log() -> MeetingLog {
        MeetingLog::create(Suite::XWing, ROOT, 1_000)
    }

    const fn commit(epoch: u64) -> Event {
        Event::Commit { epoch, transcript_hash: [7; 32] }
    }

    const fn policy(version: u64) -> Event {
        Event::Policy { version, hash: [8; 32] }
    }

    #[test]
    fn a_log_begins_with_the_meeting_it_is_of() {
        let log = log();
        assert_eq!(log.meeting(), meeting_id(Suite::XWing, &ROOT));
        assert_eq!((log.size(), log.entries().len()), (1, 1));
        assert_eq!(log.head(), leaf_hash(&log.entries()[0].to_bytes()));
    }

    #[test]
    fn epochs_and_versions_only_rise() {
        let mut log = log();
        assert_eq!(log.append(commit(4), 1_001), Ok(1));
        assert_eq!(log.append(policy(2), 1_002), Ok(2));
        assert_eq!(log.append(commit(4), 1_003), Err(Misplaced::Epoch));
        assert_eq!(log.append(commit(3), 1_003), Err(Misplaced::Epoch));
        assert_eq!(log.append(policy(2), 1_003), Err(Misplaced::Policy));
        assert_eq!(log.append(commit(9), 1_003), Ok(3));
        assert_eq!(log.append(policy(3), 1_003), Ok(4));
    }

    #[test]
    fn nothing_follows_the_end_and_nothing_is_created_twice() {
        let mut log = log();
        assert_eq!(
            log.append(Event::Created { suite: Suite::XWing, root: ROOT }, 1_001),
            Err(Misplaced::Created)
        );
        log.append(Event::Ended, 1_001).unwrap();
        let head = log.head();
        assert_eq!(log.append(Event::Ended, 1_002), Err(Misplaced::Ended));
        assert_eq!(log.append(commit(1), 1_002), Err(Misplaced::Ended));
        assert_eq!(log.head(), head);
    }

    #[test]
    fn a_clock_that_goes_back_does_not_stop_the_log() {
        let mut log = log();
        log.append(commit(1), 5_000).unwrap();
        log.append(commit(2), 3_000).unwrap();
        assert_eq!(log.entries()[2].time_ms, 5_000);
    }

    #[test]
    fn a_full_log_still_takes_the_end() {
        let mut log = log();
        while log.entries().len() < ENTRIES_MAX - 1 {
            log.append(Event::Revoked { grant: [0; 32] }, 0).unwrap();
        }
        assert_eq!(log.append(commit(1), 0), Err(Misplaced::Full));
        assert!(log.append(Event::Ended, 0).is_ok());
    }

    #[test]
    fn a_log_that_breaks_its_course_is_not_restored() {
        let mut log = log();
        log.append(commit(1), 2_000).unwrap();
        let bytes: Vec<_> = log.entries().iter().map(Entry::to_bytes).collect();
        let restore = |entries: &[Vec<u8>]| MeetingLog::restore(entries).map(|log| log.head());
        assert_eq!(restore(&bytes), Ok(log.head()));

        let wrong = |index, cause| Err(InvalidLog { index, cause });
        assert_eq!(restore(&[]), wrong(0, Misplaced::Created));
        assert_eq!(restore(&bytes[1..]), wrong(0, Misplaced::Created));
        assert_eq!(restore(&[bytes[0].clone(), bytes[0].clone()]), wrong(1, Misplaced::Created));
        assert_eq!(restore(&[bytes[0].clone(), vec![]]), wrong(1, Misplaced::Malformed));
        let back = Entry { time_ms: 1_999, event: commit(2) }.to_bytes();
        assert_eq!(restore(&[bytes.clone(), vec![back]].concat()), wrong(2, Misplaced::Time));
    }

    proptest! {
        #[test]
        fn whatever_was_written_is_restored_with_the_same_head(steps in prop::collection::vec((0..5u8, 0..9u64), 0..60)) {
            let mut log = log();
            for (kind, number) in steps {
                let event = match kind {
                    0 => commit(number),
                    1 => policy(number),
                    2 => Event::Granted { grant: [3; 32], method: sabha_admission::Method::Manual },
                    3 => Event::Revoked { grant: [3; 32] },
                    _ => Event::Ended,
                };
                let before = log.checkpoint();
                let appended = log.append(event, number * 1_000);
                prop_assert_eq!(appended.is_ok(), log.checkpoint() != before);
                let proof = log.tree().consistency_proof(before.size, log.size()).unwrap();
                prop_assert!(is_consistent(before.size, log.size(), &before.head, &log.head(), &proof));
            }
            let restored = MeetingLog::restore(log.entries().iter().map(Entry::to_bytes)).unwrap();
            prop_assert_eq!(restored.checkpoint(), log.checkpoint());
        }
    }
}
