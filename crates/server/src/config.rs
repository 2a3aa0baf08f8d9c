//! What an administrator can set: defaults, then a TOML file, then the environment, then the command line.
//!
//! Every key of the file is also `SABHA__<SECTION>__<KEY>` in the environment. Unknown keys are errors,
//! so that a typing mistake never silently leaves a default in force. `deploy/sabha.toml` documents every
//! key; a test keeps it complete.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use axum::http::Uri;
use config::{Config, Environment, File, FileFormat};
use sabha_advisory::csaf::model::PublisherCategory;
use sabha_protocol::{account::Label, limits};
use serde::{Deserialize, Serialize};

use crate::{accounts::Provider, mail::Post, throttle::Pace};

/// Longest drain that can be asked for: a day.
const DRAIN_SECONDS_MAX: u32 = 24 * 60 * 60;

/// Longest that can be asked for to keep what nobody needs: ten years.
const RETENTION_DAYS_MAX: u32 = 3660;

/// A third of the largest room. Below it a second core would win less than the copies for it cost.
const PEERS_PER_SHARD: u8 = 32;

/// Keys below `accounts.oidc` whose value is a list.
const OIDC_LISTS: [&str; 7] = [
    "accounts.oidc.other_origins",
    "accounts.oidc.scopes",
    "accounts.oidc.strong_acr",
    "accounts.oidc.strong_amr",
    "accounts.oidc.roles.administrator",
    "accounts.oidc.roles.host",
    "accounts.oidc.roles.security_officer",
];

/// Why there are no settings to start with. `Display` is one line for the administrator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file or the environment has a key that does not exist, or a value that does not fit.
    #[error("{0}")]
    Invalid(String),
    /// Neither `$XDG_DATA_HOME` nor `$HOME` says where data belongs.
    #[error("no data directory: neither XDG_DATA_HOME nor HOME is set, and none was given")]
    NoDataDir,
}

/// Everything that can be set.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How the server is reached.
    pub server: ServerSettings,
    /// How media is reached.
    pub media: MediaSettings,
    /// How those who administer the server, and hosts, sign in.
    pub accounts: AccountSettings,
    /// Bounds that depend on the machine and the organisation; all others are fixed in the protocol.
    pub limits: LimitSettings,
    /// How invitations are sent.
    pub mail: MailSettings,
    /// What the bulletin shows to the outside.
    pub bulletin: BulletinSettings,
    /// How long is kept what nobody needs any more.
    pub retention: RetentionSettings,
    /// What is logged.
    pub log: LogSettings,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Address of HTTP, WebSocket and ICE over TCP.
    pub listen: SocketAddr,
    /// The address people type: `https://host` without a path. Absent: wherever the server listens.
    pub public_url: Option<PublicUrl>,
    /// Directory of the database and the server's key. Absent: `$XDG_DATA_HOME/sabha`.
    pub data_dir: Option<PathBuf>,
    /// Networks of reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// How long a stopping server waits for its rooms to empty, in seconds.
    pub drain_seconds: u32,
}

/// `[media]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaSettings {
    /// Address of the UDP socket. Absent: all addresses if `external_ips` is set, else that of `server.listen`.
    pub address: Option<IpAddr>,
    /// UDP port. Absent: the number of the TCP port.
    pub port: Option<u16>,
    /// Addresses under which the server is reached from outside, if they are not the machine's own.
    pub external_ips: Vec<IpAddr>,
    /// Threads that forward media. Absent: one for each core.
    pub shards: Option<u8>,
    /// People of one room whom one shard serves, as long as another has fewer of them.
    pub peers_per_shard: u8,
    /// Which way packets take.
    pub path: MediaPath,
    /// Whether packets for one receiver leave in one system call, where the kernel can (UDP GSO).
    pub segmentation: bool,
    /// Voices of a room that are forwarded at once.
    pub voices: u8,
}

/// `media.path`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaPath {
    /// Sabha's own.
    #[default]
    Own,
    /// That of the media library.
    Library,
}

/// `[accounts]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountSettings {
    /// The organisation's identity provider.
    pub oidc: OidcSettings,
}

