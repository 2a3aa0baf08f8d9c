//! The document itself: a report, or for a request, which reports nothing, a grouping.

use sabha_protocol::bulletin::DocumentKind;
use serde_json::{Map, Value, json};

use super::{
    frame::Frame,
    reference::{known_as, link},
};
use crate::csaf::Csaf;

/// Returns the id of the document's object.
pub(super) fn report_id(frame: &Frame<'_>, kind: DocumentKind) -> String {
    frame.id(object_type(kind), &[])
}

/// Returns the document's object. `objects` are those that it is made of.
pub(super) fn report(
    frame: &Frame<'_>,
    kind: DocumentKind,
    csaf: &Csaf,
    description: Option<&str>,
    objects: Vec<String>,
) -> Map<String, Value> {
    let document = &csaf.document;
    let mut object = frame.object(object_type(kind), &[]);
    object.insert("name".to_owned(), document.title.as_str().into());
    if let Some(description) = description {
        object.insert("description".to_owned(), description.into());
    }
    // The bulletin's word for what it is.
    object.insert("labels".to_owned(), json!([kind.word()]));
    if object_type(kind) == "grouping" {
        object.insert("context".to_owned(), "unspecified".into());
    } else {
        object.insert("published".to_owned(), frame.created().into());
        object.insert("report_types".to_owned(), json!([report_type(kind)]));
    }
    if let Some(lang) = &document.lang {
        object.insert("lang".to_owned(), lang.as_str().into());
    }
    let mut references = vec![known_as("csaf", &document.tracking.id)];
    references.extend(document.references.iter().map(link));
    object.insert("external_references".to_owned(), references.into());
    object.insert("object_refs".to_owned(), objects.into());
    object
}

const fn object_type(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::InformationRequest => "grouping",
        _ => "report",
    }
}

/// Returns the word of the open vocabulary `report-type-ov` (section 10.19).
const fn report_type(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::IndicatorSet => "indicator",
        DocumentKind::VulnerabilityNote => "vulnerability",
        _ => "threat-report",
    }
}
