//! The media peers of one room: which participant is which peer, and what the shard has yet to be told.
//!
//! Commands reach the shard in the order in which the room gave them. While the shard's queue is full they
//! wait here, so that no mute is ever lost between the two; too many waiting means that the shard is gone. Where a room's
//! peers live on several shards, what waits for one waits in the same order as what is for another.
//! Dropping the value, also by a panic of the room, disconnects every peer.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use super::room::{Mailbox, Message};
use crate::media::MediaPlane;
use sabha_conference::{MediaCommand, MediaEvent};
use sabha_protocol::{
    ParticipantId,
    wire::{
        client::{MediaOffer, Tile},
        server::{Occupant, SlotAssignment},
    },
};
use sabha_sfu::{Command, Event, PeerKey, RoomKey, Want};

/// Commands that may wait for a shard. A full room connecting at once, several times over.
const WAITING_MAX: usize = 4096;

/// Which room hears of which peer. Shared by the rooms and the task that hands out the shards' events.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    peers: HashMap<PeerKey, Mailbox>,
    rooms: HashMap<RoomKey, Mailbox>,
}

impl Routes {
    /// Hands `event` to the room it is about. Never waits: a room that has no room for it is overrun.
    pub(super) fn deliver(&self, event: Event) {
        let mailbox = {
            let table = self.table();
            match &event {
                Event::Answered { peer, .. }
                | Event::CodecWanted { peer, .. }
                | Event::Connected { peer, .. }
                | Event::LayersWanted { peer, .. }
                | Event::Lost { peer, .. }
                | Event::OfferRefused { peer, .. }
                | Event::QualityChanged { peer, .. }
                | Event::SlotsChanged { peer, .. } => table.peers.get(peer).cloned(),
                Event::RoomFailed { room } | Event::SpeakersChanged { room, .. } => {
                    table.rooms.get(room).cloned()
                }
            }
        };
        // Without a mailbox the event is about a peer that was given up meanwhile.
        if let Some(mailbox) = mailbox {
            mailbox.post(Message::Media(event));
        }
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The peers of one room.
#[derive(Debug)]
pub(super) struct Peers {
    media: MediaPlane,
    routes: Routes,
    mailbox: Mailbox,
    room: Option<RoomKey>,
    keys: HashMap<ParticipantId, PeerKey>,
    participants: HashMap<PeerKey, ParticipantId>,
    /// What each peer shows, to name a publisher's new peer once it comes back.
    shown: HashMap<ParticipantId, Vec<Tile>>,
    waiting: VecDeque<Command>,
}

impl Peers {
    /// Returns a room's peers, none yet. Events about them will go to `mailbox`.
    pub(super) fn new(media: MediaPlane, routes: Routes, mailbox: Mailbox) -> Self {
        Self {
            media,
            routes,
            mailbox,
            room: None,
            keys: HashMap::new(),
            participants: HashMap::new(),
            shown: HashMap::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Passes on what the room wants of the media plane.
    pub(super) fn command(&mut self, command: MediaCommand) {
        match command {
            MediaCommand::Connect { participant, generation, offer, publishing } => {
                let is_new = !self.keys.contains_key(&participant);
                let room = self.room();
                let (home, peer) = (self.media.home(room), self.connect(room, participant));
                let MediaOffer { sdp: offer, up, down } = offer;
                self.push(Command::Connect { room, home, peer, generation, offer, up, down, publishing });
                if is_new {
                    self.name_again(participant);
                }
            }
            MediaCommand::Disconnect { participant } => {
                if let Some(peer) = self.forget(participant) {
                    self.push(Command::Disconnect { peer });
                }
            }
            MediaCommand::SetPublishing { participant, media } => {
                if let Some(&peer) = self.keys.get(&participant) {
                    self.push(Command::SetPublishing { peer, media });
                }
            }
            MediaCommand::Subscribe { participant, tiles } => {
                self.shown.insert(participant, tiles);
                self.subscribe(participant);
            }
        }
        self.flush();
    }

    fn push(&mut self, command: Command) {
        self.waiting.push_back(command);
    }

    /// Tells the shard what `subscriber` shows, as far as it is published.
    fn subscribe(&mut self, subscriber: ParticipantId) {
        let (Some(&peer), Some(tiles)) = (self.keys.get(&subscriber), self.shown.get(&subscriber)) else {
            return;
        };
        let want = |tile: &Tile| {
            let publisher = *self.keys.get(&tile.participant)?;
            Some(Want { publisher, source: tile.source, height: tile.height })
        };
        let wants = tiles.iter().filter_map(want).collect();
        self.push(Command::Subscribe { peer, wants });
    }

    /// Renews the subscriptions that show `publisher`, whose peer is new.
    fn name_again(&mut self, publisher: ParticipantId) {
        let shows = |tiles: &[Tile]| tiles.iter().any(|tile| tile.participant == publisher);
        let subscribers: Vec<ParticipantId> =
            self.shown.iter().filter(|(_, tiles)| shows(tiles)).map(|(&subscriber, _)| subscriber).collect();
        for subscriber in subscribers {
            self.subscribe(subscriber);
        }
    }

    /// Sends what waits, as far as the shard takes it.
    pub(super) fn flush(&mut self) {
        while let Some(command) = self.waiting.front() {
            if self.media.command(command.clone()).is_err() {
                return;
            }
            self.waiting.pop_front();
        }
    }

    /// Returns whether something waits for the shard.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Returns whether so much waits that the shard has to be taken for dead.
    pub(super) fn is_overrun(&self) -> bool {
        self.waiting.len() > WAITING_MAX
    }

    /// Says in the room's names what a shard said, or nothing if the room does not care.
    pub(super) fn event(&self, event: Event) -> Option<MediaEvent> {
        let who = |peer: PeerKey| self.participants.get(&peer).copied();
        Some(match event {
            Event::Answered { peer, generation, answer } => {
                MediaEvent::Answered { participant: who(peer)?, generation, answer }
            }
            Event::CodecWanted { peer, source, codec } => {
                MediaEvent::CodecWanted { participant: who(peer)?, source, codec }
            }
            Event::Connected { .. } => return None,
            Event::LayersWanted { peer, source, layers } => {
                MediaEvent::LayersWanted { participant: who(peer)?, source, layers }
            }
            Event::Lost { peer, generation } => MediaEvent::Lost { participant: who(peer)?, generation },
            Event::OfferRefused { peer, generation, reason } => {
                MediaEvent::OfferRefused { participant: who(peer)?, generation, reason }
            }
            Event::QualityChanged { peer, quality } => {
                MediaEvent::QualityChanged { participant: who(peer)?, quality }
            }
            Event::RoomFailed { .. } => {
                // Every peer of the room gets `Lost` as well, and that the room acts upon.
                tracing::error!("the media of a room failed");
                return None;
            }
            Event::SlotsChanged { peer, generation, changes } => MediaEvent::SlotsChanged {
                participant: who(peer)?,
                generation,
                slots: changes
                    .into_iter()
                    .map(|change| SlotAssignment {
                        mid: change.mid,
                        occupant: change
                            .occupant
                            .and_then(|(peer, source)| Some(Occupant { participant: who(peer)?, source })),
                    })
                    .collect(),
            },
            Event::SpeakersChanged { speaking, .. } => {
                MediaEvent::SpeakersChanged { speaking: speaking.into_iter().filter_map(who).collect() }
            }
        })
    }

    /// Returns the room's key, choosing a shard at the first call.
    fn room(&mut self) -> RoomKey {
        *self.room.get_or_insert_with(|| {
            let key = self.media.open_room();
            self.routes.table().rooms.insert(key, self.mailbox.clone());
            key
        })
    }

    /// Returns the peer of `participant`, a new one at its first connection.
    fn connect(&mut self, room: RoomKey, participant: ParticipantId) -> PeerKey {
        *self.keys.entry(participant).or_insert_with(|| {
            let peer = self.media.next_peer(room, self.participants.keys().copied());
            self.participants.insert(peer, participant);
            self.routes.table().peers.insert(peer, self.mailbox.clone());
            peer
        })
    }

    fn forget(&mut self, participant: ParticipantId) -> Option<PeerKey> {
        self.shown.remove(&participant);
        let peer = self.keys.remove(&participant)?;
        self.participants.remove(&peer);
        self.routes.table().peers.remove(&peer);
        Some(peer)
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        let Some(room) = self.room else { return };
        {
            let mut table = self.routes.table();
            table.rooms.remove(&room);
            for peer in self.participants.keys() {
                table.peers.remove(peer);
            }
        }
        self.flush();
        for &peer in self.participants.keys() {
            // A shard that takes nothing more is overloaded beyond help or stopping; consent expiry
            // (RFC 7675) ends the peer there within half a minute.
            let _ = self.media.command(Command::Disconnect { peer });
        }
    }
}

#[cfg(test)]
mod tests {
    use sabha_protocol::{MediaGeneration, MediaState, Source};

    use super::*;
    use crate::media::MediaConfig;

    const ASHA: ParticipantId = ParticipantId(1);
    const BILAL: ParticipantId = ParticipantId(2);

    /// Returns the peers of a room whose shard takes no commands any more.
    fn peers() -> Peers {
        let address = "127.0.0.1:0".parse().unwrap();
        let config = MediaConfig {
            listen: address,
            tcp_listen: address,
            external_ips: Vec::new(),
            shards: 1,
            peers_per_shard: 32,
            path: sabha_sfu::PacketPath::Own,
            segmentation: true,
            voices: 3,
        };
        let (events_in, _events) = tokio::sync::mpsc::channel(16);
        let media = MediaPlane::start(&config, events_in).unwrap();
        media.shutdown();
        Peers::new(media, Routes::default(), Mailbox::new(1).0)
    }

    fn connect(participant: ParticipantId) -> MediaCommand {
        let offer = MediaOffer { sdp: "v=0".parse().unwrap(), up: Vec::new(), down: Vec::new() };
        let (generation, publishing) = (MediaGeneration(1), MediaState::default());
        MediaCommand::Connect { participant, generation, offer, publishing }
    }

    fn show(subscriber: ParticipantId, publisher: ParticipantId) -> MediaCommand {
        let height = 360.try_into().unwrap();
        let tile = Tile { participant: publisher, source: Source::Camera, height };
        MediaCommand::Subscribe { participant: subscriber, tiles: vec![tile] }
    }

    #[test]
    fn a_mute_waits_for_a_busy_shard_in_its_place() {
        let mut peers = peers();
        peers.command(connect(ASHA));
        peers.command(MediaCommand::SetPublishing { participant: ASHA, media: MediaState::default() });
        peers.command(connect(ASHA));
        let waiting: Vec<_> = peers.waiting.iter().collect();
        assert!(
            matches!(
                waiting[..],
                [Command::Connect { .. }, Command::SetPublishing { .. }, Command::Connect { .. }]
            ),
            "{waiting:?}"
        );
        assert!(peers.is_waiting() && !peers.is_overrun());
    }

    #[test]
    fn subscription_follows_a_publisher_that_comes_back() {
        let mut peers = peers();
        for command in [connect(ASHA), connect(BILAL), show(BILAL, ASHA)] {
            peers.command(command);
        }
        let before = peers.keys[&ASHA];
        peers.command(MediaCommand::Disconnect { participant: ASHA });
        peers.command(connect(ASHA));

        let now = peers.keys[&ASHA];
        assert_ne!(before, now, "a peer's key is never used twice");
        let Some(Command::Subscribe { peer, wants }) = peers.waiting.back() else {
            panic!("{:?}", peers.waiting);
        };
        assert_eq!(*peer, peers.keys[&BILAL]);
        assert_eq!(wants.iter().map(|want| want.publisher).collect::<Vec<_>>(), [now]);
    }

    #[test]
    fn late_events_about_a_peer_that_is_gone_are_dropped() {
        let mut peers = peers();
        peers.command(connect(ASHA));
        let peer = peers.keys[&ASHA];
        let lost = Event::Lost { peer, generation: MediaGeneration(1) };
        assert!(matches!(peers.event(lost.clone()), Some(MediaEvent::Lost { participant: ASHA, .. })));
        peers.command(MediaCommand::Disconnect { participant: ASHA });
        assert!(peers.event(lost).is_none());
    }

    #[test]
    fn a_dropped_room_leaves_no_routes() {
        let mut peers = peers();
        peers.command(connect(ASHA));
        let routes = peers.routes.clone();
        assert_eq!(routes.table().peers.len(), 1);
        drop(peers);
        assert!(routes.table().peers.is_empty() && routes.table().rooms.is_empty());
    }
}
