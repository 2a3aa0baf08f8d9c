//! Own commits: built here, checked like everybody's, and merged by [`Group::confirm`] once the server has accepted
//! them as the epoch's. At most one is under way.

use openmls::{
    extensions::{Extension, Extensions, UnknownExtension},
    framing::{MlsMessageBodyIn, MlsMessageIn, Sender},
    group::GroupContext,
    key_packages::{KeyPackage, KeyPackageIn},
    messages::proposals::{PreSharedKeyProposal, Proposal},
    prelude::{LeafNodeIndex, ProtocolVersion},
};
use openmls_traits::OpenMlsProvider as _;
use sabha_admission::{POLICY_EXTENSION_TYPE, SignedPolicy, check_transition};
use sabha_delivery::translate;
use sabha_protocol::{
    DeviceKey, GroupEpoch,
    opaque::{GroupInfo, HandshakeMessage, WelcomeMessage},
};
use tls_codec::DeserializeBytes as _;

use super::{Group, Reject, join::psk_id};

/// What a commit is to change. With nothing in it, it only brings fresh keys.
#[derive(Debug, Default)]
pub struct Changes {
    /// KeyPackages of those who come in, as MLS messages.
    pub add: Vec<Vec<u8>>,
    /// Who goes.
    pub remove: Vec<DeviceKey>,
    /// The policy from now on.
    pub policy: Option<SignedPolicy>,
    /// Whether the committer's own keys are renewed even if nothing makes it necessary. A commit that only adds needs
    /// no path, and costs as little in a group of a hundred as in one of two.
    pub refresh: bool,
}

/// A commit to be sent.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The epoch it starts from.
    pub epoch: GroupEpoch,
    /// The commit.
    pub commit: HandshakeMessage,
    /// For those it adds.
    pub welcome: Option<WelcomeMessage>,
    /// The group as it will be.
    pub group_info: GroupInfo,
}

impl Group {
    /// Returns whether an own commit is under way.
    pub fn is_committing(&self) -> bool {
        self.mls.pending_commit().is_some()
    }

    /// Returns whether somebody's wish to leave waits to be committed.
    pub fn has_proposals(&self) -> bool {
        self.mls.has_pending_proposals()
    }

