//! Offers and their answers: taking the place one was admitted to, and replacing a peer connection.
//!
//! The media plane answers each offer under its generation; only the newest one counts (ROOM-17).

use std::time::Instant;

use sabha_protocol::{
    MediaGeneration, MediaState, ParticipantId, Rule, Sdp,
    wire::{client::MediaOffer, server::Role},
};

use crate::{
    actor::Member,
    io::{Event, MediaCommand, Refusal},
    outbox::Asker,
    room::{Reply, Room},
    roster::{PendingOffer, Stage},
};

impl Room {
    /// Answered by `Joined` once the media plane has answered the offer. ROOM-01: only in the stage `Admitted`.
    pub(crate) fn join(
        &mut self,
        asker: Asker,
        id: ParticipantId,
        offer: MediaOffer,
        media: MediaState,
    ) -> Result<Reply, Refusal> {
        let order = || Refusal::new(Rule::Order, "this connection has joined already");
        let place = self.roster.get_mut(id).ok_or_else(order)?;
        let Stage::Admitted { connection, until } = place.stage else { return Err(order()) };
        // ROOM-22
        if place.leaf.is_none() {
            return Err(Refusal::new(Rule::AdmittedOnly, "your device is not in the group"));
        }
        let generation = place.generation.next();
        place.generation = generation;
        place.stage = Stage::Joining { connection, until, offer: PendingOffer { asker, generation }, media };
        let publishing = place.publishing();
        self.outbox.media(MediaCommand::Connect { participant: id, generation, offer, publishing });
        Ok(Reply::Other)
    }

    /// Answered by `MediaAnswer`. An older offer without an answer is refused.
    pub(crate) fn replace_offer(
        &mut self,
        asker: Asker,
        member: &Member,
        offer: MediaOffer,
    ) -> Result<Reply, Refusal> {
        let participant = member.id;
        let Some(place) = self.roster.get_mut(participant) else { return Ok(Reply::Other) };
        let Stage::Joined { offer: pending, .. } = &mut place.stage else { return Ok(Reply::Other) };
        let generation = place.generation.next();
        place.generation = generation;
        let older = pending.replace(PendingOffer { asker, generation });
        let publishing = place.media;
        if let Some(older) = older {
            self.outbox
                .refuse(older.asker, Refusal::new(Rule::MediaOffer, "a newer offer replaced this one"));
        }
        self.outbox.media(MediaCommand::Connect { participant, generation, offer, publishing });
        Ok(Reply::Other)
    }

    pub(crate) fn offer_answered(
        &mut self,
        now: Instant,
        id: ParticipantId,
        generation: MediaGeneration,
        answer: Sdp,
    ) {
        let Some(place) = self.roster.get_mut(id) else { return };
        match &mut place.stage {
            Stage::Joining { offer, .. } if offer.generation == generation => {
                let asker = offer.asker;
                self.complete_join(now, id, asker, answer);
            }
            Stage::Joined { offer, .. } => {
                if let Some(pending) = offer.take_if(|pending| pending.generation == generation) {
                    self.outbox.answer(pending.asker, None, Event::MediaAnswer { answer, generation });
                }
            }
            _ => {}
        }
    }

    pub(crate) fn offer_refused(&mut self, id: ParticipantId, generation: MediaGeneration, reason: String) {
        let Some(place) = self.roster.get_mut(id) else { return };
        let pending = match &mut place.stage {
            Stage::Joining { connection, until, offer, .. } if offer.generation == generation => {
                let pending = *offer;
                place.stage = Stage::Admitted { connection: *connection, until: *until };
                Some(pending)
            }
            Stage::Joined { offer, .. } => offer.take_if(|pending| pending.generation == generation),
            _ => None,
        };
        if let Some(pending) = pending {
            self.outbox.refuse(pending.asker, Refusal::new(Rule::MediaOffer, reason));
        }
    }

    /// The peer connection is gone. If its offer has no answer yet, it never will.
    pub(crate) fn media_lost(&mut self, id: ParticipantId, generation: MediaGeneration) {
        let Some(place) = self.roster.get(id).filter(|place| place.generation == generation) else { return };
        match place.stage {
            Stage::Joined { connection, offer: None } => self.outbox.tell(connection, Event::MediaLost),
            _ => self.offer_refused(id, generation, "the media connection was lost".to_owned()),
        }
    }

    /// Lets the holder into the room: the others learn of it, and the joiner gets everything.
    fn complete_join(&mut self, now: Instant, id: ParticipantId, asker: Asker, answer: Sdp) {
        let Some(place) = self.roster.get_mut(id) else { return };
        // ROOM-11: what was off, or was switched off meanwhile, stays off.
        place.media = place.publishing();
        place.stage = Stage::Joined { connection: asker.connection, offer: None };
        let came_back = std::mem::replace(&mut place.in_roster, true);
        let (generation, media, role) = (place.generation, place.media, place.role());
        let participant = place.view(id);
        let event = if came_back {
            Event::ParticipantChanged { participant }
        } else {
            Event::ParticipantJoined { participant }
        };
        let seq = self.broadcast(Some(id), event);
        let participants = self.roster.views().collect();
        let lobby = if role == Role::Host { self.lobby.views(now) } else { Vec::new() };
        let joined = Event::Joined { answer, generation, media, participants, lobby, seq };
        self.outbox.answer(asker, None, joined);
        self.renew_token(id);
        if role == Role::Host && self.is_below_floor() {
            let floor = self.floor_event();
            self.tell_member(id, floor);
        }
    }
}
