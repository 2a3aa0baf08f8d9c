//! The socket under a peer connection: UDP, or one TCP connection to the server's passive candidate.
//!
//! Never waits to send: a packet that finds no room is dropped and counted, as a network would.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use sabha_protocol::{
    Sdp,
    framing::{Deframer, frame},
};
use str0m::net::Protocol;
use tokio::{
    net::{TcpStream, UdpSocket},
    time::timeout,
};

#[cfg(target_os = "linux")]
use super::counted::{Reader, Viewer};
use super::{
    Peer, ReceivedPacket,
    counted::{CountedPacket, is_rtcp},
    datagram,
};
use crate::{clock, error::ClientError};

/// How media packets travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Path {
    /// Datagrams.
    #[default]
    Udp,
    /// ICE-TCP (RFC 6544), for networks that let no datagrams through.
    Tcp,
}

impl Path {
    pub(super) const fn protocol(self) -> Protocol {
        match self {
            Self::Udp => Protocol::Udp,
            Self::Tcp => Protocol::Tcp,
        }
    }
}

/// Longest datagram read, in bytes.
const DATAGRAM_BYTES_MAX: usize = 2_048;

/// Bytes read from a TCP connection at once.
const READ_BYTES: usize = 16 * 1_024;

/// Bytes waiting for a TCP connection: half a second at 4 Mbit/s. Beyond that packets are dropped.
const OUTBOX_BYTES_MAX: usize = 256 * 1_024;

/// Time for the TCP connection to open.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Reads handed out before other work gets its turn.
const READS_PER_TURN: usize = 64;

/// A socket with what it carried.
#[derive(Debug)]
pub(crate) struct Wire {
    socket: Socket,
    buffer: Vec<u8>,
    /// What the kernel says beside a datagram.
    control: Vec<u8>,
    /// Bytes received, headers of IP and UDP or TCP excluded.
    pub(crate) bytes_in: u64,
    /// Bytes sent, the same way.
    pub(crate) bytes_out: u64,
    /// Packets that found no room.
    pub(crate) dropped: u64,
    /// Where the last datagram of who counts went.
    sent_to: Option<SocketAddr>,
}

#[derive(Debug)]
enum Socket {
    Udp(UdpSocket),
    /// Read together with those of others who only count.
    #[cfg(target_os = "linux")]
    Counted(Arc<Viewer>),
    Unconnected,
    Tcp {
        stream: TcpStream,
        remote: SocketAddr,
        deframer: Deframer,
        outbox: Vec<u8>,
    },
}

impl Wire {
    /// Opens a socket on this address of ours, and returns it with its whole address.
    pub(crate) async fn open(ip: IpAddr, path: Path) -> Result<(Self, SocketAddr), ClientError> {
        let failed = |error| ClientError::connection("opening a media socket", error);
        let (socket, local) = match path {
            Path::Udp => {
                let socket = UdpSocket::bind((ip, 0)).await.map_err(failed)?;
                datagram::prepare(&socket);
                let local = socket.local_addr().map_err(failed)?;
                (Socket::Udp(socket), local)
            }
            Path::Tcp => (Socket::Unconnected, SocketAddr::new(ip, 0)),
        };
        let bytes = if path == Path::Udp { DATAGRAM_BYTES_MAX } else { READ_BYTES };
        let (buffer, control) = (vec![0; bytes], Vec::new());
        Ok((Self { socket, buffer, control, bytes_in: 0, bytes_out: 0, dropped: 0, sent_to: None }, local))
    }

    /// Opens a UDP socket that `reader` reads, for who only counts what comes.
    #[cfg(target_os = "linux")]
    pub(crate) fn open_counted(ip: IpAddr, reader: &Reader) -> Result<(Self, SocketAddr), ClientError> {
        let failed = |error| ClientError::connection("opening a media socket", error);
        let viewer = reader.open(SocketAddr::new(ip, 0)).map_err(failed)?;
        let local = viewer.socket.local_addr().map_err(failed)?;
        let (buffer, control, socket) = (Vec::new(), Vec::new(), Socket::Counted(viewer));
        Ok((Self { socket, buffer, control, bytes_in: 0, bytes_out: 0, dropped: 0, sent_to: None }, local))
    }

