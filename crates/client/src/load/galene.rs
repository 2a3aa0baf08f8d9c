//! Galène, over its WebSocket: a sender, and viewers who each request what it sends, all clients of one group.
//!
//! A stream has a media connection of its own, which is offered by whoever sends it: to a viewer, by the server. Candidates
//! that the server sends afterwards are not needed: it has ours in the description, and the address from which its checks
//! come is one, too (RFC 8445 section 7.3.1.3).
//!
//! Source: `galene-protocol.md` of jech/galene at commit 22af456, version 2 of the protocol, and for what happens when a
//! stream has not all of its tracks yet `rtpconn/rtpconn.go` at cd6920d.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use sabha_protocol::{Sdp, limits::SDP_BYTES_MAX};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, sleep, timeout_at},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{self, Message, protocol::WebSocketConfig},
};

use crate::error::ClientError;

/// The group, which whoever runs the server must have made, and the password of whoever comes in.
const GROUP: &str = "sabha";
const PASSWORD: &str = "sabha";

/// The only stream there is.
const STREAM: &str = "speaker";

/// Media sections of that stream: voice, and a picture.
const SECTIONS: usize = 2;

/// Time for any answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Until a stream is requested once more that had not all of its tracks.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// Longest message that is read, in bytes: a session description whose every byte is escaped, and as much again.
const MESSAGE_BYTES_MAX: usize = 12 * SDP_BYTES_MAX;

const DOING: &str = "talking to Galène";

/// A group at a Galène, and whoever is in it for us. They leave when this is dropped.
pub(super) struct Galene {
    address: SocketAddr,
    /// Clients so far, of whom each needs another id.
    clients: u32,
    staying: Vec<JoinHandle<()>>,
}

/// What Galène offers to a viewer.
pub(super) struct Requested {
    client: Client,
    pub(super) offer: Sdp,
}

/// A client of the group.
struct Client {
    socket: WebSocketStream<TcpStream>,
}

/// What the server says, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Joined,
    Offer(Sdp),
    Answer(Sdp),
    Ping,
    /// Something that we asked for is not to be had, and why.
    Refused(String),
    /// What others do, candidates, and that a stream is closed.
    Nothing,
}

impl Galene {
    pub(super) const fn new(address: SocketAddr) -> Self {
        Self { address, clients: 0, staying: Vec::new() }
    }

    /// Publishes what is offered, and returns the answer.
    pub(super) async fn publish(&mut self, offer: &Sdp) -> Result<Sdp, ClientError> {
        let mut client = self.join().await?;
        client.say(offering(offer)).await?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Said::Answer(answer) = client.next(deadline).await? {
                self.staying.push(tokio::spawn(client.stay()));
                return Ok(answer);
            }
        }
    }

    /// Requests what is sent, as one more client, and returns it once voice and picture are offered together.
    pub(super) async fn request(&mut self) -> Result<Requested, ClientError> {
        let mut client = self.join().await?;
        client.say(requesting()).await?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Said::Offer(offer) = client.next(deadline).await? else { continue };
            if sections(&offer) == SECTIONS {
                return Ok(Requested { client, offer });
            }
            // Tracks reach it one after the other. Answered, this would be renegotiated; aborted, it is offered anew.
            client.say(json!({ "type": "abort", "id": STREAM })).await?;
            sleep(TRY_AGAIN).await;
            client.say(requesting()).await?;
        }
    }

    /// Answers what was offered; the client stays.
    pub(super) async fn start(&mut self, to: Requested, answer: &Sdp) -> Result<(), ClientError> {
        let mut client = to.client;
        client.say(json!({ "type": "answer", "id": STREAM, "sdp": answer.as_str() })).await?;
        self.staying.push(tokio::spawn(client.stay()));
        Ok(())
    }

    async fn join(&mut self) -> Result<Client, ClientError> {
        self.clients += 1;
        let mut client = Client::connect(self.address).await?;
        let id = format!("client-{}", self.clients);
        client.say(json!({ "type": "handshake", "version": ["2"], "id": id })).await?;
        client
            .say(json!({ "type": "join", "kind": "join", "group": GROUP, "username": id, "password": PASSWORD }))
            .await?;
        let deadline = Instant::now() + PATIENCE;
        while client.next(deadline).await? != Said::Joined {}
        Ok(client)
    }
}

