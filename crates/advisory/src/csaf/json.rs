//! JSON from outside, read within bounds into a tree that keeps the order of keys.
//!
//! `serde_json` reads the text; what it would accept and we do not is refused while it is read, before it is kept: a key
//! that stands twice in an object (of which two readers may see different halves), a tree that is too deep, a list that is
//! too long, more values than fit into the memory that a document may cost. Numbers are 64-bit floats: the only ones in a
//! document are scores from 0 to 10.

use std::{cell::RefCell, collections::BTreeSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Longest document, in bytes: what appendix C.1 of the standard tells producers not to exceed.
pub const DOCUMENT_BYTES_MAX: usize = 15_000_000;

/// How deep objects and lists may lie in each other. The standard's deepest leaf that is no branch is 10 deep, and each of a
/// product tree's branches adds 2: room for 40 branches, where version 2.1 of the standard allows 30.
pub const DEPTH_MAX: usize = 96;

/// Most items of a list: what appendix C.2 of the standard allows for all lists but those of products and their groups,
/// for which it names more than can be written in [`DOCUMENT_BYTES_MAX`].
pub const LIST_ITEMS_MAX: usize = 100_000;

/// Most values of a document, which is its cost in memory: about 50 MB in the worst case, beside the text.
pub const VALUES_MAX: usize = 500_000;

/// Why bytes are not read as a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// A key stands twice in one object.
    #[error("line {line}: the key {key:?} stands twice in one object")]
    DuplicateKey {
        /// The key, as far as it can be shown.
        key: String,
        /// The line in which the object ends, from 1.
        line: usize,
    },
    /// Objects and lists lie too deep in each other.
    #[error("line {line}: objects and lists lie more than {DEPTH_MAX} deep in each other")]
    TooDeep {
        /// The line, from 1.
        line: usize,
    },
    /// There are too many bytes.
    #[error("the document has {bytes} bytes, and {DOCUMENT_BYTES_MAX} are the most")]
    TooLarge {
        /// How many.
        bytes: usize,
    },
    /// A list has too many items.
    #[error("line {line}: a list has more than {LIST_ITEMS_MAX} items")]
    TooLong {
        /// The line, from 1.
        line: usize,
    },
    /// There are too many values.
    #[error("line {line}: the document has more than {VALUES_MAX} values")]
    TooMany {
        /// The line, from 1.
        line: usize,
    },
    /// It is not JSON in UTF-8.
    #[error("line {line}, column {column}: this is not JSON: {reason}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The byte in it, from 1.
        column: usize,
        /// What was expected instead.
        reason: String,
    },
}

/// A value of JSON.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(Box<str>),
    List(Vec<Json>),
    /// In the order in which they were written; no key stands twice.
    Object(Vec<(Box<str>, Json)>),
}

