//! A server of one test, a plain HTTP client, and meetings.

use std::{
    net::SocketAddr,
    path::Path,
    sync::Mutex,
    time::{SystemTime, UNIX_EPOCH},
};

use sabha_crypto::{
    device::{CreateOptions, Device, MeetingSuite},
    link::LinkSecret,
    policy::{Controls, Tier},
};
use sabha_protocol::{
    MeetingId,
    device::DeviceOutput,
    wire::http::{CreateMeeting, MeetingCreated},
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
    // Every request of a test comes from one address, and some walk every route with every credential.
    settings.limits.connections_per_address_per_second = 10_000;
    settings.limits.requests_per_address_per_second = 10_000;
    settings.limits.wrong_credentials_per_address_per_minute = 1_000_000;
    settings
}

/// A meeting with everything its creator holds.
pub struct Meeting {
    pub id: MeetingId,
    pub link: LinkSecret,
    creator: Mutex<Option<Device>>,
    kept: Vec<u8>,
}

impl Meeting {
    /// Returns the device that made the meeting. There is one of it.
    pub fn creator(&self) -> Device {
        self.creator.lock().unwrap().take().expect("the creator's device is in use")
    }

    /// Returns the creator's device as it comes back after a reload: it has its keys, and is in no group.
    pub fn creator_reloaded(&self) -> Device {
        Device::restore(&self.kept, now_ms()).unwrap()
    }

    /// Returns a new device of somebody who has the link.
    pub fn guest(&self, name: &str) -> Device {
        Device::guest(self.id, self.link.clone(), name.parse().unwrap(), now_ms())
    }
}

/// Returns a fresh meeting's device and description. Classical, which debug builds do in a tenth of the time.
pub fn new_meeting() -> (Device, CreateMeeting) {
    new_meeting_of(MeetingSuite::Classical)
}

fn new_meeting_of(suite: MeetingSuite) -> (Device, CreateMeeting) {
    described(suite, Controls::of(Tier::default()))
}

/// Returns a fresh meeting with this floor signed.
pub fn new_meeting_with(floor: Controls) -> (Device, CreateMeeting) {
    described(MeetingSuite::XWing, floor)
}

fn described(suite: MeetingSuite, floor: Controls) -> (Device, CreateMeeting) {
    let options = CreateOptions {
        suite,
        title: Some("Monday".parse().unwrap()),
        name: "Asha".parse().unwrap(),
        passcode: None,
        admits: false,
        by_mail: false,
        floor,
        controls: Controls::default(),
    };
    let device = Device::create(options, now_ms()).unwrap();
    let description = device.creation().unwrap().clone();
    (device, description)
}

pub async fn create_meeting(address: SocketAddr, key: &str) -> Meeting {
    create_meeting_of(address, key, MeetingSuite::Classical).await
}

pub async fn create_meeting_of(address: SocketAddr, key: &str, suite: MeetingSuite) -> Meeting {
    let (device, description) = new_meeting_of(suite);
    let response = post_meeting(address, key, &serde_json::to_string(&description).unwrap()).await;
    assert_eq!(response.status, 201, "{}", response.body);
    assert_eq!(response.json::<MeetingCreated>().meeting, description.meeting);
    meeting_of(device)
}

/// Returns the meeting that `creator` has made, whether a server knows of it or not.
pub fn meeting_of(creator: Device) -> Meeting {
    let kept = creator.export().to_vec();
    let mut copy = Device::restore(&kept, now_ms()).unwrap();
    let view = std::iter::from_fn(|| copy.poll_output()).find_map(|output| match output {
        DeviceOutput::View { view } => Some(view),
        _ => None,
    });
    let view = view.expect("a device that begins says how things stand");
    let link = LinkSecret::from_fragment(&view.invite).unwrap();
    Meeting { id: view.meeting, link, creator: Mutex::new(Some(creator)), kept }
}

/// Sends a meeting's description.
pub async fn post_meeting(address: SocketAddr, key: &str, body: &str) -> Response {
    let authorization = format!("Bearer {key}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    request(address, "POST", "/api/v1/meetings", &headers, body).await
}

/// Returns the time as devices count it.
pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
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
