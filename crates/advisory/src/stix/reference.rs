//! External references: where else something is known, and under which id (section 2.5 of STIX 2.1).

use serde_json::{Value, json};

use crate::csaf::{model::Reference, uri::is_uri};

/// Returns a link. A text that is no URI is said in words, so that nobody opens it.
pub(super) fn link(reference: &Reference) -> Value {
    let Reference { summary, url, .. } = reference;
    let name = if summary.trim().is_empty() { "reference" } else { summary };
    if is_uri(url) {
        json!({ "source_name": name, "url": url })
    } else {
        json!({ "source_name": name, "description": if url.trim().is_empty() { "no link" } else { url } })
    }
}

/// Returns an id in some system.
pub(super) fn known_as(system: &str, id: &str) -> Value {
    json!({ "source_name": if system.trim().is_empty() { "id" } else { system }, "external_id": id })
}
