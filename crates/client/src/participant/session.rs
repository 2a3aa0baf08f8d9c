//! The task of one participant: waits for the server, the socket, the caller and the clock, in one place.
//!
//! ```text
//!             Link (connecting | up | away)
//!   Frame ───────┐          ┌────────── Command (handle)
//!                ▼          ▼
//!             Session::handle ──► Snapshot (watch)
//!                ▲          │
//!   Wire ready ──┘          └──► requests, packets
//!   timers ──────┘
//! ```
//! Media never stops because the WebSocket is gone: the peer connection lives on until its replacement is
//! answered. Only one request that makes a peer connection is under way at a time.

mod device;
mod media;
mod outbox;
mod server;

use std::{
    collections::{HashSet, VecDeque},
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_crypto::device::Device;
use sabha_protocol::{
    DeviceKey, GroupEpoch, MediaState, ParticipantId, RequestId, Source, TileHeight,
    device::DeviceCommand,
    key::Challenge,
    limits::{PING_INTERVAL, PING_INTERVAL_RESTING, SILENCE_MAX, SILENCE_MAX_RESTING},
    wire::{
        ClientMessage, ServerFrame,
        client::{MediaOffer, Tile},
        server::Presence,
    },
};
use tokio::{sync::mpsc, sync::watch, time::sleep_until};

use self::{
    media::{Media, ready},
    outbox::Outbox,
};
use super::{Command, Over, ParticipantConfig, Phase, Snapshot, Subscription};
use crate::{
    clock,
    error::ClientError,
    frames::Frames,
    load::{Meter, SendMeter},
    media::CountedPacket,
    report::Report,
    signalling::Signalling,
    sink::Sink,
    source::Publisher,
};

/// Requests without an answer so far. More means that the server has stopped answering.
const PENDING_MAX: usize = 1_024;

/// Between two copies of the figures into the snapshot.
const TICK: Duration = Duration::from_millis(50);

/// The same for who is one of hundreds, and watched by nobody: wakes cost more than the copies tell.
const MEASURED_TICK: Duration = Duration::from_millis(500);

/// Between two subscriptions: a room that fills must not run into the server's message rate.
const SUBSCRIBE_INTERVAL: Duration = Duration::from_millis(100);

/// First and longest wait before another try to reach the server.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Between two tries to replace a media connection that broke.
const REPLACE_INTERVAL: Duration = Duration::from_secs(1);

/// Between two tries to join: the server follows the group a moment later than who changed it.
const JOIN_INTERVAL: Duration = Duration::from_millis(500);

/// How long who leaves waits for somebody to commit it. Nobody can leave the group alone (RFC 9420 section 12.1.2).
const FAREWELL: Duration = Duration::from_secs(2);

/// Participants and guests remembered, whatever the server says.
const ROSTER_MAX: usize = 4_096;

/// What a request was, to make sense of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    /// Sent for the device, under its number.
    Device(RequestId, Asked),
    Join,
    Leave,
    Offer,
    SetMedia(MediaState),
    Other(&'static str),
}

impl Request {
    const fn name(self) -> &'static str {
        match self {
            Self::Device(_, asked) => asked.name(),
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Offer => "offer",
            Self::SetMedia(_) => "set_media",
            Self::Other(name) => name,
        }
    }
}

/// What the device asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Adopt,
    Commit,
    Enter,
    Missed,
    Other(&'static str),
}

impl Asked {
    const fn of(message: &ClientMessage) -> Self {
        match message {
            ClientMessage::Adopt { .. } => Self::Adopt,
            ClientMessage::Commit { .. } => Self::Commit,
            ClientMessage::Enter { .. } => Self::Enter,
            ClientMessage::Door { .. } => Self::Other("door"),
            ClientMessage::GroupState {} => Self::Other("group_state"),
            ClientMessage::Missed { .. } => Self::Missed,
            ClientMessage::Propose { .. } => Self::Other("propose"),
            ClientMessage::Relay { .. } => Self::Other("relay"),
            _ => Self::Other("other"),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Commit => "commit",
            Self::Enter => "enter",
            Self::Missed => "missed",
            Self::Other(name) => name,
        }
    }
}

