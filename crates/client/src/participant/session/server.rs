//! What the server says, and what follows from it.

use std::time::{Duration, Instant};

use sabha_protocol::{
    MediaState, ParticipantId, RoomSeq, Rule,
    device::DeviceCommand,
    wire::{
        ServerFrame, ServerMessage,
        server::{CloseReason, Participant},
    },
};

use super::{Entry, Flow, RETRY, ROSTER_MAX, Request, Session};
use crate::{
    error::ClientError,
    participant::{LINGER_MAX, Over, Person, Phase, Refusal},
};

impl Session {
    pub(super) async fn handle_frame(&mut self, frame: ServerFrame) -> Result<Flow, ClientError> {
        if let Some(seq) = frame.seq {
            self.follow_order(seq);
        }
        let request = self.answered(frame.re);
        if !self.disobeys(&frame.body) {
            self.tell_device(&frame.body);
        }
        self.tell_answer(request, &frame.body);
        match frame.body {
            ServerMessage::Welcome { boot_epoch, challenge, .. } => {
                self.state.send_modify(|state| state.boot_epoch = Some(boot_epoch));
                // Nothing is said twice on one connection.
                if self.challenge.replace(challenge).is_none() {
                    self.enter();
                    // Made while others decide, so that nothing has to wait for it.
                    self.attend_device().await?;
                    self.prepare_offer().await?;
                }
            }
            ServerMessage::Waiting { you, host_present, .. } => self.state.send_modify(|state| {
                state.phase = Phase::Waiting;
                state.you = Some(you);
                state.host_present = host_present;
            }),
            ServerMessage::ResumeRenewed { resume } => {
                self.state.send_modify(|state| state.resume = Some(resume));
            }
            ServerMessage::Admitted { you, role, epoch, in_group, resume, media_allowed, .. } => {
                self.wanted_media = self.wanted_media.and(media_allowed);
                self.entry = Entry::Admitted;
                (self.in_group, self.group_epoch) = (in_group, epoch);
                self.state.send_modify(|state| {
                    state.you = Some(you);
                    state.role = Some(role);
                    state.resume = Some(resume);
                    if state.phase != Phase::Joined {
                        state.phase = Phase::Joining;
                    }
                });
            }
            ServerMessage::Joined { answer, media, participants, seq, .. } => {
                self.entry = Entry::Joined;
                self.joined(media, participants, seq);
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
            other => self.handle_news(other),
        }
        Ok(Flow::On)
    }

    /// Takes messages that only change what is known.
    fn handle_news(&mut self, message: ServerMessage) {
        let now = Instant::now();
        match message {
            ServerMessage::LayersWanted { source, layers } => self.publisher.set_wanted(source, &layers, now),
            ServerMessage::CodecWanted { source, codec } => self.publisher.set_codec(source, codec),
            ServerMessage::Muted { source, .. } => {
                self.wanted_media.set(source, false);
                self.state.send_modify(|state| state.media.set(source, false));
                self.publisher.set_media(self.wanted_media, now);
                self.command(DeviceCommand::Media { media: self.wanted_media });
            }
            ServerMessage::Slots { generation, slots }
                if self.state.borrow().generation == Some(generation) =>
            {
                // What came until now is of those who were there.
                self.count_media();
                self.sink.assign(&slots);
            }
            ServerMessage::ParticipantJoined { participant }
            | ServerMessage::ParticipantChanged { participant } => {
                self.subscription_stale = true;
                self.state.send_modify(|state| {
                    if Some(participant.id) == state.you {
                        state.role = Some(participant.role);
                    }
                    if state.participants.len() < ROSTER_MAX {
                        let person = Person::new(participant, state.members());
                        state.participants.insert(person.id, person);
                    }
                });
                self.follow_devices();
            }
            ServerMessage::ParticipantLeft { participant, .. } => {
                self.subscription_stale = true;
                self.state.send_modify(|state| {
                    state.participants.remove(&participant);
                    state.speaking.retain(|speaker| *speaker != participant);
                });
                self.follow_devices();
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

    /// Tells the sink whose frames may be in a slot.
    fn follow_devices(&mut self) {
        let state = self.state.borrow();
        self.sink.set_devices(state.participants.values().map(|person| (person.id, person.device)));
    }

    fn joined(&mut self, media: MediaState, participants: Vec<Participant>, seq: RoomSeq) {
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
                .map(|participant| (participant.id, Person::new(participant, state.members())))
                .collect();
            state.seq = seq;
            state.resumes += u32::from(came_back);
            state.joined_ms.get_or_insert(joined_ms);
        });
        self.follow_devices();
        self.publisher.set_media(self.wanted_media, Instant::now());
        self.command(DeviceCommand::Media { media: self.wanted_media });
    }

    fn refused(
        &mut self,
        request: Option<Request>,
        rule: Rule,
        message: String,
    ) -> Result<Flow, ClientError> {
        match request {
            Some(Request::Device(_, asked)) => self.device_refused(asked, rule, message)?,
            Some(Request::Join) => {
                self.next_media = None;
                // The server does not have the device in its group yet: asks again in a moment.
                if rule != Rule::AdmittedOnly {
                    return Err(ClientError::Refused { rule, message });
                }
            }
            // A last host that wants to go all the same goes without a word.
            Some(Request::Leave) => return Ok(self.vanish()),
            other => {
                if other == Some(Request::Offer) {
                    self.next_media = None;
                }
                self.note_refusal(other.map(Request::name), rule, message);
            }
        }
        Ok(Flow::On)
    }

    pub(super) fn note_refusal(&mut self, request: Option<&'static str>, rule: Rule, message: String) {
        self.state.send_modify(|state| state.push_refusal(Refusal { request, rule, message }));
    }

    /// The server's last word on this connection. Some of them only mean: come back.
    fn closed(&mut self, reason: CloseReason, by: Option<ParticipantId>) -> Result<Flow, ClientError> {
        let name = |id| self.state.borrow().participants.get(&id).and_then(|person| person.name.clone());
        let by = by.and_then(name);
        let closed = ClientError::Closed { reason, by: by.clone() };
        if matches!(reason, CloseReason::ServerStopping | CloseReason::TooSlow) {
            return self.lose_link(closed, Duration::ZERO).map(|()| Flow::On);
        }
        self.state.send_modify(|state| state.over = Some(Over::Closed { reason, by }));
        match reason {
            CloseReason::Ended | CloseReason::Left => Ok(Flow::Done),
            CloseReason::Removed if !self.config.lingers.is_zero() => {
                self.lingering = Some(closed);
                let until = Instant::now() + self.config.lingers.min(LINGER_MAX);
                self.link = super::Link::Away { until };
                Ok(Flow::On)
            }
            _ => Err(closed),
        }
    }

    /// Returns whether this client keeps its keys although it is told that it is out: its device is not told.
    fn disobeys(&self, message: &ServerMessage) -> bool {
        let removed = matches!(message, ServerMessage::Closed { reason: CloseReason::Removed, .. });
        removed && !self.config.lingers.is_zero()
    }

    pub(super) fn vanish(&mut self) -> Flow {
        self.state.send_modify(|state| state.over = Some(Over::Vanished));
        Flow::Done
    }
}
