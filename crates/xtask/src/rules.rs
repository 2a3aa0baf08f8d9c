//! The rules of the product, from where they are stated to the code that keeps them and the tests that would
//! miss them. Written to `docs/rules.md`; an orphan at any of the three ends fails the check.
//!
//! A rule is stated once, in a row of a table in a module's doc: `//! | ROOM-03 | The lobby is bounded. |`.
//! The code that keeps it names the id in a comment, a test names it in its doc. The rules by which a request
//! is refused on the wire are the variants of `sabha_protocol::Rule`; there, using the variant is naming it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
};

use anyhow::{Context as _, ensure};

use crate::sources::{self, SourceFile};

/// Where wire rules are stated.
const WIRE_RULES: &str = "crates/protocol/src/rule.rs";

/// A rule with everything that names it.
#[derive(Clone, Debug, Default)]
struct Rule {
    /// The sentence.
    text: String,
    /// The file that states it; absent for an id that is only mentioned.
    stated: Option<String>,
    /// Files whose code names it.
    code: BTreeSet<String>,
    /// Tests that name it: file and function.
    tests: BTreeSet<(String, String)>,
}

/// All rules, by id: those of the room and others like it, and those of the wire.
#[derive(Debug, Default)]
struct Rules {
    numbered: BTreeMap<String, Rule>,
    wire: Vec<(String, Rule)>,
}

/// Writes `docs/rules.md`.
pub(crate) fn write() -> anyhow::Result<()> {
    let path = crate::root().join("docs/rules.md");
    fs::write(&path, Rules::read()?.markdown()).with_context(|| path.display().to_string())
}

/// Fails with every orphan, and if `docs/rules.md` is not what [`write()`] would write.
pub(crate) fn check() -> anyhow::Result<()> {
    let rules = Rules::read()?;
    crate::report("rule", &rules.orphans())?;
    let found = fs::read_to_string(crate::root().join("docs/rules.md")).unwrap_or_default();
    ensure!(found == rules.markdown(), "docs/rules.md is stale: run `cargo xtask rules`");
    Ok(())
}

impl Rules {
    fn read() -> anyhow::Result<Self> {
        let mut files = Vec::new();
        for folder in [
            "protocol",
            "policy",
            "advisory",
            "admission",
            "conference",
            "crypto",
            "sfu",
            "server",
            "client",
            "sim",
        ] {
            files.extend(sources::of_crate(folder)?);
        }
        files.extend(sources::browser_tests()?);
        Self::of(&files)
    }

    fn of(files: &[SourceFile]) -> anyhow::Result<Self> {
        let mut rules = Self::default();
        for file in files {
            for (id, text) in file.text.lines().filter_map(stated) {
                let rule = rules.numbered.entry(id.to_owned()).or_default();
                ensure!(rule.stated.is_none(), "{id} is stated in {} and again", file.name);
                rule.stated = Some(file.name.clone());
                rule.text = text.to_owned();
            }
        }
        let areas: BTreeSet<String> =
            rules.numbered.keys().filter_map(|id| Some(id.split_once('-')?.0.to_owned())).collect();
        let variants = match files.iter().find(|file| file.name == WIRE_RULES) {
            Some(file) => wire_rules(&file.text),
            None => Vec::new(),
        };
        rules.wire = variants.iter().map(|(_, id, rule)| (id.clone(), rule.clone())).collect();
        for file in files {
            rules.mentions_in(file, &areas);
            if file.name != WIRE_RULES {
                rules.wire_mentions_in(file, &variants);
            }
        }
        Ok(rules)
    }

