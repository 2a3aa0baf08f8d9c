//! What a meeting and a server give out to be kept: log, certificate and audit log, checked by anybody.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::server::{TestServer, guest, host, id, wait};

fn verify(file: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sabha-client")).arg("verify").arg(file).args(more).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn exported_log_is_accepted_and_a_tampered_one_is_not() {
    let server = TestServer::start();
    let meeting = server.create().await;
    let host = host(&meeting).await;
    let ravi = guest(&meeting, "Ravi").await;
    let _mina = guest(&meeting, "Mina").await;
    host.remove(id(&ravi));
    wait(&host, "the removal", |state| state.members().len() == 2).await;
    let (report, result) = host.end().await;
    result.unwrap();
    let log = report.log.expect("who made the meeting has its log");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("meeting.log");
    fs::write(&file, &log).unwrap();
    let output = verify(&file, &["--output", "json", "--meeting", &meeting.invite.meeting().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["valid"], true);
    assert_eq!(verdict["meeting"], meeting.invite.meeting().to_string());
    assert_eq!((&verdict["admitted"], &verdict["revoked"]), (&2.into(), &1.into()), "{verdict}");
    let text = verify(&file, &[]);
    assert_eq!(text.status.code(), Some(0));
    assert!(String::from_utf8(text.stdout).unwrap().starts_with("valid\n"));

    // The certificate that comes with the end, alone and with its log.
    let certificate = folder.path().join("certificate.json");
    fs::write(&certificate, report.certificate.expect("and a certificate")).unwrap();
    let path = file.to_str().unwrap();
    for (more, checked) in [(vec![], false), (vec!["--log", path], true)] {
        let output = verify(&certificate, &[&more[..], &["--output", "json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&verdict["kind"], &verdict["log_checked"]),
            (&"meeting_certificate".into(), &checked.into())
        );
    }
    let own = certificate.to_str().unwrap();
    assert_eq!(verify(&certificate, &["--log", own]).status.code(), Some(1), "a certificate is no log");
    assert_eq!(verify(&file, &["--log", path]).status.code(), Some(1), "--log is for certificates");
    for secret in ["Ravi", "Mina", "Asha", "Monday", &*meeting.invite.secret().fragment()] {
        assert!(!log.contains(secret), "names and secrets are not in it");
    }

    // One entry left out, one character changed, another meeting's, none at all.
    let without_last: String =
        log.lines().take(log.lines().count() - 1).map(|line| format!("{line}\n")).collect();
    let at = log.len() - 10;
    let other = if log.as_bytes()[at] == b'A' { "B" } else { "A" };
    let changed = format!("{}{other}{}", &log[..at], &log[at + 1..]);
    for tampered in [without_last.as_str(), &changed, ""] {
        fs::write(&file, tampered).unwrap();
        let output = verify(&file, &["--output", "json"]);
        assert_eq!(output.status.code(), Some(1));
        let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(verdict["valid"], false);
        assert!(verdict["error"].as_str().is_some_and(|error| !error.is_empty()));
    }
    fs::write(&file, &log).unwrap();
    assert_eq!(verify(&file, &["--meeting", &"a".repeat(32)]).status.code(), Some(1));
    assert_eq!(verify(&folder.path().join("none"), &[]).status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_audit_log_is_checked_without_the_server() {
    let server = TestServer::start();
    server.create().await;
    server.create().await;
    let log = server.audit_log();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.jsonl");
    fs::write(&file, &log).unwrap();
    let output = verify(&file, &["--output", "json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["kind"], "audit_log");
    assert_eq!(verdict["entries"].as_u64(), Some(log.lines().count() as u64));

    let first: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    let noted = first["hash"].as_str().unwrap();
    assert_eq!(verify(&file, &["--head", noted]).status.code(), Some(0));
    assert_eq!(verify(&file, &["--head", &"0".repeat(64)]).status.code(), Some(1));
    let without_first: String = log.lines().skip(1).map(|line| format!("{line}\n")).collect();
    fs::write(&file, without_first).unwrap();
    assert_eq!(verify(&file, &[]).status.code(), Some(1));
}
