//! Rows of the bulletin: member organisations and who may do what for them, documents with their revisions, and what is said
//! about them.
//!
//! | file | what |
//! |---|---|
//! | `organisations.rs` | member organisations, memberships, sharing groups |
//! | `chosen.rs` | which documents a filter chooses for a reader, in SQL |
//! | `clearance.rs` | who may know of a revision, in SQL; every query for a reader has it |
//! | `reading.rs` | lists, documents, contents, attachments, as one reader may know them |
//! | `facets.rs` | how many there are of what |
//! | `published.rs` | what was published, in its order, for programs |
//! | `receipts.rs` | what was made of objects that were sent |
//! | `stix_index.rs` | in which documents an object is |
//! | `writing.rs` | drafts, steps, and what is published |
//! | `publishing.rs` | what is judged before it is submitted or published, and how lists name it then |
//! | `provider.rs` | what the provider of CSAF lists and serves, as one reader may know it |
//! | `attachments.rs` | files that belong to a draft |
//! | `discussion.rs` | acknowledgements, comments, grants to clients |
//! | `feeds.rs` | what feeds name, and tokens that read them |
//! | `incidents.rs` | clocks and hands |
//! | `profiles.rs` | policy profiles that revisions carry |
//! | `applying.rs` | what became of them on this server |
//! | `notices/` | whom to tell of what is published, by which way, and what became of it |
//! | `following.rs` | publishers whose profiles are applied as they are published |
//! | `coverage.rs` | who has seen and applied what an organisation has published |
//! | `mirrors.rs` | other providers, and copies of their documents |
//!
//! Every change is one transaction with its entry in the audit log, which names a document by a hash of its id.

mod applying;
mod attachments;
mod chosen;
mod clearance;
mod coverage;
mod discussion;
mod facets;
mod feeds;
mod following;
mod incidents;
mod mirrors;
mod notices;
mod organisations;
mod profiles;
mod provider;
mod published;
mod publishing;
mod reading;
mod receipts;
mod stix_index;
mod writing;

use sabha_advisory::{csaf::Unfit, life::NotTaken};
use sabha_protocol::{
    account::UserId,
    bulletin::{BulletinRole, BulletinRoles, DocumentId, OrganisationId, TlpLabel},
};
use sha2::{Digest as _, Sha256};

pub use self::{
    applying::{AdvisoryError, CarriedProfile},
    attachments::NewAttachment,
    chosen::DocumentFilter,
    feeds::FeedLine,
    mirrors::{MirrorMetadata, MirrorRun, MirrorState, MirroredFile, MirroredLine},
    notices::{
        ChosenNotices, DueMessage, NoticeKey, NoticeOutcome, NoticeTo, NoticedDocument, WebhookRow, What,
    },
    organisations::{Keeper, Standing},
    profiles::NewProfile,
    provider::PublishedFile,
    published::{PublishedRevision, Told, Within},
    publishing::Issuer,
    reading::StoredFile,
    stix_index::Unindexed,
    writing::NewRevision,
};
pub(super) use self::{discussion::anonymise, notices::forget as forget_notices};
use super::StoreError;

/// Tells these hashes from every other SHA-256.
const LABEL: &[u8] = b"sabha document mark v1";

/// Why nothing was changed in the bulletin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BulletinError {
    /// Another document of the organisation lies at the place where this one would.
    #[error("another document has this file")]
    FileTaken,
    /// There are as many as there may be.
    #[error("there are too many of these already")]
    Full,
    /// An organisation or somebody is named for whom this cannot be.
    #[error("nobody of this id can be named here")]
    Nobody,
    /// The life of the document does not go on in this way.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    /// Somebody has changed it meanwhile.
    #[error("it was changed since it was seen")]
    Seen,
    /// Another has this name already.
    #[error("another has this already")]
    Taken,
    /// The document is not fit for the step.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// There is none, or none that this reader may know of.
    #[error("there is none of this id")]
    Unknown,
    /// The database failed; nothing was changed.
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BulletinError {
    fn from(error: sqlx::Error) -> Self {
        if error.as_database_error().is_some_and(|error| error.is_unique_violation()) {
            return Self::Taken;
        }
        Self::Store(StoreError::Unavailable(error))
    }
}

/// Returns how the audit log names a document: by what who knows its id can find it, and nobody else.
fn marked(document: DocumentId) -> String {
    data_encoding::HEXLOWER
        .encode(&Sha256::new().chain_update(LABEL).chain_update(document.as_bytes()).finalize())
}

/// Somebody who acts for their member organisation.
#[derive(Clone, Debug)]
pub struct Acting {
    /// Who.
    pub user: UserId,
    /// For which organisation.
    pub organisation: OrganisationId,
    /// What they may do for it.
    pub roles: BulletinRoles,
}

const fn role_bit(role: BulletinRole) -> i64 {
    match role {
        BulletinRole::Administrator => 1,
        BulletinRole::Auditor => 2,
        BulletinRole::Author => 4,
        BulletinRole::Member => 8,
        BulletinRole::Publisher => 16,
        BulletinRole::Reviewer => 32,
    }
}

fn role_bits(roles: &BulletinRoles) -> i64 {
    roles.iter().map(|role| role_bit(*role)).sum()
}

fn roles_of(bits: i64) -> BulletinRoles {
    BulletinRole::ALL.into_iter().filter(|role| bits & role_bit(*role) != 0).collect()
}

/// Labels as the database numbers them, the widest first.
const LABELS: [TlpLabel; 5] =
    [TlpLabel::Clear, TlpLabel::Green, TlpLabel::Amber, TlpLabel::AmberStrict, TlpLabel::Red];

const fn label_number(label: TlpLabel) -> i64 {
    label as i64
}

#[cfg(test)]
mod tests;
