//! `sabha policy`: the organisation's floor, and the profiles that it can be made from.
//!
//! Works beside a running server, on the same database: what is applied binds within a second. Nothing is applied that
//! was made from a floor that is no longer the newest.

mod error;
mod signing;
mod template;

use std::{fmt::Write as _, path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use sabha_policy::{
    Control, Controls, Difference, Scale, Tier,
    profile::{self, Authorship},
};
use sabha_protocol::{key::ProfileKey, limits::FLOOR_GRACE};
use serde_json::{Value, json};

use self::{
    error::PolicyError,
    signing::{Sign, sign},
    template::Template,
};
use super::{Output, print, report};
use crate::{
    clock::utc_text,
    config::{Overrides, Settings},
    data_dir::DataDir,
    profiles,
    server::StartError,
    storage::{AppliedFloor, Author, Store, StoreError},
    wanted::{self, Wanted},
};

/// What names a tier where a profile could stand.
const TIER_PREFIX: &str = "tier:";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Demand a profile's or a tier's controls of every meeting, from now on.
    Apply(Apply),
    /// Show what applying would change.
    Diff(Diff),
    /// List the profiles that are shipped, and the tiers.
    List,
    /// Demand again what was demanded earlier.
    Rollback(Rollback),
    /// Show what is demanded, since when, by whom, and what was before.
    Show(Place),
    /// Sign a profile, in its file.
    Sign(Sign),
    /// Keep templates: named controls that a meeting can begin with.
    #[command(subcommand)]
    Template(Template),
    /// Check a profile and its signature.
    Verify(Verify),
}

/// Where the database is.
#[derive(Args, Debug)]
pub(super) struct Place {
    /// Configuration file (TOML) of the server.
    #[arg(long, value_name = "FILE", env = "SABHA_CONFIG")]
    config: Option<PathBuf>,
    /// Directory of the database [default: ~/.local/share/sabha].
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
}

