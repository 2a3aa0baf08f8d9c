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

use std::{
    collections::VecDeque,
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_protocol::{
    MediaGeneration, MediaState, ParticipantId, RequestId, RoomSeq, Rule, Sdp, Source, TileHeight,
    limits::{MESSAGES_BURST, MESSAGES_PER_SECOND, PING_INTERVAL, RESUME_WINDOW, SILENCE_MAX},
    wire::{
        ClientMessage, ServerFrame, ServerMessage,
        client::{Credential, MediaOffer, Tile},
        server::{CloseReason, Guest, MediaAnswer, Presence, Role},
    },
};
use tokio::{sync::mpsc, sync::watch, time::sleep_until};

use super::{Admission, Command, Entry, Over, ParticipantConfig, Phase, Refusal, Snapshot, Subscription};
use crate::{
    error::ClientError,
    link::Server,
    media::{Peer, PeerConfig, PeerEvent, PeerOutput, Wire},
    report::Report,
    signalling::Signalling,
    sink::Sink,
    source::Publisher,
};

/// Requests without an answer so far. More means that the server has stopped answering.
const PENDING_MAX: usize = 256;

/// Between two copies of the figures into the snapshot.
const TICK: Duration = Duration::from_millis(50);

/// Between two subscriptions: a room that fills must not run into the server's message rate.
const SUBSCRIBE_INTERVAL: Duration = Duration::from_millis(100);

/// First and longest wait before another try to reach the server.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Between two tries to replace a media connection that broke.
const REPLACE_INTERVAL: Duration = Duration::from_secs(1);

/// Guests let in at once, and the time after which one more may be: a crowd at the door must not run into the
/// server's message rate ([`MESSAGES_BURST`] and [`MESSAGES_PER_SECOND`], shared with everything else a host says).
const ADMIT_BURST: u32 = MESSAGES_BURST / 2;
const ADMIT_INTERVAL: Duration = Duration::from_millis(2_000 / MESSAGES_PER_SECOND as u64);

/// Participants and guests remembered, whatever the server says.
const ROSTER_MAX: usize = 4_096;

/// What a request was, to make sense of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Enter,
    Join,
    Leave,
    Offer,
    SetMedia(MediaState),
    Other(&'static str),
}

impl Request {
    const fn name(self) -> &'static str {
        match self {
            Self::Enter => "enter",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Offer => "offer",
            Self::SetMedia(_) => "set_media",
            Self::Other(name) => name,
        }
    }
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
    fn to(server: Server) -> Self {
        Self::Connecting(Box::pin(async move { Signalling::connect(&server).await.map(Box::new) }))
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

/// A peer connection with its socket.
struct Media {
    peer: Peer,
    wire: Wire,
    due: Instant,
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
    lost_since: Option<Instant>,
    retry: Duration,
    last_heard: Instant,
    next_ping: Instant,
    next_tick: Instant,
    pending: VecDeque<(RequestId, Request)>,
    media: Option<Media>,
    /// Offered, not answered yet.
    next_media: Option<Media>,
    /// Socket bytes of connections that were replaced.
    earlier_bytes: u64,
    replace_not_before: Instant,
    replace_due: bool,
    /// Guests to let in, and how many may be at once.
    to_admit: VecDeque<ParticipantId>,
    admit_budget: u32,
    admit_refill: Instant,
    wanted_media: MediaState,
    publisher: Publisher,
    sink: Sink,
    subscription: Subscription,
    subscribed: Vec<Tile>,
    /// Whether the room or the wish changed since `subscribed` was worked out.
    subscription_stale: bool,
    subscribe_not_before: Instant,
}

/// Runs a participant from its first connection to its end.
pub(super) async fn run(
    config: Arc<ParticipantConfig>,
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
    let server = config.invite.server.clone();
    let mut session = Session {
        commands,
        start,
        link: Link::to(server),
        lost_since: None,
        retry: RETRY.0,
        last_heard: start,
        next_ping: start + PING_INTERVAL,
        next_tick: start + TICK,
        pending: VecDeque::new(),
        media: None,
        next_media: None,
        earlier_bytes: 0,
        replace_not_before: start,
        replace_due: false,
        to_admit: VecDeque::new(),
        admit_budget: ADMIT_BURST,
        admit_refill: start + ADMIT_INTERVAL,
        wanted_media,
        publisher,
        sink: Sink::new(start),
        subscription: config.subscription.clone(),
        subscribed: Vec::new(),
        subscription_stale: false,
        subscribe_not_before: start,
        config: config.clone(),
        state: state.clone(),
    };
    let result = session.run().await;
    session.say_goodbye();
    session.copy_figures();
    finish(&config, &state, start, result)
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
    let report = Report::new(config.invite.meeting, &state.borrow(), lasted_ms);
    (report, result)
}

fn over(error: &ClientError) -> Over {
    match error {
        ClientError::Refused { rule, message } => Over::Refused { rule: *rule, message: message.clone() },
        ClientError::Closed { reason, by } => Over::Closed { reason: *reason, by: by.clone() },
        other => {
            let mut text = other.to_string();
            let mut cause = std::error::Error::source(other);
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            Over::Failed { error: text }
        }
    }
}

impl Session {
    async fn run(&mut self) -> Result<(), ClientError> {
        loop {
            self.pump_media();
            let deadline = self.deadline();
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
                    Flow::On
                }
                Wake::Timer => Flow::On,
            };
            if let Flow::Done = flow {
                return Ok(());
            }
            self.handle_time(Instant::now()).await?;
        }
    }

    fn deadline(&self) -> Instant {
        let mut deadline = self.next_tick.min(self.next_ping);
        if let Some(media) = &self.media {
            deadline = deadline.min(media.due);
        }
        if let Some(due) = self.publisher.next_due() {
            deadline = deadline.min(due);
        }
        deadline
    }

    async fn handle_time(&mut self, now: Instant) -> Result<(), ClientError> {
        self.send_due_media(now);
        self.admit(now).await?;
        if now >= self.next_ping {
            self.next_ping = now + PING_INTERVAL;
            if now.saturating_duration_since(self.last_heard) > SILENCE_MAX {
                let silent = ClientError::Timeout("waiting for a sign of life of the server");
                return self.lose_link(silent, Duration::ZERO);
            }
            self.request(ClientMessage::Ping {}, Request::Other("ping")).await?;
        }
        if now >= self.next_tick {
            self.next_tick = now + TICK;
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
                let server = self.config.invite.server.clone();
                self.link = Link::to(server);
                Ok(Flow::On)
            }
        }
    }

    /// Gives the link up and comes back later, if there is a place to come back to.
    fn lose_link(&mut self, error: ClientError, stay_away: Duration) -> Result<(), ClientError> {
        let now = Instant::now();
        let since = *self.lost_since.get_or_insert(now);
        let has_place = self.state.borrow().resume.is_some();
        // The server decides whether the place is still kept; a little longer than it may, and nobody is there.
        if !has_place || now.saturating_duration_since(since) > RESUME_WINDOW + SILENCE_MAX {
            return Err(error);
        }
        tracing::info!(%error, "lost the websocket");
        self.pending.clear();
        self.next_media = None;
        self.link = Link::Away { until: now + stay_away.max(self.retry) };
        self.retry = (self.retry * 2).min(RETRY.1);
        self.state.send_modify(|state| state.phase = Phase::Reconnecting);
        Ok(())
    }

    async fn request(&mut self, message: ClientMessage, request: Request) -> Result<(), ClientError> {
        let Link::Up(signalling) = &mut self.link else { return Ok(()) };
        match signalling.send(message).await {
            Ok(id) => {
                if self.pending.len() == PENDING_MAX {
                    self.pending.pop_front();
                }
                self.pending.push_back((id, request));
                Ok(())
            }
            Err(error) => self.lose_link(error, Duration::ZERO),
        }
    }

    /// Returns what `re` answers, and forgets it.
    fn answered(&mut self, re: Option<RequestId>) -> Option<Request> {
        let index = self.pending.iter().position(|(id, _)| Some(*id) == re)?;
        self.pending.remove(index).map(|(_, request)| request)
    }

    async fn enter(&mut self) -> Result<(), ClientError> {
        let resume = self.state.borrow().resume.clone();
        let credential = match (resume, &self.config.entry) {
            (Some(token), _) => Credential::Resume { token },
            (None, Entry::Host(token)) => Credential::Host { token: token.clone() },
            (None, Entry::Guest) => Credential::Link { gate_key: self.config.invite.gate_key() },
        };
        let knocks = matches!(credential, Credential::Link { .. });
        let (meeting, name) = (self.config.invite.meeting, self.config.name.clone());
        self.request(ClientMessage::Enter { meeting, name, credential }, Request::Enter).await?;
        // Who has a right to a place need not wait to be told so.
        if knocks { Ok(()) } else { self.join().await }
    }

    async fn join(&mut self) -> Result<(), ClientError> {
        let offer = self.offer().await?;
        let media = self.wanted_media;
        self.request(ClientMessage::Join { offer, media }, Request::Join).await
    }

    // What the server says.

    async fn handle_frame(&mut self, frame: ServerFrame) -> Result<Flow, ClientError> {
        if let Some(seq) = frame.seq {
            self.follow_order(seq);
        }
        let request = self.answered(frame.re);
        match frame.body {
            ServerMessage::Welcome { boot_epoch, .. } => {
                self.state.send_modify(|state| state.boot_epoch = Some(boot_epoch));
                self.enter().await?;
            }
            ServerMessage::Waiting { you, host_present } => self.state.send_modify(|state| {
                state.phase = Phase::Waiting;
                state.you = Some(you);
                state.host_present = host_present;
            }),
            ServerMessage::Admitted { you, role, resume, title, media_allowed, .. } => {
                self.wanted_media = self.wanted_media.and(media_allowed);
                self.state.send_modify(|state| {
                    state.you = Some(you);
                    state.role = Some(role);
                    state.title = title;
                    state.resume = Some(resume);
                    if state.phase != Phase::Joined {
                        state.phase = Phase::Joining;
                    }
                });
                if !self.joins() {
                    self.join().await?;
                }
            }
            ServerMessage::Joined { answer, media, participants, lobby, seq } => {
                self.to_admit.clear();
                for guest in &lobby {
                    self.welcome(guest.id);
                }
                self.joined(media, participants, lobby, seq);
                self.take_answer(&answer).await?;
            }
            ServerMessage::MediaAnswer { answer } => self.take_answer(&answer).await?,
            ServerMessage::MediaLost {} => self.replace_due = true,
            ServerMessage::Refused { rule, message } => return self.refused(request, rule, message),
            ServerMessage::Closed { reason, by } => return self.closed(reason, by),
            ServerMessage::Done {} => {
                if let Some(Request::SetMedia(media)) = request {
                    self.state.send_modify(|state| state.media = media);
                }
            }
            ServerMessage::Knocked { guest } => {
                self.welcome(guest.id);
                self.state.send_modify(|state| {
                    state.lobby.retain(|known| known.id != guest.id);
                    if state.lobby.len() < ROSTER_MAX {
                        state.lobby.push(guest);
                    }
                });
            }
            other => self.handle_news(other),
        }
        Ok(Flow::On)
    }

    /// Takes messages that only change what is known.
    fn handle_news(&mut self, message: ServerMessage) {
        let now = Instant::now();
        match message {
            ServerMessage::LayersWanted { source, layers } => self.publisher.set_wanted(source, &layers, now),
            ServerMessage::Muted { source, .. } => {
                self.wanted_media.set(source, false);
                self.state.send_modify(|state| state.media.set(source, false));
                self.publisher.set_media(self.wanted_media, now);
            }
            ServerMessage::Slots { generation, slots }
                if self.state.borrow().generation == Some(generation) =>
            {
                self.sink.assign(&slots);
            }
            ServerMessage::LobbyLeft { guest, .. } => {
                self.state.send_modify(|state| state.lobby.retain(|known| known.id != guest));
            }
            ServerMessage::ParticipantJoined { participant }
            | ServerMessage::ParticipantChanged { participant } => {
                self.subscription_stale = true;
                self.state.send_modify(|state| {
                    if Some(participant.id) == state.you {
                        state.role = Some(participant.role);
                    }
                    if state.participants.len() < ROSTER_MAX {
                        state.participants.insert(participant.id, participant);
                    }
                });
            }
            ServerMessage::ParticipantLeft { participant, .. } => {
                self.subscription_stale = true;
                self.state.send_modify(|state| {
                    state.participants.remove(&participant);
                    state.speaking.retain(|speaker| *speaker != participant);
                });
            }
            ServerMessage::Speakers { speaking } => self.state.send_modify(|state| state.speaking = speaking),
            _ => {}
        }
    }

    fn follow_order(&mut self, seq: RoomSeq) {
        self.state.send_modify(|state| {
            if state.phase == Phase::Joined && seq > state.seq.next() {
                state.seq_gaps += seq.0 - state.seq.next().0;
            }
            state.seq = state.seq.max(seq);
        });
    }

    /// Returns whether a `join` is under way.
    fn joins(&self) -> bool {
        self.pending.iter().any(|(_, request)| *request == Request::Join)
    }

    fn joined(
        &mut self,
        media: MediaState,
        participants: Vec<sabha_protocol::wire::server::Participant>,
        lobby: Vec<Guest>,
        seq: RoomSeq,
    ) {
        let came_back = self.lost_since.take().is_some();
        self.retry = RETRY.0;
        self.wanted_media = self.wanted_media.and(media);
        self.subscribed.clear();
        self.subscription_stale = true;
        let joined_ms = self.start.elapsed().as_millis() as u64;
        self.state.send_modify(|state| {
            state.phase = Phase::Joined;
            state.media = media;
            state.participants = participants
                .into_iter()
                .take(ROSTER_MAX)
                .map(|participant| (participant.id, participant))
                .collect();
            state.lobby = lobby;
            state.seq = seq;
            state.resumes += u32::from(came_back);
            state.joined_ms.get_or_insert(joined_ms);
        });
        self.publisher.set_media(self.wanted_media, Instant::now());
    }

    fn refused(
        &mut self,
        request: Option<Request>,
        rule: Rule,
        message: String,
    ) -> Result<Flow, ClientError> {
        match request {
            Some(Request::Enter | Request::Join) => Err(ClientError::Refused { rule, message }),
            // A last host that wants to go all the same goes without a word.
            Some(Request::Leave) => Ok(self.vanish()),
            other => {
                if other == Some(Request::Offer) {
                    self.next_media = None;
                }
                let request = other.map(Request::name);
                self.state.send_modify(|state| state.push_refusal(Refusal { request, rule, message }));
                Ok(Flow::On)
            }
        }
    }

    fn closed(
        &mut self,
        reason: CloseReason,
        by: Option<sabha_protocol::DisplayName>,
    ) -> Result<Flow, ClientError> {
        self.state.send_modify(|state| state.over = Some(Over::Closed { reason, by: by.clone() }));
        match reason {
            CloseReason::Ended | CloseReason::Left => Ok(Flow::Done),
            reason => Err(ClientError::Closed { reason, by }),
        }
    }

    fn vanish(&mut self) -> Flow {
        self.state.send_modify(|state| state.over = Some(Over::Vanished));
        Flow::Done
    }

    /// Takes note of somebody who knocks, to be let in if that is what this host does.
    fn welcome(&mut self, guest: ParticipantId) {
        let is_host = self.state.borrow().role == Some(Role::Host);
        if is_host && self.config.admission == Admission::All && self.to_admit.len() < ROSTER_MAX {
            self.to_admit.push_back(guest);
        }
    }

    /// Lets in as many as the message rate allows now.
    async fn admit(&mut self, now: Instant) -> Result<(), ClientError> {
        while now >= self.admit_refill {
            self.admit_budget = (self.admit_budget + 1).min(ADMIT_BURST);
            self.admit_refill += ADMIT_INTERVAL;
        }
        while self.admit_budget > 0 {
            let Some(guest) = self.to_admit.pop_front() else { return Ok(()) };
            self.admit_budget -= 1;
            self.request(ClientMessage::Admit { guest }, Request::Other("admit")).await?;
        }
        Ok(())
    }

    // What the caller wants.

    async fn handle_command(&mut self, command: Option<Command>) -> Result<Flow, ClientError> {
        let (message, request) = match command {
            None | Some(Command::Vanish) => return Ok(self.vanish()),
            Some(Command::Admit(guest)) => (ClientMessage::Admit { guest }, Request::Other("admit")),
            Some(Command::Deny(guest)) => (ClientMessage::Deny { guest }, Request::Other("deny")),
            Some(Command::DropWebSocket { stay_away }) => {
                let dropped = ClientError::connection("staying away", io::ErrorKind::ConnectionAborted);
                return self.lose_link(dropped, stay_away).map(|()| Flow::On);
            }
            Some(Command::End) => (ClientMessage::End {}, Request::Other("end")),
            Some(Command::Leave) => {
                if !matches!(self.link, Link::Up(_)) {
                    return Ok(self.vanish());
                }
                (ClientMessage::Leave {}, Request::Leave)
            }
            Some(Command::MakeHost(participant)) => {
                (ClientMessage::MakeHost { participant }, Request::Other("make_host"))
            }
            Some(Command::Mute(participant, source)) => {
                (ClientMessage::Mute { participant, source }, Request::Other("mute"))
            }
            Some(Command::Remove(participant)) => {
                (ClientMessage::Remove { participant }, Request::Other("remove"))
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

    // Media.

    /// Makes a peer connection that waits for its answer, and returns its offer.
    async fn offer(&mut self) -> Result<MediaOffer, ClientError> {
        let Link::Up(signalling) = &self.link else {
            return Err(ClientError::Misuse("an offer needs a connection to the server"));
        };
        let (wire, local) = Wire::open(signalling.local_ip()?, self.config.path).await?;
        let config = PeerConfig {
            up: self.config.publish.clone(),
            video_slots: self.config.video_slots,
            audio_slots: self.config.audio_slots,
            local,
            path: self.config.path,
        };
        let now = Instant::now();
        let (peer, offer) = Peer::offer(&config, now)?;
        self.next_media = Some(Media { peer, wire, due: now });
        Ok(offer)
    }

    async fn replace_media(&mut self, now: Instant) -> Result<(), ClientError> {
        let joined = self.state.borrow().phase == Phase::Joined;
        // While the link is away, coming back replaces the peer connection anyway.
        if !joined || self.next_media.is_some() {
            return Ok(());
        }
        self.replace_due = false;
        self.replace_not_before = now + REPLACE_INTERVAL;
        let offer = self.offer().await?;
        self.request(ClientMessage::Offer { offer }, Request::Offer).await
    }

    async fn take_answer(&mut self, answer: &MediaAnswer) -> Result<(), ClientError> {
        let Some(mut media) = self.next_media.take() else {
            return Err(ClientError::ServerMisbehaved("it answered an offer that was not made".to_owned()));
        };
        self.connect(&mut media, &answer.sdp).await?;
        if let Some(old) = self.media.take() {
            self.earlier_bytes += old.wire.bytes_in;
        }
        self.sink.reset_slots(media.peer.slots());
        self.media = Some(media);
        self.replace_due = false;
        self.set_generation(answer.generation);
        Ok(())
    }

    async fn connect(&mut self, media: &mut Media, answer: &Sdp) -> Result<(), ClientError> {
        media.wire.connect(answer).await?;
        media.peer.accept(answer, Instant::now())
    }

    fn set_generation(&mut self, generation: MediaGeneration) {
        self.state.send_modify(|state| {
            // Also when the connection before it was lost already.
            state.media_replacements += u32::from(state.generation.is_some());
            state.generation = Some(generation);
            state.media_connected = false;
        });
    }

    fn read_wire(&mut self, ready: io::Result<()>) {
        let Some(Media { peer, wire, .. }) = &mut self.media else { return };
        let now = Instant::now();
        let mut failed = None;
        let read = ready.and_then(|()| {
            wire.receive(|source, packet| {
                if let Err(error) = peer.handle_packet(now, source, packet) {
                    failed.get_or_insert(error);
                }
            })
        });
        if let Err(error) = read {
            tracing::info!(%error, "the media socket broke");
            self.lose_media();
        } else if let Some(error) = failed {
            tracing::info!(%error, "the media connection broke");
            self.lose_media();
        }
    }

    fn send_due_media(&mut self, now: Instant) {
        let Some(Media { peer, due, .. }) = &mut self.media else {
            // Nothing to send on, but time goes on.
            self.publisher.poll(now, |_| {});
            return;
        };
        let mut result = if now >= *due { peer.handle_timeout(now) } else { Ok(()) };
        self.publisher.poll(now, |packet| {
            if result.is_ok() {
                result = peer.send(now, packet);
            }
        });
        if let Err(error) = result {
            tracing::info!(%error, "the media connection broke");
            self.lose_media();
        }
    }

    /// Sends what the peer connection wants sent and takes note of what it says.
    fn pump_media(&mut self) {
        let Some(Media { peer, wire, due }) = &mut self.media else { return };
        let mut lost = false;
        loop {
            match peer.poll_output() {
                PeerOutput::Transmit { destination, contents } => wire.send(destination, &contents),
                PeerOutput::Timeout(at) => {
                    *due = at;
                    break;
                }
                PeerOutput::Event(PeerEvent::Packet(packet)) => self.sink.receive(&packet),
                PeerOutput::Event(PeerEvent::KeyFrameWanted { source, layer }) => {
                    self.publisher.want_key_frame(source, layer);
                }
                PeerOutput::Event(PeerEvent::Connected) => {
                    let connected_ms = self.start.elapsed().as_millis() as u64;
                    // Receivers of a fresh connection have no picture to go on from.
                    for source in &self.config.publish {
                        self.publisher.want_key_frame(*source, None);
                    }
                    self.state.send_modify(|state| {
                        state.media_connected = true;
                        state.media_connected_ms.get_or_insert(connected_ms);
                    });
                }
                PeerOutput::Event(PeerEvent::Lost) => lost = true,
            }
        }
        if lost {
            self.lose_media();
        }
    }

    fn lose_media(&mut self) {
        if let Some(old) = self.media.take() {
            self.earlier_bytes += old.wire.bytes_in;
        }
        self.replace_due = true;
        self.state.send_modify(|state| state.media_connected = false);
    }

    fn ask_for_key_frames(&mut self, now: Instant) {
        let Some(Media { peer, .. }) = &mut self.media else { return };
        for slot in self.sink.key_frames_to_ask(now) {
            if peer.request_key_frame(slot).is_err() {
                return;
            }
        }
    }

    /// Copies the figures of what was received into the snapshot.
    fn copy_figures(&mut self) {
        let (packets, _) = self.sink.totals();
        let bytes = self.earlier_bytes + self.media.as_ref().map_or(0, |media| media.wire.bytes_in);
        let (sink, state) = (&self.sink, &self.state);
        state.send_if_modified(|state| {
            let changed = state.media_packets != packets || state.media_socket_bytes != bytes;
            state.media_packets = packets;
            state.media_socket_bytes = bytes;
            if state.publications != sink.publications() {
                state.publications.clear();
                state.publications.extend_from_slice(sink.publications());
                return true;
            }
            changed
        });
    }

    /// Tells the other side of the media connection, if this participant did not go without a word.
    fn say_goodbye(&mut self) {
        if self.state.borrow().over == Some(Over::Vanished) {
            return;
        }
        if let Some(media) = &mut self.media {
            media.peer.close();
        }
        self.pump_media();
    }
}

async fn ready(wire: Option<&Wire>) -> io::Result<()> {
    match wire {
        Some(wire) => wire.ready().await,
        None => std::future::pending().await,
    }
}
