//! What a device hears before it is back in the group: who waits, and what the organisation demands.
//!
//! Who comes back is in the room first, and is told there once. What a host does about either depends on the policy, which is the
//! group's: so it waits until the device is in. Bounded by what a lobby holds, and by one floor, the newest.

use sabha_protocol::{ControlSettings, ParticipantId, limits::LOBBY_GUESTS_MAX, wire::server::Guest};

use super::Device;

/// What waits for the group.
#[derive(Default)]
pub(super) struct BeforeGroup {
    guests: Vec<Guest>,
    floor: Option<ControlSettings>,
}

impl BeforeGroup {
    pub(super) fn forget_guests(&mut self) {
        self.guests.clear();
    }

    pub(super) fn forget_guest(&mut self, guest: ParticipantId) {
        self.guests.retain(|waiting| waiting.id != guest);
    }

    pub(super) fn keep_guest(&mut self, guest: Guest) {
        self.forget_guest(guest.id);
        if self.guests.len() < LOBBY_GUESTS_MAX {
            self.guests.push(guest);
        }
    }

    pub(super) fn keep_floor(&mut self, floor: &ControlSettings) {
        self.floor = Some(floor.clone());
    }
}

impl Device {
    /// Acts on what was heard on the way into the group.
    pub(super) fn hear_what_came_before(&mut self) {
        let BeforeGroup { guests, floor } = std::mem::take(&mut self.before);
        if let Some(floor) = floor {
            self.raise_floor(&floor);
        }
        for guest in guests {
            self.knocked(guest);
        }
    }
}
