//! The meeting's log, on the device that made the meeting: what is written down, kept over a reload, and given out.
//!
//! What happened while this device was away is not in it; but the first entry after that has the transcript hash of
//! the group, which commits to every handshake there ever was.

use sabha_protocol::device::DeviceOutput;

use super::Device;
use crate::{
    certificate::Terms,
    codec::Malformed,
    group::{EpochChange, Exit},
    log::{ENTRIES_MAX, ENTRY_BYTES_MAX, Event, MeetingLog, grant_hash},
};

/// The log is kept for a reload this long after something was written down, in milliseconds, so that a hundred who
/// come at once do not have it written a hundred times.
pub(super) const KEEP_MS: u64 = 3000;

/// Longest form of a log in an export, in bytes: each entry with its length in one byte.
pub(super) const BYTES_MAX: usize = ENTRIES_MAX * (1 + ENTRY_BYTES_MAX);

/// The log, and whether it has to be kept.
pub(super) struct Chronicle {
    log: MeetingLog,
    keep_at_ms: Option<u64>,
}

impl Chronicle {
    pub(super) const fn new(log: MeetingLog) -> Self {
        Self { log, keep_at_ms: None }
    }

    pub(super) const fn log(&self) -> &MeetingLog {
        &self.log
    }

    /// Writes an event down. A full log keeps what it has; its head goes on being certified.
    fn write(&mut self, event: Event, now_ms: u64) {
        if self.log.append(event, now_ms).is_ok() {
            self.keep_at_ms.get_or_insert(now_ms + KEEP_MS);
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for entry in self.log.entries() {
            let bytes = entry.to_bytes();
            // An entry has at most 49 bytes.
            out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
            out.extend(bytes);
        }
        out
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut entries = Vec::new();
        let mut rest = bytes;
        while let Some((length, after)) = rest.split_first() {
            let (entry, after) = after.split_at_checked(usize::from(*length)).ok_or(Malformed)?;
            entries.push(entry);
            rest = after;
        }
        MeetingLog::restore(entries).map(Self::new).map_err(|_| Malformed)
    }
}

impl Device {
    /// Writes down what a commit did, if this device keeps the log.
    pub(super) fn write_log(&mut self, change: &EpochChange) {
        let granted = change.added.iter().map(|member| Event::Granted {
            grant: grant_hash(&member.grant_id),
            method: member.grant.method,
        });
        let revoked = change
            .removed
            .iter()
            .filter(|departure| departure.exit == Exit::Banned)
            .map(|departure| Event::Revoked { grant: grant_hash(&departure.member.ban_id()) });
        self.write_events(granted.chain(revoked).collect());
    }

    /// Writes down where the group stands after a time in which this device was not in it.
    pub(super) fn take_up_log(&mut self) {
        self.write_events(Vec::new());
    }

    fn write_events(&mut self, events: Vec<Event>) {
        let now_ms = self.now_ms;
        let Some(group) = self.group() else { return };
        let terms = Terms::of(&group.roster().policy);
        let policy = Event::Policy { version: terms.version, hash: terms.hash() };
        let commit = Event::Commit { epoch: group.epoch().0, transcript_hash: group.transcript_hash() };
        let Some(chronicle) = &mut self.chronicle else { return };
        // A policy that was written down before does not come again: its version does not rise.
        for event in events.into_iter().chain([policy, commit]) {
            chronicle.write(event, now_ms);
        }
    }

    /// The server says that the meeting has ended: closes the log and gives it out, while the group is still there.
    pub(super) fn close_log(&mut self) {
        let now_ms = self.now_ms;
        if let Some(chronicle) = &mut self.chronicle {
            chronicle.write(Event::Ended, now_ms);
        }
        self.give_out_log();
        self.close_certificate();
    }

    pub(super) fn give_out_log(&mut self) {
        if let Some(text) = self.export_log() {
            self.out.push_back(DeviceOutput::Log { text });
        }
    }

    /// Returns the meeting's log as text that anybody can check, signed by this device; only on the one that made
    /// the meeting, while it is in the group.
    pub fn export_log(&self) -> Option<String> {
        let policy = &self.group()?.roster().policy;
        Some(self.chronicle.as_ref()?.log.export(self.signer.key(), policy))
    }

    /// Returns when the log and what was seen of the terms are to be kept.
    pub(super) fn next_keep(&self) -> Option<u64> {
        let log = self.chronicle.as_ref().and_then(|chronicle| chronicle.keep_at_ms);
        log.into_iter().chain(self.proof.keep_at_ms).min()
    }

    /// Asks for both to be kept, if that is due.
    pub(super) fn keep_log(&mut self) {
        if self.next_keep().is_some_and(|at| at <= self.now_ms) {
            self.proof.keep_at_ms = None;
            if let Some(chronicle) = &mut self.chronicle {
                chronicle.keep_at_ms = None;
            }
            self.out.push_back(DeviceOutput::Remember {});
        }
    }
}
