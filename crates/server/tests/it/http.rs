//! Pages, the API, health and headers.

use sabha_crypto::policy::{Controls, Tier};
use sabha_protocol::{
    POLICY_PATH, Rule, SIGNALLING_PATH,
    limits::HTTP_BODY_BYTES_MAX,
    wire::{
        ClientMessage, ServerMessage,
        http::{ApiError, CreateMeeting, Health, PolicyInfo, ProbeConfirmed, VersionInfo},
    },
};
use sabha_server::{config::PublicUrl, storage::Store};

use crate::{
    client::Client,
    person,
    server::{TestServer, new_meeting, new_meeting_with, post_meeting, request},
};

#[tokio::test]
async fn health_and_version_are_answered() {
    let server = TestServer::start().await;
    for path in ["/healthz", "/readyz"] {
        let response = server.get(path).await;
        assert_eq!((response.status, response.json::<Health>().status.as_str()), (200, "ok"), "{path}");
    }
    let version: VersionInfo = server.get("/api/v1/version").await.json();
    assert_eq!(version.protocol, sabha_protocol::PROTOCOL_VERSION);
    assert!(version.boot_epoch.0 > 0);
}

#[tokio::test]
async fn challenge_of_a_prober_is_answered_in_the_time_of_a_token_only() {
    let server = TestServer::start().await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let challenge = "A".repeat(43);
    let ask = async |expires: String, challenge: &str| {
        server.get(&format!("/api/v1/probe/{expires}/{challenge}")).await
    };

    let answer: ProbeConfirmed = ask((now + 60).to_string(), &challenge).await.json();
    let again: ProbeConfirmed = ask((now + 60).to_string(), &challenge).await.json();
    let other: ProbeConfirmed = ask((now + 61).to_string(), &challenge).await.json();
    assert_eq!(answer, again);
    assert_ne!(answer, other);
    let far = (now + 2 * 24 * 60 * 60).to_string();
    for (expires, challenge) in [
        ("0".to_owned(), &challenge[..]),
        (far, &challenge),
        ("x".to_owned(), &challenge),
        (now.to_string(), "short"),
    ] {
        let refused = ask(expires.clone(), challenge).await;
        assert_eq!((refused.status, refused.json::<ApiError>().rule), (404, Rule::WellFormed), "{expires}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = TestServer::start().await;
    for path in
        ["/", "/new", "/m/mfrggzdfmztwq2lknnwg23tpobyxe43u", "/nothing", "/api/v1/version", "/api/none"]
    {
        let response = server.get(path).await;
        let header = |name| response.header(name).unwrap_or_else(|| panic!("{path}: no {name}"));
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval';",
            "frame-ancestors 'none'",
            "trusted-types",
        ] {
            assert!(policy.contains(part), "{path}: {part}");
        }
        assert!(!policy.replace("'wasm-unsafe-eval'", "").contains("unsafe"), "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(header("cross-origin-embedder-policy"), "require-corp");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("permissions-policy").contains("geolocation=()"));
        assert!(header("permissions-policy").contains("camera=(self)"));
        assert!(response.header("strict-transport-security").is_none(), "plain http");
        assert!(response.header("cache-control").is_some(), "{path}");
    }
}

#[tokio::test]
async fn https_site_asks_browsers_to_stay_with_https() {
    let url = PublicUrl::try_from("https://meet.example.org".to_owned()).unwrap();
    let server = TestServer::with(|settings| settings.server.public_url = Some(url)).await;
    assert!(server.get("/").await.header("strict-transport-security").is_some());
    assert!(server.server.new_meeting_url().starts_with("https://meet.example.org/new#"));
}

/// The client is embedded at build time; a build without it has to say so rather than fail.
#[tokio::test]
async fn pages_are_the_web_client_or_say_that_there_is_none() {
    let server = TestServer::start().await;
    let page = server.get("/").await;
    if page.status == 503 {
        assert!(page.body.contains("make web"), "{}", page.body);
        return;
    }
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert_eq!(server.get("/new").await.body, page.body);

    let etag = page.header("etag").unwrap();
    let again = request(server.address(), "GET", "/", &[("if-none-match", etag)], "").await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));

    let script = page.body.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".js"));
    let script = script.expect("the page loads a script");
    let plain = server.get(script).await;
    assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert!(plain.header("content-encoding").is_none());
    let small = request(server.address(), "GET", script, &[("accept-encoding", "gzip, br")], "").await;
    assert_eq!(small.header("content-encoding"), Some("br"));
    assert!(small.header("content-type").unwrap().starts_with("text/javascript"));
    assert!(small.header("vary").unwrap().contains("accept-encoding"));
}

