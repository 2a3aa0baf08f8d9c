//! Random worlds: organisations, groups, markings and revisions, in which every text carries a marker of its own, and no
//! answer to anybody has a marker that is above their clearance.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    prelude::*,
    sample::subsequence,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use sabha_advisory::{
    Tlp,
    clearance::{Marked, Place, Reader, may_read},
    csaf::provider::folder,
};
use sabha_protocol::{
    account::UserId,
    bulletin::{AttachmentId, BulletinRole, DocumentId, TlpLabel},
    wire::{
        bulletin_documents::Documents, bulletin_facets::Facets, bulletin_feeds::FeedToken,
        bulletin_notices::BulletinAlerts,
    },
};
use serde_json::{Value, json};

use super::{
    Exchange, Someone, Staff,
    notices::{Telling, header, immediate},
    policy::{ASKS, KEY, profile_saying},
    webhooks::HookServer,
};
use crate::accounts::Credential;

/// Worlds that are tried.
const WORLDS: usize = 4;

/// A revision to be written: label, groups and organisations by their numbers, whether a person of the other organisation is
/// named, and whether it is published.
#[derive(Clone, Debug)]
struct Plan {
    tlp: Tlp,
    groups: Vec<usize>,
    organisations: Vec<usize>,
    names_somebody: bool,
    published: bool,
}

/// A document with its revisions. All but the newest are published.
type Plans = Vec<(usize, Vec<Plan>)>;

fn plan() -> impl Strategy<Value = Plan> {
    let numbers = || subsequence(vec![0, 1, 2], 0..=2);
    (proptest::sample::select(Tlp::ALL.to_vec()), numbers(), numbers(), any::<bool>(), any::<bool>())
        .prop_map(|(tlp, groups, organisations, names_somebody, published)| {
            let is_wide = matches!(tlp, Tlp::Clear | Tlp::Red);
            let of = |numbers: Vec<usize>| if is_wide { Vec::new() } else { numbers };
            Plan { tlp, groups: of(groups), organisations: of(organisations), names_somebody, published }
        })
}

fn plans() -> impl Strategy<Value = Plans> {
    proptest::collection::vec((0..3_usize, proptest::collection::vec(plan(), 1..=2)), 7)
}

/// What stands where, and who may see it.
struct Planted {
    marker: String,
    /// The document's, which all its revisions have.
    id: String,
    marked: Marked,
    document: DocumentId,
    number: u32,
    attachment: AttachmentId,
}

/// BUL-01, BUL-02, BUL-03, BUL-04, BUL-05, BUL-06, BUL-07
#[tokio::test]
async fn no_answer_to_anybody_has_a_word_that_is_above_their_clearance() {
    let mut runner = TestRunner::new(Config::default());
    for _ in 0..WORLDS {
        let plans = plans().new_tree(&mut runner).unwrap().current();
        // A failure shows the world by itself: the plans are all that is random in it.
        println!("{plans:?}");
        world(plans).await;
    }
}

