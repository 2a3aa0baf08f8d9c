//! A meeting's server, honest as long as it is left alone, with every device of the meeting around it.

use std::collections::BTreeMap;

use sabha_admission::SignedGrant;
use sabha_crypto::{
    device::{CreateOptions, Device, MeetingSuite},
    invitation::Invitation,
    link::LinkSecret,
    mail::MailKey,
};
use sabha_delivery::{Delivery, Removal};
use sabha_protocol::{
    DeviceKey, GroupEpoch, MediaGeneration, MediaState, ParticipantId, RequestId, RoomEpoch, RoomSeq, Rule,
    Sdp,
    device::{DeviceCommand, DeviceOutput, DeviceView, MediaKeyChange},
    key::Challenge,
    opaque::HandshakeMessage,
    secret::ResumeToken,
    wire::{
        ClientMessage, ServerMessage,
        client::Credential,
        http::CreateMeeting,
        server::{Guest, MediaAnswer, Participant, Presence, Role},
    },
};

use super::{Frames, Insider, Loot};

/// When meetings begin, in unix milliseconds.
pub const START_MS: u64 = 1_900_000_000_000;
/// Rounds after which devices that still have something to say are taken for broken.
const ROUNDS_MAX: usize = 20_000;
/// Media outputs that are remembered of a device, for tests to look at.
const MEDIA_KEPT: usize = 4096;

/// Something on its way to a device.
#[derive(Clone, Debug)]
pub struct Letter {
    /// To whom, as index in [`Hall::people`].
    pub to: usize,
    /// What.
    pub said: Said,
}

/// What a server can say.
#[derive(Clone, Debug)]
pub enum Said {
    /// The answer to a request.
    Answer {
        /// Which.
        send: RequestId,
        /// Why not, or `None` if it was carried out.
        refused: Option<Rule>,
    },
    /// Any other message.
    Message(Box<ServerMessage>),
}

/// What becomes of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives now.
    Deliver,
    /// It never arrives.
    Drop,
    /// It is kept in [`Hall::held`].
    Hold,
    /// It arrives, and again right after.
    Twice,
}

/// Decides about every letter, and may change it.
pub type Post = Box<dyn FnMut(&mut Letter) -> Fate>;

/// Something that the server has seen.
pub struct Seen {
    /// Who said it.
    pub from: usize,
    /// What.
    pub message: ClientMessage,
}

/// One device with its connection and its media.
pub struct Person {
    /// The device.
    pub device: Device,
    /// Its number at the server.
    pub id: ParticipantId,
    /// What it showed last.
    pub view: Option<DeviceView>,
    /// The keys that it gave out.
    pub media: Vec<MediaKeyChange>,
    /// The transforms under these keys.
    pub frames: Frames,
    /// Chat that it showed.
    pub chat: Vec<String>,
    /// Rules by which it refused what its person wanted.
    pub refusals: Vec<Rule>,
    /// Whether it has a connection.
    pub connected: bool,
    /// Whether it has a place in the server's room.
    pub placed: bool,
    joined: bool,
    /// Which of the server's groups it is shown.
    pub world: usize,
}

/// See the module's doc.
pub struct Hall {
    /// Unix time, in milliseconds.
    pub now_ms: u64,
    /// The honest devices.
    pub people: Vec<Person>,
    /// The groups that the server shows; an honest server has one.
    pub worlds: Vec<Delivery>,
    /// What the creator has given to the server.
    pub creation: CreateMeeting,
    /// Everything that devices said to the server.
    pub seen: Vec<Seen>,
    /// Everything that was on its way to a device, whether it arrived or not.
    pub sent: Vec<Letter>,
    /// What the server keeps back.
    pub held: Vec<Letter>,
    /// Whom honest hosts let in, and the creator.
    pub admitted: Vec<DeviceKey>,
    /// What the hosts have signed for them.
    pub grants: Vec<SignedGrant>,
    lobby: BTreeMap<ParticipantId, Guest>,
    post: Option<Post>,
    suite: MeetingSuite,
}

