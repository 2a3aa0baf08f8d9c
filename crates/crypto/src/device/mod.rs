//! One device in one meeting, from the knock to the end: everything between an interface and a server that makes,
//! holds or checks a key.
//!
//! Sans-IO: [`Device::command`] takes what the interface wants and what the server said, [`Device::poll_output`] gives what is to
//! be sent, shown and installed, [`Device::poll_timeout`] says when to call [`Device::handle_timeout`]. Time is unix milliseconds.
//!
//! ```text
//!                  door.rs ── passcode, grant ──┐
//!   knock ─► lobby ────────────────────────────►│ applying ── Welcome ──┐
//!                                               └─ returning ─ external ┴─► member ─► removed
//!                                                               commit       │ host.rs   commits: add, remove, policy
//!                                                                            │ pulse.rs  heartbeats: is this the present?
//!                                                                            │ media.rs  which epoch's keys frames use
//!                                                                            │ words.rs  names, chat, hands
//!                                                                            │ proof.rs  what held, certified
//!                                                                            │ restricted.rs  what is shown in the room only
//!                                                                            │ invites.rs  who comes by an invite of their own
//!                                                            │ mail.rs   who comes by mail, without the secret
//! ```
//!
//! It fails closed: what cannot be verified is not shown, and while anything is uncertain nothing is sent.

mod absent;
mod before;
mod chronicle;
mod conduct;
mod door;
mod early;
mod host;
mod invites;
mod mail;
mod making;
mod media;
mod names;
mod proof;
mod pulse;
mod request;
mod restricted;
mod say;
mod secrets;
mod sync;
mod view;
mod words;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sabha_protocol::{
    DeviceKey, DisplayName, MeetingTitle, ParticipantId, RequestId, Rule,
    device::{Alarm, DeviceCommand, DeviceOutput, MediaKeyChange},
    opaque::SealedTitle,
    text::ChatText,
    wire::{
        ClientMessage, ServerMessage,
        http::CreateMeeting,
        server::{CloseReason, Participant, Presence},
    },
};
use zeroize::Zeroizing;

pub use making::{CreateOptions, InvalidExport, MeetingSuite};

/// Longest [`Device::export`], in bytes.
pub const EXPORT_BYTES_MAX: usize = secrets::BYTES_MAX + proof::BYTES_MAX + chronicle::BYTES_MAX;

use self::{
    absent::Absent,
    before::BeforeGroup,
    chronicle::Chronicle,
    door::{GuestDoor, Sayings},
    early::Early,
    host::{HostDoor, Retry, Work},
    media::MediaKeys,
    names::Names,
    proof::Proof,
    pulse::Pulse,
    request::Requests,
    restricted::Materials,
    say::{Status, Word},
    secrets::Secrets,
};
use crate::{
    group::{Applicant, Candidate, DeviceSigner, EpochChange, Exit, Group, Ingested, Provider, Reject},
    link::LinkKeys,
    seal::{self, Place as SealPlace},
};

/// Alarms kept: what happens more often than that is the same thing again.
const ALARMS_MAX: usize = 16;
/// Messages sent and not answered that are remembered; the server answers each within a second.
const SENT_MAX: usize = 1024;
/// Words that wait for a commit to be done.
const WORDS_MAX: usize = 256;

