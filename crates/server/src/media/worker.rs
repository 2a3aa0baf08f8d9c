//! One shard's thread: waits for packets, commands and time, feeds the SFU, sends what comes out.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, Waker};
use quinn_udp::UdpSocketState;
use sabha_protocol::MediaGeneration;
use sabha_sfu::{
    Command, DropReason, Event, Input, Output, PeerKey, Relay, Shard, ShardConfig, ShardIndex, Steer,
    Transport,
};
use tokio::sync::mpsc;

use super::{
    addresses::AddressTable,
    flows::ForeignFlows,
    link::{self, Control, Queues, ShardLink, ShardSnapshot, StrayPacket, StrayPath},
    lull::{self, Lull},
    neighbours::Neighbours,
    socket::{self, Arrival},
};

const SOCKET: Token = Token(0);
const WAKER: Token = Token(1);

/// Longest sleep, so that counters are fresh and a missed wake-up heals.
const TICK: Duration = Duration::from_secs(1);

/// Batches received before timers, commands and the other queues get their turn again.
const BATCHES_PER_TURN: usize = 16;

/// Messages taken from each queue in one turn, for the same reason.
const MESSAGES_PER_TURN: usize = 512;

/// Events kept while the control plane does not take them. It takes them within microseconds unless the
/// machine is overloaded; beyond this a room learns of its state late but media goes on.
const EVENT_BACKLOG: usize = 16_384;

/// A shard's parts, made where errors can still be reported, before its thread starts.
pub(super) struct Seed {
    config: ShardConfig,
    poll: Poll,
    socket: mio::net::UdpSocket,
    state: UdpSocketState,
    /// Whether the kernel may be given several packets at once.
    segmentation: bool,
    addresses: AddressTable,
    link: ShardLink,
    queues: Queues,
}

impl Seed {
    pub(super) fn new(
        config: ShardConfig,
        (socket, segmentation): (std::net::UdpSocket, bool),
        addresses: AddressTable,
        shards: usize,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let state = UdpSocketState::new((&socket).into())?;
        let mut socket = mio::net::UdpSocket::from_std(socket);
        poll.registry().register(&mut socket, SOCKET, Interest::READABLE)?;
        let (link, queues) = link::link(Waker::new(poll.registry(), WAKER)?, shards);
        Ok(Self { config, poll, socket, state, segmentation, addresses, link, queues })
    }

    pub(super) fn link(&self) -> ShardLink {
        self.link.clone()
    }
}

/// Binds the calling thread to one of the cores it may run on, so that its caches stay warm. Where the
/// system does not allow it, the thread runs anywhere.
pub(super) fn pin_to_core(index: usize) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let Ok(allowed) = sched_getaffinity(None) else { return };
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core)).collect();
    let Some(core) = cores.get(index % cores.len().max(1)) else { return };
    let mut one = CpuSet::new();
    one.set(*core);
    let _ = sched_setaffinity(None, &one);
}

/// The thread's state.
pub(super) struct Worker {
    shard: Shard,
    config: ShardConfig,
    deadline: Instant,
    egress: Egress,
    queues: Queues,
    neighbours: Neighbours,
    flows: ForeignFlows,
    poll: Poll,
    receiver: socket::Receiver,
    events: mpsc::Sender<Event>,
    backlog: VecDeque<Event>,
    /// Live peer connections, so that they can be told `Lost` should the whole shard fail.
    connections: HashMap<PeerKey, MediaGeneration>,
    lull: Lull,
    /// Whether a packet wakes the thread.
    is_listening: bool,
    counters: ShardSnapshot,
    published: Instant,
}

/// Where outputs go. Apart from the rest, so that the SFU and the sockets can be borrowed together.
struct Egress {
    socket: mio::net::UdpSocket,
    state: UdpSocketState,
    sender: socket::Sender,
    addresses: AddressTable,
    tcp: HashMap<SocketAddr, mpsc::Sender<Vec<u8>>>,
    tcp_dropped: u64,
}

