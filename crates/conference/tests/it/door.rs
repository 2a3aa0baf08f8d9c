//! Entering, knocking, speaking at the door, being let in or sent away.

use sabha_conference::{Command, Event, Input, Right};
use sabha_protocol::{
    ParticipantId, Rule,
    limits::{DOOR_MESSAGES_MAX, RESUME_WINDOW},
    wire::server::{CloseReason, LobbyOutcome, Role},
};

use crate::{
    delivery::{Edit, device},
    scene::{ALL_ON, Scene, knock, link, offer, title, words},
};

fn say(to: Option<ParticipantId>) -> Command {
    Command::Door { to, payload: words() }
}

/// ROOM-02
#[test]
fn guest_waits_until_a_commit_adds_it_and_keeps_its_id() {
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
    assert_eq!((participants[1].role, participants[1].device), (Role::Participant, guest.device));
}

/// ROOM-02
#[test]
fn added_guest_is_let_in_and_then_given_what_opens_the_group() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();
    let waiting = scene.guest();

    let epoch = scene.delivery.view().epoch;
    scene.commit(host.connection, &[Edit::Add(guest.device)]).done();

    let [Event::Admitted(admission), Event::Welcomed { .. }] = &scene.events(guest.connection)[..] else {
        panic!("let in, then welcomed")
    };
    assert_eq!((admission.you, admission.in_group, admission.epoch), (guest.id, true, epoch.next()));
    assert_eq!(admission.title, Some(title()));
    assert_eq!(scene.events(waiting.connection), []);
    let left = Event::LobbyLeft { guest: guest.id, outcome: LobbyOutcome::Admitted };
    assert_eq!(scene.events(host.connection), [Event::Done, left]);
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
    let waiting = |host_present| vec![Event::Waiting { you: guest.id, host_present, title: Some(title()) }];

    let connection = scene.host_at_the_door().connection;
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

    assert_eq!(scene.close_of(guest.connection), Some((CloseReason::Denied, Some(host.id))));
    let left = Event::LobbyLeft { guest: guest.id, outcome: LobbyOutcome::Denied };
    assert!(scene.events(host.connection).contains(&left));
    assert_eq!(scene.room.lobby_len(), 0);
}

#[test]
fn hosts_learn_of_knocks_and_of_how_they_end() {
    let mut scene = Scene::new();
    let host = scene.host();
    let early = scene.guest();
    let [Event::Knocked { guest }] = &scene.events(host.connection)[..] else { panic!("told") };
    assert_eq!((guest.id, guest.device, &guest.knock), (early.id, early.device, &Some(knock())));

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
    let connection = scene.host_at_the_door().connection;

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

    scene.enter(stranger, device(0), Right::Member).admission();
    assert_eq!(scene.enter(stranger, device(0), Right::Member).rule(), Rule::Order);
    assert_eq!(scene.ask(stranger, Command::End).rule(), Rule::Order);
    assert_eq!(scene.ask(stranger, Command::SetMedia { media: ALL_ON }).rule(), Rule::Order);

    scene.join(stranger);
    let again = Command::Join { offer: offer(), media: ALL_ON };
    assert_eq!(scene.ask(stranger, again).rule(), Rule::Order);

    let guest = scene.guest();
    assert_eq!(scene.enter(guest.connection, guest.device, link()).rule(), Rule::Order);
    assert_eq!(scene.ask(guest.connection, Command::Subscribe { tiles: vec![] }).rule(), Rule::Order);
}

/// ROOM-04
#[test]
fn only_a_host_speaks_to_the_lobby_or_sends_away() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let guest = scene.guest();

    for command in [say(Some(guest.id)), Command::Deny { guest: guest.id }] {
        assert_eq!(scene.ask(participant.connection, command).rule(), Rule::HostOnly);
    }
    assert_eq!(scene.room.lobby_len(), 1);
}

/// ROOM-04
#[test]
fn host_that_has_not_joined_sends_nobody_away() {
    let mut scene = Scene::new();
    let connection = scene.host_at_the_door().connection;
    let guest = scene.guest();

    for command in [say(Some(guest.id)), Command::Deny { guest: guest.id }] {
        assert_eq!(scene.ask(connection, command).rule(), Rule::Order);
    }
}

#[test]
fn only_who_waits_can_be_denied_or_spoken_to() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);

    for id in [host.id, participant.id, ParticipantId(999)] {
        assert_eq!(scene.ask(host.connection, say(Some(id))).rule(), Rule::PresentOnly);
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
    assert_eq!(scene.refused_resume(&guest), Rule::ResumeWindow);
}

/// ROOM-20
#[test]
fn what_a_closed_connection_had_sent_is_not_answered() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();
    scene.ask(host.connection, Command::Deny { guest: guest.id }).done();

    assert!(scene.ask(guest.connection, Command::Leave).0.is_none());
    assert!(scene.enter(guest.connection, guest.device, link()).0.is_none());
    assert!(scene.ask(guest.connection, say(None)).0.is_none());
    scene.input(Input::Disconnected { connection: guest.connection });
    assert!(scene.outputs.is_empty());
}