impl Json {
    /// Reads a document.
    ///
    /// # Errors
    /// [`Unreadable`], all of whose causes are the writer's.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.len() > DOCUMENT_BYTES_MAX {
            return Err(Unreadable::TooLarge { bytes: bytes.len() });
        }
        // What Windows' editors put before UTF-8, which RFC 8259 lets a reader ignore.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let bounds = RefCell::new(Bounds { values_left: VALUES_MAX, broken: None });
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let read = Seed { bounds: &bounds, depth: 0 }.deserialize(&mut reader);
        let read = read.and_then(|json| reader.end().map(|()| json));
        read.map_err(|error| {
            let line = error.line();
            match bounds.into_inner().broken {
                Some(Broken::Depth) => Unreadable::TooDeep { line },
                Some(Broken::Items) => Unreadable::TooLong { line },
                Some(Broken::Key(key)) => Unreadable::DuplicateKey { key, line },
                Some(Broken::Values) => Unreadable::TooMany { line },
                None => Unreadable::NotJson { line, column: error.column(), reason: reason(&error) },
            }
        })
    }

    /// Returns the value of `key`, if this is an object that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(entries) = self else { return None };
        entries.iter().find(|(name, _)| **name == *key).map(|(_, value)| value)
    }

    /// Returns the text that `key` has, if it has one.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Self::as_text)
    }

    /// Returns the items of the list that `key` has: none if it has no list.
    pub(crate) fn list(&self, key: &str) -> &[Self] {
        match self.get(key) {
            Some(Self::List(items)) => items,
            _ => &[],
        }
    }

    /// Returns the texts of the list that `key` has, each with its place in it.
    pub(crate) fn texts(&self, key: &str) -> impl Iterator<Item = (usize, &str)> {
        self.list(key).iter().enumerate().filter_map(|(at, item)| Some((at, item.as_text()?)))
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// Writes the value so that equal values are equal texts, whatever the order of their keys.
    pub(crate) fn canonical(&self, out: &mut String) {
        use fmt::Write as _;
        match self {
            Self::Null => out.push('n'),
            Self::Bool(true) => out.push('t'),
            Self::Bool(false) => out.push('f'),
            // Cannot fail: a String takes any text.
            Self::Number(number) => drop(write!(out, "{number};")),
            Self::Text(text) => drop(write!(out, "{}:{text}", text.len())),
            Self::List(items) => {
                out.push('[');
                items.iter().for_each(|item| item.canonical(out));
                out.push(']');
            }
            Self::Object(entries) => {
                let mut sorted: Vec<_> = entries.iter().collect();
                sorted.sort_by_key(|(key, _)| key);
                out.push('{');
                for (key, value) in sorted {
                    let _ = write!(out, "{}:{key}", key.len());
                    value.canonical(out);
                }
                out.push('}');
            }
        }
    }
}

/// What may still come, and which bound was broken.
struct Bounds {
    values_left: usize,
    broken: Option<Broken>,
}

enum Broken {
    Depth,
    Items,
    Key(String),
    Values,
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    bounds: &'a RefCell<Bounds>,
    depth: usize,
}

impl Seed<'_> {
    fn breaks<E: serde::de::Error>(self, broken: Broken) -> E {
        self.bounds.borrow_mut().broken = Some(broken);
        E::custom("out of bounds")
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(self.breaks(Broken::Depth));
        }
        Ok(Self { bounds: self.bounds, depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        let left = self.bounds.borrow().values_left;
        let Some(left) = left.checked_sub(1) else { return Err(self.breaks(Broken::Values)) };
        self.bounds.borrow_mut().values_left = left;
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "no number of a document needs more than 53 bits")]
    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "no number of a document needs more than 53 bits")]
    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let seed = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(seed)? {
            if list.len() == LIST_ITEMS_MAX {
                return Err(self.breaks(Broken::Items));
            }
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let seed = self.deeper()?;
        let mut object: Vec<(Box<str>, Json)> = Vec::new();
        while let Some(key) = entries.next_key::<Box<str>>()? {
            object.push((key, entries.next_value_seed(seed)?));
        }
        if let Some(key) = twice(&object) {
            return Err(self.breaks(Broken::Key(super::report::shown(key))));
        }
        Ok(Json::Object(object))
    }
}

/// Returns a key that stands twice.
fn twice(object: &[(Box<str>, Json)]) -> Option<&str> {
    // The objects of the standard have few keys, for which a set costs more than to look at each pair.
    if object.len() <= 12 {
        let seen_before = |at: usize, key: &str| object[..at].iter().any(|(other, _)| **other == *key);
        return object
            .iter()
            .enumerate()
            .find(|(at, (key, _))| seen_before(*at, key))
            .map(|(_, (key, _))| &**key);
    }
    let mut seen = BTreeSet::new();
    object.iter().find(|(key, _)| !seen.insert(key)).map(|(key, _)| &**key)
}

