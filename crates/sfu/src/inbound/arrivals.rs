//! Remembers when the packets of a connection arrived, and tells their sender by transport-wide feedback.
//!
//! ```text
//!            told            to tell
//!  ─────────────────────┬───────────────┬──────▶ transport-wide sequence number
//!     └─ WINDOW ────────┼───────────────┤
//!                     next             end
//! ```
//!
//! A packet that comes after its number was told as lost takes `next` back to it, and what follows is told again: a
//! sender ignores what it knows.

use std::time::{Duration, Instant};

use super::Extender;
use crate::rtcp::{FeedbackHead, FeedbackWriter};

/// How often the sender is told: twice in the time in which it should react, half the packets of every 50 ms.
const INTERVAL: Duration = Duration::from_millis(100);
/// It is told at once when so many packets wait: what arrives in the interval at 25 Mbit/s.
const WAITING_MAX: u16 = 256;
/// How many sequence numbers are remembered, 8 KiB of them: four times what may wait. A packet that is older, or that
/// a jump of the numbers passes over, is not told.
const WINDOW: u64 = 1024;
/// How late a packet may come after those that follow it to be told after all. A sender has long reacted by then, and
/// what is told again stays short.
const LATE_MAX: Duration = Duration::from_secs(1);
/// Stands for a packet that has not arrived.
const MISSING: i64 = i64::MIN;

/// The arrivals of one connection.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    extender: Extender,
    /// What the arrival times count from: the first one.
    zero: Option<Instant>,
    /// Microseconds of arrival by sequence number modulo [`WINDOW`]. Empty until there is one.
    micros: Vec<i64>,
    next: u64,
    end: u64,
    waiting: u16,
    due: Option<Instant>,
    media_ssrc: u32,
    feedback_count: u8,
    writer: FeedbackWriter,
}

impl Arrivals {
    /// Notes that the packet `seq`, which is of the stream `ssrc`, arrived at `now`. The first time counts.
    pub(crate) fn record(&mut self, now: Instant, ssrc: u32, seq: u16) {
        let seq = self.extender.extend(seq);
        let zero = *self.zero.get_or_insert(now);
        if self.micros.is_empty() {
            self.micros.resize(WINDOW as usize, MISSING);
            (self.next, self.end) = (seq, seq);
        }
        if seq.saturating_add(WINDOW) < self.end {
            return;
        }
        for passed in self.end.max(seq.saturating_sub(WINDOW - 1))..=seq {
            self.micros[slot(passed)] = MISSING;
        }
        self.end = self.end.max(seq + 1);
        let micros = now.saturating_duration_since(zero).as_micros() as i64;
        if self.micros[slot(seq)] != MISSING || self.is_too_late(micros, seq) {
            return;
        }
        self.micros[slot(seq)] = micros;
        // A late one takes `next` back; a jump takes it on past what is not remembered.
        self.next = self.next.min(seq).max(self.end.saturating_sub(WINDOW));

        self.media_ssrc = ssrc;
        self.waiting = self.waiting.saturating_add(1);
        let due = *self.due.get_or_insert(now + INTERVAL);
        if self.waiting >= WAITING_MAX {
            self.due = Some(due.min(now));
        }
    }

    /// Returns whether the sender has been told for long of packets that follow `seq`.
    fn is_too_late(&self, micros: i64, seq: u64) -> bool {
        let mut after = (seq + 1..self.end).map(|after| self.micros[slot(after)]);
        let first = after.find(|micros| *micros != MISSING);
        seq < self.next && first.is_some_and(|first| micros - first > LATE_MAX.as_micros() as i64)
    }

    /// Returns when feedback is due, `None` while nothing has arrived since the last.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Appends a feedback of at most 1000 bytes if one is due, by `sender_ssrc`. Returns whether it did; then there
    /// may be more to tell at once. At most five follow each other if it is called when it is due.
    pub(crate) fn feedback(&mut self, now: Instant, sender_ssrc: u32, out: &mut Vec<u8>) -> bool {
        if self.due.is_none_or(|due| now < due) {
            return false;
        }
        let Self { media_ssrc, feedback_count, .. } = *self;
        let head = FeedbackHead { sender_ssrc, media_ssrc, feedback_count };
        let start = out.len();
        while self.next < self.end && out.len() == start {
            let arrivals = (self.next..self.end).map(|seq| match self.micros[slot(seq)] {
                MISSING => None,
                micros => Some(micros),
            });
            let told = self.writer.write(out, head, self.next as u16, arrivals);
            // It is on one at least.
            self.next += told.max(1) as u64;
        }
        if out.len() == start {
            (self.due, self.waiting) = (None, 0);
            return false;
        }
        self.feedback_count = feedback_count.wrapping_add(1);
        true
    }
}

