//! Fetches the documents of other providers, each provider on its own time, as long as the server runs.
//!
//! `sabha_advisory::csaf::mirror` says what is fetched and what is kept; here are its socket, its clock, its disk and its OpenPGP. One
//! provider that fails is asked again later and later, and keeps none of the others waiting.

mod fetch;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use sabha_advisory::csaf::mirror::{End, Judge, Order, Outcome, ProviderMetadata, Run, Step};
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
};

use super::{
    aggregator::{Aggregator, Followed},
    signatures::Certificate,
};
use crate::{
    accounts, clock, metrics,
    storage::{MirrorRun, Store, StoreError},
};
use fetch::Fetcher;

/// How often is looked for who is due. `sabha bulletin mirror run` takes effect within this time.
const LOOK: Duration = Duration::from_secs(2);

/// How long is waited after the first failure, in milliseconds; twice as long after each further one.
const RETRY_MS: u64 = 60 * 1000;

/// At most so long, or as long as between runs that do not fail, if that is longer.
const RETRY_MS_MAX: u64 = 6 * 60 * 60 * 1000;

/// How long is waited before the rest of a large provider is fetched, in milliseconds.
const MORE_MS: u64 = 10 * 1000;

/// Documents that are checked at one time: each takes a processor and some 50 MB in the worst case.
const CHECKS_AT_ONCE: usize = 2;

/// Longest account of what was wrong, in characters.
const TROUBLE_CHARS_MAX: usize = 1000;

/// What mirrors.
pub(crate) struct Mirror {
    aggregator: Arc<Aggregator>,
    store: Store,
    fetcher: Fetcher,
    checks: Semaphore,
}

/// Why a run was cut off by this server and not by its provider.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
    #[error("a check broke off: this is a fault of the server")]
    Check,
}

impl Mirror {
    pub(crate) fn new(aggregator: Arc<Aggregator>, store: Store) -> Self {
        let fetcher = Fetcher::new(aggregator.tls(), aggregator.reaches_private_addresses());
        Self { aggregator, store, fetcher, checks: Semaphore::new(CHECKS_AT_ONCE) }
    }

    /// Mirrors from now on. Must run in a runtime; whoever stops the server aborts it: what was kept is kept.
    pub(crate) fn start(self) -> JoinHandle<()> {
        let mirror = Arc::new(self);
        tokio::spawn(async move {
            let sources = mirror.aggregator.followed().iter();
            let sources: Vec<_> = sources.map(|of| (of.name.clone(), of.from.clone())).collect();
            while let Err(error) = mirror.store.set_mirrors(&sources, clock::unix_ms()).await {
                tracing::warn!(%error, "the providers to be mirrored could not be stored");
                tokio::time::sleep(LOOK).await;
            }
            let mut runs = JoinSet::new();
            let mut running = BTreeMap::new();
            loop {
                match mirror.store.due_mirrors(clock::unix_ms()).await {
                    Ok(due) => {
                        for name in due {
                            if running.values().any(|other| *other == name) {
                                continue;
                            }
                            let (mirror, whose) = (mirror.clone(), name.clone());
                            let task = runs.spawn(async move { mirror.attend_to(&whose).await });
                            running.insert(task.id(), name);
                        }
                    }
                    Err(error) => tracing::warn!(%error, "who is to be mirrored could not be read"),
                }
                let pause = tokio::time::sleep(LOOK);
                tokio::select! {
                    () = pause => {}
                    Some(ended) = runs.join_next_with_id() => {
                        running.remove(&ended.map_or_else(|panicked| panicked.id(), |(id, ())| id));
                    }
                }
            }
        })
    }

    /// Runs over one provider, and notes what became of it.
    async fn attend_to(&self, name: &str) {
        let Some(followed) = self.aggregator.followed().iter().find(|followed| followed.name == name) else {
            return;
        };
        let (failed, trouble, wait_ms) = match self.run(followed).await {
            Ok(outcome) => {
                let trouble = told(&outcome);
                let (word, wait_ms) = match outcome.end {
                    Ok(End::Complete) => ("complete", about(self.aggregator.interval_ms())),
                    Ok(End::Listed) => ("listed", about(self.aggregator.interval_ms())),
                    Ok(End::More) => ("more", MORE_MS),
                    Err(_) => ("failed", retry_ms(self.failures(name).await, self.aggregator.interval_ms())),
                };
                metrics::mirrored(word, outcome.kept);
                match (&outcome.end, &trouble) {
                    (Err(_), Some(trouble)) => {
                        tracing::warn!(provider = name, trouble, "a provider is not mirrored")
                    }
                    (_, trouble) => {
                        tracing::info!(provider = name, kept = outcome.kept, trouble, word, "mirrored")
                    }
                }
                (outcome.end.is_err(), trouble, wait_ms)
            }
            Err(broken) => {
                tracing::error!(provider = name, error = %broken, "a provider could not be mirrored");
                metrics::mirrored("failed", 0);
                (true, Some(broken.to_string()), about(RETRY_MS))
            }
        };
        let now_ms = clock::unix_ms();
        let run = MirrorRun { now_ms, failed, trouble, due_ms: now_ms.saturating_add(wait_ms) };
        if let Err(error) = self.store.note_mirror_run(name, &run).await {
            tracing::error!(provider = name, %error, "what became of a mirror could not be stored");
            // It is still due, and would be asked again and again.
            tokio::time::sleep(Duration::from_millis(RETRY_MS)).await;
        }
    }