impl Worker {
    pub(super) fn new(seed: Seed, peers: Vec<ShardLink>, events: mpsc::Sender<Event>) -> Self {
        let now = Instant::now();
        Self {
            shard: Shard::new(seed.config.clone(), now),
            neighbours: Neighbours::new(seed.config.shard, peers),
            config: seed.config,
            deadline: now,
            egress: Egress {
                socket: seed.socket,
                state: seed.state,
                sender: socket::Sender::new(seed.segmentation),
                addresses: seed.addresses,
                tcp: HashMap::new(),
                tcp_dropped: 0,
            },
            queues: seed.queues,
            flows: ForeignFlows::default(),
            poll: seed.poll,
            receiver: socket::Receiver::new(),
            events,
            backlog: VecDeque::new(),
            connections: HashMap::new(),
            lull: Lull::new(now),
            is_listening: true,
            counters: ShardSnapshot::default(),
            published: now,
        }
    }

    /// Runs until the media plane stops. A panic that is not a room's own (those the SFU contains) costs this
    /// shard's rooms their media, which they set up afresh, and nobody else anything.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(16);
        while !self.queues.shared.is_stopping() {
            if catch_unwind(AssertUnwindSafe(|| self.turn(&mut events))).is_err() {
                tracing::error!(shard = self.config.shard.0, "shard panicked and starts afresh");
                self.start_afresh();
            }
        }
    }

    /// One round: sleep until something happens, then take what is there.
    fn turn(&mut self, events: &mut Events) {
        let now = Instant::now();
        let is_lull = self.lull.is_on(now);
        self.listen(!is_lull);
        let sleep = if !self.backlog.is_empty() || self.neighbours.are_owed() {
            Duration::from_millis(1)
        } else if self.is_listening {
            self.deadline.saturating_duration_since(now).min(TICK)
        } else {
            // What is due meanwhile is done together with what has come.
            lull::PAUSE
        };
        if let Err(error) = self.poll.poll(events, Some(sleep))
            && error.kind() != io::ErrorKind::Interrupted
        {
            tracing::error!(shard = self.config.shard.0, %error, "shard cannot wait for its socket");
            std::thread::sleep(Duration::from_millis(10));
        }

        let control_left = self.take_control();
        let packets_left = self.take_stray_packets() | self.take_relays();
        let socket_left = self.take_datagrams();
        let now = Instant::now();
        if now >= self.deadline {
            self.feed(now, Input::Timeout, None);
        }
        self.flush(now);
        if control_left || packets_left || socket_left {
            // The poll is edge-triggered: what was left behind would not wake us again.
            self.deadline = self.deadline.min(now);
        }
    }

    /// Lets packets wake the thread, or not. What has come before they are let wakes it at once.
    fn listen(&mut self, wanted: bool) {
        if wanted == self.is_listening {
            return;
        }
        let (registry, socket) = (self.poll.registry(), &mut self.egress.socket);
        let changed = if wanted {
            registry.register(socket, SOCKET, Interest::READABLE)
        } else {
            registry.deregister(socket)
        };
        match changed {
            Ok(()) => {
                self.is_listening = wanted;
                self.queues.shared.rest(!wanted);
            }
            Err(error) => {
                tracing::error!(shard = self.config.shard.0, %error, "shard cannot wait for its socket")
            }
        }
    }

    fn take_control(&mut self) -> bool {
        for _ in 0..MESSAGES_PER_TURN {
            let Ok(control) = self.queues.control.try_recv() else { return false };
            let now = Instant::now();
            match control {
                Control::Command(command) => {
                    match &command {
                        Command::Connect { peer, generation, .. } => {
                            self.connections.insert(*peer, *generation);
                            self.lull.note_connecting(now);
                        }
                        Command::Disconnect { peer } => {
                            self.connections.remove(peer);
                        }
                        Command::SetPublishing { .. } | Command::Subscribe { .. } => {}
                    }
                    self.feed(now, Input::Command(command), None);
                }
                Control::Learn { source, owner } => self.flows.learn(source, owner, now),
                Control::Relay { from, relay } => {
                    self.feed(now, Input::Relay { from, relay: &relay }, None);
                }
                Control::ShardLost { shard } => {
                    self.feed(now, Input::ShardLost { shard }, None);
                }
                Control::TcpClosed { remote } => {
                    self.egress.tcp.remove(&remote);
                }
                Control::TcpOpened { remote, writer } => {
                    self.egress.tcp.retain(|_, writer| !writer.is_closed());
                    self.egress.tcp.insert(remote, writer);
                }
            }
        }
        true
    }

    fn take_stray_packets(&mut self) -> bool {
        for _ in 0..MESSAGES_PER_TURN {
            let Ok(StrayPacket { source, destination, contents, path }) = self.queues.packets.try_recv()
            else {
                return false;
            };
            let (transport, ingress) = match path {
                StrayPath::Shard(ingress) => (Transport::Udp, Some(ingress)),
                StrayPath::Tcp => (Transport::Tcp, None),
            };
            let now = Instant::now();
            let off = self.shard.dropped(DropReason::SourceOff);
            let input = Input::Receive { transport, source, destination, contents: &contents };
            let answered = self.feed(now, input, Some(source));
            self.lull.note_packet(now, &contents, self.shard.dropped(DropReason::SourceOff) != off);
            // An answer proves that the flow is a peer's of ours: from now on its packets need no ufrag.
            if let Some(ingress) = ingress.filter(|_| answered)
                && let Some(link) = self.neighbours.link(ingress)
            {
                let _ = link.control(Control::Learn { source, owner: self.config.shard });
            }
        }
        true
    }

    /// Takes packets that other shards have sent for rooms over several.
    fn take_relays(&mut self) -> bool {
        while let Ok(relay) = self.queues.returned.try_recv() {
            self.shard.recycle_relay(relay);
        }
        for _ in 0..MESSAGES_PER_TURN {
            let Ok((from, relay)) = self.queues.relays.try_recv() else { return false };
            let now = Instant::now();
            self.lull.note_media(now);
            self.feed(now, Input::Relay { from, relay: &relay }, None);
            if let Some(link) = self.neighbours.link(from) {
                link.give_back(relay);
            }
        }
        true
    }

    fn take_datagrams(&mut self) -> bool {
        // Handling a packet needs the whole worker, so the buffers it lies in are set apart meanwhile.
        let mut receiver = std::mem::take(&mut self.receiver);
        let mut left = true;
        for _ in 0..BATCHES_PER_TURN {
            match receiver.fill(&self.egress.state, &self.egress.socket) {
                Ok(filled) => {
                    receiver.arrivals(filled).for_each(|arrival| self.datagram(&arrival));
                    // What comes from now on wakes the thread again.
                    if !socket::Receiver::is_full(filled) {
                        left = false;
                        break;
                    }
                }
                // Such as an ICMP error of an earlier send: nothing to do with what is still waiting.
                Err(error) => tracing::debug!(%error, "datagram not received"),
            }
        }
        self.receiver = receiver;
        left
    }

    fn datagram(&mut self, arrival: &Arrival<'_>) {
        let now = Instant::now();
        let off = self.shard.dropped(DropReason::SourceOff);
        self.take_datagram(now, arrival);
        self.lull.note_packet(now, arrival.contents, self.shard.dropped(DropReason::SourceOff) != off);
    }

    fn take_datagram(&mut self, now: Instant, arrival: &Arrival<'_>) {
        if !self.egress.addresses.admits(arrival.source.ip()) {
            self.counters.junk += 1;
            return;
        }
        let owner = match sabha_sfu::steer(arrival.contents) {
            Steer::Junk => {
                self.counters.junk += 1;
                return;
            }
            Steer::Binding(owner) => owner,
            Steer::Nothing => return self.shard.pass_over(arrival.contents),
            Steer::Established if self.neighbours.is_alone() => self.config.shard,
            Steer::Established => self.established_owner(arrival.source, now),
        };
        let destination = self.egress.addresses.advertised_for(arrival.local);
        if owner == self.config.shard {
            if !self.neighbours.is_alone() {
                self.flows.forget(arrival.source);
            }
            let input = Input::Receive {
                transport: Transport::Udp,
                source: arrival.source,
                destination,
                contents: arrival.contents,
            };
            self.feed(now, input, None);
        } else if let Some(link) = self.neighbours.link(owner) {
            let queued = link.packet(StrayPacket {
                source: arrival.source,
                destination,
                contents: arrival.contents.to_vec(),
                path: StrayPath::Shard(self.config.shard),
            });
            if queued { self.counters.steered += 1 } else { self.counters.steer_dropped += 1 }
        } else {
            self.counters.junk += 1;
        }
    }

    /// Returns the shard of a flow that needs no ufrag any more. The owner tells us of a flow before it answers
    /// its first request, so whoever sends on it by right was announced by now: what looks unknown may only
    /// be news that waits in the queue, and dropping the first DTLS packet would cost a retransmission.
    fn established_owner(&mut self, source: SocketAddr, now: Instant) -> ShardIndex {
        if let Some(owner) = self.flows.owner(source, now) {
            return owner;
        }
        self.take_control();
        self.flows.owner(source, now).unwrap_or(self.config.shard)
    }

    /// Gives the SFU one input and carries out what it says. Returns whether it sent something to `watched`.
    fn feed(&mut self, now: Instant, input: Input<'_>, watched: Option<SocketAddr>) -> bool {
        self.shard.handle_input(now, input);
        let mut answered = false;
        loop {
            match self.shard.poll_output() {
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    return answered;
                }
                Output::Event(event) => self.tell(event),
                Output::Relay { to, relay } => self.relay(to, relay),
                Output::Transmit { transport, source, destination, contents, segment } => {
                    answered |= watched == Some(destination);
                    let spent = self.egress.transmit(transport, (source, destination), contents, segment);
                    if let Some(spent) = spent {
                        self.shard.recycle(spent);
                    }
                }
            }
        }
    }

    fn relay(&mut self, to: ShardIndex, relay: Relay) {
        if !relay.is_packet() {
            self.neighbours.say(to, Control::Relay { from: self.config.shard, relay });
        } else if let Some(relay) = self.neighbours.send(to, relay) {
            self.shard.refuse_relay(to, relay);
        }
    }

    fn tell(&mut self, event: Event) {
        if self.backlog.is_empty() {
            match self.events.try_send(event) {
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
                Err(mpsc::error::TrySendError::Full(event)) => self.backlog.push_back(event),
            }
        } else if self.backlog.len() < EVENT_BACKLOG {
            self.backlog.push_back(event);
        } else {
            tracing::error!(shard = self.config.shard.0, "the control plane takes no events; one is dropped");
        }
    }

    fn flush(&mut self, now: Instant) {
        while let Some(shard) = self.neighbours.take_lost() {
            tracing::error!(
                shard = self.config.shard.0,
                other = shard.0,
                "another shard takes nothing any more"
            );
            self.feed(now, Input::ShardLost { shard }, None);
        }
        self.neighbours.flush();
        self.egress.sender.flush(&self.egress.state, &self.egress.socket);
        while let Some(event) = self.backlog.pop_front() {
            match self.events.try_send(event) {
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
                Err(mpsc::error::TrySendError::Full(event)) => {
                    self.backlog.push_front(event);
                    break;
                }
            }
        }
        if now.saturating_duration_since(self.published) >= TICK {
            self.published = now;
            self.publish();
        }
    }

    fn publish(&mut self) {
        self.counters.sfu = self.shard.stats();
        self.counters.send_calls = self.egress.sender.counters.calls;
        self.counters.send_dropped = self.egress.sender.counters.dropped + self.egress.tcp_dropped;
        self.queues.shared.publish(self.counters);
    }

    fn start_afresh(&mut self) {
        let now = Instant::now();
        self.counters.restarts += 1;
        // Another seed: what was handed out before the panic is not handed out again.
        for (byte, restarts) in self.config.seed.iter_mut().zip(self.counters.restarts.to_be_bytes()) {
            *byte ^= restarts;
        }
        self.shard = Shard::new(self.config.clone(), now);
        self.deadline = now;
        self.neighbours.begin_afresh();
        for (peer, generation) in std::mem::take(&mut self.connections) {
            self.tell(Event::Lost { peer, generation });
        }
    }
}

impl Egress {
    /// Sends packets of `segment` bytes each, the last may be shorter. Returns their memory, where it is free again.
    fn transmit(
        &mut self,
        transport: Transport,
        (source, destination): (SocketAddr, SocketAddr),
        contents: Vec<u8>,
        segment: usize,
    ) -> Option<Vec<u8>> {
        match transport {
            Transport::Udp => {
                let local = self.addresses.local_for(source.ip());
                self.sender.send(&self.state, &self.socket, (destination, local), &contents, segment);
                Some(contents)
            }
            Transport::Tcp => {
                let taken =
                    self.tcp.get(&destination).is_some_and(|writer| writer.try_send(contents).is_ok());
                self.tcp_dropped += u64::from(!taken);
                None
            }
        }
    }
}
