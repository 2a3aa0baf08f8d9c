//! A document in the layout that agencies know.

use maud::{Markup, html};
use sabha_advisory::layout::{Entry, Layout, Part, Section};
use sabha_protocol::wire::bulletin_documents::{BulletinDocument, Revision};

use super::{
    PATH,
    frame::{Visit, frame},
    prose::prose,
};

/// What a page shows: a document, one of its revisions, and what that one says.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) document: BulletinDocument,
    /// Where the revision is among the document's.
    pub(super) shown: usize,
    pub(super) layout: Layout,
}

/// Returns the page.
pub(super) fn page(visit: &Visit, sheet: &Sheet) -> Markup {
    let words = visit.words;
    let Sheet { document, layout, .. } = sheet;
    let Some(revision) = document.revisions.get(sheet.shown) else { return html! {} };
    let path = format!("{PATH}/{}", document.id);
    let number = revision.number.to_string();
    let here: &[(&str, &str)] = if sheet.shown == 0 { &[] } else { &[("revision", &number)] };
    let main = html! {
        article.advisory {
            header {
                p.marks {
                    span.tlp data-tlp="CLEAR" { bdi { "TLP:CLEAR" } }
                    span { ((words.kinds)(document.kind)) }
                    @if let Some(id) = &layout.id { bdi.number { (id) } }
                }
                h1 lang=[layout.language.as_deref()] dir="auto" { (revision.title) }
                @if document.withdrawn {
                    p.banner.withdrawn { strong { (words.withdrawn) } " " (words.withdrawn_note) }
                }
                @if sheet.shown > 0 {
                    p.banner { (words.older_revision) " " a href=(visit.address(&path, &[])) { (words.newest) } }
                }
                (facts(visit, sheet, revision))
                @if !document.withdrawn {
                    p.answer { a href={ "/bulletin/desk#document/" (document.id) } { (words.answer) } }
                }
            }
            div.columns {
                @if layout.sections.len() > 2 {
                    nav.contents aria-label=(words.contents) {
                        ul { @for section in &layout.sections {
                            li { a href={ "#" (anchor(section.part)) } { ((words.part)(section.part)) } }
                        } }
                    }
                }
                div.sections {
                    @for section in &layout.sections { (part(visit, section, layout.language.as_deref())) }
                    (files(visit, document, revision))
                    @if document.revisions.len() > 1 { (earlier(visit, &path, sheet)) }
                }
            }
        }
    };
    frame(visit, &revision.title, (&path, here), &main)
}

fn facts(visit: &Visit, sheet: &Sheet, revision: &Revision) -> Markup {
    let words = visit.words;
    let layout = &sheet.layout;
    let issued = layout.original.as_deref().map(|date| words.moment(date));
    let issued = issued.or_else(|| revision.published_ms.map(|ms| words.moment_ms(ms)));
    let current = layout.current.as_deref().filter(|current| Some(*current) != layout.original.as_deref());
    html! {
        dl.facts {
            @if let Some(id) = &layout.id { (fact(words.id, html! { bdi { (id) } })) }
            @if let Some(issued) = issued { (fact(words.original, html! { (issued) })) }
            @if let Some(current) = current { (fact(words.updated, html! { (words.moment(current)) })) }
            @if let Some(word) = &layout.severity { (fact(words.severity, severity(visit, word))) }
            @if let Some(version) = &layout.version {
                (fact(words.version, html! { bdi { (version) } " (" ((words.stage)(revision.stage)) ")" }))
            } @else {
                (fact(words.status, html! { ((words.stage)(revision.stage)) }))
            }
            (fact(words.by, html! { bdi { (layout.publisher.as_deref().unwrap_or(sheet.document.owner_name.as_str())) } }))
        }
    }
}

