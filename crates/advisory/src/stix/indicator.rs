//! Indicators of compromise.

use serde_json::{Map, Value, json};

use super::{frame::Frame, pattern};
use crate::indicators::Indicator;

/// Returns an indicator. `title` is the document's: what is said of an indicator of which nothing is said.
pub(super) fn indicator(frame: &Frame<'_>, indicator: &Indicator, title: &str) -> Map<String, Value> {
    let (kind, value) = (indicator.kind(), indicator.value());
    let mut object = frame.object("indicator", &[kind.word(), value]);
    for (key, text) in [
        ("name", value),
        ("description", indicator.comment().unwrap_or(title)),
        ("pattern_type", "stix"),
        ("pattern_version", "2.1"),
        ("valid_from", frame.created()),
    ] {
        object.insert(key.to_owned(), text.into());
    }
    object.insert("pattern".to_owned(), pattern::write(kind, value).into());
    object.insert("indicator_types".to_owned(), json!(["malicious-activity"]));
    object
}
