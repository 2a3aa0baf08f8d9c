//! A run over one provider, one file after another.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sha2::{Digest as _, Sha256, Sha512};

use super::{
    Address, Known, LIST_BYTES_MAX, LISTED_MAX, Listed, METADATA_BYTES_MAX, Mirrored, ProviderMetadata,
    Reach, Role, Trouble,
    document::{admit, goes_on},
    lists, plan,
};
use crate::csaf::{DOCUMENT_BYTES_MAX, provider::HashKind};

/// Longest run, in milliseconds.
pub const RUN_MS_MAX: u64 = 10 * 60 * 1000;

/// Most bytes of a run.
pub const RUN_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Most documents of a run. More are for the next, which begins soon.
pub const DOCUMENTS_OF_RUN_MAX: usize = 2000;

/// Most documents of a run that are left out because they are not right.
pub const FAULTS_MAX: usize = 20;

/// Most pages of lists.
pub const PAGES_MAX: usize = 256;

/// Most redirects that are followed in a run. The standard wants none (requirement 6) and some providers cannot.
pub const REDIRECTS_MAX: usize = 8;

/// Most addresses by which the metadata leads to itself.
const HOPS_MAX: usize = 3;

/// Most keys of a provider that are looked at.
const KEYS_MAX: usize = 8;

/// Longest file of a key, of a signature, and of a hash or `security.txt`, in bytes.
const KEY_BYTES_MAX: usize = 256 * 1024;
const SIGNATURE_BYTES_MAX: usize = 16 * 1024;
const LINES_BYTES_MAX: usize = 16 * 1024;

/// Who judges keys and signatures of OpenPGP.
pub trait Judge {
    /// A key that may sign.
    type Key;

    /// Reads the key with this fingerprint.
    ///
    /// # Errors
    /// Why it cannot be used, for people.
    fn key(&self, file: &[u8], fingerprint: &str) -> Result<Self::Key, String>;

    /// Returns if `signature` is by `key` over `document`.
    ///
    /// # Errors
    /// Why not, for people.
    fn verify(&self, key: &Self::Key, document: &[u8], signature: &[u8]) -> Result<(), String>;
}

/// Where the metadata is looked for (section 7.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is there, or what leads to it.
    Metadata(Address),
    /// A `security.txt` (RFC 9116) whose `CSAF` lines lead there.
    SecurityTxt(Address),
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Order {
    /// Where the metadata is looked for, one after another.
    pub sources: Vec<Source>,
    /// Which hosts are asked.
    pub reach: Reach,
    /// The fingerprint that the provider's key must have.
    pub pinned: Option<String>,
    /// Whether documents are fetched.
    pub mirror: bool,
    /// The publisher's namespace, if it is known from before.
    pub namespace: Option<String>,
    /// What is kept of it.
    pub known: Vec<Known>,
}

/// A file that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Where it is.
    pub address: Address,
    /// Longest that is taken, in bytes.
    pub bytes_max: usize,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The file.
    Found(Vec<u8>),
    /// There is none, or not for everybody: 401, 403, 404 or 410.
    Missing,
    /// It is elsewhere, at an absolute URL.
    Moved(String),
    /// Something else, or nothing in time.
    Failed(String),
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Fetch this, and say what came by [`Run::answered`].
    Fetch(Fetch),
    /// Keep this `provider-metadata.json`, and go on by [`Run::kept`].
    KeepMetadata(Vec<u8>),
    /// Keep this document durably, and go on by [`Run::kept`].
    Keep(Box<Mirrored>),
    /// It is over.
    Done(Box<Outcome>),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it is done, or why not.
    pub end: Result<End, Trouble>,
    /// How many documents are new or newer.
    pub kept: usize,
    /// What was left out because it is not right, the first first.
    pub faults: Vec<Trouble>,
}

/// How a run ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything that is listed is there.
    Complete,
    /// The rest is for the next run.
    More,
    /// Only the metadata was wanted, or could be had.
    Listed,
}

/// What was asked for last.
#[derive(Clone, Debug)]
enum Asked {
    Metadata,
    SecurityTxt,
    Key(String),
    Feed(Address),
    Changes(Address),
    Index(Address),
    Document,
    Hash(HashKind),
    Signature,
}

#[derive(Clone, Debug)]
enum List {
    Feed(Address),
    Directory(Address),
    Index(Address),
}

