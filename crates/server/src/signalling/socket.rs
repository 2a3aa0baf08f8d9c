//! The server's end of a WebSocket, which gives back the memory of long messages.
//!
//! The library keeps a buffer for each way, as long as the longest message that has passed. Whoever enters a meeting of ninety
//! is sent, and sends, one of about a hundred kilobytes, and afterwards for hours none of more than two. So after a long one the
//! library's part is made anew at the next moment at which it holds nothing.

use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use sabha_protocol::limits::MESSAGE_BYTES_MAX;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{Role, WebSocketConfig},
    },
};

use super::frames::Frames;

/// Longest message, in bytes, of which a buffer is kept.
const KEPT_BYTES: usize = 4 * 1024;

/// Bytes read at once, taken from memory for each connection as long as it lives.
const READ_BUFFER_BYTES: usize = 1024;

/// Bytes written but not yet taken by the client's kernel before the writer has to wait. The largest message of
/// ours, a Welcome with its tree in base64, is 0.9 MB.
const WRITE_BUFFER_BYTES_MAX: usize = 1024 * 1024;

/// An open WebSocket over a connection that was HTTP.
pub(crate) struct Socket<S = TokioIo<Upgraded>> {
    /// Absent only after it could not be made anew.
    stream: Option<WebSocketStream<Frames<S>>>,
    /// A buffer is longer than it has to be.
    is_grown: bool,
    /// Something may wait to be written.
    is_unflushed: bool,
    /// Somebody has said goodbye.
    is_closing: bool,
}

impl<S> std::fmt::Debug for Socket<S> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { stream: _, is_grown, is_unflushed, is_closing } = self;
        formatter
            .debug_struct("Socket")
            .field("is_grown", is_grown)
            .field("is_unflushed", is_unflushed)
            .field("is_closing", is_closing)
            .finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Returns the server's end over a connection on which a client has asked for it and was answered.
    pub(crate) fn new(connection: S) -> Self {
        let stream = open(Frames::new(connection));
        Self { stream, is_grown: false, is_unflushed: false, is_closing: false }
    }

    /// Waits for the next message; `None` after the last. Can be cancelled without losing anything.
    pub(super) async fn recv(&mut self) -> Option<Result<Message, Error>> {
        self.shrink();
        let received = self.stream.as_mut()?.next().await;
        match &received {
            // It is answered with the next write.
            Some(Ok(Message::Ping(_))) => self.is_unflushed = true,
            Some(Ok(Message::Close(_)) | Err(_)) | None => self.is_closing = true,
            Some(Ok(message)) => self.is_grown |= message.len() > KEPT_BYTES,
        }
        received
    }

    /// Sends a message, and returns when the kernel has it. When cancelled, some of it may have gone, and the rest goes
    /// before what is sent next.
    pub(super) async fn send(&mut self, message: Message) -> Result<(), Error> {
        self.is_grown |= message.len() > KEPT_BYTES;
        self.is_closing |= message.is_close();
        self.is_unflushed = true;
        let stream = self.stream.as_mut().ok_or(Error::AlreadyClosed)?;
        stream.send(message).await?;
        self.is_unflushed = false;
        self.shrink();
        Ok(())
    }

    /// Gives back memory, if that is due and nothing would be lost.
    fn shrink(&mut self) {
        let is_empty = |stream: &WebSocketStream<Frames<S>>| stream.get_ref().is_between_messages();
        if self.is_grown
            && !self.is_unflushed
            && !self.is_closing
            && self.stream.as_ref().is_some_and(is_empty)
        {
            self.stream = self.stream.take().and_then(|stream| open(stream.into_inner()));
            self.is_grown = false;
        }
    }
}

/// Returns the library's part. It has nothing to wait for, since there is no handshake.
fn open<S: AsyncRead + AsyncWrite + Unpin>(frames: Frames<S>) -> Option<WebSocketStream<Frames<S>>> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    WebSocketStream::from_raw_socket(frames, Role::Server, Some(config)).now_or_never()
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    type Client = WebSocketStream<tokio::io::DuplexStream>;

    async fn pair() -> (Client, Socket<tokio::io::DuplexStream>) {
        let (near, far) = duplex(64 * 1024);
        (WebSocketStream::from_raw_socket(near, Role::Client, None).await, Socket::new(far))
    }

    fn text(bytes: usize) -> Message {
        Message::text("x".repeat(bytes))
    }

    #[tokio::test]
    async fn long_messages_leave_no_long_buffer_behind() {
        let (mut client, mut socket) = pair().await;
        for bytes in [10, 200_000, 10, WRITE_BUFFER_BYTES_MAX - 100, 10] {
            let (sent, received) = tokio::join!(client.send(text(bytes)), socket.recv());
            sent.unwrap();
            assert_eq!(received.unwrap().unwrap(), text(bytes));
            assert_eq!(socket.is_grown, bytes > KEPT_BYTES);
            let (sent, received) = tokio::join!(socket.send(text(bytes)), client.next());
            sent.unwrap();
            assert_eq!(received.unwrap().unwrap(), text(bytes));
            assert!(!socket.is_grown);
        }
    }

    #[tokio::test]
    async fn nothing_is_lost_of_what_came_together() {
        let (mut client, mut socket) = pair().await;
        let messages = [text(8_000), text(3), text(20_000), text(1), text(2)];
        for message in &messages {
            client.feed(message.clone()).await.unwrap();
        }
        client.flush().await.unwrap();
        for message in messages {
            assert_eq!(socket.recv().await.unwrap().unwrap(), message);
        }
    }

    #[tokio::test]
    async fn ping_is_answered_though_a_long_message_came_before_it() {
        let (mut client, mut socket) = pair().await;
        client.feed(text(20_000)).await.unwrap();
        client.send(Message::Ping("p".into())).await.unwrap();
        assert_eq!(socket.recv().await.unwrap().unwrap(), text(20_000));
        assert_eq!(socket.recv().await.unwrap().unwrap(), Message::Ping("p".into()));
        socket.send(text(1)).await.unwrap();
        let mut told = [client.next().await.unwrap().unwrap(), client.next().await.unwrap().unwrap()];
        told.sort_by_key(Message::is_pong);
        assert_eq!(told, [text(1), Message::Pong("p".into())]);
    }

    #[tokio::test]
    async fn what_was_written_in_part_is_finished_first() {
        let (mut client, mut socket) = pair().await;
        assert!(socket.send(text(300_000)).now_or_never().is_none(), "more than the kernel takes");
        let (sent, first) = tokio::join!(socket.send(text(5)), async {
            [client.next().await.unwrap().unwrap(), client.next().await.unwrap().unwrap()]
        });
        sent.unwrap();
        assert_eq!(first, [text(300_000), text(5)]);
    }

    #[tokio::test]
    async fn goodbye_is_said_once_by_either_side() {
        let (mut client, mut socket) = pair().await;
        socket.send(text(20_000)).await.unwrap();
        socket.send(Message::Close(None)).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), text(20_000));
        assert_eq!(client.next().await.unwrap().unwrap(), Message::Close(None));
        assert!(client.next().now_or_never().is_none(), "the server closes first");
        assert!(matches!(socket.recv().await, Some(Ok(Message::Close(None)))));
        assert!(socket.recv().await.is_none());
        drop(socket);
        assert!(client.next().await.is_none());
    }
}
