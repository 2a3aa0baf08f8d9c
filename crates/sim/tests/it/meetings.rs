//! Single stories, told from end to end.

use std::time::Duration;

use sabha_conference::Command;
use sabha_protocol::{MediaState, Source, wire::server::CloseReason};
use sabha_sim::{ClientIndex, Conditions, MeetingIndex, Phase, Seat, World, healthy_link};

const SECOND: Duration = Duration::from_secs(1);

/// A meeting with a host and some guests, in which everybody sees and hears the others.
fn meeting(world: &mut World, guests: usize) -> (MeetingIndex, Vec<ClientIndex>) {
    let meeting = world.add_meeting();
    let mut clients = vec![world.add_client(meeting, Seat::Creator)];
    clients.extend((0..guests).map(|_| world.add_client(meeting, Seat::Guest)));
    assert!(world.run_until(10 * SECOND, World::all_joined), "everybody is let in");
    settle(world);
    (meeting, clients)
}

#[track_caller]
fn settle(world: &mut World) {
    world.run_until(15 * SECOND, |world| world.all_joined() && world.unsettled().is_empty());
    assert_eq!(world.unsettled(), [""; 0]);
    assert_eq!(world.breaches(), [""; 0]);
}

#[test]
fn two_rooms_never_exchange_a_packet() {
    let mut world = World::new(1);
    let (_, first) = meeting(&mut world, 2);
    let (_, second) = meeting(&mut world, 2);

    world.run(5 * SECOND);

    assert_eq!(world.breaches(), [""; 0]);
    for client in first.iter().chain(&second) {
        assert!(world.client(*client).media_bytes() > 10_000);
    }
}

#[test]
fn guest_in_the_lobby_receives_no_byte_of_media() {
    let mut world = World::new(2);
    let (meeting, _) = meeting(&mut world, 1);
    let unwanted = world.add_client(meeting, Seat::Unwanted);

    world.run(10 * SECOND);

    assert_eq!(world.client(unwanted).phase(), Phase::Waiting);
    assert_eq!(world.client(unwanted).media_bytes(), 0);
    assert_eq!(world.breaches(), [""; 0]);
}

/// ROOM-09, ROOM-11
#[test]
fn media_flows_on_while_signalling_is_gone_and_again_after_the_resume() {
    let mut world = World::new(3);
    let (_, clients) = meeting(&mut world, 2);
    let id = world.client(clients[1]).id();
    world.set_media(clients[1], MediaState { camera: true, ..MediaState::default() });
    world.run(2 * SECOND);

    world.cut_signalling(clients[1], Duration::ZERO, 5 * SECOND);
    world.run(4 * SECOND);
    let seen = world.client(clients[0]).last_received(id.expect("an id"), Source::Camera);
    assert!(seen.is_some_and(|at| world.now() - at < SECOND), "media does not depend on signalling");

    assert!(world.run_until(10 * SECOND, World::all_joined));
    assert_eq!(world.client(clients[1]).id(), id, "the same place");
    world.run(5 * SECOND);
    let voice = world.client(clients[0]).last_received(id.expect("an id"), Source::Microphone);
    assert!(voice.is_none_or(|at| world.now() - at > 5 * SECOND), "still muted");
    world.heal();
    settle(&mut world);
}

/// ROOM-07
#[test]
fn removed_one_receives_and_sends_nothing_and_waits_at_the_door_when_it_comes_back() {
    let mut world = World::new(4);
    let (_, clients) = meeting(&mut world, 2);
    let (host, removed) = (clients[0], clients[1]);

    world.remove(host, removed);
    assert!(
        world.run_until(SECOND, |world| {
            world.client(removed).phase() == Phase::Over(CloseReason::Removed)
        })
    );
    world.run(SECOND);
    let bytes = world.client(removed).media_bytes();
    world.come_back(removed);
    world.run(10 * SECOND);

    assert_eq!(world.client(removed).phase(), Phase::Waiting);
    assert_eq!(world.client(removed).media_bytes(), bytes);
    assert_eq!(world.breaches(), [""; 0]);
    settle(&mut world);
}

/// ROOM-12
#[test]
fn muted_one_is_not_heard_whatever_it_sends() {
    let mut world = World::new(5);
    let (_, clients) = meeting(&mut world, 1);
    let participant = world.client(clients[1]).id().expect("an id");

    world.ask(clients[0], Command::Mute { participant, source: Source::Microphone });
    world.run(5 * SECOND);

    let voice = world.client(clients[0]).last_received(participant, Source::Microphone);
    assert!(voice.is_some_and(|at| world.now() - at > 4 * SECOND));
    let picture = world.client(clients[0]).last_received(participant, Source::Camera);
    assert!(picture.is_some_and(|at| world.now() - at < SECOND));
    assert_eq!(world.breaches(), [""; 0]);
}

#[test]
fn media_path_that_breaks_is_replaced() {
    let mut world = World::new(6);
    let (_, clients) = meeting(&mut world, 1);
    world.set_link(clients[1], Conditions { loss: 1.0, ..healthy_link() });
    world.run(30 * SECOND);
    assert_ne!(world.unsettled(), [""; 0]);

    world.heal();
    settle(&mut world);
}

/// ROOM-10, ROOM-11
#[test]
fn everybody_is_back_in_their_places_as_they_left_after_a_restart_of_the_server() {
    let mut world = World::new(7);
    let (meeting, clients) = meeting(&mut world, 2);
    let muted = world.client(clients[2]).id().expect("an id");
    world.ask(clients[0], Command::Mute { participant: muted, source: Source::Microphone });
    world.run(SECOND);
    let before: Vec<_> = world.room(meeting).expect("open").participants().collect();
    assert!(before.iter().any(|view| view.id == muted && !view.media.microphone));

    world.restart_server();
    world.run(SECOND / 2);
    assert!(world.run_until(5 * SECOND, World::all_joined));

    let after: Vec<_> = world.room(meeting).expect("open again").participants().collect();
    assert_eq!(after, before);
    world.heal();
    settle(&mut world);
}

/// ROOM-21, ROOM-23
#[test]
fn reloaded_page_comes_back_to_its_place_by_its_device() {
    let mut world = World::new(8);
    let (meeting, clients) = meeting(&mut world, 2);
    let before: Vec<_> = world.room(meeting).expect("open").participants().collect();

    world.reload(clients[2]);
    world.reload(clients[0]);
    world.run(SECOND / 2);
    assert!(world.run_until(5 * SECOND, World::all_joined));

    let after: Vec<_> = world.room(meeting).expect("open").participants().collect();
    assert_eq!(after, before);
    settle(&mut world);
}

/// ROOM-22, ROOM-23
#[test]
fn who_left_comes_back_from_outside_of_the_group() {
    let mut world = World::new(9);
    let (_, clients) = meeting(&mut world, 2);
    let before = world.client(clients[1]).id();
    world.ask(clients[1], Command::Leave);
    world.run(2 * SECOND);
    assert_eq!(world.client(clients[1]).phase(), Phase::Over(CloseReason::Left));

    world.come_back(clients[1]);
    world.run(SECOND / 2);
    assert!(world.run_until(5 * SECOND, World::all_joined), "nobody has to let it in again");

    assert!(world.client(clients[1]).id() > before);
    settle(&mut world);
}
