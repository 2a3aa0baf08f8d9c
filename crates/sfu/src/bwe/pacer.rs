//! Spreads bursts of pictures over time, so that a key frame does not fill a queue at once.
//!
//! A token bucket. Sound is small and urgent and is not asked. What does not fit waits with the caller, who gives the
//! bucket a multiple of the estimate: pacing shapes, it does not limit.

use std::time::{Duration, Instant};

use sabha_protocol::Bitrate;

/// A bucket holds 5 ms of the rate, or this many bytes: a frame of an ordinary layer leaves as one segmented message.
const BURST: Duration = Duration::from_millis(5);
const BURST_BYTES: u64 = 12 * 1250;

/// Tokens in millionths of a bit: rate times microseconds, without rounding.
#[derive(Debug)]
pub(crate) struct Pacer {
    rate: u64,
    tokens: u64,
    filled: Instant,
}

impl Pacer {
    /// Returns a full bucket, which does not fill up again before it is given a rate.
    pub(crate) fn new(now: Instant) -> Self {
        Self { rate: 0, tokens: cost(BURST_BYTES), filled: now }
    }

    /// Replaces the rate.
    pub(crate) fn set_rate(&mut self, now: Instant, rate: Bitrate) {
        self.fill(now);
        self.rate = rate.as_bps();
    }

    /// Takes `bytes` on the wire out of the bucket and returns true, or returns false: wait.
    pub(crate) fn take(&mut self, now: Instant, bytes: usize) -> bool {
        self.fill(now);
        let cost = self.cost_of(bytes);
        let fits = cost <= self.tokens;
        if fits {
            self.tokens -= cost;
        }
        fits
    }

    /// Returns when `bytes` will fit if nothing else is taken; at most a second from now, for the rate may change.
    pub(crate) fn next(&self, now: Instant, bytes: usize) -> Instant {
        let missing = self.cost_of(bytes).saturating_sub(self.tokens_at(now));
        let micros = missing.div_ceil(self.rate.max(1)).min(1_000_000);
        now + Duration::from_micros(micros)
    }

    fn fill(&mut self, now: Instant) {
        self.tokens = self.tokens_at(now);
        self.filled = self.filled.max(now);
    }

    fn tokens_at(&self, now: Instant) -> u64 {
        let micros = now.saturating_duration_since(self.filled).as_micros().min(1_000_000) as u64;
        self.tokens.saturating_add(self.rate.saturating_mul(micros)).min(self.capacity())
    }

    fn capacity(&self) -> u64 {
        self.rate.saturating_mul(BURST.as_micros() as u64).max(cost(BURST_BYTES))
    }

    /// What is larger than the bucket leaves when it is full.
    fn cost_of(&self, bytes: usize) -> u64 {
        cost(bytes as u64).min(self.capacity())
    }
}

const fn cost(bytes: u64) -> u64 {
    bytes.saturating_mul(8_000_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn burst_of_a_frame_leaves_at_once_and_the_next_waits() {
        let now = Instant::now();
        let mut pacer = Pacer::new(now);
        pacer.set_rate(now, Bitrate::kbps(1000));
        assert!((0..12).all(|_| pacer.take(now, 1250)));
        assert!(!pacer.take(now, 1250));
        let next = pacer.next(now, 1250);
        assert_eq!(next, now + Duration::from_millis(10));
        assert!(pacer.take(next, 1250));
    }

    #[test]
    fn fast_link_gets_bursts_of_five_milliseconds() {
        let now = Instant::now();
        let mut pacer = Pacer::new(now);
        pacer.set_rate(now, Bitrate::kbps(100_000));
        let later = now + Duration::from_millis(100);
        assert_eq!((0..1000).take_while(|_| pacer.take(later, 1250)).count(), 50);
    }

    proptest! {
        #[test]
        fn no_more_leaves_than_the_rate_and_one_burst(
            kbps in 0u64..200_000, asks in prop::collection::vec((0u64..20_000, 1usize..1500), 1..300)
        ) {
            let start = Instant::now();
            let mut pacer = Pacer::new(start);
            pacer.set_rate(start, Bitrate::kbps(kbps));
            let (mut micros, mut taken) = (0, 0);
            for (pause, bytes) in asks {
                micros += pause;
                if pacer.take(start + Duration::from_micros(micros), bytes) {
                    taken += bytes as u64;
                }
                let burst = BURST_BYTES.max(kbps * 5 / 8);
                prop_assert!(taken <= kbps * micros / 8000 + burst + 1);
            }
        }

        #[test]
        fn what_waits_as_long_as_it_is_told_fits(kbps in 100u64..50_000, bytes in 1usize..1500, taken in 0usize..30) {
            let now = Instant::now();
            let mut pacer = Pacer::new(now);
            pacer.set_rate(now, Bitrate::kbps(kbps));
            for _ in 0..taken {
                pacer.take(now, 1250);
            }
            let next = pacer.next(now, bytes);
            prop_assert!(pacer.take(next, bytes));
        }
    }
}
