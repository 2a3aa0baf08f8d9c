//! The load of a scenario at servers that are not ours, for comparison: senders, and viewers.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use sabha_protocol::Layer;
use tokio::time::sleep;

use super::{
    Accounts, Gauge, LoadReport, Scenario,
    endpoint::{Endpoint, Place, Running},
    galene::Galene,
    janus::{Janus, Subscribed},
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
    /// Galène, by its WebSocket, with a group for the load.
    Galene,
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
    /// What they do: [`Scenario::Speaker`], or a grid.
    pub scenario: Scenario,
    /// Who only watches, of a scenario in which anybody does.
    pub viewers: usize,
    /// How long they are left alone before it is measured.
    pub warm_up: Duration,
    /// How long it is measured.
    pub duration: Duration,
    /// One stream in so many is opened and checked.
    pub open_one_in: usize,
    /// One receiver in so many, of those who only watch, checks what comes; the others count it by its headers.
    pub check_one_in: usize,
    /// The same seed gives the same media.
    pub seed: u64,
    /// The server's process.
    pub server_pid: Option<u32>,
    /// How long to wait for each to be connected.
    pub patience: Duration,
}

/// Who is there.
#[derive(Clone, Copy, Debug)]
struct Cast {
    senders: usize,
    viewers: usize,
    /// Whether the viewers are the senders, each watching the others.
    watch_each_other: bool,
    /// What is sent of each camera.
    layer: Layer,
}

/// The way in.
enum Door {
    Galene(Galene),
    Janus(Box<Janus>),
    Plain(SocketAddr),
}

/// Runs the load, and returns what came of it.
///
/// # Errors
/// When the sender cannot be connected, or the server's process is not one. Viewers that are not connected are counted.
pub async fn load_elsewhere(config: &ElsewhereConfig) -> Result<LoadReport, ClientError> {
    let gauge = Arc::new(Gauge::new(config.open_one_in).checking_one_in(config.check_one_in)?);
    let idle = config.server_pid.map(sample_process).transpose().map_err(no_process)?;
    let cast = Cast::of(config)?;
    let mut door = match config.kind {
        Elsewhere::Janus => Door::Janus(Box::new(Janus::connect(config.address, cast.senders).await?)),
        // At Galène a viewer of several would have a connection to each.
        Elsewhere::Galene | Elsewhere::Plain if cast.senders > 1 => {
            return Err(ClientError::Misuse("only Janus is loaded with more than one sender"));
        }
        Elsewhere::Galene => Door::Galene(Galene::new(config.address)),
        Elsewhere::Plain => Door::Plain(config.address),
    };
    let mut senders = Vec::new();
    for number in 0..cast.senders {
        let mut sender = door.sender(config, cast, number, &gauge).await?;
        if !sender.until_connected(config.patience).await {
            return Err(ClientError::Timeout("connecting a sender"));
        }
        senders.push(sender);
    }
    let (mut viewers, mut joins, mut absent) = (Vec::new(), Vec::new(), 0);
    for number in 0..cast.viewers {
        let start = Instant::now();
        let mut viewer = door.viewer(config, cast, number, &gauge).await?;
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
        scenario: config.scenario.to_string(),
        rooms: 1,
        participants: if cast.watch_each_other { cast.senders } else { cast.senders + cast.viewers },
        open_one_in: config.open_one_in,
        check_one_in: config.check_one_in.max(1),
    };
    let mut report = LoadReport::new(setting, lasted, &joins, server, own);
    report.absent = absent;
    for (number, endpoint) in senders.into_iter().chain(viewers).enumerate() {
        report.absorb_endpoint(number as u32, &endpoint.stop().await);
    }
    report.sum();
    Ok(report)
}

impl Cast {
    fn of(config: &ElsewhereConfig) -> Result<Self, ClientError> {
        let plan = config.scenario.plan();
        let layer = match plan.height {
            0..=180 => Layer::Low,
            181..=360 => Layer::Medium,
            _ => Layer::High,
        };
        match config.scenario {
            Scenario::Speaker => {
                Ok(Self { senders: 1, viewers: config.viewers, watch_each_other: false, layer })
            }
            Scenario::Grid9 | Scenario::Grid20 | Scenario::Grid25 => {
                let all = plan.participants;
                Ok(Self { senders: all, viewers: all, watch_each_other: true, layer })
            }
            _ => Err(ClientError::Misuse("elsewhere there are only speaker and grids")),
        }
    }

    /// Returns the place of the viewer with this number: after the senders, also if it is one of them, for it has a
    /// connection of its own.
    const fn viewer(self, number: usize) -> Place {
        Place { number: self.senders + number, senders: self.senders }
    }
}

impl Door {
    async fn sender(
        &mut self,
        config: &ElsewhereConfig,
        cast: Cast,
        number: usize,
        gauge: &Arc<Gauge>,
    ) -> Result<Running, ClientError> {
        let place = Place { number, senders: cast.senders };
        let media = (cast.layer, config.seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
        let (mut sender, offer) = Endpoint::sender(config.media_ip, place, media, gauge).await?;
        let answer = match self {
            Self::Galene(galene) => galene.publish(&offer).await?,
            Self::Janus(janus) => janus.publish(&offer).await?,
            Self::Plain(address) => plain::exchange(*address, &offer, true).await?,
        };
        sender.accept(&answer)?;
        Ok(sender.start())
    }

    async fn viewer(
        &mut self,
        config: &ElsewhereConfig,
        cast: Cast,
        number: usize,
        gauge: &Arc<Gauge>,
    ) -> Result<Running, ClientError> {
        let (ip, place) = (config.media_ip, cast.viewer(number));
        match self {
            Self::Galene(galene) => {
                let requested = galene.request().await?;
                let (viewer, answer) =
                    Endpoint::viewer_of(&requested.offer, |_| Some(0), ip, place, gauge).await?;
                galene.start(requested, &answer).await?;
                Ok(viewer.start())
            }
            Self::Janus(janus) => {
                let but = cast.watch_each_other.then_some(number);
                let Subscribed { handle, offer, senders } = janus.subscribe(but).await?;
                let sender = |mid: &str| senders.get(mid).copied();
                let (viewer, answer) = Endpoint::viewer_of(&offer, sender, ip, place, gauge).await?;
                janus.start(handle, &answer).await?;
                Ok(viewer.start())
            }
            Self::Plain(address) => {
                let (mut viewer, offer) = Endpoint::viewer(ip, place, gauge).await?;
                viewer.accept(&plain::exchange(*address, &offer, false).await?)?;
                Ok(viewer.start())
            }
        }
    }

    async fn keep_alive(&mut self) -> Result<(), ClientError> {
        match self {
            Self::Janus(janus) => janus.keep_alive().await,
            Self::Galene(_) | Self::Plain(_) => Ok(()),
        }
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Galene => "galene",
            Self::Janus => "janus",
            Self::Plain => "plain",
        })
    }
}

impl FromStr for Elsewhere {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "galene" => Ok(Self::Galene),
            "janus" => Ok(Self::Janus),
            "plain" => Ok(Self::Plain),
            _ => Err("galene, janus or plain"),
        }
    }
}
