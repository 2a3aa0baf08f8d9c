//! Which known vulnerabilities of Sabha's parts do not concern it: a document of CSAF 2.0, profile VEX (section 4.5).

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, ensure};
use sabha_advisory::csaf;
use serde_json::{Value, json};
use toml::{Table, Value as Toml};

const FILE: &str = "advisories/dependencies.toml";

/// What `advisories/dependencies.toml` says.
#[derive(Debug)]
pub(super) struct Statements {
    publisher: Value,
    statements: Vec<Statement>,
}

#[derive(Debug)]
struct Statement {
    /// In RustSec's database.
    id: String,
    cve: Option<String>,
    package: String,
    title: String,
    /// A label of section 3.2.3.5.
    justification: String,
    impact: String,
    /// RFC 3339.
    said: String,
}

impl Statements {
    /// Reads those of this workspace.
    pub(super) fn read() -> anyhow::Result<Self> {
        let path = crate::root().join(FILE);
        Self::parse(&fs::read_to_string(&path).with_context(|| path.display().to_string())?)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let table: Table = text.parse().context(FILE)?;
        let publisher = table.get("publisher").context("a publisher")?;
        let publisher = json!({
            "category": field(publisher, "category")?,
            "name": field(publisher, "name")?,
            "namespace": field(publisher, "namespace")?,
        });
        let listed = table.get("statement").and_then(Toml::as_array).map_or(&[][..], Vec::as_slice);
        let statements = listed.iter().map(|one| {
            Ok(Statement {
                id: field(one, "id")?,
                cve: one.get("cve").and_then(Toml::as_str).map(str::to_owned),
                package: field(one, "package")?,
                title: field(one, "title")?,
                justification: field(one, "justification")?,
                impact: field(one, "impact")?,
                said: field(one, "said")?,
            })
        });
        Ok(Self { publisher, statements: statements.collect::<anyhow::Result<_>>()? })
    }

    /// Returns what is said here and not in `deny.toml`, or there and not here.
    pub(super) fn differ_from(&self, deny: &Table) -> Vec<String> {
        let passed = deny.get("advisories").and_then(|area| area.get("ignore")).and_then(Toml::as_array);
        let id = |one: &Toml| one.as_str().or_else(|| one.get("id")?.as_str()).map(str::to_owned);
        let passed: BTreeSet<String> = passed.into_iter().flatten().filter_map(id).collect();
        let said: BTreeSet<String> = self.statements.iter().map(|one| one.id.clone()).collect();
        passed.symmetric_difference(&said).map(|id| format!("{id}: in one of deny.toml and {FILE}")).collect()
    }
}

fn field(table: &Toml, key: &str) -> anyhow::Result<String> {
    table.get(key).and_then(Toml::as_str).map(str::to_owned).with_context(|| format!("{FILE}: no `{key}`"))
}

/// Fails if `deny.toml` passes over a vulnerability of which nothing is said, or the other way about.
pub(crate) fn check() -> anyhow::Result<()> {
    let path = crate::root().join("deny.toml");
    let deny: Table = fs::read_to_string(&path).with_context(|| path.display().to_string())?.parse()?;
    crate::report("statement on a vulnerability", &Statements::read()?.differ_from(&deny))
}

/// Returns the document and its file's name. `hashes` are the programs', SHA-256 in hexadecimal digits.
pub(super) fn document(
    statements: &Statements,
    version: &str,
    hashes: &[(&str, String)],
) -> anyhow::Result<(String, Vec<u8>)> {
    let newest = statements.statements.iter().map(|one| &one.said).max().context("nothing is said")?;
    let id = format!("SABHA-VEX-{version}");
    let products = hashes.iter().map(|(program, digits)| {
        json!({"category": "product_name", "name": program, "branches": [{
            "category": "product_version", "name": version, "product": {
                "name": format!("{program} {version}"),
                "product_id": format!("{program}-{version}"),
                "product_identification_helper": {
                    "purl": format!("pkg:generic/{program}@{version}"),
                    "hashes": [{"filename": program, "file_hashes": [{"algorithm": "sha256", "value": digits}]}],
                },
            },
        }]})
    });
    let ids: Vec<String> = hashes.iter().map(|(program, _)| format!("{program}-{version}")).collect();
    let vulnerabilities = statements.statements.iter().map(|one| {
        let mut vulnerability = json!({
            "title": one.title,
            "ids": [{"system_name": "RustSec", "text": one.id}],
            "notes": [{"category": "description", "text": format!("Of the package {}, which Sabha is built of.", one.package)}],
            "product_status": {"known_not_affected": ids},
            "flags": [{"label": one.justification, "product_ids": ids}],
            "threats": [{"category": "impact", "details": one.impact, "product_ids": ids}],
            "references": [{"category": "external", "summary": "Advisory", "url": format!("https://rustsec.org/advisories/{}.html", one.id)}],
        });
        if let Some(cve) = &one.cve {
            vulnerability["cve"] = json!(cve);
        }
        vulnerability
    });
    let document = json!({
        "document": {
            "category": "csaf_vex",
            "csaf_version": "2.0",
            "lang": "en",
            "title": format!("Known vulnerabilities of components of Sabha {version}"),
            "publisher": statements.publisher,
            "distribution": {"tlp": {"label": "WHITE"}, "text": "TLP:CLEAR"},
            "tracking": {
                "id": id, "status": "final", "version": "1",
                "initial_release_date": newest, "current_release_date": newest,
                "revision_history": [{"number": "1", "date": newest, "summary": "First version."}],
            },
        },
        "product_tree": {"branches": [{"category": "vendor", "name": "Sabha", "branches": products.collect::<Vec<_>>()}]},
        "vulnerabilities": vulnerabilities.collect::<Vec<_>>(),
    });
    let mut text = serde_json::to_vec_pretty(&document)?;
    text.push(b'\n');
    let report = csaf::validate(&text)?;
    ensure!(report.is_valid(), "the VEX document is not valid: {:?}", report.findings());
    Ok((csaf::filename(&id), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deny_passes_over_is_said_here_and_nothing_else() {
        check().unwrap();
    }

    #[test]
    fn a_vulnerability_of_which_nothing_is_said_is_found() {
        let statements = Statements::read().unwrap();
        let deny: Table =
            "[advisories]\nignore = [\"RUSTSEC-2023-0071\", { id = \"RUSTSEC-2099-0001\" }]".parse().unwrap();
        assert_eq!(statements.differ_from(&deny).len(), 1);
        assert_eq!(statements.differ_from(&Table::new()).len(), 1, "and one that is passed over no more");
    }

    #[test]
    fn the_document_is_valid_and_names_each_program() {
        let statements = Statements::read().unwrap();
        let hash = "ab".repeat(32);
        let (file, text) =
            document(&statements, "1.2.3", &[("sabha", hash.clone()), ("sabha-client", hash)]).unwrap();
        assert_eq!(file, "sabha-vex-1_2_3.json");
        let json: Value = serde_json::from_slice(&text).unwrap();
        let vulnerability = &json["vulnerabilities"][0];
        assert_eq!(
            vulnerability["product_status"]["known_not_affected"],
            json!(["sabha-1.2.3", "sabha-client-1.2.3"])
        );
    }
}
