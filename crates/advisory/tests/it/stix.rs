//! Documents as STIX 2.1, and back: what stays, how far it may travel, and what the hostile send.

use std::{fmt::Write as _, fs, path::PathBuf, process::Command};

use proptest::prelude::*;
use sabha_advisory::{
    Alone, AloneError, ImportError, Imported, Owner, Source, Tlp,
    csaf::{
        self, Csaf,
        model::{Distribution, Note, NoteCategory, Reference},
    },
    indicators,
    stix::{self, Acknowledged, Bundle},
};
use sabha_protocol::bulletin::{Acknowledgement, DocumentKind};
use serde_json::{Value, json};

use crate::documents;

const OWNER: Owner<'_> = Owner { key: "cert", name: "Example CERT" };

/// Returns a revision with this content.
pub(crate) fn source(kind: DocumentKind, tlp: Tlp, content: &[u8]) -> Source<'_> {
    Source {
        key: "document 1",
        kind,
        tlp,
        owner: OWNER,
        created_ms: 1_795_773_600_000,
        modified_ms: 1_795_777_200_123,
        withdrawn: false,
        content,
    }
}

fn export(kind: DocumentKind, tlp: Tlp, csaf: &Csaf) -> Bundle {
    stix::export(&source(kind, tlp, &csaf.write().unwrap())).unwrap()
}

/// Returns the documents of every profile and label, with indicators and what else STIX has a place for.
pub(crate) fn rich() -> Vec<(String, Tlp, Csaf)> {
    let labels = |name: &str| {
        Tlp::ALL.into_iter().find(|label| name.ends_with(&format!("-{}", label.name().replace('+', "-"))))
    };
    let mut all = Vec::new();
    for (name, mut document) in documents::all() {
        // The longer name of two that end alike.
        let label = labels(&name)
            .map_or(Tlp::Red, |found| if name.ends_with("AMBER-STRICT") { Tlp::AmberStrict } else { found });
        document.document.notes.push(Note {
            audience: None,
            category: NoteCategory::Other,
            text: INDICATORS.to_owned(),
            title: Some(indicators::TITLE.to_owned()),
        });
        for (word, text) in [("agree", "We saw it, too."), ("strongly-disagree", "strongly-disagree")] {
            document.document.notes.push(Note {
                audience: None,
                category: NoteCategory::Other,
                text: text.to_owned(),
                title: Some(format!("Opinion: {word}")),
            });
        }
        all.push((name, label, document));
    }
    all
}

const INDICATORS: &str = "ipv4 198.51.100.7 # command and control\nipv6 2001:db8::/32\ndomain evil.example\n\
    url https://evil.example/a?b=it's#c\nemail phish@evil.example\nfile in'voice \u{e9}.exe # lure\n\
    md5 d41d8cd98f00b204e9800998ecf8427e\nsha1 da39a3ee5e6b4b0d3255bfef95601890afd80709\n\
    sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n\
    seen 2026-11-01T08:00:00.000Z 2026-11-05T00:00:00.500Z 12 # in two banks\n\n\
    malware Agent Tesla (keylogger, trojan) # spread by mail\nseen - 2026-11-05T00:00:00.000Z\nseen\n\
    domain other.example # of both\nseen 2026-11-01T08:00:00.000Z\n\n\
    malware-sample the loader\ndomain other.example # of both\n\nmalware Alone (unknown)\n";

#[test]
fn every_object_but_the_owner_is_marked_exactly_as_the_document_and_the_marking_is_there() {
    for (name, label, document) in rich() {
        for kind in DocumentKind::ALL {
            let bundle = export(kind, label, &document);
            let marking = &bundle.objects()[0];
            assert_eq!(marking["name"], label.label(), "{name}");
            for object in &bundle.objects()[1..] {
                let marks = object.get("object_marking_refs");
                if object["type"] == "identity" {
                    assert_eq!(marks, None);
                } else {
                    assert_eq!(marks, Some(&json!([marking["id"]])), "{name}: {object}");
                }
            }
        }
    }
}

