//! What must hold at every honest device at every moment, whatever the server does. Judged without the code that
//! judges in the devices, from what the hosts really did.

use std::collections::{BTreeMap, BTreeSet};

use sabha_admission::{Capabilities, Method, SignedPolicy, meeting_id};
use sabha_crypto::group::Group;
use sabha_protocol::{
    DeviceKey,
    device::{Encryption, HeartbeatState},
};

use super::{Hall, Insider};

/// How long after a removal somebody may still seal for who was removed: the silence that hosts are allowed, and a
/// second for the timers.
const REMOVED_HEARS_MAX_MS: u64 = 31_000;

/// Watches a [`Hall`].
#[derive(Default)]
pub struct Witness {
    breaches: Vec<String>,
    /// Every epoch that an honest device was in, of every branch.
    epochs: BTreeMap<Branch, Epoch>,
    /// Whose view of which epoch was judged.
    judged: BTreeSet<(usize, Branch)>,
    /// When the creator removed whom.
    removed_ms: BTreeMap<DeviceKey, u64>,
}

/// An epoch's number and the transcript that led to it.
type Branch = (u64, [u8; 32]);

struct Epoch {
    tree_hash: [u8; 32],
    base_key: [u8; 16],
    devices: BTreeSet<DeviceKey>,
}

impl Witness {
    /// Looks at everybody. `rivals` are those whose keys the adversary has.
    pub fn check(&mut self, hall: &Hall, rivals: &[&Insider]) {
        self.note_removals(hall);
        for at in 0..hall.people.len() {
            if let Some(group) = hall.people[at].device.group() {
                if self.judged.insert((at, branch(group))) {
                    self.check_leaves(hall, at, group);
                    self.check_agreement(at, group);
                }
                self.check_staleness(hall, at, group);
            }
            self.check_silence(hall, at);
        }
        self.check_keys(rivals);
    }

    /// Returns every promise that was broken.
    pub fn breaches(&self) -> &[String] {
        &self.breaches
    }

    /// Returns how many different epochs were seen, over all branches.
    pub fn epochs(&self) -> usize {
        self.epochs.len()
    }

    fn breach(&mut self, text: String) {
        if self.breaches.len() < 100 && !self.breaches.contains(&text) {
            self.breaches.push(text);
        }
    }

    fn note_removals(&mut self, hall: &Hall) {
        let Some(creator) = hall.people[0].device.group() else { return };
        for grant in &hall.grants {
            if creator.roster().policy.is_revoked(&grant.id()) {
                self.removed_ms.entry(grant.subject).or_insert(hall.now_ms);
            }
        }
    }

    /// Every leaf has a grant that leads to the root key, was really given by a host, and is not revoked.
    fn check_leaves(&mut self, hall: &Hall, at: usize, group: &Group) {
        let roster = group.roster();
        let (policy, epoch) = (&roster.policy, group.epoch());
        if meeting_id(policy.suite, &policy.root) != hall.creation.meeting || policy.verify().is_err() {
            self.breach(format!("person {at} in {epoch}: the policy is not the meeting's"));
        }
        for member in &roster.members {
            let grant = &member.grant;
            let granted = grant.verify().is_ok()
                && grant.meeting == hall.creation.meeting
                && grant.subject == member.device
                && may_grant(policy, &grant.issuer, grant.method);
            if !granted {
                self.breach(format!("person {at} in {epoch}: leaf {} has no grant", member.index));
            }
            if policy.is_revoked(&grant.id()) {
                self.breach(format!("person {at} in {epoch}: leaf {} is revoked", member.index));
            }
            if !hall.admitted.contains(&member.device) {
                self.breach(format!("person {at} in {epoch}: leaf {} was let in by nobody", member.index));
            }
        }
    }

    /// Two in the same epoch of the same history have the same tree and the same key.
    fn check_agreement(&mut self, at: usize, group: &Group) {
        let here = Epoch {
            tree_hash: group.tree_hash(),
            base_key: *group.keys().base_key.0.expose(),
            devices: group.roster().members.iter().map(|member| member.device).collect(),
        };
        let known = self
            .epochs
            .entry(branch(group))
            .or_insert_with(|| Epoch { devices: here.devices.clone(), ..here });
        let same = (known.tree_hash, known.base_key) == (here.tree_hash, here.base_key);
        if !same || known.devices != here.devices {
            self.breach(format!("person {at} in {}: another group after the same history", group.epoch()));
        }
    }

    /// Nobody outside an epoch's tree has, or ever comes by, its base key.
    fn check_keys(&mut self, rivals: &[&Insider]) {
        let has = |rival: &Insider, epoch: &Epoch| {
            !epoch.devices.contains(&rival.device()) && rival.keys().contains(&epoch.base_key)
        };
        let known: Vec<u64> = self
            .epochs
            .iter()
            .filter(|(_, epoch)| rivals.iter().any(|rival| has(rival, epoch)))
            .map(|((number, _), _)| *number)
            .collect();
        for epoch in known {
            self.breach(format!("somebody outside has the key of epoch {epoch}"));
        }
    }

    /// Nobody goes on sealing for who was removed, unless another host who has not heard of it says that this is the
    /// present: then there are two meetings with a host each.
    fn check_staleness(&mut self, hall: &Hall, at: usize, group: &Group) {
        if hall.sends_in(at).is_none() {
            return;
        }
        let here = branch(group);
        let with_host = (1..hall.people.len()).any(|other| {
            hall.people[other]
                .device
                .group()
                .is_some_and(|group| branch(group) == here && group.roster().is_host(&hall.key(other)))
        });
        let late = |device: &DeviceKey| {
            self.removed_ms
                .get(device)
                .is_some_and(|removed| hall.now_ms.saturating_sub(*removed) > REMOVED_HEARS_MAX_MS)
        };
        let heard = group.roster().members.iter().any(|member| late(&member.device));
        if heard && !with_host {
            self.breach(format!("person {at} in {}: still sends to who was removed", group.epoch()));
        }
    }

    /// What a device shows is what it does: while it says that something is wrong, it sends nothing.
    fn check_silence(&mut self, hall: &Hall, at: usize) {
        let Some(view) = &hall.people[at].view else { return };
        let sends = hall.sends_in(at).is_some();
        if sends && view.encryption == Encryption::Failed {
            self.breach(format!("person {at} sends while its encryption has failed"));
        }
        if sends && view.heartbeat == HeartbeatState::Lost {
            self.breach(format!("person {at} sends without a heartbeat for thirty seconds"));
        }
    }
}

fn branch(group: &Group) -> Branch {
    (group.epoch().0, group.transcript_hash())
}

/// Follows who may grant to the root key, certificate by certificate.
fn may_grant(policy: &SignedPolicy, issuer: &DeviceKey, method: Method) -> bool {
    if *issuer == policy.root {
        return method == Method::Creator;
    }
    let mut right = Capabilities::ADMIT;
    let mut at = *issuer;
    for _ in 0..8 {
        let Some(cert) = policy.hosts.iter().find(|cert| cert.subject == at) else { return false };
        if cert.verify().is_err() || cert.meeting != policy.meeting || !cert.capabilities.contains(right) {
            return false;
        }
        if cert.issuer == policy.root {
            return true;
        }
        right = Capabilities::DELEGATE;
        at = cert.issuer;
    }
    false
}
