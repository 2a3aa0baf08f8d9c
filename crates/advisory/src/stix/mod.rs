//! Documents of the bulletin as objects of STIX 2.1 (OASIS Standard, June 2021), and back.
//!
//! | of the document | object |
//! |---|---|
//! | itself | report; grouping, if it is a request for information |
//! | its owner | identity |
//! | its label | marking-definition of TLP 2.0, carried along and named by every object but the identity |
//! | a vulnerability | vulnerability, which knows its CVE, CWE and CVSS as external references |
//! | a remedy | course-of-action, which mitigates or remediates its vulnerability |
//! | a product with a status | software, related to the vulnerability by CSAF's word for the status |
//! | a text | the report's or the vulnerability's description, or a note about it |
//! | a line of [`indicators`] | indicator; malware, which the indicators after it indicate; sighting of what is in the line before |
//! | a text with the title `Opinion: agree` or the like | opinion |
//! | an incident | incident, with the core extension |
//!
//! The same document gives the same bytes. A label never becomes wider: it is the narrower of the marking's and of the one that
//! stands in the content.
//!
//! What organisations acknowledge is told to the document's owner, and not to whoever else reads it: it is in no export of the
//! document, and by itself for those who may know of it (`acknowledgement.rs`).

mod acknowledgement;
mod bundle;
mod course_of_action;
mod frame;
mod id;
mod identity;
mod import;
mod incident;
mod indicator;
mod malware;
mod marking;
mod note;
mod opinion;
mod pattern;
mod reference;
mod relationship;
mod report;
mod sighting;
mod software;
mod timestamp;
mod vulnerability;

use std::collections::BTreeMap;

use sabha_protocol::bulletin::DocumentKind;
use serde_json::{Map, Value};

pub use acknowledgement::{Acknowledged, acknowledgements};
pub use bundle::{Bundle, OBJECTS_MAX};
pub(crate) use course_of_action::name as remedy_name;
pub(crate) use id::{is_uuid, uuid};
pub use import::{import, import_envelope};
pub(crate) use note::category as note_word;
pub use timestamp::{timestamp, unix_ms};

use self::{
    bundle::Parts,
    course_of_action::{course_of_action, does},
    frame::Frame,
    identity::{identity, identity_id},
    incident::incident,
    indicator::indicator,
    malware::malware,
    marking::marking,
    note::{note, threat},
    opinion::opinion,
    relationship::relationship,
    report::{report, report_id},
    sighting::sighting,
    software::software,
    vulnerability::{describes, vulnerability},
};
use crate::{
    Source, content,
    csaf::{
        Csaf, Unreadable,
        model::{FullProductName, Note, ProductStatus, Vulnerability},
    },
    indicators::{self, Group, Sighting},
};

/// Returns a revision as objects of STIX.
///
/// # Errors
/// [`Unreadable`] if its content is no JSON within the bounds.
pub fn export(source: &Source<'_>) -> Result<Bundle, Unreadable> {
    let csaf = content::read(source.content)?;
    let label = content::label(&csaf, source.tlp);
    let frame = Frame::new(source, label);
    let document = &csaf.document;
    let about = report_id(&frame, source.kind);
    // The first of these is the report's own description; the others are notes about it.
    let described = document.notes.iter().position(|note| describes(note.category));
    let description =
        described.map(|at| document.notes[at].text.as_str()).filter(|text| !text.trim().is_empty());

    let mut parts = Parts::default();
    if source.kind == DocumentKind::IncidentReport {
        parts.add(incident(&frame, &document.title, description));
    }
    for (at, text) in document.notes.iter().enumerate().filter(|(at, _)| Some(*at) != described) {
        let (found, all) = match text.title.as_deref() {
            Some(indicators::TITLE) => indicators::read(&text.text),
            _ => (Vec::new(), false),
        };
        for group in &found {
            add_group(&mut parts, &frame, group, &document.title);
        }
        if !all {
            said(&frame, text, &about, at).and_then(|object| parts.add(object));
        }
    }
    add_vulnerabilities(&mut parts, &frame, &csaf);
    let mut refs = parts.refs();
    if refs.is_empty() {
        // A report refers to one object at least.
        refs.push(identity_id(source.owner));
    }
    let report = report(&frame, source.kind, &csaf, description, refs);
    Ok(parts.finish([marking(label), identity(source.owner), Value::Object(report)]))
}

/// Adds malware with what indicates it, and where both were sighted.
fn add_group(parts: &mut Parts, frame: &Frame<'_>, group: &Group, title: &str) {
    let add = |parts: &mut Parts, object, sightings: &[Sighting]| {
        let id = parts.add(object)?;
        for one in sightings {
            parts.add(sighting(frame, one, &id));
        }
        Some(id)
    };
    let named = group.malware.as_ref();
    let named = named.and_then(|one| add(parts, malware(frame, &one.what), &one.sightings));
    for one in &group.indicators {
        let id = add(parts, indicator(frame, &one.what, title), &one.sightings);
        if let (Some(id), Some(named)) = (id, &named) {
            parts.add(relationship(frame, &id, "indicates", named, None));
        }
    }
}

/// Returns a text as what it is: an opinion, or a note.
fn said(frame: &Frame<'_>, text: &Note, about: &str, at: usize) -> Option<Map<String, Value>> {
    opinion(frame, text, about, at).or_else(|| note(frame, text, about, at))
}

fn add_vulnerabilities(parts: &mut Parts, frame: &Frame<'_>, csaf: &Csaf) {
    let tree = csaf.product_tree.as_ref().map(content::products).unwrap_or_default();
    let products: BTreeMap<&str, &FullProductName> = tree
        .into_iter()
        .filter(|product| !product.name.trim().is_empty())
        .map(|product| (product.product_id.as_str(), product))
        .collect();
    for (at, of) in csaf.vulnerabilities.iter().enumerate() {
        let Some(id) = parts.add(vulnerability(frame, of, at)) else { continue };
        add_texts(parts, frame, of, &id);
        for (at, remedy) in of.remediations.iter().enumerate() {
            if let Some(action) = parts.add(course_of_action(frame, remedy, &id, at)) {
                parts.add(relationship(frame, &action, does(remedy.category), &id, None));
            }
        }
        for (status, ids) in of.product_status.iter().flat_map(statuses) {
            for product in ids.iter().filter_map(|id| products.get(id.as_str())) {
                if let Some(product) = parts.add(software(frame, product)) {
                    parts.add(relationship(frame, &product, "related-to", &id, Some(status)));
                }
            }
        }
    }
}

/// Adds the texts about a vulnerability that are not its description.
fn add_texts(parts: &mut Parts, frame: &Frame<'_>, of: &Vulnerability, id: &str) {
    let described = of.notes.iter().position(|note| describes(note.category));
    for (at, text) in of.notes.iter().enumerate().filter(|(at, _)| Some(*at) != described) {
        said(frame, text, id, at).and_then(|object| parts.add(object));
    }
    for (at, of) in of.threats.iter().enumerate() {
        threat(frame, of, id, at).and_then(|object| parts.add(object));
    }
}

/// Returns CSAF's words for how products stand, each with its products.
fn statuses(status: &ProductStatus) -> [(&'static str, &[String]); 8] {
    [
        ("first_affected", &status.first_affected),
        ("first_fixed", &status.first_fixed),
        ("fixed", &status.fixed),
        ("known_affected", &status.known_affected),
        ("known_not_affected", &status.known_not_affected),
        ("last_affected", &status.last_affected),
        ("recommended", &status.recommended),
        ("under_investigation", &status.under_investigation),
    ]
}
