//! What a vulnerability is called, and who is involved in it.

use std::collections::BTreeSet;

use super::{
    CVE_IN_IDS, CWE, MISSING_CVE, MISSING_CWE, REPEATED_CVE, REPEATED_INVOLVEMENT, UNDATED_INVOLVEMENT, walk,
};
use crate::csaf::{
    instant::Instant,
    json::Json,
    path::Path,
    report::{Report, shown},
    schema::forms,
    weaknesses,
};

pub(super) fn check(document: &Json, report: &mut Report) {
    let mut cves = BTreeSet::new();
    walk::each_vulnerability(document, |vulnerability, path| {
        match vulnerability.text("cve") {
            // CSAF-6.1.23
            Some(cve) if !cves.insert(cve) => report.add(&REPEATED_CVE, &path.key("cve"), || {
                format!("{} has an item before: put both into one.", shown(cve))
            }),
            Some(_) => {}
            // CSAF-6.3.3
            None => report.add(&MISSING_CVE, path, || "The vulnerability has no CVE number.".to_owned()),
        }
        weakness(vulnerability, path, report);
        // CSAF-6.2.17
        walk::each(vulnerability, "ids", path, |id, path| {
            if let Some(text) = id.text("text").filter(|text| forms::is_cve(text)) {
                report.add(&CVE_IN_IDS, &path.key("text"), || {
                    format!("{} belongs into cve, not ids.", shown(text))
                });
            }
        });
        involvements(vulnerability, path, report);
    });
}

/// CSAF-6.1.11, CSAF-6.3.4
fn weakness(vulnerability: &Json, path: &Path<'_>, report: &mut Report) {
    let Some(cwe) = vulnerability.get("cwe") else {
        return report.add(&MISSING_CWE, path, || "The vulnerability has no CWE number.".to_owned());
    };
    let (Some(id), Some(name)) = (cwe.text("id"), cwe.text("name")) else { return };
    let path = path.key("cwe");
    let number = id.strip_prefix("CWE-").and_then(|number| number.parse().ok());
    let names = number.map(weaknesses::names).unwrap_or_default();
    match names.first() {
        None => report.add(&CWE, &path.key("id"), || format!("There is no weakness {}.", shown(id))),
        Some(current) if !names.contains(&name) => report.add(&CWE, &path.key("name"), || {
            format!("{} is called {current:?}, not {:?}.", shown(id), shown(name))
        }),
        Some(_) => {}
    }
}

/// CSAF-6.1.24, CSAF-6.2.7
fn involvements(vulnerability: &Json, path: &Path<'_>, report: &mut Report) {
    let mut seen = BTreeSet::new();
    walk::each(vulnerability, "involvements", path, |involvement, path| {
        let date = involvement.text("date");
        if date.is_none() {
            report.add(&UNDATED_INVOLVEMENT, path, || "Say when: add date.".to_owned());
        }
        let (Some(party), Some(date)) = (involvement.text("party"), date.and_then(Instant::parse)) else {
            return;
        };
        if !seen.insert((party, date)) {
            report.add(&REPEATED_INVOLVEMENT, path, || {
                format!("The {} is involved at the same time before: put both into one.", shown(party))
            });
        }
    });
}
