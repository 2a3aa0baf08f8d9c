//! Lists what was published before there were listings, while the server runs: once, and nothing from then on.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::storage::{Issuer, Store};

/// How long is waited after storage failed.
const PAUSE: Duration = Duration::from_secs(60);

/// Lists it some revisions at a time. Whoever stops the server aborts the task: the next one goes on where this one was.
pub(crate) fn list_earlier(store: Store, issuer: Option<Issuer>) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            match store.list_earlier(issuer.as_ref()).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, "what was published earlier could not be listed");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    })
}
