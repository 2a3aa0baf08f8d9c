//! Drafts from what people write for people: plain text, and pages of HTML.
//!
//! Agencies lay advisories out alike (see [`layout`](crate::layout)), so a line that is one of their titles begins a section, and
//! a line such as `Severity Rating: HIGH` says a fact. Whatever is nothing of that is the description. Nothing is guessed: what
//! has no place is named as left out, and the author reads the draft before anybody else does.
//!
//! | file | what |
//! |---|---|
//! | `html` | a page as lines of text, with what it links to |
//! | `lines` | lines, and what no line may hold |
//! | `sections` | which line begins which section |
//! | `facts` | ids, dates, labels and numbers of CVE |
//! | `references` | links, as lines have them |
//!
//! **No element survives.** A `<` that could begin a tag is followed by a space in every text of a draft, so that not even a
//! program that takes texts for markup runs one. A page is a sequence of tags and texts: no tree is built, so that one nested a
//! million times costs what one of that length costs, and entities are those of HTML, each of one or two characters.

mod facts;
mod html;
mod lines;
mod references;
mod sections;

use crate::draft::{ImportError, Imported};

use lines::Lines;

/// Most bytes of a text or a page.
pub(crate) const PROSE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Makes a draft of plain text.
///
/// # Errors
/// [`ImportError`], whose causes are the writer's.
pub(crate) fn import_text(bytes: &[u8]) -> Result<Imported, ImportError> {
    sections::draft(Lines::of_text(text(bytes)?))
}

/// Makes a draft of a page of HTML.
///
/// # Errors
/// [`ImportError`], whose causes are the writer's.
pub(crate) fn import_html(bytes: &[u8]) -> Result<Imported, ImportError> {
    sections::draft(html::lines(text(bytes)?)?)
}

/// Returns bytes as the text that they are. What has a NUL is no text but some program's format.
fn text(bytes: &[u8]) -> Result<&str, ImportError> {
    if bytes.len() > PROSE_BYTES_MAX {
        return Err(ImportError::TooLong { found: bytes.len(), most: PROSE_BYTES_MAX });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ImportError::NotText)?;
    if text.contains('\0') { Err(ImportError::NotText) } else { Ok(text) }
}

#[cfg(test)]
mod tests;