/// The way out: proposed to the group, and not committed yet.
#[derive(Clone, Copy, Debug)]
struct Parting {
    /// The epoch in which it was proposed last. A proposal ends with its epoch.
    epoch: GroupEpoch,
    /// When it leaves all the same.
    due: Instant,
}

/// How far this connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    Outside,
    /// `enter` was sent.
    Entering,
    /// There is a place.
    Admitted,
    /// In the room.
    Joined,
}

/// The way to the server.
enum Link {
    Connecting(Pin<Box<dyn Future<Output = Result<Box<Signalling>, ClientError>> + Send>>),
    Up(Box<Signalling>),
    Away { until: Instant },
}

/// What the link says.
enum LinkEvent {
    Opened(Result<Box<Signalling>, ClientError>),
    Frame(Result<ServerFrame, ClientError>),
    TimeToRetry,
}

impl Link {
    /// Starts to connect.
    fn to(config: &ParticipantConfig) -> Self {
        let (server, trust, tap) = (config.invite.server().clone(), config.trust.clone(), config.tap.clone());
        Self::Connecting(Box::pin(async move {
            Ok(Box::new(Signalling::connect(&server, &trust).await?.tapped(tap)))
        }))
    }

    /// Waits for the link's next event. May be dropped and called again.
    async fn next(&mut self) -> LinkEvent {
        match self {
            Self::Connecting(attempt) => LinkEvent::Opened(attempt.await),
            Self::Up(signalling) => LinkEvent::Frame(signalling.receive().await),
            Self::Away { until } => {
                sleep_until((*until).into()).await;
                LinkEvent::TimeToRetry
            }
        }
    }
}

enum Wake {
    Link(LinkEvent),
    Command(Option<Command>),
    Wire(io::Result<()>),
    Timer,
}

/// Whether the task goes on.
enum Flow {
    On,
    Done,
}

struct Session {
    config: Arc<ParticipantConfig>,
    commands: mpsc::Receiver<Command>,
    state: watch::Sender<Snapshot>,
    start: Instant,
    link: Link,
    /// Why it is out, while it listens on all the same.
    lingering: Option<ClientError>,
    lost_since: Option<Instant>,
    retry: Duration,
    last_heard: Instant,
    last_said: Instant,
    next_ping: Instant,
    /// Whether the last ping said that the next one takes longer.
    is_resting: bool,
    tick: Duration,
    next_tick: Instant,
    outbox: Outbox,
    pending: VecDeque<(RequestId, Request)>,
    device: Device,
    frames: Frames,
    /// What the server gave this connection to sign.
    challenge: Option<Challenge>,
    /// The invite of one's own does not let in any more.
    invite_refused: bool,
    entry: Entry,
    /// Whether the server has the device in its group, and the epoch of that when it said so.
    in_group: bool,
    group_epoch: GroupEpoch,
    join_not_before: Instant,
    parting: Option<Parting>,
    /// Whether the passcode was said.
    passcode_said: bool,
    /// Whether it was told that the link lets nobody in.
    link_refused: bool,
    /// Guests that were let in on this connection.
    admitted: HashSet<ParticipantId>,
    /// The meeting's log before the device forgot it.
    log: Option<String>,
    /// The meeting's certificate, as the device gave it out last.
    certificate: Option<String>,
    media: Option<Media>,
    /// Offered, not answered yet.
    next_media: Option<Media>,
    /// The offer of `next_media`, not sent yet.
    prepared: Option<MediaOffer>,
    /// Socket bytes of connections that were replaced.
    earlier_bytes: u64,
    replace_not_before: Instant,
    replace_due: bool,
    wanted_media: MediaState,
    publisher: Publisher,
    /// Counts what is sent, if that is measured.
    sent: Option<SendMeter>,
    sink: Sink,
    /// Used again for what was only counted.
    counted: Vec<CountedPacket>,
    subscription: Subscription,
    subscribed: Vec<Tile>,
    /// Whether the room or the wish changed since `subscribed` was worked out.
    subscription_stale: bool,
    subscribe_not_before: Instant,
}

