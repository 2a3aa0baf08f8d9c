//! Sender and receiver reports, as the foreign peer reads and writes them.

use sabha_protocol::{MediaKind, Quality, Source};

use crate::{
    call::{Call, FOREIGN, SECOND},
    foreign::{Camera, Received},
};

#[test]
fn sender_reports_count_what_was_sent_and_tie_timestamps_to_time() {
    let mut call = Call::new(Camera::Single, 180);
    call.run(10 * SECOND);

    for source in [Source::Microphone, Source::Camera] {
        let packets: Vec<&Received> =
            call.foreign.got(0, source, call.world.start).into_iter().map(|(_, packet)| packet).collect();
        let ssrc = packets[0].ssrc;
        let reports: Vec<_> =
            call.foreign.told.sender_reports.iter().filter(|(_, report)| report.ssrc == ssrc).collect();
        assert!(reports.len() >= 5, "{} reports of {source:?} in 10 s", reports.len());
        let (at, last) = reports.last().unwrap();
        let sent = packets.iter().filter(|packet| packet.at <= *at);
        let octets: usize = sent.clone().map(|packet| packet.payload.len()).sum();
        assert!(sent.clone().count().abs_diff(last.packet_count as usize) <= 2, "{source:?}: {last:?}");
        assert!(octets.abs_diff(last.octet_count as usize) <= 2 * 1200, "{source:?}: {octets}, {last:?}");

        // RFC 3550 section 6.4.1: both times are of one moment, so that over the reports they run alike.
        let clock = if packets[0].kind == MediaKind::Video { 90_000.0 } else { 48_000.0 };
        let first = &reports[0].1;
        let seconds = (last.ntp_time - first.ntp_time) as f64 / f64::from(1 << 16) / f64::from(1 << 16);
        let ticks = f64::from(last.rtp_time.wrapping_sub(first.rtp_time));
        assert!((ticks / clock - seconds).abs() < 0.04, "{source:?}: {ticks} ticks in {seconds} s");
        // And they are those of the packets.
        let near = packets.iter().rev().find(|packet| packet.at <= *at).unwrap();
        let apart = f64::from(last.rtp_time.wrapping_sub(near.timestamp) as i32) / clock;
        assert!((-0.05..0.1).contains(&apart), "{source:?}: {apart} s after the packet before it");
    }
}

#[test]
fn receiver_reports_say_how_much_of_what_the_foreign_peer_sent_was_lost() {
    let mut call = Call::new(Camera::Single, 180);
    call.run(5 * SECOND);
    assert!(call.foreign.told.blocks.len() >= 6, "{} blocks in 5 s", call.foreign.told.blocks.len());
    assert!(call.foreign.told.blocks.iter().all(|block| (block.fraction_lost, block.total_lost) == (0, 0)));

    call.link.loss_percent_up = 20;
    call.run(5 * SECOND);
    let pictures = call.foreign.ssrc(Source::Camera);
    let of_pictures = call.foreign.told.blocks.iter().rev().filter(|block| block.ssrc == pictures);
    let shares: Vec<u8> = of_pictures.take(3).map(|block| block.fraction_lost).collect();
    // In 256ths; what was repaired was lost too.
    assert!(shares.iter().all(|share| (20..90).contains(share)), "{shares:?}");
    let last = call.foreign.told.blocks.iter().rfind(|block| block.ssrc == pictures).unwrap();
    // The numbers went around, which the upper half counts (RFC 3550 section 6.4.1).
    assert_eq!(last.last_sequence_number >> 16, 1, "{last:?}");
    assert!(last.last_sender_report != 0, "a report of ours follows one of theirs");
}

#[test]
fn reports_of_the_foreign_peer_tell_how_well_its_connection_holds() {
    let mut call = Call::new(Camera::Single, 180);
    call.run(3 * SECOND);
    let quality = |call: &Call| call.world.last_quality(FOREIGN.0 as usize);
    assert!(matches!(quality(&call), None | Some(Quality::Good)), "{:?}", quality(&call));
    call.link.loss_percent_down = 20;
    call.run(8 * SECOND);
    assert_eq!(quality(&call), Some(Quality::Poor));
    call.link.loss_percent_down = 0;
    call.run(15 * SECOND);
    assert_eq!(quality(&call), Some(Quality::Good));
}
