//! Which line begins which section, and the draft that lines make.

use std::collections::BTreeSet;

use sabha_protocol::bulletin::DocumentKind;

use super::{
    facts::{self, CVES_MAX, Fact, bare},
    lines::{CELL, Line, Lines, inert},
    references,
};
use crate::{
    csaf::{
        languages,
        model::{NoteCategory, Vulnerability},
    },
    draft::{Draft, ImportError, Imported, line, note, reference, vulnerability},
    layout::{Part, part_named},
};

/// Most sections of a document; what would begin more stays in the last one.
const SECTIONS_MAX: usize = 200;

/// Most products and most links of a document, and most characters of a product's name: what is longer is a sentence.
const PRODUCTS_MAX: usize = 500;
const REFERENCES_MAX: usize = 500;
const PRODUCT_CHARS_MAX: usize = 160;

/// What stands above a list of numbers of CVE.
const CVE_TITLES: [&str; 6] = ["cve", "cve id", "cve ids", "cve name", "cve names", "cves"];

/// What agencies write above a title, which is none.
const NO_TITLES: [&str; 9] = [
    "advisory",
    "alert",
    "cert-in advisory",
    "cert-in advisories",
    "cert-in vulnerability note",
    "current activities",
    "security advisory",
    "security alert",
    "vulnerability note",
];

/// Makes a draft of lines.
///
/// # Errors
/// [`ImportError`], whose causes are the writer's.
pub(super) fn draft(read: Lines) -> Result<Imported, ImportError> {
    let mut reading = Reading::default();
    for (what, why) in &read.left {
        reading.draft.left.out(what, why);
    }
    reading.draft.lang = read.lang.filter(|lang| languages::parse(lang).is_some());
    let heading = read.lines.iter().find(|line| line.level == Some(1) && is_title(&line.text));
    if let Some(heading) = heading {
        reading.draft.title = line(&heading.text, "");
    }
    for line in &read.lines {
        reading.line(line);
    }
    if reading.draft.title.is_empty() {
        reading.draft.title = line(&inert(&read.title.unwrap_or_default()), "");
    }
    reading.finish(read.links)
}

#[derive(Default)]
struct Reading {
    draft: Draft,
    kind: Option<DocumentKind>,
    sections: Vec<Section>,
    /// The fact whose words are on the next line.
    awaited: Option<Fact>,
    cves: BTreeSet<String>,
    /// Those of the section that is for them, if there is one.
    listed: BTreeSet<String>,
}

/// A section while it is read.
struct Section {
    /// `None` for the list of numbers of CVE.
    part: Option<Part>,
    /// Its title as it was written; empty for what comes before the first.
    title: String,
    /// Of its heading; a heading that is deeper belongs to it.
    level: u8,
    text: Vec<String>,
}

impl Reading {
    fn line(&mut self, Line { level, text }: &Line) {
        if let Some(label) = facts::label(text) {
            self.draft.narrow(label);
        }
        if self.draft.tracking.is_empty()
            && let Some((id, kind)) = facts::id(text)
        {
            id.clone_into(&mut self.draft.tracking);
            self.kind = Some(kind);
        }
        if text.is_empty() {
            return self.say("");
        }
        if let Some(fact) = self.awaited.take() {
            return self.fact(fact, text);
        }
        if let Some((fact, said)) = facts::fact(text) {
            if said.is_empty() {
                self.awaited = Some(fact);
            } else {
                self.fact(fact, said);
            }
            return;
        }
        if self.sections.is_empty() && self.head(text) {
            return;
        }
        if let Some((part, title, rest)) = section(text) {
            self.begin(part, title, level.unwrap_or(2));
            if !rest.is_empty() {
                self.said(rest);
            }
            return;
        }
        let current = self.sections.last().map_or(0, |section| section.level);
        if level.is_some_and(|level| level <= current.max(2)) && *text != self.draft.title {
            self.begin(Some(Part::Description), text, level.unwrap_or(2));
            return;
        }
        self.said(text);
    }

    /// Takes the title, and passes over what only says it again or stands above it. Returns whether the line is one of these.
    fn head(&mut self, text: &str) -> bool {
        let is_above = !is_title(text);
        if !is_above && self.draft.title.is_empty() && section(text).is_none() {
            self.draft.title = line(bare(text), "");
            return true;
        }
        is_above || line(bare(text), "") == self.draft.title
    }

    fn fact(&mut self, fact: Fact, said: &str) {
        match fact {
            Fact::Severity => self.draft.severity = Some(line(said, "")).filter(|word| !word.is_empty()),
            // The newest of several: a document was changed after it was issued.
            Fact::Date => match facts::date_ms(said) {
                Some(ms) => self.draft.date_ms = self.draft.date_ms.max(ms),
                None => self.draft.left.out(said, "it can be read as no date, or as two"),
            },
        }
    }

    fn begin(&mut self, part: Option<Part>, title: &str, level: u8) {
        let known =
            self.sections.iter().position(|section| part != Some(Part::Description) && section.part == part);
        match known {
            // A section that stands in two places is one.
            Some(at) => {
                let section = self.sections.remove(at);
                self.sections.push(section);
                self.say("");
            }
            None if self.sections.len() < SECTIONS_MAX => {
                let (title, text) = (line(title, ""), Vec::new());
                self.sections.push(Section { part, title, level, text });
            }
            None => self.said(title),
        }
    }

    /// Adds a line of prose.
    fn said(&mut self, text: &str) {
        let is_list = self.sections.last().is_some_and(|section| section.part.is_none());
        for cve in facts::cves(text) {
            if is_list {
                self.listed.insert(cve.clone());
            }
            self.cves.insert(cve);
        }
        self.say(text);
    }

