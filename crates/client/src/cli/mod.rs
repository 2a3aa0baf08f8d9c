//! The command line: what was typed, and what is done about it.
//!
//! Standard output carries JSON, one object a line, and nothing else (tables with `--report table`);
//! diagnostics go to standard error. Exit codes: 0 done; 2 refused, denied or removed, with the rule in the
//! JSON, or a wrong passcode; 1 anything else. `probe` has two more.

mod doorman;
mod impair;
mod load;
mod probe;
mod verify;

use std::{
    fmt::Display,
    path::{Path as FilePath, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use sabha_crypto::device::{CreateOptions, Device, MeetingSuite};
use sabha_protocol::{
    DisplayName, MeetingTitle, Source,
    device::PasscodeView,
    limits::{AUDIO_SLOTS_MAX, MATERIAL_TEXT_BYTES_MAX, ROOM_PARTICIPANTS_MAX, VIDEO_SLOTS_MAX},
    restricted::{MaterialBytes, MaterialKind},
    text::{ChatText, Passcode},
};
use serde::Serialize;

use self::{
    doorman::Doorman,
    impair::Impair,
    load::{Load, LoadElsewhere},
    probe::Probe,
    verify::Verify,
};
use crate::{
    error::ClientError,
    http::create_meeting,
    link::{Invite, Link, MeetingKey, NewMeeting, Server},
    media::Path,
    participant::{Admission, Participant, ParticipantConfig, Phase, Snapshot, Subscription},
    report::Report,
    scenario::{CrowdConfig, JoinTimesConfig, SoakConfig, crowd, join_times, soak},
    source::MediaFiles,
    state::DeviceState,
    tls::Trust,
};

/// How long a crowd is waited for after the last of it has come.
const CROWD_PATIENCE: Duration = Duration::from_secs(60);

/// A participant of Sabha meetings without a screen.
#[derive(Debug, Parser)]
#[command(name = "sabha-client", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create a meeting and print its invite link.
    Create(Create),
    /// Measure how long a crowd takes to come in, and how often the group changes meanwhile.
    Crowd(CrowdArgs),
    /// Keep a meeting's door as a host: let in by passcode or by list, and print what was done.
    Doorman(Box<Doorman>),
    /// Be a bad network between clients and a server: late, lossy, narrow, crowded.
    Impair(Impair),
    /// Join a meeting, and print what was received at the end.
    Join(Box<Join>),
    /// Measure how long joining takes.
    JoinTimes(JoinTimesArgs),
    /// Load a server with rooms full of participants, and measure every stream.
    Load(Load),
    /// Load Janus, or the plain forwarder, as `load speaker` does ours.
    LoadElsewhere(LoadElsewhere),
    /// Try on one's own server what has happened to others, and say what held.
    Probe(Box<Probe>),
    /// Let people come, go, share and drop out for minutes, and compare the server before and after.
    Soak(SoakArgs),
    /// Check a policy profile, a meeting's log or certificate, or an exported audit log, offline.
    Verify(Verify),
}

/// Where meetings may be created: `--server` and `--key`, or the link that the server printed.
#[derive(Args, Debug)]
struct Creator {
    /// The link with which the server invites to create meetings: https://host/new#KEY
    #[arg(long, env = "SABHA_NEW_MEETING_URL", hide_env_values = true, conflicts_with_all = ["server", "key"])]
    link: Option<Link>,
    /// The server: https://host, or http://localhost:PORT
    #[arg(long, requires = "key")]
    server: Option<Server>,
    /// The creation key, or an account's API key with the scope meetings:create.
    #[arg(long, env = "SABHA_CREATION_KEY", hide_env_values = true, value_parser = creation_key,
        allow_hyphen_values = true)]
    key: Option<MeetingKey>,
}

/// Whose word is taken on who a server is.
#[derive(Args, Debug)]
struct Authority {
    /// Trust the certificate authorities in this PEM file, and no others, to say which server is the link's. The system's
    /// if absent.
    #[arg(long, env = "SABHA_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct Create {
    #[command(flatten)]
    creator: Creator,
    #[command(flatten)]
    authority: Authority,
    #[command(flatten)]
    meeting: Meeting,
    /// Name under which the creator enters.
    #[arg(long, default_value = "Host")]
    name: DisplayName,
    /// Keep the creator's device in this file, readable by its owner only: without it nobody is host.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
}

