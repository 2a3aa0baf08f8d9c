//! `aggregator.json` (requirement 21), and the `provider-metadata.json` of each mirror (requirement 23).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{ProviderMetadata, Role};
use crate::csaf::{
    instant::Instant,
    provider::{Key, pretty},
};

/// Who lists or aggregates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub name: String,
    /// A URI that stands for it.
    pub namespace: String,
    /// How it is reached.
    pub contact_details: Option<String>,
    /// What it has to say on this.
    pub issuing_authority: Option<String>,
}

/// A provider that is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it says of itself.
    pub metadata: ProviderMetadata,
    /// Where its copy's `provider-metadata.json` is, if documents of it are mirrored.
    pub mirror: Option<String>,
}

/// Returns `aggregator.json`, which is at `url`, and `None` while the standard allows none.
///
/// It is an *aggregator*'s as soon as documents of two publishers are mirrored (section 7.2.5). Before that it is a *lister*'s, which names no
/// mirror of its own (section 7.2.4). Either lists two publishers at least (requirement 22).
pub fn aggregator(url: &str, about: &About, entries: &[Entry]) -> Option<Vec<u8>> {
    let publishers = |entries: &mut dyn Iterator<Item = &Entry>| {
        entries.map(|entry| entry.metadata.publisher.namespace.clone()).collect::<BTreeSet<_>>().len()
    };
    if publishers(&mut entries.iter()) < 2 {
        return None;
    }
    let mirrors = publishers(&mut entries.iter().filter(|entry| entry.mirror.is_some())) >= 2;
    let providers: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let metadata = &entry.metadata;
            let mut listed = json!({ "metadata": {
                "last_updated": metadata.last_updated,
                "publisher": metadata.publisher,
                "role": metadata.role.word(),
                "url": metadata.canonical_url,
            }});
            if let Some(mirror) = entry.mirror.as_ref().filter(|_| mirrors) {
                listed["mirrors"] = json!([mirror]);
            }
            listed
        })
        .collect();
    let updated = entries.iter().map(|entry| &entry.metadata.last_updated);
    let updated = updated.max_by_key(|time| Instant::parse(time))?;
    let mut who = json!({
        "category": if mirrors { "aggregator" } else { "lister" },
        "name": about.name,
        "namespace": about.namespace,
    });
    let more = [("contact_details", &about.contact_details), ("issuing_authority", &about.issuing_authority)];
    for (key, text) in more {
        if let Some(text) = text {
            who[key] = json!(text);
        }
    }
    Some(pretty(&json!({
        "aggregator": who,
        "aggregator_version": "2.0",
        "canonical_url": url,
        "csaf_providers": providers,
        "last_updated": updated,
    })))
}

/// Returns the `provider-metadata.json` of the mirror in the folder at `base`: of the same publisher, with lists of the copies. `own` is the
/// key of the aggregator, whose signatures stand beside those of the provider's keys; `updated` is when something was mirrored last.
pub fn mirror_metadata(base: &str, metadata: &ProviderMetadata, own: &Key, updated: &str) -> Vec<u8> {
    let keys = metadata.keys.iter().chain([own]);
    let keys: Vec<Value> =
        keys.map(|key| json!({ "fingerprint": key.fingerprint, "url": key.url })).collect();
    let feed = json!({
        "summary": "Copies of documents with the label TLP:CLEAR.",
        "tlp_label": "WHITE",
        "url": format!("{base}/clear/feed.json"),
    });
    pretty(&json!({
        "canonical_url": format!("{base}/provider-metadata.json"),
        "distributions": [
            { "directory_url": format!("{base}/clear/") },
            { "rolie": { "feeds": [feed] } },
        ],
        "last_updated": updated,
        "list_on_CSAF_aggregators": metadata.may_be_listed,
        "mirror_on_CSAF_aggregators": metadata.may_be_mirrored,
        "metadata_version": "2.0",
        "public_openpgp_keys": keys,
        "publisher": metadata.publisher,
        "role": Role::TrustedProvider.word(),
    }))
}