/// `[accounts.oidc]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OidcSettings {
    /// Its issuer, exactly as it calls itself. Absent: there is none.
    pub issuer: Option<String>,
    /// What it calls this server.
    pub client_id: Option<String>,
    /// File of the secret it gave to this server. Absent: none, PKCE alone.
    pub client_secret_file: Option<PathBuf>,
    /// What people call it, on the button.
    pub name: Label,
    /// File of the authorities whose word on its identity is taken. Absent: those of the system.
    pub ca_file: Option<PathBuf>,
    /// Other origins that its documents may name. Nothing else is ever connected to.
    pub other_origins: Vec<String>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that lists somebody's groups.
    pub roles_claim: String,
    /// Which groups have which role.
    pub roles: RoleGroups,
    /// What becomes of whom it names and nobody here knows.
    pub strangers: Strangers,
    /// Classes of authentication (`acr`) that count as more than one factor. They are also asked for.
    pub strong_acr: Vec<String>,
    /// Methods of authentication (`amr`, RFC 8176) that count as more than one factor.
    pub strong_amr: Vec<String>,
}

/// `[accounts.oidc.roles]`: groups at the identity provider for each role. Roles without any are not its business.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleGroups {
    /// Groups of administrators.
    pub administrator: Vec<String>,
    /// Groups of hosts.
    pub host: Vec<String>,
    /// Groups of security officers.
    pub security_officer: Vec<String>,
}

/// What becomes of somebody whom the identity provider names and nobody here knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strangers {
    /// They become a user, with the roles of their groups.
    Join,
    /// They stay out, until somebody invites them.
    #[default]
    Refuse,
}

/// `[limits]`
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Open WebSockets.
    pub connections: usize,
    /// Open WebSockets from one address (IPv6: from one /64 network).
    pub connections_per_address: usize,
    /// Open WebSockets from one network: /24 of IPv4, /48 of IPv6.
    pub connections_per_network: usize,
    /// New WebSockets from one address per second, sustained; the burst is ten times that, and the network around it
    /// gets four times both.
    pub connections_per_address_per_second: u32,
    /// Requests to the API from one address per second, sustained; the burst is ten times that, and the network around
    /// it gets four times both.
    pub requests_per_address_per_second: u32,
    /// Wrong sessions and API keys from one address per minute; as many at once, and the network around it gets four
    /// times that.
    pub wrong_credentials_per_address_per_minute: u32,
    /// Open rooms.
    pub rooms: usize,
    /// Meetings that can be created per minute.
    pub meetings_per_minute: u32,
    /// Meetings that one account can create per minute.
    pub meetings_per_account_per_minute: u32,
    /// Guests of one address who wait in one lobby.
    pub lobby_per_address: usize,
    /// Guests of one network who wait in one lobby.
    pub lobby_per_network: usize,
    /// Knocks of one address at one meeting per minute; as many at once, and the network around it gets four times that.
    pub knocks_per_address_per_minute: u32,
    /// Passcodes tried from one address at one meeting per hour that were not right; as many at once, and the network
    /// around it gets twice that.
    pub wrong_passcodes_per_address_per_hour: u32,
    /// Knocks, and words from the lobby, that reach the hosts of one meeting per second; others wait in line.
    pub door_per_second: u32,
}

/// `[mail]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// The mail server that takes what is sent: `smtps://host[:port]` with TLS from the first byte, or
    /// `smtp://host[:port]`, which turns to TLS first unless it is this machine. Absent: nothing is sent.
    pub server: Option<String>,
    /// Who signs in there. Absent: nobody.
    pub user: Option<String>,
    /// File of the password.
    pub password_file: Option<PathBuf>,
    /// From whom mails come, `Sabha <meetings@example.org>`.
    pub from: Option<String>,
    /// File of the authorities whose word on its identity is taken. Absent: those of the system.
    pub ca_file: Option<PathBuf>,
    /// Mails that one account can have sent in a day.
    pub per_account_per_day: u32,
}

/// `[bulletin]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct BulletinSettings {
    /// The CSAF trusted provider.
    pub provider: ProviderSettings,
    /// The CSAF lister or aggregator.
    pub aggregator: AggregatorSettings,
    /// How organisations are told.
    pub webhooks: WebhookSettings,
}

/// `[bulletin.webhooks]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// Networks that are not of the Internet, and into which webhooks may lead nevertheless.
    pub networks: Vec<ipnet::IpNet>,
    /// PEM file of the authorities whose word on the identity of webhooks' servers is taken. Absent: those of the system.
    pub ca_file: Option<PathBuf>,
}

