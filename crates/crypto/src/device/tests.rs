//! Devices against an honest delivery service, in virtual time.

mod invites;
mod mail;
mod personal;
mod restricted;

use std::collections::BTreeMap;

use sabha_admission::Method;
use sabha_delivery::{Delivery, Reject as ServerReject};
use sabha_protocol::{
    BootEpoch, GroupEpoch, MediaState, RoomEpoch, RoomSeq, Sdp,
    device::{
        CertificateDifference, CertificateView, DeviceStage, DeviceView, Encryption, HeartbeatState,
        OfferState, PasscodeView,
    },
    key::Challenge,
    secret::ResumeToken,
    wire::{
        client::Credential,
        server::{Guest, LeaveReason, MediaAnswer, Role},
    },
};

use super::*;
use crate::{
    certificate::{Verified, verify},
    link::LinkSecret,
};

const START: u64 = 1_900_000_000_000;
/// What is longer than that is a part of restricted material here.
const LONG_BYTES: usize = 32 * 1024;

/// One device with its connection.
struct Client {
    device: Device,
    id: ParticipantId,
    view: Option<DeviceView>,
    media: Vec<MediaKeyChange>,
    chat: Vec<String>,
    logs: Vec<String>,
    certificates: Vec<String>,
    refusals: Vec<Rule>,
    /// Restricted material that was given out.
    materials: Vec<Vec<u8>>,
    /// Who asked its person to speak.
    asked_by: Vec<String>,
    /// What the device asked to be kept last.
    kept: Option<Zeroizing<Vec<u8>>>,
    /// A fault: it gets a place and does not come into the room.
    stays_away: bool,
    /// A fault: handshakes do not reach it but gather here.
    late: Option<Vec<ServerMessage>>,
    connected: bool,
    /// In the server's room: gets handshakes and relayed words.
    placed: bool,
}

/// The room as an honest server keeps it.
struct Hall {
    now: u64,
    delivery: Delivery,
    creation: CreateMeeting,
    clients: Vec<Client>,
    lobby: BTreeMap<ParticipantId, Guest>,
    next_id: u32,
    /// A fault: who was added gets a place and no Welcome.
    loses_welcomes: bool,
    /// A fault: the connection breaks once, after the server has taken a commit and before it says so.
    loses_answer: bool,
    /// A fault: commits lie here and are not answered.
    held: Option<Vec<(usize, RequestId, ClientMessage)>>,
    /// A fault: what is relayed comes twice.
    doubles_words: bool,
    /// What was said at the door.
    at_door: Vec<Vec<u8>>,
    /// What was relayed, as the server has it.
    relayed: Vec<Vec<u8>>,
    /// A fault: of what is relayed and long every second does not arrive.
    loses_long_words: bool,
}

impl Hall {
    fn new(passcode: Option<(&str, bool)>) -> Self {
        let options = CreateOptions {
            suite: MeetingSuite::Classical,
            title: Some("Weekly".parse().unwrap()),
            name: "Host".parse().unwrap(),
            passcode: passcode.map(|(text, _)| text.parse().unwrap()),
            admits: passcode.is_some_and(|(_, admits)| admits),
            by_mail: false,
            floor: crate::policy::Controls::default(),
            controls: crate::policy::Controls::default(),
        };
        let device = Device::create(options, START).unwrap();
        let creation = device.creation().unwrap().clone();
        let delivery = Delivery::open(creation.meeting, &creation.group_info, &creation.tree, START).unwrap();
        let mut hall = Self {
            now: START,
            delivery,
            creation,
            clients: Vec::new(),
            lobby: BTreeMap::new(),
            next_id: 1,
            loses_welcomes: false,
            loses_answer: false,
            held: None,
            doubles_words: false,
            at_door: Vec::new(),
            relayed: Vec::new(),
            loses_long_words: false,
        };
        hall.add(device);
        hall.enter(0);
        hall.join(0);
        hall
    }

    fn add(&mut self, device: Device) -> usize {
        let id = ParticipantId(self.next_id);
        self.next_id += 1;
        self.clients.push(Client {
            device,
            id,
            view: None,
            media: Vec::new(),
            chat: Vec::new(),
            logs: Vec::new(),
            certificates: Vec::new(),
            refusals: Vec::new(),
            materials: Vec::new(),
            asked_by: Vec::new(),
            kept: None,
            stays_away: false,
            late: None,
            connected: false,
            placed: false,
        });
        self.clients.len() - 1
    }

    fn guest(&mut self, name: &str) -> usize {
        let secret = LinkSecret::from_fragment(&self.view(0).invite).unwrap();
        let device = Device::guest(self.creation.meeting, secret, name.parse().unwrap(), self.now);
        let guest = self.add(device);
        self.enter(guest);
        guest
    }

    fn command(&mut self, at: usize, command: DeviceCommand) {
        let now = self.now;
        self.clients[at].device.command(command, now);
        self.settle();
    }

    fn tell(&mut self, at: usize, message: ServerMessage) {
        let now = self.now;
        self.clients[at].device.command(DeviceCommand::Receive { message: Box::new(message) }, now);
    }

    /// Answers the commits that were held back, and holds none any more.
    fn release(&mut self) {
        for (at, send, message) in self.held.take().into_iter().flatten() {
            let refused = self.serve(at, message);
            self.command(at, DeviceCommand::Answered { send, refused });
        }
    }

    /// Passes a handshake on, unless it is late.
    fn pass_on(&mut self, at: usize, message: ServerMessage) {
        match &mut self.clients[at].late {
            Some(late) => late.push(message),
            None => self.tell(at, message),
        }
    }

