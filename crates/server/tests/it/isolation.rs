//! The matrix: every route of the OpenAPI document and every message of the WebSocket, against every kind of credential
//! that is not enough: none, wrong, expired, revoked, another organisation's, another role's, another room's.
//!
//! The rows come from the document and from the protocol's own list of messages. One that has no expectation here fails
//! the test, or does not compile: whoever adds a route or a message says who may use it.

use std::collections::{BTreeMap, BTreeSet};

use sabha_protocol::{
    GroupEpoch, MediaState, ParticipantId, Rule, Source,
    account::{AccountRole, ApiKeyId, InvitationId, Scope},
    device::DeviceCommand,
    limits::{INVITATION_LIFE, SESSION_IDLE},
    secret::{AccessToken, LinkToken, ResumeToken},
    wire::{
        ClientMessage, ServerMessage,
        accounts::{ApiKey, AuditAction, Invite, PasskeyRequest},
        client::Credential as Claim,
    },
};
use sabha_server::{
    config::PublicUrl,
    http::{Right, openapi},
    storage::Author,
};
use sqlx::{Row as _, sqlite::SqliteConnectOptions};

use crate::{
    accounts::{Credential, Office, hash, rule},
    bulletin,
    client::{Client, offer},
    person::{self, Person},
    server::{Response, TestServer, new_meeting, now_ms, request},
};

/// What a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// Nothing: whoever asks, with whatever credential, gets the same.
    Nothing,
    /// A secret in the body; tried in a test of its own, below.
    Secret,
    /// The creation key, or a session or API key of who may create meetings.
    Creation,
    /// To come from the machine itself.
    ThisMachine,
    /// A session.
    Session,
    /// A session of an administrator.
    Administrator,
    /// A session of who has one of the scope's roles, or an API key with the scope.
    Scope(Scope),
}