/// `[bulletin.provider]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderSettings {
    /// The member organisation whose documents are published at `/.well-known/csaf/`, by its name. Absent: there is no provider.
    pub organisation: Option<Label>,
    /// Its `https` address, within which ids of its documents are unique: `publisher.namespace` of CSAF.
    pub namespace: Option<String>,
    /// What kind of publisher it is.
    pub category: PublisherCategory,
    /// How it is reached, in a line.
    pub contact_details: Option<String>,
    /// What it has to say on what it publishes, in a line.
    pub issuing_authority: Option<String>,
    /// Whom to tell of a vulnerability: `Contact` of `/.well-known/security.txt` (RFC 9116). Absent: there is no such file.
    pub security_contact: Option<String>,
}

/// `[bulletin.aggregator]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AggregatorSettings {
    /// Its name. Absent: there is no aggregator.
    pub name: Option<String>,
    /// Its `https` address.
    pub namespace: Option<String>,
    /// How it is reached, in a line.
    pub contact_details: Option<String>,
    /// What it has to say on what it lists, in a line.
    pub issuing_authority: Option<String>,
    /// Minutes between two runs over one provider.
    pub interval_minutes: u32,
    /// Whether providers may be on this machine, also without TLS, or in a private network.
    pub private_addresses: bool,
    /// File of the authorities whose word on providers' identity is taken. Absent: those of the system.
    pub ca_file: Option<PathBuf>,
    /// Whom it follows.
    pub providers: Vec<AggregatedProvider>,
}

/// One of `bulletin.aggregator.providers`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AggregatedProvider {
    /// What it is called here: the folder of its copies.
    pub name: String,
    /// The address of its `provider-metadata.json`, or its domain.
    pub from: String,
    /// The fingerprint of the OpenPGP key that its documents have to be signed by. Absent: any that its metadata states.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// Other hosts that its files may name, each with a port unless it is 443. Nothing else is ever connected to.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Whether its documents are copied.
    #[serde(default = "yes")]
    pub mirror: bool,
}

const fn yes() -> bool {
    true
}

