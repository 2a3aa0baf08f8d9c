//! `sabha-client probe`: tries on one's own server what happened to others, and says what held.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use sabha_protocol::probe::ProbeToken;

use super::{Authority, SuiteArg, creation_key, print, print_line};
use crate::{
    error::ClientError,
    link::{Link, MeetingKey, NewMeeting, Server},
    probe::{ProbeConfig, Verdict, probe},
};

/// Something that was tried succeeded.
const NOT_HELD: u8 = 3;

/// Nothing that was tried succeeded, but not everything could be tried.
const NOT_CHECKED: u8 = 4;

#[derive(Args, Debug)]
pub(super) struct Probe {
    /// The server to probe: one's own. With the right to create meetings in it (https://host/new#KEY), or without it and
    /// with --key.
    #[arg(env = "SABHA_NEW_MEETING_URL", hide_env_values = true)]
    url: String,
    /// The creation key, if it is not in the URL, or an account's API key with the scope meetings:create.
    #[arg(long, env = "SABHA_CREATION_KEY", hide_env_values = true, value_parser = creation_key,
        allow_hyphen_values = true)]
    key: Option<MeetingKey>,
    /// What `sabha probe-token` printed on the server. Needed unless the server is on this machine.
    #[arg(long, env = "SABHA_PROBE_TOKEN", hide_env_values = true, value_parser = probe_token)]
    token: Option<ProbeToken>,
    #[command(flatten)]
    authority: Authority,
    /// Cipher suite of the meetings that are made.
    #[arg(long, value_enum, default_value_t = SuiteArg::XWing)]
    suite: SuiteArg,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Json,
    Text,
}

/// Probes, and says what held: exit code 0 if everything did that applies, 3 if something did not, 4 if something could not
/// be checked.
pub(super) async fn run(args: Probe) -> Result<ExitCode, ClientError> {
    let new = args.right()?;
    let config =
        ProbeConfig { new, trust: args.authority.trust()?, token: args.token, suite: args.suite.into() };
    let report = probe(&config).await?;
    match args.output {
        Output::Json => print_line(&report),
        Output::Text => print(report.table()),
    }
    Ok(if report.count(Verdict::NotHeld) > 0 {
        ExitCode::from(NOT_HELD)
    } else if report.count(Verdict::NotChecked) > 0 {
        ExitCode::from(NOT_CHECKED)
    } else {
        ExitCode::SUCCESS
    })
}

impl Probe {
    fn right(&self) -> Result<NewMeeting, ClientError> {
        match (self.url.parse::<Link>(), &self.key) {
            (Ok(Link::NewMeeting(new)), None) => Ok(new),
            (Ok(Link::NewMeeting(_)), Some(_)) => {
                Err(ClientError::Misuse("the key is in the URL already; leave --key out"))
            }
            (_, Some(key)) => Ok(NewMeeting { server: self.url.parse::<Server>()?, key: key.clone() }),
            (_, None) => Err(ClientError::Misuse("give https://host/new#KEY, or https://host and --key")),
        }
    }
}

fn probe_token(text: &str) -> Result<ProbeToken, String> {
    text.parse().map_err(|_| "this is no token of sabha probe-token".to_owned())
}