/// What a meeting that is created is like.
#[derive(Args, Clone, Debug)]
struct Meeting {
    /// Title of the meeting that is created.
    #[arg(long)]
    title: Option<MeetingTitle>,
    /// Passcode: of the meeting that is created, or to say when the one that is joined asks for it.
    #[arg(long, env = "SABHA_PASSCODE", hide_env_values = true)]
    passcode: Option<Passcode>,
    /// Cipher suite of the meeting that is created.
    #[arg(long, value_enum, default_value_t = SuiteArg::XWing)]
    suite: SuiteArg,
}

#[derive(Args, Debug)]
struct Join {
    /// An invite (https://host/m/ID#v1.SECRET), or the right to create (https://host/new#KEY): then a meeting is
    /// created, its invite printed, and joined as host. Not needed to come back from a state file.
    #[arg(required_unless_present = "state")]
    link: Option<Link>,
    #[command(flatten)]
    authority: Authority,
    /// Name to be shown.
    #[arg(long, default_value = "Headless")]
    name: DisplayName,
    #[command(flatten)]
    meeting: Meeting,
    /// Keep the device in this file; if it is there, come back as that device.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// What to send: mic, camera, screen, screen-audio, separated by commas, or none.
    #[arg(long, value_delimiter = ',', default_value = "mic,camera")]
    publish: Vec<PublishArg>,
    /// IVF with VP8 for the camera; one for all layers, or low, medium and high, separated by commas.
    #[arg(long, value_delimiter = ',')]
    video: Vec<PathBuf>,
    /// Ogg Opus for the microphone.
    #[arg(long)]
    audio: Option<PathBuf>,
    /// IVF with VP8 for the screen.
    #[arg(long)]
    screen: Option<PathBuf>,
    /// Pictures to ask for: all, none, or how many at most.
    #[arg(long, default_value = "all", value_parser = pictures)]
    subscribe: usize,
    /// Height of the tiles to ask for, in pixels.
    #[arg(long, default_value_t = 360, value_parser = clap::value_parser!(u16).range(1..=2160))]
    height: u16,
    /// Seconds to stay once joined; for ever if absent.
    #[arg(long)]
    duration: Option<u64>,
    /// Seconds to wait for being let in.
    #[arg(long, default_value_t = 120)]
    patience: u64,
    /// As host: let everybody in, or nobody.
    #[arg(long, value_enum, default_value_t = Admit::All)]
    admit: Admit,
    /// As host: let in only who knocks under this name; may be given several times.
    #[arg(long, value_name = "NAME")]
    admit_name: Vec<DisplayName>,
    /// Slots for pictures.
    #[arg(long, default_value_t = 12, value_parser = video_slots)]
    video_slots: usize,
    /// Send media over TCP.
    #[arg(long)]
    tcp: bool,
    /// Close the WebSocket without a word this many seconds after joining, and resume.
    #[arg(long, value_name = "SECONDS")]
    drop_websocket_after: Option<u64>,
    /// Replace the media connection this many seconds after joining.
    #[arg(long, value_name = "SECONDS")]
    replace_media_after: Option<u64>,
    /// Say this in the chat once joined; may be given several times.
    #[arg(long, value_name = "TEXT")]
    say: Vec<ChatText>,
    /// Show this text or advisory as TLP:RED to those in the room, as long as this one is there. Needs the right to share a screen.
    #[arg(long, value_name = "FILE")]
    show: Option<PathBuf>,
    /// Host: end the meeting for everybody when the time is up.
    #[arg(long)]
    end: bool,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t = ReportForm::Json)]
    report: ReportForm,
}

#[derive(Args, Debug)]
struct CrowdArgs {
    #[command(flatten)]
    creator: Creator,
    #[command(flatten)]
    authority: Authority,
    /// How many come; the host is one more.
    #[arg(long, default_value_t = 99, value_parser = crowd_guests)]
    guests: usize,
    /// Seconds in which they come, one after the other; 0 for all at once.
    #[arg(long, default_value_t = 60)]
    over: u64,
    /// What each of them has to prove.
    #[arg(long)]
    passcode: Option<Passcode>,
    /// Cipher suite of the meeting.
    #[arg(long, value_enum, default_value_t = SuiteArg::XWing)]
    suite: SuiteArg,
}

