//! What is saved by packets that are not sent, each way of it apart: a room of 20 in which everybody sends voice and camera
//! and watches one of the others at 720 lines and the rest in small tiles.
//!
//! `cargo test -p sabha-sfu --test own fewer -- --nocapture` prints the table of `docs/benchmarks.md`.

use std::time::Duration;

use sabha_protocol::{MediaKind, Source};

use crate::{client::Profile, world::World};

const PEOPLE: usize = 20;
/// Time until bandwidth is found and pictures are counted, and time that is measured, in seconds.
const WARM_UP: u32 = 6;
const MEASURED: u32 = 2;

/// A room of one kind.
#[derive(Clone, Copy)]
struct Meeting {
    talking: usize,
    /// How many of the others are on somebody's screen.
    tiles: usize,
    two_temporal_layers: bool,
    /// Layers that nobody watches are not sent.
    stops_layers: bool,
}

/// Packets a second that come from everybody, and that go to everybody.
#[derive(Clone, Copy, Debug)]
struct Packets {
    sound_in: usize,
    pictures_in: usize,
    sound_out: usize,
    pictures_out: usize,
}

impl Meeting {
    fn hold(self) -> Packets {
        let mut world = World::new();
        world.stops_layers = self.stops_layers;
        let profile = Profile {
            two_temporal_layers: self.two_temporal_layers,
            video_slots: PEOPLE - 1,
            ..Profile::default()
        };
        for person in 0..PEOPLE {
            world.join(1, profile.clone());
            world.clients[person].is_talking = person < self.talking;
        }
        for person in 0..PEOPLE {
            let others = (0..PEOPLE).filter(|other| *other != person).take(self.tiles);
            let height = |place: usize| if place == 0 { 720 } else { 180 };
            let wants: Vec<_> =
                others.enumerate().map(|(place, other)| (other, Source::Camera, height(place))).collect();
            world.subscribe(person, &wants);
        }
        world.connect_all();
        world.run(Duration::from_secs(WARM_UP.into()));
        for client in &mut world.clients {
            client.received.clear();
            client.sent_packets = [0, 0];
        }
        world.run(Duration::from_secs(MEASURED.into()));

        let mut packets = Packets { sound_in: 0, pictures_in: 0, sound_out: 0, pictures_out: 0 };
        for client in &world.clients {
            let sound = client.received.iter().filter(|packet| packet.kind == MediaKind::Audio).count();
            packets.sound_out += sound;
            packets.pictures_out += client.received.len() - sound;
            packets.sound_in += client.sent_packets[0];
            packets.pictures_in += client.sent_packets[1];
        }
        let Packets { sound_in, pictures_in, sound_out, pictures_out } = &mut packets;
        for count in [sound_in, pictures_in, sound_out, pictures_out] {
            *count /= MEASURED as usize;
        }
        packets
    }
}

fn row(what: &str, without: usize, with: usize, saves_percent: usize) {
    let saved = 100 - 100 * with / without;
    println!("| {what} | {without} | {with} | {saved} % |");
    assert!(saved >= saves_percent, "{what}: {with} packets a second instead of {without}");
}

#[test]
fn fewer_packets_each_way_apart() {
    let usual = Meeting { talking: 0, tiles: PEOPLE - 1, two_temporal_layers: true, stops_layers: true };
    let quiet = usual.hold();
    let loud = Meeting { talking: PEOPLE, ..usual }.hold();
    let nine = Meeting { tiles: 9, ..usual }.hold();
    let one_layer = Meeting { two_temporal_layers: false, ..usual }.hold();
    let unstopped = Meeting { stops_layers: false, ..usual }.hold();

    let to_all = |packets: usize| packets * (PEOPLE - 1);
    println!("| | packets/s without | with | saved |\n|---|---|---|---|");
    row("speakers: three voices of 20 that talk at once", to_all(loud.sound_in), loud.sound_out, 80);
    row("silence: what 20 who are silent send nevertheless", to_all(quiet.sound_in), quiet.sound_out, 100);
    row("visible tiles: 9 of 19", quiet.pictures_out, nine.pictures_out, 20);
    row(
        "temporal layers: 15 pictures a second in small tiles",
        one_layer.pictures_out,
        quiet.pictures_out,
        30,
    );
    row("stopped layers, as they come in", unstopped.pictures_in, quiet.pictures_in, 40);
}
