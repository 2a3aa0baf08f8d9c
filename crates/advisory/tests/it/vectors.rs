//! The standard's own documents: each that is to fail a test fails it, each that is to pass passes it, and exactly those
//! that are not valid have an error.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use sabha_advisory::csaf::{self, Report, Weight};
use serde_json::Value;

/// Returns the folder of the standard's documents, or says that a test is skipped without.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/csaf");
    if folder.join("testcases.json").exists() {
        return Some(folder);
    }
    println!("skipped: the standard's test documents are not at {}", folder.display());
    None
}

/// A document of the standard, and what it is to show.
pub(crate) struct Vector {
    /// The test that it is for, as in `CSAF-6.1.7`.
    pub(crate) rule: String,
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) fails: bool,
    pub(crate) valid: bool,
}

pub(crate) fn all(folder: &Path) -> Vec<Vector> {
    let text = fs::read(folder.join("testcases.json")).unwrap();
    let cases: Value = serde_json::from_slice(&text).unwrap();
    let mut vectors = Vec::new();
    for test in cases["tests"].as_array().unwrap() {
        for (list, fails) in [("failures", true), ("valid", false)] {
            for case in test[list].as_array().into_iter().flatten() {
                let name = case["name"].as_str().unwrap();
                vectors.push(Vector {
                    rule: format!("CSAF-{}", test["id"].as_str().unwrap()),
                    name: name.to_owned(),
                    bytes: fs::read(folder.join(name)).unwrap(),
                    fails,
                    valid: case["valid"].as_bool().unwrap(),
                });
            }
        }
    }
    assert!(vectors.len() >= 140, "{} documents", vectors.len());
    vectors
}

/// Documents that fail an optional test with one hash algorithm twice, and so fail test 6.1.25 too: by the standard's text
/// they are not valid, though its list of documents says that they are.
pub(crate) const CONTRADICTED: [&str; 2] = [
    "optional/oasis_csaf_tc-csaf_2_0-2021-6-2-08-02.json",
    "optional/oasis_csaf_tc-csaf_2_0-2021-6-2-09-02.json",
];

fn rules(report: &Report) -> BTreeSet<&str> {
    report.findings().iter().map(|finding| finding.rule.id).collect()
}

#[test]
fn each_document_of_the_standard_fails_exactly_what_it_is_to_fail() {
    let Some(folder) = folder() else { return };
    let mut wrong = Vec::new();
    for vector in all(&folder) {
        let report = csaf::validate(&vector.bytes).unwrap();
        let found = rules(&report).contains(&*vector.rule);
        let errors: Vec<String> = report
            .findings()
            .iter()
            .filter(|finding| finding.rule.weight() == Weight::Error)
            .map(ToString::to_string)
            .collect();
        let valid = if CONTRADICTED.contains(&&*vector.name) {
            assert!(errors.iter().all(|error| error.contains(" CSAF-6.1.25: ")), "{errors:?}");
            !vector.valid
        } else {
            vector.valid
        };
        if found != vector.fails || report.is_valid() != valid {
            wrong.push(format!("{} ({}): {errors:?}", vector.name, vector.rule));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn template_of_the_standard_is_valid() {
    let Some(folder) = folder() else { return };
    let bytes = fs::read(folder.join("oasis_csaf_tc-csaf_2_0-2021-TEMPLATE.json")).unwrap();
    assert!(csaf::validate(&bytes).unwrap().is_valid());
}