/// `[retention]`
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionSettings {
    /// Days after its end for which it is kept that there was a meeting of an id; afterwards a hash of the id.
    pub ended_meetings_days: u32,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,sabha_server=debug`.
    pub level: String,
    /// Lines for people or objects for machines.
    pub format: LogFormat,
}

/// Form of the log on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// One readable line an event.
    #[default]
    Text,
}

impl LimitSettings {
    /// Returns how often one address may knock at one meeting.
    pub(crate) fn knocks(&self) -> Pace {
        Pace::per_minute(self.knocks_per_address_per_minute)
    }

    /// Returns how often one address may be wrong about one meeting's passcode.
    pub(crate) fn wrong_passcodes(&self) -> Pace {
        Pace::per_hour(self.wrong_passcodes_per_address_per_hour)
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            data_dir: None,
            trusted_proxies: Vec::new(),
            drain_seconds: 10,
        }
    }
}

impl Default for MediaSettings {
    fn default() -> Self {
        Self {
            address: None,
            port: None,
            external_ips: Vec::new(),
            shards: None,
            peers_per_shard: PEERS_PER_SHARD,
            path: MediaPath::default(),
            segmentation: true,
            voices: limits::SPEAKERS_FORWARDED as u8,
        }
    }
}

impl Default for OidcSettings {
    fn default() -> Self {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            issuer: None,
            client_id: None,
            client_secret_file: None,
            name: "your organisation".parse().expect("it is a label"),
            ca_file: None,
            other_origins: Vec::new(),
            scopes: list(&["profile", "email"]),
            roles_claim: "groups".to_owned(),
            roles: RoleGroups::default(),
            strangers: Strangers::default(),
            strong_acr: Vec::new(),
            strong_amr: list(&["mfa"]),
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            connections: limits::CONNECTIONS_MAX,
            connections_per_address: limits::CONNECTIONS_PER_ADDRESS_MAX,
            connections_per_network: limits::CONNECTIONS_PER_NETWORK_MAX,
            connections_per_address_per_second: limits::CONNECTIONS_PER_ADDRESS_PER_SECOND,
            requests_per_address_per_second: limits::REQUESTS_PER_ADDRESS_PER_SECOND,
            wrong_credentials_per_address_per_minute: limits::WRONG_CREDENTIALS_PER_MINUTE,
            rooms: limits::ROOMS_MAX,
            meetings_per_minute: limits::MEETINGS_PER_MINUTE,
            meetings_per_account_per_minute: limits::MEETINGS_PER_ACCOUNT_PER_MINUTE,
            lobby_per_address: limits::LOBBY_PER_ADDRESS_MAX,
            lobby_per_network: limits::LOBBY_PER_NETWORK_MAX,
            knocks_per_address_per_minute: limits::KNOCKS_PER_ADDRESS_PER_MINUTE,
            wrong_passcodes_per_address_per_hour: limits::WRONG_PASSCODES_PER_ADDRESS_PER_HOUR,
            door_per_second: limits::DOOR_PER_SECOND,
        }
    }
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            server: None,
            user: None,
            password_file: None,
            from: None,
            ca_file: None,
            per_account_per_day: limits::MAILS_PER_ACCOUNT_PER_DAY,
        }
    }
}

impl Default for ProviderSettings {
    fn default() -> Self {
        Self {
            organisation: None,
            namespace: None,
            category: PublisherCategory::Coordinator,
            contact_details: None,
            issuing_authority: None,
            security_contact: None,
        }
    }
}

impl Default for AggregatorSettings {
    fn default() -> Self {
        Self {
            name: None,
            namespace: None,
            contact_details: None,
            issuing_authority: None,
            interval_minutes: 60,
            private_addresses: false,
            ca_file: None,
            providers: Vec::new(),
        }
    }
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self { ended_meetings_days: 30 }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

/// What the command line sets over file and environment, by key.
#[derive(Clone, Debug, Default)]
pub struct Overrides(Vec<(&'static str, config::Value)>);

impl Overrides {
    /// Sets `key` if there is a value.
    pub fn set(&mut self, key: &'static str, value: Option<impl Into<config::Value>>) {
        if let Some(value) = value {
            self.0.push((key, value.into()));
        }
    }
}

impl Settings {
    /// Reads the settings: defaults, `file`, the environment, `overrides`, each over the one before.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] when the file cannot be read or parsed, or a key or value is not known.
    pub fn load(file: Option<&Path>, overrides: Overrides) -> Result<Self, ConfigError> {
        let environment = Environment::with_prefix("SABHA")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("server.trusted_proxies")
            .with_list_parse_key("media.external_ips");
        let environment = OIDC_LISTS.iter().fold(environment, |all, key| all.with_list_parse_key(key));
        Self::layer(file, environment, overrides)
    }

    fn layer(
        file: Option<&Path>,
        environment: Environment,
        overrides: Overrides,
    ) -> Result<Self, ConfigError> {
        let invalid = |error: config::ConfigError| ConfigError::Invalid(error.to_string());
        let mut builder = Config::builder();
        if let Some(file) = file {
            builder = builder.add_source(File::from(file).format(FileFormat::Toml));
        }
        builder = builder.add_source(environment);
        for (key, value) in overrides.0 {
            builder = builder.set_override(key, value).map_err(invalid)?;
        }
        let settings: Self = builder.build().and_then(Config::try_deserialize).map_err(invalid)?;
        settings.check()?;
        Ok(settings)
    }

    /// Refuses values that fit their type but make no sense.
    fn check(&self) -> Result<(), ConfigError> {
        let refuse = |text: String| Err(ConfigError::Invalid(text));
        if self.server.drain_seconds > DRAIN_SECONDS_MAX {
            return refuse(format!("server.drain_seconds is at most {DRAIN_SECONDS_MAX}"));
        }
        if self.media.shards.is_some_and(|shards| !(1..=64).contains(&shards)) {
            return refuse("media.shards is 1 to 64".to_owned());
        }
        if !(1..=limits::ROOM_PARTICIPANTS_MAX).contains(&self.media.peers_per_shard.into()) {
            return refuse(format!("media.peers_per_shard is 1 to {}", limits::ROOM_PARTICIPANTS_MAX));
        }
        if !(1..limits::AUDIO_SLOTS_ANNOUNCED_MAX).contains(&usize::from(self.media.voices)) {
            return refuse(format!("media.voices is 1 to {}", limits::AUDIO_SLOTS_ANNOUNCED_MAX - 1));
        }
        if let Some(address) = self.media.external_ips.iter().find(|ip| ip.is_unspecified()) {
            return refuse(format!("media.external_ips: {address} is no address to be reached at"));
        }
        let limits = self.limits;
        let least = [
            limits.connections,
            limits.connections_per_address,
            limits.connections_per_network,
            limits.connections_per_address_per_second as usize,
            limits.requests_per_address_per_second as usize,
            limits.wrong_credentials_per_address_per_minute as usize,
            limits.rooms,
            limits.meetings_per_minute as usize,
            limits.meetings_per_account_per_minute as usize,
            limits.lobby_per_address,
            limits.lobby_per_network,
            limits.knocks_per_address_per_minute as usize,
            limits.wrong_passcodes_per_address_per_hour as usize,
            limits.door_per_second as usize,
        ];
        if least.contains(&0) {
            return refuse("a limit of 0 would refuse everything: limits start at 1".to_owned());
        }
        if self.retention.ended_meetings_days > RETENTION_DAYS_MAX {
            return refuse(format!("retention.ended_meetings_days is at most {RETENTION_DAYS_MAX}"));
        }
        let oidc = &self.accounts.oidc;
        if oidc.issuer.is_some() != oidc.client_id.is_some() {
            return refuse("accounts.oidc: issuer and client_id go together".to_owned());
        }
        Provider::check(oidc)?;
        Post::check(&self.mail)?;
        crate::bulletin::Provider::check(&self.bulletin.provider)?;
        crate::bulletin::Aggregator::check(&self.bulletin.aggregator)?;
        crate::logging::filter(&self.log.level).map_err(|error| {
            ConfigError::Invalid(format!("log.level `{}` is not a filter: {error}", self.log.level))
        })?;
        Ok(())
    }

    /// Returns the data directory, by default `$XDG_DATA_HOME/sabha` or `~/.local/share/sabha`.
    ///
    /// # Errors
    /// [`ConfigError::NoDataDir`] when none was set and there is no home.
    pub fn data_dir(&self) -> Result<PathBuf, ConfigError> {
        if let Some(directory) = &self.server.data_dir {
            return Ok(directory.clone());
        }
        // The XDG Base Directory Specification: a relative path in the variable is to be ignored.
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        absolute("XDG_DATA_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
            .map(|base| base.join("sabha"))
            .ok_or(ConfigError::NoDataDir)
    }

    /// Returns the UDP address for media, given the TCP address that was bound.
    pub fn media_listen(&self, http: SocketAddr) -> SocketAddr {
        let everywhere: IpAddr = match http {
            SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        // Behind a reverse proxy HTTP listens on loopback, but media always comes from outside.
        let default = if self.media.external_ips.is_empty() { http.ip() } else { everywhere };
        SocketAddr::new(self.media.address.unwrap_or(default), self.media.port.unwrap_or(http.port()))
    }

    /// Returns which way packets take.
    pub const fn media_path(&self) -> sabha_sfu::PacketPath {
        match self.media.path {
            MediaPath::Own => sabha_sfu::PacketPath::Own,
            MediaPath::Library => sabha_sfu::PacketPath::Library,
        }
    }

    /// Returns the number of media threads: as set, or one for each core.
    pub fn shards(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from).min(64);
        self.media.shards.map_or_else(cores, usize::from)
    }

    /// Returns how long a stopping server waits for its rooms to empty.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(u64::from(self.server.drain_seconds))
    }
}

/// Scheme, host and port under which people reach the server. No path: the client is served at the root.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicUrl {
    origin: String,
    secure: bool,
}

impl PublicUrl {
    /// Returns the URL of a server that was told none: where it listens.
    pub fn of_listener(address: SocketAddr) -> Self {
        let host = match address.ip() {
            // A wildcard is no address to type; whoever reads the link is most likely on the machine itself.
            ip if ip.is_unspecified() => format!("localhost:{}", address.port()),
            _ => address.to_string(),
        };
        Self { origin: format!("http://{host}"), secure: false }
    }

    /// Returns the origin, such as `https://meet.example.org`, without a slash at its end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns whether browsers give a page from here camera and microphone: `https`, or this very machine
    /// (W3C Secure Contexts section 3.1).
    pub fn is_trustworthy(&self) -> bool {
        let host = self.origin.strip_prefix("http://").unwrap_or_default();
        let is_local = |name: &str| host == name || host.starts_with(&format!("{name}:"));
        self.secure || is_local("localhost") || is_local("127.0.0.1") || is_local("[::1]")
    }

    /// Returns whether the scheme is `https`.
    pub const fn is_secure(&self) -> bool {
        self.secure
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

/// The text is not `http://host[:port]` or `https://host[:port]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public URL is https://host or https://host:port, without a path")]
pub struct InvalidPublicUrl;

impl TryFrom<String> for PublicUrl {
    type Error = InvalidPublicUrl;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let uri: Uri = text.parse().map_err(|_| InvalidPublicUrl)?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(InvalidPublicUrl);
        };
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(InvalidPublicUrl);
        }
        // Browsers leave the scheme's own port out of an origin, and write hosts in lower case.
        let default_port = if scheme == "https" { 443 } else { 80 };
        let port = authority.port_u16().filter(|port| *port != default_port);
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        let host = authority.host().to_ascii_lowercase();
        Ok(Self { origin: format!("{scheme}://{host}{port}"), secure: scheme == "https" })
    }
}

