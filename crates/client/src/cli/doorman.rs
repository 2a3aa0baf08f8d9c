//! `sabha-client doorman`: stands at a meeting's door until it is asked to stop.

use std::{
    collections::HashSet,
    fs,
    io::Read as _,
    path::{Path as FilePath, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use sabha_protocol::DisplayName;
use serde::Serialize;

use super::{Authority, Meeting, asked_to_stop, begin, print_line};
use crate::{
    error::ClientError,
    link::Link,
    participant::{Participant, ParticipantConfig, Phase, Subscription},
    report::Report,
    scenario::{DoorRules, keep_door},
};

/// Longest list of names that is read, in bytes.
const LIST_BYTES_MAX: u64 = 1024 * 1024;

/// How long a server that is away is looked for: longer than a restart or a broken line, shorter than a meeting.
const RECONNECT: Duration = Duration::from_secs(3_600);

#[derive(Args, Debug)]
pub(super) struct Doorman {
    /// The right to create (https://host/new#KEY): then a meeting is created and its invite printed. Or an invite:
    /// then the doorman waits until a host lets it in and makes it host.
    #[arg(required_unless_present = "state")]
    link: Option<Link>,
    #[command(flatten)]
    authority: Authority,
    /// The host's device, as `create --state` or an earlier doorman has kept it.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Name to be shown.
    #[arg(long, default_value = "Doorman")]
    name: DisplayName,
    #[command(flatten)]
    meeting: Meeting,
    /// Let in who knocks under a name in this file: one a line; empty lines and those that begin with # do not count.
    #[arg(long, value_name = "FILE")]
    invite_list: Option<PathBuf>,
    /// Send others away instead of leaving them to wait for another host.
    #[arg(long)]
    deny_others: bool,
    /// Seconds after which somebody is sent away who could still say the passcode.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "deny_others")]
    deny_after: u64,
    /// Seconds to stay; until stopped or the meeting's end if absent.
    #[arg(long)]
    duration: Option<u64>,
    /// End the meeting for everybody at the end.
    #[arg(long)]
    end: bool,
    /// Write the meeting's log to this file at the end. Only the device that made the meeting keeps one.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

/// Last line of output.
#[derive(Serialize)]
#[serde(tag = "event", rename = "over")]
struct OverLine<'a> {
    #[serde(flatten)]
    report: &'a Report,
    /// Where the log was written.
    log: Option<&'a FilePath>,
}

/// Stands at the door, and prints each event as a line of JSON.
pub(super) async fn run(args: Doorman) -> Result<ExitCode, ClientError> {
    let rules = DoorRules {
        names: args.invite_list.as_deref().map(read_names).transpose()?.unwrap_or_default(),
        deny_others: args.deny_others,
        deny_after: Duration::from_secs(args.deny_after),
    };
    let trust = args.authority.trust()?;
    let (link, state) = (args.link.as_ref(), args.state.as_deref());
    let beginning = begin(link, &trust, state, &args.meeting, &args.name).await?;
    let config = ParticipantConfig {
        trust,
        passcode: args.meeting.passcode.clone(),
        publish: Vec::new(),
        subscription: Subscription::Only(Vec::new()),
        video_slots: 1,
        audio_slots: 0,
        state_file: args.state.clone(),
        reconnect: RECONNECT,
        ..ParticipantConfig::guest(beginning.invite.clone(), args.name.clone())
    };
    let participant = beginning.join(config);
    tokio::select! {
        () = attend(&participant, &rules, &args) => {}
        () = asked_to_stop() => {}
        () = tokio::time::sleep(Duration::from_secs(args.duration.unwrap_or(u64::from(u32::MAX)))) => {}
    }
    let (report, result) = if participant.state().phase == Phase::Over {
        participant.finish().await
    } else if args.end {
        participant.end().await
    } else {
        participant.leave().await
    };
    let log = write_log(args.log.as_deref(), &report);
    print_line(&OverLine { report: &report, log: log.as_ref().ok().copied().flatten() });
    result.inspect_err(|error| tracing::error!(%error, "out"))?;
    log.map(|_| ExitCode::SUCCESS)
}

/// Sets the passcode, if one was given, once the device is a host, and keeps the door until the end.
async fn attend(participant: &Participant, rules: &DoorRules, args: &Doorman) {
    let mut state = participant.watch();
    let is_host = |state: &crate::participant::Snapshot| {
        state.phase == Phase::Joined && state.view.as_ref().is_some_and(|view| view.host)
    };
    if state.wait_for(is_host).await.is_err() {
        return;
    }
    if let Some(passcode) = &args.meeting.passcode {
        participant.set_passcode(Some(passcode.clone()), true);
    }
    keep_door(participant, rules, print_line).await;
}

/// Writes the log where it was asked for, and returns where that is.
fn write_log<'a>(path: Option<&'a FilePath>, report: &Report) -> Result<Option<&'a FilePath>, ClientError> {
    let Some(path) = path else { return Ok(None) };
    let log = report.log.as_deref().ok_or(ClientError::Misuse(
        "this device has not made the meeting in this run, so it has no log of it",
    ))?;
    fs::write(path, log).map_err(|error| ClientError::connection("writing the log", error))?;
    Ok(Some(path))
}

fn read_names(path: &FilePath) -> Result<HashSet<DisplayName>, ClientError> {
    let unusable = |reason: String| ClientError::StateFile { path: path.to_owned(), reason };
    let mut text = String::new();
    fs::File::open(path)
        .and_then(|file| file.take(LIST_BYTES_MAX).read_to_string(&mut text))
        .map_err(|error| unusable(error.to_string()))?;
    let lines = text.lines().map(str::trim).enumerate();
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(at, line)| line.parse().map_err(|error| unusable(format!("line {}: {error}", at + 1))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_has_one_name_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        fs::write(&path, "# Monday\nAsha\n\n  Bilal Khan \nAsha\n").unwrap();
        let expected = ["Asha", "Bilal Khan"].map(|name| name.parse().unwrap());
        assert_eq!(read_names(&path).unwrap(), expected.into_iter().collect());

        fs::write(&path, format!("Asha\n{}", "x".repeat(65))).unwrap();
        let error = read_names(&path).unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
