//! The plain forwarder of the example `plain_forwarder`: an offer and an answer, each a line of JSON over TCP.

use std::{net::SocketAddr, time::Duration};

use sabha_protocol::{Sdp, limits::SDP_BYTES_MAX};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

use crate::error::ClientError;

const DOING: &str = "talking to the plain forwarder";

/// Time for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest answer that is read, in bytes: a session description whose every byte is escaped.
const ANSWER_BYTES_MAX: u64 = 6 * SDP_BYTES_MAX as u64;

/// Hands over an offer, and returns the answer.
pub(super) async fn exchange(address: SocketAddr, offer: &Sdp, publishes: bool) -> Result<Sdp, ClientError> {
    let failed = |error| ClientError::connection(DOING, error);
    let mut stream = TcpStream::connect(address).await.map_err(failed)?;
    let question = json!({ "offer": offer.as_str(), "publishes": publishes });
    stream.write_all(format!("{question}\n").as_bytes()).await.map_err(failed)?;
    let mut line = String::new();
    let mut reader = BufReader::new(stream.take(ANSWER_BYTES_MAX));
    timeout(PATIENCE, reader.read_line(&mut line))
        .await
        .map_err(|_| ClientError::Timeout(DOING))?
        .map_err(failed)?;
    let answer: Option<Value> = serde_json::from_str(&line).ok();
    let answer = answer.as_ref().and_then(|answer| answer["answer"].as_str()?.parse().ok());
    answer.ok_or_else(|| ClientError::ServerMisbehaved(format!("that is no answer: {line}")))
}
