//! Decides which down-slot carries which publication.
//!
//! The assignment is stable: a publication keeps its slot while it is wanted, whatever else comes and
//! goes, because moving it would blank a tile until the next key frame.

/// Puts the first of `wanted` that fit into `slots`. Publications that stay keep their slot; those no longer
/// wanted leave; new ones take free slots in order. Calls `changed` with each slot whose occupant differs.
pub(crate) fn assign<T: Copy + PartialEq>(
    slots: &[Option<T>],
    wanted: &[T],
    mut changed: impl FnMut(usize, Option<T>),
) {
    let wanted = &wanted[..wanted.len().min(slots.len())];
    let mut newcomers = wanted.iter().filter(|&publication| !slots.contains(&Some(*publication)));
    for (index, slot) in slots.iter().enumerate() {
        if slot.is_some_and(|occupant| wanted.contains(&occupant)) {
            continue;
        }
        let next = newcomers.next().copied();
        if next != *slot {
            changed(index, next);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn assigned(slots: &[Option<u8>], wanted: &[u8]) -> Vec<Option<u8>> {
        let mut after = slots.to_vec();
        assign(slots, wanted, |index, occupant| after[index] = occupant);
        after
    }

    proptest! {
        #[test]
        fn wanted_publications_keep_their_slot_and_all_that_fit_get_one(
            rounds in prop::collection::vec(prop::collection::hash_set(0u8..20, 0..12), 1..10),
            count in 0usize..8,
        ) {
            let mut slots = vec![None; count];
            for round in rounds {
                let wanted: Vec<u8> = round.into_iter().collect();
                let after = assigned(&slots, &wanted);

                let fitting: HashSet<u8> = wanted.iter().copied().take(count).collect();
                let present: Vec<u8> = after.iter().flatten().copied().collect();
                prop_assert_eq!(present.iter().copied().collect::<HashSet<_>>(), fitting.clone());
                prop_assert_eq!(present.len(), fitting.len());
                for (before, after) in slots.iter().zip(&after) {
                    if before.is_some_and(|occupant| fitting.contains(&occupant)) {
                        prop_assert_eq!(before, after);
                    }
                }
                slots = after;
            }
        }
    }

    #[test]
    fn leaving_tile_does_not_move_the_others() {
        assert_eq!(assigned(&[Some(1), Some(2), Some(3)], &[3, 1]), [Some(1), None, Some(3)]);
        assert_eq!(assigned(&[Some(1), Some(2), None], &[4, 1]), [Some(1), Some(4), None]);
    }
}
