//! Notes: texts of a document, about all of it or about one vulnerability.

use serde_json::{Map, Value, json};

use super::frame::Frame;
use crate::csaf::model::{Note, NoteCategory, Threat, ThreatCategory};

/// Returns a text as a note about `about`, the `at`th of them. Its label is CSAF's word for what it is.
pub(super) fn note(frame: &Frame<'_>, note: &Note, about: &str, at: usize) -> Option<Map<String, Value>> {
    text(frame, about, at, category(note.category), note.title.as_deref(), &note.text)
}

/// Returns what a vulnerability is used for as a note about it.
pub(super) fn threat(
    frame: &Frame<'_>,
    threat: &Threat,
    about: &str,
    at: usize,
) -> Option<Map<String, Value>> {
    text(frame, about, at, threat_word(threat.category), None, &threat.details)
}

fn text(
    frame: &Frame<'_>,
    about: &str,
    at: usize,
    word: &str,
    title: Option<&str>,
    text: &str,
) -> Option<Map<String, Value>> {
    if text.trim().is_empty() {
        return None;
    }
    let mut object = frame.object("note", &[about, word, &at.to_string()]);
    if let Some(title) = title.filter(|title| !title.trim().is_empty()) {
        object.insert("abstract".to_owned(), title.into());
    }
    object.insert("content".to_owned(), text.into());
    object.insert("labels".to_owned(), json!([word]));
    object.insert("object_refs".to_owned(), json!([about]));
    Some(object)
}

/// Returns CSAF's word for what a text is.
pub(crate) const fn category(category: NoteCategory) -> &'static str {
    match category {
        NoteCategory::Description => "description",
        NoteCategory::Details => "details",
        NoteCategory::Faq => "faq",
        NoteCategory::General => "general",
        NoteCategory::LegalDisclaimer => "legal_disclaimer",
        NoteCategory::Other => "other",
        NoteCategory::Summary => "summary",
    }
}

/// Returns what a text is, by CSAF's word for it.
pub(crate) fn category_of(word: &str) -> Option<NoteCategory> {
    use NoteCategory as N;
    let all = [N::Description, N::Details, N::Faq, N::General, N::LegalDisclaimer, N::Other, N::Summary];
    all.into_iter().find(|found| category(*found) == word)
}

/// Returns what a vulnerability is used for, by CSAF's word for it.
pub(super) fn threat_of(word: &str) -> Option<ThreatCategory> {
    [ThreatCategory::ExploitStatus, ThreatCategory::Impact, ThreatCategory::TargetSet]
        .into_iter()
        .find(|found| threat_word(*found) == word)
}

const fn threat_word(category: ThreatCategory) -> &'static str {
    match category {
        ThreatCategory::ExploitStatus => "exploit_status",
        ThreatCategory::Impact => "impact",
        ThreatCategory::TargetSet => "target_set",
    }
}
