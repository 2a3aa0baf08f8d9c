//! Headers that every answer carries: what a browser may do with it, and what our pages may do.
//!
//! No third-party request, no frame, no inline script or style, no injected markup; camera, microphone and
//! screen for our own pages only; nothing else of the machine at all.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::config::PublicUrl;

/// W3C Content Security Policy Level 3 and Trusted Types. `'self'` in `connect-src` covers `ws:` and `wss:`
/// of the same host. `'wasm-unsafe-eval'` lets our own scripts compile WebAssembly, in which MLS runs, and nothing
/// else. The Trusted Types policies are the one the client's framework makes for its templates and the one
/// with which the client starts its own workers.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; \
    font-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html sabha-worker";

const PERMISSIONS_POLICY: &str = "camera=(self), microphone=(self), display-capture=(self), \
    speaker-selection=(self), screen-wake-lock=(self), autoplay=(self), fullscreen=(self), \
    picture-in-picture=(self), clipboard-write=(self), accelerometer=(), \
    browsing-topics=(), clipboard-read=(), encrypted-media=(), gamepad=(), geolocation=(), \
    gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), midi=(), payment=(), \
    publickey-credentials-create=(), publickey-credentials-get=(), serial=(), usb=(), \
    window-management=(), xr-spatial-tracking=()";

/// As [`CONTENT_SECURITY_POLICY`], for the public pages of the bulletin: no script at all, and a form that searches.
const BULLETIN_CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The pages on which people sign in: passkeys, and nothing that a call needs.
const ADMIN_PATH: &str = "/admin";
const DESK_PATH: &str = "/bulletin/desk";
/// Where the public pages of the bulletin are.
const BULLETIN_PATH: &str = "/bulletin";

/// As [`PERMISSIONS_POLICY`], for [`ADMIN_PATH`] and what is at and below [`BULLETIN_PATH`].
const ADMIN_PERMISSIONS_POLICY: &str = "publickey-credentials-create=(self), publickey-credentials-get=(self), \
    clipboard-write=(self), accelerometer=(), autoplay=(), browsing-topics=(), camera=(), clipboard-read=(), \
    display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), gyroscope=(), hid=(), \
    idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), \
    picture-in-picture=(), screen-wake-lock=(), serial=(), speaker-selection=(), usb=(), window-management=(), \
    xr-spatial-tracking=()";

/// A year, for a site that is reached by HTTPS (RFC 6797).
const STRICT_TRANSPORT_SECURITY: &str = "max-age=31536000";

/// The headers of one server.
#[derive(Clone, Debug)]
pub(super) struct Headers(Arc<[(HeaderName, HeaderValue)]>);

impl Headers {
    /// Returns the headers for a server that is reached under `public_url`.
    pub(super) fn new(public_url: Option<&PublicUrl>) -> Self {
        let mut headers = vec![
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
            (HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        if public_url.is_some_and(PublicUrl::is_secure) {
            headers.push((header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY));
        }
        let fixed = |(name, value)| (name, HeaderValue::from_static(value));
        Self(headers.into_iter().map(fixed).collect())
    }
}

/// Adds the headers to an answer. What says nothing about caching is not to be kept.
pub(super) async fn add(State(all): State<Headers>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_bulletin =
        path.strip_prefix(BULLETIN_PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_public_page = is_bulletin && path != DESK_PATH;
    let is_admin = path == ADMIN_PATH;
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in all.0.iter() {
        headers.insert(name, value.clone());
    }
    if is_public_page {
        let policy = HeaderValue::from_static(BULLETIN_CONTENT_SECURITY_POLICY);
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if is_admin || is_bulletin {
        let policy = HeaderValue::from_static(ADMIN_PERMISSIONS_POLICY);
        headers.insert(HeaderName::from_static("permissions-policy"), policy);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
