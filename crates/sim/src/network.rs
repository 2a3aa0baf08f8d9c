//! The media links: datagrams that are late, lost, doubled, overtaken, or not carried at all.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::random::Random;

/// One way, without jitter.
const LATENCY: Duration = Duration::from_millis(20);

/// What a client's link does to datagrams, in both directions.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkQuality {
    /// Share that is lost, in per cent.
    pub loss_percent: u64,
    /// Share that arrives twice, in per cent.
    pub double_percent: u64,
    /// Most that a datagram is later than the fastest; with it comes reordering.
    pub jitter: Duration,
    /// Nothing passes.
    pub is_cut: bool,
}

/// Where a datagram is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Direction {
    /// To the shard, from this address of a client.
    Up(SocketAddr),
    /// To this address of a client.
    Down(SocketAddr),
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Datagram {
    at: Instant,
    /// Keeps datagrams of the same instant in the order in which they were sent.
    order: u64,
    pub(crate) client: usize,
    pub(crate) direction: Direction,
    pub(crate) contents: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Network {
    links: Vec<LinkQuality>,
    in_flight: BinaryHeap<Reverse<Datagram>>,
    order: u64,
    random: Random,
}

impl Network {
    pub(crate) fn new(random: Random) -> Self {
        Self { links: Vec::new(), in_flight: BinaryHeap::new(), order: 0, random }
    }

    /// Adds the link of the next client.
    pub(crate) fn add_link(&mut self) {
        self.links.push(LinkQuality::default());
    }

    pub(crate) fn set(&mut self, client: usize, quality: LinkQuality) {
        self.links[client] = quality;
    }

    pub(crate) fn send(&mut self, now: Instant, client: usize, direction: Direction, contents: Vec<u8>) {
        let link = self.links[client];
        if link.is_cut || self.random.chance(link.loss_percent) {
            return;
        }
        if self.random.chance(link.double_percent) {
            self.push(now, client, direction, contents.clone());
        }
        self.push(now, client, direction, contents);
    }

    fn push(&mut self, now: Instant, client: usize, direction: Direction, contents: Vec<u8>) {
        let late = self.random.time(Duration::ZERO, self.links[client].jitter);
        self.order += 1;
        let datagram = Datagram { at: now + LATENCY + late, order: self.order, client, direction, contents };
        self.in_flight.push(Reverse(datagram));
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.in_flight.peek().map(|Reverse(datagram)| datagram.at)
    }

    /// Returns the next datagram that arrives by `now`.
    pub(crate) fn arrive(&mut self, now: Instant) -> Option<Datagram> {
        let due = self.next().is_some_and(|at| at <= now);
        if due { self.in_flight.pop().map(|Reverse(datagram)| datagram) } else { None }
    }
}
