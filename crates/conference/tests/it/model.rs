//! A reference model that watches a room from outside: what went in, what came out, and nothing else.
//!
//! It knows the rules in their plainest form (sets and maps, no stages) and collects every
//! breach under the name of the invariant that was broken.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use sabha_conference::{
    Admission, Command, ConnectionKey, Event, Input, MediaCommand, MediaEvent, Output, ParticipantView,
    Record, Right, Room,
};
use sabha_protocol::{
    MediaGeneration, MediaState, ParticipantId, RequestId, RoomSeq,
    limits::{LOBBY_GUESTS_MAX, RESUME_WINDOW, ROOM_PARTICIPANTS_MAX},
    secret::ResumeToken,
    wire::server::{CloseReason, Role},
};

use crate::scene::{ALL_OFF, ALL_ON};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invariant {
    AdmittedOnly,
    AnsweredOnce,
    Bounded,
    ClosedIsClosed,
    HostsOnly,
    IdsOnce,
    LobbyIsDeaf,
    NewestTokenOnly,
    NeverLessMuted,
    NewestOfferOnly,
    NoGaps,
    RemovedStaysOut,
    SameRoomForAll,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seat {
    Stranger,
    Lobby(ParticipantId),
    Place(ParticipantId),
}

/// An open connection, with the room as its client would know it.
#[derive(Debug)]
struct Client {
    seat: Seat,
    /// Once joined.
    view: Option<View>,
}

#[derive(Debug)]
struct View {
    seq: RoomSeq,
    participants: BTreeMap<ParticipantId, ParticipantView>,
    lobby: BTreeSet<ParticipantId>,
}

#[derive(Debug)]
struct Place {
    connection: Option<ConnectionKey>,
    until: Option<Instant>,
    /// Was joined once, and so is known to the others.
    seen: bool,
    host: bool,
    /// What is on, or may be switched on by joining.
    on: MediaState,
    /// The newest token, and all that this connection was given.
    token: String,
    tokens: BTreeSet<String>,
    /// Those of the connection before, while this one has not shown to have got its own.
    spent: BTreeSet<String>,
}

#[derive(Clone, Debug)]
enum Asked {
    Enter(Right),
    Command(Command),
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) breaches: Vec<(Invariant, String)>,
    clients: BTreeMap<ConnectionKey, Client>,
    places: BTreeMap<ParticipantId, Place>,
    lobby: BTreeSet<ParticipantId>,
    requests: BTreeMap<(ConnectionKey, RequestId), Asked>,
    /// Everybody ever let in, by a host or as host.
    admitted: BTreeSet<ParticipantId>,
    /// Every id ever given, over all epochs.
    given: BTreeSet<ParticipantId>,
    removed: BTreeSet<ParticipantId>,
    durably_removed: BTreeSet<ParticipantId>,
    /// Every token of this epoch, and of those before.
    tokens: BTreeMap<String, (ParticipantId, bool)>,
    earlier_tokens: BTreeMap<String, (ParticipantId, bool)>,
    /// How each place was left at the last restart, with its newest token.
    left: BTreeMap<String, MediaState>,
    claimed: BTreeSet<ParticipantId>,
    claims_until: Option<Instant>,
    /// Offers that the media plane has answered.
    answered: BTreeSet<(ParticipantId, MediaGeneration)>,
    /// Request under way in this step.
    asking: Option<(ConnectionKey, RequestId)>,
}

/// Returns whether `media` has nothing on that is off in `most`.
fn within(media: MediaState, most: MediaState) -> bool {
    media.and(most) == media
}

impl Model {
    pub(crate) fn opened(now: Instant) -> Self {
        Self { claims_until: Some(now + RESUME_WINDOW), ..Self::default() }
    }

    /// The server restarted: all connections are gone, and what was not durable is forgotten.
    pub(crate) fn restarted(&mut self, now: Instant) {
        self.clients.clear();
        self.left = self.places.values().map(|place| (place.token.clone(), place.on)).collect();
        self.places.clear();
        self.lobby.clear();
        self.requests.clear();
        self.answered.clear();
        self.claimed.clear();
        self.removed = self.durably_removed.clone();
        self.earlier_tokens.append(&mut self.tokens);
        self.claims_until = Some(now + RESUME_WINDOW);
    }

