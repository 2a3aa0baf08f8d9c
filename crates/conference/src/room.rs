//! The room: takes one input at a time, hands each to the file that keeps its rules, and answers the request.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use sabha_protocol::{
    BootEpoch, DeviceKey, MeetingId, ParticipantId, RoomEpoch, RoomSeq, Rule, account::UserId,
    limits::ABANDONED_ROOM, opaque::SealedTitle, wire::server::CloseReason,
};

use crate::{
    bans::Bans,
    connections::{Connections, Seat},
    floor::Floor,
    group::Group,
    ids::Ids,
    io::{Command, ConnectionKey, Event, Input, Output, ParticipantView, Refusal, RoomConfig},
    lobby::Lobby,
    outbox::{Asker, Outbox},
    records::{Pending, Records},
    roster::Roster,
};

/// One meeting while it is open on this server.
///
/// Four kinds of method: [`handle_input`](Self::handle_input) changes the room; [`poll_output`](Self::poll_output)
/// takes what it wants done; [`poll_timeout`](Self::poll_timeout) says when to call again; the others only look.
///
/// The loop, and the caller's part of the bargain:
/// - After each input, call `poll_output` until it returns `None`, and carry the outputs out in that order.
/// - Call `handle_input(now, Input::Timeout)` at the time `poll_timeout` returns, unless another input came first.
///   `now` never goes back.
/// - Before an `Enter` is given in, check that the device is the connection's own, its grant, its tag for the link, the
///   cooldown after a denial, rates and sizes.
/// - Keep the group's state, the delivery service, outside, and tell the room of every change: `RoomConfig::group` is
///   how it is when the room opens; from then on each handshake it accepts and each adoption is given in at once, in
///   that order. Before a handshake is given to the delivery service, ask [`actor`](Self::actor) who sends it; if
///   nobody, or if the handshake is not by the leaf of that device, refuse it. Once accepted it cannot be refused
///   any more: the room follows.
/// - Report every connection's end once with `Input::Disconnected`, also of those that `Output::Close` named,
///   and give nothing in for it afterwards. Deliver to a connection in the order of the outputs.
/// - Write `Output::Persist` records in order, and report each once with `Input::Stored`.
/// - After `Output::Ended`, drop the room; it ignores any further input.
///
/// # Order
///
/// A `Send` with a `seq` is one event in the order of the room; every member in the room gets each of them, with
/// consecutive numbers. These are `ParticipantJoined`, `ParticipantChanged`, `ParticipantLeft`, `Handshake` and
/// `Relayed` to all; the sender of one of the last two gets its `Done` under the same number instead. `Joined` has no
/// number of its own but says up to which one its list is complete, its own arrival included. What goes to one
/// member or to hosts only (lobby events, `Relayed` to one, `Muted`, answers) has no number, and `Speakers` and
/// `QualityChanged` have none since only the latest matters.
///
/// Who is in the group but has not joined yet gets each `Handshake` and each `Relayed` to all too, without a number:
/// between two of them and `Joined` nothing of the group's order is missing. Who was let in by a commit gets
/// `Welcomed` in place of it.
///
/// ```
/// use std::{
///     collections::BTreeSet,
///     time::{Duration, Instant},
/// };
///
/// use sabha_conference::{ConnectionKey, Event, GroupView, Input, Output, Right, Room, RoomConfig, Visitor};
/// use sabha_policy::Controls;
/// use sabha_protocol::{
///     BootEpoch, DeviceKey, GroupEpoch, MeetingId, ParticipantId, RequestId, RoomEpoch, limits::RESUME_WINDOW,
/// };
///
/// let now = Instant::now();
/// let mut room = Room::new(
///     RoomConfig {
///         meeting: MeetingId::from_bytes([1; 20]),
///         title: None,
///         group: GroupView {
///             epoch: GroupEpoch(0),
///             members: Vec::new(),
///             controls: Controls::default(),
///             floor: Controls::default(),
///             suspended: false,
///             banned: BTreeSet::new(),
///         },
///         floor: Controls::default(),
///         boot_epoch: BootEpoch(1),
///         room_epoch: RoomEpoch(1),
///         resume_key: [2; 32],
///         removed: Vec::new(),
///         banned_accounts: Vec::new(),
///         next_participant: ParticipantId(1),
///         claim_window: RESUME_WINDOW,
///         kept_for: Duration::ZERO,
///     },
///     now,
/// );
/// let enter = Input::Enter {
///     connection: ConnectionKey(1),
///     request: RequestId(1),
///     device: DeviceKey::from_bytes([3; 32]),
///     right: Right::Link { knock: Some(vec![1].try_into()?) },
///     visitor: Visitor::default(),
/// };
/// room.handle_input(now, enter);
///
/// let mut waits = false;
/// while let Some(output) = room.poll_output() {
///     waits |= matches!(output, Output::Send { event: Event::Waiting { host_present: false, .. }, .. });
/// }
/// assert!(waits);
/// # Ok::<(), sabha_protocol::opaque::InvalidOpaque>(())
/// ```
pub struct Room {
    pub(crate) meeting: MeetingId,
    pub(crate) title: Option<SealedTitle>,
    pub(crate) group: Group,
    pub(crate) boot_epoch: BootEpoch,
    pub(crate) room_epoch: RoomEpoch,
    pub(crate) resume_key: [u8; 32],
    /// Until then places of earlier epochs can be claimed.
    pub(crate) claims_until: Instant,
    /// Places of earlier epochs that were claimed; empty after `claims_until`.
    pub(crate) claimed: BTreeSet<ParticipantId>,
    pub(crate) bans: Bans,
    /// Accounts that are kept out, by the banned device that each was signed in with.
    pub(crate) banned_accounts: BTreeMap<DeviceKey, UserId>,
    pub(crate) ids: Ids,
    pub(crate) connections: Connections,
    pub(crate) lobby: Lobby,
    pub(crate) roster: Roster,
    pub(crate) records: Records,
    pub(crate) outbox: Outbox,
    /// Position of the last event in the room's order.
    pub(crate) seq: RoomSeq,
    /// What the lobby was last told about hosts being there.
    host_present: bool,
    /// Since when no connection is there, while none is.
    pub(crate) floor: Floor,
    pub(crate) empty_since: Option<Instant>,
    /// Until when it does not count as abandoned.
    kept_until: Instant,
    pub(crate) over: bool,
}

