//! A stream of bytes to a server: TCP, and TLS on it unless the server is on this machine.

use std::{fmt, net::IpAddr};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use crate::{error::ClientError, link::Server, tls::Trust};

/// What a connection is read from and written to.
pub(crate) trait Stream: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin> Stream for S {}

/// An open connection.
pub(crate) struct Transport {
    pub(crate) stream: Box<dyn Stream>,
    /// The address of ours from which the server is reached.
    pub(crate) local_ip: IpAddr,
}

impl Transport {
    /// Connects, and has the server show who it is. The caller bounds the time.
    ///
    /// # Errors
    /// [`ClientError::Connection`] with what the caller was `doing`, and those of [`Trust`].
    pub(crate) async fn open(
        server: &Server,
        trust: &Trust,
        doing: &'static str,
    ) -> Result<Self, ClientError> {
        let failed = |error| ClientError::connection(doing, error);
        let stream = TcpStream::connect(server.authority()).await.map_err(failed)?;
        // Messages are small and each waits for an answer: Nagle's algorithm would only delay them.
        stream.set_nodelay(true).map_err(failed)?;
        let local_ip = stream.local_addr().map_err(failed)?.ip();
        let stream: Box<dyn Stream> =
            if server.is_secure() { Box::new(trust.greet(server, stream).await?) } else { Box::new(stream) };
        Ok(Self { stream, local_ip })
    }
}
