//! The rate itself: slow steps up, a quick one down.
//!
//! Source: draft-ietf-rmcat-gcc-02 section 5.5 (rate control); constants and the estimate of the link's capacity
//! are libwebrtc's.

use std::ops::RangeInclusive;

use super::throughput::Measured;

/// Bounds of every estimate, in bits per second: less than a voice needs is of no use; more is not forwarded to
/// anybody.
pub(super) const RATES: RangeInclusive<u64> = 30_000..=100_000_000;
/// What is kept of what gets through when a queue builds up: the rest drains it.
const BACKOFF: f64 = 0.85;
/// A long queue drains within about this time, in microseconds, down to half of what gets through.
const DRAIN: f64 = 1_500_000.0;
const BACKOFF_MIN: f64 = 0.5;
/// Times between two steps down, in microseconds, around a round trip.
const BETWEEN: RangeInclusive<i64> = 100_000..=300_000;
/// Growth per second while the capacity is unknown.
const GROWTH: f64 = 0.08;
/// Growth near the capacity: a packet of this many bits per round trip and report.
const PACKET_BITS: f64 = 8_000.0;
const REPORT: i64 = 100_000;
const GROWTH_MIN: f64 = 4_000.0;
/// Without probes, growth stops at half more than what is seen to get through, and 10 kbit/s.
const UNPROVEN: f64 = 1.5;
const UNPROVEN_MORE: f64 = 10_000.0;
/// Longest time that growth is made up for at once.
const STEP_MAX: i64 = 500_000;
/// Kept of the rate for every second without any report.
const SILENT: f64 = 0.8;

#[derive(Debug)]
pub(super) struct Control {
    rate: u64,
    capacity: Capacity,
    raised: i64,
    lowered: Option<i64>,
}

impl Control {
    pub(super) fn new(initial: u64) -> Self {
        let rate = initial.clamp(*RATES.start(), *RATES.end());
        Self { rate, capacity: Capacity::default(), raised: 0, lowered: None }
    }

    pub(super) fn rate(&self) -> u64 {
        self.rate
    }

    /// Returns when the rate was lowered last.
    pub(super) fn lowered(&self) -> Option<i64> {
        self.lowered
    }

    /// Returns how long ago the rate was lowered, in microseconds.
    pub(super) fn since_lowered(&self, now: i64) -> i64 {
        self.lowered.map_or(i64::MAX, |lowered| now - lowered)
    }

    /// Steps up by what the time since the last step allows, beside what is proven: `acked` gets through.
    pub(super) fn grow(&mut self, now: i64, rtt: i64, acked: Option<u64>) {
        let elapsed = (now - self.raised).clamp(0, STEP_MAX) as f64 / 1e6;
        self.raised = now;
        let Some(acked) = acked else { return };
        let rate = self.rate as f64;
        let step = if self.capacity.is_near(acked as f64) {
            (PACKET_BITS * 1e6 / (rtt + REPORT) as f64).min(rate * GROWTH)
        } else {
            rate * GROWTH
        };
        let limit = acked as f64 * UNPROVEN + UNPROVEN_MORE;
        let grown = rate + step.max(GROWTH_MIN) * elapsed;
        self.raise(grown.min(limit) as u64);
    }

    /// Does without a step, and makes up for none later.
    pub(super) fn hold(&mut self, now: i64) {
        self.raised = now;
    }

    /// Takes a rate that is proven, if it is higher.
    pub(super) fn raise(&mut self, rate: u64) {
        self.rate = self.rate.max(rate).min(*RATES.end());
    }

    /// Steps down because a queue of `queue` microseconds builds up, unless the last step has not shown yet.
    pub(super) fn overuse(&mut self, now: i64, rtt: i64, queue: i64, measured: Option<Measured>) -> bool {
        if self.since_lowered(now) < rtt.clamp(*BETWEEN.start(), *BETWEEN.end()) {
            return false;
        }
        let gentle = self.rate as f64 * BACKOFF;
        let lowered = match measured {
            Some(measured) => {
                let drain = (1.0 - queue as f64 / DRAIN).clamp(BACKOFF_MIN, BACKOFF);
                let through = measured.rate as f64;
                if measured.is_saturated {
                    self.capacity.sample(through);
                    through * drain
                } else {
                    // What is sent arrives: it is others who fill the link, or only part of it is ours.
                    gentle.max(through * drain)
                }
            }
            None => gentle,
        };
        self.lower(now, lowered);
        true
    }

    /// Steps down because `share` of the packets is lost.
    pub(super) fn loss(&mut self, now: i64, share: f64, acked: Option<u64>) {
        let rate = self.rate as f64;
        let through = acked.map_or(rate * (1.0 - share), |acked| acked as f64);
        let sent = through / (1.0 - share).max(0.05);
        self.lower(now, (rate.min(sent) * (1.0 - share / 2.0)).max(through * BACKOFF));
    }

