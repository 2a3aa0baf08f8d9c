//! The certificate of a meeting: which controls held from when to when, signed by the host's device that keeps the log, and
//! countersigned by devices of those who were there and chose to.
//!
//! Any other host's device can certify what it saw itself, with an empty log: for a meeting whose log's keeper is gone, or
//! besides.
//!
//! It says nothing that the group's policy did not say, which a host signed and every device verified when it came: each
//! device keeps a [`Record`] of that. The certificate is the host's record, with the head of the meeting's log and the
//! transcript of the group. Who countersigns does not take the host's word for it: its own device has compared the
//! certificate with its own record ([`compare()`]) and speaks only of the time in which it was there itself.
//!
//! # Signed bytes
//!
//! Ed25519 (RFC 8032, verified strictly) over `"sabha certificate v1" || 0x00 || kind || body`, numbers big-endian.
//!
//! ```text
//!  kind 1, certificate       log entries u64 | log head 32 | transcript hash 32 | signer 32
//!                            | length u16, signed policy | stretches
//!  kind 2, countersignature  SHA-256 of certificate and signature 32 | length u16, grant
//!                            | count u16, spans: from epoch u64, from ms u64, until epoch u64, until ms u64
//!
//!  stretches                 count u16, each: until epoch u64, until ms u64, count u16,
//!                            periods: epoch u64, from ms u64, terms (`terms.rs`); then u8, 1 if the record was full there
//! ```
//!
//! Meeting, suite and root key stand in the policy.
//!
//! # Rules
//!
//! | id | rule |
//! |---|---|
//! | CERT-01 | A certificate is read strictly: bounded, in its one form, to the last byte. |
//! | CERT-02 | A certificate's policy is one of the meeting that its root key and suite hash to, and makes the signer a host. |
//! | CERT-03 | A certificate's signature holds under the host's key, and serves nothing else. |
//! | CERT-04 | What a certificate says of its last period is what the signed policy in it says. |
//! | CERT-05 | Periods follow each other: epochs, times and versions rise, no floor is lowered, no control is below it. |
//! | CERT-06 | A countersignature's signature holds, for this very certificate. |
//! | CERT-07 | Who countersigns was let into this meeting by a host's grant over its key. |
//! | CERT-08 | A device countersigns once, and none its own certificate. |
//! | CERT-09 | A countersignature speaks of epochs up to the certificate's last, in their order. |
//! | CERT-10 | The head in a certificate is that of the meeting's log, as long as it was then. |
//! | CERT-11 | A certificate has every policy and every epoch that the log has up to its head, and no other. |
//! | CERT-12 | A device countersigns only what its own record says too, of the time in which it was there. |
//! | CERT-13 | A certificate of a host that keeps no log says the same as the log of the epochs that both have. |

mod binding;
mod compare;
mod countersignature;
mod file;
mod record;
mod terms;
#[cfg(test)]
pub(crate) mod testing;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sabha_admission::{Capabilities, SignedPolicy, Violation, device_key};
use sabha_protocol::{DeviceKey, MeetingId};
use sha2::{Digest as _, Sha256};

pub(crate) use self::record::RECORD_BYTES_MAX;
pub use self::{
    binding::BindingError,
    compare::{Comparison, TIME_TOLERANCE_MS, Witness, compare},
    countersignature::{Countersignature, CountersignatureError},
    file::{Verified, to_file, verify},
    record::{Period, Record, Span, Stretch},
    terms::{Exceptions, Terms},
};
use crate::{
    codec::{Malformed, Reader, Writer},
    log::Hash,
};

/// Stands before everything that is signed here, so that no signature made for this purpose serves another one.
const LABEL: &[u8] = b"sabha certificate v1\0";
/// Longest part of a certificate in one word of the group, in bytes: what MLS adds still fits.
pub const PART_BYTES_MAX: usize = 60 * 1024;

/// What is certified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Entries in the meeting's log; 0 if the signer does not keep it.
    pub log_entries: u64,
    /// Head over them; over none, that of an empty tree.
    pub log_head: Hash,
    /// `confirmed_transcript_hash` of the last epoch (RFC 9420 section 8.2).
    pub transcript_hash: Hash,
    /// The host's device.
    pub signer: DeviceKey,
    /// The policy in force at the end.
    pub policy: SignedPolicy,
    /// What the host's device saw.
    pub record: Record,
}

/// A certificate with a signature that may or may not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCertificate {
    /// What is certified.
    pub body: Certificate,
    /// By whom, if it holds under the signer's key.
    pub signature: [u8; 64],
}

