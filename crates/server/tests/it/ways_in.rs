//! The ways in beside passkeys, over HTTP: an identity provider that says this and that, and passwords.
//!
//! A provider of another make, with its own pages, is in `web/e2e/oidc.e2e.ts`. The one here signs whatever a test wants.

use std::sync::{Arc, Mutex};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use data_encoding::BASE64URL_NOPAD;
use sabha_opaque_wasm::{Setting, SigningIn};
use sabha_protocol::{
    Rule,
    wire::{
        accounts::{AnswerPassword, PasswordAnswer, ProviderRequest, WaysIn},
        http::ApiError,
    },
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    accounts::{Credential, Office},
    server::{Response, TestServer, now_ms, request},
};

/// The origin of the page, as the server was told.
const PAGE: &str = "http://localhost:8080";

/// What is changed in the claims, the algorithm, whether the browser is the one that asked, and what comes of it.
type Case = (Option<(&'static str, Value)>, &'static str, bool, Rule);

struct Issuer {
    url: String,
    pair: EcdsaKeyPair,
    token: Arc<Mutex<String>>,
}

impl Issuer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let keys = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "use": "sig", "kid": "1", "x": text(x), "y": text(y) }] });
        let documents = json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/page"),
            "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        });
        let token = Arc::new(Mutex::new(String::new()));
        let said = token.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = vec![0; 8192];
                let length = stream.read(&mut asked).await.unwrap_or(0);
                let body = match String::from_utf8_lossy(&asked[..length]).split(' ').nth(1) {
                    Some("/keys") => keys.to_string(),
                    Some("/token") => {
                        let id_token = said.lock().unwrap().clone();
                        json!({ "access_token": "a", "token_type": "Bearer", "id_token": id_token })
                            .to_string()
                    }
                    _ => documents.to_string(),
                };
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }
        });
        Self { url, pair, token }
    }

    /// Has the next token say this, signed unless `algorithm` is `none`.
    fn say(&self, claims: &Value, algorithm: &str) {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&json!({ "alg": algorithm, "kid": "1" })), part(claims));
        let signature = match algorithm {
            "none" => String::new(),
            _ => BASE64URL_NOPAD
                .encode(self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref()),
        };
        *self.token.lock().unwrap() = format!("{signed}.{signature}");
    }
}

async fn post(server: &TestServer, path: &str, cookie: Option<&str>, body: &Value) -> Response {
    let mut headers = vec![("content-type", "application/json"), ("origin", PAGE)];
    headers.extend(cookie.map(|cookie| ("cookie", cookie)));
    request(server.address(), "POST", path, &headers, &body.to_string()).await
}

fn rule(response: &Response) -> (u16, Rule) {
    (response.status, response.json::<ApiError>().rule)
}

/// ACCOUNT.STRANGER, ACCOUNT.IDENTITY: what is not signed, for us, in time and for this flow names nobody.
#[tokio::test]
async fn a_token_names_somebody_only_if_everything_in_it_holds() {
    let issuer = Issuer::start().await;
    let server = TestServer::with(|settings| {
        settings.server.public_url = Some(PAGE.to_owned().try_into().unwrap());
        settings.accounts.oidc.issuer = Some(issuer.url.clone());
        settings.accounts.oidc.client_id = Some("sabha".to_owned());
    })
    .await;
    let seconds = now_ms() / 1000;
    let sound = |nonce: &str| {
        json!({ "iss": issuer.url, "sub": "1", "aud": "sabha", "exp": seconds + 60, "iat": seconds, "nonce": nonce,
            "name": "Asha", "groups": [] })
    };
    let cases: [Case; 8] = [
        (None, "ES256", true, Rule::AccountStranger),
        (None, "none", true, Rule::AccountIdentity),
        (None, "ES256", false, Rule::AccountIdentity),
        (Some(("aud", json!("another"))), "ES256", true, Rule::AccountIdentity),
        (Some(("iss", json!("https://login.evil.example"))), "ES256", true, Rule::AccountIdentity),
        (Some(("exp", json!(seconds - 60))), "ES256", true, Rule::AccountIdentity),
        (Some(("nonce", json!("another"))), "ES256", true, Rule::AccountIdentity),
        (None, "HS256", true, Rule::AccountIdentity),
    ];
    for (change, algorithm, same_browser, expected) in cases {
        let begun = post(&server, "/api/v1/account/provider", None, &json!({})).await;
        assert_eq!(begun.status, 200, "{}", begun.body);
        let cookie = begun.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let url = begun.json::<ProviderRequest>().url;
        let said = |key: &str| {
            let at = url.find(&format!("{key}=")).unwrap() + key.len() + 1;
            url[at..].split('&').next().unwrap().to_owned()
        };
        assert!(
            url.starts_with(&format!("{}/page?", issuer.url)) && url.contains("code_challenge_method=S256")
        );
        let mut claims = sound(&said("nonce"));
        if let Some((key, value)) = &change {
            claims[*key] = value.clone();
        }
        issuer.say(&claims, algorithm);
        let answer = json!({ "code": "c", "state": said("state") });
        let cookie = same_browser.then_some(cookie.as_str());
        let path = "/api/v1/account/provider/finish";
        let refused = post(&server, path, cookie, &answer).await;
        assert_eq!(rule(&refused), (403, expected), "{change:?} {algorithm} {same_browser}");
        // More tries in a row than these are refused by their number.
        if expected == Rule::AccountStranger || !same_browser {
            let again = post(&server, path, cookie, &answer).await;
            assert_eq!(rule(&again), (403, Rule::AccountIdentity), "it is over");
        }
    }
}

