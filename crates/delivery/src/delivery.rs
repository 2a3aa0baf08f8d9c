//! One meeting's group as its delivery service sees it.

use std::collections::{BTreeSet, VecDeque};

use openmls::{
    framing::{MlsMessageBodyIn, MlsMessageIn, ProcessedMessageContent, ProtocolMessage, Sender},
    group::{GroupContext, PublicGroup, StagedCommit},
    messages::{group_info::VerifiableGroupInfo, proposals::Proposal},
    prelude::{ProposalStore, RatchetTreeIn},
};
use openmls_memory_storage::MemoryStorage;
use sabha_admission::{
    Conduct, Expectation, Policy, Roster, SignedGrant, SignedHeartbeat, TreeView, Violation,
    check_transition, check_tree, controls::Decision,
};
use sabha_protocol::{
    DeviceKey, GroupEpoch, MediaState, MeetingId, Rule,
    limits::{HANDSHAKES_KEPT_BYTES_MAX, HANDSHAKES_KEPT_MAX},
    opaque::{GrantBytes, GroupInfo, HandshakeMessage, HeartbeatBytes, RatchetTree},
};
use tls_codec::{DeserializeBytes as _, Serialize as _};

use crate::{Reject, VerifyOnly, translate};

/// A meeting's group: what is public of it, and the handshakes of late.
///
/// One commit moves an epoch to the next: [`commit`](Self::commit) takes the first that is valid and refuses all others for
/// the same epoch. There is no operation that makes a group anew: [`adopt`](Self::adopt) only goes forward, to a
/// state that a host's heartbeat certifies.
pub struct Delivery {
    meeting: MeetingId,
    group: PublicGroup,
    /// The same group in the library's own form, from which it can be read anew: its type cannot be cloned.
    stored: MemoryStorage,
    group_info: GroupInfo,
    roster: Roster,
    kept: VecDeque<Missed>,
    kept_bytes: usize,
    /// The highest heartbeat seen at an adoption; an older one does not move the group.
    adopted_heartbeat: u64,
}

/// A device in the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Which.
    pub device: DeviceKey,
    /// Whether the policy makes it a host.
    pub host: bool,
    /// What it may send.
    pub allowed: MediaState,
}

/// What a commit or an adoption changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The epoch now.
    pub epoch: GroupEpoch,
    /// Everybody who is in the group now.
    pub members: Vec<Member>,
    /// Who came in.
    pub added: Vec<DeviceKey>,
    /// Who is out, and how.
    pub removed: Vec<(DeviceKey, Removal)>,
}

/// How a leaf came out of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// A host removed it and banned its device.
    ByHost,
    /// A host took it away since it was not seen any more; with its grant the device may come back.
    Dropped,
    /// It proposed to leave.
    Left,
    /// Its device came in anew.
    Replaced,
    /// A host made its grant void and did not ban its device, which may be let in anew.
    SentBack,
}

/// A handshake that was passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The epoch it starts from.
    pub epoch: GroupEpoch,
    /// Who sent it.
    pub from: DeviceKey,
    /// The message.
    pub message: HandshakeMessage,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("meeting", &self.meeting)
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}

impl Delivery {
    /// Opens a meeting's group from what its creator or a member offers: signed GroupInfo and tree.
    ///
    /// # Errors
    /// [`Reject::Malformed`] if the two are not one valid group of this meeting, [`Reject::Admission`] if a leaf or
    /// the policy breaks a rule. The caller decides whether the epoch is one to begin with.
    pub fn open(
        meeting: MeetingId,
        group_info: &GroupInfo,
        tree: &RatchetTree,
        now_ms: u64,
    ) -> Result<Self, Reject> {
        let (group, stored) = read_group(meeting, group_info, tree)?;
        let roster = {
            let members: Vec<_> = group.members().collect();
            let view = translate::tree_view(meeting, group.group_context(), &members);
            // At the start everybody is new; of a group that has grown, the grants may have run out since.
            let added: Vec<u32> =
                if group.group_context().epoch().as_u64() == 0 { all(&view) } else { Vec::new() };
            check_tree(&view, None, &added, now_ms)?
        };
        Ok(Self {
            meeting,
            group,
            stored,
            group_info: group_info.clone(),
            roster,
            kept: VecDeque::new(),
            kept_bytes: 0,
            adopted_heartbeat: 0,
        })
    }

