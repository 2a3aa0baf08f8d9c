//! Whether a document has the shape that the JSON schema of CSAF 2.0 gives it.
//!
//! The schema is data in [`tables`], which a test compares with the standard's own file, property by property. One walk
//! over the document checks it, and with it what else depends on nothing but keys: the schemas of CVSS (test 6.1.8), the
//! order of keys (6.2.13) and keys that the schema does not know (6.2.20).

pub(super) mod forms;
pub(super) mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use forms::Form;
pub(crate) use forms::is_cpe;

use super::{
    json::Json,
    path::Path,
    report::{Report, shown},
    rules::{self, Rule},
};

/// What a value may be.
pub(super) enum Shape {
    /// One of CVSS 3.0 and 3.1, by its `version`.
    CvssV3,
    /// A list of at least `least` items, of which no two are equal if it is `unique`.
    List {
        items: &'static Shape,
        least: usize,
        unique: bool,
    },
    Object(Object),
    /// A text that is one of these.
    OneOf(&'static [&'static str]),
    /// A score from 0 to 10.
    Score,
    /// What has this shape, and whose faults are those of test 6.1.8.
    Scoring(&'static Shape),
    Text(Form),
}

/// What keys an object may have. The schema forbids no others.
pub(super) struct Object {
    pub(super) properties: &'static [(&'static str, &'static Shape)],
    pub(super) required: &'static [&'static str],
    /// Fewest keys, and most.
    pub(super) keys: (usize, usize),
}

/// Checks a document.
pub(super) fn check(document: &Json, report: &mut Report) {
    Walk { report, rule: &rules::SCHEMA }.value(document, &tables::DOCUMENT, &Path::ROOT);
}

struct Walk<'r> {
    report: &'r mut Report,
    /// The rule that a misshapen value breaks.
    rule: &'static Rule,
}

impl Walk<'_> {
    fn value(&mut self, json: &Json, shape: &Shape, path: &Path<'_>) {
        match shape {
            Shape::CvssV3 => match json.text("version") {
                Some("3.0") => self.value(json, &tables::CVSS_3_0, path),
                _ => self.value(json, &tables::CVSS_3_1, path),
            },
            Shape::List { items, least, unique } => self.list(json, items, (*least, *unique), path),
            Shape::Object(object) => self.object(json, object, path),
            Shape::OneOf(words) => match json.as_text() {
                Some(text) if words.contains(&text) => {}
                Some(text) => self.fault(path, || {
                    format!("{:?} is none of the values allowed here: {}.", shown(text), words.join(", "))
                }),
                None => self.wrong_type(path, "a text"),
            },
            Shape::Score => match json.as_number() {
                Some(score) if (0.0..=10.0).contains(&score) => {}
                Some(_) => self.fault(path, || "A score is a number from 0 to 10.".to_owned()),
                None => self.wrong_type(path, "a number"),
            },
            Shape::Scoring(inner) => {
                let outer = std::mem::replace(&mut self.rule, &rules::INVALID_CVSS);
                self.value(json, inner, path);
                self.rule = outer;
            }
            Shape::Text(form) => match json.as_text() {
                Some(text) if form.matches(text) => {}
                Some("") => {
                    self.fault(path, || "This must not be empty: write it, or leave the key out.".to_owned())
                }
                Some(text) => {
                    self.fault(path, || format!("{:?} is not {}.", shown(text), form.description()));
                }
                None => self.wrong_type(path, "a text"),
            },
        }
    }

    fn list(&mut self, json: &Json, shape: &Shape, (least, unique): (usize, bool), path: &Path<'_>) {
        let Json::List(items) = json else { return self.wrong_type(path, "a list") };
        if items.len() < least {
            self.fault(path, || match least {
                1 => "This list must not be empty: add an item, or leave the key out.".to_owned(),
                _ => format!("This list needs at least {least} items."),
            });
        }
        let mut seen = BTreeSet::new();
        for (at, item) in items.iter().enumerate() {
            let path = path.item(at);
            self.value(item, shape, &path);
            if unique {
                let mut canonical = String::new();
                item.canonical(&mut canonical);
                if !seen.insert(canonical) {
                    self.fault(&path, || {
                        "The same item stands in this list before: remove one of them.".to_owned()
                    });
                }
            }
        }
    }

    fn object(&mut self, json: &Json, object: &Object, path: &Path<'_>) {
        let Json::Object(entries) = json else { return self.wrong_type(path, "an object") };
        for key in object.required {
            if json.get(key).is_none() {
                self.fault(path, || format!("The key {key:?} is missing."));
            }
        }
        let (fewest, most) = object.keys;
        if entries.len() < fewest && object.required.len() < fewest {
            self.fault(path, || match fewest {
                1 => "This object must not be empty: fill it, or leave its key out.".to_owned(),
                _ => format!("This object needs at least {fewest} keys."),
            });
        }
        if entries.len() > most {
            self.fault(path, || format!("This object may have {most} keys and no more."));
        }
        let mut before: Option<&str> = None;
        for (key, value) in entries {
            let known = object.properties.binary_search_by_key(&&**key, |(name, _)| name);
            match known {
                Ok(found) => self.value(value, object.properties[found].1, &path.key(key)),
                Err(_) => {
                    self.report.add(&rules::ADDITIONAL_PROPERTIES, &path.key(key), || {
                        "The standard does not know this key, and readers will ignore it.".to_owned()
                    });
                    self.unknown(value, &path.key(key));
                }
            }
            if before.is_some_and(|before| before > &**key) {
                self.unsorted(key, &path.key(key));
            }
            before = Some(key);
        }
    }

    /// Checks the order of keys below a key that the schema does not know.
    fn unknown(&mut self, json: &Json, path: &Path<'_>) {
        match json {
            Json::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.unknown(item, &path.item(at));
                }
            }
            Json::Object(entries) => {
                for (at, (key, value)) in entries.iter().enumerate() {
                    if at > 0 && entries[at - 1].0 > *key {
                        self.unsorted(key, &path.key(key));
                    }
                    self.unknown(value, &path.key(key));
                }
            }
            _ => {}
        }
    }

    fn unsorted(&mut self, key: &str, path: &Path<'_>) {
        self.report.add(&rules::SORTING, path, || {
            format!("The keys of this object are not in alphabetical order: {:?} comes too late.", shown(key))
        });
    }

    fn wrong_type(&mut self, path: &Path<'_>, what: &str) {
        self.fault(path, || format!("This has to be {what}."));
    }

    fn fault(&mut self, path: &Path<'_>, message: impl FnOnce() -> String) {
        self.report.add(self.rule, path, message);
    }
}
