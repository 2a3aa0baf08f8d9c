//! Into the group: by making it, by a Welcome, or from outside. What is offered is judged before there is a group.

use openmls::{
    credentials::{Credential, CredentialType, CredentialWithKey},
    extensions::{Extension, ExtensionType, Extensions, RequiredCapabilitiesExtension},
    framing::{MlsMessageBodyIn, MlsMessageIn, MlsMessageOut},
    group::{
        JoinBuilder, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, PURE_PLAINTEXT_WIRE_FORMAT_POLICY,
        PublicGroup, StagedWelcome,
    },
    key_packages::{KeyPackage, Lifetime},
    messages::proposals::{PreSharedKeyProposal, ProposalType},
    prelude::{Capabilities, GroupId, LeafNodeParameters, ProposalStore, RatchetTreeIn},
    schedule::PreSharedKeyId,
};
use openmls_traits::{OpenMlsProvider as _, types::Ciphersuite};
use sabha_admission::{
    GRANT_CREDENTIAL_TYPE, POLICY_EXTENSION_TYPE, Roster, SignedGrant, SignedPolicy, Suite, Violation,
    check_tree,
};
use sabha_delivery::translate;
use sabha_protocol::{
    DeviceKey, GroupEpoch, MeetingId,
    opaque::{GroupInfo, HandshakeMessage, RatchetTree, WelcomeMessage},
};
use tls_codec::DeserializeBytes as _;

use super::{Bundle, DeviceSigner, Group, PAST_EPOCHS, Provider, Reject, commit::policy_extension};
use crate::link::LinkSecret;

/// A device that wants into a group: what it needs for that.
pub struct Applicant {
    /// The meeting, by the link.
    pub meeting: MeetingId,
    /// Its cipher suite.
    pub suite: Suite,
    /// The link's secret: whoever comes in must know it, beside having a grant.
    pub secret: LinkSecret,
    /// The device's key.
    pub signer: DeviceSigner,
    /// What a host has signed for it.
    pub grant: SignedGrant,
    /// Version of the newest policy that the device has seen: a group with an older one is the past.
    pub policy_floor: u64,
    pub(super) provider: Provider,
}

/// A group that was joined from outside by a commit that the server has not accepted yet.
pub struct Candidate {
    group: Group,
}

impl Applicant {
    /// Returns an applicant whose MLS keys will live in `provider`.
    pub fn new(
        meeting: MeetingId,
        suite: Suite,
        secret: LinkSecret,
        signer: DeviceSigner,
        grant: SignedGrant,
        provider: Provider,
    ) -> Result<Self, Reject> {
        let psk = PreSharedKeyId::external(meeting.as_bytes().to_vec(), provider.random::<32>().to_vec());
        psk.store(&provider, &secret.derive(&meeting).psk.expose()[..]).map_err(|_| Reject::Misuse)?;
        Ok(Self { meeting, suite, secret, signer, grant, policy_floor: 0, provider })
    }

    /// Makes the meeting's group, with this device alone in it.
    ///
    /// # Errors
    /// [`Reject::Admission`] if grant and policy do not go together.
    pub fn create(self, policy: &SignedPolicy, now_ms: u64) -> Result<Group, Reject> {
        self.create_for(policy, Lifetime::default(), now_ms)
    }

    /// As [`Self::create`], with how long its first leaf is good by itself.
    ///
    /// # Errors
    /// As those of [`Self::create`].
    pub fn create_for(self, policy: &SignedPolicy, lifetime: Lifetime, now_ms: u64) -> Result<Group, Reject> {
        let suite = ciphersuite(self.suite);
        let required = RequiredCapabilitiesExtension::new(
            &[ExtensionType::Unknown(POLICY_EXTENSION_TYPE)],
            &[ProposalType::SelfRemove],
            &[CredentialType::Other(GRANT_CREDENTIAL_TYPE)],
        );
        let extensions =
            Extensions::from_vec(vec![Extension::RequiredCapabilities(required), policy_extension(policy)])
                .map_err(|_| Reject::Misuse)?;
        let config = MlsGroupCreateConfig::builder()
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .max_past_epochs(PAST_EPOCHS)
            .use_ratchet_tree_extension(false)
            .ciphersuite(suite)
            .capabilities(capabilities(suite))
            .lifetime(lifetime)
            .with_group_context_extensions(extensions)
            .build();
        let group_id = GroupId::from_slice(self.meeting.as_bytes());
        let credential = self.credential();
        let mls = MlsGroup::new_with_group_id(&self.provider, &self.signer, &config, group_id, credential)
            .map_err(|_| Reject::Misuse)?;
        let roster = {
            let members: Vec<_> = mls.members().collect();
            let view = translate::tree_view(self.meeting, mls.public_group().group_context(), &members);
            check_tree(&view, None, &[0], now_ms)?
        };
        Ok(Group { mls, provider: self.provider, signer: self.signer, meeting: self.meeting, roster })
    }

