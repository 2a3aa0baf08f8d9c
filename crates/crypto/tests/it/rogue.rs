//! A device that speaks MLS and keeps none of our rules: the library without the chokepoint around it.

use openmls::{
    credentials::{Credential, CredentialType, CredentialWithKey},
    extensions::{
        Extension, ExtensionType, Extensions, ExternalSender, RequiredCapabilitiesExtension, UnknownExtension,
    },
    framing::{MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, ProcessedMessageContent, ProtocolMessage},
    group::{
        GroupContext, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY,
        PURE_PLAINTEXT_WIRE_FORMAT_POLICY, StagedWelcome, WireFormatPolicy,
    },
    key_packages::{KeyPackage, KeyPackageIn},
    messages::proposals::{PreSharedKeyProposal, Proposal, ProposalType},
    prelude::{Capabilities, GroupId, LeafNodeIndex, LeafNodeParameters, ProtocolVersion, RatchetTreeIn},
    schedule::PreSharedKeyId,
};
use openmls_traits::{OpenMlsProvider as _, types::Ciphersuite};
use sabha_admission::{GRANT_CREDENTIAL_TYPE, POLICY_EXTENSION_TYPE};
use sabha_crypto::group::{Bundle, DeviceSigner, Provider};
use sabha_protocol::{
    GroupEpoch,
    opaque::{GroupInfo, HandshakeMessage, RatchetTree, WelcomeMessage},
};
use tls_codec::{DeserializeBytes as _, Serialize as _};

use crate::meeting::{Papers, signer};

/// The suite of all who are not honest here.
const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// What a commit is to do, whether it may or not.
#[derive(Clone, Default)]
pub(crate) struct Plan {
    /// KeyPackages to add.
    pub(crate) add: Vec<Vec<u8>>,
    /// Leaves to remove.
    pub(crate) remove: Vec<u32>,
    /// Content of the policy extension.
    pub(crate) policy: Option<Vec<u8>>,
    /// What becomes of the other extensions of the group's context.
    pub(crate) context: Context,
    /// Ids of the pre-shared keys that are mixed in.
    pub(crate) psks: Vec<Vec<u8>>,
    /// Another credential for the own leaf.
    pub(crate) credential: Option<Vec<u8>>,
    /// Whether it is framed as a PrivateMessage.
    pub(crate) private: bool,
}

/// What is done to the extensions of the group's context, besides the policy.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Context {
    /// Nothing.
    #[default]
    AsItIs,
    /// The policy is taken out.
    NoPolicy,
    /// Somebody outside may propose.
    Senders,
    /// Members need not know how to leave any more.
    LessRequired,
}

/// A member, or somebody who would like to be one.
pub(crate) struct Rogue {
    provider: Provider,
    signer: DeviceSigner,
    credential: Vec<u8>,
    papers: Papers,
    mls: Option<MlsGroup>,
}

impl Rogue {
    /// Returns somebody who has the link, the key of this number, and whatever credential.
    pub(crate) fn new(papers: Papers, number: u8, credential: Vec<u8>) -> Self {
        let rogue =
            Self { provider: Provider::default(), signer: signer(number), credential, papers, mls: None };
        rogue.keep_psk(papers.meeting.as_bytes(), &Papers::link().derive(&papers.meeting).psk.expose()[..]);
        rogue.keep_psk(b"another", &[1; 32]);
        rogue
    }

    fn keep_psk(&self, id: &[u8], psk: &[u8]) {
        self.psk_id(id).store(&self.provider, psk).unwrap();
    }

    fn psk_id(&self, id: &[u8]) -> PreSharedKeyId {
        PreSharedKeyId::external(id.to_vec(), self.provider.random::<32>().to_vec())
    }

    pub(crate) fn key_package(&self) -> Vec<u8> {
        let bundle = KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .build(SUITE, &self.provider, &self.signer, self.credential_with_key(&self.credential))
            .unwrap();
        MlsMessageOut::from(bundle.key_package().clone()).to_bytes().unwrap()
    }

