//! The places of a room: who holds one, how far it has come with it, and by which connection.
//!
//! ```text
//!             admitted                join              answered
//!   (none) ─────────────▶ Admitted ─────────▶ Joining ───────────▶ Joined
//!                            ▲  ▲   ◀─────────   │                   │
//!                     resume │  └──── offer refused                  │
//!                            │                   ▼                   │
//!                            └──────────────── Dropped ◀─────────────┘  (connection lost)
//! ```
//! Every state but `Joined` has a deadline at which the place is given up (ROOM-09, ROOM-19). A place is seen by
//! others from its first `Joined` until it is given up, whatever happens to its connection meanwhile. Nobody gets
//! beyond `Admitted` whose device is not in the group, and a place whose device loses its leaf is given up.

use std::{collections::BTreeMap, time::Instant};

use sabha_protocol::{
    DeviceKey, MediaGeneration, MediaState, ParticipantId,
    account::UserId,
    limits::{RESUME_WINDOW, ROOM_PARTICIPANTS_MAX},
    wire::server::{Presence, Role},
};

use crate::{
    io::{ConnectionKey, GroupMember, ParticipantView},
    outbox::Asker,
};

/// Everything on: what a first entry may switch on.
pub(crate) const ALL_ON: MediaState =
    MediaState { microphone: true, camera: true, screen: true, screen_audio: true };

/// How far the holder of a place has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// May join.
    Admitted { connection: ConnectionKey, until: Instant },
    /// The connection is lost; the place is kept.
    Dropped { until: Instant },
    /// In the room. `offer` is a replacement of the peer connection that has no answer yet.
    Joined { connection: ConnectionKey, offer: Option<PendingOffer> },
    /// Asked to join; the media plane has not answered yet.
    Joining { connection: ConnectionKey, until: Instant, offer: PendingOffer, media: MediaState },
}

/// An offer that the media plane has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PendingOffer {
    pub(crate) asker: Asker,
    pub(crate) generation: MediaGeneration,
}

#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) device: DeviceKey,
    /// The account that its newest connection is signed in with.
    pub(crate) account: Option<UserId>,
    /// What the group says of the device while it is in it.
    pub(crate) leaf: Option<GroupMember>,
    /// What is on while in the room; before it is joined, the most that joining may switch on (ROOM-11). Within what
    /// the leaf allows, if there is one (ROOM-22).
    pub(crate) media: MediaState,
    /// Counts the peer connections, from 1; 0 if there was none yet.
    pub(crate) generation: MediaGeneration,
    /// Counter of the newest resume token.
    pub(crate) token: u64,
    /// Counter of the token that brought the present connection, until that shows to have got the newest: a
    /// connection may die before it does, and its holder must not lose the place for that.
    pub(crate) spent_token: Option<u64>,
    /// Whether it was announced to the others.
    pub(crate) in_roster: bool,
    pub(crate) stage: Stage,
}

impl Place {
    /// Returns a place whose holder may join with at most `media` on.
    pub(crate) fn new(
        now: Instant,
        connection: ConnectionKey,
        device: DeviceKey,
        leaf: Option<GroupMember>,
        media: MediaState,
    ) -> Self {
        let mut place = Self {
            device,
            account: None,
            leaf: None,
            media,
            generation: MediaGeneration(0),
            token: 0,
            spent_token: None,
            in_roster: false,
            stage: Stage::Admitted { connection, until: now + RESUME_WINDOW },
        };
        place.set_leaf(leaf);
        place
    }

    /// Takes what the group says of the device now; what it does not allow goes off.
    pub(crate) fn set_leaf(&mut self, leaf: Option<GroupMember>) {
        self.leaf = leaf;
        if let Some(leaf) = leaf {
            self.media = self.media.and(leaf.allowed);
        }
    }

    /// Returns what the group says the holder is. ROOM-25: who is not in the group is host of nothing.
    pub(crate) fn role(&self) -> Role {
        self.leaf.map_or(Role::Participant, |leaf| leaf.role)
    }

    /// Returns the part of `media` that the group allows. ROOM-22: nothing outside of the group.
    pub(crate) fn allowed(&self, media: MediaState) -> MediaState {
        self.leaf.map_or(MediaState::default(), |leaf| leaf.allowed.and(media))
    }

