//! What pages are made of: hostile texts, languages, and the parts that agencies know.

use sabha_advisory::layout::layout;
use sabha_protocol::{
    bulletin::{
        AttachmentId, AttachmentType, DocumentId, DocumentKind, OrganisationId, RevisionStage, Severity,
        TlpLabel,
    },
    key::ProfileKey,
    wire::{
        advisory_policy::RevisionProfile,
        bulletin_documents::{Attachment, BulletinDocument, Revision},
        bulletin_facets::{Facets, KindCount, PublisherCount, SeverityCount, YearCount},
    },
};
use serde_json::{Value, json};

use super::{
    advisory::Sheet,
    frame::Visit,
    words::{LANGUAGES, Words},
    *,
};

/// What must not come out as it went in, whatever field it stands in.
const HOSTILE: &str = "</title></p><script>alert(1)</script><img src=x onerror=alert(1)>\"' onload='x";

fn visit(tag: &str) -> Visit {
    Visit { words: Words::of(tag).unwrap(), chosen: true, host: "Coordination Centre".to_owned() }
}

fn sheet(content: &Value) -> Sheet {
    let revision = |number| Revision {
        number,
        stage: RevisionStage::Final,
        tlp: TlpLabel::Clear,
        title: content["document"]["title"].as_str().unwrap_or("none").to_owned(),
        tracking: None,
        hash: "ef".repeat(32),
        content_hash: "ab".repeat(32),
        bytes: 1234,
        changed_ms: 1_776_000_600_000,
        published_ms: Some(1_776_000_600_000),
        marking: None,
        profile: None,
        attachments: vec![Attachment {
            id: AttachmentId::from_bytes([7; 16]),
            name: "report.pdf".parse().unwrap(),
            media_type: AttachmentType::Pdf,
            hash: "cd".repeat(32),
            bytes: 1,
        }],
    };
    let document = BulletinDocument {
        id: DocumentId::from_bytes([1; 16]),
        kind: DocumentKind::Advisory,
        owner: OrganisationId::from_bytes([2; 16]),
        owner_name: "Ministry".parse().unwrap(),
        withdrawn: false,
        revisions: vec![revision(2), revision(1)],
    };
    Sheet { document, shown: 0, layout: layout(content.to_string().as_bytes()) }
}

/// Puts the hostile text in the place of every text of a document.
fn poisoned(value: &Value) -> Value {
    match value {
        Value::String(_) => HOSTILE.into(),
        Value::Array(items) => items.iter().map(poisoned).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), poisoned(value))).collect(),
        other => other.clone(),
    }
}

fn full() -> Value {
    let reference = json!({ "summary": "More", "url": "https://example.org/more" });
    json!({
        "document": {
            "title": "Meetings that strangers enter", "lang": "en", "aggregate_severity": { "text": "High" },
            "notes": [
                { "category": "summary", "text": "Short.", "audience": "Ministries" },
                { "category": "general", "title": "Risk assessment", "text": "Risky." },
                { "category": "general", "title": "Impact assessment", "text": "Bad." },
                { "category": "general", "title": "How", "text": "Long." },
                { "category": "legal_disclaimer", "text": "As it is." },
            ],
            "publisher": { "name": "Centre", "contact_details": "Phone", "namespace": "https://cert.example" },
            "references": [reference], "acknowledgments": [{ "names": ["Asha"], "summary": "found it" }],
            "tracking": {
                "id": "CIAD-2026-0001", "version": "1", "status": "final",
                "initial_release_date": "2026-04-12T10:00:00Z", "current_release_date": "2026-04-13T10:00:00Z",
                "revision_history": [{ "number": "1", "date": "2026-04-12T10:00:00Z", "summary": "First" }],
            },
        },
        "product_tree": { "full_product_names": [{ "product_id": "P", "name": "Meet 1" }] },
        "vulnerabilities": [{
            "cve": "CVE-2026-0001", "title": "Weak", "product_status": { "known_affected": ["P"] },
            "remediations": [{ "category": "vendor_fix", "details": "Update.", "url": "https://maker.example" }],
        }],
    })
}

#[test]
fn hostile_text_in_every_field_stays_text() {
    let page = advisory::page(&visit("en"), &sheet(&poisoned(&full()))).into_string();
    assert!(page.contains("&lt;script&gt;alert(1)"), "it is shown");
    for wrong in ["<script", "<img src=x", "</title></p>", "\"' onload", "javascript:"] {
        assert!(!page.contains(wrong), "{wrong}");
    }
    assert_eq!(page.matches("<img").count(), 1, "only the mark");
}

#[test]
fn a_search_comes_back_as_text() {
    let asked = Asked { words: HOSTILE.to_owned(), kind: HOSTILE.to_owned(), ..Asked::default() };
    let none =
        sabha_protocol::wire::bulletin_documents::Documents { documents: vec![], count: 0, more: true };
    let page = list::page(&visit("en"), &asked, &none, &counted(), false).into_string();
    assert!(page.contains("value=\"&lt;/title&gt;"));
    assert!(!page.contains("<script") && !page.contains("onerror=alert(1)>"));
}

