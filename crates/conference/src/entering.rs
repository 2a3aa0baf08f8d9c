//! Entering: knocking, or taking a place that the device has a right to.
//!
//! A place alone is worth nothing: only who is in the group joins with it, see `joining.rs`.

use std::time::Instant;

use sabha_policy::{Action, Actor, Link, may};
use sabha_protocol::{
    DeviceKey, MediaState, ParticipantId, Rule, Source,
    opaque::KnockPayload,
    secret::ResumeToken,
    wire::server::{CloseReason, LobbyOutcome, Role},
};

use crate::{
    connections::Seat,
    ids::Next,
    io::{Admission, ConnectionKey, Event, GroupMember, Refusal, Right, Visitor},
    lobby::{self, Guest},
    outbox::Asker,
    records::Pending,
    room::{Reply, Room},
    roster::{ALL_ON, Place},
    token::{self, Claim},
};

impl Room {
    /// Lets a connection come as far as its right goes. Answered by `Admitted` or `Waiting`.
    pub(crate) fn enter(
        &mut self,
        now: Instant,
        asker: Asker,
        device: DeviceKey,
        right: Right,
        visitor: Visitor,
    ) -> Result<Reply, Refusal> {
        // ROOM-01: once. A refused try may be followed by another.
        if self.connections.is_open(asker.connection) {
            return Err(Refusal::new(Rule::Order, "this connection has entered already"));
        }
        self.check_coming(visitor)?;
        match right {
            Right::Resume(token) => self.resume(now, asker, (device, visitor), &token),
            Right::Member if !self.group.contains(&device) => {
                Err(Refusal::new(Rule::AdmittedOnly, "this device is not in the group"))
            }
            // ROOM-30
            Right::Link { .. } if self.group.is_banned(&device) => {
                Err(Refusal::new(Rule::RemovedStaysOut, "a host removed you from this meeting"))
            }
            Right::Link { knock } if !self.is_admitted(&device) => {
                self.knock(now, asker, (device, visitor), knock)
            }
            // A guest may not know yet that a host has let it in: it need not knock again.
            Right::Granted | Right::Member | Right::Link { .. } => {
                self.take_place(now, asker, device, visitor)
            }
        }
    }

    /// Returns whether a host has let this device in before, as far as the room knows.
    fn is_admitted(&self, device: &DeviceKey) -> bool {
        self.group.contains(device) || self.roster.of_device(device).is_some()
    }

    /// Gives a device its place: the one it holds, or else a new one. ROOM-21.
    fn take_place(
        &mut self,
        now: Instant,
        asker: Asker,
        device: DeviceKey,
        visitor: Visitor,
    ) -> Result<Reply, Refusal> {
        let id = if let Some(id) = self.roster.of_device(&device) {
            self.take_over(now, (asker.connection, visitor), id, None);
            id
        } else {
            self.check_room_for_one()?;
            let id = self.new_id()?;
            self.open_place(now, (asker.connection, visitor), id, device, None);
            id
        };
        self.answer_admitted(asker, id);
        Ok(Reply::Other)
    }

    fn knock(
        &mut self,
        now: Instant,
        asker: Asker,
        (device, visitor): (DeviceKey, Visitor),
        knock: Option<KnockPayload>,
    ) -> Result<Reply, Refusal> {
        // ORG.LINK.PRIVATE: what goes by mail is no personal link. Who knocks with the meeting's secret may have one: that is
        // sealed, and hosts see it.
        if knock.is_none() && self.group.controls().link() == Link::Personal {
            let message = "by policy who comes in has a personal link, and the one that came by mail is none";
            return Err(Refusal::new(Rule::LinkPrivate, message));
        }
        // ROOM-03: a guest that knocks again takes no second seat.
        if self.lobby.is_full() && self.lobby.of_device(&device).is_none() {
            return Err(Refusal::new(Rule::LobbyBound, "too many people are waiting"));
        }
        let you = self.new_id()?;
        self.withdraw_older(&device);
        let connection = asker.connection;
        let guest = Guest { connection, device, visitor, knock, since: now, door_messages: 0 };
        let knocked = Event::Knocked { guest: lobby::view(you, &guest, now) };
        self.lobby.insert(you, guest);
        self.connections.put(asker.connection, Seat::Lobby(you));
        let waiting = self.waiting(you);
        self.outbox.answer(asker, None, waiting);
        self.tell_hosts(knocked);
        Ok(Reply::Other)
    }

