//! Creates a meeting over HTTP/1.1, framed by hand: one request, one answer, one connection.
//!
//! A whole HTTP client would be the largest dependency of this crate for a single `POST`. What is read is
//! bounded in bytes and time.

use std::time::Duration;

use sabha_crypto::device::{CreateOptions, Device};
use sabha_protocol::{
    MEETINGS_PATH,
    wire::http::{ApiError, MeetingCreated},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    clock,
    error::ClientError,
    link::{Invite, NewMeeting},
    state::DeviceState,
};

/// Longest answer read, in bytes. A created meeting is about 200.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Time for the whole exchange.
const EXCHANGE_MAX: Duration = Duration::from_secs(10);

/// A meeting that was just made.
pub struct CreatedMeeting {
    /// For guests.
    pub invite: Invite,
    /// The creator's device, in the group that it has made; it alone keeps the meeting's log.
    pub device: Device,
    /// The same device, to come back.
    pub state: DeviceState,
}

/// Makes a meeting on a device of this process, and tells the server what it may know of it.
///
/// # Errors
/// [`ClientError::Refused`] when the server does not accept the key, is full or asks for patience;
/// [`ClientError::Connection`] and [`ClientError::Timeout`] for the path;
/// [`ClientError::ServerMisbehaved`] when the answer is not one of the protocol's;
/// [`ClientError::Invite`] when nobody could follow a link to this server.
pub async fn create_meeting(new: &NewMeeting, options: CreateOptions) -> Result<CreatedMeeting, ClientError> {
    let device = Device::create(options, clock::unix_ms())?;
    let state = DeviceState::of(&device, &new.server);
    let invite = state.invite()?;
    let description = device.creation().ok_or(ClientError::Misuse("the device has made no meeting"))?;
    let body = serde_json::to_vec(description)
        .map_err(|_| ClientError::Misuse("the meeting cannot be written as JSON"))?;
    let answer = timeout(EXCHANGE_MAX, post(new, &body))
        .await
        .map_err(|_| ClientError::Timeout("creating a meeting"))??;
    if parse(&answer)?.meeting != invite.meeting() {
        return Err(ClientError::ServerMisbehaved("it created another meeting".to_owned()));
    }
    Ok(CreatedMeeting { invite, device, state })
}

async fn post(new: &NewMeeting, body: &[u8]) -> Result<Vec<u8>, ClientError> {
    let failed = |error| ClientError::connection("creating a meeting", error);
    let authority = new.server.authority();
    let mut stream = TcpStream::connect(authority).await.map_err(failed)?;
    let head = format!(
        "POST {MEETINGS_PATH} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        String::from(new.key.clone()),
        body.len(),
    );
    stream.write_all(head.as_bytes()).await.map_err(failed)?;
    stream.write_all(body).await.map_err(failed)?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await.map_err(failed)?;
    Ok(answer)
}

/// Reads status and body of an HTTP/1.1 answer that ended with its connection (RFC 9112 section 6.3).
fn parse(answer: &[u8]) -> Result<MeetingCreated, ClientError> {
    let misbehaved = |what: &str| ClientError::ServerMisbehaved(what.to_owned());
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or_else(|| misbehaved("its HTTP answer has no end of header"))?;
    let head = std::str::from_utf8(&answer[..end]).map_err(|_| misbehaved("its HTTP header is not text"))?;
    let body = &answer[end + 4..];
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|line| line.get(..3));
    if status == Some("201") {
        return serde_json::from_slice(body).map_err(|_| misbehaved("it created something else"));
    }
    let refusal: ApiError = serde_json::from_slice(body).map_err(|_| {
        misbehaved(&format!("it answered {} without saying why", status.unwrap_or("nothing")))
    })?;
    Err(ClientError::Refused { rule: refusal.rule, message: refusal.message })
}

#[cfg(test)]
mod tests {
    use sabha_protocol::Rule;

    use super::*;

    #[test]
    fn refusal_names_the_rule() {
        let answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n\r\n\
            {\"rule\":\"SERVER.CREATE\",\"message\":\"no\"}";

        let Err(ClientError::Refused { rule, .. }) = parse(answer) else { panic!("not refused") };

        assert_eq!(rule, Rule::CreationKey);
    }

    #[test]
    fn answer_outside_the_protocol_is_the_servers_fault() {
        for answer in
            [&b""[..], b"HTTP/1.1 201 Created\r\n\r\n{}", b"HTTP/1.1 500 x\r\n\r\noops", b"\xff\r\n\r\n"]
        {
            assert!(matches!(parse(answer), Err(ClientError::ServerMisbehaved(_))));
        }
    }
}
