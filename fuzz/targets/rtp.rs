//! RTP headers with extensions (RFC 8285). What is read is what stands there, by the plainest reading of it, and no
//! byte behind the header counts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_sfu::{RtpExtensionIds, RtpHeader};

const IDS: RtpExtensionIds = RtpExtensionIds {
    mid: Some(4),
    rid: Some(10),
    repaired: Some(11),
    transport_seq: Some(3),
    dependency: Some(12),
};

fuzz_target!(|input: &[u8]| {
    check(input);
    // Once more as the extensions of a packet, of either form, whose header chance would rarely write.
    let words = input.len() / 4;
    for profile in [0xbede_u16, 0x1000] {
        let mut packet = vec![0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9];
        packet.extend(profile.to_be_bytes());
        packet.extend((words as u16).to_be_bytes());
        packet.extend(input);
        check(&packet);
    }
});

fn check(packet: &[u8]) {
    let Some(header) = RtpHeader::parse(packet, &IDS) else { return };
    assert_eq!(packet[0] >> 6, 2);
    assert!((12..=packet.len()).contains(&header.bytes) && header.bytes.is_multiple_of(4));
    assert_eq!(header.ssrc.to_be_bytes(), packet[8..12]);

    let sources = 4 * usize::from(packet[0] & 0x0f);
    let body = if packet[0] & 0x10 == 0 { &[] } else { &packet[16 + sources..header.bytes] };
    let profile = packet.get(12 + sources..14 + sources).unwrap_or_default();
    let elements = match profile {
        [0xbe, 0xde] if !body.is_empty() => elements(body, 1),
        [0x10, low] if !body.is_empty() && *low < 16 => elements(body, 2),
        _ => Vec::new(),
    };
    let last = |id| elements.iter().rfind(|(of, _)| *of == id).map(|(_, value)| *value);
    assert_eq!((header.mid, header.rid, header.repaired), (last(4), last(10), last(11)));
    assert_eq!(header.dependency, last(12));
    let seq = last(3).and_then(|value| Some(u16::from_be_bytes(*value.first_chunk()?)));
    assert_eq!(header.transport_seq, seq);
}

/// Returns the elements of a block, as RFC 8285 sections 4.2 and 4.3 describe them.
fn elements(body: &[u8], head: usize) -> Vec<(u8, &[u8])> {
    let mut elements = Vec::new();
    let mut at = 0;
    while let Some(&first) = body.get(at) {
        if first == 0 {
            at += 1;
            continue;
        }
        let (id, length) = match (head, body.get(at + 1)) {
            (1, _) if matches!(first >> 4, 0 | 15) => break,
            (1, _) => (first >> 4, usize::from(first & 0x0f) + 1),
            (_, Some(&length)) => (first, usize::from(length)),
            (_, None) => break,
        };
        let Some(value) = body.get(at + head..at + head + length) else { break };
        elements.push((id, value));
        at += head + length;
    }
    elements
}