/// Who may use which route. In the document's order.
const ROUTES: &[(&str, &str, Takes)] = &[
    ("GET", "/.well-known/csaf-aggregator/aggregator.json", Takes::Nothing),
    ("GET", "/.well-known/csaf-aggregator/{provider}/clear/", Takes::Nothing),
    ("GET", "/.well-known/csaf-aggregator/{provider}/clear/{list}", Takes::Nothing),
    ("GET", "/.well-known/csaf-aggregator/{provider}/clear/{year}/", Takes::Nothing),
    ("GET", "/.well-known/csaf-aggregator/{provider}/clear/{year}/{file}", Takes::Nothing),
    ("GET", "/.well-known/csaf-aggregator/{provider}/{file}", Takes::Nothing),
    ("GET", "/.well-known/csaf/category.json", Takes::Nothing),
    ("GET", "/.well-known/csaf/clear/", Takes::Nothing),
    ("GET", "/.well-known/csaf/clear/{list}", Takes::Nothing),
    ("GET", "/.well-known/csaf/clear/{year}/", Takes::Nothing),
    ("GET", "/.well-known/csaf/clear/{year}/{file}", Takes::Nothing),
    ("GET", "/.well-known/csaf/openpgp/{file}", Takes::Nothing),
    ("GET", "/.well-known/csaf/provider-metadata.json", Takes::Nothing),
    ("GET", "/.well-known/csaf/service.json", Takes::Nothing),
    ("GET", "/.well-known/csaf/{label}/", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/.well-known/csaf/{label}/{list}", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/.well-known/csaf/{label}/{year}/", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/.well-known/csaf/{label}/{year}/{file}", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/.well-known/security.txt", Takes::Nothing),
    ("GET", "/api/v1/account", Takes::Session),
    ("GET", "/api/v1/account/identities", Takes::Session),
    ("POST", "/api/v1/account/identities", Takes::Session),
    ("POST", "/api/v1/account/identities/finish", Takes::Session),
    ("DELETE", "/api/v1/account/identities/{id}", Takes::Session),
    ("GET", "/api/v1/account/keys", Takes::Session),
    ("POST", "/api/v1/account/keys", Takes::Session),
    ("DELETE", "/api/v1/account/keys/{id}", Takes::Session),
    ("POST", "/api/v1/account/link", Takes::Secret),
    ("GET", "/api/v1/account/passkeys", Takes::Session),
    ("POST", "/api/v1/account/passkeys", Takes::Session),
    ("POST", "/api/v1/account/passkeys/finish", Takes::Session),
    ("DELETE", "/api/v1/account/passkeys/{id}", Takes::Session),
    ("PATCH", "/api/v1/account/passkeys/{id}", Takes::Session),
    ("GET", "/api/v1/account/password", Takes::Session),
    ("POST", "/api/v1/account/password", Takes::Session),
    ("PUT", "/api/v1/account/password", Takes::Session),
    ("DELETE", "/api/v1/account/password", Takes::Session),
    ("POST", "/api/v1/account/password/sign-in", Takes::Secret),
    ("POST", "/api/v1/account/password/sign-in/finish", Takes::Secret),
    ("POST", "/api/v1/account/provider", Takes::Secret),
    ("POST", "/api/v1/account/provider/finish", Takes::Secret),
    ("POST", "/api/v1/account/registrations", Takes::Secret),
    ("POST", "/api/v1/account/registrations/finish", Takes::Secret),
    ("GET", "/api/v1/account/sessions", Takes::Session),
    ("DELETE", "/api/v1/account/sessions", Takes::Session),
    ("DELETE", "/api/v1/account/sessions/{id}", Takes::Session),
    ("POST", "/api/v1/account/sign-in", Takes::Secret),
    ("POST", "/api/v1/account/sign-in/finish", Takes::Secret),
    ("POST", "/api/v1/account/sign-out", Takes::Session),
    ("GET", "/api/v1/account/ways", Takes::Nothing),
    ("GET", "/api/v1/audit", Takes::Scope(Scope::AuditRead)),
    ("GET", "/api/v1/audit/export", Takes::Scope(Scope::AuditRead)),
    ("GET", "/api/v1/bulletin/public", Takes::Nothing),
    ("GET", "/api/v1/bulletin/public/facets", Takes::Nothing),
    ("GET", "/api/v1/bulletin/public/{id}", Takes::Nothing),
    ("GET", "/api/v1/bulletin/public/{id}/revisions/{number}/content", Takes::Nothing),
    ("GET", "/api/v1/bulletin/public/attachments/{id}", Takes::Nothing),
    ("GET", "/api/v1/bulletin/facets", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/api/v1/bulletin/me", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/api/v1/bulletin/organisations", Takes::Scope(Scope::BulletinRead)),
    ("POST", "/api/v1/bulletin/organisations", Takes::Administrator),
    ("DELETE", "/api/v1/bulletin/organisations/{id}", Takes::Administrator),
    ("GET", "/api/v1/bulletin/memberships", Takes::Scope(Scope::BulletinRead)),
    ("PUT", "/api/v1/bulletin/memberships", Takes::Session),
    ("DELETE", "/api/v1/bulletin/memberships/{id}", Takes::Session),
    ("GET", "/api/v1/bulletin/groups", Takes::Scope(Scope::BulletinRead)),
    ("POST", "/api/v1/bulletin/groups", Takes::Administrator),
    ("PUT", "/api/v1/bulletin/groups/{id}", Takes::Administrator),
    ("DELETE", "/api/v1/bulletin/feed-token", Takes::Session),
    ("GET", "/api/v1/bulletin/feed-token", Takes::Session),
    ("POST", "/api/v1/bulletin/feed-token", Takes::Session),
    ("GET", "/api/v1/bulletin/feeds/{token}/{file}", Takes::Nothing),
    ("GET", "/api/v1/bulletin/public/feed.atom", Takes::Nothing),
    ("GET", "/api/v1/bulletin/public/feed.rss", Takes::Nothing),
    ("GET", "/api/v1/bulletin/alerts", Takes::Scope(Scope::BulletinRead)),
    ("POST", "/api/v1/bulletin/alerts", Takes::Session),
    ("GET", "/api/v1/bulletin/notices", Takes::Session),
    ("PUT", "/api/v1/bulletin/notices", Takes::Session),
    ("DELETE", "/api/v1/bulletin/notices/key", Takes::Session),
    ("PUT", "/api/v1/bulletin/notices/key", Takes::Session),
    ("GET", "/api/v1/bulletin/webhooks", Takes::Session),
    ("POST", "/api/v1/bulletin/webhooks", Takes::Session),
    ("DELETE", "/api/v1/bulletin/webhooks/{id}", Takes::Session),
    ("POST", "/api/v1/bulletin/webhooks/{id}/retry", Takes::Session),
    ("POST", "/api/v1/bulletin/check", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/api/v1/bulletin/documents", Takes::Scope(Scope::BulletinRead)),
    ("POST", "/api/v1/bulletin/documents", Takes::Scope(Scope::BulletinWrite)),
    ("GET", "/api/v1/bulletin/documents/{id}", Takes::Scope(Scope::BulletinRead)),
    ("PUT", "/api/v1/bulletin/documents/{id}/draft", Takes::Scope(Scope::BulletinWrite)),
    ("POST", "/api/v1/bulletin/documents/{id}/revisions", Takes::Scope(Scope::BulletinWrite)),
    ("POST", "/api/v1/bulletin/documents/{id}/steps", Takes::Scope(Scope::BulletinWrite)),
    ("GET", "/api/v1/bulletin/documents/{id}/revisions/{number}/content", Takes::Scope(Scope::BulletinRead)),
    ("POST", "/api/v1/bulletin/documents/{id}/attachments", Takes::Scope(Scope::BulletinWrite)),
    ("GET", "/api/v1/bulletin/attachments/{id}", Takes::Scope(Scope::BulletinRead)),
    ("DELETE", "/api/v1/bulletin/attachments/{id}", Takes::Scope(Scope::BulletinWrite)),
    ("GET", "/api/v1/bulletin/documents/{id}/acknowledgements", Takes::Scope(Scope::BulletinRead)),
    ("POST", "/api/v1/bulletin/documents/{id}/acknowledgements", Takes::Scope(Scope::BulletinWrite)),
    ("GET", "/api/v1/bulletin/documents/{id}/comments", Takes::Scope(Scope::BulletinRead)),
    ("POST", "/api/v1/bulletin/documents/{id}/comments", Takes::Scope(Scope::BulletinWrite)),
    ("POST", "/api/v1/bulletin/documents/{id}/clients", Takes::Scope(Scope::BulletinWrite)),
    ("PUT", "/api/v1/bulletin/documents/{id}/profile", Takes::Scope(Scope::BulletinWrite)),
    ("DELETE", "/api/v1/bulletin/documents/{id}/profile", Takes::Scope(Scope::BulletinWrite)),
    ("GET", "/api/v1/bulletin/documents/{id}/revisions/{number}/profile", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/api/v1/bulletin/public/{id}/revisions/{number}/profile", Takes::Nothing),
    ("GET", "/api/v1/bulletin/coverage", Takes::Scope(Scope::BulletinRead)),
    ("POST", "/api/v1/bulletin/import", Takes::Scope(Scope::BulletinWrite)),
    ("GET", "/api/v1/bulletin/incidents", Takes::Scope(Scope::BulletinRead)),
    ("PATCH", "/api/v1/bulletin/documents/{id}/incident", Takes::Scope(Scope::BulletinWrite)),
    ("GET", "/api/v1/floor", Takes::Scope(Scope::PolicyRead)),
    ("POST", "/api/v1/floor", Takes::Scope(Scope::PolicyWrite)),
    ("POST", "/api/v1/floor/preview", Takes::Scope(Scope::PolicyRead)),
    ("GET", "/api/v1/floor/advisories", Takes::Scope(Scope::PolicyRead)),
    ("POST", "/api/v1/floor/advisories/apply", Takes::Scope(Scope::PolicyWrite)),
    ("POST", "/api/v1/floor/advisories/preview", Takes::Scope(Scope::PolicyRead)),
    ("POST", "/api/v1/floor/advisories/rollback", Takes::Scope(Scope::PolicyWrite)),
    ("GET", "/api/v1/floor/subscriptions", Takes::Scope(Scope::PolicyRead)),
    ("PUT", "/api/v1/floor/subscriptions", Takes::Scope(Scope::PolicyWrite)),
    ("DELETE", "/api/v1/floor/subscriptions/{id}", Takes::Scope(Scope::PolicyWrite)),
    ("GET", "/api/v1/templates", Takes::Scope(Scope::MeetingsCreate)),
    ("POST", "/api/v1/templates", Takes::Scope(Scope::PolicyWrite)),
    ("DELETE", "/api/v1/templates/{id}", Takes::Scope(Scope::PolicyWrite)),
    ("GET", "/api/v1/health", Takes::Scope(Scope::HealthRead)),
    ("GET", "/api/v1/invitations", Takes::Scope(Scope::UsersRead)),
    ("POST", "/api/v1/invitations", Takes::Scope(Scope::UsersWrite)),
    ("DELETE", "/api/v1/invitations/{id}", Takes::Scope(Scope::UsersWrite)),
    ("GET", "/api/v1/live", Takes::Scope(Scope::HealthRead)),
    ("POST", "/api/v1/meetings", Takes::Creation),
    ("GET", "/api/v1/organisation", Takes::Nothing),
    ("PUT", "/api/v1/organisation", Takes::Administrator),
    ("PUT", "/api/v1/passwords", Takes::Administrator),
    ("GET", "/api/v1/plans", Takes::Scope(Scope::MeetingsCreate)),
    ("POST", "/api/v1/plans", Takes::Scope(Scope::MeetingsCreate)),
    ("DELETE", "/api/v1/plans/meetings/{id}", Takes::Scope(Scope::MeetingsCreate)),
    ("POST", "/api/v1/plans/times", Takes::Scope(Scope::MeetingsCreate)),
    ("DELETE", "/api/v1/plans/{id}", Takes::Scope(Scope::MeetingsCreate)),
    ("GET", "/api/v1/plans/{id}/mails", Takes::Scope(Scope::MeetingsCreate)),
    ("POST", "/api/v1/plans/{id}/mails", Takes::Scope(Scope::MeetingsCreate)),
    ("GET", "/api/v1/policy", Takes::Nothing),
    ("GET", "/api/v1/policy/advisories", Takes::Nothing),
    ("GET", "/api/v1/probe/{expires_s}/{challenge}", Takes::Nothing),
    ("GET", "/api/v1/refusals", Takes::Scope(Scope::HealthRead)),
    ("GET", "/api/v1/users", Takes::Scope(Scope::UsersRead)),
    ("DELETE", "/api/v1/users/{id}", Takes::Scope(Scope::UsersWrite)),
    ("PATCH", "/api/v1/users/{id}", Takes::Scope(Scope::UsersWrite)),
    ("GET", "/api/v1/version", Takes::Nothing),
    ("GET", "/healthz", Takes::Nothing),
    ("GET", "/metrics", Takes::ThisMachine),
    ("GET", "/readyz", Takes::Nothing),
    ("GET", "/taxii2/", Takes::Nothing),
    ("GET", "/taxii2/groups/{group}/", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/taxii2/groups/{group}/collections/", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/taxii2/groups/{group}/collections/{collection}/", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/taxii2/groups/{group}/collections/{collection}/manifest/", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/taxii2/groups/{group}/collections/{collection}/objects/", Takes::Scope(Scope::BulletinRead)),
    ("POST", "/taxii2/groups/{group}/collections/{collection}/objects/", Takes::Scope(Scope::BulletinWrite)),
    (
        "GET",
        "/taxii2/groups/{group}/collections/{collection}/objects/{object}/",
        Takes::Scope(Scope::BulletinRead),
    ),
    (
        "DELETE",
        "/taxii2/groups/{group}/collections/{collection}/objects/{object}/",
        Takes::Scope(Scope::BulletinWrite),
    ),
    (
        "GET",
        "/taxii2/groups/{group}/collections/{collection}/objects/{object}/versions/",
        Takes::Scope(Scope::BulletinRead),
    ),
    ("GET", "/taxii2/groups/{group}/status/{status}/", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/taxii2/members/", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/taxii2/members/collections/", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/taxii2/members/collections/{collection}/", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/taxii2/members/collections/{collection}/manifest/", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/taxii2/members/collections/{collection}/objects/", Takes::Scope(Scope::BulletinRead)),
    ("POST", "/taxii2/members/collections/{collection}/objects/", Takes::Scope(Scope::BulletinWrite)),
    ("GET", "/taxii2/members/collections/{collection}/objects/{object}/", Takes::Scope(Scope::BulletinRead)),
    (
        "DELETE",
        "/taxii2/members/collections/{collection}/objects/{object}/",
        Takes::Scope(Scope::BulletinWrite),
    ),
    (
        "GET",
        "/taxii2/members/collections/{collection}/objects/{object}/versions/",
        Takes::Scope(Scope::BulletinRead),
    ),
    ("GET", "/taxii2/members/status/{status}/", Takes::Scope(Scope::BulletinRead)),
    ("GET", "/taxii2/public/", Takes::Nothing),
    ("GET", "/taxii2/public/collections/", Takes::Nothing),
    ("GET", "/taxii2/public/collections/{collection}/", Takes::Nothing),
    ("GET", "/taxii2/public/collections/{collection}/manifest/", Takes::Nothing),
    ("GET", "/taxii2/public/collections/{collection}/objects/", Takes::Nothing),
    ("POST", "/taxii2/public/collections/{collection}/objects/", Takes::Nothing),
    ("GET", "/taxii2/public/collections/{collection}/objects/{object}/", Takes::Nothing),
    ("DELETE", "/taxii2/public/collections/{collection}/objects/{object}/", Takes::Nothing),
    ("GET", "/taxii2/public/collections/{collection}/objects/{object}/versions/", Takes::Nothing),
];

/// Returns the routes of the document, with the schemes of security that each names.
fn documented() -> Vec<(String, String, BTreeMap<String, Vec<String>>)> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let schemes = operation["security"].as_array().into_iter().flatten();
            let schemes = schemes.flat_map(|scheme| {
                serde_json::from_value::<BTreeMap<String, Vec<String>>>(scheme.clone()).unwrap()
            });
            routes.push((method.to_uppercase(), path.clone(), schemes.collect()));
        }
    }
    routes
}

