//! What a document says of itself: section 3.2.1 of the standard, and the types that other parts share with it.

use serde::{Deserialize, Serialize};

/// What is said of the document itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Who is thanked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledgments: Vec<Acknowledgment>,
    /// How urgent it is, in the publisher's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregate_severity: Option<AggregateSeverity>,
    /// Its category: that of a profile, or another.
    pub category: String,
    /// Always `2.0`.
    pub csaf_version: String,
    /// How far it may travel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<Distribution>,
    /// Its language, a tag of BCP 47.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// Texts that hold for the whole document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Who publishes it.
    pub publisher: Publisher,
    /// Where it is, and where more can be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// The language that it was translated from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_lang: Option<String>,
    /// Its title.
    pub title: String,
    /// Its id, version and history.
    pub tracking: Tracking,
}

/// Thanks to somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acknowledgment {
    /// People.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// What they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Where more is said of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
}

/// How urgent a document is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AggregateSeverity {
    /// Where the words are explained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The word for it.
    pub text: String,
}

/// How far a document may travel. [`Distribution::labelled`] makes one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// Rules in words, beginning with the exact label of TLP 2.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The label that the schema knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlp: Option<TlpOfDocument>,
}

/// A label of the Traffic Light Protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TlpOfDocument {
    /// The label.
    pub label: TlpLabel,
    /// Where it is explained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A label of TLP 1.0: what the schema knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TlpLabel {
    /// Need to know.
    Amber,
    /// Within the community.
    Green,
    /// To those who were given it.
    Red,
    /// To the world.
    White,
}

impl TlpLabel {
    /// Returns the label's name: `AMBER`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Amber => "AMBER",
            Self::Green => "GREEN",
            Self::Red => "RED",
            Self::White => "WHITE",
        }
    }
}

/// A text of a category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// For whom it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// What it is.
    pub category: NoteCategory,
    /// The text.
    pub text: String,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// What a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteCategory {
    /// A description.
    Description,
    /// Everything in detail.
    Details,
    /// Questions and answers.
    Faq,
    /// Anything that has no category of its own.
    General,
    /// A disclaimer.
    LegalDisclaimer,
    /// Something else; the title says what.
    Other,
    /// A summary.
    Summary,
}

/// Who publishes a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Publisher {
    /// What kind of publisher it is.
    pub category: PublisherCategory,
    /// How it is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_details: Option<String>,
    /// What it has to say on this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuing_authority: Option<String>,
    /// Its name.
    pub name: String,
    /// A URI that stands for it and that ids of its documents are unique in.
    pub namespace: String,
}

/// A kind of publisher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublisherCategory {
    /// Who coordinates, such as a CERT.
    Coordinator,
    /// Who found the vulnerability.
    Discoverer,
    /// Somebody else.
    Other,
    /// Who translates documents of others.
    Translator,
    /// Who uses the products.
    User,
    /// Who makes the products.
    Vendor,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Whether it leads to the document itself; external if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<ReferenceCategory>,
    /// What is there.
    pub summary: String,
    /// The link.
    pub url: String,
}

/// Where a link leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceCategory {
    /// Elsewhere.
    External,
    /// To this document, or another form of it.
    #[serde(rename = "self")]
    Itself,
}

/// A document's id, version and history. [`Tracking::draft`] begins one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tracking {
    /// Other ids for the same document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// When this version was released (RFC 3339).
    pub current_release_date: String,
    /// What made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<Generator>,
    /// Its id, unique for its publisher.
    pub id: String,
    /// When it was first released (RFC 3339).
    pub initial_release_date: String,
    /// Every version there was, oldest first.
    pub revision_history: Vec<Revision>,
    /// Whether it is a draft.
    pub status: Status,
    /// Its version.
    pub version: String,
}

/// What made a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generator {
    /// When (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// By what.
    pub engine: Engine,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Engine {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A version that there was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// When it was released (RFC 3339).
    pub date: String,
    /// What its publisher called it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legacy_version: Option<String>,
    /// The version.
    pub number: String,
    /// What changed.
    pub summary: String,
}

/// How far a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not released.
    Draft,
    /// Released; changes are not foreseen.
    Final,
    /// Released; changes are foreseen.
    Interim,
}
