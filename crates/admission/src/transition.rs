//! Who may change what: the proposals of a commit, judged by the rights their senders have before it.
//!
//! That the group which a commit leads to is sound is the other half, [`check_tree`](crate::check_tree) over the tree
//! after it. The one does not replace the other: a host can sign a grant without a right to commit for others, and
//! a member can commit what leads to a sound tree without a right to it.

use crate::{
    Capabilities, LeafView, Member, Roster, SignedGrant, Violation,
    tree::{check_dates, check_entry, check_leaf, check_policy},
};

/// A commit as MLS shows it.
#[derive(Clone, Debug)]
pub struct Transition<'a> {
    /// Who made it, by the signature that MLS has checked.
    pub committer: Committer<'a>,
    /// All proposals it covers, those it carries and those it refers to.
    pub proposals: Vec<ProposalView<'a>>,
    /// The committer's new leaf, if the commit has a path.
    pub path_leaf: Option<LeafView<'a>>,
    /// The group's cipher suite after it.
    pub suite: u16,
    /// Whether the group's context after it allows proposals from outside (RFC 9420 section 12.1.8.1).
    pub external_senders: bool,
}

/// Who made a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committer<'a> {
    /// A joiner, by an external commit (RFC 9420 section 12.4.3.2); the leaf is its own.
    External(LeafView<'a>),
    /// The member at this leaf.
    Member(u32),
}

/// A proposal as MLS shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProposalView<'a> {
    /// Who made it.
    pub sender: ProposalSender,
    /// What is proposed.
    pub kind: ProposalKind<'a>,
}

/// Who made a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalSender {
    /// Somebody outside whom the group's context lists.
    External,
    /// The member at this leaf.
    Member(u32),
    /// A joiner: in its own external commit, or to be let in.
    NewMember,
}

