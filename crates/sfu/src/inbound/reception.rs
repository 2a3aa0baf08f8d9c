//! Statistics of a received stream, for report blocks and for the verdict on the connection.
//!
//! Counts packets as they were first sent: those sent again for lost ones, on a stream of their own (RFC 4588),
//! would hide the loss.
//!
//! Source: RFC 3550 section 6.4.1 and appendices A.1, A.3 and A.8. The probation of A.1 is left out: a packet is
//! authenticated before it comes here, so that no stray one opens a stream.

use std::time::Instant;

use crate::rtcp::{ReportBlock, SenderInfo, ntp};

/// A jump ahead of less is a loss (A.1).
const DROPOUT_MAX: u16 = 3000;
/// A jump back by at most this is reordering or a duplicate (A.1).
const MISORDER_MAX: u16 = 100;
/// Seconds by which transit times may differ and still say something of the path. More is a sender that changed
/// its timestamps, and would take minutes to be forgotten.
const TRANSIT_SECONDS_MAX: u64 = 5;

/// The reception of one stream.
#[derive(Debug)]
pub(crate) struct Reception {
    ssrc: u32,
    clock_rate: u32,
    sequence: Option<Sequence>,
    /// What arrival times count from: the first one.
    zero: Option<Instant>,
    /// Arrival minus timestamp of the last packet, in units of the timestamp, modulo 2^32.
    transit: Option<u32>,
    /// Sixteen times the jitter.
    jitter: u64,
    /// Short NTP time of the last sender report, and when it came.
    last_sr: Option<(u32, Instant)>,
}

/// What A.1 knows of a stream's sequence numbers.
#[derive(Clone, Copy, Debug)]
struct Sequence {
    /// The first one.
    base: u64,
    /// The highest one, extended by the count of wraps.
    highest: u64,
    /// The one that would follow a jump, and show that it is the sender who jumped.
    after_jump: Option<u16>,
    received: u64,
    reported: Counts,
    judged: Counts,
}

/// What was expected and received up to some moment.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    expected: u64,
    received: u64,
}

impl Reception {
    /// Returns the reception of a stream of which nothing has arrived. `clock_rate` is that of its timestamps, in Hz.
    pub(crate) fn new(ssrc: u32, clock_rate: u32) -> Self {
        Self { ssrc, clock_rate, sequence: None, zero: None, transit: None, jitter: 0, last_sr: None }
    }

    /// Takes the arrival of a packet. Returns whether it counts: one whose sequence number jumps does not, unless
    /// it follows one that jumped in the same way; then counting begins anew.
    pub(crate) fn received(&mut self, now: Instant, seq: u16, timestamp: u32) -> bool {
        let counts = match &mut self.sequence {
            None => {
                self.sequence = Some(Sequence::new(seq));
                true
            }
            Some(sequence) => sequence.received(seq),
        };
        if counts {
            self.measure(now, timestamp);
        }
        counts
    }

    /// Takes a sender report of this stream.
    pub(crate) fn sender_report(&mut self, now: Instant, info: &SenderInfo) {
        self.last_sr = Some((ntp::short(info.ntp), now));
    }

    /// Returns what a report says now, and begins the interval of the next one's fraction. `None` as long as nothing
    /// has been received.
    pub(crate) fn report_block(&mut self, now: Instant) -> Option<ReportBlock> {
        let jitter = (self.jitter >> 4).min(u64::from(u32::MAX)) as u32;
        let (last_sr, delay_since_last_sr) = self
            .last_sr
            .map_or((0, 0), |(short, at)| (short, ntp::short_duration(now.saturating_duration_since(at))));
        let sequence = self.sequence.as_mut()?;
        let counts = sequence.counts();
        let (lost, expected) = counts.since(&sequence.reported);
        sequence.reported = counts;
        let cumulative_lost = counts.expected as i64 - counts.received as i64;
        Some(ReportBlock {
            ssrc: self.ssrc,
            // At most 255: one of those expected, the highest, was received.
            fraction_lost: (lost * 256).checked_div(expected).unwrap_or(0).min(255) as u8,
            cumulative_lost: cumulative_lost.clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest_seq: sequence.highest as u32,
            jitter,
            last_sr,
            delay_since_last_sr,
        })
    }

