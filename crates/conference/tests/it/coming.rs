//! Whether somebody may come at all: what no device can check.

use sabha_conference::{Event, Record, Right, Visitor};
use sabha_protocol::{
    Rule,
    account::UserId,
    wire::server::{CloseReason, LobbyOutcome},
};

use crate::scene::{Person, Scene, link};

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

/// ORG.LINK.PRIVATE
#[test]
fn where_links_are_personal_nobody_knocks_by_mail_and_who_has_the_secret_still_does() {
    let mut scene = Scene::new();
    let host = scene.host();
    let mail = || Right::Link { knock: None };
    let (connection, device) = (scene.connection(), scene.new_device());
    scene.set(&host, "ORG.LINK.PRIVATE", "personal");

    assert_eq!(scene.enter(connection, device, mail()).rule(), Rule::LinkPrivate);
    assert_eq!(scene.events(host.connection).len(), 0, "no host hears of it");
    // Whether there is a personal link in a knock is sealed: hosts look.
    assert!(matches!(scene.enter(connection, device, link()).event(), Event::Waiting { .. }));
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

/// Has somebody come who is signed in, and lets them in.
fn signed_in(scene: &mut Scene, host: &Person, account: Option<UserId>) -> Person {
    let (connection, device) = (scene.connection(), scene.new_device());
    let visitor = Visitor { client: 0, account };
    let Event::Waiting { you, .. } = scene.come(connection, device, link(), visitor).event() else {
        panic!("it waits")
    };
    let mut person = Person { connection, device, id: you, token: None };
    scene.admit(host, &mut person);
    person
}

/// ROOM-32
#[test]
fn who_was_removed_does_not_come_by_another_device_of_the_same_account_until_the_ban_is_lifted() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = signed_in(&mut scene, &host, account(1));
    let (waiting, other) = (scene.connection(), scene.new_device());
    scene.come(waiting, other, link(), Visitor { client: 0, account: account(1) });
    scene.delivery.ban(participant.device, true);
    scene.remove(&host, &participant);

    assert_eq!(
        scene.close_of(waiting),
        Some((CloseReason::Removed, None)),
        "who waits by it does not wait on"
    );
    let connection = scene.connection();
    let by = |number| Visitor { client: 0, account: account(number) };
    assert_eq!(scene.come(connection, other, link(), by(1)).rule(), Rule::RemovedStaysOut);
    let stranger = scene.new_device();
    assert!(matches!(scene.come(connection, stranger, link(), by(2)).event(), Event::Waiting { .. }));

    scene.delivery.ban(participant.device, false);
    scene.commit(host.connection, &[]).done();
    let connection = scene.connection();
    assert!(matches!(scene.come(connection, other, link(), by(1)).event(), Event::Waiting { .. }));
}

/// ROOM-32
#[test]
fn a_banned_account_stays_out_over_a_restart_and_the_lifted_does_not() {
    let mut scene = Scene::new();
    let host = scene.host();
    let [kept, lifted] = [1, 2].map(|number| {
        let participant = signed_in(&mut scene, &host, account(number));
        scene.delivery.ban(participant.device, true);
        scene.remove(&host, &participant);
        participant
    });
    scene.delivery.ban(lifted.device, false);
    scene.commit(host.connection, &[]).done();
    assert!(scene.stored.contains(&Record::AccountLifted { device: lifted.device }));

    scene.restart();

    let knock = |scene: &mut Scene, number| {
        let (connection, device) = (scene.connection(), scene.new_device());
        scene.come(connection, device, link(), Visitor { client: 0, account: account(number) })
    };
    assert_eq!(knock(&mut scene, 1).rule(), Rule::RemovedStaysOut);
    assert!(matches!(knock(&mut scene, 2).event(), Event::Waiting { .. }));
    assert_ne!(kept.device, lifted.device);
}

/// ROOM-32
#[test]
fn a_host_who_removes_another_device_of_their_own_is_not_kept_out() {
    let mut scene = Scene::new();
    let host = scene.host();
    let second = signed_in(&mut scene, &host, account(1));
    scene.make_host(&host, &second);
    let third = signed_in(&mut scene, &host, account(1));
    scene.delivery.ban(third.device, true);
    scene.remove(&host, &third);

    let connection = scene.connection();
    let visitor = Visitor { client: 0, account: account(1) };
    let device = scene.new_device();
    assert!(matches!(scene.come(connection, device, link(), visitor).event(), Event::Waiting { .. }));
}
