//! Receives one datagram with the time at which the kernel had it.
//!
//! One at a time, and without UDP_GRO: what is measured with this must not be spared the cost of packets.

use std::{io, net::SocketAddr};

use tokio::net::UdpSocket;

/// Bytes that wait in the kernel for a socket: a key frame of every picture on screen. The system may give less.
#[cfg(target_os = "linux")]
const RECEIVE_BUFFER_BYTES: usize = 1024 * 1024;

/// A datagram that was read into the caller's buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Datagram {
    pub(super) length: usize,
    pub(super) source: SocketAddr,
    /// When the kernel received it, in unix nanoseconds; when it was read, where the kernel does not say.
    pub(super) arrived_ns: u64,
}

/// Asks for times of arrival, and for room for a burst. Both are a wish.
#[cfg(target_os = "linux")]
pub(super) fn prepare(socket: &impl std::os::fd::AsFd) {
    use nix::sys::socket::{setsockopt, sockopt};

    let times = setsockopt(socket, sockopt::ReceiveTimestampns, &true);
    let room = setsockopt(socket, sockopt::RcvBuf, &RECEIVE_BUFFER_BYTES);
    if let Err(error) = times.and(room) {
        tracing::debug!(%error, "a media socket is as the system makes it");
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) const fn prepare(_: &UdpSocket) {}

/// Returns the address of a socket of IP.
#[cfg(target_os = "linux")]
pub(super) fn address(storage: &nix::sys::socket::SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|v4| SocketAddr::V4((*v4).into()));
    v4.or_else(|| storage.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into())))
}

/// Returns a time of the kernel's in unix nanoseconds.
#[cfg(target_os = "linux")]
pub(super) fn nanoseconds(time: nix::sys::time::TimeSpec) -> u64 {
    time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64
}

/// Reads one datagram, if there is one.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] if there is none; others as of the system.
#[cfg(target_os = "linux")]
pub(super) fn receive(socket: &UdpSocket, buffer: &mut [u8], control: &mut Vec<u8>) -> io::Result<Datagram> {
    use std::{io::IoSliceMut, os::fd::AsRawFd as _};

    use nix::sys::{
        socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg},
        time::TimeSpec,
    };
    use tokio::io::Interest;

    if control.capacity() == 0 {
        *control = nix::cmsg_space!(TimeSpec);
    }
    socket.try_io(Interest::READABLE, || {
        let mut parts = [IoSliceMut::new(buffer)];
        let message = recvmsg::<SockaddrStorage>(
            socket.as_raw_fd(),
            &mut parts,
            Some(control),
            MsgFlags::MSG_DONTWAIT,
        )?;
        let source = message.address.as_ref().and_then(address).ok_or(io::ErrorKind::InvalidData)?;
        let kernel = message.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::ScmTimestampns(time) => Some(nanoseconds(time)),
            _ => None,
        });
        let arrived_ns = kernel.unwrap_or_else(crate::clock::unix_ns);
        Ok(Datagram { length: message.bytes, source, arrived_ns })
    })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn receive(socket: &UdpSocket, buffer: &mut [u8], _: &mut Vec<u8>) -> io::Result<Datagram> {
    let (length, source) = socket.try_recv_from(buffer)?;
    Ok(Datagram { length, source, arrived_ns: crate::clock::unix_ns() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::unix_ns;

    #[tokio::test]
    async fn datagram_comes_with_its_source_and_the_time_of_its_arrival() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        prepare(&socket);
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let before = unix_ns();
        sender.send_to(b"hello", socket.local_addr().unwrap()).unwrap();
        let after = unix_ns();
        socket.readable().await.unwrap();

        let (mut buffer, mut control) = ([0; 16], Vec::new());
        let datagram = receive(&socket, &mut buffer, &mut control).unwrap();

        assert_eq!(&buffer[..datagram.length], b"hello");
        assert_eq!(datagram.source, sender.local_addr().unwrap());
        assert!(datagram.arrived_ns >= before);
        if cfg!(target_os = "linux") {
            assert!(datagram.arrived_ns <= after, "the kernel's time, not that of the reader");
        }
        let none = receive(&socket, &mut buffer, &mut control).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::WouldBlock);
    }
}
