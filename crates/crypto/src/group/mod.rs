//! A meeting's MLS group as one device holds it (RFC 9420), behind the only door through which it can change.
//!
//! ```text
//!   bytes from the server ──► ingest ──► library: signatures, epoch, RFC rules
//!                                            │
//!          own commit, accepted ──► confirm ─┤
//!                                            ▼
//!                            1. check_transition   the proposals and who makes them
//!                            2. check_tree         every leaf of the tree this leads to
//!                            3. the next epoch's receive keys
//!                            4. merge              private to `judge`, nowhere else
//! ```
//!
//! Joining (`join.rs`) runs `check_tree` on what is offered before there is a group at all. A refused
//! commit leaves the group in its old epoch and says why; there is no way to make the group anew on the server's word.
//!
//! Randomness and key material of MLS are the library's; the group lives in memory only.

mod commit;
mod join;
mod provider;

use openmls::{
    framing::{MlsMessageBodyIn, MlsMessageIn, ProcessedMessageContent, ProtocolMessage, Sender, WireFormat},
    group::{MlsGroup, StagedCommit},
    messages::proposals::Proposal,
};
use openmls_traits::OpenMlsProvider as _;
use sabha_admission::{Member, Policy, Roster, TreeView, Violation, check_transition, check_tree};
use sabha_delivery::translate;
use sabha_protocol::{
    DeviceKey, GroupEpoch, MeetingId,
    device::{BaseKey, MediaLeaf},
    opaque::{GroupInfo, RatchetTree},
};
use tls_codec::{DeserializeBytes as _, Serialize as _};

pub use commit::{Bundle, Changes};
pub use join::{Applicant, Candidate};
pub use provider::{DeviceSigner, Provider};

/// Label of the exporter for SFrame base keys (RFC 9605 section 5.2).
const BASE_KEY_LABEL: &str = "SFrame 1.0 Base Key";
const BASE_KEY_BYTES: usize = 16;

/// Epochs of which application messages can still be read: they may be overtaken by a commit on their way.
const PAST_EPOCHS: usize = 3;
/// Epochs ahead of the own of which application messages may yet be read. More than a meeting makes in the minute for which a
/// lost connection is waited for: people come in by up to 16 in one commit.
const EPOCHS_AHEAD: u64 = 16;

/// Why a message, a commit or a group that was offered is not taken. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reject {
    /// It breaks a rule of admission.
    #[error("a rule of admission is broken ({})", .0.id())]
    Admission(#[source] Violation),
    /// It is said in an epoch whose commit is not here yet, and can be read once it is.
    #[error("the message is of an epoch to come")]
    Early(GroupEpoch),
    /// The library refuses it: not MLS, not this group, not this epoch, or a signature or tag that does not hold.
    #[error("this is no message of the group")]
    Invalid,
    /// The server offered another group than it should have.
    #[error("the group is not the meeting's")]
    WrongGroup,
    /// Asked for what is not possible now, such as a second commit at once. Never caused by others.
    #[error("not now")]
    Misuse,
}

impl From<Violation> for Reject {
    fn from(violation: Violation) -> Self {
        Self::Admission(violation)
    }
}

/// What came of a message.
#[derive(Debug)]
pub enum Ingested {
    /// Somebody said something.
    Application {
        /// Who, as the library has authenticated.
        from: DeviceKey,
        /// What.
        bytes: Vec<u8>,
    },
    /// The group is in its next epoch.
    Epoch(EpochChange),
    /// Somebody proposes to leave.
    Proposal,
}

/// A step of the group.
#[derive(Debug)]
pub struct EpochChange {
    /// The epoch now.
    pub epoch: GroupEpoch,
    /// Who made it.
    pub committer: DeviceKey,
    /// Who came in.
    pub added: Vec<Member>,
    /// Who is out, and how.
    pub removed: Vec<Departure>,
    /// Whether this device is out, and how.
    pub removed_me: Option<Exit>,
    /// Whether the policy is a new one.
    pub policy_changed: bool,
    /// For frames of the new epoch; absent if this device is out.
    pub keys: Option<EpochKeys>,
}

/// Somebody who is out.
#[derive(Debug)]
pub struct Departure {
    /// Who.
    pub member: Member,
    /// How.
    pub exit: Exit,
}

/// How somebody came out of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// A host removed it and banned its device.
    Banned,
    /// A host took its leaf away since it was not seen any more; with its grant it may come back.
    Dropped,
    /// It left, or came in anew on another leaf.
    Left,
    /// A host made its grant void: it may be let in anew.
    SentBack,
}

