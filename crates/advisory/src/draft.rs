//! Drafts that are made from what others share in other formats.
//!
//! What comes from outside stays text: nothing of it is run, opened or shown other than as text. What has no place in a draft is
//! named, so that nobody takes a part for the whole.

use sabha_protocol::{
    bulletin::DocumentKind,
    limits::{DOCUMENT_BYTES_MAX, DOCUMENT_TITLE_CHARS_MAX},
};
use serde_json::json;

use crate::{
    Tlp,
    csaf::{
        Csaf, Unreadable,
        cvss::{Cvss, severity},
        model::{
            AggregateSeverity, Distribution, Document, FullProductName, Note, NoteCategory, ProductStatus,
            ProductTree, Publisher, PublisherCategory, Reference, ReferenceCategory, Score, Tracking,
            Vulnerability, Weakness,
        },
        shown,
        uri::is_uri,
        weaknesses,
    },
    indicators::{self, Full, Gathering, Indicator},
    stix::timestamp,
};

/// Most things that are named as left out; more are counted.
pub const LEFT_OUT_MAX: usize = 100;

/// A draft, made from what somebody shares in another format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// What it seems to be.
    pub kind: DocumentKind,
    /// The narrowest label that it names. `None` if it names none, which is for its author to decide and never means CLEAR.
    pub tlp: Option<Tlp>,
    /// A document of CSAF 2.0, a draft.
    pub content: Vec<u8>,
    /// What is not in it, [`LEFT_OUT_MAX`] at most.
    pub left_out: Vec<LeftOut>,
    /// How many more are not in it.
    pub left_out_more: usize,
}

/// Something that is not in the draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// What it is: its id, or what else names it.
    pub what: String,
    /// Why it is not there.
    pub why: &'static str,
}

