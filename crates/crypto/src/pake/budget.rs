//! How often a passcode may be guessed. Kept by the host's device, which is the only one that can be guessed against.
//!
//! Each run of the proof is one guess. A guess is paid for before it is checked, so that many at once are not one, and
//! what a guest has paid is given back once it succeeds: people mistype. Attackers come with a new key each time; the
//! meeting's own budget is for them.

use std::collections::BTreeMap;

use sabha_protocol::DeviceKey;

/// Wrong guesses of one knocker's key, after which it is heard no more.
pub const KNOCKER_FAILURES_MAX: u32 = 5;

/// Wrong guesses in one meeting, after which the passcode is off until the host resets it.
pub const MEETING_FAILURES_MAX: u32 = 20;

/// A knocker waits this long after its first wrong guess, in milliseconds, and twice as long after each further one.
pub const FIRST_DELAY_MS: u64 = 1_000;

/// The counters of one meeting. Bounded: it remembers at most [`MEETING_FAILURES_MAX`] knockers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    knockers: BTreeMap<DeviceKey, Knocker>,
    failures: u32,
}

impl Budget {
    /// Returns a full budget.
    pub fn new() -> Self {
        Self::default()
    }

    /// Pays for a guess of `knocker`, to be called before its proof is checked. `now_ms` is the host's clock in
    /// milliseconds, from any beginning.
    ///
    /// # Errors
    /// [`Refused`]: the proof must not be checked. A refusal costs nothing.
    pub fn charge(&mut self, knocker: DeviceKey, now_ms: u64) -> Result<(), Refused> {
        if self.is_exhausted() {
            return Err(Refused::Meeting);
        }
        let paid = self.knockers.get(&knocker).copied().unwrap_or_default();
        if paid.failures >= KNOCKER_FAILURES_MAX {
            return Err(Refused::Knocker);
        }
        if now_ms < paid.not_before_ms {
            return Err(Refused::TooSoon { not_before_ms: paid.not_before_ms });
        }
        let not_before_ms = now_ms.saturating_add(FIRST_DELAY_MS << paid.failures);
        self.knockers.insert(knocker, Knocker { failures: paid.failures + 1, not_before_ms });
        self.failures += 1;
        Ok(())
    }

    /// Returns how many guesses `knocker` has left.
    pub fn left(&self, knocker: &DeviceKey) -> u8 {
        let paid = self.knockers.get(knocker).map_or(0, |paid| paid.failures);
        let left =
            KNOCKER_FAILURES_MAX.saturating_sub(paid).min(MEETING_FAILURES_MAX.saturating_sub(self.failures));
        u8::try_from(left).unwrap_or(u8::MAX)
    }

    /// Returns how long `knocker` must wait before its next guess, in milliseconds.
    pub fn wait_ms(&self, knocker: &DeviceKey, now_ms: u64) -> u64 {
        self.knockers.get(knocker).map_or(0, |paid| paid.not_before_ms.saturating_sub(now_ms))
    }

    /// Gives back what `knocker` has paid, because its proof held.
    pub fn succeed(&mut self, knocker: &DeviceKey) {
        if let Some(paid) = self.knockers.remove(knocker) {
            self.failures -= paid.failures;
        }
    }

    /// Begins anew, because the host said so.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Returns how many guesses have failed, to be shown to the host. Guesses that are being checked count.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns whether the passcode is off until the host resets it.
    pub const fn is_exhausted(&self) -> bool {
        self.failures >= MEETING_FAILURES_MAX
    }
}

/// Why a proof is not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// This knocker has guessed wrongly [`KNOCKER_FAILURES_MAX`] times.
    #[error("too many wrong passcodes from this device")]
    Knocker,
    /// [`MEETING_FAILURES_MAX`] guesses in this meeting were wrong.
    #[error("too many wrong passcodes in this meeting")]
    Meeting,
    /// This knocker's last guess was too short a time ago.
    #[error("the last wrong passcode was too short a time ago")]
    TooSoon {
        /// When it may guess again, by the host's clock in milliseconds.
        not_before_ms: u64,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Knocker {
    failures: u32,
    not_before_ms: u64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn knocker(number: u8) -> DeviceKey {
        DeviceKey::from_bytes([number; 32])
    }

    #[test]
    fn a_knocker_has_five_guesses_and_waits_twice_as_long_after_each() {
        let mut budget = Budget::new();
        let mut now_ms = 7;
        for delay_ms in [1_000, 2_000, 4_000, 8_000, 16_000] {
            assert_eq!(budget.charge(knocker(1), now_ms), Ok(()));
            let early = budget.charge(knocker(1), now_ms + delay_ms - 1);
            assert!(early.is_err());
            now_ms += delay_ms;
        }
        assert_eq!(budget.charge(knocker(1), u64::MAX), Err(Refused::Knocker));
        assert_eq!(budget.failures(), 5);
        assert_eq!(budget.charge(knocker(2), now_ms), Ok(()));
    }

    #[test]
    fn guesses_at_once_are_paid_for_one_by_one() {
        let mut budget = Budget::new();
        assert_eq!(budget.charge(knocker(1), 0), Ok(()));
        assert_eq!(budget.charge(knocker(1), 0), Err(Refused::TooSoon { not_before_ms: 1_000 }));
        assert_eq!(budget.failures(), 1);
    }

    #[test]
    fn new_keys_do_not_help_beyond_the_meetings_budget() {
        let mut budget = Budget::new();
        let taken = (0..=255).filter(|&number| budget.charge(knocker(number), 0).is_ok()).count();
        assert_eq!(taken, 20);
        assert_eq!(budget.charge(knocker(1), u64::MAX), Err(Refused::Meeting));
        budget.reset();
        assert_eq!(budget.charge(knocker(1), 0), Ok(()));
    }

    #[test]
    fn success_gives_back_what_the_knocker_paid_and_no_more() {
        let mut budget = Budget::new();
        budget.charge(knocker(1), 0).unwrap();
        budget.charge(knocker(2), 0).unwrap();
        budget.charge(knocker(2), 1_000).unwrap();
        budget.succeed(&knocker(2));
        budget.succeed(&knocker(3));
        assert_eq!(budget.failures(), 1);
        assert_eq!(budget.charge(knocker(2), 0), Ok(()));
        assert!(budget.charge(knocker(1), 0).is_err());
    }

    #[test]
    fn what_is_left_is_bounded_by_the_meetings_budget_too() {
        let mut budget = Budget::new();
        assert_eq!((budget.left(&knocker(0)), budget.wait_ms(&knocker(0), 0)), (5, 0));
        budget.charge(knocker(0), 0).unwrap();
        assert_eq!((budget.left(&knocker(0)), budget.wait_ms(&knocker(0), 400)), (4, 600));
        assert_eq!(budget.wait_ms(&knocker(0), 1_000), 0);
        (1..18).for_each(|number| budget.charge(knocker(number), 0).unwrap());
        assert_eq!((budget.left(&knocker(0)), budget.left(&knocker(99))), (2, 2));
    }

    proptest! {
        #[test]
        fn an_attacker_has_twenty_guesses_whatever_it_does(tries in prop::collection::vec((any::<u8>(), 0..100_000u64), 0..400)) {
            let mut budget = Budget::new();
            let mut now_ms = 0;
            let mut guesses = 0;
            for (number, wait_ms) in tries {
                now_ms += wait_ms;
                guesses += u32::from(budget.charge(knocker(number), now_ms).is_ok());
            }
            prop_assert!(guesses <= MEETING_FAILURES_MAX);
            prop_assert_eq!(budget.failures(), guesses);
        }
    }
}
