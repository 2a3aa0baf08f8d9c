//! The command line: what was typed, and what is done about it.
//!
//! Standard output carries JSON, one object a line, and nothing else (tables with `--report table`);
//! diagnostics go to standard error. Exit codes: 0 done; 2 refused, denied or removed, with the rule in the
//! JSON; 1 anything else.

use std::{fmt::Display, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use sabha_protocol::{
    DisplayName, MeetingTitle, Source,
    limits::{AUDIO_SLOTS_MAX, VIDEO_SLOTS_MAX},
    secret::{CreationKey, HostToken},
};
use serde::Serialize;

use crate::{
    error::ClientError,
    http::{CreatedMeeting, create_meeting},
    link::{Link, NewMeeting, Server},
    media::Path,
    participant::{Admission, Entry, Participant, ParticipantConfig, Phase, Subscription},
    report::Report,
    scenario::{JoinTimesConfig, SoakConfig, join_times, soak},
    source::MediaFiles,
};

/// A participant of Sabha meetings without a screen.
#[derive(Debug, Parser)]
#[command(name = "sabha-client", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create a meeting and print its invite link and host token.
    Create(Create),
    /// Join a meeting, and print what was received at the end.
    Join(Box<Join>),
    /// Measure how long joining takes.
    JoinTimes(JoinTimesArgs),
    /// Let people come, go, share and drop out for minutes, and compare the server before and after.
    Soak(SoakArgs),
}

/// Where meetings may be created: `--server` and `--key`, or the link that the server printed.
#[derive(Args, Debug)]
struct Creator {
    /// The link with which the server invites to create meetings: http://host/new#KEY
    #[arg(long, env = "SABHA_NEW_MEETING_URL", hide_env_values = true, conflicts_with_all = ["server", "key"])]
    link: Option<Link>,
    /// The server: http://host:port
    #[arg(long, requires = "key")]
    server: Option<Server>,
    /// The creation key.
    #[arg(long, env = "SABHA_CREATION_KEY", hide_env_values = true, value_parser = creation_key)]
    key: Option<CreationKey>,
}

#[derive(Args, Debug)]
struct Create {
    #[command(flatten)]
    creator: Creator,
    /// Title of the meeting.
    #[arg(long)]
    title: Option<MeetingTitle>,
}

#[derive(Args, Debug)]
struct Join {
    /// An invite (http://host/m/ID#v1.SECRET), or the right to create (http://host/new#KEY): then a meeting is
    /// created, its invite printed, and joined as host.
    link: Link,
    /// Name to be shown.
    #[arg(long, default_value = "Headless")]
    name: DisplayName,
    /// Enter as host with this token.
    #[arg(long, env = "SABHA_HOST_TOKEN", hide_env_values = true, value_parser = host_token)]
    host_token: Option<HostToken>,
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
    /// Host: end the meeting for everybody when the time is up.
    #[arg(long)]
    end: bool,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t = ReportForm::Json)]
    report: ReportForm,
}

#[derive(Args, Debug)]
struct JoinTimesArgs {
    #[command(flatten)]
    creator: Creator,
    /// How many joins.
    #[arg(long, default_value_t = 30)]
    joins: usize,
    /// Height of the tile to ask for, in pixels.
    #[arg(long, default_value_t = 360, value_parser = clap::value_parser!(u16).range(1..=2160))]
    height: u16,
    /// Milliseconds between two joins. Below 500, the limit on key frames is what is measured.
    #[arg(long, default_value_t = 1_000)]
    pause: u64,
}

#[derive(Args, Debug)]
struct SoakArgs {
    #[command(flatten)]
    creator: Creator,
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
    host_token: String,
}

/// Line of output when something failed before there was anything to report.
#[derive(Serialize)]
struct FailedLine {
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<sabha_protocol::Rule>,
}

