//! Why a handshake is refused.

use sabha_admission::Violation;
use sabha_protocol::{GroupEpoch, Rule};

/// Why the delivery service does not take what a client sent. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reject {
    /// It breaks a rule of admission.
    #[error("the group's rules forbid it ({})", .0.id())]
    Admission(#[source] Violation),
    /// An invite was made by a host, and does not let its holder in as things stand.
    #[error("the invite does not let its holder in now ({})", .0.id())]
    Invite(#[source] Violation),
    /// The grant holds, and a control does not let anybody new in that way.
    #[error("the controls do not let anybody in this way ({})", .0.id())]
    Control(Rule),
    /// The GroupInfo that came with a commit is not of the group that the commit leads to.
    #[error("the group information is not of the epoch that the commit leads to")]
    GroupInfo,
    /// It is not what an MLS client of this meeting sends.
    #[error("this is no handshake of the meeting's group")]
    Malformed,
    /// It was not made by the device that sent it.
    #[error("the handshake is another device's")]
    NotYours,
    /// Another commit was first, or the client is behind.
    #[error("the group is in epoch {current}")]
    Stale {
        /// The epoch the group is in.
        current: GroupEpoch,
    },
    /// A state that was offered for adoption is not certified by a host, or not newer.
    #[error("no host certifies this state of the group")]
    Uncertified,
}

impl Reject {
    /// Returns the rule to be named to the client.
    pub fn rule(&self) -> Rule {
        match self {
            Self::Stale { .. } => Rule::CurrentEpoch,
            Self::Admission(Violation::Banned) => Rule::RemovedStaysOut,
            Self::Admission(Violation::Revoked) => Rule::SentBack,
            Self::Admission(Violation::InviteWhileLocked | Violation::AfterLock) => Rule::Locked,
            Self::Invite(_) => Rule::Invite,
            Self::Control(rule) => *rule,
            Self::Malformed => Rule::WellFormed,
            Self::Admission(_) | Self::GroupInfo | Self::NotYours | Self::Uncertified => Rule::Admission,
        }
    }
}

impl From<Violation> for Reject {
    fn from(violation: Violation) -> Self {
        Self::Admission(violation)
    }
}
