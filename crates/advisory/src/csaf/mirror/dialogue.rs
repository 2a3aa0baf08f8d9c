//! What a run is told, asks for, and says.

use super::{Address, Known, Mirrored, Reach, Trouble};

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
    /// Fetch this, and say what came by [`Run::answered`](super::Run::answered).
    Fetch(Fetch),
    /// Keep this `provider-metadata.json`, and go on by [`Run::kept`](super::Run::kept).
    KeepMetadata(Vec<u8>),
    /// Keep this document durably, and go on by [`Run::kept`](super::Run::kept).
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
