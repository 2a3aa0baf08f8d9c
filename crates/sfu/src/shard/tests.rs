//! What is left of a room, or of a part of one, that fails or ends.

use sabha_protocol::Source;

use super::*;
use crate::{client::Profile, world::World};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn panic_in_one_room_costs_that_room_and_no_other() {
    let mut world = World::new();
    let clients = [1, 1, 2, 2].map(|room| world.join(room, Profile::default()));
    for pair in clients.chunks(2) {
        world.subscribe(pair[0], &[(pair[1], Source::Camera, 180)]);
    }
    world.connect_all();
    world.run(SECOND);

    let before = world.events.len();
    world.shard.rooms.get_mut(&RoomKey(1)).unwrap().is_poisoned = true;
    let moment = world.now;
    world.run(2 * SECOND);

    let told: Vec<&Event> = world.events[before..].iter().map(|(_, event)| event).collect();
    for peer in [PeerKey(0), PeerKey(1)] {
        assert!(told.contains(&&Event::Lost { peer, generation: MediaGeneration(1) }));
    }
    assert!(told.contains(&&Event::RoomFailed { room: RoomKey(1) }));
    assert!(!told.iter().any(|event| matches!(event, Event::Lost { peer: PeerKey(2 | 3), .. })));
    assert!(world.clients[2].got(3, Source::Camera, moment).len() > 50, "the other room goes on");

    let stats = world.shard.stats();
    assert_eq!((stats.rooms, stats.peers, stats.panics), (1, 2, 1));
    assert!(world.shard.ufrags.values().all(|peer| peer.0 >= 2));
    assert!(world.shard.sources.values().all(|peer| peer.0 >= 2));

    world.reconnect(1, 0);
    world.run_until("the room opens anew", |world| world.clients[0].is_connected);
}

#[test]
fn panic_in_one_part_of_a_room_costs_the_room_on_every_shard() {
    for poisoned in [0, 1, 2] {
        let mut world = World::of_shards(crate::PATH, 3);
        let clients = [0, 1, 2].map(|shard| world.join_at(shard, 1, Profile::default()));
        let other = [1, 2].map(|shard| world.join_at(shard, 2, Profile::default()));
        world.subscribe(other[0], &[(other[1], Source::Camera, 180)]);
        world.connect_all();
        world.run(SECOND);

        let before = world.events.len();
        world.shard_at(poisoned).rooms.get_mut(&RoomKey(1)).unwrap().is_poisoned = true;
        let moment = world.now;
        world.run(2 * SECOND);
        let told: Vec<&Event> = world.events[before..].iter().map(|(_, event)| event).collect();
        for client in clients {
            let lost = Event::Lost { peer: PeerKey(client as u64), generation: MediaGeneration(1) };
            assert_eq!(told.iter().filter(|event| ***event == lost).count(), 1, "{client}");
        }
        let failed = told.iter().filter(|event| matches!(event, Event::RoomFailed { .. })).count();
        assert_eq!((failed, world.count(|stats| stats.panics)), (1, 1));
        assert!(world.clients[other[0]].got(other[1], Source::Camera, moment).len() > 50);

        clients.into_iter().for_each(|client| world.reconnect(1, client));
        world.clients[clients[2]].is_talking = true;
        world.run_until("all hear each other anew", |world| {
            let heard = |from| !world.clients[clients[0]].got(from, Source::Microphone, moment).is_empty();
            heard(clients[2])
        });
    }
}

#[test]
fn nothing_is_left_of_a_room_on_any_shard_in_whatever_order_its_peers_leave() {
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
        let mut world = World::of_shards(crate::PATH, 3);
        world.hop = Duration::from_millis(3);
        let clients = [0, 1, 1, 2].map(|shard| world.join_at(shard, 1, Profile::default()));
        for client in clients {
            world.clients[client].is_talking = true;
            world.subscribe(client, &[(clients[0], Source::Camera, 180), (clients[3], Source::Camera, 360)]);
        }
        world.connect_all();
        world.run(2 * SECOND);
        for place in order {
            world.command(Command::Disconnect { peer: PeerKey(clients[place] as u64) });
            world.run(Duration::from_millis(1));
        }
        world.run(20 * SECOND);
        for shard in [&world.shard].into_iter().chain(&world.shards) {
            assert!(shard.rooms.is_empty() && shard.places.is_empty());
            assert_eq!(shard.timers.next(), None);
        }
    }
}

/// A part ends and another begins while what was meant for the first is still on its way.
#[test]
fn part_that_ends_and_begins_at_once_learns_who_there_is_now() {
    let mut world = World::of_shards(crate::PATH, 3);
    let [at_home, there] = [0, 2].map(|shard| world.join_at(shard, 1, Profile::default()));
    let comes_and_goes = world.join_at(1, 1, Profile::default());
    world.connect_all();
    world.hop = Duration::from_millis(5);
    for round in 0..6 {
        world.command(Command::Disconnect { peer: PeerKey(comes_and_goes as u64) });
        world.run(Duration::from_millis(round));
        world.reconnect(1, comes_and_goes);
        if round % 2 == 0 {
            world.command(Command::Disconnect { peer: PeerKey(there as u64) });
        } else {
            world.reconnect(1, there);
        }
        world.run(Duration::from_millis(3));
    }
    world.command(Command::Disconnect { peer: PeerKey(there as u64) });
    world.run(SECOND);
    for shard in 0..2 {
        let room = &world.shard_at(shard).rooms[&RoomKey(1)];
        assert_eq!(
            room.everybody(),
            [at_home, comes_and_goes].map(|key| PeerKey(key as u64)),
            "shard {shard}"
        );
    }
    assert!(world.shard_at(2).rooms.is_empty());
}

/// Its people left and came back while the news that their room had failed was on its way to them.
#[test]
fn part_that_begins_does_not_fail_with_the_room_of_the_one_before_it() {
    let mut world = World::of_shards(crate::PATH, 2);
    let [at_home, there] = [0, 1].map(|shard| world.join_at(shard, 1, Profile::default()));
    world.connect_all();
    world.run(SECOND);
    world.hop = 2 * SECOND;
    world.shard.rooms.get_mut(&RoomKey(1)).unwrap().is_poisoned = true;
    while world.shard.stats().panics == 0 {
        world.run(Duration::from_millis(1));
    }
    world.command(Command::Disconnect { peer: PeerKey(there as u64) });
    world.reconnect(1, there);
    world.reconnect(1, at_home);
    assert!(!world.has_lost(there), "the news has not come yet");
    world.run(6 * SECOND);

    assert!(!world.has_lost(there));
    assert_eq!(world.count(|stats| stats.rooms as u64), 2);
    world.clients[there].is_talking = true;
    world.hop = Duration::ZERO;
    let since = world.now;
    world.run(3 * SECOND);
    assert!(world.clients[at_home].got(there, Source::Microphone, since).len() > 50);
}

#[test]
fn addresses_and_ufrags_of_a_connection_go_with_it() {
    let mut world = World::new();
    let a = world.join(1, Profile::default());
    world.connect_all();
    for _ in 0..5 {
        world.reconnect(1, a);
        world.connect_all();
        world.run(SECOND);
    }
    assert_eq!((world.shard.ufrags.len(), world.shard.sources.len()), (1, 1));

    world.command(Command::Disconnect { peer: PeerKey(0) });
    assert!(world.shard.ufrags.is_empty() && world.shard.sources.is_empty());
    assert!(world.shard.places.is_empty() && world.shard.rooms.is_empty());
    world.run(20 * SECOND);
    assert_eq!(world.shard.timers.next(), None);
}
