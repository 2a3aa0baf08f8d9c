//! Who receives what: down-slots, layers within the bandwidth, and what publishers are told to send.

use sabha_protocol::{Bitrate, Layer, MediaKind, Source, TileHeight, VideoCodec};

use super::{Context, Room, Work};
use crate::{
    alloc::{self, Rates, Share, Tile},
    codec::Codec,
    io::{Event, PeerKey, SlotChange},
    layer::{is_small, layer_for},
    peer::Occupant,
    publication::Seat,
    relay::Demand,
    slots,
};

/// Taken off the bandwidth for each occupied audio slot: Opus at 32 kbit/s and its headers.
const AUDIO_RESERVE: Bitrate = Bitrate::kbps(45);
/// Given to pictures however low the estimate: one small tile. On a link that looks full the estimator takes
/// what arrives for what fits, so sending nothing would prove nothing fits. The pacer still holds pictures, not
/// sound, to the estimate.
const PICTURES_MIN: Bitrate = Bitrate::kbps(250);
/// Bandwidth that is always worth looking for. The estimator caps its first probes by what is wanted, takes a
/// low cap for a slow link and starves the tiles; and a small tile may be enlarged any moment.
const DESIRED_MIN: Bitrate = Bitrate::kbps(3_000);
/// The estimator is told anew when what is wanted changed by more than a tenth.
const DESIRED_STEP: u64 = 10;

impl Room {
    /// Puts everybody's publications into everybody's slots.
    pub(super) fn seat_everybody(&mut self, context: &mut Context<'_>) {
        let keys: Vec<PeerKey> = self.peers.keys().copied().collect();
        for key in keys {
            self.seat(context, key);
        }
    }

    /// Puts what a peer wants to see, and those who are heard, into its slots.
    pub(super) fn seat(&mut self, context: &mut Context<'_>, key: PeerKey) {
        let Some(peer) = self.peers.get(&key).filter(|peer| peer.connection.is_some()) else { return };
        let pictures: Vec<Occupant> = peer
            .wants
            .iter()
            .map(|want| (want.publisher, want.source))
            .filter(|occupant| occupant.1.kind() == MediaKind::Video && self.is_offered_to(*occupant, key))
            .collect();
        let sounds = self.sounds_for(key);
        let mut changes = self.assign(key, MediaKind::Video, &pictures);
        changes.extend(self.assign(key, MediaKind::Audio, &sounds));
        self.after_assignment(context, key, changes);
    }

    /// Puts those who are heard into everybody's audio slots.
    pub(super) fn seat_voices(&mut self, context: &mut Context<'_>) {
        let keys: Vec<PeerKey> = self.peers.keys().copied().collect();
        for key in keys {
            let sounds = self.sounds_for(key);
            let changes = self.assign(key, MediaKind::Audio, &sounds);
            self.after_assignment(context, key, changes);
        }
    }

    /// Empties a peer's slots without telling it: its connection is gone.
    pub(super) fn clear_slots(&mut self, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let slots = std::mem::take(&mut peer.slots);
        peer.is_connected = false;
        for (publisher, source) in slots.iter().filter_map(|slot| slot.occupant) {
            if let Some(publisher) = self.peers.get_mut(&publisher) {
                publisher.publication(source).audience.retain(|seat| seat.peer != key);
            }
        }
        self.demand_changed = true;
    }

    /// Makes everybody who receives from `publisher` wait for its next key frame or talk spurt: those who get
    /// `layer`, or all.
    pub(super) fn interrupt_audience(&mut self, publisher: PeerKey, source: Source, layer: Option<Layer>) {
        let Some(peer) = self.peers.get_mut(&publisher) else { return };
        for seat in peer.publication(source).audience.clone() {
            if let Some(slot) = self.peers.get_mut(&seat.peer).and_then(|peer| peer.slots.get_mut(seat.slot))
                && (layer.is_none() || slot.current == layer)
            {
                slot.interrupt();
            }
        }
    }