    pub(crate) fn open_connections(&self) -> Vec<ConnectionKey> {
        self.clients.keys().copied().collect()
    }

    pub(crate) fn known_ids(&self) -> Vec<ParticipantId> {
        self.lobby.iter().chain(self.places.keys()).copied().collect()
    }

    /// Returns the newest tokens, then all, then those of removed places, so that a random choice finds each kind.
    pub(crate) fn known_tokens(&self) -> Vec<String> {
        let newest = self.places.values().map(|place| place.token.clone());
        let ever = || self.tokens.iter().chain(&self.earlier_tokens);
        let removed = ever().filter(|(_, (id, _))| self.removed.contains(id)).map(|(token, _)| token.clone());
        newest.chain(ever().map(|(token, _)| token.clone())).chain(removed).collect()
    }

    /// Returns the connections of hosts who are in the room.
    pub(crate) fn hosts(&self) -> Vec<ConnectionKey> {
        let is_host = |client: &Client| match client.seat {
            Seat::Place(id) => client.view.is_some() && self.places.get(&id).is_some_and(|place| place.host),
            _ => false,
        };
        self.clients.iter().filter(|(_, client)| is_host(client)).map(|(connection, _)| *connection).collect()
    }

    pub(crate) fn connect(&mut self, connection: ConnectionKey) {
        self.clients.insert(connection, Client { seat: Seat::Stranger, view: None });
    }

    fn breach(&mut self, invariant: Invariant, what: impl Into<String>) {
        self.breaches.push((invariant, what.into()));
    }

    fn check(&mut self, holds: bool, invariant: Invariant, what: impl Into<String>) {
        if !holds {
            self.breach(invariant, what);
        }
    }

    fn expire(&mut self, now: Instant) {
        self.places.retain(|_, place| place.until.is_none_or(|until| until > now));
    }

    /// Notes what is about to go in.
    pub(crate) fn input(&mut self, now: Instant, input: &Input) {
        self.expire(now);
        self.asking = None;
        let asked = match input {
            Input::Enter { connection, request, right, .. } => {
                Some((*connection, *request, Asked::Enter(right.clone())))
            }
            Input::Request { connection, request, command } => {
                Some((*connection, *request, Asked::Command(command.clone())))
            }
            _ => None,
        };
        // What a closed connection had sent before it noticed is not answered.
        if let Some((connection, request, asked)) = asked
            && self.clients.contains_key(&connection)
        {
            self.asking = Some((connection, request));
            self.requests.insert((connection, request), asked);
        }
        if let Input::Request { connection, command, .. } = input
            && !matches!(command, Command::Join { .. })
            && let Some(Client { seat: Seat::Place(id), .. }) = self.clients.get(connection)
            && let Some(place) = self.places.get_mut(id)
        {
            place.spent.clear();
        }
        match input {
            Input::Disconnected { connection } => self.disconnected(now, *connection),
            Input::Media(MediaEvent::Answered { participant, generation, .. }) => {
                self.answered.insert((*participant, *generation));
            }
            _ => {}
        }
    }

    /// Notes that a record became durable.
    pub(crate) fn stored(&mut self, record: Record) {
        if let Record::Removed { participant } = record {
            self.durably_removed.insert(participant);
        }
    }

    fn disconnected(&mut self, now: Instant, connection: ConnectionKey) {
        let Some(client) = self.clients.remove(&connection) else { return };
        self.requests.retain(|(of, _), _| *of != connection);
        match client.seat {
            Seat::Stranger => {}
            Seat::Lobby(id) => {
                self.lobby.remove(&id);
            }
            Seat::Place(id) => {
                if let Some(place) = self.places.get_mut(&id) {
                    place.connection = None;
                    place.until = Some(now + RESUME_WINDOW);
                }
            }
        }
    }

    /// Notes what came out.
    pub(crate) fn output(&mut self, now: Instant, output: &Output) {
        match output {
            Output::Send { to, re, seq, event } => {
                self.check(!to.is_empty(), Invariant::Bounded, "a message to nobody");
                for connection in to {
                    self.sent(now, *connection, *re, *seq, event);
                }
            }
            Output::Close { connection, reason, .. } => self.closed(*connection, *reason),
            Output::Media(command) => self.media(command),
            Output::Persist { record: Record::Removed { participant }, .. } => {
                self.check_actor_is_host("remove");
                self.removed.insert(*participant);
                self.places.remove(participant);
            }
            Output::Persist { .. } | Output::Ended => {}
        }
    }

