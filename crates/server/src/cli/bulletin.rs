//! `sabha bulletin`: what an administrator needs of the bulletin without a server that runs.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{Output, SettingsArgs, print, report};
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
}

/// Does what was asked.
pub(super) fn run(command: &Command, output: Output) -> ExitCode {
    let Command::Key(settings) = command;
    match key(settings, output) {
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
