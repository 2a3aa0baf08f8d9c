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
pub(crate) fn signed_bytes<T: Statement>(body: &T) -> Vec<u8> {
    let mut message = LABEL.to_vec();
    message.extend([T::KIND, VERSION]);
    body.write(&mut message);
    message
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        Capabilities, Grant, Heartbeat, HostCert, InviteCert, Policy,
        heartbeat::tests::heartbeat,
        signature::body::Body as _,
        testing::{
            creator, forge, grant, guest, helper, host_cert_body, invite, invite_cert, invite_cert_body,
            invited_grant, invitee, policy, shown_grant, stranger,
        },
    };

    /// Whoever reads bytes sees one statement or none, and it is the one whose bytes they are.
    fn reads_canonically<T: Statement + fmt::Debug>(bytes: &[u8]) {
        if let Ok(signed) = Signed::<T>::from_bytes(bytes) {
            assert_eq!(signed.to_bytes(), bytes);
        }
    }

    fn all_read_canonically(bytes: &[u8]) {
        reads_canonically::<Grant>(bytes);
        reads_canonically::<HostCert>(bytes);
        reads_canonically::<InviteCert>(bytes);
        reads_canonically::<Policy>(bytes);
        reads_canonically::<Heartbeat>(bytes);
    }

    fn full_policy() -> Policy {
        let mut policy = policy();
        policy.locked_at_ms = Some(5);
        policy.revoke(grant(&guest(), &helper()).id()).unwrap();
        policy.revoke(invite_cert().id()).unwrap();
        policy
    }

    /// One of each, signed once for all cases.
    static SAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        vec![
            grant(&guest(), &helper()).sign(&helper()).unwrap().to_bytes(),
            invited_grant(&invitee(), invite_cert()).sign(&invite()).unwrap().to_bytes(),
            shown_grant(&invitee(), invite_cert()).sign(&helper()).unwrap().to_bytes(),
            host_cert_body(&helper(), Capabilities::ADMIT, &creator()).sign(&creator()).unwrap().to_bytes(),
            invite_cert().to_bytes(),
            full_policy().sign(&creator()).unwrap().to_bytes(),
            heartbeat().sign(&creator()).unwrap().to_bytes(),
        ]
    });

    proptest! {
        /// ADM-02, ADM-18
        #[test]
        fn any_bytes_are_one_statement_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            all_read_canonically(&bytes);
        }

        /// ADM-02, ADM-18
        #[test]
        fn what_is_nearly_a_statement_is_one_or_none(
            sample in 0..7usize, at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = SAMPLES[sample].clone();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            all_read_canonically(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            all_read_canonically(&bytes);
        }
    }

    fn survives<T: Statement + fmt::Debug>(body: T, key: &SigningKey) {
        let signed = Signed::sign(body.clone(), key).unwrap();
        let bytes = signed.to_bytes();
        assert_eq!(Signed::from_bytes(&bytes), Ok(signed.clone()));
        assert_eq!(signed.verify(), Ok(&body));
        assert_eq!(signed.hash(), <[u8; 32]>::from(Sha256::digest(&bytes)));
        for length in 0..bytes.len() {
            assert!(Signed::<T>::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
        }
        assert_eq!(Signed::<T>::from_bytes(&[&bytes[..], &[0]].concat()), Err(Malformed::Trailing));
        for version in [0, 2] {
            let other = [&[version], &bytes[1..]].concat();
            assert_eq!(Signed::<T>::from_bytes(&other), Err(Malformed::Unknown("version")));
        }
    }

    #[test]
    fn every_statement_survives_its_bytes_and_no_others() {
        survives(grant(&guest(), &helper()), &helper());
        survives(invited_grant(&invitee(), invite_cert()), &invite());
        survives(shown_grant(&invitee(), invite_cert()), &helper());
        survives(host_cert_body(&helper(), Capabilities::ADMIT, &creator()), &creator());
        survives(invite_cert_body(), &creator());
        survives(policy(), &creator());
        survives(full_policy(), &creator());
        survives(heartbeat(), &creator());
    }

    /// Any byte that is changed makes the statement unreadable or its signature void.
    fn is_covered<T: Statement>(body: T, key: &SigningKey) {
        let bytes = Signed::sign(body, key).unwrap().to_bytes();
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            assert!(!Signed::<T>::from_bytes(&bytes).is_ok_and(|read| read.verify().is_ok()), "{at}");
        }
    }

    /// ADM-05, ADM-07, ADM-21, ADM-25, ADM-47
    #[test]
    fn a_signature_covers_every_byte() {
        is_covered(invited_grant(&invitee(), invite_cert()), &invite());
        is_covered(host_cert_body(&helper(), Capabilities::ADMIT, &creator()), &creator());
        is_covered(invite_cert_body(), &creator());
        is_covered(full_policy(), &creator());
        is_covered(heartbeat(), &creator());
    }

    #[test]
    fn the_bytes_of_a_grant_and_its_signature_are_those_of_the_text() {
        let grant = grant(&guest(), &helper());
        let mut body = vec![1];
        body.extend(grant.meeting.as_bytes());
        body.extend([0x00, 0x4f]);
        body.extend(grant.subject.as_bytes());
        body.extend([0x01, 0xf0]);
        body.extend(grant.issuer.as_bytes());
        body.extend(4u64.to_be_bytes());
        body.extend(grant.not_before_ms.to_be_bytes());
        body.extend(grant.not_after_ms.to_be_bytes());
        body.extend([8; 16]);
        body.extend([1, 0]);
        let signature = helper().sign(&[b"sabha admission v1\0\x01".as_slice(), &body].concat()).to_bytes();
        body.extend(signature);
        assert_eq!(grant.sign(&helper()).unwrap().to_bytes(), body);
    }

    #[test]
    fn each_kind_of_statement_is_signed_as_itself() {
        let kinds = [Grant::KIND, HostCert::KIND, Policy::KIND, Heartbeat::KIND, InviteCert::KIND];
        assert_eq!(kinds, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn nobody_signs_in_anothers_name_or_what_nobody_can_read() {
        assert_eq!(grant(&guest(), &helper()).sign(&creator()), Err(Unsignable::Key));
        let mut policy = policy();
        let id = |seq| crate::GrantId { issuer: device_key(&helper()), seq };
        policy.revoked = vec![id(2), id(1)];
        assert_eq!(policy.clone().sign(&creator()), Err(Unsignable::Form(Malformed::Order("revoked"))));
        policy.revoked = vec![id(1), id(1)];
        assert_eq!(policy.clone().sign(&creator()), Err(Unsignable::Form(Malformed::Order("revoked"))));
        policy.revoked = (0..0x1_0001).map(id).collect();
        assert!(policy.sign(&creator()).is_err());
    }

    #[test]
    fn a_key_that_signs_for_everybody_signs_nothing() {
        // The neutral element of the curve.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let weak = DeviceKey::from_bytes(neutral);
        let mut signature = [0; 64];
        signature[0] = 1;
        assert_eq!(verify(&weak, b"anything", &signature), Err(BadSignature));
        assert!(!is_sound(&weak));
        // No point of the curve has this coordinate.
        assert!(!is_sound(&DeviceKey::from_bytes([2; 32])));
        assert!(is_sound(&device_key(&guest())));
    }

    #[test]
    fn another_key_or_message_does_not_verify() {
        let signature = creator().sign(b"message").to_bytes();
        let key = device_key(&creator());
        assert_eq!(verify(&key, b"message", &signature), Ok(()));
        assert_eq!(verify(&key, b"massage", &signature), Err(BadSignature));
        assert_eq!(verify(&device_key(&stranger()), b"message", &signature), Err(BadSignature));
        assert!(forge(grant(&guest(), &helper()), &stranger()).verify().is_err());
    }

    #[test]
    fn debug_form_leaves_the_signature_out() {
        let signed = invite_cert();
        assert_eq!(format!("{signed:?}"), format!("Signed({:?})", signed.body));
    }
}