async fn world(plans: Plans) {
    let telling = Telling::open().await;
    let exchange = &telling.exchange;
    let hooks = HookServer::start().await;
    let staffs = [exchange.staff("CERT").await, exchange.staff("B").await, exchange.staff("C").await];
    let ids: Vec<_> = staffs.iter().map(|staff| staff.id).collect();
    // Group 0 is all, 1 is A and B, 2 is C alone.
    let inside: [&[usize]; 3] = [&[0, 1, 2], &[0, 1], &[2]];
    let mut groups = Vec::new();
    for (name, inside) in ["all", "ab", "c"].into_iter().zip(inside) {
        let members: Vec<_> = inside.iter().map(|number| ids[*number]).collect();
        groups.push(exchange.group(name, &members).await);
    }
    for (at, staff) in staffs.iter().enumerate() {
        for (role, someone) in &staff.of_role {
            telling.tell(someone, &address(at, *role), immediate()).await;
        }
        let add = json!({ "url": hooks.url(&format!("/{at}")) });
        let made = exchange.ask("POST", "webhooks", staff.by(BulletinRole::Administrator), add).await;
        assert_eq!(made.status, 201, "{}", made.body);
    }
    let nobody = exchange.somebody().await;
    telling.tell(&nobody, "nobody@example.org", immediate()).await;
    let mut planted = Vec::new();
    for (at, (owner, revisions)) in plans.iter().enumerate() {
        let staff = &staffs[*owner];
        let mut document: Option<DocumentId> = None;
        let count = revisions.len();
        for (number, plan) in (1_u32..).zip(revisions) {
            let marker = format!("zq{at}x{number}zq");
            let own: Vec<usize> =
                plan.groups.iter().copied().filter(|group| inside[*group].contains(owner)).collect();
            let reader = staffs[(*owner + 1) % 3].user(BulletinRole::Member);
            let mut persons = BTreeSet::new();
            if plan.tlp == Tlp::Red {
                persons.extend([staff.user(BulletinRole::Reviewer), staff.user(BulletinRole::Publisher)]);
                persons.extend(plan.names_somebody.then_some(reader));
            }
            let marking = json!({
                "tlp": TlpLabel::from(plan.tlp),
                "groups": own.iter().map(|group| groups[*group]).collect::<Vec<_>>(),
                "organisations": plan.organisations.iter().map(|number| ids[*number]).collect::<Vec<_>>(),
                "persons": persons,
            });
            let tracking = format!("zi{at}zi");
            let content = super::revised(&marker, plan.tlp, &tracking, number);
            let severity = "\"aggregate_severity\":{\"text\":\"critical\"},\"category\":\"csaf_base\"";
            let content = content.replacen("\"category\":\"csaf_base\"", severity, 1);
            let author = staff.by(BulletinRole::Author);
            let id = match document {
                None => exchange.draft(staff, marking, &content).await.id,
                Some(id) => {
                    let begin = json!({ "marking": marking, "content": content });
                    let begun =
                        exchange.ask("POST", &format!("documents/{id}/revisions"), author, begin).await;
                    assert_eq!(begun.status, 201, "{}", begun.body);
                    id
                }
            };
            document = Some(id);
            let attachment = exchange.attached(id, &format!("{marker}.txt"), author, &marker).await;
            let profile = profile_saying(&marker, &ASKS, &KEY);
            assert_eq!(exchange.carry(id, author, &profile).await.status, 200);
            let published = plan.published || (number as usize) < count;
            if published {
                exchange.publish(staff, id).await;
                let comment = json!({ "revision": number, "text": marker });
                let said = exchange.ask("POST", &format!("documents/{id}/comments"), author, comment).await;
                assert_eq!(said.status, 204, "{}", said.body);
            }
            persons.insert(staff.user(BulletinRole::Author));
            let marked = Marked {
                owner: staff.id,
                tlp: plan.tlp,
                published,
                groups: own.iter().map(|group| groups[*group]).collect(),
                organisations: plan.organisations.iter().map(|number| ids[*number]).collect(),
                clients: BTreeSet::new(),
                persons,
            };
            planted.push(Planted {
                marker,
                id: tracking,
                marked,
                document: id,
                number,
                attachment: attachment.id,
            });
        }
    }
    telling.quiet().await;
    assert_eq!(telling.closed().await, 0, "no notice is made for who may not know of it");
    let place = |at: usize, staff: &Staff, role: BulletinRole| Place {
        organisation: staff.id,
        roles: [role].into(),
        groups: (0..3).filter(|group| inside[*group].contains(&at)).map(|group| groups[group]).collect(),
    };
    for (at, staff) in staffs.iter().enumerate() {
        for (role, someone) in &staff.of_role {
            let reader = Reader::Person { user: someone.user, membership: Some(place(at, staff, *role)) };
            look_everywhere(exchange, &planted, &reader, someone).await;
            look_at_mails(&telling, &planted, &reader, &address(at, *role));
        }
        let place = Place { roles: [BulletinRole::Member].into(), ..place(at, staff, BulletinRole::Member) };
        let reader = Reader::Person { user: UserId::from_bytes([0xEE; 16]), membership: Some(place) };
        look_at_deliveries(&hooks, &planted, &reader, at);
    }
    let reader = Reader::Person { user: nobody.user, membership: None };
    look_everywhere(exchange, &planted, &reader, &nobody).await;
    look_at_mails(&telling, &planted, &reader, "nobody@example.org");
    for path in provider_paths(&planted) {
        let answer = exchange.office.ask("GET", &path, &Credential::default(), "").await;
        nothing_above(&planted, &Reader::Anonymous, &path, &answer.body);
    }
    for file in ["feed.atom", "feed.rss"] {
        let answer = exchange.public(&format!("/{file}")).await;
        nothing_above(&planted, &Reader::Anonymous, file, &answer.body);
    }
    // The public routes, as somebody who could read more by the others.
    let paths =
        paths(&planted).into_iter().filter(|path| !path.contains("comments") && !path.contains("acknowl"));
    for path in paths.chain(["documents".to_owned()]) {
        let path = path.replace("documents", "public").replace("attachments", "public/attachments");
        let answer = exchange.get(&path, staffs[0].by(BulletinRole::Auditor)).await;
        nothing_above(&planted, &Reader::Anonymous, &path, &answer.body);
    }
}