    fn media(&mut self, command: &MediaCommand) {
        let (participant, media) = match command {
            MediaCommand::Connect { participant, publishing, .. } => (participant, *publishing),
            MediaCommand::SetPublishing { participant, media } => (participant, *media),
            MediaCommand::Disconnect { .. } | MediaCommand::Subscribe { .. } => return,
        };
        let asked_itself = matches!(self.asked(), Some(Asked::Command(Command::SetMedia { .. })));
        let on = self.places.get(participant).map_or(ALL_OFF, |place| place.on);
        self.check(
            asked_itself || within(media, on),
            Invariant::NeverLessMuted,
            format!("{participant} publishes {media:?}, had {on:?}"),
        );
    }

    fn asked(&self) -> Option<&Asked> {
        self.requests.get(&self.asking?)
    }

    fn closed(&mut self, connection: ConnectionKey, reason: CloseReason) {
        self.requests.retain(|(of, _), _| *of != connection);
        let Some(client) = self.clients.remove(&connection) else {
            self.breach(Invariant::ClosedIsClosed, format!("{connection:?} is closed twice"));
            return;
        };
        match (client.seat, reason) {
            (Seat::Lobby(id), CloseReason::Denied) => {
                self.check_actor_is_host("deny");
                self.lobby.remove(&id);
            }
            (Seat::Lobby(id), _) => {
                self.lobby.remove(&id);
            }
            (Seat::Place(id), CloseReason::Left) => {
                self.places.remove(&id);
            }
            _ => {}
        }
    }

    /// The step under way was asked for by a host who is in the room.
    fn check_actor_is_host(&mut self, what: &str) {
        let is_host = self.asking.is_some_and(|(connection, _)| self.hosts().contains(&connection));
        self.check(is_host, Invariant::HostsOnly, format!("{what} by somebody else"));
    }

    fn sent(
        &mut self,
        now: Instant,
        connection: ConnectionKey,
        re: Option<RequestId>,
        seq: Option<RoomSeq>,
        event: &Event,
    ) {
        let Some(client) = self.clients.get(&connection) else {
            self.breach(Invariant::ClosedIsClosed, format!("{connection:?} is sent {event:?}"));
            return;
        };
        let (seat, joined) = (client.seat, client.view.is_some());
        let asked = re.and_then(|re| self.requests.remove(&(connection, re)));
        self.check(re.is_none() || asked.is_some(), Invariant::AnsweredOnce, format!("{event:?} to {re:?}"));
        let own_affair = match event {
            Event::Refused(_) => true,
            Event::Waiting { .. } | Event::Admitted(_) => !joined,
            Event::Done => joined || matches!(asked, Some(Asked::Command(Command::Leave))),
            Event::Joined { .. } => matches!(seat, Seat::Place(_)) && !joined,
            _ => joined,
        };
        self.check(own_affair, Invariant::LobbyIsDeaf, format!("{seat:?} is sent {event:?}"));
        self.number(connection, seq, event);
        match event {
            Event::Waiting { you, .. } => self.waits(connection, asked.is_some(), *you),
            Event::Admitted(admission) => self.was_admitted(now, connection, asked, admission),
            Event::Done => self.done(seat, asked),
            Event::Refused(_) => self.refused(now, asked),
            Event::Joined { media, generation, .. } => {
                self.check_answered(seat, *generation);
                self.joined(connection, seat, *media, event);
            }
            Event::MediaAnswer { generation, .. } => self.check_answered(seat, *generation),
            Event::ResumeRenewed { resume } => self.renewed(seat, resume),
            _ => self.seen(connection, event),
        }
    }

    /// A renewed token stands beside the one before: that may be all the client has got.
    fn renewed(&mut self, seat: Seat, resume: &ResumeToken) {
        let Seat::Place(id) = seat else { return };
        let Some(place) = self.places.get_mut(&id) else { return };
        place.token = resume.expose().to_owned();
        place.tokens.insert(place.token.clone());
        let host = place.host;
        self.tokens.insert(resume.expose().to_owned(), (id, host));
    }

