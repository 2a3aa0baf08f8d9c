//! From draft to publication, over HTTP.

use sabha_advisory::Tlp;
use sabha_protocol::{
    Rule,
    bulletin::{BulletinRole as R, DocumentId, RevisionStage},
    wire::{
        accounts::AuditAction,
        bulletin_check::{FindingWeight, NotFit},
        bulletin_documents::{
            Acknowledgements, BulletinDocument, DocumentComments, Incident, IncidentClock, Incidents,
        },
    },
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Exchange, content, document, revised, sketch};
use crate::{
    accounts::{Credential, rule},
    server::{Response, now_ms, request},
};

fn hash_of(response: &Response) -> String {
    data_encoding_hex(&Sha256::digest(response.body.as_bytes()))
}

fn data_encoding_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// BULLETIN.FOUR_EYES, BULLETIN.ROLE, BULLETIN.STAGE, BULLETIN.SEEN
///
/// BUL-09, BUL-10, BUL-13
#[tokio::test]
async fn a_document_is_published_by_four_eyes_and_in_its_order() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let both = exchange.somebody().await;
    exchange.set(both.user, cert.id, &[R::Author, R::Reviewer, R::Publisher]).await;
    let draft = exchange.draft(&cert, json!({ "tlp": "GREEN" }), &content("One", Tlp::Green)).await;
    assert_eq!((draft.revisions.len(), draft.revisions[0].stage), (1, RevisionStage::Draft));
    let id = draft.id;

    for (step, role) in
        [("approve", R::Reviewer), ("publish_final", R::Publisher), ("withdraw", R::Publisher)]
    {
        let early = exchange.step(id, step, cert.by(role)).await;
        assert_eq!(rule(&early), (409, Rule::BulletinStage), "{step}");
    }
    for role in [R::Reviewer, R::Publisher, R::Administrator, R::Auditor] {
        let submit = exchange.step(id, "submit", cert.by(role)).await;
        assert_eq!(rule(&submit), (403, Rule::BulletinRole), "{role:?}");
    }
    // Somebody else changes one word: they are its author, too.
    let path = format!("documents/{id}/draft");
    let change = |seen: &str, title: &str| json!({ "seen": seen, "marking": { "tlp": "GREEN" }, "content": content(title, Tlp::Green) });
    let seen = &draft.revisions[0].hash;
    let changed = exchange.ask("PUT", &path, &both.credential, change(seen, "Two")).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let stale = exchange.ask("PUT", &path, cert.by(R::Author), change(seen, "Three")).await;
    assert_eq!(rule(&stale), (409, Rule::BulletinSeen));

    assert_eq!(exchange.step(id, "submit", cert.by(R::Author)).await.status, 200);
    let late = exchange.ask("PUT", &path, cert.by(R::Author), change(&"0".repeat(64), "Four")).await;
    assert_eq!(rule(&late), (409, Rule::BulletinStage));
    for step in ["approve", "publish_final"] {
        let own = exchange.step(id, step, &both.credential).await;
        let expected =
            if step == "approve" { (403, Rule::BulletinFourEyes) } else { (409, Rule::BulletinStage) };
        assert_eq!(rule(&own), expected, "{step}");
    }
    // What was not read is not approved.
    let unseen = json!({ "step": "approve", "seen": seen });
    let unseen = exchange.ask("POST", &format!("documents/{id}/steps"), cert.by(R::Reviewer), unseen).await;
    assert_eq!(rule(&unseen), (409, Rule::BulletinSeen));
    assert_eq!(exchange.step(id, "approve", cert.by(R::Reviewer)).await.status, 200);
    let own = exchange.step(id, "publish_final", &both.credential).await;
    assert_eq!(rule(&own), (403, Rule::BulletinFourEyes));
    let published: BulletinDocument = exchange.step(id, "publish_final", cert.by(R::Publisher)).await.json();
    assert_eq!(
        (published.revisions[0].stage, published.revisions[0].title.as_str()),
        (RevisionStage::Final, "Two")
    );

    // A file that was attached after somebody looked is not approved with what they saw.
    let begin =
        json!({ "marking": { "tlp": "GREEN" }, "content": revised("Next", Tlp::Green, "TEST-Two", 2) });
    let begun = exchange.ask("POST", &format!("documents/{id}/revisions"), cert.by(R::Author), begin).await;
    assert_eq!(begun.status, 201, "{}", begun.body);
    let before = begun.json::<BulletinDocument>().revisions[0].hash.clone();
    exchange.attached(id, "late.txt", cert.by(R::Author), "What nobody has looked at.").await;
    assert_eq!(exchange.step(id, "submit", cert.by(R::Author)).await.status, 200);
    let unseen = json!({ "step": "approve", "seen": before });
    let unseen = exchange.ask("POST", &format!("documents/{id}/steps"), cert.by(R::Reviewer), unseen).await;
    assert_eq!(rule(&unseen), (409, Rule::BulletinSeen));

    // Returning takes an approval back.
    for (step, role) in [("approve", R::Reviewer), ("return", R::Publisher)] {
        assert_eq!(exchange.step(id, step, cert.by(role)).await.status, 200, "{step}");
    }
    let voided = exchange.step(id, "publish_interim", cert.by(R::Publisher)).await;
    assert_eq!(rule(&voided), (409, Rule::BulletinStage));
}

