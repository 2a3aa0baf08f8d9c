//! The organisation's floor: a meeting that is below it is brought into line by a host's device, or ends.

use std::time::Instant;

use sabha_policy::Controls;
use sabha_protocol::{limits::FLOOR_GRACE, wire::server::CloseReason};

use crate::{io::Event, records::Pending, room::Room};

/// What the organisation demands, and since when a meeting has to follow.
#[derive(Debug)]
pub(crate) struct Floor {
    demanded: Controls,
    /// When the meeting ends unless a host has signed the floor by then.
    until: Option<Instant>,
}

impl Floor {
    pub(crate) fn of(demanded: Controls) -> Self {
        Self { demanded, until: None }
    }
}

impl Room {
    /// The organisation demands something else from now on.
    pub(crate) fn demand(&mut self, now: Instant, demanded: Controls) {
        self.floor = Floor::of(demanded);
        self.note_floor(now);
        if self.floor.until.is_some() {
            self.tell_hosts(self.floor_event());
        }
    }

    /// ROOM-28: a meeting whose signed floor is below what is demanded has a while to raise it.
    pub(crate) fn note_floor(&mut self, now: Instant) {
        let below = self.group.floor().below(&self.floor.demanded).is_some();
        self.floor.until = match self.floor.until {
            _ if !below => None,
            Some(until) => Some(until),
            // Nobody is there who could: the time counts from when somebody comes.
            None => self.is_host_present().then(|| now + FLOOR_GRACE),
        };
    }

    /// Returns what hosts are told while the meeting is below the floor.
    pub(crate) fn floor_event(&self) -> Event {
        Event::Floor { floor: self.floor.demanded.clone() }
    }

    /// Returns whether a host has to raise the meeting's floor.
    pub(crate) fn is_below_floor(&self) -> bool {
        self.group.floor().below(&self.floor.demanded).is_some()
    }

    pub(crate) fn floor_deadline(&self) -> Option<Instant> {
        self.floor.until.filter(|_| !self.records.is_ending())
    }

    /// ROOM-28: it was not raised in time.
    pub(crate) fn end_below_floor(&mut self, now: Instant) {
        if self.floor_deadline().is_none_or(|until| now < until) {
            return;
        }
        if self.records.check_room_for_one().is_ok() {
            self.persist(Pending::End { reason: CloseReason::Policy, by: None, asker: None });
        } else {
            self.floor.until = Some(now + FLOOR_GRACE);
        }
    }
}
