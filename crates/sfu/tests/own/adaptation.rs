//! Bad links: sound stays, the best layer that fits is shown, and all of it comes back.
//!
//! Somebody talks and shows a camera of 150, 500 and 1300 kbit/s; somebody watches over a link with 10 ms each way, a queue of a quarter of
//! a second, and what each test adds. Each rule holds for all seeds; `--nocapture` shows the worst of them.

use std::time::Duration;

use sabha_protocol::{Layer, Source};
use sabha_sfu::PacketPath;

use crate::{
    PATH,
    client::{Profile, Received},
    temporal::{per_second, two_layers},
    world::World,
};

const SECOND: Duration = Duration::from_secs(1);
const SEEDS: std::ops::Range<u64> = 1..5;
/// Packets of sound and frames of pictures that a second has.
const SOUNDS: f64 = 50.0;
const FRAMES: f64 = 30.0;

struct Talk {
    world: World,
    speaker: usize,
    listener: usize,
}

/// What a listener had of a time.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Shares, of all packets of sound and all frames of the camera, of which all packets came.
    sound: f64,
    pictures: f64,
    /// Share of the frames that were of the best layer.
    best: f64,
    /// The longest time without a whole picture.
    gap: Duration,
}

impl Talk {
    /// Ten seconds into a call whose listener has a link of 4 Mbit/s.
    fn new(seed: u64) -> Self {
        let talk = Self::over(PATH, seed);
        assert_eq!(layer(&talk.world, talk.listener), Some(Layer::High), "seed {seed}");
        talk
    }

    fn over(path: PacketPath, seed: u64) -> Self {
        let mut world = World::over(path);
        world.seed = seed * 1000;
        let speaker = world.join(1, Profile::default());
        let listener = world.join(1, Profile { sources: vec![], ..Profile::default() });
        world.subscribe(listener, &[(speaker, Source::Camera, 720)]);
        world.clients[speaker].is_talking = true;
        let mut talk = Self { world, speaker, listener };
        talk.change("down rate=4mbit");
        talk.world.connect_all();
        talk.world.run(10 * SECOND);
        talk
    }

    fn change(&mut self, change: &str) {
        self.world.impair(self.listener, change);
    }

    fn watch(&mut self, time: Duration) -> Seen {
        let from = self.world.now;
        self.world.run(time);
        let client = &self.world.clients[self.listener];
        let mut sound: Vec<u64> =
            client.got(self.speaker, Source::Microphone, from).iter().map(|packet| packet.seq).collect();
        sound.sort_unstable();
        sound.dedup();

        // A frame is whole when as many of its packets came as its layer has, repaired ones with them.
        let mut frames = std::collections::BTreeMap::<_, (std::collections::BTreeSet<u64>, _)>::new();
        for packet in client.got(self.speaker, Source::Camera, from) {
            let (packets, at) = frames.entry((packet.frame, packet.layer)).or_insert_with(Default::default);
            packets.insert(packet.seq);
            *at = Some(packet.at);
        }
        let packets = |layer| [1, 2, 5][layer as usize];
        frames.retain(|(_, layer), (seen, _)| seen.len() >= packets(*layer));
        let best = frames.keys().filter(|(_, layer)| *layer == Layer::High).count();
        let mut times: Vec<_> =
            frames.values().filter_map(|(_, at)| *at).chain([from, from + time]).collect();
        times.sort_unstable();
        let gap = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        let seconds = time.as_secs_f64();
        Seen {
            sound: sound.len() as f64 / seconds / SOUNDS,
            pictures: frames.len() as f64 / seconds / FRAMES,
            best: best as f64 / frames.len().max(1) as f64,
            gap,
        }
    }
}

/// Returns the layer of the last picture that a client received.
fn layer(world: &World, listener: usize) -> Option<Layer> {
    let mut received = world.clients[listener].received.iter().rev();
    received.find(|packet| packet.source == Source::Camera).map(|packet| packet.layer)
}

/// Returns the worst of all seeds in each respect, of half a minute that begins five seconds after the change.
fn worst(change: &str) -> Seen {
    worst_over(PATH, change)
}

fn worst_over(path: PacketPath, change: &str) -> Seen {
    let seen = SEEDS.map(|seed| {
        let mut talk = Talk::over(path, seed);
        talk.change(change);
        talk.world.run(5 * SECOND);
        talk.watch(30 * SECOND)
    });
    let worst = seen.reduce(|a, b| Seen {
        sound: a.sound.min(b.sound),
        pictures: a.pictures.min(b.pictures),
        best: a.best.min(b.best),
        gap: a.gap.max(b.gap),
    });
    println!("{path:?}, {change}: {worst:?}");
    worst.unwrap()
}

#[test]
fn sound_stays_when_a_link_gets_narrow_and_pictures_are_best_again_ten_seconds_after_it_got_wide() {
    for narrow in [5, 20] {
        for seed in SEEDS {
            let mut talk = Talk::new(seed);
            talk.change("down rate=250kbit");
            let step = talk.watch(3 * SECOND);
            let seen = talk.watch(narrow * SECOND);
            println!("{narrow} s narrow, seed {seed}: at the step {step:?}, then {seen:?}");
            assert!(step.sound > 0.7, "{step:?}");
            assert!(seen.sound > 0.97 && seen.pictures > 0.8, "{seen:?}");
            assert_eq!(layer(&talk.world, talk.listener), Some(Layer::Low));

            talk.change("down rate=4mbit");
            let start = talk.world.now;
            let listener = talk.listener;
            talk.world.run_until("the best layer", |world| layer(world, listener) == Some(Layer::High));
            println!("the best layer again after {:?}", talk.world.now - start);
            let seen = talk.watch(5 * SECOND);
            assert!(seen.best > 0.95 && seen.sound > 0.97, "it stays: {seen:?}");
        }
    }
}

