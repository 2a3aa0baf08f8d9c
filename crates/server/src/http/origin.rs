//! Which web pages may open a WebSocket here: our own.
//!
//! Browsers let any page open a WebSocket to any server and send the page's `Origin` along; they enforce
//! nothing (RFC 6455 section 10.2). Programs that are no browsers send none, and hold no one's cookies, so
//! they pass. Rights in Sabha never come from cookies either: this is the second line.

use axum::http::{HeaderMap, Uri, header};

use crate::config::PublicUrl;

/// Returns whether the page that asks may. Without a configured URL it has to come from the host it asks.
pub(super) fn is_allowed(headers: &HeaderMap, public_url: Option<&PublicUrl>) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else {
        return headers.get(header::ORIGIN).is_none();
    };
    let Ok(origin) = origin.to_str() else { return false };
    match public_url {
        Some(url) => origin == url.origin(),
        None => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let page = origin.parse::<Uri>().ok();
            let page = page.as_ref().and_then(Uri::authority);
            host.zip(page).is_some_and(|(host, page)| page.as_str().eq_ignore_ascii_case(host))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origin: Option<&str>, host: &str, public_url: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        let url = public_url.map(|url| PublicUrl::try_from(url.to_owned()).unwrap());
        is_allowed(&headers, url.as_ref())
    }

    #[test]
    fn own_pages_and_programs_may_foreign_pages_may_not() {
        assert!(allowed(None, "localhost:8080", None));
        assert!(allowed(Some("http://localhost:8080"), "localhost:8080", None));
        assert!(!allowed(Some("http://localhost:8081"), "localhost:8080", None));
        assert!(!allowed(Some("https://evil.example"), "localhost:8080", None));
        assert!(!allowed(Some("null"), "localhost:8080", None));
    }

    #[test]
    fn a_configured_url_is_the_only_origin() {
        let url = Some("https://meet.example.org");
        assert!(allowed(Some("https://meet.example.org"), "127.0.0.1:8080", url));
        assert!(!allowed(Some("http://meet.example.org"), "meet.example.org", url));
        assert!(!allowed(Some("https://meet.example.org.evil.example"), "x", url));
        assert!(!allowed(Some("http://127.0.0.1:8080"), "127.0.0.1:8080", url));
    }
}
