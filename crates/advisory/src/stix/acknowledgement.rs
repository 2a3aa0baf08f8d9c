//! What organisations acknowledged of a document, for those who may know of that.
//!
//! Who has *applied* a document holds it right, and acts on it: an opinion. That it was *seen*, or is *not about* an organisation, is no
//! judgement of it, and nothing that STIX calls a sighting: a note. Both refer to the document's own object, which is not among them.

use std::collections::BTreeSet;

use sabha_protocol::bulletin::{Acknowledgement, DocumentKind};
use serde_json::{Value, json};

use super::{bundle::Bundle, frame::Frame, identity::identity, marking::marking, report::report_id};
use crate::{Owner, Source, Tlp};

/// What an organisation said of a published revision.
#[derive(Clone, Copy, Debug)]
pub struct Acknowledged<'a> {
    /// Which organisation.
    pub organisation: Owner<'a>,
    /// Of which revision.
    pub revision: u32,
    /// How far that revision may travel, and so what is said of it.
    pub tlp: Tlp,
    /// What.
    pub said: Acknowledgement,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// Returns what was acknowledged of the document with this key.
pub fn acknowledgements(key: &str, kind: DocumentKind, all: &[Acknowledged<'_>]) -> Bundle {
    let (mut objects, mut seen) = (Vec::new(), BTreeSet::new());
    let mut once = |objects: &mut Vec<Value>, object: Value| {
        if seen.insert(object["id"].to_string()) {
            objects.push(object);
        }
    };
    for one in all {
        once(&mut objects, marking(one.tlp));
        once(&mut objects, identity(one.organisation));
    }
    for one in all {
        let source = Source {
            key,
            kind,
            tlp: one.tlp,
            owner: one.organisation,
            created_ms: one.at_ms,
            modified_ms: one.at_ms,
            withdrawn: false,
            content: &[],
        };
        objects.push(object(&Frame::new(&source, one.tlp), kind, one));
    }
    Bundle { objects, left_out: 0 }
}

fn object(frame: &Frame<'_>, kind: DocumentKind, one: &Acknowledged<'_>) -> Value {
    let revision = one.revision.to_string();
    let parts = ["acknowledgement", one.organisation.key, one.said.word(), &revision];
    let (object_type, more) = match one.said {
        Acknowledgement::Applied => {
            ("opinion", json!({ "opinion": "agree", "explanation": format!("Applied revision {revision}.") }))
        }
        Acknowledgement::NotAffected => {
            ("note", json!({ "content": format!("Not affected by what revision {revision} is about.") }))
        }
        Acknowledgement::Seen => ("note", json!({ "content": format!("Has seen revision {revision}.") })),
    };
    let mut object = frame.object(object_type, &parts);
    if let Value::Object(more) = more {
        object.extend(more);
    }
    object.insert("authors".to_owned(), json!([one.organisation.name]));
    object.insert("labels".to_owned(), json!([one.said.word()]));
    object.insert("object_refs".to_owned(), json!([report_id(frame, kind)]));
    Value::Object(object)
}
