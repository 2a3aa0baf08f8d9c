//! Creates a meeting over HTTP/1.1, framed by hand: one request, one answer, one connection.
//!
//! A whole HTTP client would be the largest dependency of this crate for a single `POST`. What is read is
//! bounded in bytes and time.

use std::{io, time::Duration};

use sabha_crypto::{
    device::{CreateOptions, Device},
    policy::Controls,
};
use sabha_protocol::{
    MEETINGS_PATH, POLICY_PATH,
    wire::http::{ApiError, MeetingCreated, PolicyInfo},
};
use serde::de::DeserializeOwned;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use crate::{
    clock,
    error::ClientError,
    link::{Invite, NewMeeting},
    state::DeviceState,
    tls::Trust,
    transport::Transport,
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
/// [`ClientError::Certificate`] when who answers has not shown to be the server;
/// [`ClientError::ServerMisbehaved`] when the answer is not one of the protocol's;
/// [`ClientError::Invite`] when nobody could follow a link to this server.
pub async fn create_meeting(
    new: &NewMeeting,
    trust: &Trust,
    options: CreateOptions,
) -> Result<CreatedMeeting, ClientError> {
    let demanded = exchange(new, trust, &format!("GET {POLICY_PATH}"), "", &[]).await?;
    let demanded: PolicyInfo = parse(&demanded, "200")?;
    let demanded = Controls::from_settings(&demanded.floor)
        .map_err(|_| ClientError::ServerMisbehaved("it demands controls that there are not".to_owned()))?;
    let options = CreateOptions { floor: options.floor.tighten(&demanded), ..options };
    let device = Device::create(options, clock::unix_ms())?;
    let state = DeviceState::of(&device, &new.server);
    let invite = state.invite()?;
    let description = device.creation().ok_or(ClientError::Misuse("the device has made no meeting"))?;
    let body = serde_json::to_vec(description)
        .map_err(|_| ClientError::Misuse("the meeting cannot be written as JSON"))?;
    let right = format!(
        "Authorization: Bearer {}\r\nContent-Type: application/json\r\n",
        String::from(new.key.clone())
    );
    let answer = exchange(new, trust, &format!("POST {MEETINGS_PATH}"), &right, &body).await?;
    if parse::<MeetingCreated>(&answer, "201")?.meeting != invite.meeting() {
        return Err(ClientError::ServerMisbehaved("it created another meeting".to_owned()));
    }
    Ok(CreatedMeeting { invite, device, state })
}

/// Sends a request and reads the answer to its end. `line` is method and path, `headers` what the request needs besides
/// those that every one has, each with its line end.
async fn exchange(
    new: &NewMeeting,
    trust: &Trust,
    line: &str,
    headers: &str,
    body: &[u8],
) -> Result<Vec<u8>, ClientError> {
    let exchanged = timeout(EXCHANGE_MAX, exchange_at_leisure(new, trust, line, headers, body)).await;
    exchanged.map_err(|_| ClientError::Timeout("creating a meeting"))?
}

async fn exchange_at_leisure(
    new: &NewMeeting,
    trust: &Trust,
    line: &str,
    headers: &str,
    body: &[u8],
) -> Result<Vec<u8>, ClientError> {
    const DOING: &str = "creating a meeting";
    let failed = |error| ClientError::connection(DOING, error);
    let mut stream = Transport::open(&new.server, trust, DOING).await?.stream;
    let head = format!(
        "{line} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        new.server.host(),
        body.len(),
    );
    stream.write_all(head.as_bytes()).await.map_err(failed)?;
    stream.write_all(body).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    let mut answer = Vec::new();
    match stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await {
        // TLS that ends without its own last word may have been cut short (RFC 8446 section 6.1). Many servers end it so,
        // and what is cut short does not parse.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(answer),
        result => result.map(|_| answer).map_err(failed),
    }
}

/// Reads status and body of an HTTP/1.1 answer that ended with its connection (RFC 9112 section 6.3).
fn parse<T: DeserializeOwned>(answer: &[u8], good: &str) -> Result<T, ClientError> {
    let misbehaved = |what: &str| ClientError::ServerMisbehaved(what.to_owned());
    let (head, body) =
        split(answer, b"\r\n\r\n").ok_or_else(|| misbehaved("its HTTP answer has no end of header"))?;
    let head = std::str::from_utf8(head).map_err(|_| misbehaved("its HTTP header is not text"))?;
    let body = if is_chunked(head) {
        join_chunks(body).ok_or_else(|| misbehaved("its HTTP answer is cut short"))?
    } else {
        body.to_vec()
    };
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|line| line.get(..3));
    if status == Some(good) {
        return serde_json::from_slice(&body).map_err(|_| misbehaved("it answered something else"));
    }
    let refusal: ApiError = serde_json::from_slice(&body).map_err(|_| {
        misbehaved(&format!("it answered {} without saying why", status.unwrap_or("nothing")))
    })?;
    Err(ClientError::Refused { rule: refusal.rule, message: refusal.message })
}

/// Returns whether the body comes in chunks. The server does not send any, but a proxy before it may make them.
fn is_chunked(head: &str) -> bool {
    head.lines().filter_map(|line| line.split_once(':')).any(|(name, value)| {
        name.eq_ignore_ascii_case("transfer-encoding") && value.trim().eq_ignore_ascii_case("chunked")
    })
}

/// Puts a body that came in chunks together (RFC 9112 section 7.1), or returns nothing if it is not whole.
fn join_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let (size, data) = split(rest, b"\r\n")?;
        let size = std::str::from_utf8(size).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend(data.get(..size)?);
        rest = data.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

/// Returns what is before and after the first `mark`.
fn split<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((&bytes[..at], &bytes[at + mark.len()..]))
}

#[cfg(test)]
mod tests {
    use sabha_protocol::Rule;

    use super::*;

    #[test]
    fn refusal_names_the_rule() {
        let answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n\r\n\
            {\"rule\":\"SERVER.CREATE\",\"message\":\"no\"}";

        let Err(ClientError::Refused { rule, .. }) = parse::<MeetingCreated>(answer, "201") else {
            panic!("not refused")
        };

        assert_eq!(rule, Rule::CreationKey);
    }

    #[test]
    fn answer_outside_the_protocol_is_the_servers_fault() {
        for answer in
            [&b""[..], b"HTTP/1.1 201 Created\r\n\r\n{}", b"HTTP/1.1 500 x\r\n\r\noops", b"\xff\r\n\r\n"]
        {
            assert!(matches!(parse::<MeetingCreated>(answer, "201"), Err(ClientError::ServerMisbehaved(_))));
        }
    }

    #[test]
    fn answer_in_chunks_is_put_together_and_one_that_is_cut_short_is_not() {
        let id = "a".repeat(32);
        let (first, second) = (r#"{"meeting":""#, format!(r#"{id}"}}"#));
        let chunks =
            format!("{:X};x=1\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
        let answer = format!("HTTP/1.1 201 Created\r\ntransfer-encoding: Chunked\r\n\r\n{chunks}");
        assert_eq!(parse::<MeetingCreated>(answer.as_bytes(), "201").unwrap().meeting.to_string(), id);

        let last = answer.rfind("0\r\n\r\n").unwrap();
        for cut in 1..last {
            assert!(parse::<MeetingCreated>(&answer.as_bytes()[..cut], "201").is_err(), "cut at {cut}");
        }
        for size in ["-1", "ffffffffffffffff", "g", ""] {
            assert_eq!(join_chunks(format!("{size}\r\nx\r\n0\r\n\r\n").as_bytes()), None, "{size}");
        }
    }
}
