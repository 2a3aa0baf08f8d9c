//! MLS as somebody speaks it who keeps none of our rules: the same library, without the chokepoint around it.
//!
//! An insider is a device whose keys fell into the wrong hands, or one that never meant well. It builds whatever the
//! library can build, and follows the group without judging it.

use openmls::{
    credentials::{Credential, CredentialType, CredentialWithKey},
    extensions::{Extension, ExtensionType, UnknownExtension},
    framing::{MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, ProcessedMessageContent, ProtocolMessage},
    group::{
        MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig,
        PURE_PLAINTEXT_WIRE_FORMAT_POLICY, StagedWelcome, WireFormatPolicy,
    },
    key_packages::{KeyPackage, KeyPackageIn},
    messages::proposals::{PreSharedKeyProposal, Proposal, ProposalType},
    prelude::{Capabilities, GroupId, LeafNodeIndex, LeafNodeParameters, ProtocolVersion, RatchetTreeIn},
    schedule::PreSharedKeyId,
};
use openmls_traits::{OpenMlsProvider as _, types::Ciphersuite};
use sabha_admission::{GRANT_CREDENTIAL_TYPE, POLICY_EXTENSION_TYPE, SignedGrant};
use sabha_crypto::{
    group::{DeviceSigner, Provider},
    link::LinkSecret,
};
use sabha_protocol::{
    DeviceKey, GroupEpoch, MeetingId,
    opaque::{GroupInfo, HandshakeMessage, RatchetTree, WelcomeMessage},
};
use tls_codec::{DeserializeBytes as _, Serialize as _};

const CLASSICAL: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// What is found in a device that was taken over.
#[derive(Clone)]
pub struct Loot {
    /// The meeting.
    pub meeting: MeetingId,
    /// The device's key.
    pub signer: DeviceSigner,
    /// The root key, on the device that made the meeting.
    pub root: Option<DeviceSigner>,
    /// The link's secret.
    pub link: LinkSecret,
    /// The grant, if it has one.
    pub grant: Option<SignedGrant>,
}

impl Loot {
    /// Reads what [`Device::export`](sabha_crypto::device::Device::export) has written.
    ///
    /// # Panics
    /// If that has another form.
    pub fn take(export: &[u8]) -> Self {
        let mut rest = export;
        let mut take = |count: usize| {
            let (taken, left) = rest.split_at(count);
            rest = left;
            taken.to_vec()
        };
        assert_eq!(take(1), [5], "the version of the export");
        let meeting = MeetingId::from_bytes(take(20).try_into().expect("20 bytes"));
        take(2);
        let seed = |bytes: Vec<u8>| DeviceSigner::from_seed(&bytes.try_into().expect("32 bytes"));
        let signer = seed(take(32));
        let vector = |take: &mut dyn FnMut(usize) -> Vec<u8>| {
            let length = u16::from_be_bytes(take(2).try_into().expect("2 bytes"));
            take(usize::from(length))
        };
        let root = (take(1) == [1]).then(|| seed(vector(&mut take)));
        assert_eq!(take(1), [1], "the link's secret is known");
        let link = LinkSecret::from_bytes(vector(&mut take).try_into().expect("16 bytes"));
        assert_eq!(take(1), [0], "it did not come by mail, or was told");
        vector(&mut take);
        if take(1) == [1] {
            vector(&mut take);
        }
        let grant =
            (take(1) == [1]).then(|| SignedGrant::from_bytes(&vector(&mut take)).expect("a grant of a host"));
        Self { meeting, signer, root, link, grant }
    }
}

/// What a commit is to do, whether it may or not.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// KeyPackages to add.
    pub add: Vec<Vec<u8>>,
    /// Leaves to remove.
    pub remove: Vec<u32>,
    /// Content of the policy extension from now on.
    pub policy: Option<Vec<u8>>,
    /// Whether the link's key is left out where it is needed, or put in where it is not.
    pub psk_wrong: bool,
    /// Whether it is framed as a PrivateMessage.
    pub private: bool,
}

/// A commit that was built by no rule.
#[derive(Clone, Debug)]
pub struct Forged {
    /// The epoch it is for.
    pub epoch: GroupEpoch,
    /// The commit.
    pub commit: HandshakeMessage,
    /// The Welcome for those it adds.
    pub welcome: Option<WelcomeMessage>,
    /// The group as it would be.
    pub group_info: GroupInfo,
    /// The tree as it would be.
    pub tree: RatchetTree,
}

