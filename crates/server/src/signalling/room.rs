//! One task for each open room. It owns the room's state machine and its group, and is the only one to touch them.
//!
//! Everything that happens to the room comes through one bounded mailbox; everything the room wants is
//! carried out here: frames into outboxes, commands to the media plane, records to the store. The task
//! ends when the room is over, when nobody is left in it, or by a panic, which costs this room only.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sabha_conference::{
    Command, ConnectionKey, Event, Input, Output, Record, Refusal, Right, Room, RoomConfig, Ticket, Visitor,
};
use sabha_policy::Controls;
use sabha_protocol::{
    DeviceKey, MeetingId, RequestId, Rule,
    limits::KNOCK_COOLDOWN,
    opaque::{GrantBytes, KnockPayload},
    secret::ResumeToken,
    wire::{ServerFrame, advisory_policy::cited, server::CloseReason},
};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    handshakes::{self, Actor, GroupRequest, Handshakes},
    outbox::{Outbox, encode},
    pace::Pace,
    passcodes::Passcodes,
    peers::Peers,
    rooms::Census,
    translate,
};
use crate::{clock, drain::Phase, metrics, policy::Floor, storage::Store, throttle::neighbourhood};

/// Messages that may wait for a room. Connections wait for room in it; the media plane does not.
pub(super) const MAILBOX_MAX: usize = 4096;

/// Longest that somebody waits for its turn at the door. Well below the time after which a silent client is given up.
const DOOR_WAIT_MAX: Duration = Duration::from_secs(5);

/// Records that may wait for the disk; the room itself keeps fewer on their way.
const RECORDS_MAX: usize = 256;

/// Denied addresses remembered in one room.
const COOLDOWNS_MAX: usize = 1024;

/// How often commands that a busy shard did not take are offered again.
const MEDIA_RETRY: Duration = Duration::from_millis(20);

/// What happens to a room.
#[derive(Debug)]
pub(super) enum Message {
    /// Who planned the meeting does not want it any more.
    Cancelled,
    /// A connection is gone.
    Disconnected { connection: ConnectionKey },
    /// Somebody wants in. Told whether it was let in or waits, once that is decided.
    Enter {
        arrival: Arrival,
        request: RequestId,
        device: DeviceKey,
        claim: Claim,
        verdict: oneshot::Sender<bool>,
    },
    /// A connection asks for something that is about the group. Told once that is done, well or not.
    Group { connection: ConnectionKey, request: RequestId, asked: GroupRequest, handled: oneshot::Sender<()> },
    /// The media plane says something.
    Media(sabha_sfu::Event),
    /// A fault of ours.
    #[cfg(test)]
    Panic,
    /// A connection asks for something.
    Request { connection: ConnectionKey, request: RequestId, command: Command },
    /// A record was written, or could not be.
    Stored { ticket: Ticket, durable: bool },
}

/// The way to a room's task. Cloned freely.
#[derive(Clone, Debug)]
pub(super) struct Mailbox {
    messages: mpsc::Sender<Message>,
    overrun: Arc<AtomicBool>,
    door: Arc<Pace>,
}

impl Mailbox {
    /// Returns a mailbox and its other end. Strangers say so much a second through it.
    pub(super) fn new(door_per_second: u32) -> (Self, mpsc::Receiver<Message>) {
        let (messages, receiver) = mpsc::channel(MAILBOX_MAX);
        (Self { messages, overrun: Arc::default(), door: Arc::new(Pace::new(door_per_second)) }, receiver)
    }

    /// Waits until a stranger may say something that hosts hear. Returns `false` at once if that takes too long.
    pub(super) async fn door_turn(&self) -> bool {
        let Some(wait) = self.door.turn(Instant::now(), DOOR_WAIT_MAX) else { return false };
        tokio::time::sleep(wait).await;
        true
    }

    /// Waits for room in the mailbox. Gives the message back if the room is gone.
    pub(super) async fn send(&self, message: Message) -> Result<(), Message> {
        self.messages.send(message).await.map_err(|error| error.0)
    }

    /// Puts a message in without waiting; if there is no room, the room gives up.
    pub(super) fn post(&self, message: Message) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.messages.try_send(message) {
            self.overrun.store(true, Ordering::Relaxed);
        }
    }

    /// Waits until the room is gone.
    pub(super) async fn closed(&self) {
        self.messages.closed().await;
    }
}

/// A connection as a room knows it.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) connection: ConnectionKey,
    pub(super) outbox: Outbox,
    pub(super) address: IpAddr,
    pub(super) visitor: Visitor,
}

