//! Lets at most one key frame request per interval through to a source, whoever asks.
//!
//! A key frame costs as much as a second of ordinary pictures and reaches every subscriber anyway, so a
//! request that comes too early waits; it is dropped when a key frame arrives in the meantime.

use std::time::Instant;

use sabha_protocol::limits::KEYFRAME_INTERVAL;

/// The gate in front of one layer of one publication.
#[derive(Debug, Default)]
pub(crate) struct KeyframeGate {
    asked_at: Option<Instant>,
    waiting: bool,
}

impl KeyframeGate {
    /// Takes a request. Returns whether the source is to be asked now.
    pub(crate) fn request(&mut self, now: Instant) -> bool {
        self.waiting = true;
        self.poll(now)
    }

    /// Returns whether a request that had to wait is to go to the source now.
    pub(crate) fn poll(&mut self, now: Instant) -> bool {
        let open = self.asked_at.is_none_or(|at| now.saturating_duration_since(at) >= KEYFRAME_INTERVAL);
        let ask = self.waiting && open;
        if ask {
            self.asked_at = Some(now);
            self.waiting = false;
        }
        ask
    }

    /// A key frame arrived: it serves everybody who asked before.
    pub(crate) fn served(&mut self) {
        self.waiting = false;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn asks_at_most_once_per_interval(gaps in prop::collection::vec((0u64..400, any::<bool>()), 1..200)) {
            let mut now = Instant::now();
            let mut gate = KeyframeGate::default();
            let mut last: Option<Instant> = None;
            for (gap, request) in gaps {
                now += Duration::from_millis(gap);
                if if request { gate.request(now) } else { gate.poll(now) } {
                    prop_assert!(last.is_none_or(|last| now - last >= KEYFRAME_INTERVAL));
                    last = Some(now);
                }
            }
        }
    }

    #[test]
    fn early_request_waits_and_a_key_frame_serves_it() {
        let start = Instant::now();
        let mut gate = KeyframeGate::default();
        assert!(gate.request(start));
        assert!(!gate.request(start + KEYFRAME_INTERVAL / 2));
        assert!(gate.poll(start + KEYFRAME_INTERVAL));

        assert!(!gate.request(start + KEYFRAME_INTERVAL));
        gate.served();
        assert!(!gate.poll(start + KEYFRAME_INTERVAL * 3));
    }
}
