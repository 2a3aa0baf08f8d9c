//! What all participants of one load share: when it is measured, what was sent when, and what is opened.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{flood::Capture, send_times::SendTimes};
#[cfg(target_os = "linux")]
use crate::media::Reader;
use crate::{clock, error::ClientError};

/// Shared by all who send and receive in one load.
#[derive(Debug)]
pub struct Gauge {
    pub(crate) times: SendTimes,
    /// Of so many streams, one is opened and checked.
    open_one_in: usize,
    /// Of so many receivers who only watch, one checks what comes, and the others count it.
    check_one_in: usize,
    /// Reads for those who count; nothing if everybody checks.
    #[cfg(target_os = "linux")]
    reader: Option<Reader>,
    from_ns: AtomicU64,
    to_ns: AtomicU64,
    /// Nobody sends anything, so that all count, and report as browsers do what does not come.
    pub(crate) is_silent: bool,
    /// What a flood needs to know of somebody who sends; nothing if there will be none.
    pub(crate) capture: Option<Capture>,
}

impl Gauge {
    /// Returns a gauge that measures nothing yet.
    pub(crate) fn new(open_one_in: usize) -> Self {
        Self {
            times: SendTimes::new(),
            open_one_in: open_one_in.max(1),
            check_one_in: 1,
            #[cfg(target_os = "linux")]
            reader: None,
            from_ns: AtomicU64::new(u64::MAX),
            to_ns: AtomicU64::new(u64::MAX),
            is_silent: false,
            capture: None,
        }
    }

    /// Has what senders do noted, for a flood.
    pub(crate) fn with_capture(self) -> Self {
        Self { capture: Some(Capture::default()), ..self }
    }

    /// Has nobody check what comes, since nothing does.
    ///
    /// # Errors
    /// As [`checking_one_in`](Self::checking_one_in).
    pub(crate) fn of_silence(self) -> Result<Self, ClientError> {
        Ok(Self { is_silent: true, ..self.checking_one_in(usize::MAX)? })
    }

    /// Has only one receiver in so many check what comes.
    ///
    /// # Errors
    /// [`ClientError::Connection`] when nobody can be made to read for the others, [`ClientError::Misuse`] where that is not
    /// known how.
    #[cfg(target_os = "linux")]
    pub(crate) fn checking_one_in(self, check_one_in: usize) -> Result<Self, ClientError> {
        if check_one_in <= 1 {
            return Ok(self);
        }
        let failed = |error| ClientError::connection("starting to read media", error);
        Ok(Self { check_one_in, reader: Some(Reader::start().map_err(failed)?), ..self })
    }

    /// Has only one receiver in so many check what comes.
    ///
    /// # Errors
    /// [`ClientError::Misuse`], for only Linux reads for many at once.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn checking_one_in(self, check_one_in: usize) -> Result<Self, ClientError> {
        if check_one_in <= 1 { Ok(self) } else { Err(ClientError::Misuse("only Linux counts for others")) }
    }

    /// Returns who reads for a receiver that only watches; nothing if it checks for itself.
    #[cfg(target_os = "linux")]
    pub(crate) fn reader(&self, receiver: usize) -> Option<&Reader> {
        self.reader.as_ref().filter(|_| self.is_silent || !receiver.is_multiple_of(self.check_one_in))
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
        (receiver / self.check_one_in + number).is_multiple_of(self.open_one_in)
    }
}
