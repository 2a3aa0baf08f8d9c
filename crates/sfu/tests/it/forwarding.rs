//! Who receives what of whom.

use std::time::Duration;

use sabha_protocol::{Layer, Source};

use crate::{client::Profile, world::World};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn sound_and_picture_arrive() {
    let mut world = World::new();
    let (a, b) = (world.join(1, Profile::default()), world.join(1, Profile::default()));
    world.clients[a].is_talking = true;
    world.subscribe(b, &[(a, Source::Camera, 180)]);
    world.connect_all();
    let start = world.now;
    world.run(3 * SECOND);

    let sound = world.clients[b].got(a as u8, Source::Microphone, start);
    let picture = world.clients[b].got(a as u8, Source::Camera, start);
    assert!(sound.len() > 130, "{} sound packets in 3 s", sound.len());
    assert!(picture.len() > 80, "{} picture packets in 3 s", picture.len());
    assert!(picture[0].starts_keyframe);
    assert!(picture.iter().all(|packet| packet.layer == Layer::Low));
    assert!(world.clients[a].received.is_empty(), "nobody published anything for a, and not itself");
}
