//! A participant of one meeting, from the knock to the end: one task, and a handle to watch and steer it.

mod session;
mod snapshot;

use std::{collections::HashSet, path::PathBuf, sync::Arc, time::Duration};

use sabha_crypto::device::Device;
use sabha_protocol::{
    ControlSettings, DeviceKey, DisplayName, MediaState, ParticipantId, Source,
    device::{DeviceView, MemberRight},
    limits::{AUDIO_SLOTS_MAX, RESUME_WINDOW, SILENCE_MAX, VIDEO_SLOTS_MAX},
    restricted::{MaterialBytes, MaterialKind},
    text::{ChatText, Passcode},
    wire::client::Tile,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

pub use snapshot::{ChatLine, Material, Over, Person, Phase, Refusal, Snapshot};

#[cfg(target_os = "linux")]
use crate::media::Reader;
use crate::{
    clock,
    error::ClientError,
    link::Invite,
    load::{Capture, Gauge},
    media::Path,
    report::Report,
    signalling::Tap,
    source::MediaFiles,
    tls::Trust,
};

/// Commands waiting for the task. A person gives a few a second.
const COMMANDS_MAX: usize = 64;

/// Longest time for which a removed one listens on.
pub const LINGER_MAX: Duration = Duration::from_secs(5);

/// What a host does with those who knock.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Admission {
    /// Lets everybody in.
    All,
    /// Leaves the decision to [`Participant::admit`] and [`Participant::deny`], and to the meeting's passcode.
    #[default]
    Asked,
    /// Lets in who knocks under one of these names. Anybody with the link can knock under any name.
    Named(HashSet<DisplayName>),
}

/// Which pictures the participant asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscription {
    /// As many of the pictures that others have on as there are slots, or `most`, screens first, each at this height.
    Automatic {
        /// Pictures at most.
        most: usize,
        /// Height in pixels.
        height: u16,
    },
    /// These and no others.
    Only(Vec<Tile>),
}

impl Subscription {
    /// Returns the subscription to every picture at this height in pixels.
    pub const fn all(height: u16) -> Self {
        Self::Automatic { most: VIDEO_SLOTS_MAX, height }
    }
}

/// What a participant is made from, beside its device.
#[derive(Clone, Debug)]
pub struct ParticipantConfig {
    /// To which meeting.
    pub invite: Invite,
    /// Whose word is taken on whether who answers is that meeting's server.
    pub trust: Trust,
    /// Under which name.
    pub name: DisplayName,
    /// As guest: what to say when a host's device asks for the passcode. Said once.
    pub passcode: Option<Passcode>,
    /// What it can send.
    pub publish: Vec<Source>,
    /// What of that is on at first; all of it if absent.
    pub media: Option<MediaState>,
    /// From which files.
    pub files: MediaFiles,
    /// What it asks for.
    pub subscription: Subscription,
    /// What it does with those who knock, if it is host.
    pub admission: Admission,
    /// Slots for pictures, at most [`VIDEO_SLOTS_MAX`].
    pub video_slots: usize,
    /// Slots for sound, at most [`AUDIO_SLOTS_MAX`] unless the server forwards more voices than usual.
    pub audio_slots: usize,
    /// How media travels.
    pub path: Path,
    /// Makes generated media differ from that of others.
    pub seed: u64,
    /// Where to keep the device, each time that what it has to keep changes.
    pub state_file: Option<PathBuf>,
    /// How long a lost server is looked for, if there is a place to come back to.
    pub reconnect: Duration,
    /// How long it goes on listening with the keys it has after it was removed, as an obeying client does not; at most
    /// [`LINGER_MAX`].
    pub lingers: Duration,
    /// Copies what it says to the server.
    pub tap: Option<Tap>,
    /// Measures what it sends and receives as part of a load.
    pub gauge: Option<Arc<Gauge>>,
}

impl ParticipantConfig {
    /// Returns where what it sends is noted for a flood, if it sends and there will be one.
    pub(crate) fn capture(&self) -> Option<&Capture> {
        self.gauge.as_ref().filter(|_| !self.publish.is_empty())?.capture.as_ref()
    }

    /// Returns who reads its media for it; nothing if it checks what comes, as who sends always does.
    #[cfg(target_os = "linux")]
    pub(crate) fn reader(&self) -> Option<&Reader> {
        let only_watches = self.publish.is_empty() && self.path == Path::Udp;
        self.gauge.as_ref().filter(|_| only_watches)?.reader(self.seed as usize)
    }

    /// Returns whether what comes is only counted.
    pub(crate) fn only_counts(&self) -> bool {
        #[cfg(target_os = "linux")]
        return self.reader().is_some();
        #[cfg(not(target_os = "linux"))]
        return false;
    }