fn address(organisation: usize, role: BulletinRole) -> String {
    format!("{}{organisation}@example.org", role.word())
}

/// Of every published revision that somebody may read they have one mail, of each label, and no word that is above it.
fn look_at_mails(telling: &Telling, planted: &[Planted], reader: &Reader, address: &str) {
    let mails = telling.mails_to(address);
    let may = |one: &&Planted| one.marked.published && may_read(reader, &one.marked).may_read;
    for label in Tlp::ALL {
        let expected = planted.iter().filter(may).filter(|one| one.marked.tlp == label).count();
        let found = mails.iter().filter(|mail| header(mail, "X-TLP") == label.label()).count();
        assert_eq!(found, expected, "{label:?} to {reader:?}: {mails:?}");
    }
    for mail in &mails {
        nothing_above(planted, reader, "a mail", mail);
        for one in planted {
            let is_said = mail.contains(&one.marker);
            assert!(!is_said || matches!(one.marked.tlp, Tlp::Clear | Tlp::Green), "{mail}");
        }
    }
}

/// Of every published revision that an organisation may read, and not only a person in it, its webhook is told once.
fn look_at_deliveries(hooks: &HookServer, planted: &[Planted], reader: &Reader, at: usize) {
    let path = format!("/{at}");
    let bodies: Vec<_> =
        hooks.taken().into_iter().filter(|one| one.path == path).map(|one| one.body).collect();
    let may = |one: &&Planted| one.marked.published && may_read(reader, &one.marked).may_read;
    assert_eq!(bodies.len(), planted.iter().filter(may).count(), "{reader:?}: {bodies:?}");
    for body in &bodies {
        nothing_above(planted, reader, "a delivery", body);
    }
}

/// Every path at which something could be read.
fn paths(planted: &[Planted]) -> Vec<String> {
    let mut paths = BTreeSet::new();
    for Planted { marker, document, number, attachment, .. } in planted {
        paths.insert(format!("documents/{document}"));
        paths.insert(format!("documents/{document}/revisions/{number}/content"));
        paths.insert(format!("documents/{document}/revisions/{number}/profile"));
        paths.insert(format!("documents/{document}/comments"));
        paths.insert(format!("documents/{document}/acknowledgements"));
        paths.insert(format!("attachments/{attachment}"));
        paths.insert(format!("documents?words={marker}"));
        paths.insert(format!("documents?after={document}"));
    }
    paths.into_iter().collect()
}

/// Every path at which the provider of CSAF could show something: its lists, and each document under its label and the widest.
fn provider_paths(planted: &[Planted]) -> BTreeSet<String> {
    let mut paths = BTreeSet::from(["/.well-known/csaf/provider-metadata.json".to_owned()]);
    for label in Tlp::ALL {
        let lists = ["changes.csv", "feed.json", "2026/"];
        paths.extend(lists.map(|list| format!("{}/{list}", folder(label))));
    }
    for Planted { id, marked, .. } in planted {
        paths.extend([marked.tlp, Tlp::Clear].map(|label| format!("{}/2026/{id}.json", folder(label))));
    }
    paths
}