fn slot(seq: u64) -> usize {
    (seq % WINDOW) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::rtcp::{Packet, Packets, ReferenceClock};

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Reads feedbacks as their sender would.
    #[derive(Default)]
    struct Sender {
        clock: ReferenceClock,
        seqs: Extender,
        /// Arrival by sequence number, in microseconds of the receiver's clock; `None` as long as told lost.
        told: BTreeMap<u64, Option<i64>>,
        counts: Vec<u8>,
    }

    impl Sender {
        fn take(&mut self, arrivals: &mut Arrivals, now: Instant) -> usize {
            let mut out = Vec::new();
            let mut feedbacks = 0;
            while arrivals.feedback(now, 1, &mut out) {
                feedbacks += 1;
            }
            assert!(feedbacks <= 5);
            for packet in Packets::new(&out) {
                let Ok(Packet::TransportFeedback(feedback)) = packet else { panic!("{packet:?}") };
                assert_eq!((feedback.sender_ssrc, feedback.media_ssrc), (1, 2));
                self.counts.push(feedback.feedback_count);
                let reference = self.clock.micros(feedback.reference_time);
                for (seq, micros) in feedback.statuses() {
                    let told = self.told.entry(self.seqs.extend(seq)).or_default();
                    *told = told.or(micros.map(|micros| reference + micros));
                }
            }
            feedbacks
        }
    }

    proptest! {
        #[test]
        fn every_packet_is_told_with_its_time_whatever_the_order(
            first: u16,
            packets in prop::collection::vec((0u64..8, 0u64..6, prop::bool::weighted(0.2)), 1..600),
        ) {
            let start = Instant::now();
            let (mut arrivals, mut sender) = (Arrivals::default(), Sender::default());
            // When each packet arrives: some milliseconds late, by which they overtake each other.
            let (mut sent_at, mut due) = (0, Vec::new());
            for (i, (gap, late, is_lost)) in packets.into_iter().enumerate() {
                sent_at += gap;
                if !is_lost {
                    due.push((sent_at + late, i));
                }
            }
            due.sort_unstable();
            let mut expected = BTreeMap::new();
            let mut zero = None;
            let mut seqs = Extender::default();
            for (at, i) in due {
                let now = start + ms(at);
                sender.take(&mut arrivals, now);
                let seq = first.wrapping_add(i as u16);
                arrivals.record(now, 2, seq);
                arrivals.record(now + ms(1), 2, seq);
                let zero = *zero.get_or_insert(at);
                expected.insert(seqs.extend(seq), (at - zero) as i64 * 1000);
            }
            sender.take(&mut arrivals, start + ms(sent_at + 200));

            let told: BTreeMap<_, _> =
                sender.told.iter().filter_map(|(seq, micros)| Some((*seq, (*micros)?))).collect();
            prop_assert_eq!(&told, &expected);
            // What lies between them was told as lost.
            if let (Some((first, _)), Some((last, _))) = (expected.first_key_value(), expected.last_key_value()) {
                prop_assert_eq!(sender.told.len() as u64, last - first + 1);
            }
            prop_assert!(sender.counts.iter().enumerate().all(|(i, count)| *count == i as u8));
        }

        #[test]
        fn any_numbers_cost_a_bounded_feedback(
            seqs in prop::collection::vec((any::<u16>(), 0u64..200), 0..300),
        ) {
            let (mut arrivals, mut out) = (Arrivals::default(), Vec::new());
            let mut now = Instant::now();
            for (seq, gap) in seqs {
                now += ms(gap);
                arrivals.record(now, 2, seq);
                out.clear();
                while arrivals.feedback(now, 1, &mut out) {}
                prop_assert!(out.len() <= 5000);
                prop_assert!(arrivals.micros.len() as u64 == WINDOW);
                for packet in Packets::new(&out) {
                    let Ok(Packet::TransportFeedback(feedback)) = packet else { panic!("{packet:?}") };
                    prop_assert!(u64::from(feedback.status_count) <= WINDOW);
                }
            }
        }
    }

    #[test]
    fn feedback_comes_every_100_ms_while_packets_do() {
        let start = Instant::now();
        let (mut arrivals, mut sender) = (Arrivals::default(), Sender::default());
        assert_eq!(arrivals.due(), None);
        let mut feedbacks = 0;
        for i in 0..1000 {
            let now = start + ms(i);
            arrivals.record(now, 2, i as u16);
            feedbacks += sender.take(&mut arrivals, now);
        }
        assert_eq!(feedbacks, 9);
        assert_eq!(sender.take(&mut arrivals, start + ms(2000)), 1);
        assert_eq!(arrivals.due(), None);
        assert_eq!(sender.take(&mut arrivals, start + ms(3000)), 0);
    }

    #[test]
    fn feedback_comes_at_once_when_many_packets_wait() {
        let start = Instant::now();
        let (mut arrivals, mut sender) = (Arrivals::default(), Sender::default());
        for seq in 0..WAITING_MAX {
            assert_eq!(sender.take(&mut arrivals, start), 0);
            arrivals.record(start, 2, seq);
        }
        assert_eq!(arrivals.due(), Some(start));
        assert_eq!(sender.take(&mut arrivals, start), 1);
        assert_eq!(sender.told.len(), usize::from(WAITING_MAX));
    }

    #[test]
    fn packet_told_as_lost_is_told_again_when_it_comes() {
        let start = Instant::now();
        let (mut arrivals, mut sender) = (Arrivals::default(), Sender::default());
        arrivals.record(start, 2, 65535);
        arrivals.record(start, 2, 1);
        sender.take(&mut arrivals, start + ms(100));
        let told: Vec<_> = sender.told.values().copied().collect();
        assert_eq!(told, [Some(0), None, Some(0)]);

        arrivals.record(start + ms(150), 2, 0);
        sender.take(&mut arrivals, start + ms(250));
        let told: Vec<_> = sender.told.values().copied().collect();
        assert_eq!(told, [Some(0), Some(150_000), Some(0)]);
    }

    #[test]
    fn packet_that_comes_a_second_after_its_followers_is_not_told() {
        let start = Instant::now();
        let (mut arrivals, mut sender) = (Arrivals::default(), Sender::default());
        arrivals.record(start, 2, 0);
        arrivals.record(start, 2, 3);
        sender.take(&mut arrivals, start + ms(100));
        arrivals.record(start + ms(1000), 2, 1);
        assert_eq!(sender.take(&mut arrivals, start + ms(1100)), 1);
        arrivals.record(start + ms(1101), 2, 2);
        assert_eq!(arrivals.due(), None);
    }

    #[test]
    fn packet_older_than_the_window_does_not_stand_for_a_newer_one() {
        let start = Instant::now();
        let (mut arrivals, mut sender) = (Arrivals::default(), Sender::default());
        let older = 6;
        let newer = older + WINDOW as u16;
        for seq in (0..1100).filter(|seq| *seq != older && *seq != newer) {
            arrivals.record(start, 2, seq);
        }
        arrivals.record(start, 2, older);
        sender.take(&mut arrivals, start + ms(100));
        assert_eq!(sender.told.values().filter(|micros| micros.is_none()).count(), 1);
    }

    #[test]
    fn jump_of_the_numbers_forgets_what_was_before() {
        let start = Instant::now();
        let (mut arrivals, mut sender) = (Arrivals::default(), Sender::default());
        arrivals.record(start, 2, 0);
        arrivals.record(start, 2, 20_000);
        assert_eq!(sender.take(&mut arrivals, start + ms(100)), 1);
        assert_eq!(sender.told.len() as u64, WINDOW);
        // A packet from before the window is not told.
        arrivals.record(start + ms(100), 2, 1);
        assert_eq!(arrivals.due(), None);
    }
}
