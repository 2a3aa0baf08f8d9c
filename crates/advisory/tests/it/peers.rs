//! Another's validator, `@secvisogram/csaf-validator-lib`, gives the same verdicts: on the standard's documents, on ours, and
//! on those with one thing changed at random. Another's reader, `csaf-tool`, finds in ours what we wrote. `scripts/setup.sh
//! test` installs them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use sabha_advisory::csaf;
use serde_json::{Value, json};

use crate::{documents, stix::judged, vectors};

/// How many documents are changed at random.
const CHANGED: usize = 400;

/// Where the validator differs and the standard, or what it refers to, is with us.
const DIFFERENT: &[&str] = &[
    // Flags refer to products and groups too; it looks at those of remediations and threats.
    "6.1.1", "6.1.4", "6.2.1",
    // Each vulnerability counts for itself; it looks at none if one lacks what the test is about.
    "6.1.7", "6.1.24", "6.1.33", "6.2.2", "6.2.3",
    // A vector from which no score follows is miscalculated, whatever is said beside it.
    "6.1.9",  // A weakness may have any name that it had since CWE 4.0.
    "6.1.11", // What every type of package has in common; it has rules for single types.
    "6.1.13",
    // Revisions of one date stand in the order of their versions, as the standard's documents 6.1.16-16 and -17 have it.
    "6.1.21",
    // `csafvex` is the value of a profile without its separators, as in the standard's document 6.1.26-04.
    "6.1.26",
];

/// A source of choices that is the same in every run.
struct Choices(u64);