    /// Makes a KeyPackage (RFC 9420 section 10) for a host to add.
    ///
    /// # Errors
    /// [`Reject::Misuse`] if the library cannot make one.
    pub fn key_package(&self) -> Result<Vec<u8>, Reject> {
        let suite = ciphersuite(self.suite);
        let bundle = KeyPackage::builder()
            .leaf_node_capabilities(capabilities(suite))
            .build(suite, &self.provider, &self.signer, self.credential())
            .map_err(|_| Reject::Misuse)?;
        MlsMessageOut::from(bundle.key_package().clone()).to_bytes().map_err(|_| Reject::Misuse)
    }

    /// Joins by a Welcome and the tree that the server gives for it.
    ///
    /// # Errors
    /// [`Reject::Invalid`], [`Reject::WrongGroup`] and [`Reject::Admission`], each with the applicant back: the right
    /// Welcome may still come.
    pub fn join(
        self,
        welcome: &WelcomeMessage,
        tree: &RatchetTree,
        now_ms: u64,
    ) -> Result<Group, (Box<Self>, Reject)> {
        match self.open_welcome(welcome, tree, now_ms) {
            Ok((mls, roster)) => {
                Ok(Group { mls, provider: self.provider, signer: self.signer, meeting: self.meeting, roster })
            }
            Err(reject) => Err((Box::new(self), reject)),
        }
    }

