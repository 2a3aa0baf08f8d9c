//! Lists in which a provider names its documents: ROLIE feeds (RFC 8322, section 7.1.15), `changes.csv` and `index.txt`
//! (sections 7.1.12 and 7.1.13).

use serde::Deserialize;

use super::{Address, Reach, Trouble, cut};
use crate::csaf::instant::Instant;

/// Longest list, or page of one, in bytes.
pub const LIST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Most documents of a provider.
pub const LISTED_MAX: usize = 100_000;

/// A document as a list names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Where it is.
    pub address: Address,
    /// When it was released, as the list writes it; `index.txt` says nothing of that.
    pub updated: Option<String>,
}

#[derive(Deserialize)]
struct File {
    feed: Feed,
}

#[derive(Deserialize)]
struct Feed {
    #[serde(default)]
    link: Vec<Link>,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    content: Option<Content>,
    #[serde(default)]
    link: Vec<Link>,
    updated: String,
}

#[derive(Deserialize)]
struct Content {
    src: Option<String>,
}

#[derive(Deserialize)]
struct Link {
    href: String,
    rel: String,
}

/// Reads a page of a feed at `at`: its documents, and where the next page is. Documents are below the feed's folder.
///
/// # Errors
/// [`Trouble::List`], [`Trouble::Address`], [`Trouble::Elsewhere`], [`Trouble::Outside`].
pub(super) fn feed(
    file: &[u8],
    at: &Address,
    reach: &Reach,
) -> Result<(Vec<Listed>, Option<Address>), Trouble> {
    let trouble = |what: String| Trouble::List { list: at.to_string(), what };
    let read: File = serde_json::from_slice(file).map_err(|error| trouble(cut(&error.to_string())))?;
    if read.feed.entry.len() > LISTED_MAX {
        return Err(trouble(format!("it has more than {LISTED_MAX} documents")));
    }
    let base = at.folder();
    let mut documents = Vec::new();
    for entry in read.feed.entry {
        let own = entry.link.iter().find(|link| link.rel == "self").map(|link| link.href.as_str());
        let url = entry.content.as_ref().and_then(|content| content.src.as_deref()).or(own);
        let address = reach.address(url.ok_or_else(|| trouble("an entry has no address".to_owned()))?)?;
        documents.push(listed(address, Some(entry.updated), &base, &trouble)?);
    }
    let next = read.feed.link.iter().find(|link| link.rel == "next");
    Ok((documents, next.map(|link| reach.address(&link.href)).transpose()?))
}

/// Reads `changes.csv` of a folder: a path and a time on each line (RFC 4180, whose quotation marks may be missing).
///
/// # Errors
/// [`Trouble::List`], [`Trouble::Address`].
pub(super) fn changes(file: &[u8], base: &Address) -> Result<Vec<Listed>, Trouble> {
    lines(file, base, "changes.csv", |line| {
        let (path, time) = line.rsplit_once(',')?;
        let plain = |text: &str| {
            let text = text.trim();
            text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).to_owned()
        };
        Some((plain(path), Some(plain(time))))
    })
}

/// Reads `index.txt` of a folder: a path on each line.
///
/// # Errors
/// [`Trouble::List`], [`Trouble::Address`].
pub(super) fn index(file: &[u8], base: &Address) -> Result<Vec<Listed>, Trouble> {
    lines(file, base, "index.txt", |line| Some((line.trim().to_owned(), None)))
}

fn lines(
    file: &[u8],
    base: &Address,
    name: &str,
    read: impl Fn(&str) -> Option<(String, Option<String>)>,
) -> Result<Vec<Listed>, Trouble> {
    let trouble = |what: String| Trouble::List { list: format!("{base}{name}"), what };
    let text = std::str::from_utf8(file).map_err(|_| trouble("it is not UTF-8".to_owned()))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut documents = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if documents.len() == LISTED_MAX {
            return Err(trouble(format!("it has more than {LISTED_MAX} documents")));
        }
        let (path, time) = read(line).ok_or_else(|| trouble(format!("line {} has no time", at + 1)))?;
        documents.push(listed(base.below(&path)?, time, base, &trouble)?);
    }
    Ok(documents)
}

/// Checks what a list says of one document, before it is asked for.
fn listed(
    address: Address,
    updated: Option<String>,
    base: &Address,
    trouble: &impl Fn(String) -> Trouble,
) -> Result<Listed, Trouble> {
    if !address.is_below(base) {
        return Err(Trouble::Outside(address.to_string(), base.to_string()));
    }
    if updated.as_ref().is_some_and(|time| time.len() > 64 || Instant::parse(time).is_none()) {
        return Err(trouble(format!("of {address} it says a time that is none")));
    }
    // Section 5.1: what `filename` makes of an id.
    let name = address.file_name().strip_suffix(".json");
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-_".contains(&byte);
    if name.is_none_or(|name| name.is_empty() || !name.bytes().all(is_plain)) {
        return Err(Trouble::Name(address.to_string()));
    }
    Ok(Listed { address, updated })
}