    /// Returns a guest that sends voice and camera and asks for everybody's picture at 360 lines.
    pub fn guest(invite: Invite, name: DisplayName) -> Self {
        Self {
            invite,
            trust: Trust::default(),
            name,
            passcode: None,
            publish: vec![Source::Microphone, Source::Camera],
            media: None,
            files: MediaFiles::default(),
            subscription: Subscription::all(360),
            admission: Admission::Asked,
            video_slots: 12,
            audio_slots: AUDIO_SLOTS_MAX,
            path: Path::Udp,
            seed: 1,
            state_file: None,
            // The server decides whether the place is still kept; a little longer than it may, and nobody is there.
            reconnect: RESUME_WINDOW + SILENCE_MAX,
            lingers: Duration::ZERO,
            tap: None,
            gauge: None,
        }
    }

    /// Returns a host that is otherwise like [`guest`](Self::guest) and lets everybody in. What makes it host is the
    /// device that it joins with.
    pub fn host(invite: Invite, name: DisplayName) -> Self {
        Self { admission: Admission::All, ..Self::guest(invite, name) }
    }
}

/// What the handle asks of the task.
#[derive(Debug)]
pub(crate) enum Command {
    Admit(ParticipantId),
    Chat(ChatText),
    Deny(ParticipantId),
    DropWebSocket { stay_away: Duration },
    End,
    Hand(bool),
    Leave,
    Lock(bool),
    MakeHost(ParticipantId),
    Mute(ParticipantId, Source),
    Prove(Passcode),
    Remove(ParticipantId),
    ReplaceMedia,
    SendText(String),
    SetControls(ControlSettings),
    SetMedia(MediaState),
    Invite { name: DisplayName, until_ms: u64, devices: u16 },
    SetPasscode(Option<Passcode>, bool),
    WithdrawInvite(DeviceKey),
    SetRight { participant: ParticipantId, right: MemberRight, allowed: bool },
    ShowMaterial(MaterialKind, MaterialBytes),
    Subscribe(Subscription),
    Suspend(bool),
    TakeMaterialAway,
    Vanish,
}

/// A running participant. Dropping the handle makes it vanish: its connections close without a word.
///
/// Watch [`state`](Self::state) or [`until`](Self::until) for what happens; the other methods ask for
/// something and return at once, and what comes of it shows in the state. What only hosts may do is not even
/// asked for by a device that is none.
#[derive(Debug)]
pub struct Participant {
    commands: mpsc::Sender<Command>,
    state: watch::Receiver<Snapshot>,
    task: JoinHandle<(Report, Result<(), ClientError>)>,
}

impl Participant {
    /// Starts to join as a guest, with a fresh device. Returns at once.
    pub fn join(config: ParticipantConfig) -> Self {
        let (meeting, secret) = (config.invite.meeting(), config.invite.secret().clone());
        let device = Device::guest(meeting, secret, config.name.clone(), clock::unix_ms());
        let device = config.invite.invitation().cloned().into_iter().fold(device, Device::with_invitation);
        Self::join_with(config, device)
    }

    /// Starts to join with this device: the one that made the meeting, or one that comes back. Returns at once.
    pub fn join_with(config: ParticipantConfig, mut device: Device) -> Self {
        device.rename(config.name.clone());
        let (commands, inbox) = mpsc::channel(COMMANDS_MAX);
        let (publisher, state) = watch::channel(Snapshot::default());
        let task = tokio::spawn(session::run(Arc::new(config), device, inbox, publisher));
        Self { commands, state, task }
    }

    /// Returns what is known now.
    pub fn state(&self) -> Snapshot {
        self.state.borrow().clone()
    }

    /// Returns how things stand for the own device now; nothing before it has said so.
    pub fn view(&self) -> Option<Arc<DeviceView>> {
        self.state.borrow().view.clone()
    }

    /// Returns the state to wait on. It ends with the participant.
    pub fn watch(&self) -> watch::Receiver<Snapshot> {
        self.state.clone()
    }

    /// Waits until the state satisfies `condition`, and returns it.
    ///
    /// # Errors
    /// [`ClientError::Timeout`] with `what` after `patience`, or when the participant is over and the condition never
    /// came true.
    pub async fn until(
        &self,
        what: &'static str,
        patience: Duration,
        condition: impl Fn(&Snapshot) -> bool,
    ) -> Result<Snapshot, ClientError> {
        let mut state = self.state.clone();
        let found = timeout(patience, state.wait_for(|snapshot| condition(snapshot))).await;
        match found {
            Ok(Ok(snapshot)) => Ok(snapshot.clone()),
            Ok(Err(_)) | Err(_) => Err(ClientError::Timeout(what)),
        }
    }

    /// Waits until the participant is in the room with media connected.
    ///
    /// # Errors
    /// As [`until`](Self::until).
    pub async fn until_joined(&self, patience: Duration) -> Result<Snapshot, ClientError> {
        self.until("joining", patience, |state| state.phase == Phase::Joined && state.media_connected).await
    }

