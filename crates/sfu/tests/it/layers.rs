//! Layers follow tile heights and bandwidth, and the stream stays continuous while they change.

use std::{collections::HashMap, time::Duration};

use sabha_protocol::{Layer, Source, limits::KEYFRAME_INTERVAL};
use str0m::format::Codec;

use crate::{
    client::{Profile, Received},
    world::World,
};

const SECOND: Duration = Duration::from_secs(1);

/// A publisher, a viewer that shows it at `height`, connected.
fn pair(height: u16) -> (World, usize, usize) {
    let mut world = World::new();
    let (a, b) = (world.join(1, Profile::default()), world.join(1, Profile::default()));
    world.subscribe(b, &[(a, Source::Camera, height)]);
    world.connect_all();
    (world, a, b)
}

/// Nothing is missing or jumps; where what is carried changes, a key frame comes first. A receiver starts over with
/// picture ids when the codec changes; those of VP9 show what was left out.
pub(crate) fn assert_continuous(packets: &[&Received]) {
    let mut by_slot: HashMap<u32, Vec<&Received>> = HashMap::new();
    for packet in packets {
        by_slot.entry(packet.ssrc).or_default().push(packet);
    }
    for packets in by_slot.values() {
        for pair in packets.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            assert_eq!(after.seq, before.seq + 1, "a gap after {before:?}");
            let stream = |packet: &Received| (packet.from, packet.source, packet.layer, packet.codec);
            let switched = stream(before) != stream(after);
            let same_frame = !switched && before.frame == after.frame;
            if before.codec == after.codec {
                let step = (after.picture.unwrap().wrapping_sub(before.picture.unwrap())) & 0x7fff;
                let expected = match after.codec {
                    Codec::Vp9 if !switched => (after.frame - before.frame) as u16,
                    _ => u16::from(!same_frame),
                };
                assert_eq!(step, expected, "the picture id jumps after {before:?}");
                let is_lowest = !same_frame && after.temporal == 0;
                assert_eq!(after.tl0.unwrap().wrapping_sub(before.tl0.unwrap()), u8::from(is_lowest));
            }
            let ticks = after.timestamp.wrapping_sub(before.timestamp);
            assert_eq!(ticks == 0, same_frame);
            assert!(ticks < 90_000 * 5, "the timestamp jumps by {ticks} after {before:?}");
            assert!(!switched || after.starts_keyframe, "a switch without a key frame at {after:?}");
        }
    }
}

#[test]
fn layer_follows_the_height_of_the_tile() {
    let (mut world, a, b) = pair(180);
    for (height, layer) in
        [(180, Layer::Low), (360, Layer::Medium), (720, Layer::High), (360, Layer::Medium), (120, Layer::Low)]
    {
        world.subscribe(b, &[(a, Source::Camera, height)]);
        world.run_until(&format!("{layer:?} arrives for {height} pixels"), |world| {
            world.clients[b].received.last().is_some_and(|packet| packet.layer == layer)
        });
        world.run(3 * SECOND);
        let settled = world.now;
        world.run(SECOND);
        let packets = world.clients[b].got(a, Source::Camera, settled);
        assert!(packets.len() > 20);
        assert!(packets.iter().all(|packet| packet.layer == layer), "not only {layer:?} at {height} pixels");
        assert_eq!(world.last_layers_wanted(a, Source::Camera), Some(vec![layer]));
    }
    assert_continuous(&world.clients[b].got(a, Source::Camera, world.start));
}

#[test]
fn slot_stays_continuous_when_its_occupant_changes() {
    let mut world = World::new();
    let (a, b) = (world.join(1, Profile::default()), world.join(1, Profile::default()));
    let viewer = world.join(1, Profile { video_slots: 1, ..Profile::default() });
    world.connect_all();
    for round in 0..6 {
        world.subscribe(viewer, &[([a, b][round % 2], Source::Camera, 360)]);
        world.run(2 * SECOND);
    }

    let packets: Vec<&Received> = world.clients[viewer].received.iter().collect();
    assert!(packets.iter().any(|packet| usize::from(packet.from) == a));
    assert!(packets.iter().any(|packet| usize::from(packet.from) == b));
    assert_continuous(&packets);
}

#[test]
fn publisher_gets_one_key_frame_request_per_interval_whoever_asks() {
    let mut world = World::new();
    let a = world.join(1, Profile::default());
    let viewers: Vec<usize> =
        (0..8).map(|_| world.join(1, Profile { sources: vec![], ..Profile::default() })).collect();
    for viewer in &viewers {
        world.subscribe(*viewer, &[(a, Source::Camera, 180)]);
    }
    world.connect_all();
    world.run(SECOND);
    let start = world.now;
    for _ in 0..100 {
        for viewer in &viewers {
            world.clients[*viewer].request_keyframes();
        }
        world.run(Duration::from_millis(30));
    }

    let asked = world.clients[a].keyframe_requests.iter().filter(|(at, ..)| *at > start);
    let times: Vec<_> = asked.map(|(at, ..)| *at).collect();
    assert!(times.len() >= 5, "requests are passed on: {}", times.len());
    for pair in times.windows(2) {
        assert!(pair[1] - pair[0] >= KEYFRAME_INTERVAL);
    }
}

#[test]
fn narrow_link_gets_a_layer_that_fits() {
    let (mut world, a, b) = pair(720);
    world.run(5 * SECOND);
    assert_eq!(world.clients[b].received.last().map(|packet| packet.layer), Some(Layer::High));

    world.impair(b, "down rate=600kbit");
    world.run(10 * SECOND);
    let settled = world.now;
    world.run(5 * SECOND);
    let packets = world.clients[b].got(a, Source::Camera, settled);
    let high = packets.iter().filter(|packet| packet.layer == Layer::High).count();
    assert!(packets.len() > 50, "{} packets", packets.len());
    assert!(
        high * 10 < packets.len(),
        "{high} of {} packets are of a layer that does not fit",
        packets.len()
    );
}

#[test]
fn tile_that_comes_into_sight_shows_its_first_picture_at_once() {
    let mut world = World::new();
    let (a, b) = (world.join(1, Profile::default()), world.join(1, Profile::default()));
    world.connect_all();
    world.run(5 * SECOND);
    assert_eq!(world.last_layers_wanted(a, Source::Camera), Some(vec![]), "its encoders rest");

    world.subscribe(b, &[(a, Source::Camera, 180)]);
    let start = world.now;
    world.run_until("a picture", |world| !world.clients[b].received.is_empty());
    // A frame interval, the ways to the publisher and to the viewer, and the pacing of a key frame.
    assert!(world.now - start < Duration::from_millis(100), "took {:?}", world.now - start);
}

#[test]
fn weak_link_of_one_viewer_does_not_lower_the_layer_of_another() {
    let mut world = World::new();
    let a = world.join(1, Profile::default());
    let (weak, strong) = (world.join(1, Profile::default()), world.join(1, Profile::default()));
    for viewer in [weak, strong] {
        world.subscribe(viewer, &[(a, Source::Camera, 720)]);
    }
    world.connect_all();
    world.impair(weak, "down rate=600kbit");
    world.run(12 * SECOND);
    let settled = world.now;
    world.run(3 * SECOND);

    let packets = world.clients[strong].got(a, Source::Camera, settled);
    assert!(packets.len() > 350, "{} packets", packets.len());
    assert!(packets.iter().all(|packet| packet.layer == Layer::High));
    assert!(!world.clients[weak].got(a, Source::Camera, settled).is_empty());
}
