//! The media plane: threads and sockets around the shards of `sabha-sfu`.
//!
//! ```text
//!            commands (bounded)                        events (bounded)
//!  rooms ──────────────────────► shard thread 0 ─────────────────────────► rooms
//!                                  │  ▲ sfu::Shard, one UDP socket
//!   foreign packets, learned flows,│  │ (SO_REUSEPORT: all shards share one port)
//!   what parts of one room say     │  │
//!                                  ▼  │
//!  ICE-TCP tasks ──packets──────► shard thread n
//! ```
//!
//! One shard is one pinned thread with its own socket and its own peers; on the packet path it shares
//! nothing with the others, and sends them copies of what peers of theirs are to receive. Nothing here knows who a
//! participant is or what it may do.

mod addresses;
mod flows;
mod link;
mod lull;
mod neighbours;
mod placing;
mod socket;
mod tcp;
mod worker;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
};

use sabha_sfu::{Command, Event, PacketPath, PeerKey, RoomKey, ShardConfig, ShardIndex};
use tokio::{net::TcpStream, sync::mpsc};

pub use self::link::ShardSnapshot;
use self::{
    addresses::AddressTable,
    link::{Control, ShardLink},
    worker::Worker,
};

/// Shards at most: the index travels as one byte.
const SHARDS_MAX: usize = 64;
/// How often a port is looked for where any will do. One that is free at one address may be taken
/// at another, by a browser, say, which has dozens.
const ANY_PORT_TRIES: usize = 16;

/// How the media plane listens.
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// The UDP address; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The TCP address on which ICE-TCP connections are accepted and handed to [`MediaPlane::serve_tcp`].
    pub tcp_listen: SocketAddr,
    /// Addresses under which the server is reached from outside, if they are not the machine's own.
    pub external_ips: Vec<IpAddr>,
    /// Number of shards, 1 to 64.
    pub shards: usize,
    /// Peers of one room on one shard, at least 1, as long as there is another shard with fewer.
    pub peers_per_shard: usize,
    /// Which way packets take.
    pub path: PacketPath,
    /// Whether packets for one receiver leave in one system call, where the kernel can (UDP GSO).
    pub segmentation: bool,
    /// Voices of a room that are forwarded at once.
    pub voices: usize,
}

/// The shard's queue is full: it is overloaded, or the server is stopping. Try again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the media plane takes no more commands now")]
pub struct MediaUnavailable;

/// Handle to the running media plane. Cloned freely; the threads stop at [`MediaPlane::shutdown`].
#[derive(Clone, Debug)]
pub struct MediaPlane {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shards: Vec<ShardLink>,
    tcp_addresses: AddressTable,
    udp: SocketAddr,
    peers_per_shard: usize,
    next_room: AtomicU64,
    next_peer: AtomicU64,
    threads: std::sync::Mutex<Vec<JoinHandle<()>>>,
}

impl MediaPlane {
    /// Binds the sockets and starts one thread for each shard. What the shards tell goes to `events`.
    ///
    /// # Errors
    /// When the address is taken or not ours, or a thread cannot be started.
    pub fn start(config: &MediaConfig, events: mpsc::Sender<Event>) -> io::Result<Self> {
        let count = config.shards.clamp(1, SHARDS_MAX);
        let (sockets, bound, addresses) = bind(config.listen, &config.external_ips, count)?;
        let tcp_addresses = AddressTable::new(config.tcp_listen, &config.external_ips)?;
        let mut seeds = Vec::with_capacity(count);
        for (index, socket) in sockets.into_iter().enumerate() {
            let shard = ShardIndex(u8::try_from(index).unwrap_or(u8::MAX));
            let sfu = ShardConfig {
                shard,
                udp: addresses.advertised().collect(),
                tcp: tcp_addresses.advertised().collect(),
                path: config.path,
                voices: config.voices,
                seed: seed()?,
            };
            seeds.push(worker::Seed::new(sfu, (socket, config.segmentation), addresses.clone(), count)?);
        }

        let shards: Vec<ShardLink> = seeds.iter().map(worker::Seed::link).collect();
        let mut threads = Vec::with_capacity(count);
        for (index, seed) in seeds.into_iter().enumerate() {
            let (peers, events) = (shards.clone(), events.clone());
            let thread = std::thread::Builder::new().name(format!("shard-{index}")).spawn(move || {
                worker::pin_to_core(index);
                Worker::new(seed, peers, events).run();
            })?;
            threads.push(thread);
        }
        Ok(Self {
            inner: Arc::new(Inner {
                shards,
                tcp_addresses,
                udp: bound,
                peers_per_shard: config.peers_per_shard,
                next_room: AtomicU64::new(1),
                next_peer: AtomicU64::new(1),
                threads: std::sync::Mutex::new(threads),
            }),
        })
    }

    /// Returns the key of a new room, at home on the shard with the fewest peers.
    pub fn open_room(&self) -> RoomKey {
        let serial = self.inner.next_room.fetch_add(1, Ordering::Relaxed);
        let shards = self.inner.shards.len();
        let emptiest = (0..shards)
            // Equally empty shards take turns.
            .map(|offset| (serial as usize).wrapping_add(offset) % shards)
            .min_by_key(|&index| self.inner.shards[index].snapshot().sfu.peers)
            .unwrap_or(0);
        // The key carries its shard, so that no table of rooms is needed to know it.
        RoomKey(serial << 8 | emptiest as u64)
    }

