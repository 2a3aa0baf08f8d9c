//! The policy: who is host, what is revoked, whether the meeting is locked. It is an extension of the group's
//! context, so that every member and every joiner has the same one, and it is signed by a host.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use sabha_policy::{Decision, Encryption};
use sabha_protocol::{DeviceKey, MeetingId};

use crate::{
    Capabilities, Conduct, Grant, GrantId, Signed, SignedHostCert, Statement, Suite, Violation,
    codec::{self, Malformed, Reader},
    meeting_id,
    signature::{Unsignable, body::Body},
};

/// The GroupContext extension whose content is a [`SignedPolicy`] (private use, RFC 9420 section 17.3).
pub const POLICY_EXTENSION_TYPE: u16 = 0xF0A0;
/// Hosts of one meeting. Few people run a meeting; each costs every member a signature check at each commit.
pub const HOSTS_MAX: usize = 16;
/// Certificates between a host and the root key, its own included.
pub const CHAIN_MAX: usize = 8;
/// Grants and invites that can be revoked in one meeting: 40 bytes each, sent to everybody who joins.
pub const REVOKED_MAX: usize = 1024;

/// A policy with a signature that may or may not hold.
pub type SignedPolicy = Signed<Policy>;

/// What the hosts have decided for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The meeting.
    pub meeting: MeetingId,
    /// The meeting's suite.
    pub suite: Suite,
    /// The key that made the meeting; its hash is in the meeting's id.
    pub root: DeviceKey,
    /// Greater in each policy than in the one before it.
    pub version: u64,
    /// The hosts, at most [`HOSTS_MAX`]. Who is left out is no host any more, and what it granted is void.
    pub hosts: Vec<SignedHostCert>,
    /// Locked: grants dated later than this, in unix milliseconds, are void. The date of every member's grant must
    /// be within it: see [`Roster::lock_at_ms`](crate::Roster::lock_at_ms).
    pub locked_at_ms: Option<u64>,
    /// Void grants and invites, at most [`REVOKED_MAX`], sorted, each once. [`Self::revoke`] keeps the order.
    pub revoked: Vec<GrantId>,
    /// What may be done in the meeting, and by whom.
    pub conduct: Conduct,
    /// Who signs: the root key, or a host with [`Capabilities::MODERATE`].
    pub signer: DeviceKey,
}

/// Nothing more can be revoked in this meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no more than {REVOKED_MAX} grants can be revoked in one meeting")]
pub struct RevocationsFull;

impl Policy {
    /// Signs the policy with the signer's key.
    ///
    /// # Errors
    /// As [`Signed::sign`]: also if a list is longer than its bound or out of order.
    pub fn sign(self, signer: &SigningKey) -> Result<SignedPolicy, Unsignable> {
        Signed::sign(self, signer)
    }

    /// Returns the policy that follows this one and says the same, to be changed and then signed by `signer`.
    #[must_use]
    pub fn successor(&self, signer: DeviceKey) -> Self {
        Self { version: self.version.saturating_add(1), signer, ..self.clone() }
    }

    /// Adds a grant or an invite to what is void. Adding it twice changes nothing.
    ///
    /// # Errors
    /// [`RevocationsFull`].
    pub fn revoke(&mut self, id: GrantId) -> Result<(), RevocationsFull> {
        if let Err(place) = self.revoked.binary_search(&id) {
            if self.revoked.len() >= REVOKED_MAX {
                return Err(RevocationsFull);
            }
            self.revoked.insert(place, id);
        }
        Ok(())
    }

    /// Returns whether a grant or an invite is void.
    pub fn is_revoked(&self, id: &GrantId) -> bool {
        self.revoked.binary_search(id).is_ok()
    }

    /// Returns the certificate of a host.
    pub fn host(&self, device: &DeviceKey) -> Option<&SignedHostCert> {
        self.hosts.iter().find(|host| host.subject == *device)
    }

    /// Decides whether the controls let somebody new in who comes by this grant. Says nothing of whether the grant holds.
    pub fn entry(&self, grant: &Grant) -> Decision {
        self.conduct.entry(grant, self.host(&grant.subject).is_some())
    }

    /// Returns what a key may do over others by this policy: everything for the root key, nothing for strangers.
    pub fn authority(&self, key: &DeviceKey) -> Capabilities {
        if *key == self.root {
            return Capabilities::HOST;
        }
        self.host(key).map_or(Capabilities::NONE, |host| host.capabilities)
    }
}