/// BUL-11, BUL-12
#[tokio::test]
async fn what_is_published_is_the_same_bytes_for_ever() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let first = content("घटना  with odd  white space", Tlp::Clear);
    let draft = exchange.draft(&cert, json!({ "tlp": "CLEAR" }), &first).await;
    let id = draft.id;
    let file = exchange.attached(id, "a.txt", cert.by(R::Author), "attached bytes").await;
    let hidden = exchange.public(&format!("/{id}")).await;
    assert_eq!(rule(&hidden), (404, Rule::BulletinKnown), "a draft");
    exchange.publish(&cert, id).await;

    let path = format!("/{id}/revisions/1/content");
    let before = exchange.public(&path).await;
    assert_eq!((before.status, before.body.as_str()), (200, first.as_str()), "byte for byte");
    let shown: BulletinDocument = exchange.public(&format!("/{id}")).await.json();
    assert_eq!(shown.revisions[0].content_hash, hash_of(&before));
    assert_eq!(before.header("etag"), Some(format!("\"{}\"", hash_of(&before)).as_str()));
    assert!(before.header("content-disposition").unwrap().starts_with("attachment"));
    let attachment = exchange.public(&format!("/attachments/{}", file.id)).await;
    assert_eq!((attachment.body.as_str(), hash_of(&attachment)), ("attached bytes", file.hash.clone()));
    assert_eq!(attachment.header("content-type"), Some("application/octet-stream"));

    // Nobody writes in it any more.
    let author = cert.by(R::Author);
    let late = exchange.attach(id, "name=b.txt&media_type=text/plain", author, "x").await;
    assert_eq!(rule(&late), (409, Rule::BulletinStage));
    let late = exchange.ask("DELETE", &format!("attachments/{}", file.id), author, json!(null)).await;
    assert_eq!(rule(&late), (409, Rule::BulletinStage));
    let marking = json!({ "tlp": "CLEAR" });
    let change = json!({ "seen": shown.revisions[0].hash, "marking": marking, "content": sketch("x") });
    let late = exchange.ask("PUT", &format!("documents/{id}/draft"), author, change).await;
    assert_eq!(rule(&late), (409, Rule::BulletinStage));

    // Another revision comes after it, and the first stays.
    let second = revised("Second", Tlp::Clear, "TEST-घटना  with odd  white space", 2);
    let begin = json!({ "marking": marking, "content": second });
    let begun = exchange.ask("POST", &format!("documents/{id}/revisions"), author, begin).await;
    assert_eq!(begun.json::<BulletinDocument>().revisions.len(), 2);
    assert_eq!(exchange.public(&format!("/{id}")).await.json::<BulletinDocument>().revisions.len(), 1);
    exchange.publish(&cert, id).await;
    assert_eq!(exchange.step(id, "withdraw", cert.by(R::Administrator)).await.status, 200);
    let shown: BulletinDocument = exchange.public(&format!("/{id}")).await.json();
    assert!(shown.withdrawn && shown.revisions.len() == 2);
    let after = exchange.public(&path).await;
    assert_eq!(after.body, before.body);
    let ended = exchange.step(id, "withdraw", cert.by(R::Publisher)).await;
    assert_eq!(rule(&ended), (409, Rule::BulletinStage));

    // And over another start of the server, from the same files.
    let Exchange { office, .. } = exchange;
    office.store.close().await;
    let directory = office.server.directory;
    office.server.server.stop().await;
    let store = sabha_server::storage::Store::open(directory.path()).await.unwrap();
    let anonymous = sabha_advisory::clearance::Reader::Anonymous;
    let stored = store.revision_content(&anonymous, id, 1).await.unwrap().unwrap();
    assert_eq!(stored.bytes, first.as_bytes());
    assert_eq!(data_encoding_hex(&stored.hash), hash_of(&before));
}

