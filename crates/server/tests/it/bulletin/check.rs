//! A check of a document before anything is done with it: for who shares, and the same verdict as without a server.

use sabha_protocol::{
    Rule, bulletin::BulletinRole, limits::DOCUMENT_BYTES_MAX, wire::bulletin_check::CheckReport,
};
use serde_json::{Value, json};

use super::Exchange;
use crate::{accounts::rule, advisory};

#[tokio::test]
async fn a_check_says_the_same_as_the_command_line_to_whoever_takes_part_and_stores_nothing() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let mut wrong = advisory::document();
    wrong["document"]["tracking"]["version"] = "2".into();
    wrong["document"]["lang"] = Value::Null;
    for (document, valid) in [(advisory::document(), true), (wrong, false), (json!({}), false)] {
        let text = document.to_string();
        let output = advisory::validate(text.as_bytes(), &["--output", "json"]);
        let mut said: Value = serde_json::from_slice(&output.stdout).unwrap();
        said.as_object_mut().unwrap().remove("file");
        for role in BulletinRole::ALL {
            let answer = exchange.ask("POST", "check", cert.by(role), json!({ "content": text })).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert_eq!(answer.json::<Value>(), said);
            assert_eq!(answer.json::<CheckReport>().valid, valid);
        }
    }
    assert_eq!(exchange.list(cert.by(BulletinRole::Author)).await.count, 0);
}

/// BULLETIN.CONTENT
#[tokio::test]
async fn what_cannot_be_read_is_not_checked_and_nor_is_what_comes_from_outside() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let ask = async |by, text: &str| exchange.ask("POST", "check", by, json!({ "content": text })).await;
    let author = cert.by(BulletinRole::Author);
    let long = format!("\"{}\"", "x".repeat(DOCUMENT_BYTES_MAX));
    let deep = "[".repeat(200);
    for text in ["", "{", "{\"a\":1,\"a\":2}", &long, &deep] {
        assert_eq!(rule(&ask(author, text).await), (400, Rule::BulletinContent), "{text:.40}");
    }
    let endless = "x".repeat(2 * DOCUMENT_BYTES_MAX + 100_000);
    assert_eq!(rule(&ask(author, &endless).await), (413, Rule::WellFormed));
    let nobody = exchange.somebody().await.credential;
    assert_eq!(rule(&ask(&nobody, "{}").await), (403, Rule::BulletinRole));
    let no_credential = crate::accounts::Credential::default();
    assert_eq!(rule(&ask(&no_credential, "{}").await), (401, Rule::AccountSignedIn));
}
