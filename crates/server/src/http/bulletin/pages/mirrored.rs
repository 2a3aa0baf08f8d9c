//! Copies of other publishers' documents: a list of all, and each in the layout of agencies. Apart from the bulletin's own, and each
//! says whose it is and where the original is, since nobody here has approved it.

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use maud::{Markup, html};
use sabha_advisory::{
    csaf::mirror::ProviderMetadata,
    layout::{Layout, layout},
};

use super::{
    AppState, Asked,
    advisory::{fact, part, severity},
    answer, failed,
    frame::{Visit, frame, notice},
    visit,
};
use crate::{
    bulletin::AGGREGATOR_PATH,
    storage::{MirroredFile, MirroredLine, StoreError},
};

/// Where the list is.
pub(super) const PATH: &str = "/bulletin/mirrored";

/// Documents on a page.
const LINES: u32 = 50;

/// A document with whose it is.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) provider: String,
    pub(super) publisher: String,
    pub(super) file: MirroredFile,
    pub(super) layout: Layout,
}

/// Shows the list.
pub(in crate::http) async fn list(
    State(state): State<AppState>,
    headers: HeaderMap,
    query: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = query.map(|Query(asked)| asked).unwrap_or_default();
    let visit = visit(&state, &headers, &asked).await;
    match lines(&state, &asked.after).await {
        Ok(Some(lines)) => answer(&headers, &visit, StatusCode::OK, list_page(&visit, &lines)),
        Ok(None) => missing(&headers, &visit),
        Err(error) => failed(&headers, &visit, &error),
    }
}

/// Shows a document.
pub(in crate::http) async fn document(
    State(state): State<AppState>,
    Path((provider, year, file)): Path<(String, String, String)>,
    headers: HeaderMap,
    query: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = query.map(|Query(asked)| asked).unwrap_or_default();
    let visit = visit(&state, &headers, &asked).await;
    match copy(&state, &provider, &format!("{year}/{file}")).await {
        Ok(Some(copy)) => answer(&headers, &visit, StatusCode::OK, page(&visit, &copy)),
        Ok(None) => missing(&headers, &visit),
        Err(error) => failed(&headers, &visit, &error),
    }
}

fn missing(headers: &HeaderMap, visit: &Visit) -> Response {
    let page = notice(visit, visit.words.missing, visit.words.missing_note);
    answer(headers, visit, StatusCode::NOT_FOUND, page)
}

/// Returns the providers whose copies are shown, each with what it says of itself; `None` if there is no aggregator.
async fn shown(
    state: &AppState,
    name: Option<&str>,
) -> Result<Option<Vec<(String, ProviderMetadata)>>, StoreError> {
    let Some(aggregator) = &state.aggregator else { return Ok(None) };
    let known = state.store.mirror_metadata(name).await?;
    let shown = known.into_iter().filter_map(|known| {
        let metadata = aggregator.mirror_of(&known)?;
        Some((known.name, metadata))
    });
    Ok(Some(shown.collect()))
}

/// Returns a page of the list, each document with its publisher's name.
async fn lines(state: &AppState, after: &str) -> Result<Option<Vec<(MirroredLine, String)>>, StoreError> {
    let Some(shown) = shown(state, None).await? else { return Ok(None) };
    let names: Vec<String> = shown.iter().map(|(name, _)| name.clone()).collect();
    let after = after.split_once('.').and_then(|(ms, row)| Some((ms.parse().ok()?, row.parse().ok()?)));
    let lines = state.store.mirrored_lines(&names, after, LINES).await?;
    let named = lines.into_iter().filter_map(|line| {
        let (_, metadata) = shown.iter().find(|(name, _)| *name == line.provider)?;
        Some((line, metadata.publisher.name.clone()))
    });
    Ok(Some(named.collect()))
}

async fn copy(state: &AppState, provider: &str, file: &str) -> Result<Option<Copy>, StoreError> {
    let Some((provider, metadata)) = shown(state, Some(provider)).await?.and_then(|mut shown| shown.pop())
    else {
        return Ok(None);
    };
    let Some(file) = state.store.mirrored_file(&provider, file).await? else { return Ok(None) };
    let layout = layout(&file.content);
    Ok(Some(Copy { provider, publisher: metadata.publisher.name, file, layout }))
}

fn list_page(visit: &Visit, lines: &[(MirroredLine, String)]) -> Markup {
    let words = visit.words;
    let main = html! {
        h1 { (words.mirrored) }
        p.lead { (words.mirrored_lead) }
        @if lines.is_empty() { p.empty { (words.nothing) } }
        @else {
            ol.documents {
                @for (line, publisher) in lines { li { article {
                    @let path = format!("{PATH}/{}/{}", line.provider, line.listed.file);
                    h2 { a href=(visit.address(&path, &[])) { bdi { (line.listed.title) } } }
                    p.meta {
                        bdi { (line.listed.id) }
                        strong { bdi { (publisher) } }
                        span { (words.moment(&line.listed.updated)) }
                    }
                } } }
            }
        }
        @if lines.len() == LINES as usize && let Some((last, _)) = lines.last() {
            @let after = format!("{}.{}", last.place.0, last.place.1);
            p.more { a href=(visit.address(PATH, &[("after", &after)])) rel="next" { (words.older) } }
        }
    };
    frame(visit, words.mirrored, (PATH, &[]), &main)
}

