//! Every control times everybody who might do what it forbids: the forbidden act has no effect at any honest device.
//!
//! A cell is an act that is tried, with what came of it; or why there is no such act; or, where only the server refuses, the
//! test that it does; or that nothing prevents it, and what stays true then. A control without cells does not compile. The table of
//! `docs/matrix.md` is written from here (`UPDATE=1 cargo test -p sabha-sim --test it matrix`).

mod acts;
mod table;

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use sabha_policy::Control;

use self::table::cells;

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// A host, with its own device.
    Host,
    /// A member to whom a host has given every right that can be given without making it a host. There is no moderator besides
    /// hosts.
    Presenter,
    /// Any other member.
    Participant,
    /// Who waits in the lobby, with the link.
    Guest,
    /// Any of them through the published client: what it does before anything leaves it.
    Obeying,
    /// Any of them with a client that does it all the same.
    Disobeying,
    /// The server, with all that it has.
    Server,
}

const EVERYBODY: [Who; 7] =
    [Who::Host, Who::Presenter, Who::Participant, Who::Guest, Who::Obeying, Who::Disobeying, Who::Server];

/// What comes of the act that a control forbids, for one of them.
#[derive(Clone, Copy)]
enum Cell {
    /// It is tried, and comes to nothing by this rule, or in this word.
    Refused { by: &'static str, act: fn() -> String },
    /// There is no such act, and why.
    None(&'static str),
    /// Nothing keeps this one from it, and what stays true all the same.
    Open(&'static str),
    /// The control does not forbid it to this one.
    Allowed(&'static str),
    /// Only the server refuses; the test that it does, and what stays true if it does not.
    ServerAlone { test: &'static str, remains: &'static str },
}

#[test]
fn no_forbidden_act_has_an_effect_whoever_does_it() {
    // An act that several cells name is tried once.
    let mut done: BTreeMap<usize, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    for control in Control::ALL {
        for (who, cell) in EVERYBODY.into_iter().zip(cells(*control)) {
            if let Cell::Refused { by, act } = cell {
                let came = done.entry(act as usize).or_insert_with(act);
                if came != by {
                    wrong.push(format!("{} {who:?}: expected {by}, came {came}", control.id()));
                }
            }
        }
    }
    assert!(done.len() > 25, "{} acts are tried", done.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_the_server_alone_holds_is_held_by_a_test_that_there_is() {
    let mut sources = String::new();
    for folder in ["server", "conference", "crypto", "sim"] {
        read_all(&root().join("crates").join(folder), &mut sources);
    }
    for control in Control::ALL {
        for cell in cells(*control) {
            if let Cell::ServerAlone { test, .. } = cell {
                assert!(
                    sources.contains(&format!("fn {test}(")),
                    "{}: there is no test {test}",
                    control.id()
                );
            }
        }
    }
}

#[test]
fn the_page_is_this_table() {
    let path = root().join("docs/matrix.md");
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/matrix.md is not this table: run with UPDATE=1");
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn read_all(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, into);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            into.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

fn page() -> String {
    let mut page = String::from(
        "# Controls and who might break them\n\n\
         For every control: what comes of the act that it forbids, by whoever does it. Written from the test \
         `no_forbidden_act_has_an_effect_whoever_does_it`\n\
         (`crates/sim/tests/it/matrix/`), which tries each act on real devices, in virtual time, and checks that no honest device \
         is affected.\n\n\
         - A **rule's id**, or a word: the act is tried, and comes to nothing by that.\n\
         - **-**: there is no such act.\n\
         - **may**: the control does not forbid it to this one.\n\
         - **server**: only the server refuses. Below stands the test that it does, and what stays true if it does not.\n\
         - **open**: nothing prevents it. Below stands what stays true all the same.\n\n\
         *Presenter* is a member to whom a host has given every right that there is besides being host: there is no other \
         moderator. *Obeying* is the published\nclient, which refuses before anything leaves it; *disobeying* one that does it \
         all the same, with every key of its place; *server* is one that lies, and\nhas the help of whom it needs.\n\n\
         | control | host | presenter | participant | guest | obeying | disobeying | lying server |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for control in Control::ALL {
        let row: Vec<String> = cells(*control).iter().map(short).collect();
        let _infallible = writeln!(page, "| `{}` | {} |", control.id(), row.join(" | "));
    }
    page.push_str("\n## Why\n");
    for control in Control::ALL {
        let _infallible = write!(page, "\n`{}`\n\n", control.id());
        let mut said: Vec<(String, Vec<&str>)> = Vec::new();
        for (who, cell) in EVERYBODY.into_iter().zip(cells(*control)) {
            let why = long(&cell);
            match said.iter_mut().find(|(known, _)| *known == why) {
                Some((_, whose)) => whose.push(word(who)),
                None => said.push((why, vec![word(who)])),
            }
        }
        for (why, whose) in said {
            let _infallible = writeln!(page, "- {}: {why}", whose.join(", "));
        }
    }
    page
}

const fn word(who: Who) -> &'static str {
    match who {
        Who::Host => "host",
        Who::Presenter => "presenter",
        Who::Participant => "participant",
        Who::Guest => "guest",
        Who::Obeying => "obeying",
        Who::Disobeying => "disobeying",
        Who::Server => "lying server",
    }
}

fn code(by: &str) -> String {
    if by.chars().any(char::is_lowercase) { by.to_owned() } else { format!("`{by}`") }
}

fn short(cell: &Cell) -> String {
    match cell {
        Cell::Refused { by, .. } => code(by),
        Cell::None(_) => "-".to_owned(),
        Cell::Open(_) => "open".to_owned(),
        Cell::Allowed(_) => "may".to_owned(),
        Cell::ServerAlone { .. } => "server".to_owned(),
    }
}

fn long(cell: &Cell) -> String {
    match cell {
        Cell::Refused { by, .. } => format!("tried; {}", code(by)),
        Cell::None(why) => format!("no such act: {why}"),
        Cell::Open(remains) => format!("open, nothing prevents it. {remains}"),
        Cell::Allowed(why) => format!("may: {why}"),
        Cell::ServerAlone { test, remains } => format!("only the server refuses (`{test}`). {remains}"),
    }
}
