//! What a link does to packets.

use std::time::Duration;

/// What one direction of a path does to what is sent over it. The default does nothing at all.
///
/// As text it is a list such as `rate=1mbit,queue=200ms,delay=40ms,loss=2%`; `docs/testing.md` has every key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Bits per second that pass the bottleneck, as the sender counts them. `None`: there is no bottleneck.
    pub rate_bps: Option<u64>,
    /// How much waits for the bottleneck at most; what comes later is dropped.
    pub queue: QueueMax,
    /// Time from the bottleneck to the other end.
    pub delay: Duration,
    /// A packet, and all behind it, is held back by up to this, drawn anew for each. Order is kept.
    pub jitter: Duration,
    /// A packet is late by up to this, whatever becomes of the others: they overtake it.
    pub scatter: Duration,
    /// Once a second everything is held for so long and then handed over at once, as Wi-Fi does that looks around.
    pub freeze: Duration,
    /// Share that is lost by chance, each for itself; 0 to 1.
    pub loss: f64,
    /// Losses that come together, beside those by chance.
    pub burst: Option<Burst>,
    /// Share that is late by [`reorder_by`](Self::reorder_by), so that what left after it arrives before it; 0 to 1.
    pub reorder: f64,
    /// How late that is.
    pub reorder_by: Duration,
    /// Share that arrives twice; 0 to 1.
    pub duplicate: f64,
    /// What others send through the same queue whatever becomes of it, in bits per second.
    pub others_bps: u64,
    /// Others who send through the same queue as TCP does, as fast as it lets them.
    pub greedy: usize,
}

/// Losses in bursts: a good state in which nothing is lost of this cause, and a bad one in which everything is.
///
/// Source: E. N. Gilbert, "Capacity of a burst-noise channel", 1960; with [`Conditions::loss`] in the good state it is
/// E. O. Elliott's of 1963.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// Share of packets that meet the bad state in the long run; 0 to 0.5.
    pub share: f64,
    /// How many packets in a row meet it, in the mean; at least 1.
    pub length: u32,
}

/// A bound on what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueMax {
    /// Bytes, whatever the rate.
    Bytes(usize),
    /// Time that the last would wait, at the rate of the moment. Eight full packets may wait however long that takes.
    Time(Duration),
}

/// Room that every queue has that is bounded by time, in bytes: a frame's packets leave at once.
const QUEUE_LEAST: usize = 12_000;

impl Default for Conditions {
    fn default() -> Self {
        Self {
            rate_bps: None,
            queue: QueueMax::Time(Duration::from_millis(300)),
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            scatter: Duration::ZERO,
            freeze: Duration::ZERO,
            loss: 0.0,
            burst: None,
            reorder: 0.0,
            reorder_by: Duration::from_millis(20),
            duplicate: 0.0,
            others_bps: 0,
            greedy: 0,
        }
    }
}

impl Conditions {
    /// Returns how long `bytes` take at the bottleneck.
    pub(crate) fn takes(&self, bytes: usize) -> Duration {
        let Some(rate) = self.rate_bps else { return Duration::ZERO };
        // Rounded up, so that no rate makes a packet take no time at all.
        let nanos = (bytes as u128 * 8_000_000_000).div_ceil(u128::from(rate.max(1)));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Returns how many bytes may wait.
    pub(crate) fn queue_bytes(&self) -> usize {
        match (self.queue, self.rate_bps) {
            (QueueMax::Bytes(bytes), _) => bytes,
            (QueueMax::Time(time), Some(rate)) => {
                let bytes = u128::from(rate) * time.as_micros() / 8_000_000;
                usize::try_from(bytes).unwrap_or(usize::MAX).max(QUEUE_LEAST)
            }
            (QueueMax::Time(_), None) => usize::MAX,
        }
    }
}
