//! Whole compound packets: what is written is read, by us and by str0m; what is damaged is refused without harm.

use proptest::prelude::*;
use str0m::rtp::rtcp as theirs;

use super::*;

fn block() -> impl Strategy<Value = ReportBlock> {
    (any::<(u32, u8, u32, u32, u32, u32)>(), -0x80_0000i32..0x80_0000).prop_map(
        |(fields, cumulative_lost)| {
            let (ssrc, fraction_lost, highest_seq, jitter, last_sr, delay_since_last_sr) = fields;
            ReportBlock {
                ssrc,
                fraction_lost,
                cumulative_lost,
                highest_seq,
                jitter,
                last_sr,
                delay_since_last_sr,
            }
        },
    )
}

fn blocks(max: usize) -> impl Strategy<Value = Vec<ReportBlock>> {
    prop::collection::vec(block(), 0..max)
}

/// Any chunk that str0m 0.25 reads as the draft says: not a run of large deltas, after which it goes on at the wrong
/// byte, and no run of none, at which it stays.
fn chunk_for_str0m() -> impl Strategy<Value = u16> {
    let is_read = |chunk: &u16| chunk >> 13 != 2 && (chunk >> 15 != 0 || chunk & 0x1fff != 0);
    prop_oneof![0x8000u16.., 0x1u16..40, 0x2001u16..0x2020].prop_filter("read by str0m", is_read)
}

fn only(compound: &[u8]) -> Packet<'_> {
    let mut packets = Packets::new(compound);
    let first = packets.next().unwrap().unwrap();
    assert!(packets.next().is_none());
    first
}

/// Reads everything of a datagram that can be read, as the owner of a connection would.
fn walk(datagram: &[u8]) -> usize {
    let mut values = 0;
    for packet in Packets::new(datagram).flatten() {
        values += match packet {
            Packet::SenderReport(report) => report.blocks().count(),
            Packet::ReceiverReport(report) => report.blocks().count(),
            Packet::SourceDescription(description) => description.chunks().count(),
            Packet::Goodbye(goodbye) => goodbye.ssrcs().count(),
            Packet::Nack(nack) => nack.sequence_numbers().count(),
            Packet::FullIntraRequest(request) => request.entries().count(),
            Packet::TransportFeedback(feedback) => {
                // What was accepted is complete: its counts were checked.
                assert_eq!(feedback.statuses().count(), usize::from(feedback.status_count));
                usize::from(feedback.status_count)
            }
            Packet::PictureLoss(_) | Packet::Remb | Packet::Unknown { .. } => 1,
        };
    }
    values
}

/// One packet of each kind, by the RFCs' pictures.
fn one_of_each() -> Vec<Vec<u8>> {
    let mut block = vec![0, 0, 0, 9, 64, 0xff, 0xff, 0xff];
    block.extend([0, 1, 0, 2, 0, 0, 0, 3, 0, 4, 0, 5, 0, 0, 0, 6]);
    let info = [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 10, 0, 0, 0, 11, 0, 0, 0, 12];
    vec![
        [&[0x81, 200, 0, 12, 0, 0, 0, 7][..], &info, &block].concat(),
        [&[0x81, 201, 0, 7, 0, 0, 0, 7][..], &block].concat(),
        // Two sources: an item that is not a CNAME and one that is; none.
        [
            &[0x82, 202, 0, 6, 0, 0, 0, 7, 2, 2, b'n', b'n', 1, 3, b'a', b'b', b'c', 0, 0, 0][..],
            &[0, 0, 0, 8, 0, 0, 0, 0],
        ]
        .concat(),
        vec![0x82, 203, 0, 3, 0, 0, 0, 7, 0, 0, 0, 8, 3, b'e', b'n', b'd'],
        vec![0x81, 205, 0, 3, 0, 0, 0, 7, 0, 0, 0, 9, 0xff, 0xff, 0x80, 0x01],
        vec![0x8f, 205, 0, 5, 0, 0, 0, 7, 0, 0, 0, 9, 0xff, 0xff, 0, 2, 0, 0, 1, 3, 0x20, 2, 4, 8],
        vec![0x81, 206, 0, 2, 0, 0, 0, 7, 0, 0, 0, 9],
        vec![0x84, 206, 0, 4, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 9, 5, 0, 0, 0],
        [&[0x8f, 206, 0, 5, 0, 0, 0, 7, 0, 0, 0, 0][..], b"REMB", &[1, 0, 0, 1, 0, 0, 0, 9]].concat(),
        vec![0x80, 207, 0, 1, 0, 0, 0, 7],
    ]
}