/// BUL-15
#[tokio::test]
async fn an_incident_has_a_clock_and_goes_from_hand_to_hand_among_those_who_may_read_it() {
    let exchange = Exchange::open().await;
    let (bank, cert, other) =
        (exchange.staff("Bank").await, exchange.staff("CERT").await, exchange.staff("Other").await);
    let group = exchange.group("Bank and CERT", &[bank.id, cert.id]).await;
    let report = |title: &str, noticed_ms: u64| {
        json!({ "kind": "incident_report", "marking": { "tlp": "AMBER+STRICT", "groups": [group] },
            "content": content(title, Tlp::AmberStrict), "noticed_ms": noticed_ms })
    };
    let made = exchange
        .ask("POST", "documents", bank.by(R::Author), report("First", now_ms() - 7 * 3_600_000))
        .await;
    let late = made.json::<BulletinDocument>().id;
    let made =
        exchange.ask("POST", "documents", bank.by(R::Author), report("Second", now_ms() - 3_600_000)).await;
    let id = made.json::<BulletinDocument>().id;
    let incidents = async |by: &Credential| -> Vec<Incident> {
        exchange.get("incidents", by).await.json::<Incidents>().incidents
    };
    let clocks: Vec<_> = incidents(bank.by(R::Reviewer)).await.iter().map(|one| one.clock).collect();
    assert_eq!(clocks, [IncidentClock::Overdue, IncidentClock::Running], "the soonest due first");
    assert!(incidents(bank.by(R::Member)).await.is_empty(), "not published");
    // Before it is published it is for who works for its owner, and so in nobody else's hands.
    let early = format!("documents/{id}/incident");
    for (organisation, person, status) in [
        (cert.id, None, 400),
        (cert.id, Some(cert.user(R::Author)), 400),
        (bank.id, Some(bank.user(R::Member)), 400),
        (bank.id, Some(bank.user(R::Reviewer)), 200),
        (bank.id, None, 200),
    ] {
        let hand_over = json!({ "hand_over": { "organisation": organisation, "person": person } });
        let answer = exchange.ask("PATCH", &early, bank.by(R::Author), hand_over).await;
        assert_eq!(answer.status, status, "{organisation} {person:?}: {}", answer.body);
    }
    exchange.publish(&bank, id).await;
    exchange.publish(&bank, late).await;
    let all = incidents(bank.by(R::Member)).await;
    let clock = |id| all.iter().find(|one| one.document == id).unwrap().clock;
    assert_eq!((clock(id), clock(late)), (IncidentClock::InTime, IncidentClock::Late));

    // Whoever may read the report does not see by that how it is handled.
    assert!(incidents(cert.by(R::Publisher)).await.is_empty());
    let path = format!("documents/{id}/incident");
    let change = async |by: &Credential, body: Value| exchange.ask("PATCH", &path, by, body).await;
    assert_eq!(
        rule(&change(cert.by(R::Author), json!({ "status": "closed" })).await),
        (404, Rule::BulletinKnown)
    );
    assert_eq!(
        rule(&change(bank.by(R::Member), json!({ "status": "closed" })).await),
        (403, Rule::BulletinRole)
    );
    // Handing over widens nothing.
    for (organisation, person) in [(other.id, None), (cert.id, Some(other.user(R::Author)))] {
        let hand_over = json!({ "hand_over": { "organisation": organisation, "person": person } });
        assert_eq!(rule(&change(bank.by(R::Author), hand_over).await), (400, Rule::BulletinMarking));
    }
    let hand_over = json!({ "status": "handling",
        "hand_over": { "organisation": cert.id, "person": cert.user(R::Author) } });
    assert_eq!(change(bank.by(R::Author), hand_over).await.status, 200);
    let theirs = incidents(cert.by(R::Author)).await;
    assert_eq!((theirs.len(), theirs[0].handler), (1, Some(cert.user(R::Author))));
    assert_eq!(
        rule(&change(bank.by(R::Author), json!({ "status": "closed" })).await),
        (403, Rule::BulletinRole)
    );
    let closed: Incident = change(cert.by(R::Reviewer), json!({ "status": "closed" })).await.json();
    assert_eq!(closed.handled_by, cert.id);
}

