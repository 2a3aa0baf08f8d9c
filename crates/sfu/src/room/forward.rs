//! The packet path: from a publication to its audience, here and on other shards.

use sabha_protocol::{Layer, MediaGeneration, MediaKind, Source};

use super::{Context, Room, Work};
use crate::{
    connection::Packet,
    io::{PeerKey, ShardIndex},
    peer::{Peer, Slot},
    publication::Seat,
    relay::{Ask, Relayed, Said},
    rewrite::Numbers,
    speech::Voice,
    stats::DropReason,
};

impl Room {
    /// Forwards a packet to everybody who receives its publication.
    pub(super) fn forward(&mut self, context: &mut Context<'_>, key: PeerKey, packet: &Packet) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        if !peer.publishing.has(packet.source) {
            return context.stats.drop_packet(DropReason::SourceOff);
        }
        let taken = match packet.source.kind() {
            MediaKind::Audio => {
                let publication = peer.publication(packet.source);
                publication.heard(packet.layer, packet.numbers.seq);
                match publication.listen(context.now, packet.payload.len()) {
                    Some(voice) => {
                        let relayed = self.relay_sound(context, key, packet, voice);
                        relayed | self.forward_sound(context, key, packet, voice)
                    }
                    None => false,
                }
            }
            MediaKind::Video => {
                let relayed = self.relay_picture(context, key, packet);
                relayed | self.forward_picture(context, key, packet)
            }
        };
        if !taken {
            context.stats.drop_packet(unwanted(packet));
        }
    }

    /// Forwards a packet that another shard has sent here.
    pub(super) fn forward_relayed(&mut self, context: &mut Context<'_>, from: ShardIndex, relayed: &Relayed) {
        let Relayed { publisher: key, generation, packet, voice } = relayed;
        let peer = match self.publisher_at(from, *key, *generation, packet.source) {
            Ok(peer) => peer,
            Err(reason) => return context.stats.drop_packet(reason),
        };
        let Some(remote) = &mut peer.remote else { return };
        let packet = remote.keep(context.now, packet);
        let taken = match voice {
            Some(voice) => {
                let publication = peer.publication(packet.source);
                publication.heard(packet.layer, packet.numbers.seq);
                publication.hear(context.now, *voice);
                self.forward_sound(context, *key, &packet, *voice)
            }
            None => self.forward_picture(context, *key, &packet),
        };
        if !taken {
            context.stats.drop_packet(unwanted(&packet));
        }
    }

    /// Returns the peer on another shard whose packets of `source` over that connection are taken here now.
    pub(super) fn publisher_at(
        &mut self,
        shard: ShardIndex,
        key: PeerKey,
        generation: MediaGeneration,
        source: Source,
    ) -> Result<&mut Peer, DropReason> {
        let lives_there = |peer: &&mut Peer| {
            peer.generation == generation && peer.remote.as_ref().is_some_and(|remote| remote.shard == shard)
        };
        // News of the connection it came over, or that there is none any more, may pass a packet on the way.
        let peer = self.peers.get_mut(&key).filter(lives_there).ok_or(DropReason::Outdated)?;
        if peer.publishing.has(source) { Ok(peer) } else { Err(DropReason::SourceOff) }
    }

    /// Returns whether anybody here got it.
    fn forward_sound(
        &mut self,
        context: &mut Context<'_>,
        key: PeerKey,
        packet: &Packet,
        voice: Voice,
    ) -> bool {
        let now = context.now;
        if self.part.is_home()
            && voice.voiced
            && packet.source == Source::Microphone
            && self.speakers.voiced(key, now, voice.strength)
        {
            self.tell_voices(context);
            self.seat_voices(context);
        }
        let Some(peer) = self.peers.get_mut(&key) else { return false };
        let publication = peer.publication(packet.source);
        if publication.audience.is_empty() {
            publication.has_gap = true;
            return false;
        }
        let after_gap = std::mem::take(&mut publication.has_gap);
        self.serve_audience(context, key, packet, |slot| {
            if !slot.rewriter.is_open() {
                slot.rewriter.begin(now, packet.numbers);
            } else if after_gap {
                slot.rewriter.resume(packet.numbers);
            }
            slot.rewriter.rewrite(now, packet.numbers)
        });
        true
    }

    /// Returns whether anybody here got it.
    fn forward_picture(&mut self, context: &mut Context<'_>, key: PeerKey, packet: &Packet) -> bool {
        let now = context.now;
        let Some(peer) = self.peers.get_mut(&key) else { return false };
        let publication = peer.publication(packet.source);
        let (layer, codec) = (packet.layer, packet.codec);
        let arrival = publication.arrived(now, packet);
        if packet.starts_keyframe {
            publication.layers[layer as usize].keyframe.served();
        }
        let begins_anew = arrival.changed_codec || arrival.has_jumped;
        if begins_anew {
            self.interrupt_audience(key, packet.source, Some(layer));
        }
        if arrival.woke || begins_anew {
            self.aim_audience(context, key, packet.source);
        }
        // A key frame whose first packet comes late is of no use: what followed it was not forwarded.
        let begins = packet.starts_keyframe && arrival.is_newest;
        self.serve_audience(context, key, packet, |slot| {
            if slot.carries(layer, codec) {
                slot.number(now, packet)
            } else if begins && slot.begin(now, packet) {
                slot.rewriter.rewrite(now, packet.numbers)
            } else {
                None
            }
        })
    }

    /// Hands a packet to each seat for which `number` finds numbers. Returns whether there was any.
    fn serve_audience(
        &mut self,
        context: &mut Context<'_>,
        key: PeerKey,
        packet: &Packet,
        mut number: impl FnMut(&mut Slot) -> Option<Numbers>,
    ) -> bool {
        let Some(peer) = self.peers.get_mut(&key) else { return false };
        // Taken out while the subscribers, who live in the same map, are served, and put back after.
        let audience = std::mem::take(&mut peer.publication(packet.source).audience);
        let mut taken = false;
        for seat in &audience {
            let Some(subscriber) = self.peers.get_mut(&seat.peer).filter(|peer| peer.is_connected) else {
                continue;
            };
            let Some(slot) = subscriber.slots.get_mut(seat.slot) else { continue };
            let Some(numbers) = number(slot) else { continue };
            let Some(connection) = subscriber.connection.as_mut() else { continue };
            if connection.send(context.now, &slot.sending, numbers, packet, context.outbox) {
                self.work.push_back(Work::Drive(seat.peer));
            }
            taken = true;
        }
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.publication(packet.source).audience = audience;
        }
        taken
    }

    /// Sends a packet of a picture again that its receiver misses, if it is kept.
    pub(super) fn resend(&mut self, context: &mut Context<'_>, key: PeerKey, place: usize, seq: u64) {
        let slot = self.peers.get(&key).and_then(|peer| peer.slots.get(place));
        let Some(((publisher, source), layer, arrived, piece)) = slot.and_then(|slot| slot.sent_as(seq))
        else {
            return;
        };
        // What its publisher may not send now is not sent again either.
        let Some(peer) = self.peers.get(&publisher).filter(|peer| peer.publishing.has(source)) else {
            return;
        };
        let Some(packet) = peer.kept(source, layer, arrived).cloned() else { return };
        let Some(numbers) = piece.apply(packet.numbers) else { return };
        let Some(subscriber) = self.peers.get_mut(&key) else { return };
        if let (Some(connection), Some(slot)) = (subscriber.connection.as_mut(), subscriber.slots.get(place))
        {
            connection.resend(context.now, &slot.sending, numbers, &packet, context.outbox);
        }
    }

    /// Aims the audience anew: a layer has come to life.
    pub(super) fn aim_audience(&mut self, context: &mut Context<'_>, key: PeerKey, source: Source) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let audience = std::mem::take(&mut peer.publication(source).audience);
        for seat in &audience {
            self.aim_again(context, *seat);
        }
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.publication(source).audience = audience;
        }
    }

    fn aim_again(&mut self, context: &mut Context<'_>, seat: Seat) {
        let slot = self.peers.get(&seat.peer).and_then(|peer| peer.slots.get(seat.slot));
        if let Some(allocated) = slot.map(|slot| slot.allocated) {
            self.give(context, seat, allocated);
        }
    }

    /// Takes a request for a key frame to the publisher, unless it was asked a moment ago.
    pub(super) fn request_keyframe(
        &mut self,
        context: &mut Context<'_>,
        key: PeerKey,
        source: Source,
        layer: Layer,
    ) {
        let Some(peer) = self.peers.get_mut(&key).filter(|peer| peer.publishes(source)) else { return };
        let is_due = peer.publication(source).layers[layer as usize].keyframe.request(context.now);
        // That it is wanted goes there by itself: who hears it gives what came lately, or asks for a key frame.
        if peer.remote.as_ref().is_some_and(|remote| !remote.has_wanted(source)) {
            self.demand_changed = true;
        } else if is_due {
            self.ask_publisher(context, key, source, layer);
        }
    }

    /// Asks again where a slot still waits for the key frame that lets it switch, and where a request had to wait.
    pub(super) fn repeat_keyframe_requests(&mut self, context: &mut Context<'_>, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        for slot in peer.slots.iter().filter(|slot| slot.target != slot.current) {
            if let (Some((publisher, source)), Some(layer)) = (slot.occupant, slot.target) {
                self.work.push_back(Work::Keyframe(publisher, source, layer));
            }
        }
        for source in [Source::Camera, Source::Screen] {
            for layer in Layer::ALL {
                let Some(peer) = self.peers.get_mut(&key) else { return };
                let publication = peer.publication(source);
                // Where a packet was lost on the way to another shard, nothing goes there until the next one.
                let is_broken = publication.elsewhere.iter().any(|elsewhere| elsewhere.broken.has(layer));
                if is_broken && publication.is_live(context.now, layer) {
                    self.work.push_back(Work::Keyframe(key, source, layer));
                }
                if publication.layers[layer as usize].keyframe.poll(context.now) {
                    self.ask_publisher(context, key, source, layer);
                }
            }
        }
    }

    fn ask_publisher(&mut self, context: &mut Context<'_>, key: PeerKey, source: Source, layer: Layer) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        if let Some(remote) = &peer.remote {
            let said = Said::Ask(key, Ask::Keyframe(source, layer));
            return context.say(remote.shard, self.key, said);
        }
        let Some(connection) = peer.live_connection() else { return };
        if connection.request_keyframe(source, layer) {
            context.stats.keyframe_requests += 1;
            self.work.push_back(Work::Drive(key));
        }
    }
}

/// Returns why a packet is dropped that nobody got.
const fn unwanted(packet: &Packet) -> DropReason {
    match packet.source {
        Source::Microphone | Source::ScreenAudio => DropReason::Silence,
        Source::Camera | Source::Screen => DropReason::Unwatched,
    }
}
