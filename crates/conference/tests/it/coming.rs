//! Whether somebody may come at all: what no device can check.

use sabha_conference::{Event, Right, Visitor};
use sabha_protocol::{
    Rule,
    account::UserId,
    wire::server::{CloseReason, LobbyOutcome},
};

use crate::scene::{Scene, link};

fn account(number: u8) -> Option<UserId> {
    Some(UserId::from_bytes([number; 16]))
}

/// ROOM-31
#[test]
fn a_client_older_than_the_controls_say_is_not_let_in_by_any_right() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    scene.set(&host, "ORG.CLIENT.FLOOR", "7");
    let visitor = |client| Visitor { client, account: account(1) };

    let (connection, device) = (scene.connection(), scene.new_device());
    for right in [link(), Right::Member, Right::Granted] {
        assert_eq!(scene.come(connection, device, right.clone(), visitor(6)).rule(), Rule::ClientFloor);
    }
    assert!(matches!(scene.come(connection, device, link(), visitor(7)).event(), Event::Waiting { .. }));
    // Who is in stays, and does not come back by the old client.
    scene.drop_connection(participant.connection);
    assert_eq!(scene.refused_resume(&participant), Rule::ClientFloor);
}

/// ROOM-31
#[test]
fn where_only_members_take_part_nobody_knocks_or_comes_back_without_an_account() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);
    scene.set(&host, "ORG.EXTERNAL", "members");

    let (connection, device) = (scene.connection(), scene.new_device());
    assert_eq!(scene.enter(connection, device, link()).rule(), Rule::External);
    assert_eq!(scene.events(host.connection).len(), 0, "no host hears of it");
    let member = Visitor { client: 0, account: account(1) };
    assert!(matches!(scene.come(connection, device, link(), member).event(), Event::Waiting { .. }));
    let told = scene.events(host.connection);
    assert!(matches!(&told[..], [Event::Knocked { guest }] if guest.of_organisation), "{told:?}");
    scene.drop_connection(participant.connection);
    assert_eq!(scene.refused_resume(&participant), Rule::External);
}

/// ROOM-31
#[test]
fn who_waits_when_the_controls_get_tighter_waits_on_only_if_it_may_come() {
    let mut scene = Scene::new();
    let host = scene.host();
    let guest = scene.guest();
    let (connection, device) = (scene.connection(), scene.new_device());
    scene.come(connection, device, link(), Visitor { client: 0, account: account(1) });

    scene.set(&host, "ORG.EXTERNAL", "members");

    assert_eq!(scene.close_of(guest.connection), Some((CloseReason::Policy, None)));
    let gone = Event::LobbyLeft { guest: guest.id, outcome: LobbyOutcome::Denied };
    assert!(scene.events(host.connection).contains(&gone));
    assert_eq!(scene.close_of(connection), None);
}
