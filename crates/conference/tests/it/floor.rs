//! The organisation's floor, raised while meetings run.

use sabha_conference::{Event, Input};
use sabha_policy::{Controls, Tier};
use sabha_protocol::{limits::FLOOR_GRACE, wire::server::CloseReason};

use crate::scene::Scene;

fn demanded() -> Controls {
    Controls::of(Tier::Medium)
}

/// ROOM-28
#[test]
fn meeting_below_the_floor_is_raised_by_a_host_and_goes_on() {
    let mut scene = Scene::new();
    let host = scene.host();
    let participant = scene.participant(&host);

    scene.input(Input::Floor(demanded()));
    assert_eq!(scene.events(host.connection), [Event::Floor { floor: demanded() }]);
    assert_eq!(scene.events(participant.connection), []);
    scene.set(&host, "MEET.SHARE.HOST", "hosts");
    scene.pass(FLOOR_GRACE);

    assert!(!scene.room.is_over());
}

/// ROOM-28
#[test]
fn meeting_that_stays_below_the_floor_ends_and_says_why() {
    let mut scene = Scene::new();
    let host = scene.host();
    scene.input(Input::Floor(demanded()));
    scene.pass(FLOOR_GRACE);

    assert!(scene.room.is_over());
    assert_eq!(scene.close_of(host.connection), Some((CloseReason::Policy, None)));
}

/// ROOM-28
#[test]
fn host_who_comes_later_is_told_and_the_time_counts_from_then() {
    let mut scene = Scene::new();
    scene.input(Input::Floor(demanded()));
    scene.pass(2 * FLOOR_GRACE);
    assert!(!scene.room.is_over());

    let host = scene.host();

    let told = Event::Floor { floor: demanded() };
    assert!(scene.heard(host.connection).iter().any(|message| message.event == told));
    scene.pass(FLOOR_GRACE / 2);
    assert!(!scene.room.is_over());
    scene.pass(FLOOR_GRACE);
    assert!(scene.room.is_over());
}

/// ROOM-28
#[test]
fn floor_that_is_lowered_again_ends_nothing() {
    let mut scene = Scene::new();
    scene.host();
    scene.input(Input::Floor(demanded()));
    scene.input(Input::Floor(Controls::default()));
    scene.pass(2 * FLOOR_GRACE);
    assert!(!scene.room.is_over());
}
