//! What a subscriber takes of memory: what a shard frees when it goes, with some subscribers and with twice as many.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that meets the unexpected is to fail; it uses a part of the world"
)]

use std::time::{Duration, Instant};

use sabha_protocol::Source;
use sabha_sfu::{PacketPath, Shard, ShardConfig, ShardIndex};

const PATH: PacketPath = PacketPath::Own;

#[path = "../it/client.rs"]
mod client;
#[path = "../it/world.rs"]
mod world;

use client::Profile;
use world::World;

/// Publishers, and so streams that each subscriber receives.
const STREAMS: usize = 10;
/// What one subscriber may take, in bytes; the server adds what its control plane takes.
const SUBSCRIBER_BYTES_MAX: i64 = 100_000;

/// Returns the bytes that a shard holds when so many have received [`STREAMS`] pictures each for ten seconds.
fn held_for(subscribers: usize) -> i64 {
    let mut world = World::new();
    let publishers: Vec<usize> = (0..STREAMS).map(|_| world.join(1, Profile::default())).collect();
    let wants: Vec<_> = publishers.iter().map(|publisher| (*publisher, Source::Camera, 180)).collect();
    for _ in 0..subscribers {
        let subscriber = world.join(1, Profile { sources: vec![], ..Profile::default() });
        world.subscribe(subscriber, &wants);
    }
    world.connect_all();
    world.run(Duration::from_secs(10));
    let config = ShardConfig {
        shard: ShardIndex(0),
        udp: Vec::new(),
        tcp: Vec::new(),
        path: PATH,
        voices: 3,
        seed: [0; 32],
    };
    let shard = std::mem::replace(&mut world.shard, Shard::new(config, Instant::now()));
    -allocation_counter::measure(|| drop(shard)).bytes_current
}

#[test]
fn subscriber_of_ten_streams_takes_no_more_than_its_share_of_memory() {
    let (few, many) = (held_for(5), held_for(15));
    let each = (many - few) / 10;
    println!("{each} bytes for each subscriber; {few} with 5 of them");
    assert!(each <= SUBSCRIBER_BYTES_MAX, "{each} bytes");
}