impl Hall {
    /// Returns a meeting of the classical suite with its creator in it.
    ///
    /// # Panics
    /// If an honest creator and an honest server do not agree.
    pub fn new() -> Self {
        Self::with(None, MeetingSuite::Classical)
    }

    /// Returns a meeting with a passcode, whose proof lets in if `admits`.
    ///
    /// # Panics
    /// As [`new`](Self::new), and if it is no passcode.
    pub fn with(passcode: Option<(&str, bool)>, suite: MeetingSuite) -> Self {
        let options = CreateOptions {
            suite,
            title: Some("Weekly".parse().expect("a title")),
            name: "Host".parse().expect("a name"),
            passcode: passcode.map(|(text, _)| text.parse().expect("a passcode")),
            admits: passcode.is_some_and(|(_, admits)| admits),
            by_mail: passcode.is_some(),
            floor: sabha_crypto::policy::Controls::default(),
            controls: sabha_crypto::policy::Controls::default(),
        };
        let device = Device::create(options, START_MS).expect("a meeting can be made");
        let creation = device.creation().expect("its creator says what it is").clone();
        let delivery = Delivery::open(creation.meeting, &creation.group_info, &creation.tree, START_MS);
        let mut hall = Self {
            now_ms: START_MS,
            people: Vec::new(),
            worlds: vec![delivery.expect("a new meeting is sound")],
            creation,
            seen: Vec::new(),
            sent: Vec::new(),
            held: Vec::new(),
            admitted: vec![device.me()],
            grants: Vec::new(),
            lobby: BTreeMap::new(),
            post: None,
            suite,
        };
        hall.add(device);
        hall.enter(0);
        hall
    }

    /// Returns the suite.
    pub const fn suite(&self) -> MeetingSuite {
        self.suite
    }

    /// Brings a device to the server's door, without a connection.
    pub fn add(&mut self, device: Device) -> usize {
        let id = ParticipantId(u32::try_from(self.people.len() + 1).expect("a handful of people"));
        self.people.push(Person {
            device,
            id,
            view: None,
            media: Vec::new(),
            frames: Frames::default(),
            chat: Vec::new(),
            refusals: Vec::new(),
            connected: false,
            placed: false,
            joined: false,
            world: 0,
        });
        self.people.len() - 1
    }

    /// Returns the secret in the meeting's link.
    ///
    /// # Panics
    /// If the creator shows no link.
    pub fn link(&self) -> LinkSecret {
        LinkSecret::from_fragment(&self.view(0).invite).expect("the invite is a link's fragment")
    }

    /// Somebody with the link knocks.
    ///
    /// # Panics
    /// If `name` is none.
    pub fn guest(&mut self, name: &str) -> usize {
        let name = name.parse().expect("a name");
        let device = Device::guest(self.creation.meeting, self.link(), name, self.now_ms);
        let guest = self.add(device);
        self.enter(guest);
        guest
    }

    /// Somebody knocks by a mail, without the link's secret.
    ///
    /// # Panics
    /// If `name` is none.
    pub fn by_mail(&mut self, name: &str) -> usize {
        let name = name.parse().expect("a name");
        let device = Device::by_mail(self.creation.meeting, MailKey::from_bytes([5; 32]), name, self.now_ms);
        let guest = self.add(device);
        self.enter(guest);
        guest
    }

    /// Somebody comes with a personal link, `fragment` being the part of it after the meeting.
    ///
    /// # Panics
    /// If `name` is none, or the link is another meeting's.
    pub fn invited(&mut self, fragment: &str, name: &str) -> usize {
        let meeting = self.creation.meeting;
        let (secret, invitation) =
            Invitation::split(&meeting, fragment).expect("the link is of this meeting");
        let device = Device::guest(meeting, secret, name.parse().expect("a name"), self.now_ms);
        let guest = self.add(device.with_invitation(invitation.expect("the link is a personal one")));
        self.enter(guest);
        guest
    }

    /// Somebody with the link knocks, and the creator lets it in.
    pub fn member(&mut self, name: &str) -> usize {
        let guest = self.guest(name);
        self.admit(guest);
        guest
    }

    /// The creator lets a guest in.
    pub fn admit(&mut self, guest: usize) {
        self.admit_by(0, guest);
    }

