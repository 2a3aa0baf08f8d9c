//! Whether a certificate says what a device saw itself: what it does before it countersigns.

use std::collections::BTreeSet;

use sabha_admission::CLOCK_SKEW_MS;
use sabha_protocol::{MeetingId, device::CertificateDifference as Difference};

use super::{Certificate, Period, Record, Span, Terms};
use crate::log::Hash;

/// How far the times of two devices may be apart, in milliseconds: clocks as far as admission lets them, and a minute in
/// which a device that lost its connection catches up.
pub const TIME_TOLERANCE_MS: u64 = CLOCK_SKEW_MS + 60_000;

/// What a device knows by its own account.
#[derive(Clone, Copy, Debug)]
pub struct Witness<'a> {
    /// The meeting that it is in.
    pub meeting: MeetingId,
    /// What it saw.
    pub record: &'a Record,
    /// `confirmed_transcript_hash` of the certificate's last epoch, if it was there.
    pub transcript_hash: Option<Hash>,
    /// The log's head of which the signer's heartbeats spoke when it had as many entries as in the certificate.
    pub log_head: Option<Hash>,
    /// The time, in unix milliseconds.
    pub now_ms: u64,
}

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The certificate says something else than the device saw.
    Differs(BTreeSet<Difference>),
    /// It says the same, of these times in which the device was there.
    Same(Vec<Span>),
    /// The device was not there, or does not know enough yet.
    Unclear,
}

/// Compares a certificate, which holds, with what a device saw. What the device did not see it says nothing of.
// CERT-12
pub fn compare(certificate: &Certificate, witness: &Witness<'_>) -> Comparison {
    let (last_epoch, until_ms) = certificate.until();
    let mut differences = BTreeSet::new();
    if certificate.meeting() != witness.meeting {
        differences.insert(Difference::Group);
        return Comparison::Differs(differences);
    }
    let spans: Vec<Span> = witness
        .record
        .stretches()
        .iter()
        .map(super::Stretch::span)
        .filter(|span| span.from_epoch <= last_epoch)
        .map(|span| {
            if span.until_epoch <= last_epoch {
                return span;
            }
            let until_ms = span.until_ms.min(until_ms.max(span.from_ms));
            Span { until_epoch: last_epoch, until_ms, ..span }
        })
        .collect();
    for span in &spans {
        compare_span(certificate, witness.record, span, &mut differences);
    }
    // A full record ended earlier.
    if !certificate.record.is_full() && until_ms.abs_diff(witness.now_ms) > TIME_TOLERANCE_MS {
        differences.insert(Difference::Time);
    }
    if witness.transcript_hash.is_some_and(|own| own != certificate.transcript_hash) {
        differences.insert(Difference::Group);
    }
    if witness.log_head.is_some_and(|own| own != certificate.log_head) {
        differences.insert(Difference::Log);
    }
    let known = witness.transcript_hash.is_some() && witness.log_head.is_some();
    match (differences.is_empty(), known && !spans.is_empty()) {
        (false, _) => Comparison::Differs(differences),
        (true, true) => Comparison::Same(spans),
        (true, false) => Comparison::Unclear,
    }
}

fn compare_span(
    certificate: &Certificate,
    own: &Record,
    span: &Span,
    differences: &mut BTreeSet<Difference>,
) {
    let starts = |record: &Record| -> Vec<u64> {
        let periods = record.stretches().iter().flat_map(|stretch| &stretch.periods);
        periods.map(|period| period.epoch).filter(|epoch| span.epochs().contains(epoch)).collect()
    };
    // Terms change at these epochs only; between them nothing can differ.
    let epochs: BTreeSet<u64> = starts(own).into_iter().chain(starts(&certificate.record)).collect();
    for epoch in epochs {
        let (Some(seen), Some(said)) = (own.at(epoch), certificate.record.at(epoch)) else { continue };
        compare_terms(&seen.terms, &said.terms, differences);
        compare_times(seen, said, span, differences);
    }
}

fn compare_terms(seen: &Terms, said: &Terms, differences: &mut BTreeSet<Difference>) {
    let pairs = [
        (Difference::Policy, (seen.version, seen.policy) != (said.version, said.policy)),
        (Difference::Controls, seen.controls != said.controls),
        (Difference::Floor, seen.floor != said.floor),
        (Difference::Suspension, seen.suspended != said.suspended),
        (Difference::Lock, seen.locked_at_ms != said.locked_at_ms),
        (Difference::Hosts, seen.hosts != said.hosts),
        (Difference::Rights, (seen.more, seen.less) != (said.more, said.less)),
    ];
    differences.extend(pairs.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what));
}

/// A change that the device saw happen was when the certificate says; one from before it came was before that.
fn compare_times(seen: &Period, said: &Period, span: &Span, differences: &mut BTreeSet<Difference>) {
    let late = said.time_ms > seen.time_ms.saturating_add(TIME_TOLERANCE_MS);
    let early = said.time_ms.saturating_add(TIME_TOLERANCE_MS) < seen.time_ms;
    let saw_it_begin = seen.epoch > span.from_epoch && said.epoch == seen.epoch;
    if late || (early && saw_it_begin) {
        differences.insert(Difference::Time);
    }
}