/// ACCOUNT.PROVIDER: a provider that is away, or that none is configured, is said so.
#[tokio::test]
async fn a_provider_that_is_away_is_said_to_be() {
    let server = TestServer::with(|settings| {
        settings.server.public_url = Some(PAGE.to_owned().try_into().unwrap());
        settings.accounts.oidc.issuer = Some("http://127.0.0.1:1".to_owned());
        settings.accounts.oidc.client_id = Some("sabha".to_owned());
    })
    .await;
    let away = post(&server, "/api/v1/account/provider", None, &json!({})).await;
    assert_eq!(rule(&away), (503, Rule::AccountProvider));
    let none = TestServer::start().await;
    let headers = [("content-type", "application/json")];
    let none = request(none.address(), "POST", "/api/v1/account/provider", &headers, "{}").await;
    assert_eq!(rule(&none), (503, Rule::AccountProvider));
}

/// ACCOUNT.PASSWORDS_OFF, ACCOUNT.PASSWORD
#[tokio::test]
async fn a_password_opens_an_account_where_passwords_are_allowed_and_by_one_factor_only() {
    let office = Office::open().await;
    let administrator = office.administrator().await;
    let asha = office.somebody_with_an_address("asha@example.org").await;
    let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let bytes = |answer: &[u8]| answer.to_vec();
    let begin = async |email: &str, signing_in: &SigningIn| {
        let body = json!({ "email": email, "request": text(&signing_in.request()) }).to_string();
        office.ask("POST", "/api/v1/account/password/sign-in", &Credential::default(), &body).await
    };
    let finish = async |ceremony: String, proof: &[u8]| {
        let body = json!({ "ceremony": ceremony, "proof": text(proof) }).to_string();
        office.ask("POST", "/api/v1/account/password/sign-in/finish", &Credential::default(), &body).await
    };
    let off = begin("asha@example.org", &SigningIn::begin("a").unwrap()).await;
    assert_eq!(rule(&off), (403, Rule::AccountPasswordsOff));
    let allowed = office.ask("PUT", "/api/v1/passwords", &administrator, r#"{"allowed":true}"#).await;
    assert_eq!(allowed.status, 200, "{}", allowed.body);
    assert!(office.server.get("/api/v1/account/ways").await.json::<WaysIn>().passwords);

    // Without an address there is nothing to sign in by.
    let setting = Setting::begin("the kettle knows 7 songs").unwrap();
    let ask = json!({ "request": text(&setting.request()) }).to_string();
    let nameless = office.ask("POST", "/api/v1/account/password", &administrator, &ask).await;
    assert_eq!(rule(&nameless), (403, Rule::AccountPassword));
    let answer: AnswerPassword = office.ask("POST", "/api/v1/account/password", &asha, &ask).await.json();
    let record = setting.finish(&bytes(answer.answer.as_bytes()), answer.email.as_str()).unwrap();
    let keep = json!({ "record": text(&record) }).to_string();
    assert_eq!(office.ask("PUT", "/api/v1/account/password", &asha, &keep).await.status, 204);

    let signing_in = SigningIn::begin("the kettle knows 7 songs").unwrap();
    let begun: PasswordAnswer = begin("asha@example.org", &signing_in).await.json();
    let proof = signing_in.finish(begun.answer.as_bytes(), "asha@example.org").unwrap();
    // Another's ceremony, and then its own, which is good once.
    let other: PasswordAnswer = begin("nobody@example.org", &SigningIn::begin("a").unwrap()).await.json();
    assert_eq!(rule(&finish(other.ceremony.to_string(), &proof).await), (403, Rule::AccountPassword));
    let done = finish(begun.ceremony.to_string(), &proof).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(rule(&finish(begun.ceremony.to_string(), &proof).await), (403, Rule::AccountPassword));
    let cookie = done.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let token = sabha_protocol::secret::AccessToken::try_from(cookie["sabha=".len()..].to_owned()).unwrap();
    let hash = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(token.expose()));
    let session = office.store.session(&hash.into(), now_ms()).await.unwrap().unwrap();
    assert!(!session.strong, "a password is one factor");
}
