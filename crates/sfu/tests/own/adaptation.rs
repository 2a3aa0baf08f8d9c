//! A link that gets narrow and wide again: sound stays, pictures follow.

use std::time::Duration;

use sabha_protocol::{Layer, Source};

use crate::{
    client::{Profile, Received},
    temporal::{per_second, two_layers},
    world::World,
};

const SECOND: Duration = Duration::from_secs(1);
/// 0.25 Mbit/s and 4 Mbit/s, in bytes a second.
const NARROW: u64 = 31_250;
const WIDE: u64 = 500_000;

/// Somebody who talks, and somebody who watches over a link of 4 Mbit/s.
fn talk() -> (World, usize, usize) {
    let mut world = World::new();
    let speaker = world.join(1, Profile::default());
    let listener = world.join(1, Profile { sources: vec![], ..Profile::default() });
    world.subscribe(listener, &[(speaker, Source::Camera, 720)]);
    world.clients[speaker].is_talking = true;
    world.links[listener].down_bytes_per_second = Some(WIDE);
    world.connect_all();
    world.run(10 * SECOND);
    (world, speaker, listener)
}

fn layer(world: &World, from: usize, at: usize) -> Option<Layer> {
    let pictures = world.clients[at].received.iter().rev();
    let mut pictures =
        pictures.filter(|packet| usize::from(packet.from) == from && packet.source == Source::Camera);
    pictures.next().map(|packet| packet.layer)
}

#[test]
fn sound_stays_when_a_link_gets_narrow_and_pictures_are_best_again_ten_seconds_after_it_got_wide() {
    let (mut world, speaker, listener) = talk();
    assert_eq!(layer(&world, speaker, listener), Some(Layer::High));

    world.links[listener].down_bytes_per_second = Some(NARROW);
    world.run(5 * SECOND);
    let settled = world.now;
    world.run(15 * SECOND);
    let heard = world.clients[listener].got(speaker, Source::Microphone, settled).len();
    assert!(heard > 15 * 50 * 95 / 100, "{heard} of 750 packets of sound");
    assert!(layer(&world, speaker, listener) < Some(Layer::High));

    world.links[listener].down_bytes_per_second = Some(WIDE);
    let start = world.now;
    world.run_until("the best layer", |world| layer(world, speaker, listener) == Some(Layer::High));
    println!("the best layer again after {:?}", world.now - start);
    world.run(5 * SECOND);
    assert_eq!(layer(&world, speaker, listener), Some(Layer::High), "it stays");
}

#[test]
fn random_loss_costs_no_layer() {
    for percent in [2, 5] {
        let (mut world, speaker, listener) = talk();
        world.links[listener].loss_percent = percent;
        let start = world.now;
        world.run(20 * SECOND);
        let pictures = world.clients[listener].got(speaker, Source::Camera, start);
        let high = pictures.iter().filter(|packet| packet.layer == Layer::High).count();
        assert!(high * 100 > pictures.len() * 95, "{high} of {} at {percent} %", pictures.len());
        assert!(pictures.len() > 20 * 150 * 95 / 100, "{} packets at {percent} %", pictures.len());
    }
}

#[test]
fn link_without_room_for_all_of_a_layer_gets_half_of_its_pictures_rather_than_a_lower_layer() {
    let mut world = World::new();
    let (a, b) = (world.join(1, two_layers()), world.join(1, two_layers()));
    world.subscribe(b, &[(a, Source::Camera, 360)]);
    world.connect_all();
    world.run(4 * SECOND);
    assert!(per_second(&world, b, a, 2) >= 29);

    // The layer takes 500 kbit/s, the one below it 150.
    world.links[b].down_bytes_per_second = Some(50_000);
    world.run(12 * SECOND);
    let settled = world.now;
    world.run(8 * SECOND);
    let packets = world.clients[b].got(a, Source::Camera, settled);
    let wanted = |packet: &&&Received| packet.layer == Layer::Medium && packet.temporal == 0;
    let share = packets.iter().filter(wanted).count() * 100 / packets.len().max(1);
    assert!(share >= 80, "{share} % of {} packets", packets.len());

    world.links[b].down_bytes_per_second = None;
    world.run_until("all pictures", |world| per_second(world, b, a, 1) >= 29);
    assert_eq!(world.clients[b].received.last().map(|packet| packet.layer), Some(Layer::Medium));
}
