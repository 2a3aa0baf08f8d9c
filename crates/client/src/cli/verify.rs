//! `sabha-client verify-log`: checks an exported log with nothing but the file in hand.

use std::{fs, io::Read as _, path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use data_encoding::HEXLOWER;
use sabha_crypto::log::{EXPORT_BYTES_MAX, LogSummary, verify_export};
use sabha_protocol::{DeviceKey, MeetingId};
use serde::Serialize;

use super::{print, print_line};

#[derive(Args, Debug)]
pub(super) struct VerifyLog {
    /// The exported log.
    file: PathBuf,
    /// The meeting that it has to be of; the id stands in the invite link after /m/.
    #[arg(long, value_name = "ID")]
    meeting: Option<MeetingId>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Json,
    Text,
}

/// The result, as JSON. Field names are stable: scripts read them.
#[derive(Serialize)]
struct Verdict {
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    log: Option<Summary>,
}

#[derive(Serialize)]
struct Summary {
    meeting: MeetingId,
    /// The MLS number of the cipher suite.
    suite: u16,
    root: DeviceKey,
    signer: DeviceKey,
    /// Hexadecimal.
    head: String,
    entries: usize,
    /// Unix milliseconds.
    created_ms: u64,
    ended_ms: Option<u64>,
    epoch: Option<u64>,
    policy_version: u64,
    admitted: usize,
    revoked: usize,
}

impl From<LogSummary> for Summary {
    fn from(log: LogSummary) -> Self {
        Self {
            meeting: log.meeting,
            suite: log.suite.code(),
            root: log.root,
            signer: log.signer,
            head: HEXLOWER.encode(&log.head),
            entries: log.entries.len(),
            created_ms: log.created_ms,
            ended_ms: log.ended_ms,
            epoch: log.epoch,
            policy_version: log.policy_version,
            admitted: log.granted.values().sum(),
            revoked: log.revoked,
        }
    }
}

/// Checks the log and says what came of it. Exit code 0 if it holds, 1 if it does not or cannot be read.
pub(super) fn run(args: &VerifyLog) -> ExitCode {
    let result = check(args);
    let code = if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    match args.output {
        Output::Json => print_line(&match result {
            Ok(log) => Verdict { valid: true, error: None, log: Some(log) },
            Err(error) => Verdict { valid: false, error: Some(error), log: None },
        }),
        Output::Text => print(match result {
            Ok(log) => text(&log),
            Err(error) => format!("NOT VALID: {error}"),
        }),
    }
    code
}

fn check(args: &VerifyLog) -> Result<Summary, String> {
    let mut text = String::new();
    fs::File::open(&args.file)
        .and_then(|file| file.take(EXPORT_BYTES_MAX as u64 + 1).read_to_string(&mut text))
        .map_err(|error| error.to_string())?;
    let log = verify_export(&text).map_err(|error| match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    })?;
    if args.meeting.is_some_and(|meeting| meeting != log.meeting) {
        return Err(format!("the log is of another meeting: {}", log.meeting));
    }
    Ok(log.into())
}

fn text(log: &Summary) -> String {
    let mut lines = vec![
        "valid".to_owned(),
        format!("meeting   {}", log.meeting),
        format!("root key  {}", String::from(log.root)),
        format!("signed by {}", String::from(log.signer)),
        format!("head      {}", log.head),
        format!("entries   {}", log.entries),
        format!("admitted  {}", log.admitted),
        format!("revoked   {}", log.revoked),
        format!("created   {} (unix ms)", log.created_ms),
    ];
    if let Some(ended) = log.ended_ms {
        lines.push(format!("ended     {ended} (unix ms)"));
    }
    lines.join("\n")
}
