//! A meeting id in a link or a message. Each meeting has exactly one text form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_protocol::MeetingId;

fuzz_target!(|text: &str| {
    if let Ok(id) = text.parse::<MeetingId>() {
        assert_eq!(id.to_string(), text);
    }
});
