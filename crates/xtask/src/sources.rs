//! What Rust sources mention: the paths in a file, tests apart, each with its line.
//!
//! Works on tokens, not on a syntax tree: comments and strings are gone, macros' arguments are searched like
//! everything else, and `use a::{b, c::d}` is read as `a::b` and `a::c::d`. It resolves no names: what a
//! `use` renamed is found at the `use`, not where it is called.

use std::{
    collections::BTreeSet,
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// How a call of `.elapsed()` appears among the paths.
pub(crate) const ELAPSED_CALL: &str = ".elapsed()";

/// One source file.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// Path from the root of the repository.
    pub(crate) name: String,
    pub(crate) text: String,
    /// Whether it is compiled for tests only.
    pub(crate) test: bool,
}

/// A path that a file mentions.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    /// Its segments; never empty.
    pub(crate) path: Vec<String>,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// A path that must not be mentioned.
#[derive(Debug)]
pub(crate) struct Banned {
    segments: &'static [&'static str],
    /// Only at the start of a longer path: the name of a crate, and not of a variable.
    at_root: bool,
    pub(crate) because: &'static str,
}

impl Banned {
    /// Bans paths that have these segments one after another.
    pub(crate) const fn anywhere(segments: &'static [&'static str], because: &'static str) -> Self {
        Self { segments, at_root: false, because }
    }

    /// Bans longer paths that start with these segments.
    pub(crate) const fn root(segments: &'static [&'static str], because: &'static str) -> Self {
        Self { segments, at_root: true, because }
    }

    /// Returns whether `path` is banned.
    pub(crate) fn matches(&self, path: &[String]) -> bool {
        let equal =
            |window: &[String]| window.iter().zip(self.segments).all(|(found, banned)| found == banned);
        if self.at_root {
            path.len() > self.segments.len() && equal(&path[..self.segments.len()])
        } else {
            path.windows(self.segments.len()).any(equal)
        }
    }
}

impl SourceFile {
    /// Returns the paths that this file mentions outside `#[cfg(test)]`.
    pub(crate) fn mentions(&self) -> anyhow::Result<Vec<Mention>> {
        let tokens: TokenStream =
            self.text.parse().map_err(|error| anyhow::anyhow!("{}: not Rust: {error}", self.name))?;
        let mut mentions = Vec::new();
        collect(tokens, &[], &mut mentions);
        Ok(mentions)
    }

    /// Returns the lines, counted from 1, that are compiled for tests only.
    pub(crate) fn test_lines(&self) -> Vec<RangeInclusive<usize>> {
        if self.test {
            return vec![1..=usize::MAX];
        }
        let line = |token: &TokenTree| token.span().end().line;
        let range = |item: &[TokenTree]| Some(item[0].span().start().line..=line(item.last()?));
        self.test_items().iter().filter_map(|item| range(item)).collect()
    }

    /// Returns the names of the modules that are compiled for tests only and live in files of their own.
    fn test_modules(&self) -> Vec<String> {
        let name = |item: &Vec<TokenTree>| match item.as_slice() {
            [.., TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Punct(_)] if word == "mod" => {
                Some(name.to_string())
            }
            _ => None,
        };
        self.test_items().iter().filter_map(name).collect()
    }

    /// Returns the items at the top of the file that stand under `#[cfg(test)]`, with their attributes.
    fn test_items(&self) -> Vec<Vec<TokenTree>> {
        let Ok(tokens) = self.text.parse::<TokenStream>() else { return Vec::new() };
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        (0..tokens.len())
            .filter(|at| is_test_attribute(&tokens[*at..]))
            .map(|at| tokens[at..after_item(&tokens, at)].to_vec())
            .collect()
    }
}

/// Returns the Rust files of `crates/<folder>`, in the order of their names.
pub(crate) fn of_crate(folder: &str) -> anyhow::Result<Vec<SourceFile>> {
    let root = crate::root();
    let folder = root.join("crates").join(folder);
    let mut paths = Vec::new();
    for part in ["src", "tests", "benches"] {
        if folder.join(part).is_dir() {
            files_below(&folder.join(part), "rs", &mut paths)?;
        }
    }
    let mut files = Vec::new();
    let mut only_tests = vec![folder.join("tests"), folder.join("benches")];
    for path in &paths {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let name = path.strip_prefix(&root).unwrap_or(path).display().to_string();
        let file = SourceFile { name, text, test: false };
        only_tests.extend(file.test_modules().into_iter().map(|module| module_folder(path).join(module)));
        files.push(file);
    }
    for (path, file) in paths.iter().zip(&mut files) {
        file.test =
            only_tests.iter().any(|module| path.starts_with(module) || path.with_extension("") == *module);
    }
    Ok(files)
}

/// Returns the browser tests, in the order of their names. The web client's unit tests are not among them: where
/// they name a rule it is an example, and nothing of the server's is proven.
pub(crate) fn browser_tests() -> anyhow::Result<Vec<SourceFile>> {
    let root = crate::root();
    let mut paths = Vec::new();
    files_below(&root.join("web/e2e"), "ts", &mut paths)?;
    let mut files = Vec::new();
    for path in paths {
        let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        let text = fs::read_to_string(&path).with_context(|| name.clone())?;
        files.push(SourceFile { name, text, test: true });
    }
    Ok(files)
}

