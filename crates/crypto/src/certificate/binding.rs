//! A certificate beside the meeting's log: whether it is the whole of what the log says of policies and epochs; or, if its
//! signer keeps no log, whether the two say the same of the epochs that both have.

use super::{Certificate, Period};
use crate::log::{Entry, Event, Hash, LogSummary, MerkleTree};

/// Why a certificate is not of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindingError {
    /// A certificate of a host that keeps no log says something else than the log.
    #[error("CERT-13: the certificate says something else than the log of the same epochs")]
    Differs,
    /// The log has epochs that the certificate does not have, or the other way round.
    #[error("CERT-11: the epochs of the certificate are not those of the log")]
    Epochs,
    /// The log's first entries are others.
    #[error("CERT-10: the head in the certificate is not that of the log")]
    Head,
    /// The log is of another meeting.
    #[error("CERT-10: the log is of another meeting")]
    Meeting,
    /// The log has policies that the certificate does not have, or has them otherwise, or the other way round.
    #[error("CERT-11: the policies of the certificate are not those of the log")]
    Policies,
    /// The log is shorter than it was when the certificate was made.
    #[error("CERT-10: the log is shorter than it was when the certificate was made")]
    Short,
}

/// A policy as the log has it.
struct Logged {
    version: u64,
    hash: Hash,
    time_ms: u64,
    epoch: Option<u64>,
}

impl Certificate {
    /// Decides whether a log, which was checked, is the one that this certificate was made from.
    ///
    /// # Errors
    /// [`BindingError`]: the first thing found wrong.
    pub fn check_log(&self, log: &LogSummary) -> Result<(), BindingError> {
        // CERT-10
        if log.meeting != self.meeting() {
            return Err(BindingError::Meeting);
        }
        if !self.keeps_log() {
            return if self.agrees_with(log) { Ok(()) } else { Err(BindingError::Differs) };
        }
        let entries = usize::try_from(self.log_entries).ok().and_then(|count| log.entries.get(..count));
        let entries = entries.ok_or(BindingError::Short)?;
        let mut tree = MerkleTree::new();
        entries.iter().for_each(|entry| tree.push(&entry.to_bytes()));
        if tree.head() != self.log_head {
            return Err(BindingError::Head);
        }
        // CERT-11. The group begins in epoch 0, which no commit leads to.
        let (commits, policies) = read(entries);
        let epochs: Vec<u64> = [0].into_iter().chain(commits.iter().map(|(epoch, _)| *epoch)).collect();
        let transcript_hash = commits.last().map(|(_, hash)| *hash);
        let seen = self.record.stretches().iter().flat_map(|stretch| stretch.span().epochs());
        // As many as the log has, and one more to see that there are no more: a span may be any length.
        let seen: Vec<u64> = seen.take(epochs.len() + 1).collect();
        let ends = transcript_hash.is_none_or(|hash| hash == self.transcript_hash);
        if seen != epochs || !ends {
            return Err(BindingError::Epochs);
        }
        if self.has_policies(&policies) { Ok(()) } else { Err(BindingError::Policies) }
    }

    /// Returns whether the log says the same of the epochs that it and this certificate have. Either may have been away, or
    /// have ended, where the other was not.
    // CERT-13
    fn agrees_with(&self, log: &LogSummary) -> bool {
        let (commits, policies) = read(&log.entries);
        let last = self.until().0;
        let transcript = commits.iter().all(|(epoch, hash)| *epoch != last || *hash == self.transcript_hash);
        let mut logged: Option<&Logged> = None;
        let mut next = policies.iter().peekable();
        let in_all = [0].into_iter().chain(commits.iter().map(|(epoch, _)| *epoch)).all(|epoch| {
            while let Some(policy) = next.next_if(|policy| policy.epoch.is_some_and(|from| from <= epoch)) {
                logged = Some(policy);
            }
            let (Some(logged), Some(seen)) = (logged, self.record.at(epoch)) else { return true };
            seen.terms.version == logged.version && seen.terms.hash() == logged.hash
        });
        transcript && in_all
    }

    /// Returns whether these are the policies, each once, at their epochs and times.
    fn has_policies(&self, logged: &[Logged]) -> bool {
        let mut own: Vec<&Period> =
            self.record.stretches().iter().flat_map(|stretch| &stretch.periods).collect();
        // After an absence the same policy can begin again.
        own.dedup_by_key(|period| period.terms.version);
        own.len() == logged.len()
            && own.iter().zip(logged).all(|(own, logged)| {
                own.terms.version == logged.version
                    && own.terms.hash() == logged.hash
                    && Some(own.epoch) == logged.epoch
                    && own.time_ms.abs_diff(logged.time_ms) <= super::TIME_TOLERANCE_MS
            })
    }
}

