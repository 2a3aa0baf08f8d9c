//! A document as values, for whoever writes one or reads a valid one.
//!
//! Fields stand in the alphabetical order of their keys, and that is how they are written: two spaces a level, a line feed
//! after each line and at the end, keys without a value left out, numbers and texts as `serde_json` writes them. So equal
//! documents are equal bytes, in every version of this crate, and their hashes and signatures hold. Test 6.2.13 asks for the
//! same order of keys.
//!
//! The schema forbids no keys that it does not know, so they are read over; who passes on somebody else's document passes on its
//! bytes, not what was read of it.

mod document;
mod products;
mod vulnerability;

use serde::{Deserialize, Serialize};

pub use document::{
    Acknowledgment, AggregateSeverity, Distribution, Document, Engine, Generator, Note, NoteCategory,
    Publisher, PublisherCategory, Reference, ReferenceCategory, Revision, Status, TlpLabel, TlpOfDocument,
    Tracking,
};
pub use products::{
    Branch, BranchCategory, FileHash, FileHashes, FullProductName, GenericUri, Helper, ProductGroup,
    ProductTree, Relationship, RelationshipCategory,
};
pub use vulnerability::{
    Flag, FlagLabel, IdOfSystem, Involvement, InvolvementStatus, Party, ProductStatus, Remediation,
    RemediationCategory, Restart, RestartCategory, Score, Threat, ThreatCategory, Vulnerability, Weakness,
};

use super::{
    DOCUMENT_BYTES_MAX,
    json::{Json, Unreadable},
};

/// A document of CSAF 2.0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Csaf {
    /// What is said of the document itself.
    pub document: Document,
    /// The products that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_tree: Option<ProductTree>,
    /// The vulnerabilities that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vulnerabilities: Vec<Vulnerability>,
}

/// Why a document is not read into values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It does not have the shape of the schema; [`validate`](super::validate) says where.
    #[error("the document does not fit the schema: {0}")]
    Misshapen(String),
    /// It is not JSON, or out of bounds.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// A document has more than [`DOCUMENT_BYTES_MAX`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the document has {0} bytes, and {DOCUMENT_BYTES_MAX} are the most")]
pub struct TooLarge(pub usize);

impl Csaf {
    /// Reads a document.
    ///
    /// # Errors
    /// [`ReadError`], whose causes are the writer's.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        // The bounds first: they hold for what is read over too.
        Json::read(bytes)?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        serde_json::from_slice(bytes).map_err(|error| ReadError::Misshapen(error.to_string()))
    }

    /// Writes the document, always to the same bytes.
    ///
    /// # Errors
    /// [`TooLarge`].
    ///
    /// # Panics
    /// Never: nothing in a document is a map with keys other than texts.
    pub fn write(&self) -> Result<Vec<u8>, TooLarge> {
        let mut bytes =
            serde_json::to_vec_pretty(self).expect("every value of a document has a form in JSON");
        bytes.push(b'\n');
        if bytes.len() > DOCUMENT_BYTES_MAX { Err(TooLarge(bytes.len())) } else { Ok(bytes) }
    }
}
