//! The dependency graph of the build, as `cargo metadata` tells it, on every platform at once.
//!
//! Only what the checks ask: who depends on whom, in what way, under which licence. Features are those of
//! the whole workspace together, so an edge here may be absent from one program's build, never the reverse. An
//! optional dependency that no feature in use turns on is no edge, although `cargo metadata` lists it as soon as a
//! feature says what would follow if it were on (`x?/y`).

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    process::Command,
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// Packages and the edges between them.
#[derive(Debug)]
pub(crate) struct Graph {
    packages: Vec<Package>,
}

/// One package at one version.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// SPDX expression, where the package states one.
    pub(crate) licence: Option<String>,
    /// Whether it is a crate of this workspace.
    pub(crate) member: bool,
    edges: Vec<Edge>,
}

#[derive(Debug)]
struct Edge {
    to: usize,
    /// Linked or run while building; an edge only of tests is not.
    shipped: bool,
}

impl Graph {
    /// Returns the graph of this workspace.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(crate::root())
            .output()
            .context("cargo metadata could not be started")?;
        ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        Self::parse(&serde_json::from_slice(&output.stdout)?)
    }

    fn parse(metadata: &Value) -> anyhow::Result<Self> {
        let members: Vec<&str> = strings(&metadata["workspace_members"]);
        let mut packages = Vec::new();
        let mut index = BTreeMap::new();
        for package in array(&metadata["packages"]) {
            let id = text(package, "id")?;
            index.insert(id, packages.len());
            packages.push(Package {
                name: text(package, "name")?.to_owned(),
                version: text(package, "version")?.to_owned(),
                licence: package["license"].as_str().map(str::to_owned),
                member: members.contains(&id),
                edges: Vec::new(),
            });
        }
        for node in array(&metadata["resolve"]["nodes"]) {
            let from = *index.get(text(node, "id")?).context("a node is a package")?;
            let manifest = &array(&metadata["packages"])[from];
            for dependency in array(&node["deps"]) {
                let to = *index.get(text(dependency, "pkg")?).context("a dependency is a package")?;
                let shipped =
                    array(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].as_str() != Some("dev"));
                if is_turned_on(manifest, &strings(&node["features"]), dependency, &packages[to].name) {
                    packages[from].edges.push(Edge { to, shipped });
                }
            }
        }
        Ok(Self { packages })
    }

    /// Returns the crate of this workspace that has this name.
    pub(crate) fn member(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.member && package.name == name)
    }

    /// Returns the crates of this workspace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.member)
    }

    /// Returns what `package` names itself as a dependency, tests apart.
    pub(crate) fn direct<'a>(&'a self, package: &'a Package) -> impl Iterator<Item = &'a Package> {
        package.edges.iter().filter(|edge| edge.shipped).map(|edge| &self.packages[edge.to])
    }

    /// Returns every package that `from` is built of, each with the shortest way to it: `a > b > c`.
    pub(crate) fn reachable<'a>(&'a self, from: &'a Package) -> Vec<(&'a Package, String)> {
        self.reachable_without(from, None)
    }

    /// Returns the same without what is only behind the package that is left out.
    pub(crate) fn reachable_without<'a>(
        &'a self,
        from: &'a Package,
        left_out: Option<&str>,
    ) -> Vec<(&'a Package, String)> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        let mut queue = VecDeque::from([(from, from.name.clone())]);
        while let Some((package, way)) = queue.pop_front() {
            for next in self.direct(package).filter(|next| left_out != Some(next.name.as_str())) {
                if seen.insert((&next.name, &next.version)) {
                    let way = format!("{way} > {}", next.name);
                    found.push((next, way.clone()));
                    queue.push_back((next, way));
                }
            }
        }
        found
    }

    /// Returns everything that any crate of this workspace is built of, that crate included.
    pub(crate) fn shipped(&self) -> Vec<&Package> {
        let mut all: Vec<&Package> = self.members().collect();
        for member in self.members() {
            all.extend(self.reachable(member).into_iter().map(|(package, _)| package));
        }
        all.sort_by_key(|package| (&package.name, &package.version));
        all.dedup_by_key(|package| (&package.name, &package.version));
        all
    }
}

