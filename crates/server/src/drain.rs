//! How the server stops: it says so, takes no new rooms, waits for the running ones, then closes.
//!
//! ```text
//! Serving ──drain──► Draining{until} ──empty, or until──► Stopped
//!    └──────────────────stop at once─────────────────────────┘
//! ```
//! Never backwards. Everybody who has to know watches the same value.

use std::time::Instant;

use tokio::sync::watch;

/// Where the server is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It runs.
    Serving,
    /// It takes nothing new and stops at this time at the latest.
    Draining {
        /// The deadline.
        until: Instant,
    },
    /// Connections are closed.
    Stopped,
}

/// The phase, to be set by one and watched by many.
#[derive(Clone, Debug)]
pub struct Drain(watch::Sender<Phase>);

impl Default for Drain {
    fn default() -> Self {
        Self(watch::Sender::new(Phase::Serving))
    }
}

impl Drain {
    /// Returns the phase.
    pub fn phase(&self) -> Phase {
        *self.0.borrow()
    }

    /// Returns whether new rooms and connections are taken.
    pub fn is_serving(&self) -> bool {
        self.phase() == Phase::Serving
    }

    /// Starts to drain. Does nothing if that, or more, has been done already.
    pub fn begin(&self, until: Instant) {
        self.0.send_if_modified(|phase| {
            let serving = *phase == Phase::Serving;
            if serving {
                *phase = Phase::Draining { until };
            }
            serving
        });
    }

    /// Closes everything.
    pub fn stop(&self) {
        self.0.send_replace(Phase::Stopped);
    }

    /// Returns a view that tells of changes.
    pub fn watch(&self) -> watch::Receiver<Phase> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_never_comes_back_from_stopping() {
        let drain = Drain::default();
        let until = Instant::now();
        assert!(drain.is_serving());
        drain.begin(until);
        assert_eq!(drain.phase(), Phase::Draining { until });
        drain.stop();
        drain.begin(until);
        assert_eq!(drain.phase(), Phase::Stopped);
    }
}
