//! A draft from an event: the way back.
//!
//! An event need not come from a bulletin: attributes for detection are indicators, whatever object they are in; links, texts,
//! reports and vulnerabilities come to where a document has them; the rest is named and left out.

use std::collections::BTreeMap;

use sabha_protocol::bulletin::DocumentKind;

use super::{DESCRIPTION, KIND_TAG, TRACKING, label_of};
use crate::{
    Tlp,
    csaf::{
        json::Json,
        model::{NoteCategory, ProductStatus, Vulnerability},
        schema::is_cpe,
    },
    draft::{
        Draft, ImportError, Imported, is_cve, line, no_status, note, product_id, reference, score,
        vulnerability,
    },
    indicators::{Indicator, IndicatorKind, TITLE},
    stix::{OBJECTS_MAX, is_uuid},
};

/// Makes a draft from an event of MISP's core format.
///
/// # Errors
/// [`ImportError`], whose causes are the writer's.
pub fn import(bytes: &[u8]) -> Result<Imported, ImportError> {
    let json = Json::read(bytes)?;
    let Some(event @ Json::Object(_)) = json.get("Event") else {
        return Err(ImportError::Format("an event of MISP"));
    };
    let found = event.list("Attribute").len()
        + event.list("EventReport").len()
        + event.list("Object").iter().map(|object| 1 + object.list("Attribute").len()).sum::<usize>();
    if found > OBJECTS_MAX {
        return Err(ImportError::Objects { found, most: OBJECTS_MAX });
    }
    let mut draft = Draft::default();
    let uuid =
        event.text("uuid").filter(|uuid| is_uuid(uuid)).unwrap_or("00000000-0000-0000-0000-000000000000");
    let author = event.get("Orgc").or_else(|| event.get("Org"));
    let organisation =
        author.and_then(|author| author.text("uuid")).filter(|uuid| is_uuid(uuid)).unwrap_or(uuid);
    draft.title = line(event.text("info").unwrap_or_default(), "");
    draft.tracking = uuid.to_owned();
    draft.date_ms = number(event, "timestamp").unwrap_or(0).saturating_mul(1000);
    draft.publisher = author.and_then(|author| author.text("name")).unwrap_or_default().to_owned();
    draft.namespace = format!("urn:uuid:{organisation}");
    labels(event, &mut draft);
    for report in event.list("EventReport").iter().filter(|report| !is_deleted(report)) {
        labels(report, &mut draft);
        let (name, text) =
            (report.text("name").unwrap_or_default(), report.text("content").unwrap_or_default());
        // As the way out writes it: what the attributes say alone is among it.
        if name == TITLE && draft.gather(text) {
            continue;
        }
        let read = match name {
            DESCRIPTION => note(NoteCategory::Summary, None, text),
            _ => note(NoteCategory::General, Some(name), text),
        };
        draft.notes.extend(read);
    }
    for one in event.list("Attribute").iter().filter(|one| !is_deleted(one)) {
        labels(one, &mut draft);
        attribute(one, &mut draft);
    }
    objects(event, &mut draft);
    let kind = tags(event).find_map(|tag| {
        let word = tag.strip_prefix(KIND_TAG)?.strip_suffix('"')?;
        DocumentKind::ALL.into_iter().find(|kind| kind.word() == word)
    });
    draft.finish(kind)
}

/// Returns a number, which MISP writes as one or as a text.
fn number(of: &Json, key: &str) -> Option<u64> {
    match of.get(key)? {
        Json::Text(text) => text.parse().ok(),
        // Whole ones up to the end of what a float counts exactly.
        Json::Number(number) if (0.0..9e15).contains(number) => format!("{number:.0}").parse().ok(),
        _ => None,
    }
}

fn is_true(of: &Json, key: &str) -> bool {
    matches!(of.get(key), Some(Json::Bool(true))) || number(of, key) == Some(1)
}

fn is_deleted(of: &Json) -> bool {
    is_true(of, "deleted")
}

fn tags(of: &Json) -> impl Iterator<Item = &str> {
    of.list("Tag").iter().filter_map(|tag| tag.text("name"))
}

/// Takes the labels of something: its tags of TLP, and how far it is distributed. The narrowest counts.
fn labels(of: &Json, draft: &mut Draft) {
    for tag in tags(of) {
        let name = tag.to_ascii_lowercase();
        let Some(word) = name.strip_prefix("tlp:") else { continue };
        match word {
            "white" => draft.narrow(Tlp::Clear),
            word => match word.to_ascii_uppercase().parse() {
                Ok(label) => draft.narrow(label),
                // `ex:chr`, of TLP 1.0, is narrower than AMBER, and whatever else there is, nobody knows how wide.
                Err(_) => draft.narrow(Tlp::Red),
            },
        }
    }
    if of.get("distribution").is_none() {
        return;
    }
    let far = number(of, "distribution").and_then(|far| u8::try_from(far).ok());
    // One that cannot be read is nobody's leave to pass it on.
    if let Some(label) = far.map_or(Some(Tlp::Red), label_of) {
        draft.narrow(label);
    }
}

