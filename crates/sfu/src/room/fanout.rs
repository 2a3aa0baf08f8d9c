//! A room over several shards: what its parts tell each other, and what each does about it (see [`relay`](crate::relay)).

use sabha_protocol::{Layer, MediaKind, Source};

use super::{Context, Room, TICK, Work};
use crate::{
    connection::Packet,
    io::{PeerKey, RoomKey, ShardIndex},
    peer::Peer,
    relay::{Ask, Demand, Notice, PartNumber, Relayed, Report, Said, Standing},
    remote::Elsewhere,
    shard::Timer,
    speech::Voice,
};

/// Which part of its room this is.
#[derive(Debug)]
pub(crate) struct Part {
    number: PartNumber,
    shard: ShardIndex,
    home: ShardIndex,
    /// The number of home, once that is known here.
    home_number: Option<PartNumber>,
    /// At home, the other parts.
    others: Vec<(ShardIndex, PartNumber)>,
}

/// What becomes of a room by what another shard said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    GoesOn,
    Fails,
}

impl Part {
    pub(crate) fn new(number: PartNumber, shard: ShardIndex, home: ShardIndex) -> Self {
        let home_number = (shard == home).then_some(number);
        Self { number, shard, home, home_number, others: Vec::new() }
    }

    pub(crate) fn is_home(&self) -> bool {
        self.shard == self.home
    }

    fn has(&self, other: (ShardIndex, PartNumber)) -> bool {
        self.others.contains(&other)
    }
}

impl Room {
    /// Returns whether this is the part with that number.
    pub(crate) fn is_part(&self, number: PartNumber) -> bool {
        self.part.number == number
    }

    /// Returns whether it is kept for somebody: a part for those who live here, home for all.
    pub(crate) fn is_over(&self) -> bool {
        self.peers.values().all(|peer| peer.remote.is_some() && !self.part.is_home())
    }

    pub(crate) fn is_home(&self) -> bool {
        self.part.is_home()
    }

    /// Returns whether it cannot go on without what was on another shard.
    pub(crate) fn depends_on(&self, shard: ShardIndex) -> bool {
        let has_part_there = self.part.others.iter().any(|(other, _)| *other == shard);
        has_part_there || (self.part.home == shard && !self.part.is_home())
    }

    /// Returns what the other parts have to hear when this one fails, but for the one that said so.
    pub(crate) fn last_words(&self, said_by: Option<ShardIndex>) -> Vec<(ShardIndex, Said)> {
        let Part { number, home, others, .. } = &self.part;
        let words: Vec<(ShardIndex, Said)> = if self.part.is_home() {
            others.iter().map(|(shard, part)| (*shard, Said::Notice(*part, Notice::Failed))).collect()
        } else {
            vec![(*home, Said::Report(*number, Report::Failed))]
        };
        words.into_iter().filter(|(shard, _)| Some(*shard) != said_by).collect()
    }

    /// Tells the other parts how a peer stands: through home, if that is elsewhere.
    pub(super) fn announce(&self, context: &mut Context<'_>, key: PeerKey) {
        let Some(peer) = self.peers.get(&key) else { return };
        let standing = peer.standing();
        if self.part.is_home() {
            let at = peer.remote.as_ref().map_or(self.part.shard, |remote| remote.shard);
            self.notify(context, Some(at), &Notice::Present(key, at, standing));
        } else if peer.remote.is_none() {
            self.report(context, Report::Present(key, standing));
        }
    }

    /// Tells them that a peer is about to go.
    pub(super) fn announce_end(&self, context: &mut Context<'_>, key: PeerKey) {
        let Some(peer) = self.peers.get(&key) else { return };
        if self.part.is_home() {
            let at = peer.remote.as_ref().map(|remote| remote.shard);
            self.notify(context, at, &Notice::Absent(key));
        } else if peer.remote.is_none() {
            self.report(context, Report::Absent(key));
        }
    }