    fn say(&mut self, text: &str) {
        if self.sections.is_empty() {
            if text.is_empty() {
                return;
            }
            let part = Some(Part::Description);
            self.sections.push(Section { part, title: String::new(), level: 2, text: Vec::new() });
        }
        if let Some(section) = self.sections.last_mut() {
            section.text.push(text.replace(CELL, " | "));
        }
    }

    fn finish(mut self, links: Vec<(String, String)>) -> Result<Imported, ImportError> {
        let mut cited = Vec::new();
        for section in std::mem::take(&mut self.sections) {
            self.section(section, &mut cited);
        }
        cited.extend(links);
        let mut known = BTreeSet::new();
        for (words, address) in cited {
            if !known.insert(address.clone()) {
                continue;
            }
            if self.draft.references.len() == REFERENCES_MAX {
                self.draft.left.out(&address, "there are more links than a draft is given");
                continue;
            }
            self.draft.references.extend(reference(&references::summary(&words, &address), &address));
        }
        let all = if self.listed.is_empty() { self.cves } else { self.listed };
        for cve in all {
            if self.draft.vulnerabilities.len() == CVES_MAX {
                self.draft.left.out(&cve, "there are more numbers of CVE than a draft is given");
                continue;
            }
            let found = Vulnerability { cve: Some(cve), ..vulnerability() };
            self.draft.vulnerabilities.push(found);
        }
        self.draft.finish(self.kind)
    }

    fn section(&mut self, section: Section, cited: &mut Vec<(String, String)>) {
        let Section { part, title, text, .. } = section;
        match part {
            Some(Part::Affected) if are_products(&text) => {
                let mut known = BTreeSet::new();
                let names =
                    text.iter().map(|name| item(name)).filter(|name| !name.is_empty() && known.insert(*name));
                self.draft.products.extend(names.map(|name| (name.to_owned(), None)));
            }
            Some(Part::Contact) => {
                self.draft.contact = Some(text.join("\n").trim().to_owned()).filter(|text| !text.is_empty());
            }
            Some(Part::References) => {
                let rest = cite(&text, cited);
                self.note(Part::References, &title, &rest);
            }
            Some(part) => self.note(part, &title, &text),
            None => {
                let rest: Vec<String> = text.into_iter().filter(|text| !is_only_cves(text)).collect();
                self.note(Part::Description, &title, &rest);
            }
        }
    }

    fn note(&mut self, part: Part, title: &str, text: &[String]) {
        let category = match part {
            Part::Overview => NoteCategory::Summary,
            Part::Description => NoteCategory::Description,
            Part::Disclaimer => NoteCategory::LegalDisclaimer,
            Part::Solution | Part::Vendor => NoteCategory::Other,
            _ => NoteCategory::General,
        };
        let title = if title.is_empty() { "Description" } else { title };
        self.draft.notes.extend(note(category, Some(title), text.join("\n").trim()));
    }
}

/// Returns which section a line begins, its title, and what of it stands on the line already.
fn section(text: &str) -> Option<(Option<Part>, &str, &str)> {
    let named = |title: &str| {
        let is_cves = CVE_TITLES.contains(&title.to_lowercase().as_str());
        if is_cves { Some(None) } else { part_named(title).map(Some) }
    };
    // Numbers before titles, as in `3. Solution`.
    let numbered = text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ')' | ' '));
    let title = bare(numbered);
    if let Some(part) = named(title) {
        return Some((part, title, ""));
    }
    let (title, rest) = numbered.split_once([':', CELL])?;
    let title = bare(title);
    named(title)
        .map(|part| (part, title, rest.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_'))))
}

/// Returns whether a line can be the title: it says more than what kind of document this is, and whose.
fn is_title(text: &str) -> bool {
    let text = match facts::id(text) {
        Some((id, _)) => text.replace(id, ""),
        None => text.to_owned(),
    };
    let rest = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let is_label = rest.strip_prefix("tlp:").is_some_and(|rest| !rest.contains(' '));
    !rest.is_empty() && !is_label && !NO_TITLES.contains(&rest.as_str())
}

/// Returns whether lines are names of products, and not sentences.
fn are_products(text: &[String]) -> bool {
    let names = || text.iter().filter(|name| !name.is_empty());
    (1..=PRODUCTS_MAX).contains(&names().count())
        && names().all(|name| name.chars().count() <= PRODUCT_CHARS_MAX && !name.ends_with(['.', ':']))
}

/// Returns a line without what marks it as one of a list.
fn item(text: &str) -> &str {
    text.trim_start_matches(['-', '*', '•', ' ']).trim()
}

fn is_only_cves(text: &str) -> bool {
    // Dashes part numbers of CVE, too: without them only digits and the three letters are left.
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '-' | '|'));
    words.all(|word| word.eq_ignore_ascii_case("cve") || word.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Takes the links out of the lines of a list of them, and returns the lines that have none.
fn cite(text: &[String], cited: &mut Vec<(String, String)>) -> Vec<String> {
    let mut rest: Vec<String> = Vec::new();
    for line in text {
        // Words on the line before, if they were not an address of their own.
        let before =
            rest.last().map(|before| item(before).trim_end_matches(':').to_owned()).unwrap_or_default();
        let links = references::links(line, &before);
        let is_taken = links.iter().any(|(words, _)| !before.is_empty() && *words == before);
        if links.is_empty() {
            rest.push(line.clone());
        } else if is_taken {
            rest.pop();
        }
        cited.extend(links);
    }
    rest
}