/// How a request that was obeyed is answered.
pub(crate) enum Reply {
    /// Now, with `Done`.
    Done,
    /// Now, with `Done` at this position of the order.
    DoneAt(RoomSeq),
    /// Later, by another event, or not at all.
    Other,
}

impl Room {
    /// Opens the room: nobody is in it.
    pub fn new(config: RoomConfig, now: Instant) -> Self {
        Self {
            meeting: config.meeting,
            title: config.title,
            group: Group::of(config.group),
            boot_epoch: config.boot_epoch,
            room_epoch: config.room_epoch,
            resume_key: config.resume_key,
            claims_until: now + config.claim_window,
            kept_until: now + config.kept_for,
            claimed: BTreeSet::new(),
            bans: Bans::of(config.removed),
            banned_accounts: config.banned_accounts.into_iter().collect(),
            ids: Ids::starting_at(config.next_participant),
            connections: Connections::default(),
            lobby: Lobby::default(),
            roster: Roster::default(),
            records: Records::default(),
            outbox: Outbox::default(),
            seq: RoomSeq(0),
            host_present: false,
            floor: Floor::of(config.floor),
            empty_since: Some(now),
            over: false,
        }
    }

    /// Takes one input. Never fails: what is not allowed is answered with a refusal and changes nothing.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        if self.over {
            return;
        }
        // Who sent a handshake was settled when the delivery service took it.
        let sender = match &input {
            Input::Handshake { connection, .. } => self.actor(*connection).map(|(id, _)| id),
            _ => None,
        };
        // Deadlines first, so that what is allowed does not depend on how promptly the timer fired.
        self.expire(now);
        match input {
            Input::Adopted { connection, request, change } => {
                self.handle_adoption(now, Asker { connection, request }, change);
            }
            Input::Cancelled => self.cancel(),
            Input::Disconnected { connection } => self.drop_connection(now, connection),
            Input::Enter { connection, request, device, right, visitor } => {
                self.answer(Asker { connection, request }, |room, asker| {
                    room.enter(now, asker, device, right, visitor)
                });
            }
            Input::Handshake { connection, request, handshake } => {
                self.handle_handshake(now, sender, Asker { connection, request }, handshake);
            }
            Input::Floor(floor) => self.demand(now, floor),
            Input::Media(event) => self.handle_media(now, event),
            Input::Request { connection, request, command } => {
                self.answer(Asker { connection, request }, |room, asker| room.obey(asker, command));
            }
            Input::Stored { ticket, durable } => self.handle_stored(now, ticket, durable),
            Input::Timeout => {}
        }
        if !self.over {
            self.let_in_late(now);
            self.note_floor(now);
            self.tell_lobby_about_hosts();
            self.note_whether_empty(now);
        }
    }

    /// Returns the next thing the room wants done, or `None` when it has said everything.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outbox.pop()
    }

    /// Returns when the room wants `Input::Timeout`, or `None` if nothing is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.over {
            return None;
        }
        self.roster.next_deadline().into_iter().chain(self.abandoned_at()).chain(self.floor_deadline()).min()
    }

    /// Returns everybody who is in the room, those included whose connection dropped a moment ago.
    pub fn participants(&self) -> impl Iterator<Item = ParticipantView> {
        self.roster.views()
    }

    /// Returns who acts on a connection: the place it holds and the device it came by. `None` for a stranger, in the
    /// lobby, and once the room has closed it.
    pub fn actor(&self, connection: ConnectionKey) -> Option<(ParticipantId, DeviceKey)> {
        match self.connections.seat(connection)? {
            Seat::Place(id) => Some((id, self.roster.get(id)?.device)),
            Seat::Lobby(_) => None,
        }
    }

    /// Returns how many guests wait.
    pub fn lobby_len(&self) -> usize {
        self.lobby.len()
    }

    /// Returns how many connections have entered and are still there.
    pub fn connections_len(&self) -> usize {
        self.connections.open().count()
    }

    /// Returns whether `Output::Ended` was said: the room does nothing any more.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Runs a request and answers it, unless its connection was closed before it arrived. ROOM-20.
    fn answer(&mut self, asker: Asker, run: impl FnOnce(&mut Self, Asker) -> Result<Reply, Refusal>) {
        if self.connections.is_closed(asker.connection) {
            return;
        }
        match run(self, asker) {
            Ok(Reply::Done) => self.outbox.answer(asker, None, Event::Done),
            Ok(Reply::DoneAt(seq)) => self.outbox.answer(asker, Some(seq), Event::Done),
            Ok(Reply::Other) => {}
            Err(refusal) => self.outbox.refuse(asker, refusal),
        }
    }

    /// Does what a connection asks for, as far as the place it has reached allows. ROOM-01.
    fn obey(&mut self, asker: Asker, command: Command) -> Result<Reply, Refusal> {
        let me = match self.connections.seat(asker.connection) {
            Some(Seat::Place(id)) => id,
            Some(Seat::Lobby(guest)) => return self.obey_guest(asker, guest, command),
            None => return Err(Refusal::new(Rule::Order, "enter first")),
        };
        // A `Join` may be sent before `Admitted` has arrived; whatever follows shows that the new token did.
        if !matches!(command, Command::Join { .. })
            && let Some(place) = self.roster.get_mut(me)
        {
            place.spent_token = None;
        }
        match command {
            Command::Deny { guest } => self.deny(&self.host(me)?, guest),
            Command::Door { to, payload } => self.speak_to_lobby(&self.host(me)?, to, payload),
            Command::End => self.end(asker, self.host(me)?),
            Command::Join { offer, media } => self.join(asker, me, offer, media),
            Command::Leave => self.leave(asker, me),
            Command::Mute { participant, source } => self.mute(&self.host(me)?, participant, source),
            Command::Offer { offer } => self.replace_offer(asker, &self.member(me)?, offer),
            Command::Relay { to, payload } => self.relay(&self.member(me)?, to, payload),
            Command::SetMedia { media } => self.set_media(&self.member(me)?, media),
            Command::Subscribe { tiles } => self.subscribe(&self.member(me)?, tiles),
        }
    }

    /// Does what a guest asks for: it may speak to the hosts, and go. ROOM-01, ROOM-02.
    fn obey_guest(&mut self, asker: Asker, guest: ParticipantId, command: Command) -> Result<Reply, Refusal> {
        match command {
            Command::Door { to, payload } => self.speak_from_lobby(guest, to, payload),
            Command::Join { .. } => Err(Refusal::new(Rule::AdmittedOnly, "a host has not let you in yet")),
            Command::Leave => Ok(self.withdraw(asker, guest)),
            _ => Err(Refusal::new(Rule::Order, "you are not in the room")),
        }
    }

    /// Gives up what is overdue.
    fn expire(&mut self, now: Instant) {
        for id in self.roster.overdue(now) {
            self.give_up(id);
        }
        if now >= self.claims_until {
            self.claimed.clear();
            self.bans.prune();
        }
        if self.abandoned_at().is_some_and(|at| at <= now) {
            self.abandon(now);
        }
        self.end_below_floor(now);
    }

    /// Tells each guest when the first host comes or the last one goes. ROOM-02: and nothing else of the room.
    fn tell_lobby_about_hosts(&mut self) {
        let host_present = self.is_host_present();
        if std::mem::replace(&mut self.host_present, host_present) == host_present {
            return;
        }
        let guests: Vec<_> = self.lobby.iter().map(|(you, guest)| (you, guest.connection)).collect();
        for (you, connection) in guests {
            let waiting = self.waiting(you);
            self.outbox.tell(connection, waiting);
        }
    }

    fn note_whether_empty(&mut self, now: Instant) {
        if !self.connections.is_empty() {
            self.empty_since = None;
        } else if self.empty_since.is_none() {
            self.empty_since = Some(now);
        }
    }

    /// Returns when the room ends itself if nobody comes; nothing while its end is on the way to storage.
    pub(crate) fn abandoned_at(&self) -> Option<Instant> {
        let since = self.empty_since.filter(|_| !self.records.is_ending())?;
        Some((since + ABANDONED_ROOM).max(self.kept_until))
    }

    pub(crate) fn is_host_present(&self) -> bool {
        self.roster.hosts().next().is_some()
    }

    /// Tells everybody in the room but `except`, at the next position of the order, and returns that. ROOM-08.
    pub(crate) fn broadcast(&mut self, except: Option<ParticipantId>, event: Event) -> RoomSeq {
        self.seq = self.seq.next();
        let to = self
            .roster
            .joined()
            .filter(|(id, ..)| Some(*id) != except)
            .map(|(_, _, connection)| connection)
            .collect();
        self.outbox.tell_all(to, Some(self.seq), event);
        self.seq
    }

    /// Tells everybody in the room how a participant is now.
    pub(crate) fn broadcast_change(&mut self, id: ParticipantId) {
        if let Some(participant) = self.roster.seen(id).map(|place| place.view(id)) {
            self.broadcast(None, Event::ParticipantChanged { participant });
        }
    }

    /// Tells all hosts who are in the room.
    pub(crate) fn tell_hosts(&mut self, event: Event) {
        self.outbox.tell_all(self.roster.hosts().collect(), None, event);
    }

    /// Sends a record to storage; the caller has asked for room.
    pub(crate) fn persist(&mut self, pending: Pending) {
        let record = pending.record();
        let ticket = self.records.issue(pending);
        self.outbox.push(Output::Persist { ticket, record });
    }

    /// Answers a request that had to wait, if whoever asked is still there.
    pub(crate) fn answer_late(&mut self, asker: Asker, answer: Result<Event, Refusal>) {
        if self.connections.is_open(asker.connection) {
            self.outbox.answer(asker, None, answer.unwrap_or_else(Event::Refused));
        }
    }

    /// Closes a connection with a last word.
    pub(crate) fn close(
        &mut self,
        connection: ConnectionKey,
        reason: CloseReason,
        by: Option<ParticipantId>,
    ) {
        self.connections.close(connection);
        self.outbox.close(connection, reason, by);
    }
}
