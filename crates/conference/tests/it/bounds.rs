//! What a flood or a broken neighbour can make the room hold.

use sabha_conference::{Command, Event, Input, Output, Right};
use sabha_protocol::{
    ParticipantId, Rule,
    limits::{LOBBY_GUESTS_MAX, ROOM_PARTICIPANTS_MAX, VIDEO_SLOTS_MAX},
    secret::RelayPayload,
    wire::client::Tile,
};

use crate::scene::{Scene, config};

/// ROOM-03
#[test]
fn knock_at_a_full_lobby_is_refused_until_somebody_goes() {
    let mut scene = Scene::new();
    let guests: Vec<_> = (0..LOBBY_GUESTS_MAX).map(|_| scene.guest()).collect();
    let late = scene.connection();
    assert_eq!(scene.enter(late, Right::Link).rule(), Rule::LobbyBound);
    assert_eq!(scene.room.lobby_len(), LOBBY_GUESTS_MAX);

    scene.drop_connection(guests[0].connection);

    assert!(matches!(scene.enter(late, Right::Link).event(), Event::Waiting { .. }));
}

/// ROOM-05
#[test]
fn nobody_is_admitted_to_a_full_room() {
    let mut scene = Scene::new();
    let host = scene.host();
    for _ in 1..ROOM_PARTICIPANTS_MAX {
        scene.participant(&host);
    }
    let guest = scene.guest();

    assert_eq!(scene.ask(host.connection, Command::Admit { guest: guest.id }).rule(), Rule::RoomBound);
    let second_host = scene.connection();
    assert_eq!(scene.enter(second_host, Right::Host).rule(), Rule::RoomBound);
    assert_eq!(scene.room.participants().count(), ROOM_PARTICIPANTS_MAX);
    assert_eq!(scene.room.lobby_len(), 1, "the guest waits on");
}

/// ROOM-16
#[test]
fn meeting_that_has_used_all_numbers_takes_nobody_new() {
    let mut config = config();
    config.next_participant = ParticipantId(u32::MAX);
    let mut scene = Scene::with(config);
    let connection = scene.connection();
    assert_eq!(scene.enter(connection, Right::Link).rule(), Rule::Capacity);
}

#[test]
fn storage_that_stands_still_is_not_asked_without_bound() {
    let mut scene = Scene::new();
    let host = scene.host();
    scene.storage_works = false;

    let refused = (0..1000).find_map(|_| {
        let connection = scene.connection();
        let you = match scene.enter(connection, Right::Link).event() {
            Event::Waiting { you, .. } => you,
            Event::Refused(refusal) => return Some(refusal.rule),
            other => panic!("unexpected {other:?}"),
        };
        scene.ask(host.connection, Command::Admit { guest: you }).done();
        match scene.ask(host.connection, Command::Remove { participant: you }).0?.event {
            Event::Refused(refusal) => Some(refusal.rule),
            other => panic!("not durable, yet {other:?}"),
        }
    });

    assert_eq!(refused, Some(Rule::Storage));
    assert!(scene.outstanding.len() <= 256);
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
