use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{
    LEFT_OUT_MAX, Sent, Tlp, csaf,
    csaf::model::Csaf,
    import_as,
    layout::{Part, layout},
};

const TEXT: &str = include_str!("tests/advisory.txt");
const PAGE: &str = include_str!("tests/note.html");

fn json(found: &Imported) -> Value {
    serde_json::from_slice(&found.content).unwrap()
}

/// What stands in a section, as its reader sees it.
fn section(found: &Imported, part: Part) -> Vec<String> {
    let sections = layout(&found.content).sections;
    let entries =
        sections.into_iter().filter(|section| section.part == part).flat_map(|section| section.entries);
    entries.flat_map(|entry| [entry.heading, entry.text, entry.link].into_iter().flatten()).collect()
}

#[test]
fn an_advisory_in_plain_text_comes_to_where_its_titles_say() {
    let found = import_text(TEXT.as_bytes()).unwrap();
    let draft = json(&found);
    assert_eq!(found.kind.word(), "advisory");
    assert_eq!(found.tlp, Some(Tlp::Green));
    assert_eq!(draft["document"]["title"], "Meetings that strangers enter");
    assert_eq!(draft["document"]["tracking"]["id"], "CIAD-2026-0012");
    assert_eq!(draft["document"]["tracking"]["current_release_date"], "2026-07-03T00:00:00.000Z");
    assert_eq!(draft["document"]["aggregate_severity"]["text"], "HIGH");
    assert_eq!(section(&found, Part::Affected), ["Meeting Server 3.0 to 3.4", "Meeting Client < 5"]);
    assert_eq!(section(&found, Part::Overview), ["Strangers enter meetings\nthat have no passcode."]);
    assert_eq!(section(&found, Part::Audience), ["All organisations that meet by video"]);
    assert_eq!(section(&found, Part::Risk), ["High"]);
    assert_eq!(section(&found, Part::Impact), ["What is said becomes known."]);
    assert_eq!(section(&found, Part::Solution), ["- Give each meeting a passcode\n- Lock it"]);
    let names: Vec<&Value> =
        draft["vulnerabilities"].as_array().unwrap().iter().map(|one| &one["cve"]).collect();
    assert_eq!(names, ["CVE-2026-10001", "CVE-2026-10002"], "those of the list, and not what prose names");
    assert_eq!(
        section(&found, Part::References),
        [
            "Ask your vendor by telephone",
            "Vendor's note",
            "https://vendor.example/note",
            "b.example",
            "https://b.example/x"
        ]
    );
    assert_eq!(draft["document"]["publisher"]["contact_details"], "desk@cert.example\n+91 11 0000 0000");
    assert_eq!(section(&found, Part::Disclaimer), ["It is given as it is."]);
    // What has no title of its own.
    let description = section(&found, Part::Description).join("\n");
    assert!(
        description.contains("This stands before any title.")
            && description.contains("Payload: < script>x< /script>")
    );
    assert_eq!(found.left_out, []);
}

#[test]
fn a_note_as_a_page_comes_to_the_same_places() {
    let found = import_html(PAGE.as_bytes()).unwrap();
    let draft = json(&found);
    assert_eq!((found.kind.word(), found.tlp), ("vulnerability_note", None));
    assert_eq!(draft["document"]["title"], "Remote code execution in Meeting Server");
    assert_eq!(draft["document"]["lang"], "en");
    assert_eq!(draft["document"]["tracking"]["id"], "CIVN-2026-0344");
    assert_eq!(draft["document"]["aggregate_severity"]["text"], "CRITICAL");
    assert_eq!(section(&found, Part::Affected), ["Meeting Server 3.0", "Meeting Server 3.1"]);
    assert_eq!(section(&found, Part::Overview), ["One flaw & its remedy."]);
    assert_eq!(
        section(&found, Part::Solution),
        [
            "Install the update (https://vendor.example/fix):\n\n1. Stop it\n2. Update it\n\nWorkarounds in short\n\nSwitch it off."
        ]
    );
    assert_eq!(section(&found, Part::References), ["update", "https://vendor.example/fix"]);
    let text = String::from_utf8(found.content).unwrap();
    for gone in ["evil", "tracker", "Home", "javascript"] {
        assert!(!text.contains(gone), "{gone}");
    }
    let left: Vec<&str> = found.left_out.iter().map(|left| left.what.as_str()).collect();
    assert_eq!(left, ["element img", "element nav", "element script", "link javascript:evil()"]);
}

