//! The doorman: a host's device on another machine than the one that made the meeting.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use sabha_client::{ClientError, Link, Participant, ParticipantConfig, Phase};
use sabha_protocol::{Source, device::HeartbeatState, wire::server::CloseReason};
use serde_json::Value;

use crate::server::{PATIENCE, TestServer, joined, passcode, wait, wait_for_frames};

/// A running doorman. Killed when dropped.
pub(crate) struct Doorman {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Doorman {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sabha-client"))
            .arg("doorman")
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Reads on to the next line of this event.
    pub(crate) fn until(&mut self, event: &str) -> Value {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let line = self.line();
            if line["event"] == event {
                return line;
            }
        }
        panic!("no {event}");
    }

    /// Asks it to stop, and returns its exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.process.wait().unwrap().code()
    }
}

impl Drop for Doorman {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Creates a meeting with the program, and returns its invite and where the host's device is kept.
fn create(server: &TestServer, more: &[&str]) -> (tempfile::TempDir, String, sabha_client::Invite) {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("host.state").to_str().unwrap().to_owned();
    let key = String::from(server.new.key.clone());
    let output = Command::new(env!("CARGO_BIN_EXE_sabha-client"))
        .args(["create", "--server", &server.new.server.to_string(), "--key", &key])
        .args(["--suite", "classical", "--state", &state])
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let created: Value = serde_json::from_slice(&output.stdout).unwrap();
    let Link::Invite(invite) = created["invite"].as_str().unwrap().parse().unwrap() else {
        panic!("no invite")
    };
    (folder, state, invite)
}

fn config(invite: &sabha_client::Invite, name: &str) -> ParticipantConfig {
    ParticipantConfig::guest(invite.clone(), name.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn doorman_lets_in_by_passcode_and_keeps_the_meeting_alive() {
    let server = TestServer::start();
    let (_folder, state, invite) = create(&server, &["--passcode", "7KQM-2XWD"]);
    let mut door = Doorman::start(&["--state", &state]);
    assert_eq!(door.until("ready")["members"], 0);

    let ravi = joined(ParticipantConfig { passcode: passcode("7KQM-2XWD"), ..config(&invite, "Ravi") }).await;
    let mina = joined(ParticipantConfig { passcode: passcode("7kqm2xwd"), ..config(&invite, "Mina") }).await;
    let admitted = door.until("admitted");
    assert_eq!((&admitted["name"], &admitted["method"]), (&"Ravi".into(), &"passcode".into()));
    let wrong = Participant::join(ParticipantConfig {
        passcode: passcode("AAAA-AAAA"),
        ..config(&invite, "Mallory")
    });
    let verdict = loop {
        let line = door.until("passcode");
        if line["right"] == false {
            break line;
        }
    };
    assert_eq!(verdict["guest"], wrong.state().you.unwrap().0);
    assert_eq!(wrong.state().phase, Phase::Waiting);

    // Longer than members send without a host's word.
    let until = Instant::now() + Duration::from_secs(35);
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(ravi.state().view.unwrap().heartbeat, HeartbeatState::Fresh);
    }
    wait_for_frames(&ravi, mina.state().you.unwrap(), Source::Camera, 10).await;
    assert!(ravi.state().sending);
}

#[tokio::test(flavor = "multi_thread")]
async fn doorman_lets_in_by_list_and_sends_others_away() {
    let server = TestServer::start();
    let (folder, state, invite) = create(&server, &[]);
    let list = folder.path().join("list");
    std::fs::write(&list, "# who may come\nRavi\n").unwrap();
    let mut door =
        Doorman::start(&["--state", &state, "--invite-list", list.to_str().unwrap(), "--deny-others"]);
    door.until("ready");

    let ravi = joined(config(&invite, "Ravi")).await;
    assert_eq!(door.until("admitted")["name"], "Ravi");
    let (_, result) = Participant::join(config(&invite, "Mallory")).finish().await;
    assert!(matches!(result, Err(ClientError::Closed { reason: CloseReason::Denied, .. })), "{result:?}");
    assert_eq!(door.until("denied")["name"], "Mallory");
    assert_eq!(ravi.state().members().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn doorman_that_comes_back_is_the_same_host() {
    let server = TestServer::start();
    let (_folder, state, invite) = create(&server, &["--passcode", "7KQM-2XWD"]);
    let mut door = Doorman::start(&["--state", &state]);
    door.until("ready");
    let with_passcode = |name| ParticipantConfig { passcode: passcode("7KQM-2XWD"), ..config(&invite, name) };
    let ravi = joined(with_passcode("Ravi")).await;
    drop(door);

    let mut door = Doorman::start(&["--state", &state]);
    assert_eq!(door.until("ready")["members"], 1);
    let mina = joined(with_passcode("Mina")).await;
    wait(&ravi, "the newcomer", |state| state.members().len() == 3).await;
    wait_for_frames(&ravi, mina.state().you.unwrap(), Source::Camera, 10).await;
    assert_eq!(door.stop(), Some(0));
}
