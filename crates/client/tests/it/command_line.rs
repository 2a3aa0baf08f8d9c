//! The program as scripts use it: arguments in, JSON and an exit code out.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::server::{TestServer, careful_host, wait};

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sabha-client"));
    command.args(args);
    command
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect()
}

fn new_meeting_url(server: &TestServer) -> String {
    format!("{}/new#{}", server.new.server, String::from(server.new.key.clone()))
}

#[test]
fn two_programs_meet_and_report_what_they_received() {
    let server = TestServer::start();
    let link = new_meeting_url(&server);
    let mut host = program(&["join", &link, "--name", "Asha", "--duration", "20", "--end"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(host.stdout.take().unwrap()).lines();
    let created: Value = serde_json::from_str(&output.next().unwrap().unwrap()).unwrap();

    let invite = created["invite"].as_str().unwrap();
    let guest = program(&["join", invite, "--name", "Ravi", "--duration", "4"]).output().unwrap();
    assert!(guest.status.success(), "{guest:?}");

    let report = &lines(&guest)[0];
    let received = report["received"].as_array().unwrap();
    let of = |source: &str| received.iter().find(|one| one["publication"]["source"] == source).unwrap();
    assert!(of("camera")["frames"].as_u64().unwrap() > 30, "{report}");
    assert!(of("microphone")["packets"].as_u64().unwrap() > 50, "{report}");
    assert_eq!(report["roster"].as_object().unwrap().len(), 2);

    assert!(host.wait().unwrap().success());
    let report: Value = serde_json::from_str(&output.next().unwrap().unwrap()).unwrap();
    assert_eq!(report["over"]["reason"], "ended");
    assert!(report["media_packets"].as_u64().unwrap() > 100, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_guest_exits_with_two_and_says_so() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = careful_host(&meeting).await;
    let invite = meeting.invite.expose();
    let guest = program(&["join", &invite, "--name", "Ravi"]).stdout(Stdio::piped()).spawn().unwrap();

    let state = wait(&host, "a knock", |state| !state.lobby.is_empty()).await;
    host.deny(state.lobby[0].id);

    let output = tokio::task::spawn_blocking(move || guest.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(lines(&output)[0]["over"]["reason"], "denied");
}

#[test]
fn wrong_creation_key_exits_with_two_and_names_the_rule() {
    let server = TestServer::start();
    let url = server.new.server.to_string();
    let output = program(&["create", "--server", &url, "--key", &"A".repeat(43)]).output().unwrap();

    assert_eq!(output.status.code(), Some(2));
    assert_eq!(lines(&output)[0]["rule"], "SERVER.CREATE");
}

#[test]
fn unreachable_server_exits_with_one() {
    let link = format!("http://127.0.0.1:9/m/{}#v1.{}", "a".repeat(32), "A".repeat(22));
    let output = program(&["join", &link]).output().unwrap();

    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output)[0]["over"]["type"], "failed");
}