    /// Returns the epoch the group is in.
    pub fn epoch(&self) -> GroupEpoch {
        epoch_of(self.group.group_context())
    }

    /// Returns everybody in the group, in the order of the leaves.
    pub fn members(&self) -> Vec<Member> {
        self.roster.members.iter().map(member).collect()
    }

    /// Returns whether a device is in the group.
    pub fn is_member(&self, device: &DeviceKey) -> bool {
        self.roster.member_of(device).is_some()
    }

    /// Returns whether the policy lets nobody new in.
    pub fn locked(&self) -> bool {
        self.roster.policy.locked_at_ms.is_some()
    }

    /// Returns how the meeting is conducted, as a host has signed it.
    pub fn conduct(&self) -> &Conduct {
        &self.roster.policy.conduct
    }

    /// Returns the epoch, and what a device needs to join it from outside.
    pub fn state(&self) -> (GroupEpoch, GroupInfo, RatchetTree) {
        (self.epoch(), self.group_info.clone(), self.tree())
    }

    /// Returns the group's tree.
    ///
    /// # Panics
    /// If the tree has outgrown its bound, which a room's bound forbids; the room ends then.
    pub fn tree(&self) -> RatchetTree {
        let tree = self.group.export_ratchet_tree().tls_serialize_detached();
        let tree = tree.expect("a tree that was read can be written");
        RatchetTree::try_from(tree).expect("the trees of commits are measured before they are merged")
    }

    /// Returns the handshakes since an epoch in their order, or `None` if they are no longer all kept.
    pub fn missed(&self, since: GroupEpoch) -> Option<Vec<Missed>> {
        if since > self.epoch() {
            return None;
        }
        let first = self.kept.front().map_or(self.epoch(), |first| first.epoch);
        if since < first {
            return None;
        }
        Some(self.kept.iter().filter(|missed| missed.epoch >= since).cloned().collect())
    }

    /// Returns the control by which a grant lets nobody in.
    fn refused_entry(&self, grant: &[u8]) -> Option<Rule> {
        let grant = SignedGrant::from_bytes(grant).ok()?;
        match self.roster.policy.entry(&grant) {
            Decision::Allowed => None,
            Decision::Refused { by } => by.rule(),
        }
    }

    /// Decides whether a grant lets a device into this group.
    ///
    /// # Errors
    /// [`Reject::Admission`]; [`Reject::Control`] where the controls do not let anybody in that way; [`Reject::Invite`] where an invite is genuine and over, void, in use, or not enough by policy;
    /// [`Reject::NotYours`] if it is another device's.
    pub fn check_grant(&self, device: &DeviceKey, grant: &GrantBytes, now_ms: u64) -> Result<(), Reject> {
        let bytes = grant.as_bytes();
        let grant = self.roster.check_grant(bytes, now_ms).map_err(|violation| match violation {
            // Found only after both signatures.
            Violation::Entry | Violation::Expired | Violation::InviteOverused | Violation::Revoked
                if is_by_invite(bytes) =>
            {
                Reject::Invite(violation)
            }
            Violation::Entry => self.refused_entry(bytes).map_or(violation.into(), Reject::Control),
            _ => violation.into(),
        })?;
        if grant.subject == *device { Ok(()) } else { Err(Reject::NotYours) }
    }

