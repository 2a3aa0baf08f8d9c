//! What must hold of a group at every moment: each leaf of its tree has a host's signature over its own key.
//!
//! The rules are static, so that a device that joins late checks the same as those who were there, and a commit is
//! judged by the tree that it leads to.

use std::collections::{BTreeMap, BTreeSet};

use sabha_protocol::{DeviceKey, MeetingId};

use crate::{
    Capabilities, GRANT_CREDENTIAL_TYPE, Grant, GrantId, Method, Policy, SignedGrant, SignedInviteCert,
    SignedPolicy, Statement as _, Violation, signature,
};

/// How far the clocks of a host and of who checks its grant may be apart, in milliseconds.
pub const CLOCK_SKEW_MS: u64 = 120_000;

/// A group as MLS shows it.
#[derive(Clone, Debug)]
pub struct TreeView<'a> {
    /// The meeting that the group must be of: by the link, not by the group.
    pub meeting: MeetingId,
    /// The group's cipher suite.
    pub suite: u16,
    /// Content of the policy extension in the group's context.
    pub policy: Option<&'a [u8]>,
    /// The leaves that are not blank.
    pub leaves: Vec<LeafView<'a>>,
}

/// A leaf as MLS shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafView<'a> {
    /// Its index in the tree. Of no meaning in a leaf that is not in the tree yet.
    pub index: u32,
    /// Its signature key.
    pub signature_key: &'a [u8],
    /// Type of its credential.
    pub credential_type: u16,
    /// Content of its credential.
    pub credential: &'a [u8],
}

/// A group whose tree keeps the rules.
#[derive(Clone, Debug)]
pub struct Roster {
    /// Its policy.
    pub policy: SignedPolicy,
    /// Its members, in the order of the leaves.
    pub members: Vec<Member>,
}

/// A leaf that keeps the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Index of the leaf.
    pub index: u32,
    /// The device.
    pub device: DeviceKey,
    /// What let it in.
    pub grant: SignedGrant,
    /// The name by which that is revoked.
    pub grant_id: GrantId,
    /// What it may do: by its grant, and by the policy if that lists it as host.
    pub capabilities: Capabilities,
}

impl Member {
    /// Returns whether it has any right over others.
    pub const fn is_host(&self) -> bool {
        self.capabilities.intersects(Capabilities::HOST)
    }

    /// Returns whether it may do this.
    pub const fn may(&self, right: Capabilities) -> bool {
        self.capabilities.contains(right)
    }

    /// Returns what must be revoked to keep it out: its grant, or the invite by which it could make another one.
    pub fn ban_id(&self) -> GrantId {
        self.grant.invite.as_ref().map_or(self.grant_id, |invite| invite.id())
    }
}

impl Roster {
    /// Returns the member at a leaf.
    pub fn member(&self, index: u32) -> Option<&Member> {
        self.members.iter().find(|member| member.index == index)
    }

    /// Returns the member with a device key.
    pub fn member_of(&self, device: &DeviceKey) -> Option<&Member> {
        self.members.iter().find(|member| member.device == *device)
    }

