//! TAXII 2.1: what each reader is given, page by page, and what becomes of what they send.

use base64ct::{Base64, Encoding as _};
use sabha_protocol::{
    account::{AccountRole, Scope},
    bulletin::{BulletinRole as R, DocumentId, SharingGroupId},
    wire::{
        bulletin_documents::{BulletinDocument, Incidents},
        bulletin_exchange::ImportedDraft,
    },
};
use serde_json::{Value, json};

use sabha_advisory::Tlp;

use super::{Exchange, Staff, content, fitting, revised, sketch};
use crate::{
    accounts::{Credential, rule},
    server::{Response, request},
};

const MEDIA: &str = "application/taxii+json;version=2.1";
const PUBLIC: &str = "/taxii2/public/collections/0b4c3d39-1a64-4a5e-8d5b-6f2f7f0d5a10/";
pub const BULLETIN: &str = "/taxii2/members/collections/5d0f9f52-7c86-4a3b-9a0e-3e1c8a2b7d41/";
const DRAFTS: &str = "/taxii2/members/collections/c86b1d0e-2f57-4c1d-b6a9-94d7f3e05b92/";

/// Returns the value of `Authorization` by which a program shows an API key.
fn basic(key: &str) -> String {
    let key = key.strip_prefix("Bearer ").unwrap();
    format!("Basic {}", Base64::encode_string(format!("feed:{key}").as_bytes()))
}

impl Exchange {
    /// Asks as a program does.
    pub async fn taxii(&self, method: &str, path: &str, authorization: Option<&str>, body: &str) -> Response {
        let mut headers = vec![("accept", MEDIA)];
        if let Some(authorization) = authorization {
            headers.push(("authorization", authorization));
        }
        if !body.is_empty() {
            headers.push(("content-type", MEDIA));
        }
        request(self.office.server.address(), method, path, &headers, body).await
    }

    /// Returns an API key of somebody.
    pub async fn feed_key(&self, staff: &Staff, role: R) -> String {
        basic(&self.office.key(staff.user(role), &[Scope::BulletinRead, Scope::BulletinWrite]).await)
    }

    /// Returns all objects of a collection, page by page.
    pub async fn all(&self, path: &str, key: Option<&str>, query: &str) -> Vec<Value> {
        let (mut all, mut next) = (Vec::new(), String::new());
        loop {
            let answer = self.taxii("GET", &format!("{path}?{query}{next}"), key, "").await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let page: Value = answer.json();
            all.extend(page["objects"].as_array().into_iter().flatten().cloned());
            if page["more"] != true {
                return all;
            }
            next = format!("&next={}", page["next"].as_str().unwrap());
        }
    }
}

fn titles(objects: &[Value]) -> Vec<&str> {
    objects.iter().filter(|one| one["type"] == "report").map(|one| one["name"].as_str().unwrap()).collect()
}

/// Publishes a document of each label, and returns the titles as each of two organisations may know them.
async fn world(exchange: &Exchange, cert: &Staff, bank: &Staff) -> Vec<(&'static str, DocumentId)> {
    let organisations = json!([bank.id]);
    let mut all = Vec::new();
    for (title, marking) in [
        ("clear", json!({ "tlp": "CLEAR" })),
        ("green", json!({ "tlp": "GREEN" })),
        ("amber for the bank", json!({ "tlp": "AMBER", "organisations": organisations })),
        ("strict for itself", json!({ "tlp": "AMBER+STRICT" })),
        (
            "red for one",
            json!({ "tlp": "RED", "persons": [cert.user(R::Reviewer), cert.user(R::Publisher), bank.user(R::Auditor)] }),
        ),
    ] {
        let id = exchange.draft(cert, marking.clone(), &fitting(title, &marking)).await.id;
        exchange.publish(cert, id).await;
        all.push((title, id));
    }
    exchange.draft(cert, json!({ "tlp": "CLEAR" }), &sketch("not published")).await;
    all
}

