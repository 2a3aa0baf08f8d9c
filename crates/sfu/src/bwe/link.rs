//! A forwarder that sends over a simulated link, in virtual time.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use sabha_impairer::{Conditions, QueueMax, Random};
use sabha_protocol::Bitrate;

use super::{Estimator, Pacer, Probe, ProbeId};

/// IPv4, UDP and SRTP around a payload, and a full packet.
const HEADERS: usize = 60;
const PACKET: usize = 1200;
/// Sums that the layers of a camera make, as the allocator chooses among them.
pub(super) const LAYERS: [u64; 3] = [150_000, 500_000, 1_500_000];
const AUDIO_BYTES: usize = 140;
/// Bytes of frames relative to the mean: a key frame every five seconds is so many times larger.
const KEYFRAME_EVERY: u64 = 150;
const KEYFRAME: u64 = 5;
const FRAME: Duration = Duration::from_micros(33_333);
const STEP: Duration = Duration::from_micros(500);

/// A link as it is now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// Bits per second.
    pub(super) rate: u64,
    pub(super) delay: Duration,
    /// Bytes; more is dropped.
    pub(super) queue_max: usize,
    /// Shares lost by chance: of packets, and of reports on the way back.
    pub(super) loss: f64,
    pub(super) feedback_loss: f64,
    /// A packet, and all behind it, is held back by up to this.
    pub(super) jitter: Duration,
    /// Every second it holds all packets back for so long, and then hands them over at once.
    pub(super) freeze: Duration,
    /// The sender is held up by up to this every 50 ms or so: it sends, reads and counts nothing meanwhile, and stamps
    /// packets when they leave.
    pub(super) stall: Duration,
    /// What others send through the same queue, bits per second.
    pub(super) others: u64,
    pub(super) feedback_every: Duration,
}

impl Link {
    pub(super) fn of_kbps(rate: u64) -> Self {
        Self {
            rate: rate * 1000,
            delay: Duration::from_millis(25),
            // 300 ms, and a few packets at least.
            queue_max: (rate as usize * 300 / 8).max(12_000),
            loss: 0.0,
            feedback_loss: 0.0,
            jitter: Duration::ZERO,
            freeze: Duration::ZERO,
            stall: Duration::ZERO,
            others: 0,
            feedback_every: Duration::from_millis(100),
        }
    }

    fn conditions(&self) -> Conditions {
        Conditions {
            rate_bps: Some(self.rate),
            queue: QueueMax::Bytes(self.queue_max),
            delay: self.delay,
            jitter: self.jitter,
            freeze: self.freeze,
            loss: self.loss,
            others_bps: self.others,
            ..Conditions::default()
        }
    }
}

type Report = Vec<(u16, Option<i64>)>;

/// What was seen in one step of time, and lately.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Since the start.
    pub(super) at: Duration,
    pub(super) estimate: u64,
    /// Layers and sound that are sent.
    pub(super) sending: u64,
    /// How long the last packet that arrived had waited in the queue.
    pub(super) queue: Duration,
}

/// A forwarder, its estimator and pacer, a link and a receiver who reports.
#[derive(Debug)]
pub(super) struct World {
    pub(super) link: Link,
    pub(super) estimator: Estimator,
    /// What the layers cost; the best that the estimate carries is sent.
    pub(super) layers: Vec<u64>,
    pub(super) sends: bool,
    /// Every report comes twice.
    pub(super) repeats: bool,
    /// The receiver's clock is faster by this share.
    pub(super) drift: f64,
    pub(super) probe_bytes: usize,
    pub(super) sent_bytes: usize,
    start: Instant,
    pub(super) now: Instant,
    random: Random,
    pacer: Pacer,
    seq: u16,
    layer: usize,
    waiting: VecDeque<usize>,
    frames: u64,
    next_frame: Instant,
    next_audio: Instant,
    next_tick: Instant,
    next_feedback: Instant,
    stalled_until: Instant,
    next_stall: Instant,
    probe: Option<(Probe, Instant, usize, usize)>,
    path: sabha_impairer::Link<u16>,
    last_wait: Duration,
    /// What the receiver has not reported yet.
    received: Vec<(u16, Instant)>,
    reported: Option<u16>,
    reports: VecDeque<(Instant, Report)>,
}

