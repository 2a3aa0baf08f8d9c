//! A room over several shards is served as one on a single shard is.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use proptest::prelude::*;
use sabha_protocol::{Layer, MediaKind, Mid, Source, VideoCodec, limits::KEYFRAME_INTERVAL};
use sabha_sfu::{Command, DropReason, Event, Input, PeerKey};

use crate::{
    client::{Profile, Received},
    layers::assert_continuous,
    world::{SHARD, World},
};

const SECOND: Duration = Duration::from_secs(1);
const ROOM: u64 = 1;
/// People of a meeting, at most.
const PEOPLE: usize = 7;

/// Somebody on the first shard and somebody on the second, connected.
fn two() -> (World, usize, usize) {
    let mut world = World::of_shards(crate::PATH, 2);
    let (a, b) = (world.join_at(0, ROOM, Profile::default()), world.join_at(1, ROOM, Profile::default()));
    (world, a, b)
}

/// What happens in a meeting.
#[derive(Clone, Debug)]
enum Step {
    Join { knows_vp9: bool },
    Leave(usize),
    Return(usize),
    Show(usize, Vec<(usize, bool, u16)>),
    Publish(usize, [bool; 3]),
    Talk(usize, bool),
    Lose(usize, u8),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..PEOPLE;
    let height = prop::sample::select(vec![90u16, 180, 360, 720]);
    prop_oneof![
        2 => any::<bool>().prop_map(|knows_vp9| Step::Join { knows_vp9 }),
        1 => who.clone().prop_map(Step::Leave),
        1 => who.clone().prop_map(Step::Return),
        5 => (who.clone(), prop::collection::vec((0..PEOPLE, any::<bool>(), height), 0..4))
            .prop_map(|(who, shown)| Step::Show(who, shown)),
        2 => (who.clone(), any::<[bool; 3]>()).prop_map(|(who, on)| Step::Publish(who, on)),
        3 => (who.clone(), any::<bool>()).prop_map(|(who, talks)| Step::Talk(who, talks)),
        1 => (who, prop::sample::select(vec![0u8, 3])).prop_map(|(who, percent)| Step::Lose(who, percent)),
    ]
}

/// What somebody is served.
#[derive(Debug, PartialEq, Eq)]
struct Served {
    /// What is in each of its slots.
    seats: BTreeMap<usize, (PeerKey, Source)>,
    /// The layers that came of each publication in the last second.
    streams: BTreeMap<(u8, Source), BTreeSet<Layer>>,
    layers_wanted: Option<Vec<Layer>>,
    codecs_wanted: Vec<VideoCodec>,
}

/// A meeting, as its people see it after each step; and everything of it in `shards` shards.
struct Meeting {
    world: World,
    shards: usize,
    here: BTreeSet<usize>,
    lossy: BTreeSet<usize>,
}

impl Meeting {
    fn new(shards: usize, hop: Duration) -> Self {
        let mut world = World::of_shards(crate::PATH, shards);
        world.hop = hop;
        let mut meeting = Self { world, shards, here: BTreeSet::new(), lossy: BTreeSet::new() };
        (0..3).for_each(|_| meeting.join(false));
        meeting.world.connect_all();
        meeting
    }

    fn join(&mut self, knows_vp9: bool) {
        if self.world.clients.len() < PEOPLE {
            let sources = vec![Source::Microphone, Source::Camera, Source::Screen];
            let profile = Profile { sources, knows_vp9, ..Profile::default() };
            let shard = self.world.clients.len() % self.shards;
            let client = self.world.join_at(shard, ROOM, profile);
            self.here.insert(client);
        }
    }

    fn take(&mut self, step: &Step) {
        let world = &mut self.world;
        match step {
            Step::Join { knows_vp9 } => self.join(*knows_vp9),
            Step::Leave(who) if self.here.remove(who) => {
                world.command(Command::Disconnect { peer: PeerKey(*who as u64) });
            }
            Step::Return(who) if world.clients.len() > *who => {
                self.here.insert(*who);
                world.reconnect(ROOM, *who);
            }
            Step::Show(who, shown) if self.here.contains(who) => {
                let source = |is_screen| if is_screen { Source::Screen } else { Source::Camera };
                let wants: Vec<_> =
                    shown.iter().map(|(of, is_screen, height)| (*of, source(*is_screen), *height)).collect();
                world.subscribe(*who, &wants);
            }
            Step::Publish(who, on) if self.here.contains(who) => {
                let sources = [Source::Microphone, Source::Camera, Source::Screen];
                let on: Vec<Source> =
                    sources.into_iter().zip(on).filter(|(_, on)| **on).map(|(of, _)| of).collect();
                world.publish(*who, &on);
            }
            Step::Talk(who, talks) if self.here.contains(who) => world.clients[*who].is_talking = *talks,
            Step::Lose(who, percent) if world.clients.len() > *who => {
                world.impair(*who, &format!("both loss={percent}%"));
                if *percent > 0 {
                    self.lossy.insert(*who)
                } else {
                    self.lossy.remove(who)
                };
            }
            _ => {}
        }
    }