    /// A host lets a guest in.
    pub fn admit_by(&mut self, host: usize, guest: usize) {
        let guest = self.people[guest].id;
        self.command(host, DeviceCommand::Admit { guest, by_rule: false });
    }

    /// The creator removes somebody.
    pub fn remove(&mut self, at: usize) {
        let device = self.key(at);
        self.command(0, DeviceCommand::Remove { device });
    }

    /// Tells a device what its person wants.
    pub fn command(&mut self, at: usize, command: DeviceCommand) {
        let now_ms = self.now_ms;
        self.people[at].device.command(command, now_ms);
        self.settle();
    }

    /// Lets somebody else decide about the post from now on.
    pub fn set_post(&mut self, post: impl FnMut(&mut Letter) -> Fate + 'static) {
        self.post = Some(Box::new(post));
    }

    /// Lets all post arrive again from now on. What is held stays held.
    pub fn honest_post(&mut self) {
        self.post = None;
    }

    /// Says something to a device, past the post.
    pub fn tell(&mut self, to: usize, message: ServerMessage) {
        self.deliver(Letter { to, said: Said::Message(Box::new(message)) });
        self.settle();
    }

    /// Says the same to everybody who is connected.
    pub fn tell_all(&mut self, message: &ServerMessage) {
        for to in 0..self.people.len() {
            if self.people[to].connected {
                self.tell(to, message.clone());
            }
        }
    }

    /// Passes a handshake of no honest device to everybody, as of the epoch that each is in.
    pub fn push(&mut self, message: &HandshakeMessage) {
        for to in 0..self.people.len() {
            let Some(epoch) = self.people[to].device.group().map(sabha_crypto::group::Group::epoch) else {
                continue;
            };
            let from = ParticipantId(0);
            self.tell(to, ServerMessage::Handshake { from, epoch, message: message.clone() });
        }
    }

    /// Lets what is held arrive, in its order.
    pub fn release(&mut self) {
        for letter in std::mem::take(&mut self.held) {
            self.deliver(letter);
            self.settle();
        }
    }

    /// Makes another group to be shown, from what the first one is now. Returns its number.
    ///
    /// # Panics
    /// If the group is not sound.
    pub fn split(&mut self) -> usize {
        let (_, group_info, tree) = self.worlds[0].state();
        let copy = Delivery::open(self.creation.meeting, &group_info, &tree, self.now_ms);
        self.worlds.push(copy.expect("a sound group can be copied"));
        self.worlds.len() - 1
    }

