//! `sabha-client load`: rooms full of participants, by the name of what they do.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use sabha_protocol::limits::{AUDIO_SLOTS_ANNOUNCED_MAX, ROOM_PARTICIPANTS_MAX, SPEAKERS_FORWARDED};

use super::{Authority, Creator, ReportForm, SuiteArg, print, print_line};
use crate::{
    error::ClientError,
    load::{
        Elsewhere, ElsewhereConfig, FLOOD_PACKETS_PER_SECOND_MAX, LoadConfig, LoadReport, Scenario, load,
        load_elsewhere,
    },
};

/// Rooms that one process fills at most.
const ROOMS_MAX: u16 = 100;

/// How long everybody is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Many participants at once.
#[derive(Args, Debug)]
pub(super) struct Load {
    #[command(flatten)]
    creator: Creator,
    #[command(flatten)]
    authority: Authority,
    /// What they do: all-talking, churn, grid-9, grid-20, grid-25, idle, screen, speaker, stage or webinar.
    #[arg(value_name = "SCENARIO")]
    scenario: Scenario,
    /// Rooms, all doing the same.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=i64::from(ROOMS_MAX)))]
    rooms: u16,
    /// In each room, the one who leads it included; as the scenario has it if absent.
    #[arg(long, value_parser = participants)]
    participants: Option<usize>,
    /// Voices that each has slots for: as many as the server forwards at once (`media.voices`).
    #[arg(long, default_value_t = SPEAKERS_FORWARDED as u16, value_parser = clap::value_parser!(u16).range(1..AUDIO_SLOTS_ANNOUNCED_MAX as i64))]
    voices: u16,
    /// Throw so many packets of junk a second at the media port while it is measured: random bytes, STUN requests whose
    /// integrity is wrong, ClientHellos, and what a sender sent once more. On loopback only.
    #[arg(long, value_name = "PACKETS", value_parser = clap::value_parser!(u32).range(1..=i64::from(FLOOD_PACKETS_PER_SECOND_MAX)))]
    flood: Option<u32>,
    /// Cipher suite of the meetings.
    #[arg(long, value_enum, default_value_t = SuiteArg::XWing)]
    suite: SuiteArg,
    #[command(flatten)]
    measure: Measure,
}

/// The load of a scenario at a server that is not ours.
#[derive(Args, Debug)]
pub(super) struct LoadElsewhere {
    /// What is there: galene, janus, or plain (the example `plain_forwarder`). Galène must have a group `sabha` in which
    /// anybody with the password `sabha` may send.
    kind: Elsewhere,
    /// Where Galène or Janus has its WebSocket, without TLS, or the plain forwarder takes offers.
    address: SocketAddr,
    /// The address of this machine from which media is sent and received. Galène and
    /// Janus never use the loopback interface.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    media_ip: IpAddr,
    /// What they do: speaker, and at Janus grid-9, grid-20 or grid-25.
    #[arg(long, default_value_t = Scenario::Speaker)]
    scenario: Scenario,
    /// Who watches, the sender not included; a grid watches itself.
    #[arg(long, default_value_t = 99, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    viewers: u16,
    #[command(flatten)]
    measure: Measure,
}

/// How it is measured, and told.
#[derive(Args, Debug)]
struct Measure {
    /// Seconds to wait before it is measured, once everybody is in.
    #[arg(long, default_value_t = 8)]
    warm_up: u64,
    /// Seconds to measure.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Of so many streams, one is opened and its frames compared with what was sealed.
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    open_one_in: u16,
    /// Of so many receivers who only watch, one checks what comes; the others count packets by what is clear in their headers,
    /// and cost this process a fraction. Everybody checks, if it is 1.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    check_one_in: u16,
    /// Makes media differ from that of another run; the same seed gives the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Process id of the server, to read its processor time and memory.
    #[arg(long)]
    server_pid: Option<u32>,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t = ReportForm::Json)]
    report: ReportForm,
}

/// Runs the load. It fails if somebody did not get in, or a frame was not what was sealed.
pub(super) async fn run(args: Load) -> Result<ExitCode, ClientError> {
    let report = load(&LoadConfig {
        new: args.creator.right()?,
        trust: args.authority.trust()?,
        suite: args.suite.into(),
        scenario: args.scenario,
        rooms: args.rooms.into(),
        participants: args.participants,
        voices: args.voices.into(),
        flood: args.flood,
        warm_up: Duration::from_secs(args.measure.warm_up),
        duration: Duration::from_secs(args.measure.seconds),
        open_one_in: args.measure.open_one_in.into(),
        check_one_in: args.measure.check_one_in.into(),
        seed: args.measure.seed,
        server_pid: args.measure.server_pid,
        patience: PATIENCE,
    })
    .await?;
    Ok(tell(&report, args.measure.report))
}

/// Runs the load at another server. It fails as [`run`] does.
pub(super) async fn run_elsewhere(args: LoadElsewhere) -> Result<ExitCode, ClientError> {
    let report = load_elsewhere(&ElsewhereConfig {
        kind: args.kind,
        address: args.address,
        media_ip: args.media_ip,
        scenario: args.scenario,
        viewers: args.viewers.into(),
        warm_up: Duration::from_secs(args.measure.warm_up),
        duration: Duration::from_secs(args.measure.seconds),
        open_one_in: args.measure.open_one_in.into(),
        check_one_in: args.measure.check_one_in.into(),
        seed: args.measure.seed,
        server_pid: args.measure.server_pid,
        patience: PATIENCE,
    })
    .await?;
    Ok(tell(&report, args.measure.report))
}

fn tell(report: &LoadReport, form: ReportForm) -> ExitCode {
    match form {
        ReportForm::Json => print_line(report),
        ReportForm::Table => print(report.table()),
    }
    let is_sound = report.absent == 0 && report.video.wrong + report.audio.wrong == 0;
    if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn participants(text: &str) -> Result<usize, String> {
    let count: usize = text.parse().map_err(|_| "a number".to_owned())?;
    let range = 2..=ROOM_PARTICIPANTS_MAX;
    if range.contains(&count) { Ok(count) } else { Err(format!("from 2 to {ROOM_PARTICIPANTS_MAX}")) }
}