    /// Steps down because nothing is reported at all.
    pub(super) fn silent(&mut self, now: i64) {
        self.lower(now, self.rate as f64 * SILENT);
    }

    fn lower(&mut self, now: i64, rate: f64) {
        self.rate = (rate as u64).min(self.rate).max(*RATES.start());
        (self.lowered, self.raised) = (Some(now), now);
    }
}

/// What got through whenever a queue built up, with its spread: near it growth is careful.
#[derive(Debug, Default)]
struct Capacity {
    mean: Option<f64>,
    /// Variance by mean, both in kbit/s.
    spread: f64,
}

impl Capacity {
    const WEIGHT: f64 = 0.05;
    const SPREAD: f64 = 0.4;
    const SPREAD_MAX: f64 = 2.5;

    fn sample(&mut self, bits: f64) {
        let sample = bits / 1e3;
        if !self.is_within(sample) {
            *self = Self::default();
        }
        let mean = self.mean.map_or(sample, |mean| mean + Self::WEIGHT * (sample - mean));
        let error = sample - mean;
        let spread = self.spread + Self::WEIGHT * (error * error / mean.max(1.0) - self.spread);
        (self.mean, self.spread) = (Some(mean), spread.clamp(Self::SPREAD, Self::SPREAD_MAX));
    }

    /// Returns whether the capacity is known; forgets it once more than it gets through.
    fn is_near(&mut self, acked: f64) -> bool {
        if self.mean.is_some_and(|mean| acked / 1e3 > mean + self.deviation(mean)) {
            *self = Self::default();
        }
        self.mean.is_some()
    }

    fn is_within(&self, sample: f64) -> bool {
        self.mean.is_none_or(|mean| (sample - mean).abs() <= self.deviation(mean))
    }

    fn deviation(&self, mean: f64) -> f64 {
        3.0 * (self.spread * mean).max(0.0).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn measured(rate: u64, is_saturated: bool) -> Option<Measured> {
        Some(Measured { rate, is_saturated })
    }

    #[test]
    fn full_link_lowers_below_what_gets_through_and_a_shared_one_gently() {
        let mut control = Control::new(2_000_000);
        assert!(control.overuse(SECOND, 50_000, 30_000, measured(1_000_000, true)));
        assert_eq!(control.rate(), 850_000);
        let mut control = Control::new(2_000_000);
        assert!(control.overuse(SECOND, 50_000, 30_000, measured(40_000, false)));
        assert_eq!(control.rate(), 1_700_000);
    }

    #[test]
    fn next_step_down_waits_until_the_last_shows() {
        let mut control = Control::new(2_000_000);
        assert!(control.overuse(SECOND, 200_000, 30_000, measured(1_000_000, true)));
        assert!(!control.overuse(SECOND + 199_000, 200_000, 30_000, measured(1_000_000, true)));
        assert!(control.overuse(SECOND + 200_000, 200_000, 30_000, measured(900_000, true)));
    }

    #[test]
    fn long_queue_drains_faster() {
        let mut control = Control::new(2_000_000);
        control.overuse(SECOND, 50_000, 600_000, measured(1_000_000, true));
        assert_eq!(control.rate(), 600_000);
    }

    #[test]
    fn growth_stops_at_what_is_not_proven() {
        let mut control = Control::new(400_000);
        for n in 0..600 {
            control.grow(n * 100_000, 50_000, Some(400_000));
        }
        assert_eq!(control.rate(), 610_000);
    }

    #[test]
    fn growth_is_eight_per_cent_a_second_and_careful_near_the_capacity() {
        let mut control = Control::new(1_000_000);
        for n in 0..=10 {
            control.grow(n * 100_000, 100_000, Some(1_000_000));
        }
        assert!((1_080_000..1_085_000).contains(&control.rate()), "{}", control.rate());
        control.overuse(SECOND, 100_000, 20_000, measured(1_000_000, true));
        let before = control.rate();
        for n in 11..=20 {
            control.grow(n * 100_000, 100_000, Some(850_000));
        }
        assert_eq!(control.rate(), before + 40_000);
    }

    #[test]
    fn rate_stays_within_its_bounds() {
        let mut control = Control::new(u64::MAX);
        assert_eq!(control.rate(), *RATES.end());
        control.raise(u64::MAX);
        assert_eq!(control.rate(), *RATES.end());
        for n in 0..100 {
            control.loss(n * SECOND, 1.0, Some(0));
        }
        assert_eq!(control.rate(), *RATES.start());
    }
}
