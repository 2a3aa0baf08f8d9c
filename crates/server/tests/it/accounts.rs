//! Accounts over HTTP: every route with every wrong credential, what reaches the disk, and what the log shows.
//!
//! Passkeys themselves are made and shown by a browser's authenticator in `web/e2e/accounts.e2e.ts`; here users and
//! sessions are put where a passkey would have put them.

use std::collections::BTreeSet;

use sabha_protocol::{
    Rule,
    account::{AccountRole, ApiKeyId, PasskeyId, Roles, Scope, SessionId, UserId},
    secret::{AccessToken, LinkToken},
    wire::{
        accounts::{
            Account, ApiKey, ApiKeyCreated, ApiKeys, AuditAction, AuditEntry, AuditPage, Invitations, Invite,
            Invited, LinkKind, LinkView, Organisation, Passkeys, Sessions, User, Users,
        },
        http::ApiError,
    },
};
use sabha_server::{
    config::{PublicUrl, Settings},
    http::{Right, Route},
    storage::{AuditFile, Author, FILE_NAME, NewPasskey, NewSession, NewUser, NewWay, Store, Verdict},
};
use sha2::{Digest as _, Sha256};

use crate::server::{Response, TestServer, new_meeting, now_ms, request};

/// A server with accounts, and a second hand on its database.
pub struct Office {
    pub server: TestServer,
    pub store: Store,
    pub administrator: UserId,
    next: std::cell::Cell<u8>,
}

