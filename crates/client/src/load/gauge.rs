//! What all participants of one load share: when it is measured, what was sent when, and what is opened.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{flood::Capture, send_times::SendTimes};
use crate::clock;

/// Shared by all who send and receive in one load.
#[derive(Debug)]
pub struct Gauge {
    pub(crate) times: SendTimes,
    /// Of so many streams, one is opened and checked.
    open_one_in: usize,
    from_ns: AtomicU64,
    to_ns: AtomicU64,
    /// What a flood needs to know of somebody who sends; nothing if there will be none.
    pub(crate) capture: Option<Capture>,
}

impl Gauge {
    /// Returns a gauge that measures nothing yet.
    pub(crate) fn new(open_one_in: usize) -> Self {
        Self {
            times: SendTimes::new(),
            open_one_in: open_one_in.max(1),
            from_ns: AtomicU64::new(u64::MAX),
            to_ns: AtomicU64::new(u64::MAX),
            capture: None,
        }
    }

    /// Has what senders do noted, for a flood.
    pub(crate) fn with_capture(self) -> Self {
        Self { capture: Some(Capture::default()), ..self }
    }

    /// From now on it is measured.
    pub(crate) fn begin(&self) {
        self.from_ns.store(clock::unix_ns(), Ordering::SeqCst);
    }

    /// From now on it is not.
    pub(crate) fn end(&self) {
        self.to_ns.store(clock::unix_ns(), Ordering::SeqCst);
    }

    /// Returns whether the time, in unix nanoseconds, is measured.
    pub(crate) fn covers(&self, at_ns: u64) -> bool {
        at_ns >= self.from_ns.load(Ordering::Relaxed) && !self.is_over(at_ns)
    }

    /// Returns whether the time is after what is measured.
    pub(crate) fn is_over(&self, at_ns: u64) -> bool {
        at_ns >= self.to_ns.load(Ordering::Relaxed)
    }

    /// Returns the end of what is measured, in unix nanoseconds.
    pub(crate) fn ended_ns(&self) -> u64 {
        self.to_ns.load(Ordering::Relaxed)
    }

    /// Returns whether this stream is among those that are opened. `number` counts the streams of one receiver, and
    /// `receiver` the receivers, so that each kind of stream has some that are.
    pub(crate) const fn opens(&self, receiver: usize, number: usize) -> bool {
        (receiver + number).is_multiple_of(self.open_one_in)
    }
}
