//! Entering, knocking, being let in or sent away.

use sabha_conference::{Command, Event, Input, Right};
use sabha_protocol::{
    ParticipantId, Rule,
    limits::RESUME_WINDOW,
    wire::server::{CloseReason, LobbyOutcome, Role},
};

use crate::scene::{ALL_ON, Scene, name, offer};

/// ROOM-02
#[test]
fn guest_waits_until_a_host_admits_it_and_keeps_its_id() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    assert_eq!(scene.ids(), [host.id]);

    scene.admit(&host, &mut guest);
    let Event::Joined { participants, .. } = scene.join(guest.connection) else { panic!("joined") };

    assert_eq!(
        participants.iter().map(|participant| participant.id).collect::<Vec<_>>(),
        [host.id, guest.id]
    );
    assert_eq!(participants[1].role, Role::Participant);
}

/// ROOM-02
#[test]
fn join_from_the_lobby_is_refused_and_possible_once_admitted() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();

    let join = Command::Join { offer: offer(), media: ALL_ON };
    assert_eq!(scene.ask(guest.connection, join).rule(), Rule::AdmittedOnly);

    scene.admit(&host, &mut guest);
    assert!(matches!(scene.join(guest.connection), Event::Joined { .. }));
}

/// ROOM-02
#[test]
fn lobby_hears_only_when_the_first_host_comes_and_the_last_goes() {
    let mut scene = Scene::new();
    let guest = scene.guest();
    let waiting = |host_present| vec![Event::Waiting { you: guest.id, host_present }];

    let connection = scene.connection();
    scene.enter(connection, Right::Host).admission();
    assert_eq!(scene.events(guest.connection), [], "a host at the door is not there yet");
    scene.join(connection);
    assert_eq!(scene.events(guest.connection), waiting(true));

    let second = scene.host();
    assert_eq!(scene.events(guest.connection), []);
    scene.drop_connection(connection);
    assert_eq!(scene.events(guest.connection), []);
    scene.drop_connection(second.connection);
    assert_eq!(scene.events(guest.connection), waiting(false));
}

#[test]
fn denied_guest_is_told_by_whom() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();

    scene.ask(host.connection, Command::Deny { guest: guest.id }).done();

    assert_eq!(scene.close_of(guest.connection), Some((CloseReason::Denied, Some(name("Asha")))));
    let left = Event::LobbyLeft { guest: guest.id, outcome: LobbyOutcome::Denied };
    assert!(scene.events(host.connection).contains(&left));
    assert_eq!(scene.room.lobby_len(), 0);
}

#[test]
fn hosts_learn_of_knocks_and_of_how_they_end() {
    let mut scene = Scene::new();
    let host = scene.host();
    let early = scene.guest();
    assert!(matches!(&scene.events(host.connection)[..], [Event::Knocked { guest }] if guest.id == early.id));

    scene.drop_connection(early.connection);
    let left = Event::LobbyLeft { guest: early.id, outcome: LobbyOutcome::Withdrew };
    assert_eq!(scene.events(host.connection), [left]);

    let waiting = scene.guest();
    scene.ask(waiting.connection, Command::Leave).done();
    assert_eq!(scene.close_of(waiting.connection), Some((CloseReason::Left, None)));
    let left = Event::LobbyLeft { guest: waiting.id, outcome: LobbyOutcome::Withdrew };
    assert_eq!(scene.events(host.connection), [left]);
}

#[test]
fn joining_host_finds_who_waited_before() {
    let mut scene = Scene::new();
    let guest = scene.guest();
    let connection = scene.connection();
    scene.enter(connection, Right::Host).admission();

    let Event::Joined { lobby, .. } = scene.join(connection) else { panic!("joined") };

    assert_eq!(lobby.iter().map(|guest| guest.id).collect::<Vec<_>>(), [guest.id]);
}

#[test]
fn joining_participant_is_told_nothing_of_the_lobby() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    scene.guest();
    scene.admit(&host, &mut guest);

    let Event::Joined { lobby, .. } = scene.join(guest.connection) else { panic!("joined") };

    assert_eq!(lobby, []);
}

