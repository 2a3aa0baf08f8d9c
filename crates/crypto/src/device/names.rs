//! Who somebody is whose name did not come: it was said before this device was in the group, or as the keys changed.
//!
//! A device asks for one name at a time, ever more seldom; whoever is named answers all at once by saying its status
//! again, at most every [`ANSWER_MS`]. So a hundred who come together make few words.

use sabha_protocol::DeviceKey;

use super::{Device, say::Word};

/// How long a name may be on its way before it is asked for, in milliseconds.
const ASK_MS: u64 = 2000;
/// Longest time between two questions, in milliseconds.
const ASK_MS_MAX: u64 = 30_000;
/// Least time between two answers, in milliseconds.
const ANSWER_MS: u64 = 2000;

/// When this device asks next, and when it said last who it is.
#[derive(Default)]
pub(super) struct Names {
    asks_at_ms: Option<u64>,
    asked: u32,
    answered_ms: Option<u64>,
}

impl Names {
    fn wait_ms(&self) -> u64 {
        (ASK_MS << self.asked.min(4)).min(ASK_MS_MAX)
    }
}

impl Device {
    /// Returns when this device asks for a name next.
    pub(super) fn next_name(&self) -> Option<u64> {
        self.names.asks_at_ms
    }

    /// Asks for a name that is missing, if that is due.
    pub(super) fn ask_for_names(&mut self) {
        let missing = self.nameless();
        let now_ms = self.now_ms;
        if missing.is_empty() {
            (self.names.asks_at_ms, self.names.asked) = (None, 0);
            return;
        }
        let due = *self.names.asks_at_ms.get_or_insert(now_ms + self.names.wait_ms());
        if due > now_ms {
            return;
        }
        let turn = self.names.asked as usize % missing.len();
        self.names.asked = self.names.asked.saturating_add(1);
        self.names.asks_at_ms = Some(now_ms + self.names.wait_ms());
        self.words.retain(|word| !matches!(word, Word::WhoIs(_)));
        self.say(Word::WhoIs(missing[turn]));
    }

    /// Somebody asks who a device is: it answers if it is this one.
    pub(super) fn asked_who(&mut self, device: DeviceKey) {
        let now_ms = self.now_ms;
        let is_soon = self.names.answered_ms.is_some_and(|at| now_ms < at + ANSWER_MS);
        if device == self.me() && !is_soon {
            self.names.answered_ms = Some(now_ms);
            self.say(Word::Status(self.own.clone()));
        }
    }

    /// Returns the members that are in the room and have no name here.
    fn nameless(&self) -> Vec<DeviceKey> {
        let Some(group) = self.group().filter(|_| self.joined && self.synced) else { return Vec::new() };
        let is_here = |device: &DeviceKey| self.present.values().any(|other| other == device);
        let members = group.roster().members.iter().map(|member| member.device);
        members
            .filter(|device| *device != self.me() && is_here(device) && !self.people.contains_key(device))
            .collect()
    }
}
