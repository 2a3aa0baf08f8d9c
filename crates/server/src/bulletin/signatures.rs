//! Whether a detached signature of OpenPGP (RFC 9580) is by the key that it has to be by, over exactly these bytes.
//!
//! rPGP reads packets and does the arithmetic; what a signature and a key have to be to count is decided here, and more strictly than
//! by programs for mail, which must live with what people have:
//!
//! - the key is named by its fingerprint, and has a user or a direct signature of its own that says so;
//! - neither it nor the subkey that signs is revoked or has expired by now, and both may sign data;
//! - RSA of 2048 bits or more, ECDSA or EdDSA; no DSA;
//! - SHA-2 or SHA-3 of 256 bits or more in every signature that counts: none of MD5, RIPEMD-160, SHA-1, SHA-224;
//! - a signature of a document as bytes, not as text, whose line ends could be changed, and not from the future.
//!
//! A revocation counts whatever its hash: who could forge one could only stop what is signed.

use pgp::{
    composed::{Deserializable as _, DetachedSignature, SignedPublicKey, SignedPublicSubKey},
    crypto::hash::HashAlgorithm,
    packet::{Signature, SignatureType, SubpacketData},
    ser::Serialize,
    types::{KeyDetails, PublicParams, Tag, VerifyingKey},
};

/// Longest file of a public key, in bytes: one with many users and subkeys is some 50 kB.
pub(crate) const KEY_BYTES_MAX: usize = 256 * 1024;

/// Longest file of a signature, in bytes: one by RSA of 4096 bits is less than 1 kB.
pub(crate) const SIGNATURE_BYTES_MAX: usize = 16 * 1024;

/// Most keys in a file, and signatures of one document, that are looked at.
const MANY_MAX: usize = 8;

/// Most subkeys, users, and signatures of either that are looked at.
const PARTS_MAX: usize = 64;

/// Fewest bits of an RSA key (NIST SP 800-131A revision 2, section 3).
const RSA_BITS_MIN: u16 = 2048;

/// How far clocks may differ, in seconds.
const SKEW_S: u64 = 24 * 60 * 60;

/// Why a signature proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Distrust {
    /// It is revoked, by itself or with all of its users.
    #[error("the OpenPGP key is revoked")]
    Revoked,
    /// Its time is over.
    #[error("the OpenPGP key has expired")]
    Expired,
    /// No key with that fingerprint is in the file.
    #[error("the file has no OpenPGP key with the fingerprint {0}")]
    Fingerprint(String),
    /// It does not vouch for itself, or not with what counts.
    #[error(
        "the OpenPGP key has no valid signature of its own, made with SHA-2 or SHA-3, that says for what it is"
    )]
    Unbound,
    /// No key that may sign, or only weak ones.
    #[error(
        "the OpenPGP key cannot sign documents: it wants RSA of {RSA_BITS_MIN} bits or more, ECDSA or EdDSA"
    )]
    CannotSign,
    /// It cannot be read.
    #[error("the file is no OpenPGP key, or longer than {KEY_BYTES_MAX} bytes")]
    NoKey,
    /// It cannot be read.
    #[error("the file is no OpenPGP signature, or longer than {SIGNATURE_BYTES_MAX} bytes")]
    NoSignature,
    /// It is of another kind than a document's.
    #[error("the OpenPGP signature is not one of a document as bytes")]
    Kind,
    /// Its hash is broken, or too short.
    #[error("the OpenPGP signature is made with {0}, which can be forged")]
    WeakHash(String),
    /// Its own time is over, or has not come.
    #[error("the OpenPGP signature is from the future, older than its key, or has expired")]
    Time,
    /// It is of other bytes, or by another key.
    #[error("the OpenPGP signature is not by this key over these bytes")]
    Bad,
}

/// A public key that may sign documents.
#[derive(Clone, Debug)]
pub(crate) struct Certificate(SignedPublicKey);

impl Certificate {
    /// Reads the key with this fingerprint, hexadecimal in either case, from a file, armoured or not.
    ///
    /// # Errors
    /// [`Distrust`], which says why it cannot sign at `now_s`, in seconds since 1970.
    pub(crate) fn read(file: &[u8], fingerprint: &str, now_s: u64) -> Result<Self, Distrust> {
        if file.len() > KEY_BYTES_MAX {
            return Err(Distrust::NoKey);
        }
        let (keys, _) = SignedPublicKey::from_reader_many_buf(file).map_err(|_| Distrust::NoKey)?;
        let mut read = 0;
        for key in keys.take(MANY_MAX).flatten() {
            read += 1;
            if format!("{:x}", key.primary_key.fingerprint()).eq_ignore_ascii_case(fingerprint) {
                let certificate = Self(key);
                certificate.signers(now_s)?;
                return Ok(certificate);
            }
        }
        Err(if read == 0 { Distrust::NoKey } else { Distrust::Fingerprint(fingerprint.to_uppercase()) })
    }