/// ROOM-24
#[test]
fn guest_is_heard_by_every_host_in_the_room_and_by_nobody_else() {
    let mut scene = Scene::new();
    let (host, second) = (scene.host(), scene.host());
    let absent = scene.host_at_the_door();
    let participant = scene.participant(&host);
    let (guest, other) = (scene.guest(), scene.guest());

    scene.ask(guest.connection, say(None)).done();

    let heard = Event::Door { from: guest.id, payload: words() };
    for host in [&host, &second] {
        assert_eq!(scene.events(host.connection), std::slice::from_ref(&heard));
    }
    for person in [&absent, &participant, &other] {
        assert_eq!(scene.events(person.connection), []);
    }
}

/// ROOM-24
#[test]
fn host_is_heard_by_the_one_guest_it_speaks_to() {
    let mut scene = Scene::new();
    let (host, second) = (scene.host(), scene.host());
    let (guest, other) = (scene.guest(), scene.guest());

    scene.ask(host.connection, say(Some(guest.id))).done();

    assert_eq!(scene.events(guest.connection), [Event::Door { from: host.id, payload: words() }]);
    for person in [&second, &other] {
        assert_eq!(scene.events(person.connection), []);
    }
    assert_eq!(scene.ask(host.connection, say(None)).rule(), Rule::PresentOnly, "a host names a guest");
}

/// ROOM-24
#[test]
fn guests_do_not_speak_to_each_other_or_into_the_room() {
    let mut scene = Scene::new();
    let host = scene.host();
    let (guest, other) = (scene.guest(), scene.guest());
    for target in [host.id, other.id, guest.id] {
        assert_eq!(scene.ask(guest.connection, say(Some(target))).rule(), Rule::NotThisTarget);
        assert_eq!(scene.outputs.len(), 1);
    }
}

/// ROOM-24
#[test]
fn guest_that_no_host_hears_is_told_so() {
    let mut scene = Scene::new();
    let guest = scene.guest();
    scene.host_at_the_door();
    assert_eq!(scene.ask(guest.connection, say(None)).rule(), Rule::PresentOnly);
}

/// ROOM-24
#[test]
fn guest_says_a_bounded_number_of_things() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();
    for _ in 0..DOOR_MESSAGES_MAX {
        scene.ask(guest.connection, say(None)).done();
    }

    assert_eq!(scene.ask(guest.connection, say(None)).rule(), Rule::Rate);

    assert_eq!(scene.events(host.connection), []);
    scene.ask(host.connection, say(Some(guest.id))).done();
}

/// ROOM-24
#[test]
fn admitted_one_has_nothing_more_to_say_at_the_door() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    scene.admit(&host, &mut guest);
    assert_eq!(scene.ask(guest.connection, say(None)).rule(), Rule::Order);
    scene.join(guest.connection);
    assert_eq!(scene.ask(guest.connection, say(None)).rule(), Rule::HostOnly);
}

/// ROOM-21
#[test]
fn guest_that_knocks_again_on_a_new_connection_waits_once() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();

    let again = scene.connection();
    let Event::Waiting { you, .. } = scene.enter(again, guest.device, link()).event() else {
        panic!("waits")
    };

    assert_ne!(you, guest.id, "a new stay: hosts begin anew with it");
    assert_eq!(scene.close_of(guest.connection), Some((CloseReason::Replaced, None)));
    let heard = scene.events(host.connection);
    assert_eq!(heard[0], Event::LobbyLeft { guest: guest.id, outcome: LobbyOutcome::Withdrew });
    assert!(matches!(&heard[1], Event::Knocked { guest } if guest.id == you));
    assert_eq!(scene.room.lobby_len(), 1);
}

/// ROOM-21
#[test]
fn guest_that_finds_its_grant_on_another_connection_waits_no_longer() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();

    let again = scene.connection();
    assert!(!scene.enter(again, guest.device, Right::Granted).admission().in_group);

    assert_eq!(scene.close_of(guest.connection), Some((CloseReason::Replaced, None)));
    let left = Event::LobbyLeft { guest: guest.id, outcome: LobbyOutcome::Withdrew };
    assert_eq!(scene.events(host.connection), [left]);
}

/// ROOM-02
#[test]
fn guest_that_was_added_while_its_connection_was_lost_need_not_knock_again() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();
    scene.drop_connection(guest.connection);
    scene.commit(host.connection, &[Edit::Add(guest.device)]).done();

    let connection = scene.connection();
    let admission = scene.enter(connection, guest.device, link()).admission();

    assert!(admission.in_group);
    assert!(matches!(scene.join(connection), Event::Joined { .. }));
}

/// ROOM-22
#[test]
fn device_that_is_not_in_the_group_does_not_enter_as_a_member() {
    let mut scene = Scene::new();
    let (connection, stranger) = (scene.connection(), scene.new_device());
    assert_eq!(scene.enter(connection, stranger, Right::Member).rule(), Rule::AdmittedOnly);
    assert_eq!(scene.room.actor(connection), None);
}

/// ROOM-21
#[test]
fn device_that_holds_a_place_and_knocks_takes_it_over_though_it_is_not_in_the_group_yet() {
    let mut scene = Scene::new();
    scene.host();
    let (before, device) = (scene.connection(), scene.new_device());
    let you = scene.enter(before, device, Right::Granted).admission().you;

    let again = scene.connection();
    let admission = scene.enter(again, device, link()).admission();

    assert_eq!((admission.you, admission.in_group), (you, false));
    assert_eq!(scene.close_of(before), Some((CloseReason::Replaced, None)));
    assert_eq!(scene.room.lobby_len(), 0);
}
