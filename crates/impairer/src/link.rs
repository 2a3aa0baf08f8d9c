//! One direction of a path.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    time::{Duration, Instant},
};

use crate::{
    Conditions, Random,
    crowd::{Crowd, SEGMENT, Sends},
    losses::Losses,
    queue::{Passenger, Queue},
};

/// Packets under way at most; more are dropped. A second of 100,000 packets is more than any test sends.
const IN_FLIGHT_MAX: usize = 100_000;
/// How much of a silence is caught up with: what others sent before is forgotten.
const CATCH_UP_MAX: Duration = Duration::from_secs(10);
/// How often [`Conditions::freeze`] holds everything.
const FREEZES_EVERY: Duration = Duration::from_secs(1);

/// One direction of a path, which carries packets of type `T`.
///
/// [`send`](Self::send) what is sent, [`arrive`](Self::arrive) until it returns nothing, and do so again at
/// [`next`](Self::next). Times that go back count as the latest so far.
///
/// ```
/// # use std::time::{Duration, Instant};
/// # use sabha_impairer::{Conditions, Link};
/// let start = Instant::now();
/// let slow: Conditions = "rate=80kbit,delay=20ms".parse()?;
/// let mut link = Link::new(start, slow, 1);
///
/// link.send(start, 1000, "a packet of 1000 bytes");
///
/// let arrives = link.next().unwrap() + Duration::from_millis(20);
/// let arrival = link.arrive(arrives).unwrap();
/// assert_eq!(arrival.at - start, Duration::from_millis(120));
/// # Ok::<(), sabha_impairer::InvalidConditions>(())
/// ```
#[derive(Debug)]
pub struct Link<T> {
    conditions: Conditions,
    random: Random,
    losses: Losses,
    queue: Queue<(usize, T)>,
    crowd: Crowd,
    in_flight: BinaryHeap<Reverse<InFlight<T>>>,
    /// How far it has come.
    now: Instant,
    began: Instant,
    /// When the last arrives of those that keep their order.
    last: Instant,
    order: u64,
    latest_arrived: u64,
    counts: Counts,
}

/// A packet that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival<T> {
    /// When, which may be before it was asked for.
    pub at: Instant,
    /// How long it had waited for the bottleneck, its own time there not counted.
    pub waited: Duration,
    /// What was sent.
    pub packet: T,
}

/// What became of packets so far. What is missing in the sum is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets that were sent.
    pub sent: u64,
    /// Packets that arrived, both of a pair counted.
    pub arrived: u64,
    /// Bytes that arrived.
    pub arrived_bytes: u64,
    /// Packets for which the queue had no room.
    pub overflowed: u64,
    /// Packets lost on the way.
    pub lost: u64,
    /// Packets that were made two.
    pub duplicated: u64,
    /// Packets that arrived after one that was sent later.
    pub overtaken: u64,
}

#[derive(Debug)]
struct InFlight<T> {
    at: Instant,
    /// Keeps what arrives at the same time in order.
    order: u64,
    waited: Duration,
    bytes: usize,
    packet: T,
}

impl<T: Clone> Link<T> {
    /// Returns a link that is idle. Everything it draws is determined by `seed`.
    pub fn new(now: Instant, conditions: Conditions, seed: u64) -> Self {
        Self {
            conditions,
            random: Random::new(seed),
            losses: Losses::default(),
            queue: Queue::new(),
            crowd: Crowd::new(now, &conditions),
            in_flight: BinaryHeap::new(),
            now,
            began: now,
            last: now,
            order: 0,
            latest_arrived: 0,
            counts: Counts::default(),
        }
    }

    /// Returns what it does to packets.
    pub const fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Changes what it does to packets from now on. What waits for the bottleneck passes at the new rate; what has passed
    /// arrives when it would have.
    pub fn change(&mut self, now: Instant, conditions: Conditions) {
        self.advance(now);
        self.queue.change(self.now, &self.conditions, &conditions);
        self.crowd.change(self.now, &self.conditions, &conditions);
        self.conditions = conditions;
        // Without a bottleneck nothing waits any more.
        self.advance(self.now);
    }

    /// Sends a packet of so many bytes, headers included as far as the rate is meant to include them.
    pub fn send(&mut self, now: Instant, bytes: usize, packet: T) {
        self.advance(now);
        self.counts.sent += 1;
        if self.conditions.rate_bps.is_none() {
            self.pass(self.now, Duration::ZERO, bytes, packet);
        } else if !self.queue.push(self.now, &self.conditions, bytes, Passenger::Ours((bytes, packet))) {
            self.counts.overflowed += 1;
        }
    }

