//! Media passes, in both directions and as it was.

use std::collections::BTreeSet;

use sabha_protocol::{Layer, Source};
use sabha_sfu::Event;

use crate::{
    call::{Call, FOREIGN, SECOND},
    foreign::Camera,
};

#[test]
fn srtp_is_aes_gcm() {
    let call = Call::new(Camera::Single, 180);

    // RFC 5764 section 4.1.2: the server's choice stands in its ServerHello, in the clear.
    let profile = call.handshake.iter().find_map(|packet| use_srtp(packet)).expect("a ServerHello");
    assert!([0x0007, 0x0008].contains(&profile), "profile {profile:#06x}");
    let stats = call.world.shard.stats();
    assert_eq!((stats.connections, stats.weak_profiles), (2, 0));
}

/// Finds the `use_srtp` extension of a DTLS 1.2 ServerHello: type 14, 5 bytes, one profile, no MKI.
fn use_srtp(packet: &[u8]) -> Option<u16> {
    let is_server_hello = packet.first() == Some(&22) && packet.get(13) == Some(&2);
    let extension = |window: &&[u8]| window[..6] == [0, 14, 0, 5, 0, 2];
    let found = packet.windows(8).filter(|_| is_server_hello).find(extension)?;
    Some(u16::from_be_bytes([found[6], found[7]]))
}

#[test]
fn sound_and_pictures_pass_both_ways_unchanged() {
    let mut call = Call::new(Camera::Single, 180);
    call.run(SECOND);
    let start = call.now();
    call.run(3 * SECOND);

    for (source, least) in [(Source::Microphone, 145), (Source::Camera, 85)] {
        let there = call.foreign.got(0, source, start);
        assert!(there.len() >= least, "{} packets of {source:?} at the foreign peer", there.len());
        let (step, per_frame) = if source == Source::Camera { (2970, 1) } else { (960, 1) };
        for pair in there.windows(2) {
            let ((frame, before), (next, after)) = (pair[0], pair[1]);
            assert_eq!(after.ssrc, before.ssrc);
            assert_eq!(after.seq, before.seq.wrapping_add(1), "{source:?}");
            assert_eq!(next - frame, per_frame, "{source:?}: each frame once, in order");
            assert_eq!(after.timestamp.wrapping_sub(before.timestamp), step, "{source:?}");
            assert!(after.marker);
        }

        let here = call.world.clients[0].got(usize::from(call.foreign.number), source, start);
        let least = if source == Source::Camera { 5 * least } else { least };
        assert!(here.len() >= least, "{} packets of {source:?} at the client", here.len());
        for pair in here.windows(2) {
            assert_eq!(pair[1].seq, pair[0].seq + 1, "{source:?}");
            assert!(pair[1].frame - pair[0].frame <= 1, "{source:?}");
        }
    }
    let pictures =
        call.world.clients[0].got(usize::from(call.foreign.number), Source::Camera, call.world.start);
    assert!(pictures[0].starts_keyframe);
}

#[test]
fn layers_named_by_extensions_are_told_apart_and_chosen_among() {
    let mut call = Call::new(Camera::Simulcast, 180);
    call.run(2 * SECOND);
    let layers = |call: &Call, since| -> BTreeSet<Layer> {
        let pictures = call.world.clients[0].got(usize::from(call.foreign.number), Source::Camera, since);
        pictures.iter().map(|packet| packet.layer).collect()
    };
    let start = call.now();
    call.run(2 * SECOND);
    assert_eq!(layers(&call, start), BTreeSet::from([Layer::Low]));

    call.world.subscribe(0, &[(FOREIGN.0 as usize, Source::Camera, 720)]);
    call.run_until("the best layer arrives", |call| {
        layers(call, call.now() - SECOND / 10).contains(&Layer::High)
    });
    let wanted = call.layers_wanted().expect("the publisher is told which layers are watched");
    assert!(wanted.contains(&Layer::High), "{wanted:?}");
}

#[test]
fn closed_connection_is_lost_at_once() {
    let mut call = Call::new(Camera::Single, 180);
    call.run(SECOND);
    call.foreign.close();
    call.run(SECOND);
    let lost = |event: &Event| matches!(event, Event::Lost { peer: FOREIGN, .. });
    assert!(call.world.events.iter().any(|(_, event)| lost(event)));
}

#[test]
fn end_of_a_connection_is_seen_by_the_peer() {
    let mut call = Call::new(Camera::Single, 180);
    call.run(SECOND);
    call.world.command(sabha_sfu::Command::Disconnect { peer: FOREIGN });
    call.run(SECOND);
    assert!(call.foreign.is_closed());
}

#[test]
fn connection_over_which_nobody_sends_is_kept() {
    let mut call = Call::new(Camera::Single, 180);
    // Consent checks (RFC 7675) alone keep it: nobody sends, and nobody is sent anything.
    call.foreign.is_sending = false;
    call.world.clients[0].is_sending = false;
    call.run(40 * SECOND);
    assert!(!call.foreign.has_ended);
    assert!(!call.world.has_lost(FOREIGN.0 as usize));
}