    /// Tells them whose voices are heard, which is decided at home.
    pub(super) fn tell_voices(&self, context: &mut Context<'_>) {
        if !self.part.others.is_empty() {
            self.notify(context, None, &Notice::Voices(self.speakers.forwarded().collect()));
        }
    }

    fn report(&self, context: &mut Context<'_>, report: Report) {
        context.say(self.part.home, self.key, Said::Report(self.part.number, report));
    }

    /// Tells all parts something but the one on the shard `but`.
    fn notify(&self, context: &mut Context<'_>, but: Option<ShardIndex>, notice: &Notice) {
        for (shard, part) in self.part.others.iter().filter(|(shard, _)| Some(*shard) != but) {
            context.say(*shard, self.key, Said::Notice(*part, notice.clone()));
        }
    }

    /// Tells a publisher's shard what those here want of it, where that changed.
    pub(super) fn ask_elsewhere(&mut self, context: &mut Context<'_>, key: PeerKey) {
        let Some(home) = self.part.home_number else { return };
        for source in Source::ALL {
            let demand = self.demand(key, source);
            let Some(peer) = self.peers.get_mut(&key) else { return };
            let is_published = peer.publishes(source);
            let Some(remote) = &mut peer.remote else { return };
            if (is_published || remote.has_told(source)) && remote.wants(source, demand) {
                context.say(remote.shard, self.key, Said::Ask(key, Ask::Demand(home, source, demand)));
            }
        }
    }

    /// Sends a packet of sound to the shards where somebody hears it, and of a microphone to where it is decided who is
    /// heard. Returns whether there were any.
    pub(super) fn relay_sound(
        &self,
        context: &mut Context<'_>,
        key: PeerKey,
        packet: &Packet,
        voice: Voice,
    ) -> bool {
        let Some(peer) = self.peers.get(&key) else { return false };
        let decides = packet.source == Source::Microphone && !self.part.is_home();
        let home = decides.then_some(self.part.home);
        let elsewhere = &peer.publications[packet.source as usize].elsewhere;
        let others = elsewhere.iter().map(|elsewhere| elsewhere.shard).filter(|shard| Some(*shard) != home);
        let mut any = false;
        for shard in others.chain(home) {
            relay(context, self.key, shard, (key, peer), packet, Some(voice));
            any = true;
        }
        any
    }

    /// Sends a packet of a picture to the shards where somebody watches. Returns whether there were any.
    ///
    /// All layers go there: what stands in for a layer that does not come, and from which one changes to which, is then
    /// decided there as here. Layers that nobody watches anywhere are not sent by their publisher in the first place.
    pub(super) fn relay_picture(&mut self, context: &mut Context<'_>, key: PeerKey, packet: &Packet) -> bool {
        let Some(peer) = self.peers.get_mut(&key) else { return false };
        let mut any = false;
        for place in 0..peer.publications[packet.source as usize].elsewhere.len() {
            let elsewhere = &mut peer.publication(packet.source).elsewhere[place];
            let shard = elsewhere.shard;
            if elsewhere.takes(packet.layer, packet.starts_keyframe) {
                relay(context, self.key, shard, (key, peer), packet, None);
                any = true;
            }
        }
        any
    }

    /// A packet could not be handed to a shard. Of a picture, what follows it is of no use there until the next key frame,
    /// which is asked for.
    pub(crate) fn break_off(&mut self, to: ShardIndex, key: PeerKey, source: Source, layer: Layer) {
        if source.kind() == MediaKind::Audio {
            return;
        }
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let found = peer.publication(source).elsewhere.iter_mut().find(|elsewhere| elsewhere.shard == to);
        if let Some(elsewhere) = found.filter(|elsewhere| !elsewhere.broken.has(layer)) {
            elsewhere.broken.insert(layer);
            self.work.push_back(Work::Keyframe(key, source, layer));
        }
    }

