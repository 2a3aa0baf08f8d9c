//! The order of a room, and messages between members.

use sabha_conference::{Command, Event, Right};
use sabha_protocol::{RoomSeq, Rule, opaque::RelayPayload};

use crate::scene::{ALL_OFF, Scene};

fn payload() -> RelayPayload {
    RelayPayload::try_from(vec![1, 2, 3]).expect("three bytes")
}

/// ROOM-08
#[test]
fn joiner_knows_the_order_up_to_its_own_arrival() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut guest = scene.guest();
    scene.admit(&host, &mut guest);

    let Event::Joined { seq, .. } = scene.join(guest.connection) else { panic!("joined") };

    let told = scene.heard(host.connection);
    assert!(matches!(told[0].event, Event::ParticipantJoined { .. }));
    assert_eq!(told[0].seq, Some(seq));
    scene.ask(host.connection, Command::SetMedia { media: ALL_OFF }).done();
    assert_eq!(scene.heard(guest.connection)[0].seq, Some(seq.next()));
}

/// ROOM-08
#[test]
fn sender_learns_the_position_of_its_own_message_from_the_answer() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);

    let relay = Command::Relay { to: None, payload: payload() };
    let answer = scene.ask(participant.connection, relay).0.expect("answered");

    let heard = scene.heard(host.connection);
    assert_eq!(heard[0].event, Event::Relayed { from: participant.id, payload: payload() });
    assert_eq!(heard[0].seq, answer.seq);
    assert!(answer.seq > Some(RoomSeq(0)));
    assert_eq!(scene.heard(participant.connection).len(), 1, "the sender does not get its own message");
}

/// ROOM-23
#[test]
fn message_to_all_reaches_who_is_in_the_group_and_has_not_joined_yet() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mut admitted = scene.guest();
    scene.admit(&host, &mut admitted);
    let guest = scene.guest();
    let (outside, stranger) = (scene.connection(), scene.new_device());
    scene.enter(outside, stranger, Right::Granted).admission();

    scene.ask(host.connection, Command::Relay { to: None, payload: payload() }).done();

    assert_eq!(scene.events(admitted.connection), [Event::Relayed { from: host.id, payload: payload() }]);
    assert_eq!(scene.heard(admitted.connection)[0].seq, None);
    for connection in [guest.connection, outside] {
        assert_eq!(scene.events(connection), []);
    }
}

#[test]
fn message_to_one_member_reaches_nobody_else_and_has_no_position() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let other = scene.participant(&host);

    let relay = Command::Relay { to: Some(participant.id), payload: payload() };
    let answer = scene.ask(host.connection, relay).0.expect("answered");

    assert_eq!(answer.seq, None);
    assert_eq!(scene.heard(participant.connection)[0].seq, None);
    assert_eq!(scene.heard(other.connection).len(), 0);
}

#[test]
fn message_to_oneself_or_to_somebody_not_connected_is_refused() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    let guest = scene.guest();
    scene.drop_connection(participant.connection);

    let mut relay =
        |to| scene.ask(host.connection, Command::Relay { to: Some(to), payload: payload() }).rule();
    assert_eq!(relay(host.id), Rule::NotThisTarget);
    assert_eq!(relay(participant.id), Rule::PresentOnly);
    assert_eq!(relay(guest.id), Rule::PresentOnly);
}
