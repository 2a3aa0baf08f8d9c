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
    bench::Programs,
    load::Load,
    namespace::{ADDRESS, Cores, INTERFACE, Namespace},
    program::Program,
};

/// What can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum System {
    /// The server of this repository.
    Sabha,
    /// The same, every packet in a system call of its own (`media.segmentation`).
    SabhaNoGso,
    /// The same, forwarding every voice instead of the choice of speakers (`media.voices`).
    SabhaAllVoices,
    /// The same with the packet path of the media library.
    Library,
    /// str0m and a loop: the example `plain_forwarder`.
    Plain,
    /// Janus with its VideoRoom plugin.
    Janus,
    /// Galène, if its path is given.
    Galene,
}

/// Voices that [`System::SabhaAllVoices`] forwards: as many as the server can be told to.
const ALL_VOICES: u16 = 24;

/// Limits of the server against many who come from one address: here everybody does.
const LIMITS: [(&str, &str); 5] = [
    ("SABHA__LIMITS__CONNECTIONS_PER_ADDRESS", "10000"),
    ("SABHA__LIMITS__CONNECTIONS_PER_NETWORK", "10000"),
    ("SABHA__LIMITS__CONNECTIONS_PER_ADDRESS_PER_SECOND", "1000"),
    ("SABHA__LIMITS__REQUESTS_PER_ADDRESS_PER_SECOND", "1000"),
    ("SABHA__LIMITS__MEETINGS_PER_MINUTE", "1000"),
];

/// Janus' WebSocket, on loopback.
const JANUS_PORT: u16 = 8188;

/// Galène's WebSocket, on loopback.
const GALENE_PORT: u16 = 8443;

/// The group that the client asks for, by its file's name, and the password with which anybody may come in and send.
const GALENE_GROUP: (&str, &str) =
    ("sabha.json", r#"{ "wildcard-user": { "password": "sabha", "permissions": "present" } }"#);

/// As its documentation advises for many viewers: one event loop for each core that it may use (here one), and nothing
/// that a lone machine does not need. DTLS with the same curves, SRTP as negotiated, no limit on the bitrate.
const JANUS_SETTINGS: &str = "general: { debug_level = 2; event_loops = 1; admin_secret = \"unused\"; }\n\
    media: { twcc_period = 200; dtls_mtu = 1200; }\n\
    transports: { disable = \"libjanus_http.so,libjanus_pfunix.so,libjanus_mqtt.so,libjanus_nanomsg.so,\
libjanus_rabbitmq.so\"; }\n\
    events: { broadcast = false; }\n";

impl System {
    /// Those that may not be here.
    pub(crate) const OTHERS: [Self; 2] = [Self::Janus, Self::Galene];

    /// Returns whether it can be run on this machine.
    pub(crate) fn is_here(self, programs: &Programs) -> bool {
        match self {
            Self::Sabha | Self::SabhaNoGso | Self::SabhaAllVoices | Self::Library | Self::Plain => true,
            Self::Janus => programs.janus.exists(),
            Self::Galene => programs.galene.as_ref().is_some_and(|program| program.exists()),
        }
    }

    /// Starts the system, loads it once, and returns the client's report.
    pub(crate) fn run(self, load: &Load, programs: &Programs, namespace: &Namespace) -> Result<Value> {
        let folder = tempfile::tempdir()?;
        let mut client = namespace.command(Cores::Others, programs.ours.join("sabha-client"));
        let (scenario, viewers) = (load.scenario.name(), load.viewers.to_string());
        let program = match self {
            Self::Sabha | Self::SabhaNoGso | Self::SabhaAllVoices | Self::Library => {
                let mut server = namespace.command(Cores::First, programs.ours.join("sabha"));
                server.args(["serve", "--listen", "127.0.0.1:0", "--output", "json", "--data"]);
                server.arg(folder.path()).envs(LIMITS).envs(self.setting());
                let (program, line) = Program::start_and_read(&mut server)?;
                let ready: Value = serde_json::from_str(&line).context("its first line is JSON")?;
                let link = ready["new_meeting_url"].as_str().context("a link to create meetings")?;
                let (rooms, participants) = load.rooms();
                client.args(["load", scenario, "--suite", "classical", "--rooms", &rooms.to_string()]);
                client.args(["--participants", &participants.to_string()]);
                if self == Self::SabhaAllVoices {
                    client.args(["--voices", &ALL_VOICES.to_string()]);
                }
                if let Some(rate) = load.flood {
                    client.args(["--flood", &rate.to_string()]);
                }
                client.env("SABHA_NEW_MEETING_URL", link);
                program
            }
            Self::Plain => {
                let mut server =
                    namespace.command(Cores::First, programs.ours.join("examples/plain_forwarder"));
                let (program, address) = Program::start_and_read(&mut server)?;
                client.args(["load-elsewhere", "plain", &address]);
                client.args(["--scenario", scenario, "--viewers", &viewers]);
                program
            }
            Self::Janus => {
                let mut server = janus(&programs.janus, namespace, folder.path())?;
                let program = Program::start_and_wait(&mut server, JANUS_PORT)?;
                client.args(["load-elsewhere", "janus", &format!("127.0.0.1:{JANUS_PORT}")]);
                client.args(["--media-ip", ADDRESS, "--scenario", scenario, "--viewers", &viewers]);
                program
            }
            Self::Galene => {
                let path = programs.galene.as_ref().context("its path (--galene)")?;
                let mut server = galene(path, namespace, folder.path())?;
                let program = Program::start_and_wait(&mut server, GALENE_PORT)?;
                client.args(["load-elsewhere", "galene", &format!("127.0.0.1:{GALENE_PORT}")]);
                client.args(["--media-ip", ADDRESS, "--scenario", scenario, "--viewers", &viewers]);
                program
            }
        };
        client.args(["--seconds", &load.seconds.to_string(), "--warm-up", &load.warm_up.to_string()]);
        client.args(["--open-one-in", &load.open_one_in().to_string()]);
        client.args(["--check-one-in", &load.check_one_in.to_string()]);
        client.args(["--server-pid", &program.pid().to_string()]);
        let output = client.stderr(Stdio::inherit()).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "the client says {}: {}", output.status, shortened(&text));
        serde_json::from_str(text.trim()).context("the client's report")
    }

    /// Returns the setting that makes it differ from Sabha as it is.
    fn setting(self) -> Option<(&'static str, String)> {
        match self {
            Self::SabhaNoGso => Some(("SABHA__MEDIA__SEGMENTATION", "false".to_owned())),
            Self::SabhaAllVoices => Some(("SABHA__MEDIA__VOICES", ALL_VOICES.to_string())),
            Self::Library => Some(("SABHA__MEDIA__PATH", "library".to_owned())),
            Self::Sabha | Self::Plain | Self::Janus | Self::Galene => None,
        }
    }
}

