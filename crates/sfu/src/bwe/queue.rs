//! How long packets wait on their way: the least delay of late above the least of the last seconds.
//!
//! Jitter only ever adds delay, so the least of a few packets is nearly free of it, whether it comes from a
//! radio link, from a receiver that was not scheduled, or from this server. A queue delays every packet.

use super::window::LeastOver;

/// A path's delay without a queue is looked for in so much of the past, in microseconds. Clocks that run apart
/// by 100 ppm make 1 ms of it.
const BASE: i64 = 10_000_000;
/// The recent past: a few frames.
const SLICE: i64 = 50_000;
const SLICES: usize = 5;

/// One-way delays, up to an unknown constant: the two clocks never agree.
#[derive(Debug)]
pub(super) struct Queue {
    base: LeastOver,
    recent: [Option<(i64, i64)>; SLICES],
    newest: i64,
}

impl Queue {
    pub(super) const fn new() -> Self {
        Self { base: LeastOver::new(BASE), recent: [None; SLICES], newest: i64::MIN }
    }

    pub(super) fn packet(&mut self, sent: i64, arrived: i64) {
        let delay = arrived - sent;
        self.base.add(arrived, delay);
        let slice = arrived.div_euclid(SLICE);
        let place = &mut self.recent[slice.rem_euclid(SLICES as i64) as usize];
        *place = match *place {
            Some((of, least)) if of == slice => Some((of, least.min(delay))),
            _ => Some((slice, delay)),
        };
        self.newest = self.newest.max(slice);
    }

    /// Returns the delay that the queue makes, in microseconds.
    pub(super) fn delay(&self) -> i64 {
        let base = self.base.least();
        self.recent().zip(base).map_or(0, |(recent, base)| (recent - base).max(0))
    }

    /// Takes the present delay for the path's own: sending less did not shorten it.
    pub(super) fn rebase(&mut self) {
        let Some(recent) = self.recent() else { return };
        self.base = LeastOver::new(BASE);
        self.base.add(self.newest * SLICE, recent);
    }

    fn recent(&self) -> Option<i64> {
        let oldest = self.newest.saturating_sub(SLICES as i64 - 1);
        self.recent.iter().flatten().filter(|(slice, _)| *slice >= oldest).map(|(_, least)| *least).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_no_queue_and_a_queue_is() {
        let mut queue = Queue::new();
        for n in 0..1000 {
            queue.packet(n * 10_000, n * 10_000 + 777_000 + n * 7919 % 20_000);
        }
        assert!(queue.delay() < 3_000, "{}", queue.delay());
        for n in 1000..1100 {
            queue.packet(n * 10_000, n * 10_000 + 777_000 + 80_000 + n * 7919 % 20_000);
        }
        assert!((77_000..90_000).contains(&queue.delay()), "{}", queue.delay());
        queue.rebase();
        assert_eq!(queue.delay(), 0);
    }

    #[test]
    fn longer_path_is_its_own_measure_after_ten_seconds() {
        let mut queue = Queue::new();
        queue.packet(0, 0);
        for n in 1..1100 {
            queue.packet(n * 10_000, n * 10_000 + 50_000);
        }
        assert_eq!(queue.delay(), 0);
    }
}
