//! A client as a person's browser behaves: enters by the best right it has, joins, keeps a picture of the room,
//! comes back when something breaks. A host lets in whoever is named as wanted.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::{Duration, Instant},
};

use sabha_conference::{Command, ConnectionKey, Event, Input, ParticipantView, Right};
use sabha_protocol::{
    MediaState, ParticipantId, RequestId, RoomSeq, Rule, Source,
    secret::ResumeToken,
    wire::{
        client::{MediaOffer, Tile},
        server::{CloseReason, Presence},
    },
};

use crate::{
    peer::{Label, Owner, Peer},
    signalling::Heard,
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
    /// Admitted; asked to join.
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
    Send(Input),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    EnterByToken,
    EnterAnew,
    Join,
    Offer,
    Other,
}

/// The room as this client knows it.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) seq: RoomSeq,
    pub(crate) participants: BTreeMap<ParticipantId, ParticipantView>,
    pub(crate) lobby: BTreeSet<ParticipantId>,
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

    pub(crate) fn connected(&mut self, connection: ConnectionKey) -> Vec<Act> {
        self.reconnect_at = None;
        self.connection = Some(connection);
        self.asked.clear();
        vec![self.enter()]
    }

    fn enter(&mut self) -> Act {
        self.phase = Phase::Entering;
        let (asked, right) = match (&self.token, self.is_creator) {
            (Some(token), _) => (Asked::EnterByToken, Right::Resume(token.clone())),
            (None, true) => (Asked::EnterAnew, Right::Host),
            (None, false) => (Asked::EnterAnew, Right::Link),
        };
        let request = self.number(asked);
        let name = if self.is_wanted { "wanted" } else { "unwanted" };
        let name = name.parse().expect("a plain name");
        let connection = self.connection.unwrap_or(ConnectionKey(0));
        Act::Send(Input::Enter { connection, request, name, right })
    }

    fn number(&mut self, asked: Asked) -> RequestId {
        self.requests += 1;
        let request = RequestId(self.requests);
        self.asked.insert(request, asked);
        request
    }

    /// Asks for something, if there is a connection to ask on.
    pub(crate) fn ask(&mut self, command: Command) -> Vec<Act> {
        let Some(connection) = self.connection else { return Vec::new() };
        let asked = match command {
            Command::Join { .. } => Asked::Join,
            Command::Offer { .. } => Asked::Offer,
            _ => Asked::Other,
        };
        let request = self.number(asked);
        vec![Act::Send(Input::Request { connection, request, command })]
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
            Heard::Gone | Heard::Event { .. } => Vec::new(),
        }
    }

    fn closed(&mut self, now: Instant, reason: CloseReason) {
        self.connection = None;
        self.phase = Phase::Over(reason);
        match reason {
            CloseReason::Removed => {
                self.is_wanted = false;
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
        if self.phase == Phase::Waiting && !own_affair {
            self.breaches.push(format!("a guest in the lobby hears {event:?}"));
        }
        match event {
            Event::Admitted(admission) => {
                (self.was_admitted, self.phase) = (true, Phase::Joining);
                self.id = Some(admission.you);
                self.token = Some(admission.resume);
                let offer = self.make_offer(now);
                self.ask(Command::Join { offer, media: self.wishes })
            }
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
                let waiting = lobby.iter().map(|guest| guest.id).collect();
                let participants = participants.into_iter().map(|view| (view.id, view)).collect();
                self.view = View { seq, participants, lobby: waiting };
                let mut acts = self.subscribe();
                for guest in lobby.iter().filter(|guest| guest.name.as_str() == "wanted") {
                    acts.extend(self.ask(Command::Admit { guest: guest.id }));
                }
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
            // The place is lost: knock again, or come by the creator's token.
            Some(Asked::EnterByToken) => {
                self.token = None;
                if rule == Rule::RemovedStaysOut {
                    self.is_wanted = false;
                }
                vec![self.enter()]
            }
            Some(Asked::Join) if rule == Rule::MediaOffer => {
                let offer = self.make_offer(now);
                self.ask(Command::Join { offer, media: self.wishes })
            }
            // Another offer is under way, or the last one died: patience or `MediaLost` see to it.
            Some(Asked::Offer | Asked::Other) => Vec::new(),
            asked => {
                self.breaches.push(format!("{asked:?} is refused by {rule}"));
                Vec::new()
            }
        }
    }

    fn room_changed(&mut self, event: Event) -> Vec<Act> {
        match event {
            Event::Knocked { guest } => {
                self.view.lobby.insert(guest.id);
                if guest.name.as_str() == "wanted" {
                    return self.ask(Command::Admit { guest: guest.id });
                }
            }
            Event::LobbyLeft { guest, .. } => {
                self.view.lobby.remove(&guest);
            }
            Event::ParticipantJoined { participant } | Event::ParticipantChanged { participant } => {
                self.view.participants.insert(participant.id, participant);
                return self.subscribe();
            }
            Event::ParticipantLeft { participant, .. } => {
                self.view.participants.remove(&participant);
                return self.subscribe();
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
