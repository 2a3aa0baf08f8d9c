//! The group moves on: handshakes, adoptions, and what they mean for places.

use sabha_conference::{Command, Event, MediaCommand, Output, Record, Removal, Right};
use sabha_protocol::{
    MediaState, Rule, Source,
    limits::RESUME_WINDOW,
    wire::server::{CloseReason, LeaveReason, LobbyOutcome, Role},
};

use crate::{
    delivery::Edit,
    scene::{ALL_ON, Scene, link, offer},
};

/// ROOM-23
#[test]
fn handshake_reaches_everybody_in_the_group_who_is_connected() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let mut admitted = scene.guest();
    scene.admit(&host, &mut admitted);
    let guest = scene.guest();
    let (outside, stranger) = (scene.connection(), scene.new_device());
    scene.enter(outside, stranger, Right::Granted).admission();
    let dropped = scene.participant(&host);
    scene.drop_connection(dropped.connection);

    let proposal = scene.delivery.proposal();
    let event = Event::Handshake { from: host.id, epoch: proposal.epoch, message: proposal.message.clone() };
    let done = scene.handshake(host.connection, proposal).0.expect("answered");

    assert_eq!((done.event, scene.events(participant.connection)), (Event::Done, vec![event.clone()]));
    assert_eq!(scene.heard(participant.connection)[0].seq, done.seq);
    assert!(done.seq.is_some());
    assert_eq!(scene.events(admitted.connection), [event]);
    assert_eq!(scene.heard(admitted.connection)[0].seq, None, "it is not in the room's order yet");
    assert_eq!(scene.heard(host.connection).len(), 1, "the sender gets its answer only");
    for connection in [guest.connection, outside, dropped.connection] {
        assert_eq!(scene.events(connection), []);
    }
}

/// ROOM-23
#[test]
fn handshakes_stand_in_one_order_with_everything_else() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let first = scene.commit(participant.connection, &[]).0.expect("answered").seq.expect("a position");

    let guest = scene.guest();
    scene.commit(host.connection, &[Edit::Add(guest.device)]).done();
    assert_eq!(scene.heard(participant.connection)[0].seq, Some(first.next()));
    let Event::Joined { seq, .. } = scene.join(guest.connection) else { panic!("joined") };
    assert_eq!(seq, first.next().next());
    scene.commit(host.connection, &[]).done();
    assert_eq!(scene.heard(guest.connection)[0].seq, Some(seq.next()));
}

/// ROOM-23
#[test]
fn handshake_of_one_who_has_not_joined_is_confirmed_without_a_position() {
    let mut scene = Scene::new();
    let host = scene.host();
    let (connection, device) = (scene.connection(), scene.new_device());
    let admission = scene.enter(connection, device, Right::Granted).admission();
    assert!(!admission.in_group);
    let join = Command::Join { offer: offer(), media: ALL_ON };
    assert_eq!(scene.ask(connection, join).rule(), Rule::AdmittedOnly);

    let done = scene.commit(connection, &[Edit::Come(device)]).0.expect("answered");

    assert_eq!((done.event, done.seq), (Event::Done, None));
    assert!(
        matches!(scene.events(host.connection)[..], [Event::Handshake { from, .. }] if from == admission.you)
    );
    assert!(matches!(scene.join(connection), Event::Joined { .. }));
}

/// ROOM-22
#[test]
fn granted_one_that_does_not_get_into_the_group_in_time_gives_its_place_up() {
    let mut scene = Scene::new();
    let (connection, device) = (scene.connection(), scene.new_device());
    scene.enter(connection, device, Right::Granted).admission();
    scene.pass(RESUME_WINDOW);
    assert_eq!(scene.close_of(connection), Some((CloseReason::Misbehaved, None)));
    assert_eq!(scene.room.actor(connection), None);
}

/// ROOM-02
#[test]
fn granted_one_that_a_host_adds_is_welcomed() {
    let mut scene = Scene::new();
    let host = scene.host();
    let (connection, device) = (scene.connection(), scene.new_device());
    scene.enter(connection, device, Right::Granted).admission();

    scene.commit(host.connection, &[Edit::Add(device)]).done();

    assert!(matches!(scene.events(connection)[..], [Event::Welcomed { .. }]));
    assert!(matches!(scene.join(connection), Event::Joined { .. }));
}

