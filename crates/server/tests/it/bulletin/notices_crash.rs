//! A crash while readers are told: nobody misses anything, and nobody is told twice under two ids.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::atomic::Ordering,
    time::Duration,
};

use sabha_advisory::Tlp;
use sabha_protocol::{bulletin::BulletinRole as R, wire::bulletin_documents::BulletinDocument};
use sabha_server::storage::FILE_NAME;
use serde_json::json;
use sqlx::{ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    content,
    notices::{Telling, header, immediate, plain},
    webhooks::HookServer,
};
use crate::{
    binary::Binary,
    client::PATIENCE,
    server::{now_ms, request},
};

/// When the process is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So long after the publication was asked for, in milliseconds.
    After(u64),
    /// As soon as the database has it announced.
    Announced,
    /// As soon as notices are made.
    Made,
    /// As soon as the mail server has so many mails of it, of the last of which it has not said so yet.
    HandedOver(usize),
    /// As soon as the webhook's server has the delivery, and has not answered.
    Delivered,
}

const MOMENTS: [Moment; 9] = [
    Moment::After(0),
    Moment::After(4),
    Moment::Announced,
    Moment::Announced,
    Moment::Made,
    Moment::Made,
    Moment::HandedOver(1),
    Moment::HandedOver(2),
    Moment::Delivered,
];

const READERS: [(R, &str); 3] =
    [(R::Member, "a@example.org"), (R::Auditor, "b@example.org"), (R::Administrator, "c@example.org")];

async fn connect(directory: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(directory.join(FILE_NAME)).read_only(true);
    options.busy_timeout(Duration::from_secs(5)).connect().await.unwrap()
}

async fn until(database: &mut SqliteConnection, condition: &'static str) {
    let holds = async {
        while !sqlx::query_scalar::<_, bool>(condition)
            .bind(i64::try_from(now_ms()).unwrap())
            .fetch_one(&mut *database)
            .await
            .unwrap()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE * 3, holds).await.unwrap_or_else(|_| panic!("never: {condition}"));
}