/// A document of which not everything is there.
#[derive(Debug)]
struct Part {
    listed: Listed,
    content: Option<Vec<u8>>,
    /// Which hashes are still to be asked for, the first last; and whether one was right.
    hashes: Vec<HashKind>,
    hashed: bool,
}

/// A run over one provider.
#[derive(Debug)]
pub struct Run<J: Judge> {
    judge: J,
    order: Order,
    known: BTreeMap<String, Known>,
    sources: VecDeque<Source>,
    source: Option<Source>,
    hops: Vec<Address>,
    metadata: Option<ProviderMetadata>,
    keep_metadata: Option<Vec<u8>>,
    key_files: VecDeque<(Address, String)>,
    keys: Vec<J::Key>,
    bad_key: Option<String>,
    lists: VecDeque<List>,
    pages: BTreeSet<Address>,
    readable: bool,
    listed: Vec<Listed>,
    wanted: Option<VecDeque<Listed>>,
    part: Option<Part>,
    keep: Option<Box<Mirrored>>,
    asked: Option<(Asked, Fetch)>,
    redirects: usize,
    bytes: u64,
    tried: usize,
    started_ms: u64,
    outcome: Outcome,
    over: bool,
}

impl<J: Judge> Run<J> {
    /// Begins.
    pub fn new(order: Order, judge: J, now_ms: u64) -> Self {
        let known = order.known.iter().map(|known| (known.address.clone(), known.clone())).collect();
        Self {
            judge,
            known,
            sources: order.sources.iter().cloned().collect(),
            order,
            source: None,
            hops: Vec::new(),
            metadata: None,
            keep_metadata: None,
            key_files: VecDeque::new(),
            keys: Vec::new(),
            bad_key: None,
            lists: VecDeque::new(),
            pages: BTreeSet::new(),
            readable: false,
            listed: Vec::new(),
            wanted: None,
            part: None,
            keep: None,
            asked: None,
            redirects: 0,
            bytes: 0,
            tried: 0,
            started_ms: now_ms,
            outcome: Outcome { end: Ok(End::Complete), kept: 0, faults: Vec::new() },
            over: false,
        }
    }

    /// Returns what to do next; the same until it is done.
    pub fn next(&mut self, now_ms: u64) -> Step {
        loop {
            if self.over {
                return Step::Done(Box::new(self.outcome.clone()));
            }
            if let Some(keep) = &self.keep {
                return Step::Keep(keep.clone());
            }
            let spent = now_ms.saturating_sub(self.started_ms) >= RUN_MS_MAX || self.bytes >= RUN_BYTES_MAX;
            if spent {
                let end = if self.outcome.kept > 0 { Ok(End::More) } else { Err(Trouble::Budget) };
                self.finish(end);
                continue;
            }
            if let Some((_, fetch)) = &self.asked {
                return Step::Fetch(fetch.clone());
            }
            match self.choose() {
                Ok(Some((asked, address))) => {
                    let fetch = Fetch { address, bytes_max: bytes_max(&asked) };
                    self.asked = Some((asked, fetch));
                }
                Ok(None) => {
                    if let Some(metadata) = &self.keep_metadata
                        && !self.over
                    {
                        return Step::KeepMetadata(metadata.clone());
                    }
                }
                Err(trouble) => self.finish(Err(trouble)),
            }
        }
    }

    /// Says that what was to be kept is on disk.
    pub fn kept(&mut self) {
        if let Some(document) = self.keep.take() {
            self.outcome.kept += 1;
            self.note(&document);
        } else {
            self.keep_metadata = None;
        }
    }

    /// Says what came of what was asked for. Takes some time for a document: all checks of the standard.
    pub fn answered(&mut self, answer: Answer) {
        let Some((asked, fetch)) = self.asked.take() else { return };
        if let Answer::Moved(url) = &answer {
            match self.moved(&fetch, url) {
                Ok(address) => self.asked = Some((asked, Fetch { address, ..fetch })),
                Err(trouble) => self.deal_with(&asked, trouble),
            }
            return;
        }
        if let Answer::Found(file) = &answer {
            self.bytes += file.len() as u64;
        }
        if let Err(trouble) = self.take(&asked, &fetch, answer) {
            self.deal_with(&asked, trouble);
        }
    }

    fn moved(&mut self, fetch: &Fetch, url: &str) -> Result<Address, Trouble> {
        self.redirects += 1;
        if self.redirects > REDIRECTS_MAX {
            return Err(Trouble::Redirects(fetch.address.to_string()));
        }
        self.order.reach.address(url)
    }