impl From<PublicUrl> for String {
    fn from(url: PublicUrl) -> Self {
        url.origin
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("sabha.toml");
        std::fs::write(&file, text).unwrap();
        let pairs: HashMap<String, String> =
            environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let environment = Environment::with_prefix("SABHA")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("server.trusted_proxies")
            .with_list_parse_key("media.external_ips")
            .source(Some(pairs));
        let environment = OIDC_LISTS.iter().fold(environment, |all, key| all.with_list_parse_key(key));
        Settings::layer(Some(&file), environment, Overrides::default())
    }

    #[test]
    fn environment_wins_over_file() {
        let file = "[server]\nlisten = '127.0.0.1:1'\ndrain_seconds = 3";
        let settings = load(
            file,
            &[
                ("SABHA__SERVER__LISTEN", "127.0.0.1:2"),
                ("SABHA__MEDIA__EXTERNAL_IPS", "192.0.2.1,2001:db8::1"),
                ("SABHA__LIMITS__ROOMS", "7"),
            ],
        )
        .unwrap();
        assert_eq!(settings.server.listen.port(), 2);
        assert_eq!(settings.server.drain_seconds, 3);
        assert_eq!(settings.media.external_ips.len(), 2);
        assert_eq!(settings.limits.rooms, 7);
    }

