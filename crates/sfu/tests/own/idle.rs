//! What those cost who are connected, and neither send nor are sent anything.

use std::time::Duration;

use sabha_protocol::Source;
use sabha_sfu::{DropReason, Event, PeerKey};

use crate::{client::Profile, world::World};

const PEOPLE: usize = 25;
const SECONDS: u32 = 40;

#[test]
fn who_neither_sends_nor_is_sent_anything_is_sent_answers_alone() {
    let mut world = World::new();
    for _ in 0..PEOPLE {
        world.join(1, Profile { sources: Vec::new(), ..Profile::default() });
    }
    world.connect_all();
    world.run(Duration::from_secs(10));

    world.records = true;
    let before = world.shard.stats();
    world.run(SECONDS * Duration::from_secs(1));
    let after = world.shard.stats();
    let checks = world.sent.iter().filter(|(_, datagram)| datagram[0] < 4).count() as u64;
    assert!(checks > 0, "clients go on to check that they may send");
    assert_eq!(after.packets_out - before.packets_out, checks);
}

#[test]
fn report_in_which_there_is_nothing_costs_no_look_at_whose_it_is() {
    let mut world = World::new();
    let client = world.join(1, Profile::default());
    world.connect_all();
    let address = world.clients[client].outer_address;
    let mut report = vec![0x80, 201, 0, 1, 0, 0, 0, 7];
    report.resize(28, 9);
    let refused = |world: &World| world.shard.stats().dropped(DropReason::Malformed);
    let before = refused(&world);
    world.inject(address, &report);
    assert_eq!(refused(&world), before, "it is not even opened");
    report.push(9);
    world.inject(address, &report);
    assert_eq!(refused(&world), before + 1, "one in which there may be something is");
}

#[test]
fn who_begins_to_speak_after_a_long_silence_is_noticed_at_once() {
    let mut world = World::new();
    let (speaker, listener) = (world.join(1, Profile::default()), world.join(1, Profile::default()));
    world.publish(speaker, &[]);
    world.publish(listener, &[]);
    world.connect_all();
    world.run(Duration::from_secs(10));

    world.clients[speaker].is_talking = true;
    world.publish(speaker, &[Source::Microphone]);
    let since = world.now;
    world.run(Duration::from_secs(2));
    let heard = world.clients[listener].got(speaker, Source::Microphone, since);
    let first = heard.first().expect("heard").at - since;
    // The test's client begins up to 400 ms later.
    assert!(first < Duration::from_millis(600), "after {first:?}");
    let heard_of = world.events.iter().find(|(at, event)| {
        *at >= since && matches!(event, Event::SpeakersChanged { speaking, .. } if speaking == &[PeerKey(speaker as u64)])
    });
    let (at, _) = heard_of.expect("everybody is told who speaks");
    assert!(*at - since < Duration::from_secs(1), "told after {:?}", *at - since);
}
