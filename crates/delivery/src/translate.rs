//! From OpenMLS' types to what the rules of admission look at. No rule is decided here.
//!
//! The tree that a commit leads to is worked out from the tree before it and the proposals (RFC 9420 sections 7.7,
//! 12.4.2): removed leaves become blank, then each added one takes the leftmost blank leaf. A caller that can see
//! the resulting tree compares.

use openmls::{
    credentials::Credential,
    extensions::{Extension, ExtensionType, Extensions},
    framing::Sender,
    group::{GroupContext, Member, QueuedProposal, StagedCommit},
    messages::proposals::{PreSharedKeyProposal, Proposal},
    prelude::LeafNode,
    schedule::{PreSharedKeyId, Psk},
};
use sabha_admission::{
    Committer, LeafView, POLICY_EXTENSION_TYPE, ProposalKind, ProposalSender, ProposalView, Transition,
    TreeView,
};
use sabha_protocol::MeetingId;
use tls_codec::{DeserializeBytes as _, Serialize as _};

/// Returns the policy in a group's context.
pub fn policy_of(extensions: &Extensions<GroupContext>) -> Option<&[u8]> {
    extensions.iter().find_map(|extension| match extension {
        Extension::Unknown(POLICY_EXTENSION_TYPE, content) => Some(content.0.as_slice()),
        _ => None,
    })
}

/// Returns whether a group's context has extensions besides the policy and the capabilities that every member
/// must have, or not the same of those as before.
fn has_others(extensions: &Extensions<GroupContext>, before: &Extensions<GroupContext>) -> bool {
    extensions.required_capabilities() != before.required_capabilities()
        || extensions.iter().any(|extension| {
            !matches!(
                extension.extension_type(),
                ExtensionType::Unknown(POLICY_EXTENSION_TYPE) | ExtensionType::RequiredCapabilities
            )
        })
}

/// Returns a group's tree as the rules see it.
pub fn tree_view<'a>(meeting: MeetingId, context: &'a GroupContext, members: &'a [Member]) -> TreeView<'a> {
    TreeView {
        meeting,
        suite: context.ciphersuite().into(),
        policy: policy_of(context.extensions()),
        leaves: members.iter().map(member_view).collect(),
    }
}

fn member_view(member: &Member) -> LeafView<'_> {
    leaf(member.index.u32(), &member.signature_key, &member.credential)
}

fn leaf_view(index: u32, node: &LeafNode) -> LeafView<'_> {
    leaf(index, node.signature_key().as_slice(), node.credential())
}

fn leaf<'a>(index: u32, signature_key: &'a [u8], credential: &'a Credential) -> LeafView<'a> {
    LeafView {
        index,
        signature_key,
        credential_type: credential.credential_type().into(),
        credential: credential.serialized_content(),
    }
}

/// Returns a commit as the rules see it: its sender, its proposals and the leaf of its path. `before` is the
/// context of the group it is for. `None` if it is from nobody who can commit.
pub fn transition<'a>(
    sender: &Sender,
    commit: &'a StagedCommit,
    before: &GroupContext,
    meeting: &'a MeetingId,
) -> Option<Transition<'a>> {
    // The index of a path's leaf is the committer's, which the library has seen to.
    let path_leaf = commit.update_path_leaf_node();
    let committer = match sender {
        Sender::Member(index) => Committer::Member(index.u32()),
        Sender::NewMemberCommit => Committer::External(leaf_view(0, path_leaf?)),
        Sender::External(_) | Sender::NewMemberProposal => return None,
    };
    let index = match committer {
        Committer::Member(index) => index,
        Committer::External(_) => 0,
    };
    Some(Transition {
        committer,
        proposals: commit.queued_proposals().map(|queued| proposal_view(queued, before, meeting)).collect(),
        path_leaf: path_leaf.map(|node| leaf_view(index, node)),
        suite: commit.group_context().ciphersuite().into(),
        external_senders: commit.group_context().extensions().external_senders().is_some(),
    })
}

