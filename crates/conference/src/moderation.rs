//! What hosts do to those who are in the room, other than by a commit: mute.

use sabha_protocol::{ParticipantId, Rule, Source, wire::server::Role};

use crate::{
    actor::Host,
    io::{Event, MediaCommand, Refusal},
    room::{Reply, Room},
};

impl Room {
    /// ROOM-12: a host can switch off, and there is no way to switch on.
    pub(crate) fn mute(
        &mut self,
        host: &Host,
        participant: ParticipantId,
        source: Source,
    ) -> Result<Reply, Refusal> {
        let not_present = || Refusal::new(Rule::PresentOnly, "nobody of that number is in the room");
        let place = self.roster.seen(participant).ok_or_else(not_present)?;
        // ROOM-06
        if participant == host.id {
            return Err(Refusal::new(Rule::NotThisTarget, "you cannot do this to yourself"));
        }
        if place.role() == Role::Host {
            return Err(Refusal::new(Rule::NotThisTarget, "nobody does this to a host"));
        }
        if !place.media.has(source) {
            return Ok(Reply::Done);
        }
        if let Some(place) = self.roster.get_mut(participant) {
            place.media.set(source, false);
            let media = place.publishing();
            self.outbox.media(MediaCommand::SetPublishing { participant, media });
        }
        self.tell_member(participant, Event::Muted { source, by: host.id });
        self.broadcast_change(participant);
        self.renew_token(participant);
        Ok(Reply::Done)
    }
}
