//! The certificate as a file: from what devices have to what people keep and anybody checks, and back.

use std::collections::BTreeSet;

use sabha_admission::{Capabilities, Method, SignedGrant, SignedPolicy, controls::Controls};
use sabha_protocol::{
    DeviceKey,
    key::{Digest, Signature},
    opaque::{GrantBytes, PolicyBytes},
    wire::certificate::{
        CertificateBody, CertificateFile, CertificateFormat, CertificateVersion, CertifiedPeriod,
        CertifiedRight, CertifiedRights, CertifiedSpan, CertifiedStretch, CountersignatureEntry, LogHead,
    },
};

use super::{
    Certificate, CertificateError, Countersignature, CountersignatureError, Exceptions, Period, Record,
    SignedCertificate, Span, Stretch, Terms,
};

/// Rights by their names, in their order.
const RIGHTS: [(Capabilities, CertifiedRight); 5] = [
    (Capabilities::MICROPHONE, CertifiedRight::Microphone),
    (Capabilities::CAMERA, CertifiedRight::Camera),
    (Capabilities::SCREEN, CertifiedRight::Screen),
    (Capabilities::SCREEN_AUDIO, CertifiedRight::ScreenAudio),
    (Capabilities::CHAT, CertifiedRight::Chat),
];

/// A certificate that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What is certified.
    pub certificate: Certificate,
    /// Who countersigned.
    pub countersigners: Vec<Countersigner>,
}

/// A device that was there and saw the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Countersigner {
    /// Its key.
    pub device: DeviceKey,
    /// How it was let in.
    pub method: Method,
    /// When it was there.
    pub spans: Vec<Span>,
}

/// Returns a certificate with its countersignatures as a file. `None` if something of it is longer than files have it.
pub fn to_file(
    signed: &SignedCertificate,
    countersignatures: &[Countersignature],
) -> Option<CertificateFile> {
    let Certificate { log_entries, log_head, transcript_hash, signer, policy, record } = &signed.body;
    let countersignatures = countersignatures.iter().map(|one| {
        Some(CountersignatureEntry {
            grant: GrantBytes::try_from(one.grant.to_bytes()).ok()?,
            spans: one.spans.iter().map(certified_span).collect(),
            signature: Signature::from_bytes(one.signature),
        })
    });
    Some(CertificateFile {
        format: CertificateFormat::MeetingCertificate,
        version: CertificateVersion::default(),
        certificate: CertificateBody {
            meeting: policy.meeting,
            suite: policy.suite.code(),
            root: policy.root,
            signer: *signer,
            policy: PolicyBytes::try_from(policy.to_bytes()).ok()?,
            log: LogHead { entries: *log_entries, head: Digest::from_bytes(*log_head) },
            transcript_hash: Digest::from_bytes(*transcript_hash),
            stretches: record.stretches().iter().map(certified_stretch).collect(),
            record_full: record.is_full(),
        },
        signature: Signature::from_bytes(signed.signature),
        countersignatures: countersignatures.collect::<Option<_>>()?,
    })
}

/// Checks a certificate with all its countersignatures, with nothing but the file in hand.
///
/// # Errors
/// [`CertificateError`]: the first thing found wrong. Nothing in the file can be relied on then.
pub fn verify(file: &CertificateFile) -> Result<Verified, CertificateError> {
    let signed = read(file)?;
    signed.verify()?;
    let certificate = signed.hash();
    let mut devices = BTreeSet::new();
    let mut countersigners = Vec::new();
    for (index, entry) in file.countersignatures.iter().enumerate() {
        let wrong = |error| CertificateError::Countersignature(index, error);
        let grant = SignedGrant::from_bytes(entry.grant.as_bytes())
            .map_err(|_| wrong(CountersignatureError::Form))?;
        let one = Countersignature {
            certificate,
            grant,
            spans: entry.spans.iter().map(span).collect(),
            signature: *entry.signature.as_bytes(),
        };
        one.verify(&signed).map_err(wrong)?;
        // CERT-08
        if !devices.insert(one.signer()) {
            return Err(wrong(CountersignatureError::Again));
        }
        let (device, method) = (one.signer(), one.grant.method);
        countersigners.push(Countersigner { device, method, spans: one.spans });
    }
    Ok(Verified { certificate: signed.body, countersigners })
}

