//! One client's path.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_impairer::{Link, PathConditions, Random};
use tokio::{
    net::UdpSocket,
    sync::{mpsc, watch},
    time::sleep_until,
};

use super::{MappingReport, PACKET_MAX, WayReport};

/// Silence of both sides after which a client is taken for gone. Browsers check consent every five seconds (RFC 7675).
const IDLE: Duration = Duration::from_secs(60);

/// A client's socket towards the server, and the two links between them.
pub(super) struct Mapping {
    client: SocketAddr,
    /// All clients' socket, from which what is for this one leaves.
    clients: Arc<UdpSocket>,
    server: UdpSocket,
    inbox: mpsc::Receiver<Vec<u8>>,
    path: watch::Receiver<PathConditions>,
    up: Link<Vec<u8>>,
    down: Link<Vec<u8>>,
    headers: usize,
}

impl Mapping {
    pub(super) fn new(
        client: SocketAddr,
        clients: Arc<UdpSocket>,
        server: UdpSocket,
        inbox: mpsc::Receiver<Vec<u8>>,
        mut path: watch::Receiver<PathConditions>,
        seed: u64,
    ) -> Self {
        let now = Instant::now();
        let PathConditions { up, down } = *path.borrow_and_update();
        let mut random = Random::new(seed);
        Self {
            client,
            clients,
            server,
            inbox,
            path,
            up: Link::new(now, up, random.number()),
            down: Link::new(now, down, random.number()),
            // IP and UDP.
            headers: if client.is_ipv4() { 28 } else { 48 },
        }
    }

    /// Carries packets until the proxy stops or the client is gone.
    pub(super) async fn run(mut self) -> MappingReport {
        let mut buffer = vec![0; PACKET_MAX];
        let mut active = Instant::now();
        let mut may_change = true;
        loop {
            let next = self.up.next().into_iter().chain(self.down.next()).chain([active + IDLE]).min();
            tokio::select! {
                packet = self.inbox.recv() => {
                    let Some(packet) = packet else { break };
                    active = Instant::now();
                    self.up.send(active, packet.len() + self.headers, packet);
                }
                // A server that is away says so by an error, which is no packet.
                Ok(length) = self.server.recv(&mut buffer) => {
                    active = Instant::now();
                    self.down.send(active, length + self.headers, buffer[..length].to_vec());
                }
                changed = self.path.changed(), if may_change => {
                    may_change = changed.is_ok();
                    let PathConditions { up, down } = *self.path.borrow_and_update();
                    let now = Instant::now();
                    self.up.change(now, up);
                    self.down.change(now, down);
                }
                () = sleep_until(next.unwrap_or(active + IDLE).into()) => {}
            }
            let now = Instant::now();
            if now >= active + IDLE {
                break;
            }
            self.deliver(now).await;
        }
        MappingReport {
            client: self.client,
            up: WayReport::new(self.up.counts(), self.up.conditions()),
            down: WayReport::new(self.down.counts(), self.down.conditions()),
        }
    }

    /// Passes on what has arrived. What cannot be sent is lost, as packets are.
    async fn deliver(&mut self, now: Instant) {
        while let Some(arrival) = self.up.arrive(now) {
            let _ = self.server.send(&arrival.packet).await;
        }
        while let Some(arrival) = self.down.arrive(now) {
            let _ = self.clients.send_to(&arrival.packet, self.client).await;
        }
    }
}
