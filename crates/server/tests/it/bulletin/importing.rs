//! Files that others made, as drafts: what is read, what is refused, and that nothing of it is stored.

use sabha_advisory::Tlp;
use sabha_protocol::{Rule, bulletin::BulletinRole as R, wire::bulletin_exchange::ImportedDraft};
use serde_json::{Value, json};

use super::{Exchange, content};
use crate::accounts::rule;

const TEXT: &str = "TLP:GREEN\nCERT-In Advisory CIAD-2026-0012\nMeetings that strangers enter\n\nSeverity: HIGH\n\n\
                    Overview\nStrangers enter.\n\nReferences\nhttps://vendor.example/note\n";
const PAGE: &str = "<h1>A flaw</h1><script>evil()</script><h2>Solution</h2><p>Update &amp; restart.";

/// BULLETIN.CONTENT
#[tokio::test]
async fn a_text_a_page_and_a_document_become_drafts_and_nothing_is_stored() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let author = cert.by(R::Author);
    let import = async |query: &str, body: &str| {
        exchange.office.ask("POST", &format!("/api/v1/bulletin/import{query}"), author, body).await
    };

    let text: ImportedDraft = import("", TEXT).await.json();
    assert_eq!(json!([text.kind, text.tlp, text.left_out]), json!(["advisory", "GREEN", []]));
    let draft: Value = serde_json::from_str(&text.content).unwrap();
    assert_eq!(draft["document"]["title"], "Meetings that strangers enter");
    assert_eq!(draft["document"]["references"][0]["url"], "https://vendor.example/note");

    let page: ImportedDraft = import("", PAGE).await.json();
    assert_eq!((page.tlp, page.left_out.len(), &*page.left_out[0].what), (None, 1, "element script"));
    assert!(page.content.contains("Update & restart.") && !page.content.contains("evil"));
    // The same, for who says that it is text.
    let shown: ImportedDraft = import("?from=text", &format!("A title\n{PAGE}")).await.json();
    assert!(shown.content.contains("< script>evil()< /script>"), "{}", shown.content);
    let said: ImportedDraft = import("?from=html", "A title<p>And words").await.json();
    assert!(said.content.contains("And words") && !said.content.contains("<p"));

    let csaf = content("A document", Tlp::Amber);
    let same: ImportedDraft = import("", &csaf).await.json();
    assert_eq!((json!(same.tlp), same.content), (json!("AMBER"), csaf), "byte for byte");

    assert_eq!(exchange.list(author).await.count, 0);
    for (draft, label) in [(text, "GREEN"), (page, "RED")] {
        let create = json!({ "kind": draft.kind, "marking": { "tlp": label }, "content": draft.content });
        let made = exchange.ask("POST", "documents", author, create).await;
        assert_eq!(made.status, 201, "it is a draft as it stands: {}", made.body);
    }
}

/// BULLETIN.CONTENT
#[tokio::test]
async fn what_is_packed_too_much_or_no_text_is_refused_by_its_rule_and_leaves_nothing() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let author = cert.by(R::Author);
    let import = async |query: &str, body: &str| {
        exchange.office.ask("POST", &format!("/api/v1/bulletin/import{query}"), author, body).await
    };
    for (query, body, status, words) in [
        ("", "PK\u{3}\u{4}archive", 400, "a ZIP archive or an office document"),
        ("?from=html", "%PDF-1.7", 400, "a PDF"),
        ("?from=text", "a\0b", 400, "not text in UTF-8"),
        ("", "Only a title", 422, "nothing in it"),
        ("", &"<b>".repeat(300_000), 413, "200000 tags"),
        ("", &format!("A title\n\n{}", "long ".repeat(200_000)), 413, "524288 are the most"),
    ] {
        let refused = import(query, body).await;
        assert_eq!(rule(&refused), (status, Rule::BulletinContent), "{}", refused.body);
        assert!(refused.body.contains(words), "{}", refused.body);
    }
    assert_eq!(rule(&import("?from=pdf", TEXT).await), (400, Rule::WellFormed));
    assert_eq!(import("", &"a\n".repeat(3 * 1024 * 1024)).await.status, 413, "longer than a body may be");
    assert_eq!(exchange.list(author).await.count, 0);
}
