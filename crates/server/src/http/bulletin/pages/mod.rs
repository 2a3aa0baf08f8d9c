//! The public pages of the bulletin: what is published as `TLP:CLEAR`, for everybody, without JavaScript.
//!
//! | path | what |
//! |---|---|
//! | `/bulletin` | the list, with its search |
//! | `/bulletin/{id}` | a document in the layout of agencies; `revision` names an older one |
//! | `/bulletin/mirrored` | copies of documents of other publishers, marked as such |
//! | `/bulletin/mirrored/{provider}/{year}/{file}` | such a document |
//! | `/bulletin/style.css` | how they look, also on paper |
//!
//! Read as nobody, whatever credential comes. Every text of a document goes through the escaping of `maud` and nothing here
//! goes around it; the policy of these pages (`headers.rs`) runs no script at all. `lang` chooses the language of what is around
//! the document; otherwise the browser's does.

mod advisory;
mod facets;
mod frame;
mod list;
pub(in crate::http) mod mirrored;
mod prose;
mod words;

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use maud::Markup;
use sabha_advisory::{clearance::Reader, layout::layout};
use sabha_protocol::bulletin::{DocumentId, DocumentKind, Severity};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use self::{frame::Visit, words::Words};
use super::AppState;
use crate::storage::{DocumentFilter, StoreError};

/// Where the pages begin.
const PATH: &str = "/bulletin";
/// The tokens are the web client's, so that all pages look alike.
const STYLE: &str =
    concat!(include_str!("../../../../../../web/src/ui/tokens.css"), include_str!("pages.css"));

/// What an address of a page says. Unlike the API, a page reads over what it does not know: links come from everywhere.
#[derive(Debug, Default, Deserialize)]
pub(in crate::http) struct Asked {
    #[serde(default)]
    after: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    lang: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    revision: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    year: String,
}

impl Asked {
    /// Returns what the list is narrowed to, as an address says it.
    fn query(&self) -> [(&str, &str); 5] {
        [
            ("words", &self.words),
            ("kind", &self.kind),
            ("severity", &self.severity),
            ("owner", &self.owner),
            ("year", &self.year),
        ]
    }

    /// Returns what the address says of one of them.
    fn said(&self, name: &str) -> &str {
        self.query().into_iter().find(|(key, _)| *key == name).map_or("", |(_, said)| said.trim())
    }
}

/// Shows the list.
pub(in crate::http) async fn list(
    State(state): State<AppState>,
    headers: HeaderMap,
    query: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = query.map(|Query(asked)| asked).unwrap_or_default();
    let visit = visit(&state, &headers, &asked).await;
    let Some(filter) = filter(&asked) else {
        let words = visit.words;
        let page = frame::notice(&visit, words.wrong_search, words.wrong_search_note);
        return answer(&headers, &visit, StatusCode::BAD_REQUEST, page);
    };
    let found = async {
        let documents = state.store.documents(&Reader::Anonymous, &filter).await?;
        Ok((documents, state.store.facets(&Reader::Anonymous, &filter).await?))
    };
    match found.await {
        Ok((documents, facets)) => {
            let page = list::page(&visit, &asked, &documents, &facets, state.aggregator.is_some());
            answer(&headers, &visit, StatusCode::OK, page)
        }
        Err(error) => failed(&headers, &visit, &error),
    }
}

/// Shows a document.
pub(in crate::http) async fn document(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    query: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = query.map(|Query(asked)| asked).unwrap_or_default();
    let visit = visit(&state, &headers, &asked).await;
    match sheet(&state, &id, &asked.revision).await {
        Ok(Some(sheet)) => answer(&headers, &visit, StatusCode::OK, advisory::page(&visit, &sheet)),
        // BUL-07: one page for what is not there and what is not for everybody.
        Ok(None) => {
            let page = frame::notice(&visit, visit.words.missing, visit.words.missing_note);
            answer(&headers, &visit, StatusCode::NOT_FOUND, page)
        }
        Err(error) => failed(&headers, &visit, &error),
    }
}

/// Serves the style sheet of the pages.
pub(in crate::http) async fn style(headers: HeaderMap) -> Response {
    kept(&headers, "text/css; charset=utf-8", STYLE.to_owned())
}

/// Returns a document with the revision that is asked for, or its newest, as everybody may read it.
async fn sheet(state: &AppState, id: &str, revision: &str) -> Result<Option<advisory::Sheet>, StoreError> {
    let Ok(id) = id.parse::<DocumentId>() else { return Ok(None) };
    let Some(document) = state.store.document(&Reader::Anonymous, id).await? else { return Ok(None) };
    let number = if revision.is_empty() {
        document.revisions.first().map(|revision| revision.number)
    } else {
        revision.parse().ok()
    };
    let Some(shown) = document.revisions.iter().position(|one| Some(one.number) == number) else {
        return Ok(None);
    };
    let number = document.revisions[shown].number;
    let content = state.store.revision_content(&Reader::Anonymous, id, number).await?;
    Ok(content.map(|file| advisory::Sheet { layout: layout(&file.bytes), document, shown }))
}

/// Returns what the list is asked for, or `None` if that is nothing one can search for.
fn filter(asked: &Asked) -> Option<DocumentFilter> {
    let words = asked.words.trim();
    Some(DocumentFilter {
        kind: DocumentKind::ALL.into_iter().find(|kind| kind.word() == asked.kind),
        owner: asked.owner.parse().ok(),
        severity: Severity::ALL.into_iter().find(|severity| severity.word() == asked.severity),
        year: asked.year.parse().ok(),
        words: if words.is_empty() { None } else { Some(words.parse().ok()?) },
        after: asked.after.parse().ok(),
        ..DocumentFilter::default()
    })
}

async fn visit(state: &AppState, headers: &HeaderMap, asked: &Asked) -> Visit {
    let chosen = Words::of(&asked.lang);
    Visit {
        words: chosen.unwrap_or_else(|| Words::liked(headers)),
        chosen: chosen.is_some(),
        // A page without its host's name is better than none.
        host: state.store.organisation().await.map(Into::into).unwrap_or_default(),
    }
}

fn failed(headers: &HeaderMap, visit: &Visit, error: &StoreError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "a page of the bulletin could not be read");
    let page = frame::notice(visit, visit.words.failed, visit.words.failed_note);
    answer(headers, visit, StatusCode::SERVICE_UNAVAILABLE, page)
}

fn answer(headers: &HeaderMap, visit: &Visit, status: StatusCode, page: Markup) -> Response {
    let mut response = kept(headers, "text/html; charset=utf-8", page.into_string());
    if status != StatusCode::OK {
        *response.status_mut() = status;
        response.headers_mut().remove(header::ETAG);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(visit.words.tag));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-language"));
    response
}

/// Returns a text that may be kept, and is asked for again each time: it is withdrawn, or published anew, at any moment.
fn kept(headers: &HeaderMap, media_type: &'static str, text: String) -> Response {
    let etag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&Sha256::digest(&text)[..16]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|tag| tag.trim() == etag));
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { text.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

#[cfg(test)]
mod tests;
