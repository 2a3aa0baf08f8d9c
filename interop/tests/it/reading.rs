//! RTP headers and RTCP are read as the foreign stack writes them.

use bytes::Bytes;
use proptest::prelude::*;
use rtc::{
    rtcp::{
        payload_feedbacks::picture_loss_indication::PictureLossIndication,
        receiver_report::ReceiverReport,
        reception_report::ReceptionReport,
        sender_report::SenderReport,
        transport_feedbacks::{
            transport_layer_cc::{
                PacketStatusChunk, RecvDelta, RunLengthChunk, StatusChunkTypeTcc, StatusVectorChunk,
                SymbolSizeTypeTcc, SymbolTypeTcc, TransportLayerCc,
            },
            transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers},
        },
    },
    rtp::header::{Extension, Header},
    shared::marshal::{Marshal, Unmarshal},
};
use sabha_sfu::{RtcpPacket, RtcpPackets, RtpExtensionIds, RtpHeader};

const IDS: RtpExtensionIds = RtpExtensionIds {
    mid: Some(4),
    rid: Some(10),
    repaired: Some(11),
    transport_seq: Some(3),
    dependency: Some(12),
};

/// A header with extensions of one form or the other (RFC 8285): those of one byte have 1 to 16 bytes.
fn header() -> impl Strategy<Value = Header> {
    let extension = (1u8..15, prop::collection::vec(any::<u8>(), 1..16));
    let extensions = prop::collection::vec(extension, 0..6);
    let fixed = (any::<bool>(), 0u8..128, any::<u16>(), any::<u32>(), any::<u32>());
    let sources = prop::collection::vec(any::<u32>(), 0..4);
    (fixed, sources, any::<bool>(), extensions).prop_map(|(fixed, csrc, is_long, mut listed)| {
        let (marker, payload_type, sequence_number, timestamp, ssrc) = fixed;
        listed.sort_by_key(|(id, _)| *id);
        listed.dedup_by_key(|(id, _)| *id);
        let extensions = listed.into_iter().map(|(id, payload)| Extension { id, payload: payload.into() });
        Header {
            version: 2,
            padding: false,
            extension: true,
            marker,
            payload_type,
            sequence_number,
            timestamp,
            ssrc,
            csrc,
            extension_profile: if is_long { 0x1000 } else { 0xbede },
            extensions: extensions.collect(),
            extensions_padding: 0,
        }
    })
}

/// Compares what either says of a packet.
fn compare(packet: &[u8], theirs: &Header, ours: &RtpHeader<'_>) {
    let fixed = (theirs.marker, theirs.payload_type, theirs.sequence_number, theirs.timestamp, theirs.ssrc);
    assert_eq!(fixed, (ours.marker, ours.payload_type, ours.seq, ours.timestamp, ours.ssrc));
    assert!(ours.bytes <= packet.len());
    if theirs.extension && reads_otherwise(packet, theirs) {
        return;
    }
    let extension = |id: Option<u8>| theirs.get_extension(id.unwrap());
    let bytes = |value: Option<&[u8]>| value.map(Bytes::copy_from_slice);
    assert_eq!(extension(IDS.mid), bytes(ours.mid));
    assert_eq!(extension(IDS.rid), bytes(ours.rid));
    assert_eq!(extension(IDS.repaired), bytes(ours.repaired));
    assert_eq!(extension(IDS.dependency), bytes(ours.dependency));
    let seq = extension(IDS.transport_seq).filter(|value| value.len() >= 2);
    assert_eq!(seq.map(|value| u16::from_be_bytes([value[0], value[1]])), ours.transport_seq);
}

/// Where the peer reads extensions otherwise: it knows the two-byte form only where all four bits of the application are 0
/// (RFC 8285, section 4.3 leaves them to the application), it reads on behind a number 0 that has a length (section 4.2 says
/// not to), it lets the last one reach into the payload, and of two with one number, of which no RFC speaks, it takes the
/// first.
fn reads_otherwise(packet: &[u8], theirs: &Header) -> bool {
    let words = &packet[14 + 4 * theirs.csrc.len()..][..2];
    let declared = 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    let ids: Vec<_> = theirs.extensions.iter().map(|extension| extension.id).collect();
    let has_twice = ids.iter().enumerate().any(|(index, id)| ids[..index].contains(id));
    (0x1001..=0x100f).contains(&theirs.extension_profile)
        || ids.contains(&0)
        || theirs.get_extension_payload_len() + theirs.extensions_padding > declared
        || has_twice
}

