//! Media types, credentials and errors as TAXII has them.

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64ct::{Base64, Encoding as _};
use sabha_protocol::{Rule, limits::HTTP_BODY_BYTES_MAX, wire::http::ApiError};
use serde_json::{Value, json};

use super::Refusal;

/// Of every request and answer (section 1.6.8.1).
pub(super) const TAXII: &str = "application/taxii+json;version=2.1";

/// Of the objects in them.
pub(super) const STIX: &str = "application/stix+json;version=2.1";

/// An answer of TAXII.
pub(super) struct Taxii(pub(super) StatusCode, pub(super) Value);

impl IntoResponse for Taxii {
    fn into_response(self) -> Response {
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(TAXII))];
        (self.0, kind, self.1.to_string()).into_response()
    }
}

/// Checks that the caller takes answers of TAXII 2.1. Who does not say what they take, takes anything (RFC 9110 section 12.5.1).
pub(super) fn accepts(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut all = headers.get_all(header::ACCEPT).iter().peekable();
    if all.peek().is_none() {
        return Ok(());
    }
    let ranges = all.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    if ranges.into_iter().any(is_ours) {
        return Ok(());
    }
    let message = format!("this is TAXII 2.1: accept {TAXII}");
    Err(Refusal::with_status(StatusCode::NOT_ACCEPTABLE, Rule::WellFormed, message))
}

/// Returns whether a media range has our media type in it.
fn is_ours(range: &str) -> bool {
    let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
    let kind = parts.next().unwrap_or_default();
    let mut version = None;
    let mut refused = false;
    for part in parts {
        match part.split_once('=') {
            Some(("version", value)) => version = Some(value.trim_matches('"').to_owned()),
            Some(("q", weight)) => refused = weight.trim_matches(['0', '.']).is_empty(),
            _ => {}
        }
    }
    let named = matches!(kind.as_str(), "application/taxii+json" | "application/*" | "*/*");
    named && !refused && version.is_none_or(|version| version == "2.1")
}

/// Checks that a body is one of TAXII 2.1. Its version has to be said (section 1.6.8.1).
pub(super) fn is_envelope(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_versioned = kind.to_ascii_lowercase().contains("version");
    if is_versioned && kind.to_ascii_lowercase().starts_with("application/taxii+json") && is_ours(kind) {
        return Ok(());
    }
    let message = format!("the body is to be {TAXII}");
    Err(Refusal::with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, Rule::WellFormed, message))
}

/// Takes the password of Basic (RFC 7617) for the API key that it is. What cannot be one is left as it came, and opens nothing.
pub(super) fn take_basic(headers: &mut HeaderMap) {
    let key = || {
        let (scheme, rest) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(Base64::decode_vec(rest.trim()).ok()?).ok()?;
        let (_, password) = text.split_once(':')?;
        let mut value = HeaderValue::from_str(&format!("Bearer {password}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    };
    if let Some(value) = key() {
        headers.insert(header::AUTHORIZATION, value);
    }
}

/// Turns a refusal of the server into TAXII's error resource (section 3.6.1).
pub(super) async fn answer(response: Response) -> Response {
    let status = response.status();
    let is_taxii = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == TAXII);
    if is_taxii || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let error = to_bytes(body, HTTP_BODY_BYTES_MAX).await.ok();
    let error = error.and_then(|bytes| serde_json::from_slice::<ApiError>(&bytes).ok());
    let mut resource = json!({
        "title": status.canonical_reason().unwrap_or("Error"),
        "http_status": status.as_u16().to_string(),
    });
    if let Some(ApiError { rule, message }) = error {
        resource["error_code"] = json!(rule);
        resource["description"] = message.into();
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(TAXII));
    if status == StatusCode::UNAUTHORIZED {
        // Of the two, programs for TAXII know this one.
        parts.headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"Sabha\", charset=\"UTF-8\""),
        );
        parts.headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    Response::from_parts(parts, Body::from(resource.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn who_takes_taxii_in_this_version_is_answered() {
        for good in [
            TAXII,
            "application/taxii+json",
            "application/taxii+json; version=2.1",
            "Application/TAXII+JSON;Version=\"2.1\"",
            "text/html, application/taxii+json;version=2.1;q=0.5",
            "*/*",
            "application/*;q=0.1",
        ] {
            assert!(accepts(&with(header::ACCEPT, good)).is_ok(), "{good}");
        }
        for bad in [
            "application/json",
            "application/taxii+json;version=2.0",
            "application/vnd.oasis.taxii+json",
            "application/taxii+json;version=2.1;q=0",
            "*/*;q=0.000",
            "text/html",
            "",
        ] {
            assert!(accepts(&with(header::ACCEPT, bad)).is_err(), "{bad}");
        }
        assert!(accepts(&HeaderMap::new()).is_ok());
    }

    #[test]
    fn a_body_says_exactly_what_it_is() {
        for good in [TAXII, "application/taxii+json; version=2.1"] {
            assert!(is_envelope(&with(header::CONTENT_TYPE, good)).is_ok(), "{good}");
        }
        for bad in [
            "",
            "*/*",
            "application/json",
            "application/taxii+json",
            "application/taxii+json;version=2.0",
            STIX,
        ] {
            assert!(is_envelope(&with(header::CONTENT_TYPE, bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_is_taken_for_the_key_that_it_is() {
        let taken = |value: &str| {
            let mut headers = with(header::AUTHORIZATION, value);
            take_basic(&mut headers);
            headers[header::AUTHORIZATION].to_str().unwrap().to_owned()
        };
        let basic = |text: &str| format!("basic {}", Base64::encode_string(text.as_bytes()));
        assert_eq!(taken(&basic("feed:sabha_x:y")), "Bearer sabha_x:y");
        assert_eq!(taken(&basic(":k")), "Bearer k");
        for other in ["Bearer sabha_x", "Basic ???", &basic("no colon"), &basic("a:b\nc"), "Basic"] {
            assert_eq!(taken(other), other);
        }
    }
}
