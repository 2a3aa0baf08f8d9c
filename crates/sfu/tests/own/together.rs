//! Voice and pictures of one participant can be played together: what a receiver is reported of a slot's timestamps goes back
//! to what its publisher reported.

use std::time::{Duration, Instant};

use sabha_protocol::Source;

use crate::{
    client::{Profile, Received},
    world::World,
};

const SECOND: Duration = Duration::from_secs(1);
/// What pacing and rounding may add.
const TOLERANCE_MS: i64 = 12;

fn with_delay(millis: u64) -> Profile {
    Profile { picture_delay: Duration::from_millis(millis), ..Profile::default() }
}

/// Returns the time from when sound or pictures were made, as the reports have it, to when they came, in milliseconds. Where
/// the reports' clock begins nobody knows, but it is one for all slots of a receiver.
fn lag(world: &World, viewer: usize, publisher: usize, source: Source, since: Instant) -> i64 {
    let ticks_per_ms = if source == Source::Camera { 90 } else { 48 };
    let packets = world.clients[viewer].got(publisher, source, since);
    let lag = |packet: &&Received| {
        let (date, timestamp) = packet.reported.expect("its stream was reported on");
        let made = date.as_millis() as i64
            + i64::from(packet.timestamp.wrapping_sub(timestamp) as i32) / ticks_per_ms;
        (packet.at - world.start).as_millis() as i64 - made
    };
    packets.iter().map(lag).min().expect("some came")
}

/// Pictures are this much older than the voice that comes with them.
fn assert_behind(world: &World, viewer: usize, publisher: usize, since: Instant, millis: i64) {
    let [picture, voice] =
        [Source::Camera, Source::Microphone].map(|source| lag(world, viewer, publisher, source, since));
    assert!((picture - voice - millis).abs() <= TOLERANCE_MS, "{} ms instead of {millis}", picture - voice);
}

#[test]
fn pictures_come_with_the_delay_that_their_publisher_gave_them_whatever_the_layer() {
    let mut world = World::new();
    let (a, b) = (world.join(1, with_delay(80)), world.join(1, Profile::default()));
    world.clients[a].is_talking = true;
    world.subscribe(b, &[(a, Source::Camera, 180)]);
    world.connect_all();
    // Sound is reported on every five seconds.
    world.run(7 * SECOND);
    for height in [180, 720, 360, 180] {
        world.subscribe(b, &[(a, Source::Camera, height)]);
        world.run(SECOND / 2);
        let settled = world.now;
        world.run(SECOND);
        assert_behind(&world, b, a, settled, 80);
    }
}

#[test]
fn receiver_is_told_at_once_where_a_slot_stands_that_carries_somebody_else() {
    let mut world = World::new();
    let (a, b) = (world.join(1, with_delay(80)), world.join(1, with_delay(200)));
    let viewer = world.join(1, Profile { video_slots: 1, ..Profile::default() });
    for publisher in [a, b] {
        world.clients[publisher].is_talking = true;
    }
    world.connect_all();
    world.run(7 * SECOND);
    for (publisher, delay) in [(a, 80), (b, 200), (a, 80), (b, 200)] {
        let switched = world.now;
        world.subscribe(viewer, &[(publisher, Source::Camera, 180)]);
        world.run_until("a picture", |world| {
            !world.clients[viewer].got(publisher, Source::Camera, switched).is_empty()
        });
        // The report leaves with the first packet.
        world.run(SECOND / 20);
        let settled = world.now;
        world.run(SECOND / 5);
        assert_behind(&world, viewer, publisher, settled, delay);
        world.run(2 * SECOND);
    }
}
