//! The command line: what was typed, what is done, what is printed.
//!
//! Results go to standard output, for people or, with `--output json`, as one JSON object a line; errors and
//! logs go to standard error. An error says what is wrong, then what can be done. Exit codes: 0 done,
//! 1 failed, 2 not understood; a subcommand that has more says so.

mod advisory;
mod bulletin;
mod key_file;
mod mirror;
mod policy;
mod user;
mod webhook;

use std::{
    error::Error,
    io::{self, Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use axum::http::Uri;
use clap::{Args, Parser, Subcommand, ValueEnum};
use sabha_protocol::{PROTOCOL_VERSION, probe::PROBE_LIFE_MAX};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    accounts::Provider,
    clock,
    config::{ConfigError, LogFormat, Overrides, Settings},
    data_dir::ServerKey,
    logging,
    server::{Server, StartError},
    storage::{AuditFile, StoreError, Verdict},
};

/// How long `sabha health` waits for an answer.
const HEALTH_WAIT: Duration = Duration::from_secs(3);

/// Longest life of a token of `probe-token`, in minutes.
const PROBE_MINUTES_MAX: u64 = PROBE_LIFE_MAX.as_secs() / 60;

/// Said when people could open the page but not their cameras.
const NEEDS_HTTPS: &str = "Browsers give cameras and microphones only to pages from https:// or localhost: put a \
    reverse proxy with a\ncertificate in front, and say its address with --public-url.\n";

/// Sabha: a videoconferencing server an organisation runs itself.
#[derive(Debug, Parser)]
#[command(name = "sabha", version, arg_required_else_help = true)]
struct Cli {
    /// Form of what is printed.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORM")]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For programs: one JSON object a line.
    Json,
    /// For people.
    #[default]
    Text,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check advisories in the field's formats.
    #[command(subcommand)]
    Advisory(advisory::Command),
    /// Read the audit log: export it, or check that nobody changed it.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Show the key by which the bulletin's provider of CSAF signs, other providers that are mirrored, and webhooks.
    #[command(subcommand)]
    Bulletin(bulletin::Command),
    /// Check the configuration and print what is in force.
    CheckConfig(SettingsArgs),
    /// Ask a running server whether it lives.
    Health {
        /// Address of the server, http only.
        #[arg(long, default_value = "http://127.0.0.1:8080")]
        url: String,
    },
    /// Show, compare and change what the organisation demands of every meeting.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Print a token by which `sabha-client probe` knows this server as its owner's.
    ProbeToken {
        #[command(flatten)]
        settings: SettingsArgs,
        /// For how long it is good, in minutes.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=PROBE_MINUTES_MAX))]
        minutes: u64,
    },
    /// Run the server.
    Serve(SettingsArgs),
    /// Let an administrator in again who lost every way in.
    #[command(subcommand)]
    User(user::Command),
    /// Print the version.
    Version,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Print every entry, oldest first, one JSON object a line.
    Export(SettingsArgs),
    /// Check that every entry follows from the one before, and print the newest hash.
    Verify {
        #[command(flatten)]
        settings: SettingsArgs,
        /// A hash noted earlier, which has to be in the log still: shows that its end was not cut off.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
}

#[derive(Args, Debug)]
struct SettingsArgs {
    /// Configuration file (TOML); deploy/sabha.toml explains every key.
    #[arg(long, value_name = "FILE", env = "SABHA_CONFIG")]
    config: Option<PathBuf>,
    /// Address and TCP port to listen on [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Directory of the database and the server's key [default: ~/.local/share/sabha].
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Address people type, scheme included: behind a reverse proxy, its own.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Address under which the server is reached from outside, if not the machine's own. Repeatable.
    #[arg(long, value_name = "ADDRESS")]
    external_ip: Vec<IpAddr>,
    /// UDP port for media [default: the number of the TCP port].
    #[arg(long, value_name = "PORT")]
    media_port: Option<u16>,
    /// Threads that forward media [default: one for each core].
    #[arg(long, value_name = "NUMBER")]
    shards: Option<u8>,
    /// How long to wait for running meetings when told to stop [default: 10].
    #[arg(long, value_name = "SECONDS")]
    drain_seconds: Option<u32>,
    /// What to log: error, warn, info, debug, trace, or a filter [default: info].
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// Form of the log on standard error.
    #[arg(long, value_enum, value_name = "FORM")]
    log_format: Option<LogFormat>,
}

impl SettingsArgs {
    fn load(&self) -> Result<Settings, StartError> {
        let mut overrides = Overrides::default();
        overrides.set("server.listen", self.listen.map(|address| address.to_string()));
        overrides.set("server.data_dir", self.data.as_ref().map(|path| path.to_string_lossy().into_owned()));
        overrides.set("server.public_url", self.public_url.clone());
        let ips: Vec<String> = self.external_ip.iter().map(ToString::to_string).collect();
        overrides.set("media.external_ips", Some(ips).filter(|ips| !ips.is_empty()));
        overrides.set("media.port", self.media_port.map(i64::from));
        overrides.set("media.shards", self.shards.map(i64::from));
        overrides.set("server.drain_seconds", self.drain_seconds.map(i64::from));
        overrides.set("log.level", self.log.clone());
        let format = self.log_format.map(|format| match format {
            LogFormat::Json => "json",
            LogFormat::Text => "text",
        });
        overrides.set("log.format", format);
        Ok(Settings::load(self.config.as_deref(), overrides)?)
    }
}

/// Does what the process was called for.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Advisory(command) => return advisory::run(command, cli.output),
        Command::Audit(AuditCommand::Export(args)) => {
            args.load().and_then(|settings| export_audit(&settings))
        }
        Command::Audit(AuditCommand::Verify { settings: args, head }) => {
            match args.load().and_then(|settings| verify_audit(&settings, head.as_deref(), cli.output)) {
                Ok(code) => return code,
                Err(error) => Err(error),
            }
        }
        Command::Bulletin(command) => return bulletin::run(command, cli.output),
        Command::CheckConfig(args) => args.load().and_then(|settings| check_config(&settings, cli.output)),
        Command::Health { url } => return health(url, cli.output),
        Command::Policy(command) => return policy::run(command, cli.output),
        Command::ProbeToken { settings: args, minutes } => {
            args.load().and_then(|settings| probe_token(&settings, *minutes, cli.output))
        }
        Command::Serve(args) => args.load().and_then(|settings| serve(settings, cli.output)),
        Command::User(command) => return user::run(command, cli.output),
        Command::Version => {
            version(cli.output);
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let remedy = error.remedy();
            report(&error, &remedy);
            ExitCode::FAILURE
        }
    }
}