/// ORG.ERASE: what somebody said stays their organisation's, and who it was goes with their account.
#[tokio::test]
async fn who_was_removed_is_in_no_comment_acknowledgement_or_hand_any_more() {
    let exchange = Exchange::open().await;
    let (bank, cert) = (exchange.staff("Bank").await, exchange.staff("CERT").await);
    let report = json!({ "kind": "incident_report", "marking": { "tlp": "GREEN" },
        "content": content("One", Tlp::Green), "noticed_ms": now_ms() });
    let made = exchange.ask("POST", "documents", bank.by(R::Author), report).await;
    let id = made.json::<BulletinDocument>().id;
    exchange.publish(&bank, id).await;
    let gone = cert.user(R::Member);
    let by = cert.by(R::Member);
    for (path, body) in [
        ("comments", json!({ "revision": 1, "text": "Seen here, too." })),
        ("acknowledgements", json!({ "revision": 1, "acknowledgement": "applied" })),
    ] {
        assert_eq!(exchange.ask("POST", &format!("documents/{id}/{path}"), by, body).await.status, 204);
    }
    let hand_over = json!({ "hand_over": { "organisation": cert.id, "person": gone } });
    let path = format!("documents/{id}/incident");
    assert_eq!(exchange.ask("PATCH", &path, bank.by(R::Author), hand_over).await.status, 200);

    let path = format!("/api/v1/users/{gone}");
    assert_eq!(exchange.office.ask("DELETE", &path, &exchange.administrator, "").await.status, 204);
    let comments: DocumentComments =
        exchange.get(&format!("documents/{id}/comments"), bank.by(R::Author)).await.json();
    assert_eq!((comments.comments.len(), &comments.comments[0].name), (1, &None));
    assert_eq!(comments.comments[0].organisation, cert.id);
    let said: Acknowledgements =
        exchange.get(&format!("documents/{id}/acknowledgements"), bank.by(R::Author)).await.json();
    assert_eq!(said.acknowledgements.len(), 1);
    let incidents: Incidents = exchange.get("incidents", cert.by(R::Author)).await.json();
    assert_eq!((incidents.incidents[0].handled_by, incidents.incidents[0].handler), (cert.id, None));
    let file = exchange.office.server.directory.path().join(sabha_server::storage::FILE_NAME);
    let mut database =
        sqlx::ConnectOptions::connect(&sqlx::sqlite::SqliteConnectOptions::new().filename(file))
            .await
            .unwrap();
    let kept: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM comments WHERE user = $1) + (SELECT count(*) FROM acknowledgements WHERE user = $1)
                + (SELECT count(*) FROM incidents WHERE handler = $1)",
    )
    .bind(&gone.as_bytes()[..])
    .fetch_one(&mut database)
    .await
    .unwrap();
    assert_eq!(kept, 0);
}