impl SignedPolicy {
    /// Decides whether this can be the policy of a meeting with this suite, after `before` where that is known.
    ///
    /// # Errors
    /// The first [`Violation`] found, ADM-03 to ADM-16.
    pub fn check(
        &self,
        meeting: MeetingId,
        suite: u16,
        before: Option<&Self>,
        now_ms: u64,
    ) -> Result<(), Violation> {
        // ADM-04
        if self.meeting != meeting || self.suite.code() != suite {
            return Err(Violation::PolicyForeign);
        }
        // ADM-03
        if meeting_id(self.suite, &self.root) != meeting {
            return Err(Violation::Root);
        }
        // ADM-05
        self.verify().map_err(|_| Violation::PolicySignature)?;
        // ADM-06: by this policy; `check_successor` asks the one before.
        if !self.authority(&self.signer).contains(Capabilities::MODERATE) {
            return Err(Violation::PolicySigner);
        }
        self.check_hosts(before, now_ms)?;
        self.check_conduct()?;
        before.map_or(Ok(()), |before| self.check_successor(before))
    }

    fn check_conduct(&self) -> Result<(), Violation> {
        // ADM-53
        if self.conduct.controls.below(&self.conduct.floor).is_some() {
            return Err(Violation::BelowFloor);
        }
        // ADM-55
        if self
            .conduct
            .rights
            .values()
            .any(|rights| !(rights.given | rights.taken).is_subset_of(Capabilities::PARTICIPANT))
        {
            return Err(Violation::RightsEscalation);
        }
        // ADM-59
        if self.hosts.iter().any(|host| self.conduct.banned.contains(&host.subject)) {
            return Err(Violation::HostBanned);
        }
        // ADM-57
        let hybrid_only = self.conduct.controls.encryption() == Encryption::Hybrid;
        if hybrid_only && self.suite != Suite::XWing { Err(Violation::SuiteControl) } else { Ok(()) }
    }

    fn check_hosts(&self, before: Option<&Self>, now_ms: u64) -> Result<(), Violation> {
        let mut subjects = BTreeSet::new();
        for host in &self.hosts {
            // ADM-10
            if !subjects.insert(host.subject) {
                return Err(Violation::HostTwice);
            }
            // ADM-07
            if host.meeting != self.meeting || host.verify().is_err() {
                return Err(Violation::HostCert);
            }
            self.check_chain(host)?;
            // ADM-11
            let listed = before.is_some_and(|before| before.hosts.contains(host));
            if !listed && now_ms > host.not_after_ms {
                return Err(Violation::HostExpired);
            }
        }
        Ok(())
    }

    /// Follows the certificates from a host to the root key.
    fn check_chain(&self, host: &SignedHostCert) -> Result<(), Violation> {
        // ADM-09: nobody is made more than a host ...
        if !host.capabilities.is_subset_of(Capabilities::HOST) {
            return Err(Violation::HostEscalation);
        }
        let mut at = host;
        // ADM-08: a circle never comes to the root key, and ends with the bound.
        for _ in 0..CHAIN_MAX {
            if at.issuer == self.root {
                return Ok(());
            }
            let issuer = self.host(&at.issuer).ok_or(Violation::HostChain)?;
            if !issuer.capabilities.contains(Capabilities::DELEGATE) {
                return Err(Violation::HostChain);
            }
            // ADM-09: ... nor more than who made it one.
            if !at.capabilities.is_subset_of(issuer.capabilities) {
                return Err(Violation::HostEscalation);
            }
            at = issuer;
        }
        Err(Violation::HostChain)
    }

    fn check_successor(&self, before: &Self) -> Result<(), Violation> {
        if self == before {
            return Ok(());
        }
        // ADM-13
        let moved = self.meeting != before.meeting || self.suite != before.suite || self.root != before.root;
        if moved || self.conduct.opened_ms != before.conduct.opened_ms {
            return Err(Violation::PolicyMoved);
        }
        // ADM-12
        if self.version <= before.version {
            return Err(Violation::PolicyRollback);
        }
        // ADM-06: whoever signs a policy does so by a right it had, not by one it gives itself.
        let right = before.authority(&self.signer);
        if !right.contains(Capabilities::MODERATE) {
            return Err(Violation::PolicySigner);
        }
        // ADM-14
        if before.revoked.iter().any(|id| !self.is_revoked(id)) {
            return Err(Violation::RevocationDropped);
        }
        // ADM-54
        if self.conduct.floor.below(&before.conduct.floor).is_some() {
            return Err(Violation::FloorLowered);
        }
        let delegates = right.contains(Capabilities::DELEGATE);
        // ADM-15
        if self.hosts != before.hosts && !delegates {
            return Err(Violation::HostsChanged);
        }
        // ADM-16
        let root_revoked = self.revoked.iter().any(|id| id.issuer == self.root && !before.is_revoked(id));
        if root_revoked && !delegates {
            return Err(Violation::RootGrantRevoked);
        }
        Ok(())
    }
}

