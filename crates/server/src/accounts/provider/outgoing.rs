//! Requests to the identity provider that the administrator named.
//!
//! HTTP/1.1 on a fresh connection for each, over TLS that the system's authorities, or one file of them, vouch for. An
//! origin that was not named is never connected to, whatever the provider's documents say, and no redirect is followed.
//! An answer is bounded in length and time.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use axum::{body::Body, http};
use hyper_util::rt::TokioIo;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// Longest time from the first byte out to the last byte in. Three requests stand behind a sign-in at most, and its own
/// answer has 15 seconds.
const ANSWER_MAX: Duration = Duration::from_secs(4);

/// Longest answer, in bytes: a key set of a large provider is some 10 kB.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum OutgoingError {
    /// The provider's documents name a place that the configuration does not.
    #[error("{0} is not the identity provider's origin, nor one of accounts.oidc.other_origins")]
    Elsewhere(String),
    /// The connection broke off, or what came is no HTTP.
    #[error("the connection failed")]
    Http(#[source] hyper::Error),
    /// Nobody listens there, or the name is none.
    #[error("no connection")]
    Connection(#[source] std::io::Error),
    /// The answer is longer than any of its kind.
    #[error("the answer is too long, or was cut off")]
    Length(#[source] axum::Error),
    /// The answer took too long.
    #[error("no answer in time")]
    Time,
    /// The request cannot be written.
    #[error("the request has no form")]
    Request(#[source] http::Error),
}

/// Makes requests to the origins that it was given, and to no other.
#[derive(Clone)]
pub(super) struct Outgoing {
    origins: Vec<Origin>,
    tls: Arc<ClientConfig>,
    patience: Duration,
}

impl Origin {
    /// Returns the origin of a URL. `None` if it is not https, or http on this very machine.
    pub(super) fn of(url: &str) -> Option<Self> {
        let uri: http::Uri = url.parse().ok()?;
        let secure = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') {
            return None;
        }
        let host = authority.host().trim_matches(['[', ']']).to_ascii_lowercase();
        let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        (secure || local).then_some(Self { secure, host, port })
    }
}

impl Outgoing {
    pub(super) const fn new(origins: Vec<Origin>, tls: Arc<ClientConfig>) -> Self {
        Self { origins, tls, patience: ANSWER_MAX }
    }

    /// Returns whether a URL is at one of the origins.
    pub(super) fn reaches(&self, url: &str) -> bool {
        Origin::of(url).is_some_and(|origin| self.origins.contains(&origin))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OutgoingError> {
        tokio::time::timeout(self.patience, self.exchange(request)).await.unwrap_or(Err(OutgoingError::Time))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, OutgoingError> {
        let uri = request.uri().to_string();
        let origin = Origin::of(&uri).filter(|origin| self.origins.contains(origin));
        let origin = origin.ok_or(OutgoingError::Elsewhere(uri))?;
        let stream = TcpStream::connect((origin.host.as_str(), origin.port))
            .await
            .map_err(OutgoingError::Connection)?;
        if !origin.secure {
            return speak(stream, request).await;
        }
        let none = |error| OutgoingError::Connection(std::io::Error::other(error));
        let name = ServerName::try_from(origin.host).map_err(none)?;
        let stream = TlsConnector::from(self.tls.clone()).connect(name, stream).await;
        speak(stream.map_err(OutgoingError::Connection)?, request).await
    }
}

impl<'c> AsyncHttpClient<'c> for Outgoing {
    type Error = OutgoingError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutgoingError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: HttpRequest,
) -> Result<HttpResponse, OutgoingError> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(OutgoingError::Http)?;
    // Ends with the sender, which this function drops.
    let connection = tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    // RFC 9112 section 3.2.1: an origin server is asked by path, and told its name.
    if let Some(authority) = parts.uri.authority() {
        let host = http::HeaderValue::from_str(authority.as_str());
        parts.headers.insert(http::header::HOST, host.map_err(|error| OutgoingError::Request(error.into()))?);
    }
    let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    parts.uri = path.parse().map_err(|error: http::uri::InvalidUri| OutgoingError::Request(error.into()))?;
    let answer = sender.send_request(http::Request::from_parts(parts, Body::from(body))).await;
    let (parts, body) = answer.map_err(OutgoingError::Http)?.into_parts();
    let body =
        axum::body::to_bytes(Body::new(body), ANSWER_BYTES_MAX).await.map_err(OutgoingError::Length)?;
    connection.abort();
    Ok(http::Response::from_parts(parts, body.to_vec()))
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;
    use crate::accounts::provider::authorities;

    fn outgoing(origin: &str) -> Outgoing {
        Outgoing::new(vec![Origin::of(origin).unwrap()], authorities(None).unwrap())
    }

    fn get(url: &str) -> HttpRequest {
        http::Request::get(url).body(Vec::new()).unwrap()
    }

    /// Answers one connection with these bytes, and says what was asked.
    async fn answering(answer: Vec<u8>) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let length = stream.read(&mut asked).await.unwrap();
            // Who asks may have had enough before the end.
            let _ = stream.write_all(&answer).await;
            String::from_utf8_lossy(&asked[..length]).into_owned()
        });
        (origin, task)
    }

    #[test]
    fn an_origin_is_https_or_on_this_machine() {
        assert_eq!(Origin::of("https://Login.example.org/x"), Origin::of("https://login.example.org:443"));
        assert!(Origin::of("http://127.0.0.1:9/x").is_some() && Origin::of("http://[::1]:9").is_some());
        for wrong in
            ["http://login.example.org", "ftp://localhost", "https://a@b", "localhost", "", "https://"]
        {
            assert_eq!(Origin::of(wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn an_answer_comes_back_whole() {
        let (origin, task) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec()).await;
        let answer = outgoing(&origin).send(get(&format!("{origin}/a?b=c"))).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.body().as_slice()), (200, &b"{}"[..]));
        let asked = task.await.unwrap().to_lowercase();
        assert!(asked.starts_with("get /a?b=c http/1.1\r\n"), "{asked}");
        assert!(asked.contains(&format!("host: {}\r\n", &origin[7..])), "{asked}");
    }

    #[tokio::test]
    async fn no_other_origin_is_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let elsewhere = format!("http://{}/", listener.local_addr().unwrap());
        let refused = outgoing("https://login.example.org").send(get(&elsewhere)).await;
        assert!(matches!(refused, Err(OutgoingError::Elsewhere(_))), "{refused:?}");
        let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(nobody.is_err(), "nobody came");
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed_and_an_endless_answer_is_given_up() {
        let (origin, _task) = answering(
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_vec(),
        )
        .await;
        assert_eq!(outgoing(&origin).send(get(&origin)).await.unwrap().status(), 302);

        let mut endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
        endless.resize(ANSWER_BYTES_MAX * 2, b'x');
        let (origin, _task) = answering(endless).await;
        let refused = outgoing(&origin).send(get(&origin)).await;
        assert!(matches!(refused, Err(OutgoingError::Length(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn who_is_silent_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let hasty = Outgoing { patience: Duration::from_millis(50), ..outgoing(&origin) };
        let refused = hasty.send(get(&origin)).await;
        assert!(matches!(refused, Err(OutgoingError::Time)), "{refused:?}");
    }
}
