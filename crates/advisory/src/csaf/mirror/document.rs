//! Whether a document is kept.

use super::{Address, Trouble, cut, plan::compare};
use crate::{
    Tlp,
    csaf::{Csaf, Weight, filename, model::Publisher, provider::Published, validate},
};

/// What is kept of a document, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Where it came from.
    pub address: String,
    /// When it was released, as the list wrote it.
    pub listed: Option<String>,
    /// Its id.
    pub id: String,
    /// Its file: `2026/ciad-2026-0001.json`.
    pub file: String,
    /// When it was released, as it says itself.
    pub updated: String,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
}

/// A document to be kept, with what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirrored {
    /// Where it came from.
    pub address: String,
    /// When it was released, as the list wrote it.
    pub listed: Option<String>,
    /// What lists say of it.
    pub published: Published,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
    /// Its bytes.
    pub content: Vec<u8>,
    /// Its signature, as its provider has made it.
    pub signature: Vec<u8>,
}

/// Returns how lists name a document that came from `at`, if it is valid, for everybody, and `publisher`'s.
///
/// # Errors
/// [`Trouble::Document`], [`Trouble::Publisher`], [`Trouble::Name`].
pub(super) fn admit(content: &[u8], at: &Address, publisher: &Publisher) -> Result<Published, Trouble> {
    let address = at.to_string();
    let trouble = |what: String| Trouble::Document { address: address.clone(), what };
    let report = validate(content).map_err(|error| trouble(error.to_string()))?;
    if !report.is_valid() {
        let error = report.findings().iter().find(|finding| finding.rule.weight() == Weight::Error);
        return Err(trouble(
            error.map_or_else(|| "it is not valid".to_owned(), |error| cut(&error.to_string())),
        ));
    }
    let document = Csaf::read(content).map_err(|error| trouble(cut(&error.to_string())))?;
    let found = &document.document.publisher.namespace;
    if *found != publisher.namespace {
        let (found, wanted) = (cut(found), cut(&publisher.namespace));
        return Err(Trouble::Publisher { address, found, wanted });
    }
    let published = Published::of(&document).map_err(|error| trouble(error.to_string()))?;
    if published.label != Tlp::Clear {
        return Err(trouble(format!("it is {}, and only TLP:CLEAR is for everybody", published.label)));
    }
    if filename(&published.id) != at.file_name() {
        return Err(Trouble::Name(address));
    }
    Ok(published)
}

/// Checks a document against what is kept: `here` of its address, `there` of its id or file under another address.
///
/// # Errors
/// [`Trouble::Id`], [`Trouble::NotNewer`].
pub(super) fn goes_on(
    published: &Published,
    hash: &[u8; 32],
    address: &str,
    here: Option<&Known>,
    there: Option<&Known>,
) -> Result<(), Trouble> {
    let id = |before: String| Trouble::Id { address: address.to_owned(), found: cut(&published.id), before };
    if let Some(there) = there {
        return Err(id(format!("{} has it, or its file, already", there.address)));
    }
    let Some(here) = here else { return Ok(()) };
    if here.id != published.id {
        return Err(id(format!("had {:?} before", cut(&here.id))));
    }
    let order = compare(Some(&published.updated), Some(&here.updated));
    if order.is_lt() || order.is_eq() && here.hash != *hash {
        return Err(Trouble::NotNewer {
            address: address.to_owned(),
            found: published.updated.clone(),
            before: here.updated.clone(),
        });
    }
    Ok(())
}
