//! A whole server: what is started in which order, and how it stops.
//!
//! ```text
//! data directory (lock, key) ─► store ─► TCP port ─► UDP port, media threads ─► signalling ─► HTTP
//! ```
//! Whatever fails, what was started before is given back, and nothing that was stored has changed. A server
//! started on port 0 takes any free one, so that tests can run many.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use sabha_protocol::{
    BootEpoch,
    secret::{CreationKey, LinkToken},
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};

use crate::{
    accounts::{self, Accounts, Passwords, Provider},
    bulletin, clock,
    config::{ConfigError, PublicUrl, Settings},
    data_dir::{DataDir, DataDirError},
    drain::Drain,
    http::{self, Acceptor, Route, Shared},
    mail::{Post, Queue, Wake},
    media::{MediaConfig, MediaPlane},
    metrics,
    notices::{Bell, Notices, Targets, Telling},
    policy::Floor,
    retention,
    signalling::{AddressLimits, Addresses, LobbyShares, RoomsConfig, Signalling, TokenBucket},
    storage::{AccountError, Store, StoreError},
    throttle::{NetworkThrottle, Pace},
};

/// Events of the media plane that may wait to be handed to rooms.
const MEDIA_EVENTS_MAX: usize = 8192;

/// Time in which every connection has been told goodbye, unless something hangs.
const GOODBYE_MAX: Duration = Duration::from_secs(15);

/// TCP connections for each WebSocket allowed: a page loads over several, and media may need one.
const TCP_PER_WEBSOCKET: usize = 3;

