//! A bad network between clients and a server: a UDP proxy that does to packets what it is told.
//!
//! ```text
//!   client ──► socket ── up: Link ──► socket of its own ──► server
//!     ◄───────   ▲    ── down: Link ◄──      ▲
//!           one for all              one for each client, so that the server tells them apart
//! ```
//!
//! What is done to packets, and from which seed, is `sabha_impairer`'s; here are the sockets and the clock. Times are kept to
//! the millisecond, which is how exact the runtime's timers are. It knows nothing of what it carries.

mod mapping;
mod report;

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_impairer::{Change, PathConditions, Schedule};
use tokio::{
    net::UdpSocket,
    sync::{mpsc, watch},
    task::JoinSet,
    time::sleep_until,
};

use self::mapping::Mapping;
pub use self::report::{ImpairReport, MappingReport, WayReport};
use crate::error::ClientError;

/// Clients at once; what others send is dropped.
const CLIENTS_MAX: usize = 1_000;
/// Packets of a client that wait for its task; more are dropped, as at a link that overflows.
const INBOX_PACKETS: usize = 1_024;
/// Room for a packet: the largest of UDP.
const PACKET_MAX: usize = 65_536;
/// How long nothing is waited for when there is no next step.
const FOREVER: Duration = Duration::from_secs(86_400);

/// Between whom, and what is done to what passes.
#[derive(Clone, Debug)]
pub struct ImpairConfig {
    /// Where clients send to; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The server.
    pub to: SocketAddr,
    /// What each client's path is like at first.
    pub path: PathConditions,
    /// How that changes.
    pub schedule: Schedule,
    /// Determines everything that is drawn. Clients have different paths, by the order in which they come.
    pub seed: u64,
}

/// The proxy, listening.
#[derive(Debug)]
pub struct Impairer {
    config: ImpairConfig,
    socket: Arc<UdpSocket>,
    inboxes: HashMap<SocketAddr, mpsc::Sender<Vec<u8>>>,
    mappings: JoinSet<MappingReport>,
    opened: u64,
    report: ImpairReport,
}

impl Impairer {
    /// Begins to listen. Nothing passes before [`run`](Self::run).
    ///
    /// # Errors
    /// [`ClientError::Connection`] if the address is taken or not this machine's.
    pub async fn bind(config: ImpairConfig) -> Result<Self, ClientError> {
        let failed = |source| ClientError::Connection { doing: "listening for clients", source };
        let socket = UdpSocket::bind(config.listen).await.map_err(failed)?;
        Ok(Self {
            config,
            socket: Arc::new(socket),
            inboxes: HashMap::new(),
            mappings: JoinSet::new(),
            opened: 0,
            report: ImpairReport::default(),
        })
    }

    /// Returns where clients send to.
    ///
    /// # Errors
    /// [`ClientError::Connection`] if the system does not say.
    pub fn address(&self) -> Result<SocketAddr, ClientError> {
        let failed = |source| ClientError::Connection { doing: "asking for the proxy's address", source };
        self.socket.local_addr().map_err(failed)
    }

    /// Carries packets until `stop`, and changes the paths as the schedule and `changes` say. Changes that make no sense are
    /// logged and have no effect.
    ///
    /// # Errors
    /// [`ClientError::Connection`] if the socket that clients send to fails.
    pub async fn run(
        mut self,
        mut changes: mpsc::Receiver<Change>,
        stop: impl Future<Output = ()>,
    ) -> Result<ImpairReport, ClientError> {
        let started = Instant::now();
        let (paths, path) = watch::channel(self.config.path);
        let mut buffer = vec![0; PACKET_MAX];
        let mut stop = std::pin::pin!(stop);
        let mut may_change = true;
        loop {
            let step = started + self.config.schedule.next().unwrap_or(started.elapsed() + FOREVER);
            tokio::select! {
                () = &mut stop => break,
                () = sleep_until(step.into()) => {
                    while let Some(change) = self.config.schedule.due(started.elapsed()) {
                        apply(&paths, &change);
                    }
                }
                change = changes.recv(), if may_change => match change {
                    Some(change) => apply(&paths, &change),
                    None => may_change = false,
                },
                Some(ended) = self.mappings.join_next() => self.ended(ended.ok()),
                received = self.socket.recv_from(&mut buffer) => {
                    let (length, client) = received
                        .map_err(|source| ClientError::Connection { doing: "receiving from clients", source })?;
                    self.receive(client, &buffer[..length], &path).await;
                }
            }
        }
        self.inboxes.clear();
        while let Some(ended) = self.mappings.join_next().await {
            self.ended(ended.ok());
        }
        self.report.seconds = started.elapsed().as_secs_f64();
        Ok(self.report)
    }

    async fn receive(&mut self, client: SocketAddr, packet: &[u8], path: &watch::Receiver<PathConditions>) {
        if self.inboxes.get(&client).is_none_or(mpsc::Sender::is_closed) {
            if self.inboxes.len() >= CLIENTS_MAX {
                self.report.refused_packets += 1;
                return;
            }
            let inbox = match self.open(client, path.clone()).await {
                Ok(inbox) => inbox,
                Err(error) => {
                    tracing::warn!(%error, "no socket towards the server");
                    self.report.refused_packets += 1;
                    return;
                }
            };
            self.inboxes.insert(client, inbox);
        }
        let fits = self.inboxes.get(&client).is_some_and(|inbox| inbox.try_send(packet.to_vec()).is_ok());
        self.report.refused_packets += u64::from(!fits);
    }

    /// Opens the path of a client who is new.
    async fn open(
        &mut self,
        client: SocketAddr,
        path: watch::Receiver<PathConditions>,
    ) -> io::Result<mpsc::Sender<Vec<u8>>> {
        let any: IpAddr = if self.config.to.is_ipv4() {
            Ipv4Addr::UNSPECIFIED.into()
        } else {
            Ipv6Addr::UNSPECIFIED.into()
        };
        let server = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
        server.connect(self.config.to).await?;
        let (inbox, packets) = mpsc::channel(INBOX_PACKETS);
        let seed = self.config.seed.wrapping_add(self.opened);
        self.opened += 1;
        let mapping = Mapping::new(client, Arc::clone(&self.socket), server, packets, path, seed);
        self.mappings.spawn(mapping.run());
        Ok(inbox)
    }

    fn ended(&mut self, report: Option<MappingReport>) {
        let Some(report) = report else { return };
        if self.inboxes.get(&report.client).is_some_and(mpsc::Sender::is_closed) {
            self.inboxes.remove(&report.client);
        }
        self.report.add(report);
    }
}

fn apply(paths: &watch::Sender<PathConditions>, change: &Change) {
    paths.send_modify(|path| {
        if let Err(error) = path.apply(change) {
            tracing::warn!(%error, "a change that makes no sense");
        }
    });
}