    /// Carries out what devices want until nobody wants anything.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            let mut quiet = true;
            for at in 0..self.clients.len() {
                while let Some(output) = self.clients[at].device.poll_output() {
                    quiet = false;
                    self.carry_out(at, output);
                }
            }
            if quiet {
                return;
            }
        }
        panic!("the devices do not come to rest");
    }

    fn carry_out(&mut self, at: usize, output: DeviceOutput) {
        match output {
            DeviceOutput::AskedToSpeak { name, .. } => {
                self.clients[at].asked_by.push(String::from(name.unwrap()));
            }
            DeviceOutput::Chat { text, .. } => self.clients[at].chat.push(text.as_str().to_owned()),
            DeviceOutput::Material { content, .. } => {
                self.clients[at].materials.push(content.expose().to_vec())
            }
            DeviceOutput::Media { change } => self.clients[at].media.push(change),
            DeviceOutput::Certificate { text } => self.clients[at].certificates.push(text),
            DeviceOutput::Log { text } => self.clients[at].logs.push(text),
            DeviceOutput::Refused { rule } => self.clients[at].refusals.push(rule),
            DeviceOutput::Remember {} => self.clients[at].kept = Some(self.clients[at].device.export()),
            DeviceOutput::Send { send, message } => {
                if self.clients[at].connected {
                    let is_commit = matches!(*message, ClientMessage::Commit { .. });
                    if is_commit && let Some(held) = &mut self.held {
                        held.push((at, send, *message));
                        return;
                    }
                    let refused = self.serve(at, *message);
                    let now = self.now;
                    if is_commit && std::mem::take(&mut self.loses_answer) {
                        (self.clients[at].connected, self.clients[at].placed) = (false, false);
                        self.clients[at].device.command(DeviceCommand::Disconnected {}, now);
                        return;
                    }
                    self.clients[at].device.command(DeviceCommand::Answered { send, refused }, now);
                }
            }
            DeviceOutput::View { view } => self.clients[at].view = Some(*view),
        }
    }

    fn serve(&mut self, at: usize, message: ClientMessage) -> Option<Rule> {
        let (device, id, now) = (self.clients[at].device.me(), self.clients[at].id, self.now);
        match message {
            ClientMessage::Enter { credential, .. } => self.enters(at, credential),
            ClientMessage::Door { to, payload } => {
                self.at_door.push(payload.as_bytes().to_vec());
                let hears = |index: usize, client: &Client| match to {
                    Some(guest) => client.id == guest,
                    None => index != at && client.placed,
                };
                let to: Vec<_> =
                    self.clients.iter().enumerate().filter(|(i, c)| hears(*i, c)).map(|(i, _)| i).collect();
                for index in to {
                    self.tell(index, ServerMessage::Door { from: id, payload: payload.clone() });
                }
                None
            }
            ClientMessage::Commit { epoch, commit, welcome, group_info } => {
                match self.delivery.commit(&device, epoch, commit.clone(), group_info, now) {
                    Ok(change) => {
                        let tree = self.delivery.tree();
                        for index in 0..self.clients.len() {
                            let client = &self.clients[index];
                            if index != at && client.placed {
                                let message = commit.clone();
                                self.pass_on(index, ServerMessage::Handshake { from: id, epoch, message });
                            }
                            let me = self.clients[index].device.me();
                            if change.added.contains(&me) && index != at {
                                self.lobby.remove(&self.clients[index].id);
                                self.clients[index].placed = true;
                                let admitted = self.admitted(index);
                                self.tell(index, admitted);
                                if !self.loses_welcomes {
                                    let welcome = welcome.clone().unwrap();
                                    self.tell(index, ServerMessage::Welcomed { welcome, tree: tree.clone() });
                                }
                                if !self.clients[index].stays_away {
                                    self.join(index);
                                }
                            }
                            if change
                                .removed
                                .iter()
                                .any(|(gone, how)| *gone == me && *how != sabha_delivery::Removal::Replaced)
                            {
                                self.clients[index].placed = false;
                            }
                        }
                        None
                    }
                    Err(reject) => Some(reject.rule()),
                }
            }
            ClientMessage::Propose { epoch, proposal } => {
                match self.delivery.propose(&device, epoch, proposal.clone()) {
                    Ok(()) => {
                        for index in (0..self.clients.len()).filter(|index| *index != at) {
                            if self.clients[index].placed {
                                let message = proposal.clone();
                                self.tell(index, ServerMessage::Handshake { from: id, epoch, message });
                            }
                        }
                        None
                    }
                    Err(reject) => Some(reject.rule()),
                }
            }
            ClientMessage::Relay { payload, .. } => {
                self.relayed.push(payload.as_bytes().to_vec());
                let is_long = |payload: &&Vec<u8>| payload.len() > LONG_BYTES;
                let long = self.relayed.iter().filter(is_long).count();
                if self.loses_long_words && payload.as_bytes().len() > LONG_BYTES && long % 2 == 1 {
                    return None;
                }
                for index in (0..self.clients.len()).filter(|index| *index != at) {
                    if self.clients[index].placed && self.clients[index].connected {
                        for _ in 0..=usize::from(self.doubles_words) {
                            self.tell(index, ServerMessage::Relayed { from: id, payload: payload.clone() });
                        }
                    }
                }
                None
            }
            ClientMessage::GroupState {} => {
                let (epoch, group_info, tree) = self.delivery.state();
                self.tell(at, ServerMessage::GroupState { epoch, group_info, tree });
                None
            }
            ClientMessage::Missed { epoch } => match self.delivery.missed(epoch) {
                Some(missed) => {
                    for handshake in missed {
                        let message = ServerMessage::Handshake {
                            from: ParticipantId(0),
                            epoch: handshake.epoch,
                            message: handshake.message,
                        };
                        self.pass_on(at, message);
                    }
                    None
                }
                None => Some(Rule::HandshakesKept),
            },
            ClientMessage::Adopt { group_info, tree, heartbeat } => {
                self.delivery.adopt(group_info, &tree, &heartbeat, now).err().map(|reject| reject.rule())
            }
            _ => None,
        }
    }

    fn enters(&mut self, at: usize, credential: Credential) -> Option<Rule> {
        let (device, id) = (self.clients[at].device.me(), self.clients[at].id);
        match credential {
            Credential::Link { .. } | Credential::Mail { .. }
                if self.delivery.conduct().banned.contains(&device) =>
            {
                Some(Rule::RemovedStaysOut)
            }
            Credential::Link { .. } | Credential::Mail { .. } => {
                let knock = match credential {
                    Credential::Link { knock, .. } => Some(knock),
                    _ => None,
                };
                let guest = Guest { id, device, knock, waiting_ms: 0, of_organisation: false };
                self.lobby.insert(id, guest.clone());
                self.tell(
                    at,
                    ServerMessage::Waiting {
                        you: id,
                        host_present: true,
                        title: self.creation.title.clone(),
                    },
                );
                for index in 0..self.clients.len() {
                    if self.clients[index].placed && self.is_host(index) {
                        self.tell(index, ServerMessage::Knocked { guest: guest.clone() });
                    }
                }
                None
            }
            Credential::Device { grant } => {
                let granted = grant.map(|grant| self.delivery.check_grant(&device, &grant, self.now));
                if !self.delivery.is_member(&device)
                    && let Some(Err(reject)) = granted
                {
                    return Some(reject.rule());
                }
                self.clients[at].placed = true;
                let admitted = self.admitted(at);
                self.tell(at, admitted);
                None
            }
            Credential::Resume { .. } => {
                self.clients[at].placed = true;
                let admitted = self.admitted(at);
                self.tell(at, admitted);
                None
            }
        }
    }

    fn admitted(&self, at: usize) -> ServerMessage {
        let me = self.clients[at].device.me();
        ServerMessage::Admitted {
            you: self.clients[at].id,
            role: Role::Participant,
            epoch: self.delivery.epoch(),
            in_group: self.delivery.is_member(&me),
            resume: ResumeToken::try_from("t".to_owned()).unwrap(),
            title: self.creation.title.clone(),
            room_epoch: RoomEpoch(1),
            media_allowed: MediaState::default(),
        }
    }

    fn is_host(&self, at: usize) -> bool {
        let me = self.clients[at].device.me();
        self.delivery.members().iter().any(|member| member.device == me && member.host)
    }

    fn enter(&mut self, at: usize) {
        self.clients[at].connected = true;
        let challenge = Challenge::from_bytes([7; 32]);
        self.command(at, DeviceCommand::Enter { challenge, resume: None });
    }

    fn resume(&mut self, at: usize) {
        self.clients[at].connected = true;
        let resume = ResumeToken::try_from("t".to_owned()).ok();
        self.command(at, DeviceCommand::Enter { challenge: Challenge::from_bytes([7; 32]), resume });
        self.join(at);
        self.settle();
    }

    fn participant(&self, at: usize) -> Participant {
        Participant {
            id: self.id(at),
            device: self.clients[at].device.me(),
            role: Role::Participant,
            media: MediaState::default(),
            presence: Presence::Connected,
            of_organisation: false,
        }
    }

    fn placed(&self) -> Vec<usize> {
        (0..self.clients.len()).filter(|at| self.clients[*at].placed).collect()
    }

    fn join(&mut self, at: usize) {
        let participants = self.placed().into_iter().map(|at| self.participant(at)).collect();
        for other in self.placed().into_iter().filter(|other| *other != at) {
            let participant = self.participant(at);
            self.tell(other, ServerMessage::ParticipantJoined { participant });
        }
        let lobby = if self.is_host(at) { self.lobby.values().cloned().collect() } else { Vec::new() };
        self.tell(
            at,
            ServerMessage::Joined {
                answer: MediaAnswer {
                    sdp: Sdp::try_from("v=0".to_owned()).unwrap(),
                    generation: sabha_protocol::MediaGeneration(1),
                },
                media: MediaState::default(),
                participants,
                lobby,
                seq: RoomSeq(1),
            },
        );
    }

    fn disconnect(&mut self, at: usize) {
        self.clients[at].connected = false;
        self.clients[at].placed = false;
        self.command(at, DeviceCommand::Disconnected {});
    }

    /// The server gives up a place that was lost for too long.
    fn give_up(&mut self, at: usize) {
        let participant = self.id(at);
        for other in self.placed() {
            self.tell(other, ServerMessage::ParticipantLeft { participant, reason: LeaveReason::Lost });
        }
        self.settle();
    }

    /// Lets time pass, timers firing as they come.
    fn pass(&mut self, ms: u64) {
        let until = self.now + ms;
        for _ in 0..100_000 {
            let next = self.clients.iter().filter_map(|client| client.device.poll_timeout()).min();
            match next.filter(|at| *at <= until) {
                Some(at) => {
                    self.now = self.now.max(at);
                    for index in 0..self.clients.len() {
                        let now = self.now;
                        self.clients[index].device.handle_timeout(now);
                    }
                    self.settle();
                }
                None => {
                    self.now = until;
                    for index in 0..self.clients.len() {
                        self.clients[index].device.handle_timeout(until);
                    }
                    self.settle();
                    return;
                }
            }
        }
        panic!("timers fire without end");
    }

    fn view(&self, at: usize) -> &DeviceView {
        self.clients[at].view.as_ref().unwrap()
    }

    fn id(&self, at: usize) -> ParticipantId {
        self.clients[at].id
    }

    fn admit(&mut self, guest: usize) {
        let id = self.id(guest);
        self.command(0, DeviceCommand::Admit { guest: id, by_rule: false });
    }

    /// Returns the epoch a client seals frames in.
    fn sends_in(&self, at: usize) -> Option<GroupEpoch> {
        self.clients[at].media.iter().rev().find_map(|change| match change {
            MediaKeyChange::Use { epoch } => Some(Some(*epoch)),
            MediaKeyChange::Mute {} => Some(None),
            _ => None,
        })?
    }
}

#[test]
fn a_guest_waits_until_the_host_signs_and_sends_once_the_present_is_certified() {
    let mut hall = Hall::new(None);
    assert_eq!(hall.view(0).encryption, Encryption::Verified);
    let asha = hall.guest("Asha");
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
    assert_eq!(hall.view(asha).title.as_ref().unwrap().as_str(), "Weekly");
    assert_eq!(hall.view(0).guests[0].name.as_str(), "Asha");
    assert!(hall.clients[asha].media.is_empty());

    hall.admit(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
    assert_eq!(hall.view(asha).encryption, Encryption::Verified);
    assert_eq!(hall.sends_in(asha), Some(GroupEpoch(1)));
    assert_eq!(hall.sends_in(0), Some(GroupEpoch(1)));
    let names: Vec<_> = hall.view(asha).members.iter().map(|member| member.name.clone().unwrap()).collect();
    assert_eq!(names.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["Host", "Asha"]);
    assert_eq!(hall.view(asha).code, hall.view(0).code);
    assert!(hall.view(0).guests.is_empty());
}

#[test]
fn words_and_hands_reach_everybody_under_the_right_name() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    let bilal = hall.guest("Bilal");
    hall.admit(bilal);
    hall.command(asha, DeviceCommand::Chat { text: "namaste".parse().unwrap() });
    hall.command(asha, DeviceCommand::Hand { raised: true });
    for at in [0, asha, bilal] {
        assert_eq!(hall.clients[at].chat, ["namaste"]);
        let me = hall.clients[asha].device.me();
        assert!(hall.view(at).members.iter().any(|member| member.device == me && member.hand));
    }
}

