//! What the receiver of a stream reports of it: loss, and with it the round trip.
//!
//! ```text
//! sender     SR, ntp ──────┐                    ┌──▶ RR: now - LSR - DLSR is the round trip
//!                          ▼                    │
//! receiver   LSR = the middle of ntp ── DLSR ───┘
//! ```
//!
//! Source: RFC 3550 section 6.4.1.

use std::time::Duration;

use crate::rtcp::{ReportBlock, ntp};

/// A longer round trip is a receiver's mistake, or its joke.
const RTT_MAX: Duration = Duration::from_secs(60);
/// By how much one may be negative, from the rounding of three clocks, and is none.
const RTT_ROUNDING: Duration = Duration::from_millis(10);

/// The newest report of one stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reported {
    fraction_lost: Option<u8>,
    rtt: Option<Duration>,
}

impl Reported {
    /// Takes a report block on the stream that came when the wall clock showed `ntp`, the clock of the stream's
    /// sender reports.
    pub(crate) fn report(&mut self, ntp: u64, block: &ReportBlock) {
        self.fraction_lost = Some(block.fraction_lost);
        self.rtt = rtt(ntp, block).or(self.rtt);
    }

    /// Returns the share of packets lost between the last two reports, 0 to 1, or `None` before there was one.
    pub(crate) fn loss(&self) -> Option<f32> {
        self.fraction_lost.map(|fraction| f32::from(fraction) / 256.0)
    }

    /// Returns the last round trip that was measured, at most a minute.
    pub(crate) fn rtt(&self) -> Option<Duration> {
        self.rtt
    }
}

/// Returns the round trip that a block tells, if it answers a sender report and makes sense.
fn rtt(ntp: u64, block: &ReportBlock) -> Option<Duration> {
    if block.last_sr == 0 {
        return None;
    }
    let rtt = ntp::short(ntp).wrapping_sub(block.last_sr).wrapping_sub(block.delay_since_last_sr);
    if ntp::duration(rtt.wrapping_neg()) <= RTT_ROUNDING {
        return Some(Duration::ZERO);
    }
    Some(ntp::duration(rtt)).filter(|rtt| *rtt <= RTT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(last_sr: u32, delay_since_last_sr: u32) -> ReportBlock {
        ReportBlock {
            ssrc: 1,
            fraction_lost: 64,
            cumulative_lost: 0,
            highest_seq: 0,
            jitter: 0,
            last_sr,
            delay_since_last_sr,
        }
    }

    fn reported(ntp: u64, last_sr: u32, delay_since_last_sr: u32) -> Reported {
        let mut reported = Reported::default();
        reported.report(ntp, &block(last_sr, delay_since_last_sr));
        reported
    }

    #[test]
    fn example_of_the_rfc_is_computed() {
        // Figure 2 of RFC 3550: A = 46864.500 s, LSR = 46853.125 s, DLSR = 5.250 s.
        let reported = reported(0xb44d_b710_8000_0000, 0xb705_2000, 0x0005_4000);
        assert_eq!(reported.rtt(), Some(Duration::from_millis(6125)));
        assert_eq!(reported.loss(), Some(0.25));
    }

    #[test]
    fn report_that_answers_no_sender_report_tells_loss_only() {
        let reported = reported(0xb44d_b710_8000_0000, 0, 0);
        assert_eq!((reported.rtt(), reported.loss()), (None, Some(0.25)));
    }

    #[test]
    fn impossible_round_trip_is_ignored_and_the_last_one_stays() {
        let second = 1u64 << 32;
        let mut reported = reported(second * 11, 10 << 16, 0);
        assert_eq!(reported.rtt(), Some(Duration::from_secs(1)));
        for (last_sr, delay) in [(10 << 16, 5 << 16), (u32::MAX, 0xff_ffff), (12 << 16, 0), (500 << 16, 0)] {
            reported.report(second * 11, &block(last_sr, delay));
            assert_eq!(reported.rtt(), Some(Duration::from_secs(1)), "{last_sr} {delay}");
        }
        // One that is negative by a rounding is none.
        reported.report(second * 11, &block(10 << 16, (1 << 16) + 1));
        assert_eq!(reported.rtt(), Some(Duration::ZERO));
    }

    #[test]
    fn round_trip_across_the_wrap_of_the_short_form_is_measured() {
        let reported = reported(0x1_0000_8000_0000, 0xffff_8000, 0);
        assert_eq!(reported.rtt(), Some(Duration::from_secs(1)));
    }

    #[test]
    fn nothing_is_known_before_a_report() {
        let reported = Reported::default();
        assert_eq!((reported.rtt(), reported.loss()), (None, None));
    }
}
