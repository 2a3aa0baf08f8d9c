//! A second implementation of MLS that watches a group: mls-rs, with the same rules of admission in its own hooks.
//!
//! It shares no line of MLS with OpenMLS, nor the translation of `sabha_delivery::translate`: what `sabha-admission` is
//! shown is made here from mls-rs' types. Where the two implementations let pass different commits, or end up
//! in different groups, one of them (or one of the translations) is wrong.
//!
//! mls-rs knows SelfRemove under another number than OpenMLS, and cannot read ours: after somebody has left, the
//! observer begins anew with the group as it is.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex},
};

use mls_rs::{
    ExtensionList, IdentityProvider, MlsMessage, MlsRules,
    error::IntoAnyError,
    extension::ExtensionType,
    external_client::{
        ExternalClient, ExternalGroup, ExternalReceivedMessage,
        builder::{ExternalBaseConfig, WithCryptoProvider, WithIdentityProvider, WithMlsRules},
    },
    group::{
        CommitEffect, ExportedTree, GroupContext, Member, Roster as MlsRoster, Sender, proposal::Proposal,
    },
    identity::{Credential, CredentialType, SigningIdentity},
    mls_rules::{
        CommitDirection, CommitOptions, CommitSource, EncryptionOptions, ProposalBundle, ProposalInfo,
    },
};
use mls_rs_core::{identity::MemberValidationContext, time::MlsTime};
use mls_rs_crypto_rustcrypto::RustCryptoProvider;
use sabha_admission::{
    Committer, GRANT_CREDENTIAL_TYPE, LeafView, POLICY_EXTENSION_TYPE, ProposalKind, ProposalSender,
    ProposalView, Roster, Transition, TreeView, Violation, check_transition, check_tree,
};
use sabha_protocol::{
    MeetingId,
    opaque::{GroupInfo, HandshakeMessage, RatchetTree},
};

use crate::meeting::NOW;

const REQUIRED_CAPABILITIES: u16 = 3;
const EXTERNAL_SENDERS: u16 = 5;

type Config = WithMlsRules<
    Rules,
    WithIdentityProvider<Rules, WithCryptoProvider<RustCryptoProvider, ExternalBaseConfig>>,
>;

/// A group as mls-rs sees it from outside.
pub(crate) struct Observer {
    meeting: MeetingId,
    group: ExternalGroup<Config>,
    rules: Rules,
    roster: Roster,
}

/// Why the observer does not take a commit.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// By a rule of admission.
    Rule(Violation),
    /// By MLS' own.
    Mls(String),
}

impl Observer {
    /// Begins with a group's state.
    pub(crate) fn new(meeting: MeetingId, info: &GroupInfo, tree: &RatchetTree) -> Result<Self, Refusal> {
        let rules = Rules { meeting, found: Arc::default() };
        let client = ExternalClient::builder()
            .crypto_provider(RustCryptoProvider::default())
            .identity_provider(rules.clone())
            .mls_rules(rules.clone())
            .extension_type(ExtensionType::new(POLICY_EXTENSION_TYPE))
            .build();
        let info = MlsMessage::from_bytes(info.as_bytes()).map_err(|error| rules.refusal(&error))?;
        let tree = ExportedTree::from_bytes(tree.as_bytes()).map_err(|error| rules.refusal(&error))?;
        let group = client.observe_group(info, Some(tree), None).map_err(|error| rules.refusal(&error))?;
        let roster = {
            let members = group.roster().members();
            check_tree(&view(meeting, group.group_context(), &members), None, &[], NOW)
                .map_err(Refusal::Rule)?
        };
        Ok(Self { meeting, group, rules, roster })
    }