/// Why nothing is made of what somebody shares.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// There is nothing in it that a document could be made of.
    #[error("there is nothing in it of which a document could be made")]
    Empty,
    /// It is JSON, but not of this format.
    #[error("this is not {0}")]
    Format(&'static str),
    /// It is packed, or a program's own format.
    #[error(
        "this is {0}, in which nothing is looked for: import the text, the page or the JSON that is in it"
    )]
    Packed(&'static str),
    /// It is to be text, and is not in UTF-8 or has bytes that no text has.
    #[error("this is not text in UTF-8")]
    NotText,
    /// It is longer than a text that is read.
    #[error("it has {found} bytes, and {most} are the most of a text or a page")]
    TooLong {
        /// How many.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// There are too many tags and texts in a page.
    #[error("there are more than {0} tags and texts in the page")]
    Tokens(usize),
    /// There are too many objects in it.
    #[error("there are {found} objects in it, and {most} are the most")]
    Objects {
        /// How many.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// The draft would be too long.
    #[error("a document made of it would have {0} bytes, and {DOCUMENT_BYTES_MAX} are the most")]
    TooLarge(usize),
    /// It is not JSON, or out of bounds.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// What is not in a draft, while it is put together.
#[derive(Default)]
pub(crate) struct Left {
    named: Vec<LeftOut>,
    more: usize,
}

impl Left {
    pub(crate) fn out(&mut self, what: &str, why: &'static str) {
        if self.named.len() < LEFT_OUT_MAX {
            self.named.push(LeftOut { what: shown(what), why });
        } else {
            self.more += 1;
        }
    }
}

/// A draft while it is put together.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) title: String,
    /// What its publisher calls it.
    pub(crate) tracking: String,
    /// When it was changed last, in milliseconds since 1970.
    pub(crate) date_ms: u64,
    pub(crate) publisher: String,
    /// How to reach it.
    pub(crate) contact: Option<String>,
    /// A URI that stands for the publisher.
    pub(crate) namespace: String,
    pub(crate) lang: Option<String>,
    pub(crate) tlp: Option<Tlp>,
    /// How urgent it is, in the publisher's word.
    pub(crate) severity: Option<String>,
    pub(crate) notes: Vec<Note>,
    pub(crate) references: Vec<Reference>,
    /// Names and CPEs of products; the ids of vulnerabilities refer to them by [`product_id`].
    pub(crate) products: Vec<(String, Option<String>)>,
    pub(crate) vulnerabilities: Vec<Vulnerability>,
    indicators: Gathering,
    /// Bytes of what is written more than once.
    repeated: usize,
    pub(crate) left: Left,
}

impl Draft {
    /// Takes a label that it names: the narrowest counts.
    pub(crate) fn narrow(&mut self, label: Tlp) {
        self.tlp = Some(self.tlp.map_or(label, |known| known.narrower(label)));
    }

    pub(crate) fn refer(&mut self, summary: &str, url: &str) {
        match reference(summary, url) {
            Some(reference) => self.references.push(reference),
            None => self.left.out(summary, "its link is no URI"),
        }
    }

    /// Adds an indicator, each once, and returns its place.
    pub(crate) fn indicate(&mut self, indicator: Option<Indicator>, what: &str) -> Option<usize> {
        match indicator {
            Some(indicator) => self.state(what, |indicators| indicators.indicator(indicator)),
            None => {
                self.left.out(what, "its value is not one of its kind");
                None
            }
        }
    }

    /// Adds what indicators can state; where there is no room for it, `what` is left out.
    pub(crate) fn state<T>(
        &mut self,
        what: &str,
        state: impl FnOnce(&mut Gathering) -> Result<T, Full>,
    ) -> Option<T> {
        let stated = state(&mut self.indicators).ok();
        if stated.is_none() {
            self.left.out(what, "there are more indicators than a document can have");
        }
        stated
    }

    /// Takes all that the text of a note of indicators states. Returns whether every line states something; if not, nothing is taken.
    pub(crate) fn gather(&mut self, text: &str) -> bool {
        let (groups, all) = indicators::read(text);
        if all {
            self.state(indicators::TITLE, |indicators| {
                groups.into_iter().try_for_each(|one| indicators.take(one))
            });
        }
        all
    }

    /// Returns whether there is room for `bytes` more of what is written in several places. What stands in one place is as long
    /// as what was read; a text that a thousand things refer to would be a thousand times as long.
    pub(crate) fn fits(&mut self, bytes: usize) -> bool {
        self.repeated = self.repeated.saturating_add(bytes);
        self.repeated <= DOCUMENT_BYTES_MAX / 4
    }

    /// Finishes the draft.
    pub(crate) fn finish(mut self, kind: Option<DocumentKind>) -> Result<Imported, ImportError> {
        if self.notes.is_empty()
            && self.references.is_empty()
            && self.vulnerabilities.is_empty()
            && self.indicators.is_empty()
        {
            return Err(ImportError::Empty);
        }
        let kind = kind.unwrap_or(match (self.vulnerabilities.is_empty(), self.indicators.is_empty()) {
            (false, _) => DocumentKind::VulnerabilityNote,
            (true, false) => DocumentKind::IndicatorSet,
            (true, true) => DocumentKind::Advisory,
        });
        for nameless in self.vulnerabilities.iter_mut().filter(|found| **found == vulnerability()) {
            nameless.title = Some("Vulnerability without a name".to_owned());
        }
        if !self.indicators.is_empty() {
            let text = indicators::write(&std::mem::take(&mut self.indicators).groups());
            self.notes.extend(note(NoteCategory::Other, Some(indicators::TITLE), &text));
        }
        let Self {
            title,
            tracking,
            date_ms,
            publisher,
            contact,
            namespace,
            lang,
            tlp,
            severity,
            notes,
            references,
            ..
        } = self;
        let date = timestamp(date_ms);
        let tracking = Tracking::draft(&line(&tracking, "unnamed"), &date).map_err(|_| ImportError::Empty)?;
        let products: Vec<FullProductName> = self
            .products
            .iter()
            .enumerate()
            .map(|(at, (name, cpe))| product(at, name, cpe.as_deref()))
            .collect();
        let csaf = Csaf {
            document: Document {
                acknowledgments: Vec::new(),
                aggregate_severity: severity.map(|text| AggregateSeverity { namespace: None, text }),
                category: "csaf_base".to_owned(),
                csaf_version: "2.0".to_owned(),
                distribution: tlp.map(|label| Distribution::labelled(label, None)),
                lang,
                notes,
                publisher: Publisher {
                    category: PublisherCategory::Other,
                    contact_details: contact,
                    issuing_authority: None,
                    name: line(&publisher, "unknown"),
                    namespace,
                },
                references,
                source_lang: None,
                title: line(&title, "Document without a title"),
                tracking,
            },
            product_tree: (!products.is_empty()).then(|| ProductTree {
                branches: Vec::new(),
                full_product_names: products,
                product_groups: Vec::new(),
                relationships: Vec::new(),
            }),
            vulnerabilities: self.vulnerabilities,
        };
        let content = csaf.write().map_err(|error| ImportError::TooLarge(error.0))?;
        if content.len() > DOCUMENT_BYTES_MAX {
            return Err(ImportError::TooLarge(content.len()));
        }
        let Left { named, more } = self.left;
        Ok(Imported { kind, tlp, content, left_out: named, left_out_more: more })
    }
}

/// Returns the id of the `at`th product.
pub(crate) fn product_id(at: usize) -> String {
    format!("P{}", at + 1)
}

fn product(at: usize, name: &str, cpe: Option<&str>) -> FullProductName {
    let helper = cpe.map(|cpe| crate::csaf::model::Helper {
        cpe: Some(cpe.to_owned()),
        hashes: Vec::new(),
        model_numbers: Vec::new(),
        purl: None,
        sbom_urls: Vec::new(),
        serial_numbers: Vec::new(),
        skus: Vec::new(),
        x_generic_uris: Vec::new(),
    });
    FullProductName {
        name: name.to_owned(),
        product_id: product_id(at),
        product_identification_helper: helper,
    }
}

/// Returns a vulnerability of which nothing is known yet.
pub(crate) const fn vulnerability() -> Vulnerability {
    Vulnerability {
        acknowledgments: Vec::new(),
        cve: None,
        cwe: None,
        discovery_date: None,
        flags: Vec::new(),
        ids: Vec::new(),
        involvements: Vec::new(),
        notes: Vec::new(),
        product_status: None,
        references: Vec::new(),
        release_date: None,
        remediations: Vec::new(),
        scores: Vec::new(),
        threats: Vec::new(),
        title: None,
    }
}

/// Returns that nothing is known of any product.
pub(crate) const fn no_status() -> ProductStatus {
    ProductStatus {
        first_affected: Vec::new(),
        first_fixed: Vec::new(),
        fixed: Vec::new(),
        known_affected: Vec::new(),
        known_not_affected: Vec::new(),
        last_affected: Vec::new(),
        recommended: Vec::new(),
        under_investigation: Vec::new(),
    }
}

/// Returns a text, if there is one.
pub(crate) fn note(category: NoteCategory, title: Option<&str>, text: &str) -> Option<Note> {
    let title = title.filter(|title| !title.trim().is_empty()).map(str::to_owned);
    (!text.trim().is_empty()).then(|| Note { audience: None, category, text: text.to_owned(), title })
}

/// Returns a link, if it is one.
pub(crate) fn reference(summary: &str, url: &str) -> Option<Reference> {
    let summary = if summary.trim().is_empty() { "Reference" } else { summary };
    let category = Some(ReferenceCategory::External);
    is_uri(url).then(|| Reference { category, summary: summary.to_owned(), url: url.to_owned() })
}

/// Returns whether a text is a number of CVE, as the schema of CSAF has it.
pub(crate) fn is_cve(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')).is_some_and(|(year, number)| {
        year.len() == 4 && (4..=19).contains(&number.len()) && digits(year) && digits(number)
    })
}

