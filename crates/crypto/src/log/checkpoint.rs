//! The signed head of a log, as text: a checkpoint (C2SP tlog-checkpoint) in a signed note (C2SP signed-note).
//!
//! ```text
//!  sabha/<meeting_id>
//!  <size>
//!  <base64 of the head>
//!
//!  — sabha/<meeting_id> <base64 of key id and Ed25519 signature>
//! ```
//!
//! So that the tools of transparency logs can read, countersign and compare what a host has signed.

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sabha_protocol::{DeviceKey, MeetingId};
use sha2::{Digest as _, Sha256};

use super::merkle::Hash;

/// Signatures that are looked at below one checkpoint. Witnesses add theirs.
pub const SIGNATURES_MAX: usize = 16;

/// How far a log goes and what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The meeting.
    pub meeting: MeetingId,
    /// Number of entries.
    pub size: u64,
    /// Head of the Merkle tree over them.
    pub head: Hash,
}

impl Checkpoint {
    /// Returns the checkpoint as a note signed by a host's device.
    pub fn sign(&self, host: &SigningKey) -> String {
        let (text, name) = (self.text(), self.origin());
        let mut signature = key_id(&name, host.verifying_key().as_bytes()).to_vec();
        signature.extend(host.sign(text.as_bytes()).to_bytes());
        format!("{text}\n{DASH} {name} {}\n", Base64::encode_string(&signature))
    }

    /// Reads the text of a note and the lines with its signatures, and checks that of `host`. Signatures of others are
    /// passed over, as the format wants it.
    ///
    /// # Errors
    /// [`InvalidCheckpoint::Form`] or [`InvalidCheckpoint::Signature`].
    pub(super) fn verify(text: &str, signatures: &str, host: &DeviceKey) -> Result<Self, InvalidCheckpoint> {
        let checkpoint = Self::from_text(text).ok_or(InvalidCheckpoint::Form)?;
        let host = VerifyingKey::from_bytes(host.as_bytes()).map_err(|_| InvalidCheckpoint::Signature)?;
        let name = checkpoint.origin();
        let id = key_id(&name, host.as_bytes());
        for (count, line) in signatures.lines().enumerate() {
            let signature = read_signature(line).filter(|_| count < SIGNATURES_MAX);
            let (signer, bytes) = signature.ok_or(InvalidCheckpoint::Form)?;
            let Some((key, signature)) = bytes.split_first_chunk::<4>() else {
                return Err(InvalidCheckpoint::Form);
            };
            if signer != name || *key != id {
                continue;
            }
            let signature = Signature::from_slice(signature).map_err(|_| InvalidCheckpoint::Signature)?;
            host.verify_strict(text.as_bytes(), &signature).map_err(|_| InvalidCheckpoint::Signature)?;
            return Ok(checkpoint);
        }
        Err(InvalidCheckpoint::Signature)
    }

    fn origin(&self) -> String {
        format!("{ORIGIN}{}", self.meeting)
    }

    /// What is signed: everything up to the empty line, its line feed included.
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin(), self.size, Base64::encode_string(&self.head))
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let meeting = lines.next()?.strip_prefix(ORIGIN)?.parse().ok()?;
        let size = lines.next()?.parse().ok()?;
        let head = Base64::decode_vec(lines.next()?).ok()?.try_into().ok()?;
        let checkpoint = Self { meeting, size, head };
        // Other ways to write the same are refused: the text has one form.
        (checkpoint.text() == text).then_some(checkpoint)
    }
}

/// Why a text is no checkpoint of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCheckpoint {
    /// It does not have the form of one.
    #[error("the checkpoint is malformed")]
    Form,
    /// The host's signature is missing or does not hold.
    #[error("the checkpoint is not signed by the host")]
    Signature,
}

const ORIGIN: &str = "sabha/";

/// Begins a signature line.
const DASH: char = '\u{2014}';

/// Type of an Ed25519 signature in a note.
const ED25519: u8 = 1;

fn key_id(name: &str, key: &[u8; 32]) -> [u8; 4] {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(key).finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

fn read_signature(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, signature) = line.strip_prefix(DASH)?.strip_prefix(' ')?.split_once(' ')?;
    Some((name, Base64::decode_vec(signature).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKPOINT: Checkpoint =
        Checkpoint { meeting: MeetingId::from_bytes([2; 20]), size: 7, head: [3; 32] };

    fn host() -> SigningKey {
        SigningKey::from_bytes(&[9; 32])
    }

    fn device(key: &SigningKey) -> DeviceKey {
        DeviceKey::from_bytes(key.verifying_key().to_bytes())
    }

    fn verify(note: &str) -> Result<Checkpoint, InvalidCheckpoint> {
        let (text, signatures) = note.split_once("\n\n").unwrap();
        Checkpoint::verify(&format!("{text}\n"), signatures, &device(&host()))
    }

    #[test]
    fn signed_checkpoint_is_read_back() {
        let note = CHECKPOINT.sign(&host());
        assert_eq!(note.lines().count(), 5);
        assert!(note.starts_with("sabha/aiba"), "{note}");
        assert_eq!(verify(&note), Ok(CHECKPOINT));
    }

    #[test]
    fn key_id_is_that_of_the_format() {
        // The key of the example in the documentation of Go's `golang.org/x/mod/sumdb/note`, which begins with its type.
        let typed = Base64::decode_vec("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
        let key = typed[1..].try_into().unwrap();
        assert_eq!(typed[0], ED25519);
        assert_eq!(key_id("PeterNeumann", &key), [0xc7, 0x4f, 0x20, 0xa3]);
    }

    #[test]
    fn signatures_of_others_are_passed_over_and_never_enough() {
        let note = CHECKPOINT.sign(&host());
        let other = CHECKPOINT.sign(&SigningKey::from_bytes(&[8; 32]));
        let other_line = other.lines().last().unwrap();
        let (text, own_line) = note.split_once("\n\n").unwrap();
        assert_eq!(verify(&format!("{text}\n\n{other_line}\n{own_line}")), Ok(CHECKPOINT));
        assert_eq!(verify(&other), Err(InvalidCheckpoint::Signature));
        assert_eq!(verify(&format!("{text}\n\n")), Err(InvalidCheckpoint::Signature));
        let many = format!("{other_line}\n").repeat(SIGNATURES_MAX);
        assert_eq!(verify(&format!("{text}\n\n{many}{own_line}")), Err(InvalidCheckpoint::Form));
    }

    #[test]
    fn another_size_head_or_meeting_is_not_what_was_signed() {
        let note = CHECKPOINT.sign(&host());
        assert_eq!(verify(&note.replacen("\n7\n", "\n8\n", 1)), Err(InvalidCheckpoint::Signature));
        assert_eq!(verify(&note.replacen("AwMD", "AwMB", 1)), Err(InvalidCheckpoint::Signature));
        assert_eq!(verify(&note.replace("sabha/a", "sabha/b")), Err(InvalidCheckpoint::Signature));
    }

    #[test]
    fn other_forms_of_the_same_are_refused() {
        let note = CHECKPOINT.sign(&host());
        for changed in [
            note.replacen("\n7\n", "\n07\n", 1),
            note.replacen("\n7\n", "\n+7\n", 1),
            note.replacen("\n7\n", "\r\n7\n", 1),
            note.replacen("\n\n", "\nmore\n\n", 1),
            note.replacen("sabha/", "Sabha/", 1),
            note.replacen('\u{2014}', "-", 1),
            note.replacen("\u{2014} ", "\u{2014}", 1),
        ] {
            assert_eq!(verify(&changed), Err(InvalidCheckpoint::Form), "{changed}");
        }
    }
}
