//! The probe, on the real server and on servers that break one promise each: the right row notices, and no other.

use std::{process::Command, sync::atomic::Ordering};

use sabha_client::{ClientError, MeetingKey, NewMeeting, ProbeConfig, ProbeReport, Trust, Verdict, probe};
use sabha_crypto::device::MeetingSuite;
use serde_json::Value;

use crate::{
    crooked::{Lie, crook, mute_server},
    server::TestServer,
};

fn config(new: NewMeeting) -> ProbeConfig {
    ProbeConfig { new, trust: Trust::default(), token: None, suite: MeetingSuite::Classical }
}

async fn probe_through(lie: impl Lie) -> ProbeReport {
    let server = TestServer::start();
    probe(&config(crook(&server.new, lie).await)).await.unwrap()
}

fn numbers(report: &ProbeReport, verdict: Verdict) -> Vec<u8> {
    report.rows.iter().filter(|row| row.verdict == verdict).map(|row| row.number).collect()
}

/// Checks that exactly these rows do not hold, and that nothing was left out.
fn assert_not_held(report: &ProbeReport, rows: &[u8]) {
    assert_eq!(numbers(report, Verdict::NotHeld), rows, "{}", report.table());
    assert_eq!(numbers(report, Verdict::NotChecked), Vec::<u8>::new(), "{}", report.table());
    assert!(!report.holds);
}

