//! A bulletin with many documents: every one comes in by the routes that people use, and searches, counts and feeds are timed.
//!
//! `DOCUMENTS=10000 cargo test --release -p sabha-server --test it corpus:: -- --nocapture` takes the figures of
//! `docs/benchmarks.md`. Without it the corpus is small, and what is found is held against what was written.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use sabha_advisory::{Tlp, csaf::model::Distribution};
use sabha_protocol::{
    bulletin::{BulletinRole as R, Severity},
    wire::{
        bulletin_documents::{BulletinDocument, Documents},
        bulletin_exchange::ImportedDraft,
        bulletin_facets::Facets,
        bulletin_feeds::FeedToken,
    },
};
use serde_json::{Value, json};

use super::{Exchange, STEPS, Staff};
use crate::server::request;

/// Documents where nobody says how many.
const DOCUMENTS: usize = 60;
const SEARCHES: usize = 200;

const VENDORS: [&str; 12] = [
    "Aranya", "Bindu", "Chakra", "Deepak", "Ekam", "Falcon", "Ganga", "Himal", "Indus", "Jyoti", "Kaveri",
    "Lotus",
];
const PRODUCTS: [&str; 10] = [
    "Gateway",
    "Meeting Server",
    "Mail Relay",
    "Router OS",
    "Hypervisor",
    "Browser",
    "Directory",
    "Archive",
    "Camera",
    "Phone",
];
const FLAWS: [&str; 10] = [
    "Remote code execution",
    "Privilege escalation",
    "Denial of service",
    "Cross-site scripting",
    "SQL injection",
    "Authentication bypass",
    "Information disclosure",
    "Path traversal",
    "Buffer overflow",
    "Session fixation",
];
/// Words of advisories, the commonest first: the one at place n is taken some n times less often than the first.
const WORDS: [&str; 60] = [
    "system",
    "update",
    "attacker",
    "version",
    "affected",
    "vulnerability",
    "remote",
    "network",
    "access",
    "server",
    "user",
    "code",
    "execute",
    "service",
    "security",
    "patch",
    "configuration",
    "password",
    "request",
    "memory",
    "certificate",
    "crafted",
    "privilege",
    "authentication",
    "exploit",
    "firmware",
    "administrator",
    "session",
    "mitigation",
    "interface",
    "encryption",
    "token",
    "overflow",
    "injection",
    "gateway",
    "validation",
    "credential",
    "payload",
    "malware",
    "phishing",
    "firewall",
    "kernel",
    "browser",
    "plugin",
    "database",
    "script",
    "directory",
    "router",
    "backup",
    "ransomware",
    "botnet",
    "proxy",
    "container",
    "hypervisor",
    "bootloader",
    "sandbox",
    "telemetry",
    "supplychain",
    "watering",
    "zeroday",
];
const SCORES: [(&str, f64, &str); 4] = [
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "CRITICAL"),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 8.8, "HIGH"),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:L/I:L/A:N", 5.4, "MEDIUM"),
    ("CVSS:3.1/AV:L/AC:H/PR:H/UI:N/S:U/C:L/I:N/A:N", 1.9, "LOW"),
];

/// Numbers that are the same in each run (Knuth's generator of 64 bits).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn word(&mut self) -> &'static str {
        // Falls off as language does: most of what is written is made of few words.
        let reach = 1 + self.below(WORDS.len());
        WORDS[self.below(reach)]
    }

    fn prose(&mut self, words: usize) -> String {
        let mut text = String::new();
        for at in 0..words {
            text.push_str(self.word());
            text.push_str(if at % 14 == 13 { ".\n" } else { " " });
        }
        text
    }
}

