//! Why `sabha policy` did not do what was asked, and what can be done about it.

use std::{io, path::PathBuf};

use sabha_policy::profile::ProfileError;

use super::super::key_file::KeyFileError;
use crate::{
    profiles::UnreadableProfile,
    server::StartError,
    storage::{AccountError, StoreError},
};

/// Why a command was not carried out. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub(super) enum PolicyError {
    /// Somebody has applied a floor between our look and our word.
    #[error("another floor was applied at the same moment")]
    Changed,
    #[error(transparent)]
    Key(#[from] KeyFileError),
    #[error("there is no floor {0}")]
    NoFloor(i64),
    #[error("there is no floor before this one")]
    NoFloorBefore,
    #[error("the operating system gives no random numbers")]
    NoRandomness,
    #[error("there is no template {0}")]
    NoTemplate(String),
    #[error("{name} was not accepted")]
    Profile {
        name: String,
        #[source]
        source: ProfileError,
    },
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("there is no tier {0}")]
    Tier(String),
    #[error("a tier is not signed, so no key can be asked for")]
    TierKey,
    #[error("the template was not kept")]
    Template(#[source] AccountError),
    #[error("this is no name for a template")]
    TemplateName,
    #[error(transparent)]
    Unreadable(#[from] UnreadableProfile),
    #[error("{} cannot be used", path.display())]
    Unusable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl From<StoreError> for PolicyError {
    fn from(error: StoreError) -> Self {
        Self::Start(error.into())
    }
}

impl From<AccountError> for PolicyError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Store(error) => error.into(),
            other => Self::Template(other),
        }
    }
}

impl PolicyError {
    /// Returns what can be done about it.
    pub(super) fn remedy(&self) -> String {
        match self {
            Self::Changed => "Look at it with `sabha policy show`, then try again.".to_owned(),
            Self::Key(error) => error.remedy(),
            Self::NoFloor(_) | Self::NoFloorBefore => {
                "`sabha policy show` lists the floors that there were.".to_owned()
            }
            Self::NoRandomness => "Try again later.".to_owned(),
            Self::NoTemplate(_) => "`sabha policy template list` lists them.".to_owned(),
            Self::Profile { .. } => {
                "Nothing was applied. Ask whoever issued the profile for a good one.".to_owned()
            }
            Self::Start(StartError::Store(StoreError::Missing { .. })) => {
                "Say where the server's data is with --data, or start the server once.".to_owned()
            }
            Self::Start(error) => error.remedy(),
            Self::Tier(_) => "The tiers are low, medium and high.".to_owned(),
            Self::Template(_) => {
                "There can be 32 templates: remove one with `sabha policy template remove`.".to_owned()
            }
            Self::TemplateName => "A name is one line of 1 to 64 characters.".to_owned(),
            Self::TierKey => "Leave --key out, or name a profile.".to_owned(),
            Self::Unreadable(UnreadableProfile::Read { .. }) => {
                "Name a file, or the id of a shipped profile: `sabha policy list`.".to_owned()
            }
            Self::Unreadable(_) => "docs/policy.md describes the format.".to_owned(),
            Self::Unusable { .. } => "Check that the file can be written by this user.".to_owned(),
        }
    }
}
