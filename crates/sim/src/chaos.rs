//! Random things done to a world, one after the other.

use std::time::Duration;

use sabha_conference::Command;
use sabha_impairer::{Conditions, Random};
use sabha_protocol::{MediaState, Source, opaque::RelayPayload};

use crate::{
    client::Phase,
    network::healthy_link,
    world::{ClientIndex, World},
};

/// One thing done to a world.
#[derive(Clone, Debug)]
#[expect(
    missing_docs,
    reason = "each is the method of the same name of `World`, or the command of that name"
)]
pub enum Transition {
    ComeBack { client: ClientIndex },
    CutSignalling { client: ClientIndex, server_notices: Duration, client_notices: Duration },
    Leave { client: ClientIndex },
    Mute { host: ClientIndex, target: ClientIndex, source: Source },
    Relay { client: ClientIndex },
    Reload { client: ClientIndex },
    Remove { host: ClientIndex, target: ClientIndex },
    ReplacePeer { client: ClientIndex },
    RestartServer,
    SetLink { client: ClientIndex, conditions: Conditions },
    SetMedia { client: ClientIndex, media: MediaState },
    SetStorageFails { fails: bool },
    Wait { time: Duration },
}

/// Draws transitions from a seed.
#[derive(Debug)]
pub struct Chaos {
    random: Random,
}

impl Chaos {
    /// Returns the transitions of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed ^ 0xc4a0_5000) }
    }

    /// Draws what happens next. Depends on nothing but the seed and how many clients there are, so that a seed
    /// means the same transitions even when the code under test changes.
    pub fn next(&mut self, clients: &[ClientIndex]) -> Transition {
        let random = &mut self.random;
        let wait = Transition::Wait { time: random.time(Duration::from_millis(50), Duration::from_secs(3)) };
        let (Some(client), Some(other)) = (random.pick(clients), random.pick(clients)) else { return wait };
        let second = Duration::from_secs(1);
        match random.below(100) {
            0..37 => wait,
            37..40 => Transition::Reload { client },
            40..52 => Transition::CutSignalling {
                client,
                server_notices: random.time(Duration::ZERO, 10 * second),
                client_notices: random.time(Duration::ZERO, 10 * second),
            },
            52..66 => Transition::SetLink {
                client,
                conditions: {
                    let loss = random.pick(&[0.0, 0.0, 0.02, 0.1, 0.3]).unwrap_or_default();
                    let duplicate = random.pick(&[0.0, 0.0, 0.05]).unwrap_or_default();
                    let scatter = random.time(Duration::ZERO, Duration::from_millis(150));
                    let loss = if random.chance(25) { 1.0 } else { loss };
                    Conditions { loss, duplicate, scatter, ..healthy_link() }
                },
            },
            66..74 => Transition::SetMedia {
                client,
                media: MediaState {
                    microphone: random.chance(60),
                    camera: random.chance(60),
                    ..MediaState::default()
                },
            },
            74..80 => Transition::Mute {
                host: client,
                target: other,
                source: random.pick(&[Source::Microphone, Source::Camera]).unwrap_or(Source::Camera),
            },
            80..83 => Transition::Relay { client },
            83..88 => Transition::ReplacePeer { client },
            88..91 => Transition::Leave { client },
            91..94 => Transition::ComeBack { client },
            94..96 => Transition::Remove { host: client, target: other },
            96..98 => Transition::SetStorageFails { fails: random.chance(50) },
            _ => Transition::RestartServer,
        }
    }
}

impl World {
    /// Does one thing. What makes no sense at the moment does nothing, or is refused by the server.
    pub fn apply(&mut self, transition: &Transition) {
        match *transition {
            Transition::ComeBack { client } => self.come_back(client),
            Transition::CutSignalling { client, server_notices, client_notices } => {
                self.cut_signalling(client, server_notices, client_notices);
            }
            Transition::Leave { client } => {
                // Whoever left the lobby or never came would not come back by itself.
                if self.client(client).phase() == Phase::Joined {
                    self.ask(client, Command::Leave);
                }
            }
            Transition::Mute { host, target, source } => {
                if let Some(participant) = self.target(host, target) {
                    self.ask(host, Command::Mute { participant, source });
                }
            }
            Transition::Relay { client } => {
                if let Ok(payload) = RelayPayload::try_from(vec![1, 2, 3]) {
                    self.ask(client, Command::Relay { to: None, payload });
                }
            }
            Transition::Reload { client } => self.reload(client),
            Transition::Remove { host, target } => {
                if self.target(host, target).is_some() {
                    self.remove(host, target);
                }
            }
            Transition::ReplacePeer { client } => self.replace_peer(client),
            Transition::RestartServer => self.restart_server(),
            Transition::SetLink { client, conditions } => self.set_link(client, conditions),
            Transition::SetMedia { client, media } => self.set_media(client, media),
            Transition::SetStorageFails { fails } => self.set_storage_fails(fails),
            Transition::Wait { time } => self.run(time),
        }
    }

    fn target(&self, host: ClientIndex, target: ClientIndex) -> Option<sabha_protocol::ParticipantId> {
        (self.meeting_of(host) == self.meeting_of(target)).then(|| self.client(target).id())?
    }
}
