//! Takes each counter of a key once (RFC 9605 section 9.3), within a window below the greatest one that came.
//!
//! ```text
//!            too old │◄──────────── 1024 ────────────►│ new: the window moves
//!  ──────────────────┴────────────────────────────────┴─────────────────────► CTR
//!                                                     ▲ greatest so far
//! ```
//!
//! To be asked after a frame was authenticated only: otherwise a forged counter would move the window and shut out
//! what is real.

/// Counters below the greatest one that are still told apart. A camera in three layers sends 90 frames a second, so
/// this is 11 s of it: more than any jitter buffer holds.
pub const REPLAY_WINDOW: u64 = 1024;

const WORDS: usize = (REPLAY_WINDOW / 64) as usize;

/// The counters of one key that came.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ReplayWindow {
    /// The greatest counter that came.
    greatest: Option<u64>,
    /// Bit `ctr % 1024`: the counter within the window that has this remainder came.
    seen: [u64; WORDS],
}

impl ReplayWindow {
    /// Returns a window that nothing has come through.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes an authentic counter.
    ///
    /// # Errors
    /// [`ReplayError`]: it came before, or it cannot be told any more. Nothing changes then.
    pub fn accept(&mut self, ctr: u64) -> Result<(), ReplayError> {
        match self.greatest {
            Some(greatest) if ctr <= greatest => {
                if greatest - ctr >= REPLAY_WINDOW {
                    return Err(ReplayError::TooOld);
                }
                if self.seen[word(ctr)] & bit(ctr) != 0 {
                    return Err(ReplayError::Replayed);
                }
            }
            Some(greatest) if ctr - greatest < REPLAY_WINDOW => {
                for skipped in greatest + 1..=ctr {
                    self.seen[word(skipped)] &= !bit(skipped);
                }
                self.greatest = Some(ctr);
            }
            _ => {
                self.seen = [0; WORDS];
                self.greatest = Some(ctr);
            }
        }
        self.seen[word(ctr)] |= bit(ctr);
        Ok(())
    }
}

/// Why an authentic frame is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// A frame with this counter came before.
    #[error("the counter came before")]
    Replayed,
    /// The counter lies [`REPLAY_WINDOW`] or more below the greatest one.
    #[error("the counter is too old")]
    TooOld,
}

const fn word(ctr: u64) -> usize {
    (ctr % REPLAY_WINDOW / 64) as usize
}

const fn bit(ctr: u64) -> u64 {
    1 << (ctr % 64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_counter_is_taken_once_in_any_order() {
        let mut window = ReplayWindow::new();
        for ctr in [5, 3, 4, 0, 1, 2] {
            assert_eq!(window.accept(ctr), Ok(()));
            assert_eq!(window.accept(ctr), Err(ReplayError::Replayed));
        }
    }

    #[test]
    fn window_reaches_1023_below_the_greatest() {
        let mut window = ReplayWindow::new();
        window.accept(5000).unwrap();
        assert_eq!(window.accept(5000 - 1023), Ok(()));
        assert_eq!(window.accept(5000 - 1024), Err(ReplayError::TooOld));
        assert_eq!(window.accept(0), Err(ReplayError::TooOld));
    }

    #[test]
    fn the_last_counters_of_all_are_handled() {
        let mut window = ReplayWindow::new();
        for ctr in [0, u64::MAX - 1, u64::MAX] {
            assert_eq!(window.accept(ctr), Ok(()));
        }
        assert_eq!(window.accept(u64::MAX), Err(ReplayError::Replayed));
        assert_eq!(window.accept(0), Err(ReplayError::TooOld));
    }

    /// What the window is a bounded form of: all counters that came.
    #[derive(Default)]
    struct Model(BTreeSet<u64>);

    impl Model {
        fn accept(&mut self, ctr: u64) -> Result<(), ReplayError> {
            let greatest = self.0.last().copied().unwrap_or(ctr);
            if greatest.saturating_sub(ctr) >= REPLAY_WINDOW {
                return Err(ReplayError::TooOld);
            }
            if self.0.insert(ctr) { Ok(()) } else { Err(ReplayError::Replayed) }
        }
    }

    proptest! {
        #[test]
        fn window_agrees_with_a_set_of_all_counters(steps in prop::collection::vec(-1100..1300i64, 1..400)) {
            let (mut window, mut model, mut at) = (ReplayWindow::new(), Model::default(), 2_000u64);
            for step in steps {
                at = at.saturating_add_signed(step);
                prop_assert_eq!(window.accept(at), model.accept(at), "counter {}", at);
            }
        }
    }
}