/// BULLETIN.KNOWN
#[tokio::test]
async fn each_reader_is_given_what_they_may_know_and_nothing_counts_the_rest() {
    let exchange = Exchange::open().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let shop = exchange.staff("Shop").await;
    world(&exchange, &cert, &bank).await;
    let objects = |path: &str| format!("{path}objects/");

    for key in [
        None,
        Some(exchange.feed_key(&cert, R::Author).await.as_str()),
        Some("Basic junk"),
        Some("Bearer sabha_x"),
    ] {
        let all = exchange.all(&objects(PUBLIC), key, "").await;
        assert_eq!(titles(&all), ["clear"], "the public root is nobody's, whatever is shown: {key:?}");
    }
    for (staff, role, expected) in [
        (&cert, R::Member, &["clear", "green", "amber for the bank", "strict for itself"][..]),
        (&cert, R::Author, &["clear", "green", "amber for the bank", "strict for itself", "red for one"]),
        (&bank, R::Member, &["clear", "green", "amber for the bank"]),
        (&bank, R::Auditor, &["clear", "green", "amber for the bank", "red for one"]),
        (&shop, R::Publisher, &["clear", "green"]),
    ] {
        let key = exchange.feed_key(staff, role).await;
        let all = exchange.all(&objects(BULLETIN), Some(&key), "").await;
        assert_eq!(titles(&all), expected, "{role:?}");
        // One marking for each label that they may know, one owner, and one report for each document.
        assert_eq!(all.len(), 2 * expected.len() + 1, "{all:?}");
        let manifest = exchange.all(&format!("{BULLETIN}manifest/"), Some(&key), "limit=2").await;
        let ids = |all: &[Value]| -> Vec<Value> { all.iter().map(|one| one["id"].clone()).collect() };
        assert_eq!(ids(&manifest), ids(&all), "page by page the same");

        // Of what one may not know there is nothing by its id, either.
        let of_author = exchange.feed_key(&cert, R::Author).await;
        for object in exchange.all(&objects(BULLETIN), Some(&of_author), "").await {
            let path = format!("{BULLETIN}objects/{}/", object["id"].as_str().unwrap());
            let is_known = all.iter().any(|one| one["id"] == object["id"]);
            for path in [path.clone(), format!("{path}versions/")] {
                let answer = exchange.taxii("GET", &path, Some(&key), "").await;
                assert_eq!(answer.status, if is_known { 200 } else { 404 }, "{path}");
            }
            let deleted = exchange.taxii("DELETE", &path, Some(&key), "").await;
            assert_eq!(deleted.status, if is_known { 403 } else { 404 });
        }
    }
    // A role of the server opens nothing.
    let officer = exchange.office.user(&AccountRole::ALL).await;
    let key = basic(&exchange.office.key(officer, &[Scope::BulletinRead]).await);
    assert_eq!(titles(&exchange.all(&objects(BULLETIN), Some(&key), "").await), ["clear"]);
}

/// ACCOUNT.SIGNED_IN, ACCOUNT.SCOPE
#[tokio::test]
async fn the_members_root_opens_to_keys_with_the_scope_and_speaks_taxii_when_it_does_not() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let read = exchange.office.key(cert.user(R::Author), &[Scope::BulletinRead]).await;
    let other = exchange.office.key(cert.user(R::Author), &[Scope::HealthRead]).await;
    let group = format!("/taxii2/groups/{}/", exchange.group("Own", &[cert.id]).await);
    let paths =
        ["/taxii2/members/", "/taxii2/members/collections/", "/taxii2/members/status/x/", group.as_str()];
    for path in paths.into_iter().map(str::to_owned).chain([
        BULLETIN.to_owned(),
        format!("{BULLETIN}objects/"),
        format!("{BULLETIN}manifest/"),
    ]) {
        for (key, status) in
            [(None, 401), (Some("Basic !"), 401), (Some("Basic eDp5"), 401), (Some(other.as_str()), 403)]
        {
            let answer = exchange.taxii("GET", &path, key, "").await;
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (status, Some(MEDIA)),
                "{path} {key:?}"
            );
            let error: Value = answer.json();
            assert_eq!(error["http_status"], status.to_string());
            assert!(error["title"].is_string() && error["error_code"].is_string(), "{error}");
            if status == 401 {
                assert!(answer.header("www-authenticate").unwrap().starts_with("Basic "), "{answer:?}");
            }
        }
        if !path.contains("status") {
            for key in [read.clone(), basic(&read)] {
                assert_eq!(exchange.taxii("GET", &path, Some(&key), "").await.status, 200, "{path}");
            }
        }
    }
    let envelope = json!({ "objects": [] }).to_string();
    let sent = exchange.taxii("POST", &format!("{DRAFTS}objects/"), Some(&read), &envelope).await;
    assert_eq!(sent.status, 403, "a key to read does not write");
}