    /// Makes a group of its own under any id and with any policy, and returns what a server would show of it.
    pub(crate) fn found(&mut self, id: &[u8], policy: &[u8]) -> (GroupInfo, RatchetTree) {
        let required = RequiredCapabilitiesExtension::new(
            &[ExtensionType::Unknown(POLICY_EXTENSION_TYPE)],
            &[ProposalType::SelfRemove],
            &[CredentialType::Other(GRANT_CREDENTIAL_TYPE)],
        );
        let extensions = Extensions::from_vec(vec![
            Extension::RequiredCapabilities(required),
            Extension::Unknown(POLICY_EXTENSION_TYPE, UnknownExtension(policy.to_vec())),
        ]);
        let config = MlsGroupCreateConfig::builder()
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(false)
            .ciphersuite(SUITE)
            .capabilities(capabilities())
            .with_group_context_extensions(extensions.unwrap())
            .build();
        let (id, credential) = (GroupId::from_slice(id), self.credential_with_key(&self.credential));
        let mls = MlsGroup::new_with_group_id(&self.provider, &self.signer, &config, id, credential).unwrap();
        let info = mls.export_group_info(self.provider.crypto(), &self.signer, false).unwrap();
        let tree = mls.export_ratchet_tree().tls_serialize_detached().unwrap();
        self.mls = Some(mls);
        let info = GroupInfo::try_from(info.to_bytes().unwrap()).unwrap();
        (info, RatchetTree::try_from(tree).unwrap())
    }

