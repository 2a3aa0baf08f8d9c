//! The organisation's floor while the server runs, with the advisories that demand it: read from storage, watched by every
//! room.

use std::{sync::Arc, time::Duration};

use sabha_policy::Controls;
use sabha_protocol::wire::advisory_policy::PolicyDemand;
use tokio::sync::watch;

use crate::storage::{Store, StoreError};

/// How often storage is asked: a floor that another process applied binds within this time.
const REFRESH: Duration = Duration::from_secs(1);

/// The floor in force. Cloned freely.
#[derive(Clone, Debug)]
pub(crate) struct Floor {
    controls: Arc<watch::Sender<Controls>>,
    demands: Arc<watch::Sender<Demands>>,
}

/// By which advisories it is demanded, as everybody may know them.
type Demands = Arc<[PolicyDemand]>;

impl Floor {
    /// Reads the floor, and follows it from now on. Must run in a runtime.
    ///
    /// # Errors
    /// [`StoreError`]: a server that cannot tell what is demanded does not start.
    pub(crate) async fn follow(store: Store) -> Result<Self, StoreError> {
        let (mut number, demands) = store.policy_demands().await?;
        let floor = Self {
            controls: Arc::new(watch::Sender::new(store.floor().await?)),
            demands: Arc::new(watch::Sender::new(demands.into())),
        };
        let (controls, demands) = (Arc::downgrade(&floor.controls), Arc::downgrade(&floor.demands));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(REFRESH).await;
                let Some((controls, demands)) = controls.upgrade().zip(demands.upgrade()) else { return };
                if let Err(error) = refresh(&store, &mut number, &controls, &demands).await {
                    // What was demanded last holds on.
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "the organisation's floor could not be read");
                }
            }
        });
        Ok(floor)
    }

    /// Returns the floor now.
    pub(crate) fn now(&self) -> Controls {
        self.controls.borrow().clone()
    }

    /// Returns by which advisories it is demanded.
    pub(crate) fn demands(&self) -> Demands {
        Arc::clone(&self.demands.borrow())
    }

    /// Returns the floor, and each change of it.
    pub(crate) fn watch(&self) -> watch::Receiver<Controls> {
        self.controls.subscribe()
    }
}

/// Looks whether another floor than that of `number` is in force. Who demands it is known before it is.
async fn refresh(
    store: &Store,
    number: &mut i64,
    controls: &watch::Sender<Controls>,
    demands: &watch::Sender<Demands>,
) -> Result<(), StoreError> {
    if store.newest_floor().await? == *number {
        return Ok(());
    }
    let (newest, demanded) = store.policy_demands().await?;
    let floor = store.floor().await?;
    demands.send_replace(demanded.into());
    let changed = controls.send_if_modified(|now| {
        let changed = *now != floor;
        *now = floor;
        changed
    });
    *number = newest;
    if changed {
        tracing::info!("the organisation's floor has changed");
    }
    Ok(())
}
