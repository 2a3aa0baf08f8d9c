//! What OpenMLS keeps beside a group that lives in memory: private keys and the link's secret, each wiped when it goes.
//!
//! OpenMLS writes all of a group at every step of it, so that a program can load it again later. A device never does: its
//! group lives and ends in memory, and after a reload it comes back by an external commit. So only those rows are
//! kept that OpenMLS 0.9 reads back while the group lives:
//!
//! | row | written | read | deleted |
//! |---|---|---|---|
//! | KeyPackage with its private keys | when it is made | by the Welcome for it | then |
//! | external pre-shared key | by `PreSharedKeyId::store` | by a commit or Welcome with its id | with the store |
//! | key pairs of an epoch: the own leaf and the nodes above it | on entering it | by a commit, opened or merged | on leaving it |
//! | key pair of an own Update proposal (RFC 9420 section 12.1.2) | when it is made | by the commit with it | when that is merged |
//!
//! Not kept, since OpenMLS has them in the group itself and reads the row only to load the group: tree, context,
//! transcript hash, confirmation tag, secrets of the epoch, of messages and for resumption, own leaf and its index,
//! configuration, state, queued proposals. Nor are signature keys: a device's is its [`DeviceSigner`](super::DeviceSigner).
//! Whoever asks for such a row is told that there is none, so that `load` finds no group, and `replace_old_group` has
//! nothing to replace. Secrets of old epochs are thus nowhere but in the group, which drops them in time.
//!
//! A row is JSON, which OpenMLS' types need to describe themselves in; its buffers are wiped, whatever the row's fate.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};

use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

/// First capacity of a row, in bytes: enough for a key pair of either suite.
const ROW_BYTES: usize = 4096;

/// The rows of one device in one meeting: a handful.
#[derive(Default)]
pub struct Store {
    rows: Mutex<BTreeMap<Key, Zeroizing<Vec<u8>>>>,
}

/// A row that cannot be written as JSON or read from it, or that nobody should ask to have kept: a mistake of ours or
/// the library's, never of others.
#[derive(Debug, thiserror::Error)]
#[error("a row cannot be {0}")]
pub struct StoreError(&'static str);

/// Which row: its kind, and its name among those of the kind, as JSON.
type Key = (Kind, Vec<u8>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    EpochKeyPairs,
    KeyPackage,
    KeyPair,
    Psk,
}

impl Store {
    fn write(
        &self,
        kind: Kind,
        name: &impl Serialize,
        row: &(impl Serialize + ?Sized),
    ) -> Result<(), StoreError> {
        let key = key(kind, name)?;
        let mut bytes = Wiped(Zeroizing::new(Vec::with_capacity(ROW_BYTES)));
        serde_json::to_writer(&mut bytes, row).map_err(|_| StoreError("written"))?;
        self.rows().insert(key, bytes.0);
        Ok(())
    }

    fn read<Row: DeserializeOwned>(
        &self,
        kind: Kind,
        name: &impl Serialize,
    ) -> Result<Option<Row>, StoreError> {
        let key = key(kind, name)?;
        let rows = self.rows();
        rows.get(&key).map(|bytes| serde_json::from_slice(bytes)).transpose().map_err(|_| StoreError("read"))
    }

    fn delete(&self, kind: Kind, name: &impl Serialize) -> Result<(), StoreError> {
        let key = key(kind, name)?;
        self.rows().remove(&key);
        Ok(())
    }

    /// Each row is replaced as a whole, so that a panic elsewhere leaves none half written.
    fn rows(&self) -> MutexGuard<'_, BTreeMap<Key, Zeroizing<Vec<u8>>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The kinds of the rows, and nothing that is in them.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rows().keys().map(|(kind, _)| kind)).finish()
    }
}

fn key(kind: Kind, name: &impl Serialize) -> Result<Key, StoreError> {
    Ok((kind, serde_json::to_vec(name).map_err(|_| StoreError("named"))?))
}

/// A buffer that grows into a fresh one and wipes the old, where a `Vec` would leave it to the allocator as it is.
struct Wiped(Zeroizing<Vec<u8>>);