    /// Lets the step settle, and returns what everybody is served then, and who speaks.
    fn settle(&mut self) -> (Vec<PeerKey>, BTreeMap<usize, Served>) {
        let world = &mut self.world;
        world.run(5 * SECOND);
        let since = world.now;
        world.run(SECOND);
        let mut everybody = BTreeMap::new();
        for who in &self.here {
            let packets: Vec<&Received> =
                world.clients[*who].received.iter().filter(|packet| packet.at >= since).collect();
            if self.lossy.is_empty() {
                let pictures = packets.iter().copied().filter(|packet| packet.kind == MediaKind::Video);
                assert_continuous(&pictures.collect::<Vec<_>>());
            }
            let mut streams: BTreeMap<_, BTreeSet<Layer>> = BTreeMap::new();
            for packet in packets {
                streams.entry((packet.from, packet.source)).or_default().insert(packet.layer);
            }
            let slots = &world.clients[*who].down;
            let place = |mid: &Mid| slots.iter().position(|slot| slot.mid == *mid).unwrap();
            let served = Served {
                seats: world.occupants(*who).iter().map(|(mid, who)| (place(mid), *who)).collect(),
                streams,
                layers_wanted: world.last_layers_wanted(*who, Source::Camera),
                codecs_wanted: world.codecs_wanted(*who, Source::Screen),
            };
            everybody.insert(*who, served);
        }
        (world.last_speakers(), everybody)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn people_are_served_the_same_however_many_shards_their_room_is_on(
        steps in prop::collection::vec(step(), 6..14),
        shards in 2usize..4,
        hop in prop::sample::select(vec![0u64, 2]),
    ) {
        let mut whole = Meeting::new(1, Duration::ZERO);
        let mut spread = Meeting::new(shards, Duration::from_millis(hop));
        for step in &steps {
            for meeting in [&mut whole, &mut spread] {
                meeting.take(step);
            }
            let (expected, found) = (whole.settle(), spread.settle());
            prop_assert_eq!(expected, found, "after {:?}", step);
        }
        prop_assert_eq!(spread.world.count(|stats| stats.panics + stats.relays_refused), 0);
        for who in spread.here.clone() {
            spread.take(&Step::Leave(who));
        }
        spread.world.run(SECOND);
        prop_assert_eq!(spread.world.count(|stats| stats.rooms as u64), 0);
    }
}

#[test]
fn people_on_two_shards_hear_and_see_each_other_and_all_is_relayed_once() {
    let (mut world, a, b) = two();
    let more: Vec<usize> = (0..3).map(|_| world.join_at(1, ROOM, Profile::default())).collect();
    world.clients[a].is_talking = true;
    world.clients[b].is_talking = true;
    world.subscribe(a, &[(b, Source::Camera, 180)]);
    for viewer in more.iter().chain([&b]) {
        world.subscribe(*viewer, &[(a, Source::Camera, 180)]);
    }
    world.connect_all();
    world.run(3 * SECOND);

    for (from, to) in [(a, b), (b, a), (a, more[0]), (b, more[2])] {
        let sound = world.clients[to].got(from, Source::Microphone, world.start).len();
        assert!(sound > 120, "{sound} packets of sound from {from} to {to}");
    }
    for (from, to) in [(a, b), (b, a), (a, more[2])] {
        let picture = world.clients[to].got(from, Source::Camera, world.start);
        assert!(picture.len() > 80 && picture[0].starts_keyframe, "{} from {from} to {to}", picture.len());
        assert_continuous(&picture);
    }
    assert_eq!(
        BTreeSet::from_iter(world.last_speakers()),
        BTreeSet::from([a, b].map(|of| PeerKey(of as u64)))
    );
    for viewer in more.iter().chain([&b]) {
        world.subscribe(*viewer, &[(a, Source::Camera, 360)]);
    }
    world.run_until("nothing is sent that nobody watches", |world| {
        world.last_layers_wanted(a, Source::Camera) == Some(vec![Layer::Medium])
    });
    world.run(SECOND / 10);
    let since = (world.shard.stats().relayed_out, world.now);
    world.run(SECOND);
    let received = world.clients[b].got(a, Source::Camera, since.1).len()
        + world.clients[b].got(a, Source::Microphone, since.1).len();
    let relayed = (world.shard.stats().relayed_out - since.0) as usize;
    assert!(relayed.abs_diff(received) < 5, "{relayed} relayed of which each of four got {received}");
}

#[test]
fn lost_packets_are_repaired_from_what_the_receivers_shard_keeps() {
    let (mut world, a, b) = two();
    world.subscribe(b, &[(a, Source::Camera, 360)]);
    world.connect_all();
    world.impair(b, "both loss=5%");
    world.run(10 * SECOND);

    let mut seqs: Vec<u64> =
        world.clients[b].got(a, Source::Camera, world.start).iter().map(|packet| packet.seq).collect();
    seqs.sort_unstable();
    seqs.dedup();
    let spread = seqs[seqs.len() - 1] - seqs[0] + 1;
    let missing = spread - seqs.len() as u64;
    assert!(spread > 400, "only {spread} packets were sent");
    assert!(missing * 100 <= spread, "{missing} of {spread} packets are missing");
}

#[test]
fn layer_that_nobody_on_any_shard_watches_is_stopped_and_not_relayed() {
    let (mut world, a, b) = two();
    world.subscribe(b, &[(a, Source::Camera, 180)]);
    world.connect_all();
    world.run(4 * SECOND);
    assert_eq!(world.last_layers_wanted(a, Source::Camera), Some(vec![Layer::Low]));
    world.subscribe(b, &[(a, Source::Camera, 720)]);
    world.run(4 * SECOND);
    assert_eq!(world.last_layers_wanted(a, Source::Camera), Some(vec![Layer::High]));

    world.subscribe(b, &[]);
    world.run(4 * SECOND);
    assert_eq!(world.last_layers_wanted(a, Source::Camera), Some(vec![]));
    let before = world.shard.stats().relayed_out;
    world.stops_layers = false;
    world.clients[a].set_layers(Source::Camera, &Layer::ALL);
    world.run(2 * SECOND);
    assert_eq!(world.shard.stats().relayed_out, before, "what nobody wants there is sent there");
}

#[test]
fn publisher_gets_one_key_frame_request_per_interval_from_whatever_shard() {
    let (mut world, a, _) = two();
    let listener = || Profile { sources: vec![], ..Profile::default() };
    let viewers: Vec<usize> = (0..6).map(|place| world.join_at(place % 2, ROOM, listener())).collect();
    for viewer in &viewers {
        world.subscribe(*viewer, &[(a, Source::Camera, 180)]);
    }
    world.connect_all();
    world.run(SECOND);
    let start = world.now;
    for _ in 0..100 {
        for viewer in &viewers {
            world.clients[*viewer].request_keyframes();
        }
        world.run(Duration::from_millis(30));
    }
    let asked = world.clients[a].keyframe_requests.iter().filter(|(at, ..)| *at > start);
    let times: Vec<_> = asked.map(|(at, ..)| *at).collect();
    assert!(times.len() >= 5, "requests are passed on: {}", times.len());
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= KEYFRAME_INTERVAL));
}

