//! Everything else: each object comes to where it belongs, or is left out.

use std::collections::BTreeMap;

use super::{Reading, vulnerabilities::status_word};
use crate::{
    csaf::{
        json::Json,
        model::{Note, NoteCategory, Threat},
    },
    draft::note,
    stix::{
        id::kind_of,
        note::{category_of, threat_of},
        opinion,
    },
};

impl<'a> Reading<'a, '_> {
    pub(super) fn rest(&mut self) {
        // Vulnerabilities of the draft stand in the order of the bundle.
        let places: BTreeMap<&str, usize> =
            self.index.of_kind("vulnerability").enumerate().map(|(at, (id, _))| (id, at)).collect();
        for (id, object) in self.index.all() {
            let is_kept = match kind_of(id) {
                // What was dealt with before, or names what has no place in it.
                "extension-definition"
                | "grouping"
                | "indicator"
                | "malware"
                | "marking-definition"
                | "report"
                | "sighting"
                | "vulnerability" => true,
                "course-of-action" => self.course_of_action(id, object),
                "identity" => self.is_author(id),
                "incident" => self.incident(object),
                "note" => {
                    let text = object.text("content").unwrap_or_default();
                    let category = object.texts("labels").find_map(|(_, label)| category_of(label));
                    let category = category.unwrap_or(NoteCategory::General);
                    self.text(object, note(category, object.text("abstract"), text), &places)
                }
                "opinion" => self.opinion(object, &places),
                "relationship" => self.is_stated(object),
                "software" => self.index.from(id).iter().any(|relation| self.is_stated(relation)),
                _ => false,
            };
            if !is_kept {
                self.draft.left.out(id, "a document has no place for it");
            }
        }
    }

    /// Takes a text to the first thing it is about that is kept. To one only: a text that is about a thousand things is not
    /// written a thousand times.
    fn text(&mut self, object: &Json, read: Option<Note>, places: &BTreeMap<&str, usize>) -> bool {
        let Some(read) = read else { return false };
        for (_, about) in object.texts("object_refs") {
            if self.main.is_some_and(|(main, _)| main == about) {
                self.draft.notes.push(read);
                return true;
            }
            if let Some(found) = places.get(about).and_then(|at| self.draft.vulnerabilities.get_mut(*at)) {
                match object.texts("labels").find_map(|(_, label)| threat_of(label)) {
                    Some(category) => found.threats.push(Threat {
                        category,
                        date: None,
                        details: read.text,
                        group_ids: Vec::new(),
                        product_ids: Vec::new(),
                    }),
                    None => found.notes.push(read),
                }
                return true;
            }
        }
        false
    }

    /// Takes an opinion as a text that says so.
    fn opinion(&mut self, object: &Json, places: &BTreeMap<&str, usize>) -> bool {
        let Some(word) = object.text("opinion").and_then(opinion::word) else { return false };
        let text = object.text("explanation").filter(|text| !text.trim().is_empty()).unwrap_or(word);
        self.text(object, note(NoteCategory::Other, Some(&opinion::title(word)), text), places)
    }

    /// Takes an incident's text, if the report does not have it already.
    fn incident(&mut self, object: &Json) -> bool {
        let text = object.text("description").unwrap_or_default();
        if !self.draft.notes.iter().any(|note| note.text == text) {
            self.draft.notes.extend(note(NoteCategory::Details, object.text("name"), text));
        }
        true
    }

    /// Takes the text of what can be done if it is about no vulnerability.
    fn course_of_action(&mut self, id: &str, object: &Json) -> bool {
        if !self.index.from(id).iter().any(|relation| self.is_stated(relation)) {
            let text = object.text("description").or_else(|| object.text("name")).unwrap_or_default();
            self.draft.notes.extend(note(NoteCategory::General, object.text("name"), text));
        }
        true
    }

    fn is_author(&self, id: &str) -> bool {
        let by = |object: &Json| object.text("created_by_ref") == Some(id);
        match self.main {
            Some((_, main)) => by(main),
            None => id.rsplit("--").next().is_some_and(|uuid| self.draft.namespace.ends_with(uuid)),
        }
    }

    /// Returns whether a relationship is one that a document states.
    fn is_stated(&self, relation: &Json) -> bool {
        let end = |key| self.index.kind(relation.text(key));
        match (end("source_ref"), end("target_ref")) {
            (Some("course-of-action"), Some("vulnerability")) => {
                matches!(relation.text("relationship_type"), Some("mitigates" | "remediates"))
            }
            (Some("software"), Some("vulnerability")) => status_word(relation).is_some(),
            (Some("indicator"), Some("malware")) => relation.text("relationship_type") == Some("indicates"),
            _ => false,
        }
    }
}
