//! One shard: its rooms, its peers, and which packet belongs to whom.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::{
    io::{Input, Output, ShardIndex},
    stats::ShardStats,
};

/// What a shard is made from.
#[derive(Clone, Debug)]
pub struct ShardConfig {
    /// Which shard this is; written into each of its ufrags.
    pub shard: ShardIndex,
    /// Addresses for datagrams, written into each answer as host candidates. `Input::Receive` names the one
    /// at which a packet arrived, `Output::Transmit` the one from which to send. Behind a NAT these are the
    /// outer addresses, which the caller maps to its sockets.
    pub udp: Vec<SocketAddr>,
    /// Addresses for passive ICE-TCP (RFC 6544), offered after all of `udp`.
    pub tcp: Vec<SocketAddr>,
}

/// Forwards the media of some rooms.
///
/// Call [`handle_input`](Self::handle_input), then [`poll_output`](Self::poll_output) until it returns
/// [`Output::Timeout`], then wait for the next packet, command or that time, whichever comes first.
/// Time never runs backwards.
#[derive(Debug)]
pub struct Shard {
    config: ShardConfig,
    now: Instant,
    outputs: VecDeque<Output>,
    stats: ShardStats,
}

impl Shard {
    /// Returns a shard without rooms.
    pub fn new(config: ShardConfig, now: Instant) -> Self {
        Self { config, now, outputs: VecDeque::new(), stats: ShardStats::default() }
    }

    /// Takes one input. Drain [`poll_output`](Self::poll_output) before the next one.
    pub fn handle_input(&mut self, now: Instant, _input: Input<'_>) {
        self.now = self.now.max(now);
    }

    /// Returns what the shard has to say; `Output::Timeout` when that is all.
    pub fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or(Output::Timeout(self.now + Duration::from_secs(1)))
    }

    /// Returns the counters.
    pub fn stats(&self) -> ShardStats {
        self.stats
    }

    /// Returns which shard this is.
    pub fn index(&self) -> ShardIndex {
        self.config.shard
    }
}
