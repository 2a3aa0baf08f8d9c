//! Incidents, with the core extension of OASIS' common objects.
//!
//! How an incident stands with its clock, and who is at it, are told to the organisation that reports it and to the one that
//! handles it, and to nobody else who reads the report. An export is the same for whoever may read it, so it has neither.

use serde_json::{Map, Value, json};

use super::frame::Frame;

/// The Incident Core extension; `STIX` itself leaves an incident without properties of its own (section 4.8).
const EXTENSION: &str = "extension-definition--ef765651-680c-498d-9894-99799f2fa126";

/// Returns the incident that a report is about. Its determination is the extension's word for what was not yet judged; the
/// status of the investigation is an open vocabulary, and ours is that it is not said here.
pub(super) fn incident(frame: &Frame<'_>, title: &str, description: Option<&str>) -> Map<String, Value> {
    let mut object = frame.object("incident", &[]);
    object.insert("name".to_owned(), title.into());
    if let Some(description) = description {
        object.insert("description".to_owned(), description.into());
    }
    let core = json!({
        "extension_type": "property-extension",
        "determination": "suspected",
        "investigation_status": "undisclosed",
    });
    object.insert("extensions".to_owned(), json!({ EXTENSION: core }));
    object
}
