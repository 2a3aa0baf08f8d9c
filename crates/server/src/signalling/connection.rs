//! One task for each WebSocket: reads, checks, forwards; writes what is due; ends the connection.
//!
//! Everything a client sends is measured, counted and parsed here before a room hears of it. What is wrong
//! is refused to the sender alone; who keeps sending it is closed. The actor of a request is this
//! connection's key, never anything in the message.

use std::time::{Duration, Instant};

use sabha_conference::{Command, ConnectionKey, Visitor};
use sabha_protocol::{
    MeetingId, RequestId, Rule,
    key::Challenge,
    limits::{
        ENTER_DEADLINE, ENTER_DEADLINE_CROWDED, MESSAGE_BYTES_BEFORE_ENTRY_MAX, MESSAGES_BURST,
        MESSAGES_PER_SECOND, REFUSAL_GRID, SILENCE_MAX, SILENCE_MAX_RESTING,
    },
    wire::{ClientFrame, ClientMessage, ServerFrame, ServerMessage, server::CloseReason},
};
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::{
    Error as SocketError, Message as Frame, Utf8Bytes,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{
    Attachment, Intake, Origin, Permit, Signalling,
    handshakes::GroupRequest,
    outbox::{Due, Outbox, OutboxReader, Overflow, encode, outbox},
    rate::TokenBucket,
    room::{Arrival, Claim, Mailbox, Message},
    rooms::Stranger,
    socket::Socket,
    translate::{self, Asked},
};
use crate::{drain::Phase, logging::AddressTag, metrics};

/// Times that a room is opened for one entry: a room that closes while somebody comes is opened once more.
const OPENINGS_MAX: usize = 5;

/// Time that a room needs to be gone.
const REOPEN_AFTER: Duration = Duration::from_millis(10);

/// A client that takes nothing for this long is too slow, or gone.
const WRITE_STALL_MAX: Duration = Duration::from_secs(10);

/// Time given to the last frames of a connection that ends badly.
const LAST_WORD_MAX: Duration = Duration::from_secs(1);

/// Bad messages a connection may send at once, and how many a second are forgiven.
const STRIKES_BURST: f64 = 20.0;
const STRIKES_PER_SECOND: f64 = 0.1;

/// Requests about the group a connection may make at once, and how many a second after that. A host's device that
/// lets in a crowd commits every 200 ms; each makes the server check a signature for every member.
const GROUP_REQUESTS_BURST: f64 = 20.0;
const GROUP_REQUESTS_PER_SECOND: f64 = 5.0;

/// Bytes of a connection that has not entered that are read before it is closed: its longest message, and the
/// beginning of the next one, which may follow without waiting.
const INTAKE_BYTES: usize = 2 * MESSAGE_BYTES_BEFORE_ENTRY_MAX;

/// Longest reason quoted in a refusal, in bytes.
const REASON_BYTES_MAX: usize = 200;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// We cannot serve it, by a fault of ours.
    Failed,
    /// The client closed it, or its network did.
    Gone,
    /// The room was lost by a fault of ours.
    RoomLost,
    /// It was told a last word.
    Said(CloseReason),
    /// This has still to be said.
    Say(CloseReason),
    /// It said nothing for too long, or never entered.
    Silent,
}

struct Connection {
    signalling: Signalling,
    key: ConnectionKey,
    origin: Origin,
    intake: Intake,
    /// What whoever enters on this connection has to sign.
    challenge: Challenge,
    outbox: Outbox,
    room: Option<Attached>,
    /// Whether the client said with its last ping that the next one takes longer.
    is_resting: bool,
    rate: TokenBucket,
    group_rate: TokenBucket,
    strikes: TokenBucket,
}

/// The room a connection was let into, or waits for.
struct Attached {
    meeting: MeetingId,
    mailbox: Mailbox,
    _attachment: Attachment,
}