#[test]
fn a_name_that_was_lost_on_its_way_is_asked_for() {
    let mut hall = Hall::new(None);
    let guests: Vec<usize> = ["Asha", "Bilal", "Chitra"].map(|name| hall.guest(name)).to_vec();
    for guest in &guests {
        hall.admit(*guest);
    }
    let [asha, bilal, chitra] = guests[..] else { panic!() };
    let lost: Vec<_> = [0, bilal].map(|at| hall.clients[at].device.me()).to_vec();
    for at in [asha, chitra] {
        hall.clients[at].device.people.retain(|device, _| !lost.contains(device));
    }
    hall.pass(8000);
    for at in [asha, chitra] {
        assert!(hall.view(at).members.iter().all(|member| member.name.is_some()));
    }
    // Who is not there is not asked for.
    hall.disconnect(bilal);
    for at in [0, asha, chitra] {
        hall.tell(
            at,
            ServerMessage::ParticipantLeft { participant: hall.id(bilal), reason: LeaveReason::Left },
        );
        hall.clients[at].device.people.remove(&lost[1]);
    }
    hall.pass(5000);
    assert_eq!([0, asha, chitra].map(|at| hall.clients[at].device.next_name()), [None; 3]);
}

#[test]
fn what_is_said_before_the_name_is_known_is_told_once_it_is() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    let host = hall.clients[0].device.me();
    hall.clients[asha].device.people.remove(&host);
    for text in ["first", "second"] {
        hall.command(0, DeviceCommand::Chat { text: text.parse().unwrap() });
    }
    assert!(hall.clients[asha].chat.is_empty());
    hall.command(0, DeviceCommand::Hand { raised: true });
    assert_eq!(hall.clients[asha].chat, ["first", "second"]);
}

#[test]
fn a_word_that_overtakes_its_commit_is_heard_once_when_the_commit_is_here() {
    let mut hall = Hall::new(None);
    let guests = ["Asha", "Bilal"].map(|name| hall.guest(name));
    for guest in guests {
        hall.admit(guest);
    }
    let [asha, bilal] = guests;
    hall.doubles_words = true;
    hall.clients[asha].late = Some(Vec::new());
    let epoch = hall.delivery.epoch();
    hall.command(bilal, DeviceCommand::Chat { text: "before".parse().unwrap() });
    for locked in [true, false] {
        hall.command(0, DeviceCommand::Lock { locked });
        hall.command(bilal, DeviceCommand::Chat { text: format!("locked: {locked}").parse().unwrap() });
    }
    assert_eq!(hall.delivery.epoch(), GroupEpoch(epoch.0 + 2));
    assert_eq!(hall.clients[asha].chat, ["before"]);

    let late = hall.clients[asha].late.take().unwrap();
    let mut heard = vec![hall.clients[asha].chat.len()];
    for handshake in late {
        hall.tell(asha, handshake);
        hall.settle();
        heard.push(hall.clients[asha].chat.len());
    }
    heard.dedup();
    assert_eq!(heard, [1, 2, 3]);
    assert_eq!(hall.clients[asha].chat, ["before", "locked: true", "locked: false"]);
    assert!(hall.view(asha).alarms.is_empty());
}

#[test]
fn a_right_passcode_is_proven_and_lets_in_by_the_hosts_rule() {
    let mut hall = Hall::new(Some(("7KQM-2XWD", true)));
    let asha = hall.guest("Asha");
    assert_eq!(hall.view(asha).stage, DeviceStage::PasscodeWanted);
    hall.command(asha, DeviceCommand::Passcode { passcode: "wrong-code".parse().unwrap() });
    assert_eq!(hall.view(asha).passcode, PasscodeView::Wanted { wrong: 1, left: 4 });
    hall.pass(5000);
    hall.command(asha, DeviceCommand::Passcode { passcode: "7kqm 2xwd".parse().unwrap() });
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
    assert_eq!(hall.view(0).members[1].method, sabha_protocol::device::AdmissionMethod::Passcode);
}

#[test]
fn a_passcode_that_is_typed_too_soon_is_tried_when_the_host_looks_at_it() {
    let mut hall = Hall::new(Some(("7KQM-2XWD", true)));
    let asha = hall.guest("Asha");
    for passcode in ["wrong-code", "wrong-again"] {
        hall.command(asha, DeviceCommand::Passcode { passcode: passcode.parse().unwrap() });
    }
    assert_eq!(hall.view(asha).stage, DeviceStage::Proving);
    hall.pass(1000);
    assert_eq!(hall.view(asha).passcode, PasscodeView::Wanted { wrong: 2, left: 3 });
    hall.command(asha, DeviceCommand::Passcode { passcode: "7kqm 2xwd".parse().unwrap() });
    hall.pass(1900);
    assert_eq!(hall.view(asha).stage, DeviceStage::Proving);
    hall.pass(100);
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
}

#[test]
fn a_wrong_passcode_is_stopped_at_the_budget_while_others_still_come_in() {
    let mut hall = Hall::new(Some(("7KQM-2XWD", true)));
    let mallory = hall.guest("Mallory");
    for _ in 0..20 {
        hall.command(mallory, DeviceCommand::Passcode { passcode: "guess-guess".parse().unwrap() });
        hall.pass(60_000);
    }
    assert!(matches!(hall.view(mallory).passcode, PasscodeView::Wanted { left: 0, .. }));
    assert!(matches!(hall.view(0).passcode, PasscodeView::Set { wrong: 5, .. }));
    let asha = hall.guest("Asha");
    hall.command(asha, DeviceCommand::Passcode { passcode: "7KQM2XWD".parse().unwrap() });
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
}

#[test]
fn a_spent_passcode_is_asked_of_nobody_until_the_host_sets_another() {
    let mut hall = Hall::new(Some(("7KQM-2XWD", true)));
    let early = hall.guest("Asha");
    assert_eq!(hall.view(early).stage, DeviceStage::PasscodeWanted);
    let mut last = 0;
    for _ in 0..20 {
        last = hall.guest("Mallory");
        hall.command(last, DeviceCommand::Passcode { passcode: "guess-guess".parse().unwrap() });
        hall.pass(1000);
    }
    assert_eq!(hall.view(0).passcode, PasscodeView::Disabled { admits: true });

    // Who was asked before, who guessed last, and who comes after.
    let late = hall.guest("Bilal");
    for guest in [early, last, late] {
        assert_eq!(hall.view(guest).passcode, PasscodeView::Off {});
        assert_eq!(hall.view(guest).stage, DeviceStage::Waiting);
        hall.command(guest, DeviceCommand::Passcode { passcode: "7KQM-2XWD".parse().unwrap() });
        assert_eq!(hall.view(guest).stage, DeviceStage::Waiting);
    }
    hall.admit(early);
    assert_eq!(hall.view(early).stage, DeviceStage::Member);

    let passcode = Some("9RTB-4YHN".parse().unwrap());
    hall.command(0, DeviceCommand::SetPasscode { passcode, admits: true });
    hall.pass(5000);
    assert_eq!(hall.view(late).stage, DeviceStage::PasscodeWanted);
    assert_eq!(hall.view(last).passcode, PasscodeView::Wanted { wrong: 1, left: 4 });
    hall.command(late, DeviceCommand::Passcode { passcode: "9RTB-4YHN".parse().unwrap() });
    assert_eq!(hall.view(late).stage, DeviceStage::Member);
}

#[test]
fn a_spent_passcode_keeps_nobody_out_who_has_proven_it() {
    let mut hall = Hall::new(Some(("7KQM-2XWD", false)));
    let proven = hall.guest("Asha");
    hall.command(proven, DeviceCommand::Passcode { passcode: "7KQM-2XWD".parse().unwrap() });
    for _ in 0..20 {
        let mallory = hall.guest("Mallory");
        hall.command(mallory, DeviceCommand::Passcode { passcode: "guess-guess".parse().unwrap() });
        hall.pass(1000);
    }
    assert_eq!(hall.view(0).passcode, PasscodeView::Disabled { admits: false });
    assert_ne!(hall.view(proven).passcode, PasscodeView::Off {});
    hall.admit(proven);
    let member = &hall.view(0).members[1];
    assert_eq!(member.method, sabha_protocol::device::AdmissionMethod::Passcode);
}

#[test]
fn removal_rekeys_and_keeps_out() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    let bilal = hall.guest("Bilal");
    hall.admit(asha);
    hall.admit(bilal);
    let device = hall.clients[bilal].device.me();
    hall.command(0, DeviceCommand::Remove { device });
    assert_eq!(hall.view(bilal).stage, DeviceStage::Removed);
    assert_eq!(hall.sends_in(bilal), None);
    assert_eq!(hall.sends_in(asha), hall.sends_in(0));
    assert_eq!(hall.view(asha).members.len(), 2);
    hall.disconnect(bilal);
    hall.enter(bilal);
    assert_eq!(hall.view(bilal).stage, DeviceStage::Removed);
    // Two seconds after the removal the old keys are gone.
    hall.pass(2000);
    assert!(
        hall.clients[asha]
            .media
            .iter()
            .any(|change| matches!(change, MediaKeyChange::Drop { epoch: GroupEpoch(2) }))
    );
}

#[test]
fn a_locked_meeting_lets_nobody_in_until_it_is_unlocked() {
    let mut hall = Hall::new(None);
    hall.pass(1000);
    hall.command(0, DeviceCommand::Lock { locked: true });
    assert!(hall.view(0).locked);
    hall.pass(1000);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
    hall.command(0, DeviceCommand::Lock { locked: false });
    hall.admit(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
}

#[test]
fn a_new_host_admits_and_goes_on_when_the_first_is_gone() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    let device = hall.clients[asha].device.me();
    hall.command(0, DeviceCommand::MakeHost { device });
    assert!(hall.view(asha).host);
    hall.command(0, DeviceCommand::Leave {});
    hall.disconnect(0);
    hall.pass(20_000);
    assert_eq!(hall.view(asha).heartbeat, HeartbeatState::Fresh);
    assert_eq!(hall.view(asha).members.len(), 1);
    let bilal = hall.guest("Bilal");
    let id = hall.id(bilal);
    hall.command(asha, DeviceCommand::Admit { guest: id, by_rule: false });
    assert_eq!(hall.view(bilal).stage, DeviceStage::Member);
    assert_eq!(hall.sends_in(bilal), hall.sends_in(asha));
}

