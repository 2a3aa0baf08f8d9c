//! `sabha-client verify`: recognises what Sabha gives out to be kept, and checks it with nothing but the file in hand.
//!
//! Each answer says what was proven and what could not be. Nothing is asked of any network.

mod audit;
mod certificate;
mod log;
mod profile;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use sabha_crypto::log::EXPORT_BYTES_MAX;
use sabha_protocol::{MeetingId, key::ProfileKey};
use serde::{Deserialize, Serialize};

use super::{print, print_line};

#[derive(Args, Debug)]
pub(super) struct Verify {
    /// A policy profile, a meeting's log or certificate, or an exported audit log.
    file: PathBuf,
    /// The meeting's log, to be checked with a certificate of it.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// The meeting that a log or certificate has to be of; the id stands in the invite link after /m/.
    #[arg(long, value_name = "ID")]
    meeting: Option<MeetingId>,
    /// The key with which a profile has to be signed (base64url).
    #[arg(long, value_name = "KEY", value_parser = profile_key, allow_hyphen_values = true)]
    key: Option<ProfileKey>,
    /// A hash that has to be in an audit log: one that was noted somewhere else before (hexadecimal).
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Json,
    Text,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    AuditLog,
    MeetingCertificate,
    MeetingLog,
    PolicyProfile,
}

/// What came of a file that holds.
struct Finding {
    details: Details,
    /// For people: what is in the file.
    lines: Vec<String>,
    proved: Vec<String>,
    not_proved: Vec<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Details {
    Audit(audit::Summary),
    Certificate(certificate::Summary),
    Log(log::Summary),
    Profile(Box<profile::Summary>),
}

/// The result, as JSON. Field names are stable: scripts read them.
#[derive(Serialize)]
struct Verdict {
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    proved: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_proved: Vec<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
}

/// Checks the file and says what came of it. Exit code 0 if it holds, 1 if it does not or cannot be read.
pub(super) fn run(args: &Verify) -> ExitCode {
    let (kind, result) = match recognise(&args.file) {
        Ok(kind) => (Some(kind), check(kind, args)),
        Err(error) => (None, Err(error)),
    };
    let code = if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    match (args.output, result) {
        (Output::Json, Ok(Finding { details, proved, not_proved, .. })) => {
            let details = Some(details);
            print_line(&Verdict { valid: true, kind, error: None, proved, not_proved, details });
        }
        (Output::Json, Err(error)) => print_line(&Verdict {
            valid: false,
            kind,
            error: Some(error),
            proved: Vec::new(),
            not_proved: Vec::new(),
            details: None,
        }),
        (Output::Text, Ok(finding)) => print(text(&finding)),
        (Output::Text, Err(error)) => print(format!("NOT VALID: {error}")),
    }
    code
}

fn text(finding: &Finding) -> String {
    let list = |title: &str, items: &[String]| {
        let items = items.iter().map(|item| format!("\n  - {item}")).collect::<String>();
        if items.is_empty() { String::new() } else { format!("\n\n{title}:{items}") }
    };
    let (proved, not_proved) = (list("Proven", &finding.proved), list("Not proven", &finding.not_proved));
    format!("valid\n{}{proved}{not_proved}", finding.lines.join("\n"))
}

fn check(kind: Kind, args: &Verify) -> Result<Finding, String> {
    let only = |given: bool, option: &str, of: Kind| {
        if given && kind != of { Err(format!("{option} is of no use for this file")) } else { Ok(()) }
    };
    only(args.log.is_some(), "--log", Kind::MeetingCertificate)?;
    only(args.key.is_some(), "--key", Kind::PolicyProfile)?;
    only(args.head.is_some(), "--head", Kind::AuditLog)?;
    if args.meeting.is_some() && matches!(kind, Kind::PolicyProfile | Kind::AuditLog) {
        return Err("--meeting is of no use for this file".to_owned());
    }
    match kind {
        Kind::AuditLog => audit::check(&args.file, args.head.as_deref()),
        Kind::MeetingCertificate => {
            let log = args.log.as_deref().map(|file| log::read(file, None)).transpose();
            let log = log.map_err(|error| format!("the log: {error}"))?;
            certificate::check(&args.file, args.meeting, log.as_ref())
        }
        Kind::MeetingLog => log::read(&args.file, args.meeting).map(log::finding),
        Kind::PolicyProfile => profile::check(&args.file, args.key.as_ref()),
    }
}

/// Tells by its beginning what a file is. Whether it is a good one is seen later.
fn recognise(file: &Path) -> Result<Kind, String> {
    /// What JSON files of ours begin with.
    #[derive(Deserialize)]
    struct Format {
        format: String,
    }
    let opened = fs::File::open(file).map_err(|error| error.to_string())?;
    let mut first = Vec::new();
    BufReader::new(opened)
        .take(audit::LINE_BYTES_MAX as u64)
        .read_until(b'\n', &mut first)
        .map_err(|error| error.to_string())?;
    if first.starts_with(b"sabha/") {
        return Ok(Kind::MeetingLog);
    }
    if audit::is_entry(&first) {
        return Ok(Kind::AuditLog);
    }
    let unknown = "this is no policy profile, meeting log, certificate or audit log of Sabha";
    let text = read(file, EXPORT_BYTES_MAX)?;
    let format: Format = serde_json::from_str(&text).map_err(|_| unknown.to_owned())?;
    match format.format.as_str() {
        "sabha-meeting-certificate" => Ok(Kind::MeetingCertificate),
        "sabha-policy-profile" => Ok(Kind::PolicyProfile),
        _ => Err(unknown.to_owned()),
    }
}

/// Reads a text file that has at most so many bytes.
fn read(file: &Path, bytes_max: usize) -> Result<String, String> {
    let mut text = String::new();
    fs::File::open(file)
        .and_then(|file| file.take(bytes_max as u64 + 1).read_to_string(&mut text))
        .map_err(|error| error.to_string())?;
    if text.len() > bytes_max {
        return Err(format!("the file has more than {bytes_max} bytes"));
    }
    Ok(text)
}

/// Reads JSON of ours. What is said of a fault can have names from the file in it: nothing of them steers a terminal.
fn parse<T: for<'a> Deserialize<'a>>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| {
        error.to_string().chars().filter(|letter| !letter.is_control()).take(200).collect::<String>()
    })
}

/// Says an error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Refuses what is of another meeting than the one that was asked for.
fn check_meeting(wanted: Option<MeetingId>, found: MeetingId) -> Result<(), String> {
    match wanted {
        Some(wanted) if wanted != found => Err(format!("the file is of another meeting: {found}")),
        _ => Ok(()),
    }
}

fn profile_key(text: &str) -> Result<ProfileKey, String> {
    ProfileKey::try_from(text.to_owned()).map_err(|error| error.to_string())
}
