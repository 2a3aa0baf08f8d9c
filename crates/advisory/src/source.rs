//! What is exported: a published revision of the bulletin, or a document of CSAF that stands by itself.

use sabha_protocol::bulletin::DocumentKind;

use crate::{
    Tlp,
    csaf::{
        Csaf, ReadError,
        json::Json,
        model::{Distribution, Tracking},
    },
    indicators,
    stix::unix_ms,
};

/// An organisation that answers for a document.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// What tells it from all others.
    pub key: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// A published revision.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What tells its document from all others, in every revision.
    pub key: &'a str,
    /// What it is.
    pub kind: DocumentKind,
    /// How far it may travel.
    pub tlp: Tlp,
    /// Who answers for it.
    pub owner: Owner<'a>,
    /// When the first revision of the document was published, in milliseconds since 1970.
    pub created_ms: u64,
    /// When this one was published or withdrawn, in milliseconds since 1970.
    pub modified_ms: u64,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
    /// Its bytes: CSAF, complete or not.
    pub content: &'a [u8],
}

/// A document of CSAF by itself: what a bulletin knows of a revision is taken from what stands in it.
#[derive(Clone, Debug)]
pub struct Alone<'a> {
    csaf: Csaf,
    key: String,
    tlp: Tlp,
    content: &'a [u8],
}

/// Why a document that stands by itself is not exported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AloneError {
    /// It does not say how far it may travel.
    #[error("the document names no label of TLP, and without one nobody knows how far it may travel")]
    Label,
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Returns when the first revision of a document was released, in milliseconds since 1970, as its content says.
pub fn initial_release_ms(content: &[u8]) -> Option<u64> {
    let json = Json::read(content).ok()?;
    json.get("document")?.get("tracking")?.text("initial_release_date").and_then(unix_ms)
}

impl<'a> Alone<'a> {
    /// Reads a document.
    ///
    /// # Errors
    /// [`AloneError`], whose causes are the writer's.
    pub fn read(content: &'a [u8]) -> Result<Self, AloneError> {
        let csaf = Csaf::read(content)?;
        let label = csaf.document.distribution.as_ref().and_then(Distribution::label);
        let tlp = label.ok_or(AloneError::Label)?;
        // Ids of documents are unique for their publisher (section 3.2.1.12.4 of CSAF).
        let key = format!("{} {}", csaf.document.publisher.namespace, csaf.document.tracking.id);
        Ok(Self { csaf, key, tlp, content })
    }

    /// Returns the document as something to export.
    pub fn source(&self) -> Source<'_> {
        let document = &self.csaf.document;
        let Tracking { initial_release_date, current_release_date, .. } = &document.tracking;
        let is_set = || document.notes.iter().any(|note| note.title.as_deref() == Some(indicators::TITLE));
        let kind = match document.category.as_str() {
            "csaf_security_incident_response" => DocumentKind::IncidentReport,
            _ if !self.csaf.vulnerabilities.is_empty() => DocumentKind::VulnerabilityNote,
            _ if is_set() => DocumentKind::IndicatorSet,
            _ => DocumentKind::Advisory,
        };
        Source {
            key: &self.key,
            kind,
            tlp: self.tlp,
            owner: Owner { key: &document.publisher.namespace, name: &document.publisher.name },
            created_ms: unix_ms(initial_release_date).unwrap_or(0),
            modified_ms: unix_ms(current_release_date).unwrap_or(0),
            withdrawn: false,
            content: self.content,
        }
    }
}
