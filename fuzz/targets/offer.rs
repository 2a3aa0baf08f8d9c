//! A client's offer, over Sabha's own packet path. It is answered or refused with a reason, and a bug in reading it
//! would cost no room.
#![no_main]

use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use sabha_protocol::{DownSlot, MediaGeneration, MediaKind, MediaState, Mid, Sdp, Source, UpSlot};
use sabha_sfu::{
    Command, Event, Input, Output, PacketPath, PeerKey, RoomKey, Shard, ShardConfig, ShardIndex,
};

fuzz_target!(|text: &str| {
    let now = Instant::now();
    let address = "192.0.2.1:3478".parse().expect("an address");
    let config = ShardConfig {
        shard: ShardIndex(0),
        udp: vec![address],
        tcp: vec![address],
        path: PacketPath::Own,
        voices: 3,
        seed: [7; 32],
    };
    let mut shard = Shard::new(config, now);
    let Ok(offer) = Sdp::try_from(text.to_owned()) else { return };
    let mid = |mid: &str| Mid::try_from(mid.to_owned()).expect("a mid");
    shard.handle_input(
        now,
        Input::Command(Command::Connect {
            room: RoomKey(1),
            home: ShardIndex(0),
            peer: PeerKey(1),
            generation: MediaGeneration(1),
            offer,
            up: vec![UpSlot { mid: mid("0"), source: Source::Camera }],
            down: vec![DownSlot { mid: mid("1"), kind: MediaKind::Audio }],
            publishing: MediaState::default(),
        }),
    );
    let mut said = 0;
    loop {
        match shard.poll_output() {
            Output::Timeout(_) => break,
            Output::Event(Event::Answered { .. } | Event::OfferRefused { .. }) => said += 1,
            Output::Event(_) | Output::Relay { .. } | Output::Transmit { .. } => {}
        }
    }
    assert_eq!((said, shard.stats().panics), (1, 0));
});