    /// Divides a peer's bandwidth among its tiles anew.
    pub(super) fn allocate(&mut self, context: &mut Context<'_>, key: PeerKey) {
        let Some(peer) = self.peers.get(&key).filter(|peer| peer.is_connected) else { return };
        let mut tiles = Vec::with_capacity(peer.slots.len());
        let mut indices = Vec::with_capacity(peer.slots.len());
        let mut budget = peer.estimate;
        for (index, slot) in peer.slots.iter().enumerate() {
            let Some((publisher, source)) = slot.occupant else { continue };
            if source.kind() == MediaKind::Audio {
                budget = budget.saturating_sub(AUDIO_RESERVE);
                continue;
            }
            let Some(height) = self.height_of(key, (publisher, source)) else { continue };
            let Some(publication) =
                self.peers.get(&publisher).map(|peer| &peer.publications[source as usize])
            else {
                continue;
            };
            let is_screen = source == Source::Screen;
            let current = slot.allocated;
            let cap = match is_screen {
                true => Layer::High,
                false => layer_for(height, current.map(|share| share.layer)),
            };
            let mut rates = publication.rates(source);
            for (layer, rate) in Layer::ALL.into_iter().zip(&mut rates) {
                if !slot.decodes(publication.codec(layer)) {
                    // Nothing of it is sent. It stays wanted, for the publisher may change its codec.
                    *rate = rate.map(|_| Rates::whole(Bitrate::ZERO));
                }
            }
            // A screen is read, not watched: it is shown as it is, however small.
            let is_small = !is_screen && is_small(height);
            tiles.push(Tile { is_screen, height, is_small, rates, cap, current });
            indices.push(index);
        }
        for (index, share) in indices.into_iter().zip(alloc::allocate(budget.max(PICTURES_MIN), &tiles)) {
            self.give(context, Seat { peer: key, slot: index }, share);
        }
        self.look_for(key, alloc::desired(&tiles).max(DESIRED_MIN));
    }

    /// Aims a slot at the layer that stands for what the bandwidth allows.
    pub(super) fn give(&mut self, context: &mut Context<'_>, seat: Seat, allocated: Option<Share>) {
        let Some(slot) = self.peers.get_mut(&seat.peer).and_then(|peer| peer.slots.get_mut(seat.slot)) else {
            return;
        };
        let Some((publisher, source)) = slot.occupant else { return };
        let layer = |share: Option<Share>| share.map(|share| share.layer);
        self.demand_changed |= layer(slot.allocated) != layer(allocated);
        slot.allocated = allocated;
        let Some(publication) = self.peers.get(&publisher).map(|peer| &peer.publications[source as usize])
        else {
            return;
        };
        let nearest = allocated.map(|share| (publication.nearest_live(context.now, share.layer), share));
        let limit = nearest.map_or(u8::MAX, |(layer, share)| publication.temporal_limit(layer, share));
        let target = nearest.map(|(layer, _)| (layer, publication.codec(layer)));
        let Some(slot) = self.peers.get_mut(&seat.peer).and_then(|peer| peer.slots.get_mut(seat.slot)) else {
            return;
        };
        // No key frame is asked for on behalf of somebody who could not decode it.
        let target = target.filter(|(_, codec)| slot.decodes(*codec)).map(|(layer, _)| layer);
        let before = slot.target;
        if slot.aim(target, limit)
            && before != target
            && let Some(layer) = target
            && !self.catch_up(context, seat, layer)
        {
            self.work.push_back(Work::Keyframe(publisher, source, layer));
        }
    }

    /// Tells publishers which of their layers are watched, and in which codec all can watch, where that changed. Those
    /// on other shards are told by the shards that they live on, of which each hears what is wanted here.
    pub(super) fn tell_demand(&mut self, context: &mut Context<'_>) {
        let keys: Vec<PeerKey> = self.peers.keys().copied().collect();
        for key in keys {
            if self.peers.get(&key).is_some_and(|peer| peer.remote.is_some()) {
                self.ask_elsewhere(context, key);
                continue;
            }
            for source in [Source::Camera, Source::Screen] {
                if !self.peers.get(&key).is_some_and(|peer| peer.publishes(source)) {
                    continue;
                }
                let Demand { mut layers, mut codec, .. } = self.demand(key, source);
                let Some(peer) = self.peers.get_mut(&key).filter(|peer| peer.is_connected) else { continue };
                let publication = peer.publication(source);
                for elsewhere in &publication.elsewhere {
                    elsewhere.layers.iter().for_each(|layer| layers.insert(layer));
                    codec = codec.min(elsewhere.codec);
                }
                if let Some(codec) = publication.decodable(codec) {
                    context.tell(Event::CodecWanted { peer: key, source, codec });
                }
                if let Some(layers) = publication.demand.update(context.now, layers) {
                    context.tell(Event::LayersWanted { peer: key, source, layers: layers.iter().collect() });
                }
            }
        }
    }

