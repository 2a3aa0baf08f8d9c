//! The program as scripts use it: arguments in, JSON and an exit code out.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
};

use sabha_protocol::{Source, restricted::MaterialKind};
use serde_json::Value;

use crate::server::{TestServer, careful_host, guest, host, wait, wait_for_frames, wait_for_sound};

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
    let mut host =
        program(&["join", &link, "--name", "Asha", "--suite", "classical", "--duration", "20", "--end"])
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
    assert_eq!(report["encryption"], "verified");
    assert!(report["decrypted"].as_u64().unwrap() > 80, "{report}");

    assert!(host.wait().unwrap().success());
    let report: Value = serde_json::from_str(&output.next().unwrap().unwrap()).unwrap();
    assert_eq!(report["over"]["reason"], "ended");
    assert_eq!(report["encryption"], "verified");
    assert_eq!(report["roster"]["1"], "Asha");
    assert!(report["media_packets"].as_u64().unwrap() > 100, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_sound_and_picture_are_played_and_arrive() {
    let files = tempfile::tempdir().unwrap();
    let (video, audio) = (files.path().join("clip.ivf"), files.path().join("clip.ogg"));
    let ffmpeg = |input: &str, codec: [&str; 2], output: &Path| {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-f", "lavfi", "-i", input, "-t", "3"]).args(codec).arg(output);
        command.status().is_ok_and(|status| status.success())
    };
    if !ffmpeg("testsrc=size=320x180:rate=30", ["-c:v", "libvpx"], &video)
        || !ffmpeg("sine=frequency=440", ["-c:a", "libopus"], &audio)
    {
        println!("skipped: no ffmpeg with libvpx and libopus on this machine");
        return;
    }
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;

    let (video, audio) = (video.to_str().unwrap(), audio.to_str().unwrap());
    let invite = meeting.invite.expose().to_string();
    let mut guest = program(&["join", &invite, "--video", video, "--audio", audio, "--duration", "60"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let state = wait(&host, "the guest", |state| state.participants.len() == 2).await;
    let sender = *state.participants.keys().find(|one| Some(**one) != state.you).unwrap();
    // More than the clip has, so it was played around its end.
    let state = wait_for_frames(&host, sender, Source::Camera, 100).await;
    wait_for_sound(&host, sender, 100).await;
    guest.kill().unwrap();
    guest.wait().unwrap();

    let picture = &state.received(sender, Source::Camera).unwrap().figures;
    assert!(picture.key_frames >= 2, "{picture:?}");
    assert_eq!((picture.lost, picture.picture_id_breaks), (0, 0), "{picture:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_guest_exits_with_two_and_says_so() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = careful_host(&meeting).await;
    let invite = meeting.invite.expose().to_string();
    let guest = program(&["join", &invite, "--name", "Ravi"]).stdout(Stdio::piped()).spawn().unwrap();

    let state = wait(&host, "a knock", |state| !state.lobby().is_empty()).await;
    host.deny(state.lobby()[0].guest);

    let output = tokio::task::spawn_blocking(move || guest.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(lines(&output)[0]["over"]["reason"], "denied");
}

#[test]
fn wrong_creation_key_exits_with_two_and_names_the_rule() {
    let server = TestServer::start();
    let url = server.new.server.to_string();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("host.state");
    let state_path = state.to_str().unwrap();
    let key = "A".repeat(43);
    let output =
        program(&["create", "--server", &url, "--key", &key, "--state", state_path]).output().unwrap();

    assert_eq!(output.status.code(), Some(2));
    assert_eq!(lines(&output)[0]["rule"], "SERVER.CREATE");
    assert!(!state.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passcode_exits_with_two() {
    let server = TestServer::start();
    let meeting = server.create_with(Some("7KQM-2XWD")).await;
    let _host = careful_host(&meeting).await;
    let invite = meeting.invite.expose().to_string();
    let join = move |passcode: &'static str| {
        let invite = invite.clone();
        let run = move || {
            program(&["join", &invite, "--duration", "1"]).env("SABHA_PASSCODE", passcode).output().unwrap()
        };
        tokio::task::spawn_blocking(run)
    };

    assert_eq!(join("AAAA-AAAA").await.unwrap().status.code(), Some(2));
    assert_eq!(join("7KQM-2XWD").await.unwrap().status.code(), Some(0));
}

/// RED-05
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_shown_to_who_comes_into_the_room_and_stands_in_no_report() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let files = tempfile::tempdir().unwrap();
    let (state, advisory) = (files.path().join("host.state"), files.path().join("advisory.json"));
    meeting.state.save(&state).unwrap();
    let text = r#"{"document":{"title":"For those in the room"}}"#;
    std::fs::write(&advisory, text).unwrap();
    let (state, shown) = (state.to_str().unwrap(), advisory.to_str().unwrap());
    let options = ["--publish", "none", "--show", shown, "--duration", "10", "--end"];
    let host = program(&[&["join", "--state", state], &options[..]].concat())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();

    let guest = guest(&meeting, "Asha").await;
    let seen = wait(&guest, "the advisory", |state| !state.materials.is_empty()).await;
    assert_eq!(seen.materials[0].kind, MaterialKind::Csaf);
    assert_eq!(seen.materials[0].content.expose(), text.as_bytes());
    let output = tokio::task::spawn_blocking(move || host.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(0));
    let report = &lines(&output)[0];
    assert_eq!(report["roster"].as_object().unwrap().len(), 2, "{report}");
    assert!(!report.to_string().contains("For those in the room"));
}

#[test]
fn what_cannot_be_shown_is_refused_before_anybody_is_asked_to_let_in() {
    let files = tempfile::tempdir().unwrap();
    let link = format!("http://127.0.0.1:9/m/{}#v1.{}", "a".repeat(32), "A".repeat(22));
    let picture = files.path().join("plan.png");
    std::fs::write(&picture, [0x89, b'P', b'N', b'G', 0xff]).unwrap();
    let long = files.path().join("long.txt");
    std::fs::write(&long, "a".repeat(512 * 1024 + 1)).unwrap();
    let absent = files.path().join("absent.txt");

    for (path, why) in [(&picture, "UTF-8"), (&long, "longer than 524288 bytes"), (&absent, "No such file")] {
        let output = program(&["join", &link, "--show", path.to_str().unwrap()]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let error = lines(&output)[0]["error"].as_str().unwrap().to_owned();
        assert!(error.starts_with("cannot show ") && error.contains(why), "{error}");
    }
}

#[test]
fn unreachable_server_exits_with_one() {
    let link = format!("http://127.0.0.1:9/m/{}#v1.{}", "a".repeat(32), "A".repeat(22));
    let output = program(&["join", &link]).output().unwrap();

    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output)[0]["over"]["type"], "failed");
}
