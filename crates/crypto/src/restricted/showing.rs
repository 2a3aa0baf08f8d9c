//! The presenter's side: what is to be said of the material that this device shows, and when.
//!
//! What is still to be sent is a set of parts. Showing fills it, whoever is missing some adds them, and one part after the other
//! goes out of it to everybody: so those who come together are served together, and the pace never rises.

use std::collections::BTreeMap;

use sabha_protocol::DeviceKey;
use zeroize::Zeroizing;

use super::{ANNOUNCE_MS, Announcement, BUDGET_MS, BUDGET_TIMES, CHANGE_MS, GREET_MS, Material, PART_MS};

/// What the presenter's device says.
#[derive(PartialEq, Eq)]
pub(crate) enum Saying {
    Announced(Announcement),
    Part { digest: [u8; 32], number: u8, bytes: Zeroizing<Vec<u8>> },
}

/// Material that this device shows.
pub(crate) struct Showing {
    material: Material,
    announcement: Announcement,
    /// From when on anything is said; what was shown before it has its time.
    begins_ms: u64,
    announce_at_ms: u64,
    part_at_ms: u64,
    /// Parts that are to be sent: one bit for each.
    due: u64,
    /// Since when, and how many parts somebody has asked for. Members only.
    asked: BTreeMap<DeviceKey, (u64, u32)>,
}

impl Showing {
    /// Begins to show. `before` is when this device began to show what it showed last.
    pub(crate) fn new(material: Material, before: Option<u64>, now_ms: u64) -> Self {
        let begins_ms = before.map_or(now_ms, |before| now_ms.max(before + CHANGE_MS));
        let announcement = material.announcement();
        let due = announcement.all();
        Self {
            material,
            announcement,
            begins_ms,
            announce_at_ms: begins_ms,
            part_at_ms: begins_ms,
            due,
            asked: BTreeMap::new(),
        }
    }

    #[cfg(test)]
    pub(super) const fn material(&self) -> &Material {
        &self.material
    }

    pub(crate) const fn announcement(&self) -> &Announcement {
        &self.announcement
    }

    pub(crate) const fn begins_ms(&self) -> u64 {
        self.begins_ms
    }

    /// Returns how many parts wait to be sent.
    pub(crate) const fn due(&self) -> u32 {
        self.due.count_ones()
    }

    /// Somebody is here who may not have heard of it.
    // RED-05
    pub(crate) fn greet(&mut self, now_ms: u64) {
        self.announce_at_ms = self.announce_at_ms.min(now_ms + GREET_MS).max(self.begins_ms);
    }

    /// A member asks for parts.
    // RED-05
    pub(crate) fn asked(&mut self, by: DeviceKey, digest: [u8; 32], parts: u64, now_ms: u64) {
        // What is to be sent anyway costs nobody anything.
        let parts = parts & self.announcement.all() & !self.due;
        if digest != self.announcement.digest || parts == 0 {
            return;
        }
        let (since_ms, count) = self.asked.entry(by).or_insert((now_ms, 0));
        if now_ms >= *since_ms + BUDGET_MS {
            (*since_ms, *count) = (now_ms, 0);
        }
        if *count + parts.count_ones() <= BUDGET_TIMES * u32::from(self.announcement.parts()) {
            *count += parts.count_ones();
            self.due |= parts;
        }
    }

    /// Forgets what those asked for who are not members any more.
    pub(crate) fn retain(&mut self, is_member: impl Fn(&DeviceKey) -> bool) {
        self.asked.retain(|device, _| is_member(device));
    }

    /// Returns what is to be said now, once each time.
    pub(crate) fn poll(&mut self, now_ms: u64) -> Option<Saying> {
        if self.announce_at_ms <= now_ms {
            self.announce_at_ms = now_ms + ANNOUNCE_MS;
            return Some(Saying::Announced(self.announcement));
        }
        if self.due == 0 || self.part_at_ms > now_ms {
            return None;
        }
        let number = u8::try_from(self.due.trailing_zeros()).ok()?;
        self.due &= self.due - 1;
        self.part_at_ms = now_ms + PART_MS;
        let bytes = self.material.part(number)?;
        Some(Saying::Part { digest: self.announcement.digest, number, bytes })
    }

    /// Returns when something is to be said next.
    pub(crate) fn next(&self) -> u64 {
        let part = if self.due == 0 { u64::MAX } else { self.part_at_ms };
        self.announce_at_ms.min(part)
    }
}
