//! What a validation found.

use std::{collections::BTreeMap, fmt};

use super::{path::Path, rules::Rule};

/// Most findings of one rule in a report: more help nobody, and a hostile document could have a million. For each rule, so that
/// no flood of one hides another.
pub const FINDINGS_OF_RULE_MAX: usize = 100;

/// Longest part of a document that a finding repeats, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// The document is not valid: the schema, or a mandatory test (section 6.1).
    Error,
    /// Valid, but it should not be so without a good reason: an optional test (section 6.2).
    Warning,
    /// Worth knowing: an informative test (section 6.3).
    Information,
}

impl Weight {
    /// Returns the word for it: `error`, `warning` or `information`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

/// One breach of one rule at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is broken.
    pub rule: &'static Rule,
    /// Where: a JSON pointer (RFC 6901), empty for the document as a whole.
    pub pointer: String,
    /// What is wrong there and what to do about it, in a sentence or two.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{} {}: {pointer}: {}", self.rule.weight().name(), self.rule.id, self.message)
    }
}

/// Everything that a validation found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    findings: Vec<Finding>,
    left_out: usize,
    errors: usize,
    /// How many findings each rule has, kept or not.
    of_rule: BTreeMap<&'static str, usize>,
}

impl Report {
    /// Returns whether the document is valid: no finding is an error.
    pub const fn is_valid(&self) -> bool {
        self.errors == 0
    }

    /// Returns the findings: errors, then warnings, then information, each in the order of the rules.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns how many more findings there were, beyond [`FINDINGS_OF_RULE_MAX`] of one rule.
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    /// Adds a finding, or counts it if its rule has too many.
    pub(crate) fn add(&mut self, rule: &'static Rule, at: &Path<'_>, message: impl FnOnce() -> String) {
        if rule.weight() == Weight::Error {
            self.errors += 1;
        }
        let of_rule = self.of_rule.entry(rule.id).or_default();
        *of_rule += 1;
        if *of_rule > FINDINGS_OF_RULE_MAX {
            self.left_out += 1;
        } else {
            self.findings.push(Finding { rule, pointer: at.pointer(), message: message() });
        }
    }

    /// Puts the findings in their order.
    pub(crate) fn sort(&mut self) {
        // Stable: findings of one rule stay in the order of the document.
        self.findings.sort_by_key(|finding| (finding.rule.weight(), finding.rule.number()));
    }
}

/// Returns a part of a document as it may be shown: on one line, without what moves a cursor, and not too long.
pub(crate) fn shown(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(SHOWN_CHARS_MAX)
        .map(|c| if c.is_control() || is_bidi(c) { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}

/// Whether a character changes the direction of those around it, by which text can be made to look like another.
const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csaf::rules;

    #[test]
    fn no_flood_of_one_rule_hides_another() {
        let mut report = Report::default();
        for _ in 0..FINDINGS_OF_RULE_MAX + 5 {
            report.add(&rules::MISSING_CWE, &Path::ROOT, String::new);
        }
        assert!(report.is_valid());
        report.add(&rules::CWE, &Path::ROOT, || "late".to_owned());
        report.sort();
        assert!(!report.is_valid());
        assert_eq!((report.findings().len(), report.left_out()), (FINDINGS_OF_RULE_MAX + 1, 5));
        assert_eq!(report.findings()[0].message, "late");
    }

    #[test]
    fn what_is_repeated_of_a_document_cannot_move_the_cursor_or_turn_the_text() {
        assert_eq!(shown("a\u{1b}[2Jb\nc\u{202e}"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
        assert_eq!(shown(&"x".repeat(81)), "x".repeat(80) + "…");
        assert_eq!(shown(&"é".repeat(80)), "é".repeat(80));
    }
}