impl Drop for Galene {
    fn drop(&mut self) {
        self.staying.iter().for_each(JoinHandle::abort);
    }
}

impl Client {
    async fn connect(address: SocketAddr) -> Result<Self, ClientError> {
        let failed = |error| ClientError::connection(DOING, error);
        let stream = TcpStream::connect(address).await.map_err(failed)?;
        let config = WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES_MAX));
        let request = format!("ws://{address}/ws");
        let connected = client_async_with_config(request, stream, Some(config)).await;
        let (socket, _) = connected.map_err(|error| broken(&error))?;
        Ok(Self { socket })
    }

    async fn say(&mut self, message: Value) -> Result<(), ClientError> {
        self.socket.send(Message::text(message.to_string())).await.map_err(|error| broken(&error))
    }

    /// Returns the next thing that is said. Pings are answered; a refusal is an error.
    async fn next(&mut self, deadline: Instant) -> Result<Said, ClientError> {
        let next = timeout_at(deadline, self.socket.next()).await.map_err(|_| ClientError::Timeout(DOING))?;
        let next = next.ok_or_else(|| ClientError::ServerMisbehaved("it hung up".to_owned()))?;
        let Message::Text(text) = next.map_err(|error| broken(&error))? else { return Ok(Said::Nothing) };
        match said(&text)? {
            Said::Ping => {
                self.say(json!({ "type": "pong" })).await?;
                Ok(Said::Nothing)
            }
            Said::Refused(why) => Err(ClientError::ServerMisbehaved(format!("it refuses: {why}"))),
            said => Ok(said),
        }
    }

    /// Reads on for as long as the server talks: it waits for who does not read, and forgets who does not answer its pings.
    async fn stay(mut self) {
        let far = Duration::from_secs(86_400);
        // What is offered again has the same tracks, which go on; whoever loses them is seen by the media that is missing.
        while self.next(Instant::now() + far).await.is_ok() {}
    }
}

fn offering(offer: &Sdp) -> Value {
    json!({ "type": "offer", "id": STREAM, "label": "camera", "sdp": offer.as_str() })
}

fn requesting() -> Value {
    json!({ "type": "request", "request": { "": ["audio", "video"] } })
}

/// Reads a message of the server's.
fn said(text: &str) -> Result<Said, ClientError> {
    let message: Value = serde_json::from_str(text)
        .map_err(|_| ClientError::ServerMisbehaved("that is not JSON".to_owned()))?;
    let is_ours = message["id"] == STREAM;
    Ok(match (message["type"].as_str().unwrap_or_default(), message["kind"].as_str().unwrap_or_default()) {
        ("joined", "join") => Said::Joined,
        ("joined", "fail") | ("usermessage", "error") => Said::Refused(why(&message)),
        ("abort", _) if is_ours => Said::Refused("it aborts the stream".to_owned()),
        ("offer", _) if is_ours => Said::Offer(sdp(&message)?),
        ("answer", _) if is_ours => Said::Answer(sdp(&message)?),
        ("ping", _) => Said::Ping,
        _ => Said::Nothing,
    })
}

/// Returns the reason that a message gives, shortened to what fits a line.
fn why(message: &Value) -> String {
    let reason = message["value"].as_str().or_else(|| message["error"].as_str());
    reason.unwrap_or("without a reason").chars().take(200).collect()
}

fn sdp(message: &Value) -> Result<Sdp, ClientError> {
    let text = message["sdp"].as_str().unwrap_or_default();
    text.parse()
        .map_err(|_| ClientError::ServerMisbehaved("a message without a session description".to_owned()))
}

/// Returns how many media sections a description has (RFC 8866 section 5.14).
fn sections(sdp: &Sdp) -> usize {
    sdp.as_str().lines().filter(|line| line.starts_with("m=")).count()
}

fn broken(error: &tungstenite::Error) -> ClientError {
    ClientError::ServerMisbehaved(error.to_string())
}

#[cfg(test)]
#[path = "galene_tests.rs"]
mod tests;
