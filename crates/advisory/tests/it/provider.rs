//! What a trusted provider publishes beside its documents.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use sabha_advisory::{
    Tlp,
    csaf::{
        Csaf, Release,
        model::{Publisher, PublisherCategory},
        provider::{self, HashKind, Key, PublishError, Published},
    },
};
use serde_json::Value;

use crate::{documents, vectors};

const ORIGIN: &str = "https://cert.example.org";
const NOON: &str = "2026-11-27T12:00:00Z";

/// Returns a document of each label and its revision a day later, of which the id tells the label.
fn published() -> Vec<Published> {
    let mut all = Vec::new();
    for (name, mut document) in documents::all().into_iter().filter(|(name, _)| name.starts_with("csaf_base"))
    {
        document.document.tracking.id = format!("Secret of {name}");
        document.document.title.clone_from(&document.document.tracking.id);
        all.push(Published::of(&document).unwrap());
        let tracking = &mut document.document.tracking;
        tracking.id = format!("Another {name}");
        tracking.revise("2026-11-28T10:00:00+05:30", "More").unwrap();
        tracking.release("2026-11-28T10:00:00+05:30", "More", Release::Interim).unwrap();
        all.push(Published::of(&document).unwrap());
    }
    assert_eq!(all.len(), 2 * Tlp::ALL.len());
    all
}

fn publisher() -> Publisher {
    Publisher {
        category: PublisherCategory::Coordinator,
        contact_details: None,
        issuing_authority: None,
        name: "Example CERT".to_owned(),
        namespace: ORIGIN.to_owned(),
    }
}

#[test]
fn lists_of_a_label_name_its_documents_newest_first_and_no_others() {
    let published = published();
    for label in Tlp::ALL {
        let word = label.name().replace('+', "-").to_lowercase();
        let (other, secret) =
            (format!("2026/another_csaf_base-{word}.json"), format!("2026/secret_of_csaf_base-{word}.json"));
        assert_eq!(provider::index(&published, label), format!("{other}\n{secret}\n"));
        let changes = provider::changes(&published, label);
        assert_eq!(changes, format!("\"{other}\",\"2026-11-28T10:00:00+05:30\"\n\"{secret}\",\"{NOON}\"\n"));

        let feed: Value = serde_json::from_slice(&provider::feed(ORIGIN, &published, label, NOON)).unwrap();
        let entries = feed["feed"]["entry"].as_array().unwrap();
        let ids: Vec<&str> = entries.iter().map(|entry| entry["id"].as_str().unwrap()).collect();
        let name = label.name().replace('+', "-");
        assert_eq!(ids, [format!("Another csaf_base-{name}"), format!("Secret of csaf_base-{name}")]);
        let url = format!("{ORIGIN}/.well-known/csaf/{word}/{other}");
        assert_eq!(
            (&entries[0]["content"]["src"], &entries[0]["link"][0]["href"]),
            (&url.clone().into(), &url.into())
        );
        assert_eq!(entries[0]["updated"], "2026-11-28T10:00:00+05:30");
    }
}

#[test]
fn summary_in_a_list_is_bounded_whatever_stands_in_the_document() {
    let mut document = documents::all().swap_remove(0).1;
    document.document.notes[0].text = "घ".repeat(100_000);
    let summary = Published::of(&document).unwrap().summary.unwrap();
    assert_eq!(summary, "घ".repeat(provider::SUMMARY_CHARS_MAX) + "…");
}

#[test]
fn folders_of_labels_are_apart() {
    let folders: BTreeSet<String> = Tlp::ALL.into_iter().map(provider::folder).collect();
    assert_eq!(folders.len(), Tlp::ALL.len());
    for label in Tlp::ALL {
        let folder = provider::folder(label);
        assert_eq!(provider::label_of(folder.rsplit('/').next().unwrap()), Some(label));
    }
    assert_eq!(provider::label_of("white"), None);
}

#[test]
fn listing_of_a_folder_leads_to_what_is_in_it_and_to_nothing_else() {
    let all = published();
    for label in Tlp::ALL {
        let links = |year| -> Option<Vec<String>> {
            let page = provider::listing(&all, label, year)?;
            let href = |part: &str| part.split('"').next().unwrap().to_owned();
            Some(page.split("href=\"").skip(1).map(href).collect())
        };
        assert_eq!(links(None).unwrap(), ["2026/", "changes.csv", "feed.json", "index.txt"]);
        let index = provider::index(&all, label);
        let documents: Vec<String> = links(Some("2026")).unwrap();
        for line in index.lines() {
            let name = line.strip_prefix("2026/").unwrap();
            for ending in ["", ".sha256", ".sha512", ".asc"] {
                assert!(documents.contains(&format!("{name}{ending}")), "{name}{ending}");
            }
        }
        assert_eq!(documents.len(), 4 * index.lines().count());
        assert_eq!(links(Some("2025")), None);
    }
}

