//! Maps by keys that the server itself chose.
//!
//! The standard library's hash withstands keys that an attacker picks, and costs some 20 ns for each look-up, of which a
//! forwarded packet takes one for each receiver. Keys of rooms and peers are counted up by the server, so that one
//! multiplication spreads them well enough.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// A map by keys of our own.
pub(crate) type KeyMap<K, V> = HashMap<K, V, BuildHasherDefault<KeyHasher>>;

/// 2^64 divided by the golden ratio: multiples of it lie far apart (Knuth, volume 3, section 6.4).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Hashes a few whole numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(SPREAD);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn finish(&self) -> u64 {
        // The map takes its place from the low bits and its tag from the high ones; a product is good in the high only.
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, hash::BuildHasher as _};

    use super::*;
    use crate::{
        io::{PeerKey, RoomKey},
        shard::Timer,
    };

    #[test]
    fn keys_that_were_counted_up_spread_over_places_and_tags() {
        let hasher = BuildHasherDefault::<KeyHasher>::default();
        let hashes: Vec<u64> = (1..=1024).map(|key| hasher.hash_one(PeerKey(key))).collect();
        let places: HashSet<u64> = hashes.iter().map(|hash| hash % 2048).collect();
        let tags: HashSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
        // Of 1,024 that fall by chance into 2,048 places 806 are apart.
        assert!(places.len() > 700, "{} places", places.len());
        assert_eq!(tags.len(), 128);
    }

    #[test]
    fn timers_of_a_room_and_of_a_peer_are_two() {
        let mut map = KeyMap::default();
        map.insert(Timer::Room(RoomKey(1)), 1);
        map.insert(Timer::Peer(PeerKey(1)), 2);
        assert_eq!((map.get(&Timer::Room(RoomKey(1))), map.len()), (Some(&1), 2));
    }
}
