//! A packet on its way through a shard, or from one to another, allocates nothing, however many receive it.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that meets the unexpected is to fail; it uses a part of the world"
)]

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use sabha_protocol::Source;
use sabha_sfu::{Input, PacketPath, Shard};

const PATH: PacketPath = PacketPath::Own;

#[path = "../it/client.rs"]
mod client;
#[path = "../it/world.rs"]
mod world;

use client::Profile;
use world::World;

thread_local! {
    static COUNTED: Cell<Counted> = const { Cell::new(Counted { media: 0, allocating: 0, allocations: 0 }) };
}

/// Packets of media that came in, how many of them caused an allocation, and how many allocations there were.
#[derive(Clone, Copy, Default)]
struct Counted {
    media: u64,
    allocating: u64,
    allocations: u64,
}

/// Counts what a packet of media causes, up to where its copies are handed out.
fn feed(shard: &mut Shard, now: Instant, input: Input<'_>) {
    let is_media = match &input {
        Input::Receive { contents: [128..=191, kind, ..], .. } => !matches!(kind, 192..=223),
        Input::Relay { relay, .. } => relay.is_packet(),
        _ => false,
    };
    if !is_media {
        return shard.handle_input(now, input);
    }
    let info = allocation_counter::measure(|| {
        shard.handle_input(now, input);
        shard.handle_input(now, Input::Timeout);
    });
    COUNTED.with(|counted| {
        let Counted { media, allocating, allocations } = counted.get();
        counted.set(Counted {
            media: media + 1,
            allocating: allocating + u64::from(info.count_total > 0),
            allocations: allocations + info.count_total,
        });
    });
}

/// Returns a world of so many shards in which one speaks, and is shown to 20 others.
fn meeting(shards: usize) -> World {
    let mut world = World::of_shards(PATH, shards);
    let speaker = world.join(1, Profile::default());
    for place in 0..20 {
        let listener = world.join_at(place % shards, 1, Profile { sources: vec![], ..Profile::default() });
        world.subscribe(listener, &[(speaker, Source::Camera, 720)]);
    }
    world.clients[speaker].is_talking = true;
    world.connect_all();
    world.run(Duration::from_secs(20));
    world
}

/// Counts for five seconds what packets cause. Returns that, and how many were sent and taken from other shards.
fn count(mut world: World) -> (Counted, u64, u64) {
    world.feed = feed;
    let counts =
        |world: &World| (world.count(|stats| stats.packets_out), world.count(|stats| stats.relayed_in));
    let before = counts(&world);
    world.run(Duration::from_secs(5));
    let after = counts(&world);
    (COUNTED.get(), after.0 - before.0, after.1 - before.1)
}

#[test]
fn forwarded_packets_allocate_nothing_once_a_meeting_runs() {
    let (Counted { media, allocating, allocations }, forwarded, relayed) = count(meeting(1));
    println!("{media} packets in, {forwarded} out; {allocations} allocations by {allocating} of them");
    assert!(media > 300 && forwarded > 20 * 200, "{media} in, {forwarded} out");
    assert_eq!((allocations, relayed), (0, 0), "{allocating} of {media} packets allocated");
}

#[test]
fn packets_from_shard_to_shard_allocate_nothing_on_either_side() {
    let (Counted { media, allocating, allocations }, forwarded, relayed) = count(meeting(3));
    println!("{media} packets in, {relayed} relayed, {forwarded} out; {allocations} allocations");
    assert!(relayed > 2 * 300 && forwarded > 20 * 200, "{relayed} relayed, {forwarded} out");
    assert_eq!(allocations, 0, "{allocating} of {media} packets allocated");
}