#[test]
fn pictures_of_the_rfcs_are_read() {
    let compound = one_of_each().concat();
    let packets: Vec<Packet<'_>> = Packets::new(&compound).map(Result::unwrap).collect();
    let expected = ReportBlock {
        ssrc: 9,
        fraction_lost: 64,
        cumulative_lost: -1,
        highest_seq: 0x1_0002,
        jitter: 3,
        last_sr: 0x4_0005,
        delay_since_last_sr: 6,
    };

    let [sr, rr, sdes, bye, nack, feedback, pli, fir, remb, unknown] = packets[..] else { panic!() };
    let Packet::SenderReport(sr) = sr else { panic!() };
    assert_eq!((sr.ssrc, sr.blocks().collect::<Vec<_>>()), (7, vec![expected]));
    assert_eq!(sr.info, SenderInfo { ntp: 0x0102_0304_0506_0708, timestamp: 10, packets: 11, octets: 12 });
    let Packet::ReceiverReport(rr) = rr else { panic!() };
    assert_eq!((rr.ssrc, rr.blocks().collect::<Vec<_>>()), (7, vec![expected]));
    let Packet::SourceDescription(sdes) = sdes else { panic!() };
    let names: Vec<_> = sdes.chunks().map(|chunk| (chunk.ssrc, chunk.cname)).collect();
    assert_eq!(names, [(7, Some(&b"abc"[..])), (8, None)]);
    let Packet::Goodbye(bye) = bye else { panic!() };
    assert_eq!(bye.ssrcs().collect::<Vec<_>>(), [7, 8]);
    let Packet::Nack(nack) = nack else { panic!() };
    assert_eq!((nack.sender_ssrc, nack.media_ssrc), (7, 9));
    assert_eq!(nack.sequence_numbers().collect::<Vec<_>>(), [65535, 0, 15]);
    let Packet::TransportFeedback(feedback) = feedback else { panic!() };
    assert_eq!((feedback.reference_time, feedback.feedback_count), (1, 3));
    assert_eq!(feedback.statuses().collect::<Vec<_>>(), [(65535, Some(1000)), (0, Some(3000))]);
    let Packet::PictureLoss(pli) = pli else { panic!() };
    assert_eq!((pli.sender_ssrc, pli.media_ssrc), (7, 9));
    let Packet::FullIntraRequest(fir) = fir else { panic!() };
    assert_eq!((fir.sender_ssrc, fir.entries().collect::<Vec<_>>()), (7, vec![(9, 5)]));
    assert!(matches!(remb, Packet::Remb));
    assert!(matches!(unknown, Packet::Unknown { packet_type: 207, count: 0 }));
}

#[test]
fn every_truncated_packet_is_refused() {
    for packet in one_of_each() {
        for length in 1..packet.len() {
            // As it is, its length says that something is missing.
            assert!(Packets::new(&packet[..length]).all(|packet| packet.is_err()), "{length} of {packet:x?}");

            // With a length that agrees, a count in it does, unless what is left is a packet of another kind.
            let mut shorter = packet[..length].to_vec();
            if length >= 4 && length % 4 == 0 {
                shorter[3] = (length / 4 - 1) as u8;
            }
            walk(&shorter);
        }
        assert!(walk(&packet) > 0);
    }
}