    /// Takes a proposal to leave, for somebody to commit. The same one again changes nothing.
    ///
    /// # Errors
    /// Any [`Reject`]; only a SelfRemove may be proposed, and by each member one in an epoch.
    pub fn propose(
        &mut self,
        from: &DeviceKey,
        epoch: GroupEpoch,
        proposal: HandshakeMessage,
    ) -> Result<(), Reject> {
        self.check_epoch(epoch)?;
        let message = read_handshake(&proposal)?;
        let processed = self.group.process_message(&VerifyOnly, message).map_err(|_| Reject::Malformed)?;
        let sender = processed.sender().clone();
        let ProcessedMessageContent::ProposalMessage(queued) = processed.into_content() else {
            return Err(Reject::Malformed);
        };
        if self.device_at(&sender) != Some(*from) {
            return Err(Reject::NotYours);
        }
        if !matches!(queued.proposal(), Proposal::SelfRemove) {
            return Err(Reject::Malformed);
        }
        // One wish to leave is enough in an epoch, and what is kept would not be bounded by the number of members.
        match self.kept.iter().find(|kept| kept.epoch == epoch && kept.from == *from) {
            Some(kept) if kept.message == proposal => return Ok(()),
            Some(_) => return Err(Reject::Malformed),
            None => {}
        }
        self.group.add_proposal(&self.stored, *queued).map_err(|_| Reject::Malformed)?;
        self.keep(Missed { epoch, from: *from, message: proposal });
        Ok(())
    }

    /// Takes the first valid commit for the epoch the group is in, and moves it to the next.
    ///
    /// # Errors
    /// Any [`Reject`].
    pub fn commit(
        &mut self,
        from: &DeviceKey,
        epoch: GroupEpoch,
        commit: HandshakeMessage,
        group_info: GroupInfo,
        now_ms: u64,
    ) -> Result<Change, Reject> {
        self.check_epoch(epoch)?;
        let message = read_handshake(&commit)?;
        let processed = self.group.process_message(&VerifyOnly, message).map_err(|_| Reject::Malformed)?;
        let sender = processed.sender().clone();
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return Err(Reject::Malformed);
        };
        let committer = match &sender {
            Sender::NewMemberCommit => {
                staged.update_path_leaf_node().and_then(|leaf| key_of(leaf.signature_key().as_slice()))
            }
            member => self.device_at(member),
        };
        if committer != Some(*from) {
            return Err(Reject::NotYours);
        }
        let transition = translate::transition(&sender, &staged, self.group.group_context(), &self.meeting)
            .ok_or(Reject::Malformed)?;
        check_transition(&self.roster, &transition, now_ms)?;

        let before: Vec<_> = self.group.members().collect();
        let roster = {
            let view = TreeView {
                meeting: self.meeting,
                suite: staged.group_context().ciphersuite().into(),
                policy: translate::policy_of(staged.group_context().extensions()),
                leaves: translate::leaves_after(&before, &sender, &staged),
            };
            let added = self.roster.newcomers(&view);
            check_tree(&view, Some(&self.roster.policy), &added, now_ms)?
        };
        let removals = removals(&staged, &sender, &self.roster, &roster.policy);
        let next = self.after(*staged, &group_info)?;

        // The tree that was judged is the tree that is merged.
        let merged: Vec<_> =
            next.0.members().map(|member| (member.index.u32(), member.signature_key)).collect();
        let judged: Vec<_> =
            roster.members.iter().map(|member| (member.index, member.device.as_bytes().to_vec())).collect();
        if merged != judged {
            return Err(Reject::Malformed);
        }

