//! A participant of one meeting, from the knock to the end: one task, and a handle to watch and steer it.

mod session;
mod snapshot;

use std::{sync::Arc, time::Duration};

use sabha_protocol::{
    DisplayName, MediaState, ParticipantId, Source,
    limits::{AUDIO_SLOTS_MAX, VIDEO_SLOTS_MAX},
    secret::HostToken,
    wire::client::Tile,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

pub use snapshot::{Over, Phase, Refusal, Snapshot};

use crate::{error::ClientError, link::Invite, media::Path, report::Report, source::MediaFiles};

/// Commands waiting for the task. A person gives a few a second.
const COMMANDS_MAX: usize = 64;

/// By what right the participant enters.
#[derive(Clone, Debug)]
pub enum Entry {
    /// As host.
    Host(HostToken),
    /// With the link: knocks and waits.
    Guest,
}

/// What a host does with those who knock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Admission {
    /// Lets everybody in.
    All,
    /// Leaves the decision to [`Participant::admit`] and [`Participant::deny`].
    #[default]
    Asked,
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

/// What a participant is made from.
#[derive(Clone, Debug)]
pub struct ParticipantConfig {
    /// To which meeting.
    pub invite: Invite,
    /// By what right.
    pub entry: Entry,
    /// Under which name.
    pub name: DisplayName,
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
    /// Slots for sound, at most [`AUDIO_SLOTS_MAX`].
    pub audio_slots: usize,
    /// How media travels.
    pub path: Path,
    /// Makes generated media differ from that of others.
    pub seed: u64,
}

impl ParticipantConfig {
    /// Returns a guest that sends voice and camera and asks for everybody's picture at 360 lines.
    pub fn guest(invite: Invite, name: DisplayName) -> Self {
        Self {
            invite,
            entry: Entry::Guest,
            name,
            publish: vec![Source::Microphone, Source::Camera],
            media: None,
            files: MediaFiles::default(),
            subscription: Subscription::all(360),
            admission: Admission::Asked,
            video_slots: 12,
            audio_slots: AUDIO_SLOTS_MAX,
            path: Path::Udp,
            seed: 1,
        }
    }

    /// Returns a host that is otherwise like [`guest`](Self::guest) and lets everybody in.
    pub fn host(invite: Invite, token: HostToken, name: DisplayName) -> Self {
        Self { entry: Entry::Host(token), admission: Admission::All, ..Self::guest(invite, name) }
    }
}

/// What the handle asks of the task.
#[derive(Debug)]
pub(crate) enum Command {
    Admit(ParticipantId),
    Deny(ParticipantId),
    DropWebSocket { stay_away: Duration },
    End,
    Leave,
    MakeHost(ParticipantId),
    Mute(ParticipantId, Source),
    Remove(ParticipantId),
    ReplaceMedia,
    SendText(String),
    SetMedia(MediaState),
    Subscribe(Subscription),
    Vanish,
}

/// A running participant. Dropping the handle makes it vanish: its connections close without a word.
///
/// Watch [`state`](Self::state) or [`until`](Self::until) for what happens; the other methods ask for
/// something and return at once, and what the server makes of it shows in the state.
#[derive(Debug)]
pub struct Participant {
    commands: mpsc::Sender<Command>,
    state: watch::Receiver<Snapshot>,
    task: JoinHandle<(Report, Result<(), ClientError>)>,
}

impl Participant {
    /// Starts to join. Returns at once.
    pub fn join(config: ParticipantConfig) -> Self {
        let (commands, inbox) = mpsc::channel(COMMANDS_MAX);
        let (publisher, state) = watch::channel(Snapshot::default());
        let task = tokio::spawn(session::run(Arc::new(config), inbox, publisher));
        Self { commands, state, task }
    }

    /// Returns what is known now.
    pub fn state(&self) -> Snapshot {
        self.state.borrow().clone()
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

    /// Leaves and waits for the end. A last host that is refused vanishes instead.
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

    /// Host: removes somebody.
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
