//! Junk, forgeries and replays leave the others untouched and the shard's memory bounded.

use std::time::Duration;

use sabha_protocol::Source;
use sabha_sfu::DropReason;

use crate::{client::Profile, world::World};

const SECOND: Duration = Duration::from_secs(1);

/// Two clients who see each other, connected, with everything they sent on record.
fn meeting() -> (World, usize, usize) {
    let mut world = World::new();
    world.records = true;
    let (a, b) = (world.join(1, Profile::default()), world.join(1, Profile::default()));
    world.subscribe(a, &[(b, Source::Camera, 180)]);
    world.subscribe(b, &[(a, Source::Camera, 180)]);
    world.connect_all();
    world.run(2 * SECOND);
    (world, a, b)
}

/// Counts the picture packets that arrive in two seconds while `attack` runs every 10 ms.
fn under_attack(world: &mut World, a: usize, b: usize, mut attack: impl FnMut(&mut World, u32)) -> usize {
    let start = world.now;
    for round in 0..200 {
        attack(world, round);
        world.run(Duration::from_millis(10));
    }
    world.clients[b].got(a, Source::Camera, start).len()
}

#[test]
fn junk_is_dropped_without_a_reply_or_a_trace() {
    let (mut world, a, b) = meeting();
    let state = format!("{:?}", world.shard).len();
    let mut seed = 1u32;
    let packets = under_attack(&mut world, a, b, |world, round| {
        for first in 0..=255u8 {
            let mut junk = vec![first];
            for _ in 0..seed % 60 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                junk.push((seed >> 24) as u8);
            }
            let source = ([172, 16, (round % 256) as u8, first], 1024 + round as u16).into();
            let sent = world.shard.stats().packets_out;
            world.inject(source, &junk);
            assert_eq!(world.shard.stats().packets_out, sent, "junk got a reply");
        }
    });

    assert!(packets > 55, "{packets} picture packets in 2 s");
    let stats = world.shard.stats();
    let dropped: u64 = DropReason::ALL.iter().map(|reason| stats.dropped(*reason)).sum();
    assert!(dropped >= 200 * 256);
    // Everything a shard remembers shows in its debug form; connections fluctuate, a trace per packet would not.
    let grown = format!("{:?}", world.shard).len().saturating_sub(state);
    assert!(grown < state / 2 + 200_000, "the shard's state grew by {grown} from {state}");
}

#[test]
fn stun_with_a_wrong_ufrag_or_password_gets_no_reply() {
    let (mut world, a, b) = meeting();
    let request = world.sent.iter().find(|(client, packet)| *client == a && packet[..2] == [0, 1]);
    let request = request.map(|(_, packet)| packet.clone()).expect("a sent a binding request");
    let packets = under_attack(&mut world, a, b, |world, round| {
        let source = ([172, 16, 0, round as u8], 9).into();
        let sent = world.shard.stats().packets_out;
        // All but the FINGERPRINT at the end, which protects nothing (RFC 8489 section 14.7).
        for at in 20..request.len() - 8 {
            let mut forged = request.clone();
            forged[at] ^= 1;
            world.inject(source, &forged);
        }
        assert_eq!(world.shard.stats().packets_out, sent, "a forged request got a reply");
    });

    assert!(packets > 55, "{packets} picture packets in 2 s");
    assert!(world.shard.stats().dropped(DropReason::UnknownUfrag) > 1000);
    world.clients[a].received.clear();
    world.run(SECOND);
    assert!(!world.clients[a].received.is_empty(), "a's own path still works");
}

#[test]
fn replayed_media_is_not_forwarded_again() {
    let (mut world, a, b) = meeting();
    let media: Vec<Vec<u8>> = world
        .sent
        .iter()
        .filter(|(client, packet)| *client == a && (128..192).contains(&packet[0]))
        .map(|(_, packet)| packet.clone())
        .collect();
    assert!(media.len() > 100);
    let address = world.clients[a].address;
    let start = world.now;
    let packets = under_attack(&mut world, a, b, |world, round| {
        for packet in media.iter().skip(round as usize % 100).take(100) {
            // From the client's own address, and from elsewhere.
            world.inject(address, packet);
            world.inject(([172, 16, 0, 1], 9).into(), packet);
        }
    });

    assert!((55..=66).contains(&packets), "{packets} picture packets in 2 s");
    let mut seqs: Vec<u64> =
        world.clients[b].got(a, Source::Camera, start).iter().map(|packet| packet.seq).collect();
    let count = seqs.len();
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!(seqs.len(), count, "something was forwarded twice");
    assert!(world.shard.stats().dropped(DropReason::UnknownSource) > 10_000);
}

#[test]
fn client_that_keeps_changing_its_streams_is_cut_off_and_the_others_go_on() {
    let (mut world, a, b) = meeting();
    let c = world.join(1, Profile::default());
    world.connect_all();
    world.subscribe(c, &[(b, Source::Camera, 180)]);
    world.run(SECOND);
    let start = world.now;
    for _ in 0..200 {
        world.clients[a].change_ssrc(Source::Camera);
        world.run(Duration::from_millis(40));
    }

    assert!(world.has_lost(a));
    assert!(!world.has_lost(b) && !world.has_lost(c));
    assert!(world.clients[c].got(b, Source::Camera, start).len() > 200);
}

#[test]
fn unauthenticated_packets_from_a_proven_address_reach_nobody() {
    let (mut world, a, b) = meeting();
    let address = world.clients[a].address;
    let mut ssrc = 1u32;
    let packets = under_attack(&mut world, a, b, |world, _| {
        for _ in 0..300 {
            ssrc = ssrc.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut forged = vec![0x80, 96, 0, 1, 0, 0, 0, 1];
            forged.extend(ssrc.to_be_bytes());
            forged.extend([7; 100]);
            world.inject(address, &forged);
        }
    });

    assert!((55..=66).contains(&packets), "{packets} picture packets in 2 s");
    assert_eq!(world.shard.stats().panics, 0);
}