/// Returns the packages of npm that the web client's sources import, tests and the gallery of its parts aside.
pub(crate) fn packages_of_the_web_client() -> anyhow::Result<BTreeSet<String>> {
    let folder = crate::root().join("web/src");
    let mut paths = Vec::new();
    for extension in ["ts", "svelte", "css"] {
        files_below(&folder, extension, &mut paths)?;
    }
    let is_left_out = |path: &Path| {
        path.components().any(|part| part.as_os_str() == "gallery")
            || path.to_string_lossy().ends_with(".test.ts")
    };
    let mut packages = BTreeSet::new();
    for path in paths.iter().filter(|path| !is_left_out(path)) {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        packages.extend(imports(&text));
    }
    Ok(packages)
}

/// Returns the packages that a module or a style sheet imports.
fn imports(text: &str) -> impl Iterator<Item = String> {
    let named = text.lines().filter_map(|line| {
        let (_, after) =
            ["from '", "import '", "url('", "url(\""].iter().find_map(|before| line.split_once(before))?;
        after.split_once(['\'', '"']).map(|(path, _)| path)
    });
    named.filter_map(|path| {
        let mut segments = path.split('/');
        let first = segments.next()?;
        let is_package = first.starts_with(|first: char| first == '@' || first.is_ascii_lowercase());
        if !is_package || first.contains(':') {
            return None;
        }
        if first.starts_with('@') {
            Some(format!("{first}/{}", segments.next()?))
        } else {
            Some(first.to_owned())
        }
    })
}

/// Adds every file below `folder` with this extension to `found`, in the order of their names.
fn files_below(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| folder.display().to_string())?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files_below(&path, extension, found)?;
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    Ok(())
}

/// Returns the folder in which the modules that `path` declares have their files.
fn module_folder(path: &Path) -> PathBuf {
    let is_root = path.file_stem().is_some_and(|stem| stem == "lib" || stem == "main" || stem == "mod");
    if is_root { path.parent().unwrap_or(path).to_owned() } else { path.with_extension("") }
}

fn collect(tokens: TokenStream, prefix: &[String], mentions: &mut Vec<Mention>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        if is_test_attribute(&tokens[at..]) {
            at = after_item(&tokens, at);
            continue;
        }
        match &tokens[at] {
            TokenTree::Group(group) => collect(group.stream(), &[], mentions),
            TokenTree::Ident(_) => {
                at = collect_path(&tokens, at, prefix, mentions);
                continue;
            }
            TokenTree::Punct(dot) if dot.as_char() == '.' => {
                if let [TokenTree::Ident(method), TokenTree::Group(arguments), ..] = &tokens[at + 1..]
                    && method == "elapsed"
                    && arguments.stream().is_empty()
                {
                    let line = method.span().start().line;
                    mentions.push(Mention { path: vec![ELAPSED_CALL.to_owned()], line });
                }
            }
            TokenTree::Literal(_) | TokenTree::Punct(_) => {}
        }
        at += 1;
    }
}

/// Takes the path that starts at `at`, with everything in its braces, and returns where it ends.
fn collect_path(
    tokens: &[TokenTree],
    mut at: usize,
    prefix: &[String],
    mentions: &mut Vec<Mention>,
) -> usize {
    let line = tokens[at].span().start().line;
    let mut path = prefix.to_vec();
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(segment)) => path.push(segment.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                collect(group.stream(), &path, mentions);
                return at + 1;
            }
            _ => break,
        }
        at += 1;
        if !is_path_separator(&tokens[at..]) {
            break;
        }
        at += 2;
    }
    mentions.push(Mention { path, line });
    at
}

fn is_path_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(a), TokenTree::Punct(b), ..] if a.as_char() == ':' && b.as_char() == ':')
}

/// Returns whether `#[cfg(test)]` stands here.
fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Punct(hash), TokenTree::Group(attribute), ..] = tokens else { return false };
    hash.as_char() == '#' && attribute.stream().to_string().replace(' ', "") == "cfg(test)"
}

/// Returns where the item ends that starts at `at` with its attributes: after its braces or its semicolon.
fn after_item(tokens: &[TokenTree], at: usize) -> usize {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    };
    tokens[at..].iter().position(is_end).map_or(tokens.len(), |length| at + length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_told_from_files_and_from_what_the_platform_has() {
        let text = "import { a } from 'svelte/store';\nimport '@x/y/z.css';\nimport b from './c';\nimport fs from 'node:fs';\n\
            src: url(\"@font/inter/files/a.woff2\");\nimport d from '../e/f';";
        assert_eq!(imports(text).collect::<Vec<_>>(), ["svelte", "@x/y", "@font/inter"]);
    }

    #[test]
    fn nested_imports_are_flattened() {
        let file =
            SourceFile { name: String::new(), text: "use a::{b, c::{d, e as f}};".to_owned(), test: false };

        let paths: Vec<String> =
            file.mentions().unwrap().iter().map(|mention| mention.path.join("::")).collect();

        for path in ["a::b", "a::c::d", "a::c::e"] {
            assert!(paths.iter().any(|found| found == path), "{path} in {paths:?}");
        }
    }

    #[test]
    fn a_module_for_tests_only_is_known_by_its_declaration() {
        let text = "mod room;\n#[cfg(test)]\nmod tests;\n#[cfg(test)] pub(crate) mod world;\nmod io;";
        let file = SourceFile { name: String::new(), text: text.to_owned(), test: false };

        assert_eq!(file.test_modules(), ["tests", "world"]);
    }

    #[test]
    fn the_lines_of_a_test_module_are_known() {
        let text = "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\nfn h() {}";
        let file = SourceFile { name: String::new(), text: text.to_owned(), test: false };

        assert_eq!(file.test_lines(), [3..=6]);
    }
}
