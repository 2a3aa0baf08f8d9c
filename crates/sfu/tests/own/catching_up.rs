//! Who switches a moment after somebody else gets the key frame that came for that one.

use std::time::Duration;

use sabha_protocol::{Layer, Source, limits::KEYFRAME_INTERVAL};

use crate::{
    client::{Profile, Received},
    layers::assert_continuous,
    world::World,
};

const SECOND: Duration = Duration::from_secs(1);

/// Somebody whom nobody watches, and three who may.
fn room() -> (World, usize, [usize; 3]) {
    let mut world = World::new();
    let publisher = world.join(1, Profile::default());
    let viewers = [0; 3].map(|_| world.join(1, Profile { sources: vec![], ..Profile::default() }));
    world.connect_all();
    world.run(5 * SECOND);
    (world, publisher, viewers)
}

fn watch(world: &mut World, viewer: usize, publisher: usize, height: u16) {
    world.subscribe(viewer, &[(publisher, Source::Camera, height)]);
}

/// Lets time pass until a picture comes, and returns how long that took.
fn first_picture(world: &mut World, viewer: usize, publisher: usize) -> Duration {
    let start = world.now;
    world.run_until("a picture", |world| {
        !world.clients[viewer].got(publisher, Source::Camera, start).is_empty()
    });
    world.now - start
}

fn asked(world: &World, publisher: usize) -> usize {
    world.clients[publisher].keyframe_requests.len()
}

#[test]
fn who_switches_after_somebody_else_has_a_picture_at_once_and_costs_no_key_frame() {
    let (mut world, publisher, viewers) = room();
    watch(&mut world, viewers[0], publisher, 180);
    first_picture(&mut world, viewers[0], publisher);
    for viewer in &viewers[1..] {
        world.run(KEYFRAME_INTERVAL / 3);
        let before = asked(&world, publisher);
        watch(&mut world, *viewer, publisher, 180);
        let took = first_picture(&mut world, *viewer, publisher);
        println!("a picture after {took:?}");
        assert!(took <= Duration::from_millis(30), "a picture after {took:?}");
        world.run(2 * SECOND);
        assert_eq!(asked(&world, publisher), before);
        let packets: Vec<&Received> = world.clients[*viewer].received.iter().collect();
        assert!(packets[0].starts_keyframe && packets.len() > 50);
        assert_continuous(&packets);
        watch(&mut world, viewers[0], publisher, 360);
        world.run(2 * SECOND);
        watch(&mut world, viewers[0], publisher, 180);
        // A key frame for who has asked anew.
        first_picture(&mut world, viewers[0], publisher);
        world.run_until("the low layer", |world| {
            world.clients[viewers[0]].received.last().is_some_and(|packet| packet.layer == Layer::Low)
        });
    }
}

#[test]
fn pictures_go_on_in_time_after_catching_up() {
    let (mut world, publisher, [first, second, _]) = room();
    watch(&mut world, first, publisher, 180);
    first_picture(&mut world, first, publisher);
    world.run(KEYFRAME_INTERVAL / 2);
    watch(&mut world, second, publisher, 180);
    world.run(2 * SECOND);

    let packets = &world.clients[second].received;
    let (begin, end) = (&packets[0], &packets[packets.len() - 1]);
    let played = Duration::from_secs_f64(f64::from(end.timestamp.wrapping_sub(begin.timestamp)) / 90_000.0);
    let behind = played - (end.at - begin.at);
    assert!(behind >= KEYFRAME_INTERVAL / 3, "it came {behind:?} late and all at once");
    assert_continuous(&packets.iter().collect::<Vec<_>>());
}

#[test]
fn who_came_after_the_key_frame_does_not_get_it() {
    let (mut world, publisher, [first, ..]) = room();
    watch(&mut world, first, publisher, 180);
    world.run(2 * SECOND);
    world.clients[first].request_keyframes();
    world.run(Duration::from_millis(60));
    let late = world.join(1, Profile { sources: vec![], ..Profile::default() });
    watch(&mut world, late, publisher, 180);
    let before = world.now;
    world.connect_all();
    let newest = world.clients[first].received.last().map(|packet| packet.frame);
    assert!(world.now - before < KEYFRAME_INTERVAL / 2, "the key frame is not too old");
    world.run(2 * SECOND);

    let got = &world.clients[late].received;
    assert!(got[0].starts_keyframe && Some(got[0].frame) > newest);
}

#[test]
fn who_has_seen_the_key_frame_is_not_shown_it_again() {
    let (mut world, publisher, [viewer, ..]) = room();
    watch(&mut world, viewer, publisher, 180);
    first_picture(&mut world, viewer, publisher);
    world.run(KEYFRAME_INTERVAL / 4);
    world.subscribe(viewer, &[]);
    world.run(Duration::from_millis(30));
    watch(&mut world, viewer, publisher, 180);
    world.run(2 * SECOND);

    let packets = &world.clients[viewer].received;
    let mut frames: Vec<u32> =
        packets.iter().filter(|packet| packet.starts_keyframe).map(|packet| packet.frame).collect();
    assert_eq!(frames.len(), 2);
    frames.dedup();
    assert_eq!(frames.len(), 2, "another one");
}