    /// Returns the hosts who are members, in the order of the leaves.
    pub fn hosts(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_host())
    }

    /// Returns whether a device is a member and a host.
    pub fn is_host(&self, device: &DeviceKey) -> bool {
        self.member_of(device).is_some_and(Member::is_host)
    }

    /// Returns whether nobody is left who could let somebody in: the group may only shrink.
    pub fn is_sealed(&self) -> bool {
        !self.members.iter().any(|member| member.may(Capabilities::ADMIT))
    }

    /// Returns the leaves of a tree that are not in this group with the same grant: whose grant must be in force
    /// now. Give them to [`check_tree`] with the tree that a commit leads to.
    pub fn newcomers(&self, tree: &TreeView<'_>) -> Vec<u32> {
        let known = |leaf: &LeafView<'_>| {
            self.members.iter().any(|member| {
                member.device.as_bytes() == leaf.signature_key && member.grant.to_bytes() == leaf.credential
            })
        };
        tree.leaves.iter().filter(|leaf| !known(leaf)).map(|leaf| leaf.index).collect()
    }

    /// Decides whether a grant lets its subject into this group now. For who shows a grant before it has a leaf.
    ///
    /// # Errors
    /// The first [`Violation`] found.
    pub fn check_grant(&self, bytes: &[u8], now_ms: u64) -> Result<SignedGrant, Violation> {
        let grant = check_grant(&self.policy, bytes)?;
        if self.member_of(&grant.subject).is_none_or(|member| member.grant != grant) {
            check_dates(&grant, now_ms)?;
        }
        self.check_invited(&grant)?;
        Ok(grant)
    }

    /// Refuses who comes with an invite after the lock: an invite's grants are dated by its holder.
    pub(crate) fn check_invited(&self, grant: &Grant) -> Result<(), Violation> {
        // ADM-46
        let new = self.member_of(&grant.subject).is_none();
        if new && grant.method == Method::Invite && self.policy.locked_at_ms.is_some() {
            return Err(Violation::InviteWhileLocked);
        }
        Ok(())
    }
}

/// Decides whether a tree may be a group's, and returns who is in it. `before` is the policy that was in force, if
/// any was known; `added` are the indices of the leaves that come in now, as [`Roster::newcomers`] tells.
///
/// # Errors
/// The first [`Violation`] found, ADM-01 to ADM-31.
pub fn check_tree(
    tree: &TreeView<'_>,
    before: Option<&SignedPolicy>,
    added: &[u32],
    now_ms: u64,
) -> Result<Roster, Violation> {
    let policy = check_policy(tree.policy, tree.meeting, tree.suite, before, now_ms)?;
    let mut members = Vec::with_capacity(tree.leaves.len());
    let mut subjects = BTreeSet::new();
    for leaf in &tree.leaves {
        let member = check_leaf(&policy, leaf)?;
        if added.contains(&leaf.index) {
            check_dates(&member.grant, now_ms)?;
        }
        // ADM-28
        if !subjects.insert(member.device) {
            return Err(Violation::SubjectTwice);
        }
        members.push(member);
    }
    check_invites(&members)?;
    Ok(Roster { policy, members })
}

/// Reads and judges the content of a policy extension.
pub(crate) fn check_policy(
    bytes: Option<&[u8]>,
    meeting: MeetingId,
    suite: u16,
    before: Option<&SignedPolicy>,
    now_ms: u64,
) -> Result<SignedPolicy, Violation> {
    // ADM-01
    let bytes = bytes.ok_or(Violation::PolicyMissing)?;
    // ADM-02
    let policy = SignedPolicy::from_bytes(bytes).map_err(Violation::PolicyMalformed)?;
    policy.check(meeting, suite, before, now_ms)?;
    Ok(policy)
}

/// Decides whether a leaf may stand in a tree under this policy.
pub(crate) fn check_leaf(policy: &Policy, leaf: &LeafView<'_>) -> Result<Member, Violation> {
    // ADM-17
    if leaf.credential_type != GRANT_CREDENTIAL_TYPE {
        return Err(Violation::CredentialType);
    }
    let grant = check_grant(policy, leaf.credential)?;
    // ADM-19
    if grant.subject.as_bytes() != leaf.signature_key {
        return Err(Violation::Subject);
    }
    Ok(Member {
        index: leaf.index,
        device: grant.subject,
        grant_id: grant.id(),
        capabilities: effective(policy, &grant),
        grant,
    })
}

