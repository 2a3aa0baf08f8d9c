//! What is lost is asked for and sent again.

use std::{collections::BTreeSet, time::Instant};

use sabha_protocol::Source;

use crate::{
    call::{Call, SECOND},
    foreign::Camera,
};

/// Per cent of packets.
const LOSS: u64 = 5;

/// Returns how many numbers there are up to a second before `now`, and how many of these have not come until `now`.
fn missing(now: Instant, arrived: impl Iterator<Item = (Instant, u64)> + Clone) -> (usize, usize) {
    let early = arrived.clone().filter(|(at, _)| *at + SECOND <= now).map(|(_, seq)| seq);
    let (first, last) = (early.clone().min().unwrap(), early.max().unwrap());
    let numbers: BTreeSet<u64> =
        arrived.map(|(_, seq)| seq).filter(|seq| (first..=last).contains(seq)).collect();
    let all = (last - first) as usize + 1;
    (all, all - numbers.len())
}

#[test]
fn pictures_that_were_lost_on_the_way_down_are_sent_again() {
    let mut call = Call::new(Camera::Single, 720);
    call.run(3 * SECOND);
    call.link.loss_percent_down = LOSS;
    let start = call.now();
    call.run(10 * SECOND);
    assert!(call.lost_down > 50, "{} packets were lost", call.lost_down);
    let arrived = call.foreign.got(0, Source::Camera, start);
    let (all, missing) =
        missing(call.now(), arrived.iter().map(|(_, packet)| (packet.at, packet.seq.into())));
    assert!(all > 1000 && missing <= all / 200, "{missing} of {all} are missing");
    let late = arrived.windows(2).filter(|pair| pair[1].1.seq < pair[0].1.seq).count();
    assert!(late > 10, "they came as retransmissions: {late} were out of order");
}

#[test]
fn pictures_that_were_lost_on_the_way_up_are_asked_for() {
    let mut call = Call::new(Camera::Single, 720);
    call.run(3 * SECOND);
    call.link.loss_percent_up = LOSS;
    let start = call.now();
    call.run(10 * SECOND);

    assert!(call.lost_up > 50, "{} packets were lost", call.lost_up);
    assert!(call.foreign.told.nacks > 20, "{} NACKs", call.foreign.told.nacks);
    let arrived = call.world.clients[0].got(usize::from(call.foreign.number), Source::Camera, start);
    let (all, missing) = missing(call.now(), arrived.iter().map(|packet| (packet.at, packet.seq)));
    assert!(all > 1000 && missing <= all / 200, "{missing} of {all} are missing");
}

#[test]
fn key_frame_that_the_foreign_peer_wants_is_asked_of_the_publisher() {
    let mut call = Call::new(Camera::Single, 180);
    call.run(2 * SECOND);
    let before = call.world.clients[0].keyframe_requests.len();
    let ssrc = call.foreign.got(0, Source::Camera, call.world.start)[0].1.ssrc;
    let now = call.now();
    call.foreign.request_keyframe(now, ssrc);
    call.run(SECOND / 2);
    assert_eq!(call.world.clients[0].keyframe_requests.len(), before + 1);
}

#[test]
fn key_frame_that_somebody_wants_is_asked_of_the_foreign_peer() {
    let mut call = Call::new(Camera::Single, 180);
    call.run(2 * SECOND);
    let before = call.foreign.told.key_frames;
    let start = call.now();
    call.world.clients[0].request_keyframes();
    call.world.clients[0].wake = start;
    call.run(SECOND / 2);
    assert_eq!(call.foreign.told.key_frames, before + 1);
    let pictures = call.world.clients[0].got(usize::from(call.foreign.number), Source::Camera, start);
    assert!(pictures.iter().any(|packet| packet.starts_keyframe), "it sent one");
}
