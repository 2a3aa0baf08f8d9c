//! `sabha advisory`: documents of the bulletin, without a server.

mod convert;
mod site;

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;
use sabha_advisory::csaf::{self, DOCUMENT_BYTES_MAX, Report, Unreadable, Weight};
use serde_json::{Value, json};

use super::{Output, print, report};
use crate::bulletin::check;

/// A document was read and is not valid.
const NOT_VALID: u8 = 3;

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check a CSAF 2.0 document against the standard's schema and tests. Exit code 0: valid, 3: not valid, 1: not read.
    Validate {
        /// The document, or `-` for standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Write a document of CSAF 2.0 in another format, or make a draft of CSAF 2.0 of what others share. What has no place in it
    /// is named on standard error.
    Convert(convert::Args),
    /// Make a folder of documents that any web server serves: a trusted provider of CSAF 2.0, with lists, feeds, hashes and signatures.
    Site(site::Args),
}

/// Why a document was not checked.
#[derive(Debug, thiserror::Error)]
enum AdvisoryError {
    #[error("{} cannot be read", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is not a document that can be checked", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: Unreadable,
    },
}

impl AdvisoryError {
    const fn remedy(&self) -> &'static str {
        match self {
            Self::Read { .. } => "Name a file that this user can read, or - for standard input.",
            Self::Unreadable {
                source: Unreadable::NotJson { .. } | Unreadable::DuplicateKey { .. }, ..
            } => "CSAF documents are JSON in UTF-8: correct it at the place that is named.",
            Self::Unreadable { .. } => "docs/bulletin.md has the bounds and the reasons for them.",
        }
    }
}

/// Does what was asked.
pub(super) fn run(command: &Command, output: Output) -> ExitCode {
    let file = match command {
        Command::Validate { file } => file,
        Command::Convert(args) => return convert::run(args),
        Command::Site(args) => return site::run(args),
    };
    match validate(file) {
        Ok(found) => {
            print(&match output {
                Output::Json => json(file, &found).to_string(),
                Output::Text => text(file, &found),
            });
            if found.is_valid() { ExitCode::SUCCESS } else { ExitCode::from(NOT_VALID) }
        }
        Err(error) => {
            report(&error, error.remedy());
            ExitCode::FAILURE
        }
    }
}

fn validate(path: &Path) -> Result<Report, AdvisoryError> {
    let bytes = bytes(path).map_err(|source| AdvisoryError::Read { path: path.to_owned(), source })?;
    csaf::validate(&bytes).map_err(|source| AdvisoryError::Unreadable { path: path.to_owned(), source })
}

/// Reads a file, or standard input.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new("-") { read(io::stdin().lock()) } else { File::open(path).and_then(read) }
}

/// Reads what a document can be long, and one byte more, by which it is seen to be longer.
fn read(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(DOCUMENT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(path: &Path, found: &Report) -> String {
    let mut text = String::new();
    for finding in found.findings() {
        // Cannot fail: a String takes any text.
        let _ = writeln!(text, "{finding}");
    }
    if found.left_out() > 0 {
        let _ = writeln!(text, "{} more are not shown.", found.left_out());
    }
    let verdict = if found.is_valid() { "valid" } else { "not valid" };
    let count = |weight| found.findings().iter().filter(|finding| finding.rule.weight() == weight).count();
    let _ = write!(
        text,
        "{} is {verdict}: errors {}, warnings {}, information {}.",
        path.display(),
        count(Weight::Error),
        count(Weight::Warning),
        count(Weight::Information)
    );
    text
}

fn json(path: &Path, found: &Report) -> Value {
    // As the server's API answers, with the file's name.
    let mut report =
        serde_json::to_value(check::report(found)).expect("texts and numbers have a form in JSON");
    report["file"] = json!(path);
    report
}
