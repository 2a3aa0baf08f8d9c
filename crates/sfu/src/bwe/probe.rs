//! When to send faster for a moment to learn whether more would fit, and how fast.
//!
//! A forwarder sends layers, not what the link takes, so what it sends proves little: without probes an estimate
//! would never go far above it. The draft has no probes; those of libwebrtc are the model: three and six times the
//! initial rate at first, doubling while the answer is near what was asked, one towards the old rate after a drop.
//! Instead of its fixed 5 s in application-limited times, while more is wanted: every 2 s, up to 5 s while the
//! answer is always no.

use std::{num::NonZeroU16, time::Duration};

use sabha_protocol::Bitrate;

/// Names a probe to those who send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProbeId(NonZeroU16);

impl ProbeId {
    pub(super) fn place(self, places: usize) -> usize {
        usize::from(self.0.get()) % places
    }
}

/// Asks for packets at a rate for a moment: media and, for what is missing, padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    /// Goes with each of its packets.
    pub(crate) id: ProbeId,
    pub(crate) rate: Bitrate,
    /// On the wire, all packets together.
    pub(crate) min_bytes: usize,
    pub(crate) min_packets: usize,
    /// Time that `min_bytes` take at `rate`.
    pub(crate) duration: Duration,
}

/// What the path is like, as far as probes care.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    /// Bits per second.
    pub(super) estimate: u64,
    /// No queue, no heavy loss, reports come.
    pub(super) is_calm: bool,
    /// Microseconds since the estimate was last lowered.
    pub(super) since_lowered: i64,
}

/// The first probes, in multiples of the initial rate.
const FIRST: [u64; 2] = [3, 6];
/// A further probe asks for so many times what was found; a probe after a drop, at most so many times the estimate.
const DOUBLE: u64 = 2;
const RECOVER: u64 = 4;
/// No probe asks for more than half above what is wanted: that is enough to find it in spite of jitter.
const BEYOND: (u64, u64) = (3, 2);
/// A probe that found this share of what it asked for found no end, in tenths.
const NEAR: u64 = 7;
/// A drop by a third is worth a probe; towards 85 % of the rate before.
const DROP: (u64, u64) = (2, 3);
const REGAIN: (u64, u64) = (17, 20);
/// A probe lasts so long, in microseconds: the first, of which much is asked, is short; in a later one 20 ms of jitter
/// should not be all there is.
const SHORT: i64 = 20_000;
const LONG: i64 = 40_000;
const PACKETS: usize = 5;
/// Time from one probe to the next while more is wanted, in microseconds.
const PAUSE: i64 = 2_000_000;
const PAUSE_MAX: i64 = 5_000_000;
/// A step down so soon after an answer raised the rate refutes it: others share the link, and a short probe takes from
/// them what a stream cannot. The next pause is so long; with what follows, a wide link is still used within 10 s.
const REFUTED: i64 = 10_000_000;
const PAUSE_REFUTED: i64 = 8_000_000;
/// An answer that takes longer does not come.
const ANSWER: i64 = 1_500_000;
/// Time after a step down in which no probe is sent.
const SETTLE: i64 = 700_000;
/// An old rate is worth a probe for so long.
const MEMORY: i64 = 5_000_000;

#[derive(Debug)]
pub(super) struct Prober {
    initial: u64,
    desired: u64,
    first: usize,
    id: u16,
    /// To ask for as soon as the path is calm.
    next: Option<u64>,
    last: Option<Sent>,
    pause: i64,
    /// The rate before the last drop, and when that was.
    lost: Option<(u64, i64)>,
    /// When an answer raised the rate last, and whether that was refuted.
    raised: Option<i64>,
    is_refuted: bool,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    id: ProbeId,
    rate: u64,
    at: i64,
    /// When all of it has left.
    left: i64,
    is_answered: bool,
}

impl Prober {
    pub(super) const fn new(initial: u64) -> Self {
        Self {
            initial,
            desired: 0,
            first: 0,
            id: 0,
            next: None,
            last: None,
            pause: PAUSE,
            lost: None,
            raised: None,
            is_refuted: false,
        }
    }

    /// Sets what is worth looking for, in bits per second. More than before is looked for at once.
    pub(super) fn set_desired(&mut self, desired: u64, estimate: u64) {
        if desired > self.desired && desired > estimate && self.first == FIRST.len() {
            self.next = Some(self.next.unwrap_or(0).max(estimate.saturating_mul(DOUBLE)));
        }
        self.desired = desired;
    }

    /// Returns the probe to send now, if any.
    pub(super) fn poll(&mut self, now: i64, path: Path) -> Option<Probe> {
        if self.desired == 0 || self.last.is_some_and(|last| now < last.left) {
            return None;
        }
        if let Some(times) = FIRST.get(self.first) {
            let before = self.last.map(|last| last.rate);
            self.first += 1;
            let rate = self.bound(self.initial.saturating_mul(*times));
            // The second may be bounded to the same.
            return (before != Some(rate)).then(|| self.start(now, rate, SHORT)).flatten();
        }
        if let Some(last) = &mut self.last
            && !last.is_answered
        {
            if now - last.at < ANSWER {
                return None;
            }
            last.is_answered = true;
            self.be_patient();
        }
        if path.estimate >= self.desired {
            (self.next, self.lost) = (None, None);
            return None;
        }
        if !path.is_calm || path.since_lowered < SETTLE {
            return None;
        }
        let recover = self
            .lost
            .take()
            .filter(|(_, at)| now - at < MEMORY)
            .map(|(rate, _)| (rate * REGAIN.0 / REGAIN.1).min(path.estimate.saturating_mul(RECOVER)));
        let pause = if self.is_refuted { PAUSE_REFUTED } else { self.pause };
        let is_due = self.last.is_none_or(|last| now - last.at >= pause);
        let periodic = is_due.then(|| path.estimate.saturating_mul(DOUBLE));
        let rate = recover.max(self.next.take()).max(periodic)?;
        let rate = self.bound(rate.max(path.estimate.saturating_mul(BEYOND.0) / BEYOND.1));
        self.start(now, rate, LONG)
    }

