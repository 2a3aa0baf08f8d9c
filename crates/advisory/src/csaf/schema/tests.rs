//! The tables against the standard's own file, and the walk over what does not fit.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path as FilePath,
};

use serde_json::Value;

use super::*;
use crate::csaf::validate;

/// Compares a table with its part of the schema, and what lies below with what lies below.
fn agree(shape: &'static Shape, schema: &Value, root: &Value, at: &str, seen: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        if reference.starts_with("https://www.first.org/cvss/cvss-v2.0.json") {
            assert!(matches!(shape, Shape::Scoring(_)), "{at}");
            return;
        }
        // Branches have branches.
        if seen.insert(format!("{reference} {:p}", shape)) {
            let definition = root.pointer(reference.trim_start_matches('#')).unwrap();
            agree(shape, definition, root, at, seen);
        }
        return;
    }
    if schema["oneOf"].is_array() {
        assert!(matches!(shape, Shape::CvssV3), "{at}");
        return;
    }
    let number = |key: &str| schema[key].as_u64().map(|number| usize::try_from(number).unwrap());
    match shape {
        Shape::Object(object) => {
            assert_eq!(schema["type"], "object", "{at}");
            let properties: BTreeMap<&str, &'static Shape> = object.properties.iter().copied().collect();
            assert!(object.properties.is_sorted_by_key(|(key, _)| key), "{at}");
            let expected: BTreeSet<&str> =
                schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(properties.keys().copied().collect::<BTreeSet<_>>(), expected, "{at}");
            let texts = |value: &Value| -> BTreeSet<String> {
                value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
            };
            let required = object.required.iter().map(|&key| key.to_owned()).collect::<BTreeSet<_>>();
            assert_eq!(required, texts(&schema["required"]), "{at}");
            let keys = (number("minProperties").unwrap_or(0), number("maxProperties").unwrap_or(usize::MAX));
            assert_eq!(object.keys, keys, "{at}");
            for (key, shape) in properties {
                agree(shape, &schema["properties"][key], root, &format!("{at}/{key}"), seen);
            }
        }
        Shape::List { items, least, unique } => {
            assert_eq!(schema["type"], "array", "{at}");
            assert_eq!(
                (*least, *unique),
                (number("minItems").unwrap(), schema["uniqueItems"] == true),
                "{at}"
            );
            agree(items, &schema["items"], root, &format!("{at}[]"), seen);
        }
        Shape::OneOf(words) => {
            let mut words = words.to_vec();
            words.sort_unstable();
            assert_eq!(serde_json::json!(words), schema["enum"], "{at}");
        }
        Shape::Text(form) => {
            assert_eq!(schema["type"], "string", "{at}");
            // A piece of the pattern by which it is known: the patterns themselves stand beside the functions.
            let (format, piece) = match form {
                Form::Any => (None, None),
                Form::Category => (None, Some(r"^[^\s\-_\.](.*[^\s\-_\.])?$")),
                Form::Cpe => (None, Some("cpe:2")),
                Form::Cve => (None, Some("^CVE-[0-9]{4}-[0-9]{4,}$")),
                Form::CweId => (None, Some(r"^CWE-[1-9]\d{0,5}$")),
                Form::DateTime => (Some("date-time"), None),
                Form::Hash => (None, Some("^[0-9a-fA-F]{32,}$")),
                Form::Language => (None, Some("[Ii]-[Mm][Ii][Nn][Gg][Oo]")),
                Form::Purl => (Some("uri"), Some(r"^pkg:[A-Za-z\.\-\+][A-Za-z0-9\.\-\+]*/.+")),
                Form::TrackingId => (None, Some(r"^[\S](.*[\S])?$")),
                Form::Uri => (Some("uri"), None),
                Form::Vector(_) => panic!("{at}: only CVSS has vectors"),
                Form::Version => (None, Some(r"^(0|[1-9][0-9]*)$|^((0|[1-9]\d*)")),
            };
            assert_eq!(schema["format"].as_str(), format, "{at}");
            match (schema["pattern"].as_str(), piece) {
                (Some(pattern), Some(piece)) => assert!(pattern.contains(piece), "{at}: {pattern}"),
                (pattern, piece) => assert_eq!(pattern, piece, "{at}"),
            }
        }
        Shape::CvssV3 | Shape::Score | Shape::Scoring(_) => {
            panic!("{at}: the schema has no scores of its own")
        }
    }
}

#[test]
fn tables_are_the_schema_of_the_standard() {
    let path = FilePath::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/csaf/schema/csaf_json_schema.json");
    let Ok(text) = fs::read(&path) else {
        println!("skipped: the standard's schema is not at {}", path.display());
        return;
    };
    let schema: Value = serde_json::from_slice(&text).unwrap();
    agree(&tables::DOCUMENT, &schema, &schema, "", &mut BTreeSet::new());
}

