//! Documents as events of MISP, and back.

use std::fs;

use proptest::prelude::*;
use sabha_advisory::{
    ImportError, Imported, Tlp,
    csaf::{self, Csaf, model::Distribution},
    misp,
};
use sabha_protocol::bulletin::DocumentKind;
use serde_json::{Value, json};

use crate::stix::{judged, rich, source};

fn export(kind: DocumentKind, tlp: Tlp, csaf: &Csaf) -> Vec<u8> {
    misp::export(&source(kind, tlp, &csaf.write().unwrap())).unwrap()
}

/// Returns what MISP has a place for.
fn gist(csaf: &Csaf) -> Value {
    let texts =
        |notes: &[csaf::model::Note]| -> Vec<String> { notes.iter().map(|note| note.text.clone()).collect() };
    let mut all = texts(&csaf.document.notes);
    all.extend(csaf.vulnerabilities.iter().flat_map(|of| texts(&of.notes).into_iter().skip(1)));
    // A remedy comes back as a text.
    all.extend(
        csaf.vulnerabilities
            .iter()
            .flat_map(|of| of.remediations.iter().map(|remedy| remedy.details.clone())),
    );
    all.sort();
    let vulnerabilities: Vec<Value> = csaf
        .vulnerabilities
        .iter()
        .map(|of| {
            let vectors: Vec<_> =
                of.scores.iter().flat_map(|score| [&score.cvss_v3, &score.cvss_v2]).flatten().collect();
            json!([
                of.cve,
                of.title,
                texts(&of.notes).first(),
                vectors,
                of.references.iter().map(|link| &link.url).collect::<Vec<_>>()
            ])
        })
        .collect();
    let links: Vec<_> = csaf.document.references.iter().map(|link| (&link.summary, &link.url)).collect();
    json!([csaf.document.title, csaf.document.tracking.id, all, vulnerabilities, links])
}

#[test]
fn a_document_comes_back_with_what_it_said() {
    for (name, label, document) in rich() {
        for kind in DocumentKind::ALL {
            let event = export(kind, label, &document);
            assert_eq!(event, export(kind, label, &document), "always the same bytes");
            let back = misp::import(&event).unwrap();
            let narrow = label.narrower(if label == Tlp::Amber { Tlp::AmberStrict } else { Tlp::Clear });
            assert_eq!((back.kind, back.tlp), (kind, Some(narrow)), "{name}");
            assert_eq!(back.left_out, [], "{name}");
            let report = csaf::validate(&back.content).unwrap();
            assert!(report.is_valid(), "{name}: {:?}", report.findings());
            assert_eq!(gist(&document), gist(&Csaf::read(&back.content).unwrap()), "{name}");
        }
    }
}

#[test]
fn an_event_has_the_exact_tag_and_travels_no_further() {
    for marked in Tlp::ALL {
        for inside in Tlp::ALL {
            let (_, _, mut document) = rich().remove(0);
            document.document.distribution = Some(Distribution::labelled(inside, None));
            let label = marked.narrower(inside);
            let event: Value =
                serde_json::from_slice(&export(DocumentKind::Advisory, marked, &document)).unwrap();
            let event = &event["Event"];
            assert_eq!(event["Tag"][0]["name"], format!("tlp:{}", label.name().to_ascii_lowercase()));
            let far = match label {
                Tlp::Clear => "3",
                Tlp::Green => "1",
                _ => "0",
            };
            assert_eq!(event["distribution"], far);
            for part in ["Attribute", "Object", "EventReport"] {
                let parts = event[part].as_array().unwrap();
                assert!(parts.iter().all(|part| part["distribution"] == "5"), "as the event has it");
            }
        }
    }
}

fn import(event: Value) -> Result<Imported, ImportError> {
    misp::import(json!({ "Event": event }).to_string().as_bytes())
}

