//! Who begins to watch a moment after a key frame gets that one, and what followed it, from what is kept.
//!
//! A publisher's shard keeps what came of it, and a shard where somebody watches keeps what was relayed there. Where nobody
//! watched before there is nothing: there the publisher's shard gives what it has, once, ahead of what comes next.

use std::{
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use sabha_protocol::{Layer, limits::KEYFRAME_INTERVAL};

use super::{Context, Room, Work};
use crate::{
    io::ShardIndex,
    keyframe::KeyframeGate,
    peer::Occupant,
    publication::{LayerSet, Seat},
    relay::{CatchUp, Said},
};

/// What a slot may catch up with: as old as a key frame can be before another one may be asked for, at three times the
/// packets of a usual layer in that time.
const CATCH_UP_AGE_MAX: Duration = KEYFRAME_INTERVAL;
const CATCH_UP_PACKETS_MAX: u64 = 256;

impl Room {
    /// Gives a slot the last key frame of a layer and what followed it, if it came a moment ago and all of it is kept, so that
    /// nobody has to ask for another one. Returns whether it did.
    ///
    /// Only to who was there when it came, and did not get it: who came since has no key for it, and whose device has
    /// opened a frame does not open it again (RFC 9605 section 9.3).
    pub(super) fn catch_up(&mut self, context: &mut Context<'_>, seat: Seat, layer: Layer) -> bool {
        let Some(subscriber) = self.peers.get(&seat.peer) else { return false };
        let Some(occupant) = subscriber.slots.get(seat.slot).and_then(|slot| slot.occupant) else {
            return false;
        };
        let (publisher, source) = occupant;
        let Some((came, run)) = self.lately(context.now, occupant, layer) else { return false };
        let was_there = subscriber.connected_at.is_some_and(|at| at <= came);
        let slots = &mut subscriber.slots.iter();
        if !was_there || slots.any(|slot| slot.may_have_carried(occupant, layer, *run.start())) {
            return false;
        }
        for seq in run {
            let kept = self.peers.get(&publisher).and_then(|peer| peer.kept(source, layer, seq));
            let Some(packet) = kept.cloned() else { break };
            let Some(subscriber) = self.peers.get_mut(&seat.peer) else { break };
            let Some(slot) = subscriber.slots.get_mut(seat.slot) else { break };
            let is_carried = slot.carries(layer, packet.codec);
            let numbers = match is_carried {
                true => slot.number(context.now, &packet),
                // Dated back to when it came, so that what follows it is played when it comes and not later.
                false if packet.starts_keyframe && slot.begin(came, &packet) => {
                    slot.rewriter.rewrite(context.now, packet.numbers)
                }
                false => return false,
            };
            let (Some(numbers), Some(connection)) = (numbers, subscriber.connection.as_mut()) else {
                continue;
            };
            if connection.send(context.now, &slot.sending, numbers, &packet, context.outbox) {
                self.work.push_back(Work::Drive(seat.peer));
            }
        }
        true
    }

    /// Gives another shard, where somebody begins to watch, what came lately of the layers that are wanted there. Asks for a
    /// key frame of those of which there is nothing to give, as they did not.
    pub(super) fn let_catch_up(
        &mut self,
        context: &mut Context<'_>,
        to: ShardIndex,
        (publisher, source): Occupant,
        wanted: LayerSet,
    ) {
        let Some(peer) = self.peers.get(&publisher).filter(|peer| peer.publishes(source)) else { return };
        let publication = &peer.publications[source as usize];
        let mut layers = LayerSet::default();
        wanted.iter().for_each(|layer| layers.insert(publication.nearest_live(context.now, layer)));
        for layer in layers.iter() {
            let Some((came, run)) = self.lately(context.now, (publisher, source), layer) else {
                self.work.push_back(Work::Keyframe(publisher, source, layer));
                continue;
            };
            let packets = run.filter_map(|seq| peer.kept(source, layer, seq));
            let packets: Vec<_> = packets.map(|packet| context.copies.copy(packet)).collect();
            context.stats.relayed_out += packets.len() as u64;
            let generation = peer.generation;
            let catch_up = CatchUp { publisher, generation, source, layer, came, packets };
            context.say(to, self.key, Said::CatchUp(catch_up));
        }
    }

    /// Takes what came lately of a publication on another shard, for those who begin to watch it here.
    pub(super) fn take_catch_up(&mut self, context: &mut Context<'_>, from: ShardIndex, given: &CatchUp) {
        let CatchUp { publisher, generation, source, layer, came, ref packets } = *given;
        let peer = match self.publisher_at(from, publisher, generation, source) {
            Ok(peer) => peer,
            Err(reason) => return packets.iter().for_each(|_| context.stats.drop_packet(reason)),
        };
        for packet in packets {
            if let Some(remote) = &mut peer.remote {
                remote.keep(came, packet);
            }
            peer.publication(source).came_before(context.now, packet);
        }
        let publication = peer.publication(source);
        // Nobody was asked for one.
        publication.layers[layer as usize].keyframe = KeyframeGate::default();
        let audience = publication.audience.clone();
        // It may be the first that is known of what comes, and in which codec.
        self.aim_audience(context, publisher, source);
        for seat in audience {
            let slot = self.peers.get(&seat.peer).and_then(|peer| peer.slots.get(seat.slot));
            let waits = slot.is_some_and(|slot| slot.target == Some(layer) && slot.current != Some(layer));
            if waits && !self.catch_up(context, seat, layer) {
                self.work.push_back(Work::Keyframe(publisher, source, layer));
            }
        }
    }

    /// Returns the numbers of what is kept of a layer from its last key frame on, and when that came, if it came a moment ago
    /// and all of it is kept.
    fn lately(
        &self,
        now: Instant,
        (publisher, source): Occupant,
        layer: Layer,
    ) -> Option<(Instant, RangeInclusive<u64>)> {
        let found = self.peers.get(&publisher)?.since_keyframe(source, layer, CATCH_UP_PACKETS_MAX)?;
        (now.saturating_duration_since(found.0) <= CATCH_UP_AGE_MAX).then_some(found)
    }
}
