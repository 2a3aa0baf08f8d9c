//! OpenPGP public keys to which mails are encrypted (RFC 9580): what somebody gave, read anew each time, since a key ends.
//!
//! A key is only as good as what its owner signed: every part counts by its newest signature by the primary key, and a part that
//! is revoked, has ended, or is weak counts for nothing. Signatures of others are not looked at. Messages are in the form that
//! GnuPG 2.1 and newer read: AES-256 with integrity protection of version 1, which every version 4 key is fit for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pgp::{
    composed::{ArmorOptions, Deserializable as _, MessageBuilder, SignedPublicKey, SignedPublicSubKey},
    crypto::sym::SymmetricKeyAlgorithm,
    packet::{Signature, SignatureType},
    ser::Serialize as _,
    types::{EcdhPublicParams, KeyDetails, KeyVersion, PublicParams, Tag},
};
use sabha_protocol::limits::OPENPGP_KEY_BYTES_MAX;

use crate::accounts::System;

/// Shortest RSA modulus, in bits (NIST SP 800-131A rev. 2: 112 bits of security).
const RSA_BITS_MIN: u16 = 2048;

/// Subkeys that are looked at; each costs checks of signatures.
const SUBKEYS_MAX: usize = 32;

/// Signatures of each part that are looked at.
const SIGNATURES_MAX: usize = 64;

/// Why mails are not encrypted to a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum KeyError {
    /// Its time is over.
    #[error("the key has expired: extend it, and give it again")]
    Expired,
    /// It is not in the form of one.
    #[error("this is no OpenPGP public key in ASCII armour: export one, as with gpg --armor --export")]
    Form,
    /// Nothing can be encrypted to it.
    #[error("the key has no part for encryption that holds")]
    NoEncryption,
    /// The library failed.
    #[error("the key cannot be used")]
    Library(#[source] Box<pgp::errors::Error>),
    /// There are several.
    #[error("these are several keys: export one alone")]
    Several,
    /// It is longer than any.
    #[error(
        "the key is longer than {OPENPGP_KEY_BYTES_MAX} bytes: export it without signatures of others, as with gpg --export-options export-minimal"
    )]
    TooLarge,
    /// Its owner took it back.
    #[error("the key is revoked")]
    Revoked,
    /// It is a secret one.
    #[error("this is a secret key: never give it to anybody; export the public one")]
    Secret,
    /// It can be broken, or is of a kind that is not built in.
    #[error(
        "the key is too weak, or of an old kind: RSA from {RSA_BITS_MIN} bits, or an elliptic curve, and of version 4 or newer"
    )]
    Weak,
}

/// A key to which can be encrypted.
#[derive(Debug)]
pub(crate) struct RecipientKey {
    key: SignedPublicKey,
    /// Which subkey encrypts, by its place; `None`: the primary key itself.
    part: Option<usize>,
    ends: Option<SystemTime>,
}

/// How long a part holds, by its owner's word.
#[derive(Clone, Copy)]
struct Term {
    ends: Option<SystemTime>,
    encrypts: bool,
}

impl RecipientKey {
    /// Reads a key in ASCII armour, and finds the part that encrypts at `now`: of several that hold, the newest.
    ///
    /// # Errors
    /// [`KeyError`]; each says what its owner can do.
    pub(crate) fn read(armour: &[u8], now: SystemTime) -> Result<Self, KeyError> {
        if armour.len() > OPENPGP_KEY_BYTES_MAX {
            return Err(KeyError::TooLarge);
        }
        let text = std::str::from_utf8(armour).map_err(|_| KeyError::Form)?;
        if text.contains("PRIVATE KEY BLOCK") {
            return Err(KeyError::Secret);
        }
        let (mut keys, _) = SignedPublicKey::from_string_many(text).map_err(|_| KeyError::Form)?;
        let key = keys.next().ok_or(KeyError::Form)?.map_err(|_| KeyError::Form)?;
        if keys.next().is_some() {
            return Err(KeyError::Several);
        }
        let primary = &key.primary_key;
        if !matches!(primary.version(), KeyVersion::V4 | KeyVersion::V6)
            || !is_strong(primary.public_params())
        {
            return Err(KeyError::Weak);
        }
        if key.details.revocation_signatures.iter().any(|signature| signature.verify_key(primary).is_ok()) {
            return Err(KeyError::Revoked);
        }
        let whole = primary_term(&key).ok_or(KeyError::Form)?;
        if has_ended(whole.ends, now) {
            return Err(KeyError::Expired);
        }
        let parts = key.public_subkeys.iter().enumerate().take(SUBKEYS_MAX);
        let parts: Vec<(usize, &SignedPublicSubKey, Term)> = parts
            .filter(|(_, part)| part.key.algorithm().can_encrypt())
            .filter_map(|(place, part)| Some((place, part, subkey_term(&key, part)?)))
            .filter(|(.., term)| term.encrypts)
            .collect();
        let strong = |part: &SignedPublicSubKey| is_strong(part.key.public_params());
        let holding = parts.iter().filter(|(_, part, term)| strong(part) && !has_ended(term.ends, now));
        let newest = holding.max_by_key(|(_, part, _)| part.key.created_at());
        let (part, ends) = match newest {
            Some((place, _, term)) => (Some(*place), earlier(whole.ends, term.ends)),
            None if whole.encrypts && primary.algorithm().can_encrypt() => (None, whole.ends),
            None if parts.iter().any(|(_, part, _)| !strong(part)) => return Err(KeyError::Weak),
            None if !parts.is_empty() => return Err(KeyError::Expired),
            None => return Err(KeyError::NoEncryption),
        };
        Ok(Self { key, part, ends })
    }

