//! `sabha policy`: what it changes, what it refuses, and that a running server follows.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Output, time::Duration};

use sabha_policy::{Controls, Tier};
use sabha_protocol::{
    Rule,
    wire::http::{ApiError, PolicyInfo},
};
use serde_json::{Value, json};

use crate::{
    binary::{Binary, run, sabha, stderr},
    server::{new_meeting, post_meeting, request},
};

const MINISTRY: &str = "in.gov.mha.2020-04-12";

/// Runs `sabha policy` on a data directory.
fn policy(directory: &Path, arguments: &[&str]) -> Output {
    sabha()
        .args(["policy", "--output", "json"])
        .args(arguments)
        .arg("--data")
        .arg(directory)
        .env_remove("SUDO_USER")
        .env("USER", "asha")
        .output()
        .unwrap()
}

/// As [`policy`], and returns what was printed.
fn done(directory: &Path, arguments: &[&str]) -> Value {
    printed(&policy(directory, arguments))
}

fn printed(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// As [`policy`], expects it to fail, and returns what was said.
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty(), "nothing was done, so nothing is promised");
    let said = stderr(output);
    assert!(said.lines().count() >= 2, "what is wrong, and what can be done: {said}");
    said
}

/// A data directory with a database, and no server.
fn data() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Binary::serve(directory.path(), &[]);
    server.signal("TERM");
    assert!(server.child.wait().unwrap().success());
    directory
}

/// Waits until something holds; it is due within a second.
async fn until(holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("a server follows its floor");
}

fn value(shown: &Value, control: &str) -> String {
    let controls = shown["controls"].as_array().unwrap();
    let found = controls.iter().find(|entry| entry["control"] == control).unwrap();
    found["value"].as_str().unwrap().to_owned()
}

fn directions(changed: &Value) -> Vec<(String, String)> {
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
    let changes = changed["changes"].as_array().unwrap();
    changes.iter().map(|entry| (text(entry, "control"), text(entry, "direction"))).collect()
}

/// Writes a profile that asks for one control.
fn write_profile(path: &Path, control: &str, value: &str) {
    let profile = json!({
        "format": "sabha-policy-profile",
        "version": 1,
        "profile": {
            "id": "org.example.meetings",
            "revision": 3,
            "title": "What we ask for",
            "issuer": "Example",
            "issued": "2026-11-26",
            "controls": [{ "control": control, "value": value, "source": "our handbook, page 4" }],
        },
    });
    fs::write(path, profile.to_string()).unwrap();
}

/// ORG.POLICY.FLOOR, ORG.MFA
#[tokio::test]
async fn running_server_follows_a_floor_that_the_command_line_applies() {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::serve(directory.path(), &[]);
    let (_, description) = new_meeting();
    let body = serde_json::to_string(&description).unwrap();
    let demands = async |floor: Controls| {
        let answer = request(server.address, "GET", "/api/v1/policy", &[], "").await;
        answer.json::<PolicyInfo>().floor == floor.to_settings()
    };
    let refusal = async || {
        let answer = post_meeting(server.address, &server.key, &body).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
        answer.json::<ApiError>()
    };

    let file = directory.path().join("ours.json");
    write_profile(&file, "MEET.SHARE.HOST", "hosts");
    let applied = done(directory.path(), &["apply", file.to_str().unwrap()]);
    assert_eq!((&applied["number"], &applied["by"]), (&json!(1), &json!("asha")));
    let mut hosts_share = Controls::of(Tier::Medium);
    hosts_share.set_named("MEET.SHARE.HOST", "hosts").unwrap();
    until(async || demands(hosts_share.clone()).await).await;
    let refused = refusal().await;
    assert_eq!(refused.rule, Rule::Floor);
    assert!(refused.message.contains("MEET.SHARE.HOST"), "{}", refused.message);

    done(directory.path(), &["apply", "tier:high"]);
    until(async || demands(Controls::of(Tier::High)).await).await;
    // Of the high tier: whoever makes a meeting has signed in, which the creation key is not.
    assert_eq!(refusal().await.rule, Rule::Mfa);
    let shown = done(directory.path(), &["show"]);
    assert_eq!((&shown["floor"]["number"], &shown["floor"]["origin"]), (&json!(2), &json!("tier high")));
    assert_eq!(value(&shown, "MEET.CHAT.SAFE"), "hosts");
    assert_eq!(value(&shown, "MEET.FILE.OFF"), "always");

    done(directory.path(), &["rollback", "0"]);
    until(async || demands(Controls::of(Tier::Medium)).await).await;
    assert_eq!(post_meeting(server.address, &server.key, &body).await.status, 201);
}