    fn check_answered(&mut self, seat: Seat, generation: MediaGeneration) {
        let answered = matches!(seat, Seat::Place(id) if self.answered.contains(&(id, generation)));
        self.check(answered, Invariant::NewestOfferOnly, format!("{seat:?} got no answer to {generation}"));
    }

    fn number(&mut self, connection: ConnectionKey, seq: Option<RoomSeq>, event: &Event) {
        let ordered = matches!(
            event,
            Event::ParticipantJoined { .. }
                | Event::ParticipantChanged { .. }
                | Event::ParticipantLeft { .. }
        );
        self.check(seq.is_some() || !ordered, Invariant::NoGaps, format!("{event:?} without a number"));
        let Some(seq) = seq else { return };
        let Some(view) = self.clients.get_mut(&connection).and_then(|client| client.view.as_mut()) else {
            self.breach(Invariant::NoGaps, format!("{event:?} at {seq} to somebody not in the room"));
            return;
        };
        let last = std::mem::replace(&mut view.seq, seq);
        self.check(last.next() == seq, Invariant::NoGaps, format!("{seq} after {last}"));
    }

    fn waits(&mut self, connection: ConnectionKey, knocked: bool, you: ParticipantId) {
        if knocked {
            let fresh = self.given.insert(you);
            self.check(fresh, Invariant::IdsOnce, format!("{you} for a guest"));
            self.lobby.insert(you);
            if let Some(client) = self.clients.get_mut(&connection) {
                client.seat = Seat::Lobby(you);
            }
        }
    }

    fn was_admitted(
        &mut self,
        now: Instant,
        connection: ConnectionKey,
        asked: Option<Asked>,
        admission: &Admission,
    ) {
        let you = admission.you;
        let used = match &asked {
            Some(Asked::Enter(Right::Resume(token))) => Some(token.expose().to_owned()),
            _ => None,
        };
        let mut most = ALL_ON;
        match asked {
            Some(Asked::Enter(Right::Host)) => {
                let fresh = self.given.insert(you);
                self.check(fresh, Invariant::IdsOnce, format!("{you} for a host"));
                self.admitted.insert(you);
            }
            Some(Asked::Enter(Right::Resume(token))) => {
                let due = self.resumable(now, token.expose());
                self.check(
                    due == Some(you),
                    Invariant::NewestTokenOnly,
                    format!("{you} resumed, due {due:?}"),
                );
                // What an older token of an earlier epoch says cannot be checked against anything.
                let left = self.left.get(token.expose()).copied().unwrap_or(ALL_ON);
                most = self.places.get(&you).map_or(left, |place| place.on);
                if !self.tokens.contains_key(token.expose()) {
                    self.claimed.insert(you);
                }
            }
            None => {
                let admitted =
                    matches!(self.asked(), Some(Asked::Command(Command::Admit { guest })) if *guest == you);
                let waited = self.lobby.remove(&you);
                self.check_actor_is_host("admit");
                self.check(admitted && waited, Invariant::AdmittedOnly, format!("{you} by nobody"));
                self.admitted.insert(you);
            }
            other => self.breach(Invariant::AdmittedOnly, format!("{you} by {other:?}")),
        }
        self.check(self.admitted.contains(&you), Invariant::AdmittedOnly, format!("{you} never admitted"));
        self.check(!self.removed.contains(&you), Invariant::RemovedStaysOut, format!("{you} is back"));
        self.check(
            within(admission.media_allowed, most),
            Invariant::NeverLessMuted,
            format!("{you} is allowed {:?}, had {most:?}", admission.media_allowed),
        );
        let host = admission.role == Role::Host;
        let token = admission.resume.expose().to_owned();
        let fresh = self.tokens.insert(token.clone(), (you, host)).is_none();
        self.check(fresh, Invariant::NewestTokenOnly, "a token is issued twice");
        let seen = self.places.get(&you).is_some_and(|place| place.seen);
        let until = Some(now + RESUME_WINDOW);
        let tokens = BTreeSet::from([token.clone()]);
        let spent = match (self.places.get(&you), &used) {
            (Some(place), Some(used)) if place.tokens.contains(used) => place.tokens.clone(),
            (Some(place), Some(_)) => place.spent.clone(),
            _ => BTreeSet::new(),
        };
        let on = admission.media_allowed;
        let place = Place { connection: Some(connection), until, seen, host, on, token, tokens, spent };
        self.places.insert(you, place);
        if let Some(client) = self.clients.get_mut(&connection) {
            client.seat = Seat::Place(you);
        }
    }