#[test]
fn loss_by_chance_costs_no_layer() {
    for percent in [2, 5] {
        let seen = worst(&format!("both loss={percent}%"));
        assert!(seen.best > 0.95 && seen.pictures > 0.95, "{percent} %: {seen:?}");
        assert!(seen.sound > 0.98 - f64::from(percent) / 100.0, "{percent} %: {seen:?}");
    }
}

#[test]
fn loss_in_bursts_costs_a_layer_for_seconds_at_most() {
    // A long burst is what a queue looks like that overflows: one lowers the layer for three seconds. How many of them do
    // depends on chance that no seed holds, the clients' own: in 24 runs the worst shares were 1.00, 0.79 and 0.67.
    for (percent, length, best) in [(2, 4, 0.9), (2, 10, 0.65), (4, 8, 0.5)] {
        let seen = worst(&format!("both burst={percent}%x{length}"));
        assert!(seen.best > best && seen.pictures > 0.9, "{percent} % x {length}: {seen:?}");
        assert!(seen.sound > 0.95 - f64::from(percent) / 100.0, "{percent} % x {length}: {seen:?}");
    }
}

#[test]
fn jitter_and_reordering_cost_no_layer_and_no_packet() {
    for change in [
        "both jitter=20ms",
        "both jitter=50ms",
        "both scatter=20ms",
        "both scatter=60ms",
        "both reorder=5%,reorder-by=30ms",
        "both jitter=20ms,reorder=3%,duplicate=2%",
        "both freeze=100ms",
    ] {
        let seen = worst(change);
        assert!(seen.best > 0.95 && seen.pictures > 0.95 && seen.sound > 0.98, "{change}: {seen:?}");
    }
}

#[test]
fn everything_at_once_costs_no_layer() {
    let seen = worst("both loss=3%,jitter=20ms,reorder=3%,delay=40ms");
    assert!(seen.best > 0.9 && seen.pictures > 0.95 && seen.sound > 0.95, "{seen:?}");
}

#[test]
fn others_in_the_queue_leave_it_what_fits_beside_them() {
    // 1.6 Mbit/s are free: the best layer and sound fit.
    let seen = worst("down others=2.4mbit");
    assert!(seen.best > 0.9 && seen.sound > 0.97, "{seen:?}");
    // 0.8 are: the middle one fits, the best does not.
    let seen = worst("down others=3.2mbit");
    assert!(seen.pictures > 0.8 && seen.sound > 0.95, "{seen:?}");
}

#[test]
fn greedy_other_does_not_take_the_sound_or_all_of_the_picture() {
    for flows in [1, 2] {
        let seen = worst(&format!("down greedy={flows}"));
        assert!(seen.sound > 0.95 && seen.pictures > 0.7, "{flows}: {seen:?}");
    }
}

#[test]
fn layer_is_best_again_ten_seconds_after_a_greedy_other_has_gone() {
    for seed in SEEDS {
        let mut talk = Talk::new(seed);
        talk.change("down greedy=2");
        talk.world.run(20 * SECOND);
        talk.change("down greedy=0");
        let (start, listener) = (talk.world.now, talk.listener);
        talk.world.run_until("the best layer", |world| layer(world, listener) == Some(Layer::High));
        println!("the best layer again after {:?}", talk.world.now - start);
        let seen = talk.watch(5 * SECOND);
        assert!(seen.best > 0.95, "it stays: {seen:?}");
    }
}

#[test]
fn link_without_room_for_all_of_a_layer_gets_half_of_its_pictures_rather_than_a_lower_layer() {
    let mut world = World::new();
    let (a, b) = (world.join(1, two_layers()), world.join(1, two_layers()));
    world.subscribe(b, &[(a, Source::Camera, 360)]);
    world.connect_all();
    world.run(4 * SECOND);
    assert!(per_second(&world, b, a, 2) >= 29);

    // The layer takes 500 kbit/s, the one below it 150.
    world.impair(b, "down rate=400kbit");
    world.run(12 * SECOND);
    let settled = world.now;
    world.run(8 * SECOND);
    let packets = world.clients[b].got(a, Source::Camera, settled);
    let wanted = |packet: &&&Received| packet.layer == Layer::Medium && packet.temporal == 0;
    let share = packets.iter().filter(wanted).count() * 100 / packets.len().max(1);
    assert!(share >= 80, "{share} % of {} packets", packets.len());

    world.impair(b, "down rate=none");
    world.run_until("all pictures", |world| per_second(world, b, a, 1) >= 29);
    assert_eq!(world.clients[b].received.last().map(|packet| packet.layer), Some(Layer::Medium));
}

/// The library's estimator is another reading of what browsers do (its `bwe`), and has the same links and the same clients here.
#[test]
fn bad_links_leave_no_less_than_over_the_librarys_estimator() {
    for change in [
        "both loss=2%",
        "both loss=5%",
        "both burst=2%x4",
        "both jitter=20ms",
        "both scatter=20ms",
        "both reorder=5%,reorder-by=30ms",
        "both loss=3%,jitter=20ms,reorder=3%,delay=40ms",
        "down rate=1mbit",
        "down rate=250kbit",
        "down others=2.4mbit",
        "down others=3.2mbit",
        "down greedy=1",
    ] {
        let ours = worst_over(PATH, change);
        let theirs = worst_over(PacketPath::Library, change);
        assert!(ours.sound > theirs.sound - 0.03, "{change}: sound {} and {}", ours.sound, theirs.sound);
        let pictures = |seen: Seen| seen.pictures * (1.0 + seen.best);
        assert!(pictures(ours) > pictures(theirs) - 0.15, "{change}: {ours:?} and {theirs:?}");
    }
}