#[test]
fn silence_of_the_hosts_warns_after_ten_seconds_and_stops_sending_after_thirty() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    hall.disconnect(0);
    hall.pass(10_000);
    assert_eq!(hall.view(asha).heartbeat, HeartbeatState::Late);
    assert!(hall.sends_in(asha).is_some());
    hall.pass(20_000);
    assert_eq!(hall.view(asha).heartbeat, HeartbeatState::Lost);
    assert_eq!(hall.view(asha).stage, DeviceStage::Sealed);
    assert_eq!(hall.sends_in(asha), None);
    hall.resume(0);
    hall.pass(6000);
    assert_eq!(hall.view(asha).heartbeat, HeartbeatState::Fresh);
    assert!(hall.sends_in(asha).is_some());
}

#[test]
fn a_lost_connection_is_made_up_for_on_the_same_leaf() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    hall.disconnect(asha);
    for name in ["Bilal", "Chitra"] {
        let guest = hall.guest(name);
        hall.admit(guest);
    }
    hall.resume(asha);
    hall.pass(6000);
    assert_eq!(hall.view(asha).epoch, hall.view(0).epoch);
    assert_eq!(hall.view(asha).members.len(), 4);
    assert_eq!(hall.sends_in(asha), hall.sends_in(0));
    assert!(hall.view(asha).alarms.is_empty());
}

#[test]
fn a_device_that_is_gone_loses_its_leaf_and_comes_back_by_its_grant() {
    let mut hall = Hall::new(None);
    let (asha, bilal) = (hall.guest("Asha"), hall.guest("Bilal"));
    hall.admit(asha);
    hall.admit(bilal);
    hall.disconnect(asha);
    // As long as its place is kept, so is its leaf.
    hall.pass(60_000);
    assert_eq!(hall.view(bilal).members.len(), 3);
    hall.give_up(asha);
    hall.pass(11_000);
    assert_eq!(hall.view(0).members.len(), 2);
    assert_eq!(hall.view(bilal).members.len(), 2);
    // Whatever the device still has opens nothing of what is said from now on.
    assert!(hall.sends_in(0) > hall.clients[asha].device.group().map(Group::epoch));
    hall.enter(asha);
    hall.join(asha);
    hall.settle();
    hall.pass(7000);
    for at in [0, asha, bilal] {
        assert_eq!(hall.view(at).stage, DeviceStage::Member);
        assert_eq!(hall.view(at).members.len(), 3);
        assert!(hall.view(at).alarms.is_empty());
        assert_eq!(hall.sends_in(at), hall.sends_in(0));
    }
    // Nobody was thrown out by it.
    assert!(hall.clients[0].device.group().unwrap().roster().policy.revoked.is_empty());
}

#[test]
fn whose_grant_has_run_out_meanwhile_knocks_again() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    hall.disconnect(asha);
    hall.give_up(asha);
    hall.pass(11_000);
    let kept = hall.clients[asha].device.export();
    hall.now += 25 * 3600 * 1000;
    hall.clients[asha].device = Device::restore(&kept, hall.now).unwrap();
    hall.enter(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Outside);
    hall.disconnect(asha);
    hall.enter(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
    hall.admit(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
}

#[test]
fn who_was_let_in_and_never_came_loses_its_leaf_and_who_is_in_the_room_does_not() {
    let mut hall = Hall::new(None);
    let (asha, bilal) = (hall.guest("Asha"), hall.guest("Bilal"));
    hall.admit(asha);
    hall.clients[bilal].stays_away = true;
    hall.admit(bilal);
    hall.disconnect(bilal);
    hall.pass(89_000);
    assert_eq!(hall.view(0).members.len(), 3);
    hall.pass(2000);
    assert_eq!(hall.view(0).members.len(), 2);
    hall.pass(200_000);
    assert_eq!(hall.view(0).members.len(), 2);
    assert_eq!(hall.view(asha).members.len(), 2);
}

#[test]
fn a_commit_that_was_taken_while_the_connection_broke_is_followed() {
    for with_removal in [false, true] {
        let mut hall = Hall::new(None);
        let (asha, bilal) = (hall.guest("Asha"), hall.guest("Bilal"));
        hall.admit(asha);
        hall.loses_answer = true;
        if with_removal {
            let device = hall.clients[asha].device.me();
            hall.command(0, DeviceCommand::Remove { device });
        } else {
            hall.admit(bilal);
        }
        assert!(!hall.clients[0].connected);
        hall.resume(0);
        hall.pass(7000);
        let epoch = hall.delivery.epoch();
        assert_eq!(hall.view(0).epoch, epoch, "{with_removal}");
        assert_eq!(hall.view(0).encryption, Encryption::Verified);
        assert!(hall.view(0).alarms.is_empty(), "{:?}", hall.view(0).alarms);
        // And it goes on as a host.
        let chitra = hall.guest("Chitra");
        hall.admit(chitra);
        assert_eq!(hall.view(chitra).stage, DeviceStage::Member);
        assert_eq!(hall.sends_in(chitra), hall.sends_in(0));
    }
}

#[test]
fn after_a_reload_the_device_comes_back_by_itself_from_what_was_kept() {
    for who in [0, 1] {
        let mut hall = Hall::new(None);
        let asha = hall.guest("Asha");
        hall.admit(asha);
        let kept = hall.clients[who].device.export();
        hall.disconnect(who);
        hall.clients[who].device = Device::restore(&kept, hall.now).unwrap();
        hall.enter(who);
        hall.join(who);
        hall.settle();
        hall.pass(7000);
        for at in [0, asha] {
            assert_eq!(hall.view(at).stage, DeviceStage::Member, "{who} {at}");
            assert_eq!(hall.view(at).encryption, Encryption::Verified, "{who} {at}");
            assert_eq!(hall.view(at).members.len(), 2);
            assert!(hall.view(at).members.iter().all(|member| member.name.is_some()), "{who} {at}");
        }
        assert_eq!(hall.sends_in(asha), hall.sends_in(0));
        let bilal = hall.guest("Bilal");
        hall.admit(bilal);
        assert_eq!(hall.view(bilal).stage, DeviceStage::Member);
    }
}

#[test]
fn who_comes_back_can_open_what_everybody_seals_from_then_on() {
    let mut hall = Hall::new(None);
    let (asha, bilal) = (hall.guest("Asha"), hall.guest("Bilal"));
    hall.admit(asha);
    hall.admit(bilal);
    hall.pass(6000);
    let kept = hall.clients[asha].device.export();
    hall.disconnect(asha);
    hall.clients[asha].device = Device::restore(&kept, hall.now).unwrap();
    let before = hall.view(0).epoch;
    // Back in the group, and not yet in the room: nothing that it says has been heard, and no time has passed.
    hall.enter(asha);
    hall.settle();
    let epoch = hall.view(asha).epoch;
    assert!(epoch > before);
    for at in [0, bilal] {
        assert_eq!(hall.sends_in(at), Some(epoch), "{at}");
    }
    // Its question is answered without a wait, too, and after that it may send itself.
    assert_eq!(hall.sends_in(asha), None);
    hall.join(asha);
    hall.settle();
    assert_eq!(hall.sends_in(asha), Some(epoch));
}

#[test]
fn who_is_in_the_room_before_it_is_back_in_the_group_may_send_without_a_wait() {
    for who in [0, 1] {
        let mut hall = Hall::new(None);
        let (asha, bilal) = (hall.guest("Asha"), hall.guest("Bilal"));
        hall.admit(asha);
        hall.admit(bilal);
        hall.command(0, DeviceCommand::MakeHost { device: hall.clients[bilal].device.me() });
        hall.pass(6000);
        let kept = hall.clients[who].device.export();
        hall.disconnect(who);
        hall.clients[who].device = Device::restore(&kept, hall.now).unwrap();
        hall.held = Some(Vec::new());
        hall.enter(who);
        // Media is answered before the group has taken the commit.
        hall.join(who);
        hall.settle();
        assert_eq!(hall.view(who).stage, DeviceStage::Joining, "{who}");
        assert_eq!(hall.sends_in(who), None, "{who}");
        assert!(!hall.view(who).epoch_certified, "{who}");
        // What is said meanwhile is heard by nobody here; it is sealed in an epoch of which this device has no key.
        hall.command(bilal, DeviceCommand::Hand { raised: true });
        hall.release();
        let epoch = hall.view(who).epoch;
        for at in [0, asha, bilal] {
            assert_eq!(hall.sends_in(at), Some(epoch), "{who} {at}");
            assert_eq!(hall.view(at).encryption, Encryption::Verified, "{who} {at}");
            assert!(hall.view(at).alarms.is_empty(), "{who} {at}");
            assert!(hall.view(at).epoch_certified, "{who} {at}");
        }
        hall.pass(7000);
        let members = &hall.view(who).members;
        assert!(members.iter().all(|member| member.name.is_some()), "{who}");
        assert_eq!(members.iter().filter(|member| member.hand).count(), 1, "{who}");
    }
}

#[test]
fn what_a_host_hears_on_its_way_back_to_the_group_it_acts_on_there() {
    let mut hall = Hall::new(Some(("7KQM-2XWD", false)));
    let kept = hall.clients[0].device.export();
    hall.disconnect(0);
    let (asha, gone) = (hall.guest("Asha"), hall.guest("Gone"));
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting, "nobody is there who could ask");
    hall.clients[0].device = Device::restore(&kept, hall.now).unwrap();
    hall.held = Some(Vec::new());
    hall.enter(0);
    hall.join(0);
    let floor = settings(&[("MEET.CHAT.SAFE", "nobody")]);
    hall.tell(0, ServerMessage::Floor { floor: floor.clone() });
    hall.tell(
        0,
        ServerMessage::LobbyLeft {
            guest: hall.id(gone),
            outcome: sabha_protocol::wire::server::LobbyOutcome::Withdrew,
        },
    );
    hall.settle();
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
    hall.release();
    hall.pass(1000);
    assert_eq!(hall.view(asha).stage, DeviceStage::PasscodeWanted);
    assert_eq!(hall.view(gone).stage, DeviceStage::Waiting);
    assert_eq!(hall.view(0).conduct.floor, floor);
}