    /// Takes what a probe found. `before` is the estimate until then, both in bits per second.
    pub(super) fn found(&mut self, now: i64, id: ProbeId, rate: u64, before: u64) {
        let Some(last) = self.last.as_mut().filter(|last| last.id == id && !last.is_answered) else { return };
        last.is_answered = true;
        if rate > before {
            self.pause = PAUSE;
            if self.raised.is_some_and(|raised| now - raised > REFUTED) {
                self.is_refuted = false;
            }
            self.raised = Some(now);
        } else {
            self.be_patient();
        }
        if rate > before
            && rate.saturating_mul(10) >= self.last.map_or(0, |last| last.rate).saturating_mul(NEAR)
        {
            self.next = Some(rate.saturating_mul(DOUBLE));
        }
    }

    /// Takes note of a step down.
    pub(super) fn lowered(&mut self, now: i64, before: u64, after: u64) {
        self.next = None;
        if self.raised.is_some_and(|raised| now - raised < REFUTED) {
            self.is_refuted = true;
            (self.raised, self.lost) = (None, None);
            return;
        }
        // Several steps in a row are one drop from the highest.
        let from = self.lost.filter(|(_, at)| now - at < MEMORY).map_or(before, |(rate, _)| rate.max(before));
        if after < from.saturating_mul(DROP.0) / DROP.1 {
            self.lost = Some((from, now));
        }
    }

    fn bound(&self, rate: u64) -> u64 {
        rate.min(self.desired.saturating_mul(BEYOND.0) / BEYOND.1)
    }

    fn be_patient(&mut self) {
        self.pause = (self.pause * 3 / 2).min(PAUSE_MAX);
    }

    fn start(&mut self, now: i64, rate: u64, lasts: i64) -> Option<Probe> {
        self.id = self.id.checked_add(1).unwrap_or(1);
        let id = ProbeId(NonZeroU16::new(self.id)?);
        self.last = Some(Sent { id, rate, at: now, left: now + lasts, is_answered: false });
        Some(Probe {
            id,
            rate: Bitrate::bps(rate),
            min_bytes: usize::try_from(rate.saturating_mul(lasts.unsigned_abs()) / 8_000_000).ok()?,
            min_packets: PACKETS,
            duration: Duration::from_micros(lasts.unsigned_abs()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Path = Path { estimate: 300_000, is_calm: true, since_lowered: i64::MAX };

    fn rates(prober: &mut Prober, path: Path, millis: std::ops::Range<i64>) -> Vec<u64> {
        millis.filter_map(|ms| prober.poll(ms * 1000, path)).map(|probe| probe.rate.as_bps()).collect()
    }

    fn begun() -> Prober {
        let mut prober = Prober::new(1_000_000);
        prober.set_desired(3_000_000, 1_000_000);
        assert_eq!(rates(&mut prober, CALM, 0..30), [3_000_000, 4_500_000]);
        prober
    }

    #[test]
    fn nothing_is_looked_for_while_nothing_is_wanted() {
        let mut prober = Prober::new(1_000_000);
        assert_eq!(rates(&mut prober, CALM, 0..60_000), [0; 0]);
    }

    #[test]
    fn nothing_is_looked_for_once_it_is_found() {
        let found = Path { estimate: 3_000_000, ..CALM };
        assert_eq!(rates(&mut begun(), found, 30..60_000), [0; 0]);
    }

    #[test]
    fn while_more_is_wanted_it_is_looked_for_ever_more_patiently() {
        let mut prober = begun();
        assert_eq!(rates(&mut prober, CALM, 30..30_000).len(), 6);
        assert!(prober.pause == PAUSE_MAX);
    }

    #[test]
    fn good_answer_is_followed_by_twice_as_much_at_once() {
        let mut prober = begun();
        let probe = (30..10_000).find_map(|ms| prober.poll(ms * 1000, CALM)).unwrap();
        assert_eq!(probe.rate, Bitrate::kbps(600));
        prober.found(2_100_000, probe.id, 590_000, 300_000);
        let path = Path { estimate: 590_000, ..CALM };
        let at = prober.last.unwrap().left;
        assert_eq!(prober.poll(at, path).unwrap().rate, Bitrate::kbps(1180));
    }

    #[test]
    fn after_a_drop_the_old_rate_is_looked_for_once_the_queue_is_gone() {
        let mut prober = begun();
        prober.lowered(3_000_000, 2_000_000, 1_500_000);
        prober.lowered(3_200_000, 1_500_000, 1_000_000);
        let path = |is_calm| Path { estimate: 1_000_000, is_calm, since_lowered: 1_000_000 };
        assert_eq!(rates(&mut prober, path(false), 3200..4000), [0; 0]);
        assert_eq!(rates(&mut prober, path(true), 4000..4010), [2_000_000]);
    }

    #[test]
    fn more_wanted_is_looked_for_at_once() {
        let mut prober = begun();
        let found = Path { estimate: 3_000_000, ..CALM };
        assert_eq!(rates(&mut prober, found, 30..5000), [0; 0]);
        prober.set_desired(5_000_000, 3_000_000);
        assert_eq!(rates(&mut prober, found, 5000..5100), [6_000_000]);
    }
}
