//! A revision as an event.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{DESCRIPTION, KIND_TAG, TRACKING, attribute_type, distribution};
use crate::{
    Source, content,
    csaf::{
        Unreadable,
        model::{Note, NoteCategory, RemediationCategory, Status, Vulnerability},
        schema::is_cpe,
    },
    indicators::{self, Group, Indicator},
    stix::{note_word, remedy_name, timestamp, uuid},
};

/// MISP's templates of the two objects: their UUIDs and versions.
const VULNERABILITY: (&str, &str, &str) = ("vulnerability", "81650945-f186-437b-8945-9f31715d32da", "12");
const COURSE_OF_ACTION: (&str, &str, &str) =
    ("course-of-action", "3d1c2c06-68a9-4394-8c8d-258d115f796f", "1");

/// As the event has it.
const INHERIT: &str = "5";

/// Returns a revision as an event of MISP: keys sorted, two spaces a level, a line feed at the end. The same document gives the
/// same bytes.
///
/// # Errors
/// [`Unreadable`] if its content is no JSON within the bounds.
///
/// # Panics
/// Never: nothing in an event is a map with keys other than texts.
pub fn export(source: &Source<'_>) -> Result<Vec<u8>, Unreadable> {
    let csaf = content::read(source.content)?;
    let label = content::label(&csaf, source.tlp);
    let document = &csaf.document;
    let seconds = (source.modified_ms.max(source.created_ms) / 1000).to_string();
    let writing = Writing { key: source.key, seconds: &seconds };

    let (mut attributes, mut reports) = (Vec::new(), Vec::new());
    attributes.push(writing.attribute("text", "Internal reference", &document.tracking.id, Some(TRACKING)));
    for link in &document.references {
        attributes.push(writing.attribute("link", "External analysis", &link.url, Some(&link.summary)));
    }
    let described = document
        .notes
        .iter()
        .position(|note| matches!(note.category, NoteCategory::Description | NoteCategory::Summary));
    for (at, note) in document.notes.iter().enumerate() {
        let (found, all) = match note.title.as_deref() {
            Some(indicators::TITLE) => indicators::read(&note.text),
            _ => (Vec::new(), false),
        };
        let indicators = found.iter().flat_map(|group| &group.indicators);
        attributes.extend(indicators.map(|one| writing.indicator(&one.what)));
        // What indicators are of, and where they were sighted, an attribute does not say: then the text goes with them.
        let says_more = |group: &Group| {
            group.malware.is_some() || group.indicators.iter().any(|one| !one.sightings.is_empty())
        };
        if !all || found.iter().any(says_more) {
            let name = if described == Some(at) { DESCRIPTION } else { title_of(note) };
            reports.extend(writing.report(&at.to_string(), name, &note.text));
        }
    }
    let products: BTreeMap<&str, &str> = csaf
        .product_tree
        .as_ref()
        .map(content::products)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|product| {
            let cpe = product.product_identification_helper.as_ref()?.cpe.as_deref()?;
            is_cpe(cpe).then_some((product.product_id.as_str(), cpe))
        })
        .collect();
    let mut objects = Vec::new();
    for (at, of) in csaf.vulnerabilities.iter().enumerate() {
        let place = at.to_string();
        objects.push(writing.vulnerability(of, &place, &products));
        objects.extend(of.remediations.iter().enumerate().map(|(at, remedy)| {
            let name = remedy_name(remedy.category);
            writing.remedy(&place, &at.to_string(), name, &remedy.details, remedy.category)
        }));
        let name = of.cve.as_deref().or(of.title.as_deref()).unwrap_or("Vulnerability");
        for (note, text) in of.notes.iter().enumerate().skip(1) {
            let title = format!("{name}: {}", title_of(text));
            reports.extend(writing.report(&format!("{place}.{note}"), &title, &text.text));
        }
    }
    let mut event = json!({
        "uuid": uuid("misp-event", &[source.key]),
        "info": document.title,
        "date": timestamp(source.created_ms)[..10],
        "timestamp": seconds,
        "publish_timestamp": seconds,
        "published": true,
        // Undefined: how bad it is for whom is theirs to judge.
        "threat_level_id": "4",
        // Ongoing, or completed.
        "analysis": if document.tracking.status == Status::Final { "2" } else { "1" },
        "distribution": distribution(label).to_string(),
        "Orgc": { "name": source.owner.name, "uuid": uuid("misp-org", &[source.owner.key, source.owner.name]) },
        "Tag": [
            { "name": format!("tlp:{}", label.name().to_ascii_lowercase()) },
            { "name": format!("{KIND_TAG}{}\"", source.kind.word()) },
        ],
        "Attribute": once(attributes),
        "Object": objects,
        "EventReport": reports,
    });
    if source.withdrawn {
        let tag = json!({ "name": "sabha:withdrawn" });
        event["Tag"].as_array_mut().expect("written as a list above").push(tag);
    }
    let mut bytes =
        serde_json::to_vec_pretty(&json!({ "Event": event })).expect("every value has a form in JSON");
    bytes.push(b'\n');
    Ok(bytes)
}