/// What frames of one epoch need.
#[derive(Debug)]
pub struct EpochKeys {
    /// The epoch.
    pub epoch: GroupEpoch,
    /// Its SFrame base key.
    pub base_key: RedactedKey,
    /// The own leaf.
    pub own_leaf: u32,
    /// The others.
    pub leaves: Vec<MediaLeaf>,
}

/// A base key that is not printed.
#[derive(Clone)]
pub struct RedactedKey(pub BaseKey);

impl std::fmt::Debug for RedactedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(redacted)")
    }
}

/// The group of one device.
pub struct Group {
    pub(super) mls: MlsGroup,
    pub(super) provider: Provider,
    pub(super) signer: DeviceSigner,
    pub(super) meeting: MeetingId,
    pub(super) roster: Roster,
}

/// A commit that is about to be merged: somebody's, or the own one that the server has accepted.
enum Staged {
    Own,
    Others(Box<StagedCommit>),
}

impl Group {
    /// Returns the epoch the group is in.
    pub fn epoch(&self) -> GroupEpoch {
        GroupEpoch(self.mls.epoch().as_u64())
    }

    /// Returns everybody in the group, each with a host's signature that was checked.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Returns the own device.
    pub fn me(&self) -> DeviceKey {
        self.signer.device()
    }

    /// Returns the own leaf's index.
    pub fn own_leaf(&self) -> u32 {
        self.mls.own_leaf_index().u32()
    }

    /// Returns `confirmed_transcript_hash` of the epoch (RFC 9420 section 8.2): equal for all who agree on every
    /// commit so far.
    pub fn transcript_hash(&self) -> [u8; 32] {
        hash32(self.mls.public_group().group_context().confirmed_transcript_hash())
    }

    /// Returns the hash of the tree (RFC 9420 section 7.8).
    pub fn tree_hash(&self) -> [u8; 32] {
        hash32(self.mls.public_group().group_context().tree_hash())
    }

    /// Returns the epoch authenticator (RFC 9420 section 8.7), from which the verification code is made.
    pub fn epoch_authenticator(&self) -> Vec<u8> {
        self.mls.epoch_authenticator().as_slice().to_vec()
    }

    /// Returns what frames of this epoch need.
    pub fn keys(&self) -> EpochKeys {
        let secret = self.mls.export_secret(self.provider.crypto(), BASE_KEY_LABEL, &[], BASE_KEY_BYTES);
        let secret = secret.expect("an active group exports 16 bytes");
        epoch_keys(self.epoch(), secret, &self.roster, self.me())
    }

    /// Returns what a server needs to take the group back after a restart: signed GroupInfo and tree.
    ///
    /// # Errors
    /// [`Reject::Misuse`] if this device is out of the group.
    pub fn state(&self) -> Result<(GroupInfo, RatchetTree), Reject> {
        let info = self
            .mls
            .export_group_info(self.provider.crypto(), &self.signer, false)
            .map_err(|_| Reject::Misuse)?
            .to_bytes()
            .map_err(|_| Reject::Misuse)?;
        let tree = self.mls.export_ratchet_tree().tls_serialize_detached().map_err(|_| Reject::Misuse)?;
        Ok((
            GroupInfo::try_from(info).map_err(|_| Reject::Misuse)?,
            RatchetTree::try_from(tree).map_err(|_| Reject::Misuse)?,
        ))
    }

