//! The embedded web client.
//!
//! `web/dist` at build time; a build without it works and says so in the browser. In debug builds the files
//! are read from disk at each request, so that a rebuilt client is served without a rebuilt server.
//! Files under `assets/` carry a hash of their content in their name and are kept for a year; pages are
//! asked for again each time, since they say which code runs. The client is built with `.br` and `.gz`
//! beside each file worth compressing.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};
use sabha_protocol::Rule;

use super::error::{self, Refusal};

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct WebClient;

const PAGE: &str = "index.html";
const ADMIN_PAGE: &str = "admin.html";
const BULLETIN_PAGE: &str = "bulletin.html";
const NOT_BUILT: &str = "This Sabha server was built without its web client.\n\
    Run `make web`, build the server again, and restart it.\n";

/// Serves the page of the web client, which finds out from the path what to show.
pub(super) async fn page(headers: HeaderMap) -> Response {
    serve(PAGE, &headers).unwrap_or_else(|| (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT).into_response())
}

/// Serves the page for those who administer the server.
pub(super) async fn admin_page(headers: HeaderMap) -> Response {
    serve(ADMIN_PAGE, &headers)
        .unwrap_or_else(|| (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT).into_response())
}

/// Serves the page for members of the bulletin.
pub(super) async fn bulletin_page(headers: HeaderMap) -> Response {
    serve(BULLETIN_PAGE, &headers)
        .unwrap_or_else(|| (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT).into_response())
}

/// Serves a file of the web client.
pub(super) async fn file(method: Method, uri: Uri, headers: HeaderMap) -> Result<Response, Refusal> {
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return Err(error::unknown_path());
    }
    if method != Method::GET && method != Method::HEAD {
        return Err(error::method_not_allowed().await);
    }
    let found = if is_plain(path) { serve(path, &headers) } else { None };
    found
        .ok_or_else(|| Refusal::with_status(StatusCode::NOT_FOUND, Rule::WellFormed, "there is nothing here"))
}

/// Returns whether the path can be a file of ours: no step upwards, nothing hidden, nothing encoded.
fn is_plain(path: &str) -> bool {
    let plain = |segment: &str| {
        let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(alphabet)
    };
    path.split('/').all(plain)
}

fn serve(path: &str, headers: &HeaderMap) -> Option<Response> {
    let (file, encoding) = representation(path, headers)?;
    let etag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&file.metadata.sha256_hash()[..16]));
    let caching =
        if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };

    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|tag| tag.trim() == etag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(file.data));
        let media_type = HeaderValue::from_static(media_type(path));
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        if let Some(encoding) = encoding {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(header::ETAG, etag);
    }
    Some(response)
}

/// Returns the smallest form of a file that the client takes.
fn representation(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    for (encoding, suffix) in [("br", ".br"), ("gzip", ".gz")] {
        if accepts(headers, encoding)
            && let Some(file) = WebClient::get(&format!("{path}{suffix}"))
        {
            return Some((file, Some(encoding)));
        }
    }
    WebClient::get(path).map(|file| (file, None))
}

/// Returns whether `Accept-Encoding` names `encoding` and does not refuse it (RFC 9110 section 12.5.3).
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map(str::parse::<f32>);
            named && !matches!(weight, Some(Ok(weight)) if weight <= 0.0)
        })
}

/// Returns the media type of a file by its extension: the ones a build of the client can have.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => "text/css; charset=utf-8",
        "ftl" | "txt" => "text/plain; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_negotiated() {
        let headers = |value: &str| HeaderMap::from_iter([(header::ACCEPT_ENCODING, value.parse().unwrap())]);
        assert!(accepts(&headers("gzip, deflate, br;q=0.9"), "br"));
        assert!(!accepts(&headers("gzip, br;q=0"), "br"));
        assert!(!accepts(&headers("gzip"), "br"));
        assert!(!accepts(&HeaderMap::new(), "gzip"));
    }

    #[test]
    fn a_path_cannot_leave_the_client() {
        for path in ["../Cargo.toml", "assets/../../x", ".git", "a//b", "%2e%2e/x", "a\\b", ""] {
            assert!(!is_plain(path), "{path}");
        }
        assert!(is_plain("assets/index-Bq3_x-1.js"));
    }
}
