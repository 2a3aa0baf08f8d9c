//! The systems that are compared: how each is started, and with which settings.

use std::{
    fmt, fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use serde_json::Value;

use crate::{
    namespace::{ADDRESS, Cores, INTERFACE, Namespace},
    program::Program,
};

/// What can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum System {
    /// The server of this repository.
    Sabha,
    /// The same with the packet path of the media library.
    Library,
    /// str0m and a loop: the example `plain_forwarder`.
    Plain,
    /// Janus with its VideoRoom plugin.
    Janus,
}

/// The load of a turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load<'a> {
    pub(crate) viewers: u16,
    pub(crate) seconds: u64,
    pub(crate) warm_up: u64,
    pub(crate) programs: &'a Path,
    pub(crate) janus: &'a Path,
}

/// Janus' WebSocket, on loopback.
const JANUS_PORT: u16 = 8188;

/// As its documentation advises for many viewers: one event loop for each core that it may use (here one), and nothing
/// that a lone machine does not need. DTLS with the same curves, SRTP as negotiated, no limit on the bitrate.
const JANUS_SETTINGS: &str = "general: { debug_level = 2; event_loops = 1; admin_secret = \"unused\"; }\n\
    media: { twcc_period = 200; dtls_mtu = 1200; }\n\
    transports: { disable = \"libjanus_http.so,libjanus_pfunix.so,libjanus_mqtt.so,libjanus_nanomsg.so,\
libjanus_rabbitmq.so\"; }\n\
    events: { broadcast = false; }\n";

impl System {
    /// Starts the system, loads it once, and returns the client's report.
    pub(crate) fn run(self, load: &Load<'_>, namespace: &Namespace) -> Result<Value> {
        let folder = tempfile::tempdir()?;
        let mut client = namespace.command(Cores::Others, load.programs.join("sabha-client"));
        let program = match self {
            Self::Sabha | Self::Library => {
                let mut server = namespace.command(Cores::First, load.programs.join("sabha"));
                server.args(["serve", "--listen", "127.0.0.1:0", "--output", "json", "--data"]);
                let path = if self == Self::Library { "library" } else { "own" };
                server.arg(folder.path()).env("SABHA__MEDIA__PATH", path);
                let (program, line) = Program::start_and_read(&mut server)?;
                let ready: Value = serde_json::from_str(&line).context("its first line is JSON")?;
                let link = ready["new_meeting_url"].as_str().context("a link to create meetings")?;
                let participants = (load.viewers + 1).to_string();
                client.args(["load", "speaker", "--participants", &participants]);
                client.env("SABHA_NEW_MEETING_URL", link);
                program
            }
            Self::Plain => {
                let mut server =
                    namespace.command(Cores::First, load.programs.join("examples/plain_forwarder"));
                let (program, address) = Program::start_and_read(&mut server)?;
                client.args(["load-elsewhere", "plain", &address]);
                client.args(["--viewers", &load.viewers.to_string()]);
                program
            }
            Self::Janus => {
                let program =
                    Program::start_and_wait(&mut janus(load, namespace, folder.path())?, JANUS_PORT)?;
                client.args(["load-elsewhere", "janus", &format!("127.0.0.1:{JANUS_PORT}")]);
                client.args(["--media-ip", ADDRESS, "--viewers", &load.viewers.to_string()]);
                program
            }
        };
        client.args(["--seconds", &load.seconds.to_string(), "--warm-up", &load.warm_up.to_string()]);
        client.args(["--server-pid", &program.pid().to_string()]);
        let output = client.stderr(Stdio::inherit()).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "the client says {}: {}", output.status, shortened(&text));
        serde_json::from_str(text.trim()).context("the client's report")
    }
}

fn janus(load: &Load<'_>, namespace: &Namespace, folder: &Path) -> Result<Command> {
    let nat = format!("nat: {{ ice_lite = true; ice_enforce_list = \"{INTERFACE}\"; }}\n");
    fs::write(folder.join("janus.jcfg"), format!("{JANUS_SETTINGS}{nat}"))?;
    let websockets = format!(
        "general: {{ json = \"compact\"; ws = true; ws_ip = \"127.0.0.1\"; ws_port = {JANUS_PORT}; }}\n"
    );
    fs::write(folder.join("janus.transport.websockets.jcfg"), websockets)?;
    fs::write(folder.join("janus.plugin.videoroom.jcfg"), "general: { }\n")?;
    let mut janus = namespace.command(Cores::First, load.janus);
    janus.arg("--configs-folder").arg(folder).arg("--config").arg(folder.join("janus.jcfg"));
    Ok(janus)
}

fn shortened(text: &str) -> String {
    text.chars().take(500).collect()
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sabha => "sabha",
            Self::Library => "library",
            Self::Plain => "plain",
            Self::Janus => "janus",
        })
    }
}
