//! A publication is in the codec that its packets carry, and reaches only those who can decode it.

use std::time::Duration;

use sabha_protocol::{Layer, Source, VideoCodec};
use str0m::format::Codec;

use crate::{
    client::{Profile, Received},
    layers::assert_continuous,
    world::World,
};

const SECOND: Duration = Duration::from_secs(1);

fn knows_vp9() -> Profile {
    Profile {
        sources: vec![Source::Microphone, Source::Camera, Source::Screen],
        knows_vp9: true,
        ..Profile::default()
    }
}

fn knows_vp8_only() -> Profile {
    Profile { knows_vp9: false, ..knows_vp9() }
}

fn all(world: &World, client: usize) -> Vec<&Received> {
    world.clients[client].received.iter().collect()
}

#[test]
fn screen_arrives_in_vp9_and_camera_in_vp8() {
    let mut world = World::new();
    let (a, b) = (world.join(1, knows_vp9()), world.join(1, knows_vp9()));
    world.subscribe(b, &[(a, Source::Screen, 720), (a, Source::Camera, 180)]);
    world.connect_all();
    world.run(3 * SECOND);

    for (source, codec) in [(Source::Screen, Codec::Vp9), (Source::Camera, Codec::Vp8)] {
        let packets = world.clients[b].got(a, source, world.start);
        assert!(packets.len() > 80, "{} packets of the {source:?}", packets.len());
        assert!(packets[0].starts_keyframe);
        assert!(packets.iter().all(|packet| packet.codec == codec));
    }
    assert_continuous(&all(&world, b));
    assert_eq!(world.codecs_wanted(a, Source::Screen), [], "what everybody can decode needs no word");
}

#[test]
fn only_profile_0_of_vp9_is_negotiated() {
    let mut world = World::new();
    let a = world.join(1, knows_vp9());
    assert!(world.clients[a].offer.as_str().contains("profile-id=2"));

    let answer = world.answer(a);
    assert!(answer.contains("VP9/90000") && answer.contains("VP8/90000"));
    assert!(!answer.contains("profile-id=2"));
}

#[test]
fn slot_stays_continuous_while_screens_in_vp9_take_turns() {
    let mut world = World::new();
    let (a, b) = (world.join(1, knows_vp9()), world.join(1, knows_vp9()));
    let viewer = world.join(1, Profile { video_slots: 1, ..knows_vp9() });
    world.connect_all();
    for round in 0..6 {
        world.subscribe(viewer, &[([a, b][round % 2], Source::Screen, 720)]);
        world.run(2 * SECOND);
    }

    let packets = all(&world, viewer);
    assert!(packets.iter().any(|packet| usize::from(packet.from) == a));
    assert!(packets.iter().any(|packet| usize::from(packet.from) == b));
    assert!(packets.iter().all(|packet| packet.codec == Codec::Vp9));
    assert_continuous(&packets);
}

#[test]
fn slot_goes_from_one_codec_to_the_other_and_back() {
    let mut world = World::new();
    let a = world.join(1, knows_vp9());
    let viewer = world.join(1, Profile { video_slots: 1, ..knows_vp9() });
    world.connect_all();
    for round in 0..6 {
        world.subscribe(viewer, &[(a, [Source::Camera, Source::Screen][round % 2], 360)]);
        world.run(2 * SECOND);
    }

    let packets = all(&world, viewer);
    let changes = packets.windows(2).filter(|pair| pair[0].codec != pair[1].codec).count();
    assert_eq!(changes, 5);
    assert_continuous(&packets);
}

#[test]
fn layers_in_vp9_follow_the_tile_without_a_jump() {
    let mut world = World::new();
    let (a, b) = (world.join(1, knows_vp9()), world.join(1, knows_vp9()));
    world.connect_all();
    world.clients[a].set_codec(Source::Camera, Codec::Vp9);
    world.run(SECOND);
    for (height, layer) in
        [(180, Layer::Low), (360, Layer::Medium), (720, Layer::High), (360, Layer::Medium), (120, Layer::Low)]
    {
        world.subscribe(b, &[(a, Source::Camera, height)]);
        world.run_until(&format!("{layer:?} arrives for {height} pixels"), |world| {
            world.clients[b].received.last().is_some_and(|packet| packet.layer == layer)
        });
        world.run(2 * SECOND);
    }

    let packets = all(&world, b);
    assert!(packets.iter().all(|packet| packet.codec == Codec::Vp9));
    assert_continuous(&packets);
}