    /// Joins by a Welcome, whoever is in the tree.
    pub(crate) fn welcomed(&mut self, welcome: &WelcomeMessage, tree: &RatchetTree) {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(welcome.as_bytes()).unwrap();
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else { panic!() };
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes()).unwrap();
        let config = join_config(PURE_PLAINTEXT_WIRE_FORMAT_POLICY);
        let staged = StagedWelcome::new_from_welcome(&self.provider, &config, welcome, Some(tree)).unwrap();
        self.mls = Some(staged.into_group(&self.provider).unwrap());
    }

    /// Goes along with a handshake, whatever it does.
    pub(crate) fn follow(&mut self, handshake: &HandshakeMessage) {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(handshake.as_bytes()).unwrap();
        let MlsMessageBodyIn::PublicMessage(message) = message.extract() else { panic!() };
        let mls = self.mls.as_mut().unwrap();
        let message = ProtocolMessage::from(message);
        match mls.process_message(&self.provider, message).unwrap().into_content() {
            ProcessedMessageContent::StagedCommitMessage(staged) => {
                mls.merge_staged_commit(&self.provider, *staged).unwrap();
            }
            ProcessedMessageContent::ProposalMessage(queued) => {
                mls.store_pending_proposal(self.provider.storage(), *queued).unwrap();
            }
            _ => panic!("no handshake"),
        }
    }

    /// Builds a commit; afterwards it is as if it had not.
    pub(crate) fn commit(&mut self, plan: &Plan) -> Bundle {
        self.commit_with_tree(plan).0
    }

    /// As [`Self::commit`], with the tree that a server would give to those whom it welcomes.
    pub(crate) fn commit_with_tree(&mut self, plan: &Plan) -> (Bundle, RatchetTree) {
        let adds: Vec<_> = plan.add.iter().map(|bytes| self.read(bytes)).collect();
        let psks: Vec<_> = plan.psks.iter().map(|id| self.psk_id(id)).collect();
        let credential = plan.credential.as_ref().map(|bytes| self.credential_with_key(bytes));
        let mls = self.mls.as_mut().unwrap();
        let format = match plan.private {
            true => PURE_CIPHERTEXT_WIRE_FORMAT_POLICY,
            false => PURE_PLAINTEXT_WIRE_FORMAT_POLICY,
        };
        mls.set_configuration(self.provider.storage(), &join_config(format)).unwrap();
        let epoch = GroupEpoch(mls.epoch().as_u64());
        let extensions = extensions(mls.extensions(), plan);
        let mut builder = mls
            .commit_builder()
            .force_self_update(true)
            .propose_adds(adds)
            .propose_removals(plan.remove.iter().map(|leaf| LeafNodeIndex::new(*leaf)));
        if let Some(extensions) = extensions {
            builder = builder.propose_group_context_extensions(extensions).unwrap();
        }
        for psk in psks {
            builder = builder.add_proposal(Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(psk))));
        }
        if let Some(credential) = credential {
            let parameters = LeafNodeParameters::builder().with_credential_with_key(credential).build();
            builder = builder.leaf_node_parameters(parameters);
        }
        let bundle = builder
            .load_psks(self.provider.storage())
            .unwrap()
            .create_group_info(true)
            .use_ratchet_tree_extension(false)
            .build(self.provider.rand(), self.provider.crypto(), &self.signer, |_| true)
            .unwrap()
            .stage_commit(&self.provider)
            .unwrap();
        let (commit, welcome, group_info) = bundle.into_messages();
        let staged = mls.pending_commit().unwrap();
        let tree = staged.export_ratchet_tree(self.provider.crypto(), mls.export_ratchet_tree());
        let tree = tree.unwrap().unwrap().tls_serialize_detached().unwrap();
        mls.clear_pending_commit(self.provider.storage()).unwrap();
        mls.clear_pending_proposals(self.provider.storage()).unwrap();
        let bundle = written(epoch, &commit, welcome.as_ref(), group_info.as_ref());
        (bundle, RatchetTree::try_from(tree).unwrap())
    }

    /// Builds an external commit from what anybody can ask the server for; `None` if the library refuses that.
    pub(crate) fn come_in(&self, info: &GroupInfo, tree: &RatchetTree, psks: &[&[u8]]) -> Option<Bundle> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(info.as_bytes()).unwrap();
        let MlsMessageBodyIn::GroupInfo(info) = message.extract() else { panic!() };
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes()).unwrap();
        // Each try with a store of its own.
        let fresh = Self::new(self.papers, 0, Vec::new());
        let mut builder = MlsGroup::external_commit_builder()
            .with_ratchet_tree(tree)
            .with_config(join_config(PURE_PLAINTEXT_WIRE_FORMAT_POLICY))
            .build_group(&fresh.provider, info, self.credential_with_key(&self.credential))
            .ok()?
            .leaf_node_parameters(LeafNodeParameters::builder().with_capabilities(capabilities()).build());
        for id in psks {
            builder = builder.add_psk_proposal(PreSharedKeyProposal::new(self.psk_id(id)));
        }
        let (mls, bundle) = builder
            .load_psks(fresh.provider.storage())
            .unwrap()
            .create_group_info(true)
            .build(fresh.provider.rand(), fresh.provider.crypto(), &self.signer, |_| true)
            .ok()?
            .finalize(&fresh.provider)
            .unwrap();
        let epoch = GroupEpoch(mls.epoch().as_u64() - 1);
        let (commit, _, group_info) = bundle.into_messages();
        Some(written(epoch, &commit, None, group_info.as_ref()))
    }

    /// Proposes to leave, in words that are nobody else's.
    pub(crate) fn propose_leaving(&mut self, words: &[u8]) -> HandshakeMessage {
        let mls = self.mls.as_mut().unwrap();
        mls.set_aad(words.to_vec());
        let message = mls.leave_group_via_self_remove(&self.provider, &self.signer).unwrap();
        mls.clear_pending_proposals(self.provider.storage()).unwrap();
        HandshakeMessage::try_from(message.to_bytes().unwrap()).unwrap()
    }

    /// Proposes an Add, for somebody else to commit.
    pub(crate) fn propose_add(&mut self, key_package: &[u8]) -> HandshakeMessage {
        let key_package = self.read(key_package);
        let mls = self.mls.as_mut().unwrap();
        let (message, _) = mls.propose_add_member(&self.provider, &self.signer, &key_package).unwrap();
        HandshakeMessage::try_from(message.to_bytes().unwrap()).unwrap()
    }

    /// Proposes a Remove, for somebody else to commit.
    pub(crate) fn propose_remove(&mut self, leaf: u32) -> HandshakeMessage {
        let mls = self.mls.as_mut().unwrap();
        let leaf = LeafNodeIndex::new(leaf);
        let (message, _) = mls.propose_remove_member(&self.provider, &self.signer, leaf).unwrap();
        HandshakeMessage::try_from(message.to_bytes().unwrap()).unwrap()
    }

    /// Commits what was proposed, by its references.
    pub(crate) fn commit_proposed(&mut self) -> Bundle {
        let psk = self.psk_id(self.papers.meeting.as_bytes());
        let mls = self.mls.as_mut().unwrap();
        let epoch = GroupEpoch(mls.epoch().as_u64());
        let bundle = mls
            .commit_builder()
            .consume_proposal_store(true)
            .add_proposal(Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(psk))))
            .load_psks(self.provider.storage())
            .unwrap()
            .create_group_info(true)
            .use_ratchet_tree_extension(false)
            .build(self.provider.rand(), self.provider.crypto(), &self.signer, |_| true)
            .unwrap()
            .stage_commit(&self.provider)
            .unwrap();
        let (commit, _, group_info) = bundle.into_messages();
        mls.clear_pending_commit(self.provider.storage()).unwrap();
        mls.clear_pending_proposals(self.provider.storage()).unwrap();
        written(epoch, &commit, None, group_info.as_ref())
    }

    fn read(&self, bytes: &[u8]) -> KeyPackage {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes).unwrap();
        let MlsMessageBodyIn::KeyPackage(key_package) = message.extract() else { panic!() };
        let key_package: KeyPackageIn = key_package;
        key_package.validate(self.provider.crypto(), ProtocolVersion::Mls10).unwrap()
    }

    fn credential_with_key(&self, credential: &[u8]) -> CredentialWithKey {
        let kind = CredentialType::Other(GRANT_CREDENTIAL_TYPE);
        CredentialWithKey {
            credential: Credential::new(kind, credential.to_vec()),
            signature_key: self.signer.device().as_bytes().to_vec().into(),
        }
    }
}