/// Runs a participant from its first connection to its end.
pub(super) async fn run(
    config: Arc<ParticipantConfig>,
    device: Device,
    commands: mpsc::Receiver<Command>,
    state: watch::Sender<Snapshot>,
) -> (Report, Result<(), ClientError>) {
    let start = Instant::now();
    let publisher = match Publisher::new(&config.publish, &config.files, config.seed, start) {
        Ok(publisher) => publisher,
        Err(error) => return finish(&config, &state, start, Err(error)),
    };
    let mut wanted_media = MediaState::default();
    for source in &config.publish {
        wanted_media.set(*source, config.media.is_none_or(|media| media.has(*source)));
    }
    let meter = config.gauge.clone().map(|gauge| Meter::new(gauge, config.seed as usize));
    let tick = if config.gauge.is_some() { MEASURED_TICK } else { TICK };
    let mut session = Session {
        tick,
        commands,
        start,
        link: Link::to(&config),
        lingering: None,
        lost_since: None,
        retry: RETRY.0,
        last_heard: start,
        last_said: start,
        next_ping: start + PING_INTERVAL,
        is_resting: false,
        next_tick: start + tick,
        outbox: Outbox::new(start),
        pending: VecDeque::new(),
        device,
        frames: Frames::default(),
        challenge: None,
        invite_refused: false,
        entry: Entry::Outside,
        in_group: false,
        group_epoch: GroupEpoch(0),
        join_not_before: start,
        parting: None,
        passcode_said: false,
        link_refused: false,
        admitted: HashSet::new(),
        log: None,
        certificate: None,
        media: None,
        next_media: None,
        prepared: None,
        earlier_bytes: 0,
        replace_not_before: start,
        replace_due: false,
        wanted_media,
        publisher,
        sent: config.gauge.clone().map(SendMeter::new),
        sink: Sink::new(start).measured_by(meter).counting_only(config.only_counts()),
        counted: Vec::new(),
        subscription: config.subscription.clone(),
        subscribed: Vec::new(),
        subscription_stale: false,
        subscribe_not_before: start,
        config: config.clone(),
        state: state.clone(),
    };
    let result = session.run().await;
    // The device's last words are not for the server, but keys are forgotten by them.
    session.entry = Entry::Outside;
    if let Err(error) = session.attend_device().await {
        tracing::warn!(%error, "the device could not be put away");
    }
    session.say_goodbye();
    session.copy_figures();
    let log = session.device.export_log().or(session.log.take());
    let (report, result) = finish(&config, &state, start, result);
    let sent = session.sent.iter().flat_map(SendMeter::streams).copied().collect();
    let certificate = session.certificate.take();
    (Report { log, certificate, sent, measured: session.sink.measured(), ..report }, result)
}

fn finish(
    config: &ParticipantConfig,
    state: &watch::Sender<Snapshot>,
    start: Instant,
    result: Result<(), ClientError>,
) -> (Report, Result<(), ClientError>) {
    state.send_modify(|state| {
        state.phase = Phase::Over;
        state.media_connected = false;
        if let (Err(error), None) = (&result, &state.over) {
            state.over = Some(over(error));
        }
    });
    let lasted_ms = start.elapsed().as_millis() as u64;
    (Report::new(config.invite.meeting(), &state.borrow(), lasted_ms), result)
}

fn over(error: &ClientError) -> Over {
    match error {
        ClientError::Refused { rule, message } => Over::Refused { rule: *rule, message: message.clone() },
        ClientError::Closed { reason, by } => Over::Closed { reason: *reason, by: by.clone() },
        other => Over::Failed { error: other.chain() },
    }
}

impl Session {
    async fn run(&mut self) -> Result<(), ClientError> {
        self.attend_device().await?;
        let mut other_deadline = self.deadline();
        loop {
            self.pump_media();
            let media_due = self.media.as_ref().map(|media| media.due);
            let deadline = media_due.into_iter().fold(other_deadline, Instant::min);
            let wire = self.media.as_ref().map(|media| &media.wire);
            let wake = tokio::select! {
                biased;
                event = self.link.next() => Wake::Link(event),
                command = self.commands.recv() => Wake::Command(command),
                ready = ready(wire) => Wake::Wire(ready),
                () = sleep_until(deadline.into()) => Wake::Timer,
            };
            let flow = match wake {
                Wake::Link(event) => self.handle_link(event).await?,
                Wake::Command(command) => self.handle_command(command).await?,
                Wake::Wire(ready) => {
                    self.read_wire(ready);
                    // Packets come by the hundred, and move nothing but the media connection's own time.
                    if self.media.is_some() && Instant::now() < deadline {
                        continue;
                    }
                    Flow::On
                }
                Wake::Timer => Flow::On,
            };
            if let Flow::Done = flow {
                return Ok(());
            }
            self.handle_time(Instant::now()).await?;
            other_deadline = self.deadline();
        }
    }