/// See the module's doc.
///
/// The caller's part: give in everything in the order in which it happened; after each call, take outputs until there is
/// none; answer every [`DeviceOutput::Send`] once by [`DeviceCommand::Answered`], or with [`DeviceCommand::Disconnected`] all at
/// once; call [`handle_timeout`](Self::handle_timeout) when [`poll_timeout`](Self::poll_timeout) says.
pub struct Device {
    secrets: Secrets,
    signer: DeviceSigner,
    /// What comes from the link's secret; absent until who came by mail is told it.
    keys: Option<LinkKeys>,
    dice: Provider,
    creation: Option<CreateMeeting>,
    place: Place,
    /// Whether the group is the one that the server has, on this connection.
    synced: bool,
    /// Whether media were joined on this connection, so that words reach the others.
    joined: bool,
    title: Option<MeetingTitle>,
    /// The title as the server gave it, before the key that opens it was told.
    sealed_title: Option<SealedTitle>,
    own: Status,
    people: BTreeMap<DeviceKey, Status>,
    /// What those were called who are banned.
    outcasts: BTreeMap<DeviceKey, DisplayName>,
    /// Devices that the server says are connected: who should act first, and nothing else.
    present: BTreeMap<ParticipantId, DeviceKey>,
    absent: Absent,
    guest_door: GuestDoor,
    sayings: Sayings,
    host_door: HostDoor,
    work: Work,
    in_flight: Option<Work>,
    words: VecDeque<Word>,
    /// What others said in an epoch that is not here yet.
    early: Early,
    /// What was said to this device before it was in the group.
    before: BeforeGroup,
    /// Chat of members whose names have not come yet, oldest first.
    unnamed: VecDeque<(DeviceKey, ChatText)>,
    names: Names,
    requests: Requests,
    /// What members show in the room only.
    materials: Materials,
    pulse: Pulse,
    media: MediaKeys,
    /// The meeting's log, on the device that made the meeting.
    chronicle: Option<Chronicle>,
    /// What was seen of the meeting's terms, and a certificate of it.
    proof: Proof,
    /// The own invite lets this device in no more: it knocks.
    invite_refused: bool,
    alarms: Vec<Alarm>,
    /// Something was wrong since the last heartbeat that certified the present.
    suspended: bool,
    sent: BTreeMap<RequestId, Sent>,
    next_send: RequestId,
    out: VecDeque<DeviceOutput>,
    changed: bool,
    /// Who came in anew by the commit that is being dealt with.
    returned: BTreeSet<DeviceKey>,
    now_ms: u64,
    last_seq: u64,
    /// When wishes to leave that wait are to be committed by this device.
    commit_at_ms: Option<u64>,
    /// When a commit is tried again, after some that were refused in one epoch.
    retry: Retry,
    refreshed_ms: u64,
    /// When a Welcome that should follow the place is given up.
    welcome_due_ms: Option<u64>,
}

/// How far the device has come.
enum Place {
    Outside,
    /// A grant is there, the Welcome is not.
    Applying(Box<Applicant>),
    /// The external commit was sent.
    Candidate(Box<Candidate>),
    Lobby,
    Member(Box<Group>),
    Removed,
    /// Has a grant and no group: asks for its state.
    Returning,
}

/// What an answer will be about.
enum Sent {
    Adopt,
    Commit,
    Door,
    Enter,
    External,
    GroupState,
    Missed,
    Other,
}

impl Device {
    /// Takes what the interface wants, or what the server said. `now_ms` is unix time and never goes back.
    pub fn command(&mut self, command: DeviceCommand, now_ms: u64) {
        self.advance(now_ms);
        match command {
            DeviceCommand::Admit { guest, by_rule } => self.admit(guest, by_rule),
            DeviceCommand::AskToSpeak { device } => self.ask_to_speak(device),
            DeviceCommand::Answered { send, refused } => self.answered(send, refused),
            DeviceCommand::Chat { text } => self.chat(text),
            DeviceCommand::Countersign {} => self.countersign(),
            DeviceCommand::Disconnected {} => self.disconnected(),
            DeviceCommand::Enter { challenge, resume } => self.enter(&challenge, resume),
            DeviceCommand::ExportCertificate {} => self.give_out_certificate(),
            DeviceCommand::ExportLog {} => self.give_out_log(),
            DeviceCommand::Hand { raised } => self.change_status(|own| own.hand = raised),
            DeviceCommand::Invite { name, until_ms, devices } => self.invite(name, until_ms, devices),
            DeviceCommand::Leave {} => {
                // While a wish to leave is under way nobody says anything.
                self.take_material_away();
                self.flush_words();
                self.propose_leaving();
            }
            DeviceCommand::LiftBan { device } => self.lift_ban(device),
            DeviceCommand::Lock { locked } => self.lock(locked),
            DeviceCommand::MakeCertificate {} => self.make_certificate(),
            DeviceCommand::MakeHost { device } => self.make_host(device),
            DeviceCommand::Media { media } => self.change_status(|own| own.media = media),
            DeviceCommand::Passcode { passcode } => self.prove(&passcode),
            DeviceCommand::Receive { message } => self.receive(*message),
            DeviceCommand::Remove { device } => self.remove(device),
            DeviceCommand::SendBack { device } => self.send_back(device),
            DeviceCommand::SetControls { controls } => self.set_controls(&controls),
            DeviceCommand::SetRight { device, right, allowed } => self.set_right(device, right, allowed),
            DeviceCommand::SetRole { device, role } => self.set_role(device, role),
            DeviceCommand::Spotlight { device } => self.spotlight(device),
            DeviceCommand::ShowMaterial { kind, content } => self.show_material(kind, &content),
            DeviceCommand::ShutMail {} => self.shut_mail(),
            DeviceCommand::SetPasscode { passcode, admits } => self.set_passcode(passcode, admits),
            DeviceCommand::Suspend { suspended } => self.suspend(suspended),
            DeviceCommand::TakeMaterialAway {} => self.take_material_away(),
            DeviceCommand::WithdrawInvite { invite } => self.withdraw_invite(invite),
        }
        self.settle();
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now_ms: u64) {
        self.advance(now_ms);
        self.settle();
    }