    /// Says that media is connected: from now on who counts makes the reports.
    pub(crate) fn connected(&self, peer: &Peer) {
        #[cfg(target_os = "linux")]
        if let (Socket::Counted(viewer), Some(keys)) = (&self.socket, peer.keys()) {
            viewer.tally().take_over(keys, peer.transport_id());
        }
    }

    /// Says that nothing will come, of which who counts is to tell the server as a browser does. Call it when media is connected.
    pub(crate) fn stay_silent(&self, peer: &Peer) {
        #[cfg(target_os = "linux")]
        if let (Socket::Counted(viewer), Some(server)) = (&self.socket, self.sent_to) {
            viewer.tally().stay_silent(peer.slots().map(|(_, kind)| kind), server);
        }
    }

    /// Says that the media stack knows the stream of this packet: who counts need not show it more of them.
    pub(crate) fn known(&self, packet: &ReceivedPacket) {
        #[cfg(target_os = "linux")]
        if let Socket::Counted(viewer) = &self.socket {
            viewer.tally().count(packet.ssrc, packet.slot, packet.codec.kind());
        }
    }

    /// Has who counts ask for a key frame, and returns whether somebody does.
    pub(crate) fn request_key_frame(&self, slot: usize) -> bool {
        match &self.socket {
            #[cfg(target_os = "linux")]
            Socket::Counted(viewer) => viewer.tally().want_key_frame(slot),
            _ => false,
        }
    }

    /// Hands out what was counted since, into `counted`, whose contents are replaced.
    pub(crate) fn take_counted(&mut self, counted: &mut Vec<CountedPacket>) {
        counted.clear();
        #[cfg(target_os = "linux")]
        if let Socket::Counted(viewer) = &self.socket {
            let mut tally = viewer.tally();
            tally.take_counted(counted);
            self.bytes_in = tally.bytes_in;
        }
    }

    /// Returns a second handle to a UDP socket; nothing if there is none.
    pub(crate) fn second_handle(&self) -> Option<std::net::UdpSocket> {
        let Socket::Udp(socket) = &self.socket else { return None };
        std::os::fd::AsFd::as_fd(socket).try_clone_to_owned().ok().map(Into::into)
    }

    /// Returns the address of a UDP socket.
    pub(crate) fn local_address(&self) -> Option<SocketAddr> {
        let Socket::Udp(socket) = &self.socket else { return None };
        socket.local_addr().ok()
    }

    /// Connects to the passive TCP candidate of `answer`, where the path wants that.
    pub(crate) async fn connect(&mut self, answer: &Sdp) -> Result<(), ClientError> {
        if !matches!(self.socket, Socket::Unconnected) {
            return Ok(());
        }
        let remote = passive_candidate(answer.as_str())
            .ok_or_else(|| ClientError::ServerMisbehaved("it offers no media over TCP".to_owned()))?;
        let stream = timeout(CONNECT_MAX, TcpStream::connect(remote))
            .await
            .map_err(|_| ClientError::Timeout("connecting media over TCP"))?
            .map_err(|error| ClientError::connection("connecting media over TCP", error))?;
        stream
            .set_nodelay(true)
            .map_err(|error| ClientError::connection("connecting media over TCP", error))?;
        let (deframer, outbox) = (Deframer::default(), Vec::new());
        self.socket = Socket::Tcp { stream, remote, deframer, outbox };
        Ok(())
    }

    /// Waits until there is something to read, or to write for which there was no room. For ever, if unconnected.
    pub(crate) async fn ready(&self) -> io::Result<()> {
        match &self.socket {
            Socket::Udp(socket) => socket.readable().await,
            #[cfg(target_os = "linux")]
            Socket::Counted(viewer) => {
                viewer.waits.notified().await;
                Ok(())
            }
            Socket::Unconnected => std::future::pending().await,
            Socket::Tcp { stream, outbox, .. } if outbox.is_empty() => stream.readable().await,
            Socket::Tcp { stream, .. } => {
                stream.ready(tokio::io::Interest::READABLE | tokio::io::Interest::WRITABLE).await.map(drop)
            }
        }
    }