    /// Returns if one of the signatures in a file is by this key over `document`.
    ///
    /// # Errors
    /// [`Distrust`]: of the last signature, if none is good.
    pub(crate) fn verify(&self, document: &[u8], file: &[u8], now_s: u64) -> Result<(), Distrust> {
        if file.len() > SIGNATURE_BYTES_MAX {
            return Err(Distrust::NoSignature);
        }
        let signers = self.signers(now_s)?;
        let (all, _) = DetachedSignature::from_reader_many_buf(file).map_err(|_| Distrust::NoSignature)?;
        let mut last = Distrust::NoSignature;
        for signature in all.take(MANY_MAX).flatten() {
            match good(&signature.signature, document, &signers, now_s) {
                Ok(()) => return Ok(()),
                Err(distrust) => last = distrust,
            }
        }
        Err(last)
    }

    /// Returns the key, if it may sign, and those of its subkeys that may.
    fn signers(&self, now_s: u64) -> Result<Vec<Signer<'_>>, Distrust> {
        let (key, details) = (&self.0.primary_key, &self.0.details);
        let revokes = |signature: &Signature| signature.verify_key(key).is_ok();
        if details.revocation_signatures.iter().take(PARTS_MAX).any(revokes) {
            return Err(Distrust::Revoked);
        }
        // What the key says of itself: the newest word of each user that is not revoked, and of itself directly.
        let mut revoked_users = 0;
        let mut words: Vec<&Signature> = Vec::new();
        for user in details.users.iter().take(PARTS_MAX) {
            let own = user.signatures.iter().take(PARTS_MAX);
            let own = own.filter(|word| word.verify_certification(key, Tag::UserId, &user.id).is_ok());
            let (revoking, saying): (Vec<&Signature>, Vec<&Signature>) =
                own.partition(|word| word.typ() == Some(SignatureType::CertRevocation));
            // Who is revoked can be certified anew.
            let revoked = revoking.iter().filter_map(|word| word.created()).max();
            let newest = newest(saying, now_s);
            match newest {
                Some(word) if revoked.is_none_or(|revoked| word.created() > Some(revoked)) => {
                    words.push(word)
                }
                _ => revoked_users += usize::from(revoked.is_some()),
            }
        }
        let direct = details.direct_signatures.iter().take(PARTS_MAX);
        let direct =
            direct.filter(|word| word.typ() == Some(SignatureType::Key) && word.verify_key(key).is_ok());
        words.extend(newest(direct, now_s));
        let word = newest(words, now_s);
        let word = word.ok_or(if revoked_users > 0 { Distrust::Revoked } else { Distrust::Unbound })?;
        if is_over(key, word, now_s) {
            return Err(Distrust::Expired);
        }
        let mut signers = Vec::new();
        // A key that does not say for what it is may do what it can (RFC 9580 section 5.2.3.29 leaves it to the reader).
        if may_sign(word).unwrap_or(true) && is_strong(key) {
            signers.push(Signer::Primary(key));
        }
        let mut why = Distrust::CannotSign;
        for subkey in self.0.public_subkeys.iter().take(PARTS_MAX) {
            match self.bound(subkey, now_s) {
                Ok(()) => signers.push(Signer::Subkey(&subkey.key)),
                Err(distrust) if may_ever_sign(subkey) => why = distrust,
                Err(_) => {}
            }
        }
        if signers.is_empty() { Err(why) } else { Ok(signers) }
    }

    /// Returns if a subkey signs for the key, and agrees to it (section 5.2.1.9): nobody takes the key of another as theirs.
    fn bound(&self, subkey: &SignedPublicSubKey, now_s: u64) -> Result<(), Distrust> {
        let key = &self.0.primary_key;
        let own: Vec<&Signature> = subkey
            .signatures
            .iter()
            .take(PARTS_MAX)
            .filter(|word| word.verify_subkey_binding(key, &subkey.key).is_ok())
            .collect();
        if own.iter().any(|word| word.typ() == Some(SignatureType::SubkeyRevocation)) {
            return Err(Distrust::Revoked);
        }
        let word = newest(own, now_s).ok_or(Distrust::Unbound)?;
        if is_over(&subkey.key, word, now_s) {
            return Err(Distrust::Expired);
        }
        let agrees = |back: &Signature| {
            weak(back).is_none() && back.verify_primary_key_binding(&subkey.key, key).is_ok()
        };
        let agreed = word.embedded_signature().is_some_and(agrees);
        if may_sign(word) == Some(true) && agreed && is_strong(&subkey.key) {
            return Ok(());
        }
        Err(Distrust::CannotSign)
    }
}