/// Who does something, for the record.
#[derive(Args, Debug)]
struct By {
    /// Who applies it, for the record [default: the name of the system's user].
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct Apply {
    /// A profile's file, the id of a shipped one, or tier:low, tier:medium, tier:high.
    #[arg(value_name = "FILE|ID|tier:NAME")]
    what: String,
    #[command(flatten)]
    by: By,
    /// Apply it only if it is signed with this key (base64url).
    #[arg(long, value_name = "KEY", value_parser = profile_key, allow_hyphen_values = true)]
    key: Option<ProfileKey>,
    /// Also where it asks for less than today: it takes the place of today's floor. Without, nothing gets looser.
    #[arg(long)]
    loosen: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
pub(super) struct Diff {
    /// A profile's file, the id of a shipped one, or tier:low, tier:medium, tier:high.
    #[arg(value_name = "FILE|ID|tier:NAME")]
    what: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
pub(super) struct Rollback {
    /// Number of the floor, as `show` lists them; 0 is what holds where nobody has chosen [default: the one before].
    #[arg(value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(0..))]
    number: Option<i64>,
    #[command(flatten)]
    by: By,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
pub(super) struct Verify {
    /// The profile's file, or the id of a shipped one.
    #[arg(value_name = "FILE|ID")]
    file: String,
    /// The key with which it must be signed (base64url).
    #[arg(long, value_name = "KEY", value_parser = profile_key, allow_hyphen_values = true)]
    key: Option<ProfileKey>,
}

/// What a command has to say: as JSON, and for people.
struct Said {
    json: Value,
    text: String,
}

/// Does what was asked.
pub(super) fn run(command: &Command, output: Output) -> ExitCode {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::System);
    let done = runtime.map_err(PolicyError::from).and_then(|runtime| {
        runtime.block_on(async {
            match command {
                Command::Apply(args) => apply(args).await,
                Command::Diff(args) => diff(args).await,
                Command::List => list(),
                Command::Rollback(args) => rollback(args).await,
                Command::Show(place) => show(place).await,
                Command::Sign(args) => sign(args),
                Command::Template(command) => template::run(command).await,
                Command::Verify(args) => verify(args),
            }
        })
    });
    match done {
        Ok(said) => {
            print(&match output {
                Output::Json => said.json.to_string(),
                Output::Text => said.text.trim_end().to_owned(),
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

async fn apply(args: &Apply) -> Result<Said, PolicyError> {
    let wanted = find(&args.what, args.key.as_ref())?;
    let book = Book::open(&args.place).await?;
    let (seen, today) = wanted::today(&book.store).await?;
    let floor = wanted.over(&today, args.loosen);
    let said = book.demand(seen, &today, &floor, &args.by, &wanted).await?;
    book.close().await;
    Ok(said)
}

async fn rollback(args: &Rollback) -> Result<Said, PolicyError> {
    let book = Book::open(&args.place).await?;
    let (seen, today) = wanted::today(&book.store).await?;
    let number = match args.number {
        Some(number) => number,
        None if seen == 0 => return Err(PolicyError::NoFloorBefore),
        None => seen - 1,
    };
    let wanted = Wanted::earlier(&book.store, number).await?.ok_or(PolicyError::NoFloor(number))?;
    let floor = wanted.over(&today, false);
    let said = book.demand(seen, &today, &floor, &args.by, &wanted).await?;
    book.close().await;
    Ok(said)
}

async fn diff(args: &Diff) -> Result<Said, PolicyError> {
    let wanted = find(&args.what, None)?;
    let book = Book::open(&args.place).await?;
    let (seen, today) = wanted::today(&book.store).await?;
    book.close().await;
    let differences = today.difference(&wanted.controls);
    let mut text = format!("From today's floor to {}:\n\n", wanted.origin);
    if differences.is_empty() {
        text.push_str("  no difference\n");
    }
    text.push_str(&changes_text(&differences));
    if differences.iter().any(|difference| !difference.tightens) {
        text.push_str("\nWhat is looser is left as it is today, unless it is applied with --loosen.\n");
    }
    let changes = changes_json(&differences);
    Ok(Said { json: json!({ "floor": seen, "origin": wanted.origin, "changes": changes }), text })
}

async fn show(place: &Place) -> Result<Said, PolicyError> {
    let book = Book::open(place).await?;
    // In this order: what is newest in the list is not older than the floor.
    let floor = book.store.floor().await?;
    let history = book.store.floors().await?;
    book.close().await;
    let newest = history.first();
    let floor = newest.map_or(floor, |row| row.floor.clone());

    let mut text = match newest {
        None => format!("Nobody has chosen a floor: tier {} holds.\n", Tier::default().name()),
        Some(row) => format!(
            "Floor {} holds since {}, applied by {}, from {}.\n",
            row.number,
            utc_text(row.applied_ms),
            row.applied_by,
            row.origin
        ),
    };
    text.push('\n');
    for control in Control::ALL {
        let sources: Vec<String> = control.sources().iter().map(ToString::to_string).collect();
        let value = Controls::named(*control, floor.get(*control));
        let _ = writeln!(text, "  {:<26} {value:<15} {}", control.id(), sources.join(", "));
    }
    if !history.is_empty() {
        text.push_str("\nFloors, the newest first:\n");
    }
    for row in &history {
        let _ = writeln!(
            text,
            "  {:>4}  {}  {}  {}",
            row.number,
            utc_text(row.applied_ms),
            row.applied_by,
            row.origin
        );
    }
    let controls: Vec<Value> = Control::ALL.iter().map(|control| control_json(*control, &floor)).collect();
    let history: Vec<Value> = history.iter().map(row_json).collect();
    Ok(Said { json: json!({ "floor": history.first(), "controls": controls, "history": history }), text })
}

fn list() -> Result<Said, PolicyError> {
    let shipped = profiles::shipped()?;
    let mut text = String::new();
    for file in &shipped {
        let profile = &file.profile;
        let _ = writeln!(
            text,
            "{}\n  {}\n  {}, {}; {} controls",
            profile.id,
            profile.title.as_str(),
            profile.issuer.as_str(),
            profile.issued,
            profile.controls.len()
        );
    }
    for tier in Tier::ALL {
        let _ = writeln!(text, "{TIER_PREFIX}{}", tier.name());
    }
    let profiles: Vec<Value> = shipped
        .iter()
        .map(|file| {
            let profile = &file.profile;
            json!({
                "id": profile.id,
                "revision": profile.revision,
                "title": profile.title,
                "issuer": profile.issuer,
                "issued": profile.issued,
                "controls": profile.controls.len(),
            })
        })
        .collect();
    let tiers: Vec<&str> = Tier::ALL.iter().map(|tier| tier.name()).collect();
    Ok(Said { json: json!({ "profiles": profiles, "tiers": tiers }), text })
}

fn verify(args: &Verify) -> Result<Said, PolicyError> {
    let file = profiles::find(&args.file)?;
    let checked = profile::check(&file, args.key.as_ref())
        .map_err(|source| PolicyError::Profile { name: args.file.clone(), source })?;
    let key = signer(checked.authorship);
    let profile = &file.profile;
    let holds = match &key {
        Some(key) => format!("The signature holds.\n  signed with  {key}"),
        None => "Well formed, but not signed: whoever has the file can have changed it.".to_owned(),
    };
    let text = format!(
        "{holds}\n  profile      {}, revision {}\n  title        {}\n  issuer       {}\n  issued       {}\n  controls     {}",
        profile.id,
        profile.revision,
        profile.title.as_str(),
        profile.issuer.as_str(),
        profile.issued,
        profile.controls.len(),
    );
    Ok(Said {
        json: json!({
            "valid": true,
            "signed_by": key,
            "id": profile.id,
            "revision": profile.revision,
            "title": profile.title,
            "issuer": profile.issuer,
            "issued": profile.issued,
            "controls": profile.controls.len(),
        }),
        text,
    })
}

/// Finds what a floor is to be made from.
fn find(what: &str, key: Option<&ProfileKey>) -> Result<Wanted, PolicyError> {
    if let Some(name) = what.strip_prefix(TIER_PREFIX) {
        let tier = Tier::named(name).ok_or_else(|| PolicyError::Tier(name.to_owned()))?;
        return if key.is_some() { Err(PolicyError::TierKey) } else { Ok(Wanted::tier(tier)) };
    }
    Wanted::profile(&profiles::find(what)?, key)
        .map_err(|source| PolicyError::Profile { name: what.to_owned(), source })
}

fn signer(authorship: Authorship) -> Option<String> {
    match authorship {
        Authorship::Unsigned => None,
        Authorship::Verified { key } => Some(key.into()),
    }
}

/// The database, open beside a server that may be running on it.
struct Book {
    store: Store,
    /// Held while the schema was older, so that no server starts meanwhile.
    _held: Option<DataDir>,
}

impl Book {
    async fn open(place: &Place) -> Result<Self, PolicyError> {
        let mut overrides = Overrides::default();
        let data = place.data.as_ref().map(|path| path.to_string_lossy().into_owned());
        overrides.set("server.data_dir", data);
        let settings = Settings::load(place.config.as_deref(), overrides).map_err(StartError::from)?;
        let directory = settings.data_dir().map_err(StartError::from)?;
        match Store::open_beside(&directory).await {
            Ok(store) => Ok(Self { store, _held: None }),
            Err(StoreError::Older { .. }) => {
                let held = DataDir::open(&directory).map_err(StartError::from)?;
                Ok(Self { store: Store::open(&directory).await?, _held: Some(held) })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Demands `floor` from now on, unless another floor than `today`, whose number is `seen`, is demanded meanwhile.
    async fn demand(
        &self,
        seen: i64,
        today: &Controls,
        floor: &Controls,
        by: &By,
        wanted: &Wanted,
    ) -> Result<Said, PolicyError> {
        let by = by.by.clone().unwrap_or_else(system_user);
        let (origin, earlier) = (&wanted.origin, wanted.earlier);
        let number =
            self.store.apply_floor_after(seen, floor, &by, origin, earlier, Author::default()).await?;
        let number = number.ok_or(PolicyError::Changed)?;
        let differences = today.difference(floor);
        let mut text = format!("Floor {number} is in force, from {origin}.\n\n");
        if differences.is_empty() {
            text.push_str("  It demands what was demanded before.\n");
        } else {
            text.push_str(&changes_text(&differences));
        }
        if differences.iter().any(|difference| difference.tightens) {
            let _ = writeln!(
                text,
                "\nMeetings that run below it have {} seconds, counted while a host is there; a host's device follows\n\
                 by itself. One that cannot follow ends.",
                FLOOR_GRACE.as_secs()
            );
        }
        let changes = changes_json(&differences);
        Ok(Said { json: json!({ "number": number, "by": by, "origin": origin, "changes": changes }), text })
    }

    async fn close(self) {
        self.store.close().await;
    }
}

fn changes_text(differences: &[Difference]) -> String {
    differences.iter().fold(String::new(), |mut text, difference| {
        let Difference { control, before, after, .. } = *difference;
        let (before, after) = (Controls::named(control, before), Controls::named(control, after));
        let _ = writeln!(text, "  {:<8} {:<20} {before} -> {after}", direction(difference), control.id());
        text
    })
}

fn changes_json(differences: &[Difference]) -> Vec<Value> {
    differences
        .iter()
        .map(|difference| {
            json!({
                "control": difference.control.id(),
                "before": Controls::named(difference.control, difference.before),
                "after": Controls::named(difference.control, difference.after),
                "direction": direction(difference),
            })
        })
        .collect()
}

const fn direction(difference: &Difference) -> &'static str {
    if difference.tightens { "tighter" } else { "looser" }
}

fn control_json(control: Control, floor: &Controls) -> Value {
    json!({
        "control": control.id(),
        "value": Controls::named(control, floor.get(control)),
        "always": control.scale() == Scale::Always,
        "sources": control.sources().iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn row_json(row: &AppliedFloor) -> Value {
    json!({
        "number": row.number,
        "applied_ms": row.applied_ms,
        "applied_by": row.applied_by,
        "origin": row.origin,
        "controls": row.floor.to_settings(),
    })
}

/// Returns the name under which the caller has signed in to the system. Taken on trust: whoever can write the database
/// could write any name into it.
fn system_user() -> String {
    let named = |variable: &&str| std::env::var(variable).ok().filter(|name| !name.trim().is_empty());
    ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(named).unwrap_or_else(|| "unknown".to_owned())
}

fn profile_key(text: &str) -> Result<ProfileKey, String> {
    ProfileKey::try_from(text.to_owned()).map_err(|error| error.to_string())
}