/// What is proposed (RFC 9420 section 12.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalKind<'a> {
    /// A device comes in.
    Add(LeafView<'a>),
    /// The start of an external commit.
    ExternalInit,
    /// Any other.
    Other(u16),
    /// The extensions of the group's context are replaced.
    Policy {
        /// Content of the policy extension among them.
        policy: Option<&'a [u8]>,
        /// Whether there is any other extension that the group's context did not have unchanged.
        others: bool,
    },
    /// A pre-shared key goes into the next epoch's secret.
    Psk {
        /// Its id, unless it is a resumption secret.
        external_id: Option<&'a [u8]>,
    },
    /// The group is replaced by another one.
    ReInit,
    /// The member at this leaf goes.
    Remove(u32),
    /// The sender goes (`draft-ietf-mls-extensions`).
    SelfRemove,
    /// The sender has a new leaf.
    Update(LeafView<'a>),
}

/// Decides whether a group may change in this way. `current` is the group before the commit.
///
/// # Errors
/// The first [`Violation`] found, ADM-32 to ADM-46, or what is wrong with an external committer's grant or with a
/// new policy.
pub fn check_transition(current: &Roster, t: &Transition<'_>, now_ms: u64) -> Result<(), Violation> {
    // ADM-42
    if t.suite != current.policy.suite.code() {
        return Err(Violation::SuiteChanged);
    }
    // ADM-40
    if t.external_senders {
        return Err(Violation::Extension);
    }
    match &t.committer {
        Committer::External(leaf) => check_external(current, t, leaf, now_ms)?,
        Committer::Member(index) => check_commit(current, t, *index, now_ms)?,
    }
    check_psk(current, t)
}

/// Decides whether a member may make this proposal, so that it is kept until a commit refers to it.
///
/// # Errors
/// The first [`Violation`] found, as [`check_transition`] would.
pub fn check_proposal(current: &Roster, proposal: &ProposalView<'_>, now_ms: u64) -> Result<(), Violation> {
    let ProposalSender::Member(sender) = proposal.sender else {
        return Err(match proposal.kind {
            // ADM-37
            ProposalKind::SelfRemove => Violation::SelfRemove,
            // ADM-41
            _ => Violation::Proposal,
        });
    };
    let sender = member(current, sender)?;
    match &proposal.kind {
        ProposalKind::Add(leaf) => {
            // ADM-33
            require(sender, Capabilities::ADMIT, Violation::AddWithoutAdmit)?;
            let grant = SignedGrant::from_bytes(leaf.credential).map_err(Violation::GrantMalformed)?;
            current.check_invited(&grant)
        }
        // ADM-41
        ProposalKind::Other(_) | ProposalKind::ReInit => Err(Violation::Proposal),
        // ADM-43
        ProposalKind::ExternalInit => Err(Violation::ExternalContents),
        ProposalKind::Policy { policy, others } => {
            // ADM-40
            if *others {
                return Err(Violation::Extension);
            }
            // ADM-39
            require(sender, Capabilities::MODERATE, Violation::PolicyWithoutModerate)?;
            // ADM-45
            if current.is_sealed() {
                return Err(Violation::Sealed);
            }
            let before = &current.policy;
            check_policy(*policy, before.meeting, before.suite.code(), Some(before), now_ms).map(|_| ())
        }
        // ADM-34: where it may stand is decided by `check_psk` over the whole commit.
        ProposalKind::Psk { external_id } => check_psk_id(current, *external_id),
        ProposalKind::Remove(index) => check_remove(current, sender, *index),
        // ADM-37: that it is its sender who goes is in the proposal's very form.
        ProposalKind::SelfRemove => Ok(()),
        ProposalKind::Update(leaf) => check_same_leaf(sender, leaf),
    }
}

/// Decides about a commit by a member.
fn check_commit(current: &Roster, t: &Transition<'_>, committer: u32, now_ms: u64) -> Result<(), Violation> {
    let committer = member(current, committer)?;
    for proposal in &t.proposals {
        check_proposal(current, proposal, now_ms)?;
        // ADM-33: who proposed an Add has the right; so must have who brings it about.
        if matches!(proposal.kind, ProposalKind::Add(_)) {
            require(committer, Capabilities::ADMIT, Violation::AddWithoutAdmit)?;
        }
    }
    t.path_leaf.as_ref().map_or(Ok(()), |leaf| check_same_leaf(committer, leaf))
}

fn check_remove(current: &Roster, sender: &Member, index: u32) -> Result<(), Violation> {
    let removed = member(current, index)?;
    if removed.index == sender.index {
        return Ok(());
    }
    // ADM-35
    require(sender, Capabilities::MODERATE, Violation::RemoveWithoutModerate)?;
    // ADM-36
    if removed.is_host() {
        require(sender, Capabilities::DELEGATE, Violation::HostRemoved)?;
    }
    // ADM-45
    if current.is_sealed() { Err(Violation::Sealed) } else { Ok(()) }
}

/// Decides about a commit by a joiner: somebody new with a grant, or a member that lost its state and comes back.
fn check_external(
    current: &Roster,
    t: &Transition<'_>,
    leaf: &LeafView<'_>,
    now_ms: u64,
) -> Result<(), Violation> {
    let joiner = check_leaf(&current.policy, leaf)?;
    let earlier = current.member_of(&joiner.device);
    if earlier.is_none_or(|earlier| earlier.grant != joiner.grant) {
        check_dates(&joiner.grant, now_ms)?;
        check_entry(&current.policy, &joiner.grant)?;
    }
    current.check_invited(&joiner.grant)?;
    // ADM-38
    let same = |path: &LeafView<'_>| LeafView { index: leaf.index, ..*path } == *leaf;
    if !t.path_leaf.as_ref().is_none_or(same) {
        return Err(Violation::LeafChanged);
    }
    let mut inits = 0;
    let mut removed = Vec::new();
    for proposal in &t.proposals {
        // ADM-41
        if proposal.sender != ProposalSender::NewMember {
            return Err(Violation::Proposal);
        }
        match proposal.kind {
            ProposalKind::ExternalInit => inits += 1,
            ProposalKind::Psk { .. } => {}
            ProposalKind::Remove(index) => removed.push(index),
            // ADM-43
            _ => return Err(Violation::ExternalContents),
        }
    }
    // ADM-43
    if inits != 1 {
        return Err(Violation::ExternalContents);
    }
    // ADM-44
    let own: Vec<u32> = earlier.iter().map(|earlier| earlier.index).collect();
    if removed != own {
        return Err(Violation::ExternalRemove);
    }
    // ADM-45: who comes back makes the group no larger, and a host revives it.
    if current.is_sealed() && earlier.is_none() && !joiner.is_host() {
        return Err(Violation::Sealed);
    }
    Ok(())
}

/// Decides about the pre-shared keys of a commit: whoever comes in must know the link's secret.
fn check_psk(current: &Roster, t: &Transition<'_>) -> Result<(), Violation> {
    let comes_in = |kind| matches!(kind, ProposalKind::Add(_) | ProposalKind::ExternalInit);
    let needed = usize::from(t.proposals.iter().any(|proposal| comes_in(proposal.kind)));
    let mut found = 0;
    for proposal in &t.proposals {
        if let ProposalKind::Psk { external_id } = proposal.kind {
            check_psk_id(current, external_id)?;
            found += 1;
        }
    }
    // ADM-34
    if found == needed { Ok(()) } else { Err(Violation::Psk) }
}

fn check_psk_id(current: &Roster, external_id: Option<&[u8]>) -> Result<(), Violation> {
    // ADM-34
    let meeting: &[u8] = current.policy.meeting.as_bytes();
    if external_id == Some(meeting) { Ok(()) } else { Err(Violation::Psk) }
}

fn check_same_leaf(owner: &Member, leaf: &LeafView<'_>) -> Result<(), Violation> {
    // ADM-38
    let same = leaf.signature_key == owner.device.as_bytes()
        && leaf.credential_type == crate::GRANT_CREDENTIAL_TYPE
        && leaf.credential == owner.grant.to_bytes();
    if same { Ok(()) } else { Err(Violation::LeafChanged) }
}

fn member(current: &Roster, index: u32) -> Result<&Member, Violation> {
    // ADM-32
    current.member(index).ok_or(Violation::Stranger)
}

fn require(member: &Member, right: Capabilities, violation: Violation) -> Result<(), Violation> {
    if member.may(right) { Ok(()) } else { Err(violation) }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::{
        Grant, InviteCert, Policy, SignedPolicy, Suite, device_key,
        testing::{
            CREATOR, END, GUEST, Group, HELPER, INVITEE, Leaf, NOW, creator, creator_grant, forge, grant,
            group, guest, helper, host_cert, invite, invite_cert_body, invited_grant, invitee, key, meeting,
            policy, root, stranger,
        },
    };

    use ProposalKind as Kind;

    /// A guest who may moderate, by the policy of [`sealed`].
    const MODERATOR: u32 = GUEST;

    static PSK_ID: LazyLock<[u8; 20]> = LazyLock::new(|| *meeting().as_bytes());

    fn psk() -> Kind<'static> {
        Kind::Psk { external_id: Some(PSK_ID.as_slice()) }
    }

    fn current() -> Roster {
        group().check().unwrap()
    }

    /// The group without creator and helper; the guest may moderate.
    fn sealed() -> Group {
        let mut policy = policy();
        policy.hosts.push(host_cert(&guest(), Capabilities::MODERATE | Capabilities::DELEGATE, &creator()));
        group().without(&[CREATOR, HELPER]).with_policy(&policy.sign(&creator()).unwrap())
    }

    fn newcomer() -> Leaf {
        Leaf::new(9, &grant(&key(40), &helper()).sign(&helper()).unwrap())
    }

    fn own_leaf(index: u32) -> Leaf {
        group().leaves.into_iter().find(|leaf| leaf.index == index).unwrap()
    }

    fn commit<'a>(committer: u32, kinds: &[Kind<'a>]) -> Transition<'a> {
        let sender = ProposalSender::Member(committer);
        Transition {
            committer: Committer::Member(committer),
            proposals: kinds.iter().map(|kind| ProposalView { sender, kind: *kind }).collect(),
            path_leaf: None,
            suite: Suite::XWing.code(),
            external_senders: false,
        }
    }

    fn external<'a>(leaf: &'a Leaf, kinds: &[Kind<'a>]) -> Transition<'a> {
        let view = |kind: &Kind<'a>| ProposalView { sender: ProposalSender::NewMember, kind: *kind };
        Transition {
            committer: Committer::External(leaf.view()),
            proposals: kinds.iter().map(view).collect(),
            path_leaf: Some(leaf.view()),
            suite: Suite::XWing.code(),
            external_senders: false,
        }
    }

    fn fault_in(current: &Roster, transition: &Transition<'_>) -> Option<Violation> {
        check_transition(current, transition, NOW).err()
    }

    fn fault(transition: &Transition<'_>) -> Option<Violation> {
        fault_in(&current(), transition)
    }

    fn by(committer: u32, kinds: &[Kind<'_>]) -> Option<Violation> {
        fault(&commit(committer, kinds))
    }

    /// What the committer brings about that somebody else has proposed.
    fn referring(committer: u32, sender: u32, kind: Kind<'_>, more: &[Kind<'_>]) -> Option<Violation> {
        let mut transition = commit(committer, more);
        transition.proposals.push(ProposalView { sender: ProposalSender::Member(sender), kind });
        fault(&transition)
    }

    fn banning(signer: &ed25519_dalek::SigningKey) -> SignedPolicy {
        let mut policy = policy().successor(device_key(signer));
        policy.revoke(grant(&guest(), &helper()).id()).unwrap();
        policy.sign(signer).unwrap()
    }

    #[test]
    fn anybody_renews_its_keys() {
        for index in [CREATOR, HELPER, GUEST, INVITEE] {
            let leaf = own_leaf(index);
            assert_eq!(fault(&Transition { path_leaf: Some(leaf.view()), ..commit(index, &[]) }), None);
            assert_eq!(referring(CREATOR, index, Kind::Update(leaf.view()), &[]), None);
        }
    }

    /// ADM-32
    #[test]
    fn only_members_commit_propose_and_are_removed() {
        assert_eq!(by(2, &[]), Some(Violation::Stranger));
        assert_eq!(referring(CREATOR, 2, Kind::SelfRemove, &[]), Some(Violation::Stranger));
        assert_eq!(by(CREATOR, &[Kind::Remove(2)]), Some(Violation::Stranger));
    }

    /// ADM-33
    #[test]
    fn only_who_may_admit_adds() {
        let leaf = newcomer();
        let add = Kind::Add(leaf.view());
        assert_eq!(by(CREATOR, &[add, psk()]), None);
        assert_eq!(by(HELPER, &[add, psk()]), None);
        assert_eq!(by(GUEST, &[add, psk()]), Some(Violation::AddWithoutAdmit));
        assert_eq!(referring(CREATOR, HELPER, add, &[psk()]), None);
        assert_eq!(referring(CREATOR, GUEST, add, &[psk()]), Some(Violation::AddWithoutAdmit));
        assert_eq!(referring(GUEST, CREATOR, add, &[psk()]), Some(Violation::AddWithoutAdmit));
    }

    /// ADM-18
    #[test]
    fn an_add_shows_a_grant() {
        let leaf = Leaf { credential: b"Asha".to_vec(), ..newcomer() };
        let add = by(CREATOR, &[Kind::Add(leaf.view()), psk()]);
        assert!(matches!(add, Some(Violation::GrantMalformed(_))), "{add:?}");
    }

    /// ADM-34
    #[test]
    fn who_comes_in_brings_the_links_key_and_nobody_brings_another() {
        let leaf = newcomer();
        let (add, wrong) = (Kind::Add(leaf.view()), Some(Violation::Psk));
        let foreign = Kind::Psk { external_id: Some(b"another") };
        let resumption = Kind::Psk { external_id: None };
        assert_eq!(by(CREATOR, &[add]), wrong);
        assert_eq!(by(CREATOR, &[add, psk(), psk()]), wrong);
        assert_eq!(by(CREATOR, &[add, foreign]), wrong);
        assert_eq!(by(CREATOR, &[add, resumption]), wrong);
        assert_eq!(by(CREATOR, &[add, psk(), foreign]), wrong);
        assert_eq!(by(CREATOR, &[psk()]), wrong);
        assert_eq!(by(CREATOR, &[Kind::Remove(GUEST), psk()]), wrong);
        assert_eq!(by(CREATOR, &[add, add, psk()]), None);
        assert_eq!(fault(&external(&leaf, &[Kind::ExternalInit])), wrong);
        assert_eq!(fault(&external(&leaf, &[Kind::ExternalInit, foreign])), wrong);
        assert_eq!(fault(&external(&leaf, &[Kind::ExternalInit, psk(), psk()])), wrong);
        assert_eq!(fault(&external(&leaf, &[Kind::ExternalInit, psk()])), None);
    }

    /// ADM-35
    #[test]
    fn only_who_may_moderate_removes_others() {
        assert_eq!(by(CREATOR, &[Kind::Remove(GUEST)]), None);
        assert_eq!(by(HELPER, &[Kind::Remove(GUEST)]), None);
        assert_eq!(by(GUEST, &[Kind::Remove(INVITEE)]), Some(Violation::RemoveWithoutModerate));
        assert_eq!(by(GUEST, &[Kind::Remove(CREATOR)]), Some(Violation::RemoveWithoutModerate));
        // It is the one who proposes whose right it is.
        assert_eq!(referring(GUEST, HELPER, Kind::Remove(INVITEE), &[]), None);
        assert_eq!(
            referring(HELPER, GUEST, Kind::Remove(INVITEE), &[]),
            Some(Violation::RemoveWithoutModerate)
        );
        // Nobody needs a right to go.
        assert_eq!(referring(INVITEE, GUEST, Kind::Remove(GUEST), &[]), None);
    }

    /// ADM-36
    #[test]
    fn only_who_may_delegate_removes_a_host() {
        assert_eq!(by(CREATOR, &[Kind::Remove(HELPER)]), None);
        assert_eq!(by(HELPER, &[Kind::Remove(CREATOR)]), Some(Violation::HostRemoved));
        assert_eq!(referring(CREATOR, HELPER, Kind::Remove(HELPER), &[]), None);
    }

    /// ADM-37
    #[test]
    fn whoever_is_in_may_leave() {
        for leaver in [HELPER, GUEST, INVITEE] {
            assert_eq!(referring(CREATOR, leaver, Kind::SelfRemove, &[]), None);
        }
        for sender in [ProposalSender::External, ProposalSender::NewMember] {
            let mut transition = commit(CREATOR, &[]);
            transition.proposals.push(ProposalView { sender, kind: Kind::SelfRemove });
            assert_eq!(fault(&transition), Some(Violation::SelfRemove));
        }
    }

    /// ADM-38
    #[test]
    fn a_leaf_keeps_its_key_and_grant() {
        let own = own_leaf(GUEST);
        let regranted = grant(&guest(), &creator()).sign(&creator()).unwrap();
        let wrong = [
            Leaf { key: device_key(&stranger()), ..own.clone() },
            Leaf { credential_type: 1, ..own.clone() },
            Leaf { credential: regranted.to_bytes(), ..own.clone() },
            own_leaf(INVITEE),
        ];
        for leaf in &wrong {
            let path = Transition { path_leaf: Some(leaf.view()), ..commit(GUEST, &[]) };
            assert_eq!(fault(&path), Some(Violation::LeafChanged));
            assert_eq!(
                referring(CREATOR, GUEST, Kind::Update(leaf.view()), &[]),
                Some(Violation::LeafChanged)
            );
        }
        let joiner = newcomer();
        let mut transition = external(&joiner, &[Kind::ExternalInit, psk()]);
        for leaf in &wrong {
            transition.path_leaf = Some(leaf.view());
            assert_eq!(fault(&transition), Some(Violation::LeafChanged));
        }
        transition.path_leaf = Some(LeafView { index: 77, ..joiner.view() });
        assert_eq!(fault(&transition), None);
        transition.path_leaf = None;
        assert_eq!(fault(&transition), None);
    }

    /// ADM-39
    #[test]
    fn only_who_may_moderate_brings_a_policy() {
        let bytes = banning(&creator()).to_bytes();
        let policy = Kind::Policy { policy: Some(&bytes), others: false };
        assert_eq!(by(CREATOR, &[policy]), None);
        assert_eq!(by(HELPER, &[policy, Kind::Remove(GUEST)]), None);
        assert_eq!(by(GUEST, &[policy]), Some(Violation::PolicyWithoutModerate));
        assert_eq!(referring(CREATOR, GUEST, policy, &[]), Some(Violation::PolicyWithoutModerate));
    }

    /// ADM-01, ADM-12, ADM-15
    #[test]
    fn a_policy_is_judged_by_the_one_in_force() {
        assert_eq!(
            by(CREATOR, &[Kind::Policy { policy: None, others: false }]),
            Some(Violation::PolicyMissing)
        );
        let old = Policy { version: 6, ..policy() }.sign(&creator()).unwrap().to_bytes();
        assert_eq!(
            by(CREATOR, &[Kind::Policy { policy: Some(&old), others: false }]),
            Some(Violation::PolicyRollback)
        );
        let mut own = policy().successor(device_key(&helper()));
        own.hosts.push(host_cert(&guest(), Capabilities::ADMIT, &creator()));
        let own = own.sign(&helper()).unwrap().to_bytes();
        assert_eq!(
            by(HELPER, &[Kind::Policy { policy: Some(&own), others: false }]),
            Some(Violation::HostsChanged)
        );
    }

    /// ADM-40
    #[test]
    fn the_policy_is_the_only_extension() {
        let bytes = banning(&creator()).to_bytes();
        let others = Kind::Policy { policy: Some(&bytes), others: true };
        assert_eq!(by(CREATOR, &[others]), Some(Violation::Extension));
        let open = Transition { external_senders: true, ..commit(CREATOR, &[]) };
        assert_eq!(fault(&open), Some(Violation::Extension));
    }

    /// ADM-41
    #[test]
    fn what_is_never_allowed_is_not_allowed_to_the_creator_either() {
        for kind in [Kind::ReInit, Kind::Other(0xF123), Kind::Other(8)] {
            assert_eq!(by(CREATOR, &[kind]), Some(Violation::Proposal));
        }
        let leaf = newcomer();
        for sender in [ProposalSender::External, ProposalSender::NewMember] {
            for kind in [Kind::Add(leaf.view()), Kind::Remove(GUEST), psk()] {
                let mut transition = commit(CREATOR, &[psk()]);
                transition.proposals.push(ProposalView { sender, kind });
                assert_eq!(fault(&transition), Some(Violation::Proposal));
            }
        }
        // Nor does an external commit bring about what others have proposed.
        for sender in [ProposalSender::External, ProposalSender::Member(CREATOR)] {
            let mut transition = external(&leaf, &[Kind::ExternalInit, psk()]);
            transition.proposals.push(ProposalView { sender, kind: Kind::Remove(GUEST) });
            assert_eq!(fault(&transition), Some(Violation::Proposal));
        }
    }

    /// ADM-42
    #[test]
    fn the_suite_stays() {
        let transition = Transition { suite: Suite::Classical.code(), ..commit(CREATOR, &[]) };
        assert_eq!(fault(&transition), Some(Violation::SuiteChanged));
    }

    /// ADM-43
    #[test]
    fn an_external_commit_is_nothing_but_an_entry() {
        let (leaf, bytes) = (newcomer(), banning(&creator()).to_bytes());
        let wrong = Some(Violation::ExternalContents);
        let with = |kind| fault(&external(&leaf, &[Kind::ExternalInit, psk(), kind]));
        for kind in [
            Kind::Add(own_leaf(GUEST).view()),
            Kind::SelfRemove,
            Kind::Update(leaf.view()),
            Kind::Policy { policy: Some(&bytes), others: false },
            Kind::ReInit,
            Kind::Other(9),
            Kind::ExternalInit,
        ] {
            assert_eq!(with(kind), wrong, "{kind:?}");
        }
        assert_eq!(fault(&external(&leaf, &[psk()])), wrong);
        assert_eq!(by(CREATOR, &[Kind::ExternalInit, psk()]), wrong);
    }

    /// ADM-44
    #[test]
    fn an_external_commit_replaces_the_joiners_own_leaf_and_no_other() {
        let wrong = Some(Violation::ExternalRemove);
        let (new, own) = (newcomer(), own_leaf(GUEST));
        let comes = |leaf, removed: &[u32]| {
            let mut kinds = vec![Kind::ExternalInit, psk()];
            kinds.extend(removed.iter().map(|index| Kind::Remove(*index)));
            fault(&external(leaf, &kinds))
        };
        assert_eq!(comes(&new, &[]), None);
        assert_eq!(comes(&new, &[GUEST]), wrong);
        assert_eq!(comes(&own, &[GUEST]), None);
        assert_eq!(comes(&own, &[]), wrong);
        assert_eq!(comes(&own, &[INVITEE]), wrong);
        assert_eq!(comes(&own, &[GUEST, INVITEE]), wrong);
        assert_eq!(comes(&own, &[GUEST, GUEST]), wrong);
    }

    /// ADM-21, ADM-27, ADM-30
    #[test]
    fn an_external_committer_shows_a_grant_that_holds() {
        let comes = |grant| fault(&external(&Leaf::new(0, &grant), &[Kind::ExternalInit, psk()]));
        let own = grant(&key(40), &helper());
        assert_eq!(comes(forge(own.clone(), &helper())), None);
        assert_eq!(comes(forge(own.clone(), &stranger())), Some(Violation::GrantSignature));
        let expired = Grant { not_after_ms: NOW - 1, ..own };
        assert_eq!(comes(forge(expired, &helper())), Some(Violation::Expired));

        // Who was banned does not come back by itself.
        let banned = group().without(&[GUEST]).with_policy(&banning(&creator())).check().unwrap();
        let leaf = own_leaf(GUEST);
        let back = external(&leaf, &[Kind::ExternalInit, psk()]);
        assert_eq!(fault_in(&banned, &back), Some(Violation::Revoked));
    }

    /// ADM-30
    #[test]
    fn a_member_comes_back_with_the_grant_it_had() {
        let comes = |leaf: &Leaf| {
            let back = external(leaf, &[Kind::ExternalInit, psk(), Kind::Remove(GUEST)]);
            check_transition(&current(), &back, END + 1).err()
        };
        assert_eq!(comes(&own_leaf(GUEST)), None);
        let other = Grant { seq: 77, ..grant(&guest(), &helper()) }.sign(&helper()).unwrap();
        assert_eq!(comes(&Leaf::new(0, &other)), Some(Violation::Expired));
        let longer = Grant { not_after_ms: END + 1, ..grant(&guest(), &helper()) }.sign(&helper()).unwrap();
        assert_eq!(comes(&Leaf::new(0, &longer)), None);
    }

    /// ADM-45
    #[test]
    fn a_sealed_group_only_shrinks() {
        let current = sealed().check().unwrap();
        assert!(current.is_sealed());
        let wrong = Some(Violation::Sealed);
        let by = |committer, kinds: &[Kind<'_>]| fault_in(&current, &commit(committer, kinds));
        let leaf = newcomer();
        assert_eq!(by(MODERATOR, &[Kind::Add(leaf.view()), psk()]), Some(Violation::AddWithoutAdmit));
        assert_eq!(by(MODERATOR, &[Kind::Remove(INVITEE)]), wrong);
        let lock = Policy { locked_at_ms: Some(NOW), ..current.policy.successor(device_key(&guest())) };
        let lock = lock.sign(&guest()).unwrap().to_bytes();
        assert_eq!(by(MODERATOR, &[Kind::Policy { policy: Some(&lock), others: false }]), wrong);

        let mut leaving = commit(INVITEE, &[]);
        let sender = ProposalSender::Member(MODERATOR);
        leaving.proposals.push(ProposalView { sender, kind: Kind::SelfRemove });
        assert_eq!(fault_in(&current, &leaving), None);
        leaving.proposals[0].kind = Kind::Remove(MODERATOR);
        assert_eq!(fault_in(&current, &leaving), None);
        let own = own_leaf(MODERATOR);
        let renewal = Transition { path_leaf: Some(own.view()), ..commit(MODERATOR, &[]) };
        assert_eq!(fault_in(&current, &renewal), None);

        // With a host who may admit, the same are allowed.
        let open = sealed().with_leaf(own_leaf(CREATOR)).check().unwrap();
        assert_eq!(fault_in(&open, &commit(MODERATOR, &[Kind::Remove(INVITEE)])), None);
        let policy = Kind::Policy { policy: Some(&lock), others: false };
        assert_eq!(fault_in(&open, &commit(MODERATOR, &[policy])), None);
    }

    /// ADM-45
    #[test]
    fn a_sealed_group_is_entered_by_hosts_and_by_who_was_in_it() {
        let current = sealed().check().unwrap();
        let comes = |leaf: &Leaf, removed: &[u32]| {
            let mut kinds = vec![Kind::ExternalInit, psk()];
            kinds.extend(removed.iter().map(|index| Kind::Remove(*index)));
            fault_in(&current, &external(leaf, &kinds))
        };
        assert_eq!(comes(&newcomer(), &[]), Some(Violation::Sealed));
        assert_eq!(comes(&own_leaf(INVITEE), &[INVITEE]), None);
        assert_eq!(comes(&own_leaf(HELPER), &[]), None);
        // The root key revives it on any device.
        let revived = Grant { subject: device_key(&key(40)), seq: 90, ..creator_grant() };
        assert_eq!(comes(&Leaf::new(0, &revived.sign(&root()).unwrap()), &[]), None);
    }

    /// ADM-46
    #[test]
    fn an_invite_opens_no_locked_meeting() {
        let locked = Policy { locked_at_ms: Some(NOW), ..policy() }.sign(&creator()).unwrap();
        let locked = group().with_policy(&locked).check().unwrap();
        let cert = InviteCert { devices_max: 5, ..invite_cert_body() }.sign(&creator()).unwrap();
        let backdated = Leaf::new(0, &invited_grant(&key(40), cert).sign(&invite()).unwrap());
        let entry = external(&backdated, &[Kind::ExternalInit, psk()]);
        assert_eq!(fault(&entry), None);
        assert_eq!(fault_in(&locked, &entry), Some(Violation::InviteWhileLocked));
        let add = commit(CREATOR, &[Kind::Add(backdated.view()), psk()]);
        assert_eq!(fault(&add), None);
        assert_eq!(fault_in(&locked, &add), Some(Violation::InviteWhileLocked));
        let own = own_leaf(INVITEE);
        assert_eq!(own.key, device_key(&invitee()));
        let back = external(&own, &[Kind::ExternalInit, psk(), Kind::Remove(INVITEE)]);
        assert_eq!(fault_in(&locked, &back), None);
    }

    #[test]
    fn a_proposal_is_judged_alone_as_in_a_commit() {
        let alone = |sender, kind| {
            check_proposal(&current(), &ProposalView { sender: ProposalSender::Member(sender), kind }, NOW)
                .err()
        };
        assert_eq!(alone(GUEST, Kind::SelfRemove), None);
        assert_eq!(alone(CREATOR, Kind::Remove(GUEST)), None);
        assert_eq!(alone(GUEST, Kind::Remove(INVITEE)), Some(Violation::RemoveWithoutModerate));
        assert_eq!(alone(CREATOR, psk()), None);
        assert_eq!(alone(CREATOR, Kind::Psk { external_id: None }), Some(Violation::Psk));
        assert_eq!(alone(CREATOR, Kind::ExternalInit), Some(Violation::ExternalContents));
    }
}
