//! When to call whom next, without looking at everybody.
//!
//! A deadline mostly moves later (each packet pushes a peer's next RTCP report away), so the heap keeps an
//! entry where it is and moves it only when it comes up too early: about one heap operation per wake-up
//! instead of one per packet.
//!
//! What is not due within a moment is due together with what others have to do then: a hundred connections that look at
//! their estimate twenty times a second wake the thread a hundred times a second, not two thousand times.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    hash::Hash,
    time::{Duration, Instant},
};

use crate::keyed::KeyMap;

/// Deadlines that are farther away than this come up at multiples of it. Pacing and probes are nearer.
const GRID: Duration = Duration::from_millis(10);

/// Deadlines, at most one per key.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    /// Where the grid begins.
    epoch: Instant,
    deadlines: KeyMap<K, Deadline>,
    heap: BinaryHeap<Reverse<(Instant, K)>>,
}

#[derive(Debug)]
struct Deadline {
    due: Instant,
    /// The heap entry that will look at this deadline; older entries are void.
    entry: Instant,
}

impl<K: Copy + Eq + Ord + Hash> Timers<K> {
    pub(crate) fn new(epoch: Instant) -> Self {
        Self { epoch, deadlines: KeyMap::default(), heap: BinaryHeap::new() }
    }

    /// Replaces the deadline of `key`. One that is far from `now` comes up to [`GRID`] later than it says.
    pub(crate) fn set(&mut self, now: Instant, key: K, due: Instant) {
        let due = if due > now + GRID { self.on_grid(due) } else { due };
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

    /// Returns the next multiple of the grid, or `due` if it is one.
    fn on_grid(&self, due: Instant) -> Instant {
        let since = due.saturating_duration_since(self.epoch).as_nanos();
        let over = (since % GRID.as_nanos()) as u64;
        if over == 0 { due } else { due + (GRID - Duration::from_nanos(over)) }
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
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_key_comes_up_once_and_when_due_or_together_with_others_soon_after(
            sets in prop::collection::vec((0u8..6, 0u64..1000), 1..60)
        ) {
            let start = Instant::now();
            let mut timers = Timers::new(start);
            let mut model = HashMap::new();
            for (key, at) in sets {
                timers.set(start, key, start + Duration::from_millis(at));
                let expected = if at > 10 { at.next_multiple_of(10) } else { at };
                model.insert(key, expected);
            }

            for millis in 0..=1000 {
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
        let mut timers = Timers::new(now);
        timers.set(now, 1, now);
        timers.remove(1);
        assert_eq!(timers.pop_due(now), None);
    }
}