#[tokio::test]
async fn every_documented_route_says_here_who_may_use_it_and_the_server_agrees() {
    let server = TestServer::start().await;
    let documented = documented();
    let named: BTreeSet<(&str, &str)> =
        documented.iter().map(|(method, path, _)| (method.as_str(), path.as_str())).collect();
    let expected: BTreeSet<(&str, &str)> = ROUTES.iter().map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(named, expected, "a route without an expectation, or an expectation without a route");
    assert_eq!(ROUTES.len(), expected.len(), "each once");

    let rights: BTreeMap<(String, &str), Right> = server
        .server
        .account_routes()
        .iter()
        .map(|route| ((route.method.to_string(), route.path), route.right))
        .collect();
    let undocumented = |(method, path): &(String, &str)| !named.contains(&(method.as_str(), *path));
    let forgotten: Vec<_> = rights.keys().filter(|route| undocumented(route)).collect();
    assert!(forgotten.is_empty(), "guarded, and not in the document: {forgotten:?}");
    for (method, path, takes) in ROUTES {
        let (_, _, schemes) = documented
            .iter()
            .find(|(found, at, _)| (found.as_str(), at.as_str()) == (*method, *path))
            .unwrap();
        let scopes = |scope: Scope| vec![scope.word().to_owned()];
        let session = ("session".to_owned(), vec![]);
        let (right, says) = match takes {
            Takes::Nothing => (rights.get(&((*method).to_owned(), *path)).map(|_| Right::Anyone), vec![]),
            Takes::ThisMachine => (None, vec![]),
            Takes::Secret => (Some(Right::Entry), vec![]),
            Takes::Creation => (
                None,
                vec![
                    session,
                    ("creation_key".to_owned(), vec![]),
                    ("api_key".to_owned(), scopes(Scope::MeetingsCreate)),
                ],
            ),
            Takes::Session => (Some(Right::SignedIn), vec![session]),
            Takes::Administrator => (Some(Right::Administrator), vec![session]),
            Takes::Scope(scope) => {
                (Some(Right::Scope(*scope)), vec![session, ("api_key".to_owned(), scopes(*scope))])
            }
        };
        assert_eq!(
            rights.get(&((*method).to_owned(), *path)).copied(),
            right,
            "{method} {path}: what the guard asks"
        );
        assert_eq!(*schemes, says.into_iter().collect(), "{method} {path}: what the document says");
    }
}

