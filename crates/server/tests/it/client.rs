//! A signalling client: sends what it is told, right or wrong, and waits for what should come. One with a device, which
//! keeps to the protocol, is in `person.rs`.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use sabha_crypto::device::Device;
use sabha_protocol::{
    RequestId, Rule, SIGNALLING_PATH, SUBPROTOCOL,
    device::{DeviceCommand, DeviceOutput},
    key::Challenge,
    wire::{ClientFrame, ClientMessage, ServerFrame, ServerMessage, client::MediaOffer, server::CloseReason},
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Bytes, Message,
        client::IntoClientRequest as _,
        http::{HeaderName, HeaderValue, header},
        protocol::frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

use crate::server::now_ms;

/// Longer than anything waited for here takes, shorter than a person's patience with a hanging test.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Client {
    /// What the server gave this connection to sign.
    pub challenge: Challenge,
    socket: WebSocketStream<TcpStream>,
    next: u32,
}

impl Client {
    /// Opens a WebSocket and reads the welcome.
    pub async fn connect(address: SocketAddr) -> Self {
        Self::welcomed(Self::open(address, &[]).await.unwrap()).await
    }

    /// As [`Self::connect`], from this address as a proxy of the server's says it.
    pub async fn connect_from(address: SocketAddr, from: &str) -> Self {
        Self::welcomed(Self::open(address, &[("x-forwarded-for", from)]).await.unwrap()).await
    }

    async fn welcomed(mut client: Self) -> Self {
        match client.next().await.body {
            ServerMessage::Welcome { challenge, .. } => client.challenge = challenge,
            other => panic!("not welcomed: {other:?}"),
        }
        client
    }

    /// Opens a WebSocket with these headers over the usual ones.
    pub async fn open(address: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, tungstenite::Error> {
        let mut request = format!("ws://{address}{SIGNALLING_PATH}").into_client_request().unwrap();
        request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Self { challenge: Challenge::from_bytes([0; 32]), socket, next: 1 })
    }

    /// Sends a message and returns its number.
    pub async fn send(&mut self, body: ClientMessage) -> RequestId {
        let id = RequestId(self.next);
        self.next += 1;
        self.send_text(serde_json::to_string(&ClientFrame { id, body }).unwrap()).await;
        id
    }

    pub async fn send_text(&mut self, text: impl Into<String>) {
        self.send_raw(Message::text(text.into())).await.unwrap();
    }

    pub async fn send_raw(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        self.socket.send(message).await
    }

    /// Sends one text message in `count` frames that each carry `part`, with a ping after each (RFC 6455 section 5.4).
    pub async fn send_fragments(&mut self, part: &str, count: usize) -> Result<(), tungstenite::Error> {
        for at in 0..count {
            let opcode = if at == 0 { Data::Text } else { Data::Continue };
            let frame = Frame::message(part.to_owned(), OpCode::Data(opcode), at + 1 == count);
            self.send_raw(Message::Frame(frame)).await?;
            self.send_raw(Message::Ping(Bytes::default())).await?;
        }
        Ok(())
    }

    /// Returns the next frame.
    pub async fn next(&mut self) -> ServerFrame {
        self.next_or_end().await.expect("the server closed the connection")
    }

    /// Returns the next frame, or nothing if the connection ended.
    pub async fn next_or_end(&mut self) -> Option<ServerFrame> {
        self.next_text().await.map(|text| serde_json::from_str(&text).unwrap())
    }

    /// Returns the next frame as it was written, or nothing if the connection ended.
    pub async fn next_text(&mut self) -> Option<String> {
        loop {
            let received = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match received.expect("the server said nothing for twenty seconds") {
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Returns the first answer to `request`; other frames that come before it are dropped.
    pub async fn answer(&mut self, request: RequestId) -> ServerMessage {
        loop {
            let frame = self.next().await;
            if frame.re == Some(request) {
                return frame.body;
            }
        }
    }

    /// Sends a message and returns the rule by which it is refused.
    pub async fn refused(&mut self, body: ClientMessage) -> Rule {
        let request = self.send(body).await;
        match self.answer(request).await {
            ServerMessage::Refused { rule, .. } => rule,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Reads on until the connection ends, and returns its last word.
    pub async fn last_word(&mut self) -> Option<CloseReason> {
        let mut last = None;
        while let Some(frame) = self.next_or_end().await {
            if let ServerMessage::Closed { reason, .. } = frame.body {
                last = Some(reason);
            }
        }
        last
    }

    /// Proves that the connection works: a ping is answered.
    pub async fn ping(&mut self) {
        let request = self.send(ClientMessage::Ping { resting: false }).await;
        assert_eq!(self.answer(request).await, ServerMessage::Pong {});
    }

    /// Says what `device` says to enter, changed by `change`, and returns the answer.
    pub async fn enter(
        &mut self,
        device: &mut Device,
        change: impl FnOnce(&mut ClientMessage),
    ) -> ServerMessage {
        let mut message = entering(device, self.challenge);
        change(&mut message);
        let request = self.send(message).await;
        self.answer(request).await
    }

    /// Enters as `device` would, and expects to be refused.
    pub async fn enter_refused(&mut self, device: &mut Device) -> Rule {
        match self.enter(device, |_| ()).await {
            ServerMessage::Refused { rule, .. } => rule,
            other => panic!("not refused: {other:?}"),
        }
    }
}

/// Returns what `device` says to enter on a connection with this challenge.
pub fn entering(device: &mut Device, challenge: Challenge) -> ClientMessage {
    device.command(DeviceCommand::Disconnected {}, now_ms());
    device.command(DeviceCommand::Enter { challenge, resume: None }, now_ms());
    while let Some(output) = device.poll_output() {
        if let DeviceOutput::Send { message, .. } = output
            && matches!(*message, ClientMessage::Enter { .. })
        {
            return *message;
        }
    }
    panic!("the device does not enter");
}

/// An offer of one microphone, as a browser makes it.
pub fn offer() -> MediaOffer {
    let fingerprint = ["AB"; 32].join(":");
    let sdp = format!(
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
         a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
         a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=ice-options:trickle\r\n\
         a=fingerprint:sha-256 {fingerprint}\r\na=setup:actpass\r\na=mid:0\r\na=sendonly\r\n\
         a=msid:- mic\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\n\
         a=fmtp:111 minptime=10;useinbandfec=1\r\na=ssrc:1001 cname:c\r\na=ssrc:1001 msid:- mic\r\n"
    );
    let value = serde_json::json!({
        "sdp": sdp, "up": [{ "mid": "0", "source": "microphone" }], "down": [],
    });
    serde_json::from_value(value).unwrap()
}
