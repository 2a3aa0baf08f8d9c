//! What can be done about a vulnerability.

use serde_json::{Map, Value, json};

use super::{frame::Frame, reference::link};
use crate::csaf::model::{Reference, ReferenceCategory, Remediation, RemediationCategory};

/// Returns a remedy, the `at`th of the vulnerability `of`. Its label is CSAF's word for what kind it is.
pub(super) fn course_of_action(
    frame: &Frame<'_>,
    remedy: &Remediation,
    of: &str,
    at: usize,
) -> Map<String, Value> {
    let (word, name, _) = words(remedy.category);
    let mut object = frame.object("course-of-action", &[of, &at.to_string()]);
    object.insert("name".to_owned(), name.into());
    if !remedy.details.trim().is_empty() {
        object.insert("description".to_owned(), remedy.details.as_str().into());
    }
    object.insert("labels".to_owned(), json!([word]));
    if let Some(url) = &remedy.url {
        let category = Some(ReferenceCategory::External);
        let reference = Reference { category, summary: name.to_owned(), url: url.clone() };
        object.insert("external_references".to_owned(), json!([link(&reference)]));
    }
    object
}

/// Returns what a remedy does to a vulnerability: `remediates` it, or `mitigates` it.
pub(super) const fn does(category: RemediationCategory) -> &'static str {
    words(category).2
}

/// Returns what a kind of remedy is called.
pub(crate) const fn name(category: RemediationCategory) -> &'static str {
    words(category).1
}

/// Returns CSAF's word for a kind of remedy, its name, and what it does.
const fn words(category: RemediationCategory) -> (&'static str, &'static str, &'static str) {
    match category {
        RemediationCategory::Mitigation => ("mitigation", "Mitigation", "mitigates"),
        RemediationCategory::NoFixPlanned => ("no_fix_planned", "No fix planned", "mitigates"),
        RemediationCategory::NoneAvailable => ("none_available", "No fix available", "mitigates"),
        RemediationCategory::VendorFix => ("vendor_fix", "Fix by the vendor", "remediates"),
        RemediationCategory::Workaround => ("workaround", "Workaround", "mitigates"),
    }
}

/// Returns the kind of remedy that a label names.
pub(super) fn category(label: &str) -> Option<RemediationCategory> {
    [
        RemediationCategory::Mitigation,
        RemediationCategory::NoFixPlanned,
        RemediationCategory::NoneAvailable,
        RemediationCategory::VendorFix,
        RemediationCategory::Workaround,
    ]
    .into_iter()
    .find(|category| words(*category).0 == label)
}
