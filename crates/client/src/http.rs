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
    MEETINGS_PATH, POLICY_ADVISORIES_PATH, POLICY_PATH,
    wire::{
        advisory_policy::{PolicyAdvisories, PolicyDemand},
        http::{ApiError, MeetingCreated, PolicyInfo},
    },
};
use serde::de::DeserializeOwned;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use crate::{
    clock,
    error::ClientError,
    link::{Invite, NewMeeting, Server},
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

/// Returns which advisories demand what of meetings, as the server tells everybody.
///
/// # Errors
/// As [`create_meeting`].
pub(crate) async fn demands(server: &Server, trust: &Trust) -> Result<Vec<PolicyDemand>, ClientError> {
    let line = format!("GET {POLICY_ADVISORIES_PATH}");
    let answer = ask(server, trust, Ask::get(&line)).await?;
    let told: Option<PolicyAdvisories> = serde_json::from_slice(&answer.body).ok();
    let told = told.filter(|_| answer.status == 200);
    told.map(|told| told.demands).ok_or_else(|| {
        ClientError::ServerMisbehaved("it does not say which advisories demand what".to_owned())
    })
}

/// An answer, whatever it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The header's fields, names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    /// The body, as it was sent.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Returns the value of a field, if it is there once.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut found = self.fields.iter().filter(|(field, _)| field == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// Returns the body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn read(answer: &[u8]) -> Option<Self> {
        let (head, body) = split(answer, b"\r\n\r\n")?;
        let head = std::str::from_utf8(head).ok()?;
        let body = if is_chunked(head) { join_chunks(body)? } else { body.to_vec() };
        let (first, rest) = head.split_once("\r\n").unwrap_or((head, ""));
        let status = first.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let fields = rest.lines().filter_map(|line| line.split_once(':'));
        let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
        Some(Self { status, fields: fields.collect(), body })
    }
}

/// What is asked of a server in one exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    /// Method and path.
    pub(crate) line: &'a str,
    /// Fields besides those that every request has, each with its line end.
    pub(crate) fields: &'a str,
    /// The body.
    pub(crate) body: &'a [u8],
    /// Bytes of the answer that are read at most.
    pub(crate) bytes_max: u64,
}

impl<'a> Ask<'a> {
    /// Returns the request for what is at this path.
    pub(crate) const fn get(line: &'a str) -> Self {
        Self { line, fields: "", body: b"", bytes_max: ANSWER_BYTES_MAX }
    }
}

/// Asks something, and returns whatever is answered. A connection that is upgraded is closed once its answer has begun.
///
/// # Errors
/// As [`create_meeting`], refusals apart.
pub(crate) async fn ask(server: &Server, trust: &Trust, ask: Ask<'_>) -> Result<Answer, ClientError> {
    let answered = timeout(EXCHANGE_MAX, exchange_at_leisure(server, trust, ask, "asking the server")).await;
    let answer = answered.map_err(|_| ClientError::Timeout("asking the server"))??;
    Answer::read(&answer)
        .ok_or_else(|| ClientError::ServerMisbehaved("its answer is not one of HTTP/1.1".to_owned()))
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
    let ask = Ask { line, fields: headers, body, bytes_max: ANSWER_BYTES_MAX };
    let exchanged = timeout(EXCHANGE_MAX, exchange_at_leisure(&new.server, trust, ask, "creating a meeting"));
    exchanged.await.map_err(|_| ClientError::Timeout("creating a meeting"))?
}

async fn exchange_at_leisure(
    server: &Server,
    trust: &Trust,
    ask: Ask<'_>,
    doing: &'static str,
) -> Result<Vec<u8>, ClientError> {
    let Ask { line, fields, body, bytes_max } = ask;
    let failed = |error| ClientError::connection(doing, error);
    let mut stream = Transport::open(server, trust, doing).await?.stream;
    let upgrades = fields.contains("Upgrade:");
    let close = if upgrades { "" } else { "Connection: close\r\n" };
    let head = format!(
        "{line} HTTP/1.1\r\nHost: {}\r\n{fields}Content-Length: {}\r\n{close}\r\n",
        server.host(),
        body.len(),
    );
    stream.write_all(head.as_bytes()).await.map_err(failed)?;
    stream.write_all(body).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    let mut answer = Vec::new();
    if upgrades {
        // What follows such an answer has no end of its own.
        let end = |answer: &[u8]| split(answer, b"\r\n\r\n").is_some();
        while !end(&answer) && answer.len() as u64 <= bytes_max {
            if stream.read_buf(&mut answer).await.map_err(failed)? == 0 {
                break;
            }
        }
        return Ok(answer);
    }
    match stream.take(bytes_max).read_to_end(&mut answer).await {
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

    #[tokio::test]
    async fn what_advisories_demand_is_read_and_anything_else_is_the_servers_fault() {
        let demand = r#"{"control":"MEET.CHAT.SAFE","value":"hosts"}"#;
        let good = format!("200 OK\r\n\r\n{{\"demands\":[{demand}]}}");
        let cases = [
            (good.as_str(), true),
            ("200 OK\r\n\r\n{}", false),
            ("404 Not Found\r\n\r\n{\"demands\":[]}", false),
        ];
        for (answer, is_read) in cases {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let server: Server = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
            let answered = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut asked = [0; 4096];
                let length = stream.read(&mut asked).await.unwrap();
                assert!(asked[..length].starts_with(b"GET /api/v1/policy/advisories HTTP/1.1\r\n"));
                stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await.unwrap();
            };
            let trust = Trust::default();
            let (found, ()) = tokio::join!(demands(&server, &trust), answered);
            match found {
                Ok(found) => assert!(is_read && found.len() == 1, "{answer}"),
                Err(error) => {
                    assert!(
                        !is_read && matches!(error, ClientError::ServerMisbehaved(_)),
                        "{answer}: {error}"
                    );
                }
            }
        }
    }
}
