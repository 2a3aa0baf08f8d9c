//! Which packets of a stream have come: finds the rollover counter of the next, and refuses what came before.

/// Packets behind the newest that may still come (RFC 3711 section 3.3.2 asks for 64 at least). A retransmission of
/// the same packet under its own number comes within a second: 1,000 packets of video.
pub(super) const WINDOW: u64 = 1024;
const WORDS: usize = (WINDOW / 64) as usize;

/// The newest index of a stream, and which of those behind it have come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replay {
    newest: Option<u64>,
    /// A ring of bits, by index modulo [`WINDOW`].
    seen: [u64; WORDS],
}

impl Replay {
    /// Returns the index that a sequence number stands for: the nearest to the newest (RFC 3711 section 3.3.1). A
    /// stream begins in the first round.
    pub(crate) fn index_of(&self, seq: u16) -> u64 {
        let Some(newest) = self.newest else { return seq.into() };
        // From the newest to `seq`, by the shorter way round.
        let step = i64::from(seq.wrapping_sub(newest as u16) as i16);
        newest.checked_add_signed(step).unwrap_or(seq.into())
    }

    /// Returns whether no packet with this index was taken, as far back as is known.
    pub(crate) fn is_new(&self, index: u64) -> bool {
        match self.newest {
            None => true,
            Some(newest) if index > newest => true,
            Some(newest) => newest - index < WINDOW && !self.has(index),
        }
    }

    /// Notes a packet that was authentic.
    pub(crate) fn take(&mut self, index: u64) {
        if let Some(newest) = self.newest {
            if index > newest {
                let skipped = (index - newest).min(WINDOW);
                (0..skipped).for_each(|step| self.set(index - step, false));
            } else if newest - index >= WINDOW {
                return;
            }
        }
        self.set(index, true);
        self.newest = Some(self.newest.map_or(index, |newest| newest.max(index)));
    }

    fn has(&self, index: u64) -> bool {
        let bit = index % WINDOW;
        self.seen[(bit / 64) as usize] & 1 << (bit % 64) != 0
    }

    fn set(&mut self, index: u64, seen: bool) {
        let bit = index % WINDOW;
        let word = &mut self.seen[(bit / 64) as usize];
        *word = *word & !(1 << (bit % 64)) | u64::from(seen) << (bit % 64);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_packet_is_taken_once_in_any_order(steps in prop::collection::vec(-60i64..90, 1..2000)) {
            let mut replay = Replay::default();
            let mut taken = HashSet::new();
            let mut newest = 500_u64;
            for step in steps {
                let index = newest.saturating_add_signed(step);
                let found = replay.index_of(index as u16);
                prop_assert_eq!(found, index);
                prop_assert_eq!(replay.is_new(index), !taken.contains(&index));
                replay.take(index);
                taken.insert(index);
                newest = newest.max(index);
            }
        }
    }

    #[test]
    fn what_is_behind_the_window_counts_as_seen() {
        let mut replay = Replay::default();
        replay.take(5000);
        assert!(replay.is_new(5001 - WINDOW));
        assert!(!replay.is_new(5000 - WINDOW));
        replay.take(3);
        assert!(replay.is_new(4999), "an old one changes nothing");
    }

    #[test]
    fn a_jump_clears_what_it_passes() {
        let mut replay = Replay::default();
        (0..WINDOW).for_each(|index| replay.take(index));
        replay.take(3 * WINDOW);
        assert!((2 * WINDOW + 1..3 * WINDOW).all(|index| replay.is_new(index)));
    }
}
