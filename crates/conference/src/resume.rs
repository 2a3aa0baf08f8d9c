//! Coming back to a place: after a dropped connection, or after a restart of the server.

use std::time::Instant;

use sabha_protocol::{
    DeviceKey, ParticipantId, Rule, limits::RESUME_WINDOW, secret::ResumeToken, wire::server::CloseReason,
};

use crate::{
    connections::Seat,
    io::{ConnectionKey, Refusal, Visitor},
    outbox::Asker,
    room::{Reply, Room},
    roster::Stage,
    token::{self, Claim},
};

impl Room {
    /// Answered by `Admitted`, after which the client joins again with a fresh offer.
    pub(crate) fn resume(
        &mut self,
        now: Instant,
        asker: Asker,
        (device, visitor): (DeviceKey, Visitor),
        token: &ResumeToken,
    ) -> Result<Reply, Refusal> {
        // ROOM-09: a stolen token is worth nothing without the key of its device.
        let claim = token::verify(&self.resume_key, token)
            .filter(|claim| claim.meeting == self.meeting && claim.device == device)
            .ok_or_else(not_kept)?;
        // ROOM-07
        if self.bans.contains(claim.participant) {
            return Err(Refusal::new(Rule::RemovedStaysOut, "a host removed you from this meeting"));
        }
        if claim.room_epoch == self.room_epoch && claim.boot_epoch == self.boot_epoch {
            self.check_newest(&claim)?;
            self.take_over(now, (asker.connection, visitor), claim.participant, Some(claim.counter));
        } else if claim.room_epoch < self.room_epoch && claim.boot_epoch <= self.boot_epoch {
            self.claim_earlier(now, (asker.connection, visitor), &claim)?;
        } else {
            return Err(not_kept());
        }
        self.answer_admitted(asker, claim.participant);
        Ok(Reply::Other)
    }

    /// ROOM-09
    fn check_newest(&self, claim: &Claim) -> Result<(), Refusal> {
        self.roster
            .get(claim.participant)
            .filter(|place| place.token == claim.counter || place.spent_token == Some(claim.counter))
            .map(|_| ())
            .ok_or_else(not_kept)
    }

    /// Moves a place to a new connection of its device, which used the token of this counter or, without one, its key
    /// alone. The old peer connection stays until the new `Join`. ROOM-21.
    pub(crate) fn take_over(
        &mut self,
        now: Instant,
        (connection, visitor): (ConnectionKey, Visitor),
        id: ParticipantId,
        used_token: Option<u64>,
    ) {
        let Some(place) = self.roster.get_mut(id) else { return };
        place.spent_token = Some(used_token.unwrap_or(place.token));
        let before = place.connection();
        let was_joined = place.joined().is_some();
        place.account = visitor.account;
        place.stage = Stage::Admitted { connection, until: now + RESUME_WINDOW };
        if let Some(before) = before {
            self.close(before, CloseReason::Replaced, None);
        }
        self.connections.put(connection, Seat::Place(id));
        if was_joined {
            self.broadcast_change(id);
        }
    }

    /// Opens a place anew that was held before the server restarted. The last counter died with the old process,
    /// so each place can be claimed once (ROOM-10); what was on is known from the token alone (ROOM-11).
    fn claim_earlier(
        &mut self,
        now: Instant,
        from: (ConnectionKey, Visitor),
        claim: &Claim,
    ) -> Result<(), Refusal> {
        let id = claim.participant;
        if now >= self.claims_until || !self.ids.is_earlier(id) || self.claimed.contains(&id) {
            return Err(not_kept());
        }
        // ROOM-21: the device has come by its key before it used the token.
        if self.roster.of_device(&claim.device).is_some() {
            return Err(not_kept());
        }
        self.check_room_for_one()?;
        self.claimed.insert(id);
        self.open_place(now, from, id, claim.device, Some(claim.media));
        Ok(())
    }
}

/// One answer for every cause: who forges a token learns nothing from it.
fn not_kept() -> Refusal {
    Refusal::new(Rule::ResumeWindow, "the place is not kept any more")
}
