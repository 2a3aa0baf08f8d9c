//! Everything together, on one virtual clock.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use sabha_conference::{Command, Input, Removal, Room};
use sabha_impairer::{Conditions, Random};
use sabha_protocol::{MediaState, ParticipantId, Source, wire::server::CloseReason};

use crate::{
    client::{ALL_ON, Act, Client, Phase},
    group::Edit,
    home::{Effect, Home},
    network::{Direction, Network, healthy_link},
    peer::Label,
    signalling::{Arrival, Signalling},
};

/// Names a client of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientIndex(pub usize);

/// Names a meeting of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeetingIndex(pub usize);

/// What a person is to a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// Its device is host of the group from the beginning.
    Creator,
    /// Has the link, and hosts let it in.
    Guest,
    /// Has the link, and hosts leave it in the lobby.
    Unwanted,
}

/// Meetings, their clients, one server, and the links between.
///
/// Add meetings and clients, let time pass with [`run`](Self::run), do things to them, and look into
/// [`breaches`](Self::breaches): it stays empty, whatever was done.
pub struct World {
    start: Instant,
    now: Instant,
    home: Home,
    signalling: Signalling,
    network: Network,
    clients: Vec<Client>,
    breaches: Vec<String>,
}

impl World {
    /// Returns an empty world in which chance is drawn from `seed`.
    pub fn new(seed: u64) -> Self {
        let now = Instant::now();
        let mut random = Random::new(seed);
        Self {
            start: now,
            now,
            home: Home::new(now, random.split()),
            signalling: Signalling::new(random.split()),
            network: Network::new(random.split()),
            clients: Vec::new(),
            breaches: Vec::new(),
        }
    }

    /// Returns the virtual time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Returns every promise that was broken, with the moment.
    pub fn breaches(&self) -> &[String] {
        &self.breaches
    }

    /// Returns a client.
    pub fn client(&self, client: ClientIndex) -> &Client {
        &self.clients[client.0]
    }

    /// Returns every client of a meeting.
    pub fn clients_of(&self, meeting: MeetingIndex) -> Vec<ClientIndex> {
        let of = self.clients.iter().filter(|client| client.meeting == meeting.0);
        of.map(|client| ClientIndex(client.index)).collect()
    }

    /// Returns every client.
    pub fn clients(&self) -> Vec<ClientIndex> {
        (0..self.clients.len()).map(ClientIndex).collect()
    }

    /// Returns a meeting's room while it is open.
    pub fn room(&self, meeting: MeetingIndex) -> Option<&Room> {
        self.home.room(meeting.0)
    }

    /// Returns the meeting of a client.
    pub fn meeting_of(&self, client: ClientIndex) -> MeetingIndex {
        MeetingIndex(self.clients[client.0].meeting)
    }

    /// Adds a meeting.
    pub fn add_meeting(&mut self) -> MeetingIndex {
        MeetingIndex(self.home.add_meeting())
    }

    /// Adds a client, which enters at once. At most 250, for the sake of their addresses.
    pub fn add_client(&mut self, meeting: MeetingIndex, seat: Seat) -> ClientIndex {
        let index = self.clients.len();
        assert!(index < 250, "too many clients");
        let (is_creator, is_wanted) = (seat == Seat::Creator, seat != Seat::Unwanted);
        let client = Client::new(index, meeting.0, is_creator, is_wanted, (self.start, self.now));
        if is_creator {
            self.home.add_host(meeting.0, client.device());
        }
        self.clients.push(client);
        self.network.add_link(self.now);
        ClientIndex(index)
    }

    /// Breaks a client's signalling connection; each side notices after its own time.
    pub fn cut_signalling(
        &mut self,
        client: ClientIndex,
        server_notices: Duration,
        client_notices: Duration,
    ) {
        if let Some(connection) = self.clients[client.0].connection {
            self.signalling.cut(self.now, connection, server_notices, client_notices);
        }
    }

    /// Says what a client's media link does to datagrams.
    pub fn set_link(&mut self, client: ClientIndex, conditions: Conditions) {
        self.network.set(self.now, client.0, conditions);
    }