/// Returns everything in the database but when credentials were last used, and how often rooms were opened.
async fn everything(server: &TestServer) -> String {
    let options = SqliteConnectOptions::new()
        .filename(server.directory.path().join(sabha_server::storage::FILE_NAME))
        .read_only(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&pool).await.unwrap();
    let mut all = String::new();
    for table in tables {
        let columns = format!("SELECT name FROM pragma_table_info('{table}')");
        let columns: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(columns)).fetch_all(&pool).await.unwrap();
        let kept: Vec<String> = columns
            .into_iter()
            .filter(|column| !["seen_ms", "used_ms"].contains(&column.as_str()))
            .map(|column| format!("quote({column})"))
            .collect();
        let rows = format!("SELECT {} FROM {table} ORDER BY 1", kept.join(" || ',' || "));
        for row in sqlx::query(sqlx::AssertSqlSafe(rows)).fetch_all(&pool).await.unwrap() {
            all.push_str(&format!("{table}: {}\n", row.get::<String, _>(0)));
        }
    }
    pool.close().await;
    all
}

/// Returns an API key that is good until `expires_ms`.
async fn key_until(office: &Office, scopes: &[Scope], number: u8, expires_ms: u64) -> (ApiKeyId, String) {
    let secret = AccessToken::from_bytes([number; 32]);
    let id = ApiKeyId::from_bytes([number; 16]);
    let key = ApiKey {
        id,
        label: "script".parse().unwrap(),
        scopes: scopes.iter().copied().collect(),
        created_ms: now_ms() - 1000,
        used_ms: None,
        expires_ms,
    };
    office.store.create_api_key(office.administrator, &key, &hash(secret.expose()), now_ms()).await.unwrap();
    (id, format!("Bearer sabha_{}", String::from(secret)))
}

