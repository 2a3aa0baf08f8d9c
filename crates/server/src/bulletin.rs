//! What is read from a document's content before it is stored: title, tracking id, label, words. Pure.
//!
//! The content is CSAF (OASIS, version 2.0 errata 01) as JSON (RFC 8259), kept byte for byte; a draft need not be complete.
//! Read strictly: a name that stands twice in one object means one thing to one reader and another to the next, and so is
//! refused, like what is nested too deep.

mod aggregator;
pub(crate) mod check;
mod earlier;
mod mirror;
mod openpgp;
mod provider;
mod signatures;

pub(crate) use aggregator::{AGGREGATOR_PATH, Aggregator};
pub(crate) use earlier::list_earlier;
pub(crate) use mirror::Mirror;
pub(crate) use openpgp::SigningKey;
pub(crate) use provider::{CATEGORIES, KEYS_PATH, Provider, rfc_822, rfc_3339};

use sabha_advisory::{Tlp, severity};
use sabha_protocol::{
    bulletin::Severity,
    limits::{DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, DOCUMENT_TITLE_CHARS_MAX},
};
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Words of one document that are kept for searching, in bytes.
const WORDS_BYTES_MAX: usize = 256 * 1024;

/// Why a content is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidContent {
    /// More bytes than a document has.
    #[error("the document has more than {DOCUMENT_BYTES_MAX} bytes")]
    TooLong,
    /// Not JSON, or JSON that can be read in two ways.
    #[error("the document is not JSON as it is wanted: {0}")]
    NotJson(String),
    /// No object, or none with a title.
    #[error("`document.title` is a text of 1 to {DOCUMENT_TITLE_CHARS_MAX} characters on one line")]
    Title,
    /// A tracking id that is none.
    #[error("`document.tracking.id` is a text of 1 to {DOCUMENT_TITLE_CHARS_MAX} characters on one line")]
    Tracking,
    /// The label inside is not the one outside.
    #[error(
        "`document.distribution.tlp.label` is {found}, and this document is {marked}: CSAF 2.0 wants {wanted} there"
    )]
    Label {
        /// What stands inside.
        found: String,
        /// How the document is marked.
        marked: Tlp,
        /// What is to stand inside.
        wanted: &'static str,
    },
}

/// What a content says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Headline {
    pub(crate) title: String,
    pub(crate) tracking: Option<String>,
    pub(crate) severity: Option<Severity>,
    /// Every text in it, one after another.
    pub(crate) words: String,
}

/// Reads a content that is marked with `tlp`.
///
/// # Errors
/// [`InvalidContent`]: all of them are the author's.
pub(crate) fn read(content: &[u8], tlp: Tlp) -> Result<Headline, InvalidContent> {
    if content.len() > DOCUMENT_BYTES_MAX {
        return Err(InvalidContent::TooLong);
    }
    let not_json = |error: serde_json::Error| InvalidContent::NotJson(error.to_string());
    let mut reader = serde_json::Deserializer::from_slice(content);
    let value = Strict { depth: 0 }.deserialize(&mut reader).map_err(not_json)?;
    reader.end().map_err(not_json)?;
    let text = |pointer: &str, invalid| match value.pointer(pointer) {
        None => Ok(None),
        Some(Value::String(text)) if is_line(text) => Ok(Some(text.clone())),
        Some(_) => Err(invalid),
    };
    let title = text("/document/title", InvalidContent::Title)?.ok_or(InvalidContent::Title)?;
    let tracking = text("/document/tracking/id", InvalidContent::Tracking)?;
    let wanted = label_inside(tlp);
    if let Some(found) = value.pointer("/document/distribution/tlp/label")
        && found.as_str() != Some(wanted)
    {
        let found = found.to_string().chars().take(40).collect();
        return Err(InvalidContent::Label { found, marked: tlp, wanted });
    }
    let mut words = String::new();
    gather(&value, &mut words);
    Ok(Headline { title, tracking, severity: severity(&value), words })
}

