//! A shard's UDP socket: batched receive, segmented send.
//!
//! All shards bind the same address with `SO_REUSEPORT`; the kernel gives each flow to one of them. Sending
//! coalesces consecutive packets of equal size to one destination into one system call (UDP GSO), which is
//! what a frame of video is; the cost of a send is per call, not per byte.

use std::{
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr},
};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};

/// Kernel buffer asked for in each direction, in bytes: 100 ms of 300 Mbit/s. The kernel may give less
/// (`net.core.rmem_max`); what it gave is logged once at start.
const SOCKET_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// Room for one receive, in bytes. With GRO the kernel hands over up to 64 KiB of segments at once.
const RECEIVE_BYTES: usize = 65_536;

/// Bytes coalesced into one send; the kernel's limit for one UDP message.
const RUN_BYTES_MAX: usize = 60_000;

/// A packet as it arrived.
pub(super) struct Arrival<'a> {
    pub(super) source: SocketAddr,
    /// The local address it was sent to, where the kernel tells.
    pub(super) local: Option<IpAddr>,
    pub(super) contents: &'a [u8],
}

/// Binds `address` so that other shards can bind it too.
///
/// # Errors
/// When the address is in use by a program that does not share it, or is not ours.
pub(super) fn bind(address: SocketAddr) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_port(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    // Best effort: the kernel clamps both to its limits and reports no error.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    Ok(socket.into())
}

/// The receiving half: buffers for one batch.
#[derive(Default)]
pub(super) struct Receiver {
    buffers: Vec<Vec<u8>>,
    metas: Vec<RecvMeta>,
}

impl Receiver {
    pub(super) fn new() -> Self {
        Self {
            buffers: vec![vec![0; RECEIVE_BYTES]; BATCH_SIZE],
            metas: vec![RecvMeta::default(); BATCH_SIZE],
        }
    }

    /// Receives one batch. Returns how many buffers were filled; when not all were, nothing is waiting now.
    ///
    /// # Errors
    /// What the kernel reports, except that nothing is waiting.
    pub(super) fn fill(&mut self, state: &UdpSocketState, socket: &mio::net::UdpSocket) -> io::Result<usize> {
        let mut buffers = self.buffers.iter_mut();
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] = std::array::from_fn(|_| {
            IoSliceMut::new(buffers.next().map_or(&mut [][..], |buffer| buffer.as_mut_slice()))
        });
        match state.recv(UdpSockRef::from(socket), &mut slices, &mut self.metas) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            result => result,
        }
    }

    /// Returns whether a batch that filled so many buffers may have left something behind.
    pub(super) const fn is_full(filled: usize) -> bool {
        filled == BATCH_SIZE
    }

    /// Returns the packets in the first `filled` buffers; one buffer holds several where the kernel coalesced.
    pub(super) fn arrivals(&self, filled: usize) -> impl Iterator<Item = Arrival<'_>> {
        self.metas.iter().zip(&self.buffers).take(filled).flat_map(|(meta, buffer)| {
            let received = &buffer[..meta.len.min(buffer.len())];
            received.chunks(meta.stride.max(1)).map(|contents| Arrival {
                source: meta.addr,
                local: meta.dst_ip,
                contents,
            })
        })
    }
}

/// Counts of the sending half.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SendCounters {
    /// System calls made.
    pub(super) calls: u64,
    /// Packets the kernel did not take; the receiver asks again for what it misses.
    pub(super) dropped: u64,
}

/// The sending half: one run of packets that can leave in one call.
pub(super) struct Sender {
    /// Whether runs are made at all.
    segmentation: bool,
    run: Vec<u8>,
    segment: usize,
    packets: usize,
    destination: SocketAddr,
    local: Option<IpAddr>,
    /// Whether the run's last packet was shorter than the others, so that nothing can follow it.
    closed: bool,
    pub(super) counters: SendCounters,
}

impl Sender {
    /// Returns a sender that gives the kernel several packets at once where both can, or never.
    pub(super) fn new(segmentation: bool) -> Self {
        Self {
            segmentation,
            run: Vec::with_capacity(RUN_BYTES_MAX),
            segment: 0,
            packets: 0,
            destination: SocketAddr::from(([0, 0, 0, 0], 0)),
            local: None,
            closed: false,
            counters: SendCounters::default(),
        }
    }

    /// Sends packets of `segment` bytes each, the last may be shorter, to `destination` from `local`: at once if they are
    /// several, in one call where the kernel can cut them apart. A lone one is queued for others that may follow.
    pub(super) fn send(
        &mut self,
        state: &UdpSocketState,
        socket: &mio::net::UdpSocket,
        (destination, local): (SocketAddr, Option<IpAddr>),
        packets: &[u8],
        segment: usize,
    ) {
        let segment = segment.max(1);
        if packets.len() <= segment || packets.len().div_ceil(segment) > self.packets_max(state) {
            for packet in packets.chunks(segment) {
                self.queue(state, socket, (destination, local), packet);
            }
            return;
        }
        self.flush(state, socket);
        let transmit = Transmit {
            destination,
            ecn: None,
            contents: packets,
            segment_size: Some(segment),
            src_ip: local,
        };
        self.counters.calls += 1;
        if state.try_send(UdpSockRef::from(socket), &transmit).is_err() {
            self.counters.dropped += packets.len().div_ceil(segment) as u64;
        }
    }