    async fn failures(&self, name: &str) -> u32 {
        let before = self.store.mirror_metadata(Some(name)).await.unwrap_or_default();
        before.first().map_or(0, |before| before.failures)
    }

    async fn run(&self, followed: &Followed) -> Result<Outcome, Broken> {
        let known = self.store.known_of_mirror(&followed.name).await?;
        let before = self.store.mirror_metadata(Some(&followed.name)).await?;
        let metadata = before.into_iter().find_map(|before| ProviderMetadata::read(&before.metadata?).ok());
        let order = Order {
            sources: followed.sources.clone(),
            reach: followed.reach.clone(),
            pinned: followed.fingerprint.clone(),
            mirror: followed.mirror,
            namespace: metadata.map(|metadata| metadata.publisher.namespace),
            known,
        };
        let mut run = Run::new(order, OpenPgp, clock::unix_ms());
        loop {
            match run.next(clock::unix_ms()) {
                Step::Fetch(fetch) => {
                    let answer = self.fetcher.fetch(&fetch).await;
                    let _turn = self.checks.acquire().await;
                    let checked = tokio::task::spawn_blocking(move || {
                        run.answered(answer);
                        run
                    });
                    run = checked.await.map_err(|_| Broken::Check)?;
                }
                Step::KeepMetadata(metadata) => {
                    self.store.keep_mirror_metadata(&followed.name, &metadata).await?;
                    run.kept();
                }
                Step::Keep(document) => {
                    self.store.keep_mirrored(&followed.name, &document, clock::unix_ms()).await?;
                    run.kept();
                }
                Step::Done(outcome) => return Ok(*outcome),
            }
        }
    }
}

/// Keys and signatures, as of now.
#[derive(Clone, Copy, Debug)]
struct OpenPgp;

impl Judge for OpenPgp {
    type Key = Certificate;

    fn key(&self, file: &[u8], fingerprint: &str) -> Result<Certificate, String> {
        Certificate::read(file, fingerprint, clock::unix_ms() / 1000).map_err(|distrust| distrust.to_string())
    }

    fn verify(&self, key: &Certificate, document: &[u8], signature: &[u8]) -> Result<(), String> {
        key.verify(document, signature, clock::unix_ms() / 1000).map_err(|distrust| distrust.to_string())
    }
}

/// Returns in a line what was wrong, if anything was.
fn told(outcome: &Outcome) -> Option<String> {
    let text = match (&outcome.end, &outcome.faults[..]) {
        (Err(trouble), _) => trouble.to_string(),
        (Ok(_), []) => return None,
        (Ok(_), [first]) => first.to_string(),
        (Ok(_), [first, more @ ..]) => format!("{first} (and {} more that are left out)", more.len()),
    };
    Some(text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TROUBLE_CHARS_MAX).collect())
}

/// Returns how long is waited after one more failure than `failures`: half of it, and a part of the other half by chance, so
/// that not everybody comes back to a provider at once.
fn retry_ms(failures: u32, interval_ms: u64) -> u64 {
    let most = RETRY_MS.saturating_mul(1 << failures.min(16)).min(RETRY_MS_MAX.max(interval_ms));
    most / 2 + chance(most / 2)
}

/// Returns a time within a tenth around this one.
fn about(ms: u64) -> u64 {
    ms - ms / 20 + chance(ms / 10)
}

/// Returns a number below `end`, by chance; 0 where there is no chance to be had.
fn chance(end: u64) -> u64 {
    let drawn = accounts::random::<8>().map(u64::from_le_bytes).unwrap_or_default();
    drawn.checked_rem(end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sabha_advisory::csaf::mirror::Trouble;

    use super::*;

    #[test]
    fn who_fails_is_asked_later_and_later_and_never_at_the_same_time_as_everybody() {
        const HOUR_MS: u64 = 60 * 60 * 1000;
        for failures in 0..40 {
            let wait = retry_ms(failures, HOUR_MS);
            let most = RETRY_MS.saturating_mul(1 << failures.min(16)).min(RETRY_MS_MAX);
            assert!((most / 2..=most).contains(&wait), "{failures}: {wait}");
        }
        assert!(retry_ms(40, 24 * HOUR_MS) >= 12 * HOUR_MS, "no more often than one that does not fail");
        let times: BTreeSet<u64> = (0..50).map(|_| retry_ms(9, HOUR_MS)).collect();
        assert!(times.len() > 40, "{times:?}");
        assert!(
            (0..50).map(|_| about(HOUR_MS)).all(|ms| (HOUR_MS * 19 / 20..=HOUR_MS * 21 / 20).contains(&ms))
        );
        assert_eq!(about(0), 0);
    }

    #[test]
    fn what_was_wrong_is_one_line() {
        let outcome = |end, faults: &[Trouble]| Outcome { end, kept: 0, faults: faults.to_vec() };
        assert_eq!(told(&outcome(Ok(End::Complete), &[])), None);
        let faults = [Trouble::Unsigned("a\nb".to_owned()), Trouble::Budget];
        let text = told(&outcome(Ok(End::Complete), &faults)).unwrap();
        assert!(
            text.starts_with("a b has no signature") && text.ends_with("(and 1 more that are left out)"),
            "{text}"
        );
        let text = told(&outcome(Err(Trouble::Name("x".repeat(5000))), &faults)).unwrap();
        assert_eq!(text.chars().count(), TROUBLE_CHARS_MAX);
    }
}
