//! Janus and its VideoRoom, over its WebSocket: publishers, and viewers who each subscribe to them.
//!
//! Source: the Janus documentation, "RESTful, WebSockets, ... API" and "VideoRoom plugin", 1.x.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use sabha_protocol::Sdp;
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue},
};

use crate::error::ClientError;

/// Time for any answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Messages read while one answer is waited for.
const MESSAGES_MAX: usize = 1_000;

/// Tries to subscribe, and the time between two.
const TRIES_MAX: usize = 50;
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// `JANUS_VIDEOROOM_ERROR_NO_SUCH_FEED`.
const NO_SUCH_FEED: u64 = 428;

const ROOM: u32 = 1;
const DOING: &str = "talking to Janus";

/// A session with a Janus.
pub(super) struct Janus {
    socket: WebSocketStream<TcpStream>,
    session: u64,
    transaction: u64,
    /// Of each publisher, in the order in which they came.
    feeds: Vec<u64>,
}

/// What Janus offers to a viewer.
pub(super) struct Subscribed {
    pub(super) handle: u64,
    pub(super) offer: Sdp,
    /// Which publisher's each media section is, by its tag.
    pub(super) senders: HashMap<String, usize>,
}

impl Janus {
    /// Opens a session, and a room for so many publishers in it.
    pub(super) async fn connect(address: SocketAddr, publishers: usize) -> Result<Self, ClientError> {
        let failed = |error| ClientError::connection(DOING, error);
        let stream = TcpStream::connect(address).await.map_err(failed)?;
        let mut request = format!("ws://{address}/")
            .into_client_request()
            .map_err(|_| ClientError::Misuse("no address"))?;
        let protocol = HeaderValue::from_static("janus-protocol");
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
        let (socket, _) = client_async(request, stream).await.map_err(|error| broken(&error))?;
        let mut janus = Self { socket, session: 0, transaction: 0, feeds: Vec::new() };
        let created = janus.ask(json!({ "janus": "create" })).await?;
        janus.session = id(&created["data"]["id"])?;
        let handle = janus.attach().await?;
        // No bound on the bitrate, and no codec but those that everybody sends.
        let room = json!({ "request": "create", "room": ROOM, "publishers": publishers, "bitrate": 0,
            "audiocodec": "opus", "videocodec": "vp8" });
        janus.say(handle, room, None).await?;
        Ok(janus)
    }

    /// Publishes what is offered, and returns the answer.
    pub(super) async fn publish(&mut self, offer: &Sdp) -> Result<Sdp, ClientError> {
        let handle = self.attach().await?;
        let body = json!({ "request": "joinandconfigure", "ptype": "publisher", "room": ROOM });
        let jsep = json!({ "type": "offer", "sdp": offer.as_str() });
        let answer = self.say(handle, body, Some(jsep)).await?;
        self.feeds.push(id(&answer["plugindata"]["data"]["id"])?);
        sdp(&answer)
    }

    /// Subscribes once more to what is published, except by the publisher with the number `but`.
    pub(super) async fn subscribe(&mut self, but: Option<usize>) -> Result<Subscribed, ClientError> {
        let handle = self.attach().await?;
        let wanted: Vec<Value> = self
            .feeds
            .iter()
            .enumerate()
            .filter(|(number, _)| Some(*number) != but)
            .map(|(_, feed)| json!({ "feed": feed }))
            .collect();
        // Janus knows no feed until the publisher's media has reached its plugin, a moment after it says `webrtcup`.
        for _ in 0..TRIES_MAX {
            let body =
                json!({ "request": "join", "ptype": "subscriber", "room": ROOM, "streams": wanted.clone() });
            let message = json!({ "janus": "message", "session_id": self.session, "handle_id": handle,
                "body": body });
            let offer = self.converse(message).await?;
            if offer["plugindata"]["data"]["error_code"] != NO_SUCH_FEED {
                let offer = checked(offer)?;
                let senders = self.senders(&offer["plugindata"]["data"]["streams"]);
                return Ok(Subscribed { handle, offer: sdp(&offer)?, senders });
            }
            sleep(TRY_AGAIN).await;
        }
        Err(ClientError::Timeout("waiting for Janus to have a feed"))
    }