/// Returns a weakness by its number, such as `CWE-79`.
pub(crate) fn weakness(id: &str) -> Option<Weakness> {
    let name = weaknesses::names(id.strip_prefix("CWE-")?.parse().ok()?).first()?;
    Some(Weakness { id: id.to_owned(), name: (*name).to_owned() })
}

/// Returns the score of a vector of CVSS 2.0, 3.0 or 3.1 for some products.
pub(crate) fn score(vector: &str, products: &[String]) -> Option<Score> {
    let (version, name) = match vector.split_once('/') {
        Some(("CVSS:3.1", _)) => (Cvss::V31, "3.1"),
        Some(("CVSS:3.0", _)) => (Cvss::V30, "3.0"),
        _ => (Cvss::V2, "2.0"),
    };
    let tenths = version.read(vector).ok()?.scores().base;
    let mut object =
        json!({ "version": name, "vectorString": vector, "baseScore": f64::from(tenths) / 10.0 });
    let products = products.to_vec();
    Some(if version == Cvss::V2 {
        Score { cvss_v2: Some(object), cvss_v3: None, products }
    } else {
        object["baseSeverity"] = severity(tenths).into();
        Score { cvss_v2: None, cvss_v3: Some(object), products }
    })
}

/// Returns a text as one line of a title's length, without what moves a cursor or turns text around.
pub(crate) fn line(text: &str, else_: &str) -> String {
    let hidden =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain: String = text.chars().map(|c| if c.is_control() || hidden(c) { ' ' } else { c }).collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = words.chars().take(DOCUMENT_TITLE_CHARS_MAX).collect();
    if short.trim().is_empty() { else_.to_owned() } else { short.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_nothing_that_moves_a_cursor_or_turns_text() {
        assert_eq!(line("a\u{1b}[2J\n b\u{202e}c\t", ""), "a [2J b c");
        assert_eq!(line(&"é".repeat(500), "").chars().count(), DOCUMENT_TITLE_CHARS_MAX);
        assert_eq!(line(" \n", "none"), "none");
    }

    #[test]
    fn numbers_vectors_and_weaknesses_are_taken_if_they_are_some() {
        assert!(is_cve("CVE-2026-1234") && is_cve("CVE-2026-1234567"));
        for text in ["CVE-2026-123", "cve-2026-1234", "CVE-26-1234", "CVE-2026-1234x", "CVE-2026"] {
            assert!(!is_cve(text), "{text}");
        }
        assert!(weakness("CWE-79").is_some() && weakness("CWE-0").is_none() && weakness("79").is_none());
        let found = score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", &["P1".to_owned()]).unwrap();
        let object = found.cvss_v3.unwrap();
        assert_eq!((&object["baseScore"], &object["baseSeverity"]), (&json!(9.8), &json!("CRITICAL")));
        assert!(score("CVSS:4.0/AV:N", &[]).is_none());
    }

    #[test]
    fn so_much_is_named_as_left_out_and_the_rest_is_counted() {
        let mut left = Left::default();
        for _ in 0..LEFT_OUT_MAX + 3 {
            left.out(&"x".repeat(1000), "it is long");
        }
        assert_eq!((left.named.len(), left.more), (LEFT_OUT_MAX, 3));
        assert!(left.named[0].what.chars().count() <= 81);
    }
}
