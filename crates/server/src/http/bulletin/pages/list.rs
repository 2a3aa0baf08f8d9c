//! The list of what everybody may read, with its search.

use maud::{Markup, html};
use sabha_protocol::{
    bulletin::DocumentKind,
    limits::LABEL_CHARS_MAX,
    wire::{
        bulletin_documents::{DocumentLine, Documents},
        bulletin_facets::Facets,
    },
};

use super::{
    Asked, PATH,
    facets::facets,
    frame::{Visit, frame},
};

/// Returns the page. `mirrors` is whether there are copies of others' documents, to which it then leads.
pub(super) fn page(
    visit: &Visit,
    asked: &Asked,
    documents: &Documents,
    counted: &Facets,
    mirrors: bool,
) -> Markup {
    let words = visit.words;
    let filter = asked.query();
    let is_filtered = filter.iter().any(|(_, said)| !said.trim().is_empty());
    let main = html! {
        h1 { (words.bulletin) }
        p.lead { (words.lead) }
        @if mirrors { p.more { a href=(visit.address(super::mirrored::PATH, &[])) { (words.mirrored) } } }
        (search(visit, asked))
        (facets(visit, asked, counted))
        @if documents.documents.is_empty() {
            p.empty { (if is_filtered { words.nothing_found } else { words.nothing }) }
        } @else {
            p.count { (words.found) ": " (documents.count) }
            ol.documents {
                @for line in &documents.documents { li { (item(visit, line)) } }
            }
        }
        @if documents.more && let Some(last) = documents.documents.last() {
            @let after = last.id.to_string();
            @let next: Vec<(&str, &str)> = filter.into_iter().chain([("after", after.as_str())]).collect();
            p.more { a href=(visit.address(PATH, &next)) rel="next" { (words.older) } }
        }
    };
    frame(visit, words.bulletin, (PATH, &filter), &main)
}

fn search(visit: &Visit, asked: &Asked) -> Markup {
    let words = visit.words;
    html! {
        form.search role="search" action=(PATH) method="get" {
            @for (name, said) in asked.query().into_iter().filter(|(name, _)| !["words", "kind"].contains(name)) {
                @if !said.is_empty() { input type="hidden" name=(name) value=(said); }
            }
            @if visit.chosen { input type="hidden" name="lang" value=(words.tag); }
            label {
                span { (words.search_words) }
                input type="search" name="words" value=(asked.words) maxlength=(LABEL_CHARS_MAX) dir="auto";
            }
            label {
                span { (words.kind) }
                select name="kind" {
                    option value="" { (words.every_kind) }
                    @for kind in DocumentKind::ALL {
                        option value=(kind.word()) selected[kind.word() == asked.kind] { ((words.kinds)(kind)) }
                    }
                }
            }
            button type="submit" { (words.search) }
        }
    }
}

fn item(visit: &Visit, line: &DocumentLine) -> Markup {
    let words = visit.words;
    let path = format!("{PATH}/{}", line.id);
    html! {
        article {
            h2 { a href=(visit.address(&path, &[])) { bdi { (line.title) } } }
            p.meta {
                @if line.withdrawn { strong.withdrawn { (words.withdrawn) } }
                span { ((words.kinds)(line.kind)) }
                @if let Some(tracking) = &line.tracking { bdi { (tracking) } }
                bdi { (line.owner_name.as_str()) }
                span { (words.moment_ms(line.changed_ms)) }
            }
        }
    }
}