#[test]
fn hashes_are_written_as_the_tools_check_them() {
    let line = provider::hash_file(b"abc", "a.json", HashKind::Sha256);
    assert_eq!(line, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.json\n");
    assert_eq!(provider::hash_file(b"abc", "a.json", HashKind::Sha512).find("  a.json\n"), Some(128));
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.json"), "abc").unwrap();
    for (kind, tool) in [(HashKind::Sha256, "sha256sum"), (HashKind::Sha512, "sha512sum")] {
        fs::write(directory.path().join("sums"), provider::hash_file(b"abc", "a.json", kind)).unwrap();
        let check = Command::new(tool)
            .args(["--check", "--strict", "sums"])
            .current_dir(directory.path())
            .output()
            .unwrap();
        assert!(check.status.success(), "{tool}");
    }
}

#[test]
fn document_is_served_with_its_hashes_and_its_signature_or_not_at_all() {
    let document = documents::all().swap_remove(0).1;
    let (entry, written) = (Published::of(&document).unwrap(), document.write().unwrap());
    let files =
        provider::files(&entry, written.clone(), |bytes| Ok::<_, ()>(format!("signed {}", bytes.len())))
            .unwrap();
    let path = "/.well-known/csaf/clear/2026/ciad-2026-0001.json";
    let paths: Vec<&str> = files.iter().map(|file| &*file.path).collect();
    assert_eq!(paths, [".sha256", ".sha512", ".asc", ""].map(|ending| format!("{path}{ending}")));
    assert_eq!(files[3].content, written);
    assert_eq!(files[2].content, format!("signed {}", written.len()).as_bytes());
    assert_eq!(
        files[0].content,
        provider::hash_file(&written, "ciad-2026-0001.json", HashKind::Sha256).as_bytes()
    );
    assert_eq!(provider::files(&entry, written, |_| Err("no key")), Err("no key"));
}

#[test]
fn drafts_and_documents_without_a_label_are_not_published() {
    let document = || -> Csaf { documents::all().swap_remove(0).1 };
    let mut draft = document();
    draft.document.tracking.revise("2026-11-28T10:00:00Z", "More").unwrap();
    assert_eq!(Published::of(&draft), Err(PublishError::Draft));
    let mut bare = document();
    bare.document.distribution = None;
    assert_eq!(Published::of(&bare), Err(PublishError::Label));
    let mut timeless = document();
    timeless.document.tracking.initial_release_date = "../../x".to_owned();
    assert_eq!(Published::of(&timeless), Err(PublishError::Date));
}

/// By the standard's own schema, and a validator that is not ours.
#[test]
fn metadata_fits_the_schema_of_the_standard() {
    let keys = [Key {
        fingerprint: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        url: format!("{ORIGIN}/key.asc"),
    }];
    let all = provider::metadata(ORIGIN, &publisher(), &keys, &Tlp::ALL, NOON);
    let metadata: Value = serde_json::from_slice(&all).unwrap();
    assert_eq!(metadata["canonical_url"], "https://cert.example.org/.well-known/csaf/provider-metadata.json");
    assert_eq!(
        provider::security_txt_line(ORIGIN),
        format!("CSAF: {}\n", metadata["canonical_url"].as_str().unwrap())
    );
    let feeds =
        metadata["distributions"].as_array().unwrap().last().unwrap()["rolie"]["feeds"].as_array().unwrap();
    let labels: Vec<&str> = feeds.iter().map(|feed| feed["tlp_label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["WHITE", "GREEN", "AMBER", "AMBER", "RED"]);

    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    if !peers.join("node_modules/ajv").exists() {
        println!("skipped: ajv is not installed (scripts/setup.sh test)");
        return;
    }
    let Some(folder) = vectors::folder() else { return };
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("all.json"), all).unwrap();
    fs::write(directory.path().join("none.json"), provider::metadata(ORIGIN, &publisher(), &[], &[], NOON))
        .unwrap();
    let script = Command::new("node")
        .arg(peers.join("fits.mjs"))
        .args([folder.join("schema/provider_json_schema.json"), folder.join("schema/csaf_json_schema.json")])
        .args([directory.path().join("all.json"), directory.path().join("none.json")])
        .output()
        .unwrap();
    assert!(script.status.success(), "{}", String::from_utf8_lossy(&script.stderr));
}
