//! An advisory as agencies lay it out: what stands at its head, and its sections in the order in which they are read.
//!
//! Pure, and forgiving: a draft need not be complete, and what is not where CSAF 2.0 has it is left out, never guessed. Nothing
//! is escaped here and nothing is a link that does not begin with `https://`: whoever shows a layout shows texts.
//!
//! | section | comes from |
//! |---|---|
//! | [`Part::Affected`] | products of `product_status`, else all of `product_tree`; notes of that title |
//! | [`Part::Overview`] | notes of category `summary` |
//! | [`Part::Audience`] | `audience` of the document's notes; notes of that title |
//! | [`Part::Risk`], [`Part::Impact`] | notes of that title; `threats` |
//! | [`Part::Description`] | all other notes |
//! | [`Part::Solution`] | `remediations`; notes of that title |
//! | [`Part::Vendor`] | URLs of remediations; notes of that title |
//! | [`Part::References`] | `references` |
//! | [`Part::Vulnerabilities`] | `cve` or `ids`, `cwe`, `scores` |
//! | [`Part::Thanks`] | `acknowledgments` |
//! | [`Part::Contact`] | `publisher` |
//! | [`Part::Disclaimer`] | notes of category `legal_disclaimer` |
//! | [`Part::Revisions`] | `tracking.revision_history` |
//!
//! The browser lays a document out in the same way while it is written (`web/src/bulletin/document/layout.ts`);
//! `layout/vectors.json` holds the two together.

mod notes;
mod products;

use std::collections::BTreeSet;

use serde_json::Value;

pub(crate) use self::notes::part_named;
use self::{notes::part_of, products::Products};

/// A document as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Layout {
    /// `document.title`; empty where there is none.
    pub title: String,
    /// `document.tracking.id`.
    pub id: Option<String>,
    /// `document.tracking.version`.
    pub version: Option<String>,
    /// `document.tracking.status`.
    pub status: Option<String>,
    /// When it was published first (RFC 3339, as the document has it).
    pub original: Option<String>,
    /// When this version was published (RFC 3339, as the document has it).
    pub current: Option<String>,
    /// How urgent it is in the publisher's words, else the highest severity of its CVSS scores.
    pub severity: Option<String>,
    /// The tag of its language (BCP 47), if it can be one.
    pub language: Option<String>,
    /// Who publishes it.
    pub publisher: Option<String>,
    /// What it says, in the order of [`Part`]; none is empty.
    pub sections: Vec<Section>,
}

/// A section with what stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Section {
    /// Which one it is.
    pub part: Part,
    /// At least one.
    pub entries: Vec<Entry>,
}

/// Something that stands in a section. Something of it is always there.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Entry {
    /// What kind of thing it is, where the section has several.
    pub term: Option<Term>,
    /// What stands above it or before it.
    pub heading: Option<String>,
    /// When it was, as the document has it.
    pub date: Option<String>,
    /// What it says; lines and paragraphs as they were written.
    pub text: Option<String>,
    /// Where more is said: begins with `https://`.
    pub link: Option<String>,
}

/// The sections, in the order in which agencies have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Part {
    /// Which systems it is about.
    Affected,
    /// What it is about, in short.
    Overview,
    /// Whom it addresses.
    Audience,
    /// What can happen.
    Risk,
    /// What that would mean.
    Impact,
    /// All of it.
    Description,
    /// What to do.
    Solution,
    /// Where the makers say more.
    Vendor,
    /// Where others say more.
    References,
    /// The vulnerabilities by their names.
    Vulnerabilities,
    /// Who is thanked.
    Thanks,
    /// Whom to ask.
    Contact,
    /// What nobody is liable for.
    Disclaimer,
    /// What changed when.
    Revisions,
}

/// What kind of thing an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Term {
    /// The product is affected.
    Affected,
    /// It is not known yet whether the product is.
    Investigated,
    /// The product is not affected.
    NotAffected,
    /// The product is so no more.
    Fixed,
    /// The product is the one to use.
    Recommended,
    /// Something else than a fix that helps.
    Mitigation,
    /// There will be no fix.
    NoFixPlanned,
    /// There is nothing that helps.
    NoneAvailable,
    /// The maker's fix.
    VendorFix,
    /// A way around.
    Workaround,
}

/// Returns how a document is shown. `content` is a JSON document; what is none has an empty layout.
pub fn layout(content: &[u8]) -> Layout {
    serde_json::from_slice::<Value>(content).map_or_else(|_| Layout::default(), |content| of(&content))
}

