//! A meeting's group without cryptography: what members and delivery service would agree on, believed by everybody.
//!
//! The server's copy goes back to the meeting's first group when the process dies, and the members bring theirs back, as
//! far as a host has certified it; here one of them speaks for all. Until then nobody new gets in: with real keys they
//! would get into a group that no member is in any more.

use std::collections::{BTreeMap, BTreeSet};

use sabha_conference::{Event, GroupChange, GroupMember, GroupView, Handshake, Removal};
use sabha_policy::Controls;
use sabha_protocol::{
    DeviceKey, GroupEpoch, MediaState, ParticipantId, Rule,
    opaque::{HandshakeMessage, RatchetTree, WelcomeMessage},
    wire::server::Role,
};

/// What a commit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// A host adds a device.
    Add(DeviceKey),
    /// The sender comes from outside.
    Come,
    /// A host removes a device, or commits that it leaves.
    Remove(DeviceKey, Removal),
}

#[derive(Clone, Debug, Default)]
struct Group {
    epoch: GroupEpoch,
    members: BTreeMap<DeviceKey, GroupMember>,
    revoked: BTreeSet<DeviceKey>,
}

#[derive(Debug, Default)]
pub(crate) struct Delivery {
    /// What storage has.
    first: Group,
    /// What the server has.
    group: Group,
    /// What the members have and a host has certified.
    newest: Group,
    granted: BTreeSet<DeviceKey>,
    /// Every handshake since the process started or the group was brought back.
    kept: Vec<(GroupEpoch, Event)>,
}

impl Delivery {
    /// Adds a host to the first group, before anything has happened.
    pub(crate) fn add_host(&mut self, device: DeviceKey) {
        let host = member(device, Role::Host);
        self.first.members.insert(device, host);
        self.restart();
        self.newest = self.first.clone();
        self.granted.insert(device);
    }

    /// The process is new: it knows what storage has.
    pub(crate) fn restart(&mut self) {
        self.group = self.first.clone();
        self.kept.clear();
    }

    pub(crate) fn view(&self) -> GroupView {
        GroupView {
            epoch: self.group.epoch,
            members: self.group.members.values().copied().collect(),
            controls: Controls::default(),
            floor: Controls::default(),
            suspended: false,
            banned: BTreeSet::new(),
        }
    }

    pub(crate) fn epoch(&self) -> GroupEpoch {
        self.group.epoch
    }

    pub(crate) fn contains(&self, device: &DeviceKey) -> bool {
        self.group.members.contains_key(device)
    }

    /// Returns whether the device was let in once and not removed since, as far as the server knows.
    pub(crate) fn is_granted(&self, device: &DeviceKey) -> bool {
        self.granted.contains(device) && !self.group.revoked.contains(device)
    }

    /// Returns whether the members have more than the server.
    pub(crate) fn is_behind(&self) -> bool {
        self.group.epoch < self.newest.epoch
    }

    /// Takes a commit, or says by which rule not.
    pub(crate) fn commit(
        &mut self,
        (from, sender): (ParticipantId, DeviceKey),
        epoch: GroupEpoch,
        edits: &[Edit],
    ) -> Result<Handshake, Rule> {
        if epoch != self.group.epoch || self.is_behind() {
            return Err(Rule::CurrentEpoch);
        }
        let is_host = self.group.members.get(&sender).is_some_and(|member| member.role == Role::Host);
        let may = |edit: &Edit| match edit {
            Edit::Come => self.is_granted(&sender),
            Edit::Add(device) => is_host && !self.contains(device),
            Edit::Remove(device, _) => is_host && *device != sender && self.contains(device),
        };
        if !edits.iter().all(may) {
            return Err(Rule::Admission);
        }
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        let mut welcome = None;
        for edit in edits {
            match *edit {
                Edit::Add(device) => {
                    self.group.members.insert(device, member(device, Role::Participant));
                    self.group.revoked.remove(&device);
                    self.granted.insert(device);
                    added.push(device);
                    welcome = Some((opaque(WelcomeMessage::try_from), opaque(RatchetTree::try_from)));
                }
                Edit::Come => {
                    let before = self.group.members.get(&sender).copied();
                    removed.extend(before.map(|_| (sender, Removal::Replaced)));
                    added.push(sender);
                    let member = before.unwrap_or(member(sender, Role::Participant));
                    self.group.members.insert(sender, member);
                }
                Edit::Remove(device, removal) => {
                    self.group.members.remove(&device);
                    if removal == Removal::ByHost {
                        self.group.revoked.insert(device);
                    }
                    removed.push((device, removal));
                }
            }
        }
        self.group.epoch = epoch.next();
        let message = opaque(HandshakeMessage::try_from);
        self.kept.push((epoch, Event::Handshake { from, epoch, message: message.clone() }));
        let change = Some(GroupChange { view: self.view(), added, removed });
        Ok(Handshake { epoch, message, change, welcome })
    }

    /// Returns the handshakes from `epoch` on, if none is missing.
    pub(crate) fn missed(&self, epoch: GroupEpoch) -> Result<Vec<Event>, Rule> {
        let from_then = self.kept.iter().filter(|(of, _)| *of >= epoch);
        let events: Vec<Event> = from_then.map(|(_, event)| event.clone()).collect();
        let is_complete = epoch.0 + events.len() as u64 == self.group.epoch.0;
        if is_complete { Ok(events) } else { Err(Rule::HandshakesKept) }
    }

    /// Takes a host's word that this epoch is the present.
    pub(crate) fn certify(&mut self, epoch: GroupEpoch) {
        if epoch == self.group.epoch && !self.is_behind() {
            self.newest = self.group.clone();
        }
    }

    /// Takes what the members have, if it is more.
    pub(crate) fn adopt(&mut self) -> Result<GroupChange, Rule> {
        if !self.is_behind() {
            return Err(Rule::CurrentEpoch);
        }
        let before = std::mem::replace(&mut self.group, self.newest.clone());
        self.kept.clear();
        let how = |device| {
            let by_host = self.group.revoked.contains(device);
            (*device, if by_host { Removal::ByHost } else { Removal::Left })
        };
        let (now, then) = (&self.group.members, &before.members);
        Ok(GroupChange {
            view: self.view(),
            added: now.keys().filter(|device| !then.contains_key(device)).copied().collect(),
            removed: then.keys().filter(|device| !now.contains_key(device)).map(how).collect(),
        })
    }
}

fn member(device: DeviceKey, role: Role) -> GroupMember {
    let allowed = MediaState { microphone: true, camera: true, screen: true, screen_audio: true };
    GroupMember { device, role, allowed }
}

/// Returns bytes that nobody here reads.
fn opaque<T, E: std::fmt::Debug>(from: impl Fn(Vec<u8>) -> Result<T, E>) -> T {
    from(vec![1]).expect("one byte is within every bound")
}
