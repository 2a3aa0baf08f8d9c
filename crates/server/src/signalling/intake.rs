//! How much a client may send before it has been heard: a meter under the WebSocket.
//!
//! The WebSocket's own bound on messages holds for its whole life, and has to be as large as the largest message
//! of a member. A stranger gets less: the meter stops reading once a message of a stranger's is longer than any
//! may be, and says so, so that nobody fills the server's memory without having entered.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
};

/// What is left when nothing is measured.
const UNMEASURED: usize = usize::MAX;

/// Sets the meter of one connection. Cloned freely.
#[derive(Clone, Debug)]
pub(crate) struct Intake(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    left: AtomicUsize,
    exhausted: Notify,
}

/// A connection that is read through a meter.
#[derive(Debug)]
pub(crate) struct Metered<S> {
    stream: S,
    intake: Intake,
}

impl Intake {
    /// Returns a meter that measures nothing yet.
    fn new() -> Self {
        Self(Arc::new(Shared { left: AtomicUsize::new(UNMEASURED), exhausted: Notify::new() }))
    }

    /// Allows `bytes` more from now on; one read may go beyond that by the length of its buffer.
    pub(super) fn allow(&self, bytes: usize) {
        self.0.left.store(bytes.min(UNMEASURED - 1), Ordering::Relaxed);
    }

    /// Measures no more. What was not read is read by whoever reads next.
    pub(super) fn lift(&self) {
        self.0.left.store(UNMEASURED, Ordering::Relaxed);
    }

    /// Waits until more came than was allowed.
    pub(super) async fn exhausted(&self) {
        self.0.exhausted.notified().await;
    }

    fn take(&self, bytes: usize) {
        let rest = |left: usize| (left != UNMEASURED).then_some(left.saturating_sub(bytes));
        // Refused only where nothing is measured.
        let _ = self.0.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest);
    }
}

impl<S> Metered<S> {
    /// Puts a meter under `stream`.
    pub(crate) fn new(stream: S) -> (Self, Intake) {
        let intake = Intake::new();
        (Self { stream, intake: intake.clone() }, intake)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.intake.0.left.load(Ordering::Relaxed) == 0 {
            // Whoever waits for `exhausted` ends the connection, or allows more and reads again.
            this.intake.0.exhausted.notify_one();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        this.intake.take(buffer.filled().len() - before);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn reading_stops_at_what_is_allowed_and_goes_on_once_more_is() {
        let (mut client, server) = tokio::io::duplex(64);
        let (mut metered, intake) = Metered::new(server);
        client.write_all(&[7; 30]).await.unwrap();
        let mut buffer = [0; 10];
        assert_eq!(metered.read(&mut buffer).await.unwrap(), 10, "nothing is measured at first");

        intake.allow(5);
        assert_eq!(metered.read(&mut buffer).await.unwrap(), 10, "the read that goes beyond");
        tokio::select! {
            biased;
            _ = metered.read(&mut buffer) => panic!("more was read than is allowed"),
            () = intake.exhausted() => {}
        }
        intake.allow(20);
        assert_eq!(metered.read(&mut buffer).await.unwrap(), 10);
    }

    #[tokio::test]
    async fn a_lifted_meter_measures_nothing() {
        let (mut client, server) = tokio::io::duplex(64);
        let (mut metered, intake) = Metered::new(server);
        intake.allow(1);
        intake.lift();
        for _ in 0..4 {
            client.write_all(&[7; 30]).await.unwrap();
            metered.read_exact(&mut [0; 30]).await.unwrap();
        }
    }
}