#[test]
fn where_nobody_has_chosen_the_tier_medium_is_shown() {
    let directory = data();
    let shown = done(directory.path(), &["show"]);
    assert_eq!((&shown["floor"], &shown["history"]), (&Value::Null, &json!([])));
    assert_eq!(value(&shown, "MEET.SHARE.HOST"), "granted");
    let text = sabha().args(["policy", "show", "--data"]).arg(directory.path()).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("tier medium holds") && text.contains("MHA 4, CERT-In 7, CISA 3"), "{text}");
}

#[test]
fn a_profile_tightens_and_loosens_only_where_that_is_asked_for() {
    let directory = data();
    done(directory.path(), &["apply", "tier:high"]);
    let difference = done(directory.path(), &["diff", MINISTRY]);
    let share = ("MEET.SHARE.HOST".to_owned(), "looser".to_owned());
    assert!(directions(&difference).contains(&share), "{difference}");

    let kept = done(directory.path(), &["apply", MINISTRY, "--by", "Ben"]);
    assert_eq!((&kept["number"], &kept["by"]), (&json!(2), &json!("Ben")));
    assert_eq!(kept["origin"], format!("{MINISTRY} revision 1, not signed"));
    assert_eq!(kept["changes"], json!([]));
    assert_eq!(value(&done(directory.path(), &["show"]), "MEET.SHARE.HOST"), "hosts");

    let loosened = done(directory.path(), &["apply", MINISTRY, "--loosen"]);
    assert!(directions(&loosened).contains(&share), "{loosened}");
    let shown = done(directory.path(), &["show"]);
    assert_eq!(value(&shown, "MEET.SHARE.HOST"), "granted");
    assert_eq!(shown["history"].as_array().unwrap().len(), 3);
}

#[test]
fn an_earlier_floor_comes_back_as_a_new_one() {
    let directory = data();
    let none = policy(directory.path(), &["rollback"]);
    assert!(refused(&none).contains("no floor before"));
    done(directory.path(), &["apply", "tier:high"]);
    done(directory.path(), &["apply", "tier:low", "--loosen"]);
    let back = done(directory.path(), &["rollback"]);
    assert_eq!((&back["number"], &back["origin"]), (&json!(3), &json!("floor 1: tier high")));
    assert_eq!(value(&done(directory.path(), &["show"]), "MEET.CHAT.SAFE"), "hosts");
    done(directory.path(), &["rollback", "0"]);
    assert_eq!(value(&done(directory.path(), &["show"]), "MEET.SHARE.HOST"), "granted");
    assert!(refused(&policy(directory.path(), &["rollback", "9"])).contains("no floor 9"));
}