#[tokio::test]
async fn a_killed_server_tells_everybody_of_everything_and_never_under_two_ids() {
    let telling = Telling::open().await;
    let hook = HookServer::start().await;
    let cert = telling.exchange.staff("CERT").await;
    for (role, address) in READERS {
        telling.tell(&cert.of_role[&role].clone(), address, immediate()).await;
    }
    let add = json!({ "url": hook.url("/hook") });
    assert_eq!(telling.exchange.ask("POST", "webhooks", cert.by(R::Administrator), add).await.status, 201);
    let mut drafts = Vec::new();
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        let title = format!("Doc{number}x");
        let id =
            telling.exchange.draft(&cert, json!({ "tlp": "CLEAR" }), &content(&title, Tlp::Clear)).await.id;
        for (step, role) in [("submit", R::Author), ("approve", R::Reviewer)] {
            assert_eq!(telling.exchange.step(id, step, cert.by(role)).await.status, 200, "{step}");
        }
        let seen = telling.exchange.get(&format!("documents/{id}"), cert.by(R::Publisher)).await;
        drafts.push((id, seen.json::<BulletinDocument>().revisions[0].hash.clone(), title, moment));
    }
    let publisher = cert.by(R::Publisher).cookie_text().to_owned();
    let Telling { exchange, post } = telling;
    exchange.office.store.close().await;
    let server = exchange.office.server;
    server.server.stop().await;
    let directory = server.directory;
    let config = directory.path().join("crash.toml");
    let settings = format!(
        "[mail]\nserver = \"{}\"\nfrom = \"bulletin@example.org\"\n[bulletin.webhooks]\nnetworks = [\"127.0.0.0/8\"]\n",
        post.url()
    );
    std::fs::write(&config, settings).unwrap();
    let serve = || Binary::serve(directory.path(), &["--config", config.to_str().unwrap()]);

    for (id, seen, title, moment) in &drafts {
        let mut process = serve();
        let mut database = connect(directory.path()).await;
        post.is_slow.store(false, Ordering::Relaxed);
        let publish = async |address: std::net::SocketAddr| {
            let own = format!("http://{address}");
            let headers = [("content-type", "application/json"), ("origin", &own), ("cookie", &publisher)];
            let body = json!({ "step": "publish_final", "seen": seen }).to_string();
            request(address, "POST", &format!("/api/v1/bulletin/documents/{id}/steps"), &headers, &body).await
        };
        let (mails, deliveries) = (post.taken().len(), hook.taken().len());
        let publishing = async {
            let _ = publish(process.address).await;
            std::future::pending::<()>().await;
        };
        let moment_comes = async {
            match moment {
                Moment::After(ms) => tokio::time::sleep(Duration::from_millis(*ms)).await,
                Moment::Announced => {
                    until(
                        &mut database,
                        "SELECT EXISTS (SELECT 1 FROM announcements WHERE phase < 2) AND $1 > 0",
                    )
                    .await
                }
                Moment::Made => {
                    until(
                        &mut database,
                        "SELECT EXISTS (SELECT 1 FROM notices WHERE state = 'waiting') AND $1 > 0",
                    )
                    .await
                }
                Moment::HandedOver(count) => {
                    // All but the last are answered.
                    post.is_slow.store(*count == 1, Ordering::Relaxed);
                    while post.taken().len() < mails + count {
                        post.is_slow.store(post.taken().len() + 1 >= mails + count, Ordering::Relaxed);
                        tokio::task::yield_now().await;
                    }
                }
                Moment::Delivered => {
                    hook.will_stall();
                    while hook.taken().len() == deliveries {
                        tokio::task::yield_now().await;
                    }
                }
            }
        };
        tokio::select! {
            () = publishing => {}
            moment = tokio::time::timeout(PATIENCE * 2, moment_comes) => moment.expect("the moment comes"),
        }
        process.kill();
        post.is_slow.store(false, Ordering::Relaxed);

        // What is published is announced, in the same moment; after the crash it goes on.
        let is_published = "SELECT EXISTS (SELECT 1 FROM revisions WHERE document = $1 AND stage >= 3)";
        let is_announced = "SELECT EXISTS (SELECT 1 FROM announcements WHERE document = $1)";
        let mut database = connect(directory.path()).await;
        let mut asks = async |query| -> bool {
            sqlx::query_scalar(query).bind(&id.as_bytes()[..]).fetch_one(&mut database).await.unwrap()
        };
        let published = asks(is_published).await;
        assert_eq!(asks(is_announced).await, published, "{moment:?}");
        let process = serve();
        if !published {
            assert_eq!(publish(process.address).await.status, 200, "{moment:?}");
        }
        let told = "SELECT NOT EXISTS (SELECT 1 FROM announcements WHERE phase < 2)
                    AND NOT EXISTS (SELECT 1 FROM notices WHERE state = 'waiting') AND $1 > 0";
        until(&mut database, told).await;
        drop(process);

        let of_document: Vec<String> = post
            .taken()
            .iter()
            .map(|mail| plain(mail))
            .filter(|mail| mail.contains(title.as_str()))
            .collect();
        let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for mail in &of_document {
            ids.entry(header(mail, "To")).or_default().insert(header(mail, "Message-ID"));
        }
        assert_eq!(
            ids.keys().copied().collect::<Vec<_>>(),
            READERS.map(|(_, address)| address),
            "{moment:?}"
        );
        assert!(ids.values().all(|ids| ids.len() == 1), "{moment:?}: {ids:?}");
        let copies = of_document.len() - READERS.len();
        let expected = usize::from(matches!(moment, Moment::HandedOver(_)));
        if expected == 1 {
            assert_eq!(
                copies, 1,
                "{moment:?}: what was handed over and not noted is sent again, and nothing else"
            );
        } else {
            assert!(copies <= 1, "{moment:?}: {copies}");
        }
        let delivered: Vec<_> =
            hook.taken().into_iter().filter(|request| request.body.contains(&id.to_string())).collect();
        let delivery_ids: BTreeSet<_> =
            delivered.iter().map(|request| request.header("webhook-id")).collect();
        assert_eq!(delivery_ids.len(), 1, "{moment:?}: {delivered:?}");
        assert!(delivered.len() <= 2, "{moment:?}: {delivered:?}");
        assert!(!matches!(moment, Moment::Delivered) || delivered.len() == 2, "{delivered:?}");
    }
}
