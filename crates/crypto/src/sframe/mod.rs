//! Media frames, encrypted from sender to receivers: SFrame (RFC 9605) with keys from the MLS group (section 5.2).
//!
//! ```text
//!  MLS-Exporter("SFrame 1.0 Base Key", "", 16) = base key of an epoch
//!        │ per KID: source of media, leaf of the sender, epoch       (key schedule, section 4.4.2)
//!        ▼
//!  clear prefix ║ SFrame header: KID, CTR ║ ciphertext ║ tag
//!  └── as metadata ──┴── as header ──┘ authenticated with the ciphertext
//! ```
//!
//! The clear prefix is what a packetiser must read of a frame: the first byte of VP8, nothing of VP9 and Opus. It is
//! the `metadata` of section 4.4.3.
//!
//! [`Sender`] owns the counters: a pair of key and counter is used once. [`Receiver`] opens what it has a key for, in
//! an epoch and from a leaf and source that it was told of, and each frame once. Both fail closed: there is no way to
//! let a frame pass in the clear, and a frame that was refused is emptied.
//!
//! Suites 4 and 5 (AES-GCM) are implemented. Suites 1 to 3 (AES-CTR with HMAC) are not: they exist for shorter tags,
//! and a truncated tag is what we do not want. In a browser the same frames are made by WebCrypto, with keys from
//! [`EpochSecret::derive`].

mod header;
mod keys;
mod kid;
mod receiver;
mod replay;
mod sender;

pub use self::{
    header::{HEADER_BYTES_MAX, Header, InvalidHeader},
    keys::{BaseKey, CipherSuite, EpochSecret, InvalidBaseKey, KeyMaterial},
    kid::{InvalidKid, Kid},
    receiver::{Opened, Receiver},
    replay::{REPLAY_WINDOW, ReplayError, ReplayWindow},
    sender::Sender,
};

/// Length of the tag after each frame, in bytes: the whole tag of AES-GCM.
pub const TAG_BYTES: usize = 16;

/// Longest clear prefix, in bytes. We need one; other profiles of VP8 leave ten.
pub const CLEAR_BYTES_MAX: usize = 16;

/// Longest frame, in bytes, on either side of the encryption. A key frame of a 4K screen has about one million.
pub const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Epochs that a receiver holds at once; the oldest gives way. One epoch lives 10 s beyond its end, and commits come
/// at least 200 ms apart.
pub const EPOCHS_MAX: usize = 64;

/// Why a frame was not encrypted or decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SFrameError {
    /// The sender's counter has no value left. It never begins again under the same key.
    #[error("the counter is exhausted in this epoch")]
    CounterExhausted,
    /// The epoch is not later than those before: counters or replay windows would begin again under the same key.
    /// The caller's mistake.
    #[error("the epoch is not later than the last one")]
    EpochNotNewer,
    /// The frame or its clear prefix is longer than allowed.
    #[error("the frame is too large")]
    FrameTooLarge,
    /// The header is none that an honest sender writes.
    #[error("the header is malformed")]
    Header(#[source] InvalidHeader),
    /// The sender was given no epoch yet.
    #[error("there is no key to send with")]
    NoEpoch,
    /// Not encrypted under this key, or changed since.
    #[error("the frame is not authentic")]
    NotAuthentic,
    /// Authentic, but seen before or too old to tell.
    #[error("the frame came before")]
    Replay(#[source] ReplayError),
    /// Shorter than prefix, header and tag.
    #[error("the frame is truncated")]
    Truncated,
    /// No epoch, leaf and source that may send.
    #[error("no key for the frame's sender")]
    UnknownKid,
}

/// Writes header and clear prefix one after the other, as section 4.4.3 orders them, and returns what was written.
fn aad<'a>(
    buffer: &'a mut [u8; HEADER_BYTES_MAX + CLEAR_BYTES_MAX],
    header: &[u8],
    metadata: &[u8],
) -> &'a [u8] {
    let length = header.len() + metadata.len();
    buffer[..header.len()].copy_from_slice(header);
    buffer[header.len()..length].copy_from_slice(metadata);
    &buffer[..length]
}

#[cfg(test)]
mod tests;
