//! Notices which packets of a video stream are missing, and asks for them again (NACK).
//!
//! ```text
//! missing ─▶ three packets after it, or 10 ms ─▶ asked ─▶ a round trip ─▶ asked again ... ten times, or 1 s
//!    │                                             │                                          │
//!    └──────── it arrives, or a key frame does ────┴──▶ forgotten                             └─▶ given up
//! ```
//!
//! Given up means that a decoder will wait for a key frame, which is the owner's to ask for.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// By how many packets one may be late before it is thought lost. On most paths there is no reordering at all; on
/// wireless ones that reorder, it is by one or two.
const REORDERED_PACKETS: u64 = 2;
/// The same in time, for streams whose next packet may be a picture away.
const REORDERED_TIME: Duration = Duration::from_millis(10);
/// How often one packet is asked for.
const ASKED_MAX: u8 = 10;
/// How long one is missing before it is of no use: beyond the longest jitter buffer that is fun to talk over.
const AGE_MAX: Duration = Duration::from_secs(1);
/// How many may be missing at once. A second of a stream of 2.5 Mbit/s has 300 packets: who lost more needs a key
/// frame anyway.
const MISSING_MAX: u64 = 256;
/// How many are asked for in a second, in one stream. Loss of a tenth takes 30, of half with all its retries 300.
const ASKED_PER_SECOND_MAX: u16 = 512;
/// The round trip until one has been measured.
const RTT_START: Duration = Duration::from_millis(100);
/// Bounds of the time between two requests for the same packet.
const RETRY_MIN: Duration = Duration::from_millis(20);
const RETRY_MAX: Duration = Duration::from_millis(500);

/// The gaps of one stream.
#[derive(Debug)]
pub(crate) struct Gaps {
    newest: Option<u64>,
    /// In ascending order.
    missing: VecDeque<Missing>,
    /// The time between two requests for the same packet.
    retry: Duration,
    budget: Budget,
    has_given_up: bool,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    seq: u64,
    since: Instant,
    asked_at: Option<Instant>,
    asked: u8,
}

impl Gaps {
    /// Returns the gaps of a stream of which nothing has arrived.
    pub(crate) fn new() -> Self {
        Self {
            newest: None,
            missing: VecDeque::new(),
            retry: RTT_START,
            budget: Budget::default(),
            has_given_up: false,
        }
    }

    /// Takes the round trip to the sender, after which a request is repeated: within 20 and 500 ms.
    pub(crate) fn set_rtt(&mut self, rtt: Duration) {
        self.retry = rtt.clamp(RETRY_MIN, RETRY_MAX);
    }

    /// Takes the arrival of a packet, the first time or again. `seq` is extended ([`Extender`](super::Extender)).
    pub(crate) fn arrived(&mut self, now: Instant, seq: u64) {
        let Some(newest) = self.newest else {
            self.newest = Some(seq);
            return;
        };
        if seq <= newest {
            if let Ok(at) = self.missing.binary_search_by_key(&seq, |missing| missing.seq) {
                self.missing.remove(at);
            }
            return;
        }
        self.newest = Some(seq);
        if self.missing.len() as u64 + (seq - newest - 1) > MISSING_MAX {
            self.missing.clear();
            self.has_given_up = true;
            return;
        }
        let missing = |seq| Missing { seq, since: now, asked_at: None, asked: 0 };
        self.missing.extend((newest + 1..seq).map(missing));
    }

    /// A key frame begins with the packet `seq`: what is missing before it is of no use any more.
    pub(crate) fn keyframe(&mut self, seq: u64) {
        let useless = self.missing.partition_point(|missing| missing.seq < seq);
        self.missing.drain(..useless);
        self.has_given_up = false;
    }

    /// Appends the lower 16 bits of the sequence numbers to ask for now, in their order: at most 256, and at most
    /// 512 in a second.
    pub(crate) fn poll(&mut self, now: Instant, asked: &mut Vec<u16>) {
        let Some(newest) = self.newest else { return };
        let before = self.missing.len();
        let retry = self.retry;
        self.missing.retain(|missing| now < missing.useless_at(retry));
        self.has_given_up |= self.missing.len() < before;

        for missing in &mut self.missing {
            if now < missing.due(newest, retry) {
                continue;
            }
            if !self.budget.take(now) {
                break;
            }
            missing.asked += 1;
            missing.asked_at = Some(now);
            asked.push(missing.seq as u16);
        }
    }

    /// Returns when [`poll`](Self::poll) has something to do, `None` while nothing is missing.
    pub(crate) fn due(&self) -> Option<Instant> {
        let newest = self.newest?;
        let ask = self.missing.iter().map(|missing| missing.due(newest, self.retry)).min()?;
        let forget = self.missing.iter().map(|missing| missing.useless_at(self.retry)).min()?;
        Some(forget.min(self.budget.refilled_at().map_or(ask, |refilled| ask.max(refilled))))
    }

