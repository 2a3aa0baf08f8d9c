//! Requests to providers: HTTP/1.1 on a fresh connection for each, over TLS that the system's authorities, or one file of them,
//! vouch for.
//!
//! A name is looked up once, and the connection goes to an address that was checked: unless the configuration allows it, to none of
//! this machine, of a private network or of no network at all. So nobody who can write a DNS entry has this server ask its own
//! neighbours. Redirects are not followed here, answers are bounded in length and time, however slowly they come.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, pki_types::ServerName};
use sabha_advisory::csaf::mirror::{Address, Answer, Fetch};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// Longest time from the look-up of the name to the last byte.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Longest time for one connection to be made, of several addresses that a name can have.
const CONNECT_MAX: Duration = Duration::from_secs(8);

/// Makes requests.
pub(super) struct Fetcher {
    tls: Arc<ClientConfig>,
    private: bool,
    patience: Duration,
}

impl Fetcher {
    pub(super) const fn new(tls: Arc<ClientConfig>, private: bool) -> Self {
        Self { tls, private, patience: ANSWER_MAX }
    }

    /// Fetches a file.
    pub(super) async fn fetch(&self, fetch: &Fetch) -> Answer {
        let answer = tokio::time::timeout(self.patience, self.exchange(fetch)).await;
        let late = || format!("no whole answer within {} seconds", self.patience.as_secs());
        answer.unwrap_or_else(|_| Err(late())).unwrap_or_else(Answer::Failed)
    }

    async fn exchange(&self, fetch: &Fetch) -> Result<Answer, String> {
        let stream = self.connect(&fetch.address).await?;
        if !fetch.address.is_secure() {
            return speak(stream, fetch).await;
        }
        let name =
            ServerName::try_from(fetch.address.host().to_owned()).map_err(|error| error.to_string())?;
        let stream = TlsConnector::from(self.tls.clone()).connect(name, stream).await;
        speak(stream.map_err(|error| format!("no TLS: {error}"))?, fetch).await
    }

    async fn connect(&self, address: &Address) -> Result<TcpStream, String> {
        let found: Vec<SocketAddr> = match address.ip() {
            Some(ip) => vec![(ip, address.port()).into()],
            None => {
                let found = tokio::net::lookup_host((address.host(), address.port())).await;
                found.map_err(|error| format!("no address of that name: {error}"))?.collect()
            }
        };
        let mut why = "its name leads to an address of this machine or of a private network: see \
                       bulletin.aggregator.private_addresses"
            .to_owned();
        for at in found.into_iter().filter(|at| self.private || is_public(at.ip())) {
            match tokio::time::timeout(CONNECT_MAX, TcpStream::connect(at)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => why = format!("no connection: {error}"),
                Err(_) => "no connection in time".clone_into(&mut why),
            }
        }
        Err(why)
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    fetch: &Fetch,
) -> Result<Answer, String> {
    let failed = |error: hyper::Error| format!("the connection failed: {error}");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    // Ends with this function, whatever the other end does.
    let mut connections = tokio::task::JoinSet::new();
    connections.spawn(connection);
    let request = Request::builder()
        .method(Method::GET)
        .uri(fetch.address.path())
        .header(header::HOST, fetch.address.authority())
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::USER_AGENT, concat!("sabha/", env!("CARGO_PKG_VERSION")))
        .body(Body::empty())
        .map_err(|error| error.to_string())?;
    let (parts, body) = sender.send_request(request).await.map_err(failed)?.into_parts();
    match parts.status {
        StatusCode::OK => {
            let body = to_bytes(Body::new(body), fetch.bytes_max).await;
            let body = body
                .map_err(|_| format!("the answer has more than {} bytes, or was cut off", fetch.bytes_max))?;
            Ok(Answer::Found(body.into()))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE => {
            Ok(Answer::Missing)
        }
        StatusCode::MOVED_PERMANENTLY
        | StatusCode::FOUND
        | StatusCode::SEE_OTHER
        | StatusCode::TEMPORARY_REDIRECT
        | StatusCode::PERMANENT_REDIRECT => Ok(Answer::Moved(location(&parts.headers, &fetch.address)?)),
        status => Err(format!("the server answers {}", status.as_u16())),
    }
}

/// Returns where a redirect leads (RFC 9110 section 10.2.2).
fn location(headers: &HeaderMap, from: &Address) -> Result<String, String> {
    let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or("a redirect leads nowhere")?;
    if location.starts_with('/') && !location.starts_with("//") {
        let scheme = if from.is_secure() { "https" } else { "http" };
        return Ok(format!("{scheme}://{}{location}", from.authority()));
    }
    Ok(location.to_owned())
}

/// Returns whether an address is one of the public internet (the registries of special purpose addresses, RFC 6890).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && b & 0xC0 == 64;
    let of_protocols = (a, b, c) == (192, 0, 0);
    let benchmarks = a == 198 && b & 0xFE == 18;
    !(a == 0
        || a >= 224
        || shared
        || of_protocols
        || benchmarks
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_documentation())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(mapped) = ip.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let segments = ip.segments();
    // 2000::/3 is all there is of the public internet. In it, addresses that have others in them: Teredo, 6to4; and examples.
    segments[0] & 0xE000 == 0x2000
        && !(segments[0] == 0x2001 && segments[1] < 0x0200)
        && segments[0] != 0x2002
        && !(segments[0] == 0x2001 && segments[1] == 0x0DB8)
        && segments[0] != 0x3FFF
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;
    use crate::accounts::authorities;

