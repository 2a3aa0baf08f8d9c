//! How much a peer's downlink carries, and when packets leave. Pure: time and reports come in, rates go out.
//!
//! ```text
//! sent ─▶ history ◀─ feedback (transport-wide: which packet arrived, and when)
//!            │
//!            ├─▶ group ─▶ trend ── delay grows ──┐
//!            ├─▶ queue ─────────── delay stands ─┴─▶ step down ─┐
//!            ├─▶ loss ──────────── too much lost ──▶ step down ─┤
//!            ├─▶ throughput ────── what gets through ───────────┼─▶ control ─▶ estimate ─▶ pacer
//!            └─▶ answer ◀─ probe ─ what a probe found ──▶ raise ┘              │
//!                            ▲                                                 │
//!                            └── what is wanted, and not found yet ◀───────────┘
//! ```
//!
//! Built after draft-ietf-rmcat-gcc-02 and what libwebrtc made of it. One rate, and three voices that move it:
//!
//! - **Delay.** A step down takes two witnesses: the `trend` says that delay grows (or the `throughput`, that packets take
//!   longer to arrive than to leave), and the `queue` that even the least delay of the last moments is more than it was.
//!   Jitter fools the first, not the second: it may delay any packet, but not all of them. A step goes to 15 % below what
//!   gets through, more while the queue is long, so that it drains. A delay that stays although less is sent is taken for
//!   the path's own.
//! - **Loss.** Below 2 % nothing, up to 10 % no growth without proof, above it a step down; unless that does not help.
//! - **Proof.** What gets through, while nothing is lost and no queue stands, fits: the estimate is never below it. What a
//!   `probe` found fits. Beside that, growth is 8 % a second, up to half more than what gets through.
//!
//! Where it differs from libwebrtc: a second witness of delay; one rate instead of a delay-based and a loss-based one;
//! a standing queue is drained faster the longer it is; probes come oftener while more is wanted, because what a
//! forwarder sends is nearly always less than what fits. `tests` says how it does on simulated links; it was not compared
//! with libwebrtc on the same ones. Not here: congestion marks (ECN), a limit on what is in flight, and changes of the path,
//! for which the caller begins with a new estimator.
//!
//! A packet costs about 75 ns of CPU from leaving to its report, a connection 6 to 34 KiB (measured on 2 vCPUs of an AMD EPYC,
//! reports on 50 packets each).

mod answer;
mod control;
mod group;
mod history;
#[cfg(test)]
mod link;
mod loss;
mod pacer;
mod probe;
mod queue;
#[cfg(test)]
mod tests;
mod throughput;
mod trend;
mod window;

use std::time::{Duration, Instant};

use sabha_protocol::Bitrate;

use self::{
    answer::Answers,
    control::Control,
    group::{Grouped, Grouping},
    history::{History, Sent},
    loss::{Loss, Verdict},
    probe::{Path, Prober},
    queue::Queue,
    throughput::Throughput,
    trend::{Trend, Usage},
    window::LeastOver,
};
pub(crate) use self::{
    pacer::Pacer,
    probe::{Probe, ProbeId},
};

// Times below are in microseconds.

/// A queue that is shorter than this is none: 20 ms of jitter leave the least of a few packets below it.
const QUEUE: i64 = 20_000;
/// A queue so long is enough, without a trend, if packets take longer to arrive than to leave.
const QUEUE_FILLING: i64 = 60_000;
/// A queue so long, for so long, is too much even if it does not grow.
const QUEUE_LONG: i64 = 120_000;
const QUEUE_LASTING: i64 = 500_000;
/// Sending less shows in a long queue after so long, and twice its own length. From then on it shortens by a twentieth
/// in each time of [`QUEUE_LOOK`], or it is not ours.
const QUEUE_SHOWS: i64 = 1_500_000;
const QUEUE_LOOK: i64 = 1_000_000;
/// The round trip is the least of so long.
const ROUND_TRIPS: i64 = 10_000_000;
/// Assumed until it is known.
const ROUND_TRIP: i64 = 100_000;
/// Without reports for so long the rate goes down, and again after each further second.
const SILENCE: i64 = 2_000_000;
const SILENCE_STEP: i64 = 1_000_000;
/// Reports that are late by so much make it no time for probes.
const REPORTS_LATE: i64 = 700_000;
/// Arrivals beyond this, either way, are nonsense: 35 years.
const ARRIVAL_MAX: u64 = 1 << 50;

/// A packet that arrived.
#[derive(Clone, Copy, Debug)]
struct Arrived {
    sent: Sent,
    at: i64,
}

/// A queue that is long.
#[derive(Clone, Copy, Debug)]
struct LongQueue {
    since: i64,
    /// When lowering the rate because of it shows at the latest.
    shows: Option<i64>,
    /// How long it was when it was looked at last, and when that was.
    looked: (i64, i64),
    has_shortened: bool,
}