    /// Returns an aggregator that follows these.
    fn following(providers: &str) -> String {
        format!(
            "[bulletin.aggregator]\nname = 'A'\nnamespace = 'https://a.example'\nproviders = [{providers}]"
        )
    }

    #[test]
    fn unknown_keys_and_values_out_of_bounds_are_errors_that_name_them() {
        for (file, word) in [
            ("[server]\nlissten = '127.0.0.1:1'", "lissten"),
            ("[sever]", "sever"),
            ("[server]\nlisten = 'nowhere'", "listen"),
            ("[server]\npublic_url = 'https://host/path'", "path"),
            ("[media]\nshards = 65", "shards"),
            ("[media]\npeers_per_shard = 0", "media.peers_per_shard"),
            ("[media]\npeers_per_shard = 101", "media.peers_per_shard"),
            ("[limits]\nrooms = 0", "limit"),
            ("[log]\nlevel = 'a=b=c'", "log.level"),
            ("[accounts.oidc]\nissuer = 'https://login.example.org'", "client_id"),
            ("[accounts.oidc]\nissuer = 'http://login.example.org'\nclient_id = 'a'", "https"),
            ("[retention]\nended_meetings_days = 3661", "ended_meetings_days"),
            ("[mail]\nserver = 'smtps://mail.example.org'", "mail.from"),
            ("[mail]\nserver = 'http://mail.example.org'\nfrom = 'a@example.org'", "smtps"),
            ("[media]\nvoices = 0", "media.voices"),
            ("[media]\nvoices = 25", "media.voices"),
            ("[mail]\nserver = 'smtps://mail.example.org'\nfrom = 'nobody'", "mail.from"),
            ("[mail]\nserver = 'smtps://mail.example.org'\nfrom = 'a@b'\nuser = 'a'", "password_file"),
            ("[bulletin.provider]\norganisation = 'Example CERT'", "namespace"),
            ("[bulletin.provider]\norganisation = 'A'\nnamespace = 'http://a.example'", "https"),
            (
                "[bulletin.provider]\norganisation = 'A'\nnamespace = 'https://a'\ncontact_details = ''",
                "a line",
            ),
            ("[bulletin.provider]\ncategory = 'agency'", "agency"),
            (
                "[bulletin.provider]\norganisation = 'A'\nnamespace = 'https://a'\nsecurity_contact = 'a@b'",
                "mailto",
            ),
            ("[bulletin.aggregator]\nname = 'A'", "namespace"),
            (
                "[bulletin.aggregator]\nname = 'A'\nnamespace = 'https://a.example'\ninterval_minutes = 4",
                "interval",
            ),
            ("[bulletin.aggregator]\nproviders = [{ name = 'a', from = 'a.example' }]", "go together"),
            (&following("{ name = '../a', from = 'a.example' }"), "a to z"),
            (&following("{ name = 'a', from = 'a.example' }, { name = 'a', from = 'b.example' }"), "another"),
            (&following("{ name = 'a', from = 'http://a.example/provider-metadata.json' }"), "no address"),
            (&following("{ name = 'a', from = 'http://127.0.0.1/provider-metadata.json' }"), "no address"),
            (&following("{ name = 'a', from = 'a.example', fingerprint = '0123' }"), "fingerprint"),
            (&following("{ name = 'a', from = 'a.example', hosts = ['https://b'] }"), "no address"),
            (&following("{ name = 'a', from = 'a.example', mirrors = true }"), "mirrors"),
            ("[log", "sabha.toml"),
        ] {
            let error = load(file, &[]).unwrap_err().to_string();
            assert!(error.contains(word), "{file}: {error}");
        }
        let error = load("", &[("SABHA__SERVER__LISSTEN", "x")]).unwrap_err().to_string();
        assert!(error.contains("lissten"), "{error}");
    }

