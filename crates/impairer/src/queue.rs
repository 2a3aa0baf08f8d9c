//! The queue before a bottleneck: first in, first out, and dropped at the tail.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::Conditions;

/// Who waits.
#[derive(Debug)]
pub(crate) enum Passenger<T> {
    Ours(T),
    /// Of somebody who does not listen.
    Constant,
    /// Of somebody who does, by number.
    Greedy {
        flow: usize,
        number: u64,
    },
}

#[derive(Debug)]
pub(crate) struct Waiting<T> {
    pub(crate) passenger: Passenger<T>,
    pub(crate) since: Instant,
    bytes: usize,
}

#[derive(Debug)]
pub(crate) struct Queue<T> {
    waiting: VecDeque<Waiting<T>>,
    bytes: usize,
    ours: usize,
    /// When the first has passed.
    passes: Option<Instant>,
}

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        Self { waiting: VecDeque::new(), bytes: 0, ours: 0, passes: None }
    }

    /// Returns when the first has passed the bottleneck.
    pub(crate) const fn passes(&self) -> Option<Instant> {
        self.passes
    }

    /// Returns whether one of ours waits.
    pub(crate) const fn has_ours(&self) -> bool {
        self.ours > 0
    }

    /// Lets somebody wait, and returns whether there was room. The caller has let pass what passes by `now`.
    pub(crate) fn push(
        &mut self,
        now: Instant,
        conditions: &Conditions,
        bytes: usize,
        passenger: Passenger<T>,
    ) -> bool {
        if self.bytes.saturating_add(bytes) > conditions.queue_bytes() {
            return false;
        }
        self.bytes += bytes;
        self.ours += usize::from(matches!(passenger, Passenger::Ours(_)));
        self.waiting.push_back(Waiting { passenger, since: now, bytes });
        if self.passes.is_none() {
            self.passes = Some(now + conditions.takes(bytes));
        }
        true
    }

    /// Takes the first, which passes now.
    pub(crate) fn pop(&mut self, conditions: &Conditions) -> Option<Waiting<T>> {
        let first = self.waiting.pop_front()?;
        self.bytes -= first.bytes;
        self.ours -= usize::from(matches!(first.passenger, Passenger::Ours(_)));
        let next = self.waiting.front().map(|next| conditions.takes(next.bytes));
        self.passes = self.passes.zip(next).map(|(at, takes)| at + takes);
        Some(first)
    }

    /// Follows a change of the rate: what is left of the first passes at the new one.
    pub(crate) fn change(&mut self, now: Instant, before: &Conditions, after: &Conditions) {
        let Some(first) = self.waiting.front() else { return };
        let (old, new) = (before.takes(first.bytes), after.takes(first.bytes));
        let left = self.passes.map_or(Duration::ZERO, |passes| passes.saturating_duration_since(now));
        let share = left.as_secs_f64() / old.as_secs_f64().max(f64::MIN_POSITIVE);
        self.passes = Some(now + new.mul_f64(share.clamp(0.0, 1.0)));
    }

    /// Forgets everybody.
    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }
}