impl Write for Wiped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(2 * self.0.capacity())));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Rows of a group that are not kept: what is written to them is dropped, and there is nothing to read or delete.
macro_rules! not_kept {
    ($($row:ident: $write:ident, $read:ident, $delete:ident;)*) => {
        $(
            fn $write<GroupId: traits::GroupId<CURRENT_VERSION>, Row: traits::$row<CURRENT_VERSION>>(
                &self,
                _: &GroupId,
                _: &Row,
            ) -> Result<(), StoreError> {
                Ok(())
            }

            fn $read<GroupId: traits::GroupId<CURRENT_VERSION>, Row: traits::$row<CURRENT_VERSION>>(
                &self,
                _: &GroupId,
            ) -> Result<Option<Row>, StoreError> {
                Ok(None)
            }

            fn $delete<GroupId: traits::GroupId<CURRENT_VERSION>>(&self, _: &GroupId) -> Result<(), StoreError> {
                Ok(())
            }
        )*
    };
}

/// Drafts that OpenMLS can be compiled with want more rows; none is, and with one this would not compile.
impl StorageProvider<CURRENT_VERSION> for Store {
    type Error = StoreError;

    fn write_key_package<
        HashReference: traits::HashReference<CURRENT_VERSION>,
        KeyPackage: traits::KeyPackage<CURRENT_VERSION>,
    >(
        &self,
        reference: &HashReference,
        key_package: &KeyPackage,
    ) -> Result<(), StoreError> {
        self.write(Kind::KeyPackage, reference, key_package)
    }

    fn key_package<
        HashReference: traits::HashReference<CURRENT_VERSION>,
        KeyPackage: traits::KeyPackage<CURRENT_VERSION>,
    >(
        &self,
        reference: &HashReference,
    ) -> Result<Option<KeyPackage>, StoreError> {
        self.read(Kind::KeyPackage, reference)
    }

    fn delete_key_package<HashReference: traits::HashReference<CURRENT_VERSION>>(
        &self,
        reference: &HashReference,
    ) -> Result<(), StoreError> {
        self.delete(Kind::KeyPackage, reference)
    }

    fn write_psk<PskId: traits::PskId<CURRENT_VERSION>, PskBundle: traits::PskBundle<CURRENT_VERSION>>(
        &self,
        id: &PskId,
        psk: &PskBundle,
    ) -> Result<(), StoreError> {
        self.write(Kind::Psk, id, psk)
    }

    fn psk<PskBundle: traits::PskBundle<CURRENT_VERSION>, PskId: traits::PskId<CURRENT_VERSION>>(
        &self,
        id: &PskId,
    ) -> Result<Option<PskBundle>, StoreError> {
        self.read(Kind::Psk, id)
    }

    fn delete_psk<PskId: traits::PskId<CURRENT_VERSION>>(&self, id: &PskId) -> Result<(), StoreError> {
        self.delete(Kind::Psk, id)
    }

