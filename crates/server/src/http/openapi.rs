//! The OpenAPI document of the HTTP API, made from the handlers themselves.
//!
//! `docs/openapi.json` is a copy that a test keeps current; the server serves its own.

use axum::Json;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

use super::{api, health};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sabha",
        description = "The HTTP API of a Sabha server. What happens in a meeting goes over the WebSocket \
                       `/api/v1/signalling` with the subprotocol `sabha.v1`, whose messages are defined in \
                       the crate `sabha-protocol`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(api::create_meeting, api::policy, api::version, health::healthz, health::readyz, health::metrics),
    modifiers(&CreationKeyScheme),
    tags(
        (name = "meetings", description = "Creating meetings"),
        (name = "policy", description = "What the organisation demands of every meeting"),
        (name = "operation", description = "For operators and monitoring")
    )
)]
struct Document;

struct CreationKeyScheme;

impl Modify for CreationKeyScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(
            Http::builder()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some(
                    "The server's creation key, the fragment of the link it prints at its start",
                ))
                .build(),
        );
        document.components.get_or_insert_default().add_security_scheme("creation_key", scheme);
    }
}

/// Returns the document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Serves the document.
pub(super) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(openapi())
}
