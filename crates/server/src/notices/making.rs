//! Makes notices of what was announced, as long as the server runs.

use std::time::Duration;

use super::Bell;
use crate::{clock, storage::Store};

/// How long is waited when nothing is announced, or storage failed.
const PAUSE: Duration = Duration::from_secs(60);

pub(super) async fn make(store: Store, bell: Bell) {
    loop {
        let more = match store.make_notices(clock::unix_ms()).await {
            Ok(more) => more,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "notices could not be made");
                false
            }
        };
        if !more {
            bell.mails.notify_one();
            bell.deliveries.notify_one();
            let _ = tokio::time::timeout(PAUSE, bell.published.notified()).await;
        }
    }
}
