//! Coming back after a dropped connection, and after a restart.

use std::time::Duration;

use sabha_conference::{Command, Event, MediaCommand, Right};
use sabha_protocol::{
    BootEpoch, MediaState, ParticipantId, RoomEpoch, Rule, Source,
    limits::RESUME_WINDOW,
    secret::ResumeToken,
    wire::server::{CloseReason, LeaveReason, Presence, Role},
};

use crate::{
    delivery::{Edit, device},
    scene::{ALL_ON, Scene, offer},
};

const MUTED: MediaState = MediaState { microphone: false, ..ALL_ON };

/// ROOM-09
#[test]
fn dropped_one_comes_back_to_its_place_and_media_is_not_touched_meanwhile() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut participant = scene.participant(&host);

    scene.drop_connection(participant.connection);
    assert!(scene.media_commands().is_empty());
    let [Event::ParticipantChanged { participant: view }] = &scene.events(host.connection)[..] else {
        panic!("the room is told")
    };
    assert_eq!(view.presence, Presence::Reconnecting);

    scene.pass(RESUME_WINDOW - Duration::from_millis(1));
    let admission = scene.resume(&mut participant);
    assert_eq!((admission.you, admission.role), (participant.id, Role::Participant));
    scene.join(participant.connection);
    assert!(
        matches!(scene.media_commands()[..], [MediaCommand::Connect { generation, .. }] if generation.0 == 2)
    );
    let [Event::ParticipantChanged { participant: view }] = &scene.events(host.connection)[..] else {
        panic!("the room is told")
    };
    assert_eq!(view.presence, Presence::Connected);
}

/// ROOM-09
#[test]
fn place_is_given_up_when_the_window_closes() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    scene.drop_connection(participant.connection);

    scene.pass(RESUME_WINDOW);

    let left = Event::ParticipantLeft { participant: participant.id, reason: LeaveReason::Lost };
    assert_eq!(scene.events(host.connection), [left]);
    assert!(
        matches!(scene.media_commands()[..], [MediaCommand::Disconnect { participant: id }] if *id == participant.id)
    );
    assert_eq!(scene.refused_resume(&participant), Rule::ResumeWindow);
}

/// ROOM-09
#[test]
fn window_closes_on_time_even_if_the_timer_is_late() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    scene.drop_connection(participant.connection);

    scene.now += RESUME_WINDOW;

    assert_eq!(scene.refused_resume(&participant), Rule::ResumeWindow);
}

/// ROOM-09
#[test]
fn token_that_was_replaced_resumes_nothing() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut participant = scene.participant(&host);
    let older = participant.token.clone().expect("a token");
    scene.drop_connection(participant.connection);
    scene.resume(&mut participant);
    scene.join(participant.connection);
    scene.ask(participant.connection, Command::SetMedia { media: ALL_ON }).done();

    assert_eq!(scene.refused_token(participant.device, older), Rule::ResumeWindow);
    assert_eq!(scene.close_of(participant.connection), None, "and disturbs nobody");
}

/// ROOM-09
#[test]
fn token_spent_on_a_connection_that_died_before_it_answered_is_good_again() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut participant = scene.participant(&host);
    let spent = participant.token.clone();
    for _ in 0..3 {
        scene.drop_connection(participant.connection);
        participant.token = spent.clone();
        assert_eq!(scene.resume(&mut participant).you, participant.id);
        scene.join(participant.connection);
    }

    scene.ask(participant.connection, Command::SetMedia { media: ALL_ON }).done();
    assert_eq!(scene.refused_token(participant.device, spent.expect("a token")), Rule::ResumeWindow);
}

/// ROOM-09
#[test]
fn resuming_closes_a_connection_that_still_lives() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut participant = scene.participant(&host);
    let old = participant.connection;

    scene.resume(&mut participant);

    assert_eq!(scene.close_of(old), Some((CloseReason::Replaced, None)));
    scene.drop_connection(old);
    assert!(scene.outputs.is_empty(), "the end of the old one means nothing any more");
}

/// ROOM-09
#[test]
fn token_of_another_meeting_or_server_is_refused() {
    let mut scene = Scene::new();
    let mut config = crate::scene::config();
    config.resume_key = [8; 32];
    let mut elsewhere = Scene::with(config);
    let mut config = crate::scene::config();
    config.meeting = sabha_protocol::MeetingId::from_bytes([9; 20]);
    let mut other_meeting = Scene::with(config);

    for stranger in [elsewhere.host(), other_meeting.host()] {
        assert_eq!(scene.refused_resume(&stranger), Rule::ResumeWindow);
    }
}