/// A key that signs: the certificate's own, or one that it has for that.
#[derive(Debug)]
enum Signer<'a> {
    Primary(&'a pgp::packet::PublicKey),
    Subkey(&'a pgp::packet::PublicSubkey),
}

impl Signer<'_> {
    fn is_good(&self, signature: &Signature, document: &[u8]) -> bool {
        match self {
            Self::Primary(key) => signature.verify(key, document).is_ok(),
            Self::Subkey(key) => signature.verify(key, document).is_ok(),
        }
    }

    fn created_s(&self) -> u64 {
        match self {
            Self::Primary(key) => key.created_at().as_secs().into(),
            Self::Subkey(key) => key.created_at().as_secs().into(),
        }
    }
}

/// Judges one signature of a document.
fn good(signature: &Signature, document: &[u8], signers: &[Signer<'_>], now_s: u64) -> Result<(), Distrust> {
    if signature.typ() != Some(SignatureType::Binary) || has_unknown_demand(signature) {
        return Err(Distrust::Kind);
    }
    if let Some(hash) = weak(signature) {
        return Err(Distrust::WeakHash(hash));
    }
    let made_s: u64 = signature.created().ok_or(Distrust::Time)?.as_secs().into();
    let ends_s = signature.signature_expiration_time().map_or(0, |lasts| u64::from(lasts.as_secs()));
    if made_s > now_s + SKEW_S || ends_s != 0 && made_s + ends_s <= now_s {
        return Err(Distrust::Time);
    }
    let signer = signers.iter().find(|signer| signer.is_good(signature, document)).ok_or(Distrust::Bad)?;
    if made_s < signer.created_s() { Err(Distrust::Time) } else { Ok(()) }
}

/// Returns the newest of the words of a key on itself that counts.
fn newest<'a>(words: impl IntoIterator<Item = &'a Signature>, now_s: u64) -> Option<&'a Signature> {
    let counts = |word: &&Signature| {
        let made = word.created().map_or(u64::MAX, |made| made.as_secs().into());
        weak(word).is_none() && !has_unknown_demand(word) && made <= now_s + SKEW_S
    };
    words.into_iter().filter(counts).max_by_key(|word| word.created())
}

/// Returns the name of a signature's hash if it does not count.
fn weak(signature: &Signature) -> Option<String> {
    use HashAlgorithm as H;
    match signature.hash_alg() {
        Some(H::Sha256 | H::Sha384 | H::Sha512 | H::Sha3_256 | H::Sha3_512) => None,
        Some(weak) => Some(weak.to_string()),
        None => Some("an unknown hash".to_owned()),
    }
}

/// Returns whether a signature demands to be refused by who does not know what it says (section 5.2.3.7).
fn has_unknown_demand(signature: &Signature) -> bool {
    let Some(config) = signature.config() else { return true };
    config.hashed_subpackets.iter().any(|part| {
        part.is_critical
            && matches!(
                part.data,
                SubpacketData::Other(..) | SubpacketData::Experimental(..) | SubpacketData::Notation(_)
            )
    })
}

/// Returns whether the time is over for which a key vouches for itself or for its subkey.
fn is_over(key: &impl KeyDetails, word: &Signature, now_s: u64) -> bool {
    let made_s: u64 = key.created_at().as_secs().into();
    let lasts_s = word.key_expiration_time().map_or(0, |lasts| u64::from(lasts.as_secs()));
    let word_s = word.signature_expiration_time().map_or(0, |lasts| u64::from(lasts.as_secs()));
    let said_s: u64 = word.created().map_or(0, |made| made.as_secs().into());
    lasts_s != 0 && made_s + lasts_s <= now_s || word_s != 0 && said_s + word_s <= now_s
}

/// Returns whether a word says that its key signs data; `None` if it says nothing.
fn may_sign(word: &Signature) -> Option<bool> {
    word.config()?.hashed_subpackets.iter().find_map(|part| match &part.data {
        SubpacketData::KeyFlags(flags) => Some(flags.sign()),
        _ => None,
    })
}

/// Returns whether a subkey was ever meant to sign: of one for encryption there is nothing to tell.
fn may_ever_sign(subkey: &SignedPublicSubKey) -> bool {
    subkey.signatures.iter().take(PARTS_MAX).any(|word| may_sign(word) == Some(true))
}

fn is_strong(key: &impl VerifyingKey) -> bool {
    match key.public_params() {
        PublicParams::ECDSA(_)
        | PublicParams::EdDSALegacy(_)
        | PublicParams::Ed25519(_)
        | PublicParams::Ed448(_) => true,
        // Its modulus comes first, after its bits (section 5.6.1).
        PublicParams::RSA(params) => {
            let written = params.to_bytes().unwrap_or_default();
            written.first_chunk().is_some_and(|bits| u16::from_be_bytes(*bits) >= RSA_BITS_MIN)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
