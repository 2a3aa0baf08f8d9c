//! Where the timestamps of a client's streams stand on the clock of a shard, as its sender reports tell it.
//!
//! ```text
//! client   SR of voice    ntp ◀─▶ timestamp of voice ──┐
//!          SR of picture  ntp ◀─▶ timestamp of picture ┼─ SenderClock ─▶ Timeline: our clock ◀─▶ timestamp
//!                                                      │
//! receiver SR of each slot: our ntp ◀─▶ timestamp of the slot ◀─ Timeline, shifted as the slot's packets are
//! ```
//!
//! A receiver plays voice and picture of one participant together by the reports of both streams. What it would learn from when
//! packets passed through here is when they arrived, which for a picture is later than for the voice by what encoding,
//! pacing and queues took. So what a slot's reports say goes back to what its publisher's said.
//!
//! Source: RFC 3550 section 6.4.1.

use std::time::{Duration, Instant};

/// A report may come later than the first one did by this much, or earlier. What is further off is a clock that was
/// set. Queues last for a second, and clocks that run apart by 100 ppm need 14 hours for it.
const STEP: Duration = Duration::from_secs(5);

/// The clock by which a client's reports are dated, on ours.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SenderClock {
    /// When the first report came, and what it was dated.
    zero: Option<(Instant, u64)>,
}

/// A moment, and what the timestamps of a stream show then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeline {
    pub(crate) at: Instant,
    pub(crate) timestamp: u32,
}

/// When a report was made, on our clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dated {
    /// It bears no date (RFC 3550 section 6.4.1: zero if its sender has no clock).
    Never,
    At(Instant),
    /// The client's clock was set since: what earlier reports said is void.
    Anew(Instant),
}

impl SenderClock {
    /// Returns when the report was made that came `now` and is dated `ntp`: as long after the first one as the dates say,
    /// which is taken to have been made when it came. So all streams of a client are dated alike.
    pub(crate) fn date(&mut self, now: Instant, ntp: u64) -> Dated {
        if ntp == 0 {
            return Dated::Never;
        }
        let placed = self.zero.and_then(|(zero, first)| {
            let behind = first.wrapping_sub(ntp);
            let ahead = ntp.wrapping_sub(first);
            if ahead <= behind {
                zero.checked_add(duration(ahead))
            } else {
                zero.checked_sub(duration(behind))
            }
        });
        match placed.filter(|at| at.max(&now).saturating_duration_since(*at.min(&now)) <= STEP) {
            Some(at) => Dated::At(at),
            None => {
                let is_first = self.zero.replace((now, ntp)).is_none();
                if is_first { Dated::At(now) } else { Dated::Anew(now) }
            }
        }
    }
}

impl Timeline {
    /// Returns that of the same stream with `ticks` added to all of its timestamps.
    pub(crate) const fn shifted(self, ticks: u32) -> Self {
        Self { at: self.at, timestamp: self.timestamp.wrapping_add(ticks) }
    }

    /// Returns what the timestamps show `now`, if they run with `clock_rate`, in Hz.
    pub(crate) fn timestamp_at(self, now: Instant, clock_rate: u32) -> u32 {
        let ticks = |time: Duration| (time.as_micros() * u128::from(clock_rate) / 1_000_000) as u32;
        if now >= self.at {
            self.timestamp.wrapping_add(ticks(now.saturating_duration_since(self.at)))
        } else {
            self.timestamp.wrapping_sub(ticks(self.at.saturating_duration_since(now)))
        }
    }
}

/// Returns the time that a difference of NTP dates is.
fn duration(ntp: u64) -> Duration {
    let nanos = (u128::from(ntp) * 1_000_000_000) >> 32;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1 << 32;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn reports_are_dated_by_their_sender_however_long_each_took() {
        let start = Instant::now();
        let mut clock = SenderClock::default();
        assert_eq!(clock.date(start, 7 * SECOND), Dated::At(start));
        assert_eq!(clock.date(start + ms(2500), 9 * SECOND), Dated::At(start + ms(2000)));
        assert_eq!(clock.date(start + ms(2600), 7 * SECOND - SECOND / 2), Dated::At(start - ms(500)));
        assert_eq!(clock.date(start + ms(2700), 0), Dated::Never);
    }

    #[test]
    fn clock_that_was_set_is_begun_with_anew() {
        let start = Instant::now();
        let mut clock = SenderClock::default();
        clock.date(start, 100 * SECOND);
        for (seconds, ntp) in [(1, 5000 * SECOND), (2, 30 * SECOND), (3, u64::MAX)] {
            let now = start + Duration::from_secs(seconds);
            assert_eq!(clock.date(now, ntp), Dated::Anew(now));
            assert_eq!(clock.date(now, ntp), Dated::At(now));
        }
        let across = clock.date(start + ms(4000), SECOND - 1);
        assert_eq!(across, Dated::At(start + ms(4000)), "the era of NTP ends here");
    }

    #[test]
    fn timestamps_run_both_ways_and_around() {
        let at = Instant::now();
        let line = Timeline { at, timestamp: 10 }.shifted(u32::MAX);
        assert_eq!(line.timestamp_at(at, 90_000), 9);
        assert_eq!(line.timestamp_at(at + ms(100), 90_000), 9009);
        assert_eq!(line.timestamp_at(at - ms(1), 90_000), 9_u32.wrapping_sub(90));
    }

    proptest! {
        #[test]
        fn any_dates_are_placed_near_when_they_came(dates in prop::collection::vec((0u64..20_000, any::<u64>()), 1..50)) {
            let (mut now, mut clock) = (Instant::now(), SenderClock::default());
            for (millis, ntp) in dates {
                now += ms(millis);
                if let Dated::At(at) | Dated::Anew(at) = clock.date(now, ntp) {
                    prop_assert!(at <= now + STEP && now <= at + STEP);
                }
            }
        }
    }
}