    /// Returns the fingerprint of the whole key, in upper-case hexadecimal.
    pub(crate) fn fingerprint(&self) -> String {
        data_encoding::HEXUPPER.encode(self.key.primary_key.fingerprint().as_bytes())
    }

    /// Returns until when it encrypts, in milliseconds since 1970; `None` if that does not end.
    pub(crate) fn expires_ms(&self) -> Option<u64> {
        let since = self.ends?.duration_since(UNIX_EPOCH).ok()?;
        Some(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// Returns a text as a message to the key, in ASCII armour.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub(crate) fn encrypt(&self, text: &[u8]) -> Result<String, KeyError> {
        let failed = |error| KeyError::Library(Box::new(error));
        let mut message =
            MessageBuilder::from_bytes("", text.to_vec()).seipd_v1(System, SymmetricKeyAlgorithm::AES256);
        match self.part {
            Some(place) => message.encrypt_to_key(System, &self.key.public_subkeys[place]),
            None => message.encrypt_to_key(System, &self.key.primary_key),
        }
        .map_err(failed)?;
        message.to_armored_string(System, ArmorOptions::default()).map_err(failed)
    }
}

/// Returns what the owner says of the whole key: by the newest signature on it, or on one of its names.
fn primary_term(key: &SignedPublicKey) -> Option<Term> {
    let primary = &key.primary_key;
    let direct = key.details.direct_signatures.iter().take(SIGNATURES_MAX);
    let direct = direct.filter(|signature| signature.verify_key(primary).is_ok());
    let named = key.details.users.iter().take(SUBKEYS_MAX).flat_map(|user| {
        let own =
            user.signatures.iter().filter(|signature| signature.typ() != Some(SignatureType::CertRevocation));
        let own = own.take(SIGNATURES_MAX);
        own.filter(|signature| signature.verify_certification(primary, Tag::UserId, &user.id).is_ok())
    });
    let newest = direct.chain(named).max_by_key(|signature| signature.created())?;
    Some(term(newest, primary.created_at().into()))
}

/// Returns what the owner says of a part; `None` if nothing that holds, or that it is revoked.
fn subkey_term(key: &SignedPublicKey, part: &SignedPublicSubKey) -> Option<Term> {
    let signatures = part.signatures.iter().take(SIGNATURES_MAX);
    let good =
        signatures.filter(|signature| signature.verify_subkey_binding(&key.primary_key, &part.key).is_ok());
    let (revocations, bindings): (Vec<&Signature>, Vec<&Signature>) =
        good.partition(|signature| signature.typ() == Some(SignatureType::SubkeyRevocation));
    if !revocations.is_empty() {
        return None;
    }
    let newest = bindings.into_iter().max_by_key(|signature| signature.created())?;
    Some(term(newest, part.key.created_at().into()))
}

fn term(signature: &Signature, made: SystemTime) -> Term {
    let life = signature.key_expiration_time().map(|life| Duration::from_secs(u64::from(life.as_secs())));
    // A life of nothing means that it does not end (RFC 9580 section 5.2.3.13).
    let ends = life.filter(|life| !life.is_zero()).map(|life| made + life);
    let flags = signature.key_flags();
    Term { ends, encrypts: flags.encrypt_comms() || flags.encrypt_storage() }
}

fn has_ended(ends: Option<SystemTime>, now: SystemTime) -> bool {
    ends.is_some_and(|ends| ends <= now)
}

fn earlier(one: Option<SystemTime>, other: Option<SystemTime>) -> Option<SystemTime> {
    one.into_iter().chain(other).min()
}

fn is_strong(key: &PublicParams) -> bool {
    match key {
        // An MPI begins with its length in bits (RFC 9580 section 3.2), and the modulus is the first.
        PublicParams::RSA(params) => params
            .to_bytes()
            .ok()
            .and_then(|bytes| bytes.first_chunk().copied())
            .is_some_and(|length| u16::from_be_bytes(length) >= RSA_BITS_MIN),
        PublicParams::ECDH(params) => !matches!(params, EcdhPublicParams::Unsupported { .. }),
        PublicParams::ECDSA(_)
        | PublicParams::EdDSALegacy(_)
        | PublicParams::Ed25519(_)
        | PublicParams::Ed448(_)
        | PublicParams::X25519(_)
        | PublicParams::X448(_) => true,
        _ => false,
    }
}
