//! That an indicator or malware was sighted. By whom stays open: who made the document need not have seen it (STIX 2.1, section 5.2).

use serde_json::{Map, Value};

use super::{frame::Frame, timestamp::timestamp};
use crate::indicators::Sighting;

/// Returns that `of`, an object's id, was sighted.
pub(super) fn sighting(frame: &Frame<'_>, sighting: &Sighting, of: &str) -> Map<String, Value> {
    let line = sighting.to_string();
    let mut object = frame.object("sighting", &[of, &line]);
    object.insert("sighting_of_ref".to_owned(), of.into());
    for (key, ms) in [("first_seen", sighting.first_ms()), ("last_seen", sighting.last_ms())] {
        if let Some(ms) = ms {
            object.insert(key.to_owned(), timestamp(ms).into());
        }
    }
    if let Some(count) = sighting.count() {
        object.insert("count".to_owned(), count.into());
    }
    if let Some(comment) = sighting.comment() {
        object.insert("description".to_owned(), comment.into());
    }
    object
}
