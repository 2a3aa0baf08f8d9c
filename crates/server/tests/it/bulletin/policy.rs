//! From an advisory to the policy, over HTTP: profiles that revisions carry, applying and taking back, receipts, coverage
//! and publishers whom a server follows.

use sabha_policy::{Controls, Tier, profile};
use sabha_protocol::{
    MediaState, Rule,
    account::{AccountRole, Scope},
    bulletin::{BulletinRole as R, DocumentId},
    key::ProfileKey,
    limits::PROFILE_BYTES_MAX,
    wire::{
        ClientMessage, ServerMessage,
        accounts::{AuditAction, AuditPage},
        advisory_policy::{
            AdvisoryPolicies, AdvisoryPolicy, AdvisoryPreview, Coverage, NotFollowed, PolicyAdvisories,
            Subscriptions,
        },
        bulletin_documents::BulletinDocument,
        floor::FloorApplied,
        http::ApiError,
        profile::ProfileFile,
    },
};
use serde_json::{Value, json};

use sabha_advisory::Tlp;

use super::{Exchange, Someone, Staff, content, document, fitting, sketch};
use crate::{
    accounts::{Credential, rule},
    person,
    server::{Response, meeting_of, new_meeting, new_meeting_with, now_ms, post_meeting},
};

pub const KEY: [u8; 32] = [7; 32];

/// Returns the text of a profile that names these controls, signed with that key.
pub fn profile_text(controls: &[(&str, &str)], seed: &[u8; 32]) -> String {
    profile_saying("Point 1", controls, seed)
}

/// As [`profile_text`]; says this of each control.
pub fn profile_saying(source: &str, controls: &[(&str, &str)], seed: &[u8; 32]) -> String {
    let named: Vec<_> = controls
        .iter()
        .map(|(control, value)| json!({ "control": control, "value": value, "source": source }))
        .collect();
    let file = json!({ "format": "sabha-policy-profile", "version": 1, "profile": {
        "id": "org.example.lobby", "revision": 1, "title": "What it asks", "issuer": "CERT",
        "issued": "2026-11-27", "controls": named } });
    let mut file: ProfileFile = serde_json::from_value(file).unwrap();
    file.signature = Some(profile::sign(&file.profile, seed));
    serde_json::to_string_pretty(&file).unwrap()
}

/// What most of these advisories ask: one control that gets tighter, and one that would get looser.
pub const ASKS: [(&str, &str); 3] =
    [("MEET.CHAT.SAFE", "hosts"), ("MEET.SHARE.HOST", "everyone"), ("MEET.FILE.OFF", "always")];

impl Exchange {
    pub async fn carry(&self, document: DocumentId, by: &Credential, text: &str) -> Response {
        self.office.ask("PUT", &format!("/api/v1/bulletin/documents/{document}/profile"), by, text).await
    }

    /// Publishes an advisory that carries a profile with these controls.
    pub async fn advisory(
        &self,
        staff: &Staff,
        marking: Value,
        title: &str,
        controls: &[(&str, &str)],
        seed: &[u8; 32],
    ) -> BulletinDocument {
        let label = marking["tlp"].as_str().and_then(|label| label.parse().ok()).expect("a label");
        let content = document(title, label, title, 1).to_string();
        let id = self.draft(staff, marking, &content).await.id;
        let carried = self.carry(id, staff.by(R::Author), &profile_text(controls, seed)).await;
        assert_eq!(carried.status, 200, "{}", carried.body);
        self.publish(staff, id).await
    }

    pub async fn floor(&self, method: &str, path: &str, by: &Credential, body: Value) -> Response {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.office.ask(method, &format!("/api/v1/floor/{path}"), by, &body).await
    }

    async fn advisories(&self, by: &Credential) -> AdvisoryPolicies {
        let list = self.floor("GET", "advisories", by, Value::Null).await;
        assert_eq!(list.status, 200, "{}", list.body);
        list.json()
    }

    async fn line(&self, by: &Credential, document: DocumentId) -> AdvisoryPolicy {
        let list = self.advisories(by).await.advisories;
        list.into_iter().find(|line| line.document == document).unwrap()
    }

    async fn preview(&self, by: &Credential, document: DocumentId) -> AdvisoryPreview {
        let body = json!({ "document": document, "revision": 1 });
        let seen = self.floor("POST", "advisories/preview", by, body).await;
        assert_eq!(seen.status, 200, "{}", seen.body);
        seen.json()
    }