/// Returns the `number`th document: 3 to 20 kB, with a product tree, scores, remedies and references.
fn document(number: usize, dice: &mut Dice) -> (Value, Tlp, Severity) {
    // Four of ten are for everybody, three for members, three for fewer.
    let tlp = dice.of(&[
        Tlp::Clear,
        Tlp::Clear,
        Tlp::Clear,
        Tlp::Clear,
        Tlp::Green,
        Tlp::Green,
        Tlp::Green,
        Tlp::Amber,
        Tlp::Amber,
        Tlp::AmberStrict,
    ]);
    let (vendor, product) = (dice.of(&VENDORS), dice.of(&PRODUCTS));
    let score = dice.below(SCORES.len());
    let severity = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low][score];
    let (vector, base, word) = SCORES[score];
    let versions: Vec<String> =
        (0..1 + dice.below(8)).map(|minor| format!("{}.{minor}", 1 + dice.below(9))).collect();
    let leaves: Vec<Value> = versions
        .iter()
        .enumerate()
        .map(|(at, version)| {
            json!({
        "category": "product_version", "name": version,
        "product": { "name": format!("{vendor} {product} {version}"), "product_id": format!("P-{at}") } })
        })
        .collect();
    let ids: Vec<String> = (0..versions.len()).map(|at| format!("P-{at}")).collect();
    let vulnerabilities: Vec<Value> = (0..1 + dice.below(3)).map(|at| json!({
        "cve": format!("CVE-{}-{}", 2015 + number % 12, 10_000 + number * 4 + at),
        "notes": [{ "category": "description", "text": dice.prose(40), "title": "Details" }],
        "product_status": { "known_affected": ids },
        "remediations": [{ "category": "vendor_fix", "details": dice.prose(20), "product_ids": ids }],
        "scores": [{ "cvss_v3": { "version": "3.1", "vectorString": vector, "baseScore": base, "baseSeverity": word }, "products": ids }],
    })).collect();
    let length = 100 + dice.below(1200);
    let title = format!("{} in {vendor} {product} {}", dice.of(&FLAWS), versions[0]);
    let content = json!({
        "document": {
            "category": "csaf_base", "csaf_version": "2.0", "lang": "en",
            "distribution": Distribution::labelled(tlp, None),
            "notes": [
                { "category": "summary", "text": dice.prose(30), "title": "Overview" },
                { "category": "description", "text": dice.prose(length), "title": "Description" },
                { "category": "other", "text": format!("- {}", dice.prose(60)), "title": "Solution" },
            ],
            "publisher": { "category": "coordinator", "name": "CERT", "namespace": "https://cert.example.org" },
            "references": [{ "category": "external", "summary": "The vendor's note", "url": format!("https://vendor.example/{number}") }],
            "title": title,
            "tracking": {
                "current_release_date": "2026-11-01T10:00:00Z", "id": format!("CORPUS-{number:05}"),
                "initial_release_date": "2026-11-01T10:00:00Z", "status": "final", "version": "1",
                "revision_history": [{ "date": "2026-11-01T10:00:00Z", "number": "1", "summary": "First" }],
            },
        },
        "product_tree": { "branches": [{ "category": "vendor", "name": vendor, "branches": [{ "category": "product_name", "name": product, "branches": leaves }] }] },
        "vulnerabilities": vulnerabilities,
    });
    (content, tlp, severity)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_documents_come_in_are_found_counted_and_fed() {
    let count = std::env::var("DOCUMENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(DOCUMENTS);
    let exchange = Exchange::open().await;
    let (cert, bank) = (exchange.staff("CERT").await, exchange.staff("Bank").await);
    let mut dice = Dice(1);
    let mut written: Vec<(Tlp, Severity)> = Vec::new();
    let mut bytes = 0;
    let begun = Instant::now();
    for number in 0..count {
        let (content, tlp, severity) = document(number, &mut dice);
        let content = content.to_string();
        bytes += content.len();
        publish(&exchange, &cert, &bank, content, tlp).await;
        written.push((tlp, severity));
    }
    let elapsed = begun.elapsed();
    println!(
        "{count} documents, {} kB each on average: {:.1} a second",
        bytes / count / 1000,
        rate(count, elapsed)
    );

    // Nobody reads more than is theirs, however much there is.
    let reader = bank.by(R::Member);
    let of_reader = written.iter().filter(|(tlp, _)| *tlp != Tlp::AmberStrict);
    let mut severities = BTreeMap::new();
    of_reader.for_each(|(_, severity)| *severities.entry(*severity).or_insert(0_u64) += 1);
    let facets: Facets = exchange.get("facets", reader).await.json();
    assert_eq!(
        facets.severities.iter().map(|one| (one.severity, one.count)).collect::<BTreeMap<_, _>>(),
        severities
    );
    let known: u64 = severities.values().sum();
    assert_eq!(exchange.list(reader).await.count, known);

    for path in ["documents", "facets"] {
        let mut times = Vec::new();
        let mut dice = Dice(2);
        for at in 0..SEARCHES {
            let query = search(at, count, &mut dice);
            let begun = Instant::now();
            let answer = exchange.get(&format!("{path}?{query}"), reader).await;
            times.push(begun.elapsed());
            assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        }
        times.sort();
        let at = |percent: usize| times[times.len() * percent / 100 - 1];
        println!(
            "{SEARCHES} searches of {path}: p50 {:?}, p95 {:?}, the longest {:?}",
            at(50),
            at(95),
            at(100)
        );
    }
    let one: Documents = exchange.get("documents?words=CORPUS-00007", cert.by(R::Author)).await.json();
    assert_eq!(one.count, 1);

    let made: FeedToken = exchange.ask("POST", "feed-token", reader, Value::Null).await.json();
    let before = resident_kb();
    let begun = Instant::now();
    let (mut next, mut entries, mut pages, mut peak) = (Some(path_of(&made.atom)), 0, 0, before);
    while let Some(path) = next {
        let page = request(exchange.office.server.address(), "GET", &path, &[], "").await;
        assert_eq!(page.status, 200, "{}", page.body);
        entries += page.body.matches("<entry>").count();
        pages += 1;
        peak = peak.max(resident_kb());
        next = page
            .body
            .split("rel=\"next\" href=\"")
            .nth(1)
            .map(|rest| path_of(rest.split('"').next().unwrap()));
    }
    assert_eq!(entries as u64, known, "each once");
    println!(
        "a feed of {entries} entries in {pages} pages: {:.1} pages a second, resident memory {} kB before, {} kB more at most",
        rate(pages, begun.elapsed()),
        before,
        peak - before
    );
}

/// Has a document come in, reviewed and published, by the routes that people use.
async fn publish(exchange: &Exchange, cert: &Staff, bank: &Staff, content: String, tlp: Tlp) {
    let author = cert.by(R::Author);
    let imported = exchange.office.ask("POST", "/api/v1/bulletin/import", author, &content).await;
    let ImportedDraft { kind, content, .. } = imported.json();
    let organisations = if tlp == Tlp::Amber { vec![bank.id] } else { Vec::new() };
    let create = json!({ "kind": kind, "marking": { "tlp": tlp.name(), "organisations": organisations }, "content": content });
    let made: BulletinDocument = exchange.ask("POST", "documents", author, create).await.json();
    let seen = &made.revisions[0].hash;
    for (step, role) in STEPS {
        let taken = exchange
            .ask(
                "POST",
                &format!("documents/{}/steps", made.id),
                cert.by(role),
                json!({ "step": step, "seen": seen }),
            )
            .await;
        assert_eq!(taken.status, 200, "{step}: {}", taken.body);
    }
}

/// Returns what somebody searches for: a word, two, a product, a number, or a page of what is filtered.
fn search(at: usize, count: usize, dice: &mut Dice) -> String {
    let number = dice.below(count);
    match at % 8 {
        0 => format!("words={}", WORDS[dice.below(10)]),
        1 => format!("words={}", dice.of(&WORDS)),
        2 => format!("words={}%20{}", dice.word(), dice.of(&VENDORS)),
        3 => format!("words={}&kind=vulnerability_note", dice.of(&PRODUCTS).replace(' ', "%20")),
        4 => format!("words=CVE-{}-{}", 2015 + number % 12, 10_000 + number * 4),
        5 => format!("words=CORPUS-{number:05}"),
        6 => format!("severity={}&tlp=GREEN", dice.of(&["low", "medium", "high", "critical"])),
        _ => String::new(),
    }
}

fn path_of(url: &str) -> String {
    format!("/api/{}", url.split_once("/api/").expect("an address of the API").1)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(count: usize, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

/// Returns the resident memory of this process, in which the server is, in kB.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