#[tokio::test]
async fn no_path_leaves_the_web_client() {
    let server = TestServer::start().await;
    for path in ["/../Cargo.toml", "/assets/../../package.json", "/%2e%2e/package.json", "/.git/config"] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn unknown_paths_of_the_api_answer_with_an_api_error() {
    let server = TestServer::start().await;
    let response = server.get("/api/v1/nothing").await;
    assert_eq!(response.status, 404);
    assert_eq!(response.json::<ApiError>().rule, Rule::WellFormed);
    let response = request(server.address(), "DELETE", "/api/v1/meetings", &[], "").await;
    assert_eq!(response.status, 405);
    response.json::<ApiError>();
}

#[tokio::test]
async fn creating_a_meeting_needs_the_creation_key() {
    let server = TestServer::start().await;
    let body = serde_json::to_string(&new_meeting().1).unwrap();
    let wrong = format!("Bearer {}", "A".repeat(43));
    for authorization in [None, Some(wrong.as_str()), Some("Basic abc"), Some("Bearer")] {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(authorization.map(|value| ("authorization", value)));
        let response = request(server.address(), "POST", "/api/v1/meetings", &headers, &body).await;
        assert_eq!(response.status, 401, "{authorization:?}");
        assert_eq!(response.json::<ApiError>().rule, Rule::CreationKey);
    }
}

#[tokio::test]
async fn malformed_and_repeated_creations_are_refused() {
    let server = TestServer::start().await;
    let key = server.creation_key();
    let post = async |body: &str| post_meeting(server.address(), &key, body).await;

    let body = serde_json::to_string(&new_meeting().1).unwrap();
    assert_eq!(post(&body).await.status, 201);
    assert_eq!(post(&body).await.status, 409, "the id is taken");

    let unknown_field = body.replacen('{', "{\"host\":true,", 1);
    let too_long = "x".repeat(HTTP_BODY_BYTES_MAX + 1);
    for (body, status) in [(unknown_field.as_str(), 422), ("{", 400), (&too_long, 413)] {
        let response = post(body).await;
        assert_eq!(response.status, status, "{}", response.body);
        assert_eq!(response.json::<ApiError>().rule, Rule::WellFormed);
    }
}

#[tokio::test]
async fn a_meeting_is_created_by_who_has_its_root_key_only() {
    let server = TestServer::start().await;
    let key = server.creation_key();
    let refused = async |description: CreateMeeting| {
        let body = serde_json::to_string(&description).unwrap();
        let response = post_meeting(server.address(), &key, &body).await;
        assert_eq!(response.status, 400, "{}", response.body);
        response.json::<ApiError>().rule
    };
    let ((_, mine), (_, theirs)) = (new_meeting(), new_meeting());

    let foreign_id = CreateMeeting { meeting: theirs.meeting, ..mine.clone() };
    refused(foreign_id).await;
    let foreign_group = CreateMeeting { group_info: theirs.group_info.clone(), ..mine.clone() };
    refused(foreign_group).await;
    let foreign_tree = CreateMeeting { tree: theirs.tree.clone(), ..mine.clone() };
    refused(foreign_tree).await;
    let junk = CreateMeeting { group_info: vec![1; 500].try_into().unwrap(), ..mine.clone() };
    assert_eq!(refused(junk).await, Rule::WellFormed);
    let mut bytes = mine.group_info.as_bytes().to_vec();
    let last = bytes.last_mut().unwrap();
    *last ^= 1;
    let forged = CreateMeeting { group_info: bytes.try_into().unwrap(), ..mine.clone() };
    assert_eq!(refused(forged).await, Rule::WellFormed, "the signature does not hold");

    // Nothing of that was kept: the id is still free.
    let body = serde_json::to_string(&mine).unwrap();
    assert_eq!(post_meeting(server.address(), &key, &body).await.status, 201);
}

#[tokio::test]
async fn a_meeting_begins_with_its_group_at_epoch_0() {
    let server = TestServer::start().await;
    let meeting = server.create_meeting().await;
    let mut host = person::host(server.address(), &meeting).await;
    person::member(server.address(), &meeting, &mut host, "Bilal").await;
    let state = host.ask(ClientMessage::GroupState {}).await;
    let ServerMessage::GroupState { group_info, tree, .. } = state else { panic!("{state:?}") };

    let gate_key = new_meeting().1.gate_key;
    let later = CreateMeeting { meeting: meeting.id, gate_key, title: None, group_info, tree };
    let body = serde_json::to_string(&later).unwrap();
    let other = TestServer::start().await;
    let response = post_meeting(other.address(), &other.creation_key(), &body).await;
    assert_eq!((response.status, response.json::<ApiError>().rule), (400, Rule::CurrentEpoch));
}

#[tokio::test]
async fn metrics_are_for_programs_on_this_machine() {
    let server = TestServer::start().await;
    let response = server.get("/metrics").await;
    assert_eq!(response.status, 200);
    for name in ["sabha_connections", "sabha_rooms", "sabha_participants", "sabha_lobby_guests"] {
        assert!(response.body.contains(&format!("\n{name} ")), "{name}");
    }
    let forwarded = [("x-forwarded-for", "198.51.100.1")];
    let response = request(server.address(), "GET", "/metrics", &forwarded, "").await;
    assert_eq!(response.status, 404);
}

#[tokio::test]
async fn a_foreign_page_cannot_open_a_websocket() {
    let server = TestServer::start().await;
    let own = format!("http://{}", server.address());
    assert!(Client::open(server.address(), &[("origin", &own)]).await.is_ok());
    for foreign in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let refused = Client::open(server.address(), &[("origin", foreign)]).await.err().unwrap();
        assert!(refused.to_string().contains("403"), "{foreign}: {refused}");
    }
}