/// Credentials that open nothing here, whatever they once did, or do elsewhere.
async fn void(office: &Office, other: &Office) -> Vec<(&'static str, Credential)> {
    let idle_ms = u64::try_from(SESSION_IDLE.as_millis()).unwrap();
    let (_, expired) = office.session(office.administrator, now_ms() - idle_ms - 1000).await;
    let (revoked_id, revoked) = office.session(office.administrator, now_ms()).await;
    let revoke = AuditAction::SessionRevoked;
    office.store.end_session(office.administrator, revoked_id, revoke, now_ms()).await.unwrap();
    let (_, expired_key) = key_until(office, &Scope::ALL, 0xE0, now_ms()).await;
    let (revoked_key_id, revoked_key) = key_until(office, &Scope::ALL, 0xE1, now_ms() + 600_000).await;
    office.store.revoke_api_key(office.administrator, revoked_key_id, now_ms()).await.unwrap();
    let elsewhere = other.session_by([0xD0; 32]).await;
    let (_, key_elsewhere) = key_until(other, &Scope::ALL, 0xD1, now_ms() + 600_000).await;
    vec![
        ("none", Credential::default()),
        ("a wrong session", Credential::cookie(&format!("sabha={}", "B".repeat(43)))),
        ("a wrong key", Credential::bearer(&format!("Bearer sabha_{}", "B".repeat(43)))),
        ("no key at all", Credential::bearer("Bearer junk")),
        ("an expired session", Credential::cookie(&expired)),
        ("an expired key", Credential::bearer(&expired_key)),
        ("a revoked session", Credential::cookie(&revoked)),
        ("a revoked key", Credential::bearer(&revoked_key)),
        ("another organisation's session", Credential::cookie(&elsewhere)),
        ("another organisation's key", Credential::bearer(&key_elsewhere)),
        (
            "another organisation's creation key",
            Credential::bearer(&format!("Bearer {}", other.server.creation_key())),
        ),
    ]
}

#[tokio::test]
async fn no_documented_route_opens_to_a_credential_that_is_not_enough_and_nothing_changes() {
    let (office, other) = (Office::with(bulletin::with_provider).await, Office::open().await);
    let void = void(&office, &other).await;
    // They are good where they belong.
    for (name, credential) in &void {
        let path = match *name {
            "another organisation's session" => "/api/v1/account",
            "another organisation's key" => "/api/v1/users",
            _ => continue,
        };
        assert_eq!(other.ask("GET", path, credential, "").await.status, 200, "{name}");
    }
    let mut of_roles = Vec::new();
    for roles in [&[][..], &[AccountRole::Host], &[AccountRole::SecurityOfficer]] {
        let user = office.user(roles).await;
        of_roles.push((roles.to_vec(), Credential::cookie(&office.session(user, now_ms()).await.1)));
    }
    let mut of_scopes = Vec::new();
    for (number, scope) in Scope::ALL.into_iter().enumerate() {
        let number = 0xC0 + u8::try_from(number).unwrap();
        let (_, key) = key_until(&office, &[scope], number, now_ms() + 600_000).await;
        of_scopes.push((scope, Credential::bearer(&key)));
    }
    let own_creation_key = Credential::bearer(&format!("Bearer {}", office.server.creation_key()));
    let meeting = serde_json::to_string(&new_meeting().1).unwrap();
    let before = everything(&office.server).await;
    assert!(before.contains("users: ") && before.contains("api_keys: ") && before.contains("audit: "));

    for (method, path, takes) in ROUTES {
        let at = path
            .replace("{id}", &sabha_protocol::account::UserId::from_bytes([0xEE; 16]).to_string())
            .replace("{group}", &sabha_protocol::bulletin::SharingGroupId::from_bytes([0xEE; 16]).to_string())
            .replace("{number}", "1")
            .replace("{label}", "green")
            .replace("{list}", "index.txt")
            .replace("{expires_s}", &(now_ms() / 1000 + 600).to_string())
            .replace("{challenge}", &"A".repeat(43));
        let body = if *path == "/api/v1/meetings" { &meeting } else { "" };
        let ask = async |credential: &Credential| office.ask(method, &at, credential, body).await;
        let refused = async |name: &str, credential: &Credential, expected: (u16, Rule)| {
            let answer = ask(credential).await;
            assert!(answer.status >= 400, "{method} {path} opened to {name}: {answer:?}");
            assert_eq!(rule(&answer), expected, "{method} {path}: {name}");
        };
        let scope = match takes {
            Takes::Nothing => {
                let same = |answer: &Response| (answer.status, answer.body.clone());
                let expected = same(&ask(&Credential::default()).await);
                // Of nothing there is nothing to be seen, and of one publisher alone there is no list of publishers.
                let of_one =
                    ["{id}", "{year}", "{file}", "{token}", "{provider}", "/aggregator.json", "{collection}"];
                let names_one = of_one.iter().any(|part| path.contains(part));
                assert_eq!(expected.0, if names_one { 404 } else { 200 }, "{path}");
                for (name, credential) in &void {
                    assert_eq!(same(&ask(credential).await), expected, "{path}: {name}");
                }
                continue;
            }
            Takes::ThisMachine => {
                let elsewhere = [("x-forwarded-for", "192.0.2.1")];
                let answer = request(office.server.address(), method, path, &elsewhere, "").await;
                assert_eq!(rule(&answer), (404, Rule::WellFormed), "{path}");
                continue;
            }
            Takes::Secret => continue,
            Takes::Creation => {
                for (name, credential) in &void {
                    let answer = ask(credential).await;
                    let (status, rule) = rule(&answer);
                    assert_eq!(status, 401, "{path}: {name}");
                    assert!(
                        matches!(rule, Rule::CreationKey | Rule::AccountSignedIn),
                        "{path}: {name}: {rule}"
                    );
                }
                Some(Scope::MeetingsCreate)
            }
            Takes::Session | Takes::Administrator => None,
            Takes::Scope(scope) => Some(*scope),
        };
        if *takes != Takes::Creation {
            for (name, credential) in &void {
                refused(name, credential, (401, Rule::AccountSignedIn)).await;
            }
            refused("this server's creation key", &own_creation_key, (401, Rule::AccountSignedIn)).await;
        }
        let enough: &[AccountRole] = match (takes, scope) {
            (_, Some(scope)) => scope.roles(),
            (Takes::Administrator, None) => &[AccountRole::Administrator],
            _ => &[],
        };
        for (roles, credential) in &of_roles {
            if !enough.is_empty() && !roles.iter().any(|role| enough.contains(role)) {
                refused(&format!("{roles:?}"), credential, (403, Rule::AccountRole)).await;
            }
        }
        for (other, credential) in of_scopes.iter().filter(|(other, _)| scope != Some(*other)) {
            refused(&format!("a key for {}", other.word()), credential, (403, Rule::AccountScope)).await;
        }
    }
    assert_eq!(everything(&office.server).await, before, "something changed");
}

