//! Delivers to webhooks what is due: several at one time, and to each one after the other.

use std::{collections::HashSet, sync::Arc, time::Duration};

use rustls::ClientConfig;
use sabha_protocol::bulletin::WebhookId;
use tokio::{
    sync::Notify,
    task::{JoinHandle, JoinSet},
};

use super::{
    body::body,
    target::Targets,
    webhook::{Delivery, WebhookSecrets, deliver},
};
use crate::{
    clock,
    config::PublicUrl,
    storage::{DueMessage, NoticeOutcome, NoticeTo, Store, StoreError},
};

/// Deliveries at one time: as many webhooks can be silent without anybody waiting for them.
const AT_ONCE_MAX: usize = 16;

/// How long is waited before the second try, in milliseconds; twice as long before each further one.
const RETRY_MS: u64 = 30 * 1000;
/// At most so long, in milliseconds.
const RETRY_MS_MAX: u64 = 4 * 60 * 60 * 1000;

/// How long is waited when storage failed, or nothing is due.
const PAUSE: Duration = Duration::from_secs(60);

/// What delivers.
#[derive(Clone, Debug)]
pub(super) struct Deliveries {
    pub(super) store: Store,
    pub(super) url: PublicUrl,
    pub(super) secrets: WebhookSecrets,
    pub(super) targets: Targets,
    /// Whom servers are believed by.
    pub(super) tls: Arc<ClientConfig>,
}

impl Deliveries {
    pub(super) fn start(self, wake: Arc<Notify>) -> JoinHandle<()> {
        tokio::spawn(async move {
            let (mut running, mut busy) = (JoinSet::new(), HashSet::new());
            loop {
                let pause = match self.store.due_deliveries(clock::unix_ms()).await {
                    Ok((due, next_ms)) => {
                        for message in due {
                            self.begin(message, &mut running, &mut busy).await;
                        }
                        next_ms.map_or(PAUSE, |at_ms| {
                            Duration::from_millis(at_ms.saturating_sub(clock::unix_ms()))
                        })
                    }
                    Err(error) => {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(error, "deliveries could not be read");
                        PAUSE
                    }
                };
                tokio::select! {
                    Some(done) = running.join_next() => {
                        if let Ok(webhook) = done { busy.remove(&webhook); }
                    }
                    () = wake.notified() => {}
                    () = tokio::time::sleep(pause.min(PAUSE)) => {}
                }
            }
        })
    }

    /// Begins a delivery, unless one to its webhook is under way, or as many as there may be.
    async fn begin(
        &self,
        message: [u8; 16],
        running: &mut JoinSet<WebhookId>,
        busy: &mut HashSet<WebhookId>,
    ) {
        if running.len() >= AT_ONCE_MAX {
            return;
        }
        // Gone since, or its storage failed: it is looked at again.
        let Ok(due) = self.store.message(message).await else { return };
        let NoticeTo::Webhook { webhook, .. } = due.to else { return };
        if !busy.insert(webhook) {
            return;
        }
        let this = self.clone();
        running.spawn(async move {
            if let Err(error) = this.deal_with(due).await {
                tracing::error!(%error, "what became of a delivery could not be stored");
                // It is still due, and would be delivered again and again.
                tokio::time::sleep(PAUSE).await;
            }
            webhook
        });
    }

    async fn deal_with(&self, due: DueMessage) -> Result<(), StoreError> {
        let NoticeTo::Webhook { webhook, url, failures } = &due.to else { return Ok(()) };
        let now_ms = clock::unix_ms();
        let document = due.documents.first();
        let Some((document, body)) = document.and_then(|one| Some((one, body(one, self.url.origin())?)))
        else {
            // Of one message there is one notice.
            let outcome = NoticeOutcome::Closed("clearance");
            return self.store.note_notices(&[due.id], &outcome, now_ms).await;
        };
        let id = format!("msg_{}", data_encoding::HEXLOWER.encode(&due.id));
        let delivery = Delivery { id: &id, timestamp_s: now_ms / 1000, body: &body };
        match deliver(url, &self.secrets, *webhook, delivery, (&self.targets, Arc::clone(&self.tls))).await {
            Ok(()) => self.store.note_delivered(*webhook, document.notice, clock::unix_ms()).await,
            Err(why) => {
                tracing::info!(%webhook, %why, "a delivery was not taken");
                let at_ms = clock::unix_ms().saturating_add(wait_ms(*failures));
                let why = (why.to_string(), at_ms);
                self.store
                    .note_undelivered(*webhook, document.notice, (&why.0, why.1), clock::unix_ms())
                    .await
            }
        }
    }
}

/// Returns how long is waited after so many failures in a row and one more: with a quarter more or less, so that what failed
/// together is not tried together.
fn wait_ms(failures: u32) -> u64 {
    let wait_ms = RETRY_MS.saturating_mul(1 << failures.min(16)).min(RETRY_MS_MAX);
    let mut byte = [0; 1];
    // Without randomness the wait is just not spread.
    let _ = getrandom::fill(&mut byte);
    wait_ms - wait_ms / 4 + wait_ms / 2 * u64::from(byte[0]) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_four_hours_and_is_spread_by_a_quarter() {
        for (failures, middle) in [(0, RETRY_MS), (1, 2 * RETRY_MS), (40, RETRY_MS_MAX)] {
            for _ in 0..50 {
                let wait = wait_ms(failures);
                assert!((middle - middle / 4..=middle + middle / 4).contains(&wait), "{wait}");
            }
        }
    }
}