/// TCP connections always allowed, however few WebSockets are.
const TCP_LEAST: usize = 64;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The settings do not say where data belongs, or are wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system does not give what every program needs.
    #[error("the process cannot run")]
    System(#[source] io::Error),
    /// The TCP address cannot be listened on.
    #[error("cannot listen on {address} (TCP)")]
    Tcp {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The UDP address cannot be listened on, or the media threads do not start.
    #[error("cannot listen on {address} (UDP, media)")]
    Media {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl StartError {
    /// Returns what the administrator can do about it.
    pub fn remedy(&self) -> String {
        let listen = |source: &io::Error, option: &str| match source.kind() {
            io::ErrorKind::AddrInUse => {
                format!("Another program uses this port. Stop it, or choose another with {option}.")
            }
            io::ErrorKind::AddrNotAvailable => {
                format!("This machine does not have this address. Choose another with {option}.")
            }
            io::ErrorKind::PermissionDenied => format!(
                "Ports below 1024 need a privilege (CAP_NET_BIND_SERVICE). Grant it, or choose another with {option}."
            ),
            _ => format!("Choose another address with {option}."),
        };
        match self {
            Self::Config(ConfigError::NoDataDir) => "Say where with --data DIRECTORY.".to_owned(),
            Self::Config(_) => "Correct the setting; deploy/sabha.toml explains each.".to_owned(),
            Self::DataDir(DataDirError::InUse { .. }) => {
                "Stop the other server, or choose another directory with --data.".to_owned()
            }
            Self::DataDir(DataDirError::KeyDamaged { .. }) => {
                "Restore the file from a backup. Without it, delete \
                the file: a new key is made, and links to start a meeting have to be handed out again."
                    .to_owned()
            }
            Self::DataDir(DataDirError::NoRandomness) => {
                "Start again once the system has booted fully.".to_owned()
            }
            Self::DataDir(_) => {
                "Make the directory writable for this user, or choose another with --data.".to_owned()
            }
            Self::Store(StoreError::Damaged { .. }) => {
                "The file was left as it is. Restore it from a backup, or \
                move it away to start with an empty database."
                    .to_owned()
            }
            Self::Store(StoreError::Newer { .. }) => {
                "The file was left as it is. Run the version of Sabha that \
                wrote it, or a newer one."
                    .to_owned()
            }
            Self::Store(StoreError::NotOurs { .. }) => {
                "The file was left as it is. Choose another directory with --data.".to_owned()
            }
            Self::Store(_) => "Check that the disk has space and the file belongs to this user.".to_owned(),
            Self::System(_) => "Check the limits of the system on threads and open files.".to_owned(),
            Self::Tcp { source, .. } => listen(source, "--listen"),
            Self::Media { source, .. } => listen(source, "--media-port"),
        }
    }
}

/// A running server. Stopped by [`Server::stop`]; dropping it without leaves its tasks running.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    url: PublicUrl,
    creation_key: CreationKey,
    setup_url: Option<String>,
    account_routes: Vec<Route>,
    settings: Settings,
    media: MediaPlane,
    signalling: Signalling,
    store: Store,
    drain: Drain,
    accepting: JoinHandle<()>,
    forgetting: JoinHandle<()>,
    mirroring: Option<JoinHandle<()>>,
    /// What sends mails, tells webhooks, and lists what was published before there were listings.
    telling: Vec<JoinHandle<()>>,
    data_dir: DataDir,
}

impl Server {
    /// Starts a server.
    ///
    /// # Errors
    /// [`StartError`], with [`StartError::remedy`].
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        metrics::start();
        let data_dir = DataDir::open(&settings.data_dir()?)?;
        let store = Store::open(data_dir.path()).await?;
        let floor = Floor::follow(store.clone()).await?;
        let asked = settings.server.listen;
        let tcp_failed = |source| StartError::Tcp { address: asked, source };
        let listener = TcpListener::bind(asked).await.map_err(tcp_failed)?;
        let address = listener.local_addr().map_err(tcp_failed)?;

        let (events_in, events) = mpsc::channel(MEDIA_EVENTS_MAX);
        let media = start_media(&settings, address, events_in)?;
        let drain = Drain::default();
        let boot_epoch = BootEpoch(clock::unix_ms());
        let signalling = Signalling::start(
            RoomsConfig {
                store: store.clone(),
                media: media.clone(),
                drain: drain.clone(),
                boot_epoch,
                floor: floor.clone(),
                resume_key: data_dir.key().resume_key(),
                mail_keys: data_dir.key().mail_keys(),
                rooms_max: settings.limits.rooms,
                knocks: settings.limits.knocks(),
                wrong_passcodes: settings.limits.wrong_passcodes(),
                door_per_second: settings.limits.door_per_second,
                lobby: LobbyShares {
                    per_address: settings.limits.lobby_per_address,
                    per_network: settings.limits.lobby_per_network,
                },
            },
            events,
        );
        let url = settings.server.public_url.clone().unwrap_or_else(|| PublicUrl::of_listener(address));
        let (post, wake) = (Post::new(&settings.mail, &url)?, Wake::default());
        let aggregator = bulletin::Aggregator::new(&settings.bulletin.aggregator, &url, data_dir.key())?;
        let aggregator = aggregator.map(Arc::new);
        let tls = accounts::authorities(settings.bulletin.webhooks.ca_file.as_deref())
            .map_err(|error| ConfigError::Invalid(format!("bulletin.webhooks.ca_file: {error}")))?;
        let telling = Telling {
            bell: Bell::default(),
            secrets: data_dir.key().webhook_secrets(),
            targets: Targets::new(settings.bulletin.webhooks.networks.clone()),
        };
        let creation_key = data_dir.key().creation_key();
        let meetings = f64::from(settings.limits.meetings_per_minute);
        let tcp = Addresses::new(tcp_limits(&settings));
        let provider = bulletin::Provider::new(&settings.bulletin.provider, &url, data_dir.key());
        let issuer = provider.as_ref().map(bulletin::Provider::issuer).cloned();
        let (router, account_routes) = http::router(Arc::new(Shared {
            accounts: Accounts::new(
                &settings.limits,
                Passwords::open(&data_dir)?,
                Provider::new(&settings.accounts.oidc)?,
            ),
            aggregator: aggregator.clone(),
            boot_epoch,
            creation_key: creation_key.clone(),
            creations: Mutex::new(TokenBucket::new(Instant::now(), meetings, meetings / 60.0)),
            data_dir: data_dir.path().to_owned(),
            drain: drain.clone(),
            floor,
            mail: post.is_some().then(|| wake.clone()),
            mails_per_day: settings.mail.per_account_per_day,
            media: media.clone(),
            origin: url.origin().to_owned(),
            probe_key: data_dir.key().probe_key(),
            provider,
            public_url: settings.server.public_url.clone(),
            requests: NetworkThrottle::new(Pace::of(settings.limits.requests_per_address_per_second, 10)),
            rooms_max: settings.limits.rooms,
            signalling: signalling.clone(),
            store: store.clone(),
            telling: telling.clone(),
            tcp: tcp.clone(),
            trusted_proxies: settings.server.trusted_proxies.clone(),
            websockets: Addresses::new(websocket_limits(&settings)),
        }));
        let acceptor = Acceptor {
            router,
            media: media.clone(),
            connections: tcp,
            trusted_proxies: settings.server.trusted_proxies.clone().into(),
        };
        let accepting = tokio::spawn(http::serve(listener, acceptor, drain.watch()));
        let setup_url = setup_url(&store, &settings, address).await?;
        tracing::info!(%address, media_port = media.udp_port(), version = env!("CARGO_PKG_VERSION"), "serving");
        let notices = Notices { store: store.clone(), post: post.clone(), url: url.clone(), tls, telling };
        let mut telling = notices.start();
        telling.push(bulletin::list_earlier(store.clone(), issuer));
        telling.extend(post.map(|post| {
            let (store, keys) = (store.clone(), data_dir.key().mail_keys());
            Queue { store, post, keys, url: url.clone(), wake }.start()
        }));
        let mirroring = aggregator.map(|aggregator| bulletin::Mirror::new(aggregator, store.clone()).start());
        let forgetting = retention::keep(store.clone(), settings.retention);
        Ok(Self {
            address,
            url,
            creation_key,
            setup_url,
            account_routes,
            settings,
            media,
            signalling,
            store,
            drain,
            accepting,
            forgetting,
            mirroring,
            telling,
            data_dir,
        })
    }

    /// Returns the TCP address the server listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the UDP port of media.
    pub fn media_port(&self) -> u16 {
        self.media.udp_port()
    }

    /// Returns the data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.data_dir.path().to_owned()
    }

    /// Returns the address people type.
    pub const fn url(&self) -> &PublicUrl {
        &self.url
    }

    /// Returns the link that starts a meeting. Whoever has it can create meetings on this server.
    pub fn new_meeting_url(&self) -> String {
        format!("{}/new#{}", self.url, String::from(self.creation_key.clone()))
    }

    /// Returns the one-time link for the first administrator; `None` if there is an administrator. Whoever follows it
    /// first is the administrator.
    pub fn setup_url(&self) -> Option<&str> {
        self.setup_url.as_deref()
    }

    /// Returns the routes of accounts with the right that each takes.
    pub fn account_routes(&self) -> &[Route] {
        &self.account_routes
    }

    /// Stops taking new rooms and waits until nobody is in one, for as long as configured at most.
    pub async fn drain(&self) {
        let patience = self.settings.drain();
        let load = self.signalling.load();
        tracing::info!(rooms = load.rooms, participants = load.participants, ?patience, "draining");
        self.drain.begin(Instant::now() + patience);
        // Out of time is as good as empty: those who are still there are told and come back.
        let _ = tokio::time::timeout(patience, self.signalling.emptied()).await;
    }

    /// Says goodbye to everybody and stops. Everything that was acknowledged is on disk.
    pub async fn stop(self) {
        self.drain.stop();
        // Only fails if accepting panicked, and then it has stopped as well.
        let _ = self.accepting.await;
        self.forgetting.abort();
        for task in self.telling.iter().chain(&self.mirroring) {
            task.abort();
        }
        // Each connection bounds its own last word; a room that hangs must not keep the process.
        let _ = tokio::time::timeout(GOODBYE_MAX, self.signalling.emptied()).await;
        let media = self.media.clone();
        // Waits for threads to end, which must not be done on a thread of the runtime.
        let _ = tokio::task::spawn_blocking(move || media.shutdown()).await;
        self.store.close().await;
        tracing::info!("stopped");
    }
}

