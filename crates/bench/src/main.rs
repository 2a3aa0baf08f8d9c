//! Runs loads against Sabha and against others, in turns, and compares what they cost them.
//!
//! ```text
//!   namespace (no way out) ──┬── server, on one core: sabha | plain_forwarder | janus | ...
//!                            └── sabha-client load, on the others ──► LoadReport (JSON)
//!   part ──► its turns ──► Figures ──► table, and what came of the goals
//! ```
//! It starts programs and does sums; media is the client's, the others' settings are in [`system`]. `docs/benchmarks.md`
//! says why they are fair, and what each part is for.

mod bench;
mod comparison;
mod figures;
mod fit;
mod load;
mod namespace;
mod parts;
mod program;
mod system;

use std::{
    cell::{Cell, RefCell},
    path::PathBuf,
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;

use self::{
    bench::{Bench, Pace, Programs},
    namespace::Namespace,
    parts::Part,
    system::System,
};

/// Measures Sabha, and compares it with others, in turns, on this machine. Needs root, for a network namespace.
#[derive(Debug, Parser)]
#[command(name = "sabha-bench", version)]
struct Cli {
    /// What to measure.
    #[arg(value_enum, value_name = "PART", default_value = "forwarding")]
    parts: Vec<Part>,
    /// As short as possible, as `quick` is.
    #[arg(long)]
    short: bool,
    /// Only these systems, separated by commas; each part says which it would take.
    #[arg(long, value_enum, value_delimiter = ',')]
    systems: Option<Vec<System>>,
    /// How often each system has its turn where ratios are taken: 3, or 1 if it is to be short.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: Option<u16>,
    /// Seconds to measure in each turn: 15, or 6.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: Option<u64>,
    /// Seconds to wait before that: 8, or 5.
    #[arg(long, value_parser = clap::value_parser!(u64).range(0..=600))]
    warm_up: Option<u64>,
    /// Directory of `sabha`, `sabha-client` and `examples/plain_forwarder`.
    #[arg(long, default_value = "target/release")]
    programs: PathBuf,
    /// The program of Janus; left out if it is not there.
    #[arg(long, value_name = "PATH", default_value = "/usr/bin/janus")]
    janus: PathBuf,
    /// The program of Galène; left out if it is not given.
    #[arg(long, value_name = "PATH")]
    galene: Option<PathBuf>,
    /// Append every turn's report to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let is_short = cli.short || cli.parts.contains(&Part::Quick);
    let (rounds, seconds, warm_up) = if is_short { (1, 6, 5) } else { (3, 15, 8) };
    let pace = Pace {
        is_short,
        rounds: cli.rounds.unwrap_or(rounds),
        seconds: cli.seconds.unwrap_or(seconds),
        warm_up: cli.warm_up.unwrap_or(warm_up),
    };
    let programs = Programs { ours: cli.programs, janus: cli.janus, galene: cli.galene };
    for system in System::OTHERS.into_iter().filter(|system| !system.is_here(&programs)) {
        say(&format!("{system} is left out: it is not here"));
    }
    let bench = Bench {
        namespace: Namespace::create().context("a network namespace (root may make one)")?,
        programs,
        pace,
        systems: cli.systems,
        json: cli.json,
        part: Cell::new(""),
        verdicts: RefCell::default(),
        turns: RefCell::default(),
        most: RefCell::default(),
    };
    let begun = Instant::now();
    let mut failed = Vec::new();
    for part in cli.parts.iter().flat_map(|part| part.parts()) {
        let since = Instant::now();
        // What one part cannot measure is no reason not to measure the others.
        if let Err(error) = part.run(&bench) {
            say(&format!("{}: {error:#}", part.name()));
            failed.push(part.name());
        }
        say(&format!("{} took {:.0} s", part.name(), since.elapsed().as_secs_f64()));
    }
    say(&bench.outcome());
    say(&format!("everything took {:.0} s", begun.elapsed().as_secs_f64()));
    ensure!(failed.is_empty(), "not measured: {}", failed.join(", "));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is the program's output")]
fn say(text: &str) {
    println!("{text}");
}