#[test]
fn a_page_and_a_text_are_refused_beyond_their_bounds_and_by_what_they_are() {
    assert_eq!(
        import_text(&vec![b'a'; PROSE_BYTES_MAX + 1]),
        Err(ImportError::TooLong { found: PROSE_BYTES_MAX + 1, most: PROSE_BYTES_MAX })
    );
    assert!(matches!(
        import_text(&vec![b'a'; PROSE_BYTES_MAX]),
        Err(ImportError::TooLarge(_) | ImportError::Empty)
    ));
    for wrong in [&b"a\xff"[..], b"\xff\xfea\0", b"a\0b"] {
        assert_eq!(import_text(wrong), Err(ImportError::NotText));
        assert_eq!(import_html(wrong), Err(ImportError::NotText));
    }
    for nothing in ["", "Only a title", "<p></p>", "<script>x</script>", "TLP:RED"] {
        assert_eq!(import_as(nothing.as_bytes(), Sent::Html).err(), Some(ImportError::Empty), "{nothing}");
    }
    let bomb = "<a><b><i><p>".repeat(PROSE_BYTES_MAX / 12);
    let begun = std::time::Instant::now();
    assert!(matches!(import_html(bomb.as_bytes()), Err(ImportError::Tokens(_))));
    assert!(begun.elapsed().as_secs() < 5, "four megabytes of tags are refused in a moment");
}

/// What a browser would take for a tag (HTML standard, section 13.2.5.6).
fn has_tag(text: &str) -> bool {
    text.char_indices().any(|(at, c)| {
        c == '<'
            && text[at + 1..]
                .chars()
                .next()
                .is_some_and(|next| next.is_ascii_alphabetic() || "/!?".contains(next))
    })
}

fn holds(found: &Imported) {
    assert!(found.content.len() <= sabha_protocol::limits::DOCUMENT_BYTES_MAX);
    assert!(found.left_out.len() <= LEFT_OUT_MAX);
    let csaf = Csaf::read(&found.content).expect("a draft has the shape of the schema");
    assert!(csaf.document.references.iter().all(|reference| reference.url.starts_with("https://")));
    assert!(csaf::validate(&found.content).is_ok());
    fn texts(value: &Value) {
        match value {
            Value::String(text) => assert!(!has_tag(text), "{text}"),
            Value::Array(all) => all.iter().for_each(texts),
            Value::Object(all) => all.values().for_each(texts),
            _ => {}
        }
    }
    texts(&json(found));
    for left in &found.left_out {
        assert!(!has_tag(&left.what), "{}", left.what);
    }
}

/// Parts of pages and texts in all orders, which random bytes seldom make.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -~\n\u{900}-\u{97f}\u{600}-\u{6ff}\u{200b}\u{202e}\u{feff}<>&;/]{0,12}",
        6 => prop::sample::select(vec![
            "<script>", "</script>", "<style>", "<p>", "</p>", "<p hidden>", "<h1>", "</h1>", "<h2>Overview</h2>", "<ul>", "<ol>",
            "<li>", "</ul>", "<td>", "<tr>", "<pre>", "</pre>", "<a href=\"https://a.example/x\">", "<a href=javascript:x>", "</a>",
            "<svg/>", "<svg>", "</svg>", "<textarea>", "<plaintext>", "<title>", "</title>", "<!--", "-->", "<![CDATA[", "]]>", "<?", "<!x",
            "&lt;", "&lt", "&#60;", "&#x0;", "&amp;", "<", ">", "</", "<<", "\n", "\n\n", "Overview\n", "Solution:", "References\n",
            "Systems Affected\n", "CVE Name\n", "Severity: ", "Date:\n", "CVE-2026-0001", "CIAD-2026-0001", "TLP:AMBER", "Contact\n",
            "https://b.example/<b>", "http://c.example", "1. ", "- ", "\t", "\r",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_comes_the_draft_is_bounded_and_holds_no_tag(text in pieces()) {
        for sent in [Sent::Html, Sent::Text] {
            if let Ok(found) = import_as(text.as_bytes(), sent) {
                holds(&found);
            }
        }
    }

    #[test]
    fn random_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for sent in [Sent::Anything, Sent::Html, Sent::Text] {
            if let Ok(found) = import_as(&bytes, sent) {
                holds(&found);
            }
        }
    }
}
