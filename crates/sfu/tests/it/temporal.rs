//! Upper temporal layers are left out where their receiver has no use for them or no room.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use sabha_protocol::{Layer, Source};
use str0m::format::Codec;

use crate::{
    client::{Profile, Received},
    layers::assert_continuous,
    world::World,
};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn two_layers() -> Profile {
    Profile { two_temporal_layers: true, knows_vp9: true, ..Profile::default() }
}

/// A publisher, a viewer that shows it at `height`, connected, and as much time as it takes to count pictures.
fn pair(height: u16) -> (World, usize, usize) {
    let mut world = World::new();
    let (a, b) = (world.join(1, two_layers()), world.join(1, two_layers()));
    world.subscribe(b, &[(a, Source::Camera, height)]);
    world.connect_all();
    world.run(4 * SECOND);
    (world, a, b)
}

fn all(world: &World, client: usize) -> Vec<&Received> {
    world.clients[client].received.iter().collect()
}

/// Pictures of a layer by their number, each as the first packet of it that came.
fn pictures<'a>(packets: &[&'a Received], layer: Layer) -> BTreeMap<u32, &'a Received> {
    let of_layer = packets.iter().filter(|packet| packet.layer == layer);
    of_layer.rev().map(|packet| (packet.frame, *packet)).collect()
}

/// Each picture of VP8 came with those that it builds on: the one of the lowest layer before it, and unless it says
/// otherwise the one of its own layer, which is two before it.
fn assert_decodable(packets: &[&Received]) {
    for layer in Layer::ALL {
        let pictures = pictures(packets, layer);
        for (number, picture) in &pictures {
            let has = |before: u32| pictures.contains_key(&(number - before));
            let is_sound = match picture.temporal {
                _ if picture.starts_keyframe => true,
                0 => has(2),
                _ => has(1) && (picture.syncs || has(2)),
            };
            assert!(is_sound, "{picture:?} builds on what did not come");
        }
    }
}

pub(crate) fn per_second(world: &World, viewer: usize, publisher: usize, seconds: u32) -> usize {
    let since = world.now - SECOND * seconds;
    let packets = world.clients[viewer].got(publisher, Source::Camera, since);
    let frames: HashSet<_> = packets.iter().map(|packet| (packet.layer, packet.frame)).collect();
    frames.len() / seconds as usize
}

#[test]
fn small_tile_gets_half_of_the_pictures_and_all_of_them_once_it_is_enlarged() {
    let (mut world, a, b) = pair(180);
    for (height, layer, pictures) in [
        (180, Layer::Low, 15),
        (190, Layer::Low, 30),
        (180, Layer::Low, 15),
        (720, Layer::High, 30),
        (90, Layer::Low, 15),
    ] {
        world.subscribe(b, &[(a, Source::Camera, height)]);
        world.run(6 * SECOND);
        assert_eq!(world.clients[b].received.last().map(|packet| packet.layer), Some(layer));
        let got = per_second(&world, b, a, 3);
        assert!(got.abs_diff(pictures) <= 1, "{got} pictures a second at {height} lines");
    }

    assert_continuous(&all(&world, b));
    assert_decodable(&all(&world, b));
}

#[test]
fn pictures_in_vp9_are_left_out_too() {
    let (mut world, a, b) = pair(180);
    world.clients[a].set_codec(Source::Camera, Codec::Vp9);
    for (height, pictures) in [(180, 15), (190, 30), (180, 15)] {
        world.subscribe(b, &[(a, Source::Camera, height)]);
        world.run(6 * SECOND);
        let got = per_second(&world, b, a, 3);
        assert!(got.abs_diff(pictures) <= 1, "{got} pictures a second at {height} lines");
    }

    assert_eq!(world.clients[b].received.last().map(|packet| packet.codec), Some(Codec::Vp9));
    assert_continuous(&all(&world, b));
}

#[test]
fn taking_up_a_layer_asks_for_no_key_frame() {
    let (mut world, a, b) = pair(180);
    let settled = world.now;
    for height in [190, 180, 190, 180] {
        world.subscribe(b, &[(a, Source::Camera, height)]);
        world.run(2 * SECOND);
    }
    assert!(world.clients[a].keyframe_requests.iter().all(|(at, ..)| *at < settled));
}

#[test]
fn publisher_without_temporal_layers_is_seen_whole_in_a_small_tile() {
    let mut world = World::new();
    let (a, b) = (world.join(1, Profile::default()), world.join(1, Profile::default()));
    world.subscribe(b, &[(a, Source::Camera, 180)]);
    world.connect_all();
    world.run(5 * SECOND);
    assert!(per_second(&world, b, a, 2) >= 29);
}

#[test]
fn screen_is_shown_whole_however_small() {
    let mut world = World::new();
    let screen = Profile { sources: vec![Source::Screen], ..two_layers() };
    let (a, b) = (world.join(1, screen), world.join(1, two_layers()));
    world.subscribe(b, &[(a, Source::Screen, 90)]);
    world.connect_all();
    world.run(5 * SECOND);
    let pictures: HashSet<_> = world.clients[b]
        .got(a, Source::Screen, world.now - 2 * SECOND)
        .iter()
        .map(|packet| packet.frame)
        .collect();
    assert!(pictures.len() >= 58, "{}", pictures.len());
}

#[test]
fn every_loss_is_repaired_while_pictures_are_left_out() {
    let (mut world, a, b) = pair(180);
    for (publisher, viewer, percent) in [(0, 5, 5), (5, 0, 5), (5, 5, 3)] {
        world.impair(a, &format!("both loss={publisher}%"));
        world.impair(b, &format!("both loss={viewer}%"));
        for height in [180, 190, 360, 180] {
            world.subscribe(b, &[(a, Source::Camera, height)]);
            world.run(3 * SECOND);
        }
        world.impair(a, "both loss=0%");
        world.impair(b, "both loss=0%");
        world.run(2 * SECOND);
        let mut seqs: Vec<u64> = all(&world, b).iter().map(|packet| packet.seq).collect();
        seqs.sort_unstable();
        seqs.dedup();
        let missing = seqs[seqs.len() - 1] - seqs[0] + 1 - seqs.len() as u64;
        assert!(missing * 100 <= seqs.len() as u64 * percent / 10, "{missing} of {} are missing", seqs.len());
    }
}