    /// Has a client switch its sources on and off.
    pub fn set_media(&mut self, client: ClientIndex, media: MediaState) {
        let it = &mut self.clients[client.0];
        if it.phase == Phase::Joined {
            it.wishes = media;
            self.ask(client, Command::SetMedia { media });
        }
    }

    /// Has a client ask for something.
    pub fn ask(&mut self, client: ClientIndex, command: Command) {
        let acts = self.clients[client.0].ask(command);
        self.act(acts);
    }

    /// Has a host remove somebody.
    pub fn remove(&mut self, host: ClientIndex, target: ClientIndex) {
        let device = self.clients[target.0].device();
        let acts = self.clients[host.0].commit(vec![Edit::Remove(device, Removal::ByHost)]);
        self.act(acts);
    }

    /// Has a client replace its peer connection.
    pub fn replace_peer(&mut self, client: ClientIndex) {
        let acts = self.clients[client.0].replace_peer(self.now);
        self.act(acts);
    }

    /// Has a client lose all but its device's key and its grant, and come again.
    pub fn reload(&mut self, client: ClientIndex) {
        let acts = self.clients[client.0].reload(self.now);
        self.act(acts);
    }

    /// Has a client that is out come again.
    pub fn come_back(&mut self, client: ClientIndex) {
        self.clients[client.0].come_back(self.now);
    }

    /// Says whether storage refuses records.
    pub fn set_storage_fails(&mut self, fails: bool) {
        self.home.storage_fails = fails;
    }

    /// Kills the server's process and starts it again.
    pub fn restart_server(&mut self) {
        self.home.restart(self.now);
        self.signalling.cut_all(self.now);
    }