/// ROOM-01
#[test]
fn anything_before_its_time_is_refused() {
    let mut scene = Scene::new();
    let stranger = scene.connection();
    assert_eq!(scene.ask(stranger, Command::End).rule(), Rule::Order);
    assert_eq!(scene.ask(stranger, Command::Leave).rule(), Rule::Order);

    scene.enter(stranger, Right::Host).admission();
    assert_eq!(scene.enter(stranger, Right::Host).rule(), Rule::Order);
    assert_eq!(scene.ask(stranger, Command::End).rule(), Rule::Order);
    assert_eq!(scene.ask(stranger, Command::SetMedia { media: ALL_ON }).rule(), Rule::Order);

    scene.join(stranger);
    let again = Command::Join { offer: offer(), media: ALL_ON };
    assert_eq!(scene.ask(stranger, again).rule(), Rule::Order);

    let guest = scene.guest();
    assert_eq!(scene.enter(guest.connection, Right::Link).rule(), Rule::Order);
    assert_eq!(scene.ask(guest.connection, Command::Subscribe { tiles: vec![] }).rule(), Rule::Order);
}

/// ROOM-04
#[test]
fn only_a_host_lets_in_or_sends_away() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let guest = scene.guest();

    for command in [Command::Admit { guest: guest.id }, Command::Deny { guest: guest.id }] {
        assert_eq!(scene.ask(participant.connection, command).rule(), Rule::HostOnly);
    }
    assert_eq!(scene.room.lobby_len(), 1);
}

/// ROOM-04
#[test]
fn host_that_has_not_joined_admits_nobody() {
    let mut scene = Scene::new();
    let connection = scene.connection();
    scene.enter(connection, Right::Host).admission();
    let guest = scene.guest();

    assert_eq!(scene.ask(connection, Command::Admit { guest: guest.id }).rule(), Rule::Order);
}

#[test]
fn only_who_waits_can_be_admitted_or_denied() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);

    for id in [host.id, participant.id, ParticipantId(999)] {
        assert_eq!(scene.ask(host.connection, Command::Admit { guest: id }).rule(), Rule::PresentOnly);
        assert_eq!(scene.ask(host.connection, Command::Deny { guest: id }).rule(), Rule::PresentOnly);
    }
}

#[test]
fn admitted_one_is_not_seen_before_it_has_joined() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    scene.admit(&host, &mut guest);
    assert_eq!(scene.ids(), [host.id]);

    scene.media_answers = false;
    scene.ask(guest.connection, Command::Join { offer: offer(), media: ALL_ON });
    assert_eq!(scene.ids(), [host.id]);

    scene.answer_media(guest.id, 1);
    assert_eq!(scene.ids(), [host.id, guest.id]);
    let [Event::ParticipantJoined { participant }] = &scene.events(host.connection)[..] else {
        panic!("the host is told")
    };
    assert_eq!(participant.id, guest.id);
}

/// ROOM-19
#[test]
fn admitted_one_that_does_not_join_in_time_gives_its_place_up() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    scene.admit(&host, &mut guest);
    assert_eq!(scene.room.poll_timeout(), Some(scene.now + RESUME_WINDOW));

    scene.pass(RESUME_WINDOW);

    assert_eq!(scene.close_of(guest.connection), Some((CloseReason::Misbehaved, None)));
    assert_eq!(scene.events(host.connection), [], "nobody had seen it");
    let connection = scene.connection();
    let token = guest.token.expect("a token");
    assert_eq!(scene.enter(connection, Right::Resume(token)).rule(), Rule::ResumeWindow);
}

/// ROOM-20
#[test]
fn what_a_closed_connection_had_sent_is_not_answered() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();
    scene.ask(host.connection, Command::Deny { guest: guest.id }).done();

    assert!(scene.ask(guest.connection, Command::Leave).0.is_none());
    assert!(scene.enter(guest.connection, Right::Link).0.is_none());
    scene.input(Input::Disconnected { connection: guest.connection });
    assert!(scene.outputs.is_empty());
}
