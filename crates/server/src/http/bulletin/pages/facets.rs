//! How many documents there are of what, each as a link that narrows the list to them, or widens it again.

use maud::{Markup, html};
use sabha_protocol::wire::bulletin_facets::Facets;

use super::{Asked, PATH, frame::Visit};

/// One value by which a list can be narrowed.
struct Choice {
    name: String,
    /// As the address says it.
    value: String,
    count: u64,
}

/// Returns the links. A kind of value of which there is only one, unchosen, narrows nothing and is left out.
pub(super) fn facets(visit: &Visit, asked: &Asked, facets: &Facets) -> Markup {
    let words = visit.words;
    let groups: [(&str, &str, Vec<Choice>); 4] = [
        (
            words.kind,
            "kind",
            each(&facets.kinds, |one| ((words.kinds)(one.kind).into(), one.kind.word().into(), one.count)),
        ),
        (
            words.severity,
            "severity",
            each(&facets.severities, |one| {
                let word = one.severity.word();
                ((words.severities)(word).unwrap_or(word).into(), word.into(), one.count)
            }),
        ),
        (
            words.by,
            "owner",
            each(&facets.publishers, |one| (one.name.as_str().into(), one.owner.to_string(), one.count)),
        ),
        (
            words.year,
            "year",
            each(&facets.years, |one| (one.year.to_string(), one.year.to_string(), one.count)),
        ),
    ];
    let shown = |name: &str, choices: &[Choice]| choices.len() > 1 || !asked.said(name).is_empty();
    html! {
        @if groups.iter().any(|(_, name, choices)| shown(name, choices)) {
            nav.facets aria-label=(words.narrow) {
                @for (title, name, choices) in groups.iter().filter(|(_, name, choices)| shown(name, choices)) {
                    section {
                        h2 { (title) }
                        ul {
                            @if !asked.said(name).is_empty() { li { a href=(with(visit, asked, name, "")) { (words.everything) } } }
                            @for choice in choices {
                                li {
                                    a href=(with(visit, asked, name, &choice.value)) aria-current=[(asked.said(name) == choice.value).then_some("true")] {
                                        bdi { (choice.name) } " " span.weight { (choice.count) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn each<T>(all: &[T], choice: impl Fn(&T) -> (String, String, u64)) -> Vec<Choice> {
    let choices = all.iter().map(choice);
    choices.map(|(name, value, count)| Choice { name, value, count }).collect()
}

/// Returns the address of the same list with another value for one name.
fn with(visit: &Visit, asked: &Asked, name: &str, value: &str) -> String {
    let query = asked.query().map(|(key, said)| (key, if key == name { value } else { said }));
    visit.address(PATH, &query)
}