fn event(more: Value) -> Value {
    let mut event = json!({
        "uuid": "00000000-0000-4000-8000-000000000001", "info": "One", "timestamp": "1795773600", "distribution": 3,
        "Orgc": { "name": "Others", "uuid": "00000000-0000-4000-8000-000000000002" },
        "Attribute": [{ "type": "domain", "value": "evil.example", "to_ids": true }],
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

#[test]
fn the_narrowest_of_tags_and_distributions_is_the_label() {
    let tlp = |more: Value| import(event(more)).unwrap().tlp;
    let tags = |names: &[&str]| json!({ "Tag": names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>() });
    assert_eq!(tlp(json!({})), None, "all communities, and no word of TLP");
    assert_eq!(tlp(tags(&["tlp:clear"])), Some(Tlp::Clear));
    assert_eq!(tlp(tags(&["TLP:AMBER+STRICT", "tlp:green"])), Some(Tlp::AmberStrict));
    assert_eq!(tlp(tags(&["tlp:white"])), Some(Tlp::Clear));
    for strange in ["tlp:ex:chr", "tlp:unclear", "tlp:"] {
        assert_eq!(tlp(tags(&[strange])), Some(Tlp::Red), "{strange}");
    }
    for (distribution, label) in [
        (json!("0"), Some(Tlp::AmberStrict)),
        (json!(1), Some(Tlp::Green)),
        (json!("2"), Some(Tlp::Green)),
        (json!(4), Some(Tlp::Amber)),
        (json!(99), Some(Tlp::Amber)),
        (json!("all"), Some(Tlp::Red)),
        (json!(null), Some(Tlp::Red)),
    ] {
        assert_eq!(tlp(json!({ "distribution": distribution })), label, "{distribution}");
    }
    let own = json!([{ "type": "domain", "value": "evil.example", "to_ids": true, "distribution": "0" }]);
    assert_eq!(tlp(json!({ "Attribute": own, "Tag": [{ "name": "tlp:clear" }] })), Some(Tlp::AmberStrict));
    let tagged = json!([{ "name": "file", "Attribute": [{ "type": "md5", "value": "x", "Tag": [{ "name": "tlp:red" }] }] }]);
    assert_eq!(tlp(json!({ "Object": tagged })), Some(Tlp::Red));
}

#[test]
fn what_is_for_detection_is_an_indicator_and_the_rest_is_named() {
    let found = import(event(json!({
        "Attribute": [
            { "type": "ip-src", "value": "198.51.100.7", "to_ids": "1", "comment": "scanner" },
            { "type": "ip-dst", "value": "2001:db8::1", "to_ids": true },
            { "type": "filename|sha256", "to_ids": true,
              "value": "a.exe|e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
            { "type": "domain", "value": "good.example", "to_ids": false },
            { "type": "domain", "value": "gone.example", "to_ids": true, "deleted": true },
            { "type": "ssdeep", "value": "3:x:y", "to_ids": true },
            { "type": "domain", "value": "not a domain", "to_ids": true },
            { "type": "vulnerability", "value": "CVE-2026-0001", "comment": "It is bad." },
            { "type": "link", "value": "javascript:alert(1) //", "comment": "<script>" },
        ],
        "Object": [{ "name": "file", "Attribute": [{ "type": "md5", "value": "d41d8cd98f00b204e9800998ecf8427e", "to_ids": true }] }],
    })))
    .unwrap();
    let csaf = Csaf::read(&found.content).unwrap();
    let text = &csaf.document.notes.last().unwrap().text;
    assert_eq!(text.lines().count(), 5, "{text}");
    assert!(text.contains("ipv4 198.51.100.7 # scanner") && text.contains("file a.exe"), "{text}");
    assert!(!text.contains("good") && !text.contains("gone"));
    assert_eq!(csaf.vulnerabilities[0].cve.as_deref(), Some("CVE-2026-0001"));
    assert!(csaf.document.references.is_empty());
    assert_eq!(found.left_out.len(), 4, "{:?}", found.left_out);
    assert_eq!(csaf.document.publisher.namespace, "urn:uuid:00000000-0000-4000-8000-000000000002");
}

#[test]
fn hostile_events_are_refused() {
    assert!(matches!(misp::import(b"[]"), Err(ImportError::Format(_))));
    assert!(matches!(misp::import(b"{\"Event\":[]}"), Err(ImportError::Format(_))));
    assert!(matches!(misp::import(b"{\"Event\":{},\"Event\":{}}"), Err(ImportError::Unreadable(_))));
    assert_eq!(misp::import(b"{\"Event\":{}}"), Err(ImportError::Empty));
    let many: Vec<Value> = vec![json!(0); 10_001];
    assert!(matches!(import(event(json!({ "Attribute": many }))), Err(ImportError::Objects { .. })));
    let object = json!({ "Attribute": many });
    assert!(matches!(import(event(json!({ "Object": [object] }))), Err(ImportError::Objects { .. })));
    let long = "x".repeat(600_000);
    let report = json!([{ "name": "Description", "content": long }]);
    assert!(matches!(import(event(json!({ "EventReport": report }))), Err(ImportError::TooLarge(_))));
}

proptest! {
    /// Whatever stands where: an answer, and never a wider label than a tag says.
    #[test]
    fn any_event_is_answered_and_never_widened(
        values in proptest::collection::vec(
            proptest::sample::select(vec![
                json!(null), json!(1), json!(-1e300), json!("x"), json!([]), json!({}), json!([{}]), json!([[1]]), json!(true),
            ]), 12),
        label in proptest::sample::select(Tlp::ALL.to_vec()),
    ) {
        let keys = ["uuid", "info", "timestamp", "distribution", "Orgc", "Object", "EventReport", "type", "value", "to_ids", "comment", "Org"];
        let attribute: Value = keys.iter().zip(&values).map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        let mut event = attribute.clone();
        event["Attribute"] = json!([attribute, { "type": "domain", "value": "evil.example", "to_ids": 1 }]);
        event["Tag"] = json!([{ "name": format!("tlp:{}", label.name().to_ascii_lowercase()) }]);
        let found = import(event).unwrap();
        prop_assert!(found.tlp.unwrap() >= label);
        prop_assert!(csaf::validate(&found.content).unwrap().is_valid());
    }
}

/// PyMISP reads and writes each event, and misp-stix makes STIX of it.
#[test]
fn others_read_every_event_and_give_it_back() {
    let directory = tempfile::tempdir().unwrap();
    let mut written = Vec::new();
    for (name, label, document) in rich() {
        let event = export(DocumentKind::Advisory, label, &document);
        fs::write(directory.path().join(format!("{name}.json")), &event).unwrap();
        written.push((name, label, document));
    }
    let Some(lines) = judged("read_events.py", directory.path()) else { return };
    assert_eq!(lines.len(), written.len());
    for (name, label, document) in written {
        let line = lines.iter().find(|line| line["file"] == format!("{name}.json")).unwrap();
        assert_eq!(line["errors"], json!([]), "{name}");
        let back = misp::import(line["event"].to_string().as_bytes()).unwrap();
        assert!(back.tlp.unwrap() >= label, "{name}");
        assert_eq!(gist(&document), gist(&Csaf::read(&back.content).unwrap()), "{name}");
        assert_eq!(line["tlp"], json!([format!("tlp:{}", label.name().to_ascii_lowercase())]), "{name}");
    }
}
