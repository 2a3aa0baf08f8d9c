//! Documents that are made to cost as much as they can: each is answered, in time that grows with its length and no faster.

use std::{fmt::Write as _, fs, time::Duration};

use sabha_advisory::csaf::{self, FINDINGS_OF_RULE_MAX, RULES, Report};
use serde_json::Value;

/// How much of a processor a document near the bounds may take. In time with the square of its length it would be hours; in a
/// debug build it is seconds.
const LONG: Duration = Duration::from_secs(30);

/// Returns how much of a processor this thread has had: a clock on the wall would judge whatever else the machine does.
fn processor() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

fn with(rest: &str) -> String {
    format!(
        r#"{{"document":{{"category":"csaf_vex","csaf_version":"2.0","publisher":{{"category":"other","name":"x",
        "namespace":"https://example.org"}},"title":"x","tracking":{{"current_release_date":"2026-11-27T10:00:00Z","id":"x",
        "initial_release_date":"2026-11-27T10:00:00Z","revision_history":[{{"date":"2026-11-27T10:00:00Z","number":"1",
        "summary":"x"}}],"status":"final","version":"1"}}}},{rest}}}"#
    )
}

fn list(items: usize, item: impl Fn(usize) -> String) -> String {
    let mut list = String::from("[");
    for at in 0..items {
        let comma = if at == 0 { "" } else { "," };
        write!(list, "{comma}{}", item(at)).unwrap();
    }
    list + "]"
}

/// Checks a document within the time, and returns what was found.
fn answer(text: &str) -> Report {
    let start = processor();
    let report = csaf::validate(text.as_bytes()).unwrap();
    let taken = processor() - start;
    assert!(taken < LONG, "{taken:?} for {} bytes", text.len());
    assert!(report.findings().len() <= FINDINGS_OF_RULE_MAX * RULES.len());
    let shown: usize =
        report.findings().iter().map(|finding| finding.pointer.len() + finding.message.len()).sum();
    assert!(shown < 2_000_000, "a report of {shown} bytes");
    report
}

fn has(report: &Report, rule: &str) -> bool {
    report.findings().iter().any(|finding| finding.rule.id == rule)
}