impl Office {
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let server = TestServer::with(change).await;
        let store = Store::open(server.directory.path()).await.unwrap();
        let mut office = Self { server, store, administrator: UserId::from_bytes([0; 16]), next: 1.into() };
        let link = office.server.server.setup_url().unwrap().rsplit_once('.').unwrap().1.to_owned();
        office.administrator = office.follow(&LinkToken::try_from(link).unwrap(), "Asha").await;
        office
    }

    fn fresh(&self) -> u8 {
        self.next.replace(self.next.get() + 1)
    }

    /// Does what following a link does, without a browser.
    async fn follow(&self, token: &LinkToken, name: &str) -> UserId {
        let number = self.fresh();
        let new = NewUser {
            id: UserId::from_bytes([number; 16]),
            name: name.parse().unwrap(),
            email: None,
            organisation: None,
            way: NewWay::Passkey(passkey(number)),
            session: NewSession {
                id: SessionId::from_bytes([number; 16]),
                token_hash: [number; 32],
                strong: true,
            },
        };
        self.store.join(&hash(token.expose()), &new, now_ms()).await.unwrap().id
    }

    pub async fn user(&self, roles: &[AccountRole]) -> UserId {
        let number = self.fresh();
        let token = LinkToken::from_bytes([number; 32]);
        let invite =
            Invite { name: "Ben".parse().unwrap(), email: None, roles: roles.iter().copied().collect() };
        let id = sabha_protocol::account::InvitationId::from_bytes([number; 16]);
        let author = Author::user(self.administrator);
        self.store.invite(author, id, &hash(token.expose()), invite, now_ms()).await.unwrap();
        self.follow(&token, "Ben").await
    }

    /// Begins a session of `user` that began and was used at `at_ms`, and returns its cookie.
    pub async fn session(&self, user: UserId, at_ms: u64) -> (SessionId, String) {
        self.session_of(user, at_ms, true).await
    }

    /// As [`Self::session`]; `strong` says whether more than one factor was seen.
    pub async fn session_of(&self, user: UserId, at_ms: u64, strong: bool) -> (SessionId, String) {
        let number = self.fresh();
        let token = AccessToken::from_bytes([number; 32]);
        let id = SessionId::from_bytes([number; 16]);
        let new = NewSession { id, token_hash: hash(token.expose()), strong };
        let passkey = self.passkey_of(user).await;
        self.store.sign_in(&passkey, 0, &new, at_ms).await.unwrap();
        (id, format!("sabha={}", String::from(token)))
    }

    /// Begins a session of the administrator with this token, and returns its cookie.
    pub async fn session_by(&self, token: [u8; 32]) -> String {
        let token = AccessToken::from_bytes(token);
        let id = SessionId::from_bytes([0xD0; 16]);
        let new = NewSession { id, token_hash: hash(token.expose()), strong: true };
        let passkey = self.passkey_of(self.administrator).await;
        self.store.sign_in(&passkey, 0, &new, now_ms()).await.unwrap();
        format!("sabha={}", String::from(token))
    }

    async fn passkey_of(&self, user: UserId) -> sabha_server::storage::StoredPasskey {
        let ids = self.store.credential_ids(user).await.unwrap();
        self.store.passkey_by_credential(&ids[0]).await.unwrap().unwrap()
    }

    pub async fn key(&self, user: UserId, scopes: &[Scope]) -> String {
        let number = self.fresh();
        let secret = AccessToken::from_bytes([number; 32]);
        let key = ApiKey {
            id: ApiKeyId::from_bytes([number; 16]),
            label: "script".parse().unwrap(),
            scopes: scopes.iter().copied().collect(),
            created_ms: now_ms(),
            used_ms: None,
            expires_ms: now_ms() + 60_000,
        };
        self.store.create_api_key(user, &key, &hash(secret.expose()), now_ms()).await.unwrap();
        format!("Bearer sabha_{}", String::from(secret))
    }

    /// Asks as the server's own page would.
    pub async fn ask(&self, method: &str, path: &str, credential: &Credential, body: &str) -> Response {
        let address = self.server.address();
        let own = format!("http://{address}");
        let mut headers = vec![("content-type", "application/json")];
        let origin = credential.origin.as_deref().unwrap_or(&own);
        headers.push(("origin", origin));
        headers.extend(credential.cookie.as_deref().map(|cookie| ("cookie", cookie)));
        headers.extend(credential.authorization.as_deref().map(|value| ("authorization", value)));
        headers.extend(credential.site.map(|site| ("sec-fetch-site", site)));
        request(address, method, path, &headers, body).await
    }

    /// Has somebody come who has this address, and returns their session.
    pub async fn somebody_with_an_address(&self, email: &str) -> Credential {
        let number = self.fresh();
        let token = LinkToken::from_bytes([number; 32]);
        let invite = Invite { name: "Asha".parse().unwrap(), email: None, roles: Roles::new() };
        let id = sabha_protocol::account::InvitationId::from_bytes([number; 16]);
        let author = Author::user(self.administrator);
        self.store.invite(author, id, &hash(token.expose()), invite, now_ms()).await.unwrap();
        let new = NewUser {
            id: UserId::from_bytes([number; 16]),
            name: "Asha".parse().unwrap(),
            email: Some(email.parse().unwrap()),
            organisation: None,
            way: NewWay::Passkey(passkey(number)),
            session: NewSession {
                id: SessionId::from_bytes([number; 16]),
                token_hash: [number; 32],
                strong: true,
            },
        };
        let user = self.store.join(&hash(token.expose()), &new, now_ms()).await.unwrap().id;
        Credential::cookie(&self.session(user, now_ms()).await.1)
    }

    pub async fn administrator(&self) -> Credential {
        Credential::cookie(&self.session(self.administrator, now_ms()).await.1)
    }
}