/// Returns the findings for a document that is put together from parts.
fn findings(meta: &str, rest: &str) -> Vec<String> {
    let text = format!(
        r#"{{"document":{{"category":"csaf_base","csaf_version":"2.0",{meta}
        "publisher":{{"category":"other","name":"x","namespace":"https://example.org"}},"title":"x",
        "tracking":{{"current_release_date":"2026-11-27T10:00:00Z","id":"x","initial_release_date":"2026-11-27T10:00:00Z",
        "revision_history":[{{"date":"2026-11-27T10:00:00Z","number":"1","summary":"x"}}],"status":"final","version":"1"}}}}{rest}}}"#
    );
    let report = validate(text.as_bytes()).unwrap();
    let shape = ["CSAF-SCHEMA", "CSAF-6.1.8", "CSAF-6.2.13", "CSAF-6.2.20"];
    let of_shape = report.findings().iter().filter(|finding| shape.contains(&finding.rule.id));
    of_shape.map(|finding| format!("{} {}", finding.rule.id, finding.pointer)).collect()
}

#[test]
fn what_does_not_fit_is_found_where_it_is() {
    assert_eq!(findings("", ""), [""; 0]);
    for (meta, found) in [
        (r#""lang":1,"#, "/document/lang"),
        (r#""lang":"e","#, "/document/lang"),
        (r#""notes":[],"#, "/document/notes"),
        (r#""notes":{},"#, "/document/notes"),
        (r#""notes":[{"category":"x","text":"x"}],"#, "/document/notes/0/category"),
        (r#""notes":[{"category":"faq","text":""}],"#, "/document/notes/0/text"),
        (r#""notes":[{"category":"faq"}],"#, "/document/notes/0"),
        (r#""notes":[{"category":"faq","text":null}],"#, "/document/notes/0/text"),
        (r#""aggregate_severity":{},"#, "/document/aggregate_severity"),
    ] {
        // That it stands in the wrong place is not what is asked here.
        let faults: Vec<_> =
            findings(meta, "").into_iter().filter(|fault| !fault.starts_with("CSAF-6.2.13")).collect();
        assert_eq!(faults, [format!("CSAF-SCHEMA {found}")], "{meta}");
    }
    for (rest, found) in [
        (r#","product_tree":{}"#, "/product_tree"),
        (r#","product_tree":{"branches":[{"category":"vendor","name":"x"}]}"#, "/product_tree/branches/0"),
        (
            r#","product_tree":{"product_groups":[{"group_id":"g","product_ids":["a","a"]}]}"#,
            "/product_tree/product_groups/0/product_ids/1",
        ),
        (
            r#","vulnerabilities":[{"flags":[{"date":"2026-11-27T10:00:00Z","label":"component_not_present"},
                {"label":"component_not_present","date":"2026-11-27T10:00:00Z"}]}]"#,
            "/vulnerabilities/0/flags/1",
        ),
    ] {
        let found = format!("CSAF-SCHEMA {found}");
        assert!(findings("", rest).contains(&found), "{rest}: {:?}", findings("", rest));
    }
}

#[test]
fn faults_of_a_score_are_those_of_the_test_for_scores() {
    let score = |cvss: &str| {
        findings("", &format!(r#","vulnerabilities":[{{"scores":[{{{cvss},"products":["x"]}}]}}]"#))
    };
    let vector = "CVSS:3.1/AV:L/AC:L/PR:H/UI:R/S:U/C:H/I:H/A:H";
    let at = "CSAF-6.1.8 /vulnerabilities/0/scores/0/cvss_v3";
    assert_eq!(
        score(&format!(r#""cvss_v3":{{"baseScore":6.5,"vectorString":"{vector}","version":"3.1"}}"#)),
        [at]
    );
    let with = |more: &str| {
        format!(
            r#""cvss_v3":{{"baseScore":6.5,"baseSeverity":"MEDIUM",{more}"vectorString":"{vector}","version":"3.1"}}"#
        )
    };
    assert_eq!(score(&with("")), [""; 0]);
    assert_eq!(score(&with(r#""scope":"X","#)), [format!("{at}/scope")]);
    assert_eq!(score(&with(r#""temporalScore":11,"#)), [format!("{at}/temporalScore")]);
    let other = with("").replace("\"version\":\"3.1\"", "\"version\":\"4.0\"");
    assert_eq!(score(&other), [format!("{at}/version")]);
    assert_eq!(score(&other.replace("4.0", "3.0")), [format!("{at}/vectorString")]);
}

#[test]
fn order_and_strangeness_of_keys_are_warnings_at_any_depth() {
    assert_eq!(
        findings(r#""x":{"b":1,"a":[{"d":1,"c":2}]},"#, ""),
        [
            "CSAF-6.2.13 /document/x/a",
            "CSAF-6.2.13 /document/x/a/0/c",
            "CSAF-6.2.13 /document/publisher",
            "CSAF-6.2.20 /document/x",
        ]
    );
}