    /// Returns when there is something to do that is not the media connection's.
    fn deadline(&self) -> Instant {
        let deadline = self.next_tick.min(self.next_ping);
        let device_due = self.device.poll_timeout().map(clock::instant_of);
        let parting_due = self.parting.map(|parting| parting.due);
        let others = [self.publisher.next_due(), self.outbox.due(), device_due, parting_due];
        others.into_iter().flatten().fold(deadline, Instant::min)
    }

    async fn handle_time(&mut self, now: Instant) -> Result<(), ClientError> {
        self.send_due_media(now);
        let unix_ms = clock::unix_ms();
        if self.device.poll_timeout().is_some_and(|at| at <= unix_ms) {
            self.device.handle_timeout(unix_ms);
        }
        self.attend_device().await?;
        self.join_when_ready(now).await?;
        self.flush(now).await?;
        if self.parting.take_if(|parting| now >= parting.due).is_some() {
            self.request(ClientMessage::Leave {}, Request::Leave).await?;
        }
        self.keep_alive(now).await?;
        if now >= self.next_tick {
            self.next_tick = now + self.tick;
            self.copy_figures();
            self.ask_for_key_frames(now);
        }
        if self.subscription_stale && now >= self.subscribe_not_before {
            self.update_subscription(now).await?;
        }
        if self.replace_due && now >= self.replace_not_before {
            self.replace_media(now).await?;
        }
        Ok(())
    }

    /// Pings when it is time, and at once when a rest ends. Loses a link on which nothing comes back.
    async fn keep_alive(&mut self, now: Instant) -> Result<(), ClientError> {
        if now < self.next_ping && (!self.is_resting || self.may_rest(now)) {
            return Ok(());
        }
        let rests = self.may_rest(now);
        let patience = if self.is_resting { SILENCE_MAX_RESTING } else { SILENCE_MAX };
        self.next_ping = now + if rests { PING_INTERVAL_RESTING } else { PING_INTERVAL };
        self.is_resting = rests;
        if now.saturating_duration_since(self.last_heard) > patience {
            let silent = ClientError::Timeout("waiting for a sign of life of the server");
            return self.lose_link(silent, Duration::ZERO);
        }
        self.request(ClientMessage::Ping { resting: rests }, Request::Other("ping")).await
    }

    /// Returns whether a dead path may be noticed later: nobody in the room publishes anything, and nothing was said.
    fn may_rest(&self, now: Instant) -> bool {
        let state = self.state.borrow();
        let silent = MediaState::default();
        self.entry == Entry::Joined
            && now.saturating_duration_since(self.last_said) > PING_INTERVAL_RESTING
            && state.media == silent
            && state.participants.values().all(|person| person.media == silent)
    }

    // The link.

    async fn handle_link(&mut self, event: LinkEvent) -> Result<Flow, ClientError> {
        match event {
            LinkEvent::Opened(Ok(signalling)) => {
                self.last_heard = Instant::now();
                self.link = Link::Up(signalling);
                Ok(Flow::On)
            }
            LinkEvent::Opened(Err(error)) => self.lose_link(error, Duration::ZERO).map(|()| Flow::On),
            LinkEvent::Frame(Ok(frame)) => {
                self.last_heard = Instant::now();
                self.handle_frame(frame).await
            }
            LinkEvent::Frame(Err(error @ ClientError::ServerMisbehaved(_))) => Err(error),
            LinkEvent::Frame(Err(error)) => self.lose_link(error, Duration::ZERO).map(|()| Flow::On),
            LinkEvent::TimeToRetry => {
                if let Some(removed) = self.lingering.take() {
                    return Err(removed);
                }
                self.link = Link::to(&self.config);
                Ok(Flow::On)
            }
        }
    }

