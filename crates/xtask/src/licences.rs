//! Licences and banned crates, read from `deny.toml`, so that this check and cargo-deny cannot disagree.
//!
//! cargo-deny does more (sources, advisories), but takes minutes to install; this needs nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use anyhow::Context as _;
use toml::Value;

use crate::graph::Graph;

/// What `deny.toml` decides.
#[derive(Debug, Default)]
struct Lists {
    /// SPDX identifiers that may stand alone.
    allowed: BTreeSet<String>,
    /// What single crates may be under besides, by their names.
    exceptions: BTreeMap<String, BTreeSet<String>>,
    /// Names of crates that must not be there.
    banned: BTreeSet<String>,
}

/// Fails with every package whose licence is not allowed, and every banned one.
pub(crate) fn check() -> anyhow::Result<()> {
    let path = crate::root().join("deny.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    crate::report("licence or ban", &findings(&Graph::read()?, &Lists::parse(&text)?))
}

impl Lists {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let table: toml::Table = text.parse().context("deny.toml")?;
        let list = |area: &str, key: &str| {
            table
                .get(area)
                .and_then(|area| area.get(key))
                .and_then(Value::as_array)
                .with_context(|| format!("deny.toml has no list `{area}.{key}`"))
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let crate_name = |entry: &Value| entry.get("crate").and_then(text);
        let exceptions =
            table.get("licenses").and_then(|area| area.get("exceptions")).and_then(Value::as_array);
        let exception = |entry: &Value| {
            let allowed = entry.get("allow")?.as_array()?;
            Some((crate_name(entry)?, allowed.iter().filter_map(text).collect()))
        };
        Ok(Self {
            allowed: list("licenses", "allow")?.iter().filter_map(text).collect(),
            exceptions: exceptions.into_iter().flatten().filter_map(exception).collect(),
            banned: list("bans", "deny")?.iter().filter_map(crate_name).collect(),
        })
    }

    /// Returns whether `package` may be used under this SPDX expression: as everything may, or by an exception.
    fn allows_for(&self, package: &str, expression: &str) -> bool {
        self.allows(expression)
            || self.exceptions.get(package).is_some_and(|allowed| allowed.contains(expression))
    }

    /// Returns whether every package under this SPDX expression may be used.
    ///
    /// `AND` binds stronger than `OR`; `/` is the older way to write `OR`. What cannot be read is not allowed.
    fn allows(&self, expression: &str) -> bool {
        let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut rest = words.as_slice();
        self.either(&mut rest) == Some(true) && rest.is_empty()
    }

    fn either(&self, words: &mut &[&str]) -> Option<bool> {
        let mut allowed = self.both(words)?;
        while let Some(rest) = after(words, "OR") {
            *words = rest;
            allowed |= self.both(words)?;
        }
        Some(allowed)
    }

    fn both(&self, words: &mut &[&str]) -> Option<bool> {
        let mut allowed = self.one(words)?;
        while let Some(rest) = after(words, "AND") {
            *words = rest;
            allowed &= self.one(words)?;
        }
        Some(allowed)
    }

    fn one(&self, words: &mut &[&str]) -> Option<bool> {
        let (first, rest) = words.split_first()?;
        *words = rest;
        if *first == "(" {
            let allowed = self.either(words)?;
            *words = after(words, ")")?;
            return Some(allowed);
        }
        if let Some(rest) = after(words, "WITH") {
            let (exception, rest) = rest.split_first()?;
            *words = rest;
            return Some(self.allowed.contains(&format!("{first} WITH {exception}")));
        }
        Some(self.allowed.contains(*first))
    }
}

/// Returns what follows `word`, if `words` start with it.
fn after<'a, 'b>(words: &'a [&'b str], word: &str) -> Option<&'a [&'b str]> {
    words.split_first().filter(|(first, _)| **first == word).map(|(_, rest)| rest)
}

fn findings(graph: &Graph, lists: &Lists) -> Vec<String> {
    let mut findings = Vec::new();
    for package in graph.shipped() {
        let name = format!("{} {}", package.name, package.version);
        if lists.banned.contains(&package.name) {
            findings.push(format!("{name} is banned (deny.toml says why)"));
        }
        match &package.licence {
            None => findings.push(format!("{name} states no licence")),
            Some(licence) if !lists.allows_for(&package.name, licence) => {
                findings.push(format!("{name} is under `{licence}`, which deny.toml does not allow"));
            }
            Some(_) => {}
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists() -> Lists {
        Lists::parse(
            "[licenses]\nallow = [\"MIT\", \"Zlib\", \"Apache-2.0 WITH LLVM-exception\"]\n\
             [bans]\ndeny = [{ crate = \"ring\", reason = \"one provider\" }]",
        )
        .unwrap()
    }

    #[test]
    fn this_workspace_has_only_allowed_licences_and_no_banned_crate() {
        check().unwrap();
    }

    #[test]
    fn a_choice_needs_one_allowed_side_and_a_sum_needs_both() {
        for expression in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "MIT AND Zlib",
            "GPL-3.0 OR MIT AND Zlib",
            "(MIT OR GPL-3.0) AND Zlib",
        ] {
            assert!(lists().allows(expression), "{expression}");
        }
        for expression in
            ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Zlib) AND GPL-3.0", "GPL-3.0 OR MIT AND AGPL-3.0"]
        {
            assert!(!lists().allows(expression), "{expression}");
        }
    }

    #[test]
    fn an_exception_is_a_licence_of_its_own() {
        assert!(lists().allows("Apache-2.0 WITH LLVM-exception"));
        assert!(!lists().allows("Apache-2.0"));
        assert!(!lists().allows("MIT WITH Classpath-exception-2.0"));
    }

    #[test]
    fn an_exception_for_one_crate_is_none_for_another() {
        let text = "[licenses]\nallow = [\"MIT\"]\nexceptions = [{ crate = \"a\", allow = [\"MPL-2.0\"] }]\n\
                    [bans]\ndeny = []";
        let lists = Lists::parse(text).unwrap();
        assert!(lists.allows_for("a", "MPL-2.0") && lists.allows_for("b", "MIT"));
        assert!(!lists.allows_for("b", "MPL-2.0") && !lists.allows_for("a", "GPL-3.0"));
    }

    #[test]
    fn an_expression_that_cannot_be_read_is_not_allowed() {
        for expression in ["", "MIT OR", "(MIT", "MIT)", "MIT Zlib", "OR MIT"] {
            assert!(!lists().allows(expression), "{expression}");
        }
    }

    #[test]
    fn a_banned_unlicensed_or_forbidden_package_is_found() {
        let graph = Graph::of(&[("sabha-server", "a"), ("a", "ring"), ("a", "b"), ("a", "c")])
            .licensed("b", None)
            .licensed("c", Some("GPL-3.0-only"));

        let findings = findings(&graph, &lists());

        assert_eq!(findings.len(), 3, "{findings:?}");
        assert!(findings[0].starts_with("b 1.0.0 states no licence"));
        assert!(findings[1].starts_with("c 1.0.0 is under `GPL-3.0-only`"));
        assert!(findings[2].starts_with("ring 1.0.0 is banned"));
    }
}
