//! Opaque messages between members, in the room's order.

use sabha_protocol::{ParticipantId, Rule, opaque::RelayPayload};

use crate::{
    actor::Member,
    io::{Event, Refusal},
    room::{Reply, Room},
};

impl Room {
    /// Passes bytes on to one member, or to all others at the next position of the order (ROOM-08); also to those
    /// in the group who have not joined yet, so that they know before they send that this is the present. Nothing is
    /// kept for those who are not connected: they get the room's state anew when they join again.
    pub(crate) fn relay(
        &mut self,
        member: &Member,
        to: Option<ParticipantId>,
        payload: RelayPayload,
    ) -> Result<Reply, Refusal> {
        let relayed = Event::Relayed { from: member.id, payload };
        let Some(to) = to else {
            return Ok(Reply::DoneAt(self.tell_group(member.id, relayed)));
        };
        if to == member.id {
            return Err(Refusal::new(Rule::NotThisTarget, "you cannot send to yourself"));
        }
        let place = self.roster.get(to);
        let Some(connection) = place.and_then(|place| place.joined()) else {
            return Err(Refusal::new(Rule::PresentOnly, "nobody of that number is connected"));
        };
        self.outbox.tell(connection, relayed);
        Ok(Reply::Done)
    }
}
