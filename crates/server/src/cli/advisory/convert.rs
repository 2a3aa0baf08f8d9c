//! `sabha advisory convert`: from CSAF to what others read, and back.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::ValueEnum;
use sabha_advisory::{
    Alone, AloneError, ImportError, Imported, Sent, csaf::Unreadable, import, import_as, misp, stix,
};

use super::{super::report, bytes};

/// What is converted, and to what.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The format that is written.
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: Format,
    /// What the document is, where it is prose. A draft is made of it first, whatever is written.
    #[arg(long, value_enum, value_name = "PROSE")]
    from: Option<Prose>,
    /// The document, or `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// CSAF 2.0, a draft, from a bundle of STIX 2.1, an event of MISP, a page of HTML or plain text.
    Csaf,
    /// An event of MISP's core format, from CSAF 2.0.
    Misp,
    /// A bundle of STIX 2.1, from CSAF 2.0.
    Stix,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Prose {
    /// A page of the web.
    Html,
    /// Plain text.
    Text,
}

/// Why a document was not converted.
#[derive(Debug, thiserror::Error)]
enum ConvertError {
    #[error("the document cannot be read")]
    Read(#[source] io::Error),
    #[error("the document cannot be written in this format")]
    Export(#[from] AloneError),
    #[error("no draft can be made of it")]
    Import(#[from] ImportError),
    #[error("the document cannot be read")]
    Unreadable(#[from] Unreadable),
}

impl ConvertError {
    const fn remedy(&self) -> &'static str {
        match self {
            Self::Read(_) => "Name a file that this user can read, or - for standard input.",
            Self::Export(AloneError::Label) => {
                "Add /document/distribution/tlp/label, and say in its text if it is TLP:AMBER+STRICT."
            }
            Self::Export(_) => "sabha advisory validate says what is wrong with a document of CSAF.",
            Self::Import(_) | Self::Unreadable(_) => {
                "docs/stix.md has what is read, the bounds and the reasons for them."
            }
        }
    }
}

/// Does what was asked.
pub(super) fn run(args: &Args) -> ExitCode {
    match convert(args) {
        Ok(converted) => {
            // A closed pipe is a reader that has seen enough, not an error.
            let _ = io::stdout().lock().write_all(&converted);
            ExitCode::SUCCESS
        }
        Err(error) => {
            report(&error, error.remedy());
            ExitCode::FAILURE
        }
    }
}

fn convert(args: &Args) -> Result<Vec<u8>, ConvertError> {
    let mut bytes = bytes(&args.file).map_err(ConvertError::Read)?;
    let sent = args.from.map(|from| match from {
        Prose::Html => Sent::Html,
        Prose::Text => Sent::Text,
    });
    if let Some(sent) = sent {
        let imported = import_as(&bytes, sent)?;
        name_left_out(&imported);
        bytes = imported.content;
    }
    match args.to {
        // It is one already.
        Format::Csaf if sent.is_some() => Ok(bytes),
        Format::Csaf => {
            let imported = import(&bytes)?;
            name_left_out(&imported);
            Ok(imported.content)
        }
        Format::Misp => Ok(misp::export(&Alone::read(&bytes)?.source())?),
        Format::Stix => {
            let bundle = stix::export(&Alone::read(&bytes)?.source())?;
            if bundle.left_out() > 0 {
                let _ = writeln!(
                    io::stderr().lock(),
                    "{} objects are left out: {} are the most.",
                    bundle.left_out(),
                    stix::OBJECTS_MAX
                );
            }
            Ok(bundle.write())
        }
    }
}

fn name_left_out(imported: &Imported) {
    let mut out = io::stderr().lock();
    for left in &imported.left_out {
        let _ = writeln!(out, "left out: {}: {}", left.what, left.why);
    }
    if imported.left_out_more > 0 {
        let _ = writeln!(out, "left out: {} more", imported.left_out_more);
    }
    if imported.tlp.is_none() {
        let _ = writeln!(out, "It names no label of TLP: choose one before you pass it on.");
    }
}