#[test]
fn queue_that_overflows_costs_pictures_until_a_key_frame_and_nothing_else() {
    let (mut world, a, b) = two();
    let c = world.join_at(0, ROOM, Profile::default());
    world.hop = Duration::from_millis(1);
    world.clients[a].is_talking = true;
    for viewer in [b, c] {
        world.subscribe(viewer, &[(a, Source::Camera, 720)]);
    }
    world.connect_all();
    world.run(6 * SECOND);
    let (seats, asked) = (world.occupants(b), world.clients[a].keyframe_requests.len());

    let full = world.now;
    world.lane_packets_max = 0;
    world.run(SECOND);
    // Control goes on: somebody leaves, somebody comes.
    world.subscribe(b, &[(a, Source::Camera, 720), (c, Source::Camera, 180)]);
    world.run(SECOND / 2);
    assert!(world.occupants(b).len() > seats.len());
    assert!(world.shard.stats().relays_refused > 20);
    let requests = world.clients[a].keyframe_requests.len() - asked;
    assert!((2..=4).contains(&requests), "{requests} key frames were asked for in 1.5 s");
    let on_its_way = full + Duration::from_millis(30);
    assert!(world.clients[b].got(a, Source::Camera, on_its_way).is_empty());

    world.lane_packets_max = usize::MAX;
    let again = world.now;
    world.run(3 * SECOND);
    let pictures = world.clients[b].got(a, Source::Camera, again);
    assert!(pictures[0].starts_keyframe, "pictures go on without one: {:?}", pictures[0]);
    let waited = pictures[0].at - again;
    assert!(waited <= KEYFRAME_INTERVAL + Duration::from_millis(150), "pictures go on after {waited:?}");
    assert_continuous(&pictures);
    assert!(world.clients[b].got(a, Source::Microphone, again).len() > 130, "sound goes on at once");
    assert_continuous(&world.clients[c].got(a, Source::Camera, full));
    assert!(world.events.iter().all(|(_, event)| !matches!(event, Event::Lost { .. })));
}