    /// Opens a place, whose holder may join with at most `media` on; the caller has asked whether there is room.
    pub(crate) fn open_place(
        &mut self,
        now: Instant,
        (connection, visitor): (ConnectionKey, Visitor),
        id: ParticipantId,
        device: DeviceKey,
        held: Option<MediaState>,
    ) {
        self.withdraw_older(&device);
        let leaf = self.group.member(&device);
        let media = held.unwrap_or_else(|| self.at_entry(leaf));
        let mut place = Place::new(now, connection, device, leaf, media);
        place.account = visitor.account;
        self.roster.insert(id, place);
        self.connections.put(connection, Seat::Place(id));
    }

    /// Returns the most that may be on when somebody comes in for the first time. ROOM-26
    fn at_entry(&self, leaf: Option<GroupMember>) -> MediaState {
        let actor =
            if leaf.is_some_and(|leaf| leaf.role == Role::Host) { Actor::HOST } else { Actor::PARTICIPANT };
        let mut media = ALL_ON;
        for source in Source::ALL {
            media.set(source, may(self.group.controls(), actor, Action::EnterWith(source)).is_allowed());
        }
        media
    }

    /// Ends the wait of a device that comes on another connection. ROOM-21.
    fn withdraw_older(&mut self, device: &DeviceKey) {
        let Some(guest) = self.lobby.of_device(device) else { return };
        if let Some(Guest { connection, .. }) = self.lobby.remove(guest) {
            self.close(connection, CloseReason::Replaced, None);
        }
        self.tell_hosts(Event::LobbyLeft { guest, outcome: LobbyOutcome::Withdrew });
    }

    /// Returns what a guest is told of its wait.
    pub(crate) fn waiting(&self, you: ParticipantId) -> Event {
        Event::Waiting { you, host_present: self.is_host_present(), title: self.title.clone() }
    }

    pub(crate) fn answer_admitted(&mut self, asker: Asker, id: ParticipantId) {
        if let Some(admitted) = self.admission(id) {
            self.outbox.answer(asker, None, admitted);
        }
    }

    /// Returns what the holder of a place is told about it, with a token that replaces all before. ROOM-09.
    pub(crate) fn admission(&mut self, id: ParticipantId) -> Option<Event> {
        let place = self.roster.get_mut(id)?;
        place.token += 1;
        let (role, in_group, media_allowed) = (place.role(), place.leaf.is_some(), place.media);
        Some(Event::Admitted(Admission {
            you: id,
            role,
            epoch: self.group.epoch(),
            in_group,
            resume: self.token(id)?,
            title: self.title.clone(),
            room_epoch: self.room_epoch,
            media_allowed,
        }))
    }

    /// Gives the holder of a place, joined or not, a token that says how the place is now. The one it has stays as
    /// good as long as the server lives, since this one may be lost with the connection. ROOM-11.
    pub(crate) fn renew_token(&mut self, id: ParticipantId) {
        let connection = self.roster.get(id).and_then(Place::connection);
        if let (Some(connection), Some(resume)) = (connection, self.token(id)) {
            self.outbox.tell(connection, Event::ResumeRenewed { resume });
        }
    }

    fn token(&self, id: ParticipantId) -> Option<ResumeToken> {
        let place = self.roster.get(id)?;
        let claim = Claim {
            meeting: self.meeting,
            boot_epoch: self.boot_epoch,
            room_epoch: self.room_epoch,
            participant: id,
            device: place.device,
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
