//! Temporal layers that only the Dependency Descriptor tells of.

use std::time::Duration;

use sabha_protocol::Source;
use str0m::format::Codec;

use crate::{client::Profile, temporal::per_second, temporal::two_layers, world::World};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn pictures_are_left_out_by_what_the_dependency_descriptor_says() {
    let mut world = World::new();
    let described = Profile { describes_dependencies: true, ..two_layers() };
    let (a, b) = (world.join(1, described), world.join(1, two_layers()));
    world.subscribe(b, &[(a, Source::Camera, 180)]);
    world.connect_all();
    world.clients[a].set_codec(Source::Camera, Codec::Vp9);
    for (height, pictures) in [(180, 15), (190, 30), (180, 15)] {
        world.subscribe(b, &[(a, Source::Camera, height)]);
        world.run(6 * SECOND);
        let got = per_second(&world, b, a, 3);
        assert!(got.abs_diff(pictures) <= 1, "{got} pictures a second at {height} lines");
    }

    let packets = &world.clients[b].received;
    assert!(packets.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1));
    let mut taken_up =
        packets.windows(2).filter(|pair| pair[1].temporal == 1 && pair[1].frame != pair[0].frame);
    assert!(taken_up.all(|pair| pair[0].temporal == 0 && pair[1].frame == pair[0].frame + 1));
}

#[test]
fn dependency_descriptor_is_asked_for_where_vp9_is_sent_and_offered_to_nobody() {
    let mut world = World::new();
    let all = Profile {
        sources: vec![Source::Camera, Source::Screen],
        describes_dependencies: true,
        ..two_layers()
    };
    let (a, b) = (world.join(1, all.clone()), world.join(1, Profile { knows_vp9: false, ..all }));
    let asked = |client| {
        let answer: String = world.answer(client);
        answer.split("m=").filter(|section| section.contains("#dependency-descriptor")).count()
    };
    assert_eq!((asked(a), asked(b)), (2, 0));
}
