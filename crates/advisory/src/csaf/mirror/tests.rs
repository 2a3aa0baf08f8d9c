//! A run against providers that exist as a map of files, honest ones and others.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};

use super::*;
use crate::csaf::{
    filename,
    model::{Publisher, PublisherCategory},
    provider::Key,
};

const BASE: &str = "https://cert.example.org/.well-known/csaf";
const KEY: &str = "0123456789abcdef0123456789abcdef01234567";
const FEED: &str = "https://cert.example.org/.well-known/csaf/clear/feed.json";

/// Takes a signature that names the key and the document's hash.
#[derive(Clone, Copy, Debug)]
struct Fake;

impl Judge for Fake {
    type Key = String;

    fn key(&self, file: &[u8], fingerprint: &str) -> Result<String, String> {
        if file == b"a key" { Ok(fingerprint.to_owned()) } else { Err("it is revoked".to_owned()) }
    }

    fn verify(&self, key: &String, document: &[u8], signature: &[u8]) -> Result<(), String> {
        if signature == signed(key, document).as_bytes() { Ok(()) } else { Err("bad signature".to_owned()) }
    }
}

fn signed(key: &str, document: &[u8]) -> String {
    format!("{key} {}", hex(&Sha256::digest(document)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn date(number: usize) -> String {
    format!("2026-11-{number:02}T10:00:00Z")
}

fn document(id: &str, number: usize) -> Value {
    let history: Vec<Value> = (1..=number)
        .map(|number| json!({ "date": date(number), "number": number.to_string(), "summary": "Said" }))
        .collect();
    json!({ "document": {
        "category": "csaf_base",
        "csaf_version": "2.0",
        "distribution": { "text": "TLP:CLEAR", "tlp": { "label": "WHITE" } },
        "lang": "en",
        "publisher": { "category": "coordinator", "name": "CERT", "namespace": "https://cert.example.org" },
        "title": id,
        "tracking": {
            "current_release_date": date(number),
            "id": id,
            "initial_release_date": date(1),
            "revision_history": history,
            "status": "final",
            "version": number.to_string(),
        },
    }})
}

/// A provider: what is at which address.
#[derive(Clone)]
struct World {
    files: BTreeMap<String, Answer>,
    metadata: Value,
    feed: Vec<Value>,
    asked: Vec<String>,
}

impl World {
    fn new() -> Self {
        let metadata = json!({
            "canonical_url": format!("{BASE}/provider-metadata.json"),
            "distributions": [{ "rolie": { "feeds": [
                { "summary": "x", "tlp_label": "WHITE", "url": FEED },
                { "summary": "x", "tlp_label": "GREEN", "url": format!("{BASE}/green/feed.json") },
            ] } }],
            "last_updated": date(1),
            "list_on_CSAF_aggregators": true,
            "mirror_on_CSAF_aggregators": true,
            "metadata_version": "2.0",
            "public_openpgp_keys": [{ "fingerprint": KEY, "url": format!("{BASE}/key.asc") }],
            "publisher": { "category": "coordinator", "name": "CERT", "namespace": "https://cert.example.org" },
            "role": "csaf_trusted_provider",
        });
        let mut world = Self { files: BTreeMap::new(), metadata, feed: Vec::new(), asked: Vec::new() };
        world.put(&format!("{BASE}/key.asc"), "a key");
        world
    }

    fn of(documents: &[(&str, usize)]) -> Self {
        let mut world = Self::new();
        for (id, number) in documents {
            world.publish(&document(id, *number));
        }
        world
    }

    fn put(&mut self, url: &str, text: &str) {
        self.files.insert(url.to_owned(), Answer::Found(text.as_bytes().to_vec()));
    }

    fn publish(&mut self, document: &Value) -> String {
        let tracking = &document["document"]["tracking"];
        let url = format!("{BASE}/clear/2026/{}", filename(tracking["id"].as_str().unwrap()));
        self.publish_at(&url, document);
        url
    }

    fn publish_at(&mut self, url: &str, document: &Value) {
        let text = document.to_string();
        self.put(url, &text);
        self.put(&format!("{url}.sha256"), &format!("{}  x.json\n", hex(&Sha256::digest(&text))));
        self.put(&format!("{url}.sha512"), &hex(&Sha512::digest(&text)).to_uppercase());
        self.put(&format!("{url}.asc"), &signed(KEY, text.as_bytes()));
        self.list(url, document["document"]["tracking"]["current_release_date"].as_str().unwrap());
    }

    fn list(&mut self, url: &str, updated: &str) {
        self.feed.retain(|entry| entry["content"]["src"] != url);
        self.feed.push(json!({ "content": { "src": url }, "id": "x", "updated": updated }));
    }

    fn answer(&mut self, fetch: &Fetch) -> Answer {
        let url = fetch.address.to_string();
        self.asked.push(url.clone());
        if let Some(answer) = self.files.get(&url) {
            return answer.clone();
        }
        let text = match url.as_str() {
            FEED => json!({ "feed": { "entry": self.feed } }),
            _ if url == format!("{BASE}/provider-metadata.json") => self.metadata.clone(),
            _ => return Answer::Missing,
        };
        Answer::Found(text.to_string().into_bytes())
    }
}

fn order(known: Vec<Known>) -> Order {
    let reach = Reach::new(["cert.example.org"], false).unwrap();
    let metadata = reach.address(&format!("{BASE}/provider-metadata.json")).unwrap();
    let sources = vec![Source::Metadata(metadata)];
    Order { sources, reach, pinned: None, mirror: true, namespace: None, known }
}

/// What a mirror has on disk.
#[derive(Clone, Debug, Default)]
struct Disk {
    documents: BTreeMap<String, Mirrored>,
    metadata: Option<Vec<u8>>,
}

impl Disk {
    fn known(&self) -> Vec<Known> {
        let known = |document: &Mirrored| Known {
            address: document.address.clone(),
            listed: document.listed.clone(),
            id: document.published.id.clone(),
            file: document.published.file.clone(),
            updated: document.published.updated.clone(),
            hash: document.hash,
        };
        self.documents.values().map(known).collect()
    }

    /// Runs for so many steps at most; `None` if it was cut off.
    fn run_for(&mut self, world: &mut World, order: Order, steps: usize) -> Option<Outcome> {
        let mut run = Run::new(order, Fake, 0);
        for _ in 0..steps {
            match run.next(0) {
                Step::Fetch(fetch) => {
                    let answer = world.answer(&fetch);
                    run.answered(answer);
                }
                Step::KeepMetadata(metadata) => {
                    self.metadata = Some(metadata);
                    run.kept();
                }
                Step::Keep(document) => {
                    self.documents.insert(document.address.clone(), *document);
                    run.kept();
                }
                Step::Done(outcome) => return Some(*outcome),
            }
        }
        None
    }

    fn run(&mut self, world: &mut World) -> Outcome {
        let known = self.known();
        self.run_for(world, order(known), 10_000).expect("it ends")
    }
}

fn complete(kept: usize) -> Outcome {
    Outcome { end: Ok(End::Complete), kept, faults: Vec::new() }
}

#[test]
fn every_document_is_kept_once_and_again_when_it_is_newer() {
    let mut world = World::of(&[("A-1", 2), ("A-2", 1)]);
    let mut disk = Disk::default();
    assert_eq!(disk.run(&mut world), complete(2));
    let first: Vec<&String> = world.asked.iter().filter(|url| url.ends_with("a-2.json")).collect();
    assert_eq!(first.len(), 1);
    assert!(!world.asked.iter().any(|url| url.contains("green")), "other labels are not asked for");
    let kept = &disk.documents[&format!("{BASE}/clear/2026/a-1.json")];
    assert_eq!(kept.content, document("A-1", 2).to_string().into_bytes());
    assert_eq!((kept.published.file.as_str(), kept.published.updated.as_str()), ("2026/a-1.json", &*date(2)));

    world.asked.clear();
    assert_eq!(disk.run(&mut world), complete(0));
    assert_eq!(world.asked.len(), 3, "metadata, key, feed: {:?}", world.asked);
    world.publish(&document("A-2", 3));
    assert_eq!(disk.run(&mut world), complete(1));
    assert_eq!(disk.documents[&format!("{BASE}/clear/2026/a-2.json")].published.updated, date(3));
    // Also if the list is later than the document, it is not asked for again and again.
    world.list(&format!("{BASE}/clear/2026/a-2.json"), &date(9));
    assert_eq!(disk.run(&mut world), complete(1));
    assert_eq!(disk.run(&mut world), complete(0));
}

#[test]
fn wherever_a_run_is_cut_off_the_next_goes_on_and_fetches_nothing_twice_that_was_kept() {
    let ids: Vec<String> = (0..5).map(|number| format!("A-{number}")).collect();
    let documents: Vec<(&str, usize)> = ids.iter().map(|id| (id.as_str(), 1)).collect();
    let mut whole = Disk::default();
    let outcome = whole.run(&mut World::of(&documents));
    assert_eq!(outcome, complete(5));
    for steps in 0..60 {
        let mut world = World::of(&documents);
        let mut disk = Disk::default();
        disk.run_for(&mut world, order(Vec::new()), steps);
        let before = disk.documents.len();
        world.asked.clear();
        assert_eq!(disk.run(&mut world), complete(5 - before), "after {steps}");
        assert_eq!(disk.documents, whole.documents);
        let fetched = world.asked.iter().filter(|url| url.contains("/2026/") && url.ends_with(".json"));
        assert_eq!(fetched.count(), 5 - before);
    }
}

/// Changes the only document of a provider in a way, and returns how the run ended; nothing is ever kept.
fn caught(lie: impl FnOnce(&mut World, &str)) -> Outcome {
    let mut world = World::of(&[("A-1", 2)]);
    let url = format!("{BASE}/clear/2026/a-1.json");
    lie(&mut world, &url);
    let mut disk = Disk::default();
    let outcome = disk.run(&mut world);
    assert!(disk.documents.is_empty(), "{outcome:?}");
    outcome
}

#[test]
fn who_lies_is_caught_and_nothing_of_it_is_kept() {
    let lie = |change: &dyn Fn(&mut World, &str)| {
        let outcome = caught(change);
        let trouble = outcome.end.unwrap_err();
        assert!(trouble.is_lie(), "{trouble}");
        trouble
    };
    for ending in [".sha256", ".sha512"] {
        for hash in ["", "00", &hex(&Sha256::digest("x")), &hex(&Sha512::digest("x"))] {
            let trouble = lie(&|world, url| world.put(&format!("{url}{ending}"), hash));
            assert!(matches!(trouble, Trouble::Hash(_)), "{trouble}");
        }
    }
    for signature in ["", "junk", &signed(KEY, b"other bytes"), &signed("another key", b"")] {
        let trouble = lie(&|world, url| world.put(&format!("{url}.asc"), signature));
        assert!(matches!(trouble, Trouble::Signature { .. }), "{trouble}");
    }
    let of_another = lie(&|world, url| {
        let mut document = document("A-1", 2);
        document["document"]["publisher"]["namespace"] = json!("https://other.example.org");
        world.publish_at(url, &document);
    });
    assert!(matches!(of_another, Trouble::Publisher { .. }), "{of_another}");
    assert!(of_another.to_string().contains("https://other.example.org"));
}

#[test]
fn what_is_mirrored_is_replaced_by_what_is_newer_and_by_nothing_else() {
    let url = format!("{BASE}/clear/2026/a-1.json");
    let mut disk = Disk::default();
    let mut world = World::of(&[("A-1", 3)]);
    assert_eq!(disk.run(&mut world), complete(1));
    let kept = disk.documents.clone();
    let mut caught = |change: &dyn Fn(&mut World)| {
        let mut world = world.clone();
        change(&mut world);
        let outcome = disk.run(&mut world);
        assert_eq!(disk.documents, kept, "{outcome:?}");
        let trouble = outcome.end.unwrap_err();
        assert!(trouble.is_lie(), "{trouble}");
        trouble
    };
    let older = |world: &mut World| {
        world.publish(&document("A-1", 2));
    };
    assert!(matches!(caught(&older), Trouble::NotNewer { .. }), "an older one, listed as such");
    let older_as_newer = |world: &mut World| {
        world.publish(&document("A-1", 2));
        world.list(&url, &date(9));
    };
    assert!(matches!(caught(&older_as_newer), Trouble::NotNewer { .. }));
    let rewritten = |world: &mut World| {
        let mut document = document("A-1", 3);
        document["document"]["title"] = json!("Something else");
        world.publish(&document);
        world.list(&url, &date(9));
    };
    assert!(matches!(caught(&rewritten), Trouble::NotNewer { .. }), "other bytes of the same release");
    let renamed = |world: &mut World| {
        // The same file by section 5.1, and another id.
        world.publish(&document("a-1", 4));
    };
    assert!(matches!(caught(&renamed), Trouble::Id { .. }));
    let twice =
        |world: &mut World| world.publish_at(&format!("{BASE}/clear/2027/a-1.json"), &document("A-1", 4));
    assert!(matches!(caught(&twice), Trouble::Id { .. }));
    // Also of two that are new in the same run the second has nothing to say.
    let mut both = World::of(&[("A-1", 1)]);
    both.publish_at(&format!("{BASE}/clear/2027/a-1.json"), &document("A-1", 2));
    let mut first = Disk::default();
    let outcome = first.run(&mut both);
    assert!(matches!(outcome.end, Err(Trouble::Id { .. })), "{outcome:?}");
    assert_eq!(first.documents.keys().collect::<Vec<_>>(), [&url]);
    let other_name = Order { namespace: Some("https://before.example.org".to_owned()), ..order(Vec::new()) };
    let outcome = Disk::default().run_for(&mut world.clone(), other_name, 100).unwrap();
    assert!(matches!(outcome.end, Err(Trouble::Renamed { .. })));
}

#[test]
fn what_is_not_right_is_left_out_and_the_rest_is_kept() {
    let left_out = |change: &dyn Fn(&mut World, &str)| {
        let mut world = World::of(&[("A-1", 2), ("B-1", 3)]);
        change(&mut world, &format!("{BASE}/clear/2026/a-1.json"));
        let mut disk = Disk::default();
        let outcome = disk.run(&mut world);
        assert_eq!(
            (&outcome.end, outcome.kept, outcome.faults.len()),
            (&Ok(End::Complete), 1, 1),
            "{outcome:?}"
        );
        assert!(disk.documents.keys().all(|url| url.ends_with("b-1.json")));
        outcome.faults[0].clone()
    };
    let changed = |pointer: &'static str, value: Value| {
        move |world: &mut World, url: &str| {
            let mut document = document("A-1", 2);
            *document.pointer_mut(pointer).unwrap() = value.clone();
            world.publish_at(url, &document);
        }
    };
    let invalid = left_out(&changed("/document/tracking/version", json!("7")));
    assert!(invalid.to_string().contains("CSAF-6.1.16"), "{invalid}");
    let draft = left_out(&changed("/document/tracking/status", json!("draft")));
    assert!(matches!(draft, Trouble::Document { .. }), "{draft}");
    let green = left_out(&changed("/document/distribution/text", json!("TLP:GREEN")));
    assert!(green.to_string().contains("TLP:GREEN"), "{green}");
    let misnamed = left_out(&changed("/document/tracking/id", json!("C-1")));
    assert!(matches!(misnamed, Trouble::Name(_)), "{misnamed}");
    let gone = left_out(&|world, url| drop(world.files.remove(url)));
    assert!(matches!(gone, Trouble::Unanswered { .. }), "{gone}");
    let unsigned = left_out(&|world, url| drop(world.files.remove(&format!("{url}.asc"))));
    assert!(matches!(unsigned, Trouble::Unsigned(_)), "{unsigned}");
    let unhashed = left_out(&|world, url| {
        world.files.remove(&format!("{url}.sha256"));
        world.files.remove(&format!("{url}.sha512"));
    });
    assert!(matches!(unhashed, Trouble::Unhashed(_)), "{unhashed}");
    let long = left_out(&|world, url| {
        world.files.insert(url.to_owned(), Answer::Found(vec![b' '; crate::csaf::DOCUMENT_BYTES_MAX + 1]));
    });
    assert!(matches!(long, Trouble::Unanswered { .. }), "{long}");
    let elsewhere = left_out(&|world, url| {
        world.files.insert(url.to_owned(), Answer::Moved("https://127.0.0.1/a.json".to_owned()));
    });
    assert!(matches!(elsewhere, Trouble::Elsewhere(_)), "{elsewhere}");
    // One of the two hashes is enough.
    let mut world = World::of(&[("A-1", 2)]);
    world.files.remove(&format!("{BASE}/clear/2026/a-1.json.sha512"));
    assert_eq!(Disk::default().run(&mut world), complete(1));
    // Too much is too much.
    let ids: Vec<String> = (0..=FAULTS_MAX).map(|number| format!("A-{number}")).collect();
    let mut world = World::of(&ids.iter().map(|id| (id.as_str(), 1)).collect::<Vec<_>>());
    world.files.retain(|url, _| !url.ends_with(".asc") || url.ends_with("key.asc"));
    assert!(matches!(Disk::default().run(&mut world).end, Err(Trouble::Faults(_))));
}

#[test]
fn what_a_list_names_outside_of_its_folder_or_not_as_a_document_is_not_asked_for() {
    for url in [
        "https://evil.example.org/.well-known/csaf/clear/2026/a-1.json",
        "http://cert.example.org/.well-known/csaf/clear/2026/a-1.json",
        "https://cert.example.org/.well-known/csaf/red/2026/a-1.json",
        "https://cert.example.org/.well-known/csaf/clear/../red/a-1.json",
        "https://cert.example.org/.well-known/csaf/clear/2026/A-1.json",
        "https://cert.example.org/.well-known/csaf/clear/2026/a-1.exe",
        "https://cert.example.org/.well-known/csaf/clear/2026/.json",
        "https://cert.example.org/.well-known/csaf/clear/2026/a-1.json?x",
        "file:///etc/passwd",
    ] {
        let mut world = World::new();
        world.list(url, &date(1));
        let outcome = Disk::default().run(&mut world);
        assert!(outcome.end.is_err(), "{url}: {outcome:?}");
        assert!(!world.asked.iter().any(|asked| asked == url), "{url}");
    }
    let mut world = World::new();
    world.list(&format!("{BASE}/clear/2026/a-1.json"), "yesterday");
    assert!(matches!(Disk::default().run(&mut world).end, Err(Trouble::List { .. })));
}

#[test]
fn whoever_leads_in_a_circle_or_on_and_on_is_left() {
    // Metadata at two addresses that lead to each other.
    let mut world = World::new();
    let at = |name: &str| format!("{BASE}/{name}/provider-metadata.json");
    let mut leading = |from: &str, to: &str| {
        let mut metadata = world.metadata.clone();
        metadata["canonical_url"] = json!(to);
        world.put(from, &metadata.to_string());
    };
    leading(&format!("{BASE}/provider-metadata.json"), &at("a"));
    leading(&at("a"), &at("b"));
    leading(&at("b"), &at("a"));
    assert!(matches!(Disk::default().run(&mut world).end, Err(Trouble::Loop(_))));
    // A feed whose next page is itself, and one without an end.
    let page = |next: &str| {
        let link = json!([{ "href": next, "rel": "next" }]);
        json!({ "feed": { "entry": [], "link": link } }).to_string()
    };
    let mut world = World::new();
    world.put(FEED, &page(FEED));
    assert!(matches!(Disk::default().run(&mut world).end, Err(Trouble::Loop(_))));
    for number in 0..PAGES_MAX + 2 {
        let url = |number: usize| format!("{BASE}/clear/{number}.json");
        world.put(&url(number), &page(&url(number + 1)));
    }
    world.put(FEED, &page(&format!("{BASE}/clear/0.json")));
    assert!(matches!(Disk::default().run(&mut world).end, Err(Trouble::Loop(_))));
    assert!(world.asked.len() < PAGES_MAX + 10);
    // Redirects in a circle.
    let metadata = format!("{BASE}/provider-metadata.json");
    world.files.insert(metadata.clone(), Answer::Moved(metadata));
    assert!(matches!(Disk::default().run(&mut world).end, Err(Trouble::Redirects(_))));
    assert!(matches!(
        caught(|world, _| drop(
            world.files.insert(FEED.to_owned(), Answer::Moved("http://10.0.0.1/".to_owned()))
        ))
        .end,
        Err(Trouble::Address(_))
    ));
}

#[test]
fn time_and_bytes_of_a_run_are_bounded_and_what_is_kept_is_gone_on_from() {
    let mut run = Run::new(order(Vec::new()), Fake, 1000);
    assert!(matches!(run.next(1000), Step::Fetch(_)));
    let Step::Done(outcome) = run.next(1000 + RUN_MS_MAX) else { panic!() };
    assert_eq!(outcome.end, Err(Trouble::Budget), "nothing came at all");

    let mut world = World::of(&[("A-1", 1), ("A-2", 1)]);
    let mut run = Run::new(order(Vec::new()), Fake, 0);
    let outcome = loop {
        match run.next(0) {
            Step::Fetch(fetch) => run.answered(world.answer(&fetch)),
            Step::KeepMetadata(_) => run.kept(),
            Step::Keep(_) => {
                run.kept();
                let Step::Done(outcome) = run.next(RUN_MS_MAX) else { panic!() };
                break outcome;
            }
            Step::Done(_) => panic!("it had time"),
        }
    };
    assert_eq!((&outcome.end, outcome.kept), (&Ok(End::More), 1));

    // Long answers that lead nowhere.
    let mut world = World::new();
    world.put(
        FEED,
        &json!({ "feed": { "link": [{ "href": format!("{BASE}/clear/0.json"), "rel": "next" }] } })
            .to_string(),
    );
    let mut run = Run::new(order(Vec::new()), Fake, 0);
    let mut pages = 0_u64;
    let outcome = loop {
        match run.next(0) {
            Step::Fetch(fetch) if fetch.bytes_max == LIST_BYTES_MAX && fetch.address.to_string() != FEED => {
                pages += 1;
                let link = json!([{ "href": format!("{BASE}/clear/{pages}.json"), "rel": "next" }]);
                let mut page = json!({ "feed": { "entry": [], "link": link } }).to_string();
                page += &" ".repeat(LIST_BYTES_MAX - page.len());
                run.answered(Answer::Found(page.into_bytes()));
            }
            Step::Fetch(fetch) => run.answered(world.answer(&fetch)),
            Step::KeepMetadata(_) | Step::Keep(_) => run.kept(),
            Step::Done(outcome) => break outcome,
        }
    };
    assert_eq!(outcome.end, Err(Trouble::Budget));
    assert_eq!(pages, RUN_BYTES_MAX / LIST_BYTES_MAX as u64);
}

#[test]
fn the_key_is_one_that_the_metadata_states_and_the_one_that_is_pinned() {
    let pinned = |fingerprint: &str| Order { pinned: Some(fingerprint.to_owned()), ..order(Vec::new()) };
    let mut world = World::of(&[("A-1", 1)]);
    let right = Disk::default().run_for(&mut world, pinned(&KEY.to_uppercase()), 100).unwrap();
    assert_eq!(right, complete(1));
    let mut disk = Disk::default();
    let wrong = disk.run_for(&mut world, pinned(&"a".repeat(40)), 100).unwrap();
    assert_eq!((wrong.end, disk.metadata), (Err(Trouble::Pinned), None));
    world.put(&format!("{BASE}/key.asc"), "another");
    assert_eq!(Disk::default().run(&mut world).end, Err(Trouble::Key("it is revoked".to_owned())));
    world.metadata["public_openpgp_keys"] = json!([]);
    assert!(matches!(Disk::default().run(&mut world).end, Err(Trouble::Key(_))));
    // A second key that is good is enough.
    let mut world = World::of(&[("A-1", 1)]);
    let other = json!({ "fingerprint": "b".repeat(40), "url": format!("{BASE}/other.asc") });
    world.metadata["public_openpgp_keys"].as_array_mut().unwrap().insert(0, other);
    assert_eq!(Disk::default().run(&mut world), complete(1));
}

#[test]
fn who_does_not_want_it_is_not_listed_or_mirrored() {
    let mut world = World::of(&[("A-1", 1)]);
    world.metadata["list_on_CSAF_aggregators"] = json!(false);
    assert_eq!(Disk::default().run(&mut world).end, Err(Trouble::NotListed));
    for (key, value, fault) in [
        ("mirror_on_CSAF_aggregators", json!(false), Trouble::NotMirrored),
        ("role", json!("csaf_provider"), Trouble::Untrusted),
    ] {
        let mut world = World::of(&[("A-1", 1)]);
        world.metadata[key] = value;
        let mut disk = Disk::default();
        let outcome = disk.run(&mut world);
        assert_eq!((&outcome.end, &outcome.faults[..]), (&Ok(End::Listed), &[fault][..]));
        assert!(disk.metadata.is_some() && disk.documents.is_empty());
    }
    let mut disk = Disk::default();
    let listed = Order { mirror: false, ..order(Vec::new()) };
    let outcome = disk.run_for(&mut World::of(&[("A-1", 1)]), listed, 100).unwrap();
    assert_eq!((outcome.end, outcome.faults.len()), (Ok(End::Listed), 0));
}

#[test]
fn a_directory_serves_where_there_is_no_feed_and_closed_folders_are_passed_over() {
    let mut world = World::of(&[("A-1", 2), ("A-2", 1)]);
    world.metadata["distributions"] =
        json!([{ "directory_url": format!("{BASE}/amber/") }, { "directory_url": format!("{BASE}/clear") }]);
    let changes = format!("{BASE}/clear/changes.csv");
    world.put(&changes, &format!("\"2026/a-1.json\",\"{}\"\r\n2026/a-2.json,{}\n", date(2), date(1)));
    let mut disk = Disk::default();
    assert_eq!(disk.run(&mut world), complete(2));
    assert_eq!(disk.run(&mut world), complete(0));
    // Without changes.csv what is not there yet is found by index.txt.
    world.files.remove(&changes);
    world.put(&format!("{BASE}/clear/index.txt"), "2026/a-1.json\n2026/a-3.json\n");
    world.publish(&document("A-3", 1));
    assert_eq!(disk.run(&mut world), complete(1));
    assert_eq!(disk.run(&mut world), complete(0));
    for path in ["../red/2026/a-1.json", "/etc/passwd", "https://evil.org/a.json", "2026/%2e%2e/a.json"] {
        world.put(&changes, &format!("{path},{}", date(1)));
        assert!(disk.run(&mut world).end.is_err(), "{path}");
    }
    for text in ["2026/a-1.json", "2026/a-1.json,soon", "\u{FFFD}"] {
        world.put(&changes, text);
        assert!(matches!(disk.run(&mut world).end, Err(Trouble::List { .. })), "{text}");
    }
    world.files.remove(&changes);
    world.files.remove(&format!("{BASE}/clear/index.txt"));
    assert_eq!(disk.run(&mut world).end, Err(Trouble::NoList));
}

#[test]
fn the_metadata_is_found_by_the_name_of_a_domain_alone() {
    let reach = Reach::new(["cert.example.org"], false).unwrap();
    let at = |url: &str| reach.address(url).unwrap();
    let sources = vec![
        Source::Metadata(at("https://cert.example.org/elsewhere/provider-metadata.json")),
        Source::SecurityTxt(at("https://cert.example.org/.well-known/security.txt")),
        Source::Metadata(at(&format!("{BASE}/provider-metadata.json"))),
    ];
    let found = |world: &mut World| {
        Disk::default().run_for(world, Order { sources: sources.clone(), ..order(Vec::new()) }, 100).unwrap()
    };
    let mut world = World::of(&[("A-1", 1)]);
    assert_eq!(found(&mut world), complete(1), "the third");
    let security = "https://cert.example.org/.well-known/security.txt";
    world.put(security, &format!("Contact: x\nCSAF: {BASE}/provider-metadata.json\n"));
    assert_eq!(found(&mut world), complete(1), "the second");
    world.put(security, "CSAF: https://evil.example.org/provider-metadata.json");
    assert!(matches!(found(&mut world).end, Err(Trouble::Elsewhere(_))));
}

#[test]
fn metadata_that_does_not_fit_its_schema_is_refused() {
    let metadata = World::new().metadata;
    let with = |pointer: &str, value: Value| {
        let mut changed = metadata.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        ProviderMetadata::read(changed.to_string().as_bytes())
    };
    assert!(with("/last_updated", json!("2026-11-27T12:00:00+05:30")).is_ok());
    for (pointer, value) in [
        ("/canonical_url", json!("https://cert.example.org/metadata.json")),
        ("/last_updated", json!("today")),
        ("/metadata_version", json!("2.1")),
        ("/role", json!("csaf_aggregator")),
        ("/role", json!("csaf_publisher")),
        ("/publisher/name", json!("")),
        ("/publisher/namespace", json!("cert")),
        ("/publisher/category", json!("agency")),
        ("/list_on_CSAF_aggregators", json!("yes")),
        ("/distributions", json!([{}])),
        ("/distributions/0/rolie/feeds", json!([])),
        ("/distributions/0/rolie/feeds/0/tlp_label", json!("CLEAR")),
        ("/public_openpgp_keys/0/fingerprint", json!("0123")),
        ("/public_openpgp_keys/0/url", json!("key.asc")),
    ] {
        assert!(matches!(with(pointer, value), Err(Trouble::Metadata(_))), "{pointer}");
    }
    for key in metadata
        .as_object()
        .unwrap()
        .keys()
        .filter(|key| !matches!(key.as_str(), "distributions" | "public_openpgp_keys"))
    {
        let mut without = metadata.clone();
        without.as_object_mut().unwrap().remove(key);
        assert!(ProviderMetadata::read(without.to_string().as_bytes()).is_err(), "{key}");
    }
    let twice = metadata.to_string().replacen('{', "{\"role\":\"csaf_provider\",", 1);
    assert!(ProviderMetadata::read(twice.as_bytes()).is_err(), "a key that stands twice");
    assert!(ProviderMetadata::read(&vec![b' '; METADATA_BYTES_MAX + 1]).is_err());
}

fn entry(number: usize, mirrored: bool) -> Entry {
    let mut metadata = World::new().metadata;
    metadata["publisher"]["namespace"] = json!(format!("https://{number}.example.org"));
    metadata["last_updated"] = json!(date(number));
    let metadata = ProviderMetadata::read(metadata.to_string().as_bytes()).unwrap();
    Entry {
        metadata,
        mirror: mirrored.then(|| format!("https://a.example.org/{number}/provider-metadata.json")),
    }
}

#[test]
fn two_publishers_make_a_lister_and_two_mirrored_ones_an_aggregator() {
    let about = About {
        name: "Us".to_owned(),
        namespace: "https://a.example.org".to_owned(),
        contact_details: None,
        issuing_authority: Some("A CERT".to_owned()),
    };
    let url = "https://a.example.org/.well-known/csaf-aggregator/aggregator.json";
    let of = |entries: &[Entry]| aggregator(url, &about, entries);
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[entry(1, true), entry(1, true)]), None, "two providers of one publisher");
    let read = |entries: &[Entry]| serde_json::from_slice::<Value>(&of(entries).unwrap()).unwrap();
    let lister = read(&[entry(1, true), entry(2, false)]);
    assert_eq!(lister["aggregator"]["category"], "lister");
    assert!(lister["csaf_providers"].as_array().unwrap().iter().all(|entry| entry.get("mirrors").is_none()));
    let aggregator = read(&[entry(1, true), entry(2, true), entry(3, false)]);
    assert_eq!(aggregator["aggregator"]["category"], "aggregator");
    assert_eq!(
        aggregator["csaf_providers"][0]["mirrors"][0],
        "https://a.example.org/1/provider-metadata.json"
    );
    assert_eq!(aggregator["last_updated"], date(3));
    assert_eq!(aggregator["aggregator"].get("contact_details"), None);
    // What says where a mirror is, is metadata that we would take.
    let own = Key { fingerprint: "c".repeat(40), url: "https://a.example.org/c.asc".to_owned() };
    let written = mirror_metadata("https://a.example.org/1", &entry(1, true).metadata, &own, &date(1));
    let mirror = ProviderMetadata::read(&written).unwrap();
    assert_eq!(
        mirror.keys.iter().map(|key| key.fingerprint.as_str()).collect::<Vec<_>>(),
        [KEY, &own.fingerprint]
    );
    assert_eq!(mirror.feeds, ["https://a.example.org/1/clear/feed.json"]);
}

