//! A server of one test, a plain HTTP client, and meetings.

use std::{net::SocketAddr, path::Path};

use sabha_protocol::{
    MeetingId, gate,
    secret::GateKey,
    wire::{
        client::Credential,
        http::{CreateMeeting, MeetingCreated},
    },
};
use sabha_server::{config::Settings, server::Server};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A server in this process. Its data directory lives as long.
pub struct TestServer {
    pub server: Server,
    pub directory: TempDir,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts a server with changed settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = settings(directory.path());
        change(&mut settings);
        Self { server: Server::start(settings).await.unwrap(), directory }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub fn creation_key(&self) -> String {
        self.server.new_meeting_url().split_once('#').unwrap().1.to_owned()
    }

    pub async fn get(&self, path: &str) -> Response {
        request(self.address(), "GET", path, &[], "").await
    }

    pub async fn create_meeting(&self) -> Meeting {
        create_meeting(self.address(), &self.creation_key()).await
    }
}

/// Returns settings for a server on free ports of the loopback address.
pub fn settings(directory: &Path) -> Settings {
    let mut settings = Settings::default();
    settings.server.listen = "127.0.0.1:0".parse().unwrap();
    settings.server.data_dir = Some(directory.to_owned());
    settings.server.drain_seconds = 5;
    settings.media.shards = Some(1);
    settings
}

/// A meeting with everything its creator holds.
#[derive(Clone)]
pub struct Meeting {
    pub id: MeetingId,
    pub gate_key: GateKey,
    pub created: MeetingCreated,
}

impl Meeting {
    pub fn host(&self) -> Credential {
        Credential::Host { token: self.created.host_token.clone() }
    }

    pub fn link(&self) -> Credential {
        Credential::Link { gate_key: self.gate_key.clone() }
    }
}

/// Returns a fresh meeting's description. Ids differ within a test run; that is all they have to.
pub fn new_meeting() -> CreateMeeting {
    let mut bytes = [0; 36];
    getrandom::fill(&mut bytes).unwrap();
    let meeting = MeetingId::from_bytes(bytes[..20].try_into().unwrap());
    let gate_key = gate::gate_key(bytes[20..].try_into().unwrap(), &meeting);
    CreateMeeting { meeting, gate_key, title: Some("Monday".parse().unwrap()) }
}

pub async fn create_meeting(address: SocketAddr, key: &str) -> Meeting {
    let wanted = new_meeting();
    let body = serde_json::to_string(&wanted).unwrap();
    let authorization = format!("Bearer {key}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let response = request(address, "POST", "/api/v1/meetings", &headers, &body).await;
    assert_eq!(response.status, 201, "{}", response.body);
    Meeting {
        id: wanted.meeting,
        gate_key: wanted.gate_key,
        created: serde_json::from_str(&response.body).unwrap(),
    }
}

/// An HTTP answer, taken apart.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Sends one request on a connection of its own, headers exactly as given.
pub async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    parse(&String::from_utf8_lossy(&answer))
}

pub fn parse(answer: &str) -> Response {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP: {answer:?}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Response { status, headers, body: body.to_owned() }
}
