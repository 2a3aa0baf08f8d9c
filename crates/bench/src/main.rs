//! Runs one load against Sabha and against others, in turns, and compares what it cost them.
//!
//! ```text
//!   namespace (no way out) ──┬── server, on one core: sabha | plain_forwarder | janus
//!                            └── sabha-client load, on the others ──► LoadReport (JSON)
//!   for each round: every system once ──► packets for a second of the server's processor time, ratios, spread
//! ```
//! It starts programs and does sums; media is the client's, the others' settings are in [`system`]. `docs/benchmarks.md`
//! says why they are fair.

mod comparison;
mod figures;
mod namespace;
mod program;
mod system;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;

use self::{
    comparison::Comparison,
    figures::Figures,
    namespace::Namespace,
    system::{Load, System},
};

/// Compares the cost of forwarding: Sabha and others, in turns, on this machine. Needs root, for a network namespace.
#[derive(Debug, Parser)]
#[command(name = "sabha-bench", version)]
struct Cli {
    /// What to compare: sabha, library (its former packet path), plain (the example `plain_forwarder`) and janus, separated by
    /// commas.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "sabha,library,plain,janus")]
    systems: Vec<System>,
    /// Who watches one sender of voice and a picture of 720 lines.
    #[arg(long, default_value_t = 99, value_parser = clap::value_parser!(u16).range(1..=99))]
    viewers: u16,
    /// How often each system has its turn.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// Seconds to measure in each turn.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Seconds to wait before that.
    #[arg(long, default_value_t = 8)]
    warm_up: u64,
    /// Directory of `sabha`, `sabha-client` and `examples/plain_forwarder`.
    #[arg(long, default_value = "target/release")]
    programs: PathBuf,
    /// The program of Janus.
    #[arg(long, default_value = "/usr/bin/janus")]
    janus: PathBuf,
    /// Append every turn's report to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let mut systems = cli.systems.clone();
    if systems.contains(&System::Janus) && !cli.janus.exists() {
        say(&format!("janus is left out: there is no {}", cli.janus.display()));
        systems.retain(|system| *system != System::Janus);
    }
    ensure!(!systems.is_empty(), "nothing is left to compare");
    let namespace = Namespace::create().context("a network namespace (root may make one)")?;
    let load = Load {
        viewers: cli.viewers,
        seconds: cli.seconds,
        warm_up: cli.warm_up,
        programs: &cli.programs,
        janus: &cli.janus,
    };
    let mut comparison = Comparison::default();
    let mut complete = 0;
    for round in 1..=cli.rounds {
        match turns(round, &systems, &load, &namespace, cli.json.as_deref()) {
            Ok(turns) => {
                complete += 1;
                turns.into_iter().for_each(|(system, figures)| comparison.add(system, figures));
            }
            // Ratios are of one round, so half a round says nothing.
            Err(error) => say(&format!("round {round} is left out: {error:#}")),
        }
    }
    ensure!(complete > 0, "no round was complete");
    say(&comparison.table());
    ensure!(complete == cli.rounds, "only {complete} of {} rounds were complete", cli.rounds);
    Ok(())
}

/// Gives every system its turn, once.
fn turns(
    round: u16,
    systems: &[System],
    load: &Load<'_>,
    namespace: &Namespace,
    json: Option<&Path>,
) -> Result<Vec<(System, Figures)>> {
    let mut turns = Vec::new();
    for system in systems {
        let report = system.run(load, namespace).with_context(|| format!("a turn of {system}"))?;
        if let Some(path) = json {
            append(path, *system, &report)?;
        }
        let figures = Figures::read(&report).with_context(|| format!("the report on {system}"))?;
        say(&format!("round {round}, {system}: {figures}"));
        turns.push((*system, figures));
    }
    Ok(turns)
}

fn append(path: &Path, system: System, report: &serde_json::Value) -> Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{}", serde_json::json!({ "system": system.to_string(), "report": report }))?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is the program's output")]
fn say(text: &str) {
    println!("{text}");
}