#[derive(Args, Debug)]
struct JoinTimesArgs {
    #[command(flatten)]
    creator: Creator,
    #[command(flatten)]
    authority: Authority,
    /// How many joins.
    #[arg(long, default_value_t = 30)]
    joins: usize,
    /// Height of the tile to ask for, in pixels.
    #[arg(long, default_value_t = 360, value_parser = clap::value_parser!(u16).range(1..=2160))]
    height: u16,
    /// Milliseconds between two joins. Below 500, the limit on key frames is what is measured.
    #[arg(long, default_value_t = 1_000)]
    pause: u64,
    /// Cipher suite of the meeting.
    #[arg(long, value_enum, default_value_t = SuiteArg::XWing)]
    suite: SuiteArg,
}

#[derive(Args, Debug)]
struct SoakArgs {
    #[command(flatten)]
    creator: Creator,
    #[command(flatten)]
    authority: Authority,
    /// How long, in minutes.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Guests at once.
    #[arg(long, default_value_t = 6)]
    guests: usize,
    /// Seconds between two comings or goings.
    #[arg(long, default_value_t = 2)]
    step: u64,
    /// Process id of the server, to sample its memory and file descriptors.
    #[arg(long)]
    server_pid: Option<u32>,
    /// Cipher suite of the meeting.
    #[arg(long, value_enum, default_value_t = SuiteArg::XWing)]
    suite: SuiteArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SuiteArg {
    Classical,
    XWing,
}

impl From<SuiteArg> for MeetingSuite {
    fn from(suite: SuiteArg) -> Self {
        match suite {
            SuiteArg::Classical => Self::Classical,
            SuiteArg::XWing => Self::XWing,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PublishArg {
    Mic,
    Camera,
    Screen,
    ScreenAudio,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Admit {
    All,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReportForm {
    Json,
    Table,
}

/// First line of output when a meeting was created.
#[derive(Serialize)]
struct CreatedLine {
    invite: String,
}

/// Line of output when something failed before there was anything to report.
#[derive(Serialize)]
struct FailedLine {
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
}

impl Cli {
    /// Does what was typed and returns the exit code.
    pub async fn run(self) -> ExitCode {
        let result = match self.command {
            Command::Create(args) => create(args).await,
            Command::Crowd(args) => measure_crowd(args).await,
            Command::Doorman(args) => doorman::run(*args).await,
            Command::Impair(args) => impair::run(args).await,
            Command::Join(args) => join(*args).await,
            Command::JoinTimes(args) => measure_joins(args).await,
            Command::Load(args) => load::run(args).await,
            Command::LoadElsewhere(args) => load::run_elsewhere(args).await,
            Command::Probe(args) => probe::run(*args).await,
            Command::Soak(args) => run_soak(args).await,
            Command::Verify(args) => Ok(verify::run(&args)),
        };
        match result {
            Ok(code) => code,
            Err(error) => {
                print_line(&FailedLine { error: error.chain(), rule: error.rule() });
                exit_code(&error)
            }
        }
    }
}

fn exit_code(error: &ClientError) -> ExitCode {
    ExitCode::from(if error.is_decision() { 2 } else { 1 })
}

#[expect(clippy::print_stdout, reason = "this is the program's output")]
fn print(text: impl Display) {
    println!("{text}");
}

fn print_line(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => print(text),
        Err(error) => tracing::error!(%error, "cannot write the result as JSON"),
    }
}

async fn create(args: Create) -> Result<ExitCode, ClientError> {
    let (new, trust) = (args.creator.right()?, args.authority.trust()?);
    begin(Some(&Link::NewMeeting(new)), &trust, Some(&args.state), &args.meeting, &args.name).await?;
    Ok(ExitCode::SUCCESS)
}

/// With what a participant begins.
struct Beginning {
    invite: Invite,
    /// Absent for a guest with a fresh device.
    device: Option<Device>,
}

impl Beginning {
    fn join(self, config: ParticipantConfig) -> Participant {
        match self.device {
            Some(device) => Participant::join_with(config, device),
            None => Participant::join(config),
        }
    }
}

/// Comes back from the state file if it is there; else makes the meeting and says so, or follows the invite.
async fn begin(
    link: Option<&Link>,
    trust: &Trust,
    state: Option<&FilePath>,
    meeting: &Meeting,
    name: &DisplayName,
) -> Result<Beginning, ClientError> {
    let kept = state.filter(|path| path.exists());
    match (link, kept) {
        (Some(Link::NewMeeting(_)), Some(path)) => Err(ClientError::StateFile {
            path: path.to_owned(),
            reason: "it keeps the device of another meeting; give a new file".to_owned(),
        }),
        (link, Some(path)) => {
            let state = DeviceState::load(path)?;
            let invite = state.invite()?;
            if let Some(Link::Invite(asked)) = link
                && asked.meeting() != invite.meeting()
            {
                return Err(ClientError::Misuse("the state file is of another meeting than the link"));
            }
            Ok(Beginning { invite, device: Some(state.restore()?) })
        }
        (Some(Link::NewMeeting(new)), None) => {
            let options = CreateOptions {
                suite: meeting.suite.into(),
                title: meeting.title.clone(),
                name: name.clone(),
                passcode: meeting.passcode.clone(),
                admits: true,
                by_mail: false,
                floor: sabha_crypto::policy::Controls::default(),
                controls: sabha_crypto::policy::Controls::default(),
            };
            let created = create_meeting(new, trust, options).await?;
            if let Some(path) = state {
                created.state.save(path)?;
            }
            print_line(&CreatedLine { invite: created.invite.expose().to_string() });
            Ok(Beginning { invite: created.invite, device: Some(created.device) })
        }
        (Some(Link::Invite(invite)), None) => Ok(Beginning { invite: invite.clone(), device: None }),
        (None, None) => Err(ClientError::Misuse("give a link, or a state file that is there")),
    }
}

async fn join(args: Join) -> Result<ExitCode, ClientError> {
    let trust = args.authority.trust()?;
    let (link, state) = (args.link.as_ref(), args.state.as_deref());
    let material = args.show.as_deref().map(material_of).transpose()?;
    let beginning = begin(link, &trust, state, &args.meeting, &args.name).await?;
    let config = ParticipantConfig {
        trust,
        passcode: args.meeting.passcode.clone(),
        publish: args.sources(),
        media: None,
        files: MediaFiles {
            audio: args.audio.clone(),
            video: args.video.clone(),
            screen: args.screen.clone(),
            traced: false,
        },
        subscription: Subscription::Automatic { most: args.subscribe, height: args.height },
        admission: args.admission(),
        video_slots: args.video_slots,
        audio_slots: AUDIO_SLOTS_MAX,
        path: if args.tcp { Path::Tcp } else { Path::Udp },
        seed: u64::from(std::process::id()),
        state_file: args.state.clone(),
        ..ParticipantConfig::guest(beginning.invite.clone(), args.name.clone())
    };
    let (report, result) = attend(beginning.join(config), &args, material).await;
    match args.report {
        ReportForm::Json => print_line(&report),
        ReportForm::Table => print(report.table()),
    }
    Ok(match &result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "out");
            exit_code(error)
        }
    })
}

/// Reads text or an advisory that is to be shown in the room only. A picture is not taken: its file says more than is seen, and
/// only a browser makes it anew.
fn material_of(path: &FilePath) -> Result<(MaterialKind, MaterialBytes), ClientError> {
    let unfit =
        |reason: &dyn Display| ClientError::Material { path: path.to_owned(), reason: reason.to_string() };
    let length = std::fs::metadata(path).map_err(|error| unfit(&error))?.len();
    if length > MATERIAL_TEXT_BYTES_MAX as u64 {
        return Err(unfit(&format!("it is longer than {MATERIAL_TEXT_BYTES_MAX} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unfit(&error))?;
    let is_advisory = serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|json| json.is_object());
    let content = MaterialBytes::try_from(text.as_bytes()).map_err(|error| unfit(&error))?;
    Ok((if is_advisory { MaterialKind::Csaf } else { MaterialKind::Text }, content))
}

/// Stays in the meeting for as long as was asked, does what was asked meanwhile, and goes.
async fn attend(
    participant: Participant,
    args: &Join,
    material: Option<(MaterialKind, MaterialBytes)>,
) -> (Report, Result<(), ClientError>) {
    let over = |state: &Snapshot| state.phase == Phase::Over;
    let patience = Duration::from_secs(args.patience);
    let entered = participant.until("being let in", patience, |state| {
        state.phase == Phase::Joined || over(state) || is_wrong_passcode(state)
    });
    let entered = async { entered.await.map(|state| is_wrong_passcode(&state)) };
    let entered = match interruptible(entered).await.unwrap_or(Err(ClientError::Timeout("being let in"))) {
        Ok(true) => Err(ClientError::Passcode),
        other => other,
    };
    if let Err(error) = entered {
        let is_over = over(&participant.state());
        let (report, result) = participant.leave().await;
        return (report, if is_over { result } else { Err(error) });
    }
    for text in &args.say {
        participant.chat(text.clone());
    }
    if let Some((kind, content)) = material {
        participant.show_material(kind, content);
    }
    let mut left = args.duration.map_or(Duration::MAX, Duration::from_secs);
    let mut plan = [(args.drop_websocket_after, true), (args.replace_media_after, false)];
    plan.sort_by_key(|(after, _)| *after);
    let mut elapsed = Duration::ZERO;
    for (after, is_websocket) in plan {
        let Some(after) = after.map(Duration::from_secs).filter(|after| *after <= elapsed + left) else {
            continue;
        };
        let pause = after - elapsed;
        // Over before its time, or interrupted: nothing of the plan is left to do.
        if stay(&participant, pause).await {
            return participant.finish().await;
        }
        elapsed = after;
        left = left.saturating_sub(pause);
        if is_websocket {
            participant.drop_websocket(Duration::ZERO);
        } else {
            participant.replace_media();
        }
    }
    let is_over = stay(&participant, left).await;
    match (is_over, args.end) {
        (true, _) => participant.finish().await,
        (false, true) => participant.end().await,
        (false, false) => participant.leave().await,
    }
}

/// Returns whether the passcode that was said is not the meeting's.
fn is_wrong_passcode(state: &Snapshot) -> bool {
    let passcode = state.view.as_ref().map(|view| &view.passcode);
    state.phase == Phase::Waiting && matches!(passcode, Some(PasscodeView::Wanted { wrong: 1.., .. }))
}

/// Waits this long, or until the participant is over; returns whether it is. An interrupt ends the wait.
async fn stay(participant: &Participant, time: Duration) -> bool {
    let time = time.min(Duration::from_secs(365 * 24 * 3_600));
    let over = participant.until("the end", time, |state| state.phase == Phase::Over);
    matches!(interruptible(over).await, Some(Ok(_)))
}

/// Returns what `future` returns, or nothing if the process was asked to stop first.
async fn interruptible<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        result = future => Some(result),
        () = asked_to_stop() => None,
    }
}

/// Waits until the process is asked to stop: from the terminal, or by a service manager.
async fn asked_to_stop() {
    #[cfg(unix)]
    if let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    // Without a handler the process just ends, which is as good.
    drop(tokio::signal::ctrl_c().await);
}

async fn measure_joins(args: JoinTimesArgs) -> Result<ExitCode, ClientError> {
    let config = JoinTimesConfig {
        new: args.creator.right()?,
        trust: args.authority.trust()?,
        joins: args.joins,
        height: args.height,
        pause: Duration::from_millis(args.pause),
        suite: args.suite.into(),
    };
    let times = join_times(&config).await?;
    print_line(&times);
    Ok(if times.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure_crowd(args: CrowdArgs) -> Result<ExitCode, ClientError> {
    let report = crowd(&CrowdConfig {
        new: args.creator.right()?,
        trust: args.authority.trust()?,
        suite: args.suite.into(),
        guests: args.guests,
        over: Duration::from_secs(args.over),
        passcode: args.passcode,
        patience: CROWD_PATIENCE,
    })
    .await?;
    print_line(&report);
    let all_in = report.joined == report.guests && report.same_group_ms.is_some();
    Ok(if all_in { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run_soak(args: SoakArgs) -> Result<ExitCode, ClientError> {
    let report = soak(&SoakConfig {
        new: args.creator.right()?,
        trust: args.authority.trust()?,
        duration: Duration::from_secs(args.minutes * 60),
        guests: args.guests.max(1),
        step: Duration::from_secs(args.step.max(1)),
        server_pid: args.server_pid,
        suite: args.suite.into(),
    })
    .await?;
    print_line(&report);
    print(report.table());
    Ok(if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Authority {
    fn trust(&self) -> Result<Trust, ClientError> {
        self.ca.as_deref().map_or_else(|| Ok(Trust::default()), Trust::only)
    }
}

impl Creator {
    fn right(self) -> Result<NewMeeting, ClientError> {
        match (self.link, self.server, self.key) {
            (Some(Link::NewMeeting(new)), _, _) => Ok(new),
            (None, Some(server), Some(key)) => Ok(NewMeeting { server, key }),
            _ => Err(ClientError::Misuse("give --server and --key, or --link https://host/new#KEY")),
        }
    }
}

impl Join {
    fn admission(&self) -> Admission {
        match self.admit {
            _ if !self.admit_name.is_empty() => Admission::Named(self.admit_name.iter().cloned().collect()),
            // Who asks for a passcode does not mean everybody.
            Admit::All if self.meeting.passcode.is_none() => Admission::All,
            Admit::All | Admit::None => Admission::Asked,
        }
    }

    fn sources(&self) -> Vec<Source> {
        let has = |source: &Source| {
            self.publish.contains(&match source {
                Source::Microphone => PublishArg::Mic,
                Source::Camera => PublishArg::Camera,
                Source::Screen => PublishArg::Screen,
                Source::ScreenAudio => PublishArg::ScreenAudio,
            })
        };
        Source::ALL.into_iter().filter(has).collect()
    }
}

fn creation_key(text: &str) -> Result<MeetingKey, String> {
    text.parse::<MeetingKey>().map_err(|error| error.to_string())
}

fn pictures(text: &str) -> Result<usize, String> {
    match text {
        "all" => Ok(VIDEO_SLOTS_MAX),
        "none" => Ok(0),
        number => number.parse().map_err(|_| "all, none or a number".to_owned()),
    }
}

fn crowd_guests(text: &str) -> Result<usize, String> {
    let guests: usize = text.parse().map_err(|_| "a number".to_owned())?;
    // A room holds so many, the host included.
    let most = ROOM_PARTICIPANTS_MAX - 1;
    if (1..=most).contains(&guests) { Ok(guests) } else { Err(format!("from 1 to {most}")) }
}

fn video_slots(text: &str) -> Result<usize, String> {
    let slots: usize = text.parse().map_err(|_| "a number".to_owned())?;
    if slots <= VIDEO_SLOTS_MAX { Ok(slots) } else { Err(format!("at most {VIDEO_SLOTS_MAX}")) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn join_understands_its_options() {
        let link = format!("http://127.0.0.1:8080/m/{}#v1.AAAAAAAAAAAAAAAAAAAAAA", "a".repeat(32));
        let typed = ["sabha-client", "join", &link, "--publish", "mic,screen", "--subscribe", "3", "--tcp"];
        let Command::Join(join) = Cli::try_parse_from(typed).unwrap().command else { panic!("not a join") };

        assert_eq!(join.sources(), [Source::Microphone, Source::Screen]);
        assert_eq!((join.subscribe, join.tcp, join.admit), (3, true, Admit::All));
    }

    #[test]
    fn creation_key_may_begin_with_a_hyphen() {
        let key = format!("-{}", "A".repeat(42));
        let typed = ["sabha-client", "create", "--server", "https://a", "--key", &key, "--state", "f"];
        assert!(Cli::try_parse_from(typed).is_ok());
    }

    #[test]
    fn host_with_a_passcode_lets_in_by_it_and_not_everybody() {
        let link = format!("http://127.0.0.1:8080/new#{}", "A".repeat(43));
        let admission = |more: &[&str]| {
            let typed = [&["sabha-client", "join", &link], more].concat();
            let Command::Join(join) = Cli::try_parse_from(typed).unwrap().command else {
                panic!("not a join")
            };
            join.admission()
        };
        assert_eq!(admission(&[]), Admission::All);
        assert_eq!(admission(&["--passcode", "7KQM-2XWD"]), Admission::Asked);
        assert_eq!(
            admission(&["--admit-name", "Asha"]),
            Admission::Named(["Asha".parse().unwrap()].into_iter().collect())
        );
    }

    #[test]
    fn refusals_by_rule_have_their_own_exit_code() {
        let refused =
            ClientError::Refused { rule: sabha_protocol::Rule::KnownMeeting, message: String::new() };
        assert_eq!(exit_code(&refused), ExitCode::from(2));
        assert_eq!(exit_code(&ClientError::Passcode), ExitCode::from(2));
        assert_eq!(exit_code(&ClientError::Timeout("x")), ExitCode::from(1));
    }
}