#[cfg(test)]
mod tests {
    use sabha_admission::{
        Capabilities,
        controls::{Controls, Tier},
    };

    use super::*;
    use crate::certificate::{
        Exceptions,
        testing::{certificate, meeting, terms},
    };

    /// What a device saw that came in epoch 2: the same as the certificate.
    fn seen() -> Record {
        let mut record = Record::default();
        for (epoch, version) in [(2, 2), (3, 2), (4, 3), (9, 3)] {
            record.see(epoch, terms(version), epoch * 10_000);
        }
        record
    }

    fn with(record: &Record, certificate: &Certificate) -> Comparison {
        let witness = Witness {
            meeting: meeting(),
            record,
            transcript_hash: Some(certificate.transcript_hash),
            log_head: Some(certificate.log_head),
            now_ms: 91_000,
        };
        compare(certificate, &witness)
    }

    fn differs(what: Difference) -> Comparison {
        Comparison::Differs([what].into())
    }

    /// CERT-12
    #[test]
    fn who_saw_the_same_speaks_of_the_time_in_which_it_was_there() {
        let Comparison::Same(spans) = with(&seen(), &certificate()) else { panic!() };
        let epochs: Vec<_> = spans.iter().map(Span::epochs).collect();
        assert_eq!(epochs, [2..=4, 9..=9]);
    }

    /// CERT-12
    #[test]
    fn each_thing_that_differs_is_named() {
        type Change = fn(&mut Terms);
        let changes: [(Difference, Change); 7] = [
            (Difference::Policy, |terms| terms.policy[0] ^= 1),
            (Difference::Controls, |terms| terms.controls = Controls::of(Tier::High)),
            (Difference::Floor, |terms| terms.floor = Controls::default()),
            (Difference::Suspension, |terms| terms.suspended = true),
            (Difference::Lock, |terms| terms.locked_at_ms = Some(3)),
            (Difference::Hosts, |terms| terms.hosts += 1),
            (Difference::Rights, |terms| {
                terms.less = Exceptions { members: 1, rights: Capabilities::CHAT };
            }),
        ];
        for (what, change) in changes {
            let mut record = Record::default();
            for (epoch, version) in [(2, 2), (3, 2), (4, 3)] {
                let mut terms = terms(version);
                if version == 3 {
                    change(&mut terms);
                }
                record.see(epoch, terms, epoch * 10_000);
            }
            assert_eq!(with(&record, &certificate()), differs(what));
        }
    }

    /// CERT-12
    #[test]
    fn a_change_that_the_certificate_leaves_out_or_moves_is_noticed() {
        let mut more = Record::default();
        for (epoch, version) in [(2, 2), (3, 3), (4, 3)] {
            more.see(epoch, terms(version), epoch * 10_000);
        }
        assert_eq!(with(&more, &certificate()), differs(Difference::Policy));
        let at = |time_ms| {
            let mut late = Record::default();
            late.see(3, terms(2), 30_000);
            late.see(4, terms(3), time_ms);
            with(&late, &certificate())
        };
        assert!(matches!(at(40_000 + TIME_TOLERANCE_MS), Comparison::Same(_)));
        assert_eq!(at(40_001 + TIME_TOLERANCE_MS), differs(Difference::Time));
    }

    /// CERT-12
    #[test]
    fn another_group_or_log_is_noticed() {
        let record = seen();
        let certificate = certificate();
        let same = Witness {
            meeting: meeting(),
            record: &record,
            transcript_hash: Some(certificate.transcript_hash),
            log_head: Some(certificate.log_head),
            now_ms: 90_000,
        };
        let other = Some([0; 32]);
        let of = |witness: Witness<'_>| compare(&certificate, &witness);
        assert_eq!(of(Witness { transcript_hash: other, ..same }), differs(Difference::Group));
        assert_eq!(of(Witness { log_head: other, ..same }), differs(Difference::Log));
        assert_eq!(
            of(Witness { meeting: MeetingId::from_bytes([0; 20]), ..same }),
            differs(Difference::Group)
        );
        assert_eq!(of(Witness { now_ms: 90_001 + TIME_TOLERANCE_MS, ..same }), differs(Difference::Time));
        assert_eq!(of(Witness { log_head: None, ..same }), Comparison::Unclear);
        assert_eq!(of(Witness { transcript_hash: None, ..same }), Comparison::Unclear);
    }

    /// CERT-12
    #[test]
    fn who_was_not_there_says_nothing() {
        let mut later = Record::default();
        later.see(10, terms(3), 95_000);
        assert_eq!(with(&later, &certificate()), Comparison::Unclear);
        assert_eq!(with(&Record::default(), &certificate()), Comparison::Unclear);
    }
}