#[test]
fn a_restarted_server_takes_the_group_back_from_its_members() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    hall.pass(6000);
    hall.disconnect(0);
    hall.disconnect(asha);
    let creation = hall.creation.clone();
    hall.delivery = Delivery::open(creation.meeting, &creation.group_info, &creation.tree, hall.now).unwrap();
    // The guest is first, with the host's last heartbeat.
    hall.resume(asha);
    assert_eq!(hall.delivery.epoch(), hall.view(asha).epoch);
    hall.resume(0);
    hall.pass(6000);
    assert_eq!(hall.view(0).stage, DeviceStage::Member);
    let bilal = hall.guest("Bilal");
    hall.admit(bilal);
    assert_eq!(hall.view(bilal).members.len(), 3);
    assert!(hall.view(asha).alarms.is_empty());
}

#[test]
fn a_hundred_who_come_at_once_are_a_handful_of_commits() {
    let mut hall = Hall::new(None);
    let guests: Vec<usize> = (0..40).map(|number| hall.guest(&format!("Guest {number}"))).collect();
    let ids: Vec<_> = guests.iter().map(|guest| hall.id(*guest)).collect();
    let now = hall.now;
    for guest in ids {
        hall.clients[0].device.command(DeviceCommand::Admit { guest, by_rule: false }, now);
    }
    hall.settle();
    // Twenty at once, the others ten a second: the server would not take more.
    assert_eq!(hall.view(0).members.len(), 22);
    hall.pass(2500);
    assert_eq!(hall.view(0).members.len(), 41);
    assert!(hall.view(0).epoch.0 < 41);
    for guest in guests {
        assert_eq!(hall.view(guest).stage, DeviceStage::Member);
    }
}

#[test]
fn a_welcome_that_the_server_lost_is_made_up_for_from_outside() {
    let mut hall = Hall::new(None);
    hall.loses_welcomes = true;
    let asha = hall.guest("Asha");
    hall.admit(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Joining);
    hall.pass(3000);
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
    hall.pass(6000);
    assert_eq!(hall.view(asha).encryption, Encryption::Verified);
    assert_eq!(hall.view(asha).code.as_ref().unwrap().group.len(), 30);
}

#[test]
fn the_meetings_log_can_be_checked_by_anybody() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    let device = hall.clients[asha].device.me();
    hall.command(0, DeviceCommand::ExportLog {});
    let text = &hall.clients[0].logs[0];
    assert!(!text.contains("Asha") && !text.contains("Weekly"));
    let log = crate::log::verify_export(text).unwrap();
    assert_eq!((log.granted[&(Method::Manual as u8)], log.ended_ms), (1, None));
    assert!(hall.view(0).keeps_log && !hall.view(asha).keeps_log);
    hall.command(asha, DeviceCommand::ExportLog {});
    assert!(hall.clients[asha].logs.is_empty());
    hall.command(0, DeviceCommand::Remove { device });
    hall.command(0, DeviceCommand::ExportLog {});
    let log = crate::log::verify_export(&hall.clients[0].logs[1]).unwrap();
    assert_eq!((log.revoked, log.policy_version), (1, 2));
}

#[test]
fn the_log_outlives_a_reload_of_the_device_that_keeps_it() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    let device = hall.clients[asha].device.me();
    hall.command(0, DeviceCommand::MakeHost { device });
    hall.pass(4000);
    let kept = hall.clients[0].kept.clone().unwrap();
    hall.disconnect(0);
    // While it is away, another host lets somebody in: that is not in its log, but the epoch that it led to is.
    let bilal = hall.guest("Bilal");
    let id = hall.id(bilal);
    hall.command(asha, DeviceCommand::Admit { guest: id, by_rule: true });
    let epoch = hall.view(asha).epoch;
    hall.clients[0].device = Device::restore(&kept, hall.now).unwrap();
    hall.enter(0);
    hall.join(0);
    hall.pass(6000);
    hall.command(0, DeviceCommand::ExportLog {});
    let log = crate::log::verify_export(hall.clients[0].logs.last().unwrap()).unwrap();
    assert_eq!(log.granted.values().sum::<usize>(), 1);
    assert!(log.epoch > Some(epoch.0));
    assert_eq!(log.head, hall.clients[0].device.chronicle.as_ref().unwrap().log().head());
    // All hosts' heartbeats go on being believed.
    for at in [0, asha, bilal] {
        assert_eq!(hall.view(at).encryption, Encryption::Verified);
        assert!(hall.view(at).alarms.is_empty());
    }
}

#[test]
fn the_end_is_the_last_entry_and_the_log_is_given_out_with_it() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    hall.tell(0, ServerMessage::Closed { reason: CloseReason::Ended, by: None });
    hall.settle();
    let log = crate::log::verify_export(&hall.clients[0].logs[0]).unwrap();
    assert_eq!(log.entries.last().unwrap().event, crate::log::Event::Ended);
    assert_eq!(log.ended_ms, Some(hall.now));
    assert!(hall.clients[0].device.group().is_none());
}

#[test]
fn what_was_kept_of_another_meeting_or_in_another_form_is_refused() {
    let hall = Hall::new(None);
    let kept = hall.clients[0].device.export();
    assert!(Device::restore(&kept, hall.now).is_ok());
    let elsewhere = Hall::new(None).clients[0].device.chronicle.as_ref().unwrap().to_bytes();
    let secrets = hall.clients[0].device.secrets.to_bytes();
    assert!(Device::restore(&[&secrets[..], &elsewhere].concat(), hall.now).is_err());
    for length in secrets.len() + 1..kept.len() {
        // Cut between two entries it is a shorter log.
        if let Ok(device) = Device::restore(&kept[..length], hall.now) {
            assert_eq!(device.export()[..], kept[..length]);
        }
    }
    assert!(Device::restore(&[&kept[..], &[0]].concat(), hall.now).is_err());
    assert!(Device::restore(&vec![0; EXPORT_BYTES_MAX + 1], hall.now).is_err());
}

#[test]
fn stale_answers_of_the_server_do_not_disturb() {
    let mut hall = Hall::new(None);
    assert!(matches!(
        hall.delivery.propose(
            &hall.clients[0].device.me(),
            GroupEpoch(9),
            sabha_protocol::opaque::HandshakeMessage::try_from(vec![1]).unwrap()
        ),
        Err(ServerReject::Stale { .. })
    ));
    hall.command(0, DeviceCommand::Answered { send: RequestId(999), refused: None });
    assert_eq!(hall.view(0).stage, DeviceStage::Member);
    let _ = BootEpoch(1);
}

/// The organisation's floor for the tests of conduct.
fn settings(pairs: &[(&str, &str)]) -> sabha_protocol::ControlSettings {
    let word = |text: &str| sabha_protocol::ControlWord::try_from(text.to_owned()).unwrap();
    let setting = |&(control, value): &(&str, &str)| sabha_protocol::ControlSetting {
        control: word(control),
        value: word(value),
    };
    sabha_protocol::ControlSettings(pairs.iter().map(setting).collect())
}

impl Hall {
    /// Has the host set the controls.
    fn control(&mut self, pairs: &[(&str, &str)]) {
        self.command(0, DeviceCommand::SetControls { controls: settings(pairs) });
    }

    /// Returns what a device may do as another device has verified it.
    fn rights(&self, of: usize, by: usize) -> (MediaState, bool) {
        let device = self.clients[of].device.me();
        let member = self.view(by).members.iter().find(|member| member.device == device).unwrap();
        (member.allowed, member.may_chat)
    }
}

const EVERYTHING: MediaState =
    MediaState { microphone: true, camera: true, screen: true, screen_audio: true };
const NO_SCREEN: MediaState = MediaState { screen: false, screen_audio: false, ..EVERYTHING };

#[test]
fn who_shares_is_what_the_hosts_signed_and_everybody_keeps_to_it() {
    let mut hall = Hall::new(None);
    let (asha, ravi) = (hall.guest("Asha"), hall.guest("Ravi"));
    hall.admit(asha);
    hall.admit(ravi);
    hall.control(&[("MEET.SHARE.HOST", "granted")]);
    assert_eq!([hall.rights(asha, ravi).0, hall.rights(0, ravi).0], [NO_SCREEN, EVERYTHING]);

    let device = hall.clients[asha].device.me();
    let right = sabha_protocol::device::MemberRight::Screen;
    hall.command(0, DeviceCommand::SetRight { device, right, allowed: true });
    for by in [0, asha, ravi] {
        assert_eq!([hall.rights(asha, by).0, hall.rights(ravi, by).0], [EVERYTHING, NO_SCREEN]);
    }

    // The right to share does not outlive hosts-only, and comes back with it.
    hall.control(&[("MEET.SHARE.HOST", "hosts")]);
    assert_eq!(hall.rights(asha, ravi).0, NO_SCREEN);
}

#[test]
fn a_suspension_stops_everybody_but_hosts_and_lifts_again() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    hall.command(0, DeviceCommand::Suspend { suspended: true });
    assert_eq!(hall.rights(asha, 0), (MediaState::default(), false));
    assert_eq!(hall.rights(0, asha), (EVERYTHING, true));
    assert!(hall.view(asha).conduct.suspended);

    hall.command(0, DeviceCommand::Suspend { suspended: false });
    assert_eq!(hall.rights(asha, 0), (EVERYTHING, true));
}

