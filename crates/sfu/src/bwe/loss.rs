//! How much is lost, and what that says about the rate.
//!
//! The draft's rule (draft-ietf-rmcat-gcc-02 section 6: below 2 % grow, above 10 % lower by half of the share), with what
//! libwebrtc's second loss-based estimator is for: a share must be more than chance, and a path that loses as
//! much however little is sent is a lossy path and no full one.

use super::history::News;

/// The share that is told is over four of these, in microseconds.
const SLICE: i64 = 250_000;
const SLICES: usize = 4;
/// Below this share nothing is wrong; above the second, too much is sent.
const LOW: f64 = 0.02;
const HIGH: f64 = 0.10;
/// A verdict takes so many packets and so long; or twice as many, however short. What is little more than [`HIGH`] shows
/// only after longer.
const PACKETS: u32 = 20;
const LASTING: i64 = 500_000;
const LASTING_LONG: i64 = 3_000_000;
/// Packets of longer ago say nothing about now.
const STALE: i64 = 3_000_000;
/// Standard deviations by which a share must exceed [`HIGH`]: of 200 verdicts, one is chance.
const CERTAIN: f64 = 2.6;
/// Lowering that leaves three quarters of the loss in place was futile. So often, or once if what is sent went down to
/// this share, and the loss is taken for the path's own.
const UNMOVED: f64 = 0.75;
const FUTILE_MAX: u8 = 3;
const MUCH_LESS: f64 = 0.7;

/// What loss says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Verdict {
    /// Grow.
    #[default]
    Low,
    /// Keep, unless a probe proves more.
    Some,
    /// Lower: this share is lost.
    High(f64),
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    lost: u32,
    reported: u32,
}

impl Count {
    fn count(&mut self, news: News) {
        match news {
            News::Lost => (self.lost, self.reported) = (self.lost + 1, self.reported + 1),
            News::Received { was_lost: false } => self.reported += 1,
            News::Received { was_lost: true } => self.lost = self.lost.saturating_sub(1),
        }
    }

    /// Returns the share, and by how much chance may have changed it, if it is certainly high.
    fn high(self) -> Option<(f64, f64)> {
        let share = self.share().filter(|_| self.reported >= PACKETS)?;
        let chance = CERTAIN * (share * (1.0 - share) / f64::from(self.reported)).sqrt();
        (share - chance > HIGH).then_some((share, chance))
    }

    fn share(self) -> Option<f64> {
        (self.reported > 0).then(|| f64::from(self.lost.min(self.reported)) / f64::from(self.reported))
    }
}

/// Counts of the last second, and of the time since the last verdict.
#[derive(Debug, Default)]
pub(super) struct Loss {
    slices: [Count; SLICES],
    newest: i64,
    open: Count,
    opened: i64,
    long: Count,
    long_opened: i64,
    verdict: Verdict,
    /// Share, chance in it, and sending rate at the last step down.
    last_high: Option<(f64, f64, f64)>,
    futile: u8,
}

impl Loss {
    /// Moves to `now`: what is older than a second is forgotten.
    pub(super) fn advance(&mut self, now: i64) {
        let number = now / SLICE;
        for gone in 0..(number - self.newest).clamp(0, SLICES as i64) {
            self.slices[((number - gone) % SLICES as i64).unsigned_abs() as usize] = Count::default();
        }
        self.newest = self.newest.max(number);
        if now - self.opened > STALE {
            (self.open, self.opened) = (Count::default(), now);
        }
        if now - self.long_opened > LASTING_LONG {
            (self.long, self.long_opened) = (Count::default(), now);
        }
    }

    /// Counts what a report said of a packet. For the verdict only if it `is_current`: what was sent before the last
    /// step down says nothing about the rate since.
    pub(super) fn count(&mut self, news: News, is_current: bool) {
        let slice = (self.newest % SLICES as i64).unsigned_abs() as usize;
        self.slices[slice].count(news);
        if is_current {
            self.open.count(news);
            self.long.count(news);
        }
    }

    /// Returns the share lost in the last second, 0 to 1, or `None` if nothing was reported.
    pub(super) fn share(&self) -> Option<f32> {
        let sum = self.slices.iter().fold(Count::default(), |sum, slice| Count {
            lost: sum.lost + slice.lost,
            reported: sum.reported + slice.reported,
        });
        sum.share().map(|share| share as f32)
    }

