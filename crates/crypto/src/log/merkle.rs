//! A Merkle tree over a growing list: its head, and proofs that something is in it and that it only grew
//! (RFC 9162 section 2.1, which keeps the hashes of RFC 6962). SHA-256.
//!
//! ```text
//!  leaf  = SHA-256(0x00 || entry)        head of 5:      ┌────┴────┐
//!  node  = SHA-256(0x01 || left || right)              ┌─┴──┐      e
//!  head of nothing = SHA-256("")                      ┌┴┐  ┌┴┐
//! ```
//!
//! Every complete subtree is kept, so a head costs as many hashes as the size has bits.

use sha2::{Digest as _, Sha256};

/// A node or head of the tree.
pub type Hash = [u8; 32];

/// Hashes in a proof, at most: those of a tree whose size has 64 bits, twice.
const PROOF_HASHES_MAX: usize = 128;

/// The hashes of a list of entries. The entries themselves are kept by who needs them.
#[derive(Clone, Debug, Default)]
pub struct MerkleTree {
    /// `levels[k][i]` is the head of the 2^k entries from `i * 2^k`, where there are so many.
    levels: Vec<Vec<Hash>>,
}

impl MerkleTree {
    /// Returns the tree of an empty list.
    pub const fn new() -> Self {
        Self { levels: Vec::new() }
    }

    /// Returns the number of entries.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, entry: &[u8]) {
        let mut hash = leaf_hash(entry);
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let hashes = &mut self.levels[level];
            hashes.push(hash);
            match hashes.as_chunks::<2>() {
                (pairs, []) => {
                    let [left, right] = pairs.last().expect("one was pushed, and none is left over");
                    hash = node_hash(left, right);
                }
                _ => break,
            }
        }
    }

    /// Returns the head of all entries.
    pub fn head(&self) -> Hash {
        self.range(0, self.size())
    }

    /// Returns the head of the first `size` entries, or `None` if there are less.
    pub fn head_at(&self, size: u64) -> Option<Hash> {
        (size <= self.size()).then(|| self.range(0, size))
    }

    /// Proves that entry `index` is among the first `size` entries (section 2.1.3.1). `None` if it is not.
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut start, mut length, mut proof) = (0, size, Vec::new());
        // From the head down; a proof is read from the leaf up.
        while length > 1 {
            let left = split(length);
            if index < start + left {
                proof.push(self.range(start + left, length - left));
                length = left;
            } else {
                proof.push(self.range(start, left));
                (start, length) = (start + left, length - left);
            }
        }
        proof.reverse();
        Some(proof)
    }

    /// Proves that the first `old` entries are also the first of the first `new` (section 2.1.4.1). `None` unless
    /// `0 < old <= new <=` the size.
    pub fn consistency_proof(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        if old == 0 || old > new || new > self.size() {
            return None;
        }
        let (mut start, mut length, mut proof) = (0, new, Vec::new());
        // Down to where a subtree ends with the old size; it is known to who has the old head if that is all of it.
        while start + length != old {
            let left = split(length);
            if old <= start + left {
                proof.push(self.range(start + left, length - left));
                length = left;
            } else {
                proof.push(self.range(start, left));
                (start, length) = (start + left, length - left);
            }
        }
        if start > 0 {
            proof.push(self.range(start, length));
        }
        proof.reverse();
        Some(proof)
    }

    /// Returns the head of `length` entries from `start`, which begin a subtree.
    fn range(&self, start: u64, length: u64) -> Hash {
        if length == 0 {
            return Sha256::digest([]).into();
        }
        if length.is_power_of_two() {
            return self.levels[length.trailing_zeros() as usize][(start / length) as usize];
        }
        let left = split(length);
        node_hash(&self.range(start, left), &self.range(start + left, length - left))
    }
}

