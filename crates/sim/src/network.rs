//! The media links: datagrams that are late, lost, doubled, overtaken, or not carried at all.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use sabha_impairer::{Conditions, Link, Random};

/// One way.
const LATENCY: Duration = Duration::from_millis(20);

/// Returns what a client's link does to datagrams when nothing is wrong with it, in both directions.
pub fn healthy_link() -> Conditions {
    Conditions { delay: LATENCY, ..Conditions::default() }
}

/// Where a datagram is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To the shard, from this address of a client.
    Up(SocketAddr),
    /// To this address of a client.
    Down(SocketAddr),
}

#[derive(Clone, Debug)]
pub(crate) struct Datagram {
    pub(crate) client: usize,
    pub(crate) direction: Direction,
    pub(crate) contents: Vec<u8>,
}

/// A client's links, up and down.
type Links = [Link<Datagram>; 2];

#[derive(Debug)]
pub(crate) struct Network {
    links: Vec<Links>,
    random: Random,
}

impl Network {
    pub(crate) fn new(random: Random) -> Self {
        Self { links: Vec::new(), random }
    }

    /// Adds the links of the next client.
    pub(crate) fn add_link(&mut self, now: Instant) {
        let mut link = || Link::new(now, healthy_link(), self.random.number());
        self.links.push([link(), link()]);
    }

    pub(crate) fn set(&mut self, now: Instant, client: usize, conditions: Conditions) {
        for link in &mut self.links[client] {
            link.change(now, conditions);
        }
    }

    pub(crate) fn send(&mut self, now: Instant, client: usize, direction: Direction, contents: Vec<u8>) {
        let [up, down] = &mut self.links[client];
        let link = if matches!(direction, Direction::Up(_)) { up } else { down };
        link.send(now, contents.len(), Datagram { client, direction, contents });
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.links.iter().flatten().filter_map(Link::next).min()
    }

    /// Returns the next datagram that arrives by `now`.
    pub(crate) fn arrive(&mut self, now: Instant) -> Option<Datagram> {
        let links = self.links.iter_mut().flatten().filter_map(|link| Some((link.next()?, link)));
        let (_, link) = links.min_by_key(|(next, _)| *next).filter(|(next, _)| *next <= now)?;
        Some(link.arrive(now)?.packet)
    }
}
