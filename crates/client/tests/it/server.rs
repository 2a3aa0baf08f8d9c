//! A server process for one test, and short ways to enter its meetings.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, OnceLock},
    time::Duration,
};

use sabha_client::{
    Admission, CreatedMeeting, DeviceState, Invite, Link, NewMeeting, Participant, ParticipantConfig, Phase,
    Snapshot, Trust, create_meeting,
};
use sabha_crypto::device::{CreateOptions, Device, MeetingSuite};
use sabha_protocol::{ParticipantId, Source, text::Passcode};
use tempfile::TempDir;

/// Time for anything that should take milliseconds: two cores build and test at once.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// `sabha serve` on a free port of the loopback interface, with an empty data directory. Killed when dropped.
pub(crate) struct TestServer {
    process: Child,
    pub(crate) new: NewMeeting,
    /// UDP port of media.
    pub(crate) media_port: u16,
    data: TempDir,
}

impl TestServer {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with these keys of its configuration in its environment.
    pub(crate) fn start_with(settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let (process, new, media_port) = serve(data.path(), "127.0.0.1:0", settings);
        Self { process, new, media_port, data }
    }

    /// A server whose media is reached through a proxy at this address, on the same port.
    pub(crate) fn behind(proxy: &str) -> Self {
        Self::start_with(&[("SABHA__MEDIA__ADDRESS", "127.0.0.1"), ("SABHA__MEDIA__EXTERNAL_IPS", proxy)])
    }

    /// Kills the server and starts another with the same data, where the first was.
    pub(crate) fn restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let address = self.new.server.authority().to_owned();
        (self.process, self.new, self.media_port) = serve(self.data.path(), &address, &[]);
    }

    /// Returns what `sabha audit export` says of this server.
    pub(crate) fn audit_log(&self) -> String {
        let output = Command::new(binary())
            .args(["audit", "export", "--data"])
            .arg(self.data.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Returns what `sabha probe-token` prints while the server runs.
    pub(crate) fn probe_token(&self) -> String {
        let output =
            Command::new(binary()).args(["probe-token", "--data"]).arg(self.data.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) async fn create(&self) -> Meeting {
        self.create_with(None).await
    }

    /// Creates a meeting, with a passcode that lets in whoever proves it.
    pub(crate) async fn create_with(&self, passcode: Option<&str>) -> Meeting {
        Meeting::create(&self.new, MeetingSuite::Classical, passcode).await
    }
}

fn serve(data: &Path, listen: &str, settings: &[(&str, &str)]) -> (Child, NewMeeting, u16) {
    let mut process = Command::new(binary())
        .args(["serve", "--listen", listen, "--output", "json", "--data"])
        .arg(data)
        .envs(settings.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).expect("the first line of output is JSON");
    let link = ready["new_meeting_url"].as_str().expect("a link to create meetings").parse().unwrap();
    let Link::NewMeeting(new) = link else { panic!("not a link to create meetings") };
    let media_port = ready["media_port"].as_u64().and_then(|port| port.try_into().ok()).expect("a port");
    (process, new, media_port)
}

/// A meeting with everything its creator holds.
pub(crate) struct Meeting {
    pub(crate) invite: Invite,
    pub(crate) state: DeviceState,
    creator: Mutex<Option<Device>>,
}

impl Meeting {
    /// Classical suites are ten times as fast in a debug build.
    pub(crate) async fn create(new: &NewMeeting, suite: MeetingSuite, passcode: Option<&str>) -> Self {
        let options = CreateOptions {
            suite,
            title: Some("Monday".parse().unwrap()),
            name: "Asha".parse().unwrap(),
            passcode: passcode.map(|text| text.parse().unwrap()),
            admits: passcode.is_some(),
            by_mail: false,
            floor: sabha_crypto::policy::Controls::default(),
            controls: sabha_crypto::policy::Controls::default(),
        };
        let CreatedMeeting { invite, device, state } =
            create_meeting(new, &Trust::default(), options).await.unwrap();
        Self { invite, state, creator: Mutex::new(Some(device)) }
    }

    /// Returns the device that made the meeting. There is one of it.
    pub(crate) fn creator(&self) -> Device {
        self.creator.lock().unwrap().take().expect("the creator's device is in use")
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Returns where the server's program is: what `SABHA_BIN` names, as for the browser tests, or else what is built here, as
/// this package cannot depend on it.
///
/// `make test` names the program that it has built. A build of the server's package alone would have other features of the
/// dependencies than one of the workspace, and would compile most of them a second time.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(named) = std::env::var_os("SABHA_BIN") {
            return PathBuf::from(named);
        }
        let beside = Path::new(env!("CARGO_BIN_EXE_sabha-client"));
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "sabha-server", "--bin", "sabha"]);
        if beside.components().any(|part| part.as_os_str() == "release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the server does not build");
        beside.with_file_name(format!("sabha{}", std::env::consts::EXE_SUFFIX))
    })
}

