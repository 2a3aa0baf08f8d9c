//! A run over one provider, one file after another. What it makes of each is in `take`.

mod take;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    Address, Answer, End, Fetch, Judge, Known, LIST_BYTES_MAX, Listed, METADATA_BYTES_MAX, Mirrored, Order,
    Outcome, ProviderMetadata, Role, Source, Step, Trouble, plan,
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
