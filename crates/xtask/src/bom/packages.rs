//! The packages that a program is built of, of Cargo and of npm.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{
    graph::{Graph, Package},
    sources,
};

/// A package, as a bill of materials names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    /// Package URL: `pkg:cargo/serde@1.0.0`.
    pub(super) purl: String,
    pub(super) name: String,
    pub(super) version: String,
    /// SPDX expression.
    pub(super) licence: Option<String>,
    /// Algorithm as CycloneDX names it, and hexadecimal digits of what the registry gave out.
    pub(super) hash: Option<(&'static str, String)>,
    /// Package URLs of what it is built of itself.
    pub(super) needs: BTreeSet<String>,
    /// Whether a program is made of it at first hand.
    pub(super) is_direct: bool,
}

/// What lock files say.
#[derive(Debug)]
pub(super) struct Packages {
    /// SHA-256 by name and version.
    checksums: BTreeMap<(String, String), String>,
    npm: BTreeMap<String, Value>,
    /// Packages of npm that the sources of the web client name.
    shipped: BTreeSet<String>,
}

impl Packages {
    /// Reads the lock files of this workspace.
    pub(super) fn read(graph: &Graph) -> anyhow::Result<Self> {
        ensure!(graph.members().next().is_some(), "the workspace has no crate");
        let read = |path: &str| fs::read_to_string(crate::root().join(path)).with_context(|| path.to_owned());
        let cargo: toml::Table = read("Cargo.lock")?.parse().context("Cargo.lock")?;
        let listed =
            cargo.get("package").and_then(toml::Value::as_array).context("Cargo.lock has packages")?;
        let text = |package: &toml::Value, key: &str| {
            package.get(key).and_then(toml::Value::as_str).map(str::to_owned)
        };
        let checksums = listed
            .iter()
            .filter_map(|one| Some(((text(one, "name")?, text(one, "version")?), text(one, "checksum")?)))
            .collect();
        let lock: Value = serde_json::from_str(&read("web/package-lock.json")?)?;
        let listed = lock["packages"].as_object().context("package-lock.json has packages")?;
        let npm = listed
            .iter()
            .filter_map(|(place, package)| {
                Some((place.strip_prefix("node_modules/")?.to_owned(), package.clone()))
            })
            .collect();
        Ok(Self { checksums, npm, shipped: sources::packages_of_the_web_client()? })
    }

    /// Returns everything that these crates are built of, the web client's packages with them if it is inside.
    pub(super) fn of(&self, graph: &Graph, crates: &[&str], with_web: bool) -> anyhow::Result<Vec<Part>> {
        let mut parts = BTreeMap::new();
        for name in crates {
            let member =
                graph.member(name).with_context(|| format!("{name} is no crate of this workspace"))?;
            self.add(graph, member, true, &mut parts);
            graph
                .reachable(member)
                .into_iter()
                .for_each(|(package, _)| self.add(graph, package, false, &mut parts));
        }
        if with_web {
            let mut queue: Vec<(String, bool)> =
                self.shipped.iter().map(|name| (name.clone(), true)).collect();
            while let Some((name, is_direct)) = queue.pop() {
                let part = self.of_npm(&name, is_direct)?;
                let Some((part, needs)) = part else { continue };
                if parts.insert(part.purl.clone(), part).is_none() {
                    queue.extend(needs.into_iter().map(|need| (need, false)));
                }
            }
        }
        Ok(parts.into_values().collect())
    }

    fn add(&self, graph: &Graph, package: &Package, is_direct: bool, parts: &mut BTreeMap<String, Part>) {
        let purl = purl_of(package);
        if parts.contains_key(&purl) {
            return;
        }
        let key = (package.name.clone(), package.version.clone());
        let part = Part {
            name: package.name.clone(),
            version: package.version.clone(),
            licence: package.licence.clone(),
            hash: self.checksums.get(&key).map(|digits| ("SHA-256", digits.clone())),
            needs: graph.direct(package).map(purl_of).filter(|need| *need != purl).collect(),
            is_direct,
            purl: purl.clone(),
        };
        parts.insert(purl, part);
    }

    /// Returns a package of npm, and the names of those that it needs; `None` for one that this platform has no use for.
    fn of_npm(&self, name: &str, is_direct: bool) -> anyhow::Result<Option<(Part, Vec<String>)>> {
        let Some(package) = self.npm.get(name) else { return Ok(None) };
        let version = package["version"].as_str().with_context(|| format!("{name} has a version"))?;
        let needs: Vec<String> =
            package["dependencies"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let urls =
            needs.iter().filter_map(|need| Some(npm_purl(need, self.npm.get(need)?["version"].as_str()?)));
        let part = Part {
            purl: npm_purl(name, version),
            name: name.to_owned(),
            version: version.to_owned(),
            licence: package["license"].as_str().map(str::to_owned),
            hash: package["integrity"].as_str().and_then(digits_of),
            needs: urls.collect(),
            is_direct,
        };
        Ok(Some((part, needs)))
    }
}

fn purl_of(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

fn npm_purl(name: &str, version: &str) -> String {
    format!("pkg:npm/{}@{version}", name.replace('@', "%40"))
}

/// Returns the hash of Subresource Integrity, `sha512-` and base64, as CycloneDX writes it.
fn digits_of(integrity: &str) -> Option<(&'static str, String)> {
    let bytes = data_encoding::BASE64.decode(integrity.strip_prefix("sha512-")?.as_bytes()).ok()?;
    Some(("SHA-512", super::hex(&bytes)))
}
