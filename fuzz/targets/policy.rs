//! The policy in a group's context: read in one form and bounded, and judged without fault, whatever it says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_admission::{HOSTS_MAX, REVOKED_MAX, SignedPolicy};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(policy) = SignedPolicy::from_bytes(bytes) {
        assert_eq!(policy.to_bytes(), bytes);
        assert!(policy.hosts.len() <= HOSTS_MAX && policy.revoked.len() <= REVOKED_MAX);
        assert!(policy.revoked.iter().all(|id| policy.is_revoked(id)));
        let _ = policy.check(policy.meeting, policy.suite.code(), None, 0);
    }
});
