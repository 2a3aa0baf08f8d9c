//! What a browser and an authenticator send of a passkey: no bytes break the reader, and none that nobody signed opens.
#![no_main]

// The reader is the server's own file: it is pure, and no part of what the server shows.
#[allow(dead_code, unreachable_pub, reason = "the server uses all of it")]
#[path = "../../crates/server/src/accounts/authenticator.rs"]
mod authenticator;

use authenticator::{Expected, Purpose, check_client_data, check_made, check_shown};
use libfuzzer_sys::fuzz_target;
use sha2::Digest as _;

const CHALLENGE: [u8; 32] = [7; 32];

/// A key whose other half nobody has kept: the base point of edwards25519, in COSE's form.
const KEY: &[u8] = b"\xA4\x01\x01\x03\x27\x20\x06\x21\x58\x20\
    \x58\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\
    \x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66";

fuzz_target!(|said: (Vec<u8>, Vec<u8>, Vec<u8>)| {
    let (data, client_data, signature) = said;
    for purpose in [Purpose::Make, Purpose::Show] {
        let expected = Expected {
            purpose,
            challenge: &CHALLENGE,
            origin: "https://meet.example.org",
            rp_id: "meet.example.org",
        };
        if check_client_data(&client_data, &expected).is_ok() {
            let text = std::str::from_utf8(&client_data).expect("JSON is text");
            assert!(text.contains("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc") || text.contains('\\'));
        }
        // Also where the head is one of this site and this user, which bytes at random are not.
        let head: Vec<u8> =
            [&sha2::Sha256::digest(b"meet.example.org")[..], &[0x45, 0, 0, 0, 0], &data].concat();
        for data in [&data, &head] {
            if let Ok(made) = check_made(data, &expected) {
                assert!((1..=1023).contains(&made.credential_id.len()));
                assert!([42, 77, 272].contains(&made.public_key.len()));
                let whole = [&made.credential_id[..], &made.public_key].concat();
                assert!(data.windows(whole.len()).any(|window| window == whole));
            }
            assert!(check_shown(data, &client_data, &signature, KEY, &expected).is_err());
        }
    }
});