/// Appends a BYE for these streams, and more of them if they are more than the count of five bits can say.
fn write_goodbye(out: &mut Vec<u8>, ssrcs: &[u32]) {
    for some in ssrcs.chunks(31) {
        out.extend([0x80 | some.len() as u8, 203, 0, some.len() as u8]);
        some.iter().for_each(|ssrc| out.extend(ssrc.to_be_bytes()));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_walked_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        walk(&bytes);
    }

    #[test]
    fn any_body_of_any_type_is_walked_without_panic(
        first in 0x80u8..0xc0, packet_type in 199u8..208, body in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let words = (body.len() / 4) as u8;
        walk(&[&[first, packet_type, 0, words][..], &body].concat());
    }

    #[test]
    fn damaged_packet_is_walked_without_panic(which in 0usize..10, damage: Vec<(prop::sample::Index, u8)>) {
        let mut packet = one_of_each().swap_remove(which);
        for (index, byte) in damage {
            let at = index.index(packet.len());
            packet[at] = byte;
        }
        walk(&packet);
    }

    #[test]
    fn work_is_bounded_by_the_datagram(bytes in prop::collection::vec(any::<u8>(), 0..1500)) {
        prop_assert!(walk(&bytes) <= 8191 + 17 * bytes.len() / 4);
    }

    #[test]
    fn reports_are_read_as_written(
        ssrc: u32, ntp: u64, (timestamp, packets, octets) in any::<(u32, u32, u32)>(), blocks in blocks(70),
    ) {
        let info = SenderInfo { ntp, timestamp, packets, octets };
        let mut out = Vec::new();
        write_sender_report(&mut out, ssrc, &info, &blocks);
        let mut read = Vec::new();
        for (i, packet) in Packets::new(&out).map(Result::unwrap).enumerate() {
            match packet {
                Packet::SenderReport(report) if i == 0 => {
                    prop_assert_eq!((report.ssrc, report.info), (ssrc, info));
                    read.extend(report.blocks());
                }
                Packet::ReceiverReport(report) if i > 0 => {
                    prop_assert_eq!(report.ssrc, ssrc);
                    read.extend(report.blocks());
                }
                _ => prop_assert!(false, "{:?}", packet),
            }
        }
        prop_assert_eq!(&read, &blocks);

        out.clear();
        write_receiver_report(&mut out, ssrc, &blocks);
        let reports = Packets::new(&out).map(Result::unwrap).map(|packet| match packet {
            Packet::ReceiverReport(report) => report,
            _ => panic!("{packet:?}"),
        });
        prop_assert_eq!(reports.flat_map(|report| report.blocks()).collect::<Vec<_>>(), blocks);
    }

    #[test]
    fn reports_are_read_by_str0m_as_written(
        ssrc: u32, (timestamp, packets, octets) in any::<(u32, u32, u32)>(), blocks in blocks(31),
    ) {
        let info = SenderInfo { ntp: 0xe900_0000_8000_0000, timestamp, packets, octets };
        let mut out = Vec::new();
        write_sender_report(&mut out, ssrc, &info, &blocks);
        let theirs::Rtcp::SenderReport(report) = theirs::Rtcp::try_from(&out[..]).unwrap() else { panic!() };
        prop_assert_eq!(*report.sender_info.ssrc, ssrc);
        prop_assert_eq!(report.sender_info.sender_packet_count, packets);
        prop_assert_eq!(report.sender_info.sender_octet_count, octets);
        prop_assert_eq!(report.sender_info.rtp_time.numer() as u32, timestamp);
        prop_assert_eq!(report.reports.len(), blocks.len());
        for (theirs, ours) in report.reports.iter().zip(&blocks) {
            prop_assert_eq!(*theirs.ssrc, ours.ssrc);
            prop_assert_eq!(theirs.fraction_lost, ours.fraction_lost);
            prop_assert_eq!(theirs.packets_lost, ours.cumulative_lost as u32 & 0xff_ffff);
            prop_assert_eq!(theirs.max_seq, ours.highest_seq);
            prop_assert_eq!(theirs.jitter, ours.jitter);
            prop_assert_eq!(theirs.last_sr_time, ours.last_sr);
            prop_assert_eq!(theirs.last_sr_delay, ours.delay_since_last_sr);
        }
    }

    #[test]
    fn cname_is_read_as_written(ssrc: u32, cname in "[a-zA-Z0-9+/é]{0,200}") {
        let mut out = Vec::new();
        write_source_description(&mut out, ssrc, &cname);
        let written = &cname.as_bytes()[..cname.len().min(255)];
        let Packet::SourceDescription(description) = only(&out) else { panic!() };
        let chunks: Vec<_> = description.chunks().map(|chunk| (chunk.ssrc, chunk.cname.unwrap())).collect();
        prop_assert_eq!(chunks, vec![(ssrc, written)]);

        if let Ok(written) = std::str::from_utf8(written) {
            let theirs::Rtcp::SourceDescription(read) = theirs::Rtcp::try_from(&out[..]).unwrap() else { panic!() };
            let sdes = read.reports.get(0).unwrap();
            prop_assert_eq!(*sdes.ssrc, ssrc);
            let values: Vec<_> = sdes.values.iter().cloned().collect();
            prop_assert_eq!(values, [(theirs::SdesType::CNAME, written.to_owned())]);
        }
    }

    #[test]
    fn goodbye_is_read_as_written(ssrcs in prop::collection::vec(any::<u32>(), 0..80)) {
        let mut out = Vec::new();
        write_goodbye(&mut out, &ssrcs);
        let goodbyes = Packets::new(&out).map(Result::unwrap).map(|packet| match packet {
            Packet::Goodbye(goodbye) => goodbye,
            _ => panic!("{packet:?}"),
        });
        prop_assert_eq!(goodbyes.flat_map(|goodbye| goodbye.ssrcs()).collect::<Vec<_>>(), ssrcs);
    }

    #[test]
    fn nack_asks_for_what_is_missing_and_nothing_else(
        start: u16, steps in prop::collection::vec(1u16..40, 0..600),
    ) {
        let mut seqs = vec![];
        let mut seq = start;
        for step in steps {
            seq = seq.wrapping_add(step);
            seqs.push(seq);
        }
        let mut out = Vec::new();
        write_nack(&mut out, 1, 2, seqs.iter().copied());
        let nacks = Packets::new(&out).map(Result::unwrap).map(|packet| match packet {
            Packet::Nack(nack) => nack,
            _ => panic!("{packet:?}"),
        });
        prop_assert_eq!(nacks.flat_map(|nack| nack.sequence_numbers()).collect::<Vec<_>>(), seqs);
    }

    #[test]
    fn nack_is_read_by_str0m_as_written(start in 1000u16.., steps in prop::collection::vec(1u16..40, 1..30)) {
        let mut seqs = vec![];
        let mut seq = u64::from(start);
        for step in steps {
            seq += u64::from(step);
            seqs.push(seq);
        }
        let mut out = Vec::new();
        write_nack(&mut out, 1, 2, seqs.iter().map(|seq| *seq as u16));
        let theirs::Rtcp::Nack(nack) = theirs::Rtcp::try_from(&out[..]).unwrap() else { panic!() };
        prop_assert_eq!((*nack.sender_ssrc, *nack.ssrc), (1, 2));
        let newest = seqs[seqs.len() - 1].into();
        let read: Vec<u64> =
            nack.reports.iter().flat_map(|entry| entry.into_iter(newest)).map(|seq| *seq).collect();
        prop_assert_eq!(read, seqs);
    }

    #[test]
    fn transport_feedback_is_read_by_str0m_as_written(
        base in 0u64..60_000, steps in prop::collection::vec(prop::option::weighted(0.8, -20i64..400), 1..200),
    ) {
        let mut now = 1_000_000;
        let arrivals: Vec<Option<i64>> =
            steps.into_iter().map(|step| step.map(|step| { now += step * 250; now })).collect();
        let mut out = Vec::new();
        let head = FeedbackHead { sender_ssrc: 1, media_ssrc: 2, feedback_count: 3 };
        let count = FeedbackWriter::default().write(&mut out, head, base as u16, arrivals.iter().copied());
        prop_assume!(!out.is_empty());

        let Packet::TransportFeedback(ours) = only(&out) else { panic!() };
        let theirs::Rtcp::Twcc(theirs) = theirs::Rtcp::try_from(&out[..]).unwrap() else { panic!() };
        prop_assert_eq!((*theirs.sender_ssrc, *theirs.ssrc, theirs.feedback_count), (1, 2, 3));
        prop_assert_eq!((theirs.base_seq, theirs.status_count), (base as u16, count as u16));
        let zero = std::time::Instant::now();
        let reference = i64::from(ours.reference_time) * 64_000;
        let read: Vec<_> = theirs
            .into_iter(zero, base.into())
            .map(|(seq, _, at)| (*seq as u16, at.map(|at| (at - zero).as_micros() as i64 - reference)))
            .collect();
        prop_assert_eq!(read, ours.statuses().collect::<Vec<_>>());
    }

    #[test]
    fn transport_feedback_of_any_chunks_is_read_as_str0m_does(
        chunks in prop::collection::vec(chunk_for_str0m(), 1..12), status_count in 1u16..300, deltas in any::<[u8; 32]>(),
    ) {
        let symbols = chunks.iter().map(|chunk| match chunk >> 14 {
            2 => 14,
            3 => 7,
            _ => chunk & 0x1fff,
        });
        let status_count = status_count.min(symbols.sum());
        let mut packet = vec![0x8f, 205, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9, 0x10, 0];
        packet.extend(status_count.to_be_bytes());
        packet.extend([0x10, 0, 0, 3]);
        packet.extend(chunks.iter().flat_map(|chunk| chunk.to_be_bytes()));
        (0..20).for_each(|_| packet.extend(deltas));
        packet.truncate(packet.len() / 4 * 4);
        packet[3] = (packet.len() / 4 - 1) as u8;
        let Some(Ok(Packet::TransportFeedback(ours))) = Packets::new(&packet).next() else { return Ok(()) };

        // It wants deltas for a last run's symbols that are beyond the count.
        let Ok(theirs::Rtcp::Twcc(theirs)) = theirs::Rtcp::try_from(&packet[..]) else { return Ok(()) };
        let zero = std::time::Instant::now();
        let reference = zero + std::time::Duration::from_millis(64 * 0x10_0000);
        let micros = |at: std::time::Instant| match at.checked_duration_since(reference) {
            Some(after) => after.as_micros() as i64,
            None => -((reference - at).as_micros() as i64),
        };
        let read: Vec<_> = theirs
            .into_iter(zero, u64::from(ours.base_seq).into())
            .map(|(seq, _, at)| (*seq as u16, at.map(micros)))
            .collect();
        prop_assert_eq!(read, ours.statuses().collect::<Vec<_>>());
    }
}