    /// Builds a commit, with the wishes to leave that wait. It changes nothing until it is confirmed.
    ///
    /// # Errors
    /// [`Reject::Misuse`] while one is under way, [`Reject::Invalid`] for a KeyPackage that is none,
    /// [`Reject::Admission`] for what the rules forbid.
    pub fn commit(&mut self, changes: Changes, now_ms: u64) -> Result<Bundle, Reject> {
        if self.is_committing() {
            return Err(Reject::Misuse);
        }
        let epoch = self.epoch();
        let adds =
            changes.add.iter().map(|bytes| self.read_key_package(bytes)).collect::<Result<Vec<_>, _>>()?;
        let removes = changes
            .remove
            .iter()
            .map(|device| self.roster.member_of(device).map(|member| LeafNodeIndex::new(member.index)))
            .collect::<Option<Vec<_>>>()
            .ok_or(Reject::Misuse)?;
        let extensions = match &changes.policy {
            Some(policy) => Some(self.extensions_with(policy)?),
            None => None,
        };
        let psk = (!adds.is_empty()).then(|| psk_id(&self.provider, self.meeting));
        let has_adds = !adds.is_empty();
        self.drop_wishes_of(&removes);

        let mut builder = self
            .mls
            .commit_builder()
            .force_self_update(changes.refresh)
            .propose_adds(adds)
            .propose_removals(removes);
        if let Some(extensions) = extensions {
            builder = builder.propose_group_context_extensions(extensions).map_err(|_| Reject::Misuse)?;
        }
        if let Some(psk) = psk {
            builder = builder.add_proposal(Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(psk))));
        }
        let bundle = builder
            .load_psks(self.provider.storage())
            .map_err(|_| Reject::Misuse)?
            .create_group_info(true)
            .use_ratchet_tree_extension(false)
            .build(self.provider.rand(), self.provider.crypto(), &self.signer, |_| true)
            .map_err(|_| Reject::Misuse)?
            .stage_commit(&self.provider)
            .map_err(|_| Reject::Misuse)?;
        let (commit, welcome, group_info) = bundle.into_messages();
        let built = (|| {
            Ok(Bundle {
                epoch,
                commit: HandshakeMessage::try_from(commit.to_bytes().map_err(|_| Reject::Misuse)?)
                    .map_err(|_| Reject::Misuse)?,
                welcome: welcome
                    .filter(|_| has_adds)
                    .map(|welcome| {
                        WelcomeMessage::try_from(welcome.to_bytes().map_err(|_| Reject::Misuse)?)
                            .map_err(|_| Reject::Misuse)
                    })
                    .transpose()?,
                group_info: group_info
                    .ok_or(Reject::Misuse)
                    .and_then(|info| info.to_bytes().map_err(|_| Reject::Misuse))
                    .and_then(|info| GroupInfo::try_from(info).map_err(|_| Reject::Misuse))?,
            })
        })();
        // The same rules as for everybody, before anybody else sees it.
        if let Err(reject) = built.as_ref().map_err(Clone::clone).and_then(|_| self.check_pending(now_ms)) {
            self.abandon();
            return Err(reject);
        }
        built
    }

    /// Forgets the wish to leave of those who are removed: the library does not expect both in one commit, and who is
    /// removed by a host is told so. If the commit comes to nothing, whoever commits next may still have the wish.
    fn drop_wishes_of(&mut self, removed: &[LeafNodeIndex]) {
        let wishes: Vec<_> = self
            .mls
            .pending_proposals()
            .filter(|wish| matches!(wish.sender(), Sender::Member(leaf) if removed.contains(leaf)))
            .map(|wish| wish.proposal_reference_ref().clone())
            .collect();
        for wish in wishes {
            // It was just listed, and the store in memory does not fail.
            let _ = self.mls.remove_pending_proposal(self.provider.storage(), &wish);
        }
    }

    fn check_pending(&self, now_ms: u64) -> Result<(), Reject> {
        let commit = self.mls.pending_commit().ok_or(Reject::Misuse)?;
        let sender = Sender::Member(self.mls.own_leaf_index());
        let context = self.mls.public_group().group_context().clone();
        let transition =
            translate::transition(&sender, commit, &context, &self.meeting).ok_or(Reject::Misuse)?;
        check_transition(&self.roster, &transition, now_ms)?;
        Ok(())
    }

    /// Gives the own commit up: another one was first, or the connection was lost.
    pub fn abandon(&mut self) {
        // The store in memory does not fail.
        let _ = self.mls.clear_pending_commit(self.provider.storage());
    }

    /// Proposes to leave.
    ///
    /// # Errors
    /// [`Reject::Misuse`] if this device is out already.
    pub fn propose_leaving(&mut self) -> Result<(GroupEpoch, HandshakeMessage), Reject> {
        let epoch = self.epoch();
        let message =
            self.mls.leave_group_via_self_remove(&self.provider, &self.signer).map_err(|_| Reject::Misuse)?;
        let bytes = message.to_bytes().map_err(|_| Reject::Misuse)?;
        Ok((epoch, HandshakeMessage::try_from(bytes).map_err(|_| Reject::Misuse)?))
    }

    /// Seals bytes for everybody in the group.
    ///
    /// # Errors
    /// [`Reject::Misuse`] while an own commit is under way or this device is out.
    pub fn seal(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Reject> {
        let message =
            self.mls.create_message(&self.provider, &self.signer, bytes).map_err(|_| Reject::Misuse)?;
        message.to_bytes().map_err(|_| Reject::Misuse)
    }

    /// Reads a KeyPackage and checks its signatures.
    pub(super) fn read_key_package(&self, bytes: &[u8]) -> Result<KeyPackage, Reject> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes).map_err(|_| Reject::Invalid)?;
        let MlsMessageBodyIn::KeyPackage(key_package) = message.extract() else {
            return Err(Reject::Invalid);
        };
        let key_package: KeyPackageIn = key_package;
        key_package.validate(self.provider.crypto(), ProtocolVersion::Mls10).map_err(|_| Reject::Invalid)
    }

    /// Returns the device and the credential in a KeyPackage.
    ///
    /// # Errors
    /// [`Reject::Invalid`] if it is none.
    pub fn subject_of(&self, key_package: &[u8]) -> Result<(DeviceKey, Vec<u8>), Reject> {
        let key_package = self.read_key_package(key_package)?;
        let leaf = key_package.leaf_node();
        let device = leaf.signature_key().as_slice().try_into().map_err(|_| Reject::Invalid)?;
        Ok((DeviceKey::from_bytes(device), leaf.credential().serialized_content().to_vec()))
    }

    fn extensions_with(&self, policy: &SignedPolicy) -> Result<Extensions<GroupContext>, Reject> {
        let mut extensions = self.mls.extensions().clone();
        extensions.add_or_replace(policy_extension(policy)).map_err(|_| Reject::Misuse)?;
        Ok(extensions)
    }
}

/// Returns the extension of the group's context that holds a policy.
pub(super) fn policy_extension(policy: &SignedPolicy) -> Extension {
    Extension::Unknown(POLICY_EXTENSION_TYPE, UnknownExtension(policy.to_bytes()))
}