    /// Applies revision 1 as it stands.
    async fn apply(&self, by: &Credential, document: DocumentId, tell: bool) -> Response {
        let AdvisoryPreview { seen, profile, .. } = self.preview(by, document).await;
        let body =
            json!({ "document": document, "revision": 1, "hash": profile.hash, "seen": seen, "tell": tell });
        self.floor("POST", "advisories/apply", by, body).await
    }

    async fn policy_advisories(&self) -> PolicyAdvisories {
        self.office.server.get("/api/v1/policy/advisories").await.json()
    }

    /// Waits until the server demands what is stored: it looks once a second.
    async fn settle(&self) {
        let (_, stored) = self.office.store.policy_demands().await.unwrap();
        while self.policy_advisories().await.demands != stored {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Has somebody come who keeps the policy and has this role in an organisation.
    pub async fn officer(&self, of: Option<(&Staff, R)>) -> Someone {
        let user = self.office.user(&[AccountRole::SecurityOfficer]).await;
        if let Some((staff, role)) = of {
            self.set(user, staff.id, &[role]).await;
        }
        Someone { user, credential: Credential::cookie(&self.office.session(user, now_ms()).await.1) }
    }

    async fn audited(&self, action: AuditAction) -> AuditPage {
        let path = format!("/api/v1/audit?action={}", action.word());
        self.office.ask("GET", &path, &self.administrator, "").await.json()
    }
}

/// FLOOR.PROFILE
///
/// ADV-01
#[tokio::test]
async fn a_draft_carries_one_profile_whose_signature_holds_and_four_eyes_approve_it_with_the_text() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let draft = exchange.draft(&cert, json!({ "tlp": "CLEAR" }), &content("One", Tlp::Clear)).await;
    let (id, author) = (draft.id, cert.by(R::Author));
    let good = profile_text(&ASKS, &KEY);

    let mut unsigned: ProfileFile = serde_json::from_str(&good).unwrap();
    unsigned.signature = None;
    let long = format!("{good}{}", " ".repeat(PROFILE_BYTES_MAX));
    for (wrong, status) in [
        (good.replace("\"hosts\"", "\"nobody\""), 400),
        (serde_json::to_string(&unsigned).unwrap(), 400),
        (profile_text(&[("MEET.NOTHING", "x")], &KEY), 400),
        (profile_text(&[("ORG.CLIENT.FLOOR", "9999")], &KEY), 400),
        ("{}".to_owned(), 400),
        (String::new(), 400),
        (long, 413),
    ] {
        assert_eq!(rule(&exchange.carry(id, author, &wrong).await), (status, Rule::Profile), "{wrong:.80}");
    }
    let path = format!("documents/{id}/revisions/1/profile");
    assert_eq!(exchange.get(&path, author).await.status, 404, "nothing of it was kept");
    for role in [R::Reviewer, R::Publisher, R::Member] {
        let answer = exchange.carry(id, cert.by(role), &good).await;
        let expected = if role == R::Member { (404, Rule::BulletinKnown) } else { (403, Rule::BulletinRole) };
        assert_eq!(rule(&answer), expected, "{role:?}");
    }

    let carried: BulletinDocument = exchange.carry(id, author, &good).await.json();
    let revision = &carried.revisions[0];
    let summary = revision.profile.as_ref().unwrap();
    assert_eq!(
        summary.key,
        profile::sign(&serde_json::from_str::<ProfileFile>(&good).unwrap().profile, &KEY).key
    );
    assert_ne!(revision.hash, draft.revisions[0].hash, "what is approved is another thing now");
    let stale = json!({ "step": "submit", "seen": draft.revisions[0].hash });
    let stale = exchange.ask("POST", &format!("documents/{id}/steps"), author, stale).await;
    assert_eq!(rule(&stale), (409, Rule::BulletinSeen));
    let got = exchange.get(&path, author).await;
    assert_eq!((got.status, got.body.as_str()), (200, good.as_str()), "byte for byte");

    // The content is still known by its own digest.
    let text = exchange.get(&format!("documents/{id}/revisions/1/content"), author).await;
    assert_eq!(text.header("etag"), Some(format!("\"{}\"", draft.revisions[0].hash).as_str()));

    // Another one takes its place; who puts one in has written in the revision.
    let both = exchange.somebody().await;
    exchange.set(both.user, cert.id, &[R::Author, R::Reviewer]).await;
    let other = profile_text(&[("MEET.CHAT.SAFE", "nobody")], &KEY);
    assert_eq!(exchange.carry(id, &both.credential, &other).await.status, 200);
    assert_eq!(exchange.step(id, "submit", author).await.status, 200);
    assert_eq!(rule(&exchange.carry(id, author, &good).await), (409, Rule::BulletinStage));
    assert_eq!(rule(&exchange.step(id, "approve", &both.credential).await), (403, Rule::BulletinFourEyes));
    // Given back, changed in nothing but the profile, and submitted again: what was seen before is not approved.
    let seen = exchange.get(&format!("documents/{id}"), cert.by(R::Reviewer)).await;
    let seen = seen.json::<BulletinDocument>().revisions[0].hash.clone();
    assert_eq!(exchange.step(id, "return", author).await.status, 200);
    assert_eq!(exchange.carry(id, author, &good).await.status, 200);
    assert_eq!(exchange.step(id, "submit", author).await.status, 200);
    let approve = json!({ "step": "approve", "seen": seen });
    let unseen = exchange.ask("POST", &format!("documents/{id}/steps"), cert.by(R::Reviewer), approve).await;
    assert_eq!(rule(&unseen), (409, Rule::BulletinSeen));
    for (step, role) in [("approve", R::Reviewer), ("publish_final", R::Publisher)] {
        assert_eq!(exchange.step(id, step, cert.by(role)).await.status, 200, "{step}");
    }
    let late = exchange.ask("DELETE", &format!("documents/{id}/profile"), author, Value::Null).await;
    assert_eq!(rule(&late), (409, Rule::BulletinStage));
    assert_eq!(rule(&exchange.carry(id, author, &other).await), (409, Rule::BulletinStage));
    let public = exchange.public(&format!("/{id}/revisions/1/profile")).await;
    assert_eq!((public.status, public.body.as_str()), (200, good.as_str()));
}

/// ADV-02
#[tokio::test]
async fn nobody_learns_of_a_profile_of_what_they_may_not_read_by_whatever_route() {
    let exchange = Exchange::open().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let third = exchange.staff("Third").await;
    let amber = json!({ "tlp": "AMBER", "organisations": [bank.id] });
    let id = exchange.advisory(&cert, amber, "HIDDEN-1", &ASKS, &KEY).await.id;
    let draft = exchange.draft(&cert, json!({ "tlp": "CLEAR" }), &sketch("Draft")).await.id;
    let carried = exchange.carry(draft, cert.by(R::Author), &profile_text(&ASKS, &KEY)).await;
    assert_eq!(carried.status, 200, "{}", carried.body);

    let inside = exchange.officer(Some((&bank, R::Member))).await.credential;
    let outside = [
        exchange.administrator.clone(),
        exchange.officer(None).await.credential,
        exchange.officer(Some((&third, R::Publisher))).await.credential,
    ];
    let file = |id: DocumentId| format!("documents/{id}/revisions/1/profile");
    for by in &outside {
        assert!(exchange.advisories(by).await.advisories.is_empty());
        for id in [id, draft] {
            assert_eq!(rule(&exchange.get(&file(id), by).await), (404, Rule::BulletinKnown));
            let one = json!({ "document": id, "revision": 1 });
            let seen = exchange.floor("POST", "advisories/preview", by, one).await;
            assert_eq!(rule(&seen), (404, Rule::BulletinKnown));
            let apply = json!({ "document": id, "revision": 1, "hash": "x", "seen": 0, "tell": false });
            let applied = exchange.floor("POST", "advisories/apply", by, apply).await;
            assert_eq!(rule(&applied), (404, Rule::BulletinKnown));
        }
    }
    for path in [format!("/{id}/revisions/1/profile"), format!("/{draft}/revisions/1/profile")] {
        assert_eq!(rule(&exchange.public(&path).await), (404, Rule::BulletinKnown));
    }
    // A key that is good for the policy says nothing of the bulletin.
    let member = exchange.officer(Some((&bank, R::Member))).await;
    let key = exchange.office.key(member.user, &[Scope::PolicyRead, Scope::PolicyWrite]).await;
    assert!(exchange.advisories(&Credential::bearer(&key)).await.advisories.is_empty());

    let list = exchange.advisories(&inside).await.advisories;
    assert_eq!(
        list.iter().map(|line| line.document).collect::<Vec<_>>(),
        [id],
        "the draft is nobody's to apply"
    );
    assert_eq!(exchange.get(&file(id), &inside).await.status, 200);

    // Once it is applied all are bound by it, and only who may know of it learns by what.
    let applied = exchange.apply(&inside, id, false).await;
    assert_eq!(applied.status, 200, "{}", applied.body);
    exchange.settle().await;
    assert!(exchange.policy_advisories().await.demands.iter().all(|demand| demand.advisory.is_none()));
    for by in &outside {
        assert!(exchange.advisories(by).await.advisories.is_empty());
        let back = exchange.floor("POST", "advisories/rollback", by, json!({ "floor": 1 })).await;
        assert_eq!(rule(&back), (404, Rule::BulletinKnown));
        let floor = exchange.office.ask("GET", "/api/v1/floor", by, "").await;
        assert!(
            !floor.body.contains("HIDDEN-1") && !floor.body.contains("org.example.lobby"),
            "{}",
            floor.body
        );
        assert!(!floor.body.contains(&id.to_string()));
    }
}

/// FLOOR.SEEN, BULLETIN.SEEN
///
/// ADV-03, ADV-04, ADV-06, ADV-08
#[tokio::test]
async fn an_advisory_is_looked_at_applied_tightened_only_named_in_refusals_and_told_to_its_publisher() {
    let exchange = Exchange::open().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let id = exchange.advisory(&cert, json!({ "tlp": "CLEAR" }), "CIAD-1", &ASKS, &KEY).await.id;
    let officer = exchange.officer(Some((&bank, R::Member))).await.credential;
    let listed = exchange.advisories(&officer).await;
    assert_eq!(listed.tells_as.as_ref().map(|name| name.as_str()), Some("Bank"));
    assert!(listed.advisories[0].fate.is_none() && !listed.advisories[0].superseded);

    let seen = exchange.preview(&officer, id).await;
    let changes: Vec<_> =
        seen.changes.iter().map(|change| (change.control.as_str(), change.tightens)).collect();
    assert_eq!(changes, [("MEET.SHARE.HOST", false), ("MEET.CHAT.SAFE", true)]);
    assert_eq!(seen.controls.len(), 3);
    assert_eq!(exchange.office.store.newest_floor().await.unwrap(), 0, "looking changes nothing");

    let apply = |hash: &str, seen: u32| json!({ "document": id, "revision": 1, "hash": hash, "seen": seen, "tell": false });
    let other = exchange.floor("POST", "advisories/apply", &officer, apply(&"0".repeat(64), 0)).await;
    assert_eq!(rule(&other), (409, Rule::BulletinSeen));
    let other = exchange.floor("POST", "advisories/apply", &officer, apply(&seen.profile.hash, 1)).await;
    assert_eq!(rule(&other), (409, Rule::FloorSeen));
    // Who speaks for nobody tells nobody, and applies nothing by asking to.
    let auditor = exchange.officer(Some((&bank, R::Auditor))).await.credential;
    for by in [&exchange.administrator, &auditor] {
        assert_eq!(rule(&exchange.apply(by, id, true).await), (403, Rule::BulletinRole));
    }
    assert_eq!(exchange.office.store.newest_floor().await.unwrap(), 0);

    let applied: FloorApplied = exchange.apply(&officer, id, true).await.json();
    assert_eq!(applied.number, 1);
    let floor = exchange.office.store.floor().await.unwrap();
    assert_eq!(floor.below(&Controls::of(Tier::Medium)), None, "nothing got looser");
    let fate = exchange.line(&officer, id).await.fate.unwrap();
    assert_eq!((fate.floor, fate.in_force, fate.later, fate.followed), (Some(1), true, 0, false));
    assert_eq!(fate.left_out.iter().map(|control| control.as_str()).collect::<Vec<_>>(), ["MEET.SHARE.HOST"]);
    let log = exchange.audited(AuditAction::FloorApplied).await;
    assert!(log.entries[0].detail.as_deref().is_some_and(|detail| detail.starts_with("advisory ")));
    assert!(!log.entries[0].detail.as_deref().unwrap().contains(&id.to_string()));

    // Told, once, with the time; and the publisher sees who has said nothing.
    let covered: Coverage = exchange.get("coverage", cert.by(R::Publisher)).await.json();
    let [revision] = covered.revisions.as_slice() else { panic!("{covered:?}") };
    let [bank_says] = revision.organisations.as_slice() else { panic!("{revision:?}") };
    assert!(revision.has_profile && bank_says.applied_ms.is_some() && bank_says.seen_ms.is_none());

    // What is below it is refused, and the refusal names the advisory.
    exchange.settle().await;
    let demands = exchange.policy_advisories().await.demands;
    let named: Vec<_> = demands.iter().map(|demand| demand.control.as_str()).collect();
    assert_eq!(named, ["MEET.FILE.OFF", "MEET.CHAT.SAFE"]);
    assert_eq!(demands[1].advisory.as_ref().and_then(|one| one.tracking.as_deref()), Some("CIAD-1"));
    let (_, description) = new_meeting();
    let server = &exchange.office.server;
    let body = serde_json::to_string(&description).unwrap();
    let refused = post_meeting(server.address(), &server.creation_key(), &body).await.json::<ApiError>();
    assert_eq!(refused.rule, Rule::Floor);
    assert!(refused.message.ends_with("MEET.CHAT.SAFE; CIAD-1 of CERT demands it"), "{}", refused.message);
}

/// BULLETIN.STAGE
#[tokio::test]
async fn a_withdrawn_advisory_is_looked_at_and_not_applied() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let id = exchange.advisory(&cert, json!({ "tlp": "CLEAR" }), "OLD", &ASKS, &KEY).await.id;
    assert_eq!(exchange.step(id, "withdraw", cert.by(R::Publisher)).await.status, 200);
    let by = &exchange.administrator;
    assert!(exchange.line(by, id).await.withdrawn);
    let refused = exchange.apply(by, id, false).await;
    assert_eq!(rule(&refused), (409, Rule::BulletinStage));
    assert!(refused.body.contains("withdrawn"), "{}", refused.body);
    assert!(exchange.line(by, id).await.fate.is_none());
}

