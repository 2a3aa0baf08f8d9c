//! What is said between those who wait and the hosts: proof of a passcode, grant, key package, all opaque here; and
//! a host's no. The yes is a commit, see `membership.rs`.

use sabha_protocol::{
    ParticipantId, Rule,
    limits::DOOR_MESSAGES_MAX,
    opaque::DoorPayload,
    wire::server::{CloseReason, LobbyOutcome},
};

use crate::{
    actor::Host,
    io::{Event, Refusal},
    room::{Reply, Room},
};

impl Room {
    /// Passes a guest's words on to every host who is in the room. ROOM-24: so many in one stay, and to nobody else.
    pub(crate) fn speak_from_lobby(
        &mut self,
        from: ParticipantId,
        to: Option<ParticipantId>,
        payload: DoorPayload,
    ) -> Result<Reply, Refusal> {
        if to.is_some() {
            return Err(Refusal::new(Rule::NotThisTarget, "from the lobby one speaks to the hosts only"));
        }
        if !self.is_host_present() {
            return Err(Refusal::new(Rule::PresentOnly, "no host is there to hear you"));
        }
        let guest = self.lobby.get_mut(from).ok_or_else(not_waiting)?;
        if guest.door_messages >= DOOR_MESSAGES_MAX {
            return Err(Refusal::new(Rule::Rate, "you have said too much at the door"));
        }
        guest.door_messages += 1;
        self.tell_hosts(Event::Door { from, payload });
        Ok(Reply::Done)
    }

    /// Passes a host's words on to one guest.
    pub(crate) fn speak_to_lobby(
        &mut self,
        host: &Host,
        to: Option<ParticipantId>,
        payload: DoorPayload,
    ) -> Result<Reply, Refusal> {
        let guest = to.and_then(|to| self.lobby.get_mut(to)).ok_or_else(not_waiting)?;
        let connection = guest.connection;
        self.outbox.tell(connection, Event::Door { from: host.id, payload });
        Ok(Reply::Done)
    }

    pub(crate) fn deny(&mut self, host: &Host, id: ParticipantId) -> Result<Reply, Refusal> {
        let guest = self.lobby.remove(id).ok_or_else(not_waiting)?;
        self.close(guest.connection, CloseReason::Denied, Some(host.id));
        self.tell_hosts(Event::LobbyLeft { guest: id, outcome: LobbyOutcome::Denied });
        Ok(Reply::Done)
    }
}

fn not_waiting() -> Refusal {
    Refusal::new(Rule::PresentOnly, "nobody of that number is waiting")
}
