//! Names, titles, keys, secrets and tags. What is accepted is within its limit and stays as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_protocol::{
    DisplayName, MeetingTitle, Mid,
    key::{DeviceKey, Signature},
    limits::{MID_BYTES_MAX, NAME_CHARS_MAX, RELAY_BYTES_MAX, TITLE_CHARS_MAX},
    opaque::RelayPayload,
    secret::ResumeToken,
};

fuzz_target!(|text: &str| {
    if let Ok(name) = text.parse::<DisplayName>() {
        assert!((1..=NAME_CHARS_MAX).contains(&name.as_str().chars().count()));
        assert_eq!(name.as_str().parse::<DisplayName>(), Ok(name.clone()));
    }
    if let Ok(title) = text.parse::<MeetingTitle>() {
        assert!((1..=TITLE_CHARS_MAX).contains(&title.as_str().chars().count()));
    }
    if let Ok(mid) = Mid::try_from(text.to_owned()) {
        assert!((1..=MID_BYTES_MAX).contains(&mid.as_str().len()));
    }
    if let Ok(key) = DeviceKey::try_from(text.to_owned()) {
        assert_eq!(String::from(key), text);
    }
    if let Ok(signature) = Signature::try_from(text.to_owned()) {
        assert_eq!(String::from(signature), text);
    }
    if let Ok(payload) = RelayPayload::try_from(text.to_owned()) {
        assert!((1..=RELAY_BYTES_MAX).contains(&payload.as_bytes().len()));
        assert_eq!(String::from(payload), text);
    }
    if let Ok(token) = ResumeToken::try_from(text.to_owned()) {
        assert!((1..=ResumeToken::CHARS_MAX).contains(&token.expose().len()));
    }
});