#[test]
fn picture_loss_is_read_as_written() {
    let mut out = Vec::new();
    write_picture_loss(&mut out, 7, 9);
    assert_eq!(out, one_of_each()[6]);
    let theirs::Rtcp::Pli(pli) = theirs::Rtcp::try_from(&out[..]).unwrap() else { panic!() };
    assert_eq!((*pli.sender_ssrc, *pli.ssrc), (7, 9));
}

#[test]
fn cumulative_loss_beyond_its_field_is_clamped() {
    let mut block = ReportBlock {
        ssrc: 1,
        fraction_lost: 0,
        cumulative_lost: i32::MAX,
        highest_seq: 0,
        jitter: 0,
        last_sr: 0,
        delay_since_last_sr: 0,
    };
    for (given, read) in [(i32::MAX, 0x7f_ffff), (i32::MIN, -0x80_0000)] {
        block.cumulative_lost = given;
        let mut out = Vec::new();
        write_receiver_report(&mut out, 1, &[block]);
        let Packet::ReceiverReport(report) = only(&out) else { panic!() };
        assert_eq!(report.blocks().next().unwrap().cumulative_lost, read);
    }
}

#[test]
fn what_is_written_makes_one_compound_packet() {
    let mut out = Vec::new();
    write_receiver_report(&mut out, 7, &[]);
    write_source_description(&mut out, 7, "name");
    write_nack(&mut out, 7, 9, []);
    write_picture_loss(&mut out, 7, 9);
    assert_eq!(Packets::new(&out).flatten().count(), 3);
}
