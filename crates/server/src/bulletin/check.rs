//! What a check of a document found, as the API and `sabha advisory validate` say it. Pure.

use sabha_advisory::csaf::{Report, Weight};
use sabha_protocol::wire::bulletin_check::{CheckFinding, CheckReport, FindingWeight};

/// Returns a report as it travels.
pub(crate) fn report(found: &Report) -> CheckReport {
    let findings = found
        .findings()
        .iter()
        .map(|finding| CheckFinding {
            rule: finding.rule.id.to_owned(),
            title: finding.rule.title.to_owned(),
            weight: match finding.rule.weight() {
                Weight::Error => FindingWeight::Error,
                Weight::Warning => FindingWeight::Warning,
                Weight::Information => FindingWeight::Information,
            },
            pointer: finding.pointer.clone(),
            message: finding.message.clone(),
        })
        .collect();
    CheckReport { valid: found.is_valid(), findings, left_out: found.left_out() as u64 }
}
