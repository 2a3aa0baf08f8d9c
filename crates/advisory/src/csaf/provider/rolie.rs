//! The ROLIE distribution (RFC 8322, requirements 15 to 17).

use serde_json::{Value, json};

use super::{Published, WELL_KNOWN, folder, folder_name, of_label, pretty};
use crate::Tlp;

/// What is added to the name of a copied document for the aggregator's own signature of it: its provider's has `.asc`.
pub const OWN_SIGNATURE: &str = ".aggregator.asc";

/// Where the schema of a document is.
const SCHEMA: &str = "https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json";

/// Returns the category by which a reader knows that a feed has documents of CSAF.
fn information_type() -> Value {
    json!({ "scheme": "urn:ietf:params:rolie:category:information-type", "term": "csaf" })
}

/// Returns the feed of a label: its documents, those that changed last first. `updated` is the time of the last change (RFC 3339).
pub fn feed(origin: &str, documents: &[Published], label: Tlp, updated: &str) -> Vec<u8> {
    let folder = format!("{origin}{}", folder(label));
    let service = json!({ "href": format!("{origin}{WELL_KNOWN}/service.json"), "rel": "service" });
    let id = format!("csaf-feed-tlp-{}", folder_name(label));
    written(&folder, &of_label(documents, label), &[service], &[], (&id, label, updated))
}

/// Returns the feed of copies in the folder at `folder`, of documents that everybody may read. Beside the provider's signature of each is the
/// aggregator's own. `name` tells it from other feeds of the aggregator.
pub fn mirror_feed(folder: &str, documents: &[Published], name: &str, updated: &str) -> Vec<u8> {
    let id = format!("csaf-feed-mirror-{name}-tlp-clear");
    let documents = of_label(documents, Tlp::Clear);
    written(folder, &documents, &[], &[OWN_SIGNATURE], (&id, Tlp::Clear, updated))
}

fn written(
    folder: &str,
    documents: &[&Published],
    links: &[Value],
    signatures: &[&str],
    (id, label, updated): (&str, Tlp, &str),
) -> Vec<u8> {
    let entries: Vec<Value> = documents.iter().map(|document| entry(folder, document, signatures)).collect();
    let own = json!({ "href": format!("{folder}/feed.json"), "rel": "self" });
    let links: Vec<&Value> = [&own].into_iter().chain(links).collect();
    pretty(&json!({
        "feed": {
            "category": [information_type()],
            "entry": entries,
            "id": id,
            "link": links,
            "title": format!("Documents with the label {label}"),
            "updated": updated,
        },
    }))
}

fn entry(folder: &str, document: &Published, signatures: &[&str]) -> Value {
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
    for ending in signatures {
        let link = json!({ "href": format!("{url}{ending}"), "rel": "signature" });
        entry["link"].as_array_mut().expect("it is a list above").push(link);
    }
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
