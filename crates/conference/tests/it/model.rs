//! A reference model that watches a room from outside: what went in, what came out, and nothing else.
//!
//! It knows the rules in their plainest form (sets and maps, no stages) and collects every
//! breach under the name of the invariant that was broken.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use sabha_conference::{
    Admission, Command, ConnectionKey, Event, GroupChange, GroupMember, GroupView, Handshake, Input,
    MediaCommand, MediaEvent, Output, ParticipantView, Record, Removal, Right, Room,
};
use sabha_protocol::{
    DeviceKey, GroupEpoch, MediaGeneration, MediaState, ParticipantId, RequestId, RoomSeq,
    limits::{DOOR_MESSAGES_MAX, LOBBY_GUESTS_MAX, RESUME_WINDOW, ROOM_PARTICIPANTS_MAX},
    opaque::RelayPayload,
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
    DoorBetweenTwo,
    EveryHandshake,
    HostsOnly,
    IdsOnce,
    LobbyIsDeaf,
    MediaAsAllowed,
    NeverLessMuted,
    NewestOfferOnly,
    NewestTokenOnly,
    NoGaps,
    OnePlaceADevice,
    RemovedStaysOut,
    RoleOfTheGroup,
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
    device: DeviceKey,
    connection: Option<ConnectionKey>,
    until: Option<Instant>,
    /// Was joined once, and so is known to the others.
    seen: bool,
    /// What is on, or may be switched on by joining.
    on: MediaState,
    /// What of it the holder can know of: it was on when its connection was lost, or is on while it holds.
    left: Option<MediaState>,
    /// The newest token, and all that this connection was given.
    token: String,
    tokens: BTreeSet<String>,
    /// Those of the connection before, while this one has not shown to have got its own.
    spent: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct Guest {
    device: DeviceKey,
    said: u32,
}

#[derive(Clone, Debug)]
enum Asked {
    Adopt,
    Command(Command),
    Enter(DeviceKey, Right),
    Handshake,
}

/// What the group is, as the room was told.
#[derive(Debug, Default)]
struct Group {
    epoch: GroupEpoch,
    members: BTreeMap<DeviceKey, GroupMember>,
}

/// What a handshake or an adoption makes due within its step.
#[derive(Debug, Default)]
struct Due {
    /// Who gets the handshake, or the words to all, and whether as one who has joined.
    told: BTreeMap<ConnectionKey, bool>,
    /// What they get.
    event: Option<Event>,
    welcomed: BTreeSet<DeviceKey>,
    closed: BTreeMap<ConnectionKey, (CloseReason, Option<ParticipantId>)>,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) breaches: Vec<(Invariant, String)>,
    clients: BTreeMap<ConnectionKey, Client>,
    places: BTreeMap<ParticipantId, Place>,
    lobby: BTreeMap<ParticipantId, Guest>,
    group: Group,
    due: Due,
    requests: BTreeMap<(ConnectionKey, RequestId), Asked>,
    /// Every id ever given, over all epochs.
    given: BTreeSet<ParticipantId>,
    removed: BTreeSet<ParticipantId>,
    durably_removed: BTreeSet<ParticipantId>,
    /// Every token of this epoch, and of those before.
    tokens: BTreeMap<String, (ParticipantId, DeviceKey)>,
    earlier_tokens: BTreeMap<String, (ParticipantId, DeviceKey)>,
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

impl Group {
    fn of(view: &GroupView) -> Self {
        let members = view.members.iter().map(|member| (member.device, *member)).collect();
        Self { epoch: view.epoch, members }
    }

    fn contains(&self, device: &DeviceKey) -> bool {
        self.members.contains_key(device)
    }

    fn role(&self, device: &DeviceKey) -> Role {
        self.members.get(device).map_or(Role::Participant, |member| member.role)
    }

    fn allowed(&self, device: &DeviceKey) -> MediaState {
        self.members.get(device).map_or(ALL_OFF, |member| member.allowed)
    }
}

impl Model {
    pub(crate) fn opened(now: Instant, group: &GroupView) -> Self {
        let claims_until = Some(now + RESUME_WINDOW);
        Self { claims_until, group: Group::of(group), ..Self::default() }
    }

    /// The server restarted: all connections are gone, and what was not durable is forgotten.
    pub(crate) fn restarted(&mut self, now: Instant, group: &GroupView) {
        self.group = Group::of(group);
        self.clients.clear();
        let left = |place: &Place| (place.token.clone(), place.left.unwrap_or(place.on));
        self.left = self.places.values().map(left).collect();
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
        self.lobby.keys().chain(self.places.keys()).copied().collect()
    }

    pub(crate) fn waiting_devices(&self) -> Vec<DeviceKey> {
        self.lobby.values().map(|guest| guest.device).collect()
    }

    /// Returns the newest tokens, then all, then those of removed places, so that a random choice finds each kind;
    /// each with its device.
    pub(crate) fn known_tokens(&self) -> Vec<(String, DeviceKey)> {
        let newest = self.places.values().map(|place| (place.token.clone(), place.device));
        let ever = || self.tokens.iter().chain(&self.earlier_tokens);
        let of = |(token, (_, device)): (&String, &(ParticipantId, DeviceKey))| (token.clone(), *device);
        let removed = ever().filter(|(_, (id, _))| self.removed.contains(id)).map(of);
        newest.chain(ever().map(of)).chain(removed).collect()
    }

    fn is_host(&self, id: ParticipantId) -> bool {
        self.places.get(&id).is_some_and(|place| self.group.role(&place.device) == Role::Host)
    }

    fn is_in_group(&self, id: ParticipantId) -> bool {
        self.places.get(&id).is_some_and(|place| self.group.contains(&place.device))
    }

    fn place_of(&self, device: &DeviceKey) -> Option<ParticipantId> {
        self.places.iter().find(|(_, place)| place.device == *device).map(|(id, _)| *id)
    }

    /// Returns the connections of hosts who are in the room.
    pub(crate) fn hosts(&self) -> Vec<ConnectionKey> {
        let is_host = |client: &Client| match client.seat {
            Seat::Place(id) => client.view.is_some() && self.is_host(id),
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
        self.due = Due::default();
        let asked = match input {
            Input::Adopted { connection, request, .. } => Some((*connection, *request, Asked::Adopt)),
            Input::Enter { connection, request, device, right, .. } => {
                Some((*connection, *request, Asked::Enter(*device, right.clone())))
            }
            Input::Handshake { connection, request, .. } => Some((*connection, *request, Asked::Handshake)),
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
            Input::Adopted { change, .. } => self.follow(change, None, None),
            Input::Disconnected { connection } => self.disconnected(now, *connection),
            Input::Handshake { connection, handshake, .. } => self.handshake(*connection, handshake),
            Input::Request { connection, command: Command::Relay { to: None, payload }, .. } => {
                self.relay_to_all(*connection, payload);
            }
            Input::Media(MediaEvent::Answered { participant, generation, .. }) => {
                self.answered.insert((*participant, *generation));
            }
            _ => {}
        }
    }

    fn handshake(&mut self, connection: ConnectionKey, handshake: &Handshake) {
        let Some(Client { seat: Seat::Place(sender), .. }) = self.clients.get(&connection) else { return };
        let sender = *sender;
        let stays = |device| match &handshake.change {
            Some(change) => change.view.members.iter().any(|member| member.device == device),
            None => true,
        };
        self.due.told = self.group_but(sender, stays);
        let Handshake { epoch, message, .. } = handshake.clone();
        self.due.event = Some(Event::Handshake { from: sender, epoch, message });
        if let Some(change) = &handshake.change {
            self.follow(change, Some(sender), handshake.welcome.as_ref().map(|_| &change.added[..]));
        }
    }

    /// Returns who is there of the group, but for `sender` and those who do not stay.
    fn group_but(
        &self,
        sender: ParticipantId,
        stays: impl Fn(DeviceKey) -> bool,
    ) -> BTreeMap<ConnectionKey, bool> {
        self.places
            .iter()
            .filter(|(id, _)| **id != sender)
            .filter(|(_, place)| self.group.contains(&place.device) && stays(place.device))
            .filter_map(|(_, place)| place.connection)
            .map(|connection| (connection, self.clients[&connection].view.is_some()))
            .collect()
    }

    fn relay_to_all(&mut self, connection: ConnectionKey, payload: &RelayPayload) {
        let client = self.clients.get(&connection).filter(|client| client.view.is_some());
        let Some(Client { seat: Seat::Place(from), .. }) = client else { return };
        let from = *from;
        self.due.told = self.group_but(from, |_| true);
        self.due.event = Some(Event::Relayed { from, payload: payload.clone() });
    }

    /// The group is what the change says; who is not in it any more has no place.
    fn follow(&mut self, change: &GroupChange, by: Option<ParticipantId>, welcome: Option<&[DeviceKey]>) {
        let before = std::mem::replace(&mut self.group, Group::of(&change.view));
        let gone: Vec<(ParticipantId, DeviceKey)> = self
            .places
            .iter()
            .map(|(id, place)| (*id, place.device))
            .filter(|(_, device)| before.contains(device) && !self.group.contains(device))
            .collect();
        for (id, device) in gone {
            let by_host = change.removed.contains(&(device, Removal::ByHost));
            if by_host {
                self.removed.insert(id);
            }
            let due = if by_host { (CloseReason::Removed, by) } else { (CloseReason::Left, None) };
            let place = self.places.remove(&id);
            self.due
                .closed
                .extend(place.and_then(|place| place.connection).map(|connection| (connection, due)));
        }
        for place in self.places.values_mut().filter(|place| self.group.contains(&place.device)) {
            place.on = place.on.and(self.group.allowed(&place.device));
        }
        let there = |device: &&DeviceKey| {
            let with_connection = |place: &Place| place.device == **device && place.connection.is_some();
            self.places.values().any(with_connection)
                || self.lobby.values().any(|guest| guest.device == **device)
        };
        let welcomed = welcome.unwrap_or_default().iter().filter(|device| self.group.contains(device));
        self.due.welcomed = welcomed.filter(there).copied().collect();
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
                    (place.connection, place.left) = (None, Some(place.on));
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
            Output::Close { connection, reason, by } => self.closed(*connection, *reason, *by),
            Output::Media(command) => self.media(command),
            Output::Persist { record: Record::Removed { participant }, .. } => self.check(
                self.removed.contains(participant),
                Invariant::RemovedStaysOut,
                format!("{participant} was not removed"),
            ),
            Output::Persist { .. } | Output::Ended => {}
        }
    }

    fn media(&mut self, command: &MediaCommand) {
        let (participant, media) = match command {
            MediaCommand::Connect { participant, publishing, .. } => (participant, *publishing),
            MediaCommand::SetPublishing { participant, media } => (participant, *media),
            MediaCommand::Disconnect { .. } | MediaCommand::Subscribe { .. } => return,
        };
        let device = self.places.get(participant).map(|place| place.device);
        let allowed = device.map_or(ALL_OFF, |device| self.group.allowed(&device));
        self.check(
            within(media, allowed),
            Invariant::MediaAsAllowed,
            format!("{participant} publishes {media:?}, may {allowed:?}"),
        );
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

    fn closed(&mut self, connection: ConnectionKey, reason: CloseReason, by: Option<ParticipantId>) {
        if let Some(due) = self.due.closed.remove(&connection) {
            self.check(
                due == (reason, by),
                Invariant::RemovedStaysOut,
                format!("{connection:?} is closed as {reason:?} by {by:?}, not {due:?}"),
            );
        }
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
            Event::Done => {
                let early = |asked: &Asked| {
                    let command = matches!(asked, Asked::Command(Command::Leave | Command::Door { .. }));
                    command || matches!(asked, Asked::Handshake | Asked::Adopt)
                };
                joined || asked.as_ref().is_some_and(early)
            }
            Event::Door { .. } => joined || matches!(seat, Seat::Lobby(_)),
            Event::Handshake { .. } | Event::ResumeRenewed { .. } | Event::Welcomed { .. } => {
                matches!(seat, Seat::Place(_))
            }
            Event::Relayed { .. } => matches!(seat, Seat::Place(id) if self.is_in_group(id)),
            Event::Joined { .. } => matches!(seat, Seat::Place(_)) && !joined,
            _ => joined,
        };
        self.check(own_affair, Invariant::LobbyIsDeaf, format!("{seat:?} is sent {event:?}"));
        self.number(connection, seq, event);
        match event {
            Event::Waiting { you, .. } => self.waits(connection, asked, *you),
            Event::Admitted(admission) => self.was_admitted(now, connection, asked, admission),
            Event::Done => self.done(seat, asked),
            Event::Refused(_) => self.refused(now, seat, joined, asked),
            Event::Joined { media, generation, .. } => {
                self.check_answered(seat, *generation);
                self.joined(connection, seat, *media, event);
            }
            Event::MediaAnswer { generation, .. } => self.check_answered(seat, *generation),
            Event::ResumeRenewed { resume } => self.renewed(seat, resume),
            Event::Door { from, .. } => self.heard_at_the_door(connection, seat, *from),
            Event::Handshake { .. } => self.told(connection, seq, event),
            Event::Relayed { .. } if self.due.event.is_some() => self.told(connection, seq, event),
            Event::Welcomed { .. } => self.welcomed(seat),
            _ => self.seen(connection, event),
        }
    }

    /// A renewed token stands beside the one before: that may be all the client has got.
    fn renewed(&mut self, seat: Seat, resume: &ResumeToken) {
        let Seat::Place(id) = seat else { return };
        let Some(place) = self.places.get_mut(&id) else { return };
        place.token = resume.expose().to_owned();
        place.tokens.insert(place.token.clone());
        let device = place.device;
        self.tokens.insert(resume.expose().to_owned(), (id, device));
    }

    /// Who hears something at the door is a host in the room that a guest speaks to, or the guest that one speaks to.
    fn heard_at_the_door(&mut self, connection: ConnectionKey, seat: Seat, from: ParticipantId) {
        let speaker = self.asking.map(|(connection, _)| connection);
        let speaker_seat = speaker.and_then(|speaker| Some(self.clients.get(&speaker)?.seat));
        let spoken_to = match self.asked() {
            Some(Asked::Command(Command::Door { to, .. })) => Some(*to),
            _ => None,
        };
        let fits = match (speaker_seat, spoken_to, seat) {
            (Some(Seat::Lobby(guest)), Some(None), Seat::Place(_)) => {
                guest == from && self.hosts().contains(&connection)
            }
            (Some(Seat::Place(host)), Some(Some(to)), Seat::Lobby(guest)) => {
                host == from && to == guest && speaker.is_some_and(|host| self.hosts().contains(&host))
            }
            _ => false,
        };
        self.check(fits, Invariant::DoorBetweenTwo, format!("{seat:?} hears {from} at the door"));
    }

    fn told(&mut self, connection: ConnectionKey, seq: Option<RoomSeq>, event: &Event) {
        let due = self.due.told.remove(&connection);
        self.check(
            due == Some(seq.is_some()) && self.due.event.as_ref() == Some(event),
            Invariant::EveryHandshake,
            format!("{connection:?} gets {event:?} at {seq:?}, due {due:?}"),
        );
    }

    fn welcomed(&mut self, seat: Seat) {
        let Seat::Place(id) = seat else { return };
        let device = self.places.get(&id).map(|place| place.device);
        let due = device.is_some_and(|device| self.due.welcomed.remove(&device));
        self.check(due, Invariant::AdmittedOnly, format!("{id} is welcomed by nobody"));
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

    fn waits(&mut self, connection: ConnectionKey, asked: Option<Asked>, you: ParticipantId) {
        let Some(asked) = asked else { return };
        let Asked::Enter(device, Right::Link { .. }) = asked else {
            return self.breach(Invariant::AdmittedOnly, format!("{you} waits after {asked:?}"));
        };
        self.new_id(you);
        self.lobby.insert(you, Guest { device, said: 0 });
        if let Some(client) = self.clients.get_mut(&connection) {
            client.seat = Seat::Lobby(you);
        }
    }

    fn new_id(&mut self, id: ParticipantId) {
        let fresh = self.given.insert(id);
        self.check(fresh, Invariant::IdsOnce, format!("{id} is given again"));
    }

    fn was_admitted(
        &mut self,
        now: Instant,
        connection: ConnectionKey,
        asked: Option<Asked>,
        admission: &Admission,
    ) {
        let you = admission.you;
        let mut used = None;
        let mut most = self.places.get(&you).map_or(ALL_ON, |place| place.on);
        let device = match &asked {
            Some(Asked::Enter(device, Right::Resume(token))) => {
                let due = self.resumable(now, *device, token.expose());
                self.check(
                    due == Some(you),
                    Invariant::NewestTokenOnly,
                    format!("{you} resumed, due {due:?}"),
                );
                if !self.tokens.contains_key(token.expose()) {
                    // What an older token of an earlier epoch says cannot be checked against anything.
                    most = self.left.get(token.expose()).copied().unwrap_or(ALL_ON);
                    self.claimed.insert(you);
                }
                used = Some(token.expose().to_owned());
                *device
            }
            Some(Asked::Enter(device, right)) => {
                let known = self.group.contains(device) || self.place_of(device).is_some();
                let by_right = known || matches!(right, Right::Granted);
                self.check(by_right, Invariant::AdmittedOnly, format!("{you} by {right:?}"));
                match self.place_of(device) {
                    Some(held) => self.check(
                        held == you,
                        Invariant::OnePlaceADevice,
                        format!("{device:?} gets {you}, holds {held}"),
                    ),
                    None => self.new_id(you),
                }
                *device
            }
            None => {
                let Some(guest) = self.lobby.remove(&you) else {
                    return self.breach(Invariant::AdmittedOnly, format!("{you} did not wait"));
                };
                self.check(
                    self.group.contains(&guest.device),
                    Invariant::AdmittedOnly,
                    format!("{you} by nobody"),
                );
                guest.device
            }
            other => return self.breach(Invariant::AdmittedOnly, format!("{you} by {other:?}")),
        };
        self.check_admission(admission, device, most);
        let token = admission.resume.expose().to_owned();
        let fresh = self.tokens.insert(token.clone(), (you, device)).is_none();
        self.check(fresh, Invariant::NewestTokenOnly, "a token is issued twice");
        let seen = self.places.get(&you).is_some_and(|place| place.seen);
        let until = Some(now + RESUME_WINDOW);
        let tokens = BTreeSet::from([token.clone()]);
        let spent = match (self.places.get(&you), used) {
            (Some(place), Some(used)) if !place.tokens.contains(&used) => place.spent.clone(),
            (Some(place), _) => place.tokens.clone(),
            (None, _) => BTreeSet::new(),
        };
        let on = admission.media_allowed;
        let client = connection;
        let connection = Some(connection);
        let place = Place { device, connection, until, seen, on, left: None, token, tokens, spent };
        self.places.insert(you, place);
        if let Some(client) = self.clients.get_mut(&client) {
            client.seat = Seat::Place(you);
        }
    }

    /// What somebody is told of its place is so.
    fn check_admission(&mut self, admission: &Admission, device: DeviceKey, most: MediaState) {
        let you = admission.you;
        self.check(!self.removed.contains(&you), Invariant::RemovedStaysOut, format!("{you} is back"));
        self.check(
            within(admission.media_allowed, most),
            Invariant::NeverLessMuted,
            format!("{you} is allowed {:?}, had {most:?}", admission.media_allowed),
        );
        let in_group = self.group.contains(&device);
        self.check(
            !in_group || within(admission.media_allowed, self.group.allowed(&device)),
            Invariant::MediaAsAllowed,
            format!("{you} is allowed {:?}", admission.media_allowed),
        );
        self.check(
            (admission.epoch, admission.in_group, admission.role)
                == (self.group.epoch, in_group, self.group.role(&device)),
            Invariant::RoleOfTheGroup,
            format!("{admission:?}"),
        );
    }

    /// Returns the place that a token opens now, by the rules.
    fn resumable(&self, now: Instant, device: DeviceKey, token: &str) -> Option<ParticipantId> {
        if let Some((id, _)) = self.tokens.get(token) {
            return self
                .places
                .get(id)
                .filter(|place| place.device == device)
                .filter(|place| place.tokens.contains(token) || place.spent.contains(token))
                .map(|_| *id);
        }
        let (id, _) = self.earlier_tokens.get(token).filter(|(_, owner)| *owner == device)?;
        let in_time = self.claims_until.is_some_and(|until| now < until);
        let is_free = !self.claimed.contains(id) && self.place_of(&device).is_none();
        (in_time && is_free && !self.removed.contains(id)).then_some(*id)
    }

    fn done(&mut self, seat: Seat, asked: Option<Asked>) {
        let Some(Asked::Command(command)) = asked else { return };
        match (seat, &command) {
            (Seat::Lobby(me), Command::Door { to, .. }) => {
                let said = self.lobby.get_mut(&me).map_or(u32::MAX, |guest| {
                    guest.said += 1;
                    guest.said
                });
                let heard = to.is_none() && !self.hosts().is_empty() && said <= DOOR_MESSAGES_MAX;
                self.check(heard, Invariant::DoorBetweenTwo, format!("{me} says {command:?}"));
            }
            (Seat::Place(me), Command::SetMedia { media }) => {
                let refused = self.set_media(me, *media);
                self.check(
                    !refused,
                    Invariant::MediaAsAllowed,
                    format!("{me} is told that it shows {media:?}"),
                );
            }
            (
                Seat::Place(me),
                Command::Deny { .. } | Command::Door { .. } | Command::End | Command::Mute { .. },
            ) => {
                self.check(self.is_host(me), Invariant::HostsOnly, format!("{command:?}"));
                if let Command::Mute { participant, source } = command {
                    self.switch(participant, |on| on.set(source, false));
                }
            }
            _ => {}
        }
    }

    /// Somebody switches its sources: what the group leaves it is on from now on. Returns whether it is left less.
    fn set_media(&mut self, id: ParticipantId, media: MediaState) -> bool {
        let allowed = self.places.get(&id).map_or(ALL_OFF, |place| self.group.allowed(&place.device));
        self.switch(id, |on| *on = media.and(allowed));
        !within(media, allowed)
    }

    fn switch(&mut self, id: ParticipantId, change: impl FnOnce(&mut MediaState)) {
        if let Some(place) = self.places.get_mut(&id) {
            change(&mut place.on);
        }
    }

    fn refused(&mut self, now: Instant, seat: Seat, joined: bool, asked: Option<Asked>) {
        if let (Seat::Place(me), true, Some(Asked::Command(Command::SetMedia { media }))) =
            (seat, joined, &asked)
        {
            // Only what is not allowed is refused; the rest of the wish is done.
            let refused = self.set_media(me, *media);
            self.check(refused, Invariant::MediaAsAllowed, format!("{me} may not show {media:?}"));
        }
        if let Some(Asked::Enter(device, Right::Resume(token))) = asked {
            let due = self.resumable(now, device, token.expose());
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
        let Some(client) = self.clients.get_mut(&connection) else { return };
        let (Seat::Place(me), Some(view)) = (client.seat, client.view.as_mut()) else { return };
        // Who is host no longer hears no more of the lobby, so it forgets what it has heard.
        if let Event::ParticipantChanged { participant } = event
            && participant.id == me
            && participant.role != Role::Host
        {
            view.lobby.clear();
        }
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
        for (id, view) in &participants {
            self.check(
                self.group.contains(&view.device),
                Invariant::AdmittedOnly,
                format!("{id} is in the room"),
            );
            self.check(
                view.role == self.group.role(&view.device),
                Invariant::RoleOfTheGroup,
                format!("{id} is {:?}", view.role),
            );
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
        self.check_due();
        self.check_devices(room);
        let bounded = self.places.len() <= ROOM_PARTICIPANTS_MAX && self.lobby.len() <= LOBBY_GUESTS_MAX;
        let entered = self.clients.values().filter(|client| client.seat != Seat::Stranger).count();
        self.check(bounded && room.connections_len() == entered, Invariant::Bounded, "the room holds more");
    }

    /// What a handshake or an adoption made due has come.
    fn check_due(&mut self) {
        let Due { told, welcomed, closed, .. } = std::mem::take(&mut self.due);
        self.check(told.is_empty(), Invariant::EveryHandshake, format!("{told:?} got nothing"));
        self.check(welcomed.is_empty(), Invariant::AdmittedOnly, format!("{welcomed:?} not welcomed"));
        self.check(closed.is_empty(), Invariant::RemovedStaysOut, format!("{closed:?} still there"));
        let left_waiting = self.lobby.values().find(|guest| self.group.contains(&guest.device)).cloned();
        self.check(left_waiting.is_none(), Invariant::AdmittedOnly, format!("{left_waiting:?} waits on"));
    }

    /// Every device is in one place, and acts by the connection it holds it with.
    fn check_devices(&mut self, room: &Room) {
        let places = self.places.values().map(|place| place.device);
        let devices: Vec<_> = places.chain(self.waiting_devices()).collect();
        let distinct: BTreeSet<_> = devices.iter().collect();
        self.check(distinct.len() == devices.len(), Invariant::OnePlaceADevice, format!("{devices:?}"));
        let mut found = Vec::new();
        for (connection, client) in &self.clients {
            let due = match client.seat {
                Seat::Place(id) => self.places.get(&id).map(|place| (id, place.device)),
                _ => None,
            };
            if room.actor(*connection) != due {
                let what = format!("{:?} acts, not {due:?}", room.actor(*connection));
                found.push((Invariant::OnePlaceADevice, what));
            }
        }
        self.breaches.append(&mut found);
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
            let host = self.is_host(id);
            let lobby: BTreeSet<_> = self.lobby.keys().copied().collect();
            if host && view.lobby != lobby {
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
            Some(Asked::Adopt | Asked::Enter(..) | Asked::Handshake) => true,
            Some(Asked::Command(command)) => !matches!(
                command,
                Command::End | Command::Join { .. } | Command::Offer { .. } | Command::Subscribe { .. }
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
