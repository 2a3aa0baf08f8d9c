//! A crash while a publisher whom the server follows publishes: what is published is applied, and what is applied is so once.

use std::{path::Path, time::Duration};

use sabha_advisory::{Tlp, clearance::Reader};
use sabha_protocol::{
    bulletin::{BulletinRole as R, DocumentId},
    wire::bulletin_documents::BulletinDocument,
};
use sabha_server::storage::{FILE_NAME, Store};
use serde_json::json;
use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};

use super::{
    Exchange, content,
    policy::{KEY, profile_text},
};
use crate::{binary::Binary, server::request};

/// When the process is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So long after the publication was asked for, in milliseconds: before anything is written, or after all of it.
    After(u64),
    /// As soon as the database has it as published, before whatever else the server would do.
    Published,
}

const MOMENTS: [Moment; 10] = [
    Moment::After(0),
    Moment::After(2),
    Moment::After(5),
    Moment::After(20),
    Moment::Published,
    Moment::Published,
    Moment::Published,
    Moment::Published,
    Moment::Published,
    Moment::Published,
];

/// Waits until the database has a document as published, and fails unless it has it as applied in the same moment.
async fn published(database: &Path, document: DocumentId) {
    let options = SqliteConnectOptions::new().filename(database).read_only(true);
    let mut connection = options.connect().await.unwrap();
    loop {
        let state: (bool, bool) = sqlx::query_as(
            "SELECT stage >= 3, EXISTS (SELECT 1 FROM advisory_fates WHERE document = $1)
             FROM revisions WHERE document = $1",
        )
        .bind(&document.as_bytes()[..])
        .fetch_one(&mut connection)
        .await
        .unwrap();
        match state {
            (true, applied) => return assert!(applied, "what is published is applied in the same moment"),
            (false, applied) => assert!(!applied, "nothing is applied before it is published"),
        }
        tokio::task::yield_now().await;
    }
}

/// ADV-07
#[tokio::test]
async fn a_killed_server_has_applied_exactly_what_it_has_published_and_never_twice() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let mut drafts = Vec::new();
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        let title = content(&format!("{number}, {moment:?}"), Tlp::Clear);
        let id = exchange.draft(&cert, json!({ "tlp": "CLEAR" }), &title).await.id;
        let text = profile_text(&[("MEET.CHAT.SAFE", "hosts")], &KEY);
        let path = format!("/api/v1/bulletin/documents/{id}/profile");
        let carried = exchange.office.ask("PUT", &path, cert.by(R::Author), &text).await;
        let key = carried.json::<BulletinDocument>().revisions[0].profile.as_ref().unwrap().key;
        for (step, role) in [("submit", R::Author), ("approve", R::Reviewer)] {
            assert_eq!(exchange.step(id, step, cert.by(role)).await.status, 200, "{step}");
        }
        let seen = exchange.get(&format!("documents/{id}"), cert.by(R::Publisher)).await;
        drafts.push((id, seen.json::<BulletinDocument>().revisions[0].hash.clone(), key, moment));
    }
    let follow = json!({ "publisher": cert.id, "key": drafts[0].2 }).to_string();
    let path = "/api/v1/floor/subscriptions";
    let followed = exchange.office.ask("PUT", path, &exchange.administrator, &follow).await;
    assert_eq!(followed.status, 204, "{}", followed.body);
    let publisher = cert.by(R::Publisher).cookie_text().to_owned();
    exchange.office.store.close().await;
    let server = exchange.office.server;
    server.server.stop().await;
    let directory = server.directory;

    let mut applied = 0;
    for (id, seen, _, moment) in &drafts {
        let mut process = Binary::serve(directory.path(), &[]);
        let publish = async |address: std::net::SocketAddr| {
            let own = format!("http://{address}");
            let headers = [("content-type", "application/json"), ("origin", &own), ("cookie", &publisher)];
            let body = json!({ "step": "publish_final", "seen": seen }).to_string();
            request(address, "POST", &format!("/api/v1/bulletin/documents/{id}/steps"), &headers, &body).await
        };
        // What is asked for is written first and answered later; the answer is not waited for.
        tokio::select! {
            _ = publish(process.address) => {}
            () = async {
                match moment {
                    Moment::After(ms) => tokio::time::sleep(Duration::from_millis(*ms)).await,
                    Moment::Published => published(&directory.path().join(FILE_NAME), *id).await,
                }
            } => {}
        }
        process.kill();

        let store = Store::open(directory.path()).await.unwrap();
        let known = store.advisory_policies(&Reader::Anonymous).await.unwrap().advisories;
        let published = known.iter().find(|line| line.document == *id);
        if let Some(line) = published {
            let fate = line.fate.as_ref().expect("what is published is applied");
            assert!(fate.followed && fate.in_force, "{fate:?}");
            applied += 1;
        }
        assert_eq!(store.newest_floor().await.unwrap(), applied, "once each, {moment:?}");
        let is_published = published.is_some();
        store.close().await;

        // After the crash it goes on: what was not published can be, and nothing is applied anew.
        let process = Binary::serve(directory.path(), &[]);
        let again = publish(process.address).await;
        assert_eq!(again.status, if is_published { 409 } else { 200 }, "{}", again.body);
        applied += i64::from(!is_published);
        drop(process);
        let store = Store::open(directory.path()).await.unwrap();
        assert_eq!(store.newest_floor().await.unwrap(), applied);
        store.close().await;
    }
    assert_eq!(applied, i64::try_from(MOMENTS.len()).unwrap());
}