/// Estimates the bandwidth towards one peer.
///
/// The caller tells every packet that leaves ([`sent`](Self::sent)) and every report on them
/// ([`feedback`](Self::feedback)), calls [`tick`](Self::tick) every 25 ms or so and then asks
/// [`poll_probe`](Self::poll_probe). Nothing allocates after the first seconds. Time that goes backwards counts as
/// standing still.
///
/// A peer that was not offered transport-wide reports needs none of this: silence lowers the estimate to the least.
#[derive(Debug)]
pub(crate) struct Estimator {
    epoch: Instant,
    history: History,
    grouping: Grouping,
    trend: Trend,
    queue: Queue,
    throughput: Throughput,
    loss: Loss,
    control: Control,
    prober: Prober,
    answers: Answers,
    round_trips: LeastOver,
    long_queue: Option<LongQueue>,
    /// When the oldest packet left that no report has come after.
    unreported: Option<i64>,
    /// When the newest packet left that arrived.
    newest_sent: Option<i64>,
    /// Sequence number that the next report should begin with.
    expected: Option<u16>,
    arrived: Vec<Arrived>,
}

impl Estimator {
    /// Returns an estimator that believes in `initial` until it knows better.
    pub(crate) fn new(now: Instant, initial: Bitrate) -> Self {
        let control = Control::new(initial.as_bps());
        Self {
            epoch: now,
            history: History::new(),
            grouping: Grouping::default(),
            trend: Trend::new(),
            queue: Queue::new(),
            throughput: Throughput::default(),
            loss: Loss::default(),
            prober: Prober::new(control.rate()),
            control,
            answers: Answers::default(),
            round_trips: LeastOver::new(ROUND_TRIPS),
            long_queue: None,
            unreported: None,
            newest_sent: None,
            expected: None,
            arrived: Vec::new(),
        }
    }

    /// Sets the bandwidth that is worth looking for. Probes go up to half beyond it; without it there are none.
    pub(crate) fn set_desired(&mut self, desired: Bitrate) {
        self.prober.set_desired(desired.as_bps(), self.control.rate());
    }

    /// Takes note of a packet that left just now: its transport-wide sequence number, its bytes on the wire, and the
    /// probe that it belongs to.
    pub(crate) fn sent(&mut self, now: Instant, seq: u16, bytes: usize, probe: Option<ProbeId>) {
        let at = self.micros(now);
        let bytes = u16::try_from(bytes).unwrap_or(u16::MAX);
        self.history.sent(seq, Sent { at, bytes, probe });
        self.unreported.get_or_insert(at);
    }

    /// Takes a report: for each packet its sequence number and, if it arrived, when, in microseconds of the receiver's
    /// clock. What is said twice or of packets never sent is passed over.
    pub(crate) fn feedback(&mut self, now: Instant, packets: impl IntoIterator<Item = (u16, Option<i64>)>) {
        let now = self.micros(now);
        self.loss.advance(now);
        if self.read(now, packets) {
            self.unreported = None;
            self.measure(now);
            self.decide(now);
        }
    }

    /// Lets time pass.
    pub(crate) fn tick(&mut self, now: Instant) {
        let now = self.micros(now);
        self.loss.advance(now);
        let is_silent = self.unreported.is_some_and(|since| now - since > SILENCE);
        if is_silent && self.control.since_lowered(now) >= SILENCE_STEP {
            self.step_down(now, |control| control.silent(now));
        }
    }

    /// Returns the present estimate, within [`control::RATES`].
    pub(crate) fn estimate(&self) -> Bitrate {
        Bitrate::bps(self.control.rate())
    }

    /// Returns the share of packets lost in the last second, 0 to 1, or `None` if nothing was reported in it.
    pub(crate) fn loss(&self) -> Option<f32> {
        self.loss.share()
    }

    /// Returns the least time of the last seconds from a packet's leaving to a report on it.
    pub(crate) fn rtt(&self) -> Option<Duration> {
        self.round_trips.least().map(|micros| Duration::from_micros(micros.unsigned_abs()))
    }

    /// Returns a probe to send at once, if it is time for one. The caller marks its packets with the probe's id.
    pub(crate) fn poll_probe(&mut self, now: Instant) -> Option<Probe> {
        let now = self.micros(now);
        let path = Path {
            estimate: self.control.rate(),
            is_calm: self.queue.delay() < QUEUE
                && self.unreported.is_none_or(|since| now - since < REPORTS_LATE),
            since_lowered: self.control.since_lowered(now),
        };
        let probe = self.prober.poll(now, path)?;
        self.answers.expect(&probe);
        Some(probe)
    }