/// Serves a WebSocket until it ends.
pub(super) async fn serve(
    signalling: Signalling,
    mut socket: Socket,
    intake: Intake,
    origin: Origin,
    permit: &Permit,
) {
    let Some(challenge) = draw_challenge() else {
        let _ = tokio::time::timeout(LAST_WORD_MAX, say_last_word(&mut socket, End::Failed)).await;
        return metrics::connection_ended("failed");
    };
    let key = signalling.next_connection();
    let (outbox, mut due) = outbox();
    let now = Instant::now();
    let mut connection = Connection {
        key,
        origin,
        intake,
        challenge,
        outbox,
        room: None,
        is_resting: false,
        rate: TokenBucket::new(now, f64::from(MESSAGES_BURST), f64::from(MESSAGES_PER_SECOND)),
        group_rate: TokenBucket::new(now, GROUP_REQUESTS_BURST, GROUP_REQUESTS_PER_SECOND),
        strikes: TokenBucket::new(now, STRIKES_BURST, STRIKES_PER_SECOND),
        signalling,
    };
    tracing::debug!(connection = key.0, address = %AddressTag(origin.address), "connection opened");
    let end = connection.run(&mut socket, &mut due, permit).await;
    // The room hears of it first: saying the last word may take a second.
    if let Some(attached) = connection.room.take() {
        let _ = attached.mailbox.send(Message::Disconnected { connection: key }).await;
    }
    // What a client sends while it hears its last word is dropped as it comes.
    connection.intake.lift();
    // A peer that does not take its last word does without.
    let _ = tokio::time::timeout(LAST_WORD_MAX, say_last_word(&mut socket, end)).await;
    metrics::connection_ended(match end {
        End::Failed => "failed",
        End::Gone => "gone",
        End::RoomLost => "room_lost",
        End::Said(_) => "closed",
        End::Say(CloseReason::TooSlow) => "too_slow",
        End::Say(CloseReason::Misbehaved) => "misbehaved",
        End::Say(_) => "stopping",
        End::Silent => "silent",
    });
    tracing::debug!(connection = key.0, ?end, "connection ended");
}

impl Connection {
    async fn run(&mut self, socket: &mut Socket, due: &mut OutboxReader, permit: &Permit) -> End {
        let opened = Instant::now();
        let mut heard = opened;
        let overflow = due.overflow();
        let mut phase = self.signalling.watch_drain();
        self.outbox.send(encode(&frame(None, self.signalling.welcome(self.challenge))));
        // A connection that comes while the server drains has to hear of it too.
        phase.mark_changed();
        self.intake.allow(INTAKE_BYTES);
        loop {
            let silence = heard + if self.is_resting { SILENCE_MAX_RESTING } else { SILENCE_MAX };
            let deadline = if due.has_entered() {
                silence
            } else {
                // While places get scarce, who only holds one makes room for those who come to enter.
                let patience = if permit.is_crowded() { ENTER_DEADLINE_CROWDED } else { ENTER_DEADLINE };
                silence.min(opened + patience)
            };
            let end = tokio::select! {
                next = due.next() => match next {
                    Some(next) => write(socket, &overflow, next).await,
                    None => Err(End::Gone),
                },
                received = socket.recv() => {
                    heard = Instant::now();
                    self.receive(received, heard).await
                }
                _ = phase.changed() => {
                    let phase = *phase.borrow_and_update();
                    self.note_phase(phase)
                }
                () = overflow.happened() => Err(End::Say(CloseReason::TooSlow)),
                () = self.intake.exhausted() => Err(End::Say(CloseReason::Misbehaved)),
                () = room_gone(self.room.as_ref()) => Err(flush(socket, due).await),
                () = tokio::time::sleep_until(deadline.into()) => Err(End::Silent),
            };
            if let Err(end) = end {
                return end;
            }
        }
    }

    fn note_phase(&self, phase: Phase) -> Result<(), End> {
        match phase {
            Phase::Serving => Ok(()),
            Phase::Draining { until } => {
                let remaining = until.saturating_duration_since(Instant::now()).as_millis();
                let remaining_ms = u32::try_from(remaining).unwrap_or(u32::MAX);
                self.outbox.send(encode(&frame(None, ServerMessage::Draining { remaining_ms })));
                Ok(())
            }
            Phase::Stopped => Err(End::Say(CloseReason::ServerStopping)),
        }
    }

