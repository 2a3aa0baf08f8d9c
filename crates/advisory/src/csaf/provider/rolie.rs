//! The ROLIE distribution (RFC 8322, requirements 15 to 17).

use serde_json::{Value, json};

use super::{Published, WELL_KNOWN, folder, folder_name, of_label, pretty};
use crate::Tlp;

/// Where the schema of a document is.
const SCHEMA: &str = "https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json";

/// Returns the category by which a reader knows that a feed has documents of CSAF.
fn information_type() -> Value {
    json!({ "scheme": "urn:ietf:params:rolie:category:information-type", "term": "csaf" })
}

/// Returns the feed of a label: its documents, those that changed last first. `updated` is the time of the last change (RFC 3339).
pub fn feed(origin: &str, documents: &[Published], label: Tlp, updated: &str) -> Vec<u8> {
    let folder = folder(label);
    let entries: Vec<Value> = of_label(documents, label)
        .into_iter()
        .map(|document| entry(&format!("{origin}{folder}"), document))
        .collect();
    pretty(&json!({
        "feed": {
            "category": [information_type()],
            "entry": entries,
            "id": format!("csaf-feed-tlp-{}", folder_name(label)),
            "link": [
                { "href": format!("{origin}{folder}/feed.json"), "rel": "self" },
                { "href": format!("{origin}{WELL_KNOWN}/service.json"), "rel": "service" },
            ],
            "title": format!("Documents with the label {label}"),
            "updated": updated,
        },
    }))
}

fn entry(folder: &str, document: &Published) -> Value {
    let url = format!("{folder}/{}", document.file);
    let mut entry = json!({
        "content": { "src": url, "type": "application/json" },
        "format": { "schema": SCHEMA, "version": "2.0" },
        "id": document.id,
        "link": [
            { "href": url, "rel": "self" },
            { "href": format!("{url}.sha256"), "rel": "hash" },
            { "href": format!("{url}.sha512"), "rel": "hash" },
            { "href": format!("{url}.asc"), "rel": "signature" },
        ],
        "published": document.published,
        "title": document.title,
        "updated": document.updated,
    });
    if let Some(summary) = &document.summary {
        entry["summary"] = json!({ "content": summary });
    }
    entry
}

/// Returns the service document: which feeds there are.
pub fn service(origin: &str, labels: &[Tlp]) -> Vec<u8> {
    let collections: Vec<Value> = labels
        .iter()
        .map(|&label| {
            json!({
                "categories": { "category": [information_type()] },
                "href": format!("{origin}{}/feed.json", folder(label)),
                "title": format!("Documents with the label {label}"),
            })
        })
        .collect();
    pretty(&json!({ "service": { "workspace": [{ "collection": collections, "title": "CSAF feeds" }] } }))
}

/// Returns the category document: by which words the feeds' documents can be told apart.
pub fn category(terms: &[&str]) -> Vec<u8> {
    let terms: Vec<Value> = terms.iter().map(|term| json!({ "term": term })).collect();
    pretty(&json!({ "categories": { "category": terms } }))
}