#[test]
fn who_may_not_write_is_not_heard_even_if_its_own_device_disobeys() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    hall.control(&[("MEET.CHAT.SAFE", "hosts")]);
    hall.command(asha, DeviceCommand::Chat { text: "obeys".parse().unwrap() });
    assert_eq!(hall.clients[asha].refusals, [Rule::ChatSafe]);
    // What a device without the check would do.
    let word = super::say::Word::Chat("disobeys".parse().unwrap());
    hall.clients[asha].device.say(word);
    hall.command(asha, DeviceCommand::Hand { raised: true });
    assert!(hall.view(0).members.iter().any(|member| member.hand), "its words still arrive");
    assert_eq!(hall.clients[0].chat, Vec::<String>::new());

    hall.command(0, DeviceCommand::Chat { text: "from the host".parse().unwrap() });
    assert_eq!(hall.clients[asha].chat, ["from the host"]);
}

#[test]
fn a_floor_that_is_raised_is_signed_and_no_host_goes_below_it() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    let floor = settings(&[("MEET.SHARE.HOST", "granted")]);
    hall.tell(0, ServerMessage::Floor { floor: floor.clone() });
    hall.settle();
    for by in [0, asha] {
        assert_eq!((&hall.view(by).conduct.floor, &hall.view(by).conduct.controls), (&floor, &floor));
    }

    hall.control(&[("MEET.SHARE.HOST", "everyone"), ("MEET.CHAT.SAFE", "hosts")]);
    let both = settings(&[("MEET.SHARE.HOST", "granted"), ("MEET.CHAT.SAFE", "hosts")]);
    assert_eq!(hall.view(asha).conduct.controls, both);
    // A server cannot loosen anything by its word, nor can it make somebody act who is no host.
    let epoch = hall.view(asha).epoch;
    hall.tell(0, ServerMessage::Floor { floor: settings(&[]) });
    hall.tell(asha, ServerMessage::Floor { floor: settings(&[("MEET.CHAT.SAFE", "nobody")]) });
    hall.settle();
    assert_eq!((hall.view(asha).epoch, &hall.view(asha).conduct.controls), (epoch, &both));
}

#[test]
fn where_the_passcode_is_demanded_a_click_alone_lets_nobody_in() {
    let mut hall = Hall::new(Some(("7XK2-M9QP", false)));
    hall.control(&[("MEET.PASS.REQUIRED", "passcode"), ("MEET.LOBBY.ON", "host")]);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::PasscodeWanted);
    assert_eq!(hall.clients[0].refusals, [Rule::PassRequired]);

    hall.command(asha, DeviceCommand::Passcode { passcode: "7XK2-M9QP".parse().unwrap() });
    hall.admit(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
}

#[test]
fn where_hosts_let_in_by_hand_no_rule_does() {
    let mut hall = Hall::new(Some(("7XK2-M9QP", true)));
    hall.control(&[("MEET.LOBBY.ON", "host")]);
    let asha = hall.guest("Asha");
    hall.command(asha, DeviceCommand::Passcode { passcode: "7XK2-M9QP".parse().unwrap() });
    assert_ne!(hall.view(asha).stage, DeviceStage::Member);
    let id = hall.id(asha);
    assert_eq!(hall.clients[0].refusals, []);
    hall.command(0, DeviceCommand::Admit { guest: id, by_rule: true });
    assert_ne!(hall.view(asha).stage, DeviceStage::Member);
    assert_eq!(hall.clients[0].refusals, [Rule::LobbyOn]);
    hall.admit(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
}

#[test]
fn after_its_time_a_meeting_takes_nobody_new() {
    let mut hall = Hall::new(None);
    hall.control(&[("MEET.LOCK.AUTO", "15")]);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    assert_eq!(hall.view(0).conduct.locks_at_ms, Some(START + 15 * 60_000));
    hall.now = START + 16 * 60_000;
    let ravi = hall.guest("Ravi");
    hall.admit(ravi);
    assert_ne!(hall.view(ravi).stage, DeviceStage::Member);
    assert_eq!(hall.clients[0].refusals, [Rule::LockAuto]);
    assert_eq!(hall.view(asha).members.len(), 2);
}

impl Hall {
    /// Returns a member as another device has verified it.
    fn member(&self, of: usize, by: usize) -> sabha_protocol::device::MemberView {
        let device = self.clients[of].device.me();
        self.view(by).members.iter().find(|member| member.device == device).unwrap().clone()
    }

    fn device(&self, at: usize) -> DeviceKey {
        self.clients[at].device.me()
    }
}

#[test]
fn a_role_is_a_name_for_rights_and_replaces_what_was_given_and_taken() {
    use sabha_protocol::device::{MemberRight as Right, MemberRole as Role};

    let mut hall = Hall::new(None);
    hall.control(&[("MEET.SHARE.HOST", "granted")]);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    let device = hall.device(asha);
    assert_eq!(hall.member(asha, asha).role, Some(Role::Participant));

    hall.command(0, DeviceCommand::SetRole { device, role: Role::Attendee });
    let epoch = hall.view(0).epoch;
    for by in [0, asha] {
        assert_eq!(hall.rights(asha, by), (MediaState::default(), false));
        let member = hall.member(asha, by);
        assert_eq!((member.role, member.taken.len(), member.given), (Some(Role::Attendee), 4, Vec::new()));
    }
    hall.command(0, DeviceCommand::SetRight { device, right: Right::Microphone, allowed: true });
    let member = hall.member(asha, asha);
    assert_eq!((member.role, member.allowed.microphone, member.taken.len()), (None, true, 3));

    hall.command(0, DeviceCommand::SetRole { device, role: Role::Presenter });
    assert_eq!(
        (hall.rights(asha, asha), hall.member(asha, 0).given),
        ((EVERYTHING, true), vec![Right::Screen])
    );
    assert_eq!(hall.view(0).epoch.0, epoch.0 + 2, "each change is one commit");
    hall.command(0, DeviceCommand::SetRole { device, role: Role::Participant });
    assert_eq!(hall.rights(asha, asha), (NO_SCREEN, true));
    assert_eq!(hall.clients[0].device.group().unwrap().roster().policy.conduct.rights.len(), 0);
    // Hosts have no role to be given.
    let host = hall.device(0);
    hall.command(0, DeviceCommand::SetRole { device: host, role: Role::Attendee });
    assert_eq!((hall.rights(0, asha), hall.member(0, asha).role), ((EVERYTHING, true), None));
}

#[test]
fn who_may_not_write_any_more_is_told_that_a_host_has_taken_it() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    let (device, right) = (hall.device(asha), sabha_protocol::device::MemberRight::Chat);
    hall.command(0, DeviceCommand::SetRight { device, right, allowed: false });
    hall.command(asha, DeviceCommand::Chat { text: "unheard".parse().unwrap() });
    assert_eq!(hall.clients[asha].refusals, [Rule::SourceTaken]);
    assert_eq!(hall.clients[0].chat, Vec::<String>::new());
}

#[test]
fn a_host_asks_to_speak_and_nothing_but_the_person_switches_on() {
    let mut hall = Hall::new(None);
    let (asha, ravi) = (hall.guest("Asha"), hall.guest("Ravi"));
    hall.admit(asha);
    hall.admit(ravi);
    let device = hall.device(asha);
    hall.command(0, DeviceCommand::AskToSpeak { device });
    assert_eq!(
        (hall.clients[asha].asked_by.as_slice(), hall.clients[ravi].asked_by.len()),
        (&["Host".to_owned()][..], 0)
    );
    assert_eq!(hall.member(asha, 0).media, MediaState::default());

    // Nobody is pressed: of many questions in ten seconds one is passed on, whatever the host's device sends.
    hall.command(0, DeviceCommand::AskToSpeak { device });
    hall.clients[0].device.say(super::say::Word::PleaseSpeak(device));
    hall.command(0, DeviceCommand::Hand { raised: true });
    assert_eq!(hall.clients[asha].asked_by.len(), 1);
    hall.pass(10_000);
    hall.command(0, DeviceCommand::AskToSpeak { device });
    assert_eq!(hall.clients[asha].asked_by.len(), 2);

    // Who speaks already is not asked.
    hall.pass(10_000);
    let media = MediaState { microphone: true, ..MediaState::default() };
    hall.command(asha, DeviceCommand::Media { media });
    hall.command(0, DeviceCommand::AskToSpeak { device });
    assert_eq!(hall.clients[asha].asked_by.len(), 2);
}

#[test]
fn who_is_no_host_asks_nobody_to_speak_even_if_its_device_disobeys() {
    let mut hall = Hall::new(None);
    let (asha, ravi) = (hall.guest("Asha"), hall.guest("Ravi"));
    hall.admit(asha);
    hall.admit(ravi);
    let device = hall.device(asha);
    hall.command(ravi, DeviceCommand::AskToSpeak { device });
    hall.clients[ravi].device.say(super::say::Word::PleaseSpeak(device));
    hall.command(ravi, DeviceCommand::Hand { raised: true });
    assert!(hall.member(ravi, asha).hand, "its words still arrive");
    assert_eq!(hall.clients[asha].asked_by.len(), 0);

    // Nor is anybody asked for what a host has taken.
    let right = sabha_protocol::device::MemberRight::Microphone;
    hall.command(0, DeviceCommand::SetRight { device, right, allowed: false });
    hall.command(0, DeviceCommand::AskToSpeak { device });
    assert_eq!(hall.clients[asha].asked_by.len(), 0);
}

