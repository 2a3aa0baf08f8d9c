//! The trusted provider of CSAF, asked as its readers ask it: by the metadata, from list to list, to each file and what proves it.

use std::process::Command;

use base64ct::{Base64, Encoding as _};
use sabha_advisory::Tlp;
use sabha_protocol::{
    Rule,
    account::Scope,
    bulletin::{BulletinRole as R, DocumentId},
    wire::bulletin_documents::BulletinDocument,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};

use super::{Exchange, Staff, content, document, revised};
use crate::{
    accounts::{Credential, rule},
    server::Response,
};

const WELL_KNOWN: &str = "/.well-known/csaf";

async fn publish(exchange: &Exchange, staff: &Staff, marking: Value, content: &str) -> DocumentId {
    let id = exchange.draft(staff, marking, content).await.id;
    exchange.publish(staff, id).await;
    id
}

async fn get(exchange: &Exchange, path: &str, by: &Credential) -> Response {
    exchange.office.ask("GET", path, by, "").await
}

async fn ok(exchange: &Exchange, path: &str, by: &Credential) -> Response {
    let answer = get(exchange, path, by).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer
}

fn nobody() -> Credential {
    Credential::default()
}

/// Returns the path of a URL that names this server.
fn path_of(exchange: &Exchange, url: &Value) -> String {
    let origin = format!("http://{}", exchange.office.server.address());
    url.as_str().unwrap().strip_prefix(&origin).expect("a URL of this server").to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn from_the_metadata_everybody_finds_each_public_document_and_what_proves_it() {
    let exchange = Exchange::with_provider().await;
    let cert = exchange.staff("CERT").await;
    let text = content("One", Tlp::Clear);
    publish(&exchange, &cert, json!({ "tlp": "CLEAR" }), &text).await;
    publish(&exchange, &cert, json!({ "tlp": "GREEN" }), &content("Two", Tlp::Green)).await;

    let security = ok(&exchange, "/.well-known/security.txt", &nobody()).await;
    let field = |name: &str| security.body.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    assert_eq!(field("Contact:"), Some("mailto:security@cert.example.org"));
    assert!(field("Expires:").unwrap().ends_with("T00:00:00Z"), "{}", security.body);
    let metadata = path_of(&exchange, &json!(field("CSAF:").unwrap()));
    assert_eq!(metadata, format!("{WELL_KNOWN}/provider-metadata.json"));
    let metadata: Value = ok(&exchange, &metadata, &nobody()).await.json();
    assert_eq!(metadata["publisher"]["name"], "CERT");
    assert_eq!(metadata["role"], "csaf_trusted_provider");

    let [directories @ .., rolie] = metadata["distributions"].as_array().unwrap().as_slice() else {
        panic!()
    };
    let directory = path_of(&exchange, &directories[0]["directory_url"]);
    let index = ok(&exchange, &format!("{directory}index.txt"), &nobody()).await;
    assert_eq!(index.body, "2026/test-one.json\n");
    assert_eq!(index.header("content-type"), Some("text/plain; charset=utf-8"));
    let changes = ok(&exchange, &format!("{directory}changes.csv"), &nobody()).await;
    assert_eq!(changes.body, "\"2026/test-one.json\",\"2026-11-01T10:00:00Z\"\n");
    for (listing, link) in [("", "2026/"), ("2026/", "test-one.json.asc")] {
        let page = ok(&exchange, &format!("{directory}{listing}"), &nobody()).await;
        assert!(page.body.contains(&format!("<a href=\"{link}\">")), "{}", page.body);
    }
    let rolie = &rolie["rolie"];
    for path in [&rolie["services"][0], &rolie["categories"][0]] {
        ok(&exchange, &path_of(&exchange, path), &nobody()).await.json::<Value>();
    }
    let feed: Value = ok(&exchange, &path_of(&exchange, &rolie["feeds"][0]["url"]), &nobody()).await.json();
    assert_eq!(feed["feed"]["updated"], "2026-11-01T10:00:00Z");
    let [entry] = feed["feed"]["entry"].as_array().unwrap().as_slice() else { panic!("{feed}") };
    let url = path_of(&exchange, &entry["content"]["src"]);
    assert_eq!(url, format!("{directory}2026/test-one.json"));
    let file = ok(&exchange, &url, &nobody()).await;
    assert_eq!(file.body, text, "byte for byte");
    let linked = nobody().by_another_site();
    assert_eq!(ok(&exchange, &url, &linked).await.body, text, "linked from anywhere");
    let beside = async |ending: &str| ok(&exchange, &format!("{url}{ending}"), &nobody()).await.body;
    let hash = format!("{}  test-one.json\n", hex(&Sha256::digest(&text)));
    assert_eq!(beside(".sha256").await, hash);
    let hash = format!("{}  test-one.json\n", hex(&Sha512::digest(&text)));
    assert_eq!(beside(".sha512").await, hash);
    let signature = beside(".asc").await;
    assert_eq!(beside(".asc").await, signature, "the same whenever it is asked for");

    let key = &metadata["public_openpgp_keys"][0];
    let public = ok(&exchange, &path_of(&exchange, &key["url"]), &nobody()).await;
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    for (name, text) in [("key.asc", &public.body), ("a.json", &text), ("a.json.asc", &signature)] {
        std::fs::write(at(name), text).unwrap();
    }
    let gpg = |arguments: &[&str]| {
        let mut command = Command::new("gpg");
        command.current_dir(directory.path()).args(["--homedir", ".", "--batch", "--status-fd", "1"]);
        command.args(arguments).output()
    };
    let Ok(imported) = gpg(&["--import", "key.asc"]) else {
        assert!(std::env::var_os("CI").is_none(), "gpg is missing: scripts/setup.sh test installs it");
        println!("skipped: gpg is missing");
        return;
    };
    let said = String::from_utf8_lossy(&imported.stdout).into_owned();
    assert!(said.contains(&format!("IMPORT_OK 1 {}", key["fingerprint"].as_str().unwrap())), "{said}");
    let verified = gpg(&["--verify", "a.json.asc", "a.json"]).unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    std::fs::write(at("a.json"), text.replace("One", "Two")).unwrap();
    assert!(!gpg(&["--verify", "a.json.asc", "a.json"]).unwrap().status.success());
    // The command line prints the same key, while the server runs.
    let data = exchange.office.server.directory.path();
    let output = crate::binary::sabha()
        .args(["bulletin", "key", "--output", "json", "--data", data.to_str().unwrap()])
        .env("SABHA__BULLETIN__PROVIDER__ORGANISATION", "CERT")
        .env("SABHA__BULLETIN__PROVIDER__NAMESPACE", "https://cert.example.org")
        .output()
        .unwrap();
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&printed["fingerprint"], &printed["key"]), (&key["fingerprint"], &json!(public.body)));
}