    /// Returns the standing verdict, and whether it is new. Bits per second get through as `acked` says.
    pub(super) fn verdict(&mut self, now: i64, acked: Option<u64>) -> (Verdict, bool) {
        let is_complete = self.open.reported >= PACKETS && now - self.opened >= LASTING;
        let Some(share) = self.open.share().filter(|_| is_complete || self.open.reported >= 2 * PACKETS)
        else {
            return (self.verdict, false);
        };
        let high = [self.open, self.long].into_iter().find_map(Count::high);
        (self.open, self.opened) = (Count::default(), now);
        self.verdict = if let Some((share, chance)) = high {
            (self.long, self.long_opened) = (Count::default(), now);
            self.high(share, chance, acked.unwrap_or(0) as f64 / (1.0 - share).max(0.01))
        } else if share > LOW {
            Verdict::Some
        } else {
            Verdict::Low
        };
        if self.verdict == Verdict::Low {
            (self.futile, self.last_high) = (0, None);
        }
        (self.verdict, true)
    }

    fn high(&mut self, share: f64, chance: f64, sent: f64) -> Verdict {
        match self.last_high {
            // More is lost than before: that is no property of the path.
            Some((before, chance_before, _)) if share - chance > before + chance_before => self.futile = 0,
            Some((before, _, sent_before)) if share + chance >= before * UNMOVED => {
                let step = if sent < sent_before * MUCH_LESS { FUTILE_MAX } else { 1 };
                self.futile = self.futile.saturating_add(step);
            }
            _ => self.futile = 0,
        }
        if self.futile >= FUTILE_MAX {
            return Verdict::Some;
        }
        self.last_high = Some((share, chance, sent));
        Verdict::High(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Verdicts on so many observations of 50 packets, `lost` of them.
    fn verdicts(lost: impl Fn(i64) -> u32, observations: i64) -> Vec<Verdict> {
        let mut loss = Loss::default();
        let observe = |n: i64| {
            let now = n * 600_000;
            loss.advance(now);
            for packet in 0..50 {
                let news = if packet < lost(n) { News::Lost } else { News::Received { was_lost: false } };
                loss.count(news, true);
            }
            loss.verdict(now, Some(1_000_000)).0
        };
        (1..=observations).map(observe).collect()
    }

    #[test]
    fn verdicts_follow_the_share() {
        assert_eq!(verdicts(|_| 1, 1), [Verdict::Low]);
        assert_eq!(verdicts(|_| 5, 1), [Verdict::Some]);
        assert_eq!(verdicts(|_| 25, 1), [Verdict::High(0.5)]);
    }

    #[test]
    fn share_above_a_tenth_that_may_be_chance_is_not_high() {
        assert_eq!(verdicts(|_| 8, 1), [Verdict::Some]);
        assert!(verdicts(|_| 8, 20).contains(&Verdict::High(0.16)));
    }

    #[test]
    fn loss_that_lowering_does_not_move_is_the_paths_own() {
        let verdicts = verdicts(|_| 15, 6);
        assert!(verdicts[..3].iter().all(|verdict| matches!(verdict, Verdict::High(_))), "{verdicts:?}");
        assert_eq!(verdicts[3..], [Verdict::Some; 3]);
    }

    #[test]
    fn more_loss_than_the_paths_own_is_too_much_again() {
        let verdicts = verdicts(|n| if n < 6 { 15 } else { 35 }, 6);
        assert_eq!(verdicts[3..], [Verdict::Some, Verdict::Some, Verdict::High(0.7)]);
    }

    #[test]
    fn share_is_of_the_last_second_and_late_packets_are_taken_back() {
        let mut loss = Loss::default();
        assert_eq!(loss.share(), None);
        loss.advance(100_000);
        loss.count(News::Lost, true);
        loss.count(News::Received { was_lost: false }, true);
        assert_eq!(loss.share(), Some(0.5));
        loss.count(News::Received { was_lost: true }, true);
        assert_eq!(loss.share(), Some(0.0));
        loss.advance(1_100_000);
        assert_eq!(loss.share(), None);
    }
}