/// Why a certificate proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A countersignature does not hold; counted from zero.
    #[error("countersignature {0} does not hold")]
    Countersignature(usize, #[source] CountersignatureError),
    /// It is not in its form.
    #[error("CERT-01: the certificate is malformed: {0}")]
    Form(&'static str),
    /// The periods cannot follow each other.
    #[error("CERT-05: the periods cannot follow each other")]
    Periods,
    /// The policy is none of the meeting's.
    #[error("CERT-02: the policy does not hold")]
    Policy(#[source] Violation),
    /// The last period is not what the policy says.
    #[error("CERT-04: the last period is not what the signed policy says")]
    PolicyDiffers,
    /// It was changed after it was signed.
    #[error("CERT-03: the host's signature does not hold: the certificate was changed after it was signed")]
    Signature,
    /// Who signed is no host by the policy.
    #[error("CERT-02: the signer is no host")]
    Signer,
}

impl Certificate {
    /// Signs the certificate with the host's key, which is the signer's.
    pub fn sign(mut self, host: &SigningKey) -> SignedCertificate {
        self.signer = device_key(host);
        let signature = host.sign(&self.signed_bytes()).to_bytes();
        SignedCertificate { body: self, signature }
    }

    /// Returns the meeting.
    pub fn meeting(&self) -> MeetingId {
        self.policy.meeting
    }

    /// Returns whether the signer keeps the meeting's log: it begins with an entry of its own, so it is never empty.
    pub const fn keeps_log(&self) -> bool {
        self.log_entries > 0
    }

    /// Returns the last epoch, and when it was seen last.
    pub fn until(&self) -> (u64, u64) {
        self.record.stretches().last().map_or((0, 0), |last| (last.until_epoch, last.until_ms))
    }

    fn write(&self, writer: Writer) -> Writer {
        let writer = writer.u64(self.log_entries).array(&self.log_head).array(&self.transcript_hash);
        self.record.write(writer.array(self.signer.as_bytes()).vector(&self.policy.to_bytes()))
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let certificate = Self {
            log_entries: reader.u64()?,
            log_head: reader.array()?,
            transcript_hash: reader.array()?,
            signer: DeviceKey::from_bytes(reader.array()?),
            policy: SignedPolicy::from_bytes(reader.vector()?).map_err(|_| Malformed)?,
            record: Record::read(reader)?,
        };
        if certificate.record.stretches().is_empty() { Err(Malformed) } else { Ok(certificate) }
    }

    fn signed_bytes(&self) -> Vec<u8> {
        self.write(Writer::default().array(LABEL).u8(1)).done()
    }

    /// Judges everything but the signature.
    fn check(&self) -> Result<(), CertificateError> {
        let periods = || self.record.stretches().iter().flat_map(|stretch| &stretch.periods);
        let (Some(first), Some(last)) = (periods().next(), periods().last()) else {
            return Err(CertificateError::Periods);
        };
        // CERT-02. By the time of the beginning: certificates that ran out later were listed before they did.
        self.policy
            .check(self.policy.meeting, self.policy.suite.code(), None, first.time_ms)
            .map_err(CertificateError::Policy)?;
        if self.policy.authority(&self.signer) == Capabilities::NONE {
            return Err(CertificateError::Signer);
        }
        // CERT-04
        if last.terms != Terms::of(&self.policy) {
            return Err(CertificateError::PolicyDiffers);
        }
        Ok(())
    }
}

impl SignedCertificate {
    /// Reads what [`Self::to_bytes`] wrote, without judging it.
    ///
    /// # Errors
    /// [`CertificateError::Form`].
    // CERT-01
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CertificateError> {
        let read = || {
            let mut reader = Reader::new(bytes);
            let signed = Self { body: Certificate::read(&mut reader)?, signature: reader.array()? };
            reader.end().map(|()| signed)
        };
        read().map_err(|Malformed| CertificateError::Form("bytes"))
    }

    /// Returns its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.body.write(Writer::default()).array(&self.signature).done()
    }

    /// Returns SHA-256 of [`Self::to_bytes`]: what is countersigned.
    pub fn hash(&self) -> Hash {
        Sha256::digest(self.to_bytes()).into()
    }

    /// Decides whether a host of the meeting has signed it, and whether it agrees with itself.
    ///
    /// # Errors
    /// [`CertificateError`]: the first thing found wrong.
    pub fn verify(&self) -> Result<&Certificate, CertificateError> {
        self.body.check()?;
        // CERT-03
        verify_signature(&self.body.signer, &self.body.signed_bytes(), &self.signature)
            .ok_or(CertificateError::Signature)?;
        Ok(&self.body)
    }
}

/// Strictly: whoever checks it comes to the same result, and no key of small order has any signature.
fn verify_signature(key: &DeviceKey, message: &[u8], signature: &[u8; 64]) -> Option<()> {
    let key = VerifyingKey::from_bytes(key.as_bytes()).ok()?;
    key.verify_strict(message, &Signature::from_bytes(signature)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sabha_admission::controls::{Controls, Tier};

    use super::*;
    use crate::certificate::testing::{certificate, host, key, policy, signed, terms};

    #[test]
    fn a_certificate_that_was_made_holds() {
        let signed = signed();
        assert_eq!(SignedCertificate::from_bytes(&signed.to_bytes()), Ok(signed.clone()));
        assert_eq!(signed.verify().map(Certificate::until), Ok((9, 90_000)));
    }

    /// CERT-03
    #[test]
    fn a_forged_signature_does_not_hold() {
        let mut forged = certificate().sign(&key(66));
        forged.body.signer = device_key(&host());
        assert_eq!(forged.verify(), Err(CertificateError::Signature));
        let mut foreign = signed();
        foreign.signature = host().sign(&foreign.body.write(Writer::default()).done()).to_bytes();
        assert_eq!(foreign.verify(), Err(CertificateError::Signature), "signed for another purpose");
    }

    /// CERT-02
    #[test]
    fn who_is_no_host_certifies_nothing() {
        assert_eq!(certificate().sign(&key(66)).verify(), Err(CertificateError::Signer));
    }

    /// CERT-02
    #[test]
    fn a_policy_of_another_meeting_makes_nobody_a_host() {
        let mut other = certificate();
        other.policy.body.root = device_key(&key(66));
        let error = other.sign(&host()).verify().unwrap_err();
        assert_eq!(error, CertificateError::Policy(Violation::Root));
        let mut unsigned = certificate();
        unsigned.policy.signature[0] ^= 1;
        let error = unsigned.sign(&host()).verify().unwrap_err();
        assert_eq!(error, CertificateError::Policy(Violation::PolicySignature));
    }

    /// CERT-04
    #[test]
    fn the_last_period_is_what_the_policy_says() {
        let mut other = certificate();
        other.policy = policy(8);
        assert_eq!(other.sign(&host()).verify(), Err(CertificateError::PolicyDiffers));
        let mut altered = certificate().record.stretches().to_vec();
        let last = altered.last_mut().and_then(|stretch| stretch.periods.last_mut()).unwrap();
        last.terms.controls = Controls::of(Tier::High);
        let altered = Certificate { record: Record::new(altered).unwrap(), ..certificate() };
        assert_eq!(altered.sign(&host()).verify(), Err(CertificateError::PolicyDiffers));
    }

    /// CERT-03
    #[test]
    fn one_altered_control_is_noticed() {
        let mut signed = signed();
        let mut stretches = signed.body.record.stretches().to_vec();
        stretches[0].periods[0].terms.controls = Controls::of(Tier::High);
        signed.body.record = Record::new(stretches).unwrap();
        assert_eq!(signed.verify(), Err(CertificateError::Signature));
    }

    /// CERT-01
    #[test]
    fn a_truncated_certificate_is_refused() {
        let bytes = signed().to_bytes();
        for cut in 0..bytes.len() {
            assert!(SignedCertificate::from_bytes(&bytes[..cut]).is_err(), "{cut}");
        }
        assert!(SignedCertificate::from_bytes(&[bytes, vec![0]].concat()).is_err());
    }

    /// CERT-05
    #[test]
    fn reordered_periods_are_refused() {
        let reordered = |at: usize| {
            let mut stretches = certificate().record.stretches().to_vec();
            let periods = &mut stretches[0].periods;
            let (a, b) = (periods[at].terms.clone(), periods[at + 1].terms.clone());
            (periods[at].terms, periods[at + 1].terms) = (b, a);
            Record::new(stretches)
        };
        assert_eq!(reordered(0), Err(Malformed));
    }

    #[test]
    fn an_ordinary_certificate_is_one_word() {
        let mut record = Record::default();
        for number in 1..=250 {
            record.see(number, terms(number), number);
        }
        let large = Certificate { record, ..certificate() }.sign(&host());
        assert!(large.to_bytes().len() < PART_BYTES_MAX, "{}", large.to_bytes().len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_altered_byte_is_noticed(at: prop::sample::Index, bit in 0..8u8) {
            let mut bytes = signed().to_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let holds = SignedCertificate::from_bytes(&bytes).is_ok_and(|read| read.verify().is_ok());
            prop_assert!(!holds, "{at}");
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            prop_assert!(SignedCertificate::from_bytes(&bytes).is_err());
        }
    }
}
