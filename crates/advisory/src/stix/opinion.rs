//! Opinions: how right what a document says is held to be. CSAF has no place for them, so one is a note that says so in its title,
//! `Opinion: agree`, and its text is the explanation.

use serde_json::{Map, Value, json};

use super::frame::Frame;
use crate::csaf::model::Note;

/// How the title of such a note begins.
const TITLE: &str = "Opinion: ";

/// STIX's words for it (`opinion-enum`).
const WORDS: [&str; 5] = ["strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"];

/// Returns a note as an opinion of `about`, the `at`th text of it; `None` if it is none.
pub(super) fn opinion(frame: &Frame<'_>, note: &Note, about: &str, at: usize) -> Option<Map<String, Value>> {
    let word = word(note.title.as_deref()?.strip_prefix(TITLE)?)?;
    let mut object = frame.object("opinion", &[about, &at.to_string()]);
    object.insert("opinion".to_owned(), word.into());
    if note.text != word {
        object.insert("explanation".to_owned(), note.text.as_str().into());
    }
    object.insert("object_refs".to_owned(), json!([about]));
    Some(object)
}

/// Returns STIX's own word, if a text is one.
pub(super) fn word(text: &str) -> Option<&'static str> {
    WORDS.into_iter().find(|word| *word == text)
}

/// Returns the title of the note that an opinion becomes.
pub(super) fn title(word: &'static str) -> String {
    format!("{TITLE}{word}")
}
