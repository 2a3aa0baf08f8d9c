//! The OpenAPI document of the HTTP API, made from the handlers themselves.
//!
//! `docs/openapi.json` is a copy that a test keeps current; the server serves its own.

use axum::Json;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};

use super::{
    accounts::{
        advisories, audit, entering, floor, mails, operation, own, passwords, plans, provider, templates,
        users,
    },
    api, bulletin, health, probe, taxii,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sabha",
        description = "The HTTP API of a Sabha server. What happens in a meeting goes over the WebSocket \
                       `/api/v1/signalling` with the subprotocol `sabha.v1`, whose messages are defined in \
                       the crate `sabha-protocol`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(api::create_meeting, api::policy, api::policy_advisories, api::version, probe::confirm, health::healthz, health::readyz, health::metrics, entering::organisation, entering::link, entering::begin_registration, entering::finish_registration, entering::begin_sign_in, entering::finish_sign_in, entering::sign_out, passwords::allow, passwords::own, passwords::begin_setting, passwords::set, passwords::remove, passwords::begin, passwords::finish, provider::ways, provider::begin, provider::finish, provider::identities, provider::begin_identity, provider::finish_identity, provider::remove_identity, own::account, own::passkeys, own::begin_passkey, own::finish_passkey, own::rename_passkey, own::remove_passkey, own::sessions, own::end_sessions, own::end_session, own::keys, own::create_key, own::revoke_key, users::rename_organisation, users::users, users::change_user, users::remove_user, users::invitations, users::invite, users::revoke_invitation, audit::page, audit::export, floor::view, floor::preview, floor::apply, advisories::list, advisories::preview, advisories::apply, advisories::take_back, advisories::subscriptions, advisories::subscribe, advisories::unsubscribe, templates::templates, templates::put, templates::remove, plans::times, plans::create, plans::plans, plans::cancel, plans::cancel_meeting, mails::mails, mails::send, operation::live, operation::health, operation::refused,
        bulletin::public::documents, bulletin::public::facets, bulletin::public::document, bulletin::public::content, bulletin::public::attachment, bulletin::organisations::me, bulletin::organisations::organisations, bulletin::organisations::add, bulletin::organisations::remove, bulletin::organisations::memberships, bulletin::organisations::set_membership, bulletin::organisations::remove_membership, bulletin::organisations::groups, bulletin::organisations::add_group, bulletin::organisations::change_group, bulletin::documents::documents, bulletin::documents::facets, bulletin::documents::document, bulletin::documents::create, bulletin::documents::begin, bulletin::documents::change, bulletin::documents::step, bulletin::files::content, bulletin::files::attach, bulletin::files::attachment, bulletin::files::detach, bulletin::discussion::acknowledgements, bulletin::discussion::acknowledge, bulletin::discussion::comments, bulletin::discussion::comment, bulletin::discussion::grant, bulletin::incidents::incidents, bulletin::incidents::change, bulletin::profiles::public_profile, bulletin::profiles::profile, bulletin::profiles::carry, bulletin::profiles::drop_profile, bulletin::profiles::coverage, bulletin::exchange::import_draft, bulletin::check::check, bulletin::provider::metadata, bulletin::provider::service, bulletin::provider::category, bulletin::provider::key, bulletin::provider::security_txt, bulletin::provider::clear, bulletin::provider::clear_list, bulletin::provider::clear_year, bulletin::provider::clear_file, bulletin::provider::label, bulletin::provider::label_list, bulletin::provider::label_year, bulletin::provider::label_file, bulletin::aggregator::document, bulletin::aggregator::file, bulletin::aggregator::folder, bulletin::aggregator::list, bulletin::aggregator::year, bulletin::aggregator::copy, bulletin::feeds::token_state, bulletin::feeds::make_token, bulletin::feeds::remove_token, bulletin::feeds::public_atom, bulletin::feeds::public_rss, bulletin::feeds::own,
        bulletin::notices::chosen, bulletin::notices::choose, bulletin::notices::set_key, bulletin::notices::remove_key, bulletin::notices::alerts, bulletin::notices::dismiss, bulletin::webhooks::list, bulletin::webhooks::add, bulletin::webhooks::remove, bulletin::webhooks::retry),
    modifiers(&CreationKeyScheme),
    tags(
        (name = "accounts", description = "Users, what lets them in, and the audit log"),
        (name = "bulletin", description = "Documents that organisations share by need to know"),
        (name = "csaf", description = "The trusted provider, and the lister or aggregator, of CSAF 2.0, where readers of it look"),
        (name = "meetings", description = "Creating meetings"),
        (name = "plans", description = "Planned meetings"),
        (name = "policy", description = "What the organisation demands of every meeting"),
        (name = "operation", description = "For operators and monitoring"),
        (name = "taxii", description = "TAXII 2.1: the bulletin as objects of STIX, for programs that keep up with it. An API key \
                                        may come as the password of `Basic` too, with any user name")
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
        let api_key = SecurityScheme::Http(
            Http::builder()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some("An API key, `sabha_...`, that a user made, with the scope that is named"))
                .build(),
        );
        let session = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            "__Host-sabha",
            "A session, begun with a passkey; without HTTPS, on the machine itself, the cookie is `sabha`",
        )));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("creation_key", scheme);
        components.add_security_scheme("api_key", api_key);
        components.add_security_scheme("session", session);
    }
}

/// Returns the document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    taxii::describe(Document::openapi())
}

/// Serves the document.
pub(super) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(openapi())
}