    /// Returns whether packets were given up since this was last asked, so that only a key frame mends the stream.
    pub(crate) fn take_given_up(&mut self) -> bool {
        std::mem::take(&mut self.has_given_up)
    }

    #[cfg(test)]
    /// Returns how many packets are missing now, at most 256.
    pub(crate) fn len(&self) -> usize {
        self.missing.len()
    }
}

impl Missing {
    /// When it is asked for the next time.
    fn due(&self, newest: u64, retry: Duration) -> Instant {
        match self.asked_at {
            Some(at) => at + retry,
            None if newest - self.seq > REORDERED_PACKETS => self.since,
            None => self.since + REORDERED_TIME,
        }
    }

    /// When it is given up: a round trip after the last request, so that the answer to it is waited for.
    fn useless_at(&self, retry: Duration) -> Instant {
        let old = self.since + AGE_MAX;
        match self.asked_at {
            Some(at) if self.asked >= ASKED_MAX => old.min(at + retry),
            _ => old,
        }
    }
}

/// How much may still be asked for in this second.
#[derive(Debug, Default)]
struct Budget {
    /// When the second began.
    since: Option<Instant>,
    taken: u16,
}

impl Budget {
    fn take(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|since| now >= since + Duration::from_secs(1)) {
            *self = Self { since: Some(now), taken: 0 };
        }
        let is_left = self.taken < ASKED_PER_SECOND_MAX;
        self.taken += u16::from(is_left);
        is_left
    }

    /// When something may be taken again, if not now.
    fn refilled_at(&self) -> Option<Instant> {
        let since = self.since.filter(|_| self.taken >= ASKED_PER_SECOND_MAX)?;
        Some(since + Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn asked(gaps: &mut Gaps, now: Instant) -> Vec<u16> {
        let mut asked = Vec::new();
        gaps.poll(now, &mut asked);
        asked
    }

    /// Lets `seqs` arrive at once.
    fn gaps(now: Instant, seqs: impl IntoIterator<Item = u64>) -> Gaps {
        let mut gaps = Gaps::new();
        seqs.into_iter().for_each(|seq| gaps.arrived(now, seq));
        gaps
    }

    proptest! {
        #[test]
        fn every_packet_lost_is_asked_for_until_it_comes(
            rtt in 5u64..150,
            sent in prop::collection::vec((1u64..8, prop::bool::weighted(0.1), 0u8..4), 10..400),
        ) {
            // Each packet is lost or not; one that is lost is sent again a round trip after each request, and that is
            // lost so many times more.
            let start = Instant::now();
            let mut gaps = Gaps::new();
            gaps.set_rtt(ms(rtt));
            let mut arriving: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
            let mut losses: BTreeMap<u64, u8> = BTreeMap::new();
            let mut at = 0;
            for (seq, (gap, is_lost, again)) in (65_500u64..).zip(&sent) {
                at += gap;
                // The first and the last few arrive: without them nobody could know what lies between.
                let is_inside = seq > 65_500 && seq + 4 < 65_500 + sent.len() as u64;
                if *is_lost && is_inside {
                    losses.insert(seq, *again);
                } else {
                    arriving.entry(at).or_default().push(seq);
                }
            }
            let lost: BTreeSet<u64> = losses.keys().copied().collect();
            let mut asked_for = BTreeSet::new();
            for millis in 0..at + 1500 {
                let now = start + ms(millis);
                for seq in arriving.remove(&millis).unwrap_or_default() {
                    gaps.arrived(now, seq);
                }
                for seq in asked(&mut gaps, now) {
                    let seq = lost.iter().copied().find(|lost| *lost as u16 == seq);
                    prop_assert!(seq.is_some(), "only what was lost is asked for");
                    let seq = seq.unwrap();
                    asked_for.insert(seq);
                    let left = losses.get_mut(&seq).unwrap();
                    if *left == 0 {
                        arriving.entry(millis + rtt).or_default().push(seq);
                    }
                    *left = left.saturating_sub(1);
                }
            }
            prop_assert_eq!(asked_for, lost);
            prop_assert_eq!(gaps.len(), 0);
            prop_assert!(!gaps.take_given_up());
        }

        #[test]
        fn nothing_is_asked_for_that_is_late_by_two_packets(swaps in prop::collection::vec(0usize..100, 0..20)) {
            let mut seqs: Vec<u64> = (1000..1120).collect();
            // Each moved back by two places at most: what is moved next lies behind.
            let mut from = 0;
            for swap in swaps {
                from += swap % 7 + 3;
                if from + 2 < seqs.len() {
                    let late = seqs.remove(from);
                    seqs.insert(from + 2, late);
                }
            }
            let start = Instant::now();
            let mut gaps = Gaps::new();
            for (millis, seq) in (0..).zip(seqs) {
                let now = start + ms(millis);
                gaps.arrived(now, seq);
                prop_assert_eq!(asked(&mut gaps, now), [0u16; 0]);
            }
            prop_assert_eq!(gaps.len(), 0);
        }

        #[test]
        fn sender_that_jumps_is_asked_for_little_and_costs_little(
            jumps in prop::collection::vec((0u64..40_000, 0u64..4), 0..800),
        ) {
            let start = Instant::now();
            let mut gaps = Gaps::new();
            let (mut now, mut seq) = (start, 65_536);
            let mut times: VecDeque<Instant> = VecDeque::new();
            for (jump, gap) in jumps {
                now += ms(gap);
                seq += if jump > 1000 { jump } else { jump / 4 + 1 };
                gaps.arrived(now, seq);
                let asked = asked(&mut gaps, now);
                prop_assert!(asked.len() <= MISSING_MAX as usize && gaps.len() <= MISSING_MAX as usize);
                times.extend(asked.iter().map(|_| now));
                // Two seconds meet in any one.
                while times.front().is_some_and(|at| now - *at >= ms(1000)) {
                    times.pop_front();
                }
                prop_assert!(times.len() <= 2 * usize::from(ASKED_PER_SECOND_MAX));
                // Whoever sleeps until it is due does not spin.
                prop_assert!(gaps.due().is_none_or(|due| due > now));
            }
            prop_assert!(gaps.missing.capacity() <= 4 * MISSING_MAX as usize);
        }
    }

    #[test]
    fn packet_is_asked_for_after_three_others_or_ten_milliseconds() {
        let start = Instant::now();
        let mut by_count = gaps(start, [1, 3, 4]);
        assert_eq!(asked(&mut by_count, start), [0u16; 0]);
        by_count.arrived(start, 5);
        assert_eq!(asked(&mut by_count, start), [2]);

        let mut by_time = gaps(start, [1, 3]);
        assert_eq!(by_time.due(), Some(start + ms(10)));
        assert_eq!(asked(&mut by_time, start + ms(9)), [0u16; 0]);
        assert_eq!(asked(&mut by_time, start + ms(10)), [2]);
    }

    #[test]
    fn packet_is_asked_for_again_after_a_round_trip_ten_times_at_most() {
        let start = Instant::now();
        let mut gaps = gaps(start, [1, 3, 4, 5]);
        gaps.set_rtt(ms(50));
        let times: Vec<u64> = (0..1200).filter(|at| !asked(&mut gaps, start + ms(*at)).is_empty()).collect();
        assert_eq!(times, (0..10).map(|i| i * 50).collect::<Vec<_>>());
        assert!(gaps.take_given_up());
        assert!(!gaps.take_given_up());
        assert_eq!(gaps.due(), None);
    }

    #[test]
    fn packet_is_given_up_after_a_second() {
        let start = Instant::now();
        let mut gaps = gaps(start, [1, 3, 4, 5]);
        gaps.set_rtt(ms(5000));
        let times: Vec<u64> = (0..1200).filter(|at| !asked(&mut gaps, start + ms(*at)).is_empty()).collect();
        assert_eq!(times, [0, 500]);
        assert_eq!(gaps.len(), 0);
        assert!(gaps.take_given_up());
    }

    #[test]
    fn packet_that_arrives_is_not_asked_for() {
        let start = Instant::now();
        let mut gaps = gaps(start, [1, 4, 5, 6, 2]);
        assert_eq!(asked(&mut gaps, start), [3]);
        gaps.arrived(start, 3);
        assert_eq!(asked(&mut gaps, start + ms(500)), [0u16; 0]);
        assert!(!gaps.take_given_up());
    }

    #[test]
    fn key_frame_makes_what_is_before_it_useless() {
        let start = Instant::now();
        let mut gaps = gaps(start, [1, 3, 5, 10]);
        gaps.keyframe(5);
        assert_eq!(asked(&mut gaps, start), [6, 7]);
        gaps.keyframe(11);
        assert_eq!((gaps.len(), gaps.take_given_up()), (0, false));
    }

    #[test]
    fn gap_that_is_too_wide_is_given_up_at_once() {
        let start = Instant::now();
        let mut wide = gaps(start, [1, 1 + MISSING_MAX + 1]);
        assert_eq!(wide.len() as u64, MISSING_MAX);
        assert!(!wide.take_given_up());
        wide.arrived(start, 1 + MISSING_MAX + 3);
        assert_eq!(wide.len(), 0);
        assert!(wide.take_given_up());
    }

    #[test]
    fn budget_that_is_spent_is_waited_for() {
        let start = Instant::now();
        let mut gaps = gaps(start, [1, 200, 201, 202]);
        gaps.set_rtt(ms(20));
        let mut count = 0;
        for at in 0..200 {
            count += asked(&mut gaps, start + ms(at)).len();
        }
        assert_eq!(count, usize::from(ASKED_PER_SECOND_MAX));
        assert_eq!(gaps.due(), Some(start + ms(1000)));
    }
}
