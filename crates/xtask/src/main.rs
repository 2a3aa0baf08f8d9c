//! `cargo xtask <command>`: the checks and generators that Sabha's developers and CI run.
//!
//! Each check is also a test of this crate, so that `cargo test` alone finds what CI would.

mod bom;
mod codegen;
mod graph;
mod licences;
mod rules;
mod sources;
mod walls;

use std::process::ExitCode;

use anyhow::{bail, ensure};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bom", folder] => bom::write(std::path::Path::new(folder)),
        ["codegen"] => codegen::write(),
        ["codegen", "--check"] => codegen::check(),
        ["licences"] => licences::check().and_then(|()| bom::check()),
        ["rules"] => rules::write(),
        ["rules", "--check"] => rules::check(),
        ["walls"] => walls::check(),
        _ => bail!("usage: cargo xtask bom FOLDER | codegen [--check] | licences | rules [--check] | walls"),
    }
}

/// Returns the root of the repository.
fn root() -> std::path::PathBuf {
    let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).expect("xtask lives in crates/xtask").to_owned()
}

/// Fails with one line a finding, if there is any.
fn report(kind: &str, findings: &[String]) -> anyhow::Result<()> {
    let count = findings.len();
    ensure!(findings.is_empty(), "{count} findings ({kind}):\n  {}", findings.join("\n  "));
    Ok(())
}