pub(crate) fn host_config(meeting: &Meeting) -> ParticipantConfig {
    ParticipantConfig::host(meeting.invite.clone(), "Asha".parse().unwrap())
}

pub(crate) fn guest_config(meeting: &Meeting, name: &str) -> ParticipantConfig {
    ParticipantConfig {
        seed: name.len() as u64,
        ..ParticipantConfig::guest(meeting.invite.clone(), name.parse().unwrap())
    }
}

pub(crate) fn passcode(text: &str) -> Option<Passcode> {
    Some(text.parse().unwrap())
}

/// Enters with the creator's device as a host that admits everybody.
pub(crate) async fn host(meeting: &Meeting) -> Participant {
    host_with(host_config(meeting), meeting).await
}

/// Enters with the creator's device as a host that is asked about everybody.
pub(crate) async fn careful_host(meeting: &Meeting) -> Participant {
    host_with(ParticipantConfig { admission: Admission::Asked, ..host_config(meeting) }, meeting).await
}

async fn host_with(config: ParticipantConfig, meeting: &Meeting) -> Participant {
    until_joined(Participant::join_with(config, meeting.creator())).await
}

pub(crate) async fn guest(meeting: &Meeting, name: &str) -> Participant {
    joined(guest_config(meeting, name)).await
}

pub(crate) async fn joined(config: ParticipantConfig) -> Participant {
    until_joined(Participant::join(config)).await
}

pub(crate) async fn until_joined(participant: Participant) -> Participant {
    let state = participant.until_joined(PATIENCE).await;
    assert!(state.is_ok(), "not joined: {:?}", participant.state());
    participant
}

/// Knocks, and waits until the host sees it.
pub(crate) async fn knock(host: &Participant, config: ParticipantConfig) -> (Participant, ParticipantId) {
    let guest = Participant::join(config);
    let waiting = wait(&guest, "the lobby", |state| state.phase == Phase::Waiting).await;
    let id = waiting.you.unwrap();
    wait(host, "a knock", |state| state.lobby().iter().any(|guest| guest.guest == id)).await;
    (guest, id)
}

pub(crate) async fn wait(
    participant: &Participant,
    what: &'static str,
    condition: impl Fn(&Snapshot) -> bool,
) -> Snapshot {
    match participant.until(what, PATIENCE, condition).await {
        Ok(state) => state,
        Err(error) => panic!("{error}: {:#?}", participant.state()),
    }
}

pub(crate) fn id(participant: &Participant) -> ParticipantId {
    participant.state().you.unwrap()
}

/// Waits until `count` more whole frames of somebody's picture are there.
pub(crate) async fn wait_for_frames(
    participant: &Participant,
    of: ParticipantId,
    source: Source,
    count: u64,
) -> Snapshot {
    let frames = move |state: &Snapshot| state.received(of, source).map_or(0, |stats| stats.figures.frames);
    let before = frames(&participant.state());
    wait(participant, "frames", |state| frames(state) >= before + count).await
}

/// Waits until `count` more packets of somebody's sound are there and opened.
pub(crate) async fn wait_for_sound(participant: &Participant, of: ParticipantId, count: u64) -> Snapshot {
    let packets = move |state: &Snapshot| {
        state.received(of, Source::Microphone).map_or(0, |stats| stats.figures.frames)
    };
    let before = packets(&participant.state());
    wait(participant, "sound", |state| packets(state) >= before + count).await
}