/// What a connection enters by. That its device is its own was checked, and that it has the link if it says so.
#[derive(Clone, Debug)]
pub(super) enum Claim {
    /// It is in the group, or this grant lets it in.
    Device(Option<GrantBytes>),
    /// It has the link: the whole, with which it sealed what it says, or one that came by mail.
    Link(Option<KnockPayload>),
    /// It has this token.
    Resume(ResumeToken),
}

/// How many guests one address, and the network around it, may have in one lobby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LobbyShares {
    pub(crate) per_address: usize,
    pub(crate) per_network: usize,
}

/// What people of one address, and of the network around it, may do at a room's door.
#[derive(Debug)]
pub(super) struct DoorLimits {
    pub(super) lobby: LobbyShares,
    pub(super) passcodes: Passcodes,
}

/// How a room's task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The meeting is over.
    Ended,
    /// Nobody was in it any more; it opens again when somebody comes.
    Vacated,
    /// It could not keep up; its connections are closed and may come back.
    Overrun,
}

/// The task's state.
pub(super) struct RoomTask {
    room: Room,
    group: Handshakes,
    /// Those who were let in or wait.
    connections: HashMap<ConnectionKey, Arrival>,
    cooldowns: HashMap<IpAddr, Instant>,
    door: DoorLimits,
    peers: Peers,
    records: mpsc::Sender<(Ticket, Record)>,
    mailbox: Mailbox,
    census: Census,
    /// Says which advisory demands what is refused.
    demanded: Floor,
    /// Whether anybody was let in. A room that only saw knocks leaves no trace when it is empty again.
    was_used: bool,
    over: bool,
}

