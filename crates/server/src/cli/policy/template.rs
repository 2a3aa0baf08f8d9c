//! `sabha policy template`: named controls that whoever makes a meeting can begin with.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use sabha_policy::{Control, Controls};
use sabha_protocol::{
    account::{Label, TemplateId},
    key::ProfileKey,
};
use serde_json::{Value, json};

use super::{Book, Place, Said, error::PolicyError, find, profile_key};
use crate::{
    accounts::random,
    clock,
    storage::{Author, StoredTemplate},
};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Template {
    /// List the templates.
    List(Place),
    /// Remove a template. Meetings that were made with it stay as they are.
    Remove(Named),
    /// Make a template of a profile or a tier, or change the one of that name to it.
    Set(Set),
}

#[derive(Args, Debug)]
pub(in crate::cli) struct Named {
    /// The template's name.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct Set {
    /// The template's name.
    #[arg(value_name = "NAME")]
    name: String,
    /// A profile's file, the id of a shipped one, or tier:low, tier:medium, tier:high.
    #[arg(value_name = "FILE|ID|tier:NAME")]
    what: String,
    /// Take it only if it is signed with this key (base64url).
    #[arg(long, value_name = "KEY", value_parser = profile_key, allow_hyphen_values = true)]
    key: Option<ProfileKey>,
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(command: &Template) -> Result<Said, PolicyError> {
    match command {
        Template::List(place) => list(place).await,
        Template::Remove(args) => remove(args).await,
        Template::Set(args) => set(args).await,
    }
}

async fn list(place: &Place) -> Result<Said, PolicyError> {
    let book = Book::open(place).await?;
    let templates = book.store.templates().await?;
    book.close().await;
    let mut text = String::new();
    for template in &templates {
        // Cannot fail: a String takes any text.
        let _ = writeln!(text, "{}", template.name.as_str());
        text.push_str(&controls_text(&template.controls));
    }
    if templates.is_empty() {
        text.push_str("There is no template.\n");
    }
    let templates: Vec<Value> = templates.iter().map(template_json).collect();
    Ok(Said { json: json!({ "templates": templates }), text })
}

async fn set(args: &Set) -> Result<Said, PolicyError> {
    let name: Label = args.name.parse().map_err(|_| PolicyError::TemplateName)?;
    let controls = find(&args.what, args.key.as_ref())?.controls;
    let book = Book::open(&args.place).await?;
    let known = book.store.templates().await?.into_iter().find(|template| template.name == name);
    let id = match known {
        Some(known) => known.id,
        None => TemplateId::from_bytes(random().map_err(|_| PolicyError::NoRandomness)?),
    };
    let template = StoredTemplate { id, name, controls, changed_ms: clock::unix_ms() };
    book.store.put_template(Author::default(), &template).await?;
    book.close().await;
    let mut text = format!("The template {} can be chosen now.\n\n", template.name.as_str());
    text.push_str(&controls_text(&template.controls));
    Ok(Said { json: template_json(&template), text })
}

async fn remove(args: &Named) -> Result<Said, PolicyError> {
    let book = Book::open(&args.place).await?;
    let known = book.store.templates().await?.into_iter().find(|known| known.name.as_str() == args.name);
    let known = known.ok_or_else(|| PolicyError::NoTemplate(args.name.clone()))?;
    book.store.remove_template(Author::default(), known.id, clock::unix_ms()).await?;
    book.close().await;
    let text =
        format!("The template {} is removed. Meetings that were made with it stay as they are.", args.name);
    Ok(Said { json: json!({ "removed": args.name }), text })
}

fn controls_text(controls: &Controls) -> String {
    controls.iter().fold(String::new(), |mut text, (control, setting)| {
        // As above.
        let _ = writeln!(text, "  {:<26} {}", control.id(), Controls::named(control, setting));
        text
    })
}

fn template_json(template: &StoredTemplate) -> Value {
    let settable = |control: &&Control| template.controls.get(**control) != control.loosest();
    let controls: Vec<Value> = Control::ALL
        .iter()
        .filter(settable)
        .map(|control| {
            let value = Controls::named(*control, template.controls.get(*control));
            json!({ "control": control.id(), "value": value })
        })
        .collect();
    json!({ "id": template.id, "name": template.name, "controls": controls })
}
