//! A client as a person's browser behaves: enters by the best right it has, gets into the group's step, joins, keeps a
//! picture of the room, comes back when something breaks. A host lets in whoever knocks as wanted.
//!
//! The way into step: bring the group back if the server knows less; else get what was missed; else come from outside.
//! A host certifies each epoch that it gets into.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use sabha_conference::{Command, ConnectionKey, Event, GuestView, ParticipantView, Removal};
use sabha_protocol::{
    DeviceKey, GroupEpoch, MediaState, ParticipantId, RequestId, RoomSeq, Rule, Source,
    secret::ResumeToken,
    wire::{
        client::{MediaOffer, Tile},
        server::{CloseReason, LeaveReason, Presence, Role},
    },
};

use crate::{
    group::Edit,
    peer::{Label, Owner, Peer},
    signalling::{Credential, Heard, Said},
};

/// Before a client tries again.
const BACKOFF: Duration = Duration::from_millis(500);
/// A peer connection that is not up after this long is replaced.
const PEER_PATIENCE: Duration = Duration::from_secs(8);
/// Every source on, as far as these clients have them.
pub(crate) const ALL_ON: MediaState =
    MediaState { microphone: true, camera: true, screen: false, screen_audio: false };

/// Where a client is in the life of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Without a connection, and about to try again.
    Away,
    /// Asked to enter.
    Entering,
    /// In the lobby.
    Waiting,
    /// Admitted; gets into the group's step, then asks to join.
    Joining,
    /// In the room.
    Joined,
    /// Out, by the server's word.
    Over(CloseReason),
}

/// What a client does.
#[derive(Debug)]
pub(crate) enum Act {
    HangUp(ConnectionKey),
    Send(ConnectionKey, RequestId, Said),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Adopt,
    /// A host's commit from this epoch.
    Commit(GroupEpoch),
    /// An external commit from this epoch.
    Come(GroupEpoch),
    EnterByDevice,
    EnterByLink,
    EnterByToken,
    GroupState,
    Join,
    Missed,
    Offer,
    Other,
}

/// The room as this client knows it.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) seq: RoomSeq,
    pub(crate) participants: BTreeMap<ParticipantId, ParticipantView>,
    pub(crate) lobby: BTreeMap<ParticipantId, GuestView>,
}

/// One client of one meeting.
#[derive(Debug)]
pub struct Client {
    pub(crate) index: usize,
    pub(crate) meeting: usize,
    start: Instant,
    is_creator: bool,
    is_wanted: bool,
    pub(crate) phase: Phase,
    pub(crate) connection: Option<ConnectionKey>,
    token: Option<ResumeToken>,
    pub(crate) id: Option<ParticipantId>,
    pub(crate) was_admitted: bool,
    device: DeviceKey,
    has_grant: bool,
    /// The epoch of the group that it knows last, and whether it is in that group's step: sees each handshake.
    pub(crate) epoch: GroupEpoch,
    pub(crate) is_in_step: bool,
    /// The epoch of the group when it was admitted last.
    admitted_in: GroupEpoch,
    /// What the person has switched on.
    pub(crate) wishes: MediaState,
    pub(crate) view: View,
    pub(crate) peer: Option<Peer>,
    peer_since: Instant,
    peers: u16,
    asked: BTreeMap<RequestId, Asked>,
    requests: u32,
    reconnect_at: Option<Instant>,
    /// When something last arrived of each source of others.
    pub(crate) received: BTreeMap<(ParticipantId, Source), Instant>,
    pub(crate) media_bytes: u64,
    pub(crate) breaches: Vec<String>,
}

impl Client {
    pub(crate) fn new(
        index: usize,
        meeting: usize,
        is_creator: bool,
        is_wanted: bool,
        (start, now): (Instant, Instant),
    ) -> Self {
        Self {
            index,
            meeting,
            start,
            is_creator,
            is_wanted,
            phase: Phase::Away,
            connection: None,
            token: None,
            id: None,
            was_admitted: false,
            device: DeviceKey::from_bytes([index as u8; 32]),
            has_grant: is_creator,
            epoch: GroupEpoch(0),
            is_in_step: is_creator,
            admitted_in: GroupEpoch(0),
            wishes: ALL_ON,
            view: View::default(),
            peer: None,
            peer_since: now,
            peers: 0,
            asked: BTreeMap::new(),
            requests: 0,
            reconnect_at: Some(now),
            received: BTreeMap::new(),
            media_bytes: 0,
            breaches: Vec::new(),
        }
    }