/// The routes whose secret is in the body.
#[tokio::test]
async fn no_secret_of_another_organisation_time_or_use_lets_anybody_in() {
    let url = PublicUrl::try_from("https://meet.example.org".to_owned()).unwrap();
    let office = Office::with(|settings| settings.server.public_url = Some(url)).await;
    let other = Office::open().await;
    let author = Author::user(office.administrator);
    let life_ms = u64::try_from(INVITATION_LIFE.as_millis()).unwrap();
    let mut links = vec![("a wrong link", LinkToken::from_bytes([0xA0; 32]))];
    for (name, number, at_ms) in
        [("an expired link", 0xA1, now_ms() - life_ms - 1000), ("a revoked link", 0xA2, now_ms())]
    {
        let token = LinkToken::from_bytes([number; 32]);
        let invite = Invite { name: "Ben".parse().unwrap(), email: None, roles: BTreeSet::new() };
        let id = InvitationId::from_bytes([number; 16]);
        office.store.invite(author, id, &hash(token.expose()), invite, at_ms).await.unwrap();
        if name == "a revoked link" {
            office.store.revoke_invitation(author, id, now_ms()).await.unwrap();
        }
        links.push((name, token));
    }
    let used = office.server.server.setup_url().unwrap().rsplit_once('.').unwrap().1;
    links.push(("a used link", LinkToken::try_from(used.to_owned()).unwrap()));
    let elsewhere = LinkToken::from_bytes([0xA3; 32]);
    let invite = Invite { name: "Ben".parse().unwrap(), email: None, roles: BTreeSet::new() };
    let theirs = Author::user(other.administrator);
    let id = InvitationId::from_bytes([0xA3; 16]);
    other.store.invite(theirs, id, &hash(elsewhere.expose()), invite, now_ms()).await.unwrap();
    links.push(("another organisation's link", elsewhere));

    let before = everything(&office.server).await;
    let headers = [("content-type", "application/json")];
    let ask = async |path: &str, body: serde_json::Value| {
        request(office.server.address(), "POST", path, &headers, &body.to_string()).await
    };
    for (name, token) in links {
        let token = String::from(token);
        let answer = ask("/api/v1/account/link", serde_json::json!({ "token": token })).await;
        assert_eq!(rule(&answer), (403, Rule::AccountLink), "{name}");
        let begin = serde_json::json!({ "token": token, "name": "Mallory" });
        let answer = ask("/api/v1/account/registrations", begin).await;
        assert_eq!(rule(&answer), (403, Rule::AccountLink), "{name}");
    }
    // A passkey is shown to a challenge of this server that is fresh, or to none.
    let begun: PasskeyRequest = ask("/api/v1/account/sign-in", serde_json::json!(null)).await.json();
    let junk = |ceremony: serde_json::Value| {
        serde_json::json!({
            "ceremony": ceremony, "credential": "AAAA", "authenticator_data": "AAAA", "client_data": "AAAA",
            "signature": "AAAA", "user_handle": "AAAA",
        })
    };
    let made = |ceremony: serde_json::Value| {
        serde_json::json!({
            "ceremony": ceremony, "label": "Key", "credential": "AAAA", "authenticator_data": "AAAA", "client_data": "AAAA",
        })
    };
    let fresh = serde_json::to_value(begun.ceremony).unwrap();
    let unknown = serde_json::to_value(sabha_protocol::account::CeremonyId::from_bytes([0xAA; 16])).unwrap();
    for (path, body) in [
        ("/api/v1/account/sign-in/finish", junk(unknown.clone())),
        ("/api/v1/account/sign-in/finish", junk(fresh.clone())),
        ("/api/v1/account/sign-in/finish", junk(fresh.clone())),
        ("/api/v1/account/registrations/finish", made(unknown)),
        ("/api/v1/account/registrations/finish", made(fresh)),
    ] {
        assert_eq!(rule(&ask(path, body).await), (403, Rule::AccountPasskey), "{path}");
    }
    assert_eq!(everything(&office.server).await, before, "something changed");
}

/// Who says something in a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum As {
    /// A connection that has not entered.
    Stranger,
    /// Somebody in the lobby.
    Guest,
    /// Somebody in the room who is no host.
    Participant,
    /// A host, of another meeting on the same server.
    OtherHost,
}

