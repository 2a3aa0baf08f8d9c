//! `sabha user`: what is done about users on the server's machine, while the server runs or not.

use std::process::ExitCode;

use clap::Subcommand;
use sabha_protocol::{account::InvitationId, secret::LinkToken};
use serde_json::json;

use super::{Output, SettingsArgs, print, report};
use crate::{
    accounts, clock,
    config::PublicUrl,
    data_dir::DataDirError,
    server::StartError,
    storage::{AccountError, Store},
};

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a link by which an administrator who lost every way in adds a passkey. It is good once, for a day, and the
    /// audit log says that it was made.
    Recover {
        /// E-mail address or id of the administrator; not needed where there is one.
        #[arg(value_name = "WHO")]
        who: Option<String>,
        #[command(flatten)]
        settings: Box<SettingsArgs>,
    },
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
enum RecoveryError {
    #[error("no administrator was meant, or it is not said which of several")]
    NoAdministrator,
    #[error(transparent)]
    Start(#[from] StartError),
}

impl RecoveryError {
    fn remedy(&self) -> String {
        match self {
            Self::NoAdministrator => {
                "Name an administrator by address or id. Where there is none at all, the next start of the server prints a \
                link for the first."
                    .to_owned()
            }
            Self::Start(error) => error.remedy(),
        }
    }
}

/// Does what was asked.
pub(super) fn run(command: &Command, output: Output) -> ExitCode {
    let Command::Recover { who, settings } = command;
    match recover(who.as_deref(), settings) {
        Ok((name, url)) => {
            print(&match output {
                Output::Json => json!({ "name": name, "url": url }).to_string(),
                Output::Text => format!(
                    "{name} comes back by this link, which is good once, for a day. Whoever follows it is {name}:\n  {url}"
                ),
            });
            ExitCode::SUCCESS
        }
        Err(error) => {
            let remedy = error.remedy();
            report(&error, &remedy);
            ExitCode::FAILURE
        }
    }
}

fn recover(who: Option<&str>, settings: &SettingsArgs) -> Result<(String, String), RecoveryError> {
    let settings = settings.load()?;
    let no_randomness = |_| StartError::DataDir(DataDirError::NoRandomness);
    let token = LinkToken::from_bytes(accounts::random().map_err(no_randomness)?);
    let id = InvitationId::from_bytes(accounts::random().map_err(no_randomness)?);
    let directory = settings.data_dir().map_err(StartError::from)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::System)?;
    let user = runtime.block_on(async {
        let store = Store::open_beside(&directory).await.map_err(StartError::from)?;
        let hash = accounts::hash(token.expose());
        let made = store.prepare_recovery(who, id, &hash, clock::unix_ms()).await;
        store.close().await;
        made.map_err(|error| match error {
            AccountError::Store(error) => RecoveryError::Start(error.into()),
            _ => RecoveryError::NoAdministrator,
        })
    })?;
    // Passkeys belong to a name; to the machine itself it is this one.
    let local = || format!("http://localhost:{}", settings.server.listen.port());
    let origin = settings.server.public_url.as_ref().map(PublicUrl::origin).map_or_else(local, str::to_owned);
    Ok((user.name.as_str().to_owned(), format!("{origin}/admin#recover.{}", String::from(token))))
}
