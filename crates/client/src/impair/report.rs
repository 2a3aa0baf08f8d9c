//! What a proxy did.

use std::net::SocketAddr;

use sabha_impairer::{Conditions, Counts};
use serde::Serialize;

/// Clients listed at most; those after them are only in the sums.
const LISTED_MAX: usize = 1_000;

/// What was done to packets, in all and for each client.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ImpairReport {
    /// How long it ran.
    pub seconds: f64,
    /// Packets of clients that were too many or sent too fast for the proxy itself: not part of what it was told to do.
    pub refused_packets: u64,
    /// Towards the server, all clients.
    pub up: WayReport,
    /// Towards the clients, all of them.
    pub down: WayReport,
    /// Each client, in the order in which they ended.
    pub clients: Vec<MappingReport>,
}

/// One client's path.
#[derive(Clone, Debug, Serialize)]
pub struct MappingReport {
    /// The client's address.
    pub client: SocketAddr,
    /// Towards the server.
    pub up: WayReport,
    /// Towards the client.
    pub down: WayReport,
}

/// One direction.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WayReport {
    /// Packets that were sent.
    pub sent: u64,
    /// Packets that arrived, both of a pair counted.
    pub arrived: u64,
    /// Bytes that arrived, with the headers of IP and UDP.
    pub arrived_bytes: u64,
    /// Packets for which the queue had no room.
    pub overflowed: u64,
    /// Packets lost on the way.
    pub lost: u64,
    /// Packets that were made two.
    pub duplicated: u64,
    /// Packets that arrived after one that was sent later.
    pub overtaken: u64,
    /// The conditions of the end; none in a sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<String>,
}

impl ImpairReport {
    pub(super) fn add(&mut self, mapping: MappingReport) {
        self.up.add(&mapping.up);
        self.down.add(&mapping.down);
        if self.clients.len() < LISTED_MAX {
            self.clients.push(mapping);
        }
    }
}

impl WayReport {
    pub(super) fn new(counts: Counts, conditions: &Conditions) -> Self {
        let Counts { sent, arrived, arrived_bytes, overflowed, lost, duplicated, overtaken } = counts;
        let conditions = Some(conditions.to_string());
        Self { sent, arrived, arrived_bytes, overflowed, lost, duplicated, overtaken, conditions }
    }

    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.arrived += other.arrived;
        self.arrived_bytes += other.arrived_bytes;
        self.overflowed += other.overflowed;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.overtaken += other.overtaken;
    }
}
