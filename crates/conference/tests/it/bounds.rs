//! What a flood or a broken neighbour can make the room hold.

use sabha_conference::{Command, Event, Input, Output, Right};
use sabha_protocol::{
    ParticipantId, Rule,
    limits::{LOBBY_GUESTS_MAX, ROOM_PARTICIPANTS_MAX, VIDEO_SLOTS_MAX},
    opaque::RelayPayload,
    wire::client::Tile,
};

use crate::{
    delivery::{Edit, device},
    scene::{Scene, config, link},
};

/// ROOM-03
#[test]
fn knock_at_a_full_lobby_is_refused_until_somebody_goes() {
    let mut scene = Scene::new();
    let guests: Vec<_> = (0..LOBBY_GUESTS_MAX).map(|_| scene.guest()).collect();
    let (late, device) = (scene.connection(), scene.new_device());
    assert_eq!(scene.enter(late, device, link()).rule(), Rule::LobbyBound);
    assert_eq!(scene.room.lobby_len(), LOBBY_GUESTS_MAX);

    scene.drop_connection(guests[0].connection);

    assert!(matches!(scene.enter(late, device, link()).event(), Event::Waiting { .. }));
}

/// ROOM-03, ROOM-21
#[test]
fn guest_of_a_full_lobby_may_knock_again_on_a_new_connection() {
    let mut scene = Scene::new();
    let guests: Vec<_> = (0..LOBBY_GUESTS_MAX).map(|_| scene.guest()).collect();
    let again = scene.connection();
    assert!(matches!(scene.enter(again, guests[3].device, link()).event(), Event::Waiting { .. }));
    assert_eq!(scene.room.lobby_len(), LOBBY_GUESTS_MAX);
}

/// ROOM-05
#[test]
fn who_is_added_to_the_group_of_a_full_room_waits_on_until_there_is_a_place() {
    let mut scene = Scene::new();
    let host = scene.host();
    let members: Vec<_> = (1..ROOM_PARTICIPANTS_MAX).map(|_| scene.participant(&host)).collect();
    let guest = scene.guest();

    scene.commit(host.connection, &[Edit::Add(guest.device)]).done();

    assert_eq!(scene.events(guest.connection), []);
    assert_eq!(scene.room.participants().count(), ROOM_PARTICIPANTS_MAX);
    assert_eq!(scene.room.lobby_len(), 1);

    scene.ask(members[0].connection, Command::Leave).done();

    let [Event::Admitted(admission)] = &scene.events(guest.connection)[..] else { panic!("let in") };
    assert_eq!((admission.you, admission.in_group), (guest.id, true));
    assert!(matches!(scene.join(guest.connection), Event::Joined { .. }));
    assert_eq!(scene.room.lobby_len(), 0);
}

/// ROOM-05
#[test]
fn place_of_somebody_outside_of_the_group_counts_too() {
    let mut scene = Scene::new();
    let host = scene.host();
    for _ in 2..ROOM_PARTICIPANTS_MAX {
        scene.participant(&host);
    }
    let (connection, granted) = (scene.connection(), scene.new_device());
    assert!(!scene.enter(connection, granted, Right::Granted).admission().in_group);

    let (late, second_host) = (scene.connection(), device(1));
    assert_eq!(scene.enter(late, second_host, Right::Member).rule(), Rule::RoomBound);
    let other = scene.new_device();
    assert_eq!(scene.enter(late, other, Right::Granted).rule(), Rule::RoomBound);

    scene.drop_connection(connection);
    scene.pass(sabha_protocol::limits::RESUME_WINDOW);
    assert!(scene.enter(late, second_host, Right::Member).admission().in_group);
}

/// ROOM-16
#[test]
fn meeting_that_has_used_all_numbers_takes_nobody_new() {
    let mut config = config();
    config.next_participant = ParticipantId(u32::MAX);
    let mut scene = Scene::with(config);
    let (connection, guest) = (scene.connection(), scene.new_device());
    assert_eq!(scene.enter(connection, guest, link()).rule(), Rule::Capacity);
    assert_eq!(scene.enter(connection, device(0), Right::Member).rule(), Rule::Capacity);
}

/// ROOM-07
#[test]
fn storage_that_stands_still_is_not_asked_without_bound_and_removals_hold_all_the_same() {
    let mut scene = Scene::new();
    let host = scene.host();
    scene.storage_works = false;

    // Together with the reservations of ids these are more records than may be on their way.
    for _ in 0..255 {
        let person = scene.participant(&host);
        scene.remove(&host, &person);
        assert_eq!(scene.refused_resume(&person), Rule::RemovedStaysOut);
    }

    assert_eq!(scene.outstanding.len(), 256);
    assert_eq!(scene.ask(host.connection, Command::End).rule(), Rule::Storage);
    assert_eq!(scene.ids(), [host.id]);
}

#[test]
fn one_message_costs_one_output_however_many_are_in_the_room() {
    let mut scene = Scene::new();
    let host = scene.host();
    for _ in 1..ROOM_PARTICIPANTS_MAX {
        scene.participant(&host);
    }

    let payload = RelayPayload::try_from(vec![1]).unwrap();
    scene.ask(host.connection, Command::Relay { to: None, payload }).done();

    let [Output::Send { to, .. }, Output::Send { .. }] = &scene.outputs[..] else { panic!("two outputs") };
    assert_eq!(to.len(), ROOM_PARTICIPANTS_MAX - 1);

    let proposal = scene.delivery.proposal();
    scene.handshake(host.connection, proposal).done();
    let [Output::Send { to, .. }, Output::Send { .. }] = &scene.outputs[..] else { panic!("two outputs") };
    assert_eq!(to.len(), ROOM_PARTICIPANTS_MAX - 1);
}

/// ROOM-18
#[test]
fn subscription_is_no_longer_than_there_are_slots() {
    let mut scene = Scene::new();
    let host = scene.host();
    let tiles: Vec<_> = (1..ROOM_PARTICIPANTS_MAX)
        .map(|_| Tile {
            participant: scene.participant(&host).id,
            source: sabha_protocol::Source::Camera,
            height: 180.try_into().unwrap(),
        })
        .collect();

    scene.ask(host.connection, Command::Subscribe { tiles });

    let [Output::Media(sabha_conference::MediaCommand::Subscribe { tiles, .. })] = &scene.outputs[..] else {
        panic!("passed on")
    };
    assert_eq!(tiles.len(), VIDEO_SLOTS_MAX);
}

/// ROOM-20
#[test]
fn unknown_keys_and_tickets_leave_no_trace() {
    let mut scene = Scene::new();
    for key in 1000..3000 {
        scene.input(Input::Disconnected { connection: sabha_conference::ConnectionKey(key) });
        scene.input(Input::Stored { ticket: sabha_conference::Ticket(key), durable: true });
        assert!(scene.outputs.is_empty());
    }
    assert_eq!(scene.room.connections_len(), 0);
}
