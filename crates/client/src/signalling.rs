//! The WebSocket to the server, as typed frames.
//!
//! Knows the subprotocol, the limits and the numbering of requests; knows nothing of the room's life.
//! Dropping a [`Signalling`] closes the TCP connection without a WebSocket close frame, as a broken network
//! does; [`Signalling::close`] is the polite way.

use std::{
    io,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{SinkExt as _, StreamExt as _};
use sabha_protocol::{
    RequestId, SIGNALLING_PATH, SUBPROTOCOL,
    limits::MESSAGE_BYTES_MAX,
    wire::{ClientFrame, ClientMessage, ServerFrame},
};
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        self, Message, client::IntoClientRequest as _, http::HeaderValue, protocol::WebSocketConfig,
    },
};

use crate::{
    error::ClientError,
    link::Server,
    tls::Trust,
    transport::{Stream, Transport},
};

/// Bytes read at once. Each time that somebody asks whether there is a message, as many are zeroed first, and a participant
/// asks with each packet of media: 128 KiB, which is usual, cost an eighth of the time of a load.
const READ_BYTES: usize = 4 * 1024;

/// Time for TCP, TLS and the WebSocket upgrade together.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Time for one message to leave. A server that does not read for this long is given up.
const SEND_MAX: Duration = Duration::from_secs(5);

/// Longest server message, in bytes. `joined` in a full room carries a hundred participants and an answer.
const SERVER_MESSAGE_BYTES_MAX: usize = 2 * MESSAGE_BYTES_MAX;

/// Bytes that a [`Tap`] keeps. What is said after that is not kept.
const TAP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A copy of what is said to the server, to see what it was told.
#[derive(Clone, Debug, Default)]
pub struct Tap(Arc<Mutex<Vec<String>>>);

impl Tap {
    /// Returns every message so far, oldest first.
    pub fn messages(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn record(&self, text: &str) {
        let mut messages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: usize = messages.iter().map(String::len).sum();
        if kept + text.len() <= TAP_BYTES_MAX {
            messages.push(text.to_owned());
        }
    }
}

/// A connection to a server's signalling.
#[derive(Debug)]
pub struct Signalling {
    tap: Option<Tap>,
    socket: WebSocketStream<Box<dyn Stream>>,
    local_ip: IpAddr,
    next_request: RequestId,
}

impl Signalling {
    /// Opens the WebSocket.
    ///
    /// # Errors
    /// [`ClientError::Connection`] or [`ClientError::Timeout`] when the server cannot be reached or refuses the
    /// upgrade, [`ClientError::Certificate`] when who answers has not shown to be the server,
    /// [`ClientError::ServerMisbehaved`] when it does not speak the subprotocol.
    pub async fn connect(server: &Server, trust: &Trust) -> Result<Self, ClientError> {
        timeout(CONNECT_MAX, Self::upgrade(server, trust))
            .await
            .map_err(|_| ClientError::Timeout("opening the WebSocket"))?
    }

    async fn upgrade(server: &Server, trust: &Trust) -> Result<Self, ClientError> {
        const DOING: &str = "opening the WebSocket";
        let failed = |error| ClientError::connection(DOING, error);
        let Transport { stream, local_ip } = Transport::open(server, trust, DOING).await?;
        // Only the host of this is sent: whether it is TLS that carries the WebSocket is decided already.
        let mut request = format!("ws://{}{SIGNALLING_PATH}", server.host())
            .into_client_request()
            .map_err(|_| ClientError::Link("its host is not one"))?;
        let headers = request.headers_mut();
        headers.insert("Sec-WebSocket-Protocol", HeaderValue::from_static(SUBPROTOCOL));
        // The server checks the origin as it does for browsers; this is the origin its own page has.
        let origin = HeaderValue::from_str(&server.to_string())
            .map_err(|_| ClientError::Link("its host is not one"))?;
        headers.insert("Origin", origin);
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .max_message_size(Some(SERVER_MESSAGE_BYTES_MAX))
            .max_frame_size(Some(SERVER_MESSAGE_BYTES_MAX));
        let (socket, response) = client_async_with_config(request, stream, Some(config))
            .await
            .map_err(|error| failed(into_io(error)))?;
        if response.headers().get("Sec-WebSocket-Protocol").is_none_or(|name| name != SUBPROTOCOL) {
            return Err(ClientError::ServerMisbehaved(format!("it does not speak {SUBPROTOCOL}")));
        }
        Ok(Self { tap: None, socket, local_ip, next_request: RequestId(1) })
    }

    /// Has everything that is said from now on copied.
    #[must_use]
    pub fn tapped(self, tap: Option<Tap>) -> Self {
        Self { tap, ..self }
    }

    /// Returns the address of ours from which the server is reached.
    pub(crate) const fn local_ip(&self) -> IpAddr {
        self.local_ip
    }

    /// Sends one message and returns the number under which its answer will come.
    ///
    /// # Errors
    /// [`ClientError::Connection`] or [`ClientError::Timeout`] when it cannot leave.
    pub async fn send(&mut self, body: ClientMessage) -> Result<RequestId, ClientError> {
        let id = self.next_request;
        self.next_request = id.next();
        let text = serde_json::to_string(&ClientFrame { id, body })
            .map_err(|_| ClientError::Misuse("the message cannot be written as JSON"))?;
        self.send_text(text).await?;
        Ok(id)
    }

    /// Sends any text at all, for tests of what a server does with it.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_text(&mut self, text: String) -> Result<(), ClientError> {
        if let Some(tap) = &self.tap {
            tap.record(&text);
        }
        timeout(SEND_MAX, self.socket.send(Message::text(text)))
            .await
            .map_err(|_| ClientError::Timeout("sending a message"))?
            .map_err(|error| ClientError::connection("sending a message", into_io(error)))
    }

    /// Returns the next message. Loses nothing when it is dropped before it is done.
    ///
    /// # Errors
    /// [`ClientError::Connection`] when the connection ended, [`ClientError::ServerMisbehaved`] when the
    /// message is not one of the protocol's.
    pub async fn receive(&mut self) -> Result<ServerFrame, ClientError> {
        serde_json::from_str(&self.receive_text().await?)
            .map_err(|error| ClientError::ServerMisbehaved(error.to_string()))
    }

    /// Returns the next message as it came, for who wants to see all that a server says.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub async fn receive_text(&mut self) -> Result<String, ClientError> {
        loop {
            let ended = || ClientError::connection("waiting for the server", io::ErrorKind::UnexpectedEof);
            let message = self.socket.next().await.ok_or_else(ended)?;
            match message
                .map_err(|error| ClientError::connection("waiting for the server", into_io(error)))?
            {
                Message::Text(text) => return Ok(text.as_str().to_owned()),
                Message::Close(_) => return Err(ended()),
                Message::Binary(_) => {
                    return Err(ClientError::ServerMisbehaved("it sent a binary message".to_owned()));
                }
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Says goodbye on the WebSocket's level. Errors do not matter any more.
    pub async fn close(mut self) {
        let _gone = timeout(SEND_MAX, self.socket.close(None)).await;
    }
}

fn into_io(error: tungstenite::Error) -> io::Error {
    match error {
        tungstenite::Error::Io(error) => error,
        other => io::Error::other(other),
    }
}
