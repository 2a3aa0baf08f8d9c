//! Takes TCP connections and tells HTTP from media.
//!
//! Where UDP is blocked, browsers send media over TCP to the same port. Such a connection begins with a
//! framed STUN binding request (RFC 4571 length, then RFC 8489 section 5), whose first byte is far below
//! any letter; everything else is HTTP/1.1. Connections are counted before a byte is read, have a short
//! time to say something, and, unless they become WebSockets, a bounded life.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use sabha_protocol::{
    Rule,
    framing::{ICE_TCP_HEAD_BYTES, looks_like_ice_tcp},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tower::ServiceExt as _;

use super::client_address::{Peer, is_trusted};
use crate::{
    drain::Phase,
    media::MediaPlane,
    metrics,
    signalling::{Addresses, Metered, Permit, Refused},
};

/// Time to the first bytes, and to the end of a request's headers, also between two requests.
const HEADERS_MAX_WAIT: Duration = Duration::from_secs(10);

/// Life of a connection that is not a WebSocket; the client just opens another.
const HTTP_LIFE_MAX: Duration = Duration::from_secs(120);

/// Time to finish the answer in progress once that life, or the server's, is over.
const HTTP_LAST_ANSWER_MAX: Duration = Duration::from_secs(15);

/// Header lines of a request, and bytes of its head.
const HEADERS_MAX: usize = 64;
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Pause between two looks at a connection that has sent less than that.
const PEEK_PAUSE: Duration = Duration::from_millis(10);

/// Pause after the system refused to accept, as it does while it has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What connections are handed to.
#[derive(Clone, Debug)]
pub(crate) struct Acceptor {
    pub(crate) router: Router,
    pub(crate) media: MediaPlane,
    pub(crate) connections: Addresses,
    pub(crate) trusted_proxies: Arc<[ipnet::IpNet]>,
}

/// Accepts connections until the server stops.
pub(crate) async fn serve(listener: TcpListener, acceptor: Acceptor, mut phase: watch::Receiver<Phase>) {
    let watched = phase.clone();
    let mut stopped = pin!(phase.wait_for(|phase| *phase == Phase::Stopped));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => return,
        };
        match accepted {
            Ok((stream, remote)) => {
                let Some(permit) = acceptor.admit(remote.ip()) else { continue };
                let (acceptor, phase) = (acceptor.clone(), watched.clone());
                tokio::spawn(async move {
                    // Errors are the client's or its network's: nothing is left to tell anybody.
                    let _ = acceptor.handle(stream, remote, phase).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

impl Acceptor {
    fn admit(&self, address: IpAddr) -> Option<Permit> {
        let admitted = if is_trusted(&self.trusted_proxies, address) {
            self.connections.admit_proxy()
        } else {
            self.connections.admit(address, Instant::now())
        };
        let (limit, rule) = match admitted {
            Ok(permit) => return Some(permit),
            Err(Refused::Full) => ("tcp_server", Rule::Capacity),
            Err(Refused::Address) => ("tcp_address", Rule::NetworkRate),
        };
        metrics::connection_refused(limit);
        // Nobody is told before a byte was read; it is counted as what it is.
        metrics::refused(rule);
        None
    }

    async fn handle(
        self,
        stream: TcpStream,
        remote: SocketAddr,
        phase: watch::Receiver<Phase>,
    ) -> io::Result<()> {
        // Small frames follow one another in signalling and media alike: none should wait for an
        // acknowledgement of the one before.
        stream.set_nodelay(true)?;
        if tokio::time::timeout(HEADERS_MAX_WAIT, is_media(&stream)).await?? {
            let local = stream.local_addr()?;
            self.media.serve_tcp(stream, remote, local).await;
        } else {
            self.serve_http(stream, remote, phase).await;
        }
        Ok(())
    }

    /// Serves requests one after the other. Ends when the connection becomes a WebSocket, too: that lives
    /// on in a task of its own.
    async fn serve_http(self, stream: TcpStream, remote: SocketAddr, mut phase: watch::Receiver<Phase>) {
        let router = self.router;
        let (stream, intake) = Metered::new(stream);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(Peer(remote));
            request.extensions_mut().insert(intake.clone());
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_MAX_WAIT)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => return,
            () = tokio::time::sleep(HTTP_LIFE_MAX) => {}
            _ = phase.wait_for(|phase| *phase == Phase::Stopped) => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(HTTP_LAST_ANSWER_MAX, connection).await;
    }
}

/// Looks at the first bytes without taking them and says whether they are ICE over TCP.
async fn is_media(stream: &TcpStream) -> io::Result<bool> {
    let mut prefix = [0; ICE_TCP_HEAD_BYTES];
    loop {
        let seen = stream.peek(&mut prefix).await?;
        match looks_like_ice_tcp(&prefix[..seen]) {
            Some(verdict) => return Ok(verdict),
            None if seen == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            // The rest of the prefix is on its way; there is no event for "more than before".
            None => tokio::time::sleep(PEEK_PAUSE).await,
        }
    }
}
