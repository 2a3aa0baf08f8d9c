//! The end of a meeting, and the results of storage it waits for.

use std::time::Instant;

use sabha_protocol::{ParticipantId, Rule, wire::server::CloseReason};

use crate::{
    actor::Host,
    io::{ConnectionKey, Event, MediaCommand, Output, Refusal, Ticket},
    outbox::Asker,
    records::Pending,
    room::{Reply, Room},
};

impl Room {
    /// Ends the meeting for everybody once that is durable (ROOM-14); until then it goes on.
    pub(crate) fn end(&mut self, asker: Asker, host: Host) -> Result<Reply, Refusal> {
        if self.records.is_ending() {
            return Err(Refusal::new(Rule::Order, "the meeting is ending already"));
        }
        self.records.check_room_for_one()?;
        self.persist(Pending::End { reason: CloseReason::Ended, by: Some(host.id), asker: Some(asker) });
        Ok(Reply::Other)
    }

    /// Ends a meeting that was cancelled before it began (ROOM-33).
    pub(crate) fn cancel(&mut self) {
        let is_under_way = self.roster.iter().next().is_some();
        if !is_under_way && !self.records.is_ending() && self.records.check_room_for_one().is_ok() {
            self.persist(Pending::End { reason: CloseReason::Ended, by: None, asker: None });
        }
    }

    /// Ends a room in which nobody was for long (ROOM-15).
    pub(crate) fn abandon(&mut self, now: Instant) {
        if self.records.check_room_for_one().is_ok() {
            self.persist(Pending::End { reason: CloseReason::Abandoned, by: None, asker: None });
        } else {
            self.empty_since = Some(now);
        }
    }

    pub(crate) fn handle_stored(&mut self, now: Instant, ticket: Ticket, durable: bool) {
        let Some(pending) = self.records.settle(ticket) else { return };
        match (pending, durable) {
            (Pending::End { reason, by, asker }, true) => {
                if let Some(asker) = asker {
                    self.answer_late(asker, Ok(Event::Done));
                }
                self.finish(reason, by);
            }
            (Pending::End { asker, .. }, false) => {
                // The room goes on; an abandoned one tries again after as long a time.
                self.empty_since = self.empty_since.map(|_| now);
                if let Some(asker) = asker {
                    let message = "the server could not store this: the meeting goes on";
                    self.answer_late(asker, Err(Refusal::new(Rule::Storage, message)));
                }
            }
            (Pending::Ids { .. }, true)
            | (Pending::AccountBan { .. } | Pending::AccountLift { .. } | Pending::Removal { .. }, _) => {}
            (Pending::Ids { upto }, false) => self.ids.reservation_failed(upto),
        }
    }

    /// Sends everybody away, the lobby too, and is done.
    fn finish(&mut self, reason: CloseReason, by: Option<ParticipantId>) {
        let open: Vec<ConnectionKey> = self.connections.open().collect();
        for connection in open {
            self.close(connection, reason, by);
        }
        let media: Vec<_> =
            self.roster.iter().filter(|(_, place)| place.has_media()).map(|(id, _)| id).collect();
        for participant in media {
            self.outbox.media(MediaCommand::Disconnect { participant });
        }
        self.outbox.push(Output::Ended);
        self.over = true;
    }
}