/// Returns the epochs that commits led to, with their transcript hashes, and the policies with the epochs they came by.
fn read(entries: &[Entry]) -> (Vec<(u64, Hash)>, Vec<Logged>) {
    let (mut commits, mut policies) = (Vec::new(), Vec::<Logged>::new());
    for (index, entry) in entries.iter().enumerate() {
        match entry.event {
            Event::Policy { version, hash } => {
                let epoch = (index == 1).then_some(0);
                policies.push(Logged { version, hash, time_ms: entry.time_ms, epoch });
            }
            Event::Commit { epoch, transcript_hash } => {
                if let Some(last) = policies.last_mut() {
                    last.epoch.get_or_insert(epoch);
                }
                commits.push((epoch, transcript_hash));
            }
            _ => {}
        }
    }
    (commits, policies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        certificate::{
            Record,
            testing::{certificate, log, terms},
        },
        log::Entry,
    };

    /// CERT-10
    #[test]
    fn a_certificate_is_of_the_log_that_it_was_made_from() {
        assert_eq!(certificate().check_log(&log()), Ok(()));
        let mut grown = log();
        grown.entries.push(Entry { time_ms: 99_000, event: Event::Ended });
        assert_eq!(certificate().check_log(&grown), Ok(()), "also when the log went on");
    }

    /// CERT-10
    #[test]
    fn another_log_is_not_taken() {
        let mut short = log();
        short.entries.pop();
        assert_eq!(certificate().check_log(&short), Err(BindingError::Short));
        let mut changed = log();
        changed.entries[0].time_ms += 1;
        assert_eq!(certificate().check_log(&changed), Err(BindingError::Head));
        let mut other = log();
        other.meeting = sabha_protocol::MeetingId::from_bytes([0; 20]);
        assert_eq!(certificate().check_log(&other), Err(BindingError::Meeting));
    }

    fn bound(change: impl FnOnce(&mut Certificate)) -> Result<(), BindingError> {
        let mut certificate = certificate();
        change(&mut certificate);
        certificate.check_log(&log())
    }

    fn record(steps: &[(u64, u64)]) -> Record {
        let mut record = Record::default();
        steps.iter().for_each(|(epoch, version)| record.see(*epoch, terms(*version), epoch * 10_000));
        record
    }

    /// CERT-11
    #[test]
    fn a_certificate_that_leaves_out_a_policy_or_an_epoch_is_noticed() {
        let whole = [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 3), (7, 3), (8, 3), (9, 3)];
        assert_eq!(bound(|certificate| certificate.record = record(&whole)), Ok(()));
        let without = |epoch| {
            let steps: Vec<_> = whole.iter().copied().filter(|(of, _)| *of != epoch).collect();
            bound(|certificate| certificate.record = record(&steps))
        };
        for epoch in [0, 3, 9] {
            assert_eq!(without(epoch), Err(BindingError::Epochs), "{epoch}");
        }
        let otherwise = |at: usize, version| {
            let mut steps = whole;
            steps[at].1 = version;
            bound(|certificate| certificate.record = record(&steps))
        };
        assert_eq!(otherwise(3, 3), Err(BindingError::Policies), "a policy that came earlier");
        assert_eq!(otherwise(1, 2), Err(BindingError::Policies));
        assert_eq!(bound(|certificate| certificate.transcript_hash = [0; 32]), Err(BindingError::Epochs));
    }

    /// CERT-11
    #[test]
    fn a_certificate_with_other_terms_than_the_log_is_noticed() {
        let mut changed = Record::default();
        for (epoch, version) in
            [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 3), (7, 3), (8, 3), (9, 3)]
        {
            let mut terms = terms(version);
            terms.suspended = version == 2;
            changed.see(epoch, terms, epoch * 10_000);
        }
        assert_eq!(bound(|certificate| certificate.record = changed), Err(BindingError::Policies));
    }

    /// CERT-13
    #[test]
    fn who_keeps_no_log_says_the_same_of_the_epochs_that_both_have() {
        let without_log = |steps: &[(u64, u64)]| Certificate {
            log_entries: 0,
            log_head: MerkleTree::default().head(),
            record: record(steps),
            ..certificate()
        };
        // It came in epoch 3, was away in 5 and 6, and stayed when the log had ended.
        let seen = [(3, 2), (4, 3), (7, 3), (8, 3), (9, 3)];
        assert_eq!(without_log(&seen).check_log(&log()), Ok(()));
        let longer = [&seen[..], &[(10, 4)]].concat();
        let gone = Certificate { transcript_hash: [10; 32], ..without_log(&longer) };
        assert_eq!(gone.check_log(&log()), Ok(()), "the log has no such epoch");
        for (at, version) in [(0, 1), (1, 2), (2, 4)] {
            let mut otherwise = seen;
            otherwise[at].1 = version;
            assert_eq!(without_log(&otherwise).check_log(&log()), Err(BindingError::Differs), "{at}");
        }
        let other = Certificate { transcript_hash: [0; 32], ..without_log(&seen) };
        assert_eq!(other.check_log(&log()), Err(BindingError::Differs));
        let mut changed = log();
        changed.meeting = sabha_protocol::MeetingId::from_bytes([0; 20]);
        assert_eq!(without_log(&seen).check_log(&changed), Err(BindingError::Meeting));
    }

    #[test]
    fn a_span_without_end_is_refused_at_once() {
        let mut endless = Record::default();
        endless.see(0, terms(1), 0);
        let mut stretches = endless.stretches().to_vec();
        stretches[0].until_epoch = u64::MAX;
        let record = Record::new(stretches).unwrap();
        assert_eq!(bound(|certificate| certificate.record = record), Err(BindingError::Epochs));
    }
}
