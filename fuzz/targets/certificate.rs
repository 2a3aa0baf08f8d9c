//! A certificate from somebody else, as a file and as it goes through the group: read within its bounds, checked without
//! fault, and signed in one form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_crypto::certificate::{Countersignature, SignedCertificate, verify};
use sabha_protocol::{limits::CERTIFICATE_BYTES_MAX, wire::certificate::CertificateFile};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(signed) = SignedCertificate::from_bytes(bytes) {
        assert_eq!(signed.to_bytes(), bytes);
        let _ = signed.verify();
    }
    if let Ok(one) = Countersignature::from_bytes(bytes) {
        assert_eq!(one.to_bytes(), bytes);
    }
    if bytes.len() > CERTIFICATE_BYTES_MAX {
        return;
    }
    let Ok(file) = serde_json::from_slice::<CertificateFile>(bytes) else { return };
    let text = serde_json::to_vec(&file).expect("what was read can be written");
    let again = serde_json::from_slice::<CertificateFile>(&text).expect("what was written can be read");
    assert_eq!(again, file);
    assert_eq!(verify(&again), verify(&file));
});
