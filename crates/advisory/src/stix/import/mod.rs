//! A draft from a bundle of STIX 2.1: the way back.
//!
//! One bundle is one document, that of its report. Objects are looked up by their ids and never followed from one to the next, so
//! that references in circles, or to nothing, cost and change nothing. What a document has no place for is named and left out.

mod index;
mod indicators;
mod rest;
mod vulnerabilities;

use std::collections::BTreeSet;

use sabha_protocol::bulletin::DocumentKind;

use self::index::Index;
use super::{
    bundle::OBJECTS_MAX,
    id::kind_of,
    marking::{label_of, label_of_definition},
    timestamp::unix_ms,
};
use crate::{
    csaf::{json::Json, languages, model::NoteCategory},
    draft::{Draft, ImportError, Imported, line, note},
    indicators::TITLE,
};

/// Makes a draft from a bundle.
///
/// # Errors
/// [`ImportError`], whose causes are the writer's.
pub fn import(bytes: &[u8]) -> Result<Imported, ImportError> {
    let json = Json::read(bytes)?;
    if json.text("type") != Some("bundle") {
        return Err(ImportError::Format("a bundle of STIX 2.1"));
    }
    of_objects(json.list("objects"))
}

/// Makes a draft from an envelope of TAXII 2.1 (section 3.7), which has objects like a bundle.
///
/// # Errors
/// [`ImportError`], whose causes are the writer's.
pub fn import_envelope(bytes: &[u8]) -> Result<Imported, ImportError> {
    let json = Json::read(bytes)?;
    match json.get("objects") {
        Some(Json::List(objects)) => of_objects(objects),
        _ => Err(ImportError::Format("an envelope of TAXII 2.1")),
    }
}

fn of_objects(objects: &[Json]) -> Result<Imported, ImportError> {
    if objects.len() > OBJECTS_MAX {
        return Err(ImportError::Objects { found: objects.len(), most: OBJECTS_MAX });
    }
    let mut draft = Draft::default();
    let index = Index::new(objects, &mut draft.left);
    let main = main(&index, &mut draft);
    let mut reading = Reading { draft, index: &index, main };
    reading.head();
    reading.labels();
    reading.vulnerabilities();
    reading.indicators();
    reading.rest();
    let kind = reading.kind();
    reading.draft.finish(kind)
}

/// Returns the report or grouping that is the document: the newest.
fn main<'a>(index: &Index<'a>, draft: &mut Draft) -> Option<(&'a str, &'a Json)> {
    let documents = || index.all().filter(|(id, _)| matches!(kind_of(id), "report" | "grouping"));
    let newest = documents().max_by_key(|(id, object)| (object.text("modified").and_then(unix_ms), *id));
    for (id, _) in documents().filter(|(id, _)| newest.is_some_and(|(newest, _)| newest != *id)) {
        draft.left.out(id, "one bundle becomes one document, and this would be another");
    }
    newest
}

/// A draft, and the objects from which it is made.
struct Reading<'a, 'i> {
    draft: Draft,
    index: &'i Index<'a>,
    /// The report or grouping.
    main: Option<(&'a str, &'a Json)>,
}

impl<'a> Reading<'a, '_> {
    /// Reads what the document says of itself. Without a report that is what its first incident, vulnerability, indicator or malware says.
    fn head(&mut self) {
        let first = ["incident", "vulnerability", "indicator", "malware"];
        let first = first.into_iter().find_map(|kind| self.index.of_kind(kind).next());
        let Some((id, head)) = self.main.or(first) else { return };
        let author = head.text("created_by_ref").unwrap_or(id);
        let name = if kind_of(id) == "indicator" { TITLE } else { head.text("name").unwrap_or_default() };
        let identity = self.index.get(author).filter(|(id, _)| kind_of(id) == "identity");
        self.draft.title = line(name, "");
        self.draft.tracking = id.to_owned();
        self.draft.date_ms = head.text("modified").and_then(unix_ms).unwrap_or(0);
        self.draft.publisher =
            identity.and_then(|(_, identity)| identity.text("name")).unwrap_or_default().to_owned();
        // Whatever stands after the type of an id is a UUID.
        self.draft.namespace = format!("urn:uuid:{}", author.rsplit("--").next().unwrap_or_default());
        if self.main.is_some() {
            self.document(head);
        }
    }

    fn document(&mut self, main: &Json) {
        self.draft.lang =
            main.text("lang").filter(|lang| languages::parse(lang).is_some()).map(str::to_owned);
        let text = main.text("description").unwrap_or_default();
        self.draft.notes.extend(note(NoteCategory::Summary, None, text));
        for known in main.list("external_references") {
            let name = known.text("source_name").unwrap_or_default();
            match (known.text("url"), known.text("external_id")) {
                (_, Some(id)) if name == "csaf" => self.draft.tracking = id.to_owned(),
                (Some(url), _) => self.draft.refer(name, url),
                (None, id) => {
                    let said = id.or_else(|| known.text("description")).unwrap_or_default();
                    self.draft.notes.extend(note(NoteCategory::General, Some(name), said));
                }
            }
        }
    }

    /// Reads how far every object may travel: the document goes no further than the narrowest of them.
    fn labels(&mut self) {
        let mut others = BTreeSet::new();
        for (_, object) in self.index.all() {
            let granular =
                object.list("granular_markings").iter().filter_map(|part| part.text("marking_ref"));
            for id in object.texts("object_marking_refs").map(|(_, id)| id).chain(granular) {
                let carried =
                    || self.index.get(id).and_then(|(_, definition)| label_of_definition(definition));
                match label_of(id).or_else(carried) {
                    Some(label) => self.draft.narrow(label),
                    None => drop(others.insert(id)),
                }
            }
        }
        for id in others {
            self.draft.left.out(id, "it is a marking and no label of TLP: read it before you choose a label");
        }
    }

    /// Returns what the document is called in the bulletin, if it says so.
    fn kind(&self) -> Option<DocumentKind> {
        let (id, main) = self.main?;
        let known = |word: &str| DocumentKind::ALL.into_iter().find(|kind| kind.word() == word);
        let labels = main.texts("labels").filter_map(|(_, label)| known(label));
        let incident = self.index.of_kind("incident").next().map(|_| DocumentKind::IncidentReport);
        let types = main.texts("report_types").filter_map(|(_, kind)| match kind {
            "indicator" => Some(DocumentKind::IndicatorSet),
            "vulnerability" => Some(DocumentKind::VulnerabilityNote),
            _ => None,
        });
        let grouping = (kind_of(id) == "grouping").then_some(DocumentKind::InformationRequest);
        labels.chain(incident).chain(types).chain(grouping).next()
    }
}
