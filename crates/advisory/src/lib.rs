//! Advisories: how far they may travel, and the formats in which the field exchanges them.
//!
//! Pure: documents come in as bytes, findings and documents go out. Who has an account, what is stored and what is sent
//! to whom is the server's.
//!
//! | module | what it is |
//! |---|---|
//! | [`clearance`] | who may know of a document |
//! | [`csaf`] | advisories in the Common Security Advisory Framework, and whether they are valid |
//! | [`indicators`] | indicators of compromise, as a document states them |
//! | `intake` | which format something is that somebody shares |
//! | [`feed`] | documents for readers of news, in Atom and RSS |
//! | [`incident`] | the six hours in which an incident is reported |
//! | [`layout`] | a document as agencies lay it out, section by section |
//! | [`life`] | from draft to publication and withdrawal, and who may do which step |
//! | [`misp`] | documents as events of MISP, and back |
//! | [`notice`] | how much of a document may stand in a message about it |
//! | `prose` | drafts from plain text and from pages of HTML |
//! | `severity` | how severe a document says that it is |
//! | [`stix`] | documents as objects of STIX 2.1, and back |
//! | [`tlp`] | the label that says how far a document may travel (TLP 2.0) |

pub mod clearance;
mod content;
pub mod csaf;
mod draft;
pub mod feed;
pub mod incident;
pub mod indicators;
mod intake;
pub mod layout;
pub mod life;
pub mod misp;
pub mod notice;
mod prose;
mod severity;
mod source;
pub mod stix;
pub mod tlp;

pub use draft::{ImportError, Imported, LEFT_OUT_MAX, LeftOut};
pub use intake::{Sent, import, import_as};
pub use severity::severity;
pub use source::{Alone, AloneError, Owner, Source, initial_release_ms};
pub use tlp::Tlp;
