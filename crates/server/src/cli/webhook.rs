//! `sabha bulletin webhook`: where member organisations have themselves told of documents.

use clap::Subcommand;
use sabha_protocol::{
    account::Label,
    bulletin::{OrganisationId, Severity, WebhookId},
};
use serde_json::json;

use super::{Output, SettingsArgs};
use crate::{
    accounts, clock,
    config::{ConfigError, Settings},
    data_dir::{DataDirError, ServerKey},
    notices::{Targets, try_out},
    server::StartError,
    storage::{Author, BulletinError, Store, WebhookRow},
};

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the webhooks of all member organisations, or of one.
    List {
        /// The organisation, by its name.
        #[arg(value_name = "ORGANISATION")]
        organisation: Option<String>,
        #[command(flatten)]
        settings: Box<SettingsArgs>,
    },
    /// Add a webhook to a member organisation, and print its secret, which is shown this once.
    Add {
        /// The organisation, by its name.
        #[arg(value_name = "ORGANISATION")]
        organisation: String,
        /// Where it is told: https, or http on this machine.
        #[arg(value_name = "URL")]
        url: String,
        /// Only of what is as severe as this: low, medium, high or critical.
        #[arg(long, value_parser = severity)]
        severity: Option<Severity>,
        #[command(flatten)]
        settings: Box<SettingsArgs>,
    },
    /// Remove a webhook, with what was to be delivered there.
    Remove {
        /// Its id, as the list has it.
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        settings: Box<SettingsArgs>,
    },
    /// Send a webhook a signed test, and say whether it was taken.
    Test {
        /// Its id, as the list has it.
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        settings: Box<SettingsArgs>,
    },
}

/// A webhook, and whose it is.
type Kept = (Label, OrganisationId, WebhookRow);

/// Does what was asked, while the server runs or not, and returns what is to be said.
pub(super) fn run(command: &Command, output: Output) -> Result<String, StartError> {
    let settings = match command {
        Command::List { settings, .. }
        | Command::Add { settings, .. }
        | Command::Remove { settings, .. }
        | Command::Test { settings, .. } => settings.load()?,
    };
    let directory = settings.data_dir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(StartError::System)?.block_on(async {
        let store = Store::open_beside(&directory).await?;
        let said = match command {
            Command::List { organisation, .. } => {
                let kept = kept(&store, organisation.as_deref()).await?;
                Ok(list(&kept, output))
            }
            Command::Add { organisation, url, severity, .. } => {
                add(&store, &settings, (organisation, url, *severity), output).await
            }
            Command::Remove { id, .. } => remove(&store, id, output).await,
            Command::Test { id, .. } => test(&store, &settings, id, output).await,
        };
        store.close().await;
        said
    })
}

async fn add(
    store: &Store,
    settings: &Settings,
    (organisation, url, severity): (&str, &str, Option<Severity>),
    output: Output,
) -> Result<String, StartError> {
    let of = named(store, organisation).await?;
    targets(settings).check(url).map_err(|error| refused(&error))?;
    let key = ServerKey::read(&settings.data_dir()?)?;
    let id = WebhookId::from_bytes(random()?);
    let added = store.add_webhook(Author::default(), of, id, (url, severity), clock::unix_ms()).await;
    added.map_err(|error| match error {
        BulletinError::Store(error) => StartError::Store(error),
        BulletinError::Full => refused(&format!("{organisation} has as many webhooks as there may be")),
        error => refused(&error),
    })?;
    let secret = key.webhook_secrets().text(id);
    Ok(match output {
        Output::Json => json!({ "id": id, "secret": secret }).to_string(),
        Output::Text => {
            format!("{id} is told from now on. Its secret, which is shown this once:\n  {secret}")
        }
    })
}

async fn remove(store: &Store, id: &str, output: Output) -> Result<String, StartError> {
    let (name, of, webhook) = one(store, id).await?;
    let removed = store.remove_webhook(Author::default(), of, webhook.id, clock::unix_ms()).await;
    removed.map_err(|error| match error {
        BulletinError::Store(error) => StartError::Store(error),
        error => refused(&error),
    })?;
    Ok(match output {
        Output::Json => json!({ "removed": webhook.id }).to_string(),
        Output::Text => format!("{} of {} is told no more", webhook.url, name.as_str()),
    })
}

