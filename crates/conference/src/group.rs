//! What the room knows of the meeting's MLS group: which devices are in it, and what each may do.
//!
//! A copy of what the delivery service has, replaced as a whole at each change. The room decides nothing about it:
//! who is in the group, and who is host, was signed by host devices and checked before it came here.

use std::collections::{BTreeMap, BTreeSet};

use sabha_policy::Controls;
use sabha_protocol::{DeviceKey, GroupEpoch};

use crate::io::{GroupMember, GroupView};

#[derive(Debug)]
pub(crate) struct Group {
    epoch: GroupEpoch,
    members: BTreeMap<DeviceKey, GroupMember>,
    controls: Controls,
    floor: Controls,
    suspended: bool,
    banned: BTreeSet<DeviceKey>,
}

impl Group {
    pub(crate) fn of(view: GroupView) -> Self {
        let members = view.members.into_iter().map(|member| (member.device, member)).collect();
        Self {
            epoch: view.epoch,
            members,
            controls: view.controls,
            floor: view.floor,
            suspended: view.suspended,
            banned: view.banned,
        }
    }

    pub(crate) fn epoch(&self) -> GroupEpoch {
        self.epoch
    }

    /// Returns what the group says of a device; nothing if it is not in it.
    pub(crate) fn member(&self, device: &DeviceKey) -> Option<GroupMember> {
        self.members.get(device).copied()
    }

    /// Returns the controls that a host has signed.
    pub(crate) fn controls(&self) -> &Controls {
        &self.controls
    }

    /// Returns whether a host has suspended all that participants do.
    pub(crate) fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// Returns the floor that a host has signed.
    pub(crate) fn floor(&self) -> &Controls {
        &self.floor
    }

    /// Returns whether hosts keep a device out until one lifts the ban.
    pub(crate) fn is_banned(&self, device: &DeviceKey) -> bool {
        self.banned.contains(device)
    }

    pub(crate) fn contains(&self, device: &DeviceKey) -> bool {
        self.members.contains_key(device)
    }
}
