//! What is written down about a meeting: that things happened and when, never what was said or by whom.
//!
//! An entry is a kind, a time in unix milliseconds and fields of fixed length, all big-endian. One value has one form.

use sabha_admission::{GrantId, Method, Suite};
use sabha_protocol::DeviceKey;
use sha2::{Digest as _, Sha256};

use super::merkle::Hash;

/// Longest entry, in bytes.
pub const ENTRY_BYTES_MAX: usize = 49;

/// One line of a meeting's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, by the clock of the host's device that wrote it, in unix milliseconds. Never earlier than the entry before.
    pub time_ms: u64,
    /// What.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The group went into another epoch.
    Commit {
        /// Number of the epoch.
        epoch: u64,
        /// `confirmed_transcript_hash` of the epoch (RFC 9420 section 8.2): commits to every handshake so far.
        transcript_hash: Hash,
    },
    /// The meeting was made. Always the first entry, and only that; meeting, suite and root key go together.
    Created {
        /// The meeting's suite.
        suite: Suite,
        /// The meeting's root key.
        root: DeviceKey,
    },
    /// The meeting ended. Nothing follows.
    Ended,
    /// A device was let in.
    Granted {
        /// [`grant_hash`] of the grant.
        grant: Hash,
        /// How.
        method: Method,
    },
    /// The policy changed.
    Policy {
        /// Its version.
        version: u64,
        /// [`Terms::hash`](crate::certificate::Terms::hash) of it: commits to the signed policy and to what a certificate
        /// says of it.
        hash: Hash,
    },
    /// A grant was made void.
    Revoked {
        /// [`grant_hash`] of the grant.
        grant: Hash,
    },
}

/// Returns what stands for a grant in the log: SHA-256 of a label, the issuer's key and its number. Who holds the
/// grant can find it; who does not learns nothing from it.
pub fn grant_hash(grant: &GrantId) -> Hash {
    Sha256::new()
        .chain_update(b"sabha log grant v1")
        .chain_update(grant.issuer.as_bytes())
        .chain_update(grant.seq.to_be_bytes())
        .finalize()
        .into()
}

impl Entry {
    /// Returns the entry's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(ENTRY_BYTES_MAX);
        out.push(self.event.kind());
        out.extend(self.time_ms.to_be_bytes());
        match self.event {
            Event::Created { suite, root } => {
                out.extend(suite.code().to_be_bytes());
                out.extend(root.as_bytes());
            }
            Event::Policy { version: number, hash }
            | Event::Commit { epoch: number, transcript_hash: hash } => {
                out.extend(number.to_be_bytes());
                out.extend(hash);
            }
            Event::Granted { grant, method } => {
                out.extend(grant);
                out.push(method as u8);
            }
            Event::Revoked { grant } => out.extend(grant),
            Event::Ended => {}
        }
        out
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// [`InvalidEntry`]: the bytes are not exactly one entry in its one form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidEntry> {
        let (&kind, rest) = bytes.split_first().ok_or(InvalidEntry)?;
        let (time_ms, mut rest) = rest.split_first_chunk().ok_or(InvalidEntry)?;
        let event = match kind {
            1 => Event::Created {
                suite: u16::from_be_bytes(take(&mut rest)?).try_into().map_err(|_| InvalidEntry)?,
                root: DeviceKey::from_bytes(take(&mut rest)?),
            },
            2 => Event::Policy { version: u64::from_be_bytes(take(&mut rest)?), hash: take(&mut rest)? },
            3 => Event::Granted {
                grant: take(&mut rest)?,
                method: u8::from_be_bytes(take(&mut rest)?).try_into().map_err(|_| InvalidEntry)?,
            },
            4 => Event::Revoked { grant: take(&mut rest)? },
            5 => Event::Commit {
                epoch: u64::from_be_bytes(take(&mut rest)?),
                transcript_hash: take(&mut rest)?,
            },
            6 => Event::Ended,
            _ => return Err(InvalidEntry),
        };
        if !rest.is_empty() {
            return Err(InvalidEntry);
        }
        Ok(Self { time_ms: u64::from_be_bytes(*time_ms), event })
    }
}

impl Event {
    const fn kind(&self) -> u8 {
        match self {
            Self::Created { .. } => 1,
            Self::Policy { .. } => 2,
            Self::Granted { .. } => 3,
            Self::Revoked { .. } => 4,
            Self::Commit { .. } => 5,
            Self::Ended => 6,
        }
    }
}

/// The bytes are no entry that this version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no entry of a meeting's log")]
pub struct InvalidEntry;

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], InvalidEntry> {
    let (field, rest) = bytes.split_first_chunk().ok_or(InvalidEntry)?;
    *bytes = rest;
    Ok(*field)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events() -> impl Strategy<Value = Event> {
        prop_oneof![
            any::<(bool, [u8; 32])>().prop_map(|(hybrid, root)| Event::Created {
                suite: if hybrid { Suite::XWing } else { Suite::Classical },
                root: DeviceKey::from_bytes(root),
            }),
            any::<(u64, Hash)>().prop_map(|(version, hash)| Event::Policy { version, hash }),
            (any::<Hash>(), 0..5u8)
                .prop_map(|(grant, method)| Event::Granted { grant, method: method.try_into().unwrap() }),
            any::<Hash>().prop_map(|grant| Event::Revoked { grant }),
            any::<(u64, Hash)>()
                .prop_map(|(epoch, transcript_hash)| Event::Commit { epoch, transcript_hash }),
            Just(Event::Ended),
        ]
    }

    proptest! {
        #[test]
        fn entry_survives_its_bytes(time_ms: u64, event in events()) {
            let entry = Entry { time_ms, event };
            let bytes = entry.to_bytes();
            prop_assert!(bytes.len() <= ENTRY_BYTES_MAX);
            prop_assert_eq!(Entry::from_bytes(&bytes), Ok(entry));
            for length in 0..bytes.len() {
                prop_assert_eq!(Entry::from_bytes(&bytes[..length]), Err(InvalidEntry));
            }
            prop_assert_eq!(Entry::from_bytes(&[&bytes[..], &[0]].concat()), Err(InvalidEntry));
        }

        #[test]
        fn what_is_read_is_written_the_same(kind in 0..8u8, rest in prop::collection::vec(any::<u8>(), 0..60)) {
            let bytes = [&[kind], &rest[..]].concat();
            if let Ok(entry) = Entry::from_bytes(&bytes) {
                prop_assert_eq!(entry.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn unknown_kinds_suites_and_methods_are_refused() {
        assert_eq!(Entry::from_bytes(&[7; 9]), Err(InvalidEntry));
        assert_eq!(Entry::from_bytes(&[&[1; 9][..], &[0xff; 34]].concat()), Err(InvalidEntry));
        assert_eq!(Entry::from_bytes(&[&[3; 9][..], &[0xff; 33]].concat()), Err(InvalidEntry));
    }

    #[test]
    fn grants_are_told_apart_by_issuer_and_number() {
        let hash = |issuer, seq| grant_hash(&GrantId { issuer: DeviceKey::from_bytes([issuer; 32]), seq });
        assert_eq!(hash(1, 1), hash(1, 1));
        assert_ne!(hash(1, 1), hash(2, 1));
        assert_ne!(hash(1, 1), hash(1, 2));
    }
}