impl RoomTask {
    #[expect(
        clippy::too_many_arguments,
        reason = "each is another kind of thing, and all of them are needed"
    )]
    pub(super) fn new(
        config: RoomConfig,
        group: Handshakes,
        peers: Peers,
        store: Store,
        mailbox: Mailbox,
        door: DoorLimits,
        census: Census,
        demanded: Floor,
    ) -> Self {
        let (records, queue) = mpsc::channel(RECORDS_MAX);
        tokio::spawn(write_records(store, config.meeting, queue, mailbox.clone()));
        note_rules(&census, &group);
        Self {
            room: Room::new(config, Instant::now()),
            group,
            connections: HashMap::new(),
            cooldowns: HashMap::new(),
            door,
            peers,
            records,
            mailbox,
            census,
            demanded,
            was_used: false,
            over: false,
        }
    }

    /// Runs the room until it is over, or the server stops and everybody has been seen off.
    pub(super) async fn run(
        mut self,
        mut messages: mpsc::Receiver<Message>,
        mut phase: watch::Receiver<Phase>,
        mut floor: watch::Receiver<Controls>,
    ) -> Outcome {
        loop {
            let deadline = self.room.poll_timeout();
            self.peers.flush();
            let retry = self.peers.is_waiting();
            let input = tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => self.receive(message),
                    None => return Outcome::Vacated,
                },
                () = until(deadline) => Some(Input::Timeout),
                _ = phase.wait_for(|phase| *phase == Phase::Stopped), if self.connections.is_empty() => {
                    return Outcome::Vacated;
                }
                Ok(()) = floor.changed() => Some(Input::Floor(floor.borrow_and_update().clone())),
                () = tokio::time::sleep(MEDIA_RETRY), if retry => None,
            };
            if let Some(input) = input {
                self.feed(input);
            }
            if self.over {
                return Outcome::Ended;
            }
            if self.mailbox.overrun.load(Ordering::Relaxed) || self.peers.is_overrun() {
                return Outcome::Overrun;
            }
            if self.connections.is_empty() && !self.was_used && messages.is_empty() {
                return Outcome::Vacated;
            }
        }
    }

    /// Notes who is there and says in the room's terms what happened.
    fn receive(&mut self, message: Message) -> Option<Input> {
        match message {
            Message::Cancelled => Some(Input::Cancelled),
            Message::Disconnected { connection } => {
                self.connections.remove(&connection)?;
                self.door.passcodes.gone(connection);
                Some(Input::Disconnected { connection })
            }
            Message::Enter { arrival, request, device, claim, verdict } => {
                let let_in = self.enter(arrival, request, device, claim);
                // A connection that is gone meanwhile says so by itself.
                let _ = verdict.send(let_in);
                None
            }
            Message::Group { connection, request, asked, handled } => {
                let input = self.group(connection, request, asked);
                // As above.
                let _ = handled.send(());
                input
            }
            Message::Media(event) => self.peers.event(event).map(Input::Media),
            #[cfg(test)]
            Message::Panic => panic!("a fault that the test asked for"),
            Message::Request { connection, request, command } => {
                if let Command::Door { payload, .. } = &command
                    && payload.begins_proof()
                    && !self.may_prove(connection)
                {
                    self.refuse_proof(connection, request);
                    return None;
                }
                Some(Input::Request { connection, request, command })
            }
            Message::Stored { ticket, durable } => Some(Input::Stored { ticket, durable }),
        }
    }

    /// Returns whether somebody who begins to prove the passcode is passed on to the hosts. Who does not wait at the door
    /// is told so by the room.
    fn may_prove(&mut self, connection: ConnectionKey) -> bool {
        if self.room.actor(connection).is_some() {
            return true;
        }
        let Some(arrival) = self.connections.get(&connection) else { return true };
        self.door.passcodes.begin(connection, arrival.address, Instant::now())
    }

    fn refuse_proof(&self, connection: ConnectionKey, request: RequestId) {
        let Some(arrival) = self.connections.get(&connection) else { return };
        let message = "too many wrong passcodes from your network; a host can still let you in".to_owned();
        let refused = Event::Refused(Refusal { rule: Rule::PasscodeRate, message });
        self.send(&[&arrival.outbox], Some(request), None, refused);
    }

    /// A host's device tells a guest that its proof was right.
    fn note_proven(&mut self, guest: ConnectionKey) {
        if let Some(arrival) = self.connections.get(&guest) {
            self.door.passcodes.proven(guest, arrival.address, Instant::now());
        }
    }

    /// Lets a connection come as far as its claim goes, and returns whether it was let in or waits. Of one that is
    /// refused nothing is kept.
    fn enter(&mut self, arrival: Arrival, request: RequestId, device: DeviceKey, claim: Claim) -> bool {
        let (connection, outbox, visitor) = (arrival.connection, arrival.outbox.clone(), arrival.visitor);
        let right = match self.right(&arrival, &device, claim) {
            Ok(right) => right,
            Err(refusal) => {
                self.send(&[&outbox], Some(request), None, Event::Refused(refusal));
                return outbox.has_entered();
            }
        };
        self.connections.entry(connection).or_insert(arrival);
        self.feed(Input::Enter { connection, request, device, right, visitor });
        if !outbox.has_entered() {
            self.connections.remove(&connection);
        }
        outbox.has_entered()
    }

    fn right(&self, arrival: &Arrival, device: &DeviceKey, claim: Claim) -> Result<Right, Refusal> {
        match claim {
            Claim::Device(grant) => self.group.right(device, grant.as_ref(), clock::unix_ms()),
            Claim::Link(_) if self.is_cooling(arrival.address) => Err(Refusal {
                rule: Rule::KnockCooldown,
                message: "you were denied a moment ago; wait a little before knocking again".to_owned(),
            }),
            Claim::Link(_) if !self.has_place_in_lobby(arrival, device) => Err(Refusal {
                rule: Rule::LobbyShare,
                message: "as many people from your network wait here as may; try again soon".to_owned(),
            }),
            Claim::Link(knock) => Ok(Right::Link { knock }),
            // The room checks the token's signature and answers in its own words.
            Claim::Resume(token) => Ok(Right::Resume(token)),
        }
    }

    /// Has the group do what somebody in the room asks, and returns what the room has to hear of it.
    fn group(&mut self, connection: ConnectionKey, request: RequestId, asked: GroupRequest) -> Option<Input> {
        let outbox = &self.connections.get(&connection)?.outbox;
        let Some((participant, device)) = self.room.actor(connection) else {
            let message = "you are not in the room".to_owned();
            let refusal = Refusal { rule: Rule::Order, message };
            self.send(&[outbox], Some(request), None, Event::Refused(refusal));
            return None;
        };
        let actor = Actor { connection, request, participant, device };
        let handled = self.group.handle(actor, asked, clock::unix_ms());
        note_rules(&self.census, &self.group);
        match handled {
            Ok(handshakes::Outcome::Room(input)) => return Some(*input),
            Ok(handshakes::Outcome::Say(messages)) => {
                let last = messages.len().saturating_sub(1);
                for (at, body) in messages.into_iter().enumerate() {
                    let re = (at == last).then_some(request);
                    outbox.send(encode(&ServerFrame { re, seq: None, body }));
                }
            }
            Err(refusal) => self.send(&[outbox], Some(request), None, Event::Refused(refusal)),
        }
        None
    }

    /// Gives the room one input and carries out all it wants.
    fn feed(&mut self, input: Input) {
        self.room.handle_input(Instant::now(), input);
        while let Some(output) = self.room.poll_output() {
            self.carry_out(output);
        }
        self.census.update(self.room.participants().count(), self.room.lobby_len());
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Close { connection, reason, by } => {
                if let Some(arrival) = self.connections.get(&connection) {
                    arrival.outbox.close(reason, by);
                    if reason == CloseReason::Denied {
                        let address = arrival.address;
                        self.cool(address);
                    }
                }
            }
            Output::Ended => self.over = true,
            Output::Media(command) => self.peers.command(command),
            Output::Persist { ticket, record } => self.persist(ticket, record),
            Output::Send { to, re, seq, event } => {
                self.was_used |= matches!(event, Event::Admitted(_));
                if let Event::Door { payload, .. } = &event
                    && payload.says_proof_holds()
                {
                    to.iter().for_each(|guest| self.note_proven(*guest));
                }
                let outboxes: Vec<&Outbox> =
                    to.iter().filter_map(|key| Some(&self.connections.get(key)?.outbox)).collect();
                self.send(&outboxes, re, seq, event);
            }
        }
    }

    /// Writes the frame once and queues it for everybody.
    fn send(
        &self,
        to: &[&Outbox],
        re: Option<RequestId>,
        seq: Option<sabha_protocol::RoomSeq>,
        mut event: Event,
    ) {
        if let Event::Refused(refusal) = &mut event {
            metrics::refused(refusal.rule);
            refusal.message.push_str(&cited(&self.demanded.demands(), refusal.rule.id()));
        }
        if matches!(event, Event::Admitted(_) | Event::Waiting { .. }) {
            to.iter().for_each(|outbox| outbox.mark_entered());
        }
        let text = encode(&ServerFrame { re, seq, body: translate::message(event) });
        for outbox in to {
            outbox.send(text.clone());
        }
    }

    /// Queues the record for the disk: the room goes on meanwhile.
    fn persist(&self, ticket: Ticket, record: Record) {
        if self.records.try_send((ticket, record)).is_err() {
            self.mailbox.post(Message::Stored { ticket, durable: false });
        }
    }

    /// Returns whether the lobby has a place for somebody more from this address, so that no network fills it. A host's
    /// device, and who was let in, does not wait there.
    fn has_place_in_lobby(&self, arrival: &Arrival, device: &DeviceKey) -> bool {
        if self.group.right(device, None, clock::unix_ms()).is_ok() {
            return true;
        }
        let waiting = self.connections.values().filter(|other| {
            other.connection != arrival.connection && self.room.actor(other.connection).is_none()
        });
        let around = neighbourhood(arrival.address);
        let (mut of_address, mut of_network) = (0, 0);
        for other in waiting {
            of_address += usize::from(other.address == arrival.address);
            of_network += usize::from(neighbourhood(other.address) == around);
        }
        of_address < self.door.lobby.per_address && of_network < self.door.lobby.per_network
    }

    fn is_cooling(&self, address: IpAddr) -> bool {
        self.cooldowns.get(&address).is_some_and(|until| Instant::now() < *until)
    }

    fn cool(&mut self, address: IpAddr) {
        let now = Instant::now();
        if self.cooldowns.len() >= COOLDOWNS_MAX {
            self.cooldowns.retain(|_, until| now < *until);
        }
        // A host cannot deny a thousand addresses within seconds; if one could, the newest go free.
        if self.cooldowns.len() < COOLDOWNS_MAX {
            self.cooldowns.insert(address, now + KNOCK_COOLDOWN);
        }
    }
}

/// Tells whoever watches over the server what holds in the room.
fn note_rules(census: &Census, group: &Handshakes) {
    let (locked, conduct) = group.rules();
    census.note_rules(locked, conduct);
}

/// Writes a room's records in order, one at a time. Ends once the room is gone and the last is written.
async fn write_records(
    store: Store,
    meeting: MeetingId,
    mut queue: mpsc::Receiver<(Ticket, Record)>,
    mailbox: Mailbox,
) {
    while let Some((ticket, record)) = queue.recv().await {
        let written = store.write(&meeting, record).await;
        if let Err(error) = &written {
            let error: &dyn std::error::Error = error;
            tracing::error!(?meeting, ?record, error, "a record could not be written");
        }
        // The room may have ended meanwhile; the record is written all the same.
        let _ = mailbox.send(Message::Stored { ticket, durable: written.is_ok() }).await;
    }
}

/// Waits until `deadline`, for ever if there is none.
async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