#[test]
fn a_label_in_the_content_narrows_the_export_and_never_widens_it() {
    for marked in Tlp::ALL {
        for inside in Tlp::ALL {
            let (_, _, mut document) = rich().remove(0);
            document.document.distribution = Some(Distribution::labelled(inside, None));
            let bundle = export(DocumentKind::Advisory, marked, &document);
            assert_eq!(bundle.objects()[0]["name"], marked.narrower(inside).label());
        }
    }
}

#[test]
fn the_same_document_is_the_same_bytes_and_another_revision_has_the_same_ids() {
    let (_, label, document) = rich().remove(0);
    let content = document.write().unwrap();
    let first = source(DocumentKind::Advisory, label, &content);
    let bytes = stix::export(&first).unwrap().write();
    assert_eq!(stix::export(&first).unwrap().write(), bytes);

    let later = Source { modified_ms: first.modified_ms + 1000, withdrawn: true, ..first };
    let ids = |source: &Source<'_>| -> Vec<Value> {
        stix::export(source).unwrap().objects().iter().map(|object| object["id"].clone()).collect()
    };
    assert_eq!(ids(&first), ids(&later));
    let report = stix::export(&later).unwrap().objects()[2].clone();
    assert_eq!((&report["revoked"], &report["created"]), (&json!(true), &json!("2026-11-27T10:00:00.000Z")));
    assert_eq!(report["modified"], "2026-11-27T11:00:01.123Z");
    let other = Source { key: "document 2", ..first };
    assert!(
        ids(&first)
            .iter()
            .skip(2)
            .zip(ids(&other).iter().skip(2))
            .all(|(one, other)| { one != other || one.as_str().unwrap().starts_with("software--") })
    );
}

#[test]
fn a_document_comes_back_with_what_it_said() {
    for (name, label, document) in rich() {
        for kind in DocumentKind::ALL {
            let back = stix::import(&export(kind, label, &document).write()).unwrap();
            assert_eq!((back.kind, back.tlp), (kind, Some(label)), "{name}");
            assert_eq!((back.left_out.as_slice(), back.left_out_more), (&[][..], 0), "{name}");
            let report = csaf::validate(&back.content).unwrap();
            assert!(report.is_valid(), "{name}: {:?}", report.findings());
            same(&document, &Csaf::read(&back.content).unwrap());
        }
    }
}

/// Compares what both have to say.
pub(crate) fn same(one: &Csaf, other: &Csaf) {
    assert_eq!(one.document.title, other.document.title);
    assert_eq!(one.document.lang, other.document.lang);
    assert_eq!(one.document.tracking.id, other.document.tracking.id);
    let links = |csaf: &Csaf| -> Vec<(String, String)> {
        csaf.document.references.iter().map(|link| (link.summary.clone(), link.url.clone())).collect()
    };
    assert_eq!(links(one), links(other));
    let texts = |csaf: &Csaf| -> Vec<String> {
        let mut all: Vec<String> = csaf.document.notes.iter().map(|note| note.text.clone()).collect();
        all.sort();
        all
    };
    assert_eq!(texts(one), texts(other));
    let vulnerabilities = |csaf: &Csaf| {
        let mut all: Vec<_> = csaf
            .vulnerabilities
            .iter()
            .map(|of| {
                let texts: Vec<String> = of.notes.iter().map(|note| note.text.clone()).collect();
                let remedies: Vec<_> =
                    of.remediations.iter().map(|remedy| (remedy.category, remedy.details.clone())).collect();
                let scores: Vec<String> =
                    of.scores.iter().map(|score| json!([score.cvss_v3, score.cvss_v2]).to_string()).collect();
                format!("{:?} {:?} {texts:?} {remedies:?} {scores:?}", of.cve, of.cwe)
            })
            .collect();
        all.sort();
        all
    };
    assert_eq!(vulnerabilities(one), vulnerabilities(other));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn title_text_links_and_numbers_come_back(
        title in "[!-~é€😀][ -~é€😀]{0,60}[!-~é€😀]",
        description in "\\PC{0,5}[!-~]\\PC{0,80}",
        links in proptest::collection::vec(("[ -~]{0,10}[!-~]", "https://[a-z]{1,9}\\.example/[a-z0-9?=&]{0,20}"), 0..5),
        cves in proptest::collection::btree_set("CVE-20[0-9]{2}-[0-9]{4,7}", 0..5),
        label in proptest::sample::select(Tlp::ALL.to_vec()),
    ) {
        let (_, _, mut document) = rich().remove(0);
        document.document.title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        document.document.distribution = Some(Distribution::labelled(label, None));
        document.document.notes = vec![Note {
            audience: None, category: NoteCategory::Summary, text: description, title: None,
        }];
        document.document.references =
            links.iter().map(|(summary, url)| Reference { category: None, summary: summary.clone(), url: url.clone() }).collect();
        let content: Value = serde_json::from_slice(&document.write().unwrap()).unwrap();
        let mut content = content;
        content["vulnerabilities"] = cves.iter().map(|cve| json!({ "cve": cve })).collect();
        let document: Csaf = serde_json::from_value(content).unwrap();
        let back = stix::import(&export(DocumentKind::Advisory, label, &document).write()).unwrap();
        prop_assert_eq!(back.tlp, Some(label));
        same(&document, &Csaf::read(&back.content).unwrap());
    }
}