/// Returns the extensions that a plan asks for, if it asks for any.
fn extensions(before: &Extensions<GroupContext>, plan: &Plan) -> Option<Extensions<GroupContext>> {
    let mut extensions = before.clone();
    if let Some(policy) = &plan.policy {
        let policy = UnknownExtension(policy.clone());
        extensions.add_or_replace(Extension::Unknown(POLICY_EXTENSION_TYPE, policy)).unwrap();
    }
    match plan.context {
        Context::AsItIs if plan.policy.is_none() => return None,
        Context::AsItIs => {}
        Context::NoPolicy => {
            extensions.remove(ExtensionType::Unknown(POLICY_EXTENSION_TYPE));
        }
        Context::Senders => {
            let credential =
                Credential::new(CredentialType::Other(GRANT_CREDENTIAL_TYPE), b"the server".to_vec());
            let sender = ExternalSender::new(signer(99).device().as_bytes().to_vec().into(), credential);
            extensions.add_or_replace(Extension::ExternalSenders(vec![sender])).unwrap();
        }
        Context::LessRequired => {
            let required = RequiredCapabilitiesExtension::new(
                &[ExtensionType::Unknown(POLICY_EXTENSION_TYPE)],
                &[],
                &[CredentialType::Other(GRANT_CREDENTIAL_TYPE)],
            );
            extensions.add_or_replace(Extension::RequiredCapabilities(required)).unwrap();
        }
    }
    Some(extensions)
}

fn written(
    epoch: GroupEpoch,
    commit: &MlsMessageOut,
    welcome: Option<&MlsMessageOut>,
    group_info: Option<&MlsMessageOut>,
) -> Bundle {
    Bundle {
        epoch,
        commit: HandshakeMessage::try_from(commit.to_bytes().unwrap()).unwrap(),
        welcome: welcome.map(|message| WelcomeMessage::try_from(message.to_bytes().unwrap()).unwrap()),
        group_info: GroupInfo::try_from(group_info.unwrap().to_bytes().unwrap()).unwrap(),
    }
}

fn join_config(format: WireFormatPolicy) -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder().wire_format_policy(format).use_ratchet_tree_extension(false).build()
}

fn capabilities() -> Capabilities {
    Capabilities::new(
        None,
        Some(&[SUITE]),
        Some(&[ExtensionType::Unknown(POLICY_EXTENSION_TYPE)]),
        Some(&[ProposalType::SelfRemove]),
        Some(&[CredentialType::Other(GRANT_CREDENTIAL_TYPE)]),
    )
}