    /// Hands every packet that is there, up to a bound, to `take`, with the time at which it arrived, in unix nanoseconds,
    /// and whose it is.
    ///
    /// # Errors
    /// When a TCP connection ended. A UDP socket has no such errors: what an ICMP message says about one
    /// destination is for ICE to find out.
    pub(crate) fn receive(&mut self, mut take: impl FnMut(u64, SocketAddr, &[u8])) -> io::Result<()> {
        self.flush()?;
        for _ in 0..READS_PER_TURN {
            match &mut self.socket {
                Socket::Unconnected => return Ok(()),
                #[cfg(target_os = "linux")]
                Socket::Counted(viewer) => {
                    let waiting = viewer.tally().next_waiting();
                    let Some(waiting) = waiting else { return Ok(()) };
                    take(waiting.arrived_ns, waiting.source, &waiting.contents);
                }
                Socket::Udp(socket) => {
                    let received = datagram::receive(socket, &mut self.buffer, &mut self.control);
                    let Ok(datagram) = received else { return Ok(()) };
                    self.bytes_in += datagram.length as u64;
                    take(datagram.arrived_ns, datagram.source, &self.buffer[..datagram.length]);
                }
                Socket::Tcp { stream, remote, deframer, .. } => {
                    let length = match stream.try_read(&mut self.buffer) {
                        Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                        Ok(length) => length,
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                        Err(error) => return Err(error),
                    };
                    self.bytes_in += length as u64;
                    deframer.push(&self.buffer[..length]);
                    let broken = |error| io::Error::new(io::ErrorKind::InvalidData, error);
                    let arrived_ns = clock::unix_ns();
                    while let Some(packet) = deframer.next_packet().map_err(broken)? {
                        take(arrived_ns, *remote, packet);
                    }
                }
            }
        }
        #[cfg(target_os = "linux")]
        if let Socket::Counted(viewer) = &self.socket {
            // Some may be left, and who waits is told of new ones only.
            viewer.waits.notify_one();
        }
        Ok(())
    }

    /// Sends a packet, or drops it.
    pub(crate) fn send(&mut self, destination: SocketAddr, packet: &[u8]) {
        match &mut self.socket {
            Socket::Udp(socket) => match socket.try_send_to(packet, destination) {
                Ok(_) => self.bytes_out += packet.len() as u64,
                Err(_) => self.dropped += 1,
            },
            #[cfg(target_os = "linux")]
            Socket::Counted(viewer) => {
                // The media stack reports what it saw, which is not what came.
                if is_rtcp(packet) && viewer.tally().reports() {
                    return;
                }
                self.sent_to = Some(destination);
                match viewer.socket.send_to(packet, destination) {
                    Ok(_) => self.bytes_out += packet.len() as u64,
                    Err(_) => self.dropped += 1,
                }
            }
            Socket::Unconnected => self.dropped += 1,
            Socket::Tcp { outbox, .. } => {
                if outbox.len() > OUTBOX_BYTES_MAX || !frame(packet, outbox) {
                    self.dropped += 1;
                } else {
                    self.bytes_out += packet.len() as u64;
                    // A broken connection shows when it is read.
                    drop(self.flush());
                }
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let Socket::Tcp { stream, outbox, .. } = &mut self.socket else { return Ok(()) };
        while !outbox.is_empty() {
            match stream.try_write(outbox) {
                Ok(length) => drop(outbox.drain(..length)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
impl Drop for Wire {
    fn drop(&mut self) {
        if let Socket::Counted(viewer) = &self.socket {
            viewer.close();
        }
    }
}

/// Returns the address of the first passive TCP candidate (RFC 6544 section 4.5) of a session description.
fn passive_candidate(sdp: &str) -> Option<SocketAddr> {
    sdp.lines().filter_map(|line| line.trim_end().strip_prefix("a=candidate:")).find_map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, _, protocol, _, ip, port, ..] = words[..] else { return None };
        let passive = words.windows(2).any(|pair| pair == ["tcptype", "passive"]);
        let is_tcp = protocol.eq_ignore_ascii_case("tcp") && passive;
        is_tcp.then(|| Some(SocketAddr::new(ip.parse().ok()?, port.parse().ok()?))).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passive_candidate_is_found_among_others() {
        let sdp = "v=0\r\na=candidate:1 1 udp 2130706175 10.0.0.1 7000 typ host\r\n\
                   a=candidate:2 1 TCP 1671430143 10.0.0.1 9 typ host tcptype active\r\n\
                   a=candidate:3 1 tcp 1671430143 10.0.0.2 8080 typ host tcptype passive ufrag x\r\n";
        assert_eq!(passive_candidate(sdp), "10.0.0.2:8080".parse().ok());
        assert_eq!(passive_candidate("a=candidate:\r\na=candidate:3 1 tcp"), None);
    }
}
