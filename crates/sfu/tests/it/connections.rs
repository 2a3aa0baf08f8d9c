//! Connections come, go, are replaced and refused.

use std::time::Duration;

use sabha_protocol::{DownSlot, MediaGeneration, MediaKind, Mid, Quality, Sdp, Source, UpSlot};
use sabha_sfu::{Command, Event, PeerKey, RoomKey, Transport};

use crate::{
    client::{Client, Profile},
    world::{SHARD, World, server},
};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn answer_offers_udp_first_then_passive_tcp_and_takes_simulcast() {
    let mut world = World::new();
    let a = world.join(1, Profile::default());
    let answer = world.answer(a);

    let candidates: Vec<&str> = answer.lines().filter(|line| line.starts_with("a=candidate:")).collect();
    assert_eq!(candidates.len(), 2, "{candidates:?}");
    assert!(candidates[0].to_lowercase().contains(" udp "));
    assert!(candidates[0].contains(&server(Transport::Udp).port().to_string()));
    assert!(candidates[1].contains("tcptype passive"));
    assert!(answer.contains("a=simulcast:recv "));
    assert!(answer.contains("a=ice-lite"));
    assert!(answer.contains("a=setup:passive") && !answer.contains("a=setup:active"));
    assert!(!answer.contains("ssrc-audio-level"), "the audio level would show the speech envelope");
    assert!(!answer.contains("red/48000"));
}

#[test]
fn srtp_is_aes_gcm() {
    let mut world = World::new();
    world.records = true;
    let a = world.join(1, Profile::default());
    world.connect_all();
    world.clients[a].is_talking = true;
    world.run(SECOND);

    // RFC 5764 section 4.1.2: the server's choice stands in its ServerHello, in the clear.
    let profile = world.received_by(a).iter().find_map(|packet| use_srtp(packet)).expect("a ServerHello");
    assert!([0x0007, 0x0008].contains(&profile), "profile {profile:#06x}");
    assert_eq!(world.shard.stats().weak_profiles, 0);
}

/// Finds the `use_srtp` extension of a DTLS 1.2 ServerHello: type 14, 5 bytes, one profile, no MKI.
fn use_srtp(packet: &[u8]) -> Option<u16> {
    let is_server_hello = packet.first() == Some(&22) && packet.get(13) == Some(&2);
    let extension = |window: &&[u8]| window[..6] == [0, 14, 0, 5, 0, 2];
    let found = packet.windows(8).filter(|_| is_server_hello).find(extension)?;
    Some(u16::from_be_bytes([found[6], found[7]]))
}

#[test]
fn replaced_connection_keeps_its_audience_and_its_wants() {
    let mut world = World::new();
    let (a, b) = (world.join(1, Profile::default()), world.join(1, Profile::default()));
    world.subscribe(a, &[(b, Source::Camera, 180)]);
    world.subscribe(b, &[(a, Source::Camera, 180)]);
    world.connect_all();
    world.run(2 * SECOND);
    let told = world.events.len();
    let before = world.clients[b].received.last().cloned().unwrap();

    world.reconnect(1, a);
    let moment = world.now;
    world.connect_all();
    world.run(2 * SECOND);

    let slots = |event: &Event| matches!(event, Event::SlotsChanged { peer: PeerKey(1), .. });
    assert!(!world.events[told..].iter().any(|(_, event)| slots(event)), "b's tile must not notice");
    let packets = world.clients[b].got(a, Source::Camera, moment);
    let fresh: Vec<_> = packets.iter().skip_while(|packet| packet.frame > 50).collect();
    assert!(fresh.len() > 30, "the new connection's pictures arrive");
    assert!(fresh[0].starts_keyframe);
    assert_eq!(fresh[0].ssrc, before.ssrc);
    for pair in packets.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq + 1);
    }
    assert!(world.clients[a].got(b, Source::Camera, moment).len() > 30, "a still gets what it wanted");
}

#[test]
fn stale_generation_is_ignored() {
    let mut world = World::new();
    let a = world.join(1, Profile::default());
    world.reconnect(1, a);
    let answers = world.events.len();
    let stale = Client::new(0, ([10, 0, 9, 9], 1).into(), Profile::default(), world.now);
    world.command(connect(&stale, 1));
    assert_eq!(world.events.len(), answers);
}

#[test]
fn lost_is_told_when_a_client_vanishes_and_when_it_closes() {
    let mut world = World::new();
    let (a, b) = (world.join(1, Profile::default()), world.join(1, Profile::default()));
    world.subscribe(a, &[(b, Source::Camera, 180)]);
    world.connect_all();
    world.run(2 * SECOND);

    world.impair(a, "both loss=100%");
    let cut = world.now;
    world.run_until("a is lost", |world| world.has_lost(a));
    assert!(world.now - cut < 6 * SECOND, "video flowed, so silence is noticed within seconds");

    world.clients[b].rtc.close().unwrap();
    world.clients[b].wake = world.now;
    let closed = world.now;
    world.run_until("b is lost", |world| world.has_lost(b));
    assert!(world.now - closed < SECOND);
    assert_eq!(world.shard.stats().peers, 0);
}