    /// Follows a commit, if both MLS and the rules let it pass. Else nothing has changed.
    pub(crate) fn commit(&mut self, commit: &HandshakeMessage) -> Result<(), Refusal> {
        let message =
            MlsMessage::from_bytes(commit.as_bytes()).map_err(|error| self.rules.refusal(&error))?;
        let mut next = self.group.clone();
        let received = next.process_incoming_message(message).map_err(|error| self.rules.refusal(&error))?;
        let ExternalReceivedMessage::Commit(commit) = received else {
            return Err(Refusal::Mls("no commit".to_owned()));
        };
        let CommitEffect::NewEpoch(epoch) = &commit.effect else {
            return Err(Refusal::Mls("no epoch".to_owned()));
        };
        if epoch.epoch != self.epoch() + 1 {
            return Err(Refusal::Mls("not the next epoch".to_owned()));
        }
        let members = next.roster().members();
        // The hook that sees the proposals does not see the leaf of the path.
        if !commit.is_external {
            let own = members.iter().find(|member| member.index == commit.committer);
            let transition = Transition {
                committer: Committer::Member(commit.committer),
                proposals: Vec::new(),
                path_leaf: own.map(member_view),
                suite: next.group_context().cipher_suite.into(),
                external_senders: has(&next.group_context().extensions, EXTERNAL_SENDERS),
            };
            check_transition(&self.roster, &transition, NOW).map_err(Refusal::Rule)?;
        }
        let tree = view(self.meeting, next.group_context(), &members);
        let newcomers = self.roster.newcomers(&tree);
        let roster = check_tree(&tree, Some(&self.roster.policy), &newcomers, NOW).map_err(Refusal::Rule)?;
        (self.group, self.roster) = (next, roster);
        Ok(())
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.group.group_context().epoch
    }

    pub(crate) fn tree_hash(&self) -> &[u8] {
        self.group.tree_hash()
    }

    pub(crate) fn transcript_hash(&self) -> &[u8] {
        self.group.transcript_hash()
    }

    pub(crate) fn roster(&self) -> &Roster {
        &self.roster
    }
}

/// Admission in the form of mls-rs' hooks.
#[derive(Clone)]
struct Rules {
    meeting: MeetingId,
    /// The violation behind the last error: mls-rs wraps errors beyond recognition.
    found: Arc<Mutex<Option<Violation>>>,
}

#[derive(Debug)]
struct Refused(Violation);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for Refused {}

impl IntoAnyError for Refused {
    fn into_dyn_error(self) -> Result<Box<dyn Error + Send + Sync>, Self> {
        Ok(Box::new(self))
    }
}

impl Rules {
    fn refusal(&self, error: &impl fmt::Debug) -> Refusal {
        match self.found.lock().unwrap().take() {
            Some(violation) => Refusal::Rule(violation),
            None => Refusal::Mls(format!("{error:?}")),
        }
    }

    fn note<T>(&self, result: Result<T, Violation>) -> Result<T, Refused> {
        result.map_err(|violation| {
            *self.found.lock().unwrap() = Some(violation);
            Refused(violation)
        })
    }
}

impl IdentityProvider for Rules {
    type Error = Refused;

    /// One leaf alone: a group of which it is the only member must be sound.
    fn validate_member(
        &self,
        identity: &SigningIdentity,
        _: Option<MlsTime>,
        context: MemberValidationContext<'_>,
    ) -> Result<(), Refused> {
        let (current, extensions) = match &context {
            MemberValidationContext::ForCommit { current_context, new_extensions } => {
                (current_context, *new_extensions)
            }
            MemberValidationContext::ForNewGroup { current_context } => {
                (current_context, &current_context.extensions)
            }
            _ => return self.note(Err(Violation::PolicyMissing)),
        };
        let policy = policy_of(extensions);
        let tree = TreeView {
            meeting: self.meeting,
            suite: current.cipher_suite.into(),
            policy: policy.as_deref(),
            leaves: vec![leaf_view(0, identity)],
        };
        self.note(check_tree(&tree, None, &[], NOW).map(|_| ()))
    }

    fn validate_external_sender(
        &self,
        _: &SigningIdentity,
        _: Option<MlsTime>,
        _: Option<&ExtensionList>,
    ) -> Result<(), Refused> {
        self.note(Err(Violation::Extension))
    }

    fn identity(&self, identity: &SigningIdentity, _: &ExtensionList) -> Result<Vec<u8>, Refused> {
        Ok(identity.signature_key.to_vec())
    }

    fn valid_successor(
        &self,
        before: &SigningIdentity,
        after: &SigningIdentity,
        _: &ExtensionList,
    ) -> Result<bool, Refused> {
        Ok(before.signature_key == after.signature_key)
    }

    fn supported_types(&self) -> Vec<CredentialType> {
        vec![CredentialType::new(GRANT_CREDENTIAL_TYPE)]
    }
}

impl MlsRules for Rules {
    type Error = Refused;