async fn test(store: &Store, settings: &Settings, id: &str, output: Output) -> Result<String, StartError> {
    let (_, _, webhook) = one(store, id).await?;
    let secrets = ServerKey::read(&settings.data_dir()?)?.webhook_secrets();
    let tls = accounts::authorities(settings.bulletin.webhooks.ca_file.as_deref())
        .map_err(|error| refused(&format!("bulletin.webhooks.ca_file: {error}")))?;
    let by = (&secrets, &targets(settings), tls);
    let taken = try_out(&webhook.url, webhook.id, random()?, clock::unix_ms(), by).await;
    taken.map_err(|why| refused(&format!("{} did not take a test: {why}", webhook.url)))?;
    Ok(match output {
        Output::Json => json!({ "taken": true }).to_string(),
        Output::Text => format!("{} took a test", webhook.url),
    })
}

/// Returns the webhooks of one organisation, or of all.
async fn kept(store: &Store, organisation: Option<&str>) -> Result<Vec<Kept>, StartError> {
    let only = match organisation {
        Some(organisation) => Some(named(store, organisation).await?),
        None => None,
    };
    let mut all = Vec::new();
    for of in store.member_organisations().await? {
        if only.is_none_or(|only| only == of.id) {
            let webhooks = store.webhooks(of.id).await?;
            all.extend(webhooks.into_iter().map(|webhook| (of.name.clone(), of.id, webhook)));
        }
    }
    Ok(all)
}

async fn one(store: &Store, id: &str) -> Result<Kept, StartError> {
    let found = kept(store, None).await?.into_iter().find(|(_, _, webhook)| webhook.id.to_string() == id);
    found.ok_or_else(|| refused(&format!("there is no webhook {id}: sabha bulletin webhook list has them")))
}

async fn named(store: &Store, organisation: &str) -> Result<OrganisationId, StartError> {
    let all = store.member_organisations().await?;
    let found = all.into_iter().find(|one| one.name.as_str() == organisation);
    found
        .map(|one| one.id)
        .ok_or_else(|| refused(&format!("no member organisation is called {organisation}")))
}

fn list(kept: &[Kept], output: Output) -> String {
    match output {
        Output::Json => {
            let one =
                |(name, of, webhook): &Kept| json!({ "organisation": of, "name": name, "webhook": webhook });
            json!({ "webhooks": kept.iter().map(one).collect::<Vec<_>>() }).to_string()
        }
        Output::Text if kept.is_empty() => "no webhooks".to_owned(),
        Output::Text => kept.iter().map(line).collect::<Vec<_>>().join("\n"),
    }
}

fn line((name, _, webhook): &Kept) -> String {
    let WebhookRow { id, url, severity, delivered_ms, waiting, given_up, trouble, .. } = webhook;
    let from = severity.map_or(String::new(), |severity| format!(" from {}", severity.word()));
    let delivered = delivered_ms
        .and_then(|ms| i64::try_from(ms).ok())
        .map_or_else(|| "never".to_owned(), clock::utc_text);
    let line = format!(
        "{id} {}: {url}{from}, last delivery {delivered}, waiting {waiting}, given up {given_up}",
        name.as_str()
    );
    trouble.as_ref().map_or_else(|| line.clone(), |trouble| format!("{line}\n    {trouble}"))
}

fn targets(settings: &Settings) -> Targets {
    Targets::new(settings.bulletin.webhooks.networks.clone())
}

fn random<const N: usize>() -> Result<[u8; N], StartError> {
    accounts::random().map_err(|_| StartError::DataDir(DataDirError::NoRandomness))
}

fn refused(why: &impl ToString) -> StartError {
    ConfigError::Invalid(why.to_string()).into()
}

fn severity(word: &str) -> Result<Severity, String> {
    let known = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    known.into_iter().find(|one| one.word() == word).ok_or_else(|| "low, medium, high or critical".to_owned())
}
