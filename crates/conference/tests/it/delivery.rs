//! What stands in for the delivery service: it knows who is in the group and numbers the epochs, without any MLS.
//!
//! It believes whoever tells it what to change, so the tests play the devices that sign and check.

use std::collections::{BTreeMap, BTreeSet};

use sabha_conference::{GroupChange, GroupMember, GroupView, Handshake, Removal};
use sabha_policy::Controls;
use sabha_protocol::{
    DeviceKey, GroupEpoch, MediaState,
    opaque::{HandshakeMessage, RatchetTree, WelcomeMessage},
    wire::server::Role,
};

use crate::scene::ALL_ON;

/// Devices that are in every meeting's first group, as hosts.
pub(crate) const HOSTS: u32 = 4;

/// Returns a device of this number; the first [`HOSTS`] are hosts.
pub(crate) fn device(number: u32) -> DeviceKey {
    let mut bytes = [0xd0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    DeviceKey::from_bytes(bytes)
}

/// What a commit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// A host adds a device, with a Welcome.
    Add(DeviceKey),
    Allow(DeviceKey, MediaState),
    /// A device with a grant comes from outside.
    Come(DeviceKey),
    Make(DeviceKey, Role),
    Remove(DeviceKey, Removal),
}

#[derive(Clone, Debug)]
struct Group {
    epoch: GroupEpoch,
    members: BTreeMap<DeviceKey, GroupMember>,
    revoked: BTreeSet<DeviceKey>,
    controls: Controls,
    suspended: bool,
    banned: BTreeSet<DeviceKey>,
}

#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// What the server has.
    group: Group,
    /// What the members have: the highest epoch there was.
    newest: Group,
    /// Whoever was given a grant.
    granted: BTreeSet<DeviceKey>,
}

impl Delivery {
    pub(crate) fn new() -> Self {
        let host = |number| {
            let device = device(number);
            (device, GroupMember { device, role: Role::Host, allowed: ALL_ON })
        };
        let group = Group {
            epoch: GroupEpoch(0),
            members: (0..HOSTS).map(host).collect(),
            revoked: BTreeSet::new(),
            controls: Controls::default(),
            suspended: false,
            banned: BTreeSet::new(),
        };
        Self { newest: group.clone(), granted: group.members.keys().copied().collect(), group }
    }

    /// The server is back at the group it was given at first; the members have theirs.
    pub(crate) fn restart(&mut self) {
        self.group = Self::new().group;
    }

    pub(crate) fn view(&self) -> GroupView {
        self.group.view()
    }

    /// What the next commit brings.
    pub(crate) fn suspend(&mut self, suspended: bool) {
        self.group.suspended = suspended;
    }

    /// What the next commit brings.
    pub(crate) fn ban(&mut self, device: DeviceKey, banned: bool) {
        if banned {
            self.group.banned.insert(device);
        } else {
            self.group.banned.remove(&device);
        }
    }

    /// What the next commit brings.
    pub(crate) fn set(&mut self, control: &str, value: &str) {
        self.group.controls.set_named(control, value).expect("a control");
    }

    pub(crate) fn contains(&self, device: &DeviceKey) -> bool {
        self.group.members.contains_key(device)
    }

    pub(crate) fn is_host(&self, device: &DeviceKey) -> bool {
        self.group.members.get(device).is_some_and(|member| member.role == Role::Host)
    }

    /// Returns whether a grant of this device is valid, as far as the server knows.
    pub(crate) fn is_granted(&self, device: &DeviceKey) -> bool {
        self.granted.contains(device) && !self.group.revoked.contains(device)
    }

    /// Returns whether members can bring back more than the server has.
    pub(crate) fn is_behind(&self) -> bool {
        self.group.epoch < self.newest.epoch
    }

    pub(crate) fn proposal(&self) -> Handshake {
        let message = HandshakeMessage::try_from(vec![0]).expect("one byte");
        Handshake { epoch: self.group.epoch, message, change: None, welcome: None }
    }

    pub(crate) fn commit(&mut self, edits: &[Edit]) -> Handshake {
        let epoch = self.group.epoch;
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        let mut is_welcome = false;
        for edit in edits {
            match *edit {
                Edit::Add(device) | Edit::Come(device) => {
                    let allowed = ALL_ON;
                    let before = self.group.members.get(&device).copied();
                    let member = GroupMember { device, role: Role::Participant, allowed };
                    self.group.members.insert(device, before.unwrap_or(member));
                    added.push(device);
                    if before.is_some() {
                        removed.push((device, Removal::Replaced));
                    }
                    if matches!(edit, Edit::Add(_)) {
                        self.granted.insert(device);
                        self.group.revoked.remove(&device);
                        is_welcome = true;
                    }
                }
                Edit::Allow(device, allowed) => {
                    self.group.members.entry(device).and_modify(|member| member.allowed = allowed);
                }
                Edit::Make(device, role) => {
                    self.group.members.entry(device).and_modify(|member| member.role = role);
                }
                Edit::Remove(device, removal) => {
                    if self.group.members.remove(&device).is_some() {
                        removed.push((device, removal));
                    }
                    if matches!(removal, Removal::ByHost | Removal::SentBack) {
                        self.group.revoked.insert(device);
                    }
                }
            }
        }
        self.group.epoch = epoch.next();
        if self.newest.epoch <= epoch {
            self.newest = self.group.clone();
        }
        let message = HandshakeMessage::try_from(vec![1, epoch.0 as u8]).expect("two bytes");
        let welcome = WelcomeMessage::try_from(vec![2, epoch.0 as u8]).expect("two bytes");
        let tree = RatchetTree::try_from(vec![3, epoch.0 as u8]).expect("two bytes");
        Handshake {
            epoch,
            message,
            change: Some(GroupChange { view: self.view(), added, removed }),
            welcome: is_welcome.then_some((welcome, tree)),
        }
    }

    /// Takes what the members have.
    pub(crate) fn adopt(&mut self) -> GroupChange {
        let before = std::mem::replace(&mut self.group, self.newest.clone());
        let revoked = |device: &DeviceKey| self.group.revoked.contains(device);
        let lost = before.members.keys().filter(|device| !self.contains(device));
        let how = |device| if revoked(device) { Removal::ByHost } else { Removal::Left };
        GroupChange {
            view: self.view(),
            added: self
                .group
                .members
                .keys()
                .filter(|new| !before.members.contains_key(new))
                .copied()
                .collect(),
            removed: lost.map(|device| (*device, how(device))).collect(),
        }
    }
}

impl Group {
    fn view(&self) -> GroupView {
        GroupView {
            epoch: self.epoch,
            members: self.members.values().copied().collect(),
            controls: self.controls.clone(),
            floor: self.controls.clone(),
            suspended: self.suspended,
            banned: self.banned.clone(),
        }
    }
}