/// Returns a proposal as the rules see it.
pub fn proposal_view<'a>(
    queued: &'a QueuedProposal,
    before: &GroupContext,
    meeting: &'a MeetingId,
) -> ProposalView<'a> {
    let sender = match queued.sender() {
        Sender::Member(index) => ProposalSender::Member(index.u32()),
        Sender::External(_) => ProposalSender::External,
        Sender::NewMemberCommit | Sender::NewMemberProposal => ProposalSender::NewMember,
    };
    let kind = match queued.proposal() {
        Proposal::Add(add) => ProposalKind::Add(leaf_view(0, add.key_package().leaf_node())),
        Proposal::Update(update) => ProposalKind::Update(leaf_view(0, update.leaf_node())),
        Proposal::Remove(remove) => ProposalKind::Remove(remove.removed().u32()),
        Proposal::PreSharedKey(psk) => ProposalKind::Psk {
            external_id: external_psk_id(psk)
                .map(|id| if id == meeting.as_bytes() { meeting.as_bytes() } else { NO_ID }),
        },
        Proposal::GroupContextExtensions(proposal) => ProposalKind::Policy {
            policy: policy_of(proposal.extensions()),
            others: has_others(proposal.extensions(), before.extensions()),
        },
        Proposal::SelfRemove => ProposalKind::SelfRemove,
        Proposal::ExternalInit(_) => ProposalKind::ExternalInit,
        Proposal::ReInit(_) => ProposalKind::ReInit,
        other => ProposalKind::Other(other.proposal_type().into()),
    };
    ProposalView { sender, kind }
}

/// Stands for any id of a pre-shared key but the meeting's own.
const NO_ID: &[u8] = &[];

/// Returns the id in a proposal of an external pre-shared key. The library shows it only in its written form.
fn external_psk_id(proposal: &PreSharedKeyProposal) -> Option<Vec<u8>> {
    let written = proposal.tls_serialize_detached().ok()?;
    let id = PreSharedKeyId::tls_deserialize_exact_bytes(&written).ok()?;
    match id.psk() {
        Psk::External(external) => Some(external.psk_id().to_vec()),
        _ => None,
    }
}

/// Returns the leaves of the tree that a commit leads to.
pub fn leaves_after<'a>(
    before: &'a [Member],
    sender: &Sender,
    commit: &'a StagedCommit,
) -> Vec<LeafView<'a>> {
    let mut leaves: Vec<LeafView<'a>> = before.iter().map(member_view).collect();
    for queued in commit.queued_proposals() {
        let gone = match (queued.proposal(), queued.sender()) {
            (Proposal::Remove(remove), _) => remove.removed().u32(),
            (Proposal::SelfRemove, Sender::Member(index)) => index.u32(),
            _ => continue,
        };
        leaves.retain(|leaf| leaf.index != gone);
    }
    let path_leaf = commit.update_path_leaf_node();
    let added = commit.add_proposals().count();
    let mut newcomers: Vec<&LeafNode> = Vec::with_capacity(added + 1);
    for queued in commit.queued_proposals() {
        if let Proposal::Add(add) = queued.proposal() {
            newcomers.push(add.key_package().leaf_node());
        }
    }
    if matches!(sender, Sender::NewMemberCommit) {
        newcomers.extend(path_leaf);
    }
    for node in newcomers {
        let free = (0..).find(|index| leaves.iter().all(|leaf| leaf.index != *index)).unwrap_or(u32::MAX);
        leaves.push(leaf_view(free, node));
    }
    if let (Sender::Member(index), Some(node)) = (sender, path_leaf)
        && let Some(own) = leaves.iter_mut().find(|leaf| leaf.index == index.u32())
    {
        *own = leaf_view(index.u32(), node);
    }
    leaves.sort_by_key(|leaf| leaf.index);
    leaves
}
