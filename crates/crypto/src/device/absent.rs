//! Who is in the group and not in the room any more: lost its network, its browser, or its battery.
//!
//! Such a device keeps the keys of every epoch until it has no leaf. The first host that is there takes the leaf away,
//! and leaves the grant as it is: who comes back in time enters again by an external commit. Who is in the room is the
//! server's word, but with it the server can do no more than it always can, keep somebody out.

use std::collections::BTreeMap;

use sabha_admission::Capabilities;
use sabha_protocol::{DeviceKey, ParticipantId, limits::RESUME_WINDOW, wire::server::Participant};

use super::Device;

/// How long a device may be in the group without ever being seen in the room, in milliseconds: it has the
/// [`RESUME_WINDOW`] to join after it was let in.
const UNSEEN_MS: u64 = RESUME_WINDOW.as_millis() as u64 + 30_000;
/// How long after a place was given up, in milliseconds. A place that was lost has been kept for the [`RESUME_WINDOW`] before.
const GONE_MS: u64 = 10_000;

/// Who is listed by the server, and when who is not loses its leaf.
#[derive(Default)]
pub(super) struct Absent {
    listed: BTreeMap<ParticipantId, DeviceKey>,
    due: BTreeMap<DeviceKey, u64>,
}

impl Absent {
    pub(super) fn clear(&mut self) {
        self.listed.clear();
        self.due.clear();
    }

    pub(super) fn list(&mut self, participant: &Participant) {
        self.due.remove(&participant.device);
        self.listed.insert(participant.id, participant.device);
    }

    pub(super) fn unlist(&mut self, participant: ParticipantId, now_ms: u64) {
        if let Some(device) = self.listed.remove(&participant) {
            self.due.insert(device, now_ms + GONE_MS);
        }
    }

    /// It came in just now, so it has all the time to be seen.
    pub(super) fn came_in(&mut self, device: &DeviceKey) {
        self.due.remove(device);
    }

    fn is_listed(&self, device: &DeviceKey) -> bool {
        self.listed.values().any(|listed| listed == device)
    }
}

impl Device {
    /// Returns when the next absent device loses its leaf.
    pub(super) fn next_drop(&self) -> Option<u64> {
        self.absent.due.values().min().copied()
    }

    /// Notes who is absent, and has those dropped who were for long enough.
    pub(super) fn drop_absent(&mut self) {
        let (me, now_ms) = (self.me(), self.now_ms);
        let Some(group) = self.group().filter(|_| self.joined && self.acts_first()) else {
            self.absent.due.clear();
            return;
        };
        let roster = group.roster();
        let own = roster.member_of(&me);
        let may = |right| own.is_some_and(|own| own.may(right));
        let absent: Vec<DeviceKey> = roster
            .members
            .iter()
            .filter(|member| member.device != me && !self.absent.is_listed(&member.device))
            .filter(|member| {
                may(if member.is_host() { Capabilities::DELEGATE } else { Capabilities::MODERATE })
            })
            .map(|member| member.device)
            .collect();
        self.absent.due.retain(|device, _| absent.contains(device));
        for device in absent {
            let due = *self.absent.due.entry(device).or_insert(now_ms + UNSEEN_MS);
            if due <= now_ms {
                self.absent.due.remove(&device);
                self.work.drop(device);
            }
        }
    }
}