    /// Ends every disturbance: links carry, storage stores, whoever belongs into a room and left comes back, and
    /// everybody in a room switches everything on.
    pub fn heal(&mut self) {
        self.set_storage_fails(false);
        for client in self.clients() {
            self.set_link(client, healthy_link());
            let it = self.client(client);
            if it.is_wanted() && it.phase() == Phase::Over(CloseReason::Left) {
                self.come_back(client);
            }
            self.set_media(client, ALL_ON);
        }
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.next().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.step();
        }
        self.now = end;
    }

    /// Lets time pass until `done`, for `longest` at most. Returns whether it came to that.
    pub fn run_until(&mut self, longest: Duration, mut done: impl FnMut(&Self) -> bool) -> bool {
        let end = self.now + longest;
        while !done(self) {
            if self.now >= end {
                return false;
            }
            self.run(Duration::from_millis(20));
        }
        true
    }

    /// Returns whether everybody who belongs into a room is in it.
    pub fn all_joined(&self) -> bool {
        self.clients.iter().filter(|client| client.is_wanted()).all(|client| client.phase == Phase::Joined)
    }

    /// Returns what is not as it should be in a world that was left alone for some seconds: a client that
    /// sees another room than there is, or that does not receive what others send.
    pub fn unsettled(&self) -> Vec<String> {
        let mut found = Vec::new();
        let joined: Vec<_> = self.clients.iter().filter(|client| client.phase == Phase::Joined).collect();
        for client in &joined {
            let Some(room) = self.home.room(client.meeting) else { continue };
            let actual: Vec<_> = room.participants().collect();
            let seen: Vec<_> = client.view.participants.values().cloned().collect();
            if actual != seen {
                found.push(format!("client {} sees {seen:?}, there are {actual:?}", client.index));
            }
            let epoch = self.home.delivery(client.meeting).epoch();
            if !client.is_in_step || client.epoch != epoch {
                found.push(format!("client {} is in epoch {}, not {epoch}", client.index, client.epoch));
            }
            let others: Vec<ParticipantId> = joined
                .iter()
                .filter(|other| other.meeting == client.meeting && other.index != client.index)
                .filter_map(|other| other.id)
                .collect();
            let fresh = |of: &ParticipantId, source| {
                let last = client.last_received(*of, source);
                last.is_some_and(|at| self.now.saturating_duration_since(at) < Duration::from_secs(2))
            };
            for other in &others {
                if !fresh(other, Source::Camera) {
                    found.push(format!("client {} does not see {other}", client.index));
                }
            }
            if !others.is_empty() && !others.iter().any(|other| fresh(other, Source::Microphone)) {
                found.push(format!("client {} hears nobody", client.index));
            }
        }
        found
    }

    fn next(&self) -> Option<Instant> {
        let clients = self.clients.iter().filter_map(Client::next);
        let others = [self.home.next(), self.signalling.next(), self.network.next()];
        clients.chain(others.into_iter().flatten()).min()
    }

    fn step(&mut self) {
        let now = self.now;
        for arrival in self.signalling.arrive(now) {
            match arrival {
                Arrival::AtClient { client, connection, heard } => {
                    let acts = self.clients[client].hear(now, connection, heard);
                    self.act(acts);
                }
                Arrival::AtServer { meeting, connection, request, said } => {
                    self.home.hear(now, meeting, (connection, request), said);
                }
                Arrival::Lost { meeting, connection } => {
                    self.home.input(now, meeting, Input::Disconnected { connection });
                }
            }
        }
        while let Some(datagram) = self.network.arrive(now) {
            match datagram.direction {
                Direction::Up(from) => self.home.datagram(now, from, &datagram.contents),
                Direction::Down(to) => self.deliver(datagram.client, to, &datagram.contents),
            }
        }
        self.home.run(now);
        self.carry_out();
        for index in 0..self.clients.len() {
            self.run_client(index);
        }
        self.collect_breaches();
    }

    fn run_client(&mut self, index: usize) {
        let now = self.now;
        let client = &mut self.clients[index];
        if client.wants_connection(now) {
            let connection = self.signalling.open(now, index, client.meeting);
            let acts = client.connected(connection);
            self.act(acts);
        }
        let client = &mut self.clients[index];
        if client.next().is_none_or(|next| next > now) {
            return;
        }
        let (packets, labels, acts) = client.run(now);
        if let Some(peer) = &client.peer {
            let from = peer.address;
            for contents in packets {
                self.network.send(now, index, Direction::Up(from), contents);
            }
        }
        for label in labels {
            self.judge(index, label);
        }
        self.act(acts);
    }

    /// Checks a packet that reached a client.
    fn judge(&mut self, index: usize, label: Label) {
        let client = &mut self.clients[index];
        client.received.insert((label.sender, label.source), self.now);
        if usize::from(label.meeting) != client.meeting {
            client.breaches.push(format!("{label:?} is of another room"));
        } else if Some(label.sender) == client.id {
            client.breaches.push(format!("{label:?} is its own"));
        } else if let Some(breach) = self.home.witness(client.meeting).judge(label) {
            client.breaches.push(breach);
        }
    }

    fn deliver(&mut self, index: usize, to: SocketAddr, contents: &[u8]) {
        let client = &mut self.clients[index];
        client.media_bytes += contents.len() as u64;
        if !client.was_admitted {
            client.breaches.push("media for somebody who was never let in".to_owned());
        }
        if let Some(peer) = client.peer.as_mut().filter(|peer| peer.address == to) {
            let (ip, port) = crate::home::ADDRESS;
            peer.receive(self.now, SocketAddr::new(IpAddr::from(ip), port), contents);
        }
    }

    fn act(&mut self, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::HangUp(connection) => self.signalling.hang_up(self.now, connection),
                Act::Send(connection, request, said) => {
                    self.signalling.up(self.now, connection, request, said);
                }
            }
        }
    }

    fn carry_out(&mut self) {
        while let Some(effect) = self.home.effects.pop_front() {
            match effect {
                Effect::Say { connection, heard } => self.signalling.down(self.now, connection, heard),
                Effect::Datagram { destination, contents } => {
                    let SocketAddr::V4(address) = destination else { continue };
                    let client = usize::from(address.ip().octets()[3]);
                    if client < self.clients.len() {
                        self.network.send(self.now, client, Direction::Down(destination), contents);
                    }
                }
            }
        }
    }

    fn collect_breaches(&mut self) {
        let mut found: Vec<String> = std::mem::take(&mut self.home.breaches);
        for client in &mut self.clients {
            let of = client.index;
            found.extend(client.breaches.drain(..).map(|breach| format!("client {of}: {breach}")));
        }
        self.breaches.extend(found);
    }
}