#[test]
fn statements_about_large_groups_are_counted_and_end() {
    let ids = list(50_000, |at| format!("\"{at}\""));
    let vulnerabilities = list(20_000, |_| {
        r#"{"flags":[{"group_ids":["g"],"label":"component_not_present"}],"remediations":[{"group_ids":["g"]}]}"#.to_owned()
    });
    let groups = format!(r#""product_tree":{{"product_groups":[{{"group_id":"g","product_ids":{ids}}}]}}"#);
    let report = answer(&with(&format!(r#"{groups},"vulnerabilities":{vulnerabilities}"#)));
    assert!(has(&report, "CSAF-LIMIT") && !report.is_valid());

    // Many statements of one vulnerability about one group are none too many.
    let flags = list(60_000, |_| r#"{"group_ids":["g"],"label":"component_not_present"}"#.to_owned());
    let report = answer(&with(&format!(r#"{groups},"vulnerabilities":[{{"flags":{flags}}}]"#)));
    assert!(has(&report, "CSAF-6.1.33") && !has(&report, "CSAF-LIMIT"));
}

#[test]
fn relationships_in_a_long_circle_and_a_long_chain_end() {
    let relationships = |items: usize, last: usize| {
        list(items, |at| {
            let next = if at + 1 == items { last } else { at + 1 };
            format!(
                r#"{{"category":"installed_on","full_product_name":{{"name":"x","product_id":"{at}"}},"product_reference":"{next}",
                "relates_to_product_reference":"{next}"}}"#
            )
        })
    };
    let circle =
        answer(&with(&format!(r#""product_tree":{{"relationships":{}}}"#, relationships(60_000, 0))));
    assert!(has(&circle, "CSAF-6.1.3"));
    let chain =
        answer(&with(&format!(r#""product_tree":{{"relationships":{}}}"#, relationships(60_000, 60_000))));
    assert!(!has(&chain, "CSAF-6.1.3") && has(&chain, "CSAF-6.1.1"));
}

#[test]
fn lists_of_the_same_thing_end() {
    let same = list(90_000, |_| r#"{"name":"x","product_id":"p"}"#.to_owned());
    let report = answer(&with(&format!(r#""product_tree":{{"full_product_names":{same}}}"#)));
    assert!(has(&report, "CSAF-6.1.2"));
    assert_eq!(report.findings().len() + report.left_out(), 90_000 * 2 + report_of_frame());

    let scores = list(90_000, |_| r#"{"cvss_v2":{"version":"2.0"},"products":["p"]}"#.to_owned());
    assert!(has(&answer(&with(&format!(r#""vulnerabilities":[{{"scores":{scores}}}]"#))), "CSAF-6.1.7"));

    let parties =
        list(90_000, |_| r#"{"date":"2026-11-27T10:00:00Z","party":"user","status":"open"}"#.to_owned());
    assert!(has(
        &answer(&with(&format!(r#""vulnerabilities":[{{"involvements":{parties}}}]"#))),
        "CSAF-6.1.24"
    ));

    let revisions =
        list(90_000, |_| r#"{"date":"2026-11-27T10:00:00Z","number":"1","summary":"x"}"#.to_owned());
    let text = with("\"vulnerabilities\":[]");
    let at = text.find("\"revision_history\":").unwrap() + "\"revision_history\":".len();
    let end = at + text[at..].find(']').unwrap() + 1;
    assert!(has(&answer(&format!("{}{revisions}{}", &text[..at], &text[end..])), "CSAF-6.1.22"));
}

/// How many findings the frame of [`with`] has: what a VEX document without vulnerabilities lacks, and hints.
fn report_of_frame() -> usize {
    let report = csaf::validate(with(r#""product_tree":{"full_product_names":[]}"#).as_bytes()).unwrap();
    // Of these one is that the list is empty.
    report.findings().len() - 1
}

#[test]
fn objects_of_many_keys_and_branches_of_many_levels_end() {
    let mut keys = String::from("\"x\":{");
    for at in (0..200_000).rev() {
        write!(keys, "\"{at}\":0,").unwrap();
    }
    answer(&with(&(keys + "\"\":0}")));

    let (mut open, mut close) = (String::new(), String::new());
    for _ in 0..44 {
        open.push_str(r#"{"category":"vendor","name":"x","branches":["#);
        close.push_str("]}");
    }
    let leaves = list(90_000, |at| format!(r#"{{"category":"product_version","name":"v{at}"}}"#));
    let leaves = &leaves[1..leaves.len() - 1];
    let report = answer(&with(&format!(r#""product_tree":{{"branches":[{open}{leaves}{close}]}}"#)));
    assert!(has(&report, "CSAF-6.3.11") || report.left_out() > 0);
}

#[test]
fn texts_of_megabytes_end_and_do_not_come_back() {
    let long = |piece: &str| piece.repeat(10_000_000 / piece.len());
    for text in [
        long("x"),
        long("a-bb-"),
        long("1."),
        long("%41"),
        long("?"),
        long("vers:a/<"),
        long("CVSS:3.1/AV:N/"),
        long("-ab"),
    ] {
        for form in [
            r#""vulnerabilities":[{"cve":"@","cwe":{"id":"CWE-@","name":"@"},"scores":[{"cvss_v3":{"version":"3.1","vectorString":"@"}}]}]"#,
            r#""product_tree":{"branches":[{"category":"product_version_range","name":"@","product":{"name":"@","product_id":"@"}}]}"#,
        ] {
            // As often as it fits.
            let fits = 14_000_000 / (text.len() * form.matches('@').count() + 1_000);
            let piece = if fits == 0 { &text[..text.len() / form.matches('@').count()] } else { &text };
            answer(&with(&form.replace('@', piece)));
        }
    }
    let helper = r#""product_tree":{"full_product_names":[{"product_identification_helper":{"@":"*"}}]}"#;
    for (key, text) in [
        ("purl", "pkg:npm/a?".to_owned() + &long("a=b&")),
        ("cpe", "cpe:2.3:a:".to_owned() + &long("\\\\!")),
        ("cpe", "cpe:/".to_owned() + &long(":a")),
    ] {
        answer(&with(&helper.replace('@', key).replace('*', &text)));
    }
    let frame: Value = serde_json::from_str(&with("\"vulnerabilities\":[]")).unwrap();
    for (key, text) in [
        ("lang", "en-".to_owned() + &long("u-ab-")),
        ("lang", long("en-ab")),
        ("category", long("csaf_")),
        ("title", long("é")),
    ] {
        let mut document = frame.clone();
        document["document"][key] = text.into();
        answer(&document.to_string());
    }
    // A key of megabytes above a thousand faults.
    let faults = list(1_000, |_| r#"{"b":1,"a":2}"#.to_owned());
    answer(&with(&format!(r#""{}":{faults}"#, long("k"))));
}