/// FLOOR.LATER
///
/// ADV-05
#[tokio::test]
async fn an_advisory_is_taken_back_while_nothing_came_after_it_and_names_nothing_then() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let by = &exchange.administrator;
    let clear = json!({ "tlp": "CLEAR" });
    let one = exchange.advisory(&cert, clear.clone(), "ONE", &ASKS, &KEY).await.id;
    let two = exchange.advisory(&cert, clear, "TWO", &[("MEET.SHARE.HOST", "hosts")], &KEY).await.id;
    let back =
        async |floor: u32| exchange.floor("POST", "advisories/rollback", by, json!({ "floor": floor })).await;
    let before = exchange.office.store.floor().await.unwrap();
    assert_eq!(exchange.apply(by, one, false).await.status, 200);
    assert_eq!(exchange.apply(by, two, false).await.status, 200);

    assert_eq!(rule(&back(1).await), (409, Rule::FloorLater));
    assert_eq!(rule(&back(3).await), (404, Rule::BulletinKnown));
    assert_eq!(exchange.line(by, one).await.fate.unwrap().later, 1);
    assert_eq!(back(2).await.json::<FloorApplied>().number, 3);
    let fate = exchange.line(by, two).await.fate.unwrap();
    assert!(!fate.in_force && exchange.line(by, one).await.fate.unwrap().in_force);
    assert_eq!(rule(&back(2).await), (409, Rule::FloorLater), "it is taken back already");
    let demands = exchange.office.store.policy_demands().await.unwrap().1;
    let by_title: Vec<_> =
        demands.iter().filter_map(|demand| Some(demand.advisory.as_ref()?.title.clone())).collect();
    assert_eq!(by_title, ["ONE", "ONE"]);

    // By the history, over more than one floor: both are undone, and what they demanded no advisory demands.
    let wish = json!({ "wish": { "type": "earlier", "number": 0 }, "seen": 3, "loosen": false });
    assert_eq!(exchange.office.ask("POST", "/api/v1/floor", by, &wish.to_string()).await.status, 200);
    assert_eq!(exchange.office.store.floor().await.unwrap(), before);
    assert!(exchange.office.store.policy_demands().await.unwrap().1.is_empty());
    // And forward again: the floor of the first advisory stands on it.
    let wish = json!({ "wish": { "type": "earlier", "number": 1 }, "seen": 4, "loosen": false });
    assert_eq!(exchange.office.ask("POST", "/api/v1/floor", by, &wish.to_string()).await.status, 200);
    assert!(exchange.line(by, one).await.fate.unwrap().in_force);
    assert!(!exchange.line(by, two).await.fate.unwrap().in_force);
}

