//! What is due to one connection: a queue bounded in number and bytes, and a flag for a reader that is too slow for it.
//!
//! Rooms put frames in without ever waiting; the connection's task takes them out at the speed of its
//! client. A full queue never delays the room and never grows: it costs that one connection its life.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use sabha_protocol::{
    ParticipantId,
    limits::OUTBOX_MESSAGES_MAX,
    wire::{ServerFrame, ServerMessage, server::CloseReason},
};
use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Bytes of frames that may wait for one connection. The most that anybody is due at once is what a member has
/// missed of the group, 4 MiB of handshakes or 5.6 MiB of text, with the state of the room after it.
const OUTBOX_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The sending side. Cloned freely.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    queue: mpsc::Sender<Due>,
    shared: Arc<Shared>,
}

/// The connection's side.
#[derive(Debug)]
pub(super) struct OutboxReader {
    queue: mpsc::Receiver<Due>,
    shared: Arc<Shared>,
}

/// One thing to do for a connection.
#[derive(Clone, Debug)]
pub(super) enum Due {
    /// Send this, then close.
    Close {
        /// The last frame.
        text: Utf8Bytes,
        /// What it says.
        reason: CloseReason,
    },
    /// Send this.
    Send(Utf8Bytes),
}

#[derive(Debug, Default)]
struct Shared {
    overflowed: Notify,
    /// Of the frames in the queue.
    bytes: AtomicUsize,
    entered: AtomicBool,
}

/// Returns an empty outbox.
pub(super) fn outbox() -> (Outbox, OutboxReader) {
    let (sender, queue) = mpsc::channel(OUTBOX_MESSAGES_MAX);
    let shared = Arc::new(Shared::default());
    (Outbox { queue: sender, shared: Arc::clone(&shared) }, OutboxReader { queue, shared })
}

impl Outbox {
    /// Queues a frame that was written once for all its recipients.
    pub(super) fn send(&self, text: Utf8Bytes) {
        self.put(Due::Send(text));
    }

    /// Queues the last frame.
    pub(super) fn close(&self, reason: CloseReason, by: Option<ParticipantId>) {
        let text = encode(&ServerFrame { re: None, seq: None, body: ServerMessage::Closed { reason, by } });
        self.put(Due::Close { text, reason });
    }

    /// Notes that a room let the connection in or had it wait.
    pub(super) fn mark_entered(&self) {
        self.shared.entered.store(true, Ordering::Release);
    }

    /// Returns whether a room let the connection in or had it wait.
    pub(super) fn has_entered(&self) -> bool {
        self.shared.entered.load(Ordering::Acquire)
    }

    fn put(&self, due: Due) {
        // Two who put at the same moment may both see room for the last frame: the bound is on memory, not exact.
        let bytes = due.bytes();
        if self.shared.bytes.load(Ordering::Relaxed) + bytes > OUTBOX_BYTES_MAX {
            return self.shared.overflowed.notify_one();
        }
        // Counted first, for the reader may be faster.
        self.shared.bytes.fetch_add(bytes, Ordering::Relaxed);
        match self.queue.try_send(due) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => self.shared.overflowed.notify_one(),
            // It belongs to a connection that is gone; its room hears of that by itself.
            Err(mpsc::error::TrySendError::Closed(_)) => {}
        }
    }
}

impl Due {
    fn bytes(&self) -> usize {
        let (Self::Close { text, .. } | Self::Send(text)) = self;
        text.len()
    }
}

impl OutboxReader {
    /// Waits for the next thing to do. Can be cancelled without losing anything.
    pub(super) async fn next(&mut self) -> Option<Due> {
        let due = self.queue.recv().await?;
        Some(self.taken(due))
    }

    /// Returns the next thing to do if it is there.
    pub(super) fn try_next(&mut self) -> Option<Due> {
        let due = self.queue.try_recv().ok()?;
        Some(self.taken(due))
    }

    fn taken(&self, due: Due) -> Due {
        self.shared.bytes.fetch_sub(due.bytes(), Ordering::Relaxed);
        due
    }

    /// Returns what tells when something did not fit.
    pub(super) fn overflow(&self) -> Overflow {
        Overflow(Arc::clone(&self.shared))
    }

    /// Returns whether a room let the connection in or had it wait.
    pub(super) fn has_entered(&self) -> bool {
        self.shared.entered.load(Ordering::Acquire)
    }
}

/// Tells when something did not fit into an outbox.
#[derive(Debug)]
pub(super) struct Overflow(Arc<Shared>);

impl Overflow {
    /// Waits until something did not fit.
    pub(super) async fn happened(&self) {
        self.0.overflowed.notified().await;
    }
}

/// Writes a frame as it travels.
pub(super) fn encode(frame: &ServerFrame) -> Utf8Bytes {
    serde_json::to_string(frame).expect("frames have string keys and no fallible serialiser").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_outbox_refuses_more_and_says_so() {
        let (outbox, mut reader) = outbox();
        for _ in 0..OUTBOX_MESSAGES_MAX + 10 {
            outbox.send("x".into());
        }
        reader.overflow().happened().await;
        assert_eq!(std::iter::from_fn(|| reader.try_next()).count(), OUTBOX_MESSAGES_MAX);
    }

    #[tokio::test]
    async fn an_outbox_takes_so_many_bytes_and_takes_more_once_they_are_read() {
        let (outbox, mut reader) = outbox();
        let megabyte: Utf8Bytes = "x".repeat(1024 * 1024).into();
        for _ in 0..8 {
            outbox.send(megabyte.clone());
        }
        outbox.send("x".into());
        reader.overflow().happened().await;

        assert_eq!(std::iter::from_fn(|| reader.try_next()).count(), 8);
        outbox.send(megabyte.clone());
        assert!(reader.try_next().is_some());
    }

    #[tokio::test]
    async fn close_comes_after_what_was_sent_before() {
        let (outbox, mut reader) = outbox();
        outbox.send("a".into());
        outbox.close(CloseReason::Left, None);
        assert!(matches!(reader.next().await, Some(Due::Send(_))));
        assert!(matches!(reader.next().await, Some(Due::Close { reason: CloseReason::Left, .. })));
    }
}