/// BULLETIN.KNOWN
#[tokio::test]
async fn other_labels_are_for_who_shows_a_key_and_each_sees_what_they_may_read() {
    let exchange = Exchange::with_provider().await;
    let (cert, bank, other) =
        (exchange.staff("CERT").await, exchange.staff("Bank").await, exchange.staff("Other").await);
    let amber = json!({ "tlp": "AMBER", "organisations": [bank.id] });
    publish(&exchange, &cert, amber, &content("For the bank", Tlp::Amber)).await;
    publish(&exchange, &cert, json!({ "tlp": "AMBER" }), &content("Own", Tlp::Amber)).await;
    let index = format!("{WELL_KNOWN}/amber/index.txt");
    let file = format!("{WELL_KNOWN}/amber/2026/test-for_the_bank.json");

    for path in [&index, &file] {
        let answer = get(&exchange, path, &nobody()).await;
        assert_eq!(rule(&answer), (401, Rule::AccountSignedIn));
        let schemes = answer.headers.iter().filter(|(name, _)| name == "www-authenticate");
        assert!(schemes.map(|(_, value)| value).any(|value| value.starts_with("Basic ")), "{path}");
    }
    let api = exchange.ask("GET", "documents", &nobody(), Value::Null).await;
    assert_eq!(api.header("www-authenticate"), Some("Bearer"), "a browser would ask people");

    let key = exchange.office.key(bank.user(R::Member), &[Scope::BulletinRead]).await;
    let basic = |key: &str| {
        let pair = format!("downloader:{}", key.strip_prefix("Bearer ").unwrap());
        Credential::bearer(&format!("Basic {}", Base64::encode_string(pair.as_bytes())))
    };
    for by in [&Credential::bearer(&key), &basic(&key), bank.by(R::Auditor)] {
        assert_eq!(ok(&exchange, &index, by).await.body, "2026/test-for_the_bank.json\n");
        assert_eq!(ok(&exchange, &file, by).await.body, content("For the bank", Tlp::Amber));
        ok(&exchange, &format!("{file}.asc"), by).await;
    }
    assert_eq!(ok(&exchange, &index, cert.by(R::Member)).await.body.lines().count(), 2);
    let wrong = basic(&format!("Bearer sabha_{}", "B".repeat(43)));
    assert_eq!(rule(&get(&exchange, &index, &wrong).await), (401, Rule::AccountSignedIn));
    let elsewhere = exchange.office.key(bank.user(R::Member), &[Scope::BulletinWrite]).await;
    assert_eq!(rule(&get(&exchange, &index, &basic(&elsewhere)).await), (403, Rule::AccountScope));

    // Who may read nothing sees what is there for who could read nothing if there were nothing.
    let by = other.by(R::Member);
    assert_eq!(ok(&exchange, &index, by).await.body, "");
    let none = get(&exchange, &format!("{WELL_KNOWN}/amber/2026/none.json"), by).await;
    for path in [file.as_str(), &format!("{file}.sha256"), &format!("{WELL_KNOWN}/amber/2026/")] {
        let answer = get(&exchange, path, by).await;
        assert_eq!((rule(&answer), &answer.body), ((404, Rule::BulletinKnown), &none.body), "{path}");
    }
    // Whoever may read it does not find it under another label, and there is no other folder.
    for path in
        ["green/2026/test-for_the_bank.json", "white/index.txt", "amber/secrets.txt", "amber//index.txt"]
    {
        let answer = get(&exchange, &format!("{WELL_KNOWN}/{path}"), bank.by(R::Member)).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_document_is_where_its_newest_revision_belongs_and_withdrawn_it_is_in_no_list() {
    let exchange = Exchange::with_provider().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let id = publish(&exchange, &cert, json!({ "tlp": "GREEN" }), &content("One", Tlp::Green)).await;
    let index = async |label: &str, by: &Credential| {
        ok(&exchange, &format!("{WELL_KNOWN}/{label}/index.txt"), by).await.body
    };
    let by = bank.by(R::Member);
    assert_eq!(index("green", by).await, "2026/test-one.json\n");
    let next = |tlp: &str, content: String| json!({ "marking": { "tlp": tlp }, "content": content });
    let begin = async |next: Value| {
        let path = format!("documents/{id}/revisions");
        let begun = exchange.ask("POST", &path, cert.by(R::Author), next).await;
        assert_eq!(begun.status, 201, "{}", begun.body);
    };
    begin(next("CLEAR", revised("One", Tlp::Clear, "TEST-One", 2))).await;
    assert_eq!(index("clear", by).await, "", "not published");
    exchange.publish(&cert, id).await;
    assert_eq!(
        (index("green", by).await, index("clear", by).await),
        (String::new(), "2026/test-one.json\n".into())
    );
    // A third is for the owner only: others go on with the second, which everybody has.
    begin(next("AMBER", revised("One", Tlp::Amber, "TEST-One", 3))).await;
    exchange.publish(&cert, id).await;
    assert_eq!(
        (index("amber", by).await, index("clear", by).await),
        (String::new(), "2026/test-one.json\n".into())
    );
    assert_eq!(index("amber", cert.by(R::Member)).await, "2026/test-one.json\n");

    assert_eq!(exchange.step(id, "withdraw", cert.by(R::Publisher)).await.status, 200);
    assert_eq!(index("clear", &nobody()).await, "");
    let file = ok(&exchange, &format!("{WELL_KNOWN}/clear/2026/test-one.json"), &nobody()).await;
    assert_eq!(file.body, revised("One", Tlp::Clear, "TEST-One", 2));
}

/// BUL-16
#[tokio::test]
async fn the_provider_publishes_what_names_it_as_its_publisher_and_is_its_own() {
    let exchange = Exchange::with_provider().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let mut other = document("Other", Tlp::Clear, "TEST-Other", 1);
    other["document"]["publisher"]["namespace"] = "https://cert.example.com".into();
    let draft: BulletinDocument = exchange.draft(&cert, json!({ "tlp": "CLEAR" }), &other.to_string()).await;
    let answer = exchange.step(draft.id, "submit", cert.by(R::Author)).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("BULLETIN-PUBLISHER"), "{}", answer.body);
    // Who takes its name for a document of their own is not in its lists by that.
    publish(&exchange, &bank, json!({ "tlp": "CLEAR" }), &content("Theirs", Tlp::Clear)).await;
    let index = ok(&exchange, &format!("{WELL_KNOWN}/clear/index.txt"), &nobody()).await;
    assert_eq!(index.body, "");
    let file = get(&exchange, &format!("{WELL_KNOWN}/clear/2026/test-theirs.json"), &nobody()).await;
    assert_eq!(rule(&file), (404, Rule::BulletinKnown));
}

#[tokio::test]
async fn without_a_provider_there_is_nothing_at_its_paths() {
    let exchange = Exchange::open().await;
    let paths = ["csaf/provider-metadata.json", "csaf/service.json", "csaf/clear/index.txt", "security.txt"];
    for path in paths {
        let answer = get(&exchange, &format!("/.well-known/{path}"), &nobody()).await;
        assert_eq!(rule(&answer), (404, Rule::BulletinKnown), "{path}");
    }
}
