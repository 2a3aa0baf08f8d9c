//! A packet on its way through a shard allocates nothing, however many receive it.

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
    let is_media =
        matches!(input, Input::Receive { contents: [128..=191, kind, ..], .. } if !matches!(kind, 192..=223));
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

#[test]
fn forwarded_packets_allocate_nothing_once_a_meeting_runs() {
    let mut world = World::new();
    let speaker = world.join(1, Profile::default());
    let listener = || Profile { sources: vec![], ..Profile::default() };
    let listeners: Vec<usize> = (0..20).map(|_| world.join(1, listener())).collect();
    for listener in &listeners {
        world.subscribe(*listener, &[(speaker, Source::Camera, 720)]);
    }
    world.clients[speaker].is_talking = true;
    world.connect_all();
    world.run(Duration::from_secs(20));

    world.feed = feed;
    let before = world.shard.stats().packets_out;
    world.run(Duration::from_secs(5));
    let forwarded = world.shard.stats().packets_out - before;
    let Counted { media, allocating, allocations } = COUNTED.get();
    println!("{media} packets in, {forwarded} out; {allocations} allocations by {allocating} of them");
    assert!(media > 300 && forwarded > 20 * 200, "{media} in, {forwarded} out");
    assert_eq!(allocations, 0, "{allocating} of {media} packets allocated");
}