    /// Returns whether the report said anything new; what arrived is in `arrived`, in order of arrival.
    fn read(&mut self, now: i64, packets: impl IntoIterator<Item = (u16, Option<i64>)>) -> bool {
        self.arrived.clear();
        let (mut span, mut newest_sent) = (None, None);
        let lowered = self.control.lowered();
        for (seq, arrival) in packets {
            let arrival = arrival.filter(|at| at.unsigned_abs() < ARRIVAL_MAX);
            let Some((sent, news)) = self.history.report(seq, arrival.is_some()) else { continue };
            span = match span {
                None => Some((seq, seq)),
                Some((first, last)) if is_after(first, seq) => Some((seq, last)),
                Some((first, last)) if is_after(seq, last) => Some((first, seq)),
                span => span,
            };
            self.loss.count(news, Some(sent.at) > lowered);
            if let Some(at) = arrival {
                newest_sent = newest_sent.max(Some(sent.at));
                self.arrived.push(Arrived { sent, at });
            }
        }
        if let Some(newest) = newest_sent {
            self.newest_sent = self.newest_sent.max(newest_sent);
            self.round_trips.add(now, (now - newest).max(0));
        }
        self.arrived.sort_unstable_by_key(|packet| (packet.at, packet.sent.at));
        let Some((first, last)) = span else { return false };
        if self.expected.is_some_and(|expected| is_after(first, expected)) {
            self.throughput.gap();
        }
        let next = last.wrapping_add(1);
        if self.expected.is_none_or(|expected| is_after(next, expected)) {
            self.expected = Some(next);
        }
        true
    }

    fn measure(&mut self, now: i64) {
        for Arrived { sent, at } in self.arrived.drain(..) {
            self.throughput.packet(sent.at, at, sent.bytes);
            self.answers.packet(&sent, at);
            match self.grouping.packet(sent.at, at) {
                Grouped::Joined => {}
                // A probe delays on purpose.
                Grouped::Step(_) if sent.probe.is_some() => self.trend.restart(),
                Grouped::Step(step) => self.trend.step(step),
                Grouped::Restart => {
                    self.trend.restart();
                    self.queue = Queue::new();
                    self.throughput = Throughput::default();
                    self.long_queue = None;
                }
            }
            self.queue.packet(sent.at, at);
        }
        for (id, rate) in self.answers.take() {
            let before = self.control.rate();
            self.prober.found(now, id, rate, before);
            // A step down since the probe left knows more than the probe does.
            if self.control.since_lowered(now) > ROUND_TRIP {
                self.control.raise(rate);
            }
        }
    }

    fn decide(&mut self, now: i64) {
        let queue = self.queue.delay();
        let acked = self.throughput.rate();
        let (verdict, is_new) = self.loss.verdict(now, acked);
        let mut measured = self.throughput.recent();
        let is_filling = queue > QUEUE_FILLING && measured.is_some_and(|measured| measured.is_saturated);
        let is_growing = queue > QUEUE && self.trend.usage() == Usage::Over;
        // The last step shows in what left after it.
        let is_shown = self.newest_sent > self.control.lowered();
        if self.is_queue_too_long(now, queue) || is_shown && (is_filling || is_growing) {
            let rtt = self.round_trip();
            // A queue that is full does not grow: it overflows.
            if let Some(measured) = measured.as_mut().filter(|_| verdict != Verdict::Low) {
                measured.is_saturated = true;
            }
            self.step_down(now, |control| _ = control.overuse(now, rtt, queue, measured));
        }
        if let (Verdict::High(share), true) = (verdict, is_new) {
            self.step_down(now, |control| control.loss(now, share, acked));
        }
        if verdict == Verdict::Low && self.trend.usage() == Usage::Normal && queue < QUEUE {
            self.control.grow(now, self.round_trip(), acked);
            self.control.raise(acked.unwrap_or(0));
        } else {
            self.control.hold(now);
        }
    }

    /// Returns whether a queue stands that is too long for too long. One that does not shorten when less is sent is the
    /// path's own, or others': it is taken for the path's length then.
    fn is_queue_too_long(&mut self, now: i64, queue: i64) -> bool {
        if queue < QUEUE_LONG {
            self.long_queue = None;
            return false;
        }
        let fresh = LongQueue { since: now, shows: None, looked: (queue, now), has_shortened: false };
        let long = self.long_queue.get_or_insert(fresh);
        let Some(shows) = long.shows else {
            let lasts = (now - long.since).min(self.control.since_lowered(now));
            if lasts >= QUEUE_LASTING {
                long.shows = Some(now + QUEUE_SHOWS + 2 * queue);
            }
            return lasts >= QUEUE_LASTING;
        };
        let (before, looked) = long.looked;
        if now < shows {
            long.looked = (queue, now);
        } else if now - looked >= QUEUE_LOOK {
            if queue * 20 < before * 19 {
                *long = LongQueue { looked: (queue, now), has_shortened: true, ..*long };
            } else {
                if !long.has_shortened {
                    self.queue.rebase();
                    self.trend.restart();
                }
                self.long_queue = None;
            }
        }
        false
    }

    fn step_down(&mut self, now: i64, step: impl FnOnce(&mut Control)) {
        let before = self.control.rate();
        step(&mut self.control);
        let after = self.control.rate();
        if after < before {
            self.prober.lowered(now, before, after);
        }
    }

    fn round_trip(&self) -> i64 {
        self.round_trips.least().unwrap_or(ROUND_TRIP)
    }

    fn micros(&self, now: Instant) -> i64 {
        i64::try_from(now.saturating_duration_since(self.epoch).as_micros()).unwrap_or(i64::MAX)
    }
}

/// Whether `seq` comes after `other`, of numbers that wrap.
const fn is_after(seq: u16, other: u16) -> bool {
    seq != other && seq.wrapping_sub(other) < 1 << 15
}
