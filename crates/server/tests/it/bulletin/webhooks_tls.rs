//! Webhooks over TLS, by authorities of one's own, and what is done about them on the server's machine.

use std::path::PathBuf;

use sabha_protocol::{bulletin::BulletinRole as R, wire::bulletin_notices::Webhook};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    Exchange, Staff, fitting,
    webhooks::{HookServer, add, webhooks},
};
use crate::{accounts::Office, binary, client::PATIENCE, mail::Authority};

/// An exchange that believes one authority of its own.
struct Trusting {
    exchange: Exchange,
    authority: Authority,
    directory: TempDir,
}

impl Trusting {
    async fn open() -> Self {
        let (authority, directory) = (Authority::new(), tempfile::tempdir().unwrap());
        let file = directory.path().join("authorities.pem");
        authority.write(&file);
        let office = Office::with(move |settings| {
            settings.bulletin.webhooks.networks = vec!["127.0.0.0/8".parse().unwrap()];
            settings.bulletin.webhooks.ca_file = Some(file);
        })
        .await;
        Self { exchange: Exchange::of(office).await, authority, directory }
    }

    /// Returns a file that has the same settings for the command line.
    fn settings(&self) -> PathBuf {
        let file = self.directory.path().join("sabha.toml");
        let (data, trusted) =
            (self.exchange.office.server.directory.path(), self.directory.path().join("authorities.pem"));
        let text = format!(
            "[server]\ndata_dir = {data:?}\n[bulletin.webhooks]\nnetworks = ['127.0.0.0/8']\nca_file = {trusted:?}\n"
        );
        std::fs::write(&file, text).unwrap();
        file
    }
}

/// Waits until all webhooks are as they should be.
async fn until(exchange: &Exchange, staff: &Staff, are: impl Fn(&[Webhook]) -> bool) -> Vec<Webhook> {
    let comes = async {
        loop {
            let hooks = webhooks(exchange, staff).await;
            if are(&hooks) {
                return hooks;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE * 3, comes).await.expect("it comes to that")
}

/// BULLETIN.WEBHOOK
#[tokio::test]
async fn a_webhook_is_told_over_tls_only_by_whom_the_authority_vouches_for() {
    let trusting = Trusting::open().await;
    let exchange = &trusting.exchange;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let good = HookServer::start_tls(trusting.authority.certify("localhost")).await;
    let unknown = HookServer::start_tls(Authority::new().certify("localhost")).await;
    let misnamed = HookServer::start_tls(trusting.authority.certify("elsewhere.example")).await;
    for hooks in [&good, &unknown, &misnamed] {
        add(exchange, &bank, json!({ "url": hooks.tls_url("/hook") })).await;
    }
    let clear = json!({ "tlp": "CLEAR" });
    let id = exchange.draft(&cert, clear.clone(), &fitting("Pump", &clear)).await.id;
    exchange.publish(&cert, id).await;
    let is_settled = |hook: &Webhook| hook.delivered_ms.is_some() || hook.trouble.is_some();
    let hooks = until(exchange, &bank, |hooks| hooks.iter().all(is_settled)).await;
    for hook in hooks {
        let is_good = hook.url == good.tls_url("/hook");
        let trouble = (!is_good).then_some("the certificate is not good for this name");
        assert_eq!(
            (hook.delivered_ms.is_some(), hook.trouble.as_deref()),
            (is_good, trouble),
            "{}",
            hook.url
        );
    }
    assert_eq!(good.taken().len(), 1);
    assert!(unknown.taken().is_empty() && misnamed.taken().is_empty(), "nothing of it was said");
}

#[tokio::test]
async fn webhooks_are_kept_on_the_command_line_beside_a_running_server() {
    let trusting = Trusting::open().await;
    let exchange = &trusting.exchange;
    let bank = exchange.staff("Bank").await;
    exchange.staff("CERT").await;
    let good = HookServer::start_tls(trusting.authority.certify("localhost")).await;
    let settings = trusting.settings();
    let sabha = async |arguments: &[&str]| {
        let arguments: Vec<String> = ["bulletin", "webhook"]
            .iter()
            .chain(arguments)
            .map(|argument| (*argument).to_owned())
            .chain(["--config".to_owned(), settings.to_str().unwrap().to_owned()])
            .collect();
        let run = move || binary::run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        // While it runs, the server of the webhook answers it from another thread.
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        let said = if output.status.success() { &output.stdout } else { &output.stderr };
        (output.status.code(), String::from_utf8(said.clone()).unwrap())
    };
    assert_eq!(sabha(&["list"]).await, (Some(0), "no webhooks\n".to_owned()));
    let url = good.tls_url("/hook");
    let (code, said) = sabha(&["add", "Bank", &url, "--severity", "high", "--output", "json"]).await;
    assert_eq!(code, Some(0), "{said}");
    let added: Value = serde_json::from_str(&said).unwrap();
    let id = added["id"].as_str().unwrap();
    assert!(added["secret"].as_str().unwrap().starts_with("whsec_"), "{said}");
    let [hook] = &webhooks(exchange, &bank).await[..] else { panic!("one was added") };
    assert_eq!((hook.id.to_string(), hook.url.as_str()), (id.to_owned(), url.as_str()));

    let (_, said) = sabha(&["list", "Bank"]).await;
    assert_eq!(said, format!("{id} Bank: {url} from high, last delivery never, waiting 0, given up 0\n"));
    assert_eq!(sabha(&["list", "CERT"]).await.1, "no webhooks\n");
    assert_eq!(sabha(&["test", id]).await, (Some(0), format!("{url} took a test\n")));
    let [taken] = &good.taken()[..] else { panic!("one test") };
    let body: Value = serde_json::from_str(&taken.body).unwrap();
    assert_eq!((&body["type"], &body["data"]), (&json!("bulletin.test"), &json!({})));
    assert!(taken.header("webhook-signature").starts_with("v1,"));
    good.will_answer("HTTP/1.1 503 Not now\r\ncontent-length: 0\r\n\r\n");
    let (code, said) = sabha(&["test", id]).await;
    assert!(code == Some(1) && said.contains("the answer was 503"), "{said}");

    for (arguments, why) in [
        (&["add", "Nobody", &url][..], "no member organisation is called Nobody"),
        (&["add", "Bank", "https://10.1.2.3/"], "not of the Internet"),
        (&["add", "Bank", "http://hooks.example.org/"], "https"),
        (&["remove", "x"], "there is no webhook x"),
        (&["test", "x"], "there is no webhook x"),
        (&["list", "Nobody"], "no member organisation is called Nobody"),
    ] {
        let (code, said) = sabha(arguments).await;
        assert!(code == Some(1) && said.contains(why), "{arguments:?}: {said}");
    }
    assert_eq!(sabha(&["add", "Bank", &url, "--severity", "grave"]).await.0, Some(2));
    let (code, said) = sabha(&["remove", id]).await;
    assert_eq!((code, said), (Some(0), format!("{url} of Bank is told no more\n")));
    assert!(webhooks(exchange, &bank).await.is_empty());
    let log = exchange
        .office
        .ask("GET", "/api/v1/audit?action=bulletin.webhook", &exchange.administrator, "")
        .await;
    assert_eq!(log.json::<Value>()["entries"].as_array().unwrap().len(), 2, "both stand in the audit log");
    assert_eq!(exchange.get("webhooks", bank.by(R::Member)).await.status, 403);
}