        let change = self.move_to(next, group_info, roster, removals);
        self.keep(Missed { epoch, from: *from, message: commit });
        Ok(change)
    }

    /// Goes forward to a state of the group that a member brings after a restart of the server, if a host's
    /// heartbeat certifies it.
    ///
    /// # Errors
    /// [`Reject::Stale`] if it is not newer, [`Reject::Uncertified`], or what [`Delivery::open`] finds.
    pub fn adopt(
        &mut self,
        group_info: GroupInfo,
        tree: &RatchetTree,
        heartbeat: &HeartbeatBytes,
        now_ms: u64,
    ) -> Result<Change, Reject> {
        let offered = Self::open(self.meeting, &group_info, tree, now_ms)?;
        if offered.epoch() <= self.epoch() {
            return Err(Reject::Stale { current: self.epoch() });
        }
        // The policy only goes forward, whoever certifies.
        if offered.roster.policy.version < self.roster.policy.version {
            return Err(Reject::Uncertified);
        }
        let heartbeat = SignedHeartbeat::from_bytes(heartbeat.as_bytes()).map_err(|_| Reject::Malformed)?;
        let context = offered.group.group_context();
        let expected = Expectation {
            epoch: offered.epoch().0,
            transcript_hash: hash32(context.confirmed_transcript_hash())?,
            tree_hash: hash32(context.tree_hash())?,
            previous: None,
        };
        heartbeat.check(&offered.roster, &expected).map_err(|_| Reject::Uncertified)?;
        if heartbeat.time_ms <= self.adopted_heartbeat {
            return Err(Reject::Uncertified);
        }
        self.adopted_heartbeat = heartbeat.time_ms;
        let gone: Vec<_> = self
            .roster
            .members
            .iter()
            .filter(|member| offered.roster.member_of(&member.device).is_none())
            .map(|member| (member.device, Removal::Left))
            .collect();
        // Nothing is kept of the epochs between.
        self.kept.clear();
        self.kept_bytes = 0;
        Ok(self.move_to((offered.group, offered.stored), group_info, offered.roster, gone))
    }

    fn check_epoch(&self, epoch: GroupEpoch) -> Result<(), Reject> {
        let current = self.epoch();
        if epoch == current { Ok(()) } else { Err(Reject::Stale { current }) }
    }

    fn device_at(&self, sender: &Sender) -> Option<DeviceKey> {
        let Sender::Member(index) = sender else { return None };
        Some(self.roster.member(index.u32())?.device)
    }

    /// Returns the group after a commit, if the GroupInfo is of that group. The group in use is not touched.
    fn after(
        &self,
        staged: StagedCommit,
        group_info: &GroupInfo,
    ) -> Result<(PublicGroup, MemoryStorage), Reject> {
        let copy = PublicGroup::load(&self.stored, self.group.group_id()).map_err(|_| Reject::Malformed)?;
        let mut next = copy.ok_or(Reject::Malformed)?;
        next.merge_commit(&MemoryStorage::default(), staged).map_err(|_| Reject::Malformed)?;
        let tree = next.export_ratchet_tree().tls_serialize_detached().map_err(|_| Reject::Malformed)?;
        let tree = RatchetTree::try_from(tree).map_err(|_| Reject::Malformed)?;
        // Reading the two together checks the signature on the GroupInfo and the hash of the tree in it.
        let (offered, stored) = read_group(self.meeting, group_info, &tree).map_err(|_| Reject::GroupInfo)?;
        if offered.group_context() != next.group_context()
            || offered.confirmation_tag() != next.confirmation_tag()
        {
            return Err(Reject::GroupInfo);
        }
        Ok((offered, stored))
    }

    fn move_to(
        &mut self,
        (group, stored): (PublicGroup, MemoryStorage),
        group_info: GroupInfo,
        roster: Roster,
        removed: Vec<(DeviceKey, Removal)>,
    ) -> Change {
        let before: BTreeSet<DeviceKey> = self.roster.members.iter().map(|member| member.device).collect();
        let added = roster
            .members
            .iter()
            .map(|member| member.device)
            .filter(|device| !before.contains(device))
            .collect();
        (self.group, self.stored) = (group, stored);
        (self.group_info, self.roster) = (group_info, roster);
        Change { epoch: self.epoch(), members: self.members(), added, removed }
    }

    fn keep(&mut self, missed: Missed) {
        self.kept_bytes += missed.message.as_bytes().len();
        self.kept.push_back(missed);
        while self.kept.len() > HANDSHAKES_KEPT_MAX || self.kept_bytes > HANDSHAKES_KEPT_BYTES_MAX {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.kept_bytes -= oldest.message.as_bytes().len();
            // An epoch of which the first handshake is gone cannot be made up for.
            while self.kept.front().is_some_and(|next| next.epoch == oldest.epoch) {
                let Some(next) = self.kept.pop_front() else { break };
                self.kept_bytes -= next.message.as_bytes().len();
            }
        }
    }
}

