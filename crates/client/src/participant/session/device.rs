//! The own device: what it is told, what it wants, and what follows from how things stand for it.
//!
//! ```text
//!   Welcome ─► Enter{challenge, token} ─► Send(enter) ─► admitted, in the group ─► join
//!   every message that concerns it ─► Receive, then Answered for what it had sent
//!   Send ─► server · Media ─► keys of frames · View ─► snapshot · Remember ─► state file
//! ```

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_protocol::{
    DeviceKey, ParticipantId, RequestId, Rule,
    device::{DeviceCommand, DeviceOutput, DeviceStage, DeviceView, PasscodeProof},
    wire::{ClientMessage, ServerMessage, advisory_policy::cited, server::CloseReason},
};

use super::{Asked, Entry, Flow, JOIN_INTERVAL, Request, Session};
use crate::participant::snapshot::{Material, Refusal};
use crate::{
    clock,
    error::ClientError,
    http,
    participant::{Admission, ChatLine},
    state::DeviceState,
};

/// Outputs that one input of the device can have. More would be a device that talks to itself.
const OUTPUTS_MAX: usize = 10_000;

/// How long a refusal waits for the name of the advisory that demands it.
const DEMANDS_MAX: Duration = Duration::from_secs(2);

/// Rules by which the device is refused in the ordinary course: it was too late, and tries again by itself.
const ITS_OWN_BUSINESS: [Rule; 4] =
    [Rule::CurrentEpoch, Rule::HandshakesKept, Rule::PresentOnly, Rule::Order];

impl Session {
    /// Tells the device something. What it wants then is done before the next event.
    pub(super) fn command(&mut self, command: DeviceCommand) -> Flow {
        self.device.command(command, clock::unix_ms());
        Flow::On
    }

    /// The same about somebody in the room, if there is such a one.
    pub(super) fn command_about(
        &mut self,
        device: Option<DeviceKey>,
        command: impl FnOnce(DeviceKey) -> DeviceCommand,
    ) -> Flow {
        match device {
            Some(device) => self.command(command(device)),
            None => Flow::On,
        }
    }

    pub(super) fn device_of(&self, participant: ParticipantId) -> Option<DeviceKey> {
        self.state.borrow().participants.get(&participant).map(|person| person.device)
    }