    async fn receive(
        &mut self,
        received: Option<Result<Frame, SocketError>>,
        now: Instant,
    ) -> Result<(), End> {
        match received {
            None | Some(Ok(Frame::Close(_))) => Err(End::Gone),
            // Too long, not UTF-8, or not WebSocket; for a broken connection nobody hears the last word.
            Some(Err(_)) => Err(End::Say(CloseReason::Misbehaved)),
            // Of raw frames the library makes messages before it hands them over.
            Some(Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))) => {
                if self.rate.take(now) {
                    Ok(())
                } else {
                    self.strike(now)
                }
            }
            Some(Ok(Frame::Binary(_))) => {
                self.allow_next();
                self.refuse(None, Rule::WellFormed, "messages are text".to_owned());
                self.strike(now)
            }
            Some(Ok(Frame::Text(text))) => self.read(&text, now).await,
        }
    }

    /// Lets a stranger send its next message. Done once a whole one has come, and not for the control frames in
    /// between, which would let a message grow without end.
    fn allow_next(&self) {
        if self.room.is_none() {
            self.intake.allow(INTAKE_BYTES);
        }
    }

    /// Parses a message and passes it on, or refuses it.
    async fn read(&mut self, text: &Utf8Bytes, now: Instant) -> Result<(), End> {
        self.allow_next();
        if !self.rate.take(now) {
            let message = "too many messages; slow down".to_owned();
            self.refuse(request_of(text), Rule::Rate, message);
            return self.strike(now);
        }
        if self.room.is_none() && text.len() > MESSAGE_BYTES_BEFORE_ENTRY_MAX {
            let message = "this is longer than any message of who has not entered".to_owned();
            self.refuse(request_of(text), Rule::WellFormed, message);
            return self.strike(now);
        }
        let ClientFrame { id, body } = match serde_json::from_str(text) {
            Ok(frame) => frame,
            Err(error) => {
                let mut reason = format!("not a message of the protocol: {error}");
                reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
                self.refuse(request_of(text), Rule::WellFormed, reason);
                return self.strike(now);
            }
        };
        match body {
            ClientMessage::Ping { resting } => {
                // Who has not entered has no room in which nothing happens.
                self.is_resting = resting && self.room.is_some();
                self.outbox.send(encode(&frame(Some(id), ServerMessage::Pong {})));
                Ok(())
            }
            ClientMessage::Enter { meeting, device, proof, credential, client } => {
                let challenge = self.challenge;
                let Origin { address, account } = self.origin;
                let stranger = Stranger { meeting, device, challenge, proof, credential, address };
                // Boxed, since it is done once: a connection's task has room for its largest step for as long as it lives.
                Box::pin(self.enter(id, stranger, Visitor { client, account }, now)).await
            }
            other => {
                let (Some(attached), Some(asked)) = (&self.room, translate::asked(other)) else {
                    self.refuse(Some(id), Rule::Order, "enter first".to_owned());
                    return self.strike(now);
                };
                match asked {
                    Asked::Group(asked) => Box::pin(self.ask_group(id, asked, now)).await,
                    Asked::Room(command) => {
                        // What a guest says to hosts waits for its turn, and with it whatever this guest says next.
                        if matches!(command, Command::Door { to: None, .. })
                            && !attached.mailbox.door_turn().await
                        {
                            let message =
                                "too much is said at this meeting's door; try again soon".to_owned();
                            self.refuse(Some(id), Rule::KnockRate, message);
                            return Ok(());
                        }
                        let message = Message::Request { connection: self.key, request: id, command };
                        attached.mailbox.send(message).await.map_err(|_| End::RoomLost)
                    }
                }
            }
        }
    }

    /// Passes on what is about the group, and waits until it is done: such messages are long, and one of each
    /// connection is as many as a room should have to hold.
    async fn ask_group(&mut self, request: RequestId, asked: GroupRequest, now: Instant) -> Result<(), End> {
        let Some(attached) = &self.room else { return Ok(()) };
        if !self.group_rate.take(now) {
            self.refuse(Some(request), Rule::Rate, "too much about the group; slow down".to_owned());
            return self.strike(now);
        }
        let (handled, done) = oneshot::channel();
        let message = Message::Group { connection: self.key, request, asked, handled };
        attached.mailbox.send(message).await.map_err(|_| End::RoomLost)?;
        // A room that went meanwhile is noticed in its turn, after its last words.
        let _ = done.await;
        Ok(())
    }

    /// Enters, and waits until it is decided: what follows on this connection may be long only if it was let in.
    async fn enter(
        &mut self,
        request: RequestId,
        stranger: Stranger,
        visitor: Visitor,
        now: Instant,
    ) -> Result<(), End> {
        let (meeting, device) = (stranger.meeting, stranger.device);
        if self.room.as_ref().is_some_and(|attached| attached.meeting != meeting) {
            self.refuse(Some(request), Rule::Order, "a connection is for one meeting".to_owned());
            return self.strike(now);
        }
        for _ in 0..OPENINGS_MAX {
            let (mailbox, claim) = match self.signalling.rooms().enter(stranger.clone()).await {
                Ok(entry) => entry,
                Err(refusal) => {
                    refusal_time(now).await;
                    self.refuse(Some(request), refusal.rule, refusal.message);
                    return self.strike(now);
                }
            };
            if matches!(claim, Claim::Link(_)) && !mailbox.door_turn().await {
                let message = "too many knock at this meeting; try again soon".to_owned();
                self.refuse(Some(request), Rule::KnockRate, message);
                return Ok(());
            }
            let outbox = self.outbox.clone();
            let address = self.origin.address;
            let arrival = Arrival { connection: self.key, outbox, address, visitor };
            let (verdict, let_in) = oneshot::channel();
            // If the message does not arrive, nobody is left to give a verdict.
            let _ = mailbox.send(Message::Enter { arrival, request, device, claim, verdict }).await;
            match let_in.await {
                Ok(true) => {
                    self.intake.lift();
                    if self.room.is_none() {
                        self.room =
                            Some(Attached { meeting, mailbox, _attachment: self.signalling.attach() });
                    }
                    return Ok(());
                }
                // The room has said why; it is written once this connection goes on.
                Ok(false) => {
                    refusal_time(now).await;
                    return self.strike(now);
                }
                // It closed at this very moment, since the last one in it had gone: it is opened afresh.
                Err(_) => tokio::time::sleep(REOPEN_AFTER).await,
            }
        }
        self.refuse(Some(request), Rule::Capacity, "the room closes again and again; try later".to_owned());
        Ok(())
    }

    fn refuse(&self, re: Option<RequestId>, rule: Rule, message: String) {
        metrics::refused(rule);
        self.outbox.send(encode(&frame(re, ServerMessage::Refused { rule, message })));
    }

    /// Counts something that a well-behaved client does not do.
    fn strike(&mut self, now: Instant) -> Result<(), End> {
        if self.strikes.take(now) { Ok(()) } else { Err(End::Say(CloseReason::Misbehaved)) }
    }
}

