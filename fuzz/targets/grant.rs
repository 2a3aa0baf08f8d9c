//! The credential of a leaf, an invite, and a host certificate: each is one statement, in one form, or none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_admission::{SignedGrant, SignedHostCert, SignedInviteCert};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(grant) = SignedGrant::from_bytes(bytes) {
        assert_eq!(grant.to_bytes(), bytes);
        let _ = grant.verify();
    }
    if let Ok(cert) = SignedHostCert::from_bytes(bytes) {
        assert_eq!(cert.to_bytes(), bytes);
    }
    if let Ok(cert) = SignedInviteCert::from_bytes(bytes) {
        assert_eq!(cert.to_bytes(), bytes);
    }
});