    /// Takes a message from the server: the one way in for everything that others say in the group.
    ///
    /// # Errors
    /// Any [`Reject`]. The group stays as it is; the caller raises an alarm, stops sending and waits for a host's
    /// heartbeat, and does nothing else on the server's word.
    pub fn ingest(&mut self, bytes: &[u8], now_ms: u64) -> Result<Ingested, Reject> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes).map_err(|_| Reject::Invalid)?;
        let is_private = matches!(message.wire_format(), WireFormat::PrivateMessage);
        let message = match message.extract() {
            MlsMessageBodyIn::PrivateMessage(message) => message.into(),
            MlsMessageBodyIn::PublicMessage(message) => ProtocolMessage::from(message),
            _ => return Err(Reject::Invalid),
        };
        self.check_epoch(&message, is_private)?;
        let processed = self.mls.process_message(&self.provider, message).map_err(|_| Reject::Invalid)?;
        // From the library's check of the signature, never from the payload.
        let sender = processed.sender().clone();
        let grant = processed.credential().serialized_content().to_vec();
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) if is_private => {
                let from = self.speaker(&sender, &grant).ok_or(Reject::Invalid)?;
                Ok(Ingested::Application { from, bytes: message.into_bytes() })
            }
            ProcessedMessageContent::ProposalMessage(queued) if !is_private => {
                // Proposals by reference are only for leaving; whatever else stands in a commit itself.
                let context = self.mls.public_group().group_context().clone();
                let view = translate::proposal_view(&queued, &context, &self.meeting);
                sabha_admission::check_proposal(&self.roster, &view, now_ms)?;
                if !matches!(queued.proposal(), Proposal::SelfRemove) {
                    return Err(Reject::Invalid);
                }
                self.mls
                    .store_pending_proposal(self.provider.storage(), *queued)
                    .map_err(|_| Reject::Misuse)?;
                Ok(Ingested::Proposal)
            }
            ProcessedMessageContent::StagedCommitMessage(staged) if !is_private => {
                self.judge(&sender, Staged::Others(staged), now_ms).map(Ingested::Epoch)
            }
            ProcessedMessageContent::OwnPendingCommit if !is_private => {
                self.confirm(now_ms).map(Ingested::Epoch)
            }
            _ => Err(Reject::Invalid),
        }
    }

    /// Refuses a message of another group or epoch before the library does, which logs it as an error and does not say
    /// whether it may be read later.
    fn check_epoch(&self, message: &ProtocolMessage, is_private: bool) -> Result<(), Reject> {
        let (epoch, own) = (message.epoch().as_u64(), self.epoch().0);
        if message.group_id() != self.mls.group_id() {
            return Err(Reject::Invalid);
        }
        // What changes the group is of this epoch (RFC 9420 section 12.4.2); what is said in it may be late or early.
        let (oldest, newest) = match is_private {
            true => (own.saturating_sub(PAST_EPOCHS as u64), own.saturating_add(EPOCHS_AHEAD)),
            false => (own, own),
        };
        match epoch {
            _ if epoch < oldest || epoch > newest => Err(Reject::Invalid),
            _ if epoch > own => Err(Reject::Early(GroupEpoch(epoch))),
            _ => Ok(()),
        }
    }

    /// Takes what is said in the group, and nothing else: no change of the group comes this way.
    ///
    /// # Errors
    /// As [`ingest`](Self::ingest); [`Reject::Early`] for what should be given in again after the next commit.
    pub fn ingest_words(&mut self, bytes: &[u8], now_ms: u64) -> Result<Ingested, Reject> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes).map_err(|_| Reject::Invalid)?;
        if message.wire_format() != WireFormat::PrivateMessage {
            return Err(Reject::Invalid);
        }
        self.ingest(bytes, now_ms)
    }

    /// Merges the own commit, which the server has accepted as the epoch's.
    ///
    /// # Errors
    /// [`Reject::Misuse`] if there is none; [`Reject::Admission`] if it is no longer allowed.
    pub fn confirm(&mut self, now_ms: u64) -> Result<EpochChange, Reject> {
        self.judge(&Sender::Member(self.mls.own_leaf_index()), Staged::Own, now_ms)
    }

    /// The chokepoint: judges a commit and, only if every rule holds, merges it. Nothing else merges.
    fn judge(&mut self, sender: &Sender, staged: Staged, now_ms: u64) -> Result<EpochChange, Reject> {
        let before: Vec<_> = self.mls.members().collect();
        let context = self.mls.public_group().group_context().clone();
        let commit: &StagedCommit = match &staged {
            Staged::Own => self.mls.pending_commit().ok_or(Reject::Misuse)?,
            Staged::Others(commit) => commit,
        };
        let transition =
            translate::transition(sender, commit, &context, &self.meeting).ok_or(Reject::Invalid)?;
        check_transition(&self.roster, &transition, now_ms)?;
        let leaves = translate::leaves_after(&before, sender, commit);
        self.compare_with_tree(commit, &leaves)?;
        let view = TreeView {
            meeting: self.meeting,
            suite: commit.group_context().ciphersuite().into(),
            policy: translate::policy_of(commit.group_context().extensions()),
            leaves,
        };
        let newcomers = self.roster.newcomers(&view);
        let roster = check_tree(&view, Some(&self.roster.policy), &newcomers, now_ms)?;

        let epoch = GroupEpoch(commit.epoch().as_u64());
        let committer = match sender {
            Sender::Member(index) => self.roster.member(index.u32()).map(|member| member.device),
            _ => commit
                .update_path_leaf_node()
                .and_then(|leaf| leaf.signature_key().as_slice().try_into().ok())
                .map(DeviceKey::from_bytes),
        };
        let committer = committer.ok_or(Reject::Invalid)?;
        let removed = departures(commit, sender, &self.roster, &roster.policy);
        let me = self.me();
        let exit = removed.iter().find(|departure| departure.member.device == me);
        let removed_me = commit.self_removed().then(|| exit.map_or(Exit::Left, |departure| departure.exit));
        let keys = if removed_me.is_some() {
            None
        } else {
            let secret = commit
                .export_secret(self.provider.crypto(), BASE_KEY_LABEL, &[], BASE_KEY_BYTES)
                .map_err(|_| Reject::Invalid)?;
            Some(epoch_keys(epoch, secret, &roster, me))
        };
        let added = roster
            .members
            .iter()
            .filter(|member| {
                newcomers.contains(&member.index) || self.roster.member_of(&member.device).is_none()
            })
            .cloned()
            .collect();
        let policy_changed = roster.policy != self.roster.policy;

        match staged {
            Staged::Own => self.mls.merge_pending_commit(&self.provider).map_err(|_| Reject::Misuse)?,
            Staged::Others(commit) => {
                self.mls.merge_staged_commit(&self.provider, *commit).map_err(|_| Reject::Misuse)?;
            }
        }
        self.roster = roster;
        Ok(EpochChange { epoch, committer, added, removed, removed_me, policy_changed, keys })
    }

    /// Compares the leaves that were worked out from the proposals with the tree that the library has staged.
    fn compare_with_tree(
        &self,
        commit: &StagedCommit,
        leaves: &[sabha_admission::LeafView<'_>],
    ) -> Result<(), Reject> {
        let tree = commit
            .export_ratchet_tree(self.provider.crypto(), self.mls.export_ratchet_tree())
            .map_err(|_| Reject::Invalid)?;
        // Who is removed cannot see the tree any more.
        let Some(tree) = tree else { return Ok(()) };
        let staged = tree
            .leaves()
            .map(|leaf| (leaf.signature_key().as_slice(), leaf.credential().serialized_content()));
        if staged.eq(leaves.iter().map(|leaf| (leaf.signature_key, leaf.credential))) {
            Ok(())
        } else {
            Err(Reject::Invalid)
        }
    }

    /// Returns who spoke, if that member is still in. A word may be of an earlier epoch, in which the same leaf was
    /// somebody else's: the credential is that of the sender's own epoch.
    fn speaker(&self, sender: &Sender, grant: &[u8]) -> Option<DeviceKey> {
        let Sender::Member(index) = sender else { return None };
        self.roster
            .member(index.u32())
            .filter(|member| member.grant.to_bytes() == grant)
            .map(|member| member.device)
    }
}

