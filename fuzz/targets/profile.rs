//! A policy profile from somebody else: read within its bounds, checked without fault, and signed in one form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_policy::{CONTROLS_MAX, profile};
use sabha_protocol::{limits::PROFILE_BYTES_MAX, wire::profile::ProfileFile};

fuzz_target!(|bytes: &[u8]| {
    if bytes.len() > PROFILE_BYTES_MAX {
        return;
    }
    let Ok(mut file) = serde_json::from_slice::<ProfileFile>(bytes) else { return };
    assert!(file.profile.controls.len() <= CONTROLS_MAX);
    let text = serde_json::to_vec(&file).expect("what was read can be written");
    let again = serde_json::from_slice::<ProfileFile>(&text).expect("what was written can be read");
    assert_eq!(again, file);
    assert_eq!(profile::canonical_bytes(&again.profile), profile::canonical_bytes(&file.profile));
    if profile::check(&file, None).is_ok() {
        file.signature = Some(profile::sign(&file.profile, &[7; 32]));
        let key = file.signature.as_ref().map(|signature| signature.key);
        assert!(profile::check(&file, key.as_ref()).is_ok());
    }
});
