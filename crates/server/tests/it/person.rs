//! Somebody with a device: does what the device wants, and tells it what the server says.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use sabha_crypto::device::Device;
use sabha_protocol::{
    MediaState, ParticipantId, RequestId,
    device::{DeviceCommand, DeviceOutput, DeviceStage, DeviceView},
    opaque::DoorPayload,
    secret::ResumeToken,
    wire::{ClientMessage, ServerFrame, ServerMessage, server::CloseReason},
};

use crate::{
    client::{Client, PATIENCE, offer},
    server::{Meeting, now_ms},
};

pub struct Person {
    pub client: Client,
    pub device: Device,
    /// How things stand for the device.
    pub view: DeviceView,
    /// The number the server gave last, in the lobby or the room.
    pub you: ParticipantId,
    /// The newest token.
    pub resume: Option<ResumeToken>,
    /// Numbers of the device's messages, by their numbers on the wire.
    asked: BTreeMap<RequestId, RequestId>,
    /// What the device has said at the door.
    pub said: Vec<DoorPayload>,
}

impl Person {
    /// Opens a connection, and does not enter.
    pub async fn connect(address: SocketAddr, device: Device) -> Self {
        Self::on(Client::connect(address).await, device)
    }

    /// Somebody on a connection that has just been opened.
    pub fn on(client: Client, mut device: Device) -> Self {
        let view = std::iter::from_fn(|| device.poll_output()).find_map(|output| match output {
            DeviceOutput::View { view } => Some(*view),
            _ => None,
        });
        Self {
            client,
            view: view.expect("a device that begins says how things stand"),
            device,
            you: ParticipantId(0),
            resume: None,
            asked: BTreeMap::new(),
            said: Vec::new(),
        }
    }

    /// Opens a connection and enters. Returns the answer too.
    pub async fn enter(address: SocketAddr, device: Device) -> (Self, ServerMessage) {
        let mut person = Self::connect(address, device).await;
        let answer = person.say_enter(None).await;
        (person, answer)
    }

    /// Drops the connection, opens another, and comes back to the place with the newest token.
    pub async fn come_back(&mut self, address: SocketAddr) -> ServerMessage {
        self.drop_connection(address).await;
        let token = self.resume.clone();
        self.say_enter(token).await
    }

    /// Drops the connection and opens another.
    pub async fn drop_connection(&mut self, address: SocketAddr) {
        self.client = Client::connect(address).await;
        self.asked.clear();
        self.command(DeviceCommand::Disconnected {}).await;
    }

    /// Enters on the connection and returns the answer.
    pub async fn say_enter(&mut self, resume: Option<ResumeToken>) -> ServerMessage {
        let challenge = self.client.challenge;
        let sent = self.command(DeviceCommand::Enter { challenge, resume }).await;
        self.answer(sent[0]).await
    }

    /// Tells the device something, does what it wants, and returns the numbers of what was sent.
    pub async fn command(&mut self, command: DeviceCommand) -> Vec<RequestId> {
        self.device.command(command, now_ms());
        self.carry_out().await
    }

    async fn carry_out(&mut self) -> Vec<RequestId> {
        let mut sent = Vec::new();
        while let Some(output) = self.device.poll_output() {
            match output {
                DeviceOutput::Send { send, message } => {
                    if let ClientMessage::Door { payload, .. } = &*message {
                        self.said.push(payload.clone());
                    }
                    let id = self.client.send(*message).await;
                    self.asked.insert(id, send);
                    sent.push(id);
                }
                DeviceOutput::View { view } => self.view = *view,
                _ => {}
            }
        }
        sent
    }

    /// Returns the next frame, which the device has heard too, or nothing if the connection ended.
    pub async fn next(&mut self) -> Option<ServerFrame> {
        loop {
            let due = self.device.poll_timeout().map(|at| Duration::from_millis(at.saturating_sub(now_ms())));
            tokio::select! {
                frame = self.client.next_or_end() => {
                    let frame = frame?;
                    self.hear(&frame).await;
                    return Some(frame);
                }
                () = tokio::time::sleep(due.unwrap_or(PATIENCE)) => {
                    self.device.handle_timeout(now_ms());
                    self.carry_out().await;
                }
            }
        }
    }