/// ROOM-07
#[test]
fn removed_one_is_out_at_once_and_hears_nothing_of_it_but_why() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let other = scene.participant(&host);
    scene.storage_works = false;

    let answer = scene.commit(host.connection, &[Edit::Remove(participant.device, Removal::ByHost)]);

    answer.done();
    assert_eq!(scene.close_of(participant.connection), Some((CloseReason::Removed, Some(host.id))));
    assert_eq!(scene.events(participant.connection), []);
    assert!(
        matches!(scene.media_commands()[..], [MediaCommand::Disconnect { participant: id }] if *id == participant.id)
    );
    let left = Event::ParticipantLeft { participant: participant.id, reason: LeaveReason::Removed };
    assert_eq!(scene.events(host.connection), [left.clone(), Event::Done]);
    let heard = scene.events(other.connection);
    assert_eq!((&heard[0], heard.len()), (&left, 2));
    assert_eq!(scene.ids(), [host.id, other.id]);
    let removed = Record::Removed { participant: participant.id };
    assert!(
        scene
            .outputs
            .iter()
            .any(|output| matches!(output, Output::Persist { record, .. } if *record == removed))
    );

    scene.store(false);
    assert!(scene.outputs.is_empty());
    assert_eq!(scene.refused_resume(&participant), Rule::RemovedStaysOut);
}

/// ROOM-07
#[test]
fn removed_one_stays_out_after_a_restart() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    scene.remove(&host, &participant);

    scene.restart();

    assert_eq!(scene.refused_resume(&participant), Rule::RemovedStaysOut);
}

/// ROOM-07
#[test]
fn who_is_removed_before_it_joins_or_while_its_connection_is_lost_is_out_too() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    scene.admit(&host, &mut guest);
    let dropped = scene.participant(&host);
    scene.drop_connection(dropped.connection);

    scene.remove(&host, &guest);
    assert_eq!(scene.close_of(guest.connection), Some((CloseReason::Removed, Some(host.id))));
    scene.remove(&host, &dropped);
    assert_eq!(scene.ids(), [host.id]);
    for person in [&guest, &dropped] {
        assert_eq!(scene.refused_resume(person), Rule::RemovedStaysOut);
    }
}

/// ROOM-07
#[test]
fn removed_one_whom_a_host_lets_in_again_gets_a_new_place() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    scene.remove(&host, &participant);

    let connection = scene.connection();
    let knock = link();
    assert!(matches!(scene.enter(connection, participant.device, knock).event(), Event::Waiting { .. }));
    scene.commit(host.connection, &[Edit::Add(participant.device)]).done();

    let Event::Admitted(admission) = &scene.events(connection)[0] else { panic!("let in") };
    assert!(admission.you > participant.id);
}

/// ROOM-29
#[test]
fn who_is_sent_back_is_out_at_once_and_may_knock() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);

    scene.commit(host.connection, &[Edit::Remove(participant.device, Removal::SentBack)]).done();

    assert_eq!(scene.close_of(participant.connection), Some((CloseReason::SentBack, Some(host.id))));
    assert_eq!(scene.events(participant.connection), [], "it does not see the commit that puts it out");
    let left = Event::ParticipantLeft { participant: participant.id, reason: LeaveReason::SentBack };
    assert_eq!(scene.events(host.connection)[0], left);
    assert_eq!(scene.ids(), [host.id]);
    assert_eq!(scene.refused_resume(&participant), Rule::ResumeWindow);

    let connection = scene.connection();
    assert!(matches!(scene.enter(connection, participant.device, link()).event(), Event::Waiting { .. }));
    scene.commit(host.connection, &[Edit::Add(participant.device)]).done();
    let Event::Admitted(admission) = &scene.events(connection)[0] else { panic!("let in anew") };
    assert!(admission.you > participant.id);
}

/// ROOM-30
#[test]
fn who_is_banned_does_not_knock_until_the_ban_is_lifted() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    scene.delivery.ban(participant.device, true);
    scene.remove(&host, &participant);

    let connection = scene.connection();
    assert_eq!(scene.enter(connection, participant.device, link()).rule(), Rule::RemovedStaysOut);
    assert_eq!(scene.events(host.connection).len(), 0, "no host hears of it");

    scene.delivery.ban(participant.device, false);
    scene.commit(host.connection, &[]).done();
    assert!(matches!(scene.enter(connection, participant.device, link()).event(), Event::Waiting { .. }));
}

/// ROOM-30
#[test]
fn who_is_banned_while_it_waits_does_not_wait_on() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();
    scene.delivery.ban(guest.device, true);

    scene.commit(host.connection, &[]).done();

    assert_eq!(scene.close_of(guest.connection), Some((CloseReason::Removed, None)));
    let gone = Event::LobbyLeft { guest: guest.id, outcome: LobbyOutcome::Denied };
    assert!(scene.events(host.connection).contains(&gone));
}

