//! CSAF 2.0 with errata 01 (OASIS Standard, January 2024): documents, and whether they are valid.
//!
//! [`validate`] checks bytes against the JSON schema and the tests of section 6, and says of each breach which rule it is,
//! where, and what to do. It takes well under 5 ms for a typical document, so it can run at every keystroke; what a hostile
//! one may cost is bounded by [`json`](DOCUMENT_BYTES_MAX) and [`rules`](RULES).
//!
//! The rules are ours, one file for each group. There is a crate with them, `csaf-rs`; 0.6 brings 130 packages that the
//! server does not have, with a code generator in its build script, a regular-expression engine for patterns, a source of
//! randomness and a clock, it turns on `preserve_order` of `serde_json` for the whole server, and it stops at the first
//! value that does not fit its types, where an editor needs every fault of a document that is half written. Tests hold our
//! verdicts against the standard's vectors, and against an independent validator.
//!
//! | module | what it is |
//! |---|---|
//! | `json` | reads within bounds |
//! | [`model`] | documents as values, written always to the same bytes |
//! | `labels` | TLP 2.0 in a schema that knows TLP 1.0 |
//! | `revisions` | from draft to release, and on |
//! | `schema` | the JSON schema |
//! | `rules` | tests of section 6 |
//! | `cvss`, `purl`, `languages`, `weaknesses`, `versions`, `instant`, `uri` | what texts of a document mean |
//! | `filename` | what a document's file is called |
//! | `fitness` | whether a document can be published as it stands |
//! | [`provider`] | what a trusted provider publishes beside documents |
//! | [`mirror`] | a verified mirror of other providers' documents |
//! | `report` | what was found |

pub(crate) mod cvss;
mod filename;
mod fitness;
pub(crate) mod instant;
pub(crate) mod json;
mod labels;
pub(crate) mod languages;
pub mod mirror;
pub mod model;
mod path;
pub mod provider;
mod purl;
mod report;
mod revisions;
mod rules;
pub(crate) mod schema;
pub(crate) mod uri;
mod versions;
pub(crate) mod weaknesses;

pub use filename::{filename, filename_of_invalid};
pub use fitness::{Occasion, Unfit, judge};
pub use json::{DEPTH_MAX, DOCUMENT_BYTES_MAX, LIST_ITEMS_MAX, Unreadable, VALUES_MAX};
pub use model::{Csaf, ReadError, TooLarge};
pub(crate) use report::shown;
pub use report::{FINDINGS_OF_RULE_MAX, Finding, Report, Weight};
pub use revisions::{Release, RevisionError};
pub use rules::{RULES, Rule};

use json::Json;

/// Checks a document.
///
/// # Errors
/// [`Unreadable`] if it is not JSON, or breaks one of the bounds of this module.
pub fn validate(document: &[u8]) -> Result<Report, Unreadable> {
    let document = Json::read(document)?;
    let mut report = Report::default();
    schema::check(&document, &mut report);
    rules::check(&document, &mut report);
    report.sort();
    Ok(report)
}