    /// Returns the share of packets lost since this was last asked, 0 to 1, or `None` if none was expected. Asked
    /// once a second it is what [`QualityMeter`](crate::quality::QualityMeter) takes; reports do not matter to it.
    pub(crate) fn take_loss(&mut self) -> Option<f32> {
        let sequence = self.sequence.as_mut()?;
        let counts = sequence.counts();
        let (lost, expected) = counts.since(&sequence.judged);
        sequence.judged = counts;
        (expected > 0).then(|| lost as f32 / expected as f32)
    }

    #[cfg(test)]
    /// Returns the interarrival jitter.
    pub(crate) fn jitter(&self) -> std::time::Duration {
        let micros = (u128::from(self.jitter >> 4) * 1_000_000).checked_div(u128::from(self.clock_rate));
        std::time::Duration::from_micros(micros.unwrap_or(0) as u64)
    }

    /// Lets a packet's transit time into the jitter (A.8).
    fn measure(&mut self, now: Instant, timestamp: u32) {
        let zero = *self.zero.get_or_insert(now);
        let micros = now.saturating_duration_since(zero).as_micros();
        let arrival = (micros * u128::from(self.clock_rate) / 1_000_000) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(last) = self.transit.replace(transit) {
            let difference = u64::from((transit.wrapping_sub(last) as i32).unsigned_abs());
            if difference <= TRANSIT_SECONDS_MAX * u64::from(self.clock_rate) {
                self.jitter = self.jitter + difference - ((self.jitter + 8) >> 4);
            }
        }
    }
}

impl Sequence {
    fn new(seq: u16) -> Self {
        Self {
            base: u64::from(seq),
            highest: u64::from(seq),
            after_jump: None,
            received: 1,
            reported: Counts::default(),
            judged: Counts::default(),
        }
    }

    fn received(&mut self, seq: u16) -> bool {
        let ahead = seq.wrapping_sub(self.highest as u16);
        if ahead < DROPOUT_MAX {
            // In order, with a gap that is permissible; its wraps are counted by adding.
            self.highest += u64::from(ahead);
            self.after_jump = None;
        } else if ahead <= MISORDER_MAX.wrapping_neg() {
            if self.after_jump != Some(seq) {
                self.after_jump = Some(seq.wrapping_add(1));
                return false;
            }
            *self = Self::new(seq);
            return true;
        }
        self.received += 1;
        true
    }

    fn counts(&self) -> Counts {
        Counts { expected: self.highest - self.base + 1, received: self.received }
    }
}