/// Returns what has an id, each id once.
fn once(mut all: Vec<Value>) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    all.retain(|one| seen.insert(one["uuid"].as_str().map(str::to_owned)));
    all
}

/// Returns what a text is called.
fn title_of(note: &Note) -> &str {
    note.title.as_deref().filter(|title| !title.trim().is_empty()).unwrap_or(note_word(note.category))
}

struct Writing<'a> {
    key: &'a str,
    seconds: &'a str,
}

impl Writing<'_> {
    fn id(&self, parts: &[&str]) -> String {
        uuid("misp", &[&[self.key], parts].concat())
    }

    fn attribute(&self, kind: &str, category: &str, value: &str, comment: Option<&str>) -> Value {
        json!({
            "uuid": self.id(&["attribute", kind, category, value]),
            "type": kind,
            "category": category,
            "value": value,
            "comment": comment.unwrap_or_default(),
            "to_ids": false,
            "distribution": INHERIT,
            "timestamp": self.seconds,
        })
    }

    fn indicator(&self, indicator: &Indicator) -> Value {
        let (kind, category) = attribute_type(indicator.kind());
        let mut attribute = self.attribute(kind, category, indicator.value(), indicator.comment());
        attribute["to_ids"] = true.into();
        attribute
    }

    /// Returns a report, if there is text for one.
    fn report(&self, place: &str, name: &str, text: &str) -> Option<Value> {
        (!text.trim().is_empty()).then(|| {
            json!({
                "uuid": self.id(&["report", place]),
                "name": name,
                "content": text,
                "distribution": INHERIT,
                "timestamp": self.seconds,
                "deleted": false,
            })
        })
    }

    fn object(&self, (name, uuid, version): (&str, &str, &str), parts: &[&str], category: &str) -> Value {
        json!({
            "uuid": self.id(&[&[name], parts].concat()),
            "name": name,
            "meta-category": category,
            "template_uuid": uuid,
            "template_version": version,
            "distribution": INHERIT,
            "timestamp": self.seconds,
        })
    }

    /// Returns a part of an object.
    fn part(&self, object: &str, relation: &str, kind: &str, category: &str, value: &str) -> Value {
        let mut part = self.attribute(kind, category, value, None);
        part["uuid"] = self.id(&["part", object, relation, value]).into();
        part["object_relation"] = relation.into();
        part
    }

    fn vulnerability(&self, of: &Vulnerability, place: &str, products: &BTreeMap<&str, &str>) -> Value {
        let mut parts = Vec::new();
        let mut add = |relation: &str, kind: &str, category: &str, value: &str| {
            if !value.trim().is_empty() {
                parts.push(self.part(place, relation, kind, category, value));
            }
        };
        let title = of.title.as_deref().or(of.ids.first().map(|id| id.text.as_str()));
        add("id", "vulnerability", "External analysis", of.cve.as_deref().unwrap_or_default());
        let unnamed = if of.cve.is_none() { "Vulnerability without a name" } else { "" };
        add("summary", "text", "Other", title.unwrap_or(unnamed));
        add("description", "text", "Other", of.notes.first().map_or("", |note| &note.text));
        for link in &of.references {
            add("references", "link", "External analysis", &link.url);
        }
        for cvss in of.scores.iter().flat_map(|score| [&score.cvss_v3, &score.cvss_v2]).flatten() {
            add("cvss-string", "text", "Other", cvss["vectorString"].as_str().unwrap_or_default());
        }
        for cpe in of.product_status.iter().flat_map(|status| &status.known_affected) {
            add(
                "vulnerable-configuration",
                "cpe",
                "External analysis",
                products.get(cpe.as_str()).unwrap_or(&""),
            );
        }
        let mut object = self.object(VULNERABILITY, &[place], "vulnerability");
        // The same vector for two products is said once.
        object["Attribute"] = once(parts).into();
        object
    }

    fn remedy(&self, of: &str, at: &str, name: &str, details: &str, category: RemediationCategory) -> Value {
        let mut object = self.object(COURSE_OF_ACTION, &[of, at], "misc");
        let place = format!("{of}/{at}");
        let mut parts = vec![self.part(&place, "name", "text", "Other", name)];
        if !details.trim().is_empty() {
            parts.push(self.part(&place, "description", "text", "Other", details));
        }
        object["Attribute"] = parts.into();
        let does = if category == RemediationCategory::VendorFix { "remediates" } else { "mitigates" };
        object["ObjectReference"] = json!([{
            "uuid": self.id(&["reference", of, at]),
            "object_uuid": object["uuid"],
            "referenced_uuid": self.id(&[VULNERABILITY.0, of]),
            "relationship_type": does,
            "timestamp": self.seconds,
        }]);
        object
    }
}
