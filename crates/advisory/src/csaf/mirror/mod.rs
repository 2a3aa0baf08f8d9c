//! A verified mirror of the documents of other providers (section 7 of the standard), and the files of the lister or aggregator
//! that shows them.
//!
//! Pure: [`Run`] says which file it wants next, is given what came, and says what is to be kept. Sockets, clocks, files and OpenPGP
//! are the caller's. A provider is believed in nothing that can be checked:
//!
//! ```text
//!  provider-metadata.json ─► keys ─► feeds, or changes.csv and index.txt ─► for each document that is new or newer:
//!                                                    the document ─► .sha512, .sha256 ─► .asc ─► kept
//! ```
//!
//! - Nobody's word adds a host: what is asked is at hosts that the configuration names ([`Reach`]), and documents are below the
//!   folder of the list that names them.
//! - A document is kept if a hash of it is there and each that is there is right, if a key that the metadata states by its
//!   fingerprint has signed it, and if it is valid, for everybody (`TLP:CLEAR`), of the provider's own publisher, named by its id,
//!   and newer than what was kept of that id before.
//! - Who is caught in a lie ([`Trouble::is_lie`]) is not asked on in this run. What merely is not right is left out, and said.
//! - Every loop has an end: pages are visited once, addresses of metadata too, and a run has bounds of time, bytes and documents.
//!   What is kept is kept document by document, so that a run that is cut off goes on where it was.
//!
//! | module | what it is |
//! |---|---|
//! | `address` | which addresses there are, and which are asked |
//! | `metadata` | `provider-metadata.json` of others |
//! | `lists` | feeds and directories of others |
//! | `plan` | which documents of a list are wanted |
//! | `document` | whether a document is kept |
//! | `dialogue` | what a run is told, asks for, and says |
//! | `run` | one after another |
//! | `aggregator` | what is shown of all that |

mod address;
mod aggregator;
mod dialogue;
mod document;
mod lists;
mod metadata;
mod plan;
mod run;

pub use address::{ADDRESS_BYTES_MAX, Address, Reach};
pub use aggregator::{About, Entry, aggregator, mirror_metadata};
pub use dialogue::{Answer, End, Fetch, Judge, Order, Outcome, Source, Step};
pub use document::{Known, Mirrored};
pub use lists::{LIST_BYTES_MAX, LISTED_MAX, Listed};
pub use metadata::{METADATA_BYTES_MAX, ProviderMetadata, Role};
pub use plan::plan;
pub use run::{DOCUMENTS_OF_RUN_MAX, FAULTS_MAX, PAGES_MAX, REDIRECTS_MAX, RUN_BYTES_MAX, RUN_MS_MAX, Run};

/// Why something of a provider is not believed, or not there. `Display` is one line for who runs the aggregator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// Two programs could read it in two ways, or it is not encrypted.
    #[error(
        "{0:?} is no address that is asked: https, a host, and a path of plain names, without user, query or escapes"
    )]
    Address(String),
    /// A file leads to a host that nobody named.
    #[error(
        "{0} is at a host that the configuration does not name: add it to `hosts` of the provider if it is theirs"
    )]
    Elsewhere(String),
    /// A list names what is not below it.
    #[error("{0} is not below {1}, where the provider announces its documents")]
    Outside(String, String),
    /// A file is called so that it cannot be a document (section 5.1).
    #[error("{0} is not named as a document with its id is (CSAF 2.0 section 5.1)")]
    Name(String),
    /// There is no answer, or none that helps.
    #[error("{address}: {what}")]
    Unanswered {
        /// What was asked for.
        address: String,
        /// What came instead.
        what: String,
    },
    /// There were too many redirects.
    #[error(
        "{0} redirects, and more than {REDIRECTS_MAX} redirects in a run are not followed (CSAF 2.0 requirement 6)"
    )]
    Redirects(String),
    /// The metadata does not fit its schema.
    #[error("provider-metadata.json: {0}")]
    Metadata(String),
    /// Files lead to each other in a circle, or on and on.
    #[error("{0} leads back to where it was come from, or on and on")]
    Loop(String),
    /// It does not want to be listed.
    #[error("the provider does not want to be listed (list_on_CSAF_aggregators)")]
    NotListed,
    /// It does not want to be mirrored.
    #[error("the provider does not want to be mirrored (mirror_on_CSAF_aggregators), and is only listed")]
    NotMirrored,
    /// It does not say that it signs.
    #[error(
        "the provider is no csaf_trusted_provider, so that nothing proves its documents, and is only listed"
    )]
    Untrusted,
    /// It calls itself otherwise than before.
    #[error(
        "the provider was {before} and is {now}: take it out of the configuration and in again if that is right"
    )]
    Renamed {
        /// The namespace before.
        before: String,
        /// The one it says now.
        now: String,
    },
    /// The key that was expected is not there.
    #[error("the metadata has no OpenPGP key with the fingerprint that is configured")]
    Pinned,
    /// No key can be used.
    #[error("no OpenPGP key of the provider can be used: {0}")]
    Key(String),
    /// A list cannot be read.
    #[error("{list}: {what}")]
    List {
        /// Which.
        list: String,
        /// What is wrong with it.
        what: String,
    },
    /// There is no list that everybody may read.
    #[error("the provider has neither a feed for TLP:WHITE nor a directory that everybody may read")]
    NoList,
    /// Nothing says what its hash is.
    #[error("{0} has neither .sha512 nor .sha256 (CSAF 2.0 requirement 18)")]
    Unhashed(String),
    /// Its hash is another.
    #[error("{0} is not the hash of the document")]
    Hash(String),
    /// Nobody signed it.
    #[error("{0} has no signature (CSAF 2.0 requirement 19)")]
    Unsigned(String),
    /// The signature proves nothing.
    #[error("{address}: {what}")]
    Signature {
        /// Of which document.
        address: String,
        /// Why not.
        what: String,
    },
    /// It is not valid, or not one to be shown.
    #[error("{address}: {what}")]
    Document {
        /// Which.
        address: String,
        /// What is wrong with it.
        what: String,
    },
    /// It is another publisher's.
    #[error("{address} is a document of {found}, and the provider is {wanted}")]
    Publisher {
        /// Which.
        address: String,
        /// The namespace in it.
        found: String,
        /// The provider's.
        wanted: String,
    },
    /// Its id is another than before, or another document's.
    #[error("{address} has the id {found:?}, and {before}")]
    Id {
        /// Which.
        address: String,
        /// The id in it.
        found: String,
        /// What speaks against that.
        before: String,
    },
    /// It is not newer than what is there.
    #[error(
        "{address} is of {found}, and a release of {before} is mirrored: none replaces one that is not older"
    )]
    NotNewer {
        /// Which.
        address: String,
        /// Its time.
        found: String,
        /// The time of what is there.
        before: String,
    },
    /// There is no end to it.
    #[error("the run took more than {} minutes or {} MiB before anything was mirrored", RUN_MS_MAX / 60_000, RUN_BYTES_MAX >> 20)]
    Budget,
    /// Too much was wrong.
    #[error("more than {FAULTS_MAX} documents are not right; the first: {0}")]
    Faults(Box<Trouble>),
}

impl Trouble {
    /// Returns whether the provider contradicts itself or its own word, so that nothing more of it is believed in this run.
    pub const fn is_lie(&self) -> bool {
        matches!(
            self,
            Self::Hash(_)
                | Self::Signature { .. }
                | Self::Publisher { .. }
                | Self::Id { .. }
                | Self::NotNewer { .. }
                | Self::Renamed { .. }
        )
    }
}

/// Returns the beginning of a text from outside, for a message.
fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests;