    #[test]
    fn sample_file_documents_every_key_and_is_accepted() {
        let sample = include_str!("../../../deploy/sabha.toml");
        // Keys are commented out with one `#`; explanations have `# `.
        let uncommented: String = sample
            .lines()
            .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n");
        load(sample, &[]).unwrap();
        load(&uncommented, &[]).unwrap();

        let mut sections = vec![(String::new(), serde_json::to_value(Settings::default()).unwrap())];
        while let Some((section, keys)) = sections.pop() {
            for (key, value) in keys.as_object().unwrap() {
                let path = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
                if value.is_object() {
                    sections.push((path, value.clone()));
                } else {
                    assert!(sample.contains(&format!("[{section}]")), "{section}");
                    assert!(sample.contains(&format!("#{key} = ")), "{path}");
                }
            }
        }
    }

    #[test]
    fn public_url_is_an_origin() {
        let parse = |text: &str| PublicUrl::try_from(text.to_owned());
        assert_eq!(parse("https://Meet.Example.org:443/").unwrap().origin(), "https://meet.example.org");
        assert_eq!(parse("http://[::1]:8080").unwrap().origin(), "http://[::1]:8080");
        assert!(parse("https://meet.example.org").unwrap().is_trustworthy());
        assert!(parse("http://localhost:8080").unwrap().is_trustworthy());
        assert!(!parse("http://localhost.example.org").unwrap().is_trustworthy());
        assert!(!parse("http://192.0.2.1:8080").unwrap().is_trustworthy());
        for wrong in ["meet.example.org", "ftp://x", "https://x/y", "https://u@x", "https://x?q", ""] {
            assert_eq!(parse(wrong), Err(InvalidPublicUrl), "{wrong}");
        }
    }

    #[test]
    fn media_listens_everywhere_once_it_is_announced_to_the_outside() {
        let http: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        let local = load("", &[]).unwrap();
        assert_eq!(local.media_listen(http), http);
        let public = load("[media]\nexternal_ips = ['192.0.2.1']\nport = 10000", &[]).unwrap();
        assert_eq!(public.media_listen(http), "0.0.0.0:10000".parse().unwrap());
    }
}