/// Returns the head that a proof of inclusion leads to (section 2.1.3.2), or `None` if it has not the form of a proof
/// for this place.
pub fn head_by_inclusion(index: u64, size: u64, entry: &[u8], proof: &[Hash]) -> Option<Hash> {
    if index >= size || proof.len() > PROOF_HASHES_MAX {
        return None;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf_hash(entry));
    for sibling in proof {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A last node without a sibling on its right rises until it is somebody's right child.
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

/// Returns whether a proof shows that a list with `new_head` begins with the one with `old_head` (section 2.1.4.2).
pub fn is_consistent(old: u64, new: u64, old_head: &Hash, new_head: &Hash, proof: &[Hash]) -> bool {
    if old == 0 || old > new || proof.len() > PROOF_HASHES_MAX {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_head == new_head;
    }
    let mut proof = proof.iter();
    // A complete old tree is itself the first node; the proof leaves it out.
    let first = if old.is_power_of_two() { Some(old_head) } else { proof.next() };
    let Some(first) = first else { return false };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let (mut from_old, mut from_new) = (*first, *first);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            from_old = node_hash(sibling, &from_old);
            from_new = node_hash(sibling, &from_new);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            from_new = node_hash(&from_new, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && from_old == *old_head && from_new == *new_head
}

/// Returns the hash of one entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Returns the greatest power of two less than `length`, which is at least two.
const fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tree(entries: &[Vec<u8>]) -> MerkleTree {
        let mut tree = MerkleTree::new();
        entries.iter().for_each(|entry| tree.push(entry));
        tree
    }

    fn numbers(size: u64) -> Vec<Vec<u8>> {
        (0..size).map(|number| number.to_be_bytes().to_vec()).collect()
    }

    /// MTH of RFC 9162 section 2.1.1, word for word: what the tree is a faster form of.
    fn reference(entries: &[Vec<u8>]) -> Hash {
        match entries {
            [] => Sha256::digest([]).into(),
            [entry] => leaf_hash(entry),
            _ => {
                let (left, right) = entries.split_at(split(entries.len() as u64) as usize);
                node_hash(&reference(left), &reference(right))
            }
        }
    }

    #[test]
    fn heads_are_those_of_certificate_transparency() {
        // The leaves and heads with which implementations of RFC 6962 have been tested since its reference code.
        let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
        let leaves = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let heads = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = MerkleTree::new();
        assert_eq!(
            tree.head().to_vec(),
            hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        );
        for (leaf, head) in leaves.into_iter().zip(heads) {
            tree.push(&hex(leaf));
            assert_eq!(tree.head().to_vec(), hex(head), "{}", tree.size());
        }
    }

    #[test]
    fn every_head_is_that_of_the_definition() {
        let entries = numbers(70);
        let tree = tree(&entries);
        for size in 0..=70 {
            assert_eq!(tree.head_at(size as u64), Some(reference(&entries[..size])), "{size}");
        }
        assert_eq!(tree.head_at(71), None);
    }

    #[test]
    fn every_entry_of_every_size_is_proven_and_nothing_else() {
        let entries = numbers(33);
        let tree = tree(&entries);
        for size in 1..=33 {
            for index in 0..size {
                let proof = tree.inclusion_proof(index, size).unwrap();
                let head = |index, size, entry: u64, proof: &[Hash]| {
                    head_by_inclusion(index, size, &entries[entry as usize], proof)
                };
                let right = tree.head_at(size);
                assert_eq!(head(index, size, index, &proof), right);
                assert_ne!(head(index, size, (index + 1) % 33, &proof), right);
                assert_ne!(head((index + 1) % size, size, index, &proof), right.filter(|_| size > 1));
                assert_eq!(head(index, size, index, &[&proof[..], &[[0; 32]]].concat()), None);
                if let Some((_, shorter)) = proof.split_last() {
                    assert_eq!(head(index, size, index, shorter), None);
                }
            }
        }
        assert_eq!(tree.inclusion_proof(33, 33), None);
        assert_eq!(tree.inclusion_proof(0, 34), None);
        assert_eq!(head_by_inclusion(0, 0, b"", &[]), None);
    }

    #[test]
    fn every_growth_is_proven_and_no_other() {
        let tree = tree(&numbers(33));
        let mut other = numbers(33);
        other[0] = b"another".to_vec();
        let other = super::tests::tree(&other);
        for new in 1..=33 {
            for old in 1..=new {
                let proof = tree.consistency_proof(old, new).unwrap();
                let (old_head, new_head) = (tree.head_at(old).unwrap(), tree.head_at(new).unwrap());
                let check = |a: &Hash, b: &Hash, proof: &[Hash]| is_consistent(old, new, a, b, proof);
                assert!(check(&old_head, &new_head, &proof), "{old} {new}");
                assert!(!check(&other.head_at(old).unwrap(), &new_head, &proof));
                assert!(!check(&old_head, &other.head_at(new).unwrap(), &proof));
                assert!(!check(&old_head, &new_head, &[&proof[..], &[[0; 32]]].concat()));
                if let Some((_, shorter)) = proof.split_last() {
                    assert!(!check(&old_head, &new_head, shorter));
                }
            }
        }
        for (old, new) in [(0, 1), (2, 1), (1, 34)] {
            assert_eq!(tree.consistency_proof(old, new), None);
        }
        let head = tree.head();
        assert!(!is_consistent(0, 33, &head, &head, &[]));
        assert!(!is_consistent(33, 1, &head, &head, &[]));
    }

    proptest! {
        #[test]
        fn any_changed_hash_breaks_a_proof(size in 2..200u64, index: prop::sample::Index, old: prop::sample::Index, at: prop::sample::Index, bit in 0..256usize) {
            let entries = numbers(size);
            let tree = tree(&entries);
            let (index, old) = (index.index(size as usize) as u64, old.index(size as usize - 1) as u64 + 1);

            let mut proof = tree.inclusion_proof(index, size).unwrap();
            let place = at.index(proof.len());
            proof[place][bit / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(head_by_inclusion(index, size, &entries[index as usize], &proof), Some(tree.head()));

            let mut proof = tree.consistency_proof(old, size).unwrap();
            let place = at.index(proof.len());
            proof[place][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!is_consistent(old, size, &tree.head_at(old).unwrap(), &tree.head(), &proof));
        }

        #[test]
        fn any_proof_is_checked_without_a_panic(index: u64, size: u64, proof in prop::collection::vec(any::<[u8; 32]>(), 0..130)) {
            prop_assert_ne!(head_by_inclusion(index, size, b"entry", &proof), Some([0; 32]));
            prop_assert!(!is_consistent(index, size, &[0; 32], &[1; 32], &proof));
        }
    }
}
