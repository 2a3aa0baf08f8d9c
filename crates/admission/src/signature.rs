//! Statements and their signatures: Ed25519 (RFC 8032) over a label, the kind of statement, and its bytes.
//!
//! Parsing and verifying are two steps: [`Signed::from_bytes`] says what is claimed, [`Signed::verify`] that the
//! key named in it claimed it. Whether that key had any right to is decided by [`check_tree`](crate::check_tree).

use std::{fmt, ops::Deref};

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sabha_protocol::DeviceKey;
use sha2::{Digest as _, Sha256};

use crate::codec::{Malformed, Reader};

/// Length of a signature, in bytes.
pub const SIGNATURE_BYTES: usize = 64;

/// Stands before everything that is signed here, so that no signature made for this purpose serves another one.
const LABEL: &[u8] = b"sabha admission v1\0";

/// First byte of every body.
const VERSION: u8 = 1;

/// The signature is not one of the given key over the given bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not hold")]
pub struct BadSignature;

/// Why a statement was not signed. The caller's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsignable {
    /// The statement names another key as its signer.
    #[error("the statement names another key as its signer")]
    Key,
    /// No reader would accept the statement.
    #[error("the statement breaks the rules of its form")]
    Form(#[source] Malformed),
}

/// What can be signed: [`Grant`](crate::Grant), [`HostCert`](crate::HostCert), [`InviteCert`](crate::InviteCert),
/// [`Policy`](crate::Policy) and [`Heartbeat`](crate::Heartbeat), and nothing else.
pub trait Statement: body::Body {
    /// Returns the key under which the signature must hold.
    fn signer(&self) -> DeviceKey;
}

pub(crate) mod body {
    //! Seals [`Statement`](super::Statement): what is signed is known here or not at all.

    use crate::codec::{Malformed, Reader};

    /// The form of a statement.
    pub trait Body: Clone + PartialEq + Sized {
        /// Tells the kinds of statement apart under the signature.
        #[doc(hidden)]
        const KIND: u8;

        #[doc(hidden)]
        fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed>;

        #[doc(hidden)]
        fn write(&self, out: &mut Vec<u8>);
    }
}

/// A statement with a signature that may or may not hold.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed<T> {
    /// What is claimed.
    pub body: T,
    /// By whom it is claimed, if it holds under [`Statement::signer`].
    pub signature: [u8; SIGNATURE_BYTES],
}

impl<T: Statement> Signed<T> {
    /// Signs a statement.
    ///
    /// # Errors
    /// [`Unsignable`]: `key` is not the one that the statement names, or nobody could read the statement.
    pub fn sign(body: T, key: &SigningKey) -> Result<Self, Unsignable> {
        if body.signer().as_bytes() != key.verifying_key().as_bytes() {
            return Err(Unsignable::Key);
        }
        let signature = key.sign(&signed_bytes(&body)).to_bytes();
        let signed = Self { body, signature };
        match Self::from_bytes(&signed.to_bytes()) {
            Ok(read) if read == signed => Ok(signed),
            Ok(_) => Err(Unsignable::Form(Malformed::Trailing)),
            Err(malformed) => Err(Unsignable::Form(malformed)),
        }
    }

    /// Reads a statement with its signature, without judging either.
    ///
    /// # Errors
    /// [`Malformed`]: the bytes are not exactly one statement of this kind in its one form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let signed = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(signed)
    }

    /// Returns the bytes that [`Self::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// Returns SHA-256 of [`Self::to_bytes`].
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.to_bytes()).into()
    }

    /// Returns the statement if the key it names has signed it. Says nothing about that key's rights.
    ///
    /// # Errors
    /// [`BadSignature`]: it has not.
    pub fn verify(&self) -> Result<&T, BadSignature> {
        verify(&self.body.signer(), &signed_bytes(&self.body), &self.signature)?;
        Ok(&self.body)
    }

    /// Reads a statement that others follow.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        if reader.u8()? != VERSION {
            return Err(Malformed::Unknown("version"));
        }
        Ok(Self { body: T::read(reader)?, signature: reader.array()? })
    }

    /// Writes it at the end of `out`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        self.body.write(out);
        out.extend(self.signature);
    }
}

impl<T> Deref for Signed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.body
    }
}

impl<T: fmt::Debug> fmt::Debug for Signed<T> {
    /// Prints the statement without the signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signed").field(&self.body).finish()
    }
}

/// Returns the public half of a signing key.
pub fn device_key(key: &SigningKey) -> DeviceKey {
    DeviceKey::from_bytes(key.verifying_key().to_bytes())
}

/// Checks a signature, strictly: whoever checks it comes to the same result, and no key of small order has any.
///
/// # Errors
/// [`BadSignature`]: `key` has not signed `message`, or is no public key.
pub(crate) fn verify(
    key: &DeviceKey,
    message: &[u8],
    signature: &[u8; SIGNATURE_BYTES],
) -> Result<(), BadSignature> {
    let key = VerifyingKey::from_bytes(key.as_bytes()).map_err(|_| BadSignature)?;
    key.verify_strict(message, &Signature::from_bytes(signature)).map_err(|_| BadSignature)
}

/// Returns whether nobody can sign for this key without the secret that belongs to it: it is a point of the curve,
/// and not of small order.
pub(crate) fn is_sound(key: &DeviceKey) -> bool {
    VerifyingKey::from_bytes(key.as_bytes()).is_ok_and(|key| !key.is_weak())
}

/// Returns what a signature covers: label, kind, version, body.
fn signed_bytes<T: Statement>(body: &T) -> Vec<u8> {
    let mut message = LABEL.to_vec();
    message.extend([T::KIND, VERSION]);
    body.write(&mut message);
    message
}
