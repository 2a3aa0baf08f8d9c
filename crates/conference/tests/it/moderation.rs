//! Removing, muting, making hosts.

use sabha_conference::{Command, Event, MediaCommand, Record, Right};
use sabha_protocol::{
    MediaState, ParticipantId, Rule, Source,
    wire::server::{CloseReason, LeaveReason, Role},
};

use crate::scene::{ALL_ON, Scene, name};

/// ROOM-07
#[test]
fn removed_one_is_out_at_once_and_the_host_hears_it_once_it_is_durable() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    scene.storage_works = false;

    let answer = scene.ask(host.connection, Command::Remove { participant: participant.id });

    assert!(answer.0.is_none(), "not yet durable");
    assert_eq!(scene.close_of(participant.connection), Some((CloseReason::Removed, Some(name("Asha")))));
    assert!(
        matches!(scene.media_commands()[..], [MediaCommand::Disconnect { participant: id }] if *id == participant.id)
    );
    let left = Event::ParticipantLeft { participant: participant.id, reason: LeaveReason::Removed };
    assert_eq!(scene.events(host.connection), [left]);
    assert_eq!(scene.ids(), [host.id]);

    let request = scene.request();
    scene.store(true);
    scene.answer(host.connection, request).done();
    assert!(scene.stored.contains(&Record::Removed { participant: participant.id }));
}

/// ROOM-07
#[test]
fn removal_that_cannot_be_stored_is_refused_but_holds() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    scene.storage_works = false;
    scene.ask(host.connection, Command::Remove { participant: participant.id });
    let request = scene.request();

    scene.store(false);

    assert_eq!(scene.answer(host.connection, request).rule(), Rule::Storage);
    let connection = scene.connection();
    let token = participant.token.expect("a token");
    assert_eq!(scene.enter(connection, Right::Resume(token)).rule(), Rule::RemovedStaysOut);
}

/// ROOM-07
#[test]
fn removed_one_stays_out_after_a_restart() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    scene.ask(host.connection, Command::Remove { participant: participant.id }).done();

    scene.restart();

    let connection = scene.connection();
    let token = participant.token.expect("a token");
    assert_eq!(scene.enter(connection, Right::Resume(token)).rule(), Rule::RemovedStaysOut);
}

/// ROOM-07
#[test]
fn who_was_admitted_by_mistake_is_removed_before_it_joins() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    scene.admit(&host, &mut guest);

    scene.ask(host.connection, Command::Remove { participant: guest.id }).done();

    assert_eq!(scene.close_of(guest.connection), Some((CloseReason::Removed, Some(name("Asha")))));
}

/// ROOM-06
#[test]
fn nobody_removes_or_mutes_a_host_or_themselves() {
    let mut scene = Scene::new();
    let host = scene.host();
    let other = scene.host();

    for target in [host.id, other.id] {
        for command in [
            Command::Remove { participant: target },
            Command::Mute { participant: target, source: Source::Microphone },
            Command::MakeHost { participant: target },
        ] {
            assert_eq!(scene.ask(host.connection, command).rule(), Rule::NotThisTarget);
        }
    }
    assert_eq!(scene.ids(), [host.id, other.id]);
}

/// ROOM-04
#[test]
fn participant_moderates_nobody() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let other = scene.participant(&host);

    for command in [
        Command::Remove { participant: other.id },
        Command::Mute { participant: other.id, source: Source::Camera },
        Command::MakeHost { participant: participant.id },
        Command::End,
    ] {
        assert_eq!(scene.ask(participant.connection, command).rule(), Rule::HostOnly);
    }
}

#[test]
fn target_must_be_in_the_room() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();

    for target in [guest.id, ParticipantId(999)] {
        for command in [
            Command::Remove { participant: target },
            Command::Mute { participant: target, source: Source::Microphone },
            Command::MakeHost { participant: target },
        ] {
            assert_eq!(scene.ask(host.connection, command).rule(), Rule::PresentOnly);
        }
    }
}

/// ROOM-12
#[test]
fn muted_one_is_told_and_may_switch_on_again_itself() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let muted = MediaState { microphone: false, ..ALL_ON };

    let mute = Command::Mute { participant: participant.id, source: Source::Microphone };
    scene.ask(host.connection, mute.clone()).done();

    assert!(
        matches!(scene.media_commands()[..], [MediaCommand::SetPublishing { media, .. }] if *media == muted)
    );
    let told = Event::Muted { source: Source::Microphone, by: name("Asha") };
    assert_eq!(scene.events(participant.connection)[0], told);
    let Event::ParticipantChanged { participant: view } = &scene.events(host.connection)[0] else {
        panic!("the room is told")
    };
    assert_eq!(view.media, muted);

    scene.ask(host.connection, mute).done();
    assert_eq!(scene.outputs.len(), 1, "off is off: nothing but the answer");
    scene.ask(participant.connection, Command::SetMedia { media: ALL_ON }).done();
    assert!(matches!(scene.media_commands()[..], [MediaCommand::SetPublishing { media: ALL_ON, .. }]));
}

#[test]
fn new_host_learns_who_waits_and_can_let_them_in() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let mut guest = scene.guest();

    scene.ask(host.connection, Command::MakeHost { participant: participant.id }).done();

    let heard = scene.events(participant.connection);
    assert!(matches!(&heard[0], Event::ParticipantChanged { participant } if participant.role == Role::Host));
    assert!(matches!(&heard[1], Event::Knocked { guest: knocked } if knocked.id == guest.id));
    scene.admit(&participant, &mut guest);
}
