//! Transport-wide feedback, read by either side's estimator.

use std::time::Instant;

use sabha_protocol::{Layer, Source};
use sabha_sfu::PeerKey;

use crate::{
    call::{Call, SECOND},
    foreign::Camera,
};

/// 0.25 Mbit/s and 4 Mbit/s, in bytes a second.
const NARROW: u64 = 31_250;
const WIDE: u64 = 500_000;

#[test]
fn every_packet_that_the_foreign_peer_sent_is_acknowledged_once() {
    let mut call = Call::new(Camera::Simulcast, 720);
    call.run(5 * SECOND);
    // What was sent in the last tenth of a second is on its way.
    call.foreign.is_sending = false;
    call.run(SECOND);
    let feedback = call.foreign.feedback.lock().unwrap();
    assert_eq!(feedback.lost, 0);
    let unheard = call.foreign.written.abs_diff(feedback.arrived);
    assert!(unheard <= 2, "{} of {} are acknowledged", feedback.arrived, call.foreign.written);
    assert!(feedback.arrived > 1300, "{feedback:?}");
}

#[test]
fn packets_that_were_lost_are_reported_as_such() {
    let mut call = Call::new(Camera::Simulcast, 720);
    call.run(2 * SECOND);
    call.link.loss_percent_up = 10;
    call.run(5 * SECOND);
    let feedback = call.foreign.feedback.lock().unwrap();
    let lost = feedback.lost.abs_diff(call.lost_up);
    // The last few are not in it yet.
    assert!(lost <= call.lost_up / 20, "{} reported, {} lost", feedback.lost, call.lost_up);
}

#[test]
fn feedback_of_the_foreign_peer_leads_to_the_layer_that_fits() {
    let mut call = Call::new(Camera::Single, 720);
    call.link.down_bytes_per_second = Some(WIDE);
    let layer = |call: &Call, since: Instant| -> Option<Layer> {
        let (_, packet) = call.foreign.got(0, Source::Camera, since).pop()?;
        Some(Layer::ALL[usize::from(packet.payload[9])])
    };
    call.run_until("the best layer", |call| layer(call, call.world.start) == Some(Layer::High));
    call.run(5 * SECOND);
    assert_eq!(layer(&call, call.now() - SECOND), Some(Layer::High), "it stays");

    call.link.down_bytes_per_second = Some(NARROW);
    call.run(5 * SECOND);
    let settled = call.now();
    call.run(10 * SECOND);
    let heard = call.foreign.got(0, Source::Microphone, settled).len();
    assert!(heard > 500 * 95 / 100, "{heard} of 500 packets of sound");
    assert!(layer(&call, settled) < Some(Layer::High));

    call.link.down_bytes_per_second = Some(WIDE);
    call.show(PeerKey(0), 720);
    call.run_until("the best layer again", |call| layer(call, call.now() - SECOND / 10) == Some(Layer::High));
}
