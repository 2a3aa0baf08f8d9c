//! A resume token that no server signed: it opens nothing, whatever it says.
#![no_main]

use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use sabha_conference::{ConnectionKey, Event, Input, Output, Right, Room, RoomConfig};
use sabha_protocol::{
    BootEpoch, MeetingId, ParticipantId, RequestId, RoomEpoch, limits::RESUME_WINDOW, secret::ResumeToken,
};

fuzz_target!(|text: String| {
    let Ok(token) = ResumeToken::try_from(text) else { return };
    let now = Instant::now();
    let config = RoomConfig {
        meeting: MeetingId::from_bytes([1; 20]),
        title: None,
        boot_epoch: BootEpoch(1),
        room_epoch: RoomEpoch(2),
        resume_key: [2; 32],
        removed: Vec::new(),
        next_participant: ParticipantId(1),
        claim_window: RESUME_WINDOW,
    };
    let mut room = Room::new(config, now);
    room.handle_input(
        now,
        Input::Enter {
            connection: ConnectionKey(1),
            request: RequestId(1),
            name: "Asha".parse().expect("a name"),
            right: Right::Resume(token),
        },
    );
    while let Some(output) = room.poll_output() {
        assert!(!matches!(output, Output::Send { event: Event::Admitted(_) | Event::Waiting { .. }, .. }));
    }
});