fn janus(program: &Path, namespace: &Namespace, folder: &Path) -> Result<Command> {
    let nat = format!("nat: {{ ice_lite = true; ice_enforce_list = \"{INTERFACE}\"; }}\n");
    fs::write(folder.join("janus.jcfg"), format!("{JANUS_SETTINGS}{nat}"))?;
    let websockets = format!(
        "general: {{ json = \"compact\"; ws = true; ws_ip = \"127.0.0.1\"; ws_port = {JANUS_PORT}; }}\n"
    );
    fs::write(folder.join("janus.transport.websockets.jcfg"), websockets)?;
    fs::write(folder.join("janus.plugin.videoroom.jcfg"), "general: { }\n")?;
    let mut janus = namespace.command(Cores::First, program);
    janus.arg("--configs-folder").arg(folder).arg("--config").arg(folder.join("janus.jcfg"));
    Ok(janus)
}

/// Neither TLS before its WebSocket nor a TURN server, and one thread that runs Go, for it has one core. Nothing is recorded
/// unless somebody asks for it.
fn galene(program: &Path, namespace: &Namespace, folder: &Path) -> Result<Command> {
    let mut galene = namespace.command(Cores::First, program);
    galene.args(["-insecure", "-http", &format!("127.0.0.1:{GALENE_PORT}"), "-turn", ""]);
    for option in ["-groups", "-data", "-static", "-recordings"] {
        let place = folder.join(&option[1..]);
        fs::create_dir(&place)?;
        galene.arg(option).arg(place);
    }
    let (name, group) = GALENE_GROUP;
    fs::write(folder.join("groups").join(name), group)?;
    galene.env("GOMAXPROCS", "1");
    Ok(galene)
}

fn shortened(text: &str) -> String {
    text.chars().take(500).collect()
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sabha => "sabha",
            Self::SabhaNoGso => "sabha-no-gso",
            Self::SabhaAllVoices => "sabha-all-voices",
            Self::Library => "library",
            Self::Plain => "plain",
            Self::Janus => "janus",
            Self::Galene => "galene",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn galene_is_here_only_where_its_path_is_given_and_leads_to_something() {
        let is_here = |galene| {
            let programs = Programs { ours: "target/release".into(), janus: "/usr/bin/janus".into(), galene };
            System::Galene.is_here(&programs)
        };
        assert!(!is_here(None));
        assert!(!is_here(Some("/nowhere/galene".into())));
        assert!(is_here(Some(std::env::current_exe().unwrap())));
    }
}