    /// Waits until it is over, and returns the report and why it ended: `Ok` if this side left or the
    /// meeting ended.
    pub async fn finish(self) -> (Report, Result<(), ClientError>) {
        match self.task.await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => (Report::default(), Err(ClientError::Misuse("the runtime stopped"))),
        }
    }

    /// Takes leave of the group, leaves the room, and waits for the end. A last host vanishes instead, for the others
    /// would be without one.
    pub async fn leave(self) -> (Report, Result<(), ClientError>) {
        self.ask(Command::Leave);
        self.finish().await
    }

    /// Host: ends the meeting for everybody, and waits for the end.
    pub async fn end(self) -> (Report, Result<(), ClientError>) {
        self.ask(Command::End);
        self.finish().await
    }

    /// Goes without a word, and returns the report.
    pub async fn vanish(self) -> Report {
        self.ask(Command::Vanish);
        self.finish().await.0
    }

    /// Host: lets a guest in.
    pub fn admit(&self, guest: ParticipantId) {
        self.ask(Command::Admit(guest));
    }

    /// Host: sends a guest away.
    pub fn deny(&self, guest: ParticipantId) {
        self.ask(Command::Deny(guest));
    }

    /// Host: removes somebody and revokes the grant.
    pub fn remove(&self, participant: ParticipantId) {
        self.ask(Command::Remove(participant));
    }

    /// Host: switches a source of somebody off.
    pub fn mute(&self, participant: ParticipantId, source: Source) {
        self.ask(Command::Mute(participant, source));
    }

    /// Host: makes somebody host.
    pub fn make_host(&self, participant: ParticipantId) {
        self.ask(Command::MakeHost(participant));
    }

    /// Host: lets nobody new in, or somebody again.
    pub fn lock(&self, locked: bool) {
        self.ask(Command::Lock(locked));
    }

    /// Host: makes an invite for one person, which stands in the view then. It is good until then, in unix milliseconds,
    /// on so many devices at a time.
    pub fn invite(&self, name: DisplayName, until_ms: u64, devices: u16) {
        self.ask(Command::Invite { name, until_ms, devices });
    }

    /// Host: voids an invite that this device has made; who came by it is sent back to the lobby.
    pub fn withdraw_invite(&self, invite: DeviceKey) {
        self.ask(Command::WithdrawInvite(invite));
    }

    /// Host: sets the meeting's passcode, or has none. With `admits` who proves it is let in without being asked for.
    pub fn set_passcode(&self, passcode: Option<Passcode>, admits: bool) {
        self.ask(Command::SetPasscode(passcode, admits));
    }

    /// Host: sets the meeting's controls; what is looser than the floor stays at the floor.
    pub fn set_controls(&self, controls: ControlSettings) {
        self.ask(Command::SetControls(controls));
    }

    /// Host: gives somebody who is no host a right, or takes it.
    pub fn set_right(&self, participant: ParticipantId, right: MemberRight, allowed: bool) {
        self.ask(Command::SetRight { participant, right, allowed });
    }

    /// Host: suspends all that participants do, or lets them go on.
    pub fn suspend(&self, suspended: bool) {
        self.ask(Command::Suspend(suspended));
    }

    /// Guest: proves the passcode to the host's device that asked for it.
    pub fn prove(&self, passcode: Passcode) {
        self.ask(Command::Prove(passcode));
    }

    /// Says something to everybody in the group.
    pub fn chat(&self, text: ChatText) {
        self.ask(Command::Chat(text));
    }

    /// Shows restricted material to everybody in the room, in the place of what it has shown before.
    pub fn show_material(&self, kind: MaterialKind, content: MaterialBytes) {
        self.ask(Command::ShowMaterial(kind, content));
    }

    /// Takes back the restricted material that it shows: everybody's copy goes.
    pub fn take_material_away(&self) {
        self.ask(Command::TakeMaterialAway);
    }

    /// Raises or lowers the hand.
    pub fn raise_hand(&self, raised: bool) {
        self.ask(Command::Hand(raised));
    }

    /// Says which of the own sources are on.
    pub fn set_media(&self, media: MediaState) {
        self.ask(Command::SetMedia(media));
    }

    /// Says which pictures are wanted.
    pub fn subscribe(&self, subscription: Subscription) {
        self.ask(Command::Subscribe(subscription));
    }

    /// Closes the WebSocket without a word, stays away for this long, then comes back with the resume token.
    pub fn drop_websocket(&self, stay_away: Duration) {
        self.ask(Command::DropWebSocket { stay_away });
    }

    /// Replaces the media connection by a new one.
    pub fn replace_media(&self) {
        self.ask(Command::ReplaceMedia);
    }

    /// Sends any text over the WebSocket, to see what the server does with it.
    pub fn send_text(&self, text: impl Into<String>) {
        self.ask(Command::SendText(text.into()));
    }

    fn ask(&self, command: Command) {
        // A full queue is a caller that does not wait for anything; a closed one is a participant that is over.
        if self.commands.try_send(command).is_err() {
            tracing::debug!("command dropped");
        }
    }
}
