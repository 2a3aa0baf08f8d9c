//! The policy: who is host, what is revoked, whether the meeting is locked. It is an extension of the group's
//! context, so that every member and every joiner has the same one, and it is signed by a host.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use sabha_protocol::{DeviceKey, MeetingId};

use crate::{
    Capabilities, GrantId, Signed, SignedHostCert, Statement, Suite, Violation,
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
    /// be within it, so who locks takes the latest of its own clock and those dates.
    pub locked_at_ms: Option<u64>,
    /// Void grants and invites, at most [`REVOKED_MAX`], sorted, each once. [`Self::revoke`] keeps the order.
    pub revoked: Vec<GrantId>,
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
        before.map_or(Ok(()), |before| self.check_successor(before))
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
        if self.meeting != before.meeting || self.suite != before.suite || self.root != before.root {
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
        let signer = DeviceKey::from_bytes(reader.array()?);
        Ok(Self { meeting, suite, root, version, hosts, locked_at_ms, revoked, signer })
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
        out.extend(self.signer.as_bytes());
    }
}
