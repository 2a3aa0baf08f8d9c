//! What others send through the same queue: at a constant rate, or as TCP does.
//!
//! Only the part of TCP that competes: a congestion window that doubles each round trip, grows by a segment each round trip
//! after the first loss, is halved once for each window in which something was lost, and starts again if nothing comes
//! back (RFC 5681 sections 3.1 and 3.2). There is always something to send; only a full queue loses it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::Conditions;

/// A full packet, in bytes.
pub(crate) const SEGMENT: usize = 1200;
/// Most that one of them has under way, in segments: more than fills 300 ms of 100 Mbit/s.
const WINDOW_MAX: f64 = 4096.0;
/// RFC 6928.
const WINDOW_FIRST: f64 = 10.0;
/// RFC 6298 section 2.4: the least time after which nothing is taken for lost.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Somebody's packet that wants to go into the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sends {
    Constant,
    Greedy { flow: usize, number: u64 },
}

#[derive(Debug)]
pub(crate) struct Crowd {
    constant: Instant,
    flows: Vec<Flow>,
}

#[derive(Debug)]
struct Flow {
    window: f64,
    threshold: f64,
    next: u64,
    /// What is neither known to have arrived nor to be lost.
    outstanding: usize,
    /// Numbers that the queue had no room for, which is learnt from later ones that arrive.
    missing: VecDeque<u64>,
    acknowledged: VecDeque<(Instant, u64)>,
    /// Losses before this one have halved the window already.
    recovers: u64,
    last_sent: Instant,
}

impl Crowd {
    pub(crate) fn new(now: Instant, conditions: &Conditions) -> Self {
        let mut crowd = Self { constant: now, flows: Vec::new() };
        crowd.change(now, &Conditions { others_bps: 0, ..Conditions::default() }, conditions);
        crowd
    }

    /// Follows a change: who was there goes on.
    pub(crate) fn change(&mut self, now: Instant, before: &Conditions, after: &Conditions) {
        if before.others_bps != after.others_bps || before.rate_bps.is_none() {
            self.constant = now;
        }
        let greedy = if after.rate_bps.is_some() { after.greedy } else { 0 };
        self.flows.truncate(greedy);
        while self.flows.len() < greedy {
            self.flows.push(Flow::new(now));
        }
    }

    /// Returns when one of them does something.
    pub(crate) fn next(&self, now: Instant, conditions: &Conditions) -> Option<Instant> {
        conditions.rate_bps?;
        let constant = (conditions.others_bps > 0).then_some(self.constant);
        self.flows.iter().filter_map(|flow| flow.next(now)).chain(constant).min()
    }

    /// Does the next thing, which is due `at`. Returns what is to be sent by it.
    pub(crate) fn step(&mut self, at: Instant, conditions: &Conditions) -> Option<Sends> {
        if conditions.others_bps > 0 && self.constant <= at {
            let bits = SEGMENT as f64 * 8.0;
            self.constant = at + Duration::from_secs_f64(bits / conditions.others_bps as f64);
            return Some(Sends::Constant);
        }
        let flow = self.flows.iter().position(|flow| flow.next(at).is_some_and(|due| due <= at))?;
        let number = self.flows[flow].step(at)?;
        Some(Sends::Greedy { flow, number })
    }

    /// Somebody's segment has passed the bottleneck; its sender hears of it `at`.
    pub(crate) fn passed(&mut self, flow: usize, number: u64, at: Instant) {
        if let Some(flow) = self.flows.get_mut(flow) {
            // Also after the path got shorter they come in order.
            let at = flow.acknowledged.back().map_or(at, |(last, _)| at.max(*last));
            flow.acknowledged.push_back((at, number));
        }
    }

    /// There was no room for somebody's segment.
    pub(crate) fn dropped(&mut self, flow: usize, number: u64) {
        if let Some(flow) = self.flows.get_mut(flow) {
            flow.missing.push_back(number);
        }
    }
}

impl Flow {
    const fn new(now: Instant) -> Self {
        Self {
            window: WINDOW_FIRST,
            threshold: f64::INFINITY,
            next: 0,
            outstanding: 0,
            missing: VecDeque::new(),
            acknowledged: VecDeque::new(),
            recovers: 0,
            last_sent: now,
        }
    }

    fn next(&self, now: Instant) -> Option<Instant> {
        if self.outstanding < self.window as usize {
            return Some(now);
        }
        if let Some((at, _)) = self.acknowledged.front() {
            return Some(*at);
        }
        (self.missing.len() >= self.outstanding).then(|| self.last_sent + TIMEOUT)
    }

    /// Does what is due, and returns the number of the segment that it sends.
    fn step(&mut self, at: Instant) -> Option<u64> {
        if self.outstanding < self.window as usize {
            let number = self.next;
            (self.next, self.last_sent) = (number + 1, at);
            self.outstanding += 1;
            return Some(number);
        }
        match self.acknowledged.pop_front() {
            Some((_, number)) => self.acknowledge(number),
            None => {
                self.threshold = (self.window / 2.0).max(2.0);
                self.window = 1.0;
                self.outstanding = 0;
                self.missing.clear();
                self.recovers = self.next;
            }
        }
        None
    }

    fn acknowledge(&mut self, number: u64) {
        while let Some(lost) = self.missing.pop_front_if(|lost| *lost < number) {
            self.outstanding = self.outstanding.saturating_sub(1);
            if lost >= self.recovers {
                self.window = (self.window / 2.0).max(2.0);
                self.threshold = self.window;
                self.recovers = self.next;
            }
        }
        self.outstanding = self.outstanding.saturating_sub(1);
        let grows = if self.window < self.threshold { 1.0 } else { 1.0 / self.window };
        self.window = (self.window + grows).min(WINDOW_MAX);
    }
}