/// Returns the page of a document.
pub(super) fn page(visit: &Visit, copy: &Copy) -> Markup {
    let words = visit.words;
    let Copy { provider, publisher, file, layout } = copy;
    let (listed, language) = (&file.listed, layout.language.as_deref());
    let path = format!("{PATH}/{provider}/{}", listed.file);
    let main = html! {
        article.advisory {
            header {
                p.marks {
                    span.tlp data-tlp="CLEAR" { bdi { "TLP:CLEAR" } }
                    a href=(visit.address(PATH, &[])) { (words.mirrored) }
                    bdi.number { (listed.id) }
                }
                h1 lang=[language] dir="auto" { (listed.title) }
                p.banner {
                    strong { bdi { (publisher) } } ". " (words.mirrored_note) " "
                    // Only https is a link.
                    @if file.address.starts_with("https://") {
                        a href=(file.address) rel="noreferrer" { bdi { (file.address) } }
                    } @else { bdi { (file.address) } }
                }
                dl.facts {
                    (fact(words.original, html! { (words.moment(&listed.published)) }))
                    (fact(words.updated, html! { (words.moment(&listed.updated)) }))
                    @if let Some(word) = &layout.severity { (fact(words.severity, severity(visit, word))) }
                    @if let Some(version) = &layout.version { (fact(words.version, html! { bdi { (version) } })) }
                    (fact(words.by, html! { bdi { (publisher) } }))
                    (fact(words.mirrored_ms, html! { (words.moment_ms(file.mirrored_ms)) }))
                }
            }
            div.sections {
                @for section in &layout.sections { (part(visit, section, language)) }
                p.more { a href={ (AGGREGATOR_PATH) "/" (provider) "/clear/" (listed.file) } { (words.files_json) } }
            }
        }
    };
    frame(visit, &listed.title, (&path, &[]), &main)
}

#[cfg(test)]
mod tests {
    use sabha_advisory::{Tlp, csaf::provider::Published};
    use serde_json::json;

    use super::*;
    use crate::http::bulletin::pages::words::LANGUAGES;

    fn copy(text: &str, address: &str) -> Copy {
        let content = json!({ "document": {
            "title": text, "notes": [{ "category": "summary", "title": text, "text": text }],
            "references": [{ "summary": text, "url": text }],
        }});
        let content = content.to_string().into_bytes();
        let listed = Published {
            label: Tlp::Clear,
            file: "2026/a-1.json".to_owned(),
            id: text.to_owned(),
            title: text.to_owned(),
            summary: Some(text.to_owned()),
            published: text.to_owned(),
            updated: text.to_owned(),
            severity: None,
        };
        let layout = layout(&content);
        let file = MirroredFile {
            listed,
            content,
            signature: Vec::new(),
            mirrored_ms: 1_776_000_600_000,
            address: address.to_owned(),
        };
        Copy { provider: "one".to_owned(), publisher: text.to_owned(), file, layout }
    }

    #[test]
    fn a_copy_says_whose_it_is_and_where_the_original_is_in_every_language() {
        for words in LANGUAGES {
            let visit = Visit { words, chosen: true, host: "Centre".to_owned() };
            let page = page(&visit, &copy("Vendor", "https://vendor.example/a-1.json")).into_string();
            assert!(page.contains(words.mirrored_note) && page.contains(words.mirrored), "{}", words.tag);
            assert!(page.contains("href=\"https://vendor.example/a-1.json\""));
            assert!(page.contains("href=\"/.well-known/csaf-aggregator/one/clear/2026/a-1.json\""));
        }
    }

    #[test]
    fn what_others_write_stays_text_and_only_https_is_a_link() {
        const HOSTILE: &str = "</title><script>alert(1)</script><img src=x onerror=alert(1)>\"' onload='x";
        let visit = Visit { words: LANGUAGES[0], chosen: false, host: "Centre".to_owned() };
        let copy = copy(HOSTILE, "http://127.0.0.1/a-1.json");
        let line =
            MirroredLine { provider: "one".to_owned(), listed: copy.file.listed.clone(), place: (1, 2) };
        let list = list_page(&visit, &vec![(line, HOSTILE.to_owned()); LINES as usize]).into_string();
        assert!(list.contains("?after=1.2\""), "it goes on");
        for page in [page(&visit, &copy).into_string(), list] {
            assert!(page.contains("&lt;script&gt;alert(1)"), "it is shown");
            for wrong in ["<script", "<img src=x", "\"' onload", "href=\"http:"] {
                assert!(!page.contains(wrong), "{wrong}");
            }
        }
    }
}
