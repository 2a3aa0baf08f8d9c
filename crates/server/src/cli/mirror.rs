//! `sabha bulletin mirror`: how it stands with the providers that the server follows.

use clap::Subcommand;
use serde_json::json;

use super::{Output, SettingsArgs};
use crate::{
    clock,
    config::ConfigError,
    server::StartError,
    storage::{MirrorState, Store},
};

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the providers with how it stands with each, and what was wrong the last time.
    List(SettingsArgs),
    /// Have a running server ask a provider now, or all of them; one that does not run asks when it starts.
    Run {
        /// What the provider is called in the configuration. All without it.
        #[arg(value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        settings: Box<SettingsArgs>,
    },
}

/// Does what was asked, while the server runs or not, and returns what is to be said.
pub(super) fn run(command: &Command, output: Output) -> Result<String, StartError> {
    let settings = match command {
        Command::List(settings) => settings.load()?,
        Command::Run { settings, .. } => settings.load()?,
    };
    let directory = settings.data_dir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(StartError::System)?.block_on(async {
        let store = Store::open_beside(&directory).await?;
        let said = match command {
            Command::List(_) => list(&store.mirrors().await?, output),
            Command::Run { name, .. } => {
                let hurried = store.hurry_mirrors(name.as_deref(), clock::unix_ms()).await?;
                if hurried == 0 {
                    let name = name.as_deref().unwrap_or("any name");
                    let text = format!(
                        "the server follows no provider of {name}: see bulletin.aggregator.providers"
                    );
                    return Err(ConfigError::Invalid(text).into());
                }
                match output {
                    Output::Json => json!({ "due": hurried }).to_string(),
                    Output::Text => format!("{hurried} due now"),
                }
            }
        };
        store.close().await;
        Ok(said)
    })
}

fn list(mirrors: &[MirrorState], output: Output) -> String {
    match output {
        Output::Json => {
            let one = |mirror: &MirrorState| {
                json!({
                    "name": mirror.name,
                    "documents": mirror.documents,
                    "tried_ms": mirror.tried_ms,
                    "succeeded_ms": mirror.succeeded_ms,
                    "due_ms": mirror.due_ms,
                    "failures": mirror.failures,
                    "trouble": mirror.trouble,
                })
            };
            json!({ "providers": mirrors.iter().map(one).collect::<Vec<_>>() }).to_string()
        }
        Output::Text if mirrors.is_empty() => "no providers are followed".to_owned(),
        Output::Text => {
            let time = |ms: Option<u64>| {
                ms.and_then(|ms| i64::try_from(ms).ok()).map_or_else(|| "never".to_owned(), clock::utc_text)
            };
            let one = |mirror: &MirrorState| {
                let state = match (mirror.failures, mirror.tried_ms) {
                    (0, None) => "new".to_owned(),
                    (0, Some(_)) => "well".to_owned(),
                    (failures, _) => format!("failed {failures} times"),
                };
                let (tried, due) = (time(mirror.tried_ms), time(Some(mirror.due_ms)));
                let line = format!(
                    "{}: {state}, documents {}, last asked {tried}, last reached {}, next {due}",
                    mirror.name,
                    mirror.documents,
                    time(mirror.succeeded_ms),
                );
                mirror
                    .trouble
                    .as_ref()
                    .map_or_else(|| line.clone(), |trouble| format!("{line}\n    {trouble}"))
            };
            mirrors.iter().map(one).collect::<Vec<_>>().join("\n")
        }
    }
}
