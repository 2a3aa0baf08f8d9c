//! The DTLS server of a connection: proves that the client has the certificate of its offer, and makes the media keys.
//!
//! AES_CM_128_HMAC_SHA1_80 costs four times the CPU of AES-GCM per packet. As a DTLS 1.2 server the library prefers
//! AES-GCM whenever the client offers it (RFC 7714), and every browser does. A client that offers only the old profile
//! sees its connection closed before any media key is in use.

use std::time::Instant;

use dimpl::{Dtls, Output, SrtpProfile};

use super::identity::{Identity, sha256};

use crate::{
    connection::Gone,
    srtp::{Keys, Opener, Profile, Sealer},
};

/// Largest record that is made or read.
const RECORD_BYTES_MAX: usize = 2048;
/// What came of the handshake.
#[derive(Debug)]
pub(super) enum Told {
    /// The client is who it said it is, and these are the keys.
    Keys(Box<(Sealer, Opener)>),
    /// No profile of AES-GCM was agreed on.
    Weak,
}

/// A connection's DTLS.
pub(super) struct Handshake {
    dtls: Dtls,
    /// SHA-256 of the certificate that the offer promised.
    promised: [u8; 32],
    is_proven: bool,
    buffer: Vec<u8>,
    next: Instant,
}

impl std::fmt::Debug for Handshake {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Handshake").field("is_proven", &self.is_proven).finish_non_exhaustive()
    }
}

impl Handshake {
    pub(super) fn new(identity: &Identity, promised: [u8; 32], now: Instant) -> Self {
        Self { dtls: identity.dtls_server(now), promised, is_proven: false, buffer: Vec::new(), next: now }
    }

    /// Takes a datagram.
    pub(super) fn receive(&mut self, now: Instant, datagram: &[u8]) -> Result<(), Gone> {
        self.dtls.handle_timeout(now).map_err(|_| Gone)?;
        self.dtls.handle_packet(datagram).map_err(|_| Gone)
    }

    /// Lets time pass, if it is time. Returns whether it was.
    pub(super) fn tick(&mut self, now: Instant) -> Result<bool, Gone> {
        if now < self.next {
            return Ok(false);
        }
        self.dtls.handle_timeout(now).map_err(|_| Gone)?;
        Ok(true)
    }

    /// When to call [`tick`](Self::tick) next.
    pub(super) const fn next(&self) -> Instant {
        self.next
    }

    /// Says goodbye.
    pub(super) fn close(&mut self) {
        // It may be closed already; either way there is nothing more to say.
        let _ = self.dtls.close();
    }

    /// Hands over datagrams to send. Returns what came of the handshake, if anything did.
    pub(super) fn drain(&mut self, mut send: impl FnMut(&[u8])) -> Result<Option<Told>, Gone> {
        self.buffer.resize(RECORD_BYTES_MAX, 0);
        let mut told = None;
        loop {
            match self.dtls.poll_output(&mut self.buffer) {
                Output::Packet(datagram) => send(datagram),
                Output::Timeout(at) => {
                    self.next = at;
                    break;
                }
                Output::PeerCert(certificate) => {
                    if sha256(certificate) != self.promised {
                        return Err(Gone);
                    }
                    self.is_proven = true;
                }
                Output::KeyingMaterial(material, profile) => {
                    let profile = match profile {
                        SrtpProfile::AEAD_AES_256_GCM => Profile::Aes256Gcm,
                        SrtpProfile::AEAD_AES_128_GCM => Profile::Aes128Gcm,
                        _ => return Ok(Some(Told::Weak)),
                    };
                    let (client, server) = Keys::from_dtls(profile, &material).map_err(|_| Gone)?;
                    let sealer = Sealer::new(&server).map_err(|_| Gone)?;
                    let opener = Opener::new(&client).map_err(|_| Gone)?;
                    told = Some(Told::Keys(Box::new((sealer, opener))));
                }
                // There are no data channels: what comes in the session is for nobody.
                Output::Connected | Output::ApplicationData(_) => {}
                // A buffer is never too small for a record of ours.
                Output::CloseNotify | Output::BufferTooSmall { .. } => return Err(Gone),
                _ => {}
            }
        }
        // Handshakes are over soon, and their buffer is large.
        self.buffer = Vec::new();
        if told.is_some() && !self.is_proven {
            return Err(Gone);
        }
        Ok(told)
    }
}
