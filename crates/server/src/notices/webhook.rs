//! One delivery to a webhook: signed, by a request of its own, to an address that was looked at.
//!
//! Signed as Standard Webhooks 1.0.0 has it, so that there are libraries for it in every language: `webhook-id`,
//! `webhook-timestamp` in seconds, and `webhook-signature`, `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`. The secret is
//! derived from the server's key and the webhook's id: it is in no database, and no backup of one.
//!
//! No redirect is followed, since it could lead to where the address may not; of an answer only the status counts.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use axum::{
    body::Body,
    http::{HeaderValue, Request, StatusCode, header},
};
use base64ct::{Base64, Encoding as _};
use hkdf::Hkdf;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, pki_types::ServerName};
use sabha_protocol::bulletin::WebhookId;
use sha2::Sha256;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::target::{Target, Targets, Unresolved};

/// Longest time from the look-up of the name to the status.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Longest head of an answer, in bytes; hyper refuses less than 8 kB.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Makes the secrets of this server's webhooks.
#[derive(Clone)]
pub(crate) struct WebhookSecrets([u8; 32]);

impl std::fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecrets(redacted)")
    }
}

impl WebhookSecrets {
    /// Returns secrets that come from `secret`, which is uniform.
    pub(crate) const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// Returns a webhook's secret as it is shown.
    pub(crate) fn text(&self, webhook: WebhookId) -> String {
        format!("whsec_{}", Base64::encode_string(&self.secret(webhook)))
    }

    fn secret(&self, webhook: WebhookId) -> [u8; 32] {
        let mut secret = [0; 32];
        Hkdf::<Sha256>::new(Some(webhook.as_bytes()), &self.0)
            .expand(b"sabha webhook v1", &mut secret)
            .expect("32 bytes are far below HKDF's limit of 255 blocks");
        secret
    }
}

/// What is delivered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery<'a> {
    /// Its id, the same at every try.
    pub(super) id: &'a str,
    /// Of this try, in seconds since 1970.
    pub(super) timestamp_s: u64,
    pub(super) body: &'a [u8],
}

/// Why a delivery was not taken. What an organisation is told of its own server, and nothing of this one's network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotTaken {
    #[error("the address is none for a webhook any more")]
    Address,
    #[error("the certificate is not good for this name")]
    Certificate,
    #[error("no connection")]
    Connection,
    #[error("the connection broke off, or what came is no HTTP")]
    Http,
    #[error("there is no server of this name")]
    Name,
    #[error("the name leads to an address that is not of the Internet")]
    Private,
    #[error("the answer was {0}")]
    Status(u16),
    #[error("no answer in {} seconds", ANSWER_MAX.as_secs())]
    Time,
}

/// Delivers. Taken is what is answered with a status from 200 to 299.
pub(super) async fn deliver(
    url: &str,
    secrets: &WebhookSecrets,
    webhook: WebhookId,
    delivery: Delivery<'_>,
    (targets, tls): (&Targets, Arc<ClientConfig>),
) -> Result<(), NotTaken> {
    let target = Target::read(url).map_err(|_| NotTaken::Address)?;
    let request = request(&target, &secrets.secret(webhook), delivery).ok_or(NotTaken::Address)?;
    let exchange = exchange(&target, request, targets, tls);
    let status = tokio::time::timeout(ANSWER_MAX, exchange).await.unwrap_or(Err(NotTaken::Time))?;
    if status.is_success() { Ok(()) } else { Err(NotTaken::Status(status.as_u16())) }
}

fn request(target: &Target, secret: &[u8], delivery: Delivery<'_>) -> Option<Request<Body>> {
    Request::post(&target.path)
        .header(header::HOST, HeaderValue::from_str(&target.authority).ok()?)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("Sabha/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", delivery.id)
        .header("webhook-timestamp", delivery.timestamp_s)
        .header("webhook-signature", sign(secret, delivery))
        .body(Body::from(delivery.body.to_vec()))
        .ok()
}

fn sign(secret: &[u8], delivery: Delivery<'_>) -> String {
    let mut head = String::new();
    let _ = write!(head, "{}.{}.", delivery.id, delivery.timestamp_s);
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
    context.update(head.as_bytes());
    context.update(delivery.body);
    format!("v1,{}", Base64::encode_string(context.sign().as_ref()))
}

async fn exchange(
    target: &Target,
    request: Request<Body>,
    targets: &Targets,
    tls: Arc<ClientConfig>,
) -> Result<StatusCode, NotTaken> {
    let address = targets.resolve(target).await.map_err(|error| match error {
        Unresolved::Name => NotTaken::Name,
        Unresolved::Private => NotTaken::Private,
    })?;
    let stream = TcpStream::connect(address).await.map_err(|_| NotTaken::Connection)?;
    if !target.is_secure {
        return speak(stream, request).await;
    }
    let name = ServerName::try_from(target.host.clone()).map_err(|_| NotTaken::Address)?;
    let stream = TlsConnector::from(tls).connect(name, stream).await;
    speak(stream.map_err(|_| NotTaken::Certificate)?, request).await
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Body>,
) -> Result<StatusCode, NotTaken> {
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| NotTaken::Http)?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await;
    // The body is never read: whatever it is, and however long, the status was the answer.
    connection.abort();
    Ok(answer.map_err(|_| NotTaken::Http)?.status())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries (standard-webhooks, `libraries/javascript`, test "sign function works").
    #[test]
    fn a_delivery_is_signed_as_the_specification_signs_its_example() {
        let secret = Base64::decode_vec("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let delivery = Delivery {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp_s: 1_614_265_330,
            body: br#"{"test": 2432232314}"#,
        };
        assert_eq!(sign(&secret, delivery), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_webhook_has_a_secret_of_its_own() {
        let secrets = WebhookSecrets::new([1; 32]);
        let text = secrets.text(WebhookId::from_bytes([2; 16]));
        assert!(text.starts_with("whsec_") && text.len() == 50, "{text}");
        assert_ne!(text, secrets.text(WebhookId::from_bytes([3; 16])));
        assert_ne!(text, WebhookSecrets::new([4; 32]).text(WebhookId::from_bytes([2; 16])));
        assert_eq!(format!("{secrets:?}"), "WebhookSecrets(redacted)");
    }
}