    /// Ends the run, or leaves one document out.
    fn deal_with(&mut self, asked: &Asked, trouble: Trouble) {
        match asked {
            Asked::Document | Asked::Hash(_) | Asked::Signature if !trouble.is_lie() => {
                self.part = None;
                self.outcome.faults.push(trouble);
                if self.outcome.faults.len() > FAULTS_MAX {
                    let first = Box::new(self.outcome.faults[0].clone());
                    self.finish(Err(Trouble::Faults(first)));
                }
            }
            // Another source may have it.
            Asked::Metadata | Asked::SecurityTxt
                if matches!(trouble, Trouble::Unanswered { .. }) && !self.sources.is_empty() =>
            {
                self.source = None;
            }
            _ => self.finish(Err(trouble)),
        }
    }

    fn finish(&mut self, end: Result<End, Trouble>) {
        self.outcome.end = end;
        self.over = true;
    }

    /// Returns what is wanted next; `None` if something is to be kept first, or it is over.
    fn choose(&mut self) -> Result<Option<(Asked, Address)>, Trouble> {
        if self.metadata.is_none() {
            if self.source.is_none() {
                self.hops.clear();
                self.source = self.sources.pop_front();
            }
            return match &self.source {
                Some(Source::Metadata(address)) => Ok(Some((Asked::Metadata, address.clone()))),
                Some(Source::SecurityTxt(address)) => Ok(Some((Asked::SecurityTxt, address.clone()))),
                None => Err(Trouble::Metadata("there is none where it is looked for".to_owned())),
            };
        }
        if let Some((address, fingerprint)) = self.key_files.pop_front() {
            return Ok(Some((Asked::Key(fingerprint), address)));
        }
        if self.mirrors() && self.keys.is_empty() {
            let why = self.bad_key.take().unwrap_or_else(|| "the metadata states none".to_owned());
            return Err(Trouble::Key(why));
        }
        if self.keep_metadata.is_some() {
            return Ok(None);
        }
        if !self.mirrors() {
            self.finish(Ok(End::Listed));
            return Ok(None);
        }
        if let Some(list) = self.lists.pop_front() {
            return Ok(Some(match list {
                List::Feed(address) => (Asked::Feed(address.clone()), address),
                List::Directory(base) => (Asked::Changes(base.clone()), base.below("changes.csv")?),
                List::Index(base) => (Asked::Index(base.clone()), base.below("index.txt")?),
            }));
        }
        if self.wanted.is_none() {
            if !self.readable {
                return Err(Trouble::NoList);
            }
            self.wanted = Some(plan(std::mem::take(&mut self.listed), &self.known)?.into());
        }
        Ok(self.choose_of_document())
    }

    fn choose_of_document(&mut self) -> Option<(Asked, Address)> {
        if self.part.is_none() {
            let next = self.wanted.as_mut().and_then(VecDeque::pop_front);
            let Some(listed) = next else {
                self.finish(Ok(End::Complete));
                return None;
            };
            self.tried += 1;
            if self.tried > DOCUMENTS_OF_RUN_MAX {
                self.finish(Ok(End::More));
                return None;
            }
            let hashes = vec![HashKind::Sha256, HashKind::Sha512];
            self.part = Some(Part { listed, content: None, hashes, hashed: false });
        }
        let part = self.part.as_mut()?;
        let address = part.listed.address.clone();
        if part.content.is_none() {
            return Some((Asked::Document, address));
        }
        Some(match part.hashes.pop() {
            Some(kind) => (Asked::Hash(kind), address.beside(ending(kind))),
            None => (Asked::Signature, address.beside(".asc")),
        })
    }

    /// Returns whether documents are fetched.
    fn mirrors(&self) -> bool {
        let able =
            |metadata: &ProviderMetadata| metadata.may_be_mirrored && metadata.role == Role::TrustedProvider;
        self.order.mirror && self.metadata.as_ref().is_some_and(able)
    }

