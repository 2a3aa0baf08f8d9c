//! Measures the bitrate of one stream.

use std::time::{Duration, Instant};

use sabha_protocol::Bitrate;

/// Shorter than the time in which a picture coder changes its mind, longer than the gap between key frames' bursts.
const WINDOW: Duration = Duration::from_millis(500);
/// Windows that are averaged: two seconds smooth out a key frame.
const WINDOWS: usize = 4;

/// Counts payload bytes over the last two seconds.
#[derive(Debug, Default)]
pub(crate) struct RateMeter {
    window_start: Option<Instant>,
    bytes: u64,
    past: [u64; WINDOWS],
    filled: usize,
    next: usize,
}

impl RateMeter {
    /// Counts a packet.
    pub(crate) fn count(&mut self, now: Instant, bytes: usize) {
        let start = *self.window_start.get_or_insert(now);
        if now.saturating_duration_since(start) >= WINDOW * WINDOWS as u32 * 2 {
            // The stream had stopped; what it did before says nothing about now.
            *self = Self { window_start: Some(now), ..Self::default() };
        }
        while self.window_start.is_some_and(|start| now.saturating_duration_since(start) >= WINDOW) {
            self.past[self.next] = self.bytes;
            self.next = (self.next + 1) % WINDOWS;
            self.filled = (self.filled + 1).min(WINDOWS);
            self.bytes = 0;
            self.window_start = self.window_start.map(|start| start + WINDOW);
        }
        self.bytes += bytes as u64;
    }

    /// Returns the rate, or `None` before the first second is over.
    pub(crate) fn rate(&self) -> Option<Bitrate> {
        if self.filled < 2 {
            return None;
        }
        let bytes: u64 = self.past[..self.filled].iter().sum();
        let millis = WINDOW.as_millis() as u64 * self.filled as u64;
        Some(Bitrate::bps(bytes * 8 * 1000 / millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_stream_is_measured_exactly() {
        let start = Instant::now();
        let mut meter = RateMeter::default();
        for i in 0..400 {
            meter.count(start + Duration::from_millis(i * 10), 1250);
        }
        assert_eq!(meter.rate(), Some(Bitrate::kbps(1000)));
    }

    #[test]
    fn stopped_stream_is_measured_anew() {
        let start = Instant::now();
        let mut meter = RateMeter::default();
        for i in 0..200 {
            meter.count(start + Duration::from_millis(i * 10), 1250);
        }
        meter.count(start + Duration::from_secs(60), 1);
        assert_eq!(meter.rate(), None);
    }
}