    /// Returns how many packets may leave in one call.
    fn packets_max(&self, state: &UdpSocketState) -> usize {
        if self.segmentation { state.max_gso_segments() } else { 1 }
    }

    /// Queues a packet; sends the run before it if the packet cannot join it.
    fn queue(
        &mut self,
        state: &UdpSocketState,
        socket: &mio::net::UdpSocket,
        (destination, local): (SocketAddr, Option<IpAddr>),
        packet: &[u8],
    ) {
        let joins = self.packets > 0
            && !self.closed
            && self.destination == destination
            && self.local == local
            && packet.len() <= self.segment
            && self.packets < self.packets_max(state)
            && self.run.len() + packet.len() <= RUN_BYTES_MAX;
        if !joins {
            self.flush(state, socket);
            self.destination = destination;
            self.local = local;
            self.segment = packet.len();
        }
        self.closed = packet.len() < self.segment;
        self.run.extend_from_slice(packet);
        self.packets += 1;
    }

    /// Sends what is queued. A packet that the kernel does not take is counted and dropped: media that waits
    /// is worth less than media that is repaired.
    pub(super) fn flush(&mut self, state: &UdpSocketState, socket: &mio::net::UdpSocket) {
        if self.packets == 0 {
            return;
        }
        let transmit = Transmit {
            destination: self.destination,
            ecn: None,
            contents: &self.run,
            segment_size: (self.packets > 1).then_some(self.segment),
            src_ip: self.local,
        };
        self.counters.calls += 1;
        if state.try_send(UdpSockRef::from(socket), &transmit).is_err() {
            self.counters.dropped += self.packets as u64;
        }
        self.run.clear();
        self.packets = 0;
        self.closed = false;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn pair() -> (UdpSocketState, mio::net::UdpSocket, std::net::UdpSocket) {
        let ours = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let state = UdpSocketState::new((&ours).into()).unwrap();
        let theirs = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        theirs.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        (state, mio::net::UdpSocket::from_std(ours), theirs)
    }

    #[test]
    fn packets_of_a_frame_leave_in_one_call_and_arrive_apart() {
        let (state, ours, theirs) = pair();
        let mut sender = Sender::new(true);
        let packets: Vec<Vec<u8>> =
            [1000, 1000, 1000, 300].iter().map(|&bytes| vec![bytes as u8; bytes]).collect();

        for packet in &packets {
            sender.send(&state, &ours, (theirs.local_addr().unwrap(), None), packet, packet.len());
        }
        sender.flush(&state, &ours);

        if state.max_gso_segments() > 1 {
            assert_eq!(sender.counters.calls, 1);
        }
        let mut buffer = [0; 2000];
        for packet in &packets {
            let bytes = theirs.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..bytes], packet.as_slice());
        }
    }

    #[test]
    fn run_leaves_in_one_call_behind_what_waited_before_it() {
        let (state, ours, theirs) = pair();
        let to = (theirs.local_addr().unwrap(), None);
        let mut sender = Sender::new(true);
        sender.send(&state, &ours, to, &[9; 50], 50);
        sender.send(&state, &ours, to, &[7; 2500], 1000);

        if state.max_gso_segments() > 1 {
            assert_eq!(sender.counters.calls, 2);
        }
        sender.flush(&state, &ours);
        let mut buffer = [0; 2000];
        let sizes: Vec<usize> = (0..4).map(|_| theirs.recv(&mut buffer).unwrap()).collect();
        assert_eq!(sizes, [50, 1000, 1000, 500]);
    }

    #[test]
    fn packets_leave_one_by_one_without_segmentation() {
        let (state, ours, theirs) = pair();
        let to = (theirs.local_addr().unwrap(), None);
        let mut sender = Sender::new(false);
        sender.send(&state, &ours, to, &[9; 50], 50);
        sender.send(&state, &ours, to, &[7; 2500], 1000);
        sender.flush(&state, &ours);

        assert_eq!((sender.counters.calls, sender.counters.dropped), (4, 0));
        let mut buffer = [0; 2000];
        let sizes: Vec<usize> = (0..4).map(|_| theirs.recv(&mut buffer).unwrap()).collect();
        assert_eq!(sizes, [50, 1000, 1000, 500]);
    }

    #[test]
    fn a_longer_packet_and_another_destination_start_a_run_of_their_own() {
        let (state, ours, theirs) = pair();
        let other = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        other.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut sender = Sender::new(true);

        sender.send(&state, &ours, (theirs.local_addr().unwrap(), None), &[1; 100], 100);
        sender.send(&state, &ours, (theirs.local_addr().unwrap(), None), &[2; 200], 200);
        sender.send(&state, &ours, (theirs.local_addr().unwrap(), None), &[3; 50], 50);
        sender.send(&state, &ours, (other.local_addr().unwrap(), None), &[4; 50], 50);
        sender.flush(&state, &ours);

        let mut buffer = [0; 2000];
        let sizes: Vec<usize> = (0..3).map(|_| theirs.recv(&mut buffer).unwrap()).collect();
        assert_eq!(sizes, [100, 200, 50]);
        assert_eq!(other.recv(&mut buffer).unwrap(), 50);
    }

    #[test]
    fn receiver_tells_source_and_local_address() {
        let (state, ours, theirs) = pair();
        theirs.send_to(&[7; 10], ours.local_addr().unwrap()).unwrap();
        let mut receiver = Receiver::new();

        let mut filled = 0;
        while filled == 0 {
            filled = receiver.fill(&state, &ours).unwrap();
        }
        let mut arrived: Vec<_> = receiver
            .arrivals(filled)
            .map(|arrival| (arrival.source, arrival.local, arrival.contents.to_vec()))
            .collect();

        let (source, local, contents) = arrived.remove(0);
        assert_eq!(source, theirs.local_addr().unwrap());
        assert_eq!(local, Some("127.0.0.1".parse().unwrap()));
        assert_eq!(contents, vec![7; 10]);
    }

    /// Receives so many datagrams, and returns their lengths.
    fn lengths(socket: &std::net::UdpSocket, count: usize) -> Vec<usize> {
        let mut buffer = [0; 2000];
        (0..count).map(|_| socket.recv(&mut buffer).unwrap()).collect()
    }

    #[test]
    fn nothing_joins_a_run_behind_its_shorter_packet() {
        let (state, ours, theirs) = pair();
        let to = (theirs.local_addr().unwrap(), None);
        let mut sender = Sender::new(true);
        for bytes in [100, 50, 50, 20] {
            sender.send(&state, &ours, to, &[bytes as u8; 100][..bytes], bytes);
        }
        sender.flush(&state, &ours);

        assert_eq!(lengths(&theirs, 4), [100, 50, 50, 20]);
    }

    #[test]
    fn run_is_no_longer_than_the_kernel_takes_in_bytes_and_in_packets() {
        let (state, ours, theirs) = pair();
        let to = (theirs.local_addr().unwrap(), None);
        let mut sender = Sender::new(true);
        // More than 64 KiB in less than 64 packets, then more packets than that of a few bytes.
        for (packets, bytes) in [(58, 1200), (150, 40)] {
            for _ in 0..packets {
                sender.send(&state, &ours, to, &[1; 1200][..bytes], bytes);
            }
            sender.flush(&state, &ours);
            assert_eq!(lengths(&theirs, packets), vec![bytes; packets]);
        }
        sender.send(&state, &ours, to, &[2; 150 * 40], 40);
        sender.flush(&state, &ours);
        assert_eq!(lengths(&theirs, 150), [40; 150]);
        assert_eq!(sender.counters.dropped, 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn each_packet_leaves_from_the_address_that_it_shall() {
        let ours = bind("0.0.0.0:0".parse().unwrap()).unwrap();
        let state = UdpSocketState::new((&ours).into()).unwrap();
        let ours = mio::net::UdpSocket::from_std(ours);
        let (_, _, theirs) = pair();
        let mut sender = Sender::new(true);
        let locals: [IpAddr; 3] = ["127.0.0.1", "127.0.0.2", "127.0.0.1"].map(|local| local.parse().unwrap());
        for local in locals {
            sender.send(&state, &ours, (theirs.local_addr().unwrap(), Some(local)), &[1; 50], 50);
        }
        sender.flush(&state, &ours);

        let mut buffer = [0; 2000];
        let sources = [(); 3].map(|()| theirs.recv_from(&mut buffer).unwrap().1.ip());
        assert_eq!(sources, locals);
    }

    #[test]
    fn packets_that_the_kernel_does_not_take_are_counted_each() {
        let (state, ours, _) = pair();
        let nowhere = ("127.0.0.1:0".parse().unwrap(), None);
        let mut sender = Sender::new(true);
        sender.send(&state, &ours, nowhere, &[1; 250], 100);
        sender.send(&state, &ours, nowhere, &[1; 100], 100);
        sender.flush(&state, &ours);
        assert_eq!(sender.counters.dropped, 4);
    }

    #[test]
    fn packets_that_came_together_are_told_apart_and_a_full_batch_says_so() {
        let (state, ours, _) = pair();
        let receives = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let receiving = UdpSocketState::new((&receives).into()).unwrap();
        let receives = mio::net::UdpSocket::from_std(receives);
        let mut sender = Sender::new(true);
        sender.send(&state, &ours, (receives.local_addr().unwrap(), None), &[5; 3300], 1000);
        sender.flush(&state, &ours);

        let (mut receiver, mut lengths) = (Receiver::new(), Vec::new());
        while lengths.len() < 4 {
            let filled = receiver.fill(&receiving, &receives).unwrap();
            lengths.extend(receiver.arrivals(filled).map(|arrival| arrival.contents.len()));
        }
        assert_eq!(lengths, [1000, 1000, 1000, 300]);
        assert!(Receiver::is_full(BATCH_SIZE) && !Receiver::is_full(BATCH_SIZE - 1));
    }
}
