//! A resume token that no server signed: it opens nothing, whatever it says.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use sabha_conference::{
    ConnectionKey, Event, GroupMember, GroupView, Input, Output, Right, Room, RoomConfig, Visitor,
};
use sabha_policy::Controls;
use sabha_protocol::{
    BootEpoch, DeviceKey, GroupEpoch, MediaState, MeetingId, ParticipantId, RequestId, RoomEpoch,
    limits::RESUME_WINDOW, secret::ResumeToken, wire::server::Role,
};

fuzz_target!(|text: String| {
    let Ok(token) = ResumeToken::try_from(text) else { return };
    let now = Instant::now();
    // Even from the device of a member, and with every right.
    let device = DeviceKey::from_bytes([3; 32]);
    let allowed = MediaState { microphone: true, camera: true, screen: true, screen_audio: true };
    let member = GroupMember { device, role: Role::Host, allowed };
    let config = RoomConfig {
        meeting: MeetingId::from_bytes([1; 20]),
        title: None,
        group: GroupView {
            epoch: GroupEpoch(1),
            members: vec![member],
            controls: Controls::default(),
            floor: Controls::default(),
            suspended: false,
            banned: std::collections::BTreeSet::new(),
        },
        floor: Controls::default(),
        boot_epoch: BootEpoch(1),
        room_epoch: RoomEpoch(2),
        resume_key: [2; 32],
        removed: Vec::new(),
        banned_accounts: Vec::new(),
        next_participant: ParticipantId(1),
        claim_window: RESUME_WINDOW,
        kept_for: Duration::ZERO,
    };
    let mut room = Room::new(config, now);
    room.handle_input(
        now,
        Input::Enter {
            connection: ConnectionKey(1),
            request: RequestId(1),
            device,
            right: Right::Resume(token),
            visitor: Visitor::default(),
        },
    );
    while let Some(output) = room.poll_output() {
        assert!(!matches!(output, Output::Send { event: Event::Admitted(_) | Event::Waiting { .. }, .. }));
    }
});