    /// Returns where the client is.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns its id in the room or lobby, once it has one.
    pub fn id(&self) -> Option<ParticipantId> {
        self.id
    }

    /// Returns the bytes of datagrams that reached it on the media path.
    pub fn media_bytes(&self) -> u64 {
        self.media_bytes
    }

    /// Returns when something of another's source last arrived.
    pub fn last_received(&self, of: ParticipantId, source: Source) -> Option<Instant> {
        self.received.get(&(of, source)).copied()
    }

    /// Returns the key of its device.
    pub fn device(&self) -> DeviceKey {
        self.device
    }

    /// Returns whether the person belongs into the room: is host, or would be let in.
    pub fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        let peer = self.peer.as_ref().map(Peer::next);
        let patience = self.needs_new_peer().then(|| self.peer_since + PEER_PATIENCE);
        [self.reconnect_at, peer, patience].into_iter().flatten().min()
    }

    pub(crate) fn wants_connection(&self, now: Instant) -> bool {
        self.reconnect_at.is_some_and(|at| at <= now)
    }

    /// Comes again after it left, or was sent out.
    pub(crate) fn come_back(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Over(_)) {
            self.phase = Phase::Away;
            self.reconnect_at = Some(now);
        }
    }

    /// Forgets everything but the key of its device and its grant, as a page that is loaded again.
    pub(crate) fn reload(&mut self, now: Instant) -> Vec<Act> {
        if matches!(self.phase, Phase::Over(_)) {
            return Vec::new();
        }
        self.phase = Phase::Away;
        (self.token, self.peer, self.is_in_step) = (None, None, false);
        self.reconnect_at = Some(now);
        self.connection.take().map(Act::HangUp).into_iter().collect()
    }

    pub(crate) fn connected(&mut self, connection: ConnectionKey) -> Vec<Act> {
        self.reconnect_at = None;
        self.connection = Some(connection);
        self.asked.clear();
        vec![self.enter()]
    }

    fn enter(&mut self) -> Act {
        self.phase = Phase::Entering;
        let (asked, credential) = match (&self.token, self.has_grant) {
            (Some(token), _) => (Asked::EnterByToken, Credential::Resume(token.clone())),
            (None, true) => (Asked::EnterByDevice, Credential::Device),
            (None, false) => {
                let knock = vec![u8::from(self.is_wanted)].try_into().expect("a short knock");
                (Asked::EnterByLink, Credential::Link(knock))
            }
        };
        let request = self.number(asked);
        let connection = self.connection.unwrap_or(ConnectionKey(0));
        Act::Send(connection, request, Said::Enter { device: self.device, credential })
    }

    fn number(&mut self, asked: Asked) -> RequestId {
        self.requests += 1;
        let request = RequestId(self.requests);
        self.asked.insert(request, asked);
        request
    }

    /// Asks for something, if there is a connection to ask on.
    pub(crate) fn ask(&mut self, command: Command) -> Vec<Act> {
        let asked = match command {
            Command::Join { .. } => Asked::Join,
            Command::Offer { .. } => Asked::Offer,
            _ => Asked::Other,
        };
        self.say(asked, Said::Command(command))
    }

    fn say(&mut self, asked: Asked, said: Said) -> Vec<Act> {
        let Some(connection) = self.connection else { return Vec::new() };
        let request = self.number(asked);
        vec![Act::Send(connection, request, said)]
    }

    /// Commits as a host, if there is something to commit and nothing under way.
    pub(crate) fn commit(&mut self, edits: Vec<Edit>) -> Vec<Act> {
        let is_under_way = self.asked.values().any(|asked| matches!(asked, Asked::Commit(_)));
        if edits.is_empty() || is_under_way || !self.is_in_step || self.phase != Phase::Joined {
            return Vec::new();
        }
        self.say(Asked::Commit(self.epoch), Said::Commit { epoch: self.epoch, edits })
    }

    /// Lets in who waits and is wanted.
    fn admit(&mut self) -> Vec<Act> {
        if !self.is_creator {
            return Vec::new();
        }
        let wanted = self
            .view
            .lobby
            .values()
            .filter(|guest| guest.knock.as_ref().is_some_and(|knock| knock.as_bytes() == [1]));
        let edits = wanted.map(|guest| Edit::Add(guest.device)).collect();
        self.commit(edits)
    }

    /// Gets into the group's step from where it was left, once admitted to a place.
    fn get_into_step(&mut self, epoch: GroupEpoch, is_in_group: bool) -> Vec<Act> {
        if self.epoch > epoch {
            self.say(Asked::Adopt, Said::Adopt)
        } else if self.is_in_step && is_in_group {
            self.get_missed()
        } else {
            self.come_from_outside()
        }
    }

    /// Goes on once the server has what members and host have brought back.
    fn get_back_into_step(&mut self) -> Vec<Act> {
        if self.is_in_step { self.get_missed() } else { self.come_from_outside() }
    }

    /// Is in this epoch now; a host says so.
    fn enter_epoch(&mut self, epoch: GroupEpoch) -> Vec<Act> {
        (self.epoch, self.is_in_step) = (epoch, true);
        let connection = self.connection.filter(|_| self.is_creator);
        connection
            .map(|connection| Act::Send(connection, RequestId(0), Said::Certify { epoch }))
            .into_iter()
            .collect()
    }

    fn get_missed(&mut self) -> Vec<Act> {
        self.say(Asked::Missed, Said::Missed { epoch: self.epoch })
    }

    fn come_from_outside(&mut self) -> Vec<Act> {
        self.is_in_step = false;
        self.say(Asked::GroupState, Said::GroupState)
    }

    fn is_getting_missed(&self) -> bool {
        self.asked.values().any(|asked| matches!(asked, Asked::Missed))
    }

    fn join(&mut self, now: Instant) -> Vec<Act> {
        let offer = self.make_offer(now);
        self.ask(Command::Join { offer, media: self.wishes })
    }

    fn make_offer(&mut self, now: Instant) -> MediaOffer {
        self.peers += 1;
        self.peer_since = now;
        let address = address(self.index, self.peers);
        let id = self.id.unwrap_or_default();
        let owner = Owner { meeting: self.meeting as u8, id, start: self.start };
        let (peer, offer) = Peer::new(now, address, owner);
        self.peer = Some(peer);
        offer
    }

    /// Replaces the peer connection, as after a change of network.
    pub(crate) fn replace_peer(&mut self, now: Instant) -> Vec<Act> {
        if self.phase != Phase::Joined {
            return Vec::new();
        }
        let offer = self.make_offer(now);
        self.ask(Command::Offer { offer })
    }

    fn needs_new_peer(&self) -> bool {
        self.phase == Phase::Joined && !self.peer.as_ref().is_some_and(Peer::is_connected)
    }

    /// Lets media flow, and replaces a peer connection that does not come up.
    pub(crate) fn run(&mut self, now: Instant) -> (Vec<Vec<u8>>, Vec<Label>, Vec<Act>) {
        let (packets, labels) = self.peer.as_mut().map(|peer| peer.run(now)).unwrap_or_default();
        let impatient = self.needs_new_peer() && self.peer_since + PEER_PATIENCE <= now;
        let acts = if impatient { self.replace_peer(now) } else { Vec::new() };
        (packets, labels, acts)
    }

    pub(crate) fn hear(&mut self, now: Instant, connection: ConnectionKey, heard: Heard) -> Vec<Act> {
        let is_current = self.connection == Some(connection);
        match heard {
            Heard::Closed(reason) => {
                if is_current {
                    self.closed(now, reason);
                }
                vec![Act::HangUp(connection)]
            }
            Heard::Gone if is_current => {
                self.connection = None;
                self.phase = Phase::Away;
                self.reconnect_at = Some(now + BACKOFF);
                Vec::new()
            }
            Heard::Event { re, seq, event } if is_current => self.event(now, re, seq, event),
            Heard::GroupState { re, epoch } if is_current => self.group_state(re, epoch),
            Heard::Gone | Heard::Event { .. } | Heard::GroupState { .. } => Vec::new(),
        }
    }

    fn closed(&mut self, now: Instant, reason: CloseReason) {
        self.connection = None;
        self.phase = Phase::Over(reason);
        match reason {
            CloseReason::Removed => {
                self.was_removed();
                self.peer = None;
            }
            CloseReason::Left => {
                self.token = None;
                self.peer = None;
            }
            // It did not join in time, because of what the network did to it.
            CloseReason::Misbehaved => self.come_back(now),
            _ => {}
        }
    }

    fn event(&mut self, now: Instant, re: Option<RequestId>, seq: Option<RoomSeq>, event: Event) -> Vec<Act> {
        let asked = re.and_then(|re| self.asked.remove(&re));
        if re.is_some() && asked.is_none() {
            self.breaches.push(format!("{event:?} answers nothing that was asked"));
        }
        if let Some(seq) = seq {
            if self.phase != Phase::Joined || seq != self.view.seq.next() {
                self.breaches.push(format!("{seq} after {} in {:?}", self.view.seq, self.phase));
            }
            self.view.seq = seq;
        }
        let own_affair = matches!(event, Event::Waiting { .. } | Event::Admitted(_) | Event::Refused(_));
        if let Event::Done = event
            && let Some(asked) = asked
        {
            return self.done(now, asked);
        }
        if self.phase == Phase::Waiting && !own_affair {
            self.breaches.push(format!("a guest in the lobby hears {event:?}"));
        }
        match event {
            Event::Admitted(admission) => {
                (self.was_admitted, self.phase) = (true, Phase::Joining);
                self.id = Some(admission.you);
                self.token = Some(admission.resume);
                (self.has_grant, self.admitted_in) = (true, admission.epoch);
                self.get_into_step(admission.epoch, admission.in_group)
            }
            Event::Welcomed { .. } => {
                // What it asked for when it was admitted is not needed any more.
                let mut acts = self.enter_epoch(self.admitted_in);
                acts.extend(self.join(now));
                acts
            }
            Event::Handshake { epoch, .. } => self.handshake(seq, epoch),
            Event::Waiting { you, .. } => {
                (self.phase, self.id) = (Phase::Waiting, Some(you));
                Vec::new()
            }
            Event::Joined { answer, media, participants, lobby, seq, .. } => {
                if media.and(self.wishes) != media {
                    self.breaches.push(format!("joined with {media:?}, wished {:?}", self.wishes));
                }
                (self.phase, self.wishes) = (Phase::Joined, media);
                if let Some(peer) = &mut self.peer {
                    peer.accept(now, &answer);
                }
                let lobby = lobby.into_iter().map(|guest| (guest.id, guest)).collect();
                let participants = participants.into_iter().map(|view| (view.id, view)).collect();
                self.view = View { seq, participants, lobby };
                let mut acts = self.subscribe();
                acts.extend(self.admit());
                acts
            }
            Event::MediaAnswer { answer, .. } => {
                if let Some(peer) = &mut self.peer {
                    peer.accept(now, &answer);
                }
                Vec::new()
            }
            Event::MediaLost => self.replace_peer(now),
            Event::Muted { source, .. } => {
                self.wishes.set(source, false);
                Vec::new()
            }
            Event::ResumeRenewed { resume } => {
                self.token = Some(resume);
                Vec::new()
            }
            Event::Refused(refusal) => self.refused(now, asked, refusal.rule),
            other => self.room_changed(other),
        }
    }

    fn refused(&mut self, now: Instant, asked: Option<Asked>, rule: Rule) -> Vec<Act> {
        match asked {
            // The place is lost: come by the device's key, or knock again.
            Some(Asked::EnterByToken) => {
                self.token = None;
                if rule == Rule::RemovedStaysOut {
                    self.was_removed();
                }
                vec![self.enter()]
            }
            Some(Asked::EnterByDevice) if !self.is_creator => {
                self.was_removed();
                vec![self.enter()]
            }
            Some(Asked::Join) if rule == Rule::MediaOffer => self.join(now),
            // Others brought the group back first.
            Some(Asked::Adopt) if rule == Rule::CurrentEpoch => self.get_back_into_step(),
            Some(Asked::Missed) if rule == Rule::HandshakesKept => self.come_from_outside(),
            Some(Asked::Join) if rule == Rule::AdmittedOnly => self.come_from_outside(),
            // Somebody else's commit was first. Or members are missing who know more, and will be here soon.
            Some(Asked::Come(_)) if rule == Rule::CurrentEpoch => self.come_from_outside(),
            Some(Asked::Commit(_)) if rule == Rule::CurrentEpoch => self.admit(),
            // Removed while it was away: the place will be given up.
            Some(Asked::Come(_)) if rule == Rule::Admission => {
                self.was_removed();
                Vec::new()
            }
            Some(Asked::Commit(_)) => Vec::new(),
            // Another offer is under way, or the last one died: patience or `MediaLost` see to it.
            Some(Asked::Offer | Asked::Other) => Vec::new(),
            asked => {
                self.breaches.push(format!("{asked:?} is refused by {rule}"));
                Vec::new()
            }
        }
    }

    fn was_removed(&mut self) {
        (self.is_wanted, self.has_grant, self.is_in_step) = (false, false, false);
        self.epoch = GroupEpoch(0);
    }

    /// A host takes the leaf of who left out of the group, unless it is back already.
    fn commit_that_it_left(&mut self, device: DeviceKey) -> Vec<Act> {
        let is_back = self.view.participants.values().any(|view| view.device == device);
        if !self.is_creator || is_back {
            return Vec::new();
        }
        self.commit(vec![Edit::Remove(device, Removal::Left)])
    }

    fn done(&mut self, now: Instant, asked: Asked) -> Vec<Act> {
        match asked {
            Asked::Adopt => self.get_back_into_step(),
            Asked::Missed => {
                let mut acts = self.enter_epoch(self.epoch);
                acts.extend(self.join(now));
                acts
            }
            Asked::Come(epoch) => {
                let mut acts = self.enter_epoch(epoch.next());
                acts.extend(self.join(now));
                acts
            }
            Asked::Commit(epoch) => {
                if epoch != self.epoch {
                    self.breaches.push(format!("own commit from {epoch} is taken in {}", self.epoch));
                }
                let mut acts = self.enter_epoch(epoch.next());
                acts.extend(self.admit());
                acts
            }
            _ => Vec::new(),
        }
    }

    fn group_state(&mut self, re: RequestId, epoch: GroupEpoch) -> Vec<Act> {
        self.asked.remove(&re);
        // A Welcome may have come meanwhile.
        if self.is_in_step {
            return Vec::new();
        }
        self.say(Asked::Come(epoch), Said::Commit { epoch, edits: vec![Edit::Come] })
    }

    /// ROOM-23: none is missing, and none comes out of order, but while those that were missed are on their way.
    fn handshake(&mut self, seq: Option<RoomSeq>, epoch: GroupEpoch) -> Vec<Act> {
        if !self.is_in_step {
            return Vec::new();
        }
        let mut acts = Vec::new();
        if epoch == self.epoch {
            acts = self.enter_epoch(epoch.next());
        } else if epoch > self.epoch && !self.is_getting_missed() {
            self.breaches.push(format!("a handshake from {epoch} in {}", self.epoch));
        } else if epoch < self.epoch && seq.is_some() {
            self.breaches.push(format!("a handshake from {epoch} again in {}", self.epoch));
        }
        acts.extend(self.admit());
        acts
    }

    fn room_changed(&mut self, event: Event) -> Vec<Act> {
        match event {
            Event::Knocked { guest } => {
                self.view.lobby.insert(guest.id, guest);
                return self.admit();
            }
            Event::LobbyLeft { guest, .. } => {
                self.view.lobby.remove(&guest);
            }
            Event::ParticipantJoined { participant } | Event::ParticipantChanged { participant } => {
                self.view.participants.insert(participant.id, participant);
                return self.subscribe();
            }
            Event::ParticipantLeft { participant, reason } => {
                let gone = self.view.participants.remove(&participant);
                let mut acts = self.subscribe();
                if let Some(gone) = gone.filter(|gone| reason == LeaveReason::Left && gone.role != Role::Host)
                {
                    acts.extend(self.commit_that_it_left(gone.device));
                }
                return acts;
            }
            _ => {}
        }
        Vec::new()
    }

    /// Shows everybody else, those who are there first.
    fn subscribe(&mut self) -> Vec<Act> {
        let height = 180.try_into().expect("a height within bounds");
        let mut others: Vec<_> =
            self.view.participants.values().filter(|view| Some(view.id) != self.id).collect();
        others.sort_by_key(|view| (view.presence != Presence::Connected, view.id));
        let tiles = others
            .into_iter()
            .map(|view| Tile { participant: view.id, source: Source::Camera, height })
            .collect();
        self.ask(Command::Subscribe { tiles })
    }
}

fn address(index: usize, peers: u16) -> SocketAddr {
    ([10, 1, 0, index as u8], 5000 + peers).into()
}