/// Returns what CSAF 2.0 calls a label, the narrower where it knows no other (section 3.2.1.5.2.1).
const fn label_inside(tlp: Tlp) -> &'static str {
    match tlp {
        Tlp::Clear => "WHITE",
        Tlp::Green => "GREEN",
        Tlp::Amber | Tlp::AmberStrict => "AMBER",
        Tlp::Red => "RED",
    }
}

fn is_line(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= DOCUMENT_TITLE_CHARS_MAX
        && !text.chars().any(|c| {
            c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        })
}

fn gather(value: &Value, words: &mut String) {
    match value {
        Value::String(text) if words.len() + text.len() < WORDS_BYTES_MAX => {
            words.push_str(text);
            words.push('\n');
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, words)),
        Value::Object(fields) => fields.values().for_each(|field| gather(field, words)),
        _ => {}
    }
}

/// Reads a value in which no name stands twice in one object and nothing is nested deeper than it may be.
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(&self) -> Result<Self, E> {
        if self.depth == DOCUMENT_DEPTH_MAX {
            return Err(E::custom(format_args!("it is nested deeper than {DOCUMENT_DEPTH_MAX}")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.deeper()?)? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.deeper()?)?;
            if fields.insert(name, value).is_some() {
                return Err(de::Error::custom("a name stands twice in one object"));
            }
        }
        Ok(fields.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_tracking_and_words_are_read_and_a_draft_need_not_be_complete() {
        let content = r#"{"document":{"title":"घटना in the lobby","tracking":{"id":"CIAD-2026-0001"},
            "notes":[{"text":"Restart it."}]}}"#;
        let headline = read(content.as_bytes(), Tlp::Red).unwrap();
        assert_eq!(headline.title, "घटना in the lobby");
        assert_eq!(headline.tracking.as_deref(), Some("CIAD-2026-0001"));
        assert!(headline.words.contains("Restart it.") && !headline.words.contains("notes"));
        assert_eq!(read(br#"{"document":{"title":"x"}}"#, Tlp::Clear).unwrap().tracking, None);
    }

    #[test]
    fn what_can_be_read_in_two_ways_or_has_no_title_is_refused() {
        let json = |text: &str| read(text.as_bytes(), Tlp::Clear);
        for wrong in [
            "",
            "{",
            "{}{}",
            r#"{"document":{"title":"a","title":"b"}}"#,
            r#"{"document":{"title":"a"},"document":{"title":"b"}}"#,
            &format!(r#"{{"document":{{"title":"a"}},"x":{}{}}}"#, "[".repeat(64), "]".repeat(64)),
            &format!(r#"{{"x":{}"#, "[".repeat(100_000)),
            "\u{FEFF}{}",
        ] {
            assert!(matches!(json(wrong), Err(InvalidContent::NotJson(_))), "{:.60}", wrong);
        }
        for wrong in ["[]", "1", "{}", r#"{"document":{"title":1}}"#, r#"{"document":{"title":" "}}"#] {
            assert_eq!(json(wrong), Err(InvalidContent::Title), "{wrong}");
        }
        assert_eq!(
            json("{\"document\":{\"title\":\"a\u{202E}b\"}}"),
            Err(InvalidContent::Title),
            "text that is shown the other way round"
        );
        assert_eq!(
            json(r#"{"document":{"title":"a","tracking":{"id":["x"]}}}"#),
            Err(InvalidContent::Tracking)
        );
        assert_eq!(read(&vec![b' '; DOCUMENT_BYTES_MAX + 1], Tlp::Red), Err(InvalidContent::TooLong));
    }

    /// BUL-08
    #[test]
    fn the_label_inside_is_never_wider_than_the_one_outside() {
        let with = |label: &str| {
            format!(r#"{{"document":{{"title":"a","distribution":{{"tlp":{{"label":{label}}}}}}}}}"#)
        };
        for tlp in Tlp::ALL {
            for label in ["WHITE", "GREEN", "AMBER", "RED", "CLEAR", "AMBER+STRICT"] {
                let found = read(with(&format!("\"{label}\"")).as_bytes(), tlp);
                assert_eq!(found.is_ok(), label == label_inside(tlp), "{label} in {tlp}");
            }
            assert!(read(with("null").as_bytes(), tlp).is_err());
        }
    }
}
