//! `sabha advisory validate`: what it says of a document, and what it cannot read.

use std::{
    fs,
    io::Write as _,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use crate::binary::{run, sabha, stderr};

pub fn document() -> Value {
    json!({
        "document": {
            "category": "csaf_base",
            "csaf_version": "2.0",
            "distribution": { "tlp": { "label": "GREEN" } },
            "lang": "en-IN",
            "publisher": { "category": "coordinator", "name": "Example CERT", "namespace": "https://example.org" },
            "references": [{
                "category": "self",
                "summary": "This document",
                "url": "https://example.org/csaf/2026/ciad-2026-0001.json",
            }],
            "title": "Secure use of meetings",
            "tracking": {
                "current_release_date": "2026-11-27T10:00:00Z",
                "id": "CIAD-2026-0001",
                "initial_release_date": "2026-11-27T10:00:00Z",
                "revision_history": [{ "date": "2026-11-27T10:00:00Z", "number": "1", "summary": "First version" }],
                "status": "final",
                "version": "1",
            },
        },
    })
}

pub fn validate(input: &[u8], more: &[&str]) -> Output {
    let mut child = sabha()
        .args(["advisory", "validate", "-"])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have seen enough before the end.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[test]
fn valid_document_is_called_so_and_the_exit_code_is_0() {
    let output = validate(document().to_string().as_bytes(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "- is valid: errors 0, warnings 0, information 0.\n");
}

#[test]
fn document_that_is_not_valid_is_told_by_rules_and_the_exit_code_is_3() {
    let mut document = document();
    document["document"]["tracking"]["version"] = "2".into();
    document["document"]["lang"] = Value::Null;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ciad-2026-0001.json");
    fs::write(&path, document.to_string()).unwrap();
    let path = path.to_str().unwrap();

    let output = run(&["advisory", "validate", path]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "error CSAF-SCHEMA: /document/lang: This has to be a text.");
    assert!(lines[1].starts_with("error CSAF-6.1.16: /document/tracking/version: "), "{said}");
    assert!(lines.last().unwrap().ends_with(" is not valid: errors 2, warnings 1, information 0."), "{said}");

    let output = run(&["advisory", "validate", "--output", "json", path]);
    assert_eq!(output.status.code(), Some(3));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&said["valid"], &said["file"], &said["left_out"]), (&json!(false), &json!(path), &json!(0)));
    let finding = &said["findings"][1];
    assert_eq!((&finding["rule"], &finding["weight"]), (&json!("CSAF-6.1.16"), &json!("error")));
    assert_eq!(finding["title"], "Latest Document Version");
    assert_eq!(finding["pointer"], "/document/tracking/version");
}

#[test]
fn what_cannot_be_read_is_an_error_with_a_remedy_and_the_exit_code_is_1() {
    let too_large = [b"\"".to_vec(), vec![b'x'; 15_000_000]].concat();
    let deep = "[".repeat(1_000_000);
    for (input, reason) in [
        (&b"{\"a\": }"[..], "line 1, column 7: this is not JSON"),
        (&b"\"\xff\""[..], "this is not JSON"),
        (&b"{\"a\":1,\"a\":2}"[..], "the key \"a\" stands twice"),
        (deep.as_bytes(), "more than 96 deep"),
        (&too_large, "15000000 are the most"),
    ] {
        let output = validate(input, &[]);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty(), "nothing was checked, so nothing is said of it");
        let said = stderr(&output);
        assert!(said.contains(reason) && said.lines().count() >= 2, "{said}");
    }
    let output = run(&["advisory", "validate", "/nowhere/document.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("/nowhere/document.json cannot be read"));
    assert_eq!(run(&["advisory", "validate"]).status.code(), Some(2));
}

fn convert(to: &str, input: &[u8]) -> Output {
    convert_with(&["--to", to], input)
}

fn convert_with(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = sabha()
        .args(["advisory", "convert", "-"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have seen enough before the end.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[test]
fn document_becomes_a_bundle_and_a_bundle_a_valid_draft() {
    let there = convert("stix", document().to_string().as_bytes());
    assert_eq!(there.status.code(), Some(0), "{}", stderr(&there));
    let bundle: Value = serde_json::from_slice(&there.stdout).unwrap();
    assert_eq!((&bundle["type"], &bundle["objects"][0]["name"]), (&json!("bundle"), &json!("TLP:GREEN")));

    let mut bundle = bundle;
    bundle["objects"].as_array_mut().unwrap().push(json!({
        "type": "malware", "spec_version": "2.1", "id": "malware--00000000-0000-4000-8000-000000000001",
    }));
    let back = convert("csaf", bundle.to_string().as_bytes());
    assert_eq!(back.status.code(), Some(0), "{}", stderr(&back));
    assert!(
        stderr(&back).starts_with("left out: malware--00000000-0000-4000-8000-000000000001: "),
        "{back:?}"
    );
    let draft: Value = serde_json::from_slice(&back.stdout).unwrap();
    assert_eq!(draft["document"]["title"], document()["document"]["title"]);
    assert_eq!(draft["document"]["distribution"]["tlp"]["label"], "GREEN");
    assert_eq!(validate(&back.stdout, &[]).status.code(), Some(0));
}

#[test]
fn document_becomes_an_event_and_an_event_a_valid_draft() {
    let there = convert("misp", document().to_string().as_bytes());
    assert_eq!(there.status.code(), Some(0), "{}", stderr(&there));
    let event: Value = serde_json::from_slice(&there.stdout).unwrap();
    assert_eq!(event["Event"]["Tag"][0]["name"], "tlp:green");
    let back = convert("csaf", &there.stdout);
    assert_eq!((back.status.code(), &*stderr(&back)), (Some(0), ""));
    let draft: Value = serde_json::from_slice(&back.stdout).unwrap();
    assert_eq!(draft["document"]["title"], document()["document"]["title"]);
    assert_eq!(validate(&back.stdout, &[]).status.code(), Some(0));
}

#[test]
fn prose_becomes_a_draft_and_what_it_leaves_out_is_named() {
    let page = b"TLP:GREEN<h1>A flaw</h1><script>x</script><h2>Overview</h2>Read &lt;b&gt; this.";
    let drafted = convert_with(&["--from", "html", "--to", "csaf"], page);
    assert_eq!(drafted.status.code(), Some(0), "{}", stderr(&drafted));
    assert_eq!(stderr(&drafted), "left out: element script: nothing of a page is run\n");
    let draft: Value = serde_json::from_slice(&drafted.stdout).unwrap();
    assert_eq!(draft["document"]["notes"][0]["text"], "Read < b> this.");
    let bundle = convert_with(&["--from", "text", "--to", "stix"], b"TLP:RED\nA flaw\nOverview\nRead this.");
    assert_eq!(bundle.status.code(), Some(0), "{}", stderr(&bundle));
    assert!(String::from_utf8(bundle.stdout).unwrap().contains("Read this."));
    assert_eq!(convert_with(&["--from", "pdf", "--to", "csaf"], page).status.code(), Some(2));
}

#[test]
fn what_cannot_be_converted_is_an_error_with_a_remedy() {
    let mut unmarked = document();
    unmarked["document"].as_object_mut().unwrap().remove("distribution");
    for (to, input, reason) in [
        ("stix", unmarked.to_string(), "names no label of TLP"),
        ("stix", "{}".to_owned(), "does not fit the schema"),
        (
            "csaf",
            "{}".to_owned(),
            "this is not a document of CSAF 2.0, a bundle of STIX 2.1 or an event of MISP",
        ),
        ("csaf", "PK\u{3}\u{4}".to_owned(), "a ZIP archive"),
        ("csaf", "[".repeat(1000), "more than 96 deep"),
    ] {
        let output = convert(to, input.as_bytes());
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let said = stderr(&output);
        assert!(said.contains(reason) && said.lines().count() >= 2, "{said}");
    }
}

#[test]
fn folder_of_documents_is_a_trusted_provider_whose_every_byte_is_signed() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let mut clear = document();
    clear["document"]["distribution"] = json!({ "tlp": { "label": "WHITE" }, "text": "TLP:CLEAR" });
    fs::write(at("a.json"), clear.to_string()).unwrap();
    let site = |to: &str, file: &str| {
        run(&[
            "advisory",
            "site",
            "--origin",
            "https://cert.example.org",
            "--key-file",
            &at("key"),
            "--to",
            &at(to),
            &at(file),
        ])
    };

    let made = site("site", "a.json");
    assert!(made.status.success(), "{}", stderr(&made));
    let root = directory.path().join("site/.well-known/csaf");
    let text =
        |path: &str| fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let metadata: Value = serde_json::from_str(&text("provider-metadata.json")).unwrap();
    assert_eq!(metadata["role"], "csaf_trusted_provider");
    let fingerprint = metadata["public_openpgp_keys"][0]["fingerprint"].as_str().unwrap();
    let folder = metadata["distributions"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|one| one["directory_url"].as_str())
        .unwrap();
    let folder = folder
        .trim_start_matches("https://cert.example.org/.well-known/csaf/")
        .trim_end_matches('/')
        .to_owned();
    assert_eq!(text(&format!("{folder}/index.txt")), "2026/ciad-2026-0001.json\n");
    assert!(text(&format!("{folder}/changes.csv")).contains("2026/ciad-2026-0001.json"));
    assert!(text(&format!("{folder}/feed.json")).contains("ciad-2026-0001.json.asc"));
    assert!(text(&format!("{folder}/2026/index.html")).contains("ciad-2026-0001.json.sha512"));
    let published = root.join(format!("{folder}/2026/ciad-2026-0001.json"));
    assert_eq!(fs::read(&published).unwrap(), fs::read(at("a.json")).unwrap());

    // Again with the same key: the same bytes, signatures with them.
    assert!(site("again", "a.json").status.success());
    let same = std::process::Command::new("diff").args(["-r", &at("site"), &at("again")]).output().unwrap();
    assert!(same.status.success(), "{}", String::from_utf8_lossy(&same.stdout));

    let gpg = |arguments: &[&str]| {
        let home = directory.path().join("gpg");
        fs::create_dir_all(&home).unwrap();
        let mut command = std::process::Command::new("gpg");
        command
            .args(["--homedir", home.to_str().unwrap(), "--batch", "--status-fd", "1"])
            .args(arguments)
            .output()
    };
    let key = root.join(format!("openpgp/{fingerprint}.asc"));
    let Ok(imported) = gpg(&["--import", key.to_str().unwrap()]) else {
        assert!(std::env::var_os("CI").is_none(), "gpg is missing: scripts/setup.sh test installs it");
        return println!("skipped: gpg is missing");
    };
    assert!(String::from_utf8_lossy(&imported.stdout).contains(&format!("IMPORT_OK 1 {fingerprint}")));
    let signature = root.join(format!("{folder}/2026/ciad-2026-0001.json.asc"));
    let verify = || gpg(&["--verify", signature.to_str().unwrap(), published.to_str().unwrap()]).unwrap();
    assert!(verify().status.success(), "{}", stderr(&verify()));
    fs::write(&published, clear.to_string().replace("Secure", "Unsafe")).unwrap();
    assert!(!verify().status.success());
}

#[test]
fn folder_takes_only_what_everybody_may_read_and_one_publisher_says() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let refused = |files: &[&str]| {
        let files: Vec<String> = files.iter().map(|file| at(file)).collect();
        let (key, to) = (at("key"), at("site"));
        let mut arguments =
            vec!["advisory", "site", "--origin", "https://example.org", "--key-file", &key, "--to", &to];
        arguments.extend(files.iter().map(String::as_str));
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(!directory.path().join("site").exists(), "nothing is written");
        stderr(&output)
    };
    // The one above is TLP:GREEN.
    fs::write(at("green.json"), document().to_string()).unwrap();
    assert!(refused(&["green.json"]).contains("BULLETIN-LABEL"));
    let mut clear = document();
    clear["document"]["distribution"] = json!({ "tlp": { "label": "WHITE" }, "text": "TLP:CLEAR" });
    fs::write(at("a.json"), clear.to_string()).unwrap();
    assert!(refused(&["a.json", "a.json"]).contains("would be the same file"));
    clear["document"]["publisher"]["name"] = "Another".into();
    clear["document"]["tracking"]["id"] = "CIAD-2026-0002".into();
    fs::write(at("b.json"), clear.to_string()).unwrap();
    assert!(refused(&["a.json", "b.json"]).contains("another publisher"));
    fs::write(at("c.json"), "{").unwrap();
    assert!(refused(&["c.json"]).contains("c.json is not fit"));
}
