//! A signalling client: sends what it is told, right or wrong, and waits for what should come.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use sabha_protocol::{
    MediaState, ParticipantId, RequestId, Rule, SIGNALLING_PATH, SUBPROTOCOL,
    secret::ResumeToken,
    wire::{
        ClientFrame, ClientMessage, ServerFrame, ServerMessage,
        client::{Credential, MediaOffer},
        server::CloseReason,
    },
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        client::IntoClientRequest as _,
        http::{HeaderName, HeaderValue, header},
    },
};

use crate::server::Meeting;

/// Longer than anything waited for here takes, shorter than a person's patience with a hanging test.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Client {
    socket: WebSocketStream<TcpStream>,
    next: u32,
}

/// What an admitted client knows.
pub struct Admitted {
    pub you: ParticipantId,
    pub resume: ResumeToken,
}

impl Client {
    /// Opens a WebSocket and reads the welcome.
    pub async fn connect(address: SocketAddr) -> Self {
        let mut client = Self::open(address, &[]).await.unwrap();
        assert!(matches!(client.next().await.body, ServerMessage::Welcome { .. }));
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
        Ok(Self { socket, next: 1 })
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

    /// Returns the next frame.
    pub async fn next(&mut self) -> ServerFrame {
        self.next_or_end().await.expect("the server closed the connection")
    }

    /// Returns the next frame, or nothing if the connection ended.
    pub async fn next_or_end(&mut self) -> Option<ServerFrame> {
        loop {
            let received = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match received.expect("the server said nothing for twenty seconds") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
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

    /// Waits for the first message that `pick` takes.
    pub async fn wait_for<T>(&mut self, mut pick: impl FnMut(ServerMessage) -> Option<T>) -> T {
        loop {
            let frame = self.next().await;
            if let Some(picked) = pick(frame.body) {
                return picked;
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
        let request = self.send(ClientMessage::Ping {}).await;
        assert_eq!(self.answer(request).await, ServerMessage::Pong {});
    }

    pub async fn enter(&mut self, meeting: &Meeting, name: &str, credential: Credential) -> RequestId {
        let name = name.parse().unwrap();
        self.send(ClientMessage::Enter { meeting: meeting.id, name, credential }).await
    }

    /// Enters and expects to be let in.
    pub async fn enter_admitted(
        &mut self,
        meeting: &Meeting,
        name: &str,
        credential: Credential,
    ) -> Admitted {
        let request = self.enter(meeting, name, credential).await;
        match self.answer(request).await {
            ServerMessage::Admitted { you, resume, .. } => Admitted { you, resume },
            other => panic!("not admitted: {other:?}"),
        }
    }

    /// Knocks and expects to wait.
    pub async fn knock(&mut self, meeting: &Meeting, name: &str) -> ParticipantId {
        let request = self.enter(meeting, name, meeting.link()).await;
        match self.answer(request).await {
            ServerMessage::Waiting { you, .. } => you,
            other => panic!("not waiting: {other:?}"),
        }
    }

    /// Joins with a real offer, whose media never comes.
    pub async fn join(&mut self) {
        let request = self.send(ClientMessage::Join { offer: offer(), media: MediaState::default() }).await;
        match self.answer(request).await {
            ServerMessage::Joined { .. } => {}
            other => panic!("not joined: {other:?}"),
        }
    }
}

/// Connects, enters as host and joins.
pub async fn host(address: SocketAddr, meeting: &Meeting) -> Client {
    let mut host = Client::connect(address).await;
    host.enter_admitted(meeting, "Asha", meeting.host()).await;
    host.join().await;
    host
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
