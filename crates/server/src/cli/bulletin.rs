//! `sabha bulletin`: what an administrator needs of the bulletin on the server's machine, while the server runs or not.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{Output, SettingsArgs, mirror, print, report, webhook};
use crate::{
    bulletin::Provider,
    config::{ConfigError, PublicUrl},
    data_dir::ServerKey,
    server::StartError,
};

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the OpenPGP key by which the CSAF provider signs: its fingerprint, and the public key.
    Key(SettingsArgs),
    /// Show how it stands with the providers of CSAF that the server lists or mirrors, or have them asked now.
    #[command(subcommand)]
    Mirror(mirror::Command),
    /// Show, add, remove and test the addresses at which member organisations have themselves told of documents.
    #[command(subcommand)]
    Webhook(webhook::Command),
}

/// Does what was asked.
pub(super) fn run(command: &Command, output: Output) -> ExitCode {
    let done = match command {
        Command::Key(settings) => key(settings, output),
        Command::Mirror(command) => mirror::run(command, output),
        Command::Webhook(command) => webhook::run(command, output),
    };
    match done {
        Ok(text) => {
            print(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            let remedy = error.remedy();
            report(&error, &remedy);
            ExitCode::FAILURE
        }
    }
}

/// Works while the server runs, by the key in its data directory, which nobody else can read.
fn key(settings: &SettingsArgs, output: Output) -> Result<String, StartError> {
    let settings = settings.load()?;
    let key = ServerKey::read(&settings.data_dir()?)?;
    let missing = || ConfigError::Invalid("bulletin.provider.organisation is missing: who signs?".to_owned());
    let listen = settings.server.listen;
    let url = settings.server.public_url.clone().unwrap_or_else(|| PublicUrl::of_listener(listen));
    let provider = Provider::new(&settings.bulletin.provider, &url, &key).ok_or_else(missing)?;
    let (fingerprint, key) = (provider.fingerprint(), provider.public_key());
    Ok(match output {
        Output::Json => json!({ "fingerprint": fingerprint, "key": key }).to_string(),
        Output::Text => format!("{fingerprint}\n{}", key.trim_end()),
    })
}