    /// Gives the link up and comes back later, if there is a place to come back to.
    fn lose_link(&mut self, error: ClientError, stay_away: Duration) -> Result<(), ClientError> {
        let now = Instant::now();
        let since = *self.lost_since.get_or_insert(now);
        let has_place = self.state.borrow().resume.is_some();
        if !has_place
            || self.parting.is_some()
            || now.saturating_duration_since(since) > self.config.reconnect
        {
            return Err(error);
        }
        tracing::info!(%error, "lost the websocket");
        self.command(DeviceCommand::Disconnected {});
        self.pending.clear();
        self.outbox = Outbox::new(now);
        self.challenge = None;
        self.entry = Entry::Outside;
        self.in_group = false;
        self.admitted.clear();
        self.next_media = None;
        self.prepared = None;
        self.link = Link::Away { until: now + stay_away.max(self.retry) };
        self.retry = (self.retry * 2).min(RETRY.1);
        self.state.send_modify(|state| state.phase = Phase::Reconnecting);
        Ok(())
    }

    /// Says something to the server, as soon as it may be said; nothing while it is away.
    async fn request(&mut self, message: ClientMessage, request: Request) -> Result<(), ClientError> {
        if !matches!(self.link, Link::Up(_)) {
            return Ok(());
        }
        if !matches!(message, ClientMessage::Ping { .. }) {
            self.last_said = Instant::now();
        }
        self.outbox.push(message, request)?;
        self.flush(Instant::now()).await
    }

    async fn flush(&mut self, now: Instant) -> Result<(), ClientError> {
        loop {
            let Link::Up(signalling) = &mut self.link else { return Ok(()) };
            let Some((message, request)) = self.outbox.pop(now) else { return Ok(()) };
            match signalling.send(message).await {
                Ok(id) => {
                    if self.pending.len() == PENDING_MAX {
                        self.pending.pop_front();
                    }
                    self.pending.push_back((id, request));
                }
                Err(error) => return self.lose_link(error, Duration::ZERO),
            }
        }
    }

    /// Returns what `re` answers, and forgets it.
    fn answered(&mut self, re: Option<RequestId>) -> Option<Request> {
        let index = self.pending.iter().position(|(id, _)| Some(*id) == re)?;
        self.pending.remove(index).map(|(_, request)| request)
    }

    // What the caller wants.

