//! What a release says of itself: what it is built of (SBOM), with which cryptography (CBOM), and which known
//! vulnerabilities of its parts do not concern it (VEX).
//!
//! ```text
//!  Cargo.lock, package-lock.json ──▶ packages ──┐
//!  table of cryptography ──▶ cryptography ──────┼─▶ cyclonedx ──▶ sabha.cdx.json, sabha-client.cdx.json, sabha.cbom.json
//!  target/release/{sabha, sabha-client} ── hash ┤
//!  advisories/dependencies.toml ──▶ vex ────────┴─▶ sabha-vex-VERSION.json, with _ for . (CSAF 2.0)
//! ```
//!
//! Everything is read from what the build itself reads, so a list cannot be older than the program. The same sources give the
//! same bytes.

mod cryptography;
mod cyclonedx;
mod packages;
mod vex;

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};

pub(crate) use self::vex::check;
use self::{cyclonedx::Subject, packages::Packages};
use crate::graph::Graph;

/// Programs of a release, each with the crates that it is built of. What the browser runs is inside the server.
const PROGRAMS: [(&str, &[&str]); 2] = [
    ("sabha", &["sabha-server", "sabha-crypto-wasm", "sabha-opaque-wasm"]),
    ("sabha-client", &["sabha-client"]),
];

/// The program that carries the web client.
const WITH_WEB: &str = "sabha";

/// Writes all documents into `folder`.
pub(crate) fn write(folder: &Path) -> anyhow::Result<()> {
    let graph = Graph::read()?;
    let packages = Packages::read(&graph)?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let mut hashes = Vec::new();
    for (program, crates) in PROGRAMS {
        let hash = hash_of_release(program)?;
        let subject = Subject { name: program, version: version(&graph)?, sha256: Some(&hash) };
        let parts = packages.of(&graph, crates, program == WITH_WEB)?;
        put(folder, &format!("{program}.cdx.json"), &cyclonedx::sbom(&subject, &parts))?;
        hashes.push((program, hash));
    }
    let subject = Subject { name: "sabha", version: version(&graph)?, sha256: None };
    put(folder, "sabha.cbom.json", &cryptography::cbom(&subject))?;
    let (file, document) = vex::document(&vex::Statements::read()?, version(&graph)?, &hashes)?;
    put(folder, &file, &document)
}

fn put(folder: &Path, name: &str, content: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(name);
    fs::write(&path, content).with_context(|| path.display().to_string())?;
    println!("{}", path.display());
    Ok(())
}

fn version(graph: &Graph) -> anyhow::Result<&str> {
    Ok(&graph.member("sabha-server").context("there is a server")?.version)
}

/// Returns the SHA-256 of a program of the release build, in hexadecimal digits.
fn hash_of_release(program: &str) -> anyhow::Result<String> {
    let path = crate::root().join("target/release").join(program);
    ensure!(path.exists(), "{} is not built: run make release", path.display());
    Ok(hex(&Sha256::digest(fs::read(&path)?)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The documents of this workspace, for programs that nobody has built: what tests look at.
#[cfg(test)]
fn sample() -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let graph = Graph::read()?;
    let packages = Packages::read(&graph)?;
    let hash = "ab".repeat(32);
    let mut documents = Vec::new();
    for (program, crates) in PROGRAMS {
        let subject = Subject { name: program, version: version(&graph)?, sha256: Some(&hash) };
        let parts = packages.of(&graph, crates, program == WITH_WEB)?;
        documents.push((format!("{program}.cdx.json"), cyclonedx::sbom(&subject, &parts)));
    }
    let subject = Subject { name: "sabha", version: version(&graph)?, sha256: None };
    documents.push(("sabha.cbom.json".to_owned(), cryptography::cbom(&subject)));
    documents.push(vex::document(&vex::Statements::read()?, version(&graph)?, &[("sabha", hash)])?);
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_same_sources_give_the_same_bytes() {
        assert_eq!(sample().unwrap(), sample().unwrap());
    }

    #[test]
    fn the_server_names_what_the_browser_runs_and_the_client_does_not() {
        let documents = sample().unwrap();
        let names = |file: &str| -> Vec<String> {
            let (_, text) = documents.iter().find(|(name, _)| name == file).unwrap();
            let json: Value = serde_json::from_slice(text).unwrap();
            let components = json["components"].as_array().unwrap();
            components.iter().map(|one| one["bom-ref"].as_str().unwrap().to_owned()).collect()
        };
        let has = |list: &[String], start: &str| list.iter().any(|name| name.starts_with(start));
        let (server, client) = (names("sabha.cdx.json"), names("sabha-client.cdx.json"));
        for name in ["pkg:cargo/sqlx@", "pkg:cargo/x-wing@", "pkg:npm/svelte@", "pkg:npm/%40fluent/bundle@"] {
            assert!(has(&server, name), "{name}");
        }
        assert!(has(&client, "pkg:cargo/str0m@"));
        assert!(!has(&client, "pkg:npm/") && !has(&client, "pkg:cargo/sqlx@"));
        // Of tests, and of no program.
        assert!(!has(&server, "pkg:cargo/proptest@") && !has(&server, "pkg:npm/vitest@"));
    }

    /// CycloneDX's own validator, which `scripts/setup.sh test` installs.
    #[test]
    fn others_find_the_lists_valid() {
        let python = crate::root().join("target/peers/bin/python");
        if !python.exists() {
            assert!(
                std::env::var_os("CI").is_none(),
                "{} is missing: scripts/setup.sh test",
                python.display()
            );
            return eprintln!("skipped: {} is missing", python.display());
        }
        let folder = std::env::temp_dir().join(format!("sabha-bom-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, content) in sample().unwrap().iter().filter(|(name, _)| !name.contains("vex")) {
            let path = folder.join(name);
            fs::write(&path, content).unwrap();
            let judged = Command::new(&python)
                .arg(crate::root().join("crates/advisory/tests/peers/judge_bom.py"))
                .arg(&path)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&judged.stdout);
            assert!(judged.status.success(), "{name}: {said}{}", String::from_utf8_lossy(&judged.stderr));
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
