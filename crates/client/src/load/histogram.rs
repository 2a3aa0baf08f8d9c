//! Counts durations in classes, so that high percentiles of millions of them cost a few kilobytes.
//!
//! Below 32 microseconds each has a class of its own; above, every power of two is cut into 32, so that a figure is off
//! by at most 3 per cent.

use serde::Serialize;

/// Classes in each power of two.
const PARTS: usize = 32;

/// The lowest power of two that is cut: 2^5.
const FIRST_POWER: usize = PARTS.trailing_zeros() as usize;

/// Everything from 2^24 microseconds, 17 seconds, on is in the last class.
const LAST_POWER: usize = 24;

const CLASSES: usize = PARTS + (LAST_POWER - FIRST_POWER) * PARTS;

/// Durations, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Histogram {
    /// Made with the first sample: most streams of a churn never have one.
    counts: Vec<u32>,
    samples: u64,
    max_us: u64,
}

/// What is told of them, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// How many.
    pub samples: u64,
    /// Half of them are at most so long.
    pub p50_us: u64,
    /// 99 of 100 are.
    pub p99_us: u64,
    /// 999 of 1000 are.
    pub p999_us: u64,
    /// The longest.
    pub max_us: u64,
}

impl Histogram {
    pub(crate) const fn new() -> Self {
        Self { counts: Vec::new(), samples: 0, max_us: 0 }
    }

    pub(crate) fn record(&mut self, us: u64) {
        if self.counts.is_empty() {
            self.counts = vec![0; CLASSES];
        }
        self.counts[class(us)] += 1;
        self.samples += 1;
        self.max_us = self.max_us.max(us);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if self.counts.is_empty() {
            self.counts.clone_from(&other.counts);
        } else {
            for (count, more) in self.counts.iter_mut().zip(&other.counts) {
                *count += more;
            }
        }
        self.samples += other.samples;
        self.max_us = self.max_us.max(other.max_us);
    }

    pub(crate) fn latency(&self) -> Latency {
        let at = |per_mille| self.percentile(per_mille);
        Latency {
            samples: self.samples,
            p50_us: at(500),
            p99_us: at(990),
            p999_us: at(999),
            max_us: self.max_us,
        }
    }

    /// By nearest rank; the longest duration of the class, but no longer than any that there was.
    fn percentile(&self, per_mille: u64) -> u64 {
        let rank = (self.samples * per_mille).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= rank {
                return longest(index).min(self.max_us);
            }
        }
        0
    }
}

/// Returns the class of a duration.
const fn class(us: u64) -> usize {
    if us < PARTS as u64 {
        return us as usize;
    }
    let power = us.ilog2() as usize;
    if power >= LAST_POWER {
        return CLASSES - 1;
    }
    let part = (us >> (power - FIRST_POWER)) as usize - PARTS;
    PARTS + (power - FIRST_POWER) * PARTS + part
}

/// Returns the longest duration of a class.
const fn longest(class: usize) -> u64 {
    if class < PARTS {
        return class as u64;
    }
    let (power, part) = ((class - PARTS) / PARTS + FIRST_POWER, (class - PARTS) % PARTS);
    (((PARTS + part + 1) as u64) << (power - FIRST_POWER)) - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn percentiles_are_those_of_the_sorted_samples_within_three_per_cent(
            mut samples in prop::collection::vec(0_u64..10_000_000, 1..400),
        ) {
            let mut histogram = Histogram::new();
            samples.iter().for_each(|us| histogram.record(*us));
            samples.sort_unstable();
            for (per_mille, found) in [
                (500, histogram.latency().p50_us),
                (990, histogram.latency().p99_us),
                (999, histogram.latency().p999_us),
            ] {
                let rank = (samples.len() * per_mille).div_ceil(1_000).max(1);
                let right = samples[rank - 1];
                prop_assert!(found >= right && found <= right + right / 32 + 1, "{found} for {right}");
            }
            prop_assert_eq!(histogram.latency().max_us, *samples.last().unwrap());
        }
    }

    #[test]
    fn two_are_added_and_none_says_nothing() {
        let (mut one, mut other) = (Histogram::new(), Histogram::new());
        assert_eq!(one.latency(), Latency::default());
        one.merge(&other);
        other.record(100);
        one.merge(&other);
        one.merge(&other);
        assert_eq!((one.latency().samples, one.latency().max_us), (2, 100));
        one.record(u64::MAX);
        assert_eq!(one.latency().max_us, u64::MAX);
    }
}
