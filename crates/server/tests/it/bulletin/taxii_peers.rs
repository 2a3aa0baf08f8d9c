//! OASIS' client for TAXII, `taxii2-client`, goes through every endpoint, and OASIS' server, `medallion`, answers the same.
//! `scripts/setup.sh test` installs them.

use std::{path::Path, process::Command};

use sabha_protocol::{account::Scope, bulletin::BulletinRole as R};
use serde_json::{Value, json};

use sabha_advisory::Tlp;

use super::{Exchange, fitting, revised, taxii::BULLETIN};

/// Runs an independent program and returns what it found; `None` where it is not installed.
async fn run(script: &'static str, arguments: Vec<String>) -> Option<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("target/peers/bin/python");
    if !python.exists() {
        assert!(std::env::var_os("CI").is_none(), "target/peers is not installed (scripts/setup.sh test)");
        println!("skipped: target/peers is not installed (scripts/setup.sh test)");
        return None;
    }
    let mut program = Command::new(python);
    program.arg(root.join("crates/advisory/tests/peers").join(script)).args(arguments);
    // While it runs, the server answers it from another thread.
    let output = tokio::task::spawn_blocking(move || program.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_client_reads_every_endpoint_and_sends_objects() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    for (title, tlp) in [("One", "CLEAR"), ("Two", "GREEN"), ("Three", "AMBER+STRICT")] {
        let id =
            exchange.draft(&cert, json!({ "tlp": tlp }), &fitting(title, &json!({ "tlp": tlp }))).await.id;
        exchange.publish(&cert, id).await;
    }
    let group = exchange.group("Finance", &[cert.id]).await;
    let marking = json!({ "tlp": "AMBER", "groups": [group] });
    let id = exchange.draft(&cert, marking.clone(), &fitting("Four", &marking)).await.id;
    exchange.publish(&cert, id).await;
    let scopes = [Scope::BulletinRead, Scope::BulletinWrite];
    let key = exchange.office.key(cert.user(R::Author), &scopes).await;
    let url = format!("http://{}/", exchange.office.server.address());
    let key = key.strip_prefix("Bearer ").unwrap().to_owned();
    let Some(found) = run("read_taxii.py", vec![url, key]).await else { return };
    let collection = |reports: &[&str]| {
        json!({
            "read": true, "write": false, "reports": reports, "pages": true, "manifest": true, "read_by_stix2": true,
            "each": true, "versions": true, "typed": true, "after": {}, "delete": 403,
        })
    };
    assert_eq!(found["public"]["public"], collection(&["One"]));
    assert_eq!(found["members"]["bulletin"], collection(&["One", "Two", "Three", "Four"]));
    assert_eq!(found["Finance"]["shared"], collection(&["Four"]));
    for root in ["members", "Finance"] {
        assert_eq!(found[root]["drafts"], json!({ "read": false, "write": true }));
        assert_eq!(found[root]["status"], json!(["complete", 2, 0, "complete"]), "{root}");
    }
    assert_eq!(found["default"], true);
    let drafts = exchange.list(cert.by(R::Author)).await.documents;
    assert_eq!(drafts.iter().filter(|one| one.title == "By the client").count(), 2);
}

/// `medallion`, with the same objects: two revisions of one document, another, a withdrawn one.
#[tokio::test(flavor = "multi_thread")]
async fn another_server_answers_the_same_to_every_filter_and_page() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let mut ids = Vec::new();
    for (title, tlp) in [("One", "CLEAR"), ("Two", "GREEN"), ("Three", "AMBER+STRICT")] {
        let id =
            exchange.draft(&cert, json!({ "tlp": tlp }), &fitting(title, &json!({ "tlp": tlp }))).await.id;
        exchange.publish(&cert, id).await;
        ids.push(id);
    }
    let begin =
        json!({ "marking": { "tlp": "CLEAR" }, "content": revised("One, again", Tlp::Clear, "TEST-One", 2) });
    let begun =
        exchange.ask("POST", &format!("documents/{}/revisions", ids[0]), cert.by(R::Author), begin).await;
    assert_eq!(begun.status, 201, "{}", begun.body);
    exchange.publish(&cert, ids[0]).await;
    assert_eq!(exchange.step(ids[1], "withdraw", cert.by(R::Publisher)).await.status, 200);
    let key = exchange.office.key(cert.user(R::Author), &[Scope::BulletinRead]).await;
    let collection = format!("http://{}{BULLETIN}", exchange.office.server.address());
    let key = key.strip_prefix("Bearer ").unwrap().to_owned();
    let Some(found) = run("compare_taxii.py", vec![collection, key]).await else { return };
    assert_eq!(found["differ"], json!([]));
    assert!(found["asked"].as_u64().unwrap() > 300);
}