/// BUL-03: a recipient grants to a client, a client grants to nobody.
#[tokio::test]
async fn organisations_acknowledge_comment_and_let_clients_read() {
    let exchange = Exchange::open().await;
    let (cert, bank, client) =
        (exchange.staff("CERT").await, exchange.staff("Bank").await, exchange.staff("Client").await);
    let amber = json!({ "tlp": "AMBER", "organisations": [bank.id] });
    let id = exchange.draft(&cert, amber, &content("One", Tlp::Amber)).await.id;
    exchange.publish(&cert, id).await;
    let said = |what: &str| json!({ "revision": 1, "acknowledgement": what });
    let acknowledge = async |by: &Credential, what: &str| {
        exchange.ask("POST", &format!("documents/{id}/acknowledgements"), by, said(what)).await
    };
    assert_eq!(acknowledge(bank.by(R::Member), "seen").await.status, 204);
    assert_eq!(acknowledge(bank.by(R::Author), "seen").await.status, 204, "once more is no more");
    assert_eq!(acknowledge(bank.by(R::Author), "applied").await.status, 204);
    assert_eq!(rule(&acknowledge(bank.by(R::Auditor), "seen").await), (403, Rule::BulletinRole));
    assert_eq!(rule(&acknowledge(client.by(R::Member), "seen").await), (404, Rule::BulletinKnown));

    let grants = format!("documents/{id}/clients");
    let grant = json!({ "revision": 1, "organisation": client.id });
    let by_member = exchange.ask("POST", &grants, bank.by(R::Member), grant.clone()).await;
    assert_eq!(rule(&by_member), (403, Rule::BulletinRole));
    assert_eq!(exchange.ask("POST", &grants, bank.by(R::Publisher), grant).await.status, 204);
    assert_eq!(acknowledge(client.by(R::Member), "not_affected").await.status, 204);
    let further = json!({ "revision": 1, "organisation": bank.id });
    let further = exchange.ask("POST", &grants, client.by(R::Publisher), further).await;
    assert_eq!(rule(&further), (403, Rule::BulletinRole));

    let acknowledged = async |by: &Credential| -> usize {
        let found = exchange.get(&format!("documents/{id}/acknowledgements"), by).await;
        found.json::<Acknowledgements>().acknowledgements.len()
    };
    assert_eq!(acknowledged(cert.by(R::Member)).await, 3, "its owner has all");
    assert_eq!(acknowledged(bank.by(R::Member)).await, 2, "others their own");
    assert_eq!(acknowledged(client.by(R::Member)).await, 1);
    // As STIX the same, to each what they may know.
    for (staff, said) in [
        (&cert, &["seen", "applied", "not_affected"][..]),
        (&bank, &["seen", "applied"]),
        (&client, &["not_affected"]),
    ] {
        let key = exchange.feed_key(staff, R::Member).await;
        let path = format!("/api/v1/bulletin/documents/{id}/acknowledgements");
        let headers =
            [("accept", "text/html, application/stix+json;version=2.1"), ("authorization", key.as_str())];
        let answer = request(exchange.office.server.address(), "GET", &path, &headers, "").await;
        assert_eq!(answer.header("content-type"), Some("application/stix+json;version=2.1"));
        let bundle: Value = answer.json();
        let objects = bundle["objects"].as_array().unwrap();
        let found: Vec<&str> = objects.iter().filter_map(|one| one["labels"][0].as_str()).collect();
        assert_eq!(found, said);
        assert!(objects.iter().filter(|one| one["type"] == "opinion").all(|one| one["opinion"] == "agree"));
    }

    let comments = format!("documents/{id}/comments");
    let words = json!({ "revision": 1, "text": "Which version?\nOurs is 3." });
    assert_eq!(exchange.ask("POST", &comments, bank.by(R::Member), words.clone()).await.status, 204);
    let by_auditor = exchange.ask("POST", &comments, bank.by(R::Auditor), words).await;
    assert_eq!(rule(&by_auditor), (403, Rule::BulletinRole));
    let found: DocumentComments = exchange.get(&comments, client.by(R::Auditor)).await.json();
    assert_eq!(found.comments[0].text.as_str(), "Which version?\nOurs is 3.");

    // Of all that the log of the server has ids and words only, and of documents not even the id.
    let filter = sabha_server::storage::AuditFilter::default();
    let log = exchange.office.store.audit(filter, 1000).await.unwrap();
    let of = |action| log.iter().filter(|entry| entry.action == action).count();
    assert_eq!((of(AuditAction::BulletinDocument), of(AuditAction::BulletinAcknowledged)), (4, 3));
    let text = serde_json::to_string(&log).unwrap();
    for never in [id.to_string().as_str(), "One", "version"] {
        assert!(!text.contains(never), "{never}");
    }
}

