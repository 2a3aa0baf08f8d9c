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

    /// Returns what must be revoked to keep it out: its grant, or the invite by which it could make or get another one.
    pub fn ban_id(&self) -> GrantId {
        self.grant.invite.as_ref().map_or(self.grant_id, |invite| invite.id())
    }

    /// Returns whether a policy voids what let it in: its grant, or the invite behind it.
    pub fn is_void(&self, policy: &Policy) -> bool {
        policy.is_revoked(&self.grant_id) || policy.is_revoked(&self.ban_id())
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

    /// Returns when a lock that is made now takes effect: not before the grants of those who are in, by whatever
    /// clock they were dated.
    pub fn lock_at_ms(&self, now_ms: u64) -> u64 {
        self.members.iter().map(|member| member.grant.not_before_ms).fold(now_ms, u64::max)
    }

    /// Decides whether a grant lets its subject into this group now. For who shows a grant before it has a leaf.
    ///
    /// # Errors
    /// The first [`Violation`] found.
    pub fn check_grant(&self, bytes: &[u8], now_ms: u64) -> Result<SignedGrant, Violation> {
        let grant = check_grant(&self.policy, bytes)?;
        if self.member_of(&grant.subject).is_none_or(|member| member.grant != grant) {
            check_dates(&grant, now_ms)?;
            check_entry(&self.policy, &grant)?;
        }
        self.check_invited(&grant)?;
        if let Some(invite) = &grant.invite {
            self.check_devices(invite, &grant.subject, 0)?;
        }
        Ok(grant)
    }

    /// Decides whether an invite that somebody shows would let one more device in now, while `coming` others are on their
    /// way in by it. That it was shown by who holds it is for [`check_invite_proof`](crate::check_invite_proof) to say.
    ///
    /// # Errors
    /// The first [`Violation`] found.
    pub fn check_shown(
        &self,
        invite: &SignedInviteCert,
        subject: &DeviceKey,
        coming: usize,
        now_ms: u64,
    ) -> Result<(), Violation> {
        check_certified(&self.policy, invite)?;
        // ADM-27
        if self.policy.is_revoked(&invite.id()) {
            return Err(Violation::Revoked);
        }
        // ADM-30
        if !is_in_force(invite, now_ms) {
            return Err(Violation::Expired);
        }
        self.check_devices(invite, subject, coming)
    }

    /// Refuses who comes with an invite that is in use already on as many devices as it allows.
    fn check_devices(
        &self,
        invite: &SignedInviteCert,
        subject: &DeviceKey,
        coming: usize,
    ) -> Result<(), Violation> {
        let by_it = |member: &&Member| {
            member.device != *subject
                && member.grant.invite.as_ref().is_some_and(|other| other.invite == invite.invite)
        };
        let in_use = self.members.iter().filter(by_it).count().saturating_add(coming);
        // ADM-26
        if in_use >= usize::from(invite.devices_max) {
            return Err(Violation::InviteOverused);
        }
        Ok(())
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

impl SignedPolicy {
    /// Decides whether a grant, with its signature, is one under this policy, whatever the time: for who looks back at a
    /// meeting. The policy itself is judged by [`SignedPolicy::check`].
    ///
    /// # Errors
    /// The first [`Violation`] found, ADM-18 to ADM-29.
    pub fn check_grant(&self, bytes: &[u8]) -> Result<SignedGrant, Violation> {
        check_grant(self, bytes)
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
            check_entry(&policy, &member.grant)?;
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
    // ADM-58
    if policy.conduct.banned.contains(&grant.subject) {
        return Err(Violation::Banned);
    }
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
    if by_root != (grant.method == Method::Creator) || grant.invite.is_some() != grant.method.is_by_invite() {
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
        check_invite(policy, grant, invite)?;
    }
    // ADM-22: what the key of an invite signs, the invite has certified.
    let certified = grant.method == Method::Invite;
    if !certified && !policy.authority(&grant.issuer).contains(Capabilities::ADMIT) {
        return Err(Violation::GrantIssuer);
    }
    Ok(())
}

fn check_invite(policy: &Policy, grant: &Grant, invite: &SignedInviteCert) -> Result<(), Violation> {
    // ADM-25: who lets itself in has signed with the invite's key; who was let in for it has shown that to a host (ADM-61).
    if grant.method == Method::Invite && invite.invite != grant.issuer {
        return Err(Violation::Invite);
    }
    check_certified(policy, invite)?;
    // ADM-24
    if !grant.capabilities.is_subset_of(invite.capabilities) {
        return Err(Violation::GrantEscalation);
    }
    Ok(())
}

/// Decides whether an invite is one under this policy, whatever the time.
fn check_certified(policy: &Policy, invite: &SignedInviteCert) -> Result<(), Violation> {
    // ADM-25
    let sound = invite.meeting == policy.meeting
        && policy.authority(&invite.signer()).contains(Capabilities::ADMIT)
        && invite.verify().is_ok();
    if sound { Ok(()) } else { Err(Violation::Invite) }
}

/// Decides whether a grant, and the invite it was made by, let somebody in at this time.
pub(crate) fn check_dates(grant: &Grant, now_ms: u64) -> Result<(), Violation> {
    // ADM-30
    let granted = is_within(grant.not_before_ms, grant.not_after_ms, now_ms);
    let invited = grant.invite.as_ref().is_none_or(|invite| is_in_force(invite, now_ms));
    if granted && invited { Ok(()) } else { Err(Violation::Expired) }
}

fn is_in_force(invite: &SignedInviteCert, now_ms: u64) -> bool {
    is_within(invite.not_before_ms, invite.not_after_ms, now_ms)
}

const fn is_within(not_before_ms: u64, not_after_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_add(CLOCK_SKEW_MS) >= not_before_ms && now_ms <= not_after_ms
}

/// Decides whether the controls let somebody in who comes by this grant.
pub(crate) fn check_entry(policy: &Policy, grant: &Grant) -> Result<(), Violation> {
    // ADM-56
    if policy.entry(grant).is_allowed() { Ok(()) } else { Err(Violation::Entry) }
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

/// Returns what the subject of a grant may do: the policy adds to the grant what it says of its hosts, and takes away
/// what its controls do not leave.
fn effective(policy: &Policy, grant: &Grant) -> Capabilities {
    let host = policy.host(&grant.subject).map_or(Capabilities::NONE, |host| host.capabilities);
    let granted = grant.capabilities | host;
    // ADM-60
    if granted.intersects(Capabilities::HOST) {
        policy.conduct.narrow_host(granted)
    } else {
        policy.conduct.narrow(&grant.subject, granted)
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        HostCert, InviteCert, Malformed, Suite, device_key,
        testing::{
            CREATOR, END, GUEST, Group, HELPER, INVITEE, Leaf, NOW, another_meeting, creator, creator_grant,
            forge, grant, group, guest, helper, host_cert, invite, invite_cert, invite_cert_body,
            invited_grant, invitee, key, meeting, policy, root, shown_grant, signed_policy, stranger,
        },
    };
    /// The group with one more member, who shows this grant.
    fn with(grant: Grant, issuer: &SigningKey) -> Group {
        let mut group = group().with_grant(9, &forge(grant, issuer));
        group.added.push(9);
        group
    }

    fn with_policy(change: impl FnOnce(&mut Policy)) -> Group {
        let mut policy = policy();
        change(&mut policy);
        group().with_policy(&policy.sign(&creator()).unwrap())
    }

    fn newcomer() -> Grant {
        grant(&key(40), &helper())
    }

    #[test]
    fn a_group_in_which_everybody_has_a_grant_is_sound() {
        let roster = group().check().unwrap();
        let devices: Vec<DeviceKey> = roster.members.iter().map(|member| member.device).collect();
        assert_eq!(devices, [creator(), helper(), guest(), invitee()].map(|key| device_key(&key)));
        assert_eq!(roster.members.iter().map(|member| member.index).collect::<Vec<_>>(), [0, 1, 3, 4]);
        assert_eq!(roster.policy, signed_policy());
        assert_eq!(with(newcomer(), &helper()).fault(), None);
    }

    /// ADM-01
    #[test]
    fn a_group_without_policy_is_none() {
        assert_eq!(Group { policy: None, ..group() }.fault(), Some(Violation::PolicyMissing));
    }

    /// ADM-02
    #[test]
    fn a_policy_is_read_to_the_last_byte() {
        let mut group = group();
        group.policy.as_mut().unwrap().push(0);
        assert_eq!(group.fault(), Some(Violation::PolicyMalformed(Malformed::Trailing)));
        group.policy = Some(Vec::new());
        assert_eq!(group.fault(), Some(Violation::PolicyMalformed(Malformed::Truncated)));
    }

    /// ADM-03, ADM-04, ADM-12
    #[test]
    fn a_groups_policy_is_judged_by_the_link_and_by_the_one_before() {
        assert_eq!(Group { suite: 1, ..group() }.fault(), Some(Violation::PolicyForeign));
        assert_eq!(Group { meeting: another_meeting(), ..group() }.fault(), Some(Violation::PolicyForeign));
        let newer = Policy { version: 8, ..policy() }.sign(&creator()).unwrap();
        assert_eq!(Group { before: Some(newer), ..group() }.fault(), Some(Violation::PolicyRollback));
        assert_eq!(Group { before: Some(signed_policy()), ..group() }.fault(), None);
    }

    /// ADM-17
    #[test]
    fn a_credential_of_another_type_is_no_grant() {
        let mut group = group();
        group.leaves[2].credential_type = 1;
        assert_eq!(group.fault(), Some(Violation::CredentialType));
    }

    /// ADM-18
    #[test]
    fn a_grant_is_read_to_the_last_byte() {
        let mut group = group();
        group.leaves[2].credential.push(0);
        assert_eq!(group.fault(), Some(Violation::GrantMalformed(Malformed::Trailing)));
        group.leaves[2].credential = Vec::new();
        assert_eq!(group.fault(), Some(Violation::GrantMalformed(Malformed::Truncated)));
    }

    /// ADM-19
    #[test]
    fn a_grant_is_for_the_key_of_its_leaf() {
        let mut leaf = Leaf::new(9, &newcomer().sign(&helper()).unwrap());
        assert_eq!(group().with_leaf(leaf.clone()).fault(), None);
        leaf.key = device_key(&stranger());
        assert_eq!(group().with_leaf(leaf.clone()).fault(), Some(Violation::Subject));
        let mut shown = group();
        let short = &leaf.key.as_bytes()[..31];
        let view = LeafView { signature_key: short, ..leaf.view() };
        shown.leaves.clear();
        let tree = TreeView { leaves: vec![view], ..shown.view() };
        assert_eq!(check_tree(&tree, None, &[], NOW).err(), Some(Violation::Subject));
    }

    /// ADM-20
    #[test]
    fn a_grant_is_for_this_meeting_and_suite() {
        let foreign = Grant { meeting: another_meeting(), ..newcomer() };
        assert_eq!(with(foreign, &helper()).fault(), Some(Violation::GrantForeign));
        let classical = Grant { suite: Suite::Classical, ..newcomer() };
        assert_eq!(with(classical, &helper()).fault(), Some(Violation::GrantForeign));
    }

    /// ADM-21
    #[test]
    fn a_grant_is_signed_by_who_it_says() {
        assert_eq!(with(newcomer(), &stranger()).fault(), Some(Violation::GrantSignature));
        assert_eq!(with(newcomer(), &creator()).fault(), Some(Violation::GrantSignature));
    }

    /// ADM-22
    #[test]
    fn only_who_may_admit_grants() {
        let by = |issuer: &SigningKey| with(grant(&key(40), issuer), issuer).fault();
        assert_eq!(by(&helper()), None);
        assert_eq!(by(&creator()), None);
        assert_eq!(by(&guest()), Some(Violation::GrantIssuer));
        assert_eq!(by(&stranger()), Some(Violation::GrantIssuer));
        assert_eq!(by(&invite()), Some(Violation::GrantIssuer));
        let itself = with(grant(&key(40), &key(40)), &key(40));
        assert_eq!(itself.fault(), Some(Violation::GrantIssuer));
        // A host who may not.
        let mut policy = policy();
        policy.hosts.push(host_cert(&key(41), Capabilities::MODERATE | Capabilities::DELEGATE, &root()));
        let group = with(grant(&key(40), &key(41)), &key(41)).with_policy(&policy.sign(&creator()).unwrap());
        assert_eq!(group.fault(), Some(Violation::GrantIssuer));
    }

    /// ADM-22
    #[test]
    fn what_a_dismissed_host_has_granted_is_void() {
        let dismissed = with_policy(|policy| policy.hosts.truncate(1));
        assert_eq!(dismissed.fault(), Some(Violation::GrantIssuer));
        assert_eq!(dismissed.without(&[GUEST]).fault(), None);
    }

    /// ADM-23
    #[test]
    fn the_root_key_grants_everything_and_only_as_creator() {
        let by_root = |change: fn(&mut Grant)| {
            let mut grant = Grant { subject: device_key(&key(40)), ..creator_grant() };
            change(&mut grant);
            with(grant, &root()).fault()
        };
        let wrong = Some(Violation::GrantMethod);
        assert_eq!(by_root(|_| {}), None);
        assert_eq!(by_root(|grant| grant.method = Method::Manual), wrong);
        assert_eq!(by_root(|grant| grant.capabilities = Capabilities::PARTICIPANT), wrong);
        assert_eq!(by_root(|grant| grant.capabilities = Capabilities::HOST), wrong);
        assert_eq!(by_root(|grant| grant.invite = Some(invite_cert())), wrong);
    }

    /// ADM-23
    #[test]
    fn no_host_names_somebody_a_creator() {
        for method in [Method::Manual, Method::Passcode, Method::Rule] {
            assert_eq!(with(Grant { method, ..newcomer() }, &helper()).fault(), None);
        }
        let creator = Grant { method: Method::Creator, ..newcomer() };
        assert_eq!(with(creator, &helper()).fault(), Some(Violation::GrantMethod));
    }

    /// ADM-23
    #[test]
    fn an_invite_is_shown_by_who_comes_by_it_and_nobody_else() {
        let without = Grant { method: Method::Invite, ..newcomer() };
        assert_eq!(with(without, &helper()).fault(), Some(Violation::GrantMethod));
        let besides = Grant { invite: Some(invite_cert()), ..newcomer() };
        assert_eq!(with(besides, &helper()).fault(), Some(Violation::GrantMethod));
        let nothing_shown = Grant { method: Method::InviteManual, ..newcomer() };
        assert_eq!(with(nothing_shown, &helper()).fault(), Some(Violation::GrantMethod));
    }

    /// The invitee let in by the helper, who says that it has shown this invite.
    fn shown(change: impl FnOnce(&mut InviteCert), issuer: &SigningKey) -> Group {
        let mut cert = InviteCert { issuer: device_key(issuer), ..invite_cert_body() };
        change(&mut cert);
        let grant = Grant { not_after_ms: u64::MAX, ..shown_grant(&invitee(), forge(cert, issuer)) };
        Group { added: vec![INVITEE], ..group().with_grant(INVITEE, &forge(grant, &helper())) }
    }

    /// ADM-22, ADM-25
    #[test]
    fn a_host_lets_in_by_hand_who_shows_an_invite_and_nobody_else_does_so() {
        assert_eq!(shown(|_| {}, &creator()).fault(), None);
        let by = |issuer: &SigningKey| {
            let grant = Grant { issuer: device_key(issuer), ..shown_grant(&invitee(), invite_cert()) };
            group().with_grant(INVITEE, &forge(grant, issuer)).fault()
        };
        assert_eq!(by(&creator()), None);
        assert_eq!(by(&guest()), Some(Violation::GrantIssuer));
        // What its holder signs itself says so.
        assert_eq!(by(&invite()), Some(Violation::GrantIssuer));
        let itself = Grant { method: Method::Invite, ..shown_grant(&invitee(), invite_cert()) };
        assert_eq!(group().with_grant(INVITEE, &forge(itself, &helper())).fault(), Some(Violation::Invite));
    }

    /// ADM-27
    #[test]
    fn a_withdrawn_invite_voids_what_a_host_has_granted_for_it() {
        let group = shown(|_| {}, &creator());
        let member = group.check().unwrap().member(INVITEE).unwrap().clone();
        assert_eq!(member.ban_id(), invite_cert().id());
        for id in [invite_cert().id(), member.grant_id] {
            let mut policy = policy();
            policy.revoke(id).unwrap();
            let revoked = group.clone().with_policy(&policy.sign(&creator()).unwrap());
            assert_eq!(revoked.fault(), Some(Violation::Revoked));
        }
    }

    /// ADM-26
    #[test]
    fn who_let_itself_in_by_an_invite_and_who_was_let_in_for_it_are_counted_together() {
        let grant = shown_grant(&key(40), invite_cert());
        assert_eq!(with(grant.clone(), &helper()).fault(), Some(Violation::InviteOverused));
        assert_eq!(with(grant, &helper()).without(&[INVITEE]).fault(), None);
    }

    /// ADM-25, ADM-26, ADM-27, ADM-30
    #[test]
    fn a_host_asks_of_an_invite_that_is_shown_what_every_member_will_ask() {
        let alone = group().without(&[INVITEE]);
        let roster = alone.check().unwrap();
        let device = device_key(&invitee());
        let shown = |roster: &Roster, cert: &SignedInviteCert, coming, now_ms| {
            roster.check_shown(cert, &device, coming, now_ms).err()
        };
        let cert = invite_cert();
        assert_eq!(shown(&roster, &cert, 0, NOW), None);
        assert_eq!(shown(&roster, &cert, 1, NOW), Some(Violation::InviteOverused));
        assert_eq!(shown(&roster, &cert, 0, END + 1), Some(Violation::Expired));
        let foreign = forge(InviteCert { meeting: another_meeting(), ..invite_cert_body() }, &creator());
        assert_eq!(shown(&roster, &foreign, 0, NOW), Some(Violation::Invite));
        let by_guest = forge(InviteCert { issuer: device_key(&guest()), ..invite_cert_body() }, &guest());
        assert_eq!(shown(&roster, &by_guest, 0, NOW), Some(Violation::Invite));
        let mut policy = policy();
        policy.revoke(cert.id()).unwrap();
        let revoked = alone.with_policy(&policy.sign(&creator()).unwrap()).check().unwrap();
        assert_eq!(shown(&revoked, &cert, 0, NOW), Some(Violation::Revoked));
        // Who is in by it shows it again; nobody else does.
        let full = group().check().unwrap();
        assert_eq!(shown(&full, &cert, 0, NOW), None);
        let other = device_key(&key(40));
        assert_eq!(full.check_shown(&cert, &other, 0, NOW), Err(Violation::InviteOverused));
    }

    proptest! {
        /// ADM-22 to ADM-30
        #[test]
        fn an_invite_that_was_shown_lets_in_only_if_nothing_is_wrong_with_it(
            foreign: bool, by_guest: bool, more: bool, late: bool, revoked: bool, devices_max in 0..2u16,
        ) {
            let issuer = if by_guest { guest() } else { creator() };
            let mut group = shown(
                |cert| {
                    cert.devices_max = devices_max;
                    if foreign {
                        cert.meeting = another_meeting();
                    }
                    if more {
                        cert.capabilities = Capabilities::PARTICIPANT | Capabilities::MODERATE;
                    }
                },
                &issuer,
            );
            let mut policy = policy();
            if revoked {
                let id = GrantId { issuer: device_key(&issuer), seq: invite_cert_body().seq };
                policy.revoke(id).unwrap();
            }
            group = group.with_policy(&policy.sign(&creator()).unwrap());
            group.before = Some(signed_policy());
            if late {
                group.now_ms = END + 1;
            }
            let wrong = foreign || by_guest || more || late || revoked || devices_max == 0;
            prop_assert_eq!(group.fault().is_some(), wrong);
        }
    }

    /// ADM-24
    #[test]
    fn no_grant_of_a_host_makes_a_host() {
        for right in [Capabilities::ADMIT, Capabilities::MODERATE, Capabilities::DELEGATE] {
            let grant = Grant { capabilities: right | Capabilities::CHAT, ..grant(&key(40), &creator()) };
            assert_eq!(with(grant, &creator()).fault(), Some(Violation::GrantEscalation));
        }
    }

    /// ADM-24
    #[test]
    fn an_invite_gives_no_more_than_it_says() {
        let grant = |capabilities| {
            let cert = InviteCert { devices_max: 9, ..invite_cert_body() }.sign(&creator()).unwrap();
            with(Grant { capabilities, ..invited_grant(&key(40), cert) }, &invite())
        };
        let one_more = |group: Group| group.without(&[INVITEE]).fault();
        assert_eq!(one_more(grant(Capabilities::CHAT)), None);
        assert_eq!(one_more(grant(Capabilities::CAMERA)), Some(Violation::GrantEscalation));
        let everything = InviteCert { capabilities: Capabilities::HOST, ..invite_cert_body() };
        let host = invited_grant(&key(40), everything.sign(&creator()).unwrap());
        assert_eq!(one_more(with(host, &invite())), Some(Violation::GrantEscalation));
    }

    /// ADM-25
    #[test]
    fn an_invite_is_certified_for_its_key_and_meeting_by_who_may_admit() {
        let by = |change: fn(&mut InviteCert), issuer: &SigningKey| {
            let mut cert = InviteCert { issuer: device_key(issuer), ..invite_cert_body() };
            change(&mut cert);
            let grant = invited_grant(&invitee(), forge(cert, issuer));
            group().with_grant(INVITEE, &grant.sign(&invite()).unwrap()).fault()
        };
        let wrong = Some(Violation::Invite);
        assert_eq!(by(|_| {}, &creator()), None);
        assert_eq!(by(|_| {}, &helper()), None);
        assert_eq!(by(|_| {}, &root()), None);
        assert_eq!(by(|_| {}, &guest()), wrong);
        assert_eq!(by(|_| {}, &invite()), wrong);
        assert_eq!(by(|cert| cert.meeting = another_meeting(), &creator()), wrong);
        assert_eq!(by(|cert| cert.invite = device_key(&stranger()), &creator()), wrong);
        assert_eq!(by(|cert| cert.issuer = device_key(&creator()), &stranger()), wrong);
    }

    /// ADM-26
    #[test]
    fn an_invite_is_for_so_many_devices() {
        let cert = |devices_max| InviteCert { devices_max, ..invite_cert_body() }.sign(&creator()).unwrap();
        let used = |certs: &[u16]| {
            let mut group = group().without(&[INVITEE]);
            for (number, devices_max) in (50u8..).zip(certs) {
                let grant = invited_grant(&key(number), cert(*devices_max)).sign(&invite()).unwrap();
                group = group.with_grant(u32::from(number), &grant);
            }
            group.fault()
        };
        let overused = Some(Violation::InviteOverused);
        assert_eq!(used(&[2, 2]), None);
        assert_eq!(used(&[2, 2, 2]), overused);
        assert_eq!(used(&[0]), overused);
        // A second, wider certificate of the same key does not widen the first.
        assert_eq!(used(&[1, 5]), overused);
        assert_eq!(used(&[5, 1]), overused);
    }

    /// ADM-27
    #[test]
    fn a_revoked_grant_is_void() {
        let roster = group().check().unwrap();
        let revoked = with_policy(|policy| policy.revoke(roster.member(GUEST).unwrap().grant_id).unwrap());
        assert_eq!(revoked.fault(), Some(Violation::Revoked));
        assert_eq!(revoked.clone().without(&[GUEST]).fault(), None);
        // A new grant lets it in again.
        let again = Grant { seq: 77, ..grant(&guest(), &helper()) }.sign(&helper()).unwrap();
        assert_eq!(revoked.with_grant(GUEST, &again).fault(), None);
    }

    /// ADM-27
    #[test]
    fn a_revoked_invite_voids_all_that_came_by_it() {
        let roster = group().check().unwrap();
        let member = roster.member(INVITEE).unwrap();
        assert_eq!(member.ban_id(), invite_cert().id());
        assert_eq!(roster.member(GUEST).unwrap().ban_id(), grant(&guest(), &helper()).id());
        let revoked = with_policy(|policy| policy.revoke(member.ban_id()).unwrap());
        assert_eq!(revoked.fault(), Some(Violation::Revoked));
        let again = Grant { seq: 77, ..invited_grant(&invitee(), invite_cert()) }.sign(&invite()).unwrap();
        assert_eq!(revoked.with_grant(INVITEE, &again).fault(), Some(Violation::Revoked));
        let only_the_grant = with_policy(|policy| policy.revoke(member.grant_id).unwrap());
        assert_eq!(only_the_grant.fault(), Some(Violation::Revoked));
    }

    /// ADM-28
    #[test]
    fn a_device_is_in_once() {
        let again = Grant { seq: 77, ..grant(&guest(), &creator()) };
        assert_eq!(with(again, &creator()).fault(), Some(Violation::SubjectTwice));
    }

    /// ADM-29
    #[test]
    fn a_grant_of_after_the_lock_is_void() {
        let locked_at = |locked_at_ms| with_policy(|policy| policy.locked_at_ms = Some(locked_at_ms)).fault();
        assert_eq!(locked_at(NOW), None);
        assert_eq!(locked_at(NOW - 1), Some(Violation::AfterLock));
    }

    /// ADM-29
    #[test]
    fn a_lock_is_made_so_that_who_is_in_stays_in() {
        let ahead = Grant { not_before_ms: NOW + 100, ..newcomer() };
        let group = with(ahead, &helper());
        let roster = group.check().unwrap();
        assert_eq!(roster.lock_at_ms(NOW), NOW + 100);
        assert_eq!(roster.lock_at_ms(NOW + 500), NOW + 500);
        let locked = Policy { locked_at_ms: Some(roster.lock_at_ms(NOW)), ..policy() };
        assert_eq!(group.with_policy(&locked.sign(&creator()).unwrap()).fault(), None);
    }

    /// ADM-30
    #[test]
    fn who_comes_in_has_a_grant_in_force() {
        let at = |now_ms| Group { now_ms, ..group() }.fault();
        assert_eq!(at(NOW - CLOCK_SKEW_MS), None);
        assert_eq!(at(NOW - CLOCK_SKEW_MS - 1), Some(Violation::Expired));
        assert_eq!(at(END), None);
        let late = |added| Group { now_ms: END + 1, before: Some(signed_policy()), added, ..group() }.fault();
        assert_eq!(late(vec![GUEST]), Some(Violation::Expired));
        // Who is in stays in.
        assert_eq!(late(Vec::new()), None);
        let forever = Grant { not_after_ms: u64::MAX, ..newcomer() };
        let group = with(forever, &helper());
        assert_eq!(
            Group { now_ms: u64::MAX, before: Some(signed_policy()), added: vec![9], ..group }.fault(),
            None
        );
    }

    /// ADM-30
    #[test]
    fn who_comes_by_an_invite_has_one_in_force() {
        let at = |now_ms| {
            let grant = Grant {
                not_before_ms: 0,
                not_after_ms: u64::MAX,
                ..invited_grant(&invitee(), invite_cert())
            };
            let group = group().with_grant(INVITEE, &grant.sign(&invite()).unwrap());
            Group { now_ms, before: Some(signed_policy()), added: vec![INVITEE], ..group }.fault()
        };
        assert_eq!(at(NOW - CLOCK_SKEW_MS), None);
        assert_eq!(at(NOW - CLOCK_SKEW_MS - 1), Some(Violation::Expired));
        assert_eq!(at(END), None);
        assert_eq!(at(END + 1), Some(Violation::Expired));
    }

    /// ADM-31
    #[test]
    fn a_key_that_anybody_can_sign_for_is_not_let_in() {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let weak = Grant { subject: DeviceKey::from_bytes(neutral), ..newcomer() };
        assert_eq!(with(weak, &helper()).fault(), Some(Violation::WeakKey));
    }

    #[test]
    fn rights_are_those_of_the_grant_and_of_the_list_of_hosts() {
        let roster = group().check().unwrap();
        let rights = |index| roster.member(index).unwrap().capabilities;
        assert_eq!(rights(CREATOR), Capabilities::HOST | Capabilities::PARTICIPANT);
        let helper_rights = Capabilities::ADMIT | Capabilities::MODERATE | Capabilities::PARTICIPANT;
        assert_eq!(rights(HELPER), helper_rights);
        assert_eq!(rights(GUEST), Capabilities::PARTICIPANT);
        assert_eq!(rights(INVITEE), Capabilities::MICROPHONE | Capabilities::CHAT);
        assert!(roster.member(HELPER).unwrap().may(Capabilities::ADMIT));
        assert!(!roster.member(HELPER).unwrap().may(Capabilities::DELEGATE));
    }

    #[test]
    fn members_are_found_by_leaf_and_by_device() {
        let roster = group().check().unwrap();
        assert_eq!(roster.member(2), None);
        assert_eq!(roster.member(GUEST), roster.member_of(&device_key(&guest())));
        assert_eq!(roster.member_of(&device_key(&stranger())), None);
        assert_eq!(roster.hosts().map(|host| host.index).collect::<Vec<_>>(), [CREATOR, HELPER]);
        assert!(roster.is_host(&device_key(&helper())));
        assert!(!roster.is_host(&device_key(&guest())) && !roster.is_host(&device_key(&stranger())));
    }

    #[test]
    fn a_group_without_a_host_who_may_admit_is_sealed_and_sound() {
        let roster = |gone: &[u32]| group().without(gone).check().unwrap();
        assert!(!roster(&[]).is_sealed());
        assert!(!roster(&[CREATOR]).is_sealed());
        assert!(roster(&[CREATOR, HELPER]).is_sealed());
        assert!(roster(&[CREATOR, HELPER, GUEST, INVITEE]).is_sealed());
    }

    #[test]
    fn newcomers_are_those_who_were_not_in_with_the_same_grant() {
        let roster = group().check().unwrap();
        assert!(roster.newcomers(&group().view()).is_empty());
        assert_eq!(roster.newcomers(&with(newcomer(), &helper()).view()), [9]);
        let renewed = Grant { seq: 77, ..grant(&guest(), &helper()) }.sign(&helper()).unwrap();
        assert_eq!(roster.newcomers(&group().with_grant(GUEST, &renewed).view()), [GUEST]);
        let moved = grant(&guest(), &helper()).sign(&helper()).unwrap();
        let moved = group().without(&[GUEST]).with_grant(8, &moved);
        assert!(roster.newcomers(&moved.view()).is_empty());
        let mut stolen = group();
        stolen.leaves[2].key = device_key(&stranger());
        assert_eq!(roster.newcomers(&stolen.view()), [GUEST]);
    }

    /// ADM-30, ADM-46
    #[test]
    fn a_grant_is_judged_before_it_has_a_leaf() {
        let roster = group().check().unwrap();
        let shown = newcomer().sign(&helper()).unwrap();
        assert_eq!(roster.check_grant(&shown.to_bytes(), NOW), Ok(shown.clone()));
        assert_eq!(roster.check_grant(&shown.to_bytes(), END + 1), Err(Violation::Expired));
        let forged = forge(newcomer(), &stranger());
        assert_eq!(roster.check_grant(&forged.to_bytes(), NOW), Err(Violation::GrantSignature));
        // Who is in comes back with the grant it has, and with another one only if that is in force.
        let own = roster.member(GUEST).unwrap().grant.clone();
        assert_eq!(roster.check_grant(&own.to_bytes(), END + 1), Ok(own.clone()));
        let other = Grant { seq: 77, ..own.body }.sign(&helper()).unwrap();
        assert_eq!(roster.check_grant(&other.to_bytes(), END + 1), Err(Violation::Expired));
    }

    /// ADM-46
    #[test]
    fn an_invite_lets_nobody_new_into_a_locked_meeting() {
        let cert = InviteCert { devices_max: 5, ..invite_cert_body() }.sign(&creator()).unwrap();
        let backdated = invited_grant(&key(40), cert).sign(&invite()).unwrap().to_bytes();
        let open = group().check().unwrap();
        assert!(open.check_grant(&backdated, NOW).is_ok());
        let locked = with_policy(|policy| policy.locked_at_ms = Some(NOW)).check().unwrap();
        assert_eq!(locked.check_grant(&backdated, NOW), Err(Violation::InviteWhileLocked));
        // Who was in before comes back, and whom a host had let in comes too.
        let own = locked.member(INVITEE).unwrap().grant.to_bytes();
        assert!(locked.check_grant(&own, NOW).is_ok());
        assert!(locked.check_grant(&newcomer().sign(&helper()).unwrap().to_bytes(), NOW).is_ok());
        // So does whom a host had let in for an invite: the host has dated the grant.
        let cert = InviteCert { devices_max: 5, ..invite_cert_body() }.sign(&creator()).unwrap();
        let shown = shown_grant(&key(40), cert).sign(&helper()).unwrap().to_bytes();
        assert!(locked.check_grant(&shown, NOW).is_ok());
    }

    /// ADM-06, ADM-15
    #[test]
    fn a_host_without_the_right_makes_no_host_in_a_group() {
        let cert = HostCert { subject: device_key(&guest()), ..policy().hosts[1].body.clone() };
        let cert = HostCert { issuer: device_key(&helper()), ..cert }.sign(&helper()).unwrap();
        let mut own = policy().successor(device_key(&helper()));
        own.hosts.push(cert);
        let group = Group { before: Some(signed_policy()), ..group() };
        let group = group.with_policy(&own.sign(&helper()).unwrap());
        assert_eq!(group.fault(), Some(Violation::HostChain));
    }

    #[test]
    fn a_meeting_is_made_by_one_device_alone() {
        let policy = Policy { version: 0, signer: device_key(&root()), ..policy() };
        let made = group().without(&[HELPER, GUEST, INVITEE]).with_policy(&policy.sign(&root()).unwrap());
        assert_eq!(made.fault(), None);
        assert_eq!(made.meeting, meeting());
    }
}