/// ADV-07
#[tokio::test]
async fn what_a_followed_publisher_publishes_is_applied_once_by_the_pinned_key_and_only_tightens() {
    let exchange = Exchange::open().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let officer = exchange.officer(Some((&bank, R::Member))).await.credential;
    let key = |seed: &[u8; 32]| -> ProfileKey {
        let file: ProfileFile = serde_json::from_str(&profile_text(&ASKS, seed)).unwrap();
        profile::sign(&file.profile, seed).key
    };
    let nobody = json!({ "publisher": DocumentId::from_bytes([9; 16]).to_string(), "key": key(&KEY) });
    assert_eq!(exchange.floor("PUT", "subscriptions", &officer, nobody).await.status, 400);
    let follow = json!({ "publisher": cert.id, "key": key(&KEY) });
    assert_eq!(exchange.floor("PUT", "subscriptions", &officer, follow).await.status, 204);
    let listed: Subscriptions = exchange.floor("GET", "subscriptions", &officer, Value::Null).await.json();
    assert_eq!(listed.subscriptions[0].reads_as.as_ref().map(|name| name.as_str()), Some("Bank"));

    // What the Bank may not know of is not applied in its name, and nor is what carries no profile.
    exchange.advisory(&cert, json!({ "tlp": "AMBER" }), "OWN", &[("MEET.LOBBY.ON", "host")], &KEY).await;
    let plain = exchange.draft(&cert, json!({ "tlp": "CLEAR" }), &content("Plain", Tlp::Clear)).await.id;
    exchange.publish(&cert, plain).await;
    assert_eq!(exchange.office.store.newest_floor().await.unwrap(), 0);

    let shared = json!({ "tlp": "AMBER", "organisations": [bank.id] });
    let id = exchange.advisory(&cert, shared, "ONE", &ASKS, &KEY).await.id;
    assert_eq!(exchange.office.store.newest_floor().await.unwrap(), 1);
    let floor = exchange.office.store.floor().await.unwrap();
    assert_eq!(floor.below(&Controls::of(Tier::Medium)), None);
    let fate = exchange.line(&officer, id).await.fate.unwrap();
    assert!(fate.followed && fate.in_force && fate.left_out.len() == 1, "{fate:?}");
    // Withdrawing it is no publication, and changes nothing.
    assert_eq!(exchange.step(id, "withdraw", cert.by(R::Publisher)).await.status, 200);
    assert_eq!(exchange.office.store.newest_floor().await.unwrap(), 1);

    // By another key it is published, and not applied; administrators are told.
    let id = exchange
        .advisory(&cert, json!({ "tlp": "CLEAR" }), "TWO", &[("MEET.LOBBY.ON", "host")], &[8; 32])
        .await
        .id;
    assert_eq!(exchange.office.store.newest_floor().await.unwrap(), 1);
    let fate = exchange.line(&officer, id).await.fate.unwrap();
    assert_eq!((fate.floor, fate.not_followed), (None, Some(NotFollowed::Key)));
    assert_eq!(exchange.audited(AuditAction::FloorNotFollowed).await.entries.len(), 1);
    // By hand it can be applied all the same.
    assert_eq!(exchange.apply(&officer, id, false).await.status, 200);
    assert_eq!(exchange.line(&officer, id).await.fate.unwrap().floor, Some(2));

    let one = format!("subscriptions/{}", cert.id);
    assert_eq!(exchange.floor("DELETE", &one, &officer, Value::Null).await.status, 204);
    assert_eq!(exchange.floor("DELETE", &one, &officer, Value::Null).await.status, 404);
    exchange.advisory(&cert, json!({ "tlp": "CLEAR" }), "THREE", &[("MEET.END.ALL", "end_only")], &KEY).await;
    assert_eq!(exchange.office.store.newest_floor().await.unwrap(), 2);
    assert_eq!(exchange.audited(AuditAction::FloorSubscribed).await.entries.len(), 1);
    assert_eq!(exchange.audited(AuditAction::FloorUnsubscribed).await.entries.len(), 1);
}