fn member(member: &sabha_admission::Member) -> Member {
    Member { device: member.device, host: member.is_host(), allowed: member.capabilities.sources() }
}

/// Returns who comes out of the group by a commit.
fn removals(
    staged: &StagedCommit,
    sender: &Sender,
    before: &Roster,
    policy: &Policy,
) -> Vec<(DeviceKey, Removal)> {
    staged
        .queued_proposals()
        .filter_map(|queued| match (queued.proposal(), queued.sender()) {
            (Proposal::Remove(remove), _) => {
                let member = before.member(remove.removed().u32())?;
                let how = match sender {
                    Sender::NewMemberCommit => Removal::Replaced,
                    _ if policy.conduct.banned.contains(&member.device) => Removal::ByHost,
                    _ if member.is_void(policy) => Removal::SentBack,
                    _ => Removal::Dropped,
                };
                Some((member.device, how))
            }
            (Proposal::SelfRemove, Sender::Member(index)) => {
                Some((before.member(index.u32())?.device, Removal::Left))
            }
            _ => None,
        })
        .collect()
}

fn read_handshake(message: &HandshakeMessage) -> Result<ProtocolMessage, Reject> {
    let message =
        MlsMessageIn::tls_deserialize_exact_bytes(message.as_bytes()).map_err(|_| Reject::Malformed)?;
    match message.extract() {
        // Handshakes travel as PublicMessage, so that they can be checked on the way.
        MlsMessageBodyIn::PublicMessage(message) => Ok(message.into()),
        _ => Err(Reject::Malformed),
    }
}

fn read_group(
    meeting: MeetingId,
    group_info: &GroupInfo,
    tree: &RatchetTree,
) -> Result<(PublicGroup, MemoryStorage), Reject> {
    let group_info = read_group_info(group_info)?;
    if group_info.group_id().as_slice() != meeting.as_bytes() {
        return Err(Reject::Malformed);
    }
    let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes()).map_err(|_| Reject::Malformed)?;
    let storage = MemoryStorage::default();
    let (group, _) =
        PublicGroup::from_external(&VerifyOnly, &storage, tree, group_info, ProposalStore::new())
            .map_err(|_| Reject::Malformed)?;
    Ok((group, storage))
}

fn read_group_info(group_info: &GroupInfo) -> Result<VerifiableGroupInfo, Reject> {
    let message =
        MlsMessageIn::tls_deserialize_exact_bytes(group_info.as_bytes()).map_err(|_| Reject::Malformed)?;
    match message.extract() {
        MlsMessageBodyIn::GroupInfo(group_info) => Ok(group_info),
        _ => Err(Reject::Malformed),
    }
}

fn epoch_of(context: &GroupContext) -> GroupEpoch {
    GroupEpoch(context.epoch().as_u64())
}

fn key_of(bytes: &[u8]) -> Option<DeviceKey> {
    bytes.try_into().ok().map(DeviceKey::from_bytes)
}

fn hash32(bytes: &[u8]) -> Result<[u8; 32], Reject> {
    bytes.try_into().map_err(|_| Reject::Malformed)
}

fn all(view: &TreeView<'_>) -> Vec<u32> {
    view.leaves.iter().map(|leaf| leaf.index).collect()
}

fn is_by_invite(grant: &[u8]) -> bool {
    SignedGrant::from_bytes(grant).is_ok_and(|grant| grant.method.is_by_invite())
}
