//! Advisories: how far they may travel, and the formats in which the field exchanges them.
//!
//! Pure: documents come in as bytes, findings and documents go out. Who has an account, what is stored and what is sent
//! to whom is the server's.
//!
//! | module | what it is |
//! |---|---|
//! | [`csaf`] | advisories in the Common Security Advisory Framework, and whether they are valid |
//! | [`tlp`] | the label that says how far a document may travel (TLP 2.0) |

pub mod csaf;
pub mod tlp;

pub use tlp::Tlp;