fn serve(settings: Settings, output: Output) -> Result<(), StartError> {
    logging::start(&settings.log).map_err(|error| ConfigError::Invalid(error.to_string()))?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(StartError::System)?;
    runtime.block_on(async {
        let mut asked = Signals::new().map_err(StartError::System)?;
        let server = Server::start(settings).await?;
        print(&greeting(&server, output));
        asked.next().await;
        // A second signal means at once.
        tokio::select! {
            () = server.drain() => {}
            () = asked.next() => {}
        }
        server.stop().await;
        Ok(())
    })
}

/// The two ways in which a supervisor or a person asks the server to stop.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn greeting(server: &Server, output: Output) -> String {
    let (url, start) = (server.url(), server.new_meeting_url());
    let (data, port) = (server.data_dir(), server.media_port());
    match output {
        Output::Json => json!({
            "url": url.origin(),
            "new_meeting_url": start,
            "admin_setup_url": server.setup_url(),
            "version": env!("CARGO_PKG_VERSION"),
            "listen": server.address(),
            "media_port": port,
            "data_dir": data,
        })
        .to_string(),
        Output::Text => format!(
            "Sabha {version} is running at {url}\n\n  Start a meeting:\n    {start}\n\n\
             Whoever has this link can start meetings on this server.\n\n{administer}\
             Data is kept in {data}; media uses UDP port {port}.\n{hint}Press Ctrl+C to stop.",
            version = env!("CARGO_PKG_VERSION"),
            administer = server.setup_url().map_or_else(String::new, |link| format!(
                "  Become its administrator:\n    {link}\n\n\
                 This link is good once, for a day; the next start makes another.\n\n"
            )),
            data = data.display(),
            hint = if url.is_trustworthy() { "" } else { NEEDS_HTTPS },
        ),
    }
}

fn check_config(settings: &Settings, output: Output) -> Result<(), StartError> {
    // Reads the files that the settings name.
    Provider::new(&settings.accounts.oidc)?;
    let data = settings.data_dir()?;
    let media = settings.media_listen(settings.server.listen);
    print(&match output {
        Output::Json => {
            json!({ "settings": settings, "data_dir": data, "media_listen": media, "shards": settings.shards() })
                .to_string()
        }
        Output::Text => format!(
            "The configuration is sound.\n  HTTP, WebSocket: {} (TCP)\n  Media: {media} (UDP), {} threads\n  \
             Public URL: {}\n  Data: {}",
            settings.server.listen,
            settings.shards(),
            settings.server.public_url.as_ref().map_or("where it listens", |url| url.origin()),
            data.display(),
        ),
    });
    Ok(())
}

