//! What the server says, and what follows from it.

use std::time::Instant;

use sabha_protocol::{
    DisplayName, MediaState, ParticipantId, RoomSeq, Rule,
    wire::{
        ClientMessage, ServerFrame, ServerMessage,
        server::{CloseReason, Guest, Participant, Role},
    },
};

use super::{ADMIT_BURST, ADMIT_INTERVAL, Flow, RETRY, ROSTER_MAX, Request, Session};
use crate::{
    error::ClientError,
    participant::{Admission, Over, Phase, Refusal},
};

impl Session {
    pub(super) async fn handle_frame(&mut self, frame: ServerFrame) -> Result<Flow, ClientError> {
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
            ServerMessage::ResumeRenewed { resume } => {
                self.state.send_modify(|state| state.resume = Some(resume));
            }
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

    fn joined(&mut self, media: MediaState, participants: Vec<Participant>, lobby: Vec<Guest>, seq: RoomSeq) {
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

    fn closed(&mut self, reason: CloseReason, by: Option<DisplayName>) -> Result<Flow, ClientError> {
        self.state.send_modify(|state| state.over = Some(Over::Closed { reason, by: by.clone() }));
        match reason {
            CloseReason::Ended | CloseReason::Left => Ok(Flow::Done),
            reason => Err(ClientError::Closed { reason, by }),
        }
    }

    pub(super) fn vanish(&mut self) -> Flow {
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
    pub(super) async fn admit(&mut self, now: Instant) -> Result<(), ClientError> {
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
}
