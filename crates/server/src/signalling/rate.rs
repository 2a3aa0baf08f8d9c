//! A token bucket: so many at once, so many per second after that.

use std::time::{Duration, Instant};

/// Counts what somebody does against a burst and a sustained rate. Reads no clock.
#[derive(Clone, Debug)]
pub(crate) struct TokenBucket {
    burst: f64,
    per_second: f64,
    tokens: f64,
    updated: Instant,
}

impl TokenBucket {
    /// Returns a full bucket of `burst` tokens, refilled at `per_second`.
    pub(crate) fn new(now: Instant, burst: f64, per_second: f64) -> Self {
        Self { burst, per_second, tokens: burst, updated: now }
    }

    /// Takes a token, or returns `false` if there is none.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        self.refill(now);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }

    /// Puts back a token that was taken.
    pub(crate) fn give_back(&mut self, now: Instant) {
        self.refill(now);
        self.tokens = (self.tokens + 1.0).min(self.burst);
    }

    /// Returns whether there is no token now. Takes none.
    pub(crate) fn is_spent(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.tokens < 1.0
    }

    /// Returns whether nothing was taken for so long that a new bucket would not differ.
    pub(crate) fn is_full(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.tokens >= self.burst
    }

    fn refill(&mut self, now: Instant) {
        let elapsed: Duration = now.saturating_duration_since(self.updated);
        self.updated = now;
        self.tokens = self.per_second.mul_add(elapsed.as_secs_f64(), self.tokens).min(self.burst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_can_be_taken_again_and_no_more() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(start, 2.0, 0.0);
        (0..3).for_each(|_| bucket.give_back(start));
        assert_eq!((0..5).filter(|_| bucket.take(start)).count(), 2);
        bucket.give_back(start);
        assert_eq!((0..5).filter(|_| bucket.take(start)).count(), 1);
    }

    #[test]
    fn burst_passes_then_the_sustained_rate_binds() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(start, 3.0, 2.0);
        assert_eq!((0..5).filter(|_| bucket.take(start)).count(), 3);
        assert!(!bucket.take(start + Duration::from_millis(400)));
        assert!(bucket.take(start + Duration::from_millis(500)));
        assert!(!bucket.is_full(start + Duration::from_secs(1)));
        assert!(bucket.is_full(start + Duration::from_secs(60)));
        assert_eq!((0..5).filter(|_| bucket.take(start + Duration::from_secs(60))).count(), 3);
    }
}