/// Returns what no connection was given to sign before, or nothing if the system gives no randomness.
fn draw_challenge() -> Option<Challenge> {
    let mut bytes = [0; 32];
    let drawn = getrandom::fill(&mut bytes);
    if let Err(error) = &drawn {
        tracing::error!(%error, "the operating system gives no random numbers");
    }
    drawn.ok().map(|()| Challenge::from_bytes(bytes))
}

/// Waits until somebody who asked to enter at `asked` may hear that it is refused: the next multiple of
/// [`REFUSAL_GRID`], whatever was looked up meanwhile.
async fn refusal_time(asked: Instant) {
    let cells = asked.elapsed().as_nanos() / REFUSAL_GRID.as_nanos() + 1;
    let cells = u32::try_from(cells).unwrap_or(u32::MAX);
    tokio::time::sleep_until((asked + REFUSAL_GRID * cells).into()).await;
}

fn frame(re: Option<RequestId>, body: ServerMessage) -> ServerFrame {
    ServerFrame { re, seq: None, body }
}

/// Returns the number of a message that is otherwise not understood, so that its refusal can name it.
fn request_of(text: &str) -> Option<RequestId> {
    #[derive(Deserialize)]
    struct Numbered {
        id: RequestId,
    }
    serde_json::from_str::<Numbered>(text).ok().map(|numbered| numbered.id)
}

/// Waits until the connection's room is gone; for ever if it has none.
async fn room_gone(room: Option<&Attached>) {
    match room {
        Some(attached) => attached.mailbox.closed().await,
        None => std::future::pending().await,
    }
}

/// Writes one thing that is due.
async fn write(socket: &mut Socket, overflow: &Overflow, next: Due) -> Result<(), End> {
    let (text, end) = match next {
        Due::Close { text, reason } => (text, Some(End::Said(reason))),
        Due::Send(text) => (text, None),
    };
    tokio::select! {
        sent = socket.send(Frame::Text(text)) => sent.map_err(|_| End::Gone)?,
        () = overflow.happened() => return Err(End::Say(CloseReason::TooSlow)),
        () = tokio::time::sleep(WRITE_STALL_MAX) => return Err(End::Say(CloseReason::TooSlow)),
    }
    end.map_or(Ok(()), Err)
}

/// Writes what a room that is gone has left, and tells whether it said farewell.
async fn flush(socket: &mut Socket, due: &mut OutboxReader) -> End {
    let overflow = due.overflow();
    while let Some(next) = due.try_next() {
        if let Err(end) = write(socket, &overflow, next).await {
            return end;
        }
    }
    End::RoomLost
}

/// Says what is left to say, and closes with a code for those who look no further.
async fn say_last_word(socket: &mut Socket, end: End) -> Result<(), SocketError> {
    if let End::Say(reason) = end {
        let last = frame(None, ServerMessage::Closed { reason, by: None });
        socket.send(Frame::Text(encode(&last))).await?;
    }
    let code = match end {
        End::Gone => return Ok(()),
        End::Failed | End::RoomLost => CloseCode::Error,
        End::Said(reason) | End::Say(reason) => match reason {
            CloseReason::Misbehaved | CloseReason::TooSlow => CloseCode::Policy,
            CloseReason::ServerStopping => CloseCode::Restart,
            _ => CloseCode::Normal,
        },
        End::Silent => CloseCode::Away,
    };
    socket.send(Frame::Close(Some(CloseFrame { code, reason: Utf8Bytes::default() }))).await?;
    // The client answers with a close frame of its own; what it sent before that is read and dropped, for a
    // socket closed with unread bytes resets the connection and takes the last word with it.
    while let Some(Ok(_)) = socket.recv().await {}
    Ok(())
}