#[test]
fn idle_client_that_only_checks_consent_is_not_lost() {
    let mut world = World::new();
    let a = world.join(1, Profile { sources: vec![], ..Profile::default() });
    world.connect_all();
    world.run(60 * SECOND);
    assert!(!world.has_lost(a));
}

#[test]
fn changed_address_of_a_client_is_followed() {
    let mut world = World::new();
    let (a, b) = (world.join(1, Profile::default()), world.join(1, Profile::default()));
    world.subscribe(b, &[(a, Source::Camera, 180)]);
    world.connect_all();
    world.run(SECOND);

    // A NAT gives the client another outer port; the client does not know.
    world.clients[a].outer_address = ([10, 0, 1, 77], 7777).into();
    world.run(8 * SECOND);
    let since = world.now;
    world.run(2 * SECOND);
    assert!(world.clients[b].got(a, Source::Camera, since).len() > 40);
    assert!(!world.has_lost(a));
}

#[test]
fn disconnected_peer_is_forgotten_and_sees_its_connection_close() {
    let mut world = World::new();
    let (a, b) = (world.join(1, Profile::default()), world.join(1, Profile::default()));
    world.subscribe(b, &[(a, Source::Camera, 180)]);
    world.connect_all();
    world.run(SECOND);
    world.command(Command::Disconnect { peer: PeerKey(a as u64) });
    assert_eq!(world.occupants(b), []);
    world.run(SECOND);
    assert!(world.clients[a].is_closed);

    world.command(Command::Disconnect { peer: PeerKey(b as u64) });
    let stats = world.shard.stats();
    assert_eq!((stats.rooms, stats.peers), (0, 0));
}

#[test]
fn quality_is_told_when_the_link_gets_bad_and_when_it_recovers() {
    let mut world = World::new();
    let (a, b) = (world.join(1, Profile::default()), world.join(1, Profile::default()));
    world.subscribe(b, &[(a, Source::Camera, 180)]);
    world.connect_all();
    world.run(3 * SECOND);
    assert_eq!(world.last_quality(b), None);
    world.impair(b, "both loss=15%");
    world.run(8 * SECOND);
    assert_eq!(world.last_quality(b), Some(Quality::Poor));
    world.impair(b, "both loss=0%");
    world.run(15 * SECOND);
    assert_eq!(world.last_quality(b), Some(Quality::Good));
}

fn connect(client: &Client, generation: u32) -> Command {
    Command::Connect {
        room: RoomKey(1),
        home: SHARD,
        peer: PeerKey(0),
        generation: MediaGeneration(generation),
        offer: client.offer.clone(),
        up: client.up.clone(),
        down: client.down.clone(),
        publishing: Default::default(),
    }
}

/// Sends an offer that was tampered with, and returns the reason for which it is refused.
fn refusal(tamper: impl FnOnce(&mut String, &mut Vec<UpSlot>, &mut Vec<DownSlot>)) -> Option<String> {
    let mut world = World::new();
    let mut client = Client::new(0, ([10, 0, 9, 9], 1).into(), Profile::default(), world.now);
    let mut offer = String::from(client.offer.clone());
    tamper(&mut offer, &mut client.up, &mut client.down);
    client.offer = Sdp::try_from(offer).unwrap();
    world.answers = false;
    world.command(connect(&client, 1));
    world.events.iter().find_map(|(_, event)| match event {
        Event::OfferRefused { reason, .. } => Some(reason.clone()),
        _ => None,
    })
}

#[test]
fn offer_of_another_shape_is_refused_with_a_reason() {
    let mid = |text: &str| Mid::try_from(text.to_owned()).unwrap();
    assert_eq!(refusal(|_, _, _| {}), None);
    let expect = |reason: Option<String>, part: &str| {
        let reason = reason.unwrap_or_else(|| panic!("not refused: {part}"));
        assert!(reason.contains(part), "{reason:?} does not say {part:?}");
    };
    expect(refusal(|offer, _, _| *offer = "rubbish".into()), "sections");
    expect(refusal(|_, up, _| up[0].mid = mid("other")), "missing");
    expect(refusal(|_, up, _| up[0].source = Source::Screen), "wrong kind");
    expect(refusal(|_, _, down| down[0].kind = MediaKind::Video), "wrong kind");
    expect(refusal(|offer, _, _| *offer = offer.replace("a=sendonly", "a=sendrecv")), "direction");
    expect(refusal(|offer, _, _| *offer = offer.replace("a=recvonly", "a=sendonly")), "direction");
    expect(refusal(|offer, _, _| *offer = offer.replace("a=setup:actpass", "a=setup:passive")), "passive");
    expect(refusal(|_, up, _| up[1].source = Source::Microphone), "twice");
    expect(refusal(|_, _, down| drop(down.pop())), "sections");
    expect(refusal(|offer, _, _| *offer = offer.replace("VP8", "AV1")), "rejected");
    let rid = |offer: &mut String, _: &mut Vec<_>, _: &mut Vec<_>| {
        *offer = offer.replace("a=rid:l ", "a=rid:x ").replace("a=simulcast:send l;", "a=simulcast:send x;");
    };
    expect(refusal(rid), "rids");
}