#[test]
fn a_signed_profile_is_applied_and_one_that_was_changed_is_not() {
    let directory = data();
    let file = directory.path().join("ours.json");
    let (key, file_name) = (directory.path().join("key"), file.to_str().unwrap());
    write_profile(&file, "MEET.LOCK.AUTO", "10");
    let sign = |key: &Path| {
        printed(&run(&["policy", "sign", file_name, "--key-file", key.to_str().unwrap(), "--output", "json"]))
    };
    let signed = sign(&key);
    assert_eq!(signed["new_key"], true);
    assert_eq!(sign(&key), json!({ "file": file_name, "signed_by": signed["signed_by"], "new_key": false }));
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let public = signed["signed_by"].as_str().unwrap();

    let verified = printed(&run(&["policy", "verify", file_name, "--key", public, "--output", "json"]));
    assert_eq!((&verified["valid"], &verified["signed_by"]), (&json!(true), &json!(public)));
    let applied = done(directory.path(), &["apply", file_name, "--key", public]);
    assert_eq!(applied["origin"], format!("org.example.meetings revision 3, key {public}"));
    assert_eq!(applied["changes"][0]["after"], "10");

    let changed = fs::read_to_string(&file).unwrap().replace("\"10\"", "\"20\"");
    fs::write(&file, changed).unwrap();
    let said = refused(&policy(directory.path(), &["apply", file_name]));
    assert!(said.contains("the signature does not hold"), "{said}");
    assert!(refused(&run(&["policy", "verify", file_name])).contains("the signature does not hold"));

    let other = sign(&directory.path().join("other"))["signed_by"].as_str().unwrap().to_owned();
    let said = refused(&policy(directory.path(), &["apply", file_name, "--key", public]));
    assert!(said.contains("another key") && said.contains(&other), "{said}");
    let said = refused(&policy(directory.path(), &["apply", MINISTRY, "--key", public]));
    assert!(said.contains("not signed"), "{said}");
    assert_eq!(done(directory.path(), &["show"])["history"].as_array().unwrap().len(), 1);
}

#[test]
fn what_is_no_profile_or_no_tier_or_has_no_database_is_refused_by_name() {
    let directory = data();
    let file = directory.path().join("bad.json");
    let name = file.to_str().unwrap();
    write_profile(&file, "MEET.SHARE.HOST", "guests");
    let said = refused(&policy(directory.path(), &["apply", name]));
    assert!(said.contains("MEET.SHARE.HOST cannot be guests"), "{said}");
    write_profile(&file, "MEET.NOTHING", "on");
    let said = refused(&run(&["policy", "verify", name]));
    assert!(said.contains("there is no control MEET.NOTHING"), "{said}");
    fs::write(&file, "{}").unwrap();
    assert!(refused(&policy(directory.path(), &["diff", name])).contains("bad.json"));
    assert!(refused(&policy(directory.path(), &["apply", "tier:top"])).contains("no tier top"));
    assert!(refused(&policy(directory.path(), &["apply", "nothing.json"])).contains("nothing.json"));

    let empty = tempfile::tempdir().unwrap();
    assert!(refused(&policy(empty.path(), &["apply", "tier:high"])).contains("there is no database"));
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn shipped_profiles_and_tiers_are_listed() {
    let listed = printed(&run(&["policy", "list", "--output", "json"]));
    let ids: Vec<&str> =
        listed["profiles"].as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&MINISTRY) && ids.len() == 4, "{ids:?}");
    assert_eq!(listed["tiers"], json!(["low", "medium", "high"]));
}

#[test]
fn a_template_is_made_changed_listed_and_removed_by_its_name() {
    let directory = data();
    let template = |arguments: &[&str]| {
        let arguments: Vec<&str> = ["template"].iter().chain(arguments).copied().collect();
        policy(directory.path(), &arguments)
    };
    let made = printed(&template(&["set", "Board", "tier:high"]));
    let changed = printed(&template(&["set", "Board", MINISTRY]));
    assert_eq!((&made["id"], &made["name"]), (&changed["id"], &json!("Board")));
    printed(&template(&["set", "Open day", "tier:low"]));
    let listed = printed(&template(&["list"]));
    let names: Vec<&str> =
        listed["templates"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Board", "Open day"]);
    assert_eq!(listed["templates"][0]["controls"], changed["controls"]);

    printed(&template(&["remove", "Board"]));
    assert!(refused(&template(&["remove", "Board"])).contains("no template Board"));
    assert!(refused(&template(&["set", "", "tier:low"])).contains("no name for a template"));
    assert!(refused(&template(&["set", "Board", "tier:top"])).contains("no tier top"));
}