fn of(content: &Value) -> Layout {
    let document = &content["document"];
    let tracking = &document["tracking"];
    let mut sheet = Sheet::default();
    sheet.products(content);
    sheet.document(document);
    for vulnerability in list(content, "vulnerabilities") {
        sheet.vulnerability(vulnerability);
    }
    Layout {
        title: text(document, "title").unwrap_or_default(),
        id: text(tracking, "id"),
        version: text(tracking, "version"),
        status: text(tracking, "status"),
        original: text(tracking, "initial_release_date"),
        current: text(tracking, "current_release_date"),
        severity: text(&document["aggregate_severity"], "text").or_else(|| highest_severity(content)),
        language: text(document, "lang").filter(|tag| is_language(tag)),
        publisher: text(&document["publisher"], "name"),
        sections: sheet.sections(),
    }
}

/// Entries as they are found, each with where it belongs.
#[derive(Debug, Default)]
struct Sheet(Vec<(Part, Entry)>);

impl Sheet {
    /// Adds an entry, if it says anything and was not said before.
    fn add(&mut self, part: Part, entry: Entry) {
        let says = entry.heading.is_some() || entry.text.is_some() || entry.link.is_some();
        if says {
            self.0.push((part, entry));
        }
    }

    /// Returns the sections. What is said twice in one is said once: vulnerabilities often share what to do.
    fn sections(mut self) -> Vec<Section> {
        self.0.sort_by_key(|(part, _)| *part);
        let mut said = BTreeSet::new();
        let mut sections: Vec<Section> = Vec::new();
        for (part, entry) in self.0 {
            if !said.insert((part, entry.clone())) {
                continue;
            }
            match sections.last_mut() {
                Some(section) if section.part == part => section.entries.push(entry),
                _ => sections.push(Section { part, entries: vec![entry] }),
            }
        }
        sections
    }

    fn products(&mut self, content: &Value) {
        for (term, name) in Products::of(content).stated(content) {
            self.add(Part::Affected, Entry { term, heading: Some(name), ..Entry::default() });
        }
    }

    fn document(&mut self, document: &Value) {
        for note in list(document, "notes") {
            let part = self.note(note, None);
            // Where an audience has a section of its own, that note says for whom it is.
            if part != Part::Audience
                && let audience @ Some(_) = text(note, "audience")
            {
                self.add(Part::Audience, Entry { text: audience, ..Entry::default() });
            }
        }
        self.references(document);
        self.thanks(document);
        let publisher = &document["publisher"];
        let contact = Entry {
            text: text(publisher, "contact_details"),
            link: link(publisher, "namespace"),
            ..Entry::default()
        };
        self.add(Part::Contact, Entry { heading: text(publisher, "name"), ..contact });
        self.add(Part::Contact, Entry { text: text(publisher, "issuing_authority"), ..Entry::default() });
        for revision in list(&document["tracking"], "revision_history") {
            let (heading, date) = (text(revision, "number"), text(revision, "date"));
            self.add(
                Part::Revisions,
                Entry { heading, date, text: text(revision, "summary"), ..Entry::default() },
            );
        }
    }

    fn vulnerability(&mut self, vulnerability: &Value) {
        let cve = text(vulnerability, "cve");
        let id = list(vulnerability, "ids").iter().find_map(|id| text(id, "text"));
        let title = text(vulnerability, "title");
        let name = cve.or(id).or_else(|| title.clone());
        let lines: Vec<String> = [title.filter(|title| Some(title) != name.as_ref())]
            .into_iter()
            .flatten()
            .chain(list(vulnerability, "scores").iter().filter_map(score))
            .chain(weakness(&vulnerability["cwe"]))
            .collect();
        let said = (!lines.is_empty()).then(|| lines.join("\n"));
        self.add(Part::Vulnerabilities, Entry { heading: name.clone(), text: said, ..Entry::default() });

        for note in list(vulnerability, "notes") {
            self.note(note, name.as_deref());
        }
        for threat in list(vulnerability, "threats") {
            let part = if threat["category"] == "impact" { Part::Impact } else { Part::Risk };
            let details = text(threat, "details");
            if details.is_some() {
                self.add(part, Entry { heading: name.clone(), text: details, ..Entry::default() });
            }
        }
        for remediation in list(vulnerability, "remediations") {
            let link = link(remediation, "url");
            let entry = Entry {
                term: remedy(&remediation["category"]),
                date: text(remediation, "date"),
                text: text(remediation, "details"),
                ..Entry::default()
            };
            self.add(Part::Solution, entry);
            self.add(Part::Vendor, Entry { link, ..Entry::default() });
        }
        self.references(vulnerability);
        self.thanks(vulnerability);
    }

