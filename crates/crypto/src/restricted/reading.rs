//! Everybody else's side: what has come of the material that others show, and until when it is shown.
//!
//! When all has come the bytes are handed on once and nothing of them stays here; what stays is that it is shown, so that
//! whoever holds them knows when to forget them.

use std::collections::BTreeMap;

use sabha_protocol::{
    DeviceKey,
    limits::{MATERIAL_PART_BYTES, MATERIALS_MAX},
    restricted::MaterialState,
};
use zeroize::Zeroizing;

use super::{ASK_AGAIN_MS, ASK_MS, Announcement, CHANGE_MS, LEASE_MS, Material};

/// What follows from a word.
pub(crate) enum Heard {
    /// Nothing that anybody sees.
    Nothing,
    /// What is seen of it changed.
    Changed,
    /// All of it is here.
    Whole(Material),
}

/// What others show.
#[derive(Default)]
pub(crate) struct Reading {
    shown: BTreeMap<DeviceKey, Shown>,
}

/// What one member shows.
struct Shown {
    announcement: Announcement,
    since_ms: u64,
    until_ms: u64,
    stage: Stage,
}

enum Stage {
    Coming {
        /// Each part that has come.
        parts: BTreeMap<u8, Zeroizing<Vec<u8>>>,
        /// When what is missing is asked for.
        ask_at_ms: u64,
    },
    Here,
    Unfit,
}

impl Reading {
    /// A member who may show something announces it.
    pub(crate) fn announced(&mut self, from: DeviceKey, announcement: Announcement, now_ms: u64) -> Heard {
        if let Some(shown) = self.shown.get_mut(&from) {
            if shown.announcement == announcement {
                // RED-07
                shown.until_ms = now_ms + LEASE_MS;
                return Heard::Nothing;
            }
            // Half of what a presenter's device waits: words come at an uneven pace.
            if now_ms < shown.since_ms + CHANGE_MS / 2 {
                return Heard::Nothing;
            }
        } else if self.shown.len() >= MATERIALS_MAX {
            return Heard::Nothing;
        }
        let stage = Stage::Coming { parts: BTreeMap::new(), ask_at_ms: now_ms + ASK_MS };
        let shown = Shown { announcement, since_ms: now_ms, until_ms: now_ms + LEASE_MS, stage };
        self.shown.insert(from, shown);
        Heard::Changed
    }

    /// A part comes.
    // RED-02
    pub(crate) fn part(
        &mut self,
        from: DeviceKey,
        digest: [u8; 32],
        number: u8,
        bytes: &[u8],
        now_ms: u64,
    ) -> Heard {
        let Some(shown) = self.shown.get_mut(&from) else { return Heard::Nothing };
        let Announcement { kind, length, digest: announced } = shown.announcement;
        let count = shown.announcement.parts();
        let Stage::Coming { parts, ask_at_ms } = &mut shown.stage else { return Heard::Nothing };
        if digest != announced || number >= count || bytes.len() != MATERIAL_PART_BYTES {
            return Heard::Nothing;
        }
        *ask_at_ms = (*ask_at_ms).max(now_ms + ASK_MS);
        if parts.contains_key(&number) {
            return Heard::Nothing;
        }
        parts.insert(number, Zeroizing::new(bytes.to_vec()));
        if parts.len() < usize::from(count) {
            return Heard::Changed;
        }
        // In one piece from the beginning, so that a vector that grows leaves no copy behind.
        let mut whole = Zeroizing::new(Vec::with_capacity(usize::from(count) * MATERIAL_PART_BYTES));
        parts.values().for_each(|part| whole.extend_from_slice(part));
        whole.truncate(length as usize);
        // RED-03
        match Material::new(kind, whole).ok().filter(|material| material.announcement() == shown.announcement)
        {
            Some(material) => {
                shown.stage = Stage::Here;
                Heard::Whole(material)
            }
            None => {
                shown.stage = Stage::Unfit;
                Heard::Changed
            }
        }
    }

    /// The presenter takes it away.
    // RED-06
    pub(crate) fn taken_away(&mut self, from: &DeviceKey, digest: [u8; 32]) -> bool {
        let is_it = self.shown.get(from).is_some_and(|shown| shown.announcement.digest == digest);
        is_it && self.shown.remove(from).is_some()
    }

    /// The presenter is gone, or came back as somebody who shows nothing.
    // RED-06
    pub(crate) fn gone(&mut self, from: &DeviceKey) -> bool {
        self.shown.remove(from).is_some()
    }

    /// Forgets what those show who may not, and what was not announced for too long.
    // RED-06, RED-07
    pub(crate) fn retain(&mut self, may_show: impl Fn(&DeviceKey) -> bool, now_ms: u64) -> bool {
        let before = self.shown.len();
        self.shown.retain(|device, shown| now_ms < shown.until_ms && may_show(device));
        self.shown.len() != before
    }

    /// Returns of whom what is to be asked for now, at most once in a while: presenter, digest, parts.
    // RED-05
    pub(crate) fn wanted(&mut self, now_ms: u64) -> Vec<(DeviceKey, [u8; 32], u64)> {
        let mut wanted = Vec::new();
        for (device, Shown { announcement, stage, .. }) in &mut self.shown {
            let Stage::Coming { parts, ask_at_ms } = stage else { continue };
            if *ask_at_ms <= now_ms {
                *ask_at_ms = now_ms + ASK_AGAIN_MS;
                let missing =
                    parts.keys().fold(announcement.all(), |missing, number| missing & !(1 << number));
                wanted.push((*device, announcement.digest, missing));
            }
        }
        wanted
    }

    /// Returns when something runs out or is to be asked for next.
    pub(crate) fn next(&self) -> Option<u64> {
        let due = |shown: &Shown| match shown.stage {
            Stage::Coming { ask_at_ms, .. } => shown.until_ms.min(ask_at_ms),
            Stage::Here | Stage::Unfit => shown.until_ms,
        };
        self.shown.values().map(due).min()
    }

    /// Returns what each shows, how many parts of it have come, and how it stands.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (DeviceKey, Announcement, u8, MaterialState)> + '_ {
        self.shown.iter().map(|(device, Shown { announcement, stage, .. })| {
            let all = announcement.parts();
            let (done, state) = match stage {
                Stage::Coming { parts, .. } => {
                    (u8::try_from(parts.len()).unwrap_or(all), MaterialState::Coming)
                }
                Stage::Here => (all, MaterialState::Here),
                Stage::Unfit => (all, MaterialState::Unfit),
            };
            (*device, *announcement, done, state)
        })
    }

    pub(crate) fn clear(&mut self) {
        self.shown.clear();
    }
}