    /// Returns the next thing to be done, or `None` when all was said.
    pub fn poll_output(&mut self) -> Option<DeviceOutput> {
        if let Some(output) = self.out.pop_front() {
            return Some(output);
        }
        if std::mem::take(&mut self.changed) {
            return Some(DeviceOutput::View { view: Box::new(self.view()) });
        }
        None
    }

    /// Returns when [`handle_timeout`](Self::handle_timeout) is due, in unix milliseconds, or `None` if nothing is.
    pub fn poll_timeout(&self) -> Option<u64> {
        if !matches!(self.place, Place::Member(_)) {
            let next =
                [self.media.next_drop(), self.sayings.next(), self.guest_door.next_try(), self.next_keep()];
            return next.into_iter().flatten().filter(|at| *at > self.now_ms).min();
        }
        [
            self.next_beat(),
            self.sayings.next(),
            self.pulse.next_step(),
            self.next_question(),
            self.media.next_step(),
            self.commit_at_ms,
            self.next_retry(),
            self.next_refresh(),
            self.next_drop(),
            self.next_keep(),
            self.next_name(),
            self.materials.next(),
        ]
        .into_iter()
        .flatten()
        // What was due and could not be done waits for an input, not for the clock.
        .filter(|at| *at > self.now_ms)
        .min()
    }

    /// Returns the body that makes the meeting at a server, until the server has it; only for its creator.
    pub fn creation(&self) -> Option<&CreateMeeting> {
        self.creation.as_ref()
    }

    /// Returns what must be kept, wrapped, to come back after a reload. At most [`EXPORT_BYTES_MAX`] bytes.
    pub fn export(&self) -> Zeroizing<Vec<u8>> {
        // RED-09: what is shown in the room only is no part of it.
        let secrets = self.secrets.to_bytes();
        let record = self.proof.to_bytes();
        let log = self.chronicle.as_ref().map(Chronicle::to_bytes).unwrap_or_default();
        // In one piece, so that no copy of the secrets is left behind by a vector that grows.
        Zeroizing::new([&secrets[..], &record[..], &log[..]].concat())
    }

    /// Returns the own device's key.
    pub fn me(&self) -> DeviceKey {
        self.signer.device()
    }

    /// Returns the group, for tests and tools that look at it; absent outside.
    pub fn group(&self) -> Option<&Group> {
        match &self.place {
            Place::Member(group) => Some(group),
            _ => None,
        }
    }

    fn group_mut(&mut self) -> Option<&mut Group> {
        match &mut self.place {
            Place::Member(group) => Some(group),
            _ => None,
        }
    }

