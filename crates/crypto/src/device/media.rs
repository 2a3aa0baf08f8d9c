//! Which epoch's keys frames are sealed and opened with.
//!
//! Receiving comes first: the next epoch's keys are installed when its commit is judged. Sending follows when a
//! heartbeat certifies the epoch, or after a second: others may still be without the commit. Old keys go after ten
//! seconds, two if somebody was removed.

use std::collections::BTreeMap;

use sabha_protocol::{GroupEpoch, device::MediaKeyChange};

use super::Device;
use crate::group::EpochKeys;

/// How long sending waits for a heartbeat, in milliseconds.
const CERTIFY_MS: u64 = 1000;
/// How long old keys are kept for frames on their way, in milliseconds.
const KEEP_MS: u64 = 10_000;
/// The same after a removal.
const KEEP_AFTER_REMOVAL_MS: u64 = 2000;

#[derive(Default)]
pub(super) struct MediaKeys {
    /// Installed epochs, with the time at which each is dropped.
    installed: BTreeMap<u64, Option<u64>>,
    current: Option<u64>,
    sending: Option<u64>,
    /// From when on the current epoch is used without a heartbeat.
    use_at_ms: Option<u64>,
}

impl MediaKeys {
    /// Drops what is overdue.
    pub(super) fn expire(&mut self, now_ms: u64) -> Vec<MediaKeyChange> {
        let due = |at: &Option<u64>| at.is_some_and(|at| at <= now_ms);
        let gone: Vec<u64> =
            self.installed.iter().filter(|(_, at)| due(at)).map(|(epoch, _)| *epoch).collect();
        gone.into_iter()
            .map(|epoch| {
                self.installed.remove(&epoch);
                MediaKeyChange::Drop { epoch: GroupEpoch(epoch) }
            })
            .collect()
    }

    /// Drops everything at once.
    pub(super) fn erase(&mut self) -> Vec<MediaKeyChange> {
        let installed = std::mem::take(self).installed;
        let drop = |epoch| MediaKeyChange::Drop { epoch: GroupEpoch(epoch) };
        std::iter::once(MediaKeyChange::Mute {}).chain(installed.into_keys().map(drop)).collect()
    }

    pub(super) fn next_drop(&self) -> Option<u64> {
        self.installed.values().copied().flatten().min()
    }

    pub(super) fn next_step(&self) -> Option<u64> {
        let use_at = self.use_at_ms.filter(|_| self.sending != self.current);
        self.next_drop().into_iter().chain(use_at).min()
    }
}

impl Device {
    /// Installs the keys of a new epoch for receiving, and lets the old ones run out.
    pub(super) fn install(&mut self, keys: EpochKeys, removed: bool) {
        let EpochKeys { epoch, base_key, own_leaf, leaves } = keys;
        let keep = if removed { KEEP_AFTER_REMOVAL_MS } else { KEEP_MS };
        let until = self.now_ms + keep;
        for (_, at) in self.media.installed.iter_mut().filter(|(old, _)| **old != epoch.0) {
            *at = Some(at.map_or(until, |at| at.min(until)));
        }
        self.media.installed.insert(epoch.0, None);
        self.media.current = Some(epoch.0);
        // Only who was certain of the epoch before may go ahead without a heartbeat.
        self.media.use_at_ms = self.media.sending.map(|_| self.now_ms + CERTIFY_MS);
        self.media_out(MediaKeyChange::Install { epoch, base_key: base_key.0, own_leaf, leaves });
    }

    /// Switches sending to the current epoch, or off.
    pub(super) fn decide_sending(&mut self) {
        let Some(current) = self.media.current else { return };
        let hosts = self.group().is_some_and(|group| group.roster().hosts().next().is_some());
        let silent = self.pulse.is_lost() && hosts;
        let certain = !self.suspended && !silent;
        let overdue = self.media.use_at_ms.is_some_and(|at| at <= self.now_ms);
        let wanted = if !certain {
            None
        } else if self.pulse.certifies(current) || overdue {
            Some(current)
        } else {
            self.media.sending
        };
        if wanted == self.media.sending {
            return;
        }
        self.media.sending = wanted;
        self.changed = true;
        self.media_out(match wanted {
            Some(epoch) => MediaKeyChange::Use { epoch: GroupEpoch(epoch) },
            None => MediaKeyChange::Mute {},
        });
    }

    pub(super) const fn is_sending(&self) -> bool {
        self.media.sending.is_some()
    }
}