// CERT-01
fn read(file: &CertificateFile) -> Result<SignedCertificate, CertificateError> {
    let body = &file.certificate;
    let policy = SignedPolicy::from_bytes(body.policy.as_bytes())
        .map_err(|_| CertificateError::Form("the policy cannot be read"))?;
    if (policy.meeting, policy.suite.code(), policy.root) != (body.meeting, body.suite, body.root) {
        return Err(CertificateError::Form("the policy is of another meeting than the certificate"));
    }
    let stretches = body.stretches.iter().map(stretch).collect::<Result<Vec<_>, _>>()?;
    if stretches.is_empty() {
        return Err(CertificateError::Periods);
    }
    let record = Record::ended(stretches, body.record_full).map_err(|_| CertificateError::Periods)?;
    Ok(SignedCertificate {
        body: Certificate {
            log_entries: body.log.entries,
            log_head: *body.log.head.as_bytes(),
            transcript_hash: *body.transcript_hash.as_bytes(),
            signer: body.signer,
            policy,
            record,
        },
        signature: *file.signature.as_bytes(),
    })
}

fn certified_stretch(stretch: &Stretch) -> CertifiedStretch {
    CertifiedStretch {
        periods: stretch.periods.iter().map(certified_period).collect(),
        until_epoch: stretch.until_epoch,
        until_ms: stretch.until_ms,
    }
}

fn stretch(stretch: &CertifiedStretch) -> Result<Stretch, CertificateError> {
    Ok(Stretch {
        periods: stretch.periods.iter().map(period).collect::<Result<_, _>>()?,
        until_epoch: stretch.until_epoch,
        until_ms: stretch.until_ms,
    })
}

fn certified_period(period: &Period) -> CertifiedPeriod {
    let Period { epoch, time_ms, terms } = period;
    CertifiedPeriod {
        epoch: *epoch,
        from_ms: *time_ms,
        policy_version: terms.version,
        policy_hash: Digest::from_bytes(terms.policy),
        floor: terms.floor.to_settings(),
        controls: terms.controls.to_settings(),
        suspended: terms.suspended,
        locked_at_ms: terms.locked_at_ms,
        hosts: terms.hosts,
        given: certified_rights(terms.more),
        taken: certified_rights(terms.less),
    }
}

fn period(period: &CertifiedPeriod) -> Result<Period, CertificateError> {
    let controls = |settings| {
        Controls::from_settings(settings)
            .map_err(|_| CertificateError::Form("there is no such control or setting"))
    };
    Ok(Period {
        epoch: period.epoch,
        time_ms: period.from_ms,
        terms: Terms {
            version: period.policy_version,
            policy: *period.policy_hash.as_bytes(),
            floor: controls(&period.floor)?,
            controls: controls(&period.controls)?,
            suspended: period.suspended,
            locked_at_ms: period.locked_at_ms,
            hosts: period.hosts,
            more: exceptions(&period.given),
            less: exceptions(&period.taken),
        },
    })
}

fn certified_rights(exceptions: Exceptions) -> CertifiedRights {
    let rights = RIGHTS.iter().filter(|(right, _)| exceptions.rights.contains(*right));
    CertifiedRights { members: exceptions.members, rights: rights.map(|(_, name)| *name).collect() }
}

fn exceptions(certified: &CertifiedRights) -> Exceptions {
    let rights = RIGHTS.iter().filter(|(_, name)| certified.rights.contains(name));
    let rights = rights.fold(Capabilities::NONE, |all, (right, _)| all.union(*right));
    Exceptions { members: certified.members, rights }
}

const fn certified_span(span: &Span) -> CertifiedSpan {
    let Span { from_epoch, from_ms, until_epoch, until_ms } = *span;
    CertifiedSpan { from_epoch, from_ms, until_epoch, until_ms }
}

const fn span(span: &CertifiedSpan) -> Span {
    let CertifiedSpan { from_epoch, from_ms, until_epoch, until_ms } = *span;
    Span { from_epoch, from_ms, until_epoch, until_ms }
}

