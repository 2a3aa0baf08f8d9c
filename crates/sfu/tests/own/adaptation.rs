//! A link that gets narrow and wide again: sound stays, pictures follow.

use std::time::Duration;

use sabha_protocol::{Layer, Source};

use crate::{client::Profile, world::World};

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
