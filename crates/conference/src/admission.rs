//! The door: knocking, coming as host, and a host's word on those who wait.

use std::time::Instant;

use sabha_protocol::{
    DisplayName, MediaGeneration, MediaState, ParticipantId, Rule,
    limits::RESUME_WINDOW,
    secret::ResumeToken,
    wire::server::{CloseReason, LobbyOutcome, Role},
};

use crate::{
    actor::Host,
    connections::Seat,
    ids::Next,
    io::{Admission, ConnectionKey, Event, Refusal, Right},
    lobby::{self, Guest},
    outbox::Asker,
    records::Pending,
    room::{Reply, Room},
    roster::{ALL_ON, Place, Stage},
    token::{self, Claim},
};

impl Room {
    /// Lets a connection come as far as its right goes. Answered by `Admitted` or `Waiting`.
    pub(crate) fn enter(
        &mut self,
        now: Instant,
        asker: Asker,
        name: DisplayName,
        right: Right,
    ) -> Result<Reply, Refusal> {
        // ROOM-01: once. A refused try may be followed by another.
        if self.connections.is_open(asker.connection) {
            return Err(Refusal::new(Rule::Order, "this connection has entered already"));
        }
        match right {
            Right::Host => self.enter_as_host(now, asker, name),
            Right::Link => self.knock(now, asker, name),
            Right::Resume(token) => self.resume(now, asker, name, &token),
        }
    }

    fn enter_as_host(&mut self, now: Instant, asker: Asker, name: DisplayName) -> Result<Reply, Refusal> {
        self.check_room_for_one()?;
        let id = self.new_id()?;
        self.roster.insert(id, new_place(now, asker.connection, name, Role::Host, ALL_ON));
        self.connections.put(asker.connection, Seat::Place(id));
        if let Some(admitted) = self.admission(id) {
            self.outbox.answer(asker, None, admitted);
        }
        Ok(Reply::Other)
    }

    fn knock(&mut self, now: Instant, asker: Asker, name: DisplayName) -> Result<Reply, Refusal> {
        // ROOM-03
        if self.lobby.is_full() {
            return Err(Refusal::new(Rule::LobbyBound, "too many people are waiting"));
        }
        let you = self.new_id()?;
        let guest = Guest { connection: asker.connection, name, since: now };
        let knocked = Event::Knocked { guest: lobby::view(you, &guest, now) };
        self.lobby.insert(you, guest);
        self.connections.put(asker.connection, Seat::Lobby(you));
        let host_present = self.is_host_present();
        self.outbox.answer(asker, None, Event::Waiting { you, host_present });
        self.tell_hosts(knocked);
        Ok(Reply::Other)
    }

    /// ROOM-02: the only way from the lobby into the room.
    pub(crate) fn admit(&mut self, now: Instant, _: &Host, id: ParticipantId) -> Result<Reply, Refusal> {
        if !self.lobby.contains(id) {
            return Err(not_waiting());
        }
        self.check_room_for_one()?;
        let guest = self.lobby.remove(id).ok_or_else(not_waiting)?;
        self.roster.insert(id, new_place(now, guest.connection, guest.name, Role::Participant, ALL_ON));
        self.connections.put(guest.connection, Seat::Place(id));
        if let Some(admitted) = self.admission(id) {
            self.outbox.tell(guest.connection, admitted);
        }
        self.tell_hosts(Event::LobbyLeft { guest: id, outcome: LobbyOutcome::Admitted });
        Ok(Reply::Done)
    }

    pub(crate) fn deny(&mut self, host: &Host, id: ParticipantId) -> Result<Reply, Refusal> {
        let guest = self.lobby.remove(id).ok_or_else(not_waiting)?;
        self.close(guest.connection, CloseReason::Denied, Some(host.name.clone()));
        self.tell_hosts(Event::LobbyLeft { guest: id, outcome: LobbyOutcome::Denied });
        Ok(Reply::Done)
    }

    /// Returns what the holder of a place is told about it, with a token that replaces all before. ROOM-09.
    pub(crate) fn admission(&mut self, id: ParticipantId) -> Option<Event> {
        let place = self.roster.get_mut(id)?;
        place.token += 1;
        let (role, media_allowed) = (place.role, place.media);
        Some(Event::Admitted(Admission {
            you: id,
            role,
            resume: self.token(id)?,
            title: self.title.clone(),
            room_epoch: self.room_epoch,
            media_allowed,
        }))
    }

    /// Gives a member a token that says how its place is now. The one it has stays as good as long as the
    /// server lives, since this one may be lost with the connection. ROOM-11.
    pub(crate) fn renew_token(&mut self, id: ParticipantId) {
        if let Some(resume) = self.token(id) {
            self.tell_member(id, Event::ResumeRenewed { resume });
        }
    }

    fn token(&self, id: ParticipantId) -> Option<ResumeToken> {
        let place = self.roster.get(id)?;
        let claim = Claim {
            meeting: self.meeting,
            boot_epoch: self.boot_epoch,
            room_epoch: self.room_epoch,
            participant: id,
            role: place.role,
            media: place.media,
            counter: place.token,
        };
        Some(token::sign(&self.resume_key, claim))
    }

    /// ROOM-05
    pub(crate) fn check_room_for_one(&self) -> Result<(), Refusal> {
        if self.roster.is_full() { Err(Refusal::new(Rule::RoomBound, "the room is full")) } else { Ok(()) }
    }

    fn new_id(&mut self) -> Result<ParticipantId, Refusal> {
        match self.ids.next() {
            Next::Ready => {}
            Next::Reserve(upto) => {
                self.records.check_room_for_one()?;
                self.persist(Pending::Ids { upto });
                self.ids.reserved(upto);
            }
            Next::Exhausted => {
                return Err(Refusal::new(Rule::Capacity, "this meeting has seen too many people"));
            }
        }
        Ok(self.ids.give())
    }
}

/// Returns a place whose holder may join with at most `media` on.
pub(crate) fn new_place(
    now: Instant,
    connection: ConnectionKey,
    name: DisplayName,
    role: Role,
    media: MediaState,
) -> Place {
    Place {
        name,
        role,
        media,
        generation: MediaGeneration(0),
        token: 0,
        spent_token: None,
        in_roster: false,
        stage: Stage::Admitted { connection, until: now + RESUME_WINDOW },
    }
}

fn not_waiting() -> Refusal {
    Refusal::new(Rule::PresentOnly, "nobody of that number is waiting")
}
