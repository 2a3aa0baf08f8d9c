//! Relationships between objects.

use serde_json::{Map, Value};

use super::frame::Frame;

/// Returns that `source` is in a relationship to `target`; `about` says more of it in a word.
pub(super) fn relationship(
    frame: &Frame<'_>,
    source: &str,
    kind: &str,
    target: &str,
    about: Option<&str>,
) -> Map<String, Value> {
    let mut object = frame.object("relationship", &[source, kind, target, about.unwrap_or_default()]);
    object.insert("relationship_type".to_owned(), kind.into());
    object.insert("source_ref".to_owned(), source.into());
    object.insert("target_ref".to_owned(), target.into());
    if let Some(about) = about {
        object.insert("description".to_owned(), about.into());
    }
    object
}
