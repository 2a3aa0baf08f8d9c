//! Own media state, subscriptions, and what the media plane reports.

use std::{collections::BTreeSet, time::Instant};

use sabha_policy::{Action, Actor, Decision, may};
use sabha_protocol::{
    MediaKind, MediaState, ParticipantId, Rule, Source,
    limits::{SPEAKERS_FORWARDED, VIDEO_SLOTS_MAX},
    wire::{client::Tile, server::Role},
};

use crate::{
    actor::Member,
    io::{Event, MediaCommand, MediaEvent, Refusal},
    room::{Reply, Room},
};

impl Room {
    /// Switches own sources on and off; what the group does not allow stays off. ROOM-12: the member is always the
    /// one who asks.
    pub(crate) fn set_media(&mut self, member: &Member, media: MediaState) -> Result<Reply, Refusal> {
        let Some(place) = self.roster.get_mut(member.id) else { return Ok(Reply::Done) };
        let asked = media;
        let media = place.allowed(media);
        let is_host = place.role() == Role::Host;
        let refused = Source::ALL.into_iter().find(|source| asked.has(*source) && !media.has(*source));
        if place.media != media {
            place.media = media;
            self.outbox.media(MediaCommand::SetPublishing { participant: member.id, media });
            self.broadcast_change(member.id);
            self.renew_token(member.id);
        }
        // What may be sent was switched; of the rest it is said why not.
        refused.map_or(Ok(Reply::Done), |source| Err(self.source_refusal(is_host, source)))
    }

    /// Returns why a member may not send a source that the group does not leave it.
    fn source_refusal(&self, is_host: bool, source: Source) -> Refusal {
        let actor = Actor { is_host, may_share: false };
        match may(self.group.controls(), actor, Action::Publish(source)) {
            _ if self.group.is_suspended() && !is_host => {
                Refusal::new(Rule::Suspended, "a host has suspended all that participants do")
            }
            Decision::Refused { by } => {
                let rule = by.rule().unwrap_or(Rule::SourceTaken);
                Refusal::new(rule, "by the meeting's policy this source is not yours to send")
            }
            Decision::Allowed => Refusal::new(Rule::SourceTaken, "a host has taken the right to send this"),
        }
    }

    /// Passes on which pictures a member shows; not answered. ROOM-18: only pictures, each once, and only of
    /// others who are in the room. The rest is dropped silently, since people leave while the wish travels.
    pub(crate) fn subscribe(&mut self, member: &Member, mut tiles: Vec<Tile>) -> Result<Reply, Refusal> {
        let mut wished = BTreeSet::new();
        tiles.retain(|tile| {
            tile.source.kind() == MediaKind::Video
                && tile.participant != member.id
                && self.roster.seen(tile.participant).is_some()
                && wished.insert((tile.participant, tile.source))
        });
        tiles.truncate(VIDEO_SLOTS_MAX);
        self.outbox.media(MediaCommand::Subscribe { participant: member.id, tiles });
        Ok(Reply::Other)
    }

    pub(crate) fn handle_media(&mut self, now: Instant, event: MediaEvent) {
        match event {
            MediaEvent::Answered { participant, generation, answer } => {
                self.offer_answered(now, participant, generation, answer);
            }
            MediaEvent::CodecWanted { participant, source, codec } => {
                self.tell_member(participant, Event::CodecWanted { source, codec });
            }
            MediaEvent::LayersWanted { participant, source, layers } => {
                self.tell_member(participant, Event::LayersWanted { source, layers });
            }
            MediaEvent::Lost { participant, generation } => self.media_lost(participant, generation),
            MediaEvent::OfferRefused { participant, generation, reason } => {
                self.offer_refused(participant, generation, reason);
            }
            MediaEvent::QualityChanged { participant, quality } => {
                if self.roster.seen(participant).is_some() {
                    self.tell_room(Event::QualityChanged { participant, quality });
                }
            }
            MediaEvent::SlotsChanged { participant, generation, slots } => {
                // ROOM-17
                if self.roster.get(participant).is_some_and(|place| place.generation == generation) {
                    self.tell_member(participant, Event::Slots { generation, slots });
                }
            }
            MediaEvent::SpeakersChanged { mut speaking } => {
                speaking.retain(|speaker| self.roster.seen(*speaker).is_some());
                speaking.truncate(SPEAKERS_FORWARDED);
                self.tell_room(Event::Speakers { speaking });
            }
        }
    }

    /// Tells one participant, if it is in the room with a connection.
    pub(crate) fn tell_member(&mut self, participant: ParticipantId, event: Event) {
        if let Some(connection) = self.roster.get(participant).and_then(|place| place.joined()) {
            self.outbox.tell(connection, event);
        }
    }

    /// Tells everybody in the room something that has no place in the order.
    fn tell_room(&mut self, event: Event) {
        let to = self.roster.joined().map(|(_, _, connection)| connection).collect();
        self.outbox.tell_all(to, None, event);
    }
}