    /// Adds a note about the document, or about `subject`, and returns where.
    fn note(&mut self, note: &Value, subject: Option<&str>) -> Part {
        let title = text(note, "title");
        let (part, is_named) = part_of(note["category"].as_str(), title.as_deref());
        // A title that only names its section need not be said again.
        let title = title.filter(|_| !is_named);
        let heading = match (subject, title) {
            (Some(subject), Some(title)) => Some(format!("{subject}: {title}")),
            (subject, title) => title.or(subject.map(str::to_owned)),
        };
        if let said @ Some(_) = text(note, "text") {
            self.add(part, Entry { heading, text: said, ..Entry::default() });
        }
        part
    }

    fn references(&mut self, of: &Value) {
        for reference in list(of, "references") {
            let (summary, link) = (text(reference, "summary"), link(reference, "url"));
            // What is no link is still an address to be read.
            let said = if link.is_none() { text(reference, "url") } else { None };
            self.add(Part::References, Entry { heading: summary, text: said, link, ..Entry::default() });
        }
    }

    fn thanks(&mut self, of: &Value) {
        for thanks in list(of, "acknowledgments") {
            let names = list(thanks, "names").iter().filter_map(Value::as_str).map(str::to_owned);
            let who: Vec<String> = names.chain(text(thanks, "organization")).collect();
            let heading = (!who.is_empty()).then(|| who.join(", "));
            let link = list(thanks, "urls").iter().find_map(as_link);
            self.add(
                Part::Thanks,
                Entry { heading, text: text(thanks, "summary"), link, ..Entry::default() },
            );
        }
    }
}

/// Returns a text of an object, without the white space around it; an empty one is none.
fn text(of: &Value, key: &str) -> Option<String> {
    of.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn list<'a>(of: &'a Value, key: &str) -> &'a [Value] {
    of.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn link(of: &Value, key: &str) -> Option<String> {
    of.get(key).and_then(as_link)
}

/// Returns an address that may be followed: `https`, and without anything that an address does not have.
fn as_link(value: &Value) -> Option<String> {
    let address = value.as_str()?.trim();
    let is_plain = !address.contains(|c: char| c.is_whitespace() || c.is_control());
    (address.starts_with("https://") && is_plain).then(|| address.to_owned())
}

/// Returns whether a text can be a language tag of BCP 47: enough that it can stand in an attribute.
fn is_language(tag: &str) -> bool {
    let subtag =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    tag.len() <= 35 && tag.split('-').all(subtag)
}

fn remedy(category: &Value) -> Option<Term> {
    match category.as_str()? {
        "mitigation" => Some(Term::Mitigation),
        "no_fix_planned" => Some(Term::NoFixPlanned),
        "none_available" => Some(Term::NoneAvailable),
        "vendor_fix" => Some(Term::VendorFix),
        "workaround" => Some(Term::Workaround),
        _ => None,
    }
}

fn weakness(cwe: &Value) -> Option<String> {
    let id = text(cwe, "id")?;
    Some(text(cwe, "name").map_or_else(|| id.clone(), |name| format!("{id}: {name}")))
}

/// Returns a score as a line: version, number, severity and vector.
fn score(score: &Value) -> Option<String> {
    let cvss = score.get("cvss_v3").or_else(|| score.get("cvss_v2"))?;
    let number = cvss.get("baseScore")?.as_f64()?;
    let version = text(cvss, "version").unwrap_or_default();
    let parts = [
        Some(format!("CVSS {version}:").replace(" :", ":")),
        Some(format!("{number:.1}")),
        text(cvss, "baseSeverity"),
        text(cvss, "vectorString"),
    ];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

/// The words of CVSS for how bad something is, the least first (CVSS 3.1, section 5).
const SEVERITIES: [&str; 5] = ["NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"];

fn highest_severity(content: &Value) -> Option<String> {
    let scores = list(content, "vulnerabilities").iter().flat_map(|one| list(one, "scores"));
    let ranks = scores.filter_map(|score| {
        let word = score.get("cvss_v3")?.get("baseSeverity")?.as_str()?;
        SEVERITIES.iter().position(|severity| *severity == word)
    });
    ranks.max().map(|rank| SEVERITIES[rank].to_owned())
}

#[cfg(test)]
mod tests;