impl Statement for Policy {
    fn signer(&self) -> DeviceKey {
        self.signer
    }
}

impl Body for Policy {
    const KIND: u8 = 3;

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let meeting = MeetingId::from_bytes(reader.array()?);
        let suite = reader.u16()?.try_into()?;
        let root = DeviceKey::from_bytes(reader.array()?);
        let version = reader.u64()?;
        let hosts = reader.count(HOSTS_MAX, "hosts")?;
        let hosts = (0..hosts).map(|_| Signed::read(reader)).collect::<Result<_, _>>()?;
        let locked_at_ms = if reader.present("lock")? { Some(reader.u64()?) } else { None };
        let revoked = reader.count(REVOKED_MAX, "revoked")?;
        let revoked = (0..revoked).map(|_| GrantId::read(reader)).collect::<Result<Vec<_>, _>>()?;
        if !revoked.is_sorted_by(|a, b| a < b) {
            return Err(Malformed::Order("revoked"));
        }
        let conduct = Conduct::read(reader)?;
        let signer = DeviceKey::from_bytes(reader.array()?);
        Ok(Self { meeting, suite, root, version, hosts, locked_at_ms, revoked, conduct, signer })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.meeting.as_bytes());
        out.extend(self.suite.code().to_be_bytes());
        out.extend(self.root.as_bytes());
        out.extend(self.version.to_be_bytes());
        codec::put_count(out, self.hosts.len());
        for host in &self.hosts {
            host.write(out);
        }
        out.push(u8::from(self.locked_at_ms.is_some()));
        if let Some(at) = self.locked_at_ms {
            out.extend(at.to_be_bytes());
        }
        codec::put_count(out, self.revoked.len());
        for id in &self.revoked {
            id.write(out);
        }
        self.conduct.write(out);
        out.extend(self.signer.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        HostCert, device_key,
        testing::{
            END, NOW, another_meeting, creator, forge, guest, helper, host_cert, host_cert_body, key,
            meeting, policy, root, signed_policy, stranger,
        },
    };

    const SUITE: u16 = Suite::XWing.code();

    /// Judges a policy that nothing comes before.
    fn fault(policy: Policy, signer: &SigningKey) -> Option<Violation> {
        let policy = Policy { signer: device_key(signer), ..policy };
        forge(policy, signer).check(meeting(), SUITE, None, NOW).err()
    }

    /// Judges what follows the policy of the tests.
    fn next(signer: &SigningKey, change: impl FnOnce(&mut Policy)) -> Option<Violation> {
        let mut policy = policy().successor(device_key(signer));
        change(&mut policy);
        forge(policy, signer).check(meeting(), SUITE, Some(&signed_policy()), NOW).err()
    }

    fn with_hosts(hosts: Vec<SignedHostCert>) -> Policy {
        Policy { hosts, ..policy() }
    }

    fn by_root(cert: HostCert) -> Vec<SignedHostCert> {
        vec![forge(cert, &root())]
    }

    #[test]
    fn a_policy_of_the_root_key_or_a_moderating_host_holds() {
        assert_eq!(fault(policy(), &creator()), None);
        assert_eq!(fault(policy(), &helper()), None);
        assert_eq!(fault(policy(), &root()), None);
        assert_eq!(fault(with_hosts(Vec::new()), &root()), None);
    }

    /// ADM-03
    #[test]
    fn another_root_key_or_suite_is_another_meeting() {
        let foreign = Policy { root: device_key(&stranger()), hosts: Vec::new(), ..policy() };
        assert_eq!(fault(foreign, &stranger()), Some(Violation::Root));
        let downgraded = Policy { suite: Suite::Classical, signer: device_key(&root()), ..policy() };
        let downgraded = forge(downgraded, &root());
        let classical = Suite::Classical.code();
        assert_eq!(downgraded.check(meeting(), classical, None, NOW), Err(Violation::Root));
        let classical_meeting = meeting_id(Suite::Classical, &device_key(&root()));
        let own = Policy { meeting: classical_meeting, hosts: Vec::new(), ..downgraded.body };
        assert_eq!(forge(own, &root()).check(classical_meeting, classical, None, NOW), Ok(()));
    }

    /// ADM-04
    #[test]
    fn a_policy_is_for_this_meeting_and_suite() {
        let policy = signed_policy();
        assert_eq!(policy.check(another_meeting(), SUITE, None, NOW), Err(Violation::PolicyForeign));
        assert_eq!(policy.check(meeting(), 0x0001, None, NOW), Err(Violation::PolicyForeign));
        assert_eq!(policy.check(meeting(), SUITE, None, NOW), Ok(()));
    }

    /// ADM-05
    #[test]
    fn a_policy_is_signed_by_who_it_says() {
        let forged = forge(policy(), &helper());
        assert_eq!(forged.check(meeting(), SUITE, None, NOW), Err(Violation::PolicySignature));
    }

    /// ADM-06
    #[test]
    fn who_may_not_moderate_signs_no_policy() {
        let doorkeeper = host_cert(&guest(), Capabilities::ADMIT | Capabilities::DELEGATE, &root());
        let mut policy = policy();
        policy.hosts.push(doorkeeper);
        assert_eq!(fault(policy.clone(), &guest()), Some(Violation::PolicySigner));
        assert_eq!(fault(policy.clone(), &stranger()), Some(Violation::PolicySigner));
        assert_eq!(fault(policy, &helper()), None);
    }

    /// ADM-06
    #[test]
    fn nobody_makes_itself_a_moderator_by_the_policy_it_signs() {
        let cert = || host_cert(&guest(), Capabilities::MODERATE, &creator());
        assert_eq!(next(&guest(), |policy| policy.hosts.push(cert())), Some(Violation::PolicySigner));
        assert_eq!(next(&creator(), |policy| policy.hosts.push(cert())), None);
        // Nor does a host sign itself out: the policy must stand by its own list too.
        assert_eq!(next(&creator(), |policy| policy.hosts.clear()), Some(Violation::PolicySigner));
    }

    /// ADM-07
    #[test]
    fn a_host_certificate_is_for_this_meeting_and_signed_by_who_it_says() {
        let cert = host_cert_body(&guest(), Capabilities::ADMIT, &root());
        assert_eq!(fault(with_hosts(by_root(cert.clone())), &root()), None);
        let forged = with_hosts(vec![forge(cert.clone(), &creator())]);
        assert_eq!(fault(forged, &root()), Some(Violation::HostCert));
        let foreign = HostCert { meeting: another_meeting(), ..cert };
        assert_eq!(fault(with_hosts(by_root(foreign)), &root()), Some(Violation::HostCert));
    }

    /// ADM-08
    #[test]
    fn a_host_is_made_by_one_who_may_delegate() {
        let made_by = |issuer: &SigningKey| {
            let mut policy = policy();
            policy.hosts.push(host_cert(&guest(), Capabilities::ADMIT, issuer));
            fault(policy, &root())
        };
        assert_eq!(made_by(&creator()), None);
        assert_eq!(made_by(&helper()), Some(Violation::HostChain));
        assert_eq!(made_by(&stranger()), Some(Violation::HostChain));
        assert_eq!(made_by(&guest()), Some(Violation::HostChain));
    }

    /// ADM-08
    #[test]
    fn a_circle_of_hosts_does_not_lead_to_the_root_key() {
        let (one, two) = (key(30), key(31));
        let circle =
            vec![host_cert(&one, Capabilities::HOST, &two), host_cert(&two, Capabilities::HOST, &one)];
        assert_eq!(fault(with_hosts(circle), &root()), Some(Violation::HostChain));
        let itself = vec![host_cert(&one, Capabilities::HOST, &one)];
        assert_eq!(fault(with_hosts(itself), &root()), Some(Violation::HostChain));
        let line =
            vec![host_cert(&one, Capabilities::HOST, &two), host_cert(&two, Capabilities::HOST, &root())];
        assert_eq!(fault(with_hosts(line), &root()), None);
    }

    /// ADM-08
    #[test]
    fn a_chain_has_eight_certificates_at_most() {
        let chain = |length: u8| {
            let issuer = |number: u8| if number == 0 { root() } else { key(29 + number) };
            let cert = |number| host_cert(&key(30 + number), Capabilities::HOST, &issuer(number));
            fault(with_hosts((0..length).map(cert).collect()), &root())
        };
        assert_eq!(chain(8), None);
        assert_eq!(chain(9), Some(Violation::HostChain));
    }

    /// ADM-09
    #[test]
    fn a_host_gives_no_more_than_it_has() {
        let (half, whole) = (Capabilities::DELEGATE | Capabilities::ADMIT, Capabilities::HOST);
        let made = |given| {
            let hosts = vec![host_cert(&guest(), half, &root()), host_cert(&key(30), given, &guest())];
            fault(with_hosts(hosts), &root())
        };
        assert_eq!(made(half), None);
        assert_eq!(made(Capabilities::ADMIT), None);
        assert_eq!(made(whole), Some(Violation::HostEscalation));
        assert_eq!(made(Capabilities::MODERATE), Some(Violation::HostEscalation));
    }

    /// ADM-09
    #[test]
    fn even_the_root_key_certifies_rights_of_hosts_only() {
        let made = |given| fault(with_hosts(vec![host_cert(&guest(), given, &root())]), &root());
        assert_eq!(made(Capabilities::HOST), None);
        assert_eq!(made(Capabilities::HOST | Capabilities::CAMERA), Some(Violation::HostEscalation));
    }

    /// ADM-10
    #[test]
    fn a_host_is_listed_once() {
        let mut policy = policy();
        policy.hosts.push(host_cert(&helper(), Capabilities::ADMIT, &root()));
        assert_eq!(fault(policy, &root()), Some(Violation::HostTwice));
    }

    /// ADM-11
    #[test]
    fn only_what_is_newly_listed_must_be_in_force() {
        let at = |before: Option<&SignedPolicy>, now_ms| {
            let policy = policy().successor(device_key(&creator())).sign(&creator()).unwrap();
            policy.check(meeting(), SUITE, before, now_ms).err()
        };
        assert_eq!(at(None, END), None);
        assert_eq!(at(None, END + 1), Some(Violation::HostExpired));
        assert_eq!(at(Some(&signed_policy()), END + 1), None);
        // Nor is an expired certificate listed again after it was dropped.
        let without = Policy { hosts: policy().hosts[..1].to_vec(), ..policy() };
        let without = without.sign(&creator()).unwrap();
        assert_eq!(at(Some(&without), END), None);
        assert_eq!(at(Some(&without), END + 1), Some(Violation::HostExpired));
    }

    /// ADM-12
    #[test]
    fn a_policy_that_says_something_else_is_newer() {
        let at =
            |version| next(&creator(), |policy| (policy.version, policy.locked_at_ms) = (version, Some(1)));
        assert_eq!(at(6), Some(Violation::PolicyRollback));
        assert_eq!(at(7), Some(Violation::PolicyRollback));
        assert_eq!(at(8), None);
        assert_eq!(at(u64::MAX), None);
        // The same one again is no other one.
        assert_eq!(next(&creator(), |policy| policy.version = 7), None);
    }

    /// ADM-13
    #[test]
    fn a_policy_does_not_follow_that_of_another_meeting() {
        let foreign = Policy {
            meeting: another_meeting(),
            root: device_key(&stranger()),
            hosts: Vec::new(),
            signer: device_key(&stranger()),
            version: 1,
            ..policy()
        };
        let check = |before: Policy| {
            signed_policy().check(meeting(), SUITE, Some(&forge(before, &stranger())), NOW).err()
        };
        assert_eq!(check(foreign), Some(Violation::PolicyMoved));
        for moved in [
            Policy { meeting: another_meeting(), version: 1, ..policy() },
            Policy { suite: Suite::Classical, version: 1, ..policy() },
            Policy { root: device_key(&creator()), version: 1, ..policy() },
        ] {
            assert_eq!(check(moved), Some(Violation::PolicyMoved));
        }
        assert_eq!(check(Policy { version: 1, ..policy() }), None);
    }

    /// ADM-14
    #[test]
    fn what_is_revoked_stays_revoked() {
        let id = |seq| GrantId { issuer: device_key(&helper()), seq };
        let before = Policy { revoked: vec![id(1), id(3)], ..policy() }.sign(&creator()).unwrap();
        let check = |revoked| {
            let policy = Policy { revoked, ..policy().successor(device_key(&creator())) };
            policy.sign(&creator()).unwrap().check(meeting(), SUITE, Some(&before), NOW).err()
        };
        assert_eq!(check(vec![id(1), id(3)]), None);
        assert_eq!(check(vec![id(1), id(2), id(3)]), None);
        assert_eq!(check(vec![id(1), id(2)]), Some(Violation::RevocationDropped));
        assert_eq!(check(Vec::new()), Some(Violation::RevocationDropped));
    }

    /// ADM-15
    #[test]
    fn who_may_not_delegate_leaves_the_hosts_as_they_are() {
        let lock = |policy: &mut Policy| policy.locked_at_ms = Some(NOW);
        assert_eq!(next(&helper(), lock), None);
        let dismiss =
            |policy: &mut Policy| policy.hosts.retain(|host| host.subject != device_key(&creator()));
        assert_eq!(next(&root(), |policy| policy.hosts.truncate(1)), None);
        assert_eq!(next(&creator(), |policy| policy.hosts.truncate(1)), None);
        // Without the creator the helper's own certificate would lead nowhere, so it brings another one.
        let own =
            |policy: &mut Policy| policy.hosts = vec![host_cert(&helper(), Capabilities::MODERATE, &root())];
        assert_eq!(next(&helper(), own), Some(Violation::HostsChanged));
        assert_eq!(next(&helper(), dismiss), Some(Violation::HostChain));
        // Nor does it bring back a host by an old certificate.
        let old = |policy: &mut Policy| policy.hosts.push(host_cert(&guest(), Capabilities::HOST, &root()));
        assert_eq!(next(&helper(), old), Some(Violation::HostsChanged));
        assert_eq!(next(&creator(), old), None);
        assert_eq!(next(&root(), old), None);
    }

    /// ADM-16
    #[test]
    fn who_may_not_delegate_does_not_revoke_what_the_root_key_granted() {
        let revoke = |issuer: SigningKey| {
            move |policy: &mut Policy| policy.revoke(GrantId { issuer: device_key(&issuer), seq: 2 }).unwrap()
        };
        assert_eq!(next(&helper(), revoke(root())), Some(Violation::RootGrantRevoked));
        assert_eq!(next(&helper(), revoke(creator())), None);
        assert_eq!(next(&creator(), revoke(root())), None);
        assert_eq!(next(&root(), revoke(root())), None);
        // What a host who may has revoked is no obstacle to those who may not.
        let id = GrantId { issuer: device_key(&root()), seq: 2 };
        let before = Policy { revoked: vec![id], ..policy() }.sign(&creator()).unwrap();
        let after = Policy { revoked: vec![id], ..policy().successor(device_key(&helper())) };
        assert_eq!(after.sign(&helper()).unwrap().check(meeting(), SUITE, Some(&before), NOW), Ok(()));
    }

    /// ADM-02
    #[test]
    fn lists_are_bounded() {
        let bound = |list| Err(Unsignable::Form(Malformed::Bound(list)));
        let cert = host_cert(&helper(), Capabilities::ADMIT, &creator());
        let hosts = |count| with_hosts(vec![cert.clone(); count]).sign(&creator());
        assert!(hosts(HOSTS_MAX).is_ok());
        assert_eq!(hosts(HOSTS_MAX + 1), bound("hosts"));

        let id = |seq| GrantId { issuer: device_key(&helper()), seq };
        let mut policy = Policy { revoked: (1..REVOKED_MAX as u64).map(id).collect(), ..policy() };
        assert_eq!(policy.revoke(id(0)), Ok(()));
        assert_eq!(policy.revoke(id(5)), Ok(()));
        assert_eq!(policy.revoked.len(), REVOKED_MAX);
        assert_eq!(policy.revoke(id(9999)), Err(RevocationsFull));
        assert!(policy.clone().sign(&creator()).is_ok());
        assert!(policy.is_revoked(&id(0)) && !policy.is_revoked(&id(9999)));
        policy.revoked.push(id(9999));
        assert_eq!(policy.sign(&creator()), bound("revoked"));
    }

    #[test]
    fn rights_by_the_policy_are_those_of_the_certificates() {
        let policy = policy();
        assert_eq!(policy.authority(&device_key(&root())), Capabilities::HOST);
        assert_eq!(policy.authority(&device_key(&creator())), Capabilities::HOST);
        assert_eq!(policy.authority(&device_key(&helper())), Capabilities::ADMIT | Capabilities::MODERATE);
        assert_eq!(policy.authority(&device_key(&guest())), Capabilities::NONE);
    }

    #[test]
    fn a_successor_differs_by_version_and_signer() {
        let next = policy().successor(device_key(&helper()));
        assert_eq!((next.version, next.signer), (8, device_key(&helper())));
        assert_eq!(Policy { version: 7, signer: device_key(&creator()), ..next }, policy());
    }
}