pub(super) fn fact(name: &str, value: Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// A severity is the publisher's own word; those of CVSS have a colour and a translation.
pub(super) fn severity(visit: &Visit, word: &str) -> Markup {
    let known = word.to_lowercase();
    match (visit.words.severities)(&known) {
        Some(said) => html! { span.severity data-severity=(known) { (said) } },
        None => html! { bdi { (word) } },
    }
}

pub(super) fn part(visit: &Visit, section: &Section, language: Option<&str>) -> Markup {
    let words = visit.words;
    let entries = &section.entries;
    html! {
        section id=(anchor(section.part)) aria-labelledby={ (anchor(section.part)) "-title" } {
            h2 id={ (anchor(section.part)) "-title" } { ((words.part)(section.part)) }
            div lang=[language] dir=[language.map(direction)] {
                @match section.part {
                    Part::Affected => (affected(visit, entries)),
                    Part::References | Part::Vendor => (links(entries)),
                    Part::Revisions => (revisions(visit, entries)),
                    _ => @for entry in entries { (said(visit, entry)) },
                }
            }
        }
    }
}

/// Which way a language is written, by its primary subtag (RFC 5646) and the scripts that Unicode has from right to left: what a
/// document says begins where its readers look for it, whatever the language of the page.
fn direction(language: &str) -> &'static str {
    const RIGHT_TO_LEFT: [&str; 10] = ["ar", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur"];
    let primary = language.split('-').next().unwrap_or_default().to_ascii_lowercase();
    if RIGHT_TO_LEFT.contains(&primary.as_str()) { "rtl" } else { "ltr" }
}

/// Products by what is said of them; what is about all systems is prose.
fn affected(visit: &Visit, entries: &[Entry]) -> Markup {
    html! {
        @for alike in entries.chunk_by(|one, next| one.term == next.term && one.text.is_none() == next.text.is_none()) {
            @if alike.iter().any(|entry| entry.text.is_some()) {
                @for entry in alike { (said(visit, entry)) }
            } @else {
                @if let Some(term) = alike[0].term { h3 lang=(visit.words.tag) { ((visit.words.term)(term)) } }
                ul.products { @for entry in alike { li { bdi { (entry.heading.as_deref().unwrap_or_default()) } } } }
            }
        }
    }
}

fn links(entries: &[Entry]) -> Markup {
    html! {
        ul.links { @for entry in entries {
            li {
                @if let Some(heading) = &entry.heading { span dir="auto" { (heading) } }
                @if let Some(text) = &entry.text { (prose(text)) }
                @if let Some(link) = &entry.link { (outward(link)) }
            }
        } }
    }
}

fn revisions(visit: &Visit, entries: &[Entry]) -> Markup {
    html! {
        table {
            @for entry in entries {
                tr {
                    th scope="row" { bdi { (entry.heading.as_deref().unwrap_or_default()) } }
                    td.moment { @if let Some(date) = &entry.date { (moment(visit, date)) } }
                    td dir="auto" { (entry.text.as_deref().unwrap_or_default()) }
                }
            }
        }
    }
}

/// A date among what a document says, in the reader's words, which may run the other way.
fn moment(visit: &Visit, date: &str) -> Markup {
    html! { bdi lang=(visit.words.tag) { (visit.words.moment(date)) } }
}

fn said(visit: &Visit, entry: &Entry) -> Markup {
    html! {
        div.said {
            @if let Some(term) = entry.term { p.term lang=(visit.words.tag) { ((visit.words.term)(term)) } }
            @if let Some(heading) = &entry.heading { h3 dir="auto" { (heading) } }
            @if let Some(date) = &entry.date { p.moment { (moment(visit, date)) } }
            @if let Some(text) = &entry.text { (prose(text)) }
            @if let Some(link) = &entry.link { p { (outward(link)) } }
        }
    }
}

/// An address elsewhere; the layout lets none through but `https`.
fn outward(link: &str) -> Markup {
    html! { a href=(link) rel="noreferrer nofollow external" dir="ltr" { (link) } }
}

fn files(visit: &Visit, document: &BulletinDocument, revision: &Revision) -> Markup {
    let words = visit.words;
    let api = "/api/v1/bulletin/public";
    html! {
        section.files id="files" aria-labelledby="files-title" {
            h2 id="files-title" { (words.files) }
            ul.links {
                li {
                    a href={ (api) "/" (document.id) "/revisions/" (revision.number) "/content" } download { (words.files_json) }
                    (weight(revision.bytes, &revision.content_hash))
                }
                @if let Some(profile) = &revision.profile {
                    li {
                        span { (words.files_profile) }
                        a href={ (api) "/" (document.id) "/revisions/" (revision.number) "/profile" } download {
                            bdi { (profile.title) }
                        }
                        span.weight { bdi { (profile.issuer) } }
                    }
                }
                @for file in &revision.attachments {
                    li {
                        a href={ (api) "/attachments/" (file.id) } download { bdi { (file.name.as_str()) } }
                        (weight(file.bytes, &file.hash))
                    }
                }
            }
        }
    }
}

/// How long a file is, and by what one can tell that it is the one.
fn weight(bytes: u64, hash: &str) -> Markup {
    let kilobytes = bytes.div_ceil(1000);
    html! { span.weight dir="ltr" { (kilobytes) " kB, SHA-256 " code { (hash) } } }
}

fn earlier(visit: &Visit, path: &str, sheet: &Sheet) -> Markup {
    let words = visit.words;
    html! {
        section.earlier id="published" aria-labelledby="published-title" {
            h2 id="published-title" { (words.earlier) }
            ul.links { @for (index, revision) in sheet.document.revisions.iter().enumerate() {
                @let number = revision.number.to_string();
                @let query = [("revision", if index == 0 { "" } else { number.as_str() })];
                li {
                    a href=(visit.address(path, &query)) aria-current=[(index == sheet.shown).then_some("page")] {
                        (words.revision) " " (number)
                    }
                    span.weight { (revision.published_ms.map(|ms| words.moment_ms(ms)).unwrap_or_default()) }
                }
            } }
        }
    }
}

/// The name of a section in an address.
const fn anchor(part: Part) -> &'static str {
    match part {
        Part::Affected => "affected",
        Part::Overview => "overview",
        Part::Audience => "audience",
        Part::Risk => "risk",
        Part::Impact => "impact",
        Part::Description => "description",
        Part::Solution => "solution",
        Part::Vendor => "vendor",
        Part::References => "references",
        Part::Vulnerabilities => "vulnerabilities",
        Part::Thanks => "thanks",
        Part::Contact => "contact",
        Part::Disclaimer => "disclaimer",
        Part::Revisions => "revisions",
    }
}