/// Takes an attribute, alone or in an object of no kind that is known here.
fn attribute(one: &Json, draft: &mut Draft) {
    let (kind, value) = (one.text("type").unwrap_or_default(), one.text("value").unwrap_or_default());
    let comment = one.text("comment").filter(|comment| !comment.trim().is_empty());
    match kind {
        "link" => draft.refer(comment.unwrap_or_default(), value),
        "text" if comment == Some(TRACKING) => draft.tracking = value.to_owned(),
        "text" | "comment" => draft.notes.extend(note(NoteCategory::General, comment, value)),
        "vulnerability" => {
            let mut found = vulnerability();
            name(&mut found, value);
            found.notes.extend(note(NoteCategory::Description, None, comment.unwrap_or_default()));
            draft.vulnerabilities.push(found);
        }
        _ if !is_true(one, "to_ids") => {
            draft.left.out(&format!("{kind} {value}"), "it is not for detection (to_ids)")
        }
        _ => {
            let pairs = match (kind.split_once('|'), value.split_once('|')) {
                // Two kinds in one, with a value for each.
                (Some((first, second)), Some((one, other))) => vec![(first, one), (second, other)],
                _ => vec![(kind, value)],
            };
            for (kind, value) in pairs {
                match indicator_kind(kind, value) {
                    Some(known) => {
                        draft.indicate(Indicator::new(known, value, comment), value);
                    }
                    None => {
                        draft.left.out(&format!("{kind} {value}"), "a document has no place for its type");
                    }
                }
            }
        }
    }
}

fn indicator_kind(kind: &str, value: &str) -> Option<IndicatorKind> {
    Some(match kind {
        "domain" | "hostname" => IndicatorKind::Domain,
        "email" | "email-src" | "email-dst" => IndicatorKind::Email,
        "filename" => IndicatorKind::File,
        "ip" | "ip-src" | "ip-dst" if value.contains(':') => IndicatorKind::Ipv6,
        "ip" | "ip-src" | "ip-dst" => IndicatorKind::Ipv4,
        "md5" => IndicatorKind::Md5,
        "sha1" => IndicatorKind::Sha1,
        "sha256" => IndicatorKind::Sha256,
        "sha512" => IndicatorKind::Sha512,
        "uri" | "url" => IndicatorKind::Url,
        _ => return None,
    })
}

/// Names a vulnerability: by its number if it is one.
fn name(found: &mut Vulnerability, value: &str) {
    if is_cve(value) {
        found.cve = Some(value.to_owned());
    } else if !value.trim().is_empty() {
        found.title = Some(value.to_owned());
    }
}

fn objects(event: &Json, draft: &mut Draft) {
    let all = || event.list("Object").iter().filter(|object| !is_deleted(object));
    // Where each vulnerability is in the draft.
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut products: BTreeMap<&str, usize> = BTreeMap::new();
    for object in all() {
        labels(object, draft);
        for part in parts(object) {
            labels(part, draft);
        }
        match object.text("name") {
            Some("vulnerability") => {
                let found = one_vulnerability(object, draft, &mut products);
                if let Some(uuid) = object.text("uuid") {
                    places.insert(uuid, draft.vulnerabilities.len());
                }
                draft.vulnerabilities.push(found);
            }
            // When every vulnerability is known.
            Some("course-of-action") => {}
            _ => parts(object).for_each(|part| attribute(part, draft)),
        }
    }
    for object in all().filter(|object| object.text("name") == Some("course-of-action")) {
        let value = |relation: &str| {
            let found = parts(object).find(|part| part.text("object_relation") == Some(relation));
            found.and_then(|part| part.text("value"))
        };
        let of = object
            .list("ObjectReference")
            .iter()
            .find_map(|reference| places.get(reference.text("referenced_uuid")?));
        let text = value("description").or(value("name")).unwrap_or_default();
        let remedy = note(NoteCategory::General, value("name"), text);
        match of.and_then(|at| draft.vulnerabilities.get_mut(*at)) {
            Some(found) => found.notes.extend(remedy),
            None => draft.notes.extend(remedy),
        }
    }
}

fn parts(object: &Json) -> impl Iterator<Item = &Json> {
    object.list("Attribute").iter().filter(|part| !is_deleted(part))
}

fn one_vulnerability<'a>(
    object: &'a Json,
    draft: &mut Draft,
    products: &mut BTreeMap<&'a str, usize>,
) -> Vulnerability {
    let mut found = vulnerability();
    let mut vectors = Vec::new();
    let mut affected: Vec<String> = Vec::new();
    for part in parts(object) {
        let value = part.text("value").unwrap_or_default();
        match part.text("object_relation").unwrap_or_default() {
            "id" if found.cve.is_none() => name(&mut found, value),
            "summary" if found.title.is_none() => {
                found.title = Some(value.to_owned()).filter(|title| !title.trim().is_empty());
            }
            "description" | "payload" | "impact" => {
                found.notes.extend(note(NoteCategory::Description, None, value))
            }
            "references" => match reference("", value) {
                Some(link) => found.references.push(link),
                None => draft.left.out(value, "it is no URI"),
            },
            "cvss-string" => vectors.push(value),
            "vulnerable-configuration" if is_cpe(value) => {
                let known = &mut draft.products;
                let at = *products.entry(value).or_insert_with(|| {
                    known.push((value.to_owned(), Some(value.to_owned())));
                    known.len() - 1
                });
                affected.push(product_id(at));
            }
            _ => draft.left.out(value, "a document has no place for this part of a vulnerability"),
        }
    }
    affected.sort();
    affected.dedup();
    for vector in vectors {
        match score(vector, &affected).filter(|_| !affected.is_empty() && draft.fits(affected.len() * 16)) {
            Some(score) => found.scores.push(score),
            None => found.notes.extend(note(NoteCategory::General, Some("CVSS"), vector)),
        }
    }
    if !affected.is_empty() {
        found.product_status = Some(ProductStatus { known_affected: affected, ..no_status() });
    }
    found
}