#[cfg(test)]
mod tests {
    use sabha_admission::device_key;
    use sabha_protocol::limits::{CERTIFICATE_BYTES_MAX, COUNTERSIGNATURES_MAX};

    use super::*;
    use crate::certificate::testing::{certificate, countersigned, host, key, signed, terms};

    fn file() -> CertificateFile {
        to_file(&signed(), &[countersigned()]).unwrap()
    }

    fn text() -> String {
        serde_json::to_string(&file()).unwrap()
    }

    fn check(text: &str) -> Result<Verified, String> {
        let file: CertificateFile = serde_json::from_str(text).map_err(|error| error.to_string())?;
        verify(&file).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_says_what_the_certificate_says() {
        let verified = check(&text()).unwrap();
        assert_eq!(verified.certificate, certificate());
        let [one] = &verified.countersigners[..] else { panic!() };
        assert_eq!((one.device, one.method), (device_key(&key(9)), Method::Manual));
    }

    /// CERT-01
    #[test]
    fn unknown_and_missing_fields_are_refused() {
        let text = text();
        for changed in [
            text.replacen("\"suite\"", "\"sweet\"", 1),
            text.replacen("\"version\":1", "\"version\":2", 1),
            text.replacen("sabha-meeting-certificate", "sabha-policy-profile", 1),
            text.replacen("\"suspended\":false,", "", 1),
            text.replacen("\"suspended\"", "\"names\":[],\"suspended\"", 1),
            text.replacen("MEET.SHARE.HOST", "MEET.SHARE.GHOST", 1),
            text[..text.len() - 1].to_owned(),
        ] {
            assert_ne!(changed, text);
            assert!(check(&changed).is_err(), "{changed}");
        }
    }

    /// CERT-03
    #[test]
    fn one_altered_control_in_the_file_is_noticed() {
        let text = text();
        let (floor, controls) = text.split_once("\"controls\"").unwrap();
        let tighter = controls.replacen("\"value\":\"granted\"", "\"value\":\"hosts\"", 1);
        assert_ne!(tighter, controls);
        let altered = format!("{floor}\"controls\"{tighter}");
        assert!(check(&altered).unwrap_err().contains("CERT-03"));
    }

    /// CERT-02
    #[test]
    fn a_certificate_is_of_one_meeting() {
        let mut other = file();
        other.certificate.root = device_key(&key(66));
        assert!(matches!(verify(&other), Err(CertificateError::Form(_))));
    }

    /// CERT-05
    #[test]
    fn reordered_periods_in_the_file_are_noticed() {
        let mut other = file();
        other.certificate.stretches[0].periods.swap(0, 1);
        assert_eq!(verify(&other), Err(CertificateError::Periods));
        other.certificate.stretches.clear();
        assert_eq!(verify(&other), Err(CertificateError::Periods));
    }

    /// CERT-08
    #[test]
    fn nobody_counts_twice() {
        let mut twice = file();
        twice.countersignatures.push(twice.countersignatures[0].clone());
        let again = CertificateError::Countersignature(1, CountersignatureError::Again);
        assert_eq!(verify(&twice), Err(again));
    }

    /// CERT-06
    #[test]
    fn a_countersignature_of_another_time_is_noticed() {
        let mut moved = file();
        moved.countersignatures[0].spans[0].from_ms -= 1;
        let wrong = CertificateError::Countersignature(0, CountersignatureError::Signature);
        assert_eq!(verify(&moved), Err(wrong));
    }

    #[test]
    fn the_longest_certificate_fits_into_a_file() {
        use sabha_admission::controls::Tier;
        use sabha_protocol::wire::certificate::PERIODS_MAX;
        let mut high = terms(1);
        high.controls = Controls::of(Tier::High);
        high.floor = high.controls.clone();
        let mut record = Record::default();
        for number in 1..=PERIODS_MAX as u64 {
            let terms = Terms { version: number, ..high.clone() };
            record.see(number, terms, number + 1_900_000_000_000);
        }
        let largest = Certificate { record, ..certificate() }.sign(&host());
        let all = vec![countersigned(); COUNTERSIGNATURES_MAX];
        let length = serde_json::to_vec(&to_file(&largest, &all).unwrap()).unwrap().len();
        assert!(length < CERTIFICATE_BYTES_MAX, "{length}");
    }
}