impl World {
    pub(super) fn new(link: Link, initial: u64, desired: u64, seed: u64) -> Self {
        let now = Instant::now();
        let mut estimator = Estimator::new(now, Bitrate::bps(initial));
        estimator.set_desired(Bitrate::bps(desired));
        Self {
            link,
            estimator,
            layers: LAYERS.to_vec(),
            sends: true,
            repeats: false,
            drift: 0.0,
            probe_bytes: 0,
            sent_bytes: 0,
            start: now,
            now,
            random: Random::new(seed * 2 + 1),
            pacer: Pacer::new(now),
            // Wraps early in every test.
            seq: 65_000,
            layer: 0,
            waiting: VecDeque::new(),
            frames: 0,
            next_frame: now,
            next_audio: now,
            next_tick: now,
            next_feedback: now,
            stalled_until: now,
            next_stall: now + Duration::from_millis(100),
            probe: None,
            path: sabha_impairer::Link::new(now, link.conditions(), seed),
            last_wait: Duration::ZERO,
            received: Vec::new(),
            reported: None,
            reports: VecDeque::new(),
        }
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Runs for so long, and hands what is seen every 50 ms to `look`.
    pub(super) fn run(&mut self, time: Duration, mut look: impl FnMut(Seen)) {
        let end = self.now + time;
        let mut next_look = self.now;
        while self.now < end {
            self.step();
            if self.now >= next_look {
                look(self.seen());
                next_look += Duration::from_millis(50);
            }
            self.now += STEP;
        }
    }

    pub(super) fn seen(&self) -> Seen {
        Seen {
            at: self.now - self.start,
            estimate: self.estimator.estimate().as_bps(),
            sending: self.layers[self.layer],
            queue: self.last_wait,
        }
    }

    fn step(&mut self) {
        let now = self.now;
        if self.link.stall > Duration::ZERO && now >= self.next_stall {
            self.stalled_until = now + self.random.up_to(self.link.stall);
            self.next_stall = now + self.random.up_to(Duration::from_millis(100));
        }
        if self.sends {
            self.media();
        }
        self.receive();
        if now < self.stalled_until {
            return;
        }
        self.send();
        while self.reports.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, report)) = self.reports.pop_front() else { break };
            if self.repeats {
                self.estimator.feedback(now, report.iter().rev().copied());
            }
            self.estimator.feedback(now, report);
        }
        if now >= self.next_tick {
            self.next_tick += Duration::from_millis(25);
            self.estimator.tick(now);
            let estimate = self.estimator.estimate().as_bps();
            self.pacer.set_rate(now, Bitrate::bps((estimate * 5 / 2).max(300_000)));
        }
    }

    /// Queues the frames of the best layer that fits, with the allocator's hysteresis of a tenth.
    fn media(&mut self) {
        let estimate = self.estimator.estimate().as_bps().saturating_sub(45_000);
        let fits = |layer: usize| {
            let rate = self.layers[layer];
            layer == 0 || estimate >= if layer > self.layer { rate * 11 / 10 } else { rate }
        };
        let layer = (0..self.layers.len()).rev().find(|layer| fits(*layer)).unwrap_or(0);
        let switches_up = layer > self.layer;
        self.layer = layer;
        if self.now >= self.next_frame {
            self.next_frame += FRAME;
            self.frames += 1;
            let is_key = switches_up || self.frames.is_multiple_of(KEYFRAME_EVERY);
            let mean = self.layers[layer] / 8 / 30;
            let size = if is_key { mean * KEYFRAME } else { mean.mul_div(80 + self.random_percent(30)) };
            let packets = (size as usize).div_ceil(PACKET).max(1);
            self.waiting.extend(std::iter::repeat_n(size as usize / packets + HEADERS, packets));
        }
        if self.now >= self.next_audio {
            self.next_audio += Duration::from_millis(20);
            if self.now >= self.stalled_until {
                self.transmit(AUDIO_BYTES, None);
            }
        }
    }

    fn random_percent(&mut self, most: u64) -> u64 {
        (self.random.share() * most as f64) as u64
    }

    fn send(&mut self) {
        let now = self.now;
        if self.probe.is_none()
            && self.sends
            && let Some(probe) = self.estimator.poll_probe(now)
        {
            self.probe = Some((probe, now, 0, 0));
        }
        if let Some((probe, began, mut packets, mut bytes)) = self.probe.take() {
            // As much as the probe's rate owes by now, in steps of 5 ms; media first.
            let elapsed = (now - began).as_micros() as u64 / 5000 * 5000 + 5000;
            let owed = (probe.rate.as_bps() * elapsed / 8_000_000) as usize;
            let size = (probe.min_bytes / probe.min_packets).clamp(100, PACKET);
            while bytes < owed && (bytes < probe.min_bytes || packets < probe.min_packets) {
                let size = self.waiting.pop_front().unwrap_or_else(|| {
                    self.probe_bytes += size;
                    size
                });
                self.transmit(size, Some(probe.id));
                (packets, bytes) = (packets + 1, bytes + size);
            }
            if bytes < probe.min_bytes || packets < probe.min_packets {
                self.probe = Some((probe, began, packets, bytes));
                return;
            }
        }
        while let Some(bytes) = self.waiting.front().copied() {
            if !self.pacer.take(now, bytes) {
                break;
            }
            self.waiting.pop_front();
            self.transmit(bytes, None);
        }
    }

    fn transmit(&mut self, bytes: usize, probe: Option<ProbeId>) {
        let seq = self.seq;
        self.seq = self.seq.wrapping_add(1);
        self.sent_bytes += bytes;
        self.estimator.sent(self.now, seq, bytes, probe);
        self.path.send(self.now, bytes, seq);
    }

    /// Nothing happens for so long.
    pub(super) fn idle(&mut self, time: Duration) {
        self.now += time;
        for due in [&mut self.next_frame, &mut self.next_audio, &mut self.next_tick, &mut self.next_feedback]
        {
            *due = self.now;
        }
    }

    /// Replaces the link; what waits in its queue leaves at the new rate.
    pub(super) fn relink(&mut self, link: Link) {
        self.link = link;
        self.path.change(self.now, link.conditions());
    }

    fn receive(&mut self) {
        let now = self.now;
        while let Some(arrival) = self.path.arrive(now) {
            self.last_wait = arrival.waited;
            self.received.push((arrival.packet, arrival.at));
        }
        if now < self.next_feedback {
            return;
        }
        self.next_feedback += self.link.feedback_every;
        let Some(last) = self.received.last().map(|(seq, _)| *seq) else { return };
        let first = self.reported.map_or(self.received[0].0, |seq| seq.wrapping_add(1));
        let mut report = Vec::new();
        let mut received = self.received.drain(..).peekable();
        for n in 0..=last.wrapping_sub(first) {
            let seq = first.wrapping_add(n);
            let arrival = received.next_if(|(of, _)| *of == seq).map(|(_, at)| {
                // A clock of its own, with the resolution of the format.
                let clock = (at - self.start).mul_f64(1.0 + self.drift);
                clock.as_micros() as i64 / 250 * 250 - 7_777_777_000
            });
            report.push((seq, arrival));
        }
        drop(received);
        self.reported = Some(last);
        if self.random.share() >= self.link.feedback_loss {
            self.reports.push_back((now + self.link.delay, report));
        }
    }
}

trait Percent {
    fn mul_div(self, percent: u64) -> u64;
}

impl Percent for u64 {
    fn mul_div(self, percent: u64) -> u64 {
        self * percent / 100
    }
}