    fn write_encryption_epoch_key_pairs<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        EpochKey: traits::EpochKey<CURRENT_VERSION>,
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
        key_pairs: &[HpkeKeyPair],
    ) -> Result<(), StoreError> {
        self.write(Kind::EpochKeyPairs, &(group_id, epoch, leaf_index), key_pairs)
    }

    fn encryption_epoch_key_pairs<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        EpochKey: traits::EpochKey<CURRENT_VERSION>,
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
    ) -> Result<Vec<HpkeKeyPair>, StoreError> {
        Ok(self.read(Kind::EpochKeyPairs, &(group_id, epoch, leaf_index))?.unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        EpochKey: traits::EpochKey<CURRENT_VERSION>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
    ) -> Result<(), StoreError> {
        self.delete(Kind::EpochKeyPairs, &(group_id, epoch, leaf_index))
    }

    fn write_encryption_key_pair<
        EncryptionKey: traits::EncryptionKey<CURRENT_VERSION>,
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        public_key: &EncryptionKey,
        key_pair: &HpkeKeyPair,
    ) -> Result<(), StoreError> {
        self.write(Kind::KeyPair, public_key, key_pair)
    }

    fn encryption_key_pair<
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
        EncryptionKey: traits::EncryptionKey<CURRENT_VERSION>,
    >(
        &self,
        public_key: &EncryptionKey,
    ) -> Result<Option<HpkeKeyPair>, StoreError> {
        self.read(Kind::KeyPair, public_key)
    }

    fn delete_encryption_key_pair<EncryptionKey: traits::EncryptionKey<CURRENT_VERSION>>(
        &self,
        public_key: &EncryptionKey,
    ) -> Result<(), StoreError> {
        self.delete(Kind::KeyPair, public_key)
    }

    not_kept! {
        ConfirmationTag: write_confirmation_tag, confirmation_tag, delete_confirmation_tag;
        GroupContext: write_context, group_context, delete_context;
        GroupEpochSecrets: write_group_epoch_secrets, group_epoch_secrets, delete_group_epoch_secrets;
        InterimTranscriptHash:
            write_interim_transcript_hash, interim_transcript_hash, delete_interim_transcript_hash;
        LeafNodeIndex: write_own_leaf_index, own_leaf_index, delete_own_leaf_index;
        MessageSecrets: write_message_secrets, message_secrets, delete_message_secrets;
        MlsGroupJoinConfig: write_mls_join_config, mls_group_join_config, delete_group_config;
        ResumptionPskStore:
            write_resumption_psk_store, resumption_psk_store, delete_all_resumption_psk_secrets;
        TreeSync: write_tree, tree, delete_tree;
    }

    // Not kept either; the library has these in other shapes.

    fn write_group_state<
        GroupState: traits::GroupState<CURRENT_VERSION>,
        GroupId: traits::GroupId<CURRENT_VERSION>,
    >(
        &self,
        _: &GroupId,
        _: &GroupState,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    fn group_state<
        GroupState: traits::GroupState<CURRENT_VERSION>,
        GroupId: traits::GroupId<CURRENT_VERSION>,
    >(
        &self,
        _: &GroupId,
    ) -> Result<Option<GroupState>, StoreError> {
        Ok(None)
    }

    fn delete_group_state<GroupId: traits::GroupId<CURRENT_VERSION>>(
        &self,
        _: &GroupId,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    fn append_own_leaf_node<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        LeafNode: traits::LeafNode<CURRENT_VERSION>,
    >(
        &self,
        _: &GroupId,
        _: &LeafNode,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    fn own_leaf_nodes<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        LeafNode: traits::LeafNode<CURRENT_VERSION>,
    >(
        &self,
        _: &GroupId,
    ) -> Result<Vec<LeafNode>, StoreError> {
        Ok(Vec::new())
    }

    fn delete_own_leaf_nodes<GroupId: traits::GroupId<CURRENT_VERSION>>(
        &self,
        _: &GroupId,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    fn queue_proposal<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        ProposalRef: traits::ProposalRef<CURRENT_VERSION>,
        QueuedProposal: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        _: &GroupId,
        _: &ProposalRef,
        _: &QueuedProposal,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    fn queued_proposal_refs<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        ProposalRef: traits::ProposalRef<CURRENT_VERSION>,
    >(
        &self,
        _: &GroupId,
    ) -> Result<Vec<ProposalRef>, StoreError> {
        Ok(Vec::new())
    }

    fn queued_proposals<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        ProposalRef: traits::ProposalRef<CURRENT_VERSION>,
        QueuedProposal: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        _: &GroupId,
    ) -> Result<Vec<(ProposalRef, QueuedProposal)>, StoreError> {
        Ok(Vec::new())
    }

    fn remove_proposal<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        ProposalRef: traits::ProposalRef<CURRENT_VERSION>,
    >(
        &self,
        _: &GroupId,
        _: &ProposalRef,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    fn clear_proposal_queue<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        ProposalRef: traits::ProposalRef<CURRENT_VERSION>,
    >(
        &self,
        _: &GroupId,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    fn write_signature_key_pair<
        SignaturePublicKey: traits::SignaturePublicKey<CURRENT_VERSION>,
        SignatureKeyPair: traits::SignatureKeyPair<CURRENT_VERSION>,
    >(
        &self,
        _: &SignaturePublicKey,
        _: &SignatureKeyPair,
    ) -> Result<(), StoreError> {
        Err(StoreError("kept"))
    }

    fn signature_key_pair<
        SignaturePublicKey: traits::SignaturePublicKey<CURRENT_VERSION>,
        SignatureKeyPair: traits::SignatureKeyPair<CURRENT_VERSION>,
    >(
        &self,
        _: &SignaturePublicKey,
    ) -> Result<Option<SignatureKeyPair>, StoreError> {
        Ok(None)
    }

    fn delete_signature_key_pair<SignaturePublicKey: traits::SignaturePublicKey<CURRENT_VERSION>>(
        &self,
        _: &SignaturePublicKey,
    ) -> Result<(), StoreError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use openmls_traits::storage::{Entity, Key as Name};
    use serde::Deserialize;

    use super::*;

    /// Stands for whatever the library keeps.
    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Row(Vec<u8>);

    impl Entity<CURRENT_VERSION> for Row {}
    impl Name<CURRENT_VERSION> for Row {}
    impl traits::EpochKey<CURRENT_VERSION> for Row {}
    impl traits::GroupId<CURRENT_VERSION> for Row {}
    impl traits::HashReference<CURRENT_VERSION> for Row {}
    impl traits::HpkeKeyPair<CURRENT_VERSION> for Row {}
    impl traits::KeyPackage<CURRENT_VERSION> for Row {}
    impl traits::MessageSecrets<CURRENT_VERSION> for Row {}
    impl traits::SignatureKeyPair<CURRENT_VERSION> for Row {}
    impl traits::SignaturePublicKey<CURRENT_VERSION> for Row {}

    fn row(byte: u8, len: usize) -> Row {
        Row(vec![byte; len])
    }

    #[test]
    fn a_kept_row_comes_back_until_it_is_deleted() {
        let store = Store::default();
        let (first, second) = (row(1, 32), row(2, 32));
        store.write_key_package(&first, &row(7, 5 * ROW_BYTES)).unwrap();
        assert_eq!(store.key_package(&first).unwrap(), Some(row(7, 5 * ROW_BYTES)));
        assert_eq!(store.key_package::<_, Row>(&second).unwrap(), None);

        store.write_key_package(&first, &row(8, 1)).unwrap();
        assert_eq!(store.key_package(&first).unwrap(), Some(row(8, 1)));
        store.delete_key_package(&first).unwrap();
        assert_eq!(store.key_package::<_, Row>(&first).unwrap(), None);
        store.delete_key_package(&first).unwrap();
    }

    #[test]
    fn key_pairs_of_an_epoch_are_of_one_group_epoch_and_leaf() {
        let store = Store::default();
        let (group, epoch, other) = (row(1, 32), row(2, 8), row(3, 8));
        store.write_encryption_epoch_key_pairs(&group, &epoch, 4, &[row(5, 32), row(6, 32)]).unwrap();
        let read =
            |group, epoch, leaf| store.encryption_epoch_key_pairs::<_, _, Row>(group, epoch, leaf).unwrap();
        assert_eq!(read(&group, &epoch, 4), [row(5, 32), row(6, 32)]);
        assert!(read(&other, &epoch, 4).is_empty());
        assert!(read(&group, &other, 4).is_empty());
        assert!(read(&group, &epoch, 3).is_empty());
        store.delete_encryption_epoch_key_pairs(&group, &epoch, 4).unwrap();
        assert!(read(&group, &epoch, 4).is_empty());
    }

    #[test]
    fn what_the_group_holds_itself_is_not_kept() {
        let store = Store::default();
        store.write_message_secrets(&row(1, 32), &row(2, 32)).unwrap();
        assert_eq!(store.message_secrets::<_, Row>(&row(1, 32)).unwrap(), None);
        assert!(store.write_signature_key_pair(&row(1, 32), &row(2, 32)).is_err());
        assert!(store.rows().is_empty());
    }

    #[test]
    fn what_is_in_a_row_is_not_printed() {
        let store = Store::default();
        store.write_key_package(&row(1, 32), &row(7, 32)).unwrap();
        assert_eq!(format!("{store:?}"), "[KeyPackage]");
    }
}