/// Runs a task that only reads the database.
fn read<T>(task: impl Future<Output = Result<T, StoreError>>) -> Result<T, StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(StartError::System)?.block_on(task)?)
}

fn export_audit(settings: &Settings) -> Result<(), StartError> {
    let directory = settings.data_dir()?;
    read(async {
        let mut file = AuditFile::open(&directory).await?;
        let mut after = 0;
        loop {
            let entries = file.after(after).await?;
            let Some(last) = entries.last() else { return Ok(()) };
            after = last.seq;
            for entry in &entries {
                print(&json!(entry).to_string());
            }
        }
    })
}

fn verify_audit(settings: &Settings, head: Option<&str>, output: Output) -> Result<ExitCode, StartError> {
    let directory = settings.data_dir()?;
    let verdict = read(async { AuditFile::open(&directory).await?.verify(head).await })?;
    let (sound, text, json) = match &verdict {
        Verdict::Sound { entries, head: newest, contains } => {
            let missing = *contains == Some(false);
            let newest_text = newest.as_deref().unwrap_or("none");
            let text = if missing {
                format!(
                    "The log holds together, {entries} entries, but the hash is not in it: its end was cut off."
                )
            } else {
                format!("The log holds: {entries} entries.\n  Newest hash: {newest_text}")
            };
            let json = json!({ "sound": !missing, "entries": entries, "head": newest, "contains": contains });
            (!missing, text, json)
        }
        Verdict::Broken { seq } => {
            let text =
                format!("The log is broken at entry {seq}: it, or one before it, was changed or taken out.");
            (false, text, json!({ "sound": false, "broken_at": seq }))
        }
    };
    match output {
        Output::Json => print(&json.to_string()),
        Output::Text => print(&text),
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Works while the server runs, by the key in its data directory, which nobody else can read.
fn probe_token(settings: &Settings, minutes: u64, output: Output) -> Result<(), StartError> {
    let key = ServerKey::read(&settings.data_dir()?)?;
    let token = key.probe_key().token(clock::unix_ms() / 1_000 + minutes * 60);
    print(&match output {
        Output::Json => json!({ "token": token.expose(), "expires_s": token.expires_s }).to_string(),
        Output::Text => token.expose(),
    });
    Ok(())
}

fn version(output: Output) {
    let version = env!("CARGO_PKG_VERSION");
    print(&match output {
        Output::Json => json!({ "version": version, "protocol": PROTOCOL_VERSION }).to_string(),
        Output::Text => format!("sabha {version} (protocol {PROTOCOL_VERSION})"),
    });
}

/// Asks `/healthz` with a request so plain that no HTTP library is worth starting for it.
fn health(url: &str, output: Output) -> ExitCode {
    let answer = ask_health(url);
    let (status, code) = match &answer {
        Ok(200) => ("ok".to_owned(), ExitCode::SUCCESS),
        Ok(status) => (format!("the server answers with status {status}"), ExitCode::FAILURE),
        Err(error) => (error.to_string(), ExitCode::FAILURE),
    };
    match output {
        Output::Json => print(&json!({ "url": url, "status": status }).to_string()),
        Output::Text if matches!(answer, Ok(200)) => print(&status),
        Output::Text => report(&io::Error::other(format!("{url}: {status}")), "Is the server running there?"),
    }
    code
}

fn ask_health(url: &str) -> io::Result<u16> {
    let invalid = || io::Error::new(io::ErrorKind::InvalidInput, "an address is http://host:port");
    let uri: Uri = url.parse().map_err(|_| invalid())?;
    let (Some("http"), Some(host)) = (uri.scheme_str(), uri.host()) else { return Err(invalid()) };
    let port = uri.port_u16().unwrap_or(80);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = (bare, port).to_socket_addrs()?.next().ok_or_else(invalid)?;
    let mut stream = TcpStream::connect_timeout(&address, HEALTH_WAIT)?;
    stream.set_read_timeout(Some(HEALTH_WAIT))?;
    write!(stream, "GET /healthz HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: close\r\n\r\n")?;
    // The status line is all that is asked for: `HTTP/1.1 200 OK`.
    let mut head = String::new();
    stream.take(16).read_to_string(&mut head)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))
}

/// Prints a result. A closed pipe is a reader that has seen enough, not an error.
fn print(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Says what is wrong, why, and what can be done.
fn report(error: &dyn Error, remedy: &str) {
    let mut text = format!("sabha: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    let _ = writeln!(io::stderr().lock(), "{text}\n{remedy}");
}
