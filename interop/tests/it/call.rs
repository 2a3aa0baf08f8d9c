//! A room with a foreign peer and some clients, and the foreign peer's link.

use std::time::{Duration, Instant};

use sabha_protocol::{Layer, MediaGeneration, MediaState, Source};
use sabha_sfu::{Command, Event, PeerKey, RoomKey, Want};

use crate::{
    client::Profile,
    foreign::{Camera, Foreign, OPUS, VP8},
    world::{SHARD, World},
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
/// How often the foreign peer is looked at; so much its packets are late at most.
const STEP: Duration = Duration::from_millis(1);
/// The foreign peer's key, and the number in its payloads.
pub(crate) const FOREIGN: PeerKey = PeerKey(200);
const NUMBER: u8 = 200;
const ROOM: u64 = 1;
/// Longest queue of its link.
const QUEUE: Duration = Duration::from_millis(250);

/// What its link does.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Link {
    pub(crate) loss_percent_up: u64,
    pub(crate) loss_percent_down: u64,
    pub(crate) down_bytes_per_second: Option<u64>,
}

pub(crate) struct Call {
    pub(crate) world: World,
    pub(crate) foreign: Foreign,
    pub(crate) link: Link,
    /// Packets of media that its link lost in each direction, retransmissions not counted.
    pub(crate) lost_up: usize,
    pub(crate) lost_down: usize,
    /// DTLS that was sent to it.
    pub(crate) handshake: Vec<Vec<u8>>,
    /// Datagrams that are on their way to it, in the order of their arrival.
    on_their_way: Vec<(Instant, Vec<u8>)>,
    free_at: Instant,
    seed: u64,
}

impl Call {
    /// Returns a room with one client, which talks, and the foreign peer; both are connected, and show each other's
    /// camera at `height`.
    pub(crate) fn new(camera: Camera, height: u16) -> Self {
        let mut world = World::new();
        let client = world.join(ROOM, Profile::default());
        world.clients[client].is_talking = true;
        let foreign = Foreign::new(NUMBER, ([10, 0, 2, 1], 6000).into(), camera, world.now);
        let mut publishing = MediaState::default();
        foreign.up.iter().for_each(|slot| publishing.set(slot.source, true));
        world.command(Command::Connect {
            room: RoomKey(ROOM),
            home: SHARD,
            peer: FOREIGN,
            generation: MediaGeneration(1),
            offer: foreign.offer.clone(),
            up: foreign.up.clone(),
            down: foreign.down.clone(),
            publishing,
        });
        let free_at = world.now;
        let mut call = Self {
            world,
            foreign,
            link: Link::default(),
            lost_up: 0,
            lost_down: 0,
            handshake: Vec::new(),
            on_their_way: Vec::new(),
            free_at,
            seed: 0x5eed,
        };
        let answer = call.world.events.iter().find_map(|(_, event)| match event {
            Event::Answered { peer: FOREIGN, answer, .. } => Some(Ok(answer.clone())),
            Event::OfferRefused { peer: FOREIGN, reason, .. } => Some(Err(reason.clone())),
            _ => None,
        });
        let answer = answer.expect("the offer is answered at once").unwrap_or_else(|reason| {
            panic!("{reason}; the offer was:\n{}", call.foreign.offer.as_str());
        });
        call.foreign.accept(call.world.now, &answer);
        call.show(PeerKey(client as u64), height);
        call.world.subscribe(client, &[(FOREIGN.0 as usize, Source::Camera, height)]);
        call.run_until("both are connected", |call| {
            call.foreign.is_connected && call.world.clients[client].is_connected
        });
        call
    }

    /// Has the foreign peer show a camera.
    pub(crate) fn show(&mut self, publisher: PeerKey, height: u16) {
        let height = height.try_into().unwrap();
        let wants = vec![Want { publisher, source: Source::Camera, height }];
        self.world.command(Command::Subscribe { peer: FOREIGN, wants });
    }

    pub(crate) fn now(&self) -> Instant {
        self.world.now
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, duration: Duration) {
        let end = self.world.now + duration;
        while self.world.now < end {
            self.world.run(STEP);
            self.step();
        }
    }

    /// Lets time pass until `done`, for ten seconds at most.
    pub(crate) fn run_until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        for _ in 0..1000 {
            if done(self) {
                return;
            }
            self.run(10 * STEP);
        }
        panic!("did not happen within 10 s: {what}");
    }

    /// Returns the layers that the foreign peer is to send, as it was told last.
    pub(crate) fn layers_wanted(&self) -> Option<Vec<Layer>> {
        self.world.last_layers_wanted(FOREIGN.0 as usize, Source::Camera)
    }

    fn step(&mut self) {
        let now = self.world.now;
        for (to, _, datagram) in std::mem::take(&mut self.world.elsewhere) {
            if to != self.foreign.address {
                continue;
            }
            if self.loses(self.link.loss_percent_down) {
                self.lost_down += usize::from(is_media(&datagram));
                continue;
            }
            if matches!(datagram.first(), Some(20..=63)) {
                self.handshake.push(datagram.clone());
            }
            let mut at = now;
            if let Some(rate) = self.link.down_bytes_per_second {
                let free = self.free_at.max(now);
                if free - now > QUEUE {
                    self.lost_down += usize::from(is_media(&datagram));
                    continue;
                }
                at = free + Duration::from_micros(datagram.len() as u64 * 1_000_000 / rate);
                self.free_at = at;
            }
            self.on_their_way.push((at, datagram));
        }
        let arrived = self.on_their_way.partition_point(|(at, _)| *at <= now);
        for (_, datagram) in self.on_their_way.drain(..arrived) {
            self.foreign.packet(now, crate::world::server(sabha_sfu::Transport::Udp), &datagram);
        }
        for datagram in self.foreign.run(now) {
            if self.loses(self.link.loss_percent_up) {
                self.lost_up += usize::from(is_media(&datagram));
            } else {
                self.world.inject(self.foreign.address, &datagram);
            }
        }
    }

    /// A linear congruential generator (Knuth, MMIX): the same losses in every run.
    fn loses(&mut self, percent: u64) -> bool {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % 100 < percent
    }
}

fn is_media(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, form, ..] if [OPUS, VP8].contains(&(form & 0x7f)))
}