    /// Returns the place that a token opens now, by the rules.
    fn resumable(&self, now: Instant, token: &str) -> Option<ParticipantId> {
        if let Some((id, _)) = self.tokens.get(token) {
            return self
                .places
                .get(id)
                .filter(|place| place.tokens.contains(token) || place.spent.contains(token))
                .map(|_| *id);
        }
        let (id, _) = self.earlier_tokens.get(token)?;
        let in_time = self.claims_until.is_some_and(|until| now < until);
        (in_time && !self.claimed.contains(id) && !self.removed.contains(id)).then_some(*id)
    }

    fn done(&mut self, seat: Seat, asked: Option<Asked>) {
        let Seat::Place(me) = seat else { return };
        match asked {
            Some(Asked::Command(Command::SetMedia { media })) => self.switch(me, |on| *on = media),
            Some(Asked::Command(Command::Remove { participant })) => self.check(
                self.durably_removed.contains(&participant),
                Invariant::RemovedStaysOut,
                format!("{participant} is said to be removed before it is durable"),
            ),
            Some(Asked::Command(
                command @ (Command::Admit { .. }
                | Command::Deny { .. }
                | Command::End
                | Command::MakeHost { .. }
                | Command::Mute { .. }),
            )) => {
                let host = self.places.get(&me).is_some_and(|place| place.host);
                self.check(host, Invariant::HostsOnly, format!("{command:?}"));
                match command {
                    Command::Mute { participant, source } => {
                        self.switch(participant, |on| on.set(source, false))
                    }
                    Command::MakeHost { participant } => {
                        if let Some(place) = self.places.get_mut(&participant) {
                            place.host = true;
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn switch(&mut self, id: ParticipantId, change: impl FnOnce(&mut MediaState)) {
        if let Some(place) = self.places.get_mut(&id) {
            change(&mut place.on);
        }
    }

    fn refused(&mut self, now: Instant, asked: Option<Asked>) {
        if let Some(Asked::Enter(Right::Resume(token))) = asked {
            let due = self.resumable(now, token.expose());
            let already_in = self.asking.and_then(|(connection, _)| self.clients.get(&connection));
            let stranger = already_in.is_some_and(|client| client.seat == Seat::Stranger);
            self.check(
                due.is_none() || !stranger,
                Invariant::NewestTokenOnly,
                format!("{due:?} is kept out"),
            );
        }
    }

    fn joined(&mut self, connection: ConnectionKey, seat: Seat, media: MediaState, event: &Event) {
        let (Seat::Place(id), Event::Joined { participants, lobby, seq, .. }) = (seat, event) else { return };
        let most = self.places.get(&id).map_or(ALL_OFF, |place| place.on);
        self.check(
            within(media, most),
            Invariant::NeverLessMuted,
            format!("{id} has {media:?}, had {most:?}"),
        );
        if let Some(place) = self.places.get_mut(&id) {
            place.on = media;
            place.seen = true;
            place.until = None;
        }
        if let Some(client) = self.clients.get_mut(&connection) {
            client.view = Some(View {
                seq: *seq,
                participants: participants.iter().map(|view| (view.id, view.clone())).collect(),
                lobby: lobby.iter().map(|guest| guest.id).collect(),
            });
        }
    }

    /// Plays an event to the client's own picture of the room.
    fn seen(&mut self, connection: ConnectionKey, event: &Event) {
        let Some(view) = self.clients.get_mut(&connection).and_then(|client| client.view.as_mut()) else {
            return;
        };
        let consistent = match event {
            Event::Knocked { guest } => view.lobby.insert(guest.id),
            Event::LobbyLeft { guest, .. } => view.lobby.remove(guest),
            Event::ParticipantChanged { participant } => {
                view.participants.insert(participant.id, participant.clone()).is_some()
            }
            Event::ParticipantJoined { participant } => {
                view.participants.insert(participant.id, participant.clone()).is_none()
            }
            Event::ParticipantLeft { participant, .. } => view.participants.remove(participant).is_some(),
            _ => true,
        };
        self.check(consistent, Invariant::SameRoomForAll, format!("{event:?} makes no sense to its reader"));
    }

    /// Compares the room with what everybody knows of it, once an input was worked off.
    pub(crate) fn after_step(&mut self, room: &Room) {
        let participants: BTreeMap<_, _> = room.participants().map(|view| (view.id, view)).collect();
        for id in participants.keys() {
            self.check(self.admitted.contains(id), Invariant::AdmittedOnly, format!("{id} is in the room"));
            self.check(
                !self.removed.contains(id),
                Invariant::RemovedStaysOut,
                format!("{id} is in the room"),
            );
        }
        let expected: Vec<_> =
            self.places.iter().filter(|(_, place)| place.seen).map(|(id, _)| *id).collect();
        let found: Vec<_> = participants.keys().copied().collect();
        self.check(
            found == expected,
            Invariant::SameRoomForAll,
            format!("{found:?}, should be {expected:?}"),
        );
        for (id, view) in &participants {
            let on = self.places.get(id).map_or(ALL_OFF, |place| place.on);
            self.check(view.media == on, Invariant::NeverLessMuted, format!("{id} shows {:?}", view.media));
        }
        self.check(room.lobby_len() == self.lobby.len(), Invariant::SameRoomForAll, "the lobby differs");
        self.check_views(&participants);
        self.check_immediate_answer();
        let bounded = self.places.len() <= ROOM_PARTICIPANTS_MAX && self.lobby.len() <= LOBBY_GUESTS_MAX;
        let entered = self.clients.values().filter(|client| client.seat != Seat::Stranger).count();
        self.check(bounded && room.connections_len() == entered, Invariant::Bounded, "the room holds more");
    }

    fn check_views(&mut self, participants: &BTreeMap<ParticipantId, ParticipantView>) {
        let mut found = Vec::new();
        let newest = self.clients.values().filter_map(|client| Some(client.view.as_ref()?.seq)).max();
        for client in self.clients.values() {
            let (Seat::Place(id), Some(view)) = (client.seat, &client.view) else { continue };
            if view.participants != *participants {
                found.push((Invariant::SameRoomForAll, format!("{id} sees {view:?}, not {participants:?}")));
            }
            if Some(view.seq) != newest {
                found.push((Invariant::NoGaps, format!("{id} is at {}, others at {newest:?}", view.seq)));
            }
            let host = self.places.get(&id).is_some_and(|place| place.host);
            if host && view.lobby != self.lobby {
                found.push((Invariant::SameRoomForAll, format!("host {id} sees the lobby {:?}", view.lobby)));
            }
            if !host && !view.lobby.is_empty() {
                found.push((Invariant::HostsOnly, format!("{id} sees the lobby")));
            }
        }
        self.breaches.append(&mut found);
    }

    /// What needs neither media plane nor storage was answered in the same step.
    fn check_immediate_answer(&mut self) {
        let Some(asking) = self.asking else { return };
        let due = match self.requests.get(&asking) {
            None => false,
            Some(Asked::Enter(_)) => true,
            Some(Asked::Command(command)) => !matches!(
                command,
                Command::End
                    | Command::Join { .. }
                    | Command::Offer { .. }
                    | Command::Remove { .. }
                    | Command::Subscribe { .. }
            ),
        };
        self.check(!due, Invariant::AnsweredOnce, format!("{asking:?} is not answered"));
    }

    /// Once media plane and storage have answered everything, so has the room.
    pub(crate) fn at_the_end(&mut self) {
        let open: Vec<_> = self
            .requests
            .iter()
            .filter(|(_, asked)| !matches!(asked, Asked::Command(Command::Subscribe { .. })))
            .map(|(request, asked)| format!("{request:?} {asked:?}"))
            .collect();
        self.check(open.is_empty(), Invariant::AnsweredOnce, open.join(", "));
    }

    /// Returns how long until the next place is given up.
    pub(crate) fn next_deadline(&self, now: Instant) -> Option<Duration> {
        self.places
            .values()
            .filter_map(|place| place.until)
            .min()
            .map(|until| until.saturating_duration_since(now))
    }
}
