//! What a host's device changes of a meeting's conduct: controls, rights, spotlight, suspension, lifted bans.

use std::collections::{BTreeMap, BTreeSet};

use sabha_admission::{Capabilities, Conduct, DeviceKey, RIGHTS_MAX, Rights, Roster, controls::Controls};
use sabha_protocol::{
    ControlSettings,
    device::{MemberRight, MemberRole},
};

use super::Device;

/// Changes of the conduct that are to be committed; a later one of the same kind replaces an earlier one.
#[derive(Default)]
pub(super) struct ConductWork {
    controls: Option<Controls>,
    floor: Option<Controls>,
    /// Rights that replace what somebody had; `rights` come after.
    roles: BTreeMap<DeviceKey, Rights>,
    rights: BTreeMap<DeviceKey, Rights>,
    spotlight: Option<Option<DeviceKey>>,
    suspended: Option<bool>,
    lifted: BTreeSet<DeviceKey>,
}

impl ConductWork {
    pub(super) fn is_empty(&self) -> bool {
        self.controls.is_none()
            && self.floor.is_none()
            && self.roles.is_empty()
            && self.rights.is_empty()
            && self.spotlight.is_none()
            && self.suspended.is_none()
            && self.lifted.is_empty()
    }

    /// Puts back what was not committed; what was asked for since goes before.
    pub(super) fn take_back(&mut self, older: Self) {
        self.controls = self.controls.take().or(older.controls);
        self.floor = self.floor.take().or(older.floor);
        self.spotlight = self.spotlight.or(older.spotlight);
        self.suspended = self.suspended.or(older.suspended);
        self.lifted.extend(older.lifted);
        for (device, older) in older.rights {
            // A role that was given since is the last word.
            if self.roles.contains_key(&device) {
                continue;
            }
            let newer = self.rights.entry(device).or_default();
            let newest = *newer;
            *newer = older;
            newer.set(newest.given, true);
            newer.set(newest.taken, false);
        }
        for (device, role) in older.roles {
            self.roles.entry(device).or_insert(role);
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
        for (device, role) in &self.roles {
            change_rights(conduct, is_guest(device), *device, |rights| *rights = *role);
        }
        for (device, rights) in &self.rights {
            change_rights(conduct, is_guest(device), *device, |now| {
                now.set(rights.given, true);
                now.set(rights.taken, false);
            });
        }
        if let Some(spotlight) = self.spotlight {
            conduct.spotlight = spotlight;
        }
        conduct.spotlight = conduct.spotlight.filter(|device| roster.member_of(device).is_some());
        conduct.banned.retain(|device| !self.lifted.contains(device));
    }
}

/// Changes what one member may do. Who may do what everybody may is not listed.
fn change_rights(conduct: &mut Conduct, is_guest: bool, device: DeviceKey, change: impl FnOnce(&mut Rights)) {
    let has_room = conduct.rights.len() < RIGHTS_MAX || conduct.rights.contains_key(&device);
    if !is_guest || !has_room {
        return;
    }
    let mut rights = conduct.rights.remove(&device).unwrap_or_default();
    change(&mut rights);
    let rights = rights.in_short();
    if rights != Rights::PARTICIPANT {
        conduct.rights.insert(device, rights);
    }
}

/// Returns the rights that a host gives and takes under one name.
pub(super) const fn rights_of(right: MemberRight) -> Capabilities {
    match right {
        MemberRight::Camera => Capabilities::CAMERA,
        MemberRight::Chat => Capabilities::CHAT,
        MemberRight::Microphone => Capabilities::MICROPHONE,
        MemberRight::Screen => Capabilities::SHARE,
    }
}

/// Returns the role that has exactly these rights.
pub(super) fn role_of(rights: Rights) -> Option<MemberRole> {
    const ROLES: [MemberRole; 3] = [MemberRole::Participant, MemberRole::Presenter, MemberRole::Attendee];
    ROLES.into_iter().find(|role| rights_of_role(*role) == rights.in_short())
}

const fn rights_of_role(role: MemberRole) -> Rights {
    match role {
        MemberRole::Attendee => Rights::ATTENDEE,
        MemberRole::Participant => Rights::PARTICIPANT,
        MemberRole::Presenter => Rights::PRESENTER,
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
        let rights = &mut self.work.conduct.rights;
        if rights.len() < RIGHTS_MAX || rights.contains_key(&device) {
            rights.entry(device).or_default().set(rights_of(right), allowed);
        }
    }

    pub(super) fn set_role(&mut self, device: DeviceKey, role: MemberRole) {
        let ConductWork { roles, rights, .. } = &mut self.work.conduct;
        if roles.len() < RIGHTS_MAX || roles.contains_key(&device) {
            rights.remove(&device);
            roles.insert(device, rights_of_role(role));
        }
    }

    pub(super) fn lift_ban(&mut self, device: DeviceKey) {
        let banned = self.group().is_some_and(|group| group.roster().policy.conduct.banned.contains(&device));
        if banned {
            self.work.conduct.lifted.insert(device);
        }
    }

    pub(super) fn spotlight(&mut self, device: Option<DeviceKey>) {
        self.work.conduct.spotlight = Some(device);
    }

    pub(super) fn suspend(&mut self, suspended: bool) {
        self.work.conduct.suspended = Some(suspended);
    }
}