/// ROOM-22
#[test]
fn who_leaves_the_group_leaves_the_room() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);

    scene.commit(host.connection, &[Edit::Remove(participant.device, Removal::Left)]).done();

    assert_eq!(scene.close_of(participant.connection), Some((CloseReason::Left, None)));
    let left = Event::ParticipantLeft { participant: participant.id, reason: LeaveReason::Left };
    assert_eq!(scene.events(host.connection)[0], left);
    assert_eq!(scene.refused_resume(&participant), Rule::ResumeWindow);
    assert!(!scene.stored.contains(&Record::Removed { participant: participant.id }));
}

/// ROOM-22
#[test]
fn who_is_missing_from_the_group_is_out_even_if_nobody_says_how() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let mut handshake = scene.delivery.commit(&[Edit::Remove(participant.device, Removal::ByHost)]);
    handshake.change.as_mut().expect("a commit").removed.clear();

    scene.handshake(host.connection, handshake).done();

    assert_eq!(scene.close_of(participant.connection), Some((CloseReason::Left, None)));
    assert_eq!(scene.ids(), [host.id]);
}

/// ROOM-26
#[test]
fn who_comes_in_has_on_what_the_controls_leave_and_may_switch_on_the_rest() {
    let mut scene = Scene::new();
    let host = scene.host();
    let media = |scene: &mut Scene| {
        let participant = scene.participant(&host);
        let media = scene.room.participants().find(|view| view.id == participant.id).map(|view| view.media);
        (participant, media.expect("in the room"))
    };
    scene.set(&host, "MEET.MUTE.ENTRY", "muted");
    let (_, muted) = media(&mut scene);
    assert_eq!(muted, MediaState { microphone: false, ..ALL_ON });
    scene.set(&host, "MEET.MUTE.ENTRY", "muted_and_dark");
    let (participant, dark) = media(&mut scene);
    assert_eq!(dark, MediaState { microphone: false, camera: false, ..ALL_ON });
    scene.ask(participant.connection, Command::SetMedia { media: ALL_ON }).done();
    assert!(scene.room.participants().any(|view| view.id == participant.id && view.media == ALL_ON));
}

/// ROOM-26
#[test]
fn a_host_comes_in_as_it_likes() {
    let mut scene = Scene::new();
    let first = scene.host();
    scene.set(&first, "MEET.MUTE.ENTRY", "muted_and_dark");
    let second = scene.host();
    assert!(scene.room.participants().any(|view| view.id == second.id && view.media == ALL_ON));
}

/// ROOM-25
#[test]
fn role_follows_the_group() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let guest = scene.guest();
    let mute = Command::Mute { participant: participant.id, source: Source::Camera };

    scene.make_host(&host, &participant);

    let heard = scene.events(participant.connection);
    assert!(matches!(&heard[0], Event::Handshake { .. }));
    assert!(matches!(&heard[1], Event::ParticipantChanged { participant } if participant.role == Role::Host));
    assert!(matches!(&heard[2], Event::Knocked { guest: knocked } if knocked.id == guest.id));
    assert_eq!(scene.ask(host.connection, mute.clone()).rule(), Rule::NotThisTarget);
    scene.ask(participant.connection, Command::Deny { guest: guest.id }).done();

    scene.commit(host.connection, &[Edit::Make(participant.device, Role::Participant)]).done();

    assert_eq!(scene.ask(participant.connection, Command::End).rule(), Rule::HostOnly);
    scene.ask(host.connection, mute).done();
    scene.guest();
    assert_eq!(scene.events(participant.connection), [], "it hears of the lobby no longer");
}

/// ROOM-25
#[test]
fn role_of_one_who_has_not_joined_follows_the_group_too() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    scene.admit(&host, &mut guest);
    let waiting = scene.guest();
    scene.make_host(&host, &guest);

    let Event::Joined { participants, lobby, .. } = scene.join(guest.connection) else { panic!("joined") };

    assert_eq!((participants[1].role, lobby[0].id), (Role::Host, waiting.id));
}

/// ROOM-23
#[test]
fn group_moves_on_even_if_the_sender_is_gone() {
    let mut scene = Scene::new();
    let host = scene.host();
    let sender = scene.participant(&host);
    let leaver = scene.participant(&host);
    scene.drop_connection(sender.connection);

    let answer = scene.commit(sender.connection, &[Edit::Remove(leaver.device, Removal::Left)]);

    assert!(answer.0.is_none());
    assert_eq!(scene.ids(), [host.id, sender.id]);
    assert!(scene.events(host.connection).iter().any(|event| matches!(event, Event::Handshake { .. })));
}