/// ROOM-11
#[test]
fn joining_again_cannot_switch_on_what_was_off() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut participant = scene.participant(&host);
    scene.ask(participant.connection, Command::SetMedia { media: MUTED }).done();
    scene.drop_connection(participant.connection);

    assert_eq!(scene.resume(&mut participant).media_allowed, MUTED);
    let Event::Joined { media, .. } = scene.join(participant.connection) else { panic!("joined") };

    assert_eq!(media, MUTED);
    let [MediaCommand::Connect { publishing, .. }] = scene.media_commands()[..] else { panic!("connected") };
    assert_eq!(*publishing, MUTED);
    scene.ask(participant.connection, Command::SetMedia { media: ALL_ON }).done();
}

/// ROOM-11
#[test]
fn mute_between_drop_and_return_holds() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut participant = scene.participant(&host);
    scene.media_answers = false;
    scene.drop_connection(participant.connection);
    scene.resume(&mut participant);
    scene.ask(participant.connection, Command::Join { offer: offer(), media: ALL_ON });
    let request = scene.request();

    let mute = Command::Mute { participant: participant.id, source: Source::Microphone };
    scene.ask(host.connection, mute).done();
    assert!(
        matches!(scene.media_commands()[..], [MediaCommand::SetPublishing { media, .. }] if *media == MUTED)
    );

    scene.answer_media(participant.id, 2);
    let Event::Joined { media, .. } = scene.answer(participant.connection, request).event() else {
        panic!("joined")
    };
    assert_eq!(media, MUTED);
}

/// ROOM-10, ROOM-11
#[test]
fn place_of_an_earlier_epoch_is_claimed_once_and_as_it_was_left() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut participant = scene.participant(&host);
    let first_token = participant.token.clone().expect("a token");
    scene.ask(participant.connection, Command::SetMedia { media: MUTED }).done();
    scene.take_renewed_token(&mut participant);
    scene.restart();

    let admission = scene.resume(&mut participant);
    assert_eq!((admission.you, admission.media_allowed), (participant.id, MUTED));
    assert_eq!(admission.room_epoch.0, 2);
    assert!(!admission.in_group, "the first group does not know it");
    scene.adopt(participant.connection).done();
    let Event::Joined { media, .. } = scene.join(participant.connection) else { panic!("joined") };
    assert_eq!(media, MUTED);

    assert_eq!(scene.refused_token(participant.device, first_token), Rule::ResumeWindow);
    scene.drop_connection(participant.connection);
    assert_eq!(scene.resume(&mut participant).you, participant.id, "the new token resumes as usual");
}

/// ROOM-09, ROOM-11
#[test]
fn token_that_was_renewed_but_never_arrived_does_not_cost_the_place() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut participant = scene.participant(&host);
    scene.ask(participant.connection, Command::SetMedia { media: MUTED }).done();
    scene.drop_connection(participant.connection);

    assert_eq!(scene.resume(&mut participant).media_allowed, MUTED, "the room knows better than the token");
}

/// ROOM-11
#[test]
fn mute_by_a_host_outlives_a_restart() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut participant = scene.participant(&host);
    let mute = Command::Mute { participant: participant.id, source: Source::Microphone };
    scene.ask(host.connection, mute).done();
    scene.take_renewed_token(&mut participant);
    scene.restart();

    assert_eq!(scene.resume(&mut participant).media_allowed, MUTED);
}

/// ROOM-11
#[test]
fn mute_of_one_that_is_about_to_join_outlives_a_restart() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut participant = scene.participant(&host);
    scene.drop_connection(participant.connection);
    scene.resume(&mut participant);
    let mute = Command::Mute { participant: participant.id, source: Source::Microphone };
    scene.ask(host.connection, mute).done();
    scene.take_renewed_token(&mut participant);
    scene.restart();

    assert_eq!(scene.resume(&mut participant).media_allowed, MUTED);
}

/// ROOM-11, ROOM-22
#[test]
fn source_that_was_allowed_no_longer_stays_off_over_a_restart() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut participant = scene.participant(&host);
    scene.commit(host.connection, &[Edit::Allow(participant.device, MUTED)]).done();
    scene.take_renewed_token(&mut participant);
    scene.restart();

    assert_eq!(scene.resume(&mut participant).media_allowed, MUTED);
}

/// ROOM-10, ROOM-25
#[test]
fn role_after_a_restart_is_what_the_group_says_by_then() {
    let mut scene = Scene::new();
    let mut first = scene.host();
    let mut made = scene.participant(&first);
    scene.make_host(&first, &made);
    scene.restart();

    let admission = scene.resume(&mut first);
    assert_eq!((admission.role, admission.in_group), (Role::Host, true));
    let admission = scene.resume(&mut made);
    assert_eq!((admission.role, admission.in_group), (Role::Participant, false));

    scene.adopt(made.connection).done();
    let Event::Joined { participants, .. } = scene.join(made.connection) else { panic!("joined") };
    assert_eq!(participants[0].role, Role::Host);
}

