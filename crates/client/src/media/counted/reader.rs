//! Reads the sockets of all receivers that only count, in one thread, many packets a call, and sends their reports.
//!
//! Packets come one by one, without `UDP_GRO`, and with the kernel's times: what is measured must not be spared the cost of
//! packets, only this process the cost of being woken for each.

use std::{
    collections::{HashMap, VecDeque},
    fmt, io,
    io::IoSliceMut,
    net::{SocketAddr, UdpSocket},
    os::fd::AsRawFd as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use nix::sys::{
    epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
    socket::{ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg},
    time::TimeSpec,
};
use tokio::sync::Notify;

use super::{REPORT_INTERVAL_NS, Tally};
use crate::{clock, media::datagram};

/// Packets read from one socket in one call: two frames of 720 lines.
const BATCH: usize = 16;

/// Sockets that are told ready at once.
const READY_MAX: usize = 256;

/// Longest datagram read, in bytes.
const DATAGRAM_BYTES_MAX: usize = 2_048;

/// How often it is looked whether there is nobody left.
const IDLE: Duration = Duration::from_millis(50);

/// One receiver: its socket, and its tally.
#[derive(Debug)]
pub(in crate::media) struct Viewer {
    pub(in crate::media) socket: UdpSocket,
    tally: Mutex<Tally>,
    /// Told when a datagram waits for the media stack.
    pub(in crate::media) waits: Notify,
    number: u64,
    shared: Arc<Shared>,
}

impl Viewer {
    pub(in crate::media) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends its being read.
    pub(in crate::media) fn close(&self) {
        // A socket that is closed is gone from there anyway.
        let _ = self.shared.epoll.delete(&self.socket);
        self.shared.viewers().remove(&self.number);
    }
}

/// The thread that reads, for as long as this lives.
pub(crate) struct Reader {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    epoll: Epoll,
    viewers: Mutex<HashMap<u64, Arc<Viewer>>>,
    next: AtomicU64,
    stops: AtomicBool,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Shared {
    fn viewers(&self) -> MutexGuard<'_, HashMap<u64, Arc<Viewer>>> {
        self.viewers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Starts the thread.
    pub(crate) fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared {
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            viewers: Mutex::default(),
            next: AtomicU64::new(1),
            stops: AtomicBool::new(false),
        });
        let reads = shared.clone();
        let thread =
            thread::Builder::new().name("reader".to_owned()).spawn(move || Loop::new(&reads).run())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Opens a socket at this address of ours, whose packets are read here.
    pub(in crate::media) fn open(&self, address: SocketAddr) -> io::Result<Arc<Viewer>> {
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        datagram::prepare(&socket);
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        // Under a number of its own each reports for itself; the media stack draws its numbers at random.
        let tally = Mutex::new(Tally::new(number as u32));
        let shared = self.shared.clone();
        let viewer = Arc::new(Viewer { socket, tally, waits: Notify::new(), number, shared });
        self.shared.viewers().insert(number, viewer.clone());
        self.shared.epoll.add(&viewer.socket, EpollEvent::new(EpollFlags::EPOLLIN, number))?;
        Ok(viewer)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.shared.stops.store(true, Ordering::Relaxed);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that reads media ended by a panic");
        }
        // Each holds what is shared, and so itself.
        self.shared.viewers().clear();
    }
}

/// What the thread keeps from one turn to the next.
struct Loop<'a> {
    shared: &'a Shared,
    buffers: Vec<Vec<u8>>,
    headers: MultiHeaders<SockaddrStorage>,
    /// Who reports next, and when: all do at the same intervals, so those who just did are last.
    reports: VecDeque<(u64, u64)>,
    /// The highest number that reports.
    known: u64,
    report: Vec<u8>,
}