#[test]
fn a_spotlight_is_signed_by_a_host_and_seen_by_who_comes_later() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    let device = hall.device(asha);
    hall.command(asha, DeviceCommand::Spotlight { device: Some(device) });
    assert_eq!(hall.view(0).conduct.spotlight, None, "a member cannot put itself there");
    hall.command(0, DeviceCommand::Spotlight { device: Some(device) });
    let ravi = hall.guest("Ravi");
    hall.admit(ravi);
    for by in [0, asha, ravi] {
        assert_eq!(hall.view(by).conduct.spotlight, Some(device));
    }

    hall.command(0, DeviceCommand::SendBack { device });
    assert_eq!(hall.view(ravi).conduct.spotlight, None, "who is gone is before nobody's eyes");
    let ravis = hall.device(ravi);
    hall.command(0, DeviceCommand::Spotlight { device: Some(ravis) });
    hall.command(0, DeviceCommand::Spotlight { device: None });
    assert_eq!(hall.view(ravi).conduct.spotlight, None);
}

#[test]
fn who_is_sent_back_has_no_keys_and_comes_in_only_by_a_new_grant() {
    let mut hall = Hall::new(None);
    let (asha, ravi) = (hall.guest("Asha"), hall.guest("Ravi"));
    hall.admit(asha);
    hall.admit(ravi);
    let (device, epoch) = (hall.device(asha), hall.view(ravi).epoch);
    hall.command(0, DeviceCommand::SendBack { device });
    assert_eq!(hall.view(asha).stage, DeviceStage::Outside);
    assert!(hall.clients[asha].device.secrets.grant.is_none());
    assert_eq!((hall.view(ravi).epoch.0, hall.view(ravi).members.len()), (epoch.0 + 1, 2));
    assert_eq!(hall.view(0).banned, []);

    hall.disconnect(asha);
    hall.enter(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
    hall.admit(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
    assert_eq!(hall.rights(asha, ravi), (EVERYTHING, true));
}

#[test]
fn who_was_away_when_it_was_sent_back_learns_it_and_knocks() {
    let mut hall = Hall::new(None);
    let asha = hall.guest("Asha");
    hall.admit(asha);
    hall.disconnect(asha);
    let device = hall.device(asha);
    hall.command(0, DeviceCommand::SendBack { device });

    // Its grant, of which it does not know that it is void, opens nothing.
    hall.clients[asha].device.place = Place::Outside;
    hall.enter(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Outside);
    hall.enter(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
}

#[test]
fn who_was_removed_is_banned_until_a_host_lifts_that_and_then_is_let_in_anew() {
    let mut hall = Hall::new(None);
    let (asha, ravi) = (hall.guest("Asha"), hall.guest("Ravi"));
    hall.admit(asha);
    hall.admit(ravi);
    let device = hall.device(asha);
    hall.command(0, DeviceCommand::Remove { device });
    for by in [0, ravi] {
        let [banned] = &hall.view(by).banned[..] else { panic!("one is banned") };
        assert_eq!((banned.device, banned.name.clone()), (device, "Asha".parse().ok()));
    }
    assert_eq!(hall.view(asha).stage, DeviceStage::Removed);

    // Neither its grant nor a knock by the same key gets it anywhere.
    hall.disconnect(asha);
    hall.enter(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Removed);
    hall.clients[asha].device.secrets.grant = None;
    hall.enter(asha);
    assert_eq!((hall.view(asha).stage, hall.view(0).guests.len()), (DeviceStage::Removed, 0));

    // Nobody but a host lifts a ban.
    hall.command(ravi, DeviceCommand::LiftBan { device });
    assert_eq!(hall.view(0).banned.len(), 1);
    hall.command(0, DeviceCommand::LiftBan { device });
    assert_eq!((hall.view(0).banned.len(), hall.view(ravi).banned.len()), (0, 0));
    hall.clients[asha].device.place = Place::Outside;
    hall.enter(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Waiting);
    hall.admit(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
}

impl Hall {
    fn certificate(&self, at: usize) -> CertificateView {
        self.view(at).certificate
    }

    /// The state of the offer, as somebody sees it.
    fn offered(&self, at: usize) -> Option<OfferState> {
        match self.certificate(at) {
            CertificateView::Offered { state, .. } => Some(state),
            _ => None,
        }
    }

    fn exported(&mut self, at: usize) -> Result<Verified, String> {
        self.command(at, DeviceCommand::ExportCertificate {});
        let text = self.clients[at].certificates.last().ok_or("none was given out")?;
        let file = serde_json::from_str(text).map_err(|error| error.to_string())?;
        verify(&file).map_err(|error| error.to_string())
    }

    fn log_summary(&mut self) -> crate::log::LogSummary {
        self.command(0, DeviceCommand::ExportLog {});
        crate::log::verify_export(self.clients[0].logs.last().unwrap()).unwrap()
    }
}

/// CERT-12
#[test]
fn a_certificate_is_countersigned_by_who_was_there_for_the_time_in_which_it_was() {
    let mut hall = Hall::new(None);
    hall.pass(20_000);
    hall.command(0, DeviceCommand::Suspend { suspended: true });
    hall.pass(20_000);
    hall.command(0, DeviceCommand::Suspend { suspended: false });
    let ravi = hall.guest("Ravi");
    hall.admit(ravi);
    hall.pass(20_000);
    hall.control(&[("MEET.CHAT.SAFE", "hosts")]);
    hall.pass(20_000);
    let mina = hall.guest("Mina");
    hall.admit(mina);
    hall.pass(20_000);

    hall.command(0, DeviceCommand::MakeCertificate {});
    assert!(matches!(hall.certificate(0), CertificateView::Made { countersigned: 0, offered: true, .. }));
    for guest in [ravi, mina] {
        assert_eq!(hall.offered(guest), Some(OfferState::Agrees));
        assert!(hall.exported(guest).is_err(), "nothing before it is countersigned");
        hall.command(guest, DeviceCommand::Countersign {});
        assert_eq!(hall.offered(guest), Some(OfferState::Countersigned));
        hall.command(guest, DeviceCommand::Countersign {});
    }
    assert!(matches!(hall.certificate(0), CertificateView::Made { countersigned: 2, .. }));

    let whole = hall.exported(0).unwrap();
    let versions: Vec<_> = whole.certificate.record.stretches()[0].periods.iter().collect();
    let suspended: Vec<_> = versions.iter().map(|period| period.terms.suspended).collect();
    assert_eq!(suspended, [false, true, false, false]);
    assert!(versions[1].time_ms >= START + 20_000 && versions[2].time_ms >= versions[1].time_ms + 20_000);
    let from: Vec<_> = whole.countersigners.iter().map(|one| one.spans[0].from_epoch).collect();
    assert!(from[0] > versions[2].epoch && from[1] > versions[3].epoch, "{from:?}");
    let own = hall.exported(ravi).unwrap();
    assert_eq!(own.certificate, whole.certificate);
    assert_eq!(own.countersigners.len(), 1);

    let log = hall.log_summary();
    assert_eq!(whole.certificate.check_log(&log), Ok(()));
    hall.command(0, DeviceCommand::Lock { locked: true });
    let later = hall.log_summary();
    assert_eq!(whole.certificate.check_log(&later), Ok(()));
    let text = hall.clients[0].certificates.last().unwrap();
    for secret in ["Ravi", "Mina", "Host", "Weekly"] {
        assert!(!text.contains(secret), "names are not in it");
    }
}

/// CERT-12
#[test]
fn a_certificate_that_says_something_else_is_an_alarm_and_never_countersigned() {
    let mut hall = Hall::new(None);
    let ravi = hall.guest("Ravi");
    hall.admit(ravi);
    hall.pass(5000);
    hall.command(0, DeviceCommand::Suspend { suspended: true });
    hall.pass(5000);
    hall.command(0, DeviceCommand::Suspend { suspended: false });
    hall.pass(5000);
    // The host's device leaves the suspension out.
    let proof = &mut hall.clients[0].device.proof;
    let mut stretches = proof.record().stretches().to_vec();
    for period in &mut stretches[0].periods {
        period.terms.suspended = false;
    }
    *proof = Proof::new(crate::certificate::Record::new(stretches).unwrap());
    hall.command(0, DeviceCommand::MakeCertificate {});
    assert_eq!(hall.offered(ravi), Some(OfferState::Differs));
    let differences = vec![CertificateDifference::Suspension];
    assert_eq!(hall.view(ravi).alarms, [Alarm::Certificate { differences }]);
    assert_eq!(hall.view(ravi).encryption, Encryption::Verified, "what is said now is in no doubt");
    hall.command(ravi, DeviceCommand::Countersign {});
    assert!(matches!(hall.certificate(0), CertificateView::Made { countersigned: 0, .. }));
    let log = hall.log_summary();
    let made = hall.exported(0).unwrap().certificate;
    assert_eq!(made.check_log(&log), Err(crate::certificate::BindingError::Policies));
}

/// CERT-13
#[test]
fn another_host_certifies_what_its_own_device_saw_when_the_log_keeper_is_gone() {
    let mut hall = Hall::new(None);
    hall.command(0, DeviceCommand::Suspend { suspended: true });
    let ravi = hall.guest("Ravi");
    hall.admit(ravi);
    hall.command(0, DeviceCommand::MakeHost { device: hall.clients[ravi].device.me() });
    let mina = hall.guest("Mina");
    hall.admit(mina);
    hall.pass(5000);
    hall.command(0, DeviceCommand::Suspend { suspended: false });
    let log = hall.log_summary();
    hall.disconnect(0);
    hall.pass(5000);
    hall.command(ravi, DeviceCommand::Lock { locked: true });
    hall.pass(5000);

    hall.command(ravi, DeviceCommand::MakeCertificate {});
    assert!(matches!(hall.certificate(ravi), CertificateView::Made { offered: true, .. }));
    assert_eq!(hall.offered(mina), Some(OfferState::Agrees));
    hall.command(mina, DeviceCommand::Countersign {});
    let made = hall.exported(ravi).unwrap();
    assert_eq!((made.certificate.log_entries, made.countersigners.len()), (0, 1));
    assert_eq!(made.certificate.signer, hall.clients[ravi].device.me());
    let periods = &made.certificate.record.stretches()[0].periods;
    assert!(periods[0].epoch > 1, "of the time before it came it says nothing");
    assert!(periods.last().unwrap().terms.locked_at_ms.is_some());
    assert_eq!(made.certificate.check_log(&log), Ok(()));
}

#[test]
fn a_certificate_too_long_for_one_word_is_offered_in_several() {
    let mut hall = Hall::new(None);
    let ravi = hall.guest("Ravi");
    hall.admit(ravi);
    for number in 0..860 {
        hall.command(0, DeviceCommand::Suspend { suspended: number % 2 == 0 });
        if number % 20 == 0 {
            hall.pass(5000);
        }
    }
    hall.command(0, DeviceCommand::MakeCertificate {});
    hall.pass(1000);
    let length = hall.clients[0].device.certify().unwrap().to_bytes().len();
    assert!(length > crate::certificate::PART_BYTES_MAX, "{length}");
    assert_eq!(hall.offered(ravi), Some(OfferState::Agrees));
    hall.command(ravi, DeviceCommand::Countersign {});
    assert!(matches!(hall.certificate(0), CertificateView::Made { countersigned: 1, .. }));
}

#[test]
fn parts_of_a_certificate_that_do_not_follow_each_other_are_none() {
    let mut hall = Hall::new(None);
    let ravi = hall.guest("Ravi");
    hall.admit(ravi);
    hall.pass(5000);
    let host = hall.clients[0].device.me();
    let bytes = hall.clients[0].device.certify().unwrap().to_bytes();
    let (one, two) = bytes.split_at(100);
    let device = &mut hall.clients[ravi].device;
    let mut offered = |parts: &[(DeviceKey, u8, u8, &[u8])]| {
        device.proof = Proof::default();
        parts
            .iter()
            .for_each(|(from, number, of, part)| device.heard_certificate_part(*from, *number, *of, part));
        !matches!(device.certificate_view(), CertificateView::None)
    };
    assert!(offered(&[(host, 0, 2, one), (host, 1, 2, two)]));
    assert!(offered(&[(host, 0, 2, two), (host, 0, 2, one), (host, 1, 2, two)]), "begun anew");
    assert!(!offered(&[(host, 1, 2, two)]));
    assert!(!offered(&[(host, 0, 3, one), (host, 2, 3, two)]));
    assert!(!offered(&[(host, 0, 2, one), (host, 0, 2, one), (host, 2, 3, two)]));
    let guest = DeviceKey::from_bytes([7; 32]);
    assert!(!offered(&[(guest, 0, 2, one), (guest, 1, 2, two)]));
    assert!(!offered(&[(host, 0, 255, one)]));
}

#[test]
fn a_record_that_is_full_is_certified_up_to_there_and_says_so() {
    use sabha_protocol::wire::certificate::STRETCHES_MAX;
    let mut hall = Hall::new(None);
    let ravi = hall.guest("Ravi");
    hall.admit(ravi);
    hall.command(0, DeviceCommand::MakeHost { device: hall.clients[ravi].device.me() });
    for number in 0..2 * STRETCHES_MAX {
        hall.command(0, DeviceCommand::Suspend { suspended: number % 2 == 0 });
        if number % 20 == 0 {
            hall.pass(5000);
        }
    }
    // As if the device had been away before each of its last epochs.
    let (now_ms, device) = (hall.now, &mut hall.clients[0].device);
    let group = device.group().unwrap();
    let (last, terms) = (group.epoch().0, crate::certificate::Terms::of(&group.roster().policy));
    let stretch = |left: usize| {
        let epoch = last - 2 * left as u64;
        let periods = vec![crate::certificate::Period { epoch, time_ms: now_ms, terms: terms.clone() }];
        crate::certificate::Stretch { periods, until_epoch: epoch, until_ms: now_ms }
    };
    let stretches = (0..STRETCHES_MAX).rev().map(stretch).collect();
    device.proof = Proof::new(crate::certificate::Record::new(stretches).unwrap());
    device.watch_terms();
    assert_eq!(device.view().record_full_from_ms, None);
    hall.pass(5000);
    let kept = hall.clients[0].device.export();
    hall.disconnect(0);
    hall.pass(5000);
    hall.command(ravi, DeviceCommand::Suspend { suspended: true });
    hall.pass(5000);
    hall.clients[0].device = Device::restore(&kept, hall.now).unwrap();
    hall.enter(0);
    hall.join(0);
    hall.pass(5000);

    let full_from_ms = hall.view(0).record_full_from_ms.expect("full");
    assert!(full_from_ms >= now_ms && full_from_ms < hall.now - 5000);
    hall.command(0, DeviceCommand::MakeCertificate {});
    let made = hall.exported(0).unwrap().certificate;
    assert!(made.record.is_full());
    assert_eq!(made.until(), (last, full_from_ms));
    let again = Device::restore(&hall.clients[0].device.export(), hall.now).unwrap();
    assert_eq!(again.view().record_full_from_ms, Some(full_from_ms));
}

#[test]
fn who_is_no_host_certifies_nothing_and_no_guests_word_is_taken() {
    let mut hall = Hall::new(None);
    let ravi = hall.guest("Ravi");
    hall.admit(ravi);
    hall.pass(5000);
    hall.command(ravi, DeviceCommand::MakeCertificate {});
    assert_eq!(hall.certificate(ravi), CertificateView::None);
    hall.command(0, DeviceCommand::MakeCertificate {});
    let device = &mut hall.clients[0].device;
    let bytes = device.certify().unwrap().to_bytes();
    let from = hall.clients[ravi].device.me();
    let mina = hall.guest("Mina");
    hall.admit(mina);
    hall.clients[mina].device.heard_certificate(from, &bytes);
    hall.settle();
    assert_eq!(hall.certificate(mina), CertificateView::None, "the host offered it before she came");
}

#[test]
fn what_was_seen_outlives_a_reload_and_an_absence_shows() {
    let mut hall = Hall::new(None);
    let ravi = hall.guest("Ravi");
    hall.admit(ravi);
    hall.command(0, DeviceCommand::MakeHost { device: hall.clients[ravi].device.me() });
    hall.pass(5000);
    let kept = hall.clients[0].kept.clone().unwrap();
    hall.disconnect(0);
    hall.pass(5000);
    // Meanwhile the other host changes something.
    hall.command(ravi, DeviceCommand::Suspend { suspended: true });
    hall.pass(5000);
    let before = hall.clients[0].device.proof.record().stretches()[0].clone();
    hall.clients[0].device = Device::restore(&kept, hall.now).unwrap();
    assert_eq!(hall.clients[0].device.proof.record().stretches()[0].periods, before.periods);
    hall.enter(0);
    hall.join(0);
    hall.pass(5000);
    hall.command(0, DeviceCommand::MakeCertificate {});
    let made = hall.exported(0).unwrap().certificate;
    assert_eq!(made.record.stretches().len(), 2);
    assert!(made.record.stretches()[1].periods[0].terms.suspended);
    let log = hall.log_summary();
    assert_eq!(made.check_log(&log), Ok(()));
    assert_eq!(hall.offered(ravi), Some(OfferState::Agrees));
}

#[test]
fn at_the_end_the_certificate_is_given_out_with_the_log() {
    let mut hall = Hall::new(None);
    let ravi = hall.guest("Ravi");
    hall.admit(ravi);
    hall.pass(5000);
    hall.tell(0, ServerMessage::Closed { reason: CloseReason::Ended, by: None });
    hall.settle();
    let log = crate::log::verify_export(hall.clients[0].logs.last().unwrap()).unwrap();
    let file = serde_json::from_str(hall.clients[0].certificates.last().unwrap()).unwrap();
    let certificate = verify(&file).unwrap().certificate;
    assert_eq!(certificate.check_log(&log), Ok(()));
    assert_eq!(certificate.log_entries, log.entries.len() as u64);
}

#[test]
fn a_meeting_that_is_planned_is_good_until_a_month_after_it_begins() {
    const DAY: u64 = 24 * 3600 * 1000;
    let options = CreateOptions {
        suite: MeetingSuite::Classical,
        title: None,
        name: "Host".parse().unwrap(),
        passcode: None,
        admits: false,
        by_mail: false,
        floor: crate::policy::Controls::default(),
        controls: crate::policy::Controls::default(),
    };
    let begins = START + 300 * DAY;
    let device = Device::plan(options.clone(), begins, START).unwrap();
    let made = device.creation().unwrap().clone();
    let open = |at| Delivery::open(made.meeting, &made.group_info, &made.tree, at);

    assert_eq!(open(START).unwrap().conduct().opened_ms, begins);
    assert!(open(begins + 30 * DAY).is_ok());
    assert!(open(begins + 32 * DAY).is_err());
    // One in the past begins now.
    let now = Device::plan(options, 0, START).unwrap().creation().unwrap().clone();
    let opened = Delivery::open(now.meeting, &now.group_info, &now.tree, START).unwrap();
    assert_eq!(opened.conduct().opened_ms, START);
}

#[test]
fn no_rule_lets_in_whom_a_host_has_sent_back() {
    let mut hall = Hall::new(Some(("7XK2-M9QP", true)));
    let asha = hall.guest("Asha");
    let prove = DeviceCommand::Passcode { passcode: "7XK2-M9QP".parse().unwrap() };
    hall.command(asha, prove.clone());
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
    let device = hall.device(asha);
    hall.command(0, DeviceCommand::SendBack { device });
    hall.disconnect(asha);
    hall.enter(asha);
    hall.command(asha, prove);
    let guest = hall.id(asha);
    hall.command(0, DeviceCommand::Admit { guest, by_rule: true });
    assert_eq!(hall.clients[0].refusals, [Rule::SentBack]);
    assert_ne!(hall.view(asha).stage, DeviceStage::Member);
    hall.admit(asha);
    assert_eq!(hall.view(asha).stage, DeviceStage::Member);
}