#[test]
fn on_the_real_server_every_row_that_applies_holds() {
    let server = TestServer::start();
    let url = format!("{}/new#{}", server.new.server, String::from(server.new.key.clone()));
    let output = Command::new(env!("CARGO_BIN_EXE_sabha-client"))
        .args(["probe", &url, "--suite", "classical", "--output", "json", "--token", &server.probe_token()])
        .output()
        .unwrap();

    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    assert_eq!((&report["holds"], &report["owner"]), (&Value::from(true), &Value::from("token")));
    let of = |verdict: &str| {
        let rows = report["rows"].as_array().unwrap().iter();
        rows.filter(|row| row["verdict"] == verdict)
            .map(|row| row["number"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("does_not_apply"), [8, 13, 17, 18, 23, 29]);
    assert_eq!(of("shown_elsewhere"), [9, 25, 26, 31]);
    assert_eq!(of("held").len(), 21, "{report:#}");
    fits_the_schema(&report);

    // A wrong token is as none.
    let output = Command::new(env!("CARGO_BIN_EXE_sabha-client"))
        .args(["probe", &url, "--token", &format!("sabha-probe.99.{}", "A".repeat(43))])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("not probed"), "{output:?}");
}

/// Compares every object of the report with the schema's: its fields, and the words that they can have.
fn fits_the_schema(report: &Value) {
    let text = include_str!("../../../../docs/schemas/probe-report.schema.json");
    let schema: Value = serde_json::from_str(text).unwrap();
    let check = |value: &Value, schema: &Value| {
        let (fields, known) = (value.as_object().unwrap(), schema["properties"].as_object().unwrap());
        for (name, value) in fields {
            let known = known.get(name).unwrap_or_else(|| panic!("the schema has no {name}"));
            if let Some(words) = known["enum"].as_array() {
                assert!(words.contains(value), "{name}: {value}");
            }
            if let Some(word) = known.get("const") {
                assert_eq!(word, value, "{name}");
            }
        }
        for name in schema["required"].as_array().unwrap() {
            assert!(fields.contains_key(name.as_str().unwrap()), "{name}");
        }
    };
    check(report, &schema);
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(schema["properties"]["rows"]["minItems"], rows.len());
    for row in rows {
        check(row, &schema["$defs"]["row"]);
        for evidence in row["evidence"].as_array().unwrap() {
            check(evidence, &schema["$defs"]["evidence"]);
        }
    }
}

#[tokio::test]
async fn a_server_elsewhere_is_not_probed_without_its_owners_token() {
    let new = NewMeeting { server: "https://meet.example.org".parse().unwrap(), key: some_key() };
    // Nothing is looked up and nothing is sent, or this would be an error of the connection.
    let refused = probe(&config(new)).await;
    assert!(matches!(refused, Err(ClientError::NotTheOwner(_))), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_does_not_know_the_token_hears_one_question_and_nothing_more() {
    let (address, heard) = mute_server().await;
    let new = NewMeeting { server: format!("http://{address}").parse().unwrap(), key: some_key() };
    let token = format!("sabha-probe.{}.{}", u64::MAX / 2, "A".repeat(43)).parse().unwrap();
    let refused = probe(&ProbeConfig { token: Some(token), ..config(new) }).await;

    assert!(matches!(refused, Err(ClientError::NotTheOwner(_))), "{refused:?}");
    let bytes = heard.load(Ordering::SeqCst);
    assert!((1..400).contains(&bytes), "{bytes}");
}

/// Returns a key that opens nothing.
const fn some_key() -> MeetingKey {
    MeetingKey::Creation(sabha_protocol::secret::CreationKey::from_bytes([7; 32]))
}

/// At once: each has a server of its own, and most of a probe is waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_breaks_one_promise_is_seen_in_its_rows_and_in_no_other() {
    tokio::join!(
        headers_that_are_stripped_are_missed(),
        a_websocket_that_any_page_may_open_is_seen(),
        a_meeting_that_is_there_and_answered_otherwise_is_told_apart(),
        a_list_that_leaks_into_the_lobby_is_seen(),
        a_wrong_passcode_that_is_let_through_is_seen(),
        who_was_removed_and_is_taken_back_is_seen(),
        a_server_that_takes_what_is_no_message_is_seen(),
    );
}

async fn headers_that_are_stripped_are_missed() {
    struct Strip;
    impl Lie for Strip {
        fn answer(&self, head: String) -> String {
            let kept = head.split_inclusive("\r\n").filter(|line| {
                let line = line.to_ascii_lowercase();
                !line.starts_with("content-security-policy") && !line.starts_with("permissions-policy")
            });
            kept.collect()
        }
    }
    assert_not_held(&probe_through(Strip).await, &[12, 14]);
}

async fn a_websocket_that_any_page_may_open_is_seen() {
    struct AnyPage;
    impl Lie for AnyPage {
        fn request(&self, head: String) -> String {
            head.split_inclusive("\r\n")
                .filter(|line| !line.to_ascii_lowercase().starts_with("origin:"))
                .collect()
        }
    }
    assert_not_held(&probe_through(AnyPage).await, &[12]);
}

async fn a_meeting_that_is_there_and_answered_otherwise_is_told_apart() {
    struct Oracle;
    impl Lie for Oracle {
        fn word(&self, said: &str, text: String, meetings: &[String]) -> Vec<String> {
            let exists = meetings.iter().any(|id| said.contains(&format!("\"meeting\":\"{id}\"")));
            let refused = text.contains("\"rule\":\"ROOM.ENTRY.LINK\"");
            vec![if exists && refused {
                text.replace("there is no such meeting", "wrong link")
            } else {
                text
            }]
        }
    }
    assert_not_held(&probe_through(Oracle).await, &[1]);
}

async fn a_list_that_leaks_into_the_lobby_is_seen() {
    struct Leak;
    impl Lie for Leak {
        fn word(&self, _: &str, text: String, _: &[String]) -> Vec<String> {
            let waits = text.contains("\"type\":\"waiting\"");
            let somebody = format!(
                r#"{{"body":{{"type":"participant_joined","participant":{{"id":77,"device":"{}","role":"host","media":{{"microphone":true,"camera":true,"screen":false,"screen_audio":false}},"presence":"connected","of_organisation":false}}}}}}"#,
                "A".repeat(43)
            );
            if waits { vec![text, somebody] } else { vec![text] }
        }
    }
    assert_not_held(&probe_through(Leak).await, &[5]);
}

async fn a_wrong_passcode_that_is_let_through_is_seen() {
    /// Tells everybody who waits in the last meeting, the one for guessing, that they are in.
    struct LetIn;
    impl Lie for LetIn {
        fn word(&self, said: &str, text: String, meetings: &[String]) -> Vec<String> {
            let guessing = meetings.len() == 3 && said.contains(&meetings[2]) && said.contains("\"enter\"");
            let Some(re) = text.strip_prefix("{\"re\":").and_then(|rest| rest.split(',').next()) else {
                return vec![text];
            };
            if !guessing || !text.contains("\"type\":\"waiting\"") {
                return vec![text];
            }
            let admitted = format!(
                r#"{{"re":{re},"body":{{"type":"admitted","you":9,"role":"participant","epoch":1,"in_group":false,"resume":"AAAA","title":null,"room_epoch":1,"media_allowed":{{"microphone":true,"camera":true,"screen":false,"screen_audio":false}}}}}}"#
            );
            vec![admitted]
        }
    }
    assert_not_held(&probe_through(LetIn).await, &[2]);
}

async fn who_was_removed_and_is_taken_back_is_seen() {
    struct Forgive;
    impl Lie for Forgive {
        fn word(&self, _: &str, text: String, _: &[String]) -> Vec<String> {
            let Some(re) = text.strip_prefix("{\"re\":").and_then(|rest| rest.split(',').next()) else {
                return vec![text];
            };
            if !text.contains("\"rule\":\"ROOM.ENTRY.REMOVED\"") {
                return vec![text];
            }
            vec![format!(
                r#"{{"re":{re},"body":{{"type":"waiting","you":9,"host_present":true,"title":null}}}}"#
            )]
        }
    }
    assert_not_held(&probe_through(Forgive).await, &[20, 21]);
}

async fn a_server_that_takes_what_is_no_message_is_seen() {
    /// Answers what the server refuses as none of the protocol's as if it were done.
    struct Lenient;
    impl Lie for Lenient {
        fn word(&self, said: &str, text: String, _: &[String]) -> Vec<String> {
            let strange = said.contains("\"type\":\"control\"") || said.contains("\"type\":\"attention\"");
            if strange && text.contains("\"rule\":\"WIRE.FORM\"") {
                vec![r#"{"body":{"type":"done"}}"#.to_owned()]
            } else {
                vec![text]
            }
        }
    }
    assert_not_held(&probe_through(Lenient).await, &[12, 16]);
}