    /// Takes what another part said.
    pub(crate) fn hear(&mut self, context: &mut Context<'_>, from: ShardIndex, said: &Said) -> Fate {
        match said {
            Said::Packet(relayed) => self.forward_relayed(context, from, relayed),
            Said::CatchUp(given) => self.take_catch_up(context, from, given),
            Said::Ask(publisher, ask) => self.hear_ask(context, from, *publisher, *ask),
            Said::Report(part, report) if self.part.is_home() => {
                return self.hear_report(context, (from, *part), report);
            }
            Said::Notice(part, notice) if from == self.part.home && self.is_part(*part) => {
                return self.hear_notice(context, notice);
            }
            Said::Report(..) | Said::Notice(..) => {}
        }
        Fate::GoesOn
    }

    fn hear_ask(&mut self, context: &mut Context<'_>, from: ShardIndex, publisher: PeerKey, ask: Ask) {
        let Some(peer) = self.peers.get_mut(&publisher).filter(|peer| peer.remote.is_none()) else { return };
        match ask {
            Ask::Keyframe(source, layer) => self.work.push_back(Work::Keyframe(publisher, source, layer)),
            Ask::Demand(home, source, Demand { is_wanted, layers, codec }) => {
                // Who asks may have been welcomed before this part was; then it will be seen whether both are of one room.
                if self.part.home_number.is_some_and(|known| known != home) {
                    return;
                }
                let elsewhere = &mut peer.publication(source).elsewhere;
                let place = elsewhere.iter().position(|elsewhere| elsewhere.shard == from);
                match (place, is_wanted) {
                    (Some(place), false) => {
                        elsewhere.swap_remove(place);
                    }
                    (Some(place), true) => {
                        let known = &mut elsewhere[place];
                        (known.home, known.layers, known.codec) = (home, layers, codec);
                    }
                    (None, true) => {
                        let broken = Default::default();
                        elsewhere.push(Elsewhere { shard: from, home, layers, codec, broken });
                        self.let_catch_up(context, from, (publisher, source), layers);
                    }
                    (None, false) => {}
                }
                self.demand_changed = true;
            }
        }
    }

    fn hear_report(
        &mut self,
        context: &mut Context<'_>,
        (from, part): (ShardIndex, PartNumber),
        report: &Report,
    ) -> Fate {
        match report {
            Report::Present(key, standing) => {
                self.welcome(context, (from, part));
                self.settle_in(context, *key, from, *standing);
            }
            Report::Absent(key) if self.part.has((from, part)) && self.lives_at(*key, from) => {
                self.remove(context, *key);
                if !self.peers.values().any(|peer| is_at(peer, from)) {
                    self.part.others.retain(|(other, _)| *other != from);
                }
                self.seat_everybody(context);
            }
            Report::Nobody if self.part.has((from, part)) => {
                self.part.others.retain(|(other, _)| *other != from);
                self.forget_those_at(context, from);
                self.seat_everybody(context);
            }
            Report::Failed if self.part.has((from, part)) => return Fate::Fails,
            Report::Absent(_) | Report::Failed | Report::Nobody => {}
        }
        Fate::GoesOn
    }

    /// Makes sure that home and a part know of each other.
    fn welcome(&mut self, context: &mut Context<'_>, (shard, part): (ShardIndex, PartNumber)) {
        if self.part.has((shard, part)) {
            return;
        }
        self.part.others.retain(|(other, _)| *other != shard);
        self.forget_those_at(context, shard);
        self.part.others.push((shard, part));
        let mut tell = |notice| context.say(shard, self.key, Said::Notice(part, notice));
        tell(Notice::Welcome(self.part.number));
        for (key, peer) in &self.peers {
            let at = peer.remote.as_ref().map_or(self.part.shard, |remote| remote.shard);
            tell(Notice::Present(*key, at, peer.standing()));
        }
        tell(Notice::Voices(self.speakers.forwarded().collect()));
    }

