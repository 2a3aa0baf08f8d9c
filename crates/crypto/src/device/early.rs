//! Words of an epoch whose commit is not here yet. They wait, and are heard once it is.
//!
//! Who has just made a commit may hear what others say after it before it is told that it was accepted, and who was cut off hears
//! the others before it has caught up. What waits is sealed and may be anybody's junk, so it is bounded.

use std::collections::VecDeque;

use sabha_protocol::GroupEpoch;

use super::Device;
use crate::group::Group;

/// Words that wait at most; the oldest goes first.
const EARLY_MAX: usize = 64;
/// Bytes of them at most: four of the longest (`RELAY_BYTES_MAX`), hundreds of lines of chat.
const EARLY_BYTES_MAX: usize = 256 * 1024;

/// Sealed words that wait for their epoch, in the order in which they came.
#[derive(Default)]
pub(super) struct Early {
    waiting: VecDeque<(GroupEpoch, Vec<u8>)>,
    bytes: usize,
}

impl Early {
    pub(super) fn keep(&mut self, epoch: GroupEpoch, sealed: Vec<u8>) {
        if self.waiting.iter().any(|(_, other)| *other == sealed) {
            return;
        }
        self.bytes += sealed.len();
        self.waiting.push_back((epoch, sealed));
        while self.waiting.len() > EARLY_MAX || self.bytes > EARLY_BYTES_MAX {
            let Some((_, oldest)) = self.waiting.pop_front() else { break };
            self.bytes -= oldest.len();
        }
    }

    /// Returns what is of `epoch` or of one before it.
    fn take(&mut self, epoch: GroupEpoch) -> Vec<Vec<u8>> {
        let (due, waiting): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(of, _)| *of <= epoch);
        self.waiting = waiting;
        self.bytes = self.waiting.iter().map(|(_, sealed)| sealed.len()).sum();
        due.into_iter().map(|(_, sealed)| sealed).collect()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Device {
    /// Hears what has waited for the epoch that the group is in now.
    pub(super) fn hear_early(&mut self) {
        let Some(epoch) = self.group().map(Group::epoch) else { return };
        for sealed in self.early.take(epoch) {
            self.heard_sealed(sealed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(words: impl IntoIterator<Item = (u64, Vec<u8>)>) -> Early {
        let mut early = Early::default();
        for (epoch, sealed) in words {
            early.keep(GroupEpoch(epoch), sealed);
        }
        early
    }

    #[test]
    fn words_wait_for_their_epoch_in_the_order_in_which_they_came() {
        let mut early = kept([(2, vec![1]), (3, vec![2]), (2, vec![3])]);
        assert!(early.take(GroupEpoch(1)).is_empty());
        assert_eq!(early.take(GroupEpoch(2)), [[1], [3]]);
        assert!(early.take(GroupEpoch(2)).is_empty());
        assert_eq!(early.take(GroupEpoch(4)), [[2]]);
        assert_eq!(early.bytes, 0);
    }

    #[test]
    fn the_same_word_waits_once() {
        let mut early = kept([(2, vec![1]), (2, vec![1])]);
        assert_eq!(early.take(GroupEpoch(2)), [[1]]);
    }

    #[test]
    fn the_oldest_words_make_room() {
        let many = (0..=EARLY_MAX).map(|at| (2, vec![at as u8]));
        let left = kept(many).take(GroupEpoch(2));
        assert_eq!((left.len(), left[0][0]), (EARLY_MAX, 1));

        let long = (1..=5).map(|at| (2, vec![at; EARLY_BYTES_MAX / 4]));
        let mut early = kept(long);
        assert_eq!(early.bytes, EARLY_BYTES_MAX);
        assert_eq!(early.take(GroupEpoch(2)).iter().map(|word| word[0]).collect::<Vec<_>>(), [2, 3, 4, 5]);

        assert!(kept([(2, vec![0; EARLY_BYTES_MAX + 1])]).take(GroupEpoch(2)).is_empty());
    }
}
