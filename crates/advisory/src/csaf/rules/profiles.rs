//! Profiles: what a document of a category has to have (section 4 of the standard).

use super::{
    DOCUMENT_NOTES, DOCUMENT_REFERENCES, NO_VULNERABILITIES, PRODUCT_STATUS, PRODUCT_TREE,
    PROHIBITED_CATEGORY, SOME_VULNERABILITIES, VEX_PRODUCT_STATUS, VULNERABILITY_ID, VULNERABILITY_NOTES,
    walk,
};
use crate::csaf::{
    json::Json,
    path::Path,
    report::{Report, shown},
};

/// The categories of the profiles. Any other category is one of the profile "CSAF Base".
const PROFILES: [&str; 5] = [
    "csaf_base",
    "csaf_informational_advisory",
    "csaf_security_advisory",
    "csaf_security_incident_response",
    "csaf_vex",
];

pub(super) fn check(document: &Json, report: &mut Report) {
    let Some(meta) = document.get("document") else { return };
    let Some(category) = meta.text("category") else { return };
    match category {
        "csaf_informational_advisory" => {
            told(meta, report);
            no_vulnerabilities(document, report);
        }
        "csaf_security_incident_response" => told(meta, report),
        "csaf_security_advisory" | "csaf_vex" => vulnerabilities(document, category == "csaf_vex", report),
        _ => {}
    }
    prohibited(category, report);
}

/// CSAF-6.1.26
fn prohibited(category: &str, report: &mut Report) {
    if PROFILES.contains(&category) {
        return;
    }
    let path = Path::ROOT.key("document");
    let path = path.key("category");
    let bare = |name: &str| -> String {
        name.chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '_'))
            .flat_map(char::to_lowercase)
            .collect()
    };
    let own = bare(category);
    if category.to_lowercase().starts_with("csaf_") {
        report.add(&PROHIBITED_CATEGORY, &path, || {
            format!(
                "{:?} is no profile, and csaf_ is kept for those: {}.",
                shown(category),
                PROFILES.join(", ")
            )
        });
    } else if let Some(profile) = PROFILES[1..].iter().find(|profile| {
        let profile = bare(profile);
        own == profile || Some(&*own) == profile.strip_prefix("csaf")
    }) {
        report.add(&PROHIBITED_CATEGORY, &path, || {
            format!("{:?} is too much like a profile: write {profile}, or something else.", shown(category))
        });
    }
}

/// CSAF-6.1.27.1, CSAF-6.1.27.2
fn told(meta: &Json, report: &mut Report) {
    let path = Path::ROOT.key("document");
    let tells = |note: &Json| {
        matches!(note.text("category"), Some("description" | "details" | "general" | "summary"))
    };
    if !meta.list("notes").iter().any(tells) {
        report.add(&DOCUMENT_NOTES, &path.key("notes"), || {
            "Say what happened: add a note of category description, details, general or summary.".to_owned()
        });
    }
    // A reference without a category is external: that is the schema's default.
    let is_external =
        |reference: &Json| reference.text("category").is_none_or(|category| category == "external");
    if !meta.list("references").iter().any(is_external) {
        report.add(&DOCUMENT_REFERENCES, &path.key("references"), || {
            "Add a reference of category external, to where more can be read.".to_owned()
        });
    }
}

/// CSAF-6.1.27.3
fn no_vulnerabilities(document: &Json, report: &mut Report) {
    if document.get("vulnerabilities").is_some() {
        report.add(&NO_VULNERABILITIES, &Path::ROOT.key("vulnerabilities"), || {
            "An informational advisory has no vulnerabilities: remove them, or make it a csaf_security_advisory.".to_owned()
        });
    }
}

/// CSAF-6.1.27.4, CSAF-6.1.27.5, CSAF-6.1.27.6, CSAF-6.1.27.7, CSAF-6.1.27.8, CSAF-6.1.27.11
fn vulnerabilities(document: &Json, is_vex: bool, report: &mut Report) {
    if document.get("product_tree").is_none() {
        report.add(&PRODUCT_TREE, &Path::ROOT, || {
            "Say which products this is about: add product_tree.".to_owned()
        });
    }
    if document.get("vulnerabilities").is_none() {
        report.add(&SOME_VULNERABILITIES, &Path::ROOT, || {
            "Say what is vulnerable: add vulnerabilities, or make it a csaf_informational_advisory."
                .to_owned()
        });
    }
    walk::each_vulnerability(document, |vulnerability, path| {
        if vulnerability.get("notes").is_none() {
            report.add(&VULNERABILITY_NOTES, path, || "Describe the vulnerability: add notes.".to_owned());
        }
        let status = vulnerability.get("product_status");
        if !is_vex && status.is_none() {
            report.add(&PRODUCT_STATUS, path, || {
                "Say which products are affected or fixed: add product_status.".to_owned()
            });
        }
        let of_vex = ["fixed", "known_affected", "known_not_affected", "under_investigation"];
        if is_vex && !of_vex.iter().any(|list| status.is_some_and(|status| status.get(list).is_some())) {
            report.add(&VEX_PRODUCT_STATUS, &path.key("product_status"), || {
                format!("A VEX document says one of {} of its products: add it.", of_vex.join(", "))
            });
        }
        if is_vex && vulnerability.get("cve").is_none() && vulnerability.get("ids").is_none() {
            report.add(&VULNERABILITY_ID, path, || {
                "Say which vulnerability this is: add cve or ids.".to_owned()
            });
        }
    });
}
