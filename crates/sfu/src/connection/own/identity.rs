//! What a shard is to all its clients: one certificate, and secrets of which each connection has its own.

use std::{cell::Cell, fmt::Write as _, sync::Arc, time::Instant};

use aws_lc_rs::{digest, hmac};
use dimpl::{Config, Dtls, DtlsCertificate};

/// Longest datagram of a handshake. IPv6 carries 1280 bytes anywhere.
const MTU: usize = 1150;

/// A shard's certificate, and where its secrets come from.
pub(crate) struct Identity {
    certificate: DtlsCertificate,
    config: Arc<Config>,
    /// SHA-256 of the certificate.
    pub(crate) fingerprint: [u8; 32],
    seed: hmac::Key,
    /// Connections that were given secrets.
    given: Cell<u64>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Identity").field("given", &self.given).finish_non_exhaustive()
    }
}

/// What is secret, or at least must not repeat, in a connection.
pub(super) struct Secrets {
    pub(super) ufrag: String,
    pub(super) pass: String,
    /// The first SSRC.
    pub(super) ssrc: u32,
    pub(super) cname: String,
}

impl Identity {
    /// Makes a certificate. `seed` is random: whoever guesses it knows the ICE passwords of all connections. Returns
    /// `None` only if the compiled-in cryptography cannot make one.
    pub(crate) fn new(seed: &[u8; 32]) -> Option<Self> {
        let certificate = dimpl::certificate::generate_self_signed_certificate().ok()?;
        // ICE has proven the client's address before DTLS begins, so that a cookie would prove nothing more.
        let config = Config::builder().use_server_cookie(false).mtu(MTU).build().ok()?;
        let fingerprint = sha256(&certificate.certificate);
        let seed = hmac::Key::new(hmac::HMAC_SHA512, seed);
        Some(Self { certificate, config: Arc::new(config), fingerprint, seed, given: Cell::new(0) })
    }

    /// Returns the secrets of the next connection. A client that knows its own learns nothing of another's (RFC 8445
    /// section 5.3 asks for 128 bits of a password, and 24 of a ufrag).
    pub(super) fn next_secrets(&self) -> Secrets {
        let number = self.given.replace(self.given.get() + 1);
        let tag = hmac::sign(&self.seed, &number.to_be_bytes());
        let bytes: &[u8; 64] = tag.as_ref().try_into().unwrap_or(&[0; 64]);
        let (ufrag, rest) = bytes.split_at(8);
        let (pass, rest) = rest.split_at(24);
        let (cname, ssrc) = rest.split_at(8);
        let ssrc = ssrc.first_chunk().map_or(0, |ssrc| u32::from_be_bytes(*ssrc));
        Secrets { ufrag: hexadecimal(ufrag), pass: hexadecimal(pass), ssrc, cname: hexadecimal(cname) }
    }

    /// Returns the server's side of a new DTLS association.
    pub(super) fn dtls_server(&self, now: Instant) -> Dtls {
        Dtls::new_12(Arc::clone(&self.config), self.certificate.clone(), now)
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn connections_of_a_shard_and_of_two_shards_share_no_secret() {
        let shards = [[1; 32], [2; 32]].map(|seed| Identity::new(&seed).unwrap());
        let mut seen = HashSet::new();
        for shard in &shards {
            for _ in 0..100 {
                let Secrets { ufrag, pass, ssrc, cname } = shard.next_secrets();
                assert_eq!((ufrag.len(), pass.len(), cname.len()), (16, 48, 16));
                assert!([ufrag, pass, cname, ssrc.to_string()].into_iter().all(|secret| seen.insert(secret)));
            }
        }
    }
}
