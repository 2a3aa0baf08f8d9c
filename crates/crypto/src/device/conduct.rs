//! What a host's device changes of a meeting's conduct: controls, rights, suspension.

use std::collections::BTreeMap;

use sabha_admission::{Capabilities, Conduct, DeviceKey, RIGHTS_MAX, Rights, Roster, controls::Controls};
use sabha_protocol::{ControlSettings, device::MemberRight};

use super::Device;

/// Changes of the conduct that are to be committed; a later one of the same kind replaces an earlier one.
#[derive(Default)]
pub(super) struct ConductWork {
    controls: Option<Controls>,
    floor: Option<Controls>,
    rights: BTreeMap<DeviceKey, Rights>,
    suspended: Option<bool>,
}

impl ConductWork {
    pub(super) fn is_empty(&self) -> bool {
        self.controls.is_none() && self.floor.is_none() && self.rights.is_empty() && self.suspended.is_none()
    }

    /// Puts back what was not committed; what was asked for since goes before.
    pub(super) fn take_back(&mut self, older: Self) {
        self.controls = self.controls.take().or(older.controls);
        self.floor = self.floor.take().or(older.floor);
        self.suspended = self.suspended.or(older.suspended);
        for (device, older) in older.rights {
            let newer = self.rights.entry(device).or_default();
            let newest = *newer;
            *newer = older;
            newer.set(newest.given, true);
            newer.set(newest.taken, false);
        }
    }

    /// Changes the conduct. Rights are kept for those only who are members and no hosts.
    pub(super) fn apply(&self, conduct: &mut Conduct, roster: &Roster) {
        if let Some(floor) = &self.floor {
            conduct.floor = conduct.floor.tighten(floor);
        }
        if let Some(controls) = &self.controls {
            conduct.controls = controls.clone();
        }
        // No host goes below the floor.
        conduct.controls = conduct.controls.tighten(&conduct.floor);
        if let Some(suspended) = self.suspended {
            conduct.suspended = suspended;
        }
        let is_guest = |device: &DeviceKey| roster.member_of(device).is_some_and(|member| !member.is_host());
        conduct.rights.retain(|device, _| is_guest(device));
        for (device, rights) in &self.rights {
            let has_room = conduct.rights.len() < RIGHTS_MAX || conduct.rights.contains_key(device);
            if is_guest(device) && has_room {
                let now = conduct.rights.entry(*device).or_default();
                now.set(rights.given, true);
                now.set(rights.taken, false);
            }
        }
    }
}

impl Device {
    /// Settings that are no controls are dropped: an interface offers none.
    pub(super) fn set_controls(&mut self, settings: &ControlSettings) {
        if let Ok(controls) = Controls::from_settings(settings) {
            self.work.conduct.controls = Some(controls);
        }
    }

    /// The organisation demands more: the first host signs it. What a server demands can only tighten the meeting.
    pub(super) fn raise_floor(&mut self, settings: &ControlSettings) {
        let Ok(floor) = Controls::from_settings(settings) else { return };
        let signed = self.group().map(|group| &group.roster().policy.conduct.floor);
        if self.is_host() && signed.is_some_and(|signed| signed.below(&floor).is_some()) {
            self.work.conduct.floor = Some(floor);
        }
    }

    pub(super) fn set_right(&mut self, device: DeviceKey, right: MemberRight, allowed: bool) {
        let right = match right {
            MemberRight::Camera => Capabilities::CAMERA,
            MemberRight::Chat => Capabilities::CHAT,
            MemberRight::Microphone => Capabilities::MICROPHONE,
            MemberRight::Screen => Capabilities::SCREEN | Capabilities::SCREEN_AUDIO,
        };
        let rights = &mut self.work.conduct.rights;
        if rights.len() < RIGHTS_MAX || rights.contains_key(&device) {
            rights.entry(device).or_default().set(right, allowed);
        }
    }

    pub(super) fn suspend(&mut self, suspended: bool) {
        self.work.conduct.suspended = Some(suspended);
    }
}