    async fn hear(&mut self, frame: &ServerFrame) {
        match &frame.body {
            ServerMessage::Admitted { you, resume, .. } => {
                (self.you, self.resume) = (*you, Some(resume.clone()));
            }
            ServerMessage::ResumeRenewed { resume } => self.resume = Some(resume.clone()),
            ServerMessage::Waiting { you, .. } => self.you = *you,
            _ => {}
        }
        self.command(DeviceCommand::Receive { message: Box::new(frame.body.clone()) }).await;
        if let Some(send) = frame.re.and_then(|re| self.asked.remove(&re)) {
            let refused = match &frame.body {
                ServerMessage::Refused { rule, .. } => Some(*rule),
                _ => None,
            };
            self.command(DeviceCommand::Answered { send, refused }).await;
        }
    }

    /// Waits for the first frame that `pick` takes.
    pub async fn wait_for<T>(&mut self, mut pick: impl FnMut(ServerFrame) -> Option<T>) -> T {
        let picked = async {
            loop {
                let frame = self.next().await.expect("the server closed the connection");
                if let Some(picked) = pick(frame) {
                    return picked;
                }
            }
        };
        tokio::time::timeout(PATIENCE, picked).await.expect("it did not come within twenty seconds")
    }

    /// Waits for the answer to `request`.
    pub async fn answer(&mut self, request: RequestId) -> ServerMessage {
        self.wait_for(|frame| (frame.re == Some(request)).then_some(frame.body)).await
    }

    /// Sends a message beside the device and returns its answer.
    pub async fn ask(&mut self, message: ClientMessage) -> ServerMessage {
        let request = self.client.send(message).await;
        self.answer(request).await
    }

    /// Waits until the device says that things stand so.
    pub async fn until(&mut self, mut so: impl FnMut(&DeviceView) -> bool) {
        let happened = async {
            while !so(&self.view) {
                self.next().await.expect("the server closed the connection");
            }
        };
        let happened = tokio::time::timeout(PATIENCE, happened).await;
        assert!(happened.is_ok(), "after twenty seconds: {:?}", self.view);
    }

    /// Waits until the device is in the group, on this connection.
    pub async fn until_member(&mut self) {
        self.until(|view| view.stage == DeviceStage::Member).await;
    }

    /// Joins with a real offer, whose media never comes.
    pub async fn join(&mut self) {
        let join = ClientMessage::Join { offer: offer(), media: MediaState::default() };
        match self.ask(join).await {
            ServerMessage::Joined { .. } => {}
            other => panic!("not joined: {other:?}"),
        }
    }

    /// Proves that the connection works: a ping is answered.
    pub async fn ping(&mut self) {
        assert_eq!(self.ask(ClientMessage::Ping { resting: false }).await, ServerMessage::Pong {});
    }

    /// Reads on until the connection ends, and returns its last word.
    pub async fn last_word(&mut self) -> Option<CloseReason> {
        let mut last = None;
        while let Some(frame) = self.next().await {
            if let ServerMessage::Closed { reason, .. } = frame.body {
                last = Some(reason);
            }
        }
        last
    }
}

/// Enters as the meeting's creator and joins.
pub async fn host(address: SocketAddr, meeting: &Meeting) -> Person {
    let (mut host, _) = Person::enter(address, meeting.creator()).await;
    host.until_member().await;
    host.join().await;
    host
}

/// Knocks with the meeting's link and waits.
pub async fn knock(address: SocketAddr, meeting: &Meeting, name: &str) -> Person {
    let (guest, answer) = Person::enter(address, meeting.guest(name)).await;
    assert!(matches!(answer, ServerMessage::Waiting { .. }), "{answer:?}");
    guest
}

/// Lets a guest in that waits, until both devices have each other in their group.
pub async fn admit(host: &mut Person, guest: &mut Person) {
    let (me, newcomer) = (host.device.me(), guest.device.me());
    host.until(|view| view.guests.iter().any(|waiting| waiting.device == newcomer)).await;
    host.command(DeviceCommand::Admit { guest: guest.you, by_rule: false }).await;
    let has = |view: &DeviceView, device| view.members.iter().any(|member| member.device == device);
    tokio::join!(
        host.until(|view| has(view, newcomer)),
        guest.until(|view| view.stage == DeviceStage::Member && has(view, me)),
    );
}

/// Knocks, is let in, and joins.
pub async fn member(address: SocketAddr, meeting: &Meeting, host: &mut Person, name: &str) -> Person {
    let mut guest = knock(address, meeting, name).await;
    admit(host, &mut guest).await;
    guest.join().await;
    guest
}