fn publisher() -> Publisher {
    Publisher {
        category: PublisherCategory::Coordinator,
        contact_details: None,
        issuing_authority: None,
        name: "CERT".to_owned(),
        namespace: "https://cert.example.org".to_owned(),
    }
}

/// Times around each other, some in other offsets, and what is none.
fn time() -> impl Strategy<Value = Option<String>> {
    proptest::option::weighted(
        0.9,
        (1..6_usize, any::<bool>()).prop_map(|(day, shifted)| {
            if shifted { format!("2026-11-{day:02}T15:30:00+05:30") } else { date(day) }
        }),
    )
}

proptest! {
    /// What is wanted is what is not there or newer, each address once, in the order of time.
    #[test]
    fn a_plan_wants_what_is_new_or_newer_and_nothing_twice(
        lists in proptest::collection::vec((0..6_usize, time()), 0..24),
        known in proptest::collection::btree_map(0..6_usize, (1..6_usize, time()), 0..6),
    ) {
        let address = |number: usize| {
            Address::parse(&format!("https://cert.example.org/{number}.json"), false).unwrap()
        };
        let known: BTreeMap<String, Known> = known.into_iter().map(|(number, (day, listed))| {
            let address = address(number).to_string();
            let known = Known {
                address: address.clone(),
                listed,
                id: number.to_string(),
                file: format!("{number}.json"),
                updated: date(day),
                hash: [0; 32],
            };
            (address, known)
        }).collect();
        let listed: Vec<Listed> = lists.iter()
            .map(|(number, updated)| Listed { address: address(*number), updated: updated.clone() })
            .collect();
        let latest = |number: usize| {
            let times = lists.iter().filter(|(of, _)| *of == number).map(|(_, time)| time.clone());
            times.max_by(|one, other| plan::compare(one.as_deref(), other.as_deref())).unwrap()
        };
        match plan(listed, &known) {
            Ok(wanted) => {
                for pair in wanted.windows(2) {
                    prop_assert!(pair[0].address != pair[1].address);
                    let order = plan::compare(pair[0].updated.as_deref(), pair[1].updated.as_deref());
                    prop_assert!(pair[1].updated.is_none() || pair[0].updated.is_some() && order.is_le());
                }
                for number in lists.iter().map(|(number, _)| *number).collect::<std::collections::BTreeSet<_>>() {
                    let count = wanted.iter().filter(|wanted| wanted.address == address(number)).count();
                    let expected = match (known.get(&address(number).to_string()), latest(number)) {
                        (None, _) => true,
                        (Some(_), None) => false,
                        (Some(known), Some(time)) => {
                            let from = known.listed.as_ref().unwrap_or(&known.updated);
                            plan::compare(Some(&time), Some(from)).is_gt()
                        }
                    };
                    prop_assert_eq!(count, usize::from(expected));
                }
            }
            Err(trouble) => {
                let older = lists.iter().any(|(number, _)| {
                    known.get(&address(*number).to_string()).is_some_and(|known| {
                        latest(*number).is_some_and(|time| plan::compare(Some(&time), Some(&known.updated)).is_lt())
                    })
                });
                prop_assert!(older, "{trouble}");
            }
        }
    }

    /// Whatever comes for whatever is asked, a run ends, and keeps nothing that is not proven.
    #[test]
    fn a_run_ends_whatever_comes_and_keeps_only_what_is_proven(
        answers in proptest::collection::vec((0..60_usize, junk()), 0..4),
    ) {
        let mut world = World::of(&[("A-1", 2), ("A-2", 1), ("A-3", 3)]);
        let honest = world.clone();
        let mut disk = Disk::default();
        let mut run = Run::new(order(Vec::new()), Fake, 0);
        let mut ended = false;
        for turn in 0..2000 {
            match run.next(0) {
                Step::Fetch(fetch) => {
                    let junk = answers.iter().find(|(at, _)| *at == turn).map(|(_, junk)| junk.clone());
                    let answer = junk.unwrap_or_else(|| world.answer(&fetch));
                    run.answered(answer);
                }
                Step::KeepMetadata(_) => run.kept(),
                Step::Keep(document) => {
                    disk.documents.insert(document.address.clone(), *document);
                    run.kept();
                }
                Step::Done(_) => {
                    ended = true;
                    break;
                }
            }
        }
        prop_assert!(ended);
        for (url, kept) in &disk.documents {
            prop_assert_eq!(&Answer::Found(kept.content.clone()), &honest.files[url]);
            prop_assert!(document::admit(&kept.content, &Address::parse(url, false).unwrap(), &publisher()).is_ok());
        }
    }
}

/// Answers that nobody wants.
fn junk() -> impl Strategy<Value = Answer> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..64).prop_map(Answer::Found),
        Just(Answer::Missing),
        Just(Answer::Failed("reset".to_owned())),
        Just(Answer::Moved(FEED.to_owned())),
        Just(Answer::Moved("https://evil.example.org/".to_owned())),
        Just(Answer::Found(document("A-1", 9).to_string().into_bytes())),
        Just(Answer::Found(World::new().metadata.to_string().into_bytes())),
        Just(Answer::Found(json!({ "feed": { "entry": [] } }).to_string().into_bytes())),
        Just(Answer::Found(b"a key".to_vec())),
    ]
}
