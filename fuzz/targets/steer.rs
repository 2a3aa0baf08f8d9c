//! Junk on the media port. Whatever arrives is classified, and only our own ufrag leads to a shard.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_sfu::{Steer, steer};

fuzz_target!(|input: &[u8]| {
    check(input);
    // Once more as the attributes of a STUN Binding request, whose header chance would never write.
    if let Ok(length) = u16::try_from(input.len()) {
        let mut request = vec![0x00, 0x01];
        request.extend(length.to_be_bytes());
        request.extend([0x21, 0x12, 0xa4, 0x42]);
        request.extend([0; 12]);
        request.extend(input);
        check(&request);
    }
});

fn check(packet: &[u8]) {
    if let Steer::Binding(shard) = steer(packet) {
        let ufrag = format!("s1{:02x}", shard.0);
        assert!(packet.windows(ufrag.len()).any(|window| window == ufrag.as_bytes()));
    }
}
