//! How often the server said no, by rule and minute, for the last day: what an operator sees of an attack.
//!
//! Counts and rules, nothing of whom they concern. Kept in memory by the process, like what `/metrics` counts, and
//! bounded: a minute has at most one number for each rule, and the oldest minute makes room.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use sabha_protocol::Rule;

/// Minutes kept: a day.
pub(crate) const MINUTES_MAX: u64 = 24 * 60;

const MINUTE_MS: u64 = 60_000;

/// Of this process.
static RING: Mutex<Ring> = Mutex::new(Ring { minutes: VecDeque::new() });

/// One minute in which something was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Minute {
    /// Minutes since 1970.
    pub(crate) number: u64,
    pub(crate) by_rule: BTreeMap<Rule, u64>,
}

#[derive(Debug, Default)]
struct Ring {
    /// Oldest first; a minute without refusals has none.
    minutes: VecDeque<Minute>,
}

impl Ring {
    fn count(&mut self, rule: Rule, now_ms: u64) {
        let number = now_ms / MINUTE_MS;
        // A clock that was set back counts on in the newest minute.
        if self.minutes.back().is_none_or(|newest| newest.number < number) {
            self.minutes.push_back(Minute { number, by_rule: BTreeMap::new() });
            while self.minutes.front().is_some_and(|oldest| oldest.number + MINUTES_MAX <= number) {
                self.minutes.pop_front();
            }
        }
        if let Some(newest) = self.minutes.back_mut() {
            *newest.by_rule.entry(rule).or_default() += 1;
        }
    }

    fn since(&self, first: u64) -> Vec<Minute> {
        self.minutes.iter().filter(|minute| minute.number >= first).cloned().collect()
    }
}

/// Counts a refusal.
pub(crate) fn count(rule: Rule, now_ms: u64) {
    RING.lock().unwrap_or_else(PoisonError::into_inner).count(rule, now_ms);
}

/// Returns the last `minutes` up to now, oldest first, without those in which nothing was refused; and the number of
/// the first of them.
pub(crate) fn last(minutes: u64, now_ms: u64) -> (u64, Vec<Minute>) {
    let first = (now_ms / MINUTE_MS + 1).saturating_sub(minutes.min(MINUTES_MAX));
    (first, RING.lock().unwrap_or_else(PoisonError::into_inner).since(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_rule_and_minute() {
        let mut ring = Ring::default();
        for (rule, at_ms) in
            [(Rule::Rate, 60_000), (Rule::Rate, 119_999), (Rule::KnownMeeting, 60_500), (Rule::Rate, 240_000)]
        {
            ring.count(rule, at_ms);
        }
        let minute =
            |number, by_rule: &[(Rule, u64)]| Minute { number, by_rule: by_rule.iter().copied().collect() };
        let first = minute(1, &[(Rule::KnownMeeting, 1), (Rule::Rate, 2)]);
        assert_eq!(ring.since(0), [first, minute(4, &[(Rule::Rate, 1)])]);
        assert_eq!(ring.since(2), [minute(4, &[(Rule::Rate, 1)])]);
    }

    #[test]
    fn a_day_is_kept_whatever_comes() {
        let mut ring = Ring::default();
        for number in 0..3 * MINUTES_MAX {
            ring.count(Rule::ALL[number as usize % Rule::ALL.len()], number * MINUTE_MS);
        }
        assert_eq!(ring.minutes.len() as u64, MINUTES_MAX);
        assert_eq!(ring.minutes.front().unwrap().number, 2 * MINUTES_MAX);
        ring.count(Rule::Rate, 0);
        assert_eq!(ring.minutes.len() as u64, MINUTES_MAX, "a clock that is set back makes no minute");
    }
}
