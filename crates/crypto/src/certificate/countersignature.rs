//! Countersignatures: a device that was there says that it saw itself what a certificate says, of a time that it names.

use ed25519_dalek::{Signer as _, SigningKey};
use sabha_admission::{SignedGrant, Violation};
use sabha_protocol::{DeviceKey, wire::certificate::STRETCHES_MAX};

use super::{LABEL, SignedCertificate, Span, verify_signature};
use crate::{
    codec::{Malformed, Reader, Writer},
    log::Hash,
};

/// One device's word on one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Countersignature {
    /// [`SignedCertificate::hash`] of the certificate.
    pub certificate: Hash,
    /// What let the device in. Names its key.
    pub grant: SignedGrant,
    /// When it was there.
    pub spans: Vec<Span>,
    /// Of the device.
    pub signature: [u8; 64],
}

/// Why a countersignature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CountersignatureError {
    /// The certificate's own signer, or twice the same device.
    #[error("CERT-08: a device countersigns once, and not its own certificate")]
    Again,
    /// The bytes are none.
    #[error("CERT-01: the countersignature is malformed")]
    Form,
    /// Nobody let this device in.
    #[error("CERT-07: the device was not let in by a host's grant")]
    Grant(#[source] Violation),
    /// Of another certificate, or changed.
    #[error("CERT-06: the device has not signed this certificate")]
    Signature,
    /// The time that it speaks of is none of the certificate's.
    #[error("CERT-09: the time that it speaks of is none of the certificate's")]
    Spans,
}

impl Countersignature {
    /// Countersigns. The caller has compared the certificate with what the device saw.
    pub fn sign(certificate: Hash, grant: SignedGrant, spans: Vec<Span>, device: &SigningKey) -> Self {
        let mut countersignature = Self { certificate, grant, spans, signature: [0; 64] };
        countersignature.signature = device.sign(&countersignature.signed_bytes()).to_bytes();
        countersignature
    }

    /// Returns the device.
    pub fn signer(&self) -> DeviceKey {
        self.grant.subject
    }

    /// Decides whether a device that was let into the meeting has countersigned this certificate, which holds.
    ///
    /// # Errors
    /// [`CountersignatureError`]: the first thing found wrong.
    pub fn verify(&self, certificate: &SignedCertificate) -> Result<(), CountersignatureError> {
        // CERT-06
        if self.certificate != certificate.hash() {
            return Err(CountersignatureError::Signature);
        }
        verify_signature(&self.signer(), &self.signed_bytes(), &self.signature)
            .ok_or(CountersignatureError::Signature)?;
        // CERT-07
        let policy = &certificate.body.policy;
        policy.check_grant(&self.grant.to_bytes()).map_err(CountersignatureError::Grant)?;
        // CERT-08
        if self.signer() == certificate.body.signer {
            return Err(CountersignatureError::Again);
        }
        // CERT-09
        let within = self.spans.last().is_some_and(|last| last.until_epoch <= certificate.body.until().0);
        if within && is_ordered(&self.spans) { Ok(()) } else { Err(CountersignatureError::Spans) }
    }

    /// Returns its bytes, as they go through the group.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.write(Writer::default()).array(&self.signature).done()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`CountersignatureError::Form`].
    // CERT-01
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CountersignatureError> {
        Self::read(bytes).map_err(|Malformed| CountersignatureError::Form)
    }

    fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let certificate = reader.array()?;
        let grant = SignedGrant::from_bytes(reader.vector()?).map_err(|_| Malformed)?;
        let count = usize::from(reader.u16()?);
        if count > STRETCHES_MAX {
            return Err(Malformed);
        }
        let mut spans = Vec::new();
        for _ in 0..count {
            spans.push(Span {
                from_epoch: reader.u64()?,
                from_ms: reader.u64()?,
                until_epoch: reader.u64()?,
                until_ms: reader.u64()?,
            });
        }
        let signature = reader.array()?;
        reader.end()?;
        Ok(Self { certificate, grant, spans, signature })
    }

    fn write(&self, writer: Writer) -> Writer {
        let writer = writer.array(&self.certificate).vector(&self.grant.to_bytes());
        let writer = writer.u16(u16::try_from(self.spans.len()).unwrap_or(u16::MAX));
        self.spans.iter().fold(writer, |writer, span| {
            writer.u64(span.from_epoch).u64(span.from_ms).u64(span.until_epoch).u64(span.until_ms)
        })
    }

    fn signed_bytes(&self) -> Vec<u8> {
        self.write(Writer::default().array(LABEL).u8(2)).done()
    }
}

/// Returns whether each span comes after the one before, and none ends before it begins.
fn is_ordered(spans: &[Span]) -> bool {
    let forward = |span: &Span| span.from_epoch <= span.until_epoch && span.from_ms <= span.until_ms;
    spans.iter().all(forward)
        && spans.is_sorted_by(|a, b| a.until_epoch < b.from_epoch && a.until_ms <= b.from_ms)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sabha_admission::device_key;

    use super::*;
    use crate::certificate::testing::{certificate, countersigned, grant, host, key, signed, span};

    /// CERT-06
    #[test]
    fn a_countersignature_is_for_one_certificate() {
        assert_eq!(countersigned().verify(&signed()), Ok(()));
        let mut other = certificate();
        other.log_entries += 1;
        let other = other.sign(&host());
        assert_eq!(countersigned().verify(&other), Err(CountersignatureError::Signature));
        let moved = Countersignature { certificate: other.hash(), ..countersigned() };
        assert_eq!(moved.verify(&other), Err(CountersignatureError::Signature));
    }

    /// CERT-06
    #[test]
    fn nobody_countersigns_for_another() {
        let forged = Countersignature::sign(signed().hash(), grant(&key(9)), vec![span(2, 9)], &key(66));
        assert_eq!(forged.verify(&signed()), Err(CountersignatureError::Signature));
    }

    /// CERT-07
    #[test]
    fn who_was_not_let_in_countersigns_nothing() {
        let stranger = key(66);
        let mut own = grant(&stranger).body;
        own.issuer = device_key(&stranger);
        let own = own.sign(&stranger).unwrap();
        let forged = Countersignature::sign(signed().hash(), own, vec![span(2, 9)], &stranger);
        assert_eq!(forged.verify(&signed()), Err(CountersignatureError::Grant(Violation::GrantIssuer)));
    }

    /// CERT-08
    #[test]
    fn a_host_does_not_countersign_its_own_certificate() {
        let own = Countersignature::sign(signed().hash(), grant(&host()), vec![span(2, 9)], &host());
        assert_eq!(own.verify(&signed()), Err(CountersignatureError::Again));
    }

    /// CERT-09
    #[test]
    fn nobody_speaks_of_what_the_certificate_does_not() {
        let with = |spans: Vec<Span>| {
            Countersignature::sign(signed().hash(), grant(&key(9)), spans, &key(9)).verify(&signed())
        };
        assert_eq!(with(vec![span(0, 1), span(2, 9)]), Ok(()));
        for spans in [vec![], vec![span(2, 10)], vec![span(4, 3)], vec![span(4, 6), span(6, 9)]] {
            assert_eq!(with(spans), Err(CountersignatureError::Spans));
        }
    }

    proptest! {
        /// CERT-01
        #[test]
        fn any_altered_byte_of_a_countersignature_is_noticed(at: prop::sample::Index, bit in 0..8u8) {
            let mut bytes = countersigned().to_bytes();
            prop_assert_eq!(Countersignature::from_bytes(&bytes), Ok(countersigned()));
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let read = Countersignature::from_bytes(&bytes);
            prop_assert!(!read.is_ok_and(|read| read.verify(&signed()).is_ok()), "{at}");
        }
    }
}
