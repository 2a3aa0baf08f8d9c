//! How fast what strangers say reaches a meeting's hosts: a queue of turns.
//!
//! Whoever knocks, or says something from the lobby, makes every host's device work. A crowd of them, however it came,
//! waits in line, each with one thing at a time, so that hosts are never flooded and everybody has a turn. Who would
//! have to wait too long is turned away.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Turns that are given at once to a line that was empty, in time.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The line before one meeting's hosts.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    /// When the next turn is; in the past if nobody waits.
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// Returns an empty line that gives so many turns a second, and as many at once.
    pub(super) fn new(per_second: u32) -> Self {
        Self { interval: Duration::from_secs(1) / per_second.max(1), next: Mutex::default() }
    }

    /// Returns how long to wait for one's turn, which is taken; `None`, and nothing is taken, if that is longer than
    /// `wait_max`.
    pub(super) fn turn(&self, now: Instant, wait_max: Duration) -> Option<Duration> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        // The latest moment that still has a second's turns ahead of it.
        let earliest = now.checked_sub(AT_ONCE).unwrap_or(now);
        let turn = next.map_or(earliest, |next| next.max(earliest)) + self.interval;
        let wait = turn.saturating_duration_since(now);
        if wait > wait_max {
            return None;
        }
        *next = Some(turn);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_crowd_waits_in_line_and_one_alone_does_not() {
        let (pace, start) = (Pace::new(10), Instant::now() + LONG);
        let waits: Vec<_> = (0..12).map(|_| pace.turn(start, LONG).unwrap().as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 200]);
        let later = start + LONG;
        assert_eq!(pace.turn(later, LONG), Some(Duration::ZERO));
    }

    #[test]
    fn who_would_wait_too_long_is_turned_away_and_takes_no_turn() {
        let (pace, start) = (Pace::new(10), Instant::now() + LONG);
        let second = Duration::from_secs(1);
        let taken = (0..100).filter(|_| pace.turn(start, second).is_some()).count();
        assert_eq!(taken, 20, "a second's at once, and a second's in line");
        assert!(pace.turn(start + Duration::from_millis(100), second).is_some());
    }
}