    fn hear_notice(&mut self, context: &mut Context<'_>, notice: &Notice) -> Fate {
        match notice {
            Notice::Welcome(home) => {
                self.part.home_number = Some(*home);
                let remote: Vec<PeerKey> = self
                    .peers
                    .iter()
                    .filter(|(_, peer)| peer.remote.is_some())
                    .map(|(key, _)| *key)
                    .collect();
                remote.into_iter().for_each(|key| self.remove(context, key));
                for publication in self.peers.values_mut().flat_map(|peer| &mut peer.publications) {
                    publication.elsewhere.retain(|elsewhere| elsewhere.home == *home);
                }
                self.seat_everybody(context);
            }
            Notice::Present(key, at, standing) if *at != self.part.shard => {
                self.settle_in(context, *key, *at, *standing);
            }
            Notice::Absent(key) if self.peers.get(key).is_some_and(|peer| peer.remote.is_some()) => {
                self.remove(context, *key);
                self.seat_everybody(context);
            }
            Notice::Present(..) | Notice::Absent(_) => {}
            Notice::Voices(peers) => {
                self.speakers.follow(context.now, peers);
                self.seat_voices(context);
            }
            Notice::Failed => return Fate::Fails,
        }
        Fate::GoesOn
    }

    /// Takes note of how a peer of another shard stands.
    fn settle_in(&mut self, context: &mut Context<'_>, key: PeerKey, at: ShardIndex, standing: Standing) {
        let known = self.peers.get(&key);
        if known.is_some_and(|peer| peer.remote.is_none()) || !self.has_place_for(key) {
            return;
        }
        if known.is_some_and(|peer| !is_at(peer, at)) {
            self.remove(context, key);
        }
        let peer = self.peers.entry(key).or_insert_with(|| Peer::elsewhere(at));
        let is_anew = peer.generation != standing.generation;
        let before = std::mem::replace(&mut peer.publishing, standing.publishing);
        peer.generation = standing.generation;
        for (source, offered) in Source::ALL.into_iter().zip(standing.offered) {
            let publication = peer.publication(source);
            if is_anew {
                publication.reconnect();
            } else if before.has(source) != standing.publishing.has(source) {
                publication.restart();
            }
            publication.offered = offered;
            if standing.publishing.has(source) {
                publication.begins(context.now);
            }
        }
        if is_anew {
            peer.remote.iter_mut().for_each(|remote| remote.forget_packets());
            Source::ALL.into_iter().for_each(|source| self.interrupt_audience(key, source, None));
        }
        if !standing.publishing.microphone {
            self.silence(context, key);
        }
        self.announce(context, key);
        self.seat_everybody(context);
        self.demand_changed = true;
        context.timers.set(context.now, Timer::Room(self.key), context.now + TICK);
    }

    fn forget_those_at(&mut self, context: &mut Context<'_>, shard: ShardIndex) {
        let there: Vec<PeerKey> =
            self.peers.iter().filter(|(_, peer)| is_at(peer, shard)).map(|(key, _)| *key).collect();
        there.into_iter().for_each(|key| self.remove(context, key));
    }

    fn lives_at(&self, key: PeerKey, shard: ShardIndex) -> bool {
        self.peers.get(&key).is_some_and(|peer| is_at(peer, shard))
    }
}

fn is_at(peer: &Peer, shard: ShardIndex) -> bool {
    peer.remote.as_ref().is_some_and(|remote| remote.shard == shard)
}

/// Sends a copy of a packet to another shard.
fn relay(
    context: &mut Context<'_>,
    room: RoomKey,
    to: ShardIndex,
    (publisher, peer): (PeerKey, &Peer),
    packet: &Packet,
    voice: Option<Voice>,
) {
    let packet = context.copies.copy(packet);
    context.stats.relayed_out += 1;
    let relayed = Relayed { publisher, generation: peer.generation, packet, voice };
    context.say(to, room, Said::Packet(relayed));
}