impl Cli {
    /// Does what was typed and returns the exit code.
    pub async fn run(self) -> ExitCode {
        let result = match self.command {
            Command::Create(args) => create(args).await,
            Command::Join(args) => join(*args).await,
            Command::JoinTimes(args) => measure_joins(args).await,
            Command::Soak(args) => run_soak(args).await,
        };
        match result {
            Ok(code) => code,
            Err(error) => {
                let rule = match &error {
                    ClientError::Refused { rule, .. } => Some(*rule),
                    _ => None,
                };
                print_line(&FailedLine { error: error.to_string(), rule });
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
    let created = create_meeting(&args.creator.right()?, args.title).await?;
    print_line(&CreatedLine::new(&created));
    Ok(ExitCode::SUCCESS)
}

async fn join(args: Join) -> Result<ExitCode, ClientError> {
    let (invite, host_token) = match &args.link {
        Link::Invite(invite) => (invite.clone(), args.host_token.clone()),
        Link::NewMeeting(new) => {
            let created = create_meeting(new, None).await?;
            print_line(&CreatedLine::new(&created));
            (created.invite, Some(created.host_token))
        }
    };
    let config = ParticipantConfig {
        invite,
        entry: host_token.map_or(Entry::Guest, Entry::Host),
        name: args.name.clone(),
        publish: args.sources(),
        media: None,
        files: MediaFiles {
            audio: args.audio.clone(),
            video: args.video.clone(),
            screen: args.screen.clone(),
        },
        subscription: Subscription::Automatic { most: args.subscribe, height: args.height },
        admission: if args.admit == Admit::All { Admission::All } else { Admission::Asked },
        video_slots: args.video_slots,
        audio_slots: AUDIO_SLOTS_MAX,
        path: if args.tcp { Path::Tcp } else { Path::Udp },
        seed: u64::from(std::process::id()),
    };
    let (report, result) = attend(Participant::join(config), &args).await;
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

/// Stays in the meeting for as long as was asked, does what was asked meanwhile, and goes.
async fn attend(participant: Participant, args: &Join) -> (Report, Result<(), ClientError>) {
    let over = |state: &crate::participant::Snapshot| state.phase == Phase::Over;
    let patience = Duration::from_secs(args.patience);
    let entered =
        participant.until("being let in", patience, |state| state.phase == Phase::Joined || over(state));
    if let Err(error) = interruptible(entered).await.unwrap_or(Err(ClientError::Timeout("being let in"))) {
        let is_over = over(&participant.state());
        let (report, result) = participant.leave().await;
        return (report, if is_over { result } else { Err(error) });
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
        _ = tokio::signal::ctrl_c() => None,
    }
}

async fn measure_joins(args: JoinTimesArgs) -> Result<ExitCode, ClientError> {
    let config = JoinTimesConfig {
        new: args.creator.right()?,
        joins: args.joins,
        height: args.height,
        pause: Duration::from_millis(args.pause),
    };
    let times = join_times(&config).await?;
    print_line(&times);
    Ok(if times.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run_soak(args: SoakArgs) -> Result<ExitCode, ClientError> {
    let report = soak(&SoakConfig {
        new: args.creator.right()?,
        duration: Duration::from_secs(args.minutes * 60),
        guests: args.guests.max(1),
        step: Duration::from_secs(args.step.max(1)),
        server_pid: args.server_pid,
    })
    .await?;
    print_line(&report);
    print(report.table());
    Ok(if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Creator {
    fn right(self) -> Result<NewMeeting, ClientError> {
        match (self.link, self.server, self.key) {
            (Some(Link::NewMeeting(new)), _, _) => Ok(new),
            (None, Some(server), Some(key)) => Ok(NewMeeting { server, key }),
            _ => Err(ClientError::Misuse("give --server and --key, or --link http://host/new#KEY")),
        }
    }
}

impl Join {
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

impl CreatedLine {
    fn new(created: &CreatedMeeting) -> Self {
        Self { invite: created.invite.expose(), host_token: created.host_token.clone().into() }
    }
}

fn creation_key(text: &str) -> Result<CreationKey, String> {
    CreationKey::try_from(text.to_owned()).map_err(|error| error.to_string())
}

fn host_token(text: &str) -> Result<HostToken, String> {
    HostToken::try_from(text.to_owned()).map_err(|error| error.to_string())
}

fn pictures(text: &str) -> Result<usize, String> {
    match text {
        "all" => Ok(VIDEO_SLOTS_MAX),
        "none" => Ok(0),
        number => number.parse().map_err(|_| "all, none or a number".to_owned()),
    }
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
    fn refusals_by_rule_have_their_own_exit_code() {
        let refused =
            ClientError::Refused { rule: sabha_protocol::Rule::KnownMeeting, message: String::new() };
        assert_eq!(exit_code(&refused), ExitCode::from(2));
        assert_eq!(exit_code(&ClientError::Timeout("x")), ExitCode::from(1));
    }
}