    /// Carries out what devices want until nobody wants anything.
    ///
    /// # Panics
    /// If that never happens.
    pub fn settle(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let mut quiet = true;
            for at in 0..self.people.len() {
                while let Some(output) = self.people[at].device.poll_output() {
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
        let person = &mut self.people[at];
        match output {
            DeviceOutput::Chat { text, .. } => person.chat.push(text.as_str().to_owned()),
            DeviceOutput::Media { change } => {
                person.frames.apply(&change);
                if person.media.len() < MEDIA_KEPT {
                    person.media.push(change);
                }
            }
            DeviceOutput::AskedToSpeak { .. }
            | DeviceOutput::Certificate { .. }
            | DeviceOutput::Log { .. }
            | DeviceOutput::Material { .. }
            | DeviceOutput::Remember {} => {}
            DeviceOutput::Refused { rule } => person.refusals.push(rule),
            DeviceOutput::Send { send, message } => {
                if person.connected {
                    self.seen.push(Seen { from: at, message: (*message).clone() });
                    let refused = self.serve(at, *message);
                    self.hand(Letter { to: at, said: Said::Answer { send, refused } });
                    self.join_if_due(at);
                }
            }
            DeviceOutput::View { view } => person.view = Some(*view),
        }
    }

    /// Gives a letter to the post.
    fn hand(&mut self, mut letter: Letter) {
        if !self.people[letter.to].connected {
            return;
        }
        let fate = self.post.as_mut().map_or(Fate::Deliver, |post| post(&mut letter));
        match fate {
            Fate::Deliver => self.deliver(letter),
            Fate::Drop => self.sent.push(letter),
            Fate::Hold => self.held.push(letter),
            Fate::Twice => {
                self.deliver(letter.clone());
                self.deliver(letter);
            }
        }
    }

    /// Gives a letter to its device.
    pub fn deliver(&mut self, letter: Letter) {
        let now_ms = self.now_ms;
        let device = &mut self.people[letter.to].device;
        match &letter.said {
            Said::Answer { send, refused } => {
                device.command(DeviceCommand::Answered { send: *send, refused: *refused }, now_ms);
            }
            Said::Message(message) => {
                device.command(DeviceCommand::Receive { message: message.clone() }, now_ms);
            }
        }
        self.sent.push(letter);
    }

    fn say(&mut self, to: usize, message: ServerMessage) {
        self.hand(Letter { to, said: Said::Message(Box::new(message)) });
    }

    fn serve(&mut self, at: usize, message: ClientMessage) -> Option<Rule> {
        let (device, id, world, now_ms) =
            (self.key(at), self.people[at].id, self.people[at].world, self.now_ms);
        match message {
            ClientMessage::Adopt { group_info, tree, heartbeat } => {
                let adopted = self.worlds[world].adopt(group_info, &tree, &heartbeat, now_ms);
                adopted.err().map(|reject| reject.rule())
            }
            ClientMessage::Commit { epoch, commit, welcome, group_info } => {
                match self.worlds[world].commit(&device, epoch, commit.clone(), group_info, now_ms) {
                    Ok(change) => {
                        self.pass_on(at, ServerMessage::Handshake { from: id, epoch, message: commit });
                        for index in (0..self.people.len()).filter(|index| *index != at) {
                            let me = self.key(index);
                            if change.added.contains(&me) {
                                self.let_in(index, world, welcome.as_ref());
                            }
                            let gone = |how: &Removal| *how != Removal::Replaced;
                            if change.removed.iter().any(|(left, how)| *left == me && gone(how)) {
                                self.people[index].placed = false;
                            }
                        }
                        None
                    }
                    Err(reject) => Some(reject.rule()),
                }
            }
            ClientMessage::Door { to, payload } => {
                self.note_admission(at, payload.as_bytes());
                for index in 0..self.people.len() {
                    let hears = match to {
                        Some(guest) => self.people[index].id == guest,
                        None => index != at && self.people[index].placed,
                    };
                    if hears {
                        self.say(index, ServerMessage::Door { from: id, payload: payload.clone() });
                    }
                }
                None
            }
            ClientMessage::Enter { credential, .. } => self.enters(at, credential),
            ClientMessage::GroupState {} => {
                let (epoch, group_info, tree) = self.worlds[world].state();
                self.say(at, ServerMessage::GroupState { epoch, group_info, tree });
                None
            }
            ClientMessage::Missed { epoch } => match self.worlds[world].missed(epoch) {
                Some(missed) => {
                    for handshake in missed {
                        let (from, epoch) = (ParticipantId(0), handshake.epoch);
                        self.say(at, ServerMessage::Handshake { from, epoch, message: handshake.message });
                    }
                    None
                }
                None => Some(Rule::HandshakesKept),
            },
            ClientMessage::Propose { epoch, proposal } => {
                match self.worlds[world].propose(&device, epoch, proposal.clone()) {
                    Ok(()) => {
                        self.pass_on(at, ServerMessage::Handshake { from: id, epoch, message: proposal });
                        None
                    }
                    Err(reject) => Some(reject.rule()),
                }
            }
            ClientMessage::Relay { payload, .. } => {
                self.pass_on(at, ServerMessage::Relayed { from: id, payload });
                None
            }
            _ => None,
        }
    }

    /// Notes whom an honest host lets in: what it says to a guest when it has signed (kind 7).
    fn note_admission(&mut self, at: usize, payload: &[u8]) {
        let host = self.key(at);
        // The kind, the host's key, and the length of the grant stand before it.
        if let Some(grant) = payload.strip_prefix(&[7]).and_then(|rest| rest.get(34..))
            && let Ok(grant) = SignedGrant::from_bytes(grant)
            && grant.issuer == host
        {
            self.admitted.push(grant.subject);
            self.grants.push(grant);
        }
    }

    fn pass_on(&mut self, from: usize, message: ServerMessage) {
        let world = self.people[from].world;
        for index in (0..self.people.len()).filter(|index| *index != from) {
            if self.people[index].placed && self.people[index].world == world {
                self.say(index, message.clone());
            }
        }
    }

    fn let_in(&mut self, at: usize, world: usize, welcome: Option<&sabha_protocol::opaque::WelcomeMessage>) {
        let Some(welcome) = welcome.cloned() else { return };
        let tree = self.worlds[world].tree();
        self.lobby.remove(&self.people[at].id);
        (self.people[at].placed, self.people[at].world) = (true, world);
        let admitted = self.admitted_message(at);
        self.say(at, admitted);
        self.say(at, ServerMessage::Welcomed { welcome, tree });
        self.join_if_due(at);
    }

    fn enters(&mut self, at: usize, credential: Credential) -> Option<Rule> {
        let (device, id, world) = (self.key(at), self.people[at].id, self.people[at].world);
        match credential {
            Credential::Link { .. } | Credential::Mail { .. } => {
                let knock = match credential {
                    Credential::Link { knock, .. } => Some(knock),
                    _ => None,
                };
                let guest = Guest { id, device, knock, waiting_ms: 0, of_organisation: false };
                self.lobby.insert(id, guest.clone());
                let title = self.creation.title.clone();
                self.say(at, ServerMessage::Waiting { you: id, host_present: true, title });
                for index in 0..self.people.len() {
                    if self.people[index].placed && self.is_host(index) {
                        self.say(index, ServerMessage::Knocked { guest: guest.clone() });
                    }
                }
                None
            }
            Credential::Device { grant } => {
                let delivery = &self.worlds[world];
                let granted = grant.map(|grant| delivery.check_grant(&device, &grant, self.now_ms));
                if !delivery.is_member(&device)
                    && let Some(Err(reject)) = granted
                {
                    return Some(reject.rule());
                }
                self.give_place(at);
                None
            }
            Credential::Resume { .. } => {
                self.give_place(at);
                None
            }
        }
    }

    fn give_place(&mut self, at: usize) {
        self.people[at].placed = true;
        let admitted = self.admitted_message(at);
        self.say(at, admitted);
        self.join_if_due(at);
    }

    fn admitted_message(&self, at: usize) -> ServerMessage {
        let delivery = &self.worlds[self.people[at].world];
        ServerMessage::Admitted {
            you: self.people[at].id,
            role: Role::Participant,
            epoch: delivery.epoch(),
            in_group: delivery.is_member(&self.key(at)),
            resume: token(),
            title: self.creation.title.clone(),
            room_epoch: RoomEpoch(1),
            media_allowed: MediaState::default(),
        }
    }

    fn is_host(&self, at: usize) -> bool {
        let me = self.key(at);
        self.worlds[self.people[at].world].members().iter().any(|member| member.device == me && member.host)
    }

    fn join_if_due(&mut self, at: usize) {
        let person = &self.people[at];
        if !person.placed || person.joined || !self.worlds[person.world].is_member(&self.key(at)) {
            return;
        }
        self.people[at].joined = true;
        let joined = self.joined_message(at);
        self.say(at, joined);
        let participant = participant(&self.people[at]);
        self.pass_on(at, ServerMessage::ParticipantJoined { participant });
    }

    /// Returns the room as an honest server describes it.
    pub fn joined_message(&self, at: usize) -> ServerMessage {
        let sdp = Sdp::try_from("v=0".to_owned()).expect("short enough");
        ServerMessage::Joined {
            answer: MediaAnswer { sdp, generation: MediaGeneration(1) },
            media: MediaState::default(),
            participants: self.people.iter().filter(|person| person.placed).map(participant).collect(),
            lobby: if self.is_host(at) { self.lobby.values().cloned().collect() } else { Vec::new() },
            seq: RoomSeq(1),
        }
    }

    /// A connection is made, with nothing to resume.
    pub fn enter(&mut self, at: usize) {
        self.people[at].connected = true;
        let challenge = Challenge::from_bytes([7; 32]);
        self.command(at, DeviceCommand::Enter { challenge, resume: None });
    }

    /// A connection is made again, within the minute that a place is kept.
    pub fn resume(&mut self, at: usize) {
        self.people[at].connected = true;
        let challenge = Challenge::from_bytes([7; 32]);
        self.command(at, DeviceCommand::Enter { challenge, resume: Some(token()) });
    }

    /// A connection is lost.
    pub fn disconnect(&mut self, at: usize) {
        let person = &mut self.people[at];
        (person.connected, person.placed, person.joined) = (false, false, false);
        self.lobby.remove(&self.people[at].id);
        self.command(at, DeviceCommand::Disconnected {});
    }

    /// A page is loaded anew.
    ///
    /// # Panics
    /// If what was kept cannot be read.
    pub fn reload(&mut self, at: usize) {
        let kept = self.people[at].device.export();
        self.disconnect(at);
        let person = &mut self.people[at];
        person.device = Device::restore(&kept, self.now_ms).expect("what was kept can be read");
        person.frames = Frames::default();
        self.enter(at);
    }

    /// Takes a device over: returns what is on it. Its person knows nothing of it.
    pub fn loot(&self, at: usize) -> Loot {
        Loot::take(&self.people[at].device.export())
    }

    /// Takes a member over for good: what comes back in its place, with its keys and its grant, is an insider.
    ///
    /// # Panics
    /// If the group does not take back a member.
    pub fn take_over(&mut self, at: usize) -> Insider {
        let mut insider = Insider::with_loot(&self.loot(at));
        self.disconnect(at);
        let (_, info, tree) = self.worlds[0].state();
        let forged = insider.come_in(&info, &tree, true).expect("a member can come back");
        let device = insider.device();
        let commit = forged.commit.clone();
        self.worlds[0]
            .commit(&device, forged.epoch, commit.clone(), forged.group_info, self.now_ms)
            .expect("the server takes back a member");
        let from = self.people[at].id;
        for to in 0..self.people.len() {
            if self.people[to].placed {
                self.say(to, ServerMessage::Handshake { from, epoch: forged.epoch, message: commit.clone() });
            }
        }
        self.settle();
        insider
    }

    /// Lets time pass, timers firing as they come.
    ///
    /// # Panics
    /// If timers fire without end.
    pub fn pass(&mut self, ms: u64) {
        let until = self.now_ms + ms;
        for _ in 0..ROUNDS_MAX {
            let next = self.people.iter().filter_map(|person| person.device.poll_timeout()).min();
            let due = next.filter(|at| *at <= until);
            self.now_ms = due.unwrap_or(until).max(self.now_ms);
            for person in &mut self.people {
                person.device.handle_timeout(self.now_ms);
            }
            self.settle();
            if due.is_none() {
                return;
            }
        }
        panic!("timers fire without end");
    }

    /// Returns what a device shows.
    ///
    /// # Panics
    /// If it never showed anything.
    pub fn view(&self, at: usize) -> &DeviceView {
        self.people[at].view.as_ref().expect("a device shows itself at once")
    }

    /// Returns a device's key.
    pub fn key(&self, at: usize) -> DeviceKey {
        self.people[at].device.me()
    }

    /// Returns the epoch in which a device sends.
    pub fn sends_in(&self, at: usize) -> Option<GroupEpoch> {
        self.people[at].frames.sending().map(GroupEpoch)
    }

    /// Returns the epoch that a device is in.
    pub fn epoch(&self, at: usize) -> Option<GroupEpoch> {
        self.people[at].device.group().map(sabha_crypto::group::Group::epoch)
    }
}

impl Default for Hall {
    fn default() -> Self {
        Self::new()
    }
}

fn participant(person: &Person) -> Participant {
    Participant {
        id: person.id,
        device: person.device.me(),
        role: Role::Participant,
        media: MediaState::default(),
        presence: Presence::Connected,
        of_organisation: false,
    }
}

fn token() -> ResumeToken {
    ResumeToken::try_from("t".to_owned()).expect("short enough")
}
