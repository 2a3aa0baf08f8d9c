//! What is to be said, at the pace at which the server listens.
//!
//! A host's device answers a crowd at the door with hundreds of messages at once; what is above the server's rate
//! would be refused, and a commit with it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use sabha_protocol::{
    limits::{MESSAGES_BURST, MESSAGES_PER_SECOND},
    wire::ClientMessage,
};

use super::Request;
use crate::error::ClientError;

/// Messages said at once: some of the server's burst is left for what was counted differently there.
const BURST: u32 = MESSAGES_BURST * 2 / 3;

/// Time after which one more may be said: nine tenths of the server's rate.
const INTERVAL: Duration = Duration::from_micros(1_000_000 * 10 / (9 * MESSAGES_PER_SECOND as u64));

/// Messages that wait. A hundred guests, each asked, answered and let in, are a few hundred.
const WAITING_MAX: usize = 4_096;

/// Messages that wait for their turn.
pub(super) struct Outbox {
    waiting: VecDeque<(ClientMessage, Request)>,
    budget: u32,
    refill: Instant,
}

impl Outbox {
    /// Returns an empty outbox for a new connection.
    pub(super) fn new(now: Instant) -> Self {
        Self { waiting: VecDeque::new(), budget: BURST, refill: now + INTERVAL }
    }

    /// Adds a message.
    ///
    /// # Errors
    /// [`ClientError::Misuse`] when too many wait.
    pub(super) fn push(&mut self, message: ClientMessage, request: Request) -> Result<(), ClientError> {
        if self.waiting.len() == WAITING_MAX {
            return Err(ClientError::Misuse("more to say than the server listens to"));
        }
        self.waiting.push_back((message, request));
        Ok(())
    }

    /// Takes the next message that may be said now.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(ClientMessage, Request)> {
        while now >= self.refill && self.budget < BURST {
            self.budget += 1;
            self.refill += INTERVAL;
        }
        if self.budget == BURST {
            self.refill = now + INTERVAL;
        }
        if self.budget == 0 {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.budget -= 1;
        Some(next)
    }

    /// Returns when the next message may be said; nothing while none waits.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then_some(self.refill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crowd_is_answered_below_the_servers_rate_and_in_order() {
        let start = Instant::now();
        let mut outbox = Outbox::new(start);
        let messages = 300_u64;
        for epoch in 0..messages {
            let message = ClientMessage::Missed { epoch: sabha_protocol::GroupEpoch(epoch) };
            outbox.push(message, Request::Other("missed")).unwrap();
        }
        let (mut now, mut said, mut times) = (start, 0, Vec::new());
        while let Some(due) = outbox.due() {
            while let Some((ClientMessage::Missed { epoch }, _)) = outbox.pop(now) {
                assert_eq!(epoch.0, said);
                said += 1;
                times.push(now);
            }
            now = due.max(now);
        }
        assert_eq!(said, messages);
        // In no window does it say more than a bucket of the server's lets through.
        for (first, from) in times.iter().enumerate() {
            for (last, to) in times.iter().enumerate().skip(first) {
                let allowed =
                    f64::from(MESSAGES_BURST) + f64::from(MESSAGES_PER_SECOND) * (*to - *from).as_secs_f64();
                assert!((last - first + 1) as f64 <= allowed);
            }
        }
    }

    #[test]
    fn silence_fills_the_budget_no_further_than_the_burst() {
        let start = Instant::now();
        let mut outbox = Outbox::new(start);
        for _ in 0..100 {
            outbox.push(ClientMessage::Ping { resting: false }, Request::Other("ping")).unwrap();
        }
        let later = start + Duration::from_secs(3_600);
        assert_eq!(std::iter::from_fn(|| outbox.pop(later)).count(), BURST as usize);
        assert_eq!(outbox.due(), Some(later + INTERVAL));
    }
}
