//! Webhooks, against a server of HTTP that answers as badly as servers do.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::hmac;
use sabha_advisory::Tlp;
use sabha_protocol::{
    Rule,
    bulletin::BulletinRole as R,
    wire::bulletin_notices::{NewWebhook, Webhook, Webhooks},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::{Exchange, Staff, content, fitting, notices::Telling};
use crate::{accounts::rule, client::PATIENCE, server::Response};

/// What came to the server of a webhook.
#[derive(Clone, Debug)]
pub struct Delivered {
    pub path: String,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Delivered {
    pub fn header(&self, name: &str) -> String {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    }
}

/// How one request is answered.
#[derive(Clone, Debug)]
enum Answers {
    Bytes(Vec<u8>),
    /// Never.
    Stalls,
}

/// A server of HTTP on this machine that notes what it is told. Answers 200, or what was put in its way.
#[derive(Clone)]
pub struct HookServer {
    port: u16,
    taken: Arc<Mutex<Vec<Delivered>>>,
    answers: Arc<Mutex<VecDeque<Answers>>>,
}

impl HookServer {
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// Starts one that speaks TLS by this certificate, at [`Self::tls_url`].
    pub async fn start_tls(tls: TlsAcceptor) -> Self {
        Self::listen(Some(tls)).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, taken: Arc::default(), answers: Arc::default() };
        let this = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (this, tls) = (this.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => this.serve(stream).await,
                        Some(tls) => this.serve(tls.accept(stream).await.ok()?).await,
                    }
                });
            }
        });
        server
    }

    pub fn tls_url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn taken(&self) -> Vec<Delivered> {
        self.taken.lock().unwrap().clone()
    }

    pub fn will_stall(&self) {
        self.answers.lock().unwrap().push_back(Answers::Stalls);
    }

    pub fn will_answer(&self, bytes: impl Into<Vec<u8>>) {
        self.answers.lock().unwrap().push_back(Answers::Bytes(bytes.into()));
    }

    async fn serve(self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Option<()> {
        let mut bytes = Vec::new();
        let (head, length) = loop {
            let mut chunk = [0; 4096];
            let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
            bytes.extend_from_slice(&chunk[..read]);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            break (head.to_owned(), length.unwrap_or(0_usize));
        };
        while bytes.len() < head.len() + 4 + length {
            let mut chunk = [0; 4096];
            let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
            bytes.extend_from_slice(&chunk[..read]);
        }
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let delivered = Delivered {
            path: head.split(' ').nth(1)?.to_owned(),
            headers: headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
            body: String::from_utf8(bytes[head.len() + 4..].to_vec()).ok()?,
        };
        self.taken.lock().unwrap().push(delivered);
        let answer = self.answers.lock().unwrap().pop_front();
        match answer {
            None => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.ok(),
            Some(Answers::Bytes(bytes)) => stream.write_all(&bytes).await.ok(),
            Some(Answers::Stalls) => {
                let _ = stream.read(&mut [0]).await;
                None
            }
        }
    }
}

