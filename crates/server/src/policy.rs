//! The organisation's floor while the server runs: read from storage, watched by every room.

use std::{sync::Arc, time::Duration};

use sabha_policy::Controls;
use tokio::sync::watch;

use crate::storage::{Store, StoreError};

/// How often storage is asked: a floor that another process applied binds within this time.
const REFRESH: Duration = Duration::from_secs(1);

/// The floor in force. Cloned freely.
#[derive(Clone, Debug)]
pub(crate) struct Floor(Arc<watch::Sender<Controls>>);

impl Floor {
    /// Reads the floor, and follows it from now on. Must run in a runtime.
    ///
    /// # Errors
    /// [`StoreError`]: a server that cannot tell what is demanded does not start.
    pub(crate) async fn follow(store: Store) -> Result<Self, StoreError> {
        let floor = Self(Arc::new(watch::Sender::new(store.floor().await?)));
        let follower = Arc::downgrade(&floor.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(REFRESH).await;
                let Some(sender) = follower.upgrade() else { return };
                match store.floor().await {
                    Ok(newest) => {
                        let changed = sender.send_if_modified(|floor| {
                            let changed = *floor != newest;
                            *floor = newest;
                            changed
                        });
                        if changed {
                            tracing::info!("the organisation's floor has changed");
                        }
                    }
                    // What was demanded last holds on.
                    Err(error) => {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(error, "the organisation's floor could not be read");
                    }
                }
            }
        });
        Ok(floor)
    }

    /// Returns the floor now.
    pub(crate) fn now(&self) -> Controls {
        self.0.borrow().clone()
    }

    /// Returns the floor, and each change of it.
    pub(crate) fn watch(&self) -> watch::Receiver<Controls> {
        self.0.subscribe()
    }
}
