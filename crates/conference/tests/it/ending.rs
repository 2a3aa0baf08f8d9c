//! The end of a meeting.

use std::time::Duration;

use sabha_conference::{Command, Event, Input, Output, Record, RoomConfig};
use sabha_protocol::{Rule, limits::ABANDONED_ROOM, wire::server::CloseReason};

use crate::{
    delivery::device,
    scene::{Scene, config, link},
};

/// ROOM-14
#[test]
fn end_is_told_to_everybody_once_it_is_durable() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let guest = scene.guest();
    scene.storage_works = false;

    assert!(scene.ask(host.connection, Command::End).0.is_none());
    assert!(matches!(scene.outputs[..], [Output::Persist { record: Record::Ended, .. }]));
    let request = scene.request();
    assert_eq!(scene.ask(host.connection, Command::End).rule(), Rule::Order);
    scene.store(true);

    scene.answer(host.connection, request).done();
    for connection in [host.connection, participant.connection, guest.connection] {
        assert_eq!(scene.close_of(connection), Some((CloseReason::Ended, Some(host.id))));
    }
    assert_eq!(scene.media_commands().len(), 2);
    assert!(matches!(scene.outputs.last(), Some(Output::Ended)));
    assert!(scene.room.is_over());
}

/// ROOM-14
#[test]
fn nothing_comes_out_of_a_room_that_is_over() {
    let mut scene = Scene::new();
    let host = scene.host();
    scene.ask(host.connection, Command::End).done();

    let late = scene.connection();
    assert!(scene.enter(late, device(1), link()).0.is_none());
    assert!(scene.commit(host.connection, &[]).0.is_none());
    scene.input(Input::Disconnected { connection: host.connection });
    scene.pass(ABANDONED_ROOM * 2);

    assert!(scene.outputs.is_empty());
    assert_eq!(scene.room.poll_timeout(), None);
}

/// ROOM-14
#[test]
fn meeting_goes_on_if_its_end_cannot_be_stored() {
    let mut scene = Scene::new();
    let host = scene.host();
    scene.storage_works = false;
    scene.ask(host.connection, Command::End);
    let request = scene.request();

    scene.store(false);

    assert_eq!(scene.answer(host.connection, request).rule(), Rule::Storage);
    assert!(!scene.room.is_over());
    scene.storage_works = true;
    scene.ask(host.connection, Command::End).done();
}

/// ROOM-15
#[test]
fn room_in_which_nobody_is_connected_ends_itself() {
    let mut scene = Scene::new();
    let host = scene.host();
    scene.ask(host.connection, Command::Leave).done();
    assert_eq!(scene.room.poll_timeout(), Some(scene.now + ABANDONED_ROOM));

    scene.pass(ABANDONED_ROOM - Duration::from_millis(1));
    assert!(!scene.room.is_over());
    scene.pass(Duration::from_millis(1));

    assert!(scene.room.is_over());
    assert_eq!(scene.stored.last(), Some(&Record::Ended));
}

/// ROOM-15
#[test]
fn room_of_a_planned_meeting_is_kept_until_its_end() {
    let kept_for = ABANDONED_ROOM * 3;
    let mut scene = Scene::with(RoomConfig { kept_for, ..config() });
    let end = scene.now + kept_for;
    let guest = scene.guest();
    scene.ask(guest.connection, Command::Leave).done();
    assert_eq!(scene.room.poll_timeout(), Some(end));
    scene.pass(ABANDONED_ROOM * 2);
    assert!(!scene.room.is_over());

    // Who is there at the end stays, and an empty room then ends as any other.
    let host = scene.host();
    scene.pass(ABANDONED_ROOM * 2);
    assert!(!scene.room.is_over());
    scene.ask(host.connection, Command::Leave).done();
    scene.pass(ABANDONED_ROOM);
    assert!(scene.room.is_over());
}

/// ROOM-15
#[test]
fn who_comes_in_time_keeps_an_empty_room_from_ending() {
    let mut scene = Scene::new();
    scene.pass(ABANDONED_ROOM - Duration::from_secs(1));
    let host = scene.host();
    scene.pass(ABANDONED_ROOM);
    assert!(!scene.room.is_over());
    assert_eq!(scene.ids(), [host.id]);
}

/// ROOM-15
#[test]
fn abandoned_room_tries_again_if_its_end_cannot_be_stored() {
    let mut scene = Scene::new();
    scene.storage_works = false;
    scene.pass(ABANDONED_ROOM);
    assert_eq!(scene.outstanding.len(), 1);
    assert_eq!(scene.room.poll_timeout(), None, "it waits for storage");
    let guest = scene.guest();
    scene.drop_connection(guest.connection);
    assert_eq!(scene.events(guest.connection), []);

    scene.store(false);
    assert_eq!(scene.room.poll_timeout(), Some(scene.now + ABANDONED_ROOM));
}

/// ROOM-15
#[test]
fn guest_that_came_while_the_end_was_stored_is_told() {
    let mut scene = Scene::new();
    scene.storage_works = false;
    scene.pass(ABANDONED_ROOM);
    let guest = scene.guest();

    scene.store(true);

    assert_eq!(scene.close_of(guest.connection), Some((CloseReason::Abandoned, None)));
    assert_ne!(scene.events(guest.connection), [Event::Done]);
}

/// ROOM-33
#[test]
fn who_waits_for_a_meeting_that_is_cancelled_is_told_and_it_is_over() {
    let mut scene = Scene::new();
    let guest = scene.guest();
    scene.input(Input::Cancelled);
    assert_eq!(scene.close_of(guest.connection), Some((CloseReason::Ended, None)));
    assert!(scene.room.is_over());
}

/// ROOM-33
#[test]
fn a_meeting_that_is_under_way_goes_on_when_it_is_cancelled() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();
    scene.input(Input::Cancelled);
    assert_eq!(scene.close_of(guest.connection), None);
    // Also while its host is away for a moment.
    scene.drop_connection(host.connection);
    scene.input(Input::Cancelled);
    assert!(!scene.room.is_over());
}