#[test]
fn lost_packets_of_vp9_are_sent_again() {
    let mut world = World::new();
    let (a, b) = (world.join(1, knows_vp9()), world.join(1, knows_vp9()));
    world.subscribe(b, &[(a, Source::Screen, 720)]);
    world.connect_all();
    world.impair(b, "both loss=5%");
    world.run(5 * SECOND);
    world.impair(b, "both loss=0%");
    world.run(SECOND);

    let mut seqs: Vec<u64> = all(&world, b).iter().map(|packet| packet.seq).collect();
    seqs.sort_unstable();
    seqs.dedup();
    let missing = seqs.last().unwrap() - seqs[0] + 1 - seqs.len() as u64;
    assert!(seqs.len() > 300 && missing == 0, "{missing} of {} are missing", seqs.len());
}

#[test]
fn key_frame_is_asked_for_when_the_first_one_in_another_codec_is_lost() {
    let mut world = World::new();
    let (a, b) = (world.join(1, knows_vp9()), world.join(1, knows_vp9()));
    world.subscribe(b, &[(a, Source::Screen, 720)]);
    world.connect_all();
    world.run(2 * SECOND);
    let changed = world.now;
    world.clients[a].set_codec_without_keyframe(Source::Screen, Codec::Vp8);
    world.run(SECOND);

    assert!(world.clients[a].keyframe_requests.iter().any(|(at, ..)| *at > changed));
    assert_eq!(world.clients[b].received.last().map(|packet| packet.codec), Some(Codec::Vp8));
    assert_continuous(&all(&world, b));
}

#[test]
fn receiver_that_did_not_offer_vp9_never_gets_it() {
    let mut world = World::new();
    world.obeys = false;
    let a = world.join(1, knows_vp9());
    let (old, new) = (world.join(1, knows_vp8_only()), world.join(1, knows_vp9()));
    for viewer in [old, new] {
        world.subscribe(viewer, &[(a, Source::Screen, 720), (a, Source::Camera, 180)]);
    }
    world.connect_all();
    world.run(2 * SECOND);
    let settled = world.now;
    world.run(5 * SECOND);

    assert!(world.clients[old].got(a, Source::Screen, world.start).is_empty());
    assert!(world.clients[old].got(a, Source::Camera, settled).len() > 100, "it gets what it can decode");
    assert!(world.clients[new].got(a, Source::Screen, settled).len() > 100);
    let asked = &world.clients[a].keyframe_requests;
    let vainly = asked.iter().filter(|(at, source, _)| *at > settled && *source == Source::Screen).count();
    assert_eq!(vainly, 0, "no key frame is asked for on behalf of who could not decode it");
}

#[test]
fn publisher_does_without_vp9_while_somebody_watches_who_does_not_know_it() {
    let mut world = World::new();
    let a = world.join(1, knows_vp9());
    let new = world.join(1, knows_vp9());
    world.subscribe(new, &[(a, Source::Screen, 720)]);
    world.connect_all();
    world.run(2 * SECOND);

    let old = world.join(1, knows_vp8_only());
    world.connect_all();
    world.run(SECOND);
    assert_eq!(world.codecs_wanted(a, Source::Screen), [], "who does not watch does not count");
    world.subscribe(old, &[(a, Source::Screen, 720)]);
    world.run(2 * SECOND);
    let settled = world.now;
    world.run(SECOND);
    for viewer in [old, new] {
        let packets = world.clients[viewer].got(a, Source::Screen, settled);
        assert!(packets.len() > 20 && packets.iter().all(|packet| packet.codec == Codec::Vp8));
    }

    world.subscribe(old, &[]);
    world.run(2 * SECOND);
    let settled = world.now;
    world.run(SECOND);
    let packets = world.clients[new].got(a, Source::Screen, settled);
    assert!(packets.len() > 20 && packets.iter().all(|packet| packet.codec == Codec::Vp9));

    assert_eq!(world.codecs_wanted(a, Source::Screen), [VideoCodec::Vp8, VideoCodec::Vp9]);
    for viewer in [old, new] {
        assert_continuous(&all(&world, viewer));
    }
}
