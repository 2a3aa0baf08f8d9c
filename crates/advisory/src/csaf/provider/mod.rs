//! What a trusted provider publishes beside its documents (section 7 of the standard): metadata, directories and ROLIE feeds.
//!
//! ```text
//!  /.well-known/csaf/provider-metadata.json                      requirements 7, 9
//!  /.well-known/csaf/service.json, category.json                 16, 17
//!  /.well-known/csaf/LABEL/, LABEL/YEAR/                         14
//!  /.well-known/csaf/LABEL/index.txt, changes.csv, feed.json     12, 13, 15
//!  /.well-known/csaf/LABEL/YEAR/DOCUMENT.json                    11
//!  /.well-known/csaf/LABEL/YEAR/DOCUMENT.json.sha256, .sha512, .asc       18, 19
//! ```
//!
//! Pure: documents and times come in, contents of files go out. Who may read which folder, how a signature is made and when
//! something is written is the server's. Each label of TLP 2.0 has a folder and a feed of its own, AMBER+STRICT too, although
//! the metadata can only call both AMBER: what a reader of one may see is decided for the folder as a whole, and nothing of a
//! narrower label, not even a title, stands in the files of a wider one.
//!
//! | module | what it is |
//! |---|---|
//! | `directory` | `index.txt`, `changes.csv`, listings, hashes |
//! | `metadata` | `provider-metadata.json`, the line for `security.txt` |
//! | `rolie` | feeds, the service and the category document (RFC 8322) |

mod directory;
mod metadata;
mod rolie;

pub use directory::{File, HashKind, changes, files, hash_file, index, listing, mirror_listing};
pub use metadata::{Key, metadata, security_txt_line};
pub use rolie::{OWN_SIGNATURE, category, feed, mirror_feed, service};

use sabha_protocol::bulletin::Severity;
use serde::Serialize;

use super::{
    filename,
    instant::Instant,
    model::{Csaf, Distribution, NoteCategory, Status},
};
use crate::Tlp;

/// Longest summary in a list, in characters: a list can have as many as there are documents.
pub const SUMMARY_CHARS_MAX: usize = 300;

/// Where on a server everything of CSAF is.
const WELL_KNOWN: &str = "/.well-known/csaf";

/// A document as lists of documents name it. [`Published::of`] makes one; whoever keeps it can put it together again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its label.
    pub label: Tlp,
    /// Its file within the folder of its label: `2026/ciad-2026-0001.json`.
    pub file: String,
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The first summary among its notes, its first [`SUMMARY_CHARS_MAX`] characters.
    pub summary: Option<String>,
    /// When it was first released (RFC 3339).
    pub published: String,
    /// When this version of it was released (RFC 3339).
    pub updated: String,
    /// How bad it says something is.
    pub severity: Option<Severity>,
}

/// Why a document is not published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The schema asks for times, and a folder is named for the year.
    #[error("publish: a date of the document's tracking is not a time")]
    Date,
    /// It is still being written.
    #[error("publish: the document is a draft")]
    Draft,
    /// Nobody knows who may read it.
    #[error("publish: the document has no label")]
    Label,
}

impl Published {
    /// Returns how lists name a document.
    ///
    /// # Errors
    /// [`PublishError`] if it is not one to be published.
    pub fn of(document: &Csaf) -> Result<Self, PublishError> {
        let meta = &document.document;
        let tracking = &meta.tracking;
        if tracking.status == Status::Draft {
            return Err(PublishError::Draft);
        }
        let is_time = |date: &str| Instant::parse(date).is_some();
        if !is_time(&tracking.initial_release_date) || !is_time(&tracking.current_release_date) {
            return Err(PublishError::Date);
        }
        let summary = meta.notes.iter().find(|note| note.category == NoteCategory::Summary);
        Ok(Self {
            label: meta.distribution.as_ref().and_then(Distribution::label).ok_or(PublishError::Label)?,
            // A time begins with its year.
            file: format!("{}/{}", &tracking.initial_release_date[..4], filename(&tracking.id)),
            id: tracking.id.clone(),
            title: meta.title.clone(),
            summary: summary.map(|note| short(&note.text)),
            published: tracking.initial_release_date.clone(),
            updated: tracking.current_release_date.clone(),
            severity: serde_json::to_value(document).ok().as_ref().and_then(crate::severity),
        })
    }

    /// Returns what its file is called, without the folder of its year.
    pub fn file_name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or_default()
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SUMMARY_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Returns the folder of a label below the server's root: `/.well-known/csaf/amber-strict`.
pub fn folder(label: Tlp) -> String {
    format!("{WELL_KNOWN}/{}", folder_name(label))
}

/// Returns the label of a folder's name: `amber-strict`.
pub fn label_of(folder: &str) -> Option<Tlp> {
    Tlp::ALL.into_iter().find(|label| folder_name(*label) == folder)
}

const fn folder_name(label: Tlp) -> &'static str {
    match label {
        Tlp::Clear => "clear",
        Tlp::Green => "green",
        Tlp::Amber => "amber",
        Tlp::AmberStrict => "amber-strict",
        Tlp::Red => "red",
    }
}

/// Returns the word for a label in the schema of the metadata, which knows no other.
const fn schema_label(label: Tlp) -> &'static str {
    match label {
        Tlp::Clear => "WHITE",
        Tlp::Green => "GREEN",
        Tlp::Amber | Tlp::AmberStrict => "AMBER",
        Tlp::Red => "RED",
    }
}

/// Returns the documents of one label, those that changed last first. Of two of one time, the order is that of their files, so
/// that the same documents always make the same list.
fn of_label(documents: &[Published], label: Tlp) -> Vec<&Published> {
    let mut of_label: Vec<&Published> = documents.iter().filter(|document| document.label == label).collect();
    of_label.sort_by(|one, other| {
        let newest_first = Instant::parse(&other.updated).cmp(&Instant::parse(&one.updated));
        newest_first.then_with(|| one.file.cmp(&other.file))
    });
    of_label
}

/// Writes a value as the crate writes documents: two spaces a level, and a line feed at the end.
pub(super) fn pretty(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("texts, lists and objects have a form in JSON");
    bytes.push(b'\n');
    bytes
}
