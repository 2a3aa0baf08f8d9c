//! When to call whom next, without looking at everybody.
//!
//! A deadline mostly moves later (each packet pushes a peer's next RTCP report away), so the heap keeps an
//! entry where it is and moves it only when it comes up too early: about one heap operation per wake-up
//! instead of one per packet.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    hash::Hash,
    time::Instant,
};

/// Deadlines, at most one per key.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    deadlines: HashMap<K, Deadline>,
    heap: BinaryHeap<Reverse<(Instant, K)>>,
}

#[derive(Debug)]
struct Deadline {
    due: Instant,
    /// The heap entry that will look at this deadline; older entries are void.
    entry: Instant,
}

impl<K: Copy + Eq + Ord + Hash> Timers<K> {
    pub(crate) fn new() -> Self {
        Self { deadlines: HashMap::new(), heap: BinaryHeap::new() }
    }

    /// Replaces the deadline of `key`.
    pub(crate) fn set(&mut self, key: K, due: Instant) {
        if let Some(deadline) = self.deadlines.get_mut(&key) {
            deadline.due = due;
            if due >= deadline.entry {
                return;
            }
            deadline.entry = due;
        } else {
            self.deadlines.insert(key, Deadline { due, entry: due });
        }
        self.heap.push(Reverse((due, key)));
    }

    /// Forgets the deadline of `key`.
    pub(crate) fn remove(&mut self, key: K) {
        self.deadlines.remove(&key);
    }

    /// Takes one deadline that has come, earliest first.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<K> {
        while self.heap.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            let Some(Reverse((at, key))) = self.heap.pop() else { break };
            let Some(deadline) = self.deadlines.get_mut(&key) else { continue };
            if deadline.entry != at {
                continue;
            }
            if deadline.due <= now {
                self.deadlines.remove(&key);
                return Some(key);
            }
            deadline.entry = deadline.due;
            self.heap.push(Reverse((deadline.due, key)));
        }
        None
    }

    /// Returns a time at or before the earliest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_key_comes_up_once_and_only_when_due(
            sets in prop::collection::vec((0u8..6, 0u64..1000), 1..60)
        ) {
            let start = Instant::now();
            let mut timers = Timers::new();
            let mut model = HashMap::new();
            for (key, at) in sets {
                timers.set(key, start + Duration::from_millis(at));
                model.insert(key, at);
            }

            for millis in 0..1000 {
                let now = start + Duration::from_millis(millis);
                while let Some(key) = timers.pop_due(now) {
                    prop_assert_eq!(model.remove(&key), Some(millis));
                }
            }
            prop_assert!(model.is_empty() && timers.next().is_none());
        }
    }

    #[test]
    fn removed_key_never_comes_up() {
        let now = Instant::now();
        let mut timers = Timers::new();
        timers.set(1, now);
        timers.remove(1);
        assert_eq!(timers.pop_due(now), None);
    }
}