    /// Returns what those on this shard want of a publication.
    pub(super) fn demand(&self, key: PeerKey, source: Source) -> Demand {
        let mut demand = Demand::none();
        let audience = self.peers.get(&key).map(|peer| &peer.publications[source as usize].audience);
        for seat in audience.into_iter().flatten() {
            let slot = self.peers.get(&seat.peer).and_then(|peer| peer.slots.get(seat.slot));
            let Some(slot) = slot else { continue };
            demand.is_wanted = true;
            slot.allocated.into_iter().for_each(|share| demand.layers.insert(share.layer));
            if !slot.decodes(Some(Codec::from_video(demand.codec))) {
                demand.codec = VideoCodec::Vp8;
            }
        }
        demand
    }

    /// Returns the voices and the screen sound that a peer hears.
    fn sounds_for(&self, key: PeerKey) -> Vec<Occupant> {
        let voices = self.speakers.forwarded().map(|peer| (peer, Source::Microphone));
        let mut screens: Vec<Occupant> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.publishes(Source::ScreenAudio))
            .map(|(peer, _)| (*peer, Source::ScreenAudio))
            .collect();
        // One screen with sound at a time; the lowest key is as good as any, as long as it is always the same.
        screens.sort_unstable();
        voices
            .chain(screens.into_iter().filter(|(peer, _)| *peer != key).take(1))
            .filter(|occupant| self.is_offered_to(*occupant, key))
            .collect()
    }

    fn is_offered_to(&self, (publisher, source): Occupant, key: PeerKey) -> bool {
        publisher != key && self.peers.get(&publisher).is_some_and(|peer| peer.publishes(source))
    }

    fn height_of(&self, key: PeerKey, (publisher, source): Occupant) -> Option<TileHeight> {
        let wants = &self.peers.get(&key)?.wants;
        wants.iter().find(|want| want.publisher == publisher && want.source == source).map(|want| want.height)
    }

    /// Assigns a peer's slots of one kind and keeps the audiences in step.
    fn assign(&mut self, key: PeerKey, kind: MediaKind, wanted: &[Occupant]) -> Vec<SlotChange> {
        let Some(peer) = self.peers.get(&key) else { return Vec::new() };
        let of_kind =
            |(index, slot): (usize, &crate::peer::Slot)| (slot.sending.kind == kind).then_some(index);
        let indices: Vec<usize> = peer.slots.iter().enumerate().filter_map(of_kind).collect();
        let occupants: Vec<_> = indices.iter().map(|index| peer.slots[*index].occupant).collect();
        let mut moves = Vec::new();
        slots::assign(&occupants, wanted, |index, occupant| moves.push((indices[index], occupant)));

        let mut changes = Vec::with_capacity(moves.len());
        for (index, occupant) in moves {
            let seat = Seat { peer: key, slot: index };
            let Some(slot) = self.peers.get_mut(&key).and_then(|peer| peer.slots.get_mut(index)) else {
                continue;
            };
            let before = slot.occupant;
            slot.occupy(occupant);
            changes.push(SlotChange { mid: slot.sending.mid.clone(), occupant });
            if let Some((publisher, source)) = before
                && let Some(peer) = self.peers.get_mut(&publisher)
            {
                peer.publication(source).audience.retain(|other| *other != seat);
            }
            if let Some((publisher, source)) = occupant
                && let Some(peer) = self.peers.get_mut(&publisher)
            {
                peer.publication(source).audience.push(seat);
            }
        }
        changes
    }

    fn after_assignment(&mut self, context: &mut Context<'_>, key: PeerKey, changes: Vec<SlotChange>) {
        if !changes.is_empty() {
            let Some(generation) = self.generation(key) else { return };
            context.tell(Event::SlotsChanged { peer: key, generation, changes });
            self.demand_changed = true;
        }
        self.allocate(context, key);
    }

    fn look_for(&mut self, key: PeerKey, desired: Bitrate) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let (old, new) = (peer.desired.as_bps(), desired.as_bps());
        if old.abs_diff(new) <= old / DESIRED_STEP {
            return;
        }
        peer.desired = desired;
        if let Some(connection) = peer.live_connection() {
            connection.want_bitrate(desired);
            self.work.push_back(Work::Drive(key));
        }
    }
}