/// By which rule a message is refused; `None` where it is theirs to say. A message without a line here does not compile.
fn refused_by(message: &ClientMessage, who: As) -> Option<Rule> {
    use ClientMessage as M;
    match (message, who) {
        (M::Ping { .. }, _) => None,
        // Tried with every wrong right, below.
        (M::Enter { .. }, _) => None,
        // What one may say of oneself, in the own room.
        (M::Leave {}, As::Guest | As::Participant | As::OtherHost) => None,
        (M::Door { to: None, .. }, As::Guest) => None,
        (
            M::Join { .. } | M::SetMedia { .. } | M::Subscribe { .. } | M::Offer { .. },
            As::Participant | As::OtherHost,
        )
        | (M::GroupState {}, As::Participant | As::OtherHost)
        | (M::End {}, As::OtherHost) => None,
        // Nothing is said before one has entered.
        (
            M::Adopt { .. }
            | M::Commit { .. }
            | M::Deny { .. }
            | M::Door { .. }
            | M::End {}
            | M::GroupState {}
            | M::Join { .. }
            | M::Leave {}
            | M::Mute { .. }
            | M::Offer { .. }
            | M::Missed { .. }
            | M::Propose { .. }
            | M::Relay { .. }
            | M::SetMedia { .. }
            | M::Subscribe { .. },
            As::Stranger,
        ) => Some(Rule::Order),
        // Who waits joins once it was let in, speaks to the hosts and to nobody else, and has no part in the room or the
        // group.
        (M::Join { .. }, As::Guest) => Some(Rule::AdmittedOnly),
        (M::Door { .. }, As::Guest) => Some(Rule::NotThisTarget),
        (
            M::Adopt { .. }
            | M::Commit { .. }
            | M::Deny { .. }
            | M::End {}
            | M::GroupState {}
            | M::Mute { .. }
            | M::Offer { .. }
            | M::Missed { .. }
            | M::Propose { .. }
            | M::Relay { .. }
            | M::SetMedia { .. }
            | M::Subscribe { .. },
            As::Guest,
        ) => Some(Rule::Order),
        // A participant is no host.
        (M::Deny { .. } | M::End {} | M::Mute { .. }, As::Participant) => Some(Rule::HostOnly),
        (M::Door { .. }, As::Participant) => Some(Rule::HostOnly),
        // And a host of another room finds nobody of this one.
        (M::Deny { .. } | M::Door { .. } | M::Mute { .. } | M::Relay { .. }, As::OtherHost) => {
            Some(Rule::PresentOnly)
        }
        (M::Relay { .. }, As::Participant) => Some(Rule::PresentOnly),
        // Handshakes are judged by the group that one is in, and none of these is of any.
        (M::Adopt { .. }, As::Participant | As::OtherHost) => Some(Rule::WellFormed),
        (M::Commit { .. }, As::Participant | As::OtherHost) => Some(Rule::CurrentEpoch),
        (M::Missed { .. }, As::Participant | As::OtherHost) => Some(Rule::HandshakesKept),
        (M::Propose { .. }, As::Participant) => Some(Rule::WellFormed),
        (M::Propose { .. }, As::OtherHost) => Some(Rule::CurrentEpoch),
    }
}

/// One message of each type, about the person and the guest of the meeting that is not the sender's.
fn messages(person: ParticipantId, guest: ParticipantId) -> Vec<ClientMessage> {
    use ClientMessage as M;
    let junk = || vec![1; 100];
    vec![
        M::Adopt {
            group_info: junk().try_into().unwrap(),
            tree: junk().try_into().unwrap(),
            heartbeat: junk().try_into().unwrap(),
        },
        M::Commit {
            epoch: GroupEpoch(99),
            commit: junk().try_into().unwrap(),
            welcome: None,
            group_info: junk().try_into().unwrap(),
        },
        M::Deny { guest },
        M::Door { to: None, payload: junk().try_into().unwrap() },
        M::Door { to: Some(guest), payload: junk().try_into().unwrap() },
        M::End {},
        M::GroupState {},
        M::Join { offer: offer(), media: MediaState::default() },
        M::Leave {},
        M::Mute { participant: person, source: Source::Microphone },
        M::Offer { offer: offer() },
        M::Missed { epoch: GroupEpoch(99) },
        M::Ping { resting: false },
        M::Propose { epoch: GroupEpoch(1), proposal: junk().try_into().unwrap() },
        M::Relay { to: Some(ParticipantId(4_000_000)), payload: junk().try_into().unwrap() },
        M::SetMedia { media: MediaState::default() },
        M::Subscribe { tiles: vec![] },
    ]
}

