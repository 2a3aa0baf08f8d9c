//! A meeting for the tests of certificates: policies 1 to 3 in epochs 0, 2 and 4, and a last epoch 9.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use sabha_admission::{
    Capabilities, Conduct, Grant, HostCert, Method, Policy, SignedGrant, SignedPolicy, Suite,
    controls::{Controls, Tier},
    device_key, meeting_id,
};
use sabha_protocol::MeetingId;

use super::{Certificate, Countersignature, Record, SignedCertificate, Span, Terms};
use crate::log::{Event, LogSummary, MeetingLog};

const SUITE: Suite = Suite::XWing;
const LATER: u64 = 1_000_000_000;

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn host() -> SigningKey {
    key(2)
}

pub(crate) fn meeting() -> MeetingId {
    meeting_id(SUITE, &device_key(&key(1)))
}

pub(crate) fn policy(version: u64) -> SignedPolicy {
    let root = key(1);
    let cert = HostCert {
        meeting: meeting(),
        subject: device_key(&host()),
        capabilities: Capabilities::HOST,
        issuer: device_key(&root),
        seq: 1,
        not_after_ms: LATER,
    };
    let controls = Controls::of(Tier::Medium);
    Policy {
        meeting: meeting(),
        suite: SUITE,
        root: device_key(&root),
        version,
        hosts: vec![cert.sign(&root).unwrap()],
        locked_at_ms: None,
        revoked: vec![],
        conduct: Conduct { floor: controls.clone(), controls, ..Conduct::default() },
        signer: device_key(&host()),
    }
    .sign(&host())
    .unwrap()
}

pub(crate) fn terms(version: u64) -> Terms {
    Terms::of(&policy(version))
}

pub(crate) fn grant(device: &SigningKey) -> SignedGrant {
    Grant {
        meeting: meeting(),
        suite: SUITE,
        subject: device_key(device),
        capabilities: Capabilities::PARTICIPANT,
        issuer: device_key(&host()),
        seq: 7,
        not_before_ms: 0,
        not_after_ms: LATER,
        nonce: [0; 16],
        method: Method::Manual,
        invite: None,
    }
    .sign(&host())
    .unwrap()
}

/// The record and the log of the host's device, which was there all the time.
fn kept() -> (Record, MeetingLog) {
    let mut record = Record::default();
    let mut log = MeetingLog::create(SUITE, device_key(&key(1)), 0);
    for epoch in 0..=9 {
        let version = match epoch {
            0 | 1 => 1,
            2 | 3 => 2,
            _ => 3,
        };
        let terms = terms(version);
        // What was written down before does not come again.
        let _ = log.append(Event::Policy { version, hash: terms.hash() }, epoch * 10_000);
        record.see(epoch, terms, epoch * 10_000);
        if epoch > 0 {
            log.append(Event::Commit { epoch, transcript_hash: [epoch as u8; 32] }, epoch * 10_000).unwrap();
        }
    }
    (record, log)
}

pub(crate) fn certificate() -> Certificate {
    let (record, log) = kept();
    Certificate {
        log_entries: log.size(),
        log_head: log.head(),
        transcript_hash: [9; 32],
        signer: device_key(&host()),
        policy: policy(3),
        record,
    }
}

pub(crate) fn signed() -> SignedCertificate {
    certificate().sign(&host())
}

pub(crate) fn log() -> LogSummary {
    let (_, log) = kept();
    LogSummary {
        meeting: meeting(),
        suite: SUITE,
        root: device_key(&key(1)),
        signer: device_key(&host()),
        head: log.head(),
        created_ms: 0,
        ended_ms: None,
        epoch: Some(9),
        policy_version: 3,
        granted: BTreeMap::new(),
        revoked: 0,
        entries: log.entries().to_vec(),
    }
}

pub(crate) fn span(from_epoch: u64, until_epoch: u64) -> Span {
    Span { from_epoch, from_ms: from_epoch * 10_000, until_epoch, until_ms: until_epoch * 10_000 }
}

pub(crate) fn countersigned() -> Countersignature {
    Countersignature::sign(signed().hash(), grant(&key(9)), vec![span(2, 9)], &key(9))
}