    async fn handle_command(&mut self, command: Option<Command>) -> Result<Flow, ClientError> {
        let (message, request) = match command {
            None | Some(Command::Vanish) => return Ok(self.vanish()),
            Some(Command::Admit(guest)) => {
                return Ok(self.command(DeviceCommand::Admit { guest, by_rule: false }));
            }
            Some(Command::Chat(text)) => return Ok(self.command(DeviceCommand::Chat { text })),
            Some(Command::ShowMaterial(kind, content)) => {
                return Ok(self.command(DeviceCommand::ShowMaterial { kind, content }));
            }
            Some(Command::TakeMaterialAway) => return Ok(self.command(DeviceCommand::TakeMaterialAway {})),
            Some(Command::Deny(guest)) => (ClientMessage::Deny { guest }, Request::Other("deny")),
            Some(Command::DropWebSocket { stay_away }) => {
                let dropped = ClientError::connection("staying away", io::ErrorKind::ConnectionAborted);
                return self.lose_link(dropped, stay_away).map(|()| Flow::On);
            }
            Some(Command::End) => (ClientMessage::End {}, Request::Other("end")),
            Some(Command::Hand(raised)) => return Ok(self.command(DeviceCommand::Hand { raised })),
            Some(Command::Leave) => {
                if !matches!(self.link, Link::Up(_)) {
                    return Ok(self.vanish());
                }
                if self.takes_leave() {
                    let (epoch, due) = (self.state.borrow().epoch(), Instant::now() + FAREWELL);
                    self.parting = Some(Parting { epoch, due });
                    return Ok(self.command(DeviceCommand::Leave {}));
                }
                (ClientMessage::Leave {}, Request::Leave)
            }
            Some(Command::Lock(locked)) => return Ok(self.command(DeviceCommand::Lock { locked })),
            Some(Command::MakeHost(participant)) => {
                let device = self.device_of(participant);
                return Ok(self.command_about(device, |device| DeviceCommand::MakeHost { device }));
            }
            Some(Command::Mute(participant, source)) => {
                (ClientMessage::Mute { participant, source }, Request::Other("mute"))
            }
            Some(Command::Prove(passcode)) => return Ok(self.command(DeviceCommand::Passcode { passcode })),
            Some(Command::Remove(participant)) => {
                let device = self.device_of(participant);
                return Ok(self.command_about(device, |device| DeviceCommand::Remove { device }));
            }
            Some(Command::Invite { name, until_ms, devices }) => {
                return Ok(self.command(DeviceCommand::Invite { name, until_ms, devices }));
            }
            Some(Command::WithdrawInvite(invite)) => {
                return Ok(self.command(DeviceCommand::WithdrawInvite { invite }));
            }
            Some(Command::SetPasscode(passcode, admits)) => {
                return Ok(self.command(DeviceCommand::SetPasscode { passcode, admits }));
            }
            Some(Command::SetControls(controls)) => {
                return Ok(self.command(DeviceCommand::SetControls { controls }));
            }
            Some(Command::SetRight { participant, right, allowed }) => {
                let device = self.device_of(participant);
                return Ok(self.command_about(device, |device| DeviceCommand::SetRight {
                    device,
                    right,
                    allowed,
                }));
            }
            Some(Command::Suspend(suspended)) => {
                return Ok(self.command(DeviceCommand::Suspend { suspended }));
            }
            Some(Command::ReplaceMedia) => {
                self.replace_due = true;
                return Ok(Flow::On);
            }
            Some(Command::SendText(text)) => {
                if let Link::Up(signalling) = &mut self.link {
                    signalling.send_text(text).await?;
                }
                return Ok(Flow::On);
            }
            Some(Command::SetMedia(media)) => {
                self.wanted_media = media;
                self.publisher.set_media(media, Instant::now());
                self.command(DeviceCommand::Media { media });
                (ClientMessage::SetMedia { media }, Request::SetMedia(media))
            }
            Some(Command::Subscribe(subscription)) => {
                self.subscription = subscription;
                self.subscription_stale = true;
                return Ok(Flow::On);
            }
        };
        self.request(message, request).await?;
        Ok(Flow::On)
    }

    /// Returns whether the group is told first, so that its keys change at once. Not by who is alone, nor by who would
    /// leave the others without a host: to that the server will object.
    fn takes_leave(&self) -> bool {
        let state = self.state.borrow();
        let others = || {
            let others = state.participants.values().filter(|one| Some(one.id) != state.you);
            others.filter(|one| one.presence == Presence::Connected)
        };
        let is_host =
            |device: DeviceKey| state.members().iter().any(|member| member.device == device && member.host);
        let is_last_host = is_host(self.device.me()) && !others().any(|one| is_host(one.device));
        self.entry == Entry::Joined && others().next().is_some() && !is_last_host
    }

    async fn update_subscription(&mut self, now: Instant) -> Result<(), ClientError> {
        if self.state.borrow().phase != Phase::Joined {
            return Ok(());
        }
        self.subscription_stale = false;
        let tiles = self.tiles();
        if tiles == self.subscribed {
            return Ok(());
        }
        self.subscribe_not_before = now + SUBSCRIBE_INTERVAL;
        self.subscribed.clone_from(&tiles);
        self.request(ClientMessage::Subscribe { tiles }, Request::Other("subscribe")).await
    }

    fn tiles(&self) -> Vec<Tile> {
        let (most, height) = match &self.subscription {
            Subscription::Only(tiles) => return tiles.clone(),
            Subscription::Automatic { most, height } => (*most, *height),
        };
        let Ok(height) = TileHeight::try_from(height) else { return Vec::new() };
        let state = self.state.borrow();
        let shown = |source: Source| {
            let others = state.participants.values().filter(|one| Some(one.id) != state.you);
            others
                .filter(move |one| one.media.has(source) && one.presence == Presence::Connected)
                .map(move |one| Tile { participant: one.id, source, height })
        };
        shown(Source::Screen).chain(shown(Source::Camera)).take(most.min(self.config.video_slots)).collect()
    }
}