#[tokio::test]
async fn a_websocket_needs_the_subprotocol() {
    let server = TestServer::start().await;
    let refused =
        Client::open(server.address(), &[("sec-websocket-protocol", "other.v1")]).await.err().unwrap();
    assert!(refused.to_string().contains("400"), "{refused}");
    let plain = server.get(SIGNALLING_PATH).await;
    assert_eq!(plain.json::<ApiError>().rule, Rule::WellFormed);
}

#[tokio::test]
async fn served_openapi_document_is_the_committed_one() {
    let server = TestServer::start().await;
    let served: serde_json::Value = server.get("/api/v1/openapi.json").await.json();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap();
    assert_eq!(served, serde_json::from_str::<serde_json::Value>(&committed).unwrap());
}

#[tokio::test]
async fn a_meeting_below_the_floor_is_not_opened_and_the_control_is_named() {
    let server = TestServer::start().await;
    let policy: PolicyInfo = server.get(POLICY_PATH).await.json();
    assert_eq!(policy.floor, Controls::of(Tier::Medium).to_settings());

    let (_, meeting) = new_meeting_with(Controls::of(Tier::Low));
    let response =
        post_meeting(server.address(), &server.creation_key(), &serde_json::to_string(&meeting).unwrap())
            .await;

    let error: ApiError = response.json();
    assert_eq!((response.status, error.rule), (403, Rule::Floor));
    assert!(error.message.contains("MEET.SHARE.HOST"), "{}", error.message);
}

#[tokio::test]
async fn floor_applied_by_another_process_binds_within_seconds() {
    let server = TestServer::start().await;
    let store = Store::open(server.directory.path()).await.unwrap();
    store.apply_floor(&Controls::of(Tier::High), "asha", "tier high").await.unwrap();
    store.close().await;
    let high = Controls::of(Tier::High);
    for _ in 0..200 {
        let policy: PolicyInfo = server.get(POLICY_PATH).await.json();
        if policy.floor == high.to_settings() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }

    // Of the high tier: whoever makes a meeting has signed in.
    let (_, meeting) = new_meeting_with(high);
    let response =
        post_meeting(server.address(), &server.creation_key(), &serde_json::to_string(&meeting).unwrap())
            .await;
    assert_eq!((response.status, response.json::<ApiError>().rule), (403, Rule::Mfa));
}
