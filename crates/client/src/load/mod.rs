//! Many participants in one process, as a load on a server, and what came of it.
//!
//! ```text
//!   Scenario ──► rooms ──► Participants (crate::participant): the whole protocol, from the knock to SFrame
//!                             │   sends traced media: sizes as encoders make them, contents that can be checked
//!                             │
//!                      Gauge, shared: send times, what is measured when, which streams are opened
//!                             │
//!            SendMeter ───────┴─────── Meter ──► LoadReport (JSON, or a table)
//! ```
//! Every packet passes ICE, DTLS and SRTP at both ends. Frames are opened, and compared with what was sealed, in one
//! stream of so many; of every packet the way is timed, from when the sender hands it on to when the receiver's kernel has
//! it, so that a receiver that is late at reading does not count as a server that is late at sending. Where that would make
//! this process the bottleneck, most receivers only count ([`Gauge::checking_one_in`]).

mod elsewhere;
mod endpoint;
mod flood;
mod galene;
mod gauge;
mod histogram;
mod janus;
mod meter;
mod outgoing;
mod plain;
mod report;
mod room;
mod scenario;
mod send_times;
mod stamp;
mod trace;

pub use elsewhere::{Elsewhere, ElsewhereConfig, load_elsewhere};
pub(crate) use flood::Capture;
pub(crate) use flood::FLOOD_PACKETS_PER_SECOND_MAX;
pub use flood::FloodLoad;
pub use gauge::Gauge;
pub use histogram::Latency;
pub(crate) use meter::{Arrival, Measured, Meter};
pub(crate) use outgoing::SendMeter;
pub use outgoing::SentStream;
pub use report::{LoadReport, ServerLoad, StreamLoad, Totals};
pub use scenario::Scenario;
pub(crate) use trace::{TracedAudio, TracedCamera, TracedScreen};

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use sabha_crypto::device::MeetingSuite;
use tokio::time::sleep;

use self::{
    flood::Flood,
    report::Setting,
    room::{Room, Stay},
};
use crate::{
    error::ClientError,
    link::NewMeeting,
    process::{ProcessSample, ProcessTime, process_time, sample_process},
    tls::Trust,
};

/// Rooms that are filled at the same time. Whoever comes changes a group, and each of its members follows: hundreds at once keep a
/// core busy for longer than anybody waits to be let in.
const ROOMS_AT_ONCE: usize = 3;

/// What to load a server with.
#[derive(Clone, Debug)]
pub struct LoadConfig {
    /// Where.
    pub new: NewMeeting,
    /// Whose word is taken on who that is.
    pub trust: Trust,
    /// The meetings' cipher suite.
    pub suite: MeetingSuite,
    /// What they do.
    pub scenario: Scenario,
    /// Rooms, all with the same scenario.
    pub rooms: usize,
    /// In each room, the lead included; as the scenario has it if absent.
    pub participants: Option<usize>,
    /// Voices that each has slots for; more than usual is of use only where the server forwards more.
    pub voices: usize,
    /// How long they are left alone before it is measured: layers rise, and the group settles.
    pub warm_up: Duration,
    /// How long it is measured.
    pub duration: Duration,
    /// One stream in so many is opened and checked.
    pub open_one_in: usize,
    /// One receiver in so many, of those who only watch, checks what comes; the others count it by its headers.
    pub check_one_in: usize,
    /// Makes media differ from that of another load; the same seed gives the same.
    pub seed: u64,
    /// Packets of junk a second that are thrown at the media port while it is measured; only on loopback.
    pub flood: Option<u32>,
    /// The server's process, if it is on this machine and its time and memory are wanted.
    pub server_pid: Option<u32>,
    /// How long to wait for everybody of a room to be in.
    pub patience: Duration,
}

/// What the server used while it was measured, as long as anybody asked for it.
struct Accounts {
    pid: u32,
    before: ProcessTime,
    sample: ProcessSample,
    since: Instant,
}

/// Runs a load, and returns what came of it.
///
/// # Errors
/// When a meeting cannot be opened, or the server's process is not one. Participants that do not get in are in the report.
pub async fn load(config: &LoadConfig) -> Result<LoadReport, ClientError> {
    let gauge = Gauge::new(config.open_one_in);
    let gauge = match config.scenario {
        Scenario::Idle => gauge.of_silence()?,
        _ => gauge.checking_one_in(config.check_one_in)?,
    };
    let gauge = Arc::new(if config.flood.is_some() { gauge.with_capture() } else { gauge });
    let idle = config.server_pid.map(sample_process).transpose().map_err(no_process)?;
    let mut rooms = Vec::new();
    for number in 0..config.rooms.max(1) {
        rooms.push(Room::open(config, &gauge, number).await?);
    }
    stream::iter(&mut rooms)
        .map(Ok)
        .try_for_each_concurrent(ROOMS_AT_ONCE, |room| room.fill(config, &gauge))
        .await?;
    let joins: Vec<_> = rooms.iter().flat_map(Room::joins).collect();
    sleep(config.warm_up).await;

    let own = process_time(std::process::id()).ok();
    let server = config.server_pid.map(Accounts::open).transpose().map_err(no_process)?;
    gauge.begin();
    let begun = Instant::now();
    let capture = gauge.capture.as_ref();
    let flood = config.flood.zip(capture).map(|(rate, capture)| capture.flood(rate)).transpose()?;
    let stays = rooms.iter_mut().map(|room| room.stay(config, &gauge));
    let stays: Vec<Stay> = futures_util::future::try_join_all(stays).await?;
    gauge.end();
    let lasted = begun.elapsed();
    let flood = flood.map(Flood::stop);
    let server = server.map(|accounts| accounts.close(idle)).transpose().map_err(no_process)?;
    let own = own.zip(process_time(std::process::id()).ok()).map(|(before, after)| after.since(before));

    let setting = Setting {
        scenario: config.scenario.to_string(),
        rooms: config.rooms.max(1),
        participants: config.participants.unwrap_or(config.scenario.plan().participants),
        open_one_in: config.open_one_in.max(1),
        check_one_in: config.check_one_in.max(1),
    };
    let mut report = LoadReport::new(setting, lasted, &joins, server, own);
    report.flood = flood;
    for (number, (room, stay)) in rooms.into_iter().zip(stays).enumerate() {
        report.absorb(number, &room.close().await, stay);
    }
    report.sum();
    Ok(report)
}

impl Accounts {
    fn open(pid: u32) -> io::Result<Self> {
        Ok(Self { pid, before: process_time(pid)?, sample: sample_process(pid)?, since: Instant::now() })
    }

    fn close(self, idle: Option<ProcessSample>) -> io::Result<ServerLoad> {
        let spent = process_time(self.pid)?.since(self.before);
        let now = sample_process(self.pid)?;
        let samples = [idle.unwrap_or_default(), self.sample, now];
        Ok(ServerLoad::new(spent, self.since.elapsed(), samples))
    }
}

fn no_process(error: io::Error) -> ClientError {
    ClientError::connection("reading the figures of the server's process", error)
}