/// Decides whether a grant is one under this policy, whatever the time.
fn check_grant(policy: &Policy, bytes: &[u8]) -> Result<SignedGrant, Violation> {
    // ADM-18
    let grant = SignedGrant::from_bytes(bytes).map_err(Violation::GrantMalformed)?;
    // ADM-20
    if grant.meeting != policy.meeting || grant.suite != policy.suite {
        return Err(Violation::GrantForeign);
    }
    // ADM-31
    if !signature::is_sound(&grant.subject) {
        return Err(Violation::WeakKey);
    }
    // ADM-21
    grant.verify().map_err(|_| Violation::GrantSignature)?;
    check_issuer(policy, &grant)?;
    // ADM-27
    let revoked = |id: GrantId| policy.is_revoked(&id);
    if revoked(grant.id()) || grant.invite.as_ref().is_some_and(|invite| revoked(invite.id())) {
        return Err(Violation::Revoked);
    }
    // ADM-29
    if policy.locked_at_ms.is_some_and(|locked_at_ms| grant.not_before_ms > locked_at_ms) {
        return Err(Violation::AfterLock);
    }
    Ok(grant)
}

/// Decides whether the issuer may grant this.
fn check_issuer(policy: &Policy, grant: &Grant) -> Result<(), Violation> {
    let by_root = grant.issuer == policy.root;
    // ADM-23
    if by_root != (grant.method == Method::Creator)
        || grant.invite.is_some() != (grant.method == Method::Invite)
    {
        return Err(Violation::GrantMethod);
    }
    if by_root {
        // ADM-23
        let all = Capabilities::HOST | Capabilities::PARTICIPANT;
        return if grant.capabilities == all { Ok(()) } else { Err(Violation::GrantMethod) };
    }
    // ADM-24: hosts are made by certificates only.
    if !grant.capabilities.is_subset_of(Capabilities::PARTICIPANT) {
        return Err(Violation::GrantEscalation);
    }
    if let Some(invite) = &grant.invite {
        return check_invite(policy, grant, invite);
    }
    // ADM-22
    if !policy.authority(&grant.issuer).contains(Capabilities::ADMIT) {
        return Err(Violation::GrantIssuer);
    }
    Ok(())
}

fn check_invite(policy: &Policy, grant: &Grant, invite: &SignedInviteCert) -> Result<(), Violation> {
    // ADM-25
    let sound = invite.meeting == policy.meeting
        && invite.invite == grant.issuer
        && policy.authority(&invite.signer()).contains(Capabilities::ADMIT)
        && invite.verify().is_ok();
    if !sound {
        return Err(Violation::Invite);
    }
    // ADM-24
    if !grant.capabilities.is_subset_of(invite.capabilities) {
        return Err(Violation::GrantEscalation);
    }
    Ok(())
}

/// Decides whether a grant, and the invite it was made by, let somebody in at this time.
pub(crate) fn check_dates(grant: &Grant, now_ms: u64) -> Result<(), Violation> {
    // ADM-30
    let within = |not_before_ms: u64, not_after_ms: u64| {
        now_ms.saturating_add(CLOCK_SKEW_MS) >= not_before_ms && now_ms <= not_after_ms
    };
    let granted = within(grant.not_before_ms, grant.not_after_ms);
    let invited =
        grant.invite.as_ref().is_none_or(|invite| within(invite.not_before_ms, invite.not_after_ms));
    if granted && invited { Ok(()) } else { Err(Violation::Expired) }
}

/// Counts who came by the same invite.
fn check_invites(members: &[Member]) -> Result<(), Violation> {
    let invites = || members.iter().filter_map(|member| member.grant.invite.as_ref());
    let mut devices: BTreeMap<DeviceKey, usize> = BTreeMap::new();
    for invite in invites() {
        *devices.entry(invite.invite).or_default() += 1;
    }
    // ADM-26: an invite that was certified twice is as narrow as each of its certificates in use.
    if invites().any(|invite| devices.get(&invite.invite).copied() > Some(usize::from(invite.devices_max))) {
        return Err(Violation::InviteOverused);
    }
    Ok(())
}

/// Returns what the subject of a grant may do: the policy adds to the grant what it says of its hosts.
fn effective(policy: &Policy, grant: &Grant) -> Capabilities {
    let host = policy.host(&grant.subject).map_or(Capabilities::NONE, |host| host.capabilities);
    grant.capabilities | host
}
