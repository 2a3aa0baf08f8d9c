//! What hosts do to those who are in the room: remove, mute, make host.

use std::time::Instant;

use sabha_protocol::{
    ParticipantId, Rule, Source,
    wire::server::{CloseReason, LeaveReason, Role},
};

use crate::{
    actor::Host,
    io::{Event, MediaCommand, Refusal},
    lobby,
    outbox::Asker,
    records::Pending,
    room::{Reply, Room},
    roster::Place,
};

impl Room {
    /// Removes somebody at once, and answers when that is durable (ROOM-07).
    ///
    /// If it cannot be made durable the answer is a refusal by `SERVER.STORAGE`, but the removal holds while this
    /// process lives: to let somebody back in because a disk is full would be the worse surprise.
    pub(crate) fn remove(
        &mut self,
        asker: Asker,
        host: &Host,
        participant: ParticipantId,
    ) -> Result<Reply, Refusal> {
        // Also somebody who was let in by mistake and has not joined yet.
        let place = self.roster.get(participant).ok_or_else(not_present)?;
        self.check_target(host, participant, place)?;
        self.records.check_room_for_one()?;
        let connection = place.connection();
        self.bans.insert(participant);
        if let Some(connection) = connection {
            self.close(connection, CloseReason::Removed, Some(host.name.clone()));
        }
        self.vacate(participant, LeaveReason::Removed);
        self.persist(Pending::Removal { participant, asker });
        Ok(Reply::Other)
    }

    /// ROOM-12: a host can switch off, and there is no way to switch on.
    pub(crate) fn mute(
        &mut self,
        host: &Host,
        participant: ParticipantId,
        source: Source,
    ) -> Result<Reply, Refusal> {
        let place = self.roster.seen(participant).ok_or_else(not_present)?;
        self.check_target(host, participant, place)?;
        if !place.media.has(source) {
            return Ok(Reply::Done);
        }
        if let Some(place) = self.roster.get_mut(participant) {
            place.media.set(source, false);
            let media = place.publishing();
            self.outbox.media(MediaCommand::SetPublishing { participant, media });
        }
        self.tell_member(participant, Event::Muted { source, by: host.name.clone() });
        self.broadcast_change(participant);
        self.renew_token(participant);
        Ok(Reply::Done)
    }

    /// Makes a participant host as well; it learns who waits in the lobby.
    pub(crate) fn make_host(
        &mut self,
        now: Instant,
        host: &Host,
        participant: ParticipantId,
    ) -> Result<Reply, Refusal> {
        let place = self.roster.seen(participant).ok_or_else(not_present)?;
        self.check_target(host, participant, place)?;
        if let Some(place) = self.roster.get_mut(participant) {
            place.role = Role::Host;
        }
        self.broadcast_change(participant);
        let waiting: Vec<_> = self.lobby.iter().map(|(id, guest)| lobby::view(id, guest, now)).collect();
        for guest in waiting {
            self.tell_member(participant, Event::Knocked { guest });
        }
        self.renew_token(participant);
        Ok(Reply::Done)
    }

    /// ROOM-06
    fn check_target(&self, host: &Host, participant: ParticipantId, place: &Place) -> Result<(), Refusal> {
        if participant == host.id {
            Err(Refusal::new(Rule::NotThisTarget, "you cannot do this to yourself"))
        } else if place.role == Role::Host {
            Err(Refusal::new(Rule::NotThisTarget, "nobody does this to a host"))
        } else {
            Ok(())
        }
    }
}

fn not_present() -> Refusal {
    Refusal::new(Rule::PresentOnly, "nobody of that number is in the room")
}
