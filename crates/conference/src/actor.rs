//! Proof, by type, of who acts: what only a host may do takes a [`Host`], and only a check gives one (ROOM-04).

use sabha_protocol::{ParticipantId, Rule, wire::server::Role};

use crate::{io::Refusal, room::Room};

/// Somebody who is in the room with the connection that asks.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: ParticipantId,
}

/// A member who is host.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) id: ParticipantId,
}

impl Room {
    /// Returns the holder of a place as a member. ROOM-01: nothing but `join` and `leave` comes before `joined`.
    pub(crate) fn member(&self, id: ParticipantId) -> Result<Member, Refusal> {
        match self.roster.get(id) {
            Some(place) if place.joined().is_some() => Ok(Member { id }),
            _ => Err(Refusal::new(Rule::Order, "join first")),
        }
    }

    /// Returns the holder of a place as a host. ROOM-04.
    pub(crate) fn host(&self, id: ParticipantId) -> Result<Host, Refusal> {
        self.member(id)?;
        match self.roster.get(id) {
            Some(place) if place.role() == Role::Host => Ok(Host { id }),
            _ => Err(Refusal::new(Rule::HostOnly, "only a host may do this")),
        }
    }
}
