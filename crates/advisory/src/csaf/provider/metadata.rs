//! `provider-metadata.json` (requirement 7), and how `security.txt` leads to it (requirement 8).

use serde_json::{Value, json};

use super::{WELL_KNOWN, folder, pretty, schema_label};
use crate::{Tlp, csaf::model::Publisher};

/// A public OpenPGP key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// In hexadecimal digits, 40 or more.
    pub fingerprint: String,
    /// Where it is.
    pub url: String,
}

/// Returns `provider-metadata.json` of the trusted provider at `origin` (`https://cert.example.org`). `labels` are those that
/// have a folder; `updated` is the time of the last change (RFC 3339).
pub fn metadata(origin: &str, publisher: &Publisher, keys: &[Key], labels: &[Tlp], updated: &str) -> Vec<u8> {
    let feeds: Vec<Value> = labels
        .iter()
        .map(|&label| {
            json!({
                "summary": format!("Documents with the label {label}."),
                "tlp_label": schema_label(label),
                "url": format!("{origin}{}/feed.json", folder(label)),
            })
        })
        .collect();
    let rolie = json!({
        "categories": [format!("{origin}{WELL_KNOWN}/category.json")],
        "feeds": feeds,
        "services": [format!("{origin}{WELL_KNOWN}/service.json")],
    });
    let directories =
        labels.iter().map(|&label| json!({ "directory_url": format!("{origin}{}/", folder(label)) }));
    let distributions: Vec<Value> = directories.chain([json!({ "rolie": rolie })]).collect();
    let keys: Vec<Value> =
        keys.iter().map(|key| json!({ "fingerprint": key.fingerprint, "url": key.url })).collect();
    let is_public = labels.contains(&Tlp::Clear);
    let mut metadata = json!({
        "canonical_url": format!("{origin}{WELL_KNOWN}/provider-metadata.json"),
        "last_updated": updated,
        "list_on_CSAF_aggregators": is_public,
        "metadata_version": "2.0",
        "mirror_on_CSAF_aggregators": is_public,
        "public_openpgp_keys": keys,
        "publisher": publisher,
        "role": "csaf_trusted_provider",
    });
    // The schema wants a feed at least, and knows no empty list of distributions.
    if !labels.is_empty() {
        metadata["distributions"] = distributions.into();
    }
    pretty(&metadata)
}

/// Returns the line of `security.txt` (RFC 9116) that leads to the metadata.
pub fn security_txt_line(origin: &str) -> String {
    format!("CSAF: {origin}{WELL_KNOWN}/provider-metadata.json\n")
}
