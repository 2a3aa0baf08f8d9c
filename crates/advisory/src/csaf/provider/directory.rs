//! The directory distribution (requirements 11 to 13) and the hashes beside each document (requirement 18).

use std::{collections::BTreeSet, fmt::Write as _};

use sha2::{Digest as _, Sha256, Sha512};

use super::{OWN_SIGNATURE, Published, folder, of_label};
use crate::Tlp;

/// Returns `index.txt` of a label's folder: each of its documents on a line.
pub fn index(documents: &[Published], label: Tlp) -> String {
    let mut files: Vec<&str> =
        of_label(documents, label).into_iter().map(|document| document.file.as_str()).collect();
    files.sort_unstable();
    files.into_iter().fold(String::new(), |lines, file| lines + file + "\n")
}

/// Returns `changes.csv` of a label's folder: each document with the time of its current release, the newest first.
pub fn changes(documents: &[Published], label: Tlp) -> String {
    of_label(documents, label).into_iter().fold(String::new(), |mut lines, document| {
        // Neither has quotation marks: a file's name has none, nor has a time. A String takes any text.
        let _ = writeln!(lines, "\"{}\",\"{}\"", document.file, document.updated);
        lines
    })
}

/// Returns the listing of a label's folder (requirement 14), or of the folder of one year in it, as a page of links; `None` for a
/// year without documents.
pub fn listing(documents: &[Published], label: Tlp, year: Option<&str>) -> Option<String> {
    page(&folder(label), documents, label, year, &["", ".asc", ".sha256", ".sha512"])
}

/// Returns the same of a folder of copies at `path`.
pub fn mirror_listing(path: &str, documents: &[Published], year: Option<&str>) -> Option<String> {
    page(path, documents, Tlp::Clear, year, &["", OWN_SIGNATURE, ".asc", ".sha256", ".sha512"])
}

fn page(
    path: &str,
    documents: &[Published],
    label: Tlp,
    year: Option<&str>,
    endings: &[&str],
) -> Option<String> {
    let of_label = of_label(documents, label);
    let names: BTreeSet<String> = match year {
        None => {
            let years = of_label.iter().filter_map(|document| document.file.split_once('/'));
            let years = years.map(|(year, _)| format!("{year}/"));
            years.chain(["changes.csv", "feed.json", "index.txt"].map(str::to_owned)).collect()
        }
        Some(year) => of_label
            .iter()
            .filter(|document| document.file.split_once('/').is_some_and(|(of, _)| of == year))
            .flat_map(|document| endings.iter().map(|end| document.file_name().to_owned() + end))
            .collect(),
    };
    if names.is_empty() {
        return None;
    }
    // Names of files have no character that means something in HTML (section 5.1 of the standard).
    let title = format!("{path}/{}", year.map(|year| format!("{year}/")).unwrap_or_default());
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<ul>\n"
    );
    let line = |page: String, name: &String| page + &format!("<li><a href=\"{name}\">{name}</a></li>\n");
    Some(names.iter().fold(page, line) + "</ul>\n</html>\n")
}

/// The hashes that stand beside a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashKind {
    /// In `.sha256`.
    Sha256,
    /// In `.sha512`.
    Sha512,
}

/// Returns the content of the file with a document's hash, as `sha256sum` and `sha512sum` write and check it. `name` is the
/// document's file without its folder.
pub fn hash_file(document: &[u8], name: &str, kind: HashKind) -> String {
    let digits = |hash: &[u8]| hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let hash = match kind {
        HashKind::Sha256 => digits(&Sha256::digest(document)),
        HashKind::Sha512 => digits(&Sha512::digest(document)),
    };
    format!("{hash}  {name}\n")
}

/// A file to be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Below the server's root: `/.well-known/csaf/clear/2026/ciad-2026-0001.json`.
    pub path: String,
    /// What is in it.
    pub content: Vec<u8>,
}

/// Returns the files of a document: itself as it was written, its hashes, and its signature, which `sign` makes: an ASCII-armoured
/// detached one of OpenPGP.
///
/// # Errors
/// What `sign` fails with: a document without its signature is not published.
pub fn files<E>(
    document: &Published,
    written: Vec<u8>,
    sign: impl FnOnce(&[u8]) -> Result<String, E>,
) -> Result<Vec<File>, E> {
    let path = format!("{}/{}", folder(document.label), document.file);
    let name = document.file_name();
    let beside = |ending: &str, content: String| File {
        path: format!("{path}.{ending}"),
        content: content.into_bytes(),
    };
    let mut files = vec![
        beside("sha256", hash_file(&written, name, HashKind::Sha256)),
        beside("sha512", hash_file(&written, name, HashKind::Sha512)),
        beside("asc", sign(&written)?),
    ];
    // Last: who sees a document finds what proves it.
    files.push(File { path, content: written });
    Ok(files)
}
