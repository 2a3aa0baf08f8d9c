//! Who waits to be let in, in the order in which they knocked.
//!
//! Holds no more than a sealed knock, a key, an id and a connection for each, and at most [`LOBBY_GUESTS_MAX`] of
//! them (ROOM-03), each device once (ROOM-21). That a denied guest waits before it knocks again is kept by the server,
//! which knows addresses.

use std::{collections::BTreeMap, time::Instant};

use sabha_protocol::{DeviceKey, ParticipantId, limits::LOBBY_GUESTS_MAX, opaque::KnockPayload};

use crate::io::{ConnectionKey, GuestView, Visitor};

#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) connection: ConnectionKey,
    pub(crate) device: DeviceKey,
    pub(crate) visitor: Visitor,
    pub(crate) knock: Option<KnockPayload>,
    pub(crate) since: Instant,
    /// What it has said to the hosts so far, counted (ROOM-24).
    pub(crate) door_messages: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Lobby(BTreeMap<ParticipantId, Guest>);

impl Lobby {
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= LOBBY_GUESTS_MAX
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get_mut(&mut self, id: ParticipantId) -> Option<&mut Guest> {
        self.0.get_mut(&id)
    }

    pub(crate) fn of_device(&self, device: &DeviceKey) -> Option<ParticipantId> {
        self.iter().find(|(_, guest)| guest.device == *device).map(|(id, _)| id)
    }

    /// Adds a guest; the caller has asked [`Lobby::is_full`].
    pub(crate) fn insert(&mut self, id: ParticipantId, guest: Guest) {
        debug_assert!(!self.is_full());
        self.0.insert(id, guest);
    }

    pub(crate) fn remove(&mut self, id: ParticipantId) -> Option<Guest> {
        self.0.remove(&id)
    }

    /// Returns everybody who waits. Ids go up, so their order is the order of arrival.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ParticipantId, &Guest)> {
        self.0.iter().map(|(id, guest)| (*id, guest))
    }

    /// Returns the guests as hosts see them at `now`.
    pub(crate) fn views(&self, now: Instant) -> Vec<GuestView> {
        self.iter().map(|(id, guest)| view(id, guest, now)).collect()
    }
}

/// Returns a guest as hosts see it at `now`.
pub(crate) fn view(id: ParticipantId, guest: &Guest, now: Instant) -> GuestView {
    let waited = now.saturating_duration_since(guest.since);
    let of_organisation = guest.visitor.account.is_some();
    GuestView { id, device: guest.device, knock: guest.knock.clone(), waited, of_organisation }
}