    /// Passes on what the server said, if it is on the way in, about the group, or on who is there.
    pub(super) fn tell_device(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::Admitted { .. }
            | ServerMessage::Door { .. }
            | ServerMessage::GroupState { .. }
            | ServerMessage::Handshake { .. }
            | ServerMessage::Joined { .. }
            | ServerMessage::Knocked { .. }
            | ServerMessage::LobbyLeft { .. }
            | ServerMessage::ParticipantChanged { .. }
            | ServerMessage::ParticipantJoined { .. }
            | ServerMessage::ParticipantLeft { .. }
            | ServerMessage::Relayed { .. }
            | ServerMessage::Waiting { .. }
            | ServerMessage::Welcomed { .. } => {}
            ServerMessage::Closed { .. } => self.log = self.device.export_log(),
            _ => return,
        }
        self.command(DeviceCommand::Receive { message: Box::new(message.clone()) });
    }

    /// Tells the device how something that it had sent was answered.
    pub(super) fn tell_answer(&mut self, request: Option<Request>, message: &ServerMessage) {
        let Some(Request::Device(send, asked)) = request else { return };
        let refused = match message {
            ServerMessage::Refused { rule, .. } => Some(*rule),
            _ => None,
        };
        self.command(DeviceCommand::Answered { send, refused });
        if refused.is_none() && matches!(asked, Asked::Adopt | Asked::Commit | Asked::Missed) {
            // The first two bring the server a group with this device in it. After the last it has one: the device asks
            // for what it missed if it is in the group, also when somebody else has brought that back.
            self.in_group = true;
        }
    }

    /// Has the device sign who comes, with the best right there is.
    pub(super) fn enter(&mut self) {
        let Some(challenge) = self.challenge else { return };
        let resume = self.state.borrow().resume.clone();
        self.entry = Entry::Entering;
        self.command(DeviceCommand::Enter { challenge, resume });
    }

    /// Does what the device wants, until it wants nothing more.
    pub(super) async fn attend_device(&mut self) -> Result<(), ClientError> {
        for _ in 0..OUTPUTS_MAX {
            let Some(output) = self.device.poll_output() else { return Ok(()) };
            match output {
                // There is nobody here who could switch the microphone on.
                DeviceOutput::AskedToSpeak { .. } => {}
                DeviceOutput::Chat { from, name, text } => {
                    self.state.send_modify(|state| state.push_chat(ChatLine { from, name, text }));
                }
                // The meeting has ended: this is the whole of it.
                DeviceOutput::Certificate { text } => self.certificate = Some(text),
                DeviceOutput::Log { text } => self.log = Some(text),
                DeviceOutput::Material { from, id, kind, content } => {
                    let material = Material { from, id, kind, content };
                    self.state.send_modify(|state| state.take_material(material));
                }
                DeviceOutput::Media { change } => {
                    self.frames.apply(&change);
                    let sending = self.frames.is_sending();
                    self.state
                        .send_if_modified(|state| std::mem::replace(&mut state.sending, sending) != sending);
                }
                DeviceOutput::Refused { rule } => self.tell_refusal(rule),
                DeviceOutput::Remember {} => self.keep().await?,
                DeviceOutput::Send { send, message } => self.send(send, *message).await?,
                DeviceOutput::View { view } => self.see(Arc::new(*view))?,
            }
        }
        Err(ClientError::Misuse("the device does not come to rest"))
    }

    /// Says that the own device refused something, once the server has said which advisory demands it, or could not.
    /// Nothing waits for that.
    fn tell_refusal(&self, rule: Rule) {
        let (state, config) = (self.state.clone(), Arc::clone(&self.config));
        tokio::spawn(async move {
            let asked = http::demands(config.invite.server(), &config.trust);
            let told = tokio::time::timeout(DEMANDS_MAX, asked).await;
            let demands = told.ok().and_then(Result::ok).unwrap_or_default();
            let message = format!("the meeting's policy forbids it{}", cited(&demands, rule.id()));
            state.send_modify(|state| state.push_refusal(Refusal { request: None, rule, message }));
        });
    }

    async fn send(&mut self, send: RequestId, message: ClientMessage) -> Result<(), ClientError> {
        if self.entry == Entry::Outside {
            // For a connection that is gone; it was told so.
            return Ok(());
        }
        let asked = Asked::of(&message);
        self.request(message, Request::Device(send, asked)).await
    }

    /// Keeps the device where it was asked to be kept.
    async fn keep(&mut self) -> Result<(), ClientError> {
        let Some(path) = self.config.state_file.clone() else { return Ok(()) };
        let state = DeviceState::of(&self.device, self.config.invite.server());
        tokio::task::spawn_blocking(move || state.save(&path))
            .await
            .map_err(|_| ClientError::Misuse("the runtime stopped"))?
    }

    /// Takes note of how things stand, and does what follows from it.
    fn see(&mut self, view: Arc<DeviceView>) -> Result<(), ClientError> {
        let newly_removed = view.stage == DeviceStage::Removed;
        self.state.send_modify(|state| state.see(view.clone()));
        self.say_passcode(&view);
        self.note_link(&view);
        self.let_in(&view);
        self.part_again(&view);
        if newly_removed && self.entry == Entry::Joined {
            // The server would have closed the connection; one that does not is no reason to stay.
            return Err(ClientError::Closed { reason: CloseReason::Removed, by: None });
        }
        Ok(())
    }

    /// Proposes to leave once more, if another commit was first.
    fn part_again(&mut self, view: &DeviceView) {
        if let Some(parting) = self.parting.as_mut().filter(|parting| parting.epoch < view.epoch) {
            parting.epoch = view.epoch;
            self.command(DeviceCommand::Leave {});
        }
    }

    /// Guest: says the passcode when a host's device asks for it, once.
    fn say_passcode(&mut self, view: &DeviceView) {
        if view.stage != DeviceStage::PasscodeWanted || self.passcode_said {
            return;
        }
        if let Some(passcode) = self.config.passcode.clone() {
            self.passcode_said = true;
            self.command(DeviceCommand::Passcode { passcode });
        }
    }

    /// Guest: a host's device says that this link lets nobody in. It waits on, since a host may change that.
    fn note_link(&mut self, view: &DeviceView) {
        if view.personal_link_wanted && !std::mem::replace(&mut self.link_refused, true) {
            let message = "only personal links let anybody in here: ask a host for one".to_owned();
            let refusal = Refusal { request: Some(Asked::Enter.name()), rule: Rule::LinkPrivate, message };
            self.state.send_modify(|state| state.push_refusal(refusal));
        }
    }

    /// Host: lets in who waits and may come in by what this host does.
    fn let_in(&mut self, view: &DeviceView) {
        let config = self.config.clone();
        if !view.host || view.locked || config.admission == Admission::Asked {
            return;
        }
        for waiting in view.guests.iter().filter(|waiting| !waiting.admitting) {
            let may_enter = match &config.admission {
                Admission::All => true,
                Admission::Asked => false,
                Admission::Named(names) => {
                    names.contains(&waiting.name) || waiting.passcode == PasscodeProof::Proven
                }
            };
            if may_enter && self.admitted.insert(waiting.guest) {
                self.command(DeviceCommand::Admit { guest: waiting.guest, by_rule: true });
            }
        }
        self.admitted.retain(|guest| view.guests.iter().any(|waiting| waiting.guest == *guest));
    }

    /// Takes the place, once the server and the device are in the same group.
    pub(super) async fn join_when_ready(&mut self, now: Instant) -> Result<(), ClientError> {
        let is_member = {
            let state = self.state.borrow();
            // A device that is behind asks for what it missed first.
            matches!(state.stage(), DeviceStage::Member | DeviceStage::Sealed)
                && state.epoch() >= self.group_epoch
        };
        let may_join = self.entry == Entry::Admitted && self.in_group && is_member;
        if !may_join || now < self.join_not_before || self.joins() {
            return Ok(());
        }
        let offer = match self.prepared.take() {
            Some(offer) => offer,
            None => self.offer().await?,
        };
        self.join_not_before = now + JOIN_INTERVAL;
        let media = self.wanted_media;
        self.request(ClientMessage::Join { offer, media }, Request::Join).await
    }

    /// Returns whether a `join` is under way.
    fn joins(&self) -> bool {
        self.pending.iter().any(|(_, request)| *request == Request::Join)
    }

    /// What the device had asked for was refused; it was told.
    pub(super) fn device_refused(
        &mut self,
        asked: Asked,
        rule: Rule,
        message: String,
    ) -> Result<(), ClientError> {
        if asked == Asked::Enter {
            let had_place = self.state.borrow().resume.is_some();
            if rule == Rule::ResumeWindow && had_place {
                // The device has other rights.
                self.state.send_modify(|state| state.resume = None);
                self.enter();
                return Ok(());
            }
            // The device has given up what it came by, and shows an invite or knocks next. It has no other.
            let has_another_right = matches!(rule, Rule::Invite | Rule::LinkPrivate);
            if has_another_right && !std::mem::replace(&mut self.invite_refused, true) {
                self.enter();
                return Ok(());
            }
            return Err(ClientError::Refused { rule, message });
        }
        if !ITS_OWN_BUSINESS.contains(&rule) {
            self.note_refusal(Some(asked.name()), rule, message);
        }
        Ok(())
    }
}