#[test]
fn a_document_by_itself_needs_a_label_and_has_one_id_for_ever() {
    let (_, label, mut document) = rich().remove(0);
    let bytes = document.write().unwrap();
    let alone = Alone::read(&bytes).unwrap();
    let bundle = stix::export(&alone.source()).unwrap();
    assert_eq!(bundle.objects()[0]["name"], label.label());
    document.document.tracking.current_release_date = "2027-01-01T00:00:00Z".to_owned();
    let later = document.write().unwrap();
    let later = stix::export(&Alone::read(&later).unwrap().source()).unwrap();
    assert_eq!(
        (&later.objects()[2]["id"], &later.objects()[2]["modified"]),
        (&bundle.objects()[2]["id"], &json!("2027-01-01T00:00:00.000Z"))
    );
    document.document.distribution = None;
    assert!(matches!(Alone::read(&document.write().unwrap()), Err(AloneError::Label)));
    assert!(matches!(Alone::read(b"{}"), Err(AloneError::Read(_))));
}

fn object(kind: &str, number: u32, more: Value) -> Value {
    let mut object = json!({
        "type": kind, "spec_version": "2.1", "id": format!("{kind}--00000000-0000-4000-8000-{number:012}"),
        "created": "2026-11-27T10:00:00.000Z", "modified": "2026-11-27T10:00:00.000Z",
    });
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

fn import(objects: &[Value]) -> Result<Imported, ImportError> {
    stix::import(json!({ "type": "bundle", "id": "bundle--x", "objects": objects }).to_string().as_bytes())
}

#[test]
fn what_has_no_place_in_a_document_is_named_and_left_out() {
    let report = object("report", 1, json!({ "name": "One", "description": "Text", "object_refs": [] }));
    let tame = [
        report.clone(),
        object("malware", 2, json!({ "name": "Worm\nBcc", "is_family": true })),
        object("sighting", 13, json!({ "sighting_of_ref": "malware--00000000-0000-4000-8000-000000000002" })),
        object(
            "opinion",
            14,
            json!({ "opinion": "perhaps", "object_refs": ["report--00000000-0000-4000-8000-000000000001"] }),
        ),
        object("indicator", 3, json!({ "pattern": "[process:name = 'x']", "pattern_type": "stix" })),
        object("indicator", 4, json!({ "pattern": "alert tcp any", "pattern_type": "snort" })),
        object(
            "indicator",
            5,
            json!({
                "pattern": "[ipv4-addr:value = '192.0.2.1']", "pattern_type": "stix", "indicator_types": ["benign"],
            }),
        ),
        object("note", 6, json!({ "content": "x", "object_refs": ["report--nothing"] })),
        object("report", 7, json!({ "name": "Old", "modified": "2020-01-01T00:00:00Z" })),
        object("vulnerability", 8, json!({ "name": "CVE-2026-0001", "revoked": true })),
        object("x-mine", 9, json!({})),
        json!({ "type": "malware" }),
        json!({ "type": "tool", "id": "malware--00000000-0000-4000-8000-000000000010", "spec_version": "2.1" }),
        json!(7),
        object("tool", 11, json!({ "spec_version": "2.0" })),
        object("identity", 12, json!({ "name": "Somebody else" })),
    ];
    let found = import(&tame).unwrap();
    let left: Vec<&str> = found.left_out.iter().map(|left| left.what.as_str()).collect();
    assert_eq!(left.len(), tame.len() - 1, "{left:?}");
    assert!(left.iter().any(|what| what.starts_with("malware--")));
    let csaf = Csaf::read(&found.content).unwrap();
    assert_eq!((csaf.vulnerabilities.len(), csaf.document.notes.len()), (0, 1));
    assert_eq!(found.tlp, None, "no label is no leave to publish it");
    assert!(csaf.document.distribution.is_none());
    assert_eq!(import(&[object("malware", 2, json!({}))]), Err(ImportError::Empty));
}

#[test]
fn malware_with_what_indicates_it_sightings_and_opinions_are_kept_exactly() {
    let id = |kind: &str, number: u32| format!("{kind}--00000000-0000-4000-8000-{number:012}");
    let seen = json!({
        "sighting_of_ref": id("indicator", 3), "first_seen": "2026-11-01T08:00:00.000Z", "count": 7,
        "where_sighted_refs": [id("identity", 9)],
    });
    let objects = [
        // In no order: who refers to whom is looked up.
        object("sighting", 6, seen),
        object("sighting", 7, json!({ "sighting_of_ref": id("malware", 2), "description": "in a lab" })),
        object(
            "relationship",
            4,
            json!({ "relationship_type": "indicates", "source_ref": id("indicator", 3), "target_ref": id("malware", 2) }),
        ),
        object("opinion", 5, json!({ "opinion": "neutral", "object_refs": [id("report", 1)] })),
        object(
            "opinion",
            8,
            json!({
                "opinion": "disagree", "explanation": "Not in 2.1.", "object_refs": [id("vulnerability", 10)],
            }),
        ),
        object(
            "report",
            1,
            json!({ "name": "One", "description": "x", "object_refs": [], "created_by_ref": id("identity", 9) }),
        ),
        object(
            "malware",
            2,
            json!({
                "name": "Emotet", "is_family": true, "malware_types": ["trojan", "downloader", "strange"],
                "description": "By mail.",
            }),
        ),
        object(
            "indicator",
            3,
            json!({
                "pattern": "[domain-name:value = 'evil.example']", "pattern_type": "stix", "description": "C2",
            }),
        ),
        object("identity", 9, json!({ "name": "A bank" })),
        object("vulnerability", 10, json!({ "name": "CVE-2026-0001" })),
    ];
    let found = import(&objects).unwrap();
    let left: Vec<&str> = found.left_out.iter().map(|left| left.what.as_str()).collect();
    assert_eq!(left, ["strange"], "and a type that STIX does not name is named");
    let csaf = Csaf::read(&found.content).unwrap();
    let titled = |title: &str| {
        let notes = csaf.document.notes.iter().chain(csaf.vulnerabilities.iter().flat_map(|of| &of.notes));
        notes.into_iter().find(|note| note.title.as_deref() == Some(title)).map(|note| note.text.as_str())
    };
    assert_eq!(
        titled(indicators::TITLE),
        Some(
            "malware Emotet (downloader, trojan) # By mail.\nseen # in a lab\ndomain evil.example # C2\n\
             seen 2026-11-01T08:00:00.000Z 7 # A bank\n"
        )
    );
    assert_eq!(
        (titled("Opinion: neutral"), titled("Opinion: disagree")),
        (Some("neutral"), Some("Not in 2.1."))
    );

    let bundle = export(DocumentKind::IndicatorSet, Tlp::Green, &csaf);
    let of =
        |kind: &str| -> Vec<&Value> { bundle.objects().iter().filter(|one| one["type"] == kind).collect() };
    let ([malware], [indicator]) = (&of("malware")[..], &of("indicator")[..]) else { panic!("{bundle:?}") };
    assert_eq!(
        json!([malware["name"], malware["is_family"], malware["malware_types"], malware["description"]]),
        json!(["Emotet", true, ["downloader", "trojan"], "By mail."])
    );
    let indicates =
        of("relationship").into_iter().find(|one| one["relationship_type"] == "indicates").unwrap();
    assert_eq!((&indicates["source_ref"], &indicates["target_ref"]), (&indicator["id"], &malware["id"]));
    let sightings = of("sighting");
    assert_eq!((&sightings[0]["sighting_of_ref"], sightings[0].get("first_seen")), (&malware["id"], None));
    assert_eq!((&sightings[1]["sighting_of_ref"], &sightings[1]["count"]), (&indicator["id"], &json!(7)));
    let opinions = of("opinion");
    assert_eq!((opinions[0].get("explanation"), &opinions[1]["opinion"]), (None, &json!("disagree")));
    let report = of("report").into_iter().chain(of("grouping")).next().unwrap();
    let refs = report["object_refs"].as_array().unwrap();
    assert!(refs.contains(&malware["id"]) && !refs.contains(&opinions[0]["id"]), "{refs:?}");
    assert_eq!(opinions[0]["object_refs"], json!([report["id"]]));
}

/// What an organisation has applied it holds right; nothing else that is acknowledged is an opinion.
#[test]
fn acknowledgements_refer_to_the_document_and_travel_no_further_than_its_revision() {
    let said = |key, name, said, tlp, at_ms| Acknowledged {
        organisation: Owner { key, name },
        revision: 2,
        tlp,
        said,
        at_ms,
    };
    let at_ms = 1_795_777_200_123;
    let all = [
        said("a", "A bank", Acknowledgement::Seen, Tlp::Amber, at_ms),
        said("a", "A bank", Acknowledgement::Applied, Tlp::Amber, at_ms + 1),
        said("b", "Mill", Acknowledgement::NotAffected, Tlp::Green, at_ms),
    ];
    let bundle = stix::acknowledgements("document 1", DocumentKind::Advisory, &all);
    let content = br#"{"document":{"title":"One"}}"#;
    let report =
        stix::export(&source(DocumentKind::Advisory, Tlp::Amber, content)).unwrap().objects()[2].clone();
    let shown: Vec<Value> = bundle
        .objects()
        .iter()
        .filter(|one| one.get("object_refs").is_some())
        .map(|one| {
            let label =
                bundle.objects().iter().find(|marking| marking["id"] == one["object_marking_refs"][0]);
            assert_eq!(one["object_refs"], json!([report["id"]]));
            json!([
                one["type"],
                one["labels"][0],
                one["opinion"],
                one["authors"][0],
                label.unwrap()["name"],
                one["created"]
            ])
        })
        .collect();
    assert_eq!(
        json!(shown),
        json!([
            ["note", "seen", null, "A bank", "TLP:AMBER", "2026-11-27T11:00:00.123Z"],
            ["opinion", "applied", "agree", "A bank", "TLP:AMBER", "2026-11-27T11:00:00.124Z"],
            ["note", "not_affected", null, "Mill", "TLP:GREEN", "2026-11-27T11:00:00.123Z"],
        ])
    );
    let ids: std::collections::BTreeSet<String> =
        bundle.objects().iter().map(|one| one["id"].to_string()).collect();
    assert_eq!(ids.len(), bundle.objects().len());
}

#[test]
fn the_narrowest_label_of_any_object_is_that_of_the_document() {
    let clear = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
    let strict = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003";
    let report = |marks: Value| {
        object("report", 1, json!({ "name": "One", "description": "x", "object_marking_refs": marks }))
    };
    let tlp = |objects: &[Value]| import(objects).unwrap().tlp;
    assert_eq!(tlp(&[report(json!([clear]))]), Some(Tlp::Clear));
    let other = object("malware", 2, json!({ "object_marking_refs": [strict] }));
    assert_eq!(tlp(&[report(json!([clear])), other]), Some(Tlp::AmberStrict));
    let granular = json!([{ "marking_ref": "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "selectors": ["name"] }]);
    let other = object("malware", 2, json!({ "granular_markings": granular }));
    assert_eq!(tlp(&[report(json!([clear])), other]), Some(Tlp::Red));
    // What is said under a known id does not change it.
    let mut lie = object(
        "marking-definition",
        3,
        json!({ "definition_type": "tlp", "definition": { "tlp": "white" } }),
    );
    lie["id"] = strict.into();
    assert_eq!(tlp(&[report(json!([strict])), lie]), Some(Tlp::AmberStrict));
    let own = object(
        "marking-definition",
        4,
        json!({ "definition_type": "tlp", "definition": { "tlp": "green" } }),
    );
    let own_id = own["id"].clone();
    assert_eq!(tlp(&[report(json!([own_id])), own]), Some(Tlp::Green));
    let found =
        import(&[report(json!(["marking-definition--00000000-0000-4000-8000-000000000009"]))]).unwrap();
    assert_eq!((found.tlp, found.left_out.len()), (None, 1));
}

#[test]
fn hostile_bundles_are_refused_or_stay_text() {
    assert!(matches!(stix::import(b"{"), Err(ImportError::Unreadable(_))));
    assert!(matches!(stix::import(b"{\"type\":\"report\"}"), Err(ImportError::Format(_))));
    assert!(matches!(stix::import("[".repeat(1_000_000).as_bytes()), Err(ImportError::Unreadable(_))));
    let double = br#"{"type":"bundle","objects":[{"type":"report","type":"malware"}]}"#;
    assert!(matches!(stix::import(double), Err(ImportError::Unreadable(_))));
    let mut many = String::from(r#"{"type":"bundle","objects":[0"#);
    many.push_str(&",0".repeat(stix::OBJECTS_MAX));
    many.push_str("]}");
    assert!(matches!(stix::import(many.as_bytes()), Err(ImportError::Objects { .. })));

    // Who refers to whom in circles, or to itself.
    let circle = [
        object(
            "report",
            1,
            json!({ "name": "One", "description": "x", "object_refs": ["report--00000000-0000-4000-8000-000000000001"] }),
        ),
        object(
            "note",
            2,
            json!({ "content": "y", "object_refs": ["note--00000000-0000-4000-8000-000000000002"] }),
        ),
        object(
            "relationship",
            3,
            json!({
                "relationship_type": "mitigates",
                "source_ref": "relationship--00000000-0000-4000-8000-000000000003",
                "target_ref": "relationship--00000000-0000-4000-8000-000000000003",
            }),
        ),
    ];
    assert_eq!(import(&circle).unwrap().left_out.len(), 2);

    let script = "<script>alert(1)</script>\u{202e}\u{1b}[2J";
    let found = import(&[object(
        "report",
        1,
        json!({
            "name": script, "description": script, "lang": script,
            "external_references": [{ "source_name": script, "url": "javascript:alert(1) //" }],
            "object_marking_refs": [script],
        }),
    )])
    .unwrap();
    let csaf = Csaf::read(&found.content).unwrap();
    assert_eq!(csaf.document.title, "<script>alert(1)</script> [2J");
    assert_eq!((csaf.document.lang, csaf.document.references.len()), (None, 0));
    assert_eq!(csaf.document.notes[0].text, script, "text stays text");
    assert!(found.left_out.iter().all(|left| !left.what.contains(['\u{1b}', '\u{202e}'])));
}

#[test]
fn what_refers_to_everything_is_not_written_everywhere() {
    let long = "x".repeat(20_000);
    let count = 1000;
    let mut objects = vec![object("course-of-action", 0, json!({ "name": "Fix", "description": long }))];
    let mut refs = Vec::new();
    for number in 1..=count {
        let id = format!("vulnerability--00000000-0000-4000-8000-{number:012}");
        objects.push(object("vulnerability", number, json!({ "name": format!("CVE-2026-{number:06}") })));
        objects.push(object(
            "relationship",
            number,
            json!({
                "relationship_type": "mitigates", "target_ref": id,
                "source_ref": "course-of-action--00000000-0000-4000-8000-000000000000",
            }),
        ));
        refs.push(id);
    }
    objects.push(object("note", 9_999, json!({ "content": long, "object_refs": refs })));
    let found = import(&objects).unwrap();
    let text = String::from_utf8(found.content).unwrap();
    let times = text.matches(&long).count();
    assert!((2..=8).contains(&times), "{times}");
    assert!(found.left_out_more > 800);

    let mut longer = String::new();
    for number in 0..30 {
        write!(longer, "{number}{long}").unwrap();
    }
    let found = import(&[object("report", 1, json!({ "name": "One", "description": longer }))]);
    assert!(matches!(found, Err(ImportError::TooLarge(_))));
}

/// Returns what the independent programs are run by, if they are installed.
pub(crate) fn python() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("target/peers/bin/python");
    if python.exists() {
        return Some(python);
    }
    assert!(std::env::var_os("CI").is_none(), "target/peers is not installed (scripts/setup.sh test)");
    println!("skipped: target/peers is not installed (scripts/setup.sh test)");
    None
}

/// Runs an independent program over a folder and returns its lines.
pub(crate) fn judged(script: &str, folder: &std::path::Path) -> Option<Vec<Value>> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(script);
    let output = Command::new(python()?).arg(script).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// `stix2-validator`, strict, and OASIS' own library.
#[test]
fn others_find_every_export_valid_and_read_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut written = 0;
    for (name, label, document) in rich() {
        for kind in DocumentKind::ALL {
            let content = document.write().unwrap();
            for withdrawn in [false, true] {
                let bundle = stix::export(&Source { withdrawn, ..source(kind, label, &content) }).unwrap();
                let name = format!("{name}-{}-{withdrawn}.json", kind.word());
                fs::write(directory.path().join(name), bundle.write()).unwrap();
                written += 1;
            }
        }
    }
    let titled = stix::export(&source(DocumentKind::Advisory, Tlp::Red, br#"{"document":{"title":"One"}}"#));
    fs::write(directory.path().join("titled.json"), titled.unwrap().write()).unwrap();
    let said = |said| Acknowledged {
        organisation: OWNER,
        revision: 1,
        tlp: Tlp::Amber,
        said,
        at_ms: 1_795_777_200_123,
    };
    let all: Vec<_> = Acknowledgement::ALL.into_iter().map(said).collect();
    let acknowledged = stix::acknowledgements("document 1", DocumentKind::Advisory, &all);
    fs::write(directory.path().join("acknowledged.json"), acknowledged.write()).unwrap();
    let Some(lines) = judged("read_bundles.py", directory.path()) else { return };
    assert_eq!(lines.len(), written + 2);
    for line in lines {
        assert_eq!(line["errors"], json!([]), "{line}");
        // What their library derives from the same properties.
        assert_eq!(line["other_ids"], json!([]), "{line}");
    }
}

/// `misp-stix`: to MISP and back, malware is the same, and so are opinions.
#[test]
fn malware_and_opinions_come_through_misp() {
    let directory = tempfile::tempdir().unwrap();
    let (_, label, mut document) = rich().remove(0);
    // They read a text of MISP as a text that has one: an opinion without words has none that comes back.
    document.document.notes.retain(|note| note.title.as_deref() != Some("Opinion: strongly-disagree"));
    let bundle = export(DocumentKind::IndicatorSet, label, &document);
    fs::write(directory.path().join("one.json"), bundle.write()).unwrap();
    let Some(lines) = judged("round_trip.py", directory.path()) else { return };
    assert_eq!(
        lines[0]["malware"],
        json!([
            ["Agent Tesla", true, ["keylogger", "trojan"], "spread by mail"],
            // A cluster of MISP always has a description: where ours says nothing they say its name.
            ["Alone", true, ["unknown"], "Alone"],
            ["the loader", false, [], null],
        ])
    );
    assert_eq!(lines[0]["opinions"], json!([["agree", "We saw it, too."]]));
}