#[test]
fn room_goes_on_whose_people_at_home_have_left() {
    let (mut world, a, b) = two();
    let c = world.join_at(1, ROOM, Profile::default());
    world.connect_all();
    world.command(Command::Disconnect { peer: PeerKey(a as u64) });
    world.clients[b].is_talking = true;
    world.run(2 * SECOND);
    assert_eq!(world.last_speakers(), [PeerKey(b as u64)]);
    assert!(world.clients[c].got(b, Source::Microphone, world.start).len() > 70);
    assert_eq!(world.count(|stats| stats.rooms as u64), 2);

    world.reconnect(ROOM, a);
    world.run(2 * SECOND);
    assert!(world.clients[a].got(b, Source::Microphone, world.start).len() > 40);
    for client in [a, b, c] {
        world.command(Command::Disconnect { peer: PeerKey(client as u64) });
    }
    assert_eq!(world.count(|stats| stats.rooms as u64), 0);
}

#[test]
fn shard_that_begins_afresh_costs_its_rooms_their_connections_and_they_open_anew() {
    for lost in [0, 1] {
        let (mut world, a, b) = two();
        world.subscribe(b, &[(a, Source::Camera, 180)]);
        world.connect_all();
        world.run(2 * SECOND);
        let others = World::of_shards(crate::PATH, 2);
        let afresh = if lost == 0 { others.shard } else { others.shards.into_iter().next().unwrap() };
        *world.shard_at(lost) = afresh;
        let shard = sabha_sfu::ShardIndex(SHARD.0 + lost as u8);
        world.input(1 - lost, Input::ShardLost { shard });
        assert!(world.has_lost([b, a][lost]), "who lives on the other shard is told");
        assert_eq!(world.count(|stats| stats.rooms as u64), 0);

        world.reconnect(ROOM, a);
        world.reconnect(ROOM, b);
        let again = world.now;
        world.run(3 * SECOND);
        world.subscribe(b, &[(a, Source::Camera, 180)]);
        world.run(SECOND);
        assert!(world.clients[b].got(a, Source::Camera, again).len() > 20);
    }
}

#[test]
fn voice_goes_on_after_a_pause_without_a_gap() {
    let (mut world, a, b) = two();
    world.connect_all();
    for _ in 0..3 {
        world.clients[a].is_talking = true;
        world.run(2 * SECOND);
        world.clients[a].is_talking = false;
        world.run(4 * SECOND);
    }
    let sound = world.clients[b].got(a, Source::Microphone, world.start);
    assert!(sound.len() > 270, "{} packets", sound.len());
    assert!(sound.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1), "what was left out shows");
}

#[test]
fn voice_that_is_on_its_way_when_its_microphone_goes_off_does_not_come_among_the_speakers() {
    let (mut world, listener, speaker) = two();
    world.connect_all();
    world.packet_hop = Some(Duration::from_millis(100));
    world.clients[speaker].is_talking = true;
    world.run(2 * SECOND);
    let voice = (PeerKey(speaker as u64), Source::Microphone);
    let is_seated = |world: &World| world.occupants(listener).iter().any(|(_, who)| *who == voice);
    assert!(is_seated(&world) && !world.clients[listener].got(speaker, voice.1, world.start).is_empty());

    world.publish(speaker, &[]);
    world.clients[speaker].is_talking = false;
    world.run(2 * SECOND);
    assert!(world.shard.stats().dropped(DropReason::SourceOff) >= 4, "they came when it was off");
    world.publish(speaker, &[Source::Microphone]);
    world.run(SECOND);
    assert!(!is_seated(&world), "nothing was said since it is on again");
}

#[test]
fn who_receives_from_somebody_that_connects_anew_notices_nothing_but_a_key_frame() {
    let (mut world, a, b) = two();
    let c = world.join_at(0, ROOM, Profile { sources: vec![], ..Profile::default() });
    world.clients[a].is_talking = true;
    for viewer in [b, c] {
        world.subscribe(viewer, &[(a, Source::Camera, 180)]);
    }
    world.connect_all();
    world.run(3 * SECOND);
    let again = world.now;
    world.reconnect(ROOM, a);
    world.clients[a].is_talking = true;
    world.run(3 * SECOND);

    for viewer in [b, c] {
        assert_continuous(&world.clients[viewer].got(a, Source::Camera, world.start));
        let pictures = world.clients[viewer].got(a, Source::Camera, again + SECOND / 40);
        assert!(pictures.len() > 50 && pictures[0].starts_keyframe);
        let sound = world.clients[viewer].got(a, Source::Microphone, world.start);
        assert!(sound.iter().filter(|packet| packet.at > again).count() > 50);
        for pair in sound.windows(2) {
            assert_eq!(pair[1].seq, pair[0].seq + 1);
            let ticks = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
            assert!(ticks < 48_000 * 5, "the timestamp jumps by {ticks}");
        }
    }
}
