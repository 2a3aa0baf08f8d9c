//! Forgets what nobody needs any more, as long as the server runs.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::{
    clock,
    config::RetentionSettings,
    storage::{AccountError, Store},
};

/// How often is looked: what was erased is in no file later than this.
const INTERVAL: Duration = Duration::from_secs(10 * 60);

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Forgets from now on. Must run in a runtime; whoever stops the server aborts it.
pub(crate) fn keep(store: Store, settings: RetentionSettings) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            if let Err(error) = once(&store, settings).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "what is too old could not be forgotten");
            }
            tokio::time::sleep(INTERVAL).await;
        }
    })
}

async fn once(store: &Store, settings: RetentionSettings) -> Result<(), AccountError> {
    let now_ms = clock::unix_ms();
    let over_ms = now_ms.saturating_sub(u64::from(settings.ended_meetings_days) * DAY_MS);
    while store.forget(over_ms, now_ms).await? > 0 {}
    // Also what ended since the last time: its pages are in the log still.
    store.fold().await?;
    Ok(())
}
