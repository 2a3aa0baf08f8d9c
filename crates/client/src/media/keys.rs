//! The keys of a connection's SRTP, for a receiver that gives feedback apart from the media stack.
//!
//! The stack exports none, but lets its DTLS be replaced: this one is the stack's own, with a tap. Who opens the tap is known
//! while a connection is built, since that is when its DTLS is made, in the same call.

use std::{
    cell::RefCell,
    fmt,
    sync::{Arc, OnceLock},
    time::Instant,
};

use str0m::crypto::{
    CryptoError, CryptoProvider,
    dtls::{
        DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, ProtocolVersion,
        SrtpProfile,
    },
    from_feature_flags,
};

/// What DTLS agreed on for SRTP (RFC 5764 section 4.2).
pub(crate) struct Keys {
    pub(crate) profile: SrtpProfile,
    pub(crate) material: Vec<u8>,
    /// Whether this end was DTLS' client.
    pub(crate) is_client: bool,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("profile", &self.profile).finish_non_exhaustive()
    }
}

/// Where the keys of one connection will be.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyTap(Arc<OnceLock<Keys>>);

thread_local! {
    /// The tap of the connection that is being built on this thread.
    static BUILDING: RefCell<Option<KeyTap>> = const { RefCell::new(None) };
}

impl KeyTap {
    /// Has `build` make a connection whose keys will be here.
    pub(super) fn of<T>(&self, build: impl FnOnce(CryptoProvider) -> T) -> T {
        BUILDING.set(Some(self.clone()));
        let built = build(CryptoProvider { dtls_provider: &Tapped, ..from_feature_flags() });
        BUILDING.take();
        built
    }

    /// Returns the keys, once there are any.
    pub(super) fn keys(&self) -> Option<&Keys> {
        self.0.get()
    }
}

/// The stack's DTLS, tapped.
#[derive(Debug)]
struct Tapped;

impl DtlsProvider for Tapped {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        from_feature_flags().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let dtls = from_feature_flags().dtls_provider.new_dtls(cert, now, version, mtu)?;
        let tap = BUILDING.with_borrow(|tap| tap.clone()).unwrap_or_default();
        Ok(Box::new(TappedDtls { dtls, tap }))
    }
}

#[derive(Debug)]
struct TappedDtls {
    dtls: Box<dyn DtlsInstance>,
    tap: KeyTap,
}

impl DtlsInstance for TappedDtls {
    fn set_active(&mut self, active: bool) {
        self.dtls.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.dtls.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let is_client = self.dtls.is_active();
        let output = self.dtls.poll_output(buf);
        if let DtlsOutput::KeyingMaterial(material, profile) = &output {
            let keys = || Keys { profile: *profile, material: material.to_vec(), is_client };
            self.tap.0.get_or_init(keys);
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.dtls.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.dtls.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.dtls.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.dtls.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.dtls.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.dtls.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.dtls.close()
    }
}