    fn fetcher(private: bool, patience: Duration) -> Fetcher {
        Fetcher { patience, ..Fetcher::new(authorities(None).unwrap(), private) }
    }

    fn file(url: &str) -> Fetch {
        Fetch { address: Address::parse(url, true).unwrap(), bytes_max: 1000 }
    }

    /// Answers one connection with these bytes, each after a pause, and says what was asked.
    async fn answering(answer: &'static [u8], pause: Duration) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/a.json", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let length = stream.read(&mut asked).await.unwrap();
            if pause.is_zero() {
                let _ = stream.write_all(answer).await;
            } else {
                for byte in answer {
                    tokio::time::sleep(pause).await;
                    if stream.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                }
            }
            String::from_utf8_lossy(&asked[..length]).into_owned()
        });
        (url, task)
    }

    async fn fetched(answer: &'static [u8]) -> Answer {
        let (url, _task) = answering(answer, Duration::ZERO).await;
        fetcher(true, ANSWER_MAX).fetch(&file(&url)).await
    }

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for public in ["1.1.1.1", "100.63.0.1", "172.32.0.1", "198.20.0.1", "2606:4700::1", "::ffff:1.1.1.1"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "fc00::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[tokio::test]
    async fn an_answer_comes_back_by_what_it_is() {
        let (url, task) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", Duration::ZERO).await;
        assert_eq!(fetcher(true, ANSWER_MAX).fetch(&file(&url)).await, Answer::Found(b"{}".to_vec()));
        let asked = task.await.unwrap().to_lowercase();
        assert!(
            asked.starts_with("get /a.json http/1.1\r\n") && asked.contains("user-agent: sabha/"),
            "{asked}"
        );
        assert!(!asked.contains("authorization") && !asked.contains("cookie"));
        for missing in ["401 Unauthorized", "403 Forbidden", "404 Not Found", "410 Gone"] {
            let answer = format!("HTTP/1.1 {missing}\r\ncontent-length: 0\r\n\r\n").leak();
            assert_eq!(fetched(answer.as_bytes()).await, Answer::Missing);
        }
        let moved =
            fetched(b"HTTP/1.1 301 x\r\nlocation: https://b.example.org/\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(moved, Answer::Moved("https://b.example.org/".to_owned()));
        let Answer::Moved(moved) =
            fetched(b"HTTP/1.1 308 x\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n").await
        else {
            panic!()
        };
        assert!(moved.starts_with("http://127.0.0.1:") && moved.ends_with("/b"), "{moved}");
        for wrong in [
            &b"HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 302 x\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}",
            b"SSH-2.0\r\n",
            b"",
        ] {
            assert!(matches!(fetched(wrong).await, Answer::Failed(_)));
        }
    }

    #[tokio::test]
    async fn this_machine_is_asked_only_if_that_is_configured() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost"] {
            let answer = fetcher(false, ANSWER_MAX).fetch(&file(&format!("http://{host}:{port}/"))).await;
            let Answer::Failed(why) = answer else { panic!("{answer:?}") };
            assert!(why.contains("private_addresses"), "{why}");
        }
        let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(nobody.is_err(), "nobody came");
    }

    #[tokio::test]
    async fn who_is_slow_is_given_up_although_bytes_keep_coming() {
        let answer =
            b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{                                            ";
        let (url, _task) = answering(answer, Duration::from_millis(20)).await;
        let answer = fetcher(true, Duration::from_millis(300)).fetch(&file(&url)).await;
        assert!(matches!(&answer, Answer::Failed(why) if why.contains("within")), "{answer:?}");
    }

    #[tokio::test]
    async fn only_who_an_authority_vouches_for_is_heard() {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate =
            rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let trusted = directory.path().join("authorities.pem");
        let text = data_encoding::BASE64.encode(certificate.der());
        let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        std::fs::write(&trusted, pem).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut asked = [0; 4096];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
                let _ = stream.shutdown().await;
            }
        });
        let asked = async |authority: Option<&std::path::Path>, host: &str| {
            let fetcher = Fetcher::new(authorities(authority).unwrap(), true);
            fetcher.fetch(&file(&format!("https://{host}:{port}/a.json"))).await
        };
        assert_eq!(asked(Some(&trusted), "localhost").await, Answer::Found(b"{}".to_vec()));
        for (authority, host) in [(None, "localhost"), (Some(&*trusted), "127.0.0.1")] {
            let answer = asked(authority, host).await;
            assert!(
                matches!(&answer, Answer::Failed(why) if why.starts_with("no TLS")),
                "{host}: {answer:?}"
            );
        }
    }
}