    /// Returns the shard on which a room is at home.
    pub fn home(&self, room: RoomKey) -> ShardIndex {
        ShardIndex(room.0.to_le_bytes()[0])
    }

    /// Returns a fresh key for a peer of a room in which there are `others`.
    pub fn next_peer(&self, room: RoomKey, others: impl Iterator<Item = PeerKey>) -> PeerKey {
        let mut of_room = vec![0; self.inner.shards.len()];
        others.filter_map(|peer| of_room.get_mut(shard_of(peer)).map(|count| *count += 1)).for_each(drop);
        let of_all: Vec<usize> = self.stats().iter().map(|shard| shard.sfu.peers).collect();
        let home = usize::from(self.home(room).0);
        let shard = placing::shard_for(home, self.inner.peers_per_shard, &of_room, &of_all);
        // It lives there as long as it is, so that its key carries its shard too.
        PeerKey(self.inner.next_peer.fetch_add(1, Ordering::Relaxed) << 8 | shard as u64)
    }

    /// Sends a command to the shard of the peer that it is about.
    ///
    /// # Errors
    /// [`MediaUnavailable`] when the shard's queue is full.
    pub fn command(&self, command: Command) -> Result<(), MediaUnavailable> {
        let link = self.inner.shards.get(shard_of(command.peer())).ok_or(MediaUnavailable)?;
        link.control(Control::Command(command))
    }

    /// Serves an accepted connection that speaks ICE-TCP until either side closes it.
    ///
    /// `remote` and `local` are the connection's ends. Returns when it is over; there is nothing to report,
    /// because a peer that needs the connection notices and opens another.
    pub async fn serve_tcp(&self, stream: TcpStream, remote: SocketAddr, local: SocketAddr) {
        let advertised = self.inner.tcp_addresses.advertised_for(Some(local.ip()));
        tcp::serve(stream, remote, advertised, &self.inner.shards).await;
    }

    /// Returns the port of the UDP socket.
    pub fn udp_port(&self) -> u16 {
        self.inner.udp.port()
    }

    /// Returns the counters of every shard, at most a second old.
    pub fn stats(&self) -> Vec<ShardSnapshot> {
        self.inner.shards.iter().map(ShardLink::snapshot).collect()
    }

    /// Stops the threads and waits for them. Blocks for some milliseconds; every peer is gone afterwards.
    pub fn shutdown(&self) {
        for shard in &self.inner.shards {
            shard.stop();
        }
        let threads = std::mem::take(
            &mut *self.inner.threads.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a shard thread ended by panic");
            }
        }
    }
}

/// Returns the shard on which a peer lives.
const fn shard_of(peer: PeerKey) -> usize {
    peer.0.to_le_bytes()[0] as usize
}

/// Returns the randomness of a shard.
fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(io::Error::other)?;
    Ok(seed)
}

/// Binds a socket for each shard. Where any free port will do and somebody else takes the one that was found before all are
/// bound to it, another one is looked for.
fn bind(
    listen: SocketAddr,
    external: &[IpAddr],
    count: usize,
) -> io::Result<(Vec<std::net::UdpSocket>, SocketAddr, AddressTable)> {
    let mut tries = if listen.port() == 0 { ANY_PORT_TRIES } else { 1 };
    loop {
        tries -= 1;
        match bind_once(listen, external, count) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            bound => return bound,
        }
    }
}

fn bind_once(
    listen: SocketAddr,
    external: &[IpAddr],
    count: usize,
) -> io::Result<(Vec<std::net::UdpSocket>, SocketAddr, AddressTable)> {
    // Shards share the port among themselves, but not with another program: that one would silently
    // take a part of the packets. A socket that does not share tells whether the port is free.
    let first = std::net::UdpSocket::bind(listen)?;
    let bound = first.local_addr()?;
    drop(first);
    let (bound, addresses) = place(bound, external)?;
    let sockets = (0..count).map(|_| socket::bind(bound)).collect::<io::Result<_>>()?;
    Ok((sockets, bound, addresses))
}

/// Decides where the sockets are bound and what peers are told of it. A server on loopback is for this
/// machine alone: its media socket is bound to every address, and refuses what other machines send.
fn place(bound: SocketAddr, external: &[IpAddr]) -> io::Result<(SocketAddr, AddressTable)> {
    if bound.is_ipv4() && bound.ip().is_loopback() && external.is_empty() {
        let everywhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), bound.port());
        return Ok((everywhere, AddressTable::within_machine(bound.port())));
    }
    Ok((bound, AddressTable::new(bound, external)?))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn any_free_port_is_one_that_is_free_for_all_shards_and_one_that_was_named_is_never_another() {
        // Ports that are taken at another address of this machine, which a first look at one address does not tell.
        let elsewhere: Vec<_> = (0..400).map(|_| std::net::UdpSocket::bind("127.0.0.2:0").unwrap()).collect();
        let taken: HashSet<u16> =
            elsewhere.iter().map(|socket| socket.local_addr().unwrap().port()).collect();
        for _ in 0..400 {
            let (sockets, bound, _) = bind("127.0.0.1:0".parse().unwrap(), &[], 2).unwrap();
            assert_eq!(sockets.len(), 2);
            assert!(!taken.contains(&bound.port()));
        }
        let named = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), *taken.iter().next().unwrap());
        assert_eq!(bind(named, &[], 2).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