/// Returns whether the package of `manifest`, with these features, really has the dependency that the resolution
/// lists, whose package is called `name`. In doubt it has.
fn is_turned_on(manifest: &Value, features: &[&str], listed: &Value, name: &str) -> bool {
    let called = |declared: &&Value| {
        let known_as = declared["rename"].as_str().unwrap_or(name);
        declared["name"] == name
            && listed["name"].as_str().is_none_or(|listed| listed == known_as.replace('-', "_"))
    };
    let mut declared = array(&manifest["dependencies"]).iter().filter(called).peekable();
    if declared.peek().is_none() {
        return true;
    }
    let turns_on = |wanted: &str| {
        features.iter().flat_map(|feature| strings(&manifest["features"][*feature])).any(|effect| {
            effect.strip_prefix("dep:") == Some(wanted)
                || effect.split_once('/').is_some_and(|(to, _)| to == wanted)
        })
    };
    declared
        .any(|declared| declared["optional"] != true || turns_on(declared["rename"].as_str().unwrap_or(name)))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn strings(value: &Value) -> Vec<&str> {
    array(value).iter().filter_map(Value::as_str).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    value[key].as_str().with_context(|| format!("cargo metadata has no `{key}` where one is expected"))
}

#[cfg(test)]
impl Graph {
    /// Returns a graph with these edges. Packages named `sabha-*` and `xtask` are members; all are MIT.
    pub(crate) fn of(edges: &[(&str, &str)]) -> Self {
        let mut graph = Self { packages: Vec::new() };
        for (from, to) in edges {
            let (from, to) = (graph.place(from), graph.place(to));
            graph.packages[from].edges.push(Edge { to, shipped: true });
        }
        graph
    }

    /// Gives the package `name` this licence.
    pub(crate) fn licensed(mut self, name: &str, licence: Option<&str>) -> Self {
        let place = self.place(name);
        self.packages[place].licence = licence.map(str::to_owned);
        self
    }

    fn place(&mut self, name: &str) -> usize {
        self.packages.iter().position(|package| package.name == name).unwrap_or_else(|| {
            self.packages.push(Package {
                name: name.to_owned(),
                version: "1.0.0".to_owned(),
                licence: Some("MIT".to_owned()),
                member: name.starts_with("sabha-") || name == "xtask",
                edges: Vec::new(),
            });
            self.packages.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_edge_only_of_tests_is_no_way() {
        let package = |id: &str| json!({"id": id, "name": id, "version": "1.0.0", "license": "MIT"});
        let graph = Graph::parse(&json!({
            "workspace_members": ["a"],
            "packages": [package("a"), package("b"), package("c")],
            "resolve": {"nodes": [{"id": "a", "deps": [
                {"pkg": "b", "dep_kinds": [{"kind": "dev"}]},
                {"pkg": "c", "dep_kinds": [{"kind": "dev"}, {"kind": null}]},
            ]}]},
        }))
        .unwrap();

        let ways: Vec<String> =
            graph.reachable(graph.member("a").unwrap()).into_iter().map(|(_, way)| way).collect();

        assert_eq!(ways, ["a > c"]);
    }

    #[test]
    fn an_optional_dependency_is_an_edge_once_a_feature_turns_it_on() {
        let ways = |features: &[&str]| {
            let optional = |name: &str| json!({"name": name, "optional": true});
            let graph = Graph::parse(&json!({
                "workspace_members": ["a"],
                "packages": [
                    {"id": "a", "name": "a", "version": "1.0.0", "dependencies": [
                        optional("b"), optional("c-d"), {"name": "e", "rename": "f", "optional": true},
                    ], "features": {
                        "weak": ["b?/x", "c-d?/x", "f?/x"], "strong": ["b/x"], "named": ["dep:c-d"], "renamed": ["dep:f"],
                    }},
                    {"id": "b", "name": "b", "version": "1.0.0"},
                    {"id": "c", "name": "c-d", "version": "1.0.0"},
                    {"id": "e", "name": "e", "version": "1.0.0"},
                ],
                "resolve": {"nodes": [{"id": "a", "features": features, "deps": [
                    {"name": "b", "pkg": "b", "dep_kinds": [{"kind": null}]},
                    {"name": "c_d", "pkg": "c", "dep_kinds": [{"kind": null}]},
                    {"name": "f", "pkg": "e", "dep_kinds": [{"kind": null}]},
                ]}]},
            }))
            .unwrap();
            let member = graph.member("a").unwrap();
            graph.direct(member).map(|package| package.name.clone()).collect::<Vec<_>>()
        };

        assert_eq!(ways(&["weak"]), Vec::<String>::new());
        assert_eq!(ways(&["weak", "strong"]), ["b"]);
        assert_eq!(ways(&["named"]), ["c-d"]);
        assert_eq!(ways(&["renamed"]), ["e"]);
    }

    #[test]
    fn a_circle_is_walked_once() {
        let graph = Graph::of(&[("sabha-a", "b"), ("b", "c"), ("c", "b")]);

        assert_eq!(graph.reachable(graph.member("sabha-a").unwrap()).len(), 2);
    }
}
