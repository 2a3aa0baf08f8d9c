//! On which shard a new peer of a room lives. Pure.
//!
//! A room costs least on one shard: on several each packet is copied once for each of the others, and what is kept for
//! those who miss one is kept on each. But a shard is one core, and a room must not be bounded by it. So the shards that a
//! room is on are filled one after the other, its home first.

/// Returns the shard for a new peer of a room that is at home on `home`. `of_room` says how many of its peers live on each
/// shard, `of_all` how many of anybody's, and `most` how many of one room do as long as another shard has fewer.
pub(super) fn shard_for(home: usize, most: usize, of_room: &[usize], of_all: &[usize]) -> usize {
    let rank = |shard: usize| {
        let (peers, load) = (of_room.get(shard).copied(), of_all.get(shard).copied().unwrap_or_default());
        match peers.unwrap_or_default() {
            full if full >= most => (3, full, load),
            _ if shard == home => (0, 0, 0),
            0 => (2, 0, load),
            _ => (1, 0, load),
        }
    };
    (0..of_room.len()).min_by_key(|shard| rank(*shard)).unwrap_or(home)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Places so many peers of one room, and returns how many live on each shard.
    fn placed(peers: usize, home: usize, most: usize, of_all: &[usize]) -> Vec<usize> {
        let mut of_room = vec![0; of_all.len()];
        for _ in 0..peers {
            let shard = shard_for(home, most, &of_room, of_all);
            of_room[shard] += 1;
        }
        of_room
    }

    #[test]
    fn room_fills_its_home_then_the_emptiest_shard_then_all_alike() {
        let of_all = [50, 10, 30, 20];
        assert_eq!(placed(32, 2, 32, &of_all), [0, 0, 32, 0]);
        assert_eq!(placed(40, 2, 32, &of_all), [0, 8, 32, 0]);
        assert_eq!(placed(65, 2, 32, &of_all), [0, 32, 32, 1]);
        assert_eq!(placed(140, 2, 32, &of_all), [35, 35, 35, 35]);
        assert_eq!(placed(100, 0, 32, &[0]), [100]);
    }

    #[test]
    fn place_that_became_free_at_home_is_taken_first() {
        assert_eq!(shard_for(0, 4, &[3, 4, 1], &[90, 4, 1]), 0);
        assert_eq!(shard_for(0, 4, &[4, 4, 1], &[90, 4, 1]), 2);
    }

    proptest! {
        #[test]
        fn room_is_on_no_more_shards_than_it_needs(
            peers in 1usize..200,
            home in 0usize..8,
            most in 1usize..50,
            of_all in prop::collection::vec(0usize..100, 8),
        ) {
            let of_room = placed(peers, home, most, &of_all);
            let used = of_room.iter().filter(|count| **count > 0).count();
            prop_assert_eq!(used, peers.div_ceil(most).min(8));
            prop_assert!(of_room[home] > 0);
        }
    }
}