async fn look_everywhere(exchange: &Exchange, planted: &[Planted], reader: &Reader, someone: &Someone) {
    let by = &someone.credential;
    let may = |one: &Planted| may_read(reader, &one.marked).may_read;
    for path in paths(planted).into_iter().chain([
        "documents".into(),
        "incidents".into(),
        "groups".into(),
        "coverage".into(),
        "alerts".into(),
        "facets".into(),
    ]) {
        let answer = exchange.get(&path, by).await;
        nothing_above(planted, reader, &path, &answer.body);
    }
    for path in provider_paths(planted) {
        let answer = exchange.office.ask("GET", &path, by, "").await;
        nothing_above(planted, reader, &path, &answer.body);
    }
    // Programs are given no more.
    let discovery: Value = exchange.office.ask("GET", "/taxii2/", by, "").await.json();
    for root in discovery["api_roots"].as_array().unwrap() {
        let root = root.as_str().unwrap();
        let path = format!("{}collections/", &root[root.find("/taxii2/").unwrap()..]);
        let listed: Value = exchange.office.ask("GET", &path, by, "").await.json();
        for collection in listed["collections"].as_array().unwrap() {
            for what in ["objects/", "manifest/"] {
                let path = format!("{path}{}/{what}", collection["id"].as_str().unwrap());
                let answer = exchange.office.ask("GET", &path, by, "").await;
                nothing_above(planted, reader, &path, &answer.body);
            }
        }
    }
    // Feeds have what is published and theirs, each document once.
    let made: FeedToken = exchange.ask("POST", "feed-token", by, Value::Null).await.json();
    let path = &made.atom[made.atom.find("/api/").unwrap()..];
    let feed = exchange.office.ask("GET", path, &Credential::default(), "").await;
    nothing_above(planted, reader, "the feed", &feed.body);
    let published: BTreeSet<_> =
        planted.iter().filter(|one| one.marked.published && may(one)).map(|one| one.document).collect();
    assert_eq!(feed.body.matches("<entry>").count(), published.len(), "{reader:?}: {}", feed.body);
    // A banner counts what is urgent, theirs, and not their own organisation's.
    let own = match reader {
        Reader::Person { membership: Some(place), .. } => Some(place.organisation),
        _ => None,
    };
    let urgent: BTreeSet<_> = planted
        .iter()
        .filter(|one| one.marked.published && may(one) && own.is_some_and(|own| own != one.marked.owner))
        .map(|one| one.document)
        .collect();
    let alerts: BulletinAlerts = exchange.get("alerts", by).await.json();
    assert_eq!(alerts.alerts.len() + alerts.more as usize, urgent.len(), "{reader:?}: {alerts:?}");
    // What is counted by label is what they may know of.
    let facets: Facets = exchange.get("facets", by).await.json();
    let mut labels = BTreeMap::new();
    for one in planted.iter().filter(|one| may(one)) {
        let is_newest = !planted
            .iter()
            .any(|other| other.document == one.document && other.number > one.number && may(other));
        if is_newest {
            *labels.entry(TlpLabel::from(one.marked.tlp)).or_insert(0) += 1;
        }
    }
    assert_eq!(
        facets.labels.iter().map(|one| (one.tlp, one.count)).collect::<BTreeMap<_, _>>(),
        labels,
        "{reader:?}"
    );
    // What is theirs they find, and it is counted; what is not is not counted either.
    let known: BTreeSet<_> = planted.iter().filter(|one| may(one)).map(|one| one.document).collect();
    let list: Documents = exchange.list(by).await;
    assert_eq!(list.documents.iter().map(|line| line.id).collect::<BTreeSet<_>>(), known, "{reader:?}");
    assert_eq!(list.count, known.len() as u64);
    for one in planted {
        let newest = planted.iter().rfind(|other| other.document == one.document && may(other));
        let expected = u64::from(newest.is_some_and(|newest| newest.number == one.number));
        let search = exchange.get(&format!("documents?words={}", one.marker), by).await;
        assert_eq!(search.json::<Documents>().count, expected, "{} to {reader:?}", one.marker);
        // Refusals say nothing either, whatever is tried.
        let (id, hash) = (one.document, "0".repeat(64));
        let tries: [(&str, String, Value); 4] = [
            ("POST", format!("documents/{id}/steps"), json!({ "step": "withdraw", "seen": hash })),
            ("POST", format!("documents/{id}/comments"), json!({ "revision": 99, "text": "x" })),
            ("PATCH", format!("documents/{id}/incident"), json!({ "status": "closed" })),
            ("DELETE", format!("attachments/{}", AttachmentId::from_bytes([9; 16])), Value::Null),
        ];
        for (method, path, body) in tries {
            let answer = exchange.ask(method, &path, by, body).await;
            assert!(answer.status >= 400, "{method} {path}");
            nothing_above(planted, reader, &path, &answer.body);
        }
    }
}

fn nothing_above(planted: &[Planted], reader: &Reader, path: &str, body: &str) {
    for one in planted {
        let may = |one: &Planted| may_read(reader, &one.marked).may_read;
        if !may(one) {
            assert!(!body.contains(&one.marker), "{} is shown to {reader:?} at {path}: {body}", one.marker);
        }
        if !planted.iter().any(|other| other.document == one.document && may(other)) {
            assert!(!body.contains(&one.id), "{} is shown to {reader:?} at {path}: {body}", one.id);
        }
    }
}
