//! Judges a connection by its loss and round-trip time, with hysteresis. Pure.

use std::time::Duration;

use sabha_protocol::Quality;

/// Seconds in a row that must agree before the verdict gets worse.
const WORSE_AFTER: u8 = 2;
/// Seconds in a row that must agree before it gets better; longer, so that a bad path does not flicker.
const BETTER_AFTER: u8 = 4;

/// The verdict on one connection.
#[derive(Debug)]
pub(crate) struct QualityMeter {
    told: Quality,
    worse: u8,
    better: u8,
}

impl QualityMeter {
    /// Returns a meter that thinks well of a new connection.
    pub(crate) fn new() -> Self {
        Self { told: Quality::Good, worse: 0, better: 0 }
    }

    /// Takes one second's measurements: the share of packets lost, 0 to 1, in the worse direction, and the
    /// round trip. Returns the verdict if it changed.
    pub(crate) fn second(&mut self, loss: Option<f32>, rtt: Option<Duration>) -> Option<Quality> {
        let now = judge(loss.unwrap_or(0.0), rtt.unwrap_or_default());
        self.worse = if now < self.told { self.worse + 1 } else { 0 };
        self.better = if now > self.told { self.better + 1 } else { 0 };
        if self.worse < WORSE_AFTER && self.better < BETTER_AFTER {
            return None;
        }
        *self = Self { told: now, ..Self::new() };
        Some(now)
    }
}

/// The thresholds that [`Quality`] documents.
fn judge(loss: f32, rtt: Duration) -> Quality {
    if loss > 0.08 || rtt > Duration::from_millis(500) {
        Quality::Poor
    } else if loss > 0.02 || rtt > Duration::from_millis(250) {
        Quality::Fair
    } else {
        Quality::Good
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_second_changes_nothing_and_two_do() {
        let mut meter = QualityMeter::new();
        assert_eq!(meter.second(Some(0.5), None), None);
        assert_eq!(meter.second(Some(0.0), None), None);
        assert_eq!(meter.second(Some(0.05), None), None);
        assert_eq!(meter.second(Some(0.05), None), Some(Quality::Fair));
    }

    #[test]
    fn good_again_only_after_four_good_seconds() {
        let mut meter = QualityMeter::new();
        let slow = Some(Duration::from_millis(600));
        assert_eq!([meter.second(None, slow), meter.second(None, slow)], [None, Some(Quality::Poor)]);
        for _ in 0..3 {
            assert_eq!(meter.second(Some(0.0), None), None);
        }
        assert_eq!(meter.second(Some(0.0), None), Some(Quality::Good));
    }

    #[test]
    fn thresholds_are_those_of_the_protocol() {
        assert_eq!(judge(0.02, Duration::from_millis(250)), Quality::Good);
        assert_eq!(judge(0.021, Duration::ZERO), Quality::Fair);
        assert_eq!(judge(0.0, Duration::from_millis(251)), Quality::Fair);
        assert_eq!(judge(0.081, Duration::ZERO), Quality::Poor);
        assert_eq!(judge(0.0, Duration::from_millis(501)), Quality::Poor);
    }
}