impl Counts {
    /// Returns how many packets were lost and expected since `before`; none lost if some were duplicated.
    fn since(&self, before: &Self) -> (u64, u64) {
        let expected = self.expected.saturating_sub(before.expected);
        (expected.saturating_sub(self.received.saturating_sub(before.received)), expected)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::time::Duration;

    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Lets these arrive, a millisecond apart.
    fn reception(start: Instant, seqs: impl IntoIterator<Item = u16>) -> Reception {
        let mut reception = Reception::new(9, 90_000);
        for (i, seq) in (0..).zip(seqs) {
            reception.received(start + ms(i), seq, i as u32 * 90);
        }
        reception
    }

    proptest! {
        #[test]
        fn losses_are_counted_through_wraps(
            first: u16, lost in prop::collection::vec(prop::bool::weighted(0.2), 2..3000),
        ) {
            let start = Instant::now();
            // The first and the last arrive.
            let (end, last) = (lost.len() as u64, lost.len() - 1);
            let is_lost = |i: usize| lost[i] && i > 0 && i < last;
            let arrived = (0..lost.len()).filter(|i| !is_lost(*i)).map(|i| first.wrapping_add(i as u16));
            let mut reception = reception(start, arrived);
            let count = (0..lost.len()).filter(|i| is_lost(*i)).count() as u64;

            let block = reception.report_block(start).unwrap();
            prop_assert_eq!(block.cumulative_lost as u64, count);
            prop_assert_eq!(block.fraction_lost as u64, (count * 256 / end).min(255));
            prop_assert_eq!(u64::from(block.highest_seq), u64::from(first) + end - 1);
            prop_assert_eq!(reception.take_loss(), Some(count as f32 / end as f32));
        }

        #[test]
        fn any_packets_are_taken(
            packets in prop::collection::vec((any::<u16>(), any::<u32>(), 0u64..10_000), 0..300), clock_rate: u32,
        ) {
            let mut now = Instant::now();
            let mut reception = Reception::new(9, clock_rate);
            for (seq, timestamp, gap) in packets {
                now += ms(gap);
                reception.received(now, seq, timestamp);
                let block = reception.report_block(now).unwrap();
                prop_assert!((-0x80_0000..=0x7f_ffff).contains(&block.cumulative_lost));
                prop_assert!(reception.take_loss().is_none_or(|loss| (0.0..=1.0).contains(&loss)));
                prop_assert!(reception.jitter() <= Duration::from_secs(TRANSIT_SECONDS_MAX + 1));
            }
        }
    }

    #[test]
    fn nothing_is_reported_before_anything_came() {
        let mut reception = Reception::new(9, 90_000);
        assert_eq!(reception.report_block(Instant::now()), None);
        assert_eq!(reception.take_loss(), None);
    }

    #[test]
    fn fraction_is_that_since_the_last_report() {
        let start = Instant::now();
        let mut reception = reception(start, [1, 2, 4]);
        assert_eq!(reception.report_block(start).unwrap().fraction_lost, 64);
        reception.received(start, 5, 0);
        reception.received(start, 6, 0);
        let block = reception.report_block(start).unwrap();
        assert_eq!((block.fraction_lost, block.cumulative_lost), (0, 1));
        assert_eq!(reception.report_block(start).unwrap().fraction_lost, 0);

        // The verdict has an interval of its own.
        assert_eq!(reception.take_loss(), Some(1.0 / 6.0));
        assert_eq!(reception.take_loss(), None);
    }

    #[test]
    fn duplicates_make_the_cumulative_loss_negative_and_the_fraction_zero() {
        let start = Instant::now();
        let block = reception(start, [1, 2, 2, 2, 1]).report_block(start).unwrap();
        assert_eq!((block.fraction_lost, block.cumulative_lost, block.highest_seq), (0, -3, 2));
    }

    #[test]
    fn wrap_is_counted_and_reordering_across_it_is_not() {
        let start = Instant::now();
        let block = reception(start, [65534, 0, 65535, 1]).report_block(start).unwrap();
        assert_eq!((block.highest_seq, block.cumulative_lost), (0x1_0001, 0));
    }

    #[test]
    fn one_jump_is_ignored_and_a_second_packet_after_it_starts_over() {
        let start = Instant::now();
        let mut reception = reception(start, 0..10);
        assert!(!reception.received(start, 30_000, 0));
        assert!(reception.received(start, 10, 0));
        assert_eq!(reception.report_block(start).unwrap().cumulative_lost, 0);
        // What came between shows that the stream has not moved there.
        assert!(!reception.received(start, 30_001, 0));
        assert!(reception.received(start, 30_002, 0));
        let block = reception.report_block(start).unwrap();
        assert_eq!((block.highest_seq, block.cumulative_lost), (30_002, 0));
    }

    #[test]
    fn steady_stream_has_no_jitter_and_an_unsteady_one_has() {
        let start = Instant::now();
        let mut steady = Reception::new(9, 90_000);
        let mut unsteady = Reception::new(9, 90_000);
        for i in 0..1000u16 {
            let at = start + ms(u64::from(i) * 20);
            steady.received(at, i, u32::from(i) * 1800);
            // Every other packet is 5 ms late: each transit differs from the last by as much.
            unsteady.received(at + ms(u64::from(i % 2) * 5), i, u32::from(i) * 1800);
        }
        assert_eq!(steady.report_block(start).unwrap().jitter, 0);
        let jitter = unsteady.report_block(start).unwrap().jitter;
        assert!((440..=450).contains(&jitter), "{jitter}");
        assert!((ms(4)..=ms(5)).contains(&unsteady.jitter()));
    }

    #[test]
    fn new_start_of_the_timestamps_does_not_count_as_jitter() {
        let start = Instant::now();
        let mut reception = Reception::new(9, 90_000);
        reception.received(start, 1, 0);
        reception.received(start + ms(20), 2, 0x4000_0000);
        reception.received(start + ms(40), 3, 0x4000_0000 + 1800);
        assert_eq!(reception.report_block(start).unwrap().jitter, 0);
    }

    #[test]
    fn sender_report_is_echoed_with_the_time_since() {
        let start = Instant::now();
        let mut reception = reception(start, [1]);
        let block = reception.report_block(start).unwrap();
        assert_eq!((block.last_sr, block.delay_since_last_sr), (0, 0));

        let info = SenderInfo { ntp: 0x1122_3344_5566_7788, timestamp: 0, packets: 0, octets: 0 };
        reception.sender_report(start, &info);
        let block = reception.report_block(start + ms(5250)).unwrap();
        assert_eq!((block.last_sr, block.delay_since_last_sr), (0x3344_5566, 0x0005_4000));
    }
}
