//! Participant ids, given once each over all epochs of a room.
//!
//! Ids are reserved in blocks: a [`Record::IdsReserved`](crate::Record) goes out before the first id of a
//! block is used, and the next epoch starts after the last block recorded. Ids of a block are given without
//! waiting until its record is durable, since nobody should wait at the door for a disk. If the record
//! fails, the rest of the block is reserved anew; if the process also dies then, an id of that block may
//! come again after the restart, but its old token is refused because the id is not below the first of the epoch.

use sabha_protocol::ParticipantId;

/// Ids in one reservation: a lobby's flood costs one record for as many knocks.
const BLOCK: u32 = 64;

#[derive(Debug)]
pub(crate) struct Ids {
    first: ParticipantId,
    next: ParticipantId,
    /// Last id covered by a reservation that was asked for and has not failed.
    reserved_upto: Option<ParticipantId>,
}

/// What stands before the next id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// This reservation must be recorded first.
    Reserve(ParticipantId),
    /// Nothing.
    Ready,
    /// There is none left.
    Exhausted,
}

impl Ids {
    pub(crate) fn starting_at(first: ParticipantId) -> Self {
        Self { first, next: first, reserved_upto: None }
    }

    /// Returns whether `id` belongs to an earlier epoch.
    pub(crate) fn is_earlier(&self, id: ParticipantId) -> bool {
        id < self.first
    }

    pub(crate) fn next(&self) -> Next {
        // The last number is never given: counting stops there instead of starting again.
        if self.next.0 == u32::MAX {
            return Next::Exhausted;
        }
        match self.reserved_upto {
            Some(upto) if self.next <= upto => Next::Ready,
            _ => Next::Reserve(ParticipantId(self.next.0.saturating_add(BLOCK - 1))),
        }
    }

    /// Notes that the reservation up to `upto` was asked for.
    pub(crate) fn reserved(&mut self, upto: ParticipantId) {
        self.reserved_upto = self.reserved_upto.max(Some(upto));
    }

    /// Notes that the reservation up to `upto` was not recorded: what is left of it is asked for again.
    pub(crate) fn reservation_failed(&mut self, upto: ParticipantId) {
        if self.reserved_upto == Some(upto) {
            self.reserved_upto = None;
        }
    }

    /// Gives the next id. ROOM-16: ids only go up.
    pub(crate) fn give(&mut self) -> ParticipantId {
        let id = self.next;
        self.next = id.next();
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ROOM-16
    #[test]
    fn no_id_is_given_outside_a_reservation() {
        let mut ids = Ids::starting_at(ParticipantId(7));
        assert_eq!(ids.next(), Next::Reserve(ParticipantId(70)));
        ids.reserved(ParticipantId(70));
        for expected in 7..=70 {
            assert_eq!(ids.next(), Next::Ready);
            assert_eq!(ids.give(), ParticipantId(expected));
        }
        assert_eq!(ids.next(), Next::Reserve(ParticipantId(134)));
    }

    /// ROOM-16
    #[test]
    fn failed_reservation_is_asked_for_again_without_going_back() {
        let mut ids = Ids::starting_at(ParticipantId(1));
        ids.reserved(ParticipantId(64));
        assert_eq!(ids.give(), ParticipantId(1));
        ids.reservation_failed(ParticipantId(64));
        assert_eq!(ids.next(), Next::Reserve(ParticipantId(65)));
        assert_eq!(ids.give(), ParticipantId(2));
    }

    /// ROOM-16
    #[test]
    fn counting_stops_at_the_last_number() {
        let mut ids = Ids::starting_at(ParticipantId(u32::MAX - 1));
        ids.reserved(ParticipantId(u32::MAX));
        ids.give();
        assert_eq!(ids.next(), Next::Exhausted);
    }
}
