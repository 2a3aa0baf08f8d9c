//! Records on their way to storage, and what waits for each.

use std::collections::BTreeMap;

use sabha_protocol::{DeviceKey, ParticipantId, Rule, account::UserId, wire::server::CloseReason};

use crate::{
    io::{Record, Refusal, Ticket},
    outbox::Asker,
};

/// Records not yet answered by storage. A removal is one record and a host clicks a few times a second, so
/// this is storage standing still for a minute: then what needs it is refused, and removals go unrecorded.
const OUTSTANDING_MAX: usize = 256;

/// What happens once a record is durable, or has failed.
#[derive(Clone, Debug)]
pub(crate) enum Pending {
    /// Nothing more: as a removal.
    AccountBan { device: DeviceKey, account: UserId },
    /// Nothing more: at worst the account is kept out after a restart, until a member has brought the group back.
    AccountLift { device: DeviceKey },
    /// The meeting is over.
    End { reason: CloseReason, by: Option<ParticipantId>, asker: Option<Asker> },
    /// Ids are reserved.
    Ids { upto: ParticipantId },
    /// Nothing more: a removal holds whether it is recorded or not.
    Removal { participant: ParticipantId },
}

#[derive(Debug, Default)]
pub(crate) struct Records {
    outstanding: BTreeMap<Ticket, Pending>,
    last: u64,
}

impl Records {
    /// Returns a refusal when storage is too far behind.
    pub(crate) fn check_room_for_one(&self) -> Result<(), Refusal> {
        if self.outstanding.len() < OUTSTANDING_MAX {
            Ok(())
        } else {
            Err(Refusal::new(Rule::Storage, "the server's storage does not answer"))
        }
    }

    /// Issues a ticket; the caller has asked [`Records::check_room_for_one`].
    pub(crate) fn issue(&mut self, pending: Pending) -> Ticket {
        debug_assert!(self.outstanding.len() < OUTSTANDING_MAX);
        self.last += 1;
        let ticket = Ticket(self.last);
        self.outstanding.insert(ticket, pending);
        ticket
    }

    /// Takes what waits for a ticket; nothing if it was answered before or never issued.
    pub(crate) fn settle(&mut self, ticket: Ticket) -> Option<Pending> {
        self.outstanding.remove(&ticket)
    }

    /// Returns whether the end of the meeting is on its way to storage.
    pub(crate) fn is_ending(&self) -> bool {
        self.outstanding.values().any(|pending| matches!(pending, Pending::End { .. }))
    }
}

impl Pending {
    /// Returns what is to be recorded.
    pub(crate) fn record(&self) -> Record {
        match *self {
            Self::AccountBan { device, account } => Record::AccountBanned { device, account },
            Self::AccountLift { device } => Record::AccountLifted { device },
            Self::End { .. } => Record::Ended,
            Self::Ids { upto } => Record::IdsReserved { upto },
            Self::Removal { participant } => Record::Removed { participant },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_settled_once() {
        let mut records = Records::default();
        let ticket = records.issue(Pending::Ids { upto: ParticipantId(64) });
        assert!(records.settle(ticket).is_some());
        assert!(records.settle(ticket).is_none());
    }

    #[test]
    fn outstanding_records_are_bounded() {
        let mut records = Records::default();
        for _ in 0..OUTSTANDING_MAX {
            assert_eq!(records.check_room_for_one(), Ok(()));
            records.issue(Pending::Removal { participant: ParticipantId(1) });
        }
        assert_eq!(records.check_room_for_one().unwrap_err().rule, Rule::Storage);
    }
}
