//! What can go wrong, by whose fault.

use std::{io, path::PathBuf};

use sabha_crypto::{group::Reject, link::InvalidLink};
use sabha_protocol::{DisplayName, Rule, wire::server::CloseReason};

use crate::tls::CertificateRule;

/// Why a participant could not go on. Grouped by blame: the server's decision, the server's mistake, the
/// path, the caller.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server refused a request that this participant cannot do without.
    #[error("refused by {rule}: {message}")]
    Refused {
        /// The rule that decided.
        rule: Rule,
        /// The same in a sentence.
        message: String,
    },
    /// The server closed the connection and said why.
    #[error("closed: {reason:?}")]
    Closed {
        /// Why.
        reason: CloseReason,
        /// Who decided, where somebody did.
        by: Option<DisplayName>,
    },
    /// The server said something the protocol does not allow.
    #[error("the server broke the protocol: {0}")]
    ServerMisbehaved(String),
    /// The server cannot be reached, or the connection broke and was not to be resumed.
    #[error("the connection to the server failed while {doing}")]
    Connection {
        /// What was tried.
        doing: &'static str,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Who answered has not shown to be the server that the link names. Nothing was said to it.
    #[error("refused by {rule}: the certificate of {server} {}", rule.because())]
    Certificate {
        /// The rule that decided.
        rule: CertificateRule,
        /// Host and port.
        server: String,
        /// What is wrong with the certificate.
        #[source]
        source: io::Error,
    },
    /// The file of authorities whose word is to be taken on who a server is cannot be used.
    #[error("cannot trust {path}: {reason}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Nor has the system any such authority.
    #[error("this machine knows no certificate authority; --ca FILE names one")]
    NoAuthority,
    /// A server that may not be probed by who asks. Nothing was tried on it.
    #[error("this server is not probed: {0}")]
    NotTheOwner(&'static str),
    /// What a bad network is to be like makes no sense.
    #[error("no such network: {0}")]
    Conditions(String),
    /// What was waited for did not come in time.
    #[error("timed out while {0}")]
    Timeout(&'static str),
    /// The media stack refused an answer or a packet of ours.
    #[error("the media connection failed")]
    Media(#[from] str0m::RtcError),
    /// The link is not one of Sabha's.
    #[error("the link cannot be used: {0}")]
    Link(&'static str),
    /// The link is no invite that a meeting has.
    #[error("the link cannot be used: {0}")]
    Invite(#[from] InvalidLink),
    /// A host's device says that the passcode is wrong.
    #[error("the passcode is wrong")]
    Passcode,
    /// The file in which a device is kept cannot be read or written.
    #[error("cannot use {path}: {reason}")]
    StateFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// This device's own cryptography refused to begin.
    #[error("the device cannot make a meeting")]
    Device(#[from] Reject),
    /// A media file cannot be played.
    #[error("cannot play {path}: {reason}")]
    MediaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file cannot be shown as restricted material.
    #[error("cannot show {path}: {reason}")]
    Material {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting of the caller is out of bounds.
    #[error("{0}")]
    Misuse(&'static str),
}

impl ClientError {
    /// Returns an error of the connection, with what was tried.
    pub(crate) fn connection(doing: &'static str, source: impl Into<io::Error>) -> Self {
        Self::Connection { doing, source: source.into() }
    }

    /// Returns the error with its causes, outermost first.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }

    /// Returns the id of the rule that decided, if one did.
    pub(crate) fn rule(&self) -> Option<String> {
        match self {
            Self::Refused { rule, .. } => Some(rule.to_string()),
            Self::Certificate { rule, .. } => Some(rule.to_string()),
            _ => None,
        }
    }

    /// Returns whether the room's rules or a host decided this: trying again changes nothing.
    pub const fn is_decision(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::NotTheOwner(_)
                | Self::Passcode
                | Self::Closed {
                    reason: CloseReason::Denied | CloseReason::Removed | CloseReason::Misbehaved,
                    ..
                }
        )
    }
}