    /// Notes every numbered rule that `file` mentions, other than where it states it.
    fn mentions_in(&mut self, file: &SourceFile, areas: &BTreeSet<String>) {
        let lines: Vec<&str> = file.text.lines().collect();
        let tests = file.test_lines();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| stated(line).is_none()) {
            for id in ids(line, areas) {
                let rule = self.numbered.entry(id.to_owned()).or_default();
                if tests.iter().any(|range| range.contains(&(at + 1))) {
                    rule.tests.insert((file.name.clone(), test_at(&lines, at)));
                } else {
                    rule.code.insert(file.name.clone());
                }
            }
        }
    }

    /// Notes every use of a variant of `Rule` in `file`.
    fn wire_mentions_in(&mut self, file: &SourceFile, variants: &[(String, String, Rule)]) {
        let lines: Vec<&str> = file.text.lines().collect();
        let tests = file.test_lines();
        for (at, line) in lines.iter().enumerate() {
            for (place, (variant, id, _)) in variants.iter().enumerate() {
                // Browser-side and whole-system tests know only the id.
                if !has_word(line, &format!("Rule::{variant}")) && !has_word(line, id) {
                    continue;
                }
                let rule = &mut self.wire[place].1;
                if tests.iter().any(|range| range.contains(&(at + 1))) {
                    rule.tests.insert((file.name.clone(), test_at(&lines, at)));
                } else if !line.trim_start().starts_with("//") {
                    rule.code.insert(file.name.clone());
                }
            }
        }
    }

    fn orphans(&self) -> Vec<String> {
        let mut orphans = Vec::new();
        for (id, rule) in &self.numbered {
            if rule.stated.is_none() {
                let place = rule.code.iter().chain(rule.tests.iter().map(|(file, _)| file)).next();
                let place = place.map_or("somewhere", String::as_str);
                orphans.push(format!("{id} is named in {place} and stated nowhere"));
                continue;
            }
            if rule.code.is_empty() {
                orphans.push(format!("{id} is kept by no line of code that says so"));
            }
            if rule.tests.is_empty() {
                orphans.push(format!("{id} is named by no test"));
            }
        }
        for (id, rule) in &self.wire {
            if rule.code.is_empty() {
                orphans.push(format!("nothing is ever refused by {id}"));
            }
            if rule.tests.is_empty() {
                orphans.push(format!("no test expects a refusal by {id}"));
            }
        }
        orphans
    }

    fn markdown(&self) -> String {
        let mut out = String::from(
            "<!-- Generated from the sources by `cargo xtask rules`. Do not edit. -->\n\
             # Rules\n\n\
             Every rule with the code that keeps it and the tests that would miss it. \
             `make check` fails on an orphan.\n",
        );
        let mut area = "";
        for (id, rule) in &self.numbered {
            let this = id.split('-').next().unwrap_or_default();
            if this != area {
                area = this;
                let place = rule.stated.as_deref().unwrap_or_default();
                push(&mut out, &format!("\n## {area}\n\nStated in `{place}`.\n"));
            }
            push(&mut out, &entry(id, rule));
        }
        push(&mut out, &format!("\n## Refusals on the wire\n\nStated in `{WIRE_RULES}`.\n"));
        for (id, rule) in &self.wire {
            push(&mut out, &entry(id, rule));
        }
        out
    }
}

fn push(out: &mut String, text: &str) {
    out.write_str(text).expect("a String takes any text");
}

fn entry(id: &str, rule: &Rule) -> String {
    let code: Vec<String> = rule.code.iter().map(|file| format!("`{file}`")).collect();
    let mut entry = format!("\n**{id}** {}\n- code: {}\n", rule.text, code.join(", "));
    let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (file, test) in &rule.tests {
        by_file.entry(file).or_default().push(test);
    }
    for (file, tests) in by_file {
        entry.push_str(&format!("- tests in `{file}`: `{}`\n", tests.join("`, `")));
    }
    entry
}

/// Returns id and sentence of the rule that a line of a module's doc states.
fn stated(line: &str) -> Option<(&str, &str)> {
    let (id, rest) = line.trim_start().strip_prefix("//! | ")?.split_once(" | ")?;
    (ids_anywhere(id).next() == Some(id)).then_some((id, rest.strip_suffix(" |")?))
}

/// Returns the ids in `line` whose area is one of `areas`: `UTF-16` is none of ours.
fn ids<'a>(line: &'a str, areas: &'a BTreeSet<String>) -> impl Iterator<Item = &'a str> {
    ids_anywhere(line).filter(|id| id.split_once('-').is_some_and(|(area, _)| areas.contains(area)))
}

/// Returns whatever has the form of an id: capitals, a dash, two digits.
fn ids_anywhere(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| {
        word.split_once('-').is_some_and(|(area, number)| {
            area.len() >= 2
                && area.bytes().all(|byte| byte.is_ascii_uppercase())
                && number.len() == 2
                && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}

/// Returns variant, id and sentence of every wire rule in the source of `Rule`.
fn wire_rules(text: &str) -> Vec<(String, String, Rule)> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut rules = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((variant, rest)) = line.split_once(" = \"") else { continue };
        let Some(id) = rest.strip_suffix("\",") else { continue };
        let first = lines[..at].iter().rposition(|line| !line.starts_with("/// ")).map_or(0, |at| at + 1);
        let text: Vec<&str> = lines[first..at].iter().filter_map(|line| line.strip_prefix("/// ")).collect();
        let rule = Rule { text: text.join(" "), stated: Some(WIRE_RULES.to_owned()), ..Rule::default() };
        rules.push((variant.to_owned(), id.to_owned(), rule));
    }
    rules
}

/// Returns whether `word` stands in `line` with nothing that would make it a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    line.match_indices(word).any(|(at, _)| {
        let after = &line[at + word.len()..];
        let longer_after = after.starts_with(|c: char| part(c) && c != '.')
            || after.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
        !line[..at].ends_with(part) && !longer_after
    })
}

