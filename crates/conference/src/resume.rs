//! Coming back to a place: after a dropped connection, or after a restart of the server.

use std::time::Instant;

use sabha_protocol::{
    DisplayName, Rule, limits::RESUME_WINDOW, secret::ResumeToken, wire::server::CloseReason,
};

use crate::{
    admission::new_place,
    connections::Seat,
    io::Refusal,
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
        name: DisplayName,
        token: &ResumeToken,
    ) -> Result<Reply, Refusal> {
        let claim = token::verify(&self.resume_key, token)
            .filter(|claim| claim.meeting == self.meeting)
            .ok_or_else(not_kept)?;
        // ROOM-07
        if self.bans.contains(claim.participant) {
            return Err(Refusal::new(Rule::RemovedStaysOut, "a host removed you from this meeting"));
        }
        if claim.room_epoch == self.room_epoch && claim.boot_epoch == self.boot_epoch {
            self.take_over(now, asker, &claim)?;
        } else if claim.room_epoch < self.room_epoch && claim.boot_epoch <= self.boot_epoch {
            self.claim_earlier(now, asker, name, &claim)?;
        } else {
            return Err(not_kept());
        }
        self.connections.put(asker.connection, Seat::Place(claim.participant));
        if let Some(admitted) = self.admission(claim.participant) {
            self.outbox.answer(asker, None, admitted);
        }
        Ok(Reply::Other)
    }

    /// Moves a place of this epoch to a new connection. The old peer connection stays until the new `Join`.
    fn take_over(&mut self, now: Instant, asker: Asker, claim: &Claim) -> Result<(), Refusal> {
        // ROOM-09
        let place = self
            .roster
            .get_mut(claim.participant)
            .filter(|place| place.token == claim.counter || place.spent_token == Some(claim.counter))
            .ok_or_else(not_kept)?;
        place.spent_token = Some(claim.counter);
        let before = place.connection();
        let was_joined = place.joined().is_some();
        place.stage = Stage::Admitted { connection: asker.connection, until: now + RESUME_WINDOW };
        if let Some(connection) = before {
            self.close(connection, CloseReason::Replaced, None);
        }
        if was_joined {
            self.broadcast_change(claim.participant);
        }
        Ok(())
    }

    /// Opens a place anew that was held before the server restarted. The last counter died with the old process,
    /// so each place can be claimed once (ROOM-10); what was on is known from the token alone (ROOM-11).
    fn claim_earlier(
        &mut self,
        now: Instant,
        asker: Asker,
        name: DisplayName,
        claim: &Claim,
    ) -> Result<(), Refusal> {
        let id = claim.participant;
        if now >= self.claims_until || !self.ids.is_earlier(id) || self.claimed.contains(&id) {
            return Err(not_kept());
        }
        self.check_room_for_one()?;
        self.claimed.insert(id);
        self.roster.insert(id, new_place(now, asker.connection, name, claim.role, claim.media));
        Ok(())
    }
}

/// One answer for every cause: who forges a token learns nothing from it.
fn not_kept() -> Refusal {
    Refusal::new(Rule::ResumeWindow, "the place is not kept any more")
}