    fn senders(&self, streams: &Value) -> HashMap<String, usize> {
        let streams = streams.as_array().map_or(&[][..], Vec::as_slice).iter();
        let sender = |stream: &Value| {
            let feed = stream["feed_id"].as_u64()?;
            let number = self.feeds.iter().position(|known| *known == feed)?;
            Some((stream["mid"].as_str()?.to_owned(), number))
        };
        streams.filter_map(sender).collect()
    }

    /// Answers what was offered on this handle.
    pub(super) async fn start(&mut self, handle: u64, answer: &Sdp) -> Result<(), ClientError> {
        let jsep = json!({ "type": "answer", "sdp": answer.as_str() });
        self.say(handle, json!({ "request": "start" }), Some(jsep)).await.map(drop)
    }

    /// Says that the session is still wanted, which Janus forgets after a minute.
    pub(super) async fn keep_alive(&mut self) -> Result<(), ClientError> {
        self.ask(json!({ "janus": "keepalive", "session_id": self.session })).await.map(drop)
    }

    async fn attach(&mut self) -> Result<u64, ClientError> {
        let plugin = "janus.plugin.videoroom";
        let attached =
            self.ask(json!({ "janus": "attach", "session_id": self.session, "plugin": plugin })).await?;
        id(&attached["data"]["id"])
    }

    async fn say(&mut self, handle: u64, body: Value, jsep: Option<Value>) -> Result<Value, ClientError> {
        let mut message = json!({ "janus": "message", "session_id": self.session, "handle_id": handle,
            "body": body });
        if let Some(jsep) = jsep {
            message["jsep"] = jsep;
        }
        self.ask(message).await
    }

    /// Asks, and returns what it comes to.
    async fn ask(&mut self, message: Value) -> Result<Value, ClientError> {
        checked(self.converse(message).await?)
    }

    /// Asks, and returns the answer, be it an error: but not that the question was received, which Janus says first of some.
    async fn converse(&mut self, mut message: Value) -> Result<Value, ClientError> {
        self.transaction += 1;
        let transaction = self.transaction.to_string();
        let is_final_ack = message["janus"] == "keepalive";
        message["transaction"] = transaction.clone().into();
        self.socket.send(Message::text(message.to_string())).await.map_err(|error| broken(&error))?;
        for _ in 0..MESSAGES_MAX {
            let Some(answer) = self.next().await? else { continue };
            if answer["transaction"] == transaction.as_str() && (answer["janus"] != "ack" || is_final_ack) {
                return Ok(answer);
            }
        }
        Err(ClientError::Timeout(DOING))
    }

    /// Reads the next message; nothing if it is no text.
    async fn next(&mut self) -> Result<Option<Value>, ClientError> {
        let next = timeout(PATIENCE, self.socket.next()).await.map_err(|_| ClientError::Timeout(DOING))?;
        let next = next.ok_or_else(|| ClientError::ServerMisbehaved("it hung up".to_owned()))?;
        let Message::Text(text) = next.map_err(|error| broken(&error))? else { return Ok(None) };
        let message = serde_json::from_str(&text);
        message.map(Some).map_err(|_| ClientError::ServerMisbehaved("that is not JSON".to_owned()))
    }
}

fn checked(answer: Value) -> Result<Value, ClientError> {
    if answer["janus"] == "error" || !answer["plugindata"]["data"]["error"].is_null() {
        return Err(ClientError::ServerMisbehaved(answer.to_string()));
    }
    Ok(answer)
}

fn id(value: &Value) -> Result<u64, ClientError> {
    value.as_u64().ok_or_else(|| ClientError::ServerMisbehaved("an answer without an id".to_owned()))
}

fn sdp(answer: &Value) -> Result<Sdp, ClientError> {
    let text = answer["jsep"]["sdp"].as_str().unwrap_or_default();
    text.parse()
        .map_err(|_| ClientError::ServerMisbehaved("an answer without a session description".to_owned()))
}

fn broken(error: &tokio_tungstenite::tungstenite::Error) -> ClientError {
    ClientError::ServerMisbehaved(error.to_string())
}
