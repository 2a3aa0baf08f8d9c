//! OASIS' client for TAXII, `taxii2-client`, goes through every endpoint. `scripts/setup.sh test` installs it.

use std::{path::Path, process::Command};

use sabha_protocol::{account::Scope, bulletin::BulletinRole as R};
use serde_json::{Value, json};

use super::{Exchange, content};

#[tokio::test(flavor = "multi_thread")]
async fn another_client_reads_every_endpoint_and_sends_objects() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("target/peers/bin/python");
    if !python.exists() {
        assert!(std::env::var_os("CI").is_none(), "target/peers is not installed (scripts/setup.sh test)");
        println!("skipped: target/peers is not installed (scripts/setup.sh test)");
        return;
    }
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    for (title, tlp) in [("One", "CLEAR"), ("Two", "GREEN"), ("Three", "AMBER+STRICT")] {
        let id = exchange.draft(&cert, json!({ "tlp": tlp }), &content(title)).await.id;
        exchange.publish(&cert, id).await;
    }
    let scopes = [Scope::BulletinRead, Scope::BulletinWrite];
    let key = exchange.office.key(cert.user(R::Author), &scopes).await;
    let mut client = Command::new(python);
    client
        .arg(root.join("crates/advisory/tests/peers/read_taxii.py"))
        .arg(format!("http://{}/", exchange.office.server.address()))
        .arg(key.strip_prefix("Bearer ").unwrap());
    let output = tokio::task::spawn_blocking(move || client.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let collection = |reports: &[&str]| {
        json!({
            "read": true, "write": false, "reports": reports, "pages": true, "manifest": true, "read_by_stix2": true,
            "each": true, "versions": true, "typed": true, "after": {}, "delete": 403,
        })
    };
    assert_eq!(found["public"]["public"], collection(&["One"]));
    assert_eq!(found["members"]["bulletin"], collection(&["One", "Two", "Three"]));
    assert_eq!(found["members"]["drafts"], json!({ "read": false, "write": true }));
    assert_eq!((&found["default"], &found["again"]), (&json!(true), &json!("complete")));
    assert_eq!(found["status"], json!(["complete", 1, 1]));
    assert_eq!(exchange.list(cert.by(R::Author)).await.documents[0].title, "By the client");
}