/// ROOM-23
#[test]
fn sender_whose_time_is_up_in_the_same_moment_is_still_named() {
    let mut scene = Scene::new();
    let host = scene.host();
    let (connection, device) = (scene.connection(), scene.new_device());
    let you = scene.enter(connection, device, Right::Granted).admission().you;
    scene.now += RESUME_WINDOW;
    assert_eq!(scene.room.actor(connection), Some((you, device)));

    assert!(scene.commit(connection, &[Edit::Come(device)]).0.is_none());

    assert_eq!(scene.close_of(connection), Some((CloseReason::Misbehaved, None)));
    assert!(matches!(scene.events(host.connection)[..], [Event::Handshake { from, .. }] if from == you));
}

#[test]
fn actor_is_who_holds_a_place_on_an_open_connection() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();
    let participant = scene.participant(&host);
    assert_eq!(scene.room.actor(host.connection), Some((host.id, host.device)));
    assert_eq!(scene.room.actor(guest.connection), None);
    assert_eq!(scene.room.actor(sabha_conference::ConnectionKey(999)), None);

    scene.remove(&host, &participant);
    assert_eq!(scene.room.actor(participant.connection), None);
}

/// ROOM-22, ROOM-25
#[test]
fn adoption_brings_places_into_the_group_they_were_in() {
    let mut scene = Scene::new();
    let mut host = scene.host();
    let mut made = scene.participant(&host);
    let mut other = scene.participant(&host);
    scene.make_host(&host, &made);
    let epoch = scene.delivery.view().epoch;
    scene.restart();
    scene.resume(&mut made);
    scene.resume(&mut other);
    assert!(scene.resume(&mut host).in_group);

    scene.adopt(made.connection).done();

    assert_eq!(scene.outputs.len(), 1, "nobody has joined yet: nothing but the answer");
    assert_eq!(scene.delivery.view().epoch, epoch);
    for person in [&made, &other, &host] {
        assert!(matches!(scene.join(person.connection), Event::Joined { .. }));
    }
    assert_eq!(scene.ids(), [host.id, made.id, other.id]);
}

/// ROOM-07, ROOM-22
#[test]
fn adoption_puts_out_who_is_not_in_the_group_any_more() {
    let mut scene = Scene::new();
    let (host, gone, removed) = (scene.host(), scene.host(), scene.host());
    scene.commit(host.connection, &[Edit::Remove(gone.device, Removal::Left)]).done();
    scene.commit(host.connection, &[Edit::Remove(removed.device, Removal::ByHost)]).done();
    scene.restart();
    let mut back = host.clone();
    scene.resume(&mut back);
    let [gone, removed] = [&gone, &removed].map(|person| {
        let connection = scene.connection();
        scene.enter(connection, person.device, Right::Member).admission();
        scene.join(connection);
        connection
    });

    scene.adopt(back.connection).done();

    assert_eq!(scene.close_of(gone), Some((CloseReason::Left, None)));
    assert_eq!(scene.close_of(removed), Some((CloseReason::Removed, None)), "nobody did it now");
    assert_eq!(scene.ids(), []);
}

/// ROOM-02
#[test]
fn adoption_lets_in_who_waits_and_was_in_the_group() {
    let mut scene = Scene::new();
    let mut host = scene.host();
    let participant = scene.participant(&host);
    scene.restart();
    scene.resume(&mut host);
    let connection = scene.connection();
    let knock = link();
    assert!(matches!(scene.enter(connection, participant.device, knock).event(), Event::Waiting { .. }));

    scene.adopt(host.connection).done();

    let [Event::Admitted(admission)] = &scene.events(connection)[..] else {
        panic!("let in, without a Welcome")
    };
    assert!(admission.in_group);
}

/// ROOM-02
#[test]
fn welcome_goes_only_to_those_whom_the_commit_adds() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let (first, second) = (scene.guest(), scene.guest());

    scene.commit(host.connection, &[Edit::Add(first.device), Edit::Add(second.device)]).done();

    for guest in [&first, &second] {
        assert!(matches!(scene.events(guest.connection)[1], Event::Welcomed { .. }));
    }
    assert!(matches!(scene.events(participant.connection)[..], [Event::Handshake { .. }]));
}

/// ROOM-02
#[test]
fn commit_that_says_nothing_of_the_lobby_lets_nobody_in() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();
    let mut handshake = scene.delivery.commit(&[]);
    // Whatever the list says: the group is what its view says.
    handshake.change.as_mut().expect("a commit").added.push(guest.device);

    scene.handshake(host.connection, handshake).done();

    assert_eq!(scene.events(guest.connection), []);
    assert_eq!((scene.room.lobby_len(), scene.ids()), (1, vec![host.id]));
}