    /// Returns the connection, in whatever stage.
    pub(crate) fn connection(&self) -> Option<ConnectionKey> {
        match self.stage {
            Stage::Admitted { connection, .. }
            | Stage::Joined { connection, .. }
            | Stage::Joining { connection, .. } => Some(connection),
            Stage::Dropped { .. } => None,
        }
    }

    /// Returns the connection if the holder is in the room with it.
    pub(crate) fn joined(&self) -> Option<ConnectionKey> {
        match self.stage {
            Stage::Joined { connection, .. } => Some(connection),
            _ => None,
        }
    }

    /// Returns when the place is given up unless something happens.
    pub(crate) fn until(&self) -> Option<Instant> {
        match self.stage {
            Stage::Admitted { until, .. } | Stage::Dropped { until } | Stage::Joining { until, .. } => {
                Some(until)
            }
            Stage::Joined { .. } => None,
        }
    }

    /// Returns what the media plane may forward of the newest peer connection.
    pub(crate) fn publishing(&self) -> MediaState {
        match self.stage {
            Stage::Joining { media, .. } => media.and(self.media),
            _ => self.media,
        }
    }

    /// Returns whether the media plane may know a peer connection of this place.
    pub(crate) fn has_media(&self) -> bool {
        self.generation > MediaGeneration(0)
    }

    pub(crate) fn view(&self, id: ParticipantId) -> ParticipantView {
        ParticipantView {
            id,
            device: self.device,
            role: self.role(),
            media: self.media,
            presence: match self.stage {
                Stage::Joined { .. } => Presence::Connected,
                _ => Presence::Reconnecting,
            },
            of_organisation: self.account.is_some(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Roster(BTreeMap<ParticipantId, Place>);

impl Roster {
    /// Returns whether every place is held. ROOM-05.
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= ROOM_PARTICIPANTS_MAX
    }

    /// Adds a place; the caller has asked [`Roster::is_full`].
    pub(crate) fn insert(&mut self, id: ParticipantId, place: Place) {
        debug_assert!(!self.is_full());
        self.0.insert(id, place);
    }

    pub(crate) fn remove(&mut self, id: ParticipantId) -> Option<Place> {
        self.0.remove(&id)
    }

    pub(crate) fn get(&self, id: ParticipantId) -> Option<&Place> {
        self.0.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: ParticipantId) -> Option<&mut Place> {
        self.0.get_mut(&id)
    }

    /// Returns the place of a device. ROOM-21: there is at most one.
    pub(crate) fn of_device(&self, device: &DeviceKey) -> Option<ParticipantId> {
        self.iter().find(|(_, place)| place.device == *device).map(|(id, _)| id)
    }

    /// Returns the place if it was announced to the others and not given up.
    pub(crate) fn seen(&self, id: ParticipantId) -> Option<&Place> {
        self.get(id).filter(|place| place.in_roster)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ParticipantId, &Place)> {
        self.0.iter().map(|(id, place)| (*id, place))
    }

    /// Returns those who are in the room with a connection.
    pub(crate) fn joined(&self) -> impl Iterator<Item = (ParticipantId, &Place, ConnectionKey)> {
        self.iter().filter_map(|(id, place)| Some((id, place, place.joined()?)))
    }

    /// Returns the connections of hosts who are in the room.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = ConnectionKey> {
        self.joined().filter(|(_, place, _)| place.role() == Role::Host).map(|(_, _, connection)| connection)
    }

    /// Returns everybody who was announced and not given up, in the order of their ids.
    pub(crate) fn views(&self) -> impl Iterator<Item = ParticipantView> {
        self.iter().filter(|(_, place)| place.in_roster).map(|(id, place)| place.view(id))
    }

    /// Returns when the next place is given up unless something happens.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.0.values().filter_map(Place::until).min()
    }

    /// Returns the places whose deadline has come.
    pub(crate) fn overdue(&self, now: Instant) -> Vec<ParticipantId> {
        self.iter()
            .filter(|(_, place)| place.until().is_some_and(|until| until <= now))
            .map(|(id, _)| id)
            .collect()
    }
}