fn departures(commit: &StagedCommit, sender: &Sender, before: &Roster, policy: &Policy) -> Vec<Departure> {
    commit
        .queued_proposals()
        .filter_map(|queued| {
            let (index, by_host) = match (queued.proposal(), queued.sender()) {
                (Proposal::Remove(remove), _) => {
                    (remove.removed().u32(), !matches!(sender, Sender::NewMemberCommit))
                }
                (Proposal::SelfRemove, Sender::Member(index)) => (index.u32(), false),
                _ => return None,
            };
            let member = before.member(index)?.clone();
            let exit = match by_host {
                true if policy.conduct.banned.contains(&member.device) => Exit::Banned,
                true if member.is_void(policy) => Exit::SentBack,
                true => Exit::Dropped,
                false => Exit::Left,
            };
            Some(Departure { member, exit })
        })
        .collect()
}

fn epoch_keys(epoch: GroupEpoch, secret: Vec<u8>, roster: &Roster, me: DeviceKey) -> EpochKeys {
    let base_key = secret.try_into().expect("the exporter returns as many bytes as it is asked for");
    EpochKeys {
        epoch,
        base_key: RedactedKey(BaseKey::from_bytes(base_key)),
        own_leaf: roster.member_of(&me).map_or(u32::MAX, |member| member.index),
        leaves: roster.members.iter().filter(|member| member.device != me).map(media_leaf).collect(),
    }
}

fn media_leaf(member: &Member) -> MediaLeaf {
    MediaLeaf { leaf: member.index, device: member.device, allowed: member.capabilities.sources() }
}

/// The transcript of epoch 0 is empty (RFC 9420 section 8.2): zeros stand for it.
fn hash32(bytes: &[u8]) -> [u8; 32] {
    if bytes.is_empty() {
        return [0; 32];
    }
    bytes.try_into().expect("both suites hash with SHA-256")
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