/// ROOM-10, ROOM-22
#[test]
fn place_of_an_earlier_epoch_is_worth_nothing_outside_of_the_group() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut participant = scene.participant(&host);
    scene.restart();
    scene.resume(&mut participant);

    let join = Command::Join { offer: offer(), media: ALL_ON };
    assert_eq!(scene.ask(participant.connection, join).rule(), Rule::AdmittedOnly);
    assert_eq!(scene.ids(), []);
    scene.pass(RESUME_WINDOW);
    assert_eq!(scene.close_of(participant.connection), Some((CloseReason::Misbehaved, None)));
}

/// ROOM-10, ROOM-21
#[test]
fn device_that_came_by_its_key_after_a_restart_claims_no_second_place() {
    let mut scene = Scene::new();
    let host = scene.host();
    scene.restart();
    let connection = scene.connection();
    scene.enter(connection, host.device, Right::Member).admission();

    assert_eq!(scene.refused_resume(&host), Rule::ResumeWindow);
    assert_eq!(scene.close_of(connection), None);
}

/// ROOM-09
#[test]
fn token_in_the_hands_of_another_device_resumes_nothing() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let thief = scene.participant(&host);
    let token = participant.token.clone().expect("a token");

    assert_eq!(scene.refused_token(thief.device, token.clone()), Rule::ResumeWindow);
    assert_eq!(scene.close_of(participant.connection), None);
    scene.restart();
    assert_eq!(scene.refused_token(thief.device, token), Rule::ResumeWindow);
}

/// ROOM-09, ROOM-11, ROOM-21
#[test]
fn device_that_comes_by_its_key_takes_its_place_over_as_it_is() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut participant = scene.participant(&host);
    scene.ask(participant.connection, Command::SetMedia { media: MUTED }).done();
    let before = participant.connection;

    participant.connection = scene.connection();
    let admission = scene.enter(participant.connection, participant.device, Right::Member).admission();
    assert_eq!((admission.you, admission.media_allowed), (participant.id, MUTED));
    assert_eq!(scene.close_of(before), Some((CloseReason::Replaced, None)));

    scene.drop_connection(participant.connection);
    assert_eq!(
        scene.resume(&mut participant).you,
        participant.id,
        "the token before is good while the new is lost"
    );
    participant.token = Some(admission.resume);
    assert_eq!(scene.refused_resume(&participant), Rule::ResumeWindow);
}

/// ROOM-21, ROOM-23
#[test]
fn reloaded_member_gets_a_new_leaf_from_outside_and_keeps_its_place() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let connection = scene.connection();
    scene.enter(connection, participant.device, Right::Granted).admission();

    scene.commit(connection, &[Edit::Come(participant.device)]).done();

    assert_eq!(scene.close_of(connection), None);
    assert!(
        matches!(scene.events(host.connection)[..], [Event::Handshake { from, .. }] if from == participant.id)
    );
    assert!(matches!(scene.join(connection), Event::Joined { .. }));
    assert_eq!(scene.ids(), [host.id, participant.id]);
}

/// ROOM-10
#[test]
fn room_that_failed_and_was_opened_again_by_the_same_process_gives_places_back() {
    let mut scene = Scene::new();
    let mut host = scene.host();
    scene.reopen(BootEpoch(1), RoomEpoch(2));
    assert_eq!(scene.resume(&mut host).you, host.id);
}

/// ROOM-10
#[test]
fn token_from_the_future_is_refused() {
    // The storage was put back to an older state, so this epoch was lived through before.
    for (boot, room) in
        [(BootEpoch(2), RoomEpoch(1)), (BootEpoch(1), RoomEpoch(2)), (BootEpoch(0), RoomEpoch(3))]
    {
        let mut scene = Scene::new();
        scene.restart();
        let host = scene.host();
        scene.reopen(boot, room);

        assert_eq!(scene.refused_resume(&host), Rule::ResumeWindow);
    }
}

/// ROOM-10
#[test]
fn place_of_an_earlier_epoch_cannot_be_claimed_after_the_window() {
    let mut scene = Scene::new();
    let host = scene.host();
    scene.restart();
    scene.now += RESUME_WINDOW;

    assert_eq!(scene.refused_resume(&host), Rule::ResumeWindow);
}

/// ROOM-16
#[test]
fn ids_go_on_after_a_restart() {
    let mut scene = Scene::new();
    let host = scene.host();
    scene.guest();
    scene.restart();
    assert!(scene.guest().id > ParticipantId(64), "the block of the earlier epoch is spent");
    assert_eq!(host.id, ParticipantId(1));
}

/// ROOM-09
#[test]
fn text_that_is_no_token_is_refused() {
    let mut scene = Scene::new();
    for text in ["v2.", "v2.AAAA", "x", "v1.abc"] {
        let token = ResumeToken::try_from(text.to_owned()).unwrap();
        assert_eq!(scene.refused_token(device(0), token), Rule::ResumeWindow);
    }
}
