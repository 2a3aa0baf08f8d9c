//! Who switches a moment after somebody else gets the key frame that came for that one, on whatever shard each of them lives.

use std::time::Duration;

use proptest::prelude::*;
use sabha_protocol::{Layer, Source, limits::KEYFRAME_INTERVAL};

use crate::{
    client::{Profile, Received},
    layers::assert_continuous,
    world::World,
};

const SECOND: Duration = Duration::from_secs(1);

/// Where the three live who may watch, of rooms over one shard and over several: the first of them is where the publisher is,
/// or is not.
const PLACES: [[usize; 3]; 4] = [[0, 0, 0], [0, 1, 2], [0, 1, 1], [1, 2, 0]];

/// Somebody whom nobody watches, and three who may.
fn room(places: [usize; 3]) -> (World, usize, [usize; 3]) {
    let mut world = World::of_shards(crate::PATH, places.into_iter().max().unwrap_or_default() + 1);
    world.hop = Duration::from_millis(2);
    let publisher = world.join(1, Profile::default());
    let listener = || Profile { sources: vec![], ..Profile::default() };
    let viewers = places.map(|place| world.join_at(place, 1, listener()));
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
    for places in PLACES {
        let (mut world, publisher, viewers) = room(places);
        switch_after_somebody_else(&mut world, publisher, viewers);
        assert_eq!(world.count(|stats| stats.panics + stats.relays_refused), 0);
    }
}

fn switch_after_somebody_else(world: &mut World, publisher: usize, viewers: [usize; 3]) {
    watch(world, viewers[0], publisher, 180);
    first_picture(world, viewers[0], publisher);
    for viewer in &viewers[1..] {
        world.run(KEYFRAME_INTERVAL / 3);
        let before = asked(world, publisher);
        watch(world, *viewer, publisher, 180);
        let took = first_picture(world, *viewer, publisher);
        println!("a picture after {took:?}");
        assert!(took <= Duration::from_millis(30), "a picture after {took:?}");
        world.run(2 * SECOND);
        assert_eq!(asked(world, publisher), before);
        let packets: Vec<&Received> = world.clients[*viewer].received.iter().collect();
        assert!(packets[0].starts_keyframe && packets.len() > 50);
        assert_continuous(&packets);
        watch(world, viewers[0], publisher, 360);
        world.run(2 * SECOND);
        watch(world, viewers[0], publisher, 180);
        // A key frame for who has asked anew.
        first_picture(world, viewers[0], publisher);
        world.run_until("the low layer", |world| {
            world.clients[viewers[0]].received.last().is_some_and(|packet| packet.layer == Layer::Low)
        });
    }
}

#[test]
fn pictures_go_on_in_time_after_catching_up() {
    for places in PLACES {
        let (mut world, publisher, [first, second, _]) = room(places);
        watch(&mut world, first, publisher, 180);
        first_picture(&mut world, first, publisher);
        world.run(KEYFRAME_INTERVAL / 2);
        watch(&mut world, second, publisher, 180);
        world.run(2 * SECOND);

        let packets = &world.clients[second].received;
        let (begin, end) = (&packets[0], &packets[packets.len() - 1]);
        let played =
            Duration::from_secs_f64(f64::from(end.timestamp.wrapping_sub(begin.timestamp)) / 90_000.0);
        let behind = played - (end.at - begin.at);
        assert!(behind >= KEYFRAME_INTERVAL / 3, "it came {behind:?} late and all at once");
        assert_continuous(&packets.iter().collect::<Vec<_>>());
    }
}

#[test]
fn who_came_after_the_key_frame_does_not_get_it() {
    for (shard, is_early) in [(0, true), (1, true), (2, true), (0, false), (1, false), (2, false)] {
        let (mut world, publisher, [first, ..]) = room([0, 1, 2]);
        watch(&mut world, first, publisher, 180);
        world.run(2 * SECOND);
        world.clients[first].request_keyframes();
        world.run(Duration::from_millis(60));
        let late = world.join_at(shard, 1, Profile { sources: vec![], ..Profile::default() });
        if is_early {
            watch(&mut world, late, publisher, 180);
        }
        let before = world.now;
        world.connect_all();
        watch(&mut world, late, publisher, 180);
        let newest = world.clients[first].received.last().map(|packet| packet.frame);
        assert!(world.now - before < KEYFRAME_INTERVAL / 2, "the key frame is not too old");
        world.run(2 * SECOND);

        let got = &world.clients[late].received;
        assert!(got[0].starts_keyframe && Some(got[0].frame) > newest);
    }
}

#[test]
fn who_has_seen_the_key_frame_is_not_shown_it_again() {
    for places in PLACES {
        let (mut world, publisher, [viewer, ..]) = room(places);
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
}

/// Somebody begins to watch, or no longer does; and how long nothing happens then, in milliseconds. All watch one layer: which
/// one stands in for another until that comes depends on a moment.
fn glance() -> impl Strategy<Value = (usize, bool, u64)> {
    (0..3usize, prop::bool::weighted(0.7), prop::sample::select(vec![260, 1_950]))
}

/// Returns how long each waited who began to watch, in milliseconds, up to the next change.
fn waits(places: [usize; 3], glances: &[(usize, bool, u64)]) -> Vec<u64> {
    let (mut world, publisher, viewers) = room(places);
    let waits = glances.iter().filter_map(|(who, watches, then)| {
        let (viewer, since) = (viewers[*who], world.now);
        let wants = [(publisher, Source::Camera, 180)];
        world.subscribe(viewer, if *watches { &wants } else { &[] });
        world.run(Duration::from_millis(*then));
        let pictures = world.clients[viewer].got(publisher, Source::Camera, since);
        let first = pictures.first().map(|picture| (picture.at - since).as_millis() as u64);
        watches.then_some(first.unwrap_or(*then))
    });
    let waits = waits.collect();
    for viewer in viewers {
        let received = &world.clients[viewer].received;
        assert!(received.first().is_none_or(|packet| packet.starts_keyframe));
        assert!(
            received.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1 || pair[1].ssrc != pair[0].ssrc)
        );
    }
    assert_eq!(world.count(|stats| stats.panics + stats.relays_refused), 0);
    waits
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn who_begins_to_watch_waits_no_longer_where_the_room_is_on_several_shards(
        glances in prop::collection::vec(glance(), 4..16),
        places in prop::sample::select(PLACES[1..].to_vec()),
    ) {
        // A request that had to wait goes out at the next look of its shard, each 100 ms.
        let longer = Duration::from_millis(150).as_millis() as u64;
        for (at, (expected, found)) in waits(PLACES[0], &glances).into_iter().zip(waits(places, &glances)).enumerate() {
            prop_assert!(found <= expected + longer, "{} instead of {} ms for {} of {:?}", found, expected, at, glances);
        }
    }
}