impl<'a> Loop<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            buffers: vec![vec![0; DATAGRAM_BYTES_MAX]; BATCH],
            headers: MultiHeaders::preallocate(BATCH, Some(nix::cmsg_space!(TimeSpec))),
            reports: VecDeque::new(),
            known: 0,
            report: Vec::new(),
        }
    }

    fn run(mut self) {
        let mut ready = [EpollEvent::empty(); READY_MAX];
        while !self.shared.stops.load(Ordering::Relaxed) {
            let found = self.shared.epoll.wait(&mut ready, self.timeout()).unwrap_or(0);
            // Held for the turn: who comes or goes waits for its end, which is soon.
            let viewers = self.shared.viewers();
            for event in &ready[..found] {
                if let Some(viewer) = viewers.get(&event.data()) {
                    self.read(viewer);
                }
            }
            self.send_reports(&viewers);
        }
    }

    fn timeout(&self) -> EpollTimeout {
        let next = self.reports.front().map(|(at, _)| at.saturating_sub(clock::unix_ns()));
        let wait = next.map_or(IDLE, Duration::from_nanos).min(IDLE);
        // Rounded up, lest it turns round and round for the last part of a millisecond.
        EpollTimeout::from(wait.as_millis() as u8 + 1)
    }

    fn read(&mut self, viewer: &Viewer) {
        loop {
            let mut buffers = self.buffers.iter_mut();
            let mut slices: [[IoSliceMut<'_>; 1]; BATCH] = std::array::from_fn(|_| {
                [IoSliceMut::new(buffers.next().map_or(&mut [][..], |buffer| buffer.as_mut_slice()))]
            });
            let fd = viewer.socket.as_raw_fd();
            let received = recvmmsg(fd, &mut self.headers, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None);
            let Ok(received) = received else { return };
            let (now, mut count) = (Instant::now(), 0);
            let mut tally = viewer.tally();
            for message in received {
                count += 1;
                let source = message.address.as_ref().and_then(datagram::address);
                let (Some(source), Some(contents)) = (source, message.iovs().next()) else { continue };
                let kernel = message.cmsgs().ok().and_then(|mut all| {
                    all.find_map(|one| match one {
                        ControlMessageOwned::ScmTimestampns(time) => Some(datagram::nanoseconds(time)),
                        _ => None,
                    })
                });
                tally.take(now, kernel.unwrap_or_else(clock::unix_ns), source, contents);
            }
            let is_waiting = tally.is_waiting();
            drop(tally);
            if is_waiting {
                viewer.waits.notify_one();
            }
            if count < BATCH {
                return;
            }
        }
    }

    fn send_reports(&mut self, viewers: &HashMap<u64, Arc<Viewer>>) {
        let now_ns = clock::unix_ns();
        let newest = self.shared.next.load(Ordering::Relaxed);
        for number in self.known + 1..newest {
            self.reports.push_back((now_ns + REPORT_INTERVAL_NS, number));
        }
        self.known = newest - 1;
        while let Some((_, number)) = self.reports.pop_front_if(|(at, _)| *at <= now_ns) {
            let Some(viewer) = viewers.get(&number) else { continue };
            self.reports.push_back((now_ns + REPORT_INTERVAL_NS, number));
            let mut tally = viewer.tally();
            while let Some(to) = tally.report(now_ns, &mut self.report) {
                // What finds no room is lost, as on any network.
                let _ = viewer.socket.send_to(&self.report, to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sockets_of_several_are_read_and_who_is_closed_is_not() {
        let reader = Reader::start().unwrap();
        let viewers: Vec<_> = (0..3).map(|_| reader.open("127.0.0.1:0".parse().unwrap()).unwrap()).collect();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        viewers[2].close();
        let before = clock::unix_ns();
        for (index, viewer) in viewers.iter().enumerate() {
            // More than one call takes.
            for number in 0..BATCH + 3 {
                sender.send_to(&[index as u8, number as u8], viewer.socket.local_addr().unwrap()).unwrap();
            }
        }

        for (index, viewer) in viewers[..2].iter().enumerate() {
            let mut came = Vec::new();
            while came.len() < BATCH + 3 {
                viewer.waits.notified().await;
                came.extend(std::iter::from_fn(|| viewer.tally().next_waiting()));
            }
            for (number, waiting) in came.iter().enumerate() {
                assert_eq!(waiting.contents, [index as u8, number as u8]);
                assert_eq!(waiting.source, sender.local_addr().unwrap());
                assert!((before..=clock::unix_ns()).contains(&waiting.arrived_ns));
            }
        }
        assert!(!viewers[2].tally().is_waiting());
        drop(reader);
    }
}