#[tokio::test]
async fn coverage_has_who_may_read_and_is_told_to_the_owner_alone() {
    let exchange = Exchange::open().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let third = exchange.staff("Third").await;
    let publish = async |marking: Value, title: &str| {
        let id = exchange.draft(&cert, marking.clone(), &fitting(title, &marking)).await.id;
        exchange.publish(&cert, id).await;
        id
    };
    let green = publish(json!({ "tlp": "GREEN" }), "green").await;
    publish(json!({ "tlp": "AMBER", "organisations": [bank.id] }), "amber").await;
    let named = [cert.user(R::Reviewer), cert.user(R::Publisher), bank.user(R::Member)];
    let red = publish(json!({ "tlp": "RED", "persons": named }), "red").await;
    exchange.draft(&cert, json!({ "tlp": "CLEAR" }), &sketch("unfinished")).await;
    for (id, by, said) in [
        (green, bank.by(R::Member), "seen"),
        (green, bank.by(R::Member), "not_affected"),
        (red, bank.by(R::Member), "seen"),
    ] {
        let body = json!({ "revision": 1, "acknowledgement": said });
        let done = exchange.ask("POST", &format!("documents/{id}/acknowledgements"), by, body).await;
        assert_eq!(done.status, 204, "{}", done.body);
    }

    let of = async |by: &Credential| -> Vec<(String, Vec<String>)> {
        let covered: Coverage = exchange.get("coverage", by).await.json();
        let names = |revision: &sabha_protocol::wire::advisory_policy::CoveredRevision| {
            revision.organisations.iter().map(|one| one.name.as_str().to_owned()).collect()
        };
        covered.revisions.iter().map(|revision| (revision.title.clone(), names(revision))).collect()
    };
    let strings = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let row = |title: &str, names: &[&str]| (title.to_owned(), strings(names));
    let all = [row("red", &["Bank"]), row("amber", &["Bank"]), row("green", &["Bank", "Third"])];
    assert_eq!(of(cert.by(R::Publisher)).await, all);
    assert_eq!(of(cert.by(R::Member)).await, all[1..], "who may not read the red one");
    assert!(of(third.by(R::Publisher)).await.is_empty());
    let nobody = exchange.somebody().await;
    assert_eq!(rule(&exchange.get("coverage", &nobody.credential).await), (404, Rule::BulletinKnown));
    let covered: Coverage = exchange.get("coverage", cert.by(R::Publisher)).await.json();
    let green = &covered.revisions[2].organisations;
    assert!(
        green[0].seen_ms.is_some() && green[0].not_affected_ms.is_some() && green[0].applied_ms.is_none()
    );
    assert!(green[1].seen_ms.is_none());
    let after = format!("coverage?after={}", covered.revisions[0].document);
    let rest: Coverage = exchange.get(&after, cert.by(R::Publisher)).await.json();
    assert_eq!(rest.revisions.len(), 2);
}