/// Returns the test whose doc or body the line at `at` belongs to: a function in Rust, a sentence in TypeScript.
fn test_at(lines: &[&str], at: usize) -> String {
    let doc = lines[at..].iter().take_while(|line| line.trim_start().starts_with(['/', '#'])).count();
    let described = lines.get(at + doc).filter(|_| doc > 0).and_then(|line| test_name(line));
    let enclosing = || lines[..=at].iter().rev().find_map(|line| test_name(line));
    described.or_else(enclosing).unwrap_or("the whole file").to_owned()
}

/// Returns the name of the function or test that starts on this line.
fn test_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if let Some(rest) = line.strip_prefix("test(").or_else(|| line.strip_prefix("it(")) {
        return rest.split(['\'', '"', '`']).nth(1);
    }
    let (before, after) = line.split_once("fn ")?;
    let is_item = before.split_whitespace().all(|word| word.starts_with("pub") || word == "async");
    let name = after.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?;
    (is_item && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATED: &str = "//! | id | rule |\n//! |---|---|\n//! | ROOM-03 | The lobby is bounded. |\n";
    const WIRE: &str =
        "rules! {\n    /// The lobby\n    /// is full.\n    LobbyBound = \"ROOM.LOBBY.FULL\",\n}";

    fn file(name: &str, text: &str) -> SourceFile {
        SourceFile { name: name.to_owned(), text: text.to_owned(), test: name.contains("/tests/") }
    }

    fn orphans(files: &[SourceFile]) -> Vec<String> {
        Rules::of(files).unwrap().orphans()
    }

    #[test]
    fn a_rule_with_code_and_test_is_no_orphan() {
        let code = "// ROOM-03\nfn knock() {}\n#[cfg(test)]\nmod tests {\n    /// ROOM-03\n    #[test]\n    fn full_lobby_refuses() {}\n}";
        let files = [file("lib.rs", STATED), file("lobby.rs", code)];

        assert_eq!(orphans(&files), Vec::<String>::new());
        let markdown = Rules::of(&files).unwrap().markdown();
        assert!(markdown.contains("**ROOM-03** The lobby is bounded.\n- code: `lobby.rs`\n"), "{markdown}");
        assert!(markdown.contains("- tests in `lobby.rs`: `full_lobby_refuses`"), "{markdown}");
    }

    #[test]
    fn a_rule_that_nothing_keeps_or_tests_is_an_orphan() {
        assert_eq!(orphans(&[file("lib.rs", STATED)]).len(), 2);
    }

    #[test]
    fn a_mention_of_a_rule_that_is_not_stated_is_an_orphan() {
        let files = [
            file("lib.rs", STATED),
            file("src/a.rs", "// ROOM-03 and ROOM-04"),
            file("x/tests/a.rs", "// ROOM-03"),
        ];

        assert_eq!(orphans(&files), ["ROOM-04 is named in src/a.rs and stated nowhere"]);
    }

    #[test]
    fn what_only_looks_like_an_id_is_none() {
        let areas = BTreeSet::from(["ROOM".to_owned()]);

        let found: Vec<&str> = ids("UTF-16, SHA-256, ROOM-3, ROOM-123, (ROOM-12)", &areas).collect();

        assert_eq!(found, ["ROOM-12"]);
    }

    #[test]
    fn a_wire_rule_is_kept_and_tested_by_its_variant_or_its_id() {
        let stated = file(WIRE_RULES, WIRE);
        let code = file("src/lobby.rs", "fn f() { refuse(Rule::LobbyBound) }");
        let test = file("x/tests/lobby.rs", "fn full() { expect(\"ROOM.LOBBY.FULL\") }");
        let other =
            file("x/tests/lobby.rs", "fn full() { expect(Rule::LobbyBoundary, \"ROOM.LOBBY.FULL.NOW\") }");

        assert_eq!(orphans(&[file(WIRE_RULES, WIRE), code, test]), Vec::<String>::new());
        assert_eq!(orphans(&[stated, other]).len(), 2);
        assert_eq!(wire_rules(WIRE)[0].2.text, "The lobby is full.");
    }

    #[test]
    fn a_test_in_typescript_is_named_by_its_sentence() {
        let text =
            "  test('a full lobby says so', async () => {\n    await refused('ROOM.LOBBY.FULL');\n  });";
        let web = SourceFile { name: "web/e2e/lobby.e2e.ts".to_owned(), text: text.to_owned(), test: true };

        let rules = Rules::of(&[file(WIRE_RULES, WIRE), web]).unwrap();

        assert!(
            rules.markdown().contains("`web/e2e/lobby.e2e.ts`: `a full lobby says so`"),
            "{}",
            rules.markdown()
        );
    }

    #[test]
    fn a_rule_stated_twice_is_refused() {
        assert!(Rules::of(&[file("a.rs", STATED), file("b.rs", STATED)]).is_err());
    }
}