    fn take(&mut self, asked: &Asked, fetch: &Fetch, answer: Answer) -> Result<(), Trouble> {
        let unanswered =
            |what: &str| Trouble::Unanswered { address: fetch.address.to_string(), what: super::cut(what) };
        let file = match answer {
            Answer::Found(file) if file.len() <= fetch.bytes_max => Some(file),
            Answer::Found(_) => return Err(unanswered("the answer is too long")),
            Answer::Failed(what) => return Err(unanswered(&what)),
            Answer::Missing | Answer::Moved(_) => None,
        };
        let missing = || unanswered("there is no such file, or not for everybody");
        match asked {
            Asked::Metadata => self.take_metadata(file.ok_or_else(missing)?, &fetch.address),
            Asked::SecurityTxt => self.take_security_txt(&file.ok_or_else(missing)?, &fetch.address),
            Asked::Key(fingerprint) => {
                // One key that has expired among others is no reason to stop.
                match file
                    .ok_or_else(|| "there is no such file".to_owned())
                    .and_then(|file| self.judge.key(&file, fingerprint))
                {
                    Ok(key) => self.keys.push(key),
                    Err(why) => self.bad_key = Some(super::cut(&why)),
                }
                Ok(())
            }
            Asked::Feed(address) => {
                let (documents, next) = lists::feed(&file.ok_or_else(missing)?, address, &self.order.reach)?;
                self.add(documents, &fetch.address)?;
                next.map_or(Ok(()), |next| self.add_page(next))
            }
            Asked::Changes(base) => match file {
                Some(file) => self.add(lists::changes(&file, base)?, &fetch.address),
                None => {
                    self.lists.push_front(List::Index(base.clone()));
                    Ok(())
                }
            },
            // Folders of other labels are closed, as they should be.
            Asked::Index(base) => match file {
                Some(file) => self.add(lists::index(&file, base)?, &fetch.address),
                None => Ok(()),
            },
            Asked::Document => {
                if let Some(part) = &mut self.part {
                    part.content = Some(file.ok_or_else(missing)?);
                }
                Ok(())
            }
            Asked::Hash(kind) => self.take_hash(*kind, file, &fetch.address),
            Asked::Signature => {
                let part = self.part.take();
                part.map_or(Ok(()), |part| self.take_signature(part, file))
            }
        }
    }

    fn take_security_txt(&mut self, file: &[u8], at: &Address) -> Result<(), Trouble> {
        let text = String::from_utf8_lossy(file);
        let line = text.lines().find_map(|line| line.strip_prefix("CSAF:"));
        let what = "it has no line that begins with CSAF:".to_owned();
        let line = line.ok_or_else(|| Trouble::Unanswered { address: at.to_string(), what })?;
        self.source = Some(Source::Metadata(self.order.reach.address(line.trim())?));
        Ok(())
    }

    fn take_metadata(&mut self, file: Vec<u8>, at: &Address) -> Result<(), Trouble> {
        let metadata = ProviderMetadata::read(&file)?;
        let canonical = self.order.reach.address(&metadata.canonical_url)?;
        self.hops.push(at.clone());
        if canonical != *at {
            if self.hops.contains(&canonical) || self.hops.len() > HOPS_MAX {
                return Err(Trouble::Loop(canonical.to_string()));
            }
            self.source = Some(Source::Metadata(canonical));
            return Ok(());
        }
        if !metadata.may_be_listed {
            return Err(Trouble::NotListed);
        }
        let now = &metadata.publisher.namespace;
        if let Some(before) = self.order.namespace.as_ref().filter(|before| *before != now) {
            return Err(Trouble::Renamed { before: super::cut(before), now: super::cut(now) });
        }
        let pinned = |fingerprint: &str| {
            self.order.pinned.as_ref().is_none_or(|pinned| pinned.eq_ignore_ascii_case(fingerprint))
        };
        let keys: Vec<_> =
            metadata.keys.iter().filter(|key| pinned(&key.fingerprint)).take(KEYS_MAX).collect();
        if self.order.pinned.is_some() && keys.is_empty() {
            return Err(Trouble::Pinned);
        }
        if self.order.mirror && !metadata.may_be_mirrored {
            self.outcome.faults.push(Trouble::NotMirrored);
        } else if self.order.mirror && metadata.role != Role::TrustedProvider {
            self.outcome.faults.push(Trouble::Untrusted);
        } else if self.order.mirror {
            let mut files = VecDeque::new();
            for key in keys {
                files.push_back((self.order.reach.address(&key.url)?, key.fingerprint.clone()));
            }
            self.key_files = files;
            self.lists = self.lists_of(&metadata)?;
        }
        self.keep_metadata = Some(file);
        self.metadata = Some(metadata);
        Ok(())
    }