/// A member, or somebody who would like to be one, without our rules.
pub struct Insider {
    provider: Provider,
    signer: DeviceSigner,
    credential: Vec<u8>,
    meeting: MeetingId,
    mls: Option<MlsGroup>,
    keys: Vec<[u8; 16]>,
}

impl Insider {
    /// Returns somebody outside with the link's secret, a key, and a credential of its own choice.
    ///
    /// # Panics
    /// Never; the store is in memory.
    pub fn new(meeting: MeetingId, link: &LinkSecret, signer: DeviceSigner, credential: Vec<u8>) -> Self {
        let provider = Provider::default();
        let psk = PreSharedKeyId::external(meeting.as_bytes().to_vec(), provider.random::<32>().to_vec());
        psk.store(&provider, &link.derive(&meeting).psk.expose()[..]).expect("the store is in memory");
        Self { provider, signer, credential, meeting, mls: None, keys: Vec::new() }
    }

    /// Returns who has everything that was on a device.
    pub fn with_loot(loot: &Loot) -> Self {
        let credential = loot.grant.as_ref().map(SignedGrant::to_bytes).unwrap_or_default();
        Self::new(loot.meeting, &loot.link, loot.signer.clone(), credential)
    }

    /// Returns its device key.
    pub fn device(&self) -> DeviceKey {
        self.signer.device()
    }

    /// Returns every base key that it ever could export.
    pub fn keys(&self) -> &[[u8; 16]] {
        &self.keys
    }

    /// Learns keys that somebody else has exported.
    pub fn learn(&mut self, keys: &[[u8; 16]]) {
        self.keys.extend_from_slice(keys);
    }

    /// Returns the epoch it is in.
    pub fn epoch(&self) -> Option<GroupEpoch> {
        self.mls.as_ref().map(|mls| GroupEpoch(mls.epoch().as_u64()))
    }

    /// Returns its leaf.
    pub fn leaf(&self) -> Option<u32> {
        self.mls.as_ref().map(|mls| mls.own_leaf_index().u32())
    }

    /// Makes a group with any policy, this device alone in it: another meeting, or a false one of this id.
    ///
    /// # Panics
    /// If the library refuses.
    pub fn found(&mut self, policy: &[u8]) -> (GroupInfo, RatchetTree) {
        let required = openmls::extensions::RequiredCapabilitiesExtension::new(
            &[ExtensionType::Unknown(POLICY_EXTENSION_TYPE)],
            &[ProposalType::SelfRemove],
            &[CredentialType::Other(GRANT_CREDENTIAL_TYPE)],
        );
        let extensions = openmls::extensions::Extensions::from_vec(vec![
            Extension::RequiredCapabilities(required),
            Extension::Unknown(POLICY_EXTENSION_TYPE, UnknownExtension(policy.to_vec())),
        ]);
        let config = MlsGroupCreateConfig::builder()
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(false)
            .ciphersuite(CLASSICAL)
            .capabilities(capabilities())
            .with_group_context_extensions(extensions.expect("each extension once"))
            .build();
        let id = GroupId::from_slice(self.meeting.as_bytes());
        let mls = MlsGroup::new_with_group_id(
            &self.provider,
            &self.signer,
            &config,
            id,
            self.credential_with_key(),
        );
        self.mls = Some(mls.expect("anybody can make a group"));
        self.note_key();
        self.state().expect("the group was just made")
    }

    /// Returns GroupInfo and tree, signed by this device.
    pub fn state(&self) -> Option<(GroupInfo, RatchetTree)> {
        let mls = self.mls.as_ref()?;
        let info =
            mls.export_group_info(self.provider.crypto(), &self.signer, false).ok()?.to_bytes().ok()?;
        Some((GroupInfo::try_from(info).ok()?, tree_of(mls)?))
    }

    /// Makes a KeyPackage.
    ///
    /// # Panics
    /// If the library refuses.
    pub fn key_package(&self) -> Vec<u8> {
        let bundle = KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .build(CLASSICAL, &self.provider, &self.signer, self.credential_with_key())
            .expect("anybody can make a KeyPackage");
        MlsMessageOut::from(bundle.key_package().clone()).to_bytes().expect("a KeyPackage can be written")
    }