/// Counts of two kinds, one severity, one publisher of a hostile name, and one year.
fn counted() -> Facets {
    let owner = OrganisationId::from_bytes([2; 16]);
    let kind = |kind, count| KindCount { kind, count };
    Facets {
        labels: Vec::new(),
        kinds: vec![kind(DocumentKind::Advisory, 3), kind(DocumentKind::Alert, 1)],
        severities: vec![SeverityCount { severity: Severity::High, count: 4 }],
        publishers: vec![PublisherCount { owner, name: "<b>CERT".parse().unwrap(), count: 4 }],
        years: vec![YearCount { year: 2026, count: 4 }],
    }
}

#[test]
fn a_facet_narrows_the_list_and_widens_it_again_by_links_alone() {
    let none =
        sabha_protocol::wire::bulletin_documents::Documents { documents: vec![], count: 4, more: false };
    let page = |asked: &Asked| list::page(&visit("en"), asked, &none, &counted(), false).into_string();
    let wide = page(&Asked { words: "a&b".to_owned(), ..Asked::default() });
    assert!(wide.contains("href=\"/bulletin?words=a%26b&amp;kind=alert&amp;lang=en\""), "{wide}");
    assert!(!wide.contains("severity=high") && !wide.contains("year=2026"), "one of a kind narrows nothing");

    let asked = Asked { severity: "high".to_owned(), owner: "x\"y".to_owned(), ..Asked::default() };
    let narrow = page(&asked);
    assert!(narrow.contains("aria-current=\"true\"><bdi>High</bdi>"), "{narrow}");
    assert!(narrow.contains("href=\"/bulletin?owner=x%22y&amp;lang=en\">All</a>"), "{narrow}");
    assert!(narrow.contains("<input type=\"hidden\" name=\"severity\" value=\"high\">"), "a search keeps it");
    assert!(narrow.contains("&lt;b&gt;CERT") && !narrow.contains("<b>CERT"));
}

#[test]
fn every_section_is_there_in_every_language_and_has_an_address() {
    use sabha_advisory::layout::Part;
    let content = full();
    for words in LANGUAGES {
        let page = advisory::page(&visit(words.tag), &sheet(&content)).into_string();
        assert!(page.contains(&format!("<html lang=\"{}\" dir=\"{}\">", words.tag, words.direction)));
        let sheet = sheet(&content);
        let parts: Vec<Part> = sheet.layout.sections.iter().map(|section| section.part).collect();
        assert_eq!(parts.len(), 14, "the document has all of them");
        for part in parts {
            let heading = format!("-title\">{}</h2>", (words.part)(part));
            assert!(page.contains(&heading), "{}: {heading}", words.tag);
        }
        assert!(page.contains(words.original) && page.contains(&words.moment("2026-04-12T10:00:00Z")));
        assert!(page.contains((words.severities)("high").unwrap()));
    }
}

#[test]
fn what_a_document_says_begins_where_its_language_does() {
    let page = |language: &str| {
        let mut content = full();
        content["document"]["lang"] = language.into();
        advisory::page(&visit("ur"), &sheet(&content)).into_string()
    };
    assert!(page("en-IN").contains("<div lang=\"en-IN\" dir=\"ltr\">"));
    assert!(page("UR-pk").contains("<div lang=\"UR-pk\" dir=\"rtl\">"));
}

#[test]
fn a_withdrawn_document_says_so_before_anything_else() {
    let mut sheet = sheet(&full());
    let words = Words::of("en").unwrap();
    assert!(!advisory::page(&visit("en"), &sheet).into_string().contains(words.withdrawn_note));
    sheet.document.withdrawn = true;
    let page = advisory::page(&visit("en"), &sheet).into_string();
    assert!(page.find(words.withdrawn_note).unwrap() < page.find("class=\"facts\"").unwrap());
}

#[test]
fn an_older_revision_leads_to_the_newest() {
    let mut sheet = sheet(&full());
    assert!(!advisory::page(&visit("en"), &sheet).into_string().contains("older revision"));
    sheet.shown = 1;
    let page = advisory::page(&visit("en"), &sheet).into_string();
    let newest = format!("/bulletin/{}?lang=en", sheet.document.id);
    assert!(page.contains("This is an older revision.") && page.contains(&format!("href=\"{newest}\"")));
    assert!(page.contains("/revisions/1/content"), "its own bytes");
}

#[test]
fn a_policy_is_offered_as_its_signed_file_and_members_are_led_to_where_they_answer() {
    let mut sheet = sheet(&full());
    let desk = format!("/bulletin/desk#document/{}", sheet.document.id);
    let file = format!("/api/v1/bulletin/public/{}/revisions/2/profile", sheet.document.id);
    let page = |sheet: &Sheet| advisory::page(&visit("en"), sheet).into_string();
    assert!(page(&sheet).contains(&desk) && !page(&sheet).contains(&file));

    sheet.document.revisions[0].profile = Some(RevisionProfile {
        id: "org.example".to_owned(),
        revision: 1,
        title: HOSTILE.to_owned(),
        issuer: HOSTILE.to_owned(),
        key: ProfileKey::from_bytes([3; 32]),
        hash: "ef".repeat(32),
        bytes: 100,
    });
    let carries = page(&sheet);
    assert!(carries.contains(&format!("href=\"{file}\"")), "{carries}");
    assert!(!carries.contains("<script") && !carries.contains("<img src=x"));

    sheet.document.withdrawn = true;
    assert!(!page(&sheet).contains(&desk), "nobody acts on what is withdrawn");
}

#[test]
fn the_style_sheet_brings_nothing_from_elsewhere() {
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    assert!(STYLE.contains("--ground") && STYLE.contains("@media print"));
}
