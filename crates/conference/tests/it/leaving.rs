//! Leaving, and what the last host owes to the others.

use sabha_conference::{Command, Event, MediaCommand, Removal, Right};
use sabha_protocol::{
    Rule,
    limits::RESUME_WINDOW,
    wire::server::{CloseReason, LeaveReason},
};

use crate::{
    delivery::Edit,
    scene::{Scene, title},
};

#[test]
fn participant_leaves_and_its_place_is_given_up() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);

    scene.ask(participant.connection, Command::Leave).done();

    assert_eq!(scene.close_of(participant.connection), Some((CloseReason::Left, None)));
    let left = Event::ParticipantLeft { participant: participant.id, reason: LeaveReason::Left };
    assert_eq!(scene.events(host.connection), [left]);
    assert!(matches!(scene.media_commands()[..], [MediaCommand::Disconnect { .. }]));
    assert_eq!(scene.refused_resume(&participant), Rule::ResumeWindow);
}

/// ROOM-21
#[test]
fn who_left_comes_back_by_its_leaf_until_somebody_commits_its_removal() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    scene.ask(participant.connection, Command::Leave).done();

    let connection = scene.connection();
    let admission = scene.enter(connection, participant.device, Right::Member).admission();
    assert!(admission.in_group && admission.you > participant.id, "a new place");
    scene.ask(connection, Command::Leave).done();

    scene.commit(host.connection, &[Edit::Remove(participant.device, Removal::Left)]).done();
    assert_eq!(scene.outputs.len(), 1, "nobody of that device is here: nothing but the answer");
    let connection = scene.connection();
    assert_eq!(scene.enter(connection, participant.device, Right::Member).rule(), Rule::AdmittedOnly);
}

/// ROOM-13
#[test]
fn last_host_cannot_leave_the_others_behind_but_can_hand_over() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    assert_eq!(scene.ask(host.connection, Command::Leave).rule(), Rule::LastHost);

    scene.make_host(&host, &participant);
    scene.ask(host.connection, Command::Leave).done();

    assert_eq!(scene.ids(), [participant.id]);
    assert_eq!(
        scene.ask(participant.connection, Command::Leave).0.map(|answer| answer.event),
        Some(Event::Done)
    );
}

/// ROOM-13
#[test]
fn host_whose_connection_dropped_does_not_stand_in_for_the_last_one() {
    let mut scene = Scene::new();
    let host = scene.host();
    let other = scene.host();
    scene.participant(&host);
    scene.drop_connection(other.connection);
    assert_eq!(scene.ask(host.connection, Command::Leave).rule(), Rule::LastHost);
}

/// ROOM-13
#[test]
fn host_alone_leaves_and_the_room_stays_open() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();

    scene.ask(host.connection, Command::Leave).done();

    assert!(!scene.room.is_over());
    let waiting = Event::Waiting { you: guest.id, host_present: false, title: Some(title()) };
    assert_eq!(scene.events(guest.connection), [waiting]);
    scene.host();
}

/// ROOM-27
#[test]
fn where_a_host_ends_nobody_is_left_behind_by_one() {
    let mut scene = Scene::new();
    let host = scene.host();
    let other = scene.host();
    let participant = scene.participant(&host);
    scene.set(&host, "MEET.END.ALL", "end_only");

    assert_eq!(scene.ask(host.connection, Command::Leave).rule(), Rule::EndAll);
    scene.ask(participant.connection, Command::Leave).done();
    assert_eq!(scene.ask(other.connection, Command::Leave).rule(), Rule::EndAll);
    scene.drop_connection(other.connection);
    scene.pass(RESUME_WINDOW);
    // Whoever is alone leaves nobody.
    scene.ask(host.connection, Command::Leave).done();
}

#[test]
fn room_whose_last_host_is_lost_goes_on_until_one_comes() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let mut guest = scene.guest();
    scene.drop_connection(host.connection);
    scene.pass(RESUME_WINDOW);
    assert_eq!(scene.ids(), [participant.id]);
    assert_eq!(scene.ask(participant.connection, Command::Deny { guest: guest.id }).rule(), Rule::HostOnly);

    let host = scene.host();
    scene.admit(&host, &mut guest);
}