/// ADV-08
#[tokio::test]
async fn a_refusal_in_a_meeting_names_the_advisory_that_demands_it() {
    let exchange = Exchange::open().await;
    let cert = exchange.staff("CERT").await;
    let asks = [("MEET.SHARE.HOST", "hosts")];
    let id = exchange.advisory(&cert, json!({ "tlp": "CLEAR" }), "CIAD-2", &asks, &KEY).await.id;
    assert_eq!(exchange.apply(&exchange.administrator, id, false).await.status, 200);
    exchange.settle().await;

    let server = &exchange.office.server;
    let (creator, description) = new_meeting_with(exchange.office.store.floor().await.unwrap());
    let body = serde_json::to_string(&description).unwrap();
    let made = post_meeting(server.address(), &server.creation_key(), &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let meeting = meeting_of(creator);
    let mut host = person::host(server.address(), &meeting).await;
    let mut guest = person::member(server.address(), &meeting, &mut host, "Bilal").await;
    let screen = MediaState { screen: true, ..MediaState::default() };
    let refused = guest.ask(ClientMessage::SetMedia { media: screen }).await;
    let ServerMessage::Refused { rule, message } = refused else { panic!("{refused:?}") };
    assert_eq!(rule, Rule::ShareHost);
    assert!(message.ends_with("; CIAD-2 of CERT demands it"), "{message}");
}