impl Choices {
    /// Returns a number below `bound`.
    fn next(&mut self, bound: usize) -> usize {
        // Knuth's constants for MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }
}

/// Changes one thing somewhere in a document: takes it away, puts it twice, or makes it something else.
fn change(json: &mut Value, choices: &mut Choices) {
    let texts = [
        "CSAFPID-9080700",
        "CSAFPID-9080799",
        "1",
        "2",
        "0",
        "1.0.0-rc",
        "2.0.0+x",
        "2021-07-22T10:00:00Z",
        "csaf_vex",
    ];
    match json {
        Value::Object(entries) if !entries.is_empty() => {
            let key = entries.keys().nth(choices.next(entries.len())).unwrap().clone();
            match choices.next(8) {
                0 => drop(entries.remove(&key)),
                1 => drop(entries.insert("zzz".to_owned(), Value::Bool(true))),
                _ => change(entries.get_mut(&key).unwrap(), choices),
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let at = choices.next(items.len());
            match choices.next(8) {
                0 => drop(items.remove(at)),
                1 => items.push(items[at].clone()),
                2 => items.reverse(),
                _ => change(&mut items[at], choices),
            }
        }
        Value::String(text) => *text = texts[choices.next(texts.len())].to_owned(),
        Value::Number(_) => *json = 9.8.into(),
        _ => *json = Value::Null,
    }
}

fn ours(bytes: &[u8]) -> BTreeSet<String> {
    let report = csaf::validate(bytes).unwrap();
    let mut failed: BTreeSet<String> = report
        .findings()
        .iter()
        .map(|finding| finding.rule.id.trim_start_matches("CSAF-").to_owned())
        .collect();
    // By name alone; the validator asks the network.
    failed.remove("6.3.6");
    failed.remove("6.3.7");
    // CVSS is a part of the schema.
    if failed.contains("6.1.8") {
        failed.insert("SCHEMA".to_owned());
    }
    failed
}

#[test]
fn another_validator_gives_the_same_verdicts() {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    if !peers.join("node_modules/@secvisogram").exists() {
        println!("skipped: csaf-validator-lib is not installed (scripts/setup.sh test)");
        return;
    }
    let Some(folder) = vectors::folder() else { return };

    let mut all: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for vector in vectors::all(&folder) {
        all.insert(vector.name.replace('/', "-"), vector.bytes);
    }
    for (name, document) in documents::all() {
        all.insert(format!("ours-{name}.json"), document.write().unwrap());
    }
    let sources: Vec<Vec<u8>> = all.values().cloned().collect();
    let mut choices = Choices(2026);
    for number in 0..CHANGED {
        let mut document: Value = serde_json::from_slice(&sources[choices.next(sources.len())]).unwrap();
        change(&mut document, &mut choices);
        all.insert(format!("changed-{number}.json"), serde_json::to_vec_pretty(&document).unwrap());
    }
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in &all {
        fs::write(directory.path().join(name), bytes).unwrap();
    }

    let output = Command::new("node").arg(peers.join("judge.mjs")).arg(directory.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (mut judged, mut wrong) = (0, Vec::new());
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let verdict: Value = serde_json::from_str(line).unwrap();
        let name = verdict["file"].as_str().unwrap();
        let theirs: BTreeSet<String> = verdict["failed"]
            .as_array()
            .unwrap()
            .iter()
            .map(|number| number.as_str().unwrap().to_owned())
            .collect();
        let ours = ours(&all[name]);
        judged += 1;
        // What the schema refuses, both refuse; what else they say of it depends on where each stumbles.
        let differ = if theirs.contains("SCHEMA") || ours.contains("SCHEMA") {
            theirs.contains("SCHEMA") != ours.contains("SCHEMA")
        } else {
            ours.symmetric_difference(&theirs).any(|number| !DIFFERENT.contains(&&**number))
        };
        if differ {
            let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
                one.difference(other).cloned().collect::<Vec<_>>()
            };
            wrong.push(format!(
                "{name}: only ours {:?}, only theirs {:?}",
                only(&ours, &theirs),
                only(&theirs, &ours)
            ));
        }
    }
    assert_eq!(judged, all.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// It wants a product tree and a CVE in each, which the standard does not.
#[test]
fn another_reader_finds_in_our_documents_what_we_wrote() {
    let directory = tempfile::tempdir().unwrap();
    let written = documents::all().into_iter().filter(|(_, document)| document.product_tree.is_some());
    let written: BTreeMap<String, csaf::Csaf> =
        written.map(|(name, document)| (format!("{name}.json"), document)).collect();
    for (name, document) in &written {
        fs::write(directory.path().join(name), document.write().unwrap()).unwrap();
    }

    let Some(lines) = judged("read_csaf.py", directory.path()) else { return };
    assert_eq!(lines.len(), written.len());
    for line in lines {
        let name = line["file"].as_str().unwrap();
        let document = &written[name].document;
        let (tracking, publisher) = (&document.tracking, &document.publisher);
        let label = document.distribution.as_ref().and_then(csaf::model::Distribution::label).unwrap();
        let read = &line["metadata"];
        for (theirs, ours) in [
            ("title", document.title.as_str()),
            ("category", document.category.as_str()),
            ("author", publisher.name.as_str()),
            ("author_url", publisher.namespace.as_str()),
            ("id", tracking.id.as_str()),
            ("tracking_version", tracking.version.as_str()),
        ] {
            assert_eq!(read[theirs], ours, "{name}: {theirs}");
        }
        assert_eq!(read["tracking_status"], "final", "{name}");
        assert_eq!(read["notes"][0]["text"], document.notes[0].text, "{name}");
        assert_eq!(read["revision"].as_array().unwrap().len(), tracking.revision_history.len(), "{name}");
        // The exact label begins the text, before the one that CSAF 2.0 has for it.
        assert!(read["distribution"].as_str().unwrap().starts_with(label.label()), "{name}: {read}");
        let product = json!({ "vendor": "Example", "product": "Meet", "version": "1.2", "family": "" });
        assert_eq!(line["products"], json!({ "meet-1.2": product }), "{name}");
        let found = &line["vulnerabilities"];
        assert_eq!(found.as_array().unwrap().len(), 1, "{name}");
        assert_eq!(
            (&found[0]["id"], &found[0]["status"]),
            (&json!("CVE-2026-12345"), &json!("known_affected"))
        );
    }
}
