//! The command line: what it prints, and how it fails.

use std::{
    fs,
    net::{TcpListener, UdpSocket},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use crate::{
    binary::{Binary, run, sabha, stderr},
    person,
    server::create_meeting,
};

/// Runs `sabha serve`, expects it to fail, and returns what it said.
fn fails(directory: &Path, more: &[&str]) -> String {
    let output = sabha()
        .args(["serve", "--listen", "127.0.0.1:0", "--shards", "1", "--log", "error", "--data"])
        .arg(directory)
        .args(more)
        .output()
        .unwrap();
    assert_ne!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty(), "nothing is served, so nothing is promised");
    let said = stderr(&output);
    assert!(said.lines().count() >= 2, "what is wrong, and what can be done: {said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[test]
fn first_line_of_json_output_has_the_links() {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::serve(directory.path(), &[]);
    let url = server.greeting["url"].as_str().unwrap();
    assert_eq!(url, format!("http://{}", server.address));
    assert!(server.greeting["new_meeting_url"].as_str().unwrap().starts_with(&format!("{url}/new#")));
    assert!(server.greeting["media_port"].as_u64().unwrap() > 0);

    let output = run(&["health", "--url", url]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn the_audit_log_is_verified_and_exported_beside_a_running_server() {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::serve(directory.path(), &[]);
    assert!(server.greeting["admin_setup_url"].as_str().unwrap().contains("/admin#setup."));
    let audit = |more: &[&str]| {
        let output = sabha().arg("audit").args(more).arg("--data").arg(directory.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = audit(&["verify", "--output", "json"]);
    let verdict: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &verdict["sound"], &verdict["entries"]), (Some(0), &true.into(), &0.into()));
    assert_eq!(audit(&["export"]), (Some(0), String::new()));
    // Noted when the log was longer, or of another log.
    let (code, text) = audit(&["verify", "--head", &"00".repeat(32)]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("cut off"), "{text}");
}

#[test]
fn health_of_nothing_fails() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = run(&["health", "--url", &format!("http://{free}")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Is the server running"));
}

#[test]
fn version_is_printed() {
    let output = run(&["version", "--output", "json"]);
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn taken_tcp_port_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output =
        sabha().args(["serve", "--listen", &address, "--data"]).arg(directory.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains(&address) && said.contains("TCP") && said.contains("--listen"), "{said}");
}

#[test]
fn taken_udp_port_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = fails(directory.path(), &["--media-port", &port]);
    assert!(said.contains(&port) && said.contains("UDP") && said.contains("--media-port"), "{said}");
}

#[test]
fn bad_configuration_is_explained() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sabha.toml");
    fs::write(&file, "[server]\nlissten = '127.0.0.1:1'\n").unwrap();
    let file = file.to_str().unwrap();
    let said = fails(directory.path(), &["--config", file]);
    assert!(said.contains("lissten"), "{said}");

    let output = run(&["check-config", "--config", file]);
    assert_eq!(output.status.code(), Some(1));
    let missing = fails(directory.path(), &["--config", "/nonexistent/sabha.toml"]);
    assert!(missing.contains("/nonexistent/sabha.toml"), "{missing}");
    let url = fails(directory.path(), &["--public-url", "meet.example.org/path"]);
    assert!(url.contains("public URL"), "{url}");
}

#[test]
fn sound_configuration_is_shown() {
    let output = sabha()
        .args(["check-config", "--output", "json", "--external-ip", "192.0.2.1", "--data", "/tmp/x"])
        .env("SABHA__SERVER__DRAIN_SECONDS", "33")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["settings"]["server"]["drain_seconds"], 33);
    assert_eq!(shown["media_listen"], "0.0.0.0:8080");
    assert_eq!(shown["data_dir"], "/tmp/x");
}

#[test]
fn unusable_data_directory_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, b"").unwrap();
    let said = fails(&file, &[]);
    assert!(said.contains(file.to_str().unwrap()) && said.contains("--data"), "{said}");

    let locked = directory.path().join("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
    if fs::write(locked.join("probe"), b"").is_ok() {
        println!("skipped: permissions do not bind this user (root)");
        return;
    }
    let said = fails(&locked, &[]);
    assert!(said.contains("locked"), "{said}");
}

#[test]
fn second_server_on_the_same_data_is_refused_and_the_first_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let first = Binary::serve(directory.path(), &[]);
    let said = fails(directory.path(), &[]);
    assert!(said.contains("another Sabha server"), "{said}");
    assert!(run(&["health", "--url", first.greeting["url"].as_str().unwrap()]).status.success());
}

#[test]
fn damaged_database_and_key_are_left_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Binary::serve(directory.path(), &[]);
    server.signal("TERM");
    assert!(server.child.wait().unwrap().success());

    let database = directory.path().join("sabha.db");
    let mut bytes = fs::read(&database).unwrap();
    bytes[4096..].fill(0x5A);
    fs::write(&database, &bytes).unwrap();
    let said = fails(directory.path(), &[]);
    assert!(said.contains("damaged") && said.contains("backup"), "{said}");
    assert!(fs::read(&database).unwrap() == bytes, "the file was changed");

    let key = directory.path().join("server.key");
    fs::write(&key, b"short").unwrap();
    let said = fails(directory.path(), &[]);
    assert!(said.contains("server.key"), "{said}");
    assert_eq!(fs::read(&key).unwrap(), b"short");
}

#[tokio::test]
async fn told_to_stop_the_process_drains_and_exits_well() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Binary::serve(directory.path(), &["--drain-seconds", "60"]);
    let meeting = create_meeting(server.address, &server.key).await;
    let mut host = person::host(server.address, &meeting).await;
    server.signal("TERM");
    host.wait_for(|frame| {
        matches!(frame.body, sabha_protocol::wire::ServerMessage::Draining { .. }).then_some(())
    })
    .await;
    // Told again, it does not wait for the meeting.
    server.signal("INT");
    let last = host.last_word().await;
    assert_eq!(last, Some(sabha_protocol::wire::server::CloseReason::ServerStopping));
    assert!(server.child.wait().unwrap().success());
}
