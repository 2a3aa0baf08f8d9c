//! Refuses SRTP profiles other than AES-GCM.
//!
//! AES_CM_128_HMAC_SHA1_80 costs four times the CPU of AES-GCM per packet. The DTLS 1.2 server prefers
//! AES-GCM whenever the client offers it (RFC 7714), and every browser does. A client that offers only the
//! old profile sees its connection closed right after the handshake, before any media key is in use.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use str0m::{
    config::{CryptoProvider, DtlsCert, DtlsVersion},
    crypto::{
        CryptoError,
        dtls::{DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion, SrtpProfile},
        from_feature_flags,
    },
};

/// How many handshakes ended with which kind of profile.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    /// AES-GCM.
    pub(crate) strong: AtomicU64,
    /// Anything else; the connection was closed.
    pub(crate) weak: AtomicU64,
}

/// A DTLS provider whose connections end when anything but AES-GCM was negotiated.
#[derive(Debug)]
pub(crate) struct GcmOnly {
    inner: &'static dyn DtlsProvider,
    profiles: Arc<Profiles>,
}

impl GcmOnly {
    /// Returns the cryptography for a shard's connections, and the count of what they negotiated.
    ///
    /// The provider must be `'static`; it is leaked, a few bytes once per shard.
    pub(crate) fn provider() -> (CryptoProvider, Arc<Profiles>) {
        let crypto = from_feature_flags();
        let profiles = Arc::new(Profiles::default());
        let inner = crypto.dtls_provider;
        let gcm_only = Box::leak(Box::new(Self { inner, profiles: Arc::clone(&profiles) }));
        (CryptoProvider { dtls_provider: gcm_only, ..crypto }, profiles)
    }
}

impl DtlsProvider for GcmOnly {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        self.inner.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let inner = self.inner.new_dtls(cert, now, version, mtu)?;
        Ok(Box::new(Guarded { inner, profiles: Arc::clone(&self.profiles) }))
    }
}

#[derive(Debug)]
struct Guarded {
    inner: Box<dyn DtlsInstance>,
    profiles: Arc<Profiles>,
}

impl DtlsInstance for Guarded {
    fn set_active(&mut self, active: bool) {
        self.inner.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.inner.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        match self.inner.poll_output(buf) {
            DtlsOutput::KeyingMaterial(_, profile) if !is_gcm(profile) => {
                self.profiles.weak.fetch_add(1, Ordering::Relaxed);
                DtlsOutput::CloseNotify
            }
            output @ DtlsOutput::KeyingMaterial(..) => {
                self.profiles.strong.fetch_add(1, Ordering::Relaxed);
                output
            }
            output => output,
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.inner.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.inner.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.inner.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.inner.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.inner.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.inner.close()
    }
}

fn is_gcm(profile: SrtpProfile) -> bool {
    profile == SrtpProfile::AEAD_AES_128_GCM || profile == SrtpProfile::AEAD_AES_256_GCM
}

#[cfg(test)]
mod tests {
    use str0m::config::KeyingMaterial;

    use super::*;

    /// The end of a handshake that chose `profile`.
    #[derive(Debug)]
    struct Finished(SrtpProfile);

    impl DtlsInstance for Finished {
        fn set_active(&mut self, _: bool) {}
        fn handle_packet(&mut self, _: &[u8]) -> Result<(), DtlsImplError> {
            Ok(())
        }
        fn poll_output<'a>(&mut self, _: &'a mut [u8]) -> DtlsOutput<'a> {
            DtlsOutput::KeyingMaterial(KeyingMaterial::new(&[0; 60]), self.0)
        }
        fn handle_timeout(&mut self, _: Instant) -> Result<(), DtlsImplError> {
            Ok(())
        }
        fn send_application_data(&mut self, _: &[u8]) -> Result<usize, DtlsImplError> {
            Ok(0)
        }
        fn is_active(&self) -> bool {
            false
        }
        fn protocol_version(&self) -> Option<ProtocolVersion> {
            None
        }
        fn close(&mut self) -> Result<(), DtlsImplError> {
            Ok(())
        }
    }

    #[test]
    fn keys_of_a_weaker_profile_never_reach_the_session() {
        for profile in
            [SrtpProfile::AES128_CM_SHA1_80, SrtpProfile::AEAD_AES_128_GCM, SrtpProfile::AEAD_AES_256_GCM]
        {
            let profiles = Arc::new(Profiles::default());
            let mut guarded = Guarded { inner: Box::new(Finished(profile)), profiles: Arc::clone(&profiles) };
            let closed = matches!(guarded.poll_output(&mut []), DtlsOutput::CloseNotify);

            assert_eq!(closed, profile == SrtpProfile::AES128_CM_SHA1_80);
            assert_eq!(profiles.weak.load(Ordering::Relaxed), u64::from(closed));
            assert_eq!(profiles.strong.load(Ordering::Relaxed), u64::from(!closed));
        }
    }
}
