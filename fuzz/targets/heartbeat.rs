//! A heartbeat, from the server or a member: read in one form, and bounded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_admission::{NONCES_MAX, SignedHeartbeat};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(heartbeat) = SignedHeartbeat::from_bytes(bytes) {
        assert_eq!(heartbeat.to_bytes(), bytes);
        assert!(heartbeat.nonces.len() <= NONCES_MAX);
        let _ = heartbeat.verify();
    }
});
