//! What waits to be sent, in runs: packets to one receiver that leave in one system call.
//!
//! A send costs by the call and not by the byte, so that everything that one turn has for a receiver goes into as few
//! runs as it takes. In a run all packets are equally long but the last, which may be shorter: that is what the kernel
//! cuts apart again (UDP GSO). Packets are written where they are sent from, and buffers come back to be used again.
//!
//! The first packet of a frame waits for the last, which is of no use without it, but not for long.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::io::{Output, Transport};

/// Longest run, in packets and in bytes: what every kernel takes that has UDP GSO.
const RUN_PACKETS_MAX: usize = 64;
const RUN_BYTES_MAX: usize = 60_000;
/// Bytes of a new buffer for a run that begins with a packet as long as those of large frames: most frames of 2 Mbit/s. In
/// the pictures of small tiles, and in sound, few packets follow the first.
const BUFFER_BYTES: usize = 8 * 1024;
const SMALL_BUFFER_BYTES: usize = 2 * 1024;
/// Longest packet after which few are expected to follow.
const SMALL_PACKET_BYTES: usize = 900;
/// Largest buffer that is kept. Those of key frames are larger, and there are few of these.
const KEPT_BYTES_MAX: usize = 16 * 1024;
/// Bytes of buffers that are kept for the next turn: a frame for some hundred receivers.
const SPARE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes that are held back at most. What is sent soon after it was written is still in the processor's cache, and a
/// receiver at the end of a long list does not wait for all before it.
const HELD_BYTES_MAX: u64 = 256 * 1024;
/// How long a packet is held back for those that belong to it. Clients send a frame in bursts of some milliseconds.
const HOLD: Duration = Duration::from_millis(1);

/// From where to where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) transport: Transport,
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
}

/// A receiver's run that can still grow. Void once the outbox was emptied.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OpenRun {
    turn: u64,
    run: usize,
}

#[derive(Debug)]
struct Run {
    route: Route,
    bytes: Vec<u8>,
    segment: usize,
    packets: usize,
    /// Its last packet was shorter: nothing can follow.
    is_closed: bool,
}

/// Buffers to be used again.
#[derive(Debug, Default)]
struct Spare {
    large: Vec<Vec<u8>>,
    small: Vec<Vec<u8>>,
    bytes: usize,
}

/// The runs of a turn.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// Counts the times it was emptied, from 1, so that an [`OpenRun`] of before is not taken for one of now.
    turn: u64,
    runs: Vec<Run>,
    spare: Spare,
    packets: u64,
    bytes: u64,
    /// When what it holds must leave.
    due: Option<Instant>,
}

impl Outbox {
    pub(crate) fn new() -> Self {
        Self { turn: 1, runs: Vec::new(), spare: Spare::default(), packets: 0, bytes: 0, due: None }
    }

    /// Returns the buffer to whose end a packet of `length` bytes for `route` is to be written; nothing else may be
    /// done to it. Should it not be written after all, the buffer is to be cut back.
    pub(crate) fn place(&mut self, open: &mut OpenRun, route: Route, length: usize) -> &mut Vec<u8> {
        let fits = |run: &Run| {
            !run.is_closed
                && run.route == route
                && length <= run.segment
                && run.packets < RUN_PACKETS_MAX
                && run.bytes.len() + length <= RUN_BYTES_MAX
                // Streams of bytes have frames of their own.
                && route.transport == Transport::Udp
        };
        let is_open = open.turn == self.turn && self.runs.get(open.run).is_some_and(fits);
        if !is_open {
            let bytes = self.spare.take(length);
            *open = OpenRun { turn: self.turn, run: self.runs.len() };
            self.runs.push(Run { route, bytes, segment: length, packets: 0, is_closed: false });
        }
        self.packets += 1;
        self.bytes += length as u64;
        let run = &mut self.runs[open.run];
        run.packets += 1;
        run.is_closed = length < run.segment;
        &mut run.bytes
    }

    /// Says that a packet was placed, and whether others follow that belong to it.
    pub(crate) fn placed(&mut self, now: Instant, more_follow: bool) {
        let due = if more_follow { now + HOLD } else { now };
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    /// Returns when what waits must leave, if anything does.
    pub(crate) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Returns whether it is time to send, whatever else may come.
    pub(crate) const fn is_full(&self) -> bool {
        self.bytes >= HELD_BYTES_MAX
    }

    /// Hands over all runs, and returns how many packets and bytes they had.
    pub(crate) fn flush(&mut self, mut send: impl FnMut(Output)) -> (u64, u64) {
        self.turn += 1;
        self.due = None;
        for Run { route, bytes, segment, .. } in self.runs.drain(..) {
            let Route { transport, source, destination } = route;
            if bytes.is_empty() {
                continue;
            }
            send(Output::Transmit { transport, source, destination, contents: bytes, segment });
        }
        (std::mem::take(&mut self.packets), std::mem::take(&mut self.bytes))
    }

    /// Takes a buffer back.
    pub(crate) fn recycle(&mut self, buffer: Vec<u8>) {
        self.spare.put(buffer);
    }
}

impl Spare {
    /// Returns an empty buffer for a run whose first packet has that length.
    fn take(&mut self, length: usize) -> Vec<u8> {
        let (kept, bytes) = if length > SMALL_PACKET_BYTES {
            (&mut self.large, BUFFER_BYTES)
        } else {
            (&mut self.small, SMALL_BUFFER_BYTES)
        };
        let Some(buffer) = kept.pop() else { return Vec::with_capacity(bytes) };
        self.bytes -= buffer.capacity();
        buffer
    }

