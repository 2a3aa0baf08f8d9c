//! Whether a document is valid CSAF: what is asked before it is submitted, and what is found.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::accounts::body;
use crate::Rule;

body! {
    /// Body of `POST /api/v1/bulletin/check`: a document, which need not be stored.
    CheckContent {
        /// A JSON object of CSAF as text.
        content: String,
    }
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingWeight {
    /// The document is not valid: the schema, or a mandatory test (section 6.1 of CSAF 2.0).
    Error,
    /// Valid, but it should not be so without a good reason: an optional test (section 6.2).
    Warning,
    /// Worth knowing: an informative test (section 6.3).
    Information,
}

body! {
    /// One breach of one rule at one place.
    CheckFinding {
        /// The rule: `CSAF-6.1.16` is test 6.1.16 of CSAF 2.0, `CSAF-SCHEMA` its JSON schema.
        rule: String,
        /// What the rule is about, in a few words.
        title: String,
        /// How much it weighs.
        weight: FindingWeight,
        /// Where: a JSON pointer (RFC 6901), empty for the document as a whole.
        pointer: String,
        /// What is wrong there and what to do about it.
        message: String,
    }
}

body! {
    /// Answer to `POST /api/v1/bulletin/check`.
    CheckReport {
        /// Whether no finding is an error.
        valid: bool,
        /// Errors, then warnings, then information; at most 100 of one rule.
        findings: Vec<CheckFinding>,
        /// How many more there were of rules that had too many.
        #[ts(type = "number")]
        left_out: u64,
    }
}

body! {
    /// Body of the answer (status 422) to a step with a document that is not fit for it: an [`ApiError`](super::http::ApiError)
    /// with what was found.
    NotFit {
        /// `BULLETIN.CSAF`.
        rule: Rule,
        /// The same in a sentence, for people.
        message: String,
        /// What is wrong with the document.
        check: CheckReport,
    }
}
