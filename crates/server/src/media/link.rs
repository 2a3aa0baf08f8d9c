//! How others reach a shard's thread: bounded queues, a waker, and counters copied out once a second.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
};

use sabha_sfu::{Command, Relay, ShardIndex, ShardStats};

use super::MediaUnavailable;

/// Commands and learned flows waiting for one shard. A room of 100 that starts at once makes about 400.
const CONTROL_QUEUE: usize = 4096;

/// Packets waiting for one shard that came by another's socket or by TCP: 20 ms at 200,000 packets a second.
const PACKET_QUEUE: usize = 4096;

/// Packets of rooms over several shards that wait for one of them: as many again.
const RELAY_QUEUE: usize = 4096;

/// What a shard is told besides packets.
pub(super) enum Control {
    Command(Command),
    /// Packets from `source` that reach the told shard's socket belong to `owner`.
    Learn {
        source: SocketAddr,
        owner: ShardIndex,
    },
    /// What the part of a room on another shard says to that on this one.
    Relay {
        from: ShardIndex,
        relay: Relay,
    },
    /// A shard has begun afresh, or what it said to this one was lost.
    ShardLost {
        shard: ShardIndex,
    },
    TcpClosed {
        remote: SocketAddr,
    },
    TcpOpened {
        remote: SocketAddr,
        writer: tokio::sync::mpsc::Sender<Vec<u8>>,
    },
}

/// A packet that did not come by the shard's own socket.
pub(super) struct StrayPacket {
    pub(super) source: SocketAddr,
    /// The advertised address it was sent to.
    pub(super) destination: SocketAddr,
    pub(super) contents: Vec<u8>,
    pub(super) path: StrayPath,
}

/// How it came instead.
#[derive(Clone, Copy)]
pub(super) enum StrayPath {
    /// By this shard's UDP socket.
    Shard(ShardIndex),
    Tcp,
}

/// Counters of one shard, at most a second old.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShardSnapshot {
    /// What the SFU counted.
    pub sfu: ShardStats,
    /// UDP sends made; fewer than packets where runs were coalesced.
    pub send_calls: u64,
    /// Packets that the kernel or a TCP peer did not take.
    pub send_dropped: u64,
    /// Packets from strangers, dropped by their first bytes.
    pub junk: u64,
    /// Packets handed to the shard that owns them, because the kernel delivered them here.
    pub steered: u64,
    /// Packets dropped because the owning shard's queue was full.
    pub steer_dropped: u64,
    /// Times the whole shard had to be started afresh after a panic of ours.
    pub restarts: u64,
}

/// The sending side of a shard's queues.
#[derive(Clone, Debug)]
pub(super) struct ShardLink {
    control: SyncSender<Control>,
    packets: SyncSender<StrayPacket>,
    relays: SyncSender<(ShardIndex, Relay)>,
    returned: SyncSender<Relay>,
    waker: Arc<mio::Waker>,
    shared: Arc<Shared>,
}

/// What a thread and its links both see. Locked at most once a second.
#[derive(Debug, Default)]
pub(super) struct Shared {
    snapshot: Mutex<ShardSnapshot>,
    stopping: AtomicBool,
    /// The thread looks at packets by itself after a moment.
    resting: AtomicBool,
}

impl Shared {
    pub(super) fn publish(&self, snapshot: ShardSnapshot) {
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    /// Says whether packets need not wake the thread.
    pub(super) fn rest(&self, rests: bool) {
        self.resting.store(rests, Ordering::Release);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// The receiving side.
pub(super) struct Queues {
    pub(super) control: Receiver<Control>,
    pub(super) packets: Receiver<StrayPacket>,
    /// Packets from other shards, with the shard.
    pub(super) relays: Receiver<(ShardIndex, Relay)>,
    /// What other shards have taken, for its memory.
    pub(super) returned: Receiver<Relay>,
    pub(super) shared: Arc<Shared>,
}

/// Makes the two sides; `waker` wakes the thread that holds the receiving one, and there are so many `shards` in all.
pub(super) fn link(waker: mio::Waker, shards: usize) -> (ShardLink, Queues) {
    // The memory of a bounded queue is there from the beginning, and who is alone has nobody to hear from.
    let capacity = if shards > 1 { RELAY_QUEUE } else { 0 };
    let (relays, relay_queue) = mpsc::sync_channel(capacity);
    let (returned, return_queue) = mpsc::sync_channel(capacity);
    let (control, control_queue) = mpsc::sync_channel(CONTROL_QUEUE);
    let (packets, packet_queue) = mpsc::sync_channel(PACKET_QUEUE);
    let shared = Arc::new(Shared::default());
    let link =
        ShardLink { control, packets, relays, returned, waker: Arc::new(waker), shared: Arc::clone(&shared) };
    let queues = Queues {
        control: control_queue,
        packets: packet_queue,
        relays: relay_queue,
        returned: return_queue,
        shared,
    };
    (link, queues)
}

impl ShardLink {
    /// Queues a control message.
    pub(super) fn control(&self, control: Control) -> Result<(), MediaUnavailable> {
        let is_of_packets = matches!(control, Control::Learn { .. });
        self.control.try_send(control).map_err(|_| MediaUnavailable)?;
        if !is_of_packets || !self.shared.resting.load(Ordering::Acquire) {
            self.wake();
        }
        Ok(())
    }

    /// Queues a packet; tells whether there was room. Nobody waits for room: a late packet is worth nothing.
    pub(super) fn packet(&self, packet: StrayPacket) -> bool {
        let queued = self.packets.try_send(packet).is_ok();
        if queued && !self.shared.resting.load(Ordering::Acquire) {
            self.wake();
        }
        queued
    }

    /// Queues what another shard says; returns it if there is no room. Wakes nobody: a shard says much in one turn, and
    /// wakes the others at its end.
    pub(super) fn say(&self, control: Control) -> Option<Control> {
        self.control.try_send(control).err().map(|error| match error {
            TrySendError::Full(control) | TrySendError::Disconnected(control) => control,
        })
    }

    /// Queues a packet from another shard, likewise.
    pub(super) fn relay(&self, from: ShardIndex, relay: Relay) -> Option<Relay> {
        self.relays.try_send((from, relay)).err().map(|error| match error {
            TrySendError::Full((_, relay)) | TrySendError::Disconnected((_, relay)) => relay,
        })
    }

    /// Gives back what was taken from it. Without room for it, its memory is freed.
    pub(super) fn give_back(&self, relay: Relay) {
        let _ = self.returned.try_send(relay);
    }

    /// Wakes the thread for what was queued, unless that is packets only and the thread looks at these by itself.
    pub(super) fn wake_for(&self, only_packets: bool) {
        if !only_packets || !self.shared.resting.load(Ordering::Acquire) {
            self.wake();
        }
    }

    pub(super) fn snapshot(&self) -> ShardSnapshot {
        *self.shared.snapshot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        // Failing to wake costs at most one timeout of the loop, so it is no error of the caller's.
        let _ = self.waker.wake();
    }
}