    /// Comes in by an external commit, without asking anybody's rules but the library's.
    pub fn come_in(&mut self, info: &GroupInfo, tree: &RatchetTree, psk: bool) -> Option<Forged> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(info.as_bytes()).ok()?;
        let MlsMessageBodyIn::GroupInfo(info) = message.extract() else { return None };
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes()).ok()?;
        let parameters = LeafNodeParameters::builder().with_capabilities(capabilities()).build();
        let mut builder = MlsGroup::external_commit_builder()
            .with_ratchet_tree(tree)
            .with_config(join_config(PURE_PLAINTEXT_WIRE_FORMAT_POLICY))
            .build_group(&self.provider, info, self.credential_with_key())
            .ok()?
            .leaf_node_parameters(parameters);
        if psk {
            builder = builder.add_psk_proposal(PreSharedKeyProposal::new(self.psk_id()));
        }
        let (mls, bundle) = builder
            .load_psks(self.provider.storage())
            .ok()?
            .create_group_info(true)
            .build(self.provider.rand(), self.provider.crypto(), &self.signer, |_| true)
            .ok()?
            .finalize(&self.provider)
            .ok()?;
        let epoch = GroupEpoch(mls.epoch().as_u64().saturating_sub(1));
        let (commit, _, group_info) = bundle.into_messages();
        let forged = Forged {
            epoch,
            commit: HandshakeMessage::try_from(commit.to_bytes().ok()?).ok()?,
            welcome: None,
            group_info: GroupInfo::try_from(group_info?.to_bytes().ok()?).ok()?,
            tree: tree_of(&mls)?,
        };
        self.mls = Some(mls);
        self.note_key();
        Some(forged)
    }

    /// Builds a commit. It stays under way until [`merge`](Self::merge) or [`give_up`](Self::give_up).
    pub fn commit(&mut self, plan: &Plan) -> Option<Forged> {
        let psk = self.psk_id();
        let adds = plan.add.iter().map(|bytes| self.read(bytes)).collect::<Option<Vec<_>>>()?;
        let mls = self.mls.as_mut()?;
        let epoch = GroupEpoch(mls.epoch().as_u64());
        let format = if plan.private {
            MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY
        } else {
            PURE_PLAINTEXT_WIRE_FORMAT_POLICY
        };
        mls.set_configuration(self.provider.storage(), &join_config(format)).ok()?;
        let mut extensions = mls.extensions().clone();
        if let Some(policy) = &plan.policy {
            let extension = Extension::Unknown(POLICY_EXTENSION_TYPE, UnknownExtension(policy.clone()));
            extensions.add_or_replace(extension).ok()?;
        }
        let needs_psk = adds.is_empty() == plan.psk_wrong;
        let mut builder = mls
            .commit_builder()
            .consume_proposal_store(true)
            .force_self_update(true)
            .propose_adds(adds)
            .propose_removals(plan.remove.iter().map(|leaf| LeafNodeIndex::new(*leaf)));
        if plan.policy.is_some() {
            builder = builder.propose_group_context_extensions(extensions).ok()?;
        }
        if needs_psk {
            builder = builder.add_proposal(Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(psk))));
        }
        let bundle = builder
            .load_psks(self.provider.storage())
            .ok()?
            .create_group_info(true)
            .use_ratchet_tree_extension(false)
            .build(self.provider.rand(), self.provider.crypto(), &self.signer, |_| true)
            .ok()?
            .stage_commit(&self.provider)
            .ok()?;
        let (commit, welcome, group_info) = bundle.into_messages();
        let staged = mls.pending_commit()?;
        let tree = staged.export_ratchet_tree(self.provider.crypto(), mls.export_ratchet_tree()).ok()??;
        Some(Forged {
            epoch,
            commit: HandshakeMessage::try_from(commit.to_bytes().ok()?).ok()?,
            welcome: welcome.and_then(|message| WelcomeMessage::try_from(message.to_bytes().ok()?).ok()),
            group_info: GroupInfo::try_from(group_info?.to_bytes().ok()?).ok()?,
            tree: RatchetTree::try_from(tree.tls_serialize_detached().ok()?).ok()?,
        })
    }

    /// Takes the own commit for accepted.
    pub fn merge(&mut self) {
        if let Some(mls) = &mut self.mls {
            let _ = mls.merge_pending_commit(&self.provider);
        }
        self.note_key();
    }

    /// Forgets the own commit.
    pub fn give_up(&mut self) {
        if let Some(mls) = &mut self.mls {
            let _ = mls.clear_pending_commit(self.provider.storage());
            let _ = mls.clear_pending_proposals(self.provider.storage());
        }
    }

    /// Proposes to add somebody, for others to refer to.
    pub fn propose_add(&mut self, key_package: &[u8]) -> Option<HandshakeMessage> {
        let key_package = self.read(key_package)?;
        let (message, _) =
            self.mls.as_mut()?.propose_add_member(&self.provider, &self.signer, &key_package).ok()?;
        HandshakeMessage::try_from(message.to_bytes().ok()?).ok()
    }

    /// Proposes to remove somebody, for others to refer to.
    pub fn propose_remove(&mut self, leaf: u32) -> Option<HandshakeMessage> {
        let leaf = LeafNodeIndex::new(leaf);
        let (message, _) =
            self.mls.as_mut()?.propose_remove_member(&self.provider, &self.signer, leaf).ok()?;
        HandshakeMessage::try_from(message.to_bytes().ok()?).ok()
    }

    /// Joins by a Welcome, whoever is in the tree.
    pub fn welcomed(&mut self, welcome: &WelcomeMessage, tree: &RatchetTree) -> Option<()> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(welcome.as_bytes()).ok()?;
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else { return None };
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes()).ok()?;
        let config = join_config(PURE_PLAINTEXT_WIRE_FORMAT_POLICY);
        let staged = StagedWelcome::new_from_welcome(&self.provider, &config, welcome, Some(tree)).ok()?;
        self.mls = Some(staged.into_group(&self.provider).ok()?);
        self.note_key();
        Some(())
    }

    /// Goes along with whatever somebody says, if the library can.
    pub fn follow(&mut self, message: &HandshakeMessage) {
        let _ = self.try_follow(message);
        self.note_key();
    }

    fn try_follow(&mut self, message: &HandshakeMessage) -> Option<()> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(message.as_bytes()).ok()?;
        let message: ProtocolMessage = match message.extract() {
            MlsMessageBodyIn::PublicMessage(message) => message.into(),
            MlsMessageBodyIn::PrivateMessage(message) => message.into(),
            _ => return None,
        };
        let mls = self.mls.as_mut()?;
        match mls.process_message(&self.provider, message).ok()?.into_content() {
            // Who is removed keeps what it had.
            ProcessedMessageContent::StagedCommitMessage(staged) if !staged.self_removed() => {
                mls.merge_staged_commit(&self.provider, *staged).ok()?;
            }
            ProcessedMessageContent::ProposalMessage(queued) => {
                mls.store_pending_proposal(self.provider.storage(), *queued).ok()?;
            }
            _ => {}
        }
        Some(())
    }

    /// Seals words for the group.
    pub fn seal(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.mls.as_mut()?.create_message(&self.provider, &self.signer, bytes).ok()?.to_bytes().ok()
    }

    fn note_key(&mut self) {
        let Some(mls) = &self.mls else { return };
        let crypto = self.provider.crypto();
        if let Ok(secret) = mls.export_secret(crypto, "SFrame 1.0 Base Key", &[], 16)
            && let Ok(key) = secret.try_into()
            && !self.keys.contains(&key)
        {
            self.keys.push(key);
        }
    }

    fn psk_id(&self) -> PreSharedKeyId {
        PreSharedKeyId::external(self.meeting.as_bytes().to_vec(), self.provider.random::<32>().to_vec())
    }

    fn read(&self, bytes: &[u8]) -> Option<KeyPackage> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes).ok()?;
        let MlsMessageBodyIn::KeyPackage(key_package) = message.extract() else { return None };
        let key_package: KeyPackageIn = key_package;
        key_package.validate(self.provider.crypto(), ProtocolVersion::Mls10).ok()
    }

    fn credential_with_key(&self) -> CredentialWithKey {
        let kind = CredentialType::Other(GRANT_CREDENTIAL_TYPE);
        CredentialWithKey {
            credential: Credential::new(kind, self.credential.clone()),
            signature_key: self.signer.device().as_bytes().to_vec().into(),
        }
    }
}

fn tree_of(mls: &MlsGroup) -> Option<RatchetTree> {
    RatchetTree::try_from(mls.export_ratchet_tree().tls_serialize_detached().ok()?).ok()
}

fn join_config(format: WireFormatPolicy) -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(format)
        .max_past_epochs(3)
        .use_ratchet_tree_extension(false)
        .build()
}

fn capabilities() -> Capabilities {
    Capabilities::new(
        None,
        Some(&[CLASSICAL]),
        Some(&[ExtensionType::Unknown(POLICY_EXTENSION_TYPE)]),
        Some(&[ProposalType::SelfRemove]),
        Some(&[CredentialType::Other(GRANT_CREDENTIAL_TYPE)]),
    )
}
