//! Whether delay is growing: a line through the last delays, and a threshold that adapts to their noise.
//!
//! Source: draft-ietf-rmcat-gcc-02 sections 5.4 and 5.5; the line instead of the draft's Kalman filter, and its
//! constants, are libwebrtc's.

use super::group::Step;

/// Groups that the line goes through.
const POINTS: usize = 20;
/// Weight of the past in the smoothed delay.
const SMOOTHING: f64 = 0.9;
/// Makes a slope comparable to the threshold, together with the number of groups seen, up to the most.
const GAIN: f64 = 4.0;
const GROUPS_MAX: u32 = 60;
/// The threshold's start and bounds, and how fast it follows a trend above and below it, per millisecond.
const THRESHOLD: f64 = 12.5;
const THRESHOLD_MIN: f64 = 6.0;
const THRESHOLD_MAX: f64 = 600.0;
const FOLLOW_UP: f64 = 0.0087;
const FOLLOW_DOWN: f64 = 0.039;
/// A trend so far above the threshold is no noise to adapt to.
const OUTLIER: f64 = 15.0;
/// Longest step that the threshold adapts by at once, in milliseconds.
const FOLLOW_MS: f64 = 100.0;
/// Milliseconds of growth before it counts.
const OVER_MS: f64 = 10.0;

/// What delay does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Usage {
    /// It shrinks: a queue drains.
    Below,
    #[default]
    Normal,
    /// It grows: more is sent than gets through.
    Over,
}

/// The line and its threshold.
#[derive(Debug)]
pub(super) struct Trend {
    /// Arrival and smoothed delay, both in milliseconds; arrival counts from the first.
    points: [(f64, f64); POINTS],
    next: usize,
    groups: u32,
    origin: i64,
    delay: f64,
    smoothed: f64,
    threshold: f64,
    adapted: Option<i64>,
    over_ms: f64,
    over_groups: u32,
    last: f64,
    usage: Usage,
}

impl Trend {
    pub(super) fn new() -> Self {
        Self {
            points: [(0.0, 0.0); POINTS],
            next: 0,
            groups: 0,
            origin: 0,
            delay: 0.0,
            smoothed: 0.0,
            threshold: THRESHOLD,
            adapted: None,
            over_ms: 0.0,
            over_groups: 0,
            last: 0.0,
            usage: Usage::Normal,
        }
    }

    /// Forgets all delays, but not how noisy they were.
    pub(super) fn restart(&mut self) {
        *self = Self { threshold: self.threshold, ..Self::new() };
    }

    pub(super) fn usage(&self) -> Usage {
        self.usage
    }

    /// Takes a step; its values are bounded by a few seconds, so nothing here leaves the finite.
    pub(super) fn step(&mut self, step: Step) {
        if self.groups == 0 {
            self.origin = step.at;
        }
        self.groups = self.groups.saturating_add(1);
        self.delay += millis(step.arrived - step.sent);
        self.smoothed = SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * self.delay;
        self.points[self.next] = (millis(step.at - self.origin), self.smoothed);
        self.next = (self.next + 1) % POINTS;
        let slope =
            if self.groups as usize >= POINTS { slope(&self.points).unwrap_or(self.last) } else { 0.0 };
        self.judge(slope, millis(step.sent), step.at);
    }

    fn judge(&mut self, slope: f64, sent_ms: f64, at: i64) {
        let trend = f64::from(self.groups.min(GROUPS_MAX)) * slope * GAIN;
        if trend > self.threshold {
            self.over_ms += if self.over_groups == 0 { sent_ms / 2.0 } else { sent_ms };
            self.over_groups += 1;
            if self.over_ms > OVER_MS && self.over_groups > 1 && slope >= self.last {
                (self.over_ms, self.over_groups) = (0.0, 0);
                self.usage = Usage::Over;
            }
        } else {
            (self.over_ms, self.over_groups) = (0.0, 0);
            self.usage = if trend < -self.threshold { Usage::Below } else { Usage::Normal };
        }
        self.last = slope;
        self.adapt(trend.abs(), at);
    }

    fn adapt(&mut self, trend: f64, at: i64) {
        let elapsed = millis(at - self.adapted.replace(at).unwrap_or(at)).clamp(0.0, FOLLOW_MS);
        if trend <= self.threshold + OUTLIER {
            let follow = if trend < self.threshold { FOLLOW_DOWN } else { FOLLOW_UP };
            self.threshold += follow * (trend - self.threshold) * elapsed;
            self.threshold = self.threshold.clamp(THRESHOLD_MIN, THRESHOLD_MAX);
        }
    }
}

/// Slope of the line of least squares, or `None` where all lie at one time.
fn slope(points: &[(f64, f64); POINTS]) -> Option<f64> {
    let count = POINTS as f64;
    let (x_sum, y_sum) = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    let (x_mean, y_mean) = (x_sum / count, y_sum / count);
    let (mut above, mut below) = (0.0, 0.0);
    for (x, y) in points {
        above += (x - x_mean) * (y - y_mean);
        below += (x - x_mean) * (x - x_mean);
    }
    // Arrivals have a resolution of 250 µs; squares of less than a millisecond say nothing.
    (below > 1.0).then(|| above / below)
}

fn millis(micros: i64) -> f64 {
    micros as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(later: impl Fn(i64) -> i64) -> Vec<Usage> {
        let mut trend = Trend::new();
        let step = |n: i64| Step { sent: 10_000, arrived: 10_000 + later(n), at: n * 10_000 };
        (0..200)
            .map(|n| {
                trend.step(step(n));
                trend.usage()
            })
            .collect()
    }

    #[test]
    fn growing_delay_is_overuse_and_shrinking_is_not() {
        assert!(usage(|n| if n > 100 { 1000 } else { 0 })[100..].contains(&Usage::Over));
        assert!(usage(|n| if n > 100 { -1000 } else { 0 })[100..].contains(&Usage::Below));
        assert!(usage(|_| 0).iter().all(|usage| *usage == Usage::Normal));
    }

    #[test]
    fn groups_at_one_time_have_no_slope() {
        assert_eq!(slope(&[(5.0, 7.0); POINTS]), None);
    }
}