fn feedback() -> impl Strategy<Value = TransportLayerCc> {
    let symbols = prop::collection::vec(0u16..3, 1..60);
    let head = (any::<u32>(), any::<u32>(), any::<u16>(), 0u32..0x80_0000, any::<u8>());
    (head, symbols, any::<bool>())
        .prop_flat_map(|(head, symbols, runs)| {
            let deltas: Vec<_> = symbols
                .iter()
                .map(|symbol| if *symbol == 1 { (0i64..256).boxed() } else { (-0x8000i64..0x8000).boxed() })
                .collect();
            (Just(head), Just(symbols), Just(runs), deltas)
        })
        .prop_map(
            |(
                (sender_ssrc, media_ssrc, base_sequence_number, reference_time, fb_pkt_count),
                symbols,
                runs,
                deltas,
            )| {
                let of = |symbol: u16| match symbol {
                    0 => SymbolTypeTcc::PacketNotReceived,
                    1 => SymbolTypeTcc::PacketReceivedSmallDelta,
                    _ => SymbolTypeTcc::PacketReceivedLargeDelta,
                };
                let packet_chunks = if runs {
                    symbols
                        .chunk_by(|a, b| a == b)
                        .map(|run| {
                            PacketStatusChunk::RunLengthChunk(RunLengthChunk {
                                type_tcc: StatusChunkTypeTcc::RunLengthChunk,
                                packet_status_symbol: of(run[0]),
                                run_length: run.len() as u16,
                            })
                        })
                        .collect()
                } else {
                    symbols
                        .chunks(7)
                        .map(|symbols| {
                            let mut list: Vec<_> = symbols.iter().map(|symbol| of(*symbol)).collect();
                            list.resize(7, SymbolTypeTcc::PacketNotReceived);
                            PacketStatusChunk::StatusVectorChunk(StatusVectorChunk {
                                type_tcc: StatusChunkTypeTcc::StatusVectorChunk,
                                symbol_size: SymbolSizeTypeTcc::TwoBit,
                                symbol_list: list,
                            })
                        })
                        .collect()
                };
                let received = symbols.iter().zip(&deltas).filter(|(symbol, _)| **symbol != 0);
                let recv_deltas = received
                    .map(|(symbol, delta)| RecvDelta { type_tcc_packet: of(*symbol), delta: delta * 250 });
                TransportLayerCc {
                    sender_ssrc,
                    media_ssrc,
                    base_sequence_number,
                    packet_status_count: symbols.len() as u16,
                    reference_time,
                    fb_pkt_count,
                    packet_chunks,
                    recv_deltas: recv_deltas.collect(),
                }
            },
        )
}

fn block() -> impl Strategy<Value = ReceptionReport> {
    (any::<[u32; 5]>(), any::<u8>(), 0u32..0x7f_ffff).prop_map(|(words, fraction_lost, total_lost)| {
        ReceptionReport {
            ssrc: words[0],
            fraction_lost,
            total_lost,
            last_sequence_number: words[1],
            jitter: words[2],
            last_sender_report: words[3],
            delay: words[4],
        }
    })
}

fn only(datagram: &[u8]) -> RtcpPacket<'_> {
    let mut packets = RtcpPackets::new(datagram);
    let packet = packets.next().expect("one packet").expect("well-formed");
    assert!(packets.next().is_none());
    packet
}

fn same(ours: sabha_sfu::RtcpReportBlock, theirs: &ReceptionReport) {
    assert_eq!(ours.ssrc, theirs.ssrc);
    assert_eq!(ours.fraction_lost, theirs.fraction_lost);
    assert_eq!(ours.cumulative_lost, theirs.total_lost as i32);
    assert_eq!(ours.highest_seq, theirs.last_sequence_number);
    assert_eq!(ours.jitter, theirs.jitter);
    assert_eq!((ours.last_sr, ours.delay_since_last_sr), (theirs.last_sender_report, theirs.delay));
}