/// Returns what `serde_json` says, without the place, which is said beside it.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Json, Unreadable> {
        Json::read(text.as_bytes())
    }

    #[test]
    fn order_of_keys_is_kept_and_does_not_count_for_equality() {
        let (one, other) =
            (read(r#"{"b":1,"a":[null,true]}"#).unwrap(), read(r#"{"a":[null,true],"b":1.0}"#).unwrap());
        assert_ne!(one, other);
        let (mut first, mut second) = (String::new(), String::new());
        one.canonical(&mut first);
        other.canonical(&mut second);
        assert_eq!(first, second);
        let Json::Object(entries) = one else { panic!("an object") };
        assert_eq!(entries.iter().map(|(key, _)| &**key).collect::<Vec<_>>(), ["b", "a"]);
    }

    #[test]
    fn different_values_have_different_canonical_texts() {
        let texts = [
            "null",
            "[]",
            "{}",
            "\"n\"",
            "[\"a\",\"b\"]",
            "[\"ab\"]",
            "[\"a1:b\"]",
            "{\"a\":\"b\"}",
            "1",
            "12",
            "[1,2]",
        ];
        let canonical: BTreeSet<String> = texts
            .iter()
            .map(|text| {
                let mut out = String::new();
                read(text).unwrap().canonical(&mut out);
                out
            })
            .collect();
        assert_eq!(canonical.len(), texts.len());
    }

    #[test]
    fn key_that_stands_twice_is_refused_in_small_and_large_objects() {
        assert_eq!(
            read("{\"a\":1,\n\"a\":2}"),
            Err(Unreadable::DuplicateKey { key: "a".to_owned(), line: 2 })
        );
        // An escape does not hide it.
        assert!(matches!(read(r#"{"a":1,"\u0061":2}"#), Err(Unreadable::DuplicateKey { .. })));
        let many: Vec<String> = (0..100).map(|at| format!("\"k{at}\":0")).collect();
        assert!(read(&format!("{{{}}}", many.join(","))).is_ok());
        assert!(matches!(
            read(&format!("{{{},\"k7\":0}}", many.join(","))),
            Err(Unreadable::DuplicateKey { .. })
        ));
    }

    #[test]
    fn bounds_hold_at_their_edges() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(read(&nested(DEPTH_MAX + 1)), Err(Unreadable::TooDeep { line: 1 }));
        assert_eq!(read(&nested(1_000_000)), Err(Unreadable::TooDeep { line: 1 }));

        let list = |items: usize| format!("[{}0]", "0,".repeat(items - 1));
        assert!(read(&list(LIST_ITEMS_MAX)).is_ok());
        assert_eq!(read(&list(LIST_ITEMS_MAX + 1)), Err(Unreadable::TooLong { line: 1 }));

        // Five full lists are five values more than there may be.
        let lists = vec![list(LIST_ITEMS_MAX); VALUES_MAX / LIST_ITEMS_MAX].join(",");
        assert_eq!(read(&format!("[{lists}]")), Err(Unreadable::TooMany { line: 1 }));

        let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        assert!(read(&text(DOCUMENT_BYTES_MAX)).is_ok());
        assert_eq!(
            read(&text(DOCUMENT_BYTES_MAX + 1)),
            Err(Unreadable::TooLarge { bytes: DOCUMENT_BYTES_MAX + 1 })
        );
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_place() {
        for text in
            ["", "{", "{}{}", "[1e999]", "{\"a\":01}", "'a'", "nul", "\"\u{1}\"", "[NaN]", "\"\\ud800\""]
        {
            assert!(matches!(read(text), Err(Unreadable::NotJson { .. })), "{text}");
        }
        assert!(matches!(Json::read(b"\"\xff\""), Err(Unreadable::NotJson { .. })));
        assert!(matches!(Json::read(b"\"\xed\xa0\x80\""), Err(Unreadable::NotJson { .. })));
        assert!(matches!(Json::read("\u{feff}{}".as_bytes()), Ok(Json::Object(_))));
        let Err(error) = read("{\n  \"a\" 1}") else { panic!("no JSON") };
        assert_eq!(error.to_string(), "line 2, column 7: this is not JSON: expected `:`");
    }
}
