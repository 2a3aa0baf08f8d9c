//! The Dependency Descriptors of a stream, one packet after the other. Whatever they say is within bounds, and one that is
//! read twice says the same.
//!
//! Before each stands a byte: its length in the lower seven bits, and the highest if it comes late.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_sfu::DescriptorReader;

fuzz_target!(|packets: &[u8]| {
    let mut reader = DescriptorReader::default();
    let mut rest = packets;
    while let Some((head, tail)) = rest.split_first() {
        let (packet, tail) = tail.split_at(tail.len().min(usize::from(head & 0x7f)));
        rest = tail;
        let is_newest = head & 0x80 == 0;
        let Ok(frame) = reader.read(packet, is_newest) else { continue };
        assert!(frame.spatial <= 3 && frame.temporal <= 7);
        assert!(frame.references().count() <= 8);
        assert!(frame.indications().count() <= 32 && frame.chains().count() <= 32);
        assert!(!frame.starts_keyframe() || frame.begins_sequence);
        if is_newest {
            assert_eq!(reader.read(packet, true), Ok(frame));
        }
    }
});
