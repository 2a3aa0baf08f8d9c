//! What is too much, of another form, or names what it may not: refused with a clear word, and nothing stored.

use sabha_protocol::{
    Rule,
    bulletin::{BulletinRole as R, SharingGroupId},
    limits::{ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX, AUDIENCE_MAX, DOCUMENT_BYTES_MAX},
    wire::bulletin_documents::BulletinDocument,
};
use serde_json::{Value, json};

use super::{Exchange, sketch};
use crate::{accounts::rule, server::now_ms};

/// BULLETIN.CONTENT, BULLETIN.MARKING
///
/// BUL-08
#[tokio::test]
async fn a_document_that_cannot_be_is_refused_and_nothing_is_stored() {
    let exchange = Exchange::open().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let theirs = exchange.group("Theirs", &[bank.id]).await;
    let author = cert.by(R::Author);
    let clear = json!({ "tlp": "CLEAR" });
    let create = |marking: &Value, content: &str| json!({ "kind": "advisory", "marking": marking, "content": content });
    let good = sketch("Good");
    let wide = r#"{"document":{"title":"a","distribution":{"tlp":{"label":"WHITE"}}}}"#;
    let twice = r#"{"document":{"title":"a","title":"b"}}"#;
    let deep = format!(r#"{{"document":{{"title":"a"}},"x":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let long = format!(r#"{{"document":{{"title":"a"}},"x":"{}"}}"#, "y".repeat(DOCUMENT_BYTES_MAX));
    let endless = "y".repeat(2 * DOCUMENT_BYTES_MAX + 100_000);
    let user = bank.user(R::Member);
    let nobody = sabha_protocol::bulletin::OrganisationId::from_bytes([0xEE; 16]);
    let unknown = SharingGroupId::from_bytes([0xEE; 16]);
    let crowd = vec![user; AUDIENCE_MAX + 1];
    let clock = |noticed_ms: Value, kind: &str| json!({ "kind": kind, "marking": clear, "content": good, "noticed_ms": noticed_ms });
    for (body, expected) in [
        (create(&clear, ""), (400, Rule::BulletinContent)),
        (create(&clear, "[]"), (400, Rule::BulletinContent)),
        (create(&clear, "{}"), (400, Rule::BulletinContent)),
        (create(&clear, "<html>"), (400, Rule::BulletinContent)),
        (create(&clear, twice), (400, Rule::BulletinContent)),
        (create(&clear, &deep), (400, Rule::BulletinContent)),
        (create(&clear, &long), (400, Rule::BulletinContent)),
        (create(&clear, &endless), (413, Rule::WellFormed)),
        (create(&json!({ "tlp": "AMBER" }), wide), (400, Rule::BulletinMarking)),
        (create(&json!({ "tlp": "CLEAR", "organisations": [bank.id] }), &good), (400, Rule::BulletinMarking)),
        (create(&json!({ "tlp": "RED", "organisations": [bank.id] }), &good), (400, Rule::BulletinMarking)),
        (create(&json!({ "tlp": "GREEN", "persons": [user] }), &good), (400, Rule::BulletinMarking)),
        (create(&json!({ "tlp": "AMBER", "organisations": [nobody] }), &good), (400, Rule::BulletinMarking)),
        // A group that one is not in answers like one that is not there.
        (create(&json!({ "tlp": "AMBER", "groups": [theirs] }), &good), (400, Rule::BulletinMarking)),
        (create(&json!({ "tlp": "AMBER", "groups": [unknown] }), &good), (400, Rule::BulletinMarking)),
        (create(&json!({ "tlp": "RED", "persons": crowd }), &good), (422, Rule::WellFormed)),
        (create(&json!({ "tlp": "WHITE" }), &good), (422, Rule::WellFormed)),
        (create(&json!({ "tlp": "CLEAR", "for": "all" }), &good), (422, Rule::WellFormed)),
        (json!({ "kind": "rumour", "marking": clear, "content": good }), (422, Rule::WellFormed)),
        (clock(Value::Null, "incident_report"), (400, Rule::WellFormed)),
        (clock(json!(now_ms() + 3_600_000), "incident_report"), (400, Rule::WellFormed)),
        (clock(json!(now_ms()), "advisory"), (400, Rule::WellFormed)),
        (clock(json!(-1), "incident_report"), (422, Rule::WellFormed)),
    ] {
        let text: String = body.to_string().chars().take(200).collect();
        let answer = exchange.ask("POST", "documents", author, body).await;
        assert_eq!(rule(&answer), expected, "{text}: {}", answer.body);
    }
    for role in [R::Reviewer, R::Publisher, R::Administrator, R::Auditor, R::Member] {
        let answer = exchange.ask("POST", "documents", cert.by(role), create(&clear, &good)).await;
        assert_eq!(rule(&answer), (403, Rule::BulletinRole), "{role:?}");
    }
    assert_eq!(exchange.list(author).await.count, 0);
    for query in ["kind=rumour", "tlp=WHITE", "after=x", "words=", "limit=5", "tlp=RED&tlp=CLEAR"] {
        let answer = exchange.get(&format!("documents?{query}"), author).await;
        assert_eq!(rule(&answer), (400, Rule::WellFormed), "{query}");
    }
    // Whatever is searched for is words, and no question to the index.
    for words in ["%22", "a%20OR%20b", "NEAR(", "*", "text:x", "%22%20OR%20%22", "%3B--"] {
        assert_eq!(exchange.get(&format!("documents?words={words}"), author).await.status, 200, "{words}");
    }
}

/// BULLETIN.ATTACHMENT
///
/// BUL-14
#[tokio::test]
async fn an_attachment_that_cannot_be_is_refused_and_nothing_is_stored() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let author = cert.by(R::Author);
    let id = exchange.draft(&cert, json!({ "tlp": "CLEAR" }), &sketch("One")).await.id;
    let names = [
        "..%2F..%2Fetc%2Fpasswd",
        "%2Fetc%2Fpasswd",
        "a%5Cb.txt",
        "C%3Aevil.txt",
        ".profile",
        "a%00b",
        "a%0Ab",
        "%E2%80%AEfdp.exe",
        "",
        "%20",
        "..",
        &"a".repeat(121),
    ];
    let names = names.map(|name| format!("name={name}&media_type=text/plain"));
    let others = [
        "name=a.html&media_type=text/html",
        "name=a.svg&media_type=image/svg%2Bxml",
        "name=a.txt",
        "media_type=text/plain",
        "name=a.txt&media_type=text/plain&inline=1",
    ];
    for query in names.iter().map(String::as_str).chain(others) {
        let answer = exchange.attach(id, query, author, "text").await;
        assert_eq!(rule(&answer), (400, Rule::BulletinAttachment), "{query}");
    }
    for (media_type, bytes) in [
        ("application/pdf", "<script>"),
        ("image/png", "GIF89a"),
        ("text/plain", "\u{0}"),
        ("text/plain", ""),
    ] {
        let answer = exchange.attach(id, &format!("name=a&media_type={media_type}"), author, bytes).await;
        assert_eq!(rule(&answer), (400, Rule::BulletinAttachment), "{media_type} {bytes:?}");
    }
    let plain = "name=a.txt&media_type=text/plain";
    let long = exchange.attach(id, plain, author, &"x".repeat(ATTACHMENT_BYTES_MAX + 1)).await;
    assert_eq!(rule(&long), (413, Rule::BulletinAttachment));
    let by_reviewer = exchange.attach(id, plain, cert.by(R::Reviewer), "x").await;
    assert_eq!(rule(&by_reviewer), (403, Rule::BulletinRole));
    let view = |response: crate::server::Response| response.json::<BulletinDocument>();
    assert!(view(exchange.get(&format!("documents/{id}"), author).await).revisions[0].attachments.is_empty());

    for _ in 0..ATTACHMENTS_MAX {
        assert_eq!(exchange.attach(id, plain, author, "x").await.status, 201);
    }
    assert_eq!(rule(&exchange.attach(id, plain, author, "x").await), (409, Rule::Capacity));
    let largest = view(exchange.get(&format!("documents/{id}"), author).await);
    let first = largest.revisions[0].attachments[0].id;
    let removed = exchange.ask("DELETE", &format!("attachments/{first}"), author, Value::Null).await;
    assert_eq!(removed.status, 204);
    assert_eq!(exchange.attach(id, plain, author, &"x".repeat(ATTACHMENT_BYTES_MAX)).await.status, 201);
}