/// Makes a link for the first administrator, if there is none yet.
async fn setup_url(
    store: &Store,
    settings: &Settings,
    address: SocketAddr,
) -> Result<Option<String>, StartError> {
    let no_randomness = |_| StartError::DataDir(DataDirError::NoRandomness);
    let token = LinkToken::from_bytes(accounts::random().map_err(no_randomness)?);
    let needed = match store.prepare_setup(&accounts::hash(token.expose()), clock::unix_ms()).await {
        Ok(needed) => needed,
        Err(AccountError::Store(error)) => return Err(error.into()),
        Err(error) => return Err(StartError::System(io::Error::other(error))),
    };
    // Passkeys belong to a name; to the machine itself it is this one.
    let local = || format!("http://localhost:{}", address.port());
    let url = match &settings.server.public_url {
        Some(url) => url.origin().to_owned(),
        None if address.ip().is_loopback() => local(),
        None => PublicUrl::of_listener(address).origin().to_owned(),
    };
    Ok(needed.then(|| format!("{url}/admin#setup.{}", String::from(token))))
}

fn start_media(
    settings: &Settings,
    http: SocketAddr,
    events: mpsc::Sender<sabha_sfu::Event>,
) -> Result<MediaPlane, StartError> {
    let mut listen = settings.media_listen(http);
    if settings.server.listen.port() == 0 && settings.media.port.is_none() {
        // Any free port was asked for; the same number need not be free for both.
        listen.set_port(0);
    }
    let config = MediaConfig {
        listen,
        tcp_listen: http,
        external_ips: settings.media.external_ips.clone(),
        shards: settings.shards(),
        peers_per_shard: settings.media.peers_per_shard.into(),
        path: settings.media_path(),
        segmentation: settings.media.segmentation,
        voices: settings.media.voices.into(),
    };
    MediaPlane::start(&config, events).map_err(|source| StartError::Media { address: listen, source })
}

fn websocket_limits(settings: &Settings) -> AddressLimits {
    AddressLimits {
        open_max: settings.limits.connections,
        open_per_address_max: settings.limits.connections_per_address,
        open_per_network_max: settings.limits.connections_per_network,
        new_per_second: settings.limits.connections_per_address_per_second,
    }
}

fn tcp_limits(settings: &Settings) -> AddressLimits {
    let websockets = websocket_limits(settings);
    let tcp = |count: usize| count.saturating_mul(TCP_PER_WEBSOCKET).max(TCP_LEAST);
    AddressLimits {
        open_max: tcp(websockets.open_max),
        open_per_address_max: tcp(websockets.open_per_address_max),
        open_per_network_max: tcp(websockets.open_per_network_max),
        new_per_second: websockets.new_per_second.saturating_mul(10),
    }
}