    /// Returns feeds, or directories where there is no feed that everybody may read.
    fn lists_of(&mut self, metadata: &ProviderMetadata) -> Result<VecDeque<List>, Trouble> {
        let mut lists = VecDeque::new();
        for url in &metadata.feeds {
            let address = self.order.reach.address(url)?;
            self.pages.insert(address.clone());
            lists.push_back(List::Feed(address));
        }
        if lists.is_empty() {
            for url in &metadata.directories {
                // Some write it without the slash that makes it a folder.
                let url = if url.ends_with('/') { url.clone() } else { format!("{url}/") };
                lists.push_back(List::Directory(self.order.reach.address(&url)?));
            }
        }
        Ok(lists)
    }

    fn add(&mut self, documents: Vec<Listed>, list: &Address) -> Result<(), Trouble> {
        self.readable = true;
        if self.listed.len() + documents.len() > LISTED_MAX {
            let what = format!("the lists have more than {LISTED_MAX} documents");
            return Err(Trouble::List { list: list.to_string(), what });
        }
        self.listed.extend(documents);
        Ok(())
    }

    fn add_page(&mut self, page: Address) -> Result<(), Trouble> {
        if self.pages.len() >= PAGES_MAX || !self.pages.insert(page.clone()) {
            return Err(Trouble::Loop(page.to_string()));
        }
        self.lists.push_front(List::Feed(page));
        Ok(())
    }

    fn take_hash(&mut self, kind: HashKind, file: Option<Vec<u8>>, at: &Address) -> Result<(), Trouble> {
        let Some(part) = &mut self.part else { return Ok(()) };
        let content = part.content.as_deref().unwrap_or_default();
        if let Some(file) = file {
            let hash: &[u8] = match kind {
                HashKind::Sha256 => &Sha256::digest(content),
                HashKind::Sha512 => &Sha512::digest(content),
            };
            let wanted: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            let text = String::from_utf8_lossy(&file);
            let said = text.split_whitespace().next().unwrap_or_default();
            if !said.eq_ignore_ascii_case(&wanted) {
                return Err(Trouble::Hash(at.to_string()));
            }
            part.hashed = true;
        }
        if part.hashes.is_empty() && !part.hashed {
            return Err(Trouble::Unhashed(part.listed.address.to_string()));
        }
        Ok(())
    }

    fn take_signature(&mut self, part: Part, file: Option<Vec<u8>>) -> Result<(), Trouble> {
        let address = part.listed.address.to_string();
        let signature = file.ok_or_else(|| Trouble::Unsigned(address.clone()))?;
        let content = part.content.unwrap_or_default();
        let mut why = String::new();
        let signed = self.keys.iter().any(|key| match self.judge.verify(key, &content, &signature) {
            Ok(()) => true,
            Err(what) => {
                why = what;
                false
            }
        });
        if !signed {
            return Err(Trouble::Signature { address, what: why });
        }
        let Some(metadata) = &self.metadata else { return Ok(()) };
        let published = admit(&content, &part.listed.address, &metadata.publisher)?;
        let hash: [u8; 32] = Sha256::digest(&content).into();
        let other = |known: &&Known| {
            known.address != address && (known.id == published.id || known.file == published.file)
        };
        let (here, there) = (self.known.get(&address), self.known.values().find(other));
        goes_on(&published, &hash, &address, here, there)?;
        let listed = part.listed.updated;
        self.keep = Some(Box::new(Mirrored { address, listed, published, hash, content, signature }));
        Ok(())
    }

    /// Remembers what was kept.
    fn note(&mut self, document: &Mirrored) {
        let known = Known {
            address: document.address.clone(),
            listed: document.listed.clone(),
            id: document.published.id.clone(),
            file: document.published.file.clone(),
            updated: document.published.updated.clone(),
            hash: document.hash,
        };
        self.known.insert(document.address.clone(), known);
    }
}

const fn ending(kind: HashKind) -> &'static str {
    match kind {
        HashKind::Sha256 => ".sha256",
        HashKind::Sha512 => ".sha512",
    }
}

const fn bytes_max(asked: &Asked) -> usize {
    match asked {
        Asked::Metadata => METADATA_BYTES_MAX,
        Asked::Key(_) => KEY_BYTES_MAX,
        Asked::Feed(_) | Asked::Changes(_) | Asked::Index(_) => LIST_BYTES_MAX,
        Asked::Document => DOCUMENT_BYTES_MAX,
        Asked::Signature => SIGNATURE_BYTES_MAX,
        Asked::SecurityTxt | Asked::Hash(_) => LINES_BYTES_MAX,
    }
}
