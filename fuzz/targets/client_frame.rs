//! What a client says over the WebSocket. Whatever is accepted must survive being written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_protocol::{limits::MESSAGE_BYTES_MAX, wire::ClientFrame};

fuzz_target!(|bytes: &[u8]| {
    if bytes.len() > MESSAGE_BYTES_MAX {
        return;
    }
    if let Ok(frame) = serde_json::from_slice::<ClientFrame>(bytes) {
        let text = serde_json::to_vec(&frame).expect("what was read can be written");
        assert_eq!(serde_json::from_slice::<ClientFrame>(&text).ok(), Some(frame));
    }
});