/// BULLETIN.CSAF
///
/// BUL-16
#[tokio::test]
async fn what_is_not_valid_or_says_of_itself_something_else_is_not_submitted_and_not_published() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let author = cert.by(R::Author);
    let refused = async |tlp: &str, content: String, step: &str, by: R| -> (Vec<String>, DocumentId) {
        let id = exchange.draft(&cert, json!({ "tlp": tlp }), &content).await.id;
        let mut answer = exchange.step(id, "submit", author).await;
        if step != "submit" {
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert_eq!(exchange.step(id, "approve", cert.by(R::Reviewer)).await.status, 200);
            answer = exchange.step(id, step, cert.by(by)).await;
        }
        assert_eq!(answer.status, 422, "{}", answer.body);
        let NotFit { rule, check, .. } = answer.json();
        assert_eq!((rule, check.valid), (Rule::BulletinCsaf, false));
        let errors = check.findings.iter().filter(|finding| finding.weight == FindingWeight::Error);
        (errors.map(|finding| finding.rule.clone()).collect(), id)
    };
    let with = |pointer: &str, value: &str| {
        let mut document = document("One", Tlp::Amber, "TEST-1", 1);
        *document.pointer_mut(pointer).unwrap() = value.into();
        document.to_string()
    };
    let version = with("/document/tracking/version", "2");
    let (rules, id) = refused("AMBER", version, "submit", R::Author).await;
    assert_eq!(rules, ["CSAF-6.1.16"]);
    let (rules, _) = refused("AMBER", sketch("One"), "submit", R::Author).await;
    assert!(rules.iter().all(|rule| rule == "CSAF-SCHEMA"), "{rules:?}");
    // The schema has one word for both, and the text tells which.
    let (rules, _) = refused("AMBER+STRICT", with("/document/lang", "en"), "submit", R::Author).await;
    assert_eq!(rules, ["BULLETIN-LABEL"]);
    let draft = with("/document/tracking/status", "draft");
    let (rules, _) = refused("AMBER", draft, "submit", R::Author).await;
    assert_eq!(rules, ["BULLETIN-STATUS"]);
    let interim = with("/document/tracking/status", "interim");
    let (rules, interim) = refused("AMBER", interim, "publish_final", R::Publisher).await;
    assert_eq!(rules, ["BULLETIN-STATUS"]);
    // Whose step it is not is told that first.
    let other = exchange.step(id, "submit", cert.by(R::Reviewer)).await;
    assert_eq!(rule(&other), (403, Rule::BulletinRole));
    let stage: BulletinDocument = exchange.get(&format!("documents/{id}"), author).await.json();
    assert_eq!(stage.revisions[0].stage, RevisionStage::Draft, "nothing has changed");

    // As interim it is published, and what comes after it goes on from there.
    assert_eq!(exchange.step(interim, "publish_interim", cert.by(R::Publisher)).await.status, 200);
    let begin = async |content: String| {
        let begin = json!({ "marking": { "tlp": "CLEAR" }, "content": content });
        exchange.ask("POST", &format!("documents/{interim}/revisions"), author, begin).await
    };
    assert_eq!(begin(revised("Two", Tlp::Clear, "TEST-2", 1)).await.status, 201);
    let answer: NotFit = exchange.step(interim, "submit", author).await.json();
    let rules: Vec<&str> = answer.check.findings.iter().map(|finding| &*finding.rule).collect();
    assert_eq!(rules[..2], ["BULLETIN-ID", "BULLETIN-VERSION"]);
    let shown: BulletinDocument = exchange.get(&format!("documents/{interim}"), author).await.json();
    let change = json!({ "seen": shown.revisions[0].hash, "marking": { "tlp": "CLEAR" },
        "content": revised("Two", Tlp::Clear, "TEST-1", 2) });
    let changed = exchange.ask("PUT", &format!("documents/{interim}/draft"), author, change).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    exchange.publish(&cert, interim).await;

    // No other document of the organisation takes its id, or one whose file would be called the same; another's may.
    let same =
        exchange.draft(&cert, json!({ "tlp": "CLEAR" }), &revised("Three", Tlp::Clear, "test-1", 1)).await;
    assert_eq!(rule(&exchange.step(same.id, "submit", author).await), (409, Rule::BulletinCsaf));
    let bank = exchange.staff("Bank").await;
    let theirs =
        exchange.draft(&bank, json!({ "tlp": "CLEAR" }), &revised("Four", Tlp::Clear, "TEST-1", 1)).await;
    exchange.publish(&bank, theirs.id).await;
}