proptest! {
    #[test]
    fn headers_are_read_as_they_were_written(header in header(), payload in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut packet = header.marshal().unwrap().to_vec();
        let bytes = packet.len();
        packet.extend(payload);
        let ours = RtpHeader::parse(&packet, &IDS).expect("a header");
        prop_assert_eq!(ours.bytes, bytes);
        compare(&packet, &header, &ours);
    }

    /// Whatever both take for a header, they read alike.
    #[test]
    fn damaged_headers_are_read_alike(header in header(), at in 0usize..40, byte: u8, cut in 0usize..8) {
        let mut packet = header.marshal().unwrap().to_vec();
        packet.extend([7; 8]);
        packet.truncate(packet.len() - cut);
        let at = at % packet.len();
        packet[at] = byte;
        let theirs = Header::unmarshal(&mut Bytes::copy_from_slice(&packet));
        if let (Ok(theirs), Some(ours)) = (theirs, RtpHeader::parse(&packet, &IDS)) {
            compare(&packet, &theirs, &ours);
        }
    }

    #[test]
    fn transport_feedback_is_read_as_it_was_written(feedback in feedback()) {
        let datagram = feedback.marshal().unwrap();
        let RtcpPacket::TransportFeedback(read) = only(&datagram) else { panic!("transport feedback") };
        prop_assert_eq!((read.sender_ssrc, read.media_ssrc), (feedback.sender_ssrc, feedback.media_ssrc));
        prop_assert_eq!(read.base_seq, feedback.base_sequence_number);
        prop_assert_eq!((read.reference_time as u32, read.feedback_count), (feedback.reference_time, feedback.fb_pkt_count));
        let statuses: Vec<_> = read.statuses().collect();
        prop_assert_eq!(statuses.len(), usize::from(feedback.packet_status_count));
        let mut deltas = feedback.recv_deltas.iter();
        let mut time = 0;
        for (index, (seq, arrived)) in statuses.into_iter().enumerate() {
            prop_assert_eq!(seq, feedback.base_sequence_number.wrapping_add(index as u16));
            if let Some(micros) = arrived {
                time += deltas.next().expect("as many as arrived").delta;
                prop_assert_eq!(micros, time);
            }
        }
        prop_assert!(deltas.next().is_none());
    }

    #[test]
    fn requests_to_send_again_are_read_as_they_were_written(mut missing in prop::collection::btree_set(0u16..60_000, 1..40), ssrcs: [u32; 2]) {
        let list: Vec<u16> = std::mem::take(&mut missing).into_iter().collect();
        let nacks = nack_pairs_from_sequence_numbers(&list);
        let datagram = TransportLayerNack { sender_ssrc: ssrcs[0], media_ssrc: ssrcs[1], nacks }.marshal().unwrap();
        let RtcpPacket::Nack(read) = only(&datagram) else { panic!("a NACK") };
        prop_assert_eq!([read.sender_ssrc, read.media_ssrc], ssrcs);
        prop_assert_eq!(read.sequence_numbers().collect::<Vec<_>>(), list);
    }

    #[test]
    fn reports_are_read_as_they_were_written(
        reports in prop::collection::vec(block(), 0..31), ssrc: u32, ntp_time: u64, counts: [u32; 3],
    ) {
        let [rtp_time, packet_count, octet_count] = counts;
        let sent = SenderReport {
            ssrc, ntp_time, rtp_time, packet_count, octet_count, reports: reports.clone(), profile_extensions: Bytes::new(),
        };
        let datagram = sent.marshal().unwrap();
        let RtcpPacket::SenderReport(read) = only(&datagram) else { panic!("a sender report") };
        prop_assert_eq!((read.ssrc, read.info.ntp, read.info.timestamp), (ssrc, ntp_time, rtp_time));
        prop_assert_eq!((read.info.packets, read.info.octets), (packet_count, octet_count));
        prop_assert_eq!(read.blocks().count(), reports.len());
        read.blocks().zip(&reports).for_each(|(ours, theirs)| same(ours, theirs));

        let received = ReceiverReport { ssrc, reports: reports.clone(), profile_extensions: Bytes::new() };
        let datagram = received.marshal().unwrap();
        let RtcpPacket::ReceiverReport(read) = only(&datagram) else { panic!("a receiver report") };
        prop_assert_eq!(read.ssrc, ssrc);
        read.blocks().zip(&reports).for_each(|(ours, theirs)| same(ours, theirs));
    }

    #[test]
    fn requests_of_key_frames_are_read_as_they_were_written(sender_ssrc: u32, media_ssrc: u32) {
        let datagram = PictureLossIndication { sender_ssrc, media_ssrc }.marshal().unwrap();
        let RtcpPacket::PictureLoss(read) = only(&datagram) else { panic!("a PLI") };
        prop_assert_eq!((read.sender_ssrc, read.media_ssrc), (sender_ssrc, media_ssrc));
    }
}
