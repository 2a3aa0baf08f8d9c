//! Going: on purpose, by a lost connection, or by not coming back in time.

use std::time::Instant;

use sabha_policy::{Action, Actor, may};
use sabha_protocol::{
    ParticipantId, Rule,
    limits::RESUME_WINDOW,
    wire::server::{CloseReason, LeaveReason, LobbyOutcome, Role},
};

use crate::{
    connections::Seat,
    io::{ConnectionKey, Event, MediaCommand, Refusal},
    outbox::Asker,
    room::{Reply, Room},
    roster::Stage,
};

impl Room {
    /// Gives a place up. Answered by `Done`, then the connection is closed. Its device keeps its leaf until somebody
    /// commits the proposal to remove it, and may come back by it until then.
    pub(crate) fn leave(&mut self, asker: Asker, id: ParticipantId) -> Result<Reply, Refusal> {
        if self.is_last_host(id) && self.roster.joined().any(|(other, ..)| other != id) {
            // ROOM-13
            return Err(Refusal::new(Rule::LastHost, "end the meeting or make somebody host first"));
        }
        // ROOM-27
        let hosts = self.roster.get(id).is_some_and(|place| place.role() == Role::Host);
        let alone = !self.roster.joined().any(|(other, ..)| other != id);
        if hosts && !alone && !may(self.group.controls(), Actor::HOST, Action::HandOver).is_allowed() {
            return Err(Refusal::new(
                Rule::EndAll,
                "by policy a host ends the meeting and does not leave it",
            ));
        }
        self.outbox.answer(asker, None, Event::Done);
        self.close(asker.connection, CloseReason::Left, None);
        self.vacate(id, LeaveReason::Left);
        Ok(Reply::Other)
    }

    /// Leaves the lobby.
    pub(crate) fn withdraw(&mut self, asker: Asker, guest: ParticipantId) -> Reply {
        self.lobby.remove(guest);
        self.outbox.answer(asker, None, Event::Done);
        self.close(asker.connection, CloseReason::Left, None);
        self.tell_hosts(Event::LobbyLeft { guest, outcome: LobbyOutcome::Withdrew });
        Reply::Other
    }

    /// A connection is gone: a guest loses its turn, a place is kept for a while. The media connection is left alone,
    /// since it often outlives the signalling one.
    pub(crate) fn drop_connection(&mut self, now: Instant, connection: ConnectionKey) {
        match self.connections.disconnected(connection) {
            Some(Seat::Lobby(guest)) => {
                self.lobby.remove(guest);
                self.tell_hosts(Event::LobbyLeft { guest, outcome: LobbyOutcome::Withdrew });
            }
            Some(Seat::Place(id)) => {
                let Some(place) = self.roster.get_mut(id) else { return };
                let was_joined = place.joined().is_some();
                place.stage = Stage::Dropped { until: now + RESUME_WINDOW };
                if was_joined {
                    self.broadcast_change(id);
                }
            }
            None => {}
        }
    }

    /// Gives up a place that was not joined in time. ROOM-09, ROOM-19.
    pub(crate) fn give_up(&mut self, id: ParticipantId) {
        let Some(place) = self.roster.get(id) else { return };
        let connection = place.connection();
        if let Stage::Joining { offer, .. } = place.stage {
            let refusal = Refusal::new(Rule::MediaOffer, "the offer was not answered in time");
            self.outbox.refuse(offer.asker, refusal);
        }
        if let Some(connection) = connection {
            self.close(connection, CloseReason::Misbehaved, None);
        }
        self.vacate(id, LeaveReason::Lost);
    }

    /// Frees a place whose connection, if any, was closed before.
    pub(crate) fn vacate(&mut self, participant: ParticipantId, reason: LeaveReason) {
        let Some(place) = self.roster.remove(participant) else { return };
        if place.has_media() {
            self.outbox.media(MediaCommand::Disconnect { participant });
        }
        if place.in_roster {
            self.broadcast(None, Event::ParticipantLeft { participant, reason });
        }
    }

    /// Returns whether `id` is in the room as host and no other host is. A host whose connection dropped keeps its
    /// role for when it comes back, but cannot look after the others meanwhile.
    fn is_last_host(&self, id: ParticipantId) -> bool {
        let mut hosts = self.roster.joined().filter(|(_, place, _)| place.role() == Role::Host);
        hosts.next().is_some_and(|(host, ..)| host == id) && hosts.next().is_none()
    }
}