    /// Returns the next packet that has arrived by `now`.
    pub fn arrive(&mut self, now: Instant) -> Option<Arrival<T>> {
        self.advance(now);
        if self.in_flight.peek()?.0.at > self.now {
            return None;
        }
        let Reverse(packet) = self.in_flight.pop()?;
        self.counts.arrived += 1;
        self.counts.arrived_bytes += packet.bytes as u64;
        self.counts.overtaken += u64::from(packet.order < self.latest_arrived);
        self.latest_arrived = self.latest_arrived.max(packet.order);
        Some(Arrival { at: packet.at, waited: packet.waited, packet: packet.packet })
    }

    /// Returns when to ask for arrivals again: at that time one arrives, or passes the bottleneck.
    pub fn next(&self) -> Option<Instant> {
        let passes = self.queue.passes().filter(|_| self.queue.has_ours());
        self.in_flight.peek().map(|Reverse(packet)| packet.at).into_iter().chain(passes).min()
    }

    /// Returns what became of packets so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Lets everything happen that happens by `now`, in its order.
    fn advance(&mut self, now: Instant) {
        let now = now.max(self.now);
        if now - self.now > CATCH_UP_MAX && !self.queue.has_ours() {
            self.queue.clear();
            self.now = now - CATCH_UP_MAX;
            self.crowd = Crowd::new(self.now, &self.conditions);
        }
        loop {
            let passes = self.queue.passes();
            let crowd = self.crowd.next(self.now, &self.conditions);
            match (passes, crowd) {
                (Some(at), other) if at <= now && other.is_none_or(|other| at <= other) => {
                    self.now = self.now.max(at);
                    self.pass_first();
                }
                (_, Some(at)) if at <= now => {
                    self.now = self.now.max(at);
                    self.crowd();
                }
                _ => break,
            }
        }
        self.now = now;
    }

    fn pass_first(&mut self) {
        let now = self.now;
        let Some(first) = self.queue.pop(&self.conditions) else { return };
        match first.passenger {
            Passenger::Ours((bytes, packet)) => {
                let waited = (now - first.since).saturating_sub(self.conditions.takes(bytes));
                self.pass(now, waited, bytes, packet);
            }
            Passenger::Constant => {}
            Passenger::Greedy { flow, number } => {
                self.crowd.passed(flow, number, now + self.conditions.delay * 2);
            }
        }
    }

    fn crowd(&mut self) {
        let Some(sends) = self.crowd.step(self.now, &self.conditions) else { return };
        let passenger = match sends {
            Sends::Constant => Passenger::Constant,
            Sends::Greedy { flow, number } => Passenger::Greedy { flow, number },
        };
        let has_room = self.queue.push(self.now, &self.conditions, SEGMENT, passenger);
        if let (Sends::Greedy { flow, number }, false) = (sends, has_room) {
            self.crowd.dropped(flow, number);
        }
    }

    /// A packet has passed the bottleneck.
    fn pass(&mut self, at: Instant, waited: Duration, bytes: usize, packet: T) {
        if self.losses.next(&self.conditions, &mut self.random) {
            self.counts.lost += 1;
            return;
        }
        if self.random.share() < self.conditions.duplicate {
            self.counts.duplicated += 1;
            self.fly(at, waited, bytes, packet.clone());
        }
        self.fly(at, waited, bytes, packet);
    }

    fn fly(&mut self, at: Instant, waited: Duration, bytes: usize, packet: T) {
        let Conditions { delay, jitter, scatter, freeze, reorder, reorder_by, .. } = self.conditions;
        let mut arrives = at + delay + self.random.up_to(jitter);
        let phase = (arrives - self.began).as_nanos() % FREEZES_EVERY.as_nanos();
        arrives += freeze.saturating_sub(Duration::from_nanos(phase as u64));
        self.last = self.last.max(arrives);
        let late = self.random.share() < reorder;
        let late = self.random.up_to(scatter) + if late { reorder_by } else { Duration::ZERO };
        self.order += 1;
        if self.in_flight.len() >= IN_FLIGHT_MAX {
            self.counts.overflowed += 1;
            return;
        }
        let packet = InFlight { at: self.last + late, order: self.order, waited, bytes, packet };
        self.in_flight.push(Reverse(packet));
    }
}

impl<T> PartialEq for InFlight<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for InFlight<T> {}

impl<T> PartialOrd for InFlight<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for InFlight<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

#[cfg(test)]
mod tests;