    fn open_welcome(
        &self,
        welcome: &WelcomeMessage,
        tree: &RatchetTree,
        now_ms: u64,
    ) -> Result<(MlsGroup, Roster), Reject> {
        let tree =
            RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes()).map_err(|_| Reject::Invalid)?;
        let staged = read_welcome(&self.provider, welcome.as_bytes())?
            .with_ratchet_tree(tree)
            .build()
            .map_err(|_| Reject::Invalid)?;
        if staged.group_context().group_id().as_slice() != self.meeting.as_bytes()
            || staged.group_context().ciphersuite() != ciphersuite(self.suite)
        {
            return Err(Reject::WrongGroup);
        }
        let members: Vec<_> = staged.members().collect();
        let roster = {
            let view = translate::tree_view(self.meeting, staged.group_context(), &members);
            check_tree(&view, None, &[staged.own_leaf_index().u32()], now_ms)?
        };
        self.check_not_older(&roster)?;
        // A Welcome is made by somebody who may admit.
        let sender = roster.member(staged.welcome_sender_index().u32()).ok_or(Reject::WrongGroup)?;
        if !sender.may(sabha_admission::Capabilities::ADMIT) {
            return Err(Reject::Admission(Violation::AddWithoutAdmit));
        }
        let mls = staged.into_group(&self.provider).map_err(|_| Reject::Invalid)?;
        Ok((mls, roster))
    }

    /// Joins from outside: an external commit (RFC 9420 section 12.4.3.2) that replaces an own earlier leaf if there
    /// is one. The group counts once the server has accepted the commit.
    ///
    /// # Errors
    /// As [`join`](Self::join). The applicant is used up: a further try begins with a fresh one.
    pub fn join_from_outside(
        self,
        group_info: &GroupInfo,
        tree: &RatchetTree,
        now_ms: u64,
    ) -> Result<(Candidate, Bundle), Reject> {
        let read_info = || {
            let message = MlsMessageIn::tls_deserialize_exact_bytes(group_info.as_bytes())
                .map_err(|_| Reject::Invalid)?;
            match message.extract() {
                MlsMessageBodyIn::GroupInfo(info) => Ok(info),
                _ => Err(Reject::Invalid),
            }
        };
        let read_tree =
            || RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes()).map_err(|_| Reject::Invalid);
        // The library's builder returns a group that is merged already, so the offer is judged first.
        let (offered, _) = PublicGroup::from_external(
            self.provider.crypto(),
            self.provider.storage(),
            read_tree()?,
            read_info()?,
            ProposalStore::new(),
        )
        .map_err(|_| Reject::Invalid)?;
        if offered.group_id().as_slice() != self.meeting.as_bytes()
            || offered.ciphersuite() != ciphersuite(self.suite)
        {
            return Err(Reject::WrongGroup);
        }
        let members: Vec<_> = offered.members().collect();
        let before = {
            let view = translate::tree_view(self.meeting, offered.group_context(), &members);
            check_tree(&view, None, &[], now_ms)?
        };
        self.check_not_older(&before)?;
        before.check_grant(&self.grant.to_bytes(), now_ms)?;
        let epoch = GroupEpoch(offered.group_context().epoch().as_u64());

        let psk = psk_id(&self.provider, self.meeting);
        let parameters =
            LeafNodeParameters::builder().with_capabilities(capabilities(ciphersuite(self.suite))).build();
        let (mls, bundle) = MlsGroup::external_commit_builder()
            .with_ratchet_tree(read_tree()?)
            .with_config(join_config())
            .build_group(&self.provider, read_info()?, self.credential())
            .map_err(|_| Reject::Invalid)?
            .leaf_node_parameters(parameters)
            .add_psk_proposal(PreSharedKeyProposal::new(psk))
            .load_psks(self.provider.storage())
            .map_err(|_| Reject::Misuse)?
            .create_group_info(true)
            .build(self.provider.rand(), self.provider.crypto(), &self.signer, |_| true)
            .map_err(|_| Reject::Invalid)?
            .finalize(&self.provider)
            .map_err(|_| Reject::Invalid)?;
        let roster = {
            let members: Vec<_> = mls.members().collect();
            let view = translate::tree_view(self.meeting, mls.public_group().group_context(), &members);
            check_tree(&view, Some(&before.policy), &[], now_ms)?
        };
        let (commit, _, group_info) = bundle.into_messages();
        let bundle = Bundle {
            epoch,
            commit: HandshakeMessage::try_from(commit.to_bytes().map_err(|_| Reject::Misuse)?)
                .map_err(|_| Reject::Misuse)?,
            welcome: None,
            group_info: group_info
                .ok_or(Reject::Misuse)
                .and_then(|info| info.to_bytes().map_err(|_| Reject::Misuse))
                .and_then(|info| GroupInfo::try_from(info).map_err(|_| Reject::Misuse))?,
        };
        let group =
            Group { mls, provider: self.provider, signer: self.signer, meeting: self.meeting, roster };
        Ok((Candidate { group }, bundle))
    }

    /// Refuses a group of before a removal or a lock that this device has seen. Without it a server could lead the
    /// only host, who has nobody to ask, back to where somebody removed is a member.
    fn check_not_older(&self, offered: &Roster) -> Result<(), Reject> {
        // ADM-12
        if offered.policy.version < self.policy_floor {
            return Err(Reject::Admission(Violation::PolicyRollback));
        }
        Ok(())
    }

    /// Returns the device.
    pub fn device(&self) -> DeviceKey {
        self.signer.device()
    }

    fn credential(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: Credential::new(CredentialType::Other(GRANT_CREDENTIAL_TYPE), self.grant.to_bytes()),
            signature_key: self.signer.device().as_bytes().to_vec().into(),
        }
    }
}

impl Candidate {
    /// The server has accepted the commit: this is the group now.
    pub fn confirmed(self) -> Group {
        self.group
    }
}

/// Opens a Welcome as far as it goes without a tree: the group's secrets and its signed GroupInfo.
pub(super) fn read_welcome<'a>(
    provider: &'a Provider,
    welcome: &[u8],
) -> Result<JoinBuilder<'a, Provider>, Reject> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(welcome).map_err(|_| Reject::Invalid)?;
    let MlsMessageBodyIn::Welcome(welcome) = message.extract() else { return Err(Reject::Invalid) };
    StagedWelcome::build_from_welcome(provider, &join_config(), welcome).map_err(|_| Reject::Invalid)
}

fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .max_past_epochs(PAST_EPOCHS)
        .use_ratchet_tree_extension(false)
        .build()
}

/// Returns the id of the link's pre-shared key with a fresh nonce (RFC 9420 section 8.4).
pub(super) fn psk_id(provider: &Provider, meeting: MeetingId) -> PreSharedKeyId {
    PreSharedKeyId::external(meeting.as_bytes().to_vec(), provider.random::<32>().to_vec())
}

fn ciphersuite(suite: Suite) -> Ciphersuite {
    match suite {
        Suite::Classical => Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
        Suite::XWing => Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519,
    }
}

fn capabilities(suite: Ciphersuite) -> Capabilities {
    Capabilities::new(
        None,
        Some(&[suite]),
        Some(&[ExtensionType::Unknown(POLICY_EXTENSION_TYPE)]),
        Some(&[ProposalType::SelfRemove]),
        Some(&[CredentialType::Other(GRANT_CREDENTIAL_TYPE)]),
    )
}