/// Returns the types of messages that the protocol has, from the types that are generated of it.
fn types_of_messages() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/src/protocol/messages.ts");
    let text = std::fs::read_to_string(path).unwrap();
    let union =
        text.split("export type ClientMessage = ").nth(1).unwrap().split("\n\nexport").next().unwrap();
    union.split("\"type\": \"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

/// How the meeting stands for its host.
fn standing(host: &Person) -> (GroupEpoch, usize, usize, bool) {
    (host.view.epoch, host.view.members.len(), host.view.guests.len(), host.view.alarms.is_empty())
}

#[tokio::test]
async fn no_message_does_in_a_meeting_what_its_sender_may_not_do_there() {
    let server = TestServer::start().await;
    let (meeting, elsewhere) = (server.create_meeting().await, server.create_meeting().await);
    let mut host = person::host(server.address(), &meeting).await;
    let mut participant = person::member(server.address(), &meeting, &mut host, "Bilal").await;
    let mut guest = person::knock(server.address(), &meeting, "Chitra").await;
    host.until(|view| view.guests.len() == 1).await;
    let mut other_host = person::host(server.address(), &elsewhere).await;
    let mut stranger = Client::connect(server.address()).await;
    let before = standing(&host);

    let all = messages(participant.you, guest.you);
    let mut tried: BTreeSet<String> = all
        .iter()
        .map(|message| serde_json::to_value(message).unwrap()["type"].as_str().unwrap().to_owned())
        .collect();
    tried.insert("enter".to_owned());
    assert_eq!(tried, types_of_messages(), "a message of the protocol that is not tried here");

    let mut wrong = Vec::new();
    for message in all {
        for who in [As::Stranger, As::Guest, As::Participant, As::OtherHost] {
            let Some(expected) = refused_by(&message, who) else { continue };
            let answer = match who {
                As::Stranger => {
                    let asked = stranger.send(message.clone()).await;
                    stranger.answer(asked).await
                }
                As::Guest => guest.ask(message.clone()).await,
                As::Participant => participant.ask(message.clone()).await,
                As::OtherHost => other_host.ask(message.clone()).await,
            };
            let found = match answer {
                ServerMessage::Refused { rule, .. } => Some(rule),
                _ => None,
            };
            if found != Some(expected) {
                wrong.push(format!("{who:?} {message:?}: {found:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    host.ping().await;
    participant.ping().await;
    guest.ping().await;
    assert_eq!(standing(&host), before, "something changed");
    // What the other host may do it does to its own meeting.
    other_host.client.send(ClientMessage::End {}).await;
    assert_eq!(other_host.last_word().await, Some(sabha_protocol::wire::server::CloseReason::Ended));
    host.ping().await;
    assert_eq!(standing(&host), before);
}

#[tokio::test]
async fn nobody_enters_by_a_right_of_another_meeting_organisation_device_or_time() {
    let (server, other) = (TestServer::start().await, TestServer::start().await);
    let (meeting, elsewhere) = (server.create_meeting().await, server.create_meeting().await);
    let abroad = other.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    let other_host = person::host(server.address(), &elsewhere).await;
    let host_abroad = person::host(other.address(), &abroad).await;
    let mut removed = person::member(server.address(), &meeting, &mut host, "Bilal").await;
    let of_removed = (removed.device.export().to_vec(), removed.resume.clone().unwrap());
    host.command(DeviceCommand::Remove { device: removed.device.me() }).await;
    removed.last_word().await;
    host.until(|view| view.members.len() == 1).await;
    let before = standing(&host);
    let grant_of = |device: &mut sabha_crypto::device::Device| {
        let entering = crate::client::entering(device, sabha_protocol::key::Challenge::from_bytes([0; 32]));
        let ClientMessage::Enter { credential: Claim::Device { grant }, .. } = entering else {
            panic!("no grant")
        };
        grant
    };
    let resume = |token: ResumeToken| Claim::Resume { token };
    let forged = ResumeToken::try_from("v2.AAAA".to_owned()).unwrap();
    let rights = [
        ("no grant", Claim::Device { grant: None }, Rule::KnownMeeting),
        ("junk", Claim::Device { grant: Some(vec![0; 100].try_into().unwrap()) }, Rule::KnownMeeting),
        (
            "the host's own grant",
            Claim::Device { grant: grant_of(&mut meeting.creator_reloaded()) },
            Rule::KnownMeeting,
        ),
        (
            "a grant of another meeting",
            Claim::Device { grant: grant_of(&mut elsewhere.creator_reloaded()) },
            Rule::KnownMeeting,
        ),
        (
            "a grant of another organisation",
            Claim::Device { grant: grant_of(&mut abroad.creator_reloaded()) },
            Rule::KnownMeeting,
        ),
        ("a forged token", resume(forged), Rule::ResumeWindow),
        ("the host's token", resume(host.resume.clone().unwrap()), Rule::ResumeWindow),
        ("a token of another meeting", resume(other_host.resume.clone().unwrap()), Rule::ResumeWindow),
        ("a token of another organisation", resume(host_abroad.resume.clone().unwrap()), Rule::ResumeWindow),
        ("the token of who was removed", resume(of_removed.1.clone()), Rule::ResumeWindow),
    ];
    for (name, right, expected) in rights {
        let mut eve = Client::connect(server.address()).await;
        let mut device = meeting.guest("Eve");
        let answer = eve.enter(&mut device, |message| {
            if let ClientMessage::Enter { credential, .. } = message {
                *credential = right;
            }
        });
        let answer = answer.await;
        assert!(
            matches!(answer, ServerMessage::Refused { rule, .. } if rule == expected),
            "{name}: {answer:?}"
        );
    }
    // The links of other meetings, here and abroad.
    for link in [&elsewhere.link, &abroad.link] {
        let mut device =
            sabha_crypto::device::Device::guest(meeting.id, link.clone(), "Eve".parse().unwrap(), now_ms());
        let mut eve = Client::connect(server.address()).await;
        assert_eq!(eve.enter_refused(&mut device).await, Rule::KnownMeeting);
    }
    // Who was removed, by its own device: with the token, and with the grant.
    let again = || sabha_crypto::device::Device::restore(&of_removed.0, now_ms()).unwrap();
    let mut back = Person::connect(server.address(), again()).await;
    let answer = back.say_enter(Some(of_removed.1.clone())).await;
    assert!(matches!(answer, ServerMessage::Refused { rule: Rule::RemovedStaysOut, .. }), "{answer:?}");
    let mut back = Client::connect(server.address()).await;
    assert_eq!(back.enter_refused(&mut again()).await, Rule::RemovedStaysOut);
    host.ping().await;
    assert_eq!(standing(&host), before, "something changed");
}
