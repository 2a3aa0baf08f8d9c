//! RTCP after decryption. What is accepted is complete, and no datagram causes more work than its length allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabha_sfu::{RtcpPacket, RtcpPackets};

fuzz_target!(|datagram: &[u8]| {
    let mut statuses = 0;
    for packet in RtcpPackets::new(datagram).flatten() {
        match packet {
            RtcpPacket::SenderReport(report) => assert!(report.blocks().count() <= 31),
            RtcpPacket::ReceiverReport(report) => {
                assert!(
                    report.blocks().all(|block| (-0x80_0000..0x80_0000).contains(&block.cumulative_lost))
                );
            }
            RtcpPacket::SourceDescription(description) => {
                for chunk in description.chunks() {
                    assert!(chunk.cname.is_none_or(|cname| cname.len() <= 255));
                }
            }
            RtcpPacket::Goodbye(goodbye) => assert!(goodbye.ssrcs().count() <= 31),
            RtcpPacket::Nack(nack) => {
                assert!((1..=datagram.len() * 17 / 4).contains(&nack.sequence_numbers().count()));
            }
            RtcpPacket::FullIntraRequest(request) => assert!(request.entries().count() > 0),
            RtcpPacket::TransportFeedback(feedback) => {
                let mut seq = feedback.base_seq;
                for (status, micros) in feedback.statuses() {
                    assert_eq!(status, seq);
                    assert!(micros.is_none_or(|micros| micros % 250 == 0 && micros.abs() < 1 << 37));
                    seq = seq.wrapping_add(1);
                    statuses += 1;
                }
                assert_eq!(seq.wrapping_sub(feedback.base_seq), feedback.status_count);
            }
            RtcpPacket::PictureLoss(_) | RtcpPacket::Remb | RtcpPacket::Unknown { .. } => {}
        }
    }
    assert!(statuses <= 8191);
});