pub async fn add(exchange: &Exchange, staff: &Staff, body: Value) -> NewWebhook {
    let made = exchange.ask("POST", "webhooks", staff.by(R::Administrator), body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()
}

pub async fn webhooks(exchange: &Exchange, staff: &Staff) -> Vec<Webhook> {
    exchange.get("webhooks", staff.by(R::Administrator)).await.json::<Webhooks>().webhooks
}

async fn retry(exchange: &Exchange, staff: &Staff, hook: &Webhook) -> Response {
    let path = format!("webhooks/{}/retry", hook.id);
    exchange.ask("POST", &path, staff.by(R::Administrator), Value::Null).await
}

/// Waits until the only webhook is as it should be.
async fn until(exchange: &Exchange, staff: &Staff, is: impl Fn(&Webhook) -> bool) -> Webhook {
    let comes = async {
        loop {
            let hook = webhooks(exchange, staff).await.remove(0);
            if is(&hook) {
                return hook;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE * 3, comes).await.expect("it comes to that")
}

#[tokio::test]
async fn an_organisation_is_told_what_it_may_read_and_knows_from_whom() {
    let telling = Telling::open().await;
    let hooks = HookServer::start().await;
    let exchange = &telling.exchange;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let made = add(exchange, &bank, json!({ "url": hooks.url("/hook?a=b") })).await;
    let clear = json!({ "tlp": "CLEAR" });
    telling.published(&cert, clear.clone(), &fitting("Pump", &clear)).await;
    let to_bank = json!({ "tlp": "AMBER", "organisations": [bank.id] });
    let valve = telling.published(&cert, to_bank, &content("Valve", Tlp::Amber)).await;
    telling.published(&cert, json!({ "tlp": "AMBER" }), &content("Own", Tlp::Amber)).await;
    let persons = [bank.user(R::Administrator), cert.user(R::Reviewer), cert.user(R::Publisher)];
    let red = json!({ "tlp": "RED", "persons": persons });
    telling.published(&cert, red, &content("Secret", Tlp::Red)).await;
    telling.quiet().await;

    let taken = hooks.taken();
    let [first, second] = &taken[..] else { panic!("two are for the bank: {taken:?}") };
    assert_eq!(first.path, "/hook?a=b");
    let said: Value = serde_json::from_str(&first.body).unwrap();
    assert_eq!((&said["type"], &said["data"]["title"]), (&json!("bulletin.published"), &json!("Pump")));
    let said: Value = serde_json::from_str(&second.body).unwrap();
    assert_eq!((&said["data"]["tlp"], &said["data"]["title"]), (&json!("AMBER"), &Value::Null));
    assert_eq!(said["data"]["document"], json!(valve));

    // As Standard Webhooks has it.
    let secret = made.secret.strip_prefix("whsec_").unwrap();
    let secret = data_encoding::BASE64.decode(secret.as_bytes()).unwrap();
    for delivered in &taken {
        let (id, at) = (delivered.header("webhook-id"), delivered.header("webhook-timestamp"));
        let signed = format!("{id}.{at}.{}", delivered.body);
        let tag = delivered.header("webhook-signature").strip_prefix("v1,").unwrap().to_owned();
        let tag = data_encoding::BASE64.decode(tag.as_bytes()).unwrap();
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &secret), signed.as_bytes(), &tag).unwrap();
        assert!(at.parse::<u64>().unwrap().abs_diff(crate::server::now_ms() / 1000) < 60, "{at}");
    }
    let hook = webhooks(exchange, &bank).await.remove(0);
    assert!(hook.delivered_ms.is_some() && hook.waiting == 0 && hook.given_up == 0, "{hook:?}");
    assert!(!exchange.get("webhooks", bank.by(R::Administrator)).await.body.contains("whsec_"), "shown once");

    // An organisation that leaves is told nothing more.
    let path = format!("organisations/{}", bank.id);
    assert_eq!(exchange.ask("DELETE", &path, &exchange.administrator, Value::Null).await.status, 204);
    telling.published(&cert, clear.clone(), &fitting("Bolt", &clear)).await;
    telling.quiet().await;
    assert_eq!(hooks.taken().len(), 2);
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_under_its_id_and_says_why() {
    let telling = Telling::open().await;
    let hooks = HookServer::start().await;
    let (exchange, clear) = (&telling.exchange, json!({ "tlp": "CLEAR" }));
    let cert = exchange.staff("CERT").await;
    add(exchange, &cert, json!({ "url": hooks.url("/") })).await;
    let elsewhere = HookServer::start().await;
    let redirect =
        format!("HTTP/1.1 307 Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", elsewhere.url("/"));
    hooks.will_answer("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n");
    telling.published(&cert, clear.clone(), &fitting("Pump", &clear)).await;
    let hook = until(exchange, &cert, |hook| hook.trouble.is_some()).await;
    assert_eq!((hook.waiting, hook.trouble.as_deref()), (1, Some("the answer was 500")));
    for (answer, why) in [
        (redirect.as_bytes().to_vec(), "the answer was 307"),
        (b"SSH-2.0-OpenSSH\r\n\r\n".to_vec(), "the connection broke off, or what came is no HTTP"),
        (
            [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'x'; 100_000]].concat(),
            "the connection broke off, or what came is no HTTP",
        ),
    ] {
        hooks.will_answer(answer);
        assert_eq!(retry(exchange, &cert, &hook).await.status, 204);
        let hook = until(exchange, &cert, |hook| hook.trouble.as_deref() == Some(why)).await;
        assert_eq!(hook.waiting, 1, "{why}");
        // Wait until this one is noted, and not the one before.
        telling.quiet().await;
    }
    // An endless body is no reason not to believe the status.
    hooks.will_answer([b"HTTP/1.1 204 No\r\n\r\n".to_vec(), vec![b'x'; 1_000_000]].concat());
    assert_eq!(retry(exchange, &cert, &hook).await.status, 204);
    let hook = until(exchange, &cert, |hook| hook.waiting == 0).await;
    assert_eq!((hook.trouble, hook.given_up), (None, 0));
    let ids: Vec<_> = hooks.taken().iter().map(|delivered| delivered.header("webhook-id")).collect();
    assert!(ids.len() == 5 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let bodies: Vec<_> = hooks.taken().into_iter().map(|delivered| delivered.body).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert!(elsewhere.taken().is_empty(), "no redirect is followed");
}

#[tokio::test]
async fn who_is_silent_keeps_nobody_waiting_and_is_given_up_in_the_end() {
    let telling = Telling::open().await;
    let (silent, other) = (HookServer::start().await, HookServer::start().await);
    let (exchange, clear) = (&telling.exchange, json!({ "tlp": "CLEAR" }));
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    add(exchange, &cert, json!({ "url": silent.url("/") })).await;
    add(exchange, &bank, json!({ "url": other.url("/") })).await;
    silent.will_stall();
    telling.published(&cert, clear.clone(), &fitting("Pump", &clear)).await;
    telling.published(&cert, clear.clone(), &fitting("Valve", &clear)).await;
    until(exchange, &bank, |hook| other.taken().len() == 2 && hook.waiting == 0).await;
    assert_eq!(silent.taken().len(), 1, "one at a time to each");
    let hook = until(exchange, &cert, |hook| hook.trouble.is_some()).await;
    assert_eq!(hook.trouble.as_deref(), Some("no answer in 10 seconds"));
    assert_eq!((hook.waiting, silent.taken().len()), (2, 1), "both wait now");

    // Two days later it is not there any more; the last try is one too many for both.
    let mut database = telling.database().await;
    sqlx::query("UPDATE announcements SET at_ms = at_ms - 49 * 3600000")
        .execute(&mut database)
        .await
        .unwrap();
    silent.will_answer("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(retry(exchange, &cert, &hook).await.status, 204);
    let hook = until(exchange, &cert, |hook| hook.given_up == 2).await;
    assert_eq!((hook.waiting, hook.trouble.as_deref()), (0, Some("the answer was 410")));
    // Whoever has mended it asks for all of it.
    assert_eq!(retry(exchange, &cert, &hook).await.status, 204);
    until(exchange, &cert, |hook| hook.given_up == 0 && hook.waiting == 0).await;
    assert_eq!(silent.taken().len(), 4);
}

/// BULLETIN.WEBHOOK
#[tokio::test]
async fn a_webhook_is_for_administrators_of_the_organisation_and_leads_nowhere_behind_the_server() {
    let exchange = Exchange::open().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let good = json!({ "url": "https://hooks.example.org/a" });
    for role in [R::Member, R::Author, R::Publisher, R::Auditor] {
        let refused = exchange.ask("POST", "webhooks", cert.by(role), good.clone()).await;
        assert_eq!(rule(&refused), (403, Rule::BulletinRole), "{role:?}");
    }
    let refused = exchange.ask("POST", "webhooks", &exchange.administrator, good.clone()).await;
    assert_eq!(rule(&refused), (403, Rule::BulletinRole), "who runs the server is of no organisation");
    for wrong in [
        "http://hooks.example.org/",
        "https://127.0.0.1/",
        "http://127.0.0.1:80/",
        "https://10.0.0.1/",
        "file:///etc/passwd",
    ] {
        let refused =
            exchange.ask("POST", "webhooks", cert.by(R::Administrator), json!({ "url": wrong })).await;
        assert_eq!(rule(&refused), (400, Rule::BulletinWebhook), "{wrong}");
    }
    let made = add(&exchange, &cert, good.clone()).await;
    assert!(webhooks(&exchange, &bank).await.is_empty());
    let path = format!("webhooks/{}", made.webhook.id);
    let refused = exchange.ask("DELETE", &path, bank.by(R::Administrator), Value::Null).await;
    assert_eq!(rule(&refused), (404, Rule::BulletinKnown));
    assert_eq!(rule(&retry(&exchange, &bank, &made.webhook).await), (404, Rule::BulletinKnown));
    for _ in 1..8 {
        add(&exchange, &cert, good.clone()).await;
    }
    let ninth = exchange.ask("POST", "webhooks", cert.by(R::Administrator), good).await;
    assert_eq!(rule(&ninth), (409, Rule::Capacity));
    assert_eq!(exchange.ask("DELETE", &path, cert.by(R::Administrator), Value::Null).await.status, 204);
    assert_eq!(webhooks(&exchange, &cert).await.len(), 7);
}
