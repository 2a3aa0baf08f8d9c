//! The load of the scenario `speaker` at servers that are not ours, for comparison: one sender, and viewers.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{
    Accounts, Gauge, LoadReport, Scenario,
    endpoint::{Endpoint, Running},
    janus::Janus,
    no_process, plain,
    report::Setting,
    room::Join,
};
use crate::{
    error::ClientError,
    process::{process_time, sample_process},
};

/// Servers that can be loaded beside ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// Janus with its VideoRoom plugin, by its WebSocket.
    Janus,
    /// The example `plain_forwarder`: str0m, and a loop.
    Plain,
}

/// What to load it with.
#[derive(Clone, Debug)]
pub struct ElsewhereConfig {
    /// What is there.
    pub kind: Elsewhere,
    /// Where it takes offers, or hands them out.
    pub address: SocketAddr,
    /// The address of ours from which media is sent and received.
    pub media_ip: IpAddr,
    /// Who watches, the sender not included.
    pub viewers: usize,
    /// How long they are left alone before it is measured.
    pub warm_up: Duration,
    /// How long it is measured.
    pub duration: Duration,
    /// One stream in so many is opened and checked.
    pub open_one_in: usize,
    /// The same seed gives the same media.
    pub seed: u64,
    /// The server's process.
    pub server_pid: Option<u32>,
    /// How long to wait for each to be connected.
    pub patience: Duration,
}

/// The way in.
enum Door {
    Janus(Box<Janus>),
    Plain(SocketAddr),
}

/// Runs the load, and returns what came of it.
///
/// # Errors
/// When the sender cannot be connected, or the server's process is not one. Viewers that are not connected are counted.
pub async fn load_elsewhere(config: &ElsewhereConfig) -> Result<LoadReport, ClientError> {
    let gauge = Arc::new(Gauge::new(config.open_one_in));
    let idle = config.server_pid.map(sample_process).transpose().map_err(no_process)?;
    let mut door = match config.kind {
        Elsewhere::Janus => Door::Janus(Box::new(Janus::connect(config.address).await?)),
        Elsewhere::Plain => Door::Plain(config.address),
    };
    let mut sender = door.sender(config, &gauge).await?;
    if !sender.until_connected(config.patience).await {
        return Err(ClientError::Timeout("connecting the sender"));
    }
    let (mut viewers, mut joins, mut absent) = (Vec::new(), Vec::new(), 0);
    for number in 1..=config.viewers {
        let start = Instant::now();
        let mut viewer = door.viewer(config, number, &gauge).await?;
        if viewer.until_connected(config.patience).await {
            let connected_ms = Some(start.elapsed().as_millis() as u64);
            joins.push(Join { joined_ms: None, connected_ms });
            viewers.push(viewer);
        } else {
            absent += 1;
            drop(viewer.stop().await);
        }
    }
    sleep(config.warm_up).await;
    door.keep_alive().await?;

    let own = process_time(std::process::id()).ok();
    let server = config.server_pid.map(Accounts::open).transpose().map_err(no_process)?;
    gauge.begin();
    let begun = Instant::now();
    sleep(config.duration).await;
    gauge.end();
    let lasted = begun.elapsed();
    let server = server.map(|accounts| accounts.close(idle)).transpose().map_err(no_process)?;
    let own = own.zip(process_time(std::process::id()).ok()).map(|(before, after)| after.since(before));

    let setting = Setting {
        scenario: Scenario::Speaker.to_string(),
        rooms: 1,
        participants: config.viewers + 1,
        open_one_in: config.open_one_in,
    };
    let mut report = LoadReport::new(setting, lasted, &joins, server, own);
    report.absent = absent;
    report.absorb_endpoint(0, &sender.stop().await);
    for (number, viewer) in viewers.into_iter().enumerate() {
        report.absorb_endpoint(number as u32 + 1, &viewer.stop().await);
    }
    report.sum();
    Ok(report)
}

impl Door {
    async fn sender(&mut self, config: &ElsewhereConfig, gauge: &Arc<Gauge>) -> Result<Running, ClientError> {
        let (mut sender, offer) = Endpoint::sender(config.media_ip, config.seed, gauge).await?;
        let answer = match self {
            Self::Janus(janus) => janus.publish(&offer).await?,
            Self::Plain(address) => plain::exchange(*address, &offer, true).await?,
        };
        sender.accept(&answer)?;
        Ok(sender.start())
    }

    async fn viewer(
        &mut self,
        config: &ElsewhereConfig,
        number: usize,
        gauge: &Arc<Gauge>,
    ) -> Result<Running, ClientError> {
        match self {
            Self::Janus(janus) => {
                let (handle, offer) = janus.subscribe().await?;
                let (viewer, answer) = Endpoint::viewer_of(&offer, config.media_ip, number, gauge).await?;
                janus.start(handle, &answer).await?;
                Ok(viewer.start())
            }
            Self::Plain(address) => {
                let (mut viewer, offer) = Endpoint::viewer(config.media_ip, number, gauge).await?;
                viewer.accept(&plain::exchange(*address, &offer, false).await?)?;
                Ok(viewer.start())
            }
        }
    }

    async fn keep_alive(&mut self) -> Result<(), ClientError> {
        match self {
            Self::Janus(janus) => janus.keep_alive().await,
            Self::Plain(_) => Ok(()),
        }
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Janus => "janus",
            Self::Plain => "plain",
        })
    }
}

impl FromStr for Elsewhere {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "janus" => Ok(Self::Janus),
            "plain" => Ok(Self::Plain),
            _ => Err("janus or plain"),
        }
    }
}
