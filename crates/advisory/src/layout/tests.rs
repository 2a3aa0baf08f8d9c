//! The vectors that hold this layout and the browser's together, and what a hostile document can do to either.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const VECTORS: &str = include_str!("vectors.json");

fn vectors() -> Vec<Value> {
    serde_json::from_str(VECTORS).unwrap()
}

#[test]
fn each_document_has_its_layout() {
    let vectors = vectors();
    assert!(vectors.len() >= 5);
    for vector in vectors {
        let found = serde_json::to_value(of(&vector["content"])).unwrap();
        assert_eq!(found, vector["layout"], "{}\n{found:#}", vector["name"]);
    }
}

#[test]
fn sections_come_in_the_order_of_agencies_and_none_is_empty() {
    for vector in vectors() {
        let layout = of(&vector["content"]);
        assert!(layout.sections.iter().all(|section| !section.entries.is_empty()));
        assert!(layout.sections.is_sorted_by(|one, next| one.part < next.part));
    }
}

#[test]
fn only_https_is_a_link() {
    for address in [
        "javascript:alert(1)",
        "http://example.org/",
        "HTTPS://example.org/",
        "https://example.org/ onclick=x",
        "data:text/html,x",
        "//example.org/",
    ] {
        let content = json!({ "document": { "references": [{ "summary": "More", "url": address }] } });
        let layout = of(&content);
        assert_eq!(layout.sections[0].entries[0].link, None, "{address}");
        assert_eq!(layout.sections[0].entries[0].text.as_deref(), Some(address), "still to be read");
    }
}

#[test]
fn what_is_no_document_has_an_empty_layout() {
    for nothing in
        ["", "null", "[]", "7", "{\"document\":7}", "{\"vulnerabilities\":{\"cve\":1}}", "\u{feff}"]
    {
        assert_eq!(layout(nothing.as_bytes()), Layout::default(), "{nothing}");
    }
}

#[test]
fn a_language_is_a_tag_or_none() {
    for (tag, is) in [("en", true), ("ur-PK", true), ("\"><b>", false), ("", false), ("en--x", false)] {
        let layout = of(&json!({ "document": { "lang": tag } }));
        assert_eq!(layout.language.is_some(), is, "{tag}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        Just("document".to_owned()),
        Just("notes".to_owned()),
        Just("vulnerabilities".to_owned()),
        Just("product_tree".to_owned()),
        Just("branches".to_owned()),
        Just("text".to_owned()),
        Just("title".to_owned()),
        "[a-z]{1,3}",
    ];
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), ".{0,8}".prop_map(Value::from)];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::hash_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_json_says_it_has_a_layout_without_empty_entries(content in any_json()) {
        for section in of(&content).sections {
            prop_assert!(!section.entries.is_empty());
            for entry in section.entries {
                prop_assert!(entry.heading.is_some() || entry.text.is_some() || entry.link.is_some());
            }
        }
    }
}