    /// Keeps a buffer, if there is room. One that was made for something else, a report say, is too small to be of use.
    fn put(&mut self, mut buffer: Vec<u8>) {
        let bytes = buffer.capacity();
        if !(SMALL_BUFFER_BYTES..=KEPT_BYTES_MAX).contains(&bytes) || self.bytes + bytes > SPARE_BYTES_MAX {
            return;
        }
        self.bytes += bytes;
        buffer.clear();
        let kept = if bytes < BUFFER_BYTES { &mut self.small } else { &mut self.large };
        kept.push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn route(port: u16, transport: Transport) -> Route {
        let at = |port| SocketAddr::from(([192, 0, 2, 1], port));
        Route { transport, source: at(1), destination: at(port) }
    }

    proptest! {
        #[test]
        fn packets_come_out_whole_and_in_order(
            packets in prop::collection::vec((0u16..3, 1usize..1300), 0..300),
            over_tcp: bool,
        ) {
            let transport = if over_tcp { Transport::Tcp } else { Transport::Udp };
            let mut outbox = Outbox::new();
            let mut open = [OpenRun::default(); 3];
            let mut given: [Vec<Vec<u8>>; 3] = Default::default();
            for (number, (to, length)) in packets.into_iter().enumerate() {
                let packet = vec![number as u8; length];
                outbox
                    .place(&mut open[usize::from(to)], route(to, transport), length)
                    .extend_from_slice(&packet);
                given[usize::from(to)].push(packet);
            }
            let mut taken: [Vec<Vec<u8>>; 3] = Default::default();
            let mut used = Vec::new();
            let (count, _) = outbox.flush(|output| {
                let Output::Transmit { destination, contents, segment, .. } = output else { return };
                assert!(contents.len() <= RUN_BYTES_MAX && contents.len() <= segment * RUN_PACKETS_MAX);
                assert!(!over_tcp || contents.len() == segment);
                let pieces = contents.chunks(segment).map(<[u8]>::to_vec);
                taken[usize::from(destination.port())].extend(pieces);
                used.push(contents);
            });
            prop_assert_eq!(count, given.iter().map(Vec::len).sum::<usize>() as u64);
            prop_assert_eq!(taken, given);
            used.into_iter().for_each(|buffer| outbox.recycle(buffer));
            let Spare { large, small, bytes } = &outbox.spare;
            prop_assert!(outbox.runs.is_empty() && large.iter().chain(small).all(Vec::is_empty));
            prop_assert_eq!(large.iter().chain(small).map(Vec::capacity).sum::<usize>(), *bytes);
        }
    }

    #[test]
    fn packets_of_a_frame_wait_for_its_last_and_no_longer_than_the_hold() {
        let begin = Instant::now();
        let after = |micros| begin + Duration::from_micros(micros);
        let mut outbox = Outbox::new();
        assert_eq!(outbox.due(), None);
        outbox.placed(begin, true);
        outbox.placed(after(300), true);
        assert_eq!(outbox.due(), Some(begin + HOLD));
        outbox.placed(after(400), false);
        assert_eq!(outbox.due(), Some(after(400)));
        outbox.placed(after(500), true);
        assert_eq!(outbox.due(), Some(after(400)), "what is complete does not wait for another frame");
        outbox.flush(|_| {});
        assert_eq!(outbox.due(), None);
    }

    #[test]
    fn packets_of_a_frame_for_many_receivers_leave_in_one_run_each() {
        let mut outbox = Outbox::new();
        let mut open = [OpenRun::default(); 100];
        for length in [1100, 1100, 1100, 600] {
            for (to, open) in open.iter_mut().enumerate() {
                let buffer = outbox.place(open, route(to as u16, Transport::Udp), length);
                buffer.resize(buffer.len() + length, 0);
            }
        }
        let mut runs = 0;
        outbox.flush(|_| runs += 1);
        assert_eq!(runs, 100);
        // What was open then is not now.
        outbox.place(&mut open[0], route(0, Transport::Udp), 10).extend_from_slice(&[0; 10]);
        assert_eq!(outbox.runs.len(), 1);
    }
}
