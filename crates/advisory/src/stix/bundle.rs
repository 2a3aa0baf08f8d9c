//! A document's objects together, always the same bytes for the same document.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::id::id;

/// Most objects of one document. A report with more is nobody's reading, and an object has some 700 bytes.
pub const OBJECTS_MAX: usize = 10_000;

/// A document's objects: the label's marking first, then the owner's identity, then the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    pub(super) objects: Vec<Value>,
    pub(super) left_out: usize,
}

impl Bundle {
    /// Returns the objects, each id once.
    pub fn objects(&self) -> &[Value] {
        &self.objects
    }

    /// Returns the objects.
    pub fn into_objects(self) -> Vec<Value> {
        self.objects
    }

    /// Returns how many objects there would be beyond [`OBJECTS_MAX`].
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    /// Writes the bundle as JSON: keys sorted, two spaces a level, a line feed at the end. Its id comes from its objects.
    ///
    /// # Panics
    /// Never: nothing in a bundle is a map with keys other than texts.
    pub fn write(&self) -> Vec<u8> {
        let objects = Value::from(self.objects.clone());
        let id = id("bundle", &[&objects.to_string()]);
        let bundle = json!({ "type": "bundle", "id": id, "objects": objects });
        let mut bytes = serde_json::to_vec_pretty(&bundle).expect("every value has a form in JSON");
        bytes.push(b'\n');
        bytes
    }
}

/// Objects while they are put together.
#[derive(Default)]
pub(super) struct Parts {
    objects: Vec<Map<String, Value>>,
    ids: BTreeSet<String>,
    left_out: usize,
}

impl Parts {
    /// Adds an object and returns its id; `None` if there is no room for it. One that is there already stays once.
    pub(super) fn add(&mut self, object: Map<String, Value>) -> Option<String> {
        let id = object.get("id").and_then(Value::as_str)?.to_owned();
        if self.ids.contains(&id) {
            return Some(id);
        }
        // Beside the marking, the identity and the document.
        if self.objects.len() + 3 >= OBJECTS_MAX {
            self.left_out += 1;
            return None;
        }
        self.ids.insert(id.clone());
        self.objects.push(object);
        Some(id)
    }

    /// Returns the ids of what the document is made of: notes and opinions are about it, and not in it.
    pub(super) fn refs(&self) -> Vec<String> {
        let ids = self.objects.iter().filter_map(|object| object.get("id").and_then(Value::as_str));
        ids.filter(|id| !id.starts_with("note--") && !id.starts_with("opinion--"))
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn finish(self, head: [Value; 3]) -> Bundle {
        let objects = head.into_iter().chain(self.objects.into_iter().map(Value::Object)).collect();
        Bundle { objects, left_out: self.left_out }
    }
}