    fn filter_proposals(
        &self,
        _: CommitDirection,
        source: CommitSource,
        roster: &MlsRoster<'_>,
        context: &GroupContext,
        bundle: ProposalBundle,
    ) -> Result<ProposalBundle, Refused> {
        let members = roster.members();
        let current = self.note(check_tree(&view(self.meeting, context, &members), None, &[], NOW))?;
        let proposals: Vec<ProposalInfo<Proposal>> = bundle.clone().into_proposals().collect();
        let mut extensions = &context.extensions;
        let mut policies = Vec::new();
        for proposal in &proposals {
            if let Proposal::GroupContextExtensions(new) = &proposal.proposal {
                extensions = new;
                policies.push(policy_of(new));
            }
        }
        let mut policies = policies.iter();
        let views = proposals.iter().map(|proposal| ProposalView {
            sender: match proposal.sender() {
                Sender::Member(index) => ProposalSender::Member(*index),
                Sender::External(_) => ProposalSender::External,
                _ => ProposalSender::NewMember,
            },
            kind: match &proposal.proposal {
                Proposal::GroupContextExtensions(new) => ProposalKind::Policy {
                    policy: policies.next().and_then(Option::as_deref),
                    others: has_others(new, &context.extensions),
                },
                other => kind(other),
            },
        });
        let views = views.collect();
        let transition = Transition {
            committer: match &source {
                CommitSource::ExistingMember(member) => Committer::Member(member.index),
                CommitSource::NewMember(identity) => Committer::External(leaf_view(0, identity)),
            },
            proposals: views,
            path_leaf: None,
            suite: context.cipher_suite.into(),
            external_senders: has(extensions, EXTERNAL_SENDERS),
        };
        self.note(check_transition(&current, &transition, NOW))?;
        Ok(bundle)
    }

    fn commit_options(
        &self,
        _: &MlsRoster<'_>,
        _: &GroupContext,
        _: &ProposalBundle,
    ) -> Result<CommitOptions, Refused> {
        Ok(CommitOptions::default())
    }

    fn encryption_options(&self, _: &MlsRoster<'_>, _: &GroupContext) -> Result<EncryptionOptions, Refused> {
        Ok(EncryptionOptions::default())
    }
}

/// Returns what is proposed, unless it is about the context.
fn kind(proposal: &Proposal) -> ProposalKind<'_> {
    match proposal {
        Proposal::Add(add) => ProposalKind::Add(leaf_view(0, add.signing_identity())),
        Proposal::Update(update) => ProposalKind::Update(leaf_view(0, update.signing_identity())),
        Proposal::Remove(remove) => ProposalKind::Remove(remove.to_remove()),
        Proposal::Psk(psk) => ProposalKind::Psk { external_id: psk.external_psk_id().map(|id| &id[..]) },
        Proposal::ReInit(_) => ProposalKind::ReInit,
        Proposal::ExternalInit(_) => ProposalKind::ExternalInit,
        other => ProposalKind::Other(other.proposal_type().raw_value()),
    }
}

fn view<'a>(meeting: MeetingId, context: &'a GroupContext, members: &'a [Member]) -> TreeView<'a> {
    let policy = context
        .extensions
        .iter()
        .find(|extension| extension.extension_type.raw_value() == POLICY_EXTENSION_TYPE)
        .map(|extension| &extension.extension_data[..]);
    TreeView {
        meeting,
        suite: context.cipher_suite.into(),
        policy,
        leaves: members.iter().map(member_view).collect(),
    }
}

fn member_view(member: &Member) -> LeafView<'_> {
    leaf_view(member.index, &member.signing_identity)
}

fn leaf_view(index: u32, identity: &SigningIdentity) -> LeafView<'_> {
    let credential: &[u8] = match &identity.credential {
        Credential::Custom(custom) => custom.data(),
        _ => &[],
    };
    LeafView {
        index,
        signature_key: &identity.signature_key,
        credential_type: identity.credential.credential_type().raw_value(),
        credential,
    }
}

fn has(extensions: &ExtensionList, kind: u16) -> bool {
    extensions.has_extension(ExtensionType::new(kind))
}

fn policy_of(extensions: &ExtensionList) -> Option<Vec<u8>> {
    extensions.get(ExtensionType::new(POLICY_EXTENSION_TYPE)).map(|extension| extension.extension_data)
}

fn has_others(extensions: &ExtensionList, before: &ExtensionList) -> bool {
    let required = ExtensionType::new(REQUIRED_CAPABILITIES);
    extensions.get(required) != before.get(required)
        || extensions.iter().any(|extension| {
            ![POLICY_EXTENSION_TYPE, REQUIRED_CAPABILITIES].contains(&extension.extension_type.raw_value())
        })
}