/// ORG.MFA
#[tokio::test]
async fn where_more_than_one_factor_is_demanded_a_session_of_one_makes_no_meeting() {
    let office = Office::open().await;
    let high = sabha_policy::Controls::of(sabha_policy::Tier::High);
    office.store.apply_floor(&high, "asha", "tier high").await.unwrap();
    let (_, description) = crate::server::new_meeting_with(high.clone());
    let body = serde_json::to_string(&description).unwrap();
    let demanded = async || {
        let policy: sabha_protocol::wire::http::PolicyInfo = office.server.get("/api/v1/policy").await.json();
        policy.floor == high.to_settings()
    };
    while !demanded().await {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }

    let (_, weak) = office.session_of(office.administrator, now_ms(), false).await;
    let refused = office.ask("POST", "/api/v1/meetings", &Credential::cookie(&weak), &body).await;
    assert_eq!((refused.status, refused.json::<ApiError>().rule), (403, Rule::Mfa));
    let (_, strong) = office.session_of(office.administrator, now_ms(), true).await;
    let made = office.ask("POST", "/api/v1/meetings", &Credential::cookie(&strong), &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

/// With what a request is sent.
#[derive(Clone, Debug, Default)]
pub struct Credential {
    cookie: Option<String>,
    authorization: Option<String>,
    origin: Option<String>,
    site: Option<&'static str>,
}

impl Credential {
    pub fn cookie(cookie: &str) -> Self {
        Self { cookie: Some(cookie.to_owned()), ..Self::default() }
    }

    /// Returns the cookie, for a request that is made by hand.
    pub fn cookie_text(&self) -> &str {
        self.cookie.as_deref().unwrap()
    }

    pub fn bearer(authorization: &str) -> Self {
        Self { authorization: Some(authorization.to_owned()), ..Self::default() }
    }

    /// Says that a page of another site asks.
    pub fn by_another_site(self) -> Self {
        Self { site: Some("cross-site"), ..self }
    }
}

fn passkey(number: u8) -> NewPasskey {
    NewPasskey {
        id: PasskeyId::from_bytes([number; 16]),
        label: "Laptop".parse().unwrap(),
        credential_id: vec![number; 32],
        public_key: vec![number; 77],
        counter: 0,
    }
}

pub fn hash(secret: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

pub fn rule(response: &Response) -> (u16, Rule) {
    let error: serde_json::Value = response.json();
    // TAXII has a resource of its own for it.
    let rule = error.get("rule").or_else(|| error.get("error_code")).cloned();
    (response.status, serde_json::from_value(rule.unwrap_or_default()).expect("a refusal names its rule"))
}

/// A path of `route` that names nothing there is.
fn path(route: &Route) -> String {
    route.path.replace("{id}", &UserId::from_bytes([0xEE; 16]).to_string())
}

/// The matrix: every route that needs somebody, against every kind of credential that is not enough.
#[tokio::test]
async fn no_route_opens_to_a_credential_that_is_not_enough() {
    let office = Office::open().await;
    let day = 24 * 60 * 60 * 1000;
    let plain = office.user(&[]).await;
    let (_, ordinary) = office.session(plain, now_ms()).await;
    let (_, idle) = office.session(office.administrator, now_ms() - day / 2 - 1000).await;
    let (revoked_id, revoked) = office.session(office.administrator, now_ms()).await;
    let revoke = AuditAction::SessionRevoked;
    office.store.end_session(office.administrator, revoked_id, revoke, now_ms()).await.unwrap();
    let administrator = office.administrator().await;
    let every_role = office.user(&AccountRole::ALL).await;

    let guarded: Vec<Route> = office.server.server.account_routes().to_vec();
    let guarded: Vec<_> =
        guarded.iter().filter(|route| !matches!(route.right, Right::Anyone | Right::Entry)).collect();
    assert!(guarded.len() >= 20, "{}", guarded.len());
    let nobody = [
        ("none", Credential::default()),
        ("garbage cookie", Credential::cookie("sabha=garbage")),
        ("unknown session", Credential::cookie(&format!("sabha={}", "A".repeat(43)))),
        ("idle session", Credential::cookie(&idle)),
        ("revoked session", Credential::cookie(&revoked)),
        ("two sessions", Credential::cookie(&format!("{ordinary}; {ordinary}"))),
        ("garbage key", Credential::bearer("Bearer sabha_garbage")),
        ("unknown key", Credential::bearer(&format!("Bearer sabha_{}", "A".repeat(43)))),
        ("creation key", Credential::bearer(&format!("Bearer {}", office.server.creation_key()))),
        ("another scheme", Credential::bearer("Basic abc")),
        // A bad key does not fall back on a good cookie.
        (
            "garbage key, good cookie",
            Credential { cookie: Some(ordinary.clone()), ..Credential::bearer("Bearer x") },
        ),
    ];
    for route in &guarded {
        let (method, path) = (route.method.as_str(), path(route));
        for (name, credential) in &nobody {
            let response = office.ask(method, &path, credential, "").await;
            assert_eq!(rule(&response), (401, Rule::AccountSignedIn), "{method} {path}: {name}");
        }
        if !route.right.roles().is_empty() {
            let response = office.ask(method, &path, &Credential::cookie(&ordinary), "").await;
            assert_eq!(rule(&response), (403, Rule::AccountRole), "{method} {path}: no role");
        }
        // Of somebody who may do all, but made for something else.
        let scopes: Vec<Scope> =
            Scope::ALL.into_iter().filter(|scope| route.right != Right::Scope(*scope)).collect();
        let key = office.key(every_role, &scopes).await;
        let response = office.ask(method, &path, &Credential::bearer(&key), "").await;
        assert_eq!(rule(&response), (403, Rule::AccountScope), "{method} {path}: no scope");
        let key_id = office.store.api_keys(every_role, now_ms()).await.unwrap()[0].id;
        office.store.revoke_api_key(every_role, key_id, now_ms()).await.unwrap();
        let response = office.ask(method, &path, &Credential::bearer(&key), "").await;
        assert_eq!(rule(&response), (401, Rule::AccountSignedIn), "{method} {path}: revoked key");
        // The right scope, of somebody who lost the role.
        if let Right::Scope(scope) = route.right
            && !scope.roles().is_empty()
        {
            let key = office.key(plain, &[scope]).await;
            let response = office.ask(method, &path, &Credential::bearer(&key), "").await;
            assert_eq!(rule(&response), (403, Rule::AccountRole), "{method} {path}: role lost");
            let key_id = office.store.api_keys(plain, now_ms()).await.unwrap()[0].id;
            office.store.revoke_api_key(plain, key_id, now_ms()).await.unwrap();
        }
        for (name, foreign) in [
            (
                "origin",
                Credential { origin: Some("https://evil.example".to_owned()), ..administrator.clone() },
            ),
            ("null origin", Credential { origin: Some("null".to_owned()), ..administrator.clone() }),
            ("cross-site", Credential { site: Some("cross-site"), ..administrator.clone() }),
            ("same-site", Credential { site: Some("same-site"), ..administrator.clone() }),
        ] {
            let response = office.ask(method, &path, &foreign, "").await;
            assert_eq!(rule(&response), (403, Rule::AccountOrigin), "{method} {path}: {name}");
        }
    }
    // None of that changed anything: the administrator is signed in, and nobody else came or went.
    assert_eq!(office.ask("GET", "/api/v1/account", &administrator, "").await.status, 200);
    assert_eq!(office.store.users().await.unwrap().len(), 3);
}

/// The counterpart: with what is enough, each of these routes gets to its handler.
#[tokio::test]
async fn every_route_opens_to_the_credential_it_asks_for() {
    let office = Office::open().await;
    let routes = office.server.server.account_routes().to_vec();
    for route in routes.iter().filter(|route| !matches!(route.right, Right::Anyone | Right::Entry)) {
        let (method, path) = (route.method.as_str(), path(route));
        let opened = |response: &Response| {
            let refused = serde_json::from_str::<ApiError>(&response.body).ok().map(|error| error.rule);
            let guards = [Rule::AccountSignedIn, Rule::AccountRole, Rule::AccountScope];
            assert!(
                !refused.is_some_and(|rule| guards.contains(&rule)),
                "{method} {path}: {}",
                response.body
            );
        };
        opened(&office.ask(method, &path, &office.administrator().await, "").await);
        if let Right::Scope(scope) = route.right {
            let key = office.key(office.administrator, &[scope]).await;
            opened(&office.ask(method, &path, &Credential::bearer(&key), "").await);
            let key_id = office.store.api_keys(office.administrator, now_ms()).await.unwrap()[0].id;
            office.store.revoke_api_key(office.administrator, key_id, now_ms()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_security_officer_reads_the_log_and_no_users() {
    let office = Office::open().await;
    let officer = office.user(&[AccountRole::SecurityOfficer]).await;
    let (_, cookie) = office.session(officer, now_ms()).await;
    let officer = Credential::cookie(&cookie);
    assert_eq!(office.ask("GET", "/api/v1/audit", &officer, "").await.status, 200);
    assert_eq!(rule(&office.ask("GET", "/api/v1/users", &officer, "").await), (403, Rule::AccountRole));
}

#[tokio::test]
async fn a_session_is_seen_listed_and_ended() {
    let office = Office::open().await;
    let user = office.user(&[]).await;
    let (first_id, first) = office.session(user, now_ms()).await;
    let (second_id, second) = office.session(user, now_ms()).await;
    let (first, second) = (Credential::cookie(&first), Credential::cookie(&second));

    let me: Account = office.ask("GET", "/api/v1/account", &first, "").await.json();
    assert_eq!((me.user.id, me.session, me.organisation.as_str()), (user, first_id, "Organisation"));
    let listed: Sessions = office.ask("GET", "/api/v1/account/sessions", &first, "").await.json();
    let current: Vec<_> =
        listed.sessions.iter().filter(|session| session.current).map(|one| one.id).collect();
    assert_eq!((listed.sessions.len(), current), (3, vec![first_id]), "with the one that the link began");

    let path = format!("/api/v1/account/sessions/{second_id}");
    assert_eq!(office.ask("DELETE", &path, &first, "").await.status, 204);
    assert_eq!(rule(&office.ask("GET", "/api/v1/account", &second, "").await), (401, Rule::AccountSignedIn));
    assert_eq!(rule(&office.ask("DELETE", &path, &first, "").await), (404, Rule::AccountKnown));

    let out = office.ask("POST", "/api/v1/account/sign-out", &first, "").await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(office.ask("GET", "/api/v1/account", &first, "").await.status, 401);
}

#[tokio::test]
async fn nobody_ends_a_session_removes_a_passkey_or_withdraws_a_key_of_another() {
    let office = Office::open().await;
    let (user, mallory) = (office.user(&[]).await, office.user(&[]).await);
    let (session, cookie) = office.session(user, now_ms()).await;
    let passkey = office.passkey_of(user).await.id;
    office.key(user, &[Scope::UsersRead]).await;
    let key = office.store.api_keys(user, now_ms()).await.unwrap()[0].id;
    let mallory = Credential::cookie(&office.session(mallory, now_ms()).await.1);
    for path in [format!("sessions/{session}"), format!("passkeys/{passkey}"), format!("keys/{key}")] {
        let response = office.ask("DELETE", &format!("/api/v1/account/{path}"), &mallory, "").await;
        assert_eq!(rule(&response), (404, Rule::AccountKnown), "{path}");
    }
    let own = Credential::cookie(&cookie);
    let passkeys: Passkeys = office.ask("GET", "/api/v1/account/passkeys", &own, "").await.json();
    let keys: ApiKeys = office.ask("GET", "/api/v1/account/keys", &own, "").await.json();
    assert_eq!((passkeys.passkeys.len(), keys.keys.len()), (1, 1));
}

#[tokio::test]
async fn the_last_passkey_and_the_last_administrator_stay() {
    let office = Office::open().await;
    let administrator = office.administrator().await;
    let passkey_id = office.passkey_of(office.administrator).await.id;
    let passkey_path = format!("/api/v1/account/passkeys/{passkey_id}");
    let user_path = format!("/api/v1/users/{}", office.administrator);
    let last = (409, Rule::AccountLast);
    assert_eq!(rule(&office.ask("DELETE", &passkey_path, &administrator, "").await), last);
    assert_eq!(rule(&office.ask("DELETE", &user_path, &administrator, "").await), last);
    let no_roles = "{\"roles\":[]}";
    assert_eq!(rule(&office.ask("PATCH", &user_path, &administrator, no_roles).await), last);

    office.store.add_passkey(office.administrator, &passkey(200), now_ms()).await.unwrap();
    let label = "{\"label\":\"Old laptop\"}";
    assert_eq!(office.ask("PATCH", &passkey_path, &administrator, label).await.status, 204);
    assert_eq!(office.ask("DELETE", &passkey_path, &administrator, "").await.status, 204);
    office.user(&[AccountRole::Administrator]).await;
    assert_eq!(office.ask("PATCH", &user_path, &administrator, no_roles).await.status, 200);
    // Holds at once, in the session that goes on.
    assert_eq!(rule(&office.ask("GET", "/api/v1/users", &administrator, "").await), (403, Rule::AccountRole));
}

#[tokio::test]
async fn an_invitation_is_for_one_address_withdrawn_and_gone() {
    let office = Office::open().await;
    let administrator = office.administrator().await;
    let body = "{\"name\":\"Ben\",\"email\":\"Ben@Example.org\",\"roles\":[\"host\"]}";
    let response = office.ask("POST", "/api/v1/invitations", &administrator, body).await;
    assert_eq!(response.status, 201, "{}", response.body);
    let invited: Invited = response.json();
    let (address, token) = invited.link.split_once("/admin#invite.").unwrap();
    assert_eq!(address, format!("http://{}", office.server.address()));

    let ask = format!("{{\"token\":\"{token}\"}}");
    let view = office.ask("POST", "/api/v1/account/link", &Credential::default(), &ask).await;
    let view: LinkView = view.json();
    assert_eq!((view.kind, view.email.unwrap().as_str()), (LinkKind::Invitation, "ben@example.org"));
    assert_eq!(view.roles, Roles::from([AccountRole::Host]));

    let path = format!("/api/v1/invitations/{}", invited.invitation.id);
    assert_eq!(office.ask("DELETE", &path, &administrator, "").await.status, 204);
    let open: Invitations = office.ask("GET", "/api/v1/invitations", &administrator, "").await.json();
    assert!(open.invitations.is_empty());
    let gone = office.ask("POST", "/api/v1/account/link", &Credential::default(), &ask).await;
    assert_eq!(rule(&gone), (403, Rule::AccountLink));
}

#[tokio::test]
async fn an_api_key_does_what_it_was_made_for_and_makes_no_administrator() {
    let office = Office::open().await;
    let administrator = office.administrator().await;
    let body = "{\"label\":\"sync\",\"scopes\":[\"users:write\",\"users:read\"],\"days\":30}";
    let created = office.ask("POST", "/api/v1/account/keys", &administrator, body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let created: ApiKeyCreated = created.json();
    assert!(created.secret.starts_with("sabha_"));
    assert_eq!(created.key.scopes, BTreeSet::from([Scope::UsersRead, Scope::UsersWrite]));
    let key = Credential::bearer(&format!("Bearer {}", created.secret));

    let users: Users = office.ask("GET", "/api/v1/users", &key, "").await.json();
    assert_eq!(users.users.len(), 1);
    let invite = |role: &str| format!("{{\"name\":\"Ben\",\"roles\":[\"{role}\"]}}");
    assert_eq!(office.ask("POST", "/api/v1/invitations", &key, &invite("host")).await.status, 201);
    let raised = office.ask("POST", "/api/v1/invitations", &key, &invite("administrator")).await;
    assert_eq!(rule(&raised), (403, Rule::AccountScope));
    let user = office.user(&[]).await;
    let path = format!("/api/v1/users/{user}");
    let raised = office.ask("PATCH", &path, &key, "{\"roles\":[\"administrator\"]}").await;
    assert_eq!(rule(&raised), (403, Rule::AccountScope));

    for wrong in [
        "{\"label\":\"x\",\"scopes\":[],\"days\":30}",
        "{\"label\":\"x\",\"scopes\":[\"users:read\"],\"days\":0}",
        "{\"label\":\"x\",\"scopes\":[\"users:read\"],\"days\":367}",
    ] {
        let response = office.ask("POST", "/api/v1/account/keys", &administrator, wrong).await;
        assert_eq!(rule(&response), (400, Rule::WellFormed), "{wrong}");
    }
    let plain = Credential::cookie(&office.session(user, now_ms()).await.1);
    let response = office.ask("POST", "/api/v1/account/keys", &plain, body).await;
    assert_eq!(rule(&response), (403, Rule::AccountRole), "a key does no more than its user");
}

#[tokio::test]
async fn a_meeting_is_created_by_a_host_an_administrator_or_their_key() {
    let office = Office::open().await;
    let host = office.user(&[AccountRole::Host]).await;
    let plain = office.user(&[]).await;
    let path = "/api/v1/meetings";
    let post = async |credential: Credential| {
        let body = serde_json::to_string(&new_meeting().1).unwrap();
        office.ask("POST", path, &credential, &body).await
    };
    let session = async |user| Credential::cookie(&office.session(user, now_ms()).await.1);
    assert_eq!(post(session(host).await).await.status, 201);
    assert_eq!(post(office.administrator().await).await.status, 201);
    let key = office.key(host, &[Scope::MeetingsCreate]).await;
    assert_eq!(post(Credential::bearer(&key)).await.status, 201);
    let creation = format!("Bearer {}", office.server.creation_key());
    assert_eq!(post(Credential::bearer(&creation)).await.status, 201);

    assert_eq!(rule(&post(session(plain).await).await), (403, Rule::AccountRole));
    let other = office.key(office.administrator, &[Scope::UsersRead]).await;
    assert_eq!(rule(&post(Credential::bearer(&other)).await), (403, Rule::AccountScope));
    let unknown = format!("Bearer sabha_{}", "A".repeat(43));
    assert_eq!(rule(&post(Credential::bearer(&unknown)).await), (401, Rule::AccountSignedIn));
    let foreign = Credential { origin: Some("https://evil.example".to_owned()), ..session(host).await };
    assert_eq!(rule(&post(foreign).await), (403, Rule::AccountOrigin));

    let query = "/api/v1/audit?action=meeting.created";
    let page: AuditPage = office.ask("GET", query, &office.administrator().await, "").await.json();
    let by: Vec<_> = page.entries.iter().rev().map(|entry| (entry.user, entry.key.is_some())).collect();
    assert_eq!(
        by,
        [(Some(host), false), (Some(office.administrator), false), (Some(host), true), (None, false)]
    );
}

#[tokio::test]
async fn what_happened_stands_in_the_log_which_holds_and_is_exported() {
    let office = Office::open().await;
    let user = office.user(&[]).await;
    let administrator = office.administrator().await;
    let path = format!("/api/v1/users/{user}");
    assert_eq!(office.ask("PATCH", &path, &administrator, "{\"roles\":[\"host\"]}").await.status, 200);
    assert_eq!(office.ask("DELETE", &path, &administrator, "").await.status, 204);
    let rename = office.ask("PUT", "/api/v1/organisation", &administrator, "{\"name\":\"Ministry\"}").await;
    assert_eq!(rename.json::<Organisation>().name.as_str(), "Ministry");

    let page: AuditPage = office.ask("GET", "/api/v1/audit", &administrator, "").await.json();
    let newest: Vec<_> = page.entries.iter().take(3).map(|entry| entry.action).collect();
    assert_eq!(
        newest,
        [AuditAction::OrganisationRenamed, AuditAction::UserRemoved, AuditAction::UserChanged]
    );
    assert_eq!(page.entries[2].detail.as_deref(), Some("host"));
    assert_eq!(page.entries[2].subject, Some(user.to_string()));

    let export = office.ask("GET", "/api/v1/audit/export", &administrator, "").await;
    assert_eq!(export.header("content-type"), Some("application/x-ndjson"));
    let chunks: Vec<AuditEntry> =
        export.body.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(chunks.len(), page.entries.len() + 1, "and that it was exported");
    assert_eq!(chunks.last().unwrap().action, AuditAction::AuditExported);

    for wrong in ["?before=x", "?action=none", "?surprise=1"] {
        let response = office.ask("GET", &format!("/api/v1/audit{wrong}"), &administrator, "").await;
        assert_eq!(rule(&response), (400, Rule::WellFormed), "{wrong}");
    }
    let mut file = AuditFile::open(office.server.directory.path()).await.unwrap();
    let head = chunks.last().unwrap().hash.clone();
    let verdict = file.verify(Some(&head)).await.unwrap();
    let entries = chunks.len() as u64;
    assert_eq!(verdict, Verdict::Sound { entries, head: Some(head), contains: Some(true) });
}

#[tokio::test]
async fn no_token_key_or_name_of_the_link_stands_in_the_database() {
    let office = Office::open().await;
    let administrator = office.administrator().await;
    let body = "{\"label\":\"sync\",\"scopes\":[\"users:read\"],\"days\":30}";
    let created = office.ask("POST", "/api/v1/account/keys", &administrator, body).await;
    let secret = created.json::<ApiKeyCreated>().secret;
    let invite = "{\"name\":\"Ben\",\"roles\":[]}";
    let invited = office.ask("POST", "/api/v1/invitations", &administrator, invite).await;
    let link = invited.json::<Invited>().link;
    let setup = office.server.server.setup_url().unwrap().to_owned();
    office.store.close().await;

    let mut bytes = Vec::new();
    for file in std::fs::read_dir(office.server.directory.path()).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with(FILE_NAME) {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(holds(b"Laptop"), "the label of a passkey does");
    let session = administrator.cookie.unwrap();
    for text in [
        &secret["sabha_".len()..],
        &link[link.len() - 43..],
        &setup[setup.len() - 43..],
        &session["sabha=".len()..],
    ] {
        assert_eq!(text.len(), 43);
        let token = AccessToken::try_from(text.to_owned()).unwrap();
        assert!(!holds(text.as_bytes()) && !holds(token.expose()), "{text}");
        assert!(
            holds(&hash(token.expose())) || text == &setup[setup.len() - 43..],
            "its hash does, until used up"
        );
    }
}

#[tokio::test]
async fn the_first_administrators_link_is_good_until_there_is_one() {
    let server = TestServer::start().await;
    let link = server.server.setup_url().unwrap().to_owned();
    assert!(
        link.starts_with(&format!("http://localhost:{}/admin#setup.", server.address().port())),
        "{link}"
    );
    let body = format!("{{\"token\":\"{}\"}}", &link[link.len() - 43..]);
    let ask = async |body: &str| {
        let headers = [("content-type", "application/json")];
        request(server.address(), "POST", "/api/v1/account/link", &headers, body).await
    };
    let view: LinkView = ask(&body).await.json();
    assert_eq!((view.kind, view.roles), (LinkKind::Setup, Roles::from([AccountRole::Administrator])));

    let store = Store::open(server.directory.path()).await.unwrap();
    let token = LinkToken::try_from(link[link.len() - 43..].to_owned()).unwrap();
    let new = NewUser {
        id: UserId::from_bytes([1; 16]),
        name: "Asha".parse().unwrap(),
        email: Some("asha@example.org".parse().unwrap()),
        organisation: Some("Ministry".parse().unwrap()),
        way: NewWay::Passkey(passkey(1)),
        session: NewSession { id: SessionId::from_bytes([1; 16]), token_hash: [1; 32], strong: true },
    };
    let user: User = store.join(&hash(token.expose()), &new, now_ms()).await.unwrap();
    assert_eq!(user.roles, Roles::from([AccountRole::Administrator]));
    assert_eq!(rule(&ask(&body).await), (403, Rule::AccountLink), "used up");
    assert_eq!(rule(&ask(&format!("{{\"token\":\"{}\"}}", "A".repeat(43))).await), (403, Rule::AccountLink));

    let organisation: Organisation = server.get("/api/v1/organisation").await.json();
    assert_eq!(organisation.name.as_str(), "Ministry");
    let directory = server.directory;
    server.server.stop().await;
    let again = sabha_server::server::Server::start(crate::server::settings(directory.path())).await.unwrap();
    assert_eq!(again.setup_url(), None);
}

#[tokio::test]
async fn tries_to_come_in_are_counted_by_address_and_passkeys_need_the_right_page() {
    let server = TestServer::start().await;
    let headers = [("content-type", "application/json")];
    let ask = async || request(server.address(), "POST", "/api/v1/account/sign-in", &headers, "").await;
    // By its address the server has no name that a passkey could belong to.
    assert_eq!(rule(&ask().await), (403, Rule::AccountOrigin));
    let mut refused = None;
    for _ in 0..40 {
        let response = ask().await;
        if response.status == 429 {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.expect("forty tries are too many");
    assert_eq!(refused.json::<ApiError>().rule, Rule::NetworkRate);
    assert!(refused.header("retry-after").is_some());

    let url = PublicUrl::try_from("https://meet.example.org".to_owned()).unwrap();
    let server = TestServer::with(|settings| settings.server.public_url = Some(url)).await;
    let begun = request(server.address(), "POST", "/api/v1/account/sign-in", &headers, "").await;
    assert_eq!(begun.status, 200);
    let shown: sabha_protocol::wire::accounts::PasskeyRequest = begun.json();
    assert_eq!(shown.rp_id, "meet.example.org");
    let junk = serde_json::json!({
        "ceremony": shown.ceremony, "credential": "AAAA", "authenticator_data": "AAAA", "client_data": "AAAA",
        "signature": "AAAA", "user_handle": "AAAA",
    });
    let finish = "/api/v1/account/sign-in/finish";
    for _ in 0..2 {
        let response = request(server.address(), "POST", finish, &headers, &junk.to_string()).await;
        assert_eq!(rule(&response), (403, Rule::AccountPasskey), "unknown, and then used up");
    }
}

#[tokio::test]
async fn only_pages_with_a_sign_in_may_use_passkeys() {
    let server = TestServer::start().await;
    let policy = async |path| server.get(path).await.header("permissions-policy").unwrap().to_owned();
    assert!(policy("/").await.contains("publickey-credentials-get=()"));
    for path in ["/admin", "/bulletin/desk"] {
        let desk = policy(path).await;
        assert!(desk.contains("publickey-credentials-get=(self)") && desk.contains("camera=()"), "{desk}");
    }
}
