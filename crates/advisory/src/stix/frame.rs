//! What every object of one document has in common: who made it, when, and how far it may travel.

use serde_json::{Map, Value, json};

use super::{id::id, identity::identity_id, marking::marking_id, timestamp::timestamp};
use crate::{Source, Tlp};

/// The common properties of a document's objects (STIX 2.1, section 3.2).
pub(super) struct Frame<'a> {
    key: &'a str,
    author: String,
    created: String,
    modified: String,
    marking: &'static str,
    withdrawn: bool,
}

impl<'a> Frame<'a> {
    pub(super) fn new(source: &Source<'a>, label: Tlp) -> Self {
        Self {
            key: source.key,
            author: identity_id(source.owner),
            created: timestamp(source.created_ms),
            // Nothing is changed before it is made (section 3.2).
            modified: timestamp(source.modified_ms.max(source.created_ms)),
            marking: marking_id(label),
            withdrawn: source.withdrawn,
        }
    }

    /// Returns when the document was first published.
    pub(super) fn created(&self) -> &str {
        &self.created
    }

    /// Returns the id of an object of this document.
    pub(super) fn id(&self, kind: &str, parts: &[&str]) -> String {
        id(kind, &[&[self.key], parts].concat())
    }

    /// Begins a domain or relationship object. `parts` tell it from others of its kind in the document.
    pub(super) fn object(&self, kind: &str, parts: &[&str]) -> Map<String, Value> {
        let mut object = self.observable(kind);
        for (key, value) in [
            ("id", self.id(kind, parts)),
            ("created", self.created.clone()),
            ("modified", self.modified.clone()),
            ("created_by_ref", self.author.clone()),
        ] {
            object.insert(key.to_owned(), value.into());
        }
        if self.withdrawn {
            object.insert("revoked".to_owned(), true.into());
        }
        object
    }

    /// Begins a cyber-observable object, which is nobody's and of no time.
    pub(super) fn observable(&self, kind: &str) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("type".to_owned(), kind.into());
        object.insert("spec_version".to_owned(), "2.1".into());
        object.insert("object_marking_refs".to_owned(), json!([self.marking]));
        object
    }
}