#[tokio::test]
async fn media_types_paths_and_methods_are_those_of_the_standard() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let key = exchange.feed_key(&cert, R::Author).await;
    let discovery: Value = exchange.taxii("GET", "/taxii2/", None, "").await.json();
    assert_eq!(discovery["api_roots"], json!(["/taxii2/public/", "/taxii2/members/"]));
    let root: Value = exchange.taxii("GET", "/taxii2/public/", None, "").await.json();
    assert_eq!((&root["versions"], &root["max_content_length"]), (&json!([MEDIA]), &json!(4 * 1024 * 1024)));
    let collections: Value =
        exchange.taxii("GET", "/taxii2/members/collections/", Some(&key), "").await.json();
    let writes: Vec<bool> = collections["collections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["can_write"].as_bool().unwrap())
        .collect();
    assert_eq!(writes, [false, true]);

    for (accept, status) in
        [(MEDIA, 200), ("*/*", 200), ("application/json", 406), ("application/taxii+json;version=2.0", 406)]
    {
        let answer =
            request(exchange.office.server.address(), "GET", "/taxii2/", &[("accept", accept)], "").await;
        assert_eq!((answer.status, answer.header("content-type")), (status, Some(MEDIA)), "{accept}");
    }
    for path in [
        "/taxii2",
        "/taxii2/public",
        "/taxii2/nowhere/",
        "/taxii2/public/collections",
        "/taxii2/public/status/x/",
        &format!("{PUBLIC}objects"),
    ] {
        let answer = exchange.taxii("GET", path, None, "").await;
        assert_eq!((answer.status, answer.header("content-type")), (404, Some(MEDIA)), "{path}");
    }
    for query in ["limit=0", "added_after=x", "match[version]=x", "next=x"] {
        assert_eq!(
            exchange.taxii("GET", &format!("{PUBLIC}objects/?{query}"), None, "").await.status,
            400,
            "{query}"
        );
    }
    let drafts = format!("{DRAFTS}objects/");
    for kind in ["application/json", "application/taxii+json", "application/stix+json;version=2.1"] {
        let headers = [("accept", MEDIA), ("authorization", key.as_str()), ("content-type", kind)];
        let answer = request(exchange.office.server.address(), "POST", &drafts, &headers, "{}").await;
        assert_eq!(answer.status, 415, "{kind}");
    }
    let long = format!("{{\"objects\":[\"{}\"]}}", "x".repeat(4 * 1024 * 1024));
    assert_eq!(exchange.taxii("POST", &drafts, Some(&key), &long).await.status, 413);
    for (body, status) in [("{", 400), ("[]", 400), ("{}", 400), (r#"{"objects":[]}"#, 422)] {
        assert_eq!(exchange.taxii("POST", &drafts, Some(&key), body).await.status, status, "{body}");
    }
    for collection in [PUBLIC, BULLETIN] {
        let answer =
            exchange.taxii("POST", &format!("{collection}objects/"), Some(&key), r#"{"objects":[]}"#).await;
        assert_eq!(answer.status, 403, "{collection} is read only");
    }
    for path in ["objects/", "manifest/", "objects/x/", "objects/x/versions/"] {
        assert_eq!(
            exchange.taxii("GET", &format!("{DRAFTS}{path}"), Some(&key), "").await.status,
            403,
            "write only"
        );
    }
}

#[tokio::test]
async fn filters_versions_and_dates_are_those_of_the_standard() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let path = format!("{PUBLIC}objects/");
    let get = async |query: &str| exchange.taxii("GET", &format!("{path}?{query}"), None, "").await;
    let nothing = get("").await;
    assert_eq!((nothing.status, nothing.body.as_str()), (200, "{}"));
    assert_eq!(nothing.header("x-taxii-date-added-first"), None);

    let id = exchange.draft(&cert, json!({ "tlp": "CLEAR" }), &content("One", Tlp::Clear)).await.id;
    exchange.publish(&cert, id).await;
    let first = get("").await;
    let added = first.header("x-taxii-date-added-last").unwrap().to_owned();
    let objects: Value = first.json();
    let report = objects["objects"][2].clone();
    assert_eq!(
        (&report["type"], &report["modified"], &objects["more"]),
        (&json!("report"), &json!(added), &json!(false))
    );
    assert_eq!(get(&format!("added_after={added}")).await.body, "{}");

    let begin =
        json!({ "marking": { "tlp": "CLEAR" }, "content": revised("Two", Tlp::Clear, "TEST-One", 2) });
    let begun = exchange.ask("POST", &format!("documents/{id}/revisions"), cert.by(R::Author), begin).await;
    assert_eq!(begun.status, 201, "{}", begun.body);
    exchange.publish(&cert, id).await;
    let names = async |query: &str| {
        let all = exchange.all(&path, None, query).await;
        titles(&all).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["Two"], "the last version, if nobody says which");
    assert_eq!(names("match[version]=first").await, ["One"]);
    assert_eq!(names("match[version]=all&limit=1").await, ["One", "Two"]);
    assert_eq!(names(&format!("match[version]={}", report["modified"].as_str().unwrap())).await, ["One"]);
    assert_eq!(names(&format!("added_after={added}")).await, ["Two"]);
    assert_eq!(names("match[type]=indicator").await, [""; 0]);
    assert_eq!(names("match[spec_version]=2.0").await, [""; 0]);
    assert_eq!(exchange.all(&path, None, "match[type]=identity,marking-definition").await.len(), 2);
    let report_id = report["id"].as_str().unwrap();
    assert_eq!(names(&format!("match[id]={report_id},x")).await, ["Two"]);
    let versions: Value =
        exchange.taxii("GET", &format!("{path}{report_id}/versions/"), None, "").await.json();
    assert_eq!(versions["versions"].as_array().unwrap().len(), 2);
    assert_eq!(exchange.taxii("GET", &format!("{path}report--x/"), None, "").await.status, 404);
    let gone = exchange
        .taxii("GET", &format!("{path}{report_id}/?match[version]=2001-01-01T00:00:00Z"), None, "")
        .await;
    assert_eq!((gone.status, gone.body.as_str()), (200, "{}"), "there is one, but no such version");

    // Withdrawn, it is told once more.
    let last = get("").await.header("x-taxii-date-added-last").unwrap().to_owned();
    let withdrawn = exchange.step(id, "withdraw", cert.by(R::Publisher)).await;
    assert_eq!(withdrawn.status, 200, "{}", withdrawn.body);
    let news = exchange.all(&path, None, &format!("added_after={last}")).await;
    assert_eq!((news.len(), &news[0]["revoked"], &news[0]["id"]), (1, &json!(true), &json!(report_id)));
    assert_eq!(names("match[version]=all").await, ["One", "Two", "Two"]);
}

fn envelope() -> Value {
    json!({ "objects": [
        {
            "type": "report", "spec_version": "2.1", "id": "report--00000000-0000-4000-8000-000000000001",
            "created": "2026-11-27T10:00:00.000Z", "modified": "2026-11-27T10:00:00.000Z",
            "name": "From elsewhere", "description": "Something is going on.",
            "published": "2026-11-27T10:00:00.000Z", "object_refs": ["malware--00000000-0000-4000-8000-000000000002"],
        },
        {
            "type": "malware", "spec_version": "2.1", "id": "malware--00000000-0000-4000-8000-000000000002",
            "created": "2026-11-27T10:00:00.000Z", "modified": "2026-11-27T10:00:00.000Z", "is_family": false,
        },
    ] })
}

#[tokio::test]
async fn what_is_sent_becomes_a_draft_of_the_senders_organisation_and_its_status_is_theirs() {
    let exchange = Exchange::open().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let key = exchange.feed_key(&cert, R::Author).await;
    let drafts = format!("{DRAFTS}objects/");
    for role in [R::Administrator, R::Auditor, R::Member, R::Publisher, R::Reviewer] {
        let key = exchange.feed_key(&cert, role).await;
        assert_eq!(
            exchange.taxii("POST", &drafts, Some(&key), &envelope().to_string()).await.status,
            403,
            "{role:?}"
        );
    }
    let sent = exchange.taxii("POST", &drafts, Some(&key), &envelope().to_string()).await;
    assert_eq!((sent.status, sent.header("content-type")), (202, Some(MEDIA)), "{}", sent.body);
    let status: Value = sent.json();
    assert_eq!(
        (&status["status"], &status["total_count"], &status["success_count"], &status["failure_count"]),
        (&json!("complete"), &json!(2), &json!(1), &json!(1))
    );
    assert_eq!(status["failures"][0]["id"], "malware--00000000-0000-4000-8000-000000000002");
    let path = format!("/taxii2/members/status/{}/", status["id"].as_str().unwrap());
    assert_eq!(exchange.taxii("GET", &path, Some(&key), "").await.json::<Value>(), status);
    for (staff, role) in [(&cert, R::Publisher), (&bank, R::Author)] {
        let key = exchange.feed_key(staff, role).await;
        assert_eq!(
            exchange.taxii("GET", &path, Some(&key), "").await.status,
            404,
            "it is told to who sent it"
        );
    }

    let list = exchange.list(cert.by(R::Author)).await;
    assert_eq!((list.count, list.documents[0].title.as_str()), (1, "From elsewhere"));
    let id = list.documents[0].id;
    let draft: BulletinDocument = exchange.get(&format!("documents/{id}"), cert.by(R::Author)).await.json();
    let marking = json!(draft.revisions[0].marking);
    assert_eq!(marking, json!({ "tlp": "AMBER+STRICT", "groups": [], "organisations": [], "persons": [] }));
    assert_eq!(exchange.list(bank.by(R::Author)).await.count, 0);
    // Nobody is given it before people have published it, and then as it says.
    let objects = format!("{BULLETIN}objects/");
    assert!(exchange.all(&objects, Some(&key), "").await.is_empty());
    let seen = &draft.revisions[0].hash;
    let fit = fitting("From elsewhere", &marking);
    let change = json!({ "seen": seen, "marking": marking, "content": fit });
    let changed = exchange.ask("PUT", &format!("documents/{id}/draft"), cert.by(R::Author), change).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    exchange.publish(&cert, id).await;
    assert_eq!(titles(&exchange.all(&objects, Some(&key), "").await), ["From elsewhere"]);

    // An incident of others has a clock from when they tell of it.
    let mut incident = envelope();
    incident["objects"][0]["labels"] = json!(["incident_report"]);
    assert_eq!(exchange.taxii("POST", &drafts, Some(&key), &incident.to_string()).await.status, 202);
    let incidents: Incidents = exchange.get("incidents", cert.by(R::Author)).await.json();
    assert_eq!(incidents.incidents.len(), 1);
}

/// BULLETIN.CONTENT
#[tokio::test]
async fn an_author_gets_a_draft_of_what_others_share_and_nothing_is_stored() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let import = async |by: &Credential, body: &str| {
        exchange.office.ask("POST", "/api/v1/bulletin/import", by, body).await
    };
    let author = cert.by(R::Author);
    let bundle = json!({ "type": "bundle", "id": "bundle--x", "objects": envelope()["objects"] }).to_string();
    let draft: ImportedDraft = import(author, &bundle).await.json();
    assert_eq!((draft.tlp, draft.left_out.len()), (None, 1));
    let event = json!({ "Event": { "info": "An event", "Tag": [{ "name": "tlp:red" }],
        "Attribute": [{ "type": "domain", "value": "evil.example", "to_ids": true }] } });
    let draft: ImportedDraft = import(author, &event.to_string()).await.json();
    assert_eq!(json!([draft.kind, draft.tlp]), json!(["indicator_set", "RED"]));
    assert_eq!(exchange.list(author).await.count, 0);
    let create = json!({ "kind": draft.kind, "marking": { "tlp": "RED" }, "content": draft.content });
    assert_eq!(
        exchange.ask("POST", "documents", author, create).await.status,
        201,
        "it is a draft as it stands"
    );
    for role in [R::Member, R::Publisher] {
        assert_eq!(import(cert.by(role), &bundle).await.status, 403);
    }
    assert_eq!(rule(&import(author, "{}").await), (400, sabha_protocol::Rule::BulletinContent));
    assert_eq!(import(author, r#"{"type":"bundle","objects":[]}"#).await.status, 422);
    assert_eq!(import(author, &"[".repeat(5 * 1024 * 1024)).await.status, 413);
}

/// BULLETIN.KNOWN: a group's root has what of the bulletin is shared with it, for who is in it.
#[tokio::test]
async fn each_group_has_a_root_for_its_organisations_and_for_nobody_else() {
    let exchange = Exchange::open().await;
    let (cert, bank, shop) =
        (exchange.staff("CERT").await, exchange.staff("Bank").await, exchange.staff("Shop").await);
    let finance = exchange.group("Finance", &[cert.id, bank.id]).await;
    let retail = exchange.group("Retail", &[cert.id, shop.id]).await;
    for (title, marking) in [
        ("for all", json!({ "tlp": "GREEN" })),
        ("for finance", json!({ "tlp": "AMBER", "groups": [finance] })),
        ("for both", json!({ "tlp": "GREEN", "groups": [finance, retail] })),
        ("for cert", json!({ "tlp": "AMBER+STRICT" })),
    ] {
        let id = exchange.draft(&cert, marking.clone(), &fitting(title, &marking)).await.id;
        exchange.publish(&cert, id).await;
    }
    let root = |group: SharingGroupId| format!("/taxii2/groups/{group}/");
    let everybody = ["/taxii2/public/".to_owned(), "/taxii2/members/".to_owned()];
    let (of_finance, of_retail) = ([root(finance)], [root(retail)]);
    let both = [of_finance.clone(), of_retail.clone()].concat();
    let nobody = exchange.somebody().await.user;
    let reads_nothing = exchange.office.key(cert.user(R::Member), &[Scope::HealthRead]).await;
    for (key, known) in [
        (exchange.feed_key(&cert, R::Member).await, &both[..]),
        (exchange.feed_key(&bank, R::Auditor).await, &of_finance),
        (exchange.feed_key(&shop, R::Author).await, &of_retail),
        (basic(&exchange.office.key(nobody, &[Scope::BulletinRead]).await), &[]),
        (reads_nothing.clone(), &[]),
        ("Basic junk".to_owned(), &[]),
        (String::new(), &[]),
    ] {
        let shown = Some(key.as_str()).filter(|key| !key.is_empty());
        let discovery: Value = exchange.taxii("GET", "/taxii2/", shown, "").await.json();
        assert_eq!(discovery["api_roots"], json!([&everybody[..], known].concat()), "{key:?}");
        // What reads nothing is told so of every group alike.
        let closed = match key.as_str() {
            "" | "Basic junk" => 401,
            key if key == reads_nothing => 403,
            _ => 404,
        };
        let none = exchange.taxii("GET", &root(SharingGroupId::from_bytes([9; 16])), shown, "").await;
        for path in [root(finance), root(retail), "/taxii2/groups/x/".to_owned()] {
            let answer = exchange.taxii("GET", &path, shown, "").await;
            if known.contains(&path) {
                assert_eq!(answer.status, 200, "{path}");
            } else {
                assert_eq!((answer.status, &answer.body), (closed, &none.body), "{path} to {key:?}");
            }
        }
    }

    let key = exchange.feed_key(&bank, R::Member).await;
    let found: Value = exchange.taxii("GET", &root(finance), Some(&key), "").await.json();
    assert_eq!(found["title"], "Finance");
    let listed = async |root: &str, key: &str| -> Vec<Value> {
        let answer: Value = exchange.taxii("GET", &format!("{root}collections/"), Some(key), "").await.json();
        answer["collections"].as_array().unwrap().clone()
    };
    let collections = listed(&root(finance), &key).await;
    let says = |key: &str| collections.iter().map(|one| one[key].clone()).collect::<Value>();
    assert_eq!(says("title"), json!(["Finance", "Drafts"]));
    assert_eq!((says("can_read"), says("can_write")), (json!([true, false]), json!([false, true])));
    // No collection has the id of another, whichever root it is in.
    let of_cert = exchange.feed_key(&cert, R::Member).await;
    let mut ids = Vec::new();
    for root in ["/taxii2/members/", &root(finance), &root(retail)] {
        ids.extend(listed(root, &of_cert).await.into_iter().map(|one| one["id"].clone()));
    }
    assert_eq!(
        ids.iter().map(Value::to_string).collect::<std::collections::BTreeSet<_>>().len(),
        6,
        "{ids:?}"
    );

    let shared = format!("{}collections/{}/", root(finance), collections[0]["id"].as_str().unwrap());
    let all = exchange.all(&format!("{shared}objects/"), Some(&key), "").await;
    assert_eq!(titles(&all), ["for finance", "for both"]);
    let manifest = exchange.all(&format!("{shared}manifest/"), Some(&key), "").await;
    assert_eq!(manifest.len(), all.len());
    // Whole by itself: the owner, and the markings, come with what is in it.
    let kinds = |kind: &str| all.iter().filter(|one| one["type"] == kind).count();
    assert_eq!((kinds("identity"), kinds("marking-definition")), (1, 2), "{all:?}");
    let beyond = exchange.all(&format!("{BULLETIN}objects/"), Some(&key), "").await;
    let id = |all: &[Value], title: &str| {
        let report = all.iter().find(|one| one["name"] == title).unwrap();
        report["id"].as_str().unwrap().to_owned()
    };
    for (id, read, deleted) in [(id(&all, "for both"), 200, 403), (id(&beyond, "for all"), 404, 404)] {
        let path = format!("{shared}objects/{id}/");
        for path in [path.clone(), format!("{path}versions/")] {
            assert_eq!(exchange.taxii("GET", &path, Some(&key), "").await.status, read, "{path}");
        }
        assert_eq!(exchange.taxii("DELETE", &path, Some(&key), "").await.status, deleted, "{path}");
    }
    // What is of one root is in no other, and what is of a group nothing of a foreign one.
    let here = shared.rsplit_once("collections/").unwrap().1;
    for root in ["/taxii2/members/".to_owned(), "/taxii2/public/".to_owned(), root(retail)] {
        for path in ["", "objects/", "manifest/", "objects/x/", "objects/x/versions/"] {
            let path = format!("{root}collections/{here}{path}");
            assert_eq!(exchange.taxii("GET", &path, Some(&key), "").await.status, 404, "{path}");
        }
    }
    // An organisation that is taken out of the group is told of it no more.
    let set = json!({ "name": "Finance", "organisations": [cert.id] });
    let changed = exchange.ask("PUT", &format!("groups/{finance}"), &exchange.administrator, set).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(exchange.taxii("GET", &format!("{shared}objects/"), Some(&key), "").await.status, 404);
}

/// BULLETIN.KNOWN, BULLETIN.ROLE
#[tokio::test]
async fn what_is_sent_to_a_group_is_a_draft_for_it_and_for_no_foreign_one() {
    let exchange = Exchange::open().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let finance = exchange.group("Finance", &[cert.id, bank.id]).await;
    let alone = exchange.group("Alone", &[bank.id]).await;
    let key = exchange.feed_key(&cert, R::Author).await;
    let of_bank = exchange.feed_key(&bank, R::Author).await;
    let drafts = async |group: SharingGroupId, key: &str| {
        let path = format!("/taxii2/groups/{group}/collections/");
        let listed: Value = exchange.taxii("GET", &path, Some(key), "").await.json();
        let all = listed["collections"].as_array().unwrap().clone();
        let writes = all.iter().find(|one| one["can_write"] == true).unwrap()["id"].clone();
        format!("{path}{}/objects/", writes.as_str().unwrap())
    };
    let here = drafts(finance, &key).await;
    let sent = async |path: &str, key: &str, label: Option<&str>| {
        let mut envelope = envelope();
        if let Some(label) = label {
            envelope["objects"][0]["object_marking_refs"] = json!([label]);
        }
        exchange.taxii("POST", path, Some(key), &envelope.to_string()).await
    };
    let author = cert.by(R::Author);
    for (label, expected) in [
        (None, json!({ "tlp": "AMBER+STRICT", "groups": [finance], "organisations": [], "persons": [] })),
        (Some("GREEN"), json!({ "tlp": "GREEN", "groups": [finance], "organisations": [], "persons": [] })),
        (Some("CLEAR"), json!({ "tlp": "CLEAR", "groups": [], "organisations": [], "persons": [] })),
        (Some("RED"), json!({ "tlp": "RED", "groups": [], "organisations": [], "persons": [] })),
    ] {
        let label = label.map(|label| match label {
            "GREEN" => "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
            "CLEAR" => "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
            _ => "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
        });
        let answer = sent(&here, &key, label).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        let status: Value = answer.json();
        let (_, draft) = status["successes"][0]["message"].as_str().unwrap().rsplit_once(' ').unwrap();
        let draft: BulletinDocument = exchange.get(&format!("documents/{draft}"), author).await.json();
        assert_eq!(json!(draft.revisions[0].marking), expected);
        let path = format!("/taxii2/groups/{finance}/status/{}/", status["id"].as_str().unwrap());
        assert_eq!(exchange.taxii("GET", &path, Some(&key), "").await.json::<Value>(), status);
        assert_eq!(exchange.taxii("GET", &path, Some(&of_bank), "").await.status, 404, "it is the sender's");
    }
    // A draft is in nobody's root, and a foreign group takes nothing.
    let shared = format!("/taxii2/groups/{finance}/collections/");
    let listed: Value = exchange.taxii("GET", &shared, Some(&of_bank), "").await.json();
    let shared = format!("{shared}{}/objects/", listed["collections"][0]["id"].as_str().unwrap());
    assert!(exchange.all(&shared, Some(&of_bank), "").await.is_empty());
    assert_eq!(sent(&shared, &key, None).await.status, 403, "it is read only");
    let foreign = drafts(alone, &of_bank).await;
    assert_eq!(exchange.taxii("GET", &foreign, Some(&of_bank), "").await.status, 403, "it is written only");
    assert_eq!(exchange.taxii("GET", &foreign, Some(&key), "").await.status, 404);
    assert_eq!(sent(&foreign, &key, None).await.status, 404);
    assert_eq!(exchange.list(author).await.count, 4);
    assert_eq!(sent(&here, &exchange.feed_key(&cert, R::Member).await, None).await.status, 403);
}
