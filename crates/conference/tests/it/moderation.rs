//! Muting.

use sabha_conference::{Command, Event, MediaCommand};
use sabha_protocol::{MediaState, ParticipantId, Rule, Source};

use crate::scene::{ALL_ON, Scene};

fn mute(participant: ParticipantId) -> Command {
    Command::Mute { participant, source: Source::Microphone }
}

/// ROOM-06
#[test]
fn nobody_mutes_a_host_or_themselves() {
    let mut scene = Scene::new();
    let host = scene.host();
    let other = scene.host();

    for target in [host.id, other.id] {
        assert_eq!(scene.ask(host.connection, mute(target)).rule(), Rule::NotThisTarget);
    }
}

/// ROOM-04
#[test]
fn participant_moderates_nobody() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let other = scene.participant(&host);

    for command in [mute(other.id), Command::End] {
        assert_eq!(scene.ask(participant.connection, command).rule(), Rule::HostOnly);
    }
}

/// ROOM-04
#[test]
fn host_that_has_not_joined_moderates_nobody() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let second = scene.host_at_the_door();

    for command in [mute(participant.id), Command::End] {
        assert_eq!(scene.ask(second.connection, command).rule(), Rule::Order);
    }
}

#[test]
fn target_must_be_in_the_room() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();

    for target in [guest.id, ParticipantId(999)] {
        assert_eq!(scene.ask(host.connection, mute(target)).rule(), Rule::PresentOnly);
    }
}

/// ROOM-12
#[test]
fn muted_one_is_told_and_may_switch_on_again_itself() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let muted = MediaState { microphone: false, ..ALL_ON };

    scene.ask(host.connection, mute(participant.id)).done();

    assert!(
        matches!(scene.media_commands()[..], [MediaCommand::SetPublishing { media, .. }] if *media == muted)
    );
    let told = Event::Muted { source: Source::Microphone, by: host.id };
    assert_eq!(scene.events(participant.connection)[0], told);
    let Event::ParticipantChanged { participant: view } = &scene.events(host.connection)[0] else {
        panic!("the room is told")
    };
    assert_eq!(view.media, muted);

    scene.ask(host.connection, mute(participant.id)).done();
    assert_eq!(scene.outputs.len(), 1, "off is off: nothing but the answer");
    scene.ask(participant.connection, Command::SetMedia { media: ALL_ON }).done();
    assert!(matches!(scene.media_commands()[..], [MediaCommand::SetPublishing { media: ALL_ON, .. }]));
}
