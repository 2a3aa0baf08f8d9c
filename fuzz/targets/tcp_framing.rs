//! An ICE-TCP stream, cut anywhere: packets are within their bound, and where the reads end changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_protocol::framing::{Deframer, InvalidLength, PACKET_BYTES_MAX, looks_like_ice_tcp};

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, stream) = input;
    let _ = looks_like_ice_tcp(stream);
    let whole = packets(std::iter::once(stream));
    assert_eq!(packets(stream.chunks(usize::from(cut).max(1))), whole);
});

/// Returns the packets of a stream that is read in these pieces, and how it ended.
fn packets<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, Option<InvalidLength>) {
    let mut deframer = Deframer::default();
    let mut packets = Vec::new();
    for piece in pieces {
        deframer.push(piece);
        loop {
            match deframer.next_packet() {
                Ok(Some(packet)) => {
                    assert!((1..=PACKET_BYTES_MAX).contains(&packet.len()));
                    packets.push(packet.to_vec());
                }
                Ok(None) => break,
                Err(invalid) => return (packets, Some(invalid)),
            }
        }
    }
    (packets, None)
}