    /// Lets time pass: what is due by itself.
    fn advance(&mut self, now_ms: u64) {
        self.now_ms = self.now_ms.max(now_ms);
        for change in self.media.expire(self.now_ms) {
            self.out.push_back(DeviceOutput::Media { change });
        }
        if self.pulse.note_silence(self.now_ms) {
            self.changed = true;
        }
    }

    /// After each input: hears and says what has waited, commits what is to be committed, beats if a beat is due.
    fn settle(&mut self) {
        self.hear_early();
        if self.next_refresh().is_some_and(|at| at <= self.now_ms) {
            self.work.refresh = true;
        }
        self.drop_absent();
        self.ask_for_names();
        self.flush_try();
        self.give_up_welcome();
        self.flush_sayings();
        self.flush_work();
        if self.next_question().is_some_and(|at| at <= self.now_ms) {
            self.ask_whether_this_is_now();
        }
        self.flush_words();
        if self.next_beat().is_some_and(|at| at <= self.now_ms) {
            self.beat();
        }
        self.decide_sending();
        self.tend_materials();
        self.keep_log();
    }

    fn receive(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Admitted { you: _, epoch, in_group, title, .. } => {
                self.open_title(title);
                self.admitted(epoch, in_group);
            }
            ServerMessage::Closed { reason, .. } => self.closed(reason),
            ServerMessage::Door { from, payload } => self.heard_at_door(from, payload.as_bytes()),
            ServerMessage::Floor { floor } if self.group().is_none() => self.before.keep_floor(&floor),
            ServerMessage::Floor { floor } => self.raise_floor(&floor),
            ServerMessage::GroupState { group_info, tree, .. } => self.join_from_outside(&group_info, &tree),
            ServerMessage::Handshake { epoch, message, .. } => self.handshake(epoch, message.as_bytes()),
            ServerMessage::Joined { participants, lobby, .. } => {
                self.joined = true;
                self.present = participants.iter().filter_map(connected).collect();
                self.absent.clear();
                participants.iter().for_each(|participant| self.absent.list(participant));
                self.host_door.forget_others(&lobby.iter().map(|guest| guest.id).collect::<BTreeSet<_>>());
                self.before.forget_guests();
                for guest in lobby {
                    self.knocked(guest);
                }
                self.say(Word::Status(self.own.clone()));
                if self.pulse.is_unanswered() {
                    self.ask_whether_this_is_now();
                }
                self.greet_with_material();
                self.changed = true;
            }
            ServerMessage::Knocked { guest } => self.knocked(guest),
            ServerMessage::LobbyLeft { guest, .. } => self.lobby_left(guest),
            ServerMessage::ParticipantChanged { participant }
            | ServerMessage::ParticipantJoined { participant } => {
                self.absent.list(&participant);
                self.greet_with_material();
                match connected(&participant) {
                    Some((id, device)) => self.present.insert(id, device),
                    None => self.present.remove(&participant.id),
                };
            }
            ServerMessage::ParticipantLeft { participant, .. } => {
                if let Some(device) = self.present.remove(&participant) {
                    self.presenter_gone(&device);
                }
                self.absent.unlist(participant, self.now_ms);
            }
            ServerMessage::Relayed { payload, .. } => self.relayed(payload.as_bytes()),
            ServerMessage::Waiting { title, .. } => {
                self.open_title(title);
                if matches!(self.place, Place::Outside) {
                    self.place = Place::Lobby;
                    self.guest_door.begin();
                }
                self.changed = true;
            }
            ServerMessage::Welcomed { welcome, tree } => self.welcomed(&welcome, &tree),
            _ => {}
        }
    }

    fn closed(&mut self, reason: CloseReason) {
        match reason {
            CloseReason::Ended | CloseReason::Abandoned => {
                self.close_log();
                self.erase(Place::Outside);
            }
            CloseReason::Removed => self.erase(Place::Removed),
            // Nobody sends a host back, so a server that says so costs it nothing.
            CloseReason::SentBack if !self.is_host() => self.sent_back(),
            _ => {}
        }
        self.disconnected();
    }

    /// A host sent this device back to the lobby. Its grant is void, and what is left is to knock again.
    fn sent_back(&mut self) {
        self.give_up_invite();
        self.give_up_grant();
        self.own.hand = false;
        self.requests = Requests::default();
        self.erase(Place::Outside);
    }

    /// The controls let nobody in any more by a grant like its own: what is left is to come by an invite, or to knock. Hosts
    /// come in as ever, so a server that says so costs them nothing.
    fn let_in_no_more(&mut self) {
        if !self.is_host() {
            self.give_up_grant();
            self.erase(Place::Outside);
        }
    }

    /// Forgets the group and every key of it.
    fn erase(&mut self, place: Place) {
        self.place = place;
        self.people.clear();
        self.words.clear();
        self.early.clear();
        self.unnamed.clear();
        self.materials.clear();
        for change in self.media.erase() {
            self.out.push_back(DeviceOutput::Media { change });
        }
        self.changed = true;
    }

    fn disconnected(&mut self) {
        self.synced = false;
        self.joined = false;
        self.sent.clear();
        self.present.clear();
        self.absent.clear();
        self.host_door.clear();
        self.sayings.clear();
        self.welcome_due_ms = None;
        // A commit under way stays: whether the server has taken it will be seen by what it passes on.
        if matches!(self.place, Place::Lobby | Place::Applying(_)) {
            self.place = Place::Outside;
        }
        if matches!(self.place, Place::Candidate(_)) {
            self.place = Place::Returning;
        }
        self.changed = true;
    }

    fn send(&mut self, message: ClientMessage, about: Sent) {
        let send = self.next_send;
        self.next_send = send.next();
        if self.sent.len() >= SENT_MAX {
            self.sent.pop_first();
        }
        self.sent.insert(send, about);
        self.out.push_back(DeviceOutput::Send { send, message: Box::new(message) });
    }

    fn answered(&mut self, send: RequestId, refused: Option<Rule>) {
        match (self.sent.remove(&send), refused) {
            (Some(Sent::Commit), refused) => self.commit_answered(refused),
            (Some(Sent::External), refused) => self.external_answered(refused),
            (Some(Sent::Adopt), refused) => self.adoption_answered(refused),
            (Some(Sent::Missed), refused) => self.missed_answered(refused),
            (Some(Sent::GroupState), Some(_)) => self.place = Place::Outside,
            (Some(Sent::Enter), Some(Rule::RemovedStaysOut)) => self.erase(Place::Removed),
            (Some(Sent::Enter), Some(Rule::SentBack)) => self.sent_back(),
            (Some(Sent::Enter), Some(Rule::Invite)) => self.give_up_invite(),
            (Some(Sent::Enter), Some(Rule::LinkPrivate | Rule::LobbyOn | Rule::PassRequired)) => {
                self.let_in_no_more();
            }
            (Some(Sent::Enter), Some(_)) => self.entry_refused(),
            (Some(Sent::Door), Some(_)) => self.not_passed_on(),
            _ => {}
        }
        self.changed = true;
    }

    /// Everything that follows from a step of the group, whoever made it.
    fn applied(&mut self, change: EpochChange) {
        self.changed = true;
        for departure in &change.removed {
            let device = departure.member.device;
            self.presenter_gone(&device);
            let stays = self.group().is_some_and(|group| group.roster().member_of(&device).is_some());
            if stays {
                self.returned.insert(device);
            } else {
                let status = self.people.remove(&device);
                if matches!(departure.exit, Exit::Banned | Exit::SentBack) {
                    self.host_door.put_out(device);
                }
                if departure.exit == Exit::Banned {
                    self.outcasts.extend(status.map(|status| (device, status.name)));
                }
                self.unnamed.retain(|(from, _)| *from != device);
            }
        }
        match change.removed_me {
            Some(Exit::Dropped) => {
                self.erase(Place::Outside);
                self.return_from_outside();
                return;
            }
            Some(Exit::SentBack) => {
                self.sent_back();
                return;
            }
            Some(Exit::Banned | Exit::Left) => {
                self.erase(Place::Removed);
                return;
            }
            None => {}
        }
        for member in &change.added {
            self.absent.came_in(&member.device);
            self.host_door.let_in(&member.device);
        }
        self.write_log(&change);
        self.watch_terms();
        self.review_guests();
        if let Some(version) = self.group().map(|group| group.roster().policy.version) {
            self.note_policy(version);
        }
        self.retry = Retry::default();
        let Some(keys) = change.keys else { return };
        let removed = change.removed.iter().any(|departure| departure.exit != Exit::Left);
        self.install(keys, removed);
        self.refreshed_ms = self.now_ms;
        self.commit_at_ms = None;
        self.pulse.note_epoch(change.epoch.0);
        self.host_door.forget_members(change.added.iter().map(|member| member.device));
        if change.committer == self.me() {
            let newcomers = change.added.iter().map(|member| member.grant.nonce);
            self.pulse.owe(newcomers);
            if self.is_host() {
                if !change.added.is_empty() {
                    self.introduce();
                }
                self.beat();
            }
        }
        self.certify_return(&change.committer);
        self.greet_returned(&change.committer);
        self.plan_commit();
    }

    /// Somebody came back from outside and knows nobody's name: the first other host tells it, or, without one,
    /// everybody tells its own.
    fn greet_returned(&mut self, committer: &DeviceKey) {
        let me = self.me();
        let Some(group) = self.group().filter(|_| *committer != me && self.returned.contains(committer))
        else {
            self.returned.clear();
            return;
        };
        let here = |device: &DeviceKey| *device == me || self.present.values().any(|other| other == device);
        let teller =
            group.roster().hosts().map(|host| host.device).find(|host| host != committer && here(host));
        self.returned.clear();
        match teller {
            Some(host) if host == me => self.introduce(),
            Some(_) => {}
            None => self.say(Word::Status(self.own.clone())),
        }
    }

    fn ingest(&mut self, bytes: &[u8]) -> Option<Ingested> {
        let now_ms = self.now_ms;
        match self.group_mut()?.ingest(bytes, now_ms) {
            Ok(ingested) => Some(ingested),
            Err(reject) => {
                self.refuse(&reject);
                None
            }
        }
    }

    /// Notes that something was refused: sending stops until a host certifies the present.
    fn refuse(&mut self, reject: &Reject) {
        self.alarm(match reject {
            Reject::Admission(violation) => Alarm::Admission { rule: violation.id().to_owned() },
            Reject::WrongGroup => Alarm::WrongGroup {},
            _ => Alarm::Handshake {},
        });
    }

    fn alarm(&mut self, alarm: Alarm) {
        self.suspended = true;
        self.changed = true;
        if self.alarms.last() != Some(&alarm) && self.alarms.len() < ALARMS_MAX {
            self.alarms.push(alarm);
        }
    }

    fn is_host(&self) -> bool {
        self.group().is_some_and(|group| group.roster().is_host(&self.me()))
    }

    fn open_title(&mut self, sealed: Option<SealedTitle>) {
        let Some(sealed) = sealed else { return };
        let Some(keys) = &self.keys else {
            self.sealed_title = Some(sealed);
            return;
        };
        let place = SealPlace::Title { meeting: self.secrets.meeting };
        let opened = seal::open(&keys.lobby, &place, sealed.as_bytes()).ok();
        let title = opened.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
        if let Some(title) = title.and_then(|title| MeetingTitle::try_from(title).ok()) {
            self.title = Some(title);
        }
    }

    /// Returns a number that this device gives to no other grant or certificate, also after a reload.
    fn next_seq(&mut self) -> u64 {
        self.last_seq = self.now_ms.max(self.last_seq + 1);
        self.last_seq
    }

    fn media_out(&mut self, change: MediaKeyChange) {
        self.out.push_back(DeviceOutput::Media { change });
    }
}

fn connected(participant: &Participant) -> Option<(ParticipantId, DeviceKey)> {
    (participant.presence == Presence::Connected).then_some((participant.id, participant.device))
}

#[cfg(test)]
mod tests;
