//! Where packets of a flow belong when the kernel delivered them to another shard's socket.
//!
//! The kernel spreads flows over the shards' sockets by a hash of the addresses, which knows nothing of
//! rooms. A STUN request names its shard in the ufrag; everything after it is looked up here. An entry is
//! made only when the owning shard has answered the flow, so a stranger cannot fill the table by sending
//! requests, and each entry dies when the flow has been silent.

use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use sabha_sfu::ShardIndex;

/// Flows remembered. Ten times what one shard can carry.
const FLOWS_MAX: usize = 16_384;

/// Silence after which a flow is forgotten. Browsers check consent at least every five seconds (RFC 7675),
/// and each check is steered by its ufrag anyway.
const FLOW_IDLE: Duration = Duration::from_secs(60);

struct Flow {
    owner: ShardIndex,
    last_packet: Instant,
}

/// Flows that arrive at this shard's socket and belong to another shard.
#[derive(Default)]
pub(super) struct ForeignFlows(HashMap<SocketAddr, Flow>);

impl ForeignFlows {
    /// Remembers that packets from `source` belong to `owner`. Drops the flow if the table is full of live ones.
    pub(super) fn learn(&mut self, source: SocketAddr, owner: ShardIndex, now: Instant) {
        if self.0.len() >= FLOWS_MAX && !self.0.contains_key(&source) {
            self.0.retain(|_, flow| now.saturating_duration_since(flow.last_packet) < FLOW_IDLE);
            if self.0.len() >= FLOWS_MAX {
                return;
            }
        }
        self.0.insert(source, Flow { owner, last_packet: now });
    }

    /// Returns the shard to which packets from `source` belong, if it is not this one.
    pub(super) fn owner(&mut self, source: SocketAddr, now: Instant) -> Option<ShardIndex> {
        let flow = self.0.get_mut(&source)?;
        if now.saturating_duration_since(flow.last_packet) >= FLOW_IDLE {
            self.0.remove(&source);
            return None;
        }
        flow.last_packet = now;
        Some(flow.owner)
    }

    /// Forgets a flow, because this shard turned out to own it.
    pub(super) fn forget(&mut self, source: SocketAddr) {
        self.0.remove(&source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn learned_flow_is_steered_until_it_has_been_silent() {
        let start = Instant::now();
        let mut flows = ForeignFlows::default();

        flows.learn(source(1), ShardIndex(3), start);

        assert_eq!(flows.owner(source(1), start + FLOW_IDLE / 2), Some(ShardIndex(3)));
        assert_eq!(flows.owner(source(1), start + FLOW_IDLE), Some(ShardIndex(3)));
        assert_eq!(flows.owner(source(1), start + FLOW_IDLE * 2), None);
        assert_eq!(flows.owner(source(2), start), None);
    }

    #[test]
    fn full_table_keeps_live_flows_and_makes_room_from_dead_ones() {
        let start = Instant::now();
        let mut flows = ForeignFlows::default();
        for port in 0..FLOWS_MAX as u16 {
            flows.learn(source(port), ShardIndex(1), start);
        }

        flows.learn(source(u16::MAX), ShardIndex(2), start);
        assert_eq!(flows.owner(source(u16::MAX), start), None);
        assert_eq!(flows.owner(source(0), start), Some(ShardIndex(1)));

        flows.learn(source(u16::MAX), ShardIndex(2), start + FLOW_IDLE);
        assert_eq!(flows.owner(source(u16::MAX), start + FLOW_IDLE), Some(ShardIndex(2)));
        assert!(flows.0.len() <= FLOWS_MAX);
    }
}
