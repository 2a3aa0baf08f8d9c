//! Who may change what: the proposals of a commit, judged by the rights their senders have before it.
//!
//! That the group which a commit leads to is sound is the other half, [`check_tree`](crate::check_tree) over the tree
//! after it. The one does not replace the other: a host can sign a grant without a right to commit for others, and
//! a member can commit what leads to a sound tree without a right to it.

use crate::{
    Capabilities, LeafView, Member, Roster, Violation,
    tree::{check_dates, check_leaf, check_policy},
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
        // ADM-33
        ProposalKind::Add(_) => require(sender, Capabilities::ADMIT, Violation::AddWithoutAdmit),
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
    }
    current.check_invited(&joiner.grant)?;
    // ADM-38
    if t.path_leaf
        .is_some_and(|path| (path.signature_key, path.credential) != (leaf.signature_key, leaf.credential))
    {
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
